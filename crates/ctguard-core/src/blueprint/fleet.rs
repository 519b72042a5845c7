//! Which accounts a blueprint covers, how they are reached, and where their alerts are raised.

use super::validate::syntax;
use super::{Alert, Blueprint, Risk};
use crate::diag::Span;
use crate::scope::{AccountId, Partition, Region};
use std::collections::{BTreeMap, BTreeSet};

/// The accounts that a blueprint covers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts {
    /// In the order of their ids.
    pub listed: BTreeMap<AccountId, Account>,
    /// Accounts that are discovered; one that is listed too keeps what the list says of it.
    pub organization: Option<OrganizationAccounts>,
}

/// One listed account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// Absent: the caller's own credentials are used, so it must be the caller's own account.
    pub role: Option<AssumedRole>,
    /// Alerts that this account's events do not raise.
    pub omit: BTreeSet<String>,
    /// By risk, instead of the blueprint's `routes`; an alert's own `notify` stands.
    pub routes: BTreeMap<Risk, Vec<String>>,
    pub span: Option<Span>,
}

/// The accounts of the caller's organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationAccounts {
    /// Organizational units, with those below them; empty: the whole organization.
    pub include_units: BTreeSet<String>,
    pub exclude: BTreeSet<AccountId>,
    /// Assumed in every discovered account but the caller's own.
    pub role: AssumedRole,
    pub span: Option<Span>,
}

/// A role that is assumed before anything in its account is read or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumedRole {
    /// A name, with its path if it has one, or an ARN.
    pub role: String,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
}

/// The name of a role in whatever account, with its path if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleName(String);

impl RoleName {
    /// # Errors
    /// When IAM would not take the name, or it is an ARN, which is of one account.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
    pub fn new(text: &str) -> Result<Self, String> {
        if text.starts_with("arn:") {
            return Err("it is an ARN, which is of one account; write the role's name".to_owned());
        }
        syntax::role(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// The one place where all alerts are raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    pub account: AccountId,
    pub region: Region,
    /// The organization whose accounts may send, such as `o-a1b2c3d4e5`: instead of a list, when
    /// there are more accounts than a policy and a pattern hold.
    pub organization: Option<String>,
    pub span: Option<Span>,
}

impl AssumedRole {
    /// The role's ARN in an account.
    pub fn arn(&self, partition: Partition, account: &AccountId) -> String {
        match self.role.starts_with("arn:") {
            true => self.role.clone(),
            false => format!("arn:{partition}:iam::{account}:role/{}", self.role),
        }
    }
}

impl Accounts {
    /// The role to assume in an account: `None` for the caller's own credentials.
    ///
    /// A listed account says so itself. In a discovered one it is the organization's, but not where
    /// the caller is at home.
    pub fn role_in(&self, account: &AccountId, caller: &AccountId) -> Option<&AssumedRole> {
        match self.listed.get(account) {
            Some(listed) => listed.role.as_ref(),
            None if account == caller => None,
            None => self.organization.as_ref().map(|organization| &organization.role),
        }
    }
}

impl Blueprint {
    /// The role to assume in an account: [`Accounts::role_in`].
    pub fn role_in(&self, account: &AccountId, caller: &AccountId) -> Option<&AssumedRole> {
        self.accounts.as_ref()?.role_in(account, caller)
    }

    /// The same blueprint, with this role in the place of every role that it names: one that only
    /// reads, where another applies.
    #[must_use]
    pub fn entered_by(&self, role: &RoleName) -> Self {
        let mut changed = self.clone();
        let Some(accounts) = &mut changed.accounts else { return changed };
        let listed = accounts.listed.values_mut().filter_map(|account| account.role.as_mut());
        let found = accounts.organization.as_mut().map(|found| &mut found.role);
        for named in listed.chain(found) {
            named.role.clone_from(&role.0);
        }
        changed
    }

    /// The destinations that an alert notifies in an account: empty when it is omitted there.
    pub fn notify_in<'a>(&'a self, alert: &'a Alert, account: &AccountId) -> &'a [String] {
        let listed = self.accounts.as_ref().and_then(|accounts| accounts.listed.get(account));
        let Some(listed) = listed else { return &alert.notify };
        if listed.omit.contains(&alert.id) {
            return &[];
        }
        match listed.routes.get(&alert.risk).filter(|_| !alert.own_notify) {
            Some(route) => route,
            None => &alert.notify,
        }
    }

    /// The destinations that an alert notifies, once for each variant among accounts.
    pub fn notify_variants<'a>(&'a self, alert: &'a Alert) -> BTreeSet<&'a [String]> {
        let Some(accounts) = &self.accounts else { return BTreeSet::from([&*alert.notify]) };
        let listed = accounts.listed.keys().map(|account| self.notify_in(alert, account));
        listed.chain(accounts.organization.as_ref().map(|_| &*alert.notify)).collect()
    }

    /// Whether any account's events of an alert reach this destination.
    pub fn notifies(&self, alert: &Alert, destination: &str) -> bool {
        self.notify_variants(alert).iter().any(|to| to.iter().any(|name| name == destination))
    }

    /// Whether an alert notifies anybody in any account.
    pub fn is_routed(&self, alert: &Alert) -> bool {
        self.notify_variants(alert).iter().any(|to| !to.is_empty())
    }
}
