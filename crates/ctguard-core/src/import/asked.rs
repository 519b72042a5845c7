//! From alternatives to `events:` and `where:`.
//!
//! Names that the catalogue has for the sources asked for become events; of others a family is
//! asked for, with the names in `where:`. A name that CloudTrail never logs is kept as it is
//! written, and the right one is added: nothing is narrowed.

use super::draft::EventLine;
use super::notes::Notes;
use crate::catalogue::{self, RenameMode};
use crate::event;
use eventbridge_pattern::Matcher;
use eventbridge_pattern::ruler::Alternative;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The fields that name events.
pub(super) const SOURCE: &str = "eventSource";
pub(super) const NAME: &str = "eventName";

/// Most services that a name without a service is taken from; more are asked for as a family.
const MAX_SOURCES: usize = 12;

/// Most events that one alternative is spread into.
const MAX_EVENTS: usize = 120;

/// What an alert asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub events: Vec<EventLine>,
    pub filter: Option<Value>,
}

/// The events of one alternative, and what it asks of the other fields.
struct Part {
    lines: BTreeSet<EventLine>,
    /// The names that the lines stand for, and the sources; none where `rest` asks for them.
    names: Option<(BTreeSet<String>, BTreeSet<String>)>,
    rest: Alternative,
}

/// Makes events and conditions of alternatives.
///
/// # Errors
/// When there is nothing to ask for, or everything.
pub(super) fn asked(alternatives: Vec<Alternative>, notes: &mut Notes) -> Result<Asked, String> {
    if alternatives.is_empty() {
        return Err("its conditions exclude each other, so that no event matches".to_owned());
    }
    let mut parts: Vec<Part> = alternatives.into_iter().map(|one| part(one, notes)).collect();
    let mut lines: BTreeSet<EventLine> =
        parts.iter().flat_map(|part| part.lines.iter().cloned()).collect();
    let any = EventLine::Named("any".to_owned());
    if lines.contains(&any) {
        lines = BTreeSet::from([any]);
    }
    let same_events = parts.iter().all(|part| part.lines == lines);
    let same_rest = parts.iter().all(|part| part.rest == parts[0].rest);
    if !same_events && !same_rest {
        let several: BTreeSet<&String> =
            parts.iter().filter_map(|part| part.names.as_ref()).flat_map(|(_, s)| s).collect();
        let several = several.len() > 1 || parts.iter().any(|part| part.names.is_none());
        for part in &mut parts {
            part.name_events(several);
        }
    }
    let rest =
        eventbridge_pattern::ruler::joined(parts.into_iter().map(|part| part.rest).collect());
    let filter = where_of(&rest);
    let family = |line: &EventLine| match line {
        EventLine::Named(name) => name == "any" || name.ends_with('*'),
        EventLine::Unchecked { name, .. }
        | EventLine::Only { name, .. }
        | EventLine::Kind { name, .. } => name.ends_with('*'),
    };
    if filter.is_none() && lines.iter().any(family) {
        return Err("it asks for every event there is".to_owned());
    }
    Ok(Asked { events: lines.into_iter().collect(), filter })
}

impl Part {
    /// Puts the names of its events among its conditions.
    fn name_events(&mut self, several_sources: bool) {
        let Some((names, sources)) = self.names.take() else { return };
        let list = |all: BTreeSet<String>| all.into_iter().map(Matcher::exact).collect();
        self.rest.insert(NAME.to_owned(), list(names));
        if several_sources {
            self.rest.insert(SOURCE.to_owned(), list(sources));
        }
    }
}

fn part(mut rest: Alternative, notes: &mut Notes) -> Part {
    let sources = rest.get(SOURCE).map(|list| exact(list));
    let names = rest.get(NAME).map(|list| exact(list));
    let lines = match (sources, names) {
        (Some(Some(sources)), Some(Some(names))) => listed(&sources, &names, notes),
        (None, Some(Some(names))) => by_name(&names, notes),
        (Some(Some(sources)), _) => {
            let lines = sources.iter().map(|source| whole(source)).collect();
            if !rest.contains_key(NAME) && rest.len() > 1 {
                rest.remove(SOURCE);
                let all = sources.len() == 1;
                if !all {
                    rest.insert(SOURCE.to_owned(), list_of(&sources));
                }
            }
            return Part { lines, names: None, rest };
        }
        _ => None,
    };
    let Some(events) = lines else {
        let lines = BTreeSet::from([EventLine::Named("any".to_owned())]);
        return Part { lines, names: None, rest };
    };
    rest.remove(SOURCE);
    rest.remove(NAME);
    let (mut names, mut sources) = (BTreeSet::new(), BTreeSet::new());
    let mut lines = BTreeSet::new();
    for Event { source, name, known } in events {
        lines.insert(match known {
            true => EventLine::Named(event::short(&source, &name)),
            false => EventLine::Unchecked { source: source.clone(), name: name.clone() },
        });
        names.insert(name);
        sources.insert(source);
    }
    Part { lines, names: Some((names, sources)), rest }
}

fn list_of(texts: &[String]) -> Vec<Matcher> {
    texts.iter().map(Matcher::exact).collect()
}

/// The texts, where every operator is one.
fn exact(list: &[Matcher]) -> Option<Vec<String>> {
    let text = |matcher: &Matcher| match matcher {
        Matcher::Exact(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    list.iter().map(text).collect()
}

/// An event, and whether the catalogue has it.
struct Event {
    source: String,
    name: String,
    known: bool,
}

impl Event {
    fn known(source: &str, name: &str) -> Self {
        Self { source: source.to_owned(), name: name.to_owned(), known: true }
    }
}

/// Every event of a source.
fn whole(source: &str) -> EventLine {
    match catalogue::knows_source(source) {
        true => EventLine::Named(event::short(source, "*")),
        false => EventLine::Unchecked { source: source.to_owned(), name: "*".to_owned() },
    }
}

/// The events of these sources with these names; `None` when a name is no name, or they are too many.
fn listed(sources: &[String], names: &[String], notes: &mut Notes) -> Option<Vec<Event>> {
    let well_formed = |text: &String, more: &[u8]| {
        !text.is_empty()
            && text.bytes().all(|one| one.is_ascii_alphanumeric() || more.contains(&one))
    };
    let named = names.iter().all(|name| well_formed(name, b"_.-"));
    let from = sources.iter().all(|source| well_formed(source, b"-."));
    if !named || !from || sources.len() * names.len() > MAX_EVENTS {
        return None;
    }
    let mut events = Vec::new();
    for name in without_other_spellings(sources, names) {
        let here = |source: &&String| catalogue::find(source, name).is_some();
        let found = sources.iter().filter(here).count();
        for source in sources {
            match catalogue::find(source, name) {
                Some(known) => events.push(Event::known(known.source, known.name)),
                // A service that is not known to log it is asked for it all the same.
                None => {
                    let (source, name) = (source.clone(), name.clone());
                    events.push(Event { source, name, known: false });
                }
            }
        }
        if found == 0 {
            events.extend(right_ones(sources, name, notes));
        }
    }
    // That nothing is logged there is told above, where it is all that is asked for.
    if sources.len() > 1 {
        for source in sources.iter().filter(|source| !catalogue::knows_source(source)) {
            notes.insert(format!("no service is known to log events as `{source}`"));
        }
    }
    Some(events)
}

/// Names in one spelling, where these sources log one of several that differ in case.
fn without_other_spellings<'n>(sources: &[String], names: &'n [String]) -> Vec<&'n String> {
    let logged = |name: &str| sources.iter().any(|source| catalogue::find(source, name).is_some());
    let other = |name: &String| {
        names.iter().any(|one| one != name && one.eq_ignore_ascii_case(name) && logged(one))
    };
    names.iter().filter(|name| logged(name) || !other(name)).collect()
}

/// What is logged in place of a name that none of these sources logs; says so.
fn right_ones(sources: &[String], name: &str, notes: &mut Notes) -> Vec<Event> {
    let written = sources.iter().map(|source| event::short(source, name)).collect::<Vec<_>>();
    let written = written.join(", ");
    let renames = sources.iter().filter_map(|source| catalogue::rename(source, name));
    let logged: Vec<Event> = renames
        .filter(|rename| rename.mode == RenameMode::Instead)
        .flat_map(|rename| rename.names)
        .map(|(source, name)| Event::known(source, name))
        .collect();
    let short = |events: &[Event]| {
        let names = events.iter().map(|one| event::short(&one.source, &one.name));
        names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
    };
    if !logged.is_empty() {
        notes.insert(format!(
            "CloudTrail never logs `{written}` under that name; what it logs is asked for, too: {}",
            short(&logged)
        ));
        return logged;
    }
    // Of a name that is nearly one of the service's own, another service's is not meant.
    let own: Vec<String> = sources
        .iter()
        .flat_map(|source| catalogue::nearly(source, name))
        .map(|one| one.short())
        .collect();
    if !own.is_empty() {
        notes.insert(format!("no event `{written}` is known; did you mean {}?", own.join(", ")));
        return Vec::new();
    }
    let elsewhere: Vec<Event> =
        catalogue::sources_of(name).iter().map(|one| Event::known(one.source, one.name)).collect();
    match elsewhere.as_slice() {
        [] => {
            let near = catalogue::suggest(name, sources.first().map(String::as_str));
            let meant = match near.as_slice() {
                [] => String::new(),
                some => format!("; did you mean {}?", some.join(", ")),
            };
            notes.insert(format!("no event `{written}` is known{meant}"));
            Vec::new()
        }
        [_] => {
            notes.insert(format!(
                "`{written}` is logged by another service, which is asked for, too: {}",
                short(&elsewhere)
            ));
            elsewhere
        }
        several => {
            notes.insert(format!(
                "`{written}` is not known; events of this name are {}",
                short(&several[..several.len().min(MAX_SOURCES)])
            ));
            Vec::new()
        }
    }
}

/// The events with these names, whatever service logs them; `None` when they are not all known, or
/// too many services do.
fn by_name(names: &[String], notes: &mut Notes) -> Option<Vec<Event>> {
    let mut events = Vec::new();
    for name in names {
        let known = catalogue::sources_of(name);
        if known.is_empty() {
            let near = right_names(name);
            notes.insert(format!("no service is known to log an event `{name}`{near}"));
        }
        if known.is_empty() || known.len() > MAX_SOURCES {
            return None;
        }
        events.extend(known.iter().map(|one| Event::known(one.source, one.name)));
    }
    let short: BTreeSet<String> =
        events.iter().map(|one| event::short(&one.source, &one.name)).collect();
    notes.insert(format!(
        "it names no `eventSource`; taken are the services that are known to log its events: {}",
        short.into_iter().collect::<Vec<_>>().join(", ")
    ));
    (events.len() <= MAX_EVENTS).then_some(events)
}

fn right_names(name: &str) -> String {
    let renames = catalogue::renames_of(name);
    let logged: BTreeSet<String> = renames
        .iter()
        .flat_map(|(_, rename)| rename.names)
        .map(|(source, name)| event::short(source, name))
        .collect();
    let meant: Vec<String> = match logged.is_empty() {
        false => logged.into_iter().collect(),
        true => catalogue::suggest(name, None),
    };
    match meant.as_slice() {
        [] => String::new(),
        some => format!("; did you mean {}?", some.join(", ")),
    }
}

/// The value of `where:`; none where an alternative asks for nothing.
fn where_of(alternatives: &[Alternative]) -> Option<Value> {
    let (first, others) = alternatives.split_first()?;
    let shared = |path: &String, list: &Vec<Matcher>| {
        others.iter().all(|other| other.get(path) == Some(list))
    };
    let object = |alternative: &Alternative, keep: bool| -> Map<String, Value> {
        let fields = alternative
            .iter()
            .filter(|(path, _)| first.get(*path).is_some_and(|list| shared(path, list)) == keep);
        let value = |list: &Vec<Matcher>| list.iter().map(Matcher::to_value).collect::<Value>();
        fields.map(|(path, list)| (path.clone(), value(list))).collect()
    };
    let mut filter = object(first, true);
    if !others.is_empty() {
        let each: Vec<Map<String, Value>> =
            alternatives.iter().map(|alternative| object(alternative, false)).collect();
        if each.iter().all(|one| !one.is_empty()) {
            filter.insert("$or".to_owned(), each.into_iter().map(Value::Object).collect());
        }
    }
    (!filter.is_empty()).then_some(Value::Object(filter))
}

/// Whether a condition holds for network activity events alone.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html>
pub(super) fn names_network(fields: &Alternative) -> bool {
    let only = |path: &str, own: &str, others: &[&str]| {
        let takes = |text: &str| {
            let value = Value::from(text);
            fields.get(path).is_some_and(|list| list.iter().any(|one| one.accepts(&value)))
        };
        takes(own) && !others.iter().any(|one| takes(one))
    };
    only("errorCode", "VpceAccessDenied", &["AccessDenied", "\u{fffc}"])
        || only("eventType", "AwsVpceEvents", &["AwsApiCall", "\u{fffc}"])
        || only("eventCategory", "NetworkActivity", &["Management", "\u{fffc}"])
}

/// The events of alternatives that hold for network activity alone, as such, too.
pub(super) fn as_network(alternatives: &[Alternative], events: &[EventLine]) -> Vec<EventLine> {
    let network = alternatives.iter().filter(|fields| names_network(fields));
    let names: BTreeSet<String> =
        network.filter_map(|one| exact(one.get(NAME)?)).flatten().collect();
    let short = |line: &EventLine| match line {
        EventLine::Named(short) => {
            let name = short.split_once(':')?.1;
            names.contains(name).then(|| short.clone())
        }
        _ => None,
    };
    let kind = event::EventKind::Network.as_str();
    events.iter().filter_map(short).map(|name| EventLine::Kind { name, kind }).collect()
}

/// The source that events have on the bus → the one that records have.
pub(super) fn record_source(on_bus: &str) -> Option<String> {
    let full = format!("{}.amazonaws.com", on_bus.strip_prefix("aws.")?);
    (event::bus_source(&full) == on_bus).then_some(full)
}

/// The events that sources and names stand for; of any source where none is named.
pub(super) fn events_of(sources: &BTreeSet<String>, names: &BTreeSet<String>) -> Events {
    let mut events = Events::default();
    for name in names {
        let of_name = catalogue::sources_of(name).into_iter();
        let here = of_name.filter(|one| sources.is_empty() || sources.contains(one.source));
        for one in here.take(MAX_SOURCES) {
            events.0.entry(one.source).or_default().insert(one.name);
        }
    }
    events
}

/// Events by their source, as the catalogue has them.
#[derive(Debug, Clone, Default)]
pub(super) struct Events(pub BTreeMap<&'static str, BTreeSet<&'static str>>);
