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
        cosmetic: drifts.iter().map(|drift| drift.cosmetic).sum(),
        culprits: culprits(&plan, drifts.iter().flat_map(|drift| drift.culprits.iter().cloned())),
        plan,
        denied,
        additions,
    })
}

/// Who changed what, in the order of the changes, then of the refusals. What only waits, now that
/// all parts are known, has no culprit.
fn culprits(plan: &Plan, all: impl Iterator<Item = Culprit>) -> Vec<Culprit> {
    let changed = plan.changes.iter().map(|change| &change.address);
    let refused = plan.refusals.iter().map(|refusal| &refusal.address);
    let mut order: BTreeMap<&Address, usize> = BTreeMap::new();
    for (at, address) in changed.chain(refused).enumerate() {
        order.entry(address).or_insert(at);
    }
    let mut all: Vec<Culprit> =
        all.filter(|culprit| order.contains_key(&culprit.address)).collect();
    all.sort_by_key(|culprit| order.get(&culprit.address).copied());
    all
}
