//! Does a rule send the alert's message to the topic of a destination, or the event to the hub?

use super::{FixedBy, Link, LinkCode, LinkObject, Status};
use crate::desired::{DesiredRule, DestinationPath, Forward};
use crate::message;
use crate::resource::rule::Target;
use crate::scope::{Arn, Place};
use crate::snapshot::{LiveRule, Observed};

/// Judges the targets of one rule.
pub struct Judge<'a> {
    pub place: &'a Place,
    pub name: &'a str,
    pub wanted: &'a DesiredRule,
    pub rule: &'a LiveRule,
    pub fixed_by: FixedBy,
}

impl Judge<'_> {
    pub fn link(&self, destination: &DestinationPath) -> Link {
        let object = LinkObject::target(self.place, self.name, destination.target_arn());
        let break_at =
            |code, cause| Link::broken(code, self.place, object.clone(), cause, self.fixed_by);
        let targets = match &self.rule.targets {
            Observed::Known(targets) => targets,
            Observed::Unreadable(why) => {
                return Link::unreadable(LinkCode::TargetMissing, self.place, object, why);
            }
            Observed::Absent => {
                return break_at(LinkCode::TargetMissing, "the rule has no targets".to_owned());
            }
        };
        let own = targets.get(&destination.target_id);
        // Any target on the topic will do: what counts is that the message gets there.
        // Several mails may go through one machine: which topic it is for is in the message.
        let arn = destination.target_arn();
        let mail = destination.machine.is_some();
        let on_topic = || {
            let there = targets.iter().filter(|(_, target)| target.arn == arn);
            there.filter(|(id, _)| !mail || **id == destination.target_id).map(|(_, one)| one)
        };
        let links = on_topic().map(|target| self.judge(destination, target, object.clone()));
        if let Some(best) = links.min_by_key(|link| link.status) {
            return best;
        }
        match own {
            None if targets.is_empty() => {
                break_at(LinkCode::TargetMissing, "the rule has no targets".to_owned())
            }
            None => break_at(
                LinkCode::TargetMissing,
                format!("the rule has no target {}", destination.target_id),
            ),
            Some(other) if self.is_elsewhere(other) => break_at(
                LinkCode::TargetWrongRegion,
                format!(
                    "target {} sends to {}, and a rule reaches topics of its own region and account only, and of other accounts by a role",
                    destination.target_id, other.arn
                ),
            ),
            Some(other) => break_at(
                LinkCode::TargetElsewhere,
                format!("target {} sends to {}", destination.target_id, other.arn),
            ),
        }
    }

    /// The target of a rule that forwards: the hub's bus, through the account's role, with the
    /// event as it is.
    pub fn to_hub(&self, forward: &Forward) -> Link {
        let bus: &str = &forward.bus_arn;
        let object = LinkObject::target(self.place, self.name, bus);
        let break_at =
            |code, cause| Link::broken(code, self.place, object.clone(), cause, self.fixed_by);
        let targets = match &self.rule.targets {
            Observed::Known(targets) => targets,
            Observed::Unreadable(why) => {
                return Link::unreadable(LinkCode::TargetMissing, self.place, object, why);
            }
            Observed::Absent => {
                return break_at(LinkCode::TargetMissing, "the rule has no targets".to_owned());
            }
        };
        let links = targets.values().filter(|target| target.arn == bus).map(|target| {
            if !target.input.is_event() {
                let cause =
                    "it sends something else than the event, which no rule of the hub takes";
                return break_at(LinkCode::TargetInput, cause.to_owned());
            }
            match target.role_arn.as_deref() {
                Some(role) if *role == *forward.role_arn => {
                    let cause = "the hub's bus is a target of the rule".to_owned();
                    Link::proven(LinkCode::TargetMissing, self.place, object.clone(), cause)
                }
                Some(role) => break_at(
                    LinkCode::ForwardRole,
                    format!("it sends as {role}, which is not the role of this blueprint"),
                ),
                None => break_at(
                    LinkCode::ForwardRole,
                    "it sends without a role, which EventBridge needs to reach another bus"
                        .to_owned(),
                ),
            }
        });
        if let Some(best) = links.min_by_key(|link| link.status) {
            return best;
        }
        let own = self.wanted.targets.iter().find(|(_, target)| target.arn == bus);
        let id = own.map_or("", |(id, _)| id.as_str());
        match targets.get(id) {
            Some(other) => {
                break_at(LinkCode::TargetElsewhere, format!("target {id} sends to {}", other.arn))
            }
            None if targets.is_empty() => {
                break_at(LinkCode::TargetMissing, "the rule has no targets".to_owned())
            }
            None => break_at(LinkCode::TargetMissing, format!("the rule has no target {id}")),
        }
    }

    /// Judges a target that is the topic: its message and its role.
    fn judge(&self, destination: &DestinationPath, target: &Target, object: LinkObject) -> Link {
        let wanted = self.wanted.targets.get(&destination.target_id).map(|target| &target.input);
        if wanted != Some(&target.input) {
            let cause = match message::validate(&target.input) {
                Err(error) => format!("EventBridge cannot make its message: {error}"),
                Ok(()) if target.input.is_event() => {
                    "its input transformer is gone: it sends the bare event".to_owned()
                }
                Ok(()) => {
                    "its message was changed, so it is not what the blueprint says".to_owned()
                }
            };
            return Link::broken(LinkCode::TargetInput, self.place, object, cause, self.fixed_by);
        }
        let machine = destination.machine.as_ref();
        let wanted = machine.map(|machine| &machine.started_by).or(destination.role.as_ref());
        if let Some(wanted) = wanted {
            let cause = match &target.role_arn {
                Some(role) if role == wanted => {
                    let what = if machine.is_some() { "state machine" } else { "topic" };
                    let cause = format!("the {what} is a target of the rule");
                    return Link::proven(LinkCode::TargetMissing, self.place, object, cause);
                }
                Some(role) if machine.is_some() => {
                    format!("it starts the state machine as {role}, which is not the role of this blueprint")
                }
                None if machine.is_some() => {
                    "it has no role, which EventBridge needs to start a state machine".to_owned()
                }
                Some(role) => format!("it publishes as {role}, which is not the role of this blueprint"),
                None => "it publishes without a role, which EventBridge needs to reach a topic of another account".to_owned(),
            };
            return Link::broken(LinkCode::TargetRole, self.place, object, cause, self.fixed_by);
        }
        if let Some(role) = &target.role_arn {
            return Link {
                status: Status::Assumed,
                fix: "Run `ctguard apply`, which takes the role off: the topic's policy is enough."
                    .to_owned(),
                ..Link::broken(
                    LinkCode::TargetRole,
                    self.place,
                    object,
                    format!("it publishes as {role}, whose permissions are not read"),
                    self.fixed_by,
                )
            };
        }
        let cause = "the topic is a target of the rule".to_owned();
        Link::proven(LinkCode::TargetMissing, self.place, object, cause)
    }

    fn is_elsewhere(&self, target: &Target) -> bool {
        Arn::parse(&target.arn).is_some_and(|arn| {
            arn.region != self.place.region.as_str() || arn.account != self.place.account.as_str()
        })
    }
}
