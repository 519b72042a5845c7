//! What others did that no apply undoes, as calls that can be looked up.
//!
//! A finding of a proof names its object as people search for it; a look-up needs the object's
//! address and the calls that can have done it. Keys and functions have no address in a plan, so who
//! changed these is not looked up.

use super::suspects::{Suspicion, suspect};
use super::{Culprit, Drift};
use crate::codes::LinkCode;
use crate::event::Landing;
use crate::proof::{LinkObject, Proof};
use crate::resource::keys::RuleKey;
use crate::resource::topic::{Endpoint, Protocol};
use crate::resource::{Address, Kind};
use crate::scope::{AccountId, Arn, Partition, Place, Region};
use std::collections::BTreeSet;

/// What others did to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub address: Address,
    /// The calls that can have done it.
    pub suspicion: Suspicion,
}

/// All that others did according to a proof: broken links that no apply mends, and additions. Each
/// object once, by address.
pub fn deeds(proof: &Proof) -> Vec<Deed> {
    let links = proof.paths.iter().flat_map(|path| path.links.iter().map(|link| &**link));
    let links = links.chain(&proof.signals).filter(|link| link.is_broken_by_others());
    let broken = links.map(|link| (link.code, &link.place, &link.object));
    let added = proof.remarks.iter().filter(|said| said.by_others);
    let added = added.map(|said| (said.code, &said.place, &said.object));
    let all: BTreeSet<(LinkCode, &Place, &LinkObject)> = broken.chain(added).collect();
    let mut found: Vec<Deed> = Vec::new();
    for (code, place, object) in all {
        let Some(deed) = deed(code, place, object) else { continue };
        match found.iter_mut().find(|other| other.address == deed.address) {
            Some(other) => other.suspicion.join(deed.suspicion),
            None => found.push(deed),
        }
    }
    found.sort_by(|one, other| one.address.cmp(&other.address));
    found
}

fn deed(code: LinkCode, place: &Place, object: &LinkObject) -> Option<Deed> {
    let (place, kind, name) = addressed(code, place, object)?;
    let address = Address::new(&place, kind, name);
    let mut suspicion = suspect(&address, &place, calls(code, kind)?);
    suspicion.by_others = true;
    if let (Kind::Subscription, LinkObject::Subscription { endpoint, .. }) = (kind, object) {
        suspicion.subject.protocol = Some(endpoint.protocol.as_str().to_owned());
    }
    Some(Deed { address, suspicion })
}

/// Where the object is, and how a plan names it.
fn addressed(code: LinkCode, place: &Place, object: &LinkObject) -> Option<(Place, Kind, String)> {
    match object {
        LinkObject::Rule { place, key } | LinkObject::Target { place, rule: key, .. } => {
            Some((place.clone(), Kind::Rule, RuleKey::from(key.as_str()).as_str().to_owned()))
        }
        LinkObject::Bus { hub, name } => Some((hub.clone(), Kind::Bus, name.clone())),
        LinkObject::Topic(arn) => at(arn, Kind::Topic, |resource| resource),
        LinkObject::Queue(arn) => at(arn, Kind::Queue, |resource| resource),
        LinkObject::Machine(arn) => at(arn, Kind::Machine, last),
        LinkObject::Trail(arn) => at(arn, Kind::Trail, last),
        LinkObject::Subscription { topic, endpoint } => match is_of_receiver(code) {
            true => receiver(endpoint),
            false => {
                let (place, _, topic) = at(topic, Kind::Topic, |resource| resource)?;
                Some((place, Kind::Subscription, format!("{topic}/{endpoint}")))
            }
        },
        LinkObject::Role { arn, name } => {
            let partition = Partition::named(Arn::parse(arn)?.partition)?;
            let region = Landing::Leader.region_in(partition).and_then(Region::new)?;
            let place = Place::new(place.account.clone(), region);
            Some((place, Kind::Role, name.clone()))
        }
        LinkObject::Bucket(name) => Some((place.clone(), Kind::Bucket, name.clone())),
        // What encrypts, what is no object of an account, and what is outside of it.
        LinkObject::TopicKey { .. }
        | LinkObject::Chat { .. }
        | LinkObject::Trails(_)
        | LinkObject::Rules { .. }
        | LinkObject::Alert(_) => None,
    }
}

fn at(arn: &str, kind: Kind, name: fn(&str) -> &str) -> Option<(Place, Kind, String)> {
    let parts = Arn::parse(arn)?;
    let place = Place::new(AccountId::new(parts.account)?, Region::new(parts.region)?);
    Some((place, kind, name(parts.resource).to_owned()))
}

fn last(resource: &str) -> &str {
    resource.rsplit([':', '/']).next().unwrap_or(resource)
}

/// Whether a code is about the queue or function behind a subscription.
fn is_of_receiver(code: LinkCode) -> bool {
    matches!(
        code,
        LinkCode::QueueMissing
            | LinkCode::QueuePolicy
            | LinkCode::QueueKey
            | LinkCode::FunctionPolicy
    )
}

fn receiver(endpoint: &Endpoint) -> Option<(Place, Kind, String)> {
    match endpoint.protocol {
        Protocol::Sqs => at(endpoint.address(), Kind::Queue, |resource| resource),
        _ => None,
    }
}

/// The calls that can have done it; `None` where it was done to something else, such as a key.
fn calls(code: LinkCode, kind: Kind) -> Option<Vec<&'static str>> {
    Some(match (code, kind) {
        (
            LinkCode::BusKey | LinkCode::QueueKey | LinkCode::LogKey | LinkCode::LogDelivery,
            Kind::Queue | Kind::Trail | Kind::Bucket,
        ) => {
            return None;
        }
        (LinkCode::BusKey, _) => vec!["UpdateEventBus"],
        (LinkCode::SubscriberUnlisted, _) => vec!["Subscribe"],
        (LinkCode::QueueMissing, _) => vec!["DeleteQueue"],
        (LinkCode::TopicMissing, _) => vec!["DeleteTopic"],
        (LinkCode::HealPaused, _) => vec!["TagResource"],
        (LinkCode::RoleAttached, _) => vec!["AttachRolePolicy", "PutRolePolicy"],
        (LinkCode::RoleBounded | LinkCode::RoleBoundary, _) => vec!["PutRolePermissionsBoundary"],
        (_, Kind::Rule) => {
            vec![
                "PutRule",
                "DisableRule",
                "EnableRule",
                "DeleteRule",
                "PutTargets",
                "RemoveTargets",
            ]
        }
        (_, Kind::Bus) => vec!["PutPermission", "RemovePermission"],
        (_, Kind::Topic) => vec!["SetTopicAttributes", "AddPermission", "RemovePermission"],
        (_, Kind::Subscription) => vec!["SetSubscriptionAttributes", "Unsubscribe"],
        (_, Kind::Queue) => vec!["SetQueueAttributes", "AddPermission", "RemovePermission"],
        (_, Kind::Machine) => vec!["UpdateStateMachine", "DeleteStateMachine"],
        (_, Kind::Role) => vec![
            "AttachRolePolicy",
            "PutRolePolicy",
            "UpdateAssumeRolePolicy",
            "DetachRolePolicy",
            "DeleteRolePolicy",
        ],
        (LinkCode::LogsExpire, Kind::Bucket) => vec!["PutBucketLifecycle"],
        (_, Kind::Bucket) => vec!["PutBucketPolicy", "DeleteBucketPolicy"],
        (_, Kind::Trail) => vec!["UpdateTrail", "StopLogging", "PutEventSelectors"],
        (_, Kind::Target) => return None,
    })
}

impl Drift {
    /// Who did what a finding is about, by its object and place.
    pub fn culprits_of(&self, object: &str, place: &Place) -> impl Iterator<Item = &Culprit> {
        let object = object
            .replace("{account}", place.account.as_str())
            .replace("{region}", place.region.as_str());
        let is_meant = move |address: &Address| match (address.kind, address.name.as_str()) {
            (Kind::Role, name) => {
                let role =
                    Arn::parse(&object).filter(|arn| arn.account == address.account.as_str());
                role.is_some_and(|arn| last(arn.resource) == name)
            }
            (Kind::Subscription, name) => {
                let at = Place::new(address.account.clone(), address.region.clone());
                let named = name.split_once('/').map(|(topic, to)| (at.arn("sns", topic), to));
                named.is_some_and(|(topic, to)| object == format!("{topic} ← {to}"))
            }
            _ => {
                let at = Place::new(address.account.clone(), address.region.clone());
                let own = suspect(address, &at, Vec::new()).subject.names;
                let receiver = own.last().filter(|arn| object.ends_with(&format!("sqs:{arn}")));
                own.contains(&object) || receiver.is_some()
            }
        };
        self.culprits.iter().filter(move |culprit| is_meant(&culprit.address))
    }
}
