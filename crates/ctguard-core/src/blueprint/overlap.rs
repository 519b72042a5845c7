//! Alerts that say nothing which another one does not say, to the same people.

use super::{Alert, Blueprint};
use crate::event::EVERY_SOURCE;
use std::collections::HashMap;

/// Each alert that adds nothing, with its index, and the one that says it all: both are told to the
/// same destinations, and whatever raises the first raises the other.
///
/// Decided by what is written, and only between alerts of the same conditions: one on some of the
/// records of an event has more to say about them. Of two that say the same, the later one adds
/// nothing.
pub(super) fn redundant(blueprint: &Blueprint) -> Vec<(usize, &Alert, &Alert)> {
    let alerts = &blueprint.alerts;
    let mut groups: HashMap<String, Group> = HashMap::new();
    let keys: Vec<Option<String>> = alerts.iter().map(|alert| alike(blueprint, alert)).collect();
    for (index, (alert, key)) in alerts.iter().zip(&keys).enumerate() {
        if let Some(key) = key {
            groups.entry(key.clone()).or_default().add(index, alert);
        }
    }
    let mut found = Vec::new();
    for (index, (alert, key)) in alerts.iter().zip(&keys).enumerate() {
        let Some(group) = key.as_ref().and_then(|key| groups.get(key)) else { continue };
        let others = group.perhaps_saying(alert).into_iter().filter(|at| *at != index);
        let mut others = others.filter_map(|at| Some((at, alerts.get(at)?)));
        let says_all = others.find(|(at, other)| {
            says_all_of(other, alert) && (*at < index || !says_all_of(alert, other))
        });
        if let Some((_, other)) = says_all {
            found.push((index, alert, other));
        }
    }
    found
}

/// What two alerts must have in common for one to say all of the other: whom they are told to, and
/// the conditions. `None` for one that nobody is told of.
fn alike(blueprint: &Blueprint, alert: &Alert) -> Option<String> {
    let told_to = blueprint.notify_variants(alert);
    let silent = told_to.iter().all(|to| to.is_empty());
    (!silent).then(|| format!("{:?}", (told_to, &alert.filter, &alert.outcome)))
}

/// Alerts that are alike, by what they name: a blueprint has many alerts, and few that name the
/// same.
#[derive(Default)]
struct Group {
    /// By the source and name of each event.
    named: HashMap<(String, String), Vec<usize>>,
    /// Those with families of events.
    wide: Vec<usize>,
}

impl Group {
    fn add(&mut self, index: usize, alert: &Alert) {
        for event in &alert.events {
            let known = match event.is_family() || event.source == EVERY_SOURCE {
                true => &mut self.wide,
                false => self.named.entry((event.source.clone(), event.name.clone())).or_default(),
            };
            if known.last() != Some(&index) {
                known.push(index);
            }
        }
    }

    /// Those that may say all of an alert, in their order: they take its first event.
    fn perhaps_saying(&self, alert: &Alert) -> Vec<usize> {
        let key = |event: &crate::event::EventRef| (event.source.clone(), event.name.clone());
        let named = alert.events.first().and_then(|event| self.named.get(&key(event)));
        let mut all: Vec<usize> = named.into_iter().flatten().chain(&self.wide).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Whether whatever raises `alert` raises `other`, too.
pub(super) fn says_all_of(other: &Alert, alert: &Alert) -> bool {
    let events = alert.events.iter().all(|event| other.events.iter().any(|own| own.covers(event)));
    // An alert on some of the records of an event has more to say about them.
    let conditions = other.filter == alert.filter && other.outcome == alert.outcome;
    let exceptions = other.except.iter().all(|except| {
        alert.except.iter().any(|own| own.filter == except.filter && own.until == except.until)
    });
    events && conditions && exceptions
}
