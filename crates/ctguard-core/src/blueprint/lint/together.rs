//! Warnings that one cause gives to several alerts: told once, with how many alerts have it.

use super::super::Alert;
use super::super::validate::AlertNotes;
use super::Linter;
use crate::codes::Code;
use crate::diag::{Diagnostic, Span};
use crate::plural::some;

/// What several alerts may have in common.
pub(super) struct Cause {
    pub code: Code,
    /// What is said of one alert, after its id, and of several, after their number.
    pub one: String,
    pub several: String,
    pub help: String,
    /// Where the cause stands, which is pointed at when several alerts have it.
    pub at: Option<Span>,
}

/// A cause, and the alerts that have it.
pub(super) struct Shared {
    cause: Cause,
    /// Where the first alert has it.
    first: Option<Span>,
    alerts: Vec<String>,
}

impl Linter<'_> {
    /// Warns of a cause that other alerts may have, too: at `span` when none has.
    pub(super) fn warn_together(
        &mut self,
        (alert, notes): (&Alert, &AlertNotes),
        span: Option<&Span>,
        cause: Cause,
    ) {
        if self.allowed(cause.code, Some(notes)) {
            return;
        }
        let same =
            |one: &&mut Shared| one.cause.code == cause.code && one.cause.several == cause.several;
        match self.shared.iter_mut().find(same) {
            Some(known) => known.alerts.push(alert.id.clone()),
            None => self.shared.push(Shared {
                cause,
                first: span.cloned(),
                alerts: vec![alert.id.clone()],
            }),
        }
    }

    /// Tells what the alerts have in common.
    pub(super) fn together(&mut self) {
        for Shared { cause, first, alerts } in std::mem::take(&mut self.shared) {
            let (message, span) = match alerts.as_slice() {
                [one] => (format!("`{one}` {}", cause.one), first),
                several => (
                    format!("{} alerts {}: {}", several.len(), cause.several, some(several)),
                    cause.at.or(first),
                ),
            };
            self.out.push(Diagnostic::warning(cause.code, message).at(span).help(cause.help));
        }
    }
}
