//! What the sandbox's file holds: accounts as readable JSON, in the resource types of the core.

use crate::resource::bucket::Bucket;
use crate::resource::queue::Queue;
use crate::resource::rule::{Rule, Targets};
use crate::resource::topic::{Endpoint, SubscriptionAttributes, Topic};
use crate::resource::trail::{Selectors, Trail, TrailStatus};
use crate::resource::{BLUEPRINT_TAG, Tags};
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::Caller;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The version of the file's format that this program reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// The time when a new sandbox begins. It moves only when somebody lets it.
pub const FIRST_CLOCK: &str = "2026-11-22T12:00:00Z";

/// Everything in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub format_version: u32,
    pub caller: Caller,
    pub clock: Clock,
    pub accounts: BTreeMap<AccountId, Account>,
    /// Operations that the caller may not use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<Denied>,
}

/// A moment, written as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Clock(pub Timestamp);

impl TryFrom<String> for Clock {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("`{text}` is not a time: {error}"))
    }
}

impl From<Clock> for String {
    fn from(clock: Clock) -> Self {
        clock.0.to_string()
    }
}

/// An operation, as IAM names it (`sns:*` is possible), that is denied everywhere or in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denied {
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    #[serde(default)]
    pub regions: BTreeMap<Region, Regional>,
    pub global: Global,
}

/// What an account has outside its regions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Global {
    pub enabled_regions: BTreeSet<Region>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub buckets: BTreeMap<String, StoredBucket>,
}

/// What an account has in one region; everything is kept under its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regional {
    /// Rules of the default bus.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, StoredRule>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub topics: BTreeMap<String, StoredTopic>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub queues: BTreeMap<String, StoredQueue>,
    /// Trails at home here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trails: BTreeMap<String, StoredTrail>,
    /// KMS keys, by key id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, StoredKey>,
    /// Lambda functions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, StoredFunction>,
    /// What subscribers received, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Received>,
}

/// A rule with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRule {
    pub rule: Rule,
    #[serde(default, skip_serializing_if = "Targets::is_empty")]
    pub targets: Targets,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A topic with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTopic {
    pub topic: Topic,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subscriptions: BTreeMap<Endpoint, StoredSubscription>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A subscription. The attributes asked for are kept while it is pending, and shown once confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StoredSubscription {
    Pending { since: Clock, attributes: SubscriptionAttributes },
    Confirmed { arn: String, attributes: SubscriptionAttributes },
}

impl StoredSubscription {
    pub fn attributes(&self) -> &SubscriptionAttributes {
        match self {
            Self::Pending { attributes, .. } | Self::Confirmed { attributes, .. } => attributes,
        }
    }
}

/// A queue with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredQueue {
    pub queue: Queue,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    #[serde(default)]
    pub messages: u64,
}

/// A trail with what belongs to it. Its status is the same in every region that sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTrail {
    pub trail: Trail,
    pub selectors: Selectors,
    pub status: TrailStatus,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredKey {
    /// With their prefix: `alias/alerts`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aliases: BTreeSet<String>,
    pub enabled: bool,
    #[serde(default)]
    pub aws_managed: bool,
    pub policy: Value,
}

/// A Lambda function, as far as it decides whether it may be called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFunction {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
}

/// A bucket with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredBucket {
    pub region: Region,
    pub bucket: Bucket,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    #[serde(default)]
    pub objects: u64,
}

/// What a subscriber received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// ARN of the topic, or of the rule where a queue or function is a rule's own target.
    pub topic: String,
    pub endpoint: Endpoint,
    /// The message itself, without the envelope that SNS puts around it.
    pub text: String,
}

static NOTHING: Regional = Regional {
    rules: BTreeMap::new(),
    topics: BTreeMap::new(),
    queues: BTreeMap::new(),
    trails: BTreeMap::new(),
    keys: BTreeMap::new(),
    functions: BTreeMap::new(),
    outbox: Vec::new(),
};

impl State {
    /// One account with these regions enabled and nothing in it.
    pub fn empty(account: AccountId, regions: impl IntoIterator<Item = Region>) -> Self {
        let arn = format!("arn:aws:iam::{account}:user/you");
        let enabled_regions = regions.into_iter().collect();
        let global = Global { enabled_regions, ..Global::default() };
        Self {
            format_version: FORMAT_VERSION,
            caller: Caller { account: account.clone(), arn },
            clock: Clock(FIRST_CLOCK.parse().expect("the constant is a time")),
            accounts: BTreeMap::from([(account, Account { global, ..Account::default() })]),
            denied: Vec::new(),
        }
    }

    /// What is in a place; nothing for a place that the sandbox does not have.
    pub fn region(&self, place: &Place) -> &Regional {
        self.accounts
            .get(&place.account)
            .and_then(|account| account.regions.get(&place.region))
            .unwrap_or(&NOTHING)
    }

    /// What is in a place, to change it.
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

    /// Finds a bucket by its name, which is unique among all accounts.
    pub fn bucket(&self, name: &str) -> Option<(&AccountId, &StoredBucket)> {
        self.accounts.iter().find_map(|(id, account)| Some((id, account.global.buckets.get(name)?)))
    }

    pub(super) fn has_account(&self, account: &AccountId) -> bool {
        self.accounts.contains_key(account)
    }

    pub(super) fn is_enabled(&self, place: &Place) -> bool {
        self.accounts
            .get(&place.account)
            .is_some_and(|account| account.global.enabled_regions.contains(&place.region))
    }

    /// Looks for a topic, queue or function by ARN.
    pub(super) fn topic(&self, arn: &str) -> Option<&StoredTopic> {
        let (place, name) = locate(arn, "sns")?;
        self.region(&place).topics.get(name)
    }

    pub(super) fn queue(&self, arn: &str) -> Option<&StoredQueue> {
        let (place, name) = locate(arn, "sqs")?;
        self.region(&place).queues.get(name)
    }

    /// Looks for a key by what a topic or queue in `place` calls it: id, alias or the ARN of either.
    pub(super) fn key(&self, place: &Place, name: &str) -> Option<(String, &StoredKey)> {
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

    /// The trails that a place sees, with their home: its own, the shadows of multi-region trails,
    /// and organization trails (the accounts of one file are one organization).
    pub(super) fn trails_seen_from<'a>(
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
                && (home.account == place.account || stored.trail.organization)
                && self.is_enabled(place)
        })
    }
}

/// Takes the ARN of a resource of `service` apart into its place and its name.
pub(super) fn locate<'a>(arn: &'a str, service: &str) -> Option<(Place, &'a str)> {
    let parts = Arn::parse(arn).filter(|parts| parts.service == service)?;
    let place = Place::new(AccountId::new(parts.account)?, Region::new(parts.region)?);
    (parts.partition == place.region.partition().as_str()).then_some((place, parts.resource))
}

/// The value of the tag that says whose a resource is.
pub(super) fn blueprint_of(tags: &Tags) -> Option<&str> {
    tags.get(BLUEPRINT_TAG).map(String::as_str)
}
