//! A small evaluator of resource policies, strict where AWS is not documented.
//!
//! A condition that it does not know is never satisfied for an `Allow` and always for a `Deny`. A
//! key that is missing from the request is absent, as on AWS: EventBridge, for example, sends no
//! `aws:SourceAccount` when it publishes to a topic.

mod condition;
pub mod form;

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

/// Decides a request; a refusal has its cause, as a fragment that follows the resource's name.
pub fn decide(policy: Option<&Value>, request: &Request<'_>) -> Result<(), String> {
    decide_together(policy, request)
}

/// Decides a request by several policies that are attached to one identity.
pub fn decide_together<'a>(
    policies: impl IntoIterator<Item = &'a Value>,
    request: &Request<'_>,
) -> Result<(), String> {
    let who = request.principal.describe();
    let policies: Vec<&Value> = policies.into_iter().collect();
    if policies.is_empty() {
        return Err(format!("has no policy, so {who} may not {}", request.action));
    }
    not_denied(policies.iter().copied(), request)?;
    let mut why = format!("has a policy that does not let {who} {}", request.action);
    for statement in applying(&policies, "Allow", request) {
        match condition::failing(statement.get("Condition"), request.context, false) {
            None => return Ok(()),
            Some(key) => {
                why = format!(
                    "has a policy whose {} does not hold for {who}: condition on {key}",
                    name(statement)
                );
            }
        }
    }
    Err(why)
}

/// Checks that no statement denies a request, whether or not one allows it.
pub fn not_denied<'a>(
    policies: impl IntoIterator<Item = &'a Value>,
    request: &Request<'_>,
) -> Result<(), String> {
    let policies: Vec<&Value> = policies.into_iter().collect();
    for statement in applying(&policies, "Deny", request) {
        if condition::failing(statement.get("Condition"), request.context, true).is_none() {
            return Err(format!("has a policy whose {} denies it", name(statement)));
        }
    }
    Ok(())
}

/// The statements with this effect that are about a request, whatever their conditions.
fn applying<'a>(policies: &[&'a Value], effect: &str, request: &Request<'_>) -> Vec<&'a Value> {
    let statements = policies.iter().flat_map(|policy| list(policy.get("Statement")));
    statements
        .filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some(effect))
        .filter(|statement| covers(statement, request, effect == "Deny"))
        .collect()
}

fn name(statement: &Value) -> String {
    match statement.get("Sid").and_then(Value::as_str) {
        Some(sid) => format!("statement `{sid}`"),
        None => "unnamed statement".to_owned(),
    }
}

/// Whether a statement is about this principal, action and resource.
fn covers(statement: &Value, request: &Request<'_>, deny: bool) -> bool {
    let action = request.action.to_ascii_lowercase();
    let acts = |value: &Value| {
        texts(Some(value)).iter().any(|pattern| glob(&pattern.to_ascii_lowercase(), &action))
    };
    // Policy variables are not resolved: they deny and never allow.
    let reaches = |value: &Value| {
        texts(Some(value))
            .iter()
            .any(|pattern| glob(pattern, request.resource) || (deny && pattern.contains("${")))
    };
    let either = |positive: &str, negative: &str, holds: &dyn Fn(&Value) -> bool| match (
        statement.get(positive),
        statement.get(negative),
    ) {
        (Some(value), None) => holds(value),
        (None, Some(value)) => !holds(value),
        _ => deny,
    };
    let principal = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), None) => is_meant(value, request.principal),
        // AWS advises against NotPrincipal, and an `Allow` with it would admit nearly everybody. A
        // session would have to be named by its own ARN, which is unknown beforehand.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        (None, Some(value)) => {
            let session = matches!(request.principal, Principal::Role { .. });
            deny && (session || !is_meant(value, request.principal))
        }
        (None, None) => matches!(request.principal, Principal::Holder),
        _ => false,
    };
    let resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (None, None) if request.resource.is_empty() => true,
        _ => either("Resource", "NotResource", &reaches),
    };
    principal && either("Action", "NotAction", &acts) && resource
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
        let context = [("aws:sourcearn", RULE), ("aws:securetransport", "true")];
        let request = Request {
            principal: Principal::Service("events.amazonaws.com"),
            action: "sns:Publish",
            resource: TOPIC,
            context: &context,
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
            (json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }), false),
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
            (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:*:rule/*" } }), false),
            (json!({ "StringEquals": { "events:source": "aws.ec2" } }), false),
        ] {
            let statement = admit(&json!({ "Principal": "*", "Condition": condition }));
            assert_eq!(put(&statement), allowed, "{condition}");
        }
        let nobodys = [("aws:principalaccount", "111122223333")];
        let like = paths("ForAnyValue:StringLike", "*");
        assert!(condition::failing(Some(&like), &nobodys, false).is_some(), "in no organization");
        let all = paths("ForAllValues:StringLike", "x");
        assert!(condition::failing(Some(&all), &nobodys, false).is_none(), "AWS: nothing fails it");
    }

    #[test]
    fn what_a_holder_may_do_is_said_by_all_its_policies_together() {
        let request = Request {
            principal: Principal::Holder,
            action: "events:PutEvents",
            resource: BUS,
            context: &[],
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
