//! The IAM policies that ctguard needs for a blueprint, by the account that an identity works in
//! and by what it is to do.
//!
//! `grants` has the statements for one account, `trust` who may assume an identity, `guard` the
//! organization's policies that keep others out, and this the identities: the hub account's role,
//! the trail account's, every other account's, and the identity that runs ctguard (`ci`), which
//! finds the accounts and assumes their roles. Resources are as narrow as names computed from the
//! blueprint allow. Tests hold these lists against every call that the port can make, and against
//! every call of a whole life cycle.

mod grants;
pub mod guard;
pub mod trust;

use crate::blueprint::{AssumedRole, Blueprint};
use crate::desired::Adoption;
use crate::resource::policy::{self, characters};
pub use crate::resource::role::INLINE_POLICIES_MAX_CHARS;
use crate::scope::{AccountId, Partition, Place, Region};
use grants::{Duties, allow, statements};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;

/// Most characters of a managed policy, white space not counted.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const MANAGED_POLICY_MAX_CHARS: usize = 6_144;

/// Listed accounts whose roles are named one by one; of more, each name of a role stands for all
/// accounts.
const ROLES_NAMED: usize = 50;

/// Permission for one call on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Permission {
    /// As IAM names it: `events:PutRule`.
    pub operation: String,
    /// An ARN, or `*`.
    pub resource: String,
}

/// The purpose of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `plan`.
    Plan,
    /// `drift`, which looks up who changed what.
    Drift,
    /// `verify`, `explain` and `snapshot`, which read metrics.
    Verify,
    /// Every verb that changes nothing.
    Read,
    /// `apply`, which plans first.
    Apply,
    /// `destroy`: what an apply deletes, and nothing that it makes.
    Destroy,
    /// `drill`, which raises alerts.
    Drill,
    /// Every verb but `drill`: nobody needs leave for that who does not drill.
    All,
}

/// The identity that a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Identity {
    /// The role in the hub's account.
    Hub,
    /// The role in the account that keeps the trail, where it is not the hub's and there are
    /// several.
    Trail,
    /// The role in every other account.
    Spoke,
    /// Who runs ctguard.
    Ci,
}

impl Identity {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What one identity needs.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentityPolicy {
    pub identity: Identity,
    /// The accounts that it is for, as far as the blueprint names them.
    pub accounts: Vec<AccountId>,
    /// The roles that are assumed there, with their paths; none for who runs ctguard.
    pub roles: Vec<String>,
    pub document: Value,
}

impl IdentityPolicy {
    /// The size that IAM counts.
    pub fn characters(&self) -> usize {
        characters(&self.document)
    }

    /// The policy in as few parts as fit into managed policies, statements kept whole.
    pub fn parts(&self) -> Vec<Value> {
        let mut parts: Vec<Vec<Value>> = vec![Vec::new()];
        for statement in policy::statements(&self.document) {
            let Some(last) = parts.last_mut() else { continue };
            last.push(statement.clone());
            if last.len() > 1
                && characters(&policy::document(last.clone())) > MANAGED_POLICY_MAX_CHARS
            {
                let moved = last.pop();
                parts.push(moved.into_iter().collect());
            }
        }
        parts.into_iter().map(policy::document).collect()
    }
}

/// The policies of all identities of a blueprint. `own`: the account that runs ctguard, where it is
/// known otherwise than from the blueprint.
pub fn policies(
    blueprint: &Blueprint,
    purpose: Purpose,
    own: Option<&AccountId>,
) -> Vec<IdentityPolicy> {
    let own = own.or_else(|| own_account(blueprint));
    let mut all: Vec<IdentityPolicy> = Vec::new();
    for identity in [Identity::Hub, Identity::Trail, Identity::Spoke] {
        let Some(duties) = Duties::of(blueprint, identity) else { continue };
        let (accounts, roles) = assumed(blueprint, identity, own);
        // Without a role, only the caller works there.
        if roles.is_empty() {
            continue;
        }
        let document = policy::document(statements(blueprint, &duties, purpose));
        all.push(IdentityPolicy { identity, accounts, roles, document });
    }
    let mut own_statements = match at_home(blueprint, own) {
        Some(duties) => statements(blueprint, &duties, purpose),
        None => Vec::new(),
    };
    own_statements.extend(entering(blueprint));
    if purpose != Purpose::Destroy {
        own_statements.extend(grants::secrets(blueprint));
    }
    all.push(IdentityPolicy {
        identity: Identity::Ci,
        accounts: own.into_iter().cloned().collect(),
        roles: Vec::new(),
        document: policy::document(own_statements),
    });
    all
}

/// Adds what taking over rules of others takes, wherever rules are read.
pub fn take_over(
    all: &mut [IdentityPolicy],
    blueprint: &Blueprint,
    adoption: &Adoption,
    purpose: Purpose,
) {
    let arn = |name: &str| format!("arn:{}:events:*:*:rule/{name}", partition(blueprint));
    let rules: Vec<String> = adoption.rules().map(arn).collect();
    if rules.is_empty() {
        return;
    }
    for one in all {
        let reads = |statement: &Value| statement["Sid"] == "ReadRules";
        let mut statements: Vec<Value> =
            policy::statements(&one.document).into_iter().cloned().collect();
        if statements.iter().any(reads) {
            statements.extend(grants::taking_over(&json!(rules), purpose));
            one.document = policy::document(statements);
        }
    }
}

/// What the roles of this name need, in whichever account each is: one policy that fits all.
pub fn of_role(blueprint: &Blueprint, name: &str, purpose: Purpose) -> Value {
    let all = [Identity::Hub, Identity::Trail, Identity::Spoke].into_iter();
    let used = all
        .filter(|identity| assumed(blueprint, *identity, None).1.iter().any(|role| role == name));
    let duties = used.filter_map(|identity| Duties::of(blueprint, identity));
    let duties = duties.reduce(Duties::and).unwrap_or_default();
    policy::document(statements(blueprint, &duties, purpose))
}

/// The account of the credentials in use, where the blueprint tells: the one that is listed without
/// a role.
pub fn own_account(blueprint: &Blueprint) -> Option<&AccountId> {
    let listed = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
    listed.filter(|account| account.role.is_none()).map(|account| &account.id).next()
}

/// The kind of account that an account is.
fn identity_of(blueprint: &Blueprint, account: &AccountId) -> Identity {
    if blueprint.hub.as_ref().is_some_and(|hub| hub.account == *account) {
        return Identity::Hub;
    }
    if keeper(blueprint) == Some(account) { Identity::Trail } else { Identity::Spoke }
}

/// The account that keeps the trail: the one that is named, or the only one that is listed.
fn keeper(blueprint: &Blueprint) -> Option<&AccountId> {
    let accounts = blueprint.accounts.as_ref()?;
    let only = || match (&accounts.organization, accounts.listed.len()) {
        (None, 1) => accounts.listed.keys().next(),
        _ => None,
    };
    blueprint.trail.as_ref()?.account.as_ref().or_else(only)
}

/// The accounts of a kind in which a role is assumed, and those roles with their paths.
fn assumed(
    blueprint: &Blueprint,
    identity: Identity,
    own: Option<&AccountId>,
) -> (Vec<AccountId>, Vec<String>) {
    let Some(all) = &blueprint.accounts else { return Default::default() };
    let mut accounts = Vec::new();
    let mut roles = BTreeSet::new();
    for listed in all.listed.values() {
        if identity_of(blueprint, &listed.id) == identity
            && let Some(role) = &listed.role
        {
            accounts.push(listed.id.clone());
            roles.insert(path_and_name(role).to_owned());
        }
    }
    if let Some(organization) = &all.organization {
        // The hub and the keeper of the trail are single accounts: discovered unless listed, or the
        // caller's own.
        let single = match identity {
            Identity::Hub => blueprint.hub.as_ref().map(|hub| &hub.account),
            Identity::Trail => keeper(blueprint),
            Identity::Spoke | Identity::Ci => None,
        };
        let discovered = match single {
            Some(account) => !all.listed.contains_key(account) && own != Some(account),
            None => true,
        };
        if discovered {
            accounts.extend(single.cloned());
            roles.insert(path_and_name(&organization.role).to_owned());
        }
    }
    (accounts, roles.into_iter().collect())
}

/// What who runs ctguard does in its own account; `None` where that is not covered or a role of it
/// is assumed.
fn at_home(blueprint: &Blueprint, own: Option<&AccountId>) -> Option<Duties> {
    let Some(accounts) = &blueprint.accounts else { return Some(Duties::everything(blueprint)) };
    match own {
        Some(own) => {
            let covered = match accounts.listed.get(own) {
                Some(listed) => listed.role.is_none(),
                None => accounts.organization.as_ref().is_some_and(|o| !o.exclude.contains(own)),
            };
            let identity = identity_of(blueprint, own);
            covered.then(|| Duties::of(blueprint, identity)).flatten()
        }
        // The account that discovers others is one of them but unknown: any but the hub is assumed.
        None => accounts.organization.as_ref().and_then(|_| Duties::of(blueprint, Identity::Spoke)),
    }
}

/// The statements for the identity that runs ctguard alone: finding the accounts, and assuming
/// their roles.
fn entering(blueprint: &Blueprint) -> Vec<Value> {
    let Some(accounts) = &blueprint.accounts else { return Vec::new() };
    let partition = partition(blueprint);
    let listed = || accounts.listed.values().filter_map(|a| a.role.as_ref().map(|r| (&a.id, r)));
    let anywhere = |role: &AssumedRole| match role.role.starts_with("arn:") {
        true => role.role.clone(),
        false => format!("arn:{partition}:iam::*:role/{}", role.role),
    };
    let mut roles: BTreeSet<String> = match listed().count() {
        0..=ROLES_NAMED => listed().map(|(id, role)| role.arn(partition, id)).collect(),
        _ => listed().map(|(_, role)| anywhere(role)).collect(),
    };
    let mut statements = Vec::new();
    if let Some(organization) = &accounts.organization {
        roles.insert(anywhere(&organization.role));
        let in_units = !organization.include_units.is_empty();
        statements.push(grants::organization(in_units));
    }
    if !roles.is_empty() {
        statements.push(allow("EnterAccounts", &["sts:AssumeRole"], &json!(roles)));
    }
    statements
}

/// The role's name, with its path before it.
pub fn path_and_name(role: &AssumedRole) -> &str {
    match crate::scope::Arn::parse(&role.role) {
        Some(arn) => arn.resource.strip_prefix("role/").unwrap_or(arn.resource),
        None => &role.role,
    }
}

/// The partition that the blueprint is for; `aws` when it names no region.
fn partition(blueprint: &Blueprint) -> Partition {
    blueprint.first_region().map_or(Partition::Aws, Region::partition)
}

/// Every permission that is needed in an account, by whoever works there when `own` is the account that runs
/// ctguard, on a resource of the place, except for passing roles.
pub fn wanted(
    blueprint: &Blueprint,
    purpose: Purpose,
    own: &AccountId,
    place: &Place,
) -> BTreeSet<Permission> {
    let mut wanted = BTreeSet::new();
    let policies = policies(blueprint, purpose, Some(own));
    let works_there = |policy: &&IdentityPolicy| match policy.identity {
        Identity::Ci => place.account == *own,
        _ => place.account != *own && policy.accounts.contains(&place.account),
    };
    let Some(own) = policies.iter().find(works_there) else { return wanted };
    for statement in policy::statements(&own.document) {
        let operations = strings(&statement["Action"]);
        for resource in strings(&statement["Resource"]) {
            let resource = match resource {
                "*" => "*".to_owned(),
                pattern => pattern
                    .replacen(":*:*:", &format!(":{}:{}:", place.region, place.account), 1)
                    .replacen("::*:", &format!("::{}:", place.account), 1)
                    .replace('*', "check"),
            };
            for operation in operations.iter().filter(|name| **name != "iam:PassRole") {
                wanted.insert(Permission {
                    operation: (*operation).to_owned(),
                    resource: resource.clone(),
                });
            }
        }
    }
    wanted
}

/// The accounts, but the one that runs ctguard, in which a role is assumed, as far as the blueprint names
/// them.
pub fn entered(blueprint: &Blueprint, own: &AccountId) -> BTreeSet<AccountId> {
    let roles = [Identity::Hub, Identity::Trail, Identity::Spoke];
    let accounts = roles.into_iter().flat_map(|role| assumed(blueprint, role, Some(own)).0);
    accounts.filter(|account| account != own).collect()
}

/// The text or texts of a policy's element.
fn strings(element: &Value) -> Vec<&str> {
    match element {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// Every call that ctguard makes, as IAM names it.
pub fn every_call() -> BTreeSet<&'static str> {
    grants::every_call()
}

#[cfg(test)]
mod tests;
