//! What a live rule sends to: topics, which become destinations, and all else, which it keeps.

use crate::import::draft::{Draft, free_id, id_of};
use crate::import::frame::Destination;
use crate::resource::rule::{Input, Target, Targets};
use crate::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol};
use crate::scope::{Arn, Place};
use crate::secret;
use crate::snapshot::{Live, Observed};
use std::collections::{BTreeMap, BTreeSet};

/// A topic as a blueprint names it: `{region}` and `{account}` stand for the rule's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Topic {
    arn: String,
    role: Option<String>,
}

/// What rules of one name and pattern send to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sent {
    /// Each with whether it is sent the whole event.
    pub(super) topics: BTreeMap<Topic, bool>,
    /// ARNs of what is no topic that a blueprint can send to.
    others: BTreeSet<String>,
    /// Queues for what cannot be delivered.
    dead: BTreeSet<String>,
    scheduled: bool,
}

impl Sent {
    pub(super) fn of(place: &Place, targets: &Targets) -> Self {
        let mut sent = Self::default();
        for target in targets.values() {
            match Topic::of(place, target) {
                Some(topic) => {
                    *sent.topics.entry(topic).or_default() |= target.input == Input::Event;
                    sent.dead.extend(target.dead_letter_arn.clone());
                }
                None => drop(sent.others.insert(target.arn.clone())),
            }
        }
        sent
    }

    /// The rule also fires by the clock.
    pub(super) fn schedule(&mut self) {
        self.scheduled = true;
    }

    pub(super) fn add(&mut self, other: Self) {
        for (topic, whole) in other.topics {
            *self.topics.entry(topic).or_default() |= whole;
        }
        self.others.extend(other.others);
        self.dead.extend(other.dead);
        self.scheduled |= other.scheduled;
    }

    /// What is to be told beside the topics.
    pub(super) fn notes(&self, draft: &mut Draft) {
        for arn in &self.others {
            let kept = match self.topics.is_empty() {
                true => "the rule stays as it is, and goes on sending to it",
                false => "the rule stays with it alone, and goes on sending to it",
            };
            draft.note(format!("{arn} is no destination: {kept}"));
        }
        if self.topics.is_empty() {
            draft.note(
                "the rule sends to no topic: the alert is told by the route of its risk".to_owned(),
            );
        }
        for queue in &self.dead {
            draft.note(format!(
                "what cannot be delivered goes to ctguard's own queue, and no longer to {queue}"
            ));
        }
        if self.scheduled {
            draft.note("the rule has a schedule, too, which an alert has not: it stays".to_owned());
        }
    }

    pub(super) fn has_schedule(&self) -> bool {
        self.scheduled
    }
}

impl Topic {
    /// The topic of a target; none where a blueprint could not send to it.
    fn of(place: &Place, target: &Target) -> Option<Self> {
        let arn = Arn::parse(&target.arn).filter(|arn| arn.service == "sns")?;
        let own = arn.account == place.account.as_str();
        // EventBridge sends to topics of its own region alone, to those of other accounts with a
        // role; a blueprint sends to no FIFO topic.
        let reached = arn.region == place.region.as_str() && own == target.role_arn.is_none();
        if !reached || arn.resource.ends_with(".fifo") {
            return None;
        }
        let account = if own { "{account}" } else { arn.account };
        let partition = place.region.partition();
        Some(Self {
            arn: format!("arn:{partition}:sns:{{region}}:{account}:{}", arn.resource),
            role: target
                .role_arn
                .as_ref()
                .map(|role| role.replace(place.account.as_str(), "{account}")),
        })
    }

    pub(super) fn arn_in(&self, place: &Place) -> String {
        self.arn
            .replace("{region}", place.region.as_str())
            .replace("{account}", place.account.as_str())
    }

    pub(super) fn name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or(&self.arn)
    }

    pub(super) fn free_name(&self, taken: &BTreeSet<String>) -> String {
        free_id(&id_of(self.name()), taken)
    }

    /// Whether a destination is this topic.
    pub(super) fn is(&self, destination: &Destination) -> bool {
        self.arn == destination.topic && self.role == destination.role
    }

    /// Whether it is known not to be in a place.
    pub(super) fn lacks(&self, live: &Live, place: &Place) -> bool {
        let seen = live.places.get(place);
        let topic = seen.and_then(|seen| seen.topics.get(&self.arn_in(place)));
        matches!(topic, Some(Observed::Absent))
    }

    /// The destination, with those who subscribe wherever the blueprint covers.
    pub(super) fn destination(
        &self,
        name: String,
        whole: bool,
        live: &Live,
        places: &BTreeSet<Place>,
    ) -> Destination {
        let topics = places
            .iter()
            .filter_map(|place| live.places.get(place)?.topics.get(&self.arn_in(place))?.known());
        let lists: Vec<Vec<&Endpoint>> = topics
            .filter_map(|topic| Some(topic.subscriptions.known()?.keys().collect()))
            .collect();
        let (mut subscribers, mut notes) = (Vec::new(), BTreeSet::new());
        for endpoint in lists.first().into_iter().flatten() {
            if !lists.iter().all(|list| list.contains(endpoint)) {
                continue;
            }
            match listed(endpoint) {
                Ok(subscriber) => subscribers.push(subscriber),
                Err(why) => drop(notes.insert(why)),
            }
        }
        let apart = lists.iter().flatten().any(|one| !lists.iter().all(|list| list.contains(one)));
        if apart {
            notes.insert("Who subscribes in some places alone is not listed.".to_owned());
        }
        Destination {
            name,
            topic: self.arn.clone(),
            role: self.role.clone(),
            format: if whole { "raw" } else { "text" },
            subscribers,
            notes: notes.into_iter().collect(),
        }
    }
}

/// A subscriber as a blueprint lists it, or why it cannot.
fn listed(endpoint: &Endpoint) -> Result<(&'static str, String), String> {
    let address = endpoint.address();
    let key = match endpoint.protocol {
        Protocol::Email => "email",
        Protocol::Sqs => "sqs",
        Protocol::Lambda => "lambda",
        Protocol::Https if address == CHAT_ENDPOINT => {
            return Err("A chat configuration subscribes: list it as `chat: ARN`.".to_owned());
        }
        Protocol::Https if endpoint.is_masked() || secret::literal(address).is_some() => {
            return Err(format!(
                "{} has a secret in its address: list it as `secret: env:NAME`.",
                endpoint.shown()
            ));
        }
        Protocol::Https => "https",
        other => return Err(format!("Its subscribers by {other} cannot be listed; they stay.")),
    };
    Ok((key, address.to_owned()))
}
