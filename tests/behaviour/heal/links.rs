//! The proof of healing against what a sandbox does: what is proven heals, what breaks does not.

use super::{heal, home, somebody, stop, trail};
use ctguard_core::resource::rule::RuleState;
use ctguard_sandbox::state::{State, StoredRole};
use serde_json::{Value, json};

fn role(state: &mut State) -> &mut StoredRole {
    let account = state.accounts.values_mut().next().unwrap();
    account.global.roles.get_mut("ctguard-acme-heal").unwrap()
}

#[test]
fn each_link_of_the_healing_path_that_breaks_is_told_and_stops_it() {
    type Wound = fn(&mut State);
    let wounds: [(&str, Wound); 8] = [
        ("rule-missing", |state| {
            state.region_mut(&home()).rules.remove("ctguard-acme-heal.logging").unwrap();
        }),
        ("rule-disabled", |state| {
            let rules = &mut state.region_mut(&home()).rules;
            let rule = rules.get_mut("ctguard-acme-heal.logging").unwrap();
            rule.rule.state = RuleState::Disabled;
        }),
        ("target-missing", |state| {
            let rules = &mut state.region_mut(&home()).rules;
            rules.get_mut("ctguard-acme-heal.logging").unwrap().targets = Default::default();
        }),
        ("machine-missing", |state| {
            state.region_mut(&home()).machines.remove("ctguard-acme-heal").unwrap();
        }),
        ("machine-definition", |state| {
            let machines = &mut state.region_mut(&home()).machines;
            let machine = &mut machines.get_mut("ctguard-acme-heal").unwrap().machine;
            let mut definition: Value = serde_json::from_str(&machine.definition).unwrap();
            definition["StartAt"] = json!("Healed");
            machine.definition = definition.to_string();
        }),
        ("role-policy", |state| {
            role(state).policies.remove("ctguard-acme-heal").unwrap();
        }),
        ("role-policy", |state| {
            let policy = role(state).policies.get_mut("ctguard-acme-heal").unwrap();
            policy["Statement"][0]["Action"] =
                json!(["cloudtrail:GetTrailStatus", "cloudtrail:GetTrail"]);
        }),
        ("role-trust", |state| {
            role(state).trust["Statement"][0]["Principal"] =
                json!({ "Service": "ec2.amazonaws.com" });
        }),
    ];
    for (code, wound) in wounds {
        let world = heal();
        world.change(wound);
        let told = world.run(&["verify"]).expect(3).out;
        assert!(told.contains(code) && told.contains("heal.logging"), "{code}: {told}");
        somebody(&world, "StopLogging", stop);
        assert!(!trail(&world).status.logging, "{code}");
        world.run(&["apply", "--yes"]).expect(0);
        somebody(&world, "StopLogging", stop);
        assert!(trail(&world).status.logging, "{code}");
    }
}

#[test]
fn what_is_proven_heals_whatever_else_was_changed() {
    type Change = fn(&mut State);
    let changes: [Change; 5] = [
        |_| {},
        |state| {
            let machines = &mut state.region_mut(&home()).machines;
            let machine = machines.get_mut("ctguard-acme-heal").unwrap();
            let definition: Value = serde_json::from_str(&machine.machine.definition).unwrap();
            machine.machine.definition = format!("{definition:#}");
            machine.tags.insert("team".into(), "a".into());
        },
        |state| {
            let rules = &mut state.region_mut(&home()).rules;
            rules.get_mut("ctguard-acme-heal.logging").unwrap().rule.description = None;
        },
        |state| {
            let policies = &mut role(state).policies;
            let all = policies.remove("ctguard-acme-heal").unwrap();
            policies.insert("another-name".into(), all);
        },
        |state| {
            role(state).trust["Statement"][0].as_object_mut().unwrap().remove("Condition");
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let world = heal();
        world.change(change);
        world.run(&["verify"]).expect(0);
        somebody(&world, "StopLogging", stop);
        assert!(trail(&world).status.logging, "{number}");
    }
}
