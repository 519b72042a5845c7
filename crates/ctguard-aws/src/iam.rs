//! IAM: what the caller's own identity may do, by IAM's policy simulator.
//!
//! The simulator reads the identity's policies, its permissions boundary and the organization's; it
//! makes none of the calls.
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use super::errors::bad_request;
use super::roles::GET_ROLE;
use super::session::Session;
use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use ctguard_core::cloud::CloudError;
use ctguard_core::permissions::Permission;
use ctguard_core::scope::Arn;
use std::collections::{BTreeMap, BTreeSet};

const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

impl Session {
    /// Returns the permissions that the identity behind `caller_arn` lacks, in order.
    pub(super) async fn lacking(
        &self,
        caller_arn: &str,
        wanted: &BTreeSet<Permission>,
    ) -> Result<Vec<Permission>, CloudError> {
        let Some(principal) = self.principal(caller_arn).await? else {
            return Ok(Vec::new());
        };
        let mut by_resource: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for permission in wanted {
            by_resource.entry(&permission.resource).or_default().push(&permission.operation);
        }
        let mut lacking = BTreeSet::new();
        for (resource, operations) in by_resource {
            for operation in self.denied(&principal, resource, &operations).await? {
                lacking.insert(Permission { operation, resource: resource.to_owned() });
            }
        }
        Ok(lacking.into_iter().collect())
    }

    /// The user or role that a caller's ARN stands for; `None` for the root user, who may do
    /// everything.
    ///
    /// A session's ARN omits the path of its role, so the role is looked up; without permission for
    /// that, it is assumed to have no path.
    async fn principal(&self, caller_arn: &str) -> Result<Option<String>, CloudError> {
        let unknown = || {
            bad_request(
                SIMULATE,
                format!(
                    "`{caller_arn}` is neither a user nor a role, so its permissions cannot be simulated"
                ),
            )
        };
        let arn = Arn::parse(caller_arn).ok_or_else(unknown)?;
        match (arn.service, arn.resource.split('/').collect::<Vec<_>>().as_slice()) {
            ("iam", ["root"]) => Ok(None),
            ("iam", ["user" | "role", ..]) => Ok(Some(caller_arn.to_owned())),
            ("sts", ["assumed-role", name, ..]) => {
                let call = self.clients.iam().get_role().role_name(*name);
                let role = self.send(GET_ROLE, call.send()).await.ok();
                let known = role.and_then(|answer| answer.role.map(|role| role.arn));
                let guess = format!("arn:{}:iam::{}:role/{name}", arn.partition, arn.account);
                Ok(Some(known.unwrap_or(guess)))
            }
            _ => Err(unknown()),
        }
    }

    async fn denied(
        &self,
        principal: &str,
        resource: &str,
        operations: &[&str],
    ) -> Result<Vec<String>, CloudError> {
        let mut denied = Vec::new();
        let mut pages = self.pages();
        loop {
            let call = self
                .clients
                .iam()
                .simulate_principal_policy()
                .policy_source_arn(principal)
                .set_action_names(Some(operations.iter().map(|&name| name.to_owned()).collect()))
                .set_resource_arns((resource != "*").then(|| vec![resource.to_owned()]))
                .set_marker(pages.token());
            let page = self.send(SIMULATE, call.send()).await?;
            let refused = page
                .evaluation_results()
                .iter()
                .filter(|result| *result.eval_decision() != PolicyEvaluationDecisionType::Allowed);
            denied.extend(refused.map(|result| result.eval_action_name().to_owned()));
            if !pages.turn(SIMULATE, page.marker())? {
                return Ok(denied);
            }
        }
    }
}
