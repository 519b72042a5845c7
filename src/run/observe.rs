//! Reading all places side by side, each once.

use super::{Event, Listener};
use crate::cloud::{Cloud, ReadSet};
use crate::desired::Desired;
use crate::plan::Live;
use crate::scope::{AccountId, Arn, Place};
use crate::snapshot::{AccountSnapshot, PlaceSnapshot};
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// Reads every place in scope, then the home regions of trails that live elsewhere: a trail's selectors
/// can only be trusted as its home region tells them.
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

    let homes = homes_elsewhere(&places);
    places.extend(read(cloud, homes, concurrency, listener).await);
    listener(Event::ObserveFinished);
    let accounts: BTreeMap<AccountId, AccountSnapshot> = accounts.into_iter().collect();
    Live { accounts, places }
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
