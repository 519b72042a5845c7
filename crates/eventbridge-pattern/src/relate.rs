//! How two operators relate: whether one takes everything that the other takes, or nothing of it.
//!
//! Both answers err on the side of "not shown": `true` is a proof, `false` is not.

use super::number::Number;
use super::text::{Cases, folded, pieces, rest_after, rest_before};
use super::tree::Tree;
use super::{Excluded, Matcher, TextKind, TextTest};
use serde_json::Value;
use std::borrow::Cow;

/// Whether every value (and the missing field) that `narrow` takes, `wide` takes too.
pub fn implies(narrow: &Matcher, wide: &Matcher) -> bool {
    if narrow == wide {
        return true;
    }
    // An address has many spellings, and it takes what else begins with its digits.
    if let (Some(narrow), Some(wide)) = (narrow.span(), wide.span()) {
        return narrow.within(wide);
    }
    match (narrow, wide) {
        (Matcher::Exists(_), Matcher::Exists(_)) | (_, Matcher::Exists(false)) => false,
        (Matcher::Exists(false), _) => false,
        (_, Matcher::Exists(true)) => true,
        (Matcher::AnythingBut(narrow), Matcher::AnythingBut(wide)) => {
            // Whatever the wide one leaves out, the narrow one must leave out too.
            wide.matchers()
                .iter()
                .all(|out| narrow.matchers().iter().any(|other| implies(out, other)))
        }
        (narrow, Matcher::AnythingBut(wide)) => {
            wide.matchers().iter().all(|out| disjoint(narrow, out))
        }
        (narrow, _) if narrow.span().is_some() => false,
        (Matcher::Exact(value), wide) => wide.accepts(value),
        (Matcher::Digits(digits), wide) => takes_digits(wide, digits),
        (Matcher::Text(narrow), wide) if narrow.kind == TextKind::Exactly => {
            wide.takes(&Tree::Text(Cow::Borrowed(&narrow.text)))
        }
        (Matcher::Text(narrow), Matcher::Text(wide)) => text_implies(narrow, wide),
        (Matcher::Numeric(narrow), Matcher::Numeric(wide)) => narrow.within(wide),
        // What is left is everything but single values, which no range, block or test holds.
        _ => false,
    }
}

/// Whether no value is taken by both.
pub fn disjoint(a: &Matcher, b: &Matcher) -> bool {
    use Matcher::{AnythingBut, Digits, Exact, Exists, Numeric, Text};
    if let (Some(a), Some(b)) = (a.span(), b.span()) {
        return a.apart(b);
    }
    match (a, b) {
        (Exists(false), Exists(false)) => false,
        (Exists(false), _) | (_, Exists(false)) => true,
        (Exists(true), _) | (_, Exists(true)) => false,
        (AnythingBut(out), other) | (other, AnythingBut(out)) => {
            out.matchers().iter().any(|out| implies(other, out))
        }
        (Digits(digits), other) | (other, Digits(digits)) => !takes_digits(other, digits),
        (Text(test), other) | (other, Text(test)) if test.kind == TextKind::Exactly => {
            !other.takes(&Tree::Text(Cow::Borrowed(&test.text)))
        }
        (span, Text(test)) | (Text(test), span) if span.span().is_some() => is_no_address(test),
        // It takes a number by its text, and an equal number may have another.
        (span, Exact(value)) | (Exact(value), span) if span.span().is_some() => {
            !value.is_number() && !span.accepts(value)
        }
        (span, _) | (_, span) if span.span().is_some() => false,
        (Exact(value), other) | (other, Exact(value)) => !other.accepts(value),
        (Numeric(a), Numeric(b)) => a.intersection(b).is_empty(),
        (Numeric(_), _) | (_, Numeric(_)) => true,
        (Text(a), Text(b)) => texts_disjoint(a, b),
        (Matcher::Cidr(_), _) | (_, Matcher::Cidr(_)) => false,
    }
}

/// Whether a number that is compared as it is written is taken.
fn takes_digits(matcher: &Matcher, digits: &str) -> bool {
    matcher.takes(&Tree::Number(Number::Text(Cow::Borrowed(digits))))
}

/// Whether a test has a character in it that stands in no address.
fn is_no_address(test: &TextTest) -> bool {
    let texts = match test.kind {
        TextKind::Wildcard => pieces(&test.text),
        // A quote at either end may be one of those around the value.
        _ => vec![test.text.trim_matches('"').to_owned()],
    };
    let in_address = |form: &str| form.bytes().all(|b| b.is_ascii_hexdigit() || b".:".contains(&b));
    let foreign = |c: char| {
        let (lower, upper) = (c.to_lowercase().to_string(), c.to_uppercase().to_string());
        ![c.to_string(), lower, upper].iter().any(|form| in_address(form))
    };
    texts.iter().any(|text| text.chars().any(foreign))
}

fn text_implies(narrow: &TextTest, wide: &TextTest) -> bool {
    use TextKind::{
        Exactly, IgnoreCase, Prefix, PrefixIgnoreCase, Suffix, SuffixIgnoreCase, Wildcard,
    };
    let (n, w) = (narrow.text.as_str(), wide.text.as_str());
    match (narrow.kind, wide.kind) {
        // Every string begins and ends with nothing.
        (_, Prefix | Suffix | PrefixIgnoreCase | SuffixIgnoreCase) if w.is_empty() => true,
        (Prefix, Prefix) => n.starts_with(w),
        (Suffix, Suffix) => n.ends_with(w),
        // A quote at the end of a prefix is the one that closes the value: nothing need follow it.
        (Prefix, PrefixIgnoreCase) => rest_after(w, n).is_some(),
        (Suffix, SuffixIgnoreCase) => rest_before(w, n).is_some(),
        (IgnoreCase | PrefixIgnoreCase, PrefixIgnoreCase) => cases_imply(n, w, false),
        (IgnoreCase | SuffixIgnoreCase, SuffixIgnoreCase) => cases_imply(n, w, true),
        (IgnoreCase, IgnoreCase) => {
            n.chars().count() == w.chars().count() && cases_imply(n, w, false)
        }
        (Prefix, Wildcard) => {
            w.ends_with('*') && !w.ends_with("\\*") && !n.ends_with('"') && wide.passes(n)
        }
        (Suffix, Wildcard) => w.starts_with('*') && !n.starts_with('"') && wide.passes(n),
        (Wildcard, kind) => {
            let pieces = pieces(n);
            let (first, last) = (pieces.first(), pieces.last());
            match kind {
                Prefix => first.is_some_and(|first| first.starts_with(w)),
                Suffix => last.is_some_and(|last| last.ends_with(w)),
                PrefixIgnoreCase => first.is_some_and(|first| rest_after(w, first).is_some()),
                SuffixIgnoreCase => last.is_some_and(|last| rest_before(w, last).is_some()),
                IgnoreCase => pieces.len() == 1 && wide.passes(&pieces[0]),
                TextKind::IgnoreCaseButFirst => false,
                Wildcard | Exactly => pieces.len() == 1 && wide.passes(&pieces[0]),
            }
        }
        _ => false,
    }
}

/// Whether every form of a text in any case begins, or ends, with a form of another.
fn cases_imply(narrow: &str, wide: &str, at_the_end: bool) -> bool {
    let (Some(mut narrow), Some(mut wide)) = (Cases::of(narrow), Cases::of(wide)) else {
        return false;
    };
    if at_the_end {
        narrow.reverse();
        wide.reverse();
    }
    narrow.len() >= wide.len() && narrow.iter().zip(&wide).all(|(narrow, wide)| narrow.within(wide))
}

fn texts_disjoint(a: &TextTest, b: &TextTest) -> bool {
    let starts = |test: &TextTest| match test.kind {
        // A quote at its end may be the one that closes the value.
        TextKind::Prefix | TextKind::PrefixIgnoreCase => {
            Some(folded(test.text.strip_suffix('"').unwrap_or(&test.text)))
        }
        TextKind::IgnoreCase | TextKind::Exactly => Some(folded(&test.text)),
        TextKind::Wildcard => pieces(&test.text).first().map(|first| folded(first)),
        TextKind::Suffix | TextKind::SuffixIgnoreCase | TextKind::IgnoreCaseButFirst => None,
    };
    let ends = |test: &TextTest| match test.kind {
        TextKind::Suffix | TextKind::SuffixIgnoreCase => {
            Some(folded(test.text.strip_prefix('"').unwrap_or(&test.text)))
        }
        TextKind::IgnoreCase | TextKind::Exactly => Some(folded(&test.text)),
        TextKind::Wildcard => pieces(&test.text).last().map(|last| folded(last)),
        TextKind::Prefix | TextKind::PrefixIgnoreCase | TextKind::IgnoreCaseButFirst => None,
    };
    let differ_at_start =
        starts(a).zip(starts(b)).is_some_and(|(a, b)| !a.starts_with(&b) && !b.starts_with(&a));
    let differ_at_end =
        ends(a).zip(ends(b)).is_some_and(|(a, b)| !a.ends_with(&b) && !b.ends_with(&a));
    let cased = |test: &TextTest| matches!(test.kind, TextKind::Prefix | TextKind::Suffix);
    let plainly = a.kind == b.kind
        && cased(a)
        && match a.kind {
            TextKind::Prefix => !a.text.starts_with(&b.text) && !b.text.starts_with(&a.text),
            _ => !a.text.ends_with(&b.text) && !b.text.ends_with(&a.text),
        };
    differ_at_start || differ_at_end || plainly
}

/// Whether a list of operators takes everything that one operator takes.
pub fn list_implies(narrow: &Matcher, wide: &[&Matcher]) -> bool {
    let everything =
        || wide.contains(&&Matcher::Exists(false)) && wide.contains(&&Matcher::Exists(true));
    wide.iter().any(|wide| implies(narrow, wide)) || everything()
}

impl Excluded {
    /// The same with repeats removed and in a fixed order.
    pub fn sorted(&self) -> Self {
        match self {
            Self::Values(values) => {
                let mut values = values.clone();
                values.sort_by_key(Value::to_string);
                values.dedup();
                Self::Values(values)
            }
            Self::Texts { kind, texts } => {
                let mut texts = texts.clone();
                texts.sort();
                texts.dedup();
                Self::Texts { kind: *kind, texts }
            }
        }
    }
}
