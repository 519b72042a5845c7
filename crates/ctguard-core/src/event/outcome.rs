//! Where an event tells how it ended.
//!
//! | kind of event | told by | succeeded | failed |
//! |---|---|---|---|
//! | call | `errorCode` | absent, empty, `200` | anything else |
//! | sign-in | `responseElements.<name>` | `Success`, or not `Failure` | `Failure` |
//! | sign-in through IAM Identity Center | `serviceEventDetails.<name>` | not `Failure` | `Failure` |
//! | Control Tower's lifecycle | `serviceEventDetails.<name>Status.state` | not `FAILED` | `FAILED` |
//! | Organizations' results | `serviceEventDetails.<name>Status.state` | not `FAILED` | `FAILED` |
//! | rotation of a secret | its name | | `RotationFailed`, `RotationAbandoned` |
//! | other service event | `errorCode` | as for a call | as for a call |
//!
//! Rules, messages and replays all ask here. What the table does not know counts as a success: an
//! alert on successes is then raised once too often, never once too seldom.
//!
//! A sign-in in whose record neither word stands, but an error code or message, is read as failed.
//! Rules do not ask for that: they have the word, which AWS documents for every ConsoleLogin.
//!
//! Sources:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>,
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/sign-in-events.html>,
//! <https://docs.aws.amazon.com/controltower/latest/userguide/lifecycle-events.html>,
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html>,
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html>.

use super::{EventKind, EventRef};
use eventbridge_pattern::{Excluded, Filter, Matcher};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Values of `errorCode` that tell of no error. CloudTrail leaves the field out of a call that
/// succeeded; what some services and exports write instead is empty text, or the status of HTTP.
pub const NO_ERROR: [&str; 2] = ["", "200"];

/// The field with the code of a call's error.
pub const ERROR_CODE: &str = "errorCode";

/// Whether an `errorCode` tells of an error.
pub fn is_error(code: Option<&str>) -> bool {
    code.is_some_and(|code| !NO_ERROR.contains(&code))
}

/// Whether a condition, on fields below `detail`, takes only records with an `errorCode`, and names
/// none of the values that tell of no error.
pub fn asks_for_an_error(condition: &Filter) -> bool {
    match condition {
        Filter::All(all) => all.iter().any(asks_for_an_error),
        Filter::Any(any) => !any.is_empty() && any.iter().all(asks_for_an_error),
        Filter::Field { path, matchers } => {
            let named = |matcher: &Matcher| NO_ERROR.iter().any(|n| *matcher == Matcher::exact(*n));
            path == ERROR_CODE && !matchers.iter().any(|m| m.accepts_absent() || named(m))
        }
    }
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Succeeded,
    Failed,
}

/// What tells how an event ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// `errorCode`.
    ErrorCode,
    /// A word in a field below `detail`.
    Word(Word),
    /// The name of the event, which is only written for failures.
    NameOfFailure,
}

/// A field that says one of two words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    /// The object that holds it: `responseElements`, `serviceEventDetails`.
    pub parent: &'static str,
    /// Its path below the parent.
    pub field: String,
    pub failure: &'static str,
    /// The word for a success, where every record is documented to have one of the two.
    pub success: Option<&'static str>,
}

impl Word {
    /// The path below `detail`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.parent, self.field)
    }
}

/// The field with the words about a call's error, and a sign-in's.
const ERROR_MESSAGE: &str = "errorMessage";

/// The object that holds the result of a sign-in.
const SIGN_IN_RESULT: &str = "responseElements";

/// The event source of sign-ins.
const SIGN_IN_SOURCE: &str = "signin.amazonaws.com";

/// The names of sign-ins, as the catalogue has them.
pub(crate) const SIGN_INS: [&str; 15] = [
    "CheckMfa",
    "ConsoleLogin",
    "CredentialChallenge",
    "CredentialVerification",
    "EmailUpdated",
    "ExitRole",
    "ExternalIdPDirectoryLogin",
    "GetSigninToken",
    "MfaChanged",
    "PasswordRecoveryCompleted",
    "PasswordRecoveryRequested",
    "PasswordUpdated",
    "RenewRole",
    "SwitchRole",
    "UserAuthentication",
];

/// Sign-ins through IAM Identity Center.
const PORTAL: [&str; 3] = ["CredentialChallenge", "CredentialVerification", "UserAuthentication"];

/// Service events whose state stands in `serviceEventDetails.<name>Status.state`.
const STATES: [(&str, &str, &str); 11] = [
    ("controltower.amazonaws.com", "CreateManagedAccount", "createManagedAccount"),
    ("controltower.amazonaws.com", "UpdateManagedAccount", "updateManagedAccount"),
    ("controltower.amazonaws.com", "EnableGuardrail", "enableGuardrail"),
    ("controltower.amazonaws.com", "DisableGuardrail", "disableGuardrail"),
    ("controltower.amazonaws.com", "SetupLandingZone", "setupLandingZone"),
    ("controltower.amazonaws.com", "UpdateLandingZone", "updateLandingZone"),
    ("controltower.amazonaws.com", "RegisterOrganizationalUnit", "registerOrganizationalUnit"),
    ("controltower.amazonaws.com", "DeregisterOrganizationalUnit", "deregisterOrganizationalUnit"),
    ("controltower.amazonaws.com", "PrecheckOrganizationalUnit", "precheckOrganizationalUnit"),
    ("organizations.amazonaws.com", "CreateAccountResult", "createAccount"),
    ("organizations.amazonaws.com", "CloseAccountResult", "closeAccount"),
];

/// Service events that are only written when something failed.
const FAILURES: [(&str, &str); 2] = [
    ("secretsmanager.amazonaws.com", "RotationFailed"),
    ("secretsmanager.amazonaws.com", "RotationAbandoned"),
];

/// Fields below `detail` that must all match, by path.
pub type Fields = BTreeMap<String, Vec<Matcher>>;

/// The fields below `detail` by which a pattern takes one outcome of a family's events; any of the
/// lists will do. Names that are not known have no field of their own; those that are documented do.
///
/// A success is what no field calls a failure. No event matches two lists that begin with what an
/// `errorCode` says.
pub fn of_family(family: &EventRef, asked: Ended) -> Vec<Fields> {
    let words = words_in(family);
    let names = FAILURES.iter().filter(|(source, name)| {
        family.kind == EventKind::Service && family.includes(source, name)
    });
    let names: Vec<&str> = names.map(|(_, name)| *name).collect();
    let by_code = |asked| Told::ErrorCode.condition(asked);
    let has_code = tells_by_code(family.kind, &words);
    if asked == Ended::Succeeded {
        let mut fields: Fields = by_code(asked).filter(|_| has_code).into_iter().collect();
        for word in words {
            let matchers = vec![anything_but(&[word.failure]), Matcher::Exists(false)];
            fields.insert(word.path(), matchers);
        }
        if !names.is_empty() {
            fields.insert("eventName".to_owned(), vec![anything_but(&names)]);
        }
        return vec![fields];
    }
    let mut lists: Vec<Fields> =
        by_code(asked).filter(|_| has_code).into_iter().map(|field| [field].into()).collect();
    let without_code: Fields = match has_code {
        true => by_code(Ended::Succeeded).into_iter().collect(),
        false => Fields::new(),
    };
    let mut add = |path: String, matchers: Vec<Matcher>| {
        let mut fields = without_code.clone();
        fields.insert(path, matchers);
        lists.push(fields);
    };
    for word in &words {
        add(word.path(), vec![Matcher::exact(word.failure)]);
    }
    if !names.is_empty() {
        add("eventName".to_owned(), names.into_iter().map(Matcher::exact).collect());
    }
    lists
}

/// Whether two families tell of an outcome in the same way, so that what takes the wider one by its
/// outcome takes the narrower one, too.
pub fn tell_alike(one: &EventRef, other: &EventRef) -> bool {
    let by_code = |family: &EventRef| tells_by_code(family.kind, &words_in(family));
    by_code(one) == by_code(other)
}

/// Sign-ins have no code; what is taken for one in case it is one may have.
fn tells_by_code(kind: EventKind, words: &[Word]) -> bool {
    kind != EventKind::Signin || words.is_empty()
}

/// The words by which the documented events of a family tell their outcome.
fn words_in(family: &EventRef) -> Vec<Word> {
    let word = |told| match told {
        Told::Word(word) => Some(word),
        Told::ErrorCode | Told::NameOfFailure => None,
    };
    let of = |source: &str, name: &str| word(Told::of(family.kind, source, name));
    let signs_in = |name: &str| family.includes(SIGN_IN_SOURCE, name);
    match family.kind {
        EventKind::Signin => {
            let names = SIGN_INS.iter().filter(|name| signs_in(name));
            names.filter_map(|name| of(SIGN_IN_SOURCE, name)).collect()
        }
        EventKind::Service => {
            let portal = PORTAL.iter().filter(|name| signs_in(name));
            let portal = portal.filter_map(|name| of(SIGN_IN_SOURCE, name));
            let stated = STATES.iter().filter(|(source, name, _)| family.includes(source, name));
            portal.chain(stated.filter_map(|(source, name, _)| of(source, name))).collect()
        }
        _ => Vec::new(),
    }
}

impl Told {
    /// What tells how events of this kind, source and name end.
    pub fn of(kind: EventKind, source: &str, name: &str) -> Self {
        let word = |parent, field: String, failure, success| {
            Self::Word(Word { parent, field, failure, success })
        };
        // Of the other sign-ins no page says that they always have it.
        let success = (name == "ConsoleLogin").then_some("Success");
        match kind {
            EventKind::Signin => word(SIGN_IN_RESULT, name.to_owned(), "Failure", success),
            EventKind::Service if source == SIGN_IN_SOURCE => {
                word("serviceEventDetails", name.to_owned(), "Failure", success)
            }
            EventKind::Service if FAILURES.contains(&(source, name)) => Self::NameOfFailure,
            EventKind::Service => STATES
                .iter()
                .find(|(of, called, _)| (*of, *called) == (source, name))
                .map_or(Self::ErrorCode, |(_, _, what)| {
                    word("serviceEventDetails", format!("{what}Status.state"), "FAILED", None)
                }),
            _ => Self::ErrorCode,
        }
    }

    /// What may tell how the events end that are asked for, of a family by the names that are
    /// documented. What is taken for a sign-in in case it is one has no result of its own.
    pub fn of_asked(event: &EventRef) -> Vec<Self> {
        let signs_in = event.includes_source(SIGN_IN_SOURCE);
        let of = |source: &str, name: &str| Self::of(event.kind, source, name);
        match event.kind {
            EventKind::Signin if !signs_in => vec![Self::ErrorCode],
            EventKind::Signin if event.is_family() => vec![of(SIGN_IN_SOURCE, "ConsoleLogin")],
            EventKind::Service if event.is_family() => {
                let portal =
                    PORTAL.iter().filter(|_| signs_in).map(|name| of(SIGN_IN_SOURCE, name));
                let stated = STATES.iter().filter(|(of, name, _)| event.includes(of, name));
                let stated = stated.map(|(source, name, _)| of(source, name));
                let by_code = std::iter::once(Self::ErrorCode);
                by_code.chain(portal).chain(stated).collect()
            }
            _ => vec![of(&event.source, &event.name)],
        }
    }

    /// How a record ended. `text` finds the text at a path below `detail`.
    pub fn ended<'r>(&self, text: impl Fn(&str) -> Option<Cow<'r, str>>) -> Ended {
        let failed = match self {
            Self::ErrorCode => is_error(text(ERROR_CODE).as_deref()),
            Self::Word(word) => match text(&word.path()).as_deref() {
                Some("") | None if word.parent == SIGN_IN_RESULT => {
                    let message = text(ERROR_MESSAGE);
                    is_error(text(ERROR_CODE).as_deref()) || message.is_some_and(|m| !m.is_empty())
                }
                said => said == Some(word.failure),
            },
            Self::NameOfFailure => true,
        };
        if failed { Ended::Failed } else { Ended::Succeeded }
    }

    /// The field below `detail` by which a pattern takes one outcome, and what it must match;
    /// absent where every such event has that outcome.
    pub fn condition(&self, asked: Ended) -> Option<(String, Vec<Matcher>)> {
        match (self, asked) {
            (Self::NameOfFailure, Ended::Failed) => None,
            // Somebody who asks for the successes of a failure gets all, rather than nothing.
            (Self::ErrorCode | Self::NameOfFailure, Ended::Succeeded) => {
                let mut matchers = vec![Matcher::Exists(false)];
                matchers.extend(NO_ERROR.map(Matcher::exact));
                Some((ERROR_CODE.to_owned(), matchers))
            }
            (Self::ErrorCode, Ended::Failed) => {
                Some((ERROR_CODE.to_owned(), vec![anything_but(&NO_ERROR)]))
            }
            (Self::Word(word), Ended::Failed) => {
                Some((word.path(), vec![Matcher::exact(word.failure)]))
            }
            (Self::Word(word), Ended::Succeeded) => {
                let matchers = match word.success {
                    Some(success) => vec![Matcher::exact(success)],
                    None => vec![anything_but(&[word.failure]), Matcher::Exists(false)],
                };
                Some((word.path(), matchers))
            }
        }
    }

    /// The word or the code that a record of this outcome has, by the path below `detail`; absent
    /// where the field is.
    pub fn written(&self, asked: Ended) -> Option<(String, Option<&'static str>)> {
        match (self, asked) {
            (Self::NameOfFailure, _) => None,
            (Self::ErrorCode, Ended::Failed) => Some((ERROR_CODE.to_owned(), Some("AccessDenied"))),
            (Self::ErrorCode, Ended::Succeeded) => Some((ERROR_CODE.to_owned(), None)),
            (Self::Word(word), Ended::Failed) => Some((word.path(), Some(word.failure))),
            (Self::Word(word), Ended::Succeeded) => {
                let success = if word.failure == "FAILED" { "SUCCEEDED" } else { "Success" };
                Some((word.path(), Some(success)))
            }
        }
    }
}

fn anything_but(words: &[&str]) -> Matcher {
    Matcher::AnythingBut(Excluded::Values(words.iter().map(|word| Value::from(*word)).collect()))
}

/// How a record ended that has been read.
pub fn ended(record: &Value) -> Ended {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = kind_of_record(record.get("eventType").and_then(Value::as_str));
    let told = Told::of(kind, text("eventSource"), text("eventName"));
    told.ended(|path| {
        let mut keys = path.split('.');
        let found = keys.try_fold(record, |value, key| value.get(key))?;
        found.as_str().map(Cow::Borrowed)
    })
}

/// The kind of event that a record is, as far as it decides what tells its outcome.
pub fn kind_of_record(event_type: Option<&str>) -> EventKind {
    match event_type {
        Some("AwsConsoleSignIn") => EventKind::Signin,
        Some("AwsServiceEvent") => EventKind::Service,
        Some("AwsConsoleAction") => EventKind::Console,
        _ => EventKind::Api,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventbridge_pattern::Pattern;
    use serde_json::json;

    /// What a message or an explanation names, where many events or kinds are asked for at once.
    #[test]
    fn a_family_tells_its_outcome_in_the_documented_fields() {
        use EventKind::{Api, Service, Signin};
        let portal = "serviceEventDetails.CredentialVerification";
        let guardrail = "serviceEventDetails.enableGuardrailStatus.state";
        for (kind, source, name, paths) in [
            (Api, "iam.amazonaws.com", "*", vec![ERROR_CODE]),
            (Signin, "signin.amazonaws.com", "*", vec!["responseElements.ConsoleLogin"]),
            (Signin, "signin.amazonaws.com", "CheckMfa", vec!["responseElements.CheckMfa"]),
            (Signin, "ec2.amazonaws.com", "CreateWormhole", vec![ERROR_CODE]),
            (Service, "*", "*", vec![ERROR_CODE, portal]),
            (Service, "controltower.amazonaws.com", "Enable*", vec![ERROR_CODE, guardrail]),
            (Service, "kms.amazonaws.com", "*", vec![ERROR_CODE]),
        ] {
            let event = EventRef {
                source: source.to_owned(),
                name: name.to_owned(),
                kind,
                access: crate::event::Access::Write,
                landing: crate::event::Landing::CallRegion,
            };
            let told = Told::of_asked(&event);
            let fields = told.iter().filter_map(|told| told.condition(Ended::Failed));
            let found: Vec<String> = fields.map(|(path, _)| path).collect();
            for path in &paths {
                assert!(found.iter().any(|other| other == path), "{source} {name}: {found:?}");
            }
            let stars = found.iter().any(|path| path.contains('*'));
            assert!(!stars && (source == "*" || found.len() == paths.len()), "{found:?}");
        }
    }

    #[test]
    fn a_condition_on_codes_alone_asks_for_an_error() {
        let user = json!({ "userAgent": ["x"] });
        for (condition, asks) in [
            (json!({ "errorCode": [{ "exists": true }] }), true),
            (json!({ "errorCode": [{ "wildcard": "*" }] }), true),
            (json!({ "errorCode": [{ "anything-but": "AccessDenied" }] }), true),
            (json!({ "errorCode": ["AccessDenied", "200"] }), false),
            (json!({ "errorCode": [""] }), false),
            (json!({ "errorCode": [{ "exists": false }, "AccessDenied"] }), false),
            (json!({ "errorCode": ["A"], "userAgent": ["x"] }), true),
            (json!({ "$or": [{ "errorCode": ["A"] }, user] }), false),
            (
                json!({ "$or": [{ "errorCode": ["A"] }, { "errorCode": ["B"], "userAgent": ["x"] }] }),
                true,
            ),
            (user, false),
        ] {
            let filter = Filter::parse(&condition).unwrap();
            assert_eq!(asks_for_an_error(&filter), asks, "{condition}");
        }
    }

    /// The record of a failed sign-in may lack the word, but not the message.
    #[test]
    fn a_sign_in_without_a_result_is_told_by_its_error() {
        let result = |word: &str| json!({ "ConsoleLogin": word });
        let message = "Failed authentication";
        for (name, result, code, message, failed) in [
            ("ConsoleLogin", json!(null), json!(null), json!(message), true),
            ("ConsoleLogin", json!({}), json!(null), json!(message), true),
            ("ConsoleLogin", json!(null), json!("AccessDenied"), json!(null), true),
            ("ConsoleLogin", result("Success"), json!(null), json!(message), false),
            ("ConsoleLogin", result("Failure"), json!(null), json!(null), true),
            ("ConsoleLogin", json!(null), json!("200"), json!(""), false),
            ("ConsoleLogin", json!(null), json!(null), json!(null), false),
            ("CheckMfa", json!(null), json!(null), json!(message), true),
        ] {
            let record = json!({ "eventType": "AwsConsoleSignIn", "eventSource": SIGN_IN_SOURCE, "eventName": name,
                "responseElements": result, "errorCode": code, "errorMessage": message });
            assert_eq!(super::ended(&record) == Ended::Failed, failed, "{record}");
            let text = record.to_string();
            let read = crate::replay::Record::of(&record);
            assert_eq!(read.ended(text.as_bytes()), super::ended(&record), "{record}");
        }
        let call = json!({ "eventType": "AwsApiCall", "eventSource": "iam.amazonaws.com",
            "eventName": "CreateUser", "errorMessage": message });
        assert_eq!(super::ended(&call), Ended::Succeeded, "of a call the code tells");
    }

    /// Every row of the table: what a record says, and how it ended.
    #[test]
    fn each_kind_of_event_tells_its_outcome_in_its_own_place() {
        let signin = "signin.amazonaws.com";
        let tower = "controltower.amazonaws.com";
        let secrets = "secretsmanager.amazonaws.com";
        let of = |name: &str, parent: &str, word: &str| json!({ parent: { name: word } });
        let state =
            |what: &str, word: &str| json!({ "serviceEventDetails": { what: { "state": word } } });
        use EventKind::{Api, Service, Signin};
        for (kind, source, name, detail, failed) in [
            (Api, "iam.amazonaws.com", "CreateUser", json!({}), false),
            (Api, "iam.amazonaws.com", "CreateUser", json!({ "errorCode": "" }), false),
            (Api, "iam.amazonaws.com", "CreateUser", json!({ "errorCode": "200" }), false),
            (Api, "iam.amazonaws.com", "CreateUser", json!({ "errorCode": "AccessDenied" }), true),
            (Api, "iam.amazonaws.com", "CreateUser", json!({ "errorCode": "404" }), true),
            (
                Signin,
                signin,
                "ConsoleLogin",
                of("ConsoleLogin", "responseElements", "Failure"),
                true,
            ),
            (
                Signin,
                signin,
                "ConsoleLogin",
                of("ConsoleLogin", "responseElements", "Success"),
                false,
            ),
            (Signin, signin, "CheckMfa", json!({ "responseElements": null }), false),
            (
                Service,
                signin,
                "CredentialVerification",
                of("CredentialVerification", "serviceEventDetails", "Failure"),
                true,
            ),
            (
                Service,
                signin,
                "CredentialVerification",
                of("CredentialVerification", "serviceEventDetails", "Success"),
                false,
            ),
            (Service, tower, "EnableGuardrail", state("enableGuardrailStatus", "FAILED"), true),
            (Service, tower, "EnableGuardrail", state("enableGuardrailStatus", "SUCCEEDED"), false),
            (Api, tower, "EnableControl", json!({ "errorCode": "AccessDeniedException" }), true),
            (
                Service,
                "organizations.amazonaws.com",
                "CreateAccountResult",
                state("createAccountStatus", "FAILED"),
                true,
            ),
            (Service, secrets, "RotationFailed", json!({}), true),
            (Service, secrets, "RotationSucceeded", json!({}), false),
            (Service, "kms.amazonaws.com", "RotateKey", json!({}), false),
        ] {
            let told = Told::of(kind, source, name);
            let text = |path: &str| {
                let pointer = format!("/{}", path.replace('.', "/"));
                detail.pointer(&pointer).and_then(Value::as_str).map(Cow::Borrowed)
            };
            let ended = told.ended(text);
            assert_eq!(ended == Ended::Failed, failed, "{source} {name} {detail}");
            let mut record = detail.clone();
            let types = [(Signin, "AwsConsoleSignIn"), (Service, "AwsServiceEvent")];
            let written = types.iter().find(|(of, _)| *of == kind);
            record["eventType"] = written.map_or("AwsApiCall", |(_, written)| *written).into();
            record["eventSource"] = source.into();
            record["eventName"] = name.into();
            assert_eq!(super::ended(&record), ended, "{record}");
            // The rule takes what the reader says, and not the opposite.
            let takes = |asked: Ended| {
                let Some((path, matchers)) = told.condition(asked) else { return true };
                let mut condition = Value::Array(matchers.iter().map(Matcher::to_value).collect());
                for key in path.rsplit('.') {
                    condition = json!({ key: condition });
                }
                let pattern = Pattern::parse(&condition.to_string()).unwrap();
                pattern.matches(&detail)
            };
            assert!(takes(ended), "{source} {name} {detail}");
            let other = if failed { Ended::Succeeded } else { Ended::Failed };
            let by_name = told == Told::NameOfFailure;
            assert_eq!(takes(other), by_name, "{source} {name} {detail}");
        }
    }
}
