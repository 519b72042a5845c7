//! Mails: the state machine of each place that raises alerts of `format: mail`, and its roles.
//!
//! ```text
//! rule ─(the account's role)─► state machine ─(its own role)─► topic ─► subscribers
//!                                    └ what cannot be published ─► dead-letter queue
//! ```
//!
//! Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html>

use super::Compiler;
use super::delivery::in_place;
use super::role::{self, Publishing};
use crate::blueprint::{Alert, Destination, Format, TopicRole};
use crate::codes;
use crate::desired::{Desired, DesiredMachine, DesiredPlace, DesiredRole, MachinePath, tags_of};
use crate::diag::Diagnostic;
use crate::mail::{self, MachineFacts, MachineInput};
use crate::resource::machine::{
    Machine, MachineType, REQUEST_MAX_BYTES, machine_arn, request_bytes,
};
use crate::resource::rule::Input;
use crate::resource::{Kind, policy};
use crate::scope::{Partition, Place};
use serde_json::{Value, json};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the roles of an account must be allowed for its state machines.
#[derive(Debug, Clone, Default)]
pub(super) struct Mailing {
    /// The machines, by ARN.
    machines: BTreeSet<String>,
    /// The queues that keep what could not be published, by ARN.
    queues: BTreeSet<String>,
    /// What the machines publish to, by the name of the policy, which is the target's.
    publishing: BTreeMap<String, Publishing>,
}

impl Compiler<'_> {
    /// Puts a state machine between the rules of a place and a topic.
    pub(super) fn machine(
        &mut self,
        destination: &Destination,
        place: &Place,
        here: &mut DesiredPlace,
        topic_arn: &str,
        target_id: &str,
    ) -> Option<Arc<MachinePath>> {
        self.check_role(destination)?;
        let name = self.names.machine();
        let arn = machine_arn(place, &name);
        let role = |name: String| {
            format!("arn:{}:iam::{}:role/{name}", place.region.partition(), place.account)
        };
        let path = MachinePath {
            name: name.clone(),
            arn: arn.clone(),
            role_arn: role(name.clone()),
            started_by: role(self.names.role()),
        };
        let queue = self.names.targets_queue();
        let new = || (place.clone(), Mailing::default());
        let (first, mailing) = self.mailing.entry(place.account.clone()).or_insert_with(new);
        // Whatever the order of alerts, its roles are made from the same place.
        if place < first {
            first.clone_from(place);
        }
        mailing.machines.insert(arn);
        mailing.queues.insert(place.arn("sqs", &queue));
        let publishing = mailing.publishing.entry(target_id.to_owned()).or_default();
        publishing.topics.insert(topic_arn.to_owned());
        let key = destination.kms_key.as_ref().map(|key| in_place(key, place));
        publishing.keys.extend(key.map(|key| match key.starts_with("arn:") {
            true => key,
            false => place.arn("kms", &key),
        }));
        if let Entry::Vacant(free) = here.machines.entry(name) {
            let definition = self.definition(place, &queue);
            let machine = Machine {
                definition,
                role_arn: path.role_arn.clone(),
                machine_type: MachineType::Standard,
                kms_key: None,
            };
            let tags = tags_of(self.blueprint, Kind::Machine, None);
            free.insert(DesiredMachine { machine, tags });
        }
        Some(Arc::new(path))
    }

    /// A state machine publishes with its own role: another is of no use to it.
    pub(super) fn check_role(&mut self, destination: &Destination) -> Option<()> {
        let Some(TopicRole::Existing(role)) = &destination.role else { return Some(()) };
        self.once(
            destination.name.as_str(),
            Diagnostic::error(
                codes::TOPIC_OUT_OF_PLACE,
                format!("destination `{}` sends mails as a role of others", destination.name),
            )
            .at(destination.span.clone())
            .label(format!("{role} is no role of the state machine that composes them"))
            .help("Write `role: create`: the state machine then has a role of its own, which the topic's policy must admit."),
        );
        None
    }

    fn definition(&mut self, place: &Place, queue: &str) -> String {
        let blueprint = self.blueprint;
        let facts = self.facts.get_or_insert_with(|| MachineFacts::of(blueprint));
        let url = place.queue_url(queue);
        let definition = mail::definition(&MachineInput {
            partition: place.region.partition(),
            dead_letter_queue: &url,
            facts,
        });
        let bytes = request_bytes(&definition);
        if bytes > REQUEST_MAX_BYTES {
            let message = format!(
                "the state machine that composes mails would take a request of {bytes} bytes, more than the {REQUEST_MAX_BYTES} that AWS takes",
            );
            let help = "Name fewer accounts, or send mails of fewer alerts.";
            let problem = Diagnostic::error(codes::MESSAGE_TOO_LARGE, message).help(help);
            self.once("state machine", problem);
        }
        definition
    }

    /// The input of a target that has an alert mailed to a topic.
    pub(super) fn mail_input(
        &mut self,
        alert: &Alert,
        topic_arn: &str,
        partition: Partition,
    ) -> Option<Input> {
        let input = mail::target_input(&self.blueprint.name, alert, topic_arn, partition);
        let problem = match input {
            Ok(input) => return Some(input),
            Err(error) => format!("alert `{}` has no valid message: {error}", alert.id),
        };
        let problem = Diagnostic::error(codes::MESSAGE_TOO_LARGE, problem)
            .at(alert.span.clone())
            .help("Shorten the alert's `title`, `why` or `next`.");
        self.once(format!("{} {}", alert.id, Format::Mail.as_str()), problem);
        None
    }

    /// Adds the roles that state machines need: the account's may start them, and their own may
    /// publish.
    pub(super) fn mailing(&mut self, desired: &mut Desired) {
        for (place, mailing) in self.mailing.values() {
            let start = json!({
                "Effect": "Allow",
                "Action": "states:StartExecution",
                "Resource": role::only(&mailing.machines),
            });
            let start = BTreeMap::from([(self.names.machine(), policy::document(vec![start]))]);
            role::sends(self.blueprint, desired, place, start);
            let role = self.machine_role(place, mailing);
            desired.machine_roles.insert(place.account.clone(), role);
        }
    }

    fn machine_role(&self, place: &Place, mailing: &Mailing) -> DesiredRole {
        let send = json!({
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": role::only(&mailing.queues),
        });
        let publishing = mailing.publishing.iter();
        let mut policies: BTreeMap<String, Value> =
            publishing.map(|(name, of)| (name.clone(), of.policy())).collect();
        policies.insert(self.names.targets_queue(), policy::document(vec![send]));
        let name = self.names.machine();
        let machines = format!(
            "arn:{}:states:*:{}:stateMachine:{name}",
            place.region.partition(),
            place.account
        );
        self.role_of_machine(place, name, &machines, policies)
    }

    /// The role of state machines of these ARNs, which only Step Functions takes on for them.
    pub(super) fn role_of_machine(
        &self,
        place: &Place,
        name: String,
        machines: &str,
        policies: BTreeMap<String, Value>,
    ) -> DesiredRole {
        let trust = policy::document(vec![json!({
            "Effect": "Allow",
            "Principal": { "Service": "states.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": place.account },
                "ArnLike": { "aws:SourceArn": machines },
            },
        })]);
        DesiredRole {
            name,
            trust,
            policies,
            place: place.clone(),
            tags: tags_of(self.blueprint, Kind::Role, None),
        }
    }
}
