//! What the machine knows beside the event: the names of accounts, the facts of each event, and the
//! zone's offsets.

use super::MachineInput;
use super::ascii::ascii;
use crate::message::words;
use crate::zone::Zone;
use serde_json::{Map, Value, json};

/// The variables that the machine begins with.
pub(super) fn assigned(input: &MachineInput<'_>) -> Value {
    let name = |name: &str| json!({ "name": plain(name), "subject": ascii(&plain(name)) });
    let names: Map<String, Value> =
        input.names.iter().map(|(id, text)| (id.to_string(), name(text))).collect();
    let touched: Map<String, Value> = input
        .touched
        .iter()
        .map(|(event, facts)| {
            let facts = facts.iter().map(|(label, path)| json!({ "label": label, "path": path }));
            (event.clone(), facts.collect())
        })
        .collect();
    json!({ "names": names, "touched": touched, "zone": zone(input.zone) })
}

/// A zone's name and offsets; without one, a list that has no offset at any time.
fn zone(zone: Option<&Zone>) -> Value {
    let mut turns = vec![json!({ "from": 0 })];
    for turn in zone.map(Zone::turns).unwrap_or_default() {
        turns.push(json!({ "from": turn.from, "minutes": turn.minutes, "short": turn.short }));
    }
    // The rules of later years are not known: then only UTC is said.
    turns.push(json!({ "from": crate::zone::KNOWN_UNTIL_MILLIS }));
    json!({ "name": zone.map(Zone::name).unwrap_or_default(), "turns": turns })
}

/// The blueprint's own words on one line, and nothing that the machine would take for an
/// expression.
fn plain(text: &str) -> String {
    words(text).replace("{%", "{ %")
}
