//! Does a resource policy admit a service? Judged by the request that the service makes: `carried`
//! says which condition keys it has. What depends on something that is not known is named.

pub mod carried;
mod condition;
mod operator;
pub mod outsider;
pub mod principal;
pub mod stranger;
mod variable;

use crate::resource::policy::{VERSION, statements};
use carried::Carried;
use condition::{Carries, Variables, Verdict};
use serde_json::Value;
use variable::{LITERAL, Resolved};

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
    /// Whether a statement denies it, whatever another one allows.
    pub fn is_denial(&self) -> bool {
        matches!(self, Self::Deny(_))
    }

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
    /// The service sends this value, or does not send the key.
    Perhaps(&'a str),
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
    /// The service that uses a key on its behalf, such as `sns`; none where it calls the resource
    /// itself.
    pub through: Option<&'a str>,
    /// Further keys of this request, in lower case.
    pub extra: &'a [(&'a str, Sent<'a>)],
}

impl Carries for Request<'_> {
    fn carried(&self, key: &str) -> Carried {
        carried::by_service(self, key)
    }

    fn who(&self) -> &str {
        self.service
    }
}

/// Evaluates a policy document. Without a document no service is admitted.
pub fn admission(policy: Option<&Value>, request: &Request<'_>) -> Admission {
    let Some(policy) = policy else {
        return Admission::Refuses(PolicyRefusal::Nobody("it has no policy".to_owned()));
    };
    let variables = variables_of(policy);
    let mut allowed: Option<Admission> = None;
    let mut assumed_deny = None;
    for statement in statements(policy).into_iter().filter(|one| has_effect(one)) {
        let verdict = match concerns(statement, variables, request) {
            Some(false) => continue,
            Some(true) => condition::judge(statement.get("Condition"), variables, request),
            None => Verdict::Unclear("a policy variable".to_owned()),
        };
        let sid = sid(statement).unwrap_or("without a Sid");
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
            Verdict::Fails(why) => Admission::Refuses(PolicyRefusal::Condition(format!(
                "its statement {sid} allows {} only {why}",
                request.service
            ))),
            // AWS advises against NotPrincipal with Allow, and does not say whom it admits.
            _ if statement.get("Principal").is_none() => {
                Admission::Assumes(format!("its statement {sid} allows it by NotPrincipal"))
            }
            Verdict::Holds => Admission::Admits,
            Verdict::Unclear(key) => Admission::Assumes(format!(
                "its statement {sid} allows it under a condition on {key}"
            )),
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
                    && concerns(s, variables, request) == Some(true)
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

/// Whether a statement allows or denies. AWS stores no other, and the case counts.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_effect.html>
fn has_effect(statement: &Value) -> bool {
    matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"))
}

/// The name of a statement; an empty one is none.
fn sid(statement: &Value) -> Option<&str> {
    statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty())
}

/// Whether a policy's version knows variables.
fn variables_of(policy: &Value) -> Variables {
    match policy.get("Version").and_then(Value::as_str) {
        Some(VERSION) => Variables::Resolved,
        _ => Variables::Literal,
    }
}

fn nobody(request: &Request<'_>) -> PolicyRefusal {
    PolicyRefusal::Nobody(format!("no statement allows {} to {}", request.action, request.service))
}

fn names_service(statement: &Value, service: &str) -> bool {
    let named = statement.get("Principal").and_then(|who| who.get("Service"));
    named.is_some_and(|who| texts(who).any(|name| name == service))
}

fn concerns(statement: &Value, variables: Variables, request: &Request<'_>) -> Option<bool> {
    if !principal_matches(statement, request.service) {
        return Some(false);
    }
    about(statement, variables, request.action, request.resource, request)
}

/// Whether a statement is about an action on a resource; `None` when that depends on a variable.
fn about(
    statement: &Value,
    variables: Variables,
    action: &str,
    resource: &str,
    request: &dyn Carries,
) -> Option<bool> {
    let action = action.to_ascii_lowercase();
    let acts = |value: &Value| {
        Some(texts(value).any(|pattern| glob(&pattern.to_ascii_lowercase(), &action)))
    };
    let reaches = |value: &Value| {
        let mut unknown = false;
        for pattern in texts(value) {
            match variable::resolve(pattern, variables, request) {
                Resolved::Text(pattern) if glob(&pattern, resource) => return Some(true),
                Resolved::Text(_) => {}
                Resolved::Unknown => unknown = true,
            }
        }
        if unknown { None } else { Some(false) }
    };
    // A key policy may omit the resource, which can only be its own key.
    let acts = element(statement, "Action", "NotAction", false, acts);
    let reaches = element(statement, "Resource", "NotResource", true, reaches);
    match (acts, reaches) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn element(
    statement: &Value,
    name: &str,
    negated: &str,
    when_absent: bool,
    matches: impl Fn(&Value) -> Option<bool>,
) -> Option<bool> {
    match (statement.get(name), statement.get(negated)) {
        (Some(value), _) => matches(value),
        (None, Some(value)) => matches(value).map(|matched| !matched),
        (None, None) => Some(when_absent),
    }
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

fn texts(value: &Value) -> impl Iterator<Item = &str> {
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
            Some(c) if plain(*c) == text[t] => (p, t) = (p + 1, t + 1),
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

/// The character that a pattern's character stands for.
fn plain(c: char) -> char {
    LITERAL.iter().find(|(_, marker)| *marker == c).map_or(c, |(plain, _)| *plain)
}

/// A text without the marks of wildcards that stand for themselves.
fn exact(text: &str) -> String {
    text.chars().map(plain).collect()
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
            through: None,
            extra: &[],
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
            (vec![allow(json!({ "Effect": "allow" }))], "refuses"),
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
                "admits",
            ),
            (
                vec![
                    plain.clone(),
                    deny(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })),
                ],
                "refuses",
            ),
        ] {
            assert_eq!(admits(statements.clone()), expected, "{statements:#?}");
        }
    }

    #[test]
    fn conditions_are_judged_by_the_request_that_eventbridge_makes() {
        let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-x";
        let request = Request { source_arn: Sent::Perhaps(rule), ..publish() };
        let with = |effect: &str, condition: &Value| {
            let mut statement = allow(json!({ "Condition": condition }));
            statement["Effect"] = json!(effect);
            let mut all = vec![statement];
            if effect == "Deny" {
                all.push(allow(json!({})));
            }
            match admission(Some(&json!({ "Version": VERSION, "Statement": all })), &request) {
                Admission::Admits => '+',
                Admission::Assumes(_) => '?',
                Admission::Refuses(_) => '-',
            }
        };
        // What an Allow, and what a Deny beside a plain Allow, come to under a condition.
        for (condition, outcome) in [
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } }), "-+"),
            (json!({ "StringNotEquals": { "AWS:PrincipalOrgId": "o-1" } }), "+-"),
            (json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-1" } }), "+-"),
            (json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-1" } }), "+-"),
            (json!({ "Null": { "aws:PrincipalOrgID": "false" } }), "-+"),
            (json!({ "Null": { "aws:PrincipalServiceName": ["false"] } }), "+-"),
            (json!({ "StringEquals": { "aws:PrincipalTag/team": "x" } }), "-+"),
            (json!({ "StringEquals": { "aws:PrincipalAccount": "111122223333" } }), "-+"),
            (json!({ "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } }), "+-"),
            (json!({ "StringEqualsIfExists": { "aws:PrincipalAccount": "111122223333" } }), "??"),
            (
                json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } }),
                "-+",
            ),
            (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } }), "??"),
            (json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }), "-+"),
            (json!({ "NotIpAddress": { "aws:SourceIp": ["192.0.2.0/24"] } }), "+-"),
            (json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }), "??"),
            (json!({ "StringNotEquals": { "aws:SourceVpce": "vpce-1" } }), "+-"),
            (json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }), "+-"),
            (json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }), "-+"),
            (json!({ "NumericLessThan": { "aws:MultiFactorAuthAge": 3600 } }), "-+"),
            (json!({ "Bool": { "aws:PrincipalIsAWSService": true } }), "+-"),
            (json!({ "Bool": { "aws:ViaAWSService": "true" } }), "-+"),
            (
                json!({ "StringEquals": { "aws:PrincipalServiceName": "events.amazonaws.com" } }),
                "+-",
            ),
            (
                json!({ "ForAnyValue:StringLike": { "aws:PrincipalServiceNamesList": "events.*" } }),
                "+-",
            ),
            (
                json!({ "ForAllValues:StringEquals": { "aws:PrincipalServiceNamesList": "sns.amazonaws.com" } }),
                "-+",
            ),
            (json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }), "+-"),
            (json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["a"] } }), "-+"),
            (json!({ "ForAnyValue:StringEqualsIfExists": { "aws:CalledVia": ["a"] } }), "+-"),
            (
                json!({ "StringEquals": { "aws:RequestedRegion": ["us-east-1", "eu-west-1"] } }),
                "+-",
            ),
            (json!({ "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } }), "-+"),
            (json!({ "StringEquals": { "aws:ResourceAccount": "111122223333" } }), "+-"),
            (json!({ "DateGreaterThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } }), "+-"),
            (json!({ "DateLessThan": { "aws:CurrentTime": "2026-01-01" } }), "-+"),
            (json!({ "DateLessThan": { "aws:CurrentTime": "2999-01-01T00:00:00Z" } }), "+-"),
            (json!({ "DateGreaterThan": { "aws:CurrentTime": "2999-01-01T00:00:00Z" } }), "-+"),
            (json!({ "DateLessThan": { "aws:CurrentTime": "2030-01-01T00:00:00Z" } }), "??"),
            (json!({ "NumericEquals": { "aws:RequestedRegion": "1" } }), "-+"),
            (json!({ "BinaryEquals": { "aws:RequestedRegion": "ZXUtd2VzdC0x" } }), "-+"),
            (json!({ "StringLikeIfExists": { "aws:UserAgent": "*" } }), "+-"),
            (json!({ "StringLikeIfExists": { "aws:PrincipalArn": "*" } }), "+-"),
            (json!({ "StringLike": { "aws:UserAgent": "*" } }), "??"),
            (json!({ "NumericGreaterThanEquals": { "aws:EpochTime": "1000" } }), "+-"),
            (json!({ "StringEquals": { "sns:Protocol": "https" } }), "-+"),
            (json!({ "StringEquals": { "aws:SourceOrgID": "o-1" } }), "-+"),
            (json!({ "ArnEquals": { "aws:SourceArn": rule } }), "??"),
            (json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:events:*:*:rule/other" } }), "-+"),
            (json!({ "ArnNotLike": { "aws:SourceArn": "arn:aws:events:*:*:rule/other" } }), "+-"),
            (json!({ "ArnNotLike": { "aws:SourceArn": rule } }), "??"),
            (json!({ "StringEquals": { "aws:ResourceTag/team": "x" } }), "??"),
            // No service has these keys.
            (json!({ "StringEquals": { "aws:SourceAcount": "111122223333" } }), "-+"),
            (json!({ "StringNotEquals": { "aws:SourceAcount": "111122223333" } }), "+-"),
            (json!({ "StringNotEquals": { "s3:prefix": "x" } }), "+-"),
            (json!({ "StringNotEquals": { "sns:Protocoll": "x" } }), "+-"),
            (json!({ "StringEquals": { "aws:RequestedRegion": "${aws:RequestedRegion}" } }), "+-"),
            (
                json!({ "StringEquals": { "aws:RequestedRegion": "${aws:username, 'eu-west-1'}" } }),
                "+-",
            ),
            (json!({ "StringEquals": { "aws:RequestedRegion": "${aws:username}" } }), "??"),
            (json!({ "StringLike": { "aws:RequestedRegion": "eu-${*}" } }), "-+"),
            (json!({ "SomethingElse": { "aws:RequestedRegion": "x" } }), "??"),
            (
                json!({ "ArnLike": { "aws:SourceArn": rule }, "Bool": { "aws:SecureTransport": "false" } }),
                "-+",
            ),
        ] {
            let found: String =
                [with("Allow", &condition), with("Deny", &condition)].iter().collect();
            assert_eq!(found, outcome, "{condition}");
        }
    }

    #[test]
    fn variables_stand_for_themselves_in_an_old_version() {
        let resource = "arn:aws:sns:eu-west-1:${aws:ResourceAccount}:t";
        let of = |version: &str| {
            let statement = allow(json!({ "Resource": resource }));
            admission(Some(&json!({ "Version": version, "Statement": statement })), &publish())
        };
        assert_eq!(of(VERSION), Admission::Admits);
        assert!(matches!(of("2008-10-17"), Admission::Refuses(PolicyRefusal::Nobody(_))));
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
