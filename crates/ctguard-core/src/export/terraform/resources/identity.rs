//! Which object of AWS a resource is, and the id by which it is imported.

use crate::resource::keys::RuleKey;
use crate::resource::machine::machine_arn;
use crate::resource::{Tags, owned_by};
use crate::scope::Place;
use crate::snapshot::file::Recording;
use crate::snapshot::{LiveRule, LiveSubscription, LiveTopic, Observed, PlaceSnapshot};

/// What a resource is in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    Bucket { name: String, part: BucketPart },
    Trail { name: String },
    Role { name: String, policy: Option<String> },
    Bus { name: String, policy: bool },
    Queue { name: String, policy: bool },
    Topic { name: String, policy: bool },
    Subscription { topic: String, protocol: String, shown: String },
    Machine { name: String },
    Rule { key: RuleKey, target: Option<String> },
}

/// A bucket, or one of its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketPart {
    Itself,
    PublicAccess,
    Ownership,
    Versioning,
    Encryption,
    Lifecycle,
    Policy,
}

impl Identity {
    /// Whether it has the argument `region`: IAM's resources have none.
    ///
    /// Source: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/enhanced-region-support>
    pub fn is_regional(&self) -> bool {
        !matches!(self, Self::Role { .. })
    }

    /// The id by which the object is imported, where the snapshot shows that it exists with the
    /// blueprint's ownership tag.
    ///
    /// What is imported must exist: a setting that was never made is made instead.
    ///
    /// Source: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs> (each resource's
    /// section Import), and for `@region`
    /// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/enhanced-region-support>
    pub fn import_id(&self, place: &Place, seen: &Recording) -> Option<String> {
        let id = match self {
            Self::Role { name, policy } => return role(place, seen, name, policy.as_deref()),
            Self::Bucket { name, part } => bucket(place, seen, name, *part)?,
            _ => self.id_in(&seen.places.get(place)?.seen, &seen.blueprint)?,
        };
        Some(format!("{id}@{}", place.region))
    }

    fn id_in(&self, seen: &PlaceSnapshot, blueprint: &str) -> Option<String> {
        let place = &seen.place;
        let owned = |tags: &Observed<Tags>| tags.name_owner(blueprint);
        match self {
            Self::Trail { name } => {
                let arn = place.arn("cloudtrail", &format!("trail/{name}"));
                seen.trails.known()?.get(&arn).filter(|one| owned(&one.tags)).map(|_| arn)
            }
            Self::Bus { name, policy } => {
                let live = seen.buses.get(name)?.known().filter(|one| owned(&one.tags))?;
                (!policy || live.bus.policy.is_some()).then(|| name.clone())
            }
            Self::Queue { name, policy } => {
                let live = seen.queues.get(&place.arn("sqs", name))?.known();
                let live = live.filter(|one| owned(&one.tags))?;
                (!policy || live.queue.get().policy.is_some()).then(|| place.queue_url(name))
            }
            // Every topic has a policy.
            Self::Topic { name, .. } => topic(seen, name, blueprint).map(|(arn, _)| arn),
            Self::Subscription { topic: name, protocol, shown } => {
                subscription(topic(seen, name, blueprint)?.1, protocol, shown)
            }
            Self::Machine { name } => {
                let arn = machine_arn(place, name);
                let live = seen.machines.get(&arn)?.known();
                live.filter(|one| one.is_active() && owned(&one.tags)).map(|_| arn)
            }
            Self::Rule { key, target } => {
                let live: &LiveRule = seen.rule(key).filter(|one| owned(&one.tags))?;
                // Without a bus it is the default one's, in the key as in the id.
                match target {
                    None => Some(key.to_string()),
                    Some(id) => live.targets.known()?.get(id).map(|_| format!("{key}/{id}")),
                }
            }
            Self::Role { .. } | Self::Bucket { .. } => None,
        }
    }
}

fn role(place: &Place, seen: &Recording, name: &str, policy: Option<&str>) -> Option<String> {
    let live = seen.accounts.get(&place.account)?.seen.roles.get(name)?.known()?;
    if !live.tags.name_owner(&seen.blueprint) {
        return None;
    }
    match policy {
        None => Some(name.to_owned()),
        Some(policy) => live.role.policies.contains_key(policy).then(|| format!("{name}:{policy}")),
    }
}

fn bucket(place: &Place, seen: &Recording, name: &str, part: BucketPart) -> Option<String> {
    let live = seen.accounts.get(&place.account)?.seen.buckets.get(name)?.known()?;
    if !live.tags.known().is_some_and(|tags| owned_by(tags, &seen.blueprint)) {
        return None;
    }
    let is = &live.bucket;
    let there = match part {
        BucketPart::Itself => true,
        BucketPart::PublicAccess => is.public_access_blocked,
        BucketPart::Ownership => is.owner_enforced,
        BucketPart::Versioning => is.versioning,
        BucketPart::Encryption => is.encryption != crate::resource::bucket::Encryption::None,
        BucketPart::Lifecycle => is.lifecycle,
        BucketPart::Policy => is.policy.is_some(),
    };
    there.then(|| name.to_owned())
}

fn topic<'a>(
    seen: &'a PlaceSnapshot,
    name: &str,
    blueprint: &str,
) -> Option<(String, &'a LiveTopic)> {
    let arn = seen.place.arn("sns", name);
    let live = seen.topics.get(&arn)?.known()?;
    live.tags.name_owner(blueprint).then_some((arn, live))
}

/// A subscription that is confirmed: one that is pending has no ARN yet. An address that is secret is
/// found by what is shown of it.
fn subscription(topic: &LiveTopic, protocol: &str, shown: &str) -> Option<String> {
    let all = topic.subscriptions.known()?;
    let found = all.iter().find(|(endpoint, _)| {
        let is = |address: &str| match protocol {
            "email" | "email-json" => address.eq_ignore_ascii_case(shown),
            _ => address == shown,
        };
        endpoint.protocol.as_str() == protocol
            && (is(endpoint.shown()) || is(endpoint.address()) || is(endpoint.unveiled().shown()))
    });
    match found {
        Some((_, LiveSubscription::Confirmed { arn, .. })) => Some(arn.clone()),
        _ => None,
    }
}
