//! Notes on a decision that do not change it.

use schemars::JsonSchema;
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::fmt;

/// One remark on an event, or on an alert that it fires.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// The record lacks fields that today's records have, and was read as `taken_for`.
    FieldsMissing { version: Option<String>, fields: Vec<&'static str>, taken_for: String },
    /// Today the service's events land in one other region.
    LandsElsewhere { service: String, lands: String, said: String },
    /// A data event: a trail's selectors must ask for it.
    DataSelector,
    /// A network activity event: a trail's selectors must ask for it.
    NetworkSelector,
    /// An Insights event: a trail must have Insights enabled.
    InsightSelector,
    /// A rule in the plain state is not given it.
    ReadOnly,
    /// The blueprint does not cover the account.
    AccountNotCovered { account: String },
    /// The blueprint does not cover the region.
    RegionNotCovered { region: String },
    /// The alert has no destination.
    NobodyNotified,
}

impl Note {
    /// A stable, kebab-case name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FieldsMissing { .. } => "fields-missing",
            Self::LandsElsewhere { .. } => "lands-elsewhere",
            Self::DataSelector => "data-selector",
            Self::NetworkSelector => "network-selector",
            Self::InsightSelector => "insight-selector",
            Self::ReadOnly => "read-only",
            Self::AccountNotCovered { .. } => "account-not-covered",
            Self::RegionNotCovered { .. } => "region-not-covered",
            Self::NobodyNotified => "nobody-notified",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldsMissing { version, fields, taken_for } => {
                let version = version.as_deref().map(|v| format!(" of version {v}"));
                write!(
                    f,
                    "the record{} has no {}; it is taken for {taken_for}",
                    version.unwrap_or_default(),
                    fields.join(", ")
                )
            }
            Self::LandsElsewhere { service, lands, said } => {
                write!(f, "events of {service} land in {lands} today; this one says {said}")
            }
            Self::DataSelector => {
                f.write_str("a data event reaches EventBridge only where a trail's selectors record it")
            }
            Self::NetworkSelector => f.write_str(
                "a network activity event reaches EventBridge only where a trail's selectors record it",
            ),
            Self::InsightSelector => {
                f.write_str("an Insights event reaches EventBridge only where a trail has Insights enabled")
            }
            Self::ReadOnly => f.write_str(
                "a rule in state ENABLED is not given read-only management events; it takes ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            ),
            Self::AccountNotCovered { account } => {
                write!(f, "the blueprint does not list account {account}, so no rule stands there")
            }
            Self::RegionNotCovered { region } => {
                write!(f, "the blueprint does not cover {region}, so no rule stands there")
            }
            Self::NobodyNotified => f.write_str("the alert has no destination, so nobody is told"),
        }
    }
}

impl Note {
    /// Whether it says that no rule stands where the event landed.
    pub fn is_not_covered(&self) -> bool {
        matches!(self, Self::AccountNotCovered { .. } | Self::RegionNotCovered { .. })
    }
}

impl JsonSchema for Note {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Note".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        code_and_message()
    }
}

/// The schema of what is written as `{ code, message }`.
pub(super) fn code_and_message() -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "properties": {
            "code": { "type": "string", "description": "A stable name, for programs." },
            "message": { "type": "string", "description": "A sentence without a full stop." },
        },
        "required": ["code", "message"],
    })
}

/// As `{ code, message }`.
impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut note = serializer.serialize_struct("Note", 2)?;
        note.serialize_field("code", self.code())?;
        note.serialize_field("message", &self.to_string())?;
        note.end()
    }
}
