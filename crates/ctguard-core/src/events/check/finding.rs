//! What is said of a name or a pattern.

use crate::catalogue;
use crate::diag::{Code, Diagnostic, Severity};
use std::ops::Range;

/// Most findings of a file for which other names are suggested: looking for them takes
/// milliseconds.
const MAX_SUGGESTED: usize = 40;

/// A finding, with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub code: Code,
    pub severity: Severity,
    pub at: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// What was found in one file.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Finding>,
    suggested: usize,
}

impl Findings {
    pub fn error(&mut self, code: Code, at: &Range<usize>, message: String, help: String) {
        self.add(Severity::Error, code, at, message, Some(help));
    }

    pub fn warning(&mut self, code: Code, at: &Range<usize>, message: String, help: String) {
        self.add(Severity::Warning, code, at, message, Some(help));
    }

    pub fn note(&mut self, code: Code, at: &Range<usize>, message: String) {
        self.add(Severity::Note, code, at, message, None);
    }

    fn add(
        &mut self,
        severity: Severity,
        code: Code,
        at: &Range<usize>,
        message: String,
        help: Option<String>,
    ) {
        let finding = Finding { code, severity, at: at.clone(), message, help };
        // Several clauses of a pattern share their fields.
        if !self.all.contains(&finding) {
            self.all.push(finding);
        }
    }

    /// Names that may have been meant.
    pub fn suggest(&mut self, name: &str, source: Option<&str>) -> Vec<String> {
        self.suggested += 1;
        match self.suggested > MAX_SUGGESTED {
            true => Vec::new(),
            false => catalogue::suggest(name, source),
        }
    }

    pub fn into_diagnostics(
        self,
        source: &crate::blueprint::source::Source<'_>,
    ) -> Vec<Diagnostic> {
        let told = |one: Finding| {
            let span = source.span(&one.at);
            let told = Diagnostic::new(one.code, one.severity, one.message).at(Some(span));
            match one.help {
                Some(help) => told.help(help),
                None => told,
            }
        };
        let mut all: Vec<Diagnostic> = self.all.into_iter().map(told).collect();
        crate::diag::sort(&mut all);
        all
    }
}

/// `a, b or c`.
pub(super) fn either(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
