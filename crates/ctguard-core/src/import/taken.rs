//! What an alert must hear to take over from a live rule.
//!
//! The pattern of a rule often pins less than an alert does: no `source`, no `detail-type`. What the
//! alert of an import hears is what the rule can match of CloudTrail's events, and an alert that
//! hears as much takes over from it.

use super::draft::{Draft, NOBODY, Origin};
use super::frame::{self, Frame};
use super::notes::Notes;
use super::pattern::{self, Rule};
use super::{Around, Refused};
use crate::blueprint::{self, Alert, Risk};
use crate::desired::compile::alert_patterns;
use crate::desired::landing::{LandsIn, can_land};
use crate::desired::pattern::Origin as From;
use crate::diag::Severity;
use crate::scope::Place;
use eventbridge_pattern::Pattern;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// An event of a rule, and what of it the rule matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// `service:Name`.
    pub event: String,
    pub patterns: Vec<Pattern>,
}

/// The events that a rule of a place can match.
///
/// # Errors
/// With the reason, when its pattern cannot become an alert.
pub fn wanted(text: &str, place: &Place, as_of: Date) -> Result<Vec<Wanted>, String> {
    let from = Origin {
        file: place.to_string(),
        line: None,
        rule: "rule".to_owned(),
        id: None,
        author: None,
    };
    let rule =
        Rule { from, description: None, risk: Risk::Medium, notes: Notes::default(), plain: false };
    let alert = alert(&pattern::draft(text, rule)?, &Frame::default(), as_of)?;
    let lands = LandsIn { region: &place.region, account: Some(&place.account) };
    let landing = alert.events.iter().filter(|event| can_land(&alert, event, lands, as_of));
    landing
        .map(|event| {
            let made = alert_patterns(&alert, std::slice::from_ref(event), &From::Any, as_of);
            let made = made.map_err(|_| format!("{} has no exact pattern", event.short()))?;
            let patterns = made.into_iter().map(|one| one.pattern).collect();
            Ok(Wanted { event: event.short(), patterns })
        })
        .collect()
}

/// The alert as a blueprint has it.
///
/// # Errors
/// With what `validate` says of it.
pub(super) fn alert(draft: &Draft, frame: &Frame, as_of: Date) -> Result<Alert, String> {
    let around = Around { name: "imported", email: NOBODY, alerts_only: false };
    let text = frame::blueprint(std::slice::from_ref(draft), &around, frame);
    let loaded = blueprint::load_text("import.yaml", &text, None, as_of);
    let alert = loaded.blueprint.and_then(|blueprint| blueprint.alerts.into_iter().next());
    alert.ok_or_else(|| {
        let error = loaded.diagnostics.iter().find(|one| one.severity == Severity::Error);
        error.map_or_else(|| "it is no alert".to_owned(), |one| one.message.clone())
    })
}

/// What `--adopt=` is given: the rules that alerts take over. A name that stands for another rule
/// elsewhere, which did not come over, is left out.
pub(super) fn adopt(kept: &[Draft], refused: &[Refused]) -> Vec<String> {
    let names: BTreeSet<&String> = kept.iter().filter_map(|one| one.takes_over.as_ref()).collect();
    let other = |name: &str| refused.iter().any(|one| one.from.rule == name);
    let free = names.into_iter().filter(|name| !other(name));
    free.map(|name| format!("{}{name}", crate::desired::intent::RULE)).collect()
}
