//! What is found of one thing that is not as it should be.

use super::*;
use crate::resource::rule::RuleState;
use crate::resource::{BLUEPRINT_TAG, Tags};
use std::sync::Arc;

type Row = (&'static str, fn(&mut PlaceSnapshot), &'static [&'static str]);

fn tagged(seen: &mut PlaceSnapshot, owner: Option<&str>) {
    let tags = owner.map(|name| (BLUEPRINT_TAG.to_owned(), name.to_owned()));
    rule(seen).tags = Observed::Known(tags.into_iter().collect());
}

const ROWS: &[Row] = &[
    ("nothing", |_| {}, &[]),
    (
        "the rule is gone",
        |seen| {
            let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
            rules.remove(RULE);
        },
        &["create rule ctguard-acme-route", "create target ctguard-acme-route/ctguard-acme-mail"],
    ),
    (
        "the rule is off",
        |seen| Arc::make_mut(&mut rule(seen).rule).state = RuleState::Disabled,
        &["update rule ctguard-acme-route"],
    ),
    (
        "the rule's target sends elsewhere",
        |seen| {
            let Observed::Known(targets) = &mut rule(seen).targets else { panic!("no targets") };
            let target = targets.values_mut().next().expect("a target");
            target.arn = "arn:aws:sns:us-east-1:111111111111:theirs".to_owned();
        },
        &["update target ctguard-acme-route/ctguard-acme-mail"],
    ),
    (
        "the rule has lost its tags",
        |seen| tagged(seen, None),
        &["refuse rule ctguard-acme-route: it does not carry the tag ctguard:blueprint=acme"],
    ),
    (
        "the rule is another blueprint's",
        |seen| tagged(seen, Some("other")),
        &["refuse rule ctguard-acme-route: it belongs to the blueprint `other`"],
    ),
    (
        "an own rule is left over",
        |seen| add_rule(seen, "ctguard-acme-old", "old"),
        &["delete target ctguard-acme-old/ctguard-acme-mail", "delete rule ctguard-acme-old"],
    ),
    (
        "somebody else's rule has the prefix",
        |seen| {
            add_rule(seen, "ctguard-acme-theirs", "old");
            let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
            rules.get_mut("ctguard-acme-theirs").expect("it").tags = Observed::Known(Tags::new());
        },
        &[],
    ),
    (
        "the topic has another sender's name",
        |seen| topic(seen).topic.display_name = Some("theirs".to_owned()),
        &["update topic ctguard-acme-mail"],
    ),
    (
        "nobody has confirmed",
        nobody_confirmed,
        &["wait for confirmation of subscription ctguard-acme-mail/email:a@acme.example"],
    ),
    (
        "nobody is subscribed",
        |seen| topic(seen).subscriptions = Observed::Known(Default::default()),
        &[
            "create subscription ctguard-acme-mail/email:a@acme.example",
            "wait for confirmation of subscription ctguard-acme-mail/email:a@acme.example",
        ],
    ),
];

#[test]
fn each_difference_is_one_change_a_refusal_or_a_wait() {
    for (what, hurt, wanted) in ROWS {
        assert_eq!(lines(hurt), *wanted, "{what}");
    }
}

/// What cannot be read, and what the plan says of it.
const UNREAD: &[Row] = &[
    ("the rules", |seen| seen.rules = unreadable(), &["unknown rules"]),
    (
        "a rule's targets",
        |seen| rule(seen).targets = unreadable(),
        &["unknown targets of rule ctguard-acme-route"],
    ),
    (
        "a rule's tags",
        |seen| rule(seen).tags = unreadable(),
        &["unknown tags of rule ctguard-acme-route"],
    ),
    (
        "the topic",
        |seen| seen.topics.values_mut().for_each(|topic| *topic = unreadable()),
        &["unknown topic ctguard-acme-mail"],
    ),
    (
        "who subscribes",
        |seen| topic(seen).subscriptions = unreadable(),
        &["unknown subscriptions of topic ctguard-acme-mail"],
    ),
    (
        "the queues",
        |seen| seen.queues.values_mut().for_each(|queue| *queue = unreadable()),
        &["unknown queue ctguard-acme-subscriptions", "unknown queue ctguard-acme-targets"],
    ),
];

/// Law 4 of the design: what could not be read is listed, is never "in sync", and nothing is done about it.
#[test]
fn law_4_unknown_is_a_result() {
    let desired = one_place().desired();
    let all = diff(&desired, &in_sync(&desired), Stage::Planned).in_sync;
    for (what, hurt, wanted) in UNREAD {
        let mut live = in_sync(&desired);
        hurt(live.places.get_mut(&home()).expect("the place"));
        let plan = diff(&desired, &live, Stage::Planned);
        assert_eq!(said(&plan), *wanted, "{what}");
        assert!(plan.in_sync < all, "{what}: what is unknown counts as in sync");
    }
    let plan = diff(&desired, &Live::default(), Stage::Planned);
    assert_eq!((said(&plan), plan.in_sync), (vec!["unknown the whole place".to_owned()], 0));
}
