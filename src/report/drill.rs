//! A drill as text: what would be done, or what came of it.

use super::{AccountNames, Paint, account};
use ctguard_core::drill::{
    CallPurpose, DrillCall, DrillReport, DrilledAlert, Method, ReceiptStatus,
};
use ctguard_core::plural::count;
use ctguard_core::scope::Place;
use std::fmt::Write;

/// What no drill tells.
pub(super) const NOT_TOLD: &str = "A receipt shows that the topic delivered the alert to the drill's own queue. Whether each subscriber got it, only they can say.";

/// Renders a drill.
pub fn render(report: &DrillReport, paint: Paint) -> String {
    let mut out = String::new();
    match report.performed {
        true => performed(&mut out, report, paint),
        false => planned(&mut out, report, paint),
    }
    troubles(&mut out, report, paint);
    out
}

fn names(report: &DrillReport) -> AccountNames<'_> {
    report.names.iter().map(|(id, name)| (id, name.as_str())).collect()
}

/// A place, with the name of its account.
pub(super) fn at(place: &Place, report: &DrillReport) -> String {
    format!("{}/{}", account(&place.account, &names(report)), place.region)
}

fn planned(out: &mut String, report: &DrillReport, paint: Paint) {
    if !report.alerts.is_empty() {
        let _ = writeln!(
            out,
            "A drill of {} would raise {}. They are real alerts: everybody who is subscribed gets them.",
            paint.head(&report.blueprint),
            count(report.alerts.len(), "alert × place combination"),
        );
    }
    for alert in &report.alerts {
        let _ = writeln!(out, "\n{} in {}", paint.head(&alert.alert), at(&alert.lands, report));
        let _ = writeln!(out, "  {}", method(alert));
        for receipt in &alert.receipts {
            let who = count(receipt.subscribers, "confirmed subscriber");
            let _ = writeln!(out, "  to {} ({who})", receipt.destination);
            if let Some(why) = &receipt.why {
                let _ = writeln!(out, "    {}", paint.bad(why));
            }
        }
    }
    passed_over(out, report, paint);
    calls(out, report, paint);
    let _ = match report.calls.is_empty() && report.alerts.is_empty() {
        true => writeln!(out, "There is nothing to do."),
        false => writeln!(
            out,
            "\nNothing was done. With alerts, or --all-safe, and --yes these calls are made."
        ),
    };
}

/// How an alert is drilled, in one sentence.
pub(super) fn method(alert: &DrilledAlert) -> String {
    let event = alert.event.as_deref().unwrap_or_default();
    match alert.method {
        Method::Trigger => format!("by its own event {event}"),
        Method::StandIn => {
            format!("by {event} and a rule that stands in: {}", alert.why.as_deref().unwrap_or(""))
        }
        Method::None => "cannot be tried".to_owned(),
    }
}

fn passed_over(out: &mut String, report: &DrillReport, paint: Paint) {
    if report.passed_over.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Not drilled"));
    for passed in &report.passed_over {
        let place = at(&passed.lands, report);
        let _ = writeln!(out, "  {} in {place}: {}", passed.alert, passed.why);
    }
}

fn calls(out: &mut String, report: &DrillReport, paint: Paint) {
    if report.calls.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Calls, in order"));
    let mut purpose = None;
    for call in &report.calls {
        if purpose != Some(call.purpose) {
            purpose = Some(call.purpose);
            let _ = writeln!(out, "  {}", paint.dim(of(call.purpose)));
        }
        let raises = match call.alerts.as_slice() {
            [] => String::new(),
            alerts => format!(", raises {}", alerts.join(", ")),
        };
        let DrillCall { operation, object, place, .. } = call;
        let _ = writeln!(out, "    {operation} {object} in {place}{raises}");
    }
}

/// What calls are for.
pub(super) fn of(purpose: CallPurpose) -> &'static str {
    match purpose {
        CallPurpose::Leftover => "to remove what an earlier drill has left",
        CallPurpose::Announcement => "to tell the subscribers that a drill begins, or is over",
        CallPurpose::Receipt => "to receive what the topics send",
        CallPurpose::StandIn => "to make the rules that stand in",
        CallPurpose::Event => "to raise the events, and take away what was made for them",
        CallPurpose::CleanUp => "to clean up",
    }
}

fn performed(out: &mut String, report: &DrillReport, paint: Paint) {
    for alert in &report.alerts {
        let sign = match alert.status {
            ReceiptStatus::Received => paint.good("✓ received"),
            ReceiptStatus::Missing => paint.bad("✗ missing"),
            ReceiptStatus::Unknown | ReceiptStatus::Planned => paint.warn("? unknown"),
        };
        let _ = writeln!(out, "{sign} {} in {}", alert.alert, at(&alert.lands, report));
        let _ = writeln!(out, "    {}", method(alert));
        if let Some(after) = alert.seen_after {
            let _ = writeln!(out, "    the event was seen in the event history within {after} s");
        }
        if let Some(why) = &alert.unseen {
            let _ = writeln!(out, "    in the event history the event {why}");
        }
        for receipt in &alert.receipts {
            let _ = match (&receipt.why, receipt.after) {
                (Some(why), _) => writeln!(out, "    {}: {why}", receipt.destination),
                (None, Some(after)) => {
                    writeln!(out, "    {}: received after {after} s", receipt.destination)
                }
                (None, None) => writeln!(out, "    {}: received", receipt.destination),
            };
            for line in receipt.text.iter().flat_map(|text| text.lines()) {
                let _ = writeln!(out, "    {} {line}", paint.dim("│"));
            }
        }
    }
    passed_over(out, report, paint);
    let counts = &report.counts;
    if !report.alerts.is_empty() {
        let _ = writeln!(
            out,
            "Drilled {}: {} received, {} missing, {} unknown.",
            paint.head(&report.blueprint),
            counts.received,
            counts.missing,
            counts.unknown
        );
        let _ = writeln!(out, "{NOT_TOLD}");
    }
    let removes = |call: &&DrillCall| {
        matches!(call.purpose, CallPurpose::CleanUp | CallPurpose::Leftover)
            && call.done == Some(true)
    };
    let removed = report.calls.iter().filter(removes).count();
    if removed > 0 {
        let _ = writeln!(out, "Cleaned up with {}.", count(removed, "call"));
    }
}

fn troubles(out: &mut String, report: &DrillReport, paint: Paint) {
    for call in report.calls.iter().filter(|call| call.error.is_some()) {
        let DrillCall { operation, object, place, .. } = call;
        let error = call.error.as_deref().unwrap_or_default();
        let _ = writeln!(out, "{} {operation} {object} in {place}: {error}", paint.bad("✗ failed"));
    }
    for left in &report.left {
        let _ = writeln!(
            out,
            "{} {left}. `ctguard drill --clean-up` removes it.",
            paint.warn("· left behind")
        );
    }
    for unread in &report.unread {
        let _ = writeln!(
            out,
            "{} what a drill may have left in {}: {}. {}",
            paint.warn("? not read"),
            at(&unread.place, report),
            unread.why,
            unread.why.remedy_at(&unread.place)
        );
    }
    if report.interrupted {
        let _ = writeln!(out, "Stopped on request.");
    }
}
