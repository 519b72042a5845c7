//! Finds what a drill has left, and removes it.

use ctguard_core::action::Action;
use ctguard_core::cloud::Cloud;
use ctguard_core::desired::Desired;
use ctguard_core::drill::leftovers::{account_reads, reads};
use ctguard_core::drill::report::UnreadPlace;
use ctguard_core::drill::{CallPurpose, DrillCall, Leftovers, leftovers};
use ctguard_core::scope::{AccountId, Place};
use ctguard_core::snapshot::{Live, Unreadable};
use futures::stream::{self, StreamExt};
use std::collections::BTreeSet;

/// What was removed, and what was not.
#[derive(Debug, Clone, Default)]
pub struct Cleaned {
    pub calls: Vec<DrillCall>,
    /// What stays behind.
    pub left: Vec<String>,
    /// What could not be read.
    pub unread: Vec<UnreadPlace>,
    /// What has the name of something of a drill's, and is not.
    pub foreign: Vec<String>,
    /// ARNs of the topics that were told of the drill.
    pub told: BTreeSet<String>,
}

/// Looks for what a drill has left in these places.
pub async fn find(
    cloud: &dyn Cloud,
    desired: &Desired,
    places: &BTreeSet<Place>,
    concurrency: usize,
) -> Leftovers {
    let accounts: BTreeSet<AccountId> = places.iter().map(|place| place.account.clone()).collect();
    let wanted = account_reads(desired);
    let accounts = stream::iter(accounts)
        .map(|account| {
            let wanted = &wanted;
            async move {
                let seen = cloud.observe_account(&account, wanted).await;
                (account, seen)
            }
        })
        .buffer_unordered(concurrency.max(1))
        .collect();
    let places = stream::iter(places)
        .map(|place| async move {
            let seen = cloud.observe(place, &reads(desired, place)).await;
            (place.clone(), seen)
        })
        .buffer_unordered(concurrency.max(1))
        .collect();
    let (accounts, places) = futures::join!(accounts, places);
    leftovers(desired, &Live { accounts, places })
}

/// Removes what a drill has left in these places.
pub async fn clean_up(
    cloud: &dyn Cloud,
    desired: &Desired,
    places: &BTreeSet<Place>,
    concurrency: usize,
) -> Cleaned {
    let found = find(cloud, desired, places, concurrency).await;
    remove(cloud, found, CallPurpose::Leftover).await
}

/// The same after a drill. Where something cannot be read, what the drill is known to have made is
/// removed by name.
pub(super) async fn clean(
    cloud: &dyn Cloud,
    desired: &Desired,
    places: &BTreeSet<Place>,
    made: Vec<(Place, Vec<Action>)>,
    concurrency: usize,
) -> Cleaned {
    let mut found = find(cloud, desired, places, concurrency).await;
    let dark: BTreeSet<Place> = found.unread.iter().map(|(place, _)| place.clone()).collect();
    // What was made last goes first.
    for (place, undo) in made.into_iter().rev() {
        if !dark.contains(&place) {
            continue;
        }
        for action in undo {
            let call = (place.clone(), action);
            if !found.calls.contains(&call) {
                found.calls.push(call);
            }
        }
    }
    remove(cloud, found, CallPurpose::CleanUp).await
}

async fn remove(cloud: &dyn Cloud, found: Leftovers, purpose: CallPurpose) -> Cleaned {
    let mut cleaned = Cleaned { foreign: found.foreign, told: found.told, ..Cleaned::default() };
    for (place, action) in &found.calls {
        let outcome = cloud.perform(place, action).await;
        let call = DrillCall {
            done: Some(outcome.is_ok()),
            error: outcome.as_ref().err().map(ToString::to_string),
            ..DrillCall::planned(place, action, purpose)
        };
        if let Err(error) = outcome {
            cleaned.left.push(format!("{} in {place}: {error}", call.object));
        }
        cleaned.calls.push(call);
    }
    cleaned.unread = found.unread.into_iter().map(unread).collect();
    cleaned
}

fn unread((place, why): (Place, Unreadable)) -> UnreadPlace {
    UnreadPlace { place, why }
}
