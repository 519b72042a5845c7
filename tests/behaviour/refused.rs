//! Each call that changes something is denied alone, in every kind of change: the run names the call, place and
//! remedy, nobody stops hearing, and the next run, without the denial, ends with the account of one that met none.

use crate::adapter::causes::actions;
use crate::world::World;
use ctguard_sandbox::state::Denied;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is changed, and how.
struct Scenario {
    name: &'static str,
    before: Option<&'static str>,
    after: &'static str,
    verb: &'static [&'static str],
    /// The calls that it cannot do without.
    calls: &'static [&'static str],
}

const APPLY: &[&str] = &["apply", "--yes", "--allow-lost-coverage", "--allow-deletion"];

const FIRST: &str = "\
version: 1
name: acme
regions: [us-east-1, eu-west-1]
trail: { name: acme-management, bucket: acme-logs-111122223333, home_region: us-east-1 }
destinations:
  secops: { topic: secops, format: text, subscribers: [{ email: a@acme.example }] }
routes: { high: [secops], medium: [secops] }
alerts:
  - { id: route, title: A route, risk: high, events: [ec2:CreateRoute], why: w, next: n }
  - { id: subnet, title: A subnet, risk: medium, events: [ec2:CreateSubnet], why: w, next: n }
";

/// Another topic for one alert, another event for the other, a third alert.
const SECOND: &str = "\
version: 1
name: acme
regions: [us-east-1, eu-west-1]
trail: { name: acme-management, bucket: acme-logs-111122223333, home_region: us-east-1 }
destinations:
  secops: { topic: secops, format: text, subscribers: [{ email: a@acme.example }] }
  net: { topic: net, format: json, subscribers: [{ https: 'https://hooks.acme.example/in' }] }
routes: { high: [net], medium: [secops] }
alerts:
  - { id: route, title: A route, risk: high, events: [ec2:CreateRoute], why: w, next: n }
  - { id: subnet, title: A subnet, risk: medium, events: [ec2:CreateSubnet, ec2:DeleteSubnet], why: w, next: n }
  - { id: vpc, title: A network, risk: high, events: [ec2:CreateVpc], why: w, next: n }
";

/// The alerts of the first, by way of a hub.
const HUB: &str = "\
version: 1
name: acme
regions: [us-east-1, eu-west-1]
accounts: [{ id: '111122223333' }]
hub: { account: '111122223333', region: us-east-1 }
trail: { name: acme-management, bucket: acme-logs-111122223333, home_region: us-east-1 }
destinations:
  secops: { topic: secops, format: text, subscribers: [{ email: a@acme.example }] }
routes: { high: [secops], medium: [secops] }
alerts:
  - { id: route, title: A route, risk: high, events: [ec2:CreateRoute], why: w, next: n }
  - { id: subnet, title: A subnet, risk: medium, events: [ec2:CreateSubnet], why: w, next: n }
";

impl Scenario {
    fn begin(&self) -> World {
        let Some(before) = self.before else { return World::bare(self.after) };
        let world = World::settled(before);
        world.write("ctguard.yaml", self.after);
        world
    }

    /// Runs and confirms until nothing is left to do; returns the accounts.
    fn end(&self, world: &World) -> Value {
        world.write("ctguard.yaml", self.after);
        for _ in 0..2 {
            world.run(self.verb).expect(0);
            world.run(&["sandbox", "confirm"]);
        }
        if self.verb == APPLY {
            world.run(&["plan", "--detailed-exitcode"]).expect(0);
        }
        let mut state = world.state();
        for account in state.accounts.values_mut() {
            account.regions.values_mut().for_each(|region| region.metrics.clear());
        }
        in_order(serde_json::to_value(state.accounts).unwrap())
    }

    fn survives(&self) {
        let whole = self.end(&self.begin());
        let operations: BTreeSet<&str> =
            actions().iter().map(|action| action.operation()).collect();
        let mut needed = BTreeSet::new();
        for operation in operations {
            let world = self.begin();
            let denied = Denied { operation: operation.into(), account: None, region: None };
            world.change(|state| state.denied.push(denied));
            let ran = world.run(self.verb);
            if ran.code != 0 {
                needed.insert(operation);
                let said = format!("{}{}", ran.out, ran.err);
                assert!(said.contains(operation), "{} {operation}:\n{said}", self.name);
                assert!(said.contains("us-east-1") || said.contains("global"), "{said}");
                assert!(said.contains("Allow "), "{} {operation}:\n{said}", self.name);
                assert!(!said.contains("No changes"), "{} {operation}:\n{said}", self.name);
            }
            world.change(|state| state.denied.clear());
            if let (Some(before), APPLY) = (self.before, self.verb) {
                let (old, new) = (unproven(&world, before), unproven(&world, self.after));
                let lost: Vec<_> = old.intersection(&new).collect();
                assert!(lost.is_empty(), "{} {operation}: nobody hears of {lost:?}", self.name);
            }
            let found = self.end(&world);
            let [whole, found] = [&whole, &found].map(|end| format!("{end:#}"));
            let diff = similar::TextDiff::from_lines(&whole, &found);
            assert!(whole == found, "{} {operation}\n{}", self.name, diff.unified_diff());
        }
        println!("{}: {} operations: {needed:?}", self.name, needed.len());
        for call in self.calls {
            assert!(needed.contains(call), "{}: {call} was not missed", self.name);
        }
    }
}

/// The alerts and places whose chain is broken by the blueprint that stands there.
fn unproven(world: &World, blueprint: &str) -> BTreeSet<String> {
    world.write("ctguard.yaml", blueprint);
    let report = world.run(&["verify", "--format", "json"]).json();
    let mut unproven = BTreeSet::new();
    for link in report["links"].as_array().unwrap() {
        for alert in link["alerts"].as_array().unwrap() {
            for place in link["places"].as_array().unwrap() {
                unproven.insert(format!("{alert} {place}"));
            }
        }
    }
    unproven
}

/// The same in one order: as AWS does, the sandbox gives policies back in another.
fn in_order(value: Value) -> Value {
    match value {
        Value::Array(all) => {
            let mut all: Vec<Value> = all.into_iter().map(in_order).collect();
            all.sort_by_key(Value::to_string);
            all.into()
        }
        Value::Object(fields) => {
            let sorted: BTreeMap<String, Value> =
                fields.into_iter().map(|(name, value)| (name, in_order(value))).collect();
            serde_json::to_value(sorted).unwrap()
        }
        other => other,
    }
}

#[test]
fn a_first_apply_without_one_permission_is_finished_by_the_next() {
    let scenario = Scenario {
        name: "first apply",
        before: None,
        after: FIRST,
        verb: APPLY,
        calls: &[
            "cloudtrail:CreateTrail",
            "cloudtrail:StartLogging",
            "events:PutRule",
            "events:PutTargets",
            "s3:CreateBucket",
            "s3:PutBucketPolicy",
            "sns:CreateTopic",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
            "sqs:CreateQueue",
        ],
    };
    scenario.survives();
}

#[test]
fn an_update_without_one_permission_loses_no_coverage_and_is_finished_by_the_next() {
    let scenario = Scenario {
        name: "update",
        before: Some(FIRST),
        after: SECOND,
        verb: APPLY,
        calls: &["events:PutRule", "events:PutTargets", "sns:CreateTopic", "sns:Subscribe"],
    };
    scenario.survives();
}

#[test]
fn a_migration_to_a_hub_without_one_permission_loses_no_coverage_and_is_finished_by_the_next() {
    let scenario = Scenario {
        name: "hub migration",
        before: Some(FIRST),
        after: HUB,
        verb: APPLY,
        calls: &[
            "events:CreateEventBus",
            "events:DeleteRule",
            "events:PutPermission",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "iam:CreateRole",
            "iam:PutRolePolicy",
            "sns:DeleteTopic",
        ],
    };
    scenario.survives();
}

#[test]
fn a_destroy_without_one_permission_is_finished_by_the_next() {
    let scenario = Scenario {
        name: "destroy",
        before: Some(FIRST),
        after: FIRST,
        verb: &["destroy", "--yes"],
        calls: &[
            "cloudtrail:RemoveTags",
            "events:DeleteRule",
            "events:RemoveTargets",
            "sns:DeleteTopic",
            "sqs:DeleteQueue",
        ],
    };
    scenario.survives();
}
