//! Alerts that say nothing which another one does not say, to the same people.

use super::{Alert, Blueprint};

/// For each alert that adds nothing, the one that says it all: both are told to the same
/// destinations, and whatever raises the first raises the other.
///
/// Decided by what is written, and only between alerts of the same conditions: one on some of the
/// records of an event has more to say about them. Of two that say the same, the later one adds
/// nothing.
pub(super) fn redundant(blueprint: &Blueprint) -> Vec<(&Alert, &Alert)> {
    let alerts = &blueprint.alerts;
    let told_to = |one: &Alert, other: &Alert| {
        let (one, other) = (blueprint.notify_variants(one), blueprint.notify_variants(other));
        !one.iter().all(|to| to.is_empty()) && one == other
    };
    let mut found = Vec::new();
    for (index, alert) in alerts.iter().enumerate() {
        let says_all = alerts.iter().enumerate().find(|(at, other)| {
            *at != index
                && says_all_of(other, alert)
                && (*at < index || !says_all_of(alert, other))
                && told_to(alert, other)
        });
        if let Some((_, other)) = says_all {
            found.push((alert, other));
        }
    }
    found
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
