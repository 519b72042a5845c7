//! The roles of an account: the one through which its rules send to the hub, to topics of other
//! accounts and to state machines, and the one with which state machines publish.

use crate::action::Action;
use crate::desired::DesiredRole;
use crate::desired::compile::trust_of_all_rules;
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft, Owner};
use crate::plan::fields::FieldChanges;
use crate::resource::keys::RoleKey;
use crate::resource::{Address, Kind, policy};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{LiveRole, Observed};
use serde_json::Value;
use std::collections::BTreeSet;

pub fn diff(differ: &mut Differ<'_>) {
    let (desired, live) = (differ.desired, differ.live);
    let accounts: BTreeSet<&AccountId> =
        desired.own_places().map(|(place, _)| &place.account).collect();
    let kinds = [
        (desired.names.role(), &desired.roles),
        (desired.names.machine(), &desired.machine_roles),
        (desired.names.heal(), &desired.heal_roles),
        (desired.names.heal_rules(), &desired.heal_rules_roles),
    ];
    for account in accounts {
        for (name, roles) in &kinds {
            let seen = live.accounts.get(account).and_then(|account| account.roles.get(name));
            let seen = seen.unwrap_or(&Observed::Absent);
            match roles.get(account) {
                Some(wanted) => wanted_role(differ, account, wanted, seen),
                None => unwanted(differ, account, name, seen),
            }
        }
    }
}

fn wanted_role(
    differ: &mut Differ<'_>,
    account: &AccountId,
    wanted: &DesiredRole,
    seen: &Observed<LiveRole>,
) {
    match seen {
        Observed::Absent => create(differ, wanted),
        Observed::Known(live) => update(differ, wanted, live),
        Observed::Unreadable(why) => {
            differ.unknown_in(account, &format!("role {}", wanted.name), why);
        }
    }
}

fn create(differ: &mut Differ<'_>, wanted: &DesiredRole) {
    let mut fields = FieldChanges::default();
    fields.set("trust", &wanted.trust);
    let mut calls = vec![Action::CreateRole {
        name: wanted.name.clone(),
        trust: wanted.trust.clone(),
        tags: wanted.tags.clone(),
    }];
    for (name, policy) in &wanted.policies {
        fields.set(&field(wanted, name), policy);
        calls.push(put_policy(wanted, name, policy));
    }
    let draft =
        Draft::new(&wanted.place, Kind::Role, &wanted.name, Verb::Create, "it does not exist");
    differ.change(draft, fields.into_vec(), calls);
}

fn update(differ: &mut Differ<'_>, wanted: &DesiredRole, live: &LiveRole) {
    let address = Address::new(&wanted.place, Kind::Role, &wanted.name);
    let Some(verb) = differ.may_change(&wanted.place, &address, &live.tags) else { return };
    let mut fields = FieldChanges::default();
    let mut calls = Vec::new();
    // A role that rules sent to topics with may still be needed by those that are on their way out.
    let wide = (wanted.name == differ.desired.names.role())
        .then(|| trust_of_all_rules(&differ.desired.names, &wanted.place));
    let wide_enough = wide.as_ref().is_some_and(|wide| policy::same(&live.role.trust, wide));
    if !policy::same(&live.role.trust, &wanted.trust) && !wide_enough {
        fields.differ("trust", &live.role.trust, &wanted.trust);
        let (role, trust) = (wanted.name.clone(), wanted.trust.clone());
        calls.push(Action::UpdateAssumeRolePolicy { role, trust });
    }
    for (name, policy) in &wanted.policies {
        let now = live.role.policies.get(name);
        if !now.is_some_and(|now| policy::same(now, policy)) {
            fields.differ(&field(wanted, name), &now, policy);
            calls.push(put_policy(wanted, name, policy));
        }
    }
    let tags = differ.missing_tags(&wanted.tags, &live.tags);
    if !tags.is_empty() {
        differ.tags_differ(&mut fields, &tags, &live.tags);
        Differ::tag(verb, &mut calls, Action::TagRole { name: wanted.name.clone(), tags });
    }
    let draft = Draft::existing(&wanted.place, Kind::Role, &wanted.name, verb);
    differ.change(draft, fields.into_vec(), calls);
    if differ.desired.partial.contains(&wanted.place.account) {
        return;
    }
    // Other policies are obsolete, such as the permission for a hub that moved; they stay until
    // nothing is sent there.
    let obsolete = |name: &String| !wanted.policies.contains_key(name);
    for (name, policy) in live.role.policies.iter().filter(|(name, _)| obsolete(name)) {
        let mut fields = FieldChanges::default();
        fields.differ("policy", policy, &serde_json::Value::Null);
        let whole = RoleKey::of_policy(&wanted.name, name).to_string();
        let reason = differ.gone("the blueprint does not have it");
        let draft = Draft::new(&wanted.place, Kind::Role, &whole, Verb::Delete, reason)
            .needs(first(differ, &wanted.place, name));
        let (role, name) = (wanted.name.clone(), name.clone());
        differ.change(draft, fields.into_vec(), vec![Action::DeleteRolePolicy { role, name }]);
    }
}

/// What a difference in a policy is called: where there are several, each by its name.
fn field(wanted: &DesiredRole, name: &str) -> String {
    if wanted.policies.len() > 1 { format!("policy {name}") } else { "policy".to_owned() }
}

/// The role of state machines goes before the policy to start them, by which it is looked for.
fn first(differ: &Differ<'_>, place: &Place, policy: &str) -> Option<Address> {
    let machines = differ.desired.names.machines();
    machines.contains(&policy.to_owned()).then(|| Address::new(place, Kind::Role, policy))
}

fn put_policy(wanted: &DesiredRole, name: &str, policy: &Value) -> Action {
    let (role, name) = (wanted.name.clone(), name.to_owned());
    Action::PutRolePolicy { role, name, policy: policy.clone() }
}

/// Removes an owned role that no place of its account needs any more. In an account of which places
/// are left out it stays, since they may need it.
fn unwanted(differ: &mut Differ<'_>, account: &AccountId, name: &str, seen: &Observed<LiveRole>) {
    let live = match seen {
        Observed::Absent => return,
        Observed::Unreadable(why) => {
            return differ.unknown_in(account, &format!("role {name}"), why);
        }
        Observed::Known(live) => live,
    };
    match differ.owner(&live.tags) {
        Owner::Us => {}
        Owner::Unknown(why) => {
            return differ.unknown_in(account, &format!("tags of role {name}"), &why);
        }
        Owner::Blueprint(_) | Owner::Nobody => return,
    }
    if differ.desired.partial.contains(account) {
        return;
    }
    let place = differ.desired.own_places().map(|(place, _)| place).find(|p| p.account == *account);
    let Some(place) = place.cloned() else { return };
    let mut calls: Vec<Action> = live
        .role
        .policies
        .keys()
        .map(|policy| Action::DeleteRolePolicy { role: name.to_owned(), name: policy.clone() })
        .collect();
    calls.push(Action::DeleteRole { name: name.to_owned() });
    let reason = differ.gone("the blueprint no longer needs it");
    let needs: Vec<Address> = match name == differ.desired.names.role() {
        true => {
            live.role.policies.keys().filter_map(|policy| first(differ, &place, policy)).collect()
        }
        false => Vec::new(),
    };
    let draft = Draft::new(&place, Kind::Role, name, Verb::Delete, reason).needs(needs);
    differ.change(draft, Vec::new(), calls);
}

impl Differ<'_> {
    /// Adds something of an account, outside its regions, that could not be read.
    pub fn unknown_in(
        &mut self,
        account: &AccountId,
        part: &str,
        why: &crate::snapshot::Unreadable,
    ) {
        let global = Region::global();
        let place = Place::new(account.clone(), global.clone());
        self.unknown_at(&global, &place, part, why);
    }
}
