//! The results of the parts of a fleet, added up.

use crate::world::World;
use crate::world::blueprints::PLAIN;

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

#[test]
fn progress_is_told_to_programs_on_request() {
    let world = World::with_trail(PLAIN);
    let ran = world.run(&["verify", "--progress", "json"]);
    let lines: Vec<serde_json::Value> =
        ran.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines[0]["event"], "observe-started");
    assert_eq!(lines[1]["event"], "observed");
    assert_eq!(lines[1]["complete"], true);
    assert_eq!(lines.iter().filter(|line| line["event"] == "observed").count(), 2);
}
