//! The event history of a place: the records in the sandbox's file.
//!
//! Nothing is recorded there automatically, neither ctguard's calls nor `sandbox break`, so that
//! two runs with the same end leave the same file. For attribution, add CloudTrail's record of the
//! call under `history`.

use super::access::check;
use super::refusal::{Refusal, refuse};
use super::state::State;
use ctguard_core::cloud::lookup::{Lookup, LookupBy, LookupPage, PAGE_MAX_EVENTS};
use ctguard_core::scope::Place;
use serde_json::Value;

/// Searches the history of a place, newest first.
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

/// Records without a time are included.
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
        // CloudTrail takes resource names from the request parameters, depending on the service.
        LookupBy::ResourceName(name) => {
            let parameters = record["requestParameters"].as_object();
            parameters.is_some_and(|all| all.values().any(|value| value == name))
        }
    }
}
