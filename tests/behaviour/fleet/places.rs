//! One account failing never hides or stops the others; a fleet that grows is drift; a part of it can be taken.

use super::{ACCOUNTS, ALERTS, HUB, fleet, over_accounts, received, settle};
use crate::laws::{apply, plan, survey, wait};
use crate::world::TODAY;
use ctguard::run;
use ctguard::run::ProgressEvent;
use ctguard_core::desired::{Narrow, Shard};
use ctguard_core::plan::{Stage, diff};
use ctguard_core::resource::Kind;
use ctguard_core::scope::AccountId;
use ctguard_sandbox::fresh::organize;
use ctguard_sandbox::state::{Denied, MemberStatus};
use ctguard_sandbox::{Sandbox, State};
use std::collections::BTreeSet;

/// The same accounts after somebody changed them by hand.
fn changed(sandbox: &Sandbox, change: impl FnOnce(&mut State)) -> Sandbox {
    let mut state = sandbox.state();
    change(&mut state);
    Sandbox::in_memory(state)
}

fn denied(operation: &str, account: &str) -> Denied {
    Denied { operation: operation.into(), account: AccountId::new(account), region: None }
}

#[test]
fn an_account_that_cannot_be_read_hides_and_stops_no_other() {
    for hub in ["", HUB] {
        let mut state = fleet();
        state.denied.push(denied("*", ACCOUNTS[1]));
        let sandbox = Sandbox::in_memory(state);
        let blueprint = over_accounts(hub, ALERTS);
        let before = plan(&sandbox, &blueprint);
        let unread: BTreeSet<&str> =
            before.unknown.iter().map(|unknown| unknown.account.as_str()).collect();
        assert_eq!(unread, BTreeSet::from([ACCOUNTS[1]]), "{hub}");
        apply(&sandbox, &blueprint);
        super::confirm_all(&sandbox);
        let reached: BTreeSet<String> =
            received(&sandbox).into_iter().map(|(place, ..)| place).collect();
        let places = |account: &str| reached.iter().filter(|p| p.starts_with(account)).count();
        assert_eq!(
            (places(ACCOUNTS[0]), places(ACCOUNTS[1]), places(ACCOUNTS[2])),
            (2, 0, 2),
            "{hub}"
        );
        // Once it can be read, the same apply completes it.
        let sandbox = changed(&sandbox, |state| state.denied.clear());
        settle(&sandbox, &blueprint);
    }
}

#[test]
fn a_region_that_fails_every_call_hides_and_stops_no_other() {
    let mut state = fleet();
    let region = ctguard_core::scope::Region::new("eu-west-1");
    state.denied.push(Denied { operation: "*".into(), account: None, region });
    let sandbox = Sandbox::in_memory(state);
    let blueprint = over_accounts(HUB, ALERTS);
    let before = plan(&sandbox, &blueprint);
    assert!(before.unknown.iter().all(|unknown| unknown.region.as_str() == "eu-west-1"));
    assert_eq!(before.unknown.iter().map(|u| &u.account).collect::<BTreeSet<_>>().len(), 3);
    apply(&sandbox, &blueprint);
    super::confirm_all(&sandbox);
    let reached: BTreeSet<String> =
        received(&sandbox).into_iter().map(|(place, ..)| place).collect();
    let expected = ACCOUNTS.map(|account| format!("{account}/us-east-1"));
    assert_eq!(reached, expected.into());
}

#[test]
fn an_account_that_joins_the_organization_is_drift_and_a_suspended_one_is_left_out() {
    let text = super::text(HUB, ALERTS).replace(
        "  - { id: \"222233334444\", name: prod, role: ctguard }\n  - { id: \"333344445555\", name: test, role: ctguard }\n",
        "  - organization: { role: ctguard }\n",
    );
    let blueprint = crate::laws::read(&text);
    let mut state = fleet();
    organize(&mut state);
    let id = |text: &str| AccountId::new(text).unwrap();
    let status = |state: &mut State, account: &str, status: MemberStatus| {
        let organization = state.organization.as_mut().unwrap();
        organization.members.get_mut(&id(account)).unwrap().status = status;
    };
    status(&mut state, ACCOUNTS[2], MemberStatus::Suspended);
    let sandbox = Sandbox::in_memory(state);
    settle(&sandbox, &blueprint);
    let places = |sandbox: &Sandbox| survey(sandbox, &blueprint).desired.places.len();
    assert_eq!(places(&sandbox), 4, "a suspended account is left out");

    let joined = changed(&sandbox, |state| status(state, ACCOUNTS[2], MemberStatus::Active));
    let drift = plan(&joined, &blueprint);
    let hub = |change: &&ctguard_core::plan::Change| change.place.account.as_str() == ACCOUNTS[0];
    assert!(drift.changes.iter().any(|c| c.place.account.as_str() == ACCOUNTS[2]));
    assert!(drift.changes.iter().filter(hub).count() > 0, "the hub has to admit it");
    settle(&joined, &blueprint);
    let reached: BTreeSet<String> =
        received(&joined).into_iter().map(|(place, ..)| place).collect();
    assert_eq!(reached.len(), 6, "{reached:?}");
}

#[test]
fn each_account_that_is_found_and_entered_is_told_of() {
    let text = super::text(HUB, ALERTS)
        .replace(
            "  - { id: \"222233334444\", name: prod, role: ctguard }\n  - { id: \"333344445555\", name: test, role: ctguard }\n",
            "  - organization: { role: ctguard }\n",
        )
        .replace("regions: [us-east-1, eu-west-1]", "regions: enabled");
    let mut state = fleet();
    organize(&mut state);
    state.denied.push(denied("iam:GetRole", ACCOUNTS[2]));
    let sandbox = Sandbox::in_memory(state);
    let blueprint = crate::laws::read(&text);
    let heard = std::sync::Mutex::new(Vec::new());
    let listener = |event| heard.lock().unwrap().push(event);
    wait(run::survey(&sandbox, &blueprint, TODAY, &Narrow::default(), 4, &listener)).unwrap();
    let heard = heard.into_inner().unwrap();
    assert_eq!(
        heard[..2],
        [ProgressEvent::ListingAccounts, ProgressEvent::RegionsStarted { accounts: 3 }]
    );
    let entered =
        |event: &ProgressEvent| matches!(event, ProgressEvent::RegionsRead { complete: true, .. });
    assert!(heard[2..5].iter().all(entered), "{heard:?}");
    assert_eq!(heard[5], ProgressEvent::ObserveStarted { accounts: 3, places: 6 });
    for (account, complete) in ACCOUNTS.iter().zip([true, true, false]) {
        let account = AccountId::new(account).unwrap();
        let told = ProgressEvent::AccountObserved { account, complete };
        assert!(heard.contains(&told), "no {told:?} in {heard:?}");
    }
}

#[test]
fn a_new_region_is_drift() {
    let text =
        super::text(HUB, ALERTS).replace("regions: [us-east-1, eu-west-1]", "regions: enabled");
    let blueprint = crate::laws::read(&text);
    let sandbox = Sandbox::in_memory(fleet());
    settle(&sandbox, &blueprint);
    let sandbox = changed(&sandbox, |state| {
        let account = state.accounts.get_mut(&AccountId::new(ACCOUNTS[2]).unwrap()).unwrap();
        account
            .global
            .enabled_regions
            .insert(ctguard_core::scope::Region::new("ap-south-1").unwrap());
    });
    let drift = plan(&sandbox, &blueprint);
    assert!(!drift.is_empty());
    assert!(drift.changes.iter().all(|c| c.place.region.as_str() == "ap-south-1"), "{drift:#?}");
}

/// What a plan would do, told apart by address.
fn changes(sandbox: &Sandbox, narrow: &Narrow, hub: &str) -> BTreeSet<String> {
    let blueprint = over_accounts(hub, ALERTS);
    let survey = wait(run::survey(sandbox, &blueprint, TODAY, narrow, 4, &|_| {})).unwrap();
    let plan = diff(&survey.desired, &survey.live, Stage::Planned);
    plan.changes.iter().map(|change| change.address.to_string()).collect()
}

#[test]
fn shards_share_out_all_that_there_is_to_do() {
    for hub in ["", HUB] {
        let sandbox = Sandbox::in_memory(fleet());
        let whole = changes(&sandbox, &Narrow::default(), hub);
        let mut parts = Vec::new();
        for number in 1..=3 {
            let shard = Some(Shard { number, of: 3 });
            parts.extend(changes(&sandbox, &Narrow { shard, ..Narrow::default() }, hub));
        }
        assert_eq!(parts.len(), whole.len(), "a change is in two shards, or in none");
        assert_eq!(parts.into_iter().collect::<BTreeSet<_>>(), whole);
    }
}

#[test]
fn a_narrowed_apply_takes_nothing_away_that_other_places_need() {
    let sandbox = Sandbox::in_memory(fleet());
    settle(&sandbox, &over_accounts(HUB, ALERTS));
    let before = received(&sandbox);
    let alone = over_accounts("", ALERTS);
    for account in ACCOUNTS {
        let narrow =
            Narrow { accounts: [AccountId::new(account).unwrap()].into(), ..Narrow::default() };
        for _ in 0..2 {
            let survey = wait(run::survey(&sandbox, &alone, TODAY, &narrow, 4, &|_| {})).unwrap();
            let plan = diff(&survey.desired, &survey.live, Stage::Planned);
            let stop = std::sync::atomic::AtomicBool::new(false);
            wait(run::apply(&sandbox, &survey.desired, &plan, 4, &stop, &|_| {}));
            super::confirm_all(&sandbox);
            let lost: Vec<_> = before.difference(&received(&sandbox)).cloned().collect();
            assert!(lost.is_empty(), "{account}: {lost:#?}");
        }
    }
    settle(&sandbox, &alone);
    assert_eq!(before, received(&sandbox));
}

#[test]
fn an_account_that_leaves_an_alert_out_does_not_raise_it() {
    let text = super::text(HUB, ALERTS).replace(
        "name: test, role: ctguard",
        "name: test, role: ctguard, omit: [route], routes: { medium: [mail] }",
    );
    let without = super::text("", ALERTS).replace(
        "name: test, role: ctguard",
        "name: test, role: ctguard, omit: [route], routes: { medium: [mail] }",
    );
    let reached = |text: &str| {
        let sandbox = Sandbox::in_memory(fleet());
        settle(&sandbox, &crate::laws::read(text));
        received(&sandbox)
    };
    let (hub, alone) = (reached(&text), reached(&without));
    assert_eq!(hub, alone);
    let of = |account: &str, event: &str| {
        hub.iter()
            .filter(|(place, what, _)| place.starts_with(account) && what.contains(event))
            .map(|(.., to)| to.split(':').next().unwrap_or_default().to_owned())
            .collect::<BTreeSet<String>>()
    };
    assert!(of(ACCOUNTS[2], "CreateRoute").is_empty());
    assert_eq!(of(ACCOUNTS[2], "CreateUser"), ["email".to_owned()].into());
    assert_eq!(of(ACCOUNTS[1], "CreateUser"), ["https".to_owned()].into());
    let rules = survey(&Sandbox::in_memory(fleet()), &crate::laws::read(&text)).desired;
    assert!(rules.places.values().all(|here| here.rules.len() < 15));
}

#[test]
fn a_fleet_without_a_hub_makes_no_role_and_no_bus() {
    let sandbox = Sandbox::in_memory(fleet());
    let plan = plan(&sandbox, &over_accounts("", ALERTS));
    assert!(plan.changes.iter().all(|c| !matches!(c.address.kind, Kind::Role | Kind::Bus)));
}

#[test]
fn conditions_share_forwarding_rules_as_long_as_these_hold_them() {
    let desired = survey(&Sandbox::in_memory(fleet()), &over_accounts(HUB, ALERTS)).desired;
    for (place, here) in &desired.places {
        let forwarding =
            here.rules.keys().filter(|key| desired.names.is_forward(key.name())).count();
        // What only the wider state is given, here one event, is kept apart.
        assert_eq!(forwarding, 2, "every rule more is a call more in {place}");
    }
}
