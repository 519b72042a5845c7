//! The queue that takes the receipts, and what is left of a drill.
//!
//! Whatever a drill makes has a name that only drills use and carries the tag `ctguard:drill`; a
//! subscription is known by its endpoint, the drill's queue. So what a run that was killed has left
//! is found again without any memory of that run.

use super::choose::Drill;
use super::triggers::plain_queue;
use crate::action::Action;
use crate::blueprint::Blueprint;
use crate::desired::Desired;
use crate::resource::keys::RuleKey;
use crate::resource::queue::Queue;
use crate::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use crate::resource::{DRILL_TAG, Kind, Tags, owned_by, policy};
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::{
    AccountReads, Live, LiveRule, LiveSubscription, Observed, PlaceSnapshot, ReadSet, Unreadable,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The topics whose messages are received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watching {
    /// Names of the topics, by the place where they are.
    pub topics: BTreeMap<Place, BTreeSet<String>>,
    /// Why nothing can be received of a topic, by its ARN.
    pub shut: BTreeMap<String, String>,
}

impl Watching {
    /// The topics to which a drill's alerts go. One of an account that the blueprint does not cover
    /// cannot be subscribed to.
    pub fn of(desired: &Desired, drill: &Drill) -> Self {
        let mut watching = Self::default();
        let destinations = drill.paths.iter().flat_map(|path| path.path.destinations.iter());
        for destination in destinations {
            let arn = Arn::parse(&destination.topic_arn);
            let home = arn.and_then(|arn| {
                Some(Place::new(AccountId::new(arn.account)?, Region::new(arn.region)?))
            });
            match (home, arn) {
                (Some(home), Some(arn)) if desired.places.contains_key(&home) => {
                    let here = watching.topics.entry(home).or_default();
                    here.insert(arn.resource.to_owned());
                }
                _ => drop(watching.shut.insert(
                    destination.topic_arn.clone(),
                    "it is in an account or region that the blueprint does not cover, so nothing of it can be received".to_owned(),
                )),
            }
        }
        watching
    }

    /// The calls that make the queue of a place and subscribe it to the topics there.
    pub fn calls(
        &self,
        blueprint: &Blueprint,
        desired: &Desired,
        live: &Live,
        place: &Place,
    ) -> Vec<Action> {
        let Some(topics) = self.topics.get(place) else { return Vec::new() };
        let names = &desired.names;
        let (name, queue) = (names.drill_receipt(), receipt_queue(place, desired, topics));
        let endpoint = Endpoint::new(Protocol::Sqs, place.arn("sqs", &name));
        let dead_letters = place.arn("sqs", &names.subscriptions_queue());
        let seen = live.places.get(place).and_then(|seen| seen.queues.get(&dead_letters));
        let owned = |topic: &String| {
            desired.places.get(place).is_some_and(|here| here.topics.contains_key(topic))
        };
        let mut calls =
            vec![Action::CreateQueue { name, queue, tags: super::tags(blueprint, Kind::Queue) }];
        calls.extend(topics.iter().map(|topic| {
            // Not raw: the envelope says which topic a message is of.
            // With the blueprint's own queue the subscription counts as ctguard's, so that the next
            // apply removes it, too, should it be left behind.
            let kept = owned(topic) && seen.is_some_and(|queue| queue.known().is_some());
            let attributes = SubscriptionAttributes {
                dead_letter_arn: kept.then(|| dead_letters.clone()),
                ..SubscriptionAttributes::default()
            };
            Action::Subscribe { topic: topic.clone(), endpoint: endpoint.clone(), attributes }
        }));
        calls
    }
}

/// A queue that takes messages of these topics alone.
fn receipt_queue(place: &Place, desired: &Desired, topics: &BTreeSet<String>) -> Queue {
    let name = desired.names.drill_receipt();
    let sources: Vec<String> = topics.iter().map(|topic| place.arn("sns", topic)).collect();
    let statement = json!({
        "Sid": name,
        "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": place.arn("sqs", &name),
        "Condition": { "ArnEquals": { "aws:SourceArn": sources } },
    });
    Queue { policy: Some(policy::document(vec![statement])), ..plain_queue() }
}

/// ARNs of the topics from which [`receipt_queue`] takes messages. AWS may give a list of one back
/// as a text.
fn topics_of(queue: &Queue) -> BTreeSet<String> {
    let statements = queue.policy.iter().filter_map(|policy| policy["Statement"].as_array());
    let sources = statements.flatten().map(|one| &one["Condition"]["ArnEquals"]["aws:SourceArn"]);
    let texts = sources.flat_map(|sources| match sources.as_array() {
        Some(list) => list.iter().collect(),
        None => vec![sources],
    });
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// What to read of a place to find what a drill has left there.
pub fn reads(desired: &Desired, place: &Place) -> ReadSet {
    let names = &desired.names;
    let receipt = place.arn("sqs", &names.drill_receipt());
    let mut reads = ReadSet {
        blueprint: desired.name.clone(),
        rule_prefix: names.prefix().to_owned(),
        topics: BTreeSet::from([place.arn("sns", &names.drill())]),
        queues: BTreeSet::from([place.arn("sqs", &names.drill()), receipt.clone()]),
        ..ReadSet::default()
    };
    if let Some(here) = desired.places.get(place) {
        reads.buses.extend(here.bus.iter().map(|bus| bus.name.clone()));
        reads.topics.extend(here.topics.keys().map(|name| place.arn("sns", name)));
        let endpoint = Endpoint::new(Protocol::Sqs, receipt);
        for topic in &here.existing_topics {
            reads.topics.insert(topic.clone());
            reads.listed.insert(topic.clone(), BTreeSet::from([endpoint.clone()]));
        }
    }
    reads
}

/// What to read of an account for the same purpose: the search by tag does not find roles.
pub fn account_reads(desired: &Desired) -> AccountReads {
    AccountReads { roles: BTreeSet::from([desired.names.drill()]), ..AccountReads::default() }
}

/// What a drill has left.
#[derive(Debug, Clone, Default)]
pub struct Leftovers {
    /// The calls that remove it, in order.
    pub calls: Vec<(Place, Action)>,
    /// What has the name of something that a drill makes, and is not a drill's.
    pub foreign: Vec<String>,
    /// What could not be read.
    pub unread: Vec<(Place, Unreadable)>,
    /// ARNs of the topics of that drill, whose subscribers were told that it begins.
    pub told: BTreeSet<String>,
}

/// Finds what a drill has left in what was read with [`reads`] and [`account_reads`].
pub fn leftovers(desired: &Desired, live: &Live) -> Leftovers {
    let mut finding = Finding { desired, found: Leftovers::default() };
    for (place, seen) in &live.places {
        finding.subscriptions(place, seen);
        finding.rules(place, seen);
        finding.rest(place, seen);
    }
    for (account, seen) in &live.accounts {
        let mut places = desired.places.keys().filter(|place| place.account == *account);
        let Some(place) = places.next() else { continue };
        for (name, role) in &seen.roles {
            if let Some(role) = finding.own(place, "role", name, role, |role| &role.tags) {
                let policies = role.role.policies.keys();
                let policies = policies.map(|policy| Action::DeleteRolePolicy {
                    role: name.clone(),
                    name: policy.clone(),
                });
                let calls = policies.chain([Action::DeleteRole { name: name.clone() }]);
                finding.found.calls.extend(calls.map(|call| (place.clone(), call)));
            }
        }
    }
    finding.found
}

struct Finding<'a> {
    desired: &'a Desired,
    found: Leftovers,
}

impl Finding<'_> {
    fn call(&mut self, place: &Place, action: Action) {
        self.found.calls.push((place.clone(), action));
    }

    fn unread(&mut self, place: &Place, why: &Unreadable) {
        self.found.unread.push((place.clone(), why.clone()));
    }

    /// An object of a drill's name, if it is a drill's.
    fn own<'t, T>(
        &mut self,
        place: &Place,
        kind: &str,
        name: &str,
        seen: &'t Observed<T>,
        tags: impl Fn(&T) -> &Observed<Tags>,
    ) -> Option<&'t T> {
        match seen {
            Observed::Absent => None,
            Observed::Unreadable(why) => {
                self.unread(place, why);
                None
            }
            Observed::Known(object) => match tags(object) {
                Observed::Unreadable(why) => {
                    self.unread(place, why);
                    None
                }
                Observed::Known(tags) if self.is_drills(tags) => Some(object),
                _ => {
                    self.found.foreign.push(format!("{kind} {name} in {place}"));
                    None
                }
            },
        }
    }

    fn is_drills(&self, tags: &Tags) -> bool {
        owned_by(tags, &self.desired.name) && tags.contains_key(DRILL_TAG)
    }

    fn subscriptions(&mut self, place: &Place, seen: &PlaceSnapshot) {
        let queue = place.arn("sqs", &self.desired.names.drill_receipt());
        let endpoint = Endpoint::new(Protocol::Sqs, queue);
        for topic in seen.topics.values() {
            match topic {
                Observed::Absent => {}
                Observed::Unreadable(why) => self.unread(place, why),
                Observed::Known(topic) => match &topic.subscriptions {
                    Observed::Unreadable(why) => self.unread(place, why),
                    Observed::Absent => {}
                    Observed::Known(all) => {
                        if let Some(LiveSubscription::Confirmed { arn, .. }) = all.get(&endpoint) {
                            self.call(place, Action::Unsubscribe { arn: arn.clone() });
                        }
                    }
                },
            }
        }
    }

    fn rules(&mut self, place: &Place, seen: &PlaceSnapshot) {
        for bus in seen.buses.keys().map(|bus| Some(bus.as_str())).chain([None]) {
            match seen.rules_of(bus) {
                Observed::Absent => {}
                Observed::Unreadable(why) => self.unread(place, &why),
                Observed::Known(rules) => {
                    for (name, rule) in rules {
                        if self.desired.names.is_drill_rule(name) {
                            self.rule(place, &RuleKey::on(bus, name), rule);
                        }
                    }
                }
            }
        }
    }

    fn rule(&mut self, place: &Place, key: &RuleKey, rule: &LiveRule) {
        let seen = Observed::Known(rule);
        if self.own(place, "rule", key.as_str(), &seen, |rule| &rule.tags).is_none() {
            return;
        }
        match &rule.targets {
            Observed::Unreadable(why) => self.unread(place, why),
            Observed::Known(targets) if !targets.is_empty() => {
                let ids = targets.keys().cloned().collect();
                self.call(place, Action::RemoveTargets { rule: key.clone(), ids });
            }
            _ => {}
        }
        self.call(place, Action::DeleteRule { name: key.clone() });
    }

    fn rest(&mut self, place: &Place, seen: &PlaceSnapshot) {
        let names = &self.desired.names;
        let (name, receipt) = (names.drill(), names.drill_receipt());
        let absent = Observed::Absent;
        let topic = seen.topics.get(&place.arn("sns", &name)).unwrap_or(&absent);
        if self.own(place, "topic", &name, topic, |topic| &topic.tags).is_some() {
            self.call(place, Action::DeleteTopic { name: name.clone() });
        }
        for queue in [name, receipt] {
            let absent = Observed::Absent;
            let live = seen.queues.get(&place.arn("sqs", &queue)).unwrap_or(&absent);
            if let Some(live) = self.own(place, "queue", &queue, live, |live| &live.tags) {
                self.found.told.extend(topics_of(&live.queue.get()));
                self.call(place, Action::DeleteQueue { name: queue });
            }
        }
    }
}
