//! Who still sends through a topic or a queue: neither goes before everybody who does, and neither goes
//! while that cannot be told.

use super::kinds::subscription;
use super::{Change, Live, Plan, Verb, Waiting, WaitingFor};
use crate::resource::{Address, Kind};
use crate::scope::{Arn, Place};
use crate::snapshot::{LiveSubscription, Observed, PlaceSnapshot};
use std::collections::BTreeSet;

/// Lets each removal of a topic or queue need the removal of whatever refers to it, and moves those whose
/// referrers stay, or cannot be told, to what waits.
pub(super) fn settle(live: &Live, plan: &mut Plan) {
    for kind in [Kind::Topic, Kind::Queue] {
        let moving: BTreeSet<Address> =
            plan.changes.iter().map(|change| change.address.clone()).collect();
        let (removals, mut changes): (Vec<Change>, Vec<Change>) = std::mem::take(&mut plan.changes)
            .into_iter()
            .partition(|change| change.action == Verb::Delete && change.address.kind == kind);
        for mut change in removals {
            match needs(live, &change, &moving) {
                Ok(needs) => {
                    change.needs.extend(needs);
                    changes.push(change);
                }
                Err(why) => plan.waiting.push(Waiting {
                    message: format!("The {kind} goes once nothing sends to it: {why}."),
                    address: change.address,
                    what: WaitingFor::Removal,
                }),
            }
        }
        plan.changes = changes;
    }
    super::order::sort(&mut plan.changes);
    plan.waiting.sort();
}

/// What must be gone before this topic or queue, or why it stays.
fn needs(
    live: &Live,
    change: &Change,
    moving: &BTreeSet<Address>,
) -> Result<BTreeSet<Address>, String> {
    let place = &change.place;
    let Some(seen) = live.places.get(place) else {
        return Err("the place was not read".to_owned());
    };
    let service = if change.address.kind == Kind::Topic { "sns" } else { "sqs" };
    let arn = place.arn(service, &change.address.name);
    let mut needs = BTreeSet::new();
    for referrer in referrers(seen, place, &arn)? {
        let gone: BTreeSet<Address> =
            referrer.ways_to_go.into_iter().filter(|address| moving.contains(address)).collect();
        if gone.is_empty() {
            return Err(format!("{} still sends to it", referrer.named));
        }
        needs.extend(gone);
    }
    Ok(needs)
}

struct Referrer {
    named: String,
    /// Changes of any of these end the reference.
    ways_to_go: Vec<Address>,
}

fn referrers(seen: &PlaceSnapshot, place: &Place, arn: &str) -> Result<Vec<Referrer>, String> {
    let unread = |what: &str| Err(format!("{what} could not be read"));
    let mut found = Vec::new();
    if seen.rules.unreadable().is_some() {
        return unread("the rules");
    }
    for (name, rule) in seen.rules.known().into_iter().flatten() {
        if rule.targets.unreadable().is_some() {
            return unread(&format!("the targets of rule {name}"));
        }
        for (id, target) in rule.targets.known().into_iter().flatten() {
            if target.arn == arn || target.dead_letter_arn.as_deref() == Some(arn) {
                let target = Address::new(place, Kind::Target, format!("{name}/{id}"));
                found.push(Referrer { named: format!("rule {name}"), ways_to_go: vec![target] });
            }
        }
    }
    for (topic_arn, topic) in &seen.topics {
        let Some(name) = Arn::parse(topic_arn).map(|arn| arn.resource) else { continue };
        let topic = match topic {
            Observed::Known(topic) => topic,
            Observed::Absent => continue,
            // A topic sends to queues only.
            Observed::Unreadable(_) if arn.contains(":sns:") => continue,
            Observed::Unreadable(_) => return unread(&format!("topic {name}")),
        };
        for (endpoint, subscription) in topic.subscriptions.known().into_iter().flatten() {
            let LiveSubscription::Confirmed { attributes: Observed::Known(now), .. } = subscription
            else {
                continue;
            };
            if now.dead_letter_arn.as_deref() == Some(arn) {
                let named = subscription::name(name, endpoint);
                found.push(Referrer {
                    ways_to_go: vec![
                        Address::new(place, Kind::Subscription, named.clone()),
                        Address::new(place, Kind::Topic, name),
                    ],
                    named: format!("subscription {named}"),
                });
            }
        }
    }
    Ok(found)
}
