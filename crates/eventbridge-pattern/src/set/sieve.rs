//! Looking for a few keys and their values, wherever in a record they stand.
//!
//! A key that is written without escapes ends in its name and a quote, such as `eventName"`: a quote inside of a JSON
//! string has a backslash before it, so that these bytes are found wherever the key is, however deep. A key of the
//! same name elsewhere, or the same bytes at the end of a value, only let a record through that does not match. What
//! stands after a key is compared with what is wanted there; whatever is not plainly a string that nobody wants
//! counts as wanted. So must any `\u` in the record, which is the only way to write a letter of a key otherwise: that
//! is left to the caller.
//!
//! All keys are looked for in one pass: their last letters before a quote are marked in 64 bytes at a time, and only
//! what stands there is compared with the keys.

use super::hash::Map;
use super::index::TOGETHER_MIN;
use super::start::Start;
use super::test::{Test, exact_text, takes_numbers};
use crate::Matcher;
use crate::skim::{Ends, past_space, string_end};
use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

/// How much of what somebody wants was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seen {
    Nothing,
    /// Something else must be there, too.
    Half,
    Whole,
}

/// A key, and the values that are wanted: any without matchers.
pub(super) struct Wanted<'c> {
    pub key: &'c str,
    pub matchers: Option<&'c [Matcher]>,
    /// Whether it is the source of the event that is wanted, and the key is that of the service.
    pub source: bool,
}

/// Keys with the values that are wanted.
#[derive(Default)]
pub(super) struct Sieve {
    keys: Vec<Key>,
    /// Where keys may end, which has room for a few only: more would cost more than reading the record.
    ends: Ends,
}

struct Key {
    name: String,
    /// Any value will do.
    any: bool,
    texts: Map<Seen>,
    /// How values may begin, in order; none begins with another.
    prefixes: Vec<String>,
    /// How many bytes all of these have in common.
    common: usize,
    tests: Vec<Test>,
    /// Texts of which each value has one that passes a test.
    literals: Vec<Literals>,
    /// How wanted texts begin, where that is known.
    start: Option<Start>,
    /// Whether a number may be wanted: addresses take some by their digits.
    numbers: bool,
}

/// Texts of which one is looked for: first what all of them begin with, which may be nothing.
struct Literals {
    common: Finder<'static>,
    search: AhoCorasick,
}

/// The shortest beginning that is worth looking for before all others, and how many such are.
const COMMON_MIN: usize = 4;
const COMMON_MAX: usize = 2;

impl Sieve {
    /// Adds what is wanted, and how much of it is seen with one of its texts; `false` when there is no room.
    pub(super) fn admit(&mut self, wanted: Wanted<'_>, seen: Seen) -> bool {
        let at = match self.keys.iter().position(|key| key.name == wanted.key) {
            Some(at) => at,
            None if !self.ends.add(wanted.key.as_bytes()) => return false,
            None => {
                self.keys.push(Key::new(wanted.key));
                self.keys.len() - 1
            }
        };
        self.keys[at].admit(&wanted, seen);
        true
    }

    /// Must be called when all is admitted.
    pub(super) fn finish(&mut self) {
        self.keys.iter_mut().for_each(Key::finish);
    }

    /// The most that is seen at one place.
    pub(super) fn look(&self, record: &[u8]) -> Seen {
        let mut most = Seen::Nothing;
        self.ends.any(record, |number, quote| {
            most = most.max(self.keys[number].seen_after(record, quote));
            most == Seen::Whole
        });
        most
    }
}

impl Key {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            any: false,
            texts: Map::default(),
            prefixes: Vec::new(),
            common: 0,
            tests: Vec::new(),
            literals: Vec::new(),
            start: None,
            numbers: false,
        }
    }

    fn finish(&mut self) {
        self.prefixes.sort_unstable();
        self.prefixes.dedup_by(|longer, text| longer.starts_with(&**text));
        // In order, all begin with what the first and the last have in common.
        let ends = self.prefixes.first().zip(self.prefixes.last());
        self.common = ends.map_or(0, |(first, last)| shared(first.as_bytes(), last.as_bytes()));
        let prefixes = self.prefixes.iter().map(|text| Some(text.as_bytes()));
        let of_tests = self.tests.iter().map(Test::start);
        let texts = self.texts.keys().map(|text| Some(&**text));
        self.start = Start::of(texts.chain(prefixes).chain(of_tests));
        let literals: Vec<&[u8]> = self.tests.iter().map(Test::literal).collect();
        if literals.len() >= TOGETHER_MIN && literals.iter().all(|text| !text.is_empty()) {
            self.literals = Literals::of(literals);
        }
    }

    fn admit(&mut self, wanted: &Wanted<'_>, seen: Seen) {
        let Some(matchers) = wanted.matchers else {
            self.any = true;
            return;
        };
        for matcher in matchers {
            self.numbers |= takes_numbers(matcher);
            if let Some(text) = exact_text(matcher) {
                if wanted.source {
                    // Made from the name of a service, with its domain or without.
                    if let Some(service) = text.strip_prefix("aws.") {
                        let domain = crate::cloudtrail::SERVICE_DOMAIN;
                        self.text(service, seen);
                        self.text(&format!("{service}{domain}"), seen);
                    }
                } else {
                    self.text(text, seen);
                }
            } else {
                match Test::of(matcher) {
                    Some(Test::Prefix(text)) => self.prefixes.push(text),
                    Some(test) => self.tests.push(test),
                    None => {}
                }
            }
        }
    }

    fn text(&mut self, text: &str, seen: Seen) {
        let known = self.texts.entry(text.as_bytes().into()).or_insert(seen);
        *known = seen.max(*known);
    }

    /// What is seen if the key ends at this quote, as its last bytes do.
    fn seen_after(&self, record: &[u8], quote: usize) -> Seen {
        let colon = past_space(record, quote + 1);
        if record.get(colon) != Some(&b':') || !record[..quote].ends_with(self.name.as_bytes()) {
            Seen::Nothing
        } else if self.any {
            Seen::Whole
        } else {
            self.seen(record, past_space(record, colon + 1))
        }
    }

    fn seen(&self, record: &[u8], at: usize) -> Seen {
        match record.get(at) {
            // What is written without a backslash there begins as it is written; other escapes than `\u` write
            // what no start has in it.
            Some(b'"')
                if self.start.as_ref().is_some_and(|start| !start.may(&record[at + 1..])) =>
            {
                Seen::Nothing
            }
            Some(b'"') => match string_end(record, at) {
                Some((end, false)) => self.seen_in(&record[at + 1..end]),
                _ => Seen::Whole,
            },
            // Words and objects are no texts, and numbers seldom wanted. In a list there may be one, and whatever
            // else stands there is not JSON, which its reader will tell.
            Some(b'-' | b'0'..=b'9') if !self.numbers => Seen::Nothing,
            Some(b'{' | b't' | b'f' | b'n') => Seen::Nothing,
            _ => Seen::Whole,
        }
    }

    fn seen_in(&self, text: &[u8]) -> Seen {
        let seen = self.texts.get(text).copied().unwrap_or(Seen::Nothing);
        if seen < Seen::Whole && self.passes(text) { Seen::Whole } else { seen }
    }

    /// Whether one of the prefixes is how the text begins.
    fn begins(&self, text: &[u8]) -> bool {
        let Some(first) = self.prefixes.first() else {
            return false;
        };
        if !text.starts_with(&first.as_bytes()[..self.common]) {
            return false;
        }
        // Of what stands before the text in order only the last can be how it begins.
        let before = self.prefixes.partition_point(|prefix| prefix.as_bytes() <= text);
        let prefix = before.checked_sub(1).map(|at| self.prefixes[at].as_bytes());
        prefix.is_some_and(|prefix| text.starts_with(prefix))
    }

    /// Whether one of the prefixes is there, or one of the tests is passed.
    fn passes(&self, text: &[u8]) -> bool {
        if self.begins(text) {
            return true;
        }
        let found = self.literals.is_empty() || self.literals.iter().any(|all| all.are_in(text));
        if self.tests.is_empty() || !found {
            return false;
        }
        let passes = |text| self.tests.iter().any(|test| test.passes(text));
        std::str::from_utf8(text).map_or(true, passes)
    }
}

impl Literals {
    /// The texts by how they begin, or together when that differs too much.
    fn of(mut texts: Vec<&[u8]>) -> Vec<Self> {
        texts.sort_unstable();
        let alike = |a: &&[u8], b: &&[u8]| shared(a, b) >= COMMON_MIN;
        let groups: Vec<&[&[u8]]> = texts.chunk_by(alike).collect();
        let made: Option<Vec<Self>> = if groups.len() <= COMMON_MAX {
            groups.into_iter().map(Self::new).collect()
        } else {
            Self::new(&texts).map(|all| vec![all])
        };
        made.unwrap_or_default()
    }

    /// Of texts in order.
    fn new(texts: &[&[u8]]) -> Option<Self> {
        let (first, last) = (texts.first()?, texts.last()?);
        let common = Finder::new(&first[..shared(first, last)]).into_owned();
        Some(Self { common, search: search(texts.iter().copied())? })
    }

    /// Whether one of them is in the text.
    fn are_in(&self, text: &[u8]) -> bool {
        self.common.find(text).is_some_and(|at| self.search.is_match(&text[at..]))
    }
}

/// How many bytes two texts begin with alike.
fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// A search for some texts at once, in short values.
pub(super) fn search<'t>(literals: impl Iterator<Item = &'t [u8]> + Clone) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .kind(Some(aho_corasick::AhoCorasickKind::DFA))
        // Values are short: looking for rare bytes first costs more than it saves.
        .prefilter(false)
        .build(literals.clone())
        .or_else(|_| AhoCorasick::new(literals))
        .ok()
}
