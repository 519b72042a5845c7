//! One operator on a text, made ready.

use crate::text::{folded, pieces};
use crate::{Excluded, Matcher, TextKind, TextTest, address};
use ipnet::IpNet;
use memchr::memmem::Finder;
use serde_json::Value;
use std::collections::HashSet;

/// What a text must be; decides as [`Matcher::accepts`] does for a text.
pub(super) enum Test {
    Always,
    Prefix(String),
    Suffix(String),
    Wildcard(Wildcard),
    /// Case does not count; the text is folded and has this form.
    Folded(TextKind, String),
    Block(IpNet),
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
            Matcher::Exact(Value::String(text)) => address::single(text).map(Self::Block),
            Matcher::Exact(_) | Matcher::Numeric(_) | Matcher::Exists(false) => None,
            Matcher::Exists(true) => Some(Self::Always),
            Matcher::Text(test) => Some(Self::of_text(test)),
            Matcher::Cidr(block) => Some(Self::Block(*block)),
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
            TextKind::Prefix => Self::Prefix(text()),
            TextKind::Suffix => Self::Suffix(text()),
            TextKind::Wildcard => Self::of_wildcard(&test.text),
            kind => Self::Folded(kind, folded(&test.text)),
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
            Self::Folded(kind, text) => folds_to(*kind, text, value),
            Self::Block(block) => address::contains(block, value),
            Self::Equal(text) => value == text,
            Self::NoneOf(texts) => !texts.contains(value),
            Self::Not(tests) => !tests.iter().any(|test| test.passes(value)),
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
        Matcher::Exact(Value::String(text)) if address::single(text).is_none() => Some(text),
        _ => None,
    }
}

/// As [`TextKind::passes`]; the operator's text is folded already.
fn folds_to(kind: TextKind, text: &str, value: &str) -> bool {
    if !value.is_ascii() || !text.is_ascii() {
        let value = folded(value);
        return match kind {
            TextKind::PrefixIgnoreCase => value.starts_with(text),
            TextKind::SuffixIgnoreCase => value.ends_with(text),
            _ => value == text,
        };
    }
    let (value, text) = (value.as_bytes(), text.as_bytes());
    let part = match kind {
        TextKind::PrefixIgnoreCase => value.get(..text.len()),
        TextKind::SuffixIgnoreCase => {
            value.len().checked_sub(text.len()).and_then(|from| value.get(from..))
        }
        _ => Some(value),
    };
    part.is_some_and(|part| part.eq_ignore_ascii_case(text))
}
