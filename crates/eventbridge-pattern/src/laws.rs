//! What always holds of patterns.

use super::relate::{disjoint, implies};
use super::samples::{filter, leaf, matcher, matchers, odd_leaf, odd_matcher, plain_event};
use super::{Coverage, Filter, Matcher, Pattern};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const PATHS: &[&str] = &["source", "detail.a", "detail.b.c", "detail.b.d", "detail.e"];

/// An event whose `detail.b` may be an array, for conditions on [`PATHS`].
fn event() -> impl Strategy<Value = Value> {
    let member = || {
        prop::option::weighted(
            0.7,
            prop_oneof![3 => leaf(), 1 => prop::collection::vec(leaf(), 0..3).prop_map(Value::from)],
        )
    };
    let element = move || {
        (member(), member()).prop_map(|(c, d)| {
            let fields = [("c", c), ("d", d)];
            let present = fields.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?)));
            Value::Object(present.collect::<Map<_, _>>())
        })
    };
    let b = prop_oneof![element(), prop::collection::vec(element(), 0..3).prop_map(Value::from)];
    (plain_event(&["source", "detail.a", "detail.e"]), b).prop_map(|(mut event, b)| {
        super::samples::put(&mut event, "detail.b", b);
        event
    })
}

fn pattern() -> impl Strategy<Value = Pattern> {
    filter(PATHS).prop_map(|filter| Pattern { filter })
}

/// A pattern that is like this one, changed a little or not at all.
fn near(pattern: &Pattern) -> impl Strategy<Value = Pattern> + use<> {
    let count = pattern.filter.paths().len();
    let pattern = pattern.clone();
    let change = prop_oneof![Just(None), (0..count, prop::option::of(matcher())).prop_map(Some),];
    change.prop_map(move |change| {
        let mut changed = pattern.clone();
        if let Some((at, add)) = change {
            alter(&mut changed.filter, &mut (at as isize), add.as_ref());
        }
        changed
    })
}

/// Adds an operator to one field, or takes the last one away.
fn alter(filter: &mut Filter, at: &mut isize, add: Option<&Matcher>) {
    match filter {
        Filter::All(members) | Filter::Any(members) => {
            for member in members {
                alter(member, at, add);
            }
        }
        Filter::Field { matchers, .. } => {
            if *at == 0 {
                match add {
                    Some(matcher) => matchers.push(matcher.clone()),
                    None if matchers.len() > 1 => drop(matchers.pop()),
                    None => {}
                }
            }
            *at -= 1;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn implied_operators_take_all_and_disjoint_ones_nothing(
        (a, b, values) in prop_oneof![
            (matcher(), matcher(), prop::collection::vec(leaf(), 12)),
            (odd_matcher(), odd_matcher(), prop::collection::vec(odd_leaf(), 40)),
        ],
    ) {
        for value in &values {
            if implies(&a, &b) {
                prop_assert!(!a.accepts(value) || b.accepts(value), "{a:?} {b:?} {value}");
            }
            if disjoint(&a, &b) {
                prop_assert!(!(a.accepts(value) && b.accepts(value)), "{a:?} {b:?} {value}");
            }
        }
        prop_assert_eq!(disjoint(&a, &b), disjoint(&b, &a));
    }

    #[test]
    fn what_is_shown_to_be_covered_is_matched(
        (desired, live) in pattern().prop_flat_map(|p| (Just(p.clone()), near(&p))),
        events in prop::collection::vec(event(), 24),
    ) {
        let coverage = live.coverage_of(&desired);
        for event in &events {
            let (wanted, got) = (desired.filter.matches(event), live.matches(event));
            match coverage {
                Coverage::Equal => prop_assert_eq!(wanted, got, "{}", event),
                Coverage::Wider => prop_assert!(!wanted || got, "{}", event),
                Coverage::NotShown => {}
            }
        }
    }

    #[test]
    fn unlike_patterns_are_not_said_to_cover_each_other(
        desired in pattern(), live in pattern(), events in prop::collection::vec(event(), 24),
    ) {
        if live.coverage_of(&desired) != Coverage::NotShown {
            for event in &events {
                prop_assert!(!desired.filter.matches(event) || live.matches(event), "{}", event);
            }
        }
    }

    #[test]
    fn a_pattern_read_back_means_the_same(
        pattern in pattern(), events in prop::collection::vec(event(), 12),
    ) {
        let text = pattern.to_json();
        // A generated condition may hold one field twice, which no pattern can.
        if let Ok(again) = Pattern::parse(&text) {
            // What EventBridge loses of a live pattern covers nothing.
            let lossy = crate::ruler::kept(&again.filter).is_some();
            prop_assert!(lossy || again.coverage_of(&pattern) == Coverage::Equal);
            prop_assert_eq!(again.to_json(), text);
            for event in &events {
                prop_assert_eq!(again.matches(event), pattern.matches(event), "{}", event);
            }
        } else {
            prop_assert!(text.contains("$or"), "{}", text);
        }
    }

    #[test]
    fn a_combined_list_takes_just_what_was_asked_for(
        wanted in prop::option::of(matchers()), also in prop::option::of(matchers()),
        unwanted in prop::collection::vec(matcher(), 0..3),
        values in prop::collection::vec(prop::option::weighted(0.9, leaf()), 24),
    ) {
        use super::combine::{Holds, combine};
        let all_of: Vec<&[Matcher]> =
            wanted.iter().chain(&also).map(Vec::as_slice).collect();
        // Garbage is no address in this alphabet, so the address rule is exact here.
        let Ok(list) = combine(&all_of, &unwanted, Holds::Address) else { return Ok(()) };
        let takes = |list: &[Matcher], value: &Option<Value>| match value {
            Some(value) => list.iter().any(|matcher| matcher.accepts(value)),
            None => list.iter().any(Matcher::accepts_absent),
        };
        if all_of.is_empty() && unwanted.is_empty() { return Ok(()) }
        for value in &values {
            let asked = all_of.iter().all(|list| takes(list, value)) && !takes(&unwanted, value);
            prop_assert_eq!(takes(&list, value), asked, "{:?} as {:?}", value, list);
        }
        if !list.is_empty() {
            let pattern = Pattern {
                filter: Filter::Field { path: "a".into(), matchers: list },
            };
            prop_assert!(Pattern::parse(&pattern.to_json()).is_ok(), "{}", pattern.to_json());
        }
    }

    #[test]
    fn narrowing_one_field_is_never_shown_to_cover(
        pattern in pattern(), event in event(),
    ) {
        // Whatever is added, if the narrowed pattern misses an event it must not pass as covering.
        let narrowed = Pattern { filter: Filter::All(vec![
            pattern.filter.clone(),
            Filter::Field { path: "detail.new".into(), matchers: vec![Matcher::exact("x")] },
        ]) };
        prop_assert_eq!(narrowed.coverage_of(&pattern), Coverage::NotShown);
        prop_assert!(!narrowed.matches(&event));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,60}", noise in r#"[{}\[\]":,$ora0-9.*\\ ]{0,60}"#) {
        let _ = Pattern::parse(&text);
        let _ = Pattern::parse(&noise);
    }
}

#[test]
fn spelling_and_order_make_no_difference_to_the_meaning() {
    let same = [
        r#"{"source":["s"],"detail":{"eventName":["A","B"],"x":{"y":[1]}}}"#,
        r#"{"detail":{"x.y":[1],"eventName":["B","A","A"]},"source":["s"]}"#,
        r#"{"source":["s"],"detail.x.y":[1],"$or":[{"detail":{"eventName":["B"]}},
            {"detail":{"eventName":["A"]}}]}"#,
        r#"{"$or":[{"source":["s"],"detail":{"eventName":["A"],"x":{"y":[1]}}},
            {"source":["s"],"detail":{"eventName":["B"],"x":{"y":[1]}}}]}"#,
    ];
    for a in same {
        for b in same {
            let (a, b) = (Pattern::parse(a).expect(a), Pattern::parse(b).expect(b));
            assert_eq!(a.coverage_of(&b), Coverage::Equal, "{} {}", a.to_json(), b.to_json());
        }
    }
}

#[test]
fn a_wider_pattern_is_told_from_a_narrower_one() {
    let desired = r#"{"source":["s"],"detail":{"eventName":["A","B"],"ip":["10.0.0.1"]}}"#;
    for (live, coverage) in [
        (
            r#"{"source":["s"],"detail":{"eventName":["A","B","C"],"ip":["10.0.0.1"]}}"#,
            Coverage::Wider,
        ),
        (r#"{"source":["s"],"detail":{"eventName":["A","B"]}}"#, Coverage::Wider),
        (
            r#"{"source":[{"prefix":"s"}],"detail":{"eventName":[{"exists":true}]}}"#,
            Coverage::Wider,
        ),
        (r#"{"source":["s"],"detail":{"ip":[{"cidr":"10.0.0.0/8"}]}}"#, Coverage::Wider),
        (r#"{"source":["s"],"detail":{"eventName":[{"anything-but":"C"}]}}"#, Coverage::Wider),
        (r#"{"source":["s"],"detail":{"eventName":["A"],"ip":["10.0.0.1"]}}"#, Coverage::NotShown),
        (
            r#"{"source":["s"],"detail":{"eventName":["A","B"],"ip":["10.0.0.1"],"user":["bob"]}}"#,
            Coverage::NotShown,
        ),
        (
            r#"{"source":["s"],"detail":{"eventName":["A","B"],"ip":["10.0.0.2"]}}"#,
            Coverage::NotShown,
        ),
        (
            r#"{"source":["s"],"detail":{"eventName":["A","B"],"x":[{"exists":false}]}}"#,
            Coverage::NotShown,
        ),
        (r#"{"source":["s"],"detail":{"eventName":[{"anything-but":"A"}]}}"#, Coverage::NotShown),
    ] {
        let (live_, desired_) =
            (Pattern::parse(live).expect(live), Pattern::parse(desired).expect(desired));
        assert_eq!(live_.coverage_of(&desired_), coverage, "{live}");
    }
}

#[test]
fn an_absent_field_next_to_another_in_an_array_is_not_taken_for_absent_everywhere() {
    let desired = Pattern::parse(r#"{"i":{"a":[1],"b":[{"exists":false}]}}"#).expect("a pattern");
    let live = Pattern::parse(r#"{"i":{"b":[{"exists":false}]}}"#).expect("a pattern");
    let event = json!({"i": [{"a": 1}, {"b": 2}]});
    assert!(desired.matches(&event) && !live.matches(&event));
    assert_eq!(live.coverage_of(&desired), Coverage::NotShown);
}
