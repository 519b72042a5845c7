//! What a proof says, as data: counts, and every link that is not proven, folded over places.

use super::{Link, LinkCode, Mender, PathProof, Proof, Remark, Severity, Status};
use crate::blueprint::Risk;
use crate::desired::Desired;
use crate::scope::Place;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The version of a report's JSON form.
pub const FORMAT_VERSION: u32 = 1;

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
    /// What changes no verdict, gravest first.
    pub remarks: Vec<Said>,
    /// How many of the remarks are degraded: something beside the alerts is lost.
    pub degraded: usize,
    /// Alerts that nobody is to hear of: their route is empty.
    pub unrouted: Vec<String>,
}

/// The verdict on one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertCounts {
    pub alert: String,
    pub title: String,
    pub risk: Risk,
    pub counts: Counts,
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

/// A remark with every place it concerns; `{account}` and `{region}` as in a [`Finding`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    pub severity: Severity,
    pub code: LinkCode,
    pub object: String,
    pub text: String,
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
        let remarks = self.said();
        Report {
            format_version: FORMAT_VERSION,
            blueprint: desired.name.clone(),
            as_of: desired.as_of.to_string(),
            counts: self.counts(),
            alerts,
            links: self.findings(),
            degraded: remarks.iter().filter(|said| said.severity == Severity::Degraded).count(),
            remarks,
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

impl Proof {
    pub fn counts(&self) -> Counts {
        Counts::of(self.paths.iter())
    }

    /// Every link that is not proven, once, worst first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = fold(self.troubles());
        findings.sort_by(|a, b| {
            (b.status, a.code, &a.object, &a.cause).cmp(&(a.status, b.code, &b.object, &b.cause))
        });
        findings
    }

    /// The remarks, folded over places.
    fn said(&self) -> Vec<Said> {
        let mut folded: BTreeMap<_, Vec<&Remark>> = BTreeMap::new();
        for remark in &self.remarks {
            let texts = [&remark.object, &remark.text].map(|text| anywhere(text, &remark.place));
            folded.entry((remark.severity, remark.code, texts)).or_default().push(remark);
        }
        let one = |((severity, code, [object, text]), remarks): (
            (Severity, LinkCode, [String; 2]),
            Vec<&Remark>,
        )| {
            let places = remarks.iter().map(|remark| remark.place.clone()).collect();
            let (object, text) = match remarks.as_slice() {
                [only] => (only.object.clone(), only.text.clone()),
                _ => (object, text),
            };
            Said { severity, code, object, text, places }
        };
        folded.into_iter().map(one).collect()
    }

    /// Links that are not proven, each once, with the alerts that depend on it.
    fn troubles(&self) -> Troubles<'_> {
        let mut troubles = Troubles::new();
        for path in &self.paths {
            for link in path.links.iter().filter(|link| link.status != Status::Proven) {
                troubles.entry(link).or_default().insert(path.alert.clone());
            }
        }
        for signal in &self.signals {
            troubles.entry(signal).or_default();
        }
        troubles
    }
}

type Troubles<'a> = BTreeMap<&'a Link, BTreeSet<String>>;

/// Makes one finding of what is the same trouble in several places: the same object seen from each of
/// them as it stands, each place's own object with placeholders.
fn fold(troubles: Troubles<'_>) -> Vec<Finding> {
    let exact = |link: &Link| [&link.object, &link.cause, &link.fix].map(Clone::clone);
    let mut seen: BTreeMap<[String; 3], usize> = BTreeMap::new();
    for link in troubles.keys() {
        *seen.entry(exact(link)).or_default() += 1;
    }
    let mut folded: BTreeMap<_, Vec<(&Link, BTreeSet<String>)>> = BTreeMap::new();
    for (link, alerts) in troubles {
        let texts = match seen.get(&exact(link)) {
            Some(1) | None => exact(link).map(|text| anywhere(&text, &link.place)),
            Some(_) => exact(link),
        };
        folded.entry((link.status, link.code, texts)).or_default().push((link, alerts));
    }
    let finding = |((status, code, texts), links): ((Status, LinkCode, [String; 3]), Vec<_>)| {
        let links: Vec<(&Link, BTreeSet<String>)> = links;
        let [object, cause, fix] = match links.as_slice() {
            [(only, _)] => exact(only),
            _ => texts,
        };
        Finding {
            code,
            status,
            object,
            cause,
            fix,
            mender: links.iter().map(|(link, _)| link.mender).max().unwrap_or(Mender::Person),
            places: links.iter().map(|(link, _)| link.place.clone()).collect(),
            alerts: links.into_iter().flat_map(|(_, alerts)| alerts).collect(),
        }
    };
    folded.into_iter().map(finding).collect()
}

/// The same words for every place: its account and region become placeholders.
fn anywhere(text: &str, place: &Place) -> String {
    text.replace(place.region.as_str(), "{region}").replace(place.account.as_str(), "{account}")
}
