//! What becomes of a live rule: it comes over, or why not.

use super::Found;
use super::sent::Sent;
use crate::event::EventKind;
use crate::resource::rule::RuleState;
use crate::resource::{BLUEPRINT_TAG, Tags};
use crate::snapshot::{LiveRule, Observed, Unreadable};
use eventbridge_pattern::{Matcher, Pattern, ruler};
use serde_json::Value;

/// What becomes of a rule.
pub(super) enum Fate<'a> {
    /// It is none of an import's business; why, in words after "rules".
    PassedOver(&'static str),
    /// It is about CloudTrail's events and cannot come over.
    Refused(String),
    /// A part of it could not be read.
    Unread(String, &'a Unreadable),
    /// It may, with what it sends to.
    Comes(Sent),
}

impl<'a> Fate<'a> {
    pub(super) fn of(found: &Found<'a>) -> Self {
        let rule = &found.rule.rule;
        if rule.managed_by.is_some() {
            return Self::PassedOver("made by a service of AWS for itself");
        }
        if is_own(found) {
            return Self::PassedOver("ctguard's own");
        }
        let Some(text) = &rule.event_pattern else {
            return Self::PassedOver("on a schedule alone");
        };
        match Pattern::parse(text) {
            Ok(pattern) if !may_be_about_cloudtrail(&pattern) => {
                return Self::PassedOver("about other events than CloudTrail's");
            }
            Ok(_) => {}
            Err(error) => return Self::Refused(format!("its pattern cannot be read: {error}")),
        }
        if rule.state == RuleState::Disabled {
            return Self::PassedOver("disabled");
        }
        if let Some(bus) = found.bus {
            return Self::Refused(format!(
                "it is on the bus `{bus}`, and CloudTrail's events arrive on the default bus: the \
                 rules there that forward them decide what this one hears"
            ));
        }
        let targets = match &found.rule.targets {
            Observed::Known(targets) => targets,
            Observed::Absent => return Self::PassedOver("without a target"),
            Observed::Unreadable(why) => {
                return Self::Unread(format!("the targets of the rule {}", found.name), why);
            }
        };
        if targets.is_empty() {
            return Self::PassedOver("without a target");
        }
        if targets.values().all(|one| crate::resource::rule::bus_of(one).is_some()) {
            return Self::PassedOver("only forwarding events to another bus");
        }
        let mut sent = Sent::of(found.place, targets);
        if rule.schedule_expression.is_some() {
            sent.schedule();
        }
        Self::Comes(sent)
    }
}

/// Whether it is a blueprint's: by its tag, or by its name where the tags cannot be read.
fn is_own(found: &Found<'_>) -> bool {
    match &found.rule.tags {
        Observed::Unreadable(_) => found.name.starts_with("ctguard-"),
        tags => tags.known().is_some_and(|tags: &Tags| tags.contains_key(BLUEPRINT_TAG)),
    }
}

/// Whether a pattern can match an event of CloudTrail's. One that asks for none of its
/// `detail-type`s, or for a field that no event of CloudTrail's has, cannot.
fn may_be_about_cloudtrail(pattern: &Pattern) -> bool {
    let Some(alternatives) = ruler::alternatives(&pattern.filter) else { return true };
    alternatives.iter().any(|one| {
        let takes = |list: &Vec<Matcher>, text: &str| {
            list.iter().any(|matcher| matcher.accepts(&Value::from(text)))
        };
        let kinds = EventKind::ALL.into_iter().flat_map(EventKind::detail_types);
        let of_type =
            one.get("detail-type").is_none_or(|list| kinds.clone().any(|kind| takes(list, kind)));
        // A service of AWS, or whatever is not spelled out.
        let of_aws = one.get("source").is_none_or(|list| {
            list.iter().any(|matcher| match matcher {
                Matcher::Exact(Value::String(text)) => text.starts_with("aws."),
                Matcher::Exact(_) => false,
                _ => true,
            })
        });
        let is_record = |path: &String| match path.strip_prefix("detail.") {
            Some(field) => {
                let top = field.split('.').next().unwrap_or(field);
                crate::record::field_at(top).is_some()
            }
            None => true,
        };
        of_type && of_aws && (one.contains_key("detail-type") || one.keys().all(is_record))
    })
}

/// A pattern as one text, whatever order and space it is written in.
pub(super) fn canonical(rule: &LiveRule) -> String {
    let text = rule.rule.event_pattern.as_deref().unwrap_or_default();
    Pattern::parse(text).map_or_else(|_| text.to_owned(), |pattern| pattern.to_json())
}
