//! The event that EventBridge makes of a CloudTrail record.
//!
//! Records have grown fields over the years: the first ones have neither `eventType` nor `eventID`, `readOnly`
//! and `managementEvent` came later still. Whether such a record only reads, the catalogue of events says, or
//! else its name; that is noted.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use super::{Note, Undeliverable};
use crate::catalogue;
use crate::event::{Access, EventKind, bus_source};
use crate::scope::Region;
use serde_json::{Value, json};

/// What EventBridge makes of a record.
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

/// What CloudTrail records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A call, a sign-in, or something a console or service did.
    Call(EventKind),
    /// A call through a VPC endpoint.
    NetworkActivity,
    /// An unusual rate of calls or errors.
    Insight,
}

impl RecordKind {
    /// The `detail-type` that its events have.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
    pub fn detail_type(self) -> &'static str {
        match self {
            Self::Call(kind) => kind.detail_types()[0],
            Self::NetworkActivity => "AWS Network Activity Event via CloudTrail",
            Self::Insight => "AWS Insight via CloudTrail",
        }
    }

    /// For people, with its article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Call(EventKind::Api) => "an API call",
            Self::Call(EventKind::Data) => "a data event",
            Self::Call(EventKind::Signin) => "a console sign-in",
            Self::Call(EventKind::Console) => "a console action",
            Self::Call(EventKind::Service) => "a service event",
            Self::NetworkActivity => "a network activity event",
            Self::Insight => "an Insights event",
        }
    }
}

/// The fields of a record that decide what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fields<'a> {
    pub event_type: Option<&'a str>,
    pub category: Option<&'a str>,
    pub source: Option<&'a str>,
    pub name: Option<&'a str>,
    pub management: Option<bool>,
    pub read_only: Option<bool>,
}

impl<'a> Fields<'a> {
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
    pub fn kind(&self) -> Result<RecordKind, Undeliverable> {
        if self.category == Some("Insight") || self.event_type == Some("AwsCloudTrailInsight") {
            return Ok(RecordKind::Insight);
        }
        let source = self.source.ok_or(Undeliverable::NotARecord("eventSource"))?;
        self.name.ok_or(Undeliverable::NotARecord("eventName"))?;
        let by_endpoint = matches!(self.event_type, Some("AwsVpceEvents" | "AwsVpceEvent"));
        if self.category == Some("NetworkActivity") || by_endpoint {
            return Ok(RecordKind::NetworkActivity);
        }
        Ok(RecordKind::Call(match self.event_type {
            Some("AwsApiCall") if self.is_management() => EventKind::Api,
            Some("AwsApiCall") => EventKind::Data,
            Some("AwsConsoleSignIn" | "AwsConsoleSignin") => EventKind::Signin,
            Some("AwsConsoleAction") => EventKind::Console,
            Some("AwsServiceEvent") => EventKind::Service,
            Some(other) => return Err(Undeliverable::UnknownType(other.to_owned())),
            // Before version 1.02, when there were no other kinds.
            None if source == "signin.amazonaws.com" => EventKind::Signin,
            None if self.is_management() => EventKind::Api,
            None => EventKind::Data,
        }))
    }

    /// Whether it is a management event; told by the flag, the category, or the catalogue.
    pub fn is_management(&self) -> bool {
        let by_category = self.category.map(|category| category == "Management");
        self.management
            .or(by_category)
            .unwrap_or_else(|| self.known().is_none_or(|event| event.kind != EventKind::Data))
    }

    /// Whether it only reads; told by the flag, the catalogue, or the name.
    pub fn access(&self) -> Access {
        match (self.read_only, self.known()) {
            (Some(true), _) => Access::Read,
            (Some(false), _) => Access::Write,
            (None, Some(known)) => known.access,
            (None, None) => Access::by_name(self.name.unwrap_or_default()),
        }
    }

    fn known(&self) -> Option<catalogue::Event> {
        catalogue::find(self.source?, self.name?)
    }
}

/// Makes the event that EventBridge would have been given for a record.
///
/// Its `id` is the record's `eventID`; a real one has an id of its own. Its `account` is the one that the record
/// was written for, its `region` the one that the record says, even where the service's events land in another
/// today. `resources` is empty, as in every event by CloudTrail
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>).
pub fn envelope(record: Value) -> Enveloped {
    let fields = Fields::of(&record);
    let kind = match fields.kind() {
        Ok(kind) => kind,
        Err(why) => return Enveloped::Nothing { record, why },
    };
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    // Insights are CloudTrail's own; the service that they are about stands inside.
    let source = match kind {
        RecordKind::Insight => "aws.cloudtrail".to_owned(),
        _ => bus_source(fields.source.unwrap_or_default()),
    };
    let caller = record.pointer("/userIdentity/accountId").and_then(Value::as_str);
    let account = text("recipientAccountId").or(caller);
    let notes =
        missing(&record, &fields, kind).into_iter().chain(lands_elsewhere(&record, &fields));
    let notes = notes.collect();
    let mut event = json!({
        "version": "0",
        "id": text("eventID"),
        "detail-type": kind.detail_type(),
        "source": source,
        "account": account,
        "time": text("eventTime"),
        "region": text("awsRegion"),
        "resources": [],
    });
    if let Some(envelope) = event.as_object_mut() {
        // A real event has them all, so that none is ever null.
        envelope.retain(|_, value| !value.is_null());
        envelope.insert("detail".to_owned(), record);
    }
    Enveloped::Event { event, notes }
}

/// The fields that every record has today and this one has not.
fn missing(record: &Value, fields: &Fields<'_>, kind: RecordKind) -> Option<Note> {
    const ALWAYS: [&str; 5] =
        ["eventType", "eventID", "eventTime", "awsRegion", "recipientAccountId"];
    let mut lacking: Vec<&'static str> =
        ALWAYS.into_iter().filter(|key| record.get(key).is_none_or(Value::is_null)).collect();
    let call = matches!(kind, RecordKind::Call(_));
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
        taken_for: format!("{}{reads}", kind.words()),
    })
}

/// The events of global services have landed in one region since November 2021.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
fn lands_elsewhere(record: &Value, fields: &Fields<'_>) -> Option<Note> {
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
