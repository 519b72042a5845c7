//! What should exist in one place, each object whole: what several calls of an apply make together.

use crate::desired::{Desired, DesiredPlace, DesiredRole, DesiredTopic};
use crate::resource::bucket::Encryption;
use crate::resource::keys::RuleKey;
use crate::resource::machine::Machine;
use crate::resource::queue::Queue;
use crate::resource::rule::{Rule, Targets};
use crate::resource::topic::{Endpoint, Protocol};
use crate::resource::trail::Trail;
use crate::resource::{Tags, policy};
use crate::scope::Place;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One object, in the order in which they can be made: none needs a later one.
///
/// Texts may be open: see [`super::text`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Item {
    Bucket {
        name: String,
        encryption: Encryption,
        policy: Value,
        tags: Tags,
    },
    Trail {
        name: String,
        trail: Trail,
        tags: Tags,
    },
    Role {
        name: String,
        trust: Value,
        policies: BTreeMap<String, Value>,
        tags: Tags,
    },
    Bus {
        name: String,
        policy: Value,
        tags: Tags,
    },
    Queue {
        name: String,
        queue: Queue,
        policy: Value,
        tags: Tags,
    },
    Topic {
        name: String,
        display_name: String,
        kms_key: Option<String>,
        policy: Value,
        tags: Tags,
        subscriptions: Vec<Subscription>,
    },
    Machine {
        name: String,
        machine: Machine,
        tags: Tags,
    },
    Rule {
        key: RuleKey,
        rule: Rule,
        targets: Targets,
        tags: Tags,
    },
}

/// One subscriber of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub protocol: String,
    /// The address without what is secret of it.
    pub shown: String,
    /// The address; absent where a part of it is secret, and whoever deploys must give it.
    pub address: Option<String>,
    pub dead_letter_arn: Option<String>,
}

impl Subscription {
    fn of(endpoint: &Endpoint, dead_letter_arn: Option<String>) -> Self {
        // An address that was not looked up is the name of its secret.
        let unknown = !endpoint.address().contains("://");
        let secret = endpoint.is_veiled() || unknown || endpoint.shown() != endpoint.address();
        // A host in capitals is no secret, and an e-mail address is shown as it is.
        let web = matches!(endpoint.protocol, Protocol::Http | Protocol::Https);
        Self {
            protocol: endpoint.protocol.as_str().to_owned(),
            // The name of a secret is the same whether or not it could be looked up.
            shown: match endpoint.named_by() {
                Some(named) => format!("secret:{named}"),
                None if web && unknown => format!("secret:{}", endpoint.address()),
                None => endpoint.shown().to_owned(),
            },
            address: (!(secret && web)).then(|| endpoint.address().to_owned()),
            dead_letter_arn,
        }
    }
}

impl Item {
    /// The name within its kind; a rule's begins with its bus.
    pub fn name(&self) -> &str {
        match self {
            Self::Bucket { name, .. }
            | Self::Trail { name, .. }
            | Self::Role { name, .. }
            | Self::Bus { name, .. }
            | Self::Queue { name, .. }
            | Self::Topic { name, .. }
            | Self::Machine { name, .. } => name,
            Self::Rule { key, .. } => key.as_str(),
        }
    }
}

/// What should exist in a place; at `home`, what its account has in no region, too.
pub(super) fn items(desired: &Desired, place: &Place, home: bool) -> Vec<Item> {
    let nothing = DesiredPlace::default();
    let here = desired.places.get(place).unwrap_or(&nothing);
    let mut all = Vec::new();
    all.extend(buckets(desired, place));
    all.extend(here.trail.iter().map(|kept| Item::Trail {
        name: kept.name.clone(),
        trail: kept.trail.clone(),
        tags: kept.tags.clone(),
    }));
    if home {
        all.extend(roles(desired, place).map(role));
    }
    all.extend(here.bus.iter().map(|bus| Item::Bus {
        name: bus.name.clone(),
        policy: policy::document(bus.own_statements.clone()),
        tags: bus.tags.clone(),
    }));
    all.extend(here.queues.iter().map(|(name, queue)| Item::Queue {
        name: name.clone(),
        queue: queue.queue.clone(),
        policy: policy::document(vec![queue.own_statement(place, name)]),
        tags: queue.tags.clone(),
    }));
    let prefix = desired.names.prefix();
    all.extend(here.topics.iter().map(|(name, topic)| topic_item(name, topic, prefix)));
    all.extend(here.machines.iter().map(|(name, machine)| Item::Machine {
        name: name.clone(),
        machine: machine.machine.clone(),
        tags: machine.tags.clone(),
    }));
    all.extend(here.rules.iter().map(|(key, rule)| Item::Rule {
        key: key.clone(),
        rule: Rule::clone(&rule.rule),
        targets: rule.targets.clone(),
        tags: rule.tags.clone(),
    }));
    all
}

/// The bucket of a trail that is made with it: one that the blueprint says is somebody else's is
/// not.
fn buckets<'a>(desired: &'a Desired, place: &'a Place) -> impl Iterator<Item = Item> + 'a {
    let made = desired.buckets.iter().filter(|((account, _), bucket)| {
        *account == place.account && bucket.place == *place && !bucket.elsewhere
    });
    made.map(|((_, name), bucket)| Item::Bucket {
        name: name.clone(),
        encryption: bucket.encryption.clone(),
        policy: policy::document(bucket.own_statements.clone()),
        tags: bucket.tags.clone(),
    })
}

fn roles<'a>(desired: &'a Desired, place: &'a Place) -> impl Iterator<Item = &'a DesiredRole> {
    let all =
        [&desired.roles, &desired.machine_roles, &desired.heal_roles, &desired.heal_rules_roles];
    all.into_iter().filter_map(|roles| roles.get(&place.account))
}

fn role(role: &DesiredRole) -> Item {
    Item::Role {
        name: role.name.clone(),
        trust: role.trust.clone(),
        policies: role.policies.clone(),
        tags: role.tags.clone(),
    }
}

fn topic_item(name: &str, topic: &DesiredTopic, prefix: &str) -> Item {
    let mut tags = topic.tags.clone();
    tags.extend(topic.passwords.clone());
    Item::Topic {
        name: name.to_owned(),
        display_name: topic.display_name.clone(),
        kms_key: topic.kms_key.clone(),
        policy: policy::merged(Some(&topic.default_policy), &topic.own_statements, prefix),
        tags,
        subscriptions: topic
            .subscriptions
            .iter()
            .map(|(endpoint, attributes)| {
                Subscription::of(endpoint, attributes.dead_letter_arn.clone())
            })
            .collect(),
    }
}
