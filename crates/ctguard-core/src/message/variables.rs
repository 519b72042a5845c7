//! The fields of an event that may stand in a template.
//!
//! AWS restricts their characters: account ids are digits, ids and names of events and services
//! letters and digits. A user agent, an error message or the value of a parameter are whatever the
//! caller wrote, and stand nowhere here. Nor do:
//!
//! - ARNs of users and roles (`userIdentity.arn`, `sessionIssuer.arn`): the path that is a part of
//!   them may have any character from `!` to DEL, quotes and backslashes included;
//! - `userName` and `principalId`: identity providers and directories give them in any characters
//!   (of SAMLUser, WebIdentityUser, Directory, Unknown);
//! - `identityProvider`: of OpenID Connect it is the provider's address.
//!
//! A quote in one would end the string that it stands in: in `chat` and `json` the result is no
//! JSON, and EventBridge drops the alert; in `text` the lines are no longer quoted strings, which
//! AWS asks for without saying what becomes of others. With more than a quote it would forge a
//! field. A path takes a field of every type of identity, so that no such name can stand here for
//! one type alone. Who reads of one finds it in the record, and `Who` says so; `mail` has it.
//!
//! A template cannot choose between fields. Each place for a name has a line of its own, which says
//! that a blank was not recorded:
//!
//! | type | `Who` | `Access key` | `Of account` | `Session of` | `Identity Center user` |
//! |---|---|---|---|---|---|
//! | Root, IAMUser, Role | the type | its id, if any | ✓ | | |
//! | AssumedRole | the type | ✓ | ✓ | the role's name | whom it acts for |
//! | FederatedUser | the type | ✓ | ✓ | the name of the user who asked for it | |
//! | IdentityCenterUser | the type | | of the instance | | `onBehalfOf.userId` |
//! | AWSAccount | the type | | ✓ | | |
//! | AWSService | `invokedBy` | | | | |
//!
//! Names of IAM's users and roles, without their path, source identities and the names of sessions
//! have letters, digits and `_+=,.@-` alone. The ARN of a role's session has no path, so `New
//! session` can show it of the calls that make one. A session's source identity, where there is
//! one, is the person whom the identity provider vouches for. Of sign-ins there is `User`.
//!
//! Sources: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
//! (the fields of each type), <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>
//! (paths, names), <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html>,
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html> (names of sessions,
//! source identities).

use super::object::Object;
use crate::blueprint::Alert;
use crate::event::outcome::Told;
use crate::event::{EventKind, EventRef};
use std::collections::{BTreeMap, BTreeSet};

/// Variables and their paths in the event, in alphabetical order.
const VARIABLES: [(&str, &str); 19] = [
    ("access-key", "$.detail.userIdentity.accessKeyId"),
    ("account", "$.account"),
    ("error-code", "$.detail.errorCode"),
    ("event-id", "$.detail.eventID"),
    ("event-name", "$.detail.eventName"),
    ("event-source", "$.detail.eventSource"),
    ("identity-account", "$.detail.userIdentity.accountId"),
    ("identity-type", "$.detail.userIdentity.type"),
    ("identity-user-id", "$.detail.userIdentity.onBehalfOf.userId"),
    ("insight-name", "$.detail.insightDetails.eventName"),
    ("insight-source", "$.detail.insightDetails.eventSource"),
    ("invoked-by", "$.detail.userIdentity.invokedBy"),
    ("new-session", "$.detail.responseElements.assumedRoleUser.arn"),
    ("region", "$.region"),
    ("session-issuer", "$.detail.userIdentity.sessionContext.sessionIssuer.userName"),
    ("source-identity", "$.detail.userIdentity.sessionContext.sourceIdentity"),
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

/// The event source of calls for a role's session.
const STS: &str = "sts.amazonaws.com";

/// Calls that answer with a new session of a role.
const SESSIONS: [&str; 3] = ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"];

/// The variables that an alert's template uses, with their paths.
pub(super) fn paths_in(
    template: &str,
    alert: &Alert,
    object: Option<&Object>,
) -> BTreeMap<String, String> {
    let known = VARIABLES.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    let results = results(alert).into_iter().map(|result| (result.variable, result.path));
    let touched = object.into_iter().flat_map(Object::variables);
    known
        .chain(results)
        .chain(touched)
        .filter(|(name, _)| template.contains(&format!("<{name}>")))
        .collect()
}

/// What is said beside the type of identity: no name of every type is fit to stand in a template.
const NO_NAME: &str = "by name and ARN: see the full record";

/// A value that some records lack, with a word about it: a label with nothing behind it would leave
/// the reader to wonder whether the message is damaged.
pub(super) fn may_be_blank(value: &str) -> String {
    format!("{value} (blank: not recorded)")
}

/// Lines that tell who did it.
pub(super) fn who(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("Who", format!("<identity-type> <invoked-by> ({NO_NAME})")),
        ("Access key", may_be_blank("<access-key>")),
        ("Of account", may_be_blank("<identity-account>")),
        ("Session of", may_be_blank("<session-issuer>")),
        ("Source identity", may_be_blank("<source-identity>")),
        ("Identity Center user", may_be_blank("<identity-user-id>")),
    ];
    // Of all services' events none says that the field has the characters of STS.
    let calls = |name: &str| {
        alert.events.iter().any(|event: &EventRef| event.source == STS && event.includes(STS, name))
    };
    if SESSIONS.iter().any(|name| calls(name)) {
        lines.push(("New session", may_be_blank("<new-session>")));
    }
    lines
}

/// The line with the name of who signed in, which a failed sign-in has in place of an ARN. It is
/// there if the alert has no other events, and not where a quote in it would break the message.
pub(super) fn user_name(alert: &Alert) -> Option<(&'static str, String)> {
    let own = |event: &EventRef| {
        event.kind == EventKind::Signin && OWN_NAMES.contains(&event.name.as_str())
    };
    alert.events.iter().all(own).then(|| ("User", may_be_blank("<user-name>")))
}

/// The fields below `detail` by which the lines of [`who`] and [`user_name`] name somebody. The type
/// of an identity is nobody's name.
pub(super) fn naming(alert: &Alert) -> Vec<&'static str> {
    let lines: String =
        who(alert).into_iter().chain(user_name(alert)).map(|(_, value)| value).collect();
    let named = VARIABLES
        .iter()
        .filter(|(name, _)| *name != "identity-type" && lines.contains(&format!("<{name}>")));
    named.filter_map(|(_, path)| path.strip_prefix("$.detail.")).collect()
}

/// The event's name and its source. An Insights event has those of the calls that are too many at a
/// place of its own ([`crate::event::paths_of`]), and one of two variables is always blank.
pub(super) fn event(alert: &Alert) -> (String, String) {
    let has = |insights: bool| {
        alert.events.iter().any(|event| (event.kind == EventKind::Insight) == insights)
    };
    let of = |part: &str| {
        let call = has(false).then(|| format!("<event-{part}>"));
        let insight = has(true).then(|| format!("<insight-{part}>"));
        call.into_iter().chain(insight).collect()
    };
    (of("name"), of("source"))
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

/// Whether each record of an event has a result of this sort.
pub(super) fn has_result(event: &EventRef, signs_in: bool) -> bool {
    let told = Told::of_asked(event);
    let is =
        |one: &Told| matches!(one, Told::Word(word) if (word.failure == "Failure") == signs_in);
    !told.is_empty() && told.iter().all(is)
}
