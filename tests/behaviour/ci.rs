//! The examples for CI run as they are written, as far as that can be without the services they are for.

use crate::world::World;
use crate::world::blueprints::keeping_a_trail;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

fn yaml(path: impl AsRef<Path>) -> Value {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &str) -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect();
    files.sort();
    files
}

/// Every mapping in a document.
fn mappings<'a>(value: &'a Value, found: &mut Vec<&'a serde_json::Map<String, Value>>) {
    match value {
        Value::Object(fields) => {
            found.push(fields);
            fields.values().for_each(|value| mappings(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| mappings(value, found)),
        _ => {}
    }
}

/// The steps of a workflow that use the action, with what they give it.
fn uses(workflow: &Value) -> Vec<serde_json::Map<String, Value>> {
    let mut all = Vec::new();
    mappings(workflow, &mut all);
    all.into_iter()
        .filter(|step| {
            step.get("uses").is_some_and(|uses| uses.as_str().unwrap().contains("/ctguard@"))
        })
        .map(|step| step.get("with").and_then(Value::as_object).cloned().unwrap_or_default())
        .collect()
}

/// The folder of the program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ctguard"))
}

fn bash(world: &World, script: &str, variables: &[(&str, &str)], sandbox: bool) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    command
        .args(["-c", script])
        .current_dir(world.path(""))
        .env("PATH", format!("{}:{path}", program().parent().unwrap().display()))
        .env_remove("GITHUB_STEP_SUMMARY")
        .envs(variables.iter().copied());
    if sandbox {
        command.env("CTGUARD_SANDBOX", world.path("account.json"));
    }
    command.output().unwrap()
}

/// The script of the action as it stands, with the inputs as GitHub would give them.
fn act(world: &World, with: &serde_json::Map<String, Value>) -> (i32, String, String) {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["id"] == "run").unwrap();
    let script = step["run"].as_str().unwrap();
    let inputs = action["inputs"].as_object().unwrap();
    let mut variables = Vec::new();
    for (name, from) in step["env"].as_object().unwrap() {
        let input =
            from.as_str().unwrap().trim_start_matches("${{ inputs.").trim_end_matches(" }}");
        let default = inputs[input].get("default").and_then(Value::as_str).unwrap_or_default();
        let given = with.get(input).map(|given| match given {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let given = given.unwrap_or_else(|| default.to_owned()).replace("${{ matrix.part }}", "1");
        let binary = program().display().to_string();
        variables.push((name.clone(), if input == "binary" { binary } else { given }));
    }
    let offline = variables.iter().any(|(_, value)| value.contains("--snapshot"));
    let summary = world.path("summary.md").display().to_string();
    let output = world.path("output.txt").display().to_string();
    for file in ["summary.md", "output.txt"] {
        world.write(file, "");
    }
    variables.push(("GITHUB_STEP_SUMMARY".to_owned(), summary));
    variables.push(("GITHUB_OUTPUT".to_owned(), output));
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    command.args(["-c", script]).current_dir(world.path("")).env("PATH", path).envs(variables);
    if !offline {
        command.env("CTGUARD_SANDBOX", world.path("account.json"));
    }
    let ran = command.output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    (ran.status.code().unwrap(), text, world.read("output.txt"))
}

fn with(pairs: &[(&str, &str)]) -> serde_json::Map<String, Value> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
}

#[test]
fn the_action_annotates_sums_up_and_gives_the_exit_code() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "disable-rule", "route"]).expect(0);
    let (code, text, output) = act(&world, &with(&[("verb", "drift")]));
    assert_eq!((code, output.as_str()), (2, "exit-code=2\n"), "{text}");
    assert!(text.contains("Blueprint acme"), "the log has the text: {text}");
    assert!(text.contains("::warning file=ctguard.yaml,line="), "{text}");
    assert!(world.read("summary.md").starts_with("### ctguard drift: acme"));

    let reports = "sarif=out.sarif\njunit=out.xml\n";
    let (code, text, output) =
        act(&world, &with(&[("verb", "verify"), ("passes", "0 3"), ("reports", reports)]));
    assert_eq!((code, output.as_str()), (0, "exit-code=3\n"), "{text}");
    assert!(world.path("out.sarif").exists() && world.path("out.xml").exists());

    let (code, text, _) = act(&world, &with(&[("verb", "apply"), ("arguments", "--yes")]));
    assert_eq!(code, 0, "{text}");
    assert!(world.read("summary.md").starts_with("### ctguard apply: acme"));

    // Nothing in an input is run by the shell.
    let hostile = "$(touch hacked)\n`touch hacked`; touch hacked";
    let (code, ..) = act(&world, &with(&[("verb", "drift"), ("arguments", hostile)]));
    assert_eq!(code, 64);
    assert!(!world.path("hacked").exists());
}

#[test]
fn the_actions_script_takes_inputs_as_variables_only() {
    let action = yaml("action.yml");
    let inputs: BTreeSet<&String> = action["inputs"].as_object().unwrap().keys().collect();
    let text = std::fs::read_to_string("action.yml").unwrap();
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step:#}");
        assert_eq!(step["shell"], "bash");
    }
    for used in text.split("inputs.").skip(1) {
        let name: String = used.chars().take_while(|c| c.is_ascii_lowercase()).collect();
        assert!(inputs.contains(&name), "`{name}` is no input");
    }
    for input in inputs {
        assert!(text.contains(&format!("inputs.{input}")), "`{input}` is not used");
    }
}

/// The workflows' steps, in the order in which they would run, on one account.
#[test]
fn the_workflows_run_as_they_are_written() {
    let action = yaml("action.yml");
    let world = World::settled(&keeping_a_trail());
    let mut steps = 0;
    for name in ["snapshot", "pull-request", "nightly", "apply"] {
        let workflow = yaml(format!("examples/ci/github/{name}.yml"));
        assert!(workflow["jobs"].is_object() && workflow["permissions"].is_object(), "{name}");
        if name == "apply" {
            world.run(&["sandbox", "break", "disable-rule", "route"]).expect(0);
        }
        for step in uses(&workflow) {
            for input in step.keys() {
                assert!(action["inputs"].get(input).is_some(), "{name}: `{input}` is no input");
            }
            // The matrix has four parts; the first is run by `act`.
            let parts = step.values().any(|value| value.to_string().contains("matrix.part"));
            for part in if parts { 1..=4 } else { 1..=1 } {
                let mut step = step.clone();
                for value in step.values_mut() {
                    if let Value::String(text) = value {
                        *text = text.replace("${{ matrix.part }}", &part.to_string());
                    }
                }
                let (code, text, output) = act(&world, &step);
                assert_eq!(code, 0, "{name}: {step:?}\n{text}{output}");
                steps += 1;
            }
        }
    }
    assert_eq!(steps, 10, "a step is not found");
    for file in ["live.json", "plan.md", "plan.sarif", "verify-4.xml", "verify.sarif"] {
        assert!(world.path(file).exists(), "{file} is not written, and another step takes it");
    }
    world.run(&["drift"]).expect(0);
}

#[test]
fn every_command_line_of_the_gitlab_example_runs_as_it_is_written() {
    let pipeline = yaml("examples/ci/gitlab/gitlab-ci.yml");
    let world = World::settled(&keeping_a_trail());
    let stages: Vec<&str> =
        pipeline["stages"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    let mut ran = 0;
    for (name, job) in pipeline.as_object().unwrap() {
        let Some(script) = job.get("script").and_then(Value::as_array) else { continue };
        assert!(stages.contains(&job["stage"].as_str().unwrap()), "{name}");
        let parts = job.get("parallel").and_then(Value::as_u64).unwrap_or(1);
        for part in 1..=parts {
            let (index, total) = (part.to_string(), parts.to_string());
            let variables = [("CI_NODE_INDEX", index.as_str()), ("CI_NODE_TOTAL", total.as_str())];
            for line in script.iter().map(|line| line.as_str().unwrap()) {
                assert!(line.starts_with("ctguard "), "{name}: {line}");
                let output = bash(&world, line, &variables, true);
                let err = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(0), "{name}: {line}\n{err}");
                ran += 1;
            }
        }
    }
    assert_eq!(ran, 8);
    for file in ["validate.xml", "plan.md", "drift.xml", "verify-4.json", "verify.md"] {
        assert!(world.path(file).exists(), "{file}");
    }
}

#[test]
fn the_pre_commit_hooks_validate_a_blueprint() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().unwrap();
    let example = yaml("examples/ci/pre-commit-config.yaml");
    let used = example["repos"][0]["hooks"][0].as_object().unwrap();
    assert!(
        hooks.iter().any(|hook| hook["id"] == used["id"]),
        "the example uses a hook that is none"
    );
    for hook in hooks {
        let mut words = vec![hook["entry"].as_str().unwrap()];
        words.extend(used["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()));
        let line = words.join(" ");
        let good = World::empty();
        good.write("ctguard.yaml", &keeping_a_trail());
        assert_eq!(bash(&good, &line, &[], false).status.code(), Some(0), "{line}");
        good.write("ctguard.yaml", "version: 1\n");
        assert_eq!(bash(&good, &line, &[], false).status.code(), Some(64), "{line}");
    }
}

/// A file that nobody reads here could say anything.
#[test]
fn every_example_is_read_by_these_tests_and_named_in_the_readme() {
    let readme = std::fs::read_to_string("examples/ci/README.md").unwrap();
    let mut all = files("examples/ci/github");
    all.extend(files("examples/ci/gitlab"));
    assert_eq!(all.len(), 5);
    for path in all {
        yaml(&path);
        let name = path.trim_start_matches("examples/ci/").to_owned();
        assert!(readme.contains(&format!("({name})")), "{name} is not in the README");
    }
}
