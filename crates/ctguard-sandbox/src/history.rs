//! The event history of a place: the records that stand in the sandbox's file.
//!
//! Nothing is written there by itself, neither what ctguard does nor `sandbox break`: two runs that end alike should leave
//! the same file. Who wants a culprit to be found puts CloudTrail's record of the call under `history`.

use super::access::check;
use super::refusal::{Refusal, refuse};
use super::state::State;
use ctguard_core::cloud::lookup::{Lookup, LookupBy, LookupPage, PAGE_MAX_EVENTS};
use ctguard_core::scope::Place;
use serde_json::Value;

/// Looks through the history of a place, newest first.
pub fn lookup(state: &State, place: &Place, wanted: &Lookup) -> Result<LookupPage, Refusal> {
    check(state, place, "cloudtrail:LookupEvents")?;
    let first = match &wanted.token {
        None => 0,
        Some(token) => token.parse().map_err(|_| {
            refuse("InvalidNextTokenException", format!("`{token}` is no token of an earlier page"))
        })?,
    };
    let mut found: Vec<&Value> = state
        .region(place)
        .history
        .iter()
        .filter(|record| {
            in_time(record, wanted) && wanted.by.as_ref().is_none_or(|by| has(record, by))
        })
        .collect();
    found.sort_by_key(|record| std::cmp::Reverse(time(record)));
    let after = first + PAGE_MAX_EVENTS;
    Ok(LookupPage {
        next: (after < found.len()).then(|| after.to_string()),
        events: found.iter().skip(first).take(PAGE_MAX_EVENTS).map(|r| r.to_string()).collect(),
    })
}

fn time(record: &Value) -> &str {
    record["eventTime"].as_str().unwrap_or_default()
}

/// What has no time is not left out for it.
fn in_time(record: &Value, wanted: &Lookup) -> bool {
    let Ok(time) = time(record).parse() else { return true };
    wanted.start.is_none_or(|start| start <= time) && wanted.end.is_none_or(|end| time <= end)
}

fn has(record: &Value, by: &LookupBy) -> bool {
    match by {
        LookupBy::EventId(id) => record["eventID"] == **id,
        LookupBy::EventName(name) => record["eventName"] == **name,
        LookupBy::EventSource(source) => record["eventSource"] == **source,
        LookupBy::ReadOnly(read_only) => record["readOnly"] == *read_only,
        LookupBy::Username(name) => record["userIdentity"]["userName"] == **name,
        // CloudTrail takes the names from the parameters, service by service.
        LookupBy::ResourceName(name) => {
            let parameters = record["requestParameters"].as_object();
            parameters.is_some_and(|all| all.values().any(|value| value == name))
        }
    }
}
