//! Merges the plans of the parts of a fleet.
//!
//! What several parts have in common (an object of the hub that all of them read) appears once.

use super::fingerprints::{Fingerprint, PlaceFingerprints};
use super::{Change, Effect, Guard, Plan, PlanScope, Undecided, Warning, order, unfinished};
use crate::desired::narrow::whole;
use crate::phrase::{Phrase, PlaceNames};
use crate::proof::report::claims::{self, ClaimError};
use crate::proof::report::merge::{MergeError, narrowed, total};
use crate::scope::Granularity;
use crate::scope::Place;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Merges plans.
///
/// # Errors
/// When they are not of one blueprint and date, or not every part of the whole exactly once, or when one is about
/// accounts that it does not cover.
pub fn merge(plans: &[Plan]) -> Result<Plan, MergeError> {
    let Some(first) = plans.first() else { return Err(MergeError::Nothing) };
    if let Some(edited) = plans.iter().find(|plan| plan.is_intact() == Some(false)) {
        return Err(MergeError::Edited(claims::part(edited.scope.shard.as_deref())));
    }
    for other in plans {
        let version = &super::FORMAT_VERSION;
        MergeError::unless_same("the format version", version, &other.ctguard_plan)?;
        MergeError::unless_same("the blueprint", &first.blueprint.name, &other.blueprint.name)?;
        MergeError::unless_same("the as-of date", &first.as_of, &other.as_of)?;
        let text = |plan: &Plan| plan.blueprint.digest.clone().unwrap_or_default();
        MergeError::unless_same("the text of the blueprint", &text(first), &text(other))?;
        let caller = |plan: &Plan| plan.scope.caller.as_ref().map(ToString::to_string);
        let caller = |plan: &Plan| caller(plan).unwrap_or_default();
        MergeError::unless_same("the account of the credentials", &caller(first), &caller(other))?;
        for plan in [first, other] {
            let sealed = plan.scope.sha256.clone().unwrap_or_else(|| plan.scope.hash());
            let what = "the hash of what a part covers, which somebody has edited:";
            MergeError::unless_same(what, &sealed, &plan.scope.hash())?;
        }
        for (part, of) in NARROWED {
            MergeError::unless_same(part, &of(first), &of(other))?;
        }
    }
    whole(plans.iter().map(|plan| plan.scope.shard.as_deref()))?;
    plans.iter().try_for_each(within_scope)?;
    let mut covered: Vec<_> = plans.iter().flat_map(|plan| &plan.scope.accounts).collect();
    covered.sort();
    if let Some([twice, _]) = covered.array_windows().find(|[one, next]| one == next) {
        return Err(MergeError::Twice((*twice).clone()));
    }
    let needed = plans.iter().flat_map(|plan| plan.undecided.needed.iter().cloned()).collect();
    let plans: Vec<Plan> = plans.iter().map(|plan| plan.clone().decided(&needed)).collect();
    let gone: BTreeSet<String> = plans.iter().flat_map(Plan::gone_from_buses).collect();
    let plans: Vec<Plan> =
        plans.into_iter().map(|plan| plan.with_effects_of(Some(&gone))).collect();
    let plans = plans.as_slice();
    let accounts = union(plans, |plan| &plan.scope.accounts);
    let names = plans.iter().flat_map(|plan| plan.scope.names.clone()).collect();
    let regions = union(plans, |plan| &plan.scope.regions);
    let excepted = union(plans, |plan| &plan.scope.excepted);
    let mut scope =
        PlanScope { accounts, names, regions, excepted, shard: None, ..first.scope.clone() };
    scope.sha256 = scope.sha256.as_ref().map(|_| scope.hash());
    let sealed = plans.iter().all(|plan| plan.sha256.is_some());
    let merged = Plan {
        ctguard_plan: super::FORMAT_VERSION,
        blueprint: first.blueprint.clone(),
        as_of: first.as_of,
        intent: first.intent.clone(),
        scope,
        effects: effects(plans),
        changes: changes(plans),
        waiting: union(plans, |plan| &plan.waiting),
        refusals: union(plans, |plan| &plan.refusals),
        unknown: unfinished::told(union(plans, |plan| &plan.unknown)),
        warnings: warnings(plans),
        guards: guards(plans),
        in_sync: total(plans.iter().map(|plan| plan.in_sync)),
        assumed: total(plans.iter().map(|plan| plan.assumed)),
        elsewhere: Vec::new(),
        undecided: Undecided::default(),
        fingerprints: fingerprints(plans)?,
        sha256: None,
    };
    Ok(if sealed { merged.sealed() } else { merged })
}

/// A part covers accounts of its shard, changes only those, and counts no more places than it has.
fn within_scope(plan: &Plan) -> Result<(), ClaimError> {
    let PlanScope { accounts, regions, shard, .. } = &plan.scope;
    let part = || claims::part(shard.as_deref());
    claims::holds(shard.as_deref(), accounts)?;
    for Change { address, place, .. } in &plan.changes {
        if !accounts.contains(&address.account) || !accounts.contains(&place.account) {
            let place = Place::new(address.account.clone(), place.region.clone());
            return Err(ClaimError::Beyond { part: part(), place });
        }
    }
    let covered = accounts.len() * regions.len();
    for effect in &plan.effects {
        let said = [
            [effect.alerting_now, effect.partly_now, effect.unknown_now],
            [effect.alerting_after, effect.partly_after, 0],
            [effect.alerting_confirmed, effect.partly_confirmed, effect.unknown_after],
            [effect.assumed_now, 0, 0],
            [effect.dropped, 0, 0],
            [effect.dropped_to_others, 0, 0],
        ];
        let said = said.into_iter().map(|counts| total(counts.into_iter()));
        let counted = said.fold(effect.places, usize::max);
        if counted > covered {
            let alert = effect.alert.clone();
            return Err(ClaimError::TooMany { part: part(), alert, counted, covered });
        }
    }
    Ok(())
}

/// What all parts must be narrowed to.
type Narrowed = (&'static str, fn(&Plan) -> String);
const NARROWED: [Narrowed; 3] = [
    ("what is meant", |plan| serde_json::to_string(&plan.intent).unwrap_or_default()),
    ("the choice of accounts", |plan| listed(&plan.scope.only_accounts)),
    ("the choice of regions", |plan| listed(&plan.scope.only_regions)),
];

fn listed<T: ToString>(all: &[T]) -> String {
    narrowed(all.iter().map(ToString::to_string).collect())
}

/// What several parts read, the hub above all, must have been the same for each of them.
fn fingerprints(plans: &[Plan]) -> Result<Vec<PlaceFingerprints>, MergeError> {
    let mut all: BTreeMap<_, BTreeMap<String, Fingerprint>> = BTreeMap::new();
    for place in plans.iter().flat_map(|plan| &plan.fingerprints) {
        let known = all.entry((place.account.clone(), place.region.clone())).or_default();
        for (object, seen) in &place.objects {
            let before = known.entry(object.clone()).or_insert_with(|| seen.clone());
            if before.sha256 != seen.sha256 {
                let (account, region) = (&place.account, &place.region);
                return Err(MergeError::Moved(format!("{object} in {account}/{region}")));
            }
        }
    }
    let place = |((account, region), objects)| PlaceFingerprints { account, region, objects };
    Ok(all.into_iter().map(place).collect())
}

fn union<T: Ord + Clone>(plans: &[Plan], part: impl Fn(&Plan) -> &Vec<T>) -> Vec<T> {
    let all: BTreeSet<&T> = plans.iter().flat_map(part).collect();
    all.into_iter().cloned().collect()
}

/// Joins equal warnings of several places.
fn warnings(plans: &[Plan]) -> Vec<Warning> {
    let mut all: BTreeMap<(Phrase, Granularity), BTreeSet<Place>> = BTreeMap::new();
    for Warning { message, per, places } in plans.iter().flat_map(|plan| &plan.warnings) {
        let names = PlaceNames::of_places(places).in_common().one_per(*per);
        let key = (Phrase::new(message, &names), *per);
        all.entry(key).or_default().extend(places.iter().cloned());
    }
    let mut all: Vec<Warning> = all
        .into_iter()
        .map(|((phrase, per), places)| {
            let message = phrase.render(&PlaceNames::of_places(&places));
            Warning { message, per, places }
        })
        .collect();
    all.sort();
    all
}

fn guards(plans: &[Plan]) -> Vec<Guard> {
    union(plans, |plan| &plan.guards)
}

fn changes(plans: &[Plan]) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    let mut seen: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for change in plans.iter().flat_map(|plan| &plan.changes) {
        let same = seen.entry(&change.address).or_default();
        if !same.iter().any(|index| all[*index] == *change) {
            same.push(all.len());
            all.push(change.clone());
        }
    }
    order::sort(&mut all);
    all
}

/// Gravest first, then by id; removed alerts last.
fn effects(plans: &[Plan]) -> Vec<Effect> {
    let mut all: BTreeMap<_, Effect> = BTreeMap::new();
    for effect in plans.iter().flat_map(|plan| &plan.effects) {
        // Of a removed alert, the live rules of one part may say less than those of another.
        let risk = effect.risk.filter(|_| !effect.removed);
        let key = (effect.removed, Reverse(risk), effect.alert.clone());
        let sum = all.entry(key).or_insert_with(|| Effect {
            places: 0,
            alerting_now: 0,
            alerting_after: 0,
            alerting_confirmed: 0,
            partly_now: 0,
            partly_after: 0,
            partly_confirmed: 0,
            unknown_now: 0,
            unknown_after: 0,
            assumed_now: 0,
            dropped: 0,
            dropped_to_others: 0,
            ..effect.clone()
        });
        sum.risk = sum.risk.max(effect.risk);
        let counts = [
            (&mut sum.places, effect.places),
            (&mut sum.alerting_now, effect.alerting_now),
            (&mut sum.alerting_after, effect.alerting_after),
            (&mut sum.alerting_confirmed, effect.alerting_confirmed),
            (&mut sum.partly_now, effect.partly_now),
            (&mut sum.partly_after, effect.partly_after),
            (&mut sum.partly_confirmed, effect.partly_confirmed),
            (&mut sum.unknown_now, effect.unknown_now),
            (&mut sum.unknown_after, effect.unknown_after),
            (&mut sum.assumed_now, effect.assumed_now),
            (&mut sum.dropped, effect.dropped),
            (&mut sum.dropped_to_others, effect.dropped_to_others),
        ];
        for (sum, part) in counts {
            *sum = sum.saturating_add(part);
        }
    }
    all.into_values().collect()
}
