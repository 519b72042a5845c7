//! What links and remarks are about.

use crate::resource::topic::Endpoint;
use crate::scope::Place;
use std::fmt;

/// The object of a link or a remark.
///
/// As text it is the full AWS name, so that people can search for it: an ARN, or two with an arrow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkObject {
    /// The trails of a place, of which none was found or none could be read.
    Trails(Place),
    /// A trail by its ARN.
    Trail(String),
    /// A bucket by its name.
    Bucket(String),
    /// A rule by its key: `name` on the default bus, `bus/name` on another.
    Rule { place: Place, key: String },
    /// The rules of a place whose names have this prefix.
    Rules { place: Place, prefix: String },
    /// The targets of a rule that send to this ARN.
    Target { place: Place, rule: String, sends_to: String },
    /// A role by its ARN and its name without a path.
    Role { arn: String, name: String },
    /// The event bus of a hub.
    Bus { hub: Place, name: String },
    /// A state machine by its ARN.
    Machine(String),
    /// A topic by its ARN.
    Topic(String),
    /// The key that encrypts a topic, by the id, ARN or alias that the topic names.
    TopicKey { topic: String, key: String },
    /// An endpoint that subscribes to a topic.
    Subscription { topic: String, endpoint: Endpoint },
    /// A chat configuration that must list a topic.
    Chat { topic: String, configuration: String },
    /// A queue by its ARN.
    Queue(String),
    /// An alert of the blueprint by its id.
    Alert(String),
}

impl LinkObject {
    /// Names a rule of a place by its key.
    pub(super) fn rule(place: &Place, key: &str) -> Self {
        Self::Rule { place: place.clone(), key: key.to_owned() }
    }

    /// Names the targets of a rule that send to an ARN.
    pub(super) fn target(place: &Place, rule: &str, sends_to: &str) -> Self {
        let (rule, sends_to) = (rule.to_owned(), sends_to.to_owned());
        Self::Target { place: place.clone(), rule, sends_to }
    }

    /// Names a subscription to a topic.
    pub(super) fn subscription(topic: &str, endpoint: &Endpoint) -> Self {
        Self::Subscription { topic: topic.to_owned(), endpoint: endpoint.clone() }
    }
}

impl fmt::Display for LinkObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = |place: &Place, key: &str| place.arn("events", &format!("rule/{key}"));
        match self {
            Self::Trails(place) => f.write_str(&place.arn("cloudtrail", "trail/*")),
            Self::Rule { place, key } => f.write_str(&rule(place, key)),
            Self::Rules { place, prefix } => write!(f, "{}*", rule(place, prefix)),
            Self::Target { place, rule: key, sends_to } => {
                write!(f, "{} → {sends_to}", rule(place, key))
            }
            Self::Bus { hub, name } => {
                f.write_str(&hub.arn("events", &format!("event-bus/{name}")))
            }
            Self::Alert(id) => write!(f, "alert {id}"),
            Self::TopicKey { topic, key } => write!(f, "{topic} (key {key})"),
            Self::Subscription { topic, endpoint } => write!(f, "{topic} ← {endpoint}"),
            Self::Chat { topic, configuration } => write!(f, "{topic} ← {configuration}"),
            Self::Trail(name)
            | Self::Bucket(name)
            | Self::Role { arn: name, .. }
            | Self::Machine(name)
            | Self::Topic(name)
            | Self::Queue(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::topic::Protocol;
    use crate::scope::{AccountId, Region};

    #[test]
    fn an_object_reads_as_its_full_name() {
        let account = AccountId::new("111122223333").expect("an account");
        let place = Place::new(account, Region::new("eu-west-1").expect("a region"));
        let topic = "arn:aws:sns:eu-west-1:111122223333:ops".to_owned();
        let mail = Endpoint::new(Protocol::Email, "ops@example.com");
        let key = "alias/ops".to_owned();
        let chat = "arn:aws:chatbot::111122223333:chat-configuration/ops".to_owned();
        for (object, text) in [
            (
                LinkObject::Trails(place.clone()),
                "arn:aws:cloudtrail:eu-west-1:111122223333:trail/*",
            ),
            (
                LinkObject::rule(&place, "ctguard-acme/x"),
                "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme/x",
            ),
            (
                LinkObject::Rules { place: place.clone(), prefix: "ctguard-acme-".to_owned() },
                "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-*",
            ),
            (
                LinkObject::target(&place, "x", &topic),
                "arn:aws:events:eu-west-1:111122223333:rule/x → arn:aws:sns:eu-west-1:111122223333:ops",
            ),
            (
                LinkObject::Bus { hub: place, name: "acme".to_owned() },
                "arn:aws:events:eu-west-1:111122223333:event-bus/acme",
            ),
            (
                LinkObject::subscription(&topic, &mail),
                "arn:aws:sns:eu-west-1:111122223333:ops ← email:ops@example.com",
            ),
            (
                LinkObject::TopicKey { topic: topic.clone(), key },
                "arn:aws:sns:eu-west-1:111122223333:ops (key alias/ops)",
            ),
            (
                LinkObject::Chat { topic: topic.clone(), configuration: chat },
                "arn:aws:sns:eu-west-1:111122223333:ops ← arn:aws:chatbot::111122223333:chat-configuration/ops",
            ),
            (LinkObject::Alert("trail-stopped".to_owned()), "alert trail-stopped"),
            (LinkObject::Topic(topic.clone()), topic.as_str()),
        ] {
            assert_eq!(object.to_string(), text);
        }
    }
}
