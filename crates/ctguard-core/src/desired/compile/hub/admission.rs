//! Who may send to the hub: each account by name, or all of an organization.

use crate::blueprint::Hub;
use crate::codes;
use crate::desired::compile::Compiler;
use crate::desired::pattern::Origin;
use crate::desired::{Scope, ScopeOrganization};
use crate::diag::Diagnostic;
use crate::resource::bus::BUS_POLICY_MAX_CHARS;
use crate::resource::names::Names;
use crate::resource::policy;
use crate::resource::rule::EVENT_PATTERN_MAX_CHARS;
use crate::scope::{AccountId, Place};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The maximum number of accounts that are named one by one: in a statement each, and in the
/// pattern of every rule.
const LISTED_MAX: usize = 30;

/// Characters of an account id in a pattern: twelve digits, two quotes, a comma.
const PATTERN_CHARS_AN_ACCOUNT: usize = 15;

pub(super) enum Admission {
    Accounts(BTreeSet<AccountId>),
    /// Accounts outside of it are named beside it.
    Organization {
        organization: ScopeOrganization,
        beside: BTreeSet<AccountId>,
    },
}

impl Compiler<'_> {
    /// Decides how senders are admitted; adds a problem when that is impossible.
    pub(super) fn admission(&mut self, scope: &Scope, hub: &Hub) -> Option<Admission> {
        let all: BTreeSet<AccountId> = scope.accounts.keys().cloned().collect();
        let discovered = scope.organization.as_ref();
        let organization = match &hub.organization {
            Some(id) if discovered.is_none_or(|found| found.id != *id) => Some(ScopeOrganization {
                id: id.clone(),
                management: None,
                unit_paths: BTreeSet::new(),
                excluded: BTreeSet::new(),
            }),
            Some(_) => discovered.cloned(),
            None => discovered.filter(|_| all.len() > LISTED_MAX).cloned(),
        };
        let Some(organization) = organization else {
            if all.len() > LISTED_MAX {
                self.too_many(hub, all.len());
                return None;
            }
            return Some(Admission::Accounts(all));
        };
        // The members of an organization that only the blueprint names are unknown; all accounts
        // are assumed to be in it.
        let same = discovered.is_some_and(|found| found.id == organization.id);
        let beside: BTreeSet<AccountId> = match same {
            true => {
                let outside = |id: &&AccountId| {
                    !scope.accounts.get(*id).is_some_and(|account| account.discovered)
                        || organization.excluded.contains(*id)
                };
                all.iter().filter(outside).cloned().collect()
            }
            false => BTreeSet::new(),
        };
        if beside.len() > LISTED_MAX {
            self.too_many(hub, beside.len());
            return None;
        }
        Some(Admission::Organization { organization, beside })
    }

    fn too_many(&mut self, hub: &Hub, accounts: usize) {
        let chars = accounts * PATTERN_CHARS_AN_ACCOUNT;
        self.problems.push(
            Diagnostic::error(
                codes::HUB_TOO_MANY_ACCOUNTS,
                format!("{accounts} accounts are too many to be named one by one in the hub"),
            )
            .at(hub.span.clone())
            .label(format!(
                "their ids alone would take {chars} characters of the {EVENT_PATTERN_MAX_CHARS} of every rule's pattern, and a statement each of the {BUS_POLICY_MAX_CHARS} of the bus's policy"
            ))
            .help(format!(
                "Up to {LISTED_MAX} can be named. For more, add `organization: o-…` to `hub:`, whose accounts may then all send, or discover them with `accounts: [{{ organization: … }}]`."
            )),
        );
    }

    /// Refuses statements that no bus's policy holds.
    pub(super) fn check_policy(&mut self, hub: &Hub, statements: &[Value]) {
        let chars = policy::document(statements.to_vec()).to_string().chars().count();
        if chars > BUS_POLICY_MAX_CHARS {
            self.problems.push(
                Diagnostic::error(
                    codes::HUB_POLICY_TOO_LARGE,
                    format!("the policy of the hub's bus needs {chars} characters, more than the {BUS_POLICY_MAX_CHARS} that AWS takes"),
                )
                .at(hub.span.clone())
                .help("Exclude fewer accounts, or name fewer organizational units."),
            );
        }
    }
}

impl Admission {
    /// Where the events of a rule for these accounts come from. `usual`: they notify what the alert
    /// itself says.
    pub(super) fn origin(
        &self,
        usual: bool,
        accounts: &BTreeSet<AccountId>,
        scope: &Scope,
    ) -> Origin {
        match self {
            // Only the policy admits senders, and nobody can put an event of AWS's on a bus:
            // without the accounts in the pattern the rule means the same.
            Self::Organization { .. } if usual => {
                let others: BTreeSet<AccountId> =
                    scope.accounts.keys().filter(|id| !accounts.contains(*id)).cloned().collect();
                if others.is_empty() { Origin::Any } else { Origin::Except(others) }
            }
            _ => Origin::Only(accounts.clone()),
        }
    }

    /// The statements of the bus's policy.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html>
    pub(super) fn statements(&self, names: &Names, hub: &Place, bus_arn: &str) -> Vec<Value> {
        let partition = hub.region.partition();
        let account = |id: &AccountId| {
            json!({
                "Sid": names.sid(&format!("account-{id}")),
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:{partition}:iam::{id}:root") },
                "Action": "events:PutEvents",
                "Resource": bus_arn,
            })
        };
        match self {
            Self::Accounts(accounts) => accounts.iter().map(account).collect(),
            Self::Organization { organization, beside } => {
                let mut statements = vec![of_organization(organization, names, bus_arn)];
                statements.extend(beside.iter().map(account));
                statements
            }
        }
    }
}

/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn of_organization(organization: &ScopeOrganization, names: &Names, bus_arn: &str) -> Value {
    let mut condition = json!({ "StringEquals": { "aws:PrincipalOrgID": organization.id } });
    if !organization.unit_paths.is_empty() {
        let paths: Vec<String> =
            organization.unit_paths.iter().map(|path| format!("{path}*")).collect();
        condition["ForAnyValue:StringLike"] = json!({ "aws:PrincipalOrgPaths": paths });
    }
    if !organization.excluded.is_empty() {
        condition["StringNotEquals"] = json!({ "aws:PrincipalAccount": organization.excluded });
    }
    json!({
        "Sid": names.sid("organization"),
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": bus_arn,
        "Condition": condition,
    })
}
