//! Which accounts and places a blueprint covers, from live data: the organization's accounts and
//! the enabled regions of each.

use super::{Listener, ProgressEvent};
use ctguard_core::blueprint::{Blueprint, Regions};
use ctguard_core::cause::Cause;
use ctguard_core::cloud::Cloud;
use ctguard_core::desired::{Scope, ScopeError};
use ctguard_core::scope::{AccountId, Region};
use ctguard_core::snapshot::{AccountReads, OrganizationReads};
use ctguard_core::snapshot::{CloudErrorKind, Observed, Organization, Unreadable};
use futures::stream::{self, StreamExt};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Finds the places that a blueprint covers. An account whose regions cannot be read is in the
/// scope without places; others are unaffected.
///
/// # Errors
/// When the accounts cannot be listed, an account has no region left, or nothing could be read.
pub async fn scope(
    cloud: &dyn Cloud,
    blueprint: &Blueprint,
    caller: &AccountId,
    as_of: Date,
    concurrency: usize,
    listener: Listener<'_>,
) -> Result<Scope, ScopeError> {
    let organization = organization(cloud, blueprint, caller, listener).await?;
    let mut scope = Scope::of_accounts(blueprint, caller, organization.as_ref())?;
    let accounts: Vec<AccountId> = scope.accounts.keys().cloned().collect();
    let mut enabled = match blueprint.regions {
        Regions::List(_) => BTreeMap::new(),
        Regions::Enabled { .. } => enabled(cloud, accounts.clone(), concurrency, listener).await,
    };
    for account in accounts {
        let known = enabled.remove(&account).unwrap_or(Ok(Vec::new()));
        scope.add_regions(blueprint, &account, known.as_deref().map_err(Clone::clone), as_of)?;
    }
    match scope.unread.iter().next() {
        Some((account, why)) if scope.places.is_empty() => {
            Err(ScopeError::RegionsUnknown { account: account.clone(), why: Box::new(why.clone()) })
        }
        _ => Ok(scope),
    }
}

/// Reads the organization, where the blueprint finds accounts in it.
///
/// # Errors
/// When it cannot be read, or there is none.
pub async fn organization(
    cloud: &dyn Cloud,
    blueprint: &Blueprint,
    caller: &AccountId,
    listener: Listener<'_>,
) -> Result<Option<Organization>, ScopeError> {
    let wanted = blueprint.accounts.as_ref().and_then(|accounts| accounts.organization.as_ref());
    let Some(wanted) = wanted else { return Ok(None) };
    let reads = OrganizationReads { units: wanted.include_units.clone() };
    listener(ProgressEvent::ListingAccounts);
    match cloud.organization(&reads).await {
        Observed::Known(found) => Ok(Some(found)),
        Observed::Absent => Err(ScopeError::NoOrganization(caller.clone())),
        Observed::Unreadable(why) => Err(ScopeError::OrganizationUnknown(Box::new(why))),
    }
}

async fn enabled(
    cloud: &dyn Cloud,
    accounts: Vec<AccountId>,
    concurrency: usize,
    listener: Listener<'_>,
) -> BTreeMap<AccountId, Result<Vec<Region>, Unreadable>> {
    let reads = &AccountReads { enabled_regions: true, ..AccountReads::default() };
    listener(ProgressEvent::RegionsStarted { accounts: accounts.len() });
    stream::iter(accounts)
        .map(|account| async move {
            let seen = cloud.observe_account(&account, reads).await;
            let enabled = match seen.enabled_regions {
                Observed::Known(regions) => Ok(regions),
                Observed::Unreadable(why) => Err(why),
                Observed::Absent => Err(Unreadable {
                    operation: "account:ListRegions".to_owned(),
                    code: "Empty".to_owned(),
                    message: "AWS listed no region".to_owned(),
                    kind: CloudErrorKind::Refused,
                    cause: Cause::Malformed,
                }),
            };
            listener(ProgressEvent::RegionsRead {
                account: account.clone(),
                complete: enabled.is_ok(),
            });
            (account, enabled)
        })
        .buffer_unordered(concurrency.max(1))
        .collect()
        .await
}
