//! Objects as resources of a module.

mod bucket;
mod identity;
mod rules;

pub use identity::Identity;

use super::template::{ACCOUNT_NAME_VARIABLE, written, written_json, written_map};
use crate::export::ExportError;
use crate::export::classes::Class;
use crate::export::items::{Item, Subscription};
use crate::hex::hex;
use crate::resource::machine::Machine;
use crate::resource::queue::Queue;
use crate::resource::trail::Trail;
use crate::resource::{Kind, Tags};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Largest message of a queue, in bytes: SQS's own default. The provider's is a quarter of it, and a message that
/// could not be delivered would not fit.
///
/// Sources: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>,
/// <https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sqs/consts.go>
const MESSAGE_MAX_BYTES: u32 = 1_048_576;

/// An object that others need, by kind and name.
type Name = (Kind, String);

/// A resource of a module.
#[derive(Debug, Clone)]
pub struct Resource {
    pub type_name: &'static str,
    /// Its name within the module and the type.
    pub label: String,
    pub arguments: Map<String, Value>,
    /// What it is in AWS.
    pub identity: Identity,
    /// Whether Terraform must not delete it: what it keeps is evidence.
    kept: bool,
    /// What is there only once it is there.
    provides: Name,
    /// What must be there first.
    needs: BTreeSet<Name>,
    /// Addresses of what must be there first.
    pub after: BTreeSet<String>,
    /// The secret variables that it uses, with what they are.
    pub secrets: BTreeMap<String, String>,
}

impl Resource {
    fn new(
        type_name: &'static str,
        name: &str,
        provides: (Kind, &str),
        identity: Identity,
        arguments: Value,
    ) -> Self {
        let mut all = Map::new();
        if identity.is_regional() {
            all.insert("region".to_owned(), json!("${var.region}"));
        }
        if let Value::Object(arguments) = arguments {
            // What is not set is not written.
            all.extend(arguments.into_iter().filter(|(_, value)| !value.is_null()));
        }
        Self {
            type_name,
            label: label(name),
            arguments: all,
            identity,
            kept: false,
            provides: (provides.0, provides.1.to_owned()),
            needs: BTreeSet::new(),
            after: BTreeSet::new(),
            secrets: BTreeMap::new(),
        }
    }

    fn needs(mut self, needs: impl IntoIterator<Item = Name>) -> Self {
        self.needs.extend(needs);
        self
    }

    fn kept(self) -> Self {
        Self { kept: true, ..self }
    }

    /// Its address within the module.
    pub fn address(&self) -> String {
        format!("{}.{}", self.type_name, self.label)
    }

    /// The resource as JSON.
    pub fn written(&self) -> Value {
        let mut all = self.arguments.clone();
        if !self.after.is_empty() {
            all.insert("depends_on".to_owned(), json!(self.after));
        }
        if self.kept {
            all.insert("lifecycle".to_owned(), json!({ "prevent_destroy": true }));
        }
        Value::Object(all)
    }
}

/// The resources of a class, in the order of its objects.
pub fn of(class: &Class) -> Result<Vec<Resource>, ExportError> {
    let mut all = Vec::new();
    for item in &class.items {
        all.extend(of_item(item)?);
    }
    let mut by_name: BTreeMap<Name, BTreeSet<String>> = BTreeMap::new();
    for one in &all {
        by_name.entry(one.provides.clone()).or_default().insert(one.address());
    }
    for one in &mut all {
        let own = one.address();
        let needed = one.needs.iter().filter_map(|name| by_name.get(name)).flatten();
        one.after.extend(needed.filter(|address| **address != own).cloned());
    }
    Ok(all)
}

/// Whether a resource says the name of its account.
pub fn says_name(resource: &Resource) -> bool {
    let mark = format!("${{var.{ACCOUNT_NAME_VARIABLE}}}");
    serde_json::to_string(&resource.arguments).is_ok_and(|text| text.contains(&mark))
}

/// The name of a resource within its module: the object's, as far as it is a name of Terraform's.
///
/// Source: <https://developer.hashicorp.com/terraform/language/syntax/configuration>
pub fn label(name: &str) -> String {
    let plain = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
    let kept: String = name.chars().map(|one| if plain(one) { one } else { '_' }).collect();
    match name.chars().all(plain) && name.starts_with(|one: char| one.is_ascii_alphabetic()) {
        true => kept,
        // Names that become the same are told apart.
        false => format!("n{}_{kept}", digits(name)),
    }
}

/// What tells names apart.
fn digits(name: &str) -> String {
    hex(&Sha256::digest(name.as_bytes()))[..6].to_owned()
}

/// What another resource of the module says of itself.
fn reference(type_name: &str, name: &str, attribute: &str) -> Value {
    json!(format!("${{{type_name}.{}.{attribute}}}", label(name)))
}

/// A text that may be missing.
fn optional(text: Option<&str>) -> Result<Option<String>, ExportError> {
    text.map(written).transpose()
}

fn of_item(item: &Item) -> Result<Vec<Resource>, ExportError> {
    Ok(match item {
        Item::Bucket { name, encryption, policy, tags } => {
            bucket::of(name, encryption, policy, tags)?
        }
        Item::Trail { name, trail, tags } => vec![trail_resource(name, trail, tags)?],
        Item::Role { name, trust, policies, tags } => role(name, trust, policies, tags)?,
        Item::Bus { name, policy, tags } => bus(name, policy, tags)?,
        Item::Queue { name, queue, policy, tags } => queue_resources(name, queue, policy, tags)?,
        Item::Topic { name, display_name, kms_key, policy, tags, subscriptions } => {
            let key = kms_key.as_deref();
            let mut all = topic(name, display_name, key, policy, tags)?.to_vec();
            for one in subscriptions {
                all.push(subscription(name, one)?);
            }
            all
        }
        Item::Machine { name, machine, tags } => vec![machine_resource(name, machine, tags)?],
        Item::Rule { key, rule, targets, tags } => rules::of(key, rule, targets, tags)?,
    })
}

fn trail_resource(name: &str, trail: &Trail, tags: &Tags) -> Result<Resource, ExportError> {
    let made = Resource::new(
        "aws_cloudtrail",
        name,
        (Kind::Trail, name),
        Identity::Trail { name: name.to_owned() },
        json!({
            "name": written(name)?,
            "s3_bucket_name": written(&trail.bucket)?,
            "s3_key_prefix": optional(trail.key_prefix.as_deref())?,
            "enable_logging": true,
            "is_multi_region_trail": trail.multi_region,
            "is_organization_trail": trail.organization,
            "include_global_service_events": trail.global_service_events,
            "enable_log_file_validation": trail.log_file_validation,
            "kms_key_id": optional(trail.kms_key.as_deref())?,
            "tags": written_map(tags.iter())?,
        }),
    );
    Ok(made.kept().needs([(Kind::Bucket, trail.bucket.clone())]))
}

fn role(
    name: &str,
    trust: &Value,
    policies: &BTreeMap<String, Value>,
    tags: &Tags,
) -> Result<Vec<Resource>, ExportError> {
    let identity =
        |policy: Option<&String>| Identity::Role { name: name.to_owned(), policy: policy.cloned() };
    let mut all = vec![Resource::new(
        "aws_iam_role",
        name,
        (Kind::Role, name),
        identity(None),
        json!({
            "name": written(name)?,
            "assume_role_policy": written_json(trust)?,
            "tags": written_map(tags.iter())?,
        }),
    )];
    for (policy_name, policy) in policies {
        all.push(Resource::new(
            "aws_iam_role_policy",
            &format!("{name}/{policy_name}"),
            (Kind::Role, name),
            identity(Some(policy_name)),
            json!({
                "role": reference("aws_iam_role", name, "name"),
                "name": written(policy_name)?,
                "policy": written_json(policy)?,
            }),
        ));
    }
    Ok(all)
}

fn bus(name: &str, policy: &Value, tags: &Tags) -> Result<Vec<Resource>, ExportError> {
    let identity = |policy| Identity::Bus { name: name.to_owned(), policy };
    Ok(vec![
        Resource::new(
            "aws_cloudwatch_event_bus",
            name,
            (Kind::Bus, name),
            identity(false),
            json!({ "name": written(name)?, "tags": written_map(tags.iter())? }),
        ),
        Resource::new(
            "aws_cloudwatch_event_bus_policy",
            name,
            (Kind::Bus, name),
            identity(true),
            json!({
                "event_bus_name": reference("aws_cloudwatch_event_bus", name, "name"),
                "policy": written_json(policy)?,
            }),
        ),
    ])
}

fn queue_resources(
    name: &str,
    queue: &Queue,
    policy: &Value,
    tags: &Tags,
) -> Result<Vec<Resource>, ExportError> {
    let identity = |policy| Identity::Queue { name: name.to_owned(), policy };
    Ok(vec![
        Resource::new(
            "aws_sqs_queue",
            name,
            (Kind::Queue, name),
            identity(false),
            json!({
                "name": written(name)?,
                "message_retention_seconds": queue.message_retention_seconds,
                "max_message_size": MESSAGE_MAX_BYTES,
                // The provider takes one of the two.
                "sqs_managed_sse_enabled": queue.kms_key.is_none().then_some(queue.sqs_managed_sse),
                "kms_master_key_id": optional(queue.kms_key.as_deref())?,
                "tags": written_map(tags.iter())?,
            }),
        ),
        Resource::new(
            "aws_sqs_queue_policy",
            name,
            (Kind::Queue, name),
            identity(true),
            json!({
                "queue_url": reference("aws_sqs_queue", name, "id"),
                "policy": written_json(policy)?,
            }),
        ),
    ])
}

fn topic(
    name: &str,
    display_name: &str,
    kms_key: Option<&str>,
    policy: &Value,
    tags: &Tags,
) -> Result<[Resource; 2], ExportError> {
    let identity = |policy| Identity::Topic { name: name.to_owned(), policy };
    Ok([
        Resource::new(
            "aws_sns_topic",
            name,
            (Kind::Topic, name),
            identity(false),
            json!({
                "name": written(name)?,
                "display_name": written(display_name)?,
                "kms_master_key_id": optional(kms_key)?,
                "tags": written_map(tags.iter())?,
            }),
        ),
        Resource::new(
            "aws_sns_topic_policy",
            name,
            (Kind::Topic, name),
            identity(true),
            json!({
                "arn": reference("aws_sns_topic", name, "arn"),
                "policy": written_json(policy)?,
            }),
        ),
    ])
}

/// A subscriber. What is secret of its address whoever deploys gives as a variable.
fn subscription(topic: &str, of: &Subscription) -> Result<Resource, ExportError> {
    let mut secrets = BTreeMap::new();
    let endpoint = match &of.address {
        Some(address) => written(address)?,
        None => {
            let variable = format!("endpoint_{}", digits(&of.shown));
            let reference = format!("${{var.{variable}}}");
            secrets.insert(variable, format!("The whole address of the subscriber {}.", of.shown));
            reference
        }
    };
    let dead_letters = of.dead_letter_arn.as_deref();
    let redrive = dead_letters.map(|queue| written_json(&json!({ "deadLetterTargetArn": queue })));
    let made = Resource::new(
        "aws_sns_topic_subscription",
        &format!("{topic}/{}:{}", of.protocol, of.shown),
        (Kind::Subscription, topic),
        Identity::Subscription {
            topic: topic.to_owned(),
            protocol: of.protocol.clone(),
            shown: of.shown.clone(),
        },
        json!({
            "topic_arn": reference("aws_sns_topic", topic, "arn"),
            "protocol": of.protocol,
            "endpoint": endpoint,
            "redrive_policy": redrive.transpose()?,
        }),
    );
    let queue = dead_letters.and_then(last).map(|name| (Kind::Queue, name.to_owned()));
    Ok(Resource { secrets, ..made }.needs(queue))
}

fn machine_resource(name: &str, machine: &Machine, tags: &Tags) -> Result<Resource, ExportError> {
    let made = Resource::new(
        "aws_sfn_state_machine",
        name,
        (Kind::Machine, name),
        Identity::Machine { name: name.to_owned() },
        json!({
            "name": written(name)?,
            "type": machine.machine_type.as_str(),
            "role_arn": written(&machine.role_arn)?,
            "definition": written(&machine.definition)?,
            "tags": written_map(tags.iter())?,
        }),
    );
    Ok(made.needs(last(&machine.role_arn).map(|name| (Kind::Role, name.to_owned()))))
}

/// The name at the end of an ARN.
fn last(arn: &str) -> Option<&str> {
    arn.rsplit([':', '/']).next().filter(|name| !name.is_empty())
}
