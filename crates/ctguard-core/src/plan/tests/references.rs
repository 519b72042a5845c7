//! What is sent to stays until nothing sends to it.

use super::*;
use crate::resource::{Address, Kind};

const OLD: &str = "ctguard-acme-old";

/// Adds an own topic that the blueprint no longer has.
fn old_topic(seen: &mut PlaceSnapshot) {
    let mut old = topic(seen).clone();
    old.subscriptions = Observed::Known(Default::default());
    seen.topics.insert(home().arn("sns", OLD), Observed::Known(old));
}

/// Lets a rule send to it.
fn send_there(seen: &mut PlaceSnapshot, rule: &str) {
    let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
    let Observed::Known(targets) = &mut rules.get_mut(rule).expect("the rule").targets else {
        panic!("no targets")
    };
    let mut target = targets.values().next().expect("a target").clone();
    target.arn = home().arn("sns", OLD);
    targets.insert("old".to_owned(), target);
}

fn plan(hurt: impl FnOnce(&mut PlaceSnapshot)) -> Plan {
    let desired = one_place().desired();
    let mut live = in_sync(&desired);
    let seen = live.places.get_mut(&home()).expect("the place");
    old_topic(seen);
    hurt(seen);
    diff(&desired, &live, Stage::Planned)
}

#[test]
fn a_topic_goes_after_what_sends_to_it() {
    assert_eq!(said(&plan(|_| {})), ["delete topic ctguard-acme-old"]);
    let plan = plan(|seen| send_there(seen, RULE));
    let deleted = ["delete target ctguard-acme-route/old", "delete topic ctguard-acme-old"];
    assert_eq!(said(&plan), deleted);
    let target = Address::new(&home(), Kind::Target, "ctguard-acme-route/old");
    assert_eq!(plan.changes[1].needs, [target]);
}

#[test]
fn a_topic_stays_while_somebody_sends_to_it_or_may() {
    let theirs = |seen: &mut PlaceSnapshot| {
        add_rule(seen, "ctguard-acme-theirs", "old");
        let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
        let theirs = rules.get_mut("ctguard-acme-theirs").expect("it");
        theirs.tags = Observed::Known(Default::default());
        send_there(seen, "ctguard-acme-theirs");
    };
    let unread = |seen: &mut PlaceSnapshot| rule(seen).targets = unreadable();
    for (plan, why) in [
        (plan(theirs), "rule ctguard-acme-theirs still sends to it"),
        (plan(unread), "the targets of rule ctguard-acme-route could not be read"),
    ] {
        let waits: Vec<&str> = plan.waiting.iter().map(|one| one.message.as_str()).collect();
        let message = format!("The topic stays until nothing sends to it or through it: {why}.");
        assert_eq!(waits, [message]);
        assert!(plan.changes.is_empty());
    }
}
