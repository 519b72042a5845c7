//! The `mail` format: a state machine composes subject and body and publishes them.
//!
//! EventBridge cannot give a message a subject, and puts each line of a text into quotes. So a
//! rule's target is a state machine, one a place, whose input is the alert's own words, the topic,
//! and the whole event ([`target_input`]). Its definition ([`definition()`]) composes the mail by an
//! expression in JSONata, `mail/compose.jsonata`. [`render`] evaluates the same expression offline.
//!
//! Each topic of an alert has a target of its own, and so an execution of its own: none can hold
//! back another. Why Step Functions, and why Standard: `docs/decisions/0001-mail-by-step-functions.md`.

mod alert;
mod arguments;
mod ascii;
mod data;
mod definition;
mod jsonata;
mod render;
#[cfg(test)]
mod tests;

pub use alert::target_input;
pub use arguments::{EvaluationError, evaluated};
pub use definition::{DEFINITION_MAX_BYTES, definition};
pub use render::{ComposeError, Mail, render};

use crate::scope::{AccountId, Partition};
use crate::zone::Zone;
use std::collections::BTreeMap;

/// Longest subject that SNS takes, in characters.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub const SUBJECT_MAX_CHARS: usize = 99;

/// Longest message that SNS takes, in bytes.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub const MESSAGE_MAX_BYTES: usize = 262_144;

/// What a machine's definition is made of. All machines of a blueprint in a partition differ in
/// the queue alone.
#[derive(Debug, Clone)]
pub struct MachineInput<'a> {
    pub partition: Partition,
    /// The URL of the queue that keeps what could not be published.
    pub dead_letter_queue: &'a str,
    /// The names that the blueprint gives to accounts.
    pub names: &'a BTreeMap<AccountId, String>,
    /// The facts of what an event touches, by its source and name with a space between: labels, and
    /// paths below `detail`, which go through every element of a list.
    pub touched: &'a BTreeMap<String, Vec<(String, String)>>,
    /// In which times are said, too.
    pub zone: Option<&'a Zone>,
}
