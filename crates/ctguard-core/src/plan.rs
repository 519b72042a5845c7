//! The plan: the ordered changes that take the live accounts to what is desired, as plain data.
//!
//! A plan can be printed, compared and saved. It holds no time and no trace of how accounts were
//! read: the same blueprint and the same accounts give the same bytes.

pub mod defer;
pub mod diff;
mod draft;
mod effects;
mod fields;
pub mod file;
pub mod fingerprints;
mod given_up;
mod guards;
mod handover;
mod healing;
mod kinds;
mod merge;
pub mod order;
mod outlook;
mod raising;
mod reach;
mod references;
mod seal;
mod undecided;
mod unfinished;

pub use defer::Stage;
pub use diff::diff;
pub use file::{Resolved, SavedPlan};
pub use fingerprints::{Fingerprint, PlaceFingerprints};
pub use merge::merge;
pub use undecided::Undecided;

use crate::action::Action;
use crate::blueprint::Risk;
use crate::blueprint::heal::RULES_ID;
use crate::codes;
use crate::codes::Code;
use crate::desired::Intent;
use crate::desired::narrow::Narrow;
use crate::digest;
use crate::resource::keys::RuleKey;
use crate::resource::{Address, Kind};
use crate::scope::Granularity;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::Unreadable;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The version of a plan's JSON form.
pub const FORMAT_VERSION: u32 = 1;

/// Everything a reviewer needs to know before an apply, and everything an apply does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The version of this format; the first key of every plan.
    #[schemars(extend("const" = FORMAT_VERSION))]
    pub ctguard_plan: u32,
    /// The blueprint that it was made from.
    pub blueprint: PlannedFrom,
    /// The date that exceptions were judged by, ISO 8601.
    #[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub as_of: Date,
    /// The places that it covers.
    pub scope: PlanScope,
    /// The intent beyond the blueprint, such as destroying; absent when there is none.
    #[serde(default, skip_serializing_if = "Intent::is_usual")]
    pub intent: Intent,
    /// Per alert, how many places change between silent and alerting.
    pub effects: Vec<Effect>,
    /// The differences that an apply makes good, in the order in which it does.
    pub changes: Vec<Change>,
    /// What waits for a person.
    pub waiting: Vec<Waiting>,
    /// What an apply leaves alone, because it is not this blueprint's or AWS would refuse it.
    pub refusals: Vec<Refusal>,
    /// What could not be read, so that nothing is planned for it.
    pub unknown: Vec<Unknown>,
    /// Warnings that need no change, such as a missing trail.
    pub warnings: Vec<Warning>,
    /// Guards: what stops an apply until the user allows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
    /// How many objects are as they should be.
    pub in_sync: usize,
    /// How many objects could not be read and are assumed to be as they should, topics of other
    /// accounts among them; absent for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub assumed: usize,
    /// What differs in places that this plan only reads, since its alerts depend on them: a plan that
    /// covers them changes it, and `effects` count it as done. Absent for nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
    /// What only all parts of the fleet together decide; only in the plan of a part.
    #[serde(default, skip_serializing_if = "Undecided::is_empty")]
    pub undecided: Undecided,
    /// Fingerprints of the live objects, so that an apply detects what has changed since. Only in a
    /// saved plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingerprints: Vec<PlaceFingerprints>,
    /// The digest over all of it, so that a file that was edited is told from the one that was saved. Only
    /// in a saved plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub sha256: Option<String>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The blueprint that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedFrom {
    /// The name of the blueprint.
    pub name: String,
    /// The SHA-256 of `resolved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub digest: Option<String>,
    /// The texts it can be read from again. Only in a saved plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
}

/// The places that the plan covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanScope {
    /// The accounts that it covers.
    pub accounts: Vec<AccountId>,
    /// The names of the accounts, where known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<AccountId, String>,
    /// The regions that it covers in any of the accounts.
    pub regions: Vec<Region>,
    /// Regions left out by an exception of the blueprint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excepted: Vec<Region>,
    /// Which part of the fleet's accounts it is, such as `3/8`; absent when it is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The accounts and regions that it was narrowed to; empty when it was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_accounts: Vec<AccountId>,
    /// The regions that it was narrowed to; empty when it was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_regions: Vec<Region>,
    /// The account of the credentials that it was made with. Only in a saved plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<AccountId>,
    /// The hash of the rest but the caller, so that a scope that was edited is not shown. Only in a
    /// saved plan and a drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl PlanScope {
    /// Says what it was narrowed to.
    pub fn narrowed_to(&mut self, narrow: &Narrow) {
        self.shard = narrow.shard.map(|shard| shard.to_string());
        self.only_accounts = narrow.accounts.iter().cloned().collect();
        self.only_regions = narrow.regions.iter().cloned().collect();
    }

    /// The hash of what is covered.
    pub fn hash(&self) -> String {
        let bare = Self { sha256: None, caller: None, ..self.clone() };
        digest::sha256(&serde_json::json!(bare))
    }
}

/// How much differs in a place that a plan does not cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Elsewhere {
    /// The place, such as the hub.
    pub place: Place,
    /// How many objects differ there.
    pub changes: usize,
}

/// What a plan means for one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// The alert's id.
    pub alert: String,
    /// The alert's risk; of one that the blueprint no longer has, what its live rules say, and null
    /// where they do not.
    pub risk: Option<Risk>,
    /// Places in which the alert's events can land; of one that the blueprint no longer has, those
    /// whose events its live rules take.
    pub places: usize,
    /// Places in which it reaches everybody listed now.
    pub alerting_now: usize,
    /// Places in which it does once the plan is applied, without confirmations.
    pub alerting_after: usize,
    /// Places in which it does once people have confirmed as well.
    pub alerting_confirmed: usize,
    /// Places in which somebody listed hears of it now, and not everybody; absent for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub partly_now: usize,
    /// The same once the plan is applied, without confirmations.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub partly_after: usize,
    /// The same once people have confirmed as well.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub partly_confirmed: usize,
    /// Places in which it is not known whether it reaches everybody now, and nobody is known to hear,
    /// since a part could not be read; absent for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub unknown_now: usize,
    /// The same once everything is done: an apply does not make it known.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub unknown_after: usize,
    /// Places among `alerting_now` in which a part is only assumed; absent for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub assumed_now: usize,
    /// The plan removes rules of this alert, which the blueprint no longer has.
    pub removed: bool,
    /// Places in which it reaches somebody now and the blueprint no longer watches it; absent for
    /// none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub dropped: usize,
    /// Places among the dropped ones in which other alerts of the blueprint name all its events;
    /// absent for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub dropped_to_others: usize,
}

/// One difference of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The resource that differs.
    pub address: Address,
    /// What happens to it.
    pub action: Verb,
    /// Why, in a few words.
    pub reason: String,
    /// The alert that a rule or target belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// What differs in it; of what is created or deleted, all that is worth saying.
    pub fields: Vec<Field>,
    /// Where its calls are made; differs from the address for what has no region.
    pub place: Place,
    /// The AWS calls, in order.
    pub calls: Vec<Action>,
    /// The changes that must be done before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Address>,
    /// The step, if the change is made in two steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
}

impl Change {
    /// Whether it takes the target away by which rules are put back: from then on nothing does.
    pub(crate) fn ends_healing_of_rules(&self) -> bool {
        let of_healing = |rule: &RuleKey| rule.name().contains(&format!("-{RULES_ID}"));
        self.action == Verb::Delete
            && self.address.kind == Kind::Target
            && self.address.rule().is_some_and(|rule| of_healing(&rule))
    }
}

/// A step of a handover of events from one rule to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema)]
pub enum Step {
    /// The calls leave the rule with the union of old and new; the last step follows.
    First,
    /// Made after settling, once the other rule is proven to carry the events.
    Last,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema)]
pub enum Verb {
    Create,
    Update,
    Adopt,
    Delete,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// The field, by AWS's name.
    pub path: String,
    /// Absent when the field was not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Absent when the field is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Something that only a person can do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Waiting {
    /// The object that waits.
    pub address: Address,
    /// What it waits for.
    pub what: WaitingFor,
    /// Who, and what they do, in one sentence.
    pub message: String,
}

/// Why something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(JsonSchema)]
pub enum WaitingFor {
    /// A subscriber has not confirmed.
    Confirmation,
    /// A chat configuration does not list the topic.
    ChatConfiguration,
    /// A removal is held back until the replacement is proven.
    Removal,
}

/// Something ctguard will not do, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The object that is left alone.
    pub address: Address,
    /// Why, in one sentence.
    pub reason: String,
    /// What to do about it.
    pub help: String,
}

/// A part of the live side that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// The account in which it lies.
    pub account: AccountId,
    /// The region in which it lies, or `global`.
    pub region: Region,
    /// The part that is unknown, such as `rules` or `topic ctguard-acme-secops`.
    pub part: String,
    /// The call that failed, and why.
    pub why: Unreadable,
}

/// A warning that needs no change, and where it applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Full sentences that hold for each of the places.
    pub message: String,
    /// Which names the sentences omit when several places share them.
    pub per: Granularity,
    /// None when the sentences name their object themselves.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub places: BTreeSet<Place>,
}

/// What stops an apply until its flag allows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Guard {
    /// Which guard it is, and so which flag of `apply` lets it pass.
    pub kind: GuardKind,
    /// What would happen, in one sentence.
    pub message: String,
    /// The alerts that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// The objects that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Address>,
}

/// The guards; each has a flag of `apply`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(JsonSchema)]
pub enum GuardKind {
    /// An alert of high or critical risk reaches its people in fewer places.
    LosesCoverage,
    /// More than 30 % of what is owned would be removed, from ten objects up.
    DeletesMuch,
    /// A policy grants more than this blueprint needs.
    WidensPolicy,
    /// A trail that others use changes.
    SharedTrail,
}

impl GuardKind {
    /// Its stable name.
    pub fn code(self) -> Code {
        match self {
            Self::LosesCoverage => codes::LOSES_COVERAGE,
            Self::DeletesMuch => codes::DELETES_MUCH,
            Self::WidensPolicy => codes::WIDENS_POLICY,
            Self::SharedTrail => codes::SHARED_TRAIL,
        }
    }

    /// The flag of `apply` that allows it.
    pub fn flag(self) -> &'static str {
        match self {
            Self::LosesCoverage => "--allow-lost-coverage",
            Self::DeletesMuch => "--allow-deletion",
            Self::WidensPolicy => "--allow-wider-policy",
            Self::SharedTrail => "--allow-shared-trail",
        }
    }
}

impl Plan {
    /// Whether an apply would have nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

#[cfg(test)]
mod tests;
