//! The names of child objects as types: rules on buses, targets, subscriptions.
//!
//! Each is written `parent/child`, in addresses, JSON and reports. Only this module formats and
//! parses that form.

use super::topic::Endpoint;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// Why a text is not the name of what belongs to a parent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {form}")]
pub struct KeyError {
    text: String,
    form: &'static str,
}

/// A rule with its bus: `name` on the default bus, `bus/name` on another, as after `rule/` in its
/// ARN.
///
/// Kept as text, so that keys sort as their text does and maps can be asked by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleKey(String);

impl RuleKey {
    /// Names a rule on the default bus, or on another.
    pub fn on(bus: Option<&str>, name: &str) -> Self {
        Self(bus.map_or_else(|| name.to_owned(), |bus| format!("{bus}/{name}")))
    }

    /// Returns the bus; none is the default one.
    pub fn bus(&self) -> Option<&str> {
        // The names of partners' buses have slashes, the names of rules have none.
        self.0.rsplit_once('/').map(|(bus, _)| bus)
    }

    /// Returns the rule's name on its bus.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }

    /// Returns the text that it is written as.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names a target of the rule.
    pub fn target(&self, id: &str) -> TargetKey {
        TargetKey { rule: self.clone(), id: id.to_owned() }
    }
}

impl From<&str> for RuleKey {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for RuleKey {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for RuleKey {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl Borrow<str> for RuleKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<RuleKey> for String {
    fn from(key: RuleKey) -> Self {
        key.0
    }
}

impl fmt::Display for RuleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A target with its rule: `rule-key/target-id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetKey {
    pub rule: RuleKey,
    pub id: String,
}

impl fmt::Display for TargetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.rule, self.id)
    }
}

impl FromStr for TargetKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (rule, id) = halves(text.rsplit_once('/'), text, "rule/target-id")?;
        Ok(Self { rule: rule.into(), id: id.to_owned() })
    }
}

/// A subscription with its topic: `topic/protocol:endpoint`, or `topic/chat:configuration`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubscriptionKey {
    pub topic: String,
    pub subscriber: SubscriberKey,
}

/// Who is subscribed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscriberKey {
    Endpoint(Endpoint),
    /// A chat configuration, which subscribes by itself once it lists the topic.
    Chat(String),
}

/// Stands where an endpoint has its protocol.
const CHAT: &str = "chat";

impl SubscriptionKey {
    /// Names the subscription of an endpoint.
    pub fn new(topic: &str, endpoint: &Endpoint) -> Self {
        let subscriber = SubscriberKey::Endpoint(endpoint.clone());
        Self { topic: topic.to_owned(), subscriber }
    }

    /// Names what a chat configuration has of a topic.
    pub fn chat(topic: &str, configuration: &str) -> Self {
        let subscriber = SubscriberKey::Chat(configuration.to_owned());
        Self { topic: topic.to_owned(), subscriber }
    }
}

impl fmt::Display for SubscriptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subscriber {
            SubscriberKey::Endpoint(endpoint) => write!(f, "{}/{endpoint}", self.topic),
            SubscriberKey::Chat(name) => write!(f, "{}/{CHAT}:{name}", self.topic),
        }
    }
}

impl FromStr for SubscriptionKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        const FORM: &str = "topic/protocol:endpoint";
        // The name of a topic has no slash, an endpoint may.
        let (topic, subscriber) = halves(text.split_once('/'), text, FORM)?;
        let subscriber = match subscriber.split_once(':') {
            Some((CHAT, name)) => SubscriberKey::Chat(name.to_owned()),
            _ => SubscriberKey::Endpoint(
                Endpoint::try_from(subscriber.to_owned())
                    .map_err(|_| KeyError { text: text.to_owned(), form: FORM })?,
            ),
        };
        Ok(Self { topic: topic.to_owned(), subscriber })
    }
}

/// A role, or one of its inline policies: `role` or `role/policy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleKey {
    pub role: String,
    pub policy: Option<String>,
}

impl RoleKey {
    /// Reads what an address names.
    pub fn of(name: &str) -> Self {
        match name.split_once('/') {
            Some((role, policy)) => Self::of_policy(role, policy),
            None => Self { role: name.to_owned(), policy: None },
        }
    }

    /// Names an inline policy of a role.
    pub fn of_policy(role: &str, policy: &str) -> Self {
        Self { role: role.to_owned(), policy: Some(policy.to_owned()) }
    }
}

impl fmt::Display for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Some(policy) => write!(f, "{}/{policy}", self.role),
            None => f.pad(&self.role),
        }
    }
}

fn halves<'a>(
    halves: Option<(&'a str, &'a str)>,
    text: &str,
    form: &'static str,
) -> Result<(&'a str, &'a str), KeyError> {
    halves
        .filter(|(parent, child)| !parent.is_empty() && !child.is_empty())
        .ok_or_else(|| KeyError { text: text.to_owned(), form })
}

macro_rules! as_text {
    ($($key:ty),*) => {$(
        impl From<$key> for String {
            fn from(key: $key) -> Self {
                key.to_string()
            }
        }

        impl TryFrom<String> for $key {
            type Error = KeyError;
            fn try_from(text: String) -> Result<Self, KeyError> {
                text.parse()
            }
        }
    )*};
}

as_text!(TargetKey, SubscriptionKey);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::topic::Protocol;

    #[test]
    fn keys_are_written_as_they_are_read() {
        for (text, bus, name) in [
            ("ctguard-acme-route", None, "ctguard-acme-route"),
            ("ctguard-acme/route", Some("ctguard-acme"), "route"),
            ("aws.partner/example.com/1/route", Some("aws.partner/example.com/1"), "route"),
        ] {
            let key = RuleKey::from(text);
            assert_eq!((key.bus(), key.name()), (bus, name), "{text}");
            assert_eq!(RuleKey::on(bus, name), key);
            assert_eq!(serde_json::to_value(&key).unwrap(), text);
            let target: TargetKey = format!("{text}/secops").parse().unwrap();
            assert_eq!(target, key.target("secops"));
            assert_eq!(target.to_string(), format!("{text}/secops"));
        }
        let https = Endpoint::new(Protocol::Https, "https://pages.example/a/b:c");
        let key = SubscriptionKey::new("secops", &https);
        assert_eq!(key.to_string(), "secops/https:https://pages.example/a/b:c");
        assert_eq!(key.to_string().parse(), Ok(key));
        let chat = SubscriptionKey::chat("secops", "arn:aws:chatbot::1:chat-configuration/x/y");
        assert_eq!(chat.to_string().parse(), Ok(chat));
        for text in ["ctguard-acme", "ctguard-acme/extra"] {
            assert_eq!(RoleKey::of(text).to_string(), text);
        }
    }

    #[test]
    fn what_has_no_parent_is_no_key() {
        for text in ["", "route", "/secops", "route/"] {
            assert!(text.parse::<TargetKey>().is_err(), "{text}");
        }
        for text in ["secops", "secops/nobody", "/email:a@acme.example", "secops/pigeon:coop"] {
            assert!(text.parse::<SubscriptionKey>().is_err(), "{text}");
        }
        let read: Result<TargetKey, _> = serde_json::from_str("\"route\"");
        assert!(read.unwrap_err().to_string().starts_with("`route` is not rule/target-id"));
    }

    #[test]
    fn keys_sort_as_their_text_does() {
        let mut keys = ["b", "a/c", "a-b", "a"].map(RuleKey::from);
        keys.sort();
        assert_eq!(keys.map(String::from), ["a", "a-b", "a/c", "b"]);
    }
}
