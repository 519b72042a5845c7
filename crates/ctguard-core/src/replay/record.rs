//! The fields of a record that a report uses.

use crate::catalogue;
use crate::event::actor::{ActorKind, Evidence};
use crate::event::identity::{Principal, UserIdentity};
use crate::event::outcome::{Ended, Told, kind_of_record};
use crate::event::short;
use crate::offline::{DeliveryFields, Facts, Undeliverable, lenient, size};
use crate::scope::Region;
use eventbridge_pattern::archive::{RecordFields, text_at};
use eventbridge_pattern::cloudtrail;
use serde_json::Value;
use std::borrow::Cow;

type OptionalText<'a> = Option<Cow<'a, str>>;

/// The fields of a record that a report is about; absent where the record does not have them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record<'a> {
    pub event_type: OptionalText<'a>,
    pub category: OptionalText<'a>,
    pub source: OptionalText<'a>,
    pub name: OptionalText<'a>,
    pub management: Option<bool>,
    pub read_only: Option<bool>,
    /// The account that the record was written for; in old records the caller's.
    pub account: OptionalText<'a>,
    pub region: OptionalText<'a>,
    pub time: OptionalText<'a>,
    pub event_id: OptionalText<'a>,
    pub shared_event_id: OptionalText<'a>,
    pub error_code: OptionalText<'a>,
    pub identity: UserIdentity<'a>,
    pub user_agent: OptionalText<'a>,
    /// `sessionCredentialFromConsole`
    pub from_console: bool,
}

impl<'a> Record<'a> {
    /// Reads them from a record that has been parsed.
    pub fn of(record: &'a Value) -> Self {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(Cow::from);
        let flag = |pointer: &str| record.pointer(pointer).and_then(Value::as_bool);
        Self {
            event_type: text("/eventType"),
            category: text("/eventCategory"),
            source: text("/eventSource"),
            name: text("/eventName"),
            management: flag("/managementEvent"),
            read_only: flag("/readOnly"),
            account: cloudtrail::account(record).map(Cow::from),
            region: text("/awsRegion"),
            time: text("/eventTime"),
            event_id: text("/eventID"),
            shared_event_id: text("/sharedEventID"),
            error_code: text("/errorCode"),
            identity: record.get("userIdentity").map(UserIdentity::of).unwrap_or_default(),
            user_agent: text("/userAgent"),
            from_console: text("/sessionCredentialFromConsole").as_deref() == Some("true"),
        }
    }

    /// Takes them from those found in a record's text. `path_account` is the account that the
    /// file's place tells.
    pub fn found(found: RecordFields<'a>, path_account: Option<&'a str>) -> Self {
        let console = found.session_credential_from_console;
        Self {
            event_type: found.event_type,
            category: found.event_category,
            source: found.event_source,
            name: found.event_name,
            management: found.management_event,
            read_only: found.read_only,
            account: found
                .recipient_account_id
                .or_else(|| path_account.map(Cow::Borrowed))
                .or_else(|| found.user_account_id.clone()),
            region: found.aws_region,
            time: found.event_time,
            event_id: found.event_id,
            shared_event_id: found.shared_event_id,
            error_code: found.error_code,
            identity: UserIdentity {
                kind: said(found.user_type),
                arn: said(found.user_arn),
                account: said(found.user_account_id),
                user_name: said(found.user_name),
                principal_id: said(found.user_principal_id),
                invoked_by: said(found.invoked_by),
                issuer_arn: said(found.session_issuer_arn),
                on_behalf_of: said(found.on_behalf_of_user_id),
                credential_id: said(found.credential_id),
            },
            user_agent: found.user_agent,
            from_console: console == Some(true),
        }
    }

    /// The kind of actor that it is of.
    pub fn actor(&self) -> ActorKind {
        let evidence = Evidence {
            identity: &self.identity,
            event_type: self.event_type.as_deref(),
            source: self.source.as_deref(),
            category: self.category.as_deref(),
            recipient: self.account.as_deref(),
            user_agent: self.user_agent.as_deref(),
            from_console: self.from_console,
        };
        evidence.kind()
    }

    /// Who did it.
    pub fn principal(&self) -> Principal<'_> {
        self.identity.principal(self.account.as_deref())
    }

    /// How it ended. `text` is the whole record.
    pub fn ended(&self, text: &[u8]) -> Ended {
        let kind = kind_of_record(self.event_type.as_deref());
        let name = self.name.as_deref().unwrap_or_default();
        let told = Told::of(kind, self.source.as_deref().unwrap_or_default(), name);
        told.ended(|path| match told {
            Told::ErrorCode => self.error_code.clone(),
            _ => text_at(text, &path.split('.').collect::<Vec<_>>()),
        })
    }

    /// As users write it: `iam:CreateUser`.
    pub fn event(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        short(self.source.as_deref().unwrap_or_default(), name)
    }

    fn fields(&self) -> DeliveryFields<'_> {
        DeliveryFields {
            event_type: self.event_type.as_deref(),
            category: self.category.as_deref(),
            source: self.source.as_deref(),
            name: self.name.as_deref(),
            management: self.management,
            read_only: self.read_only,
        }
    }

    /// The facts that its delivery depends on. `text` is the whole record.
    ///
    /// # Errors
    /// When EventBridge receives no such record.
    pub fn delivery(&self, text: &[u8]) -> Result<Facts, Undeliverable> {
        Facts::of(&self.fields(), size(text))
    }

    /// The codes of its notes, independent of the alert.
    pub fn remarks(&self) -> impl Iterator<Item = &'static str> {
        let fields_missing = self.event_type.is_none()
            || self.event_id.is_none()
            || self.time.is_none()
            || self.region.is_none()
            || self.account.is_none()
            || self.read_only.is_none()
            || (self.management.is_none() && self.category.is_none());
        let old = fields_missing.then_some("fields-missing");
        let elsewhere = self.lands_elsewhere().then_some("lands-elsewhere");
        [old, elsewhere].into_iter().flatten()
    }

    /// Whether events of the service land in another region today.
    fn lands_elsewhere(&self) -> bool {
        let (Some(source), Some(name)) = (&self.source, &self.name) else { return false };
        let Some(region) = self.region.as_deref() else { return false };
        let landing = catalogue::find(source, name)
            .map_or_else(|| catalogue::landing_of_source(source), |known| known.landing);
        Region::new(region)
            .and_then(|known| landing.region_in(known.partition()))
            .is_some_and(|lands| lands != region)
    }
}

/// Text, unless it is empty.
fn said(text: OptionalText<'_>) -> OptionalText<'_> {
    text.filter(|text| !text.is_empty())
}

/// What an event says beside its `detail`: of an event as EventBridge has it, that is what rules go by.
#[derive(Debug, Default)]
pub(super) struct Around {
    detail_type: Option<String>,
    account: Option<String>,
    region: Option<String>,
    time: Option<String>,
}

impl Around {
    pub(super) fn of(event: &[u8]) -> Self {
        // That it is JSON is known: a rule matches it.
        let event = lenient::value(event).unwrap_or_default();
        let text = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            detail_type: text("detail-type"),
            account: text("account"),
            region: text("region"),
            time: text("time"),
        }
    }

    /// The record of the event, in the place that the event names.
    pub(super) fn applied<'r>(&'r self, record: Record<'r>) -> Record<'r> {
        Record {
            account: self.account.as_deref().map(Cow::Borrowed).or(record.account),
            region: self.region.as_deref().map(Cow::Borrowed).or(record.region),
            time: record.time.or(self.time.as_deref().map(Cow::Borrowed)),
            ..record
        }
    }

    /// The facts that its delivery depends on: what CloudTrail did not write is delivered whatever it says.
    pub(super) fn delivery(
        &self,
        record: &Record<'_>,
        detail: &[u8],
    ) -> Result<Facts, Undeliverable> {
        let by_trail = self.detail_type.as_deref().is_some_and(|t| t.ends_with(" via CloudTrail"));
        match record.delivery(detail) {
            Ok(facts) if by_trail => Ok(facts),
            _ => Ok(Facts::by_service(detail.len())),
        }
    }
}
