//! Which permissions a call takes, on what: from AWS's service authorization reference, not from ctguard.
//!
//! Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use crate::stub::Call;
use serde_json::{Value, json};
use std::fmt;

/// One permission that a call takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// `events:PutRule`.
    pub action: String,
    /// An ARN, or `?` where AWS asks with no resource at all.
    pub resource: String,
    /// The values of the condition keys that the call carries.
    pub context: Vec<(String, Vec<String>)>,
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)
    }
}

fn needed(action: impl Into<String>, resource: impl Into<String>) -> Needed {
    Needed { action: action.into(), resource: resource.into(), context: Vec::new() }
}

/// What a call made in this account takes. Panics at a call of which it has never heard, so that a new one is not
/// overlooked.
pub fn asked(call: &Call, account: &str) -> Vec<Needed> {
    let target = call.headers.get("x-amz-target").map_or("", String::as_str);
    let at = At { call, account };
    match target.split('.').next().unwrap_or_default() {
        "AWSEvents" => at.events(),
        "AmazonSQS" => at.sqs(),
        "AWSStepFunctions" => at.states(),
        "ResourceGroupsTaggingAPI_20170126" => vec![needed(format!("tag:{}", call.operation), "?")],
        _ if target.contains("CloudTrail") => at.cloudtrail(),
        _ if call.operation == "GetMetricData" => vec![needed("cloudwatch:GetMetricData", "?")],
        _ if call.has("Action") => at.form(),
        _ if call.operation.contains(' ') => vec![at.s3()],
        _ => panic!("which permission does this take? {call:?}"),
    }
}

struct At<'a> {
    call: &'a Call,
    account: &'a str,
}

impl At<'_> {
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.call.region, self.account)
    }

    fn word(&self, name: &str) -> String {
        self.call.parameter(name).as_str().unwrap_or_default().to_owned()
    }

    fn has_list(&self, name: &str) -> bool {
        match self.call.parameter(name) {
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            _ => false,
        }
    }

    fn rule(&self, name: &str) -> String {
        match self.word("EventBusName").as_str() {
            "" | "default" => self.arn("events", &format!("rule/{name}")),
            bus => self.arn("events", &format!("rule/{bus}/{name}")),
        }
    }

    fn events(&self) -> Vec<Needed> {
        let operation = self.call.operation.as_str();
        let action = format!("events:{operation}");
        match operation {
            "ListEventBuses" | "PutPermission" => vec![needed(action, "?")],
            "ListRules" => vec![needed(action, self.arn("events", "rule/*"))],
            "TagResource" | "ListTagsForResource" => vec![needed(action, self.word("ResourceARN"))],
            "DescribeEventBus" | "CreateEventBus" | "DeleteEventBus" => {
                let bus = self.arn("events", &format!("event-bus/{}", self.word("Name")));
                let mut all = vec![needed(action, &bus)];
                if self.has_list("Tags") {
                    all.push(needed("events:TagResource", bus));
                }
                all
            }
            "PutRule" | "DeleteRule" => {
                let rule = self.rule(&self.word("Name"));
                let mut all = vec![needed(action, &rule)];
                if self.has_list("Tags") {
                    all.push(needed("events:TagResource", rule));
                }
                all
            }
            "PutTargets" | "RemoveTargets" | "ListTargetsByRule" => {
                let mut all = vec![needed(action, self.rule(&self.word("Rule")))];
                let targets = self.call.parameter("Targets");
                for role in targets.as_array().into_iter().flatten().map(|t| &t["RoleArn"]) {
                    let Some(role) = role.as_str() else { continue };
                    let to =
                        ("iam:PassedToService".to_owned(), vec!["events.amazonaws.com".to_owned()]);
                    all.push(Needed { context: vec![to], ..needed("iam:PassRole", role) });
                }
                all
            }
            other => panic!("which permission does events {other} take?"),
        }
    }

    fn states(&self) -> Vec<Needed> {
        let operation = self.call.operation.as_str();
        let named = || self.arn("states", &format!("stateMachine:{}", self.word("name")));
        let machine = match operation {
            "CreateStateMachine" => named(),
            "TagResource" | "UntagResource" | "ListTagsForResource" => self.word("resourceArn"),
            "DescribeStateMachine" | "UpdateStateMachine" | "DeleteStateMachine" => {
                self.word("stateMachineArn")
            }
            other => panic!("which permission does states {other} take?"),
        };
        let mut all = vec![needed(format!("states:{operation}"), &machine)];
        if operation == "CreateStateMachine" && self.has_list("tags") {
            all.push(needed("states:TagResource", machine));
        }
        let role = self.word("roleArn");
        if !role.is_empty() {
            let to = ("iam:PassedToService".to_owned(), vec!["states.amazonaws.com".to_owned()]);
            all.push(Needed { context: vec![to], ..needed("iam:PassRole", role) });
        }
        all
    }

    fn sqs(&self) -> Vec<Needed> {
        let name = match self.word("QueueUrl") {
            url if url.is_empty() => self.word("QueueName"),
            url => url.rsplit('/').next().unwrap_or_default().to_owned(),
        };
        let queue = self.arn("sqs", &name);
        let mut all = vec![needed(format!("sqs:{}", self.call.operation), &queue)];
        if self.call.operation == "CreateQueue" && self.has_list("tags") {
            all.push(needed("sqs:TagQueue", queue));
        }
        all
    }

    fn cloudtrail(&self) -> Vec<Needed> {
        let operation = self.call.operation.as_str();
        let action = format!("cloudtrail:{operation}");
        let trail = |name: String| match name.starts_with("arn:") {
            true => name,
            false => self.arn("cloudtrail", &format!("trail/{name}")),
        };
        match operation {
            "DescribeTrails" | "LookupEvents" => vec![needed(action, "?")],
            "GetEventSelectors" | "PutEventSelectors" => {
                vec![needed(action, trail(self.word("TrailName")))]
            }
            "ListTags" => {
                let list = self.call.parameter("ResourceIdList");
                let arn = list[0].as_str().unwrap_or_default();
                vec![needed(action, arn)]
            }
            "AddTags" | "RemoveTags" => {
                let tags = self.call.parameter("TagsList");
                let keys = tags.as_array().into_iter().flatten();
                let keys = keys.filter_map(|tag| tag["Key"].as_str().map(str::to_owned)).collect();
                let context = vec![("aws:TagKeys".to_owned(), keys)];
                vec![Needed { context, ..needed(action, self.word("ResourceId")) }]
            }
            "CreateTrail" => {
                let trail = trail(self.word("Name"));
                vec![needed(action, &trail), needed("cloudtrail:AddTags", trail)]
            }
            "GetTrailStatus" | "UpdateTrail" | "StartLogging" => {
                vec![needed(action, trail(self.word("Name")))]
            }
            other => panic!("which permission does cloudtrail {other} take?"),
        }
    }

    /// SNS, IAM and STS.
    fn form(&self) -> Vec<Needed> {
        let operation = self.call.operation.as_str();
        let tagged = self.call.has("Tags.member.1.Key");
        let role = || format!("arn:aws:iam::{}:role/{}", self.account, self.call.form("RoleName"));
        let with = |first: Needed, tagging: &str| {
            let mut all = vec![first];
            if tagged {
                all.push(needed(tagging, all[0].resource.clone()));
            }
            all
        };
        match operation {
            "GetCallerIdentity" => Vec::new(),
            "AssumeRole" => vec![needed("sts:AssumeRole", self.call.form("RoleArn"))],
            "CreateTopic" => {
                let topic = self.arn("sns", &self.call.form("Name"));
                with(needed("sns:CreateTopic", topic), "sns:TagResource")
            }
            "TagResource" | "ListTagsForResource" => {
                vec![needed(format!("sns:{operation}"), self.call.form("ResourceArn"))]
            }
            "GetSubscriptionAttributes" | "SetSubscriptionAttributes" | "Unsubscribe" => {
                vec![needed(format!("sns:{operation}"), "?")]
            }
            _ if self.call.has("TopicArn") => {
                vec![needed(format!("sns:{operation}"), self.call.form("TopicArn"))]
            }
            "CreateRole" => with(needed("iam:CreateRole", role()), "iam:TagRole"),
            _ if self.call.has("RoleName") => vec![needed(format!("iam:{operation}"), role())],
            other => panic!("which permission does {other} take?"),
        }
    }

    fn s3(&self) -> Needed {
        let (bucket, query) = self
            .call
            .path
            .trim_start_matches('/')
            .split_once('?')
            .unwrap_or((self.call.path.trim_start_matches('/'), ""));
        let bucket = bucket.trim_end_matches('/');
        let setting = query.split(['&', '=']).next().unwrap_or_default();
        let action = match (self.call.method.as_str(), setting) {
            ("HEAD", _) | ("GET", "list-type") => "ListBucket",
            ("PUT", "" | "x-id") => "CreateBucket",
            ("DELETE", "" | "x-id") => "DeleteBucket",
            ("GET", "policy") => "GetBucketPolicy",
            ("PUT", "policy") => "PutBucketPolicy",
            ("GET", "tagging") => "GetBucketTagging",
            // Taking the tags off is a call of its own, and no permission of its own:
            // https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html
            ("PUT" | "DELETE", "tagging") => "PutBucketTagging",
            ("GET", "versioning") => "GetBucketVersioning",
            ("PUT", "versioning") => "PutBucketVersioning",
            ("GET", "encryption") => "GetEncryptionConfiguration",
            ("PUT", "encryption") => "PutEncryptionConfiguration",
            ("GET", "lifecycle") => "GetLifecycleConfiguration",
            ("PUT", "lifecycle") => "PutLifecycleConfiguration",
            ("GET", "publicAccessBlock") => "GetBucketPublicAccessBlock",
            ("PUT", "publicAccessBlock") => "PutBucketPublicAccessBlock",
            ("GET", "ownershipControls") => "GetBucketOwnershipControls",
            ("PUT", "ownershipControls") => "PutBucketOwnershipControls",
            other => panic!("which permission does {other:?} take? {}", self.call.path),
        };
        needed(format!("s3:{action}"), format!("arn:aws:s3:::{bucket}"))
    }
}

/// Whether a policy allows it, as IAM decides: nothing is allowed that no statement allows. Knows the operators that
/// ctguard's policies use.
pub fn allows(policy: &Value, needed: &Needed) -> bool {
    policy["Statement"].as_array().unwrap().iter().any(|statement| grants(statement, needed))
}

/// Whether one statement allows it.
pub fn grants(statement: &Value, needed: &Needed) -> bool {
    assert_eq!(statement["Effect"], "Allow");
    let action = texts(&statement["Action"]).any(|action| action == needed.action);
    // What AWS asks with no resource is matched by nothing but the asterisk.
    let resource = texts(&statement["Resource"])
        .any(|pattern| pattern == "*" || needed.resource != "?" && glob(pattern, &needed.resource));
    let holds = |(operator, keys): (&String, &Value)| {
        keys.as_object().unwrap().iter().all(|(key, wanted)| {
            let said = needed.context.iter().find(|(name, _)| name == key).map(|(_, said)| said);
            let among = |value: &String| texts(wanted).any(|wanted| wanted == value);
            match operator.as_str() {
                "StringEquals" => said.is_some_and(|said| said.len() == 1 && among(&said[0])),
                "ForAllValues:StringEquals" => said.is_none_or(|said| said.iter().all(among)),
                other => panic!("what does {other} mean?"),
            }
        })
    };
    action && resource && statement["Condition"].as_object().into_iter().flatten().all(holds)
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let one = value.as_str();
    one.into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
}

/// `*` stands for any characters, slashes and colons too.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, rest)) => text.strip_prefix(before).is_some_and(|left| {
            (0..=left.len())
                .filter(|end| left.is_char_boundary(*end))
                .any(|end| glob(rest, &left[end..]))
        }),
    }
}

#[test]
fn a_statement_is_read_as_iam_reads_it() {
    let statement = |resource: Value, condition: Value| {
        let mut statement =
            json!({ "Effect": "Allow", "Action": ["iam:PassRole"], "Resource": resource });
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        statement
    };
    let to = |service: &str| Needed {
        context: vec![("iam:PassedToService".to_owned(), vec![service.to_owned()])],
        ..needed("iam:PassRole", "arn:aws:iam::111122223333:role/a")
    };
    let events = json!({ "StringEquals": { "iam:PassedToService": "events.amazonaws.com" } });
    let role = json!("arn:aws:iam::*:role/a");
    assert!(grants(&statement(role.clone(), events.clone()), &to("events.amazonaws.com")));
    assert!(!grants(&statement(role.clone(), events.clone()), &to("lambda.amazonaws.com")));
    assert!(!grants(&statement(role, events), &needed("iam:PassRole", "arn:aws:iam::1:role/a")));
    assert!(!grants(&statement(json!("arn:aws:iam::*:role/b*"), Value::Null), &to("x")));
    assert!(!grants(&statement(json!("arn:aws:*"), Value::Null), &needed("iam:PassRole", "?")));
    assert!(grants(&statement(json!(["a", "*"]), Value::Null), &needed("iam:PassRole", "?")));
}
