//! One operator on a text, made ready.

use crate::address::{self, Span};
use crate::text::pieces;
use crate::{Excluded, Matcher, TextKind, TextTest};
use memchr::memmem::Finder;
use serde_json::Value;
use std::collections::HashSet;

/// What a text must be; decides as [`Matcher::accepts`] does for a text.
pub(super) enum Test {
    Always,
    Prefix(String),
    Suffix(String),
    Wildcard(Wildcard),
    /// Case does not count, and the text has ASCII alone.
    AnyCase(TextKind, String),
    /// A test that is made as it stands.
    Plain(TextTest),
    Addresses(Span),
    Equal(String),
    /// None of these.
    NoneOf(HashSet<String>),
    /// Passes none of these.
    Not(Vec<Test>),
}

/// Literal texts with anything between them.
pub(super) struct Wildcard {
    first: String,
    between: Vec<Finder<'static>>,
    last: String,
}

impl Test {
    /// The test that a matcher makes of a text. `None` when it takes no text, or only one text, which is looked
    /// up and not tested: see [`exact_text`].
    pub(super) fn of(matcher: &Matcher) -> Option<Self> {
        match matcher {
            Matcher::Exact(Value::String(_)) | Matcher::Cidr(_) => {
                matcher.span().map(Self::Addresses)
            }
            Matcher::Exact(_)
            | Matcher::Digits(_)
            | Matcher::Numeric(_)
            | Matcher::Exists(false) => None,
            Matcher::Exists(true) => Some(Self::Always),
            Matcher::Text(TextTest { kind: TextKind::Exactly, .. }) => None,
            Matcher::Text(test) => Some(Self::of_text(test)),
            Matcher::AnythingBut(Excluded::Values(values)) => {
                let texts = values.iter().filter_map(Value::as_str).map(str::to_owned);
                Some(Self::NoneOf(texts.collect()))
            }
            Matcher::AnythingBut(Excluded::Texts { kind, texts }) => Some(Self::Not(
                texts
                    .iter()
                    .map(|text| Self::of_text(&TextTest { kind: *kind, text: text.clone() }))
                    .collect(),
            )),
        }
    }

    fn of_text(test: &TextTest) -> Self {
        let text = || test.text.clone();
        match test.kind {
            TextKind::Wildcard => Self::of_wildcard(&test.text),
            TextKind::Exactly => Self::Equal(text()),
            TextKind::IgnoreCaseButFirst => Self::Plain(test.clone()),
            // A quote may be one of those around the value.
            _ if test.text.contains('"') => Self::Plain(test.clone()),
            TextKind::Prefix => Self::Prefix(text()),
            TextKind::Suffix => Self::Suffix(text()),
            kind if test.text.is_ascii() => Self::AnyCase(kind, text()),
            _ => Self::Plain(test.clone()),
        }
    }

    fn of_wildcard(text: &str) -> Self {
        let mut pieces = pieces(text);
        let last = pieces.pop().unwrap_or_default();
        if pieces.is_empty() {
            return Self::Equal(last);
        }
        let first = pieces.remove(0);
        if pieces.is_empty() && last.is_empty() {
            return Self::Prefix(first);
        }
        if pieces.is_empty() && first.is_empty() {
            return Self::Suffix(last);
        }
        let between = pieces.iter().map(|piece| Finder::new(piece.as_bytes()).into_owned());
        Self::Wildcard(Wildcard { first, between: between.collect(), last })
    }

    pub(super) fn passes(&self, value: &str) -> bool {
        match self {
            Self::Always => true,
            Self::Prefix(text) => value.starts_with(text.as_str()),
            Self::Suffix(text) => value.ends_with(text.as_str()),
            Self::Wildcard(wildcard) => wildcard.passes(value.as_bytes()),
            Self::AnyCase(kind, text) => any_case(*kind, text.as_bytes(), value.as_bytes()),
            Self::Plain(test) => test.passes(value),
            Self::Addresses(span) => span.takes_text(value),
            Self::Equal(text) => value == text,
            Self::NoneOf(texts) => !texts.contains(value),
            Self::Not(tests) => !tests.iter().any(|test| test.passes(value)),
        }
    }

    /// How every value that passes begins, if that is known.
    pub(super) fn start(&self) -> Option<&[u8]> {
        match self {
            Self::Prefix(text) | Self::Equal(text) => Some(text.as_bytes()),
            Self::Wildcard(wildcard) => Some(wildcard.first.as_bytes()),
            _ => None,
        }
    }

    /// A text that must stand in every value that passes; empty when there is none.
    pub(super) fn literal(&self) -> &[u8] {
        match self {
            Self::Prefix(text) | Self::Suffix(text) | Self::Equal(text) => text.as_bytes(),
            Self::Wildcard(wildcard) => wildcard.literal(),
            _ => b"",
        }
    }
}

impl Wildcard {
    fn passes(&self, value: &[u8]) -> bool {
        // Checked from both ends first; what is left must have the rest in order, each where it first occurs.
        if value.len() < self.first.len() + self.last.len()
            || !value.starts_with(self.first.as_bytes())
            || !value.ends_with(self.last.as_bytes())
        {
            return false;
        }
        let mut rest = &value[self.first.len()..value.len() - self.last.len()];
        for piece in &self.between {
            let Some(at) = piece.find(rest) else {
                return false;
            };
            rest = &rest[at + piece.needle().len()..];
        }
        true
    }

    fn literal(&self) -> &[u8] {
        let ends = [self.first.as_bytes(), self.last.as_bytes()];
        let pieces = self.between.iter().map(Finder::needle).chain(ends);
        pieces.max_by_key(|piece| piece.len()).unwrap_or_default()
    }
}

/// The one text that a matcher takes, unless it takes other spellings of it too.
pub(super) fn exact_text(matcher: &Matcher) -> Option<&str> {
    match matcher {
        Matcher::Exact(Value::String(text)) if address::parse(text).is_none() => Some(text),
        Matcher::Text(TextTest { kind: TextKind::Exactly, text }) => Some(text),
        _ => None,
    }
}

/// Whether a matcher may take a number.
pub(super) fn takes_numbers(matcher: &Matcher) -> bool {
    match matcher {
        Matcher::Exact(Value::Number(_)) | Matcher::Digits(_) | Matcher::Numeric(_) => true,
        Matcher::AnythingBut(_) => true,
        // By its digits.
        other => other.span().is_some(),
    }
}

/// As [`TextKind::passes`] for a text of ASCII: its letters take no others.
fn any_case(kind: TextKind, text: &[u8], value: &[u8]) -> bool {
    let part = match kind {
        TextKind::PrefixIgnoreCase => value.get(..text.len()),
        TextKind::SuffixIgnoreCase => {
            value.len().checked_sub(text.len()).and_then(|from| value.get(from..))
        }
        _ => Some(value),
    };
    part.is_some_and(|part| part.eq_ignore_ascii_case(text))
}
