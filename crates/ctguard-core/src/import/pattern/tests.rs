//! Patterns against what became of them, on events of any kind.

mod less;

use super::*;
use crate::blueprint::load_text;
use crate::import::{Around, Import, finish};
use crate::offline;
use eventbridge_pattern::samples::{filter, plain_event, put};
use eventbridge_pattern::{Filter, cloudtrail};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::{Value, json};

const AS_OF: Date = date(2026, 11, 22);

fn import(name: &str, text: &str) -> Import {
    let file = SourceFile { name: name.to_owned(), text: text.to_owned() };
    let around = Around { name: "imported", email: "secops@acme.example", alerts_only: false };
    finish(pattern(&[file], Risk::Medium), &around, AS_OF)
}

fn patterns(import: &Import) -> Vec<Pattern> {
    let loaded = offline::checked(load_text("x.yaml", &import.blueprint, None, AS_OF), AS_OF);
    let blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    offline::rules(&blueprint, AS_OF).unwrap().into_iter().map(|rule| rule.pattern).collect()
}

const TERRAFORM: &str = r#"
resource "aws_cloudwatch_event_rule" "trail_stopped" {
  name        = "trail-stopped"
  description = "A trail was stopped"
  event_pattern = jsonencode({
    source        = ["aws.cloudtrail"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail        = { eventSource = ["cloudtrail.amazonaws.com"], eventName = ["StopLogging"] }
  })
}
resource "aws_cloudwatch_event_rule" "root" {
  event_pattern = <<JSON
{"detail-type": ["AWS Console Sign In via CloudTrail"],
 "detail": {"userIdentity": {"type": ["Root"]}, "eventName": ["ConsoleLogin"]}}
JSON
}
resource "aws_cloudwatch_event_rule" "filled_in" {
  event_pattern = jsonencode({ source = ["aws.ec2"], detail = { eventName = var.names } })
}
resource "aws_cloudwatch_event_rule" "guardduty" {
  event_pattern = jsonencode({ source = ["aws.guardduty"], "detail-type" = ["GuardDuty Finding"] })
}
"#;

#[test]
fn rules_of_terraform_become_alerts_or_say_why_not() {
    let import = import("main.tf", TERRAFORM);
    let alerts: Vec<(&str, Option<usize>)> =
        import.alerts.iter().map(|one| (one.alert.as_str(), one.from.line)).collect();
    assert_eq!(alerts, [("trail-stopped", Some(5)), ("root", Some(13))]);
    let refused: Vec<(&str, bool)> = import
        .refused
        .iter()
        .map(|one| (one.from.rule.as_str(), one.reason.contains("variable")))
        .collect();
    assert_eq!(refused, [("filled_in", true), ("guardduty", false)]);
    assert!(import.refused[1].reason.contains("GuardDuty Finding"), "{:?}", import.refused[1]);
    assert!(import.blueprint.contains("title: A trail was stopped"), "{}", import.blueprint);
    assert!(import.blueprint.contains("- cloudtrail:StopLogging"), "{}", import.blueprint);
    assert!(import.blueprint.contains("- signin:ConsoleLogin"), "{}", import.blueprint);
}

#[test]
fn templates_and_lists_of_rules_are_read() {
    let template = "Resources:\n  StopTrail:\n    Type: AWS::Events::Rule\n    Properties:\n      \
        Name: !Sub '${AWS::StackName}-x'\n      EventPattern:\n        source: [aws.cloudtrail]\n        \
        detail-type: [AWS API Call via CloudTrail]\n        detail: { eventName: [StopLogging] }\n  \
        Other:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n        \
        source: [!Ref Source]\n        detail-type: [AWS API Call via CloudTrail]\n";
    let read = import("template.yaml", template);
    assert_eq!(read.alerts[0].from.rule, "StopTrail");
    assert_eq!((read.alerts.len(), read.refused[0].from.rule.as_str()), (1, "Other"));
    let inner = json!({ "source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"],
        "detail": { "eventName": ["CreateUser"] } });
    let list = json!({ "Rules": [
        { "Name": "users", "Arn": "arn:aws:events:us-east-1:111122223333:rule/users",
          "EventPattern": inner.to_string(), "State": "DISABLED", "EventBusName": "audit" },
        { "Name": "nightly", "ScheduleExpression": "rate(1 day)" },
    ] });
    let read = import("rules.json", &list.to_string());
    assert_eq!((read.alerts.len(), read.refused.len()), (1, 0));
    let notes = read.alerts[0].notes.join("\n");
    assert!(notes.contains("disabled") && notes.contains("`audit`"), "{notes}");
    let plain = import("users.json", &inner.to_string());
    assert_eq!(plain.alerts[0].alert, "users");
    let cdk = json!({ "Resources": { "Rule4C995B7F": { "Type": "AWS::Events::Rule",
        "Properties": { "EventPattern": inner, "State": "ENABLED" } } } });
    assert_eq!(import("stack.template.json", &cdk.to_string()).alerts[0].from.rule, "Rule4C995B7F");
}

#[track_caller]
fn refused(text: &str, reason: &str) {
    let import = import("x.json", text);
    let [one] = import.refused.as_slice() else { panic!("{import:?}") };
    assert!(one.reason.contains(reason), "{}", one.reason);
}

#[test]
fn what_is_not_about_cloudtrail_or_no_pattern_is_refused() {
    let api = "\"detail-type\": [\"AWS API Call via CloudTrail\"]";
    refused(r#"{"source": ["aws.ec2"], "detail": {"state": ["stopped"]}}"#, "no `detail-type`");
    refused(&format!("{{{api}, \"source\": [\"com.acme\"]}}"), "com.acme");
    refused(&format!("{{{api}, \"source\": [{{\"suffix\": \"2\"}}]}}"), "no list of names");
    refused(&format!("{{{api}, \"resources\": [\"x\"]}}"), "`resources`");
    refused(&format!("{{{api}, \"id\": [\"x\"]}}"), "`id`");
    refused(&format!("{{{api}, \"detail\": {{\"a\": [{{\"like\": 1}}]}}}}"), "EventBridge refuses");
    refused(r#"{"detail-type": ["AWS Insight via CloudTrail"]}"#, "Insights");
    let apart = r#""source": ["aws.iam"], "detail": {"eventSource": ["ec2.amazonaws.com"]}"#;
    refused(&format!("{{{api}, {apart}}}"), "exclude each other");
    refused("[1, 2]", "no event pattern");
    refused("{", "not JSON");
}

#[test]
fn a_sign_in_under_the_wrong_kind_is_heard_and_told() {
    let text = r#"{"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["ConsoleLogin"]}}"#;
    let import = import("x.json", text);
    assert!(import.alerts[0].notes.iter().any(|note| note.contains("never fires")));
    let event = |kind: &str| {
        cloudtrail::envelope(json!({ "eventSource": "signin.amazonaws.com",
            "eventName": "ConsoleLogin", "eventType": kind }))
    };
    let all = patterns(&import);
    for kind in ["AwsConsoleSignIn", "AwsApiCall"] {
        assert!(all.iter().any(|one| one.matches(&event(kind))), "{kind}");
    }
}

const PATHS: &[&str] =
    &["userIdentity.type", "errorCode", "requestParameters.name", "sourceIPAddress", "userAgent"];

/// Which events are asked for, and how.
fn named() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({ "source": ["aws.iam"], "detail": { "eventName": ["CreateUser", "DeleteUser"] } }),
        json!({ "detail": { "eventSource": ["ec2.amazonaws.com"], "eventName": ["CreateRoute"] } }),
        json!({ "source": ["aws.iam", "aws.ec2"] }),
        json!({ "source": ["aws.iam"], "detail": { "eventName": [{ "prefix": "Create" }] } }),
        json!({ "detail": { "eventName": [{ "anything-but": ["CreateUser"] }] } }),
        json!({ "source": [{ "prefix": "aws." }] }),
        json!({ "detail": { "eventName": ["DeleteUser", "ConsoleLogin", "CreateRoute"] } }),
    ])
}

fn record() -> impl Strategy<Value = Value> {
    let names = vec![
        ("iam.amazonaws.com", "CreateUser", "AwsApiCall"),
        ("iam.amazonaws.com", "DeleteUser", "AwsApiCall"),
        ("ec2.amazonaws.com", "CreateRoute", "AwsApiCall"),
        ("ec2.amazonaws.com", "DescribeInstances", "AwsApiCall"),
        ("signin.amazonaws.com", "ConsoleLogin", "AwsConsoleSignIn"),
        ("kms.amazonaws.com", "RotateKey", "AwsServiceEvent"),
    ];
    (prop::sample::select(names), plain_event(PATHS)).prop_map(|((source, name, kind), mut own)| {
        put(&mut own, "eventSource", json!(source));
        put(&mut own, "eventName", json!(name));
        put(&mut own, "eventType", json!(kind));
        own
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn an_alert_takes_the_events_of_its_pattern(
        mut named in named(),
        condition in prop::option::of(filter(PATHS)),
        sign_ins in any::<bool>(),
        records in prop::collection::vec(record(), 40),
    ) {
        let mut types = vec!["AWS API Call via CloudTrail"];
        if sign_ins {
            types.extend(["AWS Console Sign In via CloudTrail", "AWS Console Signin via CloudTrail"]);
        }
        named["detail-type"] = json!(types);
        let written = Pattern::parse(&named.to_string()).unwrap();
        let parts = [Some(written.filter), condition.map(|one| one.below("detail"))];
        let both = Pattern { filter: Filter::All(parts.into_iter().flatten().collect()) };
        let text = both.to_json();
        prop_assume!(Pattern::parse(&text).is_ok() && ruler::losses(&both.filter).is_empty());
        let import = import("x.json", &text);
        if import.alerts.is_empty() {
            let reason = &import.refused[0].reason;
            let known = ["exclude each other", "rule each other out", "overlap", "characters",
                "multiply", "cannot", "takes other", "no operator", "combinations"];
            prop_assert!(known.iter().any(|one| reason.contains(one)), "{} {}", reason, text);
            return Ok(());
        }
        let all = patterns(&import);
        for record in records {
            // Of a sign-in that is asked for as a call, the alert hears what the rule never does.
            let never_heard = !sign_ins && record["eventName"] == "ConsoleLogin";
            let event = cloudtrail::envelope(record);
            let wanted = both.matches(&event);
            let got = all.iter().any(|one| one.matches(&event));
            if never_heard && !wanted {
                continue;
            }
            prop_assert_eq!(wanted, got, "{} {:#} {:?}", &text, event,
                all.iter().map(Pattern::to_json).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_templates_own_account_and_region_are_left_out_and_told() {
    let template = |key: &str, value: &str| {
        format!(
            "Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n        \
             {key}: [{value}]\n        source: [aws.iam]\n        detail-type: [AWS API Call via CloudTrail]\n        \
             detail: {{ eventName: [CreateUser] }}\n"
        )
    };
    for (key, value) in [
        ("account", "!Ref AWS::AccountId"),
        ("account", "!Ref Other, \"111122223333\""),
        ("region", "!Sub \"${AWS::Region}\""),
    ] {
        let one = import("t.yaml", &template(key, value));
        assert_eq!(one.refused, [], "{value}");
        assert!(one.alerts[0].notes[0].starts_with(&format!("which {key} it asks for")), "{value}");
        assert!(one.blueprint.contains("iam:CreateUser") && !one.blueprint.contains("where:"));
    }
    let literal = import("t.yaml", &template("account", "\"111122223333\""));
    assert!(literal.blueprint.contains("recipientAccountId"), "{}", literal.blueprint);
    let source = template("account", "\"111122223333\"").replace("aws.iam", "!Ref Source");
    assert_eq!(import("t.yaml", &source).alerts, []);
}

#[test]
fn a_variable_as_a_key_is_a_part_of_the_pattern() {
    for detail in ["(var.k) = [\"x\"]", "\"req${var.k}\" = { a = [\"x\"] }"] {
        let text = format!(
            "resource \"aws_cloudwatch_event_rule\" \"r\" {{\n  event_pattern = jsonencode({{ \
             source = [\"aws.iam\"], detail-type = [\"AWS API Call via CloudTrail\"], \
             detail = {{ eventName = [\"CreateGroup\"], {detail} }} }})\n}}\n"
        );
        let one = import("k.tf", &text);
        assert_eq!(one.alerts, [], "{}", one.blueprint);
        assert!(one.refused[0].reason.contains("makes a part of the pattern"), "{:?}", one.refused);
    }
}

/// A local is no rule of its own where one is filled with it.
#[test]
fn a_local_that_a_rule_is_filled_with_makes_no_second_alert() {
    let local = "locals {\n  p = { source = [\"aws.iam\"], detail = { eventName = [\"CreateUser\"] } }\n}\n";
    let rule = "resource \"aws_cloudwatch_event_rule\" \"users\" {\n  event_pattern = jsonencode(local.p)\n}\n";
    let ids = |text: &str| {
        let import = import("main.tf", text);
        import.alerts.iter().map(|one| one.alert.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&format!("{local}{rule}")), ["users"]);
    assert_eq!(ids(local), ["main"], "nobody else says it");
}

#[test]
fn a_part_of_a_template_that_is_refused_is_called_as_its_resource() {
    let rule = |value: &str| {
        format!(
            "Resources:\n  Stop:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {value}\n"
        )
    };
    for value in ["!Sub '{\"source\":[\"${S}\"]}'", "!Ref P", "'{'"] {
        let one = &import("t.yaml", &rule(value)).refused[0];
        assert_eq!(one.from.rule, "Stop", "{value}: {one:?}");
    }
}

#[test]
fn a_rule_that_is_refused_is_called_as_its_resource() {
    for (pattern, reason) in [("var.p", "makes the pattern"), ("\"{\"", "no event pattern")] {
        let text = format!(
            "resource \"aws_cloudwatch_event_rule\" \"stop\" {{\n  event_pattern = {pattern}\n}}\n"
        );
        let one = &import("main.tf", &text).refused[0];
        assert_eq!(one.from.rule, "stop", "{one:?}");
        assert!(one.reason.contains(reason), "{one:?}");
    }
}

#[test]
fn a_rule_that_is_off_is_told_in_either_way_of_terraform() {
    for off in ["is_enabled = false", "state = \"DISABLED\""] {
        let text = format!(
            "resource \"aws_cloudwatch_event_rule\" \"r\" {{\n  {off}\n  event_pattern = \
             jsonencode({{ source = [\"aws.iam\"], \
             detail-type = [\"AWS API Call via CloudTrail\"], \
             detail = {{ eventName = [\"CreateGroup\"] }} }})\n}}\n"
        );
        let notes = &import("off.tf", &text).alerts[0].notes;
        assert!(notes.iter().any(|note| note.contains("disabled")), "{off}: {notes:?}");
    }
}

#[test]
fn a_template_that_is_a_loop_is_looked_into() {
    let text = "Resources:\n  Fn::ForEach::Things:\n    - N\n    - [A, B]\n    - \"R${N}\":\n        \
        Type: AWS::Events::Rule\n        Properties:\n          EventPattern:\n            \
        source: [aws.iam]\n            detail-type: [AWS API Call via CloudTrail]\n            \
        detail: { eventName: [DeleteRole] }\n";
    let one = import("fe.yaml", text);
    assert!(one.refused.is_empty() && one.blueprint.contains("iam:DeleteRole"), "{one:?}");
    let open = import("fe.yaml", &text.replace("[DeleteRole]", "[!Sub \"Delete${N}\"]"));
    assert!(open.refused[0].reason.contains("a part of the pattern"), "{open:?}");
}

#[test]
fn a_part_of_an_account_is_asked_of_the_record() {
    let text = r#"{"source": ["aws.iam"], "account": [{"prefix": "1111"}],
        "detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["CreateUser"]}}"#;
    let one = import("pfx.json", text);
    assert!(one.refused.is_empty(), "{:?}", one.refused);
    assert!(one.blueprint.contains("recipientAccountId"), "{}", one.blueprint);
}

#[test]
fn sign_ins_without_a_source_are_those_of_the_services_that_log_them() {
    let root = r#"{"detail-type": ["AWS Console Sign In via CloudTrail"], "detail": {"userIdentity": {"type": ["Root"]}}}"#;
    let one = import("root.json", root);
    assert_eq!(one.refused, []);
    assert!(one.blueprint.contains("- signin:*"), "{}", one.blueprint);
    assert!(!one.blueprint.contains("- any"), "{}", one.blueprint);
    assert!(one.alerts[0].notes.iter().any(|note| note.contains("signin.amazonaws.com")));
    let with_calls = root.replace(
        "[\"AWS Console Sign In",
        "[\"AWS API Call via CloudTrail\", \"AWS Console Sign In",
    );
    assert!(import("any.json", &with_calls).blueprint.contains("- any"));
}
