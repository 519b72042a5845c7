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

pub mod links;
mod policy;
mod rule;
mod topic;
mod trail;

pub use links::LinkCode;

use crate::desired::{AlertPath, Desired};
use crate::plan::Live;
use crate::scope::Place;
use crate::snapshot::Unreadable;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
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

/// The verdict on a whole blueprint.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    pub paths: Vec<PathProof>,
    /// Broken signals that belong to no single path, such as dead letters that wait.
    pub signals: Vec<Link>,
    /// Full sentences that never change a verdict.
    pub remarks: Vec<String>,
    /// Alerts that nobody is to hear of.
    pub unrouted: Vec<String>,
}

/// A link that is not proven, with every alert and place it concerns. Where the same is wrong in
/// several places, `{account}` and `{region}` stand in the texts for each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: LinkCode,
    pub status: Status,
    pub alerts: BTreeSet<String>,
    pub object: String,
    pub cause: String,
    pub fix: String,
    pub mender: Mender,
    pub places: BTreeSet<Place>,
}

/// How many alert × place pairs have each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    pub proven: usize,
    pub assumed: usize,
    pub unknown: usize,
    pub broken: usize,
}

/// Proves every path of a blueprint.
pub fn prove(desired: &Desired, live: &Live) -> Proof {
    let mut prover = Prover { desired, live, trails: BTreeMap::new(), topics: BTreeMap::new() };
    let paths = desired.paths.iter().map(|path| prover.path(path)).collect();
    let mut proof = Proof { paths, ..Proof::default() };
    topic::signals(desired, live, &mut proof);
    trail::remarks(desired, live, &mut proof.remarks);
    proof.unrouted =
        desired.alerts.iter().filter(|alert| !alert.routed).map(|alert| alert.id.clone()).collect();
    proof.remarks.sort();
    proof.remarks.dedup();
    proof
}

impl Proof {
    pub fn counts(&self) -> Counts {
        Counts::of(self.paths.iter())
    }

    /// Every link that is not proven, once, worst first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found: BTreeMap<&Link, BTreeSet<String>> = BTreeMap::new();
        for path in &self.paths {
            for link in path.links.iter().filter(|link| link.status != Status::Proven) {
                found.entry(link).or_default().insert(path.alert.clone());
            }
        }
        for signal in &self.signals {
            found.entry(signal).or_default();
        }
        // The same object seen from several places is one finding as it stands; the same trouble of
        // each place's own object is one finding with placeholders.
        let exact = |link: &Link| [&link.object, &link.cause, &link.fix].map(Clone::clone);
        let mut seen: BTreeMap<[String; 3], usize> = BTreeMap::new();
        for link in found.keys() {
            *seen.entry(exact(link)).or_default() += 1;
        }
        let mut folded: BTreeMap<(Status, LinkCode, [String; 3]), Vec<(&Link, BTreeSet<String>)>> =
            BTreeMap::new();
        for (link, alerts) in found {
            let texts = match seen.get(&exact(link)) {
                Some(1) | None => exact(link).map(|text| anywhere(&text, &link.place)),
                Some(_) => exact(link),
            };
            folded.entry((link.status, link.code, texts)).or_default().push((link, alerts));
        }
        let mut findings: Vec<Finding> = folded
            .into_iter()
            .map(|((status, code, anywhere), links)| {
                let [object, cause, fix] = match links.as_slice() {
                    [(only, _)] => [&only.object, &only.cause, &only.fix].map(Clone::clone),
                    _ => anywhere,
                };
                let mender =
                    links.iter().map(|(link, _)| link.mender).max().unwrap_or(Mender::Person);
                Finding {
                    code,
                    status,
                    places: links.iter().map(|(link, _)| link.place.clone()).collect(),
                    alerts: links.into_iter().flat_map(|(_, alerts)| alerts).collect(),
                    object,
                    cause,
                    fix,
                    mender,
                }
            })
            .collect();
        findings.sort_by(|a, b| {
            (b.status, a.code, &a.object, &a.cause).cmp(&(a.status, b.code, &b.object, &b.cause))
        });
        findings
    }

    pub fn has(&self, status: Status) -> bool {
        self.paths.iter().any(|path| path.links.iter().any(|link| link.status == status))
            || self.signals.iter().any(|signal| signal.status == status)
    }
}

/// The same words for every place: its account and region become placeholders.
fn anywhere(text: &str, place: &Place) -> String {
    text.replace(place.region.as_str(), "{region}").replace(place.account.as_str(), "{account}")
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
        fix: format!("Allow {} to the identity that runs ctguard, and run again.", why.operation),
        mender: Mender::Person,
    }
}

/// The version of a report's JSON form.
pub const REPORT_FORMAT_VERSION: u32 = 1;

/// What `verify` says, as data; its text is made from this value and knows no more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub format_version: u32,
    pub blueprint: String,
    /// The date that exceptions were judged by, ISO 8601.
    pub as_of: String,
    /// How many alerts × places there are of each status.
    pub counts: Counts,
    /// Per alert, gravest first, the same counts.
    pub alerts: Vec<AlertCounts>,
    /// Every link that is not proven, worst first.
    pub links: Vec<Finding>,
    pub remarks: Vec<String>,
    /// Alerts that nobody is to hear of: their route is empty.
    pub unrouted: Vec<String>,
}

/// The verdict on one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertCounts {
    pub alert: String,
    pub title: String,
    pub risk: crate::blueprint::Risk,
    pub counts: Counts,
}

impl Proof {
    pub fn report(&self, desired: &Desired) -> Report {
        let alerts = desired
            .alerts
            .iter()
            .filter(|alert| alert.routed)
            .map(|alert| {
                let paths = self.paths.iter().filter(|path| path.alert == alert.id);
                AlertCounts {
                    alert: alert.id.clone(),
                    title: alert.title.clone(),
                    risk: alert.risk,
                    counts: Counts::of(paths),
                }
            })
            .collect();
        Report {
            format_version: REPORT_FORMAT_VERSION,
            blueprint: desired.name.clone(),
            as_of: desired.as_of.to_string(),
            counts: self.counts(),
            alerts,
            links: self.findings(),
            remarks: self.remarks.clone(),
            unrouted: self.unrouted.clone(),
        }
    }
}

impl Counts {
    fn of<'a>(paths: impl Iterator<Item = &'a PathProof>) -> Self {
        let mut counts = Self::default();
        for path in paths {
            match path.status() {
                Status::Proven => counts.proven += 1,
                Status::Assumed => counts.assumed += 1,
                Status::Unknown => counts.unknown += 1,
                Status::Broken => counts.broken += 1,
            }
        }
        counts
    }

    pub fn total(&self) -> usize {
        self.proven + self.assumed + self.unknown + self.broken
    }
}
