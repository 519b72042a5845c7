//! The order of an apply: global waves; first what permits and receives, then what sends, and
//! removals last, in reverse order of creation.
//!
//! ```text
//! permit   bucket, queue, role; the targets that put rules back, where they go
//! receive  topic, trail, the hub's bus, state machine
//! send     subscription, rule
//! attach   target
//! settle   observe again, prove what replaces
//! narrow   rules that gave events to other rules
//! remove   target → rule, subscription → topic, bus, state machine → queue, role
//! ```

use super::{Change, Step, Verb};
use crate::resource::Kind;

/// The wave that a change belongs to. Changes of one wave do not depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wave {
    Permit,
    Receive,
    Send,
    Attach,
    Narrow,
    RemoveTargets,
    RemoveSenders,
    RemoveTopics,
    RemoveQueues,
}

impl Wave {
    /// Whether the wave removes something, and so runs only after settling.
    pub fn removes(self) -> bool {
        self >= Self::Narrow
    }

    pub fn of(change: &Change) -> Self {
        match (change.action, change.address.kind) {
            // What puts rules back would undo all that comes after it.
            _ if change.ends_healing_of_rules() => Self::Permit,
            (Verb::Delete, Kind::Target) => Self::RemoveTargets,
            (Verb::Delete, Kind::Rule | Kind::Subscription) => Self::RemoveSenders,
            (Verb::Delete, Kind::Topic | Kind::Bus | Kind::Trail | Kind::Machine) => {
                Self::RemoveTopics
            }
            (Verb::Delete, Kind::Queue | Kind::Role | Kind::Bucket) => Self::RemoveQueues,
            (_, Kind::Rule) if change.step == Some(Step::Last) => Self::Narrow,
            (_, Kind::Bucket | Kind::Queue | Kind::Role) => Self::Permit,
            (_, Kind::Topic | Kind::Bus | Kind::Trail | Kind::Machine) => Self::Receive,
            (_, Kind::Subscription | Kind::Rule) => Self::Send,
            (_, Kind::Target) => Self::Attach,
        }
    }
}

/// Sorts changes by wave, then address.
pub(super) fn sort(changes: &mut [Change]) {
    changes.sort_by(|a, b| (Wave::of(a), &a.address).cmp(&(Wave::of(b), &b.address)));
}
