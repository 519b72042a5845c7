//! Which patterns share a forwarding rule, so that no event is forwarded twice and a refusal of
//! one rule takes few alerts with it.

use super::forward::Condition;
use crate::desired::pattern::{Compiled, unite};
use crate::event::EventRef;
use crate::resource::rule::WILDCARD_RULES_PER_BUS;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Rules with wildcards that forwarding takes of a bus before it lets several alerts share one:
/// half of what AWS gives, as the default bus is everybody's.
const OWN_RULES: usize = WILDCARD_RULES_PER_BUS / 2;

/// Rules of a segment from which it is halved.
pub(super) const SEGMENT_RULES: usize = 4;

/// Numbers that a segment's rules have for themselves.
const NUMBERS: usize = 1_000;

/// Segments are halved as often as a hash has bits that are looked at.
const SEGMENTS_MAX: usize = 1 << 8;

/// A condition by its number, with some of its events.
pub(super) type Part = (usize, Vec<EventRef>);

/// One pattern for one rule, with the conditions that it was packed from.
pub(super) struct Packed {
    pub compiled: Compiled,
    /// Each condition with those of its events that are in this pattern.
    pub parts: Vec<Part>,
    /// The alert that its rule is named after; of a plain rule none.
    pub alert: Option<usize>,
    /// The segment of a plain rule: 1 is everything, 2 and 3 are its halves, and so on.
    pub segment: usize,
}

/// Puts a pattern into the first rule that can hold it too. Every rule costs a call in every place.
pub(super) fn pack(packed: &mut Vec<Packed>, condition: usize, compiled: Compiled) {
    let part = (condition, compiled.events.clone());
    for rule in &mut *packed {
        if rule.compiled.state == compiled.state
            && let Some(united) = unite(&rule.compiled, &compiled)
        {
            rule.compiled = united;
            rule.parts.push(part);
            return;
        }
    }
    packed.push(Packed { compiled, parts: vec![part], alert: None, segment: 1 });
}

/// The index of the first rule of a segment, from which its name follows.
pub(super) fn first_of(segment: usize) -> usize {
    if segment == 1 { 0 } else { segment * NUMBERS }
}

/// The halves of a segment, by the hashes of the services: which half a service is in depends on
/// nothing else. `None` where there is nothing to halve.
pub(super) fn halved(parts: &[Part], segment: usize) -> Option<[Vec<Part>; 2]> {
    let sources: BTreeSet<&str> =
        parts.iter().flat_map(|(_, events)| events).map(|event| event.source.as_str()).collect();
    if sources.len() < 2 || segment >= SEGMENTS_MAX {
        return None;
    }
    let depth = segment.ilog2();
    let in_second: BTreeSet<&str> = sources
        .into_iter()
        .filter(|source| Sha256::digest(source.as_bytes())[0] >> depth & 1 == 1)
        .collect();
    let half = |second: bool| -> Vec<Part> {
        let of = |(number, events): &Part| {
            let is_in = |event: &&EventRef| in_second.contains(event.source.as_str()) == second;
            let events: Vec<EventRef> = events.iter().filter(is_in).cloned().collect();
            (!events.is_empty()).then_some((*number, events))
        };
        parts.iter().filter_map(of).collect()
    };
    Some([half(false), half(true)])
}

/// Events that are wanted under a wildcard, together with all that is wanted of the same events:
/// two rules would forward them twice.
pub(super) struct Companies<'a> {
    of_event: BTreeMap<&'a EventRef, usize>,
    alerts: Vec<usize>,
}

impl Companies<'_> {
    /// The company of an event; none where no wildcard is asked for.
    pub fn of(&self, event: &EventRef) -> Option<usize> {
        self.of_event.get(event).map(|company| (*company).min(OWN_RULES))
    }

    /// The first alert, in the order of the blueprint, whose wildcard makes the company.
    pub fn first_alert(&self, company: usize) -> usize {
        self.alerts[company]
    }
}

/// The companies of some conditions, in the order of their alerts. Beyond [`OWN_RULES`] they share
/// rules, as far as EventBridge does not find these too complex.
pub(super) fn companies<'a>(conditions: &[Condition<'a>]) -> Companies<'a> {
    let all: BTreeSet<&EventRef> =
        conditions.iter().flat_map(|condition| condition.events.iter().copied()).collect();
    let families: Vec<&EventRef> = all.iter().copied().filter(|one| one.is_family()).collect();
    let mut wild: Vec<(usize, BTreeSet<&EventRef>)> = conditions
        .iter()
        .filter(|condition| condition.has_wildcard())
        .map(|condition| (condition.alert, condition.events.clone()))
        .collect();
    // A family and what is in it are the same event, told twice.
    let meet =
        |one: &EventRef, other: &EventRef| one == other || one.meets(other) || other.meets(one);
    for (_, events) in &mut wild {
        let mut waiting: Vec<&EventRef> = events.iter().copied().collect();
        while let Some(event) = waiting.pop() {
            let near: Vec<&EventRef> = match event.is_family() {
                true => all.iter().copied().filter(|other| meet(event, other)).collect(),
                false => families.iter().copied().filter(|family| meet(family, event)).collect(),
            };
            waiting.extend(near.into_iter().filter(|other| events.insert(other)));
        }
    }
    let mut joined: Vec<(usize, BTreeSet<&EventRef>)> = Vec::new();
    for (alert, events) in wild {
        let mut whole = (alert, events);
        let (near, apart) = joined
            .into_iter()
            .partition(|(_, known): &(usize, BTreeSet<_>)| !known.is_disjoint(&whole.1));
        joined = apart;
        let near: Vec<(usize, BTreeSet<&EventRef>)> = near;
        for (alert, events) in near {
            whole.0 = whole.0.min(alert);
            whole.1.extend(events);
        }
        joined.push(whole);
    }
    joined.sort_by_key(|(alert, _)| *alert);
    let alerts = joined.iter().map(|(alert, _)| *alert).collect();
    let of_event = joined
        .into_iter()
        .enumerate()
        .flat_map(|(company, (_, events))| events.into_iter().map(move |event| (event, company)));
    Companies { of_event: of_event.collect(), alerts }
}

/// Events that stand under different conditions in different rules, by themselves or in a family.
pub(super) fn forwarded_twice<'a>(
    conditions: &[Condition<'a>],
    packed: &[Packed],
) -> BTreeSet<&'a EventRef> {
    let mut seen: BTreeMap<&EventRef, BTreeSet<(usize, usize)>> = BTreeMap::new();
    for (rule, packed) in packed.iter().enumerate() {
        for (condition, events) in &packed.parts {
            for event in events {
                seen.entry(event).or_default().insert((rule, *condition));
            }
        }
    }
    let families: Vec<&EventRef> = seen.keys().copied().filter(|one| one.is_family()).collect();
    let several = |of: &BTreeSet<(usize, usize)>, part: fn(&(usize, usize)) -> usize| {
        of.iter().map(part).collect::<BTreeSet<usize>>().len() > 1
    };
    let twice = |event: &&'a EventRef| {
        let Some(own) = seen.get(*event) else { return false };
        // A family and what is in it are the same event, told twice.
        let others: Vec<&EventRef> = match event.is_family() {
            true => seen.keys().copied().filter(|other| event.meets(other)).collect(),
            false => families.iter().copied().filter(|family| family.meets(event)).collect(),
        };
        let mut of = own.clone();
        of.extend(others.into_iter().filter_map(|other| seen.get(other)).flatten());
        several(&of, |one| one.0) && several(&of, |one| one.1)
    };
    conditions.iter().flat_map(|one| one.events.iter().copied()).filter(twice).collect()
}
