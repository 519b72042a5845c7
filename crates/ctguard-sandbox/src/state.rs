//! What the sandbox's file holds: accounts as readable JSON, in the resource types of the core.

mod calls;
mod find;
mod fleet;
mod in_full;

pub use calls::{Failing, Failure};
pub(super) use find::{blueprint_of, locate};
pub use fleet::{MemberStatus, StoredMember, StoredOrganization, StoredUnit};

use ctguard_core::event::sample::Clock;
use ctguard_core::resource::Tags;
use ctguard_core::resource::bucket::Bucket;
use ctguard_core::resource::machine::Machine;
use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::rule::{Rule, Targets};
use ctguard_core::resource::topic::{Endpoint, SubscriptionAttributes, Topic};
use ctguard_core::resource::trail::{Selectors, Trail, TrailStatus};
use ctguard_core::scope::{AccountId, Region};
use ctguard_core::snapshot::Caller;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The version of the file's format that this program reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// The time of a new sandbox. It moves only by `sandbox advance`.
pub const FIRST_CLOCK: &str = "2026-11-22T12:00:00Z";

/// Everything in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub format_version: u32,
    pub caller: Caller,
    pub clock: Clock,
    pub accounts: BTreeMap<AccountId, Account>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<StoredOrganization>,
    /// Operations that the caller may not use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<Denied>,
    /// Operations that fail for another cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<Failing>,
    /// Keys of tags without which the organization's policies let nothing be created.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub required_tags: BTreeSet<String>,
    /// What the search by tag has caught up with, by ARN, while it lags; absent: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed: Option<BTreeSet<String>>,
    /// Addresses that came from secrets when they were subscribed, each with what holds it: they are
    /// not shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub from_secrets: BTreeMap<String, String>,
}

/// An operation, as IAM names it (`sns:*` is possible), that is denied everywhere or in one place.
///
/// `sts:AssumeRole` shuts an account off: every call there needs a role of it, but in the caller's
/// own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denied {
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    #[serde(default)]
    pub regions: BTreeMap<Region, Regional>,
    pub global: AccountGlobals,
}

/// What an account has outside its regions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountGlobals {
    pub enabled_regions: BTreeSet<Region>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub buckets: BTreeMap<String, StoredBucket>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, StoredRole>,
    /// Managed policies, by ARN. A few of AWS's own are there without being named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub managed_policies: BTreeMap<String, Value>,
}

/// What an account has in one region, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regional {
    /// Rules of the default bus.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, StoredRule>,
    /// A customer-managed key of the default bus, by id, ARN or alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_bus_key: Option<String>,
    /// Custom buses. CloudTrail sends no events to them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub buses: BTreeMap<String, StoredBus>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub topics: BTreeMap<String, StoredTopic>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub queues: BTreeMap<String, StoredQueue>,
    /// Trails whose home region this is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trails: BTreeMap<String, StoredTrail>,
    /// KMS keys, by key id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, StoredKey>,
    /// Parameters of Parameter Store, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, StoredSecret>,
    /// Secrets of Secrets Manager, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, StoredSecret>,
    /// State machines of Step Functions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub machines: BTreeMap<String, StoredMachine>,
    /// Lambda functions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, StoredFunction>,
    /// Metrics by the rule's name: they outlive the rule.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, RuleMetrics>,
    /// Executions that failed, by the state machine's name: the count outlives the machine.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub executions_failed: BTreeMap<String, u64>,
    /// Executions of state machines by the machine's name, oldest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub executions: BTreeMap<String, Vec<StoredExecution>>,
    /// CloudTrail's event history of this region: records in CloudTrail's format, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Value>,
    /// What subscribers received, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Received>,
}

/// A parameter or a secret. The file is the account itself, and has its value in clear.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredSecret {
    pub value: String,
    /// A customer-managed key, by id, ARN or alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// A secret that is marked for deletion.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// It holds bytes (`SecretBinary`), and no text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
}

/// A rule with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRule {
    pub rule: Rule,
    #[serde(default, skip_serializing_if = "Targets::is_empty")]
    pub targets: Targets,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A custom bus with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredBus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
    /// A customer-managed key, by id, ARN or alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// By name without the bus.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, StoredRule>,
}

/// A role with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRole {
    pub trust: Value,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// ARNs of managed policies.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attached: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// The metrics of a rule, for the period that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleMetrics {
    /// `TriggeredRules`.
    pub triggered: u64,
    /// `FailedInvocations`.
    pub failed: u64,
    /// `InvocationsFailedToBeSentToDlq`.
    pub failed_to_dlq: u64,
}

/// A topic with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTopic {
    pub topic: Topic,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[serde(serialize_with = "in_full::keys")]
    pub subscriptions: BTreeMap<Endpoint, StoredSubscription>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A subscription. The attributes asked for are kept while it is pending, and shown once confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StoredSubscription {
    Pending { since: Clock, attributes: SubscriptionAttributes },
    Confirmed { arn: String, attributes: SubscriptionAttributes },
}

impl StoredSubscription {
    pub fn attributes(&self) -> &SubscriptionAttributes {
        match self {
            Self::Pending { attributes, .. } | Self::Confirmed { attributes, .. } => attributes,
        }
    }
}

/// A queue with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredQueue {
    pub queue: Queue,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    #[serde(default)]
    pub messages: u64,
    /// When it was made; absent of one that was always there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Clock>,
    /// When the newest message came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Clock>,
    /// When it was last purged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged: Option<Clock>,
    /// How many messages are no longer there, purged or too old: ids are not given twice.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gone: u64,
    /// The messages that wait to be received, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A message that waits to be received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    pub id: String,
    pub body: String,
}

/// A trail with what belongs to it. Its status is the same in every region that sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTrail {
    pub trail: Trail,
    pub selectors: Selectors,
    /// Whether it has selectors for Insights.
    #[serde(default)]
    pub insights: bool,
    pub status: TrailStatus,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// It is an organization's and was never made in the members.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept_from_members: bool,
    /// It became an organization's in this run: AWS makes it in the members minutes later, which is
    /// when the file is opened next.
    #[serde(skip)]
    pub is_new_to_members: bool,
}

impl StoredTrail {
    /// Whether the members of the organization see it.
    pub(crate) fn reaches_members(&self) -> bool {
        self.trail.organization && !self.kept_from_members && !self.is_new_to_members
    }
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredKey {
    /// With their prefix: `alias/alerts`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aliases: BTreeSet<String>,
    pub enabled: bool,
    #[serde(default)]
    pub aws_managed: bool,
    /// Not a symmetric key for encryption.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asymmetric: bool,
    pub policy: Value,
}

impl StoredKey {
    /// Whether AWS makes data keys by it.
    ///
    /// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
    pub fn makes_data_keys(&self) -> bool {
        self.enabled && !self.asymmetric
    }
}

/// A state machine with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredMachine {
    pub machine: Machine,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Its deletion has begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleting: bool,
}

/// An execution of a state machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredExecution {
    pub arn: String,
    pub start: Clock,
}

/// A Lambda function, as far as it decides who may invoke it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFunction {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
    /// Policies of its versions and aliases, by name: each has its own, or none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub qualifiers: BTreeMap<String, Option<Value>>,
}

/// A bucket with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredBucket {
    pub region: Region,
    pub bucket: Bucket,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    #[serde(default)]
    pub objects: u64,
}

/// What a subscriber received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// ARN of the topic, or of the rule if a queue or function is its target.
    pub topic: String,
    #[serde(serialize_with = "in_full::one")]
    pub endpoint: Endpoint,
    /// The message itself, without the envelope that SNS puts around it.
    pub text: String,
    /// The subject of a mail, where it was published with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}
