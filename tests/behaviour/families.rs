//! Families of events, several kinds of one name, and what no list has: from the blueprint to the
//! subscriber.

use crate::world::World;
use serde_json::{Value, json};

const DESTINATION: &str = "destinations:\n  siem: { topic: siem, format: json, subscribers: [{ sqs: \"arn:aws:sqs:us-east-1:111122223333:q\" }] }\nroutes: { high: [siem] }\n";

fn blueprint(more: &str, alerts: &[(&str, &str)]) -> String {
    let alert = |(id, rest): &(&str, &str)| {
        format!("  - {{ id: {id}, title: T, risk: high, why: w, next: n, {rest} }}\n")
    };
    let alerts: String = alerts.iter().map(alert).collect();
    format!(
        "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\n{more}{DESTINATION}alerts:\n{alerts}\
         allow: [family-frequent, family-regions, sign-in-regions]\n"
    )
}

/// An event by root.
fn event(source: &str, name: &str, detail_type: &str, changes: &Value) -> Value {
    let mut detail = json!({
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventID": "e",
        "eventTime": "2026-11-22T12:00:00Z", "awsRegion": "us-east-1", "eventType": "AwsApiCall",
        "readOnly": false, "managementEvent": true, "eventCategory": "Management",
        "recipientAccountId": "111122223333", "userAgent": "a",
        "userIdentity": { "type": "Root", "accountId": "111122223333" },
    });
    for (key, value) in changes.as_object().unwrap() {
        detail[key] = value.clone();
    }
    // Records leave out what there is not.
    detail.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({
        "version": "0", "id": "e", "detail-type": format!("AWS {detail_type} via CloudTrail"),
        "source": format!("aws.{source}"), "account": "111122223333", "region": "us-east-1",
        "time": "2026-11-22T12:00:00Z", "resources": [], "detail": detail,
    })
}

/// How often rules whose names contain this take the event.
fn taken(world: &World, rule: &str, event: &Value) -> usize {
    world.write("event.json", &event.to_string());
    let path = world.path("event.json");
    let sent = world.run(&["sandbox", "send", path.to_str().unwrap()]).expect(0).out;
    let takes = |line: &&str| line.contains(rule) && line.contains("pattern matches");
    let not_given = |line: &&str| line.contains("read-only");
    sent.lines().filter(takes).filter(|line| !not_given(line)).count()
}

const CALL: &str = "API Call";
const SERVICE: &str = "Service Event";

#[test]
fn any_call_by_root_is_heard_whatever_its_name() {
    let root = ("root", "events: [any], where: { userIdentity.type: [Root] }");
    let world = World::with_trail(&blueprint("", &[root]));
    world.run(&["apply", "--yes"]).expect(0);
    let rule = "rule ctguard-acme-root";
    let user = json!({ "userIdentity": { "type": "IAMUser", "userName": "u" } });
    for (event, count) in [
        (event("iam", "CreateUser", CALL, &json!({})), 1),
        (event("ec2", "DescribeInstances", CALL, &json!({ "readOnly": true })), 1),
        (event("new", "MadeUpTomorrow", CALL, &json!({})), 1),
        (event("kms", "RotateKey", SERVICE, &json!({ "eventType": "AwsServiceEvent" })), 1),
        (event("signin", "ConsoleLogin", "Console Sign In", &json!({})), 1),
        (event("iam", "CreateUser", CALL, &user), 0),
    ] {
        assert_eq!(taken(&world, rule, &event), count, "{event}");
    }
    let explained = world.run(&["explain", "iam:CreateUser"]).out;
    assert!(explained.contains("that the catalogue knows, and those that AWS adds"), "{explained}");
    let mut foreign = event("iam", "CreateUser", CALL, &json!({}));
    foreign["source"] = json!("com.acme.pretends");
    assert_eq!(taken(&world, rule, &foreign), 0, "only AWS's own events count");
}

#[test]
fn a_family_takes_its_names_and_the_access_that_is_asked_for() {
    let deletes = (
        "deletes",
        "events: [{ name: 'ec2:Delete*', access: write }], where: { userIdentity.type: [Root] }",
    );
    let world = World::with_trail(&blueprint("", &[deletes]));
    world.run(&["apply", "--yes"]).expect(0);
    let state = world.state();
    let rules: Vec<_> = state
        .places()
        .into_iter()
        .flat_map(|place| state.region(&place).rules.values().cloned().collect::<Vec<_>>())
        .collect();
    assert!(rules.iter().all(|stored| stored.rule.state.as_str() == "ENABLED"), "{rules:#?}");
    for (source, name, reads, count) in [
        ("ec2", "DeleteVpc", json!(false), 1),
        ("ec2", "DeleteOfTomorrow", Value::Null, 1),
        ("ec2", "DeleteVpc", json!(true), 0),
        ("ec2", "CreateVpc", json!(false), 0),
        ("rds", "DeleteDBInstance", json!(false), 0),
    ] {
        let event = event(source, name, CALL, &json!({ "readOnly": reads }));
        assert_eq!(taken(&world, "rule ctguard-acme-deletes", &event), count, "{source} {name}");
    }
}

#[test]
fn through_a_hub_an_event_of_a_family_and_of_its_own_arrives_once() {
    let values: Vec<String> = (0..45).map(|n| format!("user-with-a-long-name-{n:03}")).collect();
    let wide =
        format!("events: ['iam:*'], where: {{ userIdentity.userName: [{}] }}", values.join(", "));
    let agents: Vec<String> = (0..45).map(|n| format!("agent-with-a-long-name-{n:03}")).collect();
    let narrow = format!(
        "events: [iam:CreateUser, iam:ListUsers], where: {{ userAgent: [{}] }}",
        agents.join(", ")
    );
    let hub = "hub: { account: \"111122223333\", region: us-east-1 }\n";
    let world = World::with_trail(&blueprint(hub, &[("by-user", &wide), ("by-agent", &narrow)]));
    world.run(&["apply", "--yes"]).expect(0);
    for (name, reads) in [("CreateUser", false), ("ListUsers", true), ("DeleteUser", false)] {
        for (agent, user, alerts) in [
            ("agent-with-a-long-name-001", "user-with-a-long-name-001", 2),
            ("agent-with-a-long-name-001", "eve", 1),
            ("curl", "user-with-a-long-name-001", 1),
            ("curl", "eve", 0),
        ] {
            let alerts = if name == "DeleteUser" { usize::from(user != "eve") } else { alerts };
            let event = event(
                "iam",
                name,
                CALL,
                &json!({ "userAgent": agent, "readOnly": reads, "userIdentity": { "type": "IAMUser", "userName": user } }),
            );
            let forwarded = taken(&world, "rule ctguard-acme-forward-", &event);
            assert!(forwarded <= 1 && (forwarded == 1 || alerts == 0), "{name} {agent} {user}");
            assert_eq!(
                taken(&world, "rule ctguard-acme-by-", &event),
                alerts,
                "{name} {agent} {user}"
            );
        }
    }
}

#[test]
fn a_name_of_several_kinds_is_heard_as_each_of_them() {
    let credentials =
        ("credentials", "events: [sso:GetRoleCredentials, organizations:LeaveOrganization]");
    let world = World::with_trail(&blueprint("", &[credentials]));
    world.run(&["apply", "--yes"]).expect(0);
    for (source, name) in [("sso", "GetRoleCredentials"), ("organizations", "LeaveOrganization")] {
        for detail_type in [CALL, SERVICE] {
            let event = event(source, name, detail_type, &json!({}));
            assert_eq!(taken(&world, "rule ctguard-acme-", &event), 1, "{name} {detail_type}");
        }
    }
    let verdict = world.run(&["verify", "--format", "json"]).json();
    let links = verdict["links"].as_array().unwrap();
    let about_trails = |link: &&Value| link["object"].as_str().unwrap().contains(":trail/");
    let broken = |link: &&Value| link["status"] == "broken";
    assert_eq!(links.iter().filter(about_trails).filter(broken).count(), 0, "{verdict:#}");
}

#[test]
fn an_unchecked_event_is_heard_as_whatever_it_is() {
    let new = ("new", "events: [{ source: new.amazonaws.com, name: GetThing, unchecked: true }]");
    let world = World::with_trail(&blueprint("", &[new]));
    world.run(&["apply", "--yes"]).expect(0);
    for (detail_type, reads) in [
        (CALL, true),
        (CALL, false),
        (SERVICE, false),
        ("Console Action", true),
        ("Console Sign In", false),
    ] {
        let event = event("new", "GetThing", detail_type, &json!({ "readOnly": reads }));
        assert_eq!(taken(&world, "rule ctguard-acme-new", &event), 1, "{detail_type} {reads}");
    }
}

#[test]
fn replacing_an_alert_by_its_family_leaves_no_gap_and_loses_nothing() {
    let one = ("user", "events: [iam:CreateUser]");
    let family = ("all", "events: ['iam:*'], where: { userIdentity.type: [Root, IAMUser] }");
    let world = World::with_trail(&blueprint("", &[one]));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.write("ctguard.yaml", &blueprint("", &[family]));
    world.run(&["apply", "--yes"]).expect(0);
    // The subscribed queue is not there, which no apply mends.
    world.run(&["drift"]).expect(2);
    // Back again, the family would be lost: that is asked about.
    world.write("ctguard.yaml", &blueprint("", &[one]));
    let refused = world.run(&["apply", "--yes"]).expect(5);
    assert!(refused.err.contains("--allow-lost-coverage"), "{}", refused.seen());
}

#[test]
fn a_generated_sample_of_a_family_is_one_of_its_events() {
    let alerts = [
        ("any", "events: [any], where: { userIdentity.type: [Root] }"),
        ("all", "events: ['iam:*'], outcome: failure, where: { userIdentity.type: [IAMUser] }"),
        (
            "some",
            "events: [{ name: 'ec2:Delete*', access: write }], where: { userIdentity.type: [Root] }",
        ),
    ];
    let world = World::with_trail(&blueprint("", &alerts));
    let blueprint = world.path("ctguard.yaml");
    let line =
        ["ctguard".into(), "test".into(), blueprint.into(), "--format".into(), "json".into()];
    let report = world.command(line.to_vec(), None).expect(0).json();
    for alert in report["alerts"].as_array().unwrap() {
        assert_eq!(alert["not_generated"], json!([]), "{alert:#}");
        assert!(alert["samples"].as_array().unwrap().len() > 2, "{alert:#}");
    }
}

#[test]
fn through_a_hub_what_no_list_has_arrives_once() {
    let new = "events: [{ source: new.amazonaws.com, name: MakeThing, unchecked: true }]";
    let root = "events: [any], where: { userIdentity.type: [Root] }";
    let writes = "events: [{ name: any, access: write }], where: { userAgent: [a] }";
    let hub = "hub: { account: \"111122223333\", region: us-east-1 }\n";
    for alerts in [
        vec![("by-name", new)],
        vec![("by-name", new), ("by-root", root)],
        vec![("by-name", new), ("by-write", writes)],
        vec![("by-name", new), ("by-root", root), ("by-write", writes)],
    ] {
        let world = World::with_trail(&blueprint(hub, &alerts));
        world.run(&["apply", "--yes"]).expect(0);
        for detail_type in [CALL, SERVICE, "Console Sign In"] {
            for reads in [json!(true), json!(false), Value::Null] {
                let event = event("new", "MakeThing", detail_type, &json!({ "readOnly": reads }));
                let forwarded = taken(&world, "rule ctguard-acme-forward-", &event);
                assert_eq!(forwarded, 1, "{alerts:?} {detail_type} {reads}");
                for (alert, _) in &alerts {
                    let wanted = usize::from(*alert != "by-write" || reads != json!(true));
                    let raised = taken(&world, &format!("rule ctguard-acme-{alert}"), &event);
                    assert_eq!(raised, wanted, "{alerts:?} {alert} {detail_type} {reads}");
                }
            }
        }
    }
}

#[test]
fn the_outcome_of_a_family_is_told_where_each_of_its_events_tells_it() {
    let alerts = [
        ("failed", "events: [any], outcome: failure, where: { userAgent: [a] }"),
        ("succeeded", "events: [any], outcome: success, where: { userAgent: [a] }"),
    ];
    let world = World::with_trail(&blueprint("", &alerts));
    world.run(&["apply", "--yes"]).expect(0);
    let sign_in = "Console Sign In";
    let state = |what: &str| json!({ format!("{what}Status"): { "state": "FAILED" } });
    for (source, name, detail_type, changes, failed) in [
        ("iam", "CreateUser", CALL, json!({}), false),
        ("iam", "CreateUser", CALL, json!({ "errorCode": "200" }), false),
        ("iam", "CreateUser", CALL, json!({ "errorCode": "AccessDenied" }), true),
        (
            "signin",
            "ConsoleLogin",
            sign_in,
            json!({ "responseElements": { "ConsoleLogin": "Success" } }),
            false,
        ),
        (
            "signin",
            "ConsoleLogin",
            sign_in,
            json!({ "responseElements": { "ConsoleLogin": "Failure" }, "errorMessage": "Failed authentication" }),
            true,
        ),
        (
            "signin",
            "SwitchRole",
            sign_in,
            json!({ "responseElements": { "SwitchRole": "Failure" } }),
            true,
        ),
        (
            "signin",
            "SwitchRole",
            sign_in,
            json!({ "responseElements": { "SwitchRole": "Success" } }),
            false,
        ),
        (
            "signin",
            "CredentialVerification",
            SERVICE,
            json!({ "serviceEventDetails": { "CredentialVerification": "Failure" } }),
            true,
        ),
        (
            "controltower",
            "UpdateManagedAccount",
            SERVICE,
            json!({ "serviceEventDetails": state("updateManagedAccount") }),
            true,
        ),
        (
            "controltower",
            "UpdateManagedAccount",
            SERVICE,
            json!({ "serviceEventDetails": state("updateManagedAccount"), "errorCode": "X" }),
            true,
        ),
        ("secretsmanager", "RotationFailed", SERVICE, json!({}), true),
        ("secretsmanager", "RotationSucceeded", SERVICE, json!({}), false),
    ] {
        let event = event(source, name, detail_type, &changes);
        let raised = ["failed", "succeeded"]
            .map(|alert| taken(&world, &format!("rule ctguard-acme-{alert}"), &event));
        assert_eq!(raised, [usize::from(failed), usize::from(!failed)], "{event}");
    }
}

#[test]
fn a_family_of_data_events_alone_needs_a_trail_that_records_them() {
    let objects = ("objects", "events: ['s3:GetObject*'], where: { userIdentity.type: [Root] }");
    let world = World::with_trail(&blueprint("", &[objects]));
    let validated = world.run(&["validate"]).expect(0);
    assert!(validated.err.contains("data-event"), "{}", validated.seen());
    world.run(&["apply", "--yes"]).expect(0);
    let verdict = world.run(&["verify", "--format", "json"]).json().to_string();
    assert!(verdict.contains("data-selector-missing"), "{verdict}");
}
