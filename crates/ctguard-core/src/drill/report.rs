//! The result of a drill, as data.

use super::choose::{Drill, How};
use crate::action::Action;
use crate::blueprint::Risk;
use crate::scope::{AccountId, Place};
use crate::snapshot::Unreadable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this format.
pub const FORMAT_VERSION: u32 = 1;

/// What a drill does, or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DrillReport {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// Whether calls were made; without, it is what would be done.
    pub performed: bool,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// The names of the accounts, where known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<AccountId, String>,
    /// How many alerts in how many places had each end.
    pub counts: DrillCounts,
    /// Every alert in every place where it is drilled, with what came of it.
    pub alerts: Vec<DrilledAlert>,
    /// Alerts that were asked for and are not drilled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
    /// Every call that changes something, in order, those that clean up among them.
    pub calls: Vec<DrillCall>,
    /// What stays behind, because it could not be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// What could not be read of what a drill may have left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadPlace>,
}

/// How many alerts in places ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DrillCounts {
    /// Nothing was done yet.
    pub planned: usize,
    /// The alert was received of every topic.
    pub received: usize,
    /// The alert did not come in time.
    pub missing: usize,
    /// A call failed, or nothing can be received of a topic.
    pub unknown: usize,
}

/// An alert in the place where its events land.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DrilledAlert {
    /// The alert's id.
    pub alert: String,
    /// The alert's title.
    pub title: String,
    /// The alert's risk.
    pub risk: Risk,
    /// The place whose default bus is given the event.
    pub lands: Place,
    /// The place where the alert is sent: that of the event, or the hub.
    pub raised: Place,
    /// The gravest of its receipts.
    pub status: ReceiptStatus,
    /// How the alert is drilled.
    pub method: Method,
    /// The event that is raised for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Why no event of its own is raised, and what is therefore not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Seconds after the call until the event was in the event history; late by up to 15 minutes
    /// there, so that its absence says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_after: Option<u64>,
    /// Why it was not seen there: it is not there yet, or the history could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
    /// What came of it, one for each topic that it is sent to.
    pub receipts: Vec<Receipt>,
}

/// How an alert is drilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// An event of its own: the whole way from the call to the topic.
    Trigger,
    /// A rule with its targets stood in for the alert's own: the way from the rule to the topic.
    StandIn,
    /// Nothing could be tried.
    None,
}

/// What came of an alert from one topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// The destination of the blueprint that the topic belongs to.
    pub destination: String,
    /// ARN of the topic.
    pub topic: String,
    /// How it ended.
    pub status: ReceiptStatus,
    /// Seconds from the call to the receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// The text that was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why there is none, as far as the drill knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many subscribers have confirmed, and so were sent it, too.
    pub subscribers: usize,
}

/// How a receipt ended, the gravest last.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ReceiptStatus {
    /// Nothing was done yet.
    Planned,
    Received,
    /// A call failed, or nothing can be received of the topic: it is not known.
    Unknown,
    Missing,
}

impl ReceiptStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An alert that was asked for and is not drilled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PassedOver {
    /// The alert's id.
    pub alert: String,
    /// The place where its events land.
    pub lands: Place,
    /// Why it is not drilled there.
    pub why: String,
}

/// A part of a place that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadPlace {
    /// Where something could not be read.
    pub place: Place,
    /// The call that failed, and why.
    pub why: Unreadable,
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallPurpose {
    /// Removes what an earlier drill has left.
    Leftover,
    /// Tells the subscribers that a drill begins, or that it is over.
    Announcement,
    /// Lets the receipts come.
    Receipt,
    /// Makes a rule that stands in.
    StandIn,
    /// Raises an event, or takes away what was made for that.
    Event,
    /// Removes what the drill has made.
    CleanUp,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DrillCall {
    /// Where the call is made.
    pub place: Place,
    /// As IAM names it.
    pub operation: String,
    /// What it is made on.
    pub object: String,
    /// What the call is for.
    pub purpose: CallPurpose,
    /// The alerts that its event raises, as far as the rules say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// Absent while it is only planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl DrillCall {
    /// A call that is planned.
    pub fn planned(place: &Place, action: &Action, purpose: CallPurpose) -> Self {
        Self {
            place: place.clone(),
            operation: action.operation().to_owned(),
            object: object(action),
            purpose,
            alerts: Vec::new(),
            done: None,
            error: None,
        }
    }
}

/// What a call is made on, by name.
fn object(action: &Action) -> String {
    match action {
        Action::PutTargets { rule, .. } | Action::RemoveTargets { rule, .. } => rule.to_string(),
        Action::PutRule { name, .. }
        | Action::TagRule { name, .. }
        | Action::DeleteRule { name } => name.to_string(),
        Action::PutBusPolicy { bus: name, .. }
        | Action::UpdateAssumeRolePolicy { role: name, .. }
        | Action::PutRolePolicy { role: name, .. }
        | Action::DeleteRolePolicy { role: name, .. }
        | Action::Subscribe { topic: name, .. }
        | Action::Publish { topic: name, .. }
        | Action::SetSubscriptionAttribute { arn: name, .. }
        | Action::Unsubscribe { arn: name }
        | Action::CreateEventBus { name, .. }
        | Action::TagEventBus { name, .. }
        | Action::DeleteEventBus { name }
        | Action::CreateRole { name, .. }
        | Action::TagRole { name, .. }
        | Action::DeleteRole { name }
        | Action::CreateTopic { name, .. }
        | Action::SetTopicAttribute { name, .. }
        | Action::TagTopic { name, .. }
        | Action::DeleteTopic { name }
        | Action::CreateStateMachine { name, .. }
        | Action::UpdateStateMachine { name, .. }
        | Action::TagStateMachine { name, .. }
        | Action::UntagStateMachine { name, .. }
        | Action::DeleteStateMachine { name }
        | Action::CreateQueue { name, .. }
        | Action::SetQueueAttributes { name, .. }
        | Action::TagQueue { name, .. }
        | Action::DeleteQueue { name }
        | Action::CreateTrail { name, .. }
        | Action::UpdateTrail { name, .. }
        | Action::PutEventSelectors { name, .. }
        | Action::StartLogging { name }
        | Action::TagTrail { name, .. }
        | Action::UntagTrail { name, .. }
        | Action::CreateBucket { name, .. }
        | Action::DeleteBucket { name }
        | Action::PutPublicAccessBlock { name }
        | Action::PutBucketVersioning { name }
        | Action::PutBucketEncryption { name, .. }
        | Action::PutBucketOwnershipControls { name }
        | Action::PutBucketPolicy { name, .. }
        | Action::PutBucketLifecycle { name }
        | Action::PutBucketTagging { name, .. } => name.clone(),
    }
}

impl DrillReport {
    /// The report of a drill before anything is done.
    pub fn planned(
        blueprint: &str,
        names: BTreeMap<AccountId, String>,
        drill: &Drill,
        subscribers: impl Fn(&str) -> usize,
    ) -> Self {
        let alerts = drill.paths.iter().map(|drilled| {
            let path = &drilled.path;
            let (method, event, why, status, reason) = match &drilled.how {
                How::Trigger { event } => {
                    (Method::Trigger, Some(event.clone()), None, ReceiptStatus::Planned, None)
                }
                How::StandIn { event, why, .. } => (
                    Method::StandIn,
                    Some(event.clone()),
                    Some(format!(
                        "{why}; a rule with its targets stands in, so its own pattern is not tried"
                    )),
                    ReceiptStatus::Planned,
                    None,
                ),
                How::Broken { why } => {
                    (Method::None, None, None, ReceiptStatus::Missing, Some(why.clone()))
                }
                How::Unread { why } => {
                    (Method::None, None, None, ReceiptStatus::Unknown, Some(why.to_string()))
                }
            };
            let receipts = path.destinations.iter().map(|destination| Receipt {
                destination: destination.name.clone(),
                topic: destination.topic_arn.clone(),
                status,
                after: None,
                text: None,
                why: reason.clone(),
                subscribers: subscribers(&destination.topic_arn),
            });
            DrilledAlert {
                alert: drilled.alert.clone(),
                title: drilled.title.clone(),
                risk: drilled.risk,
                lands: path.lands.clone(),
                raised: path.raised.clone(),
                status,
                method,
                event,
                why,
                seen_after: None,
                unseen: None,
                receipts: receipts.collect(),
            }
        });
        let passed_over = drill.passed_over.iter().map(|(alert, lands, why)| PassedOver {
            alert: alert.clone(),
            lands: lands.clone(),
            why: why.clone(),
        });
        let mut report = Self {
            format_version: FORMAT_VERSION,
            blueprint: blueprint.to_owned(),
            performed: false,
            interrupted: false,
            names,
            counts: DrillCounts::default(),
            alerts: alerts.collect(),
            passed_over: passed_over.collect(),
            calls: Vec::new(),
            left: Vec::new(),
            unread: Vec::new(),
        };
        report.count();
        report
    }

    /// Counts the alerts again, each by the gravest of its receipts.
    pub fn count(&mut self) {
        self.counts = DrillCounts::default();
        for alert in &mut self.alerts {
            let gravest = alert.receipts.iter().map(|receipt| receipt.status).max();
            alert.status = gravest.unwrap_or(alert.status);
            let counts = &mut self.counts;
            *match alert.status {
                ReceiptStatus::Planned => &mut counts.planned,
                ReceiptStatus::Received => &mut counts.received,
                ReceiptStatus::Missing => &mut counts.missing,
                ReceiptStatus::Unknown => &mut counts.unknown,
            } += 1;
        }
    }

    /// Whether something could not be done, read or removed.
    pub fn is_incomplete(&self) -> bool {
        let untold =
            |call: &DrillCall| call.purpose == CallPurpose::Announcement && call.error.is_some();
        self.counts.unknown > 0
            || !self.left.is_empty()
            || !self.unread.is_empty()
            || self.calls.iter().any(untold)
    }
}
