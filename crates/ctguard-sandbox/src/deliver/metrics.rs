//! The CloudWatch metrics of a delivery.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html>

use super::{Delivery, RuleVerdict, TargetVerdict};
use crate::state::{State, StoredRule, locate};
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::machine::machine_name;
use ctguard_core::scope::{AccountId, Place, Region};

/// Counts the metrics of the rules of a place for an event.
pub fn count(state: &mut State, delivery: &Delivery) {
    count_on(state, delivery, &delivery.place, None, &delivery.rules);
    for arn in &delivery.failed_executions {
        let found = locate(arn, "states").zip(machine_name(arn));
        if let Some(((place, _), name)) = found {
            let failed = &mut state.region_mut(&place).executions_failed;
            *failed.entry(name.to_owned()).or_default() += 1;
        }
    }
    let targets = delivery.rules.iter().flat_map(|rule| &rule.targets);
    for onward in targets.filter_map(|target| target.onward.as_ref()) {
        count_on(state, delivery, &onward.place, Some(&onward.bus), &onward.rules);
    }
}

/// Counts the metrics of the rules of one bus, under their keys.
fn count_on(
    state: &mut State,
    delivery: &Delivery,
    at: &str,
    bus: Option<&str>,
    rules: &[RuleVerdict],
) {
    let Some(place) = place(at) else { return };
    for verdict in rules.iter().filter(|rule| rule.fired) {
        let key = RuleKey::on(bus, &verdict.rule);
        let arn = place.arn("events", &format!("rule/{key}"));
        let refused = verdict.targets.iter().filter(|target| !target.accepted);
        let stored = state.region(&place).rule(&key);
        let lost = refused.clone().filter(|target| is_lost(stored, target, delivery, &arn));
        let (failed, lost) = (refused.clone().count() as u64, lost.count() as u64);
        let metrics = state.region_mut(&place).metrics.entry(key.into()).or_default();
        metrics.triggered += 1;
        metrics.failed += failed;
        metrics.failed_to_dlq += lost;
    }
}

/// Whether a refused target has a dead-letter queue that did not take the event.
fn is_lost(
    stored: Option<&StoredRule>,
    target: &TargetVerdict,
    delivery: &Delivery,
    rule: &str,
) -> bool {
    let queue = stored.and_then(|stored| stored.targets.get(&target.id)?.dead_letter_arn.as_ref());
    queue.is_some_and(|queue| {
        !delivery.dead_letters.iter().any(|letter| letter.queue == *queue && letter.from == rule)
    })
}

fn place(text: &str) -> Option<Place> {
    let (account, region) = text.split_once('/')?;
    Some(Place::new(AccountId::new(account)?, Region::new(region)?))
}
