//! The rules that forward events: packed, the same in every place where the same events land.
//!
//! They carry an alert's condition, so that only relevant events are billed twice, but none of its
//! exceptions: those have dates, and apply in the hub only.
//!
//! Conditions with wildcards stand in rules of their own: a refusal of one, for being too complex,
//! is then no refusal of the others.

use super::HubRules;
use super::packing::{
    Packed, Part, SEGMENT_RULES, companies, first_of, forwarded_twice, halved, pack,
};
use crate::blueprint::Outcome;
use crate::desired::compile::Compiler;
use crate::desired::compile::patterns::{pattern_problem, rule};
use crate::desired::pattern::{Compiled, Origin, Selection, compile as compile_pattern};
use crate::desired::{DesiredPlace, DesiredRule, tags_of};
use crate::event::EventRef;
use crate::resource::keys::RuleKey;
use crate::resource::rule::{Input, Rule, Target, Targets};
use crate::resource::{Kind, Tags};
use crate::scope::Place;
use eventbridge_pattern::Filter;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The alerts whose events land in a place, each with those events.
type Class<'a> = Vec<(usize, Vec<&'a EventRef>)>;

/// Keys of an alert's rules in the hub, by the alert, its accounts' first rule, and the events.
type KeysOf<'a> = BTreeMap<(usize, Option<RuleKey>, Vec<&'a EventRef>), Arc<[RuleKey]>>;

/// Results for other places of the same class.
#[derive(Default)]
pub(super) struct ForwardingCache<'a> {
    classes: BTreeMap<Class<'a>, Arc<Forwarding>>,
    keys: KeysOf<'a>,
}

/// The forwarding rules of a class of places.
pub(super) struct Forwarding {
    rules: Vec<Forwarded>,
    ways: BTreeMap<usize, ForwardedAlert>,
}

/// A forwarding rule without its target.
struct Forwarded {
    key: RuleKey,
    rule: Arc<Rule>,
    compiled: Arc<Compiled>,
    tags: Tags,
}

/// The forwarding rules of one alert's events.
pub(super) struct ForwardedAlert {
    pub rules: Arc<[RuleKey]>,
    pub events: Arc<[EventRef]>,
}

/// Events that are forwarded under the same condition.
pub(super) struct Condition<'a> {
    pub filter: Option<&'a Filter>,
    pub outcome: Outcome,
    /// The events that a plain `ENABLED` rule does not get.
    pub wide: bool,
    /// The first of the alerts that have it.
    pub alert: usize,
    pub events: BTreeSet<&'a EventRef>,
}

impl Forwarding {
    pub(super) fn way(&self, alert: usize) -> &ForwardedAlert {
        &self.ways[&alert]
    }
}

impl<'a> ForwardingCache<'a> {
    /// Keys of the rules of a group that match some of these events.
    pub(super) fn keys(
        &mut self,
        alert: usize,
        group: &HubRules,
        events: &[&'a EventRef],
    ) -> Arc<[RuleKey]> {
        let first = group.rules.first().map(|(key, _)| key.clone());
        let of_events = || {
            let matching = group
                .rules
                .iter()
                .filter(|(_, compiled)| events.iter().any(|event| compiled.events.contains(event)));
            matching.map(|(key, _)| key.clone()).collect()
        };
        self.keys.entry((alert, first, events.to_vec())).or_insert_with(of_events).clone()
    }
}

impl<'a> Compiler<'a> {
    /// The forwarding rules of a class of places.
    pub(super) fn forwarding(
        &mut self,
        known: &mut ForwardingCache<'a>,
        class: Class<'a>,
    ) -> Arc<Forwarding> {
        if let Some(forwarding) = known.classes.get(&class) {
            return forwarding.clone();
        }
        let mut conditions = self.conditions(&class, &BTreeSet::new());
        let mut packed = self.pack(&conditions);
        let mut whole = BTreeSet::new();
        loop {
            // One rule cannot hold all the conditions of these events: what two rules match would
            // arrive twice.
            let before = whole.len();
            whole.extend(forwarded_twice(&conditions, &packed));
            if whole.len() == before {
                break;
            }
            conditions = self.conditions(&class, &whole);
            packed = self.pack(&conditions);
        }
        let rules = self.named(packed);
        let mut ways = BTreeMap::new();
        // Most alerts use the same of them.
        let mut lists: BTreeSet<Arc<[RuleKey]>> = BTreeSet::new();
        for (index, events) in &class {
            let own = self.condition_of(*index);
            let takes = |condition: &Condition<'_>, event: &EventRef| {
                condition.events.iter().any(|one| *one == event || one.covers(event))
                    && (condition.is_free() || (condition.filter, condition.outcome) == own)
            };
            let names = rules.iter().filter(|(_, packed)| {
                packed.parts.iter().any(|(number, part)| {
                    let condition = &conditions[*number];
                    let holds =
                        |event: &EventRef| part.iter().any(|one| one == event || one.covers(event));
                    events.iter().any(|event| takes(condition, event) && holds(event))
                })
            });
            let keys: Arc<[RuleKey]> = names.map(|(key, _)| key.clone()).collect();
            let rules = lists.get(&keys).cloned().unwrap_or(keys);
            lists.insert(rules.clone());
            let way = ForwardedAlert {
                rules,
                events: events.iter().map(|event| (*event).clone()).collect(),
            };
            ways.insert(*index, way);
        }
        let forwarded = |(key, Packed { compiled, .. })| Forwarded {
            key,
            rule: rule(&compiled, "Forwards events to the hub, where their alerts are raised.")
                .into(),
            compiled: Arc::new(compiled),
            tags: tags_of(self.blueprint, Kind::Rule, None),
        };
        let rules = rules.into_iter().map(forwarded).collect();
        let forwarding = Arc::new(Forwarding { rules, ways });
        known.classes.insert(class, forwarding.clone());
        forwarding
    }

    /// The conditions of a class, that of events which are forwarded whatever they hold first. An event that
    /// one alert wants so is under no other.
    ///
    /// `whole` are events that are forwarded whatever they hold, as no one rule can tell which of them are wanted.
    fn conditions(&self, class: &Class<'a>, whole: &BTreeSet<&'a EventRef>) -> Vec<Condition<'a>> {
        let mut conditions: Vec<Condition<'a>> = Vec::new();
        // A rule's state holds for all that it takes: what a plain one misses is kept apart. A name
        // that may read or write is one event, which no pattern tells apart.
        type Name<'e> = (&'e str, &'e str, &'static [&'static str]);
        fn name(event: &EventRef) -> Name<'_> {
            (&event.source, &event.name, event.kind.detail_types())
        }
        let all = class.iter().flat_map(|(_, events)| events.iter().copied());
        let wide_names: BTreeSet<Name<'_>> =
            all.filter(|event| event.needs_wide_state() && !event.is_family()).map(name).collect();
        let is_wide =
            |event: &EventRef| event.needs_wide_state() || wide_names.contains(&name(event));
        if let Some((alert, _)) = class.first().filter(|_| !whole.is_empty()) {
            // One condition, so that a family and what is in it share their rules.
            conditions.push(Condition {
                filter: None,
                outcome: Outcome::Any,
                wide: whole.iter().any(|event| is_wide(event)),
                alert: *alert,
                events: whole.clone(),
            });
        }
        for (index, events) in class {
            let (filter, outcome) = self.condition_of(*index);
            for wide in [false, true] {
                let events = events.iter().copied().filter(|event| is_wide(event) == wide);
                let found = conditions.iter_mut().find(|known| {
                    known.filter == filter && known.outcome == outcome && known.wide == wide
                });
                match found {
                    Some(known) => known.events.extend(events),
                    None => conditions.push(Condition {
                        filter,
                        outcome,
                        wide,
                        alert: *index,
                        events: events.collect(),
                    }),
                }
            }
        }
        conditions.sort_by_key(|condition| !condition.is_free());
        let free: BTreeSet<&EventRef> = conditions
            .iter()
            .filter(|condition| condition.is_free())
            .flat_map(|condition| condition.events.iter().copied())
            .collect();
        // What is forwarded whole is under no other condition, though none asks for anything.
        for condition in conditions.iter_mut().skip(1).filter(|condition| condition.is_free()) {
            condition.events.retain(|event| !whole.contains(event));
        }
        for condition in conditions.iter_mut().filter(|condition| !condition.is_free()) {
            condition.events.retain(|event| {
                !free.contains(event) && !free.iter().any(|wide| wide.covers(event))
            });
        }
        conditions.retain(|condition| !condition.events.is_empty());
        conditions
    }

    fn pack(&mut self, conditions: &[Condition<'a>]) -> Vec<Packed> {
        let companies = companies(conditions);
        let mut shares: BTreeMap<Option<usize>, Vec<Part>> = BTreeMap::new();
        for (number, condition) in conditions.iter().enumerate() {
            let mut of: BTreeMap<Option<usize>, Vec<EventRef>> = BTreeMap::new();
            for event in &condition.events {
                of.entry(companies.of(event)).or_default().push((*event).clone());
            }
            for (company, events) in of {
                shares.entry(company).or_default().push((number, events));
            }
        }
        let plain = shares.remove(&None).unwrap_or_default();
        let mut packed = self.segments(conditions, plain, 1);
        for (company, parts) in shares {
            let alert = company.map(|company| companies.first_alert(company));
            let own = self.packed(conditions, &parts).into_iter();
            packed.extend(own.map(|own| Packed { alert, ..own }));
        }
        packed
    }

    fn packed(&mut self, conditions: &[Condition<'a>], parts: &[Part]) -> Vec<Packed> {
        let mut packed = Vec::new();
        for (number, events) in parts {
            for compiled in self.forwarded_under(&conditions[*number], events) {
                pack(&mut packed, *number, compiled);
            }
        }
        packed
    }

    /// Packs a segment, or its halves where it takes too many rules: what one alert more or less
    /// moves to other rules stays within its segment.
    fn segments(
        &mut self,
        conditions: &[Condition<'a>],
        parts: Vec<Part>,
        segment: usize,
    ) -> Vec<Packed> {
        let packed = self.packed(conditions, &parts);
        if packed.len() > SEGMENT_RULES
            && let Some(halves) = halved(&parts, segment)
        {
            let mut both = Vec::new();
            for (half, parts) in halves.into_iter().enumerate() {
                both.extend(self.segments(conditions, parts, 2 * segment + half));
            }
            return both;
        }
        packed.into_iter().map(|packed| Packed { segment, ..packed }).collect()
    }

    /// Rules that hold what is packed are numbered; those of wildcards are named after their alert,
    /// so that what comes and goes beside them does not rename them.
    fn named(&self, packed: Vec<Packed>) -> Vec<(RuleKey, Packed)> {
        let mut counts: BTreeMap<(Option<usize>, usize), usize> = BTreeMap::new();
        let named = |packed: Packed| {
            let count = counts.entry((packed.alert, packed.segment)).or_default();
            let name = match packed.alert {
                Some(alert) => self.names.forward_own(&self.blueprint.alerts[alert].id, *count),
                None => self.names.forward(first_of(packed.segment) + *count),
            };
            *count += 1;
            (RuleKey::on(None, &name), packed)
        };
        packed.into_iter().map(named).collect()
    }

    fn condition_of(&self, alert: usize) -> (Option<&'a Filter>, Outcome) {
        let blueprint: &'a _ = self.blueprint;
        let alert = &blueprint.alerts[alert];
        (alert.filter.as_ref(), alert.outcome)
    }

    fn forwarded_under(&mut self, condition: &Condition<'a>, events: &[EventRef]) -> Vec<Compiled> {
        let selection = Selection {
            events,
            filter: condition.filter,
            outcome: condition.outcome,
            except: &[],
            origin: &Origin::Any,
        };
        match compile_pattern(&selection) {
            Ok(compiled) => compiled,
            Err(error) => {
                let alert = &self.blueprint.alerts[condition.alert];
                self.once(alert.id.as_str(), pattern_problem(alert, &[], &error));
                Vec::new()
            }
        }
    }

    /// Adds forwarding rules to a place.
    pub(super) fn add_forwarding(
        &self,
        forwarding: &Forwarding,
        place: &Place,
        here: &mut DesiredPlace,
        target_id: &str,
        bus_arn: &str,
        role_arn: &str,
    ) {
        // No retry policy: EventBridge is seen to refuse one on a bus. No input either: another
        // account's bus takes the event only as it is.
        // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
        let target = Target {
            arn: bus_arn.to_owned(),
            role_arn: Some(role_arn.to_owned()),
            input: Input::Event,
            dead_letter_arn: Some(place.arn("sqs", &self.names.targets_queue())),
            retry_policy: None,
            other_parameters: Vec::new(),
        };
        let targets = Targets::from([(target_id.to_owned(), target)]);
        for forwarded in &forwarding.rules {
            let wanted = DesiredRule {
                rule: forwarded.rule.clone(),
                compiled: forwarded.compiled.clone(),
                alert: None,
                targets: targets.clone(),
                tags: forwarded.tags.clone(),
            };
            here.rules.insert(forwarded.key.clone(), wanted);
        }
    }
}

impl Condition<'_> {
    /// Whether everything of these events is forwarded.
    pub fn is_free(&self) -> bool {
        self.filter.is_none() && self.outcome == Outcome::Any
    }

    /// Whether EventBridge may find it too complex: wildcards are all that counts.
    pub fn has_wildcard(&self) -> bool {
        self.filter.is_some_and(|filter| filter.complexity() > 0)
    }
}

#[cfg(test)]
mod tests;
