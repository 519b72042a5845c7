//! The expressions of the state machine that heals, against what the core decides.

mod rules;

use super::*;
use crate::mail::evaluated;
use crate::scope::{AccountId, Region};
use serde_json::{Value, json};

fn home() -> Place {
    Place::new(AccountId::new("111122223333").unwrap(), Region::new("eu-west-1").unwrap())
}

fn trail() -> Trail {
    Trail {
        bucket: "logs".to_owned(),
        key_prefix: None,
        multi_region: true,
        organization: false,
        global_service_events: true,
        log_file_validation: true,
        kms_key: None,
    }
}

fn made(trail: &Trail, needs: ManagementNeeds) -> Value {
    let tags = Tags::from([("ctguard:blueprint".to_owned(), "acme".to_owned())]);
    let text = definition(&HealInput {
        blueprint: "acme",
        place: &home(),
        account: Some("Prod"),
        trail_name: "main",
        trail,
        needs,
        tags: &tags,
        limit: 3,
        format: Format::Mail,
        dead_letter_queue: "https://sqs.eu-west-1.amazonaws.com/111122223333/q",
    });
    assert_eq!(text, text.trim());
    serde_json::from_str(&text).unwrap()
}

/// The variables that a state finds: those of the beginning, and `$states`.
fn variables(machine: &Value, states: Value) -> Vec<(String, Value)> {
    let begun = machine["States"]["Begin"]["Assign"].as_object().unwrap().clone();
    begun.into_iter().chain([("states".to_owned(), states)]).collect()
}

fn assigned(machine: &Value, state: &str, name: &str, states: Value) -> Value {
    let field = &machine["States"][state]["Assign"][name];
    evaluated(field, &variables(machine, states)).unwrap()
}

const WRITES: ManagementNeeds =
    ManagementNeeds { read: false, write: true, kms: false, rds_data: false };

/// Each state goes on to one that there is, and an error never ends an execution unheard.
fn leads_on(machine: &Value) {
    let states = machine["States"].as_object().unwrap();
    for (name, state) in states {
        let catches = state["Catch"].as_array().into_iter().flatten();
        let choices = state["Choices"].as_array().into_iter().flatten();
        let nexts = catches.chain(choices).chain([state]).flat_map(|one| {
            [one.get("Next"), one.get("Default")].into_iter().flatten().collect::<Vec<_>>()
        });
        let nexts: Vec<&str> = nexts.map(|next| next.as_str().unwrap()).collect();
        assert!(nexts.iter().all(|next| states.contains_key(*next)), "{name}: {nexts:?}");
        let ends = ["Succeed", "Fail"].contains(&state["Type"].as_str().unwrap());
        assert_eq!(nexts.is_empty(), ends, "{name}");
        if state["Type"] == "Task" {
            let last = state["Catch"].as_array().unwrap().last().unwrap();
            assert_eq!(last["ErrorEquals"], json!(["States.ALL"]), "{name}");
        }
    }
}

#[test]
fn every_state_leads_on_and_every_expression_is_read() {
    for organization in [false, true] {
        let machine = made(&Trail { organization, ..trail() }, WRITES);
        leads_on(&machine);
        let states = &machine["States"];
        assert_eq!(states["Status"]["Catch"][0]["Next"] == "Create", !organization);
    }
}

#[test]
fn a_tag_pauses_for_a_day_at_most() {
    let machine = made(&trail(), WRITES);
    let held = |tags: Value| {
        let states = json!({
            "result": { "Tags": tags },
            "context": { "State": { "EnteredTime": "2026-11-22T12:00:00.123Z" } },
        });
        assigned(&machine, "Pause", "pause", states)
    };
    let until = |until: &str| {
        held(json!([
            { "Key": "ctguard:blueprint", "Value": "acme" },
            { "Key": PAUSED_UNTIL_TAG, "Value": until },
            { "Key": PAUSED_REASON_TAG, "Value": "moving the bucket" },
        ]))
    };
    let none = json!({ "until": "", "reason": "" });
    for good in ["2026-11-22T12:00:01Z", "2026-11-23T12:00:00Z"] {
        assert_eq!(until(good), json!({ "until": good, "reason": "moving the bucket" }));
    }
    for bad in ["2026-11-22T12:00:00Z", "2026-11-23T12:00:01Z", "2099-01-01T00:00:00Z", "x", ""] {
        assert_eq!(until(bad), none, "{bad}");
    }
    assert_eq!(held(json!([])), none);
}

#[test]
fn executions_of_the_hour_before_are_counted_without_the_own() {
    let machine = made(&trail(), WRITES);
    let begun = |executions: Value| {
        let states = json!({
            "result": executions,
            "context": {
                "State": { "EnteredTime": "2026-11-22T12:00:00.000Z" },
                "Execution": { "Id": "own" },
            },
        });
        assigned(&machine, "Count", "begun", states)
    };
    let at = |id: &str, time: &str| json!({ "ExecutionArn": id, "StartDate": time });
    assert_eq!(begun(json!({ "Executions": [] })), 0);
    assert_eq!(begun(json!({})), 0);
    let list = json!([
        at("own", "2026-11-22T12:00:00Z"),
        at("a", "2026-11-22T11:59:00.5Z"),
        at("b", "2026-11-22T11:00:00.001Z"),
        at("c", "2026-11-22T11:00:00Z"),
    ]);
    assert_eq!(begun(json!({ "Executions": list })), 2);
    assert_eq!(machine["States"]["Count"]["Arguments"]["MaxResults"], 4);
}

#[test]
fn settings_that_differ_are_found_and_the_rest_is_left_alone() {
    let right = json!({
        "S3BucketName": "logs", "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true,
        "LogFileValidationEnabled": true, "IsOrganizationTrail": false, "S3KeyPrefix": "theirs",
        "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k",
    });
    let differs = |wanted: &Trail, change: &[(&str, Value)]| {
        let mut now = right.clone();
        for (name, value) in change {
            now[*name] = value.clone();
            if value.is_null() {
                now.as_object_mut().unwrap().remove(*name);
            }
        }
        let machine = made(wanted, WRITES);
        assigned(&machine, "Trail", "differs", json!({ "result": { "Trail": now } }))
    };
    assert_eq!(differs(&trail(), &[]), false);
    assert_eq!(differs(&trail(), &[("IsOrganizationTrail", Value::Null)]), false);
    for (name, value) in [
        ("S3BucketName", json!("other")),
        ("IsMultiRegionTrail", json!(false)),
        ("IncludeGlobalServiceEvents", json!(false)),
        ("LogFileValidationEnabled", json!(false)),
        ("LogFileValidationEnabled", Value::Null),
        ("IsOrganizationTrail", json!(true)),
    ] {
        assert_eq!(differs(&trail(), &[(name, value)]), true, "{name}");
    }
    let key = |name: &str| Trail {
        kms_key: Some(format!("arn:aws:kms:eu-west-1:111122223333:{name}")),
        ..trail()
    };
    assert_eq!(differs(&key("key/k"), &[]), false);
    assert_eq!(differs(&key("key/other"), &[]), true);
    assert_eq!(differs(&key("alias/k"), &[]), false);
    assert_eq!(differs(&key("alias/k"), &[("KmsKeyId", Value::Null)]), true);
    let update = &made(&key("key/k"), WRITES)["States"]["Update"]["Arguments"];
    assert_eq!(update["KmsKeyId"], "arn:aws:kms:eu-west-1:111122223333:key/k");
    assert!(update.get("S3KeyPrefix").is_none());
}

#[test]
fn a_subject_is_one_that_sns_takes_and_no_event_breaks_the_notice() {
    let machine = made(&trail(), WRITES);
    for case in ["Tell", "TellFailed", "TellPaused", "TellLimit"] {
        let event = json!({
            "time": "2026-11-22T12:00:00Z",
            "detail": {
                "eventName": "StopLogging\nWho: nobody",
                "userIdentity": { "arn": 7, "type": ["x"] },
                "userAgent": "x".repeat(90_000),
                "eventID": null,
            },
        });
        let context = json!({ "Execution": { "Input": { "topic": "t", "event": event } } });
        let found = variables(&machine, json!({ "context": context }));
        let made = evaluated(&machine["States"][case]["Arguments"], &found).unwrap();
        let subject = made["Subject"].as_str().unwrap();
        assert!(subject.len() < 100 && subject.starts_with('['), "{subject}");
        let message = made["Message"].as_str().unwrap();
        assert!(message.len() < 5_000 && !message.contains("\nWho: nobody"), "{message}");
        assert!(message.contains("\nWho:      7 (") && message.contains("eu-west-1"), "{message}");
    }
}
