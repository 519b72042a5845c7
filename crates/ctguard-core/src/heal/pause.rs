//! A planned pause: two tags on the state machine.
//!
//! The machine itself bounds it, so that a tag that somebody sets far into the future pauses
//! nothing.

use crate::resource::Tags;
use jiff::Timestamp;

/// Until when nothing is put back: RFC 3339 in UTC, without fractions.
pub const PAUSED_UNTIL_TAG: &str = "ctguard:paused-until";

/// Why.
pub const PAUSED_REASON_TAG: &str = "ctguard:paused-reason";

/// Longest pause, from the moment that is asked about. A longer one is renewed by a person.
pub const PAUSE_MAX_HOURS: i64 = 24;

/// A pause as its tags say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// As the tag has it.
    pub until: String,
    pub reason: String,
}

impl Pause {
    /// The pause that the tags of a state machine speak of, whether or not it holds.
    pub fn of(tags: &Tags) -> Option<Self> {
        let until = tags.get(PAUSED_UNTIL_TAG)?.clone();
        let reason = tags.get(PAUSED_REASON_TAG).cloned().unwrap_or_default();
        Some(Self { until, reason })
    }

    /// When it ends; absent where the tag has no moment, which pauses nothing.
    pub fn ends(&self) -> Option<Timestamp> {
        self.until.parse().ok()
    }
}
