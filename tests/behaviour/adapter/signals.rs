//! What was counted, through the adapter: CloudWatch's answers in its own protocol.

use super::{connect, counts, here, in_sync, reads};
use crate::stub::{Call, Reply, Stub};
use ctguard_core::cloud::Cloud;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::snapshot::ReadSet;
use ctguard_core::snapshot::{Observed, RuleSignals};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

fn wanted(rules: impl IntoIterator<Item = RuleKey>) -> ReadSet {
    ReadSet { signals: rules.into_iter().collect(), ..ReadSet::default() }
}

fn two() -> ReadSet {
    wanted(["ctguard-acme-a", "ctguard-acme-b"].map(RuleKey::from))
}

/// One metric that is asked for.
struct Query {
    id: Value,
    metric: String,
    rule: String,
}

fn queries(call: &Call) -> Vec<Query> {
    let query = |query: &Value| {
        let metric = &query["MetricStat"]["Metric"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        assert_eq!(metric["Namespace"], "AWS/Events");
        assert_eq!(query["MetricStat"]["Stat"], "Sum");
        // With another dimension it would be a rule of a custom bus.
        let [dimension] = metric["Dimensions"].as_array().unwrap().as_slice() else {
            panic!("{metric}");
        };
        assert_eq!(dimension["Name"], "RuleName");
        Query {
            id: query["Id"].clone(),
            metric: text(&metric["MetricName"]),
            rule: text(&dimension["Value"]),
        }
    };
    call.parameter("MetricDataQueries").as_array().unwrap().iter().map(query).collect()
}

/// An answer to each metric of a call: its data points, and what CloudWatch calls them.
fn answer(call: &Call, points: impl Fn(&Query) -> (Vec<f64>, &'static str)) -> Value {
    let results: Vec<Value> = queries(call)
        .iter()
        .map(|query| {
            let (values, status) = points(query);
            let times: Vec<u64> = (0..values.len() as u64).map(|at| DAY * (20_000 + at)).collect();
            json!({
                "Id": query.id, "Label": query.metric, "StatusCode": status,
                "Timestamps": times, "Values": values,
            })
        })
        .collect();
    json!({ "MetricDataResults": results })
}

/// A stub that knows CloudWatch alone.
fn cloudwatch(answer: impl Fn(&Call) -> Value + Send + Sync + 'static) -> Stub {
    Stub::start(move |call| (call.operation == "GetMetricData").then(|| Reply::Json(answer(call))))
}

async fn seen(stub: &Stub, reads: &ReadSet) -> SmallMap<RuleKey, Observed<RuleSignals>> {
    connect(stub).await.observe(&here(), reads).await.signals
}

/// The code and the message of what could not be read.
fn why(seen: &Observed<RuleSignals>) -> (String, String) {
    let why = seen.unreadable().unwrap_or_else(|| panic!("{seen:?}"));
    assert_eq!(why.operation, "cloudwatch:GetMetricData");
    (why.code.clone(), why.message.clone())
}

#[tokio::test]
async fn failures_are_counted_over_a_day_and_firing_over_a_month() {
    let stub = cloudwatch(|call| {
        answer(call, |query| match (query.rule.as_str(), query.metric.as_str()) {
            ("ctguard-acme-a", "TriggeredRules") => (vec![3.0, 4.0], "Complete"),
            ("ctguard-acme-a", "FailedInvocations") => (vec![2.0], "Complete"),
            ("ctguard-acme-a", "InvocationsFailedToBeSentToDlq") => (vec![1.0], "Complete"),
            _ => (Vec::new(), "Complete"),
        })
    });
    let seen = seen(&stub, &two()).await;
    assert_eq!(seen["ctguard-acme-a"], Observed::Known(RuleSignals::counted(7, 2, 1)));
    // EventBridge sends nothing while it is nothing.
    assert_eq!(seen["ctguard-acme-b"], Observed::Known(RuleSignals::counted(0, 0, 0)));
    assert_eq!(stub.counts(), counts(&[("GetCallerIdentity", 1), ("GetMetricData", 2)]));

    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let calls = stub.calls();
    for call in calls.iter().filter(|call| call.operation == "GetMetricData") {
        let (start, end) = (call.parameter("StartTime"), call.parameter("EndTime"));
        let (start, end) = (start.as_f64().unwrap() as u64, end.as_f64().unwrap() as u64);
        assert!(end <= now && now - end < 600, "{end} is not now");
        let monthly = queries(call).iter().all(|query| query.metric == "TriggeredRules");
        let (days, point) = if monthly { (30, DAY) } else { (1, 3_600) };
        let periods = call.parameter("MetricDataQueries");
        assert_eq!(periods[0]["MetricStat"]["Period"], point);
        assert_eq!(
            start % point,
            0,
            "a span that begins within a data point loses it or takes too much"
        );
        assert!((days * DAY..days * DAY + point).contains(&(end - start)), "{start} to {end}");
    }
}

#[tokio::test]
async fn a_plan_asks_for_nothing_that_was_counted() {
    let stub = Stub::start(in_sync);
    connect(&stub).await.observe(&here(), &reads()).await;
    assert_eq!(stub.counts().get("GetMetricData"), None);
}

#[tokio::test]
async fn pages_are_added_up_and_five_hundred_metrics_go_in_a_call() {
    let stub = cloudwatch(|call| {
        let token = call.parameter("NextToken");
        let mut body = answer(call, |query| match (query.rule.as_str(), token.is_null()) {
            ("rule-007", true) => (vec![1.0, 2.0], "PartialData"),
            ("rule-007", false) => (vec![4.0], "Complete"),
            _ => (Vec::new(), "Complete"),
        });
        if token.is_null() {
            body["NextToken"] = json!("2");
        } else {
            // What was complete on the first page is not told again.
            body["MetricDataResults"].as_array_mut().unwrap().retain(|result| {
                result["Values"].as_array().is_some_and(|values| !values.is_empty())
            });
        }
        body
    });
    let rules = (0..501).map(|number| RuleKey::from(format!("rule-{number:03}")));
    let seen = seen(&stub, &wanted(rules)).await;
    assert_eq!(seen.len(), 501);
    assert_eq!(seen["rule-007"], Observed::Known(RuleSignals::counted(7, 7, 7)));
    assert_eq!(seen["rule-008"], Observed::Known(RuleSignals::counted(0, 0, 0)));
    let calls = stub.calls().into_iter().filter(|call| call.operation == "GetMetricData");
    let mut sizes: Vec<usize> = calls.map(|call| queries(&call).len()).collect();
    sizes.sort_unstable();
    // 501 for the month and 1,002 for the day, each call with its second page.
    assert_eq!(sizes, [1, 1, 2, 2, 500, 500, 500, 500, 500, 500]);
}

#[tokio::test]
async fn what_is_not_complete_is_asked_for_once_more_and_is_never_zero() {
    let stub = cloudwatch(|call| {
        let first = queries(call).len() > 1;
        answer(call, |query| {
            match (query.rule.as_str(), query.metric.as_str()) {
                ("ctguard-acme-a", "FailedInvocations") => (vec![1.0], "InternalError"),
                // What came in before the repetition does not count twice.
                ("ctguard-acme-b", "TriggeredRules") if first => (vec![1.0], "PartialData"),
                ("ctguard-acme-b", "TriggeredRules") => (vec![5.0], "Complete"),
                _ => (Vec::new(), "Complete"),
            }
        })
    });
    let seen = seen(&stub, &two()).await;
    let (code, message) = why(&seen["ctguard-acme-a"]);
    assert_eq!(code, "BadResponse");
    assert!(message.contains("FailedInvocations of ctguard-acme-a: InternalError"), "{message}");
    assert_eq!(seen["ctguard-acme-b"], Observed::Known(RuleSignals::counted(5, 0, 0)));
    let calls = stub.calls().into_iter().filter(|call| call.operation == "GetMetricData");
    let mut sizes: Vec<usize> = calls.map(|call| queries(&call).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 2, 4], "only what was open is asked for again");
}

#[tokio::test]
async fn answers_that_leave_something_out_are_not_taken_for_zero() {
    let message = json!([{ "Code": "MaxMetricsExceeded", "Value": "too many" }]);
    let cases: [(Value, &str); 3] = [
        (json!({ "MetricDataResults": [] }), "no answer"),
        (json!({ "MetricDataResults": [], "Messages": message }), "MaxMetricsExceeded: too many"),
        (
            json!({ "MetricDataResults": [{ "Id": "other", "StatusCode": "Complete" }] }),
            "there was no request for the metric other",
        ),
    ];
    for (body, expected) in cases {
        let stub = cloudwatch(move |_| body.clone());
        for seen in seen(&stub, &two()).await.values() {
            let (code, message) = why(seen);
            assert_eq!(code, "BadResponse");
            assert!(message.contains(expected), "{message}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_unreadable_with_awss_words_and_is_not_asked_for_twice() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "GetMetricData" => Some(Reply::Error(403, "AccessDenied", "not authorized")),
        _ => in_sync(call),
    });
    let reads = ReadSet { signals: two().signals, ..reads() };
    let snapshot = connect(&stub).await.observe(&here(), &reads).await;
    for seen in snapshot.signals.values() {
        assert_eq!(why(seen), ("AccessDenied".to_owned(), "not authorized".to_owned()));
    }
    assert_eq!(stub.counts()["GetMetricData"], 2, "once for each span");
    assert!(snapshot.rules.known().is_some(), "the others are read");
}

#[tokio::test]
async fn a_throttled_count_is_repeated() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("GetMetricData", 0) => Some(Reply::Error(400, "Throttling", "Rate exceeded")),
        ("GetMetricData", _) => Some(Reply::Json(answer(call, |_| (Vec::new(), "Complete")))),
        _ => None,
    });
    let seen = seen(&stub, &two()).await;
    assert!(seen.values().all(|seen| seen.known().is_some()), "{seen:?}");
    assert_eq!(stub.counts()["GetMetricData"], 3);
}
