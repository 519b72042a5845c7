//! Changes by people and by time: confirmations, events, and expiry.

mod made;
mod queues;

pub use self::queues::QueueMade;

use super::deliver::{Delivery, follow, follow_recorded, metrics};
use super::state::{Received, State, StoredExecution, StoredSubscription, locate};
use super::{Sandbox, SandboxError, logging, machines, topics};
use ctguard_core::event::sample::Clock;
use ctguard_core::resource::rule::{Input, Target};
use ctguard_core::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::scope::{AccountId, Place, Region};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a subscription waits to be confirmed before SNS deletes it.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html>
const PENDING_HOURS: i64 = 48;

/// How many messages a region's outbox keeps; the oldest are dropped first.
const OUTBOX_MAX: usize = 1_000;

/// How many executions of a state machine are kept.
const EXECUTIONS_MAX: usize = 1_000;

/// Which subscriptions are confirmed. Every given field must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfirmFilter {
    pub account: Option<AccountId>,
    pub region: Option<Region>,
    /// The topic's name, or its last words.
    pub topic: Option<String>,
    /// Part of the endpoint's address; `chat` for the chat service.
    pub endpoint: Option<String>,
}

/// A subscription, named by its topic and endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// ARN of the topic.
    pub topic: String,
    pub endpoint: Endpoint,
}

impl Sandbox {
    /// Lets people confirm their subscriptions, and adds the topics that carry chat messages to a
    /// chat channel's configuration. Returns what was confirmed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn confirm(&self, filter: &ConfirmFilter) -> Result<Vec<Subscribed>, SandboxError> {
        self.change(|state| Ok(confirm(state, filter)))
    }

    /// Sends an event: follows it, counts its metrics, and stores what arrives in outboxes and
    /// queues.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn send(&self, event: &Value) -> Result<Delivery, SandboxError> {
        self.change(|state| Ok(send(state, event)))
    }

    /// Somebody makes a call: what it changes, and then its event, which CloudTrail records by the
    /// trails that were there before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn call_made(
        &self,
        event: &Value,
        change: impl FnOnce(&mut State),
    ) -> Result<Delivery, SandboxError> {
        self.change(|state| {
            let before = state.clone();
            change(state);
            let delivery = follow_recorded(&before, state, event);
            Ok(kept(state, delivery))
        })
    }

    /// Advances the clock by 48 hours: SNS deletes pending subscriptions, SQS what it has kept for
    /// as long as it may, and failures leave the period that is read from CloudWatch. Returns what was deleted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn advance(&self) -> Result<Vec<Subscribed>, SandboxError> {
        self.change(|state| {
            let waited = SignedDuration::from_hours(PENDING_HOURS);
            if let Ok(later) = state.clock.0.checked_add(waited) {
                state.clock = Clock(later);
            }
            forget_failures(state);
            machines::end_deletions(state);
            super::queues::expire(state);
            // The search by tag has long caught up.
            state.indexed = None;
            Ok(expire(state))
        })
    }
}

fn confirm(state: &mut State, filter: &ConfirmFilter) -> Vec<Subscribed> {
    let mut done = Vec::new();
    for place in state.places() {
        let elsewhere = filter.account.as_ref().is_some_and(|account| *account != place.account)
            || filter.region.as_ref().is_some_and(|region| *region != place.region);
        if elsewhere {
            continue;
        }
        let chat_topics = chat_topics(state, &place);
        for (name, topic) in &mut state.region_mut(&place).topics {
            let wanted = |wanted: &String| name == wanted || name.ends_with(&format!("-{wanted}"));
            if !filter.topic.as_ref().is_none_or(wanted) {
                continue;
            }
            let subscribed = |endpoint: &Endpoint| Subscribed {
                topic: place.arn("sns", name),
                endpoint: endpoint.clone(),
            };
            for (endpoint, subscription) in &mut topic.subscriptions {
                let StoredSubscription::Pending { attributes, .. } = subscription else {
                    continue;
                };
                // The chat service confirms only what it subscribed itself.
                let person = endpoint.address() != CHAT_ENDPOINT;
                if person
                    && filter.endpoint.as_ref().is_none_or(|part| endpoint.address().contains(part))
                {
                    *subscription = topics::confirmed(&place, name, endpoint, attributes.clone());
                    done.push(subscribed(endpoint));
                }
            }
            let chat = Endpoint::new(Protocol::Https, CHAT_ENDPOINT);
            let meant = filter.endpoint.as_ref().is_none_or(|part| CHAT_ENDPOINT.contains(part));
            let there = matches!(
                topic.subscriptions.get(&chat),
                Some(StoredSubscription::Confirmed { .. })
            );
            if meant && !there && chat_topics.contains(&place.arn("sns", name)) {
                let attributes = SubscriptionAttributes::default();
                let subscription = topics::confirmed(&place, name, &chat, attributes);
                done.push(subscribed(&chat));
                topic.subscriptions.insert(chat, subscription);
            }
        }
    }
    done
}

/// The topics to which some rule sends messages in the chat service's custom schema.
fn chat_topics(state: &State, place: &Place) -> Vec<String> {
    let is_chat = |target: &&Target| match &target.input {
        Input::Transformer(transformer) => {
            let words: String =
                transformer.template.chars().filter(|c| !c.is_whitespace()).collect();
            words.contains("\"source\":\"custom\"") && words.contains("\"version\":\"1.0\"")
        }
        _ => false,
    };
    let rules = state.region(place).all_rules();
    let targets = rules.flat_map(|(_, rule)| rule.targets.values());
    targets.filter(is_chat).map(|target| target.arn.clone()).collect()
}

/// Follows an event, and keeps what becomes of it.
pub(super) fn send(state: &mut State, event: &Value) -> Delivery {
    let delivery = follow(state, event);
    kept(state, delivery)
}

/// Keeps what became of an event: messages, metrics, executions, and what state machines changed,
/// of which CloudTrail writes events, too.
fn kept(state: &mut State, delivery: Delivery) -> Delivery {
    keep(state, &delivery);
    metrics::count(state, &delivery);
    let start = state.clock;
    for began in &delivery.executions {
        if let Some((place, name)) = machines::named(&began.machine) {
            let all = state.region_mut(&place).executions.entry(name).or_default();
            all.push(StoredExecution { arn: began.execution.clone(), start });
            let extra = all.len().saturating_sub(EXECUTIONS_MAX);
            all.drain(..extra);
        }
    }
    for call in &delivery.calls {
        if super::apply(state, &call.place, &call.action).is_ok() {
            let event = logging::log_by_machine(state, call);
            send(state, &event);
        }
    }
    delivery
}

pub(super) fn keep(state: &mut State, delivery: &Delivery) {
    for received in &delivery.received {
        if received.endpoint.protocol == Protocol::Sqs {
            let body = in_queue(state, received);
            super::queues::put(state, received.endpoint.address(), body);
        }
    }
    for letter in &delivery.dead_letters {
        super::queues::put(state, &letter.queue, letter.reason.clone());
    }
    for received in &delivery.received {
        let home = ["sns", "events"].iter().find_map(|service| locate(&received.topic, service));
        if let Some((home, _)) = home {
            let outbox: &mut Vec<Received> = &mut state.region_mut(&home).outbox;
            outbox.push(received.clone());
            let extra = outbox.len().saturating_sub(OUTBOX_MAX);
            outbox.drain(..extra);
        }
    }
}

/// A message as it lies in a queue: SNS puts an envelope around it, unless the subscription is one
/// of raw messages.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
fn in_queue(state: &State, received: &Received) -> String {
    let subscription =
        state.topic(&received.topic).and_then(|topic| topic.subscriptions.get(&received.endpoint));
    match subscription {
        Some(subscription) if !subscription.attributes().raw_message_delivery => json!({
            "Type": "Notification",
            "TopicArn": received.topic,
            "Subject": received.subject,
            "Message": received.text,
            "Timestamp": String::from(state.clock),
        })
        .to_string(),
        _ => received.text.clone(),
    }
}

/// Failures are read for the last day, and two days have passed.
fn forget_failures(state: &mut State) {
    for place in state.places() {
        for metrics in state.region_mut(&place).metrics.values_mut() {
            (metrics.failed, metrics.failed_to_dlq) = (0, 0);
        }
        state.region_mut(&place).executions_failed.clear();
    }
}

fn expire(state: &mut State) -> Vec<Subscribed> {
    let now = state.clock.0;
    let waited = SignedDuration::from_hours(PENDING_HOURS);
    let mut gone = Vec::new();
    for place in state.places() {
        for (name, topic) in &mut state.region_mut(&place).topics {
            topic.subscriptions.retain(|endpoint, subscription| {
                let StoredSubscription::Pending { since, .. } = subscription else {
                    return true;
                };
                let stays = now.duration_since(since.0) < waited;
                if !stays {
                    let topic = place.arn("sns", name);
                    gone.push(Subscribed { topic, endpoint: endpoint.clone() });
                }
                stays
            });
        }
    }
    gone
}

#[cfg(test)]
mod tests;
