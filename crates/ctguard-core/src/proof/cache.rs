//! Caches verdicts: each object is judged once, however many paths lead through it.
//!
//! With a hub, 20 alerts in 17,000 places are 340,000 paths of a few links each, most of them
//! shared.

use super::bus::EventKeys;
use super::trail::TrailQuery;
use super::{Link, Shared, Status};
use crate::desired::{AlertPath, DestinationPath};
use crate::event::EventRef;
use crate::identity::ByIdentity;
use crate::resource::keys::RuleKey;
use crate::scope::{AccountId, Place};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A hub's bus as an account sends to it: whether it sends from the place of the bus, and what,
/// where the bus tells events apart.
type BusOf<'a> = (&'a AccountId, bool, &'a str, Vec<EventKeys>);

/// A rule of a place's default bus.
type RuleOf<'a> = (&'a Place, &'a str);

/// A destination by its topic's place, its topic and its name, and the rules that the topic's
/// policy tells apart.
type Destination<'a> = (&'a Place, &'a str, &'a str, &'a [RuleKey]);

/// A link that was judged, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LinkId(usize);

#[derive(Default)]
pub(super) struct VerdictCache<'a> {
    links: Vec<Arc<Link>>,
    trails: BTreeMap<TrailQuery<'a>, LinkId>,
    forwarding: BTreeMap<RuleOf<'a>, Arc<[LinkId]>>,
    roles: BTreeMap<RuleOf<'a>, Arc<[LinkId]>>,
    buses: BTreeMap<BusOf<'a>, LinkId>,
    /// Whether a bus tells events apart.
    telling: BTreeMap<&'a str, bool>,
    /// The link of the key of each place's default bus, where there is something to say.
    default_buses: BTreeMap<&'a Place, Option<LinkId>>,
    /// The links of a destination from its topic on.
    topics: BTreeMap<Destination<'a>, Vec<Arc<Link>>>,
    onward: HashMap<Onward<'a>, Shared>,
    /// Whether rules of the hub take less than they should, by the list of them that paths share.
    less: HashMap<ByIdentity<'a, [RuleKey]>, bool>,
    /// Links of an account that were reached from several of its rules or regions.
    same: BTreeMap<Arc<Link>, LinkId>,
    /// The lists of links that paths have in common.
    shared: HashMap<Vec<LinkId>, Shared>,
}

/// The key for the links from the bus where an alert is raised: paths of one alert share the lists
/// of events, rules and destinations that were compiled for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Onward<'a> {
    raised: &'a Place,
    hop: bool,
    /// Where it depends on the account what the rules take.
    from: Option<&'a AccountId>,
    events: ByIdentity<'a, [EventRef]>,
    rules: ByIdentity<'a, [RuleKey]>,
    destinations: ByIdentity<'a, [DestinationPath]>,
}

impl<'a> Onward<'a> {
    pub fn of(path: &'a AlertPath, from: Option<&'a AccountId>) -> Self {
        Self {
            raised: &path.raised,
            hop: path.forward.is_some(),
            from,
            events: ByIdentity(&path.events),
            rules: ByIdentity(&path.rules),
            destinations: ByIdentity(&path.destinations),
        }
    }
}

impl<'a> VerdictCache<'a> {
    /// The status of a link that was judged.
    pub fn status(&self, id: LinkId) -> Status {
        self.links[id.0].status
    }

    pub fn trail(
        &mut self,
        question: TrailQuery<'a>,
        judge: impl FnOnce(&TrailQuery<'a>) -> Link,
    ) -> LinkId {
        if let Some(known) = self.trails.get(&question) {
            return *known;
        }
        let link = self.add(judge(&question));
        self.trails.insert(question, link);
        link
    }

    pub fn forwarding(
        &mut self,
        rule: RuleOf<'a>,
        judge: impl FnOnce() -> Vec<Link>,
    ) -> Arc<[LinkId]> {
        if let Some(known) = self.forwarding.get(&rule) {
            return known.clone();
        }
        let links: Arc<[LinkId]> = judge().into_iter().map(|link| self.add(link)).collect();
        self.forwarding.insert(rule, links.clone());
        links
    }

    pub fn role(&mut self, rule: RuleOf<'a>, judge: impl FnOnce() -> Vec<Link>) -> Arc<[LinkId]> {
        if let Some(known) = self.roles.get(&rule) {
            return known.clone();
        }
        let links: Arc<[LinkId]> = judge().into_iter().map(|link| self.once(link)).collect();
        self.roles.insert(rule, links.clone());
        links
    }

    pub fn bus(&mut self, asked: BusOf<'a>, judge: impl FnOnce() -> Link) -> LinkId {
        if let Some(known) = self.buses.get(&asked) {
            return *known;
        }
        let link = self.once(judge());
        self.buses.insert(asked, link);
        link
    }

    pub fn tells_events_apart(&mut self, bus: &'a str, judge: impl FnOnce() -> bool) -> bool {
        *self.telling.entry(bus).or_insert_with(judge)
    }

    pub fn default_bus(
        &mut self,
        place: &'a Place,
        judge: impl FnOnce() -> Option<Link>,
    ) -> Option<LinkId> {
        if let Some(known) = self.default_buses.get(place) {
            return *known;
        }
        let link = judge().map(|link| self.add(link));
        self.default_buses.insert(place, link);
        link
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

    pub fn takes_less(&mut self, rules: &'a [RuleKey], judge: impl FnOnce() -> bool) -> bool {
        *self.less.entry(ByIdentity(rules)).or_insert_with(judge)
    }

    pub fn onward(&self, key: &Onward<'a>) -> Option<Shared> {
        self.onward.get(key).cloned()
    }

    pub fn keep_onward(&mut self, key: Onward<'a>, links: Vec<Arc<Link>>) -> Shared {
        let links = Shared::new(links);
        self.onward.insert(key, links.clone());
        links
    }

    /// Interns a list of links without duplicates.
    pub fn shared(&mut self, ids: &[LinkId]) -> Shared {
        let mut distinct: Vec<LinkId> = Vec::with_capacity(ids.len());
        for id in ids {
            if !distinct.iter().any(|known| known == id || self.link(*known) == self.link(*id)) {
                distinct.push(*id);
            }
        }
        if let Some(known) = self.shared.get(&distinct) {
            return known.clone();
        }
        let mut links = Vec::with_capacity(distinct.len());
        links.extend(distinct.iter().filter_map(|id| self.link(*id)).cloned());
        let links = Shared::new(links);
        self.shared.insert(distinct, links.clone());
        links
    }

    /// Keeps a link.
    pub fn add(&mut self, link: Link) -> LinkId {
        self.links.push(Arc::new(link));
        LinkId(self.links.len() - 1)
    }

    fn link(&self, id: LinkId) -> Option<&Arc<Link>> {
        self.links.get(id.0)
    }

    /// Stores a link unless an equal one is stored.
    fn once(&mut self, link: Link) -> LinkId {
        if let Some(known) = self.same.get(&link) {
            return *known;
        }
        let link = Arc::new(link);
        let id = LinkId(self.links.len());
        self.links.push(link.clone());
        self.same.insert(link, id);
        id
    }
}
