//! The keys of a blueprint: the one table from which the reader takes what it accepts.
//!
//! Only this file can make [`Keys`], and the tests below hold the table against the published schema
//! and against `docs/blueprint.md`, so that a new key is not forgotten in either.

use super::yaml::Node;

/// The keys of one kind of mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    /// What the mapping is, in words: "an alert".
    what: &'static str,
    names: &'static [&'static str],
    /// Where it stands: `[]` for each item of a list, `*` for each value of a mapping.
    paths: &'static [&'static str],
}

impl Keys {
    /// What the mapping is, in words.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Whether one of the keys of a mapping is among these.
    pub fn know(&self, node: &Node) -> bool {
        node.entries().iter().any(|entry| self.names.contains(&entry.key.as_str()))
    }

    /// The kinds of mappings that may stand at a path.
    pub fn at(path: &str) -> impl Iterator<Item = &'static Self> {
        ALL.iter().filter(move |keys| keys.paths.contains(&path))
    }

    /// The keys, in the order in which they are listed to people.
    pub fn names(&self) -> &'static [&'static str] {
        self.names
    }
}

macro_rules! keys {
    ($($name:ident $what:literal at $paths:tt: $names:tt;)*) => {
        $(pub(super) const $name: Keys = Keys {
            what: $what,
            names: &$names,
            paths: &$paths,
        };)*

        const ALL: &[Keys] = &[$($name,)*];
    };
}

keys! {
    BLUEPRINT "a blueprint" at [""]: [
        "version", "name", "deploy", "accounts", "regions", "hub", "trail", "heal", "trust_trails",
        "tags", "time_zone", "destinations", "routes", "include", "alerts", "allow"
    ];
    INCLUSION "an included file" at ["<included>"]: [
        "version", "id", "title", "why", "sources", "alerts"
    ];
    ACCOUNT "an account" at ["accounts[]"]: [
        "id", "name", "role", "external_id", "session_name", "omit", "routes"
    ];
    ORGANIZATION_ENTRY "an entry of the organization" at ["accounts[]"]: ["organization"];
    ORGANIZATION "`organization`" at ["accounts[].organization"]: [
        "include_ous", "exclude", "role", "external_id", "session_name"
    ];
    REGIONS "`regions`" at ["regions"]: ["enabled", "except"];
    REGION_EXCEPTION "a region exception" at ["regions.except[]"]: ["region", "reason", "until"];
    REGION "a region" at ["regions[]", "regions.except[].region", "hub.region", "trail.home_region"]: [
        "name", "unchecked"
    ];
    HUB "`hub`" at ["hub"]: ["account", "region", "organization"];
    TRAIL "`trail`" at ["trail"]: [
        "name", "bucket", "account", "organization", "home_region", "kms_key", "adopt", "additional",
        "foreign_bucket"
    ];
    HEAL "`heal`" at ["heal"]: ["logging", "rules", "limit"];
    HEAL_LOGGING "`heal.logging`" at ["heal.logging"]: ["trails", "notify"];
    TRUST "a trusted trail" at ["trust_trails[]"]: ["arn", "records", "reason", "until"];
    DESTINATION "a destination" at ["destinations.*"]: [
        "topic", "topic_arn", "role", "format", "subscribers", "kms_key"
    ];
    SUBSCRIBER "a subscriber" at ["destinations.*.subscribers[]"]: [
        "email", "https", "secret", "sqs", "lambda", "chat"
    ];
    ROUTES "`routes`" at ["routes", "accounts[].routes"]: ["critical", "high", "medium", "low"];
    INCLUDE "an include" at ["include[]"]: ["builtin", "path", "omit"];
    ALERT "an alert" at ["alerts[]"]: [
        "id", "title", "risk", "events", "where", "outcome", "except", "why", "next", "notify",
        "sources", "attack", "controls", "allow", "tests"
    ];
    EVENT "an event" at ["alerts[].events[]"]: [
        "source", "name", "unchecked", "kind", "read_only", "access"
    ];
    EXCEPTION "an exception" at ["alerts[].except[]"]: ["where", "reason", "owner", "until"];
    TEST "a test" at ["alerts[].tests[]"]: ["event", "expect"];
}

#[cfg(test)]
mod tests;
