//! Which calls can have made a difference, and how to find them in CloudTrail's event history.

use crate::event::Landing;
use crate::plan::{Change, Verb};
use crate::resource::keys::RuleKey;
use crate::resource::machine::machine_arn;
use crate::resource::{Address, Kind};
use crate::scope::{Place, Region};

/// The calls that can have made one difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// The place whose history has them.
    pub place: Place,
    /// The service, as CloudTrail names it: `events.amazonaws.com`.
    pub source: &'static str,
    /// Calls as AWS names them.
    pub calls: Vec<&'static str>,
    /// The resource of the call, as the history may list it.
    pub resource_names: Vec<String>,
    pub subject: Subject,
    /// It is something that ctguard does not do: calls of others go before its own.
    pub by_others: bool,
}

impl Suspicion {
    /// Takes in what else can have been done to the same object.
    pub(super) fn join(&mut self, other: Self) {
        for call in other.calls {
            if !self.calls.contains(&call) {
                self.calls.push(call);
            }
        }
    }
}

/// The parameters that a call about the object has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The object, or the one that it belongs to, in each form in which a call can name it.
    pub names: Vec<String>,
    /// The event bus of a rule.
    pub bus: Option<String>,
    /// The part of the object that a call which names parts must name.
    pub part: Option<String>,
    /// The protocol of a subscription that was added; of its address, the record may say nothing.
    pub protocol: Option<String>,
}

/// The calls that can have made this change necessary.
pub fn suspicion(change: &Change) -> Suspicion {
    suspect(&change.address, &change.place, calls(change))
}

/// The calls that can have removed the ownership tag of an object in the place of one of the
/// blueprint's; `None` for objects without a region.
pub fn of_lost_tag(address: &Address) -> Option<Suspicion> {
    let calls = match address.kind {
        Kind::Rule | Kind::Bus | Kind::Topic | Kind::Machine => vec!["UntagResource"],
        Kind::Queue => vec!["UntagQueue"],
        Kind::Trail => vec!["RemoveTags"],
        Kind::Target | Kind::Subscription | Kind::Role | Kind::Bucket => return None,
    };
    let place = Place::new(address.account.clone(), address.region.clone());
    Some(suspect(address, &place, calls))
}

pub(super) fn suspect(address: &Address, place: &Place, calls: Vec<&'static str>) -> Suspicion {
    let (kind, name) = (address.kind, address.name.as_str());
    let place = match kind {
        Kind::Role => Place::new(address.account.clone(), identity_region(place)),
        _ => place.clone(),
    };
    let (owner, part) = match kind {
        Kind::Target => name.rsplit_once('/').map_or((name, None), |(rule, id)| (rule, Some(id))),
        Kind::Subscription => {
            name.split_once('/').map_or((name, None), |(topic, to)| (topic, Some(to)))
        }
        // A policy of a role is named with it.
        Kind::Role => {
            name.split_once('/').map_or((name, None), |(role, policy)| (role, Some(policy)))
        }
        _ => (name, None),
    };
    let (bus, plain) = match kind {
        Kind::Rule | Kind::Target => {
            let key = RuleKey::from(owner);
            (Some(key.bus().unwrap_or("default").to_owned()), key.name().to_owned())
        }
        _ => (None, owner.to_owned()),
    };
    let arn = match kind {
        Kind::Rule | Kind::Target => place.arn("events", &format!("rule/{owner}")),
        Kind::Bus => place.arn("events", &format!("event-bus/{owner}")),
        Kind::Topic | Kind::Subscription => place.arn("sns", owner),
        Kind::Machine => machine_arn(&place, owner),
        Kind::Queue => place.arn("sqs", owner),
        Kind::Trail => place.arn("cloudtrail", &format!("trail/{owner}")),
        Kind::Role => {
            format!("arn:{}:iam::{}:role/{owner}", place.region.partition(), place.account)
        }
        Kind::Bucket => format!("arn:{}:s3:::{owner}", place.region.partition()),
    };
    // The name of what has no path stands in the history bare; a topic or queue is listed by its
    // ARN.
    let resource_names = match kind {
        Kind::Topic | Kind::Subscription | Kind::Queue | Kind::Machine => vec![arn.clone()],
        Kind::Trail => vec![plain.to_owned(), arn.clone()],
        _ => vec![plain.to_owned()],
    };
    Suspicion {
        source: source(kind),
        calls,
        resource_names,
        subject: Subject {
            names: vec![plain.to_owned(), arn],
            bus,
            part: part.filter(|_| kind != Kind::Subscription).map(str::to_owned),
            protocol: None,
        },
        by_others: false,
        place,
    }
}

/// Where the history of IAM is kept.
fn identity_region(place: &Place) -> Region {
    let leader = Landing::Leader.region_in(place.region.partition());
    leader.and_then(Region::new).unwrap_or_else(|| place.region.clone())
}

fn source(kind: Kind) -> &'static str {
    match kind {
        Kind::Rule | Kind::Target | Kind::Bus => "events.amazonaws.com",
        Kind::Topic | Kind::Subscription => "sns.amazonaws.com",
        Kind::Machine => "states.amazonaws.com",
        Kind::Queue => "sqs.amazonaws.com",
        Kind::Trail => "cloudtrail.amazonaws.com",
        Kind::Role => "iam.amazonaws.com",
        Kind::Bucket => "s3.amazonaws.com",
    }
}

/// The calls that delete, create or change an object of this kind.
fn calls(change: &Change) -> Vec<&'static str> {
    let kind = change.address.kind;
    match change.action {
        Verb::Create => match kind {
            Kind::Rule => vec!["DeleteRule"],
            Kind::Target => vec!["RemoveTargets", "DeleteRule"],
            Kind::Bus => vec!["DeleteEventBus"],
            Kind::Topic => vec!["DeleteTopic"],
            Kind::Subscription => vec!["Unsubscribe", "DeleteTopic"],
            Kind::Machine => vec!["DeleteStateMachine"],
            Kind::Queue => vec!["DeleteQueue"],
            Kind::Trail => vec!["DeleteTrail"],
            Kind::Role => vec!["DeleteRole"],
            Kind::Bucket => vec!["DeleteBucket"],
        },
        Verb::Delete => match kind {
            Kind::Rule => vec!["PutRule"],
            Kind::Target => vec!["PutTargets"],
            Kind::Bus => vec!["CreateEventBus"],
            Kind::Topic => vec!["CreateTopic"],
            Kind::Subscription => vec!["Subscribe"],
            Kind::Machine => vec!["CreateStateMachine"],
            Kind::Queue => vec!["CreateQueue"],
            Kind::Trail => vec!["CreateTrail"],
            Kind::Role if change.address.name.contains('/') => vec!["PutRolePolicy"],
            Kind::Role => vec!["CreateRole"],
            Kind::Bucket => vec!["CreateBucket"],
        },
        Verb::Update | Verb::Adopt => {
            let mut calls: Vec<&'static str> = Vec::new();
            for call in change.fields.iter().flat_map(|field| changing(kind, &field.path)) {
                if !calls.contains(call) {
                    calls.push(call);
                }
            }
            calls
        }
    }
}

/// The calls that change a field.
fn changing(kind: Kind, field: &str) -> &'static [&'static str] {
    match (kind, field) {
        (Kind::Trail, "tags") => &["RemoveTags", "AddTags"],
        (Kind::Queue, "tags") => &["UntagQueue", "TagQueue"],
        (Kind::Role, "tags") => &["UntagRole", "TagRole"],
        (Kind::Bucket, "tags") => &["PutBucketTagging", "DeleteBucketTagging"],
        (_, "tags") => &["UntagResource", "TagResource"],
        (Kind::Rule, "state") => &["DisableRule", "EnableRule", "PutRule"],
        (Kind::Rule, _) => &["PutRule"],
        (Kind::Target, _) => &["PutTargets"],
        (Kind::Bus, _) => &["PutPermission", "RemovePermission"],
        (Kind::Topic, "policy") => &["SetTopicAttributes", "AddPermission", "RemovePermission"],
        (Kind::Topic, _) => &["SetTopicAttributes"],
        (Kind::Subscription, _) => &["SetSubscriptionAttributes"],
        (Kind::Queue, "policy") => &["SetQueueAttributes", "AddPermission", "RemovePermission"],
        (Kind::Queue, _) => &["SetQueueAttributes"],
        (Kind::Machine, _) => &["UpdateStateMachine"],
        (Kind::Trail, "logging") => &["StopLogging"],
        (Kind::Trail, "selectors") => &["PutEventSelectors"],
        (Kind::Trail, _) => &["UpdateTrail"],
        (Kind::Role, "trust") => &["UpdateAssumeRolePolicy"],
        (Kind::Role, "permissions_boundary") => {
            &["PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"]
        }
        (Kind::Role, _) => &["PutRolePolicy", "DeleteRolePolicy"],
        (Kind::Bucket, "policy") => &["PutBucketPolicy", "DeleteBucketPolicy"],
        (Kind::Bucket, "public_access_blocked") => {
            &["PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock"]
        }
        (Kind::Bucket, "versioning") => &["PutBucketVersioning"],
        (Kind::Bucket, "encryption") => &["PutBucketEncryption", "DeleteBucketEncryption"],
        (Kind::Bucket, "owner_enforced") => {
            &["PutBucketOwnershipControls", "DeleteBucketOwnershipControls"]
        }
        (Kind::Bucket, _) => &["PutBucketLifecycle", "DeleteBucketLifecycle"],
    }
}
