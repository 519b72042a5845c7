//! Events about a trail land in its home region only.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-multi-region-trails.html>

use super::home_of;
use super::owner::per;
use crate::desired::Desired;
use crate::event::EventRef;
use crate::proof::{Link, LinkCode, LinkObject};
use crate::scope::Place;
use crate::snapshot::Live;
use crate::snapshot::{LiveTrail, Observed};

/// The calls that weaken a trail: they are made in its home region, by its owner.
const ABOUT_A_TRAIL: [&str; 5] =
    ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors"];

/// Breaks an alert on trails when all trails that record this place have their home outside of the
/// blueprint's scope: stopping them would raise no alert.
pub fn cannot_land(
    desired: &Desired,
    live: &Live,
    place: &Place,
    events: &[EventRef],
) -> Option<Link> {
    let watches = events.iter().any(|event| {
        event.source == "cloudtrail.amazonaws.com" && ABOUT_A_TRAIL.contains(&event.name.as_str())
    });
    let trails = live.places.get(place).and_then(|seen| seen.trails.known()).filter(|_| watches)?;
    let mut logging = trails.iter().filter(|(_, trail)| is_logging(trail)).peekable();
    let (arn, trail) = *logging.peek()?;
    if logging
        .any(|(arn, trail)| home_of(arn, trail).is_some_and(|home| desired.covered.contains(&home)))
    {
        return None;
    }
    let home =
        home_of(arn, trail).map_or_else(|| trail.home_region.to_string(), |home| home.to_string());
    let cause = format!(
        "events about this trail, such as StopLogging, land in {home}, which the blueprint does not cover"
    );
    let link =
        Link::assumed(LinkCode::CannotLandHere, place, LinkObject::Trail(arn.clone()), cause)
            .with_fix(format!("Let a blueprint that covers {home} watch over the trail."))
            .one_per(per(place, arn, trail));
    Some(link)
}

fn is_logging(trail: &LiveTrail) -> bool {
    matches!(&trail.status, Observed::Known(status) if status.logging)
}
