//! A plan that was saved: read again anywhere, applied as it was reviewed, and refused when
//! anything that it was made from has moved.

use crate::laws;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use crate::world::{Ran, World};
use ctguard_core::blueprint::Blueprint;
use ctguard_core::plan::{SavedPlan, file, fingerprints};
use ctguard_core::resource::rule::RuleState;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::Live;
use ctguard_core::snapshot::{AccountSnapshot, Observed, PlaceSnapshot};
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::faults::{Aim, Fault};
use ctguard_sandbox::state::{Denied, StoredRule};
use serde_json::{Value, json};

fn saved(world: &World, args: &[&str]) -> String {
    let file = world.path("plan.json").display().to_string();
    let line: Vec<&str> = ["plan", "--out", &file].iter().chain(args).copied().collect();
    world.run(&line);
    file
}

/// Applies a plan. `World::run` would add the blueprint.
fn apply(world: &World, file: &str, more: &[&str]) -> Ran {
    let account = world.path("account.json").display().to_string();
    let line = ["ctguard", "--sandbox", &account, "apply", file, "--yes"];
    world.command(line.iter().chain(more).map(Into::into).collect(), None)
}

/// Changes a plan as somebody does who takes its digest out.
fn edit(world: &World, change: impl FnOnce(&mut Value)) {
    let mut plan: Value = serde_json::from_str(&world.read("plan.json")).unwrap();
    change(&mut plan);
    plan.as_object_mut().unwrap().remove("sha256").unwrap();
    world.write("plan.json", &plan.to_string());
}

/// Nothing was written: the account's file is as it was.
#[track_caller]
fn refused(world: &World, file: &str, more: &[&str], code: u8, words: &[&str]) {
    let before = world.read("account.json");
    let ran = apply(world, file, more).expect(code);
    for word in words {
        assert!(ran.err.contains(word), "`{word}` is not said: {}", ran.err);
    }
    assert_eq!(world.read("account.json"), before, "something was written");
}

#[test]
fn a_saved_plan_reads_the_same_anywhere_and_does_what_it_says() {
    let world = World::bare(&keeping_a_trail());
    let told = world.run(&["plan", "--out", &world.path("plan.json").display().to_string()]);
    let file = world.path("plan.json").display().to_string();
    std::fs::rename(world.path("account.json"), world.path("elsewhere.json")).unwrap();
    let show = |more: &[&str]| {
        let line = ["ctguard", "show", &file];
        world.command(line.iter().chain(more).map(Into::into).collect(), None).expect(0)
    };
    assert_eq!(show(&[]).out, told.out, "show says something else than plan did");
    assert_eq!(show(&["--format", "json"]).out, world.read("plan.json"));
    assert!(world.read("plan.json").trim_start_matches('{').trim().starts_with("\"ctguard_plan\""));
    std::fs::rename(world.path("elsewhere.json"), world.path("account.json")).unwrap();
    // The blueprint's file is not needed any more: all of it is in the plan.
    std::fs::remove_file(world.path("ctguard.yaml")).unwrap();
    apply(&world, &file, &[]).expect(0);
    world.write("ctguard.yaml", &keeping_a_trail());
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

/// Law 6 of the design: what was reviewed is done, all of it, once, and only on what it was made
/// from.
#[test]
fn law_6_a_reviewed_plan_is_the_plan_applied() {
    let each_rule = |world: &World, change: fn(&mut StoredRule)| {
        world.change(|state| {
            let regions = state.accounts.values_mut().flat_map(|one| one.regions.values_mut());
            regions.flat_map(|here| here.rules.values_mut()).for_each(change);
        });
    };
    let world = World::settled(&keeping_a_trail());
    each_rule(&world, |rule| rule.rule.state = RuleState::Disabled);
    let file = saved(&world, &[]);
    let reviewed = world.read("account.json");
    each_rule(&world, |rule| rule.rule.description = Some("moved".to_owned()));
    refused(&world, &file, &[], 5, &["changed since"]);
    world.write("account.json", &reviewed);
    apply(&world, &file, &[]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    refused(&world, &file, &[], 5, &["changed since"]);
}

#[test]
fn the_plan_that_is_printed_as_json_is_the_one_that_is_saved() {
    let world = World::bare(PLAIN);
    let printed = world.run(&["plan", "--format", "json"]).out;
    saved(&world, &[]);
    assert_eq!(world.read("plan.json"), printed);
    let account = world.path("account.json").display().to_string();
    let line = ["ctguard", "--sandbox", &account, "apply", "-"];
    world.command(line.iter().map(Into::into).collect(), Some(&printed)).expect(64);
    let line = line.iter().chain(&["--yes"]).map(Into::into).collect();
    world.command(line, Some(&printed)).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn included_files_and_built_in_blueprints_are_in_it() {
    let world = World::empty();
    world.write(
        "ctguard.yaml",
        &PLAIN.replace(
            "alerts:",
            "include: [{ path: ./more.yaml }, { builtin: account-security }]\nalerts:",
        ),
    );
    let more = "version: 1\nalerts:\n  - { id: more, title: More, risk: low, events: [ec2:DeleteRoute], notify: [secops], why: w, next: n }\n";
    world.write("more.yaml", more);
    world.run(&["sandbox", "new"]).expect(0);
    let file = saved(&world, &[]);
    let plan: Value = serde_json::from_str(&world.read("plan.json")).unwrap();
    let sources: Vec<&String> =
        plan["blueprint"]["resolved"]["sources"].as_object().unwrap().keys().collect();
    assert_eq!(sources, ["builtin:account-security", "ctguard.yaml", "more.yaml"]);
    std::fs::remove_file(world.path("more.yaml")).unwrap();
    apply(&world, &file, &[]).expect(0);
    world.write("more.yaml", more);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn what_a_plan_was_narrowed_to_is_what_is_applied() {
    let world = World::with_trail(PLAIN);
    let file = saved(&world, &["--region", "eu-west-1"]);
    refused(
        &world,
        &file,
        &["--region", "us-east-1"],
        64,
        &["--region cannot be used with a saved plan"],
    );
    apply(&world, &file, &[]).expect(0);
    let state = world.state();
    let regions: Vec<&str> = state
        .accounts
        .values()
        .flat_map(|a| &a.regions)
        .filter(|(_, here)| !here.rules.is_empty())
        .map(|(region, _)| region.as_str())
        .collect();
    assert_eq!(regions, ["eu-west-1"]);
}

#[test]
fn a_file_that_is_no_plan_or_was_edited_is_refused_in_words() {
    let world = World::bare(PLAIN);
    let file = saved(&world, &[]);
    let whole = world.read("plan.json");
    world.write("plan.json", &whole[..whole.len() / 2]);
    refused(&world, &file, &[], 1, &["is not a plan", "not JSON"]);
    let check = |change: &dyn Fn(&mut Value), code: u8, words: &[&str]| {
        world.write("plan.json", &whole);
        edit(&world, change);
        refused(&world, &file, &[], code, words);
    };
    check(&|plan| plan["ctguard_plan"] = json!(7), 1, &["format version 7", "reads 1"]);
    check(&|plan| plan["scope"]["accounts"] = json!("all"), 1, &["scope.accounts"]);
    check(
        &|plan| drop(plan.as_object_mut().unwrap().remove("fingerprints")),
        5,
        &["changed since"],
    );
    check(
        &|plan| drop(plan["scope"].as_object_mut().unwrap().remove("caller")),
        1,
        &["that an apply needs"],
    );
    check(&|plan| plan["as_of"] = json!("today"), 1, &["as_of"]);
    let text = |plan: &mut Value| {
        let text = &mut plan["blueprint"]["resolved"]["sources"]["ctguard.yaml"];
        *text = json!(text.as_str().unwrap().replace("secops@acme", "mallory@evil"));
    };
    check(&text, 5, &["somebody edited the file"]);
    check(&|plan| plan["blueprint"]["name"] = json!("other"), 5, &["somebody edited the file"]);
    let address = |plan: &mut Value| {
        for change in plan["changes"].as_array_mut().unwrap() {
            if change["address"]["kind"] == "subscription" {
                let text = change.to_string().replace("secops@acme", "mallory@evil");
                *change = serde_json::from_str(&text).unwrap();
            }
        }
    };
    check(&address, 5, &["give another plan now", "edited", "email:mallory@evil"]);
    check(&|plan| plan["scope"]["caller"] = json!("999988887777"), 5, &["account 999988887777"]);
}

/// Every value of a plan, each changed alone: what was edited is not shown as if it had been planned.
#[test]
fn whatever_is_edited_in_a_plan_is_refused() {
    let world = World::bare(&keeping_a_trail());
    let file = saved(&world, &[]);
    let whole: Value = serde_json::from_str(&world.read("plan.json")).unwrap();
    let mut tried = 0;
    mutations(&whole, &mut |path, edited| {
        let Ok(plan) = file::read(&edited.to_string()) else { return };
        tried += 1;
        assert!(SavedPlan::check(plan).is_err(), "{path} was edited, and nobody noticed");
    });
    assert!(tried > 300, "only {tried} values were tried");
    let show = |more: &[&str]| {
        let line = ["ctguard", "show", &file];
        world.command(line.iter().chain(more).map(Into::into).collect(), None)
    };
    let mut edited = whole.clone();
    edited["effects"][0]["alerting_after"] = json!(0);
    edited["in_sync"] = json!(u64::MAX);
    world.write("plan.json", &edited.to_string());
    for format in ["text", "json", "markdown", "sarif", "github", "junit"] {
        let ran = show(&["--format", format]).expect(5);
        assert!(ran.out.is_empty() && ran.err.contains("somebody edited the file"), "{}", ran.err);
    }
    refused(&world, &file, &[], 5, &["somebody edited the file"]);
    // Without the digest it is shown, and not as one that was saved.
    edited.as_object_mut().unwrap().remove("sha256");
    world.write("plan.json", &edited.to_string());
    for format in ["text", "json", "markdown", "junit"] {
        let ran = show(&["--format", format, "--quiet"]).expect(0);
        assert!(ran.err.contains("nothing says whether it was edited"), "{}", ran.err);
    }
    // Written anew by a program that sorts keys, it is the same plan.
    let mut sorted = whole;
    sorted.sort_all_objects();
    world.write("plan.json", &sorted.to_string());
    show(&[]).expect(0);
}

#[test]
fn a_plan_that_is_missing_is_told_as_a_plan() {
    let world = World::bare(PLAIN);
    let none = world.path("none.json").display().to_string();
    let show = ["ctguard", "show", &none].map(Into::into).to_vec();
    for ran in [world.command(show, None), apply(&world, &none, &[])] {
        let ran = ran.expect(1);
        assert!(ran.err.contains("cannot read the plan"), "{}", ran.err);
        assert!(!ran.err.contains("init"), "{}", ran.err);
    }
}

#[test]
fn an_edited_part_of_a_fleet_is_not_merged() {
    let world = World::bare(PLAIN);
    let parts = ["1/2", "2/2"].map(|part| {
        saved(&world, &["--shard", part]);
        let name = format!("part-{}.json", &part[..1]);
        world.write(&name, &world.read("plan.json"));
        name
    });
    let merge = || {
        let parts = parts.each_ref().map(|name| world.path(name).display().to_string());
        let line = ["ctguard", "merge", "--format", "json"].map(String::from);
        world.command(line.into_iter().chain(parts).map(Into::into).collect(), None)
    };
    let merged = merge().expect(0).json();
    assert!(merged["sha256"].is_string(), "the merged plan has a digest of its own");
    for (digest, code) in [(true, 1), (false, 0)] {
        for name in &parts {
            let mut plan: Value = serde_json::from_str(&world.read(name)).unwrap();
            plan["in_sync"] = json!(u64::MAX);
            if !digest {
                plan.as_object_mut().unwrap().remove("sha256");
            }
            world.write(name, &plan.to_string());
        }
        let ran = merge().expect(code);
        assert_eq!(ran.err.contains("somebody edited the file"), digest, "{}", ran.err);
    }
}

#[test]
fn what_is_taken_out_of_a_plan_is_left_alone_with_all_that_needs_it() {
    let world = World::with_trail(PLAIN);
    let file = saved(&world, &[]);
    edit(&world, |plan| {
        let changes = plan["changes"].as_array_mut().unwrap();
        changes.retain(|one| {
            one["address"]["region"] != "eu-west-1" || one["address"]["kind"] != "topic"
        });
    });
    let ran = apply(&world, &file, &[]).expect(0);
    assert!(ran.err.contains("not in the plan, and left alone"), "{}", ran.err);
    let state = world.state();
    let account = state.accounts.values().next().unwrap();
    let rules = &account.regions[&Region::new("eu-west-1").unwrap()].rules;
    assert!(rules.values().all(|rule| rule.targets.is_empty()), "a target without its topic");
}

#[test]
fn a_plan_outlives_no_exception_that_has_ended_since() {
    let except = "    except: [{ where: { sourceIPAddress: [10.0.0.1] }, reason: migration, until: 2026-11-30 }]\n    why: Routes";
    let world = World::with_trail(&PLAIN.replacen("    why: Routes", except, 1));
    let file = saved(&world, &[]);
    let words = ["alert `route` (migration) ended on 2026-11-30", "Plan again"];
    refused(&world, &file, &["--as-of", "2026-12-01"], 5, &words);
    apply(&world, &file, &["--as-of", "2026-11-30"]).expect(0);
}

#[test]
fn credentials_of_another_account_are_refused() {
    let world = World::with_trail(PLAIN);
    let file = saved(&world, &[]);
    world.change(|state| {
        let other = AccountId::new("222233334444").unwrap();
        state.accounts.insert(other.clone(), state.accounts[&state.caller.account].clone());
        state.caller.account = other;
    });
    refused(&world, &file, &[], 5, &["account 111122223333", "222233334444", "plan again"]);
}

#[test]
fn the_parts_of_a_fleet_add_up_to_a_plan_that_can_be_applied() {
    let blueprint = PLAIN.replace(
        "regions:",
        "accounts: [{ id: \"111122223333\" }, { id: \"222233334444\", role: r }, { id: \"333344445555\", role: r }]\nhub: { account: \"111122223333\", region: us-east-1 }\nregions:",
    );
    let world = World::empty();
    world.write("ctguard.yaml", &blueprint);
    let accounts = ["111122223333", "222233334444", "333344445555"].map(|id| ["--account", id]);
    let line: Vec<&str> =
        ["sandbox", "new"].into_iter().chain(accounts.as_flattened().iter().copied()).collect();
    world.run(&line).expect(0);
    let part = |n: u32| {
        let name = format!("part-{n}.json");
        let file = world.path(&name).display().to_string();
        world.run(&["plan", "--shard", &format!("{n}/3"), "--out", &file]).expect(0);
        file
    };
    let parts = [1, 2, 3].map(part);
    let line: Vec<&str> =
        ["merge", "--format", "json"].into_iter().chain(parts.iter().map(String::as_str)).collect();
    let merged = world.run(&line).expect(0).out;
    assert_eq!(merged, world.run(&["plan", "--format", "json"]).out, "it is the plan of the whole");
    world.write("merged.json", &merged);
    let file = world.path("merged.json").display().to_string();
    apply(&world, &file, &[]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    refused(&world, &file, &[], 5, &["changed since"]);
    // A part that saw the hub otherwise than another did is of another time.
    world.run(&["plan", "--shard", "2/3", "--out", &parts[1]]).expect(0);
    let late = world.run(&line).expect(1);
    assert!(late.err.contains("changed between one of them and another"), "{}", late.err);
}

/// A blueprint with all that a plan can be made from: a hub, a trail, several kinds of subscribers.
fn everything() -> (Blueprint, Sandbox) {
    let text = format!(
        "{}\nhub: {{ account: \"111122223333\", region: us-east-1 }}\n",
        keeping_a_trail().replace(
            "{ email: secops@acme.example }",
            "{ email: secops@acme.example }, { sqs: \"arn:aws:sqs:us-east-1:111122223333:siem\" }"
        )
    );
    let blueprint = laws::read(&text);
    let mut state = laws::account(ctguard_sandbox::fresh::AccountKind::WithTrail);
    let here = Place::new(state.caller.account.clone(), Region::new("us-east-1").unwrap());
    state.region_mut(&here).queues.insert("siem".into(), Default::default());
    let sandbox = Sandbox::in_memory(state);
    laws::apply(&sandbox, &blueprint);
    laws::confirm(&sandbox);
    (blueprint, sandbox)
}

/// What is read and moves by itself.
fn still(mut live: Live) -> Live {
    for place in live.places.values_mut() {
        place.rules_on_bus = None;
        place.wildcard_rules_on_bus = None;
        // Rules of others on a bus change nothing that a plan does.
        for bus in place.buses.values_mut() {
            if let Observed::Known(bus) = bus {
                bus.others = Observed::Absent;
            }
        }
        for queue in place.queues.values_mut() {
            if let Observed::Known(queue) = queue {
                queue.messages = 0;
                // It grows by itself.
                queue.age_hours = None;
            }
        }
        if let Observed::Known(trails) = &mut place.trails {
            for trail in trails.values_mut() {
                if let Observed::Known(status) = &mut trail.status {
                    let logging = status.logging;
                    *status = Default::default();
                    status.logging = logging;
                }
            }
        }
    }
    live
}

/// The law, for everything that can be broken: what is read otherwise is detected, and nothing else
/// is.
#[test]
fn every_fault_in_what_a_plan_read_is_detected_and_no_other() {
    let mut seen = 0;
    for fault in Fault::ALL {
        let (blueprint, sandbox) = everything();
        let before = laws::survey(&sandbox, &blueprint).live;
        if sandbox.inflict(fault, &Aim::default()).is_err() {
            continue;
        }
        let after = laws::survey(&sandbox, &blueprint).live;
        let moved = fingerprints::moved(&fingerprints::of(&before), &fingerprints::of(&after));
        let differs = still(before) != still(after);
        assert_eq!(!moved.is_empty(), differs, "{}: {moved:#?}", fault.as_str());
        seen += usize::from(differs);
    }
    assert!(seen > 20, "only {seen} faults changed anything that is read");
}

#[test]
fn what_a_plan_did_not_read_may_change() {
    let (blueprint, sandbox) = everything();
    let before = fingerprints::of(&laws::survey(&sandbox, &blueprint).live);
    let mut state = sandbox.state();
    let account = state.caller.account.clone();
    let here = Place::new(account.clone(), Region::new("eu-west-1").unwrap());
    let there = state.region_mut(&here);
    let rule = there.rules.values().next().unwrap().clone();
    there.rules.insert("theirs".into(), StoredRule { tags: Default::default(), ..rule });
    there.topics.insert("theirs".into(), Default::default());
    there.queues.insert("theirs".into(), Default::default());
    for queue in there.queues.values_mut() {
        queue.messages += 3;
    }
    let trail = Place::new(account, Region::new("us-east-1").unwrap());
    for trail in state.region_mut(&trail).trails.values_mut() {
        trail.status.latest_delivery_error = Some("AccessDenied".into());
    }
    let after = laws::survey(&Sandbox::in_memory(state), &blueprint).live;
    assert_eq!(fingerprints::moved(&before, &fingerprints::of(&after)), []);
}

/// Calls back with the value after each change of one leaf.
fn mutations(value: &Value, changed: &mut dyn FnMut(&str, Value)) {
    fn each(value: &Value, path: &str, changed: &mut dyn FnMut(&str, Value)) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    each(field, &format!("{path}/{name}"), &mut |path, new| {
                        let mut whole = fields.clone();
                        whole.insert(name.clone(), new);
                        changed(path, Value::Object(whole));
                    });
                }
            }
            Value::Array(members) => {
                for (index, member) in members.iter().enumerate() {
                    each(member, &format!("{path}/{index}"), &mut |path, new| {
                        let mut whole = members.clone();
                        whole[index] = new;
                        changed(path, Value::Array(whole));
                    });
                }
            }
            Value::String(text) => changed(path, json!(format!("{text}x"))),
            Value::Bool(on) => changed(path, json!(!on)),
            Value::Number(number) => changed(path, json!(number.as_u64().unwrap() + 1)),
            Value::Null => {}
        }
    }
    each(value, "", changed);
}

/// The law again, for every single value that a plan reads of a place.
#[test]
fn every_value_that_is_read_is_in_a_fingerprint() {
    let (blueprint, sandbox) = everything();
    let live = laws::survey(&sandbox, &blueprint).live;
    let whole = fingerprints::of(&live);
    let mut tried = 0;
    for (place, seen) in &live.places {
        mutations(&serde_json::to_value(seen).unwrap(), &mut |path, value| {
            // Some values are of few words; what the type does not take nobody reads.
            let Ok(changed) = serde_json::from_value::<PlaceSnapshot>(value) else { return };
            if path.starts_with("/place/") {
                return;
            }
            let mut other = live.clone();
            other.places.insert(place.clone(), changed);
            let differs = still(other.clone()) != still(live.clone());
            let moved = fingerprints::moved(&whole, &fingerprints::of(&other));
            assert_eq!(!moved.is_empty(), differs, "{place}{path}: {moved:#?}");
            tried += usize::from(differs);
        });
    }
    for (account, seen) in &live.accounts {
        mutations(&serde_json::to_value(seen).unwrap(), &mut |path, value| {
            let Ok(changed) = serde_json::from_value::<AccountSnapshot>(value) else { return };
            if path == "/account" {
                return;
            }
            let mut other = live.clone();
            other.accounts.insert(account.clone(), changed);
            let moved = fingerprints::moved(&whole, &fingerprints::of(&other));
            assert_eq!(!moved.is_empty(), other != live, "{account}{path}: {moved:#?}");
            tried += usize::from(other != live);
        });
    }
    assert!(tried > 150, "only {tried} values were tried");
}

#[test]
fn a_plan_that_is_stale_says_what_moved_and_changes_nothing() {
    let world = World::settled(&keeping_a_trail());
    world.write(
        "ctguard.yaml",
        &keeping_a_trail().replace("[ec2:CreateRoute]", "[ec2:CreateRoute, ec2:DeleteRoute]"),
    );
    let file = saved(&world, &[]);
    world.run(&["sandbox", "break", "disable-rule", "new-user", "--region", "us-east-1"]).expect(0);
    let words =
        ["rule ctguard-acme-new-user in 111122223333/us-east-1 was changed (state)", "Plan again"];
    refused(&world, &file, &[], 5, &words);
    saved(&world, &[]);
    world.run(&["sandbox", "break", "delete-topic", "--region", "eu-west-1"]).expect(0);
    refused(
        &world,
        &file,
        &[],
        5,
        &["topic ctguard-acme-secops in 111122223333/eu-west-1 is gone"],
    );
    let ran = apply(&world, &file, &["--format", "json"]).expect(5).json();
    let moved = &ran["moved"][0];
    assert_eq!(
        (&moved["object"], &moved["how"]),
        (&json!("topic ctguard-acme-secops"), &json!("gone"))
    );
    // What could be read then and cannot be now may have moved.
    saved(&world, &[]);
    world.change(|state| {
        let operation = "events:ListRules".into();
        state.denied.push(Denied { operation, account: None, region: None });
    });
    refused(&world, &file, &[], 5, &["rule ctguard-acme-route in 111122223333/us-east-1 is gone"]);
}

#[test]
fn a_part_of_a_fleet_that_happens_to_be_empty_has_a_plan_too() {
    let world = World::with_trail(PLAIN);
    let empty = ["1/2", "2/2"].into_iter().filter(|part| {
        let file = saved(&world, &["--shard", part]);
        let plan: Value = serde_json::from_str(&world.read("plan.json")).unwrap();
        let nothing = plan["scope"]["accounts"] == json!([]);
        if nothing {
            apply(&world, &file, &[]).expect(0);
        }
        nothing
    });
    assert_eq!(empty.count(), 1);
}

#[test]
fn no_credential_is_in_a_plan() {
    let world = World::bare(&keeping_a_trail());
    saved(&world, &[]);
    let plan = world.read("plan.json");
    for secret in ["AKIA", "aws_secret", "session_token", "SecretAccessKey"] {
        assert!(!plan.contains(secret), "{secret}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.path("plan.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others may read it");
    }
}

#[test]
fn a_secret_that_changed_after_the_plan_is_told_and_nobody_is_accused() {
    let hooked = PLAIN.replace("{ email: secops@acme.example }", "{ secret: env:HOOK }");
    let world = World::with_trail(&hooked);
    let run = |hook: &str, args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_ctguard"))
            .args(["--sandbox", "account.json"])
            .args(args)
            .current_dir(world.path("."))
            .env("HOOK", format!("https://hooks.acme.example/{hook}"))
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run("first", &["plan", "--out", "plan.json"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run("second", &["apply", "plan.json", "--yes"]);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("the value of a secret was changed after the plan"), "{said}");
    assert!(said.contains("Plan again") && !said.contains("edited"), "{said}");
    let (code, said) = run("first", &["apply", "plan.json", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn what_could_not_be_read_comes_before_the_next_step() {
    let world = World::settled(&keeping_a_trail());
    let ran = world.run(&["plan"]).expect(0);
    assert!(ran.out.contains("Next: ctguard verify"), "{}", ran.out);
    world.run(&["sandbox", "break", "deny-calls", "events:ListRules"]).expect(0);
    let ran = world.run(&["plan"]).expect(4);
    assert!(
        ran.out.contains("Next: mend what could not be read, then ctguard plan"),
        "{}",
        ran.out
    );
}

#[test]
fn what_an_apply_would_leave_is_said_with_the_command() {
    // Another trail records here already, so this one is refused, and the rest is not.
    let world = World::with_trail(&keeping_a_trail());
    let ran = world.run(&["plan"]).expect(5);
    let next = "Next: ctguard apply FOLDER/ctguard.yaml\n      It leaves what is refused, does the rest, and exits with 5: mend that first to have all done.\n";
    assert!(ran.out.ends_with(next), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(5);
    // Then nothing is left but that.
    let ran = world.run(&["plan"]).expect(5);
    assert!(ran.out.contains("Next: mend what is refused, then ctguard plan"), "{}", ran.out);
    assert!(!ran.out.contains("does the rest"), "{}", ran.out);

    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "disable-rule", "--region", "us-east-1"]).expect(0);
    let deny = ["sandbox", "break", "deny-calls", "events:ListRules", "--region", "eu-west-1"];
    world.run(&deny).expect(0);
    let ran = world.run(&["plan"]).expect(4);
    let said = "It leaves what could not be read, does the rest, and exits with 4";
    assert!(ran.out.contains(said), "{}", ran.out);
    let file = world.path("plan.json").display().to_string();
    let ran = world.run(&["plan", "--out", &file]).expect(4);
    assert!(ran.out.contains("mend that first and plan again to have all done"), "{}", ran.out);
}

/// `jq -S` and editors of Windows write a plan otherwise, and it says the same.
#[test]
fn a_plan_is_told_by_its_key_in_whatever_order_and_behind_a_mark() {
    let world = World::with_trail(PLAIN);
    let file = world.path("plan.json").display().to_string();
    world.run(&["plan", "--out", &file]).expect(0);
    let plan: serde_json::Value = serde_json::from_str(&world.read("plan.json")).unwrap();
    let sorted: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_value(plan).unwrap();
    world.write("plan.json", &format!("\u{feff}{}", serde_json::to_string(&sorted).unwrap()));
    world.run(&["show", &file]).expect(0);
    world.run(&["apply", &file, "--yes"]).expect(0);
}
