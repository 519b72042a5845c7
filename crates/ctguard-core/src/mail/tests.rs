//! What a mail says, and that no event can break it.

use super::*;
use crate::blueprint::{Alert, load_text};
use crate::event::{EVERY_SOURCE, EventRef};
use crate::resource::machine::REQUEST_MAX_BYTES;
use proptest::prelude::*;
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:ctguard-prod-secops";
const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/ctguard-prod-dlq";
const RULE: &str = "arn:aws:events:us-east-1:111122223333:rule/ctguard-prod-trail";

/// An alert with these words.
fn alert(title: &str, why: &str) -> Alert {
    let text = json!({
        "version": 1,
        "name": "prod",
        "regions": ["us-east-1"],
        "destinations": { "secops": { "topic": "secops", "subscribers": [{ "email": "a@example.com" }] } },
        "alerts": [{
            "id": "trail-stopped", "title": title, "risk": "high",
            "next": "Start logging again, and ask who did it.",
            "events": ["cloudtrail:StopLogging"], "notify": ["secops"],
        }],
    });
    let loaded = load_text("ctguard.yaml", &text.to_string(), None, jiff::civil::date(2026, 7, 29));
    let mut alert = loaded.blueprint.unwrap().alerts.remove(0);
    alert.why = why.to_owned();
    alert
}

fn stop_logging() -> Value {
    json!({
        "version": "0", "id": "1c8f4c4e-0000-4000-8000-111122223333",
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail",
        "account": "111122223333", "time": "2026-07-29T01:04:05Z", "region": "us-east-1", "resources": [],
        "detail": {
            "eventType": "AwsApiCall", "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com",
            "eventID": "6a1b0c2d-0000-4000-8000-111122223333", "eventTime": "2026-07-29T01:04:05Z",
            "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.15",
            "requestParameters": { "name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main" },
            "userIdentity": {
                "type": "AssumedRole", "accountId": "111122223333",
                "arn": "arn:aws:sts::111122223333:assumed-role/Admin/alice",
            },
        },
    })
}

/// A machine's facts: a zone, a named account, and what an event touches.
fn facts() -> MachineFacts {
    let event = crate::blueprint::events_named("cloudtrail:StopLogging").unwrap().0;
    MachineFacts {
        names: [(AccountId::new("111122223333").unwrap(), "prod".to_owned())].into(),
        touched: data::touched(&event),
        zone: Zone::named("Europe/Berlin"),
    }
}

/// What is mailed of an event.
fn mailed(alert: &Alert, event: &Value) -> Mail {
    let input = target_input("prod", alert, TOPIC, Partition::Aws).unwrap();
    render(&facts(), &input, RULE, event).unwrap()
}

#[test]
fn a_mail_says_who_where_when_what_why_and_next() {
    let alert = alert("CloudTrail logging was stopped", "Calls leave no trace.");
    let mail = mailed(&alert, &stop_logging());
    assert_eq!(mail.topic_arn, TOPIC);
    assert_eq!(mail.subject, "[HIGH] CloudTrail logging was stopped: prod us-east-1");
    let lines = [
        "[HIGH] CloudTrail logging was stopped",
        "",
        "Who:     arn:aws:sts::111122223333:assumed-role/Admin/alice (AssumedRole)",
        "From:    203.0.113.7, by aws-cli/2.15",
        "Where:   prod (111122223333), us-east-1",
        "When:    2026-07-29 01:04:05 UTC, 2026-07-29 03:04:05 CEST (Europe/Berlin)",
        "What:    StopLogging (cloudtrail.amazonaws.com)",
        "Touched: Trail: arn:aws:cloudtrail:us-east-1:111122223333:trail/main",
        "",
        "Why:     Calls leave no trace.",
        "Next:    Start logging again, and ask who did it.",
        "",
        "Alert:   trail-stopped of the blueprint prod",
        "Event:   https://console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/\
         6a1b0c2d-0000-4000-8000-111122223333",
        "",
    ];
    assert_eq!(mail.message, lines.join("\n"));
}

/// An alert's mail of an event in which a field below `detail` is this.
fn with(pointer: &str, value: Value) -> Mail {
    let mut event = stop_logging();
    *event["detail"].pointer_mut(pointer).unwrap() = value;
    mailed(&alert("CloudTrail logging was stopped", ""), &event)
}

fn with_detail(fields: Value) -> Mail {
    let mut event = stop_logging();
    for (name, value) in fields.as_object().unwrap() {
        event["detail"][name] = value.clone();
    }
    mailed(&alert("CloudTrail logging was stopped", ""), &event)
}

#[test]
fn what_the_record_does_not_say_is_said() {
    let mail = with("", json!({}));
    assert!(!mail.message.contains("\n\n\n"), "{}", mail.message);
    for line in [
        "Who:     not in the record\n",
        "From:    not in the record\n",
        "What:    not in the record (not in the record)\n",
        "Touched: not in the record\n",
        "Event:   not in the record\n",
    ] {
        assert!(mail.message.contains(line), "{line} in {}", mail.message);
    }
    assert!(!mail.message.contains("Why:"), "{}", mail.message);
    // Without facts of an event, its parameters are what was touched.
    let mail = with("/eventName", json!("PutEventSelectors"));
    let line = "Touched: {\"name\":\"arn:aws:cloudtrail:us-east-1:111122223333:trail/main\"}\n";
    assert!(mail.message.contains(line), "{}", mail.message);
}

#[test]
fn a_failed_call_is_not_told_as_a_fact() {
    let title = "CloudTrail logging was stopped";
    for (fields, first, subject, outcome) in [
        (
            json!({ "errorCode": "AccessDenied", "errorMessage": "User: x is not authorized" }),
            "[HIGH] Tried and was denied: ",
            "[HIGH] Denied: ",
            "denied, AccessDenied: User: x is not authorized",
        ),
        (
            json!({ "errorCode": "Client.UnauthorizedOperation" }),
            "[HIGH] Tried and was denied: ",
            "[HIGH] Denied: ",
            "denied, Client.UnauthorizedOperation",
        ),
        (
            json!({ "errorCode": "TrailNotFoundException" }),
            "[HIGH] Tried and failed: ",
            "[HIGH] Failed: ",
            "failed, TrailNotFoundException",
        ),
        (
            json!({
                "eventType": "AwsConsoleSignIn", "eventName": "ConsoleLogin",
                "eventSource": "signin.amazonaws.com", "errorMessage": "Failed authentication",
                "responseElements": { "ConsoleLogin": "Failure" },
                "additionalEventData": { "MFAUsed": "No" },
            }),
            "[HIGH] Sign-in failed: ",
            "[HIGH] Failed: ",
            "failed, Failure: Failed authentication",
        ),
    ] {
        let mail = with_detail(fields);
        assert!(mail.message.starts_with(&format!("{first}{title}\n")), "{}", mail.message);
        assert!(mail.message.contains(&format!("\nOutcome: {outcome}\n")), "{}", mail.message);
        assert_eq!(mail.subject, format!("{subject}{title}: prod us-east-1"));
    }
    let mail = with("/userIdentity", json!({ "type": "IAMUser" }));
    assert!(mail.message.starts_with(&format!("[HIGH] {title}\n")), "{}", mail.message);
}

#[test]
fn a_title_that_tells_of_failures_is_not_told_of_one() {
    let mut alert = alert("Calls were denied", "");
    alert.outcome = crate::blueprint::Outcome::Failure;
    let mut event = stop_logging();
    event["detail"]["errorCode"] = json!("AccessDenied");
    let mail = mailed(&alert, &event);
    assert_eq!(mail.subject, "[HIGH] Calls were denied: prod us-east-1");
    let start = "[HIGH] Calls were denied\n\nOutcome: denied, AccessDenied\n";
    assert!(mail.message.starts_with(start), "{}", mail.message);
    // A condition on the error code asks for failures, too.
    alert.outcome = crate::blueprint::Outcome::Any;
    let code = eventbridge_pattern::Matcher::exact("AccessDenied");
    alert.filter =
        Some(eventbridge_pattern::Filter::Field { path: "errorCode".into(), matchers: vec![code] });
    let mail = mailed(&alert, &event);
    assert_eq!(mail.subject, "[HIGH] Calls were denied: prod us-east-1");
    assert!(mail.message.starts_with(start), "{}", mail.message);
}

#[test]
fn no_parameters_are_not_in_the_record() {
    let mail = with("/requestParameters", json!({}));
    assert!(mail.message.contains("Touched: not in the record\n"), "{}", mail.message);
}

/// Every word by which an event says that it failed is known to the machine.
#[test]
fn outcomes_are_those_of_the_record() {
    use crate::event::outcome::{Ended, ended};
    let mut seen = 0;
    for (kind, source, name, parent, field) in [
        ("AwsApiCall", "ec2.amazonaws.com", "CreateRoute", "", ""),
        (
            "AwsConsoleSignIn",
            "signin.amazonaws.com",
            "ConsoleLogin",
            "responseElements",
            "ConsoleLogin",
        ),
        (
            "AwsConsoleSignIn",
            "signin.amazonaws.com",
            "SwitchRole",
            "responseElements",
            "SwitchRole",
        ),
        (
            "AwsServiceEvent",
            "signin.amazonaws.com",
            "UserAuthentication",
            "serviceEventDetails",
            "UserAuthentication",
        ),
        (
            "AwsServiceEvent",
            "controltower.amazonaws.com",
            "EnableGuardrail",
            "serviceEventDetails",
            "enableGuardrailStatus",
        ),
        (
            "AwsServiceEvent",
            "organizations.amazonaws.com",
            "CreateAccountResult",
            "serviceEventDetails",
            "createAccountStatus",
        ),
        ("AwsServiceEvent", "secretsmanager.amazonaws.com", "RotationFailed", "", ""),
        ("AwsServiceEvent", "kms.amazonaws.com", "RotateKey", "", ""),
    ] {
        for word in ["Failure", "Success", "FAILED", "SUCCEEDED", ""] {
            for code in ["", "200", "AccessDenied"] {
                let mut fields =
                    json!({ "eventType": kind, "eventSource": source, "eventName": name });
                if !code.is_empty() {
                    fields["errorCode"] = json!(code);
                }
                if !parent.is_empty() && !word.is_empty() {
                    let state = json!({ "state": word });
                    fields[parent][field] =
                        if field.ends_with("Status") { state } else { json!(word) };
                }
                // Beside an unusual word, and of a service event without one, a code counts.
                let usual = kind == "AwsApiCall" || parent.is_empty() || !word.is_empty();
                let upper = field.ends_with("Status");
                if !usual || (!word.is_empty() && (word == word.to_uppercase()) != upper) {
                    continue;
                }
                let failed = with_detail(fields.clone()).message.contains("\nOutcome: ");
                assert_eq!(failed, ended(&fields) == Ended::Failed, "{fields}");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn nothing_that_a_caller_writes_begins_a_line_or_reorders_one() {
    for agent in [
        "x\nNext:    call +1 555 0100",
        "x\r\n\r\nfrom",
        "\u{202e}evil",
        "a\u{0}b",
        "\u{2028}x",
        "\u{85}x",
    ] {
        let mail = with("/userAgent", json!(agent));
        let line = mail.message.lines().find(|line| line.starts_with("From:")).unwrap();
        assert!(line.starts_with("From:    203.0.113.7, by "), "{line}");
        assert!(line.contains('?'), "{line}");
        assert_eq!(mail.message.lines().count(), 13, "{}", mail.message);
    }
    let mail = with("/userIdentity/arn", json!("Jürgen 日本 \u{1f600}"));
    assert!(mail.message.contains("Who:     Jürgen 日本 ? (AssumedRole)\n"), "{}", mail.message);
}

#[test]
fn a_subject_is_ascii_and_fits() {
    for (title, subject) in [
        ("Größe geändert – „S3“ 🚨", "[HIGH] Groesse geaendert - \"S3\" ?: prod us-east-1"),
        ("日本", "[HIGH] ?: prod us-east-1"),
    ] {
        assert_eq!(mailed(&alert(title, ""), &stop_logging()).subject, subject);
    }
    let long = mailed(&alert(&"long ".repeat(30), ""), &stop_logging());
    assert_eq!(long.subject.len(), SUBJECT_MAX_CHARS);
    assert!(long.subject.ends_with("...: prod us-east-1"), "{}", long.subject);
    let mut event = stop_logging();
    event["region"] = json!("r".repeat(300));
    event["account"] = json!("1\n2".repeat(300));
    let odd = mailed(&alert(&"long ".repeat(30), ""), &event);
    assert!(odd.subject.len() <= SUBJECT_MAX_CHARS && odd.subject.is_ascii(), "{}", odd.subject);
}

#[test]
fn times_that_do_not_exist_are_said_as_they_are() {
    for (time, when) in [
        (
            "2028-02-29T23:30:00Z",
            "2028-02-29 23:30:00 UTC, 2028-03-01 00:30:00 CET (Europe/Berlin)",
        ),
        (
            "2026-12-31T23:30:00Z",
            "2026-12-31 23:30:00 UTC, 2027-01-01 00:30:00 CET (Europe/Berlin)",
        ),
        ("2046-07-01T00:00:00Z", "2046-07-01 00:00:00 UTC"),
        ("2020-07-01T00:00:00Z", "2020-07-01 00:00:00 UTC"),
        ("2026-02-29T00:00:00Z", "2026-02-29T00:00:00Z"),
        ("2026-13-01T00:00:00Z", "2026-13-01T00:00:00Z"),
        ("", "not in the record"),
    ] {
        let mut event = stop_logging();
        event["time"] = json!(time);
        let message = mailed(&alert("t", ""), &event).message;
        assert!(message.contains(&format!("\nWhen:    {when}\n")), "{time}: {message}");
    }
}

#[test]
fn a_definition_is_canonical_and_fits() {
    let names = [(AccountId::new("111122223333").unwrap(), "{% $states %}".to_owned())].into();
    let mut facts = MachineFacts { names, zone: None, ..facts() };
    let of = |facts: &MachineFacts| {
        definition(&MachineInput { partition: Partition::AwsCn, dead_letter_queue: QUEUE, facts })
    };
    let text = of(&facts);
    assert_eq!(text, of(&facts));
    assert!(text.len() < REQUEST_MAX_BYTES / 20, "{}", text.len());
    let parsed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(parsed["States"]["Publish"]["Resource"], "arn:aws-cn:states:::sns:publish");
    assert_eq!(parsed["States"]["KeepForLater"]["Arguments"]["QueueUrl"], QUEUE);
    // Nothing that is assigned is an expression.
    assert!(!parsed["States"]["Facts"].to_string().contains("{%"), "{text}");
    facts.zone = Zone::named("Africa/Casablanca");
    assert!(of(&facts).contains("Africa/Casablanca"));
}

/// The facts of every member of the largest families leave room for what else is assigned.
#[test]
fn facts_fit_into_a_variable() {
    let families = ["ec2:*", "iam:*", "s3:*", "sagemaker:*", "rds:*", "glue:*", "iot:*"];
    let events = families.iter().flat_map(|name| crate::blueprint::events_named(name).unwrap().0);
    let mut events: Vec<_> = events.collect();
    let every = EventRef { source: EVERY_SOURCE.to_owned(), ..events[0].clone() };
    events.push(every);
    let id = |n: u32| AccountId::new(&format!("2{n:011}")).unwrap();
    let names = (0..9000).map(|n| (id(n), "Ünit of \"something\"".repeat(3))).collect();
    let facts = MachineFacts { names, touched: data::touched(&events), ..facts() };
    assert!(facts.touched.len() > 300, "{}", facts.touched.len());
    assert!(
        facts.touched.contains_key("* *") && !facts.touched.contains_key("ec2.amazonaws.com *")
    );
    let size = data::assigned(&facts).to_string().len();
    assert!(size < 220_000, "{size}");
}

/// Every state leads on, and every task has somewhere to go when it fails.
#[test]
fn no_task_fails_without_another_way() {
    let facts = facts();
    let machine =
        MachineInput { partition: Partition::Aws, dead_letter_queue: QUEUE, facts: &facts };
    let parsed: Value = serde_json::from_str(&definition(&machine)).unwrap();
    let states = parsed["States"].as_object().unwrap();
    let mut reached = std::collections::BTreeSet::from([parsed["StartAt"].as_str().unwrap()]);
    for (name, state) in states {
        let next = state["Next"].as_str();
        let caught = state["Catch"][0]["Next"].as_str();
        reached.extend(next.into_iter().chain(caught));
        match state["Type"].as_str().unwrap() {
            "Task" => {
                assert_eq!(state["Catch"][0]["ErrorEquals"], json!(["States.ALL"]), "{name}");
                assert!(caught.is_some() && (next.is_some() != (state["End"] == true)), "{name}");
            }
            "Fail" => assert!(state["Cause"].is_string(), "{name}"),
            _ => assert!(next.is_some(), "{name}"),
        }
    }
    assert_eq!(reached, states.keys().map(String::as_str).collect());
}

/// Anything that JSON can say, with the names of fields that the machine reads.
fn anything() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        Just("AccessDenied".to_owned()),
        Just("AwsConsoleSignIn".to_owned()),
        Just("AwsServiceEvent".to_owned()),
        Just("cloudtrail.amazonaws.com".to_owned()),
        Just("StopLogging".to_owned()),
        Just("x\n\"\u{202e}\u{1f600}".repeat(400)),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        text.prop_map(Value::from),
    ];
    let key = proptest::sample::select(vec![
        "eventName",
        "eventSource",
        "eventType",
        "errorCode",
        "errorMessage",
        "eventID",
        "userIdentity",
        "arn",
        "type",
        "userName",
        "accountId",
        "onBehalfOf",
        "userId",
        "sessionContext",
        "attributes",
        "mfaAuthenticated",
        "sessionIssuer",
        "principalId",
        "invokedBy",
        "sourceIPAddress",
        "userAgent",
        "requestParameters",
        "name",
        "responseElements",
        "serviceEventDetails",
        "additionalEventData",
        "MFAUsed",
        "StopLogging",
        "state",
        "x",
    ]);
    leaf.prop_recursive(5, 80, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..12).prop_map(|fields| {
                let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(fields.collect())
            }),
        ]
    })
}

/// Appends a case to the file of this variable, for `tests/jsonata/run.sh`.
fn write_down(alert: &Alert, event: &Value, mail: &Mail) {
    use std::io::Write;
    let Ok(path) = std::env::var("CTGUARD_MAIL_CASES") else { return };
    let input = target_input("prod", alert, TOPIC, Partition::Aws).unwrap();
    let given = crate::message::transform(&input, RULE, event).unwrap();
    let given: Value = serde_json::from_str(&given).unwrap();
    let mut variables = data::assigned(&facts());
    variables["states"] = json!({ "context": { "Execution": { "Input": given } } });
    let is =
        json!({ "TopicArn": mail.topic_arn, "Subject": mail.subject, "Message": mail.message });
    let case = json!({ "expression": definition::compose(), "variables": variables, "is": is });
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "{case}").unwrap();
}

/// As many as asked for, else few: an evaluation is slow without optimisation.
fn cases() -> u32 {
    std::env::var("CTGUARD_LAW_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// SNS takes the mail of any event, and no event adds a line to it.
    #[test]
    fn no_event_breaks_a_mail(
        detail in anything(), account in anything(), region in anything(), time in anything(),
        title in any::<String>(),
    ) {
        let mut event = stop_logging();
        event["detail"] = detail;
        event["account"] = account;
        event["region"] = region;
        event["time"] = time;
        let mut alert = alert("CloudTrail logging was stopped", "Calls leave no trace.");
        let plain = mailed(&alert, &event);
        write_down(&alert, &event, &plain);
        alert.title = title;
        for mail in [&plain, &mailed(&alert, &event)] {
            prop_assert_eq!(&mail.topic_arn, TOPIC);
            let printable = mail.subject.chars().all(|c| matches!(c, ' '..='~'));
            prop_assert!(printable && mail.subject.len() <= SUBJECT_MAX_CHARS, "{}", mail.subject);
            prop_assert!(mail.subject.starts_with("[HIGH] "), "{}", mail.subject);
            prop_assert!(mail.message.len() <= MESSAGE_MAX_BYTES);
        }
        let labels = [
            "[HIGH] ", "Outcome: ", "Who: ", "User: ", "For: ", "Of: ", "MFA: ", "From: ", "Where: ",
            "When: ", "What: ", "Touched: ", "Why: ", "Next: ", "Alert: ", "Event: ",
        ];
        let mut at = 0;
        for line in plain.message.lines().filter(|line| !line.is_empty()) {
            let found = labels.iter().position(|label| line.starts_with(label));
            // Each label once, in order.
            prop_assert!(found.is_some_and(|found| found == 0 || found > at), "{line}");
            at = found.unwrap_or_default();
            let hides = |c: char| c.is_control() || ('\u{2000}'..'\u{2070}').contains(&c);
            prop_assert!(!line.chars().any(hides), "{}", line);
        }
    }
}
