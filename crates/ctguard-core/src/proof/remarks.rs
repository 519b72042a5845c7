//! Findings that do not change the verdict: logs that are not written, refused messages that would
//! be lost, subscriptions that one click ends.

use super::policy::{Admission, Request, Sent, admission};
use super::{LinkCode, LinkObject, Proof, Remark, RemarkSeverity, logs};
use crate::blueprint::Subscriber;
use crate::desired::{AlertPath, Desired, DestinationPath};
use crate::identity::ByIdentity;
use crate::resource::keys::RuleKey;
use crate::resource::topic::Protocol;
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::Live;
use crate::snapshot::{LiveSubscription, Observed};
use std::collections::{BTreeSet, HashSet};

/// All remarks on the live resources.
pub fn collect(desired: &Desired, live: &Live, proof: &mut Proof) {
    // Places that are read only because others depend on them are not judged.
    for place in live.places.keys().filter(|place| !desired.context.contains(*place)) {
        logs::find(desired, live, place, &mut proof.remarks);
    }
    let mut rules: BTreeSet<(&Place, &RuleKey)> = BTreeSet::new();
    let mut destinations: HashSet<(&Place, ByIdentity<'_, [DestinationPath]>)> = HashSet::new();
    for path in &desired.paths {
        let forwarding = path.forward.iter().flat_map(|forward| forward.rules.iter());
        let here = forwarding.map(|key| (&path.lands, key));
        let raising = path.rules.iter().map(|key| (&path.raised, key));
        for (place, key) in here.chain(raising) {
            if rules.insert((place, key)) {
                targets(desired, live, place, key, &mut proof.remarks);
            }
        }
        if destinations.insert((&path.raised, ByIdentity(&*path.destinations))) {
            subscribers(desired, live, path, &mut proof.remarks);
        }
    }
}

/// Whether a target of a rule has a dead-letter queue.
fn targets(
    desired: &Desired,
    live: &Live,
    place: &Place,
    key: &RuleKey,
    remarks: &mut Vec<Remark>,
) {
    let wanted = desired.places.get(place).and_then(|here| here.rules.get(key));
    let seen = live.places.get(place).and_then(|seen| seen.rule(key));
    let targets = seen.and_then(|rule| rule.targets.known());
    for (id, target) in targets.into_iter().flatten() {
        if !wanted.is_some_and(|wanted| wanted.targets.contains_key(id)) {
            continue;
        }
        let rule = place.arn("events", &format!("rule/{key}"));
        let (object, why) = match &target.dead_letter_arn {
            None => (
                LinkObject::rule(place, key.as_str()),
                Some(Lost::of_ours("has no dead-letter queue".to_owned())),
            ),
            Some(queue) => (
                LinkObject::Queue(queue.clone()),
                refuses(desired, live, queue, "events.amazonaws.com", &rule),
            ),
        };
        say_lost(place, object, &format!("Target {id} of rule {key}"), why, remarks);
    }
}

/// Whether listed subscribers have a dead-letter queue, and whether one click ends their
/// subscription.
fn subscribers(desired: &Desired, live: &Live, path: &AlertPath, remarks: &mut Vec<Remark>) {
    let place = &path.raised;
    for destination in path.destinations.iter() {
        let (_, topic) = destination.topic_seen(live, place);
        let seen = topic.and_then(|topic| topic.known()?.subscriptions.known());
        for subscriber in &destination.subscribers {
            let Subscriber::Endpoint(endpoint) = subscriber else { continue };
            let Some(LiveSubscription::Confirmed { attributes: Observed::Known(now), .. }) =
                seen.and_then(|seen| seen.get(endpoint))
            else {
                continue;
            };
            let object = LinkObject::subscription(&destination.topic_arn, endpoint);
            let mail = matches!(endpoint.protocol, Protocol::Email | Protocol::EmailJson);
            if mail && now.confirmation_was_authenticated == Some(false) {
                remarks.push(Remark {
                    severity: RemarkSeverity::Note,
                    code: LinkCode::UnsubscribeOpen,
                    place: place.clone(),
                    object: object.clone(),
                    text: "Anybody who holds an alert's mail can unsubscribe the address that it was sent to with one click, which CloudTrail does not record; confirm it with AuthenticateOnUnsubscribe to prevent that.".to_owned(),
                    by_others: false,
                });
            }
            // Mail is never refused, so it needs no dead-letter queue; foreign topics are up to
            // their owners.
            if mail || destination.managed_topic.is_none() {
                continue;
            }
            let (object, why) = match &now.dead_letter_arn {
                None => (object, Some(Lost::of_ours("has no dead-letter queue".to_owned()))),
                Some(queue) => (
                    LinkObject::Queue(queue.clone()),
                    refuses(desired, live, queue, "sns.amazonaws.com", &destination.topic_arn),
                ),
            };
            say_lost(place, object, &format!("The subscription of {endpoint}"), why, remarks);
        }
    }
}

fn say_lost(
    place: &Place,
    object: LinkObject,
    who: &str,
    why: Option<Lost>,
    remarks: &mut Vec<Remark>,
) {
    if let Some(Lost { why, by_others }) = why {
        remarks.push(Remark {
            severity: RemarkSeverity::Degraded,
            code: LinkCode::DeadLetterQueue,
            place: place.clone(),
            object,
            text: format!("{who} {why}: what is refused there is lost."),
            by_others,
        });
    }
}

/// Why what is refused is lost.
struct Lost {
    why: String,
    /// Whether a statement of others in the blueprint's own queue does it: no apply takes it away.
    by_others: bool,
}

impl Lost {
    fn of_ours(why: String) -> Self {
        Self { why, by_others: false }
    }
}

/// Why a dead-letter queue would refuse a message; `None` when it would not, or that is unknown.
fn refuses(
    desired: &Desired,
    live: &Live,
    queue: &str,
    service: &str,
    source: &str,
) -> Option<Lost> {
    let arn = Arn::parse(queue)?;
    let place = Place::new(AccountId::new(arn.account)?, Region::new(arn.region)?);
    let seen = live.places.get(&place)?;
    match seen.queues.get(queue)? {
        Observed::Absent => {
            let why = format!("sends what is refused to {queue}, which does not exist");
            Some(Lost::of_ours(why))
        }
        Observed::Unreadable(_) => None,
        Observed::Known(live) => {
            let request = Request {
                service,
                action: "sqs:SendMessage",
                resource: queue,
                source_arn: Sent::Value(source),
                source_account: Arn::parse(source)
                    .map_or(Sent::Unknown, |arn| Sent::Perhaps(arn.account)),
                through: None,
                extra: &[],
            };
            match admission(live.queue.get().policy.as_ref(), &request) {
                Admission::Refuses(refusal) => {
                    let own = desired.places.get(&place);
                    let own = own.is_some_and(|here| here.queues.contains_key(arn.resource));
                    let by_others = own && refusal.is_denial();
                    let why = format!(
                        "sends what is refused to {queue}, which does not take it: {}",
                        refusal.into_cause()
                    );
                    Some(Lost { why, by_others })
                }
                Admission::Admits | Admission::Assumes(_) => None,
            }
        }
    }
}
