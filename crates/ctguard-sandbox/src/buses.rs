//! EventBridge: custom buses and who may put events on them.

use super::policy::form;
use super::refusal::{Done, Refusal, check_tags, ensure, is_name, refuse};
use super::state::{State, StoredBus};
use ctguard_core::resource::Tags;
use ctguard_core::resource::bus::BUS_POLICY_MAX_CHARS;
use ctguard_core::scope::Place;
use serde_json::Value;

const INVALID: &str = "ValidationException";
const MISSING: &str = "ResourceNotFoundException";

/// Longest name of a bus, in characters.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>
const NAME_MAX_CHARS: usize = 256;

/// Most buses of an account in a region by default.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const BUSES_MAX: usize = 100;

/// Whether a custom bus can have this name: `default` is every account's own, and `aws.` begins a
/// partner's.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html>
pub fn is_bus_name(name: &str) -> bool {
    is_name(name, NAME_MAX_CHARS, ".-_") && name != "default" && !name.starts_with("aws.")
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("events", &format!("event-bus/{name}"))
}

/// Creates a bus; succeeds if it exists with the same tags.
pub fn create(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    ensure(is_bus_name(name), INVALID, || format!("`{name}` is not the name of a custom bus"))?;
    check_tags(tags, &Tags::new(), INVALID)?;
    let buses = &state.region(place).buses;
    if let Some(there) = buses.get(name) {
        return ensure(there.tags == *tags, "ResourceAlreadyExistsException", || {
            format!("event bus {name} already exists")
        });
    }
    ensure(buses.len() < BUSES_MAX, "LimitExceededException", || {
        "the requested resource exceeds the maximum number allowed".to_owned()
    })?;
    let new = StoredBus { tags: tags.clone(), ..StoredBus::default() };
    state.region_mut(place).buses.insert(name.to_owned(), new);
    Ok(())
}

/// Replaces the whole policy.
pub fn put_policy(state: &mut State, place: &Place, name: &str, policy: &Value) -> Done {
    find(state, place, name)?;
    ensure(!form::is_too_long_for_bus(policy), "PolicyLengthExceededException", || {
        format!("the policy is longer than {BUS_POLICY_MAX_CHARS} characters")
    })?;
    form::check_bus(policy, &arn(place, name)).map_err(|why| refuse(INVALID, why))?;
    edit(state, place, name, |bus| bus.policy = Some(policy.clone()));
    Ok(())
}

/// Adds tags.
pub fn tag(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    let there = find(state, place, name)?;
    check_tags(tags, &there.tags, INVALID)?;
    edit(state, place, name, |bus| bus.tags.extend(tags.clone()));
    Ok(())
}

/// Deletes a bus that has no rules; succeeds if it is gone.
///
/// AWS's pages disagree about remaining rules: they "need to be deleted", or are deleted with the
/// bus.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html>
pub fn delete(state: &mut State, place: &Place, name: &str) -> Done {
    ensure(name != "default", INVALID, || "cannot delete event bus default".to_owned())?;
    let Some(there) = state.region(place).buses.get(name) else {
        return Ok(());
    };
    ensure(there.rules.is_empty(), INVALID, || {
        format!("event bus {name} can't be deleted since it has rules")
    })?;
    state.region_mut(place).buses.remove(name);
    Ok(())
}

fn find<'a>(state: &'a State, place: &Place, name: &str) -> Result<&'a StoredBus, Refusal> {
    let there = state.region(place).buses.get(name);
    there.ok_or_else(|| missing(name))
}

/// The error for a missing bus.
pub fn missing(name: &str) -> Refusal {
    refuse(MISSING, format!("event bus {name} does not exist"))
}

fn edit(state: &mut State, place: &Place, name: &str, change: impl FnOnce(&mut StoredBus)) {
    if let Some(bus) = state.region_mut(place).buses.get_mut(name) {
        change(bus);
    }
}

#[cfg(test)]
mod tests;
