//! Classes of places: those that get the same template.

use super::ExportError;
use super::align::{Own, align};
use super::items::{Item, items};
use super::kinds::AccountKind;
use super::text::{self, ACCOUNT, ACCOUNT_NAME, REGION};
use crate::catalogue;
use crate::desired::{Desired, Scope};
use crate::scope::{AccountId, Place, Region};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Places that get the same template.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Of a-z, 0-9 and inner `-`; unique.
    pub name: String,
    /// What is made in each of the places, in the order in which it can be made.
    pub items: Vec<Item>,
    /// Where it is made. No place is in two of all the classes.
    pub deployments: Vec<Deployment>,
    pub stage: Stage,
}

/// When a class is deployed: what is sent to comes before what sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The hub: it lets others send to it, and raises alerts.
    Receives,
    /// The roles of accounts, and what is in their region.
    Roles,
    /// Everything else.
    Sends,
}

/// Accounts that get a template in the same regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub accounts: Accounts,
    pub regions: Vec<Region>,
}

/// Which accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accounts {
    /// The account of whoever deploys.
    Own,
    Listed(BTreeSet<AccountId>),
    /// Those of the organization, with those that join it later.
    Organization {
        except: BTreeSet<AccountId>,
    },
}

/// What is made in a place, as a value in which texts may be open.
type Template = Value;

/// The template of each region, for the accounts of a kind.
struct KindTemplates<'a> {
    kind: &'a AccountKind,
    regions: BTreeMap<&'a Region, Template>,
}

/// Sorts all places into classes. `joined` has the accounts of a kind that nobody is of yet.
pub(super) fn classes(
    desired: &Desired,
    joined: Option<&Desired>,
    scope: &Scope,
    kinds: &[AccountKind],
    regions: &[Region],
    home: &Region,
) -> Result<Vec<Class>, ClassError> {
    let mut templates = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let desired = joined.filter(|_| kind.accounts.is_empty()).unwrap_or(desired);
        templates.push(of_kind(desired, kind, regions, home).map_err(|error| match error {
            ClassError::NoKind(_) => ClassError::NoKind(index),
            other => other,
        })?);
    }
    let drafts = drafts(&templates, regions, home);
    let names = names(&drafts, kinds, desired, (home, &apart(regions, home)));
    let mut classes = Vec::new();
    for (draft, name) in drafts.iter().zip(names) {
        let items: Vec<Item> = serde_json::from_value(draft.template.clone())
            .map_err(|error| ClassError::Unread(error.to_string()))?;
        let stage = match &items {
            items if items.iter().any(|item| matches!(item, Item::Bus { .. })) => Stage::Receives,
            items if items.iter().any(|item| matches!(item, Item::Role { .. })) => Stage::Roles,
            _ => Stage::Sends,
        };
        classes.push(Class { name, items, deployments: draft.deployments(scope), stage });
    }
    classes.sort_by(|a, b| (a.stage, &a.name).cmp(&(b.stage, &b.name)));
    Ok(classes)
}

/// Why places could not be sorted.
#[derive(Debug)]
pub(super) enum ClassError {
    /// The accounts of the kind of this index differ in more than what is their own.
    NoKind(usize),
    Reserved(char),
    Unread(String),
}

/// A class whose places are still being found.
struct DraftClass<'a> {
    template: Template,
    /// The regions of each kind in which its accounts get the template.
    places: Vec<(&'a AccountKind, BTreeSet<&'a Region>)>,
}

impl<'a> DraftClass<'a> {
    fn regions(&self) -> BTreeSet<&'a Region> {
        self.places.iter().flat_map(|(_, regions)| regions.iter().copied()).collect()
    }

    fn add_all(&mut self, group: &RegionGroup<'a>) {
        group.kinds.iter().for_each(|kind| self.add(kind, group.region));
    }

    fn add(&mut self, kind: &'a AccountKind, region: &'a Region) {
        match self.places.iter_mut().find(|(known, _)| std::ptr::eq(*known, kind)) {
            Some((_, regions)) => drop(regions.insert(region)),
            None => self.places.push((kind, BTreeSet::from([region]))),
        }
    }

    /// Where it is deployed: accounts of the same regions together.
    fn deployments(&self, scope: &Scope) -> Vec<Deployment> {
        let mut by_regions: BTreeMap<Vec<&Region>, Vec<&AccountKind>> = BTreeMap::new();
        for (kind, regions) in &self.places {
            by_regions.entry(regions.iter().copied().collect()).or_default().push(kind);
        }
        let mut all = Vec::new();
        for (regions, kinds) in by_regions {
            let regions: Vec<Region> = regions.into_iter().cloned().collect();
            for accounts in accounts(&kinds, scope) {
                all.push(Deployment { accounts, regions: regions.clone() });
            }
        }
        all
    }
}

/// The accounts of some kinds: those that are discovered as the organization's.
fn accounts(kinds: &[&AccountKind], scope: &Scope) -> Vec<Accounts> {
    let of = |kind: &&&AccountKind| kind.accounts.iter().cloned().collect::<Vec<_>>();
    let all: BTreeSet<AccountId> = kinds.iter().flat_map(|kind| of(&kind)).collect();
    let Some(organization) = &scope.organization else {
        return match kinds.iter().any(|kind| kind.alone) || all.len() > 1 {
            true => vec![Accounts::Listed(all)],
            false => vec![Accounts::Own],
        };
    };
    if !kinds.iter().any(|kind| kind.grows) {
        return vec![Accounts::Listed(all)];
    }
    let is_managing = |id: &&AccountId| organization.management.as_ref() == Some(*id);
    let discovered = |id: &&AccountId| scope.accounts.get(*id).is_some_and(|one| one.discovered);
    let members = scope.accounts.keys().filter(discovered);
    let mut except: BTreeSet<AccountId> =
        members.filter(|id| !all.contains(*id) || is_managing(id)).cloned().collect();
    except.extend(organization.excluded.iter().cloned());
    let beside: BTreeSet<AccountId> =
        all.iter().filter(|id| !discovered(id) || is_managing(id)).cloned().collect();
    let mut of_it = vec![Accounts::Organization { except }];
    if !beside.is_empty() {
        of_it.push(Accounts::Listed(beside));
    }
    of_it
}

/// The accounts that get the same in one region.
struct RegionGroup<'a> {
    region: &'a Region,
    template: Template,
    kinds: Vec<&'a AccountKind>,
}

impl<'a> RegionGroup<'a> {
    /// Takes accounts in that get the same, with their ids open where each has its own; `false` where
    /// they get something else.
    fn takes(&mut self, kind: &'a AccountKind, template: &Template) -> bool {
        let same = self.template == *template || {
            // What other accounts get, an account of its own kind may get, too, even where the
            // blueprint names it.
            let own = instance(&self.template, kind, self.region);
            own.as_ref() == Some(template) && !own.is_some_and(|own| is_open_in(&own))
        };
        let opened = match (same, self.alone().zip(kind.accounts.first())) {
            (false, Some((one, other))) if kind.alone => {
                let own = Own { one: one.as_str(), other: other.as_str(), mark: ACCOUNT };
                align(&self.template, template, &[own])
            }
            _ => None,
        };
        let taken = same || opened.is_some();
        if let Some(opened) = opened {
            self.template = opened;
        }
        if taken {
            self.kinds.push(kind);
        }
        taken
    }

    /// The one account, where nobody else is in it.
    fn alone(&self) -> Option<&'a AccountId> {
        match self.kinds.as_slice() {
            [one] if one.alone => one.accounts.first(),
            _ => None,
        }
    }
}

/// The groups of one region.
fn grouped<'a>(of: &[KindTemplates<'a>], region: &'a Region) -> Vec<RegionGroup<'a>> {
    let mut groups: Vec<RegionGroup<'a>> = Vec::new();
    for one in of {
        let Some(template) = one.regions.get(region).filter(|made| !is_nothing(made)) else {
            continue;
        };
        if !groups.iter_mut().any(|group| group.takes(one.kind, template)) {
            let (template, kinds) = (template.clone(), vec![one.kind]);
            groups.push(RegionGroup { region, template, kinds });
        }
    }
    groups
}

fn is_nothing(template: &Template) -> bool {
    template.as_array().is_none_or(Vec::is_empty)
}

/// The regions that have classes of their own in any case: that of the roles, and those in which global services record. The
/// names of the others, and what they hold, then depend neither on their number nor on the first alert of such a service.
fn apart<'a>(regions: &'a [Region], home: &Region) -> BTreeSet<&'a Region> {
    let global = catalogue::landing_regions(home.partition());
    let is_apart = |region: &&Region| *region == home || global.contains(region.as_str());
    regions.iter().filter(is_apart).collect()
}

/// The classes: groups of several regions that differ in nothing but the region.
fn drafts<'a>(
    of: &[KindTemplates<'a>],
    regions: &'a [Region],
    home: &Region,
) -> Vec<DraftClass<'a>> {
    let at_home = regions.iter().filter(|region| *region == home);
    let elsewhere = regions.iter().filter(|region| *region != home);
    let apart = apart(regions, home);
    let mut left: Vec<RegionGroup<'a>> =
        at_home.chain(elsewhere).flat_map(|region| grouped(of, region)).collect();
    let mut drafts = Vec::new();
    while !left.is_empty() {
        let first = left.remove(0);
        let (template, alike) = match apart.contains(first.region) {
            true => (first.template.clone(), Vec::new()),
            false => alike(&first, &left, &apart),
        };
        let mut draft = DraftClass { template, places: Vec::new() };
        draft.add_all(&first);
        // From the end, so that the places of those before stay.
        for index in alike.into_iter().rev() {
            draft.add_all(&left.remove(index));
        }
        drafts.push(draft);
    }
    drafts
}

/// The groups whose templates are the same as the first one's but for the region, and what they have
/// in common.
fn alike(
    first: &RegionGroup<'_>,
    left: &[RegionGroup<'_>],
    apart: &BTreeSet<&Region>,
) -> (Template, Vec<usize>) {
    let mut common: Option<Template> = None;
    let mut found = Vec::new();
    for (index, other) in left.iter().enumerate() {
        let both = match first.region == other.region {
            // Two groups of a region are two because they differ.
            true => continue,
            false if apart.contains(other.region) => continue,
            false => {
                let (one, other_region) = (first.region.as_str(), other.region.as_str());
                let own = Own { one, other: other_region, mark: REGION };
                align(&first.template, &other.template, &[own])
            }
        };
        let Some(both) = both else { continue };
        if common.as_ref().is_none_or(|known| *known == both) {
            common = Some(both);
            found.push(index);
        }
    }
    (common.unwrap_or_else(|| first.template.clone()), found)
}

/// What a template is in a place of an account that stands for itself; `None` for other kinds.
fn instance(template: &Template, kind: &AccountKind, region: &Region) -> Option<Value> {
    let account = kind.accounts.first().filter(|_| kind.alone)?;
    let fill =
        |text: &str| text.replace(ACCOUNT, account.as_str()).replace(REGION, region.as_str());
    Some(text::each(template, &fill))
}

fn is_open_in(value: &Value) -> bool {
    text::reserved(value).is_some()
}

/// The templates of a kind, region by region.
fn of_kind<'a>(
    desired: &Desired,
    kind: &'a AccountKind,
    regions: &'a [Region],
    home: &Region,
) -> Result<KindTemplates<'a>, ClassError> {
    let mut all = BTreeMap::new();
    for region in regions {
        let made = |account: &AccountId| {
            let place = Place::new(account.clone(), region.clone());
            let items = serde_json::to_value(items(desired, &place, region == home))
                .map_err(|error| ClassError::Unread(error.to_string()))?;
            match text::reserved(&items) {
                Some(reserved) => Err(ClassError::Reserved(reserved)),
                None => Ok(items),
            }
        };
        let template = match kind.representatives.as_slice() {
            [one, other, ..] => {
                let owns = owns(desired, one, other);
                let both = align(&made(one)?, &made(other)?, &owns);
                both.ok_or(ClassError::NoKind(0))?
            }
            [one] if kind.alone => made(one)?,
            [one] => text::each(&made(one)?, &|text| {
                text.replace(one.as_str(), ACCOUNT.encode_utf8(&mut [0; 4]))
            }),
            [] => continue,
        };
        all.insert(region, template);
    }
    Ok(KindTemplates { kind, regions: all })
}

/// What two accounts have of their own.
fn owns<'a>(desired: &'a Desired, one: &'a AccountId, other: &'a AccountId) -> Vec<Own<'a>> {
    let name = |id: &AccountId| {
        desired.accounts.get(id).and_then(|account| account.name.as_deref()).unwrap_or_default()
    };
    vec![
        Own { one: one.as_str(), other: other.as_str(), mark: ACCOUNT },
        Own { one: name(one), other: name(other), mark: ACCOUNT_NAME },
    ]
}

/// The name of each class.
fn names(
    drafts: &[DraftClass<'_>],
    kinds: &[AccountKind],
    desired: &Desired,
    (home, apart): (&Region, &BTreeSet<&Region>),
) -> Vec<String> {
    // Of as many regions, the one with less is the one of which the blueprint says nothing.
    let most = |draft: &&DraftClass<'_>| {
        (draft.regions().len(), Reverse(draft.template.as_array().map_or(0, Vec::len)))
    };
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut all = Vec::new();
    for draft in drafts {
        let prefix = prefix(draft, kinds, desired);
        let regions = draft.regions();
        let of_kind = drafts.iter().filter(|other| self::prefix(other, kinds, desired) == prefix);
        let usual =
            |other: &&DraftClass<'_>| !other.regions().iter().any(|region| apart.contains(region));
        let largest = of_kind.filter(usual).max_by_key(most);
        let first = regions.iter().next().map_or("", |region| region.as_str());
        let name = match prefix.as_str() {
            // There is one of each.
            "hub" | "trail" => prefix,
            _ if regions.contains(home) => format!("{prefix}-home"),
            _ if largest.is_some_and(|other| std::ptr::eq(other, draft)) => {
                format!("{prefix}-other")
            }
            _ if regions.len() == 1 => format!("{prefix}-{first}"),
            _ => format!("{prefix}-{first}-and-{}-more", regions.len() - 1),
        };
        let free = |number: usize| match number {
            1 => name.clone(),
            _ => format!("{name}-{number}"),
        };
        let name = (1..).map(free).find(|name| !taken.contains(name)).unwrap_or(name.clone());
        taken.insert(name.clone());
        all.push(name);
    }
    all
}

/// What the name of a class begins with.
fn prefix(draft: &DraftClass<'_>, kinds: &[AccountKind], desired: &Desired) -> String {
    let has = |kind: &str| {
        let items = draft.template.as_array();
        items.is_some_and(|items| items.iter().any(|item| item["kind"] == kind))
    };
    let usual = if desired.hub.is_some() { "spoke" } else { "account" };
    let alone = match draft.places.as_slice() {
        [(kind, _)] if kinds.first().is_none_or(|first| first != *kind) => kind.accounts.first(),
        _ => None,
    };
    match alone {
        _ if has("Bus") => "hub".to_owned(),
        _ if has("Trail") => "trail".to_owned(),
        Some(account) => format!("account-{account}"),
        None => usual.to_owned(),
    }
}

impl From<ClassError> for ExportError {
    fn from(error: ClassError) -> Self {
        match error {
            ClassError::Reserved(character) => Self::Text {
                text: character.to_string(),
                message: format!(
                    "the character U+{:04X} stands for an account or a region in an export",
                    u32::from(character)
                ),
                help: "Leave it out: Unicode sets it aside for a program's own use.",
            },
            ClassError::Unread(why) => Self::TooLarge(why),
            ClassError::NoKind(_) => Self::TooLarge("accounts differ".to_owned()),
        }
    }
}
