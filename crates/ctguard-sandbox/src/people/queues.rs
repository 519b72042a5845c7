//! What people do with queues: they make one that SNS may send to, and purge one.

use super::super::faults::{Aim, pick};
use super::super::queues;
use super::super::refusal::Refusal;
use super::super::state::{State, StoredQueue, locate};
use super::super::{Sandbox, SandboxError};
use ctguard_core::resource::Tags;
use ctguard_core::resource::queue::{DEFAULT_RETENTION_SECONDS, Queue};
use ctguard_core::resource::topic::sns_principal;
use ctguard_core::scope::Place;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The statement that lets SNS send.
const SID: &str = "LetSnsSend";

/// What became of a queue that is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueMade {
    Made,
    /// It was there, and its policy lets SNS send.
    Allowed,
}

impl Sandbox {
    /// Makes a queue with a policy that lets SNS send from these topics, or from every topic of the
    /// queue's account when none is named. Of a queue that is there, only the policy is added to.
    ///
    /// # Errors
    /// When SQS would refuse it, or the file cannot be written.
    pub fn make_queue(
        &self,
        place: &Place,
        name: &str,
        topics: &[String],
    ) -> Result<QueueMade, SandboxError> {
        self.change(|state| make(state, place, name, topics).map_err(refused))
    }

    /// Purges a queue, by its name or last words; otherwise the first that holds messages. Returns
    /// where it is, and how many messages are gone.
    ///
    /// # Errors
    /// When there is none, or SQS would refuse it, or the file cannot be written.
    pub fn purge(&self, aim: &Aim) -> Result<(Place, String, u64), SandboxError> {
        self.change(|state| {
            let (kind, any) = match aim.name {
                Some(_) => ("queue", true),
                None => ("queue with messages", false),
            };
            let holds = |queue: &StoredQueue| any || queue.messages > 0;
            let (place, name) = pick::pick(kind, pick::queues(state), aim, holds)
                .map_err(SandboxError::NothingThere)?;
            let gone = queues::purge(state, &place, &name).map_err(refused)?;
            Ok((place, name, gone))
        })
    }
}

fn refused(why: Refusal) -> SandboxError {
    SandboxError::Refused { code: why.code, message: why.message }
}

fn make(
    state: &mut State,
    place: &Place,
    name: &str,
    topics: &[String],
) -> Result<QueueMade, Refusal> {
    let arn = place.arn("sqs", name);
    let there = state.region(place).queues.get(name).map(|stored| stored.queue.clone());
    let made = if there.is_some() { QueueMade::Allowed } else { QueueMade::Made };
    let mut queue = there.unwrap_or_else(|| Queue {
        message_retention_seconds: DEFAULT_RETENTION_SECONDS,
        sqs_managed_sse: true,
        ..Queue::default()
    });
    allow(&mut queue.policy, &arn, place, topics);
    match made {
        QueueMade::Made => queues::create(state, place, name, &queue, &Tags::new())?,
        QueueMade::Allowed => queues::set_attributes(state, place, name, &queue)?,
    }
    Ok(made)
}

/// Adds topics to the statement that lets SNS send, and the statement where there is none.
fn allow(policy: &mut Option<Value>, arn: &str, place: &Place, topics: &[String]) {
    let every = || place.arn("sns", "*").replace(place.region.as_str(), "*");
    let mut sources: BTreeSet<String> = topics.iter().cloned().collect();
    if sources.is_empty() {
        sources.insert(every());
    }
    let homes = || topics.iter().filter_map(|topic| locate(topic, "sns"));
    let mut principals: BTreeSet<String> =
        homes().map(|(home, _)| sns_principal(&home.region, &place.region)).collect();
    if principals.is_empty() {
        principals.insert(sns_principal(&place.region, &place.region));
    }
    let policy = policy.get_or_insert_with(|| json!({ "Version": "2012-10-17", "Statement": [] }));
    let mut statements: Vec<Value> = match policy.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let ours = |one: &Value| one.get("Sid").and_then(Value::as_str) == Some(SID);
    for before in statements.iter().filter(|one| ours(one)) {
        sources.extend(texts(before.pointer("/Condition/ArnLike/aws:SourceArn")));
        principals.extend(texts(before.pointer("/Principal/Service")));
    }
    statements.retain(|one| !ours(one));
    statements.push(json!({
        "Sid": SID,
        "Effect": "Allow",
        "Principal": { "Service": principals },
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": { "ArnLike": { "aws:SourceArn": sources } },
    }));
    policy["Statement"] = Value::Array(statements);
}

/// A text, or each of a list.
fn texts(value: Option<&Value>) -> Vec<String> {
    let all = match value {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
