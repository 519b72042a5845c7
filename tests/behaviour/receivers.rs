//! Queues and functions that cannot receive are told before they are subscribed.

use crate::world::World;
use crate::world::blueprints::PLAIN;
use ctguard_core::resource::queue::Queue;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::state::{Denied, StoredFunction, StoredQueue};
use serde_json::json;

const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:siem";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:page";

fn world(subscriber: &str) -> World {
    let text = PLAIN
        .replace("regions: [us-east-1, eu-west-1]", "regions: [us-east-1]")
        .replace("{ email: secops@acme.example }", subscriber);
    World::with_trail(&text)
}

fn place() -> Place {
    let account = AccountId::new("111122223333").unwrap();
    Place::new(account, Region::new("us-east-1").unwrap())
}

/// A policy that lets SNS in.
fn open(action: &str, resource: &str) -> serde_json::Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": action, "Resource": resource,
    }] })
}

/// The first plan, and what verify says before and after an apply, have the same sentence.
fn told(world: &World, cause: &str, fix: &str) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plan = words(&world.run(&["plan"]).expect(0).out);
    assert!(plan.contains(cause) && plan.contains(fix), "{plan}");
    assert!(!plan.contains("gained"), "{plan}");
    let before = words(&world.run(&["verify"]).expect(3).out);
    assert!(before.contains(cause) && before.contains(fix), "{before}");
    world.run(&["apply", "--yes"]);
    let after = words(&world.run(&["verify"]).expect(3).out);
    assert!(after.contains(cause) && after.contains(fix), "{after}");
}

fn queue(world: &World, policy: Option<serde_json::Value>) {
    world.change(|state| {
        let queue = Queue { policy, message_retention_seconds: 3600, ..Queue::default() };
        let stored = StoredQueue { queue, ..StoredQueue::default() };
        state.region_mut(&place()).queues.insert("siem".to_owned(), stored);
    });
}

#[test]
fn a_queue_that_cannot_receive_is_told_in_the_first_plan() {
    let subscriber = format!("{{ sqs: \"{QUEUE}\" }}");
    let gone = world(&subscriber);
    told(
        &gone,
        "the queue does not exist",
        "Make the queue, with a policy that allows sns.amazonaws.com sqs:SendMessage",
    );
    let shut = world(&subscriber);
    queue(&shut, None);
    told(&shut, "the queue:", "Let the queue's policy allow sns.amazonaws.com sqs:SendMessage");
    let whole = world(&subscriber);
    queue(&whole, Some(open("sqs:SendMessage", QUEUE)));
    let plan = whole.run(&["plan"]).expect(0);
    let asked = plan.out.contains("Let the queue's policy allow");
    assert!(plan.out.contains("gained") && !asked, "{}", plan.out);
    whole.run(&["apply", "--yes"]).expect(0);
    whole.run(&["verify"]).expect(0);
}

#[test]
fn a_function_that_cannot_be_called_is_told_in_the_first_plan() {
    let subscriber = format!("{{ lambda: \"{FUNCTION}\" }}");
    let gone = world(&subscriber);
    told(&gone, "it does not exist, or has no policy", "allow sns.amazonaws.com");
    let whole = world(&subscriber);
    whole.change(|state| {
        let policy = Some(open("lambda:InvokeFunction", FUNCTION));
        let function = StoredFunction { policy, ..StoredFunction::default() };
        state.region_mut(&place()).functions.insert("page".to_owned(), function);
    });
    let plan = whole.run(&["plan"]).expect(0);
    assert!(plan.out.contains("gained"), "{}", plan.out);
}

#[test]
fn a_queue_that_cannot_be_read_is_said_to_be_unread() {
    let world = world(&format!("{{ sqs: \"{QUEUE}\" }}"));
    queue(&world, Some(open("sqs:SendMessage", QUEUE)));
    let denied = Denied { operation: "lambda:*".to_owned(), account: None, region: None };
    world.change(|state| state.denied.push(denied));
    world.run(&["plan"]).expect(0);
    world.run(&["sandbox", "break", "deny-calls", "sqs:GetQueueAttributes"]).expect(0);
    let plan = world.run(&["plan"]);
    assert!(plan.out.contains("sqs:GetQueueAttributes failed"), "{}", plan.out);
    assert!(!plan.out.contains("gained"), "{}", plan.out);
}
