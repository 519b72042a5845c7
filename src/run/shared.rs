//! Shares equal values of many places.
//!
//! A fleet behind a hub has the same rules and tags in every place, some ten of them with a pattern
//! of up to 2 KB.

use ctguard_core::resource::Tags;
use ctguard_core::resource::rule::Rule;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::snapshot::{LiveRule, Observed, PlaceSnapshot};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<SeenParts>);

#[derive(Debug, Default)]
struct SeenParts {
    rules: HashSet<Arc<Rule>>,
    tags: HashSet<Tags>,
}

impl Shared {
    /// Replaces parts of a place by equal ones of places that were seen before.
    pub(super) fn share(&self, mut seen: PlaceSnapshot) -> PlaceSnapshot {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.rules(&mut seen.rules);
        for bus in seen.buses.values_mut() {
            if let Observed::Known(bus) = bus {
                known.rules(&mut bus.rules);
            }
        }
        seen
    }
}

impl SeenParts {
    fn rules(&mut self, rules: &mut Observed<SmallMap<String, LiveRule>>) {
        let Observed::Known(rules) = rules else { return };
        for live in rules.values_mut() {
            replace(&mut self.rules, &mut live.rule);
            if let Observed::Known(tags) = &mut live.tags {
                replace(&mut self.tags, tags);
            }
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
