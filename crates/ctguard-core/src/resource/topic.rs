//! SNS topics and their subscriptions.

use crate::scope::Region;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Longest topic name, in characters: `[A-Za-z0-9_-]+`.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>
pub const TOPIC_NAME_MAX_CHARS: usize = 256;

/// Longest message a topic accepts by default, in bytes.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/sns.html>
pub const MESSAGE_MAX_BYTES: usize = 256 * 1024;

/// Where Amazon Q Developer in chat applications receives notifications. When a topic is added to
/// a chat configuration, the service subscribes this address to it and confirms by itself.
///
/// Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/chatbot-troubleshooting.html>
pub const CHAT_ENDPOINT: &str = "https://global.sns-api.chatbot.amazonaws.com";

/// Regions that SNS does not count among those to opt in to: launched before 20 March 2019, less Osaka.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html>
const REGIONS_BY_DEFAULT: [&str; 16] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Whether a region of the `aws` partition must be opted in to; other partitions have none.
pub fn is_opt_in(region: &Region) -> bool {
    region.partition() == crate::scope::Partition::Aws
        && !REGIONS_BY_DEFAULT.contains(&region.as_str())
}

/// SNS's principal in the policy of a queue or function: from or to another region that must be opted in
/// to, it is that region's own.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html>
pub fn sns_principal(topic: &Region, endpoint: &Region) -> String {
    let own = [topic, endpoint].into_iter().find(|region| topic != endpoint && is_opt_in(region));
    own.map_or_else(
        || "sns.amazonaws.com".to_owned(),
        |region| format!("sns.{region}.amazonaws.com"),
    )
}

/// Whether SNS delivers from a topic's region to a queue's or function's.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/lambda-prereq.html>
pub fn delivers(protocol: Protocol, topic: &Region, endpoint: &Region) -> bool {
    match (is_opt_in(topic), is_opt_in(endpoint)) {
        _ if topic == endpoint => true,
        (true, true) => false,
        (false, true) => protocol != Protocol::Lambda,
        (_, false) => true,
    }
}

/// The attributes of a topic that ctguard reads and writes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Topic {
    /// The sender's name on e-mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Key id, key ARN or alias as AWS returns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// The access policy document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
}

/// How SNS hands a message over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Protocol {
    Email,
    EmailJson,
    Http,
    Https,
    Sqs,
    Lambda,
    Sms,
    Application,
    Firehose,
}

impl Protocol {
    /// AWS's own spelling.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads AWS's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What identifies a subscription within its topic: SNS keeps one per protocol and endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint {
    pub protocol: Protocol,
    pub address: String,
}

impl Endpoint {
    pub fn new(protocol: Protocol, address: impl Into<String>) -> Self {
        Self { protocol, address: address.into() }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.protocol, self.address)
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.to_string()
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.split_once(':')
            .and_then(|(protocol, address)| Some(Self::new(Protocol::parse(protocol)?, address)))
            .ok_or_else(|| format!("`{text}` is not protocol:endpoint"))
    }
}

/// The attributes of a subscription that ctguard reads and writes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubscriptionAttributes {
    #[serde(default)]
    pub raw_message_delivery: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_policy: Option<Value>,
    /// `MessageAttributes` (AWS's default) or `MessageBody`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_policy_scope: Option<String>,
    /// The queue of the subscription's RedrivePolicy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_arn: Option<String>,
    /// Whether only an authenticated call can end the subscription; read, never written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation_was_authenticated: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sns_goes_to_other_regions_as_aws_says_it_does() {
        let region = |name: &str| Region::new(name).expect("a region");
        for (topic, endpoint, principal, to_queue, to_function) in [
            ("eu-west-1", "eu-west-1", "sns.amazonaws.com", true, true),
            ("eu-west-1", "us-east-1", "sns.amazonaws.com", true, true),
            ("ap-east-1", "ap-east-1", "sns.amazonaws.com", true, true),
            ("ap-east-1", "us-east-1", "sns.ap-east-1.amazonaws.com", true, true),
            ("us-east-1", "ap-east-1", "sns.ap-east-1.amazonaws.com", true, false),
            ("ap-east-1", "me-south-1", "sns.ap-east-1.amazonaws.com", false, false),
            ("cn-north-1", "cn-northwest-1", "sns.amazonaws.com", true, true),
        ] {
            let (from, to) = (region(topic), region(endpoint));
            assert_eq!(sns_principal(&from, &to), principal, "{topic} to {endpoint}");
            assert_eq!(delivers(Protocol::Sqs, &from, &to), to_queue, "{topic} to {endpoint}");
            assert_eq!(
                delivers(Protocol::Lambda, &from, &to),
                to_function,
                "{topic} to {endpoint}"
            );
        }
    }
}
