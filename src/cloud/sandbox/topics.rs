//! SNS: topics and subscriptions.

use super::policy::form;
use super::refusal::{Done, Refusal, check_tags, ensure, is_dead_letter_queue, is_name, refuse};
use super::state::{State, StoredSubscription, StoredTopic, locate};
use crate::cloud::{SubscriptionAttribute, TopicAttribute};
use crate::resource::Tags;
use crate::resource::topic::{
    Endpoint, Protocol, SubscriptionAttributes, TOPIC_NAME_MAX_CHARS, Topic,
};
use crate::scope::Place;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const INVALID: &str = "InvalidParameter";
const MISSING: &str = "NotFound";

/// Longest display name, in characters.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>
const DISPLAY_NAME_MAX_CHARS: usize = 100;

/// Most combinations of values in a filter policy, and its most keys.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html>
const FILTER_POLICY_MAX: (usize, usize) = (150, 5);

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

/// Creates a topic; one that is there with the same tags does no harm.
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

/// Deletes a topic with its subscriptions; one that is gone does no harm.
pub fn delete(state: &mut State, place: &Place, name: &str) -> Done {
    if state.region(place).topics.contains_key(name) {
        state.region_mut(place).topics.remove(name);
    }
    Ok(())
}

/// Subscribes an endpoint. A queue or function of the same account is confirmed at once, everybody
/// else has to confirm. Asking again while pending sends the confirmation again.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>
pub fn subscribe(
    state: &mut State,
    place: &Place,
    topic: &str,
    endpoint: &Endpoint,
    attributes: &SubscriptionAttributes,
) -> Done {
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
    edit(state, place, topic, |stored| drop(stored.subscriptions.insert(endpoint.clone(), new)));
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

/// Ends a subscription; one that is gone does no harm, a pending one cannot be ended.
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
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
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
    locate(&endpoint.address, service).is_some_and(|(there, _)| there.account == place.account)
}

fn is_key_here(state: &State, place: &Place, key: &str) -> bool {
    match locate(key, "kms") {
        // Another account's key cannot be looked up by whoever sets the attribute.
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

fn check_endpoint(endpoint: &Endpoint) -> Done {
    let address = endpoint.address.as_str();
    let good = match endpoint.protocol {
        Protocol::Email | Protocol::EmailJson => {
            address.split_once('@').is_some_and(|(who, at)| {
                let plain = address.chars().all(|c| !c.is_whitespace() && !c.is_control());
                plain && !who.is_empty() && at.contains('.') && !at.contains('@')
            })
        }
        Protocol::Http => address.strip_prefix("http://").is_some_and(|rest| !rest.is_empty()),
        Protocol::Https => address.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()),
        Protocol::Sqs => locate(address, "sqs").is_some(),
        Protocol::Lambda => {
            locate(address, "lambda").is_some_and(|(_, name)| name.starts_with("function:"))
        }
        // Not modelled: ctguard never subscribes these.
        Protocol::Sms | Protocol::Application | Protocol::Firehose => false,
    };
    ensure(good, INVALID, || format!("`{address}` is not an endpoint of {}", endpoint.protocol))
}

fn check_attributes(
    place: &Place,
    endpoint: &Endpoint,
    attributes: &SubscriptionAttributes,
) -> Done {
    ensure(attributes.confirmation_was_authenticated.is_none(), INVALID, || {
        "ConfirmationWasAuthenticated cannot be set".to_owned()
    })?;
    let raw = matches!(endpoint.protocol, Protocol::Sqs | Protocol::Http | Protocol::Https);
    ensure(raw || !attributes.raw_message_delivery, INVALID, || {
        format!("delivery protocol {} does not support raw message delivery", endpoint.protocol)
    })?;
    if let Some(queue) = &attributes.dead_letter_arn {
        ensure(is_dead_letter_queue(queue, place), INVALID, || {
            format!("RedrivePolicy: {queue} is not a standard queue in {place}")
        })?;
    }
    let scope = attributes.filter_policy_scope.as_deref();
    ensure(matches!(scope, None | Some("MessageAttributes" | "MessageBody")), INVALID, || {
        "FilterPolicyScope is neither MessageAttributes nor MessageBody".to_owned()
    })?;
    match &attributes.filter_policy {
        Some(policy) => check_filter(policy, scope == Some("MessageBody"))
            .map_err(|why| refuse(INVALID, format!("FilterPolicy: {why}"))),
        None => Ok(()),
    }
}

/// Checks a filter policy; only that of a message body may be nested.
fn check_filter(policy: &Value, nested: bool) -> Result<(), String> {
    fn walk(value: &Value, nested: bool, product: &mut usize) -> Result<(), String> {
        for (key, value) in value.as_object().ok_or("it is not an object")? {
            match value {
                Value::Array(values) if !values.is_empty() => {
                    *product = product.saturating_mul(values.len());
                }
                Value::Object(_) if nested => walk(value, nested, product)?,
                _ => return Err(format!("{key} must be a list that is not empty")),
            }
        }
        Ok(())
    }
    let (combinations, keys) = FILTER_POLICY_MAX;
    let mut product = 1;
    walk(policy, nested, &mut product)?;
    let many = policy.as_object().map_or(0, serde_json::Map::len) > keys || product > combinations;
    if many { Err("it is too complex".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
