//! `match`: which events a pattern matches, and which alerts fire for them, with no account in
//! sight.

use crate::world::{Ran, World};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;

const CREATE_USER: &str =
    r#"{"detail":{"eventSource":["iam.amazonaws.com"],"eventName":["CreateUser"]}}"#;

const BLUEPRINT: &str = r#"
version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  secops: { topic: secops, format: json, subscribers: [{ sqs: "arn:aws:sqs:us-east-1:111122223333:q" }] }
routes: { high: [secops], low: [secops] }
alerts:
  - { id: user-created, title: A user was made, risk: high, events: [iam:CreateUser], why: w, next: n }
  - id: route-created
    title: A route was made
    risk: low
    events: [ec2:CreateRoute]
    where: { requestParameters.destinationCidrBlock: ["0.0.0.0/0"] }
    except:
      - { where: { userIdentity.type: [AssumedRole] }, reason: the pipeline, until: 2026-12-31 }
    why: w
    next: n
"#;

/// A record as the first ones were: no `eventType`, no `eventID`, no `readOnly`.
fn alice() -> Value {
    json!({
        "eventVersion": "1.0",
        "userIdentity": { "type": "IAMUser", "accountId": "111122223333", "userName": "Alice",
            "arn": "arn:aws:iam::111122223333:user/Alice" },
        "eventTime": "2014-05-06T07:08:09Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
        "awsRegion": "us-east-2", "sourceIPAddress": "192.0.2.10", "userAgent": "aws-cli/1.3.0",
        "requestParameters": { "userName": "Bob" }, "responseElements": { "user": { "userName": "Bob" } },
    })
}

/// A record of today.
fn record(id: &str, source: &str, name: &str, changes: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "userIdentity": { "type": "IAMUser", "accountId": "111122223333" },
        "eventTime": "2026-11-20T10:00:00Z", "eventSource": source, "eventName": name,
        "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.10", "eventID": id, "readOnly": false,
        "eventType": "AwsApiCall", "managementEvent": true, "eventCategory": "Management",
        "recipientAccountId": "111122223333",
    });
    for (key, value) in changes.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn route(id: &str, identity: &str) -> Value {
    let changes = json!({
        "requestParameters": { "destinationCidrBlock": "0.0.0.0/0" },
        "userIdentity": { "type": identity },
    });
    record(id, "ec2.amazonaws.com", "CreateRoute", changes)
}

fn event(id: &str, name: &str) -> Value {
    json!({
        "version": "0", "id": id, "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam",
        "account": "111122223333", "time": "2026-11-20T10:00:00Z", "region": "us-east-1", "resources": [],
        "detail": record("e", "iam.amazonaws.com", name, json!({})),
    })
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Runs `match` in a folder with a pattern, a blueprint and these files.
fn matched(args: &[&str], files: &[(&str, &[u8])], input: Option<&str>) -> Ran {
    let world = World::empty();
    world.write("p.json", CREATE_USER);
    world.write("b.yaml", BLUEPRINT);
    for (name, bytes) in files {
        std::fs::write(world.path(name), bytes).unwrap();
    }
    let of_world = |arg: &&str| {
        let is_file = ["p.json", "b.yaml"].contains(arg)
            || files.iter().any(|(name, _)| name == arg)
            || arg.starts_with("missing");
        if is_file { world.path(arg).into_os_string() } else { arg.into() }
    };
    let mut line = vec!["ctguard".into(), "match".into()];
    line.extend(args.iter().map(of_world));
    let ran = world.command(line, input);
    let plain = |text: String| text.replace("FOLDER/", "");
    Ran { out: plain(ran.out), err: plain(ran.err), code: ran.code }
}

fn pattern(args: &[&str], files: &[(&str, &[u8])], input: Option<&str>) -> Ran {
    matched(&[&["--pattern", "p.json"], args].concat(), files, input)
}

fn blueprint(args: &[&str], events: &str) -> Ran {
    let args = [&["--blueprint", "b.yaml"], args, &["e.json"]].concat();
    matched(&args, &[("e.json", events.as_bytes())], None)
}

#[test]
fn events_of_every_shape_are_matched_and_printed_as_they_came() {
    let (yes, no) = (event("1", "CreateUser").to_string(), event("2", "DeleteUser").to_string());
    let mine = record("3", "iam.amazonaws.com", "CreateUser", json!({})).to_string();
    let pretty = serde_json::to_string_pretty(&event("1", "CreateUser")).unwrap();
    let log = format!("{{\"Records\":[{mine},{}]}}", alice());
    for (what, input, expected) in [
        ("an event", yes.clone(), vec![yes.clone()]),
        ("an event over several lines", pretty, vec![yes.clone()]),
        ("events in lines", format!("{yes}\n{no}\n{yes}\n"), vec![yes.clone(), yes.clone()]),
        ("a list", format!("[{no}, {yes}]"), vec![yes.clone()]),
        ("a record", mine.clone(), vec![mine.clone()]),
        ("a log file", log.clone(), vec![mine.clone(), alice().to_string()]),
        (
            "log files in lines",
            format!("{log}\n{log}"),
            vec![mine.clone(), alice().to_string(), mine, alice().to_string()],
        ),
    ] {
        let expected: String = expected.iter().map(|line| format!("{line}\n")).collect();
        let ran = pattern(&["e.json"], &[("e.json", input.as_bytes())], None).expect(0);
        assert_eq!(ran.out, expected, "{what}");
        let ran = pattern(&["e.gz"], &[("e.gz", &gzip(&input))], None).expect(0);
        assert_eq!(ran.out, expected, "{what}, compressed");
        let ran = pattern(&["-"], &[], Some(&input)).expect(0);
        assert_eq!(ran.out, expected, "{what}, on standard input");
    }
}

#[test]
fn a_record_is_given_its_envelope_and_that_is_said() {
    let envelope = r#"{"source":["aws.iam"],"detail-type":["AWS API Call via CloudTrail"],
        "account":["111122223333"],"region":["us-east-2"],"time":[{"prefix":"2014-05"}]}"#;
    let text = alice().to_string();
    let files: [(&str, &[u8]); 2] = [("p2.json", envelope.as_bytes()), ("e.json", text.as_bytes())];
    let ran = matched(&["--pattern", "p2.json", "--count", "e.json"], &files, None).expect(0);
    assert_eq!(ran.out, "1\n");
    for said in ["1 CloudTrail record got the envelope", "no eventType", "land in us-east-1 today"]
    {
        assert!(ran.err.contains(said), "{said}:\n{}", ran.err);
    }
    let quiet =
        matched(&["--pattern", "p2.json", "--count", "-q", "e.json"], &files, None).expect(0);
    assert_eq!(quiet.err, "");
}

#[test]
fn ids_and_counts_stand_alone() {
    let input = format!("{}\n{}\n{}", event("e-1", "CreateUser"), event("e-2", "Other"), alice());
    let ran = pattern(&["--ids", "-"], &[], Some(&input)).expect(0);
    assert_eq!(ran.out, "e-1\n-#3\n", "a record without an id is told by its place");
    assert_eq!(pattern(&["--count", "-"], &[], Some(&input)).expect(0).out, "2\n");
}

#[test]
fn an_id_is_one_line_whatever_stands_in_it() {
    let event = event("a\n::error::b\u{1b}[2J\u{202e}", "CreateUser").to_string();
    let ran = pattern(&["--ids", "-"], &[], Some(&event)).expect(0);
    assert_eq!(ran.out, "a ::error::b\u{fffd}[2J\u{fffd}\n");
    let event = event.replace("\"a\\n", "\"");
    let ran = pattern(&["--ids", "-"], &[], Some(&event)).expect(0);
    assert!(ran.out.starts_with(": :error::") && ran.out.lines().count() == 1, "{}", ran.out);
}

#[test]
fn what_is_empty_is_said_to_be_so() {
    for (args, files, input) in [
        (["--count", "e.json"], vec![("e.json", "\n".as_bytes().to_vec())], None),
        (["--count", "e.gz"], vec![("e.gz", gzip("\n"))], None),
        (["--count", "-"], vec![], Some("\n")),
        (["--count", "-"], vec![], Some("")),
    ] {
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let ran = pattern(&args, &files, input).expect(4);
        assert!(ran.err.contains("it is empty"), "{args:?}: {}", ran.err);
    }
}

#[test]
fn explain_names_the_field_what_was_wanted_and_what_was_found() {
    let ran =
        pattern(&["--explain", "-"], &[], Some(&event("e-1", "DeleteUser").to_string())).expect(0);
    assert!(
        ran.out.contains(r#"detail.eventName: wanted ["CreateUser"], found "DeleteUser""#),
        "{}",
        ran.out
    );
    let ran =
        pattern(&["--explain", "--format", "json", "-"], &[], Some("{\"detail\":{}}")).expect(0);
    assert_eq!(
        ran.json()["results"][0]["mismatches"],
        json!([
            { "reason": "field", "path": "detail.eventSource", "wanted": ["iam.amazonaws.com"], "found": [], "alternatives": 1 },
            { "reason": "field", "path": "detail.eventName", "wanted": ["CreateUser"], "found": [], "alternatives": 1 },
        ])
    );
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_decided() {
    let good = event("e-1", "CreateUser").to_string();
    let files: [(&str, &[u8]); 2] =
        [("bad.json", b"{\"Records\":[{\"a\":"), ("good.json", good.as_bytes())];
    let ran = pattern(&["--ids", "missing.json", "bad.json", "good.json"], &files, None).expect(4);
    assert_eq!(ran.out, "e-1\n");
    assert!(ran.err.contains("missing.json: No such file"), "{}", ran.err);
    assert!(ran.err.contains("bad.json: event 1 (line 1): the file ends inside it"), "{}", ran.err);

    let lines = format!("{good}\n{{\"a\":\nnonsense\n7\n{good}\n");
    let ran = pattern(&["--count", "-"], &[], Some(&lines)).expect(4);
    assert_eq!(ran.out, "2\n");
    for line in [
        "(line 2): it is not JSON",
        "(line 3): it is not JSON",
        "(line 4): it is not a JSON object",
    ] {
        assert!(ran.err.contains(line), "{line}:\n{}", ran.err);
    }
    let cut = &gzip(&good.repeat(50))[..60];
    let ran = pattern(&["--count", "cut.gz"], &[("cut.gz", cut)], None).expect(4);
    assert!(ran.err.contains("its gzip data is broken or cut off"), "{}", ran.err);
    let empty = pattern(&["--count", "empty.json"], &[("empty.json", b"")], None).expect(4);
    assert!(empty.err.contains("empty.json: it is empty"), "{}", empty.err);
}

#[test]
fn an_invalid_pattern_is_a_usage_error_with_its_place() {
    for (text, says) in [
        (r#"{"detail":{"eventName":"CreateUser"}}"#, "detail.eventName"),
        (r#"{"detail":{"eventName":[]}}"#, "detail.eventName"),
        ("{", "invalid"),
    ] {
        let files: [(&str, &[u8]); 1] = [("p2.json", text.as_bytes())];
        let ran = matched(&["--pattern", "p2.json", "-"], &files, Some("{}")).expect(64);
        assert!(ran.err.contains(says), "{text}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn a_pattern_or_a_blueprint_is_needed_and_standard_input_is_read_once() {
    matched(&["-"], &[], Some("{}")).expect(64);
    matched(&["--pattern", "p.json", "--blueprint", "b.yaml", "-"], &[], Some("{}")).expect(64);
    let ran = matched(&["--pattern", "-", "-"], &[], Some("{}")).expect(64);
    assert!(ran.err.contains("once"), "{}", ran.err);
    let ran = matched(
        &["--pattern", "-", "e.json"],
        &[("e.json", b"{\"detail\":{\"a\":1}}")],
        Some("{\"detail\":{\"a\":[1]}}"),
    );
    assert_eq!(ran.expect(0).out, "{\"detail\":{\"a\":1}}\n");
}

#[test]
fn a_pattern_decides_alone_unless_a_state_is_named() {
    let read = record("r", "ec2.amazonaws.com", "DescribeInstances", json!({"readOnly": true}))
        .to_string();
    let files: [(&str, &[u8]); 2] =
        [("p2.json", br#"{"source":["aws.ec2"]}"#), ("e.json", read.as_bytes())];
    let run = |state: &[&str]| {
        matched(&[&["--pattern", "p2.json", "--count", "e.json"], state].concat(), &files, None)
            .expect(0)
    };
    let alone = run(&[]);
    assert_eq!(alone.out, "1\n");
    assert!(alone.err.contains("ENABLED is not given read-only"), "{}", alone.err);
    let plain = run(&["--state", "enabled"]);
    assert_eq!(plain.out, "0\n");
    assert!(plain.err.contains("1 event not delivered"), "never in silence: {}", plain.err);
    assert_eq!(run(&["--state", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"]).out, "1\n");
}

#[test]
fn what_eventbridge_is_not_given_matches_nothing_and_says_why() {
    let huge = record(
        "h",
        "iam.amazonaws.com",
        "CreateUser",
        json!({"requestParameters": {"x": "y".repeat(300_000)}}),
    );
    let strange = record("s", "iam.amazonaws.com", "CreateUser", json!({"eventType": "AwsNews"}));
    let input = format!("{huge}\n{strange}");
    let ran = pattern(&["--count", "-"], &[], Some(&input)).expect(0);
    assert_eq!(ran.out, "0\n");
    assert!(ran.err.contains("CloudTrail sends no event above 262144"), "{}", ran.err);
    assert!(ran.err.contains("no record of the type `AwsNews`"), "{}", ran.err);
    // Spaces do not count.
    let spaced = format!(
        "{}{}",
        " ".repeat(300_000),
        record("t", "iam.amazonaws.com", "CreateUser", json!({}))
    );
    let spaced = spaced.replacen('{', &format!("{{{}", " ".repeat(300_000)), 1);
    assert_eq!(pattern(&["--ids", "-"], &[], Some(&spaced)).expect(0).out, "t\n");
}

#[test]
fn a_blueprint_says_which_alerts_fire() {
    let input =
        format!("{}\n{}\n{}", alice(), route("r-1", "IAMUser"), route("r-2", "AssumedRole"));
    let ran = blueprint(&[], &input).expect(0);
    insta::assert_snapshot!(ran.seen());
    assert_eq!(blueprint(&["--ids"], &input).out, "e.json#1\nr-1\n");
    // The exception has ended.
    assert_eq!(blueprint(&["--count", "--as-of", "2027-01-01"], &input).out, "3\n");
    let json = blueprint(&["--format", "json"], &input).expect(0).json();
    assert_eq!(json["format_version"], 1);
    assert_eq!(json["totals"]["matched"], 2);
    let fired: Vec<&Value> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["alerts"][0]["id"])
        .collect();
    assert_eq!(fired, ["user-created", "route-created"]);
    assert_eq!(json["results"][0]["event"], alice());
}

#[test]
fn who_did_it_and_how_it_ended_is_said_of_each_record() {
    let console = json!({ "userIdentity": { "type": "IAMUser", "accountId": "111122223333",
        "arn": "arn:aws:iam::111122223333:user/eve", "invokedBy": "signin.amazonaws.com" } });
    let portal = json!({ "eventType": "AwsServiceEvent",
        "userIdentity": { "type": "IdentityCenterUser", "onBehalfOf": { "userId": "u-1" } },
        "serviceEventDetails": { "CredentialVerification": "Failure" } });
    let iam = "iam.amazonaws.com";
    let records = [
        record("e-1", iam, "CreateUser", console),
        record("e-2", "signin.amazonaws.com", "CredentialVerification", portal),
        record("e-3", iam, "CreateUser", json!({ "errorCode": "200" })),
        record("e-4", iam, "CreateUser", json!({ "errorCode": "AccessDenied" })),
        json!({ "source": "acme.shop", "detail-type": "Order", "detail": {} }),
    ];
    let input: String = records.iter().map(|record| format!("{record}\n")).collect();
    let json = blueprint(&["--explain", "--format", "json"], &input).expect(0).json();
    let deeds: Vec<Value> =
        json["results"].as_array().unwrap().iter().map(|result| result["deed"].clone()).collect();
    assert_eq!(
        deeds,
        [
            json!({ "by": "arn:aws:iam::111122223333:user/eve", "kind": "person", "ended": "succeeded" }),
            json!({ "by": "u-1", "kind": "person", "ended": "failed" }),
            json!({ "by": null, "kind": "application", "ended": "succeeded" }),
            json!({ "by": null, "kind": "application", "ended": "failed" }),
            json!(null),
        ]
    );
}

#[test]
fn an_alert_that_would_not_be_delivered_is_named_with_the_reason() {
    let changes =
        json!({ "readOnly": true, "requestParameters": { "destinationCidrBlock": "0.0.0.0/0" } });
    let odd = record("o", "ec2.amazonaws.com", "CreateRoute", changes).to_string();
    let ran = blueprint(&[], &odd).expect(0);
    assert!(
        ran.out.contains("matches, not delivered: route-created (low): it is a read-only"),
        "{}",
        ran.out
    );
    assert_eq!(blueprint(&["--count"], &odd).out, "0\n");
    let json = blueprint(&["--format", "json"], &odd).json();
    assert_eq!(json["results"][0]["alerts"][0]["withheld"]["code"], "read-only");
    assert_eq!(json["totals"]["withheld"], 1);
}

#[test]
fn explain_with_a_blueprint_tells_of_the_alerts_of_the_event() {
    let ran = blueprint(&["--explain"], &route("r", "AssumedRole").to_string()).expect(0);
    assert!(ran.out.contains("ignores route-created"), "{}", ran.out);
    assert!(
        ran.out.contains(r#"detail.userIdentity.type: wanted [{"anything-but":"AssumedRole"}"#),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("1 alert for other events"), "{}", ran.out);
}

#[test]
fn an_event_of_another_kind_is_told_as_such() {
    let other = json!({ "eventType": "AwsServiceEvent" });
    let event = record("k", "ec2.amazonaws.com", "CreateRoute", other);
    let ran = blueprint(&["--explain"], &event.to_string()).expect(0);
    assert!(ran.out.contains("ignores route-created (low): other detail-type"), "{}", ran.out);
    assert!(ran.out.contains("AWS Service Event via CloudTrail"), "{}", ran.out);
}

#[test]
fn an_invalid_blueprint_is_a_usage_error() {
    let files: [(&str, &[u8]); 1] = [("missing.yaml", b"version: 1\n")];
    matched(&["--blueprint", "missing.yaml", "-"], &files, Some("{}")).expect(64);
}

/// Anybody's pattern: what EventBridge would do with it, and what to write instead.
#[test]
fn a_pattern_is_checked_without_events() {
    let check = |text: &str, args: &[&str]| {
        let args = [&["--check", "any.json"], args].concat();
        matched(&args, &[("any.json", text.as_bytes())], None)
    };
    let good =
        check(r#"{"source":["mine"],"$or":[{"detail-type":["x"]},{"region":["eu-west-1"]}]}"#, &[]);
    assert_eq!((good.code, good.err.as_str()), (0, ""));
    assert!(good.out.contains("matches what it says"), "{}", good.out);

    let losing = r#"{"$or":[{"a":["x"],"b":[1]},{"a":["x","z"],"b":[1,2]}]}"#;
    let lost = check(losing, &[]);
    assert_eq!(lost.code, 3, "{}", lost.out);
    for part in ["pattern-loses-alternative", r#"{"a":["x","z"],"b":[1,2]}"#, "Instead: "] {
        assert!(lost.out.contains(part), "{part}: {}", lost.out);
    }
    // What it proposes is taken as it is written.
    let json: Value = serde_json::from_str(&check(losing, &["--format", "json"]).out).unwrap();
    let instead = json["findings"][0]["instead"].as_str().unwrap().to_owned();
    assert_eq!(check(&instead, &[]).code, 0);

    let refused = check(r#"{"a":"x","b":[{"no-such":1}]}"#, &[]);
    assert_eq!(refused.code, 64);
    assert_eq!(refused.out.matches("refused[pattern-refused]").count(), 2, "{}", refused.out);

    let misread = check(r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, &[]);
    assert_eq!(misread.code, 0);
    assert!(misread.out.contains("cidr-takes-other-family"), "{}", misread.out);
    assert_eq!(check(losing, &["--pattern", "p.json"]).code, 64);
}

/// `match --check` and `events check` never say opposite things of one pattern.
#[test]
fn a_pattern_that_no_event_can_match_is_told_by_both_checks() {
    let api = "AWS API Call via CloudTrail";
    let of = |name: &str, detail: Value| {
        let mut detail = detail;
        detail["eventName"] = json!([name]);
        json!({ "source": ["aws.ec2"], "detail-type": [api], "detail": detail })
    };
    let port = |value: Value| json!({ "requestParameters": { "ipPermissions": { "items": { "fromPort": [value] } } } });
    let named = |name: &str| json!({ "eventName": [name] });
    let any = |detail: Value| json!({ "detail-type": [api], "detail": detail });
    let with = |field: &str, values: Value| {
        let mut pattern =
            json!({ "source": ["aws.iam"], "detail-type": [api], "detail": named("CreateUser") });
        pattern[field] = values;
        pattern
    };
    let (unknown, never) = (Some("condition-on-unknown-path"), Some("condition-never-holds"));
    let ingress = "AuthorizeSecurityGroupIngress";
    let path = "detail.requestParameters.ipPermissions.items.fromPort";
    for (pattern, code, path) in [
        (of(ingress, port(json!(22))), None, ""),
        (of(ingress, port(json!("22"))), Some("condition-never-holds"), path),
        (of("CreateRoutes", json!({})), Some("name-unknown"), "detail.eventName"),
        (
            json!({ "$or": [of(ingress, port(json!("22"))), { "id": ["x"] }] }),
            Some("condition-never-holds"),
            path,
        ),
        (json!({ "detail-type": ["a"], "source": ["mine"] }), None, ""),
        // Records of a pipe have other fields.
        (json!({ "body": { "n": [1] }, "eventSource": ["aws:sqs"] }), None, ""),
        (json!({ "source": ["aws.health"] }), None, ""),
        (json!({ "soruce": ["aws.iam"], "detail": named("CreateUser") }), unknown, "soruce"),
        (
            json!({ "source": ["aws.iam"], "detailtype": [api], "detail": named("CreateUser") }),
            unknown,
            "detailtype",
        ),
        (
            json!({ "source": ["aws.iam"], "details": named("CreateUser") }),
            unknown,
            "details.eventName",
        ),
        (
            json!({ "source": ["aws.iam"], "Detail": named("CreateUser") }),
            unknown,
            "Detail.eventName",
        ),
        (json!({ "source": ["aws.iam"], "eventName": ["CreateUser"] }), unknown, "eventName"),
        (
            json!({ "eventSource": ["iam.amazonaws.com"], "eventName": ["CreateUser"] }),
            unknown,
            "eventSource",
        ),
        (
            json!({ "source": ["aws.iam"], "detail": { "eventname": ["CreateUser"] } }),
            unknown,
            "detail.eventname",
        ),
        (
            json!({ "source": ["aws.iam"], "account": { "id": ["111122223333"] } }),
            unknown,
            "account.id",
        ),
        (
            json!({ "source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrial"], "detail": named("CreateUser") }),
            Some("detail-type-unknown"),
            "detail-type",
        ),
        (
            json!({ "source": ["iam.amazonaws.com"], "detail": named("CreateUser") }),
            Some("source-unknown"),
            "source",
        ),
        (with("account", json!([111122223333_u64])), never, "account"),
        (with("account", json!(["11112222333"])), never, "account"),
        (with("account", json!([{ "prefix": "prod" }])), never, "account"),
        (with("account", json!(["111122223333"])), None, ""),
        (with("region", json!(["eu-west-1"])), never, "region"),
        (with("region", json!(["Ireland"])), never, "region"),
        (with("region", json!(["us-east-1"])), None, ""),
        (with("region", json!(["eu-west-1", "us-east-1"])), None, ""),
        (with("version", json!([0])), never, "version"),
        // Other events beside CloudTrail's have other fields.
        (
            json!({ "source": ["aws.ec2"], "detail-type": [api, "EC2 Instance State-change Notification"],
                "detail": { "$or": [named("RunInstances"), { "state": ["terminated"] }] } }),
            None,
            "",
        ),
        (
            json!({ "source": ["aws.ec2"], "detail-type": [api, "EC2 Instance State-change Notification"],
                "resources": [{ "prefix": "arn:aws:ec2" }] }),
            None,
            "",
        ),
        (
            json!({ "source": [{ "prefix": "aws.partner/datadog.com" }], "detail": named("Monitor") }),
            None,
            "",
        ),
        (
            json!({ "source": [{ "anything-but": { "prefix": "aws." } }], "detail": named("Monitor") }),
            None,
            "",
        ),
        (with("resources", json!([{ "prefix": "arn:aws:iam::" }])), never, "resources"),
        (with("resources", json!([{ "exists": false }])), None, ""),
        (any(json!({ "userIdentity": { "type": ["root"] } })), never, "detail.userIdentity.type"),
        (any(json!({ "userIdentity": { "type": ["Root"] } })), None, ""),
        (any(json!({ "userIdentity": { "typ": ["Root"] } })), unknown, "detail.userIdentity.typ"),
        (
            any(json!({ "additionalEventData": { "MFAUsed": ["no"] } })),
            unknown,
            "detail.additionalEventData.MFAUsed",
        ),
        (
            any(
                json!({ "userIdentity": { "sessionContext": { "attributes": { "mfaAuthenticated": [false] } } } }),
            ),
            never,
            "detail.userIdentity.sessionContext.attributes.mfaAuthenticated",
        ),
        (any(json!({ "requestParameters": { "roleName": ["admin"] } })), None, ""),
        (
            json!({ "source": ["aws.iam"], "detail": { "eventName": [{ "anything-but": ["GetUser"] }], "userIdentity": { "type": ["root"] } } }),
            never,
            "detail.userIdentity.type",
        ),
    ] {
        let text = pattern.to_string();
        let files: [(&str, &[u8]); 1] = [("p.json", text.as_bytes())];
        let ran = matched(&["--check", "p.json", "--format", "json"], &files, None);
        let found: Value = serde_json::from_str(&ran.out).unwrap();
        let never = |one: &&Value| one["effect"] == "never";
        let found = found["findings"].as_array().unwrap().iter().find(never);
        assert_eq!(found.and_then(|one| one["code"].as_str()), code, "{text}\n{}", ran.out);
        assert_eq!(ran.code, if code.is_some() { 3 } else { 0 }, "{text}");
        if let Some(found) = found {
            assert_eq!(found["path"], path, "{text}");
            let shown = matched(&["--check", "p.json"], &files, None).out;
            assert!(shown.contains("never matches[") && shown.contains("Instead: "), "{shown}");
        }
        let world = World::empty();
        world.write("p.json", &text);
        let both = world.run(&["events", "check", &world.path("p.json").display().to_string()]);
        // What does not look like a pattern of a bus is none, or a list of names.
        let code_of_both = match (pattern.get("body"), pattern.get("eventSource")) {
            (Some(_), _) => 64,
            (None, Some(_)) => 0,
            (None, None) => ran.code,
        };
        assert_eq!(both.code, code_of_both, "{text}\n{}", both.err);
    }
}

/// Matching decides by what EventBridge keeps, and says what it loses.
#[test]
fn an_alternative_that_eventbridge_loses_matches_nothing_and_is_named() {
    let losing = br#"{"$or":[{"a":["x"],"b":[1]},{"a":["x","z"],"b":[1,2]}]}"#;
    let files =
        [("any.json", &losing[..]), ("e.json", &br#"{"detail-type":"t","a":"z","b":2}"#[..])];
    let ran = matched(&["--pattern", "any.json", "--explain", "e.json"], &files, None);
    assert!(ran.err.contains("pattern-loses-alternative"), "{}", ran.err);
    let count = matched(&["--pattern", "any.json", "--count", "e.json"], &files, None);
    assert_eq!((count.code, count.out.as_str()), (0, "0\n"));
}

#[test]
fn several_patterns_are_checked_each_with_its_findings() {
    let good = r#"{"source":["aws.ec2"],"detail":{"eventName":["CreateRoute"]}}"#;
    let never = r#"{"source":["aws.ec2"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"detail-type":["x"],"eventName":["CreateRoute"]}}"#;
    let files = [("good.json", good.as_bytes()), ("never.json", never.as_bytes())];
    let ran = matched(&["--check", "good.json", "never.json"], &files, None);
    assert!(
        ran.code == 3 && ran.out.contains("good.json: ") && ran.out.contains("never.json: "),
        "{}",
        ran.out
    );
    // What a blueprint may leave out belongs beside `detail` in a pattern.
    assert!(ran.out.contains("stands beside `detail`"), "{}", ran.out);
    assert!(!ran.out.contains("follows from `events`"), "{}", ran.out);
    let ran = matched(&["--check", "good.json", "never.json", "--format", "json"], &files, None);
    assert_eq!(ran.json()["findings"][0]["file"], "never.json");
}
