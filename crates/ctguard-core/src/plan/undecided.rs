//! Removals on the hub's bus that a part of the fleet cannot decide alone.
//!
//! A rule of the hub may carry events of accounts that another part reads, so no part removes one.
//! The part that holds the hub's account notes what would go if nobody needed it; every part that
//! reads the hub notes what its own alerts still need. A merge has all of both and decides as a plan
//! of the whole does.

use super::defer::Holder;
use super::{Change, Effect, Plan, Verb, Waiting, order};
use crate::resource::{Address, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What only all parts of a fleet together decide.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Undecided {
    /// The removals that are made if no part needs what they remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What waits as long as these are not made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Waiting>,
    /// What waits once they are made, instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    /// The effects on alerts that the blueprint no longer has, without these removals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects_without: Vec<Effect>,
    /// The effects on such alerts with these removals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects_with: Vec<Effect>,
    /// The rules and targets of the hub that this part's alerts need until their replacement is
    /// proven.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needed: BTreeSet<Address>,
}

impl Undecided {
    /// Whether all is decided.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What a part's plan holds back, compared with the plan if no other part needed anything.
    pub(super) fn between(held: &Plan, free: &Plan) -> Self {
        let lacks = |change: &&Change| !held.changes.iter().any(|one| is_same(one, change));
        let only = |of: &Plan, other: &Plan| -> Vec<Waiting> {
            of.waiting.iter().filter(|one| !other.waiting.contains(one)).cloned().collect()
        };
        let changes: Vec<Change> = free.changes.iter().filter(lacks).cloned().collect();
        if changes.is_empty() {
            return Self::default();
        }
        Self {
            changes,
            held: only(held, free),
            waiting: only(free, held),
            effects_without: of_removed(&held.effects),
            effects_with: of_removed(&free.effects),
            needed: BTreeSet::new(),
        }
    }

    /// What another part's removals in the hub mean for this part, which makes none of them.
    pub(super) fn of_effects(held: &Plan, free: &[Effect]) -> Self {
        let (effects_without, effects_with) = (of_removed(&held.effects), of_removed(free));
        match effects_without == effects_with {
            true => Self::default(),
            false => Self { effects_without, effects_with, ..Self::default() },
        }
    }
}

/// What this part's alerts need of the rules that others' plans would remove from the hub's bus.
pub(super) fn needed(holder: &Holder<'_>, elsewhere: &[Change]) -> BTreeSet<Address> {
    let removals = elsewhere.iter().filter(|change| is_on_a_bus(change));
    let needed = removals.filter(|change| holder.carries_unreplaced(change));
    needed.map(|change| change.address.clone()).collect()
}

/// Whether a change removes something of a rule on a bus of the blueprint's.
pub(super) fn is_on_a_bus(change: &Change) -> bool {
    super::defer::takes_away(change)
        && super::defer::rule_of(change).is_some_and(|rule| rule.bus().is_some())
}

fn of_removed(effects: &[Effect]) -> Vec<Effect> {
    effects.iter().filter(|effect| effect.removed).cloned().collect()
}

fn is_same(one: &Change, other: &Change) -> bool {
    (&one.address, one.action, one.step) == (&other.address, other.action, other.step)
}

impl Plan {
    /// Makes the removals that no part is known to need: for a drift, which changes nothing.
    #[must_use]
    pub fn released(self) -> Self {
        let undecided = self.undecided.clone();
        let decided = self.decided(&undecided.needed).with_effects_of(None);
        Self { undecided, ..decided }
    }

    /// Tells what removals that another part makes in the hub mean here: of these alerts, or of all.
    #[must_use]
    pub(super) fn with_effects_of(mut self, gone: Option<&BTreeSet<String>>) -> Self {
        let Undecided { effects_with, effects_without, .. } = std::mem::take(&mut self.undecided);
        if effects_with.is_empty() && effects_without.is_empty() {
            return self;
        }
        let goes = |one: &Effect| gone.is_none_or(|gone| gone.contains(&one.alert));
        self.effects.retain(|effect| !effect.removed);
        self.effects.extend(effects_with.into_iter().filter(goes));
        self.effects.extend(effects_without.into_iter().filter(|one| !goes(one)));
        self
    }

    /// The alerts whose rules it removes from a bus.
    pub(super) fn gone_from_buses(&self) -> impl Iterator<Item = String> {
        let on_bus = self.changes.iter().filter(|change| is_on_a_bus(change));
        on_bus.filter_map(alert)
    }

    /// Decides what was left to the whole, given what any part needs.
    #[must_use]
    pub(super) fn decided(mut self, needed: &BTreeSet<Address>) -> Self {
        if self.undecided.changes.is_empty() {
            return self;
        }
        let all = std::mem::take(&mut self.undecided);
        let stays = staying(&all.changes, needed);
        let is_undecided = |change: &Change| all.changes.iter().any(|one| is_same(one, change));
        self.changes.retain(|change| !is_undecided(change));
        let goes = all.changes.iter().filter(|change| !stays.contains(&change.address));
        self.changes.extend(goes.cloned());
        order::sort(&mut self.changes);
        self.waiting.retain(|one| !all.held.contains(one) && !all.waiting.contains(one));
        if stays.is_empty() {
            self.waiting.extend(all.waiting);
        } else {
            let differs: BTreeSet<Address> =
                all.waiting.into_iter().map(|one| one.address).collect();
            let waits =
                |one: &Waiting| stays.contains(&one.address) || differs.contains(&one.address);
            self.waiting.extend(all.held.into_iter().filter(waits));
        }
        self.waiting.sort();
        let kept: BTreeSet<String> = all
            .changes
            .iter()
            .filter(|one| stays.contains(&one.address))
            .filter_map(alert)
            .collect();
        self.effects.retain(|effect| !effect.removed);
        self.effects.extend(all.effects_with.into_iter().filter(|one| !kept.contains(&one.alert)));
        self.effects
            .extend(all.effects_without.into_iter().filter(|one| kept.contains(&one.alert)));
        self
    }
}

/// The undecided changes that are not made: those of a rule of which something is needed, and what
/// must come after them.
fn staying(changes: &[Change], needed: &BTreeSet<Address>) -> BTreeSet<Address> {
    let of_rule = |address: &Address| {
        let target = || address.target().map(|target| target.rule);
        let rule = address.rule().or_else(target)?;
        Some((address.account.clone(), address.region.clone(), rule))
    };
    let rules: BTreeSet<_> = needed.iter().filter_map(of_rule).collect();
    let mut stays: BTreeSet<Address> = changes
        .iter()
        .map(|change| &change.address)
        .filter(|address| of_rule(address).is_some_and(|rule| rules.contains(&rule)))
        .cloned()
        .collect();
    loop {
        let before = stays.len();
        let after = changes.iter().filter(|one| one.needs.iter().any(|need| stays.contains(need)));
        let after: Vec<Address> = after.map(|one| one.address.clone()).collect();
        stays.extend(after);
        if stays.len() == before {
            return stays;
        }
    }
}

/// The alert that the removal of a rule ends.
fn alert(change: &Change) -> Option<String> {
    if change.action != Verb::Delete || change.address.kind != Kind::Rule {
        return None;
    }
    let named = || change.address.rule().map(|rule| rule.name().to_owned());
    change.alert.clone().or_else(named)
}
