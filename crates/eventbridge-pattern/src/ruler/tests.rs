use super::*;
use crate::Pattern;
use crate::samples::{filter, plain_event};
use proptest::prelude::*;
use serde_json::json;

fn read(text: &str) -> Filter {
    Pattern::parse(text).expect(text).filter
}

#[test]
fn alternatives_that_share_an_operator_on_every_path_are_lost() {
    let address = r#"{"$or":[{"a":["10.0.0.1"],"b":[1]},{"a":["10.0.0.1","x"],"b":[1.0,2]}]}"#;
    for (text, lost, always) in [
        (r#"{"$or":[{"a":["x"]},{"a":["x","z"]}]}"#, 1, true),
        (r#"{"$or":[{"a":["x"],"b":["y"]},{"a":["x","z"],"b":["y","w"]}]}"#, 1, true),
        (r#"{"$or":[{"a":["x",{"exists":false}]},{"a":["z",{"exists":false}]}]}"#, 1, false),
        (r#"{"c":[1],"$or":[{"a":["x"]},{"a":["x","z"]},{"a":["z","y"]}]}"#, 1, true),
        (address, 1, true),
        // They differ in their paths; they share nothing on one path; the later one is contained.
        (r#"{"$or":[{"a":["x"]},{"a":["x","z"],"b":["y"]}]}"#, 0, false),
        (r#"{"$or":[{"a":["x"],"b":["y"]},{"a":["x","z"],"b":["w"]}]}"#, 0, false),
        (r#"{"$or":[{"a":["x","z"]},{"a":["x"]}]}"#, 0, false),
        // The same list out of several operators is another operator.
        (r#"{"$or":[{"a":[{"prefix":"x"}]},{"a":[{"prefix":"xy"},"z"]}]}"#, 0, false),
        (r#"{"a":["x"],"b":["y"]}"#, 0, false),
    ] {
        let found = losses(&read(text));
        assert_eq!(found.len(), lost, "{text}: {found:?}");
        assert!(found.iter().all(|loss| loss.always == always), "{text}");
        assert_eq!(kept(&read(text)).is_some(), lost > 0, "{text}");
    }
}

#[test]
fn what_is_lost_hides_nothing_itself() {
    let filter = read(r#"{"$or":[{"a":["x"]},{"a":["x","z"]},{"a":["z","y"]}]}"#);
    let found = losses(&filter);
    assert_eq!(found.len(), 1);
    assert!(!kept(&filter).expect("one is lost").matches(&json!({"a": "x2"})));
    assert!(kept(&filter).expect("one is lost").matches(&json!({"a": "y"})));
}

#[test]
fn overlapping_alternatives_are_cut_by_their_operators() {
    let apart = |text: &str| {
        let cut = separate(alternatives(&read(text)).expect("few"), 100).expect("few");
        let filter = filter_of(&cut).expect("some");
        serde_json::from_str::<Value>(&Pattern { filter }.to_json()).expect("JSON")
    };
    assert_eq!(
        apart(r#"{"$or":[{"a":["x"]},{"a":["x","z"]}]}"#),
        json!({"a": ["x", "z"]}),
        "what differs in one path is joined"
    );
    assert_eq!(
        apart(r#"{"$or":[{"a":["x"],"b":["y"]},{"a":["x","z"],"b":["y","w"]}]}"#),
        json!({"$or": [
            {"a": ["x"], "b": ["y"]}, {"a": ["z"], "b": ["y", "w"]}, {"a": ["x"], "b": ["w"]},
        ]})
    );
}

const PATHS: &[&str] = &["a", "b.c", "b.d"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn separated_alternatives_lose_nothing_and_match_what_they_did(
        filter in filter(PATHS), events in prop::collection::vec(plain_event(PATHS), 12),
    ) {
        let Some(spread) = alternatives(&filter) else { return Ok(()) };
        let Some(apart) = separate(spread, OR_COMBINATIONS_MAX) else { return Ok(()) };
        for (number, one) in apart.iter().enumerate() {
            prop_assert!(apart[number + 1..].iter().all(|other| is_separate(one, other)));
        }
        let rewritten = filter_of(&apart).expect("a filter has alternatives");
        prop_assert_eq!(losses(&rewritten), vec![]);
        for event in &events {
            prop_assert_eq!(rewritten.matches(event), filter.matches(event), "{}", event);
        }
    }

    /// What is kept is what a machine that adds alternatives one by one would have.
    #[test]
    fn what_is_kept_takes_no_more_than_was_written(
        filter in filter(PATHS), events in prop::collection::vec(plain_event(PATHS), 12),
    ) {
        // Beside a wildcard, a test that ignores case takes more than it says.
        if !crate::beside::beside_ignore_case(&[&filter]).is_empty() {
            return Ok(());
        }
        let Some(kept) = kept(&filter) else { return Ok(()) };
        for event in &events {
            prop_assert!(!kept.matches(event) || filter.matches(event));
        }
    }

    #[test]
    fn a_union_matches_what_either_says(
        one in filter(PATHS), other in filter(PATHS), event in plain_event(PATHS),
    ) {
        // Beside a wildcard, EventBridge reads some tests otherwise.
        if !crate::beside::beside_ignore_case(&[&one, &other]).is_empty() {
            return Ok(());
        }
        let either = one.matches(&event) || other.matches(&event);
        let [one, other] = [one, other].map(|filter| Pattern { filter });
        prop_assert_eq!(one.or(&other).matches(&event), either);
    }
}
