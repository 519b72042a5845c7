//! Objects as resources of a template.

use super::{ACCOUNT_NAME_PARAMETER, digits, logical_id, written, written_in};
use crate::export::ExportError;
use crate::export::classes::Class;
use crate::export::items::{Item, Subscription};
use crate::resource::Tags;
use crate::resource::bucket::{Encryption, LIFECYCLE_DAYS};
use crate::resource::keys::RuleKey;
use crate::resource::machine::Machine;
use crate::resource::rule::{Input, Rule, Target, Targets};
use crate::resource::trail::Trail;
use crate::scope::Arn;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A resource of a template.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its logical id.
    pub id: String,
    pub is_rule: bool,
    pub is_role: bool,
    type_name: &'static str,
    properties: Map<String, Value>,
    /// Logical ids of what must be there first.
    after: BTreeSet<String>,
    /// What becomes of it when its stack goes: what holds evidence says so.
    fate: Option<Fate>,
    /// The parameters that it uses, by name.
    pub parameters: BTreeMap<String, Value>,
}

/// What becomes of a resource when its stack goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    /// As after `destroy`.
    Goes,
}

impl Resource {
    fn new(kind: &str, name: &str, type_name: &'static str, properties: Value) -> Self {
        let properties = match properties {
            Value::Object(properties) => properties,
            _ => Map::new(),
        };
        Self {
            id: logical_id(kind, name),
            is_rule: false,
            is_role: false,
            type_name,
            // What is not set is not written.
            properties: properties.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            after: BTreeSet::new(),
            fate: None,
            parameters: BTreeMap::new(),
        }
    }

    fn after(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.after.extend(ids);
        self
    }

    /// The resource as JSON; `here` are the logical ids of its template.
    pub fn written(&self, here: &BTreeSet<&str>) -> Value {
        let mut all = json!({ "Type": self.type_name });
        if let Some(fate) = self.fate {
            // What a failed creation has made goes with it, or the next one would find it in its way.
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
            let (gone, replaced) = match fate {
                Fate::Stays => ("RetainExceptOnCreate", "Retain"),
                Fate::Goes => ("Delete", "Delete"),
            };
            all["DeletionPolicy"] = json!(gone);
            all["UpdateReplacePolicy"] = json!(replaced);
        }
        let after: Vec<&String> =
            self.after.iter().filter(|id| here.contains(id.as_str())).collect();
        if !after.is_empty() {
            all["DependsOn"] = json!(after);
        }
        all["Properties"] = Value::Object(self.properties.clone());
        all
    }
}

/// The resources of a class, in the order of its objects.
pub fn of(class: &Class) -> Result<Vec<Resource>, ExportError> {
    let mut all = Vec::new();
    for item in &class.items {
        all.extend(of_item(item)?);
    }
    for one in &mut all {
        if serde_json::to_string(&one.properties).is_ok_and(|text| text.contains(ACCOUNT_NAME_SUB))
        {
            let name = json!({
                "Type": "String",
                "Description": "How people call the account; messages say it.",
            });
            one.parameters.insert(ACCOUNT_NAME_PARAMETER.to_owned(), name);
        }
    }
    Ok(all)
}

/// What stands in a substitution for the name of the account.
const ACCOUNT_NAME_SUB: &str = "${AccountName}";

fn of_item(item: &Item) -> Result<Vec<Resource>, ExportError> {
    Ok(match item {
        Item::Bucket { name, encryption, policy, tags } => bucket(name, encryption, policy, tags)?,
        Item::Trail { name, trail, tags } => vec![trail_resource(name, trail, tags)?],
        Item::Role { name, trust, policies, tags } => vec![role(name, trust, policies, tags)?],
        Item::Bus { name, policy, tags } => vec![Resource::new(
            "Bus",
            name,
            "AWS::Events::EventBus",
            json!({ "Name": name, "Policy": written_in(policy)?, "Tags": tag_list(tags)? }),
        )],
        Item::Queue { name, queue, policy, tags } => {
            let made = Resource {
                fate: Some(Fate::Goes),
                ..Resource::new(
                    "Queue",
                    name,
                    "AWS::SQS::Queue",
                    json!({
                        "QueueName": name,
                        "MessageRetentionPeriod": queue.message_retention_seconds,
                        "SqsManagedSseEnabled": queue.sqs_managed_sse,
                        "KmsMasterKeyId": queue.kms_key.as_deref().map(written).transpose()?,
                        "Tags": tag_list(tags)?,
                    }),
                )
            };
            let policy = Resource::new(
                "QueuePolicy",
                name,
                "AWS::SQS::QueuePolicy",
                json!({ "Queues": [{ "Ref": made.id }], "PolicyDocument": written_in(policy)? }),
            );
            vec![made, policy]
        }
        Item::Topic { name, display_name, kms_key, policy, tags, subscriptions } => {
            let made = Resource::new(
                "Topic",
                name,
                "AWS::SNS::Topic",
                json!({
                    "TopicName": name,
                    "DisplayName": display_name,
                    "KmsMasterKeyId": kms_key.as_deref().map(written).transpose()?,
                    "Tags": tag_list(tags)?,
                }),
            );
            let policy = Resource::new(
                "TopicPolicy",
                name,
                "AWS::SNS::TopicPolicy",
                json!({ "Topics": [{ "Ref": made.id }], "PolicyDocument": written_in(policy)? }),
            );
            let mut all = Vec::new();
            for one in subscriptions {
                all.push(subscription(name, &made.id, one)?);
            }
            let mut list = vec![made, policy];
            list.extend(all);
            list
        }
        Item::Machine { name, machine, tags } => vec![machine_resource(name, machine, tags)?],
        Item::Rule { key, rule, targets, tags } => vec![rule_resource(key, rule, targets, tags)?],
    })
}

/// Tags as most resources take them.
fn tag_list(tags: &Tags) -> Result<Value, ExportError> {
    tags.iter().map(|(key, value)| Ok(json!({ "Key": key, "Value": written(value)? }))).collect()
}

fn bucket(
    name: &str,
    encryption: &Encryption,
    policy: &Value,
    tags: &Tags,
) -> Result<Vec<Resource>, ExportError> {
    let default = match encryption {
        Encryption::None | Encryption::S3Managed => json!({ "SSEAlgorithm": "AES256" }),
        Encryption::Kms(None) => json!({ "SSEAlgorithm": "aws:kms" }),
        Encryption::Kms(Some(key)) => {
            json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": written(key)? })
        }
    };
    let (unfinished, replaced) = LIFECYCLE_DAYS;
    let made = Resource {
        fate: Some(Fate::Stays),
        ..Resource::new(
            "Bucket",
            name,
            "AWS::S3::Bucket",
            json!({
                "BucketName": name,
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": true,
                    "BlockPublicPolicy": true,
                    "IgnorePublicAcls": true,
                    "RestrictPublicBuckets": true,
                },
                "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
                "VersioningConfiguration": { "Status": "Enabled" },
                "BucketEncryption": { "ServerSideEncryptionConfiguration": [
                    { "ServerSideEncryptionByDefault": default, "BucketKeyEnabled": false }
                ] },
                "LifecycleConfiguration": { "Rules": [{
                    "Id": "ctguard",
                    "Status": "Enabled",
                    "Prefix": "",
                    "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": unfinished },
                    "NoncurrentVersionExpiration": { "NoncurrentDays": replaced },
                }] },
                "Tags": tag_list(tags)?,
            }),
        )
    };
    let policy = Resource {
        fate: Some(Fate::Stays),
        ..Resource::new(
            "BucketPolicy",
            name,
            "AWS::S3::BucketPolicy",
            json!({ "Bucket": { "Ref": made.id }, "PolicyDocument": written_in(policy)? }),
        )
    };
    Ok(vec![made, policy])
}

fn trail_resource(name: &str, trail: &Trail, tags: &Tags) -> Result<Resource, ExportError> {
    let made = Resource::new(
        "Trail",
        name,
        "AWS::CloudTrail::Trail",
        json!({
            "TrailName": name,
            "S3BucketName": trail.bucket,
            "S3KeyPrefix": trail.key_prefix,
            "IsLogging": true,
            "IsMultiRegionTrail": trail.multi_region,
            "IsOrganizationTrail": trail.organization,
            "IncludeGlobalServiceEvents": trail.global_service_events,
            "EnableLogFileValidation": trail.log_file_validation,
            "KMSKeyId": trail.kms_key.as_deref().map(written).transpose()?,
            "Tags": tag_list(tags)?,
        }),
    );
    let made = Resource { fate: Some(Fate::Stays), ..made };
    Ok(made.after([logical_id("BucketPolicy", &trail.bucket)]))
}

fn role(
    name: &str,
    trust: &Value,
    policies: &BTreeMap<String, Value>,
    tags: &Tags,
) -> Result<Resource, ExportError> {
    let mut list = Vec::new();
    for (name, policy) in policies {
        list.push(json!({ "PolicyName": name, "PolicyDocument": written_in(policy)? }));
    }
    let made = Resource::new(
        "Role",
        name,
        "AWS::IAM::Role",
        json!({
            "RoleName": name,
            "AssumeRolePolicyDocument": written_in(trust)?,
            "Policies": list,
            "Tags": tag_list(tags)?,
        }),
    );
    Ok(Resource { is_role: true, ..made })
}

/// A subscriber. What is secret of its address whoever deploys gives as a parameter.
fn subscription(topic: &str, topic_id: &str, of: &Subscription) -> Result<Resource, ExportError> {
    let name = format!("{topic}/{}:{}", of.protocol, of.shown);
    let mut parameters = BTreeMap::new();
    let endpoint = match &of.address {
        Some(address) => written(address)?,
        None => {
            let parameter = endpoint_parameter(&of.shown);
            parameters.insert(
                parameter.clone(),
                json!({
                    "Type": "String",
                    "NoEcho": true,
                    "AllowedPattern": "^https?://.+",
                    "Description": format!("The whole address of the subscriber {}.", of.shown),
                }),
            );
            json!({ "Ref": parameter })
        }
    };
    let mut properties = json!({
        "TopicArn": { "Ref": topic_id },
        "Protocol": of.protocol,
        "Endpoint": endpoint,
    });
    let mut after = BTreeSet::new();
    if let Some(queue) = &of.dead_letter_arn {
        properties["RedrivePolicy"] = json!({ "deadLetterTargetArn": written(queue)? });
        after.extend(last(queue).map(|name| logical_id("QueuePolicy", name)));
    }
    let made = Resource::new("Subscription", &name, "AWS::SNS::Subscription", properties);
    Ok(Resource { parameters, ..made }.after(after))
}

/// The parameter for an address that is secret.
pub fn endpoint_parameter(shown: &str) -> String {
    format!("Endpoint{}", digits(shown))
}

fn machine_resource(name: &str, machine: &Machine, tags: &Tags) -> Result<Resource, ExportError> {
    let made = Resource::new(
        "Machine",
        name,
        "AWS::StepFunctions::StateMachine",
        json!({
            "StateMachineName": name,
            "StateMachineType": machine.machine_type.as_str(),
            "RoleArn": written(&machine.role_arn)?,
            "DefinitionString": written(&machine.definition)?,
            "Tags": tag_list(tags)?,
        }),
    );
    let role = last(&machine.role_arn).map(|name| logical_id("Role", name));
    Ok(made.after(role))
}

fn rule_resource(
    key: &RuleKey,
    rule: &Rule,
    targets: &Targets,
    tags: &Tags,
) -> Result<Resource, ExportError> {
    let mut list = Vec::new();
    let mut after = BTreeSet::new();
    for (id, one) in targets {
        list.push(target(id, one)?);
        after.extend(needs(one));
    }
    after.extend(key.bus().map(|bus| logical_id("Bus", bus)));
    let pattern = rule.event_pattern.as_deref().map(written).transpose()?;
    let made = Resource::new(
        "Rule",
        key.as_str(),
        "AWS::Events::Rule",
        json!({
            "Name": key.name(),
            "EventBusName": key.bus(),
            "Description": rule.description.as_deref().map(written).transpose()?,
            // As text: a template holds no `null`, which patterns may.
            // https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1378
            "EventPattern": pattern,
            "ScheduleExpression": rule.schedule_expression,
            "RoleArn": rule.role_arn.as_deref().map(written).transpose()?,
            "State": rule.state.as_str(),
            "Targets": list,
            "Tags": tag_list(tags)?,
        }),
    );
    Ok(Resource { is_rule: true, ..made }.after(after))
}

/// What a target refers to: what may be in the same template.
fn needs(target: &Target) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let arn = Arn::parse(&target.arn);
    let kind = match arn.as_ref().map(|arn| arn.service) {
        Some("sns") => Some("TopicPolicy"),
        Some("states") => Some("Machine"),
        Some("events") => Some("Bus"),
        _ => None,
    };
    ids.extend(kind.zip(last(&target.arn)).map(|(kind, name)| logical_id(kind, name)));
    let roles = target.role_arn.as_deref().and_then(last);
    ids.extend(roles.map(|name| logical_id("Role", name)));
    let queues = target.dead_letter_arn.as_deref().and_then(last);
    ids.extend(queues.map(|name| logical_id("QueuePolicy", name)));
    ids
}

/// The name at the end of an ARN.
fn last(arn: &str) -> Option<&str> {
    arn.rsplit([':', '/']).next().filter(|name| !name.is_empty())
}

fn target(id: &str, target: &Target) -> Result<Value, ExportError> {
    let mut all = json!({ "Id": id, "Arn": written(&target.arn)? });
    if let Some(role) = &target.role_arn {
        all["RoleArn"] = written(role)?;
    }
    match &target.input {
        Input::Event => {}
        Input::Path(path) => all["InputPath"] = written(path)?,
        Input::Constant(text) => all["Input"] = written(text)?,
        Input::Transformer(transformer) => {
            let mut input = json!({ "InputTemplate": written(&transformer.template)? });
            if !transformer.paths.is_empty() {
                input["InputPathsMap"] = json!(transformer.paths);
            }
            all["InputTransformer"] = input;
        }
    }
    if let Some(queue) = &target.dead_letter_arn {
        all["DeadLetterConfig"] = json!({ "Arn": written(queue)? });
    }
    if let Some(retry) = &target.retry_policy {
        all["RetryPolicy"] = json!({
            "MaximumEventAgeInSeconds": retry.maximum_event_age_seconds,
            "MaximumRetryAttempts": retry.maximum_retry_attempts,
        });
    }
    Ok(all)
}
