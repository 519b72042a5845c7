//! Sample events for an alert: for each of its events one that it is to fire for, and near misses.
//!
//! A near miss is that sample with one change: the service, the name, the `detail-type`, a field of
//! `where`, the outcome; or with all that an exception asks for.

use super::OfflineRule;
use super::witness::{satisfy, satisfy_as_record, set};
use crate::blueprint::{Alert, Blueprint, Expect, Outcome};
use crate::catalogue::{self, CatalogueEvent, Evidence};
use crate::event::outcome::{Ended, Told};
use crate::event::sample::{Clock, Identity, Sample as Base, sample_event};
use crate::event::{EVERY_SOURCE, EventKind, EventRef, paths_of};
use crate::record::{Fires, Shape, identities};
use crate::scope::{AccountId, Partition, Place, Region};
use eventbridge_pattern::{Event, Filter, Matcher, ruler};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The account of samples where the blueprint lists none.
const ACCOUNT: &str = "111122223333";

/// The source of a service that does not exist.
const NO_SERVICE: &str = "sample.amazonaws.com";

/// An event with the expected decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// `ec2:CreateRoute`.
    pub of: String,
    /// `match`, or what is otherwise.
    pub what: String,
    pub event: Value,
    pub expect: Expect,
}

/// Samples that were made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    pub made: Vec<Sample>,
    /// Events without a generated sample that the patterns match.
    pub not_made: Vec<String>,
    /// Events of which no record can raise the alert.
    pub never: Vec<NeverFires>,
}

/// An event of which no record satisfies the alert's conditions.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NeverFires {
    /// The event, such as `ec2:CreateRoute`.
    pub event: String,
    /// Which condition, and why.
    pub cause: String,
}

/// Makes the samples of an alert, in the order of its events. `rules` are the alert's. The same
/// blueprint and date give the same samples.
pub fn samples(
    blueprint: &Blueprint,
    alert: &Alert,
    rules: &[OfflineRule],
    as_of: Date,
) -> Samples {
    let mut samples = Samples::default();
    let mut told = BTreeSet::new();
    let fires = alert.held_against_records().events;
    for (asked, fires) in alert.events.iter().zip(fires) {
        // An event that may read or write is one sample.
        if !told.insert((&asked.source, &asked.name, asked.kind)) {
            continue;
        }
        if let Fires::Never(cause) = fires {
            let never = NeverFires { event: asked.short(), cause };
            if !samples.never.contains(&never) {
                samples.never.push(never);
            }
            continue;
        }
        let shown = example(asked);
        let event = &shown;
        let Some(place) = place(blueprint, event, rules) else { continue };
        // The identity that needs the fewest changes: root with a user's name would be odd.
        let bases = bases(event, &place, as_of);
        let shape = Shape::of(event);
        let mut ways: Vec<(usize, &Value, &OfflineRule)> = Vec::new();
        for base in &bases {
            let lacks =
                |rule: &OfflineRule| rule.pattern.filter.mismatches(&Event::from(base)).len();
            ways.extend(rules.iter().map(|rule| (lacks(rule), base, rule)));
        }
        ways.sort_by_key(|(lacks, ..)| *lacks);
        // An event whose parameters were left out raises the alert whatever they would have been: the last resort.
        let record = |way: &(usize, &Value, &OfflineRule), filter: &Filter| {
            satisfy_as_record(filter, way.1, &shape)
        };
        let told =
            ways.iter().find_map(|way| record(way, &with_parameters(&way.2.pattern.filter)?));
        let any = || ways.iter().find_map(|way| record(way, &way.2.pattern.filter));
        let matching = told.or_else(any);
        let Some(matching) = matching else {
            samples.not_made.push(asked.short());
            continue;
        };
        let sample = |what: &str, event_made: Value, expect| Sample {
            of: asked.short(),
            what: what.to_owned(),
            event: event_made,
            expect,
        };
        samples.made.push(sample("match", matching.clone(), Expect::Match));
        let misses = near_misses(alert, event, &matching, as_of);
        samples
            .made
            .extend(misses.into_iter().map(|(what, miss)| sample(&what, miss, Expect::Ignore)));
    }
    // Of an event that may be of several kinds, one is enough.
    let Samples { made, not_made, .. } = &mut samples;
    not_made.retain(|event| made.iter().all(|sample| sample.of != *event));
    samples
}

/// The event itself; of a family one that the catalogue has, best one that AWS documents.
fn example(asked: &EventRef) -> EventRef {
    if !asked.is_family() {
        return asked.clone();
    }
    let fits = |one: &CatalogueEvent| {
        asked.includes(one.source, one.name)
            && one.is(asked.kind)
            && one.accesses().contains(&asked.access)
    };
    let members: Vec<CatalogueEvent> = match asked.source.as_str() {
        EVERY_SOURCE => catalogue::all().filter(fits).collect(),
        source => catalogue::of_source(source).filter(fits).collect(),
    };
    let documented = |one: &&CatalogueEvent| one.evidence().any(|e| e == Evidence::Documented);
    let (source, name, landing) = match members.iter().find(documented).or(members.first()) {
        Some(one) => (one.source.to_owned(), one.name.to_owned(), one.landing),
        None => {
            let source = match asked.source.as_str() {
                EVERY_SOURCE => NO_SERVICE.to_owned(),
                source => source.to_owned(),
            };
            (source, format!("{}Sample", asked.name.trim_end_matches('*')), asked.landing)
        }
    };
    EventRef { source, name, landing, ..asked.clone() }
}

/// Records of an event by every type of identity, those that most calls are made by first.
fn bases(event: &EventRef, place: &Place, as_of: Date) -> Vec<Value> {
    let user = || Identity::User("sample".to_owned());
    let plain = [user(), Identity::Root, Identity::Role("sample".to_owned())];
    let mut bases: Vec<Value> =
        plain.into_iter().map(|identity| base(event, place.clone(), identity, as_of)).collect();
    let partition = place.region.partition().to_string();
    for identity in identities(&partition, place.account.as_str()) {
        let mut other = base(event, place.clone(), user(), as_of);
        set(&mut other, "detail.userIdentity", Some(identity));
        bases.push(other);
    }
    bases
}

/// The alternatives of a condition that do not ask for left-out parameters; `None` when there are none.
fn with_parameters(filter: &Filter) -> Option<Filter> {
    const OMITTED: &str = "detail.requestParameters.omitted";
    let left_out = |list: &Vec<Matcher>| list.contains(&Matcher::Exact(Value::Bool(true)));
    let mut all = ruler::alternatives(filter)?;
    all.retain(|alternative| !alternative.get(OMITTED).is_some_and(left_out));
    ruler::filter_of(&all)
}

/// Where a sample of an event lands: an account that hears of the alert, a region where the event can land.
fn place(blueprint: &Blueprint, event: &EventRef, rules: &[OfflineRule]) -> Option<Place> {
    let hears = |id: &&AccountId| rules.iter().all(|rule| rule.hears(Some(id.as_str())));
    let listed = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.keys());
    let account = listed.clone().find(hears).cloned().or_else(|| AccountId::new(ACCOUNT))?;
    let first = blueprint.first_region();
    let partition = first.map_or(Partition::Aws, Region::partition);
    let region = event.landing.region_in(partition).and_then(Region::new);
    let region = region.or_else(|| first.cloned()).or_else(|| Region::new("us-east-1"))?;
    Some(Place::new(account, region))
}

fn base(event: &EventRef, place: Place, identity: Identity, as_of: Date) -> Value {
    let noon = as_of.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).map(|time| time.timestamp());
    sample_event(&Base {
        source: event.source.clone(),
        name: event.name.clone(),
        kind: event.kind,
        access: event.access,
        place,
        identity,
        time: Clock(noon.unwrap_or_default()),
        detail: json!({}),
    })
}

fn near_misses(
    alert: &Alert,
    event: &EventRef,
    matching: &Value,
    as_of: Date,
) -> Vec<(String, Value)> {
    let mut misses = Vec::new();
    let changed = |changes: &[(&str, Value)]| {
        let mut miss = matching.clone();
        for (path, value) in changes {
            set(&mut miss, path, Some(value.clone()));
        }
        miss
    };
    let (source_path, name_path) = paths_of(event.kind);
    // To a family of every service no source is another.
    if alert.events.iter().all(|one| one.source != EVERY_SOURCE) {
        let source = other_source(alert, event);
        let changes = [
            ("source", event.kind.bus_source(&source).into()),
            (source_path, source.clone().into()),
        ];
        misses.push((format!("other source {source}"), changed(&changes)));
    }
    if let Some(name) = other_name(alert, event) {
        misses.push((format!("other name {name}"), changed(&[(name_path, name.clone().into())])));
    }
    let kind =
        if event.kind == EventKind::Console { EventKind::Service } else { EventKind::Console };
    let detail_type = kind.detail_types()[0];
    // Only if the alert does not ask for that kind of the same name, too.
    let also_asked = alert.events.iter().any(|other| {
        other.includes(&event.source, &event.name) && other.kind.detail_type() == detail_type
    });
    if !also_asked {
        misses.push((
            format!("other detail-type {detail_type}"),
            changed(&[("detail-type", detail_type.into())]),
        ));
    }
    if let Some(filter) = &alert.filter {
        let filter = filter.below("detail");
        let paths: BTreeSet<&str> = filter.paths().into_iter().collect();
        for path in paths {
            let left_out = matching["detail"]["requestParameters"]["omitted"] == json!(true);
            if left_out && path.starts_with("detail.requestParameters.") {
                continue;
            }
            if let Some(miss) = failing(&filter, path, matching) {
                let path = path.strip_prefix("detail.").unwrap_or(path);
                misses.push((format!("failing where on {path}"), miss));
            }
        }
    }
    misses.extend(other_outcome(alert.outcome, event, matching));
    let holding = alert.except.iter().filter(|one| one.until.is_none_or(|until| until >= as_of));
    for (index, exception) in holding.enumerate() {
        if let Some(miss) = satisfy(&exception.filter.below("detail"), matching) {
            misses.push((format!("exception {}", index + 1), miss));
        }
    }
    misses
}

/// A service that logs an event of the same name, and is not asked for; or none that there is.
fn other_source(alert: &Alert, event: &EventRef) -> String {
    let asked = |source: &str| alert.events.iter().any(|other| other.includes(source, &event.name));
    let others = catalogue::sources_of(&event.name);
    let other = others.iter().map(|other| other.source).find(|source| !asked(source));
    other.unwrap_or(NO_SERVICE).to_owned()
}

/// The name that comes next in the catalogue and is not asked for, or one that there is not; none
/// where every name is asked for.
fn other_name(alert: &Alert, event: &EventRef) -> Option<String> {
    let asked = |name: &str| alert.events.iter().any(|one| one.includes(&event.source, name));
    let of_source = catalogue::of_source(&event.source);
    let next = of_source.map(|other| other.name).find(|name| *name > &*event.name && !asked(name));
    let made_up = || [format!("{}Sample", event.name), "NearMiss".to_owned()];
    next.map(str::to_owned).or_else(|| made_up().into_iter().find(|name| !asked(name)))
}

/// The event with one field changed so that the condition fails; `None` when no change of it alone
/// does that.
fn failing(filter: &Filter, path: &str, matching: &Value) -> Option<Value> {
    let others =
        [None, Some(json!("near-miss")), Some(json!(-1)), Some(json!(true)), Some(Value::Null)];
    others.into_iter().find_map(|value| {
        let mut miss = matching.clone();
        set(&mut miss, path, value);
        (!filter.matches(&miss)).then_some(miss)
    })
}

/// The event as it would be had it ended otherwise.
fn other_outcome(asked: Outcome, event: &EventRef, matching: &Value) -> Option<(String, Value)> {
    let failed = match asked {
        Outcome::Any => return None,
        Outcome::Success => true,
        Outcome::Failure => false,
    };
    let ended = if failed { Ended::Failed } else { Ended::Succeeded };
    let (path, word) = Told::of(event.kind, &event.source, &event.name).written(ended)?;
    let mut miss = matching.clone();
    set(&mut miss, &format!("detail.{path}"), word.map(Value::from));
    let what = if failed { "a failed one" } else { "a successful one" };
    Some((what.to_owned(), miss))
}
