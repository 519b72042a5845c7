//! What SNS accepts of a subscription.

use crate::refusal::{Done, ensure, is_dead_letter_queue, refuse};
use crate::state::locate;
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::scope::Place;
use serde_json::Value;

const INVALID: &str = "InvalidParameter";

/// Maximum number of value combinations in a filter policy, and of keys.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html>
const FILTER_POLICY_MAX: (usize, usize) = (150, 5);

pub fn check_endpoint(endpoint: &Endpoint) -> Done {
    let address = endpoint.address();
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

pub fn check_attributes(
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
