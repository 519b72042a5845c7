//! The adapter on answers that an emulator does not give: pages, throttles, refusals of one part,
//! failed entries, silence, nonsense. And how many calls it makes.

mod answers;
mod buckets;
pub mod causes;
mod clock;
mod hub;
mod limits;
mod lookup;
mod machines;
mod organization;
mod reads;
mod roles;
mod rules;
mod signals;
mod throttles;
mod writes;

use crate::stub::{ACCOUNT, Call, Reply, Stub};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ctguard_aws::{Aws, Options, Timing};
use ctguard_core::blueprint::Accounts;
use ctguard_core::resource::BLUEPRINT_TAG;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::ReadSet;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Quick repetitions, and patience for a busy machine.
const TIMING: Timing = Timing {
    connect: Duration::from_secs(10),
    attempt: Duration::from_secs(30),
    operation: Duration::from_secs(60),
    propagation: Duration::from_millis(500),
    first_wait: Duration::from_millis(5),
    place: Duration::from_secs(60),
};

async fn connect(stub: &Stub) -> Aws {
    connect_with(stub, TIMING).await
}

async fn connect_with(stub: &Stub, timing: Timing) -> Aws {
    connect_as(stub, timing, None).await
}

/// With these accounts besides the caller's.
async fn connect_as(stub: &Stub, timing: Timing, accounts: Option<Accounts>) -> Aws {
    Aws::connect(Options { timing, accounts, ..options(stub) }).await.unwrap()
}

fn options(stub: &Stub) -> Options {
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    Options {
        region: Region::new("eu-west-1"),
        endpoint_url: Some(stub.url()),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        ..Options::default()
    }
}

fn here() -> Place {
    Place::new(AccountId::new(ACCOUNT).unwrap(), Region::new("eu-west-1").unwrap())
}

fn arn(service: &str, resource: &str) -> String {
    here().arn(service, resource)
}

/// The call that reads the policy of the function's alias that subscribes.
const READ_FUNCTION: &str = "GET /2015-03-31/functions/triage/policy?Qualifier=prod";

fn function_policy() -> Value {
    json!({ "Statement": [{
        "Sid": "sns", "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "lambda:InvokeFunction", "Resource": arn("lambda", "function:triage:prod"),
    }] })
}

/// A place of the blueprint `acme` in sync: two rules, a topic with three subscriptions, two queues, a
/// function, two trails.
/// Every list comes in two pages.
fn in_sync(call: &Call) -> Option<Reply> {
    let first = |token: &str| call.parameter(token).is_null();
    let rule = |name: &str| json!({ "Name": name, "State": "ENABLED", "EventPattern": "{}" });
    let target = |id: &str| json!({ "Id": id, "Arn": arn("sns", "ctguard-acme-secops") });
    let trail = |name: &str, home: &str| {
        json!({
            "Name": name,
            "TrailARN": format!("arn:aws:cloudtrail:{home}:{ACCOUNT}:trail/{name}"),
            "HomeRegion": home,
            "S3BucketName": "logs",
            "IsMultiRegionTrail": true,
        })
    };
    let tagged = |arns: &[String]| -> Value {
        let tags = json!([{ "Key": BLUEPRINT_TAG, "Value": "acme" }]);
        arns.iter().map(|arn| json!({ "ResourceARN": arn, "Tags": tags })).collect()
    };
    let entry =
        |key: &str, value: &str| format!("<entry><key>{key}</key><value>{value}</value></entry>");
    let member = |arn: &str, protocol: &str, endpoint: &str| {
        format!(
            "<member><SubscriptionArn>{arn}</SubscriptionArn><Protocol>{protocol}</Protocol><Endpoint>{endpoint}</Endpoint></member>"
        )
    };
    Some(match call.operation.as_str() {
        "DescribeEventBus" if call.parameter("Name") == "default" => {
            Reply::Json(json!({ "Name": "default", "Arn": arn("events", "event-bus/default") }))
        }
        "ListRules" if first("NextToken") => {
            Reply::Json(json!({ "Rules": [rule("ctguard-acme-a")], "NextToken": "2" }))
        }
        "ListRules" => Reply::Json(json!({ "Rules": [rule("ctguard-acme-b")] })),
        "ListTargetsByRule" if first("NextToken") => {
            Reply::Json(json!({ "Targets": [target("one")], "NextToken": "2" }))
        }
        "ListTargetsByRule" => Reply::Json(json!({ "Targets": [target("two")] })),
        "GetResources" if first("PaginationToken") => Reply::Json(json!({
            "ResourceTagMappingList": tagged(&[
                arn("events", "rule/ctguard-acme-a"),
                arn("events", "rule/ctguard-acme-b"),
                arn("sns", "ctguard-acme-secops"),
            ]),
            "PaginationToken": "2",
        })),
        "GetResources" => Reply::Json(json!({
            "ResourceTagMappingList": tagged(&[
                arn("sqs", "ctguard-acme-targets"),
                arn("cloudtrail", "trail/main"),
            ]),
            "PaginationToken": "",
        })),
        "GetTopicAttributes" => {
            Reply::Xml(format!("<Attributes>{}</Attributes>", entry("DisplayName", "Alerts")))
        }
        "ListSubscriptionsByTopic" if !call.has("NextToken") => Reply::Xml(format!(
            "<Subscriptions>{}{}</Subscriptions><NextToken>2</NextToken>",
            member(&arn("sns", "ctguard-acme-secops:1"), "sqs", &arn("sqs", "inbox")),
            member("PendingConfirmation", "email", "a@acme.example"),
        )),
        "ListSubscriptionsByTopic" => Reply::Xml(format!(
            "<Subscriptions>{}</Subscriptions>",
            member(&arn("sns", "ctguard-acme-secops:2"), "email", "b@acme.example"),
        )),
        "GetSubscriptionAttributes" => Reply::Xml(format!(
            "<Attributes>{}</Attributes>",
            entry("ConfirmationWasAuthenticated", "false")
        )),
        "GetQueueUrl" => Reply::Json(json!({ "QueueUrl": "http://queue.example/q" })),
        "GetQueueAttributes" => Reply::Json(json!({
            "Attributes": { "MessageRetentionPeriod": "1209600", "ApproximateNumberOfMessages": "7" },
        })),
        READ_FUNCTION => Reply::Json(json!({ "Policy": function_policy().to_string() })),
        "DescribeTrails" => Reply::Json(json!({
            "trailList": [trail("main", "eu-west-1"), trail("shadow", "us-east-1")],
        })),
        "GetTrailStatus" => Reply::Json(json!({ "IsLogging": true, "StopLoggingTime": 1.5e9 })),
        "GetEventSelectors" => Reply::Json(json!({
            "EventSelectors": [{ "ReadWriteType": "All", "IncludeManagementEvents": true }],
        })),
        _ => return None,
    })
}

fn reads() -> ReadSet {
    ReadSet {
        buses: BTreeSet::new(),
        blueprint: "acme".to_owned(),
        rule_prefix: "ctguard-acme-".to_owned(),
        rules: Default::default(),
        topics: BTreeSet::from([arn("sns", "ctguard-acme-secops")]),
        queues: BTreeSet::from([arn("sqs", "ctguard-acme-targets"), arn("sqs", "inbox")]),
        functions: BTreeSet::from([arn("lambda", "function:triage:prod")]),
        trails: true,
        managed_trail: Some("main".to_owned()),
        ..ReadSet::default()
    }
}

fn counts(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect()
}
