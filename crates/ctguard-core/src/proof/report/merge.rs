//! Merges the reports of the parts of a fleet; the result equals the report of the whole byte for
//! byte.

use super::claims::{self, ClaimError};
use super::fold::Folding;
use super::{Counts, Covered, FORMAT_VERSION, Finding, RemarkGroup, Report, degraded};
use crate::desired::narrow::{PartsError, whole};
use crate::scope::Place;

/// Why reports cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    #[error("there is nothing to merge")]
    Nothing,
    #[error("{what} differs: {one} and {other}")]
    Differs { what: &'static str, one: String, other: String },
    #[error("{0} is not as it was saved (`sha256` is another): somebody edited the file")]
    Edited(String),
    #[error("account {0} is in two of them")]
    Twice(crate::scope::AccountId),
    #[error("{0} changed between one of them and another")]
    Moved(String),
    #[error(transparent)]
    Parts(#[from] PartsError),
    #[error(transparent)]
    Claim(#[from] ClaimError),
}

impl MergeError {
    /// Checks that a value is the same in both.
    ///
    /// # Errors
    /// When it is not.
    pub fn unless_same<T: PartialEq + ToString>(
        what: &'static str,
        one: &T,
        other: &T,
    ) -> Result<(), Self> {
        match one == other {
            true => Ok(()),
            false => Err(Self::Differs { what, one: one.to_string(), other: other.to_string() }),
        }
    }
}

/// Merges reports.
///
/// # Errors
/// When they are not of one blueprint and date, or not every part of the whole exactly once, or when one claims what it
/// must not ([`claims`]).
pub fn merge(reports: &[Report]) -> Result<Report, MergeError> {
    let Some(first) = reports.first() else { return Err(MergeError::Nothing) };
    for other in reports {
        MergeError::unless_same("the format version", &FORMAT_VERSION, &other.format_version)?;
        MergeError::unless_same("the blueprint", &first.blueprint, &other.blueprint)?;
        MergeError::unless_same("the as-of date", &first.as_of, &other.as_of)?;
        MergeError::unless_same("the list of alerts", &listed(first), &listed(other))?;
    }
    for report in reports {
        let narrowed = |report: &Report| {
            let regions = report.only_regions.iter().map(ToString::to_string);
            let all = report.only_accounts.iter().map(ToString::to_string).chain(regions);
            narrowed(all.collect())
        };
        let what = "the choice of accounts and regions";
        MergeError::unless_same(what, &narrowed(first), &narrowed(report))?;
    }
    whole(reports.iter().map(|report| report.shard.as_deref()))?;
    let mut accounts: Vec<Covered> =
        reports.iter().flat_map(|report| report.accounts.iter().cloned()).collect();
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some([one, _]) = accounts.array_windows().find(|[a, b]| a.id == b.id) {
        return Err(MergeError::Twice(one.id.clone()));
    }
    reports.iter().try_for_each(claims::check)?;
    for report in reports {
        if report.sha256.as_ref() != Some(&report.hash()) {
            return Err(MergeError::Edited(claims::part(report.shard.as_deref())));
        }
    }
    let covers =
        |place: &Place| accounts.binary_search_by(|one| one.id.cmp(&place.account)).is_ok();
    let depends_on = reports.iter().flat_map(|report| &report.depends_on);
    let depends_on = depends_on.filter(|place| !covers(place)).cloned().collect();
    let mut folding = Folding::default();
    for report in reports {
        report.links.iter().for_each(|finding| folding.finding(finding));
        report.remarks.iter().for_each(|said| folding.said(said));
        for unread in &report.unread {
            for account in &unread.accounts {
                folding.unread(account, unread.words());
            }
        }
    }
    let (unread, links, remarks) = folding.finish();
    let mut alerts = first.alerts.clone();
    for (index, alert) in alerts.iter_mut().enumerate() {
        alert.counts =
            sum(reports.iter().filter_map(|report| Some(report.alerts.get(index)?.counts)));
        alert.partly =
            total(reports.iter().filter_map(|report| Some(report.alerts.get(index)?.partly)));
    }
    Ok(Report {
        format_version: FORMAT_VERSION,
        blueprint: first.blueprint.clone(),
        as_of: first.as_of,
        shard: None,
        only_accounts: first.only_accounts.clone(),
        only_regions: first.only_regions.clone(),
        sha256: None,
        accounts,
        depends_on,
        counts: sum(reports.iter().map(|report| report.counts)),
        partly: total(reports.iter().map(|report| report.partly)),
        alerts,
        unread,
        links,
        degraded: degraded(&remarks),
        remarks,
        unrouted: first.unrouted.clone(),
    }
    .sealed())
}

/// What a part was narrowed to, in words.
pub(crate) fn narrowed(all: Vec<String>) -> String {
    if all.is_empty() { "all".to_owned() } else { all.join(", ") }
}

/// Folds findings and remarks of parts into those of the whole.
pub fn folded<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    remarks: impl Iterator<Item = &'a RemarkGroup>,
) -> (Vec<Finding>, Vec<RemarkGroup>) {
    let mut folding = Folding::default();
    findings.for_each(|finding| folding.finding(finding));
    remarks.for_each(|said| folding.said(said));
    let (_, findings, remarks) = folding.finish();
    (findings, remarks)
}

/// The alerts of a report, in words.
fn listed(report: &Report) -> String {
    let alerts = report.alerts.iter();
    let alerts = alerts.map(|a| format!("{} ({}, {})", a.alert, a.risk.as_str(), a.title));
    alerts.chain(report.unrouted.iter().cloned()).collect::<Vec<_>>().join(", ")
}

pub(super) fn sum(all: impl Iterator<Item = Counts>) -> Counts {
    all.fold(Counts::default(), |sum, one| Counts {
        proven: sum.proven.saturating_add(one.proven),
        assumed: sum.assumed.saturating_add(one.assumed),
        unknown: sum.unknown.saturating_add(one.unknown),
        broken: sum.broken.saturating_add(one.broken),
    })
}

/// A sum of counts that somebody else may have written: it ends at the largest number.
pub(crate) fn total(counts: impl Iterator<Item = usize>) -> usize {
    counts.fold(0, usize::saturating_add)
}
