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
//! **Outcome.** A failed call has an `errorCode`, which a successful one lacks. Sign-ins have none:
//! their result stands in `responseElements` under the event's name, `Success` or `Failure`
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>),
//! and for sign-ins through IAM Identity Center, which are service events, in `serviceEventDetails`
//! (<https://docs.aws.amazon.com/singlesignon/latest/userguide/sign-in-events.html>). Of these only
//! ConsoleLogin is documented to have it always; for the others everything but `Failure` counts as
//! a success, so that nothing is missed.
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
use crate::event::EventRef;
use crate::event::{EventKind, bus_source};
use crate::resource::rule::{EVENT_PATTERN_MAX_CHARS, RuleState};
use crate::scope::AccountId;
use branches::{Branches, Fields};
use eventbridge_pattern::{Excluded, Filter, Matcher, OR_COMBINATIONS_MAX, Pattern, ruler};
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
    if json.chars().count() > EVENT_PATTERN_MAX_CHARS || !ruler::losses(&union.filter).is_empty() {
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

/// One name in one group, with the events that are asked for under it.
struct Unit {
    group: Group,
    name: String,
    events: BTreeSet<EventRef>,
}

fn units(selection: &Selection<'_>) -> Vec<Unit> {
    let mut units: BTreeMap<(String, &[&str], String), BTreeSet<EventRef>> = BTreeMap::new();
    for event in selection.events {
        let key = (event.source.clone(), event.kind.detail_types(), event.name.clone());
        units.entry(key).or_default().insert(event.clone());
    }
    let unit = |((source, detail_types, name), events): ((String, &[&str], String), _)| {
        let strings = |texts: &[&str]| texts.iter().map(|text| Matcher::exact(*text)).collect();
        let mut group = Group::from([
            ("source".to_owned(), vec![Matcher::exact(bus_source(&source))]),
            ("detail-type".to_owned(), strings(detail_types)),
            ("detail.eventSource".to_owned(), vec![Matcher::exact(&source)]),
        ]);
        group.extend(origin(selection.origin));
        group.extend(outcome(selection.outcome, &source, detail_types, &name));
        Unit { group, name, events }
    };
    units.into_iter().map(unit).collect()
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

/// The field that tells how an event ended, and what it must hold.
fn outcome(
    outcome: Outcome,
    source: &str,
    detail_types: &[&str],
    name: &str,
) -> Option<(String, Vec<Matcher>)> {
    let signin = detail_types == EventKind::Signin.detail_types();
    let identity_center =
        detail_types == EventKind::Service.detail_types() && source == "signin.amazonaws.com";
    let failed = match outcome {
        Outcome::Any => return None,
        Outcome::Success => false,
        Outcome::Failure => true,
    };
    if !signin && !identity_center {
        return Some(("detail.errorCode".to_owned(), vec![Matcher::Exists(failed)]));
    }
    let parent = if signin { "responseElements" } else { "serviceEventDetails" };
    let matchers = match (failed, name) {
        (true, _) => vec![Matcher::exact("Failure")],
        (false, "ConsoleLogin") => vec![Matcher::exact("Success")],
        (false, _) => {
            let failure = Excluded::Values(vec![Value::from("Failure")]);
            vec![Matcher::AnythingBut(failure), Matcher::Exists(false)]
        }
    };
    Some((format!("detail.{parent}.{name}"), matchers))
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
