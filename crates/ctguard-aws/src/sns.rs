//! SNS: topics, their subscriptions and tags.

use super::errors::{self, absent, is_not_found, observed};
use super::kms::document;
use super::session::{Session, tags_as};
use aws_sdk_sns::types as sdk;
use ctguard_core::action::{SubscriptionAttribute, TopicAttribute};
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::Tags;
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes, Topic};
use ctguard_core::snapshot::LiveSubscription;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

const CREATE_TOPIC: &str = "sns:CreateTopic";
const DELETE_TOPIC: &str = "sns:DeleteTopic";
pub(super) const GET_SUBSCRIPTION_ATTRIBUTES: &str = "sns:GetSubscriptionAttributes";
const GET_TOPIC_ATTRIBUTES: &str = "sns:GetTopicAttributes";
const LIST_SUBSCRIPTIONS: &str = "sns:ListSubscriptionsByTopic";
const LIST_TAGS: &str = "sns:ListTagsForResource";
const PUBLISH: &str = "sns:Publish";
const SET_SUBSCRIPTION_ATTRIBUTES: &str = "sns:SetSubscriptionAttributes";
const SET_TOPIC_ATTRIBUTES: &str = "sns:SetTopicAttributes";
const SUBSCRIBE: &str = "sns:Subscribe";
const TAG_RESOURCE: &str = "sns:TagResource";
const UNSUBSCRIBE: &str = "sns:Unsubscribe";

/// A subscription as a topic lists it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) endpoint: Endpoint,
    /// `None` while it waits to be confirmed.
    pub(super) arn: Option<String>,
}

impl Session {
    /// A topic's attributes; `None` when there is no such topic.
    pub(super) async fn topic(&self, arn: &str) -> Result<Option<Topic>, CloudError> {
        let call = self.clients.sns().get_topic_attributes().topic_arn(arn);
        let Some(answer) = absent(self.send(GET_TOPIC_ATTRIBUTES, call.send()).await)? else {
            return Ok(None);
        };
        let empty = HashMap::new();
        let attributes = answer.attributes().unwrap_or(&empty);
        Ok(Some(Topic {
            display_name: said(attributes, "DisplayName").map(str::to_owned),
            kms_key: said(attributes, "KmsMasterKeyId").map(str::to_owned),
            policy: said(attributes, "Policy")
                .map(|policy| document(GET_TOPIC_ATTRIBUTES, policy))
                .transpose()?,
        }))
    }

    /// A topic's subscriptions; `None` when there is no such topic.
    pub(super) async fn subscriptions(&self, arn: &str) -> Result<Option<Vec<Listed>>, CloudError> {
        let mut subscriptions = Vec::new();
        let mut pages = self.pages();
        loop {
            let call = self
                .clients
                .sns()
                .list_subscriptions_by_topic()
                .topic_arn(arn)
                .set_next_token(pages.token());
            let Some(page) = absent(self.send(LIST_SUBSCRIPTIONS, call.send()).await)? else {
                return Ok(None);
            };
            let found = errors::listed(LIST_SUBSCRIPTIONS, page.subscriptions)?;
            subscriptions.extend(found.iter().filter_map(listed));
            if !pages.turn(LIST_SUBSCRIPTIONS, page.next_token.as_deref())? {
                return Ok(Some(subscriptions));
            }
        }
    }

    /// The attributes of a listed subscription; `None` when it is gone meanwhile.
    pub(super) async fn subscription(&self, listed: &Listed) -> Option<LiveSubscription> {
        let Some(arn) = &listed.arn else { return Some(LiveSubscription::Pending) };
        let call = self.clients.sns().get_subscription_attributes().subscription_arn(arn);
        let attributes = match self.send(GET_SUBSCRIPTION_ATTRIBUTES, call.send()).await {
            Ok(answer) => {
                let attributes = answer.attributes.unwrap_or_default();
                // A list may have the ARN of an unconfirmed subscription.
                if said(&attributes, "PendingConfirmation") == Some("true") {
                    return Some(LiveSubscription::Pending);
                }
                subscription_from(&attributes).map(Some)
            }
            Err(error) if is_not_found(&error) => return None,
            Err(error) => Err(error),
        };
        Some(LiveSubscription::Confirmed { arn: arn.clone(), attributes: observed(attributes) })
    }

    pub(super) async fn topic_tags(&self, arn: &str) -> Result<Option<Tags>, CloudError> {
        let call = self.clients.sns().list_tags_for_resource().resource_arn(arn);
        let answer = absent(self.send(LIST_TAGS, call.send()).await)?;
        let pair = |tag: sdk::Tag| (tag.key, tag.value);
        let Some(answer) = answer else { return Ok(None) };
        Ok(Some(errors::listed(LIST_TAGS, answer.tags)?.into_iter().map(pair).collect()))
    }

    pub(super) async fn create_topic(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        let call = self
            .clients
            .sns()
            .create_topic()
            .name(name)
            .set_tags(Some(sdk_tags(CREATE_TOPIC, tags)?));
        self.send(CREATE_TOPIC, call.send()).await.map(drop)
    }

    pub(super) async fn set_topic_attribute(
        &self,
        name: &str,
        attribute: &TopicAttribute,
    ) -> Result<(), CloudError> {
        let (attribute, value) = match attribute {
            TopicAttribute::Policy(policy) => ("Policy", policy.to_string()),
            TopicAttribute::KmsMasterKeyId(key) => {
                ("KmsMasterKeyId", key.clone().unwrap_or_default())
            }
            TopicAttribute::DisplayName(name) => ("DisplayName", name.clone()),
        };
        let call = self
            .clients
            .sns()
            .set_topic_attributes()
            .topic_arn(self.place.arn("sns", name))
            .attribute_name(attribute)
            .attribute_value(value);
        self.send(SET_TOPIC_ATTRIBUTES, call.send()).await.map(drop)
    }

    pub(super) async fn tag_topic(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        let call = self
            .clients
            .sns()
            .tag_resource()
            .resource_arn(self.place.arn("sns", name))
            .set_tags(Some(sdk_tags(TAG_RESOURCE, tags)?));
        self.send(TAG_RESOURCE, call.send()).await.map(drop)
    }

    /// Deletes a topic with its subscriptions; succeeds if it is gone.
    pub(super) async fn delete_topic(&self, name: &str) -> Result<(), CloudError> {
        let call = self.clients.sns().delete_topic().topic_arn(self.place.arn("sns", name));
        absent(self.send(DELETE_TOPIC, call.send()).await).map(drop)
    }

    /// Subscribes an endpoint. For a pending subscription, SNS sends the confirmation again.
    pub(super) async fn subscribe(
        &self,
        topic: &str,
        endpoint: &Endpoint,
        attributes: &SubscriptionAttributes,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .sns()
            .subscribe()
            .topic_arn(self.place.arn("sns", topic))
            .protocol(endpoint.protocol.as_str())
            .endpoint(endpoint.address())
            .return_subscription_arn(true)
            .set_attributes(Some(subscription_attributes(attributes)));
        self.send(SUBSCRIBE, call.send()).await.map(drop)
    }

    pub(super) async fn set_subscription_attribute(
        &self,
        arn: &str,
        attribute: &SubscriptionAttribute,
    ) -> Result<(), CloudError> {
        // A filter policy is cleared by an empty one, a redrive policy by omitting the value.
        let (attribute, value) = match attribute {
            SubscriptionAttribute::RawMessageDelivery(raw) => {
                ("RawMessageDelivery", Some(raw.to_string()))
            }
            SubscriptionAttribute::FilterPolicy(policy) => {
                let policy = policy.as_ref().map_or_else(|| "{}".to_owned(), ToString::to_string);
                ("FilterPolicy", Some(policy))
            }
            SubscriptionAttribute::DeadLetterArn(queue) => {
                ("RedrivePolicy", queue.as_deref().map(redrive_policy))
            }
        };
        let call = self
            .clients
            .sns()
            .set_subscription_attributes()
            .subscription_arn(arn)
            .attribute_name(attribute)
            .set_attribute_value(value);
        self.send(SET_SUBSCRIPTION_ATTRIBUTES, call.send()).await.map(drop)
    }

    /// Sends a message to everybody who is subscribed to a topic.
    pub(super) async fn publish(
        &self,
        topic: &str,
        subject: &str,
        message: &str,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .sns()
            .publish()
            .topic_arn(self.place.arn("sns", topic))
            .subject(subject)
            .message(message);
        self.send(PUBLISH, call.send()).await.map(drop)
    }

    /// Deletes a subscription; succeeds if it is gone.
    pub(super) async fn unsubscribe(&self, arn: &str) -> Result<(), CloudError> {
        let call = self.clients.sns().unsubscribe().subscription_arn(arn);
        absent(self.send(UNSUBSCRIBE, call.send()).await).map(drop)
    }
}

fn said<'a>(attributes: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    attributes.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Reads an entry of the list; `None` for an unknown protocol and for a subscription listed as
/// `Deleted`.
fn listed(subscription: &sdk::Subscription) -> Option<Listed> {
    let arn = subscription.subscription_arn()?;
    if arn == "Deleted" {
        return None;
    }
    let protocol = Protocol::parse(subscription.protocol()?)?;
    Some(Listed {
        endpoint: Endpoint::new(protocol, subscription.endpoint().unwrap_or_default()),
        arn: arn.starts_with("arn:").then(|| arn.to_owned()),
    })
}

/// Puts subscriptions under their endpoints. A topic can list an endpoint twice for a while,
/// pending and confirmed: the confirmed one counts.
pub(super) fn by_endpoint(
    subscriptions: impl IntoIterator<Item = (Endpoint, LiveSubscription)>,
) -> BTreeMap<Endpoint, LiveSubscription> {
    let mut found: BTreeMap<Endpoint, LiveSubscription> = BTreeMap::new();
    for (endpoint, subscription) in subscriptions {
        if subscription == LiveSubscription::Pending && found.contains_key(&endpoint) {
            continue;
        }
        found.insert(endpoint, subscription);
    }
    found
}

fn subscription_from(
    attributes: &HashMap<String, String>,
) -> Result<SubscriptionAttributes, CloudError> {
    let json = |name: &str| {
        said(attributes, name).map(|text| document(GET_SUBSCRIPTION_ATTRIBUTES, text)).transpose()
    };
    let filter =
        json("FilterPolicy")?.filter(|filter| filter.as_object().is_none_or(|f| !f.is_empty()));
    Ok(SubscriptionAttributes {
        raw_message_delivery: said(attributes, "RawMessageDelivery") == Some("true"),
        // Without a filter policy its scope has no meaning.
        filter_policy_scope: filter
            .as_ref()
            .and_then(|_| said(attributes, "FilterPolicyScope").map(str::to_owned)),
        filter_policy: filter,
        dead_letter_arn: json("RedrivePolicy")?
            .as_ref()
            .and_then(|policy| policy.get("deadLetterTargetArn"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        confirmation_was_authenticated: said(attributes, "ConfirmationWasAuthenticated")
            .map(|value| value == "true"),
    })
}

/// The attributes for Subscribe. A protocol may refuse an attribute that does not apply to it, so
/// defaults are omitted.
fn subscription_attributes(attributes: &SubscriptionAttributes) -> HashMap<String, String> {
    let mut sent = HashMap::new();
    if attributes.raw_message_delivery {
        sent.insert("RawMessageDelivery".to_owned(), "true".to_owned());
    }
    if let Some(filter) = &attributes.filter_policy {
        sent.insert("FilterPolicy".to_owned(), filter.to_string());
        if let Some(scope) = &attributes.filter_policy_scope {
            sent.insert("FilterPolicyScope".to_owned(), scope.clone());
        }
    }
    if let Some(queue) = &attributes.dead_letter_arn {
        sent.insert("RedrivePolicy".to_owned(), redrive_policy(queue));
    }
    sent
}

fn redrive_policy(queue: &str) -> String {
    json!({ "deadLetterTargetArn": queue }).to_string()
}

fn sdk_tags(operation: &'static str, tags: &Tags) -> Result<Vec<sdk::Tag>, CloudError> {
    tags_as(operation, tags, |key, value| sdk::Tag::builder().key(key).value(value).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_comes_back_as_it_was_written() {
        for attributes in [
            SubscriptionAttributes::default(),
            SubscriptionAttributes {
                raw_message_delivery: true,
                filter_policy: Some(json!({ "risk": ["high"] })),
                filter_policy_scope: Some("MessageBody".to_owned()),
                dead_letter_arn: Some("arn:aws:sqs:eu-west-1:111122223333:dead".to_owned()),
                confirmation_was_authenticated: None,
            },
        ] {
            let sent = subscription_attributes(&attributes);
            assert_eq!(subscription_from(&sent), Ok(attributes));
        }
    }

    #[test]
    fn an_empty_filter_is_no_filter() {
        let attributes = HashMap::from([
            ("FilterPolicy".to_owned(), "{}".to_owned()),
            ("FilterPolicyScope".to_owned(), "MessageAttributes".to_owned()),
        ]);
        assert_eq!(subscription_from(&attributes), Ok(SubscriptionAttributes::default()));
    }

    #[test]
    fn lists_tell_the_pending_from_the_confirmed() {
        let entry = |arn: &str, protocol: &str| {
            let entry = sdk::Subscription::builder()
                .subscription_arn(arn)
                .protocol(protocol)
                .endpoint("a@b.example")
                .build();
            listed(&entry).map(|listed| listed.arn.is_some())
        };
        assert_eq!(entry("PendingConfirmation", "email"), Some(false));
        assert_eq!(entry("arn:aws:sns:eu-west-1:111122223333:t:1", "email"), Some(true));
        assert_eq!(entry("Deleted", "email"), None);
        assert_eq!(entry("arn:aws:sns:eu-west-1:111122223333:t:1", "carrier-pigeon"), None);
    }

    #[test]
    fn a_confirmed_subscription_wins_over_an_old_request() {
        let endpoint = Endpoint::new(Protocol::Email, "a@b.example");
        let confirmed = LiveSubscription::Confirmed {
            arn: "arn".to_owned(),
            attributes: ctguard_core::snapshot::Observed::Absent,
        };
        for order in [
            [LiveSubscription::Pending, confirmed.clone()],
            [confirmed.clone(), LiveSubscription::Pending],
        ] {
            let found = by_endpoint(order.map(|subscription| (endpoint.clone(), subscription)));
            assert_eq!(found.get(&endpoint), Some(&confirmed));
        }
    }
}
