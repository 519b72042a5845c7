//! Which other accounts, and which organizations, a resource policy lets do something.
//!
//! Whoever a statement names can do it where its conditions can hold for one of their principals;
//! those that never do let in nobody. A denial that is not known to spare them may keep them out.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::carried::Carried;
use super::condition::{self, Carries, Verdict};
use super::{about, texts, variables_of};
use crate::resource::policy::statements;
use crate::scope::{AccountId, Arn};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// Somebody beside the account of a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outsider {
    Account(AccountId),
    /// Whoever is of an organization.
    Organization(String),
}

impl fmt::Display for Outsider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account {id}"),
            Self::Organization(id) => write!(f, "whoever is of organization {id}"),
        }
    }
}

/// Those beside an account whom a statement of a policy lets do something to a resource, with the
/// condition that it depends on, if there is one.
pub fn admitted(
    policy: &Value,
    statement: &Value,
    own: &AccountId,
    action: &str,
    resource: &str,
) -> Vec<(Outsider, Option<String>)> {
    let variables = variables_of(policy);
    let denials: Vec<&Value> =
        statements(policy).into_iter().filter(|one| effect(one) == Some("Deny")).collect();
    let mut found = Vec::new();
    for outsider in named(statement, own) {
        let answers = principals(statement, &outsider).into_iter().filter_map(|arn| {
            let caller = Caller { outsider: &outsider, arn };
            let verdict = |one: &Value| match about(one, variables, action, resource, &caller) {
                Some(false) => Verdict::Fails(String::new()),
                Some(true) => condition::judge(one.get("Condition"), variables, &caller),
                None => Verdict::Unclear("a policy variable".to_owned()),
            };
            let meant = |one: &Value| everybody(one) || named(one, own).contains(&outsider);
            let denied =
                denials.iter().any(|one| meant(one) && !matches!(verdict(one), Verdict::Fails(_)));
            match verdict(statement) {
                _ if denied => None,
                Verdict::Holds => Some(None),
                Verdict::Unclear(key) => Some(Some(key)),
                Verdict::Fails(_) => None,
            }
        });
        // What holds for sure comes before what depends on something.
        if let Some(depends) = answers.min() {
            found.push((outsider, depends));
        }
    }
    found
}

fn effect(statement: &Value) -> Option<&str> {
    statement.get("Effect").and_then(Value::as_str)
}

/// The ARNs with which somebody may come: what the conditions name of theirs, and another.
fn principals(statement: &Value, outsider: &Outsider) -> Vec<Option<String>> {
    let Outsider::Account(id) = outsider else { return vec![None] };
    let own = |arn: &String| Arn::parse(arn).is_some_and(|arn| arn.account == id.as_str());
    let named = asked(statement, "aws:principalarn").into_iter().filter(own);
    let named = named.map(|arn| arn.replace(['*', '?'], "x"));
    named.chain([format!("arn:aws:iam::{id}:role/anybody")]).map(Some).collect()
}

/// The values that the conditions of a statement have for a key, in lower case.
fn asked(statement: &Value, key: &str) -> Vec<String> {
    let blocks = statement.get("Condition").and_then(Value::as_object);
    let pairs = blocks.into_iter().flat_map(|block| block.values()).filter_map(Value::as_object);
    let of_key = pairs.flatten().filter(|(name, _)| name.eq_ignore_ascii_case(key));
    of_key.flat_map(|(_, values)| texts(values).map(str::to_owned)).collect()
}

/// Whom a statement names beside this account: as a principal, or for everybody by a condition.
fn named(statement: &Value, own: &AccountId) -> BTreeSet<Outsider> {
    let account = |name: &str| match Arn::parse(name) {
        Some(arn) => AccountId::new(arn.account),
        None => AccountId::new(name),
    };
    let others = |id: &AccountId| id != own;
    if !everybody(statement) {
        let principals = statement.get("Principal").and_then(|who| who.get("AWS"));
        let accounts = principals.into_iter().flat_map(texts).filter_map(account);
        return accounts.filter(others).map(Outsider::Account).collect();
    }
    let keys = ["aws:principalaccount", "aws:principalarn"];
    let accounts = keys.into_iter().flat_map(|key| asked(statement, key));
    let accounts = accounts.filter_map(|name| account(&name)).filter(others);
    let keys = ["aws:principalorgid", "aws:principalorgpaths"];
    let organizations = keys.into_iter().flat_map(|key| asked(statement, key));
    let organizations = organizations.filter_map(|text| {
        let id = text.split('/').next().unwrap_or_default();
        let is_one = id.starts_with("o-") && !id.contains(['*', '?', '$']);
        is_one.then(|| Outsider::Organization(id.to_owned()))
    });
    accounts.map(Outsider::Account).chain(organizations).collect()
}

fn everybody(statement: &Value) -> bool {
    statement.get("Principal").is_some_and(|who| match who {
        Value::String(name) => name == "*",
        kinds => kinds.get("AWS").is_some_and(|who| texts(who).any(|name| name == "*")),
    })
}

/// A principal of somebody's, with its ARN where one is chosen.
struct Caller<'a> {
    outsider: &'a Outsider,
    arn: Option<String>,
}

impl Carries for Caller<'_> {
    fn carried(&self, key: &str) -> Carried {
        let value = |text: &str| Carried::Value(text.to_owned());
        match (key, self.outsider) {
            ("aws:principalaccount", Outsider::Account(id)) => value(id.as_str()),
            ("aws:principalarn", _) => self.arn.as_deref().map_or(Carried::Unknown, value),
            ("aws:principalorgid", Outsider::Organization(id)) => value(id),
            ("aws:principalorgpaths", Outsider::Organization(id)) => {
                Carried::Beneath(vec![format!("{id}/")])
            }
            ("aws:securetransport", _) => value("true"),
            ("aws:principalisawsservice", _) => value("false"),
            ("aws:currenttime" | "aws:epochtime", _) => Carried::Time,
            // Only what a service sends for somebody has these.
            (
                "aws:sourcearn"
                | "aws:sourceaccount"
                | "aws:sourceorgid"
                | "aws:sourceorgpaths"
                | "aws:principalservicename"
                | "aws:principalservicenameslist",
                _,
            ) => Carried::Never,
            _ => Carried::Unknown,
        }
    }

    fn who(&self) -> &str {
        "another account"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FILE: &str = "arn:aws:s3:::logs/AWSLogs/111122223333/CloudTrail/x";

    fn told(principal: Value, condition: Value, more: &[Value]) -> Vec<String> {
        let own = AccountId::new("111122223333").expect("twelve digits");
        let statement = json!({ "Effect": "Allow", "Principal": principal,
            "Action": "s3:DeleteObject*", "Resource": "arn:aws:s3:::logs/*",
            "Condition": condition });
        let all: Vec<Value> = [statement.clone()].into_iter().chain(more.to_vec()).collect();
        let policy = json!({ "Version": "2012-10-17", "Statement": all });
        let found = admitted(&policy, &statement, &own, "s3:DeleteObject", FILE);
        found
            .into_iter()
            .map(|(who, depends)| match depends {
                None => who.to_string(),
                Some(key) => format!("{who} ({key})"),
            })
            .collect()
    }

    #[test]
    fn those_are_told_for_whom_the_conditions_can_hold() {
        let other = json!({ "AWS": "arn:aws:iam::999988887777:role/backup" });
        let anybody = json!("*");
        let account = "account 999988887777";
        let equals = |key: &str, value: &str| json!({ "StringEquals": { key: value } });
        for (principal, condition, expected) in [
            (&other, json!({}), vec![account.to_owned()]),
            (&other, json!({ "Bool": { "aws:SecureTransport": "true" } }), vec![account.into()]),
            (&other, json!({ "Bool": { "aws:SecureTransport": "false" } }), vec![]),
            (
                &other,
                json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }),
                vec![format!("{account} (aws:MultiFactorAuthPresent)")],
            ),
            (&other, equals("aws:SourceAccount", "999988887777"), vec![]),
            (&other, equals("aws:PrincipalAccount", "444455556666"), vec![]),
            (&anybody, equals("aws:PrincipalAccount", "111122223333"), vec![]),
            (&anybody, equals("aws:PrincipalAccount", "999988887777"), vec![account.into()]),
            (
                &anybody,
                json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::999988887777:role/b*" } }),
                vec![account.into()],
            ),
            (
                &anybody,
                equals("aws:PrincipalOrgID", "o-a1b2c3d4e5"),
                vec!["whoever is of organization o-a1b2c3d4e5".into()],
            ),
            (
                &anybody,
                json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }),
                vec![],
            ),
            (&json!({ "AWS": "111122223333" }), json!({}), vec![]),
            (&json!({ "Service": "cloudtrail.amazonaws.com" }), json!({}), vec![]),
        ] {
            assert_eq!(told(principal.clone(), condition.clone(), &[]), expected, "{condition}");
        }
        let deny = |condition: Value| {
            json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:Delete*",
                "Resource": "*", "Condition": condition })
        };
        assert!(told(other.clone(), json!({}), &[deny(json!({}))]).is_empty());
        let tls = deny(json!({ "Bool": { "aws:SecureTransport": "false" } }));
        assert_eq!(told(other, json!({}), &[tls]), [account]);
    }
}
