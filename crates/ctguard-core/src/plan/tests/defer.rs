//! Removals go, or wait for what replaces them.

use super::*;

const OLD: &str = "ctguard-acme-old";
const GOES: [&str; 2] =
    ["delete target ctguard-acme-old/ctguard-acme-mail", "delete rule ctguard-acme-old"];
const WAITS: [&str; 2] = [
    "wait for removal of rule ctguard-acme-old",
    "wait for removal of target ctguard-acme-old/ctguard-acme-mail",
];

/// What becomes of a rule that is left over, besides what else the plan says.
fn of_old(stage: Stage, alert: &str, hurt: impl FnOnce(&mut PlaceSnapshot)) -> Vec<String> {
    let desired = one_place().desired();
    let mut live = in_sync(&desired);
    let seen = live.places.get_mut(&home()).expect("the place");
    add_rule(seen, OLD, alert);
    hurt(seen);
    let mut lines = said(&diff(&desired, &live, stage));
    lines.retain(|line| line.contains(OLD));
    lines
}

/// The rule that replaces it is off, which an apply fixes.
fn off(seen: &mut PlaceSnapshot) {
    let rule = std::sync::Arc::make_mut(&mut rule(seen).rule);
    rule.state = crate::resource::rule::RuleState::Disabled;
}

/// The rule that replaces it belongs to somebody else, which no apply fixes.
fn foreign(seen: &mut PlaceSnapshot) {
    off(seen);
    rule(seen).tags = Observed::Known(Default::default());
}

#[test]
fn a_removal_waits_until_its_replacement_hands_on() {
    type Row = (&'static str, Stage, &'static str, fn(&mut PlaceSnapshot), [&'static str; 2]);
    let rows: [Row; 7] = [
        ("replaced", Stage::Planned, "route", |_| {}, GOES),
        ("replaced, settled", Stage::Settled, "route", |_| {}, GOES),
        ("replaced by this apply", Stage::Planned, "route", off, GOES),
        ("not replaced yet, settled", Stage::Settled, "route", off, WAITS),
        ("cannot be replaced", Stage::Planned, "route", foreign, WAITS),
        ("another alert takes its events", Stage::Planned, "old", foreign, WAITS),
        (
            "nobody hears it",
            Stage::Planned,
            "route",
            |seen| {
                foreign(seen);
                nobody_confirmed(seen);
            },
            GOES,
        ),
    ];
    for (what, stage, alert, hurt, wanted) in rows {
        assert_eq!(of_old(stage, alert, hurt), wanted, "{what}");
    }
}

/// The old rule sends to a topic that only it has named: whether somebody hears it is not known.
#[test]
fn a_removal_waits_while_it_is_not_known_who_hears_it() {
    let to = |topic: Option<Observed<LiveTopic>>| {
        of_old(Stage::Planned, "route", |seen| {
            foreign(seen);
            let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
            let old = rules.get_mut(OLD).expect("the rule");
            let Observed::Known(targets) = &mut old.targets else { panic!("no targets") };
            let arn = "arn:aws:sns:us-east-1:111111111111:theirs".to_owned();
            targets.values_mut().for_each(|target| target.arn.clone_from(&arn));
            if let Some(topic) = topic {
                seen.topics.insert(arn, topic);
            }
        })
    };
    assert_eq!(to(None), WAITS, "not read");
    assert_eq!(to(Some(unreadable())), WAITS, "could not be read");
    assert_eq!(to(Some(Observed::Absent)), GOES, "gone");
}
