//! Measures the model of records on real ones: how often it warns of what they have, and how many
//! mistakes it tells.
//!
//! ```sh
//! cargo run --release -p ctguard-core --example measure_records -- FILE…
//! ```
//!
//! Each file is JSON: a record, a list of records, or `{"Records": [...]}`. Every path of a record
//! is written as a condition with its value, which must not be warned about, and then made wrong in
//! several ways. `docs/records.md` has the figures.

use ctguard_core::catalogue;
use ctguard_core::event::{Access, EventKind, EventRef, Landing};
use ctguard_core::record::{Asked, check};
use eventbridge_pattern::Filter;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How paths and values are made wrong.
const MISTAKES: [&str; 5] = ["case", "lower case", "typo", "plural", "type"];

#[derive(Default)]
struct Tally {
    records: usize,
    paths: usize,
    warned: BTreeMap<String, usize>,
    mistakes: BTreeMap<(&'static str, &'static str), (usize, usize)>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut tally = Tally::default();
    for file in std::env::args().skip(1) {
        let json: Value = serde_json::from_slice(&std::fs::read(file)?)?;
        collect(&json, &mut tally);
    }
    println!("{} records, {} paths", tally.records, tally.paths);
    let warned: usize = tally.warned.values().sum();
    println!("warned about: {warned} ({:.2} %)", share(warned, tally.paths));
    for (what, times) in &tally.warned {
        println!("  {times:4} {what}");
    }
    for ((part, mistake), (told, all)) in &tally.mistakes {
        println!("{part:18} {mistake:10} told {told:5} of {all:5} ({:.1} %)", share(*told, *all));
    }
    for part in ["common fields", "request parameters", "response elements", "open parts", ""] {
        let of = tally.mistakes.iter().filter(|((one, _), _)| one.starts_with(part));
        let (told, all) = of.fold((0, 0), |(a, b), (_, (told, all))| (a + told, b + all));
        let part = if part.is_empty() { "total" } else { part };
        println!("{part:18} told {told:5} of {all:5} ({:.1} %)", share(told, all));
    }
    Ok(())
}

fn share(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}

fn collect(json: &Value, tally: &mut Tally) {
    match json {
        Value::Array(members) => members.iter().for_each(|one| collect(one, tally)),
        Value::Object(fields) if fields.contains_key("eventName") => record(json, tally),
        Value::Object(fields) => fields.values().for_each(|one| collect(one, tally)),
        _ => {}
    }
}

fn record(record: &Value, tally: &mut Tally) {
    let text = |key: &str| record[key].as_str().unwrap_or_default();
    let kind = match text("eventType") {
        "AwsConsoleSignIn" => EventKind::Signin,
        "AwsConsoleAction" => EventKind::Console,
        "AwsServiceEvent" => EventKind::Service,
        "AwsVpceEvent" | "AwsVpceEvents" => EventKind::Network,
        _ if record["managementEvent"] == json!(false) => EventKind::Data,
        _ => EventKind::Api,
    };
    let known = catalogue::find(text("eventSource"), text("eventName"))
        .and_then(|one| one.to_refs().into_iter().next());
    let event = known.unwrap_or_else(|| EventRef {
        source: text("eventSource").to_owned(),
        name: text("eventName").to_owned(),
        kind,
        access: Access::Write,
        landing: Landing::CallRegion,
    });
    let event = EventRef { kind, ..event };
    tally.records += 1;
    let mut leaves = Vec::new();
    walk(record, "", &mut leaves);
    for (path, value) in leaves {
        leaf(&event, &path, &value, tally);
    }
}

/// The single values of a record with their paths, as EventBridge sees them.
fn walk(value: &Value, path: &str, leaves: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| !key.contains('.')) {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(value, &below, leaves);
            }
        }
        Value::Array(members) => members.iter().for_each(|one| walk(one, path, leaves)),
        single => leaves.push((path.to_owned(), single.clone())),
    }
}

fn leaf(event: &EventRef, path: &str, value: &Value, tally: &mut Tally) {
    tally.paths += 1;
    if let Some(said) = said(event, path, value) {
        *tally.warned.entry(format!("{}: {said}", event.short())).or_default() += 1;
        return;
    }
    let part = match path.split('.').next() {
        Some("requestParameters") => "request parameters",
        Some("responseElements") => "response elements",
        Some("additionalEventData" | "serviceEventDetails") => "open parts",
        _ => "common fields",
    };
    for (mistake, path, value) in MISTAKES.into_iter().filter_map(|one| wrong(one, path, value)) {
        let (told, all) = tally.mistakes.entry((part, mistake)).or_default();
        *all += 1;
        *told += usize::from(said(event, &path, &value).is_some());
    }
}

fn wrong(
    mistake: &'static str,
    path: &str,
    value: &Value,
) -> Option<(&'static str, String, Value)> {
    let (parent, last) = match path.rsplit_once('.') {
        Some((parent, last)) => (format!("{parent}."), last),
        None => (String::new(), path),
    };
    let first = last.chars().next()?;
    let rest = &last[first.len_utf8()..];
    let other_case = match first.is_ascii_lowercase() {
        true => first.to_ascii_uppercase(),
        false => first.to_ascii_lowercase(),
    };
    let real = path;
    let (path, value) = match mistake {
        "case" => (format!("{parent}{other_case}{rest}"), value.clone()),
        "lower case" => (path.to_lowercase(), value.clone()),
        "typo" if last.is_ascii() && last.len() > 3 => {
            let middle = last.len() / 2;
            (format!("{parent}{}{}", &last[..middle], &last[middle + 1..]), value.clone())
        }
        "plural" => match last.strip_suffix('s') {
            Some(single) => (format!("{parent}{single}"), value.clone()),
            None => (format!("{path}s"), value.clone()),
        },
        "type" => match value {
            Value::String(_) => (path.to_owned(), json!(true)),
            Value::Bool(flag) => (path.to_owned(), json!(flag.to_string())),
            Value::Number(number) => (path.to_owned(), json!(format!("n{number}"))),
            _ => return None,
        },
        _ => return None,
    };
    // A type is wrong at the same path.
    (path != real || mistake == "type").then_some((mistake, path, value))
}

/// What is said of a condition.
fn said(event: &EventRef, path: &str, value: &Value) -> Option<String> {
    let filter = Filter::parse(&json!({ path: [value] })).ok()?;
    let events = std::slice::from_ref(event);
    let asked = Asked { events, filter: Some(&filter), failed: None, except: &[] };
    let first = check(&asked).findings.into_iter().next()?;
    Some(format!("{} {} {}", first.code, first.message, if first.sure { "" } else { "(unsure)" }))
}
