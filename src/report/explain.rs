//! Renders an explanation: each chain from the call to the subscribers, top to bottom.

use super::plan::Detail;
use super::{Paint, places, wrap};
use ctguard_core::blueprint::Outcome;
use ctguard_core::event::outcome::ERROR_CODE;
use ctguard_core::explain::{
    AlertExplained, Chain, ChainLink, Counted, Exempt, ExplainSubject, Explanation,
    FamilyExplained, Limits,
};
use ctguard_core::plural::count;
use ctguard_core::proof::Status;
use ctguard_core::snapshot::{Observed, RuleSignals};
use std::fmt::Write;

/// Renders what `explain` found.
///
/// In brief, the values that were read stand at links that are not proven alone.
pub fn render(explanation: &Explanation, detail: Detail, paint: Paint) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", headline(explanation, paint));
    for alert in &explanation.alerts {
        render_alert(&mut out, alert, &explanation.asked, (detail, paint));
    }
    if !explanation.signals.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("Signals of these places"));
        for link in &explanation.signals {
            render_link(&mut out, link, detail, paint);
        }
    }
    if !explanation.counted.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("What was counted"));
    }
    for Counted { rule, places: at, seen } in &explanation.counted {
        let _ = writeln!(out, "    {rule} in {}", places(at));
        let said = match seen {
            Observed::Known(signals) => signal_line(signals),
            Observed::Unreadable(why) => format!("not known: {why}"),
            Observed::Absent => continue,
        };
        let _ = writeln!(out, "      {said}.");
    }
    let chains = explanation.alerts.iter().flat_map(|alert| &alert.chains);
    let mut links = chains.flat_map(|chain| &chain.links).chain(&explanation.signals);
    if links.any(|link| link.live.is_some() && !tells_live(link, detail)) {
        let hint = "`-v` shows what was read of proven links, too: patterns, policies, selectors.";
        let _ = writeln!(out, "\n{}", paint.dim(hint));
    }
    wrap::fit(&out, paint.width)
}

/// A rule's numbers in a sentence.
fn signal_line(signals: &RuleSignals) -> String {
    let RuleSignals { fired, failed, lost } = *signals;
    let fired = match fired.count {
        0 => format!("it has not fired in {}", fired.span()),
        1 => format!("it fired once in {}", fired.span()),
        many => format!("it fired {many} times in {}", fired.span()),
    };
    let failed = match (failed.count, lost.count) {
        (0, 0) => format!("nothing was refused in {}", failed.span()),
        (refused, lost) => format!(
            "{refused} refused in {}, and {lost} that the dead-letter queue did not take",
            failed.span()
        ),
    };
    format!("{fired}; {failed}")
}

fn headline(explanation: &Explanation, paint: Paint) -> String {
    let blueprint = paint.head(&explanation.blueprint);
    let events = match &explanation.asked {
        ExplainSubject::Alert(id) => {
            return format!(
                "Alert {} of blueprint {blueprint}, as of {}.",
                paint.head(id),
                explanation.as_of
            );
        }
        ExplainSubject::Events(events) => events,
    };
    let verb = if events.len() > 1 { "are" } else { "is" };
    let events = events.join(", ");
    if explanation.alerts.is_empty() {
        return format!(
            "{} {verb} watched by no alert of blueprint {blueprint}: nobody is notified.",
            paint.head(events)
        );
    }
    format!(
        "{} {verb} watched by {} of blueprint {blueprint}, as of {}.",
        paint.head(events),
        count(explanation.alerts.len(), "alert"),
        explanation.as_of
    )
}

fn render_alert(
    out: &mut String,
    alert: &AlertExplained,
    asked: &ExplainSubject,
    (detail, paint): (Detail, Paint),
) {
    let _ =
        writeln!(out, "\n{}  {}  {}", paint.head(&alert.alert), alert.risk.as_str(), alert.title);
    if matches!(asked, ExplainSubject::Alert(_)) {
        let _ = writeln!(out, "  Watches {}.", alert.events.join(", "));
    }
    for FamilyExplained { family, known_events } in &alert.families {
        let known = count(*known_events, "event");
        let _ = writeln!(
            out,
            "  `{family}` is {known} that the catalogue knows, and those that AWS adds."
        );
    }
    render_limits(out, &alert.limits);
    if !alert.routed {
        let _ = writeln!(out, "  {}", paint.warn("Its route is empty, so it notifies nobody."));
        return;
    }
    if alert.chains.is_empty() {
        let _ = writeln!(out, "  Its events can land in none of the places that are looked at.");
        return;
    }
    for chain in &alert.chains {
        render_chain(out, chain, alert, (detail, paint));
    }
    if !alert.cannot_land.is_empty() {
        let _ = writeln!(
            out,
            "\n  {}",
            paint.dim(format!("Its events cannot land in {}.", places(&alert.cannot_land)))
        );
    }
}

fn render_limits(out: &mut String, limits: &Limits) {
    if let Some(condition) = &limits.condition {
        let _ = writeln!(out, "  Only where {condition}.");
    }
    let told = match limits.told_by.as_slice() {
        [] => String::new(),
        [code] if code == ERROR_CODE => String::new(),
        fields => format!(", told by `{}`", fields.join("`, `")),
    };
    // A sign-in is no call, nor is what a service does by itself.
    let what = if told.is_empty() { "the call" } else { "it" };
    match limits.outcome {
        Outcome::Any => {}
        Outcome::Success => {
            let _ = writeln!(out, "  Only when {what} succeeds{told}.");
        }
        Outcome::Failure => {
            let _ = writeln!(out, "  Only when {what} fails{told}.");
        }
    }
    for Exempt { condition, reason, owner, until } in &limits.except {
        let owner = owner.as_ref().map(|owner| format!(", says {owner}")).unwrap_or_default();
        let until = until.as_ref().map(|until| format!(", until {until}")).unwrap_or_default();
        let _ = writeln!(out, "  Not where {condition}: {reason}{owner}{until}.");
    }
}

fn render_chain(
    out: &mut String,
    chain: &Chain,
    alert: &AlertExplained,
    (detail, paint): (Detail, Paint),
) {
    let status = painted(chain.status, chain.status.as_str(), paint);
    let raised = chain.raised.as_ref().map(|place| format!(", raised in {place}"));
    let _ = write!(out, "\n  {status} in {}", places(&chain.places));
    let _ = write!(out, "{}", raised.unwrap_or_default());
    if chain.events != alert.events {
        let _ = write!(out, ", for {}", chain.events.join(", "));
    }
    let _ = writeln!(out);
    for link in &chain.links {
        render_link(out, link, detail, paint);
    }
}

fn render_link(out: &mut String, link: &ChainLink, detail: Detail, paint: Paint) {
    let mark = match link.status {
        Status::Proven => "✓",
        Status::Assumed => "~",
        Status::Unknown => "?",
        Status::Broken => "✗",
    };
    let mark = painted(link.status, mark, paint);
    // The code of a proven link names the first thing that could break it, which it is not.
    let trouble = match link.status {
        Status::Proven => String::new(),
        status => {
            format!("{} {}  ", painted(status, status.as_str(), paint), paint.head(link.code))
        }
    };
    let _ = writeln!(out, "    {mark} {trouble}{}", link.object);
    let _ = writeln!(out, "      {}.", link.cause);
    if let Some(live) = link.live.as_ref().filter(|_| tells_live(link, detail)) {
        let _ = writeln!(out, "      {}", paint.dim(format!("live: {live}")));
    }
    if !link.fix.is_empty() {
        let _ = writeln!(out, "      Fix: {}", link.fix);
    }
}

/// Whether what was read of a link is told: of one that is proven, its sentence says enough.
fn tells_live(link: &ChainLink, detail: Detail) -> bool {
    detail == Detail::Full || link.status != Status::Proven
}

fn painted(status: Status, text: &str, paint: Paint) -> String {
    match status {
        Status::Proven => paint.good(text),
        Status::Assumed | Status::Unknown => paint.warn(text),
        Status::Broken => paint.bad(text),
    }
}
