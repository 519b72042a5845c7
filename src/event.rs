//! An event as EventBridge delivers it, and the kinds that CloudTrail writes.

use crate::scope::Place;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
    /// The kind that a CloudTrail record says it is in `eventType`; a data event says `AwsApiCall`
    /// as well. `None` for Insights, network activity and what is not known yet.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
    pub fn of_record(record: &Value) -> Option<Self> {
        match (record["eventType"].as_str()?, record["managementEvent"].as_bool()) {
            ("AwsApiCall", Some(false)) => Some(Self::Data),
            ("AwsApiCall", _) => Some(Self::Api),
            ("AwsConsoleSignIn", _) => Some(Self::Signin),
            ("AwsConsoleAction", _) => Some(Self::Console),
            ("AwsServiceEvent", _) => Some(Self::Service),
            _ => None,
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

impl Access {
    /// What a name says of an event that nothing else is known of.
    pub fn by_name(name: &str) -> Self {
        const READS: [&str; 6] = ["Get", "List", "Describe", "BatchGet", "Head", "Lookup"];
        if READS.iter().any(|verb| name.starts_with(verb)) { Self::Read } else { Self::Write }
    }
}

/// The EventBridge `source` of a CloudTrail event source: `ec2.amazonaws.com` → `aws.ec2`.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/events.html>
pub fn bus_source(event_source: &str) -> String {
    format!("aws.{}", event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source))
}

/// The event that EventBridge makes of a CloudTrail record in a place; `None` when the record does
/// not say of which kind it is.
///
/// `resources` is empty in all such events
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>).
pub fn envelope(record: &Value, place: &Place) -> Option<Value> {
    let kind = EventKind::of_record(record)?;
    Some(json!({
        "version": "0",
        "id": record["eventID"],
        "detail-type": kind.detail_types().first()?,
        "source": bus_source(record["eventSource"].as_str()?),
        "account": place.account,
        "time": record["eventTime"],
        "region": place.region,
        "resources": [],
        "detail": record,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{AccountId, Region};

    #[test]
    fn the_bus_names_a_source_without_its_domain() {
        assert_eq!(bus_source("ec2.amazonaws.com"), "aws.ec2");
        assert_eq!(bus_source("monitoring.amazonaws.com"), "aws.monitoring");
    }

    #[test]
    fn a_record_becomes_the_event_of_its_kind_and_place() {
        let account = AccountId::new("111122223333").expect("twelve digits");
        let place = Place::new(account, Region::new("eu-west-1").expect("a region"));
        let record = json!({
            "eventType": "AwsConsoleSignIn", "eventSource": "signin.amazonaws.com",
            "eventID": "e-1", "eventTime": "2026-11-22T10:00:00Z", "eventName": "ConsoleLogin",
        });
        let event = envelope(&record, &place).expect("a known kind");
        assert_eq!(event["detail-type"], "AWS Console Sign In via CloudTrail");
        assert_eq!(event["source"], "aws.signin");
        assert_eq!(
            (&event["account"], &event["region"]),
            (&json!("111122223333"), &json!("eu-west-1"))
        );
        assert_eq!(event["detail"], record);
        assert_eq!(envelope(&json!({"eventType": "AwsCloudTrailInsight"}), &place), None);
    }

    #[test]
    fn data_events_are_told_by_their_management_flag() {
        let kind = |management: bool| {
            EventKind::of_record(&json!({"eventType": "AwsApiCall", "managementEvent": management}))
        };
        assert_eq!((kind(true), kind(false)), (Some(EventKind::Api), Some(EventKind::Data)));
    }
}
