//! What others added to the blueprint's objects that opens or undoes something, while every alert
//! still gets through.
//!
//! ctguard takes nothing away that others wrote, so no apply ends it: `verify` and `drift` tell it.

mod bus;
mod heal;
mod role;
mod topic;

use super::{LinkCode, LinkObject, Remark, RemarkSeverity};
use crate::desired::Desired;
use crate::scope::Place;
use crate::snapshot::Live;

/// Every addition, in the order of remarks.
pub fn find(desired: &Desired, live: &Live) -> Vec<Remark> {
    let mut found = Vec::new();
    role::find(desired, live, &mut found);
    for (place, here) in desired.own_places() {
        let Some(seen) = live.places.get(place) else { continue };
        bus::find(desired, place, here, seen, &mut found);
        heal::find(desired, place, here, seen, &mut found);
        topic::find(desired, place, here, seen, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn remark(code: LinkCode, place: &Place, object: LinkObject, text: String) -> Remark {
    Remark {
        severity: RemarkSeverity::Degraded,
        code,
        place: place.clone(),
        object,
        text,
        by_others: true,
    }
}
