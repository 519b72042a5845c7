//! What others added to the blueprint's objects that opens or undoes something, while every alert
//! still gets through.
//!
//! ctguard takes nothing away that others wrote, so no apply ends it: `verify` and `drift` tell it.

mod bus;
mod heal;
mod queue;
mod role;
mod topic;

use super::policy::stranger;
use super::{LinkCode, LinkObject, Remark, RemarkSeverity};
use crate::desired::Desired;
use crate::scope::Place;
use crate::snapshot::Live;
use serde_json::Value;

/// Every addition, in the order of remarks.
pub fn find(desired: &Desired, live: &Live) -> Vec<Remark> {
    let mut found = Vec::new();
    role::find(desired, live, &mut found);
    queue::find(desired, live, &mut found);
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

/// What anybody may do of this, with the resource that it is done to, in words.
fn undoing(
    policy: Option<&Value>,
    all: impl Iterator<Item = (&'static str, String)>,
) -> Option<String> {
    let open: Vec<(&str, String)> = all
        .filter_map(|(action, on)| Some((action, stranger::opening(policy, action, &on)?)))
        .collect();
    let (_, statement) = open.first()?;
    let actions: Vec<&str> = open.iter().map(|(action, _)| *action).collect();
    Some(format!(
        "Anybody may call {} on it, by {statement} of its policy: alerts can be read or undone. Take the statement out, or let it ask who calls, such as by aws:PrincipalOrgID.",
        actions.join(", ")
    ))
}

/// One remark of two about the same object and code.
fn both(first: Option<Remark>, second: Option<Remark>) -> Option<Remark> {
    match (first, second) {
        (Some(first), Some(second)) => {
            Some(Remark { text: format!("{} {}", first.text, second.text), ..first })
        }
        (first, second) => first.or(second),
    }
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
