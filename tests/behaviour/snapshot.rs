//! A snapshot is the account as it was: the same answers without credentials, and nothing made up.

mod laws;

use crate::world::blueprints::{PLAIN, TRAIL, keeping_a_trail};
use crate::world::{Ran, World};
use ctguard_sandbox::state::Denied;

/// Every verb that reads, in both forms.
const READS: &[&[&str]] = &[
    // Who changed what stands in CloudTrail alone.
    &["plan", "--no-culprit"],
    &["plan", "--no-culprit", "--format", "json"],
    &["plan", "--no-culprit", "--detailed-exitcode"],
    &["plan", "--no-culprit", "--region", "eu-west-1"],
    &["verify"],
    &["verify", "--format", "json"],
    &["verify", "--strict"],
    &["drift", "--no-culprit"],
    &["drift", "--no-culprit", "--format", "json"],
    &["explain", "ec2:CreateRoute"],
    &["explain", "new-user", "--format", "json"],
    &["explain", "ec2:RunInstances"],
];

fn taken(world: &World, args: &[&str]) -> Ran {
    let out = world.path("live.json").display().to_string();
    world.run(&[&["snapshot", "--out", &out], args].concat())
}

/// What is seen but for the command that comes next: no command changes a snapshot.
fn without_next(ran: &Ran) -> String {
    let seen = ran.seen();
    let of_next = |line: &str| line.starts_with("Next: ") || line.starts_with("      It leaves ");
    seen.lines().filter(|line| !of_next(line)).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn same_answers(world: &World, what: &str) {
    for args in READS {
        let (live, saved) = (world.run(args), world.offline(args));
        assert_eq!(without_next(&saved), without_next(&live), "{what}: {args:?}");
    }
}

#[test]
fn a_settled_account_is_told_without_credentials_byte_for_byte() {
    let world = World::settled(&keeping_a_trail());
    let before = world.read("account.json");
    taken(&world, &[]).expect(0);
    assert_eq!(world.read("account.json"), before, "taking a snapshot changed the account");
    same_answers(&world, "settled");
    assert_eq!(world.offline(&["verify"]).code, 0);
}

#[test]
fn an_account_with_nothing_in_it_or_with_the_trail_of_others_is_told_the_same() {
    for (world, what) in [
        (World::bare(PLAIN), "bare"),
        (World::with_trail(PLAIN), "a foreign trail"),
        (World::with_trail(&keeping_a_trail()), "a trail to keep beside a foreign one"),
        // The trail's home is no place of the blueprint, and is read all the same.
        (
            World::with_trail(
                &PLAIN
                    .replace("[us-east-1, eu-west-1]", "[eu-west-1]")
                    .replace("iam:CreateUser", "ec2:DeleteRoute"),
            ),
            "a trail at home elsewhere",
        ),
        (
            World::with_trail(&PLAIN.replace("[us-east-1, eu-west-1]", "enabled")),
            "every enabled region",
        ),
    ] {
        taken(&world, &[]).expect(0);
        same_answers(&world, what);
    }
}

#[test]
fn whatever_is_broken_is_told_the_same() {
    for fault in [
        "stop-trail",
        "disable-rule",
        "narrow-pattern",
        "retarget",
        "condition-topic-policy",
        "unsubscribe",
        "queue-policy",
        "strip-tags",
    ] {
        let world = World::settled(&keeping_a_trail());
        world.run(&["sandbox", "break", fault]).expect(0);
        taken(&world, &[]).expect(0);
        same_answers(&world, fault);
    }
}

#[test]
fn what_could_not_be_read_stays_unknown() {
    for operation in [
        "cloudtrail:DescribeTrails",
        "events:ListRules",
        "events:ListTagsForResource",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sqs:GetQueueAttributes",
        "tag:GetResources",
    ] {
        let world = World::settled(&keeping_a_trail());
        world.change(|state| {
            state.denied.push(Denied { operation: operation.into(), account: None, region: None })
        });
        let exit = taken(&world, &[]);
        let verdicts = [world.run(&["verify"]).code, world.run(&["plan"]).code];
        assert_eq!(exit.code == 4, verdicts.contains(&4), "{operation}: {}", exit.seen());
        same_answers(&world, operation);
    }
}

#[test]
fn exceptions_are_judged_by_the_day_it_was_taken_unless_another_is_named() {
    let ends = "    except: [{ where: { sourceIPAddress: [203.0.113.7] }, reason: office, until: 2026-12-31 }]\n    why: Routes";
    let world = World::settled(&keeping_a_trail().replace("    why: Routes", ends));
    taken(&world, &["--as-of", "2027-01-15"]).expect(0);
    let then = world.run(&["drift", "--no-culprit", "--as-of", "2027-01-15"]).expect(2);
    let ran = world.offline(&["drift", "--no-culprit"]);
    assert_eq!(ran.seen(), then.seen(), "its own date is not the default");
    let asked = world.offline(&["drift"]).expect(2);
    assert!(asked.out.contains("a snapshot does not hold the event history"), "{}", asked.out);
    assert_eq!(world.offline(&["drift", "--as-of", "2026-12-31"]).code, 0);
}

#[test]
fn a_place_that_it_does_not_hold_is_unknown_and_never_in_sync() {
    let world = World::settled(&keeping_a_trail());
    taken(&world, &["--region", "us-east-1"]).expect(0);
    for args in [&["plan"][..], &["drift"], &["verify"], &["explain", "route"]] {
        let ran = world.offline(args).expect(4);
        assert!(ran.out.contains("the snapshot does not hold this place"), "{}", ran.seen());
        assert_eq!(world.offline(&[args, &["--region", "us-east-1"]].concat()).code, 0, "{args:?}");
    }
    let plan = world.offline(&["plan", "--format", "json"]).json();
    assert_eq!(plan["changes"], serde_json::json!([]), "it plans what it has not seen");
}

/// The blueprint moved on: whatever nobody looked at then is unknown, not absent.
#[test]
fn what_the_blueprint_asks_for_since_is_unknown_and_not_absent() {
    let world = World::with_trail(PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    taken(&world, &[]).expect(0);
    let more = "  siem: { topic: siem, format: json, subscribers: [{ sqs: \"arn:aws:sqs:eu-west-1:111122223333:siem\" }] }\nroutes: { critical: [secops], high: [secops, siem]";
    let moved = PLAIN.replace("routes: { critical: [secops], high: [secops]", more);
    world.write("ctguard.yaml", &moved);
    let plan = world.offline(&["plan"]).expect(4);
    assert!(plan.out.contains("topic ctguard-acme-siem"), "{}", plan.out);
    assert!(!plan.out.contains("create topic"), "it creates what may exist: {}", plan.out);
    let verify = world.offline(&["verify"]).expect(4);
    assert!(verify.out.contains("Take a new snapshot with this blueprint."), "{}", verify.out);

    // A trail that is kept only since: neither its bucket nor whose it is was asked.
    world.write("ctguard.yaml", &format!("{PLAIN}{}", TRAIL.replace(" }", ", additional: true }")));
    let plan = world.offline(&["plan"]).expect(4);
    assert!(plan.out.contains("bucket acme-logs-111122223333"), "{}", plan.out);
    // Another name: its rules carry another prefix.
    world.write("ctguard.yaml", &PLAIN.replace("name: acme", "name: other"));
    let plan = world.offline(&["plan", "--format", "json"]).expect(4).json();
    let creates = plan["changes"].as_array().unwrap();
    assert!(creates.is_empty(), "{creates:#?}");
    // An alert more is fine: rules are known by their prefix.
    world.write("ctguard.yaml", &PLAIN.replace("id: new-user", "id: newer-user"));
    world.offline(&["plan"]).expect(0);
}

#[test]
fn regions_that_nobody_listed_are_an_error_that_says_what_to_do() {
    let world = World::with_trail(PLAIN);
    taken(&world, &[]).expect(0);
    world.write("ctguard.yaml", &PLAIN.replace("[us-east-1, eu-west-1]", "enabled"));
    let ran = world.offline(&["plan"]).expect(1);
    assert!(ran.err.contains("Take a new snapshot"), "{}", ran.err);
}

#[test]
fn it_goes_through_a_pipe() {
    let world = World::settled(&keeping_a_trail());
    taken(&world, &[]).expect(0);
    let piped = world.run(&["snapshot", "--out", "-"]).expect(0);
    assert_eq!(piped.out, world.read("live.json"));
    let blueprint = world.path("ctguard.yaml");
    let line =
        vec!["ctguard".into(), "--snapshot".into(), "-".into(), "verify".into(), blueprint.into()];
    assert_eq!(world.command(line, Some(&piped.out)).out, world.run(&["verify"]).out);
}

#[test]
fn verbs_that_need_live_accounts_refuse_it_and_say_why() {
    let world = World::settled(&keeping_a_trail());
    taken(&world, &[]).expect(0);
    let apply = world.offline(&["apply", "--yes"]).expect(64);
    assert!(apply.err.contains("only records how they were"), "{}", apply.err);
    world.offline(&["snapshot", "--out", "again.json"]).expect(64);
    let file = world.path("live.json").display().to_string();
    let both = world.run(&["plan", "--snapshot", &file]).expect(64);
    assert!(both.err.contains("exclude each other"), "{}", both.err);
    world.run(&["snapshot"]).expect(64);
}

#[test]
fn a_file_that_is_of_no_use_says_why() {
    let world = World::settled(&keeping_a_trail());
    taken(&world, &[]).expect(0);
    let whole = world.read("live.json");
    let cut = whole.lines().next().unwrap();
    for (text, why) in [
        (world.read("account.json").as_str(), "it is not a snapshot"),
        ("", "it is empty"),
        (cut, "0 of 1 accounts"),
        (&whole[..whole.len() - 100], "line 4: "),
        (&format!("{whole}{}", whole.lines().last().unwrap()), "is there a second time"),
        (&whole.replace("_snapshot\":1", "_snapshot\":9"), "format version 9"),
    ] {
        world.write("live.json", text);
        let ran = world.offline(&["plan"]).expect(1);
        assert!(ran.err.contains(why) && ran.err.contains("hint: "), "{why}: {}", ran.err);
    }
    std::fs::remove_file(world.path("live.json")).unwrap();
    assert!(world.offline(&["plan"]).expect(1).err.contains("cannot be read"));
}

#[test]
fn the_docs_name_every_part_that_the_file_holds_and_no_one_else_may_read_it() {
    let world = World::settled(&keeping_a_trail());
    taken(&world, &[]).expect(0);
    let docs = include_str!("../../docs/snapshot.md");
    for line in world.read("live.json").lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let seen = ["account", "place"].iter().find_map(|kind| line.get(kind)?.get("seen"));
        for part in seen.unwrap_or(&line).as_object().unwrap().keys() {
            assert!(
                docs.contains(&format!("`{part}`")),
                "docs/snapshot.md says nothing of `{part}`"
            );
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.path("live.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}
