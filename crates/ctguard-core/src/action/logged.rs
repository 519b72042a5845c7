//! What CloudTrail writes of each call: its event, and the request's parameters in CloudTrail's
//! spelling.
//!
//! Names of parameters begin in lower case, documents are texts, and a queue is named by its URL.
//! A test holds every name against the model of [`crate::record::request`].
//!
//! Sources: <https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html>,
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-logging-using-cloudtrail.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/logging-using-cloudtrail.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>

use super::{Action, SubscriptionAttribute, TopicAttribute};
use crate::resource::Tags;
use crate::resource::keys::RuleKey;
use crate::resource::queue::Queue;
use crate::resource::rule::{Input, Rule, Target, Targets};
use crate::resource::trail::{AdvancedSelector, BasicSelector, Selectors, Trail};
use crate::scope::Place;
use serde_json::{Map, Value, json};

/// The event of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// `sns.amazonaws.com`.
    pub source: String,
    /// `CreateTopic`.
    pub name: &'static str,
    /// `requestParameters`.
    pub parameters: Value,
}

impl Logged {
    /// As people write the event: `sns:CreateTopic`.
    pub fn short(&self) -> String {
        crate::event::short(&self.source, self.name)
    }
}

impl Action {
    /// The event that CloudTrail logs of this call, made in a place.
    pub fn logged(&self, place: &Place) -> Logged {
        let operation = self.operation();
        let (service, name) = operation.split_once(':').unwrap_or((operation, operation));
        // S3's permissions have other names than its events.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
        let name = match name {
            "PutEncryptionConfiguration" => "PutBucketEncryption",
            "PutLifecycleConfiguration" => "PutBucketLifecycle",
            name => name,
        };
        let parameters = without_nothing(parameters(self, place));
        Logged { source: format!("{service}.amazonaws.com"), name, parameters }
    }
}

/// Leaves out what the call does not send.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nothing(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

fn parameters(action: &Action, place: &Place) -> Value {
    match action {
        Action::PutRule { .. }
        | Action::TagRule { .. }
        | Action::PutTargets { .. }
        | Action::RemoveTargets { .. }
        | Action::DeleteRule { .. }
        | Action::CreateEventBus { .. }
        | Action::PutBusPolicy { .. }
        | Action::TagEventBus { .. }
        | Action::DeleteEventBus { .. } => of_events(action, place),
        Action::CreateRole { name, trust, tags } => json!({
            "roleName": name, "assumeRolePolicyDocument": trust.to_string(), "tags": listed(tags),
        }),
        Action::UpdateAssumeRolePolicy { role, trust } => {
            json!({ "roleName": role, "policyDocument": trust.to_string() })
        }
        Action::PutRolePolicy { role, name, policy } => json!({
            "roleName": role, "policyName": name, "policyDocument": policy.to_string(),
        }),
        Action::TagRole { name, tags } => json!({ "roleName": name, "tags": listed(tags) }),
        Action::DeleteRolePolicy { role, name } => json!({ "roleName": role, "policyName": name }),
        Action::DeleteRole { name } => json!({ "roleName": name }),
        Action::CreateTopic { .. }
        | Action::SetTopicAttribute { .. }
        | Action::TagTopic { .. }
        | Action::DeleteTopic { .. }
        | Action::Subscribe { .. }
        | Action::SetSubscriptionAttribute { .. }
        | Action::Unsubscribe { .. }
        | Action::Publish { .. } => of_sns(action, place),
        Action::CreateStateMachine { name, tags, .. } => {
            json!({ "name": name, "tags": listed(tags) })
        }
        Action::UpdateStateMachine { name, .. } | Action::DeleteStateMachine { name } => {
            json!({ "stateMachineArn": place.arn("states", &format!("stateMachine:{name}")) })
        }
        Action::TagStateMachine { name, tags } => json!({
            "resourceArn": place.arn("states", &format!("stateMachine:{name}")),
            "tags": listed(tags),
        }),
        Action::UntagStateMachine { name, keys } => json!({
            "resourceArn": place.arn("states", &format!("stateMachine:{name}")),
            "tagKeys": keys,
        }),
        Action::CreateQueue { name, queue, tags } => json!({
            "queueName": name, "attributes": attributes(queue), "tags": mapped(tags),
        }),
        Action::SetQueueAttributes { name, queue } => {
            json!({ "queueUrl": place.queue_url(name), "attributes": attributes(queue) })
        }
        Action::TagQueue { name, tags } => {
            json!({ "queueUrl": place.queue_url(name), "tags": mapped(tags) })
        }
        Action::DeleteQueue { name } => json!({ "queueUrl": place.queue_url(name) }),
        Action::CreateTrail { name, trail, tags } => settings(name, trail, Some(tags)),
        Action::UpdateTrail { name, trail } => settings(name, trail, None),
        Action::PutEventSelectors { name, selectors } => selected(name, selectors),
        Action::StartLogging { name } => json!({ "name": name }),
        Action::TagTrail { name, tags } => {
            json!({ "resourceId": trail_arn(place, name), "tagsList": listed(tags) })
        }
        Action::UntagTrail { name, keys } => {
            let keys: Vec<Value> = keys.iter().map(|key| json!({ "key": key })).collect();
            json!({ "resourceId": trail_arn(place, name), "tagsList": keys })
        }
        Action::CreateBucket { name, .. }
        | Action::DeleteBucket { name }
        | Action::PutPublicAccessBlock { name }
        | Action::PutBucketVersioning { name }
        | Action::PutBucketEncryption { name, .. }
        | Action::PutBucketOwnershipControls { name }
        | Action::PutBucketPolicy { name, .. }
        | Action::PutBucketLifecycle { name }
        | Action::PutBucketTagging { name, .. } => json!({ "bucketName": name }),
    }
}

fn of_events(action: &Action, place: &Place) -> Value {
    match action {
        Action::PutRule { name, rule, tags } => put_rule(name, rule, tags),
        Action::TagRule { name, tags } => json!({
            "resourceARN": place.arn("events", &format!("rule/{name}")), "tags": listed(tags),
        }),
        Action::PutTargets { rule, targets } => json!({
            "rule": rule.name(), "eventBusName": rule.bus(), "targets": sent(targets),
        }),
        Action::RemoveTargets { rule, ids } => {
            json!({ "rule": rule.name(), "eventBusName": rule.bus(), "ids": ids })
        }
        Action::DeleteRule { name } => json!({ "name": name.name(), "eventBusName": name.bus() }),
        Action::CreateEventBus { name, tags } => json!({ "name": name, "tags": listed(tags) }),
        Action::PutBusPolicy { bus, policy } => {
            json!({ "eventBusName": bus, "policy": policy.to_string() })
        }
        Action::TagEventBus { name, tags } => json!({
            "resourceARN": place.arn("events", &format!("event-bus/{name}")), "tags": listed(tags),
        }),
        Action::DeleteEventBus { name } => json!({ "name": name }),
        _ => Value::Null,
    }
}

fn put_rule(key: &RuleKey, rule: &Rule, tags: &Tags) -> Value {
    json!({
        "name": key.name(),
        "eventBusName": key.bus(),
        "eventPattern": rule.event_pattern,
        "scheduleExpression": rule.schedule_expression,
        "state": rule.state.as_str(),
        "description": rule.description,
        "roleArn": rule.role_arn,
        "tags": listed(tags),
    })
}

fn sent(targets: &Targets) -> Value {
    let one = |(id, target): (&String, &Target)| {
        let (path, constant, transformer) = match &target.input {
            Input::Event => (None, None, None),
            Input::Path(path) => (Some(path), None, None),
            Input::Constant(text) => (None, Some(text), None),
            Input::Transformer(transformer) => (None, None, Some(transformer)),
        };
        without_nothing(json!({
            "id": id,
            "arn": target.arn,
            "roleArn": target.role_arn,
            "inputPath": path,
            "input": constant,
            "inputTransformer": transformer.map(|transformer| json!({
                "inputPathsMap": transformer.paths, "inputTemplate": transformer.template,
            })),
            "deadLetterConfig": target.dead_letter_arn.as_ref().map(|arn| json!({ "arn": arn })),
        }))
    };
    targets.iter().map(one).collect()
}

fn of_sns(action: &Action, place: &Place) -> Value {
    match action {
        Action::CreateTopic { name, tags } => json!({ "name": name, "tags": listed(tags) }),
        Action::SetTopicAttribute { name, attribute } => {
            let (attribute, value) = match attribute {
                TopicAttribute::Policy(policy) => ("Policy", policy.to_string()),
                TopicAttribute::KmsMasterKeyId(key) => {
                    ("KmsMasterKeyId", key.clone().unwrap_or_default())
                }
                TopicAttribute::DisplayName(text) => ("DisplayName", text.clone()),
            };
            json!({
                "topicArn": place.arn("sns", name),
                "attributeName": attribute,
                "attributeValue": value,
            })
        }
        Action::TagTopic { name, tags } => {
            json!({ "resourceArn": place.arn("sns", name), "tags": listed(tags) })
        }
        Action::DeleteTopic { name } => json!({ "topicArn": place.arn("sns", name) }),
        // An endpoint may be a secret: nothing is said of it.
        Action::Subscribe { topic, endpoint, .. } => json!({
            "topicArn": place.arn("sns", topic), "protocol": endpoint.protocol.as_str(),
        }),
        Action::SetSubscriptionAttribute { arn, attribute } => {
            let attribute = match attribute {
                SubscriptionAttribute::RawMessageDelivery(_) => "RawMessageDelivery",
                SubscriptionAttribute::FilterPolicy(_) => "FilterPolicy",
                SubscriptionAttribute::DeadLetterArn(_) => "RedrivePolicy",
            };
            json!({ "subscriptionArn": arn, "attributeName": attribute })
        }
        Action::Unsubscribe { arn } => json!({ "subscriptionArn": arn }),
        Action::Publish { topic, .. } => json!({ "topicArn": place.arn("sns", topic) }),
        _ => Value::Null,
    }
}

fn attributes(queue: &Queue) -> Value {
    json!({
        "MessageRetentionPeriod": queue.message_retention_seconds.to_string(),
        "SqsManagedSseEnabled": queue.sqs_managed_sse.to_string(),
        "KmsMasterKeyId": queue.kms_key,
        "Policy": queue.policy.as_ref().map(Value::to_string),
    })
}

fn trail_arn(place: &Place, name: &str) -> String {
    place.arn("cloudtrail", &format!("trail/{name}"))
}

fn settings(name: &str, trail: &Trail, tags: Option<&Tags>) -> Value {
    json!({
        "name": name,
        "s3BucketName": trail.bucket,
        "s3KeyPrefix": trail.key_prefix,
        "isMultiRegionTrail": trail.multi_region,
        "isOrganizationTrail": trail.organization,
        "includeGlobalServiceEvents": trail.global_service_events,
        "enableLogFileValidation": trail.log_file_validation,
        "kmsKeyId": trail.kms_key,
        "tagsList": tags.map(listed),
    })
}

/// What a record calls the operators of an advanced selector.
const OPERATORS: [&str; 6] =
    ["equals", "notEquals", "startsWith", "notStartsWith", "endsWith", "notEndsWith"];

fn selected(name: &str, selectors: &Selectors) -> Value {
    let basic = |one: &BasicSelector| {
        json!({
            "readWriteType": format!("{:?}", one.read_write),
            "includeManagementEvents": one.management_events,
            "excludeManagementEventSources": one.exclude_management_sources,
        })
    };
    let advanced = |one: &AdvancedSelector| {
        let fields = one.fields.iter().map(|field| {
            let mut said = Map::from_iter([("field".to_owned(), json!(field.field))]);
            for (name, values) in OPERATORS.into_iter().zip(field.operators()) {
                if !values.is_empty() {
                    said.insert(name.to_owned(), json!(values));
                }
            }
            Value::Object(said)
        });
        let fields: Vec<Value> = fields.collect();
        without_nothing(json!({ "name": one.name, "fieldSelectors": fields }))
    };
    match selectors {
        Selectors::Basic(all) => json!({
            "trailName": name, "eventSelectors": all.iter().map(basic).collect::<Vec<_>>(),
        }),
        Selectors::Advanced(all) => json!({
            "trailName": name, "advancedEventSelectors": all.iter().map(advanced).collect::<Vec<_>>(),
        }),
    }
}

/// Tags as a list of pairs; nothing where there are none.
fn listed(tags: &Tags) -> Value {
    if tags.is_empty() {
        return Value::Null;
    }
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

fn mapped(tags: &Tags) -> Value {
    if tags.is_empty() { Value::Null } else { json!(tags) }
}
