//! Policies of others on the roles that forward events or publish mails. Whether they let it is a link of its own.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>

use super::remark;
use crate::desired::{Desired, DesiredRole};
use crate::proof::role::at;
use crate::proof::{LinkCode, LinkObject, Remark};
use crate::scope::{AccountId, Place};
use crate::snapshot::{Live, LiveRole, Observed};
use std::collections::BTreeSet;

pub fn find(desired: &Desired, live: &Live, found: &mut Vec<Remark>) {
    let own: BTreeSet<&AccountId> = desired.own_places().map(|(place, _)| &place.account).collect();
    let roles = desired
        .roles
        .iter()
        .chain(&desired.machine_roles)
        .chain(&desired.heal_roles)
        .chain(&desired.heal_rules_roles);
    for (account, wanted) in roles.filter(|(account, _)| own.contains(account)) {
        let seen = live.accounts.get(account).and_then(|seen| seen.roles.get(&wanted.name));
        let Some(Observed::Known(role)) = seen else { continue };
        if role.tags.name_owner(&desired.name) {
            let stays = desired.partial.contains(account);
            OwnedRole { place: at(account), account, wanted, role }.policies(stays, found);
        }
    }
}

/// A role of the blueprint's.
struct OwnedRole<'a> {
    place: Place,
    account: &'a AccountId,
    wanted: &'a DesiredRole,
    role: &'a LiveRole,
}

impl OwnedRole<'_> {
    /// `stays` says whether an apply leaves inline policies of others where they are.
    fn policies(&self, stays: bool, found: &mut Vec<Remark>) {
        for arn in self.role.attached.known().into_iter().flat_map(|all| all.keys()) {
            let text = format!(
                "The policy {arn} is attached to it, and ctguard attaches none: it can let the role do more, or deny what it must do. Detach it."
            );
            found.push(self.said(LinkCode::RoleAttached, text));
        }
        for name in
            self.role.role.policies.keys().filter(|name| !self.wanted.policies.contains_key(*name))
        {
            let end = match stays {
                true => "Delete it.",
                false => "`ctguard apply` deletes it.",
            };
            let text = format!(
                "It has the inline policy {name}, which is not the blueprint's: it can let the role do more, or deny what it must do. {end}"
            );
            // What apply deletes is a change of the plan.
            found.push(Remark { by_others: stays, ..self.said(LinkCode::RoleAttached, text) });
        }
        if let Some(arn) = &self.role.role.permissions_boundary {
            let text = format!(
                "Its permissions boundary is {arn}, and ctguard sets none: whoever changes that policy can silence every alert of the account. Take it off the role."
            );
            found.push(self.said(LinkCode::RoleBounded, text));
        }
    }

    fn said(&self, code: LinkCode, text: String) -> Remark {
        let name = &self.wanted.name;
        let partition = self.wanted.place.region.partition();
        let arn = format!("arn:{partition}:iam::{}:role/{name}", self.account);
        remark(code, &self.place, LinkObject::Role { arn, name: name.clone() }, text)
    }
}
