//! Answers that are late, cut short, endless or not of AWS, and credentials that do not serve: none is
//! taken for "not there".

use super::{TIMING, connect, connect_with, here, in_sync, reads};
use crate::stub::{Reply, Stub};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use ctguard_aws::{Aws, Options, Timing};
use ctguard_core::cloud::{Cloud, CloudErrorKind};
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::scope::Region;
use ctguard_core::snapshot::ReadSet;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_throttled_call_is_repeated_until_it_succeeds() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("DescribeTrails", 0) => Some(Reply::Error(400, "ThrottlingException", "Rate exceeded")),
        ("DescribeTrails", 1) => Some(Reply::Error(500, "InternalFailure", "try again")),
        _ => in_sync(call),
    });
    let trails = ReadSet { trails: true, ..ReadSet::default() };
    let snapshot = connect(&stub).await.observe(&here(), &trails).await;
    assert_eq!(snapshot.trails.known().map(SmallMap::len), Some(2));
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
        assert!(snapshot.functions.values().all(|found| found.unreadable().is_some()));
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

/// A proxy's empty answer with status 200 is no word of AWS's that nothing is there.
#[tokio::test]
async fn an_answer_without_its_list_is_not_an_empty_list() {
    for operation in ["ListRules", "ListTargetsByRule", "GetResources", "DescribeTrails"] {
        let stub = Stub::start(move |call| {
            if call.operation == operation { Some(Reply::Json(json!({}))) } else { in_sync(call) }
        });
        let seen = connect(&stub).await.observe(&here(), &reads()).await;
        let rules = seen.rules.known().into_iter().flat_map(|rules| rules.values());
        let codes: Vec<_> = (rules.filter_map(|rule| rule.targets.unreadable()))
            .chain(seen.rules.unreadable())
            .chain(seen.trails.unreadable())
            .chain(seen.topics.values().filter_map(|topic| topic.unreadable()))
            .map(|why| (why.operation.rsplit(':').next().unwrap(), why.code.as_str()))
            .collect();
        assert!(codes.contains(&(operation, "BadResponse")), "{operation}: {codes:?}");
    }
}

#[tokio::test]
async fn page_tokens_that_go_round_in_a_circle_end_the_list_with_an_error() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before % 3) {
        ("ListRules", turn) => {
            let token = ["a", "b", "c"][turn];
            Some(Reply::Json(json!({ "Rules": [], "NextToken": token })))
        }
        _ => in_sync(call),
    });
    let snapshot = connect(&stub).await.observe(&here(), &reads()).await;
    assert_eq!(snapshot.rules.unreadable().map(|why| why.code.as_str()), Some("BadResponse"));
    assert_eq!(stub.counts()["ListRules"], 4);
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
    assert!(none.remedy().contains("aws sso login"), "{none}");

    let aws = connect(&stub).await;
    drop(stub);
    let nobody_there = aws.caller().await.unwrap_err();
    assert_eq!(nobody_there.kind, CloudErrorKind::Transient);
    assert!(nobody_there.remedy().contains("AWS_ENDPOINT_URL"), "{nobody_there}");
}
