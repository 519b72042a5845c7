//! Reads the state as AWS would show it, one recorded call at a time.

mod fleet;
mod messaging;

pub use fleet::organization;

use super::access::{Reader, unreadable};
use super::state::{State, StoredRule, blueprint_of};
use super::{buckets, events, given_back, trails};
use ctguard_core::resource::Tags;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::machine::machine_name;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::resource::trail::TrailStatus;
use ctguard_core::scope::{AccountId, Region};
use ctguard_core::snapshot::{AccountReads, ReadSet};
use ctguard_core::snapshot::{
    AccountSnapshot, FAILED_HOURS, LiveBucket, LiveBus, LiveRule, LiveTrail, MetricCount, Observed,
    PlaceSnapshot, RuleSignals, Unreadable,
};
use std::collections::BTreeMap;

/// The read operation that lists what carries a tag.
const BY_TAG: &str = "tag:GetResources";

/// Reads one place.
pub fn place(reader: &mut Reader<'_>, reads: &ReadSet) -> PlaceSnapshot {
    let wants_tags = !reads.blueprint.is_empty();
    let tagged = if wants_tags { reader.ask(BY_TAG) } else { Ok(()) };
    let tagged = Search { reads, answered: tagged, state: reader.state };
    let rules = rules(reader, reads, &tagged);
    let other_rules = other_rules(reader, reads, &tagged);
    let buses = fleet::buses(reader, reads, &tagged);
    let topics = messaging::topics(reader, reads, &tagged);
    let queues = messaging::queues(reader, reads, &tagged);
    let functions = messaging::functions(reader, reads);
    let machines = fleet::machines(reader, reads, &tagged);
    let default_bus_key = fleet::default_bus_key(reader, reads);
    let (on_bus, stray_rules) = when_missing(reader, reads, &rules, &buses);
    let trails = match reads.trails {
        true => seen_trails(reader, reads, &tagged),
        false => Observed::Known(SmallMap::new()),
    };
    let mut others = fleet::keys(&buses, &default_bus_key);
    let of_trails = trails.known().into_iter().flatten();
    others.extend(of_trails.filter_map(|(_, trail)| trail.key_at(reader.place).cloned()));
    others.extend(reads.keys.iter().cloned());
    let keys = messaging::keys(reader, &topics, &queues, others);
    let (signals, executions) = signals(reader, reads);
    let place = reader.place.clone();
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

/// What was counted of rules, and of state machines by their ARN.
type Signals = (SmallMap<RuleKey, Observed<RuleSignals>>, BTreeMap<String, Observed<MetricCount>>);

/// The metrics of the requested rules and state machines, in one call; a new one has none.
fn signals(reader: &mut Reader<'_>, reads: &ReadSet) -> Signals {
    if reads.signals.is_empty() && reads.executions.is_empty() {
        return Signals::default();
    }
    let asked = reader.ask("cloudwatch:GetMetricData");
    let metrics = &reader.state.region(reader.place).metrics;
    let counted = |name: &RuleKey| match &asked {
        Ok(()) => {
            let now = metrics.get(name.as_str()).copied().unwrap_or_default();
            Observed::Known(RuleSignals::counted(now.triggered, now.failed, now.failed_to_dlq))
        }
        Err(why) => Observed::Unreadable(why.clone()),
    };
    let failed = &reader.state.region(reader.place).executions_failed;
    let executions = reads.executions.iter().map(|arn| {
        let count = machine_name(arn).and_then(|name| failed.get(name)).copied();
        let count = MetricCount { count: count.unwrap_or_default(), hours: FAILED_HOURS };
        let counted = asked.clone().map_or_else(Observed::Unreadable, |()| Observed::Known(count));
        (arn.clone(), counted)
    });
    let executions = executions.collect();
    (reads.signals.iter().map(|name| (name.clone(), counted(name))).collect(), executions)
}

/// Reads what an account has outside its regions.
pub fn account(
    reader: &mut Reader<'_>,
    account: &AccountId,
    reads: &AccountReads,
) -> AccountSnapshot {
    let enabled_regions = if reads.enabled_regions {
        read(reader, "account:ListRegions", |reader| {
            let account = reader.state.accounts.get(account);
            let regions = account.map(|account| &account.global.enabled_regions);
            Observed::Known(regions.into_iter().flatten().cloned().collect())
        })
    } else {
        Observed::Absent
    };
    let wanted = reads.buckets.iter().map(|(name, _): &(String, Region)| name);
    let buckets = wanted.map(|name| (name.clone(), bucket(reader, account, name))).collect();
    let roles = reads.roles.iter();
    let roles = roles.map(|name| (name.clone(), fleet::role(reader, account, name))).collect();
    AccountSnapshot { account: account.clone(), enabled_regions, buckets, roles }
}

/// Records a call, then reads.
fn read<T>(
    reader: &mut Reader<'_>,
    operation: &str,
    look: impl FnOnce(&mut Reader<'_>) -> Observed<T>,
) -> Observed<T> {
    match reader.ask(operation) {
        Ok(()) => look(reader),
        Err(why) => Observed::Unreadable(why),
    }
}

/// The search by tag: what it answers, and what it finds.
struct Search<'a> {
    reads: &'a ReadSet,
    answered: Result<(), Unreadable>,
    state: &'a State,
}

impl Search<'_> {
    /// Whether an object is found: it carries the tag, and the search has caught up with it.
    fn finds(&self, arn: &str, tags: &Tags) -> bool {
        self.answered.is_ok() && is_tagged(self.reads, tags) && self.state.is_indexed(arn)
    }
}

/// Reads tags: those of the blueprint's own objects come from the search by tag, the others take a
/// call each.
fn tags(
    reader: &mut Reader<'_>,
    search: &Search<'_>,
    arn: &str,
    tags: &Tags,
    operation: &str,
) -> Observed<Tags> {
    if search.finds(arn, tags) {
        return Observed::Known(tags.clone());
    }
    read(reader, operation, |_| Observed::Known(tags.clone()))
}

fn rules(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
) -> Observed<SmallMap<String, LiveRule>> {
    let all = &reader.state.region(reader.place).rules;
    rules_among(reader, reads, search, None, all)
}

/// Reads the rules of one bus that have the blueprint's prefix.
fn rules_among(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
    bus: Option<&str>,
    all: &BTreeMap<String, StoredRule>,
) -> Observed<SmallMap<String, LiveRule>> {
    if reads.rule_prefix.is_empty() && !reads.every_rule {
        return Observed::Known(SmallMap::new());
    }
    read(reader, "events:ListRules", |reader| {
        let wanted = |name: &String| reads.every_rule || name.starts_with(&reads.rule_prefix);
        let ours = all.iter().filter(|(name, _)| wanted(name));
        let live = ours.map(|(name, stored)| {
            (name.clone(), live_rule(reader, search, &RuleKey::on(bus, name), stored))
        });
        Observed::Known(live.collect())
    })
}

/// Reads what belongs to a rule that was listed.
fn live_rule(
    reader: &mut Reader<'_>,
    search: &Search<'_>,
    key: &RuleKey,
    stored: &StoredRule,
) -> LiveRule {
    let targets = read(reader, "events:ListTargetsByRule", |_| {
        Observed::Known(given_back::targets(&stored.targets))
    });
    let arn = reader.place.arn("events", &format!("rule/{key}"));
    let tags = tags(reader, search, &arn, &stored.tags, "events:ListTagsForResource");
    LiveRule { rule: stored.rule.clone().into(), targets, tags }
}

/// Reads the rules of others that are asked for by name.
fn other_rules(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
) -> BTreeMap<String, Observed<LiveRule>> {
    let state = reader.state;
    let all = &state.region(reader.place).rules;
    let mut found = BTreeMap::new();
    for name in &reads.other_rules {
        let rule = read(reader, "events:ListRules", |reader| match all.get(name) {
            Some(stored) => {
                Observed::Known(live_rule(reader, search, &RuleKey::on(None, name), stored))
            }
            None => Observed::Absent,
        });
        found.insert(name.clone(), rule);
    }
    found
}

/// When a rule is missing: how full the default bus is, of all rules and of those with wildcards,
/// and whether the rule is on another one that is not read anyway.
fn when_missing(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    rules: &Observed<SmallMap<String, LiveRule>>,
    read: &BTreeMap<String, Observed<LiveBus>>,
) -> (Option<(usize, usize)>, BTreeMap<String, String>) {
    let Observed::Known(known) = rules else { return (None, BTreeMap::new()) };
    if reads.rules.iter().all(|name| known.contains_key(name)) {
        return (None, BTreeMap::new());
    }
    let regional = reader.state.region(reader.place);
    let wild = || regional.rules.values().filter(|stored| events::is_wild(&stored.rule)).count();
    let count = reader.ask("events:ListRules").is_ok().then(|| (regional.rules.len(), wild()));
    let mut stray = BTreeMap::new();
    if reader.ask("events:ListEventBuses").is_ok() {
        for (name, bus) in regional.buses.iter().filter(|(name, _)| !read.contains_key(*name)) {
            if reader.ask("events:ListRules").is_ok() {
                let ours = bus.rules.keys().filter(|rule| rule.starts_with(&reads.rule_prefix));
                stray.extend(ours.map(|rule| (rule.clone(), name.clone())));
            }
        }
    }
    (count, stray)
}

fn is_tagged(reads: &ReadSet, tags: &Tags) -> bool {
    !reads.blueprint.is_empty() && blueprint_of(tags) == Some(&reads.blueprint)
}

fn seen_trails(
    reader: &mut Reader<'_>,
    reads: &ReadSet,
    search: &Search<'_>,
) -> Observed<SmallMap<String, LiveTrail>> {
    read(reader, "cloudtrail:DescribeTrails", |reader| {
        let (state, place) = (reader.state, reader.place);
        let mut live = SmallMap::new();
        for (home, name, stored) in state.trails_seen_from(place) {
            let arn = home.arn("cloudtrail", &format!("trail/{name}"));
            let status = read(reader, "cloudtrail:GetTrailStatus", |_| {
                let told = stored.status.clone();
                let met = || trails::delivery_error(state, &home, name, &stored.trail);
                let error = told.latest_delivery_error.clone();
                let latest_delivery_error = error.or_else(|| told.logging.then(met).flatten());
                Observed::Known(TrailStatus { latest_delivery_error, ..told })
            });
            let at_home = home == *place;
            let selectors = match at_home {
                true => read(reader, "cloudtrail:GetEventSelectors", |_| {
                    Observed::Known(given_back::selectors(&stored.selectors))
                }),
                false => Observed::Absent,
            };
            let managed = at_home && reads.managed_trail.as_ref() == Some(name);
            let found = at_home && search.finds(&arn, &stored.tags);
            let tags = match managed || found {
                true => {
                    read(reader, "cloudtrail:ListTags", |_| Observed::Known(stored.tags.clone()))
                }
                false => Observed::Absent,
            };
            let trail = LiveTrail {
                name: name.clone(),
                home_region: home.region.clone(),
                trail: given_back::trail(&stored.trail, &home, |name| {
                    state.key(&home, name).map(|(arn, _)| arn)
                }),
                insights: stored.insights,
                status,
                selectors,
                tags,
            };
            live.insert(arn, trail);
        }
        Observed::Known(live)
    })
}

fn bucket(reader: &mut Reader<'_>, account: &AccountId, name: &str) -> Observed<LiveBucket> {
    let found = match buckets::find(reader.state, account, name) {
        Ok(found) => found,
        Err(refusal) => {
            reader.note("s3:ListBucket", false);
            return Observed::Unreadable(unreadable("s3:ListBucket", &refusal));
        }
    };
    read(reader, "s3:ListBucket", |reader| {
        let Some(stored) = found else {
            return Observed::Absent;
        };
        for operation in [
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetLifecycleConfiguration",
        ] {
            if let Err(why) = reader.ask(operation) {
                return Observed::Unreadable(why);
            }
        }
        let tags = read(reader, "s3:GetBucketTagging", |_| Observed::Known(stored.tags.clone()));
        let bare = stored.tags.is_empty() && stored.bucket.policy.is_none();
        let empty = bare.then_some(stored.objects == 0);
        let (region, bucket) = (stored.region.clone(), given_back::bucket(&stored.bucket));
        Observed::Known(LiveBucket { region, bucket, tags, empty })
    })
}

#[cfg(test)]
mod tests;
