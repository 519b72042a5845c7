//! What was observed in the live accounts, as plain data that can be saved and compared.
//!
//! Every part is [`Observed`]: known, absent, or unreadable with the reason. What could not be
//! read is never taken for absent, and never for "in sync".
//!
//! [`mod@file`] is the form in which a survey is saved, and [`answer`] what such a file says when it is asked
//! again, perhaps for something else than it was made for.

pub mod answer;
pub mod file;
mod packed;
mod reads;

pub use crate::cause::CloudErrorKind;
pub use packed::Packed;
pub use reads::{AccountReads, OrganizationReads, ReadSet};

use crate::cause::Cause;
use crate::cause::refused::naming;
use crate::cause::remedy::Failed;
use crate::resource::bucket::Bucket;
use crate::resource::bus::Bus;
use crate::resource::keys::RuleKey;
use crate::resource::kms;
use crate::resource::machine::{Machine, MachineStatus};
use crate::resource::queue::Queue;
use crate::resource::role::Role;
use crate::resource::rule::{Rule, Targets};
use crate::resource::small_map::SmallMap;
use crate::resource::topic::{Endpoint, SubscriptionAttributes, Topic};
use crate::resource::trail::{Selectors, Trail, TrailStatus};
use crate::resource::{Tags, owned_by};
use crate::scope::{AccountId, Place, Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What was observed of every place and account in scope.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    pub accounts: BTreeMap<AccountId, AccountSnapshot>,
    pub places: BTreeMap<Place, PlaceSnapshot>,
}

/// One observed part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Observed<T> {
    /// What was seen.
    Known(T),
    /// It does not exist.
    Absent,
    /// The call that failed, and why.
    Unreadable(Unreadable),
}

impl<T> Observed<T> {
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    pub fn unreadable(&self) -> Option<&Unreadable> {
        match self {
            Self::Unreadable(why) => Some(why),
            _ => None,
        }
    }

    pub fn as_ref(&self) -> Observed<&T> {
        match self {
            Self::Known(value) => Observed::Known(value),
            Self::Absent => Observed::Absent,
            Self::Unreadable(why) => Observed::Unreadable(why.clone()),
        }
    }
}

impl<T> Observed<T> {
    /// A part that older snapshots do not hold.
    fn not_read_then() -> Self {
        Self::Unreadable(Unreadable::not_recorded("the snapshot is from before this was read"))
    }
}

impl Observed<Tags> {
    /// Whether the tags were read and name this blueprint as the owner.
    pub fn name_owner(&self, blueprint: &str) -> bool {
        self.known().is_some_and(|tags| owned_by(tags, blueprint))
    }
}

/// Why a part could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unreadable {
    /// The AWS operation, such as `events:ListRules`.
    pub operation: String,
    /// AWS's error code, or `Timeout`, `Dispatch` and the like.
    pub code: String,
    /// For people to read: nothing is decided by it.
    pub message: String,
    /// What the failure means. It is left out of JSON where access was denied; files from before it was kept
    /// leave it out, too, and are read as they always were: as if somebody had to allow the call.
    #[serde(default, skip_serializing_if = "CloudErrorKind::is_access_denied")]
    pub kind: CloudErrorKind,
    /// Why it failed; absent in files from before it was kept.
    #[serde(default, skip_serializing_if = "is_unstated")]
    pub cause: Cause,
}

/// The code of what a snapshot file does not hold.
pub const NOT_RECORDED: &str = "NotRecorded";

impl Unreadable {
    /// Says of something that a snapshot file does not hold it.
    pub fn not_recorded(message: impl Into<String>) -> Self {
        Self {
            operation: "ctguard snapshot".to_owned(),
            code: NOT_RECORDED.to_owned(),
            message: message.into(),
            kind: CloudErrorKind::Refused,
            cause: Cause::NotRecorded,
        }
    }

    /// Why it could not be read. Of a file from before causes were kept, it follows from the rest.
    pub fn cause(&self) -> Cause {
        match self.cause {
            Cause::Unstated => Cause::kept(&self.operation, &self.code, &self.message, self.kind),
            cause => cause,
        }
    }

    /// What would make it readable, where the place of the call does not matter.
    pub fn remedy(&self) -> String {
        naming(self.cause().remedy(Failed::call(&self.operation)), &self.message)
    }

    /// What would make it readable in a place.
    pub fn remedy_at(&self, place: &Place) -> String {
        naming(self.cause().remedy(Failed::at(&self.operation, place)), &self.message)
    }
}

fn is_unstated(cause: &Cause) -> bool {
    *cause == Cause::Unstated
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {} ({})", self.operation, self.code, self.message)
    }
}

/// Whose credentials are in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub account: AccountId,
    pub arn: String,
}

/// The organization that the caller's account belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Such as `o-a1b2c3d4e5`.
    pub id: String,
    pub management: AccountId,
    /// The accounts that were asked for, suspended ones included, in the order of their ids.
    pub members: BTreeMap<AccountId, Member>,
    /// The path of each organizational unit that was asked for, as `aws:PrincipalOrgPaths` has it:
    /// `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unit_paths: BTreeMap<String, String>,
}

/// An account of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub name: String,
    /// Whether it can be used: neither suspended nor being closed.
    pub active: bool,
}

/// What is seen in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceSnapshot {
    pub place: Place,
    /// Rules of the default bus whose names have the blueprint's prefix, by name; all of them where
    /// every rule is asked for.
    pub rules: Observed<SmallMap<String, LiveRule>>,
    /// Rules of others on the default bus that were asked for, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_rules: BTreeMap<String, Observed<LiveRule>>,
    /// Custom buses that are asked for or carry the blueprint's tag, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub buses: BTreeMap<String, Observed<LiveBus>>,
    /// The customer-managed key of the default bus, by the id, ARN or alias that it names; `Absent`
    /// where AWS's own encrypts it, or nobody asked.
    #[serde(default = "Observed::not_read_then")]
    pub default_bus_key: Observed<String>,
    /// How many rules the default bus has, those of others included; read with the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_on_bus: Option<usize>,
    /// How many of them have a wildcard in their pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wildcard_rules_on_bus: Option<usize>,
    /// Rules with the blueprint's prefix on custom buses that are not read, with the bus's name. Looked for only when a
    /// rule that should be on the default bus is not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stray_rules: BTreeMap<String, String>,
    /// Topics that the blueprint names or owns, by ARN.
    pub topics: SmallMap<String, Observed<LiveTopic>>,
    /// Queues that the blueprint names or owns, and queues that subscribe, by ARN.
    pub queues: SmallMap<String, Observed<LiveQueue>>,
    /// Functions that subscribe, by the ARN that does, version or alias included. `Absent` is one that
    /// does not exist or has no policy: the call that reads the policy says the same of both, and neither
    /// lets anybody in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, Observed<LiveFunction>>,
    /// State machines that the blueprint names or owns, by ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub machines: BTreeMap<String, Observed<LiveMachine>>,
    /// Trails seen from this place, shadow trails included, by ARN.
    pub trails: Observed<SmallMap<String, LiveTrail>>,
    /// Keys that topics, buses and subscribed queues in this place are encrypted with, under the id, ARN or
    /// alias that they name, and keys that the blueprint names for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Observed<LiveKey>>,
    /// What was counted of the rules that were asked for, by name. A rule of which nothing was counted is
    /// known to have counted nothing: AWS leaves a metric out while it is zero.
    #[serde(default, skip_serializing_if = "SmallMap::is_empty")]
    pub signals: SmallMap<RuleKey, Observed<RuleSignals>>,
    /// What was counted of the state machines that were asked for, by ARN, as with rules.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub executions: BTreeMap<String, Observed<MetricCount>>,
}

/// What is seen in one account, outside its regions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSnapshot {
    pub account: AccountId,
    /// The regions that are enabled; read only when the blueprint asks for `regions: enabled`, or an
    /// organization's trail is at home in a region that must be opted in to.
    pub enabled_regions: Observed<Vec<Region>>,
    /// Buckets of the trails that the blueprint manages, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub buckets: BTreeMap<String, Observed<LiveBucket>>,
    /// Roles that were asked for, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Observed<LiveRole>>,
}

/// A custom bus with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveBus {
    pub bus: Bus,
    pub tags: Observed<Tags>,
    /// Its rules whose names have the blueprint's prefix, by name without the bus.
    pub rules: Observed<SmallMap<String, LiveRule>>,
    /// Its other rules, without their tags; targets are read of those that are on.
    #[serde(default = "Observed::not_read_then")]
    pub others: Observed<BTreeMap<String, LiveRule>>,
}

/// A role with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRole {
    pub role: Role,
    pub tags: Observed<Tags>,
    /// The policies that are attached to it, by ARN, with their documents.
    #[serde(default = "Observed::not_read_then")]
    pub attached: Observed<BTreeMap<String, Observed<Value>>>,
    /// The document of its permissions boundary; `Absent` without one.
    #[serde(default = "Observed::not_read_then")]
    pub boundary: Observed<Value>,
}

impl AccountSnapshot {
    /// Whether nothing that was asked for failed to be read.
    pub fn is_readable(&self) -> bool {
        self.enabled_regions.unreadable().is_none()
            && self.buckets.values().all(|bucket| bucket.unreadable().is_none())
            && self.roles.values().all(|role| role.unreadable().is_none())
    }
}

impl PlaceSnapshot {
    /// Whether nothing that was asked for failed to be read.
    pub fn is_readable(&self) -> bool {
        self.rules.unreadable().is_none()
            && self.other_rules.values().all(|rule| rule.unreadable().is_none())
            && self.trails.unreadable().is_none()
            && self.default_bus_key.unreadable().is_none()
            && self.buses.values().all(|bus| bus.unreadable().is_none())
            && self.topics.values().all(|topic| topic.unreadable().is_none())
            && self.queues.values().all(|queue| queue.unreadable().is_none())
            && self.machines.values().all(|machine| machine.unreadable().is_none())
            && self.signals.values().all(|counted| counted.unreadable().is_none())
            && self.executions.values().all(|counted| counted.unreadable().is_none())
    }

    /// The rules of the default bus, or of a custom one.
    pub fn rules_of(&self, bus: Option<&str>) -> Observed<&SmallMap<String, LiveRule>> {
        let Some(bus) = bus else { return self.rules.as_ref() };
        match self.buses.get(bus) {
            Some(Observed::Known(bus)) => bus.rules.as_ref(),
            Some(Observed::Unreadable(why)) => Observed::Unreadable(why.clone()),
            Some(Observed::Absent) | None => Observed::Absent,
        }
    }

    /// A rule by its key, one of others that was asked for included. `None` when it is not there, or
    /// its bus cannot be read.
    pub fn rule(&self, key: &RuleKey) -> Option<&LiveRule> {
        let found = match self.rules_of(key.bus()) {
            Observed::Known(rules) => rules.get(key.name()),
            _ => None,
        };
        let of_others = || self.other_rules.get(key.name()).and_then(Observed::known);
        found.or_else(|| if key.bus().is_none() { of_others() } else { None })
    }
}

/// What was counted of a rule on the default bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleSignals {
    /// How often it fired.
    pub fired: MetricCount,
    /// How often a target refused what it sent, for good.
    pub failed: MetricCount,
    /// How often what a target refused could not be put into the target's dead-letter queue.
    pub lost: MetricCount,
}

/// A number, and how far back from the reading it was counted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct MetricCount {
    /// The number.
    pub count: u64,
    /// How many hours back it was counted.
    pub hours: u32,
}

/// How far back a rule's failures are counted: what is older was there to be seen yesterday.
pub const FAILED_HOURS: u32 = 24;

/// How far back it is asked whether a rule has fired.
pub const FIRED_HOURS: u32 = 30 * 24;

impl RuleSignals {
    /// These numbers, counted over the usual hours.
    pub fn counted(fired: u64, failed: u64, lost: u64) -> Self {
        Self {
            fired: MetricCount { count: fired, hours: FIRED_HOURS },
            failed: MetricCount { count: failed, hours: FAILED_HOURS },
            lost: MetricCount { count: lost, hours: FAILED_HOURS },
        }
    }
}

impl MetricCount {
    /// The span, as people say it: `24 hours`, `30 days`.
    pub fn span(self) -> String {
        match (self.hours / 24, self.hours % 24) {
            (days @ 2.., 0) => format!("{days} days"),
            _ => format!("{} hours", self.hours),
        }
    }
}

/// A rule with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRule {
    /// The same in thousands of places, where it is kept once.
    pub rule: Arc<Rule>,
    pub targets: Observed<Targets>,
    pub tags: Observed<Tags>,
}

/// A topic with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveTopic {
    pub topic: Topic,
    pub subscriptions: Observed<BTreeMap<Endpoint, LiveSubscription>>,
    /// Not read for topics that the blueprint names by ARN: `Absent` there.
    pub tags: Observed<Tags>,
}

/// A subscription as its topic lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveSubscription {
    /// Listed as `PendingConfirmation`: it has no ARN, so its attributes cannot be read,
    /// and AWS deletes it 48 hours after it was asked for.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html>
    Pending,
    Confirmed {
        arn: String,
        attributes: Observed<SubscriptionAttributes>,
    },
}

/// A queue with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveQueue {
    pub queue: Packed<Queue>,
    /// Not read for queues that only subscribe: `Absent` there.
    pub tags: Observed<Tags>,
    /// `ApproximateNumberOfMessages`.
    #[serde(default)]
    pub messages: u64,
    /// For how many whole hours it had been there when it was read (`CreatedTimestamp`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_hours: Option<u64>,
}

/// A state machine with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveMachine {
    pub machine: Machine,
    #[serde(default)]
    pub status: MachineStatus,
    pub tags: Observed<Tags>,
}

impl LiveMachine {
    /// Whether it takes executions.
    pub fn is_active(&self) -> bool {
        self.status == MachineStatus::Active
    }
}

/// A function, version or alias, as far as it decides who may call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveFunction {
    /// Its own policy; those of the function's other versions and aliases do not count.
    pub policy: Value,
}

/// A trail as seen from one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveTrail {
    pub name: String,
    pub home_region: Region,
    pub trail: Trail,
    /// Whether it has selectors for Insights.
    #[serde(default)]
    pub insights: bool,
    pub status: Observed<TrailStatus>,
    /// Read in the trail's home region only: `Absent` elsewhere.
    pub selectors: Observed<Selectors>,
    /// Read in the trail's home region only, for the trail that the blueprint manages and for those
    /// that a search for the ownership tag finds: `Absent` elsewhere.
    pub tags: Observed<Tags>,
}

impl LiveTrail {
    /// The key of its log files, where it is to be read in a place: at home, and a key of that
    /// account and region. The policy of another account's is never given.
    ///
    /// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>
    pub fn key_at(&self, place: &Place) -> Option<&String> {
        let name = self.trail.kms_key.as_ref().filter(|_| self.home_region == place.region)?;
        kms::is_in(name, place).then_some(name)
    }
}

/// A KMS key as far as it decides about alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveKey {
    pub arn: String,
    pub enabled: bool,
    /// Made by AWS for a service: its policy cannot be changed.
    pub aws_managed: bool,
    /// Not a symmetric key for encryption: AWS makes no data keys by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asymmetric: bool,
    pub policy: Observed<Value>,
}

/// A bucket with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveBucket {
    pub region: Region,
    pub bucket: Bucket,
    pub tags: Observed<Tags>,
    /// Whether it holds no object; only asked of a bucket without tags and policy, which may be
    /// one that ctguard was stopped in the middle of creating.
    #[serde(default)]
    pub empty: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_part_keeps_its_kind_and_reads_without_one() {
        let old = r#"{"operation":"events:ListRules","code":"AccessDenied","message":"no"}"#;
        let read: Unreadable = serde_json::from_str(old).expect("a part without a kind");
        assert_eq!(read.kind, CloudErrorKind::AccessDenied);
        assert_eq!(serde_json::to_string(&read).expect("JSON"), old);
        let busy = Unreadable { kind: CloudErrorKind::Transient, ..read };
        let text = serde_json::to_string(&busy).expect("JSON");
        assert!(text.ends_with(r#""kind":"transient"}"#), "{text}");
        assert_eq!(serde_json::from_str::<Unreadable>(&text).expect("the same"), busy);
    }

    #[test]
    fn a_span_is_said_as_people_say_it() {
        for (hours, said) in [(24, "24 hours"), (36, "36 hours"), (48, "2 days"), (720, "30 days")]
        {
            assert_eq!(MetricCount { count: 0, hours }.span(), said);
        }
    }
}
