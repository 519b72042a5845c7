//! The machine that sends mails, run by an emulator: what is received is what is rendered offline, what
//! fails falls back, and the offline evaluator agrees with another interpreter of JSONata.

use super::lane::{Kind, Lane, sqs, states};
use crate::world::TODAY;
use ctguard_core::blueprint::{Alert, Blueprint, load_text};
use ctguard_core::mail::{MachineFacts, MachineInput, definition, render, target_input};
use ctguard_core::message::transform;
use ctguard_core::scope::Partition;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const HOME: &str = "us-east-1";
const RULE: &str = "arn:aws:events:us-east-1:210000000011:rule/ctguard-acme-trail-stopped";
const ROWS: &str = include_str!("../../../crates/ctguard-core/src/mail/jsonata/rows.json");

const BLUEPRINT: &str = r#"
version: 1
name: acme
regions: [us-east-1]
accounts: [{ id: "210000000011", name: Büro }]
time_zone: Asia/Kolkata
destinations:
  people: { topic: people, format: mail, subscribers: [{ email: secops@example.com }] }
routes: { high: [people] }
alerts:
  - id: trail-stopped
    title: 'CloudTrail logging "was" stopped – wirklich & <ganz>'
    risk: high
    events: [cloudtrail:StopLogging, ec2:AuthorizeSecurityGroupIngress, signin:ConsoleLogin, iam:CreateUser]
    why: "Calls leave no trace: {% $states %} \\ é 🚨"
"#;

fn blueprint() -> Blueprint {
    load_text("ctguard.yaml", BLUEPRINT, None, TODAY).blueprint.unwrap()
}

/// A lane with a topic, whose messages an inbox gets, and a queue for what is not published.
pub(super) struct Post {
    pub lane: Lane,
    pub topic: String,
    inbox: String,
    pub dead_letters: String,
    facts: MachineFacts,
    alert: Alert,
}

impl Post {
    pub fn open(account: &'static str) -> Self {
        let lane = Lane::start(Kind::Ministack, account);
        lane.sns(HOME, &[("Action", "CreateTopic"), ("Name", "people")]);
        let topic = lane.arn("sns", HOME, "people");
        let inbox = lane.inbox(HOME, "inbox");
        let endpoint = lane.arn("sqs", HOME, "inbox");
        let subscribe = [
            ("Action", "Subscribe"),
            ("TopicArn", &*topic),
            ("Protocol", "sqs"),
            ("Endpoint", &*endpoint),
        ];
        lane.sns(HOME, &subscribe);
        let dead_letters = lane.inbox(HOME, "dead-letters");
        let blueprint = blueprint();
        let facts = MachineFacts::of(&blueprint);
        let alert = blueprint.alerts.into_iter().next().unwrap();
        Self { lane, topic, inbox, dead_letters, facts, alert }
    }

    fn definition(&self) -> Value {
        let text = definition(&MachineInput {
            partition: Partition::Aws,
            dead_letter_queue: &self.dead_letters,
            facts: &self.facts,
        });
        let mut machine: Value = serde_json::from_str(&text).unwrap();
        // An attempt is not tried again here, as that takes a minute.
        for state in machine["States"].as_object_mut().unwrap().values_mut() {
            for retry in state["Retry"].as_array_mut().into_iter().flatten() {
                retry["MaxAttempts"] = json!(0);
            }
        }
        machine
    }

    pub fn machine(&self, name: &str, definition: &Value) -> String {
        let role = self.lane.arn("iam", "", "role/mail");
        let made = json!({ "name": name, "definition": definition.to_string(), "roleArn": role });
        let made = self.lane.json(HOME, states("CreateStateMachine"), &made);
        made["stateMachineArn"].as_str().unwrap().to_owned()
    }

    /// Runs a machine to its end.
    pub fn run(&self, machine: &str, input: &str) -> Value {
        let start = json!({ "stateMachineArn": machine, "input": input });
        let started = self.lane.json(HOME, states("StartExecution"), &start);
        let which = json!({ "executionArn": started["executionArn"] });
        let since = Instant::now();
        loop {
            let execution = self.lane.json(HOME, states("DescribeExecution"), &which);
            if execution["status"] != "RUNNING" {
                return execution;
            }
            assert!(since.elapsed() < Duration::from_secs(60), "{execution}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The only message in a queue, which is taken out.
    pub fn received(&self, queue: &str) -> String {
        let ask = json!({ "QueueUrl": queue, "WaitTimeSeconds": 20, "MaxNumberOfMessages": 10 });
        let received = self.lane.json(HOME, sqs("ReceiveMessage"), &ask);
        let [message] = received["Messages"].as_array().unwrap().as_slice() else {
            panic!("one message: {received}");
        };
        let gone = json!({ "QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"] });
        self.lane.json(HOME, sqs("DeleteMessage"), &gone);
        message["Body"].as_str().unwrap().to_owned()
    }

    pub fn mail(&self) -> Value {
        serde_json::from_str(&self.received(&self.inbox)).unwrap()
    }

    /// What EventBridge gives the machine.
    fn given(&self, event: &Value) -> String {
        let input = target_input("acme", &self.alert, &self.topic, Partition::Aws).unwrap();
        transform(&input, RULE, event).unwrap()
    }
}

fn event(detail: Value) -> Value {
    json!({
        "version": "0", "id": "1c8f4c4e-0000-4000-8000-111122223333",
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail",
        "account": "210000000011", "time": "2026-02-28T20:04:05Z", "region": "us-east-1", "resources": [],
        "detail": detail,
    })
}

/// Events of all sorts, and such as nobody should send.
fn events() -> Vec<Value> {
    let ranges = json!({ "items": [{ "cidrIp": "0.0.0.0/0" }, { "cidrIp": "192.0.2.0/24" }] });
    let many: Vec<String> = (0..5000).map(|n| format!("192.0.2.{n}")).collect();
    let odd = "x\r\n\u{0}\u{7f}\u{85}\u{202e}\u{200d}\u{fffe}\u{1f600}日本 مرحبا Ünï <a> & \"q\" \\ $0 $1 {% %}";
    let mut all = vec![
        event(json!({})),
        event(json!(null)),
        event(json!([1, "a", { "eventName": ["x", { "y": [] }] }])),
        event(json!({
            "eventType": "AwsApiCall", "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com",
            "eventID": "6a1b0c2d-0000-4000-8000-111122223333", "sourceIPAddress": "203.0.113.7",
            "userAgent": "aws-cli/2.15", "requestParameters": { "name": "main" },
            "userIdentity": { "type": "AssumedRole", "accountId": "444455556666",
                "arn": "arn:aws:sts::444455556666:assumed-role/Admin/alice", "userName": "someone",
                "onBehalfOf": { "userId": "9067-1" },
                "sessionContext": { "attributes": { "mfaAuthenticated": "true" } } },
        })),
        event(json!({
            "eventName": "AuthorizeSecurityGroupIngress", "eventSource": "ec2.amazonaws.com",
            "errorCode": "Client.UnauthorizedOperation", "errorMessage": "You are not authorized.",
            "requestParameters": { "groupId": "sg-1", "ipPermissions": { "items": [
                { "fromPort": 22, "toPort": 22, "ipProtocol": "tcp", "ipRanges": ranges },
                { "fromPort": 443, "ipRanges": { "items": many.iter().map(|ip| json!({ "cidrIp": ip })).collect::<Vec<_>>() } },
            ] } },
        })),
        event(json!({
            "eventType": "AwsConsoleSignIn", "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com",
            "responseElements": { "ConsoleLogin": "Failure" }, "errorMessage": "Failed authentication",
            "additionalEventData": { "MFAUsed": "No" },
            "userIdentity": { "type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS" },
        })),
        event(json!({
            "eventType": "AwsServiceEvent", "eventName": "CreateAccountResult",
            "eventSource": "organizations.amazonaws.com",
            "serviceEventDetails": { "createAccountStatus": { "state": "FAILED" } },
        })),
        event(json!({
            "eventName": "CreateUser", "eventSource": "iam.amazonaws.com", "errorCode": "LimitExceeded",
            "requestParameters": { "userName": odd, "tags": [{ "key": odd, "value": 1.5e300 }] },
            "userAgent": odd, "errorMessage": odd, "eventID": odd, "sourceIPAddress": odd,
            "userIdentity": { "type": odd, "arn": odd, "accountId": odd },
        })),
        event(json!({
            "eventName": ["CreateUser"], "eventSource": { "a": 1 }, "errorCode": 403, "errorMessage": false,
            "requestParameters": [0.1, 12, -7, 1.5e300, true, null, {}, [], [[]]],
            "userIdentity": [{ "arn": "a" }, { "arn": "b" }], "sourceIPAddress": [], "userAgent": {},
        })),
        event(json!({
            "eventName": "x".repeat(5000), "requestParameters": { "x": "z\n\"\\".repeat(2000) },
            "userAgent": odd.repeat(2000), "errorMessage": odd.repeat(2000),
            "userIdentity": { "principalId": "y ".repeat(3000) },
        })),
    ];
    for (field, value) in [
        ("time", json!("2026-02-29T00:00:00Z")),
        ("time", json!(7)),
        ("time", json!("2060-01-01T00:00:00Z")),
        ("account", json!("999999999999")),
        ("account", json!(["x"])),
        ("region", json!("r\n".repeat(90))),
    ] {
        let mut other = all[3].clone();
        other[field] = value;
        all.push(other);
    }
    all
}

#[test]
fn a_mail_is_received_as_it_is_rendered() {
    let post = Post::open("210000000011");
    let machine = post.machine("mail", &post.definition());
    let input = target_input("acme", &post.alert, &post.topic, Partition::Aws).unwrap();
    for event in events() {
        let execution = post.run(&machine, &post.given(&event));
        assert_eq!(execution["status"], "SUCCEEDED", "{execution}");
        let mail = post.mail();
        let rendered = render(&post.facts, &input, RULE, &event).unwrap();
        assert_eq!(mail["Message"], rendered.message, "{}", rendered.message);
        assert_eq!(mail["Subject"], rendered.subject);
        assert_eq!(mail["TopicArn"], rendered.topic_arn);
    }
}

#[test]
fn what_cannot_be_sent_is_kept_and_the_execution_fails() {
    let post = Post::open("210000000012");
    let given = post.given(&event(json!({ "eventName": "StopLogging", "userAgent": "a\nb" })));
    let expected: Value = serde_json::from_str(&given).unwrap();

    let mut broken = post.definition();
    broken["States"]["Publish"]["Arguments"] = json!("{% $length(1) %}");
    let execution = post.run(&post.machine("not-composed", &broken), &given);
    assert_eq!(
        (&execution["status"], &execution["error"]),
        (&json!("FAILED"), &json!("Ctguard.MailFailed"))
    );
    let plain = post.mail();
    assert_eq!(
        serde_json::from_str::<Value>(plain["Message"].as_str().unwrap()).unwrap(),
        expected
    );
    assert!(plain["Subject"].as_str().unwrap().starts_with("[ALERT] "));

    let nowhere = given.replace(":people\"", ":gone\"");
    let execution = post.run(&post.machine("not-published", &post.definition()), &nowhere);
    assert_eq!(execution["status"], "FAILED", "{execution}");
    assert!(execution["cause"].as_str().unwrap().contains("dead-letter queue"), "{execution}");
    let kept: Value = serde_json::from_str(&post.received(&post.dead_letters)).unwrap();
    assert_eq!(kept, serde_json::from_str::<Value>(&nowhere).unwrap());

    let mut lost = post.definition();
    lost["States"]["KeepForLater"]["Arguments"]["QueueUrl"] =
        json!(format!("{}-gone", post.dead_letters));
    let execution = post.run(&post.machine("lost", &lost), &nowhere);
    assert_eq!(execution["status"], "FAILED", "{execution}");
    assert!(execution["cause"].as_str().unwrap().contains("this execution's input"), "{execution}");
}

/// The rows of the evaluator's own tests, in another interpreter. Some are of the reference
/// implementation alone: the port writes unusual numbers, and letters in JSON, in Python's way.
#[test]
fn another_interpreter_agrees_on_each_row() {
    let post = Post::open("210000000013");
    let rows: Vec<Value> = serde_json::from_str(ROWS).unwrap();
    let mut wrong = Vec::new();
    let rows = rows.iter().filter(|row| row.get("reference_only").is_none());
    for (number, row) in rows.enumerate() {
        let source = row["expression"].as_str().unwrap();
        let machine = json!({ "QueryLanguage": "JSONata", "StartAt": "Row", "States": { "Row": {
            "Type": "Pass", "End": true,
            "Output": format!("{{% ($in := $states.input.in; $is := ({source}); $exists($is) ? {{\"is\": $is}} : {{}}) %}}"),
        } } });
        let machine = post.machine(&format!("row-{number}"), &machine);
        let execution = post.run(&machine, &json!({ "in": row["in"] }).to_string());
        let output = execution["output"].as_str().unwrap_or("null");
        let said: Value = serde_json::from_str(output).unwrap();
        let same = match (said.get("is"), row.get("is")) {
            (Some(said), Some(is)) => {
                said == is || said.as_f64().is_some_and(|n| Some(n) == is.as_f64())
            }
            (None, None) => said.is_object(),
            _ => false,
        };
        if !same {
            wrong.push(format!(
                "{source} of {}: {said} instead of {:?}; {execution}",
                row["in"],
                row.get("is")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
