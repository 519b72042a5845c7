//! All that an account of an emulator holds, asked from outside and not through ctguard: to compare two
//! accounts of the same emulator, and to find what is there twice or was touched.

use super::lane::{Lane, Operation, cloudtrail, events, sqs};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is there, by what it is; ids, times and the account's number are masked.
pub type Inventory = BTreeMap<String, String>;

/// The trail's bucket and settings of it that ctguard writes.
const BUCKET_SETTINGS: [&str; 7] = [
    "encryption",
    "lifecycle",
    "ownershipControls",
    "policy",
    "publicAccessBlock",
    "tagging",
    "versioning",
];

/// What a topic's owner may do by the policy that ministack gives to a new topic, and by the one that AWS does,
/// which ctguard writes where it makes the topic itself and otherwise leaves as it is found.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
const THEIR_DEFAULT: &str =
    "[&quot;SNS:Publish&quot;,&quot;SNS:Subscribe&quot;,&quot;SNS:Receive&quot;]";
const AWS_DEFAULT: &str = "[&quot;SNS:GetTopicAttributes&quot;,&quot;SNS:SetTopicAttributes&quot;,\
    &quot;SNS:AddPermission&quot;,&quot;SNS:RemovePermission&quot;,&quot;SNS:DeleteTopic&quot;,\
    &quot;SNS:Subscribe&quot;,&quot;SNS:ListSubscriptionsByTopic&quot;,&quot;SNS:Publish&quot;]";

/// Reads everything that ctguard could have made, whoever made it.
pub fn inventory(lane: &Lane, regions: &[&str], bucket: &str) -> Inventory {
    let mut found = Inventory::new();
    for region in regions {
        let mut note = |what: &str, text: &str| {
            found.insert(format!("{region} {}", mask(lane, what)), mask(lane, text));
        };
        let buses = lane.json(region, events("ListEventBuses"), &json!({}));
        for bus in items(&buses, "EventBuses") {
            note(&format!("bus {}", text(&bus["Name"])), &canonical(&bus["Policy"]));
            rules(lane, region, text(&bus["Name"]), &mut note);
        }
        topics(lane, region, &mut note);
        let queues = lane.json(region, sqs("ListQueues"), &json!({}));
        for url in items(&queues, "QueueUrls") {
            let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
            let mut got = lane.json(region, sqs("GetQueueAttributes"), &asked)["Attributes"].take();
            for counter in ["CreatedTimestamp", "LastModifiedTimestamp"] {
                got.as_object_mut().unwrap().remove(counter);
            }
            let tags = lane.json(region, sqs("ListQueueTags"), &json!({ "QueueUrl": url }));
            let name = text(url).rsplit('/').next().unwrap();
            note(
                &format!("queue {name}"),
                &format!("{} {}", canonical(&got), canonical(&tags["Tags"])),
            );
        }
        trails(lane, region, &mut note);
    }
    for setting in BUCKET_SETTINGS {
        let answer = lane.bucket("GET", &format!("{bucket}?{setting}"));
        let body = if answer.status == 200 { answer.body } else { answer.status.to_string() };
        // Only what was put has a prolog in ministack's answers, not what a bucket begins with.
        let body = body.rsplit("?>").next().unwrap_or_default().trim_start();
        found.insert(format!("bucket {setting}"), mask(lane, body));
    }
    let iam = |pairs: &[(&str, &str)]| {
        let pairs = [&[("Version", "2010-05-08")], pairs].concat();
        let answer = lane.asked("iam", "us-east-1", &pairs);
        let (body, _) = answer.body.split_once("<ResponseMetadata>").unwrap_or_default();
        body.to_owned()
    };
    found.insert("roles".to_owned(), mask(lane, &iam(&[("Action", "ListRoles")])));
    let role = ("RoleName", "ctguard-acme");
    let policies = iam(&[("Action", "ListRolePolicies"), role]);
    for name in between(&policies, "<member>", "</member>") {
        let policy = iam(&[("Action", "GetRolePolicy"), role, ("PolicyName", name)]);
        found.insert(mask(lane, &format!("role policy {name}")), mask(lane, &policy));
    }
    found
}

fn rules(lane: &Lane, region: &str, bus: &str, note: &mut impl FnMut(&str, &str)) {
    let ask = |operation: Operation, parameters: Value| lane.json(region, operation, &parameters);
    let rules = ask(events("ListRules"), json!({ "EventBusName": bus }));
    for rule in items(&rules, "Rules") {
        let named = json!({ "Rule": rule["Name"], "EventBusName": bus });
        let mut targets = ask(events("ListTargetsByRule"), named)["Targets"].take();
        if let Some(targets) = targets.as_array_mut() {
            targets.sort_by_key(|target| target["Id"].to_string());
        }
        let targets = canonical(&targets);
        let tags = ask(events("ListTagsForResource"), json!({ "ResourceARN": rule["Arn"] }));
        let told = ["EventPattern", "State", "Description"].map(|key| canonical(&rule[key]));
        let all = format!("{} {targets} {}", told.join(" "), sorted(&tags["Tags"]));
        note(&format!("rule {bus}/{}", text(&rule["Name"])), &all);
    }
}

fn topics(lane: &Lane, region: &str, note: &mut impl FnMut(&str, &str)) {
    let topics = lane.sns(region, &[("Action", "ListTopics")]);
    for arn in between(&topics, "<TopicArn>", "</TopicArn>") {
        let ask = |action| lane.sns(region, &[("Action", action), ("TopicArn", arn)]);
        let attributes = ask("GetTopicAttributes").replace(THEIR_DEFAULT, AWS_DEFAULT);
        let mut attributes = between(&attributes, "<entry>", "</entry>");
        attributes.sort_unstable();
        let subscriptions = ask("ListSubscriptionsByTopic");
        let mut subscriptions = between(&subscriptions, "<Endpoint>", "</Endpoint>");
        subscriptions.sort_unstable();
        let tags = lane.sns(region, &[("Action", "ListTagsForResource"), ("ResourceArn", arn)]);
        let mut tags = between(&tags, "<Key>", "</Value>");
        tags.sort_unstable();
        note(&format!("topic {arn}"), &format!("{attributes:?} {subscriptions:?} {tags:?}"));
    }
}

fn trails(lane: &Lane, region: &str, note: &mut impl FnMut(&str, &str)) {
    let ask = |name, parameters: Value| lane.json(region, cloudtrail(name), &parameters);
    let trails = ask("DescribeTrails", json!({ "includeShadowTrails": false }));
    for trail in items(&trails, "trailList") {
        let selectors = ask("GetEventSelectors", json!({ "TrailName": trail["Name"] }));
        let status = ask("GetTrailStatus", json!({ "Name": trail["TrailARN"] }));
        let tags = ask("ListTags", json!({ "ResourceIdList": [trail["TrailARN"]] }));
        let tags = sorted(&tags["ResourceTagList"][0]["TagsList"]);
        note(
            &format!("trail {}", text(&trail["Name"])),
            &format!(
                "{} {} {} {tags}",
                canonical(trail),
                canonical(&selectors),
                status["IsLogging"]
            ),
        );
    }
}

fn items<'a>(answer: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    answer[key].as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn sorted(list: &Value) -> String {
    let mut each: Vec<String> = list.as_array().into_iter().flatten().map(canonical).collect();
    each.sort_unstable();
    each.join(" ")
}

/// JSON with its keys in order, in strings too.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            pairs.sort_unstable();
            format!("{{{}}}", pairs.join(","))
        }
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(canonical).collect();
            format!("[{}]", list.join(","))
        }
        Value::String(text) if text.starts_with('{') => {
            serde_json::from_str(text).map_or_else(|_| text.clone(), |inner| canonical(&inner))
        }
        other => other.to_string(),
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    text.split(from)
        .skip(1)
        .filter_map(|rest| rest.split_once(to))
        .map(|(inner, _)| inner)
        .collect()
}

/// Masks the account's number, and words that are made up of hexadecimal digits, or capitals and digits, as
/// ids and times are.
fn mask(lane: &Lane, text: &str) -> String {
    let text = text.replace(lane.account, "ACCOUNT");
    let is_id = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let capitals = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        word.len() > 9 && digits > 0 && (hex || capitals)
    };
    let of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut masked = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find(|letter| !of_word(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let time = word.len() > 9 && word.starts_with("20") && word.contains('T');
        masked.push_str(if is_id(word) || time { "#" } else { word });
        // A time's minutes and fraction follow it.
        let goes_on = |letter: char| time && (of_word(letter) || ":.".contains(letter));
        let after = after.trim_start_matches(goes_on);
        let next = after.find(of_word).unwrap_or(after.len());
        masked.push_str(&after[..next]);
        rest = &after[next..];
    }
    masked
}
