//! A pattern narrowed by one field still matches a sample event; verify must not be taken in.

use crate::laws::{apply, confirm, read, survey};
use ctguard_core::proof::{LinkCode, prove};
use ctguard_core::scope::{AccountId, Region};
use ctguard_core::snapshot::Observed;
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::fresh::{AccountKind, new_account};
use serde_json::{Value, json};
use std::sync::Arc;

const BLUEPRINT: &str = r#"
version: 1
name: acme
regions: [us-east-1]
destinations:
  mail: { topic: mail, format: text, subscribers: [{ email: a@acme.example }] }
routes: { critical: [mail], high: [mail], medium: [mail], low: [mail] }
include: [{ builtin: account-security }]
"#;

/// Fields that somebody might add to keep their own doings quiet.
fn added() -> Vec<(&'static str, Value)> {
    vec![
        ("region", json!(["us-east-1"])),
        ("account", json!(["111122223333"])),
        ("detail.awsRegion", json!(["eu-west-1"])),
        (
            "detail.userIdentity.arn",
            json!([{ "anything-but": ["arn:aws:iam::111122223333:user/eve"] }]),
        ),
        ("detail.userIdentity.type", json!(["IAMUser"])),
        ("detail.userIdentity.userName", json!(["nobody"])),
        ("detail.sourceIPAddress", json!([{ "cidr": "10.0.0.0/8" }])),
        ("detail.userAgent", json!([{ "prefix": "aws-cli" }])),
        ("detail.errorCode", json!([{ "exists": true }])),
        ("detail.readOnly", json!([false])),
        ("detail.requestParameters.name", json!([{ "exists": true }])),
    ]
}

/// Every pattern that takes less in one field: a value gone from a list, an operator made stricter, a field added.
fn narrowings(pattern: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    shorten(pattern, &mut |less| all.push(less));
    for (path, wanted) in added() {
        let mut narrow = pattern.clone();
        let mut at = &mut narrow;
        for key in path.split('.') {
            if at.get(key).is_none() {
                at[key] = Value::Null;
            }
            at = &mut at[key];
        }
        if at.is_null() {
            *at = wanted;
            all.push(narrow);
        }
    }
    all
}

/// Calls back with the whole value, one element of one list taken out or made stricter.
fn shorten(value: &Value, found: &mut dyn FnMut(Value)) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                shorten(field, &mut |less| {
                    let mut whole = value.clone();
                    whole[key] = less;
                    found(whole);
                });
            }
        }
        Value::Array(members) => {
            let branches = members.iter().all(Value::is_object) && !members.iter().any(is_operator);
            for (at, member) in members.iter().enumerate() {
                if members.len() > if branches { 2 } else { 1 } {
                    let mut less = members.clone();
                    less.remove(at);
                    found(Value::Array(less));
                }
                if branches {
                    shorten(member, &mut |less| {
                        let mut whole = members.clone();
                        whole[at] = less;
                        found(Value::Array(whole));
                    });
                } else if let Some(prefix) = member.get("prefix").and_then(Value::as_str) {
                    let mut whole = members.clone();
                    whole[at] = json!({ "prefix": format!("{prefix}x") });
                    found(Value::Array(whole));
                }
            }
        }
        _ => {}
    }
}

fn is_operator(member: &Value) -> bool {
    const OPERATORS: [&str; 9] = [
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "numeric",
        "cidr",
        "wildcard",
        "equals-ignore-case",
        "equals",
    ];
    member
        .as_object()
        .is_some_and(|fields| fields.keys().any(|key| OPERATORS.contains(&key.as_str())))
}

#[test]
fn every_single_field_narrowing_of_every_built_in_pattern_is_reported() {
    let region = Region::new("us-east-1").unwrap();
    let account = AccountId::new("111122223333").unwrap();
    let sandbox = Sandbox::in_memory(new_account(AccountKind::WithTrail, &account, &[region]));
    let blueprint = read(BLUEPRINT);
    apply(&sandbox, &blueprint);
    confirm(&sandbox);
    let mut survey = survey(&sandbox, &blueprint);
    let place = survey.live.places.keys().next().unwrap().clone();
    let names: Vec<_> = survey.desired.places[&place].rules.keys().cloned().collect();
    let (mut tried, mut unseen) = (0, Vec::new());
    for name in names {
        let compiled = survey.desired.places[&place].rules[&name].compiled.json.clone();
        let pattern: Value = serde_json::from_str(&compiled).unwrap();
        for narrow in narrowings(&pattern) {
            // Two spellings of a sign-in's detail-type are asked for, and events carry the first only.
            let seen = survey.live.places.get_mut(&place).unwrap();
            let Observed::Known(rules) = &mut seen.rules else { panic!("rules are read") };
            let rule = rules.get_mut(name.as_str()).unwrap();
            Arc::make_mut(&mut rule.rule).event_pattern = Some(narrow.to_string());
            let proof = prove(&survey.desired, &survey.live);
            let reported = proof.findings().iter().any(|finding| {
                finding.code == LinkCode::RulePattern
                    && finding.object.ends_with(&format!("/{name}"))
            });
            if !reported {
                unseen.push(format!("{name}: {narrow}"));
            }
            tried += 1;
        }
        let seen = survey.live.places.get_mut(&place).unwrap();
        let Observed::Known(rules) = &mut seen.rules else { panic!("rules are read") };
        let rule = &mut rules.get_mut(name.as_str()).unwrap().rule;
        Arc::make_mut(rule).event_pattern = Some(compiled);
    }
    assert!(unseen.is_empty(), "{} of {tried} are not seen:\n{}", unseen.len(), unseen.join("\n"));
    assert!(tried > 100, "only {tried} were tried");
    let mut left = prove(&survey.desired, &survey.live).findings();
    // The two regions of the sandbox are not all that sign-ins land in.
    left.retain(|finding| finding.code != LinkCode::CannotLandHere);
    assert!(left.is_empty(), "{left:#?}");
}
