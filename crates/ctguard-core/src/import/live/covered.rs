//! Which places one blueprint can cover.
//!
//! An alert is raised in every place that its blueprint covers, and its topics must be there. Rules
//! whose topics are in other places than those of most rules need a blueprint of their own.

use super::Group;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::Live;
use std::collections::BTreeSet;

/// The places to cover, and the groups that do not fit into them, with the reason.
pub(super) fn places(live: &Live, groups: &[Group<'_>]) -> (BTreeSet<Place>, Vec<(usize, String)>) {
    let all = of(live, &regions(groups), &accounts(groups));
    let mut candidates = vec![all];
    for group in groups {
        let there =
            |place: &&Place| group.sent.topics.keys().all(|topic| !topic.lacks(live, place));
        let good: BTreeSet<&Region> =
            live.places.keys().filter(there).map(|place| &place.region).collect();
        let good: BTreeSet<Region> =
            regions(groups).into_iter().filter(|region| good.contains(region)).collect();
        candidates.push(of(live, &good, &accounts(std::slice::from_ref(group))));
        candidates.push(of(live, &good, &accounts(groups)));
    }
    let count = |places: &BTreeSet<Place>| {
        let fitting = groups.iter().filter(|group| misfit(live, group, places).is_none());
        fitting.count()
    };
    // The most rules, then the most places, then the first that was found.
    let mut best = BTreeSet::new();
    let mut most = (0, 0);
    for places in candidates {
        let worth = (count(&places), places.len());
        if worth > most {
            (most, best) = (worth, places);
        }
    }
    let left = groups.iter().enumerate();
    let left = left.filter_map(|(index, group)| Some((index, misfit(live, group, &best)?)));
    let left = left.collect();
    (best, left)
}

/// Why a group cannot be an alert of a blueprint that covers these places.
fn misfit(live: &Live, group: &Group<'_>, places: &BTreeSet<Place>) -> Option<String> {
    let own: Vec<String> = {
        let places: BTreeSet<&str> =
            group.all.iter().map(|one| one.place.region.as_str()).collect();
        places.into_iter().map(str::to_owned).collect()
    };
    let by_itself = || {
        format!(
            "import it by itself, with {} and another --name",
            own.iter().map(|name| format!("--region {name}")).collect::<Vec<_>>().join(" ")
        )
    };
    // Alone it would be as silent as now.
    let gone = group.all.iter().find_map(|one| {
        let mut topics = group.sent.topics.keys();
        Some((topics.find(|topic| topic.lacks(live, one.place))?, one.place))
    });
    if let Some((topic, place)) = gone {
        return Some(format!(
            "its topic {} does not exist in {place}, so that the rule alerts nobody there: make the \
             topic again or take it off the rule, and import then",
            topic.name()
        ));
    }
    if let Some(outside) = group.all.iter().find(|one| !places.contains(one.place)) {
        return Some(format!(
            "the topics of the other rules are not in {}: {}",
            outside.place,
            by_itself()
        ));
    }
    let raised = places.iter().filter(|place| group.lands.contains(place));
    for place in raised {
        if let Some(topic) = group.sent.topics.keys().find(|topic| topic.lacks(live, place)) {
            return Some(format!(
                "its topic {} is not in {place}, which the other rules need: {}",
                topic.name(),
                by_itself()
            ));
        }
    }
    None
}

fn of(live: &Live, regions: &BTreeSet<Region>, accounts: &BTreeSet<AccountId>) -> BTreeSet<Place> {
    let is_there =
        |place: &&Place| regions.contains(&place.region) && accounts.contains(&place.account);
    live.places.keys().filter(is_there).cloned().collect()
}

fn regions(groups: &[Group<'_>]) -> BTreeSet<Region> {
    groups.iter().flat_map(|group| &group.all).map(|one| one.place.region.clone()).collect()
}

fn accounts(groups: &[Group<'_>]) -> BTreeSet<AccountId> {
    groups.iter().flat_map(|group| &group.all).map(|one| one.place.account.clone()).collect()
}
