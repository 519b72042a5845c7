//! Guards: what stops an apply until the user allows it.
//!
//! | guard | trips when |
//! |---|---|
//! | loses coverage | an event of an alert of high or critical risk that reaches somebody now will reach nobody |
//! | deletes much | more than 30 % of what is owned goes, from ten objects up; state machines and roles do not count where alerts go on without them |
//! | widens a policy | a policy that has statements of this blueprint lets in somebody whom its scope does not hold |
//! | shared trail | a foreign trail is taken over, or where an organization's trail writes to is changed |
//!
//! An event that another alert takes over is not lost, so a renamed alert trips nothing. An alert's
//! risk is the graver of what the live rule says and what the blueprint says; where neither says
//! it, it is taken for high.

mod coverage_loss;
mod grants;

use super::{Change, Guard, GuardKind, Plan, Verb, WaitingFor};
use crate::desired::Desired;
use crate::resource::{Address, Kind, Tags};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::Live;
use crate::snapshot::Observed;
use std::collections::{BTreeMap, BTreeSet};

/// The number of owned objects from which this guard applies.
const OWNED_MIN: usize = 10;

/// The share of them that may be removed without a flag, in percent.
const DELETED_MAX_PERCENT: usize = 30;

/// How many alerts or grants are named; the rest is counted.
const NAMED: usize = 5;

/// The guards that a plan trips.
pub(super) fn of(desired: &Desired, live: &Live, plan: &Plan) -> Vec<Guard> {
    let guards = [
        loses_coverage(desired, live, plan),
        deletes_much(desired, live, plan),
        widens_policy(desired, plan),
        shared_trail(live, plan),
    ];
    guards.into_iter().flatten().collect()
}

/// Rules that the plan writes or removes, now or once that leaves no gap.
fn touched(plan: &Plan) -> BTreeSet<&Address> {
    let changed = plan.changes.iter().filter(|change| change.action != Verb::Create);
    let waiting = plan.waiting.iter().filter(|waiting| waiting.what == WaitingFor::Removal);
    let all = changed.map(|change| &change.address).chain(waiting.map(|w| &w.address));
    all.filter(|address| address.kind == Kind::Rule).collect()
}

fn loses_coverage(desired: &Desired, live: &Live, plan: &Plan) -> Option<Guard> {
    let touched = touched(plan);
    if touched.is_empty() {
        return None;
    }
    let lost = coverage_loss::lost(desired, live, &touched);
    if lost.is_empty() {
        return None;
    }
    let said: Vec<String> = lost
        .iter()
        .map(|(alert, lost)| {
            let risk = lost.risk.map_or("of unknown risk", |risk| risk.as_str());
            let places = match lost.places.len() {
                1 => "1 place".to_owned(),
                many => format!("{many} places"),
            };
            let events: Vec<&str> = lost.events.iter().map(String::as_str).collect();
            format!("`{alert}` ({risk}) for {} in {places}", listed(&events))
        })
        .collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let objects: BTreeSet<&Address> = lost.values().flat_map(|lost| &lost.rules).collect();
    Some(Guard {
        kind: GuardKind::LosesCoverage,
        message: format!("{} would notify nobody.", listed(&said)),
        alerts: lost.keys().cloned().collect(),
        objects: objects.into_iter().cloned().collect(),
    })
}

fn deletes_much(desired: &Desired, live: &Live, plan: &Plan) -> Option<Guard> {
    let counts = |address: &Address| match address.kind {
        // What is taken over from others was never owned.
        Kind::Rule => {
            address.rule().is_some_and(|key| key.name().starts_with(desired.names.prefix()))
        }
        Kind::Topic | Kind::Queue | Kind::Bus | Kind::Machine => true,
        // One of a role's policies is a part of it.
        Kind::Role => address.role().is_some_and(|key| key.policy.is_none()),
        Kind::Bucket | Kind::Trail | Kind::Subscription | Kind::Target => false,
    };
    let deleted = plan.changes.iter().filter(|change| change.action == Verb::Delete);
    let waiting = plan.waiting.iter().filter(|waiting| waiting.what == WaitingFor::Removal);
    let objects: BTreeSet<&Address> = deleted
        .map(|change| &change.address)
        .chain(waiting.map(|waiting| &waiting.address))
        .filter(|address| counts(address))
        .collect();
    // What carried mails or events, and goes while their alerts are raised all the same, silences
    // nothing: the alerts go another way.
    let ways = StillRaised::of(desired);
    let (objects, replaced): (BTreeSet<&Address>, BTreeSet<&Address>) =
        objects.into_iter().partition(|address| !ways.outlives(address));
    let owned = if objects.is_empty() { 0 } else { owned(desired, live) };
    let owned = owned.saturating_sub(replaced.len());
    if owned < OWNED_MIN || objects.len() * 100 <= owned * DELETED_MAX_PERCENT {
        return None;
    }
    Some(Guard {
        kind: GuardKind::DeletesMuch,
        message: format!(
            "{} of the {owned} rules, topics, queues, buses, state machines and roles that the blueprint owns would be removed.",
            objects.len()
        ),
        alerts: Vec::new(),
        objects: objects.into_iter().cloned().collect(),
    })
}

/// Where the blueprint raises alerts once the plan is applied.
struct StillRaised<'a> {
    places: BTreeSet<(&'a AccountId, &'a Region)>,
    accounts: BTreeSet<&'a AccountId>,
}

impl<'a> StillRaised<'a> {
    fn of(desired: &'a Desired) -> Self {
        let raised = desired.paths.iter().map(|path| &path.raised);
        let at = |place: &'a Place| (&place.account, &place.region);
        let lands = desired.paths.iter().map(|path| &path.lands.account);
        let accounts = lands.chain(raised.clone().map(|place| &place.account)).collect();
        Self { places: raised.map(at).collect(), accounts }
    }

    /// Whether an object is only a way that alerts no longer take.
    fn outlives(&self, address: &Address) -> bool {
        match address.kind {
            Kind::Machine => self.places.contains(&(&address.account, &address.region)),
            Kind::Role => self.accounts.contains(&address.account),
            _ => false,
        }
    }
}

/// The number of objects with the blueprint's tag where the plan may make changes.
fn owned(desired: &Desired, live: &Live) -> usize {
    let ours = |tags: &Observed<Tags>| tags.name_owner(&desired.name);
    let here = desired.own_places().filter_map(|(place, _)| live.places.get(place));
    let regional = here.map(|seen| {
        let buses = seen.buses.values().filter_map(Observed::known).filter(|bus| ours(&bus.tags));
        let on_buses = buses.clone().filter_map(|bus| bus.rules.known());
        let rules = on_buses.chain(seen.rules.known()).flat_map(|rules| rules.values());
        let topics = seen.topics.values().filter_map(Observed::known);
        let queues = seen.queues.values().filter_map(Observed::known);
        let machines = seen.machines.values().filter_map(Observed::known);
        buses.count()
            + machines.filter(|machine| ours(&machine.tags)).count()
            + rules.filter(|rule| ours(&rule.tags)).count()
            + topics.filter(|topic| ours(&topic.tags)).count()
            + queues.filter(|queue| ours(&queue.tags)).count()
    });
    let accounts: BTreeSet<_> = desired.own_places().map(|(place, _)| &place.account).collect();
    let roles = accounts.into_iter().filter_map(|account| live.accounts.get(account));
    let roles = roles.flat_map(|account| account.roles.values()).filter_map(Observed::known);
    regional.sum::<usize>() + roles.filter(|role| ours(&role.tags)).count()
}

fn widens_policy(desired: &Desired, plan: &Plan) -> Option<Guard> {
    let mut objects = BTreeSet::new();
    let mut admitted: BTreeSet<String> = BTreeSet::new();
    for change in &plan.changes {
        let policies =
            change.fields.iter().filter(|field| ["policy", "trust"].contains(&field.path.as_str()));
        for field in policies {
            let (Some(before), Some(after)) = (&field.before, &field.after) else { continue };
            let more = grants::widened(desired, before, after);
            if !more.is_empty() {
                objects.insert(change.address.clone());
                admitted.extend(more);
            }
        }
    }
    if admitted.is_empty() {
        return None;
    }
    let admitted: Vec<&str> = admitted.iter().map(String::as_str).collect();
    Some(Guard {
        kind: GuardKind::WidensPolicy,
        message: format!(
            "A policy would let in {}, which the blueprint does not cover.",
            listed(&admitted)
        ),
        alerts: Vec::new(),
        objects: objects.into_iter().collect(),
    })
}

/// Readers in all accounts depend on what an organization's trail writes.
const WHERE_IT_WRITES: [&str; 4] = ["bucket", "kms_key", "organization", "multi_region"];

fn shared_trail(live: &Live, plan: &Plan) -> Option<Guard> {
    let shared = |change: &&Change| {
        change.address.kind == Kind::Trail
            && (change.action == Verb::Adopt
                || change.action == Verb::Update
                    && is_organizations(live, change)
                    && change.fields.iter().any(|f| WHERE_IT_WRITES.contains(&f.path.as_str())))
    };
    let objects: BTreeSet<&Address> =
        plan.changes.iter().filter(shared).map(|change| &change.address).collect();
    if objects.is_empty() {
        return None;
    }
    let names: Vec<&str> = objects.iter().map(|address| address.name.as_str()).collect();
    Some(Guard {
        kind: GuardKind::SharedTrail,
        message: format!("Others use the trail that would be changed: {}.", listed(&names)),
        alerts: Vec::new(),
        objects: objects.into_iter().cloned().collect(),
    })
}

fn is_organizations(live: &Live, change: &Change) -> bool {
    let trails = live.places.get(&change.place).and_then(|seen| seen.trails.known());
    let arn = change.place.arn("cloudtrail", &format!("trail/{}", change.address.name));
    trails.and_then(|trails| trails.get(&arn)).is_some_and(|trail| trail.trail.organization)
}

/// The first of them, and how many more there are.
fn listed(all: &[&str]) -> String {
    let mut shown: Vec<String> = all.iter().take(NAMED).map(|one| (*one).to_owned()).collect();
    if all.len() > NAMED {
        shown.push(format!("{} more", all.len() - NAMED));
    }
    shown.join(", ")
}

/// What is lost of one alert.
#[derive(Debug, Default)]
struct Lost {
    /// None when neither the live rule nor the blueprint says it.
    risk: Option<crate::blueprint::Risk>,
    /// As people write them.
    events: BTreeSet<String>,
    places: BTreeSet<crate::scope::Place>,
    rules: BTreeSet<Address>,
}

/// By alert.
type LostAlerts = BTreeMap<String, Lost>;
