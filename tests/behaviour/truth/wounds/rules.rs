//! Rules and their targets.

use super::super::hands::{narrowed, rule, rule_name, target};
use super::Wound;
use ctguard_core::resource::rule::{Input, InputTransformer, Rule, RuleState};
use ctguard_sandbox::state::StoredRule;
use serde_json::{Value, json};

pub const WOUNDS: &[(&str, Wound)] = &[
    ("delete the rule", |s, at, pick| {
        let name = rule_name(s, at, pick).unwrap_or_default();
        s.region_mut(at).rules.remove(&name);
    }),
    ("move the rule to a custom bus", |s, at, pick| {
        let name = rule_name(s, at, pick).unwrap_or_default();
        if let Some(rule) = s.region_mut(at).rules.remove(&name) {
            s.region_mut(at).buses.entry("custom".into()).or_default().rules.insert(name, rule);
        }
    }),
    ("fill the bus", |s, at, pick| {
        let name = rule_name(s, at, pick).unwrap_or_default();
        let rules = &mut s.region_mut(at).rules;
        rules.remove(&name);
        let rule = theirs(r#"{"source":["theirs"]}"#);
        for number in rules.len()..300 {
            rules.insert(format!("theirs-{number}"), rule.clone());
        }
    }),
    ("fill the bus with wildcards", |s, at, pick| {
        let name = rule_name(s, at, pick).unwrap_or_default();
        let rules = &mut s.region_mut(at).rules;
        rules.remove(&name);
        let rule = theirs(r#"{"source":[{"anything-but":{"wildcard":"theirs*"}}]}"#);
        rules.extend((0..30).map(|number| (format!("wild-{number}"), rule.clone())));
    }),
    ("disable the rule", |s, at, pick| rule(s, at, pick, |r| r.rule.state = RuleState::Disabled)),
    ("enable the rule plainly", |s, at, pick| {
        rule(s, at, pick, |r| r.rule.state = RuleState::Enabled)
    }),
    ("widen the rule's state", |s, at, pick| {
        rule(s, at, pick, |r| r.rule.state = RuleState::EnabledWithAllCloudtrailManagementEvents)
    }),
    ("narrow the pattern to nobody", |s, at, pick| {
        rule(s, at, pick, |r| narrowed(r, "userIdentity.principalId", json!(["nobody"])))
    }),
    ("overlap the alternatives", |s, at, pick| {
        rule(s, at, pick, |r| {
            let mut pattern: Value =
                serde_json::from_str(r.rule.event_pattern.as_ref().unwrap()).unwrap();
            pattern["detail"]["$or"] = json!([
                {"eventVersion": ["1.08"]},
                {"eventVersion": ["1.08", {"anything-but": "1.08"}, {"exists": false}]},
            ]);
            r.rule.event_pattern = Some(pattern.to_string());
        })
    }),
    ("narrow the pattern to root", |s, at, pick| {
        rule(s, at, pick, |r| narrowed(r, "userIdentity.type", json!(["Root"])))
    }),
    ("narrow the pattern to what succeeds", |s, at, pick| {
        rule(s, at, pick, |r| narrowed(r, "errorCode", json!([{ "exists": false }])))
    }),
    ("reword the pattern", |s, at, pick| {
        rule(s, at, pick, |r| {
            let pattern: Value =
                serde_json::from_str(r.rule.event_pattern.as_ref().unwrap()).unwrap();
            r.rule.event_pattern = Some(serde_json::to_string_pretty(&pattern).unwrap());
        })
    }),
    ("widen the pattern", |s, at, pick| {
        rule(s, at, pick, |r| {
            let mut pattern: Value =
                serde_json::from_str(r.rule.event_pattern.as_ref().unwrap()).unwrap();
            if let Some(detail) = pattern.get_mut("detail").and_then(Value::as_object_mut) {
                detail.remove("userIdentity");
            }
            r.rule.event_pattern = Some(pattern.to_string());
        })
    }),
    ("drop the target", |s, at, pick| rule(s, at, pick, |r| drop(r.targets.pop_first()))),
    ("send to another topic", |s, at, pick| {
        let other = at.arn("sns", "shared-too");
        target(s, at, pick, |t| t.arn = other);
    }),
    ("send to another region", |s, at, pick| {
        target(s, at, pick, |t| t.arn = "arn:aws:sns:us-west-2:111122223333:far".into())
    }),
    ("send as a role", |s, at, pick| {
        target(s, at, pick, |t| t.role_arn = Some("arn:aws:iam::111122223333:role/sender".into()))
    }),
    ("send the bare event", |s, at, pick| target(s, at, pick, |t| t.input = Input::Event)),
    ("send words", |s, at, pick| {
        target(s, at, pick, |t| t.input = Input::Constant("\"never mind\"".into()))
    }),
    ("send what cannot be made", |s, at, pick| {
        target(s, at, pick, |t| {
            t.input = Input::Transformer(InputTransformer {
                paths: Default::default(),
                template: "{\"who\": <nobody>}".into(),
            })
        })
    }),
    ("keep nothing that is refused", |s, at, pick| {
        target(s, at, pick, |t| t.dead_letter_arn = None)
    }),
    ("delete the queue of what is refused", |s, at, _| {
        s.region_mut(at).queues.remove("ctguard-acme-targets");
    }),
];

/// A rule of somebody else's that never fires.
fn theirs(pattern: &str) -> StoredRule {
    let rule = Rule {
        state: RuleState::Disabled,
        event_pattern: Some(pattern.into()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    StoredRule { rule, targets: Default::default(), tags: Default::default() }
}
