//! What the machine knows beside the event: the names of accounts, the facts of each event, and the
//! zone's offsets.

use super::MachineFacts;
use super::ascii::ascii;
use crate::catalogue;
use crate::event::{EVERY_SOURCE, EventRef};
use crate::message::touched::{self, Fact};
use crate::message::words;
use crate::zone::{KNOWN_UNTIL_MILLIS, Zone};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Most that the facts of members of families may take, in bytes of JSON. A state assigns at most
/// 262,144 bytes; an event without facts is told by its parameters.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
const MEMBERS_MAX_BYTES: usize = 100_000;

/// Most that the names of accounts may take; those beyond are told by their numbers.
const NAMES_MAX_BYTES: usize = 100_000;

/// What a line of its own tells of a sign-in.
const MFA_USED: &str = "additionalEventData.MFAUsed";

/// The key of the facts of events of all services.
const EVERY_EVENT: &str = "* *";

/// The variables that the machine begins with.
pub(super) fn assigned(facts: &MachineFacts) -> Value {
    let name = |name: &str| json!({ "name": plain(name), "subject": ascii(&plain(name)) });
    let mut room = NAMES_MAX_BYTES;
    let names = facts.names.iter().map(|(id, text)| (id.to_string(), name(text)));
    let names = names.take_while(|(id, name)| {
        let size = id.len() + name.to_string().len() + 4;
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
    let names: Map<String, Value> = names.collect();
    let touched: Map<String, Value> =
        facts.touched.iter().map(|(event, facts)| (event.clone(), of_event(facts))).collect();
    json!({ "names": names, "touched": touched, "zone": zone(facts.zone.as_ref()) })
}

fn of_event(facts: &[Fact]) -> Value {
    let fact = |fact: &Fact| {
        let paths: Vec<String> = fact.places.iter().map(touched::Place::dotted).collect();
        json!({ "label": fact.label, "paths": paths })
    };
    facts.iter().map(fact).collect()
}

/// The facts of events, by source and name; of a family of one service those of its members, too,
/// as far as they fit.
pub(super) fn touched<'a>(
    events: impl IntoIterator<Item = &'a EventRef>,
) -> BTreeMap<String, Vec<Fact>> {
    let mut table = BTreeMap::new();
    let mut families = Vec::new();
    for event in events {
        match event.source.as_str() {
            EVERY_SOURCE => {
                table.insert(EVERY_EVENT.to_owned(), touched::of_event(event));
            }
            _ if event.is_family() => families.push(event),
            source => {
                table.insert(format!("{source} {}", event.name), touched::of_event(event));
            }
        }
    }
    let mut room = MEMBERS_MAX_BYTES;
    for family in families {
        for member in catalogue::of_source(&family.source) {
            let key = format!("{} {}", family.source, member.name);
            let known = table.contains_key(&key) || !family.names().include(member.name);
            let facts = match known {
                true => Vec::new(),
                false => touched::of_call(&family.source, member.name),
            };
            let size = key.len() + of_event(&facts).to_string().len();
            if !facts.is_empty() && size <= room {
                room -= size;
                table.insert(key, facts);
            }
        }
    }
    table.retain(|_, facts| {
        facts.retain(|fact| !fact.places.iter().any(|place| place.dotted() == MFA_USED));
        !facts.is_empty()
    });
    table
}

/// A zone's name and offsets; without one, a list that has no offset at any time.
fn zone(zone: Option<&Zone>) -> Value {
    let mut turns = vec![json!({ "from": 0 })];
    for turn in zone.map(Zone::turns).unwrap_or_default() {
        turns.push(json!({ "from": turn.from, "minutes": turn.minutes, "short": turn.short }));
    }
    // The rules of later years are not known: then only UTC is said.
    turns.push(json!({ "from": KNOWN_UNTIL_MILLIS }));
    json!({ "name": zone.map(Zone::name).unwrap_or_default(), "turns": turns })
}

/// The blueprint's own words on one line, and nothing that the machine would take for an
/// expression.
fn plain(text: &str) -> String {
    words(text).replace("{%", "{ %")
}
