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
mod target;
#[cfg(test)]
mod tests;

pub use alert::target_input;
pub use arguments::{EvaluationError, evaluated};
pub use definition::definition;
pub use render::{ComposeError, Mail, render};
pub use target::topic_of;

use crate::blueprint::{Alert, Blueprint, Format};
use crate::message::touched::Fact;
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

/// What a machine's definition is made of. The machines of a blueprint differ in their partition and
/// queue alone.
#[derive(Debug, Clone, Copy)]
pub struct MachineInput<'a> {
    pub partition: Partition,
    /// The URL of the queue that keeps what could not be published.
    pub dead_letter_queue: &'a str,
    pub facts: &'a MachineFacts,
}

/// What a machine knows beside the event and the alert.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MachineFacts {
    /// The names that the blueprint gives to accounts.
    pub names: BTreeMap<AccountId, String>,
    /// What an event touches, by its source and name with a space between.
    pub touched: BTreeMap<String, Vec<Fact>>,
    /// In which times are said, too.
    pub zone: Option<Zone>,
}

impl MachineFacts {
    /// What the machines of a blueprint know: the facts of all alerts that are mailed anywhere.
    pub fn of(blueprint: &Blueprint) -> Self {
        let mailed = |alert: &&Alert| {
            let destinations = blueprint.destinations.values();
            let mut mails = destinations.filter(|one| one.format == Format::Mail);
            mails.any(|destination| blueprint.notifies(alert, &destination.name))
        };
        let own = blueprint.heal.iter().map(|heal| &heal.watch);
        Self::for_alerts(blueprint, blueprint.alerts.iter().chain(own).filter(mailed))
    }

    /// The same for these alerts.
    pub fn for_alerts<'a>(
        blueprint: &Blueprint,
        alerts: impl IntoIterator<Item = &'a Alert>,
    ) -> Self {
        let listed = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
        let names = listed.filter_map(|account| Some((account.id.clone(), account.name.clone()?)));
        let events = alerts.into_iter().flat_map(|alert| &alert.events);
        Self {
            names: names.collect(),
            touched: data::touched(events),
            zone: blueprint.time_zone.clone(),
        }
    }
}
