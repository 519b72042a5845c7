//! Can a record of the event raise the alert at all?
//!
//! Unlike every other link this one is about the blueprint alone: what it asks for is held against
//! the model of records ([`record`](crate::record)).

use super::{FixedBy, Link, LinkCode, LinkObject};
use crate::desired::{AlertPath, Desired};
use crate::event::EventRef;
use crate::record::Fires;
use crate::scope::{Granularity, Region};

/// Judges the events of a path; none where the alert was not compiled.
pub(super) fn judge(desired: &Desired, path: &AlertPath) -> Option<Link> {
    let alert = desired.alerts.iter().find(|alert| *alert.id == *path.alert)?;
    let verdicts = || path.events.iter().filter_map(|event| Some((event, alert.fires.get(event)?)));
    let never = verdicts().filter_map(|(event, fires)| match fires {
        Fires::Never(why) => Some((event, why.as_str())),
        _ => None,
    });
    let unknown = verdicts().filter_map(|(event, fires)| match fires {
        Fires::Unknown(why) => Some((event, why.as_str())),
        _ => None,
    });
    let object = LinkObject::Alert(alert.id.clone());
    let place = &path.raised;
    let code = LinkCode::CannotFire;
    let link = match (told(never), told(unknown)) {
        (Some(why), _) => Link::broken(code, place, object, why, FixedBy::Person)
            .with_fix("Change the conditions as `ctguard validate` says."),
        (None, Some(why)) => Link::assumed(code, place, object, why)
            .with_fix("Hold a record of the event against the alert, as a sample under `tests:` or with `ctguard match`."),
        (None, None) => {
            let cause = "records of its events can satisfy its conditions";
            Link::proven(code, place, object, cause)
        }
    };
    Some(link.one_per(Granularity::Fleet))
}

/// Says where else an alert's sign-ins land, out of hearing.
pub(super) fn elsewhere(desired: &Desired, path: &AlertPath) -> Option<Link> {
    let alert = desired.alerts.iter().find(|alert| *alert.id == *path.alert)?;
    let names: Vec<&str> = alert.sign_ins_missed.iter().map(Region::as_str).collect();
    let first = names.first()?;
    let object = LinkObject::Alert(alert.id.clone());
    let cause = format!(
        "sign-ins through the global endpoint land in {} too, which the blueprint does not cover",
        names.join(", ")
    );
    let link = Link::assumed(LinkCode::CannotLandHere, &path.raised, object, cause)
        .with_fix(format!("Add {first} and the others to `regions:`, best `regions: enabled`."));
    Some(link.one_per(Granularity::Fleet))
}

/// What is said of some events: the reason of the first, and of how many it is said.
fn told<'a>(mut events: impl Iterator<Item = (&'a EventRef, &'a str)>) -> Option<String> {
    let (first, why) = events.next()?;
    let mut names: Vec<String> = events.map(|(event, _)| event.short()).collect();
    // An event stands once for each of its kinds, side by side.
    names.dedup();
    let others = names.iter().filter(|name| **name != first.short()).count();
    let also = match others {
        0 => String::new(),
        1 => ", and 1 event more".to_owned(),
        many => format!(", and {many} events more"),
    };
    Some(format!("`{}`{also}: {why}", first.short()))
}
