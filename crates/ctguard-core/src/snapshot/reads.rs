//! What to read: of an organization, of an account, of a place.

use crate::resource::keys::RuleKey;
use crate::resource::topic::Endpoint;
use crate::scope::Region;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What to read of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationReads {
    /// Organizational units whose accounts are wanted, those of the units below them too. Empty:
    /// all accounts.
    pub units: BTreeSet<String>,
}

/// What to read of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountReads {
    pub enabled_regions: bool,
    /// Buckets by name, each with the region to ask in.
    pub buckets: BTreeSet<(String, Region)>,
    /// Roles by name.
    pub roles: BTreeSet<String>,
}

/// What to read of a place. The default reads nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadSet {
    /// The value of the `ctguard:blueprint` tag: whatever carries it is read too. Empty: no rules,
    /// topics or queues are looked for (a place that is asked for its trails only).
    pub blueprint: String,
    /// Rules whose names begin so are read, on the default bus and on the buses that are read.
    /// Empty: none.
    pub rule_prefix: String,
    /// Rules that should be on the default bus: when one is not, custom buses are looked through,
    /// too.
    pub rules: BTreeSet<String>,
    /// Rules of others to read on the default bus, by name: those that a blueprint takes over.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub other_rules: BTreeSet<String>,
    /// Read every rule of the default bus and of every custom bus, with targets and tags.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub every_rule: bool,
    /// Custom buses to read with their rules, by name.
    pub buses: BTreeSet<String>,
    /// Topics to read, by ARN.
    pub topics: BTreeSet<String>,
    /// By topic, the subscribers that somebody lists. Of a topic of others that has many, only
    /// these are asked for their attributes. What was not asked then is in the answer.
    #[serde(skip)]
    pub listed: BTreeMap<String, BTreeSet<Endpoint>>,
    /// Queues to read, by ARN; queues of other places are left out by the caller.
    pub queues: BTreeSet<String>,
    /// Functions whose policies are to be read, by ARN, with the version or alias that it names.
    pub functions: BTreeSet<String>,
    /// Keys that the blueprint names, as it names them: read whether or not something is encrypted
    /// with them yet.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub keys: BTreeSet<String>,
    /// State machines to read, by ARN.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub machines: BTreeSet<String>,
    /// Read the trails seen from here, with status, and selectors of those at home here.
    pub trails: bool,
    /// The trail whose tags are wanted.
    pub managed_trail: Option<String>,
    /// Rules, by name, whose metrics to read. A proof needs them; a plan does not.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub signals: BTreeSet<RuleKey>,
    /// State machines, by ARN, whose failed executions to count.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub executions: BTreeSet<String>,
}
