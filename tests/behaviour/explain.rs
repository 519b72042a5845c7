//! One event's whole way, told so that somebody can follow it.

use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_sandbox::state::Denied;

#[test]
fn an_event_is_followed_to_the_people_in_every_place() {
    let world = World::settled(&keeping_a_trail());
    insta::assert_snapshot!(world.run(&["explain", "ec2:CreateRoute"]).expect(0).seen());
}

#[test]
fn places_with_trouble_come_first_and_stand_by_themselves() {
    let world = World::settled(&keeping_a_trail());
    world
        .run(&["sandbox", "break", "disable-rule", "ctguard-acme-route", "--region", "us-east-1"])
        .expect(0);
    insta::assert_snapshot!(world.run(&["explain", "route"]).expect(3).seen());
}

#[test]
fn conditions_exceptions_and_the_one_region_of_an_event_are_said() {
    let limited = keeping_a_trail().replace(
        "    why: People",
        "    where: { requestParameters.userName: [{ prefix: admin }] }\n    outcome: success\n    except:\n      - { where: { sourceIPAddress: [203.0.113.7] }, reason: office, owner: secops, until: 2027-03-31 }\n      - { where: { sourceIPAddress: [203.0.113.8] }, reason: moved out, until: 2026-10-01 }\n    why: People",
    );
    let world = World::settled(&limited);
    insta::assert_snapshot!(world.run(&["explain", "iam:CreateUser", "-q"]).expect(0).seen());
}

#[test]
fn an_event_that_nobody_watches_is_said_to_be_unheard() {
    let world = World::settled(&keeping_a_trail());
    let ran = world.run(&["explain", "ec2:DeleteRoute"]).expect(0);
    assert_eq!(
        ran.out,
        "ec2:DeleteRoute is watched by no alert of blueprint acme: nobody is notified.\n"
    );
    let json = world.run(&["explain", "ec2:DeleteRoute", "--format", "json"]).expect(0).json();
    assert_eq!((&json["format_version"], &json["alerts"]), (&1.into(), &serde_json::json!([])));
}

#[test]
fn an_alert_without_a_route_is_said_to_reach_nobody() {
    let world = World::with_trail(&PLAIN.replace("medium: [secops]", "medium: []"));
    let ran = world.run(&["explain", "iam:CreateUser"]).expect(0);
    assert!(ran.out.contains("it notifies nobody"), "{}", ran.out);
}

#[test]
fn names_are_found_as_in_a_blueprint() {
    let world = World::settled(&keeping_a_trail());
    let watching = keeping_a_trail().replace("[ec2:CreateRoute]", "[cloudtrail:StopLogging]");
    world.write("watching.yaml", &watching);
    let watching = world.path("watching.yaml").display().to_string();
    for name in ["cloudtrail:StopLogging", "cloudtrail.amazonaws.com:StopLogging", "StopLogging"] {
        let ran = world.run(&["explain", name, &watching]);
        assert!(
            ran.out.starts_with("cloudtrail:StopLogging is watched by 1 alert"),
            "{name}: {}",
            ran.seen()
        );
    }
    for (wrong, hint) in [
        ("ec2:CreateRout", "Did you mean ec2:CreateRoute?"),
        ("rout", "Did you mean route?"),
        ("AddPermission", "lambda:AddPermission"),
        ("aws.ec2:CreateRoute", "ec2.amazonaws.com"),
        ("ec2:*Route", "One `*` at the end"),
        ("", "hint: "),
    ] {
        let ran = world.run(&["explain", wrong]).expect(64);
        assert!(ran.err.contains(hint) && ran.out.is_empty(), "{wrong}: {}", ran.err);
    }
    let renamed = world.run(&["explain", "lambda:AddPermission"]).expect(0);
    assert!(renamed.out.contains("AddPermission20150331v2"), "{}", renamed.out);
    assert!(renamed.err.contains("event-renamed"), "{}", renamed.err);
}

#[test]
fn an_event_that_the_catalogue_does_not_know_yet_is_found_in_the_blueprint() {
    let newer = keeping_a_trail().replace(
        "[ec2:CreateRoute]",
        "[{ source: ec2.amazonaws.com, name: CreateWormhole, unchecked: true }]",
    );
    let world = World::settled(&newer);
    for name in ["ec2:CreateWormhole", "CreateWormhole", "ec2.amazonaws.com:CreateWormhole"] {
        let ran = world.run(&["explain", name]).expect(0);
        assert!(ran.out.contains("is watched by 1 alert"), "{}", ran.out);
    }
}

/// Of an alert on several events, only what decides about the one is told.
#[test]
fn another_event_of_the_same_alert_does_not_matter() {
    let two = keeping_a_trail().replace("[ec2:CreateRoute]", "[ec2:CreateRoute, sts:AssumeRole]");
    let world = World::settled(&two);
    world.run(&["sandbox", "break", "narrow-selectors"]).expect(0);
    let code = |what: &str| world.run(&["explain", what]).code;
    let (route, role, alert) = (code("ec2:CreateRoute"), code("sts:AssumeRole"), code("route"));
    assert_eq!(route.min(role), 0, "a trail that records one half breaks both");
    assert_eq!(route.max(role), 3);
    assert_eq!(alert, 3);
}

#[test]
fn what_cannot_be_read_is_unknown_and_exits_4() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        let operation = "events:ListRules".to_owned();
        state.denied.push(Denied { operation, account: None, region: None })
    });
    let ran = world.run(&["explain", "route"]).expect(4);
    assert!(ran.out.contains("? unknown rule-missing"), "{}", ran.out);
}

#[test]
fn letters_that_wait_in_these_places_fail_the_check() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "rewrite-topic-policy", "--region", "eu-west-1"]).expect(0);
    world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["explain", "ec2:CreateRoute"]).expect(3);
    assert!(ran.out.contains("✗ broken dead-letters"), "{}", ran.out);
    // Nobody's user ends up in that place.
    world.run(&["explain", "iam:CreateUser"]).expect(0);
}

/// Whoever doubts a verdict sees what it was made from.
#[test]
fn the_live_values_that_prove_a_link_are_shown() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "narrow-pattern", "ctguard-acme-route"]).expect(0);
    let json = world.run(&["explain", "route", "--format", "json"]).expect(3).json();
    let links = json["alerts"][0]["chains"][0]["links"].as_array().unwrap();
    let live = |code: &str| &links.iter().find(|link| link["code"] == code).unwrap()["live"];
    let rule = live("rule-pattern");
    assert_eq!(rule["state"], "ENABLED");
    let narrowed =
        world.state().accounts.values().flat_map(|account| account.regions.values()).any(
            |region| {
                let stored = &region.rules["ctguard-acme-route"].rule.event_pattern;
                serde_json::from_str::<serde_json::Value>(stored.as_ref().unwrap()).unwrap()
                    == rule["event_pattern"]
            },
        );
    assert!(narrowed, "the pattern shown is none of the account's: {rule:#}");
    assert_eq!(live("trail-missing")["logging"], true);
}

#[test]
fn what_was_read_of_a_proven_link_is_told_on_demand() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "narrow-pattern", "ctguard-acme-route"]).expect(0);
    let brief = world.run(&["explain", "route"]).expect(3).out;
    let broken = brief.split("✗").nth(1).unwrap().split("✓").next().unwrap();
    assert!(broken.contains("live: {"), "what breaks a link is shown: {brief}");
    assert_eq!(brief.matches("live: ").count(), brief.matches("✗").count(), "{brief}");
    assert!(brief.contains("`-v` shows what was read of proven links, too"), "{brief}");
    let full = world.run(&["explain", "route", "-v"]).expect(3).out;
    assert!(full.matches("live: ").count() > brief.matches("live: ").count() + 4, "{full}");
    assert!(!full.contains("`-v` shows"), "{full}");
}
