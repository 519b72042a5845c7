//! Who owns a trail, and so who can fix it and how.

use crate::desired::Desired;
use crate::proof::FixedBy;
use crate::resource::{Tags, owned_by};
use crate::scope::Granularity;
use crate::scope::{Arn, Place};
use crate::snapshot::Live;
use crate::snapshot::LiveTrail;

/// What a trail needs so that it records an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    StartLogging,
    MultiRegion,
    GlobalEvents,
    Selectors,
}

/// Whether this is the trail that the blueprint keeps and ctguard owns, or would adopt.
pub fn kept(desired: &Desired, live: &Live, arn: &str) -> bool {
    let Some(home) = &desired.trail_home else { return false };
    let kept = desired.places.get(home).and_then(|here| here.trail.as_ref());
    kept.is_some_and(|kept| {
        let trails = live.places.get(home).and_then(|seen| seen.trails.known());
        let tags = trails.and_then(|trails| trails.get(arn)).and_then(|trail| trail.tags.known());
        home.arn("cloudtrail", &format!("trail/{}", kept.name)) == arn
            && (kept.adopt || owned(tags, &desired.name))
    })
}

/// The granularity of a trail: an organization's is one for the fleet, any other one per account.
pub fn per(place: &Place, arn: &str, trail: &LiveTrail) -> Granularity {
    let own = Arn::parse(arn).is_some_and(|arn| arn.account == place.account.as_str());
    match own && !trail.trail.organization {
        false => Granularity::Fleet,
        // A single-region trail is one per region.
        true if !trail.trail.multi_region && trail.home_region == place.region => {
            Granularity::Place
        }
        true => Granularity::Account,
    }
}

fn owned(tags: Option<&Tags>, name: &str) -> bool {
    tags.is_some_and(|tags| owned_by(tags, name))
}

pub fn fixed_by(desired: &Desired, live: &Live, arn: &str) -> FixedBy {
    if kept(desired, live, arn) { FixedBy::Apply } else { FixedBy::Person }
}

/// Says who can fix it, and how.
pub fn fix(desired: &Desired, live: &Live, arn: &str, trail: &LiveTrail, repair: Repair) -> String {
    if kept(desired, live, arn) {
        // What readers in other accounts depend on, apply changes only when it is allowed.
        let ours = owned(trail.tags.known(), &desired.name);
        let reach = trail.trail.organization && repair == Repair::MultiRegion;
        let fix = match reach || !ours && trail.tags.known().is_some() {
            true => "Run `ctguard apply --allow-shared-trail`: others use the trail, too.",
            false => "Run `ctguard apply`.",
        };
        return fix.to_owned();
    }
    let account = Arn::parse(arn).map_or("its owner", |arn| arn.account);
    let whose = if trail.trail.organization {
        "the organization's trail, in account"
    } else {
        "a trail of account"
    };
    let home = &trail.home_region;
    let (what, command) = match repair {
        Repair::StartLogging => (
            "start logging",
            format!("`aws cloudtrail start-logging --name {arn} --region {home}`"),
        ),
        Repair::MultiRegion => (
            "let it record all regions",
            format!(
                "`aws cloudtrail update-trail --name {arn} --is-multi-region-trail --include-global-service-events --region {home}`"
            ),
        ),
        Repair::GlobalEvents => (
            "include them",
            format!(
                "`aws cloudtrail update-trail --name {arn} --include-global-service-events --region {home}`"
            ),
        ),
        Repair::Selectors => (
            "let it record the event",
            format!("`aws cloudtrail put-event-selectors --trail-name {arn} --region {home}`"),
        ),
    };
    format!(
        "It is {whose} {account}: whoever administers it can {what} with {command}. ctguard changes only the trail under `trail:`."
    )
}
