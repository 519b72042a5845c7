//! The `text` format: short lines for an e-mail, whose body cannot be styled and whose subject is
//! always "AWS Notification Message".
//!
//! Every line is quoted by itself, as EventBridge asks for, and the quotes stay in the mail
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-input-transformer-tutorial.html>).
//! A missing field becomes empty text, so each line must read well without it.

use super::object::Object;
use super::{headline, link, variables, words};
use crate::blueprint::Alert;
use crate::scope::Partition;

pub(super) fn template(alert: &Alert, partition: Partition, object: Option<&Object>) -> String {
    let risk = alert.risk.as_str().to_uppercase();
    let line = |(what, how): &(&str, String)| format!("{what}: {how}");
    let mut lines = vec![format!("[{risk}] {}", headline::of(alert, &own(&alert.title)))];
    lines.extend(["Account: <account>".to_owned(), "Region: <region>".to_owned()]);
    lines.extend(variables::who(alert).iter().chain(&variables::user_name(alert)).map(line));
    let (name, source) = variables::event(alert);
    lines.extend(["From: <source-ip>".to_owned(), format!("What: {name} ({source})")]);
    if let Some(object) = object {
        let touched = object.lines().into_iter();
        lines.extend(touched.map(|(what, how)| format!("{what}: {how}")));
    }
    lines.push("When: <time>".to_owned());
    for (what, text) in [("Why", &alert.why), ("Next", &alert.next)] {
        if !text.is_empty() {
            lines.push(format!("{what}: {}", own(text)));
        }
    }
    lines.push(format!("Alert: {} (rule <aws.events.rule-name>)", own(&alert.id)));
    // A space keeps the closing quote out of the link that a mail program makes of it.
    lines.push(match link(partition) {
        Some(link) => format!("Event: {link} "),
        None => "Event: <event-id>".to_owned(),
    });
    lines.iter().map(|line| format!("\"{line}\"")).collect::<Vec<_>>().join("\n")
}

/// The blueprint's own words inside quotes. An escaped quote would reach the reader with its
/// backslash, so a plain one stands in for it.
pub(super) fn own(text: &str) -> String {
    words(text).replace('"', "'").replace('\\', "\\\\")
}
