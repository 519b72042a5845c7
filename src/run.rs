//! The pipeline: who calls, which places, what should exist, what is there.
//!
//! `survey` reads everything once; `plan`, `drift` and `verify` are pure functions of its result, and
//! `apply` performs a plan and surveys again. What only a proof looks at is read by `observe_signals`.

pub mod apply;
pub mod observe;

pub use apply::{Applied, Outcome, OutcomeKind, apply};
pub use observe::{observe, observe_signals};

use crate::blueprint::{Blueprint, Regions};
use crate::cloud::{AccountReads, Cloud, CloudError};
use crate::desired::{self, Desired, Scope, ScopeError};
use crate::diag::Diagnostic;
use crate::plan::Live;
use crate::resource::Address;
use crate::scope::{Place, Region};
use crate::snapshot::{Caller, Observed};
use jiff::civil::Date;

/// What the engine says while it works; `report` listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    ObserveStarted { places: usize },
    Observed { place: Place },
    ObserveFinished,
    ApplyStarted { changes: usize },
    ChangeStarted { address: Address },
    ChangeFinished { address: Address, outcome: OutcomeKind },
    Settling,
    ApplyFinished,
}

/// Who hears of the engine's events.
pub type Listener<'a> = &'a (dyn Fn(Event) + Send + Sync);

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
    #[error("no region that the blueprint covers is among those asked for")]
    Narrowed,
    /// The blueprint cannot be compiled for this scope.
    #[error("the blueprint cannot be compiled for the regions it covers")]
    Compile(Vec<Diagnostic>),
}

/// Reads everything that a blueprint concerns, with at most `concurrency` places at once. `regions`
/// narrows what is looked at; empty, it is everything.
///
/// # Errors
/// When the caller or the scope cannot be told, or the blueprint does not compile for it. What cannot be
/// read of a place is no error: it is in the result, as unreadable.
pub async fn survey(
    cloud: &dyn Cloud,
    blueprint: &Blueprint,
    as_of: Date,
    regions: &[Region],
    concurrency: usize,
    listener: Listener<'_>,
) -> Result<Survey, SurveyError> {
    let caller = cloud.caller().await?;
    let scope = scope(cloud, blueprint, &caller, as_of).await?;
    let mut desired = desired::compile(blueprint, &scope, as_of).map_err(SurveyError::Compile)?;
    if !regions.is_empty() {
        desired.narrow(regions);
    }
    if desired.places.is_empty() {
        return Err(SurveyError::Narrowed);
    }
    let live = observe(cloud, &desired, concurrency, listener).await;
    Ok(Survey { caller, desired, live })
}

async fn scope(
    cloud: &dyn Cloud,
    blueprint: &Blueprint,
    caller: &Caller,
    as_of: Date,
) -> Result<Scope, ScopeError> {
    let account = &caller.account;
    if let Regions::List(_) = blueprint.regions {
        return Scope::of(blueprint, account, Ok(&[]), as_of);
    }
    let reads = AccountReads { enabled_regions: true, ..AccountReads::default() };
    let seen = cloud.observe_account(account, &reads).await;
    let enabled = match &seen.enabled_regions {
        Observed::Known(regions) => Ok(regions.as_slice()),
        Observed::Absent => Err("AWS listed none".to_owned()),
        Observed::Unreadable(why) => {
            Err(format!("{}: {} ({})", why.operation, why.code, why.message))
        }
    };
    Scope::of(blueprint, account, enabled, as_of)
}
