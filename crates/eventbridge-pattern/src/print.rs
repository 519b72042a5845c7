//! A [`Filter`] as AWS's JSON: nested objects, minified, the same bytes every time.
//!
//! Keys stand in the order in which people read a pattern: `source`, `detail-type`, `account`,
//! `region`, others by name, `detail`, and `$or` last. One object can hold one `$or`; two
//! conditions of that kind go to two levels (the envelope and `detail`) where their fields allow
//! it, and otherwise one is written inside each alternative of the other.

use super::number::Number;
use super::tree::Tree;
use super::{Excluded, Filter, Matcher, TextKind};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

const DETAIL: &str = "detail.";

pub(super) fn json(filter: &Filter) -> String {
    Tree::Object(object(&[filter], "")).to_string()
}

/// An object in the making: the fields below it and at most one `$or`.
#[derive(Default)]
struct Node<'a> {
    matchers: Option<&'a [Matcher]>,
    fields: BTreeMap<&'a str, Node<'a>>,
    or: Option<Tree<'static>>,
}

type Members<'t> = Vec<(Cow<'t, str>, Tree<'t>)>;

/// Prints conditions that must all hold; every path loses `base` at its front.
fn object(filters: &[&Filter], base: &str) -> Members<'static> {
    let (mut fields, mut anys) = (Vec::new(), Vec::new());
    for filter in filters {
        flatten(filter, &mut fields, &mut anys);
    }
    let mut root = Node::default();
    for (path, matchers) in fields {
        root.insert(path.strip_prefix(base).unwrap_or(path), matchers);
    }
    if base.is_empty()
        && let Some(at) = anys.iter().position(|any| any.iter().all(is_below))
    {
        let members = anys.remove(at);
        let detail = root.fields.entry("detail").or_default();
        let members = members.iter().map(|member| Tree::Object(object(&[member], DETAIL)));
        detail.or = Some(Tree::List(members.collect()));
    }
    if let Some((first, rest)) = anys.split_first() {
        let rest: Vec<Filter> = rest.iter().map(|any| Filter::Any(any.to_vec())).collect();
        let member = |member| {
            let together: Vec<&Filter> = std::iter::once(member).chain(&rest).collect();
            Tree::Object(object(&together, base))
        };
        root.or = Some(Tree::List(first.iter().map(member).collect()));
    }
    root.print()
}

fn is_below(filter: &Filter) -> bool {
    filter.paths().iter().all(|path| path.starts_with(DETAIL))
}

fn flatten<'a>(
    filter: &'a Filter,
    fields: &mut Vec<(&'a str, &'a [Matcher])>,
    anys: &mut Vec<&'a [Filter]>,
) {
    match filter {
        Filter::All(members) => {
            for member in members {
                flatten(member, fields, anys);
            }
        }
        Filter::Any(members) => anys.push(members),
        Filter::Field { path, matchers } => fields.push((path, matchers)),
    }
}

impl<'a> Node<'a> {
    fn insert(&mut self, path: &'a str, matchers: &'a [Matcher]) {
        // A key that begins or ends in a dot cannot be parted there: no key is empty.
        let node = match path.split('.').any(str::is_empty) {
            true => self.fields.entry(path).or_default(),
            false => path.split('.').fold(self, |node, key| node.fields.entry(key).or_default()),
        };
        node.matchers = Some(matchers);
    }

    fn print(&self) -> Members<'static> {
        let mut entries: Members<'static> = Vec::new();
        for (key, node) in &self.fields {
            let below = node.print();
            match node.matchers {
                None => entries.push((Cow::Owned((*key).to_owned()), Tree::Object(below))),
                Some(matchers) => {
                    let values = matchers.iter().map(Matcher::to_tree).collect();
                    entries.push((Cow::Owned((*key).to_owned()), Tree::List(values)));
                    // A field with conditions of its own and below it: the key is taken, so the
                    // fields below are written as dotted keys, which mean the same.
                    let dotted = |(inner, value): (Cow<'_, str>, _)| {
                        (Cow::Owned(format!("{key}.{inner}")), value)
                    };
                    entries.extend(below.into_iter().map(dotted));
                }
            }
        }
        entries.sort_by(|(a, _), (b, _)| in_reading_order(a, b));
        if let Some(or) = &self.or {
            entries.push((Cow::Borrowed("$or"), or.clone()));
        }
        entries
    }
}

fn in_reading_order(a: &str, b: &str) -> Ordering {
    let rank = |key: &str| match key {
        "source" => 0,
        "detail-type" => 1,
        "account" => 2,
        "region" => 3,
        "detail" => 5,
        _ => 4,
    };
    (rank(a), a).cmp(&(rank(b), b))
}

impl Matcher {
    /// As AWS writes it.
    pub(super) fn to_tree(&self) -> Tree<'static> {
        match self {
            Self::Digits(digits) => Tree::Number(Number::Text(Cow::Owned(digits.clone()))),
            other => Tree::from(&other.to_value()).into_owned(),
        }
    }

    /// The operator as AWS's JSON: one element of a field's list.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Exact(value) => value.clone(),
            Self::Digits(digits) => serde_json::from_str(digits).unwrap_or_default(),
            Self::Text(test) => match test.kind {
                TextKind::PrefixIgnoreCase => json!({"prefix": {"equals-ignore-case": test.text}}),
                TextKind::SuffixIgnoreCase => json!({"suffix": {"equals-ignore-case": test.text}}),
                kind => json!({operator(kind): test.text}),
            },
            Self::AnythingBut(Excluded::Values(values)) => {
                json!({"anything-but": one_or_list(values)})
            }
            Self::AnythingBut(Excluded::Texts { kind, texts }) => {
                json!({"anything-but": {operator(*kind): one_or_list(texts)}})
            }
            Self::Numeric(range) => json!({"numeric": range.operands()}),
            Self::Cidr(block) => json!({"cidr": block.to_string()}),
            Self::Exists(present) => json!({"exists": present}),
        }
    }
}

fn operator(kind: TextKind) -> &'static str {
    match kind {
        TextKind::Exactly => "exactly",
        TextKind::Prefix | TextKind::PrefixIgnoreCase => "prefix",
        TextKind::Suffix | TextKind::SuffixIgnoreCase => "suffix",
        TextKind::IgnoreCase | TextKind::IgnoreCaseButFirst => "equals-ignore-case",
        TextKind::Wildcard => "wildcard",
    }
}

fn one_or_list<T: Clone + Into<Value>>(values: &[T]) -> Value {
    match values {
        [one] => one.clone().into(),
        several => several.iter().cloned().map(Into::into).collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::Pattern;

    fn printed(text: &str) -> String {
        Pattern::parse(text).expect(text).to_json()
    }

    #[test]
    fn keys_stand_in_reading_order_and_dotted_keys_are_nested() {
        let text = r#"{ "$or": [{"time": ["a"]}, {"id": ["b"]}], "detail": {"z": [1], "a.b": [2]},
            "region": ["r"], "resources": ["x"], "account": ["1"], "detail-type": ["t"],
            "source": ["s"] }"#;
        assert_eq!(
            printed(text),
            concat!(
                r#"{"source":["s"],"detail-type":["t"],"account":["1"],"region":["r"],"#,
                r#""resources":["x"],"detail":{"a":{"b":[2]},"z":[1]},"#,
                r#""$or":[{"time":["a"]},{"id":["b"]}]}"#
            )
        );
    }

    #[test]
    fn two_or_lists_stand_on_two_levels() {
        let text =
            r#"{"$or":[{"source":["a"]},{"source":["b"]}],"detail":{"$or":[{"x":[1]},{"y":[1]}]}}"#;
        assert_eq!(
            printed(text),
            r#"{"detail":{"$or":[{"x":[1]},{"y":[1]}]},"$or":[{"source":["a"]},{"source":["b"]}]}"#
        );
    }

    #[test]
    fn a_third_or_list_moves_into_the_alternatives_of_another() {
        let text = r#"{"detail":{"$or":[{"x":[1]},{"y":[1]}],"z":{"$or":[{"p":[1]},{"q":[1]}]}}}"#;
        let again = printed(text);
        assert_eq!(printed(&again), again, "printing is stable");
        let pattern = Pattern::parse(text).expect("as written");
        let same = Pattern::parse(&again).expect("as printed");
        assert_eq!(same.coverage_of(&pattern), crate::Coverage::Equal);
    }

    #[test]
    fn a_field_with_fields_below_it_keeps_both_conditions() {
        let text = r#"{"detail":{"a":[{"exists":false}],"a.b":[1]}}"#;
        assert_eq!(printed(text), text);
    }

    #[test]
    fn operators_print_as_aws_writes_them() {
        for text in [
            r#"{"a":["x",1,1.5,true,null]}"#,
            r#"{"a":[300.0,3.14159265358979312,18446744073709551615,{"exactly":"10.0.0.1"}]}"#,
            r#"{"a.":[{"exists":true}],"b":[1]}"#,
            r#"{"a":[{"prefix":{"equals-ignore-case":"P"}},{"suffix":"s"}]}"#,
            r#"{"a":[{"anything-but":"x"},{"anything-but":[1,2]}]}"#,
            r#"{"a":[{"anything-but":{"wildcard":["a*","*b"]}}]}"#,
            r#"{"a":[{"numeric":["=",5]},{"numeric":[">",0,"<=",5.5]},{"numeric":["<",-1]}]}"#,
            r#"{"a":[{"cidr":"10.0.0.0/24"},{"cidr":"2001:db8::/32"},{"exists":true}]}"#,
        ] {
            assert_eq!(printed(text), text);
        }
    }
}
