//! Queues, functions and chats that subscribe.

use super::super::hands::{calling, chat, deny, siem, triage};
use super::super::town::{allow, place};
use super::Wound;
use ctguard_core::resource::queue::Queue;
use ctguard_sandbox::state::StoredSubscription;
use serde_json::json;

pub const WOUNDS: &[(&str, Wound)] = &[
    ("delete the queue", |s, _, _| drop(s.region_mut(&place("eu-west-1")).queues.remove("siem"))),
    ("shut the queue", |s, _, _| siem(s, |queue| queue.policy = None)),
    ("let anybody take messages", |s, _, _| siem(s, |queue| anybody(queue, "sqs:*"))),
    ("let anybody delete the queue", |s, _, _| siem(s, |queue| anybody(queue, "sqs:DeleteQueue"))),
    ("open the queue to another topic", |s, _, _| {
        siem(s, |queue| {
            let mut policy = allow("sns.amazonaws.com", "sqs:SendMessage", "*");
            policy["Statement"][0]["Condition"] =
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:*" } });
            queue.policy = Some(policy);
        })
    }),
    ("open the queue to this account's topics", |s, _, _| {
        siem(s, |queue| {
            let mut policy = allow("sns.amazonaws.com", "sqs:SendMessage", "*");
            policy["Statement"][0]["Condition"] =
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:111122223333:*" } });
            queue.policy = Some(policy);
        })
    }),
    ("encrypt the queue with a good key", |s, _, _| {
        siem(s, |queue| queue.kms_key = Some("alias/siem".into()))
    }),
    ("encrypt the queue with a bad key", |s, _, _| {
        siem(s, |queue| queue.kms_key = Some("alias/alerts".into()))
    }),
    ("encrypt the queue with AWS's key", |s, _, _| {
        siem(s, |queue| queue.kms_key = Some("alias/aws/sqs".into()))
    }),
    ("delete the function", |s, _, _| s.region_mut(&place("eu-west-1")).functions.clear()),
    ("shut the function", |s, _, _| triage(s, |policy| *policy = None)),
    ("open the function to another topic", |s, _, _| {
        calling(s, json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:sns:*:111122223333:other" } }))
    }),
    ("open the function to this account's topics", |s, _, _| {
        calling(s, json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:sns:*:111122223333:*" } }))
    }),
    ("open the function to this account", |s, _, _| {
        calling(s, json!({ "StringEquals": { "AWS:SourceAccount": "111122223333" } }))
    }),
    ("open the function to EventBridge", |s, _, _| {
        triage(s, |policy| {
            *policy = Some(allow("events.amazonaws.com", "lambda:InvokeFunction", "*"))
        })
    }),
    ("open an alias of the function", |s, _, _| {
        triage(s, |policy| {
            let alias = "arn:aws:lambda:eu-west-1:111122223333:function:triage:prod";
            *policy = Some(allow("sns.amazonaws.com", "lambda:InvokeFunction", alias))
        })
    }),
    ("the function denies", |s, _, _| {
        triage(s, |policy| {
            if let Some(statements) = policy.as_mut().and_then(|p| p["Statement"].as_array_mut()) {
                let mut deny = deny(None);
                deny["Action"] = json!("lambda:InvokeFunction");
                statements.push(deny);
            }
        })
    }),
    ("chat leaves", |s, at, _| chat(s, at, |topic, chat| drop(topic.subscriptions.remove(&chat)))),
    ("chat gets raw messages", |s, at, _| {
        chat(s, at, |topic, chat| {
            if let Some(StoredSubscription::Confirmed { attributes, .. }) =
                topic.subscriptions.get_mut(&chat)
            {
                attributes.raw_message_delivery = true;
            }
        })
    }),
];

/// Adds a statement for everybody to the policy of a queue.
fn anybody(queue: &mut Queue, action: &str) {
    let arn = "arn:aws:sqs:eu-west-1:111122223333:siem";
    let one = json!({ "Sid": "open", "Effect": "Allow", "Principal": "*",
        "Action": action, "Resource": arn });
    let statements = queue.policy.as_mut().and_then(|policy| policy["Statement"].as_array_mut());
    statements.into_iter().for_each(|list| list.push(one.clone()));
}
