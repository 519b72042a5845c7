//! Reading: what AWS would show of the state, one recorded call at a time.

use super::access::{Reader, unreadable};
use super::policy::{self, Principal, Request};
use super::refusal::{Refusal, deny, refuse};
use super::state::{StoredSubscription, StoredTopic, blueprint_of, locate};
use super::{buckets, trails};
use crate::cloud::{AccountReads, ReadSet};
use crate::resource::Tags;
use crate::resource::trail::TrailStatus;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{
    AccountSnapshot, LiveBucket, LiveKey, LiveQueue, LiveRule, LiveSubscription, LiveTopic,
    LiveTrail, Observed, PlaceSnapshot, Unreadable,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The read operation that lists what carries a tag.
const BY_TAG: &str = "tag:GetResources";

/// Reads one place.
pub fn place(reader: &mut Reader<'_>, reads: &ReadSet) -> PlaceSnapshot {
    let wants_tags = !reads.blueprint.is_empty();
    let tagged = if wants_tags { reader.ask(BY_TAG) } else { Ok(()) };
    let rules = rules(reader, reads, &tagged);
    let topics = topics(reader, reads, &tagged);
    let keys = keys(reader, &topics);
    let queues = queues(reader, reads, &tagged);
    let trails = match reads.trails {
        true => seen_trails(reader, reads),
        false => Observed::Known(BTreeMap::new()),
    };
    PlaceSnapshot { place: reader.place.clone(), rules, topics, queues, trails, keys }
}

/// Reads what an account has outside its regions.
pub fn account(
    reader: &mut Reader<'_>,
    account: &AccountId,
    reads: &AccountReads,
) -> AccountSnapshot {
    let enabled_regions = if reads.enabled_regions {
        read(reader, "account:ListRegions", |reader| {
            let account = reader.state.accounts.get(account);
            let regions = account.map(|account| &account.global.enabled_regions);
            Observed::Known(regions.into_iter().flatten().cloned().collect())
        })
    } else {
        Observed::Absent
    };
    let wanted = reads.buckets.iter().map(|(name, _): &(String, Region)| name);
    let buckets = wanted.map(|name| (name.clone(), bucket(reader, account, name))).collect();
    AccountSnapshot { account: account.clone(), enabled_regions, buckets }
}

/// Makes a call, then looks.
fn read<T>(
    reader: &mut Reader<'_>,
    operation: &str,
    look: impl FnOnce(&mut Reader<'_>) -> Observed<T>,
) -> Observed<T> {
    match reader.ask(operation) {
        Ok(()) => look(reader),
        Err(why) => Observed::Unreadable(why),
    }
}

/// Reads tags: those of the blueprint's own are known from the search by tag, the others are asked for.
fn tags(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    tagged: &Result<(), Unreadable>,
    tags: &Tags,
    operation: &str,
) -> Observed<Tags> {
    if tagged.is_ok() && is_tagged(reads, tags) {
        return Observed::Known(tags.clone());
    }
    read(reader, operation, |_| Observed::Known(tags.clone()))
}

fn rules(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    tagged: &Result<(), Unreadable>,
) -> Observed<BTreeMap<String, LiveRule>> {
    if reads.rule_prefix.is_empty() {
        return Observed::Known(BTreeMap::new());
    }
    read(reader, "events:ListRules", |reader| {
        let all = &reader.state.region(reader.place).rules;
        let ours = all.iter().filter(|(name, _)| name.starts_with(&reads.rule_prefix));
        let live = ours.map(|(name, stored)| {
            let targets = read(reader, "events:ListTargetsByRule", |_| {
                Observed::Known(stored.targets.clone())
            });
            let operation = "events:ListTagsForResource";
            let tags = tags(reader, reads, tagged, &stored.tags, operation);
            (name.clone(), LiveRule { rule: stored.rule.clone(), targets, tags })
        });
        Observed::Known(live.collect())
    })
}

/// Whether the tags of something are worth reading: it carries the blueprint's name.
fn is_ours(reads: &ReadSet, name: &str, tags: &Tags) -> bool {
    let named = !reads.rule_prefix.is_empty() && name.starts_with(&reads.rule_prefix);
    named || is_tagged(reads, tags)
}

fn is_tagged(reads: &ReadSet, tags: &Tags) -> bool {
    !reads.blueprint.is_empty() && blueprint_of(tags) == Some(&reads.blueprint)
}

/// When the search by tag is denied, what it would have found is unknown, not absent: one unreadable
/// entry with this name stands for it.
fn unnamed(reader: &Reader<'_>, reads: &ReadSet, service: &str) -> String {
    reader.place.arn(service, &format!("{}*", reads.rule_prefix))
}

fn topics(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    tagged: &Result<(), Unreadable>,
) -> BTreeMap<String, Observed<LiveTopic>> {
    let mut live = BTreeMap::new();
    let mut wanted = reads.topics.clone();
    match tagged {
        Ok(()) => {
            let all = &reader.state.region(reader.place).topics;
            let carrying = all.iter().filter(|(_, topic)| is_tagged(reads, &topic.tags));
            wanted.extend(carrying.map(|(name, _)| reader.place.arn("sns", name)));
        }
        Err(why) => {
            live.insert(unnamed(reader, reads, "sns"), Observed::Unreadable(why.clone()));
        }
    }
    for arn in wanted {
        let observed =
            read(reader, "sns:GetTopicAttributes", |reader| match visible_topic(reader, &arn) {
                Ok(Some(stored)) => Observed::Known(topic(reader, reads, tagged, &arn, stored)),
                Ok(None) => Observed::Absent,
                Err(refusal) => {
                    Observed::Unreadable(unreadable("sns:GetTopicAttributes", &refusal))
                }
            });
        live.insert(arn, observed);
    }
    live
}

/// Finds a topic. One of another account is seen only if its policy says so.
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
    let request = Request { principal, action, resource: arn, context: &context };
    let policy = stored.and_then(|stored| stored.topic.policy.as_ref());
    policy::decide(policy, &request)
        .map_err(|why| deny("AuthorizationError", format!("topic {arn} {why}")))?;
    Ok(stored)
}

fn topic(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    tagged: &Result<(), Unreadable>,
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
                        Observed::Known(attributes.clone())
                    }),
                },
            };
            (endpoint.clone(), live)
        });
        Observed::Known(live.collect())
    });
    let name = arn.rsplit(':').next().unwrap_or_default();
    let tags = if is_ours(reads, name, &stored.tags) {
        tags(reader, reads, tagged, &stored.tags, "sns:ListTagsForResource")
    } else {
        Observed::Absent
    };
    LiveTopic { topic: stored.topic.clone(), subscriptions, tags }
}

fn queues(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    tagged: &Result<(), Unreadable>,
) -> BTreeMap<String, Observed<LiveQueue>> {
    let mut live = BTreeMap::new();
    let mut wanted = reads.queues.clone();
    match tagged {
        Ok(()) => {
            let all = &reader.state.region(reader.place).queues;
            let carrying = all.iter().filter(|(_, queue)| is_tagged(reads, &queue.tags));
            wanted.extend(carrying.map(|(name, _)| reader.place.arn("sqs", name)));
        }
        Err(why) => {
            live.insert(unnamed(reader, reads, "sqs"), Observed::Unreadable(why.clone()));
        }
    }
    for arn in wanted {
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
                tags(reader, reads, tagged, &stored.tags, "sqs:ListQueueTags")
            } else {
                Observed::Absent
            };
            let (queue, messages) = (stored.queue.clone(), stored.messages);
            Observed::Known(LiveQueue { queue, tags, messages })
        });
        live.insert(arn, observed);
    }
    live
}

/// Reads the keys that the topics read name.
fn keys(
    reader: &mut Reader<'_>,
    topics: &BTreeMap<String, Observed<LiveTopic>>,
) -> BTreeMap<String, Observed<LiveKey>> {
    let known = topics.values().filter_map(Observed::known);
    let names: BTreeSet<_> = known.filter_map(|live| live.topic.kms_key.clone()).collect();
    names.into_iter().map(|name| (name.clone(), key(reader, &name))).collect()
}

fn key(reader: &mut Reader<'_>, name: &str) -> Observed<LiveKey> {
    let elsewhere = locate(name, "kms").filter(|(home, _)| home.account != reader.place.account);
    read(reader, "kms:DescribeKey", |reader| {
        if elsewhere.is_some() {
            let why = deny("AccessDeniedException", format!("key {name} is another account's"));
            return Observed::Unreadable(unreadable("kms:DescribeKey", &why));
        }
        let (arn, enabled, aws_managed, document) = match reader.state.key(reader.place, name) {
            Some((arn, key)) => (arn, key.enabled, key.aws_managed, key.policy.clone()),
            None if name == "alias/aws/sns" => {
                let (arn, policy) = aws_managed_key(reader.place);
                (arn, true, true, policy)
            }
            None => return Observed::Absent,
        };
        let policy = read(reader, "kms:GetKeyPolicy", |_| Observed::Known(document));
        Observed::Known(LiveKey { arn, enabled, aws_managed, policy })
    })
}

/// The key that AWS makes when a topic is first encrypted with `alias/aws/sns`. Its policy serves
/// those who are let in to the account's SNS, and cannot be changed.
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

fn seen_trails(reader: &mut Reader<'_>, reads: &ReadSet) -> Observed<BTreeMap<String, LiveTrail>> {
    read(reader, "cloudtrail:DescribeTrails", |reader| {
        let (state, place) = (reader.state, reader.place);
        let mut live = BTreeMap::new();
        for (home, name, stored) in state.trails_seen_from(place) {
            let arn = home.arn("cloudtrail", &format!("trail/{name}"));
            let status = read(reader, "cloudtrail:GetTrailStatus", |_| {
                let told = stored.status.clone();
                let met = || trails::delivery_error(state, &home, name, &stored.trail);
                let error = told.latest_delivery_error.clone();
                let latest_delivery_error = error.or_else(|| told.logging.then(met).flatten());
                Observed::Known(TrailStatus { latest_delivery_error, ..told })
            });
            let at_home = home == *place;
            let selectors = match at_home {
                true => read(reader, "cloudtrail:GetEventSelectors", |_| {
                    Observed::Known(stored.selectors.clone())
                }),
                false => Observed::Absent,
            };
            let managed = at_home && reads.managed_trail.as_ref() == Some(name);
            let tags = match managed {
                true => {
                    read(reader, "cloudtrail:ListTags", |_| Observed::Known(stored.tags.clone()))
                }
                false => Observed::Absent,
            };
            let trail = LiveTrail {
                name: name.clone(),
                home_region: home.region.clone(),
                trail: stored.trail.clone(),
                status,
                selectors,
                tags,
            };
            live.insert(arn, trail);
        }
        Observed::Known(live)
    })
}

fn bucket(reader: &mut Reader<'_>, account: &AccountId, name: &str) -> Observed<LiveBucket> {
    let found = match buckets::find(reader.state, account, name) {
        Ok(found) => found,
        Err(refusal) => {
            reader.note("s3:ListBucket", false);
            return Observed::Unreadable(unreadable("s3:ListBucket", &refusal));
        }
    };
    read(reader, "s3:ListBucket", |reader| {
        let Some(stored) = found else {
            return Observed::Absent;
        };
        for operation in [
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
        ] {
            if let Err(why) = reader.ask(operation) {
                return Observed::Unreadable(why);
            }
        }
        let tags = read(reader, "s3:GetBucketTagging", |_| Observed::Known(stored.tags.clone()));
        let bare = stored.tags.is_empty() && stored.bucket.policy.is_none();
        let empty = bare.then_some(stored.objects == 0);
        let (region, bucket) = (stored.region.clone(), stored.bucket.clone());
        Observed::Known(LiveBucket { region, bucket, tags, empty })
    })
}

#[cfg(test)]
mod tests;
