//! What CloudWatch counts of an event that was delivered.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html>

use super::{Delivery, TargetVerdict};
use crate::cloud::sandbox::state::{State, StoredRule};
use crate::scope::{AccountId, Place, Region};

/// Counts what the rules of a place did with an event.
pub fn count(state: &mut State, delivery: &Delivery) {
    let Some(place) = place(&delivery.place) else { return };
    for verdict in delivery.rules.iter().filter(|rule| rule.fired) {
        let arn = place.arn("events", &format!("rule/{}", verdict.rule));
        let refused = verdict.targets.iter().filter(|target| !target.accepted);
        let stored = state.region(&place).rules.get(&verdict.rule);
        let lost = refused.clone().filter(|target| is_lost(stored, target, delivery, &arn));
        let (failed, lost) = (refused.clone().count() as u64, lost.count() as u64);
        let metrics = &mut state.region_mut(&place).metrics;
        let metrics = metrics.entry(verdict.rule.clone()).or_default();
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
