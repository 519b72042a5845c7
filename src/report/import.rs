//! What an import is told with: rules that did not come over, and what is to be known of the others.

use super::Paint;
use ctguard_core::import::{Import, Origin};
use ctguard_core::plural::count;

/// Every rule that did not come over, with the reason.
pub fn refused(import: &Import, paint: Paint) -> String {
    let told = import.refused.iter().map(|one| {
        let head = paint.bad("not imported");
        format!("{head}: {}\n  {}.\n", place(&one.from), one.reason)
    });
    told.collect()
}

/// What is to be known of each alert.
pub fn notes(import: &Import, paint: Paint) -> String {
    let mut text = String::new();
    for one in import.alerts.iter().filter(|one| !one.notes.is_empty()) {
        text.push_str(&format!("{}: {}: {}\n", paint.warn("note"), one.alert, one.from.rule));
        one.notes.iter().for_each(|note| text.push_str(&format!("  {note}.\n")));
    }
    let told = import.warnings.iter().map(|one| format!("{}: {one}.\n", paint.warn("warning")));
    text + &told.collect::<String>()
}

/// The whole result in one sentence.
pub fn summary(import: &Import) -> String {
    let alerts = count(import.alerts.len(), "alert");
    match import.refused.len() {
        0 => format!("{alerts} imported.\n"),
        refused => format!("{alerts} imported; {} could not come over.\n", count(refused, "rule")),
    }
}

fn place(from: &Origin) -> String {
    let line = from.line.map(|line| format!(":{line}")).unwrap_or_default();
    match from.rule == from.file {
        true => format!("{}{line}", from.file),
        false => format!("{}{line}: {}", from.file, from.rule),
    }
}
