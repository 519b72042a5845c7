//! Events of callers who chose their names, paths and parameters to harm a message.
//!
//! The path of an IAM user or role may have any character from `!` to DEL, an identity provider
//! names its users in any characters, and a refused call is recorded with whatever was sent. A
//! message must be delivered all the same, and say what it would say of anybody else.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>.

use crate::blueprint::Format;
use crate::scope::Partition;
use serde_json::{Value, json};

/// Ends a text of JSON and begins a field of its own, in characters that a path may have.
pub const HOSTILE: &str = "a\"b\\c\",\"forged\":\"yes";

/// The same in characters that harm nothing.
const HARMLESS: &str = "abc";

/// A type of caller who can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A user with such a path.
    User,
    /// A session of a role with such a path.
    Session,
    /// Somebody whom an identity provider names so.
    Federated,
}

impl Caller {
    pub const ALL: [Self; 3] = [Self::User, Self::Session, Self::Federated];

    /// What the caller is, after the name of a sample.
    pub fn about(self) -> &'static str {
        match self {
            Self::User => "by a user with quotes in the path",
            Self::Session => "by a role with quotes in the path",
            Self::Federated => "by a federated user with quotes in the name",
        }
    }

    fn identity(self, partition: Partition, account: &str, text: &str) -> Value {
        let arn = |of: &str| format!("arn:{partition}:iam::{account}:{of}/{text}/sample");
        match self {
            Self::User => json!({
                "type": "IAMUser", "principalId": "AIDASAMPLESAMPLESAMPL", "accountId": account,
                "arn": arn("user"), "userName": "sample",
            }),
            Self::Session => json!({
                "type": "AssumedRole", "principalId": "AROASAMPLESAMPLESAMPL:sample",
                "accountId": account,
                "arn": format!("arn:{partition}:sts::{account}:assumed-role/sample/sample"),
                "sessionContext": { "sessionIssuer": {
                    "type": "Role", "principalId": "AROASAMPLESAMPLESAMPL",
                    "accountId": account, "arn": arn("role"), "userName": "sample",
                } },
            }),
            Self::Federated => json!({
                "type": "SAMLUser", "principalId": text, "userName": text,
                "identityProvider": text,
            }),
        }
    }
}

/// The event as it would be recorded of a caller who chose harm, and of one who did not.
pub fn pair(event: &Value, caller: Caller, partition: Partition) -> [Value; 2] {
    [HOSTILE, HARMLESS].map(|text| told_by(event, caller, partition, text))
}

/// The event with this text wherever a caller of this type can choose.
pub fn told_by(event: &Value, caller: Caller, partition: Partition, text: &str) -> Value {
    let mut event = event.clone();
    let account = event["account"].as_str().unwrap_or_default().to_owned();
    let Some(detail) = event.get_mut("detail").and_then(Value::as_object_mut) else { return event };
    let mut identity = caller.identity(partition, &account, text);
    // Sign-ins tell a user's name only where it is one of IAM's.
    if detail.get("eventSource").is_some_and(|source| source == "signin.amazonaws.com") {
        identity["userName"] = "sample".into();
    }
    detail.insert("userIdentity".to_owned(), identity);
    for field in ["userAgent", "errorMessage"] {
        detail.insert(field.to_owned(), text.into());
    }
    if let Some(parameters) = detail.get_mut("requestParameters") {
        fill(parameters, text);
    }
    let resource = json!([{ "ARN": text, "type": "AWS::IAM::User" }]);
    detail.insert("resources".to_owned(), resource);
    event
}

fn fill(value: &mut Value, text: &str) {
    match value {
        Value::String(old) => text.clone_into(old),
        Value::Array(members) => members.iter_mut().for_each(|member| fill(member, text)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, text)),
        _ => {}
    }
}

/// Why a message of a hostile event is not what the same message of a harmless one is.
///
/// # Errors
/// When a field differs that is not the event itself, or it is not the JSON or the quoted lines
/// that its format promises.
pub fn compare(format: Format, hostile: &str, harmless: &str) -> Result<(), String> {
    let differs = || Err("what a caller may choose changes what the message says".to_owned());
    let parsed = |text: &str| -> Result<Value, String> {
        let mut value: Value =
            serde_json::from_str(text).map_err(|error| format!("INVALID_JSON: {error}"))?;
        if let Some(message) = value.as_object_mut() {
            message.shift_remove("event");
        }
        Ok(value)
    };
    match format {
        // A mail says who did it, and cleans every line; that it is composed is enough.
        Format::Mail => Ok(()),
        Format::Raw => parsed(hostile).map(drop),
        Format::Text if hostile == harmless => Ok(()),
        Format::Text => differs(),
        Format::Chat | Format::Json => match parsed(hostile)? == parsed(harmless)? {
            true => Ok(()),
            false => differs(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::{Alert, Blueprint, builtin, load_text};
    use crate::message;
    use crate::resource::rule::Input;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    const RULE: &str = "arn:aws:events:us-east-1:111122223333:rule/ctguard-a-b";

    fn builtins() -> Vec<Blueprint> {
        let as_of = "2026-11-22".parse().unwrap();
        let load = |id| {
            let text = format!(
                "version: 1\nname: a\nregions: [us-east-1]\ninclude: [{{ builtin: {id} }}]\ndestinations: \
                 {{ d: {{ topic: d, subscribers: [{{ email: a@acme.example }}] }} }}\nroutes: \
                 {{ critical: [d], high: [d], medium: [d], low: [d] }}\n"
            );
            let loaded = load_text("b.yaml", &text, None, as_of);
            loaded.blueprint.unwrap_or_else(|| panic!("{id}: {:?}", loaded.diagnostics))
        };
        builtin::ids().map(load).collect()
    }

    fn event() -> Value {
        json!({
            "version": "0", "id": "e", "account": "111122223333", "region": "us-east-1",
            "time": "2026-11-22T10:00:00Z", "source": "aws.iam", "resources": [],
            "detail": {
                "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
                "eventID": "e-1", "sourceIPAddress": "192.0.2.10",
                "requestParameters": { "userName": "x", "tags": [{ "key": "a", "value": "b" }] },
            },
        })
    }

    /// What is sent of every shipped alert, in every format: compiled once.
    static INPUTS: LazyLock<Vec<(String, Format, Input)>> = LazyLock::new(|| {
        const FORMATS: [Format; 4] = [Format::Text, Format::Chat, Format::Json, Format::Raw];
        let alerts: Vec<_> = builtins().into_iter().flat_map(|one| one.alerts).collect();
        let of = |alert: &Alert| {
            FORMATS.map(|format| {
                let input = message::input(alert, format, Partition::Aws).unwrap();
                (alert.id.clone(), format, input)
            })
        };
        alerts.iter().flat_map(of).collect()
    });

    fn messages(event: &Value) -> impl Iterator<Item = (String, Format, String)> {
        INPUTS.iter().map(move |(id, format, input)| {
            let text = message::transform(input, RULE, event);
            (id.clone(), *format, text.unwrap_or_else(|error| error.to_string()))
        })
    }

    #[test]
    fn no_path_and_no_name_changes_what_a_message_of_a_shipped_alert_says() {
        for caller in Caller::ALL {
            let [hostile, harmless] = pair(&event(), caller, Partition::Aws);
            for ((id, format, text), (.., plain)) in messages(&hostile).zip(messages(&harmless)) {
                assert_eq!(compare(format, &text, &plain), Ok(()), "{id} {format:?} {text}");
                let forged = text.contains("\n\"forged") || text.contains("\"forged\":\"yes");
                assert!(!forged || format == Format::Raw, "{id} {format:?} {text}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 24, failure_persistence: None, ..Default::default()
        })]

        /// Of a caller's own words nothing but the event itself differs.
        #[test]
        fn no_words_of_a_caller_change_a_message(
            text in prop_oneof!["[!-~]{1,60}", ".{1,40}", r#"["\\<>{}\n\r\t,:a/]{1,20}"#],
            caller in prop::sample::select(Caller::ALL.to_vec()),
        ) {
            let [hostile, harmless] =
                [&text, HARMLESS].map(|text| told_by(&event(), caller, Partition::Aws, text));
            for ((id, format, text), (.., plain)) in messages(&hostile).zip(messages(&harmless)) {
                prop_assert_eq!(compare(format, &text, &plain), Ok(()), "{} {:?}", id, format);
            }
        }
    }
}
