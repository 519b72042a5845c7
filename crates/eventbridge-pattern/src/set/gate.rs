//! Telling from a few keys that a record cannot match.
//!
//! Of each way to match one field is chosen that must be there, such as `eventName`. Its key, if it is written
//! without escapes, ends in `eventName"`: a quote inside of a JSON string has a backslash before it, so that these
//! bytes are found wherever the key is, however deep. A key of the same name elsewhere, or the same bytes at the
//! end of a value, only let a record through that does not match. What stands after a key is compared with what the
//! patterns want there; whatever is not plainly a string that none of them wants lets the record through. So does
//! any `\u` in the record, which is the only way to write a letter of a key otherwise.
//!
//! All keys are looked for in one pass: their last letters before a quote are marked in 64 bytes at a time, and only
//! what stands there is compared with the keys.

use super::hash::Set;
use super::start::Start;
use super::test::{Test, exact_text, takes_numbers};
use crate::skim::{ENDS_MAX, Ends, past_space, string_end};
use crate::{Matcher, TextKind};
use memchr::memmem::find;
use serde_json::Value;

/// The fields that are looked for; more than a few cost more than reading the record.
const KEYS_MAX: usize = ENDS_MAX;

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
pub(super) struct Gate {
    keys: Vec<Key>,
    /// Where keys may end.
    ends: Ends,
    open: bool,
}

struct Key {
    name: String,
    /// Any value will do.
    any: bool,
    texts: Set,
    tests: Vec<Test>,
    /// How wanted texts begin, where that is known.
    start: Option<Start>,
    /// Whether a number may be wanted: addresses take some by their digits.
    numbers: bool,
}

/// A field that must be there, and what about it.
struct Choice<'c> {
    rank: u8,
    key: &'c str,
    matchers: Option<&'c [Matcher]>,
    source: bool,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { keys: Vec::new(), ends: Ends::of(&[]), open: false }
    }

    /// A gate that lets everything through.
    pub(super) fn open(&mut self) {
        self.open = true;
        self.keys.clear();
    }

    /// Lets through whatever may meet all of these conditions.
    pub(super) fn admit(&mut self, conditions: &[(&str, &[Matcher])]) {
        if self.open {
            return;
        }
        let choices = conditions.iter().filter_map(|(path, matchers)| choice(path, matchers));
        let Some(choice) = choices.min_by_key(|choice| choice.rank) else {
            return self.open();
        };
        let at = match self.keys.iter().position(|key| key.name == choice.key) {
            Some(at) => at,
            None if self.keys.len() == KEYS_MAX => return self.open(),
            None => {
                self.keys.push(Key::new(choice.key));
                self.keys.len() - 1
            }
        };
        self.keys[at].admit(&choice);
    }

    /// Must be called when all is admitted.
    pub(super) fn finish(&mut self) {
        self.keys.iter_mut().for_each(Key::finish);
        let names: Vec<&[u8]> = self.keys.iter().map(|key| key.name.as_bytes()).collect();
        self.ends = Ends::of(&names);
    }

    /// Whether the record may match. `false` is certain.
    pub(super) fn lets_through(&self, record: &[u8]) -> bool {
        self.open
            || self.ends.any(record, |number, quote| self.keys[number].wants_after(record, quote))
            // Most records have no backslash, which is looked for faster than two bytes.
            || memchr::memchr(b'\\', record).is_some_and(|at| find(&record[at..], b"\\u").is_some())
    }
}

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

impl Key {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            any: false,
            texts: Set::default(),
            tests: Vec::new(),
            start: None,
            numbers: false,
        }
    }

    fn finish(&mut self) {
        let of_tests = self.tests.iter().map(Test::start);
        self.start = Start::of(self.texts.iter().map(|text| Some(&**text)).chain(of_tests));
    }

    fn admit(&mut self, choice: &Choice<'_>) {
        let Some(matchers) = choice.matchers else {
            self.any = true;
            return;
        };
        for matcher in matchers {
            self.numbers |= takes_numbers(matcher);
            if let Some(text) = exact_text(matcher) {
                if choice.source {
                    // Made from the name of a service, with its domain or without.
                    if let Some(service) = text.strip_prefix("aws.") {
                        self.texts.insert(service.as_bytes().into());
                        let domain = crate::cloudtrail::SERVICE_DOMAIN;
                        self.texts.insert(format!("{service}{domain}").into_bytes().into());
                    }
                } else {
                    self.texts.insert(text.as_bytes().into());
                }
            } else if let Some(test) = Test::of(matcher) {
                self.tests.push(test);
            }
        }
    }

    /// Whether the key ends at this quote, as its last bytes do, and has a value that is wanted.
    fn wants_after(&self, record: &[u8], quote: usize) -> bool {
        if !record[..quote].ends_with(self.name.as_bytes()) {
            return false;
        }
        let colon = past_space(record, quote + 1);
        if record.get(colon) != Some(&b':') {
            return false;
        }
        self.any || self.wants(record, past_space(record, colon + 1))
    }

    fn wants(&self, record: &[u8], at: usize) -> bool {
        match record.get(at) {
            // What is written without a backslash there begins as it is written; other escapes than `\u` write
            // what no start has in it.
            Some(b'"')
                if self.start.as_ref().is_some_and(|start| !start.may(&record[at + 1..])) =>
            {
                false
            }
            Some(b'"') => match string_end(record, at) {
                Some((end, false)) => self.takes(&record[at + 1..end]),
                _ => true,
            },
            // Words and objects are no texts, and numbers seldom wanted. In a list there may be one, and whatever else stands there is
            // not JSON, which its reader will tell.
            Some(b'-' | b'0'..=b'9') => self.numbers,
            Some(b'{' | b't' | b'f' | b'n') => false,
            _ => true,
        }
    }

    fn takes(&self, text: &[u8]) -> bool {
        self.texts.contains(text)
            || (!self.tests.is_empty()
                && std::str::from_utf8(text)
                    .map_or(true, |text| self.tests.iter().any(|test| test.passes(text))))
    }
}
