//! What was touched, as readers of each format get it, and that nothing in it costs an alert.

use super::super::{input, transform, validate, with_account_name};
use super::*;
use crate::blueprint::{Format, Outcome, Risk};
use crate::event::{Access, Landing};
use crate::record::request;
use crate::resource::rule::{INPUT_PATHS_MAX, INPUT_TEMPLATE_MAX_CHARS, Input};
use crate::scope::Partition;
use proptest::prelude::*;

const RULE: &str = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-a";

fn alert(outcome: Outcome, events: &[&str]) -> Alert {
    let event = |short: &&str| {
        let (service, name) = short.split_once(':').unwrap();
        let source = if service == "*" { "*".into() } else { format!("{service}.amazonaws.com") };
        let kind = if service == "signin" { EventKind::Signin } else { EventKind::Api };
        let (access, landing) = (Access::Write, Landing::CallRegion);
        EventRef { source, name: name.to_owned(), kind, access, landing }
    };
    Alert {
        own_notify: false,
        tests: Vec::new(),
        id: "a".into(),
        title: "Something was opened".into(),
        risk: Risk::High,
        events: events.iter().map(event).collect(),
        filter: None,
        outcome,
        except: Vec::new(),
        why: "W.".into(),
        next: "N.".into(),
        notify: Vec::new(),
        sources: Vec::new(),
        attack: Vec::new(),
        controls: Vec::new(),
        span: None,
    }
}

fn event(detail: Value) -> Value {
    json!({ "account": "111122223333", "region": "eu-west-1", "time": "T", "detail": detail })
}

fn read(alert: &Alert, format: Format, event: &Value) -> String {
    transform(&input(alert, format, Partition::Aws).unwrap(), RULE, event).expect("a delivery")
}

fn chat(alert: &Alert, event: &Value) -> (String, String) {
    let message: Value = serde_json::from_str(&read(alert, Format::Chat, event)).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&message["content"]["title"]), text(&message["content"]["description"]))
}

fn opened() -> Value {
    let range = json!({ "ipRanges": { "items": [{ "cidrIp": "0.0.0.0/0" }] } });
    json!({
        "eventName": "AuthorizeSecurityGroupIngress",
        "requestParameters": { "groupId": "sg-0a1b", "ipPermissions": { "items": [range] } },
        "responseElements": { "_return": true, "securityGroupRuleSet": { "items": [
            { "groupId": "sg-0a1b", "cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22 },
        ] } },
    })
}

#[test]
fn an_opened_security_group_is_named_in_every_format() {
    let alert = alert(Outcome::Any, &["ec2:AuthorizeSecurityGroupIngress"]);
    let text = read(&alert, Format::Text, &event(opened()));
    let line = text.lines().find(|line| line.starts_with("\"Touched")).unwrap();
    assert_eq!(
        line,
        "\"Touched: Security group: sg-0a1b; CIDR: 0.0.0.0/0 ; Port: 22 22 (blank: see the event's \
         parameters, Security group: groupId, groupName; CIDR: cidrIp, cidrIpv6; Port: fromPort, \
         toPort)\""
    );
    let (_, description) = chat(&alert, &event(opened()));
    assert!(
        description.contains(
            "\n*Touched:* Security group: sg-0a1b; CIDR: 0.0.0.0/0 ; Port: 22 22 (blank: see the \
             event's parameters, Security group: groupId, groupName; CIDR: cidrIp, cidrIpv6; Port: \
             fromPort, toPort)\n"
        ),
        "{description}"
    );
    let message: Value =
        serde_json::from_str(&read(&alert, Format::Json, &event(opened()))).unwrap();
    assert_eq!(message["touched"][0]["label"], "Security group");
    assert_eq!(message["touched"][0]["places"][0], "requestParameters.groupId");
}

#[test]
fn what_has_no_answer_is_named_by_its_parameters() {
    let alert = alert(Outcome::Any, &["cloudtrail:StopLogging"]);
    let stopped =
        event(json!({ "requestParameters": { "name": "main" }, "responseElements": null }));
    let text = read(&alert, Format::Text, &stopped);
    assert!(text.contains("\n\"Touched: see the event's parameters, Trail: name\"\n"), "{text}");
    let (_, description) = chat(&alert, &stopped);
    assert!(description.contains("\n*Touched:* see the event's parameters, Trail: name\n"));
}

/// The path of a user or role may hold quotes, and so may its ARN.
#[test]
fn no_arn_of_iam_is_shown() {
    let user = json!({ "userName": "eve", "arn": "arn:aws:iam::111122223333:user/a\"b/eve" });
    let made = event(json!({ "eventName": "CreateUser", "responseElements": { "user": user } }));
    let alert = alert(Outcome::Any, &["iam:CreateUser"]);
    for format in [Format::Text, Format::Chat] {
        let told = read(&alert, format, &made);
        assert!(told.contains("eve") && !told.contains("a\"b"), "{told}");
    }
}

#[test]
fn a_family_is_looked_up_in_the_event() {
    for family in ["iam:*", "*:*"] {
        let alert = alert(Outcome::Any, &[family]);
        let call = event(json!({ "requestParameters": { "sAMLProviderArn": "arn:x" } }));
        let text = read(&alert, Format::Text, &call);
        assert!(text.contains("\"Touched: see the event's parameters"), "{text}");
    }
}

#[test]
fn a_sign_in_tells_of_mfa() {
    let alert = alert(Outcome::Success, &["signin:ConsoleLogin"]);
    let login = event(json!({ "additionalEventData": { "MFAUsed": "No" } }));
    assert!(
        read(&alert, Format::Text, &login).contains("\n\"MFA used: No (blank: not recorded)\"\n")
    );
    assert!(!read(&alert, Format::Text, &login).contains("Touched"), "it has no parameters");
    assert!(chat(&alert, &login).1.contains("\n*MFA used:* No (blank: not recorded)\n"));
}

/// The first line says whether it was done, as far as a template can.
#[test]
fn a_call_that_failed_is_told_in_the_first_line() {
    let denied = event(json!({ "errorCode": "AccessDenied" }));
    let done = event(json!({}));
    for (outcome, event, first) in [
        (
            Outcome::Any,
            &denied,
            "[HIGH] Something was opened (error: AccessDenied; if blank or 200 it was done, else only tried)",
        ),
        (
            Outcome::Any,
            &done,
            "[HIGH] Something was opened (error: ; if blank or 200 it was done, else only tried)",
        ),
        (Outcome::Success, &done, "[HIGH] Something was opened"),
        (
            Outcome::Failure,
            &denied,
            "[HIGH] Tried and failed: Something was opened (error: AccessDenied)",
        ),
    ] {
        let alert = alert(outcome, &["ec2:AuthorizeSecurityGroupIngress"]);
        let text = read(&alert, Format::Text, event);
        assert_eq!(text.lines().next().unwrap(), format!("\"{first}\""));
        assert!(!text.contains("\"Error:"), "{text}");
        assert_eq!(chat(&alert, event).0, first);
    }
    // A condition on the error code asks for failures, too.
    let mut asked = alert(Outcome::Any, &["ec2:CreateRoute"]);
    let code = eventbridge_pattern::Matcher::exact("AccessDenied");
    asked.filter =
        Some(eventbridge_pattern::Filter::Field { path: "errorCode".into(), matchers: vec![code] });
    let text = read(&asked, Format::Text, &denied);
    assert!(
        text.starts_with("\"[HIGH] Tried and failed: Something was opened (error: AccessDenied)\"")
    );
    // It can be neither blank nor 200 then, whatever else the alert listens to.
    let filter = asked.filter.clone();
    let mut every = alert(Outcome::Any, &["ec2:CreateRoute", "signin:ConsoleLogin"]);
    every.filter = filter;
    let text = read(&every, Format::Text, &denied);
    assert!(text.lines().next().unwrap().contains("(error: AccessDenied; sign-in"), "{text}");
    // What the title says is not said twice.
    let mut said = alert(Outcome::Failure, &["ec2:CreateRoute"]);
    said.title = "A route was refused".into();
    let text = read(&said, Format::Text, &denied);
    assert!(text.starts_with("\"[HIGH] A route was refused (error: AccessDenied)\""), "{text}");
}

#[test]
fn a_title_that_fills_the_chat_leaves_the_outcome_to_the_line_below() {
    let mut alert = alert(Outcome::Any, &["ec2:CreateRoute"]);
    alert.title = "t".repeat(240);
    let (title, description) = chat(&alert, &event(json!({ "errorCode": "AccessDenied" })));
    assert!(title.ends_with('t'));
    assert!(description.starts_with("[HIGH] ttt") && description.contains("(error: AccessDenied;"));
}

#[test]
fn an_account_has_its_name_beside_its_number() {
    let alert = alert(Outcome::Any, &["ec2:AuthorizeSecurityGroupIngress"]);
    let event = event(opened());
    for name in ["prod", "a \"b\" \\c <d>", &"n".repeat(9_000)] {
        for format in [Format::Text, Format::Chat, Format::Json, Format::Raw] {
            let plain = input(&alert, format, Partition::Aws).unwrap();
            let named = with_account_name(plain.clone(), name);
            validate(&named).unwrap();
            let told = transform(&named, RULE, &event).expect("a delivery");
            match (name, format) {
                ("prod", Format::Text) => {
                    assert!(told.contains("\"Account: 111122223333 (prod)\""), "{told}");
                }
                ("prod", Format::Chat) => {
                    assert!(told.contains("*Account:* 111122223333 (prod)  "), "{told}");
                    assert!(told.contains("in 111122223333 (prod) eu-west-1"), "{told}");
                }
                ("prod", Format::Json) => {
                    let told: Value = serde_json::from_str(&told).unwrap();
                    assert_eq!(told["accountName"], "prod");
                }
                (_, Format::Raw) => assert_eq!(named, plain),
                _ => assert_eq!(named == plain, name.len() > 100, "{told}"),
            }
        }
    }
}

/// Words of one's own that leave no room are no error: what was touched gives way.
#[test]
fn the_blueprints_own_words_come_first() {
    let mut alert = alert(Outcome::Any, &["iam:CreateUser", "ec2:AuthorizeSecurityGroupIngress"]);
    for format in [Format::Text, Format::Chat, Format::Json] {
        let mut made = |chars: usize| {
            alert.why = "w".repeat(chars);
            input(&alert, format, Partition::Aws).ok()
        };
        let (mut fits, mut too_long) = (0, INPUT_TEMPLATE_MAX_CHARS);
        while too_long - fits > 1 {
            let middle = usize::midpoint(fits, too_long);
            match made(middle) {
                Some(_) => fits = middle,
                None => too_long = middle,
            }
        }
        let tells = |made: Option<Input>| match made {
            Some(Input::Transformer(made)) => made.template.contains("ouched"),
            other => panic!("{other:?}"),
        };
        assert!(!tells(made(fits)), "{format:?}");
        assert!(tells(made(fits - 2_600)), "{format:?}");
    }
}

/// Every event of the catalogue that writes has a message in every format, within AWS's limits.
#[test]
fn every_event_has_a_message_within_the_limits() {
    for source in ["ec2", "iam", "rds", "kms", "s3", "cloudtrail", "budgets", "gamelift"] {
        let all = crate::catalogue::of_source(&format!("{source}.amazonaws.com"));
        let mut alert = alert(Outcome::Any, &[]);
        for one in all.filter(|one| one.accesses().contains(&Access::Write)) {
            alert.events = one.to_refs();
            for format in [Format::Text, Format::Chat, Format::Json] {
                let Input::Transformer(made) = input(&alert, format, Partition::Aws).unwrap()
                else {
                    panic!()
                };
                assert!(made.template.chars().count() <= INPUT_TEMPLATE_MAX_CHARS);
                assert!(made.paths.len() <= INPUT_PATHS_MAX);
                let told =
                    Object::of(&alert).lines().is_empty() || made.template.contains("ouched");
                assert!(told, "{} {format:?}", one.short());
            }
        }
    }
}

/// No path of a template leads to the request, whose words are the caller's.
#[test]
fn nothing_of_a_request_stands_in_a_message() {
    for source in ["ec2", "iam", "rds", "kms", "s3", "cloudtrail", "secretsmanager", "sns"] {
        let all = crate::catalogue::of_source(&format!("{source}.amazonaws.com"));
        let mut alert = alert(Outcome::Any, &[]);
        for one in all {
            alert.events = one.to_refs();
            for format in [Format::Text, Format::Chat, Format::Json] {
                let Input::Transformer(made) = input(&alert, format, Partition::Aws).unwrap()
                else {
                    panic!()
                };
                for (name, path) in &made.paths {
                    assert!(!path.contains("requestParameters"), "{} {name}", one.short());
                    let answer = path.strip_prefix("$.detail.responseElements.");
                    let place = answer.filter(|_| name.starts_with("touched-"));
                    let Some(place) = place else { continue };
                    let place = place.replace("[0]", "");
                    let steps: Vec<&str> = place.split('.').collect();
                    let modelled = request::response_of(one.source, one.name).unwrap();
                    assert!(matches!(modelled.find(&steps), request::Found::Parameter(_)));
                    let leaf = steps.last().unwrap().to_lowercase();
                    let (_, ends, _) = ANSWERED.iter().find(|row| row.0 == one.source).unwrap();
                    assert!(ends.iter().any(|end| leaf.ends_with(end)), "{} {leaf}", one.short());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// A call that was refused is recorded with whatever was sent.
    #[test]
    fn whatever_a_refused_call_asked_for_the_alert_is_delivered(
        text in prop_oneof![".{0,40}", r#"["\\<>{}\n\r\t,:a/]{0,20}"#],
        number in 0_usize..6,
    ) {
        let call = [
            "ec2:AuthorizeSecurityGroupIngress", "cloudtrail:StopLogging", "iam:CreateAccessKey",
            "s3:PutBucketPolicy", "iam:*", "*:*",
        ][number];
        let alert = alert(Outcome::Any, &[call]);
        let refused = event(json!({
            "errorCode": "ValidationException",
            "requestParameters": {
                "groupId": text, "name": text, "userName": text, "bucketName": text, &text: text,
                "ipPermissions": { "items": [{ "ipRanges": { "items": [{ "cidrIp": text }] } }] },
                "policyDocument": format!("{{\"Version\": \"{text}\"}}"),
            },
            "responseElements": null,
        }));
        let lines = read(&alert, Format::Text, &event(json!({}))).lines().count();
        let told = read(&alert, Format::Text, &refused);
        prop_assert_eq!(told.lines().count(), lines, "one line stays one line: {}", told);
        for line in told.lines() {
            let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
            prop_assert!(inner.is_some_and(|inner| !inner.contains('"')), "{}", line);
        }
        for format in [Format::Chat, Format::Json] {
            let told = read(&alert, format, &refused);
            prop_assert!(serde_json::from_str::<Value>(&told).is_ok(), "{}", told);
        }
    }
}
