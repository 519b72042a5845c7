//! Whether EventBridge would have delivered an event to a rule.
//!
//! | event | plain state | wide state |
//! |---|---|---|
//! | read-only management event | no | yes |
//! | other management event | yes | yes |
//! | data event, network activity | yes, if a trail's selectors record it | the same |
//! | Insights event | yes, if a trail has Insights enabled | the same |
//! | above 256 KB | no | no |
//! | not by CloudTrail | yes | yes |
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>

use super::Note;
use super::envelope::DeliveryFields;
use crate::event::{Access, EventKind};
use crate::resource::rule::RuleState;
use schemars::JsonSchema;
use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::Value;

/// Largest event that CloudTrail sends to EventBridge, in bytes of JSON without spaces.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
pub const EVENT_MAX_BYTES: usize = 256 * 1024;

/// What delivery depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// `None` for an event that CloudTrail did not write.
    pub kind: Option<EventKind>,
    /// A management event, as opposed to data, network activity and Insights.
    pub management: bool,
    pub access: Access,
    /// Size of the CloudTrail record, in bytes of JSON without spaces.
    pub bytes: usize,
}

impl Facts {
    /// Reads them from a record's fields. `bytes` is the size of the record.
    ///
    /// # Errors
    /// When CloudTrail sends no record of this kind to EventBridge.
    pub fn of(fields: &DeliveryFields<'_>, bytes: usize) -> Result<Self, Undeliverable> {
        let kind = fields.kind()?;
        let management = kind.is_management() && fields.is_management();
        Ok(Self { kind: Some(kind), management, access: fields.access(), bytes })
    }

    /// Those of an event that CloudTrail did not write. `bytes` is the size of its `detail`.
    pub fn by_service(bytes: usize) -> Self {
        Self { kind: None, management: false, access: Access::Write, bytes }
    }

    /// Reads them from an event as EventBridge has it; one whose `detail-type` does not end in `via
    /// CloudTrail`, or whose `detail` is no record, is delivered whatever it says. `bytes` is the
    /// size of its `detail`.
    pub fn of_event(event: &Value, bytes: usize) -> Self {
        let by_service = Self::by_service(bytes);
        let of_trail =
            event["detail-type"].as_str().is_some_and(|t| t.ends_with(" via CloudTrail"));
        if !of_trail {
            return by_service;
        }
        Self::of(&DeliveryFields::of(&event["detail"]), bytes).unwrap_or(by_service)
    }
}

/// Whether a rule receives an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Yes, under the conditions in the notes.
    Yes(Vec<Note>),
    No(Undeliverable),
}

/// Why a rule, or every rule, does not receive an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Undeliverable {
    #[error(
        "it has {bytes} bytes, and CloudTrail sends no event above {EVENT_MAX_BYTES} to EventBridge"
    )]
    TooLarge { bytes: usize },
    #[error("it is a read-only management event, which a rule in state ENABLED is not given")]
    ReadOnly,
    #[error("the rule is disabled")]
    Disabled,
    #[error("account {account} leaves the alert out")]
    AccountOmits { account: String },
    #[error("EventBridge is given no record of the type `{0}`, as far as is known")]
    UnknownType(String),
    #[error("it has no `{0}`, so it is not a CloudTrail record")]
    NotARecord(&'static str),
}

impl Undeliverable {
    /// A stable, kebab-case name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::ReadOnly => "read-only",
            Self::Disabled => "disabled",
            Self::AccountOmits { .. } => "account-omits",
            Self::UnknownType(_) => "unknown-type",
            Self::NotARecord(_) => "not-a-record",
        }
    }
}

impl JsonSchema for Undeliverable {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Undeliverable".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        super::note::code_and_message()
    }
}

/// As `{ code, message }`.
impl Serialize for Undeliverable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut why = serializer.serialize_struct("Undeliverable", 2)?;
        why.serialize_field("code", self.code())?;
        why.serialize_field("message", &self.to_string())?;
        why.end()
    }
}

/// Whether a rule in this state receives an event.
///
/// Of read-only calls whose names do not begin with Get, List or Describe, a plain rule may still
/// receive some; AWS does not say which, so none is assumed
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html>).
pub fn delivered(facts: &Facts, state: RuleState) -> Delivery {
    if state == RuleState::Disabled {
        return Delivery::No(Undeliverable::Disabled);
    }
    let Some(kind) = facts.kind else { return Delivery::Yes(Vec::new()) };
    if facts.bytes > EVENT_MAX_BYTES {
        return Delivery::No(Undeliverable::TooLarge { bytes: facts.bytes });
    }
    if facts.management && facts.access == Access::Read && state == RuleState::Enabled {
        return Delivery::No(Undeliverable::ReadOnly);
    }
    Delivery::Yes(match kind {
        EventKind::Insight => vec![Note::InsightSelector],
        EventKind::Network => vec![Note::NetworkSelector],
        _ if !facts.management => vec![Note::DataSelector],
        _ => Vec::new(),
    })
}
