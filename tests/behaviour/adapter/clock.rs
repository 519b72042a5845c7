//! A clock that is wrong by more than AWS tolerates: the SDK learns AWS's time from the refusal, and every call
//! succeeds at its second attempt.

use super::causes::{WIRE, actions, all_of, all_there, read};
use super::throttles::{QUICK, done, no_metrics};
use super::{connect_with, here};
use crate::stub::{ACCOUNT, Call, Reply, Stub, clock};
use ctguard_core::action::Action;
use ctguard_core::cloud::Cloud;
use jiff::SignedDuration;

/// AWS's clock, before and behind that of this machine.
const AHEAD: [SignedDuration; 2] = [SignedDuration::from_mins(20), SignedDuration::from_mins(-20)];

fn caller() -> Reply {
    Reply::Xml(format!("<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/test</Arn>"))
}

fn reading(call: &Call) -> Option<Reply> {
    match call.service() {
        "sts" => Some(caller()),
        "monitoring" => Some(no_metrics(call)),
        _ => all_there(call),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_succeeds_although_the_clock_is_off() {
    let tasks = WIRE.iter().map(|(operation, ..)| tokio::spawn(reads_anyway(operation)));
    let wrong = all_of(tasks).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn reads_anyway(operation: &'static str) -> Vec<String> {
    let mut wrong = Vec::new();
    for by in AHEAD {
        let stub = Stub::start(move |call| Some(clock::ahead(by, call, || reading(call))));
        let unread = read(&connect_with(&stub, QUICK).await, operation).await;
        if !unread.is_empty() {
            wrong.push(format!("{operation} {by}: {unread:?}"));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_succeeds_although_the_clock_is_off() {
    let tasks = actions().into_iter().map(|action| tokio::spawn(writes_anyway(action)));
    let wrong = all_of(tasks).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn writes_anyway(action: Action) -> Vec<String> {
    let mut wrong = Vec::new();
    for by in AHEAD {
        let answer = |call: &Call| match call.operation.as_str() {
            "GetCallerIdentity" => Some(caller()),
            "GetQueueUrl" => all_there(call),
            _ => Some(done(call)),
        };
        let stub = Stub::start(move |call| Some(clock::ahead(by, call, || answer(call))));
        let result = connect_with(&stub, QUICK).await.perform(&here(), &action).await;
        if let Err(error) = result {
            wrong.push(format!("{} {by}: {error:?}", action.operation()));
        }
    }
    wrong
}
