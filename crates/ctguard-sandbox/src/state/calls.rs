//! Calls that somebody lets fail.

use ctguard_core::scope::{AccountId, Region};
use serde::{Deserialize, Serialize};

/// An operation that fails everywhere or in one place, as [`Denied`](super::Denied) is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failing {
    pub operation: String,
    pub how: Failure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// Why a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Failure {
    /// Nothing says which policy denies.
    Denied,
    /// A service control policy of the organization denies.
    DeniedByOrganization,
    /// The credentials have expired.
    Expired,
    Throttled,
    /// The connection is not accepted.
    Unreachable,
    /// No answer comes in time.
    TimedOut,
    /// The region is not enabled in the account.
    NotEnabled,
    NotFound,
    /// The answer is not one of AWS's.
    Malformed,
    TooLarge,
    /// A fault of AWS's own.
    ServerError,
}

impl Failure {
    /// Its name in the file.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
