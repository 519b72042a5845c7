//! Which accounts and places a blueprint covers, and where its events land among them.

use super::landing::can_land;
use crate::blueprint::{Alert, Blueprint, Regions};
use crate::cause::Cause;
use crate::codes;
use crate::diag::Diagnostic;
use crate::event::{EventRef, Landing, ROOT_SIGN_IN_REGION};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{Organization, Unreadable};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// The places that a blueprint covers, in address order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    pub places: Vec<Place>,
    /// Every account that is covered, those whose regions are not known too.
    pub accounts: BTreeMap<AccountId, ScopeAccount>,
    /// Accounts without places, because their enabled regions could not be read.
    pub unread: BTreeMap<AccountId, Unreadable>,
    /// Regions left out on purpose, with an exception that still holds.
    pub excepted: Vec<Region>,
    /// The organization that accounts were discovered in.
    pub organization: Option<ScopeOrganization>,
}

/// A covered account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeAccount {
    /// Its name.
    pub name: Option<String>,
    /// It was found in the organization, whether it is listed as well or not.
    pub discovered: bool,
}

/// An organization whose accounts are admitted without naming each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeOrganization {
    pub id: String,
    /// Not known of an organization that only the blueprint names.
    pub management: Option<AccountId>,
    /// Paths of the units asked for, as `aws:PrincipalOrgPaths` has them; empty: all of it.
    pub unit_paths: BTreeSet<String>,
    pub excluded: BTreeSet<AccountId>,
}

/// Why a blueprint has no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("the enabled regions of account {account} are not known: {why}")]
    RegionsUnknown { account: AccountId, why: Box<Unreadable> },
    #[error("no region is left to cover in account {0}")]
    Nothing(AccountId),
    #[error("the accounts of the organization are not known: {0}")]
    OrganizationUnknown(Box<Unreadable>),
    #[error("account {0} is in no organization, so none of its accounts can be discovered")]
    NoOrganization(AccountId),
    #[error("no account is left to cover")]
    NoAccounts,
}

impl ScopeError {
    /// Whether the time of the run was over.
    pub fn out_of_time(&self) -> bool {
        match self {
            Self::RegionsUnknown { why, .. } | Self::OrganizationUnknown(why) => {
                why.cause() == Cause::RunTime
            }
            Self::Nothing(_) | Self::NoOrganization(_) | Self::NoAccounts => false,
        }
    }

    /// What would make known what could not be read; `None` where nothing was read in vain.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::RegionsUnknown { why, .. } | Self::OrganizationUnknown(why) => Some(why.remedy()),
            Self::Nothing(_) | Self::NoOrganization(_) | Self::NoAccounts => None,
        }
    }
}

impl Scope {
    /// The accounts that a blueprint covers: listed, discovered, or the caller's own. Suspended and
    /// excluded ones are left out.
    ///
    /// # Errors
    /// When no account is left.
    pub fn of_accounts(
        blueprint: &Blueprint,
        caller: &AccountId,
        organization: Option<&Organization>,
    ) -> Result<Self, ScopeError> {
        let mut scope = Self::default();
        let Some(accounts) = &blueprint.accounts else {
            scope.accounts.insert(caller.clone(), ScopeAccount::default());
            return Ok(scope);
        };
        if let (Some(wanted), Some(found)) = (&accounts.organization, organization) {
            let members = found.members.iter();
            let covered =
                members.filter(|(id, member)| member.active && !wanted.exclude.contains(id));
            scope.accounts.extend(covered.map(|(id, member)| {
                (id.clone(), ScopeAccount { name: Some(member.name.clone()), discovered: true })
            }));
            scope.organization = Some(ScopeOrganization {
                id: found.id.clone(),
                management: Some(found.management.clone()),
                unit_paths: found.unit_paths.values().cloned().collect(),
                excluded: wanted.exclude.clone(),
            });
        }
        for (id, listed) in &accounts.listed {
            let found = scope.accounts.remove(id).and_then(|found| found.name);
            let name = listed.name.clone().or(found);
            // Without `organization` in the blueprint nobody asked whether it is in one.
            let asked = organization.filter(|_| accounts.organization.is_some());
            let discovered = asked.is_some_and(|found| found.members.contains_key(id));
            scope.accounts.insert(id.clone(), ScopeAccount { name, discovered });
        }
        if scope.accounts.is_empty() {
            return Err(ScopeError::NoAccounts);
        }
        Ok(scope)
    }

    /// Adds the places of one account. `enabled` is what the account has enabled, and matters only
    /// with `regions: enabled`. An exception that has ended no longer takes its region out.
    ///
    /// # Errors
    /// When nothing is left of the account's regions.
    pub fn add_regions(
        &mut self,
        blueprint: &Blueprint,
        account: &AccountId,
        enabled: Result<&[Region], Unreadable>,
        as_of: Date,
    ) -> Result<(), ScopeError> {
        let (mut regions, excepted) = match &blueprint.regions {
            Regions::List(list) => (list.clone(), Vec::new()),
            Regions::Enabled { except } => {
                let enabled = match enabled {
                    Ok(enabled) => enabled,
                    Err(why) => {
                        self.unread.insert(account.clone(), why);
                        return Ok(());
                    }
                };
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
        self.places.extend(regions.into_iter().map(|region| Place::new(account.clone(), region)));
        self.excepted.extend(excepted);
        self.excepted.sort();
        self.excepted.dedup();
        Ok(())
    }
}

/// An error for every event that lands in no place of the scope: its alert could never be raised.
pub(super) fn check_landing(alert: &Alert, scope: &Scope, as_of: Date) -> Vec<Diagnostic> {
    // The event may land in regions that could not be read.
    if scope.places.is_empty() || !scope.unread.is_empty() {
        return Vec::new();
    }
    let nowhere =
        |event: &&EventRef| !scope.places.iter().any(|at| can_land(alert, event, at.into(), as_of));
    let mut told = BTreeSet::new();
    let once = |event: &&EventRef| told.insert(event.short());
    let events = alert.events.iter().filter(nowhere).filter(once);
    events
        .map(|event| {
            Diagnostic::error(
                codes::EVENT_OUT_OF_SCOPE,
                format!("{} cannot land in any place that this blueprint covers", event.short()),
            )
            .at(alert.span.clone())
            .label(format!("alert `{}` would never fire for it", alert.id))
            .help(where_instead(event, scope))
        })
        .collect()
}

/// Where the event lands, and so what to do.
fn where_instead(event: &EventRef, scope: &Scope) -> String {
    let partition = scope.places.first().map(|place| place.region.partition());
    let lands_at_all = scope.places.iter().any(|place| event.landing.lands_in(&place.region));
    match partition.and_then(|partition| event.landing.region_in(partition)) {
        Some(region) if !lands_at_all => format!(
            "CloudTrail records it in {region} only: add that region to `regions:`, or take the event out."
        ),
        None if !lands_at_all => {
            "CloudTrail records it in none of them: take the event out.".to_owned()
        }
        _ if event.landing == Landing::SignIn => format!(
            "CloudTrail records root's sign-ins in {ROOT_SIGN_IN_REGION} only: add that region to `regions:`, or leave the alert out."
        ),
        _ => "its `where` and `except` leave no region and account of this blueprint: `awsRegion` and `recipientAccountId` are those that an event lands in."
            .to_owned(),
    }
}
