//! The results of the parts of a fleet, added up.

use crate::world::World;
use crate::world::blueprints::PLAIN;
use ctguard_core::scope::Region;
use ctguard_sandbox::state::Denied;
use serde_json::{Value, json};

/// What a verb says of both halves, in files.
fn halves(world: &World, verb: &str) -> Vec<String> {
    let half = |n: u32| {
        let part = format!("{n}/2");
        let ran = world.run(&[verb, "--shard", &part, "--format", "json"]);
        let file = format!("{verb}-{n}.json");
        world.write(&file, &ran.out);
        world.path(&file).display().to_string()
    };
    vec![half(1), half(2)]
}

fn merged(world: &World, files: &[String], more: &[&str]) -> crate::world::Ran {
    let files = files.iter().map(String::as_str);
    let line: Vec<&str> = ["merge"].into_iter().chain(files).chain(more.iter().copied()).collect();
    world.run(&line)
}

#[test]
fn the_parts_add_up_to_the_whole_and_exit_as_it_does() {
    let world = World::with_trail(PLAIN);
    for verb in ["verify", "plan"] {
        let whole = world.run(&[verb, "--format", "json"]);
        let files = halves(&world, verb);
        let json = merged(&world, &files, &["--format", "json"]).expect(whole.code);
        assert_eq!(json.out, whole.out, "{verb}");
        let text = merged(&world, &files, &[]).expect(whole.code);
        let told = world.run(&[verb]).out;
        assert!(told.starts_with(&text.out), "{told}\n{}", text.out);
    }
}

#[test]
fn what_is_not_the_whole_is_refused() {
    let world = World::with_trail(PLAIN);
    let (verdicts, plans) = (halves(&world, "verify"), halves(&world, "plan"));
    let missing = merged(&world, &verdicts[..1], &[]).expect(1);
    assert!(missing.err.contains("part 2/2 is missing"), "{}", missing.err);
    merged(&world, &[verdicts[0].clone(), plans[1].clone()], &[]).expect(64);
    let newer =
        world.read("verify-1.json").replace("\"format_version\": 1", "\"format_version\": 9");
    world.write("verify-1.json", &newer);
    let newer = merged(&world, &verdicts, &[]).expect(1);
    assert!(newer.err.contains("has format version 9, and this ctguard reads 1"), "{}", newer.err);
}

/// What a verdict says is within what it covers, so that a report can be refused that says more.
#[test]
fn every_verdict_can_be_merged_with_nothing() {
    for world in crate::schema::worlds() {
        for narrowed in [&[][..], &["--shard", "1/1"], &["--region", "eu-west-1"]] {
            let line = [&["verify", "--format", "json"][..], narrowed].concat();
            let ran = world.run(&line);
            world.write("verdict.json", &ran.out);
            let file = world.path("verdict.json").display().to_string();
            let merged = merged(&world, &[file], &["--format", "json"]).expect(ran.code);
            let without = |mut report: Value| {
                for key in ["shard", "sha256"] {
                    report.as_object_mut().unwrap().remove(key);
                }
                report
            };
            assert_eq!(without(merged.json()), without(ran.json()));
        }
    }
}

#[test]
fn a_part_that_speaks_for_others_is_refused() {
    let world = World::with_trail(PLAIN);
    let mut files = halves(&world, "verify");
    let covers = |file: &String| {
        let name = file.rsplit('/').next().unwrap();
        let part: Value = serde_json::from_str(&world.read(name)).unwrap();
        !part["accounts"].as_array().unwrap().is_empty()
    };
    files.sort_by_key(|file| !covers(file));
    // The part with the account, as the part without it would have it.
    let name = files[0].rsplit('/').next().unwrap();
    let stolen = match name {
        "verify-1.json" => world.read(name).replace("\"1/2\"", "\"2/2\""),
        _ => world.read(name).replace("\"2/2\"", "\"1/2\""),
    };
    let empty = match name {
        "verify-1.json" => world.read("verify-2.json").replace("\"2/2\"", "\"1/2\""),
        _ => world.read("verify-1.json").replace("\"1/2\"", "\"2/2\""),
    };
    world.write("stolen.json", &stolen);
    world.write("empty.json", &empty);
    let files = ["stolen.json", "empty.json"].map(|name| world.path(name).display().to_string());
    let ran = merged(&world, &files, &[]).expect(1);
    assert!(
        ran.err.contains("covers account 111122223333, which is another part's"),
        "{}",
        ran.err
    );
}

#[test]
fn progress_is_told_to_programs_on_request() {
    let world = World::with_trail(PLAIN);
    let ran = world.run(&["verify", "--progress", "json"]);
    let lines: Vec<Value> =
        ran.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let (accounts, places) = (&lines[0]["accounts"], &lines[0]["places"]);
    assert_eq!(lines[0]["event"], "observe-started");
    assert_eq!((accounts, places), (&json!(1), &json!(2)));
    let all = |event: &str| {
        let all = lines.iter().filter(|line| line["event"] == event);
        all.cloned().collect::<Vec<_>>()
    };
    let done = |done, failing, left| json!({ "done": done, "failing": failing, "left": left });
    let observed = all("observed");
    assert_eq!(observed.len(), 2);
    assert!(observed.iter().all(|line| line["complete"] == true), "{observed:?}");
    assert_eq!(observed[0]["places"], done(1, 0, 1), "how far it is is not said");
    assert_eq!(observed[1]["places"], done(2, 0, 0));
    assert_eq!(all("account-observed")[0]["accounts"], done(1, 0, 0));
    // A proof asks once more, for what was counted.
    assert_eq!(all("count-started")[0]["places"], 0, "there are no rules yet");
}

#[test]
fn progress_tells_how_accounts_are_found_and_which_places_fail() {
    let text = PLAIN.replace("regions: [us-east-1, eu-west-1]", "regions: enabled");
    let world = World::with_trail(&text);
    world.change(|state| {
        state.denied.push(Denied {
            operation: "events:ListRules".into(),
            account: None,
            region: Region::new("eu-west-1"),
        });
    });
    let ran = world.run(&["plan", "--progress", "json"]);
    let lines: Vec<Value> =
        ran.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let events: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!(events[..3], ["regions-started", "regions-read", "observe-started"], "{events:?}");
    assert_eq!(lines[1]["complete"], true);
    assert_eq!(lines[1]["accounts"], json!({ "done": 1, "failing": 0, "left": 0 }));
    let last = lines.iter().rfind(|line| line["event"] == "observed").unwrap();
    assert_eq!(last["places"], json!({ "done": 2, "failing": 1, "left": 0 }));
}
