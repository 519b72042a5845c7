//! May EventBridge assume the role that an account's rules send with, and may the role put events on
//! the hub's bus, publish to a topic of another account, or start a state machine? May the machine's
//! role publish?
//!
//! Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html>

use super::policy::principal::Asker;
use super::policy::{Admission, PolicyRefusal, Request, Sent, admission};
use super::topic::EVENTS;
use super::{FixedBy, Link, LinkCode, LinkObject, Status};
use crate::desired::{Desired, DestinationPath, Forward, MachinePath};
use crate::resource::machine::machine_name;
use crate::scope::Granularity;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::Live;
use crate::snapshot::{LiveRole, Observed, Unreadable};
use serde_json::Value;

/// What the role must be allowed to do on the bus.
pub(super) const PUT_EVENTS: &str = "events:PutEvents";

/// What the role must be allowed to do on a topic.
pub(super) const PUBLISH: &str = "sns:Publish";

/// What the role must be allowed to do on a state machine.
pub(super) const START: &str = "states:StartExecution";

/// Step Functions takes on the role of a machine, for that machine.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html>
const STATES: &str = "states.amazonaws.com";

/// What a rule, or a state machine, needs a role for.
#[derive(Debug, Clone, Copy)]
pub struct RoleUse<'a> {
    /// The machine whose role it is; absent for a role of rules.
    pub machine: Option<&'a str>,
    pub role_arn: &'a str,
    pub action: &'a str,
    pub resource: &'a str,
    /// The alias by which a key is asked for, with its prefix.
    pub alias: Option<&'a str>,
}

impl<'a> RoleUse<'a> {
    pub fn to_hub(forward: &'a Forward) -> Self {
        let (role_arn, resource) = (&forward.role_arn, &forward.bus_arn);
        Self { machine: None, role_arn, action: PUT_EVENTS, resource, alias: None }
    }

    /// Publishing to a topic of another account; none where the topic is in the rule's own.
    pub fn to_topic(destination: &'a DestinationPath) -> Option<Self> {
        let role_arn = destination.role.as_deref()?;
        Some(Self {
            machine: None,
            role_arn,
            action: PUBLISH,
            resource: &destination.topic_arn,
            alias: None,
        })
    }

    /// A rule starts the state machine that writes its mail.
    pub fn to_machine(machine: &'a MachinePath) -> Self {
        let (role_arn, resource) = (&machine.started_by, &machine.arn);
        Self { machine: None, role_arn, action: START, resource, alias: None }
    }

    /// The state machine publishes the mail.
    pub fn by_machine(machine: &'a MachinePath, topic: &'a str) -> Self {
        let (role_arn, machine) = (&machine.role_arn, Some(machine.arn.as_str()));
        Self { machine, role_arn, action: PUBLISH, resource: topic, alias: None }
    }

    /// A state machine that heals makes a call on the trail, on a rule, or on itself.
    pub fn to_heal(machine: &'a MachinePath, action: &'a str, resource: &'a str) -> Self {
        let (role_arn, machine) = (&machine.role_arn, Some(machine.arn.as_str()));
        Self { machine, role_arn, action, resource, alias: None }
    }

    fn in_words(&self) -> &'static str {
        match self.action {
            PUT_EVENTS => "put events on the hub's bus",
            PUBLISH => "publish to the topic",
            START => "start the state machine",
            action if action.starts_with("cloudtrail:") => "put the trail back",
            action if action.starts_with("events:") => "put a rule back",
            "iam:PassRole" => "hand the role of a target on",
            action if action.starts_with("states:") => {
                "look at its own executions and tags, and hand on"
            }
            _ => "use the topic's key",
        }
    }
}

/// The region name for links of an account as a whole.
pub(super) fn at(account: &AccountId) -> Place {
    Place::new(account.clone(), Region::global())
}

/// Judges the role of a place's account for one of the rules there.
pub fn judge(
    desired: &Desired,
    live: &Live,
    lands: &Place,
    rule: &str,
    used: RoleUse<'_>,
) -> Vec<Link> {
    let place = at(&lands.account);
    let arn = used.role_arn;
    // Of a role of others ctguard changes nothing.
    let name = arn.rsplit('/').next().unwrap_or_default();
    // A state machine has the role of its own name.
    let (own_name, wanted) = match used.machine.and_then(machine_name) {
        Some(machine) => (machine.to_owned(), desired.role_of_machine(machine, &lands.account)),
        None => (desired.names.role(), desired.roles.get(&lands.account)),
    };
    let own = arn.ends_with(&format!(":role/{own_name}"));
    let object = LinkObject::Role { arn: arn.to_string(), name: name.to_owned() };
    let seen = live.accounts.get(&lands.account).and_then(|account| account.roles.get(name));
    let role = match seen {
        Some(Observed::Known(role)) => role,
        Some(Observed::Unreadable(why)) => {
            let link = Link::unreadable(LinkCode::RoleMissing, &place, object, why);
            return vec![link.one_per(Granularity::Account)];
        }
        Some(Observed::Absent) | None => {
            let cause = "it does not exist".to_owned();
            let fixed_by = if own { FixedBy::Apply } else { FixedBy::Person };
            let link = Link::broken(LinkCode::RoleMissing, &place, object, cause, fixed_by);
            return vec![link.one_per(Granularity::Account)];
        }
    };
    let fixed_by = if own { fixed_by(desired, role) } else { FixedBy::Person };
    let judge = RoleJudge { desired, live, lands, place, object, role, rule, used, fixed_by };
    let owned = own && wanted.is_some();
    let links: Vec<Link> = [judge.trust(), judge.policy(owned)].into_iter().flatten().collect();
    if !links.is_empty() {
        return links;
    }
    let cause = match used.machine {
        Some(_) => "Step Functions may take it on for the state machine",
        None => "EventBridge may take it on for the rule",
    };
    let cause = format!("{cause}, and it may {}", used.in_words());
    let link = Link::proven(LinkCode::RoleMissing, &judge.place, judge.object, cause);
    vec![link.one_per(Granularity::Account)]
}

/// ctguard fixes only what it owns.
fn fixed_by(desired: &Desired, role: &LiveRole) -> FixedBy {
    if role.tags.name_owner(&desired.name) { FixedBy::Apply } else { FixedBy::Person }
}

struct RoleJudge<'a> {
    desired: &'a Desired,
    live: &'a Live,
    lands: &'a Place,
    place: Place,
    object: LinkObject,
    role: &'a LiveRole,
    rule: &'a str,
    used: RoleUse<'a>,
    fixed_by: FixedBy,
}

impl RoleJudge<'_> {
    /// Why EventBridge, or Step Functions, cannot assume it.
    fn trust(&self) -> Option<Link> {
        let rule = self.lands.arn("events", &format!("rule/{}", self.rule));
        let (service, source) = match self.used.machine {
            Some(machine) => (STATES, machine),
            None => (EVENTS, rule.as_str()),
        };
        let account = self.desired.accounts.get(&self.lands.account);
        let found = account.filter(|account| account.discovered);
        let found = found.and(self.desired.organization.as_ref());
        let organization: Vec<(&str, Sent<'_>)> =
            found.map(|found| ("aws:sourceorgid", Sent::Value(&found.id))).into_iter().collect();
        let request = Request {
            service,
            action: "sts:AssumeRole",
            resource: self.used.role_arn,
            source_arn: Sent::Value(source),
            source_account: Sent::Value(self.lands.account.as_str()),
            through: None,
            extra: &organization,
        };
        // A trust policy may hold in some regions only, so the link names the place.
        let place = self.lands;
        match admission(Some(&self.role.role.trust), &request) {
            Admission::Admits => None,
            Admission::Assumes(cause) => Some(Link {
                fix: "Take the condition off its trust policy, or check that the service that takes it on meets it."
                    .to_owned(),
                ..self.assumed(LinkCode::RoleTrust, place, format!("its trust policy: {cause}"))
            }),
            Admission::Refuses(refusal) => {
                let denied = refusal.is_denial();
                let cause = format!("its trust policy: {}", refusal.into_cause());
                let link = self.broken(LinkCode::RoleTrust, place, cause, self.fixed_by);
                Some(link.denied(denied))
            }
        }
    }

    /// Why it cannot send, by its inline policies and those that are attached to it.
    fn policy(&self, owned: bool) -> Option<Link> {
        let (action, to) = (self.used.action, self.used.resource);
        let (desired, live, account) = (self.desired, self.live, &self.place.account);
        let asker = Asker {
            alias: self.used.alias,
            ..Asker::new(desired, live, account, self.used.role_arn, to)
        }
        .of_machine(self.used.machine.is_some());
        let policies = &self.role.role.policies;
        let code = LinkCode::RolePolicy;
        let (attached, unread) = self.attached();
        let all = || policies.values().chain(attached.iter().map(|(_, document)| *document));
        // A denial says which of them denies.
        let denied = |cause: String| {
            let by = attached.iter().find(|(_, document)| {
                matches!(
                    asker.allowed([*document].into_iter(), action, to),
                    Admission::Refuses(PolicyRefusal::Deny(_))
                )
            });
            match by {
                Some((arn, _)) => format!("the policy {arn} that is attached to it: {cause}"),
                None => format!("its policies: {cause}"),
            }
        };
        match asker.allowed(all(), action, to) {
            Admission::Admits => match unread {
                Some(why) => {
                    let object = self.object.clone();
                    let link = Link::unreadable(code, &self.place, object, why);
                    Some(link.one_per(Granularity::Account))
                }
                None => self.boundary(&asker),
            },
            Admission::Assumes(cause) => Some(Link {
                fix: "Take the condition off its policy, or check that it is met.".to_owned(),
                ..self.assumed(code, &self.place, format!("its policies: {cause}"))
            }),
            Admission::Refuses(refusal) => {
                let cause = match &refusal {
                    PolicyRefusal::Deny(cause) => denied(cause.clone()),
                    other => format!("its policies: {}", other.clone().into_cause()),
                };
                // Apply writes the inline policies that are ctguard's and deletes the others; a
                // denial in one that is attached stays.
                let denied_inline = owned
                    && matches!(
                        asker.allowed(policies.values(), action, to),
                        Admission::Refuses(PolicyRefusal::Deny(_))
                    );
                if refusal.is_denial() && !denied_inline {
                    let link = self.broken(code, &self.place, cause, FixedBy::Person);
                    let fix = "Take the statement that denies it out of the role's policies, or detach the policy.";
                    return Some(Link { fix: fix.to_owned(), ..link }.denied(true));
                }
                Some(self.broken(code, &self.place, cause, self.fixed_by))
            }
        }
    }

    /// The documents that are attached to it, and why one of them is not known.
    fn attached(&self) -> (Vec<(&str, &Value)>, Option<&Unreadable>) {
        let all = match &self.role.attached {
            Observed::Known(all) => all,
            Observed::Absent => return (Vec::new(), None),
            Observed::Unreadable(why) => return (Vec::new(), Some(why)),
        };
        let known =
            all.iter().filter_map(|(arn, document)| Some((arn.as_str(), document.known()?)));
        let unread = all.values().find_map(Observed::unreadable);
        (known.collect(), unread)
    }

    /// Why its permissions boundary does not let it.
    fn boundary(&self, asker: &Asker<'_>) -> Option<Link> {
        let boundary = self.role.role.permissions_boundary.as_ref()?;
        let (action, to) = (self.used.action, self.used.resource);
        let fix = format!("Let {boundary} allow {action} on {to}, or take it off the role.");
        let code = LinkCode::RoleBoundary;
        let answer = match &self.role.boundary {
            Observed::Known(document) => asker.allowed([document].into_iter(), action, to),
            Observed::Absent => {
                let cause = "the policy does not exist".to_owned();
                Admission::Refuses(PolicyRefusal::Nobody(cause))
            }
            Observed::Unreadable(why) => {
                let link = Link::unreadable(code, &self.place, self.object.clone(), why);
                return Some(link.one_per(Granularity::Account));
            }
        };
        let bounded = |cause: String| format!("its permissions boundary {boundary}: {cause}");
        let link = match answer {
            Admission::Admits => return None,
            Admission::Assumes(cause) => self.assumed(code, &self.place, bounded(cause)),
            Admission::Refuses(refusal) => {
                self.broken(code, &self.place, bounded(refusal.into_cause()), FixedBy::Person)
            }
        };
        Some(Link { fix, ..link })
    }

    fn broken(&self, code: LinkCode, place: &Place, cause: String, fixed_by: FixedBy) -> Link {
        let link = Link::broken(code, place, self.object.clone(), cause, fixed_by);
        link.one_per(Granularity::Account)
    }

    fn assumed(&self, code: LinkCode, place: &Place, cause: String) -> Link {
        Link { status: Status::Assumed, ..self.broken(code, place, cause, FixedBy::Person) }
    }
}
