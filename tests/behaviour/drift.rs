mod culprits;

use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_core::resource::policy;

/// Everything that somebody can do to what the blueprint owns is named by drift and healed by apply.
#[test]
fn names_what_moved_and_apply_heals_it() {
    for (fault, named) in [
        ("stop-trail", "trail        acme-management"),
        ("narrow-selectors", "trail        acme-management"),
        ("single-region-trail", "trail        acme-management"),
        ("delete-trail", "trail        acme-management"),
        ("disable-rule", "rule         ctguard-acme-"),
        ("delete-rule", "rule         ctguard-acme-"),
        ("narrow-pattern", "rule         ctguard-acme-"),
        ("drop-target", "target       ctguard-acme-"),
        ("retarget", "target       ctguard-acme-"),
        ("rewrite-topic-policy", "topic        ctguard-acme-secops"),
        ("unsubscribe", "subscription ctguard-acme-secops/email"),
        ("filter-subscription", "subscription ctguard-acme-secops/email"),
        ("delete-topic", "topic        ctguard-acme-secops"),
        ("delete-queue", "queue        ctguard-acme-"),
        ("queue-policy", "queue        ctguard-acme-"),
    ] {
        let world = World::settled(&keeping_a_trail());
        world.run(&["drift"]).expect(0);
        world.run(&["sandbox", "break", fault]).expect(0);
        let drift = world.run(&["drift"]).expect(2);
        assert!(drift.out.contains(named), "{fault}: {}", drift.out);
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["sandbox", "confirm"]).expect(0);
        world.run(&["drift"]).expect(0);
        world.run(&["verify"]).expect(0);
    }
}

#[test]
fn shows_a_changed_pattern_as_a_difference() {
    let world = World::settled(&keeping_a_trail());
    world
        .run(&["sandbox", "break", "narrow-pattern", "ctguard-acme-route", "--region", "eu-west-1"])
        .expect(0);
    insta::assert_snapshot!(world.run(&["drift", "-q"]).expect(2).seen());
}

#[test]
fn a_reworded_pattern_or_policy_is_no_drift() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        for regional in state.accounts.values_mut().flat_map(|account| account.regions.values_mut())
        {
            for rule in regional.rules.values_mut() {
                let pattern = rule.rule.event_pattern.as_mut().unwrap();
                let value: serde_json::Value = serde_json::from_str(pattern).unwrap();
                *pattern = serde_json::to_string_pretty(&value).unwrap();
            }
            for topic in regional.topics.values_mut() {
                let policy = topic.topic.policy.as_mut().unwrap();
                let statements = policy["Statement"].as_array_mut().unwrap();
                statements.reverse();
                for statement in statements {
                    if statement["Action"].is_string() {
                        statement["Action"] = serde_json::json!([statement["Action"]]);
                    }
                }
            }
        }
    });
    world.run(&["drift"]).expect(0);
    world.run(&["verify"]).expect(0);
}

#[test]
fn is_silent_about_a_foreign_trail_that_stopped() {
    let world = World::with_trail(PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["sandbox", "break", "stop-trail"]).expect(0);
    world.run(&["drift"]).expect(0);
    let verify = world.run(&["verify"]).expect(3);
    assert!(verify.out.contains("trail-not-logging"), "{}", verify.out);
    assert!(
        verify.out.contains("aws cloudtrail start-logging"),
        "it must say who can start it: {}",
        verify.out
    );
}

/// Adds a statement to the policies of the topics.
fn state_in_topics(world: &World, theirs: &serde_json::Value) {
    world.change(|state| {
        for regional in state.accounts.values_mut().flat_map(|account| account.regions.values_mut())
        {
            for topic in regional.topics.values_mut() {
                let policy = topic.topic.policy.as_mut().unwrap();
                policy["Statement"].as_array_mut().unwrap().push(theirs.clone());
            }
        }
    });
}

/// No apply undoes it, so it is no change of a plan; and it is drift.
#[test]
fn what_others_deny_or_open_is_drift_and_never_called_none() {
    for (effect, code) in [("Deny", "topic-policy-deny"), ("Allow", "topic-open-to-all")] {
        let world = World::settled(&keeping_a_trail());
        let theirs = serde_json::json!({ "Sid": "theirs", "Effect": effect, "Principal": "*", "Action": "sns:Publish", "Resource": "*" });
        state_in_topics(&world, &theirs);
        for format in ["text", "markdown", "sarif", "junit", "github"] {
            let drift = world.run(&["drift", "--format", format]).expect(2);
            assert!(drift.out.contains(code), "{format}: {}", drift.out);
            assert!(!drift.out.contains("No drift"), "{format}: {}", drift.out);
        }
        let json = world.run(&["drift", "--format", "json"]).expect(2).json();
        assert_eq!(json["changes"].as_array().map(Vec::len), Some(0), "{json}");
        world.run(&["apply", "--yes"]);
        world.run(&["drift"]).expect(2);
    }
}

#[test]
fn statements_of_others_in_a_policy_stay() {
    let world = World::settled(&keeping_a_trail());
    let theirs = serde_json::json!({ "Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": "999988887777" }, "Action": "sns:Subscribe", "Resource": "*" });
    world.change(|state| {
        for regional in state.accounts.values_mut().flat_map(|account| account.regions.values_mut())
        {
            for topic in regional.topics.values_mut() {
                let policy = topic.topic.policy.as_mut().unwrap();
                let statements = policy["Statement"].as_array_mut().unwrap();
                statements.retain(|statement| statement["Sid"] == "__default_statement_ID");
                statements.push(theirs.clone());
            }
        }
    });
    world.run(&["drift"]).expect(2);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["drift"]).expect(0);
    for regional in world.state().accounts.values().flat_map(|account| account.regions.values()) {
        for topic in regional.topics.values() {
            let statements = topic.topic.policy.as_ref().unwrap()["Statement"].as_array().unwrap();
            let document = |one: &serde_json::Value| serde_json::json!({ "Statement": [one] });
            let same = |one: &serde_json::Value| policy::same(&document(one), &document(&theirs));
            assert!(statements.iter().any(same), "{statements:#?}");
            assert_eq!(statements.len(), 3);
        }
    }
}
