//! The event that EventBridge makes of a CloudTrail record.
//!
//! | field | from |
//! |---|---|
//! | `version`, `resources` | `"0"`, an empty list |
//! | `id`, `time`, `region` | `eventID`, `eventTime`, `awsRegion` |
//! | `account` | `recipientAccountId`; before eventVersion 1.02 `userIdentity.accountId` |
//! | `source` | `eventSource`, as `iam.amazonaws.com` → `aws.iam`; of Insights `aws.cloudtrail` |
//! | `detail-type` | the record's [kind](EventKind) |
//!
//! The kind is told by the first line that applies:
//!
//! | record | kind |
//! |---|---|
//! | `eventCategory` is `Insight`, or `eventType` is `AwsCloudTrailInsight` | Insights |
//! | `eventCategory` is `NetworkActivity`, or `eventType` is `AwsVpceEvent(s)` | network activity |
//! | `eventType` is one of the other four | a call, a sign-in, or what a console or service did |
//! | `eventType` is another text | none that EventBridge is known to be given |
//! | `eventSource` is `signin.amazonaws.com` (before eventVersion 1.02) | a sign-in |
//! | every other one (before eventVersion 1.02) | a call |
//!
//! A field of the record that is not a string counts as missing. A field of the event that cannot be told is
//! not there. The region is where the record was written: for a global service that is the region of today
//! only in records that are not too old
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The domain that CloudTrail's names of services end in and EventBridge's do not.
pub const SERVICE_DOMAIN: &str = ".amazonaws.com";
/// The `source` of Insights, which are CloudTrail's own; the service that they are about stands inside.
pub(crate) const INSIGHT_SOURCE: &str = "aws.cloudtrail";
const SIGN_IN: &str = "signin.amazonaws.com";

/// How CloudTrail records an event, which decides its `detail-type` and what a trail needs to record it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A management API call.
    Api,
    /// A data-plane API call: recorded only where a trail has data selectors.
    Data,
    /// A console sign-in.
    Signin,
    /// An action of a console that is no API call.
    Console,
    /// Something a service did by itself.
    Service,
    /// A call through a VPC endpoint: recorded only where a trail has network activity selectors.
    Network,
    /// An unusual rate of calls or errors: recorded only where a trail has Insights selectors.
    Insight,
}

impl EventKind {
    /// Every kind, in order.
    pub const ALL: [Self; 7] = [
        Self::Api,
        Self::Data,
        Self::Signin,
        Self::Console,
        Self::Service,
        Self::Network,
        Self::Insight,
    ];

    /// Its name, as it is written in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Data => "data",
            Self::Signin => "signin",
            Self::Console => "console",
            Self::Service => "service",
            Self::Network => "network",
            Self::Insight => "insight",
        }
    }

    /// The `detail-type` that its events have.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
    pub fn detail_type(self) -> &'static str {
        self.detail_types()[0]
    }

    /// Whether a trail that records management events records it.
    pub fn is_management(self) -> bool {
        !matches!(self, Self::Data | Self::Network | Self::Insight)
    }

    /// The `source` of its events: that of the service, but of Insights CloudTrail's own.
    pub fn bus_source(self, event_source: &str) -> String {
        match self {
            Self::Insight => INSIGHT_SOURCE.to_owned(),
            _ => bus_source(event_source),
        }
    }

    /// The `detail-type` values to match.
    ///
    /// AWS's guides spell the one for sign-ins in two ways; events carry the first
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-aws-service-specific-topics.html>),
    /// the other is in
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>.
    pub fn detail_types(self) -> &'static [&'static str] {
        match self {
            Self::Api | Self::Data => &["AWS API Call via CloudTrail"],
            Self::Signin => {
                &["AWS Console Sign In via CloudTrail", "AWS Console Signin via CloudTrail"]
            }
            Self::Console => &["AWS Console Action via CloudTrail"],
            Self::Service => &["AWS Service Event via CloudTrail"],
            Self::Network => &["AWS Network Activity Event via CloudTrail"],
            Self::Insight => &["AWS Insight via CloudTrail"],
        }
    }
}

/// The short name of a CloudTrail event source: `ec2.amazonaws.com` → `ec2`.
pub fn service(event_source: &str) -> &str {
    event_source.strip_suffix(SERVICE_DOMAIN).unwrap_or(event_source)
}

/// The EventBridge `source` of a CloudTrail event source: `ec2.amazonaws.com` → `aws.ec2`.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/events.html>
pub fn bus_source(event_source: &str) -> String {
    format!("aws.{}", service(event_source))
}

/// The fields of a record that tell its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindFields<'r> {
    /// `eventType`; records before eventVersion 1.02 have none.
    pub event_type: Option<&'r str>,
    /// `eventCategory`; records before eventVersion 1.07 have none.
    pub event_category: Option<&'r str>,
    /// `eventSource`.
    pub event_source: Option<&'r str>,
    /// `managementEvent`; records before eventVersion 1.06 have none.
    pub management_event: Option<bool>,
}

impl<'r> KindFields<'r> {
    /// Takes the fields from a record.
    pub fn of(record: &'r Value) -> Self {
        Self {
            event_type: record["eventType"].as_str(),
            event_category: record["eventCategory"].as_str(),
            event_source: record["eventSource"].as_str(),
            management_event: record["managementEvent"].as_bool(),
        }
    }

    /// The kind of the record; `None` when EventBridge is not known to be given records of its type.
    ///
    /// An API call counts as a management event unless the record says otherwise.
    pub fn kind(&self) -> Option<EventKind> {
        Some(match (self.event_category, self.event_type) {
            (Some("Insight"), _) | (_, Some("AwsCloudTrailInsight")) => EventKind::Insight,
            (Some("NetworkActivity"), _) | (_, Some("AwsVpceEvents" | "AwsVpceEvent")) => {
                EventKind::Network
            }
            (_, Some("AwsConsoleSignIn" | "AwsConsoleSignin")) => EventKind::Signin,
            (_, Some("AwsConsoleAction")) => EventKind::Console,
            (_, Some("AwsServiceEvent" | "AWSServiceEvent")) => EventKind::Service,
            (_, None) if self.event_source == Some(SIGN_IN) => EventKind::Signin,
            (_, None | Some("AwsApiCall")) => match self.is_management() {
                Some(false) => EventKind::Data,
                _ => EventKind::Api,
            },
            (_, Some(_)) => return None,
        })
    }

    /// Whether it is a management event, by the flag or else the category; `None` when neither is there.
    pub fn is_management(&self) -> Option<bool> {
        self.management_event.or(self.event_category.map(|category| category == "Management"))
    }

    /// The `source` of its event.
    pub fn source(&self) -> Option<Cow<'static, str>> {
        match self.kind() {
            Some(EventKind::Insight) => Some(Cow::Borrowed(INSIGHT_SOURCE)),
            _ => self.event_source.map(|name| Cow::Owned(bus_source(name))),
        }
    }
}

/// The account that a record was written for; before eventVersion 1.02 that of the caller.
pub fn account(record: &Value) -> Option<&str> {
    record["recipientAccountId"].as_str().or_else(|| record["userIdentity"]["accountId"].as_str())
}

/// Makes the event of a record.
///
/// Its `id` is the record's `eventID`; a real event has an id of its own. `resources` is empty, as in every event by
/// CloudTrail (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>).
pub fn envelope(record: Value) -> Value {
    let owned = |text: &str| text.to_owned();
    let told = KindFields::of(&record);
    let fields = [
        ("version", Some(owned("0"))),
        ("id", record["eventID"].as_str().map(owned)),
        ("detail-type", told.kind().map(|kind| owned(kind.detail_type()))),
        ("source", told.source().map(Cow::into_owned)),
        ("account", account(&record).map(owned)),
        ("time", record["eventTime"].as_str().map(owned)),
        ("region", record["awsRegion"].as_str().map(owned)),
    ];
    let mut event: Map<String, Value> = fields
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))))
        .collect();
    event.insert("resources".into(), Value::Array(Vec::new()));
    event.insert("detail".into(), record);
    Value::Object(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_contradiction_is_decided_by_the_first_line_that_applies() {
        for (record, detail_type, source) in [
            (json!({"eventType": "AwsApiCall"}), Some("AWS API Call via CloudTrail"), None),
            (
                json!({"eventType": "AwsApiCall", "eventCategory": "Insight", "eventSource": "ec2.amazonaws.com"}),
                Some("AWS Insight via CloudTrail"),
                Some("aws.cloudtrail"),
            ),
            (
                json!({"eventType": "AwsApiCall", "eventCategory": "NetworkActivity", "eventSource": "ec2.amazonaws.com"}),
                Some("AWS Network Activity Event via CloudTrail"),
                Some("aws.ec2"),
            ),
            (
                json!({"eventType": "AwsVpceEvent", "eventCategory": "Management"}),
                Some("AWS Network Activity Event via CloudTrail"),
                None,
            ),
            (json!({"eventType": "AwsNew", "eventSource": "a.b"}), None, Some("aws.a.b")),
            (
                json!({"eventType": 7, "eventSource": "signin.amazonaws.com"}),
                Some("AWS Console Sign In via CloudTrail"),
                Some("aws.signin"),
            ),
            (json!({"eventSource": ["x"]}), Some("AWS API Call via CloudTrail"), None),
        ] {
            let event = envelope(record.clone());
            assert_eq!(event.get("detail-type").and_then(Value::as_str), detail_type, "{record}");
            assert_eq!(event.get("source").and_then(Value::as_str), source, "{record}");
        }
    }

    #[test]
    fn the_flag_goes_before_the_category() {
        for (record, kind) in [
            (json!({}), EventKind::Api),
            (json!({"managementEvent": false, "eventCategory": "Management"}), EventKind::Data),
            (json!({"managementEvent": true, "eventCategory": "Data"}), EventKind::Api),
            (json!({"managementEvent": "false", "eventCategory": "Data"}), EventKind::Data),
        ] {
            assert_eq!(KindFields::of(&record).kind(), Some(kind), "{record}");
        }
    }
}
