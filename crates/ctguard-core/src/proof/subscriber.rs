//! Does each listed subscriber receive what is published to the topic?

mod endpoint;
mod filter;

use super::topic::TopicJudge;
use super::{FixedBy, Link, LinkCode, LinkObject, Status};
use crate::blueprint::Subscriber;
use crate::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol, SubscriptionAttributes};
use crate::scope::Place;
use crate::snapshot::{LiveSubscription, Observed};
use filter::Passage;

/// E-mail, web address, queue or function.
pub fn endpoint(judge: &TopicJudge<'_>, endpoint: &Endpoint) -> Link {
    let object = LinkObject::subscription(judge.arn, endpoint);
    let subscription = match subscription(judge, endpoint, &object) {
        Ok(subscription) => subscription,
        Err(link) => return *link,
    };
    let attributes = match subscription {
        None => {
            let cause = "it is not subscribed".to_owned();
            return Link::broken(
                LinkCode::SubscriberMissing,
                judge.place,
                object,
                cause,
                judge.fixed_by,
            );
        }
        Some(LiveSubscription::Pending) => return pending(judge, endpoint, object),
        Some(LiveSubscription::Confirmed { attributes, .. }) => attributes,
    };
    match filtered(judge, attributes, &object) {
        Ok(None) => endpoint::admits(judge, endpoint, object),
        Ok(Some(filtered)) => {
            // A certain failure behind the filter is reported before a filter that may fail.
            let behind = endpoint::admits(judge, endpoint, object);
            if behind.status > filtered.status { behind } else { filtered }
        }
        Err(link) => *link,
    }
}

/// What will keep a subscriber that is still to be subscribed from receiving anything, as far as
/// that is known: the subscribing itself changes nothing about it.
pub fn beforehand(judge: &TopicJudge<'_>, subscriber: &Subscriber) -> Option<Link> {
    let Subscriber::Endpoint(endpoint) = subscriber else { return None };
    let object = LinkObject::subscription(judge.arn, endpoint);
    match subscription(judge, endpoint, &object) {
        Ok(None) => {}
        Ok(Some(_)) | Err(_) => return None,
    }
    let link = endpoint::admits(judge, endpoint, object);
    (link.status >= Status::Unknown).then_some(link)
}

/// Judges a destination without listed subscribers: has anybody confirmed?
pub fn unlisted(judge: &TopicJudge<'_>) -> Link {
    let object = LinkObject::Topic(judge.arn.to_owned());
    let confirmed = match &judge.topic.subscriptions {
        Observed::Known(seen) => seen
            .values()
            .filter(|subscription| matches!(subscription, LiveSubscription::Confirmed { .. }))
            .count(),
        Observed::Absent => 0,
        Observed::Unreadable(why) => {
            return Link::unreadable(LinkCode::SubscriberMissing, judge.place, object, why);
        }
    };
    if confirmed == 0 {
        return nobody(judge.place, object);
    }
    Link {
        fix: "List them under the destination's `subscribers:`, so that each can be proven."
            .to_owned(),
        ..judge.assumed(
            LinkCode::SubscriberMissing,
            object,
            format!("the blueprint lists no subscribers; {confirmed} outside of it have confirmed"),
        )
    }
}

/// The link of a topic without subscribers, live or listed.
pub fn nobody(place: &Place, object: LinkObject) -> Link {
    Link {
        fix: "List who should receive the alerts under the destination's `subscribers:`."
            .to_owned(),
        ..Link::broken(
            LinkCode::SubscriberMissing,
            place,
            object,
            "nobody is subscribed, and the blueprint lists nobody".to_owned(),
            FixedBy::Person,
        )
    }
}

/// A channel of Amazon Q Developer in chat applications.
///
/// Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/chatbot-troubleshooting.html>
pub fn chat(judge: &TopicJudge<'_>, configuration: &str) -> Link {
    let (topic, configuration) = (judge.arn.to_owned(), configuration.to_owned());
    let object = LinkObject::Chat { topic, configuration: configuration.clone() };
    let endpoint = Endpoint::new(Protocol::Https, CHAT_ENDPOINT);
    let subscription = match subscription(judge, &endpoint, &object) {
        Ok(subscription) => subscription,
        Err(link) => return *link,
    };
    let Some(LiveSubscription::Confirmed { attributes, .. }) = subscription else {
        let cause = "the chat configuration does not list the topic".to_owned();
        return Link {
            fix: format!("Add the topic {} to the chat configuration {configuration}.", judge.arn),
            ..Link::broken(LinkCode::ChatMissing, judge.place, object, cause, FixedBy::Person)
        };
    };
    if attributes.known().is_some_and(|now| now.raw_message_delivery) {
        let cause = "raw message delivery is on".to_owned();
        return Link {
            fix: "Turn raw message delivery off for the chat service's subscription.".to_owned(),
            ..Link::broken(LinkCode::ChatRaw, judge.place, object, cause, FixedBy::Person)
        };
    }
    match filtered(judge, attributes, &object) {
        Err(link) => return Link { fixed_by: FixedBy::Person, ..*link },
        Ok(Some(link)) => return link,
        Ok(None) => {}
    }
    let cause =
        "the chat service is subscribed to the topic; which configuration lists it is not read";
    Link {
        fix: "Check the channel in Amazon Q Developer in chat applications, and that the bot is a member of it.".to_owned(),
        ..judge.assumed(LinkCode::ChatMissing, object, cause.to_owned())
    }
}

/// SNS does not tell when a pending subscription was requested.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html>
fn pending(judge: &TopicJudge<'_>, endpoint: &Endpoint, object: LinkObject) -> Link {
    let address = endpoint.shown();
    let fix = match endpoint.protocol {
        Protocol::Email | Protocol::EmailJson => format!(
            "{address} must confirm in the mail that AWS sent, within 48 hours; after that `ctguard apply` sends a new one."
        ),
        _ => format!(
            "{address} must visit the SubscribeURL it was sent; after 48 hours `ctguard apply` asks again."
        ),
    };
    let cause =
        "it has not confirmed the subscription; since when is not known, as SNS does not say"
            .to_owned();
    Link {
        fix,
        ..Link::broken(LinkCode::SubscriberPending, judge.place, object, cause, FixedBy::Person)
    }
}

/// Whether a filter policy drops the alert's messages: `Err` for a link that decides by itself.
fn filtered(
    judge: &TopicJudge<'_>,
    attributes: &Observed<SubscriptionAttributes>,
    object: &LinkObject,
) -> Result<Option<Link>, Box<Link>> {
    let now = match attributes {
        Observed::Known(now) => now,
        Observed::Absent => return Ok(None),
        Observed::Unreadable(why) => {
            let object = object.clone();
            return Err(Box::new(Link::unreadable(
                LinkCode::SubscriberFilter,
                judge.place,
                object,
                why,
            )));
        }
    };
    let object = object.clone();
    match filter::passage(now, judge.destination.format) {
        Passage::All => Ok(None),
        Passage::None(cause) => {
            let code = LinkCode::SubscriberFilter;
            Err(Box::new(Link::broken(code, judge.place, object, cause, judge.fixed_by)))
        }
        Passage::Some(cause) => Ok(Some(Link {
            fix:
                "Take the filter policy off the subscription, or check that every alert passes it."
                    .to_owned(),
            ..judge.assumed(LinkCode::SubscriberFilter, object, cause)
        })),
    }
}

fn subscription<'a>(
    judge: &TopicJudge<'a>,
    endpoint: &Endpoint,
    object: &LinkObject,
) -> Result<Option<&'a LiveSubscription>, Box<Link>> {
    match &judge.topic.subscriptions {
        Observed::Known(seen) => Ok(seen.get(endpoint)),
        Observed::Absent => Ok(None),
        Observed::Unreadable(why) => {
            let (code, object) = (LinkCode::SubscriberMissing, object.clone());
            Err(Box::new(Link::unreadable(code, judge.place, object, why)))
        }
    }
}

fn there(judge: &TopicJudge<'_>, object: LinkObject) -> Link {
    let cause = "it is subscribed and has confirmed".to_owned();
    Link::proven(LinkCode::SubscriberMissing, judge.place, object, cause)
}
