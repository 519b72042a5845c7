//! The compile itself: place by place, what should exist.

mod delivery;
mod heal;
mod heal_rules;
mod hub;
mod local;
mod machine;
mod patterns;
mod role;

pub(crate) use patterns::alert_patterns;
pub(crate) use role::trust_of_all_rules;

use super::landing::sign_ins_missed;
use super::placement::check_landing;
use super::{
    AlertInfo, Desired, DesiredPlace, DesiredQueue, DesiredRule, Intent, Names, Scope, Trust, trail,
};
use crate::blueprint::{Alert, Blueprint, Format, ManagedTrail, TrustedTrail};
use crate::codes;
use crate::codes::Code;
use crate::desired::pattern::{Compiled, Origin};
use crate::diag;
use crate::diag::Diagnostic;
use crate::event::EventRef;
use crate::mail::MachineFacts;
use crate::message;
use crate::resource::rule::{Input, WILDCARD_RULES_PER_BUS, rules_per_bus};
use crate::resource::small_map::SmallMap;
use crate::scope::{AccountId, Partition, Place};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
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
    let mut compiler = Compiler::new(blueprint, as_of);
    let desired = compiler.compile(scope);
    if compiler.problems.is_empty() {
        Ok(desired)
    } else {
        diag::sort(&mut compiler.problems);
        compiler.problems.dedup();
        Err(compiler.problems)
    }
}

/// Compiles as far as it goes, whatever is wrong with the rest: enough to know the names.
pub(super) fn as_far_as_possible(blueprint: &Blueprint, scope: &Scope, as_of: Date) -> Desired {
    Compiler::new(blueprint, as_of).compile(scope)
}

/// What a pattern depends on: the alert, the selected events, and where they come from.
type PatternKey<'a> = (usize, Vec<&'a EventRef>, Origin);

struct Compiler<'a> {
    blueprint: &'a Blueprint,
    names: Names,
    as_of: Date,
    /// The same in every place of the same class.
    patterns: BTreeMap<PatternKey<'a>, Vec<Arc<Compiled>>>,
    inputs: BTreeMap<(usize, Format, Partition), Option<Input>>,
    /// The dead-letter queues of places, by whether they have rules, and by their topics.
    queues: BTreeMap<(bool, Vec<String>), SmallMap<String, DesiredQueue>>,
    /// The names of accounts whose rules are reached by their own events alone.
    account_names: BTreeMap<AccountId, String>,
    problems: Vec<Diagnostic>,
    /// What the roles of accounts must be allowed to publish to: by account, with one of its places
    /// where rules send, and by the name of the policy.
    publishing: BTreeMap<AccountId, (Place, BTreeMap<String, role::Publishing>)>,
    /// What state machines need of the roles of accounts, with one of the places where they are.
    mailing: BTreeMap<AccountId, (Place, machine::Mailing)>,
    /// What state machines know; made when first asked for.
    facts: Option<MachineFacts>,
    /// Roles of others that rules send with, by their account, by name.
    used_roles: BTreeMap<AccountId, BTreeSet<String>>,
    /// Topics of other accounts than their rules', by the place where they are.
    foreign_topics: BTreeMap<Place, BTreeSet<String>>,
    /// Problems that are the same in every place: the code, and the object.
    told: BTreeSet<(Code, String)>,
}

impl<'a> Compiler<'a> {
    fn new(blueprint: &'a Blueprint, as_of: Date) -> Self {
        Self {
            blueprint,
            names: Names::new(&blueprint.name),
            as_of,
            patterns: BTreeMap::new(),
            inputs: BTreeMap::new(),
            queues: BTreeMap::new(),
            account_names: BTreeMap::new(),
            problems: Vec::new(),
            publishing: BTreeMap::new(),
            mailing: BTreeMap::new(),
            facts: None,
            used_roles: BTreeMap::new(),
            foreign_topics: BTreeMap::new(),
            told: BTreeSet::new(),
        }
    }

    /// Adds a problem unless it is known from another place. `of` distinguishes it from others of
    /// the same code.
    fn once(&mut self, of: impl Into<String>, problem: Diagnostic) {
        if self.told.insert((problem.code, of.into())) {
            self.problems.push(problem);
        }
    }

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
            context: BTreeSet::new(),
            narrowed: false,
            partial: BTreeSet::new(),
            covered: scope.places.iter().cloned().collect(),
            accounts: scope.accounts.clone(),
            organization: scope.organization.clone(),
            said_organization: blueprint.hub.as_ref().and_then(|hub| hub.organization.clone()),
            unread: scope.unread.clone(),
            hub: None,
            roles: BTreeMap::new(),
            machine_roles: BTreeMap::new(),
            heal_roles: BTreeMap::new(),
            heal_rules_roles: BTreeMap::new(),
            used_roles: BTreeMap::new(),
            trail_home: None,
            buckets: BTreeMap::new(),
            paths: Vec::new(),
            alerts: infos(blueprint, self.as_of),
            trusted: trusted(blueprint, self.as_of),
            excepted: scope.excepted.clone(),
            endpoints: BTreeMap::new(),
            listed: BTreeMap::new(),
            intent: Intent::default(),
            released: BTreeMap::new(),
            made: BTreeMap::new(),
        };
        // A hub's rules serve all accounts: the name is known where there is only one. Names that an
        // organization gives would change messages whenever it does.
        if blueprint.hub.is_none() || scope.accounts.len() == 1 {
            let listed = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
            let named = listed.filter_map(|one| Some((one.id.clone(), one.name.clone()?)));
            self.account_names = named.collect();
        }
        for alert in blueprint.alerts.iter().filter(|alert| blueprint.is_routed(alert)) {
            self.problems.extend(check_landing(alert, scope, self.as_of));
        }
        match &blueprint.hub {
            None => self.local(&mut desired),
            Some(hub) => self.hub(&mut desired, scope, hub),
        }
        self.trail(&mut desired);
        let healing = self.heal(&mut desired);
        let healing_rules = self.heal_rules(&mut desired);
        self.send_elsewhere(&mut desired);
        if let Some(healing) = healing {
            self.heal_roles(&mut desired, &healing);
        }
        self.heal_rules_roles(&mut desired, &healing_rules);
        self.check_role_sizes(&desired);
        // Release unused capacity.
        desired.paths.shrink_to_fit();
        desired.paths.sort_by(|a, b| (&a.alert, &a.lands).cmp(&(&b.alert, &b.lands)));
        for (place, here) in &mut desired.places {
            self.queues(here);
            self.quotas(place, here);
        }
        desired.index_endpoints();
        desired
    }

    /// Adds what sending to topics of other accounts takes: roles, and reading the topics where they
    /// are, if that is covered.
    fn send_elsewhere(&mut self, desired: &mut Desired) {
        for (place, policies) in self.publishing.values() {
            let policies = policies.iter().map(|(name, of)| (name.clone(), of.policy()));
            role::sends(self.blueprint, desired, place, policies.collect());
        }
        self.mailing(desired);
        desired.used_roles = std::mem::take(&mut self.used_roles);
        for (home, topics) in &self.foreign_topics {
            if let Some(here) = desired.places.get_mut(home) {
                here.existing_topics.extend(topics.iter().cloned());
            }
        }
    }

    fn input(
        &mut self,
        index: usize,
        alert: &Alert,
        format: Format,
        partition: Partition,
    ) -> Option<Input> {
        if let Some(known) = self.inputs.get(&(index, format, partition)) {
            return known.clone();
        }
        let input = message::input(alert, format, partition).map_err(|error| {
            let message = format!("alert `{}` has no valid message: {error}", alert.id);
            let problem = Diagnostic::error(codes::MESSAGE_TOO_LARGE, message)
                .at(alert.span.clone())
                .help("Shorten the alert's `title`, `why` or `next`.");
            self.once(format!("{} {}", alert.id, format.as_str()), problem);
        });
        let input = input.ok();
        self.inputs.insert((index, format, partition), input.clone());
        input
    }

    /// Reports buses that would need more rules than the quota.
    fn quotas(&mut self, place: &Place, here: &DesiredPlace) {
        let mut buses: BTreeMap<Option<&str>, Vec<&DesiredRule>> = BTreeMap::new();
        for (key, rule) in &here.rules {
            buses.entry(key.bus()).or_default().push(rule);
        }
        for (bus, mut rules) in buses {
            self.quota(place, bus, &rules, (rules_per_bus(&place.region), "rules"));
            rules.retain(|rule| rule.compiled.pattern.has_wildcard());
            let most = (WILDCARD_RULES_PER_BUS, "rules with a wildcard");
            self.quota(place, bus, &rules, most);
        }
    }

    fn quota(
        &mut self,
        place: &Place,
        bus: Option<&str>,
        rules: &[&DesiredRule],
        (most, what): (usize, &str),
    ) {
        if rules.len() <= most {
            return;
        }
        let on = bus.map(|bus| format!(" on the bus {bus}")).unwrap_or_default();
        let message = format!(
            "{} would need {} {what}{on}, more than the {most} that an event bus takes",
            place.region,
            rules.len()
        );
        let first = self.first_beyond(rules, most);
        let label =
            first.map(|alert| format!("with alert `{}` there are more than {most}", alert.id));
        let hub = self.blueprint.hub.as_ref().and_then(|hub| hub.span.clone());
        let mut problem = Diagnostic::error(codes::TOO_MANY_RULES, message)
            .at(first.map_or(hub, |alert| alert.span.clone()))
            .help("Put events of the same risk and the same conditions into one alert.");
        problem.label = label;
        self.once(format!("{what}{on}"), problem);
    }

    /// The alert, in the order of the blueprint, with which there are more rules than a bus takes.
    fn first_beyond(&self, rules: &[&DesiredRule], most: usize) -> Option<&'a Alert> {
        let mut of_alerts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for rule in rules {
            *of_alerts.entry(rule.alert.as_deref()).or_default() += 1;
        }
        let blueprint: &'a Blueprint = self.blueprint;
        let mut sum = of_alerts.get(&None).copied().unwrap_or_default();
        blueprint.alerts.iter().find(|alert| {
            sum += of_alerts.get(&Some(alert.id.as_str())).copied().unwrap_or_default();
            sum > most
        })
    }

    fn trail(&mut self, desired: &mut Desired) {
        let Some(spec) = &self.blueprint.trail else { return };
        let accounts = desired.accounts.keys();
        let account: Option<&AccountId> = match &spec.account {
            Some(account) => Some(account),
            None if accounts.len() == 1 => desired.accounts.keys().next(),
            None => {
                self.problems.push(
                    Diagnostic::error(
                        codes::TRAIL_ACCOUNT_MISSING,
                        format!("the trail `{}` is kept by one of {} accounts, and `trail:` does not say which", spec.name, accounts.len()),
                    )
                    .at(spec.span.clone())
                    .help("Add `account:` to `trail:`. With `organization: true` it records every account of the organization."),
                );
                None
            }
        };
        let Some(account) = account else { return };
        let home = Place::new(account.clone(), spec.home_region.clone());
        if !desired.places.contains_key(&home) {
            // If an account's regions could not be read, that is reported instead.
            if !desired.unread.contains_key(account) {
                self.problems.push(
                    Diagnostic::error(
                        codes::TRAIL_HOME_OUT_OF_SCOPE,
                        format!("the trail's home {home} is not among the places covered"),
                    )
                    .at(spec.span.clone())
                    .help("A trail is changed from its home region only: add it to `regions:` and its account to `accounts:`, or name another home."),
                );
            }
            return;
        }
        desired.trail_home = Some(home.clone());
        let organization = match spec.organization {
            true => self.trail_organization(spec, account, desired),
            false => None,
        };
        let bucket = trail::bucket(self.blueprint, spec, &home, organization.as_deref());
        desired.buckets.insert((home.account.clone(), spec.bucket.clone()), bucket);
        if let Some(here) = desired.places.get_mut(&home) {
            here.trail = Some(trail::trail(self.blueprint, spec));
        }
    }
}

impl Compiler<'_> {
    /// The organization whose trail the blueprint keeps. A discovered organization takes precedence
    /// over a written one.
    ///
    /// A delegated administrator may make such a trail too, but it belongs to the management
    /// account then, under an ARN of that account.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delegated-administrator.html>
    fn trail_organization(
        &mut self,
        spec: &ManagedTrail,
        account: &AccountId,
        desired: &Desired,
    ) -> Option<String> {
        if let Some(found) = &desired.organization {
            if let Some(management) = found.management.as_ref().filter(|id| *id != account) {
                self.problems.push(
                    Diagnostic::error(
                        codes::TRAIL_ACCOUNT_NOT_MANAGEMENT,
                        format!("the trail `{}` is the organization's, and {account} is not its management account", spec.name),
                    )
                    .at(spec.span.clone())
                    .help(format!("Write `account: \"{}\"`, which owns the organization's trails, also those that a delegated administrator makes.", management)),
                );
            }
            return Some(found.id.clone());
        }
        let written = self.blueprint.hub.as_ref().and_then(|hub| hub.organization.clone());
        if written.is_none() {
            self.problems.push(
                Diagnostic::error(
                    codes::TRAIL_ORGANIZATION_UNKNOWN,
                    format!("the trail `{}` is the organization's, and no organization is known", spec.name),
                )
                .at(spec.span.clone())
                .help("Add `organization: o-…` to `hub:`, or discover the accounts with `accounts: [{ organization: … }]`."),
            );
        }
        written
    }
}

/// The trails whose trust has not ended.
fn trusted(blueprint: &Blueprint, as_of: Date) -> BTreeMap<String, Trust> {
    let holding =
        blueprint.trust_trails.iter().filter(|t| t.until.is_none_or(|until| until >= as_of));
    let trust = |t: &TrustedTrail| Trust { records: t.records, reason: t.reason.clone() };
    holding.map(|t| (t.arn.clone(), trust(t))).collect()
}

/// Gravest first, so that reports do not depend on the order of the file.
fn infos(blueprint: &Blueprint, as_of: Date) -> Vec<AlertInfo> {
    let info = |alert: &Alert| AlertInfo {
        id: alert.id.clone(),
        title: alert.title.clone(),
        risk: alert.risk,
        routed: blueprint.is_routed(alert),
        fires: alert.events.iter().cloned().zip(alert.held_against_records().events).collect(),
        sign_ins_missed: sign_ins_missed(blueprint, alert, as_of),
    };
    let mut infos: Vec<AlertInfo> = blueprint.every_alert().map(info).collect();
    infos.sort_by(|a, b| b.risk.cmp(&a.risk).then_with(|| a.id.cmp(&b.id)));
    infos
}
