//! The report of a proof, as data: counts, and every link that is not proven, folded over places.
//!
//! A report is the sum over places, so the reports of the parts of a fleet merge into that of the
//! whole ([`mod@merge`]).

pub mod claims;
mod fold;
pub mod merge;

use super::{FixedBy, Hearers, Link, LinkCode, PathProof, Proof, RemarkSeverity, Status};
use crate::blueprint::Risk;
use crate::desired::Desired;
use crate::desired::narrow::Narrow;
use crate::digest;
use crate::identity::ByIdentity;
use crate::scope::Granularity;
use crate::scope::{AccountId, Place, Region};
use fold::Folding;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The version of a report's JSON form.
pub const FORMAT_VERSION: u32 = 1;

/// The output of `verify`, as data; its text is made from this value alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this format.
    #[schemars(extend("const" = FORMAT_VERSION))]
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// The date that exceptions were judged by, ISO 8601.
    #[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub as_of: Date,
    /// Which part of the fleet's accounts it is about, such as `3/8`; absent when it is about all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The accounts that it was narrowed to; empty when it was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_accounts: Vec<AccountId>,
    /// The regions that it was narrowed to; empty when it was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_regions: Vec<Region>,
    /// The hash of the rest, so that a report that was edited is not merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub sha256: Option<String>,
    /// The accounts that it is about, those that could not be read too.
    pub accounts: Vec<Covered>,
    /// Places of other accounts, such as the hub, on which the alerts of these depend: links may be about them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<Place>,
    /// The number of alert × place combinations of each status.
    pub counts: Counts,
    /// In how many of the broken and unknown ones somebody listed hears all the same; absent for
    /// none. In the others nobody is known to hear.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub partly: usize,
    /// Per alert, gravest first, the same counts.
    pub alerts: Vec<AlertCounts>,
    /// Accounts whose regions could not be read, so nothing is known about them.
    pub unread: Vec<Unread>,
    /// Every link that is not proven, worst first.
    pub links: Vec<Finding>,
    /// Remarks, which do not change the verdict, gravest first.
    pub remarks: Vec<RemarkGroup>,
    /// The number of degraded remarks: something other than the alerts is lost.
    pub degraded: usize,
    /// Alerts that notify nobody: their route is empty.
    pub unrouted: Vec<String>,
}

/// An account that a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Covered {
    /// The account's number.
    pub id: AccountId,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many of its regions are covered.
    pub places: usize,
}

/// Accounts that could not be read for the same reason; in the texts, `{account}` stands for each
/// if there are several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// The call that failed, as IAM names it: `sts:AssumeRole`.
    pub operation: String,
    /// AWS's error code, or a word for what went wrong on the way.
    pub code: String,
    /// What AWS or the network said.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// The accounts in which it failed so.
    pub accounts: BTreeSet<AccountId>,
}

/// The verdict on one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertCounts {
    /// The alert's id.
    pub alert: String,
    /// The alert's title.
    pub title: String,
    /// The alert's risk.
    pub risk: Risk,
    /// In how many places it has each status.
    pub counts: Counts,
    /// In how many of the broken and unknown ones somebody listed hears all the same; absent for
    /// none. In the others nobody is known to hear.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub partly: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A link that is not proven, with every alert and place it concerns. For several places,
/// `{account}` and `{region}` in the texts stand for what differs between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// A stable name for this kind of link; `docs/links.md` explains each.
    pub code: LinkCode,
    /// The verdict on this link.
    pub status: Status,
    /// Ids of the alerts whose way it is on.
    pub alerts: BTreeSet<String>,
    /// The AWS object that it is about.
    pub object: String,
    /// What was observed.
    pub cause: String,
    /// What to do about it.
    pub fix: String,
    /// Who can mend it.
    #[serde(rename = "mender")]
    pub fixed_by: FixedBy,
    /// Whether there is one such object per place, per account or in the fleet.
    pub per: Granularity,
    /// The places in which it is so.
    pub places: BTreeSet<Place>,
}

/// A remark with every place it concerns; `{account}` and `{region}` as in a [`Finding`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemarkGroup {
    /// How much it matters.
    pub severity: RemarkSeverity,
    /// A stable name for this kind of remark; `docs/links.md` explains each.
    pub code: LinkCode,
    /// The AWS object that it is about.
    pub object: String,
    /// What was observed, and what it means.
    pub text: String,
    /// The places in which it is so.
    pub places: BTreeSet<Place>,
}

/// The number of alert × place combinations of each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Every link was seen to hold.
    pub proven: usize,
    /// Nothing is broken, and a part cannot be seen from here.
    pub assumed: usize,
    /// A part could not be read.
    pub unknown: usize,
    /// A link does not hold: somebody listed hears of nothing.
    pub broken: usize,
}

impl Proof {
    pub fn report(&self, desired: &Desired) -> Report {
        let mut counts: HashMap<&str, (Counts, usize)> = HashMap::new();
        for path in &self.paths {
            let (counts, partly) = counts.entry(&path.alert).or_default();
            counts.add(path.status());
            *partly += usize::from(path.hearers(desired) == Hearers::Some);
        }
        let of = |alert: &str| counts.get(alert).copied().unwrap_or_default();
        let alerts = desired
            .alerts
            .iter()
            .filter(|alert| alert.routed)
            .map(|alert| AlertCounts {
                alert: alert.id.clone(),
                title: alert.title.clone(),
                risk: alert.risk,
                counts: of(&alert.id).0,
                partly: of(&alert.id).1,
            })
            .collect();
        let mut folding = self.folding();
        for remark in &self.remarks {
            folding.remark(remark);
        }
        for (account, why) in &desired.unread {
            folding.unread(account, [&why.operation, &why.code, &why.message, &why.remedy()]);
        }
        let (unread, links, remarks) = folding.finish();
        let accounts = covered(desired);
        Report {
            format_version: FORMAT_VERSION,
            blueprint: desired.name.clone(),
            as_of: desired.as_of,
            shard: None,
            only_accounts: Vec::new(),
            only_regions: Vec::new(),
            sha256: None,
            depends_on: depends_on(desired, &accounts),
            accounts,
            counts: self.counts(),
            partly: counts.values().map(|(_, partly)| partly).sum(),
            alerts,
            unread,
            links,
            degraded: degraded(&remarks),
            remarks,
            unrouted: self.unrouted.clone(),
        }
        .sealed()
    }

    pub fn counts(&self) -> Counts {
        Counts::of(self.paths.iter())
    }

    /// Every link that is not proven, once, worst first.
    pub fn findings(&self) -> Vec<Finding> {
        self.folding().finish().1
    }

    /// Broken links that no apply mends, and remarks on what others did that none undoes.
    pub fn by_others(&self) -> (Vec<Finding>, Vec<RemarkGroup>) {
        let mut folding = self.folding_where(Link::is_broken_by_others);
        self.remarks.iter().filter(|said| said.by_others).for_each(|said| folding.remark(said));
        let (_, links, remarks) = folding.finish();
        (links, remarks)
    }

    fn folding(&self) -> Folding {
        self.folding_where(|link| link.status != Status::Proven)
    }

    fn folding_where(&self, wanted: impl Fn(&Link) -> bool) -> Folding {
        let mut concerned: HashMap<ByIdentity<'_, Link>, BTreeSet<&Arc<str>>> = HashMap::new();
        for path in &self.paths {
            for link in path.links.iter().filter(|link| wanted(link)) {
                concerned.entry(ByIdentity(link)).or_default().insert(&path.alert);
            }
        }
        let mut folding = Folding::default();
        for (ByIdentity(link), alerts) in concerned {
            folding.link(link, alerts.into_iter().map(|alert| alert.to_string()));
        }
        for signal in self.signals.iter().filter(|signal| wanted(signal)) {
            folding.link(signal, std::iter::empty());
        }
        folding
    }
}

fn covered(desired: &Desired) -> Vec<Covered> {
    let mut places: BTreeMap<&AccountId, usize> = BTreeMap::new();
    for (place, _) in desired.own_places() {
        *places.entry(&place.account).or_default() += 1;
    }
    for account in desired.unread.keys() {
        places.entry(account).or_default();
    }
    let name = |id: &AccountId| desired.accounts.get(id).and_then(|account| account.name.clone());
    let one =
        |(id, places): (&AccountId, usize)| Covered { id: id.clone(), name: name(id), places };
    places.into_iter().map(one).collect()
}

fn depends_on(desired: &Desired, covered: &[Covered]) -> BTreeSet<Place> {
    let others = |place: &&Place| covered.iter().all(|account| account.id != place.account);
    desired.context.iter().filter(others).cloned().collect()
}

fn degraded(remarks: &[RemarkGroup]) -> usize {
    remarks.iter().filter(|said| said.severity == RemarkSeverity::Degraded).count()
}

impl Report {
    /// Says what the report was narrowed to, and seals it.
    #[must_use]
    pub fn narrowed_to(mut self, narrow: &Narrow) -> Self {
        self.shard = narrow.shard.map(|shard| shard.to_string());
        self.only_accounts = narrow.accounts.iter().cloned().collect();
        self.only_regions = narrow.regions.iter().cloned().collect();
        self.sealed()
    }

    /// Adds the hash.
    #[must_use]
    pub(super) fn sealed(mut self) -> Self {
        self.sha256 = Some(self.hash());
        self
    }

    /// The hash of everything else.
    pub fn hash(&self) -> String {
        digest::sha256(&serde_json::json!(Self { sha256: None, ..self.clone() }))
    }

    /// Whether any link has this status.
    pub fn has(&self, status: Status) -> bool {
        self.links.iter().any(|link| link.status == status)
            || status == Status::Unknown && !self.unread.is_empty()
    }
}

impl Unread {
    /// The operation, its error code, the message, and the fix.
    fn words(&self) -> [&str; 4] {
        [&self.operation, &self.code, &self.message, &self.fix]
    }
}

impl Counts {
    fn of<'a>(paths: impl Iterator<Item = &'a PathProof>) -> Self {
        let mut counts = Self::default();
        for path in paths {
            counts.add(path.status());
        }
        counts
    }

    fn add(&mut self, status: Status) {
        match status {
            Status::Proven => self.proven += 1,
            Status::Assumed => self.assumed += 1,
            Status::Unknown => self.unknown += 1,
            Status::Broken => self.broken += 1,
        }
    }

    pub fn total(&self) -> usize {
        self.at_least(Status::Proven)
    }

    fn of_status(&self, status: Status) -> usize {
        match status {
            Status::Proven => self.proven,
            Status::Assumed => self.assumed,
            Status::Unknown => self.unknown,
            Status::Broken => self.broken,
        }
    }

    /// How many have this status or a worse one.
    fn at_least(&self, status: Status) -> usize {
        let all = [Status::Proven, Status::Assumed, Status::Unknown, Status::Broken];
        merge::total(all.into_iter().filter(|one| *one >= status).map(|one| self.of_status(one)))
    }
}
