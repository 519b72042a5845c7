//! Alerts whose message names nobody.

use crate::blueprint::{Alert, Allowed, Blueprint, Destination};
use crate::codes;
use crate::diag::Diagnostic;
use crate::event::{EventKind, EventRef};
use crate::message;
use crate::record;
use std::collections::BTreeSet;

/// Warns of each alert of which no record of an event has a field that the message of a destination
/// could name somebody by.
pub(super) fn warnings(blueprint: &Blueprint, allowed: &Allowed) -> Vec<Diagnostic> {
    let alerts = blueprint.alerts.iter();
    let told = alerts.filter(|alert| !allowed.has(codes::TEXT_EMPTY, &alert.id));
    told.filter_map(|alert| warning(blueprint, alert)).collect()
}

fn warning(blueprint: &Blueprint, alert: &Alert) -> Option<Diagnostic> {
    let heard = |one: &&Destination| blueprint.notifies(alert, &one.name);
    let written = blueprint.destinations.values().filter(heard);
    let (destination, naming) =
        written.filter_map(|one| Some((one, message::naming(alert, one.format)?))).next()?;
    let none = record::none_recorded(&alert.asked(&[]), &naming);
    // What may be of several kinds names somebody where it does as one of them.
    let insight = |event: &EventRef| event.kind == EventKind::Insight;
    let judged = || alert.events.iter().zip(&none);
    let empty = |event: &&EventRef| {
        let same = |one: &EventRef| (one.short(), insight(one)) == (event.short(), insight(event));
        judged().filter(|(one, _)| same(one)).all(|(_, none)| *none)
    };
    let empty = || alert.events.iter().filter(empty);
    let names: BTreeSet<String> = empty().map(|event| format!("`{}`", event.short())).collect();
    if names.is_empty() {
        return None;
    }
    let names: Vec<String> = names.into_iter().collect();
    let help = match empty().all(insight) {
        true => "an Insights event has no caller: say in `next` where to look, and allow it",
        false => {
            "write `format: mail` (or `json`, `raw`), which have the name; or say in `next` where \
             the event has it, and allow it"
        }
    };
    let message = format!(
        "of {} the message of `{}` to `{}` names nobody: what `{}` may show of a caller is in no \
         such record",
        names.join(", "),
        alert.id,
        destination.name,
        destination.format.as_str()
    );
    Some(Diagnostic::warning(codes::TEXT_EMPTY, message).at(alert.span.clone()).help(help))
}
