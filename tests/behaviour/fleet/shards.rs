//! A fleet over the command line: its parts add up, and the way over the hop is told.

use super::{ACCOUNTS, ALERTS, HUB, place, text};
use crate::world::{Ran, World};
use ctguard_core::resource::rule::RuleState;
use ctguard_core::scope::AccountId;
use ctguard_sandbox::state::{Denied, RuleMetrics, StoredQueue};

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
    adds_up_in(world, verb, &[2, 3, 8]);
}

fn adds_up_in(world: &World, verb: &str, parts: &[usize]) {
    let whole = world.run(&[verb, "--format", "json"]);
    for of in parts {
        let of = *of;
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

/// The fleet of the example, applied and confirmed.
fn example(blueprint: &str) -> World {
    let world = World::empty();
    world.write("ctguard.yaml", blueprint);
    let accounts = ACCOUNTS.iter().flat_map(|account| ["--account", account]);
    let line: Vec<&str> = ["sandbox", "new"].into_iter().chain(accounts).collect();
    world.run(&line).expect(0);
    world.change(|state| {
        let at = place(ACCOUNTS[0], "us-east-1");
        let mut siem = StoredQueue::default();
        let topic = "arn:aws:sns:us-east-1:111122223333:ctguard-fleet-siem";
        siem.queue.policy = Some(serde_json::json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage", "Resource": at.arn("sqs", "siem"),
            "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
        }] }));
        state.region_mut(&at).queues.insert("siem".into(), siem);
    });
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["verify"]).expect(0);
    world
}

/// Changes what was counted of the rules on the hub's bus.
fn on_the_hub(world: &World, change: impl Fn(&mut RuleMetrics)) {
    world.change(|state| {
        let hub = state.region_mut(&place(ACCOUNTS[0], "us-east-1"));
        let on_buses = hub
            .buses
            .iter()
            .flat_map(|(bus, stored)| stored.rules.keys().map(move |rule| format!("{bus}/{rule}")));
        let rules: Vec<String> = on_buses.collect();
        assert!(!rules.is_empty());
        for rule in rules {
            change(hub.metrics.entry(rule).or_default());
        }
    });
}

const EXAMPLE: &str = include_str!("../../../examples/fleet/ctguard.yaml");

#[test]
fn what_is_wrong_on_the_hub_is_in_the_sum_of_every_number_of_parts() {
    let quiet = "    routes: { critical: [], high: [], medium: [] }\n";
    let one_routed = EXAMPLE
        .replace("    routes: { high: [siem], medium: [] }\n", "")
        .replace(
            "name: security }",
            "name: security, routes: { critical: [], high: [], medium: [] } }",
        )
        .replace("    omit: [route-table-changed]\n", quiet);
    assert_eq!(one_routed.matches("critical: []").count(), 2, "the example has changed");
    for (blueprint, parts) in [(EXAMPLE, &[2, 8][..]), (&one_routed, &[3])] {
        let world = example(blueprint);
        on_the_hub(&world, |counted| counted.failed = 4);
        world.run(&["verify"]).expect(3);
        adds_up_in(&world, "verify", parts);
        // Dead letters, a rule that is off, and one that the proof cannot count.
        on_the_hub(&world, |counted| counted.failed = 0);
        world.change(|state| {
            let hub = state.region_mut(&place(ACCOUNTS[0], "us-east-1"));
            for queue in hub.queues.values_mut() {
                queue.messages = 2;
            }
            for bus in hub.buses.values_mut() {
                let rule = bus.rules.values_mut().next().expect("a rule");
                rule.rule.state = RuleState::Disabled;
            }
            state.denied.push(Denied {
                operation: "cloudwatch:GetMetricData".into(),
                account: Some(hub_account()),
                region: None,
            });
        });
        world.run(&["verify"]).expect(3);
        for verb in ["verify", "plan", "drift"] {
            adds_up_in(&world, verb, &parts[..1]);
        }
    }
}

fn hub_account() -> AccountId {
    AccountId::new(ACCOUNTS[0]).expect("an account")
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
