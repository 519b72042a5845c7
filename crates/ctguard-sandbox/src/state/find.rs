//! Constructors and look-ups of a state.

use super::{
    Account, AccountGlobals, FIRST_CLOCK, FORMAT_VERSION, Regional, State, StoredBucket, StoredBus,
    StoredKey, StoredMachine, StoredQueue, StoredRole, StoredRule, StoredTopic, StoredTrail,
};
use ctguard_core::event::sample::Clock;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::machine::{machine_arn, machine_name};
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::scope::{AccountId, Arn, Place, Region};
use ctguard_core::snapshot::Caller;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

static NOTHING: Regional = Regional {
    rules: BTreeMap::new(),
    default_bus_key: None,
    buses: BTreeMap::new(),
    topics: BTreeMap::new(),
    queues: BTreeMap::new(),
    trails: BTreeMap::new(),
    keys: BTreeMap::new(),
    machines: BTreeMap::new(),
    functions: BTreeMap::new(),
    parameters: BTreeMap::new(),
    secrets: BTreeMap::new(),
    metrics: BTreeMap::new(),
    executions_failed: BTreeMap::new(),
    executions: BTreeMap::new(),
    history: Vec::new(),
    outbox: Vec::new(),
};

impl State {
    /// One account with these regions enabled and nothing in it.
    pub fn empty(account: AccountId, regions: impl IntoIterator<Item = Region>) -> Self {
        let enabled_regions: BTreeSet<Region> = regions.into_iter().collect();
        let partition = enabled_regions.first().map_or("aws", |one| one.partition().as_str());
        let arn = format!("arn:{partition}:iam::{account}:user/you");
        let global = AccountGlobals { enabled_regions, ..AccountGlobals::default() };
        Self {
            format_version: FORMAT_VERSION,
            caller: Caller { account: account.clone(), arn },
            clock: Clock(FIRST_CLOCK.parse().expect("the constant is a time")),
            accounts: BTreeMap::from([(account, Account { global, ..Account::default() })]),
            organization: None,
            denied: Vec::new(),
            failing: Vec::new(),
            required_tags: BTreeSet::new(),
            indexed: None,
            from_secrets: BTreeMap::new(),
        }
    }

    /// Whether the search by tag has caught up with an object.
    pub(crate) fn is_indexed(&self, arn: &str) -> bool {
        self.indexed.as_ref().is_none_or(|indexed| indexed.contains(arn))
    }

    /// Lets the search by tag answer as of now, until time passes.
    ///
    /// AWS's index follows the services by some minutes.
    pub fn lag_tag_search(&mut self) {
        let mut arns = BTreeSet::new();
        for place in self.places() {
            let here = self.region(&place);
            let rule = |key: String| place.arn("events", &format!("rule/{key}"));
            arns.extend(here.rules.keys().map(|name| rule(name.clone())));
            for (name, bus) in &here.buses {
                arns.insert(place.arn("events", &format!("event-bus/{name}")));
                arns.extend(bus.rules.keys().map(|on| rule(format!("{name}/{on}"))));
            }
            arns.extend(here.topics.keys().map(|name| place.arn("sns", name)));
            arns.extend(here.queues.keys().map(|name| place.arn("sqs", name)));
            arns.extend(here.machines.keys().map(|name| machine_arn(&place, name)));
            let trail = |name: &String| place.arn("cloudtrail", &format!("trail/{name}"));
            arns.extend(here.trails.keys().map(trail));
        }
        self.indexed = Some(arns);
    }

    /// The names of all objects, and the addresses of subscribers.
    pub(crate) fn object_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for account in self.accounts.values() {
            names.extend(account.global.buckets.keys().chain(account.global.roles.keys()).cloned());
            for here in account.regions.values() {
                names.extend(here.rules.keys().chain(here.topics.keys()).cloned());
                names.extend(here.queues.keys().chain(here.trails.keys()).cloned());
                names.extend(here.keys.keys().chain(here.machines.keys()).cloned());
                names.extend(here.functions.keys().cloned());
                for (bus, held) in &here.buses {
                    names.insert(bus.clone());
                    names.extend(held.rules.keys().map(|rule| format!("{bus}/{rule}")));
                }
                let endpoints = here.topics.values().flat_map(|topic| topic.subscriptions.keys());
                names.extend(endpoints.map(|endpoint| endpoint.address().to_owned()));
            }
        }
        names
    }

    /// What is in a place; `None` if the sandbox does not have it.
    pub fn region(&self, place: &Place) -> &Regional {
        self.accounts
            .get(&place.account)
            .and_then(|account| account.regions.get(&place.region))
            .unwrap_or(&NOTHING)
    }

    /// What is in a place, mutably.
    pub fn region_mut(&mut self, place: &Place) -> &mut Regional {
        let account = self.accounts.entry(place.account.clone()).or_default();
        account.regions.entry(place.region.clone()).or_default()
    }

    /// Every place that holds something, in order.
    pub fn places(&self) -> Vec<Place> {
        let place = |id: &AccountId, region: &Region| Place::new(id.clone(), region.clone());
        self.accounts
            .iter()
            .flat_map(|(id, account)| account.regions.keys().map(move |region| place(id, region)))
            .collect()
    }

    /// A state machine, by ARN, with its place.
    pub fn machine(&self, arn: &str) -> Option<(Place, &StoredMachine)> {
        let (place, _) = locate(arn, "states")?;
        let machine = self.region(&place).machines.get(machine_name(arn)?)?;
        Some((place, machine))
    }

    /// A role of an account, by name.
    pub fn role(&self, account: &AccountId, name: &str) -> Option<&StoredRole> {
        self.accounts.get(account)?.global.roles.get(name)
    }

    /// Finds a bucket by its name, which is unique among all accounts.
    pub fn bucket(&self, name: &str) -> Option<(&AccountId, &StoredBucket)> {
        self.accounts.iter().find_map(|(id, account)| Some((id, account.global.buckets.get(name)?)))
    }

    pub(crate) fn has_account(&self, account: &AccountId) -> bool {
        self.accounts.contains_key(account)
    }

    pub(crate) fn is_enabled(&self, place: &Place) -> bool {
        self.accounts
            .get(&place.account)
            .is_some_and(|account| account.global.enabled_regions.contains(&place.region))
    }

    /// Looks for a topic, queue or function by ARN.
    pub(crate) fn topic(&self, arn: &str) -> Option<&StoredTopic> {
        let (place, name) = locate(arn, "sns")?;
        self.region(&place).topics.get(name)
    }

    pub(crate) fn queue(&self, arn: &str) -> Option<&StoredQueue> {
        let (place, name) = locate(arn, "sqs")?;
        self.region(&place).queues.get(name)
    }

    /// Looks for a custom bus by ARN.
    pub(crate) fn bus(&self, arn: &str) -> Option<&StoredBus> {
        let (place, resource) = locate(arn, "events")?;
        self.region(&place).buses.get(resource.strip_prefix("event-bus/")?)
    }

    /// Finds a key by how a topic or queue in `place` names it: by id, alias or ARN.
    pub(crate) fn key(&self, place: &Place, name: &str) -> Option<(String, &StoredKey)> {
        let (place, name) = match locate(name, "kms") {
            Some((place, resource)) => (place, resource.strip_prefix("key/").unwrap_or(resource)),
            None => (place.clone(), name),
        };
        self.region(&place)
            .keys
            .iter()
            .find(|(id, key)| id.as_str() == name || key.aliases.contains(name))
            .map(|(id, key)| (place.arn("kms", &format!("key/{id}")), key))
    }

    /// The trails visible in a place, with their home: its own, the shadows of multi-region trails,
    /// and those of its organization that AWS has made in it. Without an organization, the accounts of one file count as
    /// one.
    pub(crate) fn trails_seen_from<'a>(
        &'a self,
        place: &'a Place,
    ) -> impl Iterator<Item = (Place, &'a String, &'a StoredTrail)> {
        let all = self.accounts.iter().flat_map(|(id, account)| {
            account.regions.iter().flat_map(move |(region, regional)| {
                let home = Place::new(id.clone(), region.clone());
                regional.trails.iter().map(move |(name, trail)| (home.clone(), name, trail))
            })
        });
        all.filter(|(home, _, stored)| {
            (home.region == place.region || stored.trail.multi_region)
                && (home.account == place.account
                    || stored.reaches_members() && self.are_of_one(&home.account, &place.account))
                && self.is_enabled(place)
        })
    }
}

impl Regional {
    /// The rules of the default bus, or of a custom one if it exists.
    pub fn rules_of(&self, bus: Option<&str>) -> Option<&BTreeMap<String, StoredRule>> {
        match bus {
            None => Some(&self.rules),
            Some(bus) => self.buses.get(bus).map(|bus| &bus.rules),
        }
    }

    /// The same, mutably.
    pub fn rules_of_mut(&mut self, bus: Option<&str>) -> Option<&mut BTreeMap<String, StoredRule>> {
        match bus {
            None => Some(&mut self.rules),
            Some(bus) => self.buses.get_mut(bus).map(|bus| &mut bus.rules),
        }
    }

    /// A rule by its key.
    pub fn rule(&self, key: &RuleKey) -> Option<&StoredRule> {
        self.rules_of(key.bus())?.get(key.name())
    }

    /// The same, mutably.
    pub fn rule_mut(&mut self, key: &RuleKey) -> Option<&mut StoredRule> {
        self.rules_of_mut(key.bus())?.get_mut(key.name())
    }

    /// Every rule, by its key: those of the default bus first.
    pub fn all_rules(&self) -> impl Iterator<Item = (RuleKey, &StoredRule)> {
        let default = self.rules.iter().map(|(name, rule)| (RuleKey::on(None, name), rule));
        let custom = self.buses.iter().flat_map(|(bus, stored)| {
            stored.rules.iter().map(move |(name, rule)| (RuleKey::on(Some(bus), name), rule))
        });
        default.chain(custom)
    }

    /// The policy of a function, or of the version or alias that its ARN names: `None` when there
    /// is no such thing, `Some(None)` when it has no policy.
    pub(crate) fn function_policy(&self, resource: &str) -> Option<Option<&Value>> {
        let mut words = resource.strip_prefix("function:")?.splitn(2, ':');
        let stored = self.functions.get(words.next()?)?;
        match words.next() {
            None => Some(stored.policy.as_ref()),
            Some(qualifier) => stored.qualifiers.get(qualifier).map(Option::as_ref),
        }
    }
}

/// Splits the ARN of a resource of `service` into place and name.
pub(crate) fn locate<'a>(arn: &'a str, service: &str) -> Option<(Place, &'a str)> {
    let parts = Arn::parse(arn).filter(|parts| parts.service == service)?;
    let place = Place::new(AccountId::new(parts.account)?, Region::new(parts.region)?);
    (parts.partition == place.region.partition().as_str()).then_some((place, parts.resource))
}

/// The value of the ownership tag.
pub(crate) fn blueprint_of(tags: &Tags) -> Option<&str> {
    tags.get(BLUEPRINT_TAG).map(String::as_str)
}
