//! CloudTrail events: their kinds, where they land, and samples of them.

pub mod landing;
mod named;
pub mod sample;

pub use eventbridge_pattern::cloudtrail::{EventKind, bus_source, service};
pub use landing::{GLOBAL_SIGN_IN_REGIONS, Landing, ROOT_SIGN_IN_REGION};
pub use named::{NamedEvent, named_events};

use serde::{Deserialize, Serialize};

/// An event as people write it: `ec2:CreateRoute`.
pub fn short(source: &str, name: &str) -> String {
    format!("{}:{name}", service(source))
}

/// Whether an event only reads. Read-only management events do not reach a plain `ENABLED` rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// An event by source and name, with what decides how it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventRef {
    /// `ec2.amazonaws.com`.
    pub source: String,
    pub name: String,
    pub kind: EventKind,
    pub access: Access,
    pub landing: Landing,
}

impl EventRef {
    /// Whether a plain rule misses it: read-only management events of CloudTrail reach only rules
    /// in the wider state.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html>
    pub fn needs_wide_state(&self) -> bool {
        self.access != Access::Write && self.kind != EventKind::Data
    }

    /// As users write it: `ec2:CreateRoute`.
    pub fn short(&self) -> String {
        short(&self.source, &self.name)
    }
}
