//! A verdict as people read it: worst first, each broken link once.

use super::{Paint, count, places};
use crate::proof::{Counts, Finding, Report, Severity, Status};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Most alerts that a finding names before it only counts.
const ALERTS_SHOWN: usize = 6;

/// Renders a report of `verify`.
pub fn render(report: &Report, paint: Paint) -> String {
    let mut out = String::new();
    let counts = &report.counts;
    let alerts = count(report.alerts.len(), "alert");
    let _ = writeln!(
        out,
        "Blueprint {}: {alerts}, to be heard from {} alert × place pairs.",
        paint.head(&report.blueprint),
        counts.total()
    );
    let degraded = match report.degraded {
        0 => String::new(),
        many => format!(", {}", paint.warn(format!("{many} degraded"))),
    };
    let _ = writeln!(out, "{}{degraded}.", tally(counts, paint));
    for finding in &report.links {
        render_finding(&mut out, finding, paint);
    }
    if !report.alerts.is_empty() {
        let head = "Alerts, with the share of places in their worst state";
        let _ = writeln!(out, "\n{}", paint.head(head));
    }
    let longest = report.alerts.iter().map(|alert| alert.alert.len()).max().unwrap_or(0);
    for alert in &report.alerts {
        let worst = worst(&alert.counts);
        let word = paint_status(worst, &format!("{:8}", worst.as_str()), paint);
        let share = format!("{}/{}", of(&alert.counts, worst), alert.counts.total());
        let _ = writeln!(
            out,
            "  {word} {share:>7}  {:8}  {:longest$}  {}",
            alert.risk.as_str(),
            alert.alert,
            paint.dim(&alert.title)
        );
    }
    for alert in &report.unrouted {
        let _ = writeln!(
            out,
            "  {} {alert}: its route is empty, so nobody is to hear of it",
            paint.dim("unrouted")
        );
    }
    if !report.remarks.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("Remarks"));
        for said in &report.remarks {
            let mark = match said.severity {
                Severity::Degraded => paint.warn("degraded"),
                Severity::Note => paint.dim("note"),
            };
            let _ = writeln!(out, "  {mark} {}  {}", paint.head(said.code), places(&said.places));
            let _ = writeln!(out, "    {}", said.text);
        }
    }
    let _ = writeln!(
        out,
        "\n{}",
        paint.dim("Proven means that every link ctguard can read is right. It is no promise of AWS's best-effort delivery, of events above 256 KB,\nof organization policies that cannot be read here, or that a mailbox is read.")
    );
    out
}

fn tally(counts: &Counts, paint: Paint) -> String {
    let part = |number: usize, status: Status| {
        let text = format!("{number} {}", status.as_str());
        if number == 0 { paint.dim(text) } else { paint_status(status, &text, paint) }
    };
    [
        part(counts.broken, Status::Broken),
        part(counts.unknown, Status::Unknown),
        part(counts.assumed, Status::Assumed),
        part(counts.proven, Status::Proven),
    ]
    .join(", ")
}

fn render_finding(out: &mut String, finding: &Finding, paint: Paint) {
    let status = paint_status(finding.status, finding.status.as_str(), paint);
    let _ = writeln!(out, "\n{status} {}  {}", paint.head(finding.code), places(&finding.places));
    let _ = writeln!(out, "  {}", finding.object);
    let _ = writeln!(out, "  {}.", finding.cause);
    if !finding.alerts.is_empty() {
        let _ = writeln!(out, "  Alerts: {}.", alerts(&finding.alerts));
    }
    if !finding.fix.is_empty() {
        let _ = writeln!(out, "  Fix: {}", finding.fix);
    }
}

fn alerts(alerts: &BTreeSet<String>) -> String {
    let mut names: Vec<String> = alerts.iter().take(ALERTS_SHOWN).cloned().collect();
    if alerts.len() > ALERTS_SHOWN {
        names.push(format!("and {} more", alerts.len() - ALERTS_SHOWN));
    }
    names.join(", ")
}

fn paint_status(status: Status, text: &str, paint: Paint) -> String {
    match status {
        Status::Proven => paint.good(text),
        Status::Assumed | Status::Unknown => paint.warn(text),
        Status::Broken => paint.bad(text),
    }
}

fn worst(counts: &Counts) -> Status {
    [Status::Broken, Status::Unknown, Status::Assumed]
        .into_iter()
        .find(|status| of(counts, *status) > 0)
        .unwrap_or(Status::Proven)
}

fn of(counts: &Counts, status: Status) -> usize {
    match status {
        Status::Proven => counts.proven,
        Status::Assumed => counts.assumed,
        Status::Unknown => counts.unknown,
        Status::Broken => counts.broken,
    }
}
