//! Observing through the adapter, and what it costs.

use super::{
    READ_FUNCTION, TIMING, arn, connect, connect_with, counts, function_policy, here, in_sync,
    reads,
};
use crate::stub::{Reply, Stub};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use ctguard_aws::{Aws, Options, Timing};
use ctguard_core::cloud::{Cloud, CloudErrorKind};
use ctguard_core::resource::bucket::{Expiration, Expires};
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::scope::Region;
use ctguard_core::snapshot::{AccountReads, ReadSet};
use ctguard_core::snapshot::{LiveSubscription, Observed};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// Lifecycle rules of which four delete current objects: the others are off, ask for a tag, take away
/// markers, or are about replaced versions.
const LIFECYCLE: &str = "<LifecycleConfiguration>\
    <Rule><ID>all</ID><Status>Enabled</Status><Filter/><Expiration><Days>30</Days></Expiration></Rule>\
    <Rule><Status>Enabled</Status><Filter><Prefix>AWSLogs/</Prefix></Filter>\
      <Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration></Rule>\
    <Rule><ID>large</ID><Status>Enabled</Status><Filter><And><Prefix>AWSLogs/</Prefix>\
      <ObjectSizeGreaterThan>9</ObjectSizeGreaterThan></And></Filter>\
      <Expiration><Days>90</Days></Expiration></Rule>\
    <Rule><ID>old</ID><Status>Enabled</Status><Prefix>x/</Prefix><Expiration><Days>1</Days></Expiration></Rule>\
    <Rule><ID>off</ID><Status>Disabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule>\
    <Rule><ID>tag</ID><Status>Enabled</Status><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>\
      <Expiration><Days>1</Days></Expiration></Rule>\
    <Rule><ID>markers</ID><Status>Enabled</Status><Filter/>\
      <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>\
    <Rule><ID>versions</ID><Status>Enabled</Status><Filter/>\
      <NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>\
    </LifecycleConfiguration>";

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
        .map(|(endpoint, found)| {
            (endpoint.address().to_owned(), *found == LiveSubscription::Pending)
        })
        .collect();
    let expected =
        [("a@acme.example", true), ("b@acme.example", false), (&arn("sqs", "inbox"), false)];
    assert_eq!(subscriptions, expected.map(|(endpoint, pending)| (endpoint.to_owned(), pending)));
    let queue = snapshot.queues[&arn("sqs", "ctguard-acme-targets")].known().unwrap();
    assert_eq!((queue.messages, &queue.tags), (7, &Observed::Known(tags)));
    // The alias that subscribes is asked for its own policy, not the function for its.
    let function = snapshot.functions[&arn("lambda", "function:triage:prod")].known().unwrap();
    assert_eq!(function.policy, function_policy());
    let trails = snapshot.trails.known().unwrap();
    let home: Vec<_> = trails.values().map(|trail| trail.selectors.known().is_some()).collect();
    assert_eq!(home, [true, false], "selectors are read in the home region only");
    let stopped = &trails.values().next().unwrap().status.known().unwrap().stop_logging_time;
    assert_eq!(stopped.as_deref(), Some("2017-07-14T02:40:00Z"));

    // What a plan costs: pages of rules, targets once a rule, one search for tags, and no more.
    let expected = counts(&[
        ("DescribeEventBus", 1),
        ("DescribeTrails", 1),
        (READ_FUNCTION, 1),
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
        READ_FUNCTION => Some(Reply::Error(403, "AccessDeniedException", "not authorized")),
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
    let why = snapshot.functions.values().next().unwrap().unreadable().unwrap();
    assert_eq!(
        (why.operation.as_str(), why.code.as_str()),
        ("lambda:GetPolicy", "AccessDeniedException")
    );
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
            READ_FUNCTION => Reply::Error(404, "ResourceNotFoundException", "no such policy"),
            "ListRules" => Reply::Json(json!({ "Rules": [] })),
            "GetResources" => Reply::Json(json!({ "ResourceTagMappingList": [] })),
            "DescribeTrails" => Reply::Json(json!({ "trailList": [] })),
            _ => return None,
        })
    });
    let snapshot = connect(&stub).await.observe(&here(), &reads()).await;
    assert!(snapshot.topics.values().all(|topic| *topic == Observed::Absent), "{snapshot:?}");
    assert!(snapshot.queues.values().all(|queue| *queue == Observed::Absent), "{snapshot:?}");
    assert!(snapshot.functions.values().all(|function| *function == Observed::Absent));
    assert_eq!(snapshot.trails, Observed::Known(SmallMap::new()));
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
            ("logs", "lifecycle") => Reply::Xml(LIFECYCLE.to_owned()),
            ("logs", "tagging") => Reply::Error(404, "NoSuchTagSet", "none"),
            _ => return None,
        })
    });
    let aws = connect(&stub).await;
    let buckets = ["foreign", "logs", "missing"].map(|name| (name.to_owned(), here().region));
    let reads = AccountReads { buckets: BTreeSet::from(buckets), ..AccountReads::default() };
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
    let found: Vec<_> = logs.bucket.expirations.iter().collect();
    let told = |rule: &str, prefix: &str, expires, by_size| Expiration {
        rule: rule.to_owned(),
        prefix: prefix.to_owned(),
        expires,
        by_size,
    };
    let expected = [
        told("all", "", Expires::Days(30), false),
        told("", "AWSLogs/", Expires::Date("2027-01-01".to_owned()), false),
        told("large", "AWSLogs/", Expires::Days(90), true),
        told("old", "x/", Expires::Days(1), false),
    ];
    assert_eq!(found, expected.iter().collect::<Vec<_>>());
    assert!(logs.bucket.lifecycle);
    let settings = stub.calls().into_iter().filter(|call| call.operation.starts_with("GET /logs"));
    assert!(settings.into_iter().all(|call| call.region == "eu-central-1"));
}

/// A HEAD has no body: why S3 refuses is asked with a call that has one, in the bucket's region.
#[tokio::test]
async fn why_a_bucket_is_refused_is_asked_where_the_answer_has_words() {
    const OWN: &str = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::own\" because no identity-based policy allows the s3:ListBucket action";
    const MEMBER: &str = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::member\" because no resource-based policy allows the s3:ListBucket action";
    let stub = Stub::start(|call| {
        let (_, path) = call.operation.split_once(' ')?;
        let bucket = path.trim_start_matches('/').split(['/', '?']).next()?;
        Some(match (bucket, call.operation.starts_with("HEAD")) {
            (_, true) => Reply::Header(403, "x-amz-bucket-region", "eu-central-1"),
            ("own", _) => Reply::Error(403, "AccessDenied", OWN),
            ("foreign", _) => Reply::Error(403, "AccessDenied", "Access Denied"),
            ("member", _) => Reply::Error(403, "AccessDenied", MEMBER),
            // As after a clock was corrected.
            (_, _) if path.contains("list-type=2") => {
                Reply::Xml("<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>".to_owned())
            }
            (_, _) if path.contains("versioning") => {
                Reply::Xml("<VersioningConfiguration/>".to_owned())
            }
            _ => Reply::Error(404, "NoSuchTagSet", "none"),
        })
    });
    let aws = connect(&stub).await;
    let buckets =
        ["own", "foreign", "member", "skewed"].map(|name| (name.to_owned(), here().region));
    let reads = AccountReads { buckets: BTreeSet::from(buckets), ..AccountReads::default() };
    let account = aws.observe_account(&here().account, &reads).await;
    let remedy = |name: &str| account.buckets[name].unreadable().map(|why| why.remedy());
    let own = remedy("own").unwrap();
    assert!(own.contains("Allow s3:ListBucket") && !own.contains("another account"), "{own}");
    let foreign = remedy("foreign").unwrap();
    assert!(foreign.contains("another account's"), "{foreign}");
    assert!(foreign.contains("allow s3:ListBucket on it"), "{foreign}");
    // Another account's of the same organization.
    let member = account.buckets["member"].unreadable().unwrap();
    let by = ctguard_core::cause::PolicyType::Resource;
    let denial = ctguard_core::cause::Denial { by: Some(by), explicit: false };
    assert_eq!(member.cause(), ctguard_core::cause::Cause::Denied(denial));
    let skewed = account.buckets["skewed"].known().unwrap();
    assert_eq!(skewed.region.as_str(), "eu-central-1");
    let asked = stub.calls().into_iter().filter(|call| call.operation.starts_with("GET /"));
    assert!(asked.into_iter().all(|call| call.region == "eu-central-1"));
}

#[tokio::test]
async fn the_key_of_a_topic_is_read_once_and_a_policy_that_nobody_can_change_is_not() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "GetTopicAttributes" => {
            let key = if call.body.contains("own") { "alias/alerts" } else { "alias/aws/sns" };
            Some(Reply::Xml(format!(
                "<Attributes><entry><key>KmsMasterKeyId</key><value>{key}</value></entry></Attributes>"
            )))
        }
        "ListSubscriptionsByTopic" => Some(Reply::Xml("<Subscriptions/>".to_owned())),
        "DescribeKey" => {
            let manager =
                if call.parameter("KeyId") == "alias/alerts" { "CUSTOMER" } else { "AWS" };
            Some(Reply::Json(json!({ "KeyMetadata": {
                "KeyId": "k", "Arn": arn("kms", "key/k"), "Enabled": true, "KeyManager": manager,
            } })))
        }
        "GetKeyPolicy" if call.parameter("KeyId") == arn("kms", "key/k") => {
            Some(Reply::Json(json!({ "Policy": "{\"Statement\":[]}" })))
        }
        "GetResources" => Some(Reply::Json(json!({ "ResourceTagMappingList": [] }))),
        _ => None,
    });
    let topics = ["own-1", "own-2", "managed"].map(|name| arn("sns", name));
    let reads = ReadSet {
        blueprint: "acme".to_owned(),
        topics: BTreeSet::from(topics),
        ..ReadSet::default()
    };
    let snapshot = connect(&stub).await.observe(&here(), &reads).await;
    let own = snapshot.keys["alias/alerts"].known().unwrap();
    assert_eq!(own.policy, Observed::Known(json!({ "Statement": [] })));
    let managed = snapshot.keys["alias/aws/sns"].known().unwrap();
    assert!(managed.aws_managed && managed.policy == Observed::Absent);
    let counts = stub.counts();
    assert_eq!((counts["DescribeKey"], counts["GetKeyPolicy"]), (2, 1));
}

#[tokio::test]
async fn a_rule_that_is_missing_is_looked_for_on_custom_buses_and_only_then() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "ListEventBuses" => Some(Reply::Json(
            json!({ "EventBuses": [{ "Name": "default" }, { "Name": "custom" }] }),
        )),
        "ListRules" if call.body.contains("EventBusName") => Some(Reply::Json(
            json!({ "Rules": [{ "Name": "ctguard-acme-gone", "State": "ENABLED" }] }),
        )),
        _ => in_sync(call),
    });
    let aws = connect(&stub).await;
    let wanted = |name: &str| ReadSet { rules: BTreeSet::from([name.to_owned()]), ..reads() };
    let whole = aws.observe(&here(), &wanted("ctguard-acme-a")).await;
    assert_eq!((whole.rules_on_bus, whole.stray_rules.len()), (None, 0));
    assert_eq!(whole.wildcard_rules_on_bus, None);
    assert_eq!(stub.counts().get("ListEventBuses"), None, "nothing is missing");
    let missing = aws.observe(&here(), &wanted("ctguard-acme-gone")).await;
    assert_eq!(missing.stray_rules["ctguard-acme-gone"], "custom");
    assert_eq!((missing.rules_on_bus, missing.wildcard_rules_on_bus), (Some(2), Some(0)));
}

/// Rules of all kinds stand on the bus, some in ways that ctguard does not write itself.
#[tokio::test]
async fn rules_with_wildcards_are_counted_among_all_on_the_bus_from_the_same_list() {
    let patterns = [
        json!({ "detail": { "eventName": [{ "wildcard": "Get*" }] } }).to_string(),
        json!({ "detail": { "eventName": [{ "anything-but": { "wildcard": "Get*" } }] } }).to_string(),
        json!({ "detail": { "$or": [{ "a": ["x"] }, { "b": ["x", { "wildcard": "*" }] }] } }).to_string(),
        json!({ "source": [{ "wildcard": "aws.*" }], "detail": { "x": [{ "new-operator": 1 }] } }).to_string(),
        json!({ "detail": { "wildcard": ["x"], "$or": [{ "wildcard": ["x"] }, { "y": ["wildcard"] }] } }).to_string(),
        "{".to_owned(),
    ];
    let stub = Stub::start(move |call| match call.operation.as_str() {
        "ListEventBuses" => Some(Reply::Json(json!({ "EventBuses": [{ "Name": "default" }] }))),
        "ListRules" if call.body.contains("NamePrefix") => {
            Some(Reply::Json(json!({ "Rules": [] })))
        }
        "ListRules" => {
            let second = !call.parameter("NextToken").is_null();
            let page = if second { &patterns[3..] } else { &patterns[..3] };
            let rules: Vec<_> = page
                .iter()
                .map(|text| json!({ "Name": "r", "State": "ENABLED", "EventPattern": text }))
                .chain([
                    json!({ "Name": "s", "State": "ENABLED", "ScheduleExpression": "rate(1 day)" }),
                ])
                .collect();
            let mut page = json!({ "Rules": rules });
            if !second {
                page["NextToken"] = json!("2");
            }
            Some(Reply::Json(page))
        }
        _ => in_sync(call),
    });
    let wanted = BTreeSet::from(["ctguard-acme-gone".to_owned()]);
    let reads = ReadSet { rules: wanted, ..reads() };
    let snapshot = connect(&stub).await.observe(&here(), &reads).await;
    assert_eq!((snapshot.rules_on_bus, snapshot.wildcard_rules_on_bus), (Some(8), Some(4)));
    assert_eq!(stub.counts()["ListRules"], 3, "one more list for both counts");
}

/// Keys that the blueprint names are read though nothing is encrypted with them yet.
#[tokio::test]
async fn a_key_that_is_named_is_read_before_anything_has_it() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "DescribeKey" if call.body.contains("alias/gone") => {
            Some(Reply::Error(400, "NotFoundException", "Alias is not found."))
        }
        "DescribeKey" => Some(Reply::Json(json!({ "KeyMetadata": {
            "KeyId": "k1", "Arn": arn("kms", "key/k1"), "Enabled": false,
            "KeyState": "PendingDeletion", "KeyManager": "CUSTOMER",
        } }))),
        "GetKeyPolicy" => Some(Reply::Json(json!({ "Policy": "{\"Statement\":[]}" }))),
        _ => in_sync(call),
    });
    let aws = connect(&stub).await;
    let named = ["alias/next", "alias/gone"].map(str::to_owned);
    let snapshot = aws.observe(&here(), &ReadSet { keys: named.into(), ..reads() }).await;
    let next = snapshot.keys["alias/next"].known().unwrap();
    assert!(!next.enabled && next.arn == arn("kms", "key/k1"), "{next:?}");
    assert_eq!(snapshot.keys["alias/gone"], Observed::Absent);
}

/// What a drill waits for: whole messages, hidden from the next look, and none of them deleted.
#[tokio::test]
async fn messages_are_received_whole_and_stay_where_they_are() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "GetQueueUrl" => Some(Reply::Json(
            json!({ "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/receipts" }),
        )),
        "ReceiveMessage" => Some(Reply::Json(json!({ "Messages": [
            { "MessageId": "m1", "Body": "one", "ReceiptHandle": "r1" },
            { "MessageId": "m2", "ReceiptHandle": "r2" },
            { "Body": "three", "ReceiptHandle": "r3" },
        ] }))),
        _ => None,
    });
    let aws = connect(&stub).await;
    for _ in 0..2 {
        let received = aws.receive(&here(), "receipts").await.unwrap();
        let received: Vec<_> =
            received.iter().map(|one| (one.id.as_str(), one.body.as_str())).collect();
        assert_eq!(received, [("m1", "one")]);
    }
    let counts = stub.counts();
    assert_eq!((counts.get("GetQueueUrl"), counts.get("ReceiveMessage")), (Some(&1), Some(&2)));
    assert_eq!(counts.get("DeleteMessage"), None);
    let calls = stub.calls();
    let asked = calls.iter().find(|call| call.operation == "ReceiveMessage").unwrap();
    assert!(asked.parameter("VisibilityTimeout").as_u64().unwrap() > 3_600, "{}", asked.body);
    assert!(asked.parameter("WaitTimeSeconds").as_u64().is_some(), "{}", asked.body);

    let empty = Stub::start(|call| match call.operation.as_str() {
        "GetQueueUrl" => Some(Reply::Json(json!({ "QueueUrl": "https://sqs.example/q" }))),
        "ReceiveMessage" => Some(Reply::Json(json!({}))),
        _ => None,
    });
    let aws = connect(&empty).await;
    assert_eq!(aws.receive(&here(), "receipts").await.unwrap(), []);
    let gone = Stub::start(|_| {
        Some(Reply::Error(400, "AWS.SimpleQueueService.NonExistentQueue", "no such queue"))
    });
    let aws = connect(&gone).await;
    assert!(aws.receive(&here(), "receipts").await.is_err());
}

/// `import live` reads whatever rules there are, on every bus.
#[tokio::test]
async fn every_rule_of_every_bus_is_read_where_all_are_asked_for() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "ListEventBuses" => Some(Reply::Json(json!({ "EventBuses": [
            { "Name": "default", "Arn": arn("events", "event-bus/default") },
            { "Name": "custom", "Arn": arn("events", "event-bus/custom") },
        ] }))),
        "ListRules" => {
            let name = match call.parameter("EventBusName").as_str() {
                None | Some("default") => "theirs",
                Some(_) => "on-custom",
            };
            Some(Reply::Json(json!({ "Rules": [{ "Name": name, "State": "ENABLED",
                "EventPattern": "{\"source\":[\"aws.ec2\"]}" }] })))
        }
        "ListTagsForResource" => Some(Reply::Json(json!({ "Tags": [] }))),
        "DescribeEventBus" => {
            Some(Reply::Json(json!({ "Name": "custom", "Arn": arn("events", "event-bus/custom") })))
        }
        _ => in_sync(call),
    });
    let aws = connect(&stub).await;
    let all = ReadSet { every_rule: true, ..ReadSet::default() };
    let snapshot = aws.observe(&here(), &all).await;
    assert!(snapshot.rules.known().unwrap().get("theirs").is_some(), "{:?}", snapshot.rules);
    let custom = snapshot.buses["custom"].known().unwrap();
    assert!(custom.rules.known().unwrap().get("on-custom").is_some(), "{custom:?}");
    let lists = stub.calls().into_iter().filter(|call| call.operation == "ListRules");
    assert!(lists.into_iter().all(|call| !call.body.contains("NamePrefix")));
}
