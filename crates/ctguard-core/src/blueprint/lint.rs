//! Warnings about a valid blueprint: what is allowed but likely to cause missed alerts or noise.
//!
//! Each has a code that `allow:` silences, for the whole blueprint or for one alert.

mod conditions;
mod destinations;
mod events;
mod family;
mod frequent;
mod places;
mod size;
mod together;
mod webhook;

pub(super) use destinations::EMAIL_PLACES;

use super::overlap::redundant;
use super::validate::{AlertNotes, Checked};
use super::{Alert, Blueprint, Regions, Risk};
use crate::codes;
use crate::diag::{Code, Diagnostic, Span};
use jiff::civil::Date;
use std::collections::BTreeSet;
use together::{Cause, Shared};

/// Days before its end from which an exception is warned about.
const EXPIRES_SOON_DAYS: i32 = 14;

/// What ends on a date, and the effect from the day after.
const EXCEPTION: (&str, &str) =
    ("exception", "from the day after, what it excepts raises the alert again");
const TRUST: (&str, &str) =
    ("trust in a trail", "from the day after, `verify` says again that it is unknown");

/// All warnings except those that `allow:` silences.
pub(super) fn lint(checked: &Checked, as_of: Date, out: &mut Vec<Diagnostic>) {
    let mut linter = Linter { checked, shared: Vec::new(), out };
    let blueprint = &checked.blueprint;
    if let Regions::Enabled { except } = &blueprint.regions {
        for exception in except {
            linter.until(EXCEPTION, exception.until, as_of, exception.span.as_ref(), None);
        }
    }
    for trust in &blueprint.trust_trails {
        linter.until(TRUST, trust.until, as_of, trust.span.as_ref(), None);
    }
    for (alert, notes) in blueprint.alerts.iter().zip(&checked.alerts) {
        linter.alert(alert, notes);
        linter.size(alert, notes, as_of);
        for exception in &alert.except {
            linter.until(EXCEPTION, exception.until, as_of, exception.span.as_ref(), Some(notes));
        }
    }
    for destination in blueprint.destinations.values() {
        linter.destination(destination);
    }
    linter.wildcards(blueprint, &checked.alerts);
    linter.duplicates(blueprint, &checked.alerts);
    linter.email_confirmations(blueprint);
    linter.together();
}

/// The error that `routes:` was forgotten, in place of a warning for each alert.
pub(super) fn without_routes(checked: &Checked) -> Option<Diagnostic> {
    let blueprint = &checked.blueprint;
    let code = codes::ALERT_WITHOUT_DESTINATION;
    if checked.routes.is_some()
        || checked.allow.contains(&code)
        || blueprint.destinations.is_empty()
    {
        return None;
    }
    let all = blueprint.alerts.iter().zip(&checked.alerts);
    let silent: Vec<&Alert> = all
        .filter(|(alert, notes)| !alert.own_notify && !notes.allow.contains(&code))
        .map(|(alert, _)| alert)
        .filter(|alert| !blueprint.is_routed(alert))
        .collect();
    let risks: BTreeSet<&str> = silent.iter().map(|alert| alert.risk.as_str()).collect();
    let destination = blueprint.destinations.values().next()?;
    let routes: Vec<String> =
        risks.iter().map(|risk| format!("{risk}: [{}]", destination.name)).collect();
    let message = match silent.as_slice() {
        [] => return None,
        [one] => format!("there is no `routes`, so `{}` reaches nobody", one.id),
        many => format!("there is no `routes`, so {} alerts reach nobody", many.len()),
    };
    let help = format!("write `routes: {{ {} }}`, or `notify:` to an alert", routes.join(", "));
    let error = Diagnostic::error(codes::ROUTES_MISSING, message).help(help);
    Some(error.at(destination.span.clone()))
}

struct Linter<'a> {
    checked: &'a Checked,
    /// What several alerts may have in common, in the order of the alerts.
    shared: Vec<Shared>,
    out: &'a mut Vec<Diagnostic>,
}

impl Linter<'_> {
    fn warn(
        &mut self,
        code: Code,
        alert: Option<&AlertNotes>,
        span: Option<&Span>,
        message: String,
        help: String,
    ) {
        if !self.allowed(code, alert) {
            self.out.push(Diagnostic::warning(code, message).at(span.cloned()).help(help));
        }
    }

    /// Whether the blueprint or the alert silences a warning.
    fn allowed(&self, code: Code, alert: Option<&AlertNotes>) -> bool {
        self.checked.allow.contains(&code) || alert.is_some_and(|notes| notes.allow.contains(&code))
    }

    fn until(
        &mut self,
        (what, afterwards): (&str, &str),
        until: Option<Date>,
        as_of: Date,
        span: Option<&Span>,
        alert: Option<&AlertNotes>,
    ) {
        let Some(until) = until else { return };
        // Both are dates of the calendar, so the days between them always fit.
        let days = as_of.until(until).map_or(i32::MAX, |span| span.get_days());
        if days < 0 {
            self.warn(
                codes::EXCEPTION_EXPIRED,
                alert,
                span,
                format!("this {what} ended on {until}"),
                "it no longer applies: remove it, or give it a new `until`".to_owned(),
            );
        } else if days <= EXPIRES_SOON_DAYS {
            let left = match days {
                0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                days => format!("in {days} days"),
            };
            self.warn(
                codes::EXCEPTION_EXPIRES_SOON,
                alert,
                span,
                format!("this {what} ends {left}, on {until}"),
                afterwards.to_owned(),
            );
        }
    }

    fn alert(&mut self, alert: &Alert, notes: &AlertNotes) {
        let span = alert.span.as_ref();
        if !self.checked.blueprint.is_routed(alert) {
            self.unrouted(alert, notes);
        }
        let absent: Vec<&str> = [("why", &alert.why), ("next", &alert.next)]
            .into_iter()
            .filter(|(_, text)| text.is_empty())
            .map(|(key, _)| key)
            .collect();
        if !absent.is_empty() {
            self.warn(
                codes::ALERT_UNEXPLAINED,
                Some(notes),
                span,
                format!("`{}` has no `{}`", alert.id, absent.join("` and no `")),
                "say why it matters and what to do next: both are part of the message".to_owned(),
            );
        }
        self.conditions(alert, notes);
        self.places(alert, notes);
        self.complexity(alert, notes);
        self.records(alert, notes);
        self.events(alert, notes);
        self.families(alert, notes);
        self.frequent_calls(alert, notes);
        if alert.risk == Risk::Critical {
            self.critical(alert, notes);
        }
    }

    /// An alert that reaches nobody.
    fn unrouted(&mut self, alert: &Alert, notes: &AlertNotes) {
        let span = alert.span.as_ref();
        let code = codes::ALERT_WITHOUT_DESTINATION;
        if !alert.notify.is_empty() {
            let message = format!("`{}` reaches nobody: every account leaves it out", alert.id);
            let help = "take it out of `omit`, or give its risk a route in some account";
            self.warn(code, Some(notes), span, message, help.to_owned());
        } else if alert.own_notify {
            let message = format!("`{}` has an empty `notify`", alert.id);
            self.warn(code, Some(notes), span, message, "name a destination".to_owned());
        } else {
            let risk = alert.risk.as_str();
            let cause = Cause {
                code,
                one: format!("reaches nobody: no route for risk `{risk}`"),
                several: format!("reach nobody, for want of a route for risk `{risk}`"),
                help: format!("add `routes: {{ {risk}: [...] }}`, or `notify:` to the alert"),
                at: self.checked.routes.clone(),
            };
            self.warn_together((alert, notes), span, cause);
        }
    }

    /// Alerts that another one makes superfluous.
    fn duplicates(&mut self, blueprint: &Blueprint, notes: &[AlertNotes]) {
        for (at, alert, other) in redundant(blueprint) {
            self.warn(
                codes::ALERT_DUPLICATED,
                notes.get(at),
                alert.span.as_ref(),
                format!(
                    "whatever raises `{}` raises `{}`, too: everybody is told twice",
                    alert.id, other.id
                ),
                format!("`omit` or remove `{}`, or send it to somebody else", alert.id),
            );
        }
    }
}
