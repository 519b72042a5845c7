//! The diagnostic codes of the blueprint: stable names that `allow:` and other programs rely on.
//!
//! A code is used through its constant, so that none can be reported without being listed here.

use crate::diag::Code;

macro_rules! codes {
    ($(#[$section:meta])* $list:ident: $($name:ident = $code:literal, $meaning:literal;)+) => {
        $(#[doc = $meaning] pub const $name: Code = $code;)+
        $(#[$section])*
        pub const $list: &[(Code, &str)] = &[$(($code, $meaning)),+];
    };
}

codes! {
    /// What makes a blueprint invalid.
    ERRORS:
    ACCOUNT_ID_INVALID = "account-id-invalid", "An account id has other than twelve digits.";
    ACCOUNT_ID_NUMBER = "account-id-number", "An account id is written as a number, which loses leading zeros and matches nothing.";
    ACCOUNT_REPEATED = "account-repeated", "An account or its name stands twice, is listed and excluded, or the organization has two entries.";
    ALLOW_UNKNOWN = "allow-unknown", "`allow:` names something that is not a warning.";
    ARN_INVALID = "arn-invalid", "An ARN is malformed, or is of another kind than its key asks for.";
    BUCKET_NAME_INVALID = "bucket-name-invalid", "S3 would refuse this bucket name.";
    CHAT_FORMAT = "chat-format", "A chat channel is subscribed to a destination of another format, whose messages it would drop.";
    DATE_INVALID = "date-invalid", "A date is not `YYYY-MM-DD`, or is not in the calendar.";
    DESTINATION_TOPIC = "destination-topic", "A destination has neither `topic` nor `topic_arn`, or both.";
    DUPLICATE_KEY = "duplicate-key", "A key stands twice in one mapping; YAML readers silently keep one of them.";
    EMAIL_INVALID = "email-invalid", "This is not an e-mail address.";
    EMPTY_VALUE = "empty-value", "A value that is needed is empty.";
    EVENT_AMBIGUOUS = "event-ambiguous", "Several services log an event of this name.";
    EVENT_INVALID = "event-invalid", "An event reference is not `service:EventName`, or its keys contradict each other.";
    EVENT_OUT_OF_SCOPE = "event-out-of-scope", "An event lands only in a region that the blueprint does not cover, so its alert would never be raised.";
    EVENT_UNKNOWN = "event-unknown", "The catalogue has no event of this name.";
    FILE_EMPTY = "file-empty", "The file holds nothing, or only comments.";
    FILE_MISSING = "file-missing", "There is no such file.";
    FILE_NOT_UTF8 = "file-not-utf8", "The file is not UTF-8 text.";
    FILE_TOO_LARGE = "file-too-large", "The file is larger than any blueprint needs to be.";
    FILE_UNREADABLE = "file-unreadable", "The file exists and could not be read.";
    FILTER_INVALID = "filter-invalid", "EventBridge would refuse this condition, or it would never match as written.";
    HUB_OUT_OF_SCOPE = "hub-out-of-scope", "The hub's account or region is not covered, so nobody would hear of what happens in the hub itself.";
    HUB_UNREACHABLE = "hub-unreachable", "EventBridge does not send events from every region covered to the hub's.";
    ID_REPEATED = "id-repeated", "Two alerts have the same id.";
    INCLUDE_OUTSIDE = "include-outside", "An included file is outside the blueprint's folder.";
    INCLUDE_REPEATED = "include-repeated", "A file or built-in blueprint is included twice, or includes itself.";
    INCLUDE_UNKNOWN = "include-unknown", "There is no built-in blueprint of this id.";
    KMS_KEY = "kms-key", "EventBridge or CloudTrail could not use this key here.";
    MISSING_KEY = "missing-key", "A key that is needed is absent.";
    NAME_INVALID = "name-invalid", "A name or id has other characters, or more of them, than AWS's names leave room for.";
    OMIT_UNKNOWN = "omit-unknown", "`omit:` names an alert that there is not, or that the included blueprint does not have.";
    ORGANIZATION_ID_INVALID = "organization-id-invalid", "This is not the id of an organization, root or organizational unit.";
    REFERENCE_UNKNOWN = "reference-unknown", "`notify:` or `routes:` names a destination that is not defined.";
    REGION_INVALID = "region-invalid", "This is not a region name, or the regions do not fit together.";
    ROLE_INVALID = "role-invalid", "A role, external id or session name is misspelled, or the role is in another account or partition.";
    ROLE_MISSING = "role-missing", "Several accounts have no role, and only the caller's own can do without.";
    SUBSCRIBER_INVALID = "subscriber-invalid", "SNS would refuse this subscriber, or it is listed twice.";
    TEST_OUTSIDE = "test-outside", "A sample event is outside the blueprint's folder.";
    TEXT_INVALID = "text-invalid", "A text is longer than its place allows, or has line breaks where one line is shown.";
    TOPIC_INVALID = "topic-invalid", "A topic cannot be used as written: name, region, or shared by two destinations.";
    TRAIL_INVALID = "trail-invalid", "CloudTrail would refuse this trail, or its home is not covered.";
    UNKNOWN_KEY = "unknown-key", "The format has no such key here.";
    URL_INVALID = "url-invalid", "This is not an `https://` address.";
    VALUE_UNKNOWN = "value-unknown", "The value is none of those that the key accepts.";
    VERSION_UNSUPPORTED = "version-unsupported", "The blueprint is of a format version that this program does not read.";
    WRONG_TYPE = "wrong-type", "A value is a number, list or mapping where something else is expected.";
    YAML_AMBIGUOUS = "yaml-ambiguous", "Two YAML readers understand this text differently, so ctguard does not choose.";
    YAML_KEY = "yaml-key", "A key is not plain text.";
    YAML_MERGE_KEY = "yaml-merge-key", "`<<` merge keys are not part of the format.";
    YAML_MULTIPLE_DOCUMENTS = "yaml-multiple-documents", "The file holds more than one YAML document.";
    YAML_SYNTAX = "yaml-syntax", "The file is not valid YAML.";
    YAML_TAG = "yaml-tag", "YAML tags (`!name`) are not part of the format.";
    YAML_TOO_BIG = "yaml-too-big", "The YAML is nested too deep, or its aliases expand to too much.";
}

codes! {
    /// Warnings, each of which `allow:` silences.
    LINTS:
    ALERT_UNEXPLAINED = "alert-unexplained", "An alert lacks `why` or `next`, so whoever is woken learns only what happened.";
    ALERT_WITHOUT_DESTINATION = "alert-without-destination", "An alert reaches nobody: its `notify` or the route of its risk is empty.";
    CIDR_TAKES_OTHER_FAMILY = "cidr-takes-other-family", "A block of IPv4 addresses takes IPv6 addresses as well, or the other way round: EventBridge compares their digits.";
    CRITICAL_EMAIL_ONLY = "critical-email-only", "A critical alert has e-mail alone, which is suspended above ten messages a second and can be unsubscribed with one click.";
    CRITICAL_EMAIL_SHARED = "critical-email-shared", "A critical alert shares an e-mail destination with lower risks, whose bursts can suspend it.";
    DATA_EVENT = "data-event", "A data event reaches EventBridge only where a trail's selectors ask for it.";
    DESTINATION_UNUSED = "destination-unused", "No alert is sent to a destination.";
    DESTINATION_WITHOUT_SUBSCRIBERS = "destination-without-subscribers", "A destination lists nobody, so nobody is known to hear.";
    EMAIL_CONFIRMATIONS = "email-confirmations", "E-mail in more than three places: each account and region has its own topic, which asks each address to confirm.";
    EXCEPTION_EXPIRED = "exception-expired", "The `until` of an exception or of a trust in a trail has passed; it no longer applies.";
    EXCEPTION_EXPIRES_SOON = "exception-expires-soon", "The `until` of an exception or of a trust in a trail is at most 14 days away.";
    HUB_TOPIC = "hub-topic", "With a hub, `{account}` and `{region}` in `topic_arn` stand for the hub's, so that no other place's topic is sent to.";
    LEGACY_EVENT = "legacy-event", "The call concerns a retired AWS feature and can hardly succeed today.";
    NUMBER_BEYOND_5E9 = "number-beyond-5e9", "A number is compared that is beyond 5,000,000,000: AWS's user guide says that EventBridge does not compare it.";
    NUMBER_SPELLING = "number-spelling", "A number to be equal to has a fraction or an exponent that changes nothing: EventBridge compares what numbers are worth.";
    SIGN_IN_REGIONS = "sign-in-regions", "Sign-ins land in regions that the blueprint does not cover.";
    TEXT_TO_MACHINE = "text-to-machine", "A queue, function or web address receives text that is made for people.";
    UNCHECKED_KNOWN = "unchecked-known", "The catalogue knows an event that is marked `unchecked`.";
}

codes! {
    /// What ctguard did on the user's behalf.
    NOTES:
    EVENT_RENAMED = "event-renamed", "CloudTrail logs the call under another name, which was taken.";
}

/// Every code with its meaning, in one line.
pub const ALL_CODES: &[(Code, &str)] = &{
    let mut all = [("", ""); ERRORS.len() + LINTS.len() + NOTES.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < ERRORS.len() {
            ERRORS[at]
        } else if at < ERRORS.len() + LINTS.len() {
            LINTS[at - ERRORS.len()]
        } else {
            NOTES[at - ERRORS.len() - LINTS.len()]
        };
        at += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let unique: BTreeSet<Code> = ALL_CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(unique.len(), ALL_CODES.len());
        for (code, meaning) in ALL_CODES {
            assert!(
                code.split('-').all(|word| !word.is_empty()
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())),
                "{code}"
            );
            assert!(meaning.ends_with('.'), "{code}: {meaning}");
        }
    }

    #[test]
    fn every_code_is_documented_and_nothing_else_is() {
        let page = include_str!("../../../../docs/diagnostics.md");
        let documented: BTreeSet<&str> =
            page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
        let listed: BTreeSet<&str> = ALL_CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(documented, listed);
    }

    #[test]
    fn every_listed_code_is_reported_somewhere() {
        let mut code = String::new();
        let mut folders = vec![std::path::PathBuf::from("src/blueprint")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().is_some_and(|name| name != "codes.rs") {
                    code.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let own = include_str!("codes.rs");
        for (name, _) in own.lines().filter_map(|line| line.trim().split_once(" = \"")) {
            if name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
                assert!(code.contains(&format!("codes::{name}")), "{name} is never reported");
            }
        }
    }
}
