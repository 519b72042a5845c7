//! The first steps of the README, run as they are written.

use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The lines of the block below a heading of the README.
fn block(heading: &str) -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("\n```").unwrap();
    block.lines().map(str::to_owned).collect()
}

/// The exit code that a line's comment tells of.
fn promised(line: &str) -> u8 {
    let said = line.split_once("# exit code ").map(|(_, rest)| rest);
    said.map_or(0, |rest| {
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    })
}

/// A clone with the program on its path, as `cargo install` leaves it.
fn clone() -> TempDir {
    let clone = TempDir::new().unwrap();
    let logs = "examples/newcomer/logs";
    std::fs::create_dir_all(clone.path().join(logs)).unwrap();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(logs)).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), clone.path().join(logs).join(entry.file_name())).unwrap();
    }
    clone
}

#[test]
fn the_first_steps_of_the_readme_go_as_they_are_written() {
    let lines = block("First steps");
    assert_eq!(lines[0].split_once(" #").unwrap().0.trim(), "cargo install --path . --locked");
    let lines = &lines[1..];
    for verb in ["init", "validate", "plan", "test", "replay", "apply", "verify", "drift"] {
        let line = format!("ctguard {verb} ");
        assert!(lines.iter().any(|one| one.starts_with(&line)), "{verb} is not shown");
    }
    // Each line is run by itself in one shell, and leaves its exit code behind.
    let script: Vec<String> =
        lines.iter().map(|line| format!("{line}\necho \"exited $?\"")).collect();
    let folder = Path::new(env!("CARGO_BIN_EXE_ctguard")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let clone = clone();
    let ran = Command::new("sh")
        .args(["-c", &script.join("\n")])
        .current_dir(clone.path())
        .env_clear()
        .env("PATH", path)
        .env("HOME", clone.path())
        .output()
        .unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    let codes: Vec<u8> = out
        .lines()
        .filter_map(|line| line.strip_prefix("exited "))
        .map(|code| code.parse::<u8>().unwrap())
        .collect();
    let wanted: Vec<u8> = lines.iter().map(|line| promised(line)).collect();
    assert_eq!(codes, wanted, "{out}\n{}", String::from_utf8_lossy(&ran.stderr));
    for said in [
        "0 warnings",
        "Next: ctguard apply",
        "database-port-opened",
        "0 broken, 0 unknown, 0 assumed, ",
        "No drift",
        "state: ENABLED → DISABLED",
    ] {
        assert!(out.contains(said), "{said}\n{out}");
    }
}

#[test]
fn an_exit_code_is_taken_from_the_comment() {
    assert_eq!(promised("ctguard verify   # exit code 3: nobody has confirmed"), 3);
    assert_eq!(promised("ctguard verify   # proven"), 0);
}
