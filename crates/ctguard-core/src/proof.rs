//! Desired × live → for each alert and each place where its events can land, the chain of links
//! from the API call to the people it must reach.
//!
//! ```text
//! trail records the event → a record can raise the alert
//!                         → rule takes it → target → topic lets EventBridge in → each subscriber
//!                                             └ to another account: role ┘
//!                                             └ a mail: role → state machine → its role ┘
//!                           └ with a hub: forwarding rule → role → bus → rule there ┘
//! ```
//!
//! A link is *proven* when everything that can be read of it is right, *broken* when something is
//! wrong, *unknown* when it could not be read, and *assumed* when it is right as far as it can be
//! read but depends on something that cannot be read.

pub mod additions;
mod bus;
mod cache;
mod fires;
mod heal;
mod hearers;
mod key;
mod link;
mod logs;
mod machine;
mod object;
pub mod policy;
mod remarks;
pub mod report;
mod role;
mod rule;
mod signals;
mod subscriber;
mod target;
mod topic;
mod trail;

pub use crate::codes::LinkCode;
pub use hearers::{Condition, Hearers};
pub use link::{FailedRead, FixedBy, Link, Status};
pub(crate) use logs::key as log_key;
pub(crate) use logs::unread as log_bucket;
pub use object::LinkObject;
pub use report::{AlertCounts, Counts, Covered, Finding, RemarkGroup, Report, Unread};
pub(crate) use topic::key_beforehand;

use crate::desired::{AlertPath, Desired, DestinationPath, Way};
use crate::scope::Place;
use crate::snapshot::Live;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

/// The links of one alert in one place. What the path's way has can be asked of it.
#[derive(Debug, Clone)]
pub struct PathProof {
    pub lands: Place,
    pub way: Arc<Way>,
    pub links: Links,
}

impl Deref for PathProof {
    type Target = Way;

    fn deref(&self) -> &Way {
        &self.way
    }
}

/// The links of a path, in the order of the chain. Paths share them: with a hub, the links after it
/// are the same for all places, and those before it for many alerts of one place.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Up to the event bus where the alert is raised.
    here: Shared,
    /// From there on.
    onward: Shared,
}

/// Judged links that several paths share. There are two of these to each path, so they are held by
/// one word and not by two.
type Shared = Arc<Vec<Arc<Link>>>;

impl Links {
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Link>> + Clone {
        self.here.iter().chain(self.onward.iter())
    }

    pub fn len(&self) -> usize {
        self.here.len() + self.onward.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> IntoIterator for &'a Links {
    type Item = &'a Arc<Link>;
    type IntoIter =
        std::iter::Chain<std::slice::Iter<'a, Arc<Link>>, std::slice::Iter<'a, Arc<Link>>>;
    fn into_iter(self) -> Self::IntoIter {
        self.here.iter().chain(self.onward.iter())
    }
}

impl FromIterator<Arc<Link>> for Links {
    fn from_iter<I: IntoIterator<Item = Arc<Link>>>(links: I) -> Self {
        Self { here: Arc::default(), onward: Arc::new(links.into_iter().collect()) }
    }
}

impl PathProof {
    /// The worst of the links.
    pub fn status(&self) -> Status {
        self.links.iter().map(|link| link.status).max().unwrap_or(Status::Proven)
    }
}

/// The severity of a remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema)]
pub enum RemarkSeverity {
    /// Alerts still reach everybody, but something else is lost, open to others or cannot be seen:
    /// `--strict` fails on it.
    Degraded,
    Note,
}

/// A finding that does not change the verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    pub severity: RemarkSeverity,
    pub code: LinkCode,
    pub place: Place,
    pub object: LinkObject,
    /// Full sentences.
    pub text: String,
    /// Whether others did it to an object of the blueprint's and no apply undoes it: that is drift,
    /// too.
    pub by_others: bool,
}

/// The verdict on a whole blueprint.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    pub paths: Vec<PathProof>,
    /// What belongs to no single path: broken signals, such as dead letters and failed invocations,
    /// and log buckets that could not be read.
    pub signals: Vec<Link>,
    /// Findings that never change the verdict.
    pub remarks: Vec<Remark>,
    /// Alerts that notify nobody.
    pub unrouted: Vec<String>,
}

/// Proves every path of a blueprint.
pub fn prove(desired: &Desired, live: &Live) -> Proof {
    let mut proof = Proof { paths: paths(desired, live), ..Proof::default() };
    signals::collect(desired, live, &mut proof);
    proof.signals.extend(log_bucket::links(desired, live));
    remarks::collect(desired, live, &mut proof);
    proof.remarks.extend(additions::find(desired, live));
    // Those that are equal are one, so their order is of no matter.
    proof.remarks.sort_unstable();
    proof.remarks.dedup();
    proof.unrouted =
        desired.alerts.iter().filter(|alert| !alert.routed).map(|alert| alert.id.clone()).collect();
    proof
}

/// Judges every path. What was kept of verdicts ends here: the rest of a proof needs none of it.
fn paths(desired: &Desired, live: &Live) -> Vec<PathProof> {
    let mut prover = Prover { desired, live, known: cache::VerdictCache::default() };
    desired.paths.iter().map(|path| prover.path(path)).collect()
}

impl Proof {
    /// Whether any link has this status.
    pub fn has(&self, status: Status) -> bool {
        self.paths.iter().any(|path| path.links.iter().any(|link| link.status == status))
            || self.signals.iter().any(|signal| signal.status == status)
    }
}

/// Judges links, each object once.
struct Prover<'a> {
    desired: &'a Desired,
    live: &'a Live,
    known: cache::VerdictCache<'a>,
}

impl<'a> Prover<'a> {
    fn path(&mut self, path: &'a AlertPath) -> PathProof {
        let mut here: Vec<cache::LinkId> = Vec::new();
        let (desired, live) = (self.desired, self.live);
        here.extend(self.recorded(path));
        if let Some(link) = trail::cannot_land(desired, live, &path.lands, &path.events) {
            here.push(self.known.add(link));
        }
        let judge = || bus::of_place(live, &path.lands);
        here.extend(self.known.default_bus(&path.lands, judge));
        if let Some(forward) = &path.forward {
            for rule in forward.rules.iter() {
                let links = self.known.forwarding((&path.lands, rule.as_str()), || {
                    rule::forwards(desired, live, &path.lands, rule, forward)
                });
                here.extend(links.iter());
            }
            for rule in forward.rules.iter() {
                let links = self.known.role((&path.lands, rule.as_str()), || {
                    let used = role::RoleUse::to_hub(forward);
                    role::judge(desired, live, &path.lands, rule.as_str(), used)
                });
                here.extend(links.iter());
            }
            let arn: &str = &forward.bus_arn;
            let apart = || bus::tells_events_apart(live, &path.raised, arn);
            let events = match self.known.tells_events_apart(arn, apart) {
                true => bus::EventKeys::all(&path.events),
                false => Vec::new(),
            };
            let sent = events.clone();
            let judge = || bus::judge(desired, live, &path.lands, &path.raised, forward, &sent);
            let at_hub = path.lands == path.raised;
            here.push(self.known.bus((&path.lands.account, at_hub, arn, events), judge));
        }
        let here = self.known.shared(&here);
        let onward = self.onward(path);
        let links = Links { here, onward };
        PathProof { lands: path.lands.clone(), way: path.way.clone(), links }
    }

    /// Whether a trail records the events of a path. Of an event that may be recorded in several
    /// ways, one way that is open makes the others no sure loss.
    fn recorded(&mut self, path: &'a AlertPath) -> Vec<cache::LinkId> {
        let (desired, live) = (self.desired, self.live);
        let judge = |question: &trail::TrailQuery<'_>| trail::judge(desired, live, question);
        let asked = trail::TrailQuery::all(live, &path.lands, &path.events);
        if asked.iter().all(|asked| asked.name.is_none()) {
            return asked.into_iter().map(|one| self.known.trail(one.question, judge)).collect();
        }
        let mut judged: Vec<(trail::Asked<'a>, cache::LinkId)> = Vec::new();
        for asked in asked {
            let id = self.known.trail(asked.question, judge);
            judged.push((asked, id));
        }
        let is_broken = |known: &cache::VerdictCache<'_>, id| known.status(id) == Status::Broken;
        let open: BTreeSet<(&str, &str)> = judged
            .iter()
            .filter(|(_, id)| !is_broken(&self.known, *id))
            .filter_map(|(asked, _)| asked.name)
            .collect();
        let mut links = Vec::new();
        for (asked, id) in judged {
            let in_doubt = asked.name.is_some_and(|name| open.contains(&name));
            links.push(match in_doubt && is_broken(&self.known, id) {
                true => {
                    let question = asked.question.in_doubt();
                    self.known.trail(question, judge)
                }
                false => id,
            });
        }
        links
    }

    /// The links from the event bus where the alert is raised.
    fn onward(&mut self, path: &'a AlertPath) -> Shared {
        let (desired, live) = (self.desired, self.live);
        let less = path.forward.is_some()
            && self.known.takes_less(&path.rules, || {
                rule::take_less(desired, live, &path.raised, &path.rules)
            });
        let from = less.then_some(&path.lands.account);
        let key = cache::Onward::of(path, from);
        if let Some(known) = self.known.onward(&key) {
            return known;
        }
        let mut rules: Vec<Link> = fires::judge(desired, path).into_iter().collect();
        rules.extend(fires::elsewhere(desired, path));
        // Without its bus a rule cannot exist: the bus's own link is enough.
        let bus = path.forward.as_ref().map(|hop| bus::seen(live, &path.raised, &hop.bus_arn));
        if bus.is_none_or(|seen| seen.is_some_and(|seen| seen.known().is_some())) {
            let (raised, to) = (&path.raised, &path.destinations);
            rule::judge(desired, live, raised, &path.rules, to, from, &mut rules);
        }
        for destination in path.destinations.iter() {
            for judged in through(desired, live, path, destination) {
                if !rules.contains(&judged) {
                    rules.push(judged);
                }
            }
        }
        let mut links: Vec<Arc<Link>> = rules.into_iter().map(Arc::new).collect();
        for destination in path.destinations.iter() {
            let arn = destination.topic_arn.as_str();
            let rules = match topic::tells_rules_apart(live, &path.raised, arn) {
                true => &*path.rules,
                false => &[],
            };
            let key = (&path.raised, arn, destination.name.as_str(), rules);
            let judged = self.known.topic(key, || {
                let mut found = Vec::new();
                topic::judge(desired, live, &path.raised, destination, rules, &mut found);
                found
            });
            links.extend(judged.iter().cloned());
        }
        self.known.keep_onward(key, links)
    }
}

/// What stands between the rules of a path and the topic of a destination: roles, and the state
/// machine of a mail.
fn through(
    desired: &Desired,
    live: &Live,
    path: &AlertPath,
    destination: &DestinationPath,
) -> Vec<Link> {
    let at = &path.raised;
    let mut links = Vec::new();
    let by_rules = |used| {
        let rules = path.rules.iter();
        rules.flat_map(move |key| role::judge(desired, live, at, key.as_str(), used))
    };
    match &destination.machine {
        Some(machine) => {
            links.extend(by_rules(role::RoleUse::to_machine(machine)));
            links.extend(machine::judge(desired, live, at, machine));
            let used = role::RoleUse::by_machine(machine, &destination.topic_arn);
            links.extend(role::judge(desired, live, at, "", used));
            links.extend(heal::judge(desired, live, at, machine));
        }
        None => {
            links.extend(role::RoleUse::to_topic(destination).into_iter().flat_map(by_rules));
        }
    }
    links
}

#[cfg(test)]
pub(crate) mod tests;
