//! The rules of a blueprint, wherever they would stand.

use super::Note;
use crate::blueprint::{Alert, Blueprint, Regions};
use crate::desired::compile::alert_patterns;
use crate::desired::pattern::Origin;
use crate::diag;
use crate::diag::Diagnostic;
use crate::resource::rule::RuleState;
use crate::scope::{AccountId, Region};
use eventbridge_pattern::Pattern;
use eventbridge_pattern::archive::Undecided;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// One pattern of an alert, as its rules carry it, without the place where they stand.
#[derive(Debug, Clone, PartialEq)]
pub struct OfflineRule {
    /// Index into the blueprint's alerts.
    pub alert: usize,
    /// With the alert's `where` and `outcome`, less the exceptions that hold.
    pub pattern: Pattern,
    /// The pattern as a rule carries it.
    pub json: String,
    /// Plain or wide, never disabled.
    pub state: RuleState,
    /// The accounts whose events raise the alert: all, but those that leave it out.
    pub accounts: Origin,
}

impl OfflineRule {
    /// Whether events of this account raise the alert; of an event that names none, they do.
    pub fn hears(&self, account: Option<&str>) -> bool {
        let listed = |accounts: &BTreeSet<AccountId>| {
            account.is_some_and(|account| accounts.iter().any(|id| id.as_str() == account))
        };
        match &self.accounts {
            Origin::Any => true,
            Origin::Only(accounts) => account.is_none() || listed(accounts),
            Origin::Except(accounts) => !listed(accounts),
        }
    }
}

/// The alerts that a row of a table leaves undecided, each with the field that it hangs on. `matching` are the rules that match the
/// row; an alert of which a decided rule matches is raised whatever the others do.
pub fn undecided_alerts<'u>(
    rules: &[OfflineRule],
    matching: &[u32],
    undecided: &'u [Undecided],
) -> Vec<(usize, &'u str)> {
    let alert_of = |rule: u32| rules.get(rule as usize).map(|rule| rule.alert);
    let is_decided = |rule: &&u32| undecided.iter().all(|one| one.rule != **rule);
    let raised: BTreeSet<usize> =
        matching.iter().filter(is_decided).filter_map(|rule| alert_of(*rule)).collect();
    let mut alerts: Vec<(usize, &str)> = Vec::new();
    for one in undecided {
        let alert = alert_of(one.rule).filter(|alert| !raised.contains(alert));
        let Some(alert) = alert.filter(|alert| alerts.iter().all(|(known, _)| known != alert))
        else {
            continue;
        };
        alerts.push((alert, &one.field));
    }
    alerts
}

/// The rules that a row of a table decides.
pub fn decided(rules: &[OfflineRule], undecided: &[Undecided]) -> Vec<OfflineRule> {
    let is_decided =
        |(number, _): &(u32, &OfflineRule)| undecided.iter().all(|one| one.rule != *number);
    (0..).zip(rules).filter(is_decided).map(|(_, rule)| rule.clone()).collect()
}

/// Compiles every alert to its rules, in the order of the alerts. No event matches two rules of one alert.
///
/// An exception whose last day is before `as_of` no longer holds.
///
/// # Errors
/// Every alert that has no exact pattern, all together.
pub fn rules(blueprint: &Blueprint, as_of: Date) -> Result<Vec<OfflineRule>, Vec<Diagnostic>> {
    let mut rules = Vec::new();
    let mut problems = Vec::new();
    for (index, alert) in blueprint.alerts.iter().enumerate() {
        let silent = silent_accounts(blueprint, alert);
        let accounts = if silent.is_empty() { Origin::Any } else { Origin::Except(silent) };
        match alert_patterns(alert, &alert.events, &Origin::Any, as_of) {
            Ok(compiled) => rules.extend(compiled.into_iter().map(|compiled| OfflineRule {
                alert: index,
                pattern: compiled.pattern,
                json: compiled.json,
                state: compiled.state,
                accounts: accounts.clone(),
            })),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        return Ok(rules);
    }
    diag::sort(&mut problems);
    Err(problems)
}

/// The listed accounts that leave an alert out: by name, or because their own route for its risk is empty.
fn silent_accounts(blueprint: &Blueprint, alert: &Alert) -> BTreeSet<AccountId> {
    let listed = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
    listed
        .filter(|account| {
            let unrouted = account.routes.get(&alert.risk).is_some_and(Vec::is_empty);
            account.omit.contains(&alert.id) || (unrouted && !alert.own_notify)
        })
        .map(|account| account.id.clone())
        .collect()
}

/// What is remarkable about the place of an event that an alert fires for: the blueprint has no rule there, or
/// nobody to tell.
pub fn placement(
    blueprint: &Blueprint,
    alert: &Alert,
    account: Option<&str>,
    region: Option<&str>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    if let (Some(accounts), Some(account)) = (&blueprint.accounts, account.and_then(AccountId::new))
    {
        let excluded = accounts.organization.as_ref().map(|found| found.exclude.contains(&account));
        if !accounts.listed.contains_key(&account) && excluded != Some(false) {
            notes.push(Note::AccountNotCovered { account: account.as_str().to_owned() });
        }
    }
    if let Some(region) = region.and_then(Region::new) {
        let covered = match &blueprint.regions {
            Regions::List(regions) => regions.contains(&region),
            Regions::Enabled { except } => !except.iter().any(|one| one.region == region),
        };
        if !covered {
            notes.push(Note::RegionNotCovered { region: region.as_str().to_owned() });
        }
    }
    if !blueprint.is_routed(alert) {
        notes.push(Note::NobodyNotified);
    }
    notes
}
