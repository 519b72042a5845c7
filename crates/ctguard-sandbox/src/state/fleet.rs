//! The organization that the accounts of a sandbox belong to.

use super::State;
use ctguard_core::scope::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An organization. Its members need not exist in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredOrganization {
    /// Such as `o-a1b2c3d4e5`.
    pub id: String,
    pub management: AccountId,
    /// Such as `r-ab12`.
    pub root: String,
    /// Organizational units, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<String, StoredUnit>,
    pub members: BTreeMap<AccountId, StoredMember>,
    /// CloudTrail has no trusted access to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub distrusts_cloudtrail: bool,
}

/// An organizational unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredUnit {
    pub name: String,
    /// The root or another unit.
    pub parent: String,
}

/// An account of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredMember {
    pub name: String,
    #[serde(default, skip_serializing_if = "MemberStatus::is_active")]
    pub status: MemberStatus,
    /// The root or a unit.
    pub unit: String,
}

/// Whether an account can be used.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MemberStatus {
    #[default]
    Active,
    Suspended,
    PendingClosure,
}

impl MemberStatus {
    pub fn is_active(&self) -> bool {
        *self == Self::Active
    }
}

impl StoredOrganization {
    /// The units from the root down to this one, the root first; `None` when it or one of its
    /// parents does not exist.
    pub(crate) fn line(&self, unit: &str) -> Option<Vec<&str>> {
        let mut line = Vec::new();
        let mut at = unit;
        while at != self.root {
            let (id, stored) = self.units.get_key_value(at)?;
            // Units in a cycle have no root above them.
            if line.len() > self.units.len() {
                return None;
            }
            line.push(id.as_str());
            at = &stored.parent;
        }
        line.push(&self.root);
        line.reverse();
        Some(line)
    }

    /// A unit's path as `aws:PrincipalOrgPaths` has it.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_access-advisor-viewing-orgs-entity-path>
    pub(crate) fn path(&self, unit: &str) -> Option<String> {
        Some(format!("{}/{}/", self.id, self.line(unit)?.join("/")))
    }
}

impl State {
    /// The organization of an account, with the account as its member.
    pub(crate) fn membership(
        &self,
        account: &AccountId,
    ) -> Option<(&StoredOrganization, &StoredMember)> {
        let organization = self.organization.as_ref()?;
        Some((organization, organization.members.get(account)?))
    }

    /// Whether an organization trail of one account records another.
    pub(crate) fn are_of_one(&self, one: &AccountId, other: &AccountId) -> bool {
        let Some(organization) = &self.organization else { return true };
        let is_member = |id| self.membership(id).is_some();
        !organization.distrusts_cloudtrail && is_member(one) && is_member(other)
    }
}
