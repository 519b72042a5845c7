//! What is read back is not what was written: the sandbox alters it as AWS does, on every read.
//!
//! Each alteration is one that AWS's pages or public reports tell of; `docs/read-back.md` lists
//! them with their sources. Where AWS's order is not told it is turned round, so that nothing can
//! rest on it.

use ctguard_core::resource::bucket::Bucket;
use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::role::Role;
use ctguard_core::resource::rule::{RetryPolicy, Targets};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes, Topic};
use ctguard_core::resource::trail::{Selectors, Trail};
use ctguard_core::scope::Place;
use serde_json::{Map, Value};

/// A topic: its policy, with SNS's own version where it was given none and its actions as SNS
/// writes them, and its key as it was given.
pub fn topic(stored: &Topic) -> Topic {
    let policy = stored.policy.as_ref().map(|written| {
        let mut read = in_capitals(&policy(written), "sns:", "SNS:");
        if let Some(object) = read.as_object_mut() {
            object.entry("Version").or_insert_with(|| Value::from("2008-10-17"));
        }
        read
    });
    Topic { policy, ..stored.clone() }
}

/// A queue: its policy with its actions as SQS writes them, and its key as it was given.
pub fn queue(stored: &Queue) -> Queue {
    let read = |written: &Value| in_capitals(&policy(written), "sqs:", "SQS:");
    Queue { policy: stored.policy.as_ref().map(read), ..stored.clone() }
}

/// A policy with the service's name in capitals in its actions.
fn in_capitals(policy: &Value, name: &str, written: &str) -> Value {
    let action = |value: &Value| match value.as_str().and_then(|text| text.strip_prefix(name)) {
        Some(rest) => Value::from(format!("{written}{rest}")),
        None => value.clone(),
    };
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().into_iter().flatten() {
        let object = statement.as_object_mut().into_iter().flatten();
        for (_, value) in object.filter(|(key, _)| ["Action", "NotAction"].contains(&key.as_str()))
        {
            *value = match value.as_array() {
                Some(list) => list.iter().map(action).collect(),
                None => action(value),
            };
        }
    }
    policy
}

/// A bucket's policy.
pub fn bucket(stored: &Bucket) -> Bucket {
    Bucket { policy: stored.policy.as_ref().map(policy), ..stored.clone() }
}

/// The policies of a role.
pub fn role(stored: Role) -> Role {
    let policies = stored.policies.iter();
    Role {
        trust: policy(&stored.trust),
        policies: policies.map(|(name, document)| (name.clone(), policy(document))).collect(),
        permissions_boundary: stored.permissions_boundary,
    }
}

/// Targets with the retry policy that holds when none was given.
pub fn targets(stored: &Targets) -> Targets {
    let mut targets = stored.clone();
    for target in targets.values_mut() {
        target.retry_policy.get_or_insert_with(RetryPolicy::default);
    }
    targets
}

/// An endpoint as SNS lists it: without the password, and mail addresses in lower case.
pub fn endpoint(stored: &Endpoint) -> Endpoint {
    let address = stored.address();
    let listed = match stored.protocol {
        Protocol::Email | Protocol::EmailJson => address.to_lowercase(),
        Protocol::Http | Protocol::Https => without_password(address),
        _ => address.to_owned(),
    };
    Endpoint::new(stored.protocol, listed)
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let user = authority.rsplit_once('@').and_then(|(userinfo, host)| {
        userinfo.split_once(':').map(|(user, _)| format!("{user}:****@{host}"))
    });
    format!("{scheme}://{}{tail}", user.unwrap_or_else(|| authority.to_owned()))
}

/// A subscription's attributes: the filter policy is JSON that was written anew.
pub fn subscription(stored: &SubscriptionAttributes) -> SubscriptionAttributes {
    let filter_policy = stored.filter_policy.as_ref().map(turned);
    SubscriptionAttributes { filter_policy, ..stored.clone() }
}

/// A trail: no empty prefix, and its key by ARN.
pub fn trail(stored: &Trail, home: &Place, key: impl Fn(&str) -> Option<String>) -> Trail {
    let kms_key = stored.kms_key.as_deref();
    Trail {
        kms_key: kms_key.map(|name| key(name).unwrap_or_else(|| key_arn(name, home))),
        key_prefix: stored.key_prefix.clone().filter(|prefix| !prefix.is_empty()),
        ..stored.clone()
    }
}

/// Selectors: the order of an advanced selector's fields is not the one they were given in.
pub fn selectors(stored: &Selectors) -> Selectors {
    let mut selectors = stored.clone();
    if let Selectors::Advanced(list) = &mut selectors {
        list.iter_mut().for_each(|selector| selector.fields.reverse());
    }
    selectors
}

/// A policy: statements and lists turned round, a list of one member without its list, an account
/// as the ARN of its root, and numbers and truth values as text.
pub fn policy(stored: &Value) -> Value {
    let Some(object) = stored.as_object() else { return stored.clone() };
    let altered = object.iter().rev().map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("Statement", Value::Array(list)) => list.iter().rev().map(statement).collect(),
            ("Statement", one) => statement(one),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(altered.collect())
}

fn statement(stored: &Value) -> Value {
    let Some(object) = stored.as_object() else { return stored.clone() };
    let mut altered: Map<String, Value> = object
        .iter()
        .rev()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "Principal" | "NotPrincipal" => each(value, &|who| values(who, &root_arn)),
                "Condition" => each(value, &|keys| each(keys, &|value| values(value, &text))),
                "Action" | "NotAction" | "Resource" | "NotResource" => values(value, &text),
                _ => value.clone(),
            };
            (key.clone(), value)
        })
        .collect();
    // A statement without a name has an empty one.
    altered.entry("Sid").or_insert_with(|| Value::from(""));
    Value::Object(altered)
}

/// Alters each value of an object; anything else as it is.
fn each(value: &Value, alter: &dyn Fn(&Value) -> Value) -> Value {
    match value.as_object() {
        Some(object) => {
            object.iter().rev().map(|(key, value)| (key.clone(), alter(value))).collect()
        }
        None => value.clone(),
    }
}

/// Alters the values of a list, turned round; a list of one member comes without its list.
fn values(value: &Value, alter: &dyn Fn(&Value) -> Value) -> Value {
    match value.as_array().map(Vec::as_slice) {
        Some([one]) => alter(one),
        Some(list) => list.iter().rev().map(alter).collect(),
        None => alter(value),
    }
}

fn text(value: &Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::from(value.to_string()),
        _ => value.clone(),
    }
}

/// An account's id as the ARN of its root.
fn root_arn(principal: &Value) -> Value {
    let id = principal.as_str().filter(|id| id.len() == 12);
    match id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(id) => Value::from(format!("arn:aws:iam::{id}:root")),
        None => principal.clone(),
    }
}

/// JSON with every object and list turned round.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            object.iter().rev().map(|(key, value)| (key.clone(), turned(value))).collect()
        }
        Value::Array(list) => list.iter().rev().map(turned).collect(),
        _ => value.clone(),
    }
}

/// A key as an ARN, whether it was named by id, alias or ARN.
fn key_arn(key: &str, place: &Place) -> String {
    match key {
        _ if key.starts_with("arn:") => key.to_owned(),
        _ if key.starts_with("alias/") => place.arn("kms", key),
        id => place.arn("kms", &format!("key/{id}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_comes_back_otherwise_and_means_the_same() {
        let written = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": ["111122223333"] }, "Action": ["sns:Publish"],
              "Resource": "r", "Condition": { "Bool": { "aws:SecureTransport": true } } },
            { "Sid": "b", "Effect": "Deny", "Principal": "*", "Action": ["a:B", "a:C"], "Resource": ["r"] },
        ] });
        let back = policy(&written);
        assert_ne!(back, written);
        assert_eq!(back["Statement"][1]["Principal"]["AWS"], "arn:aws:iam::111122223333:root");
        assert_eq!(back["Statement"][1]["Condition"]["Bool"]["aws:SecureTransport"], "true");
        assert_eq!(back["Statement"][0]["Action"], json!(["a:C", "a:B"]));
        assert!(ctguard_core::resource::policy::same(&back, &written));
    }

    #[test]
    fn a_topics_policy_has_a_version_and_actions_in_capitals() {
        let written = json!({ "Statement": [
            { "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "r" } ] });
        let back = topic(&Topic { policy: Some(written.clone()), ..Topic::default() });
        let back = back.policy.unwrap();
        assert_eq!(
            (&back["Version"], &back["Statement"][0]["Action"]),
            (&"2008-10-17".into(), &"SNS:Publish".into())
        );
        assert!(ctguard_core::resource::policy::same(&back, &written));
    }

    #[test]
    fn passwords_and_capitals_do_not_come_back() {
        let back =
            |protocol, address| endpoint(&Endpoint::new(protocol, address)).address().to_owned();
        let https = Protocol::Https;
        assert_eq!(back(https, "https://u:p@w@h.example/x?k=1"), "https://u:****@h.example/x?k=1");
        assert_eq!(back(https, "https://h.example/a@b"), "https://h.example/a@b");
        assert_eq!(back(Protocol::Email, "SecOps@Acme.example"), "secops@acme.example");
    }
}
