//! Whether an operator can take what stands in a field.

use super::scenario::{Possible, Values};
use super::texts::Texts;
use eventbridge_pattern::{Excluded, Matcher, TextKind};
use serde_json::Value;
use std::net::IpAddr;

/// Whether a record of what is possible has something that the operator takes.
///
/// `null` is never held to be impossible: CloudTrail writes it in many places.
pub(super) fn fits(possible: &Possible, matcher: &Matcher) -> bool {
    let nothing = matches!(possible.values, Values::Nothing | Values::Object);
    match matcher {
        Matcher::Exists(false) => possible.absent || possible.values == Values::Object,
        Matcher::Exists(true) => !nothing,
        Matcher::Exact(Value::Null) => possible.values != Values::Nothing,
        _ if nothing => false,
        matcher => takes(&possible.values, matcher),
    }
}

fn takes(values: &Values, matcher: &Matcher) -> bool {
    match values {
        Values::Nothing | Values::Object => false,
        Values::Any => true,
        Values::Exactly(all) => all.iter().any(|value| matcher.accepts(value)),
        Values::Number => takes_a_number(matcher),
        Values::AnyText => takes_a_text(&[Texts::anything()], false, matcher),
        Values::Texts(texts) => takes_a_text(texts, false, matcher),
        Values::Addresses(texts) => takes_a_text(texts, true, matcher),
    }
}

fn takes_a_number(matcher: &Matcher) -> bool {
    match matcher {
        Matcher::Exact(Value::Number(_)) | Matcher::Digits(_) | Matcher::Numeric(_) => true,
        // An address takes a number by its digits.
        Matcher::Exact(Value::String(text)) => text.parse::<IpAddr>().is_ok(),
        Matcher::Cidr(_) | Matcher::AnythingBut(_) => true,
        _ => false,
    }
}

fn takes_a_text(texts: &[Texts], addresses: bool, matcher: &Matcher) -> bool {
    match matcher {
        Matcher::AnythingBut(excluded) => !excludes_all(texts, excluded),
        Matcher::Cidr(_) => addresses,
        matcher => Texts::taken_by(matcher)
            .is_some_and(|taken| texts.iter().any(|texts| texts.meets(&taken))),
    }
}

/// Whether nothing is left of some texts: each of them begins, or ends, with what is
/// excluded.
fn excludes_all(texts: &[Texts], excluded: &Excluded) -> bool {
    let Excluded::Texts { kind, texts: out } = excluded else { return false };
    let begins = |beginning: &str| {
        let all = texts.iter().map(Texts::beginning);
        texts.iter().all(|texts| !texts.has(""))
            && all.into_iter().all(|own| own.starts_with(beginning))
    };
    let ends =
        |ending: &str| texts.iter().all(|texts| !texts.has("") && texts.ending().ends_with(ending));
    match kind {
        TextKind::Suffix => out.iter().any(|text| ends(text)),
        TextKind::Prefix => out.iter().any(|text| begins(text)),
        TextKind::Wildcard => out.iter().any(|text| match text.strip_suffix('*') {
            Some(beginning) => !beginning.contains(['*', '\\']) && begins(beginning),
            None => false,
        }),
        _ => false,
    }
}

/// Whether operators take whatever is possible.
pub(super) fn takes_all(possible: &Possible, matchers: &[Matcher]) -> bool {
    if possible.absent && !matchers.iter().any(Matcher::accepts_absent) {
        return false;
    }
    let exists = matchers.contains(&Matcher::Exists(true)) || complementary(matchers);
    let anything = [Texts::anything()];
    match &possible.values {
        Values::Nothing => true,
        Values::Exactly(all) => {
            all.iter().all(|value| matchers.iter().any(|matcher| matcher.accepts(value)))
        }
        Values::Texts(all) | Values::Addresses(all) => {
            exists || all.iter().all(|one| matchers.iter().any(|matcher| takes_each(one, matcher)))
        }
        Values::AnyText => {
            exists || matchers.iter().any(|matcher| takes_each(&anything[0], matcher))
        }
        Values::Number | Values::Any => exists,
        Values::Object => false,
    }
}

/// Whether one operator takes all values but some, and others take each of those.
fn complementary(matchers: &[Matcher]) -> bool {
    let left_out = |excluded: &Excluded| {
        match excluded {
        Excluded::Values(values) => {
            values.iter().all(|value| matchers.iter().any(|one| one.accepts(value)))
        }
        Excluded::Texts { kind, texts } => texts.iter().all(|text| {
            let same = |one: &Matcher| {
                matches!(one, Matcher::Text(test) if test.kind == *kind && test.text == *text)
            };
            matchers.iter().any(same)
        }),
    }
    };
    matchers.iter().any(|one| matches!(one, Matcher::AnythingBut(all) if left_out(all)))
}

/// Whether an operator takes every text of a set, by its beginning or its end.
fn takes_each(texts: &Texts, matcher: &Matcher) -> bool {
    let Matcher::Text(test) = matcher else { return false };
    match test.kind {
        TextKind::Prefix => texts.beginning().starts_with(&test.text),
        TextKind::Suffix => texts.ending().ends_with(&test.text),
        TextKind::Wildcard => texts.are_taken_by_wildcard(&test.text),
        _ => false,
    }
}
