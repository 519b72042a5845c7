//! What must not be lost, widened or misread without a word.

use super::*;

fn heard(import: &Import, record: Value) -> bool {
    let event = cloudtrail::envelope(record);
    patterns(import).iter().any(|one| one.matches(&event))
}

fn run_instances(kind: &str) -> Value {
    json!({ "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "eventType": kind })
}

const API: &str = "AWS API Call via CloudTrail";

fn of_kinds(types: &[&str], name: &str) -> String {
    json!({ "detail-type": types, "detail": { "eventName": [name] } }).to_string()
}

#[test]
fn kinds_that_the_catalogue_does_not_know_of_a_name_are_asked_for() {
    for (kind, word, spelled) in [
        ("AWS Network Activity Event via CloudTrail", "network", "AwsVpceEvents"),
        ("AWS Service Event via CloudTrail", "service", "AwsServiceEvent"),
        ("AWS Console Action via CloudTrail", "console", "AwsConsoleAction"),
    ] {
        let both = import("x.json", &of_kinds(&[API, kind], "RunInstances"));
        assert_eq!(both.refused, [], "{kind}");
        assert!(both.blueprint.contains(&format!("kind: {word}")), "{}", both.blueprint);
        assert!(heard(&both, run_instances("AwsApiCall")), "{kind}");
        assert!(heard(&both, run_instances(spelled)), "{kind}");
        assert!(!both.alerts[0].notes.is_empty());
    }
}

#[test]
fn network_activity_alone_is_not_widened_to_calls() {
    let network = "AWS Network Activity Event via CloudTrail";
    let alone = import("x.json", &of_kinds(&[network], "RunInstances"));
    assert!(heard(&alone, run_instances("AwsVpceEvents")));
    assert!(!heard(&alone, run_instances("AwsApiCall")));
    let notes = alone.alerts[0].notes.join("\n");
    assert!(!notes.contains("never fires") && notes.contains("network activity"), "{notes}");
    // Beside an alternative that takes calls with something else.
    let text = json!({ "detail": { "eventName": ["RunInstances"] }, "$or": [
        { "detail-type": [network] },
        { "detail-type": [API], "detail": { "errorCode": ["X"] } },
    ] });
    let two = import("x.json", &text.to_string());
    assert!(heard(&two, run_instances("AwsVpceEvents")));
    assert!(!heard(&two, run_instances("AwsApiCall")));
    let mut failed = run_instances("AwsApiCall");
    put(&mut failed, "errorCode", json!("X"));
    assert!(heard(&two, failed));
}

#[test]
fn insights_beside_other_kinds_are_left_out_by_a_name() {
    let via = json!({ "detail-type": [{ "suffix": " via CloudTrail" }] });
    let mut named = via.clone();
    named["detail"] = json!({ "eventName": ["RunInstances"] });
    let named = import("x.json", &named.to_string());
    assert!(heard(&named, run_instances("AwsApiCall")), "{:?}", named.refused);
    let mut unnamed = via;
    unnamed["source"] = json!(["aws.iam"]);
    refused(&unnamed.to_string(), "takes Insights, too");
}

#[test]
fn templates_of_other_tools_are_no_texts() {
    let pattern = |name: &str| {
        json!({ "source": ["aws.iam"], "detail-type": [API],
            "detail": { "eventName": ["CreateUser"], "userAgent": [name] } })
    };
    let rule = |name: &str| {
        json!({ "locals": { "e": "own" }, "resource": { "aws_cloudwatch_event_rule": {
            "users": { "event_pattern": pattern(name).to_string() } } } })
        .to_string()
    };
    let open = import("main.tf.json", &rule("${var.x}"));
    assert_eq!((open.alerts.len(), open.refused[0].from.rule.as_str()), (0, "users"));
    assert!(open.refused[0].reason.contains("variable"), "{:?}", open.refused);
    assert_eq!(import("cdk.json", &rule("a${var.x}")).alerts, []);
    assert!(import("main.tf.json", &rule("${local.e}")).blueprint.contains("- own"));
    assert!(import("main.tf.json", &rule("$${x}")).blueprint.contains("- ${x}"));
    for (file, text) in [
        (
            "serverless.yml",
            "service: s\nprovider: {name: aws}\nfunctions: {a: {events: [{eventBridge: {pattern: P}}]}}",
        ),
        ("functions.yml", "a: {events: [{eventBridge: {pattern: P}}]}"),
        ("t.yaml", "Resources: {R: {Type: 'AWS::Events::Rule', Properties: {EventPattern: P}}}"),
        (
            "t.json",
            r#"{"Resources": {"R": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": P}}}}"#,
        ),
        (
            "t.yaml",
            "Resources: {'Fn::ForEach::L': [N, [A, B], {'R${N}': {Type: 'AWS::Events::Rule', Properties: {EventPattern: P}}}]}",
        ),
    ] {
        let values = match text.contains("ForEach") {
            true => ["x${N}", "{{resolve:ssm:/x}}"],
            false if file.starts_with('t') => {
                ["{{resolve:ssm:/x}}", "{{resolve:secretsmanager:x}}"]
            }
            false => ["${self:custom.x}", "${opt:x}-y"],
        };
        for value in values {
            let read = import(
                file,
                &text
                    .replace('P', "PATTERN")
                    .replace("PATTERNroperties", "Properties")
                    .replace("EventPATTERNattern", "EventPattern")
                    .replace("PATTERN", &pattern(value).to_string()),
            );
            assert_eq!(read.alerts, [], "{file} {value}: {}", read.blueprint);
            assert_eq!(read.refused.len(), 1, "{file} {value}: {:?}", read.refused);
            assert!(read.refused[0].reason.contains("variable"), "{:?}", read.refused);
        }
    }
}

#[test]
fn alerts_that_are_wrong_together_are_refused() {
    let rule = |name: &str, account: &str| {
        let pattern = json!({ "source": ["aws.iam"], "detail-type": [API], "account": [account],
            "detail": { "eventName": ["CreateUser"] } });
        json!({ "Name": name, "EventPattern": pattern.to_string() })
    };
    let rules = [rule("a", "111122223333"), rule("b", "444455556666"), rule("c", "111122223333")];
    let accounts = import("rules.json", &json!({ "Rules": rules }).to_string());
    let ids: Vec<&str> = accounts.alerts.iter().map(|one| one.alert.as_str()).collect();
    assert_eq!((ids, accounts.complete), (vec!["a", "c"], false));
    assert!(accounts.refused[0].reason.contains("beside the others"), "{:?}", accounts.refused);
}

#[test]
fn alerts_that_no_bus_has_room_for_are_refused() {
    let file = SourceFile { name: "x.json".to_owned(), text: of_kinds(&[API], "CreateUser") };
    let one = pattern(&[file], Risk::Medium).drafts.remove(0);
    let mut kept: Vec<Draft> =
        (0..302).map(|number| Draft { id: format!("r{number}"), ..one.clone() }).collect();
    let refused = crate::import::guard::apart(&mut kept, &Default::default(), AS_OF);
    assert_eq!((kept.len(), refused.len()), (300, 2));
    assert!(refused[0].reason.contains("300"), "{refused:?}");
}

#[test]
fn what_a_plain_rule_never_hears_is_told() {
    let rule = |state: &str, detail: Value| {
        let pattern = json!({ "source": ["aws.iam"], "detail-type": [API], "detail": detail });
        let inner = json!({ "Rules": [
            { "Name": "r", "EventPattern": pattern.to_string(), "State": state }] });
        import("rules.json", &inner.to_string()).alerts[0].notes.join("\n")
    };
    let reads = json!({ "eventName": ["ListUsers"] });
    let some = json!({ "errorCode": ["AccessDenied"] });
    assert!(rule("ENABLED", reads.clone()).contains("never fires on iam:ListUsers"));
    assert!(rule("ENABLED", some).contains("those of iam:*"));
    let wide = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
    assert_eq!(rule(wide, reads), "");
    assert_eq!(rule("ENABLED", json!({ "eventName": ["CreateUser"] })), "");
}

#[test]
fn a_rule_of_sam_that_is_off_or_on_an_open_bus_is_told() {
    let text = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events:\n        \
        E:\n          Type: CloudWatchEvent\n          Properties:\n            Enabled: false\n            \
        EventBusName: !Ref Bus\n            Pattern:\n              source: [aws.iam]\n              \
        detail-type: [AWS API Call via CloudTrail]\n              detail: {eventName: [CreateUser]}\n";
    let notes = import("t.yaml", text).alerts[0].notes.join("\n");
    assert!(notes.contains("disabled") && notes.contains("which bus"), "{notes}");
}

#[test]
fn rules_are_named_and_counted_one_by_one() {
    let text = "module \"e\" {\n  rules = {\n    one = { event_pattern = jsonencode({ source = \
        [\"aws.iam\"], detail-type = [\"AWS API Call via CloudTrail\"], detail = { eventName = \
        [\"CreateUser\"] } }) }\n  }\n}\n";
    assert_eq!(import("m.tf", text).alerts[0].from.rule, "one");
    let rule = |name: &str| format!("resource \"aws_cloudwatch_event_rule\" \"{name}\" {{\n}}\n");
    let broken = import("m.tf", &format!("{}{}x = = 1\n", rule("a"), rule("b")));
    let named: Vec<(&str, Option<usize>)> =
        broken.refused.iter().map(|one| (one.from.rule.as_str(), one.from.line)).collect();
    assert_eq!(named, [("a", Some(1)), ("b", Some(3))]);
    assert!(broken.refused[0].reason.contains("not HCL"), "{:?}", broken.refused);
    let piped = import("-", &of_kinds(&[API], "CreateUser"));
    assert_eq!(piped.alerts[0].from.rule, "pattern");
}

#[test]
fn words_that_yaml_1_1_takes_for_something_else_want_quotes() {
    let read = |value: &str| {
        let text = format!(
            "Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n        \
             source: [aws.iam]\n        detail-type: [AWS API Call via CloudTrail]\n        \
             detail: {{ eventName: [CreateUser], userAgent: [{value}] }}\n"
        );
        import("t.yaml", &text)
    };
    for value in ["yes", "Off", "010"] {
        let one = read(value);
        assert!(one.refused[0].reason.contains("in quotes"), "{value} {:?}", one.refused);
        assert_eq!(read(&format!("'{value}'")).refused, [], "{value}");
        assert_eq!(read(&format!("\"{value}\"")).refused, [], "{value}");
    }
}
