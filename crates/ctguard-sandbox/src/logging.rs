//! CloudTrail at work on the calls that change something: the record of each stands in the event
//! history of the region where it lands, and its event is sent through the account.
//!
//! On AWS both are minutes late; here they are at once. What CloudTrail logs of a call that was
//! refused is its error; of one that did not get to AWS there is nothing.
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use super::deliver::MachineCall;
use super::state::State;
use ctguard_core::action::{Action, Logged};
use ctguard_core::cloud::{CloudError, CloudErrorKind};
use ctguard_core::drill::{CallMade, Circumstances, lands, record, record_of};
use ctguard_core::scope::Place;
use eventbridge_pattern::cloudtrail::envelope;
use serde_json::Value;

/// How many records the history of a region keeps; the oldest go first.
const HISTORY_MAX: usize = 1_000;

/// The name of the role, and of its session, with which calls are made in another account than the
/// caller's.
const ROLE: &str = "ctguard";

/// The name of the user who breaks things.
const SOMEBODY: &str = "mallory";

/// Writes a call down; the event that rules may hear of, if there is one.
pub fn log(
    state: &mut State,
    place: &Place,
    action: &Action,
    error: Option<&CloudError>,
    number: u64,
) -> Option<Value> {
    if error.is_some_and(|error| error.kind == CloudErrorKind::Transient) {
        return None;
    }
    // A data event, which the event history has not, and trails only where they select it.
    // https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html
    if matches!(action, Action::Publish { .. }) {
        return None;
    }
    let logged = action.logged(place);
    let there = lands(&logged.source, logged.name, place);
    if !state.has_account(&there.account) || !state.is_enabled(place) {
        return None;
    }
    let by = acting(state, place);
    Some(write(state, (place, action), &by, error, number))
}

/// The same for a call of a state machine, which makes it as a session of its role.
pub fn log_by_machine(state: &mut State, call: &MachineCall) -> Value {
    let MachineCall { place, action, role } = call;
    let name = role.rsplit('/').next().unwrap_or_default();
    let (partition, account) = (place.region.partition(), &place.account);
    let by = format!("arn:{partition}:sts::{account}:assumed-role/{name}/execution");
    write(state, (place, action), &by, None, 0)
}

/// Writes down a call that somebody made in a place.
fn write(
    state: &mut State,
    (place, action): (&Place, &Action),
    by: &str,
    error: Option<&CloudError>,
    number: u64,
) -> Value {
    let logged = action.logged(place);
    let there = lands(&logged.source, logged.name, place);
    let time = String::from(state.clock);
    let number = number + state.region(&there).history.len() as u64;
    let refused = error.map(|error| (error.code.as_str(), error.message.as_str()));
    let call = CallMade { action, place, by, time: &time, number, refused };
    let record = record(&call);
    keep(state, &there, record.clone());
    envelope(record)
}

/// Writes down what somebody who is not ctguard did in a place. Nobody is told: `sandbox send` raises alerts.
pub fn log_by_somebody(state: &mut State, place: &Place, logged: &Logged) {
    let there = lands(&logged.source, logged.name, place);
    let time = String::from(state.clock);
    let by = format!("arn:{}:iam::{}:user/{SOMEBODY}", place.region.partition(), place.account);
    let number = state.region(&there).history.len() as u64;
    let how = Circumstances { place, by: &by, time: &time, number, refused: None };
    let record = record_of(logged, &how);
    keep(state, &there, record);
}

fn keep(state: &mut State, place: &Place, record: Value) {
    let history = &mut state.region_mut(place).history;
    history.push(record);
    let extra = history.len().saturating_sub(HISTORY_MAX);
    history.drain(..extra);
}

/// Who makes calls in a place: the caller, or a session of the role in another account.
pub(super) fn acting(state: &State, place: &Place) -> String {
    let account = &place.account;
    match *account == state.caller.account {
        true => state.caller.arn.clone(),
        false => {
            let partition = place.region.partition();
            format!("arn:{partition}:sts::{account}:assumed-role/{ROLE}/{ROLE}")
        }
    }
}

#[cfg(test)]
mod tests;
