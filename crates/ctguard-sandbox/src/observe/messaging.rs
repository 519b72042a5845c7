//! Reading topics, queues and functions, and the keys of topics and queues.

use super::{Search, is_tagged, read, tags};
use crate::access::{Reader, unreadable};
use crate::given_back;
use crate::policy;
use crate::policy::{Principal, Request};
use crate::refusal::{Refusal, deny, refuse};
use crate::state::{StoredSubscription, StoredTopic, locate};
use ctguard_core::resource::Tags;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::scope::Place;
use ctguard_core::snapshot::ReadSet;
use ctguard_core::snapshot::{
    LiveFunction, LiveKey, LiveQueue, LiveSubscription, LiveTopic, Observed, Packed,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Whether the tags of an object are needed: its name begins with the blueprint's.
fn is_ours(reads: &ReadSet, name: &str, tags: &Tags) -> bool {
    let named = !reads.rule_prefix.is_empty() && name.starts_with(&reads.rule_prefix);
    named || is_tagged(reads, tags)
}

/// When the search by tag is denied, what it would have found is unknown, not absent: one
/// unreadable entry with this name stands for it.
fn unnamed(reader: &Reader<'_>, reads: &ReadSet, service: &str) -> String {
    reader.place.arn(service, &format!("{}*", reads.rule_prefix))
}

pub fn topics(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
) -> SmallMap<String, Observed<LiveTopic>> {
    let mut live = SmallMap::new();
    let mut wanted = reads.topics.clone();
    match &search.answered {
        Ok(()) => {
            let all = &reader.state.region(reader.place).topics;
            let named = all.iter().map(|(name, topic)| (reader.place.arn("sns", name), topic));
            let found = named.filter(|(arn, topic)| search.finds(arn, &topic.tags));
            wanted.extend(found.map(|(arn, _)| arn));
        }
        Err(why) => {
            live.insert(unnamed(reader, reads, "sns"), Observed::Unreadable(why.clone()));
        }
    }
    for arn in wanted {
        let observed =
            read(reader, "sns:GetTopicAttributes", |reader| match visible_topic(reader, &arn) {
                Ok(Some(stored)) => Observed::Known(topic(reader, reads, search, &arn, stored)),
                Ok(None) => Observed::Absent,
                Err(refusal) => {
                    Observed::Unreadable(unreadable("sns:GetTopicAttributes", &refusal))
                }
            });
        live.insert(arn, observed);
    }
    live
}

/// Finds a topic. One of another account is visible only if its policy allows it.
fn visible_topic<'a>(reader: &Reader<'a>, arn: &str) -> Result<Option<&'a StoredTopic>, Refusal> {
    let Some((home, name)) =
        locate(arn, "sns").filter(|(home, _)| home.region == reader.place.region)
    else {
        return Err(refuse("InvalidParameter", format!("invalid parameter: TopicArn {arn}")));
    };
    let stored = reader.state.region(&home).topics.get(name);
    if home.account == reader.place.account {
        return Ok(stored);
    }
    let principal = Principal::Account(&reader.place.account);
    let context = [("aws:securetransport", "true")];
    let action = "sns:GetTopicAttributes";
    let request = Request { principal, action, resource: arn, context: &context, unsure: &[] };
    let policy = stored.and_then(|stored| stored.topic.policy.as_ref());
    policy::decide(policy, &request)
        .map_err(|why| deny("AuthorizationError", format!("topic {arn} {why}")))?;
    Ok(stored)
}

fn topic(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
    arn: &str,
    stored: &StoredTopic,
) -> LiveTopic {
    let subscriptions = read(reader, "sns:ListSubscriptionsByTopic", |reader| {
        let live = stored.subscriptions.iter().map(|(endpoint, subscription)| {
            let live = match subscription {
                StoredSubscription::Pending { .. } => LiveSubscription::Pending,
                StoredSubscription::Confirmed { arn, attributes } => LiveSubscription::Confirmed {
                    arn: arn.clone(),
                    attributes: read(reader, "sns:GetSubscriptionAttributes", |_| {
                        Observed::Known(given_back::subscription(attributes))
                    }),
                },
            };
            (given_back::endpoint(endpoint), live)
        });
        Observed::Known(live.collect())
    });
    let name = arn.rsplit(':').next().unwrap_or_default();
    let tags = if is_ours(reads, name, &stored.tags) {
        tags(reader, search, arn, &stored.tags, "sns:ListTagsForResource")
    } else {
        Observed::Absent
    };
    LiveTopic { topic: given_back::topic(&stored.topic), subscriptions, tags }
}

pub fn queues(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
) -> SmallMap<String, Observed<LiveQueue>> {
    let mut live = SmallMap::new();
    let mut wanted = reads.queues.clone();
    match &search.answered {
        Ok(()) => {
            let all = &reader.state.region(reader.place).queues;
            let named = all.iter().map(|(name, queue)| (reader.place.arn("sqs", name), queue));
            let found = named.filter(|(arn, queue)| search.finds(arn, &queue.tags));
            wanted.extend(found.map(|(arn, _)| arn));
        }
        Err(why) => {
            live.insert(unnamed(reader, reads, "sqs"), Observed::Unreadable(why.clone()));
        }
    }
    for arn in wanted {
        // The queue's URL comes first: nothing else is asked without it.
        if let Err(why) = reader.ask("sqs:GetQueueUrl") {
            live.insert(arn, Observed::Unreadable(why));
            continue;
        }
        let observed = read(reader, "sqs:GetQueueAttributes", |reader| {
            let here = locate(&arn, "sqs").filter(|(place, _)| place == reader.place);
            let Some((_, name)) = here else {
                let why = deny("AccessDenied", format!("queue {arn} is in another place"));
                return Observed::Unreadable(unreadable("sqs:GetQueueAttributes", &why));
            };
            let Some(stored) = reader.state.region(reader.place).queues.get(name) else {
                return Observed::Absent;
            };
            let tags = if is_ours(reads, name, &stored.tags) {
                tags(reader, search, &arn, &stored.tags, "sqs:ListQueueTags")
            } else {
                Observed::Absent
            };
            let queue = Packed::of(&given_back::queue(&stored.queue));
            let messages = stored.messages;
            let now = reader.state.clock;
            let age = stored.created.map(|made| now.0.as_second() - made.0.as_second());
            let age_hours = age.and_then(|age| u64::try_from(age / 3_600).ok());
            Observed::Known(LiveQueue { queue, tags, messages, age_hours })
        });
        live.insert(arn, observed);
    }
    live
}

/// Reads the policies of functions. As on AWS, a missing function looks like one without a policy.
pub fn functions(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
) -> BTreeMap<String, Observed<LiveFunction>> {
    let mut live = BTreeMap::new();
    for arn in &reads.functions {
        let observed = read(reader, "lambda:GetPolicy", |reader| {
            let here = locate(arn, "lambda").filter(|(place, _)| place == reader.place);
            let Some((_, resource)) = here else {
                let why = deny("AccessDeniedException", format!("{arn} is in another place"));
                return Observed::Unreadable(unreadable("lambda:GetPolicy", &why));
            };
            let policy = reader.state.region(reader.place).function_policy(resource).flatten();
            policy.map_or(Observed::Absent, |policy| {
                Observed::Known(LiveFunction { policy: given_back::policy(policy) })
            })
        });
        live.insert(arn.clone(), observed);
    }
    live
}

/// Reads the keys that the topics and queues read name, and those of buses and trails.
pub fn keys(
    reader: &mut Reader<'_>,
    topics: &SmallMap<String, Observed<LiveTopic>>,
    queues: &SmallMap<String, Observed<LiveQueue>>,
    others: BTreeSet<String>,
) -> BTreeMap<String, Observed<LiveKey>> {
    let topics = topics.values().filter_map(|live| live.known()?.topic.kms_key.clone());
    let queues = queues.values().filter_map(|live| live.known()?.queue.get().kms_key);
    let names: BTreeSet<_> = topics.chain(queues).chain(others).collect();
    names.into_iter().map(|name| (name.clone(), key(reader, &name))).collect()
}

fn key(reader: &mut Reader<'_>, name: &str) -> Observed<LiveKey> {
    let elsewhere = locate(name, "kms").filter(|(home, _)| home.account != reader.place.account);
    read(reader, "kms:DescribeKey", |reader| {
        if elsewhere.is_some() {
            let why = deny("AccessDeniedException", format!("key {name} is another account's"));
            return Observed::Unreadable(unreadable("kms:DescribeKey", &why));
        }
        let found = reader.state.key(reader.place, name);
        let asymmetric = found.as_ref().is_some_and(|(_, key)| key.asymmetric);
        let (arn, enabled, aws_managed, document) = match found {
            Some((arn, key)) => (arn, key.enabled, key.aws_managed, key.policy.clone()),
            None if ["alias/aws/sns", "alias/aws/sqs"].contains(&name) => {
                let (arn, policy) = aws_managed_key(reader.place);
                (arn, true, true, policy)
            }
            None => return Observed::Absent,
        };
        let policy = read(reader, "kms:GetKeyPolicy", |_| Observed::Known(document));
        Observed::Known(LiveKey { arn, enabled, aws_managed, asymmetric, policy })
    })
}

/// The key that AWS makes when a topic is first encrypted with `alias/aws/sns`. Its policy admits
/// users of the account's SNS, and cannot be changed.
fn aws_managed_key(place: &Place) -> (String, serde_json::Value) {
    let id = format!("key/aws-managed-sns-{}", place.region);
    let policy = json!({
        "Version": "2012-10-17",
        "Id": "auto-sns-1",
        "Statement": [{
            "Sid": "Allow access through SNS for all principals in the account that are authorized to use SNS",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:ListGrants", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": { "StringEquals": {
                "kms:ViaService": format!("sns.{}.amazonaws.com", place.region),
                "kms:CallerAccount": place.account.as_str(),
            } },
        }],
    });
    (place.arn("kms", &id), policy)
}
