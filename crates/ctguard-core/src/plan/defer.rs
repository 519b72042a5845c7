//! Removals that must wait: nothing that carries an alert is removed before its replacement is
//! proven, confirmed subscribers included.
//!
//! A removal *carries* when what it removes reaches a confirmed subscriber now, also through the
//! hub. Its replacement is every desired path that begins where the removed rule takes events, for
//! the same alert or for an event that the rule names. Trails do not matter here: both the old path
//! and the new begin behind them.

use super::handover::{event_names, lost, takes_all};
use super::outlook::{Doubts, PathForecast};
use super::{Change, Plan, Step, Verb, Waiting, WaitingFor, reach};
use crate::desired::{AlertPath, Desired};
use crate::event::names_meet;
use crate::proof::LinkCode;
use crate::resource::Kind;
use crate::resource::keys::{RuleKey, SubscriptionKey};
use crate::resource::rule::Target;
use crate::scope::Place;
use crate::snapshot::{Live, LiveRule};
use std::collections::{BTreeMap, BTreeSet};

/// When removals are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before an apply: what the plan itself will fix counts as fixed.
    Planned,
    /// After the creating waves: only what is proven counts.
    Settled,
}

/// Whether what was not read is taken for needing a rule of the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// A part of the fleet changes no rule that other parts may need.
    Part,
    /// As if what was read were all.
    Whole,
}

/// Moves the removals that must wait from the plan's changes to what waits.
pub(super) fn hold(
    desired: &Desired,
    live: &Live,
    forecasts: &[PathForecast],
    plan: &mut Plan,
    stage: Stage,
    sight: Sight,
) {
    if !plan.changes.iter().any(takes_away) {
        return;
    }
    let holder = Holder::new(desired, live, forecasts, stage, sight);
    let mut held: BTreeMap<(Place, Held), Option<String>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| takes_away(change)) {
        if holder.carries_unreplaced(change)
            && let Some(object) = object(change)
        {
            let why = held.entry((change.place.clone(), object)).or_default();
            *why = why.take().or_else(|| holder.doubt(change));
        }
    }
    if held.is_empty() {
        return;
    }
    let kept_topics: BTreeSet<(&Place, &str)> = held
        .keys()
        .filter_map(|(place, object)| match object {
            Held::Subscription(key) => Some((place, key.topic.as_str())),
            Held::Rule(_) => None,
        })
        .collect();
    let waits = |change: &Change| {
        takes_away(change)
            && match change.address.kind {
                Kind::Target | Kind::Rule | Kind::Subscription => object(change)
                    .is_some_and(|object| held.contains_key(&(change.place.clone(), object))),
                Kind::Topic => kept_topics.contains(&(&change.place, &*change.address.name)),
                // These are removed once nothing refers to them, which is judged next: a topic or
                // queue that outlived its last rule would be found by its tag alone, which the
                // search may not know of yet.
                Kind::Queue
                | Kind::Bucket
                | Kind::Trail
                | Kind::Role
                | Kind::Bus
                | Kind::Machine => false,
            }
    };
    let why = |change: &Change| {
        let object = object(change)?;
        held.get(&(change.place.clone(), object))?.clone()
    };
    let (waiting, changes): (Vec<Change>, Vec<Change>) =
        std::mem::take(&mut plan.changes).into_iter().partition(waits);
    plan.changes = changes;
    plan.waiting.extend(waiting.into_iter().map(|change| Waiting {
        message: message(&change, why(&change)),
        address: change.address,
        what: WaitingFor::Removal,
    }));
    plan.waiting.sort();
}

/// Until when a removal waits; `why` is what keeps its replacement from being proven.
fn message(change: &Change, why: Option<String>) -> String {
    let kind = change.address.kind;
    match (why, change.step) {
        (Some(why), _) => format!(
            "The {kind} stays: it is not shown that everybody hears what replaces it ({why})."
        ),
        (None, Some(_)) => "The rule keeps matching events that another rule takes over until that rule is proven and everybody listed there has confirmed.".to_owned(),
        (None, None) => format!(
            "The {kind} stays until its replacement is proven and everybody listed has confirmed."
        ),
    }
}

pub(super) fn takes_away(change: &Change) -> bool {
    let removes = change.action == Verb::Delete || change.step == Some(Step::Last);
    removes && !change.ends_healing_of_rules()
}

/// What is deferred: a rule together with its targets, or a subscription.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    Rule(RuleKey),
    Subscription(SubscriptionKey),
}

fn object(change: &Change) -> Option<Held> {
    let subscription = || change.address.subscription().map(Held::Subscription);
    change.address.rule().map(Held::Rule).or_else(subscription)
}

/// The rule that a change is about, or its target.
pub(super) fn rule_of(change: &Change) -> Option<RuleKey> {
    change.address.rule().or_else(|| change.address.target().map(|target| target.rule))
}

/// Judges removals by the paths that are desired.
pub(super) struct Holder<'a> {
    sight: Sight,
    desired: &'a Desired,
    live: &'a Live,
    /// Each path, and whether it delivers what reaches it.
    paths: Vec<(&'a AlertPath, bool)>,
    /// What is not shown of each.
    doubts: Vec<Option<&'a Doubts>>,
    /// The paths that begin in a place.
    landing: BTreeMap<&'a Place, Vec<usize>>,
}

impl<'a> Holder<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        live: &'a Live,
        forecasts: &'a [PathForecast],
        stage: Stage,
        sight: Sight,
    ) -> Self {
        let ready = |forecast: &PathForecast| match stage {
            Stage::Planned => forecast.hands_on_now || forecast.hands_on_after,
            Stage::Settled => forecast.hands_on_now,
        };
        let paths: Vec<(&AlertPath, bool)> =
            desired.paths.iter().zip(forecasts.iter().map(ready)).collect();
        let mut landing: BTreeMap<&Place, Vec<usize>> = BTreeMap::new();
        for (index, (path, _)) in paths.iter().enumerate() {
            landing.entry(&path.lands).or_default().push(index);
        }
        let doubts = forecasts.iter().map(|forecast| forecast.doubts.as_deref()).collect();
        Self { sight, desired, live, paths, doubts, landing }
    }

    /// Whether something that a change removes is needed until its replacement is proven.
    pub(super) fn carries_unreplaced(&self, change: &Change) -> bool {
        let Some(seen) = self.live.places.get(&change.place) else { return false };
        match change.address.kind {
            Kind::Target => {
                let Some(key) = change.address.target() else { return false };
                let Some(rule) = seen.rule(&key.rule) else { return false };
                let target = rule.targets.known().and_then(|targets| targets.get(&key.id));
                target.is_some_and(|target| reach::target(self.live, seen, target))
                    && (self.sees_too_little(&key.rule)
                        || self.lacks_replacement(change, &key.rule, rule))
            }
            Kind::Subscription => {
                let Some(key) = change.address.subscription() else { return false };
                let arn = change.place.arn("sns", &key.topic);
                self.paths.iter().any(|(path, ready)| {
                    !ready
                        && path.raised == change.place
                        && path.destinations.iter().any(|d| d.topic_arn == arn)
                })
            }
            Kind::Rule if change.step == Some(Step::Last) => {
                let Some(key) = change.address.rule() else { return false };
                self.sees_too_little(&key) || self.hands_over_too_early(&change.place, &key)
            }
            _ => false,
        }
    }

    /// Whether a rule may serve places that are not read: a rule of the hub, when the fleet is
    /// narrowed.
    fn sees_too_little(&self, key: &RuleKey) -> bool {
        self.sight == Sight::Part && self.desired.narrowed && key.bus().is_some()
    }

    /// Whether an event that a rule hands over would reach nobody yet. A rule that does not match
    /// everything desired cannot wait: what waits for it in turn would wait forever.
    fn hands_over_too_early(&self, place: &Place, key: &RuleKey) -> bool {
        let live = self.live.places.get(place).and_then(|seen| seen.rule(key));
        let wanted = self.desired.places.get(place).and_then(|here| here.rules.get(key));
        let Some((live, wanted)) = live.zip(wanted) else { return false };
        let lost = lost(&live.rule, wanted);
        takes_all(&live.rule, wanted)
            && self.replacing(place, key).any(|(path, ready)| {
                let takes_over =
                    Some(&*path.alert) == wanted.alert.as_deref() || are_among(path, &lost);
                takes_over && !ready
            })
    }

    /// The paths that could take over from a rule: those that begin where it takes events; for a
    /// rule of the hub, everywhere. Each with whether it delivers what reaches it.
    fn replacing(
        &self,
        place: &Place,
        key: &RuleKey,
    ) -> Box<dyn Iterator<Item = (&AlertPath, bool)> + '_> {
        let path = |(path, ready): &(&'a AlertPath, bool)| (*path, *ready);
        match key.bus() {
            Some(_) => Box::new(self.paths.iter().map(path)),
            None => {
                let landing = self.landing.get(place).into_iter().flatten();
                Box::new(landing.map(move |index| path(&self.paths[*index])))
            }
        }
    }

    /// Whether some replacement of a removed rule is missing yet, or is not shown to be heard.
    fn lacks_replacement(&self, change: &Change, key: &RuleKey, rule: &LiveRule) -> bool {
        let alert = change.alert.as_deref();
        let pattern = rule.rule.event_pattern.as_deref();
        let events = pattern.map(event_names).unwrap_or_default();
        let takes_over = |path: &AlertPath| alert == Some(&*path.alert) || are_among(path, &events);
        self.replacing(&change.place, key).any(|(path, ready)| !ready && takes_over(path))
            || self.is_of_others(&change.place, key)
                && self.judged(&change.place).any(|(path, doubts)| {
                    takes_over(path) && doubt_of(path, doubts, rule).is_some()
                })
    }

    /// Whether a rule is taken over from others: it sends messages of its own under a name of its
    /// own, which a policy or a filter may let through while it drops those of the blueprint.
    fn is_of_others(&self, place: &Place, key: &RuleKey) -> bool {
        let seen = self.live.places.get(place);
        key.bus().is_none() && seen.is_some_and(|seen| seen.other_rules.contains_key(key.name()))
    }

    /// The paths that begin in a place and of which something is not shown, with that.
    fn judged(&self, place: &Place) -> impl Iterator<Item = (&AlertPath, &Doubts)> {
        let landing = self.landing.get(place).into_iter().flatten();
        landing.filter_map(|index| Some((self.paths[*index].0, self.doubts[*index]?)))
    }

    /// What keeps the replacement of a removed target from being proven, where no apply and nobody
    /// who confirms changes it.
    fn doubt(&self, change: &Change) -> Option<String> {
        let key = rule_of(change)?;
        let rule = self.live.places.get(&change.place)?.rule(&key);
        let pattern = rule.and_then(|rule| rule.rule.event_pattern.as_deref());
        let events = pattern.map(event_names).unwrap_or_default();
        let others = self.is_of_others(&change.place, &key);
        let alert = change.alert.as_deref();
        let takes_over = |path: &AlertPath| alert == Some(&*path.alert) || are_among(path, &events);
        self.judged(&change.place).filter(|(path, _)| takes_over(path)).find_map(
            |(path, doubts)| {
                let own = rule.filter(|_| others).and_then(|rule| doubt_of(path, doubts, rule));
                doubts.lasting.clone().or_else(|| own.map(str::to_owned))
            },
        )
    }
}

/// What is only assumed of a path and may be otherwise for a rule that it takes over from.
fn doubt_of<'d>(path: &AlertPath, doubts: &'d Doubts, rule: &LiveRule) -> Option<&'d str> {
    let targets = rule.targets.known();
    // As the same role, EventBridge is let into the topic of another account for both or for none.
    let same_role = path.destinations.iter().all(|destination| {
        let same = |target: &Target| {
            target.arn == destination.topic_arn && target.role_arn == destination.role
        };
        targets.is_some_and(|targets| targets.values().any(same))
    });
    let of_role = |code: LinkCode| {
        use LinkCode::{RoleBoundary, RolePolicy, TopicUnread};
        matches!(code, TopicUnread | RolePolicy | RoleBoundary)
    };
    let differs = |one: &&(LinkCode, String)| !(same_role && of_role(one.0));
    doubts.own.iter().find(differs).map(|(_, text)| text.as_str())
}

/// Whether some event of a path is among these names.
fn are_among(path: &AlertPath, names: &BTreeSet<String>) -> bool {
    let families: Vec<&String> = names.iter().filter(|name| name.ends_with('*')).collect();
    path.events.iter().any(|event| {
        names.contains(&event.name)
            || families.iter().any(|family| names_meet(family, &event.name))
            || (event.is_family() && names.iter().any(|name| names_meet(name, &event.name)))
    })
}
