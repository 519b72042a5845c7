//! Which wave a change belongs to.

use super::super::order::{Wave, sort};
use super::super::{Change, Step, Verb};
use super::home;
use crate::resource::{Address, Kind};

fn change(action: Verb, kind: Kind, step: Option<Step>) -> Change {
    Change {
        address: Address::new(&home(), kind, "x"),
        action,
        reason: String::new(),
        alert: None,
        fields: Vec::new(),
        place: home(),
        calls: Vec::new(),
        needs: Vec::new(),
        step,
    }
}

const KINDS: [Kind; 10] = [
    Kind::Bucket,
    Kind::Trail,
    Kind::Role,
    Kind::Bus,
    Kind::Queue,
    Kind::Topic,
    Kind::Machine,
    Kind::Subscription,
    Kind::Rule,
    Kind::Target,
];

#[test]
fn what_is_sent_to_is_made_before_what_sends_and_goes_after_it() {
    // Each kind after those that it refers to.
    let refers = [
        (Kind::Trail, Kind::Bucket),
        (Kind::Topic, Kind::Queue),
        (Kind::Subscription, Kind::Topic),
        (Kind::Subscription, Kind::Queue),
        (Kind::Rule, Kind::Bus),
        (Kind::Target, Kind::Rule),
        (Kind::Target, Kind::Topic),
        (Kind::Target, Kind::Bus),
        (Kind::Target, Kind::Machine),
        (Kind::Machine, Kind::Role),
        (Kind::Machine, Kind::Queue),
        (Kind::Target, Kind::Role),
        (Kind::Target, Kind::Queue),
    ];
    for (from, to) in refers {
        let wave = |action, kind| Wave::of(&change(action, kind, None));
        for made in [Verb::Create, Verb::Update, Verb::Adopt] {
            assert!(wave(made, to) < wave(made, from), "{from} is made before {to}");
        }
        assert!(wave(Verb::Delete, from) < wave(Verb::Delete, to), "{to} goes before {from}");
    }
}

#[test]
fn everything_that_takes_away_comes_after_everything_that_adds() {
    for kind in KINDS {
        for (action, step, removes) in [
            (Verb::Create, None, false),
            (Verb::Adopt, None, false),
            (Verb::Update, None, false),
            (Verb::Update, Some(Step::First), false),
            (Verb::Delete, None, true),
        ] {
            assert_eq!(Wave::of(&change(action, kind, step)).removes(), removes, "{kind}");
        }
    }
    let narrows = Wave::of(&change(Verb::Update, Kind::Rule, Some(Step::Last)));
    assert_eq!(narrows, Wave::Narrow);
    assert!(narrows.removes() && narrows < Wave::RemoveTargets);
}

#[test]
fn changes_are_sorted_by_wave_then_by_address() {
    let mut changes: Vec<Change> = KINDS.map(|kind| change(Verb::Delete, kind, None)).into();
    changes.extend(KINDS.map(|kind| change(Verb::Create, kind, None)));
    sort(&mut changes);
    let made: Vec<(Verb, Kind)> = changes.iter().map(|c| (c.action, c.address.kind)).collect();
    // What is in no region comes first within a wave.
    let (permit, receive) = (
        [Kind::Bucket, Kind::Role, Kind::Queue],
        [Kind::Trail, Kind::Bus, Kind::Topic, Kind::Machine],
    );
    let create = [&permit[..], &receive, &[Kind::Subscription, Kind::Rule, Kind::Target]].concat();
    let delete = [&[Kind::Target, Kind::Subscription, Kind::Rule][..], &receive, &permit].concat();
    let create = create.iter().map(|kind| (Verb::Create, *kind));
    let delete = delete.iter().map(|kind| (Verb::Delete, *kind));
    assert_eq!(made, create.chain(delete).collect::<Vec<_>>());
}
