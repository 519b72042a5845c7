//! SNS: topics and subscriptions.

mod check;

use super::policy::form;
use super::refusal::{Done, Refusal, check_tags, ensure, is_name, refuse};
use super::state::{State, StoredSubscription, StoredTopic, locate};
use check::{check_attributes, check_endpoint};
use ctguard_core::action::{SubscriptionAttribute, TopicAttribute};
use ctguard_core::hex::hex;
use ctguard_core::resource::Tags;
use ctguard_core::resource::topic::{
    Endpoint, Protocol, SubscriptionAttributes, TOPIC_NAME_MAX_CHARS, Topic,
};
use ctguard_core::scope::Place;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const INVALID: &str = "InvalidParameter";
const MISSING: &str = "NotFound";

/// Longest display name, in characters.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>
const DISPLAY_NAME_MAX_CHARS: usize = 100;

pub fn is_topic_name(name: &str) -> bool {
    is_name(name, TOPIC_NAME_MAX_CHARS, "-_")
}

/// The policy that SNS gives a new topic: its own account may do everything with it.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
pub fn default_policy(place: &Place, topic_arn: &str) -> Value {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": topic_arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": place.account.as_str() } },
        }],
    })
}

/// Creates a topic; succeeds if it exists with the same tags.
pub fn create(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    ensure(is_topic_name(name), INVALID, || format!("`{name}` is not a topic name"))?;
    check_tags(tags, &Tags::new(), INVALID)?;
    if let Some(there) = state.region(place).topics.get(name) {
        return ensure(there.tags == *tags, INVALID, || {
            "topic already exists with different tags".to_owned()
        });
    }
    let policy = Some(default_policy(place, &place.arn("sns", name)));
    let new = StoredTopic {
        topic: Topic { policy, ..Topic::default() },
        tags: tags.clone(),
        ..StoredTopic::default()
    };
    state.region_mut(place).topics.insert(name.to_owned(), new);
    Ok(())
}

/// Sets one attribute.
pub fn set_attribute(
    state: &mut State,
    place: &Place,
    name: &str,
    attribute: &TopicAttribute,
) -> Done {
    find(state, place, name, MISSING)?;
    match attribute {
        TopicAttribute::Policy(policy) => {
            form::check_topic(policy, &place.arn("sns", name)).map_err(|why| {
                refuse(INVALID, format!("invalid parameter: Policy Error: {why}"))
            })?;
        }
        TopicAttribute::KmsMasterKeyId(Some(key)) => {
            ensure(is_key_here(state, place, key), INVALID, || {
                format!("KmsMasterKeyId: there is no key `{key}`")
            })?;
        }
        TopicAttribute::DisplayName(text) => {
            ensure(text.chars().count() <= DISPLAY_NAME_MAX_CHARS, INVALID, || {
                "the display name is too long".to_owned()
            })?;
        }
        TopicAttribute::KmsMasterKeyId(None) => {}
    }
    edit(state, place, name, |stored| match attribute.clone() {
        TopicAttribute::Policy(policy) => stored.topic.policy = Some(policy),
        TopicAttribute::KmsMasterKeyId(key) => stored.topic.kms_key = key,
        TopicAttribute::DisplayName(text) => {
            stored.topic.display_name = Some(text).filter(|text| !text.is_empty());
        }
    });
    Ok(())
}

/// Adds tags.
pub fn tag(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    let there = find(state, place, name, "ResourceNotFound")?;
    check_tags(tags, &there.tags, INVALID)?;
    edit(state, place, name, |stored| stored.tags.extend(tags.clone()));
    Ok(())
}

/// Deletes a topic with its subscriptions; succeeds if it is gone.
pub fn delete(state: &mut State, place: &Place, name: &str) -> Done {
    if state.region(place).topics.contains_key(name) {
        state.region_mut(place).topics.remove(name);
    }
    Ok(())
}

/// Subscribes an endpoint. A queue or function of the same account is confirmed at once, all others
/// must confirm. Subscribing a pending endpoint again sends the confirmation again.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>
pub fn subscribe(
    state: &mut State,
    place: &Place,
    topic: &str,
    endpoint: &Endpoint,
    attributes: &SubscriptionAttributes,
) -> Done {
    if let Some(named) = endpoint.named_by() {
        let named = named.to_owned();
        state.from_secrets.insert(endpoint.address().to_owned(), named);
    }
    let endpoint = &endpoint.unveiled();
    let stored = find(state, place, topic, MISSING)?;
    check_endpoint(endpoint)?;
    check_attributes(place, endpoint, attributes)?;
    let since = state.clock;
    let new = match stored.subscriptions.get(endpoint) {
        Some(there) => {
            let same = SubscriptionAttributes {
                confirmation_was_authenticated: None,
                ..there.attributes().clone()
            } == *attributes;
            ensure(same, INVALID, || {
                "Attributes Reason: Subscription already exists with different attributes"
                    .to_owned()
            })?;
            match there {
                StoredSubscription::Confirmed { .. } => return Ok(()),
                StoredSubscription::Pending { .. } => {
                    StoredSubscription::Pending { since, attributes: attributes.clone() }
                }
            }
        }
        None if is_own(place, endpoint) => confirmed(place, topic, endpoint, attributes.clone()),
        None => StoredSubscription::Pending { since, attributes: attributes.clone() },
    };
    edit(state, place, topic, |stored| {
        // An equal endpoint may have another password: the one given last is kept.
        stored.subscriptions.remove(endpoint);
        stored.subscriptions.insert(endpoint.clone(), new);
    });
    Ok(())
}

/// Sets or clears one attribute of a confirmed subscription.
pub fn set_subscription_attribute(
    state: &mut State,
    place: &Place,
    arn: &str,
    attribute: &SubscriptionAttribute,
) -> Done {
    let (topic, endpoint, mut attributes) = find_subscription(state, place, arn)?
        .ok_or_else(|| refuse(MISSING, "subscription does not exist"))?;
    match attribute.clone() {
        SubscriptionAttribute::RawMessageDelivery(raw) => attributes.raw_message_delivery = raw,
        SubscriptionAttribute::DeadLetterArn(arn) => attributes.dead_letter_arn = arn,
        SubscriptionAttribute::FilterPolicy(policy) => {
            if policy.is_none() {
                attributes.filter_policy_scope = None;
            }
            attributes.filter_policy = policy;
        }
    }
    let wanted =
        SubscriptionAttributes { confirmation_was_authenticated: None, ..attributes.clone() };
    check_attributes(place, &endpoint, &wanted)?;
    edit(state, place, &topic, |stored| {
        let changed = StoredSubscription::Confirmed { arn: arn.to_owned(), attributes };
        stored.subscriptions.insert(endpoint, changed);
    });
    Ok(())
}

/// Deletes a subscription; succeeds if it is gone. A pending one cannot be deleted.
pub fn unsubscribe(state: &mut State, place: &Place, arn: &str) -> Done {
    if let Some((topic, endpoint, _)) = find_subscription(state, place, arn)? {
        edit(state, place, &topic, |stored| drop(stored.subscriptions.remove(&endpoint)));
    }
    Ok(())
}

/// A subscription as it is once confirmed, with an ARN that depends on topic and endpoint alone.
pub fn confirmed(
    place: &Place,
    topic: &str,
    endpoint: &Endpoint,
    mut attributes: SubscriptionAttributes,
) -> StoredSubscription {
    let topic_arn = place.arn("sns", topic);
    let digest = Sha256::digest(format!("{topic_arn} {endpoint}"));
    let hex = hex(&digest[..16]);
    let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    attributes.confirmation_was_authenticated = Some(is_own(place, endpoint));
    StoredSubscription::Confirmed { arn: format!("{topic_arn}:{id}"), attributes }
}

/// Whether an endpoint is a queue or function of the topic's own account.
fn is_own(place: &Place, endpoint: &Endpoint) -> bool {
    let service = match endpoint.protocol {
        Protocol::Sqs => "sqs",
        Protocol::Lambda => "lambda",
        _ => return false,
    };
    locate(endpoint.address(), service).is_some_and(|(there, _)| there.account == place.account)
}

fn is_key_here(state: &State, place: &Place, key: &str) -> bool {
    match locate(key, "kms") {
        // The caller cannot look up another account's key.
        Some((there, _)) if !state.has_account(&there.account) => there.region == place.region,
        Some((there, _)) if there.region != place.region => false,
        _ => key == "alias/aws/sns" || state.key(place, key).is_some(),
    }
}

fn find<'a>(
    state: &'a State,
    place: &Place,
    name: &str,
    code: &'static str,
) -> Result<&'a StoredTopic, Refusal> {
    let topics = &state.region(place).topics;
    topics.get(name).ok_or_else(|| refuse(code, format!("topic {name} does not exist")))
}

fn edit(state: &mut State, place: &Place, name: &str, change: impl FnOnce(&mut StoredTopic)) {
    if let Some(topic) = state.region_mut(place).topics.get_mut(name) {
        change(topic);
    }
}

/// Finds a confirmed subscription of this place by its ARN.
fn find_subscription(
    state: &State,
    place: &Place,
    arn: &str,
) -> Result<Option<(String, Endpoint, SubscriptionAttributes)>, Refusal> {
    let known = locate(arn, "sns").filter(|(there, _)| there == place);
    let (_, resource) = known.ok_or_else(|| {
        refuse(INVALID, format!("`{arn}` is not the ARN of a subscription in {place}"))
    })?;
    let topic = resource.split(':').next().unwrap_or_default();
    let Some(stored) = state.region(place).topics.get(topic) else {
        return Ok(None);
    };
    let found = stored.subscriptions.iter().find_map(|(endpoint, subscription)| {
        let StoredSubscription::Confirmed { arn: theirs, attributes } = subscription else {
            return None;
        };
        (theirs == arn).then(|| (topic.to_owned(), endpoint.clone(), attributes.clone()))
    });
    Ok(found)
}

#[cfg(test)]
mod tests;
