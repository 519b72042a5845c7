//! Step Functions: state machines.
//!
//! A machine that is deleted keeps its name until its deletion has ended: here until time passes or
//! the file is opened again.

use super::refusal::{Done, Refusal, check_tags, deny, ensure, refuse};
use super::roles;
use super::state::{State, StoredMachine, locate};
use ctguard_core::resource::Tags;
use ctguard_core::resource::machine::{
    MACHINE_NAME_MAX_CHARS, Machine, REQUEST_MAX_BYTES, machine_arn, machine_name, request_bytes,
};
use ctguard_core::scope::Place;
use serde_json::Value;
use std::collections::BTreeSet;

const MISSING: &str = "StateMachineDoesNotExist";
const INVALID: &str = "InvalidDefinition";
const STATES: &str = "states.amazonaws.com";

/// Whether a state machine can have this name.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
pub fn is_machine_name(name: &str) -> bool {
    let bad =
        |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    (1..=MACHINE_NAME_MAX_CHARS).contains(&name.chars().count()) && !name.contains(bad)
}

/// Creates a state machine; succeeds if one of the same name, definition and type exists, and leaves
/// its role and tags as they are then.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
pub fn create(
    state: &mut State,
    place: &Place,
    name: &str,
    machine: &Machine,
    tags: &Tags,
) -> Done {
    ensure(is_machine_name(name), "InvalidName", || format!("Invalid Name: '{name}'"))?;
    check_definition(&machine.definition)?;
    check_tags(tags, &Tags::new(), "ValidationException")?;
    check_role(state, place, name, machine)?;
    if let Some(there) = state.region(place).machines.get(name) {
        let arn = machine_arn(place, name);
        ensure(!there.deleting, "StateMachineDeleting", || {
            format!("State Machine is being deleted: '{arn}'")
        })?;
        let same = there.machine.definition == machine.definition
            && there.machine.machine_type == machine.machine_type
            && there.machine.kms_key == machine.kms_key;
        return ensure(same, "StateMachineAlreadyExists", || {
            format!("State Machine Already Exists: '{arn}'")
        });
    }
    let new = StoredMachine { machine: machine.clone(), tags: tags.clone(), deleting: false };
    state.region_mut(place).machines.insert(name.to_owned(), new);
    Ok(())
}

/// Replaces definition, role and encryption; the type stays.
pub fn update(state: &mut State, place: &Place, name: &str, machine: &Machine) -> Done {
    let there = find(state, place, name)?;
    let machine_type = there.machine.machine_type;
    ensure(!there.deleting, "StateMachineDeleting", || {
        format!("State Machine is being deleted: '{}'", machine_arn(place, name))
    })?;
    check_definition(&machine.definition)?;
    check_role(state, place, name, machine)?;
    edit(state, place, name, |stored| {
        stored.machine = Machine { machine_type, ..machine.clone() };
    });
    Ok(())
}

/// Adds tags.
pub fn tag(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    let there = state.region(place).machines.get(name).ok_or_else(|| {
        let arn = machine_arn(place, name);
        refuse("ResourceNotFound", format!("Resource not found: '{arn}'"))
    })?;
    check_tags(tags, &there.tags, "ValidationException")?;
    edit(state, place, name, |stored| stored.tags.extend(tags.clone()));
    Ok(())
}

/// Takes tags off; missing keys are ignored.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_UntagResource.html>
pub fn untag(state: &mut State, place: &Place, name: &str, keys: &BTreeSet<String>) -> Done {
    ensure(state.region(place).machines.contains_key(name), "ResourceNotFound", || {
        format!("Resource not found: '{}'", machine_arn(place, name))
    })?;
    edit(state, place, name, |stored| stored.tags.retain(|key, _| !keys.contains(key)));
    Ok(())
}

/// Begins to delete a state machine; succeeds if it is gone.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html>
pub fn delete(state: &mut State, place: &Place, name: &str) -> Done {
    edit(state, place, name, |stored| stored.deleting = true);
    Ok(())
}

/// Ends the deletions that have begun.
pub fn end_deletions(state: &mut State) {
    for place in state.places() {
        let here = state.region_mut(&place);
        here.machines.retain(|_, machine| !machine.deleting);
        // They go with it.
        let machines = &here.machines;
        here.executions.retain(|name, _| machines.contains_key(name));
    }
}

/// The place and name of a state machine, by its ARN.
pub fn named(arn: &str) -> Option<(Place, String)> {
    let (place, _) = locate(arn, "states")?;
    Some((place, machine_name(arn)?.to_owned()))
}

/// Checks that a text is a state machine in Amazon States Language, as far as its form goes: JSON
/// with states, of which each that is named exists.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-state-machine-structure.html>
fn check_definition(text: &str) -> Done {
    let invalid =
        |why: String| refuse(INVALID, format!("Invalid State Machine Definition: '{why}'"));
    ensure(request_bytes(text) <= REQUEST_MAX_BYTES, "ValidationException", || {
        format!("the request is longer than {REQUEST_MAX_BYTES} bytes")
    })?;
    let definition: Value = serde_json::from_str(text)
        .map_err(|error| invalid(format!("INVALID_JSON_DESCRIPTION: {error}")))?;
    let states = definition.get("States").and_then(Value::as_object);
    let states = states.filter(|states| !states.is_empty());
    let states = states.ok_or_else(|| invalid("MISSING_FIELD: States".to_owned()))?;
    let names: BTreeSet<&str> = states.keys().map(String::as_str).collect();
    let known = |named: Option<&Value>| {
        named.and_then(Value::as_str).is_some_and(|name| names.contains(name))
    };
    if !known(definition.get("StartAt")) {
        return Err(invalid("MISSING_TRANSITION_TARGET: StartAt".to_owned()));
    }
    for (name, one) in states {
        let kind = one.get("Type").and_then(Value::as_str).unwrap_or_default();
        if !["Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"].contains(&kind)
        {
            return Err(invalid(format!("SCHEMA_VALIDATION_FAILED: Type of {name}")));
        }
        let of = |field: &str| one.get(field).and_then(Value::as_array).into_iter().flatten();
        let nexts = of("Catch").chain(of("Choices")).chain([one]);
        let nexts = nexts.filter_map(|from| from.get("Next")).chain(one.get("Default"));
        for next in nexts {
            if !known(Some(next)) {
                return Err(invalid(format!("MISSING_TRANSITION_TARGET: {next} of {name}")));
            }
        }
        let ends = ["Succeed", "Fail", "Choice"].contains(&kind)
            || one.get("Next").is_some()
            || one.get("End") == Some(&Value::Bool(true));
        if !ends {
            return Err(invalid(format!(
                "SCHEMA_VALIDATION_FAILED: {name} has no Next and no End"
            )));
        }
    }
    Ok(())
}

/// Checks that Step Functions can take on the role for the machine.
fn check_role(state: &State, place: &Place, name: &str, machine: &Machine) -> Done {
    let arn = machine_arn(place, name);
    roles::assumed_by(state, place, STATES, &arn, &machine.role_arn).map(drop).map_err(|why| {
        let said = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role";
        deny("AccessDeniedException", format!("{said}: {why}"))
    })
}

fn find<'a>(state: &'a State, place: &Place, name: &str) -> Result<&'a StoredMachine, Refusal> {
    let there = state.region(place).machines.get(name);
    there.ok_or_else(|| {
        refuse(MISSING, format!("State Machine Does Not Exist: '{}'", machine_arn(place, name)))
    })
}

fn edit(state: &mut State, place: &Place, name: &str, change: impl FnOnce(&mut StoredMachine)) {
    if state.region(place).machines.contains_key(name)
        && let Some(machine) = state.region_mut(place).machines.get_mut(name)
    {
        change(machine);
    }
}

#[cfg(test)]
mod tests;
