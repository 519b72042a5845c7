//! `drift` on CloudTrail's event history in AWS's documented form, which no emulator keeps: pages, throttles, refusals,
//! and nothing at all.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use super::{Settled, place};
use crate::stub::{Call, Reply};
use crate::world::Ran;
use ctguard_core::resource::rule::RuleState;
use serde_json::{Value, json};

const RULE: &str = "ctguard-acme-route";
const MALLORY: &str = "arn:aws:sts::111122223333:assumed-role/admin/mallory";

/// The account of the recorded scenarios, with one rule disabled behind everybody's back.
fn disabled() -> Settled {
    let mut settled = Settled::new();
    let here = settled.state.region_mut(&place("eu-west-1"));
    here.rule_mut(&RULE.into()).unwrap().rule.state = RuleState::Disabled;
    settled
}

/// An event as LookupEvents hands it out: a summary, and the whole record as a text.
fn event(name: &str, time: &str, more: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:mallory",
            "arn": MALLORY,
            "accountId": "111122223333",
            "sessionContext": {
                "sessionIssuer": { "type": "Role", "arn": "arn:aws:iam::111122223333:role/admin", "userName": "admin" },
                "attributes": { "mfaAuthenticated": "false" },
            },
        },
        "eventTime": time,
        "eventSource": "events.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "aws-cli/2.31.0 md/awscrt#0.27",
        "requestParameters": { "name": RULE },
        "responseElements": null,
        "eventID": format!("{name}-{time}"),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "eventCategory": "Management",
    });
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "EventId": record["eventID"],
        "EventName": name,
        "ReadOnly": "false",
        "EventTime": 1_795_255_200.0,
        "EventSource": "events.amazonaws.com",
        "Username": "mallory",
        "Resources": [{ "ResourceType": "AWS::Events::Rule", "ResourceName": RULE }],
        "CloudTrailEvent": record.to_string(),
    })
}

/// Runs a command where the history answers so, and the account has no role of the blueprint's.
fn run(
    settled: &Settled,
    args: &[&str],
    history: impl Fn(&Call) -> Reply + Send + Sync + 'static,
) -> (Ran, Vec<Call>) {
    settled.run(args, move |call| match call.operation.as_str() {
        "LookupEvents" => Some(history(call)),
        "GetRole" => Some(Reply::Error(404, "NoSuchEntity", "The role cannot be found.")),
        _ => None,
    })
}

fn by(call: &Call) -> (String, String) {
    let by = call.parameter("LookupAttributes");
    let said = |key: &str| by[0][key].as_str().unwrap().to_owned();
    (said("AttributeKey"), said("AttributeValue"))
}

fn lookups(calls: &[Call]) -> Vec<(String, String)> {
    calls.iter().filter(|call| call.operation == "LookupEvents").map(by).collect()
}

#[test]
fn the_call_that_did_it_is_found_behind_a_throttle_and_on_the_second_page() {
    let failed = json!({ "errorCode": "AccessDenied", "userIdentity": { "type": "IAMUser", "userName": "eve" } });
    let ours =
        json!({ "userAgent": "aws-sdk-rust/1.3.9 ua/2.1 app/ctguard", "eventName": "PutRule" });
    let (ran, calls) = run(&disabled(), &["drift", "--format", "json"], move |call| {
        match (call.before, call.parameter("NextToken").as_str()) {
            (0, _) => Reply::Error(400, "ThrottlingException", "Rate exceeded"),
            (_, None) => Reply::Json(json!({
                "Events": [
                    event("DisableRule", "2026-11-21T11:00:00Z", &failed),
                    event("PutTargets", "2026-11-21T10:30:00Z", &json!({ "requestParameters": { "rule": RULE } })),
                ],
                "NextToken": "2",
            })),
            (_, Some("2")) => Reply::Json(json!({
                "Events": [
                    event("DisableRule", "2026-11-21T10:00:00Z", &json!({})),
                    event("PutRule", "2026-11-01T09:00:00Z", &ours),
                ],
            })),
            (_, Some(_)) => Reply::Error(400, "InvalidNextTokenException", "Invalid token"),
        }
    });
    let drift = ran.expect(2).json();
    assert_eq!(drift["changes"].as_array().unwrap().len(), 1);
    let culprits = drift["culprits"].as_array().unwrap();
    assert_eq!(culprits.len(), 1, "{drift:#}");
    assert_eq!(culprits[0]["address"], drift["changes"][0]["address"]);
    let deeds = culprits[0]["finding"]["calls"].as_array().unwrap();
    let told: Vec<&Value> = deeds.iter().map(|deed| &deed["call"]).collect();
    assert_eq!(told, ["DisableRule", "PutRule"], "the latest first, and none that failed");
    let deed = &deeds[0];
    assert_eq!(deed["time"], "2026-11-21T10:00:00Z");
    assert_eq!(deed["by"]["arn"], MALLORY);
    assert_eq!(deed["by"]["issuer"], "arn:aws:iam::111122223333:role/admin");
    assert_eq!(deed["source_ip"], "203.0.113.9");
    assert_eq!(deed["event_id"], "DisableRule-2026-11-21T10:00:00Z");
    assert_eq!((&deed["by_ctguard"], &deeds[1]["by_ctguard"]), (&json!(false), &json!(true)));

    let asked = ("ResourceName".to_owned(), RULE.to_owned());
    assert_eq!(lookups(&calls), vec![asked; 3], "a throttled try and two pages");
    let regions = calls.iter().filter(|call| call.operation == "LookupEvents");
    assert!(regions.into_iter().all(|call| call.region == "eu-west-1"));
}

#[test]
fn what_the_history_does_not_list_by_name_is_found_by_the_calls() {
    let (ran, calls) = run(&disabled(), &["drift"], |call| {
        let (key, value) = by(call);
        let other = json!({ "requestParameters": { "name": "somebody-elses" } });
        let found = key == "EventName" && value == "DisableRule";
        let events = if found {
            vec![
                event("DisableRule", "2026-11-21T12:00:00Z", &other),
                event("DisableRule", "2026-11-21T10:00:00Z", &json!({})),
            ]
        } else {
            Vec::new()
        };
        Reply::Json(json!({ "Events": events }))
    });
    let ran = ran.expect(2);
    for said in [
        "Who changed it",
        &format!("rule {RULE} in 111122223333/eu-west-1"),
        &format!(
            "DisableRule by {MALLORY} (AssumedRole of arn:aws:iam::111122223333:role/admin) at 2026-11-21T10:00:00Z"
        ),
        "from 203.0.113.9, aws-cli/2.31.0",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    assert!(!ran.out.contains("12:00:00"), "another rule's: {}", ran.out);
    let asked: Vec<String> = lookups(&calls).into_iter().map(|(_, value)| value).collect();
    assert_eq!(asked, [RULE, "DisableRule", "EnableRule", "PutRule"]);
}

#[test]
fn a_refusal_is_said_once_and_changes_no_verdict() {
    let mut settled = disabled();
    let here = settled.state.region_mut(&place("eu-west-1"));
    here.rule_mut(&"ctguard-acme-trail".into()).unwrap().rule.state = RuleState::Disabled;
    let (ran, calls) = run(&settled, &["drift"], |_| {
        let message = "User: arn:aws:iam::111122223333:user/test is not authorized to perform: cloudtrail:LookupEvents";
        Reply::Error(400, "AccessDeniedException", message)
    });
    let ran = ran.expect(2);
    let said = "could not be read: cloudtrail:LookupEvents failed: AccessDeniedException";
    assert_eq!(ran.out.matches(said).count(), 1, "for both rules together: {}", ran.out);
    assert_eq!(lookups(&calls).len(), 1, "the second rule's place has refused already");
}

#[test]
fn nothing_found_is_said_and_with_no_culprit_nothing_is_asked() {
    let settled = disabled();
    let empty = |_: &Call| Reply::Json(json!({ "Events": [] }));
    let (ran, _) = run(&settled, &["drift"], empty);
    let ran = ran.expect(2);
    assert!(ran.out.contains("history has no call that did this"), "{}", ran.out);
    let (ran, calls) = run(&settled, &["drift", "--no-culprit"], empty);
    let ran = ran.expect(2);
    assert!(!ran.out.contains("Who changed it"), "{}", ran.out);
    assert_eq!(lookups(&calls), Vec::new());
}

#[test]
fn a_history_without_end_is_looked_through_in_part_and_that_is_said() {
    let (ran, calls) = run(&disabled(), &["drift", "--format", "json"], |call| {
        let other = json!({ "requestParameters": { "name": "somebody-elses" } });
        let next = format!("after-{}", call.before);
        let events = [event("PutRule", "2026-11-21T12:00:00Z", &other)];
        Reply::Json(json!({ "Events": events, "NextToken": next }))
    });
    let drift = ran.expect(2).json();
    let finding = &drift["culprits"][0]["finding"];
    assert_eq!(*finding, json!({ "not_found": { "complete": false } }), "{drift:#}");
    assert_eq!(lookups(&calls).len(), 16, "four questions of four pages");
}
