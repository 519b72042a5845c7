//! What counts as drift, and whose call each kind of drift is put down to.

use crate::world::World;
use crate::world::blueprints::keeping_a_trail;
use ctguard_core::scope::{Place, Region};
use ctguard_sandbox::state::Denied;
use serde_json::{Value, json};

const EU: &str = "arn:aws:{s}:eu-west-1:111122223333:{r}";

fn arn(service: &str, resource: &str) -> String {
    EU.replace("{s}", service).replace("{r}", resource)
}

/// A record of the call, as it stands in the sandbox's history.
fn record(source: &str, call: &str, parameters: &Value) -> Value {
    json!({
        "eventID": call, "eventName": call, "eventSource": format!("{source}.amazonaws.com"),
        "eventTime": "2026-11-21T10:00:00Z", "requestParameters": parameters,
        "sourceIPAddress": "203.0.113.9",
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory" },
    })
}

fn remember(world: &World, region: &str, records: &[Value]) {
    world.change(|state| {
        let account = state.caller.account.clone();
        let place = Place::new(account, Region::new(region).unwrap());
        state.region_mut(&place).history.extend(records.iter().cloned());
    });
}

#[test]
fn each_kind_of_drift_is_put_down_to_the_call_that_makes_it() {
    let rule = "ctguard-acme-route";
    let topic = arn("sns", "ctguard-acme-secops");
    let queue = "https://sqs.eu-west-1.amazonaws.com/111122223333/ctguard-acme-targets";
    let name = json!({ "name": rule });
    for (fault, aim, source, call, parameters) in [
        ("disable-rule", "ctguard-acme-route", "events", "DisableRule", name.clone()),
        ("delete-rule", "ctguard-acme-route", "events", "DeleteRule", name.clone()),
        ("narrow-pattern", "ctguard-acme-route", "events", "PutRule", name),
        (
            "drop-target",
            "ctguard-acme-route",
            "events",
            "RemoveTargets",
            json!({ "rule": rule, "ids": ["ctguard-acme-secops"] }),
        ),
        (
            "retarget",
            "ctguard-acme-route",
            "events",
            "PutTargets",
            json!({ "rule": rule, "targets": [{ "id": "ctguard-acme-secops", "arn": "x" }] }),
        ),
        (
            "rewrite-topic-policy",
            "secops",
            "sns",
            "SetTopicAttributes",
            json!({ "topicArn": topic, "attributeName": "Policy" }),
        ),
        ("delete-topic", "secops", "sns", "DeleteTopic", json!({ "topicArn": topic })),
        (
            "filter-subscription",
            "secops",
            "sns",
            "SetSubscriptionAttributes",
            json!({ "subscriptionArn": format!("{topic}:1f0c") }),
        ),
        (
            "unsubscribe",
            "secops",
            "sns",
            "Unsubscribe",
            json!({ "subscriptionArn": format!("{topic}:1f0c") }),
        ),
        ("delete-queue", "targets", "sqs", "DeleteQueue", json!({ "queueUrl": queue })),
        ("queue-policy", "targets", "sqs", "SetQueueAttributes", json!({ "queueUrl": queue })),
    ] {
        let world = World::settled(&keeping_a_trail());
        let aimed = ["sandbox", "break", fault, aim, "--region", "eu-west-1"];
        let broken = match fault {
            "filter-subscription" | "unsubscribe" => {
                &[aimed[0], aimed[1], fault, aimed[4], aimed[5]][..]
            }
            _ => &aimed,
        };
        world.run(broken).expect(0);
        // Somebody else's call of the same name, later, is not taken for it.
        let mut other = record(source, call, &json!({ "name": "theirs", "rule": "theirs" }));
        other["eventTime"] = json!("2026-11-21T23:00:00Z");
        remember(&world, "eu-west-1", &[record(source, call, &parameters), other]);
        let ran = world.run(&["drift"]).expect(2);
        let said = format!(
            "{call} by arn:aws:iam::111122223333:user/mallory (IAMUser) at 2026-11-21T10:00:00Z"
        );
        assert!(ran.out.contains(&said), "{fault}: {}", ran.out);
        assert!(!ran.out.contains("23:00:00"), "{fault}: {}", ran.out);
    }
}

#[test]
fn a_stopped_trail_is_looked_up_at_its_home_by_name_and_by_arn() {
    for parameters in [
        json!({ "name": "acme-management" }),
        json!({ "name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/acme-management" }),
    ] {
        let world = World::settled(&keeping_a_trail());
        world.run(&["sandbox", "break", "stop-trail"]).expect(0);
        remember(&world, "us-east-1", &[record("cloudtrail", "StopLogging", &parameters)]);
        let ran = world.run(&["drift"]).expect(2);
        assert!(ran.out.contains("StopLogging by arn:aws:iam"), "{parameters}: {}", ran.out);
    }
}

#[test]
fn who_changed_it_stands_below_the_changes() {
    let world = World::settled(&keeping_a_trail());
    for region in ["us-east-1", "eu-west-1"] {
        let fault = ["sandbox", "break", "disable-rule", "ctguard-acme-route", "--region", region];
        world.run(&fault).expect(0);
    }
    let call = record("events", "DisableRule", &json!({ "name": "ctguard-acme-route" }));
    remember(&world, "eu-west-1", &[call]);
    insta::assert_snapshot!(world.run(&["drift", "-q"]).expect(2).seen());
}

#[test]
fn who_changed_it_stands_in_every_form_that_machines_read() {
    let world = World::settled(&keeping_a_trail());
    for region in ["us-east-1", "eu-west-1"] {
        let fault = ["sandbox", "break", "disable-rule", "ctguard-acme-route", "--region", region];
        world.run(&fault).expect(0);
    }
    let call = record("events", "DisableRule", &json!({ "name": "ctguard-acme-route" }));
    remember(&world, "eu-west-1", &[call]);
    let by = "DisableRule by arn:aws:iam::111122223333:user/mallory";
    for format in ["sarif", "junit", "github"] {
        let ran = world.run(&["drift", "--format", format]).expect(2);
        assert!(ran.out.contains(by), "{format}: {}", ran.out);
        let none = world.run(&["drift", "--no-culprit", "--format", format]).expect(2);
        assert!(!none.out.contains(by), "{format}: {}", none.out);
    }
    // An object whose tag somebody took off is refused, and no change.
    world.change(|state| {
        let account = state.caller.account.clone();
        let place = Place::new(account, Region::new("eu-west-1").unwrap());
        state.region_mut(&place).rule_mut(&"ctguard-acme-route".into()).unwrap().tags.clear();
    });
    let rule = arn("events", "rule/ctguard-acme-route");
    let parameters = json!({ "resourceARN": rule, "tagKeys": ["ctguard:blueprint"] });
    remember(&world, "eu-west-1", &[record("events", "UntagResource", &parameters)]);
    for format in ["sarif", "junit", "github"] {
        let ran = world.run(&["drift", "--format", format]).expect(5);
        assert!(ran.out.contains("UntagResource by arn:"), "{format}: {}", ran.out);
    }
}

#[test]
fn a_history_that_may_not_be_read_changes_no_verdict() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        state.denied.push(Denied {
            operation: "cloudtrail:LookupEvents".into(),
            account: None,
            region: None,
        });
    });
    let ran = world.run(&["drift"]).expect(0);
    assert!(!ran.out.contains("Who changed it"), "nothing moved, so nothing is asked: {}", ran.out);
    world.run(&["sandbox", "break", "disable-rule"]).expect(0);
    let ran = world.run(&["drift"]).expect(2);
    assert!(ran.out.contains("could not be read: cloudtrail:LookupEvents"), "{}", ran.out);
    let json = world.run(&["drift", "--no-culprit", "--format", "json"]).expect(2).json();
    assert!(json.get("culprits").is_none(), "nobody asked: {json:#}");
}

#[test]
fn what_alters_nothing_is_no_drift_and_a_plan_still_shows_it() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        for regional in state.accounts.values_mut().flat_map(|account| account.regions.values_mut())
        {
            for rule in regional.rules.values_mut() {
                rule.rule.description = Some("ask Alice before you touch this".to_owned());
            }
            for topic in regional.topics.values_mut() {
                topic.topic.display_name = Some("Mail from the robot".to_owned());
                topic.tags.retain(|key, _| key == "ctguard:blueprint");
            }
        }
    });
    let ran = world.run(&["drift"]).expect(0);
    assert!(ran.out.contains("No drift"), "{}", ran.out);
    assert!(ran.out.contains("5 objects differ in descriptions"), "{}", ran.out);
    world.run(&["plan", "--detailed-exitcode"]).expect(2);
    // With something else, the words beside it are not shown as drift.
    world.run(&["sandbox", "break", "disable-rule", "ctguard-acme-route"]).expect(0);
    let json = world.run(&["drift", "--format", "json"]).expect(2).json();
    let changes = json["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1);
    let paths: Vec<&Value> =
        changes[0]["fields"].as_array().unwrap().iter().map(|field| &field["path"]).collect();
    assert_eq!(paths, ["state"]);
    assert_eq!(json["cosmetic"], 4);
}

#[test]
fn who_took_the_owners_tag_off_is_told_and_the_object_is_refused() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        let account = state.caller.account.clone();
        let place = Place::new(account, Region::new("eu-west-1").unwrap());
        state.region_mut(&place).rule_mut(&"ctguard-acme-route".into()).unwrap().tags.clear();
    });
    let quiet = world.run(&["drift"]).expect(5);
    assert!(
        !quiet.out.contains("Who changed it"),
        "a refusal need not be about a tag: {}",
        quiet.out
    );
    let rule = arn("events", "rule/ctguard-acme-route");
    let parameters = json!({ "resourceARN": rule, "tagKeys": ["ctguard:blueprint"] });
    remember(&world, "eu-west-1", &[record("events", "UntagResource", &parameters)]);
    let ran = world.run(&["drift"]).expect(5);
    assert!(
        ran.out.contains("UntagResource by arn:aws:iam::111122223333:user/mallory"),
        "{}",
        ran.out
    );
}

/// What `sandbox break` does stands in the event history, as somebody's call on AWS would.
#[test]
fn the_sandbox_remembers_who_broke_it() {
    for (fault, call) in [
        ("stop-trail", "StopLogging"),
        ("narrow-selectors", "PutEventSelectors"),
        ("single-region-trail", "UpdateTrail"),
        ("delete-trail", "DeleteTrail"),
        ("disable-rule", "DisableRule"),
        ("narrow-pattern", "PutRule"),
        ("delete-rule", "DeleteRule"),
        ("drop-target", "RemoveTargets"),
        ("retarget", "PutTargets"),
        ("rewrite-topic-policy", "SetTopicAttributes"),
        ("filter-subscription", "SetSubscriptionAttributes"),
        ("unsubscribe", "Unsubscribe"),
        ("delete-topic", "DeleteTopic"),
        ("queue-policy", "SetQueueAttributes"),
        ("delete-queue", "DeleteQueue"),
        ("strip-tags", "UntagResource"),
    ] {
        let world = World::settled(&keeping_a_trail());
        world.run(&["sandbox", "break", fault]).expect(0);
        let ran = world.run(&["drift"]);
        let said = format!("{call} by arn:aws:iam::111122223333:user/mallory (IAMUser)");
        assert!(ran.out.contains(&said), "{fault}: {}", ran.out);
    }
    // A fault of AWS's is nobody's call.
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "throttle-calls"]).expect(0);
    let file = std::fs::read_to_string(world.path("account.json")).unwrap();
    assert!(!file.contains("mallory"), "{file}");
}

/// A plan says of each change whether the blueprint was edited or somebody else changed the account.
#[test]
fn a_plan_tells_the_blueprints_own_edits_from_what_others_changed() {
    let world = World::settled(&keeping_a_trail());
    let edited = keeping_a_trail().replacen("A route was made", "Another title", 1);
    assert_ne!(edited, keeping_a_trail(), "the title of an alert is edited");
    world.write("ctguard.yaml", &edited);
    // Nothing is known: nothing is claimed.
    let ran = world.run(&["plan"]).expect(0);
    assert!(!ran.out.contains("Changed by") && !ran.out.contains("Changed in"), "{}", ran.out);
    world.run(&["sandbox", "break", "stop-trail"]).expect(0);
    let stopped = record("cloudtrail", "StopLogging", &json!({ "name": "acme-management" }));
    remember(&world, "us-east-1", &[stopped]);
    let target = json!({ "id": "ctguard-acme-secops", "arn": "x" });
    let parameters = json!({ "rule": "ctguard-acme-route", "targets": [target] });
    let mut put = record("events", "PutTargets", &parameters);
    put["userAgent"] = json!("aws-sdk-rust/1.3 app/ctguard");
    remember(&world, "eu-west-1", std::slice::from_ref(&put));
    for format in ["text", "markdown"] {
        let ran = world.run(&["plan", "--format", format]).expect(0);
        let (before, own) = ran.out.split_once("Changed in the blueprint").expect(&ran.out);
        let (_, others) = before.split_once("Changed by others").expect(&ran.out);
        assert!(others.contains("trail acme-management"), "{}", ran.out);
        assert!(others.contains("StopLogging by arn:aws:iam::111122223333:user/mallory"));
        assert!(!others.contains("PutTargets"), "{}", ran.out);
        assert!(own.contains("target ctguard-acme-route/"), "{}", ran.out);
        assert!(!own.contains("us-east-1"), "nothing is known of it: {own}");
    }
    let json = world.run(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!(json["culprits"].as_array().map(Vec::len), Some(2), "{json:#}");
    let quiet = world.run(&["plan", "--no-culprit"]).expect(0);
    assert!(!quiet.out.contains("Changed by others"), "{}", quiet.out);
    // Somebody wrote it after ctguard did.
    let mut later = record("events", "PutTargets", &parameters);
    later["eventTime"] = json!("2026-11-21T11:00:00Z");
    remember(&world, "eu-west-1", &[later]);
    let ran = world.run(&["plan"]).expect(0);
    assert!(!ran.out.contains("Changed in the blueprint"), "{}", ran.out);
    assert!(ran.out.contains("PutTargets by arn:aws:iam::111122223333:user/mallory"));
}

/// A first apply makes everything, and asks nobody who deleted it.
#[test]
fn a_first_plan_asks_for_no_culprit_and_a_later_one_says_who_deleted_a_rule() {
    let deleted = record("events", "DeleteRule", &json!({ "name": "ctguard-acme-route" }));
    let world = World::bare(&keeping_a_trail());
    remember(&world, "eu-west-1", std::slice::from_ref(&deleted));
    let ran = world.run(&["plan"]).expect(0);
    assert!(!ran.out.contains("Changed by others"), "{}", ran.out);
    let world = World::settled(&keeping_a_trail());
    let fault = ["sandbox", "break", "delete-rule", "ctguard-acme-route", "--region", "eu-west-1"];
    world.run(&fault).expect(0);
    remember(&world, "eu-west-1", &[deleted]);
    let ran = world.run(&["plan"]).expect(0);
    assert!(ran.out.contains("DeleteRule by arn:aws:iam"), "{}", ran.out);
}

/// What others add is no difference of the blueprint's, and somebody did it all the same.
#[test]
fn who_added_what_no_apply_takes_away_is_named_in_every_form() {
    for (fault, code, call) in [
        ("add-subscriber", "subscriber-unlisted", "Subscribe"),
        ("open-topic", "topic-open-to-all", "SetTopicAttributes"),
        ("deny-topic", "topic-policy-deny", "SetTopicAttributes"),
        ("open-queue", "queue-open-to-all", "SetQueueAttributes"),
    ] {
        let world = World::settled(&keeping_a_trail());
        world.run(&["sandbox", "break", fault, "--region", "eu-west-1"]).expect(0);
        if fault == "open-queue" {
            let url = "https://sqs.eu-west-1.amazonaws.com/111122223333/";
            let names = ["ctguard-acme-targets", "ctguard-acme-subscriptions"];
            let records = names
                .map(|name| record("sqs", call, &json!({ "queueUrl": format!("{url}{name}") })));
            remember(&world, "eu-west-1", &records);
        }
        let by = format!("{call} by arn:aws:iam::111122223333:user/mallory");
        let text = world.run(&["drift"]).expect(2).out;
        assert!(text.contains("Who changed it"), "{fault}: {text}");
        assert!(text.contains(&by), "{fault}: {text}");
        for format in ["sarif", "junit", "github", "markdown"] {
            let told = world.run(&["drift", "--format", format]).expect(2).out;
            assert!(told.contains(&by), "{fault} as {format}: {told}");
        }
        let json = world.run(&["drift", "--format", "json"]).expect(2).json();
        let found = |key: &str| json[key].as_array().is_some_and(|all| !all.is_empty());
        assert!(found("additions") || found("denied"), "{fault}: {json:#}");
        assert!(json.to_string().contains(code), "{fault}: {json:#}");
        assert!(json["culprits"][0]["finding"]["calls"].is_array(), "{fault}: {json:#}");
        let quiet = world.run(&["drift", "--no-culprit"]).expect(2).out;
        assert!(!quiet.contains("Who changed it"), "{quiet}");
    }
}

/// ctguard's own calls of the same name are later, and are not put before those of others.
#[test]
fn a_subscription_that_ctguard_made_is_not_taken_for_the_one_that_was_added() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "add-subscriber", "--region", "eu-west-1"]).expect(0);
    let topic = arn("sns", "ctguard-acme-secops");
    let mut own = record("sns", "Subscribe", &json!({ "topicArn": topic, "protocol": "email" }));
    own["eventTime"] = json!("2026-11-23T10:00:00Z");
    own["userAgent"] = json!("aws-sdk-rust/1.3 app/ctguard");
    let mut queue = record("sns", "Subscribe", &json!({ "topicArn": topic, "protocol": "sqs" }));
    queue["eventTime"] = json!("2026-11-23T11:00:00Z");
    remember(&world, "eu-west-1", &[own, queue]);
    let calls = world.run(&["drift", "--format", "json"]).expect(2).json();
    let calls = calls["culprits"][0]["finding"]["calls"].clone();
    assert_eq!(calls[0]["by_ctguard"], false, "{calls:#}");
    let all = calls.as_array().unwrap();
    assert!(all.iter().all(|call| call["time"] != "2026-11-23T11:00:00Z"), "{calls:#}");
}
