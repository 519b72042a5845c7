//! The first line of a message: what happened, or that somebody tried it and failed.
//!
//! A title tells of what was done. A template has no conditions, so what the alert takes decides:
//!
//! | the alert takes | first line |
//! |---|---|
//! | successes | the title |
//! | failures | `Tried and failed: ` and the title, if it does not say so itself, and the error |
//! | both | the title and, in brackets, what tells them apart, with how to read it |
//!
//! An error code is missing from a call that succeeded, empty or `200` ([`crate::event::outcome`]),
//! so the brackets say what a blank means. Results of sign-ins and of services are words.

use super::variables;
use crate::blueprint::{Alert, Outcome};
use crate::event::outcome::{Told, asks_for_an_error};
use crate::event::{EventKind, EventRef};

/// Words by which a title says itself that nothing was done.
const SAID: [&str; 8] =
    ["tried", "attempt", "failed", "failure", "denied", "refused", "rejected", "unauthorized"];

/// The alert's title, with how it ended; `title` is its text as the format writes it.
pub(super) fn of(alert: &Alert, title: &str) -> String {
    let notes = notes(alert);
    let notes = match notes.is_empty() {
        true => String::new(),
        false => format!(" ({})", notes.join("; ")),
    };
    let small = title.to_lowercase();
    let said = SAID.iter().any(|word| small.contains(word));
    match taken(alert) {
        Outcome::Failure if !said => format!("Tried and failed: {title}{notes}"),
        _ => format!("{title}{notes}"),
    }
}

/// What the alert takes, by its `outcome` or by a condition on the error code.
pub(crate) fn taken(alert: &Alert) -> Outcome {
    match alert.outcome {
        Outcome::Any if alert.filter.as_ref().is_some_and(asks_for_an_error) => Outcome::Failure,
        asked => asked,
    }
}

/// What tells the outcome: an error code for calls, a result for sign-ins and what services do.
fn notes(alert: &Alert) -> Vec<String> {
    let ended = taken(alert);
    let mut notes = Vec::new();
    if ended != Outcome::Success
        && alert.events.iter().any(|event| Told::of_asked(event).contains(&Told::ErrorCode))
    {
        let asked = alert.filter.as_ref().is_some_and(asks_for_an_error);
        // Of others than calls, and beside them, a blank code is no word of success.
        let call = |event: &EventRef| {
            matches!(
                event.kind,
                EventKind::Api | EventKind::Data | EventKind::Console | EventKind::Network
            )
        };
        let read = match (ended, alert.events.iter().all(call)) {
            (Outcome::Failure, true) => "",
            // A condition on the code takes neither.
            _ if asked => "",
            (_, true) => "; if blank or 200 it was done, else only tried",
            (_, false) => "; if blank or 200 none is recorded, else it failed",
        };
        notes.push(format!("error: <error-code>{read}"));
    }
    for (label, signs_in) in [("sign-in", true), ("result", false)] {
        let results = variables::results(alert).into_iter();
        let results = results.filter(|result| result.signs_in == signs_in);
        let values: String = results.map(|result| format!("<{}>", result.variable)).collect();
        if !values.is_empty() {
            let always = alert.events.iter().all(|event| variables::has_result(event, signs_in));
            let read = if always { "" } else { ", blank: not recorded" };
            notes.push(format!("{label}: {values}{read}"));
        }
    }
    notes
}
