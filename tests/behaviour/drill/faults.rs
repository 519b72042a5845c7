//! Each way to break alerting, and what a drill makes of it.

use super::hub::with_a_hub;
use super::{DRILLED, OTHERS, SAFE, Sandboxed, drill, plain};
use crate::world::World;
use Seen::{Incomplete, Missing, NotHere, Nothing};
use ctguard_core::drill::Asked;
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::faults::{Aim, Fault};
use std::collections::BTreeSet;

/// What a drill sees of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// A receipt is missing.
    Missing,
    /// Something could not be read or done.
    Incomplete,
    /// Nothing: the fault does not concern the way to the topic.
    Nothing,
    /// The world has nothing that this breaks.
    NotHere,
}

/// The fault, what it is aimed at with triggers and with stand-ins, and what is seen of it: without
/// a hub, with triggers and with stand-ins; the same with a hub.
type Row = (Fault, [&'static str; 2], [Seen; 4]);

const RULE: [&str; 2] = ["topics", "route"];
const TOPIC: [&str; 2] = ["mail", "mail"];
const ANY: [&str; 2] = ["", ""];

const ROWS: &[Row] = &[
    (Fault::StopTrail, ANY, [Missing; 4]),
    (Fault::DeleteTrail, ANY, [Missing; 4]),
    (Fault::NarrowSelectors, ANY, [Missing; 4]),
    // The events of a drill are not KMS's.
    (Fault::ExcludeKms, ANY, [Nothing; 4]),
    (Fault::SingleRegionTrail, ANY, [Missing; 4]),
    (Fault::DisableRule, RULE, [Missing; 4]),
    // No rule of these alerts is in the wider state.
    (Fault::EnableRulePlain, RULE, [NotHere; 4]),
    (Fault::DeleteRule, RULE, [Missing; 4]),
    // The own pattern of an alert is not tried where a rule stands in, and the report says so.
    (Fault::NarrowPattern, RULE, [Missing, Nothing, Missing, Nothing]),
    (Fault::DropTarget, RULE, [Missing; 4]),
    (Fault::Retarget, RULE, [Missing; 4]),
    (Fault::RewriteTopicPolicy, TOPIC, [Missing; 4]),
    (Fault::ConditionTopicPolicy, TOPIC, [Missing; 4]),
    (Fault::DenyTopic, TOPIC, [Missing; 4]),
    // The drill's queue cannot be subscribed to it.
    (Fault::DeleteTopic, TOPIC, [Incomplete; 4]),
    (Fault::DisableKey, ANY, [Missing; 4]),
    (Fault::DenyKey, ANY, [Missing; 4]),
    // One subscriber of several: a drill hears from the topic, and says that it does not know.
    (Fault::Unsubscribe, ANY, [Nothing; 4]),
    (Fault::FilterSubscription, ANY, [Nothing; 4]),
    (Fault::AddSubscriber, ANY, [Nothing; 4]),
    (Fault::FunctionPolicy, ANY, [NotHere; 4]),
    (Fault::DenyFunction, ANY, [NotHere; 4]),
    // Dead letters come only after a failure.
    (Fault::DeleteQueue, ANY, [Nothing; 4]),
    (Fault::QueuePolicy, ANY, [Nothing; 4]),
    (Fault::DenyQueue, ANY, [Nothing; 4]),
    // What CloudTrail writes to the bucket is not what it sends to EventBridge.
    (Fault::DeleteBucket, ANY, [Nothing; 4]),
    (Fault::DenyBucket, ANY, [Nothing; 4]),
    (Fault::ExpireLogs, ANY, [Nothing; 4]),
    // Without a hub, the role starts the state machine that writes mails, and no mail is of an alert
    // for which a rule stands in. With one, PutTargets refuses a target that is a bus where the role
    // may not send there or cannot be taken on: the rule that stands in is not made.
    (Fault::SwapRole, ANY, [Missing, Nothing, Missing, Incomplete]),
    (Fault::DeleteRole, ANY, [Missing, Nothing, Missing, Incomplete]),
    (Fault::ConditionTrust, ANY, [Missing, Nothing, Missing, Incomplete]),
    (Fault::RetargetRole, ANY, [Missing, Nothing, Missing, Missing]),
    (Fault::BoundRole, ANY, [Missing, Nothing, Missing, Missing]),
    (Fault::DenyRole, ANY, [Missing, Nothing, Missing, Missing]),
    (Fault::DeleteMachine, ANY, [Missing, Nothing, Missing, Nothing]),
    (Fault::ChangeDefinition, ANY, [Missing, Nothing, Missing, Nothing]),
    (Fault::EncryptMachine, ANY, [Missing, Nothing, Missing, Nothing]),
    (Fault::SwapMachineRole, ANY, [Missing, Nothing, Missing, Nothing]),
    (Fault::DeleteBus, ANY, [NotHere, NotHere, Missing, Missing]),
    (Fault::ShutBus, ANY, [NotHere, NotHere, Missing, Incomplete]),
    (Fault::ConditionBus, ANY, [NotHere, NotHere, Missing, Incomplete]),
    (Fault::DenyBus, ANY, [NotHere, NotHere, Missing, Incomplete]),
    (Fault::EncryptBus, ANY, [Missing; 4]),
    // These open something, or take ownership away; alerts go on.
    (Fault::AttachPolicy, ANY, [Nothing; 4]),
    (Fault::OpenBus, ANY, [NotHere, NotHere, Nothing, Nothing]),
    (Fault::CopyBus, ANY, [NotHere, NotHere, Nothing, Nothing]),
    (Fault::OpenTopic, ANY, [Nothing; 4]),
    (Fault::OpenQueue, ANY, [Nothing; 4]),
    (Fault::StripTags, ANY, [Nothing; 4]),
    // There is no organization's trail.
    (Fault::KeepFromMembers, ANY, [NotHere; 4]),
    (Fault::DistrustCloudtrail, ANY, [NotHere; 4]),
    // A drill looks for its objects by name.
    (Fault::LagTagSearch, ANY, [Nothing; 4]),
    (Fault::RequireTag, ANY, [Incomplete; 4]),
];

/// Faults of calls: with all of them gone, nothing can be read.
const CALLS: [Fault; 11] = [
    Fault::DenyCalls,
    Fault::DenyCallsByOrganization,
    Fault::ExpireCredentials,
    Fault::ThrottleCalls,
    Fault::CutOffCalls,
    Fault::TimeOutCalls,
    Fault::DisableRegion,
    Fault::LoseObjects,
    Fault::GarbleAnswers,
    Fault::RefuseAsTooLarge,
    Fault::FailCalls,
];

fn seen(world: &World, fault: Fault, name: &str, ids: &[&str]) -> Seen {
    let broken = Sandbox::in_memory(world.state());
    let aim = Aim { name: Some(name.to_owned()).filter(|name| !name.is_empty()), ..Aim::default() };
    if broken.inflict(fault, &aim).is_err() {
        return NotHere;
    }
    let ids: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let mut sandboxed = Sandboxed::of(&world.read("ctguard.yaml"), broken.state());
    // What keeps the messages from a topic would stop the drill before it begins.
    sandboxed.announce = false;
    let report = sandboxed.drill(Asked::Alerts(&ids));
    match (report.is_incomplete(), report.counts.missing) {
        (true, _) => Incomplete,
        (false, 0) => Nothing,
        (false, _) => Missing,
    }
}

#[test]
fn a_drill_fails_for_every_way_to_break_delivery() {
    let (plain, hub) = (plain(), with_a_hub(DRILLED));
    let safe = |world: &World| -> Vec<&str> {
        let keeps_a_trail = world.read("ctguard.yaml").contains("\ntrail:");
        SAFE.into_iter().filter(|id| keeps_a_trail || *id != "selectors").collect()
    };
    let mut wrong = Vec::new();
    for (fault, [trigger, stand_in], expected) in ROWS {
        let found = [
            seen(&plain, *fault, trigger, &safe(&plain)),
            seen(&plain, *fault, stand_in, &OTHERS),
            seen(&hub, *fault, trigger, &safe(&hub)),
            seen(&hub, *fault, stand_in, &OTHERS),
        ];
        if found != *expected {
            wrong.push(format!("{fault:?}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fault_has_a_row() {
    for fault in Fault::ALL {
        let rows = ROWS.iter().filter(|(of, ..)| *of == fault).count();
        let calls = CALLS.iter().filter(|of| **of == fault).count();
        assert_eq!(rows + calls, usize::from(fault != Fault::MendCalls), "{fault:?}");
    }
}

#[test]
fn a_drill_that_cannot_read_or_call_says_so() {
    let world = plain();
    let state = world.state();
    for fault in CALLS {
        world.change(|now| *now = state.clone());
        world.run(&["sandbox", "break", fault.as_str()]).expect(0);
        let ran = drill(&world, &["topics", "--yes"]);
        assert!([1, 4].contains(&ran.code), "{fault:?}: {}\n{}\n{}", ran.code, ran.out, ran.err);
    }
    // One call alone: what it is for is unknown, and never received.
    for (call, said) in [
        ("sqs:ReceiveMessage", "the drill's queue could not be read"),
        ("sns:Subscribe", "could not be subscribed"),
        ("sqs:CreateQueue", "could not be subscribed"),
        ("sns:CreateTopic", "the call that raises the event failed"),
        ("sns:Unsubscribe", "left behind"),
        ("sqs:DeleteQueue", "left behind"),
    ] {
        world.change(|now| *now = state.clone());
        world.run(&["sandbox", "break", "deny-calls", call]).expect(0);
        let ran = drill(&world, &["topics", "--yes"]).expect(4);
        assert!(ran.out.contains(said), "{call}: {}", ran.out);
    }
    world.change(|now| *now = state.clone());
    world.run(&["sandbox", "break", "deny-calls", "events:PutRule"]).expect(0);
    let ran = drill(&world, &["route", "--yes"]).expect(4);
    assert!(ran.out.contains("the rule that stands in could not be made"), "{}", ran.out);
}
