//! The role with which the rules of an account send where only a role reaches: to the hub's bus, and
//! to topics of other accounts.
//!
//! Only EventBridge can assume it, only for this account's rules of the blueprint. For each that it
//! sends to it has a policy with one permission.
//!
//! Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html>

use super::Compiler;
use crate::blueprint::{Blueprint, Destination, Format};
use crate::codes;
use crate::desired::{Desired, DesiredRole, tags_of};
use crate::diag::Diagnostic;
use crate::resource::Kind;
use crate::resource::names::{FORWARD, Names};
use crate::resource::policy;
use crate::resource::role::INLINE_POLICIES_MAX_CHARS;
use crate::scope::Place;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The role of an account that forwards events to the hub.
pub(super) fn forwards(
    blueprint: &Blueprint,
    names: &Names,
    place: &Place,
    hub: &Place,
    bus_arn: &str,
) -> DesiredRole {
    let put = json!({ "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus_arn });
    DesiredRole {
        name: names.role(),
        trust: trust(place, &[format!("{}{FORWARD}*", names.prefix())]),
        policies: BTreeMap::from([(names.to_hub(hub), policy::document(vec![put]))]),
        place: place.clone(),
        tags: tags_of(blueprint, Kind::Role, None),
    }
}

/// The trust policy of a role that every rule of the blueprint may send with.
pub(crate) fn trust_of_all_rules(names: &Names, place: &Place) -> Value {
    let prefix = names.prefix();
    // Those on a bus of the hub's name too: that the blueprint has a hub may come and go.
    trust(place, &[format!("{prefix}*"), format!("{}/{prefix}*", names.bus())])
}

fn trust(place: &Place, rules: &[String]) -> Value {
    let (partition, account) = (place.region.partition(), &place.account);
    let arn = |rule: &String| json!(format!("arn:{partition}:events:*:{account}:rule/{rule}"));
    let rules = match rules {
        [one] => arn(one),
        several => several.iter().map(arn).collect(),
    };
    policy::document(vec![json!({
        "Effect": "Allow",
        "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": { "aws:SourceAccount": account },
            "ArnLike": { "aws:SourceArn": rules },
        },
    })])
}

/// What the role of an account must be allowed for one destination.
#[derive(Debug, Clone, Default)]
pub(super) struct Publishing {
    /// Topics of one name, in several regions.
    pub topics: BTreeSet<String>,
    /// The keys that encrypt them.
    pub keys: BTreeSet<String>,
}

impl Publishing {
    pub fn policy(&self) -> Value {
        let publish =
            json!({ "Effect": "Allow", "Action": "sns:Publish", "Resource": only(&self.topics) });
        let mut statements = vec![publish];
        if !self.keys.is_empty() {
            // https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
            statements.extend(self.uses_keys());
        }
        policy::document(statements)
    }

    /// A key by its ARN, and one of its own account by its alias: IAM knows no resource for that.
    ///
    /// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html>
    fn uses_keys(&self) -> Vec<Value> {
        let (aliases, keys): (BTreeSet<&String>, BTreeSet<&String>) =
            self.keys.iter().partition(|key| key.contains(":alias/"));
        let keys: BTreeSet<String> = keys.into_iter().cloned().collect();
        let actions = json!(["kms:GenerateDataKey", "kms:Decrypt"]);
        let mut statements = Vec::new();
        if !keys.is_empty() {
            statements
                .push(json!({ "Effect": "Allow", "Action": actions, "Resource": only(&keys) }));
        }
        for alias in aliases {
            let Some((home, name)) = alias.split_once(":alias/") else { continue };
            statements.push(json!({
                "Effect": "Allow",
                "Action": actions,
                "Resource": format!("{home}:key/*"),
                "Condition": {
                    "ForAnyValue:StringEquals": { "kms:ResourceAliases": format!("alias/{name}") },
                },
            }));
        }
        statements
    }
}

impl Compiler<'_> {
    /// Refuses roles whose inline policies IAM would not take: all of a role's count together.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    pub(super) fn check_role_sizes(&mut self, desired: &Desired) {
        let by_role = |one: &&Destination| one.format == Format::Mail || one.role.is_some();
        let first = self.blueprint.destinations.values().find(by_role);
        let span = first.and_then(|destination| destination.span.clone());
        let healers = desired.heal_roles.values().chain(desired.heal_rules_roles.values());
        let machines = desired.machine_roles.values().chain(healers);
        for role in desired.roles.values().chain(machines) {
            let chars: usize = role.policies.values().map(policy::characters).sum();
            if chars <= INLINE_POLICIES_MAX_CHARS {
                continue;
            }
            let problem = Diagnostic::error(
                codes::ROLE_POLICY_TOO_LARGE,
                format!(
                    "the policies of role {} would have {chars} characters, more than the {INLINE_POLICIES_MAX_CHARS} that IAM takes of a role",
                    role.name
                ),
            )
            .at(span.clone())
            .help(
                "Each topic, key and state machine is named in it, region by region: name fewer destinations or regions, or raise all alerts in one region with `hub:`.",
            );
            self.once(&role.name, problem);
        }
    }
}

/// One resource, or a list of them.
pub(super) fn only(all: &BTreeSet<String>) -> Value {
    match all.len() {
        1 => json!(all.first()),
        _ => json!(all),
    }
}

/// Lets the role of a place's account send, and makes it where it forwards nothing.
pub(super) fn sends(
    blueprint: &Blueprint,
    desired: &mut Desired,
    place: &Place,
    policies: BTreeMap<String, Value>,
) {
    let names = &desired.names;
    let trust = trust_of_all_rules(names, place);
    let role = desired.roles.entry(place.account.clone()).or_insert_with(|| DesiredRole {
        name: names.role(),
        trust: Value::Null,
        policies: BTreeMap::new(),
        place: place.clone(),
        tags: tags_of(blueprint, Kind::Role, None),
    });
    role.trust = trust;
    role.policies.extend(policies);
}
