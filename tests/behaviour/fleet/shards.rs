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

/// The parts of a verb's result, as files; the first is narrowed by more options.
fn parts(world: &World, verb: &str, of: usize, first: &[&str]) -> Vec<String> {
    let part = |n: usize| {
        let shard = format!("{n}/{of}");
        let own = [verb, "--shard", shard.as_str(), "--format", "json"];
        let line = [&own[..], if n == 1 { first } else { &[] }];
        let file = format!("{verb}-{n}.json");
        world.write(&file, &world.run(&line.concat()).out);
        world.path(&file).display().to_string()
    };
    (1..=of).map(part).collect()
}

fn merge_of(world: &World, files: &[String]) -> Ran {
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let line = ["merge", "--blueprint", &blueprint];
    let line: Vec<&str> = line.into_iter().chain(files.iter().map(String::as_str)).collect();
    world.run(&line)
}

/// One job of several with another choice of regions would leave out what drifted elsewhere.
#[test]
fn a_part_that_was_narrowed_is_never_taken_for_a_whole_one() {
    let world = example(EXAMPLE);
    world.run(&["sandbox", "break", "disable-rule"]).expect(0);
    for verb in ["plan", "drift", "verify"] {
        let files = parts(&world, verb, 3, &["--region", "eu-west-1"]);
        let ran = merge_of(&world, &files).expect(1);
        assert!(ran.err.contains("differs: eu-west-1 and all"), "{verb}: {}", ran.err);
    }
    // Each of them narrowed alike is the same as the whole narrowed so.
    for verb in ["drift", "verify"] {
        let narrowed = ["--region", "us-east-1"];
        let whole = world.run(&[&[verb, "--format", "json"][..], &narrowed].concat());
        let mut files = Vec::new();
        for n in 1..=2 {
            let shard = format!("{n}/2");
            let line = [&[verb, "--shard", &shard, "--format", "json"][..], &narrowed].concat();
            let file = format!("narrow-{n}.json");
            world.write(&file, &world.run(&line).out);
            files.push(world.path(&file).display().to_string());
        }
        let line: Vec<&str> = ["merge", "--format", "json"]
            .into_iter()
            .chain(files.iter().map(String::as_str))
            .collect();
        let sum = world.run(&line);
        assert_eq!((sum.code, sum.out), (whole.code, whole.out), "{verb}");
    }
}

/// Whoever edits a part takes an account out of it with everything that is said of it.
#[test]
fn a_part_that_leaves_out_an_account_is_refused() {
    let world = example(EXAMPLE);
    world.run(&["sandbox", "break", "disable-rule"]).expect(0);
    for verb in ["drift", "verify"] {
        let files = parts(&world, verb, 2, &[]);
        let name = files[0].rsplit('/').next().unwrap().to_owned();
        let mut part: serde_json::Value = serde_json::from_str(&world.read(&name)).unwrap();
        match verb {
            "drift" => part["scope"]["accounts"] = serde_json::json!([]),
            _ => part["accounts"] = serde_json::json!([]),
        }
        world.write(&name, &part.to_string());
        let ran = merge_of(&world, &files);
        assert_eq!(ran.code, 1, "{verb}: {}", ran.seen());
        // What drifted is taken out, and nothing else.
        let files = parts(&world, verb, 2, &[]);
        for file in files.iter().filter(|_| verb == "drift") {
            let name = file.rsplit('/').next().unwrap();
            let mut part: serde_json::Value = serde_json::from_str(&world.read(name)).unwrap();
            if part["changes"] != serde_json::json!([]) {
                part["changes"] = serde_json::json!([]);
                world.write(name, &part.to_string());
                let ran = merge_of(&world, &files).expect(1);
                assert!(ran.err.contains("somebody edited the file"), "{}", ran.err);
            }
        }
    }
}

/// A part of all that is one account's, as somebody would have it who makes every hash anew.
#[test]
fn parts_that_leave_out_an_account_of_the_blueprint_are_refused() {
    let world = world();
    let listed = world.read("ctguard.yaml");
    let fewer: String = listed
        .lines()
        .filter(|line| !line.contains(ACCOUNTS[2]))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(fewer, listed);
    world.write("ctguard.yaml", &fewer);
    for verb in ["plan", "drift", "verify"] {
        let files = parts(&world, verb, 2, &[]);
        world.write("ctguard.yaml", &listed);
        let ran = merge_of(&world, &files).expect(1);
        assert!(
            ran.err.contains("lists accounts that are in none of them: 333344445555"),
            "{verb}: {}",
            ran.err
        );
        world.write("ctguard.yaml", &fewer);
        assert_eq!(merge_of(&world, &files).code, world.run(&[verb]).code, "{verb}");
    }
}

#[test]
fn large_numbers_in_a_part_are_refused_and_break_nothing() {
    let world = example(EXAMPLE);
    let files = parts(&world, "verify", 2, &[]);
    for path in
        ["/alerts/0/counts/broken", "/accounts/0/places", "/counts/proven", "/alerts/0/partly"]
    {
        for file in &files {
            let name = file.rsplit('/').next().unwrap();
            let kept = world.read(name);
            let mut part: serde_json::Value = serde_json::from_str(&kept).unwrap();
            if let Some(number) = part.pointer_mut(path) {
                *number = u64::MAX.into();
                world.write(name, &part.to_string());
                merge_of(&world, &files).expect(1);
                world.write(name, &kept);
            }
        }
    }
}

/// What is read of the hub may fail in one part as a read, and in others as what rests on it.
#[test]
fn a_read_that_fails_is_told_once_however_many_parts_there_are() {
    for fault in [
        &["deny-calls", "events:ListRules"][..],
        &["throttle-calls", "events:ListTargetsByRule"],
        &["garble-answers", "sns:GetTopicAttributes"],
    ] {
        let world = example(EXAMPLE);
        world.run(&[&["sandbox", "break"], fault].concat()).expect(0);
        for verb in ["plan", "drift"] {
            let whole = world.run(&[verb, "--format", "json"]).json();
            let sum = merged(&world, verb, 3).json();
            assert_eq!(sum["unknown"], whole["unknown"], "{verb} {fault:?}");
            assert_eq!(sum["culprits"], whole["culprits"], "{verb} {fault:?}");
        }
    }
}

/// What nobody could read is no silence.
#[test]
fn what_could_not_be_read_is_called_unknown_and_not_silent() {
    let world = example(EXAMPLE);
    world
        .run(&["sandbox", "break", "deny-calls", "events:ListRules", "--account", ACCOUNTS[1]])
        .expect(0);
    for verb in ["plan", "drift"] {
        let told = world.run(&[verb, "--format", "github"]);
        assert_eq!(told.code, 4, "{verb}");
        assert!(told.out.contains("alert-unknown"), "{verb}: {}", told.out);
        assert!(!told.out.contains("::error"), "{verb}: {}", told.out);
        for format in ["text", "markdown"] {
            let told = world.run(&[verb, "--format", format]).out;
            assert!(told.contains("not known in") && !told.contains("silent"), "{verb}: {told}");
        }
    }
}

/// A narrowed drift tells of the hub, on which the places asked for depend.
#[test]
fn what_drifted_on_the_hub_is_told_to_whoever_asks_for_another_place() {
    let world = example(EXAMPLE);
    world
        .run(&[
            "sandbox",
            "break",
            "disable-rule",
            "--account",
            ACCOUNTS[0],
            "--region",
            "us-east-1",
        ])
        .expect(0);
    for format in ["text", "markdown", "github", "junit", "sarif"] {
        let told = world.run(&["drift", "--region", "eu-west-1", "--format", format]).expect(2).out;
        assert!(!told.contains("No drift"), "{format}: {told}");
        assert!(told.contains("111122223333") && told.contains("us-east-1"), "{format}: {told}");
    }
    // What is silent though nothing drifted is left to verify.
    let world = example(EXAMPLE);
    world.run(&["sandbox", "break", "unconfirm"]);
    let told = world.run(&["drift", "--format", "github"]);
    assert_eq!(told.code == 0, !told.out.contains("::error"), "{}", told.seen());
}

#[test]
fn an_alert_without_a_place_is_not_proven() {
    let world = example(EXAMPLE);
    for n in 1..=4 {
        let told = world.run(&["verify", "--shard", &format!("{n}/4")]).out;
        assert!(!told.contains("0/0"), "{told}");
    }
    let empty = (1..=4).map(|n| world.run(&["drift", "--shard", &format!("{n}/4")]).out);
    let empty: Vec<String> = empty.filter(|told| told.contains("no account (part")).collect();
    assert!(!empty.is_empty(), "each part has an account");
    assert!(empty.iter().all(|told| told.contains("0 regions.")), "{empty:?}");
}
