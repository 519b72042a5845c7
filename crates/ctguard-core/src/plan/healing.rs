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

/// Leaves out what would heal the trails that are refused. What is there already stays: a trail that
/// lost its tag is still healed.
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
        if !is_refused || !wanted || is_there(live, place, &machine) {
            continue;
        }
        let rules = rules_to(here, &machine_arn(place, &machine));
        out.changes.retain(|change| {
            change.action != Verb::Create || !heals(change, place, &machine, &rules)
        });
        out.refusals.extend(rules.iter().map(|rule| Refusal {
            address: Address::of_rule(place, rule),
            reason: "it would put back a trail that is not the blueprint's".to_owned(),
            help: "Mend first what the trail is refused for.".to_owned(),
        }));
    }
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
