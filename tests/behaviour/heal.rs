//! Logging that starts itself again: a blueprint with `heal:` on a sandbox, from the plan to the notice.

mod links;
mod pause;
mod rules;
mod selectors;

use crate::world::World;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::deliver::Delivery;
use ctguard_sandbox::state::{Received, State, StoredTrail};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

pub fn blueprint(heal: &str) -> String {
    format!(
        "version: 1
name: acme
regions: [us-east-1, eu-west-1]
trail: {{ name: main, bucket: acme-logs, home_region: us-east-1 }}
{heal}destinations:
  secops:
    topic: secops
    format: mail
    subscribers: [{{ email: secops@acme.example }}]
routes: {{ high: [secops] }}
alerts:
  - {{ id: trail-changed, title: The trail was changed, risk: high, why: w, next: n,
      events: [cloudtrail:StopLogging, cloudtrail:DeleteTrail] }}
"
    )
}

const HEAL: &str = "heal: { logging: { trails: managed, notify: secops }, limit: 3 }\n";

fn home() -> Place {
    Place::new(AccountId::new(ACCOUNT).unwrap(), Region::new("us-east-1").unwrap())
}

fn event(name: &str, parameters: Value) -> Value {
    json!({
        "version": "0", "id": "0f8a7c1e-0000-4000-8000-000000000001",
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail",
        "account": ACCOUNT, "region": "us-east-1", "time": "2026-11-22T12:00:00Z", "resources": [],
        "detail": {
            "eventVersion": "1.11", "eventTime": "2026-11-22T12:00:00Z", "eventType": "AwsApiCall",
            "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "recipientAccountId": ACCOUNT, "readOnly": false, "managementEvent": true,
            "eventCategory": "Management", "sourceIPAddress": "203.0.113.9",
            "eventID": "0f8a7c1e-0000-4000-8000-000000000000",
            "userIdentity": {
                "type": "IAMUser", "accountId": ACCOUNT, "userName": "mallory",
                "principalId": "AIDAEXAMPLE", "arn": format!("arn:aws:iam::{ACCOUNT}:user/mallory"),
            },
            "requestParameters": parameters,
        },
    })
}

/// Somebody makes a call on the trail: what it changes, and its event.
fn somebody(world: &World, name: &str, change: impl FnOnce(&mut State)) -> Delivery {
    let field = if name == "PutEventSelectors" { "trailName" } else { "name" };
    let named = json!({ field: format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main") });
    let sandbox = Sandbox::open(&world.path("account.json")).unwrap();
    sandbox.call_made(&event(name, named), change).unwrap()
}

fn stop(state: &mut State) {
    let trail = state.region_mut(&home()).trails.get_mut("main").unwrap();
    trail.status.logging = false;
}

fn trail(world: &World) -> StoredTrail {
    world.state().region(&home()).trails["main"].clone()
}

/// The notices of healing among what was received.
fn notices(delivery: &Delivery) -> Vec<&Received> {
    let told = |one: &&Received| one.text.contains("Heal:     the blueprint acme");
    delivery.received.iter().filter(told).collect()
}

fn heal() -> World {
    World::settled(&blueprint(HEAL))
}

#[test]
fn logging_that_was_stopped_is_on_again_and_the_notice_says_who_it_was() {
    let world = heal();
    let delivery = somebody(&world, "StopLogging", stop);
    assert!(trail(&world).status.logging, "{delivery:#?}");
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert_eq!(
        notice.subject.as_deref(),
        Some("[HIGH] CloudTrail's trail was put back: 111122223333 us-east-1")
    );
    insta::assert_snapshot!("heal_notice", notice.text);
    // The alert of the same call is raised beside it.
    assert_eq!(delivery.received.len(), 2);
    world.run(&["verify"]).expect(0);
    world.run(&["drift"]).expect(0);
}

#[test]
fn settings_selectors_and_a_deleted_trail_are_put_back_too() {
    let world = heal();
    let before = trail(&world);
    let delivery = somebody(&world, "UpdateTrail", |state| {
        let trail = &mut state.region_mut(&home()).trails.get_mut("main").unwrap().trail;
        (trail.multi_region, trail.log_file_validation) = (false, false);
    });
    assert_eq!(trail(&world), before);
    assert!(notices(&delivery)[0].text.contains("\nPut back: its settings\n"));

    let delivery = somebody(&world, "PutEventSelectors", |state| {
        let trail = state.region_mut(&home()).trails.get_mut("main").unwrap();
        trail.selectors = serde_json::from_value(json!({ "basic": [{
            "read_write": "ReadOnly", "management_events": true,
        }] }))
        .unwrap();
    });
    assert!(notices(&delivery)[0].text.contains("\nPut back: its event selectors\n"));
    world.run(&["verify"]).expect(0);

    let delivery = somebody(&world, "DeleteTrail", |state| {
        state.region_mut(&home()).trails.remove("main");
    });
    let text = &notices(&delivery)[0].text;
    assert!(text.contains("the trail was created again, logging was started"), "{text}");
    let after = trail(&world);
    assert_eq!(
        (&after.trail, &after.tags, after.status.logging),
        (&before.trail, &before.tags, true)
    );
    world.run(&["verify"]).expect(0);
    world.run(&["drift"]).expect(0);
}

#[test]
fn what_does_not_narrow_is_left_alone_without_a_notice() {
    let world = heal();
    let delivery = somebody(&world, "UpdateTrail", |_| {});
    assert_eq!(notices(&delivery).len(), 0, "{delivery:#?}");
    assert_eq!(delivery.failed_executions.len(), 0);
    // A trail of others, and a call that was refused.
    let mut other = event("StopLogging", json!({ "name": "theirs" }));
    let sandbox = Sandbox::open(&world.path("account.json")).unwrap();
    assert_eq!(notices(&sandbox.send(&other).unwrap()).len(), 0);
    other["detail"]["requestParameters"]["name"] = json!("main");
    other["detail"]["errorCode"] = json!("AccessDenied");
    assert_eq!(notices(&sandbox.send(&other).unwrap()).len(), 0);
}

#[test]
fn what_it_puts_back_itself_does_not_start_it_again() {
    let world = heal();
    somebody(&world, "UpdateTrail", |state| {
        state.region_mut(&home()).trails.get_mut("main").unwrap().trail.multi_region = false;
    });
    let state = world.state();
    let here = state.region(&home());
    let names: Vec<&str> =
        here.history.iter().filter_map(|record| record["eventName"].as_str()).collect();
    assert_eq!(names, ["UpdateTrail"]);
    assert_eq!(
        here.history[0]["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"],
        "ctguard-acme-heal"
    );
    assert_eq!(here.executions["ctguard-acme-heal"].len(), 1);
}

#[test]
fn beyond_the_limit_it_stops_and_says_so_until_the_hour_is_over() {
    let world = heal();
    for _ in 0..3 {
        assert_eq!(notices(&somebody(&world, "StopLogging", stop)).len(), 1);
        assert!(trail(&world).status.logging);
    }
    let delivery = somebody(&world, "StopLogging", stop);
    assert!(!trail(&world).status.logging);
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert!(notice.subject.as_ref().unwrap().starts_with("[CRITICAL] Healing of"));
    assert!(
        notice.text.contains("healing began 3 times within the hour before"),
        "{}",
        notice.text
    );
    let told = world.run(&["verify"]).expect(3).out;
    assert!(told.contains("executions-failed") && told.contains("trail-not-logging"), "{told}");
    world.run(&["apply", "--yes"]);
    world.run(&["sandbox", "advance"]).expect(0);
    somebody(&world, "StopLogging", stop);
    assert!(trail(&world).status.logging);
}

#[test]
fn what_cannot_be_put_back_is_told_and_the_rest_is_tried() {
    let world = heal();
    let delivery = somebody(&world, "UpdateTrail", |state| {
        stop(state);
        let account = state.accounts.values_mut().next().unwrap();
        account.global.buckets.clear();
        let trail =
            account.regions.get_mut(&home().region).unwrap().trails.get_mut("main").unwrap();
        trail.trail.multi_region = false;
    });
    let trail = trail(&world);
    assert!(trail.status.logging && !trail.trail.multi_region);
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert!(notice.subject.as_ref().unwrap().contains("could not be put back"));
    let failed = "\nFailed:   UpdateTrail: CloudTrail.S3BucketDoesNotExistException";
    assert!(notice.text.contains(failed), "{}", notice.text);
    assert_eq!(delivery.failed_executions.len(), 1);
}

#[test]
fn a_notice_that_cannot_be_published_is_kept() {
    let world = heal();
    let delivery = somebody(&world, "StopLogging", |state| {
        stop(state);
        let account = state.accounts.values_mut().next().unwrap();
        let role = account.global.roles.get_mut("ctguard-acme-heal").unwrap();
        role.policies.remove("ctguard-acme-secops.heal").unwrap();
    });
    assert!(trail(&world).status.logging);
    assert_eq!(notices(&delivery).len(), 0);
    let letter = &delivery.dead_letters[0];
    assert!(letter.queue.ends_with(":ctguard-acme-targets"), "{letter:?}");
}

#[test]
fn whoever_changes_the_machine_is_told_of() {
    let world = heal();
    let sandbox = Sandbox::open(&world.path("account.json")).unwrap();
    let arn = format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:ctguard-acme-heal");
    for (name, field) in [
        ("TagResource", "resourceArn"),
        ("UntagResource", "resourceArn"),
        ("UpdateStateMachine", "stateMachineArn"),
        ("DeleteStateMachine", "stateMachineArn"),
    ] {
        let mut event = event(name, json!({ field: arn }));
        event["source"] = json!("aws.states");
        event["detail"]["eventSource"] = json!("states.amazonaws.com");
        let delivery = sandbox.send(&event).unwrap();
        let told = |one: &Received| one.text.contains("Healing of the trail was paused or changed");
        assert!(delivery.received.iter().any(told), "{name}: {delivery:#?}");
    }
}

#[test]
fn a_plan_says_what_is_healed_and_what_it_costs() {
    let world = World::bare(&blueprint(HEAL));
    let told = world.run(&["plan"]).expect(0).out;
    assert!(told.contains("Healing: when somebody stops or deletes the trail"), "{told}");
    assert!(told.contains("ctguard-acme-heal"), "{told}");
}

#[test]
fn what_heals_goes_when_the_key_goes_and_the_trail_stays() {
    let world = heal();
    world.write("ctguard.yaml", &blueprint(""));
    world.run(&["apply", "--yes", "--allow-lost-coverage"]).expect(0);
    let after = world.state();
    let here = after.region(&home());
    assert!(here.machines.values().all(|machine| machine.deleting || !machine.tags.is_empty()));
    assert!(!here.rules.keys().any(|name| name.contains("heal")), "{:?}", here.rules.keys());
    let roles = &after.accounts.values().next().unwrap().global.roles;
    assert!(!roles.contains_key("ctguard-acme-heal"));
    assert!(!roles["ctguard-acme"].policies.contains_key("ctguard-acme-heal"));
    assert!(here.trails["main"].status.logging);
    world.run(&["plan"]).expect(0);
    let whole = heal();
    whole.run(&["destroy", "--yes"]).expect(0);
    let left = whole.state();
    assert!(left.region(&home()).machines.values().all(|machine| machine.deleting));
    assert!(left.accounts.values().next().unwrap().global.roles.is_empty());
}

#[test]
fn with_a_hub_elsewhere_the_trail_is_healed_at_its_home() {
    let hub = "hub: { account: \"111122223333\", region: eu-west-1 }\n";
    let world = World::settled(&blueprint(&format!("{hub}{HEAL}")));
    let delivery = somebody(&world, "StopLogging", stop);
    assert!(trail(&world).status.logging, "{delivery:#?}");
    assert_eq!(notices(&delivery).len(), 1);
    let here = world.state().region(&home()).clone();
    assert_eq!(
        here.machines.keys().collect::<Vec<_>>(),
        ["ctguard-acme-heal", "ctguard-acme-mail"]
    );
    assert!(here.topics.contains_key("ctguard-acme-secops"));
    world.run(&["verify"]).expect(0);
    world.run(&["plan"]).expect(0);
}

#[test]
fn new_settings_of_the_blueprint_are_not_put_back() {
    let world = heal();
    let text = blueprint(HEAL).replace("acme-logs", "acme-logs-2");
    world.write("ctguard.yaml", &text);
    world.run(&["apply", "--yes"]).expect(0);
    assert_eq!(trail(&world).trail.bucket, "acme-logs-2");
    // The event of the apply comes late, and the machine knows the new settings by then.
    let delivery = somebody(&world, "UpdateTrail", |_| {});
    assert_eq!(notices(&delivery).len(), 0, "{delivery:#?}");
    assert_eq!(trail(&world).trail.bucket, "acme-logs-2");
}

#[test]
fn anybody_can_watch_it_on_a_sandbox() {
    let world = heal();
    let stopped = ["sandbox", "send", "cloudtrail:StopLogging", "--made"];
    let told = world.run(&stopped).expect(0).out;
    assert!(told.contains("was stopped and is logging again"), "{told}");
    assert!(trail(&world).status.logging);
    world.run(&["sandbox", "send", "cloudtrail:DeleteTrail", "--made"]).expect(0);
    assert!(trail(&world).status.logging);
    world.run(&["sandbox", "send", "ec2:CreateRoute", "--made"]).expect(64);
    // Without what heals, it stays off.
    let bare = World::settled(&blueprint(""));
    bare.run(&stopped).expect(0);
    assert!(!trail(&bare).status.logging);
}

#[test]
fn explain_shows_the_way_link_by_link() {
    let world = heal();
    let told = world.run(&["explain", "heal.logging"]).expect(0).out;
    for part in
        ["stateMachine:ctguard-acme-heal", "it puts the trail back", "ctguard-acme-heal.logging"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = world.run(&["explain", "cloudtrail:StopLogging"]).expect(0).out;
    assert!(told.contains("heal.logging") && told.contains("trail-changed"), "{told}");
    world.run(&["explain", "heal.watch"]).expect(0);
}

/// What is not the blueprint's is not changed, by healing neither.
#[test]
fn a_trail_of_somebody_elses_is_not_healed() {
    let world =
        World::with_trail(&blueprint(HEAL).replace("name: main", "name: management-events"));
    let plan = world.run(&["plan"]).expect(5).out;
    assert!(plan.contains("rule ctguard-acme-heal.logging in 111122223333/us-east-1: it would put back a trail that is not the blueprint's"), "{plan}");
    assert!(!plan.contains("+ machine      ctguard-acme-heal"), "{plan}");
    assert!(!plan.contains("+ role         ctguard-acme-heal"), "{plan}");
    let row = plan.lines().find(|line| line.contains("heal.logging ")).unwrap();
    assert!(!row.contains("gained"), "{row}");
    world.run(&["apply", "--yes"]).expect(5);
    world.run(&["sandbox", "confirm"]).expect(0);
    assert!(!world.state().region(&home()).machines.contains_key("ctguard-acme-heal"));
    let told = world.run(&["verify"]).expect(3).out;
    assert!(told.contains("healing would change a trail of somebody else's"), "{told}");
    world.run(&["sandbox", "send", "cloudtrail:StopLogging", "--made"]).expect(0);
    assert!(!world.state().region(&home()).trails["management-events"].status.logging);
    // Taken over, it is.
    world.run(&["apply", "--yes", "--adopt", "--allow-shared-trail"]).expect(0);
    world.run(&["verify"]).expect(0);
    world.run(&["sandbox", "send", "cloudtrail:StopLogging", "--made"]).expect(0);
    assert!(world.state().region(&home()).trails["management-events"].status.logging);
}

#[test]
fn a_trail_that_was_not_made_is_not_said_to_be_healed() {
    // Another trail records management events already, so the blueprint's is refused.
    let world = World::with_trail(&blueprint(HEAL));
    world.run(&["apply", "--yes"]).expect(5);
    world.run(&["sandbox", "confirm"]).expect(0);
    let told = world.run(&["verify"]).expect(3).out;
    assert!(told.contains("the trail that healing puts back does not exist"), "{told}");
    assert!(told.contains("broken") && told.contains("heal.logging"), "{told}");
}

/// The new trail is refused, since the old one records.
#[test]
fn while_another_name_of_the_trail_is_refused_the_old_one_is_still_healed() {
    for part in [HEAL, "heal: { logging: { trails: managed, notify: secops }, rules: true }\n"] {
        let world = World::settled(&blueprint(part));
        let before = world.state().region(&home()).clone();
        world.write("ctguard.yaml", &blueprint(part).replace("name: main", "name: other"));
        let told = world.run(&["apply", "--yes"]).expect(5).out;
        assert!(
            told.contains("it puts back the trail that is there, and stays as it is"),
            "{told}"
        );
        let after = world.state().region(&home()).clone();
        assert_eq!(after.machines, before.machines);
        assert_eq!(after.rules, before.rules);
        somebody(&world, "StopLogging", stop);
        assert!(trail(&world).status.logging);
    }
}
