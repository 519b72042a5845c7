//! Combines lists of operators on one field: all of these lists and none of those operators.
//!
//! A pattern has one list of operators per field, and EventBridge reads the list as "or". So an "and"
//! or a "not" must be worked into the operators themselves. [`combine`] does that, or says why
//! no list of operators is exactly that.
//!
//! ```
//! use eventbridge_pattern::Matcher;
//! use eventbridge_pattern::combine::{Holds, combine};
//!
//! let events = [Matcher::prefix("Delete"), Matcher::prefix("Put")];
//! let except = [Matcher::prefix("PutMetric")];
//! // A prefix less a longer prefix has no operator.
//! assert!(combine(&[&events], &except, Holds::Anything).is_err());
//!
//! // "Not this one" alone has: `anything-but`, or the field is not there.
//! let list = combine(&[], &except, Holds::Anything)?;
//! let values: Vec<_> = list.iter().map(Matcher::to_value).collect();
//! assert_eq!(
//!     serde_json::json!(values),
//!     serde_json::json!([{"anything-but": {"prefix": "PutMetric"}}, {"exists": false}])
//! );
//! # Ok::<(), eventbridge_pattern::combine::NotCombinable>(())
//! ```
//!
//!
//! | not | becomes |
//! |---|---|
//! | strings; prefixes; suffixes; ignore-case | one `anything-but`, or the field is missing |
//! | a mix of the first three and wildcards | one `anything-but` with wildcards, or missing |
//! | numbers | `anything-but` numbers, or missing |
//! | ranges, true, false, null | the other ranges, every string, the other constants, or missing |
//! | addresses | `anything-but` their spellings, or missing; on an address field only |
//! | `anything-but` | what it leaves out, or missing |
//! | present, missing | missing, present |
//!
//! EventBridge takes operators of any kind side by side in one list, `exists` among them.
//! Numbers that it compares as texts only, since no double holds them, are the one value that the fourth row misses.
//! Blocks are meant as their families have them: `not` leaves out no address of the other family.

use super::number::Number;
use super::relate::{disjoint, implies};
use super::text::{escaped, is_caseless};
use super::{Excluded, Matcher, NumericRange, TextKind, TextTest, address};
use ipnet::IpNet;
use serde_json::Value;

/// What kind of value a field holds, where that decides what can be said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Any value.
    Anything,
    /// An address, a service's DNS name or a few words: CloudTrail's `sourceIPAddress`.
    Address,
}

/// Why no list of operators takes exactly what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotCombinable(pub String);

/// Makes one list of operators that takes every value that each list of `all_of` takes and no
/// operator of `none_of` takes.
///
/// The list is empty when no value is left. A missing field counts as a value here: without
/// `all_of`, the list takes everything that `none_of` does not take, the missing field included.
///
/// # Errors
/// When no list of EventBridge's operators takes exactly these values.
pub fn combine(
    all_of: &[&[Matcher]],
    none_of: &[Matcher],
    holds: Holds,
) -> Result<Vec<Matcher>, NotCombinable> {
    all_without(all_of, none_of, holds).map_err(NotCombinable)
}

fn all_without(
    all_of: &[&[Matcher]],
    none_of: &[Matcher],
    holds: Holds,
) -> Result<Vec<Matcher>, String> {
    let Some((first, others)) = all_of.split_first() else {
        return negated(none_of, holds);
    };
    let mut list = first.to_vec();
    for other in others {
        list = both(&list, other)?;
    }
    if none_of.is_empty() { Ok(list) } else { without(&list, none_of, holds) }
}

fn both(a: &[Matcher], b: &[Matcher]) -> Result<Vec<Matcher>, String> {
    let mut list = Vec::new();
    for (a, b) in a.iter().flat_map(|a| b.iter().map(move |b| (a, b))) {
        let shared = if implies(a, b) {
            a.clone()
        } else if implies(b, a) {
            b.clone()
        } else if disjoint(a, b) {
            continue;
        } else {
            match (a, b) {
                (Matcher::Numeric(a), Matcher::Numeric(b)) => Matcher::Numeric(a.intersection(b)),
                (Matcher::AnythingBut(a), Matcher::AnythingBut(b)) => {
                    Matcher::AnythingBut(excluded([a.matchers(), b.matchers()].concat())?)
                }
                _ => return Err("two conditions on it cannot be merged into one".into()),
            }
        };
        if !list.contains(&shared) {
            list.push(shared);
        }
    }
    Ok(list)
}

fn without(list: &[Matcher], none_of: &[Matcher], holds: Holds) -> Result<Vec<Matcher>, String> {
    let mut left = Vec::new();
    for matcher in list {
        let out: Vec<&Matcher> = none_of.iter().filter(|out| !disjoint(matcher, out)).collect();
        if out.is_empty() {
            left.push(matcher.clone());
        } else if !out.iter().any(|out| implies(matcher, out)) {
            left.extend(less(matcher, &out, holds)?);
        }
    }
    Ok(left)
}

/// One operator less others that it overlaps, none of which takes all of it.
fn less(matcher: &Matcher, out: &[&Matcher], holds: Holds) -> Result<Vec<Matcher>, String> {
    let others = || out.iter().map(|out| (*out).clone());
    let present = |list: Vec<Matcher>| list.into_iter().filter(|m| !m.accepts_absent()).collect();
    match matcher {
        Matcher::Exists(_) => Ok(present(negated(&others().collect::<Vec<_>>(), holds)?)),
        Matcher::AnythingBut(excluded) => {
            let all: Vec<Matcher> = excluded.matchers().into_iter().chain(others()).collect();
            Ok(present(negated(&all, holds)?))
        }
        Matcher::Numeric(range) => {
            let mut ranges = vec![*range];
            for out in out.iter().filter_map(|out| numeric(out)) {
                ranges = ranges.iter().flat_map(|range| range.without(&out)).collect();
            }
            match out.iter().all(|out| numeric(out).is_some()) {
                true => Ok(ranges.into_iter().map(Matcher::Numeric).collect()),
                false => Err("a range of numbers less other values has no operator".into()),
            }
        }
        Matcher::Cidr(block) => {
            let blocks = blocks_less(block.trunc(), out)?;
            Ok(blocks.into_iter().map(address::matcher).collect())
        }
        _ => Err("a condition less an exception on the same field has no operator".into()),
    }
}

/// A block less blocks and addresses that it overlaps.
fn blocks_less(block: IpNet, out: &[&Matcher]) -> Result<Vec<IpNet>, String> {
    let mut blocks = vec![block];
    for out in out {
        let part = match out {
            Matcher::Cidr(part) => Some(part.trunc()),
            Matcher::Exact(Value::String(text)) => address::single(text),
            _ => None,
        };
        let part = part.ok_or("addresses less other values have no operator")?;
        if part.addr().is_ipv4() != block.addr().is_ipv4() {
            return Err(format!(
                "{block} takes addresses of the other family, too, and {part} is of these"
            ));
        }
        let less = |block: &IpNet| match block.contains(&part) {
            true => address::without(block, &part),
            false if part.contains(block) => Vec::new(),
            false => vec![*block],
        };
        blocks = blocks.iter().flat_map(less).collect();
    }
    Ok(blocks)
}

/// Everything that no operator of the list takes.
fn negated(list: &[Matcher], holds: Holds) -> Result<Vec<Matcher>, String> {
    let takes_absent = list.contains(&Matcher::Exists(false));
    if list.contains(&Matcher::Exists(true)) {
        return Ok(if takes_absent { Vec::new() } else { vec![Matcher::Exists(false)] });
    }
    let list: Vec<&Matcher> = list.iter().filter(|matcher| !matcher.accepts_absent()).collect();
    let mut result = if list.is_empty() {
        vec![Matcher::Exists(true)]
    } else if let Some(at) = list.iter().position(|m| matches!(m, Matcher::AnythingBut(_))) {
        let inside = match list[at] {
            Matcher::AnythingBut(excluded) => excluded.matchers(),
            _ => Vec::new(),
        };
        let others: Vec<Matcher> = list
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, matcher)| (*matcher).clone())
            .collect();
        without(&inside, &others, holds)?
    } else {
        other_values(&list, holds)?
    };
    if !takes_absent {
        result.push(Matcher::Exists(false));
    }
    Ok(result)
}

/// The values that none of these operators takes, all of which take some value only.
fn other_values(list: &[&Matcher], holds: Holds) -> Result<Vec<Matcher>, String> {
    let mut texts = Vec::new();
    for matcher in list {
        match matcher {
            Matcher::Cidr(block) => {
                if holds != Holds::Address {
                    return Err("an address block can be excepted on `sourceIPAddress` only, \
                                since elsewhere any text may stand"
                        .into());
                }
                let spelled = address::spellings(&block.trunc()).ok_or_else(|| {
                    format!(
                        "the addresses of {block} have no exact spelling; name smaller or \
                         larger blocks, IPv6 ones with a length divisible by 16"
                    )
                })?;
                texts.extend(spelled);
            }
            Matcher::Text(_) | Matcher::Exact(Value::String(_)) => texts.push((*matcher).clone()),
            _ => {}
        }
    }
    let is_text = |m: &Matcher| {
        matches!(m, Matcher::Cidr(_) | Matcher::Text(_) | Matcher::Exact(Value::String(_)))
    };
    let rest: Vec<&Matcher> = list.iter().copied().filter(|matcher| !is_text(matcher)).collect();
    if rest.iter().any(|matcher| matches!(matcher, Matcher::Digits(_))) {
        return Err("a number with digits that no double holds cannot be excepted".into());
    }
    if rest.is_empty() {
        return Ok(vec![Matcher::AnythingBut(excluded(texts)?)]);
    }
    if !texts.is_empty() {
        return Err("text and other kinds of value cannot be excepted together".into());
    }
    if rest.iter().all(|m| matches!(m, Matcher::Exact(Value::Number(_)))) {
        let values = rest.iter().map(|matcher| (*matcher).clone()).collect();
        return Ok(vec![Matcher::AnythingBut(excluded(values)?)]);
    }
    let mut left = vec![Matcher::prefix("")];
    for constant in [Value::Null, Value::Bool(false), Value::Bool(true)] {
        if !rest.iter().any(|matcher| matcher.accepts(&constant)) {
            left.push(Matcher::Exact(constant));
        }
    }
    let mut ranges = vec![NumericRange::EVERY];
    for out in rest.iter().filter_map(|matcher| numeric(matcher)) {
        ranges = ranges.iter().flat_map(|range| range.without(&out)).collect();
    }
    left.extend(ranges.into_iter().flat_map(NumericRange::spelled).map(Matcher::Numeric));
    Ok(left)
}

fn numeric(matcher: &Matcher) -> Option<NumericRange> {
    match matcher {
        Matcher::Numeric(range) => Some(*range),
        Matcher::Exact(Value::Number(number)) => {
            Number::Json(number).worth().map(NumericRange::point)
        }
        _ => None,
    }
}

/// What one `anything-but` leaves out, made of these.
fn excluded(mut out: Vec<Matcher>) -> Result<Excluded, String> {
    // Here, a string is left out as it is, whether it is an address or not.
    for matcher in &mut out {
        if let Matcher::Text(TextTest { kind: TextKind::Exactly, text }) = matcher {
            *matcher = Matcher::exact(std::mem::take(text));
        }
    }
    // A value that another test takes anyway only makes the list longer, or mixes kinds.
    let tests: Vec<Matcher> =
        out.iter().filter(|m| !matches!(m, Matcher::Exact(_))).cloned().collect();
    out.retain(|m| !matches!(m, Matcher::Exact(v) if tests.iter().any(|test| test.accepts(v))));

    let values: Option<Vec<Value>> = out
        .iter()
        .map(|matcher| match matcher {
            Matcher::Exact(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    if let Some(values) = values {
        let one_type = values.iter().all(Value::is_string) || values.iter().all(Value::is_number);
        return match one_type {
            true => Ok(Excluded::Values(values).sorted()),
            false => Err("text and other kinds of value cannot be excepted together".into()),
        };
    }
    for kind in [TextKind::Prefix, TextKind::Suffix, TextKind::IgnoreCase, TextKind::Wildcard] {
        if let Some(texts) = out.iter().map(|matcher| as_kind(matcher, kind)).collect() {
            let texts: Vec<String> = texts;
            if texts.iter().any(String::is_empty) && kind != TextKind::IgnoreCase {
                break;
            }
            return Ok(Excluded::Texts { kind, texts }.sorted());
        }
    }
    Err("these tests of a text cannot stand together in one `anything-but`".into())
}

/// The text with which a test of `kind` says the same as `matcher`.
fn as_kind(matcher: &Matcher, kind: TextKind) -> Option<String> {
    let (from, text) = match matcher {
        Matcher::Text(TextTest { kind, text }) => (Some(*kind), text),
        Matcher::Exact(Value::String(text)) => (None, text),
        _ => return None,
    };
    match (from, kind) {
        (Some(from), kind) if from == kind => Some(text.clone()),
        (Some(TextKind::PrefixIgnoreCase), TextKind::Prefix)
        | (Some(TextKind::SuffixIgnoreCase), TextKind::Suffix)
        | (None, TextKind::IgnoreCase)
            if is_caseless(text) =>
        {
            Some(text.clone())
        }
        (None, TextKind::Wildcard) => Some(escaped(text)),
        // A quote there may be the one around the value.
        (Some(TextKind::Prefix), TextKind::Wildcard)
            if !text.is_empty() && !text.ends_with('"') =>
        {
            Some(format!("{}*", escaped(text)))
        }
        (Some(TextKind::Suffix), TextKind::Wildcard)
            if !text.is_empty() && !text.starts_with('"') =>
        {
            Some(format!("*{}", escaped(text)))
        }
        _ => None,
    }
}
