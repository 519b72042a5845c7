//! The same result for a reviewer, a scanner and a CI system, several in one run.

use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard::report::markdown;
use ctguard::report::plan::PlanView;
use ctguard_core::plan::Plan;
use ctguard_core::scope::Region;
use ctguard_sandbox::state::Denied;
use serde_json::Value;

/// A file in the world's folder, as an argument.
fn file(world: &World, name: &str) -> String {
    world.path(name).display().to_string()
}

/// An account in which something drifted, is silent and cannot be read.
fn troubled() -> World {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "disable-rule", "route"]).expect(0);
    world.run(&["sandbox", "break", "condition-topic-policy", "--region", "us-east-1"]).expect(0);
    world.change(|state| {
        state.denied.push(Denied {
            operation: "sqs:GetQueueAttributes".into(),
            account: None,
            region: Region::new("us-east-1"),
        });
    });
    world
}

#[test]
fn a_comment_on_a_pull_request() {
    let world = troubled();
    insta::assert_snapshot!("markdown_plan", world.run(&["plan", "--format", "markdown"]).out);
    insta::assert_snapshot!("markdown_verify", world.run(&["verify", "--format", "markdown"]).out);
}

/// A comment of more than 65,536 characters is refused by GitHub: what matters least is left out, and counted.
#[test]
fn a_comment_is_never_longer_than_github_takes() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "narrow-pattern"]).expect(0);
    world.run(&["sandbox", "break", "strip-tags", "new-user"]).expect(0);
    let json = world.run(&["plan", "--format", "json"]).out;
    let mut plan: Plan = serde_json::from_str(&json).unwrap();
    let one = plan.changes[0].clone();
    plan.changes.extend((0..3_000).map(|n| {
        let mut change = one.clone();
        change.address.name = format!("{}-{n}", change.address.name);
        change
    }));
    let text = markdown::plan(&plan, PlanView::Plan, markdown::COMMENT_MAX_BYTES);
    assert!(text.len() <= 65_536, "{}", text.len());
    assert!(text.len() > 60_000, "there was room for more: {}", text.len());
    assert!(text.contains("#### Refused"), "the gravest is kept: {}", &text[..2_000]);
    let left_out = text.lines().find(|line| line.contains("are left out here")).unwrap();
    assert!(left_out.starts_with('*') && left_out.contains(" more changes "), "{left_out}");
    let whole = markdown::plan(&plan, PlanView::Plan, markdown::SUMMARY_MAX_BYTES);
    assert!(whole.contains("-2999`") && whole.len() > text.len());
}

fn results(sarif: &Value) -> &Vec<Value> {
    sarif["runs"][0]["results"].as_array().unwrap()
}

fn line(result: &Value) -> u64 {
    result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap()
}

fn fingerprint(result: &Value) -> &str {
    result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap()
}

#[test]
fn sarif_points_at_the_alerts_line_and_knows_a_result_again() {
    let world = troubled();
    let blueprint = world.read("ctguard.yaml");
    let alert = |id: &str, text: &str| {
        let at = text.lines().position(|line| line.trim() == format!("- id: {id}")).unwrap();
        u64::try_from(at).unwrap() + 1
    };
    let run = |world: &World| world.run(&["verify", "--format", "sarif"]).json();
    let sarif = run(&world);
    assert_eq!(sarif["version"], "2.1.0");
    let of = |sarif: &Value, code: &str| -> Vec<Value> {
        results(sarif).iter().filter(|result| result["ruleId"] == code).cloned().collect()
    };
    let disabled = of(&sarif, "rule-disabled");
    assert_eq!(disabled.len(), 1, "{disabled:#?}");
    assert_eq!(disabled[0]["level"], "error");
    assert_eq!(line(&disabled[0]), alert("route", &blueprint));
    let uri = &disabled[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert!(uri.as_str().unwrap().ends_with("/ctguard.yaml"), "{uri}");
    // A topic is of both alerts: each has its own result, on its own line.
    let topic: Vec<u64> = of(&sarif, "topic-policy-condition").iter().map(line).collect();
    assert_eq!(topic, [alert("new-user", &blueprint), alert("route", &blueprint)]);

    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results(&sarif) {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["text"].as_str().unwrap().len() > 20, "{rule}");
    }
    let mut all: Vec<&str> = results(&sarif).iter().map(fingerprint).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), results(&sarif).len(), "two results have one fingerprint");

    // The same trouble in another place as well, and the alert further down, is the same result.
    world.write("ctguard.yaml", &format!("# a line more\n{blueprint}"));
    for region in ["us-east-1", "eu-west-1"] {
        world.run(&["sandbox", "break", "disable-rule", "route", "--region", region]);
    }
    let moved = of(&run(&world), "rule-disabled");
    assert_eq!(moved.len(), 1, "{moved:#?}");
    assert_eq!(line(&moved[0]), alert("route", &blueprint) + 1);
    assert_eq!(fingerprint(&moved[0]), fingerprint(&disabled[0]));
}

#[test]
fn what_a_built_in_blueprint_brings_stands_where_it_is_included() {
    let world = World::empty();
    let text = PLAIN.replace("alerts:\n", "include:\n  - builtin: account-security\nalerts:\n");
    world.write("ctguard.yaml", &text);
    world.run(&["sandbox", "new"]).expect(0);
    let sarif = world.run(&["verify", "--format", "sarif"]).json();
    let include = text.lines().position(|line| line.contains("builtin:")).unwrap() + 1;
    let there = results(&sarif).iter().filter(|r| line(r) == u64::try_from(include).unwrap());
    assert!(there.count() > 5, "no result stands at line {include}: {sarif:#}");
    for result in results(&sarif) {
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(uri.as_str().unwrap().ends_with("ctguard.yaml"), "{uri}");
    }
}

#[test]
fn problems_of_a_blueprint_are_results_on_their_lines() {
    let world = World::empty();
    world.write("ctguard.yaml", &PLAIN.replace("ec2:CreateRoute", "ec2:CreateRout"));
    let sarif = world.run(&["validate", "--format", "sarif"]).expect(64).json();
    let found = &results(&sarif)[0];
    assert_eq!((&found["ruleId"], line(found)), (&"event-unknown".into(), 12), "{found:#}");
    // A verb that cannot even begin says why in the same form, so that there is something to upload.
    let path = file(&world, "plan.sarif");
    let report = format!("sarif={path}");
    world.run(&["plan", "--report", &report]).expect(64);
    let saved = world.read("plan.sarif").replace(&file(&world, ""), "FOLDER/");
    let saved: Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(results(&saved), results(&sarif));
    for verb in ["plan", "drift", "verify"] {
        for (format, words) in [
            ("json", "\"error\":\"the blueprint"),
            ("text", "error: the blueprint"),
            ("markdown", "event-unknown"),
            ("junit", "event-unknown"),
        ] {
            let name = format!("{verb}.{format}");
            let report = format!("{format}={}", file(&world, &name));
            let ran = world.run(&[verb, "--report", &report]).expect(64);
            assert_eq!(ran.out, "", "{name}");
            let saved = world.read(&name);
            assert!(saved.contains(words) && saved.contains("event-unknown"), "{name}: {saved}");
        }
    }
    let saved: Value = serde_json::from_str(&world.read("verify.json")).unwrap();
    assert_eq!(saved["exit_code"], 64);
}

/// How many elements of a name, and of each kind of end, an XML text has.
fn elements(xml: &str, name: &str) -> usize {
    xml.matches(&format!("<{name} ")).count() + xml.matches(&format!("<{name}>")).count()
}

#[test]
fn junit_has_a_case_for_each_alert_in_each_place() {
    let world = troubled();
    let xml = world.run(&["verify", "--format", "junit"]).out;
    let report = world.run(&["verify", "--format", "json"]).json();
    let counts = &report["counts"];
    let pairs: u64 = ["proven", "assumed", "unknown", "broken"]
        .iter()
        .map(|status| counts[*status].as_u64().unwrap())
        .sum();
    // `route` in two regions and `new-user` in one; and two queues whose letters could not be counted.
    assert_eq!(pairs, 3);
    assert_eq!(elements(&xml, "testcase"), 3 + 2, "{xml}");
    assert_eq!(elements(&xml, "error"), 2, "{xml}");
    let broken = usize::try_from(counts["broken"].as_u64().unwrap()).unwrap();
    assert!(broken > 0);
    assert_eq!(elements(&xml, "failure"), broken, "{xml}");
    assert!(xml.contains("name=\"route in 111122223333/eu-west-1\""), "{xml}");
    insta::assert_snapshot!("junit_drift", world.run(&["drift", "--format", "junit"]).out);
}

#[test]
fn githubs_annotations_and_its_step_summary() {
    let world = troubled();
    let summary = file(&world, "summary.md");
    world.write("summary.md", "before\n");
    let args = ["drift", "--format", "github", "--step-summary", &summary];
    let ran = world.run(&args).expect(4);
    insta::assert_snapshot!("github_drift", ran.out);
    let said = world.read("summary.md");
    assert!(said.starts_with("before\n### ctguard drift: acme"), "it must be appended: {said}");
    // Without the format nobody asked for a summary, whatever the environment says.
    world.run(&["drift", "--step-summary", &summary]);
    assert_eq!(world.read("summary.md"), said);
}

#[test]
fn several_reports_are_written_in_one_run() {
    let world = troubled();
    let names = ["out.md", "out.sarif", "out.xml", "out.json", "out.txt"];
    let formats = ["markdown", "sarif", "junit", "json", "text"];
    let mut args = vec!["verify".to_owned()];
    for (format, name) in formats.iter().zip(names) {
        args.extend(["--report".to_owned(), format!("{format}={}", file(&world, name))]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = world.run(&args);
    for (format, name) in formats.iter().zip(names) {
        let alone = world.run(&["verify", "--format", format]);
        assert_eq!(alone.code, ran.code);
        let saved = world.read(name).replace(&file(&world, ""), "FOLDER/");
        assert_eq!(saved, alone.out, "{format}");
    }
    assert!(ran.out.starts_with("Blueprint acme"), "the result itself is printed, too");
}

#[test]
fn what_cannot_be_printed_or_written_is_refused_and_named() {
    let world = World::with_trail(PLAIN);
    let says = |args: &[&str], code: u8, words: &str| {
        let ran = world.run(args).expect(code);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
        ran
    };
    says(&["apply", "--yes", "--format", "sarif"], 64, "apply has no format sarif");
    assert!(
        world.state().accounts.values().all(|a| a.regions.values().all(|r| r.rules.is_empty()))
    );
    says(&["explain", "ec2:CreateRoute", "--format", "junit"], 64, "It has text, json.");
    says(&["plan", "--format", "html"], 64, "possible values");
    says(&["plan", "--report", "html=x"], 64, "there is no format `html`");
    says(&["plan", "--report", "json"], 64, "FORMAT=PATH");
    says(&["sandbox", "confirm", "--report", "json=x"], 64, "sandbox writes no reports");
    says(&["plan", "--report", "json=x", "--report", "markdown=x"], 64, "both write to x");
    let nowhere = format!("markdown={}", file(&world, "nowhere/x.md"));
    says(&["plan", "--report", &nowhere], 1, "cannot write the markdown report");
}
