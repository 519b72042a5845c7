//! Faults, such as people and attackers cause, for ctguard to find.

mod apply;
mod calls;
mod hop;
mod machine;
mod others;
pub(super) mod pick;
mod told;

use super::{Sandbox, SandboxError, logging};
use ctguard_core::scope::{AccountId, Region};

/// One way to break alerting.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Fault {
    StopTrail,
    DeleteTrail,
    NarrowSelectors,
    ExcludeKms,
    SingleRegionTrail,
    DisableRule,
    EnableRulePlain,
    DeleteRule,
    NarrowPattern,
    DropTarget,
    Retarget,
    RewriteTopicPolicy,
    ConditionTopicPolicy,
    Unsubscribe,
    FilterSubscription,
    DeleteTopic,
    DeleteQueue,
    QueuePolicy,
    FunctionPolicy,
    DisableKey,
    DeleteBucket,
    SwapRole,
    DeleteRole,
    ConditionTrust,
    RetargetRole,
    BoundRole,
    DeleteBus,
    ShutBus,
    ConditionBus,
    DenyBus,
    AttachPolicy,
    DenyRole,
    DeleteMachine,
    ChangeDefinition,
    EncryptMachine,
    SwapMachineRole,
    EncryptBus,
    OpenBus,
    CopyBus,
    OpenTopic,
    DenyTopic,
    AddSubscriber,
    OpenQueue,
    DenyQueue,
    DenyFunction,
    DenyKey,
    DenyBucket,
    ExpireLogs,
    StripTags,
    KeepFromMembers,
    DistrustCloudtrail,
    DenyCalls,
    DenyCallsByOrganization,
    ExpireCredentials,
    ThrottleCalls,
    CutOffCalls,
    TimeOutCalls,
    DisableRegion,
    LoseObjects,
    GarbleAnswers,
    RefuseAsTooLarge,
    FailCalls,
    MendCalls,
    LagTagSearch,
    RequireTag,
}

/// The object to break. Without a name, the first suitable one: ctguard's own first, then by
/// account, region and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aim {
    pub account: Option<AccountId>,
    pub region: Option<Region>,
    /// The whole name or its last words (`root-login`); a subscription's address; the key of a rule
    /// on a custom bus, `bus/name`; calls as IAM names them (`events:ListRules`, `sns:*`).
    pub name: Option<String>,
}

impl Fault {
    pub const ALL: [Self; 65] = [
        Self::StopTrail,
        Self::DeleteTrail,
        Self::NarrowSelectors,
        Self::ExcludeKms,
        Self::SingleRegionTrail,
        Self::DisableRule,
        Self::EnableRulePlain,
        Self::DeleteRule,
        Self::NarrowPattern,
        Self::DropTarget,
        Self::Retarget,
        Self::RewriteTopicPolicy,
        Self::ConditionTopicPolicy,
        Self::Unsubscribe,
        Self::FilterSubscription,
        Self::DeleteTopic,
        Self::DeleteQueue,
        Self::QueuePolicy,
        Self::FunctionPolicy,
        Self::DisableKey,
        Self::DeleteBucket,
        Self::SwapRole,
        Self::DeleteRole,
        Self::ConditionTrust,
        Self::RetargetRole,
        Self::BoundRole,
        Self::DeleteBus,
        Self::ShutBus,
        Self::ConditionBus,
        Self::DenyBus,
        Self::AttachPolicy,
        Self::DenyRole,
        Self::DeleteMachine,
        Self::ChangeDefinition,
        Self::EncryptMachine,
        Self::SwapMachineRole,
        Self::EncryptBus,
        Self::OpenBus,
        Self::CopyBus,
        Self::OpenTopic,
        Self::DenyTopic,
        Self::AddSubscriber,
        Self::OpenQueue,
        Self::DenyQueue,
        Self::DenyFunction,
        Self::DenyKey,
        Self::DenyBucket,
        Self::ExpireLogs,
        Self::StripTags,
        Self::KeepFromMembers,
        Self::DistrustCloudtrail,
        Self::DenyCalls,
        Self::DenyCallsByOrganization,
        Self::ExpireCredentials,
        Self::ThrottleCalls,
        Self::CutOffCalls,
        Self::TimeOutCalls,
        Self::DisableRegion,
        Self::LoseObjects,
        Self::GarbleAnswers,
        Self::RefuseAsTooLarge,
        Self::FailCalls,
        Self::MendCalls,
        Self::LagTagSearch,
        Self::RequireTag,
    ];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What it does, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::StopTrail => "stop a trail's logging",
            Self::DeleteTrail => "delete a trail",
            Self::NarrowSelectors => "let a trail record read events only",
            Self::ExcludeKms => "leave KMS out of what a trail records",
            Self::SingleRegionTrail => "confine a multi-region trail to its home region",
            Self::DisableRule => "disable a rule",
            Self::EnableRulePlain => "enable a rule as EnableRule does, without read-only events",
            Self::DeleteRule => "delete a rule and its targets",
            Self::NarrowPattern => "narrow a rule's pattern to one user",
            Self::DropTarget => "remove a target from a rule",
            Self::Retarget => "point a rule's target to another topic, or to another bus",
            Self::RewriteTopicPolicy => "reset a topic's policy, which shuts EventBridge out",
            Self::ConditionTopicPolicy => "add a condition on the account to a topic's policy",
            Self::Unsubscribe => "end a subscription",
            Self::FilterSubscription => "give a subscription a filter that nothing passes",
            Self::DeleteTopic => "delete a topic",
            Self::DeleteQueue => "delete a queue",
            Self::QueuePolicy => "take a queue's policy away",
            Self::FunctionPolicy => "take the policies of a function and its aliases away",
            Self::DisableKey => "disable a KMS key",
            Self::DeleteBucket => "delete a bucket",
            Self::SwapRole => "give a target that needs a role another one",
            Self::DeleteRole => "delete a role with its policies",
            Self::ConditionTrust => "add a condition on another account to a role's trust",
            Self::RetargetRole => "let a role put events on another bus only",
            Self::BoundRole => "set a permissions boundary on a role",
            Self::DeleteBus => "delete an event bus and its rules",
            Self::ShutBus => "take an event bus's policy away",
            Self::ConditionBus => "add a condition on another organization to a bus's policy",
            Self::DenyBus => "deny everybody in an event bus's policy",
            Self::AttachPolicy => "attach a policy of somebody's to a role",
            Self::DenyRole => "attach a policy that denies everything to a role",
            Self::DeleteMachine => "delete a state machine",
            Self::ChangeDefinition => "let a state machine do nothing",
            Self::EncryptMachine => "encrypt a state machine with a key that its role may not use",
            Self::SwapMachineRole => "give a state machine another role",
            Self::EncryptBus => {
                "encrypt an event bus, or the default one, with a key that shuts EventBridge out"
            }
            Self::OpenBus => "let anybody put events on an event bus",
            Self::CopyBus => "add a rule to an event bus that sends all events away",
            Self::OpenTopic => "let anybody publish to a topic",
            Self::DenyTopic => "deny everybody in a topic's policy",
            Self::AddSubscriber => "subscribe somebody to a topic",
            Self::OpenQueue => "let anybody read and purge a queue",
            Self::DenyQueue => "deny everybody in a queue's policy",
            Self::DenyFunction => "deny everybody in the policies of a function and its aliases",
            Self::DenyKey => "deny everybody in a KMS key's policy",
            Self::DenyBucket => "deny everybody to write to a bucket",
            Self::ExpireLogs => "let a bucket delete its objects after a day",
            Self::StripTags => {
                "take the tags from a rule, topic, queue, trail, bus, state machine or role"
            }
            Self::KeepFromMembers => {
                "keep an organization trail from the member accounts, as if AWS had not made it there"
            }
            Self::DistrustCloudtrail => "end CloudTrail's trusted access to the organization",
            Self::DenyCalls => {
                "deny calls, named as in `events:ListRules` or `sns:*`; all without a name"
            }
            Self::DenyCallsByOrganization => "let a policy of the organization deny calls",
            Self::ExpireCredentials => "let calls meet expired credentials",
            Self::ThrottleCalls => "throttle calls",
            Self::CutOffCalls => "let no connection of calls be accepted",
            Self::TimeOutCalls => "let calls go without an answer",
            Self::DisableRegion => "let calls meet a region that is not enabled",
            Self::LoseObjects => "let what calls are about not be found",
            Self::GarbleAnswers => "answer calls with what is not AWS's",
            Self::RefuseAsTooLarge => "refuse calls as too large",
            Self::FailCalls => "let AWS fail at calls on its own side",
            Self::MendCalls => "take all faults of calls away",
            Self::LagTagSearch => {
                "let the search by tag know of nothing that is made from now on, until `advance`"
            }
            Self::RequireTag => {
                "deny, by the organization, whatever is created without a tag (CostCenter, or the name)"
            }
        }
    }

    /// Reads a name as the command line gives it.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Sandbox {
    /// Breaks one object; describes in one sentence what was done.
    ///
    /// # Errors
    /// When there is no such object (the error lists those that exist), or the file cannot be
    /// written.
    pub fn inflict(&self, fault: Fault, aim: &Aim) -> Result<String, SandboxError> {
        self.change(|state| {
            let before = state.clone();
            let done = apply::apply(state, fault, aim).map_err(SandboxError::NothingThere)?;
            if let Some((place, logged)) = told::call(fault, &before, state) {
                logging::log_by_somebody(state, &place, &logged);
            }
            Ok(done)
        })
    }

    /// The names of what a fault can be done to; none for one that is about calls.
    pub fn breakable(&self, fault: Fault) -> Vec<String> {
        let state = self.state();
        let takes = |name: &str| {
            let aim = Aim { name: Some(name.to_owned()), ..Aim::default() };
            apply::apply(&mut state.clone(), fault, &aim).is_ok()
        };
        // Calls may have any name.
        match takes("no such object") {
            true => Vec::new(),
            false => state.object_names().into_iter().filter(|name| takes(name)).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
