//! Who still sends through a topic, a queue, a bus or a role: none of them is removed before its
//! referrers, or while these are unknown.

use super::{Change, Plan, Verb, Waiting, WaitingFor};
use crate::desired::{Desired, DesiredRole};
use crate::mail::topic_of;
use crate::resource::keys::{RoleKey, RuleKey, SubscriptionKey};
use crate::resource::machine::{machine_arn, machine_name};
use crate::resource::rule::Target;
use crate::resource::{Address, Kind};
use crate::scope::{AccountId, Arn, Place};
use crate::snapshot::Live;
use crate::snapshot::{LiveSubscription, Observed, PlaceSnapshot};
use std::collections::BTreeSet;

/// Makes removals depend on the removals of their referrers. A removal whose referrers stay or are
/// unknown moves to what waits.
pub(super) fn settle(desired: &Desired, live: &Live, plan: &mut Plan) {
    // A bus or state machine whose removal waits keeps the role that sends to it, or that it has, so
    // the order of kinds matters.
    for kind in [Kind::Topic, Kind::Bus, Kind::Machine, Kind::Role, Kind::Queue] {
        let moving: BTreeSet<Address> =
            plan.changes.iter().map(|change| change.address.clone()).collect();
        let (removals, mut changes): (Vec<Change>, Vec<Change>) = std::mem::take(&mut plan.changes)
            .into_iter()
            .partition(|change| change.action == Verb::Delete && change.address.kind == kind);
        for mut change in removals {
            match needs(desired, live, &change, &moving) {
                Ok(needs) => {
                    change.needs.extend(needs);
                    changes.push(change);
                }
                Err(why) => plan.waiting.push(Waiting {
                    message: format!(
                        "The {kind} stays until nothing sends to it or through it: {why}."
                    ),
                    address: change.address,
                    what: WaitingFor::Removal,
                }),
            }
        }
        plan.changes = changes;
    }
    super::order::sort(&mut plan.changes);
    plan.waiting.sort();
}

/// What must be removed before this topic or queue, or why it stays.
fn needs(
    desired: &Desired,
    live: &Live,
    change: &Change,
    moving: &BTreeSet<Address>,
) -> Result<BTreeSet<Address>, String> {
    let place = &change.place;
    let Some(seen) = live.places.get(place) else {
        return Err("the place was not read".to_owned());
    };
    let name = &change.address.name;
    let found = match change.address.kind {
        Kind::Bus if desired.narrowed => {
            return Err("not every place that may send to it is looked at".to_owned());
        }
        Kind::Bus => {
            let arn = place.arn("events", &format!("event-bus/{name}"));
            let mut found = senders(live, None, |_, target| target.arn == arn)?;
            found.extend(rules_on(seen, place, name)?);
            found
        }
        Kind::Machine => {
            let arn = machine_arn(place, name);
            senders(live, Some(&place.account), |_, target| target.arn == arn)?
        }
        Kind::Role
            if desired
                .names
                .machines()
                .iter()
                .any(|machine| RoleKey::of(name).role == *machine) =>
        {
            of_machine_role(desired, live, place, name)?
        }
        Kind::Role => {
            let RoleKey { role, policy } = RoleKey::of(name);
            let arn =
                format!("arn:{}:iam::{}:role/{role}", place.region.partition(), place.account);
            // One of its policies serves targets other than those that it is to send to.
            let wanted = desired.roles.get(&place.account).filter(|_| policy.is_some());
            let kept = wanted.map(DesiredRole::sends_to).unwrap_or_default();
            senders(live, Some(&place.account), |_, target| {
                target.role_arn.as_ref() == Some(&arn) && !kept.contains(target.arn.as_str())
            })?
        }
        Kind::Topic => {
            let arn = place.arn("sns", name);
            let mail = desired.names.mails_to(name);
            referrers(seen, place, &arn, |id, target| {
                sends(target, &arn)
                    || machine_name(&target.arn).is_some()
                        && (id == mail || topic_of(&target.input).is_some_and(|to| to == arn))
            })?
        }
        _ => {
            let arn = place.arn("sqs", name);
            let mut found = referrers(seen, place, &arn, |_, target| sends(target, &arn))?;
            if *name == desired.names.targets_queue() {
                found.extend(machines(desired, seen, place)?);
            }
            found
        }
    };
    let mut needs = BTreeSet::new();
    for referrer in found {
        let gone: BTreeSet<Address> =
            referrer.ways_to_go.into_iter().filter(|address| moving.contains(address)).collect();
        if gone.is_empty() {
            return Err(format!("{} still sends to it", referrer.named));
        }
        needs.extend(gone);
    }
    Ok(needs)
}

/// Whether a target sends to a topic or queue, or leaves there what is refused.
fn sends(target: &Target, arn: &str) -> bool {
    target.arn == arn || target.dead_letter_arn.as_deref() == Some(arn)
}

/// What still needs the role of state machines, or one of its policies: the machines of the
/// account, or the targets whose mail the policy lets be published.
fn of_machine_role(
    desired: &Desired,
    live: &Live,
    place: &Place,
    name: &str,
) -> Result<Vec<Referrer>, String> {
    let RoleKey { role, policy } = RoleKey::of(name);
    if let Some(policy) = policy {
        let is_such =
            |id: &str, target: &Target| id == policy && machine_name(&target.arn).is_some();
        return senders(live, Some(&place.account), is_such);
    }
    let mut found = Vec::new();
    for (place, seen) in live.places.iter().filter(|(at, _)| at.account == place.account) {
        let all = machines(desired, seen, place).map_err(|why| format!("{why} of {place}"))?;
        // A machine has the role of its own name.
        let of_role = |one: &Referrer| one.ways_to_go.iter().any(|address| address.name == role);
        found.extend(all.into_iter().filter(of_role));
    }
    Ok(found)
}

/// The state machines of the blueprint's in a place.
fn machines(
    desired: &Desired,
    seen: &PlaceSnapshot,
    place: &Place,
) -> Result<Vec<Referrer>, String> {
    let mut found = Vec::new();
    for (arn, machine) in &seen.machines {
        let Some(name) = machine_name(arn) else { continue };
        if !name.starts_with(desired.names.prefix()) {
            continue;
        }
        match machine {
            Observed::Known(machine) if machine.is_active() => found.push(Referrer {
                named: format!("state machine {name}"),
                ways_to_go: vec![Address::new(place, Kind::Machine, name)],
            }),
            Observed::Known(_) | Observed::Absent => {}
            Observed::Unreadable(_) => {
                return Err("the state machines could not be read".to_owned());
            }
        }
    }
    Ok(found)
}

struct Referrer {
    named: String,
    /// Any of these changes ends the reference.
    ways_to_go: Vec<Address>,
}

/// The rules, of one account or of all, that have such a target.
fn senders(
    live: &Live,
    account: Option<&AccountId>,
    is_such: impl Fn(&str, &Target) -> bool,
) -> Result<Vec<Referrer>, String> {
    let mut found = Vec::new();
    let places = live.places.iter();
    for (place, seen) in places.filter(|(place, _)| account.is_none_or(|a| place.account == *a)) {
        of_rules(seen, place, &is_such, &mut found).map_err(|why| format!("{why} of {place}"))?;
    }
    Ok(found)
}

/// The rules of a bus: AWS deletes none that has any.
fn rules_on(seen: &PlaceSnapshot, place: &Place, bus: &str) -> Result<Vec<Referrer>, String> {
    match seen.rules_of(Some(bus)) {
        Observed::Unreadable(_) => Err(format!("the rules of bus {bus} could not be read")),
        Observed::Absent => Ok(Vec::new()),
        Observed::Known(rules) => Ok(rules
            .keys()
            .map(|name| {
                let key = RuleKey::on(Some(bus), name);
                let way = Address::of_rule(place, &key);
                Referrer { named: format!("rule {key}"), ways_to_go: vec![way] }
            })
            .collect()),
    }
}

/// Adds the rules of a place, on whatever bus, that have such a target.
fn of_rules(
    seen: &PlaceSnapshot,
    place: &Place,
    is_such: impl Fn(&str, &Target) -> bool,
    found: &mut Vec<Referrer>,
) -> Result<(), String> {
    let unread = |what: &str| Err(format!("{what} could not be read"));
    for bus in std::iter::once(None).chain(seen.buses.keys().map(|bus| Some(bus.as_str()))) {
        let rules = seen.rules_of(bus);
        if rules.unreadable().is_some() {
            return unread("the rules");
        }
        for (name, rule) in rules.known().into_iter().copied().flatten() {
            let key = RuleKey::on(bus, name);
            if rule.targets.unreadable().is_some() {
                return unread(&format!("the targets of rule {key}"));
            }
            let targets = rule.targets.known().into_iter().flatten();
            for (id, _) in targets.filter(|(id, target)| is_such(id, target)) {
                let target = Address::of_target(place, key.target(id));
                found.push(Referrer { named: format!("rule {key}"), ways_to_go: vec![target] });
            }
        }
    }
    Ok(())
}

fn referrers(
    seen: &PlaceSnapshot,
    place: &Place,
    arn: &str,
    sends: impl Fn(&str, &Target) -> bool,
) -> Result<Vec<Referrer>, String> {
    let unread = |what: &str| Err(format!("{what} could not be read"));
    let mut found = Vec::new();
    of_rules(seen, place, sends, &mut found)?;
    for (topic_arn, topic) in &seen.topics {
        let Some(name) = Arn::parse(topic_arn).map(|arn| arn.resource) else { continue };
        let topic = match topic {
            Observed::Known(topic) => topic,
            Observed::Absent => continue,
            // A topic sends to queues only.
            Observed::Unreadable(_) if arn.contains(":sns:") => continue,
            Observed::Unreadable(_) => return unread(&format!("topic {name}")),
        };
        let of_topics = arn.contains(":sns:");
        if topic.subscriptions.unreadable().is_some() && !of_topics {
            return unread(&format!("the subscriptions of topic {name}"));
        }
        for (endpoint, subscription) in topic.subscriptions.known().into_iter().flatten() {
            let LiveSubscription::Confirmed { attributes, .. } = subscription else { continue };
            if attributes.unreadable().is_some() && !of_topics {
                return unread(&format!("subscription {}", SubscriptionKey::new(name, endpoint)));
            }
            let Some(now) = attributes.known() else { continue };
            if now.dead_letter_arn.as_deref() == Some(arn) {
                let key = SubscriptionKey::new(name, endpoint);
                found.push(Referrer {
                    named: format!("subscription {key}"),
                    ways_to_go: vec![
                        Address::of_subscription(place, key),
                        Address::new(place, Kind::Topic, name),
                    ],
                });
            }
        }
    }
    Ok(found)
}
