//! Whose credentials are used, and in which accounts: asked for, held against the blueprint, and
//! said before anything else.

use super::{GlobalOptions, Io};
use crate::error::CommandError;
use crate::report::screen::plain;
use ctguard_core::blueprint::{AssumedRole, Blueprint};
use ctguard_core::desired::Narrow;
use ctguard_core::plural::count;
use ctguard_core::scope::AccountId;
use ctguard_core::snapshot::Caller;
use std::collections::BTreeSet;

/// Refuses credentials of another account than the blueprint's own, and says as whom it goes on.
pub(super) fn begin(
    caller: &Caller,
    blueprint: &Blueprint,
    narrow: &Narrow,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    if let Some(own) = own_account(blueprint)
        && *own != caller.account
        && (narrow.accounts.is_empty() || narrow.accounts.contains(own))
    {
        return Err(CommandError::refused(format!(
            "the blueprint is for account {own}, and these credentials are of {} ({})",
            caller.account, caller.arn
        ))
        .hint(format!("Use credentials of {own} (`--profile`, AWS_PROFILE), or give the account a `role:` under `accounts:`.")));
    }
    if !global.quiet {
        let _ = writeln!(io.err, "{}", plain(&line(caller, &global.entering(blueprint), narrow)));
    }
    Ok(())
}

/// The account that is listed without a role: that of the credentials in use.
fn own_account(blueprint: &Blueprint) -> Option<&AccountId> {
    let accounts = blueprint.accounts.as_ref()?;
    accounts.listed.values().find(|account| account.role.is_none()).map(|account| &account.id)
}

fn line(caller: &Caller, blueprint: &Blueprint, narrow: &Narrow) -> String {
    format!("As {}, in {}.", caller.arn, accounts(caller, blueprint, narrow))
}

/// Which accounts are entered: the caller's own, others by which roles.
fn accounts(caller: &Caller, blueprint: &Blueprint, narrow: &Narrow) -> String {
    let own = format!("account {}", caller.account);
    let Some(all) = &blueprint.accounts else { return own };
    let wanted = |id: &AccountId| narrow.accounts.is_empty() || narrow.accounts.contains(id);
    let by_role: Vec<&AssumedRole> = all
        .listed
        .values()
        .filter(|one| wanted(&one.id))
        .filter_map(|one| one.role.as_ref())
        .collect();
    let itself = all.listed.get(&caller.account).map(|one| one.role.is_none());
    let mut parts = Vec::new();
    if itself.unwrap_or(all.organization.is_some()) && wanted(&caller.account) {
        parts.push(own);
    }
    if !by_role.is_empty() {
        let roles: BTreeSet<&str> = by_role.iter().map(|role| role.role.as_str()).collect();
        let roles: Vec<&str> = roles.into_iter().collect();
        let others =
            count(by_role.len(), if parts.is_empty() { "account" } else { "other account" });
        parts.push(match roles.as_slice() {
            [role] => format!("{others} by the role {role}"),
            several => format!("{others} by {} roles", several.len()),
        });
    }
    if let Some(organization) = &all.organization {
        let role = &organization.role.role;
        parts.push(format!("the accounts of its organization by the role {role}"));
    }
    match parts.is_empty() {
        true => format!("account {}", caller.account),
        false => parts.join(" and "),
    }
}
