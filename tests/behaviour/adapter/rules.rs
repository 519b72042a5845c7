//! Reading rules: on custom buses, with wildcards, and all of them.

use super::{arn, connect, here, in_sync, reads};
use crate::stub::{Reply, Stub};
use ctguard_core::cloud::Cloud;
use ctguard_core::snapshot::ReadSet;
use serde_json::json;
use std::collections::BTreeSet;

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
