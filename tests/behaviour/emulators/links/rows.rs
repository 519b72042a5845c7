//! What is broken from outside, what verify must say of it, and how it is put right.
//!
//! `says` lists everything new: `status code region object`, without what every ARN begins with.

use super::hands::{
    CHAT, HERE, Hands, INBOX, LOOK, MAIL, REFUSED, ROUTE, SIEM, advanced, advanced_objects, basic,
    basic_objects,
};
use crate::emulators::lane::Kind;
use serde_json::{Value, json};

pub struct Row {
    /// What is done.
    pub name: &'static str,
    /// The one lane that can do it, and why the other cannot.
    pub only: Option<(Kind, &'static str)>,
    /// What stands before it, and is put right with it.
    pub given: Option<fn(&Hands<'_>)>,
    pub breaks: fn(&Hands<'_>),
    pub says: &'static [&'static str],
    pub heals: Heals,
    /// What people put right after an apply, or instead of one.
    pub after: Option<fn(&Hands<'_>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heals {
    Apply,
    /// Nobody but whoever broke it.
    Person,
}

/// A row that an apply heals, on both lanes.
fn row(name: &'static str, breaks: fn(&Hands<'_>), says: &'static [&'static str]) -> Row {
    Row { name, only: None, given: None, breaks, says, heals: Heals::Apply, after: None }
}

impl Row {
    fn undone(self, after: fn(&Hands<'_>)) -> Self {
        Self { heals: Heals::Person, ..self.then(after) }
    }

    fn then(self, after: fn(&Hands<'_>)) -> Self {
        Self { after: Some(after), ..self }
    }

    fn given(self, given: fn(&Hands<'_>)) -> Self {
        Self { given: Some(given), ..self }
    }

    fn only(self, kind: Kind, because: &'static str) -> Self {
        Self { only: Some((kind, because)), ..self }
    }
}

/// All rows, by what they are about: those of different strands do not hide each other. The bus is filled
/// last, since that takes long to undo.
pub fn strands() -> [Vec<Row>; 3] {
    let strand = |parts: Vec<Vec<Row>>| parts.into_iter().flatten().collect();
    [
        strand(vec![trail(), selectors()]),
        strand(vec![rule(), target(), quota()]),
        strand(vec![topic(), key(), subscriber(), queue()]),
    ]
}

fn single_region(hands: &Hands<'_>) {
    hands.trail("UpdateTrail", json!({ "IsMultiRegionTrail": false }));
}

fn trail() -> Vec<Row> {
    vec![
        row(
            "the trail is stopped",
            |h| h.trail("StopLogging", json!({})),
            &[
                "broken trail-not-logging eu-west-1 trail/links-management",
                "broken trail-not-logging us-east-1 trail/links-management",
            ],
        ),
        row(
            "the trail is deleted",
            |h| h.trail("DeleteTrail", json!({})),
            &["broken trail-missing eu-west-1 trail/*", "broken trail-missing us-east-1 trail/*"],
        )
        // The new trail records no data events: people pay for those, so people ask for them.
        .then(|h| h.record(basic("All", &[]))),
        row(
            "the trail records its home region only",
            single_region,
            &["broken trail-not-here eu-west-1 trail/links-management"],
        ),
        // A multi-region trail always has them.
        row(
            "the trail leaves out the events of global services",
            |h| {
                let settings =
                    json!({ "IsMultiRegionTrail": false, "IncludeGlobalServiceEvents": false });
                h.trail("UpdateTrail", settings);
            },
            &["broken global-events-missing us-east-1 trail/links-management"],
        )
        .given(single_region),
        row(
            "the bucket is deleted",
            |h| drop(h.lane.bucket("DELETE", &h.bucket_name()).expect_ok()),
            &["degraded log-bucket-missing us-east-1 links-cloudtrail-logs-{account}"],
        ),
    ]
}

const WRITES: &[&str] = &[
    "broken selectors-drop-writes eu-west-1 trail/links-management",
    "broken selectors-drop-writes us-east-1 trail/links-management",
];
const READS: &[&str] = &[
    "broken selectors-drop-reads eu-west-1 trail/links-management",
    "broken selectors-drop-reads us-east-1 trail/links-management",
];
const MANAGEMENT: &[&str] = &[
    "broken selectors-drop-management eu-west-1 trail/links-management",
    "broken selectors-drop-management us-east-1 trail/links-management",
];
const SOURCE: &[&str] = &[
    "broken selectors-exclude-source eu-west-1 trail/links-management",
    "broken selectors-exclude-source us-east-1 trail/links-management",
];

fn selectors() -> Vec<Row> {
    fn field(field: &str, operator: &str, value: &str) -> Option<Value> {
        Some(json!({ "Field": field, operator: [value] }))
    }
    vec![
        row("reads are recorded only", |h| h.record(basic("ReadOnly", &[])), WRITES),
        row("writes are recorded only", |h| h.record(basic("WriteOnly", &[])), READS),
        row("objects are recorded only", |h| h.record(basic_objects()), MANAGEMENT),
        row(
            "the events of KMS are left out",
            |h| h.record(basic("All", &["kms.amazonaws.com"])),
            SOURCE,
        ),
        row(
            "no object is recorded",
            |h| {
                let all = json!({ "ReadWriteType": "All", "IncludeManagementEvents": true });
                h.record(json!({ "EventSelectors": [all] }));
            },
            &[
                "broken data-selector-missing eu-west-1 trail/links-management",
                "broken data-selector-missing us-east-1 trail/links-management",
            ],
        )
        .undone(|h| h.record(basic("All", &[]))),
        row(
            "reads are recorded only, said the newer way",
            |h| h.record(advanced(field("readOnly", "Equals", "true"))),
            WRITES,
        )
        .only(Kind::Ministack, ECHO),
        row(
            "writes are recorded only, said the newer way",
            |h| h.record(advanced(field("readOnly", "Equals", "false"))),
            READS,
        )
        .only(Kind::Ministack, ECHO),
        row(
            "objects are recorded only, said the newer way",
            |h| h.record(advanced_objects()),
            MANAGEMENT,
        )
        .only(Kind::Ministack, ECHO),
        row(
            "the events of KMS are left out, said the newer way",
            |h| h.record(advanced(field("eventSource", "NotEquals", "kms.amazonaws.com"))),
            SOURCE,
        ),
    ]
}

fn rule() -> Vec<Row> {
    vec![
        row(
            "the rule is deleted",
            |h| h.delete_rule(ROUTE),
            &["broken rule-missing eu-west-1 rule/ctguard-links-route"],
        ),
        row(
            "the rule is moved to a custom bus",
            |h| {
                h.delete_rule(ROUTE);
                h.events("CreateEventBus", json!({ "Name": "custom" }));
                let pattern = r#"{"source":["aws.ec2"]}"#;
                let rule =
                    json!({ "Name": ROUTE, "EventBusName": "custom", "EventPattern": pattern });
                h.events("PutRule", rule);
            },
            &["broken rule-on-wrong-bus eu-west-1 rule/ctguard-links-route"],
        )
        .then(|h| {
            h.events("DeleteRule", json!({ "Name": ROUTE, "EventBusName": "custom" }));
            h.events("DeleteEventBus", json!({ "Name": "custom" }));
        }),
        row(
            "the rule is disabled",
            |h| drop(h.events("DisableRule", json!({ "Name": ROUTE }))),
            &["broken rule-disabled eu-west-1 rule/ctguard-links-route"],
        ),
        // EnableRule is a plain ENABLED, whatever the state was.
        row(
            "a rule for reads is enabled plainly",
            |h| {
                h.events("DisableRule", json!({ "Name": LOOK }));
                h.events("EnableRule", json!({ "Name": LOOK }));
            },
            &["broken rule-state eu-west-1 rule/ctguard-links-look"],
        ),
        row(
            "the pattern is narrowed",
            |h| {
                h.put_rule(ROUTE, |rule| {
                    let text = rule["EventPattern"].as_str().unwrap();
                    let mut pattern: Value = serde_json::from_str(text).unwrap();
                    pattern["detail"]["userIdentity"]["type"] = json!(["Root"]);
                    rule["EventPattern"] = json!(pattern.to_string());
                });
            },
            &["broken rule-pattern eu-west-1 rule/ctguard-links-route"],
        ),
        row(
            "the alternatives of the pattern overlap",
            |h| {
                h.put_rule(ROUTE, |rule| {
                    let text = rule["EventPattern"].as_str().unwrap();
                    let mut pattern: Value = serde_json::from_str(text).unwrap();
                    pattern["detail"]["$or"] = json!([
                        {"eventVersion": ["1.08"]},
                        {"eventVersion": ["1.08", {"anything-but": "1.08"}, {"exists": false}]},
                    ]);
                    rule["EventPattern"] = json!(pattern.to_string());
                });
            },
            &["broken pattern-loses-alternative eu-west-1 rule/ctguard-links-route"],
        ),
        row(
            "the pattern is written otherwise and means the same",
            |h| {
                h.put_rule(ROUTE, |rule| {
                    let text = rule["EventPattern"].as_str().unwrap();
                    let pattern: Value = serde_json::from_str(text).unwrap();
                    rule["EventPattern"] = json!(serde_json::to_string_pretty(&pattern).unwrap());
                });
            },
            &[],
        )
        .only(Kind::Ministack, ECHO),
    ]
}

fn target() -> Vec<Row> {
    fn sends_to(hands: &Hands<'_>, region: &str, name: &str) {
        let topic = hands.lane.arn("sns", region, name);
        hands.put_target(MAIL, |target| target["Arn"] = json!(topic));
    }
    vec![
        row(
            "a target is removed",
            |h| drop(h.events("RemoveTargets", json!({ "Rule": ROUTE, "Ids": [MAIL] }))),
            &["broken target-missing eu-west-1 rule/ctguard-links-route → ctguard-links-mail"],
        ),
        row(
            "a target sends to another topic",
            |h| sends_to(h, HERE, "theirs"),
            &["broken target-elsewhere eu-west-1 rule/ctguard-links-route → ctguard-links-mail"],
        ),
        row(
            "a target sends to another region",
            |h| sends_to(h, "us-west-2", MAIL),
            &["broken target-wrong-region eu-west-1 rule/ctguard-links-route → ctguard-links-mail"],
        ),
        row(
            "a target sends as a role",
            |h| {
                let role = h.lane.arn("iam", "", "role/sender");
                h.put_target(MAIL, |target| target["RoleArn"] = json!(role));
            },
            &["assumed target-role eu-west-1 rule/ctguard-links-route → ctguard-links-mail"],
        )
        .only(Kind::Ministack, ECHO),
        row(
            "a target sends the bare event",
            |h| {
                h.put_target(MAIL, |target| {
                    target.as_object_mut().unwrap().remove("InputTransformer");
                });
            },
            &["broken target-input eu-west-1 rule/ctguard-links-route → ctguard-links-mail"],
        ),
        row(
            "a target sends other words",
            |h| {
                h.put_target(MAIL, |target| {
                    target["InputTransformer"]["InputTemplate"] = json!("\"Never mind.\"");
                });
            },
            &["broken target-input eu-west-1 rule/ctguard-links-route → ctguard-links-mail"],
        )
        .only(Kind::Ministack, ECHO),
        row(
            "what a target refuses is not kept",
            |h| {
                h.put_target(MAIL, |target| {
                    target.as_object_mut().unwrap().remove("DeadLetterConfig");
                });
            },
            &["degraded dead-letter-queue eu-west-1 rule/ctguard-links-route"],
        )
        .only(Kind::Ministack, ECHO),
        row(
            "the queue of what targets refuse is deleted",
            |h| h.queue("DeleteQueue", REFUSED, json!({})),
            &["degraded dead-letter-queue eu-west-1 ctguard-links-targets"],
        ),
        row(
            "the queue of what targets refuse lets nobody in",
            |h| {
                let nobody = json!({ "Version": "2012-10-17", "Statement": [{
                    "Sid": "nobody", "Effect": "Deny", "Principal": "*",
                    "Action": "sqs:SendMessage", "Resource": h.lane.arn("sqs", HERE, REFUSED),
                }] });
                h.set_queue(REFUSED, json!({ "Policy": nobody.to_string() }));
            },
            &["degraded dead-letter-queue eu-west-1 ctguard-links-targets"],
        )
        .only(Kind::Ministack, ECHO)
        // A statement of others stays where it is, also through an apply.
        .undone(|h| {
            h.set_queue(REFUSED, json!({ "Policy": "" }));
            h.apply();
        }),
        row(
            "a message that a target refused waits",
            |h| h.queue("SendMessage", REFUSED, json!({ "MessageBody": "{}" })),
            &["broken dead-letters eu-west-1 ctguard-links-targets"],
        )
        .undone(|h| h.queue("PurgeQueue", REFUSED, json!({}))),
    ]
}

fn topic() -> Vec<Row> {
    vec![
        row(
            "a topic is deleted",
            |h| h.delete_topic(MAIL),
            &["broken topic-missing eu-west-1 ctguard-links-mail"],
        ),
        row(
            "a topic lets only its owner publish",
            |h| {
                let people = format!("arn:aws:iam::{}:root", h.lane.account);
                let statement = json!({
                    "Sid": "people", "Effect": "Allow", "Principal": { "AWS": people },
                    "Action": "sns:Publish", "Resource": h.topic(MAIL),
                });
                h.policy(MAIL, &[statement]);
            },
            &["broken topic-policy eu-west-1 ctguard-links-mail"],
        ),
        row(
            "a topic wants to be told an account",
            |h| {
                let account = json!({ "StringEquals": { "aws:SourceAccount": h.lane.account } });
                h.set_topic_policy(MAIL, Some(account), None);
            },
            &["broken topic-policy-condition eu-west-1 ctguard-links-mail"],
        ),
        row(
            "a topic wants to be told a rule",
            |h| {
                let rules = h.lane.arn("events", HERE, "rule/*");
                let rule = json!({ "ArnLike": { "aws:SourceArn": rules } });
                h.set_topic_policy(MAIL, Some(rule), None);
            },
            &["assumed topic-policy-condition eu-west-1 ctguard-links-mail"],
        )
        .only(Kind::Ministack, ECHO),
        row(
            "a topic denies everybody",
            |h| {
                let deny = json!({
                    "Sid": "no", "Effect": "Deny", "Principal": "*",
                    "Action": "sns:Publish", "Resource": h.topic(MAIL),
                });
                h.set_topic_policy(MAIL, None, Some(deny));
            },
            &["broken topic-policy-deny eu-west-1 ctguard-links-mail"],
        )
        .undone(|h| {
            h.set_topic_policy(MAIL, None, None);
        }),
    ]
}

fn key() -> Vec<Row> {
    vec![
        row(
            "a topic is encrypted with AWS's key",
            |h| h.set_topic(MAIL, "KmsMasterKeyId", "alias/aws/sns"),
            &["broken topic-key-aws-managed eu-west-1 ctguard-links-mail (key alias/aws/sns)"],
        ),
        row(
            "the key has lost its name",
            |h| h.rename_key("alias/alerts", "alias/old"),
            &["broken topic-key-missing eu-west-1 ctguard-links-siem (key alias/alerts)"],
        )
        .undone(|h| h.rename_key("alias/old", "alias/alerts")),
        row(
            "the key is disabled",
            |h| h.with_key("DisableKey"),
            &["broken topic-key-disabled eu-west-1 ctguard-links-siem (key alias/alerts)"],
        )
        .undone(|h| h.with_key("EnableKey")),
        row(
            "the key lets no service in",
            |h| h.shut_key(),
            &["broken topic-key-policy eu-west-1 ctguard-links-siem (key alias/alerts)"],
        )
        .undone(|h| h.put_key_policy(None)),
        row(
            "the key wants to be told an account",
            |h| {
                let account = json!({ "StringEquals": { "aws:SourceAccount": h.lane.account } });
                h.put_key_policy(Some(account));
            },
            &["broken topic-key-condition eu-west-1 ctguard-links-siem (key alias/alerts)"],
        )
        .undone(|h| h.put_key_policy(None)),
    ]
}

fn subscriber() -> Vec<Row> {
    vec![
        row(
            "a mailbox is unsubscribed",
            |h| h.unsubscribe(MAIL),
            &["broken subscriber-missing eu-west-1 ctguard-links-mail ← email:a@acme.example"],
        ),
        row(
            "a queue is unsubscribed",
            |h| h.unsubscribe(SIEM),
            &["broken subscriber-missing eu-west-1 ctguard-links-siem ← sqs:siem"],
        ).only(Kind::Ministack, ECHO),
        row(
            "a filter asks for attributes",
            |h| h.set_subscription(SIEM, "FilterPolicy", r#"{"risk":["high"]}"#),
            &["broken subscriber-filter eu-west-1 ctguard-links-siem ← sqs:siem"],
        ),
        row(
            "a filter asks for something in the body",
            |h| {
                h.set_subscription(SIEM, "FilterPolicyScope", "MessageBody");
                h.set_subscription(SIEM, "FilterPolicy", r#"{"risk":["high"]}"#);
            },
            &["assumed subscriber-filter eu-west-1 ctguard-links-siem ← sqs:siem"],
        ).only(Kind::Ministack, ECHO),
        row(
            "what a subscriber refuses is not kept",
            |h| h.set_subscription(SIEM, "RedrivePolicy", ""),
            &["degraded dead-letter-queue eu-west-1 ctguard-links-siem ← sqs:siem"],
        ).only(Kind::Ministack, ECHO),
        row(
            "the channel no longer lists the topic",
            |h| h.unsubscribe(CHAT),
            &[
                "broken chat-missing eu-west-1 ctguard-links-chat ← chat-configuration/slack-channel/secops",
            ],
        )
        .undone(|h| h.subscribe_chat(HERE))
        .only(Kind::Moto, CHAT_WANTS_A_HANDSHAKE),
        row(
            "the channel gets raw messages",
            |h| h.set_subscription(CHAT, "RawMessageDelivery", "true"),
            &[
                "broken chat-raw eu-west-1 ctguard-links-chat ← chat-configuration/slack-channel/secops",
            ],
        )
        .undone(|h| h.set_subscription(CHAT, "RawMessageDelivery", "false"))
        .only(Kind::Moto, CHAT_WANTS_A_HANDSHAKE),
    ]
}

/// Why a row is played on ministack alone: moto is slow, and plays one row of each code.
const ECHO: &str = "moto gives back what it is given, which another row of this code shows";
const MANY: &str =
    "moto takes ten seconds for three hundred rules, and counts them as ministack does";

const CHAT_WANTS_A_HANDSHAKE: &str =
    "ministack leaves an https subscription pending until the chat service itself answers";

fn queue() -> Vec<Row> {
    vec![
        row(
            "the subscribed queue is deleted",
            |h| h.queue("DeleteQueue", INBOX, json!({})),
            &[
                "broken queue-missing eu-west-1 ctguard-links-siem ← sqs:siem",
                "broken queue-missing us-east-1 ctguard-links-siem ← sqs:siem",
            ],
        )
        .undone(|h| drop(h.lane.inbox(HERE, INBOX))),
        row(
            "the subscribed queue lets nobody in",
            |h| h.set_queue(INBOX, json!({ "Policy": "" })),
            &[
                "broken queue-policy eu-west-1 ctguard-links-siem ← sqs:siem",
                "broken queue-policy us-east-1 ctguard-links-siem ← sqs:siem",
            ],
        )
        .undone(|h| h.open_inbox("")),
        row(
            "the subscribed queue is encrypted with a key that SNS may not use",
            |h| h.open_inbox("alias/alerts"),
            &[
                "broken queue-key eu-west-1 ctguard-links-siem ← sqs:siem",
                "broken queue-key us-east-1 ctguard-links-siem ← sqs:siem",
            ],
        )
        .undone(|h| h.open_inbox("")),
    ]
}

fn quota() -> Vec<Row> {
    vec![
        row(
            "the rule is deleted, and others fill the bus",
            |h| {
                h.delete_rule(ROUTE);
                h.others_rules("PutRule", 0..300);
            },
            &["broken rule-quota eu-west-1 rule/ctguard-links-route"],
        )
        .only(Kind::Ministack, MANY)
        .undone(|h| {
            h.others_rules("DeleteRule", 0..10);
            h.apply();
        }),
    ]
}
