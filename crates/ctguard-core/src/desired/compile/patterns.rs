//! Rules and their patterns, made once for all places of the same class.

use super::Compiler;
use crate::blueprint::{Alert, Exception, Outcome};
use crate::codes;
use crate::desired::pattern::{
    CompileError, Compiled, Origin, Selection, compile as compile_pattern,
};
use crate::desired::{DesiredPlace, DesiredRule, DestinationPath, tags_of};
use crate::diag::Diagnostic;
use crate::event::EventRef;
use crate::event::outcome::{Told, asks_for_an_error};
use crate::message;
use crate::resource::Kind;
use crate::resource::keys::RuleKey;
use crate::resource::rule::{DESCRIPTION_MAX_CHARS, Rule, TARGETS_PER_RULE, Target};
use crate::scope::Place;
use jiff::civil::Date;
use std::sync::Arc;

/// Targets given to one rule: one fewer than it takes, so that a destination can move to another
/// topic, which needs the new target beside the old one.
const TARGETS_PLANNED: usize = TARGETS_PER_RULE - 1;

/// The targets of an alert's rules, by target id, and the destinations that they are.
type Targets = (Vec<(String, Target)>, Vec<DestinationPath>);

impl<'a> Compiler<'a> {
    /// Adds the destinations of an alert to the place where it is raised.
    pub(super) fn targets(
        &mut self,
        index: usize,
        alert: &Alert,
        notify: &[String],
        place: &Place,
        here: &mut DesiredPlace,
    ) -> Option<Targets> {
        let mut destinations = Vec::new();
        let mut targets: Vec<(String, Target)> = Vec::new();
        let blueprint = self.blueprint;
        for destination in notify.iter().filter_map(|name| blueprint.destinations.get(name)) {
            let path = self.destination(destination, place, here)?;
            let partition = place.region.partition();
            let input = match &path.machine {
                Some(_) => self.mail_input(alert, &path.topic_arn, partition)?,
                None => {
                    let input = self.input(index, alert, destination.format, partition)?;
                    match self.account_names.get(&place.account) {
                        Some(name) => message::with_account_name(input, name),
                        None => input,
                    }
                }
            };
            let machine = path.machine.as_ref();
            let target = Target {
                arn: path.target_arn().to_owned(),
                role_arn: machine.map(|one| one.started_by.clone()).or(path.role.clone()),
                input,
                dead_letter_arn: Some(place.arn("sqs", &self.names.targets_queue())),
                retry_policy: None,
                other_parameters: Vec::new(),
            };
            targets.push((path.target_id.clone(), target));
            destinations.push(path);
        }
        // The order of destinations does not change their rules.
        targets.sort_by(|(a, _), (b, _)| a.cmp(b));
        Some((targets, destinations))
    }

    /// Adds the rules of one pattern, on the default bus or on another, and their keys to `keys`.
    /// With more targets than a rule takes, the same pattern stands in several.
    pub(super) fn rules(
        &self,
        alert: &Alert,
        compiled: &Arc<Compiled>,
        targets: &[(String, Target)],
        bus: Option<&str>,
        here: &mut DesiredPlace,
        keys: &mut Vec<RuleKey>,
    ) {
        for targets in targets.chunks(TARGETS_PLANNED) {
            let name = self.names.rule(&alert.id, keys.len());
            let key = RuleKey::on(bus, &name);
            let rule = DesiredRule {
                rule: rule(compiled, &format!("{}: {}", alert.risk.as_str(), alert.title)).into(),
                compiled: compiled.clone(),
                alert: Some(alert.id.clone()),
                targets: targets.iter().cloned().collect(),
                tags: tags_of(self.blueprint, Kind::Rule, Some(&alert.id)),
            };
            here.rules.insert(key.clone(), rule);
            keys.push(key);
        }
    }

    /// The patterns of some events of an alert.
    pub(super) fn patterns(
        &mut self,
        index: usize,
        alert: &'a Alert,
        events: &[&'a EventRef],
        origin: &Origin,
    ) -> Vec<Arc<Compiled>> {
        let key = (index, events.to_vec(), origin.clone());
        if let Some(known) = self.patterns.get(&key) {
            return known.clone();
        }
        let selected: Vec<EventRef> = events.iter().map(|event| (*event).clone()).collect();
        let compiled: Vec<Arc<Compiled>> =
            match alert_patterns(alert, &selected, origin, self.as_of) {
                Ok(compiled) => compiled.into_iter().map(Arc::new).collect(),
                Err(problems) => {
                    for (number, problem) in problems.into_iter().enumerate() {
                        self.once(format!("{} {number}", alert.id), problem);
                    }
                    Vec::new()
                }
            };
        self.patterns.insert(key, compiled.clone());
        compiled
    }
}

/// The patterns of some events of an alert, with the exceptions that hold on a date.
///
/// # Errors
/// When the alert has no exact pattern; the diagnostics say why.
pub(crate) fn alert_patterns(
    alert: &Alert,
    events: &[EventRef],
    origin: &Origin,
    as_of: Date,
) -> Result<Vec<Compiled>, Vec<Diagnostic>> {
    // After its date an exception is ignored: the alert fires again.
    let holding: Vec<_> = alert
        .except
        .iter()
        .filter(|exception| exception.until.is_none_or(|until| until >= as_of))
        .collect();
    let filters: Vec<_> = holding.iter().map(|exception| &exception.filter).collect();
    let selection = Selection {
        events,
        filter: alert.filter.as_ref(),
        outcome: alert.outcome,
        except: &filters,
        origin,
    };
    // No record has a code of no error because somebody asked for codes.
    let by_code =
        |event: &EventRef| Told::of(event.kind, &event.source, &event.name) == Told::ErrorCode;
    let never = alert.outcome == Outcome::Success
        && events.iter().all(by_code)
        && alert.filter.as_ref().is_some_and(asks_for_an_error);
    let compiled = match never {
        true => Err(CompileError::NeverMatches),
        false => compile_pattern(&selection),
    };
    compiled.map_err(|error| {
        // Of exceptions that have no inverse each is told, not only the first.
        let alone = |exception: &&Exception| {
            let except = [&exception.filter];
            let error = compile_pattern(&Selection { except: &except, ..selection }).err()?;
            let inverse = matches!(error, CompileError::ExceptionNotExpressible { .. });
            inverse.then(|| pattern_problem(alert, &[exception], &error))
        };
        let problems: Vec<Diagnostic> = holding.iter().filter_map(alone).collect();
        match problems.is_empty() {
            true => vec![pattern_problem(alert, &holding, &error)],
            false => problems,
        }
    })
}

/// A rule as it is written, for a pattern.
pub(super) fn rule(compiled: &Compiled, description: &str) -> Rule {
    Rule {
        state: compiled.state,
        event_pattern: Some(compiled.json.clone()),
        schedule_expression: None,
        description: Some(description.chars().take(DESCRIPTION_MAX_CHARS).collect()),
        role_arn: None,
        managed_by: None,
    }
}

pub(super) fn pattern_problem(
    alert: &Alert,
    holding: &[&Exception],
    error: &CompileError,
) -> Diagnostic {
    let (code, span, help) = match error {
        CompileError::ExceptionNotExpressible { exception, .. } => (
            codes::EXCEPTION_NOT_EXPRESSIBLE,
            holding.get(*exception).and_then(|exception| exception.span.clone()),
            "Write the exception on plain fields with exact values, prefixes or CIDR blocks, or narrow the alert's `where` instead.",
        ),
        CompileError::ConditionNotExpressible { .. } => (
            codes::CONDITION_NOT_EXPRESSIBLE,
            None,
            "Leave the service, the event's name and its outcome to `events:` and `outcome:`, and put conditions on other fields.",
        ),
        CompileError::NeverMatches => (
            codes::NEVER_MATCHES,
            None,
            "Loosen `where`, `outcome` or an exception: as they stand, nothing is left.",
        ),
        CompileError::TooComplex { .. } => (
            codes::TOO_COMPLEX,
            None,
            "Split the alert, or write exceptions that have a field in common, such as the user, with plain values.",
        ),
        CompileError::OrOverlaps { .. } => (
            codes::OR_OVERLAPS,
            None,
            "Write the alternatives of `$or` so that they differ in the fields they mention or have no value in common on one field.",
        ),
        CompileError::TooLarge { .. } | CompileError::TooManyCombinations { .. } => (
            codes::PATTERN_TOO_LARGE,
            None,
            "Split the alert's events, conditions or exceptions over several alerts.",
        ),
    };
    Diagnostic::error(code, format!("alert `{}` has no exact event pattern: {error}", alert.id))
        .at(span.or_else(|| alert.span.clone()))
        .help(help)
}

#[cfg(test)]
mod tests;
