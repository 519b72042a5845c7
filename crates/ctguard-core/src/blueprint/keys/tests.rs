//! Every key that the reader accepts is in the schema and on the page, and the other way round.

use super::ALL;
use serde_json::Value;
use std::collections::BTreeSet;

const SCHEMA: &str = include_str!("../../../../../docs/schema/blueprint.json");
const PAGE: &str = include_str!("../../../../../docs/blueprint.md");
/// The place of the keys of an included file, which has no schema of its own.
const INCLUDED: &str = "<included>";

/// Keys with the place of their mapping in front: `alerts[].id`.
type Paths = BTreeSet<String>;

fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

fn accepted() -> Paths {
    let at = |keys: &super::Keys| {
        let names = keys.names;
        keys.paths.iter().flat_map(move |at| names.iter().map(move |name| join(at, name)))
    };
    ALL.iter().flat_map(at).collect()
}

/// Collects what a schema names as properties, below `at`. A condition's keys are paths of events.
fn in_schema(root: &Value, schema: &Value, at: &str, found: &mut Paths) {
    if at.ends_with("where") {
        return;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).expect(reference);
        in_schema(root, target, at, found);
    }
    for (key, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        let path = join(at, key);
        in_schema(root, property, &path, found);
        found.insert(path);
    }
    if let Some(items) = schema.get("items") {
        in_schema(root, items, &format!("{at}[]"), found);
    }
    if let Some(values @ Value::Object(_)) = schema.get("additionalProperties") {
        in_schema(root, values, &join(at, "*"), found);
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        for schema in schema.get(choice).and_then(Value::as_array).into_iter().flatten() {
            in_schema(root, schema, at, found);
        }
    }
}

/// Collects the keys of an example, below `at`. A condition's keys are paths of events, and tags are
/// anybody's.
fn in_example(value: &Value, at: &str, found: &mut Paths) {
    if at.ends_with("where") || at == "tags" {
        return;
    }
    match value {
        Value::Array(items) => {
            items.iter().for_each(|item| in_example(item, &format!("{at}[]"), found));
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                if at == "destinations" {
                    in_example(value, "destinations.*", found);
                    continue;
                }
                let path = join(at, key);
                in_example(value, &path, found);
                found.insert(path);
            }
        }
        _ => {}
    }
}

/// The sections of the page: the heading, and what stands below it.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n## ").map(|section| section.split_once('\n').unwrap_or((section, "")))
}

/// The examples of the page, each cut into its top-level keys: `regions:` stands there in three forms.
fn in_examples() -> Paths {
    let mut found = Paths::new();
    for block in PAGE.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        let mut parts: Vec<String> = Vec::new();
        for line in block.lines() {
            match parts.last_mut() {
                Some(part) if line.is_empty() || line.starts_with([' ', '-', '#']) => {
                    part.push_str(line);
                    part.push('\n');
                }
                _ => parts.push(format!("{line}\n")),
            }
        }
        for part in parts {
            let value: Value = serde_yaml::from_str(&part).expect(&part);
            // What belongs to an alert has sections, and so examples, of its own.
            let key = value.as_object().and_then(|entries| entries.keys().next()).expect(&part);
            let of_an_alert = ["events", "where"].contains(&key.as_str());
            in_example(&value, if of_an_alert { "alerts[]" } else { "" }, &mut found);
        }
    }
    found
}

/// Whether the prose of the section that a key belongs to names it, as `` `key` `` or `` `key: …` ``.
fn in_prose(path: &str) -> bool {
    let (at, key) = path.rsplit_once('.').unwrap_or(("", path));
    let section = match at.split(['.', '[']).next().unwrap_or_default() {
        INCLUDED => "include",
        section => section,
    };
    sections().any(|(heading, text)| {
        (section.is_empty() || heading == section)
            && (text.contains(&format!("`{key}`")) || text.contains(&format!("`{key}:")))
    })
}

#[test]
fn the_schema_has_the_keys_that_the_reader_accepts() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut published = Paths::new();
    in_schema(&schema, &schema, "", &mut published);
    let mut accepted = accepted();
    accepted.retain(|path| !path.starts_with(INCLUDED));
    assert_eq!(published, accepted, "docs/schema/blueprint.json and the reader's keys");
}

#[test]
fn the_page_has_the_keys_that_the_reader_accepts() {
    let (accepted, shown) = (accepted(), in_examples());
    let unknown: Vec<_> = shown.difference(&accepted).collect();
    assert!(unknown.is_empty(), "docs/blueprint.md shows what the reader refuses: {unknown:?}");
    let missing: Vec<_> = accepted.difference(&shown).filter(|path| !in_prose(path)).collect();
    assert!(missing.is_empty(), "docs/blueprint.md says nothing of {missing:?}");
}

/// The table at the top of the page and the keys of the file.
#[test]
fn the_page_lists_the_keys_of_the_file_in_their_order() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| [`")?.split_once('`'));
    let listed: Vec<&str> = rows.map(|(key, _)| key).collect();
    assert_eq!(listed, super::BLUEPRINT.names());
}
