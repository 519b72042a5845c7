//! Reads all places concurrently, each once.

use super::shared::Shared;
use super::{Listener, ProgressEvent};
use ctguard_core::cloud::Cloud;
use ctguard_core::desired::{Desired, SignalReads, made};
use ctguard_core::resource::topic::is_opt_in;
use ctguard_core::scope::{AccountId, Arn, Place};
use ctguard_core::snapshot::Live;
use ctguard_core::snapshot::PlaceSnapshot;
use ctguard_core::snapshot::{AccountReads, ReadSet};
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// The longest way of references to follow, with one to spare.
const REFERRED_ROUNDS: usize = 4;

/// Reads every place in scope, then the home regions of trails that live elsewhere: a trail's
/// selectors are only reliable in its home region. If an organization's trail requires it, the
/// enabled regions of an account are also read.
pub async fn observe(
    cloud: &dyn Cloud,
    desired: &Desired,
    concurrency: usize,
    listener: Listener<'_>,
) -> Live {
    let wanted = desired.places.keys().map(|place| (place.clone(), desired.reads(place)));
    let shared = Shared::default();
    let accounts: BTreeSet<AccountId> =
        desired.places.keys().map(|place| place.account.clone()).collect();
    listener(ProgressEvent::ObserveStarted {
        accounts: accounts.len(),
        places: desired.places.len(),
    });
    let told = |place: &Place, complete| {
        listener(ProgressEvent::Observed { place: place.clone(), complete })
    };
    let accounts = stream::iter(accounts)
        .map(|account| async move {
            let reads = desired.account_reads(&account);
            let seen = cloud.observe_account(&account, &reads).await;
            let complete = seen.is_readable();
            listener(ProgressEvent::AccountObserved { account: account.clone(), complete });
            (account, seen)
        })
        .buffer_unordered(concurrency.max(1))
        .collect::<BTreeMap<_, _>>();
    let (mut accounts, places) =
        futures::join!(accounts, read(cloud, wanted, (&shared, Some(desired)), concurrency, &told));

    let regions = &AccountReads { enabled_regions: true, ..AccountReads::default() };
    let mut in_doubt = accounts_in_doubt(&places);
    in_doubt.extend(accounts_not_shown(desired, &places));
    let in_doubt: Vec<_> = stream::iter(in_doubt)
        .map(|account| async move {
            let seen = cloud.observe_account(&account, regions).await;
            (account, seen)
        })
        .buffer_unordered(concurrency.max(1))
        .collect()
        .await;
    for (account, seen) in in_doubt {
        match accounts.get_mut(&account) {
            Some(known) => known.enabled_regions = seen.enabled_regions,
            None => drop(accounts.insert(account, seen)),
        }
    }
    let mut live = Live { accounts, places };
    // What is read may refer to more: from a forwarding rule to a bus to its rules' topics.
    for _ in 0..REFERRED_ROUNDS {
        let referred = made::referred(desired, &live);
        if referred.is_empty() {
            break;
        }
        listener(ProgressEvent::ObserveMore { places: referred.len() });
        let asked = referred.clone();
        for (place, more) in read(cloud, asked, (&shared, None), concurrency, &told).await {
            if let (Some(first), Some(asked)) = (live.places.get_mut(&place), referred.get(&place))
            {
                made::join(first, more, asked);
            }
        }
    }
    // The role of state machines that the blueprint does not have any more.
    for (account, reads) in made::machine_roles(desired, &live) {
        let seen = cloud.observe_account(&account, &reads).await;
        if let Some(known) = live.accounts.get_mut(&account) {
            known.roles.extend(seen.roles);
        }
    }
    let homes = homes_elsewhere(desired, &live.places);
    if !homes.is_empty() {
        listener(ProgressEvent::ObserveMore { places: homes.len() });
        live.places.extend(read(cloud, homes, (&shared, None), concurrency, &told).await);
    }
    listener(ProgressEvent::ObserveFinished);
    live
}

/// Reads every rule of these places, and then the topics that `more` asks for.
pub async fn every_rule(
    cloud: &dyn Cloud,
    places: Vec<Place>,
    more: impl Fn(&Live) -> BTreeMap<Place, ReadSet>,
    concurrency: usize,
    listener: Listener<'_>,
) -> Live {
    let accounts: BTreeSet<&AccountId> = places.iter().map(|place| &place.account).collect();
    listener(ProgressEvent::ObserveStarted { accounts: accounts.len(), places: places.len() });
    let told = |place: &Place, complete| {
        listener(ProgressEvent::Observed { place: place.clone(), complete })
    };
    let reads = ReadSet { every_rule: true, ..ReadSet::default() };
    let wanted = places.into_iter().map(|place| (place, reads.clone()));
    let shared = Shared::default();
    let places = read(cloud, wanted, (&shared, None), concurrency, &told).await;
    let mut live = Live { accounts: BTreeMap::new(), places };
    let referred = more(&live);
    listener(ProgressEvent::ObserveMore { places: referred.len() });
    for (place, seen) in read(cloud, referred, (&shared, None), concurrency, &told).await {
        if let Some(first) = live.places.get_mut(&place) {
            first.topics = seen.topics;
        }
    }
    listener(ProgressEvent::ObserveFinished);
    live
}

/// Reads the metrics of these rules and state machines, as far as they exist.
///
/// Only a proof needs them, so they are read separately, after the rules: missing rules cost
/// nothing.
pub async fn observe_signals(
    cloud: &dyn Cloud,
    counted: BTreeMap<Place, SignalReads>,
    live: &mut Live,
    concurrency: usize,
    listener: Listener<'_>,
) {
    let mut wanted: BTreeMap<Place, ReadSet> = BTreeMap::new();
    for (place, SignalReads { rules: mut signals, machines: mut executions }) in counted {
        let Some(seen) = live.places.get(&place) else { continue };
        signals.retain(|key| seen.rule(key).is_some());
        executions.retain(|arn| seen.machines.get(arn).is_some_and(|m| m.known().is_some()));
        if !signals.is_empty() || !executions.is_empty() {
            wanted.insert(place, ReadSet { signals, executions, ..ReadSet::default() });
        }
    }
    listener(ProgressEvent::CountStarted { places: wanted.len() });
    let told = |place: &Place, complete| {
        listener(ProgressEvent::Counted { place: place.clone(), complete })
    };
    let seen = read(cloud, wanted, (&Shared::default(), None), concurrency, &told).await;
    listener(ProgressEvent::CountFinished);
    for (place, seen) in seen {
        if let Some(here) = live.places.get_mut(&place) {
            here.signals = seen.signals;
            here.executions = seen.executions;
        }
    }
}

async fn read(
    cloud: &dyn Cloud,
    wanted: impl IntoIterator<Item = (Place, ReadSet)>,
    (shared, desired): (&Shared, Option<&Desired>),
    concurrency: usize,
    told: &(dyn Fn(&Place, bool) + Send + Sync),
) -> BTreeMap<Place, PlaceSnapshot> {
    let all: Vec<(Place, PlaceSnapshot)> = stream::iter(wanted)
        .map(|(place, reads)| async move {
            let seen = cloud.observe(&place, &reads).await;
            told(&place, seen.is_readable());
            let here = desired.and_then(|desired| desired.places.get(&place));
            let seen = shared.share(seen, here);
            (place, seen)
        })
        .buffer_unordered(concurrency.max(1))
        .collect()
        .await;
    // A map that is made of all at once is filled; one that grows is half empty.
    all.into_iter().collect()
}

/// Accounts that see the organization's trail and may not have enabled its home region; without it
/// they send the trail nothing. A home region that answered is enabled.
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

/// Accounts that do not show the organization's trail that the blueprint keeps, where its home
/// region must be opted in to: they may not have enabled it.
fn accounts_not_shown(
    desired: &Desired,
    places: &BTreeMap<Place, PlaceSnapshot>,
) -> BTreeSet<AccountId> {
    let home = desired.trail_home.as_ref().filter(|home| is_opt_in(&home.region));
    let kept = |home: &Place| desired.places.get(home).and_then(|here| here.trail.as_ref());
    let Some((home, kept)) = home.and_then(|home| Some((home, kept(home)?))) else {
        return BTreeSet::new();
    };
    let arn = home.arn("cloudtrail", &format!("trail/{}", kept.name));
    let hides = |place: &Place, seen: &PlaceSnapshot| {
        place.account != home.account
            && seen.trails.known().is_some_and(|trails| !trails.contains_key(&arn))
            && !places.contains_key(&Place::new(place.account.clone(), home.region.clone()))
    };
    let found = places.iter().filter(|(place, seen)| kept.trail.organization && hides(place, seen));
    found.map(|(place, _)| place.account.clone()).collect()
}

/// Home regions, in accounts that are covered, of trails seen from elsewhere only.
fn homes_elsewhere(
    desired: &Desired,
    places: &BTreeMap<Place, PlaceSnapshot>,
) -> Vec<(Place, ReadSet)> {
    let mut homes = BTreeSet::new();
    for (place, seen) in places {
        for (arn, trail) in seen.trails.known().into_iter().flatten() {
            let owner = Arn::parse(arn).and_then(|arn| AccountId::new(arn.account));
            let covered =
                |id: &AccountId| *id == place.account || desired.accounts.contains_key(id);
            let Some(owner) = owner.filter(covered) else { continue };
            let home = Place::new(owner, trail.home_region.clone());
            if !places.contains_key(&home) {
                homes.insert(home);
            }
        }
    }
    homes.into_iter().map(|home| (home, ReadSet { trails: true, ..ReadSet::default() })).collect()
}
