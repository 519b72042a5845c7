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
    let name = desired.names.heal();
    if !here.machines.contains_key(&name) {
        return;
    }
    let arn = machine_arn(place, &name);
    let Some(Observed::Known(machine)) = seen.machines.get(&arn) else { return };
    let Some(pause) = machine.tags.known().and_then(Pause::of) else { return };
    let Some(ends) = pause.ends() else { return };
    let day = ends.to_zoned(TimeZone::UTC).date();
    if day < desired.as_of {
        return;
    }
    let Pause { until, reason } = &pause;
    let why = if reason.is_empty() { "no reason is given" } else { reason };
    let too_far = desired.as_of.tomorrow().is_ok_and(|tomorrow| day > tomorrow);
    let text = match too_far {
        true => format!(
            "Its tag pauses healing until {until} ({why}), which is more than {PAUSE_MAX_HOURS} hours off: it does not pause before then. `ctguard heal resume` takes the tag off."
        ),
        false => format!(
            "Healing is paused until {until} ({why}): what is changed of the trail is not put back. `ctguard heal resume` ends it."
        ),
    };
    found.push(remark(LinkCode::HealPaused, place, LinkObject::Machine(arn), text));
}
