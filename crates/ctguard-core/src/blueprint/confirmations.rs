//! How often people are asked to confirm: each e-mail address once for each topic, and without a hub each
//! place has a topic of its own.

use super::{Blueprint, Destination, DestinationTopic, Regions, Subscriber};
use crate::resource::topic::Protocol;

/// Regions that a new account of the `aws` partition has enabled.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
pub const DEFAULT_REGIONS: usize = 17;

/// What the number of confirmations depends on, as far as the blueprint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmations {
    /// Subscriptions by e-mail to topics that ctguard keeps.
    pub addresses: usize,
    /// Accounts that are listed, or the one of the credentials in use; none when all are discovered.
    pub accounts: usize,
    /// More accounts are discovered.
    pub discovered: bool,
    pub regions: usize,
    /// The regions are those that an account has enabled: their number is a guess.
    pub enabled: bool,
    pub hub: bool,
}

impl Confirmations {
    pub fn of(blueprint: &Blueprint) -> Self {
        let (regions, enabled) = match &blueprint.regions {
            Regions::List(list) => (list.len(), false),
            Regions::Enabled { except } => (DEFAULT_REGIONS.saturating_sub(except.len()), true),
        };
        let accounts = blueprint.accounts.as_ref();
        Self {
            addresses: mailing(blueprint).map(|to| emails(to).count()).sum(),
            accounts: accounts.map_or(1, |accounts| accounts.listed.len()),
            discovered: accounts.is_some_and(|accounts| accounts.organization.is_some()),
            regions,
            enabled,
            hub: blueprint.hub.is_some(),
        }
    }

    /// Places that are known to raise alerts, when there is no hub.
    pub fn places(&self) -> usize {
        self.accounts * self.regions
    }

    /// Without a hub: the number in words.
    pub fn apart(&self) -> String {
        let about = if self.enabled { "about " } else { "" };
        let count = crate::plural::count(self.addresses * self.regions, "confirmation");
        match (self.discovered, self.places() * self.addresses) {
            (true, _) => format!("{about}{count} in each account"),
            (false, all) => format!("{about}{}", crate::plural::count(all, "confirmation")),
        }
    }

    /// With a hub: the number in words.
    pub fn together(&self) -> String {
        crate::plural::count(self.addresses, "confirmation")
    }
}

/// The destinations with a topic of ctguard's that mail somebody.
pub(super) fn mailing(blueprint: &Blueprint) -> impl Iterator<Item = &Destination> {
    blueprint
        .destinations
        .values()
        .filter(|to| matches!(to.topic, DestinationTopic::Managed(_)))
        .filter(|to| emails(to).next().is_some())
}

fn emails(destination: &Destination) -> impl Iterator<Item = &Subscriber> {
    destination.subscribers.iter().filter(|subscriber| is_email(subscriber))
}

pub(super) fn is_email(subscriber: &Subscriber) -> bool {
    matches!(subscriber, Subscriber::Endpoint(endpoint) if endpoint.protocol == Protocol::Email)
}
