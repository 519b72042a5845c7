//! The port: the two things ctguard asks of a cloud, and nothing of how it is done.
//!
//! [`Cloud::observe`] reads one place; [`Cloud::perform`] makes exactly one mutating AWS call.
//! Two implementations stand behind it: `aws` (the SDK) and `sandbox` (accounts in a JSON file). Beside
//! them, `recorder` writes down what another cloud answers and `recorded` answers from that.
//!
//! The contract both keep:
//!
//! - What is not there is `Absent` or left out of its map; what could not be read is `Unreadable`
//!   with the operation and AWS's error code. Observing never fails as a whole and never changes anything.
//! - ARNs are computed from place and name. The one exception is the ARN of a confirmed
//!   subscription, which AWS chooses and a snapshot carries.
//! - Every action can be repeated: creating what is there with the same settings, or deleting what is
//!   gone, succeeds.
//! - A creating action carries its tags in the same call wherever AWS lets it.
//! - `perform` retries what AWS documents as transient (throttling, 5xx, propagation of a policy
//!   or key that was just written) and reports everything else at once. Entries that a batch call
//!   reports as failed (`FailedEntries`) are errors.

pub mod aws;
pub mod lookup;
pub mod recorded;
pub mod recorder;
pub mod sandbox;

use crate::resource::Tags;
use crate::resource::bucket::Encryption;
use crate::resource::queue::Queue;
use crate::resource::rule::{Rule, Targets};
use crate::resource::topic::{Endpoint, SubscriptionAttributes};
use crate::resource::trail::{Selectors, Trail};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{AccountSnapshot, Caller, Observed, Organization, PlaceSnapshot};
use futures::future::BoxFuture;
use lookup::{Lookup, LookupPage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// A cloud that can be read and changed.
pub trait Cloud: Send + Sync {
    /// Says whose credentials are in use.
    fn caller(&self) -> BoxFuture<'_, Result<Caller, CloudError>>;

    /// Reads the organization of the caller's account, with the members that are asked for; absent when the
    /// account is in none.
    fn organization<'a>(
        &'a self,
        reads: &'a OrganizationReads,
    ) -> BoxFuture<'a, Observed<Organization>>;

    /// Reads what an account has outside its regions.
    fn observe_account<'a>(
        &'a self,
        account: &'a AccountId,
        reads: &'a AccountReads,
    ) -> BoxFuture<'a, AccountSnapshot>;

    /// Reads one place.
    fn observe<'a>(&'a self, place: &'a Place, reads: &'a ReadSet) -> BoxFuture<'a, PlaceSnapshot>;

    /// Makes one mutating call in one place.
    fn perform<'a>(
        &'a self,
        place: &'a Place,
        action: &'a Action,
    ) -> BoxFuture<'a, Result<(), CloudError>>;

    /// Asks for one page of a place's event history. CloudTrail answers two such calls a second.
    fn lookup<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a Lookup,
    ) -> BoxFuture<'a, Result<LookupPage, CloudError>>;

    /// How many calls AWS put off so far because there were too many at once; they were made again.
    fn throttled(&self) -> u64 {
        0
    }

    /// Says which of these permissions the caller does not have in a place. Makes none of the calls.
    fn lacking<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a BTreeSet<Permission>,
    ) -> BoxFuture<'a, Result<Vec<Permission>, CloudError>>;
}

/// Leave to make one call on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Permission {
    /// As IAM names it: `events:PutRule`.
    pub operation: String,
    /// An ARN, or `*`.
    pub resource: String,
}

/// What to read of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationReads {
    /// Organizational units whose accounts are wanted, those of the units below them too. Empty: all accounts.
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
    /// The value of the `ctguard:blueprint` tag: whatever carries it is read too.
    /// Empty: no rules, topics or queues are looked for (a place that is asked for its trails only).
    pub blueprint: String,
    /// Rules whose names begin so are read, on the default bus and on the buses that are read. Empty: none.
    pub rule_prefix: String,
    /// Rules that should be on the default bus: when one is not, custom buses are looked through, too.
    pub rules: BTreeSet<String>,
    /// Custom buses to read with their rules, by name.
    pub buses: BTreeSet<String>,
    /// Topics to read, by ARN.
    pub topics: BTreeSet<String>,
    /// Queues to read, by ARN; queues of other places are left out by the caller.
    pub queues: BTreeSet<String>,
    /// Functions whose policies are to be read, by ARN, with the version or alias that it names.
    pub functions: BTreeSet<String>,
    /// Read the trails seen from here, with status, and selectors of those at home here.
    pub trails: bool,
    /// The trail whose tags are wanted.
    pub managed_trail: Option<String>,
    /// Rules, by name, of which it is wanted what AWS has counted. A proof asks for it; a plan does not.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub signals: BTreeSet<String>,
}

/// One mutating AWS call, named as AWS names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call")]
pub enum Action {
    // EventBridge. A rule is named by its key: `name` on the default bus, `bus/name` on another.
    /// `tags` are sent only when the rule is new: AWS ignores them on an update.
    PutRule {
        name: String,
        rule: Rule,
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    TagRule {
        name: String,
        tags: Tags,
    },
    PutTargets {
        rule: String,
        targets: Targets,
    },
    RemoveTargets {
        rule: String,
        ids: BTreeSet<String>,
    },
    DeleteRule {
        name: String,
    },

    CreateEventBus {
        name: String,
        tags: Tags,
    },
    /// Replaces the whole policy of a bus.
    PutBusPolicy {
        bus: String,
        policy: Value,
    },
    TagEventBus {
        name: String,
        tags: Tags,
    },
    DeleteEventBus {
        name: String,
    },

    // IAM, in any region of the account.
    CreateRole {
        name: String,
        trust: Value,
        tags: Tags,
    },
    UpdateAssumeRolePolicy {
        role: String,
        trust: Value,
    },
    PutRolePolicy {
        role: String,
        name: String,
        policy: Value,
    },
    TagRole {
        name: String,
        tags: Tags,
    },
    DeleteRolePolicy {
        role: String,
        name: String,
    },
    DeleteRole {
        name: String,
    },

    // SNS. Topics are named, not ARN'd: only managed topics are changed.
    CreateTopic {
        name: String,
        tags: Tags,
    },
    SetTopicAttribute {
        name: String,
        attribute: TopicAttribute,
    },
    TagTopic {
        name: String,
        tags: Tags,
    },
    DeleteTopic {
        name: String,
    },
    Subscribe {
        topic: String,
        endpoint: Endpoint,
        attributes: SubscriptionAttributes,
    },
    SetSubscriptionAttribute {
        arn: String,
        attribute: SubscriptionAttribute,
    },
    Unsubscribe {
        arn: String,
    },

    // SQS.
    CreateQueue {
        name: String,
        queue: Queue,
        tags: Tags,
    },
    SetQueueAttributes {
        name: String,
        queue: Queue,
    },
    TagQueue {
        name: String,
        tags: Tags,
    },
    DeleteQueue {
        name: String,
    },

    // CloudTrail, in the trail's home region.
    CreateTrail {
        name: String,
        trail: Trail,
        tags: Tags,
    },
    UpdateTrail {
        name: String,
        trail: Trail,
    },
    PutEventSelectors {
        name: String,
        selectors: Selectors,
    },
    StartLogging {
        name: String,
    },
    TagTrail {
        name: String,
        tags: Tags,
    },
    UntagTrail {
        name: String,
        keys: BTreeSet<String>,
    },

    // S3, in the region the bucket is made in.
    CreateBucket {
        name: String,
    },
    PutPublicAccessBlock {
        name: String,
    },
    PutBucketVersioning {
        name: String,
    },
    PutBucketEncryption {
        name: String,
        encryption: Encryption,
    },
    PutBucketOwnershipControls {
        name: String,
    },
    PutBucketPolicy {
        name: String,
        policy: Value,
    },
    /// Gives a bucket that has no lifecycle rules one that tidies up and deletes no current object.
    PutBucketLifecycle {
        name: String,
    },
    /// Replaces all tags: S3 has no call that adds one. Without any, those that are there go.
    PutBucketTagging {
        name: String,
        tags: Tags,
    },
}

/// An attribute of a topic, set by one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicAttribute {
    Policy(Value),
    /// `None` turns encryption with a customer key off.
    KmsMasterKeyId(Option<String>),
    DisplayName(String),
}

/// An attribute of a subscription, set by one call. `None` clears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionAttribute {
    RawMessageDelivery(bool),
    FilterPolicy(Option<Value>),
    /// The queue of the RedrivePolicy.
    DeadLetterArn(Option<String>),
}

impl Action {
    /// The call as IAM names it: `events:PutRule`.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::PutRule { .. } => "events:PutRule",
            Self::TagRule { .. } => "events:TagResource",
            Self::PutTargets { .. } => "events:PutTargets",
            Self::RemoveTargets { .. } => "events:RemoveTargets",
            Self::DeleteRule { .. } => "events:DeleteRule",
            Self::CreateEventBus { .. } => "events:CreateEventBus",
            Self::PutBusPolicy { .. } => "events:PutPermission",
            Self::TagEventBus { .. } => "events:TagResource",
            Self::DeleteEventBus { .. } => "events:DeleteEventBus",
            Self::CreateRole { .. } => "iam:CreateRole",
            Self::UpdateAssumeRolePolicy { .. } => "iam:UpdateAssumeRolePolicy",
            Self::PutRolePolicy { .. } => "iam:PutRolePolicy",
            Self::TagRole { .. } => "iam:TagRole",
            Self::DeleteRolePolicy { .. } => "iam:DeleteRolePolicy",
            Self::DeleteRole { .. } => "iam:DeleteRole",
            Self::CreateTopic { .. } => "sns:CreateTopic",
            Self::SetTopicAttribute { .. } => "sns:SetTopicAttributes",
            Self::TagTopic { .. } => "sns:TagResource",
            Self::DeleteTopic { .. } => "sns:DeleteTopic",
            Self::Subscribe { .. } => "sns:Subscribe",
            Self::SetSubscriptionAttribute { .. } => "sns:SetSubscriptionAttributes",
            Self::Unsubscribe { .. } => "sns:Unsubscribe",
            Self::CreateQueue { .. } => "sqs:CreateQueue",
            Self::SetQueueAttributes { .. } => "sqs:SetQueueAttributes",
            Self::TagQueue { .. } => "sqs:TagQueue",
            Self::DeleteQueue { .. } => "sqs:DeleteQueue",
            Self::CreateTrail { .. } => "cloudtrail:CreateTrail",
            Self::UpdateTrail { .. } => "cloudtrail:UpdateTrail",
            Self::PutEventSelectors { .. } => "cloudtrail:PutEventSelectors",
            Self::StartLogging { .. } => "cloudtrail:StartLogging",
            Self::TagTrail { .. } => "cloudtrail:AddTags",
            Self::UntagTrail { .. } => "cloudtrail:RemoveTags",
            Self::CreateBucket { .. } => "s3:CreateBucket",
            Self::PutPublicAccessBlock { .. } => "s3:PutBucketPublicAccessBlock",
            Self::PutBucketVersioning { .. } => "s3:PutBucketVersioning",
            Self::PutBucketEncryption { .. } => "s3:PutEncryptionConfiguration",
            Self::PutBucketOwnershipControls { .. } => "s3:PutBucketOwnershipControls",
            Self::PutBucketPolicy { .. } => "s3:PutBucketPolicy",
            Self::PutBucketLifecycle { .. } => "s3:PutLifecycleConfiguration",
            Self::PutBucketTagging { .. } => "s3:PutBucketTagging",
        }
    }
}

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct CloudError {
    /// The call as IAM names it.
    pub operation: String,
    /// AWS's error code, or `Timeout`, `Dispatch`, `NoCredentials`.
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
    pub kind: CloudErrorKind,
}

/// What a failed call means for what ctguard does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudErrorKind {
    /// The credentials may not make this call.
    AccessDenied,
    /// There are no usable credentials at all.
    NoCredentials,
    /// AWS was busy or out of reach, and stayed so through the retries.
    Transient,
    /// AWS refused the request as it stands.
    Refused,
}

impl From<&CloudError> for crate::snapshot::Unreadable {
    fn from(error: &CloudError) -> Self {
        Self {
            operation: error.operation.clone(),
            code: error.code.clone(),
            message: error.message.clone(),
        }
    }
}
