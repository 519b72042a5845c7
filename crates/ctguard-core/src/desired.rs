//! Blueprint × scope → the resources that should exist, and the paths that alerts take through
//! them.
//!
//! Where an event *lands* and where its alert is *raised* are two things: an [`AlertPath`] names
//! both. Without a hub they are the same place.

pub mod compile;
pub mod intent;
pub mod landing;
pub mod made;
pub mod narrow;
pub mod pattern;
pub mod placement;
pub mod trail;

use crate::resource::names::Names;
pub use compile::compile;
pub use intent::{Adoption, Intent};
pub use made::{Made, made};
pub use narrow::{Narrow, Shard, SignalReads};
pub use placement::{Scope, ScopeAccount, ScopeError, ScopeOrganization};

use crate::blueprint::{Blueprint, Format, Records, Risk, Subscriber};
use crate::desired::pattern::Compiled;
use crate::event::EventRef;
use crate::identity::ByIdentity;
use crate::record::Fires;
use crate::resource::bucket::Encryption;
use crate::resource::function;
use crate::resource::keys::RuleKey;
use crate::resource::kms;
use crate::resource::machine::{Machine, machine_arn};
use crate::resource::policy;
use crate::resource::queue::Queue;
use crate::resource::rule::{Rule, Targets};
use crate::resource::small_map::SmallMap;
use crate::resource::topic::{Endpoint, SubscriptionAttributes};
use crate::resource::trail::{ManagementNeeds, Trail};
use crate::resource::{ALERT_TAG, BLUEPRINT_TAG, Kind, OWN_TAGS, Tags, VERSION_TAG};
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::{AccountReads, ReadSet};
use crate::snapshot::{Live, LiveTopic, Observed, Unreadable};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Deref;
use std::sync::Arc;

/// Everything that should exist, place by place, and why.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The blueprint's name.
    pub name: String,
    pub names: Names,
    pub as_of: Date,
    pub places: BTreeMap<Place, DesiredPlace>,
    /// Places among them that are only read because others depend on them: nothing is changed
    /// there.
    pub context: BTreeSet<Place>,
    /// Whether some places are left out: they may still need what the places share.
    pub narrowed: bool,
    /// Accounts of which some places are left out: resources that all places of an account share
    /// stay there.
    pub partial: BTreeSet<AccountId>,
    /// All places that the blueprint covers, before narrowing.
    pub covered: BTreeSet<Place>,
    /// Accounts that are covered, with their names.
    pub accounts: BTreeMap<AccountId, ScopeAccount>,
    /// The organization that accounts were discovered in.
    pub organization: Option<ScopeOrganization>,
    /// The organization whose accounts the hub admits, as the blueprint says.
    pub said_organization: Option<String>,
    /// Accounts without places, because their enabled regions could not be read.
    pub unread: BTreeMap<AccountId, Unreadable>,
    /// Where all alerts are raised; absent when each place raises its own.
    pub hub: Option<Place>,
    /// The role of each account that sends to the hub, or to topics of other accounts.
    pub roles: BTreeMap<AccountId, DesiredRole>,
    /// The role of each account with which its state machines publish.
    pub machine_roles: BTreeMap<AccountId, DesiredRole>,
    /// The role of the account that keeps the trail, with which the trail is put back.
    pub heal_roles: BTreeMap<AccountId, DesiredRole>,
    /// The role of each account with which its state machines put rules back.
    pub heal_rules_roles: BTreeMap<AccountId, DesiredRole>,
    /// Roles of others that rules send with, by their account, by name.
    pub used_roles: BTreeMap<AccountId, BTreeSet<String>>,
    /// The home of the trail that the blueprint keeps, even where it is narrowed to other regions.
    pub trail_home: Option<Place>,
    /// Buckets of managed trails, by account and name.
    pub buckets: BTreeMap<(AccountId, String), DesiredBucket>,
    /// How each alert gets from the place where its events land to its subscribers.
    pub paths: Vec<AlertPath>,
    /// Alerts for reports, gravest first, then by id.
    pub alerts: Vec<AlertInfo>,
    /// Trails whose selectors are taken on trust, by ARN, as long as the trust holds.
    pub trusted: BTreeMap<String, Trust>,
    /// Regions left out on purpose: accepted blind spots.
    pub excepted: Vec<Region>,
    /// Queues and functions that subscribe, by the place where they are, by ARN.
    pub endpoints: BTreeMap<Place, BTreeSet<String>>,
    /// The subscribers that are listed, by the ARN of their topic.
    pub listed: BTreeMap<String, BTreeSet<Endpoint>>,
    /// The intent beyond the blueprint, such as destroying or adopting.
    pub intent: Intent,
    /// Buckets that are released, by account and name, with the place to read them from.
    pub released: BTreeMap<(AccountId, String), Place>,
    /// Names that are looked up although nothing of theirs should exist, by place: those that the
    /// blueprint would make, when everything is removed.
    pub made: BTreeMap<Place, Made>,
}

/// What a trail records according to the blueprint, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    pub records: Records,
    pub reason: String,
}

/// What reports say about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertInfo {
    pub id: String,
    pub title: String,
    pub risk: Risk,
    /// False when it notifies nobody: it has neither a route nor `notify`.
    pub routed: bool,
    /// Whether a record of each of its events can raise it.
    pub fires: BTreeMap<EventRef, Fires>,
    /// Regions outside of the blueprint in which its sign-ins land, too.
    pub sign_ins_missed: Vec<Region>,
}

/// What should exist in one place.
#[derive(Debug, Clone, Default)]
pub struct DesiredPlace {
    /// By key, those of the hub's bus too.
    pub rules: SmallMap<RuleKey, DesiredRule>,
    pub topics: BTreeMap<String, DesiredTopic>,
    /// Topics that exist and are only judged, by ARN.
    pub existing_topics: BTreeSet<String>,
    pub queues: SmallMap<String, DesiredQueue>,
    /// State machines that write mails, or put the trail or rules back, by name.
    pub machines: BTreeMap<String, DesiredMachine>,
    /// Present in the hub.
    pub bus: Option<DesiredBus>,
    /// Present in the home region of the managed trail.
    pub trail: Option<DesiredTrail>,
}

impl DesiredPlace {
    /// Keys that the blueprint names for what is here, where they are to be read from here: keys of
    /// this region and, as no other account's policy is given, of this account.
    ///
    /// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>
    fn keys_at(&self, place: &Place) -> BTreeSet<String> {
        let of_topics = self.topics.values().filter_map(|topic| topic.kms_key.as_ref());
        let of_trail = self.trail.as_ref().and_then(|trail| trail.trail.kms_key.as_ref());
        let here = |key: &&String| kms::is_in(key, place);
        of_topics.chain(of_trail).filter(here).cloned().collect()
    }
}

/// A rule with its targets.
#[derive(Debug, Clone)]
pub struct DesiredRule {
    pub rule: Arc<Rule>,
    pub compiled: Arc<Compiled>,
    /// Absent on a rule that forwards the events of several alerts.
    pub alert: Option<String>,
    pub targets: Targets,
    pub tags: Tags,
}

/// A topic that ctguard keeps. Statements of others in its policy stay.
#[derive(Debug, Clone)]
pub struct DesiredTopic {
    pub display_name: String,
    pub kms_key: Option<String>,
    /// The policy that AWS gives a new topic, to which ctguard adds its own statements.
    pub default_policy: Value,
    pub own_statements: Vec<Value>,
    pub subscriptions: BTreeMap<Endpoint, SubscriptionAttributes>,
    /// Chat configurations that must list this topic; a person adds it there.
    pub chats: Vec<String>,
    pub tags: Tags,
    /// The tags about the passwords of subscribers: another value is another password.
    pub passwords: Tags,
}

/// The hub's event bus. Statements of others in its policy stay.
#[derive(Debug, Clone)]
pub struct DesiredBus {
    pub name: String,
    /// Who may send.
    pub own_statements: Vec<Value>,
    pub tags: Tags,
}

/// The role through which the rules of an account send to the hub, and to topics of other accounts.
#[derive(Debug, Clone)]
pub struct DesiredRole {
    pub name: String,
    pub trust: Value,
    /// Its inline policies, by name: one for each that it sends to.
    pub policies: BTreeMap<String, Value>,
    /// Where its calls are made.
    pub place: Place,
    pub tags: Tags,
}

/// A state machine that ctguard keeps.
#[derive(Debug, Clone)]
pub struct DesiredMachine {
    pub machine: Machine,
    pub tags: Tags,
}

/// A dead-letter queue that ctguard keeps. It says nothing of its place: a fleet has the same in
/// thousands of them.
#[derive(Debug, Clone)]
pub struct DesiredQueue {
    pub queue: Queue,
    /// The service that sends to it, as ARNs name it: `events` or `sns`.
    pub service: &'static str,
    /// What it sends for, without the place: the end of an ARN each.
    pub sources: Vec<String>,
    pub tags: Tags,
}

/// The trail that ctguard keeps.
#[derive(Debug, Clone)]
pub struct DesiredTrail {
    pub name: String,
    pub trail: Trail,
    pub needs: ManagementNeeds,
    pub adopt: bool,
    pub additional: bool,
    pub tags: Tags,
}

/// The bucket of a managed trail.
#[derive(Debug, Clone)]
pub struct DesiredBucket {
    /// It may be somebody else's, and is then used as it stands.
    pub foreign: bool,
    /// The blueprint says that it is somebody else's: what cannot be read of it is assumed.
    pub elsewhere: bool,
    /// Where it is made when it does not exist.
    pub place: Place,
    pub encryption: Encryption,
    pub own_statements: Vec<Value>,
    pub tags: Tags,
}

/// The path of one alert from where its events land to its subscribers.
///
/// A fleet has hundreds of thousands of them, which share their ways; what a way has can be asked of
/// the path.
#[derive(Debug, Clone)]
pub struct AlertPath {
    pub lands: Place,
    pub way: Arc<Way>,
}

impl Deref for AlertPath {
    type Target = Way;

    fn deref(&self) -> &Way {
        &self.way
    }
}

/// The way of one alert: the same from all places of an account where the same events land.
#[derive(Debug, Clone)]
pub struct Way {
    pub alert: Arc<str>,
    pub raised: Place,
    /// How the events get from where they land to `raised`; absent without a hub.
    pub forward: Option<Forward>,
    /// The events of the alert that can land there.
    pub events: Arc<[EventRef]>,
    /// Keys of the rules, in `raised`, that together match these events.
    pub rules: Arc<[RuleKey]>,
    pub destinations: Arc<[DestinationPath]>,
}

/// The path of events to the hub.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Names of the rules, on the default bus where the events land, that together match them.
    pub rules: Arc<[RuleKey]>,
    /// ARN of the hub's bus.
    pub bus_arn: Arc<str>,
    /// ARN of the role in the account where the events land.
    pub role_arn: Arc<str>,
}

/// One destination of an alert, as seen in the place where the alert is raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationPath {
    pub name: String,
    pub format: Format,
    pub target_id: String,
    pub topic_arn: String,
    /// The topic's name when ctguard keeps it.
    pub managed_topic: Option<String>,
    /// ARN of the role with which the rules send to a topic of another account.
    pub role: Option<String>,
    /// The state machine that stands between the rules and the topic; absent where the rules
    /// publish themselves.
    pub machine: Option<Arc<MachinePath>>,
    pub subscribers: Vec<Subscriber>,
}

/// The way through a state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachinePath {
    pub name: String,
    pub arn: String,
    /// ARN of the role with which it publishes.
    pub role_arn: String,
    /// ARN of the role with which the rules start it.
    pub started_by: String,
}

impl DestinationPath {
    /// What the rules send to: the topic, or the state machine that publishes to it.
    pub fn target_arn(&self) -> &str {
        self.machine.as_ref().map_or(&self.topic_arn, |machine| &machine.arn)
    }

    /// The role that the topic is asked by; none where EventBridge itself publishes.
    pub fn publisher(&self) -> Option<&str> {
        let machine = self.machine.as_ref().map(|machine| machine.role_arn.as_str());
        machine.or(self.role.as_deref())
    }

    /// Where the topic is, when that may be another account than its rules'.
    pub fn elsewhere(&self) -> Option<Place> {
        self.publisher()?;
        let arn = Arn::parse(&self.topic_arn)?;
        Some(Place::new(AccountId::new(arn.account)?, Region::new(arn.region)?))
    }

    /// The topic as it was seen, and from where: a topic of another account from there, if that is
    /// covered, and else from where its rules are.
    pub fn topic_seen<'a>(
        &self,
        live: &'a Live,
        raised: &Place,
    ) -> (Place, Option<&'a Observed<LiveTopic>>) {
        let at = |place: &Place| live.places.get(place)?.topics.get(&self.topic_arn);
        match self.elsewhere().and_then(|home| Some((at(&home)?, home))) {
            Some((topic, home)) => (home, Some(topic)),
            None => (raised.clone(), at(raised)),
        }
    }
}

impl DesiredQueue {
    /// The statement of its policy that lets the service in, where it is in this place and has this
    /// name.
    pub fn own_statement(&self, place: &Place, name: &str) -> Value {
        let sources = self.sources.iter().map(|source| place.arn(self.service, source));
        json!({
            "Sid": name,
            "Effect": "Allow",
            "Principal": { "Service": format!("{}.amazonaws.com", self.service) },
            "Action": "sqs:SendMessage",
            "Resource": place.arn("sqs", name),
            "Condition": { "ArnLike": { "aws:SourceArn": sources.collect::<Vec<_>>() } },
        })
    }
}

impl DesiredRole {
    /// What it may send to.
    pub fn sends_to(&self) -> BTreeSet<&str> {
        self.policies.values().flat_map(policy::resources).collect()
    }
}

impl Desired {
    /// The tags of everything that this blueprint owns.
    pub fn tags(&self) -> Tags {
        ownership_tags(&self.name, None)
    }

    /// Notes who is listed for the topics of others, and which queues and functions subscribe, by the
    /// place where they are.
    fn index_endpoints(&mut self) {
        // Paths share their destinations: each is visited once.
        let mut judged: HashSet<ByIdentity<'_, [DestinationPath]>> = HashSet::new();
        let paths = self.paths.iter();
        let paths = paths.filter(|path| judged.insert(ByIdentity(&path.destinations)));
        for destination in paths.flat_map(|path| path.destinations.iter()) {
            if destination.managed_topic.is_none() {
                let listed = self.listed.entry(destination.topic_arn.clone()).or_default();
                listed.extend(destination.subscribers.iter().map(Subscriber::endpoint));
            }
            for subscriber in &destination.subscribers {
                let Subscriber::Endpoint(endpoint) = subscriber else { continue };
                if let Some(place) = judged_at(endpoint) {
                    let here = self.endpoints.entry(place).or_default();
                    here.insert(endpoint.address().to_owned());
                }
            }
        }
    }

    /// The role of an account that a state machine of this name has.
    pub fn role_of_machine(&self, machine: &str, account: &AccountId) -> Option<&DesiredRole> {
        let roles = match machine {
            name if *name == self.names.heal() => &self.heal_roles,
            name if *name == self.names.heal_rules() => &self.heal_rules_roles,
            _ => &self.machine_roles,
        };
        roles.get(account)
    }

    /// What to read of the account of a place.
    pub fn account_reads(&self, account: &AccountId) -> AccountReads {
        let kept = self.buckets.iter().map(|(key, bucket)| (key, &bucket.place));
        let buckets = kept
            .chain(&self.released)
            .filter(|((owner, _), _)| owner == account)
            .map(|((_, name), place)| (name.clone(), place.region.clone()))
            .collect();
        // The search by tag does not find roles, so the role is always read by name.
        let mut roles = BTreeSet::from([self.names.role()]);
        roles.extend(self.used_roles.get(account).into_iter().flatten().cloned());
        // A state machine has a role of its own name.
        let machines = self.names.machines();
        roles.extend(machines.into_iter().filter(|name| self.has_machine(account, name)));
        AccountReads { enabled_regions: false, buckets, roles }
    }

    /// Whether an account has such a state machine, or the blueprint would make one there.
    fn has_machine(&self, account: &AccountId, name: &str) -> bool {
        let wanted = self
            .places
            .iter()
            .any(|(place, here)| place.account == *account && here.machines.contains_key(name));
        wanted
            || self
                .made
                .iter()
                .any(|(place, made)| place.account == *account && made.machines.contains(name))
    }

    /// What to read of a place: everything that the plan and the proof need, and nothing else.
    pub fn reads(&self, place: &Place) -> ReadSet {
        let mut reads = ReadSet {
            blueprint: self.name.clone(),
            rule_prefix: self.names.prefix().to_owned(),
            trails: true,
            ..ReadSet::default()
        };
        if self.places.contains_key(place) && !self.context.contains(place) {
            let taken = self.intent.adopt.rules();
            let taken = taken.filter(|name| !name.starts_with(self.names.prefix()));
            reads.other_rules.extend(taken.map(str::to_owned));
        }
        if let Some(here) = self.places.get(place) {
            let on_default_bus = here.rules.keys().filter(|key| key.bus().is_none());
            reads.rules.extend(on_default_bus.map(|key| key.name().to_owned()));
            reads.buses.extend(here.bus.iter().map(|bus| bus.name.clone()));
            reads.topics.extend(here.topics.keys().map(|name| place.arn("sns", name)));
            reads.topics.extend(here.existing_topics.iter().cloned());
            let listed = here.existing_topics.iter();
            let listed =
                listed.filter_map(|arn| Some((arn.clone(), self.listed.get(arn)?.clone())));
            reads.listed.extend(listed);
            reads.queues.extend(here.queues.keys().map(|name| place.arn("sqs", name)));
            reads.machines.extend(here.machines.keys().map(|name| machine_arn(place, name)));
            reads.managed_trail = here.trail.as_ref().map(|trail| trail.name.clone());
            reads.keys = here.keys_at(place);
        }
        if let Some(made) = self.made.get(place) {
            reads.buses.insert(made.bus.clone());
            reads.topics.extend(made.topics.iter().map(|name| place.arn("sns", name)));
            reads.queues.extend(made.queues.iter().map(|name| place.arn("sqs", name)));
            reads.machines.extend(made.machines.iter().map(|name| machine_arn(place, name)));
            if reads.managed_trail.is_none() {
                reads.managed_trail.clone_from(&made.trail);
            }
        }
        // A queue or function that subscribes is read where it lives, so that its own policy can be
        // judged.
        for address in self.endpoints.get(place).into_iter().flatten() {
            let wanted = match Arn::parse(address).map(|arn| arn.service) {
                Some("sqs") => &mut reads.queues,
                _ => &mut reads.functions,
            };
            wanted.insert(address.clone());
        }
        reads
    }
}

/// All tags of a resource of one kind: the blueprint's and ctguard's own.
pub(crate) fn tags_of(blueprint: &Blueprint, kind: Kind, alert: Option<&str>) -> Tags {
    let mut tags = blueprint.tags.of(kind);
    tags.extend(ownership_tags(&blueprint.name, alert));
    tags
}

/// Whether there are tags beside ctguard's own, which organizations may ask for in each call that
/// can carry some.
pub(crate) fn more_than_own(tags: &Tags) -> bool {
    tags.keys().any(|key| !key.starts_with(OWN_TAGS))
}

/// Where a subscriber has a policy of its own; `None` for what is no queue and no such function.
fn judged_at(endpoint: &Endpoint) -> Option<Place> {
    let arn = Arn::parse(endpoint.address()).filter(|arn| match arn.service {
        "sqs" => true,
        "lambda" => function::has_policy(arn.resource),
        _ => false,
    })?;
    Some(Place::new(AccountId::new(arn.account)?, Region::new(arn.region)?))
}

/// `ctguard:blueprint`, `ctguard:version` and, on a rule, `ctguard:alert`.
fn ownership_tags(name: &str, alert: Option<&str>) -> Tags {
    let mut tags = Tags::from([
        (BLUEPRINT_TAG.to_owned(), name.to_owned()),
        (VERSION_TAG.to_owned(), crate::blueprint::FORMAT_VERSION.to_string()),
    ]);
    if let Some(alert) = alert {
        tags.insert(ALERT_TAG.to_owned(), alert.to_owned());
    }
    tags
}
