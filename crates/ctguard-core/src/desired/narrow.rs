//! A part of what a blueprint covers: some accounts, some regions, a shard of the fleet.
//!
//! The whole is compiled first, so that an event that lands elsewhere is not mistaken for one that
//! lands nowhere. What others depend on (the hub) is still read, but not changed.

use super::{Desired, DestinationPath};
use crate::resource::keys::RuleKey;
use crate::resource::machine::machine_arn;
use crate::scope::{AccountId, Place, Region};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The selected part. The default is everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Narrow {
    /// Empty: every account.
    pub accounts: BTreeSet<AccountId>,
    /// Empty: every region.
    pub regions: BTreeSet<Region>,
    pub shard: Option<Shard>,
}

impl fmt::Display for Narrow {
    /// What is asked for, as it is typed.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts = self.accounts.iter().map(|account| format!("--account {account}"));
        let regions = self.regions.iter().map(|region| format!("--region {region}"));
        let shard = self.shard.iter().map(|shard| format!("--shard {shard}"));
        let all: Vec<String> = accounts.chain(regions).chain(shard).collect();
        out.write_str(&all.join(" "))
    }
}

/// One of several equal parts of the fleet's accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub number: u32,
    pub of: u32,
}

impl Shard {
    /// Reads `3/8`; `None` unless it is a number from 1 and at most the second.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, of) = text.split_once('/')?;
        let (number, of) = (number.parse().ok()?, of.parse().ok()?);
        (1..=of).contains(&number).then_some(Self { number, of })
    }

    /// Whether an account is in this part. Other accounts do not affect that.
    pub fn holds(self, account: &AccountId) -> bool {
        let digest = Sha256::digest(account.as_str().as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        number % u64::from(self.of) == u64::from(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// What is counted in a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignalReads {
    pub rules: BTreeSet<RuleKey>,
    /// By ARN.
    pub machines: BTreeSet<String>,
}

/// Why parts do not make a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartsError {
    #[error("{0} is in it twice")]
    Twice(String),
    #[error("{0} is missing")]
    Missing(String),
    #[error("{0} and {1} are not parts of the same whole")]
    Differ(String, String),
    #[error("{0:?} is no part: a number and how many there are, such as 3/8")]
    NoPart(String),
}

/// Whether these are all the parts of something, each once, or none is a part at all.
///
/// # Errors
/// When one is missing, there twice, or of another division.
pub fn whole<'a>(parts: impl Iterator<Item = Option<&'a str>>) -> Result<(), PartsError> {
    let mut seen: BTreeSet<u32> = BTreeSet::new();
    let mut first: Option<Option<Shard>> = None;
    let words = |part: Option<Shard>| match part {
        Some(shard) => format!("part {shard}"),
        None => "the whole".to_owned(),
    };
    for part in parts {
        let read =
            |part: &str| Shard::parse(part).ok_or_else(|| PartsError::NoPart(part.to_owned()));
        let part = part.map(read).transpose()?;
        let known = *first.get_or_insert(part);
        if part.map(|part| part.of) != known.map(|known| known.of) {
            return Err(PartsError::Differ(words(known), words(part)));
        }
        if part.is_some_and(|part| !seen.insert(part.number)) {
            return Err(PartsError::Twice(words(part)));
        }
    }
    let Some(Some(Shard { of, .. })) = first else { return Ok(()) };
    match (1..=of).find(|number| !seen.contains(number)) {
        Some(number) => Err(PartsError::Missing(words(Some(Shard { number, of })))),
        None => Ok(()),
    }
}

impl Narrow {
    /// Whether it leaves nothing out.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    pub fn includes_account(&self, account: &AccountId) -> bool {
        (self.accounts.is_empty() || self.accounts.contains(account))
            && self.shard.is_none_or(|shard| shard.holds(account))
    }

    pub fn includes(&self, place: &Place) -> bool {
        self.includes_account(&place.account)
            && (self.regions.is_empty() || self.regions.contains(&place.region))
    }
}

impl Desired {
    /// Removes everything that is neither selected nor needed by what is selected.
    pub fn narrow(&mut self, narrow: &Narrow) {
        if narrow.is_everything() {
            return;
        }
        self.paths.retain(|path| narrow.includes(&path.lands));
        self.unread.retain(|account, _| narrow.includes_account(account));
        let left_out = self.places.keys().filter(|place| !narrow.includes(place));
        self.partial = left_out.map(|place| place.account.clone()).collect();
        self.narrowed = !self.partial.is_empty();
        let mut depended: BTreeSet<Place> =
            self.paths.iter().map(|path| path.raised.clone()).collect();
        // A queue that subscribes has a policy of its own, and a trail of the organization its
        // selectors.
        depended.extend(self.endpoints.keys().cloned());
        let destinations = self.paths.iter().flat_map(|path| path.destinations.iter());
        depended.extend(destinations.filter_map(DestinationPath::elsewhere));
        depended.extend(self.trail_home.iter().filter(|home| self.is_organizations(home)).cloned());
        self.places.retain(|place, _| narrow.includes(place) || depended.contains(place));
        self.context =
            self.places.keys().filter(|place| !narrow.includes(place)).cloned().collect();
        let changed: BTreeSet<&AccountId> = self
            .places
            .keys()
            .filter(|place| !self.context.contains(*place))
            .map(|place| &place.account)
            .collect();
        self.roles.retain(|account, _| changed.contains(account));
        self.machine_roles.retain(|account, _| changed.contains(account));
        self.heal_roles.retain(|account, _| changed.contains(account));
        self.heal_rules_roles.retain(|account, _| changed.contains(account));
        self.buckets.retain(|_, bucket| narrow.includes(&bucket.place));
        self.released.retain(|_, place| narrow.includes(place));
    }

    /// Whether the trail that is kept in a place is the whole organization's.
    fn is_organizations(&self, home: &Place) -> bool {
        let trail = self.places.get(home).and_then(|here| here.trail.as_ref());
        trail.is_some_and(|kept| kept.trail.organization)
    }

    /// The rules and state machines whose signals a proof judges: all of each place that may be
    /// changed.
    pub fn signal_reads(&self) -> BTreeMap<Place, SignalReads> {
        let reads = |place: &Place, here: &super::DesiredPlace| SignalReads {
            rules: here.rules.keys().cloned().collect(),
            machines: here.machines.keys().map(|name| machine_arn(place, name)).collect(),
        };
        self.own_places().map(|(place, here)| (place.clone(), reads(place, here))).collect()
    }

    /// The places that may be changed, with what should exist there.
    pub fn own_places(&self) -> impl Iterator<Item = (&Place, &super::DesiredPlace)> {
        self.places.iter().filter(|(place, _)| !self.context.contains(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_a_number_and_how_many_there_are() {
        assert_eq!(Shard::parse("3/8"), Some(Shard { number: 3, of: 8 }));
        for bad in ["", "3", "0/8", "9/8", "3/0", "a/8", "3/8/1", "-1/8"] {
            assert_eq!(Shard::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn parts_are_a_whole_when_each_is_there_once() {
        let check = |parts: &[&'static str]| {
            let part = |text: &&'static str| (*text != "all").then_some(*text);
            whole(parts.iter().map(part)).map_err(|error| error.to_string())
        };
        for good in [&[][..], &["all"], &["all", "all"], &["1/1"], &["2/3", "1/3", "3/3"]] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        for (bad, why) in [
            (&["1/3", "3/3"][..], "part 2/3 is missing"),
            (&["1/2", "1/2"], "part 1/2 is in it twice"),
            (&["1/2", "2/3"], "part 1/2 and part 2/3 are not parts of the same whole"),
            (&["1/2", "all"], "part 1/2 and the whole are not parts of the same whole"),
            (&["3/2"], "\"3/2\" is no part: a number and how many there are, such as 3/8"),
        ] {
            assert_eq!(check(bad), Err(why.to_owned()));
        }
    }

    #[test]
    fn shards_share_the_accounts_out_and_lose_none() {
        let accounts: Vec<AccountId> =
            (0..1000).filter_map(|n| AccountId::new(&format!("{:012}", n * 7_919))).collect();
        let mut sizes = vec![0; 8];
        for account in &accounts {
            let holding: Vec<u32> =
                (1..=8).filter(|n| Shard { number: *n, of: 8 }.holds(account)).collect();
            assert_eq!(holding.len(), 1, "{account} is in {holding:?}");
            sizes[holding[0] as usize - 1] += 1;
        }
        assert!(sizes.iter().all(|size| (80..=170).contains(size)), "uneven: {sizes:?}");
    }
}
