//! Problems in the user's own files, as data: collected, sorted and reported together.
//!
//! This module renders nothing; `report` turns a [`Diagnostic`] into a snippet or JSON.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The severity of a diagnostic. Warnings change no exit code but that of `validate --strict`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    /// Something ctguard did on the user's behalf, such as a renamed event.
    Note,
}

pub use crate::codes::Code;

/// A range in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Span {
    /// The file as the user named it, or `builtin:<id>`.
    pub file: String,
    /// Byte range in the file: from `start` up to, not including, `end`.
    pub start: usize,
    /// The first byte after the range.
    pub end: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One problem: what, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Diagnostic {
    /// A stable name for this kind of problem; `docs/diagnostics.md` explains each.
    #[schemars(with = "String")]
    pub code: Code,
    /// How grave it is. Errors alone make a file invalid.
    pub severity: Severity,
    /// What is wrong: a sentence without its final full stop.
    pub message: String,
    /// Absent only where there is no place to point at (an empty file, a missing file).
    pub span: Option<Span>,
    /// The label of the marked text.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, message)
    }

    /// One whose severity is not that of its code.
    pub fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), span: None, label: None, help: None }
    }

    pub fn at(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Most diagnostics of one code that are kept: nobody reads more, and the rest is counted.
pub const ALIKE_MAX: usize = 100;

/// Keeps the first diagnostics of each code and severity, and says how many more there are.
pub fn bound(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<(Severity, Code), usize> = BTreeMap::new();
    diagnostics.retain(|one| {
        let seen = seen.entry((one.severity, one.code)).or_default();
        *seen += 1;
        *seen <= ALIKE_MAX
    });
    for ((severity, code), many) in seen {
        if let Some(more) = many.checked_sub(ALIKE_MAX).filter(|more| *more > 0) {
            let said = format!("{more} more of `{code}`, which are not listed");
            diagnostics.push(Diagnostic::new(code, severity, said).help("mend those first"));
        }
    }
}

/// Sorts by file and position, so that the same input always reports in the same order.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        (&a.span, a.severity, a.code, &a.message).cmp(&(&b.span, b.severity, b.code, &b.message))
    });
}
