//! Forecasts each alert path: whether it reaches everybody now, and whether it will.

use crate::blueprint::Subscriber;
use crate::desired::{AlertPath, Desired, DestinationPath};
use crate::proof::{Condition, FixedBy, Hearers, Link, LinkCode, PathProof, Proof, Status};
use crate::resource::keys::RuleKey;
use crate::resource::rule::role_name;
use crate::resource::topic::Protocol;
use crate::resource::{Address, Kind};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{Live, LiveSubscription, Observed};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The forecast of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathForecast {
    /// It reaches everybody listed.
    pub now: bool,
    /// It does once the plan is applied, without confirmations.
    pub after: bool,
    /// It does once people have confirmed as well.
    pub confirmed: bool,
    /// Who hears where not everybody does: now, once the plan is applied, and once people have
    /// confirmed as well.
    pub partly: Partly,
    /// Whether it is not known who hears.
    pub unknown: NotKnown,
    /// It reaches everybody now as far as can be seen, and a part cannot.
    pub assumed: bool,
    /// Whatever reaches the event bus is delivered to everybody listed, regardless of the trail.
    pub hands_on_now: bool,
    /// It will be, once the plan is applied.
    pub hands_on_after: bool,
    /// What is only assumed, or broken for longer than this apply; absent without any, as mostly.
    pub doubts: Option<Box<Doubts>>,
}

/// Whether somebody listed hears, and not everybody: now, once the plan is applied, and once people
/// have confirmed as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Partly {
    pub now: bool,
    pub after: bool,
    pub confirmed: bool,
}

/// Whether it is not known that everybody hears, and nobody is known to: now, and once everything is
/// done. What is broken is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct NotKnown {
    pub now: bool,
    pub after: bool,
}

/// What is not shown of a path from the event bus on, each as a text of what was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Doubts {
    /// What is only assumed, where what a rule that is replaced sends may fare otherwise: whom a
    /// policy lets in and what a filter takes differs from rule to rule.
    pub own: Vec<(LinkCode, String)>,
    /// No apply mends it, and no confirmation.
    pub lasting: Option<String>,
}

impl Doubts {
    fn of<'l>(
        links: impl Iterator<Item = &'l Arc<Link>> + Clone,
        trail_refused: bool,
    ) -> Option<Box<Self>> {
        let seen = |link: &Arc<Link>| format!("{}: {}", link.object, link.cause);
        let own = |link: &&Arc<Link>| link.status == Status::Assumed && !is_anyones(link.code);
        let lasts = |link: &&Arc<Link>| !mended(link, trail_refused);
        let doubts = Self {
            own: links.clone().filter(own).map(|link| (link.code, seen(link))).collect(),
            lasting: links.clone().find(lasts).map(seen),
        };
        (doubts != Self::default()).then(|| Box::new(doubts))
    }
}

/// Whether a link is the same for whatever rule sends to the topic: what SNS makes of a message, and
/// what no rule decides.
fn is_anyones(code: LinkCode) -> bool {
    matches!(
        code,
        LinkCode::CannotFire
            | LinkCode::CannotLandHere
            | LinkCode::DeadLetterQueue
            | LinkCode::TopicKeyAwsManaged
            | LinkCode::SubscriberMissing
            | LinkCode::QueuePolicy
            | LinkCode::QueueKey
            | LinkCode::FunctionPolicy
            | LinkCode::ChatMissing
    )
}

/// Forecasts every path, in the order of `desired.paths`. `refused` is what ctguard will not touch.
pub(super) fn forecasts(
    desired: &Desired,
    live: &Live,
    proof: &Proof,
    refused: &[Address],
) -> Vec<PathForecast> {
    let trail_refused = refused.iter().any(|address| address.kind == Kind::Trail);
    let own_role = desired.names.role();
    let refused = Refused::of(refused, &own_role);
    let mut awaited = BTreeMap::new();
    desired
        .paths
        .iter()
        .zip(&proof.paths)
        .map(|(path, proof)| {
            let way = !refused.stops(path);
            // An apply leaves what it refuses as it is: no link behind the trail is mended then,
            // and one that is right stays right.
            let stays = |link: &Link| link.status <= Status::Assumed || is_awaited(link);
            let confirmed = proof.links.iter().all(|link| match way || link.code.is_trail() {
                true => mended(link, trail_refused),
                false => stays(link),
            });
            // Paths share their destinations: each is judged once.
            let key = (&path.raised, path.destinations.as_ptr());
            let everybody = !*awaited.entry(key).or_insert_with(|| awaits_somebody(path, live));
            let partly = Partly {
                now: proof.hearers(desired) == Hearers::Some,
                after: way
                    && !(confirmed && everybody)
                    && hears_some(desired, live, proof, trail_refused),
                confirmed: way && !confirmed && {
                    let holds = |link: &Link| mended(link, trail_refused);
                    let all = Condition { holds, ready: |_: &_, _: &_| true };
                    proof.hearers_where(desired, &all) == Hearers::Some
                },
            };
            let left = |link: &Link| match way || link.code.is_trail() {
                true => !mended(link, trail_refused),
                false => !stays(link),
            };
            let mut lasting = proof.links.iter().filter(|link| left(link));
            let unknown = NotKnown {
                now: proof.status() == Status::Unknown && !partly.now,
                after: !confirmed
                    && !partly.confirmed
                    && lasting.all(|link| link.status == Status::Unknown),
            };
            let mut bus_on = proof.links.iter().filter(|link| !link.code.is_trail());
            PathForecast {
                now: proof.status() <= Status::Assumed,
                after: confirmed && everybody,
                confirmed,
                partly,
                unknown,
                assumed: proof.status() == Status::Assumed,
                doubts: Doubts::of(bus_on.clone(), trail_refused),
                hands_on_now: bus_on.clone().all(|link| link.status <= Status::Assumed),
                hands_on_after: way && everybody && bus_on.all(|link| mended(link, trail_refused)),
            }
        })
        .collect()
}

/// What ctguard will not touch: rules that it cannot change or give a target, by place; the hub's
/// bus; state machines; roles; topics.
struct Refused<'a> {
    rules: BTreeMap<(&'a AccountId, &'a Region), BTreeSet<RuleKey>>,
    buses: BTreeSet<(&'a AccountId, &'a Region)>,
    roles: BTreeSet<&'a AccountId>,
    machines: BTreeSet<(&'a AccountId, &'a Region)>,
    topics: BTreeSet<(&'a AccountId, &'a Region, &'a str)>,
    /// The name of ctguard's own role.
    own_role: &'a str,
}

impl<'a> Refused<'a> {
    fn of(addresses: &'a [Address], own_role: &'a str) -> Self {
        let (rules, buses, roles) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let (machines, topics) = (BTreeSet::new(), BTreeSet::new());
        let mut refused = Self { rules, buses, roles, machines, topics, own_role };
        for address in addresses {
            let (account, region) = (&address.account, &address.region);
            match address.kind {
                Kind::Rule | Kind::Target => {
                    refused.rules.entry((account, region)).or_default().extend(address.rule());
                }
                Kind::Bus => drop(refused.buses.insert((account, region))),
                Kind::Machine => drop(refused.machines.insert((account, region))),
                Kind::Role => drop(refused.roles.insert(account)),
                Kind::Topic => drop(refused.topics.insert((account, region, &address.name))),
                _ => {}
            }
        }
        refused
    }

    /// Whether a path needs something that ctguard will not touch.
    fn stops(&self, path: &AlertPath) -> bool {
        let refused = |place: &Place, rules: &[RuleKey]| {
            let there = self.rules.get(&(&place.account, &place.region));
            there.is_some_and(|there| rules.iter().any(|rule| there.contains(rule)))
        };
        let own = path.destinations.iter().filter_map(|destination| destination.role.as_ref());
        let mails = path.destinations.iter().any(|destination| destination.machine.is_some());
        let as_own = mails || own.filter(|role| role_name(role) == Some(self.own_role)).count() > 0;
        let raised = (&path.raised.account, &path.raised.region);
        let topics = path.destinations.iter().filter_map(|one| one.managed_topic.as_deref());
        refused(&path.raised, &path.rules)
            || topics.into_iter().any(|topic| self.topics.contains(&(raised.0, raised.1, topic)))
            || mails && self.machines.contains(&raised)
            || as_own && self.roles.contains(&path.raised.account)
            || path.forward.as_ref().is_some_and(|forward| {
                refused(&path.lands, &forward.rules)
                    || self.buses.contains(&(&path.raised.account, &path.raised.region))
                    || self.roles.contains(&path.lands.account)
            })
    }
}

/// Whether a link waits for a person who confirms.
fn is_awaited(link: &Link) -> bool {
    matches!(link.code, LinkCode::SubscriberPending | LinkCode::ChatMissing)
}

/// Whether a link is right, or will be once the plan is applied and people have confirmed.
fn mended(link: &Link, trail_refused: bool) -> bool {
    let apply = link.status == Status::Broken && link.fixed_by == FixedBy::Apply;
    link.status <= Status::Assumed
        || is_awaited(link)
        || apply && !(link.code.is_trail() && trail_refused)
}

/// Whether somebody listed hears once the plan is applied, without anybody's confirmation.
fn hears_some(desired: &Desired, live: &Live, proof: &PathProof, trail_refused: bool) -> bool {
    let holds = |link: &Link| !is_awaited(link) && mended(link, trail_refused);
    let ready = |destination: &DestinationPath, subscriber: &Subscriber| {
        !awaits(destination, subscriber, &proof.raised, live)
    };
    proof.hearers_where(desired, &Condition { holds, ready }) >= Hearers::Some
}

/// Whether a listed subscriber has yet to confirm, or will have to once it is subscribed.
fn awaits_somebody(path: &AlertPath, live: &Live) -> bool {
    path.destinations.iter().any(|destination| {
        let listed = destination.subscribers.iter();
        listed.into_iter().any(|subscriber| awaits(destination, subscriber, &path.raised, live))
    })
}

fn awaits(
    destination: &DestinationPath,
    subscriber: &Subscriber,
    raised: &Place,
    live: &Live,
) -> bool {
    let seen = destination.topic_seen(live, raised).1;
    // Who is subscribed to a topic of others that nobody may read, is assumed as well.
    if destination.managed_topic.is_none() && matches!(seen, Some(Observed::Unreadable(_))) {
        return false;
    }
    let subscriptions =
        seen.and_then(Observed::known).and_then(|topic| topic.subscriptions.known());
    let endpoint = subscriber.endpoint();
    let by_itself = matches!(endpoint.protocol, Protocol::Sqs | Protocol::Lambda);
    let there = subscriptions.and_then(|seen| seen.get(&endpoint));
    !by_itself && !matches!(there, Some(LiveSubscription::Confirmed { .. }))
}
