//! An event as EventBridge delivers it, and the kinds that CloudTrail writes.

use serde::{Deserialize, Serialize};

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

/// Whether an event only reads. Read-only management events do not reach a plain `ENABLED` rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Read,
    Write,
}

/// The EventBridge `source` of a CloudTrail event source: `ec2.amazonaws.com` → `aws.ec2`.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/events.html>
pub fn bus_source(event_source: &str) -> String {
    format!("aws.{}", event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source))
}
