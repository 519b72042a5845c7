//! Whether an event reaches the default bus: which trails record it.

use super::super::state::{State, StoredTrail};
use super::super::trails::selectors::{self, Facts};
use super::{TrailLook, TrailVerdict};
use ctguard_core::event::{self, EventKind};
use ctguard_core::resource::topic::is_opt_in;
use ctguard_core::scope::{AccountId, Partition, Place, Region};
use serde_json::Value;

/// Largest event that CloudTrail sends to EventBridge, in bytes.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const EVENT_MAX_BYTES: usize = 256 * 1024;

/// Services whose events are recorded in one region of the `aws` partition only.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
const GLOBAL: [(&str, &str); 12] = [
    ("account.amazonaws.com", "us-east-1"),
    ("budgets.amazonaws.com", "us-east-1"),
    ("ce.amazonaws.com", "us-east-1"),
    ("savingsplans.amazonaws.com", "us-east-1"),
    ("shield.amazonaws.com", "us-east-1"),
    ("support.amazonaws.com", "us-east-1"),
    ("waf.amazonaws.com", "us-east-1"),
    ("iam.amazonaws.com", "us-east-1"),
    ("cloudfront.amazonaws.com", "us-east-1"),
    ("organizations.amazonaws.com", "us-east-1"),
    ("route53.amazonaws.com", "us-east-1"),
    ("networkmanager.amazonaws.com", "us-west-2"),
];

/// An EventBridge envelope, read as far as delivery depends on it.
#[derive(Debug, Clone)]
pub struct EventEnvelope<'a> {
    pub envelope: &'a Value,
    pub place: Place,
    detail_type: &'a str,
    detail: &'a Value,
    /// Whether CloudTrail wrote it; events that services send themselves need no trail.
    pub from_trail: bool,
    pub management: bool,
    pub read_only: bool,
}

impl<'a> EventEnvelope<'a> {
    /// Reads an envelope.
    pub fn read(envelope: &'a Value) -> Result<Self, String> {
        let text = |key: &str| {
            let value = envelope.get(key).and_then(Value::as_str);
            value.ok_or_else(|| format!("it has no `{key}`"))
        };
        for key in ["id", "source", "time"] {
            text(key)?;
        }
        let account =
            AccountId::new(text("account")?).ok_or("its `account` is not an account id")?;
        let region = Region::new(text("region")?).ok_or("its `region` is not a region")?;
        let detail_type = text("detail-type")?;
        let detail = envelope.get("detail").filter(|detail| detail.is_object());
        let detail = detail.ok_or("it has no `detail`")?;
        let category = detail.get("eventCategory").and_then(Value::as_str);
        let flag = |key: &str| detail.get(key).and_then(Value::as_bool);
        let name = detail.get("eventName").and_then(Value::as_str).unwrap_or_default();
        Ok(Self {
            envelope,
            place: Place::new(account, region),
            detail_type,
            detail,
            from_trail: detail_type.ends_with(" via CloudTrail"),
            management: flag("managementEvent")
                .unwrap_or(category.is_none_or(|c| c == "Management")),
            // Older records have no `readOnly`; EventBridge then goes by the name.
            read_only: flag("readOnly")
                .unwrap_or(["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb))),
        })
    }

    fn source(&self) -> &'a str {
        self.detail.get("eventSource").and_then(Value::as_str).unwrap_or_default()
    }

    /// As users write it: `ec2:CreateRoute`.
    pub fn name(&self) -> String {
        let text = |key: &str| {
            let of_insight = || self.detail.pointer(&format!("/insightDetails/{key}"));
            self.detail.get(key).or_else(of_insight).and_then(Value::as_str)
        };
        match (self.from_trail, text("eventName")) {
            (true, Some(name)) => event::short(text("eventSource").unwrap_or_default(), name),
            _ => self.detail_type.to_owned(),
        }
    }

    /// Whether a trail records it only if it includes the events of global services.
    fn is_global(&self) -> bool {
        let source = self.source();
        let host = self.detail.pointer("/tlsDetails/clientProvidedHostHeader");
        let global_sts = source == "sts.amazonaws.com"
            && host.and_then(Value::as_str) == Some("sts.amazonaws.com");
        global_sts || GLOBAL.iter().any(|(service, _)| *service == source)
    }

    /// The only region in which it can be recorded, if any.
    fn only_region(&self) -> Option<&'static str> {
        if self.place.region.partition() != Partition::Aws {
            return None;
        }
        GLOBAL.iter().find(|(service, _)| *service == self.source()).map(|(_, region)| *region)
    }
}

/// Judges whether an event reaches the default bus of its place.
pub fn judge(state: &State, event: &EventEnvelope<'_>) -> TrailVerdict {
    let no = |reason: String| TrailVerdict { reaches_bus: false, reason, trails: Vec::new() };
    let place = &event.place;
    if !state.has_account(&place.account) {
        return no(format!("account {} is not in the sandbox", place.account));
    }
    if !state.is_enabled(place) {
        return no(format!("region {} is not enabled", place.region));
    }
    if event.envelope.to_string().len() > EVENT_MAX_BYTES {
        return no("an event above 256 KB is not sent to EventBridge".to_owned());
    }
    if !event.from_trail {
        let reason = "the service sends it by itself; no trail is needed".to_owned();
        return TrailVerdict { reaches_bus: true, reason, trails: Vec::new() };
    }
    if let Some(only) = event.only_region().filter(|only| *only != place.region.as_str()) {
        return no(format!("events of {} are recorded in {only} only", event.source()));
    }
    let trails: Vec<TrailLook> = state
        .trails_seen_from(place)
        .map(|(home, name, stored)| {
            let why = look(stored, event).and_then(|()| sends(state, place, &home));
            TrailLook {
                arn: home.arn("cloudtrail", &format!("trail/{name}")),
                records: why.is_ok(),
                reason: why.err().unwrap_or_else(|| "it records the event".to_owned()),
            }
        })
        .collect();
    let reason = match trails.iter().find(|trail| trail.records) {
        Some(trail) => format!("{} records it", trail.arn),
        None if trails.is_empty() => format!("no trail covers {place}"),
        None => "no trail records it".to_owned(),
    };
    TrailVerdict { reaches_bus: trails.iter().any(|trail| trail.records), reason, trails }
}

/// Whether an account sends its events to a trail: to an organization's trail with its home in an
/// opt-in region, only when the account has enabled that region.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
fn sends(state: &State, place: &Place, home: &Place) -> Result<(), String> {
    let there = Place::new(place.account.clone(), home.region.clone());
    if home.account == place.account || !is_opt_in(&home.region) || state.is_enabled(&there) {
        return Ok(());
    }
    Err(format!("account {} has not enabled its home region {}", place.account, home.region))
}

fn look(stored: &StoredTrail, event: &EventEnvelope<'_>) -> Result<(), String> {
    if !stored.status.logging {
        return Err("it is not logging".to_owned());
    }
    if event.is_global() && !stored.trail.global_service_events {
        return Err("it leaves out the events of global services".to_owned());
    }
    if event.detail_type == EventKind::Insight.detail_type() {
        return match stored.insights {
            true => Ok(()),
            false => Err("it has no Insights selectors".to_owned()),
        };
    }
    let (detail, management, read_only) = (event.detail, event.management, event.read_only);
    let network = event.detail_type == EventKind::Network.detail_type();
    selectors::take(&stored.selectors, Facts { detail, management, network, read_only })
}
