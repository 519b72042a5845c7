//! Faults on the path to the hub: the forwarding role and the hub's bus.

use super::pick::{self, pick};
use super::{Aim, Fault};
use crate::buses;
use crate::policy::list;
use crate::state::{State, StoredRole};
use ctguard_core::scope::Place;
use serde_json::{Value, json};

/// An account and an organization that do not exist.
const NOBODY: &str = "000000000000";
const NOWHERE: &str = "o-nobodys0000";

pub fn role(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("role", pick::roles(state), aim, |stored| match fault {
        Fault::RetargetRole => !stored.policies.is_empty(),
        Fault::BoundRole => stored.permissions_boundary.is_none(),
        _ => true,
    })?;
    let account = &place.account;
    if fault == Fault::DeleteRole {
        if let Some(account) = state.accounts.get_mut(account) {
            account.global.roles.remove(&name);
        }
        return Ok(format!("Deleted role {name} of account {account} with its policies."));
    }
    let partition = place.region.partition();
    let elsewhere = format!("arn:{partition}:events:*:{NOBODY}:event-bus/elsewhere");
    let boundary = format!("arn:{partition}:iam::aws:policy/ReadOnlyAccess");
    edit_role(state, &place, &name, |role| match fault {
        Fault::ConditionTrust => each_statement(&mut role.trust, |statement| {
            condition(statement, "aws:SourceAccount", NOBODY);
        }),
        Fault::RetargetRole => {
            for policy in role.policies.values_mut() {
                each_statement(policy, |statement| {
                    if let Some(resource) = statement.get_mut("Resource") {
                        *resource = json!(elsewhere);
                    }
                });
            }
        }
        _ => role.permissions_boundary = Some(boundary),
    });
    Ok(match fault {
        Fault::ConditionTrust => {
            format!("Role {name} of account {account} now trusts rules of account {NOBODY} only.")
        }
        Fault::RetargetRole => {
            format!("Role {name} of account {account} may now put events on another bus only.")
        }
        _ => format!("Role {name} of account {account} now has a permissions boundary."),
    })
}

pub fn edit_role(
    state: &mut State,
    place: &Place,
    name: &str,
    change: impl FnOnce(&mut StoredRole),
) {
    let account = state.accounts.get_mut(&place.account);
    if let Some(role) = account.and_then(|account| account.global.roles.get_mut(name)) {
        change(role);
    }
}

pub fn bus(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("event bus", pick::buses(state), aim, |stored| {
        fault == Fault::DeleteBus || stored.policy.as_ref().is_some_and(Value::is_object)
    })?;
    let buses = &mut state.region_mut(&place).buses;
    if fault == Fault::DeleteBus {
        buses.remove(&name);
        return Ok(format!("Deleted event bus {name} ({place}) with its rules."));
    }
    let Some(stored) = buses.get_mut(&name) else {
        return Err(format!("event bus {name} is gone"));
    };
    Ok(match (fault, &mut stored.policy) {
        (Fault::ConditionBus, Some(policy)) => {
            each_statement(policy, |statement| {
                condition(statement, "aws:PrincipalOrgID", NOWHERE);
            });
            format!("The policy of event bus {name} ({place}) now asks for another organization.")
        }
        (Fault::DenyBus, Some(policy)) => {
            let mut statements: Vec<Value> =
                list(policy.get("Statement")).into_iter().cloned().collect();
            statements.push(json!({
                "Sid": "nobody", "Effect": "Deny", "Principal": "*",
                "Action": "events:PutEvents", "Resource": buses::arn(&place, &name),
            }));
            policy["Statement"] = Value::Array(statements);
            format!("The policy of event bus {name} ({place}) now denies everybody.")
        }
        (_, policy) => {
            *policy = None;
            format!(
                "Took the policy of event bus {name} ({place}) away: only its own account may put events on it."
            )
        }
    })
}

/// Changes every statement of a policy, which may stand without a list.
fn each_statement(policy: &mut Value, mut change: impl FnMut(&mut Value)) {
    match policy.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.iter_mut().for_each(change),
        Some(one) => change(one),
        None => {}
    }
}

/// Adds a condition to a statement.
fn condition(statement: &mut Value, key: &str, wanted: &str) {
    let mut at = statement;
    for element in ["Condition", "StringEquals"] {
        let Some(object) = at.as_object_mut() else { return };
        at = object.entry(element).or_insert_with(|| json!({}));
    }
    if let Some(object) = at.as_object_mut() {
        object.insert(key.to_owned(), json!(wanted));
    }
}
