//! One row per link of the way to a hub: break exactly that, and the proof says that code and nothing else.

mod bus;
mod role;
mod rules;

use super::fleet::*;
use crate::proof::{FixedBy, LinkCode, Report, Status, prove};
use crate::resource::bus::Bus;
use crate::resource::role::Role;
use crate::resource::rule::{Input, Rule, RuleState, Target};
use crate::snapshot::Live;
use crate::snapshot::{CloudErrorKind, LiveBus, LiveKey, LiveRole, LiveRule, Observed, Unreadable};
use serde_json::{Value, json};
use std::sync::Arc;

const FORWARD: &str = "ctguard-acme-forward-1";
const FORWARD_READS: &str = "ctguard-acme-forward-2";
const ROLE: &str = "ctguard-acme";

fn report(town: &Town, hurt: impl FnOnce(&mut Live)) -> Report {
    let desired = town.desired();
    let mut live = settled(&desired);
    hurt(&mut live);
    prove(&desired, &live).report(&desired)
}

/// What is said, as `status code object places`.
fn said(report: &Report) -> Vec<String> {
    let link = |link: &crate::proof::Finding| {
        assert!(!link.fix.is_empty(), "{} has no fix", link.code);
        let object = link.object.rsplit(':').next().unwrap_or_default();
        format!("{} {} {object} ×{}", link.status.as_str(), link.code, link.places.len())
    };
    let remark =
        |said: &crate::proof::RemarkGroup| format!("remark {} ×{}", said.code, said.places.len());
    report.links.iter().map(link).chain(report.remarks.iter().map(remark)).collect()
}

fn role(live: &mut Live, id: &str, change: impl FnOnce(&mut Role)) {
    let seen = live.accounts.get_mut(&account(id)).expect("the account");
    let Some(Observed::Known(LiveRole { role, .. })) = seen.roles.get_mut(ROLE) else {
        panic!("no role");
    };
    change(role);
}

fn bus(live: &mut Live, change: impl FnOnce(&mut LiveBus)) {
    let seen = live.places.get_mut(&place(HUB, "eu-west-1")).expect("the hub");
    let Some(Observed::Known(bus)) = seen.buses.get_mut(ROLE) else { panic!("no bus") };
    change(bus);
}

fn refused() -> Unreadable {
    Unreadable {
        operation: "sts:AssumeRole".to_owned(),
        code: "AccessDenied".to_owned(),
        message: "not authorized".to_owned(),
        kind: CloudErrorKind::AccessDenied,
        cause: crate::cause::Cause::default(),
    }
}

fn unread(live: &mut Live) {
    for (place, seen) in &mut live.places {
        if place.account.as_str() == SPOKE {
            seen.rules = Observed::Unreadable(refused());
            seen.trails = Observed::Unreadable(refused());
            seen.queues.values_mut().for_each(|queue| *queue = Observed::Unreadable(refused()));
        }
    }
    let account = live.accounts.get_mut(&account(SPOKE)).expect("the account");
    account.roles.values_mut().for_each(|role| *role = Observed::Unreadable(refused()));
}

/// What was done, and what is said of it.
type Row = (&'static str, fn(&mut Live), &'static [&'static str], FixedBy);

fn rows() -> Vec<Row> {
    use FixedBy::{Apply, Person};
    let all: Vec<Row> = vec![
        ("nothing", |_| {}, &[], Apply),
        (
            "an account that cannot be read",
            unread,
            &[
                "unknown trail-missing trail/* ×2",
                "unknown rule-missing rule/ctguard-acme-forward-1 ×2",
                "unknown rule-missing rule/ctguard-acme-forward-2 ×2",
                "unknown role-missing role/ctguard-acme ×1",
                "unknown dead-letters ctguard-acme-targets ×2",
            ],
            Person,
        ),
    ];
    [all, role::rows(), bus::rows(), rules::rows()].concat()
}

#[test]
fn each_broken_link_of_the_hop_is_named_alone() {
    let mut wrong = Vec::new();
    for (name, hurt, expected, fixed_by) in rows() {
        let report = report(&Town::default(), hurt);
        let now = said(&report);
        if now != expected {
            wrong.push(format!("after `{name}` it says {now:#?}, not {expected:#?}"));
        }
        let says: Vec<_> = report.links.iter().map(|link| link.fixed_by).collect();
        if says.iter().any(|says| *says != fixed_by) {
            wrong.push(format!("after `{name}` {says:?} should mend it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_the_hop_has_a_row() {
    let rows = rows();
    let said: Vec<&str> = rows.iter().flat_map(|row| row.2).copied().collect();
    for code in LinkCode::ALL.iter().filter(|code| code.is_hop()) {
        let code = format!(" {} ", code.as_str());
        assert!(said.iter().any(|text| text.contains(&code)), "no row breaks{code}");
    }
}

#[test]
fn an_organization_admits_whom_ctguard_found_in_it() {
    let many = Town { discovered: true, said: Some(ORGANIZATION.to_owned()), ..Town::default() };
    assert_eq!(said(&report(&many, |_| {})), [""; 0]);
    let on_trust = Town { said: Some(ORGANIZATION.to_owned()), ..Town::default() };
    let told = report(&on_trust, |_| {});
    assert_eq!(said(&told), ["assumed bus-policy-condition event-bus/ctguard-acme ×3"]);
    assert_eq!((told.counts.assumed, told.counts.proven), (13, 2));
}

#[test]
fn nothing_of_a_hubs_rule_is_said_of_the_default_bus() {
    let told = report(&Town::default(), |live| {
        let seen = live.places.get_mut(&place(HUB, "eu-west-1")).expect("the hub");
        seen.rules_on_bus = Some(300);
        bus(live, |bus| bus.rules = Observed::Known([].into()));
    });
    assert!(!told.links.is_empty());
    for link in &told.links {
        assert_eq!(link.code, LinkCode::RuleMissing);
        assert!(link.object.contains("rule/ctguard-acme/"), "{}", link.object);
        assert!(!link.cause.contains("default bus"), "{}", link.cause);
    }
}

#[test]
fn a_broken_object_of_the_hub_breaks_every_path_and_is_said_once() {
    let told = report(&Town::default(), |live| bus(live, |bus| bus.bus.policy = None));
    // The hub's own place needs no policy.
    let counts = (told.counts.broken, told.counts.proven);
    assert_eq!(counts, (13, 2), "{:#?}", told.counts);
    assert_eq!(told.links.len(), 1);
    assert_eq!(told.links[0].alerts.len(), 3);
    assert_eq!(told.links[0].object, BUS);
    assert!(!told.has(Status::Unknown));
}

#[test]
fn a_region_in_the_name_of_an_alert_is_not_the_places_own() {
    let alerts = "\n  - { id: root-us-east-1, title: Root, risk: high, why: Why., next: Next., events: [ec2:CreateRoute] }";
    let town = Town { hub: false, alerts: alerts.to_owned(), ..Town::default() };
    let told = report(&town, |live| {
        for seen in live.places.values_mut() {
            seen.rules = Observed::Known([].into());
        }
    });
    let objects: Vec<_> =
        told.links.iter().map(|link| (&*link.object, link.places.len())).collect();
    let rule = "arn:aws:events:{region}:{account}:rule/ctguard-acme-root-us-east-1";
    assert_eq!(objects, [(rule, 6)]);
}

#[test]
fn what_is_only_looked_at_is_not_reported() {
    use crate::desired::Narrow;
    let town = Town::default();
    let mut desired = town.desired();
    desired.narrow(&Narrow { accounts: [account(SPOKE)].into(), ..Narrow::default() });
    let mut live = settled(&desired);
    for (at, seen) in &mut live.places {
        for queue in seen.queues.values_mut() {
            let Observed::Known(queue) = queue else { continue };
            queue.messages = if at.account.as_str() == HUB { 3 } else { 0 };
        }
    }
    let told = prove(&desired, &live).report(&desired);
    assert_eq!(said(&told), [""; 0]);
    assert_eq!(told.accounts.len(), 1);
}
