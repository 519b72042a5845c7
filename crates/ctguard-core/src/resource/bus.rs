//! Custom event buses (classic `events` API): the hub's, where alerts of other places are raised.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest policy of an event bus, in characters.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const BUS_POLICY_MAX_CHARS: usize = 10_240;

/// The settings of a bus.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bus {
    /// Who may put events on it; absent when only its own account may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
    /// The customer-managed key that encrypts its rules and events; absent for a key of AWS's own.
    /// ctguard never sets it.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html>
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
}
