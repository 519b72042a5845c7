//! Reading all places side by side, each once.

use super::{Event, Listener};
use crate::cloud::{AccountReads, Cloud, ReadSet};
use crate::desired::{AlertPath, Desired};
use crate::plan::Live;
use crate::resource::topic::is_opt_in;
use crate::scope::{AccountId, Arn, Place};
use crate::snapshot::{AccountSnapshot, PlaceSnapshot};
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// Reads every place in scope, then the home regions of trails that live elsewhere: a trail's selectors
/// can only be trusted as its home region tells them. Where an organization's trail asks for it, an account
/// is also asked which regions it has enabled.
pub async fn observe(
    cloud: &dyn Cloud,
    desired: &Desired,
    concurrency: usize,
    listener: Listener<'_>,
) -> Live {
    let wanted: Vec<(Place, ReadSet)> =
        desired.places.keys().map(|place| (place.clone(), desired.reads(place))).collect();
    listener(Event::ObserveStarted { places: wanted.len() });
    let accounts: BTreeSet<&AccountId> =
        desired.buckets.keys().map(|(account, _)| account).collect();
    let accounts = join_all(accounts.into_iter().map(|account| async move {
        let reads = desired.account_reads(account);
        (account.clone(), cloud.observe_account(account, &reads).await)
    }));
    let (accounts, mut places) =
        futures::join!(accounts, read(cloud, wanted, concurrency, listener));

    let mut accounts: BTreeMap<AccountId, AccountSnapshot> = accounts.into_iter().collect();
    for account in accounts_in_doubt(&places) {
        let reads = AccountReads { enabled_regions: true, ..AccountReads::default() };
        let seen = cloud.observe_account(&account, &reads).await;
        match accounts.get_mut(&account) {
            Some(known) => known.enabled_regions = seen.enabled_regions,
            None => drop(accounts.insert(account, seen)),
        }
    }
    let homes = homes_elsewhere(&places);
    places.extend(read(cloud, homes, concurrency, listener).await);
    listener(Event::ObserveFinished);
    Live { accounts, places }
}

/// Reads what AWS has counted of the rules on these paths, as far as the rules are there.
///
/// A proof wants it and a plan does not, so it is a reading of its own, after the first: rules that are not
/// there cost nothing.
pub async fn observe_signals(
    cloud: &dyn Cloud,
    paths: &[AlertPath],
    live: &mut Live,
    concurrency: usize,
) {
    let mut wanted: BTreeMap<Place, ReadSet> = BTreeMap::new();
    for path in paths {
        let rules = live.places.get(&path.raised).and_then(|seen| seen.rules.known());
        for name in path.rules.iter().filter(|name| rules.is_some_and(|r| r.contains_key(*name))) {
            wanted.entry(path.raised.clone()).or_default().signals.insert(name.clone());
        }
    }
    let seen = read(cloud, wanted.into_iter().collect(), concurrency, &|_| {}).await;
    for (place, seen) in seen {
        if let Some(here) = live.places.get_mut(&place) {
            here.signals = seen.signals;
        }
    }
}

async fn read(
    cloud: &dyn Cloud,
    wanted: Vec<(Place, ReadSet)>,
    concurrency: usize,
    listener: Listener<'_>,
) -> BTreeMap<Place, PlaceSnapshot> {
    stream::iter(wanted)
        .map(|(place, reads)| async move {
            let seen = cloud.observe(&place, &reads).await;
            listener(Event::Observed { place: place.clone() });
            (place, seen)
        })
        .buffer_unordered(concurrency.max(1))
        .collect()
        .await
}

/// Accounts that see the organization's trail and may not have enabled its home region, without which they
/// send it nothing. A home region that answered is enabled.
fn accounts_in_doubt(places: &BTreeMap<Place, PlaceSnapshot>) -> BTreeSet<AccountId> {
    let in_doubt = |place: &Place, seen: &PlaceSnapshot| {
        seen.trails.known().into_iter().flatten().any(|(arn, trail)| {
            let home = Place::new(place.account.clone(), trail.home_region.clone());
            let theirs = Arn::parse(arn).is_some_and(|arn| arn.account != place.account.as_str());
            let answered = || places.get(&home).is_some_and(|seen| seen.trails.known().is_some());
            theirs && is_opt_in(&trail.home_region) && !answered()
        })
    };
    let found = places.iter().filter(|(place, seen)| in_doubt(place, seen));
    found.map(|(place, _)| place.account.clone()).collect()
}

/// Home regions, in accounts that are read anyway, of trails seen from another region only.
fn homes_elsewhere(places: &BTreeMap<Place, PlaceSnapshot>) -> Vec<(Place, ReadSet)> {
    let mut homes = BTreeSet::new();
    for (place, seen) in places {
        for (arn, trail) in seen.trails.known().into_iter().flatten() {
            let home = Place::new(place.account.clone(), trail.home_region.clone());
            let own = Arn::parse(arn).is_some_and(|arn| arn.account == place.account.as_str());
            if own && !places.contains_key(&home) {
                homes.insert(home);
            }
        }
    }
    homes.into_iter().map(|home| (home, ReadSet { trails: true, ..ReadSet::default() })).collect()
}
