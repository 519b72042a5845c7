//! An account in which every kind of link stands, and the blueprint that it serves.

use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes, Topic};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::State;
use ctguard_sandbox::fresh::{AccountKind, new_account};
use ctguard_sandbox::state::{
    StoredFunction, StoredKey, StoredQueue, StoredSubscription, StoredTopic,
};
use serde_json::{Value, json};

pub const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Every kind of event that decides differently, with the destinations each goes to.
pub const ALERTS: [&str; 16] = [
    "{ id: route, title: Route, risk: high, events: [ec2:CreateRoute, ec2:ReplaceRoute], notify: [mail], why: w, next: n }",
    "{ id: user, title: User, risk: high, events: [iam:CreateUser], outcome: success, notify: [mail, vault], why: w, next: n }",
    "{ id: assume, title: Assume, risk: low, events: [sts:AssumeRole], notify: [mail], why: w, next: n }",
    "{ id: signin, title: Sign-in, risk: high, events: [signin:ConsoleLogin], where: { userIdentity.type: [Root] }, notify: [hook], why: w, next: n }",
    "{ id: trail, title: Trail, risk: critical, events: [cloudtrail:StopLogging, cloudtrail:DeleteTrail], notify: [mail, chat], why: w, next: n }",
    "{ id: key, title: Key, risk: high, events: [kms:DisableKey, kms:ScheduleKeyDeletion], notify: [vault, siem], why: w, next: n }",
    "{ id: mixed, title: Mixed, risk: medium, events: [ec2:CreateSecurityGroup, rds:CreateDBInstance, kms:PutKeyPolicy], notify: [siem], why: w, next: n }",
    "{ id: look, title: Look, risk: low, events: [ec2:DescribeInstances], outcome: failure, notify: [shared], why: w, next: n }",
    "{ id: object, title: Object, risk: medium, events: [s3:DeleteObject], notify: [mail], why: w, next: n }",
    "{ id: code, title: Code, risk: medium, events: [lambda:UpdateFunctionCode], notify: [func], why: w, next: n }",
    "{ id: far, title: Far, risk: medium, events: [ec2:DeleteFlowLogs], notify: [far, hook], why: w, next: n }",
    "{ id: spare, title: Spare, risk: high, events: [ec2:CreateVpc], except: [{ where: { userIdentity.userName: [{ wildcard: 'robot-*' }] }, reason: drills }], notify: [mail, hook], why: w, next: n }",
    "{ id: region, title: Region, risk: high, events: [account:EnableRegion, organizations:LeaveOrganization], notify: [mail], why: w, next: n }",
    "{ id: unusual, title: Unusual, risk: low, events: [{ source: ec2, name: RunInstances, unchecked: true, kind: insight }], allow: [unchecked-known], notify: [siem], why: w, next: n }",
    "{ id: vpce, title: Endpoint, risk: low, events: [{ source: secretsmanager, name: GetSecretValue, unchecked: true, kind: network, read_only: true }], where: { errorCode: [VpceAccessDenied] }, notify: [siem], why: w, next: n }",
    "{ id: written, title: Written, risk: high, events: [ec2:CreateSubnet], notify: [written], why: w, next: n }",
];

const DESTINATIONS: &str = r#"
destinations:
  mail: { topic: mail, format: text, subscribers: [{ email: a@acme.example }, { email: b@acme.example }] }
  hook: { topic: hook, format: json, subscribers: [{ https: "https://hooks.acme.example/in" }] }
  siem: { topic: siem, format: json, subscribers: [{ sqs: "arn:aws:sqs:eu-west-1:111122223333:siem" }] }
  func: { topic: func, format: json, subscribers: [{ lambda: "arn:aws:lambda:eu-west-1:111122223333:function:triage" }] }
  chat: { topic: chat, format: chat, subscribers: [{ chat: "arn:aws:chatbot::111122223333:chat-configuration/slack-channel/c" }] }
  vault: { topic: vault, format: text, kms_key: alias/alerts, subscribers: [{ email: a@acme.example }] }
  far: { topic: far, format: raw, subscribers: [{ sqs: "arn:aws:sqs:eu-west-1:999988887777:far" }] }
  written: { topic: written, format: mail, subscribers: [{ email: a@acme.example }] }
  shared: { topic_arn: "arn:aws:sns:{region}:{account}:shared", format: raw, subscribers: [{ sqs: "arn:aws:sqs:eu-west-1:111122223333:siem" }] }
"#;

/// Whose trail records the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trails {
    Kept,
    Foreign,
}

pub fn blueprint(alerts: &[usize], trails: Trails) -> String {
    let trail = match trails {
        Trails::Kept => {
            "trail: { name: acme-management, bucket: acme-logs-111122223333, home_region: us-east-1, additional: true }\n"
        }
        Trails::Foreign => "",
    };
    let alerts: String = alerts.iter().map(|at| format!("  - {}\n", ALERTS[*at])).collect();
    format!(
        "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\n{trail}{DESTINATIONS}\nalerts:\n{alerts}"
    )
}

pub fn account() -> AccountId {
    AccountId::new("111122223333").unwrap()
}

pub fn place(region: &str) -> Place {
    Place::new(account(), Region::new(region).unwrap())
}

/// What stands before ctguard comes: keys, a queue, a function, a topic of somebody else's.
pub fn town(trails: Trails) -> State {
    let regions = REGIONS.map(|name| Region::new(name).unwrap());
    let kind = match trails {
        Trails::Kept => AccountKind::Bare,
        Trails::Foreign => AccountKind::WithTrail,
    };
    let mut state = new_account(kind, &account(), &regions);
    furnish(&mut state, &account());
    state
}

/// Adds the keys, the queue, the function and the topic of somebody else's to an account.
pub fn furnish(state: &mut State, account: &AccountId) {
    let place = |region: &str| Place::new(account.clone(), Region::new(region).unwrap());
    for region in REGIONS {
        let place = place(region);
        let shared = place.arn("sns", "shared");
        let siem = Endpoint::new(Protocol::Sqs, "arn:aws:sqs:eu-west-1:111122223333:siem");
        let subscription = StoredSubscription::Confirmed {
            arn: format!("{shared}:0a1b"),
            attributes: SubscriptionAttributes::default(),
        };
        let topic = StoredTopic {
            topic: Topic {
                policy: Some(allow("events.amazonaws.com", "sns:Publish", &shared)),
                ..Topic::default()
            },
            subscriptions: [(siem, subscription)].into(),
            tags: Default::default(),
        };
        let regional = state.region_mut(&place);
        regional.topics.insert("shared".into(), topic);
        regional.keys.insert("0000-alerts".into(), key("alias/alerts", "events.amazonaws.com"));
    }
    let home = state.region_mut(&place("eu-west-1"));
    home.keys.insert("0001-siem".into(), key("alias/siem", "sns.amazonaws.com"));
    let queue = Queue {
        policy: Some(allow(
            "sns.amazonaws.com",
            "sqs:SendMessage",
            "arn:aws:sqs:eu-west-1:111122223333:siem",
        )),
        ..Queue::default()
    };
    home.queues.insert("siem".into(), StoredQueue { queue, ..Default::default() });
    let policy = allow(
        "sns.amazonaws.com",
        "lambda:InvokeFunction",
        "arn:aws:lambda:eu-west-1:111122223333:function:triage",
    );
    home.functions
        .insert("triage".into(), StoredFunction { policy: Some(policy), ..Default::default() });
}

pub fn allow(service: &str, action: &str, resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "theirs", "Effect": "Allow", "Principal": { "Service": service }, "Action": action, "Resource": resource,
    }] })
}

fn key(alias: &str, service: &str) -> StoredKey {
    StoredKey {
        aliases: [alias.to_owned()].into(),
        enabled: true,
        aws_managed: false,
        asymmetric: false,
        policy: json!({ "Statement": [{
            "Effect": "Allow", "Principal": { "Service": service },
            "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*",
        }] }),
    }
}
