//! Which rules fire for an event.

use super::{Deed, Delivery, Form, Given, Note, OfflineRule, Undeliverable, delivered, placement};
use crate::blueprint::{Blueprint, Risk};
use crate::resource::rule::RuleState;
use eventbridge_pattern::{Mismatch, Pattern};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The decision of a rule about an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It fires; the notes name conditions and remarks.
    Fires(Vec<Note>),
    /// The pattern matches, but the rule would not receive the event.
    Withheld(Undeliverable),
    /// The pattern does not match.
    Ignores,
}

/// Decides one pattern. Without a state, the rule is in the wide state, and a note says what a
/// plain one would not receive.
pub fn decide(pattern: &Pattern, state: Option<RuleState>, given: &Given) -> Decision {
    let facts = match &given.facts {
        Ok(facts) => facts,
        Err(why) => return Decision::Withheld(why.clone()),
    };
    if !pattern.matches_event(&given.said) {
        return Decision::Ignores;
    }
    let wide = RuleState::EnabledWithAllCloudtrailManagementEvents;
    match delivered(facts, state.unwrap_or(wide)) {
        Delivery::No(why) => Decision::Withheld(why),
        Delivery::Yes(mut notes) => {
            let plain = delivered(facts, RuleState::Enabled);
            if state.is_none() && plain == Delivery::No(Undeliverable::ReadOnly) {
                notes.push(Note::ReadOnly);
            }
            Decision::Fires(notes)
        }
    }
}

/// The decision of an alert about an event.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AlertDecision<'b> {
    /// The alert's id.
    pub id: &'b str,
    /// The alert's risk.
    pub risk: Risk,
    /// Whether one of its patterns matches and the rule is given the event.
    pub fires: bool,
    /// Why no rule would receive the event, although a pattern matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Undeliverable>,
    /// What the decision rests on or leaves open, such as a field that the record lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Why the pattern nearest to the event does not match; only on request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::shapes::mismatches")]
    pub mismatches: Vec<Mismatch>,
}

/// Decides every alert of a blueprint whose pattern matches; with `explain`, the others too.
pub fn decide_alerts<'b>(
    blueprint: &'b Blueprint,
    rules: &[OfflineRule],
    given: &Given,
    explain: bool,
) -> Vec<AlertDecision<'b>> {
    let mut decisions = Vec::new();
    for of_alert in rules.chunk_by(|a, b| a.alert == b.alert) {
        let Some(alert) = of_alert.first().and_then(|rule| blueprint.alerts.get(rule.alert)) else {
            continue;
        };
        let mut decision = AlertDecision {
            id: &alert.id,
            risk: alert.risk,
            fires: false,
            withheld: None,
            notes: Vec::new(),
            mismatches: Vec::new(),
        };
        // At most one rule of an alert matches.
        let matching =
            of_alert.iter().find_map(|rule| match decide(&rule.pattern, Some(rule.state), given) {
                Decision::Ignores => None,
                Decision::Fires(_) if !rule.hears(given.text("account")) => {
                    let account = given.text("account").unwrap_or_default().to_owned();
                    Some(Decision::Withheld(Undeliverable::AccountOmits { account }))
                }
                outcome => Some(outcome),
            });
        match matching {
            // No rule of any alert is given it; that is said of the event.
            Some(Decision::Withheld(_)) if given.facts.is_err() => continue,
            Some(Decision::Withheld(why)) => decision.withheld = Some(why),
            Some(Decision::Fires(notes)) => {
                decision.fires = true;
                decision.notes = notes;
                let (account, region) = (given.text("account"), given.text("region"));
                decision.notes.extend(placement(blueprint, alert, account, region));
            }
            Some(Decision::Ignores) | None if explain => {
                decision.mismatches = nearest(of_alert, given);
            }
            Some(Decision::Ignores) | None => continue,
        }
        decisions.push(decision);
    }
    decisions
}

/// The mismatches of the nearest rule.
fn nearest(rules: &[OfflineRule], given: &Given) -> Vec<Mismatch> {
    let mismatches = rules.iter().map(|rule| rule.pattern.filter.mismatches(&given.said));
    mismatches.min_by_key(Vec::len).unwrap_or_default()
}

/// The decision about one event, as it is printed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EventDecision<'a> {
    /// The file, `-` for standard input.
    pub input: &'a str,
    /// Which event of it, from 1.
    pub number: u64,
    /// The line where it begins, from 1.
    pub line: u64,
    /// The event's `eventID`, or the `id` of its envelope.
    pub id: Option<&'a str>,
    /// The event, such as `iam:CreateUser`.
    pub name: Option<String>,
    /// When it happened, as the event says it.
    pub time: Option<&'a str>,
    /// The account that the envelope or record says.
    pub account: Option<&'a str>,
    /// The region that the envelope or record says.
    pub region: Option<&'a str>,
    /// Whether it was given as a record or with EventBridge's envelope.
    pub form: Form,
    /// Who did it, and how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deed: Option<Deed>,
    /// The pattern matches and a rule would be given it; with a blueprint, some alert fires.
    pub matched: bool,
    /// With a blueprint: the alerts that fire, and those that match but are not delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Vec<AlertDecision<'a>>>,
    /// Why no rule would receive it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Undeliverable>,
    /// Why the pattern does not match; only on request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::shapes::mismatches")]
    pub mismatches: Vec<Mismatch>,
    /// What the decision rests on or leaves open, such as a field that the record lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// As given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'a Value>,
}

impl EventDecision<'_> {
    /// Its id, or its place where it has none.
    pub fn label(&self) -> String {
        self.id.map_or_else(|| format!("{}#{}", self.input, self.number), str::to_owned)
    }

    /// Every remark on it and on the alerts that it fires.
    pub fn all_notes(&self) -> impl Iterator<Item = &Note> {
        let of_alerts = self.alerts.iter().flatten().flat_map(|alert| &alert.notes);
        self.notes.iter().chain(of_alerts)
    }
}
