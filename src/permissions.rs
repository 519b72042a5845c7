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
    if calls_functions(blueprint) {
        statements.push(allow(
            "ReadFunctions",
            READ_FUNCTIONS,
            &json!(arn("lambda", "function:*")),
        ));
    }
    if purpose == Purpose::Apply {
        statements.push(allow("WriteRules", WRITE_RULES, &json!(rules)));
        statements.push(allow("WriteTopics", WRITE_TOPICS, &json!(topics)));
        statements.push(allow("WriteSubscriptions", WRITE_SUBSCRIPTIONS, &json!("*")));
        statements.push(allow("WriteQueues", WRITE_QUEUES, &json!(queues)));
        // A trail that the blueprint no longer keeps, and so no longer names, is released.
        let mut release =
            allow("ReleaseTrails", RELEASE_TRAILS, &json!(arn("cloudtrail", "trail/*")));
        release["Condition"] = json!({ "ForAllValues:StringEquals": {
            "aws:TagKeys": [BLUEPRINT_TAG, VERSION_TAG, ALERT_TAG],
        } });
        statements.push(release);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// What the adapter's files say, so that a call added there and forgotten here is found.
    fn adapter() -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cloud/aws");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let code = |text: String| text.split("mod tests {").next().unwrap_or_default().to_owned();
        let texts = files.filter(|path| path.is_file()).map(std::fs::read_to_string);
        texts.map(|text| code(text.unwrap())).collect()
    }

    /// What stands in the adapter's files and needs no grant: whoever has credentials may ask whose they are,
    /// and asking IAM what they may do is a courtesy that does without.
    const UNGRANTED: [&str; 3] =
        ["iam:GetRole", "iam:SimulatePrincipalPolicy", "sts:GetCallerIdentity"];

    fn blueprint() -> Blueprint {
        let text = "version: 1\nname: acme\nregions: [eu-west-1]\ntrail: { name: main, bucket: logs, home_region: eu-west-1 }\ndestinations: { func: { topic: func, format: json, subscribers: [{ lambda: 'arn:aws:lambda:eu-west-1:111122223333:function:triage' }] } }\nalerts: []\n";
        let loaded =
            crate::blueprint::load_text("b.yaml", text, None, jiff::civil::date(2026, 11, 22));
        loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    /// What stands in the text as `"service:Operation"`.
    fn operations(text: &str) -> BTreeSet<String> {
        text.split('"')
            .filter(|word| {
                word.split_once(':').is_some_and(|(service, name)| {
                    service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                        && name.starts_with(|c: char| c.is_ascii_uppercase())
                        && name.bytes().all(|b| b.is_ascii_alphanumeric())
                })
            })
            .map(str::to_owned)
            .collect()
    }

    /// What the calls of these operations are made on.
    fn made_on(operation: &str) -> &'static str {
        let (service, name) = operation.split_once(':').unwrap();
        match (service, name) {
            ("events", "ListRules") => "arn:aws:events:eu-west-1:111122223333:rule/*",
            ("events", _) => "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-root-login",
            // AWS asks for these with no resource at all.
            ("sns", "GetSubscriptionAttributes" | "SetSubscriptionAttributes" | "Unsubscribe") => {
                "?"
            }
            ("sns", _) => "arn:aws:sns:eu-west-1:111122223333:ctguard-acme-secops",
            ("sqs", _) => "arn:aws:sqs:eu-west-1:111122223333:ctguard-acme-targets",
            ("cloudtrail", "DescribeTrails") => "?",
            ("cloudtrail", _) => "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main",
            ("s3", _) => "arn:aws:s3:::logs",
            ("lambda", _) => "arn:aws:lambda:eu-west-1:111122223333:function:triage:prod",
            ("kms", _) => "arn:aws:kms:eu-west-1:111122223333:key/1",
            _ => "?",
        }
    }

    /// The operations that a policy grants, each with its resources.
    fn granted(purpose: Purpose) -> BTreeMap<String, Vec<String>> {
        let policy = document(&blueprint(), purpose);
        let mut granted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for statement in policy["Statement"].as_array().unwrap() {
            for action in statement["Action"].as_array().unwrap() {
                let resource = statement["Resource"].as_str().unwrap().to_owned();
                granted.entry(action.as_str().unwrap().to_owned()).or_default().push(resource);
            }
        }
        granted
    }

    fn writes() -> BTreeSet<String> {
        let port = include_str!("cloud.rs");
        let names = port.split_once("pub fn operation(&self)").unwrap().1;
        operations(names.split_once("/// A call that did not succeed").unwrap().0)
    }

    fn reads() -> BTreeSet<String> {
        let all: BTreeSet<String> = adapter().iter().flat_map(|text| operations(text)).collect();
        all.difference(&writes())
            .filter(|name| !UNGRANTED.contains(&name.as_str()))
            .cloned()
            .collect()
    }

    fn allows(granted: &BTreeMap<String, Vec<String>>, operation: &str) -> bool {
        let glob = crate::cloud::sandbox::policy::glob;
        granted.get(operation).is_some_and(|resources| {
            resources.iter().any(|resource| resource == "*" || glob(resource, made_on(operation)))
        })
    }

    #[test]
    fn every_call_is_granted_on_what_it_is_made_on() {
        assert!(
            writes().len() > 25 && reads().len() > 20,
            "the lists are not found in the sources"
        );
        let (read, apply) = (granted(Purpose::Read), granted(Purpose::Apply));
        for operation in reads() {
            assert!(allows(&read, &operation), "the read policy does not grant {operation}");
            assert!(allows(&apply, &operation), "the apply policy does not grant {operation}");
        }
        for operation in writes() {
            assert!(allows(&apply, &operation), "the apply policy does not grant {operation}");
            assert!(!read.contains_key(&operation), "the read policy grants {operation}");
        }
    }

    #[test]
    fn nothing_is_granted_that_is_not_called() {
        let called: BTreeSet<String> = reads().union(&writes()).cloned().collect();
        for operation in granted(Purpose::Apply).keys().filter(|name| *name != "iam:PassRole") {
            assert!(called.contains(operation), "{operation} is granted and never called");
        }
    }

    #[test]
    fn nothing_of_others_can_be_written() {
        let apply = granted(Purpose::Apply);
        for operation in writes().iter().filter(|name| made_on(name) != "?") {
            let others = made_on(operation)
                .replace("acme", "other")
                .replace("logs", "theirs")
                .replace("trail/main", "trail/theirs");
            let reached = apply[operation]
                .iter()
                .any(|resource| crate::cloud::sandbox::policy::glob(resource, &others));
            assert!(
                !reached || operation == "cloudtrail:RemoveTags",
                "{operation} reaches {others}"
            );
        }
    }
}
