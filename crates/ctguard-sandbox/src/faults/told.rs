//! The call that a fault stands for, as CloudTrail writes it down. What it was done to shows in what differs.

use super::Fault;
use super::pick::{self, Candidate};
use crate::state::{State, StoredSubscription};
use ctguard_core::action::Logged;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::machine::machine_arn;
use ctguard_core::scope::Place;
use serde_json::{Value, json};

/// The call with its place; `None` for what is no call of somebody's in the account, such as throttling.
pub fn call(fault: Fault, before: &State, after: &State) -> Option<(Place, Logged)> {
    let name = event(fault)?;
    let (place, service, parameters) = changed(name, before, after)?;
    let name = match (service, name) {
        ("sqs", "UntagResource") => "UntagQueue",
        ("cloudtrail", "UntagResource") => "RemoveTags",
        ("iam", "UntagResource") => "UntagRole",
        (_, name) => name,
    };
    Some((place, Logged { source: format!("{service}.amazonaws.com"), name, parameters }))
}

fn event(fault: Fault) -> Option<&'static str> {
    Some(match fault {
        Fault::StopTrail => "StopLogging",
        Fault::DeleteTrail => "DeleteTrail",
        Fault::NarrowSelectors | Fault::ExcludeKms => "PutEventSelectors",
        Fault::SingleRegionTrail => "UpdateTrail",
        Fault::DisableRule => "DisableRule",
        Fault::EnableRulePlain => "EnableRule",
        Fault::DeleteRule => "DeleteRule",
        Fault::NarrowPattern | Fault::CopyBus => "PutRule",
        Fault::DropTarget => "RemoveTargets",
        Fault::Retarget | Fault::SwapRole => "PutTargets",
        Fault::RewriteTopicPolicy
        | Fault::ConditionTopicPolicy
        | Fault::OpenTopic
        | Fault::DenyTopic => "SetTopicAttributes",
        Fault::DeleteTopic => "DeleteTopic",
        Fault::AddSubscriber => "Subscribe",
        Fault::Unsubscribe => "Unsubscribe",
        Fault::FilterSubscription => "SetSubscriptionAttributes",
        Fault::DeleteQueue => "DeleteQueue",
        Fault::QueuePolicy | Fault::DenyQueue | Fault::OpenQueue => "SetQueueAttributes",
        Fault::DeleteBucket => "DeleteBucket",
        Fault::DenyBucket => "PutBucketPolicy",
        Fault::ExpireLogs => "PutBucketLifecycle",
        Fault::DeleteRole => "DeleteRole",
        Fault::ConditionTrust => "UpdateAssumeRolePolicy",
        Fault::RetargetRole => "PutRolePolicy",
        Fault::BoundRole => "PutRolePermissionsBoundary",
        Fault::AttachPolicy | Fault::DenyRole => "AttachRolePolicy",
        Fault::DeleteBus => "DeleteEventBus",
        Fault::ShutBus => "RemovePermission",
        Fault::ConditionBus | Fault::DenyBus | Fault::OpenBus => "PutPermission",
        Fault::EncryptBus => "UpdateEventBus",
        Fault::DeleteMachine => "DeleteStateMachine",
        Fault::ChangeDefinition | Fault::EncryptMachine | Fault::SwapMachineRole => {
            "UpdateStateMachine"
        }
        Fault::StripTags => "UntagResource",
        _ => return None,
    })
}

/// The object that differs: its place, its service, and how a call names it.
fn changed(call: &str, before: &State, after: &State) -> Option<(Place, &'static str, Value)> {
    if let Some((place, key)) = differs(&pick::rules(before), &pick::rules(after)) {
        return Some((place.clone(), "events", rule(call, before, after, &place, &key)));
    }
    if let Some((place, name)) = differs(&pick::buses(before), &pick::buses(after)) {
        return Some((place, "events", json!({ "name": name, "eventBusName": name })));
    }
    if let Some((place, name)) = differs(&pick::trails(before), &pick::trails(after)) {
        let arn = place.arn("cloudtrail", &format!("trail/{name}"));
        let field = if call == "PutEventSelectors" { "trailName" } else { "name" };
        let field = if call == "UntagResource" { "resourceId" } else { field };
        return Some((place, "cloudtrail", json!({ field: arn })));
    }
    if let Some((place, name)) = differs(&pick::topics(before), &pick::topics(after)) {
        return Some((place.clone(), "sns", topic(call, before, after, &place, &name)));
    }
    if let Some((place, name)) = differs(&pick::queues(before), &pick::queues(after)) {
        let url = place.queue_url(&name);
        return Some((place, "sqs", json!({ "queueUrl": url })));
    }
    if let Some((place, name)) = differs(&pick::machines(before), &pick::machines(after)) {
        let arn = machine_arn(&place, &name);
        let field = if call == "UntagResource" { "resourceArn" } else { "stateMachineArn" };
        return Some((place, "states", json!({ field: arn })));
    }
    if let Some((place, name)) = differs(&pick::roles(before), &pick::roles(after)) {
        return Some((place, "iam", json!({ "roleName": name })));
    }
    let (place, name) = differs(&pick::buckets(before), &pick::buckets(after))?;
    Some((place, "s3", json!({ "bucketName": name })))
}

/// The first that is gone, new, or another.
fn differs<T: PartialEq>(
    before: &[Candidate<'_, T>],
    after: &[Candidate<'_, T>],
) -> Option<(Place, String)> {
    let missing = |one: &&Candidate<'_, T>, there: &[Candidate<'_, T>]| {
        !there.iter().any(|other| other == *one)
    };
    let gone = before.iter().find(|one| missing(one, after));
    let new = || after.iter().find(|one| missing(one, before));
    gone.or_else(new).map(|one| (one.place.clone(), one.name.clone()))
}

/// How a call names a rule or its targets.
fn rule(call: &str, before: &State, after: &State, place: &Place, key: &str) -> Value {
    let key = RuleKey::from(key);
    let bus = key.bus().unwrap_or("default");
    let targets = |state: &State| {
        let stored = state.region(place).all_rules().find(|(known, _)| *known == key);
        stored.map(|(_, rule)| rule.targets.clone()).unwrap_or_default()
    };
    let (old, new) = (targets(before), targets(after));
    match call {
        "RemoveTargets" => {
            let gone: Vec<&_> = old.keys().filter(|id| !new.contains_key(*id)).collect();
            json!({ "rule": key.name(), "eventBusName": bus, "ids": gone })
        }
        "PutTargets" => {
            let put: Vec<Value> = new
                .iter()
                .filter(|(id, target)| old.get(*id) != Some(*target))
                .map(|(id, _)| json!({ "id": id }))
                .collect();
            json!({ "rule": key.name(), "eventBusName": bus, "targets": put })
        }
        "UntagResource" => json!({ "resourceARN": place.arn("events", &format!("rule/{key}")) }),
        _ => json!({ "name": key.name(), "eventBusName": bus }),
    }
}

/// How a call names a topic or one of its subscriptions.
fn topic(call: &str, before: &State, after: &State, place: &Place, name: &str) -> Value {
    let arn = place.arn("sns", name);
    let known = |state: &State| {
        let topic = state.region(place).topics.get(name);
        topic.map(|topic| topic.subscriptions.clone()).unwrap_or_default()
    };
    match call {
        "Unsubscribe" | "SetSubscriptionAttributes" => {
            let after = known(after);
            let changed = known(before).into_iter().find(|(to, one)| after.get(to) != Some(one));
            let subscription = match changed {
                Some((_, StoredSubscription::Confirmed { arn, .. })) => arn,
                // One that is pending has no ARN that a call could name.
                _ => arn,
            };
            json!({ "subscriptionArn": subscription })
        }
        "UntagResource" => json!({ "resourceArn": arn }),
        "Subscribe" => {
            let before = known(before);
            let after = known(after);
            let added = after.keys().find(|to| !before.contains_key(*to));
            json!({ "topicArn": arn, "protocol": added.map(|to| to.protocol.as_str()) })
        }
        _ => json!({ "topicArn": arn }),
    }
}
