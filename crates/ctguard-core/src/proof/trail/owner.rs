//! Who owns a trail, and so who can fix it and how.

use crate::desired::Desired;
use crate::proof::{FixedBy, Link, LinkCode, LinkObject};
use crate::resource::{Tags, owned_by};
use crate::scope::Granularity;
use crate::scope::{Arn, Place, of_account};
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
fn kept(desired: &Desired, live: &Live, arn: &str) -> bool {
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
        return "Run `ctguard apply`.".to_owned();
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
                "`aws cloudtrail update-trail --name {arn} --is-multi-region-trail --region {home}`"
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

/// No trail is visible in a place. Mentions one that the account has elsewhere, if any.
pub fn missing(desired: &Desired, live: &Live, place: &Place) -> Link {
    let elsewhere = of_account(&live.places, &place.account);
    let single = elsewhere
        .flat_map(|(other, seen)| {
            let trails = seen.trails.known().into_iter().flatten();
            trails.filter(move |(_, trail)| trail.home_region == other.region)
        })
        .find(|(_, trail)| !trail.trail.multi_region);
    if let Some((arn, trail)) = single {
        let cause = format!("it logs in {} only", trail.home_region);
        let fixed_by = fixed_by(desired, live, arn);
        return Link::broken(
            LinkCode::TrailNotHere,
            place,
            LinkObject::Trail(arn.clone()),
            cause,
            fixed_by,
        )
        .with_fix(fix(desired, live, arn, trail, Repair::MultiRegion))
        .one_per(Granularity::Account);
    }
    let covers = |home: &&Place| {
        let trail = desired.places.get(*home).and_then(|here| here.trail.as_ref());
        home.account == place.account || trail.is_some_and(|kept| kept.trail.organization)
    };
    let kept = desired.trail_home.as_ref().filter(covers);
    let (fix, fixed_by) = match kept {
        Some(home) if desired.places.contains_key(home) => {
            ("Run `ctguard apply`.".to_owned(), FixedBy::Apply)
        }
        Some(home) => (
            format!("Run `ctguard apply` for {}, the trail's home, too.", home.region),
            FixedBy::Person,
        ),
        None => (
            "Add `trail:` to the blueprint and apply it, or have a multi-region trail made."
                .to_owned(),
            FixedBy::Person,
        ),
    };
    let object = LinkObject::Trails(place.clone());
    let cause = "no trail covers the region, so no CloudTrail event reaches EventBridge there";
    Link::broken(LinkCode::TrailMissing, place, object, cause, fixed_by).with_fix(fix)
}
