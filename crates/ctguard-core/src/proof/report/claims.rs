//! What a report may claim: nothing beyond what it covers, and nothing that it denies elsewhere.
//!
//! Reports of shards come from files that other jobs wrote. A wrong or edited one must not speak for accounts of another
//! shard, above all not prove anything there.

use super::{AlertCounts, Counts, Report, Status};
use crate::desired::Shard;
use crate::scope::{AccountId, Place};
use std::collections::{BTreeMap, BTreeSet};

/// A claim that a report must not make.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    #[error("{part} covers account {account}, which is another part's")]
    NotHeld { part: String, account: AccountId },
    #[error("{part} speaks of {place}, and does not cover account {}", place.account)]
    Beyond { part: String, place: Place },
    #[error(
        "{part} could not read account {account}, and does not cover it, or covers places of it"
    )]
    Unread { part: String, account: AccountId },
    #[error("{part} counts alert {alert} in {counted} places, and covers {covered}")]
    TooMany { part: String, alert: String, counted: usize, covered: usize },
    #[error(
        "{part} says that some hear of alert {alert} in {counted} places where not everybody does, and counts {silent} such"
    )]
    Partly { part: String, alert: String, counted: usize, silent: usize },
    #[error("{part} has counts that are not the sum over its alerts")]
    Sum { part: String },
    #[error(
        "{part} says of alert {alert} that it is {status} somewhere, and no link that it lists is"
    )]
    NoLink { part: String, alert: String, status: &'static str },
    #[error("{part} lists a {status} link of alert {alert}, which it does not count so anywhere")]
    NotCounted { part: String, alert: String, status: &'static str },
}

/// The words for a part, or for what is no part.
pub(crate) fn part(shard: Option<&str>) -> String {
    shard.map_or_else(|| "the whole".to_owned(), |shard| format!("part {shard}"))
}

/// Checks that accounts are those of a shard.
///
/// # Errors
/// When one is another shard's.
pub(crate) fn holds<'a>(
    shard: Option<&str>,
    accounts: impl IntoIterator<Item = &'a AccountId>,
) -> Result<(), ClaimError> {
    let Some(of) = shard.and_then(Shard::parse) else { return Ok(()) };
    match accounts.into_iter().find(|account| !of.holds(account)) {
        Some(account) => Err(ClaimError::NotHeld { part: part(shard), account: account.clone() }),
        None => Ok(()),
    }
}

/// Checks what a report claims.
///
/// # Errors
/// With the first claim that it must not make.
pub fn check(report: &Report) -> Result<(), ClaimError> {
    holds(report.shard.as_deref(), report.accounts.iter().map(|account| &account.id))?;
    scope(report)?;
    counts(report)?;
    links(report)
}

/// It speaks of accounts that it covers, and of places on which their alerts depend.
fn scope(report: &Report) -> Result<(), ClaimError> {
    let part = || part(report.shard.as_deref());
    let places: BTreeMap<&AccountId, usize> =
        report.accounts.iter().map(|account| (&account.id, account.places)).collect();
    let said = report.links.iter().flat_map(|finding| &finding.places);
    let said = said.chain(report.remarks.iter().flat_map(|remark| &remark.places));
    for place in said {
        if !places.contains_key(&place.account) && !report.depends_on.contains(place) {
            return Err(ClaimError::Beyond { part: part(), place: place.clone() });
        }
    }
    for account in report.unread.iter().flat_map(|unread| &unread.accounts) {
        if places.get(account) != Some(&0) {
            return Err(ClaimError::Unread { part: part(), account: account.clone() });
        }
    }
    Ok(())
}

/// Its counts add up, and are of places that it covers.
fn counts(report: &Report) -> Result<(), ClaimError> {
    let part = || part(report.shard.as_deref());
    let covered = super::merge::total(report.accounts.iter().map(|account| account.places));
    for AlertCounts { alert, counts, partly, .. } in &report.alerts {
        if counts.total() > covered {
            let (alert, counted) = (alert.clone(), counts.total());
            return Err(ClaimError::TooMany { part: part(), alert, counted, covered });
        }
        let silent = counts.at_least(Status::Unknown);
        if *partly > silent {
            let (alert, counted) = (alert.clone(), *partly);
            return Err(ClaimError::Partly { part: part(), alert, counted, silent });
        }
    }
    let partly = super::merge::total(report.alerts.iter().map(|alert| alert.partly));
    let counts = super::merge::sum(report.alerts.iter().map(|alert| alert.counts));
    match counts == report.counts && partly == report.partly {
        true => Ok(()),
        false => Err(ClaimError::Sum { part: part() }),
    }
}

/// An alert is not proven where one of its links is not, and the other way round.
fn links(report: &Report) -> Result<(), ClaimError> {
    let part = || part(report.shard.as_deref());
    let alerts: BTreeMap<&str, Counts> =
        report.alerts.iter().map(|alert| (alert.alert.as_str(), alert.counts)).collect();
    let mut linked: BTreeSet<(&str, Status)> = BTreeSet::new();
    for finding in &report.links {
        for alert in &finding.alerts {
            linked.insert((alert, finding.status));
            let counts = alerts.get(alert.as_str()).copied().unwrap_or_default();
            if counts.at_least(finding.status) == 0 {
                let (alert, status) = (alert.clone(), finding.status.as_str());
                return Err(ClaimError::NotCounted { part: part(), alert, status });
            }
        }
    }
    for (alert, counts) in alerts {
        for status in [Status::Assumed, Status::Unknown, Status::Broken] {
            if counts.of_status(status) > 0 && !linked.contains(&(alert, status)) {
                let (alert, status) = (alert.to_owned(), status.as_str());
                return Err(ClaimError::NoLink { part: part(), alert, status });
            }
        }
    }
    Ok(())
}
