//! IAM roles: the one that lets EventBridge put events on the hub's bus.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest role name, in characters: `[\w+=,.@-]+`.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub const ROLE_NAME_MAX_CHARS: usize = 64;

/// Most characters of all inline policies of a role, white space not counted.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const INLINE_POLICIES_MAX_CHARS: usize = 10_240;

/// The settings of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Who may assume it.
    pub trust: Value,
    /// Its inline policies, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, Value>,
    /// ARN of a policy that bounds what the role may do, whatever its own policies say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
}
