//! A fleet over the command line: its parts add up, and the way over the hop is told.

use super::{ACCOUNTS, ALERTS, HUB, text};
use crate::world::{Ran, World};

/// Three accounts in a file, and the blueprint over them, with the hub.
fn world() -> World {
    let world = World::empty();
    world.write("ctguard.yaml", &text(HUB, ALERTS));
    let accounts = ACCOUNTS.iter().flat_map(|account| ["--account", account]);
    let line: Vec<&str> = ["sandbox", "new"].into_iter().chain(accounts).collect();
    world.run(&line).expect(0);
    world
}

/// What the parts of a verb's result add up to.
fn merged(world: &World, verb: &str, of: usize) -> Ran {
    let mut line = vec!["merge".to_owned()];
    for n in 1..=of {
        let ran = world.run(&[verb, "--shard", &format!("{n}/{of}"), "--format", "json"]);
        let file = format!("{verb}-{n}.json");
        world.write(&file, &ran.out);
        line.push(world.path(&file).display().to_string());
    }
    line.extend(["--format".to_owned(), "json".to_owned()]);
    world.run(&line.iter().map(String::as_str).collect::<Vec<_>>())
}

fn adds_up(world: &World, verb: &str) {
    let whole = world.run(&[verb, "--format", "json"]);
    for of in [2, 3, 8] {
        let sum = merged(world, verb, of);
        assert_eq!(sum.out, whole.out, "{verb} in {of} parts");
        assert_eq!(sum.code, whole.code, "{verb} in {of} parts");
    }
}

#[test]
fn the_parts_of_a_fleet_add_up_to_it_before_and_after_an_apply_and_with_trouble() {
    let world = world();
    for verb in ["plan", "verify"] {
        adds_up(&world, verb);
    }
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    for verb in ["plan", "verify"] {
        adds_up(&world, verb);
        world.run(&[verb]).expect(0);
    }
    // Somebody else's rule stands where one of the hub's would: every part's alerts depend on it.
    world.change(|state| {
        for account in state.accounts.values_mut() {
            for region in account.regions.values_mut() {
                for rule in region.rules.values_mut() {
                    rule.tags.clear();
                }
                for trail in region.trails.values_mut() {
                    trail.status.logging = false;
                }
            }
        }
    });
    for verb in ["plan", "verify"] {
        adds_up(&world, verb);
    }
}

#[test]
fn every_part_applied_by_itself_makes_the_whole() {
    let world = world();
    for n in 1..=3 {
        world.run(&["apply", "--yes", "--shard", &format!("{n}/3")]).expect(0);
    }
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["drift"]).expect(0);
    world.run(&["verify"]).expect(0);
}

#[test]
fn explain_follows_an_event_over_the_hop() {
    let world = world();
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let told = world.run(&["explain", "ec2:CreateRoute", "--account", ACCOUNTS[1]]).expect(0).out;
    let way = [
        "ctguard-acme-forward-",
        ":role/ctguard-acme",
        "arn:aws:events:us-east-1:111122223333:event-bus/ctguard-acme",
        "ctguard-acme-route",
        "a@acme.example",
    ];
    let mut rest = told.as_str();
    for step in way {
        let at = rest.find(step);
        assert!(at.is_some(), "`{step}` is not told, or not in the order of the way:\n{told}");
        rest = &rest[at.unwrap_or_default()..];
    }
}
