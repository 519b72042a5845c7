//! Which alerts live rules raise: how grave, for which events, and whether somebody hears of it.

use super::reach;
use crate::blueprint::Risk;
use crate::desired::Desired;
use crate::event::{self, EVERY_SOURCE};
use crate::resource::keys::RuleKey;
use crate::resource::rule::RuleState;
use crate::resource::small_map::SmallMap;
use crate::resource::{ALERT_TAG, Address};
use crate::scope::Place;
use crate::snapshot::{Live, LiveRule, Observed, PlaceSnapshot};
use std::collections::{BTreeMap, BTreeSet};

/// An event by source and name.
pub(super) type EventName = (String, String);

/// A live rule that raises an alert.
pub(super) struct Raises<'a> {
    pub address: Address,
    /// Empty where its tags do not tell.
    pub alert: &'a str,
    pub risk: Option<Risk>,
    pub events: BTreeSet<EventName>,
    /// It is on, and what it sends reaches somebody, or may.
    pub heard: bool,
    pub rule: &'a LiveRule,
}

impl<'a> Raises<'a> {
    pub fn of(live: &Live, seen: &PlaceSnapshot, address: Address, rule: &'a LiveRule) -> Self {
        let tag = rule.tags.known().and_then(|tags| tags.get(ALERT_TAG));
        // ctguard begins a rule's description with the risk.
        let described = rule.rule.description.as_deref().and_then(|text| text.split_once(": "));
        Self {
            address,
            alert: tag.map_or("", String::as_str),
            risk: described.and_then(|(risk, _)| Risk::parse(risk)),
            events: named(rule),
            heard: is_on(rule) && reach::rule(live, seen, rule),
            rule,
        }
    }

    /// Whether its pattern takes what comes from a place, going by the account and the region that
    /// it asks for.
    pub fn admits(&self, place: &Place) -> bool {
        let text = self.rule.rule.event_pattern.as_deref().unwrap_or_default();
        let pattern: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        [("account", place.account.as_str()), ("region", place.region.as_str())].iter().all(
            |(field, own)| {
                let asked = pattern.get(field).and_then(serde_json::Value::as_array);
                let other = |one: &serde_json::Value| one.as_str().is_some_and(|one| one != *own);
                !asked.is_some_and(|asked| asked.iter().all(other))
            },
        )
    }
}

/// Whether a rule is on.
pub(super) fn is_on(rule: &LiveRule) -> bool {
    rule.rule.state != RuleState::Disabled
}

/// The blueprint's own rules.
pub(super) fn own<'a>(
    desired: &Desired,
    rules: Observed<&'a SmallMap<String, LiveRule>>,
) -> impl Iterator<Item = (&'a String, &'a LiveRule)> {
    let name = desired.name.clone();
    let all = rules.known().copied().into_iter().flatten();
    all.filter(move |(_, rule)| rule.tags.name_owner(&name))
}

/// The blueprint's own rules on a hub's bus; `None` when they cannot be read.
pub(super) fn on_bus<'a>(
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
    let address = |name: &str| Address::of_rule(place, &RuleKey::on(Some(bus), name));
    let all = own(desired, rules);
    Some(all.map(|(name, rule)| Raises::of(live, seen, address(name), rule)).collect())
}

/// The events of the first that are, or may be, among the others.
pub(super) fn shared(
    events: &BTreeSet<EventName>,
    others: &BTreeSet<EventName>,
) -> BTreeSet<EventName> {
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

/// The events that a live rule names, by source and name.
pub(super) fn named(rule: &LiveRule) -> BTreeSet<EventName> {
    let named = rule.rule.event_pattern.as_deref().map(event::named_events).unwrap_or_default();
    named.into_iter().filter_map(|(source, name)| Some((source?, name))).collect()
}

/// The events that the blueprint watches, by the place where they land.
pub(super) struct Watched<'a>(BTreeMap<&'a Place, BTreeSet<(&'a str, &'a str)>>);

impl<'a> Watched<'a> {
    pub fn by(desired: &'a Desired) -> Self {
        let mut all: BTreeMap<&Place, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for path in &desired.paths {
            let events =
                path.events.iter().map(|event| (event.source.as_str(), event.name.as_str()));
            all.entry(&path.lands).or_default().extend(events);
        }
        Self(all)
    }

    /// Those of the events that it does not watch in a place.
    pub fn unwatched(
        &self,
        place: &Place,
        events: impl IntoIterator<Item = EventName>,
    ) -> BTreeSet<EventName> {
        let nothing = BTreeSet::new();
        let watched = self.0.get(place).unwrap_or(&nothing);
        let families: Vec<_> = watched.iter().filter(|(_, name)| name.ends_with('*')).collect();
        let is_watched = |(source, name): &EventName| {
            watched.contains(&(source.as_str(), name.as_str()))
                || families.iter().any(|(wide_source, wide)| {
                    [EVERY_SOURCE, source].contains(wide_source) && event::name_covers(wide, name)
                })
        };
        events.into_iter().filter(|event| !is_watched(event)).collect()
    }
}
