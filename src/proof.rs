//! Desired × live → for each alert and each place where its events can land, the chain of links from
//! the API call to the people who must hear of it.
//!
//! ```text
//! trail records the event → rule takes it → target → topic lets EventBridge in → each subscriber
//! ```
//!
//! A link is *proven* when everything that can be read of it is right, *broken* when something is
//! wrong, *unknown* when it could not be read, and *assumed* when it is right as far as it can be read
//! and rests on something that cannot. Nothing is taken for granted.

mod key;
pub mod links;
mod policy;
mod remarks;
pub mod report;
mod rule;
mod signals;
mod subscriber;
mod target;
mod topic;
mod trail;

pub use links::LinkCode;
pub use report::{AlertCounts, Counts, Finding, Report, Said};

use crate::desired::{AlertPath, Desired};
use crate::plan::Live;
use crate::scope::Place;
use crate::snapshot::Unreadable;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How sure a link is, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Proven,
    Assumed,
    Unknown,
    Broken,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Assumed => "assumed",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }
}

/// Who can mend a broken link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mender {
    /// `ctguard apply`.
    Apply,
    /// A person: a subscriber who confirms, the owner of what ctguard does not own.
    Person,
}

/// One judged link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub code: LinkCode,
    pub status: Status,
    /// Where the object is.
    pub place: Place,
    /// The object by its full AWS name: an ARN, or `topic ARN ← protocol:endpoint`.
    pub object: String,
    /// What was seen.
    pub cause: String,
    /// What to do about it; empty for a proven link.
    pub fix: String,
    pub mender: Mender,
}

/// The links of one alert in one place.
#[derive(Debug, Clone)]
pub struct PathProof {
    pub alert: String,
    pub lands: Place,
    pub raised: Place,
    pub links: Vec<Arc<Link>>,
}

impl PathProof {
    /// The worst of the links.
    pub fn status(&self) -> Status {
        self.links.iter().map(|link| link.status).max().unwrap_or(Status::Proven)
    }

    /// Whether an apply alone would make every link right.
    pub fn mended_by_apply(&self) -> bool {
        self.links.iter().all(|link| {
            link.status <= Status::Assumed
                || link.status == Status::Broken && link.mender == Mender::Apply
        })
    }
}

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Events still reach everybody, and something beside them is lost or cannot be seen: `--strict` fails on it.
    Degraded,
    Note,
}

/// Something that changes no verdict and must still be said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    pub severity: Severity,
    pub code: LinkCode,
    pub place: Place,
    /// The object by its full AWS name.
    pub object: String,
    /// Full sentences.
    pub text: String,
}

/// The verdict on a whole blueprint.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    pub paths: Vec<PathProof>,
    /// Broken signals that belong to no single path, such as dead letters that wait and invocations that failed.
    pub signals: Vec<Link>,
    /// What never changes a verdict.
    pub remarks: Vec<Remark>,
    /// Alerts that nobody is to hear of.
    pub unrouted: Vec<String>,
}

/// Proves every path of a blueprint.
pub fn prove(desired: &Desired, live: &Live) -> Proof {
    let mut prover = Prover { desired, live, trails: BTreeMap::new(), topics: BTreeMap::new() };
    let paths = desired.paths.iter().map(|path| prover.path(path)).collect();
    let mut proof = Proof { paths, ..Proof::default() };
    signals::collect(desired, live, &mut proof);
    remarks::collect(desired, live, &mut proof);
    proof.remarks.sort();
    proof.remarks.dedup();
    proof.unrouted =
        desired.alerts.iter().filter(|alert| !alert.routed).map(|alert| alert.id.clone()).collect();
    proof
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
    trails: BTreeMap<trail::Question<'a>, Arc<Link>>,
    /// The links of a destination from its topic on, by place, topic and destination name.
    topics: BTreeMap<(&'a Place, &'a str, &'a str), Vec<Arc<Link>>>,
}

impl<'a> Prover<'a> {
    fn path(&mut self, path: &'a AlertPath) -> PathProof {
        let mut links = Vec::new();
        for event in &path.events {
            let question = trail::Question::of(&path.lands, event);
            let (desired, live) = (self.desired, self.live);
            let link = self
                .trails
                .entry(question)
                .or_insert_with_key(|question| Arc::new(trail::judge(desired, live, question)));
            if !links.contains(link) {
                links.push(link.clone());
            }
        }
        let about = trail::cannot_land(self.desired, self.live, &path.lands, &path.events);
        links.extend(about.map(Arc::new));
        rule::judge(self.desired, self.live, path, &mut links);
        for destination in &path.destinations {
            let key = (&path.raised, destination.topic_arn.as_str(), destination.name.as_str());
            let (desired, live) = (self.desired, self.live);
            let judged = self.topics.entry(key).or_insert_with(|| {
                let mut found = Vec::new();
                topic::judge(desired, live, &path.raised, destination, &mut found);
                found.into_iter().map(Arc::new).collect()
            });
            links.extend(judged.iter().cloned());
        }
        PathProof {
            alert: path.alert.clone(),
            lands: path.lands.clone(),
            raised: path.raised.clone(),
            links,
        }
    }
}

/// A link for something that could not be read.
fn unreadable(code: LinkCode, place: &Place, object: String, why: &Unreadable) -> Link {
    Link {
        code,
        status: Status::Unknown,
        place: place.clone(),
        object,
        cause: format!("{} failed: {} ({})", why.operation, why.code, why.message),
        fix: why.remedy(),
        mender: Mender::Person,
    }
}
