//! Shares equal values of many places.
//!
//! A fleet behind a hub has the same rules and tags in every place, some ten of them with a pattern
//! of up to 2 KB. The targets of a rule are in each place as the blueprint wants them, and all regions
//! of an account see the same trails.

use ctguard_core::desired::DesiredPlace;
use ctguard_core::resource::Tags;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::Rule;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::snapshot::{LiveRule, LiveTrail, Observed, PlaceSnapshot, RuleSignals};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<SeenParts>);

#[derive(Debug, Default)]
struct SeenParts {
    rules: HashSet<Arc<Rule>>,
    tags: HashSet<Tags>,
    trails: Recent<SmallMap<String, LiveTrail>>,
    signals: Recent<SmallMap<RuleKey, Observed<RuleSignals>>>,
}

impl Shared {
    /// Replaces parts of a place by equal ones of places that were seen before, or of what should
    /// be there.
    pub(super) fn share(
        &self,
        mut seen: PlaceSnapshot,
        wanted: Option<&DesiredPlace>,
    ) -> PlaceSnapshot {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.rules(None, &mut seen.rules, wanted);
        for (name, bus) in &mut seen.buses {
            if let Observed::Known(bus) = bus {
                known.rules(Some(name), &mut bus.rules, wanted);
            }
        }
        for queue in seen.queues.values_mut() {
            if let Observed::Known(queue) = queue {
                known.tags(&mut queue.tags);
            }
        }
        if let Observed::Known(trails) = &mut seen.trails {
            known.trails.share(trails);
        }
        known.signals.share(&mut seen.signals);
        seen
    }
}

impl SeenParts {
    fn rules(
        &mut self,
        bus: Option<&str>,
        rules: &mut Observed<SmallMap<String, LiveRule>>,
        wanted: Option<&DesiredPlace>,
    ) {
        let Observed::Known(rules) = rules else { return };
        let names: Vec<RuleKey> = rules.keys().map(|name| RuleKey::on(bus, name)).collect();
        for (key, live) in names.iter().zip(rules.values_mut()) {
            replace(&mut self.rules, &mut live.rule);
            self.tags(&mut live.tags);
            let wanted = wanted.and_then(|here| here.rules.get(key));
            if let (Some(wanted), Observed::Known(targets)) = (wanted, &mut live.targets)
                && wanted.targets == *targets
            {
                targets.clone_from(&wanted.targets);
            }
        }
    }

    fn tags(&mut self, tags: &mut Observed<Tags>) {
        if let Observed::Known(tags) = tags {
            replace(&mut self.tags, tags);
        }
    }
}

fn replace<T: Eq + std::hash::Hash + Clone>(known: &mut HashSet<T>, found: &mut T) {
    match known.get(found) {
        Some(same) => found.clone_from(same),
        None => {
            known.insert(found.clone());
        }
    }
}

/// How many values are remembered of a sort that differs from account to account: places are read
/// in their order, some at once.
const REMEMBERED: usize = 16;

/// The values of a sort that were seen last, by one of each.
#[derive(Debug)]
struct Recent<T>(VecDeque<T>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: PartialEq + Clone> Recent<T> {
    fn share(&mut self, found: &mut T) {
        if let Some(same) = self.0.iter().find(|known| *known == found) {
            found.clone_from(same);
            return;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(found.clone());
    }
}
