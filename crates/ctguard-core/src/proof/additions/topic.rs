//! Topics that anybody can publish to, and subscribers whom the blueprint does not list.

use super::{both, remark, undoing};
use crate::desired::{Desired, DesiredPlace, DesiredTopic};
use crate::proof::policy::stranger;
use crate::proof::{LinkCode, LinkObject, Remark};
use crate::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol};
use crate::scope::Place;
use crate::snapshot::{LiveSubscription, LiveTopic, Observed, PlaceSnapshot};

pub fn find(
    desired: &Desired,
    place: &Place,
    here: &DesiredPlace,
    seen: &PlaceSnapshot,
    found: &mut Vec<Remark>,
) {
    let queue = place.arn("sqs", &desired.names.subscriptions_queue());
    for (name, wanted) in &here.topics {
        let arn = place.arn("sns", name);
        let Some(Observed::Known(topic)) = seen.topics.get(&arn) else { continue };
        if topic.tags.name_owner(&desired.name) {
            found.extend(both(open(place, &arn, topic), undone(place, &arn, topic)));
            found.extend(unlisted(place, &arn, topic, wanted, &queue));
        }
    }
}

/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html>
fn open(place: &Place, arn: &str, topic: &LiveTopic) -> Option<Remark> {
    let statement = stranger::opening(topic.topic.policy.as_ref(), "sns:Publish", arn)?;
    let text = format!(
        "Anybody can publish to it, by {statement} of its policy: alerts can be forged. Take the statement out, or let it ask who publishes, such as by aws:PrincipalOrgID."
    );
    Some(remark(LinkCode::TopicOpenToAll, place, LinkObject::Topic(arn.to_owned()), text))
}

/// What undoes a topic, or lets its alerts be heard.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html>
const UNDOING: [&str; 6] = [
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:PutDataProtectionPolicy",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
];

fn undone(place: &Place, arn: &str, topic: &LiveTopic) -> Option<Remark> {
    let all = UNDOING.into_iter().map(|action| (action, arn.to_owned()));
    let text = undoing(topic.topic.policy.as_ref(), all)?;
    Some(remark(LinkCode::TopicOpenToAll, place, LinkObject::Topic(arn.to_owned()), text))
}

/// The chat service is listed by the configuration of a channel, and not by its address.
///
/// Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/slack-setup.html>
const CHAT_UNLISTED: &str = "Amazon Q Developer in chat applications is subscribed, because somebody added the topic to a channel, and the blueprint lists no channel: whoever reads it hears every alert that is sent there. Take the topic out of the chat configuration, or list that under the destination's `subscribers:`, as `chat: arn:aws:chatbot::ACCOUNT:chat-configuration/slack-channel/NAME`.";

/// Confirmed subscriptions of somebody whom the blueprint does not list. One with the blueprint's
/// dead-letter queue is ctguard's own, and a plan ends it.
fn unlisted<'a>(
    place: &'a Place,
    arn: &'a str,
    topic: &'a LiveTopic,
    wanted: &'a DesiredTopic,
    queue: &'a str,
) -> impl Iterator<Item = Remark> {
    let chat = Endpoint::new(Protocol::Https, CHAT_ENDPOINT);
    let is_listed = move |endpoint: &Endpoint| {
        wanted.subscriptions.contains_key(endpoint)
            || (*endpoint == chat && !wanted.chats.is_empty())
    };
    let service = Endpoint::new(Protocol::Https, CHAT_ENDPOINT);
    let all = topic.subscriptions.known().into_iter().flatten();
    all.filter(move |(endpoint, _)| !is_listed(endpoint)).filter_map(move |(endpoint, live)| {
        let LiveSubscription::Confirmed { attributes, .. } = live else { return None };
        let ours = |seen: Option<&String>| seen.is_some_and(|seen| seen == queue);
        if attributes.known().is_some_and(|now| ours(now.dead_letter_arn.as_ref())) {
            return None;
        }
        let text = match *endpoint == service {
            true => CHAT_UNLISTED.to_owned(),
            false => format!(
            "{} at {} is subscribed, and the blueprint does not list it: it hears every alert that is sent there. End the subscription, or list it.",
            endpoint.protocol,
            endpoint.shown()
        ),
        };
        let object = LinkObject::subscription(arn, endpoint);
        Some(remark(LinkCode::SubscriberUnlisted, place, object, text))
    })
}
