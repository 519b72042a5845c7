//! The `json` format: ctguard's fields, and the whole event as EventBridge writes it.

use super::object::Object;
use super::{variables, words};
use crate::blueprint::Alert;
use serde_json::json;

/// The version of this format. It is not the program's: an upgrade must not change a template.
///
/// Version 1 had ARNs below `userIdentity`, whose paths may hold quotes; they stand in `event`.
const FORMAT_VERSION: u32 = 2;

/// A placeholder for the event until the template is text, since a bare variable is not JSON.
const EVENT: &str = "<aws.events.event.json>";

pub(super) fn template(alert: &Alert, object: Option<&Object>) -> String {
    let results = variables::results(alert).into_iter();
    let results: String = results.map(|result| format!("<{}>", result.variable)).collect();
    let (name, source) = variables::event(alert);
    let mut message = json!({
        "ctguard": FORMAT_VERSION,
        "alert": words(&alert.id),
        "title": words(&alert.title),
        "risk": alert.risk.as_str(),
        "why": words(&alert.why),
        "next": words(&alert.next),
        "account": "<account>",
        "region": "<region>",
        "time": "<time>",
        "eventID": "<event-id>",
        "eventName": name,
        "eventSource": source,
        "errorCode": "<error-code>",
        "result": results,
        "sourceIPAddress": "<source-ip>",
        "userIdentity": {
            "type": "<identity-type>",
            "accountId": "<identity-account>",
            "accessKeyId": "<access-key>",
            "invokedBy": "<invoked-by>",
            "sessionIssuer": "<session-issuer>",
            "sourceIdentity": "<source-identity>",
            "onBehalfOf": "<identity-user-id>",
        },
        "rule": "<aws.events.rule-arn>",
        "event": EVENT,
    });
    if let Some(object) = object {
        message["touched"] = object.places();
    }
    message.to_string().replace(&format!("\"{EVENT}\""), EVENT)
}
