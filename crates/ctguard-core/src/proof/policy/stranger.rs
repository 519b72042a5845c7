//! Whether a resource policy lets in anybody at all.
//!
//! It is asked for somebody who belongs to no account that a policy names, once as a member of an
//! unknown organization and once without one. What depends on a key whose value is not known, such
//! as a tag of the caller, is not called open.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::carried::Carried;
use super::condition::{self, Carries, Verdict};
use super::{about, texts, variables_of};
use crate::resource::policy::statements;
use crate::scope::Arn;
use serde_json::Value;

/// An id that AWS gives to no account.
const ACCOUNT: &str = "000000000000";

/// An address that nobody has: the block is set aside for measurements.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc2544>
const ADDRESS: &str = "198.18.0.1";

/// An id that AWS gives to no organization.
const ORGANIZATION: &str = "o-0000000000";

/// Somebody unknown who calls a resource.
struct Stranger<'a> {
    resource: &'a str,
    in_organization: bool,
}

/// The statement that lets anybody do this to the resource, in words; `None` when none is known to.
pub fn opening(policy: Option<&Value>, action: &str, resource: &str) -> Option<String> {
    let policy = policy?;
    [true, false].into_iter().find_map(|in_organization| {
        Stranger { resource, in_organization }.admitted_by(policy, action)
    })
}

impl Stranger<'_> {
    fn admitted_by(&self, policy: &Value, action: &str) -> Option<String> {
        let variables = variables_of(policy);
        let mut opening = None;
        for statement in statements(policy) {
            let about = about(statement, variables, action, self.resource, self);
            if about == Some(false) || !names_anybody(statement) {
                continue;
            }
            let verdict = condition::judge(statement.get("Condition"), variables, self);
            let holds = about == Some(true) && verdict == Verdict::Holds;
            match statement.get("Effect").and_then(Value::as_str) {
                Some("Allow") if holds => opening = opening.or_else(|| Some(named(statement))),
                // A denial that is not decided may keep them out.
                Some("Deny") if !matches!(verdict, Verdict::Fails(_)) => return None,
                _ => {}
            }
        }
        opening
    }
}

/// Whether somebody unknown is a principal of a statement. `NotPrincipal` with `Allow` is not
/// supported by AWS.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn names_anybody(statement: &Value) -> bool {
    let denies = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(Value::String(name)), _) => name == "*",
        (Some(kinds), _) => kinds.get("AWS").is_some_and(|who| texts(who).any(|name| name == "*")),
        (None, Some(_)) => denies,
        (None, None) => false,
    }
}

fn named(statement: &Value) -> String {
    match statement.get("Sid").and_then(Value::as_str) {
        Some(sid) => format!("the statement {sid}"),
        None => "a statement without a Sid".to_owned(),
    }
}

impl Carries for Stranger<'_> {
    fn carried(&self, key: &str) -> Carried {
        let value = |text: &str| Carried::Value(text.to_owned());
        let resource = Arn::parse(self.resource);
        match key {
            // SNS has the caller's account as `aws:SourceOwner`.
            "aws:principalaccount" | "aws:sourceowner" => value(ACCOUNT),
            "aws:principalarn" => Carried::Value(format!("arn:aws:iam::{ACCOUNT}:role/anybody")),
            "aws:principalorgid" if self.in_organization => value(ORGANIZATION),
            "aws:principalorgpaths" if self.in_organization => {
                Carried::Value(format!("{ORGANIZATION}/r-0000/"))
            }
            "aws:principaltype" => value("AssumedRole"),
            "aws:sourceip" => value(ADDRESS),
            "aws:userid" => value("AROA0000000000000000:anybody"),
            "aws:securetransport" => value("true"),
            "aws:principalisawsservice" | "aws:viaawsservice" => value("false"),
            "aws:currenttime" | "aws:epochtime" => Carried::Time,
            "aws:resourceaccount" => resource.map_or(Carried::Unknown, |arn| value(arn.account)),
            "aws:requestedregion" => resource.map_or(Carried::Unknown, |arn| value(arn.region)),
            // Only a service that calls for somebody sends the sources.
            "aws:sourcearn"
            | "aws:sourceaccount"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths"
            | "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:principalservicename"
            | "aws:principalservicenameslist"
            | "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:username"
            | "aws:calledvia"
            | "aws:calledviafirst"
            | "aws:calledvialast"
            | "sns:endpoint"
            | "sns:protocol" => Carried::Never,
            _ => Carried::Unknown,
        }
    }

    fn who(&self) -> &str {
        "anybody"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BUS: &str = "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme";

    fn is_open(statements: &[Value]) -> bool {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        opening(Some(&policy), "events:PutEvents", BUS).is_some()
    }

    fn allow(principal: Value, condition: Value) -> Value {
        json!({ "Sid": "s", "Effect": "Allow", "Principal": principal,
                "Action": "events:PutEvents", "Resource": BUS, "Condition": condition })
    }

    #[test]
    fn a_policy_is_open_without_a_condition_on_who() {
        for (condition, open) in [
            (json!({}), true),
            (json!({ "Bool": { "aws:SecureTransport": "true" } }), true),
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), false),
            (json!({ "StringLike": { "aws:PrincipalOrgID": "o-*" } }), true),
            (json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), true),
            (json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), true),
            (json!({ "Null": { "aws:PrincipalOrgID": "false" } }), true),
            (json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-a1/r-1/*" } }), false),
            (json!({ "ForAllValues:StringLike": { "aws:PrincipalOrgPaths": "o-a1/r-1/*" } }), true),
            (json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } }), false),
            (json!({ "StringEquals": { "AWS:SourceOwner": "111122223333" } }), false),
            (json!({ "StringEquals": { "aws:PrincipalAccount": ["111122223333"] } }), false),
            (json!({ "StringNotEquals": { "aws:PrincipalAccount": "444455556666" } }), true),
            (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } }), true),
            (
                json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } }),
                false,
            ),
            (json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }), false),
            (json!({ "IpAddress": { "aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"] } }), true),
            (json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }), true),
            (json!({ "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } }), true),
            (json!({ "StringLike": { "aws:userid": "*" } }), true),
            (json!({ "StringLike": { "aws:userid": "AROAEXAMPLEID00000000:*" } }), false),
            // Whether a stranger has these is not known.
            (json!({ "StringEquals": { "aws:PrincipalTag/team": "ops" } }), false),
        ] {
            assert_eq!(is_open(&[allow(json!("*"), condition.clone())]), open, "{condition}");
        }
    }

    #[test]
    fn only_everybody_is_anybody_and_a_denial_shuts_them_out() {
        for (principal, open) in [
            (json!("*"), true),
            (json!({ "AWS": "*" }), true),
            (json!({ "AWS": ["arn:aws:iam::111122223333:root", "*"] }), true),
            (json!({ "AWS": "arn:aws:iam::444455556666:root" }), false),
            (json!({ "Service": "events.amazonaws.com" }), false),
        ] {
            assert_eq!(is_open(&[allow(principal.clone(), json!({}))]), open, "{principal}");
        }
        let everybody = allow(json!("*"), json!({}));
        let outside = json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } });
        let mut deny = allow(json!("*"), outside);
        deny["Effect"] = json!("Deny");
        assert!(!is_open(&[everybody.clone(), deny]));
        let mut other = everybody.clone();
        other["Action"] = json!("events:DescribeRule");
        assert!(!is_open(&[other]));
        let mut every = everybody;
        every["Action"] = json!("events:*");
        assert!(is_open(&[every]));
    }
}
