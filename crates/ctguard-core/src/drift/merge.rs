//! Merges the drifts of the parts of a fleet; the result equals the drift of the whole.

use super::{Culprit, Drift};
use crate::plan::{Plan, merge as merge_plans};
use crate::proof::report::merge::{MergeError, folded};
use crate::resource::Address;
use std::collections::BTreeMap;

/// Merges drifts.
///
/// # Errors
/// When they are not of one blueprint and date, or not every part of the whole exactly once.
pub fn merge(drifts: &[Drift]) -> Result<Drift, MergeError> {
    let plans: Vec<Plan> = drifts.iter().map(|drift| drift.plan.clone()).collect();
    let plan = merge_plans(&plans)?;
    let denied = drifts.iter().flat_map(|drift| &drift.denied);
    let additions = drifts.iter().flat_map(|drift| &drift.additions);
    let (denied, additions) = folded(denied, additions);
    Ok(Drift {
        ctguard_drift: super::FORMAT_VERSION,
        cosmetic: drifts.iter().map(|drift| drift.cosmetic).fold(0, usize::saturating_add),
        culprits: culprits(&plan, drifts),
        plan,
        denied,
        additions,
    })
}

/// Who changed what. What only waits, now that all parts are known, has no culprit.
fn culprits(plan: &Plan, drifts: &[Drift]) -> Vec<Culprit> {
    let whole = addresses(plan);
    let of_part = |drift: &Drift| -> Vec<Culprit> {
        let part = addresses(&drift.plan);
        let is_told =
            |address: &Address| whole.contains_key(address) || !part.contains_key(address);
        let told = drift.culprits.iter().filter(|culprit| is_told(&culprit.address));
        told.cloned().collect()
    };
    let mut all: Vec<Culprit> = drifts.iter().flat_map(of_part).collect();
    sort(plan, &mut all);
    all
}

/// Sorts culprits in the order of the changes, then of the refusals, then by address: what others
/// did that no apply undoes. Several parts may have looked at one object.
pub(super) fn sort(plan: &Plan, culprits: &mut Vec<Culprit>) {
    let order = addresses(plan);
    let key = |culprit: &Culprit| order.get(&culprit.address).copied().unwrap_or(usize::MAX);
    culprits.sort_by(|one, other| (key(one), &one.address).cmp(&(key(other), &other.address)));
    culprits.dedup();
}

fn addresses(plan: &Plan) -> BTreeMap<&Address, usize> {
    let changed = plan.changes.iter().map(|change| &change.address);
    let refused = plan.refusals.iter().map(|refusal| &refusal.address);
    let mut order: BTreeMap<&Address, usize> = BTreeMap::new();
    for (at, address) in changed.chain(refused).enumerate() {
        order.entry(address).or_insert(at);
    }
    order
}
