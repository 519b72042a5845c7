//! Everything that can be wrong with one link, done to the account's file by hand.

mod files;
mod machines;
mod receivers;
mod rules;
mod topics;
mod trails;

use super::hands::{hide, metrics};
use ctguard_core::scope::Place;
use ctguard_sandbox::State;
use ctguard_sandbox::state::{Denied, StoredQueue};
use std::sync::LazyLock;

/// Does it in a place, to the object that `pick` chooses among those that are there.
pub type Wound = fn(&mut State, &Place, usize);

/// By name, so that a failing case says what was done.
pub static WOUNDS: LazyLock<Vec<(&str, Wound)>> = LazyLock::new(|| {
    [
        trails::WOUNDS,
        rules::WOUNDS,
        topics::WOUNDS,
        receivers::WOUNDS,
        SIGNALS,
        files::WOUNDS,
        machines::WOUNDS,
        UNREAD,
    ]
    .concat()
});

/// What AWS counted of the past.
const SIGNALS: &[(&str, Wound)] = &[
    ("a dead letter waits", |s, at, _| {
        if let Some(queue) = s.region_mut(at).queues.get_mut("ctguard-acme-targets") {
            let queue: &mut StoredQueue = queue;
            queue.messages = 3;
        }
    }),
    ("an invocation failed", |s, at, pick| metrics(s, at, pick, |m| m.failed = 2)),
    ("a dead letter was refused", |s, at, pick| metrics(s, at, pick, |m| m.failed_to_dlq = 1)),
    ("the rule never fired", |s, at, pick| {
        s.region_mut(at).queues.values_mut().for_each(|queue| queue.created = None);
        metrics(s, at, pick, |m| m.triggered = 0);
    }),
    ("nothing that was counted can be read", |s, at, _| {
        s.denied.push(Denied {
            operation: "cloudwatch:*".into(),
            account: None,
            region: Some(at.region.clone()),
        });
    }),
];

const UNREAD: &[(&str, Wound)] = &[
    ("machines cannot be read", |s, _, _| hide(s, "states:DescribeStateMachine")),
    ("selectors cannot be read", |s, _, _| hide(s, "cloudtrail:GetEventSelectors")),
    ("functions cannot be read", |s, _, _| hide(s, "lambda:GetPolicy")),
    ("subscriptions cannot be read", |s, _, _| hide(s, "sns:ListSubscriptionsByTopic")),
    ("keys cannot be read", |s, _, _| hide(s, "kms:*")),
];

/// The wound of this name.
pub fn named(name: &str) -> Wound {
    let found = WOUNDS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("there is no wound `{name}`")).1
}
