//! Many accounts and one hub: what reaches whom, and that moving between the two topologies never drops it.

mod hop;
mod once;
mod places;
mod shards;

use crate::laws::{apply, plan, read};
use ctguard_core::blueprint::Blueprint;
use ctguard_core::event::sample::{Identity, Sample, sample_event};
use ctguard_core::event::{Access, EventKind};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::fresh::{AccountKind, new_account};
use ctguard_sandbox::people::ConfirmFilter;
use ctguard_sandbox::{Sandbox, State};
use serde_json::Value;
use std::collections::BTreeSet;

pub const ACCOUNTS: [&str; 3] = ["111122223333", "222233334444", "333344445555"];
pub const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Three accounts in one file, each with a trail; the first is the caller's.
pub fn fleet() -> State {
    let regions = REGIONS.map(|name| Region::new(name).unwrap());
    let mut states = ACCOUNTS
        .iter()
        .map(|id| new_account(AccountKind::WithTrail, &AccountId::new(id).unwrap(), &regions));
    let mut state = states.next().unwrap();
    for other in states {
        state.accounts.extend(other.accounts);
    }
    state
}

/// A blueprint over the three accounts. `hub` is empty or a `hub:` line.
pub fn over_accounts(hub: &str, alerts: &str) -> Blueprint {
    read(&text(hub, alerts))
}

pub fn text(hub: &str, alerts: &str) -> String {
    format!(
        "version: 1\nname: acme\naccounts:\n  - {{ id: \"111122223333\", name: security }}\n  - {{ id: \"222233334444\", name: prod, role: ctguard }}\n  - {{ id: \"333344445555\", name: test, role: ctguard }}\nregions: [us-east-1, eu-west-1]\n{hub}destinations:\n  mail: {{ topic: mail, format: text, subscribers: [{{ email: a@acme.example }}] }}\n  hook: {{ topic: hook, format: json, subscribers: [{{ https: \"https://hooks.acme.example/in\" }}] }}\nroutes: {{ critical: [mail, hook], high: [mail], medium: [hook] }}\nalerts:\n{alerts}\n"
    )
}

pub const HUB: &str = "hub: { account: \"111122223333\", region: us-east-1 }\n";

/// Writes and reads, regional and global, plain and under a condition; one event in two alerts.
pub const ALERTS: &str = "  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute, ec2:ReplaceRoute], why: w, next: n }
  - { id: replaced, title: Replaced, risk: critical, events: [ec2:ReplaceRoute], outcome: success, why: w, next: n }
  - { id: user, title: User, risk: medium, events: [iam:CreateUser], why: w, next: n }
  - { id: assume, title: Assume, risk: medium, events: [sts:AssumeRole], where: { userIdentity.type: [Root] }, why: w, next: n }
  - { id: stop, title: Stop, risk: critical, events: [cloudtrail:StopLogging], except: [{ where: { userIdentity.arn: [\"arn:aws:iam::222233334444:user/break-glass\"] }, reason: drills }], why: w, next: n }";

pub fn place(account: &str, region: &str) -> Place {
    Place::new(AccountId::new(account).unwrap(), Region::new(region).unwrap())
}

pub fn places() -> impl Iterator<Item = Place> {
    ACCOUNTS.iter().flat_map(|account| REGIONS.iter().map(|region| place(account, region)))
}

/// An event as it happens in a place.
pub fn event(state: &State, service: &str, name: &str, place: &Place, identity: Identity) -> Value {
    let read_only = name == "AssumeRole";
    sample_event(&Sample {
        source: format!("{service}.amazonaws.com"),
        name: name.into(),
        kind: EventKind::Api,
        access: if read_only { Access::Read } else { Access::Write },
        place: place.clone(),
        identity,
        time: state.clock,
        detail: Value::Null,
    })
}

/// Whoever did it: somebody, root, and the one who is excepted.
pub fn events(state: &State, place: &Place) -> Vec<Value> {
    let calls = [
        ("ec2", "CreateRoute"),
        ("ec2", "ReplaceRoute"),
        ("iam", "CreateUser"),
        ("sts", "AssumeRole"),
        ("cloudtrail", "StopLogging"),
        ("ec2", "DescribeRouteTables"),
    ];
    let who = |name: &str| match name {
        "AssumeRole" => vec![Identity::Root, Identity::User("mallory".into())],
        "StopLogging" => {
            vec![Identity::User("mallory".into()), Identity::User("break-glass".into())]
        }
        _ => vec![Identity::User("mallory".into())],
    };
    calls
        .iter()
        .flat_map(|(service, name)| {
            who(name).into_iter().map(|who| event(state, service, name, place, who))
        })
        .collect()
}

/// Everything that anybody receives, for every event in every place.
pub fn received(sandbox: &Sandbox) -> BTreeSet<(String, String, String)> {
    let state = sandbox.state();
    let mut all = BTreeSet::new();
    for place in places() {
        for event in events(&state, &place) {
            let what = format!(
                "{} by {}",
                event["detail"]["eventName"], event["detail"]["userIdentity"]["arn"]
            );
            for received in sandbox.deliver(&event).received {
                all.insert((place.to_string(), what.clone(), received.endpoint.to_string()));
            }
        }
    }
    all
}

pub fn confirm_all(sandbox: &Sandbox) {
    sandbox.confirm(&ConfirmFilter::default()).unwrap();
}

/// Applies a blueprint, everybody confirms, and it is applied to its end.
pub fn settle(sandbox: &Sandbox, blueprint: &Blueprint) {
    apply(sandbox, blueprint);
    confirm_all(sandbox);
    apply(sandbox, blueprint);
    let end = plan(sandbox, blueprint);
    let left = (end.changes.len(), end.waiting.len(), end.refusals.len(), end.unknown.len());
    assert_eq!(left, (0, 0, 0, 0), "it does not come to an end: {end:#?}");
}
