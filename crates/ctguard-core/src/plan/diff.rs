//! Desired × live → the changes, place by place, with refusals, unknowns and warnings.

use super::defer::{Holder, Sight, Stage};
use super::draft::{Collected, Differ};
use super::outlook::PathForecast;
use super::{Change, Elsewhere, Plan, PlanScope, PlannedFrom, Undecided, Unknown, Verb, Warning};
use super::{effects, kinds, order, outlook, undecided, unfinished};
use crate::cause::Cause;
use crate::desired::{Desired, DesiredPlace};
use crate::proof;
use crate::proof::{FixedBy, LinkCode, Proof, Status};
use crate::resource::{Address, Kind};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{CloudErrorKind, Live, PlaceSnapshot, Unreadable};
use std::collections::{BTreeMap, BTreeSet};

/// Compares what should exist with what was observed. A place of the scope that was not observed at
/// all is unknown, never in sync.
pub fn diff(desired: &Desired, live: &Live, stage: Stage) -> Plan {
    let mut differ = Differ::new(desired, live);
    for (account, why) in &desired.unread {
        differ.unknown_in(account, "which regions are enabled, so the whole account", why);
    }
    kinds::bucket::diff(&mut differ);
    kinds::role::diff(&mut differ);
    for (place, here) in desired.own_places() {
        let Some(seen) = live.places.get(place) else {
            differ.unknown(place, "the whole place", &not_observed());
            continue;
        };
        compare_place(&mut differ, place, here, seen);
        unfinished::tell(&mut differ, place, here, seen);
    }
    let mut out = differ.out;
    let trails = out.refusals.iter().map(|refusal| &refusal.address);
    let trails = trails.filter(|address| !out.partly.contains(address));
    let trails: BTreeSet<(AccountId, Region)> = trails
        .filter(|address| address.kind == Kind::Trail)
        .map(|address| (address.account.clone(), address.region.clone()))
        .collect();
    // A bucket that no trail will write to is of no use.
    out.changes.retain(|change| {
        let place = (change.place.account.clone(), change.place.region.clone());
        !(change.address.kind == Kind::Bucket
            && change.action == Verb::Create
            && trails.contains(&place))
    });
    super::healing::leave_out(&mut out, desired, live, &trails);
    order::sort(&mut out.changes);
    out.waiting.sort();
    out.refusals.sort();
    out.unknown.sort();
    out.unknown.dedup();
    let partly = out.partly;
    let mut plan = Plan {
        ctguard_plan: super::FORMAT_VERSION,
        blueprint: PlannedFrom { name: desired.name.clone(), digest: None, resolved: None },
        as_of: desired.as_of,
        scope: scope(desired),
        intent: desired.intent.clone(),
        effects: Vec::new(),
        changes: out.changes,
        waiting: out.waiting,
        refusals: out.refusals,
        unknown: out.unknown,
        warnings: out.warnings,
        guards: Vec::new(),
        in_sync: out.in_sync,
        assumed: out.assumed,
        elsewhere: Vec::new(),
        undecided: Undecided::default(),
        fingerprints: Vec::new(),
        sha256: None,
    };
    let proof = proof::prove(desired, live);
    if !desired.intent.destroy {
        plan.assumed += unread_topics(&proof);
        plan.unknown.extend(unfinished::of_proof(&proof, &plan.unknown));
        plan.unknown.sort();
    }
    let refused = plan.refusals.iter().map(|refusal| &refusal.address).cloned();
    let refused = refused.filter(|address| !partly.contains(address));
    let held_back = kinds::trail::held_back(desired, live);
    let elsewhere = found_elsewhere(desired, live);
    let refused: Vec<Address> = refused.chain(refused_of(&elsewhere)).chain(held_back).collect();
    plan.elsewhere = counted(&elsewhere.changes);
    let forecasts = outlook::forecasts(desired, live, &proof, &refused);
    let is_part = desired.narrowed && stage == Stage::Planned;
    let leaves = is_part && plan.changes.iter().any(undecided::is_on_a_bus);
    let free = leaves.then(|| plan.clone());
    settle(desired, live, &forecasts, &mut plan, (stage, Sight::Part));
    // What other parts surely do in the hub counts here, too.
    let (going, sure): (Vec<&Change>, Vec<&Change>) =
        elsewhere.changes.iter().partition(|change| undecided::is_on_a_bus(change));
    let effects = |plan: &Plan, others: &[&Change]| {
        let changes = plan.changes.iter().chain(others.iter().copied());
        effects::of(desired, live, &forecasts, changes)
    };
    plan.effects = effects(&plan, &sure);
    if let Some(mut free) = free {
        settle(desired, live, &forecasts, &mut free, (stage, Sight::Whole));
        free.effects = effects(&free, &sure);
        plan.undecided = Undecided::between(&plan, &free);
    } else if is_part && !going.is_empty() {
        let others = elsewhere.changes.iter().collect::<Vec<_>>();
        plan.undecided = Undecided::of_effects(&plan, &effects(&plan, &others));
    }
    if is_part {
        let holder = Holder::new(desired, live, &forecasts, stage, Sight::Whole);
        plan.undecided.needed = undecided::needed(&holder, &elsewhere.changes);
    }
    if stage == Stage::Planned {
        plan.guards = super::guards::of(desired, live, &plan);
    }
    let begins = |change: &Change| {
        change.action == Verb::Create && matches!(change.address.kind, Kind::Role | Kind::Target)
    };
    let begins = plan.changes.iter().any(begins);
    let uncovered = uncovered(&proof, &plan.unknown, begins);
    // What a topic is refused for is told with it.
    let refused: Vec<_> =
        plan.refusals.iter().filter(|one| one.address.kind == Kind::Topic).collect();
    let told = |warning: &Warning| {
        refused.iter().any(|refusal| {
            let cause = refusal.reason.rsplit(": ").next().unwrap_or_default();
            warning.message.starts_with(cause)
        })
    };
    plan.warnings.extend(uncovered.into_iter().filter(|warning| !told(warning)));
    plan.warnings.sort();
    plan.warnings.dedup();
    plan
}

/// Compares everything that a place has, kind by kind.
fn compare_place(
    differ: &mut Differ<'_>,
    place: &Place,
    here: &DesiredPlace,
    seen: &PlaceSnapshot,
) {
    kinds::trail::diff(differ, place, here, seen);
    kinds::queue::diff(differ, place, here, seen);
    kinds::topic::diff(differ, place, here, seen);
    kinds::bus::diff(differ, place, here, seen);
    kinds::machine::diff(differ, place, here, seen);
    kinds::rule::diff(differ, place, here, seen);
    kinds::taken::diff(differ, place, here, seen);
}

/// How many topics of other accounts, and keys of theirs, could not be read and are taken on trust.
fn unread_topics(proof: &proof::Proof) -> usize {
    let links = proof.paths.iter().flat_map(|path| path.links.iter());
    let unread = links
        .filter(|link| link.code == LinkCode::TopicUnread && link.status == proof::Status::Assumed);
    unread.map(|link| &link.object).collect::<BTreeSet<_>>().len()
}

/// Holds back what must wait.
fn settle(
    desired: &Desired,
    live: &Live,
    forecasts: &[PathForecast],
    plan: &mut Plan,
    (stage, sight): (Stage, Sight),
) {
    super::defer::hold(desired, live, forecasts, plan, stage, sight);
    super::references::settle(desired, live, plan);
}

/// What would be changed and refused in the places that this part of the fleet only reads: its
/// alerts depend on them as they do in a plan of the whole.
fn found_elsewhere(desired: &Desired, live: &Live) -> Collected {
    let mut differ = Differ::new(desired, live);
    for place in &desired.context {
        if let (Some(here), Some(seen)) = (desired.places.get(place), live.places.get(place)) {
            compare_place(&mut differ, place, here, seen);
        }
    }
    differ.out
}

/// How much would change, by place.
fn counted(changes: &[Change]) -> Vec<Elsewhere> {
    let mut all: BTreeMap<&Place, usize> = BTreeMap::new();
    for change in changes {
        *all.entry(&change.place).or_default() += 1;
    }
    let one = |(place, changes): (&Place, usize)| Elsewhere { place: place.clone(), changes };
    all.into_iter().map(one).collect()
}

/// What was refused whole.
fn refused_of(found: &Collected) -> impl Iterator<Item = Address> {
    let refused = found.refusals.iter().map(|refusal| &refusal.address);
    refused.filter(|address| !found.partly.contains(*address)).cloned()
}

/// Warns of what keeps an alert silent and a plan cannot fix, before anything is applied. Pending
/// confirmations are in `waiting`, and what is in the way of a rule in `refusals`.
///
/// `begins`: something is sent that was not before, so what owners of topics must allow is said.
fn uncovered(proof: &Proof, unknown: &[Unknown], begins: bool) -> Vec<Warning> {
    // What rests on a failed read is among the unknown parts, with its cause.
    let read = |part: &Unknown| {
        format!("{} failed: {} ({})", part.why.operation, part.why.code, part.why.message)
    };
    let unknown: BTreeSet<String> = unknown.iter().map(read).collect();
    let said_elsewhere = |code| matches!(code, LinkCode::SubscriberPending | LinkCode::ChatMissing);
    proof
        .findings()
        .into_iter()
        .filter(|finding| {
            // Whoever owns a topic is told beforehand, though nobody may have to do anything.
            let by_person =
                finding.fixed_by == FixedBy::Person || finding.code == LinkCode::TopicUnread;
            by_person && !finding.alerts.is_empty()
        })
        .filter(|finding| finding.status != Status::Unknown || !unknown.contains(&finding.cause))
        .filter(|finding| {
            let broken = finding.status == Status::Broken;
            let trail = finding.code.is_trail() && finding.status >= Status::Unknown;
            let message = finding.code >= LinkCode::ForwardRole && !said_elsewhere(finding.code);
            let conditions = broken && finding.code == LinkCode::CannotFire;
            // Whether a queue or function takes what it is sent is asked before it is subscribed.
            let unread = finding.status == Status::Unknown && finding.code.is_receiver();
            let of_owner = begins && finding.code == LinkCode::TopicUnread;
            trail || conditions || unread || of_owner || broken && message
        })
        .map(|finding| {
            let object = match finding.code {
                LinkCode::TrailMissing => String::new(),
                _ => format!(" ({})", finding.object),
            };
            let message = format!("{}{object}. {}", finding.cause, finding.fix);
            Warning { message, per: finding.per, places: finding.places }
        })
        .collect()
}

fn scope(desired: &Desired) -> PlanScope {
    let places = || desired.own_places().map(|(place, _)| place);
    let unread = desired.unread.keys().cloned();
    let accounts: BTreeSet<_> = places().map(|place| place.account.clone()).chain(unread).collect();
    let regions: BTreeSet<_> = places().map(|place| place.region.clone()).collect();
    let name = |id: &AccountId| Some((id.clone(), desired.accounts.get(id)?.name.clone()?));
    PlanScope {
        names: accounts.iter().filter_map(name).collect(),
        accounts: accounts.into_iter().collect(),
        regions: regions.into_iter().collect(),
        excepted: desired.excepted.clone(),
        shard: None,
        only_accounts: Vec::new(),
        only_regions: Vec::new(),
        caller: None,
        sha256: None,
    }
}

fn not_observed() -> Unreadable {
    Unreadable {
        operation: "observe".to_owned(),
        code: "NotObserved".to_owned(),
        message: "the place was not read".to_owned(),
        kind: CloudErrorKind::Refused,
        cause: Cause::NotAsked,
    }
}
