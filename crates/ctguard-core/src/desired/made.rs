//! The names that a blueprint makes, for when the search by tag cannot be relied on.
//!
//! The search answers from an index that is some minutes behind the services, so an object that was
//! just made is not in it. What carries a name of the blueprint's is therefore looked up by name,
//! and its tags are read from its own service. Only what an earlier version of the blueprint made
//! under another name, and that nothing refers to any more, is found by the search alone.

use super::compile::as_far_as_possible;
use super::{Desired, Scope};
use crate::blueprint::Blueprint;
use crate::mail::topic_of;
use crate::resource::machine::{machine_arn, machine_name};
use crate::resource::rule::bus_of;
use crate::resource::{Tags, owned_by};
use crate::scope::{AccountId, Arn, Place};
use crate::snapshot::{
    AccountReads, AccountSnapshot, Live, LiveRule, LiveSubscription, LiveTopic, Observed,
    PlaceSnapshot, ReadSet,
};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// The names to look up in one place. Rules are listed by the beginning of their names, and roles
/// and buckets are always read by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    pub topics: BTreeSet<String>,
    pub queues: BTreeSet<String>,
    pub machines: BTreeSet<String>,
    /// The hub may have been in any place.
    pub bus: String,
    /// At home there.
    pub trail: Option<String>,
}

/// The names that a blueprint makes in each place of a scope. A blueprint that does not compile
/// there makes those that it made while it did.
pub fn made(blueprint: &Blueprint, scope: &Scope, as_of: Date) -> BTreeMap<Place, Made> {
    let desired = as_far_as_possible(blueprint, scope, as_of);
    let names = &desired.names;
    let here = desired.places.iter().map(|(place, here)| {
        let made = Made {
            topics: here.topics.keys().cloned().collect(),
            queues: BTreeSet::from([names.targets_queue(), names.subscriptions_queue()]),
            machines: here.machines.keys().cloned().collect(),
            bus: names.bus(),
            trail: here.trail.as_ref().map(|trail| trail.name.clone()),
        };
        (place.clone(), made)
    });
    here.collect()
}

/// What the blueprint's own objects refer to by a name of the blueprint's and was not read: topics,
/// queues and buses that the blueprint no longer needs, and that the search by tag misses while it
/// lags.
pub fn referred(desired: &Desired, live: &Live) -> BTreeMap<Place, ReadSet> {
    let mut found = Referred { desired, live, reads: BTreeMap::new() };
    for (place, _) in desired.own_places() {
        if let Some(seen) = live.places.get(place) {
            found.place(place, seen);
        }
    }
    found.reads
}

/// Accounts whose role for state machines was not read and may be there: their forwarding role may
/// still start such a machine, or one of the blueprint's is still there.
///
/// No search finds a role, and where the blueprint has no mail (any more) nothing is asked of it.
pub fn machine_roles(desired: &Desired, live: &Live) -> BTreeMap<AccountId, AccountReads> {
    let role = desired.names.role();
    let own: BTreeSet<&AccountId> = desired.own_places().map(|(place, _)| &place.account).collect();
    let in_doubt = |account: &AccountId, seen: &AccountSnapshot, machine: &str| {
        let starts = || {
            let role = seen.roles.get(&role).and_then(Observed::known);
            role.is_some_and(|role| role.role.policies.contains_key(machine))
        };
        let remains = || {
            let places = live.places.iter().filter(|(place, _)| place.account == *account);
            let mut machines = places.flat_map(|(_, seen)| seen.machines.iter());
            machines.any(|(arn, seen)| {
                machine_name(arn) == Some(machine)
                    && seen.known().is_none_or(|seen| owned(&seen.tags, &desired.name))
            })
        };
        own.contains(account) && !seen.roles.contains_key(machine) && (starts() || remains())
    };
    let mut found = BTreeMap::new();
    for (account, seen) in &live.accounts {
        let machines = desired.names.machines();
        let roles: BTreeSet<String> =
            machines.into_iter().filter(|name| in_doubt(account, seen, name)).collect();
        if !roles.is_empty() {
            found.insert(account.clone(), AccountReads { roles, ..AccountReads::default() });
        }
    }
    found
}

fn owned(tags: &Observed<Tags>, blueprint: &str) -> bool {
    tags.known().is_some_and(|tags| owned_by(tags, blueprint))
}

/// Adds what a second reading has found to the first.
pub fn join(first: &mut PlaceSnapshot, more: PlaceSnapshot, asked: &ReadSet) {
    for (arn, topic) in more.topics.into_iter().filter(|(arn, _)| asked.topics.contains(arn)) {
        if !first.topics.contains_key(&arn) {
            first.topics.insert(arn, topic);
        }
    }
    for (arn, queue) in more.queues.into_iter().filter(|(arn, _)| asked.queues.contains(arn)) {
        if !first.queues.contains_key(&arn) {
            first.queues.insert(arn, queue);
        }
    }
    let machines = more.machines.into_iter().filter(|(arn, _)| asked.machines.contains(arn));
    for (arn, machine) in machines {
        first.machines.entry(arn).or_insert(machine);
    }
    for (name, bus) in more.buses.into_iter().filter(|(name, _)| asked.buses.contains(name)) {
        first.buses.entry(name).or_insert(bus);
    }
    for (key, seen) in more.keys {
        first.keys.entry(key).or_insert(seen);
    }
}

struct Referred<'a> {
    desired: &'a Desired,
    live: &'a Live,
    reads: BTreeMap<Place, ReadSet>,
}

impl Referred<'_> {
    fn place(&mut self, place: &Place, seen: &PlaceSnapshot) {
        let on_buses = seen.buses.values().filter_map(|bus| bus.known()?.rules.known());
        let rules = seen.rules.known().into_iter().chain(on_buses).flat_map(|rules| rules.values());
        for rule in rules {
            self.rule(place, rule);
        }
        for topic in seen.topics.values().filter_map(Observed::known) {
            self.topic(place, topic);
        }
    }

    fn rule(&mut self, place: &Place, rule: &LiveRule) {
        if !self.is_ours(&rule.tags) {
            return;
        }
        for target in rule.targets.known().into_iter().flat_map(|targets| targets.values()) {
            if let Some((there, bus)) = bus_of(target) {
                self.bus(&there, bus);
            } else if let Some(name) = machine_name(&target.arn) {
                self.machine(place, &target.arn, name);
                let topic = topic_of(&target.input);
                if let Some(topic) = topic.filter(|topic| self.is_named(place, "sns", topic)) {
                    self.add_topic(place, &topic);
                }
            } else if self.is_named(place, "sns", &target.arn) {
                self.add_topic(place, &target.arn);
            }
            if let Some(queue) = &target.dead_letter_arn {
                self.queue(place, queue);
            }
        }
    }

    fn topic(&mut self, place: &Place, topic: &LiveTopic) {
        if !self.is_ours(&topic.tags) {
            return;
        }
        for subscription in topic.subscriptions.known().into_iter().flat_map(|all| all.values()) {
            if let LiveSubscription::Confirmed { attributes: Observed::Known(known), .. } =
                subscription
                && let Some(queue) = &known.dead_letter_arn
            {
                self.queue(place, queue);
            }
        }
    }

    /// A topic that is not read may have subscribers whose queue is not read, either.
    fn add_topic(&mut self, place: &Place, arn: &str) {
        if self.seen(place).is_none_or(|seen| seen.topics.contains_key(arn)) {
            return;
        }
        self.asked(place).topics.insert(arn.to_owned());
        let queue = place.arn("sqs", &self.desired.names.subscriptions_queue());
        self.queue(place, &queue);
    }

    fn queue(&mut self, place: &Place, arn: &str) {
        let read = self.seen(place).is_none_or(|seen| seen.queues.contains_key(arn));
        if !read && self.is_named(place, "sqs", arn) {
            self.asked(place).queues.insert(arn.to_owned());
        }
    }

    fn machine(&mut self, place: &Place, arn: &str, name: &str) {
        let read = self.seen(place).is_none_or(|seen| seen.machines.contains_key(arn));
        let ours =
            name.starts_with(self.desired.names.prefix()) && *arn == machine_arn(place, name);
        if !read && ours {
            self.asked(place).machines.insert(arn.to_owned());
        }
    }

    fn bus(&mut self, place: &Place, name: &str) {
        let read = self.seen(place).is_none_or(|seen| seen.buses.contains_key(name));
        if !read && name == self.desired.names.bus() {
            self.asked(place).buses.insert(name.to_owned());
        }
    }

    /// What was read of a place that may be changed.
    fn seen(&self, place: &Place) -> Option<&PlaceSnapshot> {
        let own = self.desired.places.contains_key(place) && !self.desired.context.contains(place);
        self.live.places.get(place).filter(|_| own)
    }

    fn asked(&mut self, place: &Place) -> &mut ReadSet {
        let desired = self.desired;
        // The rules are asked for as the first time, so that a recording of both is no less.
        self.reads.entry(place.clone()).or_insert_with(|| {
            let ReadSet { blueprint, rule_prefix, rules, .. } = desired.reads(place);
            ReadSet { blueprint, rule_prefix, rules, ..ReadSet::default() }
        })
    }

    fn is_ours(&self, tags: &Observed<Tags>) -> bool {
        tags.known().is_some_and(|tags| owned_by(tags, &self.desired.name))
    }

    /// Whether an ARN is one of this place and has a name of the blueprint's.
    fn is_named(&self, place: &Place, service: &str, arn: &str) -> bool {
        Arn::parse(arn).is_some_and(|arn| {
            arn.service == service
                && arn.account == place.account.as_str()
                && arn.region == place.region.as_str()
                && arn.resource.starts_with(self.desired.names.prefix())
        })
    }
}
