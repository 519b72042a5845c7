//! CloudTrail at work on the calls that change something: the record of each stands in the event
//! history of the region where it lands, and its event is sent through the account.
//!
//! On AWS both are minutes late; here they are at once. What CloudTrail logs of a call that was
//! refused is its error; of one that did not get to AWS there is nothing.
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use super::people::send;
use super::state::State;
use ctguard_core::action::Action;
use ctguard_core::cloud::{CloudError, CloudErrorKind};
use ctguard_core::drill::{CallMade, lands, record};
use ctguard_core::scope::Place;
use eventbridge_pattern::cloudtrail::envelope;

/// How many records the history of a region keeps; the oldest go first.
const HISTORY_MAX: usize = 1_000;

/// The name of the role, and of its session, with which calls are made in another account than the
/// caller's.
const ROLE: &str = "ctguard";

/// Writes a call down, and lets the rules hear of it.
pub fn log(
    state: &mut State,
    place: &Place,
    action: &Action,
    error: Option<&CloudError>,
    number: u64,
) {
    if error.is_some_and(|error| error.kind == CloudErrorKind::Transient) {
        return;
    }
    let logged = action.logged(place);
    let there = lands(&logged.source, logged.name, place);
    if !state.has_account(&there.account) || !state.is_enabled(place) {
        return;
    }
    let by = acting(state, place);
    let time = String::from(state.clock);
    let number = number + state.region(&there).history.len() as u64;
    let refused = error.map(|error| (error.code.as_str(), error.message.as_str()));
    let call = CallMade { action, place, by: &by, time: &time, number, refused };
    let record = record(&call);
    let history = &mut state.region_mut(&there).history;
    history.push(record.clone());
    let extra = history.len().saturating_sub(HISTORY_MAX);
    history.drain(..extra);
    send(state, &envelope(record));
}

/// Who makes calls in a place: the caller, or a session of the role in another account.
fn acting(state: &State, place: &Place) -> String {
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
