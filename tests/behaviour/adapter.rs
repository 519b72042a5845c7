//! The adapter on answers that an emulator does not give: pages, throttles, refusals of one part,
//! failed entries, silence, nonsense. And how many calls it makes.

use crate::stub::{ACCOUNT, Call, Reply, Stub};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use ctguard::cloud::aws::{Aws, Options, Timing};
use ctguard::cloud::{AccountReads, Action, Cloud, CloudErrorKind, ReadSet};
use ctguard::resource::rule::{Input, Rule, RuleState, Target, Targets};
use ctguard::resource::trail::Trail;
use ctguard::resource::{BLUEPRINT_TAG, Tags};
use ctguard::scope::{AccountId, Place, Region};
use ctguard::snapshot::{LiveSubscription, Observed};
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
};

async fn connect(stub: &Stub) -> Aws {
    connect_with(stub, TIMING).await
}

async fn connect_with(stub: &Stub, timing: Timing) -> Aws {
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    Aws::connect(Options {
        region: Region::new("eu-west-1"),
        endpoint_url: Some(stub.url()),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        timing,
        ..Options::default()
    })
    .await
    .unwrap()
}

fn here() -> Place {
    Place::new(AccountId::new(ACCOUNT).unwrap(), Region::new("eu-west-1").unwrap())
}

fn arn(service: &str, resource: &str) -> String {
    here().arn(service, resource)
}

/// A place of the blueprint `acme` in sync: two rules, a topic with three subscriptions, two queues, two trails.
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
        blueprint: "acme".to_owned(),
        rule_prefix: "ctguard-acme-".to_owned(),
        topics: BTreeSet::from([arn("sns", "ctguard-acme-secops")]),
        queues: BTreeSet::from([arn("sqs", "ctguard-acme-targets"), arn("sqs", "inbox")]),
        trails: true,
        managed_trail: Some("main".to_owned()),
    }
}

fn counts(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect()
}

#[tokio::test]
async fn a_place_in_sync_is_read_page_by_page_and_nothing_is_read_twice() {
    let stub = Stub::start(in_sync);
    let aws = connect(&stub).await;
    let snapshot = aws.observe(&here(), &reads()).await;

    let rules = snapshot.rules.known().unwrap();
    assert_eq!(rules.keys().collect::<Vec<_>>(), ["ctguard-acme-a", "ctguard-acme-b"]);
    let tags = Tags::from([(BLUEPRINT_TAG.to_owned(), "acme".to_owned())]);
    for rule in rules.values() {
        assert_eq!(rule.targets.known().unwrap().keys().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(rule.tags, Observed::Known(tags.clone()));
    }
    let topic = snapshot.topics[&arn("sns", "ctguard-acme-secops")].known().unwrap();
    let subscriptions: Vec<_> = topic
        .subscriptions
        .known()
        .unwrap()
        .iter()
        .map(|(endpoint, found)| (endpoint.address.clone(), *found == LiveSubscription::Pending))
        .collect();
    let expected =
        [("a@acme.example", true), ("b@acme.example", false), (&arn("sqs", "inbox"), false)];
    assert_eq!(subscriptions, expected.map(|(endpoint, pending)| (endpoint.to_owned(), pending)));
    let queue = snapshot.queues[&arn("sqs", "ctguard-acme-targets")].known().unwrap();
    assert_eq!((queue.messages, &queue.tags), (7, &Observed::Known(tags)));
    let trails = snapshot.trails.known().unwrap();
    let home: Vec<_> = trails.values().map(|trail| trail.selectors.known().is_some()).collect();
    assert_eq!(home, [true, false], "selectors are read in the home region only");
    let stopped = &trails.values().next().unwrap().status.known().unwrap().stop_logging_time;
    assert_eq!(stopped.as_deref(), Some("2017-07-14T02:40:00Z"));

    // What a plan costs: pages of rules, targets once a rule, one search for tags, and no more.
    let expected = counts(&[
        ("DescribeTrails", 1),
        ("GetCallerIdentity", 1),
        ("GetEventSelectors", 1),
        ("GetQueueAttributes", 2),
        ("GetQueueUrl", 2),
        ("GetResources", 2),
        ("GetSubscriptionAttributes", 2),
        ("GetTopicAttributes", 1),
        ("GetTrailStatus", 2),
        ("ListRules", 2),
        ("ListSubscriptionsByTopic", 2),
        ("ListTargetsByRule", 4),
    ]);
    assert_eq!(stub.counts(), expected);
    let own: u64 = aws.calls().values().sum();
    assert_eq!(own, expected.values().sum::<usize>() as u64, "the adapter counts what it sends");
}

#[tokio::test]
async fn only_what_is_asked_for_is_read() {
    let stub = Stub::start(in_sync);
    let aws = connect(&stub).await;
    let trails = ReadSet { trails: true, ..ReadSet::default() };
    aws.observe(&here(), &trails).await;
    let expected = counts(&[
        ("DescribeTrails", 1),
        ("GetCallerIdentity", 1),
        ("GetEventSelectors", 1),
        ("GetTrailStatus", 2),
    ]);
    assert_eq!(stub.counts(), expected);
    aws.observe(&here(), &ReadSet::default()).await;
    assert_eq!(stub.counts(), expected, "the default reads nothing");
}

#[tokio::test]
async fn a_denied_part_is_unreadable_and_the_others_are_read() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "ListRules" => Some(Reply::Error(400, "AccessDeniedException", "not authorized")),
        "GetEventSelectors" => Some(Reply::Error(400, "AccessDeniedException", "not authorized")),
        "GetTopicAttributes" => Some(Reply::Error(403, "AuthorizationError", "not authorized")),
        _ => in_sync(call),
    });
    let snapshot = connect(&stub).await.observe(&here(), &reads()).await;
    let why = snapshot.rules.unreadable().unwrap();
    assert_eq!(
        (why.operation.as_str(), why.code.as_str()),
        ("events:ListRules", "AccessDeniedException")
    );
    let topic = &snapshot.topics[&arn("sns", "ctguard-acme-secops")];
    assert_eq!(topic.unreadable().map(|why| why.code.as_str()), Some("AuthorizationError"));
    assert!(snapshot.queues.values().all(|queue| queue.known().is_some()));
    let trail = &snapshot.trails.known().unwrap()[&arn("cloudtrail", "trail/main")];
    assert!(trail.selectors.unreadable().is_some() && trail.status.known().is_some());
    assert_eq!(stub.counts()["ListRules"], 1, "a refusal is not asked for twice");
}

#[tokio::test]
async fn without_the_search_for_tags_each_named_object_is_asked_and_the_others_are_unknown() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "GetResources" => Some(Reply::Error(400, "AccessDeniedException", "not authorized")),
        "ListTagsForResource" if call.has("ResourceArn") => Some(Reply::Xml(
            "<Tags><member><Key>ctguard:blueprint</Key><Value>acme</Value></member></Tags>"
                .to_owned(),
        )),
        "ListTagsForResource" | "ListQueueTags" => Some(Reply::Json(json!({}))),
        "ListTags" => Some(Reply::Json(json!({ "ResourceTagList": [] }))),
        _ => in_sync(call),
    });
    let snapshot = connect(&stub).await.observe(&here(), &reads()).await;
    let topic = snapshot.topics[&arn("sns", "ctguard-acme-secops")].known().unwrap();
    assert_eq!(topic.tags.known().unwrap()[BLUEPRINT_TAG], "acme");
    for any in [
        snapshot.topics[&arn("sns", "ctguard-acme-*")].unreadable(),
        snapshot.queues[&arn("sqs", "ctguard-acme-*")].unreadable(),
    ] {
        assert_eq!(any.map(|why| why.operation.as_str()), Some("tag:GetResources"));
    }
    // Two rules and the topic, one queue of ours, the managed trail; not the subscriber's queue.
    let counts = stub.counts();
    assert_eq!(
        (counts["ListTagsForResource"], counts["ListQueueTags"], counts["ListTags"]),
        (3, 1, 1)
    );
}

#[tokio::test]
async fn what_carries_the_tag_is_read_though_nobody_names_it() {
    let stub = Stub::start(in_sync);
    let reads = ReadSet { topics: BTreeSet::new(), queues: BTreeSet::new(), ..reads() };
    let snapshot = connect(&stub).await.observe(&here(), &reads).await;
    assert!(snapshot.topics[&arn("sns", "ctguard-acme-secops")].known().is_some());
    assert!(snapshot.queues[&arn("sqs", "ctguard-acme-targets")].known().is_some());
}

#[tokio::test]
async fn what_is_not_there_is_absent_in_every_spelling() {
    let stub = Stub::start(|call| {
        Some(match call.operation.as_str() {
            "GetTopicAttributes" | "ListSubscriptionsByTopic" => {
                Reply::Error(404, "NotFound", "Topic does not exist")
            }
            "GetQueueUrl" if call.parameter("QueueName") == "inbox" => Reply::Error(
                400,
                "com.amazonaws.sqs#QueueDoesNotExist",
                "The specified queue does not exist.",
            ),
            "GetQueueUrl" => Reply::Error(400, "AWS.SimpleQueueService.NonExistentQueue", "gone"),
            "ListRules" => Reply::Json(json!({ "Rules": [] })),
            "GetResources" => Reply::Json(json!({})),
            "DescribeTrails" => Reply::Json(json!({ "trailList": [] })),
            _ => return None,
        })
    });
    let snapshot = connect(&stub).await.observe(&here(), &reads()).await;
    assert!(snapshot.topics.values().all(|topic| *topic == Observed::Absent), "{snapshot:?}");
    assert!(snapshot.queues.values().all(|queue| *queue == Observed::Absent), "{snapshot:?}");
    assert_eq!(snapshot.trails, Observed::Known(BTreeMap::new()));
}

#[tokio::test]
async fn a_throttled_call_is_repeated_until_it_succeeds() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("DescribeTrails", 0) => Some(Reply::Error(400, "ThrottlingException", "Rate exceeded")),
        ("DescribeTrails", 1) => Some(Reply::Error(500, "InternalFailure", "try again")),
        _ => in_sync(call),
    });
    let trails = ReadSet { trails: true, ..ReadSet::default() };
    let snapshot = connect(&stub).await.observe(&here(), &trails).await;
    assert_eq!(snapshot.trails.known().map(BTreeMap::len), Some(2));
    assert_eq!(stub.counts()["DescribeTrails"], 3);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "DescribeTrails" => Some(Reply::Hang),
        _ => in_sync(call),
    });
    let timing = Timing { attempt: Duration::from_millis(500), ..TIMING };
    let aws = connect_with(&stub, timing).await;
    let trails = ReadSet { trails: true, ..ReadSet::default() };
    let snapshot = aws.observe(&here(), &trails).await;
    let why = snapshot.trails.unreadable().unwrap();
    assert_eq!(
        (why.operation.as_str(), why.code.as_str()),
        ("cloudtrail:DescribeTrails", "Timeout")
    );
}

#[tokio::test]
async fn nonsense_is_never_taken_for_absent() {
    for status in [200, 404, 502] {
        let stub = Stub::start(move |call| match call.operation.as_str() {
            "GetCallerIdentity" => None,
            _ => Some(Reply::Garbage(status)),
        });
        let aws = connect(&stub).await;
        let snapshot = aws.observe(&here(), &reads()).await;
        assert!(snapshot.rules.unreadable().is_some(), "{status}: {snapshot:?}");
        assert!(snapshot.trails.unreadable().is_some(), "{status}: {snapshot:?}");
        assert!(snapshot.topics.values().all(|topic| topic.unreadable().is_some()), "{snapshot:?}");
        assert!(snapshot.queues.values().all(|queue| queue.unreadable().is_some()), "{snapshot:?}");
    }
}

#[tokio::test]
async fn a_page_token_that_repeats_ends_the_list_with_an_error() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "ListRules" => Some(Reply::Json(json!({ "Rules": [], "NextToken": "again" }))),
        _ => in_sync(call),
    });
    let snapshot = connect(&stub).await.observe(&here(), &reads()).await;
    assert_eq!(snapshot.rules.unreadable().map(|why| why.code.as_str()), Some("BadResponse"));
    assert_eq!(stub.counts()["ListRules"], 2);
}

#[tokio::test]
async fn credentials_that_are_missing_or_wrong_are_told_from_other_trouble() {
    #[derive(Debug)]
    struct Nobody;
    impl ProvideCredentials for Nobody {
        fn provide_credentials<'a>(&'a self) -> Provided<'a>
        where
            Self: 'a,
        {
            Provided::ready(Err(CredentialsError::not_loaded("no profile `prod`")))
        }
    }
    let stub = Stub::start(|_| {
        Some(Reply::Error(403, "InvalidClientTokenId", "The security token is invalid."))
    });
    let wrong = connect(&stub).await.caller().await.unwrap_err();
    assert_eq!(
        (wrong.code.as_str(), wrong.kind),
        ("InvalidClientTokenId", CloudErrorKind::NoCredentials)
    );
    assert!(wrong.request_id.is_some());

    let options = Options {
        region: Region::new("eu-west-1"),
        endpoint_url: Some(stub.url()),
        credentials: Some(SharedCredentialsProvider::new(Nobody)),
        timing: TIMING,
        ..Options::default()
    };
    let none = Aws::connect(options).await.unwrap().caller().await.unwrap_err();
    assert_eq!((none.code.as_str(), none.kind), ("NoCredentials", CloudErrorKind::NoCredentials));
    assert!(none.message.contains("no profile `prod`"), "{none}");
    assert!(none.message.contains("aws sso login"), "{none}");

    let aws = connect(&stub).await;
    drop(stub);
    let nobody_there = aws.caller().await.unwrap_err();
    assert_eq!(nobody_there.kind, CloudErrorKind::Transient);
    assert!(nobody_there.message.contains("AWS_ENDPOINT_URL"), "{nobody_there}");
}

#[tokio::test]
async fn an_account_that_is_not_the_callers_is_never_touched() {
    let stub = Stub::start(|_| None);
    let aws = connect(&stub).await;
    let other = Place::new(AccountId::new("999999999999").unwrap(), here().region);
    let error =
        aws.perform(&other, &Action::DeleteTopic { name: "t".to_owned() }).await.unwrap_err();
    assert_eq!(error.code, "OtherAccount");
    let snapshot = aws.observe(&other, &reads()).await;
    assert!(snapshot.rules.unreadable().is_some() && snapshot.trails.unreadable().is_some());
    assert!(snapshot.topics.values().all(|topic| topic.unreadable().is_some()));
    assert_eq!(stub.counts(), counts(&[("GetCallerIdentity", 1)]));
}

fn put_rule() -> Action {
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some("{}".to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    Action::PutRule { name: "r".to_owned(), rule, tags: Tags::new() }
}

fn put_targets() -> Action {
    let target = Target {
        arn: arn("sns", "t"),
        role_arn: None,
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    Action::PutTargets {
        rule: "r".to_owned(),
        targets: Targets::from([("secops".to_owned(), target)]),
    }
}

fn failed(code: &str) -> Reply {
    let entry = json!({ "TargetId": "secops", "ErrorCode": code, "ErrorMessage": "no" });
    Reply::Json(json!({ "FailedEntryCount": 1, "FailedEntries": [entry] }))
}

#[tokio::test]
async fn failed_entries_of_a_good_answer_are_errors() {
    let stub = Stub::start(|call| {
        (call.operation == "PutTargets").then(|| failed("LimitExceededException"))
    });
    let aws = connect(&stub).await;
    let error = aws.perform(&here(), &put_targets()).await.unwrap_err();
    assert_eq!(
        (error.operation.as_str(), error.code.as_str()),
        ("events:PutTargets", "LimitExceededException")
    );
    assert!(error.message.contains("secops"), "{error}");
    assert_eq!(error.kind, CloudErrorKind::Refused);
    assert_eq!(stub.counts()["PutTargets"], 1);
}

#[tokio::test]
async fn failed_entries_of_two_writers_at_once_are_repeated() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("PutTargets", 0 | 1) => Some(failed("ConcurrentModificationException")),
        ("PutTargets", _) => {
            Some(Reply::Json(json!({ "FailedEntryCount": 0, "FailedEntries": [] })))
        }
        _ => None,
    });
    let aws = connect(&stub).await;
    assert_eq!(aws.perform(&here(), &put_targets()).await, Ok(()));
    assert_eq!(stub.counts()["PutTargets"], 3);
}

#[tokio::test]
async fn a_rule_that_was_just_written_is_waited_for_and_any_other_is_not() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("PutTargets", 0 | 1) => Some(Reply::Error(400, "ResourceNotFoundException", "no rule r")),
        ("PutTargets", _) => Some(Reply::Json(json!({ "FailedEntryCount": 0 }))),
        ("PutRule", _) => Some(Reply::Json(json!({ "RuleArn": "arn" }))),
        _ => None,
    });
    let aws = connect(&stub).await;
    let error = aws.perform(&here(), &put_targets()).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), stub.counts()["PutTargets"]),
        ("ResourceNotFoundException", 1)
    );
    assert_eq!(aws.perform(&here(), &put_rule()).await, Ok(()));
    assert_eq!(aws.perform(&here(), &put_targets()).await, Ok(()));
}

#[tokio::test]
async fn what_never_passes_ends_with_its_own_error_when_the_time_is_up() {
    let stub = Stub::start(|call| {
        (call.operation == "StartLogging")
            .then(|| Reply::Error(400, "ConflictException", "not ready"))
    });
    let timing = Timing { propagation: Duration::from_millis(40), ..TIMING };
    let aws = connect_with(&stub, timing).await;
    let start = Action::StartLogging { name: "main".to_owned() };
    let error = aws.perform(&here(), &start).await.unwrap_err();
    assert_eq!(error.code, "ConflictException");
    assert!(stub.counts()["StartLogging"] > 1);
}

#[tokio::test]
async fn deleting_what_is_gone_succeeds() {
    let stub = Stub::start(|call| {
        Some(match call.operation.as_str() {
            "DeleteTopic" | "Unsubscribe" => Reply::Error(404, "NotFound", "gone"),
            "GetQueueUrl" => Reply::Error(400, "QueueDoesNotExist", "gone"),
            "RemoveTags" => Reply::Error(400, "TrailNotFoundException", "gone"),
            "GetCallerIdentity" => return None,
            _ => Reply::Error(400, "ResourceNotFoundException", "gone"),
        })
    });
    let aws = connect(&stub).await;
    let ids = BTreeSet::from(["secops".to_owned()]);
    for action in [
        Action::RemoveTargets { rule: "r".to_owned(), ids: ids.clone() },
        Action::DeleteRule { name: "r".to_owned() },
        Action::Unsubscribe { arn: arn("sns", "t:1") },
        Action::DeleteTopic { name: "t".to_owned() },
        Action::DeleteQueue { name: "q".to_owned() },
        Action::UntagTrail { name: "main".to_owned(), keys: ids },
    ] {
        assert_eq!(aws.perform(&here(), &action).await, Ok(()), "{action:?}");
    }
}

#[tokio::test]
async fn a_trail_of_the_same_name_passes_for_created_only_if_it_is_the_same() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "CreateTrail" => Some(Reply::Error(400, "TrailAlreadyExistsException", "exists")),
        "ListTags" => Some(Reply::Json(json!({ "ResourceTagList": [{
            "ResourceId": arn("cloudtrail", "trail/main"),
            "TagsList": [{ "Key": BLUEPRINT_TAG, "Value": "acme" }],
        }] }))),
        _ => in_sync(call),
    });
    let aws = connect(&stub).await;
    let trail = Trail {
        bucket: "logs".to_owned(),
        key_prefix: None,
        multi_region: true,
        organization: false,
        global_service_events: false,
        log_file_validation: false,
        kms_key: None,
    };
    let tags = |owner: &str| Tags::from([(BLUEPRINT_TAG.to_owned(), owner.to_owned())]);
    let create = |trail: Trail, owner: &str| Action::CreateTrail {
        name: "main".to_owned(),
        trail,
        tags: tags(owner),
    };
    assert_eq!(aws.perform(&here(), &create(trail.clone(), "acme")).await, Ok(()));
    let other = aws.perform(&here(), &create(trail.clone(), "other")).await.unwrap_err();
    assert_eq!(other.code, "TrailAlreadyExistsException");
    let moved = Trail { bucket: "elsewhere".to_owned(), ..trail };
    let other = aws.perform(&here(), &create(moved, "acme")).await.unwrap_err();
    assert_eq!(other.code, "TrailAlreadyExistsException");
}

#[tokio::test]
async fn a_bucket_is_found_in_whatever_region_it_is_and_somebody_elses_is_unreadable() {
    let stub = Stub::start(|call| {
        let (_, path) = call.operation.split_once(' ')?;
        let setting = path.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let bucket = path.trim_start_matches('/').split(['/', '?']).next()?;
        Some(match (bucket, setting) {
            ("foreign", _) => Reply::Header(403, "x-stub", "1"),
            ("missing", _) => Reply::Header(404, "x-stub", "1"),
            ("logs", setting) if call.operation.starts_with("HEAD") && setting.is_empty() => {
                Reply::Header(301, "x-amz-bucket-region", "eu-central-1")
            }
            ("logs", setting) if setting.starts_with("versioning") => {
                Reply::Xml("<VersioningConfiguration/>".to_owned())
            }
            ("logs", setting) if setting.contains("list-type=2") => {
                Reply::Xml("<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>".to_owned())
            }
            ("logs", "publicAccessBlock") => {
                Reply::Error(404, "NoSuchPublicAccessBlockConfiguration", "none")
            }
            ("logs", "encryption") => {
                Reply::Error(404, "ServerSideEncryptionConfigurationNotFoundError", "none")
            }
            ("logs", "ownershipControls") => {
                Reply::Error(404, "OwnershipControlsNotFoundError", "none")
            }
            ("logs", "policy") => Reply::Error(404, "NoSuchBucketPolicy", "none"),
            ("logs", "tagging") => Reply::Error(404, "NoSuchTagSet", "none"),
            _ => return None,
        })
    });
    let aws = connect(&stub).await;
    let buckets = ["foreign", "logs", "missing"].map(|name| (name.to_owned(), here().region));
    let reads = AccountReads { enabled_regions: false, buckets: BTreeSet::from(buckets) };
    let account = aws.observe_account(&here().account, &reads).await;
    assert_eq!(account.enabled_regions, Observed::Absent);
    assert_eq!(account.buckets["missing"], Observed::Absent);
    assert_eq!(
        account.buckets["foreign"].unreadable().map(|why| why.code.as_str()),
        Some("Http403")
    );
    let logs = &account.buckets["logs"];
    let logs = logs.known().unwrap_or_else(|| panic!("{logs:?}"));
    assert_eq!((logs.region.as_str(), logs.empty), ("eu-central-1", Some(true)));
    assert_eq!(logs.tags, Observed::Known(Tags::new()));
    let settings = stub.calls().into_iter().filter(|call| call.operation.starts_with("GET /logs"));
    assert!(settings.into_iter().all(|call| call.region == "eu-central-1"));
}
