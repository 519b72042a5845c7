//! State machines and the roles.

use super::Wound;
use ctguard_core::resource::machine::MachineType;
use ctguard_core::scope::Place;
use ctguard_sandbox::State;
use ctguard_sandbox::state::{StoredMachine, StoredRole};
use serde_json::{Value, json};

pub const WOUNDS: &[(&str, Wound)] = &[
    ("delete the machine", |s, at, _| s.region_mut(at).machines.clear()),
    ("the machine is on its way out", |s, at, _| machine(s, at, |one| one.deleting = true)),
    ("make the machine Express", |s, at, _| {
        machine(s, at, |one| one.machine.machine_type = MachineType::Express)
    }),
    ("change the definition", |s, at, _| {
        machine(s, at, |one| one.machine.definition = IDLE.to_owned())
    }),
    ("lay the definition out otherwise", |s, at, _| {
        machine(s, at, |one| {
            let definition: Value = serde_json::from_str(&one.machine.definition).unwrap();
            one.machine.definition = format!("{definition:#}");
        })
    }),
    ("encrypt the machine", |s, at, _| {
        machine(s, at, |one| one.machine.kms_key = Some("alias/alerts".into()))
    }),
    ("give the machine another role", |s, at, _| {
        machine(s, at, |one| {
            one.machine.role_arn = "arn:aws:iam::111122223333:role/ctguard-acme".into();
        })
    }),
    ("an execution failed", |s, at, _| {
        s.region_mut(at).executions_failed.insert("ctguard-acme-mail".into(), 2);
    }),
    ("delete the role of rules", |s, _, _| role(s, "ctguard-acme", |_| true)),
    ("delete the role of machines", |s, _, _| role(s, "ctguard-acme-mail", |_| true)),
    ("let nobody take the role of rules on", |s, _, _| role(s, "ctguard-acme", distrusted)),
    ("let nobody take the role of machines on", |s, _, _| role(s, "ctguard-acme-mail", distrusted)),
    ("the role of rules starts nothing", |s, _, _| {
        role(s, "ctguard-acme", |one| {
            one.policies.clear();
            false
        })
    }),
    ("the role of machines publishes elsewhere", |s, _, _| {
        role(s, "ctguard-acme-mail", |one| {
            for policy in one.policies.values_mut() {
                policy["Statement"][0]["Resource"] = json!("arn:aws:sns:eu-west-1:111122223333:x");
            }
            false
        })
    }),
    ("the role of machines is denied", |s, _, _| {
        role(s, "ctguard-acme-mail", |one| {
            one.attached.insert("arn:aws:iam::aws:policy/AWSDenyAll".into());
            false
        })
    }),
    ("bound the role of machines", |s, _, _| {
        role(s, "ctguard-acme-mail", |one| {
            one.permissions_boundary = Some("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
            false
        })
    }),
    ("the mail's target has no role", |s, at, _| {
        for rule in s.region_mut(at).rules.values_mut() {
            let mails = rule.targets.values_mut().filter(|one| one.arn.contains(":states:"));
            mails.for_each(|one| one.role_arn = None);
        }
    }),
];

/// A machine that does nothing.
const IDLE: &str = r#"{"QueryLanguage":"JSONata","StartAt":"a","States":{"a":{"Type":"Succeed"}}}"#;

fn machine(s: &mut State, at: &Place, change: impl Fn(&mut StoredMachine)) {
    s.region_mut(at).machines.values_mut().for_each(change);
}

/// Changes a role, or takes it away where it is to go.
fn role(s: &mut State, name: &str, change: impl Fn(&mut StoredRole) -> bool) {
    for account in s.accounts.values_mut() {
        account.global.roles.retain(|known, role| known != name || !change(role));
    }
}

fn distrusted(role: &mut StoredRole) -> bool {
    let trust = role.trust["Statement"].as_array_mut();
    trust.into_iter().flatten().for_each(|statement| {
        statement["Condition"]["StringEquals"]["aws:SourceAccount"] = json!("000000000000");
    });
    false
}
