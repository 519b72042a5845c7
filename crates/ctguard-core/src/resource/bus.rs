//! Custom event buses (classic `events` API): the hub's, where alerts of other places are raised.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest policy of an event bus, in characters.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const BUS_POLICY_MAX_CHARS: usize = 10_240;

/// The settings of a bus that ctguard writes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bus {
    /// Who may put events on it; absent when only its own account may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
}
