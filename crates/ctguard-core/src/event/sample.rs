//! Sample events: envelopes as CloudTrail and EventBridge would write them.

use crate::event::{Access, EventKind};
use crate::hex::hex;
use crate::scope::Place;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// A moment, written as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Clock(pub Timestamp);

impl TryFrom<String> for Clock {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("`{text}` is not a time: {error}"))
    }
}

impl From<Clock> for String {
    fn from(clock: Clock) -> Self {
        clock.0.to_string()
    }
}

/// What a sample event is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// `ec2.amazonaws.com`.
    pub source: String,
    pub name: String,
    pub kind: EventKind,
    pub access: Access,
    /// Where it lands.
    pub place: Place,
    pub identity: Identity,
    pub time: Clock,
    /// Merged into `detail` last, so that any field can be set. An object; anything else is left out.
    pub detail: Value,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    Root,
    /// An IAM user, by name.
    User(String),
    /// A session of a role, by the role's name.
    Role(String),
}

/// The resource types of data events, by event source.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html>
const DATA_RESOURCES: [(&str, &str, &str); 5] = [
    ("s3.amazonaws.com", "AWS::S3::Object", "arn:aws:s3:::sample-bucket/sample-object"),
    ("lambda.amazonaws.com", "AWS::Lambda::Function", "function:sample"),
    ("sns.amazonaws.com", "AWS::SNS::Topic", "sample"),
    ("sqs.amazonaws.com", "AWS::SQS::Queue", "sample"),
    ("dynamodb.amazonaws.com", "AWS::DynamoDB::Table", "table/sample"),
];

/// Makes the envelope of a sample event. The same sample always gives the same bytes.
pub fn sample_event(sample: &Sample) -> Value {
    let place = &sample.place;
    let time = String::from(sample.time);
    let mut detail = match sample.kind {
        EventKind::Insight => insight(sample),
        _ => record(sample),
    };
    merge(&mut detail, &sample.detail);
    json!({
        "version": "0",
        "id": id(sample, "envelope"),
        "detail-type": sample.kind.detail_type(),
        "source": sample.kind.bus_source(&sample.source),
        "account": place.account,
        "time": time,
        "region": place.region,
        "resources": [],
        "detail": detail,
    })
}

/// The record of a call, or of what a console or service did.
fn record(sample: &Sample) -> Value {
    let place = &sample.place;
    let mut detail = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(sample),
        "eventTime": String::from(sample.time),
        "eventSource": sample.source,
        "eventName": sample.name,
        "awsRegion": place.region,
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": null,
        "responseElements": null,
        "requestID": id(sample, "request"),
        "eventID": id(sample, "event"),
        "readOnly": sample.access == Access::Read,
        "eventType": event_type(sample.kind),
        "managementEvent": sample.kind.is_management(),
        "recipientAccountId": place.account,
        "eventCategory": category(sample.kind),
    });
    if let Some(fields) = detail.as_object_mut() {
        fields.extend(particulars(sample));
    }
    detail
}

/// The record of an unusual rate of calls; who made them is not in it.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html>
fn insight(sample: &Sample) -> Value {
    json!({
        "eventVersion": "1.11",
        "eventTime": String::from(sample.time),
        "awsRegion": sample.place.region,
        "eventID": id(sample, "event"),
        "eventType": event_type(sample.kind),
        "recipientAccountId": sample.place.account,
        "sharedEventID": id(sample, "insight"),
        "insightDetails": {
            "state": "Start",
            "eventSource": sample.source,
            "eventName": sample.name,
            "insightType": "ApiCallRateInsight",
            "insightContext": {
                "statistics": {
                    "baseline": { "average": 0.25 },
                    "insight": { "average": 12.5 },
                    "insightDuration": 5,
                    "baselineDuration": 10080,
                },
            },
        },
        "eventCategory": category(sample.kind),
    })
}

fn category(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Data => "Data",
        EventKind::Network => "NetworkActivity",
        EventKind::Insight => "Insight",
        _ => "Management",
    }
}

fn event_type(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Api | EventKind::Data => "AwsApiCall",
        EventKind::Signin => "AwsConsoleSignIn",
        EventKind::Console => "AwsConsoleAction",
        EventKind::Service => "AwsServiceEvent",
        EventKind::Network => "AwsVpceEvent",
        EventKind::Insight => "AwsCloudTrailInsight",
    }
}

fn identity(sample: &Sample) -> Value {
    let account = &sample.place.account;
    let partition = sample.place.region.partition();
    if sample.kind == EventKind::Service {
        return json!({ "accountId": account, "invokedBy": sample.source });
    }
    match &sample.identity {
        Identity::Root => json!({
            "type": "Root",
            "principalId": account,
            "arn": format!("arn:{partition}:iam::{account}:root"),
            "accountId": account,
        }),
        Identity::User(name) => json!({
            "type": "IAMUser",
            "principalId": format!("AIDA{}", &unique(sample, "user")[..17].to_uppercase()),
            "arn": format!("arn:{partition}:iam::{account}:user/{name}"),
            "accountId": account,
            "userName": name,
        }),
        Identity::Role(name) => {
            let principal = format!("AROA{}", &unique(sample, "role")[..17].to_uppercase());
            json!({
                "type": "AssumedRole",
                "principalId": format!("{principal}:session"),
                "arn": format!("arn:{partition}:sts::{account}:assumed-role/{name}/session"),
                "accountId": account,
                "sessionContext": { "sessionIssuer": {
                    "type": "Role",
                    "principalId": principal,
                    "arn": format!("arn:{partition}:iam::{account}:role/{name}"),
                    "accountId": account,
                    "userName": name,
                } },
            })
        }
    }
}

/// The fields that only some events have.
fn particulars(sample: &Sample) -> Map<String, Value> {
    let fields = match sample.kind {
        // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
        EventKind::Signin => json!({
            "userAgent": "Mozilla/5.0",
            "responseElements": { sample.name.as_str(): "Success" },
            "additionalEventData": {
                "LoginTo": "https://console.aws.amazon.com/console/home",
                "MobileVersion": "No",
                "MFAUsed": "No",
            },
        }),
        EventKind::Data => {
            let known = DATA_RESOURCES.iter().find(|(source, ..)| *source == sample.source);
            let service = sample.source.split('.').next().unwrap_or_default();
            let (kind, arn) = match known {
                Some((_, kind, arn)) if arn.starts_with("arn:") => {
                    ((*kind).to_owned(), (*arn).to_owned())
                }
                Some((_, kind, name)) => ((*kind).to_owned(), sample.place.arn(service, name)),
                None => (format!("AWS::{service}::Resource"), sample.place.arn(service, "sample")),
            };
            json!({ "resources": [{ "accountId": sample.place.account, "type": kind, "ARN": arn }] })
        }
        EventKind::Service => json!({ "serviceEventDetails": {} }),
        // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
        EventKind::Network => json!({
            "vpcEndpointId": "vpce-0123456789abcdef0",
            "vpcEndpointAccountId": sample.place.account,
        }),
        EventKind::Insight => json!({}),
        EventKind::Api | EventKind::Console => json!({
            "requestParameters": request(sample),
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "clientProvidedHostHeader": host(sample),
            },
        }),
    };
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn host(sample: &Sample) -> String {
    let service = sample.source.split('.').next().unwrap_or_default();
    format!("{service}.{}.amazonaws.com", sample.place.region)
}

/// Request parameters for the calls that stories are told with.
fn request(sample: &Sample) -> Value {
    match (sample.source.as_str(), sample.name.as_str()) {
        ("cloudtrail.amazonaws.com", _) => json!({ "name": "management-events" }),
        ("ec2.amazonaws.com", "CreateSecurityGroup") => {
            json!({ "groupName": "open", "groupDescription": "a sample", "vpcId": "vpc-0a1b2c3d" })
        }
        ("ec2.amazonaws.com", "CreateRoute") => json!({
            "routeTableId": "rtb-0a1b2c3d", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-0a1b2c3d",
        }),
        ("rds.amazonaws.com", name) if name.contains("DBSecurityGroup") => {
            json!({ "dBSecurityGroupName": "sample" })
        }
        _ => json!({}),
    }
}

/// Puts `changes` into `value`, field by field; other values are replaced.
fn merge(value: &mut Value, changes: &Value) {
    let Value::Object(changes) = changes else {
        return;
    };
    let Some(fields) = value.as_object_mut() else {
        return;
    };
    for (key, change) in changes {
        match fields.get_mut(key) {
            Some(there) if there.is_object() && change.is_object() => merge(there, change),
            _ => {
                fields.insert(key.clone(), change.clone());
            }
        }
    }
}

fn unique(sample: &Sample, purpose: &str) -> String {
    let Sample { source, name, place, time, .. } = sample;
    let digest = Sha256::digest(format!("{purpose} {source} {name} {place} {}", time.0));
    hex(&digest[..16])
}

/// An id in the form of a UUID that depends on the sample alone.
fn id(sample: &Sample, purpose: &str) -> String {
    let hex = unique(sample, purpose);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{AccountId, Region};

    fn sample(source: &str, name: &str, kind: EventKind, identity: Identity) -> Value {
        let account = AccountId::new("111122223333").unwrap();
        let place = Place::new(account, Region::new("eu-west-1").unwrap());
        sample_event(&Sample {
            source: source.to_owned(),
            name: name.to_owned(),
            kind,
            access: Access::Write,
            place,
            identity,
            time: "2026-11-22T12:00:00Z".to_owned().try_into().unwrap(),
            detail: json!({ "requestParameters": { "extra": 1 }, "errorCode": "AccessDenied" }),
        })
    }

    #[test]
    fn an_event_has_the_shape_of_its_kind() {
        let at = |event: &Value, pointer: &str| event.pointer(pointer).cloned().unwrap_or_default();
        let api = sample(
            "ec2.amazonaws.com",
            "CreateRoute",
            EventKind::Api,
            Identity::User("eve".into()),
        );
        assert_eq!(at(&api, "/source"), "aws.ec2");
        assert_eq!(at(&api, "/detail-type"), "AWS API Call via CloudTrail");
        assert_eq!(at(&api, "/detail/userIdentity/arn"), "arn:aws:iam::111122223333:user/eve");
        assert_eq!(at(&api, "/detail/requestParameters/extra"), 1);
        assert_eq!(at(&api, "/detail/requestParameters/gatewayId"), "igw-0a1b2c3d");
        assert_eq!(at(&api, "/detail/errorCode"), "AccessDenied");

        let root =
            sample("signin.amazonaws.com", "ConsoleLogin", EventKind::Signin, Identity::Root);
        assert_eq!(at(&root, "/detail-type"), "AWS Console Sign In via CloudTrail");
        assert_eq!(at(&root, "/detail/responseElements/ConsoleLogin"), "Success");
        assert_eq!(at(&root, "/detail/userIdentity/type"), "Root");

        let data = sample(
            "s3.amazonaws.com",
            "DeleteObject",
            EventKind::Data,
            Identity::Role("ci".into()),
        );
        assert_eq!(at(&data, "/detail/managementEvent"), false);
        assert_eq!(at(&data, "/detail/resources/0/type"), "AWS::S3::Object");
        assert_eq!(
            data,
            sample(
                "s3.amazonaws.com",
                "DeleteObject",
                EventKind::Data,
                Identity::Role("ci".into())
            )
        );
    }
}
