//! Every call, throttled once in each way that its service throttles: it is made again, and succeeds.

use super::causes::{WIRE, actions, all_of, all_there, is, read};
use super::{TIMING, arn, connect_with, here};
use crate::stub::{Call, Reply, Stub};
use ctguard_aws::Timing;
use ctguard_core::action::Action;
use ctguard_core::cloud::Cloud;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Quick repetitions.
pub(super) const QUICK: Timing = Timing { first_wait: Duration::from_millis(2), ..TIMING };

/// How a service says that there were too many calls: a status and a code.
type Said = (u16, &'static str);

/// The codes of each service's model, and those that AWS documents for all calls of a service.
///
/// Sources: the exceptions of the SDK's models (`ThrottlingException` of CloudTrail and EventBridge,
/// `ThrottledException` of the tagging API, `Throttled` of SNS, `RequestThrottled` of SQS,
/// `TooManyRequestsException` of Account Management, Lambda and Organizations), and
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html>,
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>,
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn ways(service: &str) -> &'static [Said] {
    match service {
        "account" | "organizations" => {
            &[(429, "TooManyRequestsException"), (400, "TooManyRequestsException")]
        }
        "cloudtrail" | "events" => &[(400, "ThrottlingException"), (429, "ThrottlingException")],
        "iam" | "sts" => &[(400, "Throttling"), (400, "ThrottlingException")],
        "kms" => &[(400, "ThrottlingException")],
        "lambda" => &[(429, "TooManyRequestsException"), (400, "ThrottlingException")],
        "monitoring" => &[(400, "Throttling"), (400, "ThrottlingException")],
        "secretsmanager" | "ssm" | "states" => &[(400, "ThrottlingException")],
        "s3" => &[(503, "SlowDown"), (503, "RequestLimitExceeded")],
        "sns" => &[(429, "Throttled"), (400, "Throttling"), (400, "ThrottlingException")],
        "sqs" => &[
            (400, "RequestThrottled"),
            (403, "AWS.SimpleQueueService.RequestThrottled"),
            (400, "ThrottlingException"),
        ],
        "tagging" => &[(400, "ThrottledException"), (400, "ThrottlingException")],
        other => panic!("{other} has no row"),
    }
}

/// Too many calls, once.
#[derive(Debug, Clone, Default)]
struct Once(Arc<Mutex<Option<Said>>>);

impl Once {
    fn arm(&self, said: Said) {
        *self.0.lock().unwrap() = Some(said);
    }

    fn say(&self) -> Option<Reply> {
        let (status, code) = self.0.lock().unwrap().take()?;
        Some(Reply::Error(status, code, "Rate exceeded"))
    }

    fn is_armed(&self) -> bool {
        self.0.lock().unwrap().is_some()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_that_is_throttled_is_made_again() {
    let rows = WIRE.iter().map(|row| tokio::spawn(read_again(*row)));
    let wrong: Vec<String> = all_of(rows).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn read_again(row: (&'static str, &'static str, &'static str)) -> Vec<String> {
    let once = Once::default();
    let said = once.clone();
    let stub = Stub::start(move |call| match is(call, row).then(|| said.say()).flatten() {
        Some(throttle) => Some(throttle),
        None if call.operation == "GetCallerIdentity" => None,
        None if call.service() == "monitoring" => Some(no_metrics(call)),
        None => all_there(call),
    });
    let mut wrong = Vec::new();
    for said in ways(row.1) {
        once.arm(*said);
        let aws = connect_with(&stub, QUICK).await;
        let unread = read(&aws, row.0).await;
        if once.is_armed() || !unread.is_empty() || aws.throttled() != 1 {
            wrong.push(format!("{} {said:?}: {} throttles, {unread:?}", row.0, aws.throttled()));
        }
    }
    wrong
}

/// Nothing was counted of what is asked.
pub(super) fn no_metrics(call: &Call) -> Reply {
    let asked = call.parameter("MetricDataQueries");
    let none = |query: &Value| json!({ "Id": query["Id"], "StatusCode": "Complete", "Timestamps": [], "Values": [] });
    let results: Vec<Value> = asked.as_array().unwrap().iter().map(none).collect();
    Reply::Json(json!({ "MetricDataResults": results }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_that_is_throttled_is_made_again() {
    let tasks = actions().into_iter().map(|action| tokio::spawn(write_again(action)));
    let wrong = all_of(tasks).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn write_again(action: Action) -> Vec<String> {
    let once = Once::default();
    let said = once.clone();
    let stub = Stub::start(move |call| match call.operation.as_str() {
        "GetCallerIdentity" => None,
        "GetQueueUrl" => all_there(call),
        _ => said.say().or_else(|| Some(done(call))),
    });
    let aws = connect_with(&stub, QUICK).await;
    let service = action.operation().split(':').next().unwrap();
    let mut wrong = Vec::new();
    for (before, said) in ways(service).iter().enumerate() {
        once.arm(*said);
        let result = aws.perform(&here(), &action).await;
        if once.is_armed() || result.is_err() || aws.throttled() != before as u64 + 1 {
            let count = aws.throttled();
            wrong.push(format!("{} {said:?}: {count} throttles, {result:?}", action.operation()));
        }
    }
    wrong
}

/// What a service says to a call that changes something, when it has done it.
pub(super) fn done(call: &Call) -> Reply {
    match (call.service(), call.operation.as_str()) {
        ("s3", _) => Reply::Header(200, "x-stub", "1"),
        ("sns", "CreateTopic") => Reply::Xml(format!("<TopicArn>{}</TopicArn>", arn("sns", "t"))),
        ("sns", "Subscribe") => {
            Reply::Xml("<SubscriptionArn>pending confirmation</SubscriptionArn>".to_owned())
        }
        ("iam", "CreateRole") => Reply::Xml(
            "<Role><Path>/</Path><RoleName>x</RoleName><RoleId>AROA</RoleId><Arn>arn</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>"
                .to_owned(),
        ),
        ("sns" | "iam", _) => Reply::Xml(String::new()),
        ("sqs", "CreateQueue") => Reply::Json(json!({ "QueueUrl": "http://queue.example/q" })),
        ("events", "PutTargets" | "RemoveTargets") => Reply::Json(json!({ "FailedEntryCount": 0 })),
        _ => Reply::Json(json!({})),
    }
}
