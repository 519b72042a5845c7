//! Messages as their readers get them, for kind and for hostile events.

use super::*;
use crate::blueprint::{Outcome, Risk};
use crate::event::EventRef;
use crate::event::Landing;
use crate::event::{Access, EventKind};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const RULE: &str = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-trail-tampering";

fn alert() -> Alert {
    let event = |source: &str, name: &str, kind| EventRef {
        source: source.to_owned(),
        name: name.to_owned(),
        kind,
        access: Access::Write,
        landing: Landing::CallRegion,
    };
    Alert {
        own_notify: false,
        tests: Vec::new(),
        id: "trail-tampering".into(),
        title: "CloudTrail logging was \"stopped\" or <weakened>".into(),
        risk: Risk::Critical,
        events: vec![
            event("cloudtrail.amazonaws.com", "StopLogging", EventKind::Api),
            event("signin.amazonaws.com", "ConsoleLogin", EventKind::Signin),
        ],
        filter: None,
        outcome: Outcome::Any,
        except: Vec::new(),
        why: "Nobody stops logging\nwithout a planned notice; see C:\\notes.".into(),
        next: "Call the person named below.".into(),
        notify: vec!["secops".into()],
        sources: Vec::new(),
        attack: Vec::new(),
        controls: Vec::new(),
        span: None,
    }
}

fn event() -> Value {
    json!({
        "version": "0", "id": "e-1", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.cloudtrail", "account": "111122223333", "time": "2026-11-22T10:00:00Z",
        "region": "eu-west-1", "resources": [],
        "detail": {
            "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
            "eventID": "0f8a-77", "sourceIPAddress": "203.0.113.9", "userAgent": "x",
            "userIdentity": {
                "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve",
                "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            },
            "requestParameters": { "name": "main" },
        },
    })
}

/// What callers can write into an event without AWS restricting it.
fn hostile(text: &str) -> Value {
    let mut event = event();
    event["detail"]["userAgent"] = text.into();
    event["detail"]["errorMessage"] = text.into();
    for field in ["userName", "principalId", "identityProvider"] {
        event["detail"]["userIdentity"][field] = text.into();
    }
    let arn = |what: &str| json!(format!("arn:aws:iam::111122223333:{what}/{text}/eve"));
    event["detail"]["userIdentity"]["arn"] = arn("user");
    event["detail"]["userIdentity"]["sessionContext"] =
        json!({ "sessionIssuer": { "userName": "admin", "arn": arn("role") } });
    event["detail"]["requestParameters"] = json!({ "name": text, text: {"a": [text]} });
    event["detail"]["serviceEventDetails"] = json!({ "name": text, text: [text] });
    // A failed call is recorded with what was sent, however wrong, and answers nothing.
    event["detail"]["errorCode"] = "ValidationException".into();
    event["detail"]["responseElements"] = Value::Null;
    event["detail"]["resources"] = json!([{ "ARN": text, "type": text }]);
    event["resources"] = json!([text]);
    event
}

fn rendered(format: Format, event: &Value) -> String {
    let input = input(&alert(), format, Partition::Aws).expect("a message");
    transform(&input, RULE, event).expect("a delivery")
}

#[test]
fn the_text_says_who_did_what_where_and_what_to_do() {
    assert_eq!(
        rendered(Format::Text, &event()),
        [
            concat!(
                r#""[CRITICAL] CloudTrail logging was 'stopped' or ‹weakened› (error: ; if blank or "#,
                r#"200 none is recorded, else it failed; sign-in: , blank: not recorded)""#
            ),
            r#""Account: 111122223333""#,
            r#""Region: eu-west-1""#,
            r#""Who: IAMUser  (by name and ARN: see the full record)""#,
            r#""Access key: AKIAIOSFODNN7EXAMPLE (blank: not recorded)""#,
            r#""Of account: 111122223333 (blank: not recorded)""#,
            r#""Session of:  (blank: not recorded)""#,
            r#""Source identity:  (blank: not recorded)""#,
            r#""Identity Center user:  (blank: not recorded)""#,
            r#""From: 203.0.113.9""#,
            r#""What: StopLogging (cloudtrail.amazonaws.com)""#,
            r#""MFA used:  (blank: not recorded)""#,
            r#""Touched: see the event's parameters, Trail: name""#,
            r#""When: 2026-11-22T10:00:00Z""#,
            r#""Why: Nobody stops logging without a planned notice; see C:\\notes.""#,
            r#""Next: Call the person named below.""#,
            r#""Alert: trail-tampering (rule ctguard-acme-trail-tampering)""#,
            concat!(
                r#""Event: https://console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1"#,
                r##"#/events/0f8a-77 ""##
            ),
        ]
        .join("\n")
    );
}

#[test]
fn the_outcome_is_told_for_calls_and_for_sign_ins() {
    let mut event = event();
    event["detail"]["errorCode"] = "AccessDenied".into();
    let first = |event: &Value| {
        let text = rendered(Format::Text, event);
        text.lines().next().expect("a line").to_owned()
    };
    assert!(first(&event).contains("(error: AccessDenied; if blank or 200 none"));
    event["detail"] = json!({"responseElements": {"ConsoleLogin": "Failure"}});
    assert!(first(&event).contains("; sign-in: Failure, blank: not recorded)"));
}

/// A message for these events, of this kind, as text.
fn text_of(events: &[(&str, &str, EventKind)], detail: Value) -> String {
    let make = |(source, name, kind): &(&str, &str, EventKind)| EventRef {
        source: (*source).to_owned(),
        name: (*name).to_owned(),
        kind: *kind,
        access: Access::Write,
        landing: Landing::CallRegion,
    };
    let alert = Alert { events: events.iter().map(make).collect(), ..alert() };
    let mut event = event();
    event["detail"] = detail;
    for format in [Format::Chat, Format::Json] {
        let input = input(&alert, format, Partition::Aws).expect("a message");
        transform(&input, RULE, &event).expect("a delivery");
    }
    let input = input(&alert, Format::Text, Partition::Aws).expect("a message");
    transform(&input, RULE, &event).expect("a delivery")
}

/// An Insights event has them below `insightDetails`, and no caller.
#[test]
fn an_insights_event_is_named_by_the_calls_that_are_too_many() {
    let detail = json!({ "insightDetails": {
        "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "state": "Start",
    } });
    let insight = ("ec2.amazonaws.com", "RunInstances", EventKind::Insight);
    let text = text_of(&[insight], detail.clone());
    assert!(text.contains("\"What: RunInstances (ec2.amazonaws.com)\""), "{text}");
    let call = ("ec2.amazonaws.com", "StopInstances", EventKind::Api);
    let text = text_of(&[call, insight], detail);
    assert!(text.contains("\"What: RunInstances (ec2.amazonaws.com)\""), "{text}");
}

#[test]
fn no_message_calls_a_failure_a_success() {
    use EventKind::{Api, Service, Signin};
    let signin = "signin.amazonaws.com";
    let call = ("iam.amazonaws.com", "CreateUser", Api);
    let verification = (signin, "CredentialVerification", Service);
    let login = (signin, "ConsoleLogin", Signin);
    let guardrail = ("controltower.amazonaws.com", "EnableGuardrail", Service);
    let account = ("organizations.amazonaws.com", "CreateAccountResult", Service);
    let rotation = ("secretsmanager.amazonaws.com", "RotationFailed", Service);
    let key = ("kms.amazonaws.com", "RotateKey", Service);
    let failed = json!({ "serviceEventDetails": { "CredentialVerification": "Failure" } });
    let state = |what: &str| json!({ "serviceEventDetails": { what: { "state": "FAILED" } } });
    let call_succeeded = "(error: ; if blank or 200 it was done, else only tried)";
    let none_recorded = "(error: ; if blank or 200 none is recorded, else it failed";
    for (events, detail, says, error) in [
        (vec![call], json!({}), "", call_succeeded),
        (vec![call], json!({ "errorCode": "" }), "", call_succeeded),
        (
            vec![call],
            json!({ "errorCode": "200" }),
            "",
            "(error: 200; if blank or 200 it was done, else only tried)",
        ),
        (vec![verification], failed.clone(), "(sign-in: Failure)\"", ""),
        (
            vec![verification, call],
            failed,
            "; sign-in: Failure, blank: not recorded)\"",
            none_recorded,
        ),
        (
            vec![login],
            json!({ "responseElements": { "ConsoleLogin": "Failure" } }),
            "(sign-in: Failure)\"",
            "",
        ),
        (vec![guardrail], state("enableGuardrailStatus"), "(result: FAILED)\"", ""),
        (vec![account], state("createAccountStatus"), "(result: FAILED)\"", ""),
        (vec![rotation], json!({ "eventName": "RotationFailed" }), "What: RotationFailed", ""),
        (vec![key], json!({}), "", none_recorded),
    ] {
        let text = text_of(&events, detail);
        let first = text.lines().next().expect("a line");
        assert!(
            text.contains(says) && (first.contains(says) || says.starts_with("What")),
            "{text}"
        );
        assert!(first.contains(error), "{error}: {text}");
        assert_eq!(text.contains("error:"), !error.is_empty(), "{text}");
    }
}

#[test]
fn every_type_of_identity_is_told_as_far_as_its_characters_are_restricted() {
    let call = ("iam.amazonaws.com", "CreateUser", EventKind::Api);
    let saml = ("sts.amazonaws.com", "AssumeRoleWithSAML", EventKind::Api);
    let login = ("signin.amazonaws.com", "ConsoleLogin", EventKind::Signin);
    let role = json!({ "sourceIdentity": "dora@acme.example", "sessionIssuer": {
        "arn": "arn:aws:iam::111122223333:role/a\"b/admin", "userName": "admin" } });
    for (of, identity, says) in [
        (
            call,
            json!({ "type": "AssumedRole", "accountId": "111122223333", "sessionContext": role,
                "arn": "arn:aws:sts::111122223333:assumed-role/admin/mallory" }),
            vec![
                "Who: AssumedRole  (by name and ARN: see the full record)",
                "Session of: admin (blank",
                "Source identity: dora@acme.example (blank",
            ],
        ),
        (
            call,
            json!({ "type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": { "userId": "u-1" } }),
            vec![
                "Who: IdentityCenterUser  (by name and ARN: see the full record)",
                "Session of:  (blank: not recorded)",
                "Identity Center user: u-1 (",
            ],
        ),
        (
            call,
            json!({ "type": "IAMUser", "arn": null, "userName": "\"x" }),
            vec!["Who: IAMUser  (by name and ARN: see the full record)"],
        ),
        (
            call,
            json!({ "type": "AWSAccount", "accountId": "999988887777" }),
            vec!["Who: AWSAccount ", "Of account: 999988887777"],
        ),
        (
            call,
            json!({ "type": "AWSService", "invokedBy": "config.amazonaws.com" }),
            vec!["Who: AWSService config.amazonaws.com"],
        ),
        (
            saml,
            json!({ "type": "SAMLUser", "principalId": "k3Yq=:\"x", "userName": "\"x", "identityProvider": "k3Yq=" }),
            vec!["Who: SAMLUser "],
        ),
        (
            login,
            json!({ "type": "IAMUser", "accountId": "111122223333", "userName": "eve" }),
            vec!["Who: IAMUser ", "User: eve ("],
        ),
        (
            login,
            json!({ "type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS" }),
            vec!["User: HIDDEN_DUE_TO_SECURITY_REASONS"],
        ),
        (login, json!(null), vec!["Who:   (", "User:  (blank: not recorded)"]),
    ] {
        let text = text_of(&[of], json!({ "userIdentity": identity }));
        for part in says {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    for name in ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "*"] {
        let arn = "arn:aws:sts::111122223333:assumed-role/admin/dora@acme.example";
        let detail = json!({ "responseElements": { "assumedRoleUser": { "arn": arn } } });
        let text = text_of(&[("sts.amazonaws.com", name, EventKind::Api)], detail);
        assert!(text.contains(&format!("New session: {arn} (")), "{name}: {text}");
    }
    for other in [call, ("*", "*", EventKind::Api)] {
        let text = text_of(&[other], json!({}));
        assert!(!text.contains("New session:"), "of other services it may be anything: {text}");
    }
    let mixed = text_of(&[login, call], json!({ "userIdentity": { "userName": "\"x" } }));
    assert!(!mixed.contains("\n\"User:"), "of calls the name may be anything: {mixed}");
}

/// A label with nothing behind it says nothing, and looks like a damaged message.
#[test]
fn no_line_is_empty_whatever_a_record_lacks() {
    let events = [
        ("cloudtrail.amazonaws.com", "StopLogging", EventKind::Api),
        ("s3.amazonaws.com", "PutObject", EventKind::Data),
        ("signin.amazonaws.com", "ConsoleLogin", EventKind::Signin),
        ("signin.amazonaws.com", "CredentialVerification", EventKind::Service),
        ("controltower.amazonaws.com", "EnableGuardrail", EventKind::Service),
        ("kms.amazonaws.com", "RotateKey", EventKind::Service),
        ("ec2.amazonaws.com", "ConsoleAction", EventKind::Console),
        ("sts.amazonaws.com", "AssumeRoleWithSAML", EventKind::Api),
        ("*", "*", EventKind::Api),
    ];
    for number in 0..events.len() {
        for asked in [&events[number..=number], &events[number..]] {
            let always = always_there(asked);
            let text = text_of(asked, always.clone());
            for line in text.lines() {
                assert!(!line.ends_with(": \"") && !line.ends_with(":\""), "{asked:?}: {text}");
            }
            let make = |(source, name, kind): &(&str, &str, EventKind)| EventRef {
                source: (*source).to_owned(),
                name: (*name).to_owned(),
                kind: *kind,
                access: Access::Write,
                landing: Landing::CallRegion,
            };
            let alert = Alert { events: asked.iter().map(make).collect(), ..alert() };
            let input = input(&alert, Format::Chat, Partition::Aws).expect("a message");
            let event =
                json!({ "detail": always, "region": "eu-west-1", "time": "t", "account": "1" });
            let chat: Value = serde_json::from_str(&transform(&input, RULE, &event).expect("JSON"))
                .expect("JSON");
            for line in chat["content"]["description"].as_str().expect("text").lines() {
                assert!(!line.trim_end().ends_with(":*"), "{asked:?}: {line}");
            }
        }
    }
}

#[test]
fn what_the_blueprint_does_not_say_has_no_line() {
    let alert = Alert { why: String::new(), next: String::new(), ..alert() };
    let of = |format| {
        let input = input(&alert, format, Partition::Aws).expect("a message");
        transform(&input, RULE, &event()).expect("a delivery")
    };
    let text = of(Format::Text);
    assert!(!text.contains("Why:") && !text.contains("Next:"), "{text}");
    let chat: Value = serde_json::from_str(&of(Format::Chat)).expect("JSON");
    assert_eq!(chat["content"]["nextSteps"], json!([]));
    assert!(!chat["content"]["description"].as_str().expect("text").contains("*Why:*"));
}

/// What every record of some events has by the model of records, and nothing else.
fn always_there(events: &[(&str, &str, EventKind)]) -> Value {
    use crate::record::{FIELDS, Kinds, Presence};
    let mut detail = json!({});
    for path in ["eventName", "eventSource", "eventID", "sourceIPAddress"] {
        let field = FIELDS.iter().find(|field| field.path == path).expect("a common field");
        let all = events.iter().all(|(_, _, kind)| field.kinds.has(Kinds::of(*kind)));
        if all && field.presence >= Presence::Usually {
            detail[path] = "there".into();
        }
    }
    // A result is said without a note only where nothing else is asked for.
    if events.iter().all(|(_, name, _)| *name == "ConsoleLogin") {
        detail["responseElements"] = json!({ "ConsoleLogin": "Success" });
    }
    if events.iter().all(|(_, name, _)| *name == "CredentialVerification") {
        detail["serviceEventDetails"] = json!({ "CredentialVerification": "Success" });
    }
    if events.iter().all(|(_, name, _)| *name == "EnableGuardrail") {
        detail["serviceEventDetails"] =
            json!({ "enableGuardrailStatus": { "state": "SUCCEEDED" } });
    }
    detail
}

#[test]
fn links_lead_to_the_console_of_the_partition() {
    for (partition, console) in [
        (Partition::AwsCn, Some("https://console.amazonaws.cn/")),
        (Partition::AwsUsGov, Some("https://console.amazonaws-us-gov.com/")),
        (Partition::AwsIso, None),
    ] {
        let input = input(&alert(), Format::Text, partition).expect("a message");
        let text = transform(&input, RULE, &event()).expect("a delivery");
        match console {
            Some(console) => assert!(text.contains(console), "{text}"),
            None => {
                assert!(!text.contains("https://"), "{text}");
                assert!(text.contains("\"Event: 0f8a-77\""), "{text}");
            }
        }
    }
}

#[test]
fn the_chat_message_is_the_custom_schema() {
    let message: Value = serde_json::from_str(&rendered(Format::Chat, &event())).expect("JSON");
    assert_eq!(message["version"], "1.0");
    assert_eq!(message["source"], "custom");
    let content = &message["content"];
    assert_eq!(content["textType"], "client-markdown");
    assert_eq!(
        content["title"], "[CRITICAL] CloudTrail logging was \"stopped\" or ‹weakened›",
        "quotes survive where JSON escapes them"
    );
    assert_eq!(content["nextSteps"], json!(["Call the person named below."]));
    let description = content["description"].as_str().expect("text");
    for part in ["*Access key:* AKIAIOSFODNN7EXAMPLE (", "\n*From:* 203.0.113.9\n"] {
        assert!(description.contains(part), "{description}");
    }
    assert_eq!(message["metadata"]["threadId"], "0f8a-77");
    assert_eq!(message["metadata"]["additionalContext"]["account"], "111122223333");
}

#[test]
fn the_json_message_carries_the_whole_event() {
    let message: Value = serde_json::from_str(&rendered(Format::Json, &event())).expect("JSON");
    assert_eq!(message["event"], event());
    assert_eq!(message["alert"], "trail-tampering");
    assert_eq!(message["ctguard"], 2);
    assert_eq!(message["rule"], RULE);
    assert_eq!(message["userIdentity"]["type"], "IAMUser");
    assert_eq!(message["errorCode"], "", "a missing field is empty, not an error");
}

#[test]
fn the_raw_message_is_the_event() {
    assert_eq!(rendered(Format::Raw, &event()), event().to_string());
}

#[test]
fn an_event_without_identity_is_still_delivered() {
    let mut bare = event();
    bare["detail"] = json!({"eventName": "ConsoleLogin"});
    let text = rendered(Format::Text, &bare);
    assert!(text.contains("\"Who:   (") && text.contains("ConsoleLogin ()"), "{text}");
    for format in [Format::Chat, Format::Json] {
        let message = rendered(format, &bare);
        assert!(serde_json::from_str::<Value>(&message).is_ok(), "{message}");
    }
    bare["detail"]["userIdentity"] = json!({
        "type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
    });
    assert!(rendered(Format::Text, &bare).contains("Who: IAMUser  "));
}

#[test]
fn words_that_are_too_long_are_refused_with_the_excess() {
    let refusal = |alert: &Alert, format| {
        input(alert, format, Partition::Aws).expect_err("too long").to_string()
    };
    let long = |title: usize, why: usize, next: usize| Alert {
        title: "t".repeat(title),
        why: "w".repeat(why),
        next: "n".repeat(next),
        ..alert()
    };
    for (alert, format, words) in [
        (long(10, 9_000, 10), Format::Text, "more than the 8192"),
        (long(10, 10, 9_000), Format::Json, "more than the 8192"),
        (long(250, 10, 10), Format::Chat, "261 characters, 11 more than the 250"),
        (long(10, 10, 351), Format::Chat, "351 characters, 1 more than the 350"),
        (long(10, 7_500, 10), Format::Chat, "description of the chat message"),
    ] {
        let refusal = refusal(&alert, format);
        assert!(refusal.contains(words), "{refusal}");
        assert!(refusal.contains("alert `trail-tampering`"), "{refusal}");
    }
}

fn transformer(template: &str, paths: &[(&str, &str)]) -> Input {
    let paths = paths.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    Input::Transformer(InputTransformer { paths: paths.collect(), template: template.to_owned() })
}

#[test]
fn templates_that_eventbridge_would_refuse_or_never_deliver_are_found() {
    let a = &[("a", "$.detail.a")][..];
    for (template, paths, words) in [
        ("\"<a> <b>\"", a, "`b` is not defined"),
        ("\"one\"\ntwo", a, "one quoted string"),
        ("\"one\" \"two\"", a, "one quoted string"),
        ("plain <a>", a, "neither quoted lines nor JSON"),
        ("{\"a\": \"<aws.events.event.json>\"}", a, "cannot stand inside quotes"),
        ("\"<aws.events.event>\"", a, "cannot stand inside quotes"),
        ("{<a>: 1}", a, "neither quoted lines nor JSON"),
        ("{\"a\": <a>", a, "neither quoted lines nor JSON"),
        ("", a, "empty"),
        ("\"<a>\"", &[("a", "detail.a")], "not a JSON path"),
        ("\"<a>\"", &[("a", "$['detail']")], "not a JSON path"),
        ("\"<awsx>\"", &[("awsx", "$.a")], "cannot be the name"),
    ] {
        let error = validate(&transformer(template, paths)).expect_err(template);
        assert!(error.to_string().contains(words), "{template}: {error}");
    }
    let many: BTreeMap<String, String> =
        (0..101).map(|n| (format!("v{n}"), "$.a".to_owned())).collect();
    let many = Input::Transformer(InputTransformer { paths: many, template: "\"x\"".into() });
    assert!(validate(&many).expect_err("101").to_string().contains("1 more than 100"));
    let long = transformer(&format!("\"{}\"", "x".repeat(8_191)), &[]);
    assert!(validate(&long).expect_err("8,193").to_string().contains("1 more than 8192"));
    assert!(validate(&Input::Constant("not json".into())).is_err());
}

#[test]
fn values_are_inserted_as_eventbridge_does_it() {
    let event = json!({"time": "T", "detail": {
        "s": "text", "n": 5, "b": true, "o": {"k": "v"}, "l": ["x", 1], "z": null, "q": "a\"b",
    }});
    let names = ["s", "n", "b", "o", "l", "z", "q", "missing"];
    let paths: Vec<(&str, String)> =
        names.iter().map(|name| (*name, format!("$.detail.{name}"))).collect();
    let paths: Vec<(&str, &str)> = paths.iter().map(|(n, p)| (*n, p.as_str())).collect();
    let made = |template: &str| transform(&transformer(template, &paths), RULE, &event);
    for (template, expected) in [
        (r#"{"a": <s>, "b": "<s>"}"#, r#"{"a": "text", "b": "text"}"#),
        (r#"{"a": <n>, "b": "<n>", "c": <b>}"#, r#"{"a": 5, "b": "5", "c": true}"#),
        (r#"{"a": <o>, "b": <l>}"#, r#"{"a": {"k":"v"}, "b": ["x",1]}"#),
        (r#"{"a": "o=<o>"}"#, r#"{"a": "o={k:v}"}"#),
        (r#"{"a": "[<missing>]", "z": <z>}"#, r#"{"a": "[]", "z": null}"#),
        ("<o>", r#"{"k":"v"}"#),
        ("\"a <s>\"\n\"b \\\"<n>\\\"\"", "\"a text\"\n\"b \\\"5\\\"\""),
        ("\"<q>\"", "\"a\"b\""),
        (
            "\"<aws.events.rule-name> <aws.events.event.ingestion-time>\"",
            "\"ctguard-acme-trail-tampering T\"",
        ),
        ("{\"e\": <aws.events.event>}", "{\"e\": {\"time\":\"T\"}}"),
    ] {
        assert_eq!(made(template).as_deref(), Ok(expected), "{template}");
    }
    for template in [r#"{"a": "<q>"}"#, r#"{"a": <q>}"#, r#"{"a": <missing>}"#] {
        let error = made(template).expect_err(template).to_string();
        assert!(error.starts_with("INVALID_JSON"), "{error}");
    }
    assert_eq!(
        transform(&Input::Path("$.detail.o".into()), RULE, &event).as_deref(),
        Ok(r#"{"k":"v"}"#)
    );
    assert_eq!(transform(&Input::Constant("{}".into()), RULE, &event).as_deref(), Ok("{}"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn nothing_a_caller_writes_keeps_a_message_from_being_delivered(
        text in prop_oneof![".{0,40}", r#"["\\<>{}\n,:a]{0,20}"#],
    ) {
        let event = hostile(&text);
        let json: Value = serde_json::from_str(&rendered(Format::Json, &event)).expect("JSON");
        prop_assert_eq!(&json["event"], &event);
        let chat: Value = serde_json::from_str(&rendered(Format::Chat, &event)).expect("JSON");
        prop_assert_eq!(&chat["source"], "custom");
        let lines = rendered(Format::Text, &event);
        prop_assert_eq!(lines.lines().count(), 18, "one line stays one line: {}", lines);
        for line in lines.lines() {
            prop_assert!(serde_json::from_str::<String>(line).is_ok(), "{}", line);
        }
    }

    #[test]
    fn nothing_in_a_blueprint_breaks_its_own_message(
        title in ".{0,60}", why in r#"["\\<>{}\n\ta]{0,60}"#, next in ".{0,60}",
    ) {
        let alert = Alert { title, why, next, ..alert() };
        for format in [Format::Text, Format::Chat, Format::Json, Format::Raw] {
            let input = input(&alert, format, Partition::Aws).expect("short enough");
            let text = transform(&input, RULE, &event()).expect("a delivery");
            if format == Format::Text {
                for line in text.lines() {
                    prop_assert!(serde_json::from_str::<String>(line).is_ok(), "{}", line);
                }
            }
        }
    }
}
