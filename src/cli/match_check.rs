//! `match --check`: what EventBridge makes of a pattern, and what of it no event of CloudTrail can be,
//! without any event.

use super::{GlobalOptions, Io, is_json};
use crate::error::{CommandError, Exit};
use crate::report::Paint;
use crate::report::pattern_check;
use crate::report::pattern_check::{Outcome, Told};
use ctguard_core::events::check_pattern;
use eventbridge_pattern::Pattern;
use eventbridge_pattern::check::{Effect, check, check_filters};
use serde_json::{Value, json};

/// Prints all findings of patterns, by name and text. Exits 3 when events would be lost or none can
/// match, 64 when EventBridge refuses one.
pub(super) fn run(
    patterns: &[(String, String)],
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let found: Vec<(&str, Vec<Told>)> =
        patterns.iter().map(|(name, text)| (name.as_str(), findings_of(name, text))).collect();
    let shown = match is_json(global) {
        true => format!("{}\n", as_json(&found)),
        false => {
            let paint = global.paint_out(io);
            let pages = found.iter().map(|(name, all)| pattern_check::page(name, all, paint));
            pages.collect::<String>()
        }
    };
    let findings: Vec<&Told> = found.iter().flat_map(|(_, all)| all).collect();
    io.out
        .write_all(shown.as_bytes())
        .map_err(|error| CommandError::io("cannot write to standard output", &error))?;
    let some = |effect: Outcome| findings.iter().any(|finding| finding.effect == effect);
    Ok(Exit::CheckFailed
        .when(some(Outcome::Lost) || some(Outcome::Never))
        .and(Exit::Usage.when(some(Outcome::Refused))))
}

fn findings_of(name: &str, text: &str) -> Vec<Told> {
    let made = check(text).into_iter().map(Told::from);
    made.chain(check_pattern(name, text).into_iter().map(Told::from)).collect()
}

/// The findings of one pattern; of several, each with its file.
fn as_json(found: &[(&str, Vec<Told>)]) -> Value {
    match found {
        [(_, findings)] => json!({ "format_version": 1, "findings": findings }),
        several => {
            let all = several.iter().flat_map(|(file, findings)| {
                findings.iter().map(move |finding| {
                    let mut one = json!(finding);
                    one["file"] = json!(file);
                    one
                })
            });
            json!({ "format_version": 1, "findings": all.collect::<Vec<Value>>() })
        }
    }
}

/// Prints findings before events are matched: what EventBridge would lose and, with `all`, misread.
pub(super) fn remarks(pattern: &Pattern, all: bool, paint: Paint) -> String {
    let findings: Vec<Told> = check_filters(&[&pattern.filter])
        .into_iter()
        .filter(|finding| all || finding.effect == Effect::Lost)
        .map(Told::from)
        .collect();
    pattern_check::findings(&findings, paint)
}
