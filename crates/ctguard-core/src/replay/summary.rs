//! From counts to the report's value.

use super::count::{Counter, Counts, OfPlace, OfPrincipal, Second};
use super::suggest::Noise;
use super::time::{day, day_number, day_start, text};
use super::values::Values;
use super::{
    ActorKind, AlertReplay, Burst, Bursts, ByName, ByPrincipal, Days, FORMAT_VERSION, Files,
    LookedUp, MAILS_PER_SECOND, Ranking, Replay, Sampling, Setup, Skipped, Watched, cost, suggest,
};
use crate::blueprint::Blueprint;
use crate::foreign::Foreign;
use crate::offline::{Note, placement};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Most names of a ranking; the rest is counted together.
const TOP: usize = 20;
/// Most bursts that are named.
const BURSTS: usize = 10;

/// What else a report is made of.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    pub blueprint: &'a Blueprint,
    pub as_of: Date,
    pub lookup: Option<LookedUp>,
    /// Records and events read.
    pub events: u64,
    /// Files and records that were not read, by reason.
    pub unread: BTreeMap<String, u64>,
    /// What is known to hold no events, by what it is.
    pub passed_over: BTreeMap<String, u64>,
    pub skipped_files: u64,
    pub files: Files,
    /// The first and the last day on which the files that were read were delivered.
    pub delivered: Option<(Date, Date)>,
}

/// Makes the report.
pub fn summarize(setup: &Setup, counter: Counter<'_>, inputs: Inputs<'_>) -> Replay {
    let days = days(setup, &counter, inputs.delivered);
    let raised: Vec<u64> = counter.alerts.iter().map(|counts| counts.count).collect();
    let values = Values::of(&counter.values);
    let mut alerts: Vec<AlertReplay> = (0..)
        .zip(&setup.alerts)
        .map(|(index, watched)| alert(index, watched, &counter, &values, &inputs, days))
        .collect();
    let all: u64 = raised.iter().sum();
    let uncovered = uncovered(&counter, inputs.blueprint).min(all);
    alerts.sort_by(|a, b| b.risk.cmp(&a.risk).then_with(|| a.id.cmp(&b.id)));
    Replay {
        format_version: FORMAT_VERSION,
        blueprint: inputs.blueprint.name.clone(),
        as_of: inputs.as_of,
        period: setup.period,
        days,
        lookup: inputs.lookup,
        events: inputs.events,
        skipped: Skipped {
            broken: inputs.unread.values().sum(),
            unread: inputs.unread,
            passed_over: inputs.passed_over,
            undelivered: named(&counter.undeliverable),
            outside: counter.outside,
            files: inputs.skipped_files,
        },
        files: inputs.files,
        raised: all - uncovered,
        uncovered,
        alerts,
        bursts: bursts(setup, &counter),
        cost: cost::estimate(setup, &raised, days.map_or(0, |days| days.count)),
        sampled: Sampling {
            principals: counter.principals.one_in(),
            places: counter.places.one_in(),
            actions: counter.actions.one_in(),
            seconds: counter.seconds.one_in(),
        },
    }
}

/// The days that the logs are about: those asked for, as far as the names of files and the times of matching records show
/// that there is something.
fn days(setup: &Setup, counter: &Counter<'_>, delivered: Option<(Date, Date)>) -> Option<Days> {
    let seen = |of: fn(&Counts) -> Option<i64>| {
        counter.alerts.iter().filter_map(of).map(|at| day(day_number(at)))
    };
    let first = seen(|counts| counts.first).chain(delivered.map(|(first, _)| first)).min()?;
    let last = seen(|counts| counts.last).chain(delivered.map(|(_, last)| last)).max()?;
    let first = setup.period.since.map_or(first, |since| first.max(since));
    let last = setup.period.until.map_or(last, |until| last.min(until));
    let apart = day_number(day_start(last)) - day_number(day_start(first));
    let count = u32::try_from(apart + 1).ok().filter(|count| *count > 0)?;
    Some(Days { first, last, count })
}

fn alert(
    index: u32,
    watched: &Watched,
    counter: &Counter<'_>,
    values: &Values<'_>,
    inputs: &Inputs<'_>,
    days: Option<Days>,
) -> AlertReplay {
    let counts = counter.alerts.get(index as usize).cloned().unwrap_or_default();
    let repeats: u64 = counter
        .actions
        .values()
        .filter(|action| action.alert == index)
        .map(|action| u64::from(action.records.saturating_sub(1)))
        .sum();
    let places: Vec<&OfPlace> =
        counter.places.values().filter(|place| place.alert == index).collect();
    let by = |name: fn(&OfPlace) -> Option<&str>| {
        let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
        for place in &places {
            *counted.entry(name(place).unwrap_or("unknown")).or_default() += place.count;
        }
        let named = |(name, count): (&str, u64)| ByName { name: name.into(), count };
        rank(counted.into_iter().map(named).collect(), counts.count, |by| by.count)
    };
    let principals = principals(index, counter);
    let noise = Noise { all: &principals, alert: watched, index, values, count: counts.count };
    let suggestions = suggest::suggest(&noise, days, inputs.as_of);
    let mut notes = named(&counts.notes);
    add_placement(&mut notes, index, &places, inputs.blueprint);
    AlertReplay {
        id: watched.id.clone(),
        title: watched.title.clone(),
        risk: watched.risk,
        count: counts.count,
        failed: counts.failed,
        duplicates: (repeats * counter.actions.one_in()).min(counts.count.saturating_sub(1)),
        per_day: counts.per_day.iter().map(|(number, count)| (day(*number), *count)).collect(),
        undated: counts.undated,
        first: counts.first.map(text),
        last: counts.last.map(text),
        actors: counts.actors.clone(),
        accounts: by(|place| place.account.as_deref()),
        regions: by(|place| place.region.as_deref()),
        principals: rank(folded(principals), counts.count, |by| by.count),
        undelivered: named(&counts.undelivered),
        undecided: counts.undecided,
        notes,
        suggestions,
    }
}

/// Counts under names of their own.
fn named(counts: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    counts.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
}

/// All principals of an alert that were counted, the most frequent first.
fn principals(index: u32, counter: &Counter<'_>) -> Vec<ByPrincipal> {
    let of = |of: &OfPrincipal| ByPrincipal {
        name: Foreign::from(&*of.name),
        kind: of.kind,
        through: of.through.as_deref().map(Foreign::from),
        count: of.count,
        failed: of.failed,
        field: of.field,
    };
    let mut all: Vec<ByPrincipal> =
        counter.principals.values().filter(|known| known.alert == index).map(of).collect();
    sort(&mut all, |by| by.count);
    all
}

/// One row for all that show alike, though their names stand in other fields.
fn folded(principals: Vec<ByPrincipal>) -> Vec<ByPrincipal> {
    let mut rows: BTreeMap<(Foreign, ActorKind, Option<Foreign>), ByPrincipal> = BTreeMap::new();
    for by in principals {
        match rows.entry((by.name.clone(), by.kind, by.through.clone())) {
            Entry::Vacant(row) => drop(row.insert(by)),
            Entry::Occupied(mut row) => {
                row.get_mut().count += by.count;
                row.get_mut().failed += by.failed;
            }
        }
    }
    rows.into_values().collect()
}

/// What is remarkable about where an alert's records come from.
/// Records that match in places where the blueprint has no rules.
fn uncovered(counter: &Counter<'_>, blueprint: &Blueprint) -> u64 {
    let without_rules = |place: &&OfPlace| {
        let alert = blueprint.alerts.get(place.alert as usize);
        alert.is_some_and(|alert| {
            let notes =
                placement(blueprint, alert, place.account.as_deref(), place.region.as_deref());
            notes.iter().any(Note::is_not_covered)
        })
    };
    let counted: u64 = counter.places.values().filter(without_rules).map(|place| place.count).sum();
    counted.saturating_mul(counter.places.one_in())
}

fn add_placement(
    notes: &mut BTreeMap<String, u64>,
    index: u32,
    places: &[&OfPlace],
    blueprint: &Blueprint,
) {
    let Some(alert) = blueprint.alerts.get(index as usize) else { return };
    for place in places {
        for note in placement(blueprint, alert, place.account.as_deref(), place.region.as_deref()) {
            *notes.entry(Note::code(&note).to_owned()).or_default() += place.count;
        }
    }
}

pub(super) fn rank<T: Ord>(mut all: Vec<T>, total: u64, count: fn(&T) -> u64) -> Ranking<T> {
    sort(&mut all, count);
    all.truncate(TOP);
    let others = total.saturating_sub(all.iter().map(count).sum());
    Ranking { top: all, others }
}

fn sort<T: Ord>(all: &mut [T], count: fn(&T) -> u64) {
    all.sort_by(|a, b| count(b).cmp(&count(a)).then_with(|| a.cmp(b)));
}

fn bursts(setup: &Setup, counter: &Counter<'_>) -> Bursts {
    let mut over: Vec<&Second> =
        counter.seconds.values().filter(|second| second.messages > MAILS_PER_SECOND).collect();
    over.sort_by(|a, b| {
        let name = |second: &Second| (second.at, second.destination, second.place.clone());
        b.messages.cmp(&a.messages).then_with(|| name(a).cmp(&name(b)))
    });
    let named = |second: &&Second| {
        Some(Burst {
            destination: setup.mailing.get(second.destination as usize)?.clone(),
            place: (!second.place.is_empty()).then(|| second.place.to_string()),
            at: text(second.at),
            messages: second.messages,
        })
    };
    Bursts {
        limit_per_second: MAILS_PER_SECOND,
        seconds: over.len() as u64 * counter.seconds.one_in(),
        top: over.iter().take(BURSTS).filter_map(named).collect(),
    }
}
