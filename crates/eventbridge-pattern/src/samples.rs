//! Strategies for [proptest](https://docs.rs/proptest) that generate conditions and events (feature `proptest`).
//!
//! Fields and values are few, so that what is generated meets often.

use super::number::Bound;
use super::{Excluded, Filter, Matcher, NumericRange, TextKind, TextTest};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The strings that conditions and events are made of.
pub const TEXTS: [&str; 9] = ["", "a", "ab", "abc", "A", "b", "bab", "a*", "ConsoleLogin"];
const ADDRESSES: [&str; 5] = ["10.0.0.1", "10.0.0.9", "10.1.0.1", "2001:db8::1", "::1"];
const BLOCKS: [&str; 5] =
    ["10.0.0.0/24", "10.0.0.0/29", "10.0.0.0/8", "2001:db8::/32", "2001:db8::/48"];

/// A value that may stand at a field of an event: a string, number, boolean or null.
pub fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => prop::sample::select(&TEXTS[..]).prop_map(Value::from),
        2 => prop::sample::select(&ADDRESSES[..]).prop_map(Value::from),
        3 => (-2_i64..4).prop_map(Value::from),
        1 => Just(json!(1.5)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(&TEXTS[..]).prop_map(str::to_owned)
}

fn wildcard() -> impl Strategy<Value = String> {
    prop::sample::select(&["*", "a*", "*b", "a*b", "*a*", "ab", "a\\*"][..]).prop_map(str::to_owned)
}

fn test() -> impl Strategy<Value = TextTest> {
    use TextKind::{IgnoreCase, Prefix, PrefixIgnoreCase, Suffix, SuffixIgnoreCase};
    let kinds = [Prefix, Suffix, IgnoreCase, PrefixIgnoreCase, SuffixIgnoreCase];
    prop_oneof![
        4 => (prop::sample::select(kinds.to_vec()), text())
            .prop_map(|(kind, text)| TextTest { kind, text }),
        1 => wildcard().prop_map(|text| TextTest { kind: TextKind::Wildcard, text }),
    ]
}

fn range() -> impl Strategy<Value = NumericRange> {
    let bound =
        || (-2_i8..4, any::<bool>()).prop_map(|(at, inclusive)| Bound { at: at.into(), inclusive });
    let ends = (prop::option::of(bound()), prop::option::of(bound()));
    ends.prop_map(|(low, high)| NumericRange { low, high }).prop_filter(
        "a range that EventBridge takes",
        |range| match (range.low, range.high) {
            (None, None) => false,
            (Some(low), Some(high)) => low.at < high.at || (low.inclusive && low == high),
            _ => true,
        },
    )
}

fn excluded() -> impl Strategy<Value = Excluded> {
    let some = |texts: BoxedStrategy<String>| prop::collection::vec(texts, 1..3);
    let full = text().prop_filter("not empty", |text| !text.is_empty()).boxed();
    prop_oneof![
        some(text().boxed())
            .prop_map(|v| Excluded::Values(v.into_iter().map(Value::from).collect())),
        prop::collection::vec((-2_i64..4).prop_map(Value::from), 1..3).prop_map(Excluded::Values),
        some(full.clone()).prop_map(|texts| Excluded::Texts { kind: TextKind::Prefix, texts }),
        some(full).prop_map(|texts| Excluded::Texts { kind: TextKind::Suffix, texts }),
        some(text().boxed())
            .prop_map(|texts| Excluded::Texts { kind: TextKind::IgnoreCase, texts }),
        some(wildcard().boxed())
            .prop_map(|texts| Excluded::Texts { kind: TextKind::Wildcard, texts }),
    ]
}

/// One operator of any kind.
pub fn matcher() -> impl Strategy<Value = Matcher> {
    let block = prop::sample::select(&BLOCKS[..]);
    prop_oneof![
        4 => leaf().prop_map(Matcher::Exact),
        3 => test().prop_map(Matcher::Text),
        2 => excluded().prop_map(Matcher::AnythingBut),
        2 => range().prop_map(Matcher::Numeric),
        1 => block.prop_map(|block| Matcher::Cidr(block.parse().expect("a block"))),
        2 => any::<bool>().prop_map(Matcher::Exists),
    ]
}

/// Values in whose decision families of addresses, spellings, cases or digits matter.
pub fn odd_leaf() -> impl Strategy<Value = Value> {
    const ODD: [&str; 22] = [
        "010.0.0.1",
        "10.0.0.1",
        "::ffff:a00:1",
        "::ffff:10.0.0.1",
        "32.1.13.184",
        "2001:db8::1",
        "2001:DB8:0::1",
        "48.0.0.1",
        "::1",
        "ß",
        "SS",
        "ss",
        "k",
        "K",
        "\u{212a}",
        "ς",
        "σ",
        "Σ",
        "a\"",
        "\"a",
        "a",
        "\"",
    ];
    prop_oneof![
        6 => prop::sample::select(&ODD[..]).prop_map(Value::from),
        1 => prop::sample::select(&[1, 7, 15, 9_007_199_254_740_993_i64, 3_200_001][..])
            .prop_map(Value::from),
        1 => prop::sample::select(&[15.0, 1.5, 6e9, 1e300][..]).prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

/// Operators on such values.
pub fn odd_matcher() -> impl Strategy<Value = Matcher> {
    use TextKind::{
        Exactly, IgnoreCase, Prefix, PrefixIgnoreCase, Suffix, SuffixIgnoreCase, Wildcard,
    };
    const BLOCKS: [&str; 8] = [
        "::/0",
        "::/1",
        "0.0.0.0/0",
        "32.0.0.0/4",
        "2000::/3",
        "32.1.13.0/24",
        "2001:db8::/33",
        "10.0.0.7/24",
    ];
    let text = || odd_leaf().prop_filter_map("a text", |leaf| leaf.as_str().map(str::to_owned));
    let kinds =
        vec![Exactly, Prefix, Suffix, IgnoreCase, PrefixIgnoreCase, SuffixIgnoreCase, Wildcard];
    let test = (prop::sample::select(kinds), text(), any::<bool>()).prop_map(
        |(kind, text, star)| match (kind, star) {
            (Wildcard, true) => TextTest { kind, text: format!("{text}*") },
            (Wildcard, false) => TextTest { kind, text: format!("*{text}") },
            _ => TextTest { kind, text },
        },
    );
    let excluded = prop_oneof![
        prop::collection::vec(text(), 1..3)
            .prop_map(|texts| Excluded::Values(texts.into_iter().map(Value::from).collect())),
        (prop::sample::select(vec![Prefix, Suffix, IgnoreCase]), text())
            .prop_map(|(kind, text)| Excluded::Texts { kind, texts: vec![text] }),
    ];
    prop_oneof![
        4 => odd_leaf().prop_map(Matcher::Exact),
        3 => test.prop_map(Matcher::Text),
        2 => prop::sample::select(&BLOCKS[..])
            .prop_map(|block| Matcher::Cidr(block.parse().expect("a block"))),
        2 => excluded.prop_map(Matcher::AnythingBut),
        1 => range().prop_map(Matcher::Numeric),
        1 => Just(Matcher::Digits("9007199254740993".to_owned())),
        1 => any::<bool>().prop_map(Matcher::Exists),
    ]
}

/// One to three operators of the kinds that people write most.
pub fn plain_matchers() -> impl Strategy<Value = Vec<Matcher>> {
    let strings = |texts: Vec<&str>| texts.into_iter().map(Matcher::exact).collect();
    prop_oneof![
        4 => prop::collection::vec(prop::sample::select(&TEXTS[..]), 1..4).prop_map(strings),
        1 => matcher().prop_map(|matcher| vec![matcher]),
    ]
}

/// One to three operators of any kind.
pub fn matchers() -> impl Strategy<Value = Vec<Matcher>> {
    prop::collection::vec(matcher(), 1..4)
}

/// A condition on some of these fields. None stands twice in one combination of the `$or` lists.
pub fn filter(paths: &'static [&'static str]) -> impl Strategy<Value = Filter> {
    filter_of(paths, matchers().boxed())
}

/// As [`filter`], with the operators of one field taken from `matchers`.
pub fn filter_of(
    paths: &'static [&'static str],
    matchers: BoxedStrategy<Vec<Matcher>>,
) -> impl Strategy<Value = Filter> {
    let field = move |path: &'static str| {
        matchers.clone().prop_map(move |matchers| Filter::Field { path: path.to_owned(), matchers })
    };
    let some = move |from: &'static [&'static str]| {
        let field = field.clone();
        prop::sample::subsequence(from, 1..=from.len().min(3)).prop_flat_map(move |paths| {
            let fields: Vec<_> = paths.into_iter().map(field.clone()).collect();
            fields.prop_map(Filter::All)
        })
    };
    let half = paths.len() / 2;
    let (front, back) = paths.split_at(half);
    prop_oneof![
        3 => some(paths),
        2 => prop::collection::vec(some(paths), 2..4).prop_map(Filter::Any),
        2 => (some(front), prop::collection::vec(some(back), 2..3))
            .prop_map(|(all, any)| Filter::All(vec![all, Filter::Any(any)])),
    ]
}

/// An object with some of these dotted fields, without arrays.
pub fn plain_event(paths: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let value = prop::option::weighted(0.8, leaf());
    prop::collection::vec(value, paths.len()).prop_map(move |values| {
        let mut event = Value::Object(Map::new());
        for (path, value) in paths.iter().zip(values) {
            if let Some(value) = value {
                put(&mut event, path, value);
            }
        }
        event
    })
}

/// Puts a value at a dotted path, unless a leaf is in the way.
pub fn put(event: &mut Value, path: &str, value: Value) {
    let Value::Object(object) = event else {
        return;
    };
    match path.split_once('.') {
        None => {
            object.entry(path).or_insert(value);
        }
        Some((key, rest)) => {
            put(object.entry(key).or_insert_with(|| Value::Object(Map::new())), rest, value);
        }
    }
}
