//! What a snapshot file says when it is asked for something: the same as the live place would have
//! said then, or plainly that nobody looked.
//!
//! The file was made for one blueprint, and may be asked for another version of it, or for another
//! one. What was not asked for then is unreadable now, never absent: a topic that the blueprint
//! named only later may well have existed. What was asked for then and is not asked for now is left
//! out, as the live place would not have been asked for it either, unless it carries the
//! blueprint's tag.

use super::file::{AccountRecord, OrganizationRecord, PlaceRecord};
use super::{
    AccountSnapshot, LiveBus, LiveFunction, LiveKey, LiveMachine, LiveQueue, LiveRule, LiveTopic,
    LiveTrail, Observed, Organization, PlaceSnapshot, RuleSignals, Unreadable,
};
use crate::resource::Tags;
use crate::resource::keys::RuleKey;
use crate::resource::machine::machine_arn;
use crate::resource::small_map::SmallMap;
use crate::scope::{AccountId, Arn, Place};
use crate::snapshot::{AccountReads, OrganizationReads, ReadSet};
use std::collections::{BTreeMap, BTreeSet};

const NO_ACCOUNT: &str = "the snapshot does not hold this account";
const NO_PLACE: &str = "the snapshot does not hold this place";
const NOT_ASKED: &str = "it was not read when the snapshot was taken";
const NOT_RUN: &str = "the machine's metrics were not read when the snapshot was taken";
const NOT_COUNTED: &str = "the rule's metrics were not read when the snapshot was taken";

/// What was seen of the organization, when it was asked the same.
pub fn organization(
    record: Option<&OrganizationRecord>,
    reads: &OrganizationReads,
) -> Observed<Organization> {
    match record {
        Some(record) if record.reads == *reads => record.seen.clone(),
        _ => Observed::not_recorded(
            "the snapshot was taken without these accounts of the organization",
        ),
    }
}

/// What was seen of an account, as far as these reads ask.
pub fn account(
    record: Option<&AccountRecord>,
    account: &AccountId,
    reads: &AccountReads,
) -> AccountSnapshot {
    let why = if record.is_some() { NOT_ASKED } else { NO_ACCOUNT };
    let enabled_regions = match record {
        _ if !reads.enabled_regions => Observed::Absent,
        Some(record) if record.reads.enabled_regions => record.seen.enabled_regions.clone(),
        _ => Observed::not_recorded(why),
    };
    let bucket = |name: &str| record.and_then(|record| record.seen.buckets.get(name)).cloned();
    let buckets = reads.buckets.iter().map(|(name, _)| {
        (name.clone(), bucket(name).unwrap_or_else(|| Observed::not_recorded(why)))
    });
    let role = |name: &str| record.and_then(|record| record.seen.roles.get(name)).cloned();
    let roles = reads
        .roles
        .iter()
        .map(|name| (name.clone(), role(name).unwrap_or_else(|| Observed::not_recorded(why))));
    AccountSnapshot {
        account: account.clone(),
        enabled_regions,
        buckets: buckets.collect(),
        roles: roles.collect(),
    }
}

/// What was seen of a place, as far as these reads ask.
pub fn place(record: Option<&PlaceRecord>, place: &Place, reads: &ReadSet) -> PlaceSnapshot {
    let Some(record) = record else { return nowhere(place, reads) };
    let question = ReadComparison { place, reads, then: &record.reads };
    // Every part is named here, so that a new one cannot be forgotten.
    let PlaceSnapshot {
        place: _,
        rules,
        other_rules,
        buses,
        default_bus_key,
        rules_on_bus,
        wildcard_rules_on_bus,
        stray_rules,
        topics,
        queues,
        functions,
        machines,
        trails,
        keys,
        signals,
        executions,
    } = &record.seen;
    let default_bus_key = match () {
        () if reads.rule_prefix.is_empty() => Observed::Absent,
        () if !record.reads.rule_prefix.is_empty() => default_bus_key.clone(),
        () => Observed::not_recorded(NOT_ASKED),
    };
    let rules = match () {
        () if reads.every_rule && record.reads.every_rule => rules.clone(),
        () if reads.every_rule || record.reads.every_rule => Observed::not_recorded(NOT_ASKED),
        () if reads.rule_prefix.is_empty() => Observed::Known(SmallMap::new()),
        () if reads.rule_prefix == record.reads.rule_prefix => rules.clone(),
        () => Observed::not_recorded(NOT_ASKED),
    };
    // Looked for only when a rule is missing, and decides nothing by itself.
    let complete =
        rules.known().is_none_or(|rules| reads.rules.iter().all(|name| rules.contains_key(name)));
    let (rules_on_bus, wildcard_rules_on_bus, stray_rules) = if complete {
        Default::default()
    } else {
        (*rules_on_bus, *wildcard_rules_on_bus, stray_rules.clone())
    };
    let topics = question.named_and_tagged("sns", &reads.topics, topics, |topic| &topic.tags);
    let queues = question.named_and_tagged("sqs", &reads.queues, queues, |queue| &queue.tags);
    let of_topics = topics.values().filter_map(|topic| topic.known()?.topic.kms_key.as_ref());
    let of_queues: Vec<String> =
        queues.values().filter_map(|queue| queue.known()?.queue.get().kms_key).collect();
    let answered = question.buses(buses);
    let of_buses = answered.values().filter_map(|bus| bus.known()?.bus.kms_key.as_ref());
    let of_buses = of_buses.chain(default_bus_key.known());
    let of_trails = trails.known().into_iter().flatten().filter_map(|(_, live)| live.key_at(place));
    let wanted: BTreeSet<&String> =
        of_topics.chain(&of_queues).chain(of_buses).chain(of_trails).collect();
    let named = reads.keys.iter().map(|key| (key.clone(), or_not_asked(keys.get(key))));
    let keys = keys.iter().filter(|(key, _)| wanted.contains(key));
    let keys = named.chain(keys.map(|(key, seen)| (key.clone(), seen.clone()))).collect();
    PlaceSnapshot {
        place: place.clone(),
        rules,
        other_rules: named_rules(&reads.other_rules, other_rules, NOT_ASKED),
        buses: answered,
        default_bus_key,
        rules_on_bus,
        wildcard_rules_on_bus,
        stray_rules,
        keys,
        topics,
        queues,
        functions: reads
            .functions
            .iter()
            .map(|arn| (arn.clone(), or_not_asked(functions.get(arn))))
            .collect(),
        machines: question.machines(machines),
        trails: question.trails(trails),
        signals: counted(&reads.signals, signals, NOT_COUNTED),
        executions: reads
            .executions
            .iter()
            .map(|arn| (arn.clone(), executions.get(arn).cloned()))
            .map(|(arn, seen)| (arn, seen.unwrap_or_else(|| Observed::not_recorded(NOT_RUN))))
            .collect(),
    }
}

/// Something that is named, as it was seen, or not known when nobody asked.
fn or_not_asked<T: Clone>(seen: Option<&Observed<T>>) -> Observed<T> {
    seen.cloned().unwrap_or_else(|| Observed::not_recorded(NOT_ASKED))
}

/// The rules of others that are asked for now.
fn named_rules(
    wanted: &BTreeSet<String>,
    seen: &BTreeMap<String, Observed<LiveRule>>,
    why: &str,
) -> BTreeMap<String, Observed<LiveRule>> {
    let found = |name: &String| {
        let seen = seen.get(name).cloned();
        (name.clone(), seen.unwrap_or_else(|| Observed::not_recorded(why)))
    };
    wanted.iter().map(found).collect()
}

/// What was counted of the rules that are asked for now.
fn counted(
    wanted: &BTreeSet<RuleKey>,
    seen: &SmallMap<RuleKey, Observed<RuleSignals>>,
    why: &str,
) -> SmallMap<RuleKey, Observed<RuleSignals>> {
    let found = |name: &RuleKey| {
        let seen = seen.get(name).cloned();
        (name.clone(), seen.unwrap_or_else(|| Observed::not_recorded(why)))
    };
    wanted.iter().map(found).collect()
}

/// A place that the file says nothing of.
fn nowhere(place: &Place, reads: &ReadSet) -> PlaceSnapshot {
    let unknown = || Unreadable::not_recorded(NO_PLACE);
    fn each<T>(arns: &BTreeSet<String>, why: &Unreadable) -> BTreeMap<String, Observed<T>> {
        arns.iter().map(|arn| (arn.clone(), Observed::Unreadable(why.clone()))).collect()
    }
    PlaceSnapshot {
        place: place.clone(),
        rules: Observed::Unreadable(unknown()),
        other_rules: named_rules(&reads.other_rules, &BTreeMap::new(), NO_PLACE),
        buses: each::<LiveBus>(&reads.buses, &unknown()),
        default_bus_key: match reads.rule_prefix.is_empty() {
            true => Observed::Absent,
            false => Observed::Unreadable(unknown()),
        },
        rules_on_bus: None,
        wildcard_rules_on_bus: None,
        stray_rules: BTreeMap::new(),
        topics: each::<LiveTopic>(&reads.topics, &unknown()).into(),
        queues: each::<LiveQueue>(&reads.queues, &unknown()).into(),
        functions: each::<LiveFunction>(&reads.functions, &unknown()),
        machines: each::<LiveMachine>(&reads.machines, &unknown()),
        trails: Observed::Unreadable(unknown()),
        keys: each::<LiveKey>(&reads.keys, &unknown()),
        signals: counted(&reads.signals, &SmallMap::new(), NO_PLACE),
        executions: each(&reads.executions, &unknown()),
    }
}

/// What is read now, and what the snapshot has read.
struct ReadComparison<'a> {
    place: &'a Place,
    reads: &'a ReadSet,
    then: &'a ReadSet,
}

impl ReadComparison<'_> {
    /// Whether things that carry a tag are looked for, and were.
    fn searched(&self) -> Option<bool> {
        (!self.reads.blueprint.is_empty()).then(|| self.reads.blueprint == self.then.blueprint)
    }

    fn carries_the_tag(&self, tags: &Observed<Tags>) -> bool {
        self.searched() == Some(true) && tags.name_owner(&self.reads.blueprint)
    }

    /// Topics or queues: those that are named, and those that a search for the tag finds.
    fn named_and_tagged<T: Clone>(
        &self,
        service: &str,
        named: &BTreeSet<String>,
        seen: &SmallMap<String, Observed<T>>,
        tags: impl Fn(&T) -> &Observed<Tags>,
    ) -> SmallMap<String, Observed<T>> {
        let mut out: SmallMap<String, Observed<T>> =
            named.iter().map(|arn| (arn.clone(), or_not_asked(seen.get(arn)))).collect();
        let unnamed = seen.iter().filter(|(arn, seen)| {
            !named.contains(*arn)
                && match seen {
                    Observed::Known(object) => self.carries_the_tag(tags(object)),
                    // It may carry the tag: what cannot be read stays in sight.
                    Observed::Unreadable(_) => self.searched() == Some(true),
                    Observed::Absent => false,
                }
        });
        out.extend(unnamed.map(|(arn, seen)| (arn.clone(), seen.clone())));
        if self.searched() == Some(false) {
            // One entry with a wildcard stands for what a search would have found, as in `cloud`.
            let any = self.place.arn(service, &format!("{}*", self.reads.rule_prefix));
            out.insert(any, Observed::not_recorded(NOT_ASKED));
        }
        out
    }

    /// Buses that are named, and those that a search for the tag finds, with the rules of this
    /// prefix.
    fn buses(
        &self,
        seen: &BTreeMap<String, Observed<LiveBus>>,
    ) -> BTreeMap<String, Observed<LiveBus>> {
        if self.reads.every_rule && self.then.every_rule {
            return seen.clone();
        }
        let named = self.reads.buses.iter();
        let named = named.map(|name| (name.clone(), or_not_asked(seen.get(name))));
        let mut out: BTreeMap<String, Observed<LiveBus>> = named.collect();
        for (name, bus) in seen {
            let kept = match bus {
                Observed::Known(bus) => self.carries_the_tag(&bus.tags),
                // It may carry the tag: what cannot be read stays in sight.
                Observed::Unreadable(_) => self.searched() == Some(true),
                Observed::Absent => false,
            };
            if kept && !out.contains_key(name) {
                out.insert(name.clone(), bus.clone());
            }
        }
        if self.searched() == Some(false) {
            let any = format!("{}*", self.reads.rule_prefix);
            out.insert(any, Observed::not_recorded(NOT_ASKED));
        }
        if self.reads.rule_prefix != self.then.rule_prefix {
            for bus in out.values_mut() {
                if let Observed::Known(bus) = bus {
                    bus.rules = Observed::not_recorded(NOT_ASKED);
                    bus.others = Observed::not_recorded(NOT_ASKED);
                }
            }
        }
        out
    }

    /// State machines that are named, and those that a search for the tag finds.
    fn machines(
        &self,
        seen: &BTreeMap<String, Observed<LiveMachine>>,
    ) -> BTreeMap<String, Observed<LiveMachine>> {
        let named = self.reads.machines.iter();
        let mut out: BTreeMap<String, Observed<LiveMachine>> =
            named.map(|arn| (arn.clone(), or_not_asked(seen.get(arn)))).collect();
        for (arn, machine) in seen.iter().filter(|(arn, _)| !self.reads.machines.contains(*arn)) {
            let kept = match machine {
                Observed::Known(machine) => self.carries_the_tag(&machine.tags),
                // It may carry the tag: what cannot be read stays in sight.
                Observed::Unreadable(_) => self.searched() == Some(true),
                Observed::Absent => false,
            };
            if kept {
                out.insert(arn.clone(), machine.clone());
            }
        }
        if self.searched() == Some(false) {
            let any = machine_arn(self.place, &format!("{}*", self.reads.rule_prefix));
            out.insert(any, Observed::not_recorded(NOT_ASKED));
        }
        out
    }

    fn trails(
        &self,
        seen: &Observed<SmallMap<String, LiveTrail>>,
    ) -> Observed<SmallMap<String, LiveTrail>> {
        match (self.reads.trails, self.then.trails, seen) {
            (false, _, _) => Observed::Known(SmallMap::new()),
            (true, false, _) => Observed::not_recorded(NOT_ASKED),
            (true, true, Observed::Known(trails)) => {
                let trail = |(arn, trail): (&String, &LiveTrail)| {
                    (arn.clone(), LiveTrail { tags: self.trail_tags(arn, trail), ..trail.clone() })
                };
                Observed::Known(trails.iter().map(trail).collect())
            }
            (true, true, other) => other.clone(),
        }
    }

    /// A trail's tags are read at home, of the trail that is managed and of those that carry the
    /// tag.
    fn trail_tags(&self, arn: &str, trail: &LiveTrail) -> Observed<Tags> {
        let own = Arn::parse(arn).is_some_and(|arn| arn.account == self.place.account.as_str());
        let at_home = own && trail.home_region == self.place.region;
        let Some(searched) = self.searched().filter(|_| at_home) else { return Observed::Absent };
        let managed = |reads: &ReadSet| reads.managed_trail.as_ref() == Some(&trail.name);
        let wanted = managed(self.reads) || !searched;
        match &trail.tags {
            Observed::Absent if wanted => Observed::not_recorded(NOT_ASKED),
            Observed::Known(_) if !wanted && !self.carries_the_tag(&trail.tags) => Observed::Absent,
            tags => tags.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
