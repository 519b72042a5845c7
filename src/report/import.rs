//! What an import is told with: rules that did not come over, and what is to be known of the others.

use super::Paint;
use ctguard_core::import::{Import, Origin, sentence};
use ctguard_core::plural::count;
use std::path::Path;

/// Most rules that a line names.
const NAMED: usize = 8;

/// Every rule that did not come over, with the reason.
pub fn refused(import: &Import, paint: Paint) -> String {
    let told = import.refused.iter().map(|one| {
        let head = paint.bad("not imported");
        format!("{head}: {}\n  {}\n", place(&one.from), sentence(&one.reason))
    });
    told.collect()
}

/// What is to be known of each alert.
pub fn notes(import: &Import, paint: Paint) -> String {
    let mut text = String::new();
    for one in import.alerts.iter().filter(|one| !one.notes.is_empty()) {
        let part = if one.partly { " (in part)" } else { "" };
        let head = paint.warn("note");
        text.push_str(&format!("{head}: {}{part}: {}\n", one.alert, one.from.rule));
        one.notes.iter().for_each(|note| text.push_str(&format!("  {}\n", sentence(note))));
    }
    let head = paint.warn("warning");
    let told = import.warnings.iter().map(|one| format!("{head}: {}\n", sentence(one)));
    text + &told.collect::<String>()
}

/// What could not be read, and what would make it readable.
pub fn unread(import: &Import, paint: Paint) -> String {
    let told = import.unread.iter().map(|one| {
        let head = paint.bad("not read");
        format!("{head}: {}: {}\n  {}\n  {}\n", one.place, one.part, one.why, one.remedy)
    });
    told.collect()
}

/// Rules that an import has nothing to do with, by reason.
pub fn passed_over(import: &Import) -> String {
    let told = import.passed_over.iter().map(|one| {
        let rules = count(one.rules.len(), "rule");
        let mut named: Vec<&str> = one.rules.iter().take(NAMED).map(String::as_str).collect();
        let more = format!("and {} more", one.rules.len().saturating_sub(NAMED));
        if one.rules.len() > NAMED {
            named.push(&more);
        }
        format!("Passed over: {rules}, {}: {}.\n", one.why, named.join(", "))
    });
    told.collect()
}

/// How the alerts take over from the rules.
pub fn next(import: &Import, file: &Path) -> String {
    let (file, adopt) = (file.display(), import.adopt.join(","));
    format!(
        "Next: ctguard plan {file} --adopt={adopt}\n      ctguard apply {file} --adopt={adopt}\n\
         The rules keep alerting until the alerts that take over are proven.\n"
    )
}

/// The whole result in one sentence.
pub fn summary(import: &Import) -> String {
    let alerts = count(import.alerts.len(), "alert");
    let partly = match import.alerts.iter().filter(|one| one.partly).count() {
        0 => String::new(),
        some => format!(", {some} of them in part"),
    };
    match import.refused.len() {
        0 => format!("{alerts} imported{partly}.\n"),
        refused => {
            format!("{alerts} imported{partly}; {} could not come over.\n", count(refused, "rule"))
        }
    }
}

fn place(from: &Origin) -> String {
    let line = from.line.map(|line| format!(":{line}")).unwrap_or_default();
    match from.rule == from.file {
        true => format!("{}{line}", from.file),
        false => format!("{}{line}: {}", from.file, from.rule),
    }
}
