//! State machines: how they are read, written, and waited for.

use super::{arn, connect, here, reads};
use crate::stub::{Reply, Stub};
use ctguard_core::action::Action;
use ctguard_core::cloud::Cloud;
use ctguard_core::resource::machine::{Machine, MachineStatus, MachineType};
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::snapshot::{Observed, ReadSet};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ROLE: &str = "arn:aws:iam::111122223333:role/ctguard-acme-mail";
const NOT_ASSUMED: &str = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.";

fn mail() -> String {
    arn("states", "stateMachine:ctguard-acme-mail")
}

fn machine() -> Machine {
    Machine {
        definition: "{ \"StartAt\": \"a\" }".to_owned(),
        role_arn: ROLE.to_owned(),
        machine_type: MachineType::Standard,
        kms_key: None,
    }
}

fn described(more: Value) -> Reply {
    let mut answer = json!({
        "stateMachineArn": mail(), "name": "ctguard-acme-mail", "definition": "{ \"StartAt\": \"a\" }",
        "roleArn": ROLE, "type": "STANDARD", "creationDate": 1_790_000_000, "status": "ACTIVE",
    });
    for (key, value) in more.as_object().unwrap() {
        answer[key] = value.clone();
    }
    Reply::Json(answer)
}

fn create() -> Action {
    let tags = Tags::from([(BLUEPRINT_TAG.to_owned(), "acme".to_owned())]);
    Action::CreateStateMachine { name: "ctguard-acme-mail".to_owned(), machine: machine(), tags }
}

fn create_role() -> Action {
    let trust = json!({ "Version": "2012-10-17", "Statement": [] });
    Action::CreateRole { name: "ctguard-acme-mail".to_owned(), trust, tags: Tags::new() }
}

#[tokio::test]
async fn a_machine_is_read_as_it_is_and_one_that_is_not_there_is_absent() {
    let asked = || ReadSet { machines: BTreeSet::from([mail()]), ..reads() };
    let seen = async |answer: fn() -> Reply| {
        let stub = Stub::start(move |call| match call.operation.as_str() {
            "DescribeStateMachine" => Some(answer()),
            "ListTagsForResource" if call.service() == "states" => Some(Reply::Json(
                json!({ "tags": [{ "key": "ctguard:blueprint", "value": "acme" }] }),
            )),
            _ => None,
        });
        let aws = connect(&stub).await;
        aws.observe(&here(), &asked()).await.machines.remove(&mail()).unwrap()
    };
    let there = seen(|| described(json!({}))).await;
    let there = there.known().unwrap();
    assert_eq!((&there.machine, there.status), (&machine(), MachineStatus::Active));
    assert_eq!(there.tags.known().unwrap()[BLUEPRINT_TAG], "acme");

    let leaving = seen(|| {
        let encrypted = json!({ "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/theirs" });
        described(json!({
            "status": "DELETING", "type": "EXPRESS", "encryptionConfiguration": encrypted,
        }))
    });
    let leaving = leaving.await;
    let leaving = leaving.known().unwrap();
    assert_eq!(leaving.status, MachineStatus::Deleting);
    assert_eq!(leaving.machine.machine_type, MachineType::Express);
    assert_eq!(leaving.machine.kms_key.as_deref(), Some("alias/theirs"));

    let gone = seen(|| Reply::Error(400, "StateMachineDoesNotExist", "does not exist")).await;
    assert_eq!(gone, Observed::Absent);
    let denied = seen(|| Reply::Error(400, "AccessDeniedException", "not authorized")).await;
    assert!(denied.unreadable().is_some());
}

#[tokio::test]
async fn a_new_role_and_a_name_on_its_way_out_are_waited_for() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("CreateStateMachine", 0) => Some(Reply::Error(400, "AccessDeniedException", NOT_ASSUMED)),
        ("CreateStateMachine", 1 | 2) => {
            Some(Reply::Error(400, "AccessDeniedException", NOT_ASSUMED))
        }
        ("CreateStateMachine", 3) => {
            Some(Reply::Error(400, "StateMachineDeleting", "is being deleted"))
        }
        ("CreateStateMachine", _) => {
            Some(Reply::Json(json!({ "stateMachineArn": mail(), "creationDate": 1_790_000_000 })))
        }
        ("CreateRole", _) => Some(Reply::Xml(
            "<Role><Path>/</Path><RoleName>ctguard-acme-mail</RoleName><RoleId>AROA</RoleId>\
             <Arn>arn</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>"
                .to_owned(),
        )),
        _ => None,
    });
    let aws = connect(&stub).await;
    // A role of others is not: it may never be let take on.
    let error = aws.perform(&here(), &create()).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), stub.counts()["CreateStateMachine"]),
        ("AccessDeniedException", 1)
    );
    assert_eq!(aws.perform(&here(), &create_role()).await, Ok(()));
    assert_eq!(aws.perform(&here(), &create()).await, Ok(()));
    assert_eq!(stub.counts()["CreateStateMachine"], 5);
    let calls = stub.calls();
    let sent = calls.iter().find(|call| call.operation == "CreateStateMachine").unwrap();
    let sent: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(sent["type"], "STANDARD");
    assert_eq!(sent["definition"], machine().definition);
    assert_eq!(sent["tags"], json!([{ "key": "ctguard:blueprint", "value": "acme" }]));
}

#[tokio::test]
async fn an_update_takes_the_key_of_others_off() {
    let stub = Stub::start(|call| {
        (call.operation == "UpdateStateMachine")
            .then(|| Reply::Json(json!({ "updateDate": 1_790_000_000 })))
    });
    let aws = connect(&stub).await;
    let name = "ctguard-acme-mail".to_owned();
    let update = Action::UpdateStateMachine { name, machine: machine() };
    assert_eq!(aws.perform(&here(), &update).await, Ok(()));
    let calls = stub.calls();
    let sent = calls.iter().find(|call| call.operation == "UpdateStateMachine").unwrap();
    let sent: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(sent["stateMachineArn"], mail());
    assert_eq!(sent["encryptionConfiguration"]["type"], "AWS_OWNED_KEY");
}

#[tokio::test]
async fn a_pause_is_set_and_ended_by_tags() {
    let stub = Stub::start(|call| {
        let tags = ["TagResource", "UntagResource"].contains(&call.operation.as_str());
        tags.then(|| Reply::Json(json!({})))
    });
    let aws = connect(&stub).await;
    let name = || "ctguard-acme-mail".to_owned();
    let tags = Tags::from([("ctguard:paused-until".to_owned(), "2026-11-22T14:00:00Z".to_owned())]);
    let tag = Action::TagStateMachine { name: name(), tags };
    assert_eq!(aws.perform(&here(), &tag).await, Ok(()));
    let keys = ["ctguard:paused-until".to_owned()].into();
    let untag = Action::UntagStateMachine { name: name(), keys };
    assert_eq!(aws.perform(&here(), &untag).await, Ok(()));
    let calls = stub.calls();
    let tagging = calls.iter().filter(|call| call.operation == "TagResource");
    let tagging = tagging.chain(calls.iter().filter(|call| call.operation == "UntagResource"));
    let sent: Vec<Value> = tagging.map(|call| serde_json::from_str(&call.body).unwrap()).collect();
    assert_eq!(sent[0]["tags"][0]["value"], "2026-11-22T14:00:00Z");
    assert_eq!(sent[1], json!({ "resourceArn": mail(), "tagKeys": ["ctguard:paused-until"] }));
}
