//! The kinds of accounts and the regions that an export is for.

use crate::blueprint::{AssumedRole, Blueprint, Regions, Risk};
use crate::catalogue;
use crate::desired::{Desired, Scope, ScopeAccount};
use crate::resource::topic::{Protocol, is_opt_in};
use crate::scope::{AccountId, Partition, Place, Region};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Accounts that differ in nothing but their ids and names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountKind {
    /// Empty only where the kind is that of accounts to come.
    pub accounts: BTreeSet<AccountId>,
    /// Those that stand for all: two, where there are two.
    pub representatives: Vec<AccountId>,
    /// What the blueprint says of it alone, by which it is told from others.
    pub alone: bool,
    /// Whether accounts that join the organization are of this kind: found ones of which the
    /// blueprint says nothing.
    pub grows: bool,
}

impl AccountKind {
    /// Each account of a kind that turned out to be none.
    pub fn apart(self) -> impl Iterator<Item = Self> {
        self.accounts.into_iter().map(move |account| Self {
            representatives: vec![account.clone()],
            accounts: BTreeSet::from([account]),
            alone: true,
            grows: false,
        })
    }
}

/// By what accounts are told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Traits<'a> {
    own: Option<&'a AccountId>,
    omit: Option<&'a BTreeSet<String>>,
    routes: Option<&'a BTreeMap<Risk, Vec<String>>>,
    named: bool,
    discovered: bool,
}

/// The accounts of a scope, by kind; the one with the most accounts first.
pub(super) fn kinds(blueprint: &Blueprint, scope: &Scope) -> Vec<AccountKind> {
    let special = mentioned(blueprint);
    // Rules of a hub serve every account, so that their messages name none.
    let says_names = blueprint.hub.is_none() || scope.accounts.len() == 1;
    let name_of = |id: &AccountId| {
        let listed = blueprint.accounts.as_ref()?.listed.get(id)?;
        listed.name.as_deref().filter(|_| says_names)
    };
    let mut kinds: BTreeMap<Traits<'_>, BTreeSet<AccountId>> = BTreeMap::new();
    for (id, found) in &scope.accounts {
        let listed = blueprint.accounts.as_ref().and_then(|all| all.listed.get(id));
        let traits = Traits {
            own: (special.contains(id.as_str()) || name_of(id).is_some_and(|name| !is_plain(name)))
                .then_some(id),
            omit: listed.map(|one| &one.omit).filter(|omit| !omit.is_empty()),
            routes: listed.map(|one| &one.routes).filter(|routes| !routes.is_empty()),
            named: name_of(id).is_some(),
            discovered: found.discovered,
        };
        kinds.entry(traits).or_default().insert(id.clone());
    }
    let listed =
        |id: &AccountId| blueprint.accounts.as_ref().is_some_and(|all| all.listed.contains_key(id));
    let mut all: Vec<AccountKind> = kinds
        .into_iter()
        .map(|(traits, accounts)| {
            let first = accounts.first();
            let alone = accounts.len() == 1 && first.is_some_and(listed) || traits.own.is_some();
            // Whether a name fits into a message depends on its length.
            let mut by_length: Vec<&AccountId> = accounts.iter().collect();
            by_length.sort_by_key(|id| name_of(id).map_or(0, str::len));
            let ends = [by_length.first(), by_length.last().filter(|_| by_length.len() > 1)];
            let representatives = ends.into_iter().flatten().map(|id| (*id).clone()).collect();
            let said = traits.named || traits.omit.is_some() || traits.routes.is_some();
            let grows = traits.discovered && !alone && !said;
            AccountKind { alone, grows, representatives, accounts }
        })
        .collect();
    all.sort_by_key(|kind| (kind.alone, !kind.grows, usize::MAX - kind.accounts.len()));
    all
}

/// The kind of accounts that join the organization, where no account of today is of it, and the scope with two such
/// accounts.
pub(super) fn joiners(
    blueprint: &Blueprint,
    scope: &Scope,
    kinds: &[AccountKind],
) -> Option<(AccountKind, Scope)> {
    if scope.organization.is_none() || kinds.iter().any(|kind| kind.grows) {
        return None;
    }
    let special = mentioned(blueprint);
    let free = (0..1_000_000_000_000_u64).rev().map(|number| format!("{number:012}"));
    let representatives: Vec<AccountId> = free
        .filter(|id| !special.contains(id))
        .filter_map(|id| AccountId::new(&id))
        .filter(|id| !scope.accounts.contains_key(id))
        .take(2)
        .collect();
    let mut with = scope.clone();
    let joined = ScopeAccount { name: None, discovered: true };
    with.accounts.extend(representatives.iter().map(|id| (id.clone(), joined.clone())));
    let accounts = BTreeSet::new();
    Some((AccountKind { accounts, representatives, alone: false, grows: true }, with))
}

/// Whether a name stands in every message as it is, whatever surrounds it.
fn is_plain(name: &str) -> bool {
    let plain = |one: char| one.is_ascii_alphanumeric() || "-_. ".contains(one);
    name.chars().all(plain) && name.split(' ').all(|word| !word.is_empty())
}

/// The account ids that the blueprint names anywhere but in its list of accounts: what is made there
/// may be like nowhere else.
fn mentioned(blueprint: &Blueprint) -> BTreeSet<String> {
    // Debug output has every text of these, whatever is added to them.
    let text = format!(
        "{:?}{:?}{:?}{:?}{:?}",
        blueprint.alerts, blueprint.destinations, blueprint.hub, blueprint.trail, blueprint.heal
    );
    let mut found = BTreeSet::new();
    for digits in text.split(|one: char| !one.is_ascii_digit()) {
        if digits.len() == 12 {
            found.insert(digits.to_owned());
        }
    }
    found
}

/// The regions that a blueprint covers by itself, and what there is to say of them.
///
/// With `regions: enabled` those that no account can turn off; which others are on is known of each
/// account alone.
pub fn regions_of(blueprint: &Blueprint, as_of: Date) -> Vec<Region> {
    regions(blueprint, as_of).0
}

pub(super) fn regions(blueprint: &Blueprint, as_of: Date) -> (Vec<Region>, Vec<String>) {
    let (mut regions, notes) = match &blueprint.regions {
        Regions::List(list) => (list.clone(), Vec::new()),
        Regions::Enabled { except } => {
            let partition =
                blueprint.first_region().map_or(Partition::Aws, |region| region.partition());
            let holds = |region: &Region| {
                except.iter().any(|exception| {
                    exception.region == *region
                        && exception.until.is_none_or(|until| until >= as_of)
                })
            };
            let known = catalogue::regions().filter_map(Region::new);
            let regions: Vec<Region> = known
                .filter(|region| region.partition() == partition)
                .filter(|region| !is_off(region) && !holds(region))
                .collect();
            let note = format!(
                "`regions` asks for every enabled region, and an export covers the {} that are on in every account: a region that an account has opted in to gets nothing. Write the list in `regions:` if there are such.",
                regions.len()
            );
            (regions, vec![note])
        }
    };
    regions.sort();
    regions.dedup();
    (regions, notes)
}

/// Whether a region is off until an account opts in to it. Osaka is on, although SNS counts it among
/// the later ones.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
fn is_off(region: &Region) -> bool {
    is_opt_in(region) && region.as_str() != "ap-northeast-3"
}

/// The region in which an account's roles are made: the hub's, so that what receives has all it
/// needs before anybody sends; else the trail's home, or the one of global services.
pub(super) fn home(blueprint: &Blueprint, regions: &[Region]) -> Region {
    let hub = blueprint.hub.as_ref().map(|hub| &hub.region);
    let trail = blueprint.trail.as_ref().map(|trail| &trail.home_region);
    let first = regions.first().cloned();
    let global = first.as_ref().and_then(|region| {
        let of = catalogue::landing_regions(region.partition());
        regions.iter().find(|region| of.contains(region.as_str()))
    });
    let covered = |region: &&Region| regions.contains(region);
    [hub, trail, global]
        .into_iter()
        .flatten()
        .find(covered)
        .cloned()
        .or(first)
        .unwrap_or_else(Region::global)
}

/// An account in each of the regions.
pub(super) fn places<'a>(
    account: &'a AccountId,
    regions: &'a [Region],
) -> impl Iterator<Item = Place> + 'a {
    regions.iter().map(|region| Place::new(account.clone(), region.clone()))
}

/// The roles by which listed accounts are reached.
pub(super) fn roles(blueprint: &Blueprint) -> BTreeMap<AccountId, AssumedRole> {
    let listed = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
    listed.filter_map(|one| Some((one.id.clone(), one.role.clone()?))).collect()
}

/// What a template cannot do, and what would not hold for accounts that come.
pub(super) fn notes(blueprint: &Blueprint, scope: &Scope, desired: &Desired) -> Vec<String> {
    let mut notes = Vec::new();
    let by_name = desired.hub.as_ref().and_then(|hub| {
        let bus = desired.places.get(hub)?.bus.as_ref()?;
        let by_account =
            bus.own_statements.iter().all(|one| one.get("Principal").is_some_and(|to| *to != "*"));
        by_account.then_some(())
    });
    if scope.organization.is_some() && by_name.is_some() {
        notes.push(
            "The hub admits the accounts of today one by one: one that joins the organization is not heard until the export is written and deployed again. Add `organization: o-…` to `hub:` to admit them all.".to_owned(),
        );
    }
    let mut chats: BTreeSet<&String> = BTreeSet::new();
    for here in desired.places.values() {
        chats.extend(here.topics.values().flat_map(|topic| &topic.chats));
    }
    for chat in chats {
        notes.push(format!(
            "The topics of {chat} are added to that chat configuration by hand, as after an apply."
        ));
    }
    if blueprint.trail.as_ref().is_some_and(|trail| trail.adopt) {
        notes.push(
            "`trail: adopt` is about a trail that exists: import it into the engine's state instead of creating it.".to_owned(),
        );
    }
    notes
}

/// The secrets that are not known where the export is written: on another machine they may be, so that no file says it.
pub(super) fn unknown(desired: &Desired) -> Vec<String> {
    let topics = desired.places.values().flat_map(|here| here.topics.values());
    let all = topics.flat_map(|topic| topic.subscriptions.keys());
    let web = all.filter(|one| matches!(one.protocol, Protocol::Http | Protocol::Https));
    let unread: BTreeSet<&str> = web
        .filter(|one| !one.address().contains("://"))
        .map(|one| one.named_by().unwrap_or(one.address()))
        .collect();
    let note = |secret| {
        format!(
            "The secret {secret} is not known here. If its address has a password before `@`, its topic has a tag that tells of a change, and this export leaves it out: export where the secret is set, and check there."
        )
    };
    unread.into_iter().map(note).collect()
}
