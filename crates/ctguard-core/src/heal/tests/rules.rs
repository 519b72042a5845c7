//! The state machine that puts rules back.

use super::{assigned, home, leads_on};
use crate::blueprint::Format;
use crate::heal::{RulesInput, WantedRule, covers, rules_definition};
use crate::mail::evaluated;
use crate::resource::Tags;
use crate::resource::keys::RuleKey;
use crate::resource::rule::{
    Input, InputTransformer, RetryPolicy, Rule, RuleState, Target, Targets,
};
use serde_json::{Value, json};

const PATTERN: &str = r#"{"source":["aws.cloudtrail"],"detail":{"eventName":["StopLogging"]}}"#;

fn made() -> Value {
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some(PATTERN.to_owned()),
        schedule_expression: None,
        description: Some("what it is for".to_owned()),
        role_arn: None,
        managed_by: None,
    };
    let target = |input: Input| Target {
        arn: "arn:aws:sns:eu-west-1:111122223333:t".to_owned(),
        role_arn: None,
        input,
        dead_letter_arn: Some("arn:aws:sqs:eu-west-1:111122223333:q".to_owned()),
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    let paths = [("a".to_owned(), "$.detail.a".to_owned())].into();
    let text = Input::Transformer(InputTransformer { paths, template: "\"<a>\"".to_owned() });
    let targets = Targets::from([
        ("one".to_owned(), target(text)),
        ("two".to_owned(), Target { role_arn: Some("role".to_owned()), ..target(Input::Event) }),
    ]);
    let tags = Tags::from([("ctguard:blueprint".to_owned(), "acme".to_owned())]);
    let keys = ["ctguard-acme-a", "ctguard-acme/ctguard-acme-a"].map(RuleKey::from);
    let wanted = |key| WantedRule { key, rule: &rule, targets: &targets, tags: &tags };
    let text = rules_definition(&RulesInput {
        blueprint: "acme",
        place: &home(),
        account: None,
        rules: keys.iter().map(wanted).collect(),
        limit: 3,
        format: Format::Mail,
        dead_letter_queue: "https://sqs.eu-west-1.amazonaws.com/111122223333/q",
    });
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_state_leads_on() {
    leads_on(&made());
}

#[test]
fn the_rule_of_a_call_is_found_on_its_bus() {
    let machine = made();
    let key = |asked: Value| {
        let input = json!({ "event": { "detail": { "requestParameters": asked } } });
        let states = json!({ "context": { "Execution": { "Input": input } } });
        let field = &machine["States"]["Begin"]["Assign"]["key"];
        evaluated(field, &[("states".to_owned(), states)]).unwrap()
    };
    let bus = "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme";
    let arn = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme/ctguard-acme-a";
    for (asked, found) in [
        (json!({ "name": "a" }), "a"),
        (json!({ "rule": "a", "eventBusName": "default" }), "a"),
        (json!({ "name": "a", "eventBusName": "ctguard-acme" }), "ctguard-acme/a"),
        (json!({ "rule": "a", "eventBusName": bus }), "ctguard-acme/a"),
        (json!({ "resourceARN": arn }), "ctguard-acme/ctguard-acme-a"),
        (json!({ "resourceARNList": [arn, "arn:aws:s3:::b"] }), "ctguard-acme/ctguard-acme-a"),
        (json!({ "resourceARNList": [] }), ""),
        (json!({ "name": 7 }), ""),
        (Value::Null, ""),
    ] {
        assert_eq!(key(asked.clone()), found, "{asked}");
    }
}

#[test]
fn a_pattern_that_lets_through_more_is_shown_to() {
    let covers = |live: &Value, wanted: &Value| {
        let variables = [("live", live), ("wanted", wanted)]
            .map(|(name, pattern)| (name.to_owned(), json!(pattern.to_string())));
        let expression =
            crate::states_language::expression(&covers::expression("$live", "$wanted"));
        evaluated(&json!(expression), &variables).unwrap() == json!(true)
    };
    let wanted = json!({
        "source": ["aws.iam"],
        "detail": {
            "eventName": ["CreateUser", { "prefix": "Delete" }],
            "$or": [{ "a": [1] }, { "b": [{ "exists": false }] }],
        },
    });
    let with = |path: &str, value: Value| {
        let mut pattern = wanted.clone();
        *pattern.pointer_mut(path).unwrap() = value;
        pattern
    };
    for wide in [
        wanted.clone(),
        with("/source", json!(["aws.ec2", "aws.iam"])),
        with("/detail/eventName", json!([{ "prefix": "Delete" }, "CreateUser", "CreateRole"])),
        with("/detail/$or", json!([{ "c": [1] }, { "b": [{ "exists": false }] }, { "a": [1] }])),
        json!({ "source": ["aws.iam"] }),
        json!({ "$or": [{ "source": ["aws.s3"] }, wanted] }),
        json!({ "source": ["aws.iam"], "$or": [{ "x": [1] }, { "detail": wanted["detail"] }] }),
    ] {
        assert!(covers(&wide, &wanted), "{wide}");
    }
    for narrow in [
        json!({}),
        with("/source", json!(["aws.ec2"])),
        with("/source", json!([{ "prefix": "aws." }])),
        with("/detail/eventName", json!(["CreateUser"])),
        with("/detail/$or", json!([{ "a": [1] }])),
        json!({ "source": ["aws.iam"], "account": ["111122223333"] }),
        json!({ "source": ["aws.iam"], "detail": { "awsRegion": ["x"] } }),
        json!({ "$or": [{ "source": ["aws.s3"] }, { "source": ["aws.iam"], "region": ["x"] }] }),
    ] {
        assert!(!covers(&narrow, &wanted), "{narrow}");
    }
    // What cannot be judged: a path that must hold twice, and a key that stands twice.
    for twice in [
        json!({ "source": ["aws.iam"], "$or": [wanted, { "detail": wanted["detail"] }] }),
        json!({ "detail": { "eventName": ["CreateUser", { "prefix": "Delete" }] },
            "$or": [{ "detail": wanted["detail"] }] }),
    ] {
        assert!(!covers(&twice, &wanted), "{twice}");
    }
    let covers_text = |live: &str| {
        let text = |name: &str, text: &str| (name.to_owned(), json!(text));
        let variables = [text("live", live), text("wanted", &wanted.to_string())];
        let expression =
            crate::states_language::expression(&covers::expression("$live", "$wanted"));
        evaluated(&json!(expression), &variables).unwrap() == json!(true)
    };
    assert!(covers_text(r#"{"source": ["aws.iam", "a\": \"b", ":"]}"#));
    assert!(!covers_text(r#"{"source":["aws.ec2"],"source":["aws.iam"]}"#));
    assert!(!covers_text(r#"{"source":["aws.iam"],"source":["aws.iam"]}"#));
}

/// Targets as ListTargetsByRule gives them back, and which of them are put again.
#[test]
fn targets_that_differ_are_put_and_others_stay() {
    let machine = made();
    let targets = machine["States"]["Rule 1"]["Assign"]["targets"].clone();
    let lost = |call: &str, now: Value| {
        let mut machine = machine.clone();
        machine["States"]["Begin"]["Assign"]["call"] = json!(call);
        machine["States"]["Begin"]["Assign"]["targets"] = targets.clone();
        let states = json!({ "result": { "Targets": now } });
        let lost = assigned(&machine, "Targets", "lost", states);
        lost.as_array().unwrap().iter().map(|one| one["Id"].clone()).collect::<Vec<_>>()
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut now = targets.clone();
        change(&mut now);
        now
    };
    let usual = RetryPolicy::default();
    for same in [
        targets.clone(),
        with(&|now| now.as_array_mut().unwrap().push(json!({ "Id": "theirs", "Arn": "x" }))),
        with(&|now| {
            now[0]["RetryPolicy"] = json!({
                "MaximumRetryAttempts": usual.maximum_retry_attempts,
                "MaximumEventAgeInSeconds": usual.maximum_event_age_seconds,
            });
        }),
    ] {
        assert_eq!(lost("PutTargets", same), json!([]).as_array().unwrap().clone());
    }
    assert_eq!(lost("RemoveTargets", json!([])), ["one", "two"]);
    assert_eq!(lost("PutRule", json!([])), Vec::<Value>::new());
    for (change, found) in [
        ("/0/Arn", json!("x")),
        ("/0/InputTransformer/InputTemplate", json!("x")),
        ("/0/InputTransformer/InputPathsMap", json!({ "a": "$.b" })),
        ("/0/DeadLetterConfig", json!({})),
        ("/0/RetryPolicy", json!({ "MaximumRetryAttempts": 0 })),
        ("/0/Input", json!("nothing")),
        ("/0/RoleArn", json!("theirs")),
    ] {
        let now = with(&|now: &mut Value| {
            let (of, field) = change.rsplit_once('/').unwrap();
            now.pointer_mut(of).unwrap()[field] = found.clone();
        });
        assert_eq!(lost("PutTargets", now), ["one"], "{change}");
    }
}
