//! The fields of an event that may stand in a template.
//!
//! AWS restricts their characters: account ids are digits, ids and names of events and services
//! letters and digits, an ARN has neither quotes nor spaces. A user agent, an error message or a
//! request's parameters are whatever the caller wrote, and stand nowhere here. So are the names
//! that identity providers and directories give (`userName` and `principalId` of SAMLUser,
//! WebIdentityUser, Directory, Unknown): who reads of one finds it in the event.
//!
//! A template cannot choose between fields. Each place for a name has a line that reads well when
//! it is blank:
//!
//! | type | `Who` | `Of account` | `Session of` |
//! |---|---|---|---|
//! | Root, IAMUser, Role | ARN | ✓ | |
//! | AssumedRole | ARN with role and session | ✓ | the role |
//! | FederatedUser | ARN | ✓ | the user who asked for the session |
//! | IdentityCenterUser | | of the instance | `onBehalfOf.userId` |
//! | AWSAccount | ARN, if any | ✓ | |
//! | AWSService | `invokedBy` | | |
//!
//! Of SAMLUser and WebIdentityUser there is `Provider`, of sign-ins `User`.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use crate::blueprint::Alert;
use crate::event::outcome::Told;
use crate::event::{EventKind, EventRef};
use std::collections::{BTreeMap, BTreeSet};

/// Variables and their paths in the event, in alphabetical order.
const VARIABLES: [(&str, &str); 16] = [
    ("account", "$.account"),
    ("error-code", "$.detail.errorCode"),
    ("event-id", "$.detail.eventID"),
    ("event-name", "$.detail.eventName"),
    ("event-source", "$.detail.eventSource"),
    ("identity-account", "$.detail.userIdentity.accountId"),
    ("identity-arn", "$.detail.userIdentity.arn"),
    ("identity-provider", "$.detail.userIdentity.identityProvider"),
    ("identity-type", "$.detail.userIdentity.type"),
    ("identity-user-id", "$.detail.userIdentity.onBehalfOf.userId"),
    ("invoked-by", "$.detail.userIdentity.invokedBy"),
    ("region", "$.region"),
    ("session-issuer", "$.detail.userIdentity.sessionContext.sessionIssuer.arn"),
    ("source-ip", "$.detail.sourceIPAddress"),
    ("time", "$.time"),
    ("user-name", "$.detail.userIdentity.userName"),
];

/// Sign-ins in whose records a name that is not the account's own is withheld, so that `userName`
/// has the characters of IAM's names.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
const OWN_NAMES: [&str; 6] =
    ["ConsoleLogin", "CheckMfa", "ExitRole", "PasswordUpdated", "RenewRole", "SwitchRole"];

/// Calls by what an identity provider says of somebody.
const BY_PROVIDER: [&str; 2] = ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"];

/// The variables that an alert's template uses, with their paths.
pub(super) fn paths_in(template: &str, alert: &Alert) -> BTreeMap<String, String> {
    let known = VARIABLES.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    let results = results(alert).into_iter().map(|result| (result.variable, result.path));
    known.chain(results).filter(|(name, _)| template.contains(&format!("<{name}>"))).collect()
}

/// Lines that tell who did it.
pub(super) fn who(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("Who", "<identity-type> <identity-arn> <invoked-by>".to_owned()),
        ("Of account", "<identity-account>".to_owned()),
        ("Session of", "<session-issuer> <identity-user-id>".to_owned()),
    ];
    let federated = |event: &EventRef| BY_PROVIDER.contains(&event.name.as_str());
    if alert.events.iter().any(federated) {
        lines.push(("Provider", "<identity-provider>".to_owned()));
    }
    lines
}

/// The line with the name of who signed in, which a failed sign-in has in place of an ARN. It is
/// there if the alert has no other events, and not where a quote in it would break the message.
pub(super) fn user_name(alert: &Alert) -> Option<(&'static str, String)> {
    let own = |event: &EventRef| {
        event.kind == EventKind::Signin && OWN_NAMES.contains(&event.name.as_str())
    };
    alert.events.iter().all(own).then(|| ("User", "<user-name>".to_owned()))
}

/// A field that has the result of some of an alert's events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EventResult {
    pub variable: String,
    pub path: String,
    /// Whether the events are sign-ins.
    pub signs_in: bool,
}

/// Where the results stand of those of the alert's events that have no error code ([`Told`]).
pub(super) fn results(alert: &Alert) -> Vec<EventResult> {
    let of = |told: Told| {
        let Told::Word(word) = told else { return None };
        let parent = if word.parent == "responseElements" { "result" } else { "service-result" };
        Some(EventResult {
            variable: format!("{parent}-{}", word.field.replace('.', "-")),
            path: format!("$.detail.{}", word.path()),
            signs_in: word.failure == "Failure",
        })
    };
    let told = alert.events.iter().flat_map(Told::of_asked);
    let results: BTreeSet<EventResult> = told.filter_map(of).collect();
    results.into_iter().collect()
}

/// Lines that tell how it ended: an error code for calls, which a successful one lacks, and a
/// result for sign-ins and what services do. Each is there only if the alert has such events.
pub(super) fn outcome(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if alert.events.iter().any(|event| Told::of_asked(event).contains(&Told::ErrorCode)) {
        // Of others than calls, and beside them, a blank code is no word of success.
        let call = |event: &EventRef| {
            matches!(
                event.kind,
                EventKind::Api | EventKind::Data | EventKind::Console | EventKind::Network
            )
        };
        let blank = match alert.events.iter().all(call) {
            true => "the call succeeded",
            false => "no error is recorded",
        };
        lines.push(("Error", format!("<error-code> (blank or 200: {blank})")));
    }
    for (label, signs_in) in [("Sign-in", true), ("Result", false)] {
        let results = results(alert).into_iter().filter(|result| result.signs_in == signs_in);
        let values: String = results.map(|result| format!("<{}>", result.variable)).collect();
        if !values.is_empty() {
            lines.push((label, values));
        }
    }
    lines
}
