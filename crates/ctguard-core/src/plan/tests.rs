//! Plans for accounts made by hand, in which all but one thing is in sync.

mod defer;
mod difference;
mod order;
mod references;

use super::{Plan, Stage, Verb, WaitingFor, diff};
use crate::desired::Desired;
use crate::proof::tests::fleet::{HUB, Town, place, settled};
use crate::resource::topic::Topic;
use crate::scope::Place;
use crate::snapshot::PlaceSnapshot;
use crate::snapshot::{Live, LiveRule, LiveSubscription, LiveTopic, Observed, Unreadable};

/// One account in one region, without a hub.
fn one_place() -> Town {
    let (accounts, regions) = (vec![HUB.to_owned()], vec!["us-east-1".to_owned()]);
    Town { accounts, regions, hub: false, ..Town::default() }
}

fn home() -> Place {
    place(HUB, "us-east-1")
}

/// Accounts in which there is nothing to do.
fn in_sync(desired: &Desired) -> Live {
    let mut live = settled(desired);
    for (at, here) in &desired.places {
        for (name, wanted) in &here.topics {
            let seen = live.places.get_mut(at).expect("the place");
            let topic = seen.topics.get_mut(&at.arn("sns", name)).expect("the topic");
            let Observed::Known(LiveTopic { topic, .. }) = topic else { panic!("no topic") };
            *topic = Topic { display_name: Some(wanted.display_name.clone()), ..topic.clone() };
        }
    }
    live
}

/// What a plan says, one line each; `before` is done to the place first.
fn lines(before: impl FnOnce(&mut PlaceSnapshot)) -> Vec<String> {
    let desired = one_place().desired();
    let mut live = in_sync(&desired);
    before(live.places.get_mut(&home()).expect("the place"));
    said(&diff(&desired, &live, Stage::Planned))
}

fn said(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().map(|change| {
        let verb = match change.action {
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Adopt => "adopt",
            Verb::Delete => "delete",
        };
        format!("{verb} {} {}", change.address.kind, change.address.name)
    });
    let waiting = plan.waiting.iter().map(|waiting| {
        let what = match waiting.what {
            WaitingFor::Confirmation => "confirmation of",
            WaitingFor::ChatConfiguration => "chat configuration for",
            WaitingFor::Removal => "removal of",
        };
        format!("wait for {what} {} {}", waiting.address.kind, waiting.address.name)
    });
    let refusals = plan
        .refusals
        .iter()
        .map(|one| format!("refuse {} {}: {}", one.address.kind, one.address.name, one.reason));
    let unknown = plan.unknown.iter().map(|one| format!("unknown {}", one.part));
    changes.chain(waiting).chain(refusals).chain(unknown).collect()
}

fn unreadable<T>() -> Observed<T> {
    Observed::Unreadable(Unreadable {
        operation: "events:ListRules".to_owned(),
        code: "AccessDenied".to_owned(),
        message: "not authorized".to_owned(),
        kind: crate::snapshot::CloudErrorKind::AccessDenied,
        cause: crate::cause::Cause::default(),
    })
}

const RULE: &str = "ctguard-acme-route";

fn rule(seen: &mut PlaceSnapshot) -> &mut LiveRule {
    let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
    rules.get_mut(RULE).expect("the rule")
}

/// Adds a rule that the blueprint no longer has, for an alert of this name.
fn add_rule(seen: &mut PlaceSnapshot, name: &str, alert: &str) {
    let mut added = rule(seen).clone();
    if let Observed::Known(tags) = &mut added.tags {
        tags.insert(crate::resource::ALERT_TAG.to_owned(), alert.to_owned());
    }
    let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
    rules.insert(name.to_owned(), added);
}

fn topic(seen: &mut PlaceSnapshot) -> &mut LiveTopic {
    match seen.topics.values_mut().next() {
        Some(Observed::Known(topic)) => topic,
        _ => panic!("no topic"),
    }
}

/// Nobody has confirmed yet.
fn nobody_confirmed(seen: &mut PlaceSnapshot) {
    let Observed::Known(all) = &mut topic(seen).subscriptions else { panic!("none") };
    all.values_mut().for_each(|one| *one = LiveSubscription::Pending);
}
