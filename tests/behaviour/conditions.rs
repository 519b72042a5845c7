//! Conditions that no record satisfies: told before anything is deployed, and never called proven.

use crate::world::World;
use crate::world::blueprints::TRAIL;
use serde_json::{Value, json};

/// An alert that can never fire: its id, events, the rest of it, what `validate` says, and what to
/// write instead.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Whether somebody may yet find a record: most unlikely is not impossible.
const UNLIKELY: &[&str] = &["root-user-name", "denied-in-ec2"];

const ROWS: &[Row] = &[
    (
        "role-arn",
        "iam:CreateUser",
        r#"where: { userIdentity.arn: ["arn:aws:iam::111122223333:role/Admin"] }"#,
        "value-never",
        "userIdentity.sessionContext.sessionIssuer.arn",
    ),
    (
        "root-in-lower-case",
        "iam:CreateUser",
        "where: { userIdentity.type: [root] }",
        "value-never",
        "write \"Root\"",
    ),
    (
        "mfa-as-truth-value",
        "iam:CreateUser",
        "where: { userIdentity.sessionContext.attributes.mfaAuthenticated: [false] }",
        "value-never",
        "write \"false\"",
    ),
    (
        "plain-star",
        "iam:CreateUser",
        r#"where: { errorCode: ["AccessDenied*"] }"#,
        "value-never",
        "{ wildcard: \"AccessDenied*\" }",
    ),
    (
        "read-only-as-text",
        "iam:CreateUser",
        r#"where: { readOnly: ["false"] }"#,
        "value-never",
        "write false without quotes",
    ),
    (
        "bucket-name",
        "s3:PutBucketPolicy",
        "where: { requestParameters.BucketName: [logs] }",
        "path-unknown",
        "`requestParameters.bucketName`",
    ),
    (
        "path-in-other-case",
        "iam:CreateUser",
        "where: { userIdentity.Type: [Root] }",
        "path-unknown",
        "`userIdentity.type`",
    ),
    (
        "wrapped-truth-value",
        "ec2:ModifyInstanceAttribute",
        "where: { requestParameters.disableApiTermination: [true] }",
        "value-never",
        "requestParameters.disableApiTermination.value: [true]",
    ),
    (
        "block-as-text",
        "iam:CreateUser",
        "where: { sourceIPAddress: [10.0.0.0/8] }",
        "value-never",
        "{ cidr: 10.0.0.0/8 }",
    ),
    (
        "around-the-record",
        "iam:CreateUser",
        r#"where: { account: ["111122223333"] }"#,
        "path-unknown",
        "recipientAccountId",
    ),
    (
        "issuer-of-a-user",
        "iam:CreateUser",
        "where: { userIdentity.type: [IAMUser], userIdentity.sessionContext.sessionIssuer.userName: [Admin] }",
        "never-fires",
        "AssumedRole",
    ),
    (
        "error-of-a-sign-in",
        "signin:ConsoleLogin",
        "where: { errorCode: [AccessDenied] }",
        "value-never",
        "Failed authentication",
    ),
    (
        "mfa-in-lower-case",
        "signin:ConsoleLogin",
        "where: { additionalEventData.MFAUsed: [\"no\"] }",
        "value-never",
        "write \"No\"",
    ),
    (
        "root-user-name",
        "iam:CreateUser",
        "where: { userIdentity.type: [Root], userIdentity.userName: [Alice] }",
        "never-fires",
        "alias",
    ),
    (
        "denied-in-ec2",
        "ec2:RunInstances",
        "where: { errorCode: [UnauthorizedOperation] }",
        "value-never",
        "Client.UnauthorizedOperation",
    ),
];

fn world() -> World {
    let alerts = ROWS.iter().map(|(id, events, rest, ..)| {
        format!("  - {{ id: {id}, title: t, risk: high, why: w, next: n, events: [{events}], {rest} }}\n")
    });
    let blueprint = format!(
        "version: 1\nname: acme\nregions: [us-east-1, us-east-2, eu-north-1, ap-southeast-2]\ndestinations:\n  ops: {{ topic: ops, format: json, subscribers: [{{ sqs: \"arn:aws:sqs:us-east-1:111122223333:ops\" }}] }}\nroutes: {{ high: [ops] }}\n{TRAIL}alerts:\n{}",
        alerts.collect::<String>()
    );
    let world = World::empty();
    world.write("ctguard.yaml", &blueprint);
    let mut new = vec!["sandbox", "new", "--bare"];
    for region in ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"] {
        new.extend(["--region", region]);
    }
    world.run(&new).expect(0);
    world
}

/// The line of an alert in the blueprint.
fn line(world: &World, id: &str) -> u64 {
    let text = world.read("ctguard.yaml");
    let at = text.lines().position(|line| line.contains(&format!("id: {id},"))).unwrap();
    at as u64 + 1
}

#[test]
fn validate_says_what_to_write_instead() {
    let world = world();
    let report = world.run(&["validate", "--format", "json"]).expect(0).json();
    let said = report["diagnostics"].as_array().unwrap();
    for (id, _, _, code, part) in ROWS {
        let line = line(&world, id);
        let here: Vec<&Value> = said.iter().filter(|one| one["span"]["line"] == line).collect();
        let [one] = here.as_slice() else { panic!("{id}: {here:#?}") };
        assert_eq!(one["code"], *code, "{id}: {one:#}");
        assert_eq!(one["severity"], "warning", "{id}");
        assert!(one["help"].as_str().unwrap().contains(part), "{id}: {}", one["help"]);
        assert!(one["span"]["column"].as_u64().unwrap() > 50, "{id} points at the alert: {one:#}");
    }
}

#[test]
fn plan_warns_of_them_before_anything_is_deployed() {
    let world = world();
    let ran = world.run(&["plan", "--format", "json"]).expect(0);
    let warnings = ran.json()["warnings"].to_string();
    for (id, ..) in ROWS.iter().filter(|row| !UNLIKELY.contains(&row.0)) {
        assert!(warnings.contains(&format!("(alert {id})")), "{id}: {warnings}");
    }
    for (.., code, _) in ROWS {
        assert!(ran.err.contains(code), "{code}: {}", ran.err);
    }
}

#[test]
fn verify_calls_none_of_them_proven() {
    let world = world();
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let report = world.run(&["verify", "--format", "json"]).expect(3).json();
    for (id, ..) in ROWS {
        let alerts = report["alerts"].as_array().unwrap();
        let counts = &alerts.iter().find(|alert| alert["alert"] == *id).unwrap()["counts"];
        assert_eq!(counts["proven"], 0, "{id}: {counts}");
        let links = report["links"].as_array().unwrap().iter();
        let about = |link: &&Value| link["alerts"].as_array().unwrap().contains(&json!(id));
        let said: Vec<&Value> = links.filter(about).collect();
        let wanted = if UNLIKELY.contains(id) { "assumed" } else { "broken" };
        let cannot = |link: &&&Value| link["code"] == "cannot-fire";
        let found = said.iter().find(cannot).unwrap_or_else(|| panic!("{id}: {said:#?}"));
        assert_eq!(found["status"], wanted, "{id}: {found:#}");
        assert_eq!(found["mender"], "person", "{id}");
    }
}

#[test]
fn the_same_alerts_with_what_validate_says_are_proven() {
    let world = World::empty();
    let mended = [
        r#"userIdentity.sessionContext.sessionIssuer.arn: ["arn:aws:iam::111122223333:role/Admin"]"#,
        "userIdentity.type: [Root]",
        r#"userIdentity.sessionContext.attributes.mfaAuthenticated: ["false"]"#,
        "errorCode: [{ wildcard: \"AccessDenied*\" }]",
        "readOnly: [false]",
        "sourceIPAddress: [{ cidr: 203.0.113.0/24 }]",
        r#"recipientAccountId: ["111122223333"]"#,
    ];
    let alerts = mended.iter().enumerate().map(|(number, condition)| {
        format!("  - {{ id: a{number}, title: t, risk: high, why: w, next: n, events: [iam:CreateUser], where: {{ {condition} }} }}\n")
    });
    let wrapped = "  - { id: wrapped, title: t, risk: high, why: w, next: n, events: [ec2:ModifyInstanceAttribute], where: { requestParameters.disableApiTermination.value: [true] } }\n  - { id: bucket, title: t, risk: high, why: w, next: n, events: [s3:PutBucketPolicy], where: { requestParameters.bucketName: [logs] } }\n";
    let blueprint = format!(
        "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\ndestinations:\n  ops: {{ topic: ops, format: json, subscribers: [{{ sqs: \"arn:aws:sqs:us-east-1:111122223333:ops\" }}] }}\nroutes: {{ high: [ops] }}\nallow: [cidr-takes-other-family]\n{TRAIL}alerts:\n{}{wrapped}",
        alerts.collect::<String>()
    );
    world.write("ctguard.yaml", &blueprint);
    world.run(&["sandbox", "new", "--bare"]).expect(0);
    let report = world.run(&["validate", "--format", "json"]).expect(0).json();
    assert_eq!(report["diagnostics"], json!([]), "{report:#}");
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let report = world.run(&["verify", "--format", "json"]).json();
    let links = report["links"].as_array().unwrap();
    assert!(links.iter().all(|link| link["code"] != "cannot-fire"), "{links:#?}");
}
