//! Reads a place and an account with few calls.
//!
//! ```text
//! place    ListRules pages ─► ListTargetsByRule each
//!          default bus: DescribeEventBus
//!          bus:    DescribeEventBus ─► ListRules pages ─► ListTargetsByRule each
//!          every rule: ListEventBuses pages, and each bus as above
//!          rules of others that are asked for: ListRules pages by name ─► ListTargetsByRule each
//!          GetResources pages: the tags of everything that carries the blueprint's tag
//!          topic:  GetTopicAttributes, ListSubscriptionsByTopic ─► GetSubscriptionAttributes each confirmed
//!                  (of a topic of others with many, those that the blueprint lists)
//!          queue:  GetQueueUrl ─► GetQueueAttributes
//!          function that subscribes: GetPolicy
//!          state machine: DescribeStateMachine
//!          DescribeTrails ─► GetTrailStatus each; GetEventSelectors of those at home here
//!          key of a topic, bus, trail or subscribed queue: DescribeKey ─► GetKeyPolicy
//!          a rule that should be there is not: ListRules pages, ListEventBuses ─► ListRules each
//!          rules whose signals are wanted: GetMetricData, two spans, 500 metrics a call
//! account  ListRegions pages; bucket: HeadBucket ─► its five settings and tags
//!          role: GetRole ─► ListRolePolicies pages ─► GetRolePolicy each;
//!                ListAttachedRolePolicies pages, its boundary ─► GetPolicy ─► GetPolicyVersion each
//! ```
//!
//! Tags are read one by one only for an object that the blueprint names and GetResources misses (it
//! lags, and does not know every kind everywhere) or may not answer for. Only what the read set
//! names is read, independent reads run concurrently, and a part that cannot be read does not
//! affect the others.

mod rules;

use super::Aws;
use super::errors::observed;
use super::s3::Head;
use super::session::Session;
use super::sns::{GET_SUBSCRIPTION_ATTRIBUTES, Listed, by_endpoint};
use super::sqs::ReadQueue;
use ctguard_core::cause::Cause;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::scope::{AccountId, Arn, Place, Region};
use ctguard_core::snapshot::{AccountReads, ReadSet};
use ctguard_core::snapshot::{
    AccountSnapshot, LiveBucket, LiveBus, LiveFunction, LiveKey, LiveMachine, LiveQueue, LiveRule,
    LiveSubscription, LiveTopic, LiveTrail, Observed, Packed, PlaceSnapshot, Unreadable,
};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use futures::{FutureExt, join};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::OnceCell;

/// How many objects of one kind are read concurrently: at 0.1 s each, more than AWS allows in a
/// place (50 EventBridge calls a second). The gate bounds the calls in flight; this bounds the
/// memory of the waiting ones in a place with hundreds of rules.
const SIDE_BY_SIDE: usize = 8;

/// How many subscriptions of a topic of others are all asked for their attributes: at AWS's rate
/// that takes a quarter of a minute.
const FEW_SUBSCRIPTIONS: usize = 400;

pub(super) async fn place(aws: &Aws, place: &Place, reads: &ReadSet) -> PlaceSnapshot {
    match aws.session(place).await {
        Ok(session) => Reading { session: &session, reads, tagged: OnceCell::new() }.all().await,
        Err(error) => unreadable(place, reads, &error),
    }
}

pub(super) async fn account(
    aws: &Aws,
    account: &AccountId,
    reads: &AccountReads,
) -> AccountSnapshot {
    let regions = async {
        if !reads.enabled_regions {
            return Observed::Absent;
        }
        let region = aws.region().unwrap_or_else(Region::global);
        let regions = async {
            let session = aws.session(&Place::new(account.clone(), region)).await?;
            session.enabled_regions().await.map(Some)
        };
        observed(regions.await)
    };
    let buckets = each(reads.buckets.iter().cloned(), |(name, region)| {
        let place = Place::new(account.clone(), region);
        async move { (observed(bucket(aws, &place, &name).await), name) }.boxed()
    });
    let roles = each(reads.roles.iter().cloned(), |name| {
        let place = Place::new(account.clone(), aws.region().unwrap_or_else(Region::global));
        async move {
            let role = async { aws.session(&place).await?.role(&name).await };
            (observed(role.await), name)
        }
        .boxed()
    });
    let (enabled_regions, buckets, roles) = join!(regions, buckets, roles);
    AccountSnapshot {
        account: account.clone(),
        enabled_regions,
        buckets: buckets.into_iter().map(|(found, name)| (name, found)).collect(),
        roles: roles.into_iter().map(|(found, name)| (name, found)).collect(),
    }
}

async fn bucket(aws: &Aws, place: &Place, name: &str) -> Result<Option<LiveBucket>, CloudError> {
    let head = aws.session(place).await?.head_bucket(name).await?;
    let (region, refused) = match head {
        Head::Missing => return Ok(None),
        Head::In(region) => (region, false),
        Head::Refused(region) => (region, true),
    };
    let session = aws.session(&Place::new(place.account.clone(), region.clone())).await?;
    if refused {
        // The same permission, and an answer that says why: a policy, a clock that is wrong (which
        // the SDK then corrects), or nothing, as for a bucket of another account.
        session.is_empty(name).await?;
    }
    let (bucket, tags) = join!(session.bucket(name), session.bucket_tags(name));
    let (bucket, tags) = (bucket?, observed(tags));
    // Only an unconfigured bucket may be one whose creation was interrupted.
    let undescribed = bucket.policy.is_none() && tags.known().is_some_and(Tags::is_empty);
    let empty = if undescribed { Some(session.is_empty(name).await?) } else { None };
    Ok(Some(LiveBucket { region, bucket, tags, empty }))
}

/// A place of which nothing can be read: every part is unreadable.
fn unreadable(place: &Place, reads: &ReadSet, error: &CloudError) -> PlaceSnapshot {
    fn each<T>(names: &BTreeSet<String>, error: &CloudError) -> BTreeMap<String, Observed<T>> {
        names.iter().map(|name| (name.clone(), Observed::Unreadable(error.into()))).collect()
    }
    PlaceSnapshot {
        place: place.clone(),
        rules: Observed::Unreadable(error.into()),
        other_rules: each(&reads.other_rules, error),
        buses: each(&reads.buses, error),
        default_bus_key: match reads.rule_prefix.is_empty() {
            true => Observed::Absent,
            false => Observed::Unreadable(error.into()),
        },
        rules_on_bus: None,
        wildcard_rules_on_bus: None,
        stray_rules: BTreeMap::new(),
        topics: each(&reads.topics, error).into(),
        queues: each(&reads.queues, error).into(),
        functions: each(&reads.functions, error),
        machines: each(&reads.machines, error),
        trails: Observed::Unreadable(error.into()),
        keys: BTreeMap::new(),
        signals: reads
            .signals
            .iter()
            .map(|name| (name.clone(), Observed::Unreadable(error.into())))
            .collect(),
        executions: each(&reads.executions, error),
    }
}

/// Reads one place once.
struct Reading<'a> {
    session: &'a Session,
    reads: &'a ReadSet,
    /// What carries the blueprint's tag, by ARN; read on first use.
    tagged: OnceCell<Result<BTreeMap<String, Tags>, CloudError>>,
}

impl Reading<'_> {
    async fn all(&self) -> PlaceSnapshot {
        let now = jiff::Timestamp::now().as_second();
        let (
            rules,
            other_rules,
            buses,
            default_bus_key,
            topics,
            queues,
            functions,
            machines,
            trails,
            signals,
        ) = join!(
            self.rules(),
            self.other_rules(),
            self.buses(),
            self.default_bus_key(),
            self.topics(),
            self.queues(),
            self.functions(),
            self.machines(),
            self.trails(),
            self.session.signals(&self.reads.signals, &self.reads.executions, now)
        );
        let (keys, (on_bus, stray_rules)) = join!(
            self.keys(&topics, &queues, &buses, &default_bus_key, &trails),
            self.when_missing(&rules, &buses)
        );
        let place = self.session.place.clone();
        let (signals, executions) = signals;
        PlaceSnapshot {
            place,
            rules,
            other_rules,
            buses,
            default_bus_key,
            rules_on_bus: on_bus.map(|(all, _)| all),
            wildcard_rules_on_bus: on_bus.map(|(_, wild)| wild),
            stray_rules,
            topics,
            queues,
            functions,
            machines,
            trails,
            keys,
            signals,
            executions,
        }
    }

    /// When a rule is missing: the number of rules on the default bus, with and without wildcards,
    /// and whether the rule is on another bus. Neither decides whether it is missing, so what
    /// cannot be read is omitted.
    async fn when_missing(
        &self,
        rules: &Observed<SmallMap<String, LiveRule>>,
        buses: &BTreeMap<String, Observed<LiveBus>>,
    ) -> (Option<(usize, usize)>, BTreeMap<String, String>) {
        let Observed::Known(known) = rules else { return Default::default() };
        if self.reads.rules.iter().all(|name| known.contains_key(name)) {
            return Default::default();
        }
        let read: BTreeSet<&String> = buses.keys().collect();
        let (count, stray) = join!(
            self.session.rules_on_bus(),
            self.session.stray_rules(&self.reads.rule_prefix, &read)
        );
        (count.ok(), stray.unwrap_or_default())
    }

    async fn tagged(&self) -> &Result<BTreeMap<String, Tags>, CloudError> {
        let find = || async {
            if self.reads.blueprint.is_empty() {
                return Ok(BTreeMap::new());
            }
            self.session.tagged(BLUEPRINT_TAG, &self.reads.blueprint).await
        };
        self.tagged.get_or_init(find).await
    }

    /// An object's tags: from the search by tag, or else read.
    async fn tags(
        &self,
        arn: &str,
        ask: impl Future<Output = Result<Option<Tags>, CloudError>>,
    ) -> Observed<Tags> {
        if let Ok(tagged) = self.tagged().await
            && let Some(tags) = tagged.get(arn)
        {
            return Observed::Known(tags.clone());
        }
        observed(ask.await)
    }

    /// Whether a topic or queue has a name of the blueprint's, in this place. The tags of others (a
    /// topic named by its ARN, a queue that only subscribes) are not needed and not read.
    fn named_as_ours(&self, arn: &str) -> bool {
        let place = &self.session.place;
        !self.reads.rule_prefix.is_empty()
            && Arn::parse(arn).is_some_and(|arn| {
                arn.account == place.account.as_str()
                    && arn.region == place.region.as_str()
                    && arn.resource.starts_with(&self.reads.rule_prefix)
            })
    }

    /// ARNs of one service, with the resource part beginning so, that carry the tag and that the
    /// blueprint does not name.
    ///
    /// When the search fails, what it would have found is unknown, not absent: one unreadable entry
    /// with a wildcard as its name stands for it.
    async fn unnamed(
        &self,
        service: &str,
        resource: &str,
        named: &BTreeSet<String>,
    ) -> Result<Vec<String>, (String, CloudError)> {
        match self.tagged().await {
            Ok(tagged) => Ok(tagged
                .keys()
                .filter(|arn| {
                    Arn::parse(arn).is_some_and(|arn| {
                        arn.service == service && arn.resource.starts_with(resource)
                    })
                })
                .filter(|arn| !named.contains(*arn))
                .cloned()
                .collect()),
            Err(error) => {
                let any = format!("{resource}{}*", self.reads.rule_prefix);
                Err((self.session.place.arn(service, &any), error.clone()))
            }
        }
    }

    async fn topics(&self) -> SmallMap<String, Observed<LiveTopic>> {
        let read = |arn: String| async move { (self.topic(&arn).await, arn) }.boxed();
        self.named_and_tagged("sns", "", &self.reads.topics, read).await.collect()
    }

    async fn topic(&self, arn: &str) -> Observed<LiveTopic> {
        let (topic, subscriptions) =
            join!(self.session.topic(arn), self.session.subscriptions(arn));
        let topic = match observed(topic) {
            Observed::Known(topic) => topic,
            Observed::Absent => return Observed::Absent,
            Observed::Unreadable(why) => return Observed::Unreadable(why),
        };
        let subscriptions = async {
            let listed = match observed(subscriptions) {
                Observed::Known(listed) => listed,
                Observed::Absent => return Observed::Absent,
                Observed::Unreadable(why) => return Observed::Unreadable(why),
            };
            let listed = self.asked_first(arn, listed);
            let read = each(listed, |(listed, ask)| {
                async move {
                    let subscription = match ask {
                        true => self.session.subscription(&listed).await,
                        false => Some(not_asked(&listed)),
                    };
                    subscription.map(|subscription| (listed.endpoint, subscription))
                }
                .boxed()
            });
            Observed::Known(by_endpoint(read.await.into_iter().flatten()))
        };
        let tags = self.tags_if_ours(arn, self.session.topic_tags(arn));
        let (subscriptions, tags) = join!(subscriptions, tags);
        Observed::Known(LiveTopic { topic, subscriptions, tags })
    }

    /// The subscriptions of a topic, those that the blueprint lists first, and whether to ask for the
    /// attributes of each.
    ///
    /// Attributes take a call each. Those of a topic of the blueprint's tell which subscriptions are
    /// the blueprint's own; of a topic of others with many subscribers, only the listed ones count.
    fn asked_first(&self, topic: &str, all: Vec<Listed>) -> Vec<(Listed, bool)> {
        let known = self.reads.listed.get(topic);
        let every = self.named_as_ours(topic) || all.len() <= FEW_SUBSCRIPTIONS || known.is_none();
        let is_listed = |one: &Listed| known.is_some_and(|known| known.contains(&one.endpoint));
        let (mut first, rest): (Vec<_>, Vec<_>) =
            all.into_iter().map(|one| (is_listed(&one), one)).partition(|(listed, _)| *listed);
        first.extend(rest);
        first.into_iter().map(|(listed, one)| (one, listed || every)).collect()
    }

    async fn queues(&self) -> SmallMap<String, Observed<LiveQueue>> {
        let read = |arn: String| async move { (self.queue(&arn).await, arn) }.boxed();
        self.named_and_tagged("sqs", "", &self.reads.queues, read).await.collect()
    }

    async fn queue(&self, arn: &str) -> Observed<LiveQueue> {
        match observed(self.session.queue(arn).await) {
            Observed::Known(ReadQueue { queue, messages, created }) => {
                let tags = self.tags_if_ours(arn, self.session.queue_tags(arn)).await;
                let age = created.map(|second| jiff::Timestamp::now().as_second() - second);
                let age_hours = age.and_then(|age| u64::try_from(age / 3_600).ok());
                let queue = Packed::of(&queue);
                Observed::Known(LiveQueue { queue, tags, messages, age_hours })
            }
            Observed::Absent => Observed::Absent,
            Observed::Unreadable(why) => Observed::Unreadable(why),
        }
    }

    /// The requested state machines and those that carry the tag, by ARN.
    async fn machines(&self) -> BTreeMap<String, Observed<LiveMachine>> {
        if self.reads.rule_prefix.is_empty() {
            return BTreeMap::new();
        }
        let read = |arn: String| async move { (self.machine(&arn).await, arn) }.boxed();
        self.named_and_tagged("states", "stateMachine:", &self.reads.machines, read).await.collect()
    }

    async fn machine(&self, arn: &str) -> Observed<LiveMachine> {
        match observed(self.session.machine(arn).await) {
            Observed::Known((machine, status)) => {
                let tags = self.tags(arn, self.session.machine_tags(arn)).await;
                Observed::Known(LiveMachine { machine, status, tags })
            }
            Observed::Absent => Observed::Absent,
            Observed::Unreadable(why) => Observed::Unreadable(why),
        }
    }

    async fn functions(&self) -> BTreeMap<String, Observed<LiveFunction>> {
        let read = each(self.reads.functions.iter().cloned(), |arn| {
            async move { (observed(self.session.function(&arn).await), arn) }.boxed()
        });
        read.await.into_iter().map(|(found, arn)| (arn, found)).collect()
    }

    async fn tags_if_ours(
        &self,
        arn: &str,
        ask: impl Future<Output = Result<Option<Tags>, CloudError>>,
    ) -> Observed<Tags> {
        let ask = async { if self.named_as_ours(arn) { ask.await } else { Ok(None) } };
        self.tags(arn, ask).await
    }

    /// Reads the named objects at once, and those that carry the tag as soon as they are known.
    async fn named_and_tagged<'b, T>(
        &self,
        service: &str,
        resource: &str,
        named: &BTreeSet<String>,
        read: impl Fn(String) -> BoxFuture<'b, (Observed<T>, String)> + Copy,
    ) -> impl Iterator<Item = (String, Observed<T>)> {
        let unnamed = async {
            match self.unnamed(service, resource, named).await {
                Ok(arns) => {
                    let found = each(arns, read).await;
                    // The search lags, so objects that are gone are ignored.
                    found
                        .into_iter()
                        .filter(|(found, _)| !matches!(found, Observed::Absent))
                        .collect()
                }
                Err((any, error)) => vec![(Observed::Unreadable((&error).into()), any)],
            }
        };
        let (named, unnamed) = join!(each(named.iter().cloned(), read), unnamed);
        named.into_iter().chain(unnamed).map(|(found, arn)| (arn, found))
    }

    async fn trails(&self) -> Observed<SmallMap<String, LiveTrail>> {
        if !self.reads.trails {
            return Observed::Known(SmallMap::new());
        }
        let trails = match self.session.trails().await {
            Ok(trails) => trails,
            Err(error) => return Observed::Unreadable((&error).into()),
        };
        let trails = each(trails, |found| {
            async move {
                let place = &self.session.place;
                let arn = found.arn.as_str();
                let owned =
                    Arn::parse(arn).is_some_and(|arn| arn.account == place.account.as_str());
                let at_home = owned && found.home_region == place.region;
                let managed = self.reads.managed_trail.as_ref() == Some(&found.name);
                let selectors = async {
                    if at_home {
                        observed(self.session.selectors(arn).await)
                    } else {
                        Observed::Absent
                    }
                };
                let tags = async {
                    if at_home && !self.reads.blueprint.is_empty() {
                        // A trail that is no longer managed is found by the tag search alone.
                        let ask = async {
                            if managed { self.session.trail_tags(arn).await } else { Ok(None) }
                        };
                        self.tags(arn, ask).await
                    } else {
                        Observed::Absent
                    }
                };
                let (status, selectors, tags) =
                    join!(self.session.trail_status(arn), selectors, tags);
                let live = LiveTrail {
                    name: found.name,
                    home_region: found.home_region,
                    trail: found.trail,
                    insights: found.insights,
                    status: observed(status),
                    selectors,
                    tags,
                };
                (found.arn, live)
            }
            .boxed()
        });
        Observed::Known(trails.await.into_iter().collect())
    }

    async fn keys(
        &self,
        topics: &SmallMap<String, Observed<LiveTopic>>,
        queues: &SmallMap<String, Observed<LiveQueue>>,
        buses: &BTreeMap<String, Observed<LiveBus>>,
        default_bus_key: &Observed<String>,
        trails: &Observed<SmallMap<String, LiveTrail>>,
    ) -> BTreeMap<String, Observed<LiveKey>> {
        let topics = topics.values().filter_map(|topic| topic.known()?.topic.kms_key.clone());
        let queues = queues.values().filter_map(|queue| queue.known()?.queue.get().kms_key);
        let buses = buses.values().filter_map(|bus| bus.known()?.bus.kms_key.clone());
        let default = default_bus_key.known().cloned();
        let place = &self.session.place;
        let trails = trails.known().into_iter().flatten();
        let trails = trails.filter_map(|(_, trail)| trail.key_at(place).cloned());
        let named = self.reads.keys.iter().cloned();
        let keys: BTreeSet<String> =
            topics.chain(queues).chain(buses).chain(default).chain(trails).chain(named).collect();
        let read =
            each(keys, |key| async move { (observed(self.session.key(&key).await), key) }.boxed());
        read.await.into_iter().map(|(found, key)| (key, found)).collect()
    }
}

/// A confirmed or pending subscription whose attributes nobody needs.
fn not_asked(listed: &Listed) -> LiveSubscription {
    let Some(arn) = &listed.arn else { return LiveSubscription::Pending };
    let why = Unreadable {
        operation: GET_SUBSCRIPTION_ATTRIBUTES.to_owned(),
        code: "NotAsked".to_owned(),
        message: "the topic is not the blueprint's and has many subscriptions".to_owned(),
        kind: Cause::NotAsked.kind(),
        cause: Cause::NotAsked,
    };
    LiveSubscription::Confirmed { arn: arn.clone(), attributes: Observed::Unreadable(why) }
}

/// Runs a read for every item, several concurrently, and keeps their order.
async fn each<'a, I: IntoIterator, T>(
    items: I,
    read: impl Fn(I::Item) -> BoxFuture<'a, T>,
) -> Vec<T> {
    stream::iter(items.into_iter().map(read)).buffered(SIDE_BY_SIDE).collect().await
}
