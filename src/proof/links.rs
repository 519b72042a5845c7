//! The codes of links: stable, kebab-case, each documented in `docs/links.md`.
//!
//! A code names what is wrong when the link is broken; a proven link carries the code of the first
//! thing that could break it.

use serde::Serialize;
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
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, in one line.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

link_codes! {
    TrailMissing "trail-missing" "No trail covers the place where the event lands.",
    TrailNotLogging "trail-not-logging" "The trails that cover the place are not logging there.",
    TrailSelectors "trail-selectors" "The trails that log there leave the event out.",
    RuleMissing "rule-missing" "The rule does not exist.",
    RuleDisabled "rule-disabled" "The rule is disabled.",
    RuleState "rule-state" "The rule is ENABLED, which drops read-only management events.",
    RulePattern "rule-pattern" "The rule's pattern is not shown to match every event it should.",
    TargetMissing "target-missing" "The topic is not a target of the rule.",
    TargetElsewhere "target-elsewhere" "The target of the rule is something else than the topic.",
    TargetInput "target-input" "EventBridge cannot make a message with the target's input transformer.",
    TopicMissing "topic-missing" "The topic does not exist.",
    TopicPolicy "topic-policy" "The topic's policy does not let EventBridge publish.",
    TopicKey "topic-key" "The key that encrypts the topic does not let EventBridge use it.",
    SubscriberMissing "subscriber-missing" "A listed subscriber is not subscribed.",
    SubscriberPending "subscriber-pending" "A listed subscriber has not confirmed.",
    SubscriberFilter "subscriber-filter" "A filter policy keeps messages from a listed subscriber.",
    SubscriberEndpoint "subscriber-endpoint" "The subscriber's queue does not exist or does not let SNS send.",
    ChatMissing "chat-missing" "The chat configuration does not list the topic.",
    ChatRaw "chat-raw" "Raw message delivery is on for chat, which then drops every message.",
    DeadLetters "dead-letters" "Messages that could not be delivered wait in a dead-letter queue.",
}

impl LinkCode {
    /// Whether it is about what reaches the event bus, and not about what becomes of it there.
    pub fn is_trail(self) -> bool {
        matches!(self, Self::TrailMissing | Self::TrailNotLogging | Self::TrailSelectors)
    }
}

impl fmt::Display for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for LinkCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_section_in_the_docs() {
        let docs = include_str!("../../docs/links.md");
        for code in LinkCode::ALL {
            assert!(
                docs.contains(&format!("### `{code}`\n")),
                "docs/links.md says nothing of `{code}`"
            );
        }
        let sections = docs.lines().filter(|line| line.starts_with("### `")).count();
        assert_eq!(sections, LinkCode::ALL.len(), "docs/links.md has a section for no code");
    }
}
