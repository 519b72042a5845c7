//! Subscriptions of managed topics.
//!
//! A pending subscription counts as present: it waits for a person, not for ctguard. SNS has no
//! tags on subscriptions, so ctguard recognises its own by their RedrivePolicy, which names the
//! blueprint's queue; any other subscriber that the blueprint does not list is reported and stays.

use crate::action::{Action, SubscriptionAttribute};
use crate::desired::DesiredTopic;
use crate::plan::draft::{Differ, Draft};
use crate::plan::fields::FieldChanges;
use crate::plan::{Verb, Waiting, WaitingFor};
use crate::resource::keys::SubscriptionKey;
use crate::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol, SubscriptionAttributes};
use crate::resource::{Address, Kind, policy};
use crate::scope::Place;
use crate::snapshot::{LiveSubscription, LiveTopic, Observed, Unreadable};
use std::collections::BTreeMap;

pub fn create_all(differ: &mut Differ<'_>, place: &Place, topic: &str, desired: &DesiredTopic) {
    for (endpoint, attributes) in &desired.subscriptions {
        // The topic is made with the marks of their passwords.
        create(differ, place, topic, endpoint, attributes, None);
    }
    for chat in &desired.chats {
        wait_for_chat(differ, place, topic, chat);
    }
}

pub fn diff(
    differ: &mut Differ<'_>,
    place: &Place,
    topic: &str,
    desired: &DesiredTopic,
    live: &LiveTopic,
) {
    let seen = match &live.subscriptions {
        Observed::Known(seen) => seen,
        Observed::Absent => return create_all(differ, place, topic, desired),
        Observed::Unreadable(why) => {
            return differ.unknown(place, &format!("subscriptions of topic {topic}"), why);
        }
    };
    for (endpoint, attributes) in &desired.subscriptions {
        let mark = endpoint.password_tag().map(|(key, value)| Mark::of(live, key, value));
        let found = seen.get(endpoint);
        if let (Some(live), Some(mark)) = (found, mark.as_ref().filter(|mark| mark.is_other()))
            && resubscribe(differ, place, topic, endpoint, attributes, live, mark)
        {
            continue;
        }
        match found {
            None => create(differ, place, topic, endpoint, attributes, mark.as_ref()),
            Some(LiveSubscription::Pending) => {
                differ.in_sync();
                wait_for_confirmation(differ, place, topic, endpoint);
            }
            Some(LiveSubscription::Confirmed { arn, attributes: Observed::Known(now) }) => {
                update(differ, place, topic, endpoint, attributes, arn, now);
            }
            Some(LiveSubscription::Confirmed { attributes: Observed::Unreadable(why), .. }) => {
                differ.unknown(
                    place,
                    &format!("subscription {}", SubscriptionKey::new(topic, endpoint)),
                    why,
                );
            }
            Some(LiveSubscription::Confirmed { attributes: Observed::Absent, .. }) => {
                differ.in_sync();
            }
        }
    }
    let chat = Endpoint::new(Protocol::Https, CHAT_ENDPOINT);
    for configuration in &desired.chats {
        if !matches!(seen.get(&chat), Some(LiveSubscription::Confirmed { .. })) {
            wait_for_chat(differ, place, topic, configuration);
        }
    }
    let mut unread: BTreeMap<&Unreadable, Vec<&Endpoint>> = BTreeMap::new();
    for (endpoint, subscription) in seen {
        let listed = desired.subscriptions.contains_key(endpoint)
            || (*endpoint == chat && !desired.chats.is_empty());
        if listed {
            continue;
        }
        match subscription {
            LiveSubscription::Confirmed { attributes: Observed::Unreadable(why), .. } => {
                unread.entry(why).or_default().push(endpoint);
            }
            _ => unlisted(differ, place, topic, endpoint, subscription),
        }
    }
    // A topic may have thousands of them.
    for (why, endpoints) in unread {
        let what = match endpoints.as_slice() {
            [one] => format!("subscription {}", SubscriptionKey::new(topic, one)),
            several => format!("{} other subscriptions of topic {topic}", several.len()),
        };
        differ.unknown(place, &what, why);
    }
}

fn create(
    differ: &mut Differ<'_>,
    place: &Place,
    topic: &str,
    endpoint: &Endpoint,
    attributes: &SubscriptionAttributes,
    mark: Option<&Mark>,
) {
    if endpoint.is_masked() {
        return differ.refuse(
            Address::of_subscription(place, SubscriptionKey::new(topic, endpoint)),
            "a part of its address is hidden here, and SNS needs it whole",
            "Saved plans hide secrets that are written in the blueprint: write the URL as `secret: env:NAME`, or apply the blueprint instead of the plan.",
        );
    }
    let mut fields = FieldChanges::default();
    fields.set("dead_letter_arn", &attributes.dead_letter_arn);
    let mut calls = vec![Action::Subscribe {
        topic: topic.to_owned(),
        endpoint: endpoint.clone(),
        attributes: attributes.clone(),
    }];
    calls.extend(mark.filter(|mark| !mark.is_same()).map(|mark| mark.call(topic)));
    let queue = differ.desired.names.subscriptions_queue();
    let draft = Draft::new(
        place,
        Kind::Subscription,
        &SubscriptionKey::new(topic, endpoint).to_string(),
        Verb::Create,
        "it does not exist",
    )
    .needs([Address::new(place, Kind::Topic, topic), Address::new(place, Kind::Queue, queue)]);
    differ.change(draft, fields.into_vec(), calls);
    if needs_confirmation(endpoint) {
        wait_for_confirmation(differ, place, topic, endpoint);
    }
}

/// What tells the password of a subscriber, as a tag of its topic.
struct Mark {
    key: String,
    live: Option<String>,
    wanted: String,
}

impl Mark {
    fn of(topic: &LiveTopic, key: String, wanted: String) -> Self {
        let live = topic.tags.known().and_then(|tags| tags.get(&key)).cloned();
        Self { key, live, wanted }
    }

    fn is_same(&self) -> bool {
        self.live.as_ref() == Some(&self.wanted)
    }

    /// Whether it tells of another password; a topic that has none yet tells nothing.
    fn is_other(&self) -> bool {
        self.live.is_some() && !self.is_same()
    }

    fn call(&self, topic: &str) -> Action {
        let tags = [(self.key.clone(), self.wanted.clone())].into_iter().collect();
        Action::TagTopic { name: topic.to_owned(), tags }
    }
}

/// Subscribes an endpoint whose password is another one now: SNS neither shows nor changes it. The
/// old subscription is ended first, since nothing would tell the two apart. The tag comes last, so
/// that an interrupted apply is repeated.
///
/// Returns whether it was planned; a subscription that cannot be read is left to others.
fn resubscribe(
    differ: &mut Differ<'_>,
    place: &Place,
    topic: &str,
    endpoint: &Endpoint,
    attributes: &SubscriptionAttributes,
    found: &LiveSubscription,
    mark: &Mark,
) -> bool {
    let subscribe = Action::Subscribe {
        topic: topic.to_owned(),
        endpoint: endpoint.clone(),
        attributes: attributes.clone(),
    };
    let mut calls = match found {
        LiveSubscription::Confirmed { arn, attributes: Observed::Known(_) } => {
            vec![Action::Unsubscribe { arn: arn.clone() }, subscribe]
        }
        LiveSubscription::Confirmed { .. } => return false,
        LiveSubscription::Pending => vec![subscribe],
    };
    calls.push(mark.call(topic));
    let mut fields = FieldChanges::default();
    fields.differ("password", &mark.live, &mark.wanted);
    let draft = Draft::new(
        place,
        Kind::Subscription,
        &SubscriptionKey::new(topic, endpoint).to_string(),
        Verb::Update,
        "its password was changed",
    );
    differ.change(draft, fields.into_vec(), calls);
    wait_for_confirmation(differ, place, topic, endpoint);
    true
}

fn update(
    differ: &mut Differ<'_>,
    place: &Place,
    topic: &str,
    endpoint: &Endpoint,
    wanted: &SubscriptionAttributes,
    arn: &str,
    now: &SubscriptionAttributes,
) {
    let mut fields = FieldChanges::default();
    let mut calls = Vec::new();
    let mut set = |attribute| {
        calls.push(Action::SetSubscriptionAttribute { arn: arn.to_owned(), attribute });
    };
    if now.raw_message_delivery != wanted.raw_message_delivery {
        fields.differ(
            "raw_message_delivery",
            &now.raw_message_delivery,
            &wanted.raw_message_delivery,
        );
        set(SubscriptionAttribute::RawMessageDelivery(wanted.raw_message_delivery));
    }
    // AWS writes the policy anew: the order of keys and of values says nothing.
    if !policy::same_json(now.filter_policy.as_ref(), wanted.filter_policy.as_ref()) {
        fields.differ("filter_policy", &now.filter_policy, &wanted.filter_policy);
        set(SubscriptionAttribute::FilterPolicy(wanted.filter_policy.clone()));
    }
    if now.dead_letter_arn != wanted.dead_letter_arn {
        fields.differ("dead_letter_arn", &now.dead_letter_arn, &wanted.dead_letter_arn);
        set(SubscriptionAttribute::DeadLetterArn(wanted.dead_letter_arn.clone()));
    }
    let draft = Draft::new(
        place,
        Kind::Subscription,
        &SubscriptionKey::new(topic, endpoint).to_string(),
        Verb::Update,
        "it differs from the blueprint",
    );
    differ.change(draft, fields.into_vec(), calls);
}

fn unlisted(
    differ: &mut Differ<'_>,
    place: &Place,
    topic: &str,
    endpoint: &Endpoint,
    live: &LiveSubscription,
) {
    let ours = place.arn("sqs", &differ.desired.names.subscriptions_queue());
    if let LiveSubscription::Confirmed { arn, attributes: Observed::Known(now) } = live
        && now.dead_letter_arn.as_ref() == Some(&ours)
    {
        let draft = Draft::new(
            place,
            Kind::Subscription,
            &SubscriptionKey::new(topic, endpoint).to_string(),
            Verb::Delete,
            differ.gone("the blueprint no longer lists it"),
        );
        return differ.change(draft, Vec::new(), vec![Action::Unsubscribe { arn: arn.clone() }]);
    }
    match live {
        LiveSubscription::Pending => differ.warn(format!(
            "{endpoint} has a pending subscription to topic {topic} in {place} that is not in the blueprint. AWS deletes it within 48 hours unless it is confirmed; its creator is unknown until then."
        )),
        LiveSubscription::Confirmed { .. } if endpoint.address() == CHAT_ENDPOINT => differ.warn(format!(
            "Somebody added topic {topic} in {place} to a channel of Amazon Q Developer in chat applications, and the blueprint lists no `chat:` there: the channel hears its alerts, too."
        )),
        LiveSubscription::Confirmed { .. } => differ.warn(format!(
            "{endpoint} is subscribed to topic {topic} in {place}, is not in the blueprint and was not made by ctguard: it stays."
        )),
    }
}

/// SQS and Lambda endpoints are confirmed by the call itself; all others must confirm.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>
fn needs_confirmation(endpoint: &Endpoint) -> bool {
    !matches!(endpoint.protocol, Protocol::Sqs | Protocol::Lambda)
}

fn wait_for_confirmation(differ: &mut Differ<'_>, place: &Place, topic: &str, endpoint: &Endpoint) {
    let message = match endpoint.protocol {
        Protocol::Email | Protocol::EmailJson => format!(
            "{} must open the mail from AWS Notifications and confirm within 48 hours; until then nothing reaches them.",
            endpoint.shown()
        ),
        _ => format!(
            "{} must confirm the subscription it is sent; until then nothing reaches it.",
            endpoint.shown()
        ),
    };
    differ.wait(Waiting {
        address: Address::of_subscription(place, SubscriptionKey::new(topic, endpoint)),
        what: WaitingFor::Confirmation,
        message,
    });
}

fn wait_for_chat(differ: &mut Differ<'_>, place: &Place, topic: &str, configuration: &str) {
    differ.wait(Waiting {
        address: Address::of_subscription(place, SubscriptionKey::chat(topic, configuration)),
        what: WaitingFor::ChatConfiguration,
        message: format!(
            "Somebody must add the topic {} to the chat configuration {configuration} (in Amazon Q Developer in chat applications, or with `aws chatbot update-slack-channel-configuration --sns-topic-arns`).",
            place.arn("sns", topic)
        ),
    });
}
