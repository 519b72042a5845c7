//! A hub's bus that takes events from anybody, or whose events somebody's rule sends on.
//!
//! On a default bus rules of others are ordinary. The hub's bus is the blueprint's own, and what
//! lands there is what its alerts are made of.

use super::{both, remark, undoing};
use crate::desired::{Desired, DesiredPlace};
use crate::plural::count;
use crate::proof::policy::stranger;
use crate::proof::role::PUT_EVENTS;
use crate::proof::{LinkCode, LinkObject, Remark};
use crate::resource::keys::RuleKey;
use crate::resource::rule::{RuleState, Targets};
use crate::scope::Place;
use crate::snapshot::{LiveBus, LiveRule, Observed, PlaceSnapshot};
use eventbridge_pattern::{Coverage, Pattern};

/// More targets of a rule than these are counted, not named.
const NAMED_TARGETS: usize = 3;

pub fn find(
    desired: &Desired,
    place: &Place,
    here: &DesiredPlace,
    seen: &PlaceSnapshot,
    found: &mut Vec<Remark>,
) {
    let Some(name) = here.bus.as_ref().map(|bus| &bus.name) else { return };
    let Some(Observed::Known(bus)) = seen.buses.get(name) else { return };
    if !bus.tags.name_owner(&desired.name) {
        return;
    }
    found.extend(both(open(place, name, bus), undone(place, name, bus)));
    for (rule, live) in foreign(desired, here, name, bus) {
        found.extend(copies(place, here, &RuleKey::on(Some(name), rule), live));
    }
}

/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html>
fn open(place: &Place, name: &str, bus: &LiveBus) -> Option<Remark> {
    let arn = place.arn("events", &format!("event-bus/{name}"));
    let statement = stranger::opening(bus.bus.policy.as_ref(), PUT_EVENTS, &arn)?;
    let text = format!(
        "Anybody can put events on it, by {statement} of its policy: alerts can be forged. Take the statement out, or let it ask who sends, such as by aws:PrincipalOrgID."
    );
    let object = LinkObject::Bus { hub: place.clone(), name: name.to_owned() };
    Some(remark(LinkCode::BusOpenToAll, place, object, text))
}

/// What undoes the rules of a bus, or lets its events be read.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions.html>
const UNDOING: [&str; 6] = [
    "events:DeleteRule",
    "events:DisableRule",
    "events:EnableRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
];

fn undone(place: &Place, name: &str, bus: &LiveBus) -> Option<Remark> {
    let rule = place.arn("events", &format!("rule/{name}/anything"));
    let itself = place.arn("events", &format!("event-bus/{name}"));
    let rules = UNDOING.into_iter().map(|action| (action, rule.clone()));
    let all = rules.chain([("events:DeleteEventBus", itself)]);
    let text = undoing(bus.bus.policy.as_ref(), all)?;
    let object = LinkObject::Bus { hub: place.clone(), name: name.to_owned() };
    Some(remark(LinkCode::BusOpenToAll, place, object, text))
}

/// The rules of a bus that are not the blueprint's, by their names on it: those with another name,
/// and those that have its prefix and not its tag.
fn foreign<'a>(
    desired: &'a Desired,
    here: &'a DesiredPlace,
    bus: &'a str,
    live: &'a LiveBus,
) -> impl Iterator<Item = (&'a String, &'a LiveRule)> {
    let wanted = |rule: &str| here.rules.contains_key(&RuleKey::on(Some(bus), rule));
    let untagged =
        |rule: &LiveRule| rule.tags.known().is_some() && !rule.tags.name_owner(&desired.name);
    let alike = live.rules.known().into_iter().flatten();
    let alike = alike.filter(move |(name, rule)| !wanted(name) && untagged(rule));
    live.others.known().into_iter().flatten().chain(alike)
}

/// A rule that sends on what lands on the bus. A rule that AWS manages is that of an archive, which
/// keeps events in the account.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html>
fn copies(place: &Place, here: &DesiredPlace, key: &RuleKey, live: &LiveRule) -> Option<Remark> {
    let rule = &live.rule;
    if rule.state == RuleState::Disabled || rule.managed_by.is_some() {
        return None;
    }
    let pattern = Pattern::parse(rule.event_pattern.as_deref()?).ok()?;
    let targets = live.targets.known().filter(|targets| !targets.is_empty())?;
    let of_this_bus = here.rules.iter().filter(|(own, _)| own.bus() == key.bus());
    let takes_all = of_this_bus.fold(None, |all: Option<bool>, (_, own)| {
        let coverage = pattern.coverage_of(&own.compiled.pattern);
        Some(all.unwrap_or(true) && matches!(coverage, Coverage::Equal | Coverage::Wider))
    });
    let what = match takes_all {
        Some(true) => "the events of every alert",
        _ => "events of this bus",
    };
    let text = format!(
        "It is not the blueprint's, and sends {what} to {}: whoever reads them there sees what is watched and what was seen. Delete the rule, or move it to a bus of its owner's.",
        named(targets)
    );
    Some(remark(LinkCode::BusCopied, place, LinkObject::rule(place, key.as_str()), text))
}

fn named(targets: &Targets) -> String {
    let names: Vec<&str> =
        targets.values().take(NAMED_TARGETS).map(|target| target.arn.as_str()).collect();
    match targets.len().saturating_sub(NAMED_TARGETS) {
        0 => names.join(", "),
        more => format!("{}, and {}", names.join(", "), count(more, "more target")),
    }
}
