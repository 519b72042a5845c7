//! Each cause of a failed call, on the sandbox: its sentence of docs/causes.md, and no other one's.

use crate::world::World;
use crate::world::blueprints::keeping_a_trail;
use ctguard_core::cause::remedy::Failed;
use ctguard_core::cause::{Cause, Denial, Obstacle, PolicyType};
use ctguard_core::scope::{AccountId, Place, Region};

const FAULTS: [(&str, Cause); 11] = [
    ("deny-calls", Cause::DENIED),
    (
        "deny-calls-by-organization",
        Cause::Denied(Denial { by: Some(PolicyType::ServiceControl), explicit: true }),
    ),
    ("expire-credentials", Cause::Expired),
    ("throttle-calls", Cause::Throttled),
    ("cut-off-calls", Cause::Unreachable(Obstacle::Connection)),
    ("time-out-calls", Cause::Unreachable(Obstacle::Timeout)),
    ("disable-region", Cause::NotEnabled),
    ("lose-objects", Cause::NotFound),
    ("garble-answers", Cause::Malformed),
    ("refuse-as-too-large", Cause::TooLarge),
    ("fail-calls", Cause::ServerError),
];

/// Calls of different services that a plan makes in each place.
const CALLS: [&str; 6] = [
    "events:ListRules",
    "events:ListTargetsByRule",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "sns:GetTopicAttributes",
    "sqs:GetQueueAttributes",
];

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_cause_prints_its_own_sentence_and_none_of_another() {
    let world = World::settled(&keeping_a_trail());
    let account = AccountId::new("111122223333").unwrap();
    let place = Place::new(account, Region::new("us-east-1").unwrap());
    for (fault, cause) in FAULTS {
        for operation in CALLS {
            let at = [operation, "--region", "us-east-1"];
            world.run(&[&["sandbox", "break", fault][..], &at].concat()).expect(0);
            let said = words(&world.run(&["plan"]).expect(4).out);
            let failed = Failed::at(operation, &place);
            let remedy = cause.remedy(failed);
            assert!(said.contains(&words(&remedy)), "{fault} {operation}: no {remedy}\n{said}");
            for (other, wrong) in FAULTS.iter().filter(|(_, other)| *other != cause) {
                let wrong = words(&wrong.remedy(failed));
                let part = words(&remedy).contains(&wrong);
                assert!(part || !said.contains(&wrong), "{fault} {operation}: {other}\n{said}");
            }
            world.run(&["sandbox", "break", "mend-calls"]).expect(0);
        }
    }
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

/// What changes something fails for the same causes.
#[test]
fn an_apply_tells_the_cause_of_a_call_that_failed() {
    for (fault, cause) in FAULTS {
        let world = World::bare(&keeping_a_trail());
        let operation = "sns:CreateTopic";
        let at = [operation, "--region", "eu-west-1"];
        world.run(&[&["sandbox", "break", fault][..], &at].concat()).expect(0);
        let said = words(&world.run(&["apply", "--yes"]).expect(4).out);
        let account = AccountId::new("111122223333").unwrap();
        let place = Place::new(account, Region::new("eu-west-1").unwrap());
        let remedy = cause.remedy(Failed::at(operation, &place));
        assert!(said.contains(&words(&remedy)), "{fault}: no {remedy}\n{said}");
        world.run(&["sandbox", "break", "mend-calls"]).expect(0);
        world.run(&["apply", "--yes"]).expect(0);
    }
}

#[test]
fn credentials_that_have_expired_are_no_missing_permission() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "expire-credentials"]).expect(0);
    let ran = world.run(&["verify"]).expect(4);
    assert!(ran.out.contains("sign in again"), "{}", ran.out);
    assert!(!ran.out.contains("Allow "), "{}", ran.out);
}
