//! A drill that is killed, at each call that changes something.

use super::hub::with_a_hub;
use super::{DRILLED, Sandboxed, drill, plain, standing};
use crate::world::World;
use ctguard::run::drill::{Pace, clean_up};
use ctguard_core::drill::Asked;
use ctguard_sandbox::State;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Drills everything with so many calls; how many calls that change something were made.
fn killed_after(world: &World, calls: usize) -> (State, usize) {
    let sandboxed = Sandboxed::of(&world.read("ctguard.yaml"), world.state());
    sandboxed.sandbox.stop_after(calls);
    sandboxed.drill(Asked::Alerts(&super::every_id()));
    let made = sandboxed.sandbox.calls().iter().filter(|call| call.mutating).count();
    (sandboxed.sandbox.state(), made)
}

fn is_left_as_it_was(world: &World, step: usize) {
    let state = world.state();
    let before = standing(&state);
    let (_, all) = killed_after(world, usize::MAX / 2);
    assert!(all > 40, "{all} calls");
    let (mut dirty, mut tried) = (0, 0);
    for calls in (0..=all).step_by(step) {
        let (left, _) = killed_after(world, calls);
        tried += 1;
        dirty += usize::from(standing(&left) != before);
        let next = Sandboxed::of(&world.read("ctguard.yaml"), left);
        let desired = &next.survey.desired;
        let places: BTreeSet<_> = desired.places.keys().cloned().collect();
        let cleaned = super::wait(clean_up(&next.sandbox, desired, &places, 4));
        assert!(cleaned.left.is_empty() && cleaned.unread.is_empty(), "{cleaned:?}");
        assert_eq!(standing(&next.sandbox.state()), before, "killed after {calls} calls");
    }
    assert!(dirty > tried / 2, "only {dirty} of {tried} kills left something behind");
    // The next drill removes it, too, and does its own work; so does `--clean-up`.
    for more in [&["--all-safe", "--yes"][..], &["--clean-up", "--yes"]] {
        let (left, _) = killed_after(world, all / 2);
        world.change(|state| *state = left);
        drill(world, more).expect(0);
        assert_eq!(standing(&world.state()), before);
        world.change(|now| *now = state.clone());
    }
}

#[test]
fn a_drill_that_is_killed_at_any_call_is_cleaned_up_by_the_next() {
    is_left_as_it_was(&plain(), 1);
}

#[test]
fn so_is_one_with_a_hub() {
    is_left_as_it_was(&with_a_hub(DRILLED), 3);
}

#[test]
fn the_next_apply_removes_what_a_killed_drill_has_left() {
    let world = plain();
    let state = world.state();
    let before = standing(&state);
    let (_, all) = killed_after(&world, usize::MAX / 2);
    for calls in (0..=all).step_by(11) {
        world.change(|now| *now = state.clone());
        let (left, _) = killed_after(&world, calls);
        world.change(|now| *now = left);
        world.run(&["apply", "--yes", "--allow-deletion"]).expect(0);
        let mut after = standing(&world.state());
        // Roles are not found by tag: they are left to the next drill.
        let roles = &mut after["accounts"]["111122223333"]["global"]["roles"];
        roles.as_object_mut().expect("roles").remove("ctguard-acme-drill");
        assert_eq!(after, before, "killed after {calls} calls");
    }
}

#[test]
fn a_drill_that_is_stopped_cleans_up_after_itself() {
    let world = plain();
    let before = standing(&world.state());
    let sandboxed = Sandboxed::of(&world.read("ctguard.yaml"), world.state());
    // As Ctrl-C, while it waits for rules to settle.
    let stop = AtomicBool::new(false);
    let long = Duration::from_secs(3_600);
    let pace = Pace { settle: long, poll: long, wait: long, since: None };
    let pressed = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.store(true, Ordering::Relaxed);
    };
    let work = async { futures::join!(sandboxed.run(Asked::Safe, pace, &stop), pressed).0 };
    let report = super::wait(work);
    assert!(report.interrupted && report.counts.received == 0, "{:?}", report.counts);
    assert_eq!(standing(&sandboxed.sandbox.state()), before);
}

#[test]
fn a_failed_call_leaves_nothing_behind_either() {
    let world = plain();
    let before = standing(&world.state());
    let (_, all) = killed_after(&world, usize::MAX / 2);
    for number in (1..=all).step_by(3) {
        let sandboxed = Sandboxed::of(&world.read("ctguard.yaml"), world.state());
        let error = ctguard_core::cloud::CloudError {
            operation: "sns:Publish".to_owned(),
            code: "AccessDenied".to_owned(),
            message: "no".to_owned(),
            request_id: None,
            kind: ctguard_core::cloud::CloudErrorKind::AccessDenied,
            cause: ctguard_core::cause::Cause::Unstated,
        };
        sandboxed.sandbox.fail_after(number, error);
        let report = sandboxed.drill(Asked::Alerts(&super::every_id()));
        let failed = report.calls.iter().any(|call| call.done == Some(false));
        assert!(failed, "call {number} did not fail");
        if standing(&sandboxed.sandbox.state()) != before {
            // What could not be removed is told.
            assert!(report.is_incomplete() && !report.left.is_empty(), "call {number}");
        }
    }
}
