//! Both engines decide as the table in `tests/decisions.txt` says.

use super::set::{PatternSet as Matcher, Scratch};
use super::{Event, Pattern};

const TABLE: &str = include_str!("../tests/decisions.txt");

/// Kind, left and right side of each case.
fn cases() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let (kind, rest) = line.split_once(' ').expect(line);
        let (left, right) = rest.split_once(" ~ ").expect(line);
        (kind, left, right)
    })
}

#[test]
fn the_plain_engine_decides_as_the_table() {
    for (kind, pattern, event) in cases().filter(|case| case.0 != "invalid") {
        let pattern = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let read = Event::read(event.as_bytes()).expect(event);
        assert_eq!(
            pattern.matches_event(&read),
            kind == "match",
            "{} ~ {event}",
            pattern.to_json()
        );
    }
}

#[test]
fn what_is_refused_is_refused_at_its_place_with_its_reason() {
    for (_, pattern, expected) in cases().filter(|case| case.0 == "invalid") {
        let error = Pattern::parse(pattern).expect_err(pattern);
        let (path, reason) = expected.split_once(": ").expect(expected);
        assert_eq!(error.path, path, "{pattern}: {error}");
        assert!(error.message.contains(reason), "{pattern}: {error}");
    }
}

/// Alone, and with all the others beside it: what one pattern asks for must not change what another gets.
#[test]
fn the_fast_engine_decides_as_the_table() {
    let table: Vec<_> = cases().filter(|case| case.0 != "invalid").collect();
    let read = |text: &str| Pattern::parse(text).expect("it was read before");
    let all = Matcher::new(table.iter().map(|case| read(case.1)));
    let mut scratch = Scratch::default();
    for (number, (kind, text, event)) in (0_u32..).zip(&table) {
        let alone = Matcher::new([read(text)]);
        let matches = *kind == "match";
        let numbers = alone.event(event.as_bytes(), &mut scratch).expect("JSON");
        assert_eq!(numbers == [0], matches, "{text} ~ {event}");
        let numbers = all.event(event.as_bytes(), &mut scratch).expect("JSON");
        assert_eq!(numbers.contains(&number), matches, "among all: {text} ~ {event}");
        // As the detail of a CloudTrail event, which is what a record is.
        if !event.contains("\"detail\"") {
            let below = Pattern { filter: read(text).filter.below("detail") };
            let numbers = Matcher::new([below])
                .record(event.as_bytes(), &mut scratch)
                .expect("JSON")
                .to_vec();
            assert_eq!(numbers == [0], matches, "as a record: {text} ~ {event}");
        }
    }
}

#[test]
fn the_table_has_no_case_twice_and_enough_of_each_kind() {
    let mut lines: Vec<_> = cases().collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all);
    for kind in ["match", "no", "invalid"] {
        assert!(lines.iter().filter(|case| case.0 == kind).count() >= 80, "{kind}");
    }
}
