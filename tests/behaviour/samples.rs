//! `test`: every alert tried on listed and generated samples, and its messages rendered.

use crate::world::{Ran, World};
use serde_json::{Value, json};

const BLUEPRINT: &str = r#"
version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  secops: { topic: secops, format: json, subscribers: [{ sqs: "arn:aws:sqs:us-east-1:111122223333:q" }] }
routes: { high: [secops] }
alerts:
  - id: route-created
    title: A route was made
    risk: high
    events: [ec2:CreateRoute, ec2:ReplaceRoute]
    where: { requestParameters.destinationCidrBlock: ["0.0.0.0/0"] }
    outcome: success
    except:
      - { where: { userIdentity.type: [AssumedRole] }, reason: the pipeline }
    tests:
      - { event: events/open.json, expect: match }
      - { event: events/closed.json, expect: ignore }
    why: w
    next: n
"#;

fn route(block: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": "2026-11-20T10:00:00Z", "eventSource": "ec2.amazonaws.com",
        "eventName": "CreateRoute", "awsRegion": "eu-west-1", "eventID": "e-1", "readOnly": false,
        "eventType": "AwsApiCall", "managementEvent": true, "eventCategory": "Management",
        "recipientAccountId": "111122223333", "sourceIPAddress": "192.0.2.10",
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve" },
        "requestParameters": { "destinationCidrBlock": block },
    })
}

fn world(blueprint: &str) -> World {
    let world = World::empty();
    world.write("ctguard.yaml", blueprint);
    std::fs::create_dir(world.path("events")).unwrap();
    world.write("events/open.json", &route("0.0.0.0/0").to_string());
    world.write("events/closed.json", &route("10.0.0.0/8").to_string());
    world
}

fn test(world: &World, args: &[&str]) -> Ran {
    let mut line: Vec<std::ffi::OsString> = vec!["ctguard".into(), "test".into()];
    line.push(world.path("ctguard.yaml").into());
    line.extend(args.iter().map(Into::into));
    world.command(line, None)
}

/// The samples of an alert that were not as expected.
fn failed(trial: &Value) -> Vec<String> {
    let samples = trial["alerts"][0]["samples"].as_array().unwrap();
    let failed = samples.iter().filter(|sample| sample["passed"] == false);
    failed.map(|sample| sample["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn listed_and_generated_samples_are_tried_and_messages_rendered() {
    let world = world(BLUEPRINT);
    let ran = test(&world, &["--minimum", "1"]).expect(0);
    insta::assert_snapshot!(ran.seen());
    let trial = test(&world, &["--format", "json"]).expect(0).json();
    assert_eq!((&trial["format_version"], &trial["passed"]), (&json!(1), &json!(true)));
    let names: Vec<&str> = trial["alerts"][0]["samples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| sample["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "events/open.json",
            "events/closed.json",
            "ec2:CreateRoute, match",
            "ec2:CreateRoute, other source apigateway.amazonaws.com",
            "ec2:CreateRoute, other name CreateRouteServer",
            "ec2:CreateRoute, other detail-type AWS Console Action via CloudTrail",
            "ec2:CreateRoute, failing where on requestParameters.destinationCidrBlock",
            "ec2:CreateRoute, a failed one",
            "ec2:CreateRoute, exception 1",
            "ec2:ReplaceRoute, match",
            "ec2:ReplaceRoute, other source sample.amazonaws.com",
            "ec2:ReplaceRoute, other name ReplaceRouteTableAssociation",
            "ec2:ReplaceRoute, other detail-type AWS Console Action via CloudTrail",
            "ec2:ReplaceRoute, failing where on requestParameters.destinationCidrBlock",
            "ec2:ReplaceRoute, a failed one",
            "ec2:ReplaceRoute, exception 1",
        ]
    );
}

#[test]
fn show_prints_what_subscribers_would_read() {
    let ran = test(&world(BLUEPRINT), &["--show"]).expect(0);
    for line in [
        "--- text of events/open.json",
        "\"[HIGH] A route was made\"",
        "\"Who: IAMUser  (by name and ARN: see the full record)\"",
        "--- chat of events/open.json",
        r#""textType":"client-markdown""#,
        "--- json of events/open.json",
        r#""rule":"arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-route-created""#,
        "--- raw of events/open.json",
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
}

#[test]
fn a_sample_that_is_not_as_expected_fails_with_the_field_that_decides() {
    let swapped = BLUEPRINT
        .replace("open.json, expect: match", "open.json, expect: ignore")
        .replace("closed.json, expect: ignore", "closed.json, expect: match");
    let world = world(&swapped);
    let ran = test(&world, &[]).expect(3);
    for line in [
        "events/open.json: it is to be ignored, and the alert fires",
        "events/closed.json: it is to match, and the alert does not fire",
        r#"detail.requestParameters.destinationCidrBlock: wanted ["0.0.0.0/0"], found "10.0.0.0/8""#,
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
    let json = test(&world, &["--format", "json"]).expect(3).json();
    assert_eq!(failed(&json), ["events/open.json", "events/closed.json"]);
}

#[test]
fn a_message_that_eventbridge_could_not_send_is_a_failure() {
    let world = world(BLUEPRINT);
    let mut event = route("0.0.0.0/0");
    // No service writes such an id; names and paths that have quotes break no message.
    event["userIdentity"]["arn"] = "arn:aws:iam::111122223333:user/\"x\"/eve".into();
    world.write("events/open.json", &event.to_string());
    test(&world, &[]).expect(0);
    event["eventID"] = "e-\"1\"".into();
    world.write("events/open.json", &event.to_string());
    let ran = test(&world, &[]).expect(3);
    assert!(ran.out.contains("events/open.json: the json message: INVALID_JSON"), "{}", ran.out);
    assert!(!ran.out.contains("the raw message"), "{}", ran.out);
}

#[test]
fn an_event_that_would_not_be_delivered_does_not_count_as_a_match() {
    let world = world(BLUEPRINT);
    let mut event = route("0.0.0.0/0");
    event["readOnly"] = true.into();
    world.write("events/open.json", &event.to_string());
    let ran = test(&world, &[]).expect(3);
    assert!(
        ran.out.contains("a pattern matches, but it is a read-only management event"),
        "{}",
        ran.out
    );
}

#[test]
fn samples_that_cannot_be_read_fail_and_files_may_hold_several() {
    let world = world(BLUEPRINT);
    std::fs::remove_file(world.path("events/open.json")).unwrap();
    let lines = format!("{}\nnonsense\n", route("10.0.0.0/8"));
    world.write("events/closed.json", &lines);
    let json = test(&world, &["--format", "json"]).expect(3).json();
    assert_eq!(failed(&json), ["events/open.json", "events/closed.json#2"]);
    world.write("events/open.json", "");
    let ran = test(&world, &[]).expect(3);
    assert!(
        ran.out.contains("events/open.json: it cannot be tried: event 1 (line 1): it is empty"),
        "{}",
        ran.out
    );
}

#[test]
fn a_minimum_of_listed_samples_can_be_asked_for() {
    let one = BLUEPRINT.replace("      - { event: events/closed.json, expect: ignore }\n", "");
    let world = world(&one);
    test(&world, &[]).expect(0);
    let ran = test(&world, &["--minimum", "1"]).expect(3);
    assert!(ran.out.contains("1 file listed to match and 0 files to be ignored"), "{}", ran.out);
}

/// Nobody can list samples at an alert that ships.
#[test]
fn a_minimum_is_not_asked_of_built_in_alerts() {
    let included = format!("{BLUEPRINT}\ninclude: [{{ builtin: network }}]\n");
    let ran = test(&world(&included), &["--minimum", "1"]).expect(0);
    assert!(ran.out.contains("world-open-ingress"), "{}", ran.out);
    let own = included.replace("      - { event: events/closed.json, expect: ignore }\n", "");
    test(&world(&own), &["--minimum", "1"]).expect(3);
}

#[test]
fn mistakes_in_tests_are_told_with_their_place() {
    let wrong = BLUEPRINT
        .replace("events/open.json, expect: match", "../open.json, expect: match")
        .replace("closed.json, expect: ignore", "closed.json, expect: nothing");
    let ran = test(&world(&wrong), &[]).expect(64);
    for said in ["test-outside", "value-unknown", "write `match` or `ignore`"] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
}

/// Patterns are made by the compiler and samples by a search, so each shows the other wrong.
#[test]
fn every_built_in_alert_passes_on_what_is_generated_for_it() {
    let world = world("version: 1\nname: acme\ninclude: [{ builtin: account-security }]\n");
    let json = test(&world, &["--format", "json"]).expect(0).json();
    for alert in json["alerts"].as_array().unwrap() {
        assert_eq!(alert["not_generated"], json!([]), "{}", alert["id"]);
        assert!(alert["samples"].as_array().unwrap().len() >= 4, "{}", alert["id"]);
        assert_eq!(alert["texts"].as_array().unwrap().len(), 5, "{}", alert["id"]);
    }
}

#[test]
fn hard_conditions_reads_data_events_and_sign_ins_have_samples_too() {
    let world = world(
        r#"
version: 1
name: acme
regions: [us-east-1]
alerts:
  - id: hard
    title: t
    risk: high
    events: [s3:PutBucketPolicy, s3:PutObject, sts:AssumeRole]
    where:
      $or:
        - requestParameters.bucketName: [{ wildcard: "*prod*" }]
          sourceIPAddress: [{ cidr: 10.0.0.0/8 }]
        - requestParameters.durationSeconds: [{ numeric: [">", 5, "<", 6] }]
          userIdentity.arn: [{ anything-but: { suffix: ":root" } }]
    outcome: failure
    except:
      - where:
          userIdentity.sessionContext.sessionIssuer.arn: [{ prefix: "arn:aws:iam::111122223333:role/ci" }]
          sourceIPAddress: [{ cidr: 10.1.0.0/16 }]
        reason: the pipeline
  - id: root
    title: t
    risk: high
    events: [signin:ConsoleLogin, signin:CredentialVerification]
    where: { userIdentity.type: [Root] }
    outcome: success
"#,
    );
    let json = test(&world, &["--format", "json"]).expect(0).json();
    let alerts = json["alerts"].as_array().unwrap();
    let counts: Vec<usize> =
        alerts.iter().map(|alert| alert["samples"].as_array().unwrap().len()).collect();
    // A credential check is logged in two ways.
    assert_eq!(counts, [3 * 8, 3 * 6]);
    assert!(alerts.iter().all(|alert| alert["not_generated"] == json!([])));
    let of_root = |at: usize| alerts[1]["texts"][at]["text"].as_str().unwrap();
    let who = "\"Who: Root  (";
    assert!(of_root(1).contains(who), "one person: {}", of_root(1));
    let who = "\nWho:     arn:aws:iam::111122223333:root (Root)\n";
    assert!(of_root(0).contains(who), "one person: {}", of_root(0));
    assert_eq!(alerts[1]["texts"][0]["subject"], "[HIGH] t: 111122223333 us-east-1");
}

#[test]
fn an_alert_that_no_record_can_satisfy_fails_and_says_which_condition() {
    let world = world(
        r#"
version: 1
name: acme
regions: [us-east-1]
alerts:
  - id: never
    title: t
    risk: high
    events: [iam:CreateUser, ec2:RunInstances]
    where:
      userIdentity.sessionContext.attributes.mfaAuthenticated: [false]
  - id: some
    title: t
    risk: high
    events: [iam:CreateUser, signin:ConsoleLogin]
    where:
      additionalEventData.MFAUsed: ["No"]
  - id: every
    title: t
    risk: high
    events: [iam:CreateUser]
    where:
      userIdentity.arn: [{ wildcard: "*:assumed-role/Admin/*" }]
      userAgent: [{ anything-but: { prefix: aws } }]
"#,
    );
    let json = test(&world, &["--format", "json"]).expect(3).json();
    let of = |alert: usize| &json["alerts"][alert];
    let never = of(0)["never_fires"].as_array().unwrap();
    let events: Vec<&str> = never.iter().map(|one| one["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["ec2:RunInstances", "iam:CreateUser"]);
    assert!(never[0]["cause"].as_str().unwrap().contains("mfaAuthenticated` is never false"));
    assert_eq!(of(0)["samples"], json!([]));
    assert_eq!(of(1)["never_fires"].as_array().unwrap().len(), 1, "{}", of(1));
    assert_eq!(of(1)["never_fires"][0]["event"], "iam:CreateUser");
    assert_eq!((&of(2)["passed"], &of(2)["never_fires"]), (&json!(true), &json!([])));
    let text = of(2)["texts"][0]["text"].as_str().unwrap();
    assert!(text.contains("assumed-role/Admin/"), "the sample is a session: {text}");
    let said = test(&world, &[]).expect(3).out;
    assert!(said.contains("never-fires: iam:CreateUser never raises the alert"), "{said}");
}

#[test]
fn a_file_in_which_no_event_is_recognised_is_not_ignored() {
    let world = world(BLUEPRINT);
    for (text, got) in [
        // Nothing that carries events.
        (r#"{ "eventname": "CreateRoute" }"#, "unreadable"),
        // A record without what makes it an event.
        (r#"{ "eventVersion": "1.11", "eventType": "AwsApiCall" }"#, "unrecognised"),
        (r#"{ "detail-type": "Scheduled Event", "detail": {} }"#, "ignore"),
    ] {
        world.write("events/closed.json", text);
        let code = if got == "ignore" { 0 } else { 3 };
        let ran = test(&world, &["--format", "json"]).expect(code);
        let samples = ran.json()["alerts"][0]["samples"].clone();
        let closed = samples.as_array().unwrap().iter().find(|s| s["name"] == "events/closed.json");
        assert_eq!(closed.unwrap()["got"], got, "{text}");
    }
}

/// The examples are what people copy.
#[test]
fn the_examples_pass() {
    let today = "--as-of=2026-11-22".into();
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/story/ctguard.yaml");
    let line = vec!["ctguard".into(), "test".into(), story.into(), today];
    let ran = World::empty().command(line, None).expect(0);
    let listed = ran.out.lines().any(|line| {
        line.starts_with("ok") && line.split_whitespace().nth(2).is_some_and(|count| count == "2")
    });
    assert!(listed, "{}", ran.out);
}
