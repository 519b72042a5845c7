//! What a role may do, by its own policies and by the policy of the resource.
//!
//! Unlike a service, a role belongs to an account, so conditions on the account and its
//! organization can be evaluated.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use super::condition::{Verdict, comparison, wanted};
use super::{Admission, PolicyRefusal, element_matches, glob, texts};
use crate::desired::ScopeOrganization;
use crate::resource::policy::statements;
use crate::scope::AccountId;
use serde_json::Value;

/// A request by a role.
pub struct Asker<'a> {
    pub role_arn: &'a str,
    pub account: &'a AccountId,
    /// The organization that the account was found in.
    pub organization: Option<&'a ScopeOrganization>,
    /// The account of the resource.
    pub resource_account: &'a str,
}

/// What is known of a condition key in the role's request.
enum KeyValue<'a> {
    Value(&'a str),
    /// It begins with one of these.
    Beneath(Vec<String>),
    Unknown,
}

impl Asker<'_> {
    /// Evaluates the policy of a resource.
    pub fn admitted(&self, policy: Option<&Value>, action: &str, resource: &str) -> Admission {
        let Some(policy) = policy else {
            let cause = "it has no policy, so it takes events of its own account only";
            return Admission::Refuses(PolicyRefusal::Nobody(cause.to_owned()));
        };
        let concerning = statements(policy)
            .into_iter()
            .filter(|statement| self.is_principal(statement) && about(statement, action, resource));
        self.decide(concerning, "the account", action)
    }

    /// Evaluates the role's inline policies.
    pub fn allowed<'p>(
        &self,
        policies: impl Iterator<Item = &'p Value>,
        action: &str,
        resource: &str,
    ) -> Admission {
        let all: Vec<&Value> = policies.flat_map(statements).collect();
        let concerning = all.into_iter().filter(|statement| about(statement, action, resource));
        self.decide(concerning, "the role", action)
    }

    fn decide<'p>(
        &self,
        concerning: impl Iterator<Item = &'p Value>,
        who: &str,
        action: &str,
    ) -> Admission {
        let (mut allowed, mut unclear, mut condition, mut denied) = (false, None, None, None);
        for statement in concerning {
            let name = self.name(statement);
            let verdict = self.conditions(statement.get("Condition"));
            let denies = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
            match verdict {
                Verdict::Holds if denies => {
                    let cause = format!("{name} denies {action} to {who}");
                    return Admission::Refuses(PolicyRefusal::Deny(cause));
                }
                Verdict::Unclear(key) if denies => {
                    denied = Some(format!("{name} denies {action} under a condition on {key}"));
                }
                Verdict::Fails(_) if denies => {}
                // AWS advises against NotPrincipal with Allow, and does not say whom it admits.
                _ if statement.get("NotPrincipal").is_some() => {
                    unclear = Some(format!("{name} allows it by NotPrincipal"));
                }
                Verdict::Holds => allowed = true,
                Verdict::Unclear(key) => {
                    unclear = Some(format!("{name} allows it under a condition on {key}"));
                }
                Verdict::Fails(why) => condition = Some(format!("{name} allows {who} only {why}")),
            }
        }
        match (allowed, denied, unclear, condition) {
            (true, None, ..) => Admission::Admits,
            (true, Some(cause), ..) | (false, _, Some(cause), _) => Admission::Assumes(cause),
            (false, _, None, Some(cause)) => Admission::Refuses(PolicyRefusal::Condition(cause)),
            (false, _, None, None) => {
                let cause = format!("no statement allows {action} to {who}");
                Admission::Refuses(PolicyRefusal::Nobody(cause))
            }
        }
    }

    /// Names a statement in the same words for every account, so that equal findings fold into one.
    fn name(&self, statement: &Value) -> String {
        match statement.get("Sid").and_then(Value::as_str) {
            Some(sid) if sid.contains(self.account.as_str()) => {
                "the statement for the account".to_owned()
            }
            Some(sid) => format!("its statement {sid}"),
            None => "its statement without a Sid".to_owned(),
        }
    }

    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    fn is_principal(&self, statement: &Value) -> bool {
        let id = self.account.as_str();
        let is_self = |name: &str| {
            let root = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
            name == "*" || name == id || name == self.role_arn || root == Some(id)
        };
        let names = |value: &Value| match value {
            Value::String(name) => name == "*",
            Value::Object(kinds) => kinds.get("AWS").is_some_and(|who| texts(who).any(is_self)),
            _ => false,
        };
        match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(value), _) => names(value),
            (None, Some(value)) => !names(value),
            (None, None) => false,
        }
    }

    /// All conditions must hold; one that certainly fails decides, even if others are undecided.
    fn conditions(&self, block: Option<&Value>) -> Verdict {
        let Some(block) = block else { return Verdict::Holds };
        let Some(operators) = block.as_object() else {
            return Verdict::Unclear("something unreadable".to_owned());
        };
        let mut unclear = None;
        for (operator, keys) in operators {
            let Some(keys) = keys.as_object() else {
                unclear = Some(operator.clone());
                continue;
            };
            for (key, values) in keys {
                match self.condition(operator, key, values) {
                    Verdict::Holds => {}
                    Verdict::Unclear(key) => unclear = Some(key),
                    fails @ Verdict::Fails(_) => return fails,
                }
            }
        }
        unclear.map_or(Verdict::Holds, Verdict::Unclear)
    }

    fn condition(&self, operator: &str, key: &str, values: &Value) -> Verdict {
        let unclear = || Verdict::Unclear(key.to_owned());
        let any_value = operator.strip_prefix("ForAnyValue:");
        let plain = any_value.unwrap_or(operator);
        let plain = plain.strip_suffix("IfExists").unwrap_or(plain);
        let Some((compare, negated)) = comparison(plain) else { return unclear() };
        let fails = || Verdict::Fails(format!("for another {key}"));
        match self.known(key) {
            KeyValue::Unknown => unclear(),
            KeyValue::Value(value) => {
                let matched = wanted(values).iter().any(|wanted| compare(wanted, value));
                if matched == negated { fails() } else { Verdict::Holds }
            }
            KeyValue::Beneath(starts) => {
                let patterns = wanted(values);
                let surely = |start: &String| {
                    patterns.iter().any(|pattern| pattern.ends_with('*') && glob(pattern, start))
                };
                let maybe = |start: &String| {
                    patterns.iter().any(|pattern| {
                        let fixed = pattern.split(['*', '?']).next().unwrap_or_default();
                        start.starts_with(fixed) || fixed.starts_with(start.as_str())
                    })
                };
                match any_value.is_some() && !negated && plain == "StringLike" {
                    true if starts.iter().all(surely) => Verdict::Holds,
                    true if !starts.iter().any(maybe) => fails(),
                    _ => unclear(),
                }
            }
        }
    }

    fn known(&self, key: &str) -> KeyValue<'_> {
        match key.to_ascii_lowercase().as_str() {
            "aws:principalaccount" => KeyValue::Value(self.account.as_str()),
            "aws:principalarn" => KeyValue::Value(self.role_arn),
            "aws:resourceaccount" => KeyValue::Value(self.resource_account),
            "aws:securetransport" => KeyValue::Value("true"),
            "aws:principalisawsservice" => KeyValue::Value("false"),
            "aws:principalorgid" => {
                self.organization.map_or(KeyValue::Unknown, |found| KeyValue::Value(&found.id))
            }
            // A discovered account is in one of its units, or below it.
            "aws:principalorgpaths" => match self.organization {
                None => KeyValue::Unknown,
                Some(found) if found.unit_paths.is_empty() => {
                    KeyValue::Beneath(vec![format!("{}/", found.id)])
                }
                Some(found) => KeyValue::Beneath(found.unit_paths.iter().cloned().collect()),
            },
            _ => KeyValue::Unknown,
        }
    }
}

fn about(statement: &Value, action: &str, resource: &str) -> bool {
    element_matches(statement, "Action", "NotAction", action, true)
        && element_matches(statement, "Resource", "NotResource", resource, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    const BUS: &str = "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme";
    const ROLE: &str = "arn:aws:iam::222233334444:role/ctguard-acme";

    fn organization(units: &[&str]) -> ScopeOrganization {
        ScopeOrganization {
            id: "o-acme".to_owned(),
            unit_paths: units.iter().map(|unit| format!("o-acme/r-1/{unit}/")).collect(),
            management: None,
            excluded: BTreeSet::new(),
        }
    }

    fn answer(statements: &[Value], organization: Option<&ScopeOrganization>) -> &'static str {
        let account = AccountId::new("222233334444").expect("twelve digits");
        let asker = Asker {
            role_arn: ROLE,
            account: &account,
            organization,
            resource_account: "111122223333",
        };
        let policy = json!({ "Statement": statements });
        match asker.admitted(Some(&policy), "events:PutEvents", BUS) {
            Admission::Admits => "admits",
            Admission::Assumes(_) => "assumes",
            Admission::Refuses(PolicyRefusal::Nobody(_)) => "nobody",
            Admission::Refuses(PolicyRefusal::Condition(_)) => "condition",
            Admission::Refuses(PolicyRefusal::Deny(_)) => "deny",
        }
    }

    fn allow(who: Value, condition: Value) -> Value {
        json!({ "Effect": "Allow", "Principal": who, "Action": "events:PutEvents", "Resource": BUS,
            "Condition": condition })
    }

    fn deny(condition: Value) -> Value {
        json!({ "Effect": "Deny", "Principal": "*", "Action": "events:*", "Resource": "*", "Condition": condition })
    }

    #[test]
    fn a_bus_policy_admits_those_whom_it_names() {
        let root = |id: &str| json!({ "AWS": format!("arn:aws:iam::{id}:root") });
        let none = json!({});
        for (who, expected) in [
            (root("222233334444"), "admits"),
            (root("333344445555"), "nobody"),
            (json!({ "AWS": ["333344445555", "222233334444"] }), "admits"),
            (json!({ "AWS": ROLE }), "admits"),
            (json!({ "AWS": "arn:aws:iam::222233334444:role/other" }), "nobody"),
            (json!("*"), "admits"),
            (json!({ "Service": "events.amazonaws.com" }), "nobody"),
        ] {
            assert_eq!(answer(&[allow(who.clone(), none.clone())], None), expected, "{who}");
        }
        let mut other = allow(json!("*"), none.clone());
        other["Resource"] = json!("arn:aws:events:eu-west-1:111122223333:event-bus/other");
        assert_eq!(answer(&[other], None), "nobody");
        let admitted = allow(root("222233334444"), none);
        assert_eq!(answer(&[admitted.clone(), deny(json!({}))], None), "deny");
        let other = json!({ "StringNotEquals": { "aws:PrincipalAccount": "222233334444" } });
        assert_eq!(answer(&[admitted.clone(), deny(other)], None), "admits");
        let tls = json!({ "Bool": { "aws:SecureTransport": "false" } });
        assert_eq!(answer(&[admitted.clone(), deny(tls)], None), "admits");
        let tagged = json!({ "StringEquals": { "aws:PrincipalTag/team": "x" } });
        assert_eq!(answer(&[admitted, deny(tagged)], None), "assumes");
    }

    #[test]
    fn an_organization_admits_those_who_were_found_in_it() {
        let id = |id: &str| json!({ "StringEquals": { "aws:PrincipalOrgID": id } });
        let paths =
            |path: &str| json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": [path] } });
        let but = |id: &str| json!({ "StringEquals": { "aws:PrincipalOrgID": "o-acme" }, "StringNotEquals": { "aws:PrincipalAccount": [id] } });
        let (all, one, two) =
            (organization(&[]), organization(&["ou-a"]), organization(&["ou-a", "ou-b"]));
        for (condition, found, expected) in [
            (id("o-acme"), Some(&all), "admits"),
            (id("o-other"), Some(&all), "condition"),
            (id("o-acme"), None, "assumes"),
            (but("333344445555"), Some(&all), "admits"),
            (but("222233334444"), Some(&all), "condition"),
            (but("222233334444"), None, "condition"),
            (paths("o-acme/r-1/ou-a/*"), Some(&one), "admits"),
            (paths("o-acme/*"), Some(&one), "admits"),
            (paths("o-acme/*"), Some(&all), "admits"),
            (paths("o-acme/r-1/ou-a/*"), Some(&all), "assumes"),
            (paths("o-acme/r-1/ou-a/*"), Some(&two), "assumes"),
            (paths("o-acme/r-1/ou-a/ou-c/*"), Some(&one), "assumes"),
            (paths("o-acme/r-1/ou-z/*"), Some(&one), "condition"),
            (paths("o-acme/r-1/ou-a/*"), None, "assumes"),
        ] {
            let statement = allow(json!("*"), condition.clone());
            assert_eq!(answer(&[statement], found), expected, "{condition} {found:?}");
        }
    }
}
