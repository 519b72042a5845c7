//! Topics. The statements of others in a topic's policy stay where they are.

use super::subscription;
use crate::action::{Action, TopicAttribute};
use crate::desired::{DesiredPlace, DesiredTopic};
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft};
use crate::plan::fields::FieldChanges;
use crate::proof::{self, Link, Status};
use crate::resource::topic::Endpoint;
use crate::resource::{Address, Kind, kms, policy};
use crate::scope::Place;
use crate::snapshot::{LiveTopic, Observed, PlaceSnapshot};

pub fn diff(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
    for (name, desired) in &here.topics {
        match seen.topics.get(&place.arn("sns", name)).unwrap_or(&Observed::Absent) {
            Observed::Absent => {
                if may_get_key(differ, place, name, desired, None) {
                    create(differ, place, name, desired);
                    subscription::create_all(differ, place, name, desired);
                }
            }
            Observed::Unreadable(why) => differ.unknown(place, &format!("topic {name}"), why),
            Observed::Known(live) => {
                let address = Address::new(place, Kind::Topic, name);
                if let Some(verb) = differ.may_change(place, &address, &live.tags) {
                    update(differ, place, name, desired, live, verb);
                    subscription::diff(differ, place, name, desired, live);
                }
            }
        }
    }
    for (arn, live) in &seen.topics {
        let named = here.existing_topics.contains(arn)
            || here.topics.keys().any(|name| place.arn("sns", name) == *arn);
        if named {
            continue;
        }
        if let Some(name) = differ.leftover(place, Kind::Topic, arn, live, |live| &live.tags) {
            let reason = differ.gone("the blueprint no longer needs it");
            let draft = Draft::new(place, Kind::Topic, name, Verb::Delete, reason);
            differ.change(draft, Vec::new(), vec![Action::DeleteTopic { name: name.to_owned() }]);
        }
    }
}

/// What is not proven of a key that a topic is to get.
fn doubts(differ: &Differ<'_>, place: &Place, name: &str, key: &str) -> Vec<Link> {
    proof::key_beforehand(differ.desired, differ.live, place, &place.arn("sns", name), key)
}

/// Warns of what is only assumed of a key. What is wrong with one, or not known, the proof tells.
fn warn_of_key(differ: &mut Differ<'_>, place: &Place, name: &str, key: &str, doubts: &[Link]) {
    for doubt in doubts.iter().filter(|doubt| doubt.status == Status::Assumed) {
        differ.warn(format!(
            "Topic {name} in {place} gets the key {key}: {}. {}",
            doubt.cause, doubt.fix
        ));
    }
}

/// Whether a topic may get its key. With one that lets nobody publish it would be silent: it is not
/// made then, and one that is there keeps what it has.
fn may_get_key(
    differ: &mut Differ<'_>,
    place: &Place,
    name: &str,
    desired: &DesiredTopic,
    live: Option<&LiveTopic>,
) -> bool {
    let Some(key) = &desired.kms_key else { return true };
    let doubts = doubts(differ, place, name, key);
    warn_of_key(differ, place, name, key, &doubts);
    if let Some(unread) = doubts.iter().find_map(|doubt| doubt.unread.as_deref()) {
        differ.unknown(&unread.place, &format!("key {key} of topic {name}"), &unread.why);
        return false;
    }
    let Some(broken) = doubts.iter().find(|doubt| doubt.status == Status::Broken) else {
        return true;
    };
    let address = Address::new(place, Kind::Topic, name);
    let reason = format!("with the key {key} nobody could publish to it: {}", broken.cause);
    match live {
        None => differ.refuse(address, reason, &broken.fix),
        Some(_) => differ.refuse_partly(
            address,
            reason,
            format!("The topic keeps its encryption as it is. {}", broken.fix),
        ),
    }
    false
}

fn set(name: &str, attribute: TopicAttribute) -> Action {
    Action::SetTopicAttribute { name: name.to_owned(), attribute }
}

/// A topic is created with its tags alone and gets its attributes afterwards: AWS refuses to create
/// it again with other attributes, so an interrupted apply could not be repeated.
fn create(differ: &mut Differ<'_>, place: &Place, name: &str, desired: &DesiredTopic) {
    let prefix = differ.desired.names.prefix();
    let policy = policy::merged(Some(&desired.default_policy), &desired.own_statements, prefix);
    let mut fields = FieldChanges::default();
    let mut tags = desired.tags.clone();
    tags.extend(desired.passwords.clone());
    let mut calls = vec![Action::CreateTopic { name: name.to_owned(), tags }];
    if let Some(key) = &desired.kms_key {
        fields.set("kms_key", key);
        calls.push(set(name, TopicAttribute::KmsMasterKeyId(Some(key.clone()))));
    }
    fields.set("policy", &policy);
    calls.push(set(name, TopicAttribute::Policy(policy)));
    fields.set("display_name", &desired.display_name);
    calls.push(set(name, TopicAttribute::DisplayName(desired.display_name.clone())));
    let draft = Draft::new(place, Kind::Topic, name, Verb::Create, "it does not exist");
    differ.change(draft, fields.into_vec(), calls);
}

fn update(
    differ: &mut Differ<'_>,
    place: &Place,
    name: &str,
    desired: &DesiredTopic,
    live: &LiveTopic,
    verb: Verb,
) {
    let now = &live.topic;
    let prefix = differ.desired.names.prefix();
    let wanted = policy::merged(now.policy.as_ref(), &desired.own_statements, prefix);
    let mut fields = FieldChanges::default();
    let mut calls = Vec::new();
    let other_key = !kms::same_name(now.kms_key.as_deref(), desired.kms_key.as_deref(), place);
    if other_key && may_get_key(differ, place, name, desired, Some(live)) {
        fields.differ("kms_key", &now.kms_key, &desired.kms_key);
        calls.push(set(name, TopicAttribute::KmsMasterKeyId(desired.kms_key.clone())));
    }
    if now.policy.as_ref() != Some(&wanted) {
        fields.differ("policy", &now.policy, &wanted);
        calls.push(set(name, TopicAttribute::Policy(wanted)));
    }
    if now.display_name.as_ref() != Some(&desired.display_name) {
        fields.differ("display_name", &now.display_name, &desired.display_name);
        calls.push(set(name, TopicAttribute::DisplayName(desired.display_name.clone())));
    }
    let mut tags = differ.missing_tags(&desired.tags, &live.tags);
    // The mark of a password comes with its subscriber, and another one last of all.
    let known = |key: &str| live.tags.known().is_some_and(|tags| tags.get(key).is_some());
    let seen = live.subscriptions.known();
    let there =
        desired.subscriptions.keys().filter(|one| seen.is_some_and(|all| all.contains_key(*one)));
    let new = there.filter_map(Endpoint::password_tag).filter(|(key, _)| !known(key));
    tags.extend(new);
    if !tags.is_empty() {
        differ.tags_differ(&mut fields, &tags, &live.tags);
        Differ::tag(verb, &mut calls, Action::TagTopic { name: name.to_owned(), tags });
    }
    let draft = Draft::existing(place, Kind::Topic, name, verb);
    differ.change(draft, fields.into_vec(), calls);
}
