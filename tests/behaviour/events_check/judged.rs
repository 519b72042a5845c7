//! What is said of names, lists, patterns and conditions, one by one.

use super::{checked, finds};

#[test]
fn what_a_trail_must_be_told_to_record_is_a_note() {
    let network = r#"{"source": ["aws.kms"], "detail-type": ["AWS Network Activity Event via CloudTrail"],
        "detail": {"eventName": ["Decrypt"], "errorCode": ["VpceAccessDenied"]}}"#;
    finds("pattern.json", network, &[("needs-selectors", 2, "\"Decrypt\"")]);
    let data = r#"{"source": ["aws.s3"], "detail": {"eventName": ["GetObject", "DeleteBucket"]}}"#;
    finds("pattern.json", data, &[("needs-selectors", 1, "\"GetObject\"")]);
    checked("pattern.json", data).expect(0);
}

/// Events of others have such fields, too.
#[test]
fn patterns_for_other_events_are_left_alone() {
    for text in [
        r#"{"source": ["shop.orders"], "detail": {"eventName": ["OrderPlaced"]}}"#,
        r#"{"source": ["aws.partner/acme.example/x"], "detail": {"eventName": ["OrderPlaced"]}}"#,
        r#"{"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"eventName": ["x"]}}"#,
        r#"{"detail-type": ["AWS Insight via CloudTrail"], "source": ["aws.cloudtrail"],
            "detail": {"insightDetails": {"eventName": ["RunInstances"]}}}"#,
        r#"{"detail-type": ["Order"], "detail": {"eventName": ["OrderPlaced"]}}"#,
    ] {
        finds("pattern.json", text, &[]);
        checked("pattern.json", text).expect(0);
    }
    // Streams and notifications have names of their own.
    for (name, text) in [
        ("filter.json", r#"{"eventName": ["INSERT"], "dynamodb": {"Keys": {"id": {"S": ["a"]}}}}"#),
        ("handler.py", "if record['eventName'] in ('MODIFY', 'REMOVE'):\n    pass\n"),
        ("upload.py", "if record['eventName'] == 'ObjectCreated:Put':\n    pass\n"),
    ] {
        finds(name, text, &[]);
        checked(name, text).expect(0);
    }
    finds(
        "pattern.json",
        r#"{"source": ["aws.iam"], "detail": {"eventName": ["OrderPlaced"]}}"#,
        &[("name-unknown", 1, "\"OrderPlaced\"")],
    );
}

#[test]
fn a_plan_of_terraform_as_json_is_read_with_its_states() {
    let plan = r#"{"planned_values": {"root_module": {"resources": [
      {"address": "aws_cloudwatch_event_rule.x", "type": "aws_cloudwatch_event_rule", "values": {
        "event_pattern": "{\"detail\":{\"eventName\":[\"ListUsers\",\"CreateUsr\"]},\"source\":[\"aws.iam\"]}",
        "state": "ENABLED" } } ] } } }"#;
    finds(
        "plan.json",
        plan,
        &[("name-read-only", 3, "\"ListUsers\\\""), ("name-unknown", 3, "\"CreateUsr\\\"")],
    );
}

#[test]
fn lists_of_names_are_told_line_by_line() {
    let list = "iam:CreateUser\nec2:CreateUser\nStopLoging\niam:Destroy*\nlambda:AddPermission\nnowhere:CreateUser\ncreateuser\n";
    finds(
        "names.txt",
        list,
        &[
            ("name-of-another-service", 2, "ec2:CreateUser"),
            ("name-unknown", 3, "StopLoging"),
            ("names-match-nothing", 4, "iam:Destroy*"),
            ("name-never-logged", 5, "lambda:AddPermission"),
            ("source-unknown", 6, "nowhere:CreateUser"),
            ("name-unknown", 7, "createuser"),
        ],
    );
    finds(
        "names.csv",
        "eventSource,eventName,count\niam.amazonaws.com,CreateUsr,3\niam.amazonaws.com,CreateUser,4\n",
        &[("name-unknown", 2, "CreateUsr")],
    );
}

#[test]
fn what_eventbridge_refuses_loses_or_misreads_is_told_of_any_pattern() {
    finds(
        "lost.json",
        r#"{"source": ["aws.iam"], "detail": {"$or": [{"eventName": ["CreateUser"]}, {"eventName": ["CreateUser", "DeleteUser"]}]}}"#,
        &[(
            "pattern-loses-alternative",
            1,
            r#"[{"eventName": ["CreateUser"]}, {"eventName": ["CreateUser", "DeleteUser"]}]"#,
        )],
    );
    finds(
        "refused.json",
        "{\n  \"source\": [\"aws.iam\"],\n  \"detail\": {\"eventName\": [{\"start\": \"x\"}]}\n}",
        &[("pattern-refused", 3, "[{\"start\": \"x\"}]")],
    );
    finds(
        "broken.tf",
        "resource \"aws_cloudwatch_event_rule\" \"x\" {\n  event_pattern = \"{\\\"source\\\": [\\\"aws.iam\\\"\"\n}\n",
        &[("pattern-refused", 2, "\"")],
    );
}

#[test]
fn conditions_that_no_record_satisfies_are_told() {
    let of = |condition: &str| {
        format!(
            "resource \"aws_cloudwatch_event_rule\" \"x\" {{\n  event_pattern = jsonencode({{\n    source = [\"aws.iam\"]\n    detail-type = [\"AWS API Call via CloudTrail\"]\n    detail = {{\n      eventName = [\"CreateUser\"]\n      {condition}\n    }}\n  }})\n}}\n"
        )
    };
    for (condition, code, marked) in [
        ("userIdentity = { type = [\"root\"] }", "condition-never-holds", "\"root\""),
        ("userIdentity = { typ = [\"Root\"] }", "condition-on-unknown-path", "[\"Root\"]"),
        ("readOnly = [\"false\"]", "condition-never-holds", "\"false\""),
        ("requestParameters = { UserName = [\"x\"] }", "condition-on-unknown-path", "[\"x\"]"),
    ] {
        finds("rule.tf", &of(condition), &[(code, 7, marked)]);
    }
    for condition in [
        "userIdentity = { type = [\"Root\"] }",
        "readOnly = [false]",
        "requestParameters = { userName = [{ prefix = \"admin\" }, var.name] }",
        "errorCode = [{ exists = false }]",
    ] {
        finds("rule.tf", &of(condition), &[]);
    }
}

#[test]
fn rules_of_other_tools_are_read_as_far_as_they_name_events() {
    finds(
        "sigma.yml",
        "title: x\ndetection:\n  selection:\n    eventSource: iam.amazonaws.com\n    eventName:\n      - createuser\n      - CreateLoginProfle\n  more:\n    eventName|startswith: Destroy\n",
        &[("name-unknown", 7, "CreateLoginProfle"), ("names-match-nothing", 9, "Destroy")],
    );
    finds(
        "rule.py",
        "def rule(event):\n    return event.get(\"eventName\") in (\"StopLoging\", \"DeleteTrail\")\n",
        &[("name-unknown", 2, "StopLoging")],
    );
    finds(
        "rule.ts",
        "new Rule(this, 'R', { eventPattern: { detail: { eventName: ['StopLogging', 'DeleteTrali'] } } });\n",
        &[("name-unknown", 1, "DeleteTrali")],
    );
}
