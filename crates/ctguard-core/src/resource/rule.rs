//! EventBridge rules and their targets (classic `events` API).

use super::small_map::SmallMap;
use crate::scope::{AccountId, Arn, Place, Region};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest event pattern a rule accepts, in characters, after minifying (AWS's default quota).
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const EVENT_PATTERN_MAX_CHARS: usize = 2_048;

/// Most targets that one rule can have.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const TARGETS_PER_RULE: usize = 5;

/// Most rules on one bus by default; 100 in the regions of [`RULES_PER_BUS_SMALL_REGIONS`].
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const RULES_PER_BUS: usize = 300;

/// Regions whose default quota is 100 rules a bus.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const RULES_PER_BUS_SMALL_REGIONS: [&str; 2] = ["af-south-1", "eu-south-1"];

/// Most rules on one bus of a region by default.
pub fn rules_per_bus(region: &Region) -> usize {
    if RULES_PER_BUS_SMALL_REGIONS.contains(&region.as_str()) { 100 } else { RULES_PER_BUS }
}

/// The event bus that a target is, and where it is.
pub fn bus_of(target: &Target) -> Option<(Place, &str)> {
    let arn = Arn::parse(&target.arn).filter(|arn| arn.service == "events")?;
    let bus = arn.resource.strip_prefix("event-bus/")?;
    Some((Place::new(AccountId::new(arn.account)?, Region::new(arn.region)?), bus))
}

/// The name of a role, without its path.
pub fn role_name(arn: &str) -> Option<&str> {
    Arn::parse(arn)?.resource.strip_prefix("role/")?.rsplit('/').next()
}

/// Most rules with a `wildcard` operator on one bus; cannot be raised.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const WILDCARD_RULES_PER_BUS: usize = 30;

/// Longest rule name and target id, in characters: `[.\-_A-Za-z0-9]+`.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
pub const RULE_NAME_MAX_CHARS: usize = 64;

/// Longest rule description, in characters.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
pub const DESCRIPTION_MAX_CHARS: usize = 512;

/// Longest input template of a target, in characters.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html>
pub const INPUT_TEMPLATE_MAX_CHARS: usize = 8_192;

/// Most entries in an input transformer's `InputPathsMap`.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html>
pub const INPUT_PATHS_MAX: usize = 100;

/// Whether a rule listens, and to what.
///
/// Plain `ENABLED` drops read-only management events of CloudTrail.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleState {
    Disabled,
    Enabled,
    EnabledWithAllCloudtrailManagementEvents,
}

impl RuleState {
    /// AWS's own spelling.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The settings that PutRule writes; PutRule replaces them all, so all are always sent.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    pub state: RuleState,
    /// The event pattern as JSON text; absent on a rule that only has a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_expression: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Set by AWS on rules that a service made for itself; those are never touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
}

/// The targets of one rule, by target id.
pub type Targets = SmallMap<String, Target>;

/// One target of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Input::is_event")]
    pub input: Input,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    /// Parameters of other kinds of target (ECS, Kinesis …), which ctguard never writes:
    /// their presence on an owned target is drift.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_parameters: Vec<String>,
}

/// What a target receives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The whole event.
    #[default]
    Event,
    /// The part of the event at this JSON path.
    Path(String),
    /// The same text for every event.
    Constant(String),
    /// A template filled from the event.
    Transformer(InputTransformer),
}

impl Input {
    pub fn is_event(&self) -> bool {
        *self == Self::Event
    }
}

/// A template and the JSON paths of its variables.
///
/// Values are not escaped when inserted, and a path that is not in the event leaves nothing behind.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputTransformer {
    pub paths: BTreeMap<String, String>,
    pub template: String,
}

/// How long EventBridge retries a target that fails; without one, 24 hours and 185 attempts.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    pub maximum_event_age_seconds: i32,
    pub maximum_retry_attempts: i32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { maximum_event_age_seconds: 86_400, maximum_retry_attempts: 185 }
    }
}
