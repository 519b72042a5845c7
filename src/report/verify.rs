//! A verdict as people read it: worst first, each broken link once.

use super::{Paint, count, places};
use crate::proof::{Counts, Finding, LinkCode, Report, Said, Severity, Status};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Most alerts that a finding names, and rules that a remark does, before it only counts.
const NAMES_SHOWN: usize = 6;

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
        render_remarks(&mut out, &report.remarks, paint);
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
        let _ = writeln!(out, "  Alerts: {}.", some(&finding.alerts));
    }
    if !finding.fix.is_empty() {
        let _ = writeln!(out, "  Fix: {}", finding.fix);
    }
}

/// The remarks; what is said in the same words of several objects is said once, with their names.
fn render_remarks(out: &mut String, remarks: &[Said], paint: Paint) {
    let mut alike: Vec<(&Said, BTreeSet<String>)> = Vec::new();
    for said in remarks {
        let same = |one: &&mut (&Said, BTreeSet<String>)| {
            (one.0.code, &one.0.text, &one.0.places) == (said.code, &said.text, &said.places)
        };
        match alike.iter_mut().find(same) {
            Some((_, names)) => drop(names.insert(name(&said.object))),
            None => alike.push((said, BTreeSet::from([name(&said.object)]))),
        }
    }
    for (said, names) in alike {
        let mark = match said.severity {
            Severity::Degraded => paint.warn("degraded"),
            Severity::Note => paint.dim("note"),
        };
        let _ = writeln!(out, "  {mark} {}  {}", paint.head(said.code), places(&said.places));
        let _ = writeln!(out, "    {}", said.text);
        if said.code == LinkCode::NeverFired {
            let _ = writeln!(out, "    Rules: {}.", some(&names));
        }
    }
}

/// The last part of an ARN.
fn name(object: &str) -> String {
    object.rsplit(['/', ':']).next().unwrap_or(object).to_owned()
}

/// A few names, and how many more there are.
fn some(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMES_SHOWN).cloned().collect();
    if names.len() > NAMES_SHOWN {
        shown.push(format!("and {} more", names.len() - NAMES_SHOWN));
    }
    shown.join(", ")
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
