//! Is the trail that is put back the blueprint's?
//!
//! Another trail may record the call that starts healing. Healing acts on the blueprint's own
//! trail alone: where that is missing nothing is put back, and one of somebody else's is not
//! ctguard's to change.

use super::{FixedBy, Link, LinkCode, LinkObject};
use crate::desired::Desired;
use crate::scope::Place;
use crate::snapshot::{Live, Observed};

/// Judges the trail at its home; `None` where the blueprint keeps none.
pub fn own_trail(desired: &Desired, live: &Live, home: &Place) -> Option<Link> {
    let kept = desired.places.get(home)?.trail.as_ref()?;
    let arn = home.arn("cloudtrail", &format!("trail/{}", kept.name));
    let object = LinkObject::Trail(arn.clone());
    let code = LinkCode::TrailMissing;
    let trail = match live.places.get(home).map(|seen| &seen.trails) {
        Some(Observed::Known(trails)) => trails.get(&arn),
        Some(Observed::Unreadable(why)) => return Some(Link::unreadable(code, home, object, why)),
        Some(Observed::Absent) | None => None,
    };
    let Some(trail) = trail else {
        let cause = "the trail that healing puts back does not exist";
        return Some(Link::broken(code, home, object, cause, FixedBy::Apply));
    };
    Some(match &trail.tags {
        Observed::Unreadable(why) => Link::unreadable(code, home, object, why),
        tags if tags.name_owner(&desired.name) => {
            Link::proven(code, home, object, "it is the trail that healing puts back")
        }
        _ => {
            let cause = "it does not carry this blueprint's tag: healing would change a trail of somebody else's";
            let fix = "If it is this blueprint's and only lost its tag, or is to be, `ctguard apply --adopt` takes it over. Else give the blueprint's trail another name, or leave `heal:` out.";
            Link::broken(code, home, object, cause, FixedBy::Person).with_fix(fix)
        }
    })
}
