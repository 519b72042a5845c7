//! Dead-letter queues.

use crate::action::Action;
use crate::desired::{DesiredPlace, DesiredQueue};
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft};
use crate::plan::fields::FieldChanges;
use crate::resource::queue::Queue;
use crate::resource::{Address, Kind, policy};
use crate::scope::Place;
use crate::snapshot::{LiveQueue, Observed, PlaceSnapshot};

pub fn diff(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
    for (name, desired) in &here.queues {
        match seen.queues.get(&place.arn("sqs", name)).unwrap_or(&Observed::Absent) {
            Observed::Absent => create(differ, place, name, desired),
            Observed::Unreadable(why) => differ.unknown(place, &format!("queue {name}"), why),
            Observed::Known(live) => update(differ, place, name, desired, live),
        }
    }
    for (arn, live) in &seen.queues {
        if here.queues.keys().any(|name| place.arn("sqs", name) == *arn) {
            continue;
        }
        if let Some(name) = differ.leftover(place, Kind::Queue, arn, live, |live| &live.tags) {
            let reason = differ.gone("the blueprint no longer needs it");
            let draft = Draft::new(place, Kind::Queue, name, Verb::Delete, reason);
            differ.change(draft, Vec::new(), vec![Action::DeleteQueue { name: name.to_owned() }]);
        }
    }
}

fn wanted(
    differ: &Differ<'_>,
    place: &Place,
    (name, desired): (&str, &DesiredQueue),
    live: Option<&Queue>,
) -> Queue {
    let live_policy = live.and_then(|queue| queue.policy.as_ref());
    let own = [desired.own_statement(place, name)];
    let policy = policy::merged(live_policy, &own, differ.desired.names.prefix());
    Queue { policy: Some(policy), ..desired.queue.clone() }
}

fn create(differ: &mut Differ<'_>, place: &Place, name: &str, desired: &DesiredQueue) {
    let queue = wanted(differ, place, (name, desired), None);
    let mut fields = FieldChanges::default();
    fields.set("message_retention_seconds", &queue.message_retention_seconds);
    fields.set("policy", &queue.policy);
    let draft = Draft::new(place, Kind::Queue, name, Verb::Create, "it does not exist");
    let call = Action::CreateQueue { name: name.to_owned(), queue, tags: desired.tags.clone() };
    differ.change(draft, fields.into_vec(), vec![call]);
}

fn update(
    differ: &mut Differ<'_>,
    place: &Place,
    name: &str,
    desired: &DesiredQueue,
    live: &LiveQueue,
) {
    let address = Address::new(place, Kind::Queue, name);
    let Some(verb) = differ.may_change(place, &address, &live.tags) else { return };
    let now = live.queue.get();
    let wanted = wanted(differ, place, (name, desired), Some(&now));
    let mut fields = FieldChanges::default();
    fields.compare(
        "message_retention_seconds",
        &now.message_retention_seconds,
        &wanted.message_retention_seconds,
    );
    fields.compare("sqs_managed_sse", &now.sqs_managed_sse, &wanted.sqs_managed_sse);
    fields.compare("kms_key", &now.kms_key, &wanted.kms_key);
    fields.compare("policy", &now.policy, &wanted.policy);
    let mut calls = Vec::new();
    if !fields.is_empty() {
        calls.push(Action::SetQueueAttributes { name: name.to_owned(), queue: wanted });
    }
    let tags = differ.missing_tags(&desired.tags, &live.tags);
    if !tags.is_empty() {
        differ.tags_differ(&mut fields, &tags, &live.tags);
        Differ::tag(verb, &mut calls, Action::TagQueue { name: name.to_owned(), tags });
    }
    let draft = Draft::existing(place, Kind::Queue, name, verb);
    differ.change(draft, fields.into_vec(), calls);
}
