//! What is wrong with a blueprint, as Markdown.

use super::{Document, code, plain};
use crate::report::validate::Validation;
use ctguard_core::diag::{Diagnostic, Severity};

/// Renders the problems of a blueprint in at most `limit` bytes.
pub fn validated(validation: &Validation, limit: usize) -> String {
    let mut out = Document::default();
    let valid = if validation.valid { "valid" } else { "not valid" };
    out.say(format!("### ctguard validate: {} is {valid}", code(&validation.file)));
    for (title, severity) in
        [("Errors", Severity::Error), ("Warnings", Severity::Warning), ("Notes", Severity::Note)]
    {
        let all = validation.diagnostics.iter().filter(|one| one.severity == severity);
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
