//! Finds an event that satisfies a condition: a base event with some fields changed.
//!
//! It tries one branch of each `$or` after the other, and a few values for each field, so it may
//! miss an event. The matcher checks the result.

use crate::record::Shape;
use eventbridge_pattern::{Conditions, Excluded, Filter, Matcher, TextKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Maximum number of branches of a pattern that are tried.
const WAYS_MAX: usize = 500;

/// Fields that say which event it is: they are never changed.
const IDENTITY: [&str; 5] =
    ["source", "detail-type", "account", "detail.eventSource", "detail.eventName"];

/// Says whose identity it is, on which its other fields depend.
const WHO: &str = "detail.userIdentity.type";

/// Set by CloudTrail in place of large parameters: patterns have a branch for it, which is tried
/// last.
const OMITTED: &str = "detail.requestParameters.omitted";

/// The conditions of one branch through the `$or` lists.
type Branch<'f> = BTreeMap<&'f str, Vec<&'f [Matcher]>>;

/// An event that satisfies the condition and is `base` in its other fields.
pub(super) fn satisfy(filter: &Filter, base: &Value) -> Option<Value> {
    found(filter, base, None)
}

/// The same with nothing in it that the model of records excludes. Who made the call stays.
pub(super) fn satisfy_as_record(filter: &Filter, base: &Value, shape: &Shape) -> Option<Value> {
    found(filter, base, Some(shape))
}

fn found(filter: &Filter, base: &Value, shape: Option<&Shape>) -> Option<Value> {
    let mut ways = ways(filter);
    ways.sort_by_key(|way| way.contains_key(OMITTED));
    ways.iter().find_map(|way| {
        let event = walk(way, base, shape)?;
        let possible =
            shape.is_none_or(|shape| way.keys().all(|path| may_have(shape, &event, path)));
        (possible && filter.matches(&event)).then_some(event)
    })
}

/// Whether a record may have what an event has at a path.
fn may_have(shape: &Shape, event: &Value, path: &str) -> bool {
    let Some(below) = path.strip_prefix("detail.") else { return true };
    shape.may_have(&event["detail"], below, at(event, path))
}

fn ways<'f>(filter: &'f Filter) -> Vec<Branch<'f>> {
    let way = |fields: Conditions<'f>| {
        let mut way: Branch<'f> = Branch::new();
        for (path, matchers) in fields {
            way.entry(path).or_default().push(matchers);
        }
        way
    };
    filter.alternatives(WAYS_MAX).into_iter().map(way).collect()
}

fn walk(way: &Branch<'_>, base: &Value, shape: Option<&Shape>) -> Option<Value> {
    let mut event = base.clone();
    for (path, matchers) in way {
        let there = at(&event, path).filter(|value| !value.is_object() && !value.is_array());
        if accepted(matchers, there) {
            continue;
        }
        if IDENTITY.contains(path) || shape.is_some() && *path == WHO {
            return None;
        }
        let operators = || matchers.iter().flat_map(|one| one.iter());
        let value = match (shape, path.strip_prefix("detail.")) {
            (Some(shape), Some(below)) => {
                let record = &event["detail"];
                let of_model = operators().flat_map(|one| shape.values(record, below, one));
                let mut all = of_model.chain(operators().flat_map(candidates));
                all.find(|value| {
                    let value = value.as_ref();
                    accepted(matchers, value) && shape.may_have(record, below, value)
                })
            }
            _ => {
                let mut all = operators().flat_map(candidates);
                all.find(|value| accepted(matchers, value.as_ref()))
            }
        };
        set(&mut event, path, value?);
    }
    Some(event)
}

fn accepted(matchers: &[&[Matcher]], value: Option<&Value>) -> bool {
    matchers.iter().all(|one| {
        one.iter().any(|matcher| match value {
            Some(value) => matcher.accepts(value),
            None => matcher.accepts_absent(),
        })
    })
}

/// Values that an operator may take; `None` for no value.
fn candidates(matcher: &Matcher) -> Vec<Option<Value>> {
    let text = |text: String| vec![Some(Value::String(text))];
    match matcher {
        Matcher::Exact(value) => vec![Some(value.clone())],
        Matcher::Digits(digits) => vec![serde_json::from_str(digits).ok()],
        Matcher::Exists(false) => vec![None],
        Matcher::Exists(true) => text("sample".to_owned()),
        Matcher::Text(test) => match test.kind {
            TextKind::Prefix | TextKind::PrefixIgnoreCase => {
                let longer = Value::String(format!("{}sample", test.text));
                vec![Some(longer), Some(Value::String(test.text.clone()))]
            }
            TextKind::Suffix | TextKind::SuffixIgnoreCase => {
                let longer = Value::String(format!("sample{}", test.text));
                vec![Some(longer), Some(Value::String(test.text.clone()))]
            }
            TextKind::IgnoreCase | TextKind::IgnoreCaseButFirst | TextKind::Exactly => {
                text(test.text.clone())
            }
            TextKind::Wildcard => [filled(&test.text, "sample"), filled(&test.text, "")]
                .map(|text| Some(Value::String(text)))
                .into(),
        },
        Matcher::Numeric(range) => {
            let ends = [range.low, range.high].into_iter().flatten().map(|bound| bound.at);
            let ends: Vec<f64> = ends.collect();
            let middle = ends.iter().sum::<f64>() / ends.len().max(1) as f64;
            let around = ends.iter().flat_map(|at| [*at, at + 1.0, at - 1.0, at + 0.5, at - 0.5]);
            let all = around.chain([middle, 0.0]).filter(|number| range.contains(*number));
            all.map(|number| Some(number_value(number))).collect()
        }
        Matcher::Cidr(block) => text(block.addr().to_string()),
        Matcher::AnythingBut(excluded) => {
            let of_kind = match excluded {
                Excluded::Values(values) => values.iter().all(Value::is_number),
                Excluded::Texts { .. } => false,
            };
            let mut all: Vec<Value> = ["sample", "other", "0", "AAA", ""].map(Value::from).into();
            let numbers = [json!(7), json!(70_007), json!(0.25)];
            if of_kind {
                all.splice(0..0, numbers);
            } else {
                all.extend(numbers);
            }
            all.into_iter().map(Some).collect()
        }
    }
}

/// A whole number as JSON writes one.
fn number_value(number: f64) -> Value {
    let whole = number.fract() == 0.0 && number.abs() < 9e15;
    if whole { json!(number as i64) } else { json!(number) }
}

/// A wildcard with something in place of each `*`.
fn filled(wildcard: &str, with: &str) -> String {
    let mut text = String::new();
    let mut characters = wildcard.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => text.push_str(with),
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

pub(super) fn at<'e>(event: &'e Value, path: &str) -> Option<&'e Value> {
    path.split('.').try_fold(event, |value, key| value.get(key))
}

/// Puts a value at a dotted path, or takes away what stands there.
pub(super) fn set(event: &mut Value, path: &str, value: Option<Value>) {
    let (parents, last) = path.rsplit_once('.').map_or(("", path), |split| split);
    let mut here = event;
    for key in parents.split('.').filter(|key| !key.is_empty()) {
        make_object(here);
        here = &mut here[key];
    }
    make_object(here);
    match value {
        Some(value) => here[last] = value,
        None => {
            here.as_object_mut().and_then(|object| object.shift_remove(last));
        }
    }
}

/// Replaces anything but an object by an empty one.
fn make_object(value: &mut Value) {
    if !value.is_object() {
        *value = json!({});
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventbridge_pattern::Pattern;

    #[test]
    fn every_operator_finds_a_value() {
        let base = json!({"source": "aws.ec2", "detail": {"a": "x", "n": 1, "list": [{"b": 1}]}});
        for pattern in [
            r#"{"source": ["aws.ec2"]}"#,
            r#"{"detail": {"a": ["y"], "b": {"c": [1]}}}"#,
            r#"{"detail": {"a": [{"prefix": "p"}], "b": [{"suffix": "s"}]}}"#,
            r#"{"detail": {"a": [{"equals-ignore-case": "Abc"}], "b": [{"prefix": {"equals-ignore-case": "AB"}}]}}"#,
            r#"{"detail": {"a": [{"wildcard": "arn:*:role/*\\*"}]}}"#,
            r#"{"detail": {"a": [{"anything-but": ["x", "sample"]}], "n": [{"anything-but": [1, 7]}]}}"#,
            r#"{"detail": {"a": [{"anything-but": {"prefix": ["x", "s"]}}]}}"#,
            r#"{"detail": {"n": [{"numeric": [">", 5, "<", 6]}]}}"#,
            r#"{"detail": {"n": [{"numeric": ["<=", -3]}], "m": [{"numeric": ["=", 2.5]}]}}"#,
            r#"{"detail": {"a": [{"cidr": "10.1.0.0/16"}], "b": [{"cidr": "2001:db8::/32"}]}}"#,
            r#"{"detail": {"a": [{"exists": false}], "b": [{"exists": true}]}}"#,
            r#"{"detail": {"list": {"b": [2]}, "n": [null]}}"#,
            r#"{"$or": [{"source": ["other"]}, {"detail": {"a": ["y"]}}]}"#,
        ] {
            let filter = Pattern::parse(pattern).expect(pattern).filter;
            let found = satisfy(&filter, &base);
            assert!(found.is_some_and(|event| filter.matches(&event)), "{pattern}");
        }
    }

    #[test]
    fn what_event_it_is_does_not_change() {
        let base = json!({"source": "aws.ec2", "detail": {"eventName": "A"}});
        let filter =
            Pattern::parse(r#"{"detail": {"eventName": ["B"]}}"#).expect("a pattern").filter;
        assert_eq!(satisfy(&filter, &base), None);
    }

    #[test]
    fn whole_parameters_are_tried_before_omitted_ones() {
        let filter = Pattern::parse(
            r#"{"$or": [{"detail": {"requestParameters": {"omitted": [true]}}}, {"detail": {"requestParameters": {"x": [1]}}}]}"#,
        );
        let event = satisfy(&filter.expect("a pattern").filter, &json!({})).expect("an event");
        assert_eq!(event, json!({"detail": {"requestParameters": {"x": 1}}}));
    }
}
