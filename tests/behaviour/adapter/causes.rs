//! Every call with every cause that it can fail for, in the words of its service and protocol: the
//! cause is told apart, and only a denial is answered with a permission.

use super::hub::with_bus;
use super::{TIMING, arn, connect, connect_with, here, reads};
use crate::stub::{Call, Reply, Stub};
use ctguard_aws::{Aws, Timing};
use ctguard_core::action::Action;
use ctguard_core::blueprint::SecretSource;
use ctguard_core::cause::{Cause, Denial, Obstacle, PolicyType};
use ctguard_core::cloud::lookup::Lookup;
use ctguard_core::cloud::{Cloud, CloudError};
use ctguard_core::permissions::every_call;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::snapshot::{AccountReads, OrganizationReads, ReadSet, Unreadable};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Waits shortly before it tries again, and gives a busy machine all the time it wants.
pub(super) const IMPATIENT: Timing = Timing {
    attempt: Duration::from_secs(300),
    operation: Duration::from_secs(300),
    place: Duration::from_secs(300),
    propagation: Duration::ZERO,
    first_wait: Duration::from_millis(2),
    ..TIMING
};

const BUS: &str = "ctguard-acme";

const MAIL: &str = "stateMachine:ctguard-acme-mail";

/// How each reading call looks on the wire: the service that it is signed for, and the operation or
/// what the path has in it.
pub(super) const WIRE: &[(&str, &str, &str)] = &[
    ("account:ListRegions", "account", "/listRegions"),
    ("cloudtrail:DescribeTrails", "cloudtrail", "DescribeTrails"),
    ("cloudtrail:GetEventSelectors", "cloudtrail", "GetEventSelectors"),
    ("cloudtrail:GetTrailStatus", "cloudtrail", "GetTrailStatus"),
    ("cloudtrail:ListTags", "cloudtrail", "ListTags"),
    ("cloudtrail:LookupEvents", "cloudtrail", "LookupEvents"),
    ("cloudwatch:GetMetricData", "monitoring", "GetMetricData"),
    ("events:DescribeEventBus", "events", "DescribeEventBus"),
    ("events:ListRules", "events", "ListRules"),
    ("events:ListTagsForResource", "events", "ListTagsForResource"),
    ("events:ListTargetsByRule", "events", "ListTargetsByRule"),
    ("iam:GetRole", "iam", "GetRole"),
    ("iam:GetRolePolicy", "iam", "GetRolePolicy"),
    ("iam:ListRolePolicies", "iam", "ListRolePolicies"),
    ("iam:ListAttachedRolePolicies", "iam", "ListAttachedRolePolicies"),
    ("iam:GetPolicy", "iam", "GetPolicy"),
    ("iam:GetPolicyVersion", "iam", "GetPolicyVersion"),
    ("kms:DescribeKey", "kms", "DescribeKey"),
    ("kms:GetKeyPolicy", "kms", "GetKeyPolicy"),
    ("lambda:GetPolicy", "lambda", "/policy"),
    ("organizations:DescribeOrganization", "organizations", "DescribeOrganization"),
    ("organizations:ListAccounts", "organizations", "ListAccounts"),
    ("organizations:ListAccountsForParent", "organizations", "ListAccountsForParent"),
    (
        "organizations:ListOrganizationalUnitsForParent",
        "organizations",
        "ListOrganizationalUnitsForParent",
    ),
    ("organizations:ListParents", "organizations", "ListParents"),
    ("s3:GetBucketOwnershipControls", "s3", "?ownershipControls"),
    ("s3:GetBucketPolicy", "s3", "?policy"),
    ("s3:GetBucketPublicAccessBlock", "s3", "?publicAccessBlock"),
    ("s3:GetBucketTagging", "s3", "?tagging"),
    ("s3:GetBucketVersioning", "s3", "?versioning"),
    ("s3:GetEncryptionConfiguration", "s3", "?encryption"),
    ("s3:GetLifecycleConfiguration", "s3", "?lifecycle"),
    ("s3:ListBucket", "s3", "list-type=2"),
    ("secretsmanager:GetSecretValue", "secretsmanager", "GetSecretValue"),
    ("sns:GetSubscriptionAttributes", "sns", "GetSubscriptionAttributes"),
    ("sns:GetTopicAttributes", "sns", "GetTopicAttributes"),
    ("sns:ListSubscriptionsByTopic", "sns", "ListSubscriptionsByTopic"),
    ("sns:ListTagsForResource", "sns", "ListTagsForResource"),
    ("sqs:GetQueueAttributes", "sqs", "GetQueueAttributes"),
    ("sqs:GetQueueUrl", "sqs", "GetQueueUrl"),
    ("sqs:ListQueueTags", "sqs", "ListQueueTags"),
    ("sqs:ReceiveMessage", "sqs", "ReceiveMessage"),
    ("ssm:GetParameter", "ssm", "GetParameter"),
    ("states:DescribeStateMachine", "states", "DescribeStateMachine"),
    ("states:ListTagsForResource", "states", "ListTagsForResource"),
    ("sts:GetCallerIdentity", "sts", "GetCallerIdentity"),
    ("tag:GetResources", "tagging", "GetResources"),
];

/// Calls that no row above has, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "events:ListEventBuses",
        "it only says where a missing rule may be, so its failure is left out",
    ),
    ("iam:PassRole", "a permission, and no call"),
    ("kms:Decrypt", "a permission: the service that keeps a secret calls it for the caller"),
    ("s3:TagResource", "a permission that CreateBucket with tags asks for"),
    ("iam:SimulatePrincipalPolicy", "`policy --check` tells its error itself"),
    ("sts:AssumeRole", "adapter::roles"),
];

pub(super) fn is(call: &Call, (_, service, what): (&str, &str, &str)) -> bool {
    let path = what.starts_with(['/', '?']) || what.contains('=');
    call.service() == service
        && if path { call.operation.contains(what) } else { call.operation == what }
}

/// An account in which every read finds something that leads to the next.
pub(super) fn all_there(call: &Call) -> Option<Reply> {
    let encoded = "%7B%22Statement%22%3A%5B%5D%7D";
    Some(match (call.service(), call.operation.as_str()) {
        ("s3", operation) if operation.starts_with("HEAD") => {
            Reply::Header(200, "x-amz-bucket-region", "eu-west-1")
        }
        ("s3", operation) if operation.contains("versioning") => {
            Reply::Xml("<VersioningConfiguration/>".to_owned())
        }
        ("s3", operation) if operation.contains("list-type=2") => {
            Reply::Xml("<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>".to_owned())
        }
        ("s3", operation) => {
            let code = match operation.split('?').nth(1).unwrap_or_default() {
                "publicAccessBlock" => "NoSuchPublicAccessBlockConfiguration",
                "encryption" => "ServerSideEncryptionConfigurationNotFoundError",
                "ownershipControls" => "OwnershipControlsNotFoundError",
                "policy" => "NoSuchBucketPolicy",
                "lifecycle" => "NoSuchLifecycleConfiguration",
                _ => "NoSuchTagSet",
            };
            Reply::Error(404, code, "none")
        }
        ("iam", "GetRole") => Reply::Xml(format!(
            "<Role><Path>/</Path><RoleName>{BUS}</RoleName><RoleId>AROA</RoleId><Arn>arn</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>{encoded}</AssumeRolePolicyDocument></Role>"
        )),
        ("iam", "ListRolePolicies") => Reply::Xml(
            "<PolicyNames><member>one</member></PolicyNames><IsTruncated>false</IsTruncated>"
                .to_owned(),
        ),
        ("iam", "ListAttachedRolePolicies") => Reply::Xml(
            "<AttachedPolicies><member><PolicyName>more</PolicyName>\
             <PolicyArn>arn:aws:iam::111122223333:policy/more</PolicyArn></member>\
             </AttachedPolicies><IsTruncated>false</IsTruncated>"
                .to_owned(),
        ),
        ("iam", "GetPolicy") => Reply::Xml(
            "<Policy><PolicyName>more</PolicyName><DefaultVersionId>v1</DefaultVersionId>\
             <Arn>arn:aws:iam::111122223333:policy/more</Arn></Policy>"
                .to_owned(),
        ),
        ("iam", "GetPolicyVersion") => Reply::Xml(format!(
            "<PolicyVersion><Document>{encoded}</Document><VersionId>v1</VersionId></PolicyVersion>"
        )),
        ("iam", "GetRolePolicy") => Reply::Xml(format!(
            "<RoleName>{BUS}</RoleName><PolicyName>one</PolicyName>\
             <PolicyDocument>{encoded}</PolicyDocument>"
        )),
        ("account", _) => Reply::Json(json!({ "Regions": [{ "RegionName": "eu-west-1" }] })),
        ("organizations", "DescribeOrganization") => Reply::Json(
            json!({ "Organization": { "Id": "o-a1b2c3d4e5", "MasterAccountId": "111122223333" } }),
        ),
        ("organizations", "ListParents") => {
            Reply::Json(json!({ "Parents": [{ "Id": "r-ab12", "Type": "ROOT" }] }))
        }
        ("organizations", "ListOrganizationalUnitsForParent") => {
            Reply::Json(json!({ "OrganizationalUnits": [] }))
        }
        ("organizations", _) => Reply::Json(json!({ "Accounts": [] })),
        ("sns", "GetTopicAttributes") => Reply::Xml(
            "<Attributes><entry><key>KmsMasterKeyId</key><value>alias/alerts</value></entry></Attributes>"
                .to_owned(),
        ),
        ("kms", "DescribeKey") => Reply::Json(json!({ "KeyMetadata": {
            "KeyId": "k", "Arn": arn("kms", "key/k"), "Enabled": true, "KeyManager": "CUSTOMER",
        } })),
        ("kms", _) => Reply::Json(json!({ "Policy": "{\"Statement\":[]}" })),
        ("states", "DescribeStateMachine") => Reply::Json(json!({
            "stateMachineArn": arn("states", MAIL), "name": "ctguard-acme-mail", "definition": "{}",
            "roleArn": "arn:aws:iam::111122223333:role/ctguard-acme-mail", "type": "STANDARD",
            "creationDate": 1_790_000_000, "status": "ACTIVE",
        })),
        ("states", "ListTagsForResource") => Reply::Json(json!({ "tags": [] })),
        ("sqs", "ReceiveMessage") => Reply::Json(json!({})),
        ("ssm", "GetParameter") => {
            Reply::Json(json!({ "Parameter": { "Name": "hook", "Value": "https://hook.example" } }))
        }
        ("secretsmanager", "GetSecretValue") => {
            Reply::Json(json!({ "Name": "hook", "SecretString": "https://hook.example" }))
        }
        ("monitoring", _) => Reply::Json(json!({ "MetricDataResults": [] })),
        ("cloudtrail", "LookupEvents") => Reply::Json(json!({ "Events": [] })),
        _ => return with_bus(call),
    })
}

/// How a failure looks in each protocol, and which cause it is.
#[derive(Debug, Clone, Copy)]
enum Wire {
    Denied,
    ServiceControl,
    Boundary,
    Expired,
    Clock,
    Throttled,
    TooMany,
    NotEnabled,
    Unsubscribed,
    Failing,
    Unavailable,
    Page,
    PageForbidden,
    Cut,
    TooLarge,
    ProxyAuth,
}

const ALL: [Wire; 16] = [
    Wire::Denied,
    Wire::ServiceControl,
    Wire::Boundary,
    Wire::Expired,
    Wire::Clock,
    Wire::Throttled,
    Wire::TooMany,
    Wire::NotEnabled,
    Wire::Unsubscribed,
    Wire::Failing,
    Wire::Unavailable,
    Wire::Page,
    Wire::PageForbidden,
    Wire::Cut,
    Wire::TooLarge,
    Wire::ProxyAuth,
];

const SCP: &str = "User: arn:aws:sts::111122223333:assumed-role/audit/ci is not authorized to perform: this:Call with an explicit deny in a service control policy";
const BOUNDARY: &str = "User: arn:aws:sts::111122223333:assumed-role/audit/ci is not authorized to perform: this:Call because no permissions boundary allows the this:Call action";
const SKEWED: &str = "Signature expired: 20261129T060000Z is now earlier than 20261129T061500Z (20261129T063000Z - 15 min.)";

impl Wire {
    /// The answer, in the words of a service.
    fn reply(self, service: &str) -> Reply {
        let form = matches!(service, "sns" | "iam" | "sts");
        let xml = form || service == "s3";
        let pick = |in_xml: &'static str, in_json: &'static str| if xml { in_xml } else { in_json };
        let denial = match service {
            "sns" => "AuthorizationError",
            "s3" | "iam" | "sts" | "monitoring" => "AccessDenied",
            _ => "AccessDeniedException",
        };
        let status = if xml { 403 } else { 400 };
        match self {
            Self::Denied => Reply::Error(status, denial, "is not authorized to perform this"),
            Self::ServiceControl => Reply::Error(status, denial, SCP),
            Self::Boundary => Reply::Error(status, denial, BOUNDARY),
            Self::Expired => {
                Reply::Error(status, pick("ExpiredToken", "ExpiredTokenException"), "expired")
            }
            Self::Clock if service == "s3" => {
                Reply::Error(403, "RequestTimeTooSkewed", "The difference is too large.")
            }
            Self::Clock => Reply::Error(
                status,
                pick("SignatureDoesNotMatch", "InvalidSignatureException"),
                SKEWED,
            ),
            Self::Throttled => match service {
                "sns" => Reply::Error(429, "Throttled", "Rate exceeded"),
                "sqs" => Reply::Error(403, "RequestThrottled", "Rate exceeded"),
                "s3" => Reply::Error(503, "SlowDown", "Please reduce your request rate."),
                "iam" | "sts" => Reply::Error(400, "Throttling", "Rate exceeded"),
                "organizations" | "account" | "lambda" => {
                    Reply::Error(429, "TooManyRequestsException", "Rate exceeded")
                }
                _ => Reply::Error(400, "ThrottlingException", "Rate exceeded"),
            },
            Self::TooMany => Reply::Header(429, "x-stub", "1"),
            Self::NotEnabled if service == "s3" => {
                Reply::Error(403, "InvalidAccessKeyId", "The key id does not exist.")
            }
            Self::NotEnabled => Reply::Error(
                status,
                pick("InvalidClientTokenId", "UnrecognizedClientException"),
                "The security token included in the request is invalid.",
            ),
            Self::Unsubscribed => Reply::Error(403, "OptInRequired", "You are not subscribed"),
            Self::Failing => {
                Reply::Error(500, pick("InternalFailure", "InternalException"), "internal")
            }
            Self::Unavailable => Reply::Header(503, "x-stub", "1"),
            Self::Page => Reply::Garbage(200),
            Self::PageForbidden => Reply::Garbage(403),
            Self::Cut => Reply::Cut,
            Self::TooLarge => Reply::Header(413, "x-stub", "1"),
            Self::ProxyAuth => Reply::Garbage(407),
        }
    }

    fn cause(self, operation: &str) -> Cause {
        match self {
            Self::Denied => Cause::DENIED,
            Self::ServiceControl => {
                Cause::Denied(Denial { by: Some(PolicyType::ServiceControl), explicit: true })
            }
            Self::Boundary => {
                Cause::Denied(Denial { by: Some(PolicyType::PermissionsBoundary), explicit: false })
            }
            Self::Expired => Cause::Expired,
            Self::Clock => Cause::Clock,
            Self::Throttled | Self::TooMany => Cause::Throttled,
            Self::NotEnabled if operation == "sts:GetCallerIdentity" => Cause::UnknownCredentials,
            Self::NotEnabled | Self::Unsubscribed => Cause::NotEnabled,
            Self::Failing | Self::Unavailable => Cause::ServerError,
            Self::Page | Self::PageForbidden => Cause::Malformed,
            Self::Cut => Cause::Malformed,
            Self::TooLarge => Cause::TooLarge,
            Self::ProxyAuth => Cause::Unreachable(Obstacle::ProxySignIn),
        }
    }
}

/// Every part that could not be read, anywhere in what was observed.
fn unread(value: &Value, found: &mut Vec<Unreadable>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| unread(one, found)),
        Value::Object(fields) => {
            if let Some(why) = fields.get("unreadable") {
                found.push(serde_json::from_value(why.clone()).unwrap());
            }
            fields.values().for_each(|one| unread(one, found));
        }
        _ => {}
    }
}

/// Makes the calls of a service, and returns what failed.
pub(super) async fn read(aws: &Aws, operation: &str) -> Vec<Unreadable> {
    let mut found = Vec::new();
    let errors: Option<CloudError> = match operation {
        "sts:GetCallerIdentity" => aws.caller().await.err(),
        "cloudtrail:LookupEvents" => {
            let all = Lookup { by: None, start: None, end: None, token: None };
            aws.lookup(&here(), &all).await.err()
        }
        "ssm:GetParameter" | "secretsmanager:GetSecretValue" => {
            let store = operation.split(':').next().unwrap();
            let named = SecretSource::parse(&format!("{store}:hook")).unwrap();
            let SecretSource::Kept(named) = named else { unreachable!() };
            aws.secret(&named, Some(&here().region)).await.err()
        }
        "sqs:ReceiveMessage" => aws.receive(&here(), "q").await.err(),
        _ => None,
    };
    if let Some(error) = errors {
        return vec![(&error).into()];
    }
    let seen = match operation.split(':').next() {
        Some("organizations") => {
            let units = match operation {
                "organizations:DescribeOrganization" | "organizations:ListAccounts" => vec![],
                _ => vec!["ou-ab12-11111111".to_owned()],
            };
            let reads = OrganizationReads { units: units.into_iter().collect() };
            serde_json::to_value(aws.organization(&reads).await)
        }
        Some("account" | "iam" | "s3") => {
            let service = operation.split(':').next();
            let bucket = ("logs".to_owned(), here().region);
            let reads = AccountReads {
                enabled_regions: service == Some("account"),
                buckets: (service == Some("s3")).then_some(bucket).into_iter().collect(),
                roles: (service == Some("iam")).then(|| BUS.to_owned()).into_iter().collect(),
            };
            serde_json::to_value(aws.observe_account(&here().account, &reads).await)
        }
        Some("cloudwatch") => {
            let signals = BTreeSet::from([RuleKey::from("ctguard-acme-a")]);
            let reads = ReadSet { signals, ..ReadSet::default() };
            serde_json::to_value(aws.observe(&here(), &reads).await)
        }
        _ => {
            let machines = BTreeSet::from([arn("states", MAIL)]);
            let buses = BTreeSet::from([BUS.to_owned()]);
            let reads = ReadSet { buses, machines, ..reads() };
            serde_json::to_value(aws.observe(&here(), &reads).await)
        }
    };
    unread(&seen.unwrap(), &mut found);
    found
}

/// What is wrong with how a failure is told.
fn mistold(operation: &str, wire: Wire, why: &Unreadable) -> Option<String> {
    let cause = wire.cause(operation);
    let remedy = why.remedy_at(&here());
    let asks = remedy.to_ascii_lowercase().contains("allow ");
    let good = why.operation == operation
        && why.cause() == cause
        && (!asks || matches!(cause, Cause::Denied(_)));
    (!good).then(|| format!("{operation} {wire:?}: {why:?}: {remedy}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_tells_every_cause_that_it_fails_for() {
    let known: BTreeSet<&str> = WIRE.iter().map(|(operation, ..)| *operation).collect();
    let elsewhere = |operation: &&str| ELSEWHERE.iter().any(|(other, _)| other == operation);
    let written: BTreeSet<String> =
        actions().iter().map(|action| action.operation().to_owned()).collect();
    for operation in every_call() {
        let somewhere =
            known.contains(operation) || elsewhere(&operation) || written.contains(operation);
        assert!(somewhere, "{operation} has no row");
    }
    let rows = WIRE.iter().map(|row| tokio::spawn(fails_in_every_way(*row)));
    let wrong: Vec<String> = all_of(rows).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is mistold of one call. Each failure has an adapter of its own, so that no pace is kept and
/// nothing is remembered from the one before.
async fn fails_in_every_way(row: (&'static str, &'static str, &'static str)) -> Vec<String> {
    let failing: Arc<Mutex<Option<Wire>>> = Arc::default();
    let said = Arc::clone(&failing);
    let stub = Stub::start(move |call| match *said.lock().unwrap() {
        Some(wire) if is(call, row) => Some(wire.reply(call.service())),
        _ if call.operation == "GetCallerIdentity" => None,
        _ => all_there(call),
    });
    let mut wrong = Vec::new();
    for wire in ALL {
        *failing.lock().unwrap() = Some(wire);
        let found = read(&connect_with(&stub, IMPATIENT).await, row.0).await;
        let mut own = found.iter().filter(|why| why.operation == row.0).peekable();
        if own.peek().is_none() {
            wrong.push(format!("{} {wire:?} is not told: {found:?}", row.0));
        }
        wrong.extend(own.filter_map(|why| mistold(row.0, wire, why)));
    }
    wrong
}

/// Everything that tasks side by side found.
pub(super) async fn all_of(
    tasks: impl Iterator<Item = tokio::task::JoinHandle<Vec<String>>>,
) -> Vec<String> {
    let tasks: Vec<_> = tasks.collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all
}

/// An action for each mutating call.
pub fn actions() -> Vec<Action> {
    let tags = json!({ "ctguard:blueprint": "acme" });
    let topic = arn("sns", "t");
    let rule = json!({ "state": "ENABLED", "event_pattern": "{}" });
    let trail = json!({
        "bucket": "logs", "key_prefix": null, "multi_region": true, "organization": false,
        "global_service_events": true, "log_file_validation": true, "kms_key": null,
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [] });
    let machine = json!({ "definition": "{}", "role_arn": "arn:aws:iam::111122223333:role/s" });
    let queue = json!({ "message_retention_seconds": 1_209_600, "policy": policy });
    let all = json!([
        { "call": "PutRule", "name": "r", "rule": rule },
        { "call": "TagRule", "name": "r", "tags": tags },
        { "call": "PutTargets", "rule": "r", "targets": { "a": { "arn": topic, "input": "event" } } },
        { "call": "RemoveTargets", "rule": "r", "ids": ["a"] },
        { "call": "DeleteRule", "name": "r" },
        { "call": "CreateEventBus", "name": "b", "tags": tags },
        { "call": "PutBusPolicy", "bus": "b", "policy": policy },
        { "call": "TagEventBus", "name": "b", "tags": tags },
        { "call": "DeleteEventBus", "name": "b" },
        { "call": "CreateRole", "name": "x", "trust": policy, "tags": tags },
        { "call": "UpdateAssumeRolePolicy", "role": "x", "trust": policy },
        { "call": "PutRolePolicy", "role": "x", "name": "x", "policy": policy },
        { "call": "TagRole", "name": "x", "tags": tags },
        { "call": "DeleteRolePolicy", "role": "x", "name": "x" },
        { "call": "DeleteRole", "name": "x" },
        { "call": "CreateTopic", "name": "t", "tags": tags },
        { "call": "SetTopicAttribute", "name": "t", "attribute": { "display_name": "Alerts" } },
        { "call": "TagTopic", "name": "t", "tags": tags },
        { "call": "DeleteTopic", "name": "t" },
        { "call": "Publish", "topic": "t", "subject": "s", "message": "m" },
        { "call": "Subscribe", "topic": "t", "attributes": {},
          "endpoint": "email:a@acme.example" },
        { "call": "SetSubscriptionAttribute", "arn": format!("{topic}:1"),
          "attribute": { "raw_message_delivery": true } },
        { "call": "Unsubscribe", "arn": format!("{topic}:1") },
        { "call": "CreateStateMachine", "name": "s", "machine": machine, "tags": tags },
        { "call": "UpdateStateMachine", "name": "s", "machine": machine },
        { "call": "TagStateMachine", "name": "s", "tags": tags },
        { "call": "UntagStateMachine", "name": "s", "keys": ["k"] },
        { "call": "DeleteStateMachine", "name": "s" },
        { "call": "CreateQueue", "name": "q", "queue": queue, "tags": tags },
        { "call": "SetQueueAttributes", "name": "q", "queue": queue },
        { "call": "TagQueue", "name": "q", "tags": tags },
        { "call": "DeleteQueue", "name": "q" },
        { "call": "CreateTrail", "name": "m", "trail": trail, "tags": tags },
        { "call": "UpdateTrail", "name": "m", "trail": trail },
        { "call": "PutEventSelectors", "name": "m", "selectors": { "basic": [] } },
        { "call": "StartLogging", "name": "m" },
        { "call": "TagTrail", "name": "m", "tags": tags },
        { "call": "UntagTrail", "name": "m", "keys": ["k"] },
        { "call": "CreateBucket", "name": "logs" },
        { "call": "DeleteBucket", "name": "logs" },
        { "call": "PutPublicAccessBlock", "name": "logs" },
        { "call": "PutBucketVersioning", "name": "logs" },
        { "call": "PutBucketEncryption", "name": "logs", "encryption": "s3_managed" },
        { "call": "PutBucketOwnershipControls", "name": "logs" },
        { "call": "PutBucketPolicy", "name": "logs", "policy": policy },
        { "call": "PutBucketLifecycle", "name": "logs" },
        { "call": "PutBucketTagging", "name": "logs", "tags": tags },
    ]);
    let read = |one: &Value| {
        serde_json::from_value(one.clone()).unwrap_or_else(|why| panic!("{one}: {why}"))
    };
    all.as_array().unwrap().iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_tells_every_cause_that_it_fails_for() {
    let tasks = actions().into_iter().map(|action| tokio::spawn(write_fails(action)));
    let wrong = all_of(tasks).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn write_fails(action: Action) -> Vec<String> {
    let failing: Arc<Mutex<Option<Wire>>> = Arc::default();
    let said = Arc::clone(&failing);
    let stub = Stub::start(move |call| match *said.lock().unwrap() {
        _ if call.operation == "GetCallerIdentity" => None,
        // SQS's calls need the queue's address first.
        _ if call.operation == "GetQueueUrl" => all_there(call),
        Some(wire) => Some(wire.reply(call.service())),
        None => None,
    });
    let aws = connect_with(&stub, IMPATIENT).await;
    let mut wrong = Vec::new();
    for wire in ALL {
        *failing.lock().unwrap() = Some(wire);
        match aws.perform(&here(), &action).await {
            Ok(()) => wrong.push(format!("{action:?} {wire:?} succeeds")),
            Err(error) => wrong.extend(mistold(action.operation(), wire, &(&error).into())),
        }
    }
    wrong
}

#[tokio::test]
async fn nobody_there_and_no_answer_are_told_of_every_call_that_is_tried() {
    let nobody = Stub::start(all_there);
    let aws = connect(&nobody).await;
    drop(aws.caller().await);
    drop(nobody);
    for (operation, ..) in
        WIRE.iter().filter(|row| row.0 == "events:ListRules" || row.0 == "s3:ListBucket")
    {
        for why in read(&aws, operation).await {
            assert_eq!(why.cause(), Cause::Unreachable(Obstacle::Connection), "{why:?}");
        }
    }
    let silent = Stub::start(|call| match call.operation.as_str() {
        "GetCallerIdentity" => None,
        _ => Some(Reply::Hang),
    });
    let hurry = Timing {
        attempt: Duration::from_millis(80),
        operation: Duration::from_millis(300),
        ..TIMING
    };
    let aws = connect_with(&silent, hurry).await;
    for why in read(&aws, "events:ListRules").await {
        assert_eq!(why.cause(), Cause::Unreachable(Obstacle::Timeout), "{why:?}");
        assert!(!why.remedy().contains("Allow"), "{}", why.remedy());
    }
}
