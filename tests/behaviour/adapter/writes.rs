//! Performing through the adapter: what is repeated, forgiven and refused.

use super::{TIMING, arn, connect, connect_with, counts, here, in_sync, options, reads};
use crate::stub::{Reply, Stub};
use ctguard_aws::{Aws, Options, Timing};
use ctguard_core::action::Action;
use ctguard_core::cloud::{Cloud, CloudErrorKind};
use ctguard_core::resource::rule::{Input, Rule, RuleState, Target, Targets};
use ctguard_core::resource::trail::Trail;
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

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
    Action::PutRule { name: "r".into(), rule, tags: Tags::new() }
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
    Action::PutTargets { rule: "r".into(), targets: Targets::from([("secops".to_owned(), target)]) }
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
async fn the_last_tags_of_a_bucket_go_by_a_call_of_their_own() {
    let stub = Stub::start(|call| {
        call.path.contains("tagging").then_some(Reply::Header(204, "x-stub", "1"))
    });
    let aws = connect(&stub).await;
    let tag = |tags: Tags| Action::PutBucketTagging { name: "logs".to_owned(), tags };
    assert_eq!(aws.perform(&here(), &tag(Tags::new())).await, Ok(()));
    let some = Tags::from([("team".to_owned(), "net".to_owned())]);
    assert_eq!(aws.perform(&here(), &tag(some)).await, Ok(()));
    let calls = stub.calls();
    let tagging = calls.iter().filter(|call| call.path.contains("tagging"));
    let methods: Vec<(&str, bool)> =
        tagging.map(|call| (call.method.as_str(), call.body.contains("team"))).collect();
    assert_eq!(methods, [("DELETE", false), ("PUT", true)], "an empty set is not valid XML to S3");
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
    assert!(error.message.contains("given up after"), "{error}");
}

#[tokio::test]
async fn a_write_that_is_refused_again_and_again_ends_with_the_run_and_is_told() {
    static TOLD: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    let stub = Stub::start(|call| {
        (call.operation == "StartLogging")
            .then(|| Reply::Error(400, "ConflictException", "not ready"))
    });
    let limit = Duration::from_secs(2);
    let begun = std::time::Instant::now();
    let options = Options {
        timing: Timing { propagation: Duration::from_secs(600), ..TIMING },
        run: Some(ctguard_aws::RunLimit { until: begun + limit, limit }),
        waiting: Some(|text| TOLD.lock().unwrap().push(text.to_owned())),
        ..options(&stub)
    };
    let aws = Aws::connect(options).await.unwrap();
    let start = Action::StartLogging { name: "main".to_owned() };
    let error = aws.perform(&here(), &start).await.unwrap_err();
    assert_eq!(error.code, "ConflictException");
    assert!(error.message.contains("the run's time limit of 2s is over"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    let told = TOLD.lock().unwrap();
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.contains("cloudtrail:StartLogging") && told.contains("ConflictException"));
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
        Action::RemoveTargets { rule: "r".into(), ids: ids.clone() },
        Action::DeleteRule { name: "r".into() },
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
async fn a_bucket_names_its_region_except_where_s3_refuses_to_be_told() {
    let stub = Stub::start(|call| match (call.operation.starts_with("PUT /"), call.before) {
        (true, 0) => Some(Reply::Xml(String::new())),
        (true, _) => Some(Reply::Error(409, "BucketAlreadyOwnedByYou", "yours")),
        _ => None,
    });
    let aws = connect(&stub).await;
    for (region, named) in [("us-east-1", false), ("eu-west-1", true)] {
        let place = Place::new(here().account, Region::new(region).unwrap());
        let tags: Tags = [("CostCenter".to_owned(), "42".to_owned())].into();
        let tagged = Action::CreateBucket { name: format!("logs-{region}"), tags };
        assert_eq!(aws.perform(&place, &tagged).await, Ok(()));
        let sent = stub.calls().pop().unwrap();
        assert!(sent.body.contains("<Key>CostCenter</Key><Value>42</Value>"), "{}", sent.body);
        assert_eq!(sent.body.contains(&format!(">{region}<")), named, "{}", sent.body);
        let create = Action::CreateBucket { name: format!("logs-{region}"), tags: Tags::default() };
        assert_eq!(aws.perform(&place, &create).await, Ok(()));
        let sent = stub.calls().pop().unwrap();
        assert_eq!(sent.body.contains(region), named, "{region}: {}", sent.body);
        assert_eq!(aws.perform(&place, &create).await, Ok(()), "one's own bucket is fine");
    }
}
