//! Saved plans that somebody has forged, every hash of them computed again.

use crate::world::World;
use crate::world::blueprints::keeping_a_trail;
use ctguard_core::plan::Plan;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The leaves of a document with their paths, but of the blueprint's own text: who replaces that
/// has another blueprint, and is judged by it.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        _ if path.starts_with("/blueprint/resolved") => {}
        Value::Array(members) => {
            for (number, member) in members.iter().enumerate() {
                leaves(member, &format!("{path}/{number}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                leaves(field, &format!("{path}/{key}"), found);
            }
        }
        leaf => found.push((path.to_owned(), leaf.to_string())),
    }
}

/// A forger's plan: it parses, and all its hashes are right.
fn forged(plan: &Value) -> Option<String> {
    let mut plan: Plan = serde_json::from_value(plan.clone()).ok()?;
    plan.blueprint.digest = plan.blueprint.resolved.as_ref().map(|resolved| resolved.digest());
    plan.scope.sha256 = Some(plan.scope.hash());
    serde_json::to_string(&plan.sealed()).ok()
}

fn state(world: &World) -> BTreeSet<(String, String)> {
    let mut found = Vec::new();
    leaves(&serde_json::from_str(&world.read("account.json")).unwrap(), "", &mut found);
    found.into_iter().collect()
}

/// Whatever of a plan is forged, nothing comes to be that the blueprint would not have made.
#[test]
fn a_forger_gets_no_more_than_the_blueprint_and_the_accounts_allow() {
    let world = World::bare(&keeping_a_trail());
    let file = world.path("plan.json").display().to_string();
    world.run(&["plan", "--out", &file]).expect(0);
    let (plan, account) = (world.read("plan.json"), world.read("account.json"));
    let before = state(&world);
    world.run(&["apply", "--yes", &file]).expect(0);
    let honest = state(&world);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let mut found = Vec::new();
    leaves(&plan, "", &mut found);
    let step = if std::env::var_os("CTGUARD_LAW_CASES").is_some() { 1 } else { 9 };
    let mut tried = 0;
    for (path, _) in found.iter().step_by(step) {
        for forgery in [json!("mallory@evil.example"), json!("*"), json!(true), Value::Null] {
            let mut changed = plan.clone();
            *changed.pointer_mut(path).unwrap() = forgery.clone();
            let Some(text) = forged(&changed) else { continue };
            world.write("account.json", &account);
            world.write("plan.json", &text);
            let ran = world.run(&["apply", "--yes", &file]);
            let strange: Vec<_> = state(&world)
                .into_iter()
                .filter(|leaf| !before.contains(leaf) && !honest.contains(leaf))
                .collect();
            assert!(strange.is_empty(), "{path} {forgery}: {strange:?} {}", ran.err);
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn show_believes_no_scope_that_was_edited() {
    let world = World::bare(&keeping_a_trail());
    let file = world.path("plan.json").display().to_string();
    world.run(&["plan", "--out", &file]).expect(0);
    let plan: Value = serde_json::from_str(&world.read("plan.json")).unwrap();
    type Edit = fn(&mut Value);
    let edits: [Edit; 5] = [
        |scope| scope["accounts"] = json!([]),
        |scope| scope["regions"] = json!(["us-east-1"]),
        |scope| scope["names"] = json!({ "111122223333": "somebody else's" }),
        |scope| scope["only_regions"] = json!(["eu-west-1"]),
        |scope| scope["shard"] = json!("1/2"),
    ];
    for edit in edits {
        let mut edited = plan.clone();
        edit(&mut edited["scope"]);
        world.write("plan.json", &edited.to_string());
        let show = ["ctguard", "show", &file].map(Into::into).to_vec();
        for ran in [world.command(show, None), world.run(&["apply", "--yes", &file])] {
            assert_eq!(ran.code, 5, "{}", ran.err);
            assert!(ran.err.contains("somebody edited the file"), "{}", ran.err);
            assert!(ran.out.is_empty(), "{}", ran.out);
        }
    }
    // Without what proves it, a plan is shown with a word about that.
    let mut bare = plan.clone();
    drop(bare["scope"].as_object_mut().unwrap().remove("sha256"));
    drop(bare.as_object_mut().unwrap().remove("sha256"));
    world.write("plan.json", &bare.to_string());
    let ran = world.command(["ctguard", "show", &file].map(Into::into).to_vec(), None).expect(0);
    assert!(ran.err.contains("nothing says whether it was edited"), "{}", ran.err);
    world.run(&["apply", "--yes", &file]).expect(1);
}
