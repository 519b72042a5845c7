//! Who hears of an event where not every link of its way holds: everybody listed, some, or nobody.
//!
//! What carries the event up to the topics must hold for anybody to hear. From there on each
//! destination, and each of its subscribers, stands for itself. What cannot be told apart counts for
//! all: somebody is said to hear only where every link on the way to them holds.

use super::{Link, LinkObject, PathProof, Status};
use crate::blueprint::Subscriber;
use crate::desired::{Desired, DestinationPath};

/// Who of those listed hears of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hearers {
    Nobody,
    /// Somebody, and not everybody.
    Some,
    Everybody,
}

/// What is asked of links and subscribers.
pub struct Condition<L, S> {
    /// Whether a link is as it must be.
    pub holds: L,
    /// Whether a subscriber can hear, as far as links do not say it.
    pub ready: S,
}

impl PathProof {
    /// Who hears of its event now, as far as that is known.
    pub fn hearers(&self, desired: &Desired) -> Hearers {
        let holds = |link: &Link| link.status <= Status::Assumed;
        self.hearers_where(desired, &Condition { holds, ready: |_: &_, _: &_| true })
    }

    /// Who hears of its event where links and subscribers are as the condition says.
    pub fn hearers_where<L, S>(&self, desired: &Desired, condition: &Condition<L, S>) -> Hearers
    where
        L: Fn(&Link) -> bool,
        S: Fn(&DestinationPath, &Subscriber) -> bool,
    {
        let Condition { holds, ready } = condition;
        if !self.links.here.iter().all(|link| holds(link)) {
            return Hearers::Nobody;
        }
        let broken: Vec<&Link> =
            self.links.onward.iter().map(|link| &**link).filter(|link| !holds(link)).collect();
        let mut all = broken.is_empty();
        let mut some = false;
        for destination in self.destinations.iter() {
            let lost = broken.iter().map(|link| self.loses(desired, link, destination));
            let lost: Vec<Loses<'_>> = lost.collect();
            let is_open = !lost.iter().any(|one| matches!(one, Loses::Destination));
            let hears = |one: &Subscriber| {
                let lost = lost.iter().any(|lost| match lost {
                    Loses::Subscriber(object) => is_about(object, one),
                    Loses::Destination | Loses::Nothing => false,
                });
                !lost && ready(destination, one)
            };
            let listed = &destination.subscribers;
            all &= is_open && listed.iter().all(hears);
            some |= is_open && (listed.is_empty() || listed.iter().any(hears));
        }
        match (all, some) {
            (true, _) => Hearers::Everybody,
            (false, true) => Hearers::Some,
            (false, false) => Hearers::Nobody,
        }
    }

    /// What a destination loses by a link that does not hold.
    fn loses<'l>(
        &self,
        desired: &Desired,
        link: &'l Link,
        destination: &DestinationPath,
    ) -> Loses<'l> {
        let machine = destination.machine.as_deref();
        let concerns = match &link.object {
            LinkObject::Subscription { topic, .. } | LinkObject::Chat { topic, .. } => {
                return match *topic == destination.topic_arn {
                    true => Loses::Subscriber(&link.object),
                    false => Loses::Nothing,
                };
            }
            LinkObject::Topic(topic) | LinkObject::TopicKey { topic, .. } => {
                *topic == destination.topic_arn
            }
            LinkObject::Target { sends_to, .. } => *sends_to == destination.target_arn(),
            LinkObject::Machine(arn) => machine.is_some_and(|machine| machine.arn == *arn),
            LinkObject::Rule { key, .. } => self.is_sent_by(desired, key, destination),
            LinkObject::Role { arn, .. } => {
                let of = |one: &DestinationPath| {
                    let machine = one.machine.as_deref();
                    let roles = machine.map(|machine| [&machine.role_arn, &machine.started_by]);
                    roles.into_iter().flatten().chain(&one.role).any(|role| role == arn)
                };
                of(destination) || !self.destinations.iter().any(of)
            }
            LinkObject::Trails(_)
            | LinkObject::Trail(_)
            | LinkObject::Bucket(_)
            | LinkObject::Rules { .. }
            | LinkObject::Bus { .. }
            | LinkObject::Queue(_)
            | LinkObject::Alert(_) => true,
        };
        if concerns { Loses::Destination } else { Loses::Nothing }
    }

    /// Whether a rule has a target for a destination: an alert with many has several rules, each for
    /// some of them.
    fn is_sent_by(&self, desired: &Desired, key: &str, destination: &DestinationPath) -> bool {
        let rules = desired.places.get(&self.raised).map(|here| &here.rules);
        let wanted = rules.and_then(|rules| rules.get(key));
        wanted.is_none_or(|wanted| wanted.targets.contains_key(&destination.target_id))
    }
}

/// What a destination loses.
enum Loses<'a> {
    Nothing,
    /// One subscriber, by the object of the link.
    Subscriber(&'a LinkObject),
    Destination,
}

/// Whether a link's object is a subscriber.
fn is_about(object: &LinkObject, subscriber: &Subscriber) -> bool {
    match (object, subscriber) {
        (LinkObject::Subscription { endpoint, .. }, Subscriber::Endpoint(own)) => endpoint == own,
        (LinkObject::Chat { configuration, .. }, Subscriber::Chat(own)) => configuration == own,
        _ => false,
    }
}
