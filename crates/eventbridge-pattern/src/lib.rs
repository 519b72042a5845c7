#![doc = include_str!("../README.md")]
//!
//! # Where to look
//!
//! | question | answer |
//! |---|---|
//! | is this JSON a pattern that EventBridge takes | [`Pattern::parse`] |
//! | the pattern as JSON, the same bytes every time | [`Pattern::to_json`] |
//! | does an event match | [`Pattern::matches`] |
//! | which fields keep an event from matching | [`Filter::mismatches`] |
//! | does one pattern match every event that another one matches | [`Pattern::coverage_of`] |
//! | "all of these and none of those" as one list of operators | [`combine`] |
//! | which alternatives of a `$or` AWS's matcher loses, and how to write them so that it keeps them | [`ruler`] |
//! | what EventBridge would refuse, lose or misread in a pattern | [`check`] |
//! | whether the wildcards of a pattern are too complex for EventBridge | [`complexity`] |
//! | which of two operators takes everything that the other takes | [`relate`] |
//! | which of many patterns match, from an event's text | [`set`] |
//! | the event that EventBridge makes of a CloudTrail record | [`cloudtrail`] |
//! | the records of CloudTrail's log files | `archive` (feature `cloudtrail`) |
//! | generated conditions and events for property tests | `samples` (feature `proptest`) |
//!
//! Types of [`serde_json`] and [`ipnet`] are part of this interface.

#![deny(missing_docs)]

pub mod address;
mod alternatives;
#[cfg(feature = "cloudtrail")]
pub mod archive;
pub mod beside;
pub mod check;
pub mod cloudtrail;
pub mod combine;
pub mod complexity;
mod coverage;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod laws;
pub mod letters;
mod matches;
mod number;
mod parse;
mod print;
pub mod relate;
pub mod ruler;
#[cfg(any(test, feature = "proptest"))]
pub mod samples;
pub mod set;
mod skim;
mod strict;
mod text;
mod tree;
mod why;

pub use alternatives::Conditions;
pub use number::{Bound, NUMBER_LIMIT, NumericRange};
pub use parse::OPERATORS;
pub use text::{TextKind, TextTest, is_caseless};
pub use tree::Event;
pub use why::Mismatch;

use address::Span;
use ipnet::IpNet;
use number::Number;
use serde_json::Value;
use tree::Tree;

/// Most combinations that the `$or` lists of one pattern may multiply to.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
pub const OR_COMBINATIONS_MAX: usize = 1_000;

/// An event pattern as EventBridge takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The condition that it puts on an event.
    pub filter: Filter,
}

/// A condition on an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every one must hold.
    All(Vec<Filter>),
    /// One must hold (`$or`).
    Any(Vec<Filter>),
    /// The field at a dotted path matches one of these.
    Field {
        /// Dotted, from the event's top level: `detail.userIdentity.type`.
        path: String,
        /// The operators, one of which must take the field.
        matchers: Vec<Matcher>,
    },
}

/// One operator on one field, as AWS writes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// This string, number, `true`, `false` or `null`. A string that is an address takes every way to write it,
    /// and what else begins with its digits: see [`address`].
    Exact(Value),
    /// A number that is compared as it is written, since it is not the decimal of a double.
    Digits(String),
    /// A string that passes a test: `exactly`, `prefix`, `suffix`, `equals-ignore-case`, `wildcard`.
    Text(TextTest),
    /// A value other than these; the field must be there.
    AnythingBut(Excluded),
    /// A number in a range.
    Numeric(NumericRange),
    /// A string that is an address in this block, from the block's first to its last; and what else begins with
    /// such digits: see [`address`].
    Cidr(IpNet),
    /// A value, whatever it is; or none.
    Exists(bool),
}

/// What `anything-but` leaves out.
#[derive(Debug, Clone, PartialEq)]
pub enum Excluded {
    /// Strings only, or numbers only.
    Values(Vec<Value>),
    /// Strings that pass one of these tests of one kind
    /// (prefix, suffix, `equals-ignore-case` or wildcard).
    Texts {
        /// The test.
        kind: TextKind,
        /// What strings are tested with.
        texts: Vec<String>,
    },
}

/// A pattern that EventBridge would refuse, or that would never match as written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", if path.is_empty() { String::new() } else { format!(" (at `{path}`)") })]
pub struct PatternError {
    /// Dotted path of the field, empty for the whole pattern.
    pub path: String,
    /// What is wrong there, as a lowercase sentence without a full stop.
    pub message: String,
}

/// How one pattern, the live one, relates to another, the desired one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// They match the same events.
    Equal,
    /// The live one is shown to match every event that the desired one matches, and perhaps more.
    Wider,
    /// Nothing of that is shown: events may be missed.
    NotShown,
}

impl Pattern {
    /// Reads AWS's JSON, refusing what EventBridge refuses.
    ///
    /// # Errors
    /// On anything that EventBridge would not take, and on what it takes but reads otherwise than
    /// it looks: keys that stand twice (the last one silently wins there) and a `$or` that is none.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        parse::pattern(text)
    }

    /// Prints AWS's JSON: minified, keys in a fixed order.
    pub fn to_json(&self) -> String {
        print::json(&self.filter)
    }

    /// Whether EventBridge would match the event (the whole envelope) with this pattern.
    ///
    /// That is not always what the pattern says: alternatives that EventBridge loses ([`ruler`]) match nothing.
    /// [`Filter::matches`] decides by what is written.
    ///
    /// A [`Value`] has the last of equal keys only, and of a number a double: where the text of the event is at
    /// hand, [`Pattern::matches_event`] decides it as EventBridge does.
    pub fn matches(&self, event: &Value) -> bool {
        self.decides(|filter| filter.matches(event))
    }

    /// Whether this pattern matches an event that was read from its text.
    pub fn matches_event(&self, event: &Event<'_>) -> bool {
        self.decides(|filter| filter.matches_event(event))
    }

    fn decides(&self, holds: impl Fn(&Filter) -> bool) -> bool {
        let said = holds(&self.filter);
        // EventBridge takes more than is said only where case is ignored; most events are taken by nothing.
        if !said && !self.filter.ignores_case() {
            return false;
        }
        ruler::kept(&self.filter).map_or(said, |kept| holds(&kept))
    }

    /// Says how `self`, the live pattern, relates to `desired`.
    ///
    /// Of the live one counts what EventBridge really matches ([`Pattern::matches`]), of the desired one what is
    /// written ([`Filter::matches`]): somebody wants every event that it names.
    pub fn coverage_of(&self, desired: &Pattern) -> Coverage {
        coverage::relation(self, desired)
    }

    /// Whether a `wildcard` operator stands in it: few rules of a bus may have one.
    pub fn has_wildcard(&self) -> bool {
        self.filter.matchers().any(|matcher| match matcher {
            Matcher::Text(test) => test.kind == TextKind::Wildcard,
            Matcher::AnythingBut(Excluded::Texts { kind, .. }) => *kind == TextKind::Wildcard,
            _ => false,
        })
    }
}

/// Whether a `wildcard` operator stands in the text of a pattern.
///
/// The pattern may have operators that this crate does not know, so its text is searched as JSON: a
/// matcher is an object in a list.
pub fn text_has_wildcard(text: &str) -> bool {
    fn in_matcher(value: &Value) -> bool {
        value.as_object().is_some_and(|operators| {
            operators.iter().any(|(name, operand)| name == "wildcard" || in_matcher(operand))
        })
    }
    fn in_fields(value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(name, value)| match value {
                Value::Array(either) if name == "$or" => either.iter().any(in_fields),
                Value::Array(matchers) => matchers.iter().any(in_matcher),
                other => in_fields(other),
            }),
            _ => false,
        }
    }
    serde_json::from_str(text).is_ok_and(|pattern: Value| in_fields(&pattern))
}

impl Filter {
    /// Reads a condition whose keys are dotted paths and whose values are EventBridge operators,
    /// verbatim.
    ///
    /// # Errors
    /// As for [`Pattern::parse`], and on a CIDR block with bits beyond its length, which a pattern may have but
    /// nobody means. A bare value in place of a list is an error that says so.
    pub fn parse(value: &Value) -> Result<Self, PatternError> {
        parse::filter(value)
    }

    /// Whether the condition holds for an event. Paths start at the event's top level.
    pub fn matches(&self, event: &Value) -> bool {
        matches::holds(self, &Tree::from(event))
    }

    /// The same for an event that was read from its text.
    pub fn matches_event(&self, event: &Event<'_>) -> bool {
        matches::holds(self, &event.0)
    }

    /// The same condition on fields below `prefix`: `below("detail")` turns `eventName` into
    /// `detail.eventName`.
    pub fn below(&self, prefix: &str) -> Self {
        let members = |filters: &[Filter]| filters.iter().map(|f| f.below(prefix)).collect();
        match self {
            Self::All(filters) => Self::All(members(filters)),
            Self::Any(filters) => Self::Any(members(filters)),
            Self::Field { path, matchers } => {
                Self::Field { path: format!("{prefix}.{path}"), matchers: matchers.clone() }
            }
        }
    }

    /// The paths it looks at, in order of writing, with repeats.
    pub fn paths(&self) -> Vec<&str> {
        self.fields().into_iter().map(|(path, _)| path).collect()
    }

    /// Exact numbers that are whole but written with a fraction, such as `300.0`, each with its path.
    ///
    /// They take `300` as well. AWS's user guide says otherwise, and a reader may expect either.
    pub fn odd_numbers(&self) -> Vec<(&str, &Value)> {
        fn values(matcher: &Matcher) -> &[Value] {
            match matcher {
                Matcher::Exact(value) => std::slice::from_ref(value),
                Matcher::AnythingBut(Excluded::Values(values)) => values,
                _ => &[],
            }
        }
        let odd = |value: &&Value| {
            value.is_f64() && value.as_f64().is_some_and(|number| number.fract() == 0.0)
        };
        let fields = self.fields().into_iter();
        fields
            .flat_map(|(path, matchers)| {
                matchers.iter().flat_map(values).filter(odd).map(move |value| (path, value))
            })
            .collect()
    }

    /// Operands of `numeric`, and numbers in `anything-but`, that are beyond ±5·10⁹ ([`NUMBER_LIMIT`]), each with its
    /// path. EventBridge compares them if it runs on a version from 2024-09 or later of its library; AWS's user
    /// guide still says that it does not.
    pub fn wide_numbers(&self) -> Vec<(&str, f64)> {
        fn numbers(matcher: &Matcher) -> Vec<f64> {
            match matcher {
                Matcher::Numeric(range) if range.low == range.high => {
                    range.low.iter().map(|end| end.at).collect()
                }
                Matcher::Numeric(range) => {
                    [range.low, range.high].iter().flatten().map(|end| end.at).collect()
                }
                Matcher::AnythingBut(Excluded::Values(values)) => {
                    values.iter().filter_map(Value::as_f64).collect()
                }
                _ => Vec::new(),
            }
        }
        let of_field = |(path, matchers): (_, &[Matcher])| {
            let wide = matchers.iter().flat_map(numbers).filter(|at| at.abs() > NUMBER_LIMIT);
            wide.map(|at| (path, at)).collect::<Vec<_>>()
        };
        self.fields().into_iter().flat_map(of_field).collect()
    }

    /// The address blocks that it asks for, each with its path.
    pub fn blocks(&self) -> Vec<(&str, &IpNet)> {
        let fields = self.fields().into_iter();
        fields
            .flat_map(|(path, matchers)| matchers.iter().map(move |matcher| (path, matcher)))
            .filter_map(|(path, matcher)| match matcher {
                Matcher::Cidr(block) => Some((path, block)),
                _ => None,
            })
            .collect()
    }

    fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        self.fields().into_iter().flat_map(|(_, matchers)| matchers)
    }

    fn fields(&self) -> Vec<(&str, &[Matcher])> {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                filters.iter().flat_map(Self::fields).collect()
            }
            Self::Field { path, matchers } => vec![(path.as_str(), matchers.as_slice())],
        }
    }
}

impl Matcher {
    /// An exact string.
    pub fn exact(text: impl Into<String>) -> Self {
        Self::Exact(Value::String(text.into()))
    }

    /// What `anything-but` a value leaves out: a string as it is, never as an address.
    fn excluded(value: &Value) -> Self {
        match value {
            Value::String(text) if address::parse(text).is_some() => {
                Self::Text(TextTest { kind: TextKind::Exactly, text: text.clone() })
            }
            other => Self::Exact(other.clone()),
        }
    }

    /// Strings that begin with `text`.
    pub fn prefix(text: impl Into<String>) -> Self {
        Self::Text(TextTest { kind: TextKind::Prefix, text: text.into() })
    }

    /// Whether it takes this value: a leaf of an event, never an object or an array.
    pub fn accepts(&self, leaf: &Value) -> bool {
        self.takes(&Tree::from(leaf))
    }

    fn takes(&self, leaf: &Tree<'_>) -> bool {
        match (self, leaf) {
            (Self::Exact(Value::String(text)), leaf) => match address::parse(text) {
                Some(address) => in_span(Span::of_address(address), leaf),
                None => leaf.as_text() == Some(text),
            },
            (Self::Exact(value), leaf) => equal(value, leaf),
            (Self::Digits(digits), Tree::Number(number)) => number.text() == digits.as_str(),
            (Self::Text(test), Tree::Text(text)) => test.passes(text),
            (Self::AnythingBut(excluded), leaf) => !excluded.contains(leaf),
            (Self::Numeric(range), Tree::Number(number)) => {
                number.worth().is_some_and(|number| range.contains(number))
            }
            (Self::Cidr(block), leaf) => in_span(Span::of_block(block), leaf),
            (Self::Exists(present), _) => *present,
            (Self::Digits(_) | Self::Text(_) | Self::Numeric(_), _) => false,
        }
    }

    /// What it takes, if it is a block or an address.
    fn span(&self) -> Option<Span> {
        match self {
            Self::Exact(Value::String(text)) => address::parse(text).map(Span::of_address),
            Self::Cidr(block) => Some(Span::of_block(block)),
            _ => None,
        }
    }

    /// Whether it takes a field that is not there.
    pub fn accepts_absent(&self) -> bool {
        *self == Self::Exists(false)
    }
}

impl Excluded {
    fn contains(&self, leaf: &Tree<'_>) -> bool {
        match self {
            Self::Values(values) => values.iter().any(|value| equal(value, leaf)),
            Self::Texts { kind, texts } => {
                leaf.as_text().is_some_and(|leaf| texts.iter().any(|text| kind.passes(text, leaf)))
            }
        }
    }

    /// The operators whose values are left out, one by one.
    fn matchers(&self) -> Vec<Matcher> {
        match self {
            Self::Values(values) => values.iter().map(Matcher::excluded).collect(),
            Self::Texts { kind, texts } => texts
                .iter()
                .map(|text| Matcher::Text(TextTest { kind: *kind, text: text.clone() }))
                .collect(),
        }
    }
}

fn in_span(span: Span, leaf: &Tree<'_>) -> bool {
    match leaf {
        Tree::Text(text) => span.takes_text(text),
        Tree::Number(number) => span.takes_number(&number.text()),
        _ => false,
    }
}

/// Whether a value is this leaf: numbers by what they are worth, texts as they are.
fn equal(value: &Value, leaf: &Tree<'_>) -> bool {
    match (value, leaf) {
        (Value::Number(value), Tree::Number(leaf)) => {
            let value = Number::Json(value);
            match (value.worth(), leaf.worth()) {
                (Some(value), Some(leaf)) => value == leaf,
                (None, None) => value.text() == leaf.text(),
                _ => false,
            }
        }
        (Value::String(value), Tree::Text(leaf)) => value == leaf,
        (Value::Bool(value), Tree::Bool(leaf)) => value == leaf,
        (Value::Null, Tree::Null) => true,
        _ => false,
    }
}

impl PatternError {
    fn new(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into() }
    }
}
