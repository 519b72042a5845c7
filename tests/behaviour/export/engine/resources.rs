//! The calls that CloudFormation makes for each type of resource.
//!
//! Properties that are not listed here are refused: the service has no such, or this test does not know
//! what it would do with them.

use super::{list, text};
use ctguard_core::action::{Action, TopicAttribute};
use ctguard_core::resource::Tags;
use ctguard_core::resource::bucket::Encryption;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::machine::{Machine, MachineType};
use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::rule::{
    Input, InputTransformer, RetryPolicy, Rule, RuleState, Target, Targets,
};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::resource::trail::Trail;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Properties of which each must be asked for.
struct Properties<'a> {
    all: &'a Value,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Properties<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.all.get(name)
    }

    fn text(&self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| panic!("{name} is missing in {}", self.all))
    }

    fn optional(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| text(value).to_owned())
    }

    fn is(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    fn document(&self, name: &str) -> Value {
        self.get(name).cloned().unwrap_or_else(|| panic!("{name} is missing"))
    }

    fn tags(&self) -> Tags {
        let list = self.get("Tags").and_then(Value::as_array).into_iter().flatten();
        list.map(|tag| (text(&tag["Key"]).to_owned(), text(&tag["Value"]).to_owned())).collect()
    }

    fn end(&self) {
        let asked = self.asked.borrow();
        let unknown = self.all.as_object().unwrap().keys().find(|key| !asked.contains(*key));
        assert!(unknown.is_none(), "there is no property {unknown:?}");
    }
}

/// The calls that make a resource; `queues` tells the settings of a queue that is there.
pub fn calls(kind: &str, properties: &Value, queues: &dyn Fn(&str) -> Queue) -> Vec<Action> {
    let of = Properties { all: properties, asked: RefCell::default() };
    let calls = match kind {
        "AWS::Events::EventBus" => bus(&of),
        "AWS::Events::Rule" => rule(&of),
        "AWS::SNS::Topic" => topic(&of),
        "AWS::SNS::TopicPolicy" => {
            let policy = of.document("PolicyDocument");
            let topics = list(&of.document("Topics"));
            topics
                .iter()
                .map(|arn| Action::SetTopicAttribute {
                    name: last(arn),
                    attribute: TopicAttribute::Policy(policy.clone()),
                })
                .collect()
        }
        "AWS::SNS::Subscription" => subscription(&of),
        "AWS::SQS::Queue" => vec![Action::CreateQueue {
            name: of.text("QueueName"),
            queue: queue(&of),
            tags: of.tags(),
        }],
        "AWS::SQS::QueuePolicy" => queue_policy(&of, queues),
        "AWS::IAM::Role" => role(&of),
        "AWS::StepFunctions::StateMachine" => vec![Action::CreateStateMachine {
            name: of.text("StateMachineName"),
            machine: Machine {
                definition: of.text("DefinitionString"),
                role_arn: of.text("RoleArn"),
                machine_type: match of.text("StateMachineType").as_str() {
                    "STANDARD" => MachineType::Standard,
                    "EXPRESS" => MachineType::Express,
                    other => panic!("{other}"),
                },
                kms_key: None,
            },
            tags: of.tags(),
        }],
        "AWS::CloudTrail::Trail" => trail(&of),
        "AWS::S3::Bucket" => bucket(&of),
        "AWS::S3::BucketPolicy" => vec![Action::PutBucketPolicy {
            name: of.text("Bucket"),
            policy: of.document("PolicyDocument"),
        }],
        other => panic!("{other} is not known"),
    };
    of.end();
    calls
}

fn last(arn: &str) -> String {
    arn.rsplit(':').next().unwrap().to_owned()
}

fn bus(of: &Properties<'_>) -> Vec<Action> {
    let name = of.text("Name");
    let policy = of.document("Policy");
    vec![
        Action::CreateEventBus { name: name.clone(), tags: of.tags() },
        Action::PutBusPolicy { bus: name, policy },
    ]
}

fn topic(of: &Properties<'_>) -> Vec<Action> {
    let name = of.text("TopicName");
    let set =
        |attribute: TopicAttribute| Action::SetTopicAttribute { name: name.clone(), attribute };
    let mut calls = vec![
        Action::CreateTopic { name: name.clone(), tags: of.tags() },
        set(TopicAttribute::DisplayName(of.text("DisplayName"))),
    ];
    let key = of.optional("KmsMasterKeyId");
    calls.extend(key.map(|key| set(TopicAttribute::KmsMasterKeyId(Some(key)))));
    calls
}

fn subscription(of: &Properties<'_>) -> Vec<Action> {
    let protocol = Protocol::parse(&of.text("Protocol")).unwrap();
    let redrive = of.get("RedrivePolicy").map(|one| text(&one["deadLetterTargetArn"]).to_owned());
    let attributes =
        SubscriptionAttributes { dead_letter_arn: redrive, ..SubscriptionAttributes::default() };
    let endpoint = Endpoint::new(protocol, of.text("Endpoint"));
    let topic = last(&of.text("TopicArn"));
    vec![Action::Subscribe { topic, endpoint, attributes }]
}

fn queue(of: &Properties<'_>) -> Queue {
    Queue {
        message_retention_seconds: of
            .get("MessageRetentionPeriod")
            .and_then(Value::as_u64)
            .unwrap()
            .try_into()
            .unwrap(),
        sqs_managed_sse: of.is("SqsManagedSseEnabled"),
        kms_key: of.optional("KmsMasterKeyId"),
        policy: None,
    }
}

fn queue_policy(of: &Properties<'_>, settings: &dyn Fn(&str) -> Queue) -> Vec<Action> {
    let policy = of.document("PolicyDocument");
    let queues = list(&of.document("Queues"));
    let names = queues.iter().map(|url| url.strip_prefix("url-of:").unwrap().to_owned());
    names
        .map(|name| {
            let queue = Queue { policy: Some(policy.clone()), ..settings(&name) };
            Action::SetQueueAttributes { name, queue }
        })
        .collect()
}

fn role(of: &Properties<'_>) -> Vec<Action> {
    let name = of.text("RoleName");
    let trust = of.document("AssumeRolePolicyDocument");
    let mut calls = vec![Action::CreateRole { name: name.clone(), trust, tags: of.tags() }];
    for policy in of.document("Policies").as_array().unwrap() {
        calls.push(Action::PutRolePolicy {
            role: name.clone(),
            name: text(&policy["PolicyName"]).to_owned(),
            policy: policy["PolicyDocument"].clone(),
        });
    }
    calls
}

fn trail(of: &Properties<'_>) -> Vec<Action> {
    let name = of.text("TrailName");
    let trail = Trail {
        bucket: of.text("S3BucketName"),
        key_prefix: of.optional("S3KeyPrefix"),
        multi_region: of.is("IsMultiRegionTrail"),
        organization: of.is("IsOrganizationTrail"),
        global_service_events: of.is("IncludeGlobalServiceEvents"),
        log_file_validation: of.is("EnableLogFileValidation"),
        kms_key: of.optional("KMSKeyId"),
    };
    let mut calls = vec![Action::CreateTrail { name: name.clone(), trail, tags: of.tags() }];
    if of.is("IsLogging") {
        calls.push(Action::StartLogging { name });
    }
    calls
}

fn bucket(of: &Properties<'_>) -> Vec<Action> {
    let name = of.text("BucketName");
    let mut calls = vec![
        Action::CreateBucket { name: name.clone(), tags: Tags::new() },
        Action::PutBucketTagging { name: name.clone(), tags: of.tags() },
    ];
    let block = of.document("PublicAccessBlockConfiguration");
    let all = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
    if all.iter().all(|one| block[one] == true) {
        calls.push(Action::PutPublicAccessBlock { name: name.clone() });
    }
    let owner = json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] });
    if of.document("OwnershipControls") == owner {
        calls.push(Action::PutBucketOwnershipControls { name: name.clone() });
    }
    if of.document("VersioningConfiguration") == json!({ "Status": "Enabled" }) {
        calls.push(Action::PutBucketVersioning { name: name.clone() });
    }
    let encryption = of.document("BucketEncryption");
    let rule = &encryption["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"];
    let encryption = match text(&rule["SSEAlgorithm"]) {
        "AES256" => Encryption::S3Managed,
        _ => Encryption::Kms(rule.get("KMSMasterKeyID").map(|key| text(key).to_owned())),
    };
    calls.push(Action::PutBucketEncryption { name: name.clone(), encryption });
    let lifecycle = of.document("LifecycleConfiguration");
    let rule = &lifecycle["Rules"][0];
    assert_eq!(rule["Status"], "Enabled");
    assert!(rule.get("ExpirationInDays").is_none(), "current log files never expire: {rule}");
    calls.push(Action::PutBucketLifecycle { name });
    calls
}

fn rule(of: &Properties<'_>) -> Vec<Action> {
    let key = RuleKey::on(of.optional("EventBusName").as_deref(), &of.text("Name"));
    let state = match of.text("State").as_str() {
        "ENABLED" => RuleState::Enabled,
        "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" => {
            RuleState::EnabledWithAllCloudtrailManagementEvents
        }
        other => panic!("{other}"),
    };
    let rule = Rule {
        state,
        event_pattern: of.optional("EventPattern"),
        schedule_expression: of.optional("ScheduleExpression"),
        description: of.optional("Description"),
        role_arn: None,
        managed_by: None,
    };
    let targets: Targets = of
        .document("Targets")
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["Id"]).to_owned(), target(one)))
        .collect();
    vec![
        Action::PutRule { name: key.clone(), rule, tags: of.tags() },
        Action::PutTargets { rule: key, targets },
    ]
}

fn target(value: &Value) -> Target {
    let of = Properties { all: value, asked: RefCell::default() };
    of.get("Id");
    let input = match (of.get("InputTransformer"), of.optional("Input"), of.optional("InputPath")) {
        (Some(transformer), None, None) => Input::Transformer(InputTransformer {
            paths: transformer
                .get("InputPathsMap")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(name, path)| (name.clone(), text(path).to_owned()))
                .collect(),
            template: text(&transformer["InputTemplate"]).to_owned(),
        }),
        (None, Some(constant), None) => Input::Constant(constant),
        (None, None, Some(path)) => Input::Path(path),
        (None, None, None) => Input::Event,
        _ => panic!("two inputs: {value}"),
    };
    let number = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
    let target = Target {
        arn: of.text("Arn"),
        role_arn: of.optional("RoleArn"),
        input,
        dead_letter_arn: of.get("DeadLetterConfig").map(|one| text(&one["Arn"]).to_owned()),
        retry_policy: of.get("RetryPolicy").map(|retry| RetryPolicy {
            maximum_event_age_seconds: number(&retry["MaximumEventAgeInSeconds"]),
            maximum_retry_attempts: number(&retry["MaximumRetryAttempts"]),
        }),
        other_parameters: Vec::new(),
    };
    of.end();
    target
}
