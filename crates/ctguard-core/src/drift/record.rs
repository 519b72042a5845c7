//! Reads a CloudTrail record: whether it is about an object, and who called, when and from where.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use super::suspects::Subject;
use crate::event::identity::UserIdentity;
use crate::event::outcome::is_error;
use crate::foreign::Foreign;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// How ctguard's own calls are recognised: the SDK puts the program's name into the user agent.
const OWN_AGENT: &str = "app/ctguard";

/// A call that changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedCall {
    /// The call as AWS names it: `DisableRule`.
    pub call: Foreign,
    /// When, ISO 8601, UTC.
    pub time: Foreign,
    /// Who called.
    pub by: CallerIdentity,
    /// CloudTrail's `sourceIPAddress`: where the call came from, or the service that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<Foreign>,
    /// CloudTrail's `userAgent`: the program that called, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Foreign>,
    /// Whether the user agent says that ctguard made it. Anybody can say so.
    pub by_ctguard: bool,
    /// CloudTrail's `eventID`, by which the record is found again.
    pub event_id: Foreign,
}

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallerIdentity {
    /// CloudTrail's `userIdentity.type`: `AssumedRole`, `IAMUser`, `Root`, `AWSService`.
    #[serde(rename = "type")]
    pub kind: Foreign,
    /// The ARN of the principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Foreign>,
    /// Who it is where there is no ARN: the user of IAM Identity Center, the name at an identity
    /// provider, the id of a principal or of an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Foreign>,
    /// The account that the principal belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Foreign>,
    /// The name of the user, or of the role that issued the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Foreign>,
    /// The role that issued the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Foreign>,
    /// The service that called in the principal's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Foreign>,
}

impl CallerIdentity {
    /// Returns the most specific identity that is known.
    pub fn who(&self) -> &Foreign {
        let named = self.arn.as_ref().or(self.principal.as_ref());
        named.or(self.name.as_ref()).or(self.via.as_ref()).unwrap_or(&self.kind)
    }
}

/// Reads a record that is about this object, made by one of these calls of a service, and that
/// succeeded.
pub fn recorded_call(
    text: &str,
    source: &str,
    calls: &[&str],
    subject: &Subject,
) -> Option<RecordedCall> {
    let record: Value = serde_json::from_str(text).ok()?;
    let said = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    let call = said("eventName")?;
    // S3 and others add a version to the name of some calls; none of those is needed.
    let meant = calls.contains(&call.as_str()) && record["eventSource"] == *source;
    // A call that failed has changed nothing.
    let failed = match record.get("errorCode") {
        Some(Value::String(code)) => is_error(Some(code)),
        code => code.is_some_and(|code| !code.is_null()),
    };
    if !meant || failed || !subject.is_in(&record["requestParameters"]) {
        return None;
    }
    let user_agent = said("userAgent");
    Some(RecordedCall {
        call: call.into(),
        time: said("eventTime")?.into(),
        by: principal(&record["userIdentity"]),
        source_ip: said("sourceIPAddress").map(Foreign::from),
        by_ctguard: user_agent
            .as_ref()
            .is_some_and(|agent| agent.split([' ', '[', ']']).any(|word| word == OWN_AGENT)),
        user_agent: user_agent.map(Foreign::from),
        event_id: said("eventID").unwrap_or_default().into(),
    })
}

fn principal(identity: &Value) -> CallerIdentity {
    let who = UserIdentity::of(identity);
    let said = |text: &Option<Cow<'_, str>>| text.as_deref().map(Foreign::from);
    let issuer_name = identity.pointer("/sessionContext/sessionIssuer/userName");
    let issuer_name = issuer_name.and_then(Value::as_str).map(Foreign::from);
    let specific = who.most_specific(None).filter(|_| who.arn.is_none());
    CallerIdentity {
        kind: said(&who.kind).unwrap_or_else(|| "Unknown".into()),
        arn: said(&who.arn),
        principal: specific.map(|name| Foreign::from(name.into_owned())),
        account: said(&who.account),
        name: said(&who.user_name).or(issuer_name),
        issuer: said(&who.issuer_arn),
        via: said(&who.invoked_by),
    }
}

impl Subject {
    /// Whether a call's parameters are about it.
    fn is_in(&self, parameters: &Value) -> bool {
        let on_its_bus = match (&self.bus, parameters.get("eventBusName").and_then(Value::as_str)) {
            (Some(bus), Some(said)) => said.rsplit('/').next() == Some(bus.as_str()),
            // A call that names the rule by its ARN names the bus with it.
            (Some(bus), None) => bus == "default" || parameters.get("resourceARN").is_some(),
            (None, _) => true,
        };
        let named = |text: &str| self.names.iter().any(|name| names(text, name));
        // A list of parts that does not have this one is about others.
        let parts = ["ids", "targets", "policyName"].iter().find_map(|key| parameters.get(*key));
        let on_its_part = match (&self.part, parts) {
            (Some(part), Some(parts)) => any_text(parts, &|text| text == part),
            _ => true,
        };
        let protocol = parameters.get("protocol").and_then(Value::as_str);
        let other = self.protocol.as_deref().zip(protocol).is_some_and(|(own, said)| own != said);
        on_its_bus && on_its_part && !other && any_text(parameters, &named)
    }
}

/// Whether a parameter names an object: bare, by ARN, at the end of a queue's URL, or as what
/// belongs to a topic.
fn names(text: &str, name: &str) -> bool {
    text == name
        || text.strip_suffix(name).is_some_and(|before| before.ends_with('/'))
        || (name.starts_with("arn:")
            && text.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))
}

fn any_text(value: &Value, holds: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => holds(text),
        Value::Array(all) => all.iter().any(|one| any_text(one, holds)),
        Value::Object(all) => all.values().any(|one| any_text(one, holds)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn subject(names: &[&str], bus: Option<&str>, part: Option<&str>) -> Subject {
        Subject {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            bus: bus.map(str::to_owned),
            part: part.map(str::to_owned),
            protocol: None,
        }
    }

    #[test]
    fn a_call_is_about_an_object_when_its_parameters_name_it() {
        let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-a";
        let topic = "arn:aws:sns:eu-west-1:111122223333:ctguard-acme-secops";
        let queue = "arn:aws:sqs:eu-west-1:111122223333:ctguard-acme-targets";
        let on_default = subject(&["ctguard-acme-a", rule], Some("default"), None);
        let on_hub = subject(&["ctguard-acme-a", rule], Some("ctguard-acme"), None);
        let target = subject(&["ctguard-acme-a", rule], Some("default"), Some("one"));
        let of_topic = subject(&["ctguard-acme-secops", topic], None, None);
        let of_mail = Subject { protocol: Some("email".to_owned()), ..of_topic.clone() };
        let of_queue = subject(&["ctguard-acme-targets", queue], None, None);
        for (subject, parameters, about) in [
            (&on_default, json!({ "name": "ctguard-acme-a" }), true),
            (&on_default, json!({ "name": "ctguard-acme-a", "eventBusName": "default" }), true),
            (&on_default, json!({ "name": "ctguard-acme-ab" }), false),
            (
                &on_default,
                json!({ "name": "ctguard-acme-a", "eventBusName": "ctguard-acme" }),
                false,
            ),
            (&on_default, json!({ "resourceARN": rule }), true),
            (&on_hub, json!({ "name": "ctguard-acme-a", "eventBusName": "ctguard-acme" }), true),
            (
                &on_hub,
                json!({ "name": "ctguard-acme-a", "eventBusName": "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme" }),
                true,
            ),
            (&on_hub, json!({ "name": "ctguard-acme-a" }), false),
            (&target, json!({ "rule": "ctguard-acme-a", "ids": ["one", "two"] }), true),
            (&target, json!({ "rule": "ctguard-acme-a", "ids": ["two"] }), false),
            (&target, json!({ "rule": "ctguard-acme-a", "targets": [{ "id": "one" }] }), true),
            (&target, json!({ "rule": "ctguard-acme-b", "ids": ["one"] }), false),
            (&target, json!({ "name": "ctguard-acme-a" }), true),
            (&of_topic, json!({ "topicArn": topic }), true),
            (&of_topic, json!({ "subscriptionArn": format!("{topic}:2b1f") }), true),
            (&of_topic, json!({ "topicArn": format!("{topic}2") }), false),
            (&of_mail, json!({ "topicArn": topic, "protocol": "email" }), true),
            (&of_mail, json!({ "topicArn": topic }), true),
            (&of_mail, json!({ "topicArn": topic, "protocol": "sqs" }), false),
            (
                &of_queue,
                json!({ "queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/ctguard-acme-targets" }),
                true,
            ),
            (
                &of_queue,
                json!({ "queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/x-ctguard-acme-targets" }),
                false,
            ),
            (&of_queue, json!(null), false),
        ] {
            assert_eq!(subject.is_in(&parameters), about, "{parameters}");
        }
    }

    #[test]
    fn who_called_is_told_as_far_as_cloudtrail_says() {
        let record = |identity: Value, more: Value| {
            let mut record = json!({
                "eventSource": "events.amazonaws.com", "eventName": "DisableRule", "eventTime": "2026-11-21T10:00:00Z",
                "userIdentity": identity, "eventID": "e-1", "requestParameters": { "name": "r" },
            });
            record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            record.to_string()
        };
        let of = |identity: Value, more: Value| {
            let rule = subject(&["r"], Some("default"), None);
            recorded_call(&record(identity, more), "events.amazonaws.com", &["DisableRule"], &rule)
        };
        let role = json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/admin/mallory",
            "accountId": "111122223333", "sessionContext": { "sessionIssuer": { "arn": "arn:aws:iam::111122223333:role/admin", "userName": "admin" } } });
        let agent = json!({ "sourceIPAddress": "203.0.113.9", "userAgent": "aws-sdk-rust/1.3 ua/2.1 app/ctguard" });
        let deed = of(role.clone(), agent).unwrap();
        assert_eq!(deed.by.who(), "arn:aws:sts::111122223333:assumed-role/admin/mallory");
        assert_eq!(deed.by.issuer, Some("arn:aws:iam::111122223333:role/admin".into()));
        assert!(deed.by_ctguard && deed.source_ip == Some("203.0.113.9".into()));
        let other = of(role.clone(), json!({ "userAgent": "app/ctguardian" })).unwrap();
        assert!(!other.by_ctguard);
        let service = of(
            json!({ "type": "AWSService", "invokedBy": "cloudformation.amazonaws.com" }),
            json!({}),
        );
        assert_eq!(service.unwrap().by.who(), "cloudformation.amazonaws.com");
        assert!(
            of(role.clone(), json!({ "errorCode": "AccessDenied" })).is_none(),
            "it changed nothing"
        );
        for no_error in [json!({ "errorCode": "" }), json!({ "errorCode": "200" })] {
            assert!(of(role.clone(), no_error).is_some(), "it succeeded");
        }
        for (identity, who) in [
            (
                json!({ "type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": { "userId": "u-1" } }),
                "u-1",
            ),
            (
                json!({ "type": "WebIdentityUser", "principalId": "accounts.example.com:app:7", "userName": "7" }),
                "accounts.example.com:app:7",
            ),
            (json!({ "type": "AWSAccount", "accountId": "999988887777" }), "999988887777"),
            (
                json!({ "type": "AssumedRole", "arn": null, "principalId": "AROAEXAMPLE:eve" }),
                "AROAEXAMPLE:eve",
            ),
        ] {
            assert_eq!(of(identity.clone(), json!({})).unwrap().by.who(), who, "{identity}");
        }
        assert!(of(role.clone(), json!({ "eventName": "PutRule" })).is_none());
        assert!(of(role, json!({ "eventSource": "schemas.amazonaws.com" })).is_none());
        assert_eq!(of(json!(null), json!({})).unwrap().by.who(), "Unknown");
    }
}
