//! What an import prints is held against all that `validate` checks, alert by alert and together.

use super::draft::{self, Draft};
use super::frame::{self, Frame};
use super::{Around, Refused};
use crate::blueprint;
use crate::diag::{Diagnostic, Severity};
use crate::offline;
use jiff::civil::Date;
use serde_json::Value;

/// What `validate` says of alerts.
pub(super) fn checked(drafts: &[Draft], frame: &Frame, as_of: Date) -> Vec<Diagnostic> {
    let around = Around { name: "imported", email: draft::NOBODY, alerts_only: false };
    let text = frame::blueprint(drafts, &around, frame);
    let loaded = blueprint::load_text("import.yaml", &text, None, as_of);
    offline::checked(loaded, as_of).diagnostics
}

/// A finding of `validate` as a reason or a note.
pub(super) fn words(one: &Diagnostic) -> String {
    match &one.help {
        Some(help) => format!("{} ({})", one.message, help.trim_end_matches('.')),
        None => one.message.clone(),
    }
}

/// Takes out alerts that are right one by one and wrong together, such as those of different
/// accounts, or more than an event bus has rules.
pub(super) fn apart(kept: &mut Vec<Draft>, frame: &Frame, as_of: Date) -> Vec<Refused> {
    let error = |drafts: &[Draft]| {
        let said = checked(drafts, frame, as_of);
        said.into_iter().find(|one| one.severity == Severity::Error)
    };
    let mut refused = Vec::new();
    // As many as this from the beginning are right together.
    let mut right = 0;
    while let Some(last) = (!kept.is_empty()).then(|| error(kept)).flatten() {
        let mut wrong = kept.len();
        while wrong - right > 1 {
            let middle = right + (wrong - right) / 2;
            match error(&kept[..middle]) {
                Some(_) => wrong = middle,
                None => right = middle,
            }
        }
        let why = error(&kept[..wrong]).unwrap_or(last);
        let reason = format!("beside the others it is not valid: {}", words(&why));
        // Where the bus is full, it is for all that follow.
        let full = why.code == crate::codes::TOO_MANY_RULES;
        let end = if full { kept.len() } else { wrong };
        let out = kept.drain(wrong - 1..end);
        refused.extend(out.map(|draft| Refused { from: draft.from, reason: reason.clone() }));
    }
    refused
}

/// Spellings of a kind of event that an import asks for beside the usual one.
const SPELLINGS: [&str; 3] = ["AwsConsoleSignin", "AwsVpceEvent", "AWSServiceEvent"];

/// Whether a value that never occurs is there for the import alone: another spelling, or a number
/// or truth value as the text that it is written like.
pub(super) fn is_of_import(message: &str, draft: &Draft) -> bool {
    let Some((path, value)) = message.split_once("` is never ") else { return false };
    let path = path.trim_start_matches('`');
    let value = value.trim_end_matches(", without quotes");
    if path == "eventType" && SPELLINGS.iter().any(|one| value.contains(one)) {
        return true;
    }
    let written: Value = serde_json::from_str(value).unwrap_or_default();
    let text = written.as_str().or_else(|| written.get("equals-ignore-case")?.as_str());
    let Some(plain) = text else { return false };
    let list = draft.filter.as_ref().and_then(|filter| find(filter, path));
    let Some(list) = list else { return false };
    let own = |one: &Value| match one {
        Value::Number(number) => number.to_string() == plain,
        Value::Bool(flag) => plain == if *flag { "true" } else { "false" },
        Value::String(text) => text == plain,
        other => other.get("equals-ignore-case").and_then(Value::as_str) == Some(plain),
    };
    let text = |one: &&Value| !(one.is_number() || one.is_boolean());
    let same: Vec<&Value> = list.iter().filter(|one| own(one)).collect();
    let texts = same.iter().filter(|one| text(one)).count();
    texts > 0 && texts < same.len()
}

/// The values of a field, inside of a `$or` the first that has it.
fn find<'f>(filter: &'f Value, path: &str) -> Option<&'f Vec<Value>> {
    let inside = || filter.get("$or")?.as_array()?.iter().find_map(|one| find(one, path));
    filter.get(path).and_then(Value::as_array).or_else(inside)
}
