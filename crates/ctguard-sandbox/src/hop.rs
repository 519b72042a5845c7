//! Whether a rule's role may put events on a bus: checked by PutTargets, and for every event.

use super::policy::{self, Principal, Request};
use super::roles::managed_policy;
use super::state::{State, StoredRole, locate};
use ctguard_core::scope::Place;
use serde_json::Value;

/// A role that puts events on a bus.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    pub state: &'a State,
    /// The place of the rule; the role is of its account.
    pub from: &'a Place,
    pub role_arn: &'a str,
    pub bus_arn: &'a str,
}

const PUT: &str = "events:PutEvents";

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
        let context = self.context();
        let context: Vec<_> = context.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let request = Request {
            principal: Principal::Holder,
            action: PUT,
            resource: self.bus_arn,
            context: &context,
        };
        policy::decide_together(role.policies.values().chain(&attached), &request)
            .map_err(|why| format!("role {} {why}", self.role_arn))?;
        match &boundary {
            Some(boundary) => policy::decide(Some(boundary), &request)
                .map_err(|why| format!("the permissions boundary of role {} {why}", self.role_arn)),
            None => Ok(()),
        }
    }

    /// Whether the bus's policy allows it. Within one account and region it only must not deny.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>
    pub fn is_admitted(&self) -> Result<(), String> {
        let Some(bus) = self.state.bus(self.bus_arn) else {
            return Err(format!("event bus {} does not exist", self.bus_arn));
        };
        let here = locate(self.bus_arn, "events").is_some_and(|(place, _)| place == *self.from);
        let context = self.context();
        let context: Vec<_> = context.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let request = Request {
            principal: Principal::Role { arn: self.role_arn, account: &self.from.account },
            action: PUT,
            resource: self.bus_arn,
            context: &context,
        };
        let judged = match here {
            true => policy::not_denied(bus.policy.as_ref(), &request),
            false => policy::decide(bus.policy.as_ref(), &request),
        };
        judged.map_err(|why| format!("event bus {} {why}", self.bus_arn))
    }

    /// The context of a request by the role's session. It has no source: AWS does not document that
    /// EventBridge sends one with a role.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    fn context(&self) -> Vec<(&'static str, String)> {
        let account = &self.from.account;
        let mut context = vec![
            ("aws:principalarn", self.role_arn.to_owned()),
            ("aws:principalaccount", account.as_str().to_owned()),
            ("aws:principalisawsservice", "false".to_owned()),
            ("aws:securetransport", "true".to_owned()),
            ("events:eventbusinvocation", "true".to_owned()),
        ];
        if let Some((organization, member)) = self.state.membership(account) {
            context.push(("aws:principalorgid", organization.id.clone()));
            let path = organization.path(&member.unit);
            context.extend(path.map(|path| ("aws:principalorgpaths", path)));
        }
        context
    }
}
