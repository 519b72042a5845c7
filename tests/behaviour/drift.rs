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

/// A hub in the account's own us-east-1.
fn with_a_hub() -> String {
    let hub = "hub: { account: \"111122223333\", region: us-east-1 }\n";
    format!("{}{hub}", keeping_a_trail())
}

/// What is added to an object of the blueprint's while alerts go on, with its code.
const ADDED: [(&str, &str); 9] = [
    ("attach-policy", "role-attached"),
    ("open-bus", "bus-open-to-all"),
    ("copy-bus", "bus-copied"),
    ("open-topic", "topic-open-to-all"),
    ("open-queue", "queue-open-to-all"),
    ("add-subscriber", "subscriber-unlisted"),
    ("expire-logs", "logs-expire"),
    ("deny-bucket", "log-bucket-policy"),
    ("bound-role", "role-bounded"),
];

#[test]
fn what_others_add_is_told_by_verify_and_drift_in_every_format_and_no_apply_ends_it() {
    for (fault, code) in ADDED {
        let world = World::settled(&with_a_hub());
        world.run(&["drift"]).expect(0);
        let before = world.run(&["verify", "--strict"]);
        assert!(!before.out.contains(code), "before {fault}: {}", before.out);
        world.run(&["sandbox", "break", fault]).expect(0);
        for format in ["text", "markdown", "sarif", "junit", "github"] {
            let drift = world.run(&["drift", "--format", format]).expect(2);
            assert!(drift.out.contains(code), "{fault} in {format}: {}", drift.out);
            assert!(!drift.out.contains("No drift"), "{fault} in {format}: {}", drift.out);
        }
        let json = world.run(&["drift", "--format", "json"]).expect(2).json();
        assert_eq!(json["changes"].as_array().map(Vec::len), Some(0), "{fault}: {json}");
        for format in ["text", "markdown", "sarif", "github", "json"] {
            let verify = world.run(&["verify", "--strict", "--format", format]).expect(3);
            assert!(verify.out.contains(code), "{fault} in {format}: {}", verify.out);
        }
        world.run(&["apply", "--yes"]);
        world.run(&["drift"]).expect(2);
    }
}

/// A denial around the blueprint's objects silences an alert, and no apply undoes it.
#[test]
fn a_denial_that_silences_an_alert_is_drift_wherever_it_stands() {
    for (fault, code) in [
        ("deny-queue", "queue-policy"),
        ("deny-function", "function-policy"),
        ("deny-key", "topic-key-policy"),
        ("deny-topic", "topic-policy-deny"),
        ("deny-bus", "bus-policy-deny"),
        ("deny-role", "role-policy"),
        ("bound-role", "role-boundary"),
    ] {
        let world = furnished();
        world.run(&["drift"]).expect(0);
        let name: &[&str] = match fault {
            "deny-queue" => &["siem"],
            // That of the topic, in the hub.
            "deny-key" => &["--region", "us-east-1"],
            _ => &[],
        };
        world.run(&[&["sandbox", "break", fault], name].concat()).expect(0);
        let verify = world.run(&["verify"]);
        assert_eq!(verify.code, 3, "{fault}: {}", verify.out);
        assert!(verify.out.contains(code), "{fault}: {}", verify.out);
        for format in ["text", "markdown", "sarif", "junit", "github", "json"] {
            let drift = world.run(&["drift", "--format", format]).expect(2);
            assert!(drift.out.contains(code), "{fault} in {format}: {}", drift.out);
            assert!(!drift.out.contains("No drift"), "{fault} in {format}: {}", drift.out);
        }
    }
}

/// A world where alerts go through a hub, an encrypted topic, a queue and a function.
fn furnished() -> World {
    let siem = "arn:aws:sqs:eu-west-1:111122223333:siem";
    let triage = "arn:aws:lambda:eu-west-1:111122223333:function:triage";
    let listed = format!("subscribers: [{{ sqs: \"{siem}\" }}, {{ lambda: \"{triage}\" }}, ");
    let blueprint = with_a_hub().replace("subscribers: [", &listed);
    let blueprint = blueprint.replace("topic: secops,", "topic: secops, kms_key: alias/alerts,");
    let world = World::bare(&blueprint);
    world.change(|state| crate::truth::town::furnish(state, &crate::truth::town::account()));
    world.run(&["apply", "--yes"]);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    world
}

/// What others broke and no apply mends is drift, whether or not a statement denies anything.
#[test]
fn whatever_silences_an_alert_and_no_apply_mends_is_drift() {
    for (fault, code) in [
        (&["encrypt-bus"][..], "bus-key"),
        (&["encrypt-bus", "default", "--region", "eu-west-1"], "bus-key"),
        (&["disable-key", "--region", "us-east-1"], "topic-key-disabled"),
        (&["queue-policy", "siem"], "queue-policy"),
        (&["delete-queue", "siem"], "queue-missing"),
        (&["function-policy", "triage"], "function-policy"),
        (&["deny-queue", "ctguard-acme-targets"], "dead-letter-queue"),
        (&["deny-queue", "ctguard-acme-subscriptions"], "dead-letter-queue"),
    ] {
        let world = furnished();
        world.run(&["drift"]).expect(0);
        world.run(&[&["sandbox", "break"], fault].concat()).expect(0);
        let json = world.run(&["drift", "--no-culprit", "--format", "json"]).expect(2).json();
        assert_eq!(json["changes"].as_array().map(Vec::len), Some(0), "{fault:?}: {json}");
        let drift = world.run(&["drift", "--no-culprit"]).expect(2);
        assert!(drift.out.contains(code), "{fault:?}: {}", drift.out);
        assert!(drift.out.contains(" that no apply mends"), "{fault:?}: {}", drift.out);
        assert!(!drift.out.contains(&format!("{code} {code}")), "{fault:?}: {}", drift.out);
        let markdown = world.run(&["drift", "--no-culprit", "--format", "markdown"]).expect(2);
        assert!(!markdown.out.contains(&format!("`{code}` {code}")), "{fault:?}: {}", markdown.out);
        world.run(&["apply", "--yes"]);
        world.run(&["drift", "--no-culprit"]).expect(2);
    }
}

/// Whether anything has drifted is not known where an input of a proof could not be read.
#[test]
fn what_verify_does_not_know_neither_plan_nor_drift_calls_unchanged() {
    let mut unknown = 0;
    for (faults, operation) in [
        (&["deny-role"][..], "iam:ListAttachedRolePolicies"),
        (&["deny-role"], "iam:GetPolicy"),
        (&["bound-role"], "iam:GetPolicyVersion"),
        (&["encrypt-bus"], "kms:GetKeyPolicy"),
        (&["encrypt-bus"], "kms:DescribeKey"),
        (&["encrypt-bus"], "events:DescribeEventBus"),
        (&["deny-key"], "kms:GetKeyPolicy"),
        (&[], "kms:DescribeKey"),
        (&[], "sqs:GetQueueAttributes"),
        (&[], "lambda:GetPolicy"),
        (&[], "sns:GetSubscriptionAttributes"),
    ] {
        let world = furnished();
        for fault in faults {
            world.run(&["sandbox", "break", fault]).expect(0);
        }
        world.change(|state| {
            state.denied.push(ctguard_sandbox::state::Denied {
                operation: operation.to_owned(),
                account: None,
                region: None,
            });
        });
        let verify = world.run(&["verify", "--format", "json"]).json();
        if verify["counts"]["unknown"] == 0 {
            continue;
        }
        unknown += 1;
        let case = format!("{faults:?} {operation}");
        let plan = world.run(&["plan"]);
        assert_eq!(plan.code, 4, "{case}: {}", plan.out);
        assert!(plan.out.contains(operation), "{case}: {}", plan.out);
        let drift = world.run(&["drift", "--no-culprit"]);
        assert!(drift.code == 4 || drift.code == 2, "{case}: {} {}", drift.code, drift.out);
        assert!(drift.out.contains(operation), "{case}: {}", drift.out);
        assert!(!drift.out.contains("No drift"), "{case}: {}", drift.out);
    }
    assert!(unknown >= 8, "only {unknown} cases are unknown to verify");
}

/// An apply deletes it, so it is a change of the plan, and verify tells it.
#[test]
fn an_inline_policy_of_somebodys_is_drift_that_apply_ends() {
    for (effect, broken) in [("Allow", false), ("Deny", true)] {
        let world = World::settled(&with_a_hub());
        let theirs = serde_json::json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": effect, "Action": "events:*", "Resource": "*" } ] });
        world.change(|state| {
            for account in state.accounts.values_mut() {
                for role in account.global.roles.values_mut() {
                    role.policies.insert("theirs".to_owned(), theirs.clone());
                }
            }
        });
        let verify = world.run(&["verify", "--strict"]).expect(3);
        assert!(verify.out.contains("role-attached"), "{}", verify.out);
        assert_eq!(verify.out.contains("role-policy"), broken, "{}", verify.out);
        let drift = world.run(&["drift", "--format", "json"]).expect(2).json();
        assert_eq!(drift["changes"].as_array().map(Vec::len), Some(1), "{drift}");
        assert!(drift.get("additions").is_none() && drift.get("denied").is_none(), "{drift}");
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["drift"]).expect(0);
        world.run(&["verify"]).expect(0);
    }
}

/// Whatever is broken or cannot be read: the first line says "No drift" where the exit code is 0,
/// and nowhere else.
#[test]
fn no_drift_is_said_where_the_exit_code_is_0_and_nowhere_else() {
    let faults = ctguard_sandbox::faults::Fault::ALL.map(ctguard_sandbox::faults::Fault::as_str);
    let denied = ["iam:GetPolicy", "events:DescribeEventBus", "s3:GetLifecycleConfiguration"];
    let denied = denied.iter().chain(&["sns:ListSubscriptionsByTopic", "events:ListRules"]);
    let cases = faults.map(|fault| (Some(fault), None)).into_iter();
    for (fault, operation) in cases.chain(denied.map(|operation| (None, Some(*operation)))) {
        let world = World::settled(&with_a_hub());
        if let Some(fault) = fault {
            world.run(&["sandbox", "break", fault]);
        }
        if let Some(operation) = operation {
            world.change(|state| {
                state.denied.push(ctguard_sandbox::state::Denied {
                    operation: operation.to_owned(),
                    account: None,
                    region: None,
                });
            });
        }
        for format in ["text", "markdown"] {
            let drift = world.run(&["drift", "--no-culprit", "--format", format]);
            let said = drift.out.contains("No drift");
            assert_eq!(said, drift.code == 0, "{fault:?} {operation:?}: {}", drift.out);
        }
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

/// Drift says what was and what is, and what is lost; only a plan says what an apply would do.
#[test]
fn drift_goes_from_the_blueprint_to_what_is_there_and_names_what_is_lost() {
    let world = World::settled(&keeping_a_trail());
    let at = |fault: &'static str, region: &'static str| {
        world.run(&["sandbox", "break", fault, "ctguard-acme-route", "--region", region]).expect(0);
    };
    at("disable-rule", "us-east-1");
    at("delete-rule", "eu-west-1");
    let drift = world.run(&["drift"]).expect(2).out;
    assert!(drift.contains("state: ENABLED → DISABLED"), "{drift}");
    assert!(drift.contains("missing, 1 changed;"), "{drift}");
    let row = drift.lines().find(|line| line.trim_start().starts_with("route ")).expect(&drift);
    assert!(row.contains("lost in 2 places"), "{drift}");
    for word in ["gained", "to update", "to create", "after", "DISABLED → ENABLED"] {
        assert!(!drift.contains(word), "{word}: {drift}");
    }
    let plan = world.run(&["plan"]).expect(0).out;
    assert!(plan.contains("state: DISABLED → ENABLED"), "{plan}");
    assert!(plan.contains("gained in 2 places"), "{plan}");
    for (format, lost) in [("sarif", "alert-lost"), ("github", "lost in 2 places")] {
        let drift = world.run(&["drift", "--format", format]).expect(2).out;
        assert!(drift.contains(lost), "{format}: {drift}");
        assert!(drift.contains("ENABLED → DISABLED"), "{format}: {drift}");
    }
    for format in ["markdown", "junit"] {
        let drift = world.run(&["drift", "--format", format]).expect(2).out;
        let backwards = drift.contains("DISABLED → ENABLED") || drift.contains("+ state: ENABLED");
        assert!(!backwards && drift.contains("DISABLED"), "{format}: {drift}");
    }
}

/// What was is green and what is is red, as a plan's is the other way round.
#[test]
fn the_colours_of_drift_are_those_of_a_loss() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "disable-rule", "ctguard-acme-route"]).expect(0);
    let screen = crate::world::Screen { width: 120, color: true };
    let drift = world.on(screen, &["drift"]).out;
    assert!(drift.contains("\u{1b}[32mENABLED\u{1b}[0m → \u{1b}[31mDISABLED"), "{drift:?}");
    let plan = world.on(screen, &["plan"]).out;
    assert!(plan.contains("\u{1b}[31mDISABLED\u{1b}[0m → \u{1b}[32mENABLED"), "{plan:?}");
}
