//! What puts a trail back is made only where the trail is the blueprint's: on one that is refused it
//! would change what is somebody else's.

use super::draft::Collected;
use super::{Change, Refusal, Verb};
use crate::desired::{Desired, DesiredPlace};
use crate::resource::keys::{RoleKey, RuleKey};
use crate::resource::machine::machine_arn;
use crate::resource::{Address, Kind};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{Live, Observed};
use std::collections::BTreeSet;

/// Leaves out what would heal the trails that are refused. What is there already goes on: a trail that
/// lost its tag is still healed, and where the refused trail is a new one, as by another name, what
/// heals the old one stays as it is.
pub(super) fn leave_out(
    out: &mut Collected,
    desired: &Desired,
    live: &Live,
    refused: &BTreeSet<(AccountId, Region)>,
) {
    let machine = desired.names.heal();
    for (place, here) in desired.own_places() {
        let is_refused = refused.contains(&(place.account.clone(), place.region.clone()));
        let wanted = here.machines.contains_key(&machine);
        let is_there = is_there(live, place, &machine);
        if !is_refused || !wanted || is_there && !trail_is_missing(live, place, here) {
            continue;
        }
        let rules = rules_to(here, &machine_arn(place, &machine));
        let before = out.changes.len();
        out.changes.retain(|change| {
            let kept = !is_there && change.action != Verb::Create;
            kept || !heals(change, place, &machine, &rules)
        });
        if is_there && out.changes.len() == before {
            continue;
        }
        if is_there {
            keep_what_heals_rules(out, place, &desired.names.heal_rules());
        }
        out.refusals.extend(rules.iter().map(|rule| {
            Refusal {
                address: Address::of_rule(place, rule),
                reason: match is_there {
                    true => "it puts back the trail that is there, and stays as it is",
                    false => "it would put back a trail that is not the blueprint's",
                }
                .to_owned(),
                help: "Mend first what the trail is refused for.".to_owned(),
            }
        }));
    }
}

/// What heals rules knows the rule that heals the trail, too: with nothing else to change of rules it
/// stays as it is. Else it has to know the others first.
fn keep_what_heals_rules(out: &mut Collected, place: &Place, machine: &str) {
    let here = |change: &Change| {
        change.place.account == place.account && change.place.region == place.region
    };
    let is_of_rule = |change: &Change| matches!(change.address.kind, Kind::Rule | Kind::Target);
    if !out.changes.iter().any(|change| here(change) && is_of_rule(change)) {
        out.changes.retain(|change| {
            !(here(change)
                && change.address.kind == Kind::Machine
                && change.address.name == machine)
        });
    }
}

/// Whether the trail of the blueprint is known not to be there.
fn trail_is_missing(live: &Live, place: &Place, here: &DesiredPlace) -> bool {
    let Some(wanted) = &here.trail else { return false };
    let seen = live.places.get(place).and_then(|seen| seen.trails.known());
    let arn = place.arn("cloudtrail", &format!("trail/{}", wanted.name));
    seen.is_some_and(|trails| !trails.contains_key(&arn))
}

fn is_there(live: &Live, place: &Place, machine: &str) -> bool {
    let seen = live.places.get(place);
    let seen = seen.and_then(|seen| seen.machines.get(&machine_arn(place, machine)));
    !matches!(seen, Some(Observed::Absent) | None)
}

/// The rules with a target that starts the state machine.
fn rules_to(here: &DesiredPlace, machine: &str) -> BTreeSet<RuleKey> {
    let rules = here.rules.iter();
    let to = rules.filter(|(_, rule)| rule.targets.values().any(|target| target.arn == machine));
    to.map(|(key, _)| key.clone()).collect()
}

/// Whether a change is about the rules, the state machine or its role.
fn heals(change: &Change, place: &Place, machine: &str, rules: &BTreeSet<RuleKey>) -> bool {
    let address = &change.address;
    let here = change.place.account == place.account && change.place.region == place.region;
    match address.kind {
        Kind::Role => {
            change.place.account == place.account && RoleKey::of(&address.name).role == machine
        }
        Kind::Machine => here && address.name == machine,
        Kind::Rule | Kind::Target => {
            here && address.rule().is_some_and(|rule| rules.contains(&rule))
        }
        _ => false,
    }
}
