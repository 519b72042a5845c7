//! Reads the organization, roles, and custom buses.

use super::{Search, read, rules_among, tags};
use crate::access::{Reader, unreadable};
use crate::given_back;
use crate::refusal::{deny, refuse};
use crate::roles::managed_policy;
use crate::state::{StoredOrganization, StoredRole, StoredRule};
use ctguard_core::resource::bus::Bus;
use ctguard_core::resource::machine::{MachineStatus, machine_arn};
use ctguard_core::resource::role::Role;
use ctguard_core::resource::rule::RuleState;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::scope::AccountId;
use ctguard_core::snapshot::{
    LiveBus, LiveMachine, LiveRole, LiveRule, Member, Observed, Organization, Unreadable,
};
use ctguard_core::snapshot::{OrganizationReads, ReadSet};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Reads the organization of the caller's account. Any member may describe it; only its management
/// account may list its accounts.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html>
pub fn organization(reader: &mut Reader<'_>, reads: &OrganizationReads) -> Observed<Organization> {
    read(reader, "organizations:DescribeOrganization", |reader| {
        let Some((stored, _)) = reader.state.membership(&reader.place.account) else {
            return Observed::Absent;
        };
        let found = match reads.units.is_empty() {
            true => everybody(reader, stored),
            false => of_units(reader, stored, &reads.units),
        };
        match found {
            Err(why) => Observed::Unreadable(why),
            Ok((members, unit_paths)) => Observed::Known(Organization {
                id: stored.id.clone(),
                management: stored.management.clone(),
                members,
                unit_paths,
            }),
        }
    })
}

type Found = (BTreeMap<AccountId, Member>, BTreeMap<String, String>);

/// Makes a call that only the management account may make.
fn ask(
    reader: &mut Reader<'_>,
    stored: &StoredOrganization,
    operation: &str,
) -> Result<(), Unreadable> {
    if reader.place.account == stored.management {
        return reader.ask(operation);
    }
    reader.note(operation, false);
    let why =
        "you don't have permissions to access this resource: this is not the management account";
    Err(unreadable(operation, &deny("AccessDeniedException", why)))
}

fn everybody(reader: &mut Reader<'_>, stored: &StoredOrganization) -> Result<Found, Unreadable> {
    ask(reader, stored, "organizations:ListAccounts")?;
    Ok((members(stored, |_| true), BTreeMap::new()))
}

/// Lists the accounts below each unit, and determines the unit's path.
fn of_units(
    reader: &mut Reader<'_>,
    stored: &StoredOrganization,
    wanted: &BTreeSet<String>,
) -> Result<Found, Unreadable> {
    let mut paths = BTreeMap::new();
    for unit in wanted {
        let operation = "organizations:ListParents";
        let Some(line) = stored.line(unit) else {
            ask(reader, stored, operation)?;
            let why = format!("there is no organizational unit {unit}");
            return Err(unreadable(operation, &refuse("ChildNotFoundException", why)));
        };
        for _ in 1..line.len() {
            ask(reader, stored, operation)?;
        }
        paths.extend(stored.path(unit).map(|path| (unit.clone(), path)));
    }
    let below = |unit: &str| {
        let line = stored.line(unit).unwrap_or_default();
        wanted.iter().any(|wanted| line.contains(&wanted.as_str()))
    };
    let roots = [&stored.root].into_iter();
    for _ in roots.chain(stored.units.keys()).filter(|unit| below(unit)) {
        ask(reader, stored, "organizations:ListAccountsForParent")?;
        ask(reader, stored, "organizations:ListOrganizationalUnitsForParent")?;
    }
    Ok((members(stored, below), paths))
}

fn members(
    stored: &StoredOrganization,
    within: impl Fn(&str) -> bool,
) -> BTreeMap<AccountId, Member> {
    let wanted = stored.members.iter().filter(|(_, member)| within(&member.unit));
    wanted
        .map(|(id, member)| {
            let active = member.status.is_active();
            (id.clone(), Member { name: member.name.clone(), active })
        })
        .collect()
}

/// Reads a role, including its tags and boundary.
pub fn role(reader: &mut Reader<'_>, account: &AccountId, name: &str) -> Observed<LiveRole> {
    read(reader, "iam:GetRole", |reader| {
        let Some(stored) = reader.state.role(account, name) else {
            return Observed::Absent;
        };
        read(reader, "iam:ListRolePolicies", |reader| {
            for _ in &stored.policies {
                if let Err(why) = reader.ask("iam:GetRolePolicy") {
                    return Observed::Unreadable(why);
                }
            }
            let StoredRole { trust, policies, permissions_boundary, tags, .. } = stored.clone();
            let attached = read(reader, "iam:ListAttachedRolePolicies", |reader| {
                let found = stored.attached.iter();
                let found = found.map(|arn| (arn.clone(), managed(reader, account, arn)));
                Observed::Known(found.collect())
            });
            let boundary = match &permissions_boundary {
                Some(arn) => managed(reader, account, arn),
                None => Observed::Absent,
            };
            let role = given_back::role(Role { trust, policies, permissions_boundary });
            let tags = Observed::Known(tags);
            Observed::Known(LiveRole { role, tags, attached, boundary })
        })
    })
}

/// Reads the document of a managed policy.
fn managed(reader: &mut Reader<'_>, account: &AccountId, arn: &str) -> Observed<Value> {
    read(reader, "iam:GetPolicy", |reader| match managed_policy(reader.state, account, arn) {
        Some(document) => {
            read(reader, "iam:GetPolicyVersion", |_| Observed::Known(document.clone()))
        }
        None => Observed::Absent,
    })
}

/// Reads the requested custom buses and those that carry the blueprint's tag. When the search by
/// tag is denied, one unreadable entry stands for its results.
pub fn buses(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
) -> BTreeMap<String, Observed<LiveBus>> {
    let place = reader.place;
    let mut live = BTreeMap::new();
    let mut wanted = reads.buses.clone();
    if reads.every_rule {
        match reader.ask("events:ListEventBuses") {
            Ok(()) => wanted.extend(reader.state.region(place).buses.keys().cloned()),
            Err(why) => drop(live.insert("*".to_owned(), Observed::Unreadable(why))),
        }
    }
    let arn = |name: &str| place.arn("events", &format!("event-bus/{name}"));
    match &search.answered {
        Ok(()) => {
            let all = &reader.state.region(reader.place).buses;
            let found = all.iter().filter(|(name, bus)| search.finds(&arn(name), &bus.tags));
            wanted.extend(found.map(|(name, _)| name.clone()));
        }
        Err(why) => {
            live.insert(format!("{}*", reads.rule_prefix), Observed::Unreadable(why.clone()));
        }
    }
    for name in wanted {
        let observed = read(reader, "events:DescribeEventBus", |reader| {
            let Some(stored) = reader.state.region(reader.place).buses.get(&name) else {
                return Observed::Absent;
            };
            let operation = "events:ListTagsForResource";
            let tags = tags(reader, search, &arn(&name), &stored.tags, operation);
            let rules = rules_among(reader, reads, search, Some(&name), &stored.rules);
            let others = others_among(reader, reads, &stored.rules, &rules);
            let policy = stored.policy.as_ref().map(given_back::policy);
            let bus = Bus { policy, kms_key: stored.kms_key.clone() };
            Observed::Known(LiveBus { bus, tags, rules, others })
        });
        live.insert(name, observed);
    }
    live
}

/// Reads the requested state machines and those that carry the blueprint's tag.
pub fn machines(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
) -> BTreeMap<String, Observed<LiveMachine>> {
    let mut live = BTreeMap::new();
    if reads.rule_prefix.is_empty() {
        return live;
    }
    let place = reader.place;
    let mut wanted = reads.machines.clone();
    match &search.answered {
        Ok(()) => {
            let all = &reader.state.region(place).machines;
            let named = all.iter().map(|(name, one)| (machine_arn(place, name), one));
            let found = named.filter(|(arn, one)| search.finds(arn, &one.tags));
            wanted.extend(found.map(|(arn, _)| arn));
        }
        Err(why) => {
            let any = machine_arn(place, &format!("{}*", reads.rule_prefix));
            live.insert(any, Observed::Unreadable(why.clone()));
        }
    }
    for arn in wanted {
        let observed = read(reader, "states:DescribeStateMachine", |reader| {
            let Some((_, stored)) = reader.state.machine(&arn).filter(|(at, _)| at == place) else {
                return Observed::Absent;
            };
            let tags = tags(reader, search, &arn, &stored.tags, "states:ListTagsForResource");
            let status =
                if stored.deleting { MachineStatus::Deleting } else { MachineStatus::Active };
            Observed::Known(LiveMachine { machine: stored.machine.clone(), status, tags })
        });
        live.insert(arn, observed);
    }
    live
}

/// Reads the rules of a bus that do not have the blueprint's prefix: the list that has its own has
/// them, too.
fn others_among(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    all: &BTreeMap<String, StoredRule>,
    listed: &Observed<SmallMap<String, LiveRule>>,
) -> Observed<BTreeMap<String, LiveRule>> {
    match listed {
        Observed::Known(_) => {}
        Observed::Absent => return Observed::Absent,
        Observed::Unreadable(why) => return Observed::Unreadable(why.clone()),
    }
    let theirs = all.iter().filter(|(name, _)| !name.starts_with(&reads.rule_prefix));
    let live = theirs.map(|(name, stored)| {
        let targets = match stored.rule.state {
            RuleState::Disabled => Observed::Absent,
            _ => read(reader, "events:ListTargetsByRule", |_| {
                Observed::Known(given_back::targets(&stored.targets))
            }),
        };
        let (rule, tags) = (stored.rule.clone().into(), Observed::Absent);
        (name.clone(), LiveRule { rule, targets, tags })
    });
    Observed::Known(live.collect())
}

/// Reads which key encrypts the default bus, where rules are read.
pub fn default_bus_key(reader: &mut Reader<'_>, reads: &ReadSet) -> Observed<String> {
    if reads.rule_prefix.is_empty() {
        return Observed::Absent;
    }
    read(reader, "events:DescribeEventBus", |reader| {
        let key = reader.state.region(reader.place).default_bus_key.clone();
        key.map_or(Observed::Absent, Observed::Known)
    })
}

/// The keys that buses name.
pub fn keys(
    buses: &BTreeMap<String, Observed<LiveBus>>,
    default: &Observed<String>,
) -> BTreeSet<String> {
    let custom = buses.values().filter_map(|live| live.known()?.bus.kms_key.clone());
    custom.chain(default.known().cloned()).collect()
}

#[cfg(test)]
mod tests;
