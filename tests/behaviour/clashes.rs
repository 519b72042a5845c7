//! One file is not read and written by one command, nor written by two of its options.

use crate::world::World;
use crate::world::blueprints::PLAIN;

/// Runs a command line that is refused before anything is read or done.
#[track_caller]
fn refused(world: &World, line: &[&str], words: &[&str]) {
    let files = ["ctguard.yaml", "account.json", "kept.json"];
    let before = files.map(|name| world.read(name));
    let line = std::iter::once("ctguard").chain(line.iter().copied());
    let line = line.map(|word| match word.split_once("@") {
        Some((option, name)) => format!("{option}{}", world.path(name).display()),
        None => word.to_owned(),
    });
    let ran = world.command(line.map(Into::into).collect(), None).expect(64);
    for word in words {
        assert!(ran.err.contains(word), "`{word}` is not said: {}", ran.err);
    }
    assert_eq!(files.map(|name| world.read(name)), before, "something was written");
}

#[test]
fn a_result_goes_to_no_file_that_is_read_and_to_none_of_another_result() {
    let world = World::with_trail(PLAIN);
    world.write("kept.json", "{}\n");
    let over = "would write over what is read";
    let on = ["--sandbox", "@account.json"];
    let plan = |more: &[&'static str]| [&["plan", "@ctguard.yaml"][..], &on, more].concat();
    refused(&world, &plan(&["--out", "@ctguard.yaml"]), &["--out", over, "BLUEPRINT"]);
    refused(&world, &plan(&["--out", "@account.json"]), &["--out", over, "--sandbox"]);
    refused(&world, &plan(&["--report", "json=@account.json"]), &["--report json", over]);
    refused(
        &world,
        &plan(&["--out", "@kept.json", "--report", "markdown=@kept.json"]),
        &["--out", "--report markdown", "both write to"],
    );
    refused(
        &world,
        &plan(&["--report", "json=@kept.json", "--report", "markdown=@./kept.json"]),
        &["--report", "both write to"],
    );
    refused(
        &world,
        &plan(&["--report", "json=@new.json", "--report", "markdown=@./new.json"]),
        &["--report", "both write to"],
    );
    let verify =
        ["verify", "@ctguard.yaml", "--snapshot", "@kept.json", "--report", "json=@kept.json"];
    refused(&world, &verify, &["--report json", over, "--snapshot"]);
    let replay = ["replay", "@kept.json", "--blueprint", "@ctguard.yaml", "--html", "@kept.json"];
    refused(&world, &replay, &["--html", over, "PATH"]);
    let snapshot = [&["snapshot", "@ctguard.yaml", "--out", "@account.json"][..], &on].concat();
    refused(&world, &snapshot, &["--out", over, "--sandbox"]);
    // What is included is known once the blueprint is read.
    let part = "version: 1\nalerts:\n  - { id: more, title: M, risk: low, events: [ec2:DeleteRoute], why: w, next: n }\n";
    world.write("kept.json", part);
    let including = format!("{PLAIN}include: [{{ path: ./kept.json }}]\n");
    world.write("ctguard.yaml", &including);
    refused(&world, &plan(&["--out", "@kept.json"]), &["--out", over, "`include`"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_the_file_that_it_leads_to() {
    let world = World::with_trail(PLAIN);
    world.write("kept.json", "{}\n");
    std::os::unix::fs::symlink(world.path("ctguard.yaml"), world.path("link.json")).unwrap();
    let plan = ["plan", "@ctguard.yaml", "--sandbox", "@account.json", "--out", "@link.json"];
    refused(&world, &plan, &["--out", "would write over what is read"]);
    std::fs::hard_link(world.path("ctguard.yaml"), world.path("hard.json")).unwrap();
    let plan = ["plan", "@ctguard.yaml", "--sandbox", "@account.json", "--out", "@hard.json"];
    refused(&world, &plan, &["--out", "would write over what is read"]);
}

#[cfg(unix)]
#[test]
fn devices_and_new_files_take_any_number_of_results() {
    let world = World::with_trail(PLAIN);
    let two = ["--report", "json=/dev/null", "--report", "markdown=/dev/null"];
    world.run(&[&["plan"][..], &two].concat()).expect(0);
    let at = |name: &str| format!("json={}", world.path(name).display());
    world.run(&["plan", "--report", &at("a.json"), "--report", &at("b.json")]).expect(0);
    // Again: what is there is replaced, as always.
    world.run(&["plan", "--report", &at("a.json"), "--report", &at("b.json")]).expect(0);
    let new = world.path("new.yaml").display().to_string();
    world.run(&["init", "--out", &new, "--email", "a@b.example"]).expect(0);
}
