//! Which controls and techniques the alerts of a blueprint serve.

use crate::world::{Ran, Screen, WIDE, World};
use serde_json::Value;

const HEAD: &str = "version: 1\nname: acme\nregions: enabled\n\
    destinations: { soc: { topic: soc, format: text, subscribers: [{ email: a@b.example }] } }\n\
    routes: { critical: [soc], high: [soc], medium: [soc], low: [soc] }\n";

fn world(rest: &str) -> World {
    let world = World::empty();
    world.write("ctguard.yaml", &format!("{HEAD}{rest}"));
    world
}

fn on(world: &World, args: &[&str]) -> Ran {
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let line: Vec<&str> = ["coverage", &blueprint].iter().chain(args).copied().collect();
    world.run(&line)
}

const CIS: &str = "include: [{ builtin: cis-aws-foundations }]\n";
const STOP: &str = "alerts:\n  - { id: stopped, title: Logging was stopped, risk: high, why: W, next: N, events: [cloudtrail:StopLogging] }\n";

#[test]
fn frameworks_are_counted_and_shown_one_by_one() {
    let world = world(CIS);
    let seen = on(&world, &[]).expect(0).out;
    let row = seen.lines().find(|line| line.starts_with("cis-5.0")).unwrap();
    assert!(row.split_whitespace().nth(1).unwrap().parse::<u32>().unwrap() >= 15, "{seen}");
    assert!(seen.contains("--framework NAME shows each control"), "{seen}");
    let seen = on(&world, &["--framework", "cis-5.0"]).expect(0).out;
    assert!(seen.contains("covered  4.5"), "{seen}");
    assert!(seen.contains("still fail these controls"), "what scanners say is missing:\n{seen}");
    assert!(!seen.contains("\nATT&CK v19 (attack)\n"), "{seen}");
    let all = on(&world, &["--all"]).expect(0).out;
    assert!(all.contains("\nATT&CK v19 (attack)\n") && all.contains("\nnist-800-53-r5\n"), "{all}");
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let narrow =
        world.on(Screen { width: 80, ..WIDE }, &["coverage", &blueprint, "--all"]).expect(0).out;
    for line in narrow.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn what_is_not_heard_is_named() {
    let seen = on(&world(STOP), &["--framework", "cis-5.0"]).expect(0).out;
    assert!(seen.contains("partly   4.5") && seen.contains("1 of 7 events"), "{seen}");
    assert!(seen.contains("no alert has cloudtrail:CreateTrail, cloudtrail:DeleteTrail"), "{seen}");
    assert!(seen.contains("not      4.11"), "{seen}");
}

/// What can never be raised serves nothing.
#[test]
fn an_alert_that_can_never_fire_covers_nothing() {
    let never = STOP.replace(
        "[cloudtrail:StopLogging]",
        "[cloudtrail:StopLogging], where: { userIdentity.type: [root] }",
    );
    let world = world(&never);
    let seen = on(&world, &["--framework", "cis-5.0"]).expect(0).out;
    assert!(seen.contains("not      4.5"), "{seen}");
    assert!(seen.contains("can never hold for cloudtrail:StopLogging"), "{seen}");
    let refused = on(&world, &["--require", "cis-5.0/4.5"]).expect(3);
    assert!(refused.err.contains("0 of 7"), "{}", refused.err);
}

#[test]
fn what_is_required_and_not_covered_fails() {
    let world = world(STOP);
    let refused = on(&world, &["--require", "cis-5.0/4.5"]).expect(3);
    assert!(refused.err.contains("cis-5.0/4.5 is required and not covered: 1 of 7"), "{refused:?}");
    on(&world, &["--require", "cis-5.0"]).expect(3);
    on(&self::world(CIS), &["--require", "cis-5.0/4.5,cis-5.0/4.15"]).expect(0);
    for (wrong, hint) in [("cis-9.9", "There is "), ("cis-5.0/99", "--framework cis-5.0")] {
        let seen = on(&world, &["--require", wrong]).expect(64);
        assert!(seen.err.contains(hint), "{seen:?}");
    }
    let seen = on(&world, &["--framework", "iso"]).expect(64);
    assert!(seen.err.contains("no alert names a framework `iso`"), "{seen:?}");
}

/// A control that only the blueprint's own alerts name has no events to count.
#[test]
fn what_cannot_be_measured_is_said_without_a_fraction_of_nothing() {
    let world = world(
        "alerts:\n  - { id: own, title: T, risk: high, events: [ec2:CreateRoute], controls: [acme-1/1.1] }\n",
    );
    let ran = on(&world, &["--require", "acme-1/1.1"]).expect(3);
    assert!(ran.err.contains("own names it, and no built-in alert has events"), "{}", ran.err);
    assert!(!ran.err.contains("0 of 0"), "{}", ran.err);
}

#[test]
fn the_layer_and_markdown_and_json_say_the_same() {
    let world = world(STOP);
    let json = on(&world, &["--format", "json"]).expect(0).json();
    let layer = on(&world, &["--navigator", "-"]).expect(0).json();
    assert_eq!(layer["domain"], "enterprise-attack");
    assert_eq!(layer["versions"]["layer"], "4.5");
    let techniques = layer["techniques"].as_array().unwrap();
    assert_eq!(techniques.len(), json["techniques"].as_array().unwrap().len());
    for (shown, measured) in techniques.iter().zip(json["techniques"].as_array().unwrap()) {
        assert_eq!(shown["techniqueID"], measured["id"]);
        let score = match measured["state"].as_str().unwrap() {
            "covered" => 100,
            "none" => 0,
            _ => 50,
        };
        assert_eq!(shown["score"], Value::from(score), "{measured}");
    }
    let file = world.path("layer.json");
    on(&world, &["--navigator", &file.display().to_string()]).expect(0);
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(saved, layer);
    let markdown = on(&world, &["--format", "markdown", "--framework", "cis-5.0"]).expect(0).out;
    assert!(
        markdown.contains("| 4.5 | ") && markdown.contains("| partly | 1 of 7 |"),
        "{markdown}"
    );
}
