//! The whole program against emulators: plan, apply, prove, break from outside, heal, deliver,
//! empty.
//!
//! What this proves: the built program, over HTTP, makes an account what the blueprint says, sees
//! what others change there, fixes it, and takes its own away again; and what it deployed delivers,
//! as far as an emulator can deliver:
//!
//! - ministack takes no events of AWS's own sources from outside (nor does AWS) and makes none itself. So
//!   the live pattern is asked, by TestEventPattern, whether it matches the true event; and a copy of the
//!   live rule that differs in the pattern's `source` alone, with the very targets that ctguard put, is
//!   sent the same event. The topics, policies, subscriptions and transformers on the way are ctguard's.
//! - Neither emulator lets a policy keep a message out, so that the grants suffice is the proof's word here.
//! - ministack confirms e-mail addresses at once; that a person must confirm is proven on the sandbox.
//!
//! moto delivers nothing to SNS, fires rules whatever their state, and its TestEventPattern fails:
//! no delivery there. But it refuses to delete a rule that has targets.

use super::lane::{Counts, Kind, Lane, cloudtrail, counts, events, reads, sqs};
use super::listener::Listener;
use crate::world::TODAY;
use ctguard_core::blueprint;
use ctguard_core::blueprint::Format;
use ctguard_core::message;
use ctguard_core::scope::{AccountId, Partition, Place, Region};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const HOME: &str = "us-east-1";
const OTHER: &str = "eu-west-1";
const TRAIL: &str = "story-management";
const RULE: &str = "ctguard-story-trail-stopped";
const SECOPS: &str = "ctguard-story-secops";

pub fn blueprint_for(account: &str) -> String {
    format!(
        "\
version: 1
name: story
regions: [{HOME}, {OTHER}]
trail:
  name: {TRAIL}
  bucket: story-cloudtrail-logs-{account}
  home_region: {HOME}
destinations:
  secops:
    topic: secops
    format: text
    subscribers:
      - email: secops@acme.example
  siem:
    topic: siem
    format: json
    subscribers:
      - sqs: arn:aws:sqs:{HOME}:{account}:siem
routes:
  critical: [secops, siem]
  high: [secops, siem]
  medium: [siem]
  low: []
include:
  - builtin: account-security
"
    )
}

/// The same blueprint, emptied: it lets go of the trail and removes everything else.
const EMPTIED: &str = "version: 1\nname: story\nregions: [us-east-1, eu-west-1]\nalerts: []\n";

/// Runs a command that must not change anything.
#[track_caller]
fn read_only(lane: &Lane, args: &[&str], code: u8) -> String {
    let (ran, calls) = lane.counted(args);
    let ran = ran.expect(code);
    assert_eq!(counts(calls.iter().filter(|call| !reads(call))), Counts::new(), "{args:?} writes");
    ran.out
}

/// What a plan or drift in JSON would change: kind, name, region.
fn changed(plan: &str) -> BTreeSet<[String; 3]> {
    let plan: Value = serde_json::from_str(plan).unwrap();
    plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            ["kind", "name", "region"]
                .map(|key| change["address"][key].as_str().unwrap().to_owned())
        })
        .collect()
}

/// plan → apply → nothing left to do → proven → a second apply that changes nothing.
fn deploy(lane: &Lane) {
    let planned = read_only(lane, &["plan", "--detailed-exitcode", "--format", "json"], 2);
    let (applied, calls) = lane.counted(&["apply", "--yes"]);
    applied.expect(0);
    let writes = counts(calls.iter().filter(|call| !reads(call)));
    assert_eq!(writes["CreateTrail"], 1);
    // Root's sign-ins land in one region.
    assert_eq!(writes["PutRule"], 2 * 14 - 1, "each rule is put once in each region");
    assert_eq!(writes["CreateTopic"], 2 * 2);
    // The other tags are carried by the creating calls.
    let tags: Vec<_> = writes.keys().filter(|name| name.contains("Tag")).collect();
    assert!(tags.is_empty(), "tags are put by calls of their own: {tags:?}");
    assert!(changed(&planned).len() > 90, "{planned}");

    let plan = read_only(lane, &["plan", "--detailed-exitcode"], 0);
    assert!(plan.contains("No changes"), "{plan}");
    let verify = read_only(lane, &["verify"], 0);
    assert!(verify.contains("0 broken, 0 unknown, 2 assumed, 25 proven"), "{verify}");
    read_only(lane, &["apply", "--yes"], 0);
}

/// Somebody breaks four things; drift and verify name them, and apply heals them.
fn break_and_heal(lane: &Lane) {
    lane.json(HOME, cloudtrail("StopLogging"), &json!({ "Name": TRAIL }));
    lane.json(OTHER, events("DisableRule"), &json!({ "Name": RULE }));
    let target = json!({ "Rule": "ctguard-story-route-created", "Ids": [SECOPS] });
    lane.json(HOME, events("RemoveTargets"), &target);
    let topic = lane.arn("sns", OTHER, SECOPS);
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "theirs",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{}:root", lane.account) },
            "Action": "sns:Publish",
            "Resource": topic,
        }],
    });
    let rewrite = [
        ("Action", "SetTopicAttributes"),
        ("TopicArn", &topic),
        ("AttributeName", "Policy"),
        ("AttributeValue", &policy.to_string()),
    ];
    lane.sns(OTHER, &rewrite);

    let drift = read_only(lane, &["drift", "--format", "json"], 2);
    let expected = [
        ["trail", TRAIL, HOME],
        ["rule", RULE, OTHER],
        ["target", "ctguard-story-route-created/ctguard-story-secops", HOME],
        ["topic", SECOPS, OTHER],
    ];
    assert_eq!(changed(&drift), expected.map(|address| address.map(str::to_owned)).into());
    let verify = read_only(lane, &["verify", "-q"], 3);
    for code in ["trail-not-logging", "rule-disabled", "target-missing", "topic-policy"] {
        assert!(verify.contains(&format!("broken {code}")), "{code}: {verify}");
    }

    let (healed, calls) = lane.counted(&["apply", "--yes"]);
    healed.expect(0);
    let writes = counts(calls.iter().filter(|call| !reads(call)));
    let expected = ["PutRule", "PutTargets", "SetTopicAttributes", "StartLogging"];
    assert_eq!(writes, expected.map(|operation| (operation.to_owned(), 1)).into());
    read_only(lane, &["drift"], 0);
    read_only(lane, &["verify"], 0);
    let topic = lane.sns(OTHER, &[("Action", "GetTopicAttributes"), ("TopicArn", &topic)]);
    assert!(topic.contains("theirs"), "a statement of others was lost: {topic}");
}

/// Takes away everything but the trail and its bucket, which are let go.
fn empty(lane: &Lane) {
    lane.blueprint(EMPTIED);
    let (emptied, calls) =
        lane.counted(&["apply", "--yes", "--allow-lost-coverage", "--allow-deletion"]);
    emptied.expect(0);
    let writes = counts(calls.iter().filter(|call| !reads(call)));
    let expected = [
        ("AddTags", 1),
        ("DeleteQueue", 2 * 2),
        ("DeleteRule", 2 * 14 - 1),
        ("DeleteTopic", 2 * 2),
        ("RemoveTags", 1),
        ("RemoveTargets", 2 * 14 - 1),
    ];
    assert_eq!(writes, expected.map(|(operation, count)| (operation.to_owned(), count)).into());
    let plan = read_only(lane, &["plan", "--detailed-exitcode"], 0);
    assert!(plan.contains("No changes"), "{plan}");
    for region in [HOME, OTHER] {
        let rules =
            lane.json(region, events("ListRules"), &json!({ "NamePrefix": "ctguard-story-" }));
        assert_eq!(rules["Rules"], json!([]));
        let topics = lane.sns(region, &[("Action", "ListTopics")]);
        assert!(!topics.contains("ctguard-story-"), "{topics}");
        let queues =
            lane.json(region, sqs("ListQueues"), &json!({ "QueueNamePrefix": "ctguard-story-" }));
        assert_eq!(queues["QueueUrls"].as_array().map_or(0, Vec::len), 0, "{queues}");
    }
    let trail = lane.arn("cloudtrail", HOME, &format!("trail/{TRAIL}"));
    let status = lane.json(HOME, cloudtrail("GetTrailStatus"), &json!({ "Name": TRAIL }));
    assert_eq!(status["IsLogging"], true, "a trail is never stopped");
    let tags = lane.json(HOME, cloudtrail("ListTags"), &json!({ "ResourceIdList": [trail] }));
    let mark = json!([{ "Key": "ctguard:released", "Value": "story" }]);
    assert_eq!(
        tags["ResourceTagList"][0]["TagsList"], mark,
        "it is released, and no more than that"
    );
    let described = lane.json(HOME, cloudtrail("DescribeTrails"), &json!({}));
    let bucket = described["trailList"][0]["S3BucketName"].as_str().unwrap();
    assert!(lane.bucket_exists(bucket), "the bucket is gone");
}

/// A StopLogging call as CloudTrail records it.
fn stop_logging(place: &Place) -> Value {
    json!({
        "eventVersion": "1.11",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "managementEvent": true,
        "readOnly": false,
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": place.region,
        "eventTime": "2026-11-22T10:00:00Z",
        "eventID": "6f9f0b0c-2b1e-4c5e-9f53-0f6f8f9c1d2e",
        "recipientAccountId": place.account,
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "he said \"aws-cli\"\n",
        "userIdentity": {
            "type": "IAMUser",
            "arn": format!("arn:aws:iam::{}:user/mallory", place.account),
            "accountId": place.account,
            "userName": "mallory",
        },
        "requestParameters": { "name": TRAIL },
        "responseElements": null,
    })
}

/// Sends the event that the story is about through what ctguard deployed, to a queue that the
/// blueprint lists and to an HTTP endpoint that somebody else subscribed.
fn deliver(lane: &Lane, inbox: &str) {
    let place = Place::new(AccountId::new(lane.account).unwrap(), Region::new(HOME).unwrap());
    let listener = Listener::start();
    // The blueprint takes https alone, which this listener does not speak: a stranger's subscription,
    // which ctguard must report and leave. In the home region, since ministack looks for the topic
    // of an unsigned confirmation in us-east-1.
    lane.sns(
        HOME,
        &[
            ("Action", "Subscribe"),
            ("TopicArn", &place.arn("sns", SECOPS)),
            ("Protocol", "http"),
            ("Endpoint", &listener.url),
        ],
    );
    listener.next("SubscriptionConfirmation");
    let plan = read_only(lane, &["plan", "--detailed-exitcode"], 0);
    let stranger = format!(
        "http:{} is subscribed to topic {SECOPS} in {place}, is not in the blueprint",
        listener.url
    );
    assert!(plan.contains(&stranger), "{plan}");
    read_only(lane, &["apply", "--yes"], 0);

    let found = lane.json(HOME, events("ListRules"), &json!({ "NamePrefix": RULE }));
    let live = &found["Rules"][0];
    assert_eq!((&live["Name"], &live["State"]), (&json!(RULE), &json!("ENABLED")));
    let pattern = live["EventPattern"].as_str().unwrap();
    let record = stop_logging(&place);
    let asks = |record: &Value| {
        let event = eventbridge_pattern::cloudtrail::envelope(record.clone());
        let question = json!({ "EventPattern": pattern, "Event": event.to_string() });
        lane.json(HOME, events("TestEventPattern"), &question)["Result"].as_bool().unwrap()
    };
    assert!(asks(&record), "the live pattern does not match its own event");
    let mut other = record.clone();
    other["eventName"] = json!("StartLogging");
    assert!(!asks(&other), "the live pattern matches another event");

    let pinned = r#""source":["aws.cloudtrail"]"#;
    let copied = pattern.replacen(pinned, r#""source":["copy.cloudtrail"]"#, 1);
    assert_ne!(copied, pattern, "the source is pinned");
    let put = json!({ "Name": "copy", "EventPattern": copied, "State": "ENABLED" });
    lane.json(HOME, events("PutRule"), &put);
    let targets = lane.json(HOME, events("ListTargetsByRule"), &json!({ "Rule": RULE }));
    assert_eq!(targets["Targets"].as_array().map(Vec::len), Some(2));
    let put = json!({ "Rule": "copy", "Targets": targets["Targets"] });
    lane.json(HOME, events("PutTargets"), &put);
    for name in ["StartLogging", "StopLogging"] {
        let mut record = record.clone();
        record["eventName"] = json!(name);
        let entry = json!({
            "Source": "copy.cloudtrail",
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": record.to_string(),
        });
        let put = lane.json(HOME, events("PutEvents"), &json!({ "Entries": [entry] }));
        assert_eq!(put["FailedEntryCount"], 0);
    }

    // What each subscriber reads is what ctguard renders offline for the same event.
    let loaded = blueprint::load_text("ctguard.yaml", &blueprint_for(lane.account), None, TODAY);
    let alerts = loaded.blueprint.unwrap().alerts;
    let alert = alerts.iter().find(|alert| RULE.ends_with(alert.id.as_str())).unwrap();
    let rule = place.arn("events", "rule/copy");
    let rendered = |format, event: &Value| {
        let input = message::input(alert, format, Partition::Aws).unwrap();
        message::transform(&input, &rule, event).unwrap()
    };
    let parameters = json!({ "QueueUrl": inbox, "WaitTimeSeconds": 20, "MaxNumberOfMessages": 10 });
    let received = lane.json(HOME, sqs("ReceiveMessage"), &parameters);
    let [message] = received["Messages"].as_array().unwrap().as_slice() else {
        panic!("one event is one message: {received}");
    };
    let envelope: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
    assert_eq!(envelope["TopicArn"], place.arn("sns", "ctguard-story-siem"));
    let message: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
    let event = &message["event"];
    assert_eq!(event["detail"], record, "the whole event reaches a program");
    let expected: Value = serde_json::from_str(&rendered(Format::Json, event)).unwrap();
    assert_eq!(message, expected);

    let notification = listener.next("Notification");
    let text = notification["Message"].as_str().unwrap();
    assert_eq!(text, rendered(Format::Text, event));
    for line in [
        "\"[HIGH] CloudTrail logging was stopped (error: ; if blank or 200 it was done, else only \
         tried)\"",
        "\"Who: IAMUser ",
        "\"From: 198.51.100.7\"",
        "\"What: StopLogging (cloudtrail.amazonaws.com)\"",
        "\"Touched: see the event's parameters, Trail: name\"",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }

    let ids: Vec<&Value> =
        targets["Targets"].as_array().unwrap().iter().map(|target| &target["Id"]).collect();
    lane.json(HOME, events("RemoveTargets"), &json!({ "Rule": "copy", "Ids": ids }));
    lane.json(HOME, events("DeleteRule"), &json!({ "Name": "copy" }));
}

#[test]
fn ministack_plays_the_whole_story_and_delivers() {
    let lane = Lane::start(Kind::Ministack, "210000000001");
    lane.blueprint(&blueprint_for(lane.account));
    let inbox = lane.inbox(HOME, "siem");
    deploy(&lane);
    break_and_heal(&lane);
    deliver(&lane, &inbox);
    empty(&lane);
}

#[test]
fn moto_plays_the_story_and_refuses_to_delete_a_rule_that_has_targets() {
    let lane = Lane::start(Kind::Moto, "210000000002");
    lane.blueprint(&blueprint_for(lane.account));
    lane.inbox(HOME, "siem");
    deploy(&lane);
    break_and_heal(&lane);
    empty(&lane);
}
