//! SNS topics and their subscriptions.

use crate::hex::hex;
use crate::scope::Region;
use crate::secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Longest topic name, in characters: `[A-Za-z0-9_-]+`.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>
pub const TOPIC_NAME_MAX_CHARS: usize = 256;

/// Longest message a topic accepts by default, in bytes.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/sns.html>
pub const MESSAGE_MAX_BYTES: usize = 256 * 1024;

/// What a topic's tag about the password of a subscriber begins with; digits that tell the
/// subscriber follow.
const PASSWORD_TAG: &str = "ctguard:password:";

/// How many digits follow.
const PASSWORD_TAG_DIGITS: usize = 8;

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
///
/// Two endpoints are equal when SNS lists them alike: it hides the password of a web address, and
/// the case of a host or of an e-mail address makes no difference. What is printed and saved has
/// no secret in it; [`address`](Self::address) and the form of [`in_full`] have it.
#[derive(Clone)]
pub struct Endpoint {
    pub protocol: Protocol,
    address: String,
    /// The form that is compared, where it is not the address itself.
    compared: Option<String>,
    /// What tells whether its password changed. Made with the endpoint: it takes its time, and
    /// copies are many.
    mark: Option<String>,
    /// What is shown, where nothing of the address is: it comes from a secret.
    veil: Option<Arc<str>>,
}

impl Endpoint {
    pub fn new(protocol: Protocol, address: impl Into<String>) -> Self {
        let address = address.into();
        if let Some(compared) =
            secret::compared_as(&address).filter(|_| protocol == Protocol::Https)
        {
            let (compared, veil) = (Some(compared), Some(address.as_str().into()));
            return Self { protocol, address, compared, mark: None, veil };
        }
        let compared = match protocol {
            Protocol::Http | Protocol::Https => secret::shown(&address).into_owned(),
            Protocol::Email | Protocol::EmailJson => address.to_lowercase(),
            _ => address.clone(),
        };
        let compared = (compared != address).then_some(compared);
        let mark = match protocol {
            Protocol::Http | Protocol::Https => secret::password_mark(&address),
            _ => None,
        };
        Self { protocol, address, compared, mark, veil: None }
    }

    /// The same endpoint with nothing of its address to be seen: `named` holds it, where that is
    /// known. Only https endpoints can come from a secret.
    #[must_use]
    pub fn veiled(&self, named: Option<&str>) -> Self {
        let whole = secret::covered(&self.address, None);
        match (self.protocol, whole, secret::covered(&self.address, named)) {
            (Protocol::Https, Some(whole), Some(shown)) => {
                Self { compared: Some(whole), veil: Some(shown.into()), ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    /// The same endpoint as its topic lists it.
    #[must_use]
    pub fn unveiled(&self) -> Self {
        if self.veil.is_none() || secret::compared_as(&self.address).is_some() {
            return self.clone();
        }
        let compared = secret::shown(&self.address).into_owned();
        let compared = (compared != self.address).then_some(compared);
        Self { compared, veil: None, ..self.clone() }
    }

    /// What holds its address, where it is hidden for that.
    pub fn named_by(&self) -> Option<&str> {
        secret::named_by(self.veil.as_deref()?)
    }

    /// Whether nothing of its address is to be seen.
    pub fn is_veiled(&self) -> bool {
        self.veil.is_some()
    }

    /// The address as SNS is given it, with its secret.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The address without its secret.
    pub fn shown(&self) -> &str {
        match (&self.veil, self.protocol) {
            (Some(veil), _) => veil,
            (None, Protocol::Http | Protocol::Https) => self.compared(),
            _ => &self.address,
        }
    }

    /// The tag of its topic that tells whether its password changed, which SNS hides; `None` when it
    /// has no password, or none that is known.
    pub fn password_tag(&self) -> Option<(String, String)> {
        let mark = self.mark.clone()?;
        // Whether the blueprint names a secret or has the address makes no difference to its tag.
        let digits = Sha256::digest(secret::shown(&self.address).as_bytes());
        let digits = &hex(&digits)[..PASSWORD_TAG_DIGITS];
        Some((format!("{PASSWORD_TAG}{digits}"), mark))
    }

    /// Whether a part of the address is hidden, or has yet to be looked up, so that it
    /// cannot be subscribed.
    pub fn is_masked(&self) -> bool {
        matches!(self.protocol, Protocol::Http | Protocol::Https)
            && (!self.address.contains("://") || secret::is_masked(&self.address))
    }

    fn compared(&self) -> &str {
        self.compared.as_deref().unwrap_or(&self.address)
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Endpoint {}

impl PartialOrd for Endpoint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Endpoint {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.protocol, self.compared()).cmp(&(other.protocol, other.compared()))
    }
}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.protocol, self.compared()).hash(state);
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.protocol, self.shown())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
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

/// Writes an endpoint with its secret: for the sandbox's file, which is the account itself.
pub fn in_full(endpoint: &Endpoint) -> String {
    format!("{}:{}", endpoint.protocol, endpoint.address())
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
    fn endpoints_are_equal_when_sns_lists_them_alike() {
        let (https, email) = (Protocol::Https, Protocol::Email);
        for (protocol, written, listed) in [
            (https, "https://u:pw@Hooks.example/in", "https://u:****@hooks.example/in"),
            (https, "https://hooks.example/in?k=planted", "https://hooks.example/in?k=planted"),
            (email, "SecOps@acme.example", "secops@acme.example"),
        ] {
            let (written, listed) =
                (Endpoint::new(protocol, written), Endpoint::new(protocol, listed));
            assert_eq!(written, listed);
            let saved = serde_json::to_string(&written).unwrap();
            assert!(!saved.contains("pw") && !saved.contains("planted"), "{saved}");
            assert!(!format!("{written:?}").contains("planted"), "{written:?}");
            assert_eq!(serde_json::from_str::<Endpoint>(&saved).unwrap(), written);
        }
        for (protocol, a, b) in [
            (https, "https://u:pw@hooks.example/in", "https://v:pw@hooks.example/in"),
            (https, "https://hooks.example/in?k=a", "https://hooks.example/in?k=b"),
            (email, "secops@acme.example", "netops@acme.example"),
            (Protocol::Sqs, "arn:aws:sqs:eu-west-1:1:q", "arn:aws:sqs:eu-west-1:1:Q"),
        ] {
            assert_ne!(Endpoint::new(protocol, a), Endpoint::new(protocol, b), "{a}");
        }
    }

    #[test]
    fn an_endpoint_from_a_secret_is_equal_by_its_digits_and_shows_its_name() {
        let url = "https://u:pw@Hooks.example/in?k=planted";
        let plain = Endpoint::new(Protocol::Https, url);
        let veiled = plain.veiled(Some("env:HOOK"));
        let text = veiled.to_string();
        assert!(text.starts_with("https:secret:env:HOOK~") && !text.contains("xample"), "{text}");
        assert_eq!(format!("{veiled:?}"), format!("Endpoint({text})"));
        assert_ne!(veiled, plain);
        assert_eq!(veiled.unveiled(), plain);
        assert_eq!(veiled.password_tag(), plain.password_tag());
        assert_eq!(veiled, plain.veiled(Some("env:OTHER")));
        assert_eq!(veiled, plain.veiled(None));
        let listed = Endpoint::new(Protocol::Https, "https://u:****@hooks.example/in?k=planted");
        assert_eq!(veiled, listed.veiled(Some("env:HOOK")));
        let read: Endpoint =
            serde_json::from_str(&serde_json::to_string(&veiled).unwrap()).unwrap();
        assert_eq!(read, veiled);
        assert!(read.is_masked() && !veiled.is_masked() && read.is_veiled());
        assert_eq!((veiled.address(), in_full(&veiled)), (url, format!("https:{url}")));
    }

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
