//! Organizations: the accounts of the caller's organization, all of them or those of some units.
//!
//! Only read with the caller's own credentials, which must be of the management account or a
//! delegated administrator. An empty page may be followed by another one.
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html>

use super::RunLimit;
use super::Timing;
use super::deadline::within;
use super::errors::{bad_response, listed};
use super::retry::patiently;
use super::session::Session;
use aws_sdk_organizations::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ctguard_core::cloud::CloudError;
use ctguard_core::scope::AccountId;
use ctguard_core::snapshot::OrganizationReads;
use ctguard_core::snapshot::{Member, Observed, Organization};
use futures::stream::{self, StreamExt, TryStreamExt};
use futures::try_join;
use std::collections::{BTreeMap, BTreeSet};

const DESCRIBE: &str = "organizations:DescribeOrganization";
const LIST_ACCOUNTS: &str = "organizations:ListAccounts";
const LIST_ACCOUNTS_FOR_PARENT: &str = "organizations:ListAccountsForParent";
const LIST_PARENTS: &str = "organizations:ListParents";
const LIST_UNITS: &str = "organizations:ListOrganizationalUnitsForParent";

/// Most entries in one page.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html>
const PAGE: i32 = 20;

/// How many units are read concurrently; Organizations throttles early.
const SIDE_BY_SIDE: usize = 4;

/// Maximum depth of units below a root, with one to spare: AWS allows five levels.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const DEPTH: usize = 6;

/// How much longer than a place an organization may take: it has many pages at a slow pace.
const PATIENCE: u32 = 5;

pub(super) async fn observe(
    session: &Session,
    timing: Timing,
    run: Option<RunLimit>,
    reads: &OrganizationReads,
) -> Observed<Organization> {
    let asking = Asking { session, timing };
    let work = Box::pin(asking.organization(reads));
    match within(Some(timing.place * PATIENCE), run, work).await {
        Ok(found) => Observed::Known(found),
        Err(error) if error.code == "AWSOrganizationsNotInUseException" => Observed::Absent,
        Err(error) => Observed::Unreadable((&error).into()),
    }
}

struct Asking<'a> {
    session: &'a Session,
    timing: Timing,
}

impl Asking<'_> {
    async fn organization(&self, reads: &OrganizationReads) -> Result<Organization, CloudError> {
        let client = self.session.clients.organizations();
        let answer = self.send(DESCRIBE, || client.describe_organization().send()).await?;
        let missing = |what: &str| bad_response(DESCRIBE, format!("no {what} in the answer"));
        let found = answer.organization.ok_or_else(|| missing("organization"))?;
        let id = found.id.ok_or_else(|| missing("id"))?;
        let management = found.master_account_id.as_deref().and_then(AccountId::new);
        let management = management.ok_or_else(|| missing("management account"))?;
        let (members, unit_paths) = if reads.units.is_empty() {
            (self.accounts(None).await?, BTreeMap::new())
        } else {
            try_join!(self.below(&reads.units), self.paths(&id, &reads.units))?
        };
        Ok(Organization { id, management, members: members.into_iter().collect(), unit_paths })
    }

    /// The accounts of these units and of all units below them. Each unit is read once, even if it
    /// is named twice or the tree has cycles.
    async fn below(
        &self,
        units: &BTreeSet<String>,
    ) -> Result<Vec<(AccountId, Member)>, CloudError> {
        let mut members = Vec::new();
        let mut seen = BTreeSet::new();
        let mut level: Vec<String> = units.iter().cloned().collect();
        while !level.is_empty() {
            level.retain(|unit| seen.insert(unit.clone()));
            let answers: Vec<_> = stream::iter(level)
                .map(|unit| async move {
                    try_join!(self.accounts(Some(&unit)), self.units_below(&unit))
                })
                .buffered(SIDE_BY_SIDE)
                .try_collect()
                .await?;
            level = Vec::new();
            for (accounts, units) in answers {
                members.extend(accounts);
                level.extend(units);
            }
        }
        Ok(members)
    }

    /// The accounts directly in a unit or root; of the whole organization without one.
    async fn accounts(&self, parent: Option<&str>) -> Result<Vec<(AccountId, Member)>, CloudError> {
        let client = self.session.clients.organizations();
        let mut members = Vec::new();
        let mut pages = self.session.pages();
        loop {
            let token = pages.token();
            let (operation, accounts, next) = match parent {
                Some(parent) => {
                    let call = client
                        .list_accounts_for_parent()
                        .parent_id(parent)
                        .max_results(PAGE)
                        .set_next_token(token);
                    let page = self.send(LIST_ACCOUNTS_FOR_PARENT, || call.clone().send()).await?;
                    (LIST_ACCOUNTS_FOR_PARENT, page.accounts, page.next_token)
                }
                None => {
                    let call = client.list_accounts().max_results(PAGE).set_next_token(token);
                    let page = self.send(LIST_ACCOUNTS, || call.clone().send()).await?;
                    (LIST_ACCOUNTS, page.accounts, page.next_token)
                }
            };
            for account in listed(operation, accounts)? {
                members.push(member(operation, &account)?);
            }
            if !pages.turn(operation, next.as_deref())? {
                return Ok(members);
            }
        }
    }

    async fn units_below(&self, parent: &str) -> Result<Vec<String>, CloudError> {
        let client = self.session.clients.organizations();
        let mut units = Vec::new();
        let mut pages = self.session.pages();
        loop {
            let call = client
                .list_organizational_units_for_parent()
                .parent_id(parent)
                .max_results(PAGE)
                .set_next_token(pages.token());
            let page = self.send(LIST_UNITS, || call.clone().send()).await?;
            let found = listed(LIST_UNITS, page.organizational_units)?;
            units.extend(found.into_iter().filter_map(|unit| unit.id));
            if !pages.turn(LIST_UNITS, page.next_token.as_deref())? {
                return Ok(units);
            }
        }
    }

    /// The path of each unit from the organization down, as `aws:PrincipalOrgPaths` has it.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    async fn paths(
        &self,
        organization: &str,
        units: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, CloudError> {
        let paths = stream::iter(units.clone()).map(|unit| async move {
            let mut path = format!("{unit}/");
            let mut child = unit.clone();
            for _ in 0..=DEPTH {
                if child.starts_with("r-") {
                    return Ok((unit, format!("{organization}/{path}")));
                }
                child = self.parent(&child).await?;
                path = format!("{child}/{path}");
            }
            Err(bad_response(LIST_PARENTS, format!("{unit} is below no root")))
        });
        paths.buffered(SIDE_BY_SIDE).try_collect().await
    }

    async fn parent(&self, child: &str) -> Result<String, CloudError> {
        let client = self.session.clients.organizations();
        let mut pages = self.session.pages();
        loop {
            let call = client.list_parents().child_id(child).set_next_token(pages.token());
            let page = self.send(LIST_PARENTS, || call.clone().send()).await?;
            // There is one parent; an empty page may precede it.
            if let Some(id) = page.parents().first().and_then(sdk::Parent::id) {
                return Ok(id.to_owned());
            }
            if !pages.turn(LIST_PARENTS, page.next_token.as_deref())? {
                return Err(bad_response(LIST_PARENTS, format!("{child} has no parent")));
            }
        }
    }

    async fn send<T, E, F>(
        &self,
        operation: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, CloudError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let Timing { first_wait, operation: budget, .. } = self.timing;
        patiently(first_wait, budget, || self.session.send(operation, call())).await
    }
}

fn member(operation: &str, account: &sdk::Account) -> Result<(AccountId, Member), CloudError> {
    let id = account
        .id()
        .and_then(AccountId::new)
        .ok_or_else(|| bad_response(operation, "an account without an id"))?;
    let name = account.name().unwrap_or_default().to_owned();
    Ok((id, Member { name, active: is_active(account) }))
}

/// `Status` is deprecated in favour of `State`; both are read.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>
fn is_active(account: &sdk::Account) -> bool {
    match (account.state(), account.status()) {
        (Some(state), _) => *state == sdk::AccountState::Active,
        (None, Some(status)) => status.as_str() == "ACTIVE",
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_decides_and_the_status_where_there_is_none() {
        use sdk::{AccountState, AccountStatus};
        for (state, status, active) in [
            (Some(AccountState::Active), None, true),
            (Some(AccountState::PendingActivation), Some(AccountStatus::Active), false),
            (Some(AccountState::PendingClosure), None, false),
            (Some(AccountState::Closed), None, false),
            (Some(AccountState::Suspended), Some(AccountStatus::Suspended), false),
            (None, Some(AccountStatus::Active), true),
            (None, Some(AccountStatus::PendingClosure), false),
            (None, None, true),
        ] {
            let account = sdk::Account::builder()
                .id("111122223333")
                .name("one")
                .set_state(state.clone())
                .set_status(status.clone())
                .build();
            let (_, member) = member(LIST_ACCOUNTS, &account).unwrap();
            assert_eq!(member.active, active, "{state:?} {status:?}");
        }
    }
}
