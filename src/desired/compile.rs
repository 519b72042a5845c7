//! The compile itself: place by place, what should exist.

mod delivery;

use super::placement::{check_landing, landing_in};
use super::{
    AlertInfo, AlertPath, Desired, DesiredPlace, DesiredRule, Names, Scope, Trust, ownership_tags,
    trail,
};
use crate::blueprint::{Alert, Blueprint, EventRef, Format, TrustedTrail};
use crate::diag::{self, Diagnostic};
use crate::message;
use crate::pattern::compile::{Compiled, Selection, compile as compile_pattern};
use crate::resource::rule::{
    DESCRIPTION_MAX_CHARS, Input, Rule, TARGETS_PER_RULE, Target, Targets, WILDCARD_RULES_PER_BUS,
    rules_per_bus,
};
use crate::scope::{Partition, Place};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Compiles a blueprint for a scope.
///
/// # Errors
/// Every problem found, all together: events that land nowhere in scope, exceptions that cannot be
/// inverted, messages that do not fit, quotas that the result would exceed.
pub fn compile(
    blueprint: &Blueprint,
    scope: &Scope,
    as_of: Date,
) -> Result<Desired, Vec<Diagnostic>> {
    let mut compiler = Compiler {
        blueprint,
        names: Names::new(&blueprint.name),
        as_of,
        patterns: BTreeMap::new(),
        inputs: BTreeMap::new(),
        problems: Vec::new(),
    };
    let desired = compiler.compile(scope);
    if compiler.problems.is_empty() {
        Ok(desired)
    } else {
        diag::sort(&mut compiler.problems);
        compiler.problems.dedup();
        Err(compiler.problems)
    }
}

/// Targets given to one rule: one fewer than it takes, so that a destination can move to another topic,
/// which needs the new target beside the old one.
const TARGETS_PLANNED: usize = TARGETS_PER_RULE - 1;

struct Compiler<'a> {
    blueprint: &'a Blueprint,
    names: Names,
    as_of: Date,
    /// Patterns of an alert for a subset of its events: the same in every place of the same class.
    patterns: BTreeMap<(usize, Vec<&'a EventRef>), Vec<Arc<Compiled>>>,
    inputs: BTreeMap<(usize, Format, Partition), Option<Input>>,
    problems: Vec<Diagnostic>,
}

impl<'a> Compiler<'a> {
    fn compile(&mut self, scope: &Scope) -> Desired {
        let blueprint = self.blueprint;
        let mut desired = Desired {
            name: blueprint.name.clone(),
            names: self.names.clone(),
            as_of: self.as_of,
            places: scope
                .places
                .iter()
                .map(|place| (place.clone(), DesiredPlace::default()))
                .collect(),
            trail_home: None,
            buckets: BTreeMap::new(),
            paths: Vec::new(),
            alerts: infos(blueprint),
            trusted: trusted(blueprint, self.as_of),
            excepted: scope.excepted.clone(),
        };
        for (index, alert) in blueprint.alerts.iter().enumerate() {
            if alert.notify.is_empty() {
                continue;
            }
            self.problems.extend(check_landing(alert, scope));
            for (place, here) in &mut desired.places {
                let path = self.alert(index, alert, place, here);
                desired.paths.extend(path);
            }
        }
        desired.paths.sort_by(|a, b| (&a.alert, &a.lands).cmp(&(&b.alert, &b.lands)));
        for (place, here) in &mut desired.places {
            self.queues(place, here);
            self.quotas(place, here);
        }
        self.trail(&mut desired);
        desired
    }

    /// Adds what an alert needs in a place; `None` when none of its events can land there.
    fn alert(
        &mut self,
        index: usize,
        alert: &'a Alert,
        place: &Place,
        here: &mut DesiredPlace,
    ) -> Option<AlertPath> {
        let events = landing_in(alert, &place.region);
        if events.is_empty() {
            return None;
        }
        let mut destinations = Vec::new();
        let mut targets: Vec<(String, Target)> = Vec::new();
        for destination in
            alert.notify.iter().filter_map(|name| self.blueprint.destinations.get(name))
        {
            let path = self.destination(destination, place, here)?;
            let input = self.input(index, alert, destination.format, place.region.partition())?;
            let target = Target {
                arn: path.topic_arn.clone(),
                role_arn: None,
                input,
                dead_letter_arn: Some(place.arn("sqs", &self.names.targets_queue())),
                retry_policy: None,
                other_parameters: Vec::new(),
            };
            targets.push((path.target_id.clone(), target));
            destinations.push(path);
        }
        // Whatever order the destinations are listed in, each keeps its rule.
        targets.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut rules = Vec::new();
        for compiled in self.patterns(index, alert, &events) {
            // With more targets than a rule takes, the same pattern stands in several rules.
            for targets in targets.chunks(TARGETS_PLANNED) {
                let name = self.names.rule(&alert.id, rules.len());
                here.rules.insert(name.clone(), self.rule(alert, &compiled, targets));
                rules.push(name);
            }
        }
        Some(AlertPath {
            alert: alert.id.clone(),
            lands: place.clone(),
            raised: place.clone(),
            events: events.into_iter().cloned().collect(),
            rules,
            destinations,
        })
    }

    fn rule(
        &self,
        alert: &Alert,
        compiled: &Arc<Compiled>,
        targets: &[(String, Target)],
    ) -> DesiredRule {
        let description = format!("{}: {}", alert.risk.as_str(), alert.title);
        DesiredRule {
            rule: Rule {
                state: compiled.state,
                event_pattern: Some(compiled.json.clone()),
                schedule_expression: None,
                description: Some(description.chars().take(DESCRIPTION_MAX_CHARS).collect()),
                role_arn: None,
                managed_by: None,
            },
            compiled: compiled.clone(),
            alert: alert.id.clone(),
            targets: targets.iter().cloned().collect::<Targets>(),
            tags: ownership_tags(&self.blueprint.name, Some(&alert.id)),
        }
    }

    fn patterns(
        &mut self,
        index: usize,
        alert: &'a Alert,
        events: &[&'a EventRef],
    ) -> Vec<Arc<Compiled>> {
        let key = (index, events.to_vec());
        if let Some(known) = self.patterns.get(&key) {
            return known.clone();
        }
        let selected: Vec<EventRef> = events.iter().map(|event| (*event).clone()).collect();
        // Past its date an exception leaves the desired side: the alert fires again.
        let holding: Vec<_> = alert
            .except
            .iter()
            .filter(|exception| exception.until.is_none_or(|until| until >= self.as_of))
            .collect();
        let filters: Vec<_> = holding.iter().map(|exception| &exception.filter).collect();
        let selection = Selection {
            events: &selected,
            filter: alert.filter.as_ref(),
            outcome: alert.outcome,
            except: &filters,
        };
        let compiled = match compile_pattern(&selection) {
            Ok(compiled) => compiled.into_iter().map(Arc::new).collect(),
            Err(error) => {
                self.problems.push(pattern_problem(alert, &holding, &error));
                Vec::new()
            }
        };
        self.patterns.insert(key, compiled);
        self.patterns.get(&(index, events.to_vec())).cloned().unwrap_or_default()
    }

    fn input(
        &mut self,
        index: usize,
        alert: &Alert,
        format: Format,
        partition: Partition,
    ) -> Option<Input> {
        let problems = &mut self.problems;
        self.inputs
            .entry((index, format, partition))
            .or_insert_with(|| match message::input(alert, format, partition) {
                Ok(input) => Some(input),
                Err(error) => {
                    let message = format!("alert `{}` has no valid message: {error}", alert.id);
                    problems.push(
                        Diagnostic::error("message-too-large", message)
                            .at(alert.span.clone())
                            .help("Shorten the alert's `title`, `why` or `next`."),
                    );
                    None
                }
            })
            .clone()
    }

    fn quotas(&mut self, place: &Place, here: &DesiredPlace) {
        let most = rules_per_bus(&place.region);
        let wildcards =
            here.rules.values().filter(|rule| rule.compiled.pattern.has_wildcard()).count();
        for (count, most, what) in [
            (here.rules.len(), most, "rules"),
            (wildcards, WILDCARD_RULES_PER_BUS, "rules with a wildcard"),
        ] {
            if count > most {
                self.problems.push(
                    Diagnostic::error(
                        "too-many-rules",
                        format!("{} would need {count} {what}, more than the {most} that an event bus takes", place.region),
                    )
                    .help("Put events of the same risk and the same conditions into one alert."),
                );
            }
        }
    }

    fn trail(&mut self, desired: &mut Desired) {
        let Some(spec) = &self.blueprint.trail else { return };
        let home = desired.places.keys().find(|place| place.region == spec.home_region).cloned();
        let Some(home) = home else {
            self.problems.push(
                Diagnostic::error(
                    "trail-home-out-of-scope",
                    format!("the trail's home region {} is not among the regions covered", spec.home_region),
                )
                .at(spec.span.clone())
                .help("A trail is changed from its home region only: add it to `regions:`, or name another `home_region`."),
            );
            return;
        };
        desired.trail_home = Some(home.clone());
        let bucket = trail::bucket(self.blueprint, spec, &home);
        desired.buckets.insert((home.account.clone(), spec.bucket.clone()), bucket);
        if let Some(here) = desired.places.get_mut(&home) {
            here.trail = Some(trail::trail(self.blueprint, spec));
        }
    }
}

/// The trails that are trusted still.
fn trusted(blueprint: &Blueprint, as_of: Date) -> BTreeMap<String, Trust> {
    let holding =
        blueprint.trust_trails.iter().filter(|t| t.until.is_none_or(|until| until >= as_of));
    let trust = |t: &TrustedTrail| Trust { records: t.records, reason: t.reason.clone() };
    holding.map(|t| (t.arn.clone(), trust(t))).collect()
}

/// Gravest first, so that reports do not depend on the order of the file.
fn infos(blueprint: &Blueprint) -> Vec<AlertInfo> {
    let mut infos: Vec<AlertInfo> = blueprint.alerts.iter().map(info).collect();
    infos.sort_by(|a, b| b.risk.cmp(&a.risk).then_with(|| a.id.cmp(&b.id)));
    infos
}

fn info(alert: &Alert) -> AlertInfo {
    AlertInfo {
        id: alert.id.clone(),
        title: alert.title.clone(),
        risk: alert.risk,
        routed: !alert.notify.is_empty(),
    }
}

fn pattern_problem(
    alert: &Alert,
    holding: &[&crate::blueprint::Exception],
    error: &crate::pattern::compile::CompileError,
) -> Diagnostic {
    use crate::pattern::compile::CompileError;
    let (code, span, help) = match error {
        CompileError::ExceptionNotExpressible { exception, .. } => (
            "exception-not-expressible",
            holding.get(*exception).and_then(|exception| exception.span.clone()),
            "Write the exception on plain fields with exact values, prefixes or CIDR blocks, or narrow the alert's `where` instead.",
        ),
        CompileError::ConditionNotExpressible { .. } => (
            "condition-not-expressible",
            None,
            "Leave the service, the event's name and its outcome to `events:` and `outcome:`, and put conditions on other fields.",
        ),
        CompileError::NeverMatches => (
            "never-matches",
            None,
            "Loosen `where`, `outcome` or an exception: as they stand, nothing is left.",
        ),
        CompileError::TooLarge { .. } | CompileError::TooManyCombinations { .. } => (
            "pattern-too-large",
            None,
            "Split the alert's events, conditions or exceptions over several alerts.",
        ),
    };
    Diagnostic::error(code, format!("alert `{}` has no exact event pattern: {error}", alert.id))
        .at(span.or_else(|| alert.span.clone()))
        .help(help)
}
