//! The same events reach the same people with a hub and without, and all the way from one to the other.

use super::{ALERTS, HUB, confirm_all, fleet, over_accounts, places, received, settle};
use crate::laws::{apply, plan, survey, wait};
use ctguard::run;
use ctguard::run::OutcomeKind;
use ctguard_core::action::Action;
use ctguard_core::blueprint::{Blueprint, Subscriber};
use ctguard_core::cloud::lookup::{Lookup, LookupPage};
use ctguard_core::cloud::{Cloud, CloudError, QueueMessage};
use ctguard_core::event::sample::Identity;
use ctguard_core::permissions::Permission;
use ctguard_core::plan::{Stage, diff};
use ctguard_core::proof::{LinkCode, Status, prove};
use ctguard_core::scope::{AccountId, Place};
use ctguard_core::snapshot::{AccountReads, OrganizationReads, ReadSet};
use ctguard_core::snapshot::{AccountSnapshot, Caller, Observed, Organization, PlaceSnapshot};
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::faults::{Aim, Fault};
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

const ELSEWHERE: &str = "hub: { account: \"222233334444\", region: eu-west-1 }\n";

#[test]
fn the_same_events_reach_the_same_people_with_a_hub_and_without() {
    let reached = |hub: &str| {
        let sandbox = Sandbox::in_memory(fleet());
        settle(&sandbox, &over_accounts(hub, ALERTS));
        received(&sandbox)
    };
    let alone = reached("");
    assert!(alone.len() > 30, "the law is empty: {alone:#?}");
    for hub in [HUB, ELSEWHERE] {
        let through = reached(hub);
        assert_eq!(alone, through, "{hub}");
    }
}

#[test]
fn what_reaches_people_over_the_hub_is_proven() {
    let sandbox = Sandbox::in_memory(fleet());
    let blueprint = over_accounts(HUB, ALERTS);
    settle(&sandbox, &blueprint);
    let survey = survey(&sandbox, &blueprint);
    let proof = prove(&survey.desired, &survey.live);
    let bad: Vec<_> = proof.paths.iter().filter(|path| path.status() > Status::Assumed).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(proof.paths.len() >= 18, "{}", proof.paths.len());
}

#[test]
fn a_hub_needs_one_confirmation_for_the_whole_fleet() {
    let pending = |hub: &str| {
        let sandbox = Sandbox::in_memory(fleet());
        apply(&sandbox, &over_accounts(hub, ALERTS));
        plan(&sandbox, &over_accounts(hub, ALERTS)).waiting.len()
    };
    assert_eq!(pending(HUB), 2, "one for each of two subscribers");
    assert!(pending("") > 9, "one for each of them in each place");
}

/// A sandbox that is looked at after every single call that changes it.
struct Watched<'a> {
    sandbox: &'a Sandbox,
    look: &'a (dyn Fn(&Sandbox, &Place, &Action) + Send + Sync),
}

impl Cloud for Watched<'_> {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, CloudError>> {
        self.sandbox.caller()
    }

    fn organization<'a>(
        &'a self,
        reads: &'a OrganizationReads,
    ) -> BoxFuture<'a, Observed<Organization>> {
        self.sandbox.organization(reads)
    }

    fn observe_account<'a>(
        &'a self,
        account: &'a AccountId,
        reads: &'a AccountReads,
    ) -> BoxFuture<'a, AccountSnapshot> {
        self.sandbox.observe_account(account, reads)
    }

    fn observe<'a>(&'a self, place: &'a Place, reads: &'a ReadSet) -> BoxFuture<'a, PlaceSnapshot> {
        self.sandbox.observe(place, reads)
    }

    fn perform<'a>(
        &'a self,
        place: &'a Place,
        action: &'a Action,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move {
            let done = self.sandbox.perform(place, action).await;
            (self.look)(self.sandbox, place, action);
            done
        })
    }

    fn secret<'a>(
        &'a self,
        reference: &'a ctguard_core::blueprint::SecretReference,
        region: Option<&'a ctguard_core::scope::Region>,
    ) -> BoxFuture<'a, Result<String, CloudError>> {
        self.sandbox.secret(reference, region)
    }

    fn receive<'a>(
        &'a self,
        place: &'a Place,
        queue: &'a str,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, CloudError>> {
        self.sandbox.receive(place, queue)
    }

    fn lookup<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a Lookup,
    ) -> BoxFuture<'a, Result<LookupPage, CloudError>> {
        self.sandbox.lookup(place, wanted)
    }

    fn lacking<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a BTreeSet<Permission>,
    ) -> BoxFuture<'a, Result<Vec<Permission>, CloudError>> {
        self.sandbox.lacking(place, wanted)
    }
}

/// Goes from one blueprint to another, and checks after every single call, and once everybody has confirmed after
/// every single removal, that everybody hears what they heard before.
fn moves_without_a_gap(from: &Blueprint, to: &Blueprint) {
    let sandbox = Sandbox::in_memory(fleet());
    settle(&sandbox, from);
    let before = received(&sandbox);
    let hears = |sandbox: &Sandbox, place: &Place, action: &Action| {
        let lost: Vec<_> = before.difference(&received(sandbox)).cloned().collect();
        assert!(lost.is_empty(), "after {action:?} in {place}, lost: {lost:#?}");
    };
    let watched = Watched { sandbox: &sandbox, look: &hears };
    let stop = AtomicBool::new(false);
    for stage in ["the move", "the removals"] {
        let survey = survey(&sandbox, to);
        let plan = diff(&survey.desired, &survey.live, Stage::Planned);
        sandbox.forget_calls();
        let applied = wait(run::apply(&watched, &survey.desired, &plan, 4, &stop, &|_| {}));
        assert_eq!(applied.count(OutcomeKind::Failed), 0, "{stage}: {:#?}", applied.outcomes);
        // What somebody confirmed before is taken up at once, and leaves nothing to remove later.
        let calls = sandbox.calls().iter().any(|call| call.mutating);
        assert!(calls || stage != "the move", "{stage} makes no call");
        confirm_all(&sandbox);
    }
    let end = plan(&sandbox, to);
    let left = (end.changes.len(), end.waiting.len(), end.refusals.len(), end.unknown.len());
    assert_eq!(left, (0, 0, 0, 0), "the move does not come to an end: {end:#?}");
}

#[test]
fn moving_to_a_hub() {
    moves_without_a_gap(&over_accounts("", ALERTS), &over_accounts(HUB, ALERTS));
}

#[test]
fn moving_away_from_a_hub() {
    moves_without_a_gap(&over_accounts(HUB, ALERTS), &over_accounts("", ALERTS));
}

#[test]
fn moving_the_hub() {
    moves_without_a_gap(&over_accounts(HUB, ALERTS), &over_accounts(ELSEWHERE, ALERTS));
}

#[test]
fn nothing_of_the_other_topology_is_left() {
    let sandbox = Sandbox::in_memory(fleet());
    settle(&sandbox, &over_accounts(HUB, ALERTS));
    settle(&sandbox, &over_accounts("", "  []"));
    let state = sandbox.state();
    for (id, account) in &state.accounts {
        assert!(account.global.roles.is_empty(), "{id} keeps a role");
        for (region, regional) in &account.regions {
            let left = (
                regional.rules.len(),
                regional.buses.len(),
                regional.topics.len(),
                regional.queues.len(),
            );
            assert_eq!(left, (0, 0, 0, 0), "{id}/{region}");
        }
    }
}

/// Alerts that share no event, so that no one is heard of through another.
const APART: &str = "  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute, ec2:ReplaceRoute], why: w, next: n }
  - { id: user, title: User, risk: medium, events: [iam:CreateUser], why: w, next: n }
  - { id: assume, title: Assume, risk: medium, events: [sts:AssumeRole], where: { userIdentity.type: [Root] }, why: w, next: n }
  - { id: stop, title: Stop, risk: critical, events: [cloudtrail:StopLogging], why: w, next: n }";

/// Holds every path's verdict against what the sandbox delivers of each of its events. Returns how many paths
/// were delivered whole, and how many were not.
fn agrees(sandbox: &Sandbox, blueprint: &Blueprint, what: &str, narrowed: bool) -> (usize, usize) {
    let survey = survey(sandbox, blueprint);
    let proof = prove(&survey.desired, &survey.live);
    let state = sandbox.state();
    let (mut whole, mut short) = (0, 0);
    for (path, proof) in survey.desired.paths.iter().zip(&proof.paths) {
        let delivered = path.events.iter().all(|event| {
            let service = event.source.split('.').next().unwrap();
            let event = super::event(&state, service, &event.name, &path.lands, Identity::Root);
            let received = sandbox.deliver(&event).received;
            path.destinations.iter().all(|destination| {
                destination.subscribers.iter().all(|subscriber| {
                    let Subscriber::Endpoint(endpoint) = subscriber else { return false };
                    received
                        .iter()
                        .any(|r| r.topic == destination.topic_arn && r.endpoint == *endpoint)
                })
            })
        });
        let agree = match proof.status() {
            Status::Proven => delivered,
            // It rests on what cannot be read, and says so: a boundary may well keep a role out.
            Status::Assumed => true,
            // A pattern that was narrowed may still match the one event that is sent here.
            Status::Unknown | Status::Broken => !delivered || narrowed,
        };
        assert!(
            agree,
            "{what}: {} in {} is {:?}, and {}: {:#?}",
            path.alert,
            path.lands,
            proof.status(),
            if delivered { "is delivered" } else { "is not delivered" },
            proof.links
        );
        if delivered { whole += 1 } else { short += 1 }
    }
    (whole, short)
}

/// The law of the proof, over the hop: proven is what the sandbox delivers, and the other way round, whatever
/// one fault breaks, wherever it is.
#[test]
fn proven_is_what_is_delivered_over_the_hop() {
    let blueprint = over_accounts(HUB, APART);
    let settled = Sandbox::in_memory(fleet());
    settle(&settled, &blueprint);
    let state = settled.state();
    assert_eq!(agrees(&settled, &blueprint, "nothing broken", false).1, 0);
    let (mut whole, mut short) = (0, 0);
    // What fails a call leaves delivery as it is, and is not known to be.
    for fault in Fault::ALL.into_iter().filter(|fault| !fault.is_about_calls()) {
        for place in places() {
            let sandbox = Sandbox::in_memory(state.clone());
            let aim = Aim {
                account: Some(place.account.clone()),
                region: Some(place.region.clone()),
                name: None,
            };
            // Not every place has something of every kind.
            if sandbox.inflict(fault, &aim).is_err() {
                continue;
            }
            let narrowed = fault == Fault::NarrowPattern;
            let what = format!("{} in {place}", fault.as_str());
            let (w, s) = agrees(&sandbox, &blueprint, &what, narrowed);
            whole += w;
            short += s;
        }
    }
    assert!(whole > 200 && short > 200, "{whole} whole and {short} short: the law is empty");
}

/// Each break of the way to the hub is named, healed by an apply where the object is ctguard's, and then nothing is
/// left of it.
#[test]
fn each_break_of_the_way_is_named_and_healed() {
    let blueprint = over_accounts(HUB, APART);
    let settled = Sandbox::in_memory(fleet());
    settle(&settled, &blueprint);
    let (state, before) = (settled.state(), received(&settled));
    for (fault, code, heals) in [
        (Fault::SwapRole, LinkCode::ForwardRole, true),
        (Fault::DeleteRole, LinkCode::RoleMissing, true),
        (Fault::ConditionTrust, LinkCode::RoleTrust, true),
        (Fault::RetargetRole, LinkCode::RolePolicy, true),
        (Fault::DeleteBus, LinkCode::BusMissing, true),
        (Fault::ShutBus, LinkCode::BusPolicy, true),
        (Fault::ConditionBus, LinkCode::BusPolicyCondition, true),
        (Fault::DenyBus, LinkCode::BusPolicyDeny, false),
        (Fault::BoundRole, LinkCode::RoleBoundary, false),
    ] {
        let sandbox = Sandbox::in_memory(state.clone());
        sandbox.inflict(fault, &Aim::default()).unwrap();
        let seen = survey(&sandbox, &blueprint);
        let report = prove(&seen.desired, &seen.live).report(&seen.desired);
        let broken: BTreeSet<_> = report
            .links
            .iter()
            .filter(|link| link.status >= Status::Assumed)
            .map(|link| link.code)
            .collect();
        assert!(broken.contains(&code), "{}: {broken:?}", fault.as_str());
        assert!(received(&sandbox).len() < before.len(), "{} breaks nothing", fault.as_str());
        apply(&sandbox, &blueprint);
        assert_eq!(received(&sandbox) == before, heals, "{} after an apply", fault.as_str());
    }
}
