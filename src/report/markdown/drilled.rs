//! A drill as Markdown.

use super::{Document, code, plain};
use crate::report::drill::{NOT_TOLD, at, method, of};
use ctguard_core::drill::{DrillReport, DrilledAlert, ReceiptStatus};

/// Renders a drill in at most `limit` bytes.
pub fn drilled(report: &DrillReport, limit: usize) -> String {
    let mut out = Document::default();
    out.say(format!("### ctguard drill: {}", plain(&report.blueprint)));
    let counts = &report.counts;
    out.say(match report.performed {
        true => format!(
            "**{} received, {} missing, {} unknown.** {NOT_TOLD}",
            counts.received, counts.missing, counts.unknown
        ),
        false => "Nothing was done: this is what a drill would do.".to_owned(),
    });
    let told = |alert: &DrilledAlert| {
        let receipts = alert.receipts.iter().map(|receipt| {
            let said = match (&receipt.why, receipt.after) {
                (Some(why), _) => plain(why),
                (None, Some(after)) => format!("after {after} s"),
                (None, None) => receipt.status.as_str().to_owned(),
            };
            format!("{}: {said}", plain(&receipt.destination))
        });
        let receipts: Vec<String> = receipts.collect();
        format!(
            "{} in {}, {}; {}",
            code(&alert.alert),
            plain(&at(&alert.lands, report)),
            plain(&method(alert)),
            receipts.join("; ")
        )
    };
    for (title, status) in [
        ("Missing", ReceiptStatus::Missing),
        ("Unknown", ReceiptStatus::Unknown),
        ("Received", ReceiptStatus::Received),
        ("Would be raised", ReceiptStatus::Planned),
    ] {
        let alerts = report.alerts.iter().filter(|alert| alert.status == status);
        out.list(title, "alerts", alerts.map(told).collect());
    }
    let passed = report.passed_over.iter().map(|passed| {
        let place = plain(&at(&passed.lands, report));
        format!("{} in {place}: {}", code(&passed.alert), plain(&passed.why))
    });
    out.list("Not drilled", "alerts", passed.collect());
    let left = report.left.iter().map(|left| plain(left)).collect();
    out.list("Left behind", "objects", left);
    let calls = report.calls.iter().map(|call| {
        let error = call.error.as_ref().map(|error| format!(": {}", plain(error)));
        let (what, place) = (code(&call.operation), plain(&call.place.to_string()));
        let object = code(&call.object);
        format!("{what} {object} in {place}, {}{}", of(call.purpose), error.unwrap_or_default())
    });
    out.list("Calls", "calls", calls.collect());
    out.render(limit)
}
