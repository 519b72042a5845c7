//! The event that EventBridge makes of a CloudTrail record, as far as patterns can see it.
//!
//! | field | from |
//! |---|---|
//! | `version`, `resources` | `"0"`, an empty list |
//! | `id`, `time`, `region` | `eventID`, `eventTime`, `awsRegion` |
//! | `account` | `recipientAccountId`; before eventVersion 1.02 `userIdentity.accountId` |
//! | `source` | `eventSource`, as `iam.amazonaws.com` → `aws.iam` |
//! | `detail-type` | `eventType`; before eventVersion 1.02 an API call, or a sign-in from `signin.amazonaws.com` |
//!
//! A field that cannot be told is not there. The region is where the record was written: for a global service
//! that is the region of today only in records that are not too old
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The domain that CloudTrail's names of services end in and EventBridge's do not.
pub(crate) const SERVICE_DOMAIN: &str = ".amazonaws.com";
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
}

impl EventKind {
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
        }
    }
}

/// The EventBridge `source` of a CloudTrail event source: `ec2.amazonaws.com` → `aws.ec2`.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/events.html>
pub fn bus_source(event_source: &str) -> String {
    format!("aws.{}", event_source.strip_suffix(SERVICE_DOMAIN).unwrap_or(event_source))
}

/// Makes the event of a record.
pub fn envelope(record: Value) -> Value {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let service = record["eventSource"].as_str();
    let fields = [
        ("version", Some("0".to_owned())),
        ("id", text(&record["eventID"])),
        ("detail-type", detail_type(kind(&record["eventType"]), service).map(str::to_owned)),
        ("source", service.map(bus_source)),
        (
            "account",
            text(&record["recipientAccountId"])
                .or_else(|| text(&record["userIdentity"]["accountId"])),
        ),
        ("time", text(&record["eventTime"])),
        ("region", text(&record["awsRegion"])),
    ];
    let mut event: Map<String, Value> = fields
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))))
        .collect();
    event.insert("resources".into(), Value::Array(Vec::new()));
    event.insert("detail".into(), record);
    Value::Object(event)
}

/// What a record says of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// Nothing, as before eventVersion 1.02.
    Unsaid,
    /// Something that is no text.
    Unreadable,
    Said(&'a str),
}

fn kind(event_type: &Value) -> Kind<'_> {
    match event_type {
        Value::Null => Kind::Unsaid,
        Value::String(text) => Kind::Said(text),
        _ => Kind::Unreadable,
    }
}

/// The `detail-type` of a kind of record
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>).
pub(crate) fn detail_type(kind: Kind<'_>, service: Option<&str>) -> Option<&'static str> {
    Some(match kind {
        Kind::Unsaid if service == Some(SIGN_IN) => "AWS Console Sign In via CloudTrail",
        Kind::Unsaid | Kind::Said("AwsApiCall") => "AWS API Call via CloudTrail",
        Kind::Said("AwsConsoleSignIn" | "AwsConsoleSignin") => "AWS Console Sign In via CloudTrail",
        Kind::Said("AwsConsoleAction") => "AWS Console Action via CloudTrail",
        Kind::Said("AwsServiceEvent") => "AWS Service Event via CloudTrail",
        Kind::Said("AwsCloudTrailInsight") => "AWS Insight via CloudTrail",
        Kind::Said("AwsVpceEvents" | "AwsVpceEvent") => "AWS Network Activity Event via CloudTrail",
        Kind::Said(_) | Kind::Unreadable => return None,
    })
}
