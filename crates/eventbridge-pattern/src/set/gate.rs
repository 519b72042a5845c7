//! Telling from a few keys that a record cannot match.
//!
//! Of each way to match one field is chosen that must be there, such as `eventName`, and a second one where there is
//! one that tells more: of a thousand rules many may be on one call, each for another principal. A record is let
//! through when it has the first field of some way, as that way wants it, and the second field of some way, unless
//! the first belongs to a way that has no second. How fields are found, and why it is certain that one that is not
//! found is not there, is told in [`super::sieve`].

use super::sieve::{Seen, Sieve, Wanted};
use super::test::{Test, exact_text};
use crate::{Matcher, TextKind};
use memchr::memmem::find;
use serde_json::Value;

/// Keys that nearly every record has: looking for one tells nothing, its value may.
const USUAL: [&str; 22] = [
    "accessKeyId",
    "accountId",
    "arn",
    "awsRegion",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "managementEvent",
    "principalId",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "sourceIPAddress",
    "type",
    "userAgent",
    "userIdentity",
    "userName",
];

/// What a record must have at least one of.
#[derive(Default)]
pub(super) struct Gate {
    first: Sieve,
    second: Sieve,
    open: bool,
}

/// A field that must be there, and what about it.
struct Choice<'c> {
    rank: u8,
    key: &'c str,
    matchers: Option<&'c [Matcher]>,
    source: bool,
}

impl Gate {
    /// A gate that lets everything through.
    pub(super) fn open(&mut self) {
        *self = Self { open: true, ..Self::default() };
    }

    /// Lets through whatever may meet all of these conditions.
    pub(super) fn admit(&mut self, conditions: &[(&str, &[Matcher])]) {
        if self.open {
            return;
        }
        let choices = || conditions.iter().filter_map(|(path, matchers)| choice(path, matchers));
        let Some(first) = choices().min_by_key(|choice| choice.rank) else {
            return self.open();
        };
        let second = choices().filter_map(|choice| Some((choice.second(&first)?, choice)));
        let second = second.min_by_key(|(rank, _)| *rank).map(|(_, choice)| choice.wanted());
        let second = second.is_some_and(|second| self.second.admit(second, Seen::Whole));
        let seen = if second { Seen::Half } else { Seen::Whole };
        if !self.first.admit(first.wanted(), seen) {
            self.open();
        }
    }

    /// Must be called when all is admitted.
    pub(super) fn finish(&mut self) {
        self.first.finish();
        self.second.finish();
    }

    /// Whether the record may match. `false` is certain.
    pub(super) fn lets_through(&self, record: &[u8]) -> bool {
        let seen = || match self.first.look(record) {
            Seen::Nothing => false,
            Seen::Half => self.second.look(record) == Seen::Whole,
            Seen::Whole => true,
        };
        self.open
            || seen()
            // Most records have no backslash, which is looked for faster than two bytes.
            || memchr::memchr(b'\\', record).is_some_and(|at| find(&record[at..], b"\\u").is_some())
    }
}

impl<'c> Choice<'c> {
    /// Its rank as a second field beside the first; `None` when it tells nothing more, or is too dear to look at.
    fn second(&self, first: &Self) -> Option<(bool, u8)> {
        let of_call = ["eventName", "eventSource"].contains(&self.key);
        let matchers = self.matchers.filter(|_| !of_call && self.key != first.key)?;
        let exact = matchers.iter().all(|matcher| exact_text(matcher).is_some());
        let literal =
            |matcher| Test::of(matcher).is_some_and(|test| test.literal().len() >= LITERAL_MIN);
        let known = |matcher| exact_text(matcher).is_some() || literal(matcher);
        matchers.iter().all(known).then_some((!exact, self.rank))
    }

    fn wanted(&self) -> Wanted<'c> {
        let Self { key, matchers, source, .. } = *self;
        Wanted { key, matchers, source }
    }
}

/// The shortest literal by which a wildcard is worth looking for.
const LITERAL_MIN: usize = 3;

fn choice<'c>(path: &'c str, matchers: &'c [Matcher]) -> Option<Choice<'c>> {
    if matchers.iter().any(Matcher::accepts_absent) {
        return None;
    }
    let texts_only = matchers.iter().all(|matcher| {
        matches!(matcher, Matcher::Exact(Value::String(_)) | Matcher::Text(_) | Matcher::Cidr(_))
    });
    if path == "source" {
        // The source of Insights is not made from `eventSource`.
        let told = |text| text != crate::cloudtrail::INSIGHT_SOURCE;
        let known = matchers.iter().all(|matcher| exact_text(matcher).is_some_and(told));
        return known.then_some(Choice {
            rank: 3,
            key: "eventSource",
            matchers: Some(matchers),
            source: true,
        });
    }
    let key = path.strip_prefix("detail.")?;
    let key = key.rsplit('.').next().unwrap_or(key);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':');
    if key.is_empty() || !key.bytes().all(plain) {
        return None;
    }
    let wide = matchers.iter().any(|matcher| match matcher {
        Matcher::Text(test) => test.text.is_empty() || test.kind == TextKind::Wildcard,
        _ => false,
    });
    let (rank, valued) = match key {
        "eventName" if texts_only => (0, true),
        _ if !texts_only && USUAL.contains(&key) => return None,
        _ if !texts_only => (2, false),
        "eventSource" => (3, true),
        _ if wide && USUAL.contains(&key) => (4, true),
        _ => (1, true),
    };
    Some(Choice { rank, key, matchers: valued.then_some(matchers), source: false })
}
