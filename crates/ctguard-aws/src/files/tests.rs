//! Files, and what the AWS CLI's own reader finds in them: `read_by_botocore.json` has botocore's
//! answer to each, `null` where it refuses the file.

use super::*;
use serde_json::{Map, Value};

const ROWS: &str = include_str!("read_by_botocore.json");

fn value(text: &str) -> Value {
    let Some(below) = text.strip_prefix('\n') else { return Value::from(text) };
    let keys = below.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim());
    keys.map(|key| (key.to_owned(), Value::from(nested(text, key).unwrap()))).collect()
}

fn section(section: &Section) -> Value {
    section.iter().map(|(key, text)| (key.clone(), value(text))).collect()
}

fn sections(all: &BTreeMap<String, Section>) -> Value {
    all.iter().map(|(name, one)| (name.clone(), section(one))).collect()
}

fn read(text: &str) -> Value {
    let Ok(found) = parse(text) else { return Value::Null };
    let raw: Map<String, Value> =
        found.iter().map(|(title, one)| (title.clone(), section(one))).collect();
    let config = Config::of(found);
    serde_json::json!({
        "raw": raw,
        "profiles": sections(&config.profiles),
        "sessions": sections(&config.sessions),
        "services": sections(&config.services),
    })
}

#[test]
fn files_are_read_as_the_cli_reads_them() {
    let rows: Vec<Value> = serde_json::from_str(ROWS).unwrap();
    assert!(rows.len() > 60);
    for row in rows {
        let file = row["file"].as_str().unwrap();
        assert_eq!(read(file), row["read"], "{file:?}: {:?}", parse(file).err());
    }
}

#[test]
fn a_refusal_names_the_line_and_no_value() {
    for (file, says) in [
        ("[default]\na = 1\nsEcret\n", "line 3 is neither"),
        ("[p]\n[q]\n[p]\n", "line 3 begins a section `[p]` for the second time"),
        (
            "[p]\naws_secret_access_key = sEcret\naws_secret_access_key = sEcret\n",
            "line 3 has the key",
        ),
        ("sEcret = 1\n", "line 1 stands before the first section"),
        ("\u{feff}[default]\n", "byte order mark"),
        ("[p]\naws_secret_access_key =\n  sEcret\n", "below `aws_secret_access_key` in `[p]`"),
    ] {
        let error = parse(file).unwrap_err();
        assert!(error.contains(says) && !error.contains("sEcret"), "{file:?}: {error}");
    }
}
