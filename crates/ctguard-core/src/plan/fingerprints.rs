//! Hashes of the live objects: from them, applying a saved plan detects what has changed since.
//!
//! An object is hashed as canonical JSON: keys sorted, lists of words sorted, and without what
//! changes by itself and decides nothing (messages in a queue, delivery errors of a trail, the
//! number of rules on a foreign bus). Short hashes of the fields tell which of them changed.

use crate::digest::sha256;
use crate::resource::machine::machine_name;
use crate::resource::small_map::SmallMap;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::Live;
use crate::snapshot::{
    AccountSnapshot, LiveBucket, LiveBus, LiveRole, LiveRule, LiveTopic, LiveTrail, Observed,
    PlaceSnapshot, Unreadable,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Number of hexadecimal digits of a field's hash: enough to name the field. The whole object's
/// hash decides whether anything changed.
const FIELD_DIGITS: usize = 8;

/// What was read in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceFingerprints {
    /// The account that was read.
    pub account: AccountId,
    /// `global` for buckets and roles, which are in no region.
    pub region: Region,
    /// By kind and name, such as `rule ctguard-acme-route`. Objects that were looked for and do not
    /// exist are included.
    pub objects: BTreeMap<String, Fingerprint>,
}

/// One object as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// Of the whole object, in hexadecimal.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub sha256: String,
    /// The beginning of the same for each field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// An object that has changed since the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Moved {
    /// The account of the object.
    pub account: AccountId,
    /// Its region, or `global`.
    pub region: Region,
    /// By kind and name.
    pub object: String,
    /// What has become of it.
    pub how: How,
}

/// What has become of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    Appeared,
    Gone,
    /// With the fields that changed, where known.
    Changed(BTreeSet<String>),
}

/// Hashes everything that was read, in the order of addresses.
pub fn of(live: &Live) -> Vec<PlaceFingerprints> {
    let mut all: BTreeMap<(AccountId, Region), BTreeMap<String, Fingerprint>> = BTreeMap::new();
    for (account, seen) in &live.accounts {
        let mut objects = Objects::default();
        objects.account(seen);
        all.insert((account.clone(), Region::global()), objects.0);
    }
    for (place, seen) in &live.places {
        let mut objects = Objects::default();
        objects.place(place, seen);
        all.insert((place.account.clone(), place.region.clone()), objects.0);
    }
    all.into_iter()
        .map(|((account, region), objects)| PlaceFingerprints { account, region, objects })
        .collect()
}

/// Everything that differs between two readings, in the order of addresses.
pub fn moved(then: &[PlaceFingerprints], now: &[PlaceFingerprints]) -> Vec<Moved> {
    let nothing = BTreeMap::new();
    let (before, after) = (by_place(then), by_place(now));
    let places: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let mut moved = Vec::new();
    for place in places {
        let one = before.get(&place).copied().unwrap_or(&nothing);
        let other = after.get(&place).copied().unwrap_or(&nothing);
        let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for name in names {
            let how = match (one.get(name), other.get(name)) {
                (Some(one), Some(other)) if one.sha256 == other.sha256 => continue,
                (Some(one), Some(other)) => how(one, other),
                (None, _) => How::Appeared,
                (_, None) => How::Gone,
            };
            let (account, region) = (place.0.clone(), place.1.clone());
            moved.push(Moved { account, region, object: name.clone(), how });
        }
    }
    moved
}

type ByPlace<'a> = BTreeMap<(&'a AccountId, &'a Region), &'a BTreeMap<String, Fingerprint>>;

fn by_place(all: &[PlaceFingerprints]) -> ByPlace<'_> {
    all.iter().map(|one| ((&one.account, &one.region), &one.objects)).collect()
}

fn how(one: &Fingerprint, other: &Fingerprint) -> How {
    let absent = fingerprint(&absent()).sha256;
    if one.sha256 == absent {
        return How::Appeared;
    }
    if other.sha256 == absent {
        return How::Gone;
    }
    let fields: BTreeSet<&String> = one.fields.keys().chain(other.fields.keys()).collect();
    let differing =
        fields.into_iter().filter(|field| one.fields.get(*field) != other.fields.get(*field));
    How::Changed(differing.cloned().collect())
}

/// The hashes of the objects of one place or account.
#[derive(Default)]
struct Objects(BTreeMap<String, Fingerprint>);

impl Objects {
    fn account(&mut self, seen: &AccountSnapshot) {
        // Every part is named here, so that a new one cannot be forgotten.
        let AccountSnapshot { account: _, enabled_regions, buckets, roles } = seen;
        if !matches!(enabled_regions, Observed::Absent) {
            self.observed("enabled regions", enabled_regions.as_ref(), |regions| json!(regions));
        }
        for (name, bucket) in buckets {
            self.observed(&format!("bucket {name}"), bucket.as_ref(), bucket_value);
        }
        for (name, role) in roles {
            self.observed(&format!("role {name}"), role.as_ref(), role_value);
        }
    }

    fn place(&mut self, place: &Place, seen: &PlaceSnapshot) {
        let PlaceSnapshot {
            place: _,
            rules,
            other_rules,
            buses,
            default_bus_key,
            // Rules of others, which come and go.
            rules_on_bus: _,
            wildcard_rules_on_bus: _,
            stray_rules,
            topics,
            queues,
            functions,
            machines,
            trails,
            keys,
            // A plan does not read metrics.
            signals: _,
            executions: _,
        } = seen;
        self.rules("", rules);
        for (name, rule) in other_rules {
            self.observed(&format!("rule {name}"), rule.as_ref(), rule_value);
        }
        if !matches!(default_bus_key, Observed::Absent) {
            self.observed("key of the default bus", default_bus_key.as_ref(), |key| json!(key));
        }
        for (name, bus) in buses {
            self.observed(&format!("bus {name}"), bus.as_ref(), bus_value);
            if let Observed::Known(bus) = bus {
                self.rules(&format!("{name}/"), &bus.rules);
            }
        }
        for (rule, bus) in stray_rules {
            self.add(format!("rule {bus}/{rule}, which is not read"), &json!({}));
        }
        for (arn, topic) in topics {
            self.observed(&named("topic", place, arn), topic.as_ref(), topic_value);
        }
        for (arn, queue) in queues {
            self.observed(&named("queue", place, arn), queue.as_ref(), |queue| {
                with(fields_of(&queue.queue), &[("tags", tags(&queue.tags))])
            });
        }
        for (arn, machine) in machines {
            let name = machine_name(arn).unwrap_or(arn);
            self.observed(&format!("machine {name}"), machine.as_ref(), |one| {
                let more = [("status", json!(one.status)), ("tags", tags(&one.tags))];
                with(fields_of(&one.machine), &more)
            });
        }
        for (arn, function) in functions {
            self.observed(&format!("function {arn}"), function.as_ref(), |one| {
                Value::Object(fields_of(one))
            });
        }
        for (name, key) in keys {
            self.observed(&format!("key {name}"), key.as_ref(), |key| {
                let policy = observed(key.policy.as_ref(), Clone::clone);
                let (arn, enabled, aws_managed) = (&key.arn, key.enabled, key.aws_managed);
                let mut said = json!({ "arn": arn, "enabled": enabled, "aws_managed": aws_managed, "policy": policy });
                if key.asymmetric {
                    said["asymmetric"] = Value::Bool(true);
                }
                said
            });
        }
        match trails {
            Observed::Known(trails) => {
                for (arn, trail) in trails {
                    self.trail(arn, trail);
                }
            }
            other => self.observed("trails", other.as_ref(), |_| Value::Null),
        }
    }

    fn rules(&mut self, bus: &str, rules: &Observed<SmallMap<String, LiveRule>>) {
        match rules {
            Observed::Known(rules) => {
                for (name, rule) in rules {
                    self.add(format!("rule {bus}{name}"), &rule_value(rule));
                }
            }
            other => self.observed(&format!("rules of {bus}"), other.as_ref(), |_| Value::Null),
        }
    }

    /// The tags of a trail are hashed separately: a part of a fleet that only reads the trail does
    /// not read them.
    fn trail(&mut self, arn: &str, trail: &LiveTrail) {
        let logging = observed(trail.status.as_ref(), |status| json!(status.logging));
        let selectors = observed(trail.selectors.as_ref(), |selectors| json!(selectors));
        let more = [
            ("name", json!(trail.name)),
            ("home_region", json!(trail.home_region)),
            ("logging", logging),
            ("insights", json!(trail.insights)),
            ("selectors", selectors),
        ];
        self.add(format!("trail {arn}"), &with(fields_of(&trail.trail), &more));
        if !matches!(trail.tags, Observed::Absent) {
            self.add(format!("tags of trail {arn}"), &json!({ "tags": tags(&trail.tags) }));
        }
    }

    fn observed<T>(&mut self, name: &str, seen: Observed<&T>, value: impl Fn(&T) -> Value) {
        self.add(name.to_owned(), &observed(seen, value));
    }

    fn add(&mut self, name: String, value: &Value) {
        self.0.insert(name, fingerprint(value));
    }
}

/// A topic or queue of this place by its name, any other by its ARN.
fn named(kind: &str, place: &Place, arn: &str) -> String {
    let service = if kind == "topic" { "sns" } else { "sqs" };
    match arn.strip_prefix(&place.arn(service, "")) {
        Some(name) => format!("{kind} {name}"),
        None => format!("{kind} {arn}"),
    }
}

fn rule_value(rule: &LiveRule) -> Value {
    let targets = observed(rule.targets.as_ref(), |targets| json!(targets));
    with(fields_of(&*rule.rule), &[("targets", targets), ("tags", tags(&rule.tags))])
}

fn bus_value(bus: &LiveBus) -> Value {
    with(fields_of(&bus.bus), &[("tags", tags(&bus.tags))])
}

fn role_value(role: &LiveRole) -> Value {
    let documents = |all: &BTreeMap<String, Observed<Value>>| {
        let one = |(arn, seen): (&String, &Observed<Value>)| {
            (arn.clone(), observed(seen.as_ref(), Value::clone))
        };
        Value::Object(all.iter().map(one).collect())
    };
    let more = [
        ("tags", tags(&role.tags)),
        ("attached", observed(role.attached.as_ref(), documents)),
        ("boundary", observed(role.boundary.as_ref(), Value::clone)),
    ];
    with(fields_of(&role.role), &more)
}

fn topic_value(topic: &LiveTopic) -> Value {
    let subscriptions = observed(topic.subscriptions.as_ref(), |all| json!(all));
    with(fields_of(&topic.topic), &[("subscriptions", subscriptions), ("tags", tags(&topic.tags))])
}

fn bucket_value(bucket: &LiveBucket) -> Value {
    let more = [
        ("region", json!(bucket.region)),
        ("empty", json!(bucket.empty)),
        ("tags", tags(&bucket.tags)),
    ];
    with(fields_of(&bucket.bucket), &more)
}

fn tags(tags: &Observed<crate::resource::Tags>) -> Value {
    observed(tags.as_ref(), |tags| json!(tags))
}

fn fields_of(settings: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        Ok(other) => Map::from_iter([("value".to_owned(), other)]),
        Err(_) => Map::new(),
    }
}

fn with(mut fields: Map<String, Value>, more: &[(&str, Value)]) -> Value {
    for (name, value) in more {
        fields.insert((*name).to_owned(), value.clone());
    }
    Value::Object(fields)
}

fn absent() -> Value {
    json!("absent")
}

/// The observed value; if it could not be read, the call and AWS's error code, since messages
/// contain request ids.
fn observed<T>(seen: Observed<&T>, value: impl Fn(&T) -> Value) -> Value {
    match seen {
        Observed::Known(seen) => value(seen),
        Observed::Absent => absent(),
        Observed::Unreadable(Unreadable { operation, code, .. }) => {
            json!({ "unreadable": [operation, code] })
        }
    }
}

fn fingerprint(value: &Value) -> Fingerprint {
    let mut fields = BTreeMap::new();
    if let Value::Object(members) = value {
        for (name, member) in members {
            let mut digest = sha256(member);
            digest.truncate(FIELD_DIGITS);
            fields.insert(name.clone(), digest);
        }
    }
    Fingerprint { sha256: sha256(value), fields }
}
