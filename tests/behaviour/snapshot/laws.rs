//! What holds of every snapshot of every account.

use super::taken;
use crate::laws::{Choice, account, apply, blueprint, choice, confirm, survey_to_prove};
use crate::world::blueprints::keeping_a_trail;
use crate::world::{TODAY, World};
use ctguard::run::Survey;
use ctguard_core::blueprint::Blueprint;
use ctguard_core::cloud::recorded::Recorded;
use ctguard_core::cloud::recorder::Recorder;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::snapshot::file::Recording;
use ctguard_core::snapshot::{NOT_RECORDED, Observed};
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::faults::{Aim, Fault};
use ctguard_sandbox::fresh::AccountKind;
use proptest::prelude::*;
use std::cell::Cell;
use std::fmt::Debug;

/// An account in which a blueprint was applied and then broken.
fn lived_in(first: &Choice, faults: &[Fault]) -> Sandbox {
    let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
    apply(&sandbox, &blueprint(first));
    confirm(&sandbox);
    for fault in faults {
        // Not every fault has something to break in every account.
        let _ = sandbox.inflict(*fault, &Aim::default());
    }
    sandbox
}

fn recording(sandbox: &Sandbox, blueprint: &Blueprint) -> Recording {
    let recorder = Recorder::new(sandbox);
    let survey = survey_to_prove(&recorder, blueprint);
    recorder.finish(&blueprint.name, survey.caller, TODAY)
}

fn asked(recorded: &Recorded, blueprint: &Blueprint) -> Survey {
    survey_to_prove(recorded, blueprint)
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    proptest::collection::vec(proptest::sample::select(Fault::ALL.to_vec()), 0..4)
}

/// The file says the same, or that nobody looked.
fn true_or_unknown<T: PartialEq + Debug>(saved: &Observed<T>, live: Option<&Observed<T>>) -> bool {
    saved.unreadable().is_some_and(|why| why.code == NOT_RECORDED) || Some(saved) == live
}

fn all_true_or_unknown<T: PartialEq + Debug>(
    saved: &SmallMap<String, Observed<T>>,
    live: &SmallMap<String, Observed<T>>,
) -> bool {
    // Of what the account is not asked for, that it could not be read says nothing.
    let unknown = |name: &String, saved: &Observed<T>| {
        live.get(name).is_none() && saved.unreadable().is_some()
    };
    saved.iter().all(|(name, saved)| unknown(name, saved) || true_or_unknown(saved, live.get(name)))
        && live.iter().all(|(name, seen)| saved.contains_key(name) || *seen == Observed::Absent)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Written and read back, a recording is what it was, and asked the same it answers the same.
    #[test]
    fn a_snapshot_survives_its_file(first in choice(), second in choice(), faults in faults()) {
        let sandbox = lived_in(&first, &faults);
        let blueprint = blueprint(&second);
        let recording = recording(&sandbox, &blueprint);
        let mut bytes = Vec::new();
        recording.write(&mut bytes).unwrap();
        let back = Recording::read(&mut bytes.as_slice()).unwrap();
        prop_assert_eq!(&back, &recording);
        let (saved, live) = (asked(&Recorded::new(back), &blueprint), survey_to_prove(&sandbox, &blueprint));
        prop_assert_eq!(saved.live, live.live);
        prop_assert_eq!(saved.caller, live.caller);
    }

    /// Whatever blueprint a snapshot was taken for and whatever it is asked for later, it never says
    /// what is not so: each part is as the account has it, or not known.
    #[test]
    fn an_older_snapshot_never_contradicts_the_account(first in choice(), taken_for in choice(), asked_for in choice(), faults in faults()) {
        let sandbox = lived_in(&first, &faults);
        let recorded = Recorded::new(recording(&sandbox, &blueprint(&taken_for)));
        let later = blueprint(&asked_for);
        let (saved, live) = (asked(&recorded, &later).live, survey_to_prove(&sandbox, &later).live);
        prop_assert_eq!(saved.places.len(), live.places.len());
        for (place, saved) in &saved.places {
            let live = &live.places[place];
            prop_assert!(true_or_unknown(&saved.rules, Some(&live.rules)));
            prop_assert!(all_true_or_unknown(&saved.topics, &live.topics), "{:#?}\n{:#?}", saved.topics, live.topics);
            prop_assert!(all_true_or_unknown(&saved.queues, &live.queues), "{:#?}\n{:#?}", saved.queues, live.queues);
            prop_assert!(all_true_or_unknown(&saved.functions.clone().into(), &live.functions.clone().into()));
            // Nobody asks what was counted of rules that could not be read.
            for (name, saved) in &saved.signals {
                prop_assert!(true_or_unknown(saved, live.signals.get(name)), "{name}: {saved:#?}");
            }
            let (Some(saved), Some(live)) = (saved.trails.known(), live.trails.known()) else { continue };
            prop_assert!(saved.keys().eq(live.keys()));
            for (arn, saved) in saved {
                prop_assert!(true_or_unknown(&saved.tags, Some(&live[arn].tags)), "{:#?}\n{:#?}", saved, live[arn]);
            }
        }
        for (account, saved) in &saved.accounts {
            let live = &live.accounts[account];
            prop_assert!(all_true_or_unknown(&saved.buckets.clone().into(), &live.buckets.clone().into()));
        }
    }
}

/// A way to damage a file.
#[derive(Debug, Clone)]
enum Damage {
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Drop(prop::sample::Index),
    Double(prop::sample::Index),
    /// One word of the file in the place of another.
    Word(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        index().prop_map(Damage::Cut),
        index().prop_map(Damage::Drop),
        index().prop_map(Damage::Double),
        (index(), index()).prop_map(|(at, from)| Damage::Word(at, from)),
        (index(), index()).prop_map(|(at, from)| Damage::Word(at, from)),
    ]
}

fn damaged(whole: &str, damages: &[Damage]) -> Vec<u8> {
    let mut bytes = whole.as_bytes().to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        match damage {
            Damage::Byte(at, byte) => *at.get_mut(&mut bytes) = *byte,
            Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Damage::Drop(_) | Damage::Double(_) => {
                let mut lines: Vec<Vec<u8>> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                match damage {
                    Damage::Double(at) => lines.push(at.get(&lines).clone()),
                    Damage::Drop(at) => drop(lines.remove(at.index(lines.len()))),
                    _ => {}
                }
                bytes = lines.concat();
            }
            Damage::Word(at, from) => {
                let mut words: Vec<Vec<u8>> = bytes
                    .split_inclusive(|byte| b"\"".contains(byte))
                    .map(<[u8]>::to_vec)
                    .collect();
                let word = from.get(&words).clone();
                *at.get_mut(&mut words) = word;
                bytes = words.concat();
            }
        }
    }
    bytes
}

/// Whatever happens to a file, it is read or refused, and never ends the program.
#[test]
fn a_damaged_file_never_panics() {
    let world = World::settled(&keeping_a_trail());
    taken(&world, &[]).expect(0);
    let whole = world.read("live.json");
    let config =
        ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() };
    let read = Cell::new(0);
    proptest::test_runner::TestRunner::new(config)
        .run(&proptest::collection::vec(damage(), 1..3), |damages| {
            std::fs::write(world.path("live.json"), damaged(&whole, &damages)).unwrap();
            for args in [&["plan"][..], &["verify"], &["explain", "route"]] {
                let ran = world.offline(args);
                prop_assert!([0, 1, 3, 4, 5].contains(&ran.code), "{args:?}: {}", ran.seen());
                read.set(read.get() + usize::from(ran.code != 1));
                prop_assert_eq!(ran.code == 1, ran.out.is_empty(), "{}", ran.seen());
            }
            Ok(())
        })
        .unwrap();
    assert!(read.into_inner() > 5, "the law is about refusals alone");
}
