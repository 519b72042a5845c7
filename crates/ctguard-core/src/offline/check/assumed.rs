//! The places that a blueprint is compiled for offline.
//!
//! | the blueprint says | assumed |
//! |---|---|
//! | listed accounts, listed regions | these |
//! | no `accounts:` | the one account that the blueprint names elsewhere, or a made-up one |
//! | `organization:` | a management account, two members, and the accounts that the blueprint names |
//! | `regions: enabled` | what a new account has enabled, and in the accounts of hub and trail their regions |
//!
//! Of places that compile alike, one is kept; all of an account's are where roles name each region.

use crate::blueprint::{
    Account, Blueprint, Destination, DestinationTopic, Format, Regions, Subscriber,
};
use crate::desired::Scope;
use crate::desired::landing::{self, LandsIn, can_land};
use crate::resource::rule::rules_per_bus;
use crate::resource::topic::is_opt_in;
use crate::scope::{AccountId, Arn, Partition, Place, Region};
use crate::snapshot::{Member, Organization};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Makes the scope.
pub(super) fn scope(blueprint: &Blueprint, as_of: Date) -> Scope {
    let named = Named::of(blueprint);
    let organization = organization(blueprint, &named);
    let caller = named.caller.clone().or_else(|| made_up(blueprint).next());
    let Some(caller) = caller else { return Scope::default() };
    let Ok(mut scope) = Scope::of_accounts(blueprint, &caller, organization.as_ref()) else {
        return Scope::default();
    };
    let accounts: Vec<AccountId> = scope.accounts.keys().cloned().collect();
    for account in &accounts {
        let enabled = enabled(blueprint, account, accounts.len() == 1);
        // An account without regions is reported elsewhere.
        let _ = scope.add_regions(blueprint, account, Ok(&enabled), as_of);
    }
    let all_regions = names_each_region(blueprint).then(|| whole_account(&scope)).flatten();
    keep_one_of_each_class(blueprint, &named, &mut scope, as_of);
    scope.places.extend(all_regions.into_iter().flatten());
    scope
}

/// Whether roles name what is in each region of their account, so that their size depends on how
/// many there are: those of state machines, and those that publish to topics of other accounts.
fn names_each_region(blueprint: &Blueprint) -> bool {
    let by_role = |one: &Destination| one.format == Format::Mail || one.role.is_some();
    blueprint.hub.is_none() && blueprint.destinations.values().any(by_role)
}

/// The places of an account with the most regions.
fn whole_account(scope: &Scope) -> Option<Vec<Place>> {
    let of = |account: &AccountId| -> Vec<Place> {
        scope.places.iter().filter(|place| place.account == *account).cloned().collect()
    };
    scope.accounts.keys().map(of).max_by_key(Vec::len)
}

/// Accounts and regions that a blueprint names outside of its coverage.
struct Named {
    accounts: BTreeSet<AccountId>,
    regions: BTreeSet<Region>,
    /// The account that must be the caller's when none is listed.
    caller: Option<AccountId>,
}

impl Named {
    fn of(blueprint: &Blueprint) -> Self {
        let topics = blueprint.destinations.values().filter_map(existing_topic);
        let of_topics: Vec<Arn<'_>> = topics.collect();
        // Those that rules reach by a role are of other accounts than the rules.
        let own = blueprint.destinations.values().filter(|destination| destination.role.is_none());
        let own: Vec<Arn<'_>> = own.filter_map(existing_topic).collect();
        let hub = blueprint.hub.as_ref();
        let trail = blueprint.trail.as_ref();
        let mut accounts: Vec<AccountId> = Vec::new();
        accounts.extend(hub.map(|hub| hub.account.clone()));
        accounts.extend(trail.and_then(|trail| trail.account.clone()));
        accounts.extend(own.iter().filter_map(|arn| AccountId::new(arn.account)));
        let endpoints = blueprint.destinations.values().flat_map(endpoint_arns);
        let arns = of_topics.iter().copied().chain(endpoints);
        let mut regions: BTreeSet<Region> =
            arns.filter_map(|arn| Region::new(arn.region)).collect();
        let alerts = || blueprint.alerts.iter();
        let named = |field| alerts().flat_map(move |alert| landing::named(alert, field));
        regions.extend(named(landing::REGION).filter_map(Region::new));
        let mut all: BTreeSet<AccountId> = accounts.iter().cloned().collect();
        all.extend(named(landing::ACCOUNT).filter_map(AccountId::new));
        let wanted = alerts().filter_map(|alert| alert.filter.as_ref());
        let wanted = wanted.flat_map(|filter| landing::texts_of(filter, landing::ACCOUNT));
        accounts.extend(wanted.filter_map(AccountId::new));
        let filters = alerts().filter_map(|alert| alert.filter.as_ref());
        accounts.extend(filters.flat_map(landing::accounts_like));
        regions.extend(hub.map(|hub| hub.region.clone()));
        regions.extend(trail.map(|trail| trail.home_region.clone()));
        Self { caller: accounts.first().cloned(), accounts: all, regions }
    }
}

fn existing_topic(destination: &Destination) -> Option<Arn<'_>> {
    match &destination.topic {
        DestinationTopic::Existing(arn) => Arn::parse(arn),
        DestinationTopic::Managed(_) => None,
    }
}

fn endpoint_arns(destination: &Destination) -> impl Iterator<Item = Arn<'_>> {
    destination.subscribers.iter().filter_map(|subscriber| match subscriber {
        Subscriber::Endpoint(endpoint) => Arn::parse(endpoint.address()),
        Subscriber::Chat(arn) => Arn::parse(arn),
    })
}

/// Account ids that the blueprint neither covers nor leaves out.
fn made_up(blueprint: &Blueprint) -> impl Iterator<Item = AccountId> {
    let taken = |id: &AccountId| {
        blueprint.accounts.as_ref().is_some_and(|accounts| {
            let wanted = accounts.organization.as_ref();
            accounts.listed.contains_key(id) || wanted.is_some_and(|all| all.exclude.contains(id))
        })
    };
    let ids = (0_u64..).map_while(|number| AccountId::new(&format!("{number:012}")));
    ids.filter(move |id| !taken(id))
}

/// The organization that accounts are discovered in: its management account, two members, and every
/// account that the blueprint names.
fn organization(blueprint: &Blueprint, named: &Named) -> Option<Organization> {
    let wanted = blueprint.accounts.as_ref()?.organization.as_ref()?;
    let mut made_up = made_up(blueprint);
    let of_trail = blueprint.trail.as_ref().filter(|trail| trail.organization);
    let management = of_trail.and_then(|trail| trail.account.clone()).or_else(|| made_up.next())?;
    let mut ids: BTreeSet<AccountId> = made_up.take(2).collect();
    ids.insert(management.clone());
    ids.extend(named.accounts.iter().cloned());
    let member = |id: AccountId| (id, Member { name: String::new(), active: true });
    let written = blueprint.hub.as_ref().and_then(|hub| hub.organization.clone());
    let id = written.unwrap_or_else(|| "o-0000000000".to_owned());
    let path = |unit: &String| (unit.clone(), format!("{id}/{unit}/"));
    Some(Organization {
        unit_paths: wanted.include_units.iter().map(path).collect(),
        members: ids.into_iter().map(member).collect(),
        id,
        management,
    })
}

/// The regions that an account is assumed to have enabled.
fn enabled(blueprint: &Blueprint, account: &AccountId, only: bool) -> Vec<Region> {
    if matches!(blueprint.regions, Regions::List(_)) {
        return Vec::new();
    }
    let by_default = partition(blueprint).default_regions().iter().copied();
    let mut regions: BTreeSet<Region> = by_default.filter_map(Region::new).collect();
    let hub = blueprint.hub.as_ref().filter(|hub| hub.account == *account);
    regions.extend(hub.map(|hub| hub.region.clone()));
    let trail = blueprint.trail.as_ref().filter(|trail| match &trail.account {
        Some(keeper) => keeper == account,
        None => only,
    });
    regions.extend(trail.map(|trail| trail.home_region.clone()));
    let alerts = blueprint.alerts.iter();
    let named = alerts.flat_map(|alert| landing::named(alert, landing::REGION));
    let here = partition(blueprint);
    regions.extend(named.filter_map(Region::new).filter(|region| region.partition() == here));
    regions.into_iter().collect()
}

/// The partition of what the blueprint names; the usual one when it names nothing.
fn partition(blueprint: &Blueprint) -> Partition {
    if let Some(region) = blueprint.first_region() {
        return region.partition();
    }
    let destinations = || blueprint.destinations.values();
    let topics = destinations().filter_map(existing_topic);
    let trails = blueprint.trust_trails.iter().filter_map(|trust| Arn::parse(&trust.arn));
    let keys = destinations().filter_map(|one| Arn::parse(one.kms_key.as_deref()?));
    let mut arns = topics.chain(destinations().flat_map(endpoint_arns)).chain(trails).chain(keys);
    arns.find_map(|arn| Partition::named(arn.partition)).unwrap_or(Partition::Aws)
}

/// Keeps the first of places that compile alike.
fn keep_one_of_each_class(blueprint: &Blueprint, named: &Named, scope: &mut Scope, as_of: Date) {
    let lands_there = |lands: LandsIn<'_>| -> BTreeSet<(usize, usize)> {
        let alerts = blueprint.alerts.iter().enumerate();
        alerts
            .flat_map(|(at, alert)| {
                let events = alert.events.iter().enumerate();
                let landing = events.filter(move |(_, event)| can_land(alert, event, lands, as_of));
                landing.map(move |(event, _)| (at, event))
            })
            .collect()
    };
    let region_class = |region: &Region| {
        let lands = lands_there(LandsIn { region, account: None });
        let own = named.regions.get(region).cloned();
        (region.partition(), rules_per_bus(region), is_opt_in(region), lands, own)
    };
    let regions: BTreeSet<Region> = scope.places.iter().map(|place| place.region.clone()).collect();
    let regions = first_of_each(regions, region_class);
    let accounts: BTreeSet<AccountId> = scope.accounts.keys().cloned().collect();
    let listed = blueprint.accounts.as_ref().map(|accounts| &accounts.listed);
    let says = |account: &Account| (account.omit.clone(), account.routes.clone());
    let account_class = |account: &AccountId| {
        let own = named.accounts.get(account).cloned();
        (own, listed.and_then(|listed| listed.get(account)).map(says))
    };
    let accounts = first_of_each(accounts, account_class);
    let keep = |place: &Place| regions.contains(&place.region) && accounts.contains(&place.account);
    scope.places.retain(keep);
}

fn first_of_each<T: Ord, C: Ord>(all: BTreeSet<T>, class: impl Fn(&T) -> C) -> BTreeSet<T> {
    let mut firsts: BTreeMap<C, T> = BTreeMap::new();
    for one in all {
        firsts.entry(class(&one)).or_insert(one);
    }
    firsts.into_values().collect()
}
