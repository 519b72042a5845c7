//! Where a plan ends the watching of an alert: of one that the blueprint no longer has, and of one
//! that it has in fewer places.
//!
//! Places are those in which events land. One rule on a hub's bus raises the alert for all places
//! whose forwarding rules send its events there, so it stands for as many.

use super::raising::{EventName, Raises, Watched, is_on, named, on_bus, own, shared};
use super::{Change, Verb};
use crate::blueprint::Risk;
use crate::desired::Desired;
use crate::resource::keys::RuleKey;
use crate::resource::rule::bus_of;
use crate::resource::{Address, Kind};
use crate::scope::Place;
use crate::snapshot::{Live, LiveRule, Observed};
use std::collections::{BTreeMap, BTreeSet};

/// What ends for one alert.
#[derive(Default)]
pub(super) struct GivenUp {
    /// As the live rules say it; none where they do not.
    pub risk: Option<Risk>,
    /// By the place where its events land.
    pub places: BTreeMap<Place, There>,
}

/// What ends in one place.
#[derive(Default, Clone, Copy)]
pub(super) struct There {
    /// It reaches somebody now, or may.
    pub heard: bool,
    /// Other alerts of the blueprint do not watch some of its events there.
    pub unwatched: bool,
}

impl GivenUp {
    /// Of how many places something is true.
    pub fn count(&self, is: impl Fn(&There) -> bool) -> usize {
        self.places.values().filter(|there| is(there)).count()
    }

    fn note(&mut self, place: &Place, one: &Raises<'_>, heard: bool, unwatched: bool) {
        self.risk = self.risk.max(one.risk);
        let there = self.places.entry(place.clone()).or_default();
        there.heard |= heard;
        there.unwatched |= unwatched;
    }
}

/// By alert. The changes are those of the plan, and those that another part of the fleet makes in
/// the hub.
pub(super) fn by<'p>(
    desired: &Desired,
    live: &Live,
    changes: impl Iterator<Item = &'p Change>,
) -> BTreeMap<String, GivenUp> {
    let written = changes.filter(|c| c.action != Verb::Create && c.address.kind == Kind::Rule);
    let touched: BTreeMap<&Address, &Change> = written.map(|c| (&c.address, c)).collect();
    if touched.is_empty() {
        return BTreeMap::new();
    }
    let mut found = Finding {
        desired,
        live,
        touched,
        watched: Watched::by(desired),
        kept: desired.paths.iter().map(|path| (&*path.alert, &path.lands)).collect(),
        all: BTreeMap::new(),
    };
    found.deleted();
    found.forwarded();
    found.all
}

struct Finding<'a> {
    desired: &'a Desired,
    live: &'a Live,
    /// The rules that are changed or removed.
    touched: BTreeMap<&'a Address, &'a Change>,
    watched: Watched<'a>,
    /// Which alerts the blueprint has, and where their events land.
    kept: BTreeSet<(&'a str, &'a Place)>,
    all: BTreeMap<String, GivenUp>,
}

impl<'a> Finding<'a> {
    /// Whether the blueprint no longer has an alert, or none that notifies somebody.
    fn is_gone(&self, alert: &str) -> bool {
        !self.desired.alerts.iter().any(|wanted| wanted.id == alert && wanted.routed)
    }

    fn of(&mut self, alert: &str) -> &mut GivenUp {
        self.all.entry(alert.to_owned()).or_default()
    }

    /// Rules that are removed. One on a hub's bus raises nothing of its own place.
    fn deleted(&mut self) {
        let (desired, live) = (self.desired, self.live);
        let deletes: Vec<&Change> = self.touched.values().copied().collect();
        for change in deletes.into_iter().filter(|change| change.action == Verb::Delete) {
            let Some(key) = change.address.rule() else { continue };
            // A forwarding rule raises no alert; those whose events it took are in the hub.
            if key.bus().is_none() && desired.names.is_forward(key.name()) {
                continue;
            }
            let alert = change.alert.clone().unwrap_or_else(|| key.name().to_owned());
            let place = &change.place;
            if key.bus().is_some() {
                if self.is_gone(&alert) {
                    self.of(&alert);
                }
                continue;
            }
            if !self.is_gone(&alert) && self.kept.contains(&(alert.as_str(), place)) {
                continue;
            }
            let seen = live.places.get(place);
            let rule = seen.and_then(|seen| Some((seen, seen.rule(&key)?)));
            let Some((seen, rule)) = rule else { continue };
            let one = Raises::of(live, seen, change.address.clone(), rule);
            let unwatched = !self.watched.unwatched(place, one.events.clone()).is_empty();
            self.of(&alert).note(place, &one, one.heard, unwatched);
        }
    }

    /// What forwarding rules send to a hub's bus, and a rule there raises.
    fn forwarded(&mut self) {
        let (desired, live) = (self.desired, self.live);
        let mut hub: BTreeMap<(Place, String), Vec<Raises<'_>>> = BTreeMap::new();
        for (place, _) in desired.own_places() {
            let Some(seen) = live.places.get(place) else { continue };
            if matches!(seen.rules, Observed::Unreadable(_)) {
                self.unreadable(place);
                continue;
            }
            let rules = own(desired, seen.rules.as_ref());
            for (name, rule) in rules.filter(|(name, _)| desired.names.is_forward(name)) {
                let changes = self.touched.contains_key(&Address::new(place, Kind::Rule, name));
                for (there, bus) in targets(rule) {
                    let key = (there.clone(), bus.clone());
                    let raising = hub
                        .entry(key)
                        .or_insert_with(|| on_bus(desired, live, &there, &bus).unwrap_or_default());
                    self.raised(place, (rule, changes), raising);
                }
            }
        }
    }

    /// What the rules of a bus raise of what one forwarding rule sends.
    fn raised(&mut self, place: &Place, from: (&LiveRule, bool), raising: &[Raises<'_>]) {
        let (forward, changes) = from;
        let mut sent: Option<BTreeSet<EventName>> = None;
        for one in raising {
            let ends = self.touched.contains_key(&one.address);
            let alert = alert_of(one);
            if !(ends || changes) || self.kept.contains(&(alert, place)) || !one.admits(place) {
                continue;
            }
            let sent = sent.get_or_insert_with(|| named(forward));
            let events = shared(&one.events, sent);
            if events.is_empty() {
                continue;
            }
            let unwatched = !self.watched.unwatched(place, events).is_empty();
            // A forwarding rule that is written anew goes on with what the blueprint watches.
            if ends || unwatched {
                let heard = one.heard && is_on(forward);
                let alert = alert.to_owned();
                self.of(&alert).note(place, one, heard, unwatched);
            }
        }
    }

    /// Whatever a place forwards whose rules cannot be read: it may be any alert that is removed
    /// from its hub.
    fn unreadable(&mut self, place: &Place) {
        let (desired, live) = (self.desired, self.live);
        let deleted = self.touched.values().filter(|change| change.action == Verb::Delete);
        let keys: Vec<(Place, RuleKey)> = deleted
            .filter_map(|change| Some((change.place.clone(), change.address.rule()?)))
            .filter(|(_, key)| key.bus().is_some())
            .collect();
        for (hub, key) in keys {
            let Some(seen) = live.places.get(&hub) else { continue };
            let Some(rule) = seen.rule(&key) else { continue };
            let one = Raises::of(live, seen, Address::of_rule(&hub, &key), rule);
            let alert = alert_of(&one).to_owned();
            if self.is_gone(&alert) && one.admits(place) && !desired.context.contains(place) {
                let unwatched = !self.watched.unwatched(place, one.events.clone()).is_empty();
                let heard = one.heard;
                self.of(&alert).note(place, &one, heard, unwatched);
            }
        }
    }
}

/// The alert of a rule; without a tag that says it, the rule's name.
fn alert_of<'r>(one: &'r Raises<'_>) -> &'r str {
    let name = one.address.name.as_str();
    match one.alert {
        "" => name.rsplit_once('/').map_or(name, |(_, name)| name),
        alert => alert,
    }
}

/// The buses that a rule sends to.
fn targets(rule: &LiveRule) -> Vec<(Place, String)> {
    let all = rule.targets.known().into_iter().flat_map(|targets| targets.values());
    all.filter_map(bus_of).map(|(place, bus)| (place, bus.to_owned())).collect()
}
