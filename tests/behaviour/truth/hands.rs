//! How the account's file is changed by hand: one object, chosen among those that are there.

use super::town::place;
use ctguard_core::event::sample::Clock;
use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::rule::Target;
use ctguard_core::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::resource::trail::{
    AdvancedSelector, BasicSelector, DataResource, FieldSelector, ReadWrite, Selectors,
};
use ctguard_core::scope::Place;
use ctguard_sandbox::State;
use ctguard_sandbox::state::{
    Denied, RuleMetrics, StoredRule, StoredSubscription, StoredTopic, StoredTrail,
};
use serde_json::{Value, json};

pub const PREFIX: &str = "ctguard-acme-";

pub fn trails(state: &mut State, change: impl Fn(&mut StoredTrail)) {
    for account in state.accounts.values_mut() {
        for regional in account.regions.values_mut() {
            regional.trails.values_mut().for_each(&change);
        }
    }
}

pub fn rule(state: &mut State, at: &Place, pick: usize, change: impl FnOnce(&mut StoredRule)) {
    let ours = |(name, _): &(&String, &mut StoredRule)| name.starts_with(PREFIX);
    let mut rules: Vec<_> = state.region_mut(at).rules.iter_mut().filter(ours).collect();
    let many = rules.len().max(1);
    if let Some((_, rule)) = rules.get_mut(pick % many) {
        change(rule);
    }
}

pub fn metrics(state: &mut State, at: &Place, pick: usize, change: impl FnOnce(&mut RuleMetrics)) {
    if let Some(name) = rule_name(state, at, pick) {
        change(state.region_mut(at).metrics.entry(name).or_default());
    }
}

pub fn rule_name(state: &mut State, at: &Place, pick: usize) -> Option<String> {
    let rules = &state.region_mut(at).rules;
    let names: Vec<_> = rules.keys().filter(|name| name.starts_with(PREFIX)).cloned().collect();
    names.get(pick % names.len().max(1)).cloned()
}

pub fn target(state: &mut State, at: &Place, pick: usize, change: impl FnOnce(&mut Target)) {
    rule(state, at, pick, |rule| {
        if let Some(target) = rule.targets.values_mut().next() {
            change(target);
        }
    });
}

pub fn topic(state: &mut State, at: &Place, pick: usize, change: impl FnOnce(&mut StoredTopic)) {
    let ours = |(name, _): &(&String, &mut StoredTopic)| name.starts_with(PREFIX);
    let mut topics: Vec<_> = state.region_mut(at).topics.iter_mut().filter(ours).collect();
    let many = topics.len().max(1);
    if let Some((_, topic)) = topics.get_mut(pick % many) {
        change(topic);
    }
}

pub fn statement(topic: &mut StoredTopic, more: Value) {
    let policy = topic.topic.policy.get_or_insert_with(|| json!({ "Statement": [] }));
    policy["Statement"].as_array_mut().unwrap().push(more);
}

pub fn condition(topic: &mut StoredTopic, condition: Value) {
    let statements = topic.topic.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
    for statement in statements.into_iter().flatten() {
        if statement["Principal"]["Service"] == "events.amazonaws.com" {
            statement["Condition"] = condition.clone();
        }
    }
}

pub fn deny(condition: Option<Value>) -> Value {
    let mut deny = json!({ "Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*" });
    if let Some(condition) = condition {
        deny["Condition"] = condition;
    }
    deny
}

pub fn attributes(
    state: &mut State,
    at: &Place,
    pick: usize,
    change: impl FnOnce(&mut SubscriptionAttributes),
) {
    topic(state, at, pick, |topic| {
        if let Some(StoredSubscription::Confirmed { attributes, .. }) =
            topic.subscriptions.values_mut().next()
        {
            change(attributes);
        }
    });
}

pub fn chat(state: &mut State, at: &Place, change: impl FnOnce(&mut StoredTopic, Endpoint)) {
    if let Some(topic) = state.region_mut(at).topics.get_mut("ctguard-acme-chat") {
        change(topic, Endpoint::new(Protocol::Https, CHAT_ENDPOINT));
    }
}

pub fn siem(state: &mut State, change: impl FnOnce(&mut Queue)) {
    if let Some(queue) = state.region_mut(&place("eu-west-1")).queues.get_mut("siem") {
        change(&mut queue.queue);
    }
}

/// The policy of the function that subscribes.
pub fn triage(state: &mut State, change: impl FnOnce(&mut Option<Value>)) {
    if let Some(function) = state.region_mut(&place("eu-west-1")).functions.get_mut("triage") {
        change(&mut function.policy);
    }
}

/// The function lets SNS call it on a condition.
pub fn calling(state: &mut State, condition: Value) {
    triage(state, |policy| {
        if let Some(policy) = policy {
            policy["Statement"][0]["Condition"] = condition;
        }
    });
}

pub fn key(state: &mut State, at: &Place, policy: Value) {
    for key in state.region_mut(at).keys.values_mut() {
        if key.aliases.contains("alias/alerts") {
            key.policy = policy.clone();
        }
    }
}

pub fn field(name: &str, equals: &[&str], not: &[&str]) -> FieldSelector {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    FieldSelector {
        field: name.into(),
        equals: owned(equals),
        not_equals: owned(not),
        ..Default::default()
    }
}

pub fn advanced(fields: Vec<FieldSelector>) -> AdvancedSelector {
    AdvancedSelector { name: None, fields }
}

pub fn basic(read_write: ReadWrite, excluded: &[&str]) -> Selectors {
    Selectors::Basic(vec![BasicSelector {
        read_write,
        management_events: true,
        exclude_management_sources: excluded.iter().map(|source| (*source).to_owned()).collect(),
        data_resources: Vec::new(),
    }])
}

pub fn also_objects(selectors: &mut Selectors, arn: &str) {
    match selectors {
        Selectors::Basic(list) => list[0].data_resources.push(DataResource {
            resource_type: "AWS::S3::Object".into(),
            values: vec![arn.into()],
        }),
        Selectors::Advanced(list) => list.push(advanced(vec![
            field("eventCategory", &["Data"], &[]),
            field("resources.type", &["AWS::S3::Object"], &[]),
        ])),
    }
}

/// The pattern with one more field below `detail`, unless it has that field.
pub fn narrowed(rule: &mut StoredRule, path: &str, wanted: Value) {
    let text = rule.rule.event_pattern.clone().unwrap();
    let leaf = path.rsplit('.').next().unwrap();
    if text.contains(&format!("\"{leaf}\"")) {
        return;
    }
    let mut pattern: Value = serde_json::from_str(&text).unwrap();
    let mut at = &mut pattern["detail"];
    for key in path.split('.') {
        at = &mut at[key];
    }
    *at = wanted;
    rule.rule.event_pattern = Some(pattern.to_string());
}

pub fn pend(topic: &mut StoredTopic, since: Clock) {
    if let Some(subscription) = topic.subscriptions.values_mut().next() {
        *subscription =
            StoredSubscription::Pending { since, attributes: subscription.attributes().clone() };
    }
}

pub fn hide(state: &mut State, operation: &str) {
    state.denied.push(Denied { operation: operation.into(), account: None, region: None });
}
