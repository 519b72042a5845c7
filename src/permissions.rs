//! The IAM policies that ctguard's identity needs: one that reads, one that also applies.
//!
//! Resources are as narrow as names computed from the blueprint allow. A test holds these lists against
//! every call that the port can make.

use crate::blueprint::{Blueprint, Subscriber};
use crate::cloud::Permission;
use crate::desired::Names;
use crate::resource::topic::Protocol;
use crate::resource::{ALERT_TAG, BLUEPRINT_TAG, VERSION_TAG, policy};
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
    "cloudwatch:GetMetricData",
    "events:ListEventBuses",
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

/// Calls that read a function that subscribes; asked for only where a blueprint names one.
const READ_FUNCTIONS: &[&str] = &["lambda:GetPolicy"];

const READ_RULES: &[&str] = &["events:ListTagsForResource", "events:ListTargetsByRule"];

const READ_BUS: &[&str] = &["events:DescribeEventBus", "events:ListTagsForResource"];

const READ_ROLE: &[&str] = &["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"];

/// The organization's accounts; these calls are answered to the management account and to delegated administrators.
const READ_ORGANIZATION: &[&str] =
    &["organizations:DescribeOrganization", "organizations:ListAccounts"];

const READ_UNITS: &[&str] = &[
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
];

/// S3 names these permissions otherwise than its calls.
const READ_BUCKET: &[&str] = &[
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
];

const WRITE_RULES: &[&str] = &[
    "events:DeleteRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
];

const WRITE_BUS: &[&str] = &["events:CreateEventBus", "events:TagResource"];

/// AWS names no resource for it, so nothing narrower than all is ever matched.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
const WRITE_BUS_POLICY: &[&str] = &["events:PutPermission"];

/// What a hub that the blueprint had once has left behind is taken away.
const DELETE_BUS: &[&str] = &["events:DeleteEventBus"];

const WRITE_ROLE: &[&str] =
    &["iam:CreateRole", "iam:PutRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy"];

const DELETE_ROLE: &[&str] = &["iam:DeleteRole", "iam:DeleteRolePolicy"];

const WRITE_TOPICS: &[&str] = &[
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sns:TagResource",
];

/// AWS names no resource for them, so nothing narrower than all is ever matched.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>
const WRITE_SUBSCRIPTIONS: &[&str] = &["sns:SetSubscriptionAttributes", "sns:Unsubscribe"];

const WRITE_QUEUES: &[&str] =
    &["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"];

/// Never StopLogging or DeleteTrail: ctguard does neither.
const WRITE_TRAIL: &[&str] = &[
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
];

/// Taking ctguard's own tags off, and no others.
const RELEASE_TRAILS: &[&str] = &["cloudtrail:RemoveTags"];

/// Never DeleteBucket.
const WRITE_BUCKET: &[&str] = &[
    "s3:CreateBucket",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
];

/// The policy of the identity that runs ctguard: what it does in its own account, and how it gets into others.
pub fn document(blueprint: &Blueprint, purpose: Purpose) -> Value {
    let mut statements = in_account(blueprint, purpose);
    statements.extend(entering(blueprint));
    policy::document(statements)
}

/// The statements for whoever works in an account: the identity that runs ctguard in its own, a role that
/// it assumes in another.
pub fn in_account(blueprint: &Blueprint, purpose: Purpose) -> Vec<Value> {
    let names = Names::new(&blueprint.name);
    let prefix = names.prefix();
    let partition = partition(blueprint);
    let arn = |service: &str, resource: &str| format!("arn:{partition}:{service}:*:*:{resource}");
    let bus = json!(arn("events", &format!("event-bus/{}", names.bus())));
    let role = json!(format!("arn:{partition}:iam::*:role/{}", names.role()));
    let rules = json!([
        arn("events", &format!("rule/{prefix}*")),
        arn("events", &format!("rule/{}/{prefix}*", names.bus())),
    ]);
    let topics = arn("sns", &format!("{prefix}*"));
    let queues = arn("sqs", &format!("{prefix}*"));
    let mut statements = vec![
        allow("ReadAnywhere", READ_ANYWHERE, &json!("*")),
        allow("ReadTopics", READ_TOPICS, &json!(arn("sns", "*"))),
        allow("ReadRules", READ_RULES, &rules),
        allow("ReadBus", READ_BUS, &bus),
        allow("ReadForwardRole", READ_ROLE, &role),
    ];
    if calls_functions(blueprint) {
        statements.push(allow(
            "ReadFunctions",
            READ_FUNCTIONS,
            &json!(arn("lambda", "function:*")),
        ));
    }
    if purpose == Purpose::Apply {
        statements.push(allow("WriteRules", WRITE_RULES, &rules));
        statements.push(allow("WriteTopics", WRITE_TOPICS, &json!(topics)));
        statements.push(allow("WriteSubscriptions", WRITE_SUBSCRIPTIONS, &json!("*")));
        statements.push(allow("WriteQueues", WRITE_QUEUES, &json!(queues)));
        statements.push(allow("DeleteBus", DELETE_BUS, &bus));
        statements.push(allow("DeleteForwardRole", DELETE_ROLE, &role));
        // A trail that the blueprint no longer keeps, and so no longer names, is released.
        let mut release =
            allow("ReleaseTrails", RELEASE_TRAILS, &json!(arn("cloudtrail", "trail/*")));
        release["Condition"] = json!({ "ForAllValues:StringEquals": {
            "aws:TagKeys": [BLUEPRINT_TAG, VERSION_TAG, ALERT_TAG],
        } });
        statements.push(release);
    }
    if purpose == Purpose::Apply && blueprint.hub.is_some() {
        statements.push(allow("WriteBus", WRITE_BUS, &bus));
        statements.push(allow("WriteBusPolicy", WRITE_BUS_POLICY, &json!("*")));
        statements.push(allow("WriteForwardRole", WRITE_ROLE, &role));
        // AWS advises against a condition on the role's tags: it is not reliably heeded for this action.
        // Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
        let mut pass = allow("PassForwardRole", &["iam:PassRole"], &role);
        pass["Condition"] =
            json!({ "StringEquals": { "iam:PassedToService": "events.amazonaws.com" } });
        statements.push(pass);
    }
    if let Some(trail) = &blueprint.trail {
        let bucket = json!(format!("arn:{partition}:s3:::{}", trail.bucket));
        statements.push(allow("ReadTrailBucket", READ_BUCKET, &bucket));
        if purpose == Purpose::Apply {
            let trail_arn = arn("cloudtrail", &format!("trail/{}", trail.name));
            statements.push(allow("WriteTrail", WRITE_TRAIL, &json!(trail_arn)));
            statements.push(allow("WriteTrailBucket", WRITE_BUCKET, &bucket));
        }
    }
    statements
}

/// The statements for the identity that runs ctguard alone: finding the accounts, and assuming their roles.
pub fn entering(blueprint: &Blueprint) -> Vec<Value> {
    let Some(accounts) = &blueprint.accounts else { return Vec::new() };
    let partition = partition(blueprint);
    let listed = accounts
        .listed
        .values()
        .filter_map(|account| account.role.as_ref().map(|role| role.arn(partition, &account.id)));
    let mut roles: BTreeSet<String> = listed.collect();
    let mut statements = Vec::new();
    if let Some(organization) = &accounts.organization {
        let role = &organization.role.role;
        roles.insert(match role.starts_with("arn:") {
            true => role.clone(),
            false => format!("arn:{partition}:iam::*:role/{role}"),
        });
        let mut calls = READ_ORGANIZATION.to_vec();
        if !organization.include_units.is_empty() {
            calls.extend(READ_UNITS);
        }
        statements.push(allow("FindAccounts", &calls, &json!("*")));
    }
    if !roles.is_empty() {
        statements.push(allow("EnterAccounts", &["sts:AssumeRole"], &json!(roles)));
    }
    statements
}

fn allow(sid: &str, actions: &[&str], resource: &Value) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn calls_functions(blueprint: &Blueprint) -> bool {
    blueprint.destinations.values().flat_map(|destination| &destination.subscribers).any(
        |subscriber| {
            matches!(subscriber, Subscriber::Endpoint(to) if to.protocol == Protocol::Lambda)
        },
    )
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
        let operations = strings(&statement["Action"]);
        for resource in strings(&statement["Resource"]) {
            let resource = match resource {
                "*" => "*".to_owned(),
                pattern => pattern
                    .replacen(":*:*:", &format!(":{}:{}:", place.region, place.account), 1)
                    .replacen("::*:", &format!("::{}:", place.account), 1)
                    .replace('*', "check"),
            };
            for operation in operations.iter().filter(|name| **name != "iam:PassRole") {
                wanted.insert(Permission {
                    operation: (*operation).to_owned(),
                    resource: resource.clone(),
                });
            }
        }
    }
    wanted
}

/// The text or texts of a policy's element.
fn strings(element: &Value) -> Vec<&str> {
    match element {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
