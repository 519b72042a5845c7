//! From the topic to the people: its policy, its key, and each listed subscriber.

use super::policy::{Admission, Request, admission};
use super::rule::{broken, proven};
use super::{Link, LinkCode, Mender, Proof, Status, unreadable};
use crate::blueprint::Subscriber;
use crate::desired::{Desired, DestinationPath};
use crate::plan::Live;
use crate::resource::BLUEPRINT_TAG;
use crate::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol};
use crate::scope::{Arn, Place};
use crate::snapshot::{LiveKey, LiveSubscription, LiveTopic, Observed};

/// EventBridge publishes to a topic; conditions cannot be met there.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>
const EVENTS: &str = "events.amazonaws.com";

pub fn judge(
    desired: &Desired,
    live: &Live,
    place: &Place,
    destination: &DestinationPath,
    links: &mut Vec<Link>,
) {
    let arn = &destination.topic_arn;
    let managed = destination.managed_topic.is_some();
    let seen = live.places.get(place).and_then(|seen| seen.topics.get(arn));
    let topic = match seen {
        Some(Observed::Known(topic)) => topic,
        Some(Observed::Unreadable(why)) => {
            return links.push(unreadable(LinkCode::TopicMissing, place, arn.clone(), why));
        }
        Some(Observed::Absent) | None => {
            let mender = if managed { Mender::Apply } else { Mender::Person };
            return links.push(broken(
                LinkCode::TopicMissing,
                place,
                arn.clone(),
                "it does not exist".to_owned(),
                mender,
            ));
        }
    };
    let owned = topic
        .tags
        .known()
        .and_then(|tags| tags.get(BLUEPRINT_TAG))
        .is_some_and(|name| *name == desired.name);
    let judge = TopicJudge {
        live,
        place,
        arn,
        topic,
        mender: if managed && owned { Mender::Apply } else { Mender::Person },
    };
    links.push(judge.policy());
    if let Some(key) = &topic.topic.kms_key {
        links.push(judge.key(key));
    }
    for subscriber in &destination.subscribers {
        links.push(match subscriber {
            Subscriber::Endpoint(endpoint) => judge.subscriber(endpoint),
            Subscriber::Chat(configuration) => judge.chat(configuration),
        });
    }
}

struct TopicJudge<'a> {
    live: &'a Live,
    place: &'a Place,
    arn: &'a str,
    topic: &'a LiveTopic,
    mender: Mender,
}

impl TopicJudge<'_> {
    fn policy(&self) -> Link {
        let request = Request {
            service: EVENTS,
            action: "sns:Publish",
            resource: self.arn,
            source_arn: None,
            source_account_refused: true,
        };
        let object = self.arn.to_owned();
        match admission(self.topic.topic.policy.as_ref(), &request) {
            Admission::Admits => proven(LinkCode::TopicPolicy, self.place, object, "its policy lets EventBridge publish".to_owned()),
            Admission::Refuses(cause) => broken(LinkCode::TopicPolicy, self.place, object, cause, self.mender),
            Admission::Assumes(cause) => self.assumed(LinkCode::TopicPolicy, object, cause, "AWS documents that conditions cannot be used for EventBridge in a topic policy: allow it without one."),
        }
    }

    fn key(&self, key: &str) -> Link {
        let object = format!("{} (key {key})", self.arn);
        let seen = self.live.places.get(self.place).and_then(|seen| seen.keys.get(key));
        let key = match seen {
            Some(Observed::Known(key)) => key,
            Some(Observed::Unreadable(why)) => {
                return unreadable(LinkCode::TopicKey, self.place, object, why);
            }
            Some(Observed::Absent) | None => {
                return broken(
                    LinkCode::TopicKey,
                    self.place,
                    object,
                    "the key does not exist".to_owned(),
                    Mender::Person,
                );
            }
        };
        match key_refuses(key) {
            Ok(None) => proven(LinkCode::TopicKey, self.place, object, "its key lets EventBridge use it".to_owned()),
            Ok(Some(cause)) => self.assumed(LinkCode::TopicKey, object, cause, "Allow events.amazonaws.com in the key policy without a condition."),
            Err(KeyTrouble::Unreadable(why)) => unreadable(LinkCode::TopicKey, self.place, object, &why),
            Err(KeyTrouble::Refuses(cause)) => Link {
                code: LinkCode::TopicKey,
                status: Status::Broken,
                place: self.place.clone(),
                object,
                cause,
                fix: "Allow events.amazonaws.com kms:GenerateDataKey* and kms:Decrypt in the policy of an enabled customer-managed key, without a condition.".to_owned(),
                mender: Mender::Person,
            },
        }
    }

    fn subscriber(&self, endpoint: &Endpoint) -> Link {
        let object = format!("{} ← {endpoint}", self.arn);
        let subscription = match self.subscription(endpoint, &object) {
            Ok(subscription) => subscription,
            Err(link) => return *link,
        };
        match subscription {
            None => broken(
                LinkCode::SubscriberMissing,
                self.place,
                object,
                "it is not subscribed".to_owned(),
                self.mender,
            ),
            Some(LiveSubscription::Pending) => {
                let fix = match endpoint.protocol {
                    Protocol::Email | Protocol::EmailJson => format!(
                        "{} must confirm in the mail that AWS sent, within 48 hours; after that `ctguard apply` sends a new one.",
                        endpoint.address
                    ),
                    _ => format!(
                        "{} must visit the SubscribeURL it was sent; after 48 hours `ctguard apply` asks again.",
                        endpoint.address
                    ),
                };
                Link {
                    fix,
                    ..broken(
                        LinkCode::SubscriberPending,
                        self.place,
                        object,
                        "it has not confirmed the subscription".to_owned(),
                        Mender::Person,
                    )
                }
            }
            Some(LiveSubscription::Confirmed { attributes, .. }) => {
                match attributes {
                    Observed::Unreadable(why) => {
                        return unreadable(LinkCode::SubscriberFilter, self.place, object, why);
                    }
                    Observed::Known(now) if now.filter_policy.is_some() => {
                        let cause = "a filter policy decides which messages it gets".to_owned();
                        return broken(
                            LinkCode::SubscriberFilter,
                            self.place,
                            object,
                            cause,
                            self.mender,
                        );
                    }
                    _ => {}
                }
                match endpoint.protocol {
                    Protocol::Sqs => self.queue(endpoint, object),
                    Protocol::Lambda => self.assumed(
                        LinkCode::SubscriberEndpoint,
                        object,
                        "it is subscribed; the function's own policy is not read".to_owned(),
                        "Check that the function's policy lets sns.amazonaws.com invoke it for this topic.",
                    ),
                    _ => proven(LinkCode::SubscriberMissing, self.place, object, "it is subscribed and has confirmed".to_owned()),
                }
            }
        }
    }

    /// The queue's own policy must let SNS send.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html>
    fn queue(&self, endpoint: &Endpoint, object: String) -> Link {
        let queue = &endpoint.address;
        let home = Arn::parse(queue).and_then(|arn| {
            self.live.places.iter().find(|(place, _)| {
                place.account.as_str() == arn.account && place.region.as_str() == arn.region
            })
        });
        let Some((_, seen)) = home else {
            return self.assumed(
                LinkCode::SubscriberEndpoint,
                object,
                "it is subscribed; the queue is outside the places that are read".to_owned(),
                "Check that the queue's policy lets sns.amazonaws.com send for this topic.",
            );
        };
        let policy = match seen.queues.get(queue) {
            Some(Observed::Known(live)) => live.queue.policy.as_ref(),
            Some(Observed::Unreadable(why)) => {
                return unreadable(LinkCode::SubscriberEndpoint, self.place, object, why);
            }
            Some(Observed::Absent) | None => {
                return broken(
                    LinkCode::SubscriberEndpoint,
                    self.place,
                    object,
                    "the queue does not exist".to_owned(),
                    Mender::Person,
                );
            }
        };
        let request = Request {
            service: "sns.amazonaws.com",
            action: "sqs:SendMessage",
            resource: queue,
            source_arn: Some(self.arn),
            source_account_refused: false,
        };
        let fix = format!(
            "Let the queue's policy allow sns.amazonaws.com sqs:SendMessage for aws:SourceArn {}.",
            self.arn
        );
        match admission(policy, &request) {
            Admission::Admits => proven(
                LinkCode::SubscriberEndpoint,
                self.place,
                object,
                "it is subscribed and its policy lets SNS send".to_owned(),
            ),
            Admission::Assumes(cause) => {
                self.assumed(LinkCode::SubscriberEndpoint, object, cause, &fix)
            }
            Admission::Refuses(cause) => Link {
                fix,
                ..broken(
                    LinkCode::SubscriberEndpoint,
                    self.place,
                    object,
                    format!("the queue: {cause}"),
                    Mender::Person,
                )
            },
        }
    }

    fn chat(&self, configuration: &str) -> Link {
        let object = format!("{} ← {configuration}", self.arn);
        let endpoint = Endpoint::new(Protocol::Https, CHAT_ENDPOINT);
        let subscription = match self.subscription(&endpoint, &object) {
            Ok(subscription) => subscription,
            Err(link) => return *link,
        };
        match subscription {
            Some(LiveSubscription::Confirmed { attributes, .. }) => {
                if attributes.known().is_some_and(|now| now.raw_message_delivery) {
                    return broken(
                        LinkCode::ChatRaw,
                        self.place,
                        object,
                        "raw message delivery is on".to_owned(),
                        Mender::Person,
                    );
                }
                self.assumed(
                    LinkCode::ChatMissing,
                    object,
                    "the chat service is subscribed to the topic; which configuration lists it is not read".to_owned(),
                    "Check the channel in Amazon Q Developer in chat applications, and that the bot is a member of it.",
                )
            }
            _ => Link {
                fix: format!(
                    "Add the topic {} to the chat configuration {configuration}.",
                    self.arn
                ),
                ..broken(
                    LinkCode::ChatMissing,
                    self.place,
                    object,
                    "the chat configuration does not list the topic".to_owned(),
                    Mender::Person,
                )
            },
        }
    }

    fn subscription(
        &self,
        endpoint: &Endpoint,
        object: &str,
    ) -> Result<Option<&LiveSubscription>, Box<Link>> {
        match &self.topic.subscriptions {
            Observed::Known(seen) => Ok(seen.get(endpoint)),
            Observed::Absent => Ok(None),
            Observed::Unreadable(why) => Err(Box::new(unreadable(
                LinkCode::SubscriberMissing,
                self.place,
                object.to_owned(),
                why,
            ))),
        }
    }

    fn assumed(&self, code: LinkCode, object: String, cause: String, fix: &str) -> Link {
        Link {
            code,
            status: Status::Assumed,
            place: self.place.clone(),
            object,
            cause,
            fix: fix.to_owned(),
            mender: Mender::Person,
        }
    }
}

enum KeyTrouble {
    Refuses(String),
    Unreadable(crate::snapshot::Unreadable),
}

/// An encrypted topic needs a customer-managed key that EventBridge may use unconditionally.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
fn key_refuses(key: &LiveKey) -> Result<Option<String>, KeyTrouble> {
    if key.aws_managed {
        return Err(KeyTrouble::Refuses(
            "it is an AWS-managed key, which EventBridge cannot use".to_owned(),
        ));
    }
    if !key.enabled {
        return Err(KeyTrouble::Refuses("the key is disabled".to_owned()));
    }
    let policy = match &key.policy {
        Observed::Known(policy) => Some(policy),
        Observed::Absent => None,
        Observed::Unreadable(why) => return Err(KeyTrouble::Unreadable(why.clone())),
    };
    let mut assumed = None;
    for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
        let request = Request {
            service: EVENTS,
            action,
            resource: &key.arn,
            source_arn: None,
            source_account_refused: true,
        };
        match admission(policy, &request) {
            Admission::Admits => {}
            Admission::Assumes(cause) => assumed = Some(cause),
            Admission::Refuses(cause) => return Err(KeyTrouble::Refuses(cause)),
        }
    }
    Ok(assumed)
}

/// Dead letters that wait are alerts that somebody did not get.
pub fn signals(desired: &Desired, live: &Live, proof: &mut Proof) {
    for (place, here) in &desired.places {
        for name in here.queues.keys() {
            let arn = place.arn("sqs", name);
            let queue = live
                .places
                .get(place)
                .and_then(|seen| seen.queues.get(&arn))
                .and_then(Observed::known);
            if let Some(queue) = queue.filter(|queue| queue.messages > 0) {
                proof.signals.push(Link {
                    code: LinkCode::DeadLetters,
                    status: Status::Broken,
                    place: place.clone(),
                    object: arn,
                    cause: format!("about {} messages wait in it", queue.messages),
                    fix: "Read them (their attributes say which rule or topic, and why), mend the cause, then purge the queue.".to_owned(),
                    mender: Mender::Person,
                });
            }
        }
    }
}
