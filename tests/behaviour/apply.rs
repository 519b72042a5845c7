use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_core::resource::RELEASED_TAG;
use ctguard_sandbox::state::Denied;

#[test]
fn says_what_it_did_and_who_must_confirm() {
    let world = World::bare(&keeping_a_trail());
    let ran = world.run(&["apply", "--yes", "-q"]).expect(0);
    let report = ran.out.split("\nApplied ").nth(1).unwrap();
    insta::assert_snapshot!(report);
}

#[test]
fn asks_and_takes_only_yes_for_an_answer() {
    let world = World::with_trail(PLAIN);
    let before = world.read("account.json");
    for answer in ["no\n", "y\n", ""] {
        let ran = world.typing(&["apply"], answer).expect(5);
        assert!(ran.err.contains("nothing was changed"), "{}", ran.err);
        assert_eq!(world.read("account.json"), before);
    }
    world.typing(&["apply"], "yes\n").expect(0);
    assert_ne!(world.read("account.json"), before);
}

#[test]
fn never_asks_where_nobody_can_answer() {
    let world = World::with_trail(PLAIN);
    let before = world.read("account.json");
    let ran = world.run(&["apply"]).expect(5);
    assert!(ran.err.contains("--yes"), "{}", ran.err);
    assert_eq!(world.read("account.json"), before);
}

#[test]
fn with_nothing_to_do_asks_nothing_and_writes_nothing() {
    let world = World::settled(&keeping_a_trail());
    let before = world.read("account.json");
    let ran = world.run(&["apply"]).expect(0);
    assert!(ran.out.contains("No changes"), "{}", ran.out);
    assert_eq!(world.read("account.json"), before);
}

#[test]
fn a_refused_call_is_reported_with_what_depends_on_it_and_the_rest_is_done() {
    let world = World::with_trail(PLAIN);
    world.change(|state| {
        state.denied.push(Denied {
            operation: "sns:CreateTopic".into(),
            account: None,
            region: Some("eu-west-1".to_owned().try_into().unwrap()),
        });
    });
    let ran = world.run(&["apply", "--yes", "--format", "json"]).expect(4);
    let report = ran.json();
    let outcome = |kind: &str, region: &str| {
        let outcomes = report["outcomes"].as_array().unwrap();
        let found: Vec<_> = outcomes
            .iter()
            .filter(|o| o["address"]["kind"] == kind && o["address"]["region"] == region)
            .map(|o| o["outcome"].as_str().unwrap().to_owned())
            .collect();
        found
    };
    assert_eq!(outcome("topic", "eu-west-1"), ["failed"]);
    assert_eq!(outcome("subscription", "eu-west-1"), ["not-attempted"]);
    assert_eq!(outcome("target", "eu-west-1"), ["not-attempted"]);
    assert_eq!(outcome("rule", "eu-west-1"), ["done"]);
    assert_eq!(outcome("topic", "us-east-1"), ["done"]);
    assert_eq!(outcome("target", "us-east-1"), ["done", "done"]);
    let failed =
        report["outcomes"].as_array().unwrap().iter().find(|o| o["outcome"] == "failed").unwrap();
    assert!(failed["why"].as_str().unwrap().contains("Allow sns:CreateTopic"), "{failed}");

    world.change(|state| state.denied.clear());
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn an_unrefused_rest_is_applied_around_a_foreign_object() {
    let world = World::settled(&keeping_a_trail());
    world
        .run(&["sandbox", "break", "strip-tags", "ctguard-acme-route", "--region", "us-east-1"])
        .expect(0);
    world.run(&["sandbox", "break", "disable-rule", "ctguard-acme-new-user"]).expect(0);
    let ran = world.run(&["apply", "--yes"]).expect(5);
    assert!(ran.out.contains("1 change done"), "{}", ran.out);
    assert!(ran.out.contains("refused"), "{}", ran.out);
}

#[test]
fn an_empty_blueprint_removes_everything_owned_but_trail_and_bucket() {
    let world = World::settled(&keeping_a_trail());
    let emptied = "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\nalerts: []\n";
    world.write("ctguard.yaml", emptied);
    world.run(&["apply", "--yes", "--allow-lost-coverage", "--allow-deletion"]).expect(0);
    let state = world.state();
    for account in state.accounts.values() {
        for (region, regional) in &account.regions {
            assert!(
                regional.rules.is_empty()
                    && regional.topics.is_empty()
                    && regional.queues.is_empty(),
                "{region}"
            );
            for trail in regional.trails.values() {
                assert!(trail.status.logging, "a released trail goes on logging");
                let mark = (RELEASED_TAG.to_owned(), "acme".to_owned());
                assert!(trail.tags.iter().eq([(&mark.0, &mark.1)]), "{:?}", trail.tags);
            }
        }
        assert_eq!(account.global.buckets.len(), 1, "a bucket is never deleted");
    }
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_subscriber_taken_off_the_list_is_unsubscribed_and_a_stranger_stays() {
    let two = PLAIN.replace(
        "[{ email: secops@acme.example }]",
        "[{ email: secops@acme.example }, { email: gone@acme.example }]",
    );
    let world = World::with_trail(&two);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.change(|state| {
        use ctguard_core::resource::topic::{Endpoint, Protocol};
        use ctguard_sandbox::state::StoredSubscription;
        let regions = state.accounts.values_mut().flat_map(|account| &mut account.regions);
        for (region, regional) in regions {
            for (name, topic) in &mut regional.topics {
                topic.subscriptions.insert(
                    Endpoint::new(Protocol::Email, "stranger@acme.example"),
                    StoredSubscription::Confirmed {
                        arn: format!("arn:aws:sns:{region}:111122223333:{name}:5f3c"),
                        attributes: Default::default(),
                    },
                );
            }
        }
    });
    world.write("ctguard.yaml", PLAIN);
    let ran = world.run(&["apply", "--yes"]).expect(0);
    assert!(ran.out.contains("stranger@acme.example is subscribed"), "{}", ran.out);
    let text = world.read("account.json");
    assert!(!text.contains("gone@acme.example"), "an unlisted subscriber of ours must go");
    assert!(text.contains("stranger@acme.example"), "a subscriber that others added must stay");
}

#[test]
fn a_lapsed_subscription_gets_one_new_mail() {
    let world = World::with_trail(PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["drift"]).expect(0);
    world.run(&["sandbox", "advance"]).expect(0);
    let ran = world.run(&["drift"]).expect(2);
    assert!(ran.out.contains("email:secops@acme.example"), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["drift"]).expect(0);
}

#[test]
fn nobody_is_said_to_owe_an_answer_to_a_request_that_was_not_sent() {
    let world = World::with_trail(PLAIN);
    world.change(|state| {
        state.denied.push(Denied {
            operation: "sns:SetTopicAttributes".into(),
            account: None,
            region: Some("eu-west-1".to_owned().try_into().unwrap()),
        });
    });
    let report = world.run(&["apply", "--yes", "--format", "json"]).expect(4).json();
    let waiting = report["waiting"].as_array().unwrap();
    let regions: Vec<_> = waiting.iter().map(|w| w["address"]["region"].clone()).collect();
    assert_eq!(regions, ["us-east-1"], "{waiting:#?}");
}

#[test]
fn an_alert_over_several_rules_changes_to_its_end_in_one_apply() {
    let big = |from: usize, to: usize| {
        let events: Vec<String> = (from..to)
            .map(|n| {
                format!("{{ source: new.amazonaws.com, name: MakeSomethingVeryLong{n:04}, unchecked: true, read_only: false }}")
            })
            .collect();
        PLAIN.replace("[ec2:CreateRoute]", &format!("[{}]", events.join(", ")))
    };
    let world = World::with_trail(&big(10, 210));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    for (from, to) in [(5, 210), (30, 210), (30, 260), (0, 100)] {
        world.write("ctguard.yaml", &big(from, to));
        world.run(&["apply", "--yes", "--allow-lost-coverage"]).expect(0);
        let plan = world.run(&["plan", "--detailed-exitcode", "--format", "json"]);
        let left = plan.json();
        assert_eq!(plan.code, 0, "{from}..{to}: {:#}", left["changes"]);
        assert_eq!(left["waiting"].as_array().unwrap().len(), 0, "{from}..{to}: {left:#}");
        world.run(&["verify"]).expect(0);
    }
}
