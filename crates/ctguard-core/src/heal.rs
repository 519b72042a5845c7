//! Logging that starts itself again, and rules: state machines put back the trail and the rules that
//! ctguard keeps.
//!
//! The one for the trail: a rule starts it when somebody stopped the trail, deleted it, or changed its settings or event
//! selectors. It looks at the trail, puts back what is not as the blueprint says, and publishes a
//! notice. It does nothing while a tag pauses it, and stops itself when it begins too often. The
//! definition ([`definition()`]) is in the Amazon States Language with JSONata; why, and what is not
//! healed: `docs/decisions/0002-heal.md`. The one for rules ([`rules_definition()`]) is in `rules.rs`.

mod covers;
mod definition;
mod expressions;
mod frame;
mod pause;
mod rules;
#[cfg(test)]
mod tests;

pub use definition::definition;
pub use pause::{PAUSE_MAX_HOURS, PAUSED_REASON_TAG, PAUSED_UNTIL_TAG, Pause};
pub use rules::{RULE_CALLS, RULES_MACHINE_CALLS, RulesInput, WantedRule, rules_definition};

use crate::blueprint::Format;
use crate::resource::Tags;
use crate::resource::trail::{ManagementNeeds, Trail};
use crate::scope::Place;

/// What the state machine's role may do with the trail, as IAM names it.
///
/// AddTags belongs to CreateTrail with tags; each of the calls can be narrowed to one trail.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html>
pub const TRAIL_CALLS: [&str; 8] = [
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
];

/// What the role may do with the state machine itself: count its executions, and read whether it is
/// paused.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html>
pub const MACHINE_CALLS: [&str; 2] = ["states:ListExecutions", "states:ListTagsForResource"];

/// What a state machine that heals is made of.
#[derive(Debug, Clone, Copy)]
pub struct HealInput<'a> {
    pub blueprint: &'a str,
    /// The trail's home.
    pub place: &'a Place,
    /// How people call the account, if the blueprint says.
    pub account: Option<&'a str>,
    pub trail_name: &'a str,
    pub trail: &'a Trail,
    pub needs: ManagementNeeds,
    /// Of a trail that is created again.
    pub tags: &'a Tags,
    /// How often healing begins within an hour.
    pub limit: u32,
    /// How a notice is written.
    pub format: Format,
    /// The URL of the queue that keeps notices that could not be published.
    pub dead_letter_queue: &'a str,
}
