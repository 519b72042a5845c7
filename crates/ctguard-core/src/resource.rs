//! The AWS resources that ctguard knows: their settings as plain data, and their addresses.
//!
//! One submodule per kind. The same types stand in the desired side, in snapshots and in the
//! sandbox's file, so the diff only compares and nothing is translated twice.

pub mod bucket;
pub mod bus;
pub mod function;
pub mod keys;
pub mod kms;
pub mod machine;
pub mod names;
pub mod policy;
pub mod queue;
pub mod role;
pub mod rule;
pub mod small_map;
pub mod topic;
pub mod trail;

use crate::scope::{AccountId, Place, Region};
use keys::{RoleKey, RuleKey, SubscriptionKey, TargetKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use small_map::SmallMap;
use std::fmt;

/// The tags of a resource.
pub type Tags = SmallMap<String, String>;

/// How the keys of ctguard's own tags begin; a blueprint cannot name such.
pub const OWN_TAGS: &str = "ctguard:";

/// The tag that says which blueprint owns a resource: `ctguard:blueprint=<name>`.
pub const BLUEPRINT_TAG: &str = "ctguard:blueprint";
/// The tag that says which alert a rule raises.
pub const ALERT_TAG: &str = "ctguard:alert";
/// The tag that carries the blueprint's format version, so that an upgrade of the program is not
/// drift.
pub const VERSION_TAG: &str = "ctguard:version";

/// The tag that stays on a trail and its bucket when a blueprint releases them: the blueprint of this
/// name may take them back.
pub const RELEASED_TAG: &str = "ctguard:released";

/// The tag that a drill puts on what it makes: nothing that carries it is meant to stay.
pub const DRILL_TAG: &str = "ctguard:drill";

/// Whether the tags say that this blueprint has released an object and nobody owns it since.
pub fn released_by(tags: &Tags, blueprint: &str) -> bool {
    !tags.contains_key(BLUEPRINT_TAG)
        && tags.get(RELEASED_TAG).is_some_and(|name| name == blueprint)
}

/// Whether the ownership tag names this blueprint.
pub fn owned_by(tags: &Tags, blueprint: &str) -> bool {
    tags.get(BLUEPRINT_TAG).is_some_and(|name| name == blueprint)
}

/// The kinds of resource that a change can be about, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    Bucket,
    Trail,
    Role,
    Bus,
    Queue,
    Topic,
    /// A state machine.
    Machine,
    Subscription,
    Rule,
    Target,
}

impl Kind {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Names one resource in the whole fleet.
///
/// The name of what belongs to a parent is `parent/child`: a target is `rule/target-id`, a
/// subscription `topic/protocol:endpoint`, a rule on a custom bus `bus/rule`, a role's policy
/// `role/policy`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Address {
    /// The account that it is in.
    pub account: AccountId,
    /// `global` for buckets and roles, which are in no region.
    pub region: Region,
    /// What sort of resource it is.
    pub kind: Kind,
    /// Its name; of what belongs to a parent `parent/child`, such as `rule/target-id`.
    pub name: String,
}

impl Address {
    pub fn new(place: &Place, kind: Kind, name: impl Into<String>) -> Self {
        let region = match kind {
            Kind::Bucket | Kind::Role => Region::global(),
            _ => place.region.clone(),
        };
        Self { account: place.account.clone(), region, kind, name: name.into() }
    }

    /// Addresses a rule.
    pub fn of_rule(place: &Place, key: &RuleKey) -> Self {
        Self::new(place, Kind::Rule, key.as_str())
    }

    /// Addresses a target.
    pub fn of_target(place: &Place, key: TargetKey) -> Self {
        Self::new(place, Kind::Target, key)
    }

    /// Addresses a subscription.
    pub fn of_subscription(place: &Place, key: SubscriptionKey) -> Self {
        Self::new(place, Kind::Subscription, key)
    }

    /// Returns the rule that it names, or whose target it names.
    pub fn rule(&self) -> Option<RuleKey> {
        match self.kind {
            Kind::Rule => Some(self.name.as_str().into()),
            Kind::Target => self.target().map(|target| target.rule),
            _ => None,
        }
    }

    /// Returns the target that it names.
    pub fn target(&self) -> Option<TargetKey> {
        self.name.parse().ok().filter(|_| self.kind == Kind::Target)
    }

    /// Returns the subscription that it names.
    pub fn subscription(&self) -> Option<SubscriptionKey> {
        self.name.parse().ok().filter(|_| self.kind == Kind::Subscription)
    }

    /// Returns the role that it names, or whose policy it names.
    pub fn role(&self) -> Option<RoleKey> {
        (self.kind == Kind::Role).then(|| RoleKey::of(&self.name))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{} {}", self.account, self.region, self.kind, self.name)
    }
}
