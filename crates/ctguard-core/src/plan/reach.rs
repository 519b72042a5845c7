//! Whether what a live rule sends may reach somebody.
//!
//! A topic reaches somebody once one of its subscriptions is confirmed. What could not be read, or
//! was not read, may reach somebody, and so may a target that is neither a topic nor a bus. This is
//! asked before a removal: a wrong "no" loses an alert, a wrong "yes" only makes an apply wait or
//! ask.

use crate::mail::topic_of;
use crate::resource::machine::machine_name;
use crate::resource::rule::{Target, bus_of};
use crate::snapshot::{Live, LiveRule, LiveSubscription, LiveTopic, Observed, PlaceSnapshot};

/// Whether some target of a rule may reach somebody. Whether the rule is on is not asked.
pub(super) fn rule(live: &Live, seen: &PlaceSnapshot, rule: &LiveRule) -> bool {
    any_target(rule, |one| target(live, seen, one))
}

/// Whether what a target receives may reach somebody: through its topic, or over a bus.
pub(super) fn target(live: &Live, seen: &PlaceSnapshot, target: &Target) -> bool {
    let Some((place, bus)) = bus_of(target) else { return direct(seen, target) };
    let Some(there) = live.places.get(&place) else { return true };
    match there.rules_of(Some(bus)) {
        Observed::Absent => false,
        Observed::Unreadable(_) => true,
        // EventBridge allows no second hop: what is sent to a third bus is not delivered.
        Observed::Known(rules) => rules
            .values()
            .any(|rule| any_target(rule, |one| bus_of(one).is_none() && direct(there, one))),
    }
}

/// Whether somebody has confirmed a subscription of a topic, or may have.
pub(super) fn topic(topic: &LiveTopic) -> bool {
    match &topic.subscriptions {
        Observed::Known(seen) => {
            seen.values().any(|s| matches!(s, LiveSubscription::Confirmed { .. }))
        }
        Observed::Unreadable(_) => true,
        Observed::Absent => false,
    }
}

fn any_target(rule: &LiveRule, reaches: impl Fn(&Target) -> bool) -> bool {
    match &rule.targets {
        Observed::Known(targets) => targets.values().any(reaches),
        Observed::Unreadable(_) => true,
        Observed::Absent => false,
    }
}

/// Whether what a target receives reaches somebody through its topic: a state machine's is the one
/// that the input names, and one that cannot be told may reach somebody.
fn direct(seen: &PlaceSnapshot, target: &Target) -> bool {
    if machine_name(&target.arn).is_none() {
        return topic_at(seen, &target.arn);
    }
    let starts = match seen.machines.get(&target.arn) {
        Some(Observed::Known(machine)) => machine.is_active(),
        Some(Observed::Absent) => false,
        Some(Observed::Unreadable(_)) | None => true,
    };
    starts && topic_of(&target.input).is_none_or(|topic| topic_at(seen, &topic))
}

fn topic_at(seen: &PlaceSnapshot, arn: &str) -> bool {
    match seen.topics.get(arn) {
        Some(Observed::Known(known)) => topic(known),
        Some(Observed::Absent) => false,
        // A topic that only a removed alert named is not read, nor is a target of another kind.
        Some(Observed::Unreadable(_)) | None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::tests::fleet::*;
    use crate::scope::Place;
    use crate::snapshot::Unreadable;

    const RULE: &str = "ctguard-acme-route";
    const HUB_RULE: &str = "ctguard-acme/ctguard-acme-route";
    const FORWARD: &str = "ctguard-acme-forward-1";

    fn unreadable<T>() -> Observed<T> {
        let text = |text: &str| text.to_owned();
        Observed::Unreadable(Unreadable {
            operation: text("sns:GetTopicAttributes"),
            code: text("AccessDenied"),
            message: text("not authorized"),
            kind: crate::snapshot::CloudErrorKind::AccessDenied,
            cause: crate::cause::Cause::default(),
        })
    }

    /// Whether the rule of a place reaches somebody, after something was done to settled accounts.
    fn reached(hub: bool, at: &Place, key: &str, hurt: impl FnOnce(&mut PlaceSnapshot)) -> bool {
        let mut live = settled(&Town { hub, ..Town::default() }.desired());
        hurt(live.places.get_mut(&place(HUB, "eu-west-1")).expect("the hub"));
        let seen = &live.places[at];
        rule(&live, seen, seen.rule(&key.into()).expect("the rule"))
    }

    fn subscriptions(
        seen: &mut PlaceSnapshot,
        to: Observed<
            std::collections::BTreeMap<crate::resource::topic::Endpoint, LiveSubscription>,
        >,
    ) {
        for topic in seen.topics.values_mut() {
            let Observed::Known(topic) = topic else { panic!("no topic") };
            topic.subscriptions = to.clone();
        }
    }

    fn pending(seen: &mut PlaceSnapshot) {
        for topic in seen.topics.values_mut() {
            let Observed::Known(topic) = topic else { panic!("no topic") };
            let Observed::Known(all) = &mut topic.subscriptions else { panic!("none") };
            all.values_mut().for_each(|one| *one = LiveSubscription::Pending);
        }
    }

    type Row = (&'static str, fn(&mut PlaceSnapshot), bool);

    const TOPICS: [Row; 7] = [
        ("everybody has confirmed", |_| {}, true),
        ("nobody has confirmed", pending, false),
        ("nobody subscribes", |seen| subscriptions(seen, Observed::Absent), false),
        ("who subscribes cannot be read", |seen| subscriptions(seen, unreadable()), true),
        (
            "the topic is gone",
            |seen| seen.topics.values_mut().for_each(|topic| *topic = Observed::Absent),
            false,
        ),
        (
            "the topic cannot be read",
            |seen| seen.topics.values_mut().for_each(|topic| *topic = unreadable()),
            true,
        ),
        ("the topic was not read", |seen| seen.topics.clear(), true),
    ];

    #[test]
    fn what_cannot_be_read_may_reach_somebody() {
        for (what, hurt, wanted) in TOPICS {
            let at = place(HUB, "eu-west-1");
            assert_eq!(reached(false, &at, RULE, hurt), wanted, "{what}");
            assert_eq!(reached(true, &at, HUB_RULE, hurt), wanted, "{what}, on the hub");
            let spoke = place(SPOKE, "us-east-1");
            assert_eq!(reached(true, &spoke, FORWARD, hurt), wanted, "{what}, over the hub");
        }
    }

    #[test]
    fn targets_that_cannot_be_read_may_reach_somebody() {
        let at = place(HUB, "eu-west-1");
        for (targets, wanted) in [(unreadable(), true), (Observed::Absent, false)] {
            let hurt = |seen: &mut PlaceSnapshot| {
                let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
                rules.get_mut(RULE).expect("the rule").targets = targets;
            };
            assert_eq!(reached(false, &at, RULE, hurt), wanted);
        }
    }

    #[test]
    fn a_bus_that_cannot_be_looked_at_may_hand_on() {
        let spoke = place(SPOKE, "us-east-1");
        let over = |bus: Observed<crate::snapshot::LiveBus>| {
            reached(true, &spoke, FORWARD, |seen| {
                seen.buses.values_mut().for_each(|one| *one = bus.clone());
            })
        };
        assert!(over(unreadable()));
        assert!(!over(Observed::Absent));
        let mut live = settled(&Town::default().desired());
        live.places.remove(&place(HUB, "eu-west-1"));
        let seen = &live.places[&spoke];
        assert!(rule(&live, seen, seen.rule(&FORWARD.into()).expect("the rule")));
    }

    #[test]
    fn a_target_of_another_kind_may_reach_somebody() {
        let hurt = |seen: &mut PlaceSnapshot| {
            pending(seen);
            let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
            let rule = rules.get_mut(RULE).expect("the rule");
            let Observed::Known(targets) = &mut rule.targets else { panic!("no targets") };
            let target = targets.values_mut().next().expect("a target");
            target.arn = "arn:aws:lambda:eu-west-1:111111111111:function:page".to_owned();
        };
        assert!(reached(false, &place(HUB, "eu-west-1"), RULE, hurt));
    }
}
