//! LookupEvents: what is sent for a question, page after page, and what becomes of throttles and refusals.

use super::{connect, here};
use crate::stub::{Call, Reply, Stub};
use ctguard_core::cloud::lookup::{Lookup, LookupBy};
use ctguard_core::cloud::{Cloud, CloudErrorKind};
use serde_json::{Value, json};

/// An answer as AWS documents it: each event with a summary and the record as a text.
fn page(names: &[&str], next: Option<&str>) -> Reply {
    let event = |name: &&str| {
        let record =
            json!({ "eventVersion": "1.09", "eventID": format!("id-{name}"), "eventName": name });
        json!({
            "EventId": format!("id-{name}"),
            "EventName": name,
            "ReadOnly": "false",
            "EventTime": 1_795_000_000.0,
            "EventSource": "events.amazonaws.com",
            "Username": "mallory",
            "Resources": [{ "ResourceType": "AWS::Events::Rule", "ResourceName": "ctguard-acme-a" }],
            "CloudTrailEvent": record.to_string(),
        })
    };
    let mut answer = json!({ "Events": names.iter().map(event).collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Reply::Json(answer)
}

fn question() -> Lookup {
    Lookup {
        by: Some(LookupBy::ResourceName("ctguard-acme-a".to_owned())),
        start: Some("2026-11-20T00:00:00Z".parse().unwrap()),
        end: Some("2026-11-22T00:00:00Z".parse().unwrap()),
        token: None,
    }
}

#[tokio::test]
async fn a_question_is_sent_whole_and_the_next_page_is_asked_for_with_its_token() {
    let stub = Stub::start(|call: &Call| match call.parameter("NextToken").as_str() {
        _ if call.operation != "LookupEvents" => None,
        None => Some(page(&["PutRule", "DisableRule"], Some("2"))),
        Some(_) => Some(page(&["RemoveTargets"], None)),
    });
    let aws = connect(&stub).await;
    let first = aws.lookup(&here(), &question()).await.unwrap();
    let next = Lookup { token: first.next.clone(), ..question() };
    let second = aws.lookup(&here(), &next).await.unwrap();
    let names = |events: &[String]| -> Vec<String> {
        let name =
            |text: &String| serde_json::from_str::<Value>(text).unwrap()["eventName"].clone();
        events.iter().map(|text| name(text).as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&first.events), ["PutRule", "DisableRule"]);
    assert_eq!((names(&second.events), second.next), (vec!["RemoveTargets".to_owned()], None));

    let calls: Vec<Call> =
        stub.calls().into_iter().filter(|call| call.operation == "LookupEvents").collect();
    for call in &calls {
        let by = json!([{ "AttributeKey": "ResourceName", "AttributeValue": "ctguard-acme-a" }]);
        assert_eq!(call.parameter("LookupAttributes"), by);
        assert_eq!(call.parameter("MaxResults"), 50);
        assert_eq!(call.region, "eu-west-1");
        // 2026-11-20 and -22, in seconds: the same on every page, or AWS refuses the token.
        assert_eq!(call.parameter("StartTime").as_f64(), Some(1_795_132_800.0));
        assert_eq!(call.parameter("EndTime").as_f64(), Some(1_795_305_600.0));
    }
    assert_eq!(calls[1].parameter("NextToken"), "2");
}

#[tokio::test]
async fn a_question_without_anything_asks_for_everything() {
    let stub = Stub::start(|call| (call.operation == "LookupEvents").then(|| page(&[], None)));
    let found = connect(&stub).await.lookup(&here(), &Lookup::default()).await.unwrap();
    assert!(found.events.is_empty() && found.next.is_none());
    let calls = stub.calls();
    let call = calls.iter().find(|call| call.operation == "LookupEvents").unwrap();
    for absent in ["LookupAttributes", "StartTime", "EndTime", "NextToken"] {
        assert!(call.parameter(absent).is_null(), "{absent}: {}", call.body);
    }
}

#[tokio::test]
async fn a_throttled_question_is_asked_again_and_a_refused_one_is_not() {
    let throttled = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("LookupEvents", 0..4) => Some(Reply::Error(400, "ThrottlingException", "Rate exceeded")),
        ("LookupEvents", _) => Some(page(&["PutRule"], None)),
        _ => None,
    });
    let aws = connect(&throttled).await;
    assert_eq!(aws.lookup(&here(), &question()).await.unwrap().events.len(), 1);
    assert_eq!(throttled.counts()["LookupEvents"], 5, "more often than the SDK tries by itself");
    assert!(aws.throttled() > 0);

    let refused = Stub::start(|call| {
        (call.operation == "LookupEvents").then_some(Reply::Error(
            400,
            "AccessDeniedException",
            "not authorized",
        ))
    });
    let error = connect(&refused).await.lookup(&here(), &question()).await.unwrap_err();
    assert_eq!(error.operation, "cloudtrail:LookupEvents");
    assert_eq!(error.kind, CloudErrorKind::AccessDenied);
    assert_eq!(refused.counts()["LookupEvents"], 1);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_an_error() {
    let round = Stub::start(|call| {
        (call.operation == "LookupEvents").then(|| page(&["PutRule"], Some("again")))
    });
    let again = Lookup { token: Some("again".to_owned()), ..question() };
    let error = connect(&round).await.lookup(&here(), &again).await.unwrap_err();
    assert_eq!(error.code, "BadResponse", "the same token would go on for ever: {error}");

    let hollow = Stub::start(|call| {
        (call.operation == "LookupEvents")
            .then(|| Reply::Json(json!({ "Events": [{ "EventId": "1", "EventName": "PutRule" }] })))
    });
    let error = connect(&hollow).await.lookup(&here(), &question()).await.unwrap_err();
    assert!(error.to_string().contains("without its record"), "{error}");
}
