//! A small evaluator of resource policies, strict where AWS is not documented.
//!
//! A condition that depends on something it does not know is never satisfied for an `Allow` and
//! always for a `Deny`. A key that is missing from the request is absent, as on AWS: EventBridge,
//! for example, sends no `aws:SourceAccount` when it publishes to a topic. Nothing here is shared
//! with the proof's evaluator; a law holds the two against each other.

mod condition;
pub mod form;

use condition::Held;
use ctguard_core::scope::{AccountId, Arn};
use serde_json::Value;

/// A request to a policy.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub principal: Principal<'a>,
    /// `sns:Publish`.
    pub action: &'a str,
    /// Empty where statements name no resource: in a role's trust policy.
    pub resource: &'a str,
    /// Condition keys in lower case, with their values; a key with several values is repeated.
    pub context: &'a [(&'a str, &'a str)],
    /// The keys of the context of which AWS does not say whether they are sent.
    pub unsure: &'a [&'a str],
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Principal<'a> {
    Service(&'a str),
    /// A principal of this account whose own permissions suffice.
    Account(&'a AccountId),
    /// A session of this role.
    Role {
        arn: &'a str,
        account: &'a AccountId,
    },
    /// The owner of an identity policy, whose statements name no principal.
    Holder,
}

impl Principal<'_> {
    fn describe(self) -> String {
        match self {
            Self::Service(service) => service.to_owned(),
            Self::Account(account) => format!("account {account}"),
            Self::Role { arn, .. } => arn.to_owned(),
            Self::Holder => "it".to_owned(),
        }
    }
}

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weighed {
    Allowed,
    /// Refused, whatever is not known.
    Refused(String),
    /// It depends on something that is not known.
    Unsure(String),
}

/// Decides a request; a refusal has its cause, as a fragment that follows the resource's name.
pub fn decide(policy: Option<&Value>, request: &Request<'_>) -> Result<(), String> {
    decide_together(policy, request)
}

/// Decides a request by several policies that are attached to one identity. What is unsure is
/// refused.
pub fn decide_together<'a>(
    policies: impl IntoIterator<Item = &'a Value>,
    request: &Request<'_>,
) -> Result<(), String> {
    match weigh(policies, request) {
        Weighed::Allowed => Ok(()),
        Weighed::Refused(why) => Err(why),
        Weighed::Unsure(why) => Err(format!("{why}, as far as is known")),
    }
}

/// Weighs a request by several policies.
pub fn weigh<'a>(policies: impl IntoIterator<Item = &'a Value>, request: &Request<'_>) -> Weighed {
    let who = request.principal.describe();
    let policies: Vec<&Value> = policies.into_iter().collect();
    if policies.is_empty() {
        return Weighed::Refused(format!("has no policy, so {who} may not {}", request.action));
    }
    let mut unsure = None;
    match denial(&policies, request) {
        Weighed::Allowed => {}
        Weighed::Unsure(why) => unsure = Some(why),
        refused @ Weighed::Refused(_) => return refused,
    }
    let mut why = format!("has a policy that does not let {who} {}", request.action);
    let (mut allowed, mut perhaps) = (false, None);
    for (statement, held, key) in applying(&policies, "Allow", request) {
        match held {
            Held::Yes => allowed = true,
            Held::No | Held::Unknown => {
                let said = format!(
                    "has a policy whose {} does not hold for {who}: condition on {key}",
                    name(statement)
                );
                if held == Held::Unknown { perhaps = Some(said) } else { why = said }
            }
        }
    }
    match (allowed, perhaps, unsure) {
        (true, _, None) => Weighed::Allowed,
        (true, _, Some(why)) | (false, Some(why), _) => Weighed::Unsure(why),
        (false, None, _) => Weighed::Refused(why),
    }
}

/// Checks that no statement denies a request, whether or not one allows it.
pub fn not_denied<'a>(
    policies: impl IntoIterator<Item = &'a Value>,
    request: &Request<'_>,
) -> Result<(), String> {
    let policies: Vec<&Value> = policies.into_iter().collect();
    match denial(&policies, request) {
        Weighed::Allowed => Ok(()),
        Weighed::Refused(why) | Weighed::Unsure(why) => Err(why),
    }
}

fn denial(policies: &[&Value], request: &Request<'_>) -> Weighed {
    let mut result = Weighed::Allowed;
    for (statement, held, _) in applying(policies, "Deny", request) {
        let why = format!("has a policy whose {} denies it", name(statement));
        match held {
            Held::Yes => return Weighed::Refused(why),
            Held::Unknown => result = Weighed::Unsure(why),
            Held::No => {}
        }
    }
    result
}

/// The statements with this effect that are or may be about a request, with whether their
/// conditions hold, and the key that decides that.
fn applying<'a>(
    policies: &[&'a Value],
    effect: &str,
    request: &Request<'_>,
) -> Vec<(&'a Value, Held, String)> {
    let mut found = Vec::new();
    for policy in policies {
        let resolves = policy.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        for statement in list(policy.get("Statement")) {
            if statement.get("Effect").and_then(Value::as_str) != Some(effect) {
                continue;
            }
            let covered = covers(statement, request, effect == "Deny", resolves);
            let (held, key) = condition::check(statement.get("Condition"), request, resolves);
            match (covered, held) {
                (Held::No, _) => {}
                (Held::Yes, held) => found.push((statement, held, key)),
                (Held::Unknown, Held::No) => found.push((statement, Held::No, key)),
                (Held::Unknown, _) => {
                    found.push((statement, Held::Unknown, "whom it means".into()))
                }
            }
        }
    }
    found
}

fn name(statement: &Value) -> String {
    match statement.get("Sid").and_then(Value::as_str) {
        Some(sid) => format!("statement `{sid}`"),
        None => "unnamed statement".to_owned(),
    }
}

/// Whether a statement is about this principal, action and resource.
fn covers(statement: &Value, request: &Request<'_>, deny: bool, resolves: bool) -> Held {
    let action = request.action.to_ascii_lowercase();
    let acts = |value: &Value| {
        let patterns = texts(Some(value));
        patterns.iter().any(|pattern| glob(&pattern.to_ascii_lowercase(), &action)).into()
    };
    let reaches = |value: &Value| {
        let mut result = Held::No;
        for pattern in texts(Some(value)) {
            let pattern = match resolves {
                true => condition::replaced(pattern, request),
                false => Some(pattern.to_owned()),
            };
            match pattern {
                Some(pattern) if condition::like(&pattern, request.resource) => return Held::Yes,
                Some(_) => {}
                None => result = Held::Unknown,
            }
        }
        result
    };
    let either = |positive: &str, negative: &str, holds: &dyn Fn(&Value) -> Held| match (
        statement.get(positive),
        statement.get(negative),
    ) {
        (Some(value), None) => holds(value),
        (None, Some(value)) => match holds(value) {
            Held::Yes => Held::No,
            Held::No => Held::Yes,
            Held::Unknown => Held::Unknown,
        },
        _ => deny.into(),
    };
    let principal = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), None) => is_meant(value, request.principal).into(),
        // A session would have to be named by its own ARN, which is unknown beforehand. AWS advises
        // against NotPrincipal with `Allow`, and does not say whom it admits.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        (None, Some(value)) => {
            let session = matches!(request.principal, Principal::Role { .. });
            match deny {
                true if everybody(value) => Held::No,
                true if session && names_session(value, request.principal) => Held::Unknown,
                true => (session || !is_meant(value, request.principal)).into(),
                false if is_meant(value, request.principal) => Held::No,
                false => Held::Unknown,
            }
        }
        (None, None) => matches!(request.principal, Principal::Holder).into(),
        _ => Held::No,
    };
    let resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (None, None) if request.resource.is_empty() => Held::Yes,
        // The policy of a key may leave it out.
        (None, None) if request.action.starts_with("kms:") => Held::Yes,
        _ => either("Resource", "NotResource", &reaches),
    };
    let all = [principal, either("Action", "NotAction", &acts), resource];
    match (all.contains(&Held::No), all.contains(&Held::Unknown)) {
        (true, _) => Held::No,
        (false, true) => Held::Unknown,
        (false, false) => Held::Yes,
    }
}

/// Whether an element names everybody.
fn everybody(element: &Value) -> bool {
    element.as_str() == Some("*") || texts(element.get("AWS")).contains(&"*")
}

/// Whether an element names a session of a role of the principal's account.
fn names_session(element: &Value, principal: Principal<'_>) -> bool {
    let Principal::Role { account, .. } = principal else { return false };
    let named = |arn: &&str| {
        let parts = Arn::parse(arn).filter(|parts| parts.service == "sts");
        parts.is_some_and(|parts| {
            parts.account == account.as_str() && parts.resource.starts_with("assumed-role/")
        })
    };
    texts(element.get("AWS")).iter().any(named)
}

/// Whether a `Principal` element means this one. `"*"` and `{"AWS": "*"}` mean everybody.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn is_meant(element: &Value, principal: Principal<'_>) -> bool {
    let aws = texts(element.get("AWS"));
    let everybody = element.as_str() == Some("*") || aws.contains(&"*");
    let whole = |account: &AccountId| {
        aws.iter().any(|text| {
            *text == account.as_str()
                || Arn::parse(text).is_some_and(|arn| {
                    arn.service == "iam"
                        && arn.account == account.as_str()
                        && arn.resource == "root"
                })
        })
    };
    match principal {
        Principal::Holder => false,
        _ if everybody => true,
        Principal::Service(service) => texts(element.get("Service")).contains(&service),
        Principal::Account(account) => whole(account),
        Principal::Role { arn, account } => whole(account) || aws.contains(&arn),
    }
}

/// A value, or the values of a list.
pub(super) fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

/// A text, or the texts of a list.
pub(super) fn texts(value: Option<&Value>) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

/// Whether a text matches a pattern in which `*` is any run of characters and `?` any one.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(&c) if c == '?' || c == text[read] => {
                at += 1;
                read += 1;
            }
            // Let the last star match one more character.
            _ => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:secops";
    const RULE: &str = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-x";

    fn publish(statement: &Value) -> bool {
        let context = [
            ("aws:sourcearn", RULE),
            ("aws:securetransport", "true"),
            ("aws:principalisawsservice", "true"),
        ];
        let request = Request {
            principal: Principal::Service("events.amazonaws.com"),
            action: "sns:Publish",
            resource: TOPIC,
            context: &context,
            unsure: &[],
        };
        decide(Some(&json!({ "Statement": statement })), &request).is_ok()
    }

    fn grant(changes: &Value) -> Value {
        let mut statement = json!({
            "Sid": "s", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish", "Resource": TOPIC,
        });
        for (key, value) in changes.as_object().expect("an object") {
            statement[key] = value.clone();
        }
        statement
    }

    #[test]
    fn a_grant_must_name_the_principal_the_action_and_the_resource() {
        for (changes, allowed) in [
            (json!({}), true),
            (json!({ "Principal": "*" }), true),
            (json!({ "Principal": { "AWS": "*" } }), true),
            (json!({ "Principal": { "AWS": "arn:aws:iam::111122223333:root" } }), false),
            (
                json!({ "Principal": { "Service": ["s3.amazonaws.com", "events.amazonaws.com"] } }),
                true,
            ),
            (json!({ "Principal": { "Service": "s3.amazonaws.com" } }), false),
            (json!({ "Action": "SNS:publish" }), true),
            (json!({ "Action": ["sns:Subscribe", "sns:Pub*"] }), true),
            (json!({ "Action": "sns:Subscribe" }), false),
            (json!({ "Resource": "arn:aws:sns:*:111122223333:sec*" }), true),
            (json!({ "Resource": "arn:aws:sns:eu-west-1:111122223333:other" }), false),
            (json!({ "Effect": "allow" }), false),
        ] {
            assert_eq!(publish(&grant(&changes)), allowed, "{changes}");
        }
    }

    #[test]
    fn a_condition_that_cannot_be_shown_to_hold_admits_nobody() {
        for (condition, allowed) in [
            (
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-*" } }),
                true,
            ),
            (json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:events:*:*:rule/other" } }), false),
            (json!({ "ArnEquals": { "aws:SourceArn": RULE } }), true),
            (json!({ "StringEquals": { "aws:SourceArn": RULE } }), true),
            (json!({ "StringLike": { "aws:SourceArn": "*rule/ctguard*" } }), true),
            (json!({ "Bool": { "aws:SecureTransport": "true" } }), true),
            (json!({ "Bool": { "aws:SecureTransport": false } }), false),
            (json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } }), false),
            (json!({ "StringEquals": { "AWS:SourceOwner": "111122223333" } }), false),
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a" } }), false),
            (json!({ "StringEqualsIfExists": { "aws:SourceAccount": "111122223333" } }), true),
            (json!({ "NumericLessThan": { "aws:Whatever": "3" } }), false),
            // AWS: nothing in a request without tags fails it.
            (json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }), true),
        ] {
            assert_eq!(publish(&grant(&json!({ "Condition": condition }))), allowed, "{condition}");
        }
    }

    #[test]
    fn a_deny_wins_unless_its_condition_is_known_not_to_hold() {
        for (deny, allowed) in [
            (json!({ "Effect": "Deny", "Principal": "*" }), false),
            (
                json!({ "Effect": "Deny", "Principal": "*", "Condition": { "Bool": { "aws:SecureTransport": "false" } } }),
                true,
            ),
            (
                json!({ "Effect": "Deny", "Principal": "*", "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-a" } } }),
                false,
            ),
            (
                json!({ "Effect": "Deny", "Principal": "*", "Condition": { "StringNotEquals": { "aws:SourceVpce": "vpce-1" } } }),
                false,
            ),
            (json!({ "Effect": "Deny", "Principal": { "AWS": "999988887777" } }), true),
        ] {
            let statements = json!([grant(&json!({})), grant(&deny)]);
            assert_eq!(publish(&statements), allowed, "{deny}");
        }
    }

    #[test]
    fn not_elements_turn_a_statement_round() {
        let denied = json!([grant(&json!({})), {
            "Effect": "Deny", "NotPrincipal": { "Service": "s3.amazonaws.com" }, "Action": "*", "Resource": "*",
        }]);
        assert!(!publish(&denied));
        let open = json!({ "Effect": "Allow", "Principal": "*", "NotAction": "sns:Subscribe", "Resource": TOPIC });
        assert!(publish(&open));
        let everybody_else = json!({ "Effect": "Allow", "NotPrincipal": { "AWS": "999988887777" }, "Action": "*", "Resource": "*" });
        assert!(!publish(&everybody_else));
    }

    const BUS: &str = "arn:aws:events:eu-west-1:999988887777:event-bus/hub";
    const ROLE: &str = "arn:aws:iam::111122223333:role/ctguard-acme";

    /// Whether a session of the role may put events on the bus.
    fn put(statements: &Value) -> bool {
        let account = AccountId::new("111122223333").expect("an account");
        let context = [
            ("aws:principalarn", ROLE),
            ("aws:principalaccount", "111122223333"),
            ("aws:principalorgid", "o-a1b2c3d4e5"),
            ("aws:principalorgpaths", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"),
            ("aws:principalisawsservice", "false"),
        ];
        let request = Request {
            principal: Principal::Role { arn: ROLE, account: &account },
            action: "events:PutEvents",
            resource: BUS,
            context: &context,
            unsure: &[],
        };
        decide(Some(&json!({ "Statement": statements })), &request).is_ok()
    }

    fn admit(changes: &Value) -> Value {
        let mut statement = grant(changes);
        statement["Action"] = json!("events:PutEvents");
        statement["Resource"] = json!(BUS);
        statement
    }

    #[test]
    fn a_roles_session_is_meant_by_its_account_its_role_and_everybody() {
        for (principal, allowed) in [
            (json!("*"), true),
            (json!({ "AWS": "*" }), true),
            (json!({ "AWS": "111122223333" }), true),
            (json!({ "AWS": ["999988887777", "arn:aws:iam::111122223333:root"] }), true),
            (json!({ "AWS": ROLE }), true),
            (json!({ "AWS": "arn:aws:iam::111122223333:role/other" }), false),
            (json!({ "AWS": "999988887777" }), false),
            (json!({ "Service": "events.amazonaws.com" }), false),
        ] {
            assert_eq!(put(&admit(&json!({ "Principal": principal }))), allowed, "{principal}");
        }
        let but_the_account = json!([admit(&json!({ "Principal": "*" })), {
            "Effect": "Deny", "NotPrincipal": { "AWS": ["111122223333", ROLE] },
            "Action": "events:*", "Resource": BUS,
        }]);
        assert!(!put(&but_the_account), "a session would have to be named by its own ARN");
    }

    #[test]
    fn conditions_on_who_asks_hold_as_the_organization_says() {
        let paths =
            |operator: &str, path: &str| json!({ operator: { "aws:PrincipalOrgPaths": [path] } });
        for (condition, allowed) in [
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), true),
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-other00000" } }), false),
            (json!({ "StringNotEquals": { "aws:PrincipalAccount": ["444455556666"] } }), true),
            (
                json!({ "StringNotEquals": { "aws:PrincipalAccount": ["444455556666", "111122223333"] } }),
                false,
            ),
            (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/ctguard-*" } }), true),
            (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/other" } }), false),
            (paths("ForAnyValue:StringLike", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"), true),
            (paths("ForAnyValue:StringLike", "o-a1b2c3d4e5/*"), true),
            (paths("ForAnyValue:StringLike", "o-a1b2c3d4e5/r-ab12/ou-ab12-22222222/*"), false),
            (paths("ForAnyValue:StringEquals", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"), true),
            (paths("ForAllValues:StringLike", "o-a1b2c3d4e5/*"), true),
            (paths("StringLike", "o-a1b2c3d4e5/*"), false),
            (
                json!({ "StringEquals": { "aws:PrincipalAccount": "${aws:ResourceAccount}" } }),
                false,
            ),
            (json!({ "Null": { "aws:PrincipalServiceName": "true" } }), true),
            (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:*:rule/*" } }), false),
            (json!({ "StringEquals": { "events:source": "aws.ec2" } }), false),
            (json!({ "DateGreaterThan": { "aws:TokenIssueTime": "2026-01-01" } }), true),
            (json!({ "DateLessThan": { "aws:TokenIssueTime": "2026-01-01" } }), false),
            (json!({ "DateLessThan": { "aws:CurrentTime": "2099-01-01" } }), true),
            (json!({ "DateLessThan": { "aws:CurrentTime": "2030-01-01" } }), false),
            (json!({ "StringLikeIfExists": { "aws:UserAgent": "*" } }), true),
            (json!({ "StringLike": { "aws:UserAgent": "*" } }), false),
        ] {
            let statement = admit(&json!({ "Principal": "*", "Condition": condition }));
            assert_eq!(put(&statement), allowed, "{condition}");
        }
        let account = AccountId::new("111122223333").expect("an account");
        let nobodys = Request {
            principal: Principal::Role { arn: ROLE, account: &account },
            action: "events:PutEvents",
            resource: BUS,
            context: &[("aws:principalaccount", "111122223333")],
            unsure: &[],
        };
        let like = paths("ForAnyValue:StringLike", "*");
        assert_eq!(condition::check(Some(&like), &nobodys, true).0, Held::No, "no organization");
        let all = paths("ForAllValues:StringLike", "x");
        assert_eq!(condition::check(Some(&all), &nobodys, true).0, Held::Yes, "nothing fails it");
    }

    #[test]
    fn what_a_holder_may_do_is_said_by_all_its_policies_together() {
        let request = Request {
            principal: Principal::Holder,
            action: "events:PutEvents",
            resource: BUS,
            context: &[],
            unsure: &[],
        };
        let statement = |effect: &str, resource: &str| json!({ "Statement": { "Effect": effect, "Action": "events:PutEvents", "Resource": resource } });
        let (allow, deny) = (statement("Allow", BUS), statement("Deny", "*"));
        let other = statement("Allow", TOPIC);
        for (policies, allowed) in [
            (vec![&allow], true),
            (vec![&other, &allow], true),
            (vec![&other], false),
            (vec![&allow, &deny], false),
            (vec![], false),
        ] {
            assert_eq!(
                decide_together(policies.clone(), &request).is_ok(),
                allowed,
                "{policies:?}"
            );
        }
        let of_a_resource = json!({ "Statement": admit(&json!({ "Principal": "*" })) });
        assert!(decide(Some(&of_a_resource), &request).is_err(), "it names a principal");
    }

    #[test]
    fn globs_know_stars_and_question_marks() {
        for (pattern, text, same) in [
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c*e", "abcde", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("", "a", false),
            ("*ab", "aab", true),
        ] {
            assert_eq!(glob(pattern, text), same, "{pattern} {text}");
        }
    }
}
