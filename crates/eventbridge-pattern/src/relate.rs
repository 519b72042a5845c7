//! How two operators relate: whether one takes everything that the other takes, or nothing of it.
//!
//! Both answers err on the side of "not shown": `true` is a proof, `false` is not.

use super::text::{folded, pieces};
use super::{Excluded, Matcher, TextKind, TextTest, address};
use serde_json::Value;

/// Whether every value (and the missing field) that `narrow` takes, `wide` takes too.
pub fn implies(narrow: &Matcher, wide: &Matcher) -> bool {
    if narrow == wide {
        return true;
    }
    match (narrow, wide) {
        (Matcher::Exists(_), Matcher::Exists(_)) | (_, Matcher::Exists(false)) => false,
        (Matcher::Exists(false), _) => false,
        (_, Matcher::Exists(true)) => true,
        (Matcher::Exact(value), wide) if has_spellings(value) => {
            matches!(wide, Matcher::Cidr(_)) && wide.accepts(value)
        }
        (Matcher::Exact(value), wide) => wide.accepts(value),
        (Matcher::Text(narrow), Matcher::Text(wide)) => text_implies(narrow, wide),
        (Matcher::Numeric(narrow), Matcher::Numeric(wide)) => narrow.within(wide),
        (Matcher::Cidr(narrow), Matcher::Cidr(wide)) => address::within(narrow, wide),
        (Matcher::AnythingBut(narrow), Matcher::AnythingBut(wide)) => {
            // Whatever the wide one leaves out, the narrow one must leave out too.
            wide.matchers()
                .iter()
                .all(|out| narrow.matchers().iter().any(|other| implies(out, other)))
        }
        (narrow, Matcher::AnythingBut(wide)) => {
            wide.matchers().iter().all(|out| disjoint(narrow, out))
        }
        // What is left is everything but single values, which no range, block or test holds.
        _ => false,
    }
}

/// Whether no value is taken by both.
pub fn disjoint(a: &Matcher, b: &Matcher) -> bool {
    use Matcher::{AnythingBut, Cidr, Exact, Exists, Numeric, Text};
    match (a, b) {
        (Exists(false), Exists(false)) => false,
        (Exists(false), _) | (_, Exists(false)) => true,
        (Exists(true), _) | (_, Exists(true)) => false,
        (Exact(value), Text(_) | AnythingBut(_)) | (Text(_) | AnythingBut(_), Exact(value))
            if has_spellings(value) =>
        {
            false
        }
        (Exact(value), other) | (other, Exact(value)) => !other.accepts(value),
        (AnythingBut(out), other) | (other, AnythingBut(out)) => {
            out.matchers().iter().any(|out| implies(other, out))
        }
        (Numeric(a), Numeric(b)) => a.intersection(b).is_empty(),
        (Numeric(_), _) | (_, Numeric(_)) => true,
        (Cidr(a), Cidr(b)) => address::apart(a, b),
        (Text(a), Text(b)) => texts_disjoint(a, b),
        (Cidr(_), Text(_)) | (Text(_), Cidr(_)) => false,
    }
}

/// Whether a value stands for other texts too: an IPv6 address, which can be written in many ways. What a test of
/// texts says of one spelling it need not say of the others.
fn has_spellings(value: &Value) -> bool {
    value.as_str().and_then(address::single).is_some_and(|block| block.addr().is_ipv6())
}

fn text_implies(narrow: &TextTest, wide: &TextTest) -> bool {
    use TextKind::{IgnoreCase, Prefix, PrefixIgnoreCase, Suffix, SuffixIgnoreCase, Wildcard};
    let (n, w) = (narrow.text.as_str(), wide.text.as_str());
    match (narrow.kind, wide.kind) {
        // Every string begins and ends with nothing.
        (_, Prefix | Suffix | PrefixIgnoreCase | SuffixIgnoreCase) if w.is_empty() => true,
        (Prefix, Prefix) => n.starts_with(w),
        (Suffix, Suffix) => n.ends_with(w),
        (Prefix | IgnoreCase | PrefixIgnoreCase, PrefixIgnoreCase) => {
            folded(n).starts_with(&folded(w))
        }
        (Suffix | IgnoreCase | SuffixIgnoreCase, SuffixIgnoreCase) => {
            folded(n).ends_with(&folded(w))
        }
        (IgnoreCase, IgnoreCase) => folded(n) == folded(w),
        (Prefix, Wildcard) => w.ends_with('*') && !w.ends_with("\\*") && wide.passes(n),
        (Suffix, Wildcard) => w.starts_with('*') && wide.passes(n),
        (Wildcard, kind) => {
            let pieces = pieces(n);
            let (first, last) = (pieces.first(), pieces.last());
            match kind {
                Prefix => first.is_some_and(|first| first.starts_with(w)),
                Suffix => last.is_some_and(|last| last.ends_with(w)),
                PrefixIgnoreCase => first.is_some_and(|f| folded(f).starts_with(&folded(w))),
                SuffixIgnoreCase => last.is_some_and(|l| folded(l).ends_with(&folded(w))),
                IgnoreCase => pieces.len() == 1 && wide.passes(&pieces[0]),
                Wildcard => pieces.len() == 1 && wide.passes(&pieces[0]),
            }
        }
        _ => false,
    }
}

fn texts_disjoint(a: &TextTest, b: &TextTest) -> bool {
    let starts = |test: &TextTest| match test.kind {
        TextKind::Prefix | TextKind::PrefixIgnoreCase | TextKind::IgnoreCase => {
            Some(folded(&test.text))
        }
        TextKind::Wildcard => pieces(&test.text).first().map(|first| folded(first)),
        TextKind::Suffix | TextKind::SuffixIgnoreCase => None,
    };
    let ends = |test: &TextTest| match test.kind {
        TextKind::Suffix | TextKind::SuffixIgnoreCase | TextKind::IgnoreCase => {
            Some(folded(&test.text))
        }
        TextKind::Wildcard => pieces(&test.text).last().map(|last| folded(last)),
        TextKind::Prefix | TextKind::PrefixIgnoreCase => None,
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
