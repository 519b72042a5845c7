//! Does a resource policy admit a service? Judged by what AWS documents for EventBridge and SNS;
//! conditions that cannot be evaluated offline are named.

mod condition;
pub mod principal;

use crate::resource::policy::statements;
use condition::Verdict;
use serde_json::Value;

/// The decision of a policy about one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    Admits,
    /// Allows it, depending on this condition.
    Assumes(String),
    Refuses(PolicyRefusal),
}

/// Why a policy refuses a service, with the cause in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRefusal {
    /// No statement admits it.
    Nobody(String),
    /// The statement that admits it has a condition that it never meets.
    Condition(String),
    Deny(String),
}

impl PolicyRefusal {
    pub fn into_cause(self) -> String {
        match self {
            Self::Nobody(cause) | Self::Condition(cause) | Self::Deny(cause) => cause,
        }
    }
}

/// What is known of a condition key in the service's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent<'a> {
    Value(&'a str),
    /// The service is known not to send it.
    Never,
    Unknown,
}

/// A request: who asks for what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `events.amazonaws.com`.
    pub service: &'a str,
    /// `sns:Publish`.
    pub action: &'a str,
    /// The resource that the policy is attached to.
    pub resource: &'a str,
    /// `aws:SourceArn`.
    pub source_arn: Sent<'a>,
    /// `aws:SourceAccount` and `aws:SourceOwner`.
    pub source_account: Sent<'a>,
    /// Whether the request carries the keys for TLS and for a service principal: it does when the
    /// service calls the resource itself, but not when a second service calls a key on its behalf.
    pub direct: bool,
}

/// Evaluates a policy document. Without a document no service is admitted.
pub fn admission(policy: Option<&Value>, request: &Request<'_>) -> Admission {
    let Some(policy) = policy else {
        return Admission::Refuses(PolicyRefusal::Nobody("it has no policy".to_owned()));
    };
    let mut allowed: Option<Admission> = None;
    let mut assumed_deny = None;
    for statement in statements(policy).into_iter().filter(|s| concerns(s, request)) {
        let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or("without a Sid");
        let verdict = condition::judge(statement.get("Condition"), request);
        if statement.get("Effect").and_then(Value::as_str) == Some("Deny") {
            match verdict {
                Verdict::Holds => {
                    return Admission::Refuses(PolicyRefusal::Deny(format!(
                        "its statement {sid} denies {} to {}",
                        request.action, request.service
                    )));
                }
                Verdict::Fails(_) => {}
                Verdict::Unclear(key) => {
                    assumed_deny =
                        Some(format!("its statement {sid} denies under a condition on {key}"));
                }
            }
            continue;
        }
        let answer = match verdict {
            // AWS advises against NotPrincipal with Allow, and does not say whom it admits.
            _ if statement.get("Principal").is_none() => {
                Admission::Assumes(format!("its statement {sid} allows it by NotPrincipal"))
            }
            Verdict::Holds => Admission::Admits,
            Verdict::Unclear(key) => Admission::Assumes(format!(
                "its statement {sid} allows it under a condition on {key}"
            )),
            Verdict::Fails(why) => Admission::Refuses(PolicyRefusal::Condition(format!(
                "its statement {sid} allows {} only {why}",
                request.service
            ))),
        };
        allowed = Some(match (allowed, answer) {
            (Some(Admission::Admits), _) | (_, Admission::Admits) => Admission::Admits,
            (Some(assumes @ Admission::Assumes(_)), _) | (_, assumes @ Admission::Assumes(_)) => {
                assumes
            }
            // The statement that names the service is more specific than one for everybody.
            (Some(first @ Admission::Refuses(_)), refuses) => {
                if names_service(statement, request.service) { refuses } else { first }
            }
            (None, refuses) => refuses,
        });
    }
    match (allowed, assumed_deny) {
        (None, _) => Admission::Refuses(nobody(request)),
        (Some(Admission::Refuses(PolicyRefusal::Condition(cause))), _) => {
            // The default statement of a topic is for principals of the account. That EventBridge
            // does not meet its condition is not the condition's fault.
            let named = statements(policy).into_iter().any(|s| {
                s.get("Effect").and_then(Value::as_str) == Some("Allow")
                    && concerns(s, request)
                    && names_service(s, request.service)
            });
            Admission::Refuses(if named {
                PolicyRefusal::Condition(cause)
            } else {
                nobody(request)
            })
        }
        (Some(Admission::Admits), Some(deny)) => Admission::Assumes(deny),
        (Some(answer), _) => answer,
    }
}

fn nobody(request: &Request<'_>) -> PolicyRefusal {
    PolicyRefusal::Nobody(format!("no statement allows {} to {}", request.action, request.service))
}

fn names_service(statement: &Value, service: &str) -> bool {
    let named = statement.get("Principal").and_then(|who| who.get("Service"));
    named.is_some_and(|who| texts(who).any(|name| name == service))
}

fn concerns(statement: &Value, request: &Request<'_>) -> bool {
    principal_matches(statement, request.service)
        && element_matches(statement, "Action", "NotAction", request.action, true)
        && element_matches(statement, "Resource", "NotResource", request.resource, false)
}

/// `*` includes service principals.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn principal_matches(statement: &Value, service: &str) -> bool {
    let names = |value: &Value| match value {
        Value::String(all) => all == "*",
        Value::Object(kinds) => {
            let has = |kind: &str, wanted: &str| {
                kinds.get(kind).is_some_and(|who| texts(who).any(|name| name == wanted))
            };
            has("Service", service) || has("AWS", "*")
        }
        _ => false,
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), _) => names(value),
        (None, Some(value)) => !names(value),
        (None, None) => false,
    }
}

fn element_matches(
    statement: &Value,
    name: &str,
    negated: &str,
    wanted: &str,
    fold_case: bool,
) -> bool {
    let matches = |value: &Value| {
        texts(value).any(|pattern| {
            if fold_case {
                glob(&pattern.to_ascii_lowercase(), &wanted.to_ascii_lowercase())
            } else {
                glob(pattern, wanted)
            }
        })
    };
    match (statement.get(name), statement.get(negated)) {
        (Some(value), _) => matches(value),
        (None, Some(value)) => !matches(value),
        // A key policy may omit the resource, which can only be its own key.
        (None, None) => name == "Resource",
    }
}

pub(super) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list: Vec<&str> = match value {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    list.into_iter()
}

/// IAM's wildcards: `*` for any characters, `?` for one.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some('?') => (p, t) = (p + 1, t + 1),
            Some(c) if *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match &mut retry {
                Some((after_star, from)) => {
                    *from += 1;
                    (p, t) = (*after_star, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:t";

    fn publish() -> Request<'static> {
        Request {
            service: "events.amazonaws.com",
            action: "sns:Publish",
            resource: TOPIC,
            source_arn: Sent::Unknown,
            source_account: Sent::Never,
            direct: true,
        }
    }

    fn allow(extra: Value) -> Value {
        let mut statement = json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish", "Resource": TOPIC });
        for (key, value) in extra.as_object().into_iter().flatten() {
            statement[key] = value.clone();
        }
        statement
    }

    #[test]
    fn topic_policies_are_judged_as_aws_documents_them() {
        let admits = |statements: Vec<Value>| match admission(
            Some(&json!({ "Statement": statements })),
            &publish(),
        ) {
            Admission::Admits => "admits",
            Admission::Assumes(_) => "assumes",
            Admission::Refuses(_) => "refuses",
        };
        let plain = allow(json!({}));
        let deny = |condition: Value| json!({ "Effect": "Deny", "Principal": "*", "Action": "SNS:*", "Resource": "*", "Condition": condition });
        for (statements, expected) in [
            (vec![plain.clone()], "admits"),
            (vec![], "refuses"),
            (vec![allow(json!({ "Action": ["SNS:Pub*"], "Resource": "*" }))], "admits"),
            (
                vec![allow(json!({ "Resource": "arn:aws:sns:eu-west-1:111122223333:other" }))],
                "refuses",
            ),
            (vec![allow(json!({ "Principal": { "Service": "sns.amazonaws.com" } }))], "refuses"),
            (
                vec![allow(
                    json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } }),
                )],
                "refuses",
            ),
            (
                vec![allow(
                    json!({ "Principal": { "AWS": "*" }, "Condition": { "StringEquals": { "AWS:SourceOwner": "111122223333" } } }),
                )],
                "refuses",
            ),
            (
                vec![allow(
                    json!({ "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:events:*" } } }),
                )],
                "assumes",
            ),
            (
                vec![plain.clone(), deny(json!({ "Bool": { "aws:SecureTransport": "false" } }))],
                "admits",
            ),
            (vec![plain.clone(), deny(json!({}))], "refuses"),
            (
                vec![
                    plain.clone(),
                    deny(json!({ "StringNotEquals": { "aws:SourceAccount": "111122223333" } })),
                ],
                "refuses",
            ),
            (
                vec![allow(
                    json!({ "Condition": { "StringEqualsIfExists": { "aws:SourceAccount": "111122223333" } } }),
                )],
                "admits",
            ),
            (vec![allow(json!({ "Condition": "nonsense" }))], "assumes"),
            (
                vec![allow(json!({ "Condition": { "Null": { "aws:SourceAccount": "true" } } }))],
                "assumes",
            ),
            (
                vec![
                    plain.clone(),
                    deny(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })),
                ],
                "assumes",
            ),
        ] {
            assert_eq!(admits(statements.clone()), expected, "{statements:#?}");
        }
    }

    #[test]
    fn a_known_source_arn_is_evaluated() {
        let request = Request { source_arn: Sent::Value(TOPIC), ..publish() };
        let with = |source: &str| json!({ "Statement": allow(json!({ "Condition": { "ArnEquals": { "aws:SourceArn": source } } })) });
        assert_eq!(
            admission(Some(&with("arn:aws:sns:*:111122223333:t")), &request),
            Admission::Admits
        );
        assert!(matches!(
            admission(Some(&with("arn:aws:sns:*:999999999999:t")), &request),
            Admission::Refuses(_)
        ));
    }
}
