//! The fields of a record that a report uses.

use crate::catalogue;
use crate::offline::{DeliveryFields, EVENT_MAX_BYTES, Facts, Undeliverable};
use crate::scope::Region;
use eventbridge_pattern::archive::RecordFields;
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
    pub identity_type: OptionalText<'a>,
    pub identity_arn: OptionalText<'a>,
    pub identity_account: OptionalText<'a>,
    pub invoked_by: OptionalText<'a>,
    pub user_name: OptionalText<'a>,
    pub principal_id: OptionalText<'a>,
    /// Of the role whose session it is.
    pub issuer_arn: OptionalText<'a>,
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
            identity_type: text("/userIdentity/type"),
            identity_arn: text("/userIdentity/arn"),
            identity_account: text("/userIdentity/accountId"),
            invoked_by: text("/userIdentity/invokedBy"),
            user_name: text("/userIdentity/userName"),
            principal_id: text("/userIdentity/principalId"),
            issuer_arn: text("/userIdentity/sessionContext/sessionIssuer/arn"),
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
            identity_type: found.user_type,
            identity_arn: found.user_arn,
            identity_account: found.user_account_id,
            invoked_by: found.invoked_by,
            user_name: found.user_name,
            principal_id: found.user_principal_id,
            issuer_arn: found.session_issuer_arn,
            user_agent: found.user_agent,
            from_console: console == Some(true),
        }
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
        let bytes = if text.len() > EVENT_MAX_BYTES { without_spaces(text) } else { text.len() };
        Facts::of(&self.fields(), bytes)
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

/// The size of JSON text without the spaces between its parts.
fn without_spaces(text: &[u8]) -> usize {
    let (mut bytes, mut in_string, mut escaped) = (0, false, false);
    for byte in text {
        let space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        bytes += usize::from(in_string || !space);
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_count_inside_of_strings_only() {
        let text = "{ \"a b\" :\n\t\"c \\\" d\" }";
        assert_eq!(without_spaces(text.as_bytes()), "{\"a b\":\"c \\\" d\"}".len());
    }
}
