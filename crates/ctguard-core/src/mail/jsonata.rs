//! The part of JSONata in which mails are composed, read and evaluated offline.
//!
//! Step Functions has JSONata 2.0.6 (<https://docs.jsonata.org/2.0.0/overview>). Here is only what
//! `compose.jsonata` needs, and anything else is an error when an expression is read, so that nothing
//! is rendered by a guess:
//!
//! - literals, `$variables`, paths `a.b` from a variable, calls, `function($x) {…}`, blocks `(…;…)`,
//!   `:=`, `?:`, `and or`, `= != < > <= >=`, `& + - *`, objects, regular expressions as arguments;
//! - the functions of `functions.rs`.
//!
//! `rows.json` has expressions and their values in the reference implementation (`jsonata` 2.0.6 of
//! npm). The emulators' tests hold both the rows and whole mails against another interpreter.

mod eval;
mod functions;
mod parse;
mod value;

pub(super) use eval::evaluate;
pub(super) use parse::{Expr, parse};

/// Why an expression is not read or has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonataError(pub String);

pub(super) fn error<T>(message: impl Into<String>) -> Result<T, JsonataError> {
    Err(JsonataError(message.into()))
}

#[cfg(test)]
mod tests;
