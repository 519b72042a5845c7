//! The pipeline: who calls, which places, what should exist, what is there.
//!
//! `survey` reads everything once; `plan`, `drift` and `verify` are pure functions of its result,
//! and `apply` performs a plan and surveys again. What only a proof needs is read by
//! `observe_signals`.

pub mod apply;
mod attribution;
pub mod drill;
pub mod lookup;
pub mod observe;
pub mod scope;
mod shared;

pub use apply::{Applied, ChangeOutcome, OutcomeKind, Why, apply};
pub use attribution::culprits;
pub use observe::{observe, observe_signals};
pub use scope::organization;

use ctguard_core::blueprint::Blueprint;
use ctguard_core::cloud::{Cloud, CloudError};
use ctguard_core::desired;
use ctguard_core::desired::{Desired, Intent, Narrow, Scope, ScopeError};
use ctguard_core::diag::Diagnostic;
use ctguard_core::plural::some;
use ctguard_core::resource::Address;
use ctguard_core::scope::{AccountId, Place};
use ctguard_core::snapshot::Caller;
use ctguard_core::snapshot::Live;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Progress events of the engine; `report` shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgressEvent {
    /// Listing the organization's accounts.
    ListingAccounts,
    /// Assuming roles and listing each account's enabled regions.
    RegionsStarted {
        accounts: usize,
    },
    /// `complete`: everything of it could be read; likewise for accounts and places.
    RegionsRead {
        account: AccountId,
        complete: bool,
    },
    /// Reading accounts and their places concurrently.
    ObserveStarted {
        accounts: usize,
        places: usize,
    },
    /// What was read named more places to read.
    ObserveMore {
        places: usize,
    },
    AccountObserved {
        account: AccountId,
        complete: bool,
    },
    Observed {
        place: Place,
        complete: bool,
    },
    ObserveFinished,
    /// Reading the metrics of the rules.
    CountStarted {
        places: usize,
    },
    Counted {
        place: Place,
        complete: bool,
    },
    CountFinished,
    ApplyStarted {
        changes: usize,
    },
    ChangeStarted {
        address: Address,
    },
    ChangeFinished {
        address: Address,
        outcome: OutcomeKind,
    },
    Settling,
    ApplyFinished,
}

/// Receives the engine's events.
pub type Listener<'a> = &'a (dyn Fn(ProgressEvent) + Send + Sync);

/// Everything a command needs to know about the blueprint and the accounts.
#[derive(Debug, Clone)]
pub struct Survey {
    pub caller: Caller,
    pub desired: Desired,
    pub live: Live,
}

/// Why there is no survey.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error("the blueprint covers none of the places asked for ({asked}); it covers {covered}")]
    Narrowed { asked: String, covered: String },
    /// The blueprint cannot be compiled for this scope.
    #[error("the blueprint cannot be compiled for the regions it covers")]
    Compile(Vec<Diagnostic>),
}

/// Reads everything that a blueprint concerns, with at most `concurrency` places at once, as far as
/// `narrow` includes it.
///
/// # Errors
/// When the caller or the scope cannot be determined, or the blueprint does not compile for it. A
/// part of an account or a place that cannot be read is not an error: the result has it as
/// unreadable.
pub async fn survey(
    cloud: &dyn Cloud,
    blueprint: &Blueprint,
    as_of: Date,
    narrow: &Narrow,
    concurrency: usize,
    listener: Listener<'_>,
) -> Result<Survey, SurveyError> {
    let intent = Intent::default();
    survey_for(cloud, blueprint, &intent, as_of, narrow, concurrency, listener).await
}

/// The same with an intent beyond the blueprint, such as destroying.
///
/// # Errors
/// As for [`survey`].
pub async fn survey_for(
    cloud: &dyn Cloud,
    blueprint: &Blueprint,
    intent: &Intent,
    as_of: Date,
    narrow: &Narrow,
    concurrency: usize,
    listener: Listener<'_>,
) -> Result<Survey, SurveyError> {
    let caller = cloud.caller().await?;
    let scope =
        scope::scope(cloud, blueprint, &caller.account, as_of, concurrency, listener).await?;
    let compiled = match intent.destroy {
        true => desired::compile(&blueprint.emptied(), &scope, as_of),
        false => desired::compile(blueprint, &scope, as_of),
    };
    let mut desired = compiled.map_err(SurveyError::Compile)?;
    desired.intent = intent.clone();
    if intent.destroy {
        desired.released = released(blueprint, &scope);
        desired.made = desired::made(blueprint, &scope, as_of);
    }
    let covered = covered(&scope.places);
    desired.narrow(narrow);
    let nothing = desired.own_places().next().is_none() && desired.unread.is_empty();
    // A shard of a small fleet may be empty; a region that is not covered is a mistake.
    if nothing && narrow.shard.is_none() {
        return Err(SurveyError::Narrowed { asked: narrow.to_string(), covered });
    }
    let live = observe(cloud, &desired, concurrency, listener).await;
    Ok(Survey { caller, desired, live })
}

/// The accounts and regions of places, a few of each.
pub fn covered<'a>(places: impl IntoIterator<Item = &'a Place>) -> String {
    let (mut accounts, mut regions) = (BTreeSet::new(), BTreeSet::new());
    for place in places {
        accounts.insert(place.account.as_str());
        regions.insert(place.region.as_str());
    }
    match accounts.is_empty() {
        true => "no place".to_owned(),
        false => format!("{} in {}", some(regions), some(accounts)),
    }
}

/// The bucket of the managed trail, which is evidence and is released instead of deleted.
fn released(blueprint: &Blueprint, scope: &Scope) -> BTreeMap<(AccountId, String), Place> {
    let Some(trail) = &blueprint.trail else { return BTreeMap::new() };
    let account = trail.account.as_ref().or(scope.accounts.keys().next());
    let place = account.map(|account| Place::new(account.clone(), trail.home_region.clone()));
    let place = place.filter(|place| scope.places.contains(place));
    place.map(|place| ((place.account.clone(), trail.bucket.clone()), place)).into_iter().collect()
}
