//! IAM: roles, their trust and their inline policies.

use super::policy::form;
use super::policy::{self, Principal, Request};
use super::refusal::{Done, Refusal, check_tags, ensure, is_name, refuse};
use super::state::{State, StoredRole};
use ctguard_core::resource::Tags;
use ctguard_core::resource::role::ROLE_NAME_MAX_CHARS;
use ctguard_core::scope::{AccountId, Arn, Place};
use serde_json::{Value, json};

const INVALID: &str = "ValidationError";
const MISSING: &str = "NoSuchEntity";
const MALFORMED: &str = "MalformedPolicyDocument";
const LIMIT: &str = "LimitExceeded";

/// Longest trust policy by default, and the maximum of all inline policies of a role together, in
/// characters without white space.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const TRUST_MAX_CHARS: usize = 2_048;
const INLINE_MAX_CHARS: usize = 10_240;

/// Longest name of an inline policy, in characters.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
const POLICY_NAME_MAX_CHARS: usize = 128;

/// Whether a role can have this name.
pub fn is_role_name(name: &str) -> bool {
    is_name(name, ROLE_NAME_MAX_CHARS, "_+=,.@-")
}

/// Creates a role; succeeds if it exists with the same trust policy. IAM's names are
/// case-insensitive.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub fn create(state: &mut State, place: &Place, name: &str, trust: &Value, tags: &Tags) -> Done {
    ensure(is_role_name(name), INVALID, || format!("`{name}` is not a role name"))?;
    check_trust(trust)?;
    check_tags(tags, &Tags::new(), INVALID)?;
    let account = state.accounts.entry(place.account.clone()).or_default();
    let roles = &mut account.global.roles;
    if let Some((there, role)) = roles.iter().find(|(there, _)| there.eq_ignore_ascii_case(name)) {
        return ensure(there == name && role.trust == *trust, "EntityAlreadyExists", || {
            format!("role with name {name} already exists")
        });
    }
    let new = StoredRole {
        trust: trust.clone(),
        policies: Default::default(),
        permissions_boundary: None,
        attached: Default::default(),
        tags: tags.clone(),
    };
    roles.insert(name.to_owned(), new);
    Ok(())
}

/// Replaces the trust policy.
pub fn update_trust(state: &mut State, place: &Place, name: &str, trust: &Value) -> Done {
    let there = find(state, &place.account, name)?;
    check_trust(trust)?;
    there.trust = trust.clone();
    Ok(())
}

/// Writes an inline policy.
pub fn put_policy(
    state: &mut State,
    place: &Place,
    role: &str,
    name: &str,
    policy: &Value,
) -> Done {
    let there = find(state, &place.account, role)?;
    ensure(is_name(name, POLICY_NAME_MAX_CHARS, "_+=,.@-"), INVALID, || {
        format!("`{name}` is not the name of a policy")
    })?;
    form::check_identity(policy).map_err(|why| refuse(MALFORMED, why))?;
    let others = there.policies.iter().filter(|(other, _)| other.as_str() != name);
    let chars = others.map(|(_, policy)| chars(policy)).sum::<usize>() + chars(policy);
    ensure(chars <= INLINE_MAX_CHARS, LIMIT, || {
        format!("maximum policy size of {INLINE_MAX_CHARS} bytes exceeded for role {role}")
    })?;
    there.policies.insert(name.to_owned(), policy.clone());
    Ok(())
}

/// Adds tags.
pub fn tag(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    let there = find(state, &place.account, name)?;
    check_tags(tags, &there.tags, INVALID)?;
    there.tags.extend(tags.clone());
    Ok(())
}

/// Deletes an inline policy; succeeds if it is gone.
pub fn delete_policy(state: &mut State, place: &Place, role: &str, name: &str) -> Done {
    if let Ok(there) = find(state, &place.account, role) {
        there.policies.remove(name);
    }
    Ok(())
}

/// Deletes a role that has no policies; succeeds if it is gone.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>
pub fn delete(state: &mut State, place: &Place, name: &str) -> Done {
    let Ok(there) = find(state, &place.account, name) else {
        return Ok(());
    };
    ensure(there.policies.is_empty(), "DeleteConflict", || {
        "cannot delete entity, must delete policies first".to_owned()
    })?;
    ensure(there.attached.is_empty(), "DeleteConflict", || {
        "cannot delete entity, must detach all policies first".to_owned()
    })?;
    if let Some(account) = state.accounts.get_mut(&place.account) {
        account.global.roles.remove(name);
    }
    Ok(())
}

/// The document of a managed policy: of the account, or one of AWS's own.
pub fn managed_policy(state: &State, account: &AccountId, arn: &str) -> Option<Value> {
    let of_account = state.accounts.get(account)?.global.managed_policies.get(arn);
    of_account.cloned().or_else(|| {
        let statement = match arn.split_once("::aws:policy/")?.1 {
            "AWSDenyAll" => json!({ "Effect": "Deny", "Action": "*", "Resource": "*" }),
            "AdministratorAccess" => json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }),
            "ReadOnlyAccess" => json!({
                "Effect": "Allow", "Resource": "*",
                "Action": ["events:Describe*", "events:List*", "sns:Get*", "sns:List*"],
            }),
            _ => return None,
        };
        Some(json!({ "Version": "2012-10-17", "Statement": statement }))
    })
}

fn check_trust(trust: &Value) -> Done {
    form::check_trust(trust).map_err(|why| refuse(MALFORMED, why))?;
    ensure(chars(trust) <= TRUST_MAX_CHARS, LIMIT, || {
        format!("cannot exceed quota for ACLSizePerRole: {TRUST_MAX_CHARS}")
    })
}

fn chars(policy: &Value) -> usize {
    policy.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

fn find<'a>(
    state: &'a mut State,
    account: &AccountId,
    name: &str,
) -> Result<&'a mut StoredRole, Refusal> {
    let account = state.accounts.get_mut(account);
    account
        .and_then(|account| account.global.roles.get_mut(name))
        .ok_or_else(|| refuse(MISSING, format!("the role with name {name} cannot be found")))
}

/// The role that EventBridge assumes for a rule: it is of the rule's account and trusts EventBridge
/// for this rule.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>
pub fn assumed<'a>(
    state: &'a State,
    at: &Place,
    rule_arn: &str,
    role_arn: &str,
) -> Result<&'a StoredRole, String> {
    assumed_by(state, at, "events.amazonaws.com", rule_arn, role_arn)
}

/// The role that a service assumes for something of its own, such as a rule or a state machine: it
/// is of the same account and trusts the service for it.
pub fn assumed_by<'a>(
    state: &'a State,
    at: &Place,
    service: &str,
    source_arn: &str,
    role_arn: &str,
) -> Result<&'a StoredRole, String> {
    let missing = || format!("role {role_arn} does not exist in account {}", at.account);
    let arn = Arn::parse(role_arn).filter(|arn| {
        arn.service == "iam"
            && arn.account == at.account.as_str()
            && arn.partition == at.region.partition().as_str()
    });
    let name = arn.and_then(|arn| arn.resource.strip_prefix("role/")).ok_or_else(missing)?;
    let role = state.role(&at.account, name).ok_or_else(missing)?;
    let mut context = vec![
        ("aws:sourcearn", source_arn),
        ("aws:sourceaccount", at.account.as_str()),
        ("aws:resourceaccount", at.account.as_str()),
        ("aws:securetransport", "true"),
        ("aws:principalisawsservice", "true"),
    ];
    let found = state.membership(&at.account);
    context.extend(found.map(|(organization, _)| ("aws:sourceorgid", &*organization.id)));
    let request = Request {
        principal: Principal::Service(service),
        action: "sts:AssumeRole",
        resource: "",
        context: &context,
        unsure: &[],
    };
    policy::decide(Some(&role.trust), &request).map_err(|why| format!("role {role_arn} {why}"))?;
    Ok(role)
}

#[cfg(test)]
mod tests;
