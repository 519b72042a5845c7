//! Whether a rule's role may put events on a bus, or publish to a topic of another account: checked
//! for every event, and for buses by PutTargets.

use super::policy::{self, Principal, Request};
use super::roles::managed_policy;
use super::state::{State, StoredRole, locate};
use ctguard_core::scope::{AccountId, Arn, Place};
use serde_json::Value;

/// A role that sends to a bus or a topic.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    pub state: &'a State,
    /// The place of the rule; the role is of its account.
    pub from: &'a Place,
    pub role_arn: &'a str,
    /// What it does there.
    pub action: &'static str,
    pub to: &'a str,
    /// The event that it puts on a bus, as an envelope. There is none yet when targets are put.
    pub event: Option<&'a Value>,
}

pub const PUT: &str = "events:PutEvents";

pub const PUBLISH: &str = "sns:Publish";

pub const START: &str = "states:StartExecution";

pub const SEND: &str = "sqs:SendMessage";

impl Hop<'_> {
    /// Whether the role's policies, its own and those attached to it, and its permissions boundary
    /// allow it.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
    pub fn is_allowed(&self, role: &StoredRole) -> Result<(), String> {
        let managed = |arn: &String| managed_policy(self.state, &self.from.account, arn);
        let attached: Vec<Value> = role.attached.iter().filter_map(managed).collect();
        let boundary = match &role.permissions_boundary {
            Some(arn) => Some(managed(arn).ok_or_else(|| {
                format!("role {} is bounded by {arn}, which does not exist", self.role_arn)
            })?),
            None => None,
        };
        self.asked(Principal::Holder, |request| {
            policy::decide_together(role.policies.values().chain(&attached), request)
                .map_err(|why| format!("role {} {why}", self.role_arn))?;
            match &boundary {
                Some(boundary) => policy::decide(Some(boundary), request).map_err(|why| {
                    format!("the permissions boundary of role {} {why}", self.role_arn)
                }),
                None => Ok(()),
            }
        })
    }

    /// Whether the bus's policy allows it. Within one account and region it only must not deny.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>
    pub fn is_admitted(&self) -> Result<(), String> {
        let Some(bus) = self.state.bus(self.to) else {
            return Err(format!("event bus {} does not exist", self.to));
        };
        let here = locate(self.to, "events").is_some_and(|(place, _)| place == *self.from);
        let judged = match here {
            true => self.not_denied_by(bus.policy.as_ref()),
            false => self.admitted_by(bus.policy.as_ref()),
        };
        judged.map_err(|why| format!("event bus {} {why}", self.to))
    }

    /// Whether the topic's policy allows it: across accounts it must.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html>
    pub fn publishes(&self) -> Result<(), String> {
        let Some(stored) = self.state.topic(self.to) else {
            return Err(format!("topic {} does not exist", self.to));
        };
        self.admitted_by(stored.topic.policy.as_ref())
            .map_err(|why| format!("topic {} {why}", self.to))
    }

    /// Whether the policy of a resource of the role's own account does not deny it: the role's own
    /// policies are enough there.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
    pub fn not_denied_by(&self, policy: Option<&Value>) -> Result<(), String> {
        self.asked(self.session(), |request| policy::not_denied(policy, request))
    }

    /// Whether the policy of a resource of another account names the role, or its account.
    pub fn admitted_by(&self, policy: Option<&Value>) -> Result<(), String> {
        self.asked(self.session(), |request| policy::decide(policy, request))
    }

    /// A session of the role.
    fn session(&self) -> Principal<'_> {
        Principal::Role { arn: self.role_arn, account: &self.from.account }
    }

    /// Asks as somebody, with the context of the role's session.
    fn asked<T>(&self, principal: Principal<'_>, ask: impl FnOnce(&Request<'_>) -> T) -> T {
        let context = self.context();
        let context: Vec<_> =
            context.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let (action, resource) = (self.action, self.to);
        ask(&Request { principal, action, resource, context: &context, unsure: &[] })
    }

    /// The keys of an event that a rule puts on another bus.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html>
    fn of_the_event(&self) -> Vec<(&'static str, String)> {
        let text = |field| self.event?.get(field)?.as_str().map(str::to_owned);
        let keys = [("events:source", "source"), ("events:detail-type", "detail-type")];
        let known = keys.into_iter().filter_map(|(key, field)| Some((key, text(field)?)));
        known.chain([("events:eventbusinvocation", "true".to_owned())]).collect()
    }

    /// The context of a request by the role's session. It has no source: AWS does not document that
    /// EventBridge sends one with a role.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    fn context(&self) -> Vec<(String, String)> {
        let account = &self.from.account;
        let mut context = vec![
            ("aws:principalarn", self.role_arn.to_owned()),
            ("aws:principalaccount", account.as_str().to_owned()),
            ("aws:principalisawsservice", "false".to_owned()),
            ("aws:securetransport", "true".to_owned()),
        ];
        if self.action == PUT {
            context.extend(self.of_the_event());
        }
        // SNS's own key.
        if self.action.starts_with("sns:") {
            context.push(("aws:sourceowner", account.as_str().to_owned()));
        }
        // SNS uses the key on the role's behalf.
        // <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
        if let Some(key) = locate(self.to, "kms").filter(|_| self.action.starts_with("kms:")) {
            context.push(("kms:viaservice", format!("sns.{}.amazonaws.com", key.0.region)));
        }
        let key = self.state.key(self.from, self.to).filter(|_| self.action.starts_with("kms:"));
        let aliases = key.into_iter().flat_map(|(_, key)| key.aliases.iter().cloned());
        context.extend(aliases.map(|alias| ("kms:resourcealiases", alias)));
        if let Some((organization, member)) = self.state.membership(account) {
            context.push(("aws:principalorgid", organization.id.clone()));
            let path = organization.path(&member.unit);
            context.extend(path.map(|path| ("aws:principalorgpaths", path)));
        }
        let owner = Arn::parse(self.to).and_then(|arn| AccountId::new(arn.account));
        let owned = owner.and_then(|owner| self.state.membership(&owner));
        context
            .extend(owned.map(|(organization, _)| ("aws:resourceorgid", organization.id.clone())));
        let mut context: Vec<(String, String)> =
            context.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let name = self.role_arn.rsplit('/').next().unwrap_or_default();
        let tags = self.state.role(account, name).into_iter().flat_map(|role| role.tags.iter());
        context.extend(tags.map(|(tag, value)| {
            (format!("aws:principaltag/{}", tag.to_ascii_lowercase()), value.clone())
        }));
        context
    }
}
