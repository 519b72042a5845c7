//! The mutating AWS calls that ctguard makes, as data.

pub mod logged;

pub use logged::Logged;

use crate::resource::Tags;
use crate::resource::bucket::Encryption;
use crate::resource::keys::RuleKey;
use crate::resource::machine::Machine;
use crate::resource::queue::Queue;
use crate::resource::rule::{Rule, Targets};
use crate::resource::topic::{Endpoint, SubscriptionAttributes};
use crate::resource::trail::{Selectors, Trail};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// One mutating AWS call, named as AWS names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call")]
pub enum Action {
    // EventBridge. A rule is named by its key: `name` on the default bus, `bus/name` on another.
    /// AWS ignores `tags` on an update. They are sent all the same where the blueprint has tags of its
    /// own: policies of organizations ask for them in every such call.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
    PutRule {
        name: RuleKey,
        rule: Rule,
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    TagRule {
        name: RuleKey,
        tags: Tags,
    },
    PutTargets {
        rule: RuleKey,
        targets: Targets,
    },
    RemoveTargets {
        rule: RuleKey,
        ids: BTreeSet<String>,
    },
    DeleteRule {
        name: RuleKey,
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
    /// Sends a message to everybody who is subscribed to a topic.
    Publish {
        topic: String,
        subject: String,
        message: String,
    },

    // Step Functions.
    CreateStateMachine {
        name: String,
        machine: Machine,
        tags: Tags,
    },
    /// Replaces the definition, the role and the encryption. Its type cannot be changed.
    UpdateStateMachine {
        name: String,
        machine: Machine,
    },
    TagStateMachine {
        name: String,
        tags: Tags,
    },
    UntagStateMachine {
        name: String,
        keys: BTreeSet<String>,
    },
    /// AWS deletes it some seconds later, and takes no new one of the name until then.
    DeleteStateMachine {
        name: String,
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
    /// `tags` are those that must be there from the first moment; all tags follow in a call of their
    /// own.
    CreateBucket {
        name: String,
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// S3 deletes empty buckets only. The one use is to take back a bucket that was made for a trail
    /// which CloudTrail then refused.
    DeleteBucket {
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
    /// Adds a lifecycle rule to a bucket without any: it cleans up and deletes no current object.
    PutBucketLifecycle {
        name: String,
    },
    /// Replaces all tags: S3 has no call that adds one. An empty set removes all.
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

/// Only the name of the call is published: its parameters follow AWS's API and may grow.
impl JsonSchema for Action {
    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One AWS call, named as AWS names it, with what it is given.",
            "type": "object",
            "properties": {
                "call": { "description": "The call: `PutRule`.", "type": "string" }
            },
            "required": ["call"],
            "additionalProperties": true,
        })
    }
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
            Self::Publish { .. } => "sns:Publish",
            Self::CreateStateMachine { .. } => "states:CreateStateMachine",
            Self::UpdateStateMachine { .. } => "states:UpdateStateMachine",
            Self::TagStateMachine { .. } => "states:TagResource",
            Self::UntagStateMachine { .. } => "states:UntagResource",
            Self::DeleteStateMachine { .. } => "states:DeleteStateMachine",
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
            Self::DeleteBucket { .. } => "s3:DeleteBucket",
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
