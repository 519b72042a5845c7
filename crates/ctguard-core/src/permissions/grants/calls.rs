//! The calls that ctguard makes, as IAM names them, by what they are for.

use std::collections::BTreeSet;

/// Calls that read and whose resource cannot be narrowed: lists, keys that only AWS knows, trails
/// of other accounts.
pub const READ_ANYWHERE: &[&str] = &[
    "account:ListRegions",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTags",
    "events:ListEventBuses",
    "events:ListRules",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "tag:GetResources",
];

/// CloudWatch metrics; IAM has no resource type for them.
pub const READ_METRICS: &[&str] = &["cloudwatch:GetMetricData"];

/// Attribution. The event history cannot be narrowed to calls or objects.
pub const READ_HISTORY: &[&str] = &["cloudtrail:LookupEvents"];

pub const READ_TOPICS: &[&str] =
    &["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"];

/// AWS defines no resource type for it, so only `*` matches.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>
pub const READ_SUBSCRIPTIONS: &[&str] = &["sns:GetSubscriptionAttributes"];

pub const READ_QUEUES: &[&str] =
    &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"];

/// Calls that read a function that subscribes; asked for only where a blueprint names one.
pub const READ_FUNCTIONS: &[&str] = &["lambda:GetPolicy"];

pub const READ_RULES: &[&str] = &["events:ListTagsForResource", "events:ListTargetsByRule"];

pub const READ_BUS: &[&str] = &["events:DescribeEventBus", "events:ListTagsForResource"];

/// Which key encrypts the default bus.
pub const READ_DEFAULT_BUS: &[&str] = &["events:DescribeEventBus"];

pub const READ_ROLE: &[&str] =
    &["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];

/// A state machine that writes mails.
pub const READ_MACHINES: &[&str] = &["states:DescribeStateMachine", "states:ListTagsForResource"];

/// The policies that somebody attached to the role, and its permissions boundary; any policy can be.
pub const READ_POLICIES: &[&str] = &["iam:GetPolicy", "iam:GetPolicyVersion"];

/// The organization's accounts; these calls are answered to the management account and to delegated
/// administrators.
pub const READ_ORGANIZATION: &[&str] =
    &["organizations:DescribeOrganization", "organizations:ListAccounts"];

pub const READ_UNITS: &[&str] = &[
    "organizations:DescribeOrganization",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
];

/// S3's permissions have other names than its calls.
pub const READ_BUCKET: &[&str] = &[
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
];

pub const WRITE_RULES: &[&str] = &["events:PutRule", "events:PutTargets", "events:TagResource"];

pub const DELETE_RULES: &[&str] = &["events:DeleteRule", "events:RemoveTargets"];

pub const WRITE_BUS: &[&str] = &["events:CreateEventBus", "events:TagResource"];

/// AWS defines no resource type for it, so only `*` matches.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
pub const WRITE_BUS_POLICY: &[&str] = &["events:PutPermission"];

/// Removes what an earlier hub of the blueprint has left.
pub const DELETE_BUS: &[&str] = &["events:DeleteEventBus"];

pub const WRITE_ROLE: &[&str] =
    &["iam:CreateRole", "iam:PutRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy"];

pub const WRITE_MACHINES: &[&str] =
    &["states:CreateStateMachine", "states:TagResource", "states:UpdateStateMachine"];

/// Pausing and resuming healing, on the one state machine that heals.
pub const PAUSE_HEALING: &[&str] = &["states:TagResource", "states:UntagResource"];

pub const DELETE_MACHINES: &[&str] = &["states:DeleteStateMachine"];

pub const DELETE_ROLE: &[&str] = &["iam:DeleteRole", "iam:DeleteRolePolicy"];

pub const WRITE_TOPICS: &[&str] =
    &["sns:CreateTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource"];

pub const DELETE_TOPICS: &[&str] = &["sns:DeleteTopic"];

/// As for [`READ_SUBSCRIPTIONS`], all or nothing.
pub const WRITE_SUBSCRIPTIONS: &[&str] = &["sns:SetSubscriptionAttributes"];

pub const DELETE_SUBSCRIPTIONS: &[&str] = &["sns:Unsubscribe"];

pub const WRITE_QUEUES: &[&str] = &["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"];

pub const DELETE_QUEUES: &[&str] = &["sqs:DeleteQueue"];

/// Never StopLogging or DeleteTrail: ctguard does neither.
pub const WRITE_TRAIL: &[&str] = &[
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
];

/// Removing ctguard's own tags, and no others.
pub const RELEASE_TRAILS: &[&str] = &["cloudtrail:RemoveTags"];

/// Marking a trail as released, and nothing else.
pub const MARK_TRAILS: &[&str] = &["cloudtrail:AddTags"];

/// S3 deletes empty buckets only: DeleteBucket takes back one whose trail is refused.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>
pub const WRITE_BUCKET: &[&str] = &[
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
];

/// What CreateBucket with tags asks for, which only a blueprint with `tags:` makes.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html>
pub const TAG_BUCKET: &[&str] = &["s3:TagResource"];

/// The same for the trail's bucket: S3 replaces all tags by those that stay.
pub const RELEASE_BUCKET: &[&str] = &["s3:PutBucketTagging"];

/// What a subscriber's `secret` names, asked for only where a blueprint names such.
pub const READ_PARAMETERS: &[&str] = &["ssm:GetParameter"];

pub const READ_SECRETS: &[&str] = &["secretsmanager:GetSecretValue"];

/// The key of such a secret, where it is the customer's: the service calls it for the caller.
///
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html>,
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>
pub const DECRYPT_SECRETS: &[&str] = &["kms:Decrypt"];
/// Messages of the drill's own queue.
pub const RECEIVE: &[&str] = &["sqs:ReceiveMessage"];

/// To the topics of a drill's alerts.
pub const TELL: &[&str] = &["sns:Publish", "sns:Subscribe"];

/// The calls on the trail that leave it as it is.
pub const DRILL_TRAIL: &[&str] = &[
    "cloudtrail:AddTags",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
];

/// Calls that stand in no list above: identities, roles to enter accounts, and what `policy
/// --check` asks.
pub const BESIDE: &[&str] =
    &["iam:PassRole", "iam:SimulatePrincipalPolicy", "sts:AssumeRole", "sts:GetCallerIdentity"];

/// Every call that ctguard makes, as IAM names it.
pub fn every_call() -> BTreeSet<&'static str> {
    let lists = [
        READ_ANYWHERE,
        READ_METRICS,
        READ_HISTORY,
        READ_TOPICS,
        READ_SUBSCRIPTIONS,
        READ_QUEUES,
        READ_FUNCTIONS,
        READ_RULES,
        READ_BUS,
        READ_DEFAULT_BUS,
        READ_ROLE,
        READ_MACHINES,
        READ_ORGANIZATION,
        READ_UNITS,
        READ_BUCKET,
        WRITE_RULES,
        DELETE_RULES,
        WRITE_BUS,
        WRITE_BUS_POLICY,
        DELETE_BUS,
        WRITE_ROLE,
        DELETE_ROLE,
        WRITE_MACHINES,
        PAUSE_HEALING,
        DELETE_MACHINES,
        WRITE_TOPICS,
        DELETE_TOPICS,
        WRITE_SUBSCRIPTIONS,
        DELETE_SUBSCRIPTIONS,
        WRITE_QUEUES,
        DELETE_QUEUES,
        WRITE_TRAIL,
        RELEASE_TRAILS,
        MARK_TRAILS,
        WRITE_BUCKET,
        TAG_BUCKET,
        RELEASE_BUCKET,
        READ_PARAMETERS,
        READ_SECRETS,
        DECRYPT_SECRETS,
        RECEIVE,
        TELL,
        BESIDE,
    ];
    lists.into_iter().flatten().copied().collect()
}
