//! What is wrong with a blueprint, or with files of names and patterns, as Markdown.

use super::{Document, code, plain};
use crate::report::events::EventCheck;
use crate::report::validate::{Failure, Validation};
use ctguard_core::diag::{Diagnostic, Severity};

/// Renders the problems of a blueprint in at most `limit` bytes.
pub fn validated(validation: &Validation, limit: usize) -> String {
    let valid = if validation.valid { "valid" } else { "not valid" };
    let title = format!("### ctguard validate: {} is {valid}", code(&validation.file));
    problems(title, &validation.diagnostics, limit)
}

/// Renders the error of a verb in at most `limit` bytes.
pub fn failed(failure: &Failure, limit: usize) -> String {
    let title = format!("### ctguard {}: no result", failure.verb);
    problems(title, std::slice::from_ref(&failure.diagnostic), limit)
}

/// Renders what was found in files of names and patterns in at most `limit` bytes.
pub fn events_checked(check: &EventCheck, limit: usize) -> String {
    let title = format!("### ctguard events check: {}", check.verdict());
    problems(title, &check.diagnostics(), limit)
}

fn problems(title: String, diagnostics: &[Diagnostic], limit: usize) -> String {
    let mut out = Document::default();
    out.say(title);
    for (title, severity) in
        [("Errors", Severity::Error), ("Warnings", Severity::Warning), ("Notes", Severity::Note)]
    {
        let all = diagnostics.iter().filter(|one| one.severity == severity);
        out.list(title, "diagnostics", all.map(item).collect());
    }
    out.render(limit)
}

fn item(diagnostic: &Diagnostic) -> String {
    let at = diagnostic.span.as_ref();
    let at = at
        .map(|span| format!("{}: ", code(&format!("{}:{}:{}", span.file, span.line, span.column))));
    let help = diagnostic.help.as_deref().map(|help| format!(" ({})", plain(help)));
    let (at, help) = (at.unwrap_or_default(), help.unwrap_or_default());
    format!("{at}{} {}{help}", code(diagnostic.code.as_str()), plain(&diagnostic.message))
}
