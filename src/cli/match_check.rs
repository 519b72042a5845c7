//! `match --check`: what EventBridge makes of a pattern, without any event.

use super::{GlobalOptions, Io, is_json};
use crate::error::{CommandError, Exit};
use crate::report::Paint;
use crate::report::pattern_check;
use eventbridge_pattern::Pattern;
use eventbridge_pattern::check::{Effect, Finding, check, check_filters};
use serde_json::json;

/// Prints all findings of a pattern. Exits 3 when events would be lost, 64 when EventBridge refuses
/// it.
pub(super) fn run(
    name: &str,
    text: &str,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let findings = check(text);
    let shown = match is_json(global) {
        true => format!("{}\n", json!({ "format_version": 1, "findings": findings })),
        false => pattern_check::page(name, &findings, global.paint_out(io)),
    };
    io.out
        .write_all(shown.as_bytes())
        .map_err(|error| CommandError::io("cannot write to standard output", &error))?;
    let some = |effect: Effect| findings.iter().any(|finding| finding.effect == effect);
    Ok(Exit::CheckFailed.when(some(Effect::Lost)).and(Exit::Usage.when(some(Effect::Refused))))
}

/// Prints findings before events are matched: what EventBridge would lose and, with `all`, misread.
pub(super) fn remarks(pattern: &Pattern, all: bool, paint: Paint) -> String {
    let findings: Vec<Finding> = check_filters(&[&pattern.filter])
        .into_iter()
        .filter(|finding| all || finding.effect == Effect::Lost)
        .collect();
    pattern_check::findings(&findings, paint)
}
