//! The home region of an organization's trail decides whether a member account sends it events.
//!
//! A member sends its events to a trail whose home region must be opted in to only when it has
//! enabled that region itself; any answer from there shows that, or the list of its regions.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>

use super::TrailJudge;
use crate::proof::{FixedBy, Link, LinkCode, LinkObject, Status};
use crate::resource::topic::is_opt_in;
use crate::scope::{Arn, Place};
use crate::snapshot::Observed;

/// The link of a trail of another account that this account sends nothing to, or may not.
pub(super) fn silences(asked: &TrailJudge<'_>) -> Option<Link> {
    let (place, home) = (asked.question.place, &asked.trail.home_region);
    let theirs = Arn::parse(asked.arn).is_some_and(|arn| arn.account != place.account.as_str());
    if !theirs || !is_opt_in(home) {
        return None;
    }
    let there = Place::new(place.account.clone(), home.clone());
    if asked.live.places.get(&there).is_some_and(|seen| seen.trails.known().is_some()) {
        return None;
    }
    let code = LinkCode::TrailHomeNotEnabled;
    match asked.live.accounts.get(&place.account).map(|account| &account.enabled_regions) {
        Some(Observed::Known(enabled)) if enabled.contains(home) => None,
        Some(Observed::Known(_)) => Some(Link {
            status: Status::Broken,
            fix: format!(
                "Enable the region in account {0} (`aws account enable-region --region-name {home}`), have the organization's trail made again in a region that every account has, or keep a trail of the account's own.",
                place.account
            ),
            fixed_by: FixedBy::Person,
            ..asked.assumed(
                code,
                format!(
                    "its home region {home} is not enabled in account {}, which therefore sends it nothing",
                    place.account
                ),
            )
        }),
        Some(Observed::Unreadable(why)) => {
            Some(Link::unreadable(code, place, LinkObject::Trail(asked.arn.to_owned()), why))
        }
        Some(Observed::Absent) | None => Some(Link {
            status: Status::Unknown,
            fix: format!("See whether {home} is enabled in account {}.", place.account),
            ..asked.assumed(
                code,
                format!("whether its home region {home} is enabled in this account was not read"),
            )
        }),
    }
}
