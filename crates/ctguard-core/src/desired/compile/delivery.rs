//! Delivery of messages: topics with their policies and subscriptions, and dead-letter queues.

use super::Compiler;
use super::role::Publishing;
use crate::blueprint::{Destination, DestinationTopic, Format, Subscriber, TopicRole};
use crate::codes;
use crate::desired::{DesiredPlace, DesiredQueue, DesiredTopic, DestinationPath, tags_of};
use crate::diag::Diagnostic;
use crate::resource::queue::{Queue, RETENTION_SECONDS};
use crate::resource::rule::role_name;
use crate::resource::small_map::SmallMap;
use crate::resource::topic::{Protocol, SubscriptionAttributes, delivers};
use crate::resource::{Kind, Tags};
use crate::scope::{AccountId, Arn, Place, Region};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A destination's topic, as the rules of a place see it.
pub(super) struct TopicPath {
    pub arn: String,
    /// Its name when ctguard keeps it.
    pub managed: Option<String>,
    /// The id of a target that sends to it without a state machine.
    pub target: String,
    /// The role with which rules send to a topic of another account.
    role: Option<String>,
}

impl Compiler<'_> {
    /// Adds a destination's topic to a place and returns its path from there.
    pub(super) fn destination(
        &mut self,
        destination: &Destination,
        place: &Place,
        here: &mut DesiredPlace,
    ) -> Option<DestinationPath> {
        let mail = destination.format == Format::Mail;
        let TopicPath { arn: topic_arn, managed: managed_topic, target: target_id, role } =
            self.topic_path(destination, place, here, mail)?;
        let (target_id, machine) = match mail {
            true => {
                let target = self.names.mail_target(&target_id);
                let machine = self.machine(destination, place, here, &topic_arn, &target)?;
                (target, Some(machine))
            }
            false => (target_id, None),
        };
        Some(DestinationPath {
            name: destination.name.clone(),
            format: destination.format,
            target_id,
            topic_arn,
            managed_topic,
            role,
            machine,
            subscribers: destination.subscribers.clone(),
        })
    }

    /// Adds a destination's topic to a place. A state machine publishes as itself: its rules need no
    /// role that publishes.
    pub(super) fn topic_path(
        &mut self,
        destination: &Destination,
        place: &Place,
        here: &mut DesiredPlace,
        by_machine: bool,
    ) -> Option<TopicPath> {
        self.check_regions(destination, place);
        match &destination.topic {
            DestinationTopic::Managed(topic) => {
                let name = self.names.topic(topic);
                let arn = place.arn("sns", &name);
                here.topics
                    .entry(name.clone())
                    .or_insert_with(|| self.topic(destination, place, &arn));
                let target = self.names.target(topic);
                Some(TopicPath { arn, managed: Some(name), target, role: None })
            }
            DestinationTopic::Existing(template) => {
                let arn = in_place(template, place);
                self.check_existing(destination, place, &arn)?;
                let mut role = None;
                let target = match Arn::parse(&arn)
                    .filter(|arn| arn.account != place.account.as_str())
                {
                    Some(foreign) => {
                        let target = self.names.foreign_target(foreign.resource, foreign.account);
                        self.read_at_home(&arn);
                        if !by_machine {
                            role = Some(self.sender(destination, place, &arn, &target)?);
                        }
                        target
                    }
                    None => self.names.existing_target(&arn),
                };
                here.existing_topics.insert(arn.clone());
                Some(TopicPath { arn, managed: None, target, role })
            }
        }
    }

    /// Has a topic of another account read where it is, if that is covered.
    fn read_at_home(&mut self, topic: &str) {
        let Some(home) = Arn::parse(topic) else { return };
        if let (Some(account), Some(region)) =
            (AccountId::new(home.account), Region::new(home.region))
        {
            let home = Place::new(account, region);
            self.foreign_topics.entry(home).or_default().insert(topic.to_owned());
        }
    }

    /// The role with which the rules of a place send to a topic of another account. It must be of
    /// the rules' account.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html>
    fn sender(
        &mut self,
        destination: &Destination,
        place: &Place,
        topic: &str,
        target: &str,
    ) -> Option<String> {
        let partition = place.region.partition();
        match destination.role.as_ref()? {
            TopicRole::Created => {
                let new = || (place.clone(), BTreeMap::new());
                let (first, policies) =
                    self.publishing.entry(place.account.clone()).or_insert_with(new);
                if place < first {
                    first.clone_from(place);
                }
                let policy: &mut Publishing = policies.entry(target.to_owned()).or_default();
                policy.topics.insert(topic.to_owned());
                let key = destination.kms_key.as_ref();
                policy.keys.extend(key.map(|key| in_place(key, place)));
                Some(format!("arn:{partition}:iam::{}:role/{}", place.account, self.names.role()))
            }
            TopicRole::Existing(template) => {
                let arn = in_place(template, place);
                let parsed = Arn::parse(&arn)?;
                if parsed.account != place.account.as_str()
                    || parsed.partition != partition.as_str()
                {
                    self.once(
                        destination.name.as_str(),
                        Diagnostic::error(
                            codes::TOPIC_OUT_OF_PLACE,
                            format!("destination `{}` sends as a role of another account than {}", destination.name, place.account),
                        )
                        .at(destination.span.clone())
                        .label(format!("{arn} cannot be the role of a rule in {place}"))
                        .help("EventBridge takes on roles of the rule's own account only: write `{account}` in `role`, or `role: create`."),
                    );
                    return None;
                }
                let name = role_name(&arn)?.to_owned();
                self.used_roles.entry(place.account.clone()).or_default().insert(name);
                Some(arn)
            }
        }
    }

    /// A target that is no event bus must be in its rule's region, and without a role in its
    /// account.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html>
    fn check_existing(
        &mut self,
        destination: &Destination,
        place: &Place,
        arn: &str,
    ) -> Option<()> {
        let parsed = Arn::parse(arn);
        let (region, account) = parsed.map_or(("", ""), |arn| (arn.region, arn.account));
        let at_home = arn.starts_with(&format!("arn:{}:", place.region.partition().as_str()));
        let reached = account == place.account.as_str() || destination.role.is_some();
        if at_home && region == place.region.as_str() && reached {
            return Some(());
        }
        let what = match region == place.region.as_str() {
            _ if !at_home => "partition",
            true => "account",
            false => "region",
        };
        self.once(
            destination.name.as_str(),
            Diagnostic::error(
                codes::TOPIC_OUT_OF_PLACE,
                format!("destination `{}` names a topic in another {what} than {place}", destination.name),
            )
            .at(destination.span.clone())
            .label(format!("{arn} cannot be the target of a rule in {place}"))
            .help("EventBridge reaches a topic in the rule's own region only, and in another account only by a role. Write {region} and {account} in `topic_arn`, add `role: create` for a topic of another account, or use `topic:` and let ctguard make one in each place."),
        );
        None
    }

    /// SNS delivers to queues and functions of some other regions only.
    fn check_regions(&mut self, destination: &Destination, place: &Place) {
        for subscriber in &destination.subscribers {
            let Subscriber::Endpoint(endpoint) = subscriber else { continue };
            let home = Arn::parse(endpoint.address()).and_then(|arn| Region::new(arn.region));
            let regional = matches!(endpoint.protocol, Protocol::Sqs | Protocol::Lambda);
            let Some(home) = home.filter(|_| regional) else { continue };
            let apart = home.partition() != place.region.partition();
            if apart || !delivers(endpoint.protocol, &place.region, &home) {
                self.once(
                    format!("{} {endpoint}", destination.name),
                    Diagnostic::error(
                        codes::SUBSCRIBER_OUT_OF_REACH,
                        format!("destination `{}` would send from {} to {endpoint}", destination.name, place.region),
                    )
                    .at(destination.span.clone())
                    .label(format!("SNS does not deliver from {} to {home}", place.region))
                    .help("Subscribe a queue or function of the alert's own region, or leave the region out of `regions:`."),
                );
            }
        }
    }

    fn topic(&self, destination: &Destination, place: &Place, arn: &str) -> DesiredTopic {
        let dead_letters = place.arn("sqs", &self.names.subscriptions_queue());
        let mut subscriptions = BTreeMap::new();
        let mut chats = Vec::new();
        let mut passwords = Tags::default();
        for subscriber in &destination.subscribers {
            match subscriber {
                Subscriber::Endpoint(endpoint) => {
                    passwords.extend(endpoint.password_tag());
                    let attributes = SubscriptionAttributes {
                        dead_letter_arn: Some(dead_letters.clone()),
                        ..SubscriptionAttributes::default()
                    };
                    subscriptions.insert(endpoint.clone(), attributes);
                }
                Subscriber::Chat(chat) => chats.push(chat.clone()),
            }
        }
        DesiredTopic {
            display_name: format!("ctguard {}", self.blueprint.name),
            kms_key: destination.kms_key.as_ref().map(|key| in_place(key, place)),
            default_policy: default_topic_policy(place, arn),
            // Of use to mails, too: a destination may go back to a format that the rules themselves
            // send, and its old targets stay until the new way is proven.
            own_statements: vec![json!({
                "Sid": self.names.sid("events"),
                "Effect": "Allow",
                "Principal": { "Service": "events.amazonaws.com" },
                "Action": "sns:Publish",
                "Resource": arn,
            })],
            subscriptions,
            chats,
            tags: tags_of(self.blueprint, Kind::Topic, None),
            passwords,
        }
    }

    /// The dead-letter queues of targets and subscribers, where there are any.
    pub(super) fn queues(&mut self, here: &mut DesiredPlace) {
        let topics: Vec<String> = here.topics.keys().cloned().collect();
        let of = (!here.rules.is_empty(), topics);
        here.queues = match self.queues.get(&of) {
            Some(known) => known.clone(),
            None => {
                let queues = self.queues_of(of.0, of.1.clone());
                self.queues.insert(of, queues.clone());
                queues
            }
        };
    }

    /// The queues where there are rules, and these topics.
    fn queues_of(&self, rules: bool, topics: Vec<String>) -> SmallMap<String, DesiredQueue> {
        let mut queues = SmallMap::new();
        let mut add = |name: String, service: &'static str, sources: Vec<String>| {
            let queue = DesiredQueue {
                queue: Queue {
                    message_retention_seconds: RETENTION_SECONDS,
                    sqs_managed_sse: true,
                    kms_key: None,
                    policy: None,
                },
                service,
                sources,
                tags: tags_of(self.blueprint, Kind::Queue, None),
            };
            queues.insert(name, queue);
        };
        if rules {
            let prefix = self.names.prefix();
            // Those on a bus of the hub's name too: they may still be here when the blueprint has no
            // hub any more.
            let bus = self.names.bus();
            let rules = vec![format!("rule/{prefix}*"), format!("rule/{bus}/{prefix}*")];
            add(self.names.targets_queue(), "events", rules);
        }
        if !topics.is_empty() {
            add(self.names.subscriptions_queue(), "sns", topics);
        }
        queues
    }
}

/// An ARN of the blueprint with its placeholders filled for a place.
pub(super) fn in_place(template: &str, place: &Place) -> String {
    template.replace("{account}", place.account.as_str()).replace("{region}", place.region.as_str())
}

/// The policy that AWS gives every new topic. SetTopicAttributes replaces the whole policy, so it
/// is written back together with ctguard's own statements.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
fn default_topic_policy(place: &Place, arn: &str) -> Value {
    let statement = json!({
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": { "AWS": "*" },
        "Action": [
            "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
            "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
            "SNS:ListSubscriptionsByTopic", "SNS:Publish",
        ],
        "Resource": arn,
        "Condition": { "StringEquals": { "AWS:SourceOwner": place.account } },
    });
    json!({ "Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement] })
}
