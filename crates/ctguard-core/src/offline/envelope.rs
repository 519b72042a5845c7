//! The event that EventBridge makes of a CloudTrail record, with notes on the record.
//!
//! The event itself is made by [`cloudtrail::envelope`]. Records have grown fields over the years:
//! the first ones have neither `eventType` nor `eventID`, `readOnly` and `managementEvent` came
//! later still. For such a record the catalogue, or else the name, decides whether it only reads; a
//! note says so.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use super::{Note, Undeliverable};
use crate::catalogue;
use crate::event::{Access, EventKind};
use crate::scope::Region;
use eventbridge_pattern::cloudtrail::{self, KindFields};
use serde_json::Value;

/// The event that EventBridge makes of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Enveloped {
    Event {
        /// As a rule is given it.
        event: Value,
        notes: Vec<Note>,
    },
    /// Nothing; the record comes back.
    Nothing { record: Value, why: Undeliverable },
}

/// The fields of a record that decide its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryFields<'a> {
    pub event_type: Option<&'a str>,
    pub category: Option<&'a str>,
    pub source: Option<&'a str>,
    pub name: Option<&'a str>,
    pub management: Option<bool>,
    pub read_only: Option<bool>,
}

impl<'a> DeliveryFields<'a> {
    /// Takes them from a record, which is also the `detail` of an event.
    pub fn of(record: &'a Value) -> Self {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        let flag = |key: &str| record.get(key).and_then(Value::as_bool);
        Self {
            event_type: text("eventType"),
            category: text("eventCategory"),
            source: text("eventSource"),
            name: text("eventName"),
            management: flag("managementEvent"),
            read_only: flag("readOnly"),
        }
    }

    /// What it records.
    ///
    /// # Errors
    /// When CloudTrail sends nothing of the kind to EventBridge, or this is no record.
    pub fn kind(&self) -> Result<EventKind, Undeliverable> {
        let kind = self.kind_fields().kind();
        if kind == Some(EventKind::Insight) {
            return Ok(EventKind::Insight);
        }
        self.source.ok_or(Undeliverable::NotARecord("eventSource"))?;
        self.name.ok_or(Undeliverable::NotARecord("eventName"))?;
        let unknown = || Undeliverable::UnknownType(self.event_type.unwrap_or_default().to_owned());
        match kind.ok_or_else(unknown)? {
            EventKind::Api if !self.is_management() => Ok(EventKind::Data),
            kind => Ok(kind),
        }
    }

    /// Whether it is a management event, by the flag, the category, or the catalogue.
    pub fn is_management(&self) -> bool {
        let by_catalogue =
            || self.known().is_none_or(|event| event.kinds().any(EventKind::is_management));
        self.kind_fields().is_management().unwrap_or_else(by_catalogue)
    }

    fn kind_fields(&self) -> KindFields<'a> {
        KindFields {
            event_type: self.event_type,
            event_category: self.category,
            event_source: self.source,
            management_event: self.management,
        }
    }

    /// Whether it only reads, by the flag, the catalogue, or the name.
    pub fn access(&self) -> Access {
        match (self.read_only, self.known()) {
            (Some(true), _) => Access::Read,
            (Some(false), _) => Access::Write,
            (None, Some(known)) if known.may_read() => Access::Read,
            (None, Some(_)) => Access::Write,
            (None, None) => Access::by_name(self.name.unwrap_or_default()),
        }
    }

    fn known(&self) -> Option<catalogue::CatalogueEvent> {
        catalogue::find(self.source?, self.name?)
    }
}

/// Makes the event that EventBridge would have been given for a record, and notes what is
/// remarkable about it.
///
/// Its `region` is the one that the record says, even where the service's events land in another
/// today.
pub fn envelope(record: Value) -> Enveloped {
    let fields = DeliveryFields::of(&record);
    let kind = match fields.kind() {
        Ok(kind) => kind,
        Err(why) => return Enveloped::Nothing { record, why },
    };
    let notes =
        missing(&record, &fields, kind).into_iter().chain(lands_elsewhere(&record, &fields));
    let notes = notes.collect();
    Enveloped::Event { event: cloudtrail::envelope(record), notes }
}

/// What a kind of record is, for people, with its article.
fn words(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Api => "an API call",
        EventKind::Data => "a data event",
        EventKind::Signin => "a console sign-in",
        EventKind::Console => "a console action",
        EventKind::Service => "a service event",
        EventKind::Network => "a network activity event",
        EventKind::Insight => "an Insights event",
    }
}

/// The fields that every current record has and this one lacks.
fn missing(record: &Value, fields: &DeliveryFields<'_>, kind: EventKind) -> Option<Note> {
    const ALWAYS: [&str; 5] =
        ["eventType", "eventID", "eventTime", "awsRegion", "recipientAccountId"];
    let mut lacking: Vec<&'static str> =
        ALWAYS.into_iter().filter(|key| record.get(key).is_none_or(Value::is_null)).collect();
    let call = !matches!(kind, EventKind::Network | EventKind::Insight);
    if call && fields.read_only.is_none() {
        lacking.push("readOnly");
    }
    if call && fields.management.is_none() && fields.category.is_none() {
        lacking.push("managementEvent");
    }
    if lacking.is_empty() {
        return None;
    }
    let reads = match (call, fields.access()) {
        (false, _) => "",
        (true, Access::Read) => " that only reads",
        (true, Access::Write) => " that changes something",
    };
    Some(Note::FieldsMissing {
        version: record.get("eventVersion").and_then(Value::as_str).map(str::to_owned),
        fields: lacking,
        taken_for: format!("{}{reads}", words(kind)),
    })
}

/// The events of global services have landed in one region since November 2021.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
fn lands_elsewhere(record: &Value, fields: &DeliveryFields<'_>) -> Option<Note> {
    let region = Region::new(record.get("awsRegion")?.as_str()?)?;
    let landing = match fields.known() {
        Some(known) => known.landing,
        None => catalogue::landing_of_source(fields.source?),
    };
    let lands = landing.region_in(region.partition())?;
    (lands != region.as_str()).then(|| Note::LandsElsewhere {
        service: fields.source.unwrap_or_default().to_owned(),
        lands: lands.to_owned(),
        said: region.as_str().to_owned(),
    })
}
