//! Whom a policy admits beyond a blueprint's scope.

use crate::desired::Desired;
use crate::proof::policy::stranger;
use crate::resource::policy::{VERSION, canonical, statements};
use crate::scope::AccountId;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Whom `after` admits beyond the scope and `before` did not. Restoring the blueprint's statements,
/// lost or narrowed by a condition, never widens a policy.
pub(super) fn widened(desired: &Desired, before: &Value, after: &Value) -> BTreeSet<String> {
    let prefix = desired.names.prefix();
    let is_own = |statement: &&Value| {
        statement.get("Sid").and_then(Value::as_str).is_some_and(|sid| sid.starts_with(prefix))
    };
    if !statements(before).iter().any(is_own) {
        return BTreeSet::new();
    }
    let then = beyond(desired, before);
    beyond(desired, after).difference(&then).cloned().collect()
}

/// Everybody outside of the scope whom a policy lets in.
fn beyond(desired: &Desired, policy: &Value) -> BTreeSet<String> {
    let policy = canonical(policy);
    let allows = statements(&policy).into_iter().filter(|one| one["Effect"] == "Allow");
    allows.flat_map(|statement| admitted(desired, statement)).collect()
}

fn admitted(desired: &Desired, statement: &Value) -> Vec<String> {
    let covered =
        |id: &str| AccountId::new(id).is_some_and(|id| desired.accounts.contains_key(&id));
    let account = |id: &str| (!covered(id)).then(|| format!("account {id}"));
    let mut out = Vec::new();
    for principal in words(&statement["Principal"]["AWS"]) {
        if principal != "*" {
            let id = principal.split(':').nth(4).unwrap_or(principal);
            out.extend(account(id));
            continue;
        }
        let equals = &statement["Condition"]["stringequals"];
        let organizations = words(&equals["aws:principalorgid"]);
        let accounts: Vec<&str> = ["aws:sourceowner", "aws:sourceaccount", "aws:principalaccount"]
            .iter()
            .flat_map(|key| words(&equals[*key]))
            .collect();
        // The organization that accounts were discovered in is what the blueprint asks for.
        let found = desired.organization.as_ref().filter(|found| found.management.is_some());
        let others = |id: &&str| found.is_none_or(|found| found.id != **id);
        let units = units(statement);
        if is_open(statement) {
            out.push("everybody".to_owned());
        } else if !accounts.is_empty() {
            out.extend(accounts.into_iter().filter_map(account));
        } else if !organizations.is_empty() {
            let others = organizations.into_iter().filter(others);
            out.extend(others.map(|id| format!("all of organization {id}")));
        } else if !units.is_empty() {
            let others = units.into_iter().filter(others);
            out.extend(others.map(|id| format!("units of organization {id}")));
        } else {
            out.push(format!("whoever meets its condition on {}", keys(statement).join(", ")));
        }
    }
    out
}

/// Whether a statement lets in anybody at all.
fn is_open(statement: &Value) -> bool {
    let first = |element: &str, otherwise: &'static str| {
        words(&statement[element]).first().map_or(otherwise, |word| *word).to_owned()
    };
    let policy = json!({ "Version": VERSION, "Statement": [statement] });
    let (action, resource) = (first("Action", "events:PutEvents"), first("Resource", "*"));
    stranger::opening(Some(&policy), &action, &resource).is_some()
}

/// The organizations of the units that a statement asks for.
fn units(statement: &Value) -> Vec<&str> {
    let operators = ["foranyvalue:stringlike", "foranyvalue:stringequals", "stringlike"];
    let paths = operators
        .iter()
        .flat_map(|name| words(&statement["Condition"][*name]["aws:principalorgpaths"]));
    paths.filter_map(|path| path.split('/').next()).collect()
}

/// The condition keys of a statement.
fn keys(statement: &Value) -> Vec<&str> {
    let operators = statement["Condition"].as_object().into_iter().flat_map(|all| all.values());
    operators
        .filter_map(Value::as_object)
        .flat_map(|keys| keys.keys().map(String::as_str))
        .collect()
}

fn words(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{Scope, compile};
    use crate::scope::Region;

    fn desired() -> Desired {
        let text = "version: 1\nname: acme\nregions: [us-east-1]\nalerts: []\n";
        let date = jiff::civil::date(2026, 11, 22);
        let blueprint = crate::blueprint::load_text("b.yaml", text, None, date).blueprint.unwrap();
        let id = AccountId::new("111122223333").unwrap();
        let mut scope = Scope::of_accounts(&blueprint, &id, None).unwrap();
        let region = Region::new("us-east-1").unwrap();
        scope.add_regions(&blueprint, &id, Ok(&[region]), date).unwrap();
        compile(&blueprint, &scope, date).unwrap()
    }

    fn own(sid: &str, principal: Value, condition: Value) -> Value {
        json!({ "Sid": format!("ctguard-acme-{sid}"), "Effect": "Allow", "Principal": principal,
                "Action": "events:PutEvents", "Resource": "r", "Condition": condition })
    }

    #[test]
    fn only_a_grant_beyond_the_scope_widens() {
        let policy = |all: &[Value]| json!({ "Version": "2012-10-17", "Statement": all });
        let root = |id: &str| json!({ "AWS": format!("arn:aws:iam::{id}:root") });
        let here = own("account-111122223333", root("111122223333"), json!({}));
        let other = own("account-999988887777", root("999988887777"), json!({}));
        let org = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } });
        let organization = own("organization", json!("*"), org.clone());
        let service = own("events", json!({ "Service": "events.amazonaws.com" }), json!({}));
        let owner = own(
            "o",
            json!({ "AWS": "*" }),
            json!({ "StringEquals": { "AWS:SourceOwner": "111122223333" } }),
        );
        let everybody = own("all", json!("*"), json!({}));
        let mut theirs = everybody.clone();
        theirs["Sid"] = json!("theirs");
        let units =
            |path: &str| json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": [path] } });
        let units = own("units", json!("*"), units("o-a1b2c3d4e5/r-1/ou-1/*"));
        let role = json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::999988887777:role/x" } });
        let role = own("role", json!("*"), role);
        let loose = json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } });
        let loose = own("loose", json!("*"), loose);
        for (before, after, more) in [
            (vec![here.clone()], vec![units], vec!["units of organization o-a1b2c3d4e5"]),
            (
                vec![here.clone()],
                vec![role],
                vec!["whoever meets its condition on aws:principalarn"],
            ),
            (vec![here.clone()], vec![loose], vec!["everybody"]),
            (vec![here.clone()], vec![here.clone(), service, owner], vec![]),
            (vec![here.clone()], vec![here.clone(), other.clone()], vec!["account 999988887777"]),
            (
                vec![here.clone()],
                vec![organization.clone()],
                vec!["all of organization o-a1b2c3d4e5"],
            ),
            (vec![here.clone()], vec![everybody.clone()], vec!["everybody"]),
            // What is there already, or was taken away, is restored.
            (vec![], vec![organization.clone()], vec![]),
            (vec![theirs.clone()], vec![theirs.clone(), organization.clone()], vec![]),
            (vec![here.clone(), theirs.clone()], vec![here.clone(), theirs, everybody], vec![]),
            (vec![other.clone()], vec![other], vec![]),
        ] {
            let found = widened(&desired(), &policy(&before), &policy(&after));
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), more, "{after:?}");
        }
    }
}
