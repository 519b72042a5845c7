//! Whether a document is a policy that AWS would store on a resource.

use super::{glob, list, texts};
use ctguard_core::resource::bus::BUS_POLICY_MAX_CHARS;
use ctguard_core::resource::policy::is_deleted;
use ctguard_core::scope::{AccountId, Arn};
use serde_json::Value;
use std::collections::BTreeSet;

/// Largest topic policy in bytes, and its maximum number of statements.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html>
const TOPIC_POLICY_MAX: (usize, usize) = (30 * 1024, 100);

/// The actions that a topic policy can name; anything else is out of its scope.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html>
const TOPIC_ACTIONS: [&str; 12] = [
    "sns:addpermission",
    "sns:deletetopic",
    "sns:getdataprotectionpolicy",
    "sns:gettopicattributes",
    "sns:listsubscriptionsbytopic",
    "sns:listtagsforresource",
    "sns:publish",
    "sns:putdataprotectionpolicy",
    "sns:receive",
    "sns:removepermission",
    "sns:settopicattributes",
    "sns:subscribe",
];

/// What a policy is attached to.
#[derive(Debug, Clone, Copy)]
enum Holder<'a> {
    /// Something with this ARN.
    Resource(&'a str),
    /// The bus with this ARN, and the prefix of its rules' ARNs.
    Bus { arn: &'a str, rules: &'a str },
    /// A role: who may assume it.
    Trust,
    /// A role: what it may do.
    Identity,
}

/// Checks the policy of a topic.
pub fn check_topic(policy: &Value, topic_arn: &str) -> Result<(), String> {
    let (bytes, statements) = TOPIC_POLICY_MAX;
    if policy.to_string().len() > bytes || list(policy.get("Statement")).len() > statements {
        return Err("the policy is too large".to_owned());
    }
    check(policy, topic_arn)?;
    for action in actions(policy) {
        if !TOPIC_ACTIONS.contains(&action.to_ascii_lowercase().as_str()) {
            return Err(format!("policy statement action out of service scope: {action}"));
        }
    }
    Ok(())
}

/// Checks the policy of a queue.
pub fn check_queue(policy: &Value, queue_arn: &str) -> Result<(), String> {
    check(policy, queue_arn)?;
    within_service(policy, "sqs:")
}

/// Checks the policy of a bucket.
pub fn check_bucket(policy: &Value, bucket_arn: &str) -> Result<(), String> {
    check(policy, bucket_arn)?;
    within_service(policy, "s3:")
}

/// Checks the policy of an event bus. Everybody may be admitted only with a condition: AWS accepts
/// it without one, but warns.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html>
pub fn check_bus(policy: &Value, arn: &str) -> Result<(), String> {
    let rules = format!("{}/", arn.replacen(":event-bus/", ":rule/", 1));
    check_document(policy, Holder::Bus { arn, rules: &rules })?;
    within_service(policy, "events:")?;
    match is_public(policy) {
        true => Err("the policy lets everybody in without a condition".to_owned()),
        false => Ok(()),
    }
}

/// Whether a bus's policy is longer than AWS accepts.
pub fn is_too_long_for_bus(policy: &Value) -> bool {
    policy.to_string().chars().count() > BUS_POLICY_MAX_CHARS
}

/// Checks the trust policy of a role.
pub fn check_trust(policy: &Value) -> Result<(), String> {
    check_document(policy, Holder::Trust)?;
    within_service(policy, "sts:")
}

/// Checks an inline policy of a role.
pub fn check_identity(policy: &Value) -> Result<(), String> {
    check_document(policy, Holder::Identity)?;
    match actions(policy).into_iter().find(|action| *action != "*" && !action.contains(':')) {
        Some(action) => Err(format!("actions must be prefaced by a vendor: {action}")),
        None => Ok(()),
    }
}

/// Whether a policy admits everybody, which a public access block refuses.
pub fn is_public(policy: &Value) -> bool {
    list(policy.get("Statement")).into_iter().any(|statement| {
        let everybody = statement.get("Principal").is_some_and(|principal| {
            principal.as_str() == Some("*") || texts(principal.get("AWS")).contains(&"*")
        });
        everybody
            && statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && statement.get("Condition").is_none()
    })
}

fn actions(policy: &Value) -> Vec<&str> {
    list(policy.get("Statement"))
        .into_iter()
        .flat_map(|statement| [texts(statement.get("Action")), texts(statement.get("NotAction"))])
        .flatten()
        .collect()
}

fn within_service(policy: &Value, prefix: &str) -> Result<(), String> {
    match actions(policy)
        .into_iter()
        .find(|action| *action != "*" && !action.to_ascii_lowercase().starts_with(prefix))
    {
        Some(action) => Err(format!("action {action} does not apply to the resource")),
        None => Ok(()),
    }
}

fn check(policy: &Value, resource: &str) -> Result<(), String> {
    check_document(policy, Holder::Resource(resource))
}

fn check_document(policy: &Value, holder: Holder<'_>) -> Result<(), String> {
    let document = policy.as_object().ok_or("the policy is not a JSON object")?;
    for key in document.keys() {
        if !["Version", "Id", "Statement"].contains(&key.as_str()) {
            return Err(format!("syntax error: unknown element {key}"));
        }
    }
    if let Some(version) = policy.get("Version")
        && !matches!(version.as_str(), Some("2012-10-17" | "2008-10-17"))
    {
        return Err("the policy's version is not one that AWS knows".to_owned());
    }
    let statements = list(policy.get("Statement"));
    if statements.is_empty() {
        return Err("the policy has no statement".to_owned());
    }
    let mut sids = BTreeSet::new();
    for statement in statements {
        check_statement(statement, holder)?;
        if let Some(sid) = statement.get("Sid").and_then(Value::as_str)
            && !sids.insert(sid)
        {
            return Err(format!("two statements have the Sid {sid}"));
        }
    }
    Ok(())
}

fn check_statement(statement: &Value, holder: Holder<'_>) -> Result<(), String> {
    const ELEMENTS: [&str; 9] = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    let elements = statement.as_object().ok_or("a statement is not an object")?;
    let named = statement.get("Principal").map(|who| texts(who.get("AWS"))).unwrap_or_default();
    if let Some(gone) = named.into_iter().find(|who| is_deleted(who)) {
        return Err(format!("PrincipalNotFound: {gone} is no principal"));
    }
    if let Some(unknown) = elements.keys().find(|key| !ELEMENTS.contains(&key.as_str())) {
        return Err(format!("syntax error: unknown element {unknown}"));
    }
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err("a statement's effect is neither Allow nor Deny".to_owned());
    }
    for (positive, negative) in
        [("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")]
    {
        let there = [positive, negative].map(|element| statement.get(element).is_some());
        let needless = matches!(
            (holder, positive),
            (Holder::Trust, "Resource") | (Holder::Identity, "Principal")
        );
        if needless && there != [false, false] {
            return Err(format!("policy document should not specify a {positive}"));
        }
        if !needless && there[0] == there[1] {
            return Err(format!("a statement needs either {positive} or {negative}"));
        }
    }
    if let Some(principal) = statement.get("Principal").or_else(|| statement.get("NotPrincipal")) {
        check_principal(principal)?;
    }
    for key in ["Action", "NotAction", "Resource", "NotResource"] {
        let values = list(statement.get(key));
        if statement.get(key).is_some()
            && (values.is_empty() || values.iter().any(|value| !value.is_string()))
        {
            return Err(format!("{key} holds something that is not text"));
        }
    }
    if statement.get("Condition").is_some_and(|block| !block.is_object()) {
        return Err("a condition is not an object".to_owned());
    }
    check_reach(statement, holder)
}

/// Checks that a statement is about what the policy is attached to.
fn check_reach(statement: &Value, holder: Holder<'_>) -> Result<(), String> {
    let own = |pattern: &str| match holder {
        // The resource, or for a bucket what lies below it.
        Holder::Resource(resource) => {
            glob(pattern, resource)
                || pattern.starts_with(&format!("{resource}/"))
                || pattern == "*"
        }
        Holder::Bus { arn, rules } => pattern == arn || pattern.starts_with(rules),
        Holder::Trust => false,
        Holder::Identity => pattern == "*" || Arn::parse(pattern).is_some(),
    };
    if matches!(holder, Holder::Bus { .. }) && statement.get("Resource").is_none() {
        return Err("a statement needs a Resource: the bus, or rules of it".to_owned());
    }
    let mut resources = texts(statement.get("Resource")).into_iter();
    if let Some(other) = resources.find(|pattern| !own(pattern)) {
        return Err(format!("the policy has an invalid resource: {other}"));
    }
    let named = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
    let kinds = named.and_then(Value::as_object);
    match kinds.and_then(|kinds| kinds.keys().find(|kind| kind.as_str() != "AWS")) {
        Some(kind) if matches!(holder, Holder::Bus { .. }) => {
            Err(format!("invalid principal in policy: {kind} on an event bus"))
        }
        _ => Ok(()),
    }
}

/// A policy that names no one, or a principal that cannot exist, is refused by AWS.
fn check_principal(principal: &Value) -> Result<(), String> {
    if principal.as_str() == Some("*") {
        return Ok(());
    }
    let kinds = principal.as_object().filter(|kinds| !kinds.is_empty());
    for (kind, value) in kinds.ok_or("invalid principal in policy: it names no one")? {
        let names = list(Some(value));
        if names.is_empty() {
            return Err("invalid principal in policy: it names no one".to_owned());
        }
        for name in names {
            let text = name.as_str().unwrap_or_default();
            let good = match kind.as_str() {
                "AWS" => is_aws_principal(text),
                "Service" => {
                    text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn")
                }
                "Federated" | "CanonicalUser" => !text.is_empty(),
                _ => false,
            };
            if !good {
                return Err(format!("invalid principal in policy: {kind} {name}"));
            }
        }
    }
    Ok(())
}

fn is_aws_principal(text: &str) -> bool {
    let is_arn = |text: &str| {
        Arn::parse(text).is_some_and(|arn| {
            let identity = ["user/", "role/", "assumed-role/", "federated-user/"];
            ["iam", "sts"].contains(&arn.service)
                && arn.region.is_empty()
                && AccountId::new(arn.account).is_some()
                && (arn.resource == "root" || identity.iter().any(|p| arn.resource.starts_with(p)))
        })
    };
    text == "*" || AccountId::new(text).is_some() || is_arn(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:secops";

    #[test]
    fn a_topic_policy_that_aws_would_refuse_is_refused() {
        let statement = |changes: Value| {
            let mut statement = json!({
                "Sid": "s", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                "Action": "sns:Publish", "Resource": TOPIC,
            });
            for (key, value) in changes.as_object().expect("an object") {
                statement[key] = value.clone();
            }
            json!({ "Version": "2012-10-17", "Statement": [statement] })
        };
        assert_eq!(check_topic(&statement(json!({})), TOPIC), Ok(()));
        for bad in [
            json!("text"),
            json!({}),
            json!({ "Statement": [] }),
            json!({ "Version": "2020-01-01", "Statement": statement(json!({}))["Statement"] }),
            json!({ "Statements": [] }),
            statement(json!({ "Effect": "allow" })),
            statement(json!({ "Principal": {} })),
            statement(json!({ "Principal": { "AWS": [] } })),
            statement(json!({ "Principal": { "AWS": "12345" } })),
            statement(json!({ "Principal": { "Service": "events" } })),
            statement(json!({ "Principal": "events.amazonaws.com" })),
            statement(json!({ "NotPrincipal": "*" })),
            statement(json!({ "Action": "sqs:SendMessage" })),
            statement(json!({ "Action": "sns:*" })),
            statement(json!({ "Action": [] })),
            statement(json!({ "Resource": "arn:aws:sns:eu-west-1:111122223333:other" })),
            statement(json!({ "Condition": "yes" })),
            statement(json!({ "Extra": 1 })),
        ] {
            assert!(check_topic(&bad, TOPIC).is_err(), "{bad}");
        }
        let one = statement(json!({}))["Statement"][0].clone();
        let twice = json!({ "Statement": [one, one] });
        assert!(check_topic(&twice, TOPIC).is_err(), "two statements with one Sid");
    }

    #[test]
    fn a_bucket_policy_may_reach_below_the_bucket_and_public_ones_are_told() {
        let policy = |principal: Value, resource: &str| json!({ "Statement": { "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": resource } });
        let bucket = "arn:aws:s3:::logs";
        assert!(check_bucket(&policy(json!("*"), "arn:aws:s3:::logs/a/*"), bucket).is_ok());
        assert!(check_bucket(&policy(json!("*"), "arn:aws:s3:::other/*"), bucket).is_err());
        assert!(is_public(&policy(json!("*"), "arn:aws:s3:::logs/*")));
        assert!(is_public(&policy(json!({ "AWS": "*" }), "arn:aws:s3:::logs/*")));
        assert!(!is_public(&policy(json!({ "AWS": "111122223333" }), "arn:aws:s3:::logs/*")));
    }
}
