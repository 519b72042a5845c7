//! Observing through the adapter, and what it costs.

use super::{READ_FUNCTION, arn, connect, counts, function_policy, here, in_sync, reads};
use crate::stub::{Reply, Stub};
use ctguard_core::cloud::Cloud;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::snapshot::{AccountReads, ReadSet};
use ctguard_core::snapshot::{LiveSubscription, Observed};
use serde_json::json;
use std::collections::BTreeSet;

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

/// Only a symmetric key for encryption makes data keys.
#[tokio::test]
async fn a_key_of_another_form_is_told_from_one_that_encrypts() {
    for (spec, usage, asymmetric) in [
        (Some("SYMMETRIC_DEFAULT"), Some("ENCRYPT_DECRYPT"), false),
        (None, None, false),
        (Some("RSA_2048"), Some("ENCRYPT_DECRYPT"), true),
        (Some("ECC_NIST_P256"), Some("SIGN_VERIFY"), true),
        (Some("HMAC_256"), Some("GENERATE_VERIFY_MAC"), true),
    ] {
        let stub = Stub::start(move |call| match call.operation.as_str() {
            "DescribeKey" => Some(Reply::Json(json!({ "KeyMetadata": {
                "KeyId": "k1", "Arn": arn("kms", "key/k1"), "Enabled": true,
                "KeyManager": "CUSTOMER", "KeySpec": spec, "KeyUsage": usage,
            } }))),
            "GetKeyPolicy" => Some(Reply::Json(json!({ "Policy": "{\"Statement\":[]}" }))),
            _ => in_sync(call),
        });
        let named = BTreeSet::from(["alias/next".to_owned()]);
        let reads = ReadSet { keys: named, ..reads() };
        let snapshot = connect(&stub).await.observe(&here(), &reads).await;
        let key = snapshot.keys["alias/next"].known().unwrap();
        assert_eq!(key.asymmetric, asymmetric, "{spec:?} {usage:?}");
    }
}

/// A region that is being switched on or off takes no calls.
#[tokio::test]
async fn regions_in_transition_are_left_out_of_the_enabled_ones() {
    let stub = Stub::start(|call| {
        let region =
            |name: &str, status: &str| json!({ "RegionName": name, "RegionOptStatus": status });
        call.path.contains("/listRegions").then(|| {
            Reply::Json(json!({ "Regions": [
                region("us-east-1", "ENABLED_BY_DEFAULT"),
                region("af-south-1", "ENABLING"),
                region("ap-east-1", "DISABLING"),
                region("me-south-1", "DISABLED"),
                region("eu-south-1", "ENABLED"),
            ] }))
        })
    });
    let reads = AccountReads { enabled_regions: true, ..AccountReads::default() };
    let seen = connect(&stub).await.observe_account(&here().account, &reads).await;
    let regions = seen.enabled_regions.known().unwrap();
    let names: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
    assert_eq!(names, ["eu-south-1", "us-east-1"]);
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
