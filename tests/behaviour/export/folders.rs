//! The folder of an export: written, compared, kept apart from what others made.

use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use serde_json::Value;

fn export(world: &World, folder: &str) -> crate::world::Ran {
    let out = world.path(folder).display().to_string();
    let file = world.path("ctguard.yaml").display().to_string();
    world.run(&["export", "cloudformation", &file, "--out", &out])
}

fn check(world: &World, folder: &str) -> crate::world::Ran {
    let out = world.path(folder).display().to_string();
    let file = world.path("ctguard.yaml").display().to_string();
    world.run(&["export", "--check", &out, &file])
}

#[test]
fn a_folder_that_is_out_of_date_fails_the_check_until_it_is_written_again() {
    let world = World::bare(PLAIN);
    export(&world, "deploy").expect(0);
    let template = "deploy/templates/account-home.json";
    assert!(world.read(template).contains("AWS::Events::Rule"));
    check(&world, "deploy").expect(0);
    world.write("ctguard.yaml", &PLAIN.replace("A route was made", "Somebody made a route"));
    let ran = check(&world, "deploy").expect(3);
    assert!(ran.out.contains("account-home.json: out of date"), "{}", ran.out);
    assert!(!world.read(template).contains("Somebody made a route"), "a check writes nothing");
    export(&world, "deploy").expect(0);
    check(&world, "deploy").expect(0);
    // A file that somebody edited is told as well as one that is missing.
    world.write(template, "{}");
    std::fs::remove_file(world.path("deploy/stacks.json")).unwrap();
    let ran = check(&world, "deploy").expect(3);
    assert!(ran.out.contains("stacks.json: missing"), "{}", ran.out);
    assert!(ran.out.contains("account-home.json: out of date"), "{}", ran.out);
}

#[test]
fn what_is_no_longer_made_is_removed_and_what_others_put_there_stays() {
    let two = PLAIN.replace("regions: [us-east-1, eu-west-1]", "regions: [us-east-1]");
    let world = World::bare(PLAIN);
    export(&world, "deploy").expect(0);
    world.write("deploy/notes.txt", "ours");
    let other = "deploy/templates/account-other.json";
    world.read(other);
    world.write("ctguard.yaml", &two);
    let ran = check(&world, "deploy").expect(3);
    assert!(ran.out.contains("account-other.json: no longer made"), "{}", ran.out);
    export(&world, "deploy").expect(0);
    assert!(!world.path(other).exists());
    assert_eq!(world.read("deploy/notes.txt"), "ours");
}

#[test]
fn a_folder_of_others_is_refused() {
    let world = World::bare(PLAIN);
    std::fs::create_dir(world.path("mine")).unwrap();
    world.write("mine/main.tf", "");
    let ran = export(&world, "mine").expect(5);
    assert!(ran.err.contains("not empty"), "{}", ran.err);
    std::fs::create_dir(world.path("empty")).unwrap();
    export(&world, "empty").expect(0);
    check(&world, "nowhere").expect(1);
}

#[test]
fn a_mark_that_names_files_elsewhere_removes_none() {
    let world = World::bare(PLAIN);
    export(&world, "deploy").expect(0);
    world.write("kept.txt", "kept");
    let mark = world.read("deploy/ctguard-export.json");
    world.write("deploy/ctguard-export.json", &mark.replace("README.md", "../kept.txt"));
    let ran = export(&world, "deploy").expect(1);
    assert!(ran.err.contains("not below the folder"), "{}", ran.err);
    assert_eq!(world.read("kept.txt"), "kept");
}

#[test]
fn an_export_of_a_part_is_refused() {
    let world = World::bare(PLAIN);
    let file = world.path("ctguard.yaml").display().to_string();
    let out = world.path("deploy").display().to_string();
    let line = ["export", "cloudformation", &file, "--out", &out, "--region", "us-east-1"];
    let ran = world.run(&line).expect(64);
    assert!(ran.err.contains("whole blueprint"), "{}", ran.err);
}

#[test]
fn secret_addresses_are_in_no_file_and_the_script_asks_for_them() {
    let secret = "https://hooks.acme.example/in?token=planted-secret";
    let hook = format!("{{ https: \"{secret}\" }}");
    let world = World::bare(&PLAIN.replace("{ email: secops@acme.example }", &hook));
    export(&world, "deploy").expect(0);
    let mut files = vec![world.path("deploy")];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("planted-secret"), "{}", path.display());
    }
    let template: Value =
        serde_json::from_str(&world.read("deploy/templates/account-home.json")).unwrap();
    let parameters = template["Parameters"].as_object().unwrap();
    assert_eq!(parameters.len(), 1);
    let (name, about) = parameters.iter().next().unwrap();
    assert_eq!(about["NoEcho"], true);
    let variable = format!("CTGUARD_{}", name.to_uppercase());
    assert!(world.read("deploy/deploy.sh").contains(&variable));
    assert!(world.read("deploy/README.md").contains(&variable));
}

#[test]
fn what_is_printed_is_as_its_schema_says() {
    let world = World::bare(&keeping_a_trail());
    let out = world.path("deploy").display().to_string();
    let file = world.path("ctguard.yaml").display().to_string();
    for line in [
        &["export", "cloudformation", &file, "--out", &out, "--format", "json"][..],
        &["export", "--check", &out, &file, "--format", "json"],
    ] {
        let value = world.run(line).expect(0).json();
        crate::schema::is_as_published("export", &value);
        let stacks = serde_json::from_str(&world.read("deploy/stacks.json")).unwrap();
        crate::schema::is_as_published("stacks", &stacks);
        assert_eq!(value["engine"], "cloudformation");
        assert!(value["files"].as_array().unwrap().len() > 5);
    }
}

#[test]
fn what_another_engine_keeps_is_changed_by_no_apply_and_no_destroy() {
    let text = PLAIN.replace("name: acme\n", "name: acme\ndeploy: stacksets\n");
    let world = World::bare(&text);
    let before = world.state();
    for line in [&["apply", "--yes"][..], &["destroy", "--yes"]] {
        let ran = world.run(line).expect(5);
        assert!(ran.err.contains("deploy: stacksets"), "{}", ran.err);
    }
    let ran = world.run(&["apply", "--yes"]).expect(5);
    assert!(ran.err.contains("ctguard export cloudformation --out DIR"), "{}", ran.err);
    let plan = world.path("plan.json").display().to_string();
    world.run(&["plan", "--out", &plan]).expect(0);
    world.run(&["apply", &plan, "--yes"]).expect(5);
    assert_eq!(world.state(), before);
    let ran = world.run(&["plan"]).expect(0);
    let next = "Next: ctguard export cloudformation --out DIR";
    assert!(ran.out.contains(next) && !ran.out.contains("Next: ctguard apply"), "{}", ran.out);
}

/// The name of a secret stands in no template in place of its address.
#[test]
fn a_secret_that_is_not_looked_up_is_a_parameter_all_the_same() {
    for secret in ["env:CTGUARD_TEST_NO_SUCH_VARIABLE", "ssm:/acme/hook", "secretsmanager:hook"] {
        let hook = format!("{{ secret: \"{secret}\" }}");
        let world = World::bare(&PLAIN.replace("{ email: secops@acme.example }", &hook));
        export(&world, "deploy").expect(0);
        let template: Value =
            serde_json::from_str(&world.read("deploy/templates/account-home.json")).unwrap();
        let name = template["Parameters"].as_object().unwrap().keys().next().unwrap().clone();
        let resources = template["Resources"].as_object().unwrap();
        let subscriptions: Vec<&Value> =
            resources.values().filter(|one| one["Type"] == "AWS::SNS::Subscription").collect();
        assert_eq!(subscriptions.len(), 1);
        assert_eq!(subscriptions[0]["Properties"]["Endpoint"]["Ref"], name.as_str());
        assert!(world.read("deploy/README.md").contains(secret), "{secret}");
        assert!(
            world
                .read("deploy/deploy.sh")
                .contains(&format!("needs CTGUARD_{}", name.to_uppercase()))
        );
        assert!(!world.read("deploy/remove.sh").contains("needs CTGUARD"));
    }
}

#[test]
fn stacks_that_are_deployed_no_longer_are_told_once() {
    let world = World::bare(PLAIN);
    let ran = export(&world, "deploy").expect(0);
    assert!(!ran.err.contains("deploys them no longer"), "{}", ran.err);
    world.write(
        "ctguard.yaml",
        &PLAIN.replace("regions: [us-east-1, eu-west-1]", "regions: [us-east-1]"),
    );
    let gone = "the stack `ctguard-acme-account-other` in eu-west-1";
    for ran in [check(&world, "deploy").expect(3), export(&world, "deploy").expect(0)] {
        assert!(
            ran.err.split_whitespace().collect::<Vec<_>>().join(" ").contains(gone),
            "{}",
            ran.err
        );
    }
    assert!(!export(&world, "deploy").expect(0).err.contains("no longer"));
    // It is a warning, which no later run could say: `--quiet` leaves it.
    world.write("ctguard.yaml", PLAIN);
    export(&world, "deploy").expect(0);
    world.write("ctguard.yaml", &PLAIN.replace("name: acme", "name: other"));
    let (out, file) = (world.path("deploy").display().to_string(), world.path("ctguard.yaml"));
    let line = ["export", "cloudformation", &file.display().to_string(), "--out", &out, "--quiet"];
    let ran = world.run(&line).expect(0);
    assert!(ran.err.contains("warning: The folder deployed these stacks before"), "{}", ran.err);
    // What cannot be read is not taken for nothing.
    world.write("deploy/stacks.json", "{}");
    let ran = export(&world, "deploy").expect(0);
    assert!(ran.err.contains("stacks.json cannot be read"), "{}", ran.err);
}

#[test]
fn an_export_for_another_engine_than_the_blueprint_names_says_so() {
    let world = World::bare(&PLAIN.replace("name: acme\n", "name: acme\ndeploy: terraform\n"));
    let ran = export(&world, "deploy").expect(0);
    assert!(ran.err.contains("`deploy: terraform`"), "{}", ran.err);
    let world = World::bare(&PLAIN.replace("name: acme\n", "name: acme\ndeploy: stacksets\n"));
    let ran = export(&world, "deploy").expect(0);
    assert!(!ran.err.contains("deploy:"), "{}", ran.err);
}

/// CloudFormation fills references in, and Terraform puts letters and accents together.
#[test]
fn texts_that_an_engine_would_change_are_refused_with_their_place() {
    for (engine, text) in [
        ("cloudformation", "see {{resolve:ssm:runbook}}"),
        ("cloudformation", "see \u{FDD0}"),
        ("terraform", "cafe\u{301}"),
    ] {
        let world = World::bare(&PLAIN.replace("A route was made", text));
        let out = world.path("deploy").display().to_string();
        let file = world.path("ctguard.yaml").display().to_string();
        let ran = world.run(&["export", engine, &file, "--out", &out]).expect(64);
        assert!(ran.err.contains("export-text"), "{}", ran.err);
        let line = world.read("ctguard.yaml").lines().position(|line| line.contains(text)).unwrap();
        assert!(ran.err.contains(&format!("ctguard.yaml:{}:", line + 1)), "{}", ran.err);
        assert!(!world.path("deploy").exists());
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_folder_is_not_followed() {
    let world = World::bare(PLAIN);
    export(&world, "deploy").expect(0);
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    world.write("elsewhere/account-home.json", "theirs");
    std::fs::remove_dir_all(world.path("deploy/templates")).unwrap();
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("deploy/templates")).unwrap();
    for ran in [export(&world, "deploy").expect(5), check(&world, "deploy").expect(5)] {
        assert!(ran.err.contains("templates is a link"), "{}", ran.err);
    }
    assert_eq!(world.read("elsewhere/account-home.json"), "theirs");
}

#[cfg(unix)]
#[test]
fn a_script_can_be_run_again_after_its_mode_was_lost() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::bare(PLAIN);
    export(&world, "deploy").expect(0);
    let script = world.path("deploy/deploy.sh");
    let mode = || std::fs::metadata(&script).unwrap().permissions().mode();
    assert!(mode() & 0o100 > 0);
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o644)).unwrap();
    check(&world, "deploy").expect(3);
    export(&world, "deploy").expect(0);
    assert!(mode() & 0o100 > 0);
}
