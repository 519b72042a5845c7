//! What the README shows is what the program prints.

use crate::world::World;
use std::path::Path;

/// A command that the README shows, and the lines that it says follow; `…` is anything.
type Shown = (String, Vec<String>);

fn shown() -> Vec<Shown> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let mut all: Vec<Shown> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for line in block.lines() {
            match line.strip_prefix("$ ctguard ") {
                Some(command) => all.push((command.to_owned(), Vec::new())),
                None => all.last_mut().unwrap().1.push(line.to_owned()),
            }
        }
    }
    all
}

/// Times differ from run to run.
fn timeless(line: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches('.');
        let is_time = bare.len() == 20 && bare.ends_with('Z') && bare.starts_with("20");
        if is_time { "TIME".to_owned() } else { word.to_owned() }
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

/// Whether the lines come in this order; between them may be others where `…` stands.
fn follows(lines: &[String], output: &str) -> Result<(), String> {
    let output: Vec<String> = output.lines().map(timeless).collect();
    let (mut at, mut anywhere) = (0, false);
    // An empty line parts a command from the one before.
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    for line in &lines[..end] {
        if line.trim() == "…" {
            anywhere = true;
            continue;
        }
        let wanted = timeless(line);
        // The files of this test stand in the command line.
        let is = |one: &String| {
            *one == wanted || (one.starts_with("Next: ") && one.starts_with(&wanted))
        };
        let mut rest = output[at..].iter();
        let found = match anywhere {
            true => rest.position(is),
            false => rest.next().filter(|one| is(one)).map(|_| 0),
        };
        let Some(found) = found else {
            let next = output.get(at).map_or("the end", String::as_str);
            return Err(format!("`{wanted}` does not follow; there is `{next}`"));
        };
        (at, anywhere) = (at + found + 1, false);
    }
    Ok(())
}

#[test]
fn what_the_readme_shows_is_what_is_printed() {
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/story/ctguard.yaml");
    let story = std::fs::read_to_string(story).unwrap();
    let bare = World::bare(&story);
    let broken = World::bare(&story);
    broken.run(&["apply", "--yes"]).expect(0);
    broken.run(&["sandbox", "confirm"]).expect(0);
    broken.run(&["sandbox", "break", "stop-trail"]).expect(0);
    broken.run(&["sandbox", "break", "disable-rule", "root-console-login"]).expect(0);
    let all = shown();
    assert!(all.len() >= 3, "{all:?}");
    for (command, lines) in all {
        let world = if command == "plan" { &bare } else { &broken };
        let words: Vec<&str> = command.split(' ').collect();
        let ran = world.run(&words);
        if let Err(why) = follows(&lines, &ran.out) {
            panic!("ctguard {command}: {why}\n{}", ran.out);
        }
    }
}
