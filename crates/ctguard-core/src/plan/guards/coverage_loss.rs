//! Which events reach somebody now and will reach nobody.

use super::{Lost, LostAlerts};
use crate::blueprint::Risk;
use crate::desired::Desired;
use crate::event::{self, EVERY_SOURCE};
use crate::plan::reach;
use crate::resource::keys::RuleKey;
use crate::resource::rule::{RuleState, bus_of};
use crate::resource::small_map::SmallMap;
use crate::resource::{ALERT_TAG, Address, Kind};
use crate::scope::Place;
use crate::snapshot::Live;
use crate::snapshot::{LiveRule, Observed};
use std::collections::{BTreeMap, BTreeSet};

/// An event by source and name.
type EventName = (String, String);

/// A live rule that raises an alert and reaches somebody.
struct Raises<'a> {
    address: Address,
    alert: &'a str,
    risk: Option<Risk>,
    events: BTreeSet<EventName>,
}

/// What is lost of each alert of high or critical risk. `touched`: the rules that the plan changes
/// or removes.
pub(super) fn lost(desired: &Desired, live: &Live, touched: &BTreeSet<&Address>) -> LostAlerts {
    let mut kept: BTreeMap<&Place, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for path in &desired.paths {
        let events = path.events.iter().map(|event| (event.source.as_str(), event.name.as_str()));
        kept.entry(&path.lands).or_default().extend(events);
    }
    let nothing = BTreeSet::new();
    let mut hub: BTreeMap<(Place, String), Option<Vec<Raises<'_>>>> = BTreeMap::new();
    let mut all = LostAlerts::new();
    for (place, _) in desired.own_places() {
        let Some(seen) = live.places.get(place) else { continue };
        let kept = kept.get(place).unwrap_or(&nothing);
        let families: Vec<_> = kept.iter().filter(|(_, name)| name.ends_with('*')).collect();
        let is_kept = |(source, name): &EventName| {
            kept.contains(&(source.as_str(), name.as_str()))
                || families.iter().any(|(wide_source, wide)| {
                    [EVERY_SOURCE, source].contains(wide_source) && event::name_covers(wide, name)
                })
        };
        for (name, rule) in ours(desired, seen.rules.as_ref()) {
            let address = Address::new(place, Kind::Rule, name.clone());
            let events: BTreeSet<EventName> =
                named(rule).into_iter().filter(|event| !is_kept(event)).collect();
            if events.is_empty() {
                continue;
            }
            if !desired.names.is_forward(name) {
                if touched.contains(&address) && reach::rule(live, seen, rule) {
                    note(&mut all, desired, place, &raises(address, rule, events));
                }
                continue;
            }
            // A forwarded event reaches somebody where the hub has a rule for it.
            for (there, bus) in
                rule.targets.known().into_iter().flat_map(|t| t.values()).filter_map(bus_of)
            {
                let key = (there.clone(), bus.to_owned());
                let raising = hub.entry(key).or_insert_with(|| on_bus(desired, live, &there, bus));
                let Some(raising) = raising else {
                    // What cannot be read may reach somebody, whatever its risk.
                    if touched.contains(&address) {
                        let (address, events) = (address.clone(), events.clone());
                        let one = Raises { address, alert: "", risk: None, events };
                        note(&mut all, desired, place, &one);
                    }
                    continue;
                };
                for one in raising {
                    let lost = shared(&one.events, &events);
                    let changes = touched.contains(&address) || touched.contains(&one.address);
                    if changes && !lost.is_empty() {
                        let (address, alert, risk) = (one.address.clone(), one.alert, one.risk);
                        let one = Raises { address, alert, risk, events: lost };
                        note(&mut all, desired, place, &one);
                    }
                }
            }
        }
    }
    all
}

/// The events of the first that are, or may be, among the others.
fn shared(events: &BTreeSet<EventName>, others: &BTreeSet<EventName>) -> BTreeSet<EventName> {
    let families = |names: &BTreeSet<EventName>| -> Vec<EventName> {
        names.iter().filter(|(_, name)| name.ends_with('*')).cloned().collect()
    };
    let (own, other) = (families(events), families(others));
    let meet = |one: &EventName, other: &EventName| {
        let same_source = one.0 == other.0 || [&one.0, &other.0].iter().any(|s| *s == EVERY_SOURCE);
        same_source && event::names_meet(&one.1, &other.1)
    };
    let is_shared = |event: &&EventName| {
        others.contains(*event)
            || other.iter().any(|family| meet(family, event))
            || (own.contains(event) && others.iter().any(|one| meet(one, event)))
    };
    events.iter().filter(is_shared).cloned().collect()
}

/// The rules of a hub's bus that reach somebody; `None` when they cannot be read.
fn on_bus<'a>(
    desired: &Desired,
    live: &'a Live,
    place: &Place,
    bus: &str,
) -> Option<Vec<Raises<'a>>> {
    let seen = live.places.get(place)?;
    let rules = match seen.rules_of(Some(bus)) {
        Observed::Unreadable(_) => return None,
        rules => rules,
    };
    let heard = ours(desired, rules).filter(|(_, rule)| reach::rule(live, seen, rule));
    let raises = heard.map(|(name, rule)| {
        raises(Address::of_rule(place, &RuleKey::on(Some(bus), name)), rule, named(rule))
    });
    Some(raises.collect())
}

/// The blueprint's own rules that are on.
fn ours<'a>(
    desired: &Desired,
    rules: Observed<&'a SmallMap<String, LiveRule>>,
) -> impl Iterator<Item = (&'a String, &'a LiveRule)> {
    let name = desired.name.clone();
    rules.known().copied().into_iter().flatten().filter(move |(_, rule)| {
        rule.tags.name_owner(&name) && rule.rule.state != RuleState::Disabled
    })
}

fn raises(address: Address, rule: &LiveRule, events: BTreeSet<EventName>) -> Raises<'_> {
    let tag = rule.tags.known().and_then(|tags| tags.get(ALERT_TAG));
    // ctguard begins a rule's description with the risk.
    let described = rule.rule.description.as_deref().and_then(|text| text.split_once(": "));
    Raises {
        alert: tag.map_or("", String::as_str),
        risk: described.and_then(|(risk, _)| Risk::parse(risk)),
        address,
        events,
    }
}

fn note(all: &mut LostAlerts, desired: &Desired, place: &Place, raises: &Raises<'_>) {
    let wanted = desired.alerts.iter().find(|alert| alert.id == raises.alert);
    let risk = raises.risk.max(wanted.map(|alert| alert.risk));
    if risk.is_some_and(|risk| risk < Risk::High) {
        return;
    }
    let alert = match raises.alert {
        "" => raises.address.name.clone(),
        alert => alert.to_owned(),
    };
    let lost = all.entry(alert).or_insert_with(|| Lost { risk, ..Lost::default() });
    lost.risk = lost.risk.max(risk);
    lost.places.insert(place.clone());
    lost.rules.insert(raises.address.clone());
    lost.events.extend(raises.events.iter().map(|(source, name)| event::short(source, name)));
}

/// The events that a live rule names, by source and name.
fn named(rule: &LiveRule) -> BTreeSet<EventName> {
    let named = rule.rule.event_pattern.as_deref().map(event::named_events).unwrap_or_default();
    named.into_iter().filter_map(|(source, name)| Some((source?, name))).collect()
}
