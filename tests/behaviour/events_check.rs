//! Names and patterns of other tools' files, held against the catalogue.

use crate::world::{Ran, WIDE, World};
use serde_json::Value;

mod judged;

/// Checks one file.
pub fn checked(name: &str, text: &str) -> Ran {
    let world = World::empty();
    world.write(name, text);
    world.on(WIDE, &["events", "check", &world.path(name).display().to_string()])
}

/// The codes that are reported, each with the line and the text that it points at.
fn findings(name: &str, text: &str) -> Vec<(String, u64, String)> {
    let world = World::empty();
    world.write(name, text);
    let file = world.path(name).display().to_string();
    let json = world.on(WIDE, &["events", "check", &file, "--format", "json"]).json();
    let diagnostics = json["files"][0]["diagnostics"].as_array().unwrap().clone();
    let told = |one: &Value| {
        let range = |key: &str| usize::try_from(one["span"][key].as_u64().unwrap()).unwrap();
        let marked = text[range("start")..range("end")].to_owned();
        (one["code"].as_str().unwrap().to_owned(), one["span"]["line"].as_u64().unwrap(), marked)
    };
    diagnostics.iter().map(told).collect()
}

#[track_caller]
pub fn finds(name: &str, text: &str, wanted: &[(&str, u64, &str)]) {
    let found = findings(name, text);
    let found: Vec<(&str, u64, &str)> =
        found.iter().map(|(code, line, text)| (code.as_str(), *line, text.as_str())).collect();
    assert_eq!(found, wanted, "{text}");
}

const TERRAFORM: &str = r#"
locals {
  names = ["CreateUser", "CreateLoginProfil"]
}

resource "aws_cloudwatch_event_rule" "identities" {
  name  = "${var.prefix}-identities"
  event_pattern = jsonencode({
    source        = ["aws.iam"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["iam.amazonaws.com"]
      eventName   = local.names
    }
  })
}

resource "aws_cloudwatch_event_rule" "sign_in" {
  event_pattern = <<-PATTERN
    {
      "source": ["aws.signin"],
      "detail-type": ["AWS API Call via CloudTrail"],
      "detail": { "eventName": ["ConsoleLogin"] }
    }
  PATTERN
}

resource "aws_cloudwatch_event_rule" "networks" {
  event_pattern = <<PATTERN
{
  "source": ["aws.ec2"],
  "detail-type": ["AWS API Call via CloudTrail"],
  "detail": {
    "eventSource": ["iam.amazonaws.com"],
    "eventName": ["AttachRolePolicy"]
  }
}
PATTERN
}

resource "aws_cloudwatch_event_rule" "reads" {
  state = "ENABLED"
  event_pattern = jsonencode({
    source        = ["aws.iam"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail        = { eventName = ["PutUserPolicy", "ListUsers"] }
  })
}

resource "aws_cloudwatch_event_rule" "functions" {
  event_pattern = jsonencode({
    source        = ["aws.lambda"]
    "detail-type" = ["AWS API Call via Cloudtrail"]
    detail        = { eventName = ["AddPermission", { prefix = "Destroy" }] }
  })
}

resource "aws_cloudwatch_log_metric_filter" "keys" {
  pattern = "{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletin)) }"
}
"#;

#[test]
fn terraform_is_read_with_locals_heredocs_and_filters() {
    finds(
        "rules.tf",
        TERRAFORM,
        &[
            ("name-unknown", 3, "\"CreateLoginProfil\""),
            ("detail-type-differs", 23, "\"ConsoleLogin\""),
            ("source-differs", 34, "\"iam.amazonaws.com\""),
            ("name-read-only", 46, "\"ListUsers\""),
            ("detail-type-unknown", 53, "\"AWS API Call via Cloudtrail\""),
            ("name-never-logged", 54, "\"AddPermission\""),
            ("names-match-nothing", 54, "{ prefix = \"Destroy\" }"),
            ("name-unknown", 59, "ScheduleKeyDeletin"),
        ],
    );
    let ran = checked("rules.tf", TERRAFORM).expect(3);
    for words in ["did you mean iam:CreateLoginProfile", "AWS Console Sign In via CloudTrail"] {
        assert!(ran.err.contains(words), "{words} in:\n{}", ran.err);
    }
    assert!(ran.out.contains("5 patterns and 2 names checked: 8 errors"), "{}", ran.out);
}

const CLOUDFORMATION: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Alarms:
    Type: AWS::Events::Rule
    Properties:
      Name: !Sub "${AWS::StackName}-alarms"
      State: ENABLED
      EventPattern:
        source: [aws.monitoring]
        detail-type: [AWS API Call via CloudTrail]
        detail:
          eventName: [DeleteAlarms, !Ref Name, DescribeAlarms]
  Objects:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: |
        {"source": ["aws.s3"], "detail-type": ["AWS API Call via CloudTrail"],
         "detail": {"eventSource": ["s3.amazonaws.com"],
                    "eventName": ["GetObject", "PutPublicAccessBlock"]}}
      Targets: !If [Wanted, [{ Arn: !GetAtt Topic.Arn, Id: x }], !Ref AWS::NoValue]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Calls:
          Type: EventBridgeRule
          Properties:
            Pattern:
              source: [aws.cloudwatchlogs]
              detail-type: [AWS API Call via CloudTrail]
              detail: { eventName: [DeleteLogGroup] }
"#;

#[test]
fn templates_are_read_with_tags_texts_and_events_of_functions() {
    finds(
        "template.yaml",
        CLOUDFORMATION,
        &[
            ("name-read-only", 13, "DescribeAlarms"),
            ("needs-selectors", 20, "\"GetObject\""),
            ("name-never-logged", 20, "\"PutPublicAccessBlock\""),
            ("source-unknown", 30, "aws.cloudwatchlogs"),
        ],
    );
}

#[test]
fn what_is_right_is_said_to_be_right() {
    let terraform = r#"
resource "aws_cloudwatch_event_rule" "iam" {
  state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
  event_pattern = jsonencode({
    source        = ["aws.iam", "aws.signin"]
    "detail-type" = ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"]
    detail = {
      eventName = ["CreateUser", "ListUsers", "ConsoleLogin", { prefix = "Delete" }, { "anything-but" = "Nonsense" }]
      userIdentity = { type = [var.type] }
    }
  })
}
"#;
    let template = "
Resources:
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.ec2]
        detail-type: [EC2 Instance State-change Notification]
        detail: { state: [terminated] }
  Wide:
    Type: AWS::Events::Rule
    Properties:
      State: !If [Wide, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, ENABLED]
      EventPattern:
        source: [!Sub 'aws.${Service}']
        detail-type: [AWS API Call via CloudTrail]
        detail: { eventName: [ListUsers], eventSource: [!Ref Source] }
";
    let pattern = r#"{ "source": ["aws.kms"], "detail-type": ["AWS Service Event via CloudTrail"],
        "detail": { "eventName": ["RotateKey"] } }"#;
    for (name, text) in [
        ("a.tf", terraform),
        ("b.yaml", template),
        ("c.json", pattern),
        ("d.txt", "iam:CreateUser\n# of every service\nStopLogging\nec2:Delete*\n"),
        ("e.json", r#"["iam:CreateUser", "s3.amazonaws.com DeleteBucket"]"#),
        (
            "f.yml",
            "detection:\n  selection:\n    eventSource: iam.amazonaws.com\n    eventName: createuser\n",
        ),
        (
            "g.py",
            "def rule(event):\n    return event.get('eventName') in {'CreateUser', 'StopLogging'}\n",
        ),
        (
            "h.toml",
            "query = '''\nevent.provider:iam.amazonaws.com and event.action:(CreateUser or DeleteUser)\n'''\n",
        ),
    ] {
        let ran = checked(name, text).expect(0);
        assert!(ran.out.contains(" checked: 0 errors, 0 warnings, 0 notes."), "{}", ran.seen());
        assert_eq!(ran.err, "");
    }
}

/// Nothing recognised is not the same as nothing wrong.
#[test]
fn a_file_of_which_nothing_is_known_is_never_called_right() {
    for (name, text) in [
        ("prose.txt", "This is prose, and names nothing.\n"),
        ("empty.yaml", ""),
        ("other.tf", "resource \"aws_sns_topic\" \"x\" {\n  name = \"x\"\n}\n"),
        (
            "variable.tf",
            "resource \"aws_cloudwatch_event_rule\" \"x\" {\n  event_pattern = var.x\n}\n",
        ),
        ("broken.tf", "resource \"x\" {\n"),
        ("broken.json", "{"),
        ("broken.yaml", "a: [b\n"),
        ("policy.json", r#"{"Statement": [{"Action": ["iam:CreateUser"], "Effect": "Allow"}]}"#),
    ] {
        let ran = checked(name, text).expect(64);
        assert!(ran.err.contains("nothing-recognised"), "{name}: {}", ran.seen());
        assert!(ran.out.contains("not checked: "), "{name}: {}", ran.seen());
    }
    let world = World::empty();
    let missing = world.path("missing.tf").display().to_string();
    let ran = world.on(WIDE, &["events", "check", &missing]).expect(1);
    assert!(ran.err.contains("cannot read"), "{}", ran.err);
    let folder = world.path("").display().to_string();
    assert!(world.on(WIDE, &["events", "check", &folder]).expect(1).err.contains("it is a folder"));
    world.on(WIDE, &["events", "check", "-", "-"]).expect(64);
    world.on(WIDE, &["events", "check"]).expect(64);
}

#[test]
fn standard_input_is_a_file_too() {
    let world = World::empty();
    let line = ["ctguard", "events", "check", "-"].map(Into::into).to_vec();
    let ran = world.command(line, Some("iam:CreateUsr\n")).expect(3);
    assert!(ran.err.contains("-:1:1") && ran.err.contains("iam:CreateUser"), "{}", ran.seen());
}

#[test]
fn scanners_and_ci_read_the_findings() {
    let world = World::empty();
    world.write("rules.tf", TERRAFORM);
    let file = world.path("rules.tf").display().to_string();
    let run = |format: &str| world.on(WIDE, &["events", "check", &file, "--format", format]);
    let sarif = run("sarif").expect(3).json();
    let first = &sarif["runs"][0]["results"][0];
    assert_eq!(first["ruleId"], "name-unknown");
    let region = &first["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 3);
    let github = run("github").expect(3).out;
    assert!(github.contains("line=3,col=26,title=ctguard name-unknown::"), "{github}");
    let markdown = run("markdown").expect(3).out;
    assert!(markdown.contains("### ctguard events check: something in 1 file can never match"));
    assert!(run("junit").expect(3).out.contains("failures=\"8\""));
    let report = world.path("out.sarif").display().to_string();
    let both = format!("sarif={report}");
    world.on(WIDE, &["events", "check", &file, "--report", &both]).expect(3);
    assert!(world.read("out.sarif").contains("name-unknown"));
    world.on(WIDE, &["events", "iam", "--format", "sarif"]).expect(64);
}
