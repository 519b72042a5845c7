//! Which places a blueprint covers, and where its events land among them.

use crate::blueprint::{Alert, Blueprint, EventRef, Regions};
use crate::diag::Diagnostic;
use crate::scope::{AccountId, Place, Region};
use jiff::civil::Date;

/// The places that a blueprint covers, in address order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub places: Vec<Place>,
    /// Regions left out on purpose, with an exception that still holds.
    pub excepted: Vec<Region>,
}

/// Why a blueprint has no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("the enabled regions of account {account} are not known: {why}")]
    RegionsUnknown { account: AccountId, why: String },
    #[error("no region is left to cover in account {0}")]
    Nothing(AccountId),
}

impl Scope {
    /// The places of one account. `enabled` is what the account has enabled, and is asked for only
    /// with `regions: enabled`. An exception that has ended no longer takes its region out.
    ///
    /// # Errors
    /// When the enabled regions are needed and not known, or nothing is left.
    pub fn of(
        blueprint: &Blueprint,
        account: &AccountId,
        enabled: Result<&[Region], String>,
        as_of: Date,
    ) -> Result<Self, ScopeError> {
        let (mut regions, excepted) = match &blueprint.regions {
            Regions::List(list) => (list.clone(), Vec::new()),
            Regions::Enabled { except } => {
                let enabled = enabled
                    .map_err(|why| ScopeError::RegionsUnknown { account: account.clone(), why })?;
                let holds = |region: &Region| {
                    except.iter().any(|exception| {
                        exception.region == *region
                            && exception.until.is_none_or(|until| until >= as_of)
                    })
                };
                enabled.iter().cloned().partition(|region| !holds(region))
            }
        };
        regions.sort();
        regions.dedup();
        if regions.is_empty() {
            return Err(ScopeError::Nothing(account.clone()));
        }
        let places =
            regions.into_iter().map(|region| Place::new(account.clone(), region)).collect();
        Ok(Self { places, excepted })
    }
}

/// The events of an alert that can land in a region.
pub(super) fn landing_in<'a>(alert: &'a Alert, region: &Region) -> Vec<&'a EventRef> {
    alert.events.iter().filter(|event| event.landing.lands_in(region)).collect()
}

/// An error for every event that lands in no place of the scope: its alert could never be raised.
pub(super) fn check_landing(alert: &Alert, scope: &Scope) -> Vec<Diagnostic> {
    alert
        .events
        .iter()
        .filter(|event| !scope.places.iter().any(|place| event.landing.lands_in(&place.region)))
        .map(|event| {
            let partition = scope.places.first().map(|place| place.region.partition());
            let lands = match partition.and_then(|partition| event.landing.region_in(partition)) {
                Some(region) => format!("CloudTrail records it in {region} only"),
                None => "CloudTrail records it in none of them".to_owned(),
            };
            Diagnostic::error(
                "event-out-of-scope",
                format!("{} cannot land in any region that this blueprint covers", event.short()),
            )
            .at(alert.span.clone())
            .label(format!("alert `{}` would never fire for it", alert.id))
            .help(format!("{lands}: add that region to `regions:`, or take the event out."))
        })
        .collect()
}
