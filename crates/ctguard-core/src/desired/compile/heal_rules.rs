//! Healing of rules: in each place that raises alerts, a rule that starts a state machine, which knows
//! every rule of the place.
//!
//! Calls on rules land in the region of the rules, and a state machine calls its own region alone.
//! With a hub that is the hub itself, and the home of the trail: another place only forwards, and has
//! no topic to tell by.
//!
//! Sources: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>

use super::Compiler;
use super::heal::Started;
use super::role::{self, Publishing};
use crate::blueprint::{Alert, Destination, Heal};
use crate::desired::{Desired, DesiredPlace, DesiredRule};
use crate::heal::{RULE_CALLS, RULES_MACHINE_CALLS, RulesInput, WantedRule, rules_definition};
use crate::resource::keys::RuleKey;
use crate::resource::policy;
use crate::scope::{AccountId, Place};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the roles of an account must be allowed for putting its rules back.
pub(super) struct HealingRules {
    /// One of the places, where the calls about the role are made.
    place: Place,
    /// The state machines, by ARN.
    machines: BTreeSet<String>,
    /// The rules, as patterns of their ARNs.
    rules: BTreeSet<String>,
    /// The roles that their targets have, by ARN.
    passed: BTreeSet<String>,
    /// The queues that keep notices that could not be published.
    queues: BTreeSet<String>,
    /// What the notices are published to, by the id of the target.
    publishing: BTreeMap<String, Publishing>,
}

impl<'a> Compiler<'a> {
    /// Adds what puts rules back, to the places that raise alerts.
    pub(super) fn heal_rules(
        &mut self,
        desired: &mut Desired,
    ) -> BTreeMap<AccountId, HealingRules> {
        let blueprint = self.blueprint;
        let mut healing: BTreeMap<AccountId, HealingRules> = BTreeMap::new();
        let Some(heal) = &blueprint.heal else { return healing };
        let (Some(alert), Some(destination)) =
            (&heal.rules, blueprint.destinations.get(&heal.notify))
        else {
            return healing;
        };
        let mut places: Vec<Place> = match &desired.hub {
            None => desired.places.keys().cloned().collect(),
            Some(hub) => [Some(hub), desired.trail_home.as_ref()]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        };
        places.retain(|place| desired.places.get(place).is_some_and(|here| !here.rules.is_empty()));
        for place in places {
            let Some(mut here) = desired.places.remove(&place) else { continue };
            let made = self.heal_rules_of(desired, (heal, alert, destination), &place, &mut here);
            if let Some((target, publishing)) = made {
                let here = &here;
                let new = || HealingRules::new(&place);
                let account = healing.entry(place.account.clone()).or_insert_with(new);
                account.add(self, &place, here, (target, publishing));
            }
            desired.places.insert(place, here);
        }
        healing
    }

    fn heal_rules_of(
        &mut self,
        desired: &mut Desired,
        (heal, alert, destination): (&'a Heal, &'a Alert, &'a Destination),
        place: &Place,
        here: &mut DesiredPlace,
    ) -> Option<(String, Publishing)> {
        self.check_role(destination)?;
        let topic = self.topic_path(destination, place, here, true)?;
        let target_id = self.names.heal_rules_target(&topic.target);
        let name = self.names.heal_rules();
        let path = self.healer_path(name.clone(), place);
        let after = self.blueprint.alerts.len();
        // At the home of the trail it is there already.
        if desired.trail_home.as_ref() != Some(place) {
            let id: Arc<str> = Arc::from(heal.watch.id.as_str());
            let watch = self.raised_where_it_lands(after + 1, (&id, &heal.watch), place, here);
            desired.paths.extend(watch);
        }
        let started = Started { alert, index: after + 2, destination, target_id, topic, path };
        let started = self.starts(desired, started, place, here)?;
        // Every rule is there now, those of healing too.
        let definition = rules_definition(&RulesInput {
            blueprint: &self.blueprint.name,
            place,
            account: self.listed_name(place),
            rules: here.rules.iter().map(|(key, rule)| wanted(key, rule)).collect(),
            limit: heal.limit,
            format: destination.format,
            dead_letter_queue: &place.queue_url(&self.names.targets_queue()),
        });
        let help =
            "Send alerts as `mail`, whose targets are short, or raise fewer of them in one place.";
        self.add_healer((heal, "rules", help), name, definition, place, here)?;
        Some(started)
    }

    /// Adds the roles: the account's may start the state machines, and their own may put rules back
    /// and say so.
    pub(super) fn heal_rules_roles(
        &self,
        desired: &mut Desired,
        healing: &BTreeMap<AccountId, HealingRules>,
    ) {
        for (account, healing) in healing {
            let HealingRules { place, machines, rules, passed, queues, publishing } = healing;
            let name = self.names.heal_rules();
            let start = policy::document(vec![allow(json!("states:StartExecution"), machines)]);
            role::sends(self.blueprint, desired, place, BTreeMap::from([(name.clone(), start)]));
            let mut heals =
                vec![allow(json!(RULE_CALLS), rules), allow(json!(RULES_MACHINE_CALLS), machines)];
            if !passed.is_empty() {
                heals.push(allow(json!("iam:PassRole"), passed));
            }
            let send = policy::document(vec![allow(json!("sqs:SendMessage"), queues)]);
            let mut policies: BTreeMap<String, Value> =
                publishing.iter().map(|(name, of)| (name.clone(), of.policy())).collect();
            policies.insert(name.clone(), policy::document(heals));
            policies.insert(self.names.targets_queue(), send);
            let trusted =
                format!("arn:{}:states:*:{account}:stateMachine:{name}", place.region.partition());
            let role = self.role_of_machine(place, name, &trusted, policies);
            desired.heal_rules_roles.insert(account.clone(), role);
        }
    }
}

impl HealingRules {
    fn new(place: &Place) -> Self {
        Self {
            place: place.clone(),
            machines: BTreeSet::new(),
            rules: BTreeSet::new(),
            passed: BTreeSet::new(),
            queues: BTreeSet::new(),
            publishing: BTreeMap::new(),
        }
    }

    fn add(
        &mut self,
        compiler: &Compiler<'_>,
        place: &Place,
        here: &DesiredPlace,
        (target, publishing): (String, Publishing),
    ) {
        let names = &compiler.names;
        self.machines.insert(compiler.healer_path(names.heal_rules(), place).arn);
        self.queues.insert(place.arn("sqs", &names.targets_queue()));
        let prefix = names.prefix();
        // An inline policy has no room for the name of each rule.
        for bus in here.rules.keys().map(|key| key.bus()).collect::<BTreeSet<_>>() {
            let on = bus.map(|bus| format!("{bus}/")).unwrap_or_default();
            self.rules.insert(place.arn("events", &format!("rule/{on}{prefix}*")));
        }
        let targets = here.rules.iter().flat_map(|(_, rule)| rule.targets.values());
        self.passed.extend(targets.filter_map(|target| target.role_arn.clone()));
        let known = self.publishing.entry(target).or_default();
        known.topics.extend(publishing.topics);
        known.keys.extend(publishing.keys);
    }
}

fn wanted<'d>(key: &'d RuleKey, rule: &'d DesiredRule) -> WantedRule<'d> {
    WantedRule { key, rule: &rule.rule, targets: &rule.targets, tags: &rule.tags }
}

fn allow(actions: Value, resources: &BTreeSet<String>) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": role::only(resources) })
}
