//! A pause of healing: planned or not, it is never silent.
//!
//! What is proven has no clock, only a date: a pause that ended earlier that day is told until the
//! tag is taken off, or the day is over.

use super::remark;
use crate::desired::{Desired, DesiredPlace};
use crate::heal::{PAUSE_MAX_HOURS, Pause};
use crate::proof::{LinkCode, LinkObject, Remark};
use crate::resource::machine::machine_arn;
use crate::scope::Place;
use crate::snapshot::{Observed, PlaceSnapshot};
use jiff::tz::TimeZone;

pub fn find(
    desired: &Desired,
    place: &Place,
    here: &DesiredPlace,
    seen: &PlaceSnapshot,
    found: &mut Vec<Remark>,
) {
    for name in desired.names.healers().iter().filter(|name| here.machines.contains_key(*name)) {
        found.extend(paused(desired, place, name, seen));
    }
}

fn paused(desired: &Desired, place: &Place, name: &str, seen: &PlaceSnapshot) -> Option<Remark> {
    let arn = machine_arn(place, name);
    let Some(Observed::Known(machine)) = seen.machines.get(&arn) else { return None };
    let pause = machine.tags.known().and_then(Pause::of)?;
    let ends = pause.ends()?;
    let day = ends.to_zoned(TimeZone::UTC).date();
    if day < desired.as_of {
        return None;
    }
    let what = match name == desired.names.heal_rules() {
        true => "rules",
        false => "the trail",
    };
    let Pause { until, reason } = &pause;
    let why = if reason.is_empty() { "no reason is given" } else { reason };
    let too_far = desired.as_of.tomorrow().is_ok_and(|tomorrow| day > tomorrow);
    let text = match too_far {
        true => format!(
            "Its tag pauses healing until {until} ({why}), which is more than {PAUSE_MAX_HOURS} hours off: it does not pause before then. `ctguard heal resume` takes the tag off."
        ),
        false => format!(
            "Healing is paused until {until} ({why}): what is changed of {what} is not put back. `ctguard heal resume` ends it."
        ),
    };
    Some(remark(LinkCode::HealPaused, place, LinkObject::Machine(arn), text))
}
