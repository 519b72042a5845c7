//! Files that are written whole or not at all, and what is no file.

#![cfg(unix)]

use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use std::ffi::OsString;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The names in the world's folder.
fn names(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.path("")).unwrap();
    let mut names: Vec<String> =
        entries.map(|one| one.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Each option that names a file to write, after the verb that has it.
fn writers(file: &str) -> Vec<Vec<String>> {
    let report = |format: &str| format!("{format}={file}");
    let line = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut all = vec![
        line(&["plan", "--out", file]),
        line(&["snapshot", "--out", file]),
        line(&["coverage", "--navigator", file]),
        line(&["replay", "--blueprint", "BLUEPRINT", "--html", file, "LOGS"]),
    ];
    for format in ["text", "json", "markdown", "sarif", "junit", "github"] {
        all.push(line(&["plan", "--report", &report(format)]));
        all.push(line(&["verify", "--report", &report(format)]));
    }
    all
}

fn run(world: &World, line: &[String]) -> crate::world::Ran {
    let real = |word: &String| match word.as_str() {
        "BLUEPRINT" => world.path("ctguard.yaml").display().to_string(),
        "LOGS" => world.path("logs.json").display().to_string(),
        word => word.to_owned(),
    };
    let line: Vec<String> = line.iter().map(real).collect();
    world.run(&line.iter().map(String::as_str).collect::<Vec<_>>())
}

fn world() -> World {
    let world = World::settled(&keeping_a_trail());
    world.write("logs.json", "{\"Records\":[]}");
    world
}

#[test]
fn whatever_is_written_is_private_and_replaces_the_whole_file() {
    let world = world();
    let before = names(&world);
    let path = world.path("result");
    for line in writers(&path.display().to_string()) {
        world.write("result", "old");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let ran = run(&world, &line);
        assert!([0, 2, 4].contains(&ran.code), "{line:?} {}", ran.err);
        assert_ne!(world.read("result"), "old", "{line:?}");
        assert_eq!(mode(&path), 0o600, "{line:?}");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(names(&world), before, "{line:?}");
    }
}

#[test]
fn what_is_no_regular_file_is_written_through_and_stays_what_it_is() {
    let world = world();
    let path = world.path("pipe");
    pipe(&path);
    for line in writers(&path.display().to_string()) {
        let reader = {
            let path = path.clone();
            std::thread::spawn(move || std::fs::read_to_string(path).unwrap())
        };
        let ran = run(&world, &line);
        assert!([0, 2, 4].contains(&ran.code), "{line:?} {}", ran.err);
        drop(reader.join().unwrap());
        assert!(std::fs::metadata(&path).unwrap().file_type().is_fifo(), "{line:?}");
    }
    for line in writers("/dev/null") {
        let ran = run(&world, &line);
        assert!([0, 2, 4].contains(&ran.code), "{line:?} {}", ran.err);
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
}

#[test]
fn a_link_is_followed_and_stays_a_link() {
    let world = world();
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    for (link, target) in [("to-old", "elsewhere/old"), ("to-new", "elsewhere/new")] {
        symlink(target, world.path(link)).unwrap();
    }
    world.write("elsewhere/old", "old");
    for (link, target) in [("to-old", "elsewhere/old"), ("to-new", "elsewhere/new")] {
        for line in writers(&world.path(link).display().to_string()) {
            run(&world, &line);
            assert!(world.path(link).symlink_metadata().unwrap().is_symlink(), "{line:?}");
            assert_ne!(world.read(target), "old", "{line:?}");
            world.write(target, "old");
        }
    }
    symlink("round", world.path("round")).unwrap();
    for line in writers(&world.path("round").display().to_string()) {
        assert_eq!(run(&world, &line).code, 1, "{line:?}");
    }
}

#[test]
fn what_fmt_writes_back_keeps_its_readers_and_its_link() {
    let world = World::empty();
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    let file = world.path("elsewhere/blueprint.yaml");
    world.write("elsewhere/blueprint.yaml", &PLAIN.replacen("version: 1", "version:   1", 1));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("elsewhere/blueprint.yaml", world.path("ctguard.yaml")).unwrap();
    let line = ["ctguard", "fmt"].map(OsString::from).to_vec();
    world.command([line, vec![world.path("ctguard.yaml").into()]].concat(), None).expect(0);
    assert!(world.read("elsewhere/blueprint.yaml").contains("version: 1\n"));
    assert_eq!(mode(&file), 0o640);
    assert!(world.path("ctguard.yaml").symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read_dir(world.path("elsewhere")).unwrap().count(), 1);
}

#[test]
fn the_umask_says_who_may_read_a_new_blueprint() {
    let world = World::empty();
    for (umask, wanted) in [("027", 0o640), ("077", 0o600), ("022", 0o644)] {
        let file = world.path(&format!("{umask}.yaml"));
        let ctguard = env!("CARGO_BIN_EXE_ctguard");
        let line = format!("umask {umask}; exec \"$0\" init --email a@acme.example --out \"$1\"");
        let ran = Command::new("sh").args(["-c", &line, ctguard]).arg(&file).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        assert_eq!(mode(&file), wanted, "{umask}");
    }
}

#[test]
fn a_pipe_where_the_schema_would_be_does_not_keep_init_waiting() {
    let world = World::empty();
    pipe(&world.path("ctguard.schema.json"));
    let line = ["ctguard", "init", "--email", "a@acme.example", "--out"].map(OsString::from);
    let made = [line.to_vec(), vec![world.path("ctguard.yaml").into()]].concat();
    let ran = world.command(made, None).expect(0);
    assert!(ran.err.contains("no schema") && ran.err.contains("named pipe"), "{}", ran.err);
}

#[test]
fn what_cannot_be_written_leaves_the_old_file_and_nothing_beside_it() {
    let world = world();
    world.write("kept", "old");
    let before = names(&world);
    let nowhere = world.path("no-folder/result").display().to_string();
    let folder = world.path("").display().to_string();
    for file in [nowhere.as_str(), folder.as_str(), "/dev/full"] {
        if file == "/dev/full" && !Path::new(file).exists() {
            continue;
        }
        // Of what is in order, GitHub's annotations say nothing.
        for line in writers(file).iter().filter(|line| !line[2].starts_with("github=")) {
            let ran = run(&world, line);
            assert_eq!(ran.code, 1, "{line:?} {}", ran.err);
            assert!(ran.err.contains("cannot write"), "{line:?} {}", ran.err);
        }
    }
    assert_eq!(names(&world), before);
    assert_eq!(world.read("kept"), "old");
}

#[test]
fn what_a_killed_run_has_left_is_gone_after_the_next() {
    let world = world();
    let (old, young) = (".result.abc.ctguard-tmp", ".result.def.ctguard-tmp");
    world.write(old, "half");
    world.write(young, "another run's");
    let hours = SystemTime::now() - Duration::from_secs(7_200);
    std::fs::File::options()
        .write(true)
        .open(world.path(old))
        .unwrap()
        .set_modified(hours)
        .unwrap();
    let file = world.path("result").display().to_string();
    world.run(&["plan", "--out", &file]).expect(0);
    assert!(!world.path(old).exists() && world.path(young).exists());
}

#[test]
fn a_dash_is_standard_output_wherever_a_file_is_written() {
    let world = world();
    for name in ["-", "/dev/stdout"] {
        let plan = world.run(&["plan", "--out", name]).expect(0).json();
        assert_eq!(plan["ctguard_plan"], 1);
        let snapshot = world.run(&["snapshot", "--out", name]).expect(0).out;
        assert!(snapshot.starts_with("{\"ctguard_snapshot\":1"), "{snapshot}");
        for line in writers(name) {
            let ran = run(&world, &line);
            assert!([0, 2, 4].contains(&ran.code) && !ran.out.is_empty(), "{line:?} {}", ran.err);
        }
        let page = ["replay", "--blueprint", "BLUEPRINT", "--html", name, "LOGS"];
        let page = run(&world, &page.map(str::to_owned)).out;
        assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
        let made = ["init", name, "--name", "acme", "--email", "a@acme.example", "--builtin"];
        let made = world.run(&[&made[..], &["account-security"]].concat()).expect(0);
        assert!(made.out.contains("version: 1"), "{}", made.out);
    }
    assert!(!world.path("-").exists());
}

/// Each way to name a file that is read, with the verb that reads it.
fn readers(file: &str) -> Vec<Vec<String>> {
    let lines: [&[&str]; 11] = [
        &["plan", "FILE.yaml"],
        &["validate", "FILE.yaml"],
        &["show", "FILE"],
        &["apply", "FILE.json", "--yes"],
        &["merge", "FILE"],
        &["match", "--pattern", "FILE"],
        &["match", "--check", "FILE"],
        &["match", "--blueprint", "FILE.yaml", "LOGS"],
        &["events", "check", "FILE"],
        &["import", "sigma", "FILE"],
        &["replay", "--blueprint", "BLUEPRINT", "FILE"],
    ];
    let word = |word: &&str| match word.strip_prefix("FILE") {
        Some(ending) => format!("{file}{ending}"),
        None => (*word).to_owned(),
    };
    lines.iter().map(|line| line.iter().map(word).collect()).collect()
}

#[test]
fn a_pipe_or_a_device_is_named_and_not_read() {
    let world = world();
    for name in ["in", "in.yaml", "in.json"] {
        pipe(&world.path(name));
    }
    for line in readers(&world.path("in").display().to_string()) {
        let ran = run(&world, &line);
        assert!([1, 4, 64].contains(&ran.code), "{line:?} {} {}", ran.code, ran.err);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("named pipe"), "{line:?} {said}");
    }
    let line: Vec<OsString> = ["ctguard", "--snapshot"].map(Into::into).to_vec();
    let more = [world.path("in").into(), "verify".into(), world.path("ctguard.yaml").into()];
    let ran = world.command([line, more.to_vec()].concat(), None);
    assert!(ran.code == 1 && ran.err.contains("named pipe"), "{}", ran.err);
    // A device that never ends.
    let ran = world.run(&["match", "--pattern", "/dev/zero"]);
    assert!(ran.err.contains("a device"), "{}", ran.err);
}

#[test]
fn samples_and_included_files_stay_below_the_blueprints_folder() {
    let world = World::empty();
    let secret = world.path("secret.json");
    world.write("secret.json", "{\"password\": \"hunter2\"}");
    std::fs::create_dir(world.path("repository")).unwrap();
    symlink(&secret, world.path("repository/link.json")).unwrap();
    symlink(world.path(""), world.path("repository/folder")).unwrap();
    pipe(&world.path("repository/pipe.json"));
    std::fs::create_dir(world.path("repository/below")).unwrap();
    for sample in ["link.json", "folder/secret.json", "pipe.json", "below"] {
        let tests = format!("    tests: [{{ event: {sample}, expect: ignore }}]\n    why: Routes");
        world.write("repository/ctguard.yaml", &PLAIN.replacen("    why: Routes", &tests, 1));
        let line = ["ctguard", "test"].map(OsString::from).to_vec();
        let line = [line, vec![world.path("repository/ctguard.yaml").into()]].concat();
        let ran = world.command(line, None).expect(3);
        assert!(!ran.out.contains("hunter2") && !ran.out.contains("password"), "{}", ran.out);
        let said = ["leads outside the blueprint's folder", "it is not a file"];
        assert!(said.iter().any(|said| ran.out.contains(said)), "{sample}: {}", ran.out);
    }
}

#[test]
fn an_empty_variable_counts_as_one_that_is_not_set() {
    let world = World::empty();
    world.write("ctguard.yaml", PLAIN);
    let ctguard = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctguard"));
        command.args(["sandbox", "new", "--sandbox"]).arg(world.path("account.json"));
        command
    };
    let named: Vec<String> = String::from_utf8(ctguard().arg("--help").output().unwrap().stdout)
        .unwrap()
        .split("[env: ")
        .skip(1)
        .filter_map(|rest| rest.split(['=', ']']).next().map(str::to_owned))
        .collect();
    assert!(named.iter().filter(|name| name.starts_with("CTGUARD_")).count() > 10, "{named:?}");
    let empty = named.iter().map(|name| (name.as_str(), ""));
    let ran = ctguard().envs(empty).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
