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
use serde_json::json;

/// Prints all findings of a pattern. Exits 3 when events would be lost or none can match, 64 when
/// EventBridge refuses it.
pub(super) fn run(
    name: &str,
    text: &str,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let made = check(text).into_iter().map(Told::from);
    let findings: Vec<Told> =
        made.chain(check_pattern(name, text).into_iter().map(Told::from)).collect();
    let shown = match is_json(global) {
        true => format!("{}\n", json!({ "format_version": 1, "findings": findings })),
        false => pattern_check::page(name, &findings, global.paint_out(io)),
    };
    io.out
        .write_all(shown.as_bytes())
        .map_err(|error| CommandError::io("cannot write to standard output", &error))?;
    let some = |effect: Outcome| findings.iter().any(|finding| finding.effect == effect);
    Ok(Exit::CheckFailed
        .when(some(Outcome::Lost) || some(Outcome::Never))
        .and(Exit::Usage.when(some(Outcome::Refused))))
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
