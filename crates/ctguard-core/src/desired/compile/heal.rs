//! Healing: at the home of the trail, a rule that starts a state machine, and a role that may put
//! this one trail back. The other alert of healing is one like those of the file.
//!
//! CloudTrail takes calls that change a trail in its home region and its own account only, so their
//! events land there, hub or not.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>

use super::Compiler;
use super::delivery::{TopicPath, in_place};
use super::role::{self, Publishing};
use crate::blueprint::{Alert, Destination, Heal};
use crate::codes;
use crate::desired::pattern::Origin;
use crate::desired::{
    AlertPath, Desired, DesiredMachine, DesiredPlace, DestinationPath, MachinePath, Way, tags_of,
};
use crate::diag::Diagnostic;
use crate::heal::{self, HealInput, MACHINE_CALLS, TRAIL_CALLS};
use crate::mail;
use crate::resource::machine::{
    Machine, MachineType, REQUEST_MAX_BYTES, machine_arn, request_bytes,
};
use crate::resource::rule::Target;
use crate::resource::{Kind, policy};
use crate::scope::Place;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the roles of the trail's account must be allowed for healing.
pub(super) struct Healing {
    home: Place,
    /// ARN of the trail.
    trail: String,
    /// ARN of the state machine.
    machine: String,
    /// The id of the target, and what its notices are published to.
    publishing: (String, Publishing),
}

/// What starts a state machine that heals.
pub(super) struct Started<'a> {
    pub alert: &'a Alert,
    /// Of the alert, after those of the file.
    pub index: usize,
    pub destination: &'a Destination,
    pub target_id: String,
    pub topic: TopicPath,
    pub path: MachinePath,
}

impl<'a> Compiler<'a> {
    /// Adds what heals the trail to its home.
    pub(super) fn heal(&mut self, desired: &mut Desired) -> Option<Healing> {
        let blueprint = self.blueprint;
        let heal = blueprint.heal.as_ref()?;
        let destination = blueprint.destinations.get(&heal.notify)?;
        let home = desired.trail_home.clone()?;
        let mut here = desired.places.remove(&home)?;
        let healing = self.healing(desired, (heal, destination), &home, &mut here);
        let index = blueprint.alerts.len() + 1;
        let id: Arc<str> = Arc::from(heal.watch.id.as_str());
        desired.paths.extend(self.raised_where_it_lands(
            index,
            (&id, &heal.watch),
            &home,
            &mut here,
        ));
        desired.places.insert(home, here);
        healing
    }

    fn healing(
        &mut self,
        desired: &mut Desired,
        (heal, destination): (&'a Heal, &'a Destination),
        home: &Place,
        here: &mut DesiredPlace,
    ) -> Option<Healing> {
        self.check_role(destination)?;
        let topic = self.topic_path(destination, home, here, true)?;
        let target_id = self.names.heal_target(&topic.target);
        let path = self.heal_machine(heal, destination, home, here)?;
        let machine = path.arn.clone();
        let index = self.blueprint.alerts.len();
        let started = Started { alert: &heal.logging, index, destination, target_id, topic, path };
        let publishing = self.starts(desired, started, home, here)?;
        let trail = here.trail.as_ref().map(|trail| trail.name.clone())?;
        Some(Healing {
            home: home.clone(),
            trail: home.arn("cloudtrail", &format!("trail/{trail}")),
            machine,
            publishing,
        })
    }

    /// Adds the rules that start a state machine that heals, and their path; returns the id of their
    /// target, and what the machine publishes to.
    pub(super) fn starts(
        &mut self,
        desired: &mut Desired,
        started: Started<'a>,
        place: &Place,
        here: &mut DesiredPlace,
    ) -> Option<(String, Publishing)> {
        let Started { alert, index, destination, target_id, topic, path } = started;
        let partition = place.region.partition();
        let target = Target {
            arn: path.arn.clone(),
            role_arn: Some(path.started_by.clone()),
            input: mail::target_input(&self.blueprint.name, alert, &topic.arn, partition).ok()?,
            dead_letter_arn: Some(place.arn("sqs", &self.names.targets_queue())),
            retry_policy: None,
            other_parameters: Vec::new(),
        };
        let events: Vec<_> = alert.events.iter().collect();
        let mut rules = Vec::new();
        let targets = [(target_id.clone(), target)];
        for compiled in self.patterns(index, alert, &events, &Origin::Any) {
            self.rules(alert, &compiled, &targets, None, here, &mut rules);
        }
        let mut publishing = Publishing::default();
        publishing.topics.insert(topic.arn.clone());
        let key = destination.kms_key.as_ref().map(|key| in_place(key, place));
        publishing.keys.extend(key.map(|key| match key.starts_with("arn:") {
            true => key,
            false => place.arn("kms", &key),
        }));
        let way = Way {
            alert: Arc::from(alert.id.as_str()),
            raised: place.clone(),
            forward: None,
            events: alert.events.as_slice().into(),
            rules: rules.into(),
            destinations: vec![DestinationPath {
                name: destination.name.clone(),
                format: destination.format,
                target_id: target_id.clone(),
                topic_arn: topic.arn,
                managed_topic: topic.managed,
                role: None,
                machine: Some(Arc::new(path)),
                subscribers: destination.subscribers.clone(),
            }]
            .into(),
        };
        desired.paths.push(AlertPath { lands: place.clone(), way: Arc::new(way) });
        Some((target_id, publishing))
    }

    /// Adds the state machine.
    fn heal_machine(
        &mut self,
        heal: &Heal,
        destination: &Destination,
        home: &Place,
        here: &mut DesiredPlace,
    ) -> Option<MachinePath> {
        let name = self.names.heal();
        let trail = here.trail.as_ref()?;
        let definition = heal::definition(&HealInput {
            blueprint: &self.blueprint.name,
            place: home,
            account: self.listed_name(home),
            trail_name: &trail.name,
            trail: &trail.trail,
            needs: trail.needs,
            tags: &trail.tags,
            limit: heal.limit,
            format: destination.format,
            dead_letter_queue: &home.queue_url(&self.names.targets_queue()),
        });
        self.add_healer(
            (heal, "trail", "Put fewer tags on the trail."),
            name,
            definition,
            home,
            here,
        )
    }

    /// How people call the account of a place, if the blueprint says.
    pub(super) fn listed_name(&self, place: &Place) -> Option<&'a str> {
        let listed = self.blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
        let mut listed = listed.filter(|account| account.id == place.account);
        listed.find_map(|account| account.name.as_deref())
    }

    /// Adds a state machine that heals, if its definition is one that AWS takes.
    pub(super) fn add_healer(
        &mut self,
        (heal, what, help): (&Heal, &str, &str),
        name: String,
        definition: String,
        place: &Place,
        here: &mut DesiredPlace,
    ) -> Option<MachinePath> {
        let bytes = request_bytes(&definition);
        if bytes > REQUEST_MAX_BYTES {
            let message = format!(
                "the state machine that puts the {what} back would take a request of {bytes} bytes, more than the {REQUEST_MAX_BYTES} that AWS takes",
            );
            let problem = Diagnostic::error(codes::MESSAGE_TOO_LARGE, message)
                .at(heal.span.clone())
                .help(help);
            self.once(format!("state machine of heal: {what}"), problem);
            return None;
        }
        let role = |name: &str| {
            format!("arn:{}:iam::{}:role/{name}", place.region.partition(), place.account)
        };
        let machine = Machine {
            definition,
            role_arn: role(&name),
            machine_type: MachineType::Standard,
            kms_key: None,
        };
        let tags = tags_of(self.blueprint, Kind::Machine, None);
        here.machines.insert(name.clone(), DesiredMachine { machine, tags });
        Some(self.healer_path(name, place))
    }

    /// The way through a state machine that heals.
    pub(super) fn healer_path(&self, name: String, place: &Place) -> MachinePath {
        let role = |name: &str| {
            format!("arn:{}:iam::{}:role/{name}", place.region.partition(), place.account)
        };
        MachinePath {
            arn: machine_arn(place, &name),
            role_arn: role(&name),
            started_by: role(&self.names.role()),
            name,
        }
    }

    /// Adds the roles: the account's may start the state machine, and its own may put the trail back
    /// and say so.
    pub(super) fn heal_roles(&self, desired: &mut Desired, healing: &Healing) {
        let Healing { home, trail, machine, publishing: (target, publishing) } = healing;
        let allow = |actions: serde_json::Value, resource: &str| json!({ "Effect": "Allow", "Action": actions, "Resource": resource });
        let name = self.names.heal();
        let start = policy::document(vec![allow(json!("states:StartExecution"), machine)]);
        role::sends(self.blueprint, desired, home, BTreeMap::from([(name.clone(), start)]));
        let queue = self.names.targets_queue();
        let heals = vec![allow(json!(TRAIL_CALLS), trail), allow(json!(MACHINE_CALLS), machine)];
        let queues = BTreeSet::from([home.arn("sqs", &queue)]);
        let policies = BTreeMap::from([
            (name.clone(), policy::document(heals)),
            (target.clone(), publishing.policy()),
            (
                queue,
                policy::document(vec![json!({
                    "Effect": "Allow",
                    "Action": "sqs:SendMessage",
                    "Resource": role::only(&queues),
                })]),
            ),
        ]);
        let role = self.role_of_machine(home, name, machine, policies);
        desired.heal_roles.insert(home.account.clone(), role);
    }
}
