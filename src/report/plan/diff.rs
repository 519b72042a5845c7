//! What of a field changes: patterns and policies as meaning, templates as text, the rest as it stands.

use super::{pattern, policy, template};
use ctguard_core::plan::Field;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeSet;

/// Lines around a difference that are shown with it.
const CONTEXT: usize = 2;

/// A difference as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference {
    /// Two plain values.
    Value {
        before: String,
        after: String,
    },
    Lines(Vec<Line>),
}

/// A line of a difference.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// `-`, `+`, `~` for something that stays and changes, or a space.
    pub sign: char,
    pub text: String,
}

impl Line {
    pub fn new(sign: char, text: impl Into<String>) -> Self {
        Self { sign, text: text.into() }
    }
}

/// The difference of a field, in the form that tells most.
pub fn of(field: &Field) -> Difference {
    let (before, after) = (field.before.as_ref(), field.after.as_ref());
    let by_meaning = match field.path.as_str() {
        "event_pattern" => pattern::lines(before, after),
        "policy" | "trust" => policy::lines(before, after),
        "input" => template::lines(before, after),
        "tags" => Some(set_lines(&tags(before), &tags(after))),
        _ => None,
    };
    if let Some(lines) = by_meaning.filter(|lines| !lines.is_empty()) {
        return Difference::Lines(lines);
    }
    let structured = |value: Option<&Value>| value.is_some_and(|v| v.is_object() || v.is_array());
    if structured(before) || structured(after) {
        return Difference::Lines(text_lines(&pretty(before), &pretty(after)));
    }
    let show = |value: Option<&Value>| value.map_or("(none)".to_owned(), plain);
    Difference::Value { before: show(before), after: show(after) }
}

/// What a text loses and gains, line by line, with the lines around it.
pub(super) fn text_lines(before: &str, after: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (index, hunk) in diff.unified_diff().context_radius(CONTEXT).iter_hunks().enumerate() {
        if index > 0 {
            lines.push(Line::new(' ', "…"));
        }
        for change in hunk.iter_changes() {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(Line::new(sign, change.value().trim_end()));
        }
    }
    lines
}

/// Tags as people write them; of those that only go, the keys.
fn tags(value: Option<&Value>) -> BTreeSet<String> {
    match value {
        Some(Value::Object(tags)) => {
            tags.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect()
        }
        Some(Value::Array(keys)) => keys.iter().map(plain).collect(),
        _ => BTreeSet::new(),
    }
}

/// What a set loses and gains.
pub(super) fn set_lines(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<Line> {
    let gone = before.difference(after).map(|text| Line::new('-', text.as_str()));
    let new = after.difference(before).map(|text| Line::new('+', text.as_str()));
    gone.chain(new).collect()
}

pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Pretty JSON with sorted keys, so that only what differs shows.
fn pretty(value: Option<&Value>) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
                fields.sort_by_key(|(key, _)| *key);
                fields.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
            }
            Value::Array(members) => members.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    let Some(value) = value else { return String::new() };
    let mut text = serde_json::to_string_pretty(&sorted(value)).unwrap_or_default();
    text.push('\n');
    text
}
