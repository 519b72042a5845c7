//! The real binary: what `main` adds to the library.

use crate::world::blueprints::PLAIN;
use crate::world::{Ran, World};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the built program in a folder against a server that stands for AWS, as a user would, with nothing
/// of this machine's own settings.
pub fn against<'a>(
    url: &str,
    folder: &Path,
    args: &[&str],
    credentials: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Ran {
    let output = command(url, folder, args, credentials).output().unwrap();
    Ran {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap(),
    }
}

/// The same, not yet started.
pub fn command<'a>(
    url: &str,
    folder: &Path,
    args: &[&str],
    credentials: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ctguard"));
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("AWS_ENDPOINT_URL", url)
        .envs(credentials)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .stdin(Stdio::null());
    command
}

fn ctguard(world: &World) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ctguard"));
    command
        .current_dir(world.path(""))
        .env("CTGUARD_SANDBOX", world.path("account.json"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

#[test]
fn exits_with_the_code_and_takes_options_from_the_environment() {
    let world = World::with_trail(PLAIN);
    let run =
        |args: &[&str]| ctguard(&world).args(args).env("CTGUARD_FORMAT", "json").output().unwrap();
    let plan = run(&["plan", "--detailed-exitcode"]);
    assert_eq!(plan.status.code(), Some(2));
    assert!(serde_json::from_slice::<serde_json::Value>(&plan.stdout).is_ok());
    assert_eq!(run(&["apply"]).status.code(), Some(5), "it must not ask where nobody can answer");
    assert_eq!(run(&["apply", "--yes"]).status.code(), Some(0));
    assert_eq!(run(&["verify"]).status.code(), Some(3));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::with_trail(PLAIN);
    let mut child =
        ctguard(&world).arg("plan").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    let talk = String::from_utf8_lossy(&ended.stderr);
    assert!(!talk.contains("panicked") && !talk.contains("Broken pipe"), "{talk}");
}

#[test]
fn without_credentials_it_says_what_to_do() {
    let world = World::with_trail(PLAIN);
    let ended = Command::new(env!("CARGO_BIN_EXE_ctguard"))
        .current_dir(world.path(""))
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", world.path("none"))
        .env("AWS_SHARED_CREDENTIALS_FILE", world.path("none"))
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .args(["plan", "ctguard.yaml"])
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{talk}");
    assert!(talk.contains("--sandbox") && talk.contains("--profile"), "{talk}");
}

/// What the program answers a shell that asks what may follow these words.
fn completed(world: &World, words: &[&str]) -> String {
    let index = words.len();
    let mut asked = ctguard(world);
    asked.arg("--").arg("ctguard").args(words);
    asked.env("CTGUARD_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index.to_string());
    asked.env("AWS_CONFIG_FILE", world.path("config"));
    asked.env("AWS_SHARED_CREDENTIALS_FILE", world.path("credentials"));
    asked.env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_IFS", "\n");
    let output = asked.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn shells_complete_verbs_events_alerts_and_faults() {
    let world = World::with_trail(PLAIN);
    assert!(completed(&world, &["ver"]).contains("verify"));
    let events = completed(&world, &["explain", "ec2:CreateRo"]);
    assert!(events.lines().any(|line| line == "ec2:CreateRoute"), "{events}");
    let events = completed(&world, &["events", "StopLog"]);
    assert!(events.lines().any(|line| line == "StopLogging"), "{events}");
    let alerts = completed(&world, &["explain", "ro"]);
    assert!(alerts.lines().any(|line| line == "route"), "{alerts}");
    let faults = completed(&world, &["sandbox", "break", "disable"]);
    assert!(faults.lines().any(|line| line == "disable-rule"), "{faults}");
    let lines = |words: &[&str]| -> Vec<String> {
        completed(&world, words).lines().map(str::to_owned).collect()
    };
    let has = |words: &[&str], wanted: &str| {
        let seen = lines(words);
        assert!(seen.iter().any(|line| line == wanted), "{words:?}: {seen:?}");
    };
    has(&["init", "--builtin", "self"], "self-protection");
    has(&["init", "--builtin", "data,net"], "data,network");
    has(&["coverage", "--framework", "cis-5"], "cis-5.0");
    has(&["coverage", "--framework", "att"], "attack");
    has(&["plan", "--region", "eu-cent"], "eu-central-1");
    has(&["plan", "--region", "us-east-1,eu-cent"], "us-east-1,eu-central-1");
    has(&["sandbox", "send", "cloudtrail:StopLog"], "cloudtrail:StopLogging");
    has(&["sandbox", "send", "ec2:CreateRoute", "--kind", "si"], "signin");
    has(&["events", "--service", "cloudtr"], "cloudtrail");
    has(&["plan", "--format", "sar"], "sarif");
    assert_eq!(lines(&["import", "sigma", "--format", ""]), ["text", "json"]);
    assert_eq!(lines(&["drill", "--format", "ju"]), ["junit"]);
    world.write("config", "[default]\n[profile prod]\n[sso-session s]\n");
    world.write("credentials", "[probe]\n");
    assert_eq!(lines(&["plan", "--profile", "pro"]), ["probe", "prod"]);
    world.run(&["apply", "--yes"]);
    let sandbox = world.path("account.json").display().to_string();
    let broken = ["--sandbox", &sandbox, "sandbox", "break", "disable-rule", "ctg"];
    assert!(lines(&broken).iter().any(|name| name.ends_with("-route")), "{:?}", lines(&broken));
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = world.run(&["completions", shell]).expect(0).out;
        assert!(script.contains("CTGUARD_COMPLETE") && script.contains("ctguard"), "{script}");
    }
}

/// What bash puts on the line, with the words as it cuts them: the last is completed.
fn completed_by_bash(world: &World, line: &str, words: &[&str], last: &str) -> Option<String> {
    let script = world.run(&["completions", "bash"]).expect(0).out;
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_ctguard")).parent().unwrap();
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let asked = format!(
        "{script}\nCOMP_LINE='{line}' COMP_POINT={} COMP_WORDS=({}) COMP_CWORD={} COMP_TYPE=9\n\
         _ctguard ctguard '{last}' '' && printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        line.len(),
        quoted.join(" "),
        words.len() - 1,
    );
    let mut bash = std::process::Command::new("bash");
    let path = std::env::var("PATH").unwrap_or_default();
    bash.arg("-c").arg(asked).env("PATH", format!("{}:{path}", folder.display()));
    match bash.current_dir(world.path(".")).output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        // A machine without bash has nothing to complete.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{error}"),
    }
}

/// Bash cuts words at `:` and `=`, and puts what is completed in the place of the last part.
#[test]
fn bash_completes_behind_a_colon() {
    let world = World::with_trail(PLAIN);
    let has = |line: &str, words: &[&str], last: &str, wanted: &str| {
        let Some(seen) = completed_by_bash(&world, line, words, last) else { return };
        assert!(seen.lines().any(|one| one == wanted), "{line}: {seen}");
    };
    let line = "ctguard explain iam:CreateU";
    has(line, &["ctguard", "explain", "iam", ":", "CreateU"], "CreateU", "CreateUser");
    has("ctguard explain iam:", &["ctguard", "explain", "iam", ":"], "", "CreateUser");
    has("ctguard explain iam:", &["ctguard", "explain", "iam", ":", ""], "", "CreateUser");
    let line = "ctguard plan  --format=sar";
    has(line, &["ctguard", "plan", "--format", "=", "sar"], "sar", "sarif");
    // Where nothing is cut, the whole word is given back.
    let line = "ctguard explain iam:CreateU";
    has(line, &["ctguard", "explain", "iam:CreateU"], "iam:CreateU", "iam:CreateUser");
    has("ctguard ver", &["ctguard", "ver"], "ver", "verify");
    has("ctguard explain ", &["ctguard", "explain", ""], "", "route");
    // Another service has the event, too, or not: only the one that was begun is offered.
    let words = ["ctguard", "events", "iam", ":", "CreateUs"];
    let seen = completed_by_bash(&world, "ctguard events iam:CreateUs", &words, "CreateUs");
    assert_eq!(seen.as_deref().unwrap_or("CreateUser\n"), "CreateUser\n");
}

#[test]
fn every_verb_has_a_manual_page() {
    let world = World::with_trail(PLAIN);
    let page = world.run(&["man"]).expect(0).out;
    assert!(page.contains(".TH ctguard 1") && page.contains("ctguard\\-plan(1)"), "{page}");
    let folder = world.path("share/man");
    world.run(&["man", "--out", &folder.display().to_string()]).expect(0);
    for verb in ["plan", "sandbox", "sandbox-break", "events-check"] {
        let page = std::fs::read_to_string(folder.join(format!("ctguard-{verb}.1"))).unwrap();
        assert!(page.contains(&format!(".TH ctguard-{verb} 1")), "{page}");
    }
    let file = world.path("ctguard.yaml/man").display().to_string();
    let refused = world.run(&["man", "--out", &file]).expect(1);
    assert!(refused.err.contains("cannot make the folder FOLDER/ctguard.yaml/man"), "{refused:?}");
}

/// Only folders of many files are made; of one file, the missing folder is named.
#[test]
fn a_missing_folder_is_named_and_no_temporary_file() {
    let world = World::with_trail(PLAIN);
    let (plan, blueprint) = (world.path("no/p.json"), world.path("no/b.yaml"));
    let (plan, blueprint) = (plan.display().to_string(), blueprint.display().to_string());
    let report = format!("markdown={}", world.path("no/r.md").display());
    for line in [
        vec!["plan", "--out", &plan],
        vec!["plan", "--report", &report],
        vec!["snapshot", "--out", &plan],
        vec!["init", &blueprint, "--email", "me@acme.example", "--region", "us-east-1"],
    ] {
        let ran = world.run(&line);
        let missing = "there is no folder FOLDER/no";
        assert!(ran.code != 0 && ran.err.contains(missing), "{line:?}: {}", ran.err);
        assert!(!ran.err.contains("ctguard-tmp"), "{line:?}: {}", ran.err);
    }
}

/// The program waits for no input longer than it may run.
#[test]
fn the_time_of_a_run_ends_waiting_for_standard_input() {
    let world = World::with_trail(PLAIN);
    for line in
        [&["validate", "-"][..], &["apply", "-", "--yes"], &["match", "--pattern", "-", "x"]]
    {
        let mut run = ctguard(&world);
        let run = run.args(line).args(["--timeout", "100ms"]).stdin(Stdio::piped());
        let mut run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Held open, so that nothing ever comes.
        let input = run.stdin.take();
        let ended = run.wait_with_output().unwrap();
        drop(input);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(4), "{line:?}: {said}");
        assert!(said.contains("the time of --timeout (100ms) is up"), "{said}");
    }
}

#[test]
fn a_snapshot_that_is_typed_goes_before_a_sandbox_of_the_environment() {
    let world = World::with_trail(PLAIN);
    let run = |args: &[&str]| ctguard(&world).args(args).output().unwrap();
    let taken = run(&["snapshot", "--out", "live.json"]);
    let said = String::from_utf8_lossy(&taken.stdout);
    let next = said.lines().last().and_then(|line| line.strip_prefix("Next: ctguard ")).unwrap();
    let words: Vec<&str> = next.split(' ').collect();
    let proven = run(&words);
    let said = String::from_utf8_lossy(&proven.stderr);
    assert_ne!(proven.status.code(), Some(64), "{next}: {said}");
    let both = [&words[..], &["--sandbox", "account.json"]].concat();
    assert_eq!(run(&both).status.code(), Some(64), "both are typed");
}

#[test]
fn a_file_that_is_no_sandbox_is_told_for_what_it_is() {
    let world = World::with_trail(PLAIN);
    let run = |args: &[&str]| {
        let ran = ctguard(&world).args(args).output().unwrap();
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    world.write("empty.yaml", "");
    run(&["snapshot", "--out", "live.json"]);
    run(&["plan", "--out", "plan.json"]);
    for (file, what) in [
        ("empty.yaml", "is empty"),
        ("ctguard.yaml", "looks like a blueprint"),
        ("live.json", "is a snapshot"),
        ("plan.json", "is a saved plan"),
    ] {
        let said = run(&["plan", "--sandbox", file]);
        assert!(said.contains(what) && !said.contains("sandbox new"), "{file}: {said}");
        let said = run(&["sandbox", "new", "--sandbox", file]);
        assert!(said.contains(what) && said.contains("would destroy it"), "{file}: {said}");
    }
    assert!(run(&["plan", "--sandbox", "none.json"]).contains("sandbox new"));
}
