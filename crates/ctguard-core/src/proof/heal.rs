//! Is what is put back the blueprint's, and may the role of the state machine put it back?
//!
//! Another trail may record the call that starts healing. Healing acts on the blueprint's own
//! trail alone: where that is missing nothing is put back, and one of somebody else's is not
//! ctguard's to change.

use super::{FixedBy, Link, LinkCode, LinkObject, Status, role};
use crate::desired::{Desired, MachinePath};
use crate::heal::{MACHINE_CALLS, RULE_CALLS, RULES_MACHINE_CALLS, TRAIL_CALLS};
use crate::resource::rule::Target;
use crate::scope::Place;
use crate::snapshot::{Live, Observed};
use std::collections::BTreeSet;

/// Judges what a state machine that heals needs beside its topic; nothing of any other.
pub fn judge(desired: &Desired, live: &Live, at: &Place, machine: &MachinePath) -> Vec<Link> {
    if machine.name == desired.names.heal() {
        let own = own_trail(desired, live, at).into_iter();
        own.chain(calls(desired, live, at, machine, &on_trail(desired, at))).collect()
    } else if machine.name == desired.names.heal_rules() {
        calls(desired, live, at, machine, &on_rules(desired, live, at))
    } else {
        Vec::new()
    }
}

/// What the machine does to the trail.
fn on_trail(desired: &Desired, at: &Place) -> Vec<(&'static str, String)> {
    let trail = desired.places.get(at).and_then(|here| here.trail.as_ref());
    let arn = |name: &String| at.arn("cloudtrail", &format!("trail/{name}"));
    let trail = trail.map(|trail| arn(&trail.name));
    trail.iter().flat_map(|arn| TRAIL_CALLS.map(|call| (call, arn.clone()))).collect()
}

/// What the machine does to each rule, and the roles that it hands on with their targets.
///
/// A role that is as compiled allows the same on every rule of a bus: there one stands for all.
fn on_rules(desired: &Desired, live: &Live, at: &Place) -> Vec<(&'static str, String)> {
    let Some(here) = desired.places.get(at) else { return Vec::new() };
    let mut buses: BTreeSet<Option<&str>> = BTreeSet::new();
    let as_compiled = is_as_compiled(desired, live, at);
    let keys = here.rules.keys().filter(|key| !as_compiled || buses.insert(key.bus()));
    let arns = keys.map(|key| at.arn("events", &format!("rule/{key}")));
    let of_rules = arns.flat_map(|arn| RULE_CALLS.map(|call| (call, arn.clone())));
    let targets = here.rules.iter().flat_map(|(_, rule)| rule.targets.values());
    let roles: BTreeSet<String> =
        targets.filter_map(|target: &Target| target.role_arn.clone()).collect();
    of_rules.chain(roles.into_iter().map(|role| ("iam:PassRole", role))).collect()
}

/// Whether nothing but the compiled policies says what the role may do.
fn is_as_compiled(desired: &Desired, live: &Live, at: &Place) -> bool {
    let wanted = desired.role_of_machine(&desired.names.heal_rules(), &at.account);
    let seen = live.accounts.get(&at.account);
    let (Some(wanted), Some(seen)) = (wanted, seen) else { return false };
    let Some(Observed::Known(role)) = seen.roles.get(&wanted.name) else { return false };
    role.role.policies == wanted.policies
        && role.role.permissions_boundary.is_none()
        && role.attached.known().is_some_and(|attached| attached.is_empty())
}

/// Why the role of a state machine that heals may not make one of its calls.
fn calls(
    desired: &Desired,
    live: &Live,
    at: &Place,
    machine: &MachinePath,
    on: &[(&'static str, String)],
) -> Vec<Link> {
    let of_itself: &[&'static str] = match machine.name == desired.names.heal() {
        true => &MACHINE_CALLS,
        false => &RULES_MACHINE_CALLS,
    };
    let of_itself = of_itself.iter().map(|call| (*call, machine.arn.as_str()));
    let all = on.iter().map(|(call, resource)| (*call, resource.as_str())).chain(of_itself);
    let mut found: Vec<Link> = Vec::new();
    for (call, resource) in all {
        let used = role::RoleUse::to_heal(machine, call, resource);
        for link in role::judge(desired, live, at, "", used) {
            if link.status != Status::Proven && !found.contains(&link) {
                found.push(link);
            }
        }
    }
    found
}

/// Judges the trail at its home; `None` where the blueprint keeps none.
fn own_trail(desired: &Desired, live: &Live, home: &Place) -> Option<Link> {
    let kept = desired.places.get(home)?.trail.as_ref()?;
    let arn = home.arn("cloudtrail", &format!("trail/{}", kept.name));
    let object = LinkObject::Trail(arn.clone());
    let code = LinkCode::TrailMissing;
    let trail = match live.places.get(home).map(|seen| &seen.trails) {
        Some(Observed::Known(trails)) => trails.get(&arn),
        Some(Observed::Unreadable(why)) => return Some(Link::unreadable(code, home, object, why)),
        Some(Observed::Absent) | None => None,
    };
    let Some(trail) = trail else {
        let cause = "the trail that healing puts back does not exist";
        return Some(Link::broken(code, home, object, cause, FixedBy::Apply));
    };
    Some(match &trail.tags {
        Observed::Unreadable(why) => Link::unreadable(code, home, object, why),
        tags if tags.name_owner(&desired.name) => {
            Link::proven(code, home, object, "it is the trail that healing puts back")
        }
        _ => {
            let cause = "it does not carry this blueprint's tag: healing would change a trail of somebody else's";
            let fix = "If it is this blueprint's and only lost its tag, or is to be, `ctguard apply --adopt` takes it over. Else give the blueprint's trail another name, or leave `heal:` out.";
            Link::broken(code, home, object, cause, FixedBy::Person).with_fix(fix)
        }
    })
}
