//! The live values that a link was judged by.
//!
//! What a link is about is told by its object. Values that differ from place to place and decide
//! nothing (the ARN that AWS gives a subscription, say) are left out.

use crate::proof::{Link, LinkCode, LinkObject};
use crate::resource::policy;
use crate::resource::topic::Endpoint;
use crate::scope::{AccountId, Arn, Place};
use crate::snapshot::Live;
use crate::snapshot::{
    LiveBus, LiveMachine, LiveRole, LiveSubscription, LiveTopic, LiveTrail, Observed, PlaceSnapshot,
};
use serde_json::{Map, Value, json};

/// What was read of a link's object, as far as it is about events that land in a place; `None`
/// where nothing was, or nothing decides.
pub(super) fn of(live: &Live, link: &Link, lands: &Place) -> Option<Value> {
    let seen = live.places.get(&link.place);
    match &link.object {
        LinkObject::Role { name, .. } => {
            role(live.accounts.get(&lands.account)?.roles.get(name)?.known()?)
        }
        LinkObject::Bus { hub, name } if link.code == LinkCode::BusKey => {
            let seen = live.places.get(hub)?;
            let named = seen.buses.get(name).and_then(|bus| bus.known()?.bus.kms_key.as_ref());
            let key = seen.keys.get(named.or(seen.default_bus_key.known())?)?.known()?;
            Some(json!({ "enabled": key.enabled, "policy": key.policy.known() }))
        }
        LinkObject::Bus { hub, name } => {
            bus(live.places.get(hub)?.buses.get(name)?.known()?, &lands.account)
        }
        LinkObject::Target { rule, sends_to, .. } => target(seen?, rule, sends_to),
        LinkObject::Subscription { topic, endpoint } => {
            subscription(live, seen?.topics.get(topic)?.known()?, endpoint)
        }
        LinkObject::TopicKey { key, .. } => {
            let key = seen?.keys.get(key)?.known()?;
            Some(json!({ "enabled": key.enabled, "policy": key.policy.known() }))
        }
        LinkObject::Trail(arn) => trail(live, arn, seen?.trails.known()?.get(arn)?),
        LinkObject::Rule { key, .. } => rule(seen?, key),
        LinkObject::Machine(arn) => machine(seen?.machines.get(arn)?.known()?),
        LinkObject::Topic(arn) => topic_policy(seen?.topics.get(arn)?.known()?),
        LinkObject::Trails(_)
        | LinkObject::Rules { .. }
        | LinkObject::Alert(_)
        | LinkObject::Chat { .. }
        | LinkObject::Bucket(_)
        | LinkObject::Queue(_) => None,
    }
}

/// What a state machine is, without its definition, which is long: whether it is the blueprint's is
/// what the link says.
fn machine(machine: &LiveMachine) -> Option<Value> {
    Some(json!({
        "status": machine.status,
        "type": machine.machine.machine_type,
        "role_arn": machine.machine.role_arn,
        "kms_key": machine.machine.kms_key,
    }))
}

fn trail(live: &Live, arn: &str, trail: &LiveTrail) -> Option<Value> {
    let account = Arn::parse(arn)?.account;
    let home = Place::new(AccountId::new(account)?, trail.home_region.clone());
    let selectors = live
        .places
        .get(&home)
        .and_then(|seen| seen.trails.known()?.get(arn)?.selectors.known())
        .and_then(|selectors| serde_json::to_value(selectors).ok());
    let mut out = Map::new();
    if let Some(status) = trail.status.known() {
        out.insert("logging".to_owned(), status.logging.into());
    }
    out.insert("multi_region".to_owned(), trail.trail.multi_region.into());
    out.extend(selectors.map(|selectors| ("selectors".to_owned(), selectors)));
    Some(Value::Object(out))
}

fn rule(seen: &PlaceSnapshot, name: &str) -> Option<Value> {
    let rule = &seen.rule(&name.into())?.rule;
    let text = rule.event_pattern.as_deref().unwrap_or_default();
    let pattern: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    Some(json!({ "state": rule.state, "event_pattern": pattern }))
}

/// Every target of the rule that sends there, without the message that it makes.
fn target(seen: &PlaceSnapshot, rule: &str, target: &str) -> Option<Value> {
    let targets = seen.rule(&rule.into())?.targets.known()?;
    let found = targets.iter().filter(|(_, one)| one.arn == target).map(|(id, one)| {
        let mut out = json!({ "id": id });
        for (key, value) in [("role_arn", &one.role_arn), ("dead_letter_arn", &one.dead_letter_arn)]
        {
            if let (Some(value), Some(out)) = (value, out.as_object_mut()) {
                out.insert(key.to_owned(), value.as_str().into());
            }
        }
        out
    });
    let found: Vec<Value> = found.collect();
    (!found.is_empty()).then(|| json!({ "targets": found }))
}

fn role(role: &LiveRole) -> Option<Value> {
    let inline: Vec<&Value> = role.role.policies.values().flat_map(policy::statements).collect();
    let mut out = json!({ "trust": policy::statements(&role.role.trust), "statements": inline });
    if let (Some(boundary), Some(out)) = (&role.role.permissions_boundary, out.as_object_mut()) {
        out.insert("permissions_boundary".to_owned(), boundary.as_str().into());
    }
    let attached = role.attached.known().filter(|attached| !attached.is_empty());
    if let (Some(attached), Some(out)) = (attached, out.as_object_mut()) {
        out.insert("attached".to_owned(), attached.keys().cloned().collect());
    }
    Some(out)
}

/// The statements that may decide about an account: those that name it or everybody, and those that
/// deny.
fn bus(bus: &LiveBus, account: &AccountId) -> Option<Value> {
    let statements = policy::statements(bus.bus.policy.as_ref()?);
    let decides = |statement: &&&Value| {
        let principal = statement.get("Principal").map(Value::to_string).unwrap_or_default();
        principal.contains(account.as_str())
            || principal.contains("\"*\"")
            || statement.get("Effect").and_then(Value::as_str) == Some("Deny")
    };
    let found: Vec<&Value> = statements.iter().filter(decides).copied().collect();
    Some(json!({ "statements": found }))
}

/// The statements that decide about EventBridge: those that name it, and those that deny.
fn topic_policy(topic: &LiveTopic) -> Option<Value> {
    let statements = policy::statements(topic.topic.policy.as_ref()?);
    let decides = |statement: &&&Value| {
        let principal = statement.get("Principal").map(Value::to_string).unwrap_or_default();
        principal.contains("\"events.amazonaws.com\"")
            || statement.get("Effect").and_then(Value::as_str) == Some("Deny")
    };
    let found: Vec<&Value> = statements.iter().filter(decides).copied().collect();
    Some(json!({ "statements": found }))
}

fn subscription(live: &Live, topic: &LiveTopic, endpoint: &Endpoint) -> Option<Value> {
    let mut found = attributes(topic, endpoint)?;
    if let (Some(policy), Some(found)) = (function_policy(live, endpoint), found.as_object_mut()) {
        found.insert("function_policy".to_owned(), policy);
    }
    Some(found)
}

/// The policy of a function that subscribes, by which it is judged whether SNS may call it.
fn function_policy(live: &Live, endpoint: &Endpoint) -> Option<Value> {
    let functions = live.places.values().map(|seen| &seen.functions);
    let seen = functions.filter_map(|functions| functions.get(endpoint.address())).next()?;
    Some(json!({ "statements": policy::statements(&seen.known()?.policy) }))
}

fn attributes(topic: &LiveTopic, endpoint: &Endpoint) -> Option<Value> {
    match topic.subscriptions.known()?.get(endpoint)? {
        LiveSubscription::Pending => Some(json!({ "pending": true })),
        LiveSubscription::Confirmed { attributes: Observed::Known(attributes), .. } => {
            serde_json::to_value(attributes).ok()
        }
        LiveSubscription::Confirmed { .. } => None,
    }
}
