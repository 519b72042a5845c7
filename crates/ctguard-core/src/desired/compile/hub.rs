//! With a hub: every place forwards its events to one bus, in one hop, and all alerts are raised
//! there.
//!
//! ```text
//! place: default bus ─► forward-1, forward-2 … ─(role)─► hub: bus ─► one rule an alert ─► topics
//! ```
//!
//! EventBridge forwards an event once and never again, so the hub's own default bus is a place like
//! any other.
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>

mod admission;
mod forward;
mod packing;

use super::Compiler;
use super::role;
use crate::blueprint::{Alert, Blueprint, Hub};
use crate::codes;
use crate::desired::landing::{can_land, landing_in};
use crate::desired::pattern::Compiled;
use crate::desired::{
    AlertPath, Desired, DesiredBus, DesiredPlace, DestinationPath, Forward, Scope, Way, tags_of,
};
use crate::diag::Diagnostic;
use crate::event::EventRef;
use crate::resource::Kind;
use crate::resource::keys::RuleKey;
use crate::scope::{AccountId, Place};
use admission::Admission;
use forward::Forwarding;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rules of an alert in the hub, for the accounts whose events notify the same destinations.
struct HubRules {
    accounts: BTreeSet<AccountId>,
    /// Each key with the pattern that it carries.
    rules: Vec<(RuleKey, Arc<Compiled>)>,
    destinations: Arc<[DestinationPath]>,
}

/// What the places of an account have in common.
struct Sender {
    /// ARN of the role that its rules forward with.
    role_arn: Arc<str>,
    /// By the class of the place, which is kept as long as this, and the alert.
    ways: BTreeMap<(*const Forwarding, usize), Arc<Way>>,
}

impl<'a> Compiler<'a> {
    pub(super) fn hub(&mut self, desired: &mut Desired, scope: &Scope, spec: &Hub) {
        let hub = Place::new(spec.account.clone(), spec.region.clone());
        if !self.covers(desired, scope, spec, &hub) {
            return;
        }
        let Some(admission) = self.admission(scope, spec) else { return };
        desired.hub = Some(hub.clone());
        let bus = self.names.bus();
        let bus_arn: Arc<str> = hub.arn("events", &format!("event-bus/{bus}")).into();
        let groups = self.raised_in_hub(desired, scope, &hub, &bus, &admission);
        if groups.is_empty() {
            return;
        }
        let own_statements = admission.statements(&self.names, &hub, &bus_arn);
        self.check_policy(spec, &own_statements);
        if let Some(here) = desired.places.get_mut(&hub) {
            let tags = tags_of(self.blueprint, Kind::Bus, None);
            here.bus = Some(DesiredBus { name: bus, own_statements, tags });
        }
        self.forwarded(desired, &hub, &bus_arn, &groups);
    }

    /// Whether the hub is among the places covered; if its account's regions could not be read, it
    /// counts as covered, so that the read errors are reported.
    fn covers(&mut self, desired: &mut Desired, scope: &Scope, spec: &Hub, hub: &Place) -> bool {
        if desired.places.contains_key(hub) {
            return true;
        }
        if scope.unread.contains_key(&hub.account) {
            desired.places.insert(hub.clone(), DesiredPlace::default());
            return true;
        }
        let (what, help) = match scope.accounts.contains_key(&hub.account) {
            true => (
                format!("the hub's region {} is not among the regions covered", hub.region),
                "Add it to `regions:`, so that events of the hub's own region raise alerts, too, or name another region.",
            ),
            false => (
                format!("the hub's account {} is not among the accounts covered", hub.account),
                "Add it to `accounts:`, so that events of the hub's own account raise alerts, too, or name another account.",
            ),
        };
        self.problems.push(
            Diagnostic::error(codes::HUB_OUT_OF_SCOPE, what).at(spec.span.clone()).help(help),
        );
        false
    }

    /// Adds the rules and topics of every alert to the hub; by the alert's index, its groups.
    fn raised_in_hub(
        &mut self,
        desired: &mut Desired,
        scope: &Scope,
        hub: &Place,
        bus: &str,
        admission: &Admission,
    ) -> BTreeMap<usize, Vec<HubRules>> {
        let blueprint = self.blueprint;
        let mut groups: BTreeMap<usize, Vec<HubRules>> = BTreeMap::new();
        let Some(mut here) = desired.places.remove(hub) else { return groups };
        for (index, alert) in blueprint.alerts.iter().enumerate() {
            let events: Vec<&EventRef> = alert
                .events
                .iter()
                .filter(|event| {
                    scope.places.iter().any(|at| can_land(alert, event, at.into(), self.as_of))
                })
                .collect();
            if events.is_empty() {
                continue;
            }
            let mut keys = Vec::new();
            for (notify, accounts) in by_destinations(blueprint, alert, scope) {
                let origin = admission.origin(notify == alert.notify, &accounts, scope);
                let Some((targets, destinations)) =
                    self.targets(index, alert, notify, hub, &mut here)
                else {
                    continue;
                };
                let mut rules = Vec::new();
                for compiled in self.patterns(index, alert, &events, &origin) {
                    let before = keys.len();
                    self.rules(alert, &compiled, &targets, Some(bus), &mut here, &mut keys);
                    rules.extend(keys[before..].iter().map(|key| (key.clone(), compiled.clone())));
                }
                let destinations = destinations.into();
                groups.entry(index).or_default().push(HubRules { accounts, rules, destinations });
            }
        }
        desired.places.insert(hub.clone(), here);
        groups
    }

    /// Adds forwarding rules and a role wherever an event of some alert lands, and the paths
    /// through them.
    fn forwarded(
        &mut self,
        desired: &mut Desired,
        hub: &Place,
        bus_arn: &Arc<str>,
        groups: &BTreeMap<usize, Vec<HubRules>>,
    ) {
        let blueprint = self.blueprint;
        let to_hub = self.names.to_hub(hub);
        let mut known = forward::ForwardingCache::default();
        let ids: Vec<Arc<str>> =
            blueprint.alerts.iter().map(|alert| alert.id.as_str().into()).collect();
        let mut senders: BTreeMap<AccountId, Sender> = BTreeMap::new();
        let mut places = std::mem::take(&mut desired.places);
        for (place, here) in &mut places {
            // The events that land here, with the rules in the hub that match them.
            let mut landing: Vec<(usize, &HubRules, Vec<&'a EventRef>)> = Vec::new();
            for (index, of_alert) in groups {
                let group = of_alert.iter().find(|group| group.accounts.contains(&place.account));
                let events = landing_in(&blueprint.alerts[*index], place, self.as_of);
                if let Some(group) = group.filter(|_| !events.is_empty()) {
                    landing.push((*index, group, events));
                }
            }
            if landing.is_empty() {
                continue;
            }
            let Sender { role_arn, ways } =
                senders.entry(place.account.clone()).or_insert_with(|| {
                    let wanted = role::forwards(blueprint, &self.names, place, hub, bus_arn);
                    let arn = format!(
                        "arn:{}:iam::{}:role/{}",
                        place.region.partition(),
                        place.account,
                        wanted.name
                    );
                    desired.roles.insert(place.account.clone(), wanted);
                    Sender { role_arn: arn.into(), ways: BTreeMap::new() }
                });
            let class: Vec<_> =
                landing.iter().map(|(index, _, events)| (*index, events.clone())).collect();
            let forwarding = self.forwarding(&mut known, class);
            self.add_forwarding(&forwarding, place, here, &to_hub, bus_arn, role_arn);
            for (index, group, events) in landing {
                let new = || {
                    let forwarded = forwarding.way(index);
                    let (rules, bus_arn) = (forwarded.rules.clone(), bus_arn.clone());
                    Arc::new(Way {
                        alert: ids[index].clone(),
                        raised: hub.clone(),
                        forward: Some(Forward { rules, bus_arn, role_arn: role_arn.clone() }),
                        rules: known.keys(index, group, &events),
                        events: forwarded.events.clone(),
                        destinations: group.destinations.clone(),
                    })
                };
                let way = ways.entry((Arc::as_ptr(&forwarding), index)).or_insert_with(new);
                let way = way.clone();
                desired.paths.push(AlertPath { lands: place.clone(), way });
            }
        }
        desired.places = places;
    }
}

/// The accounts that are covered, by the destinations that an alert notifies for them; without
/// those for which it notifies none.
fn by_destinations<'a>(
    blueprint: &'a Blueprint,
    alert: &'a Alert,
    scope: &Scope,
) -> BTreeMap<&'a [String], BTreeSet<AccountId>> {
    let mut groups: BTreeMap<&[String], BTreeSet<AccountId>> = BTreeMap::new();
    for account in scope.accounts.keys() {
        let destinations = blueprint.notify_in(alert, account);
        if !destinations.is_empty() {
            groups.entry(destinations).or_default().insert(account.clone());
        }
    }
    groups
}
