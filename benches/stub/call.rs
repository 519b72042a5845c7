//! What a request asks, of which account and region.

use crate::http::Request;
use serde_json::Value;
use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Json,
    Cbor,
    /// A form that is answered in XML.
    Form,
    Rest,
}

/// One call.
pub struct Call<'a> {
    /// Whose credentials signed it.
    pub account: &'a str,
    /// Where it is signed for; `-` for what has no region.
    pub region: &'a str,
    pub service: &'a str,
    pub operation: &'a str,
    pub protocol: Protocol,
    pub body: &'a [u8],
    json: Value,
}

/// The length of an account's id, with which every access key here ends.
const ID: usize = 12;

impl<'a> Call<'a> {
    pub fn of(request: &'a Request<'a>) -> Self {
        // Credential=KEY/DATE/REGION/SERVICE/aws4_request
        let signed = request.header("authorization").unwrap_or_default();
        let mut scope = signed.split("Credential=").nth(1).unwrap_or_default().split('/');
        let key = scope.next().unwrap_or_default();
        let (region, service) = (scope.nth(1).unwrap_or("-"), scope.next().unwrap_or("-"));
        let form = || {
            let body = std::str::from_utf8(request.body).ok()?;
            body.split('&').find_map(|pair| pair.strip_prefix("Action="))
        };
        let (protocol, operation) = if let Some(target) = request.header("x-amz-target") {
            (Protocol::Json, target.rsplit('.').next().unwrap_or(target))
        } else if let Some((_, operation)) = request.path.split_once("/operation/") {
            (Protocol::Cbor, operation)
        } else if let Some(action) = form() {
            (Protocol::Form, action)
        } else if request.path == "/listRegions" {
            (Protocol::Rest, "ListRegions")
        } else {
            (Protocol::Rest, request.path)
        };
        let json = match protocol {
            Protocol::Json => serde_json::from_slice(request.body).unwrap_or_default(),
            _ => Value::Null,
        };
        Self {
            account: &key[key.len().saturating_sub(ID)..],
            region: if matches!(service, "iam" | "organizations") { "-" } else { region },
            service,
            operation,
            protocol,
            body: request.body,
            json,
        }
    }

    /// A parameter; empty when it was not sent.
    pub fn parameter(&self, name: &str) -> Cow<'_, str> {
        if self.protocol == Protocol::Json {
            return self.json[name].as_str().unwrap_or_default().into();
        }
        let body = std::str::from_utf8(self.body).unwrap_or_default();
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next();
        decoded(value.unwrap_or_default())
    }

    /// What the call is about, beside its region.
    pub fn subject(&self) -> String {
        let bus = |bus: &str| match bus {
            "" | "default" => String::new(),
            bus => format!("{bus}/"),
        };
        let one = |name: &str| self.parameter(name).into_owned();
        match (self.service, self.operation) {
            ("events", "ListRules") => {
                format!("{}#{}", bus(&one("EventBusName")), one("NextToken"))
            }
            ("events", "ListTargetsByRule") => {
                format!("{}{}", bus(&one("EventBusName")), one("Rule"))
            }
            ("events", "DescribeEventBus") => one("Name"),
            ("events", "ListTagsForResource") => one("ResourceARN"),
            ("tagging", "GetResources") => one("PaginationToken"),
            ("sqs", "GetQueueUrl") => one("QueueName"),
            ("sqs", _) => one("QueueUrl").rsplit('/').next().unwrap_or_default().to_owned(),
            ("cloudtrail", "GetTrailStatus") => one("Name"),
            ("cloudtrail", "GetEventSelectors") => one("TrailName"),
            ("cloudtrail", "ListTags") => {
                self.json["ResourceIdList"][0].as_str().unwrap_or_default().to_owned()
            }
            ("sns", "GetSubscriptionAttributes") => one("SubscriptionArn"),
            ("sns", "ListTagsForResource") => one("ResourceArn"),
            ("sns", _) => one("TopicArn"),
            ("iam", "GetRolePolicy") => format!("{}/{}", one("RoleName"), one("PolicyName")),
            ("iam", _) => one("RoleName"),
            ("organizations", "ListAccounts") => one("NextToken"),
            _ => String::new(),
        }
    }
}

/// A value of a form.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                rest = tail;
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or_default() as u8;
                digit(high) * 16 + digit(low)
            }
            (b'+', _) => b' ',
            (byte, _) => *byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}
