//! The project's sample records, of which nothing may be told.

use super::*;

/// The sample records of the project, below `tests/fixtures/events`.
fn samples(folder: &std::path::Path, found: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            samples(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json")
            // Made with a value that AWS would not write, on purpose.
            && !path.to_string_lossy().contains("text-not-true")
        {
            let text = std::fs::read_to_string(&path).expect("a file");
            found.push(serde_json::from_str(&text).expect("JSON"));
        }
    }
}

/// The single values below a path, as EventBridge sees them.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &below, found);
            }
        }
        Value::Array(members) => members.iter().for_each(|member| leaves(member, path, found)),
        single => found.push((path.to_owned(), single.clone())),
    }
}

#[test]
fn nothing_is_told_of_what_the_sample_records_have() {
    let mut all = Vec::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/events");
    samples(&root, &mut all);
    let mut tried = 0;
    let mut wrong = Vec::new();
    for event in &all {
        let record = &event["detail"];
        let text = |key: &str| record[key].as_str().unwrap_or_default();
        let Some(known) = catalogue::find(text("eventSource"), text("eventName")) else { continue };
        let events = known.to_refs();
        let mut found = Vec::new();
        leaves(record, "", &mut found);
        for (path, value) in found {
            let filter = Filter::parse(&json!({ &path: [value] })).expect("a filter");
            let asked = Asked { events: &events, filter: Some(&filter), failed: None, except: &[] };
            let told = told(&check(&asked)).0;
            if !told.is_empty() {
                wrong.push(format!("{} {path} {value}: {told:?}", text("eventName")));
            }
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 1_000, "only {tried} were tried");
}
