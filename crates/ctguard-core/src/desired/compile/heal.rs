//! Healing: at the home of the trail, a rule that starts a state machine, and a role that may put
//! this one trail back. The other alert of healing is one like those of the file.
//!
//! CloudTrail takes calls that change a trail in its home region and its own account only, so their
//! events land there, hub or not.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>

use super::Compiler;
use super::delivery::in_place;
use super::machine::queue_url;
use super::role::{self, Publishing};
use crate::blueprint::{Destination, Heal};
use crate::codes;
use crate::desired::pattern::Origin;
use crate::desired::{
    AlertPath, Desired, DesiredMachine, DesiredPlace, DestinationPath, MachinePath, tags_of,
};
use crate::diag::Diagnostic;
use crate::heal::{self, HealInput, MACHINE_CALLS, TRAIL_CALLS};
use crate::mail;
use crate::mail::DEFINITION_MAX_BYTES;
use crate::resource::machine::{Machine, MachineType, machine_arn};
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
        let input = mail::target_input(
            &self.blueprint.name,
            &heal.logging,
            &topic.arn,
            home.region.partition(),
        )
        .ok()?;
        let target = Target {
            arn: path.arn.clone(),
            role_arn: Some(path.started_by.clone()),
            input,
            dead_letter_arn: Some(home.arn("sqs", &self.names.targets_queue())),
            retry_policy: None,
            other_parameters: Vec::new(),
        };
        let events: Vec<_> = heal.logging.events.iter().collect();
        let index = self.blueprint.alerts.len();
        let mut rules = Vec::new();
        let targets = [(target_id.clone(), target)];
        for compiled in self.patterns(index, &heal.logging, &events, &Origin::Any) {
            self.rules(&heal.logging, &compiled, &targets, None, here, &mut rules);
        }
        let mut publishing = Publishing::default();
        publishing.topics.insert(topic.arn.clone());
        let key = destination.kms_key.as_ref().map(|key| in_place(key, home));
        publishing.keys.extend(key.map(|key| match key.starts_with("arn:") {
            true => key,
            false => home.arn("kms", &key),
        }));
        let machine = path.arn.clone();
        desired.paths.push(AlertPath {
            alert: Arc::from(heal.logging.id.as_str()),
            lands: home.clone(),
            raised: home.clone(),
            forward: None,
            events: heal.logging.events.as_slice().into(),
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
        });
        let trail = here.trail.as_ref().map(|trail| trail.name.clone())?;
        Some(Healing {
            home: home.clone(),
            trail: home.arn("cloudtrail", &format!("trail/{trail}")),
            machine,
            publishing: (target_id, publishing),
        })
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
        let role = |name: &str| {
            format!("arn:{}:iam::{}:role/{name}", home.region.partition(), home.account)
        };
        let trail = here.trail.as_ref()?;
        let listed = self.blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
        let mut listed = listed.filter(|account| account.id == home.account);
        let definition = heal::definition(&HealInput {
            blueprint: &self.blueprint.name,
            place: home,
            account: listed.find_map(|account| account.name.as_deref()),
            trail_name: &trail.name,
            trail: &trail.trail,
            needs: trail.needs,
            tags: &trail.tags,
            limit: heal.limit,
            format: destination.format,
            dead_letter_queue: &queue_url(home, &self.names.targets_queue()),
        });
        if definition.len() > DEFINITION_MAX_BYTES {
            let message = format!(
                "the state machine that puts the trail back would have {} bytes, more than the {DEFINITION_MAX_BYTES} that AWS takes",
                definition.len()
            );
            let problem = Diagnostic::error(codes::MESSAGE_TOO_LARGE, message)
                .at(heal.span.clone())
                .help("Put fewer tags on the trail.");
            self.once("state machine of heal", problem);
            return None;
        }
        let machine = Machine {
            definition,
            role_arn: role(&name),
            machine_type: MachineType::Standard,
            kms_key: None,
        };
        let tags = tags_of(self.blueprint, Kind::Machine, None);
        here.machines.insert(name.clone(), DesiredMachine { machine, tags });
        Some(MachinePath {
            arn: machine_arn(home, &name),
            role_arn: role(&name),
            started_by: role(&self.names.role()),
            name,
        })
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
