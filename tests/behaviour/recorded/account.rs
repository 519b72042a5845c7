//! An account as AWS words it: the answers to what verify asks, made from a sandbox's file.
//!
//! It is the plain part of every recorded scenario: what a scenario is about, it answers itself.

use crate::stub::{Call, Reply};
use ctguard_core::resource::Tags;
use ctguard_core::resource::rule::{Input, Target};
use ctguard_core::resource::topic::{Endpoint, SubscriptionAttributes, Topic};
use ctguard_core::scope::{Place, Region};
use ctguard_sandbox::State;
use ctguard_sandbox::state::{Regional, StoredSubscription, StoredTrail};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Answers a call; what verify has no need to ask is refused, as it is to somebody who may not.
pub fn answer(state: &State, call: &Call) -> Reply {
    let account = state.caller.account.clone();
    let region = Region::new(&call.region).unwrap();
    let none = Regional::default();
    let here = state.accounts[&account].regions.get(&region).unwrap_or(&none);
    let place = Place::new(account, region);
    let word = |name: &str| call.parameter(name).as_str().unwrap_or_default().to_owned();
    match call.operation.as_str() {
        "ListRules" => {
            let rules = here.rules.iter().filter(|(name, _)| name.starts_with(&word("NamePrefix")));
            let rules: Vec<Value> = rules
                .map(|(name, stored)| {
                    json!({
                        "Name": name,
                        "Arn": place.arn("events", &format!("rule/{name}")),
                        "EventPattern": stored.rule.event_pattern,
                        "State": stored.rule.state.as_str(),
                        "Description": stored.rule.description,
                        "EventBusName": "default",
                    })
                })
                .collect();
            Reply::Json(json!({ "Rules": rules }))
        }
        "ListTargetsByRule" => {
            let targets: Vec<Value> =
                here.rules[&word("Rule")].targets.iter().map(target).collect();
            Reply::Json(json!({ "Targets": targets }))
        }
        "GetResources" => tagged(here, &place, call),
        "GetTopicAttributes" => {
            let arn = call.form("TopicArn");
            named(&here.topics, &arn).map_or_else(
                || Reply::Error(404, "NotFound", "Topic does not exist"),
                |topic| Reply::Xml(entries(&topic_attributes(&arn, &topic.topic))),
            )
        }
        "ListSubscriptionsByTopic" => {
            let arn = call.form("TopicArn");
            let Some(topic) = named(&here.topics, &arn) else {
                return Reply::Error(404, "NotFound", "Topic does not exist");
            };
            let members: String = topic
                .subscriptions
                .iter()
                .map(|(endpoint, found)| member(&place, &arn, endpoint, found))
                .collect();
            Reply::Xml(format!("<Subscriptions>{members}</Subscriptions>"))
        }
        "GetSubscriptionAttributes" => {
            let arn = call.form("SubscriptionArn");
            let all = here.topics.values().flat_map(|topic| topic.subscriptions.values());
            let found = all.into_iter().find_map(|subscription| match subscription {
                StoredSubscription::Confirmed { arn: known, attributes } if *known == arn => {
                    Some(attributes)
                }
                _ => None,
            });
            found.map_or_else(
                || Reply::Error(400, "InvalidParameter", "Invalid parameter: SubscriptionArn"),
                |now| Reply::Xml(entries(&subscription_attributes(&arn, now))),
            )
        }
        "GetQueueUrl" => {
            let name = word("QueueName");
            if !here.queues.contains_key(&name) {
                let gone = "The specified queue does not exist.";
                return Reply::Error(400, "com.amazonaws.sqs#QueueDoesNotExist", gone);
            }
            let (region, account) = (&place.region, &place.account);
            let url = format!("https://sqs.{region}.amazonaws.com/{account}/{name}");
            Reply::Json(json!({ "QueueUrl": url }))
        }
        "GetQueueAttributes" => {
            let url = word("QueueUrl");
            let stored = &here.queues[url.rsplit('/').next().unwrap_or_default()];
            let mut attributes = json!({
                "MessageRetentionPeriod": stored.queue.message_retention_seconds.to_string(),
                "ApproximateNumberOfMessages": stored.messages.to_string(),
                "SqsManagedSseEnabled": stored.queue.sqs_managed_sse.to_string(),
            });
            if let Some(policy) = &stored.queue.policy {
                attributes["Policy"] = json!(policy.to_string());
            }
            Reply::Json(json!({ "Attributes": attributes }))
        }
        "DescribeEventBus" => {
            let arn = place.arn("events", "event-bus/default");
            Reply::Json(json!({ "Name": "default", "Arn": arn }))
        }
        "DescribeTrails" => {
            let trails: Vec<Value> = trails(state, &place)
                .into_iter()
                .map(|(home, name, trail)| described(&home, &name, trail))
                .collect();
            Reply::Json(json!({ "trailList": trails }))
        }
        "GetTrailStatus" => {
            let name = word("Name");
            let logging = trails(state, &place)
                .iter()
                .any(|(home, known, trail)| trail_arn(home, known) == name && trail.status.logging);
            Reply::Json(json!({ "IsLogging": logging, "StartLoggingTime": 1_790_000_000.25 }))
        }
        // Those of a new trail.
        "GetEventSelectors" => Reply::Json(json!({
            "TrailARN": word("TrailName"),
            "EventSelectors": [{
                "ReadWriteType": "All",
                "IncludeManagementEvents": true,
                "DataResources": [],
                "ExcludeManagementEventSources": [],
            }],
        })),
        "DescribeKey" | "GetKeyPolicy" => key(here, &place, call),
        "GetCallerIdentity" => Reply::Xml(format!(
            "<UserId>AIDAEXAMPLE</UserId><Account>{0}</Account><Arn>arn:aws:iam::{0}:user/auditor</Arn>",
            place.account
        )),
        _ => Reply::Error(403, "AccessDeniedException", "You are not authorized to do this."),
    }
}

/// What stands under the last part of an ARN.
fn named<'a, T>(known: &'a BTreeMap<String, T>, arn: &str) -> Option<&'a T> {
    known.get(arn.rsplit(':').next().unwrap_or_default())
}

fn target((id, target): (&String, &Target)) -> Value {
    let mut answer = json!({ "Id": id, "Arn": target.arn });
    if let Input::Transformer(transformer) = &target.input {
        answer["InputTransformer"] =
            json!({ "InputPathsMap": transformer.paths, "InputTemplate": transformer.template });
    }
    if let Some(queue) = &target.dead_letter_arn {
        answer["DeadLetterConfig"] = json!({ "Arn": queue });
    }
    answer
}

fn tagged(here: &Regional, place: &Place, call: &Call) -> Reply {
    let filter = call.parameter("TagFilters")[0].clone();
    let (key, value) = (filter["Key"].as_str().unwrap(), filter["Values"][0].as_str());
    let rules = here
        .rules
        .iter()
        .map(|(name, rule)| (place.arn("events", &format!("rule/{name}")), &rule.tags));
    let topics = here.topics.iter().map(|(name, topic)| (place.arn("sns", name), &topic.tags));
    let queues = here.queues.iter().map(|(name, queue)| (place.arn("sqs", name), &queue.tags));
    let all: Vec<(String, &Tags)> = rules.chain(topics).chain(queues).collect();
    let found: Vec<Value> = all
        .into_iter()
        .filter(|(_, tags)| tags.get(key).map(String::as_str) == value)
        .map(|(arn, tags)| {
            let tags: Vec<Value> =
                tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            json!({ "ResourceARN": arn, "Tags": tags })
        })
        .collect();
    Reply::Json(json!({ "ResourceTagMappingList": found, "PaginationToken": "" }))
}

type Entries = Vec<(&'static str, String)>;

/// Attributes as SNS's XML has them.
fn entries(attributes: &Entries) -> String {
    let entries: String = attributes
        .iter()
        .map(|(key, value)| {
            let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            format!("<entry><key>{key}</key><value>{value}</value></entry>")
        })
        .collect();
    format!("<Attributes>{entries}</Attributes>")
}

fn topic_attributes(arn: &str, topic: &Topic) -> Entries {
    let mut attributes = vec![("TopicArn", arn.to_owned())];
    let policy = topic.policy.as_ref().map(Value::to_string);
    for (name, value) in [
        ("DisplayName", topic.display_name.clone()),
        ("KmsMasterKeyId", topic.kms_key.clone()),
        ("Policy", policy),
    ] {
        attributes.extend(value.map(|value| (name, value)));
    }
    attributes
}

fn member(place: &Place, topic: &str, endpoint: &Endpoint, found: &StoredSubscription) -> String {
    let arn = match found {
        StoredSubscription::Confirmed { arn, .. } => arn,
        StoredSubscription::Pending { .. } => "PendingConfirmation",
    };
    let (protocol, address) = (endpoint.protocol.as_str(), endpoint.address());
    format!(
        "<member><SubscriptionArn>{arn}</SubscriptionArn><Owner>{}</Owner><Protocol>{protocol}</Protocol><Endpoint>{address}</Endpoint><TopicArn>{topic}</TopicArn></member>",
        place.account
    )
}

fn subscription_attributes(arn: &str, now: &SubscriptionAttributes) -> Entries {
    let mut attributes = vec![
        ("SubscriptionArn", arn.to_owned()),
        ("PendingConfirmation", "false".to_owned()),
        ("ConfirmationWasAuthenticated", "true".to_owned()),
        ("RawMessageDelivery", now.raw_message_delivery.to_string()),
    ];
    if let Some(queue) = &now.dead_letter_arn {
        attributes.push(("RedrivePolicy", json!({ "deadLetterTargetArn": queue }).to_string()));
    }
    attributes
}

/// The trails that a place sees: its own, and the shadows of multi-region ones.
fn trails<'a>(state: &'a State, place: &Place) -> Vec<(Place, String, &'a StoredTrail)> {
    let regions = &state.accounts[&place.account].regions;
    let all = regions.iter().flat_map(|(home, regional)| {
        let home = Place::new(place.account.clone(), home.clone());
        regional.trails.iter().map(move |(name, trail)| (home.clone(), name.clone(), trail))
    });
    all.filter(|(home, _, trail)| home == place || trail.trail.multi_region).collect()
}

fn trail_arn(home: &Place, name: &str) -> String {
    home.arn("cloudtrail", &format!("trail/{name}"))
}

fn described(home: &Place, name: &str, trail: &StoredTrail) -> Value {
    json!({
        "Name": name,
        "TrailARN": trail_arn(home, name),
        "HomeRegion": home.region,
        "S3BucketName": trail.trail.bucket,
        "IncludeGlobalServiceEvents": trail.trail.global_service_events,
        "IsMultiRegionTrail": trail.trail.multi_region,
        "IsOrganizationTrail": trail.trail.organization,
        "LogFileValidationEnabled": trail.trail.log_file_validation,
        "HasCustomEventSelectors": false,
        "HasInsightSelectors": false,
    })
}

fn key(here: &Regional, place: &Place, call: &Call) -> Reply {
    let asked = call.parameter("KeyId").as_str().unwrap().to_owned();
    let found = here.keys.iter().find(|(id, key)| {
        key.aliases.contains(&asked) || asked == place.arn("kms", &format!("key/{id}"))
    });
    let Some((id, key)) = found else {
        return Reply::Error(400, "NotFoundException", "The key does not exist");
    };
    if call.operation == "GetKeyPolicy" {
        return Reply::Json(json!({ "Policy": key.policy.to_string(), "PolicyName": "default" }));
    }
    let metadata: Map<String, Value> = [
        ("AWSAccountId", json!(place.account)),
        ("KeyId", json!(id)),
        ("Arn", json!(place.arn("kms", &format!("key/{id}")))),
        ("Enabled", json!(true)),
        ("KeyState", json!("Enabled")),
        ("KeyManager", json!("CUSTOMER")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    Reply::Json(json!({ "KeyMetadata": metadata }))
}
