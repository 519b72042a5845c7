//! The machine that heals, run by an emulator with another interpreter of JSONata.
//!
//! `ministack` makes the calls of Step Functions, SNS and SQS; CloudTrail it does not call from a
//! state machine, so those tasks become states of the type Pass, which go on with a recorded answer
//! or error. The whole path, calls included, is run on the sandbox (`tests/behaviour/heal.rs`).

mod rules;

use super::lane::states;
use super::mail::Post;
use ctguard_core::blueprint::Format;
use ctguard_core::heal::{HealInput, PAUSED_REASON_TAG, PAUSED_UNTIL_TAG, definition};
use ctguard_core::resource::Tags;
use ctguard_core::resource::trail::{ManagementNeeds, Trail};
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::{Value, json};

const HOME: &str = "us-east-1";

fn machine(post: &Post, account: &str, answers: &Value) -> Value {
    let place = Place::new(AccountId::new(account).unwrap(), Region::new(HOME).unwrap());
    let trail = Trail {
        bucket: "logs".to_owned(),
        key_prefix: None,
        multi_region: true,
        organization: false,
        global_service_events: true,
        log_file_validation: true,
        kms_key: None,
    };
    let needs = ManagementNeeds { read: true, write: true, kms: true, rds_data: false };
    let text = definition(&HealInput {
        blueprint: "acme",
        place: &place,
        account: None,
        trail_name: "main",
        trail: &trail,
        needs,
        tags: &Tags::new(),
        limit: 2,
        format: Format::Mail,
        dead_letter_queue: &post.dead_letters,
    });
    recorded(&text, "cloudtrail", answers)
}

/// A definition whose calls to a service, which the emulator does not have, are recorded answers; nothing is tried again.
fn recorded(definition: &str, service: &str, answers: &Value) -> Value {
    let mut machine: Value = serde_json::from_str(definition).unwrap();
    for (name, state) in machine["States"].as_object_mut().unwrap() {
        for retry in state["Retry"].as_array_mut().into_iter().flatten() {
            retry["MaxAttempts"] = json!(0);
        }
        let resource = state["Resource"].as_str().unwrap_or_default();
        if resource.contains(&format!(":aws-sdk:{service}:")) {
            *state = answered(state, &answers[name]);
        }
    }
    machine
}

/// A task as a state that goes on with an answer, or with an error.
fn answered(task: &Value, answer: &Value) -> Value {
    let error = answer.get("Error").and_then(Value::as_str);
    let goes_on = error.map_or(task, |error| {
        let catches = task["Catch"].as_array().unwrap();
        let named = |one: &&Value| {
            let errors = one["ErrorEquals"].as_array().unwrap();
            errors.contains(&json!(error)) || errors.contains(&json!("States.ALL"))
        };
        catches.iter().find(named).unwrap()
    });
    let mut pass = json!({ "Type": "Pass", "Next": goes_on["Next"] });
    if let Some(assigned) = goes_on.get("Assign") {
        // What a call has answered stands in the expression itself.
        let literal = answer.to_string();
        let text = assigned.to_string();
        let quoted = serde_json::to_string(&literal).unwrap();
        let quoted = &quoted[1..quoted.len() - 1];
        let text = text.replace("$states.result", &format!("({quoted})"));
        let text = text.replace("$states.errorOutput", &format!("({quoted})"));
        pass["Assign"] = serde_json::from_str(&text).unwrap();
    }
    pass
}

fn given(post: &Post, name: &str) -> String {
    json!({
        "topic": post.topic,
        "event": {
            "time": "2026-11-22T12:00:00Z",
            "detail": {
                "eventName": name, "eventSource": "cloudtrail.amazonaws.com",
                "sourceIPAddress": "203.0.113.9", "eventID": "0f8a7c1e-0000-4000-8000-000000000000",
                "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::210000000014:user/mallory" },
            },
        },
    })
    .to_string()
}

fn right() -> Value {
    let field = json!({ "Field": "eventCategory", "EqualsValue": ["Management"] });
    json!({
        "Status": { "IsLogging": true },
        "Trail": { "Trail": {
            "Name": "main", "S3BucketName": "logs", "IsMultiRegionTrail": true,
            "IncludeGlobalServiceEvents": true, "LogFileValidationEnabled": true,
            "IsOrganizationTrail": false,
        } },
        "Selectors": { "AdvancedEventSelectors": [{ "FieldSelectors": [field] }] },
        "Create": {}, "Start": {}, "Update": {}, "Select": {},
        "Confirm": { "IsLogging": true, "StartLoggingTime": "2026-11-22T12:00:41.123Z" },
    })
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut answers = right();
    for (pointer, value) in changes {
        *answers.pointer_mut(pointer).expect(pointer) = value.clone();
    }
    answers
}

#[test]
fn another_interpreter_heals_as_the_sandbox_does() {
    let account = "210000000014";
    let post = Post::open(account);
    let missing = json!({ "Error": "CloudTrail.TrailNotFoundException", "Cause": "Unknown trail" });
    let denied = json!({ "Error": "CloudTrail.AccessDeniedException", "Cause": "not authorized" });
    let read_only = json!([{ "ReadWriteType": "ReadOnly", "IncludeManagementEvents": true,
        "ExcludeManagementEventSources": ["kms.amazonaws.com"], "DataResources": [] }]);
    type Row = (&'static str, &'static str, Value, &'static str, &'static [&'static str]);
    let rows: [Row; 7] = [
        (
            "stopped",
            "StopLogging",
            with(&[("/Status/IsLogging", json!(false))]),
            "SUCCEEDED",
            &[
                "was stopped and is logging again",
                "\nPut back: logging was started\n",
                "\nLogging:  since 2026-11-22T12:00:41.123Z (UTC)\n",
                "\nWho:      arn:aws:iam::210000000014:user/mallory (IAMUser)\n",
            ],
        ),
        (
            "deleted",
            "DeleteTrail",
            with(&[("/Status", missing)]),
            "SUCCEEDED",
            &["\nPut back: the trail was created again, logging was started\n"],
        ),
        (
            "changed",
            "UpdateTrail",
            with(&[("/Trail/Trail/IsMultiRegionTrail", json!(false))]),
            "SUCCEEDED",
            &["\nPut back: its settings\n"],
        ),
        (
            "narrowed",
            "PutEventSelectors",
            with(&[("/Selectors", json!({ "EventSelectors": read_only }))]),
            "SUCCEEDED",
            &["\nPut back: its event selectors\n"],
        ),
        ("started-already", "StopLogging", right(), "SUCCEEDED", &["is logging again"]),
        (
            "denied",
            "UpdateTrail",
            with(&[("/Trail/Trail/S3BucketName", json!("theirs")), ("/Update", denied)]),
            "FAILED",
            &["\nFailed:   UpdateTrail: CloudTrail.AccessDeniedException (not authorized)\n"],
        ),
        (
            "still-off",
            "StopLogging",
            with(&[("/Status/IsLogging", json!(false)), ("/Confirm/IsLogging", json!(false))]),
            "FAILED",
            &["could not be put back"],
        ),
    ];
    for (name, event, answers, status, said) in rows {
        let made = post.machine(&format!("heal-{name}"), &machine(&post, account, &answers));
        let execution = post.run(&made, &given(&post, event));
        assert_eq!(execution["status"], status, "{name}: {execution}");
        let notice = post.mail();
        let message = notice["Message"].as_str().unwrap();
        for part in said {
            assert!(message.contains(part), "{name}: no {part:?} in {message}");
        }
    }
    // Where nothing differs and nobody stopped it, nothing is said; the next mail is the next one's.
    let quiet = post.machine("heal-quiet", &machine(&post, account, &right()));
    let execution = post.run(&quiet, &given(&post, "UpdateTrail"));
    assert_eq!(execution["status"], "SUCCEEDED", "{execution}");

    // The limit of two: the third begins too often.
    post.run(&quiet, &given(&post, "UpdateTrail"));
    let execution = post.run(&quiet, &given(&post, "StopLogging"));
    assert_eq!(execution["status"], "FAILED", "{execution}");
    let notice = post.mail();
    assert!(notice["Subject"].as_str().unwrap().contains("stopped itself"), "{notice}");

    // A pause that ends within a day, and one that does not.
    let paused = post.machine("heal-paused", &machine(&post, account, &right()));
    for (hours, holds) in [(2, true), (48, false)] {
        let ends = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        let tags = json!([
            { "key": PAUSED_UNTIL_TAG, "value": ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() },
            { "key": PAUSED_REASON_TAG, "value": "moving" },
        ]);
        let tag = json!({ "resourceArn": paused, "tags": tags });
        post.lane.json(HOME, states("TagResource"), &tag);
        post.run(&paused, &given(&post, "StopLogging"));
        let notice = post.mail();
        let told = notice["Message"].as_str().unwrap().contains("\nReason:   moving\n");
        assert_eq!(told, holds, "{notice}");
    }
}

/// What is put, by the other interpreter: the widened selectors and nothing empty.
#[test]
fn another_interpreter_widens_selectors_alike() {
    let account = "210000000015";
    let post = Post::open(account);
    let data = json!({ "Name": "theirs", "FieldSelectors": [
        { "Field": "eventCategory", "EqualsValue": ["Data"] },
        { "Field": "resources.type", "EqualsValue": ["AWS::S3::Object"] },
        { "Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::a/"], "NotEquals": [] },
    ] });
    let writes = json!({ "Name": "ours", "FieldSelectors": [
        { "Field": "eventCategory", "Equals": ["Management"] },
        { "Field": "readOnly", "Equals": ["false"] },
        { "Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com"] },
    ] });
    let arn = "arn:aws:cloudtrail:us-east-1:210000000015:trail/main";
    let resource = json!({ "Type": "AWS::S3::Object", "Values": ["arn:aws:s3"] });
    for (now, put) in [
        (
            json!({ "AdvancedEventSelectors": [writes, data] }),
            json!({ "TrailName": arn, "AdvancedEventSelectors": [
                { "Name": "ours", "FieldSelectors": [
                    { "Field": "eventCategory", "EqualsValue": ["Management"] },
                    { "Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com"] },
                ] },
                { "Name": "theirs", "FieldSelectors": [
                    { "Field": "eventCategory", "EqualsValue": ["Data"] },
                    { "Field": "resources.type", "EqualsValue": ["AWS::S3::Object"] },
                    { "Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::a/"] },
                ] },
            ] }),
        ),
        (
            json!({ "EventSelectors": [{ "ReadWriteType": "WriteOnly", "IncludeManagementEvents": true,
                "ExcludeManagementEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"],
                "DataResources": [resource] }] }),
            json!({ "TrailName": arn, "EventSelectors": [{ "ReadWriteType": "All",
                "IncludeManagementEvents": true,
                "ExcludeManagementEventSources": ["rdsdata.amazonaws.com"],
                "DataResources": [resource] }] }),
        ),
        (
            json!({ "EventSelectors": [{ "ReadWriteType": "All", "IncludeManagementEvents": false }] }),
            json!({ "TrailName": arn, "EventSelectors": [
                { "ReadWriteType": "All", "IncludeManagementEvents": false },
                { "ReadWriteType": "All", "IncludeManagementEvents": true },
            ] }),
        ),
    ] {
        let mut made = machine(&post, account, &with(&[("/Selectors", now.clone())]));
        made["States"]["Select"] =
            json!({ "Type": "Pass", "Output": "{% $selectors.put %}", "End": true });
        let made = post.machine(&format!("widen-{}", made.to_string().len()), &made);
        let execution = post.run(&made, &given(&post, "PutEventSelectors"));
        let output = execution["output"].as_str().unwrap_or("null");
        assert_eq!(serde_json::from_str::<Value>(output).unwrap(), put, "{now}: {execution}");
    }
}
