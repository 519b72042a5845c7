//! From what an alert asks for to exact event patterns.
//!
//! A pattern always pins `source`, `detail-type` and `detail.eventSource`, since names of events
//! repeat across services (CreateRoute is logged by EC2 and by API Gateway). One service is written
//! flat; several become a `$or`, never lists side by side, which would match every mix of them.
//!
//! ```text
//!   events ──► groups (service × detail-type × where the outcome stands) ──┐
//!   where ───► branches, each once more for omitted parameters ──┐         ├──► pattern, cut
//!   except ──► worked into the branches, cell by cell ───────────┴► fields ┘   until it fits
//! ```
//!
//! **Outcome.** What tells it depends on the kind of event: [`Told`] has the table.
//!
//! **Omitted parameters.** CloudTrail leaves out request parameters above 100 KB and writes
//! `requestParameters: {"omitted": true}`
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>).
//! A condition on them then counts as met, and an exception that is met by their absence as not
//! met: what cannot be seen raises the alert.
//!
//! **Exceptions.** Not (a and b) is (not a) or (not b). Inside an array of the event "not" would
//! mean "some element is not", so exceptions on fields in arrays are refused. CloudTrail does not
//! say which fields are lists; those known are named in `branches`. On one that is not known the
//! alert would fire although the exception holds, never the other way round.
//!
//! **Alternatives.** EventBridge's matcher loses alternatives of one rule that share operators
//! ([`ruler`]). What is written here has none that it loses: exceptions are worked in by cells of
//! which no event is in two (`cells`), and what a user's own `$or` has in common is cut apart.
//!
//! **Size.** A pattern that is too long is cut by events, then by alternatives, of which no event
//! matches two, then by the values of its longest list (`pack`).

mod branches;
mod cells;
mod pack;

use crate::blueprint::Outcome;
use crate::event::outcome::{self, Ended, Told};
use crate::event::{Access, EVERY_SOURCE, EventKind, EventNames, EventRef, paths_of};
use crate::resource::rule::{EVENT_PATTERN_MAX_CHARS, RuleState};
use crate::scope::AccountId;
use branches::{Branches, Fields};
use eventbridge_pattern::complexity::COMPLEXITY_MAX;
use eventbridge_pattern::{
    Excluded, Filter, Matcher, OR_COMBINATIONS_MAX, Pattern, TextKind, TextTest, ruler,
};
use pack::Packer;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One pattern for one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    pub pattern: Pattern,
    /// The pattern as a rule carries it.
    pub json: String,
    /// The events it was made for.
    pub events: Vec<EventRef>,
    pub state: RuleState,
}

/// What is to be matched: these events, under these conditions, less the exceptions.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    pub events: &'a [EventRef],
    pub filter: Option<&'a Filter>,
    pub outcome: Outcome,
    pub except: &'a [&'a Filter],
    /// The accounts that the events come from.
    pub origin: &'a Origin,
}

/// Which accounts an event may come from. On a bus that only one account's events reach, all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Origin {
    #[default]
    Any,
    Only(BTreeSet<AccountId>),
    Except(BTreeSet<AccountId>),
}

/// Why a selection has no exact pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// An exception has no exact inverse.
    #[error("exception {} cannot be inverted exactly: {reason}", exception + 1)]
    ExceptionNotExpressible { exception: usize, reason: String },
    /// A condition meets what every pattern pins (service, event, outcome) on one field, and the
    /// two cannot be merged.
    #[error("the condition on `{path}` cannot be expressed: {reason}")]
    ConditionNotExpressible { path: String, reason: String },
    /// The conditions, the outcome and the exceptions leave nothing to match.
    #[error("no event can match: conditions, outcome and exceptions rule each other out")]
    NeverMatches,
    /// It does not fit into a pattern, however it is split.
    #[error("the pattern needs {chars} characters, more than the {max} that a rule accepts", max = EVENT_PATTERN_MAX_CHARS)]
    TooLarge { chars: usize },
    /// Working in the exceptions takes too many alternatives.
    #[error(
        "the conditions and exceptions multiply to {alternatives} alternatives or more, too many to work out"
    )]
    TooComplex { alternatives: usize },
    /// EventBridge would lose one of these alternatives, and there is no other way to write them.
    #[error("EventBridge would lose an alternative: {other} overlaps {one}")]
    OrOverlaps { one: String, other: String },
    /// Its alternatives multiply to more than EventBridge takes, however it is split.
    #[error("the pattern has {combinations} combinations of `$or`, more than the {max} that a rule accepts", max = OR_COMBINATIONS_MAX)]
    TooManyCombinations { combinations: usize },
}

/// Compiles a selection into as few patterns as fit; no event matches two of them, and EventBridge keeps every
/// alternative of each.
///
/// Where a list of values is longer than a pattern, it is split, too. An event that has two of the values in a list of
/// its own may then match two patterns.
///
/// # Errors
/// When the exceptions, the conditions or the size have no exact form: [`CompileError`].
pub fn compile(selection: &Selection<'_>) -> Result<Vec<Compiled>, CompileError> {
    compile_within(EVENT_PATTERN_MAX_CHARS, selection)
}

/// One pattern that matches what either matches; `None` when no rule can hold it.
pub fn unite(one: &Compiled, other: &Compiled) -> Option<Compiled> {
    // A union is hardly shorter than its parts.
    const SAVED_CHARS: usize = 200;
    if one.json.len() + other.json.len() > EVENT_PATTERN_MAX_CHARS + SAVED_CHARS {
        return None;
    }
    let (pattern, json) = union(&one.pattern, &other.pattern)?;
    let events: BTreeSet<EventRef> = one.events.iter().chain(&other.events).cloned().collect();
    let state = one.state.max(other.state);
    Some(Compiled { pattern, json, events: events.into_iter().collect(), state })
}

/// A pattern that matches what either matches, and its text; `None` when no rule can hold it.
pub(crate) fn union(one: &Pattern, other: &Pattern) -> Option<(Pattern, String)> {
    let union = one.or(other);
    let json = union.to_json();
    if json.chars().count() > EVENT_PATTERN_MAX_CHARS
        || union.filter.complexity() > COMPLEXITY_MAX
        || !ruler::losses(&union.filter).is_empty()
    {
        return None;
    }
    // Reading it back refuses too many combinations, as AWS does.
    Some((Pattern::parse(&json).ok()?, json))
}

fn compile_within(
    max_chars: usize,
    selection: &Selection<'_>,
) -> Result<Vec<Compiled>, CompileError> {
    let branches = Branches::new(selection.filter, selection.except)?;
    let units = units(selection);
    let compiled = Packer::new(&branches, max_chars).pack(&units)?;
    if compiled.is_empty() { Err(CompileError::NeverMatches) } else { Ok(compiled) }
}

/// What every event of a group shares, as it stands in the pattern.
type Group = Fields;

/// One name, or one family of names, in one group, with the events that are asked for under it.
struct Unit {
    group: Group,
    /// Where the name stands in the event.
    name_path: &'static str,
    /// The operator for the name; none for every name of a service.
    name: Option<Matcher>,
    events: BTreeSet<EventRef>,
}

/// What is written for some of the events that are asked for: one event, or a family.
struct Shown<'e> {
    event: &'e EventRef,
    /// Those of the event's records that say they are of this access; all where there is none.
    half: Option<Access>,
    /// What is asked for and stands under it.
    events: BTreeSet<EventRef>,
}

fn units(selection: &Selection<'_>) -> Vec<Unit> {
    let families: Vec<&EventRef> =
        selection.events.iter().filter(|event| event.is_family()).collect();
    let mut shown: BTreeMap<(&str, &[&str], &str), Shown<'_>> = BTreeMap::new();
    let mut show = |event, half, asked: &EventRef| {
        let EventRef { source, name, kind, .. }: &EventRef = event;
        let new = || Shown { event, half, events: BTreeSet::new() };
        let entry = shown.entry((source, kind.detail_types(), name)).or_insert_with(new);
        entry.events.insert(asked.clone());
    };
    for event in selection.events {
        // What a family takes anyway stands under it. One that tells its outcome elsewhere does not
        // take it.
        if event.is_family() {
            let alike: Vec<&EventRef> = families
                .iter()
                .copied()
                .filter(|wide| {
                    selection.outcome == Outcome::Any || outcome::tell_alike(event, wide)
                })
                .collect();
            show(widest(event, &alike).unwrap_or(event), None, event);
            continue;
        }
        // A record may say otherwise of reading than the catalogue: what no half of a family takes
        // is asked for by name.
        let [read, write] = match told_alike(selection.outcome, event.kind) {
            true => [Access::Read, Access::Write].map(|access| {
                let half = EventRef { access, ..event.clone() };
                widest(&half, &families)
            }),
            false => [None, None],
        };
        read.into_iter().chain(write).for_each(|family| show(family, None, event));
        match (read, write) {
            (None, None) => show(event, None, event),
            (Some(_), None) => show(event, Some(Access::Write), event),
            (None, Some(_)) => show(event, Some(Access::Read), event),
            (Some(_), Some(_)) => {}
        }
    }
    let with_outcomes = shown.values().flat_map(|shown| {
        let outcomes = outcomes(selection.outcome, shown.event).into_iter();
        outcomes.map(move |outcome| unit(selection, shown, outcome))
    });
    of_several_kinds(with_outcomes)
}

/// Joins units that differ in the `detail-type` only: events that are logged in several ways.
fn of_several_kinds(units: impl Iterator<Item = Unit>) -> Vec<Unit> {
    let mut joined: BTreeMap<String, Unit> = BTreeMap::new();
    for mut unit in units {
        let detail_types = unit.group.remove(DETAIL_TYPE).unwrap_or_default();
        // Fields are few and short, so their text will do as a key.
        let key = format!("{:?} {} {:?}", unit.group, unit.name_path, unit.name);
        match joined.get_mut(&key) {
            Some(known) => {
                known.group.entry(DETAIL_TYPE.to_owned()).or_default().extend(detail_types);
                known.events.extend(unit.events);
            }
            None => {
                unit.group.insert(DETAIL_TYPE.to_owned(), detail_types);
                joined.insert(key, unit);
            }
        }
    }
    let mut units: Vec<Unit> = joined.into_values().collect();
    // Names of one group stand together, so that as many as fit share a pattern.
    units.sort_by_cached_key(|unit| (format!("{:?}", unit.group), unit.text_of_name()));
    units
}

const DETAIL_TYPE: &str = "detail-type";

/// The widest of the families that take everything that is asked for here.
fn widest<'e>(event: &EventRef, families: &[&'e EventRef]) -> Option<&'e EventRef> {
    let covering = families.iter().copied().filter(|family| family.covers(event));
    covering.min_by_key(|family| (family.source != EVERY_SOURCE, family.name.len()))
}

/// Whether all events of a kind tell their outcome in the same field, so that a family asks for it
/// as each of its events does.
fn told_alike(outcome: Outcome, kind: EventKind) -> bool {
    outcome == Outcome::Any || !matches!(kind, EventKind::Signin | EventKind::Service)
}

/// A field and what it must match.
type Field = (String, Vec<Matcher>);

fn unit(selection: &Selection<'_>, what: &Shown<'_>, outcome: Fields) -> Unit {
    let shown = what.event;
    let detail_types = shown.kind.detail_types();
    let (source_path, name_path) = paths_of(shown.kind);
    let strings = |texts: &[&str]| texts.iter().map(|text| Matcher::exact(*text)).collect();
    let mut group = Group::from([(DETAIL_TYPE.to_owned(), strings(detail_types))]);
    if shown.source == EVERY_SOURCE {
        // Only AWS's own services can send events whose source begins so.
        let aws = TextTest { kind: TextKind::Prefix, text: BUS_SOURCE_OF_AWS.to_owned() };
        group.insert("source".to_owned(), vec![Matcher::Text(aws)]);
    } else {
        group.insert(
            "source".to_owned(),
            vec![Matcher::exact(shown.kind.bus_source(&shown.source))],
        );
        group.insert(source_path.to_owned(), vec![Matcher::exact(&shown.source)]);
    }
    group.extend(origin(selection.origin));
    // Failures may be told by their names, which stand in place of what the family's begin with.
    let is_name = |list: &Vec<Matcher>| list.iter().all(|one| matches!(one, Matcher::Exact(_)));
    let by_name = outcome.get(name_path).is_some_and(is_name);
    group.extend(outcome);
    let name = match shown.names() {
        EventNames::One(name) => Some(Matcher::exact(name)),
        EventNames::BeginningWith("") => None,
        EventNames::BeginningWith(prefix) => {
            Some(Matcher::Text(TextTest { kind: TextKind::Prefix, text: prefix.to_owned() }))
        }
    };
    let name = name.filter(|_| !by_name);
    group.extend(what.access().map(read_only));
    Unit { group, name_path, name, events: what.events.clone() }
}

/// What the `source` of every event begins with that an AWS service sends.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>
const BUS_SOURCE_OF_AWS: &str = "aws.";

impl Unit {
    /// The name, or what the names of the family begin with.
    fn text_of_name(&self) -> String {
        match &self.name {
            Some(Matcher::Exact(name)) => name.as_str().unwrap_or_default().to_owned(),
            Some(Matcher::Text(test)) => test.text.clone(),
            _ => String::new(),
        }
    }
}

impl Shown<'_> {
    /// The access that its records must say; none where both are asked for.
    fn access(&self) -> Option<Access> {
        let asked = |access| self.events.iter().any(|e| e.is_family() && e.access == access);
        match self.event.is_family() {
            false => self.half,
            true => match (asked(Access::Read), asked(Access::Write)) {
                (true, false) => Some(Access::Read),
                (false, true) => Some(Access::Write),
                _ => None,
            },
        }
    }
}

/// The field that tells whether an event only reads. A record without it counts as a write.
fn read_only(access: Access) -> Field {
    let matchers = match access {
        Access::Read => vec![Matcher::Exact(Value::Bool(true))],
        Access::Write => vec![Matcher::Exact(Value::Bool(false)), Matcher::Exists(false)],
    };
    ("detail.readOnly".to_owned(), matchers)
}

/// The field that tells which account an event comes from; forwarding leaves it as it was.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>
fn origin(origin: &Origin) -> Option<(String, Vec<Matcher>)> {
    let matchers = match origin {
        Origin::Any => return None,
        Origin::Only(accounts) => {
            accounts.iter().map(|account| Matcher::exact(account.as_str())).collect()
        }
        Origin::Except(accounts) => {
            let values = accounts.iter().map(|account| Value::from(account.as_str())).collect();
            vec![Matcher::AnythingBut(Excluded::Values(values))]
        }
    };
    Some(("account".to_owned(), matchers))
}

/// The fields that tell how an event ended; any of the lists will do.
fn outcomes(asked: Outcome, shown: &EventRef) -> Vec<Fields> {
    let asked = match asked {
        Outcome::Any => return vec![Fields::new()],
        Outcome::Success => Ended::Succeeded,
        Outcome::Failure => Ended::Failed,
    };
    let below_detail = |(path, matchers)| (format!("detail.{path}"), matchers);
    if shown.is_family() {
        let lists = outcome::of_family(shown, asked).into_iter();
        return lists.map(|fields| fields.into_iter().map(below_detail).collect()).collect();
    }
    let told = Told::of(shown.kind, &shown.source, &shown.name);
    vec![told.condition(asked).map(below_detail).into_iter().collect()]
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
