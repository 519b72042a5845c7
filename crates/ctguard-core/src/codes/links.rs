//! The codes of links: stable, kebab-case, each documented in `docs/links.md`.
//!
//! A code names what is wrong when the link is broken; a proven link carries the code of the first
//! thing that could break it.

use super::{Code, Entry, Kind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

macro_rules! link_codes {
    ($($name:ident $text:literal $meaning:literal,)*) => {
        /// What a link is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LinkCode { $(#[doc = $meaning] $name,)* }

        impl LinkCode {
            /// Every code, in the order of the chain.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is printed.
            pub fn as_str(self) -> &'static str {
                self.code().as_str()
            }

            /// What it means, in one line.
            pub fn meaning(self) -> &'static str {
                self.code().title()
            }

            /// Its entry in the registry.
            pub fn code(self) -> Code {
                match self {
                    $(Self::$name => Code::of(&Entry {
                        name: $text,
                        kind: Kind::Link,
                        title: $meaning,
                        help: "",
                    }),)*
                }
            }
        }
    };
}

link_codes! {
    TrailMissing "trail-missing" "No trail covers the place where the event lands.",
    TrailNotShown "trail-not-shown" "The organization's trail is not seen in the account.",
    TrailNotHere "trail-not-here" "The account has a trail, and it does not log in this region.",
    TrailNotLogging "trail-not-logging" "The trails that cover the place are not logging.",
    TrailHomeNotEnabled "trail-home-not-enabled" "The organization's trail is at home in a region that the account has not enabled.",
    SelectorsDropManagement "selectors-drop-management" "The trail records no management events.",
    SelectorsDropWrites "selectors-drop-writes" "The trail leaves out calls that change something.",
    SelectorsDropReads "selectors-drop-reads" "The trail leaves out read-only calls.",
    SelectorsExcludeSource "selectors-exclude-source" "The trail leaves out this event, or the management events of its service.",
    DataSelectorMissing "data-selector-missing" "No data selector of the trail records this data event.",
    NetworkSelectorMissing "network-selector-missing" "No selector of the trail records the network activity events of this service.",
    InsightSelectorMissing "insight-selector-missing" "The trail records no Insights.",
    GlobalEventsMissing "global-events-missing" "The trail leaves out the events of global services.",
    SelectorsUnread "selectors-unread" "The trail's event selectors were not read.",
    TrailOfOrganization "trail-of-organization" "The trail is kept by another account, where its selectors are.",
    CannotLandHere "cannot-land-here" "Events about the trail, or sign-ins, land in a place that the blueprint does not cover.",
    CannotFire "cannot-fire" "No record of the event satisfies the alert's conditions.",
    RuleMissing "rule-missing" "The rule does not exist.",
    RuleOnWrongBus "rule-on-wrong-bus" "The rule is on a custom bus, which CloudTrail does not send to.",
    RuleQuota "rule-quota" "The rule does not exist, and the event bus has as many rules, or rules with wildcards, as it takes.",
    RuleDisabled "rule-disabled" "The rule is disabled.",
    RuleState "rule-state" "The rule is ENABLED, which drops read-only management events.",
    RulePattern "rule-pattern" "The rule's pattern is not shown to match every event it should.",
    PatternLosesAlternative "pattern-loses-alternative" "EventBridge loses an alternative of the rule's pattern.",
    PatternMisread "pattern-misread" "EventBridge matches fewer events than the rule's pattern says.",
    TargetMissing "target-missing" "The topic, the state machine or the hub's bus is not a target of the rule.",
    TargetElsewhere "target-elsewhere" "The target of the rule is something else than the topic, the state machine or the hub's bus.",
    TargetWrongRegion "target-wrong-region" "The target of the rule is in another region or account.",
    TargetRole "target-role" "The rule publishes to the topic through a role that it should not, or not through the one that it should.",
    TargetInput "target-input" "The target's message is not the alert's, or cannot be made.",
    DeadLetterQueue "dead-letter-queue" "What a target or subscriber refuses has nowhere to go.",
    ForwardRole "forward-role" "The rule forwards to the hub's bus through no role, or another than the blueprint's.",
    RoleMissing "role-missing" "The role that events are forwarded with, published to another account, or by a state machine, does not exist.",
    RoleTrust "role-trust" "The role's trust policy does not let EventBridge take it on for the rule, or Step Functions for the state machine.",
    RolePolicy "role-policy" "The role's policy does not let it put events on the hub's bus, start the state machine, or publish to the topic.",
    RoleBoundary "role-boundary" "The role's permissions boundary does not let it put events on the hub's bus, start the state machine, or publish to the topic.",
    BusMissing "bus-missing" "The hub's event bus does not exist.",
    BusPolicy "bus-policy" "No statement of the bus's policy lets the account put events on it.",
    BusPolicyCondition "bus-policy-condition" "A condition in the bus's policy keeps the account out.",
    BusPolicyDeny "bus-policy-deny" "A statement of the bus's policy denies the account.",
    BusKey "bus-key" "The key that encrypts an event bus on the way does not let EventBridge use it.",
    MachineMissing "machine-missing" "The state machine that publishes the mail does not exist, or is being deleted.",
    MachineType "machine-type" "The state machine is of another type than the blueprint's.",
    MachineDefinition "machine-definition" "The state machine does something else than the blueprint says, or cannot do it.",
    MachineRole "machine-role" "The state machine has another role than the blueprint's.",
    TopicMissing "topic-missing" "The topic does not exist.",
    TopicUnread "topic-unread" "The topic is in another account, and cannot be read from here.",
    TopicPolicy "topic-policy" "No statement of the topic's policy lets EventBridge publish.",
    TopicPolicyCondition "topic-policy-condition" "A condition in the topic's policy keeps EventBridge out.",
    TopicPolicyDeny "topic-policy-deny" "A statement of the topic's policy denies EventBridge.",
    TopicKeyMissing "topic-key-missing" "The key that encrypts the topic does not exist.",
    TopicKeyAwsManaged "topic-key-aws-managed" "An AWS-managed key encrypts the topic, which EventBridge cannot use.",
    TopicKeyDisabled "topic-key-disabled" "The key that encrypts the topic is disabled, or no key for encryption.",
    TopicKeyPolicy "topic-key-policy" "The policy of the topic's key does not let EventBridge use it.",
    TopicKeyCondition "topic-key-condition" "A condition in the policy of the topic's key keeps EventBridge out.",
    SubscriberMissing "subscriber-missing" "A listed subscriber is not subscribed.",
    SubscriberPending "subscriber-pending" "A listed subscriber has not confirmed.",
    SubscriberFilter "subscriber-filter" "A filter policy keeps messages from a listed subscriber.",
    QueueMissing "queue-missing" "The queue that is subscribed does not exist.",
    QueuePolicy "queue-policy" "The subscribed queue's policy does not let SNS send.",
    QueueKey "queue-key" "The key that encrypts the subscribed queue does not let SNS use it.",
    FunctionPolicy "function-policy" "The subscribed function's policy does not let SNS invoke it.",
    ChatMissing "chat-missing" "The chat configuration does not list the topic.",
    ChatRaw "chat-raw" "Raw message delivery is on for chat, which then drops every message.",
    UnsubscribeOpen "unsubscribe-open" "Anybody who holds an alert's mail can end the subscription.",
    DeadLetters "dead-letters" "Messages that could not be delivered wait in a dead-letter queue.",
    FailedInvocations "failed-invocations" "A target of the rule refused, for good, what the rule sent.",
    ExecutionsFailed "executions-failed" "Executions of the state machine failed.",
    DeadLetterFailed "dead-letter-failed" "What a target refused could not be put into its dead-letter queue.",
    NeverFired "never-fired" "The rule has not fired for a month.",
    SignalsUnread "signals-unread" "What was counted of the rules could not be read.",
    LogDelivery "log-delivery" "A trail cannot write its log files.",
    LogBucketMissing "log-bucket-missing" "The bucket of a trail does not exist.",
    LogBucketPolicy "log-bucket-policy" "The bucket of a trail refuses CloudTrail.",
    LogsExpire "logs-expire" "The bucket's lifecycle deletes the log files of a trail early.",
    LogBucketPublic "log-bucket-public" "The bucket of a trail does not block public access by its own settings.",
    LogBucketVersioning "log-bucket-versioning" "The bucket of a trail does not keep versions.",
    LogKey "log-key" "The key that encrypts a trail's log files cannot be used.",
    DigestDelivery "digest-delivery" "A trail cannot write its digest files.",
    BusOpenToAll "bus-open-to-all" "The policy of the hub's event bus lets anybody put events on it.",
    TopicOpenToAll "topic-open-to-all" "The topic's policy lets anybody publish.",
    QueueOpenToAll "queue-open-to-all" "A queue's policy lets anybody read, forge or take away what is sent there.",
    BusCopied "bus-copied" "Somebody else's rule sends on what lands on the hub's event bus.",
    SubscriberUnlisted "subscriber-unlisted" "Somebody whom the blueprint does not list hears its alerts.",
    RoleAttached "role-attached" "A role that forwards events, or publishes mails, has a policy that is not the blueprint's.",
    RoleBounded "role-bounded" "A role that forwards events, or publishes mails, has a permissions boundary, which ctguard sets none of.",
    HealPaused "heal-paused" "A tag pauses healing.",
}

impl LinkCode {
    /// Whether it is about the path up to the event bus, and not after it.
    pub fn is_trail(self) -> bool {
        self <= Self::CannotLandHere
    }

    /// Whether it is about the path to a hub.
    pub fn is_hop(self) -> bool {
        let additions =
            [Self::BusOpenToAll, Self::BusCopied, Self::RoleAttached, Self::RoleBounded];
        (Self::ForwardRole..=Self::BusKey).contains(&self) || additions.contains(&self)
    }

    /// Whether it is about a queue or function that receives what a topic gets.
    pub fn is_receiver(self) -> bool {
        (Self::QueueMissing..=Self::FunctionPolicy).contains(&self)
    }

    /// Whether a broken link of this code that no apply mends is drift. `docs/drift.md` says which
    /// are not, and why.
    pub fn is_mended_by_others(self) -> bool {
        let in_blueprint = [Self::RuleQuota, Self::PatternLosesAlternative, Self::PatternMisread];
        let awaited = [Self::SubscriberMissing, Self::SubscriberPending, Self::ChatMissing];
        // Of trails, that which the blueprint keeps for all: nothing is recorded in that account.
        let of_organization = [Self::TrailNotShown, Self::TrailHomeNotEnabled];
        of_organization.contains(&self)
            || (Self::RuleMissing..=Self::ChatRaw).contains(&self)
                && !in_blueprint.contains(&self)
                && !awaited.contains(&self)
    }

    /// Whether it is only used for remarks, which do not change the verdict.
    pub fn is_remark(self) -> bool {
        matches!(self, Self::DeadLetterQueue | Self::UnsubscribeOpen) || self >= Self::NeverFired
    }
}

impl fmt::Display for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'de> Deserialize<'de> for LinkCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let code = Self::ALL.iter().find(|code| code.as_str() == text);
        code.copied().ok_or_else(|| D::Error::custom(format!("`{text}` is not the code of a link")))
    }
}

impl Serialize for LinkCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JsonSchema for LinkCode {
    fn schema_name() -> Cow<'static, str> {
        "LinkCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<&str> = Self::ALL.iter().map(|code| code.as_str()).collect();
        json_schema!({ "description": "`docs/links.md` explains each code.", "enum": codes })
    }
}
