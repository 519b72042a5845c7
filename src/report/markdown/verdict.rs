//! A verdict as Markdown.

use super::{Document, code, places, plain};
use crate::report::account;
use crate::report::verify::{self, Group, names, of, worst};
use ctguard_core::plural::count;
use ctguard_core::proof::{Finding, RemarkSeverity, Report, Status};
use std::collections::BTreeSet;

/// Renders a verdict in at most `limit` bytes.
pub fn verdict(report: &Report, limit: usize) -> String {
    let names = names(report);
    let mut out = Document::default();
    out.say(format!("### ctguard verify: {}", plain(&report.blueprint)));
    let counts = &report.counts;
    out.say(format!(
        "**{} broken, {} unknown, {} assumed, {} proven** of {} alert × place combinations; {} degraded.",
        counts.broken,
        counts.unknown,
        counts.assumed,
        counts.proven,
        counts.total(),
        report.degraded
    ));
    if report.partly > 0 {
        out.say(verify::partly(report));
    }
    if let Some(beside) = verify::beside(report) {
        out.say(beside);
    }
    let part = report.shard.as_ref().map(|shard| format!(", part {shard} of the fleet"));
    out.say(format!(
        "{} in {}{}, as of {}.",
        count(report.alerts.len(), "alert"),
        count(report.accounts.len(), "account"),
        part.unwrap_or_default(),
        report.as_of
    ));
    let groups = verify::groups(&report.links);
    let of_status = |status: Status| -> Vec<String> {
        let groups = groups.iter().filter(|group| group.status() == Some(status));
        groups.map(|group| folded(group, &names)).collect()
    };
    out.list("Broken", "broken links", of_status(Status::Broken));
    let unread = report.unread.iter().map(|unread| {
        let ids: Vec<String> =
            unread.accounts.iter().take(10).map(|id| plain(&account(id, &names))).collect();
        let many = count(unread.accounts.len(), "account");
        let (operation, why) = (code(&unread.operation), plain(&unread.message));
        format!(
            "{many} not read ({}): {operation} failed: {why}. {}",
            ids.join(", "),
            plain(&unread.fix)
        )
    });
    out.list("Accounts that could not be read", "reasons", unread.collect());
    out.list("Unknown", "unknown links", of_status(Status::Unknown));
    out.list("Assumed", "assumed links", of_status(Status::Assumed));
    let rows: Vec<Vec<String>> = report
        .alerts
        .iter()
        .map(|alert| {
            let worst = worst(&alert.counts);
            let share = format!("{}/{}", of(&alert.counts, worst), alert.counts.total());
            vec![
                code(&alert.alert),
                alert.risk.as_str().to_owned(),
                worst.as_str().to_owned(),
                share,
                plain(&alert.title),
            ]
        })
        .collect();
    let columns = ["alert", "risk", "worst", "share of places", "title"];
    out.table("Alerts, with the share of places in their worst state", "alerts", &columns, rows);
    if !report.unrouted.is_empty() {
        let ids: Vec<String> = report.unrouted.iter().take(20).map(|id| code(id)).collect();
        out.say(format!("Alerts that notify nobody: {}.", ids.join(", ")));
    }
    let remarks = report.remarks.iter().map(|said| {
        let at = places(said.places.iter().map(|place| (&place.account, &place.region)), &names);
        let severity = match said.severity {
            RemarkSeverity::Degraded => "degraded",
            RemarkSeverity::Note => "note",
        };
        let (object, text) = (code(&said.object), plain(&said.text));
        format!("- {severity} {} {object} in {at}: {text}\n", code(said.code.as_str()))
    });
    out.details("Remarks", "remarks", remarks.collect());
    out.render(limit)
}

/// What has one reason, with all that it is about.
fn folded(group: &Group<'_>, names: &crate::report::AccountNames<'_>) -> String {
    let (cause, fix) = group.words();
    let Some(first) = group.findings.first() else { return String::new() };
    let alerts: BTreeSet<String> =
        group.findings.iter().flat_map(|finding| finding.alerts.iter().cloned()).collect();
    let places = group.places.iter().map(|place| (*place).clone()).collect();
    let told = Finding { cause, fix, alerts, places, ..(*first).clone() };
    let more = match group.findings.len() {
        0 | 1 => String::new(),
        many => format!(" And {} more.", count(many - 1, "object")),
    };
    format!("{}{more}", finding(&told, names))
}

fn finding(link: &Finding, names: &crate::report::AccountNames<'_>) -> String {
    let at = places(link.places.iter().map(|place| (&place.account, &place.region)), names);
    let fix =
        if link.fix.is_empty() { String::new() } else { format!(" Fix: {}", plain(&link.fix)) };
    let alerts: Vec<String> = link.alerts.iter().take(6).map(|alert| code(alert)).collect();
    let alerts = match link.alerts.len() {
        0 => String::new(),
        few if few <= 6 => format!(" Alerts: {}.", alerts.join(", ")),
        many => format!(" Alerts: {}, and {} more.", alerts.join(", "), many - 6),
    };
    let (object, cause) = (code(&link.object), plain(&link.cause));
    format!("{} {object} in {at}: {cause}.{alerts}{fix}", code(link.code.as_str()))
}
