//! The IAM policies that ctguard's identity needs: one that reads, one that also applies.
//!
//! Resources are as narrow as names computed from the blueprint allow. A test holds these lists against
//! every call that the port can make.

use crate::blueprint::Blueprint;
use crate::cloud::Permission;
use crate::desired::Names;
use crate::resource::{BLUEPRINT_TAG, policy};
use crate::scope::{Partition, Place, Region};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the identity is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `plan`, `drift`, `verify`.
    Read,
    /// `apply`, which reads too.
    Apply,
}

/// Calls that read and whose resource cannot be narrowed.
const READ_ANYWHERE: &[&str] = &[
    "account:ListRegions",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTags",
    "events:ListRules",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "sns:GetSubscriptionAttributes",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListQueueTags",
    "tag:GetResources",
];

/// Calls that read a topic; a blueprint may name topics that it does not own.
const READ_TOPICS: &[&str] =
    &["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"];

const READ_RULES: &[&str] = &["events:ListTagsForResource", "events:ListTargetsByRule"];

/// S3 names these permissions otherwise than its calls.
const READ_BUCKET: &[&str] = &[
    "s3:GetBucketLocation",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:ListBucket",
];

const WRITE_RULES: &[&str] = &[
    "events:DeleteRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
];

const WRITE_TOPICS: &[&str] = &[
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sns:TagResource",
];

/// Their resource is the subscription, whose name AWS chooses below the topic's.
const WRITE_SUBSCRIPTIONS: &[&str] = &["sns:SetSubscriptionAttributes", "sns:Unsubscribe"];

const WRITE_QUEUES: &[&str] =
    &["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"];

/// Never StopLogging or DeleteTrail: ctguard does neither.
const WRITE_TRAIL: &[&str] = &[
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:RemoveTags",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
];

/// Never DeleteBucket.
const WRITE_BUCKET: &[&str] = &[
    "s3:CreateBucket",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
];

/// The policy document for one account.
pub fn document(blueprint: &Blueprint, purpose: Purpose) -> Value {
    let names = Names::new(&blueprint.name);
    let prefix = names.prefix();
    let partition = partition(blueprint);
    let arn = |service: &str, resource: &str| format!("arn:{partition}:{service}:*:*:{resource}");
    let rules = arn("events", &format!("rule/{prefix}*"));
    let topics = arn("sns", &format!("{prefix}*"));
    let queues = arn("sqs", &format!("{prefix}*"));
    let mut statements = vec![
        allow("ReadAnywhere", READ_ANYWHERE, &json!("*")),
        allow("ReadTopics", READ_TOPICS, &json!(arn("sns", "*"))),
        allow("ReadRules", READ_RULES, &json!(rules)),
    ];
    if purpose == Purpose::Apply {
        statements.push(allow("WriteRules", WRITE_RULES, &json!(rules)));
        statements.push(allow("WriteTopics", WRITE_TOPICS, &json!(topics)));
        statements.push(allow(
            "WriteSubscriptions",
            WRITE_SUBSCRIPTIONS,
            &json!(format!("{topics}:*")),
        ));
        statements.push(allow("WriteQueues", WRITE_QUEUES, &json!(queues)));
    }
    if let Some(trail) = &blueprint.trail {
        let bucket = json!(format!("arn:{partition}:s3:::{}", trail.bucket));
        statements.push(allow("ReadTrailBucket", READ_BUCKET, &bucket));
        if purpose == Purpose::Apply {
            let trail_arn = arn("cloudtrail", &format!("trail/{}", trail.name));
            // A trail that is no longer kept is released by taking its tags off.
            statements.push(allow("WriteTrail", WRITE_TRAIL, &json!(trail_arn)));
            statements.push(allow("WriteTrailBucket", WRITE_BUCKET, &bucket));
        }
    }
    // Without a hub no rule carries a role, so nothing is passed: this statement grants nothing yet
    // to anything else, and is here so that a role policy made today still fits.
    if purpose == Purpose::Apply {
        statements.push(json!({
            "Sid": "PassForwardRole",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": format!("arn:{partition}:iam::*:role/{}", prefix.trim_end_matches('-')),
            "Condition": { "StringEquals": {
                "iam:PassedToService": "events.amazonaws.com",
                format!("iam:ResourceTag/{BLUEPRINT_TAG}"): blueprint.name,
            } },
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn allow(sid: &str, actions: &[&str], resource: &Value) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// The partition that the blueprint is for; `aws` when it names no region.
fn partition(blueprint: &Blueprint) -> Partition {
    blueprint.first_region().map_or(Partition::Aws, Region::partition)
}

/// Every permission of the policy document, on a resource of this place, except for passing roles.
pub fn wanted(blueprint: &Blueprint, purpose: Purpose, place: &Place) -> BTreeSet<Permission> {
    let document = document(blueprint, purpose);
    let mut wanted = BTreeSet::new();
    for statement in policy::statements(&document) {
        let resource = statement["Resource"].as_str().unwrap_or("*");
        let resource = match resource {
            "*" => "*".to_owned(),
            pattern => pattern
                .replacen(":*:*:", &format!(":{}:{}:", place.region, place.account), 1)
                .replace('*', "check"),
        };
        for operation in
            statement["Action"].as_array().into_iter().flatten().filter_map(Value::as_str)
        {
            if operation != "iam:PassRole" {
                wanted.insert(Permission {
                    operation: operation.to_owned(),
                    resource: resource.clone(),
                });
            }
        }
    }
    wanted
}
