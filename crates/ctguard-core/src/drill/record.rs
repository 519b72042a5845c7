//! The record that CloudTrail writes of a call of ctguard's.

use crate::action::{Action, Logged};
use crate::catalogue;
use crate::hex::hex;
use crate::scope::{Arn, Place, Region};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// A call that was made, or would be.
#[derive(Debug, Clone, Copy)]
pub struct CallMade<'a> {
    pub action: &'a Action,
    /// Where it is made.
    pub place: &'a Place,
    /// The ARN of who makes it.
    pub by: &'a str,
    /// RFC 3339, UTC.
    pub time: &'a str,
    /// Tells it from other such calls at that time.
    pub number: u64,
    /// The error code and message of a call that was refused.
    pub refused: Option<(&'a str, &'a str)>,
}

/// The place where the event of a call lands: IAM's are all logged in one region.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
pub fn lands(source: &str, name: &str, made: &Place) -> Place {
    let landing = catalogue::find(source, name).map(|event| event.landing);
    let region = landing.and_then(|landing| landing.region_in(made.region.partition()));
    match region.and_then(Region::new) {
        Some(region) => Place::new(made.account.clone(), region),
        None => made.clone(),
    }
}

/// How a call was made, whatever it was.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// Where it is made.
    pub place: &'a Place,
    /// The ARN of who makes it.
    pub by: &'a str,
    /// RFC 3339, UTC.
    pub time: &'a str,
    /// Tells it from other such calls at that time.
    pub number: u64,
    /// The error code and message of a call that was refused.
    pub refused: Option<(&'a str, &'a str)>,
}

/// The record of a call of ctguard's.
pub fn record(call: &CallMade<'_>) -> Value {
    let CallMade { action, place, by, time, number, refused } = *call;
    let how = Circumstances { place, by, time, number, refused };
    let mut record = record_of(&action.logged(place), &how);
    if let Some(fields) = record.as_object_mut() {
        fields.insert("userAgent".to_owned(), json!("aws-sdk-rust/1.3 app/ctguard"));
    }
    record
}

/// The record of anybody's call.
pub fn record_of(logged: &Logged, call: &Circumstances<'_>) -> Value {
    let place = lands(&logged.source, logged.name, call.place);
    let service = crate::event::service(&logged.source);
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(call, &place),
        "eventTime": call.time,
        "eventSource": logged.source,
        "eventName": logged.name,
        "awsRegion": place.region,
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": logged.parameters,
        "responseElements": null,
        "requestID": id(logged, call, "request"),
        "eventID": id(logged, call, "event"),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": place.account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "clientProvidedHostHeader": format!("{service}.{}.amazonaws.com", place.region),
        },
    });
    if let (Some((code, message)), Some(fields)) = (call.refused, record.as_object_mut()) {
        fields.insert("errorCode".to_owned(), json!(code));
        fields.insert("errorMessage".to_owned(), json!(message));
    }
    record
}

/// `userIdentity` of an ARN.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
fn identity(call: &Circumstances<'_>, place: &Place) -> Value {
    let account = &place.account;
    let unique = |prefix: &str| {
        let hash = hex(&Sha256::digest(call.by.as_bytes())).to_uppercase();
        format!("{prefix}{}", &hash[..17])
    };
    let resource = Arn::parse(call.by).map_or("", |arn| arn.resource);
    let last = resource.rsplit('/').next().unwrap_or_default();
    let mut fields = match resource.split_once('/') {
        None if resource == "root" => json!({ "type": "Root", "principalId": account }),
        Some(("user", _)) => {
            json!({ "type": "IAMUser", "principalId": unique("AIDA"), "userName": last })
        }
        Some(("assumed-role", rest)) => {
            let role = rest.split('/').next().unwrap_or_default();
            let partition = place.region.partition();
            json!({
                "type": "AssumedRole",
                "principalId": format!("{}:{last}", unique("AROA")),
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": unique("AROA"),
                        "arn": format!("arn:{partition}:iam::{account}:role/{role}"),
                        "accountId": account,
                        "userName": role,
                    },
                    "attributes": { "creationDate": call.time, "mfaAuthenticated": "false" },
                },
            })
        }
        Some(("federated-user", _)) => {
            json!({ "type": "FederatedUser", "principalId": format!("{account}:{last}") })
        }
        _ => json!({ "type": "Unknown", "principalId": unique("AIDA") }),
    };
    if let Some(fields) = fields.as_object_mut() {
        let common: Map<String, Value> = Map::from_iter([
            ("arn".to_owned(), json!(call.by)),
            ("accountId".to_owned(), json!(account)),
        ]);
        fields.extend(common);
    }
    fields
}

/// An id in the form of a UUID.
fn id(logged: &Logged, call: &Circumstances<'_>, purpose: &str) -> String {
    let Circumstances { place, by, time, number, .. } = call;
    let text = format!("{purpose} {}:{} {place} {by} {time} {number}", logged.source, logged.name);
    let hash = hex(&Sha256::digest(text.as_bytes()));
    [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32]].join("-")
}

#[cfg(test)]
mod tests;
