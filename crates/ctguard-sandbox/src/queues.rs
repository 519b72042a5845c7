//! SQS: queues.

use super::access;
use super::policy::form;
use super::refusal::{Done, Refusal, check_tags, ensure, is_name, refuse};
use super::state::{State, StoredQueue, Waiting, locate};
use ctguard_core::event::sample::Clock;
use ctguard_core::resource::Tags;
use ctguard_core::resource::queue::{QUEUE_NAME_MAX_CHARS, Queue, RETENTION_SECONDS};
use ctguard_core::scope::Place;

const MISSING: &str = "AWS.SimpleQueueService.NonExistentQueue";
const IN_PROGRESS: &str = "AWS.SimpleQueueService.PurgeQueueInProgress";

/// Most messages that one call receives.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
const RECEIVED_AT_ONCE: usize = 10;

/// How many seconds must pass between two purges of a queue.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html>
const PURGED_AT_MOST_EVERY_SECONDS: i64 = 60;

/// How many messages the file keeps of a queue.
const WAITING_MAX: usize = 200;

pub fn is_queue_name(name: &str) -> bool {
    is_name(name, QUEUE_NAME_MAX_CHARS, "-_")
}

/// Creates a queue; succeeds if it exists with the same attributes.
pub fn create(state: &mut State, place: &Place, name: &str, queue: &Queue, tags: &Tags) -> Done {
    ensure(is_queue_name(name), "InvalidParameterValue", || {
        format!("`{name}` is not a queue name")
    })?;
    check(state, place, name, queue)?;
    check_tags(tags, &Tags::new(), "InvalidParameterValue")?;
    if let Some(there) = state.region(place).queues.get(name) {
        return ensure(there.queue == *queue, "QueueAlreadyExists", || {
            "a queue already exists with the same name and a different value for an attribute"
                .to_owned()
        });
    }
    let (queue, tags) = (queue.clone(), tags.clone());
    let created = Some(state.clock);
    let new = StoredQueue { queue, tags, created, ..StoredQueue::default() };
    state.region_mut(place).queues.insert(name.to_owned(), new);
    Ok(())
}

/// Sets all attributes.
pub fn set_attributes(state: &mut State, place: &Place, name: &str, queue: &Queue) -> Done {
    find(state, place, name)?;
    check(state, place, name, queue)?;
    edit(state, place, name, |stored| stored.queue = queue.clone());
    Ok(())
}

/// Adds tags.
pub fn tag(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    let there = find(state, place, name)?;
    check_tags(tags, &there.tags, "InvalidParameterValue")?;
    edit(state, place, name, |stored| stored.tags.extend(tags.clone()));
    Ok(())
}

/// Deletes a queue with its messages; succeeds if it is gone.
pub fn delete(state: &mut State, place: &Place, name: &str) -> Done {
    if state.region(place).queues.contains_key(name) {
        state.region_mut(place).queues.remove(name);
    }
    Ok(())
}

/// Puts a message into a queue that is there; the oldest ones go when there are too many.
pub fn put(state: &mut State, arn: &str, body: String) {
    let Some((home, name)) = locate(arn, "sqs") else { return };
    if !state.region(&home).queues.contains_key(name) {
        return;
    }
    let now = state.clock;
    if let Some(queue) = state.region_mut(&home).queues.get_mut(name) {
        queue.messages += 1;
        queue.newest = Some(now);
        let id = format!("{arn} {}", queue.gone + queue.messages);
        queue.waiting.push(Waiting { id, body });
        let extra = queue.waiting.len().saturating_sub(WAITING_MAX);
        queue.waiting.drain(..extra);
    }
}

/// Hands out messages, each once: those that are received stay hidden.
pub fn receive(state: &mut State, place: &Place, name: &str) -> Result<Vec<Waiting>, Refusal> {
    access::check(state, place, "sqs:ReceiveMessage")?;
    find(state, place, name)?;
    let mut received = Vec::new();
    edit(state, place, name, |queue| {
        let some = queue.waiting.len().min(RECEIVED_AT_ONCE);
        received.extend(queue.waiting.drain(..some));
    });
    Ok(received)
}

/// Takes all messages out of a queue, at most once a minute. Returns how many there were.
pub fn purge(state: &mut State, place: &Place, name: &str) -> Result<u64, Refusal> {
    let now = state.clock;
    let recent = |at: Clock| now.0.duration_since(at.0).as_secs() < PURGED_AT_MOST_EVERY_SECONDS;
    ensure(!find(state, place, name)?.purged.is_some_and(recent), IN_PROGRESS, || {
        format!(
            "only one PurgeQueue operation on {name} is allowed every {PURGED_AT_MOST_EVERY_SECONDS} seconds"
        )
    })?;
    let mut gone = 0;
    edit(state, place, name, |queue| {
        queue.purged = Some(now);
        gone = empty(queue);
    });
    Ok(gone)
}

/// Takes out what queues have kept for as long as they may. Ages are known of the newest message
/// alone, so all of a queue's messages stay until that one goes.
pub fn expire(state: &mut State) {
    let now = state.clock.0;
    for place in state.places() {
        for queue in state.region_mut(&place).queues.values_mut() {
            let kept = i64::from(queue.queue.message_retention_seconds);
            let is_old = |at: Clock| now.duration_since(at.0).as_secs() >= kept;
            if queue.newest.is_some_and(is_old) {
                empty(queue);
            }
        }
    }
}

fn empty(queue: &mut StoredQueue) -> u64 {
    let there = queue.messages;
    queue.gone += there;
    queue.messages = 0;
    queue.newest = None;
    queue.waiting.clear();
    there
}

fn find<'a>(state: &'a State, place: &Place, name: &str) -> Result<&'a StoredQueue, Refusal> {
    let queues = &state.region(place).queues;
    queues.get(name).ok_or_else(|| refuse(MISSING, "the specified queue does not exist"))
}

fn edit(state: &mut State, place: &Place, name: &str, change: impl FnOnce(&mut StoredQueue)) {
    if let Some(queue) = state.region_mut(place).queues.get_mut(name) {
        change(queue);
    }
}

fn check(state: &State, place: &Place, name: &str, queue: &Queue) -> Done {
    const INVALID: &str = "InvalidAttributeValue";
    let retention = (60..=RETENTION_SECONDS).contains(&queue.message_retention_seconds);
    ensure(retention, INVALID, || {
        "invalid value for the parameter MessageRetentionPeriod".to_owned()
    })?;
    ensure(!(queue.sqs_managed_sse && queue.kms_key.is_some()), INVALID, || {
        "a queue is encrypted either by SQS or with a key".to_owned()
    })?;
    if let Some(key) = &queue.kms_key {
        let known = key == "alias/aws/sqs" || state.key(place, key).is_some();
        ensure(known, INVALID, || format!("KmsMasterKeyId: there is no key `{key}`"))?;
    }
    match &queue.policy {
        Some(policy) => form::check_queue(policy, &place.arn("sqs", name)).map_err(|why| {
            refuse(INVALID, format!("invalid value for the parameter Policy: {why}"))
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fresh;
    use super::*;
    use serde_json::json;

    fn queue() -> Queue {
        Queue {
            message_retention_seconds: RETENTION_SECONDS,
            sqs_managed_sse: true,
            ..Queue::default()
        }
    }

    #[test]
    fn attributes_and_names_that_sqs_refuses_are_refused() {
        let (mut state, place) = fresh::for_tests();
        let statement = json!({
            "Sid": "s", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sqs:SendMessage", "Resource": place.arn("sqs", "dead"),
        });
        let policy = |statement| Some(json!({ "Statement": [statement] }));
        let long = "q".repeat(81);
        let codes = [
            ("dead", queue(), None),
            ("dead.fifo", queue(), Some("InvalidParameterValue")),
            (long.as_str(), queue(), Some("InvalidParameterValue")),
            (
                "short",
                Queue { message_retention_seconds: 59, ..queue() },
                Some("InvalidAttributeValue"),
            ),
            (
                "both",
                Queue { kms_key: Some("alias/aws/sqs".into()), ..queue() },
                Some("InvalidAttributeValue"),
            ),
            (
                "key",
                Queue { kms_key: Some("alias/none".into()), sqs_managed_sse: false, ..queue() },
                Some("InvalidAttributeValue"),
            ),
            (
                "other",
                Queue { policy: policy(statement.clone()), ..queue() },
                Some("InvalidAttributeValue"),
            ),
            ("dead", Queue { policy: policy(statement), ..queue() }, Some("QueueAlreadyExists")),
        ];
        for (name, queue, code) in codes {
            let done = create(&mut state, &place, name, &queue, &Tags::new());
            assert_eq!(done.err().map(|refusal| refusal.code), code, "{name}");
        }
    }

    #[test]
    fn queues_can_be_made_changed_and_deleted_again_and_again() {
        let (mut state, place) = fresh::for_tests();
        let changed = Queue { message_retention_seconds: 60, ..queue() };
        assert_eq!(
            set_attributes(&mut state, &place, "q", &changed).err().map(|refusal| refusal.code),
            Some(MISSING)
        );
        for _ in 0..2 {
            create(&mut state, &place, "q", &queue(), &Tags::new()).expect("created");
        }
        for _ in 0..2 {
            set_attributes(&mut state, &place, "q", &changed).expect("changed");
            tag(&mut state, &place, "q", &Tags::from([("a".into(), "b".into())])).expect("tagged");
        }
        let stored = &state.region(&place).queues["q"];
        assert_eq!((&stored.queue, stored.tags.len()), (&changed, 1));
        for _ in 0..2 {
            delete(&mut state, &place, "q").expect("deleted");
        }
        assert!(state.region(&place).queues.is_empty());
    }
}
