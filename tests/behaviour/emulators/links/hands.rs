//! Somebody with an HTTP client who breaks one thing of the deployed blueprint, and puts it right again.

use super::super::lane::{Kind, Lane, Operation, cloudtrail, events, kms, sqs};
use serde_json::{Value, json};

pub const HOME: &str = "us-east-1";
/// Where everything but the trail is broken: the region that is not the trail's home.
pub const HERE: &str = "eu-west-1";
pub const TRAIL: &str = "links-management";
pub const ROUTE: &str = "ctguard-links-route";
pub const LOOK: &str = "ctguard-links-look";
pub const MAIL: &str = "ctguard-links-mail";
pub const SIEM: &str = "ctguard-links-siem";
pub const CHAT: &str = "ctguard-links-chat";
pub const REFUSED: &str = "ctguard-links-targets";
pub const INBOX: &str = "siem";
const KEY: &str = "alias/alerts";

/// The blueprint of the rows: an alert for each kind of event that trails and rules treat differently.
pub fn blueprint(kind: Kind, account: &str) -> String {
    // ministack would want a true handshake with the chat service.
    let (chat, alert) = match kind {
        Kind::Ministack => (String::new(), ""),
        Kind::Moto => (
            format!(
                "  chat: {{ topic: chat, format: chat, subscribers: [{{ chat: \"arn:aws:chatbot::{account}:chat-configuration/slack-channel/secops\" }}] }}\n"
            ),
            "  - { id: chat, title: Chat, risk: high, events: [ec2:CreateVpc], notify: [chat], why: w, next: n }\n",
        ),
    };
    format!(
        "\
version: 1
name: links
regions: [{HOME}, {HERE}]
trail: {{ name: {TRAIL}, bucket: links-cloudtrail-logs-{account}, home_region: {HOME} }}
destinations:
  mail: {{ topic: mail, format: text, subscribers: [{{ email: a@acme.example }}] }}
  siem: {{ topic: siem, format: json, kms_key: {KEY}, subscribers: [{{ sqs: \"arn:aws:sqs:{HERE}:{account}:{INBOX}\" }}] }}
{chat}alerts:
  - {{ id: route, title: Route, risk: high, events: [ec2:CreateRoute], notify: [mail, siem], why: w, next: n }}
  - {{ id: look, title: Look, risk: low, events: [ec2:DescribeInstances], outcome: failure, notify: [siem], why: w, next: n }}
  - {{ id: mixed, title: Mixed, risk: high, events: [iam:CreateUser, kms:DisableKey, s3:DeleteObject], notify: [mail], why: w, next: n }}
{alert}"
    )
}

/// What a lane's account is changed with.
pub struct Hands<'a> {
    pub lane: &'a Lane,
}

impl Hands<'_> {
    /// Makes what the blueprint only refers to: the queue of the subscriber, the keys.
    pub fn settle(&self) {
        self.lane.inbox(HERE, INBOX);
        for region in [HOME, HERE] {
            let made = self.lane.json(region, kms("CreateKey"), &json!({}));
            let id = made["KeyMetadata"]["KeyId"].as_str().unwrap();
            self.name_key(region, id);
        }
        self.lane.json(HOME, kms("PutKeyPolicy"), &self.key_policy(HOME, None));
        self.put_key_policy(None);
    }

    /// Makes what others make once the topics are there.
    pub fn join(&self, kind: Kind) {
        self.record(basic("All", &[]));
        if kind == Kind::Moto {
            for region in [HOME, HERE] {
                self.subscribe_chat(region);
            }
        }
    }

    pub fn apply(&self) {
        self.lane.ctguard(&["apply", "--yes"]).expect(0);
    }

    // The trail.

    pub fn trail(&self, operation: &'static str, settings: Value) {
        let mut parameters = settings;
        parameters["Name"] = json!(TRAIL);
        self.lane.json(HOME, cloudtrail(operation), &parameters);
    }

    /// Replaces the selectors of management events; those of data events stay.
    pub fn record(&self, selectors: Value) {
        let mut parameters = selectors;
        parameters["TrailName"] = json!(TRAIL);
        self.lane.json(HOME, cloudtrail("PutEventSelectors"), &parameters);
    }

    pub fn bucket_name(&self) -> String {
        format!("links-cloudtrail-logs-{}", self.lane.account)
    }

    // Rules and targets.

    pub fn events(&self, operation: &'static str, parameters: Value) -> Value {
        self.lane.json(HERE, events(operation), &parameters)
    }

    pub fn delete_rule(&self, name: &str) {
        let live = self.events("ListTargetsByRule", json!({ "Rule": name }));
        let targets = live["Targets"].as_array().into_iter().flatten();
        let ids: Vec<&Value> = targets.map(|target| &target["Id"]).collect();
        self.events("RemoveTargets", json!({ "Rule": name, "Ids": ids }));
        self.events("DeleteRule", json!({ "Name": name }));
    }

    /// Puts a rule as it is, but for what is changed.
    pub fn put_rule(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let live = self.events("DescribeRule", json!({ "Name": name }));
        let mut rule = json!({});
        for setting in ["Name", "EventPattern", "State", "Description"] {
            rule[setting] = live[setting].clone();
        }
        change(&mut rule);
        self.events("PutRule", rule);
    }

    /// Puts a target of the rule `ROUTE` as it is, but for what is changed.
    pub fn put_target(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let live = self.events("ListTargetsByRule", json!({ "Rule": ROUTE }));
        let targets = live["Targets"].as_array().unwrap();
        let mut target = targets.iter().find(|target| target["Id"] == id).unwrap().clone();
        change(&mut target);
        self.events("PutTargets", json!({ "Rule": ROUTE, "Targets": [target] }));
    }

    /// As many rules as it takes to fill the default bus, one of them less or more.
    pub fn others_rules(&self, operation: &'static str, numbers: std::ops::Range<usize>) {
        for number in numbers {
            let mut rule = json!({ "Name": format!("theirs-{number}") });
            if operation == "PutRule" {
                rule["EventPattern"] = json!(r#"{"source":["theirs"]}"#);
                rule["State"] = json!("DISABLED");
            }
            self.events(operation, rule);
        }
    }

    // Topics and their subscriptions.

    pub fn topic(&self, name: &str) -> String {
        self.lane.arn("sns", HERE, name)
    }

    pub fn set_topic(&self, name: &str, attribute: &str, value: &str) {
        let pairs = [
            ("Action", "SetTopicAttributes"),
            ("TopicArn", &self.topic(name)),
            ("AttributeName", attribute),
            ("AttributeValue", value),
        ];
        self.lane.sns(HERE, &pairs);
    }

    /// Replaces the statement that ctguard put into a topic's policy, and adds others.
    pub fn set_topic_policy(&self, name: &str, condition: Option<Value>, more: Option<Value>) {
        let mut ours = json!({
            "Sid": "events",
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish",
            "Resource": self.topic(name),
        });
        if let Some(condition) = condition {
            ours["Condition"] = condition;
        }
        let statements: Vec<Value> = [ours].into_iter().chain(more).collect();
        self.policy(name, &statements);
    }

    pub fn policy(&self, name: &str, statements: &[Value]) {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        self.set_topic(name, "Policy", &policy.to_string());
    }

    pub fn delete_topic(&self, name: &str) {
        self.lane.sns(HERE, &[("Action", "DeleteTopic"), ("TopicArn", &self.topic(name))]);
    }

    /// The only subscription of a topic.
    fn subscription(&self, topic: &str) -> String {
        let pairs = [("Action", "ListSubscriptionsByTopic"), ("TopicArn", &self.topic(topic))];
        let listed = self.lane.sns(HERE, &pairs);
        let mut arns = listed.split("<SubscriptionArn>").skip(1);
        let arn = arns.next().and_then(|rest| rest.split('<').next()).unwrap().to_owned();
        assert_eq!(arns.next(), None, "{listed}");
        arn
    }

    pub fn unsubscribe(&self, topic: &str) {
        let subscription = self.subscription(topic);
        self.lane.sns(HERE, &[("Action", "Unsubscribe"), ("SubscriptionArn", &subscription)]);
    }

    pub fn set_subscription(&self, topic: &str, attribute: &str, value: &str) {
        let pairs = [
            ("Action", "SetSubscriptionAttributes"),
            ("SubscriptionArn", &self.subscription(topic)),
            ("AttributeName", attribute),
            ("AttributeValue", value),
        ];
        self.lane.sns(HERE, &pairs);
    }

    /// Does what the chat service does when a channel lists the topic.
    pub fn subscribe_chat(&self, region: &str) {
        let pairs = [
            ("Action", "Subscribe"),
            ("TopicArn", &self.lane.arn("sns", region, CHAT)),
            ("Protocol", "https"),
            ("Endpoint", ctguard_core::resource::topic::CHAT_ENDPOINT),
        ];
        self.lane.sns(region, &pairs);
    }

    // Queues.

    pub fn queue(&self, operation: &'static str, name: &str, parameters: Value) {
        let found = self.lane.json(HERE, sqs("GetQueueUrl"), &json!({ "QueueName": name }));
        let mut parameters = parameters;
        parameters["QueueUrl"] = found["QueueUrl"].clone();
        self.lane.json(HERE, sqs(operation), &parameters);
    }

    pub fn set_queue(&self, name: &str, attributes: Value) {
        self.queue("SetQueueAttributes", name, json!({ "Attributes": attributes }));
    }

    /// Lets SNS send to the subscriber's queue and encrypts it with a key; an empty text is none. Both are
    /// said, since moto forgets a policy that is not said again.
    pub fn open_inbox(&self, key: &str) {
        let policy = self.lane.inbox_policy(HERE, INBOX);
        self.set_queue(INBOX, json!({ "Policy": policy, "KmsMasterKeyId": key }));
    }

    // Keys.

    fn name_key(&self, region: &str, id: &str) {
        let alias = json!({ "AliasName": KEY, "TargetKeyId": id });
        self.lane.json(region, kms("CreateAlias"), &alias);
    }

    fn key(&self, region: &str) -> Value {
        let found = self.lane.json(region, kms("DescribeKey"), &json!({ "KeyId": KEY }));
        found["KeyMetadata"]["KeyId"].clone()
    }

    /// A call about the key by its id: most take no alias.
    pub fn with_key(&self, operation: &'static str) {
        self.lane.json(HERE, kms(operation), &json!({ "KeyId": self.key(HERE) }));
    }

    /// Moves the alias away while something is looked at, and back.
    pub fn rename_key(&self, from: &str, to: &str) {
        let named = |alias: &str| json!({ "AliasName": alias });
        let found = self.lane.json(HERE, kms("DescribeKey"), &json!({ "KeyId": from }));
        let call = |operation: Operation, parameters: &Value| {
            self.lane.json(HERE, operation, parameters);
        };
        call(kms("DeleteAlias"), &named(from));
        let mut alias = named(to);
        alias["TargetKeyId"] = found["KeyMetadata"]["KeyId"].clone();
        call(kms("CreateAlias"), &alias);
    }

    fn key_policy(&self, region: &str, condition: Option<Value>) -> Value {
        let mut statement = json!({
            "Sid": "events",
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
            "Resource": "*",
        });
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        json!({ "KeyId": self.key(region), "PolicyName": "default", "Policy": policy.to_string() })
    }

    /// Lets EventBridge use the key, under a condition if there is one.
    pub fn put_key_policy(&self, condition: Option<Value>) {
        self.lane.json(HERE, kms("PutKeyPolicy"), &self.key_policy(HERE, condition));
    }

    /// Lets the account's own people use the key, and no service.
    pub fn shut_key(&self) {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "people",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{}:root", self.lane.account) },
            "Action": "kms:*",
            "Resource": "*",
        }] });
        let parameters = json!({
            "KeyId": self.key(HERE),
            "PolicyName": "default",
            "Policy": policy.to_string(),
        });
        self.lane.json(HERE, kms("PutKeyPolicy"), &parameters);
    }
}

/// Selectors of the older form; data events are in an entry of their own, so that nothing else moves.
pub fn basic(read_write: &str, excluded: &[&str]) -> Value {
    json!({ "EventSelectors": [
        {
            "ReadWriteType": read_write,
            "IncludeManagementEvents": true,
            "ExcludeManagementEventSources": excluded,
        },
        objects(),
    ] })
}

/// Selectors of the older form that record data events only.
pub fn basic_objects() -> Value {
    json!({ "EventSelectors": [objects()] })
}

fn objects() -> Value {
    json!({
        "ReadWriteType": "All",
        "IncludeManagementEvents": false,
        "DataResources": [{ "Type": "AWS::S3::Object", "Values": ["arn:aws:s3"] }],
    })
}

/// Selectors of the newer form: management events with this field too, and data events.
pub fn advanced(field: Option<Value>) -> Value {
    let category = json!({ "Field": "eventCategory", "Equals": ["Management"] });
    let fields: Vec<Value> = [category].into_iter().chain(field).collect();
    let mut selectors = advanced_objects();
    let list = selectors["AdvancedEventSelectors"].as_array_mut().unwrap();
    list.insert(0, json!({ "Name": "management", "FieldSelectors": fields }));
    selectors
}

/// Selectors of the newer form that record data events only.
pub fn advanced_objects() -> Value {
    json!({ "AdvancedEventSelectors": [{
        "Name": "objects",
        "FieldSelectors": [
            { "Field": "eventCategory", "Equals": ["Data"] },
            { "Field": "resources.type", "Equals": ["AWS::S3::Object"] },
        ],
    }] })
}
