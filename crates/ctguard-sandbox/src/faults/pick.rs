//! Finds the target of a fault.

use super::Aim;
use crate::state::{State, StoredBucket, StoredRole, StoredRule, blueprint_of};
use ctguard_core::resource::Tags;
use ctguard_core::resource::topic::Endpoint;
use ctguard_core::scope::{Place, Region};

/// How many objects are listed when the target does not exist.
const LISTED_MAX: usize = 10;

/// A possible target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<'a, T> {
    pub place: Place,
    /// A rule's is its key.
    pub name: String,
    /// Carries ctguard's tag.
    ours: bool,
    pub object: &'a T,
}

impl<'a, T> Candidate<'a, T> {
    fn new(place: &Place, name: &str, tags: &Tags, object: &'a T) -> Self {
        let ours = blueprint_of(tags).is_some();
        Self { place: place.clone(), name: name.to_owned(), ours, object }
    }
}

/// Lists the objects of one kind in all places, through a view on a place.
macro_rules! listing {
    ($name:ident, $field:ident, $kind:ident) => {
        pub fn $name(state: &State) -> Vec<Candidate<'_, crate::state::$kind>> {
            let mut all = Vec::new();
            for place in state.places() {
                for (name, object) in &state.region(&place).$field {
                    all.push(Candidate::new(&place, name, &object.tags, object));
                }
            }
            all
        }
    };
}

listing!(buses, buses, StoredBus);
listing!(topics, topics, StoredTopic);
listing!(queues, queues, StoredQueue);
listing!(trails, trails, StoredTrail);
listing!(machines, machines, StoredMachine);

/// Lists the rules of all buses.
pub fn rules(state: &State) -> Vec<Candidate<'_, StoredRule>> {
    let places = state.places();
    let of = |place: &Place| {
        let rules = state.region(place).all_rules();
        rules
            .map(|(key, rule)| Candidate::new(place, key.as_str(), &rule.tags, rule))
            .collect::<Vec<_>>()
    };
    places.iter().flat_map(of).collect()
}

/// Lists the buckets of all accounts, in their regions.
pub fn buckets(state: &State) -> Vec<Candidate<'_, StoredBucket>> {
    let mut all = Vec::new();
    for (id, account) in &state.accounts {
        for (name, bucket) in &account.global.buckets {
            let place = Place::new(id.clone(), bucket.region.clone());
            all.push(Candidate::new(&place, name, &bucket.tags, bucket));
        }
    }
    all
}

/// Lists the roles of all accounts, in no region.
pub fn roles(state: &State) -> Vec<Candidate<'_, StoredRole>> {
    let mut all = Vec::new();
    for (id, account) in &state.accounts {
        let place = Place::new(id.clone(), Region::global());
        for (name, role) in &account.global.roles {
            all.push(Candidate::new(&place, name, &role.tags, role));
        }
    }
    all
}

/// Picks the target among the objects that `fits` accepts.
pub fn pick<T>(
    kind: &str,
    all: Vec<Candidate<'_, T>>,
    aim: &Aim,
    fits: impl Fn(&T) -> bool,
) -> Result<(Place, String), String> {
    let near = |candidate: &&Candidate<'_, T>| within(aim, &candidate.place);
    let rank = |candidate: &Candidate<'_, T>| {
        let distance = match &aim.name {
            None => Some(0),
            Some(name) if candidate.name == *name => Some(0),
            Some(name) if candidate.name.ends_with(&format!("/{name}")) => Some(0),
            Some(name) if candidate.name.ends_with(&format!("-{name}")) => Some(1),
            Some(_) => None,
        };
        distance.map(|distance| (distance, !candidate.ours))
    };
    let chosen = all
        .iter()
        .filter(near)
        .filter(|candidate| fits(candidate.object))
        .filter_map(|candidate| Some((rank(candidate)?, candidate)))
        .min_by(|(a, one), (b, other)| {
            (a, &one.place, &one.name).cmp(&(b, &other.place, &other.name))
        });
    match chosen {
        Some((_, candidate)) => Ok((candidate.place.clone(), candidate.name.clone())),
        None => Err(nothing(kind, aim, all.iter().map(|c| format!("{} in {}", c.name, c.place)))),
    }
}

/// Picks a subscription by its topic's name or its address.
pub fn pick_subscription(
    state: &State,
    aim: &Aim,
    fits: impl Fn(&crate::state::StoredSubscription) -> bool,
) -> Result<(Place, String, Endpoint), String> {
    let mut all = topics(state);
    all.sort_by(|a, b| (!a.ours, &a.place, &a.name).cmp(&(!b.ours, &b.place, &b.name)));
    let pairs = || {
        all.iter()
            .flat_map(|topic| topic.object.subscriptions.iter().map(move |pair| (topic, pair)))
    };
    let meant = |topic: &str, endpoint: &Endpoint| {
        aim.name.as_ref().is_none_or(|name| {
            topic == name
                || topic.ends_with(&format!("-{name}"))
                || endpoint.address() == *name
                || endpoint.to_string() == *name
        })
    };
    let chosen = pairs().find(|(topic, (endpoint, subscription))| {
        within(aim, &topic.place) && meant(&topic.name, endpoint) && fits(subscription)
    });
    match chosen {
        Some((topic, (endpoint, _))) => {
            Ok((topic.place.clone(), topic.name.clone(), endpoint.clone()))
        }
        None => {
            let there = pairs().map(|(topic, (endpoint, _))| {
                format!("{endpoint} of {} in {}", topic.name, topic.place)
            });
            Err(nothing("subscription", aim, there))
        }
    }
}

/// Whether a place is selected; objects without a region are selected in any region.
pub fn within(aim: &Aim, place: &Place) -> bool {
    aim.account.as_ref().is_none_or(|account| *account == place.account)
        && aim
            .region
            .as_ref()
            .is_none_or(|region| *region == place.region || place.region == Region::global())
}

/// Makes the error for a missing target, with the existing objects.
pub fn nothing(kind: &str, aim: &Aim, there: impl Iterator<Item = String>) -> String {
    let mut there: Vec<_> = there.collect();
    let mut said = format!("there is no {kind} that this could be done to");
    if let Some(name) = &aim.name {
        said.push_str(&format!(", named `{name}`"));
    }
    if let Some(region) = &aim.region {
        said.push_str(&format!(", in {region}"));
    }
    if there.is_empty() {
        said.push_str(&format!("; there is no {kind} at all"));
    } else {
        let more = there.len().saturating_sub(LISTED_MAX);
        there.truncate(LISTED_MAX);
        said.push_str(&format!("; there are: {}", there.join(", ")));
        if more > 0 {
            said.push_str(&format!(" and {more} more"));
        }
    }
    said
}
