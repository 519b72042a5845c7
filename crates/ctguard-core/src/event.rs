//! CloudTrail events: their kinds, where they land, and samples of them.

pub mod actor;
pub mod identity;
pub mod landing;
mod named;
pub mod outcome;
pub mod sample;

pub use eventbridge_pattern::cloudtrail::{EventKind, bus_source, service};
pub use landing::{GLOBAL_SIGN_IN_REGIONS, Landing, ROOT_SIGN_IN_REGION};
pub use named::{NamedEvent, name_covers, named_events, names_meet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An event as people write it: `ec2:CreateRoute`.
pub fn short(source: &str, name: &str) -> String {
    format!("{}:{name}", service(source))
}

/// Where the source and the name of an event stand in its record. In Insights they are those of the
/// calls that are too many.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html>
pub fn paths_of(kind: EventKind) -> (&'static str, &'static str) {
    match kind {
        EventKind::Insight => {
            ("detail.insightDetails.eventSource", "detail.insightDetails.eventName")
        }
        _ => ("detail.eventSource", "detail.eventName"),
    }
}

/// Whether an event only reads. Read-only management events do not reach a plain `ENABLED` rule.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Read,
    Write,
}

impl Access {
    /// Guesses the access of an unknown event from its name.
    pub fn by_name(name: &str) -> Self {
        const READS: [&str; 6] = ["Get", "List", "Describe", "BatchGet", "Head", "Lookup"];
        if READS.iter().any(|verb| name.starts_with(verb)) { Self::Read } else { Self::Write }
    }
}

/// The source of an event that may be of any service.
pub const EVERY_SOURCE: &str = "*";

/// The kinds as which an event may be logged that no list has. A data event has the detail-type of an
/// API call; Insights are about calls, and no calls themselves.
pub const UNLISTED_KINDS: [EventKind; 5] =
    [EventKind::Api, EventKind::Signin, EventKind::Console, EventKind::Service, EventKind::Network];

/// An event by source and name, or a family of events, with what decides how it is delivered.
///
/// An event of several kinds, or one that may read or write, stands once for each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventRef {
    /// `ec2.amazonaws.com`, or [`EVERY_SOURCE`].
    pub source: String,
    /// `CreateRoute`; of a family what its names begin with, and `*`.
    pub name: String,
    pub kind: EventKind,
    pub access: Access,
    pub landing: Landing,
}

/// The names that an [`EventRef`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventNames<'e> {
    One(&'e str),
    /// Every name that begins so; of the whole service where it is empty.
    BeginningWith(&'e str),
}

impl EventNames<'_> {
    /// Whether a name is one of them.
    pub fn include(&self, name: &str) -> bool {
        match self {
            Self::One(own) => *own == name,
            Self::BeginningWith(prefix) => name.starts_with(prefix),
        }
    }
}

impl EventRef {
    /// Whether a plain rule misses it: read-only management events of CloudTrail reach only rules
    /// in the wider state.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html>
    pub fn needs_wide_state(&self) -> bool {
        self.access != Access::Write && self.kind.is_management()
    }

    /// As users write it: `ec2:CreateRoute`, `iam:*`, `any`.
    pub fn short(&self) -> String {
        match self.source.as_str() {
            EVERY_SOURCE if self.name == "*" => "any".to_owned(),
            source => short(source, &self.name),
        }
    }

    /// The names that it stands for.
    pub fn names(&self) -> EventNames<'_> {
        match self.name.strip_suffix('*') {
            Some(prefix) => EventNames::BeginningWith(prefix),
            None => EventNames::One(&self.name),
        }
    }

    /// Whether it stands for more names than one, those that AWS will add among them.
    pub fn is_family(&self) -> bool {
        matches!(self.names(), EventNames::BeginningWith(_))
    }

    /// Whether it stands for an event of this source and name.
    pub fn includes(&self, source: &str, name: &str) -> bool {
        self.includes_source(source) && self.names().include(name)
    }

    /// Whether it stands for events of this source.
    pub fn includes_source(&self, source: &str) -> bool {
        [EVERY_SOURCE, source].contains(&self.source.as_str())
    }

    /// Whether there may be an event that both stand for.
    pub fn meets(&self, other: &Self) -> bool {
        let sources = [self.source.as_str(), other.source.as_str()];
        let same_source = sources[0] == sources[1] || sources.contains(&EVERY_SOURCE);
        same_source
            && self.access == other.access
            && self.kind.detail_types() == other.kind.detail_types()
            && match (self.names(), other.names()) {
                (EventNames::BeginningWith(one), EventNames::BeginningWith(other)) => {
                    one.starts_with(other) || other.starts_with(one)
                }
                (names, EventNames::One(name)) | (EventNames::One(name), names) => {
                    names.include(name)
                }
            }
    }

    /// Whether everything that the other stands for is taken where this one is.
    pub fn covers(&self, other: &Self) -> bool {
        let source = self.source == other.source || self.source == EVERY_SOURCE;
        let names = match (self.names(), other.names()) {
            (names, EventNames::One(name)) => names.include(name),
            (EventNames::BeginningWith(own), EventNames::BeginningWith(other)) => {
                other.starts_with(own)
            }
            (EventNames::One(_), EventNames::BeginningWith(_)) => false,
        };
        source
            && names
            && self.access == other.access
            && self.kind.detail_types() == other.kind.detail_types()
    }
}
