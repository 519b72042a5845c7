//! What people add to the objects of others: statements, policies, subscribers, rules, expirations.

use super::hop::edit_role;
use super::pick::{self, nothing, pick, within};
use super::{Aim, Fault};
use crate::policy::list;
use crate::state::{State, StoredKey, StoredRule};
use crate::{buses, topics};
use ctguard_core::resource::Tags;
use ctguard_core::resource::bucket::{Expiration, Expires};
use ctguard_core::resource::policy::document;
use ctguard_core::resource::rule::{Input, Rule, RuleState, Target, Targets};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::scope::Place;
use serde_json::{Value, json};

/// An account that does not exist.
const NOBODY: &str = "000000000000";

/// Adds a statement for or against everybody to the policy of a topic, bus, queue or bucket.
pub fn statement(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    match fault {
        Fault::OpenBus => {
            let (place, name) = pick("event bus", pick::buses(state), aim, |_| true)?;
            let arn = buses::arn(&place, &name);
            if let Some(bus) = state.region_mut(&place).buses.get_mut(&name) {
                add(&mut bus.policy, anybody("Allow", "events:PutEvents", &arn));
            }
            Ok(format!("Anybody may now put events on event bus {name} ({place})."))
        }
        Fault::OpenTopic | Fault::DenyTopic => {
            let (place, name) = pick("topic", pick::topics(state), aim, |_| true)?;
            let arn = place.arn("sns", &name);
            let (effect, may) = match fault {
                Fault::OpenTopic => ("Allow", "Anybody may now"),
                _ => ("Deny", "Nobody may now"),
            };
            if let Some(topic) = state.region_mut(&place).topics.get_mut(&name) {
                add(&mut topic.topic.policy, anybody(effect, "sns:Publish", &arn));
            }
            Ok(format!("{may} publish to topic {name} ({place})."))
        }
        Fault::OpenQueue => {
            let (place, name) = pick("queue", pick::queues(state), aim, |_| true)?;
            let arn = place.arn("sqs", &name);
            if let Some(queue) = state.region_mut(&place).queues.get_mut(&name) {
                for action in ["sqs:ReceiveMessage", "sqs:PurgeQueue"] {
                    add(&mut queue.queue.policy, anybody("Allow", action, &arn));
                }
            }
            Ok(format!("Anybody may now read and purge queue {name} ({place})."))
        }
        Fault::DenyQueue => {
            let (place, name) = pick("queue", pick::queues(state), aim, |_| true)?;
            let arn = place.arn("sqs", &name);
            if let Some(queue) = state.region_mut(&place).queues.get_mut(&name) {
                add(&mut queue.queue.policy, anybody("Deny", "sqs:SendMessage", &arn));
            }
            Ok(format!("Nobody may now send to queue {name} ({place})."))
        }
        _ => {
            let (place, name) = pick("bucket", pick::buckets(state), aim, |_| true)?;
            let files = format!("arn:{}:s3:::{name}/*", place.region.partition());
            edit_bucket(state, &place, &name, |bucket| {
                add(&mut bucket.policy, anybody("Deny", "s3:PutObject", &files));
            });
            Ok(format!("Nobody may now write to bucket {name} of account {}.", place.account))
        }
    }
}

/// Denies everybody in the policies of a function and its aliases, or of a key.
pub fn denial(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let kind = if fault == Fault::DenyKey { "key" } else { "function" };
    let all: Vec<(Place, String)> = state
        .places()
        .into_iter()
        .flat_map(|place| {
            let here = state.region(&place);
            let names: Vec<String> = match fault {
                Fault::DenyKey => here.keys.keys().cloned().collect(),
                _ => here.functions.keys().cloned().collect(),
            };
            names.into_iter().map(move |name| (place.clone(), name))
        })
        .collect();
    let meant = |(place, name): &&(Place, String)| {
        let alias = |alias: &String| {
            let key = state.region(place).keys.get(name);
            fault == Fault::DenyKey && key.is_some_and(|key| key.aliases.contains(alias))
        };
        within(aim, place) && aim.name.as_ref().is_none_or(|one| one == name || alias(one))
    };
    let Some((place, name)) = all.iter().find(meant).cloned() else {
        let there = all.iter().map(|(place, name)| format!("{name} in {place}"));
        return Err(nothing(kind, aim, there));
    };
    let here = state.region_mut(&place);
    if fault == Fault::DenyKey {
        if let Some(key) = here.keys.get_mut(&name) {
            let mut policy = Some(key.policy.take());
            add(&mut policy, anybody("Deny", "kms:GenerateDataKey*", "*"));
            key.policy = policy.unwrap_or_default();
        }
        return Ok(format!("Nobody may now encrypt with key {name} ({place})."));
    }
    if let Some(function) = here.functions.get_mut(&name) {
        let own = [&mut function.policy].into_iter().chain(function.qualifiers.values_mut());
        own.for_each(|policy| add(policy, anybody("Deny", "lambda:InvokeFunction", "*")));
    }
    Ok(format!("Nobody may now call function {name} ({place})."))
}

/// Attaches a policy of AWS's to a role: one that lets it read, or one that denies everything.
pub fn attached(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let policy = if fault == Fault::DenyRole { "AWSDenyAll" } else { "ReadOnlyAccess" };
    let (place, name) = pick("role", pick::roles(state), aim, |role| {
        !role.attached.iter().any(|arn| arn.ends_with(&format!("/{policy}")))
    })?;
    let arn = format!("arn:{}:iam::aws:policy/{policy}", place.region.partition());
    edit_role(state, &place, &name, |role| role.attached.extend([arn]));
    Ok(format!("Attached the policy {policy} to role {name} of account {}.", place.account))
}

/// Encrypts a bus with a key that admits its account alone. Without a custom bus, or by the name
/// `default`, it is the default bus of a region with rules.
pub fn encrypted(state: &mut State, aim: &Aim) -> Result<String, String> {
    let custom = match aim.name.as_deref() {
        Some("default") => Err(String::new()),
        _ => pick("event bus", pick::buses(state), aim, |bus| bus.kms_key.is_none()),
    };
    let has_rules = |place: &&Place| !state.region(place).rules.is_empty();
    let (place, name) = match custom {
        Ok(found) => found,
        Err(why) if aim.name.as_deref().is_some_and(|name| name != "default") => return Err(why),
        Err(_) => {
            let places: Vec<Place> =
                state.places().into_iter().filter(|place| within(aim, place)).collect();
            let found = places.iter().find(has_rules).or(places.first()).cloned();
            let there = || state.places().into_iter().map(|place| format!("default in {place}"));
            (found.ok_or_else(|| nothing("event bus", aim, there()))?, "default".to_owned())
        }
    };
    let partition = place.region.partition();
    let policy = document(vec![json!({
        "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": { "AWS": format!("arn:{partition}:iam::{}:root", place.account) },
    })]);
    let key = StoredKey {
        aliases: Default::default(),
        enabled: true,
        aws_managed: false,
        asymmetric: false,
        policy,
    };
    let arn = place.arn("kms", "key/somebodys-key");
    let here = state.region_mut(&place);
    here.keys.insert("somebodys-key".to_owned(), key);
    match here.buses.get_mut(&name) {
        Some(bus) => bus.kms_key = Some(arn),
        None => here.default_bus_key = Some(arn),
    }
    Ok(format!(
        "Event bus {name} ({place}) is now encrypted with a key that EventBridge may not use."
    ))
}

/// A rule on a bus that sends everything to another account's.
pub fn copied(state: &mut State, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("event bus", pick::buses(state), aim, |_| true)?;
    let partition = place.region.partition();
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some(r#"{"source":[{"prefix":""}]}"#.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    let target = Target {
        arn: format!("arn:{partition}:events:{}:{NOBODY}:event-bus/elsewhere", place.region),
        role_arn: Some(format!("arn:{partition}:iam::{}:role/somebodys-role", place.account)),
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    let targets = Targets::from([("elsewhere".to_owned(), target)]);
    if let Some(bus) = state.region_mut(&place).buses.get_mut(&name) {
        let rule = StoredRule { rule, targets, tags: Tags::new() };
        bus.rules.insert("somebodys-copy".to_owned(), rule);
    }
    Ok(format!("A rule of somebody's now sends all events of event bus {name} ({place}) away."))
}

/// Somebody who subscribes to a topic and confirms.
pub fn subscribed(state: &mut State, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("topic", pick::topics(state), aim, |_| true)?;
    let endpoint = Endpoint::new(Protocol::Email, "somebody@elsewhere.example");
    let plain = SubscriptionAttributes::default();
    let subscription = topics::confirmed(&place, &name, &endpoint, plain);
    if let Some(topic) = state.region_mut(&place).topics.get_mut(&name) {
        topic.subscriptions.insert(endpoint.clone(), subscription);
    }
    Ok(format!("{endpoint} now hears what is sent to topic {name} ({place})."))
}

/// A lifecycle rule that deletes every object after a day.
pub fn expired(state: &mut State, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("bucket", pick::buckets(state), aim, |_| true)?;
    edit_bucket(state, &place, &name, |bucket| {
        bucket.lifecycle = true;
        bucket.expirations.push(Expiration {
            rule: "somebodys-tidying".to_owned(),
            prefix: String::new(),
            expires: Expires::Days(1),
            by_size: false,
        });
    });
    Ok(format!("Bucket {name} of account {} now deletes its objects after a day.", place.account))
}

fn edit_bucket(
    state: &mut State,
    place: &Place,
    name: &str,
    change: impl FnOnce(&mut ctguard_core::resource::bucket::Bucket),
) {
    let account = state.accounts.get_mut(&place.account);
    if let Some(stored) = account.and_then(|account| account.global.buckets.get_mut(name)) {
        change(&mut stored.bucket);
    }
}

fn anybody(effect: &str, action: &str, resource: &str) -> Value {
    let (_, name) = action.split_once(':').unwrap_or_default();
    json!({ "Sid": format!("Somebodys{effect}{name}"), "Effect": effect, "Principal": "*", "Action": action, "Resource": resource })
}

/// Adds a statement to a policy, which may not be there yet. One with its Sid gives way: two of one Sid are refused.
fn add(policy: &mut Option<Value>, statement: Value) {
    let policy = policy.get_or_insert_with(|| document(Vec::new()));
    let mut statements: Vec<Value> = list(policy.get("Statement")).into_iter().cloned().collect();
    statements.retain(|one| one.get("Sid").is_none() || one.get("Sid") != statement.get("Sid"));
    statements.push(statement);
    policy["Statement"] = Value::Array(statements);
}
