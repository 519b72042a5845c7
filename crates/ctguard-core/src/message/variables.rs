//! The fields of an event that may stand in a template.
//!
//! AWS restricts their characters: account ids are digits, ids and names of events and services
//! letters and digits, an ARN has neither quotes nor spaces. A user agent, an error message or a
//! request's parameters are whatever the caller wrote, and stand nowhere here.

use crate::blueprint::Alert;
use crate::event::{EventKind, EventRef};
use std::collections::{BTreeMap, BTreeSet};

/// Variables and their paths in the event, in alphabetical order.
const VARIABLES: [(&str, &str); 12] = [
    ("account", "$.account"),
    ("error-code", "$.detail.errorCode"),
    ("event-id", "$.detail.eventID"),
    ("event-name", "$.detail.eventName"),
    ("event-source", "$.detail.eventSource"),
    ("identity-account", "$.detail.userIdentity.accountId"),
    ("identity-arn", "$.detail.userIdentity.arn"),
    ("identity-type", "$.detail.userIdentity.type"),
    ("invoked-by", "$.detail.userIdentity.invokedBy"),
    ("region", "$.region"),
    ("source-ip", "$.detail.sourceIPAddress"),
    ("time", "$.time"),
];

/// The variables that an alert's template uses, with their paths.
pub(super) fn paths_in(template: &str, alert: &Alert) -> BTreeMap<String, String> {
    let known = VARIABLES.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    known
        .chain(results(alert))
        .filter(|(name, _)| template.contains(&format!("<{name}>")))
        .collect()
}

/// Where the result of each of the alert's sign-ins stands: `Success` or `Failure`. Calls tell
/// their result by an error code, sign-ins do not.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
pub(super) fn results(alert: &Alert) -> Vec<(String, String)> {
    let names: BTreeSet<&str> = alert
        .events
        .iter()
        .filter(|event| is_sign_in(event))
        .map(|event| if event.is_family() { "ConsoleLogin" } else { &event.name })
        .collect();
    let result =
        |name: &str| (format!("result-{name}"), format!("$.detail.responseElements.{name}"));
    names.into_iter().map(result).collect()
}

/// Whether it is a sign-in. What is taken for one in case it is one has no result of its own.
fn is_sign_in(event: &EventRef) -> bool {
    event.kind == EventKind::Signin && event.includes_source("signin.amazonaws.com")
}

/// Lines that tell how it ended: an error code for calls, which a successful one lacks, and a
/// result for sign-ins. Each is there only if the alert has events of that kind.
pub(super) fn outcome(alert: &Alert) -> Vec<(&'static str, String)> {
    let calls = alert.events.iter().any(|event| !is_sign_in(event));
    let error = calls.then(|| ("Error", "<error-code> (blank: the call succeeded)".to_owned()));
    let results: String = results(alert).into_iter().map(|(name, _)| format!("<{name}>")).collect();
    let result = (!results.is_empty()).then_some(("Sign-in", results));
    error.into_iter().chain(result).collect()
}
