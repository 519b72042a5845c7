//! Verdicts that were reached already: each object is judged once, however many paths lead through it.
//!
//! With a hub, 20 alerts in 17,000 places are 340,000 paths over a few links each, most of which they share.

use super::trail::Question;
use super::{Link, Shared};
use crate::desired::{AlertPath, DestinationPath};
use crate::resource::keys::RuleKey;
use crate::scope::{AccountId, Place};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A rule of a place's default bus.
type RuleOf<'a> = (&'a Place, &'a str);

/// A destination by its topic's place, its topic and its name.
type Destination<'a> = (&'a Place, &'a str, &'a str);

#[derive(Default)]
pub(super) struct Known<'a> {
    trails: BTreeMap<Question<'a>, Arc<Link>>,
    forwarding: BTreeMap<RuleOf<'a>, Vec<Arc<Link>>>,
    roles: BTreeMap<RuleOf<'a>, Vec<Arc<Link>>>,
    buses: BTreeMap<(&'a AccountId, bool, &'a str), Arc<Link>>,
    /// The links of a destination from its topic on.
    topics: BTreeMap<Destination<'a>, Vec<Arc<Link>>>,
    onward: BTreeMap<Onward<'a>, Shared>,
    /// Links of an account that were reached from several of its rules or regions.
    same: BTreeSet<Arc<Link>>,
    /// What paths have in common, by the addresses of the links.
    shared: HashMap<Vec<*const Link>, Shared>,
}

/// What decides about the links of a path from the bus where its alert is raised: paths of one alert share the lists
/// of rules and destinations that were compiled for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Onward<'a> {
    raised: &'a Place,
    hop: bool,
    rules: *const RuleKey,
    rules_len: usize,
    destinations: *const DestinationPath,
    destinations_len: usize,
}

impl<'a> Onward<'a> {
    pub fn of(path: &'a AlertPath) -> Self {
        Self {
            raised: &path.raised,
            hop: path.forward.is_some(),
            rules: path.rules.as_ptr(),
            rules_len: path.rules.len(),
            destinations: path.destinations.as_ptr(),
            destinations_len: path.destinations.len(),
        }
    }
}

impl<'a> Known<'a> {
    pub fn trail(
        &mut self,
        question: Question<'a>,
        judge: impl FnOnce(&Question<'a>) -> Link,
    ) -> &Arc<Link> {
        self.trails.entry(question).or_insert_with_key(|question| Arc::new(judge(question)))
    }

    pub fn forwarding(
        &mut self,
        rule: RuleOf<'a>,
        judge: impl FnOnce() -> Vec<Link>,
    ) -> &[Arc<Link>] {
        self.forwarding.entry(rule).or_insert_with(|| judge().into_iter().map(Arc::new).collect())
    }

    pub fn role(&mut self, rule: RuleOf<'a>, judge: impl FnOnce() -> Vec<Link>) -> &[Arc<Link>] {
        let same = &mut self.same;
        self.roles
            .entry(rule)
            .or_insert_with(|| judge().into_iter().map(|link| once(same, link)).collect())
    }

    pub fn bus(
        &mut self,
        asked: (&'a AccountId, bool, &'a str),
        judge: impl FnOnce() -> Link,
    ) -> &Arc<Link> {
        let same = &mut self.same;
        self.buses.entry(asked).or_insert_with(|| once(same, judge()))
    }

    pub fn topic(
        &mut self,
        destination: Destination<'a>,
        judge: impl FnOnce() -> Vec<Link>,
    ) -> &[Arc<Link>] {
        self.topics
            .entry(destination)
            .or_insert_with(|| judge().into_iter().map(Arc::new).collect())
    }

    pub fn onward(&self, key: &Onward<'a>) -> Option<Shared> {
        self.onward.get(key).cloned()
    }

    pub fn keep_onward(&mut self, key: Onward<'a>, links: Vec<Arc<Link>>) -> Shared {
        let links: Shared = links.into();
        self.onward.insert(key, links.clone());
        links
    }

    /// The same list for the same links.
    pub fn shared(&mut self, links: Vec<Arc<Link>>) -> Shared {
        let key = links.iter().map(Arc::as_ptr).collect();
        self.shared.entry(key).or_insert_with(|| links.into()).clone()
    }
}

fn once(same: &mut BTreeSet<Arc<Link>>, link: Link) -> Arc<Link> {
    if let Some(known) = same.get(&link) {
        return known.clone();
    }
    let link = Arc::new(link);
    same.insert(link.clone());
    link
}
