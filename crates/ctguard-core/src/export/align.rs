//! Two values that differ in what is their own become one in which that is open.

use serde_json::{Map, Value};

/// What is one's own and the other's, and the mark that stands for either.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own<'a> {
    pub one: &'a str,
    pub other: &'a str,
    pub mark: char,
}

/// The value of which both are instances; `None` where they differ in more than what is their own.
///
/// A text that both have stays as it is, even where it happens to be the own of one of them: an
/// address that the blueprint writes out means the same in every place.
pub(super) fn align(one: &Value, other: &Value, owns: &[Own<'_>]) -> Option<Value> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => {
            aligned_text(one, other, owns).map(Value::String)
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).map(|(one, other)| align(one, other, owns)).collect()
        }
        (Value::Object(one), Value::Object(other)) if one.len() == other.len() => {
            let mut all = Map::new();
            for ((key, one), (other_key, other)) in one.iter().zip(other) {
                all.insert(aligned_text(key, other_key, owns)?, align(one, other, owns)?);
            }
            Some(Value::Object(all))
        }
        (one, other) => (one == other).then(|| one.clone()),
    }
}

fn aligned_text(one: &str, other: &str, owns: &[Own<'_>]) -> Option<String> {
    if one == other {
        return Some(one.to_owned());
    }
    // A text that begins as one's own does may still be the same in both: the other reading is
    // tried when the first one leads nowhere.
    let mut open = vec![(one, other, String::with_capacity(one.len()))];
    let mut tried = 0;
    while let Some((left, right, text)) = open.pop() {
        tried += 1;
        if tried > READINGS_MAX {
            return None;
        }
        if let Some(text) = read(left, right, text, owns, &mut open) {
            return Some(text);
        }
    }
    None
}

/// Most readings of a text that are tried.
const READINGS_MAX: usize = 10_000;

/// Reads both texts to their ends, taking for open what can be; other readings are added to `others`.
fn read<'a>(
    mut left: &'a str,
    mut right: &'a str,
    mut text: String,
    owns: &[Own<'_>],
    others: &mut Vec<(&'a str, &'a str, String)>,
) -> Option<String> {
    while !left.is_empty() || !right.is_empty() {
        let own = owns.iter().find_map(|own| {
            let differ = own.one != own.other && !own.one.is_empty() && !own.other.is_empty();
            let rest = left.strip_prefix(own.one).filter(|_| differ)?;
            Some((own.mark, rest, right.strip_prefix(own.other)?))
        });
        let next = left.chars().next();
        let same = next.and_then(|next| Some((next, right.strip_prefix(next)?)));
        match (own, same) {
            (Some((mark, rest_left, rest_right)), same) => {
                if let Some((next, rest)) = same {
                    let text = format!("{text}{next}");
                    others.push((&left[next.len_utf8()..], rest, text));
                }
                text.push(mark);
                (left, right) = (rest_left, rest_right);
            }
            (None, Some((next, rest))) => {
                (left, right) = (&left[next.len_utf8()..], rest);
                text.push(next);
            }
            (None, None) => return None,
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OWN: Own<'static> = Own { one: "111122223333", other: "444455556666", mark: '@' };

    #[test]
    fn what_is_everybodys_own_is_open_and_what_both_name_is_not() {
        for (one, other, expected) in [
            ("role/111122223333", "role/444455556666", Some("role/@")),
            ("111122223333", "111122223333", Some("111122223333")),
            (
                "a 111122223333 111122223333",
                "a 444455556666 111122223333",
                Some("a @ 111122223333"),
            ),
            ("444455556666 111122223333", "444455556666 444455556666", Some("444455556666 @")),
            ("a", "b", None),
            ("a", "ab", None),
            ("ab", "a", None),
        ] {
            assert_eq!(aligned_text(one, other, &[OWN]).as_deref(), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_reading_that_leads_nowhere_is_given_up() {
        let own = Own { one: "a", other: "ab", mark: '@' };
        for (one, other, expected) in [
            ("abX a", "abX ab", Some("abX @")),
            ("cat (a)", "cat (ab)", Some("cat (@)")),
            ("a a", "ab a", Some("@ a")),
        ] {
            assert_eq!(aligned_text(one, other, &[own]).as_deref(), expected, "{one} {other}");
        }
    }

    #[test]
    fn values_of_another_shape_have_nothing_in_common() {
        let both = |one: Value, other: Value| align(&one, &other, &[OWN]);
        assert_eq!(both(json!([1]), json!([1, 2])), None);
        assert_eq!(both(json!({ "a": 1 }), json!({ "b": 1 })), None);
        assert_eq!(both(json!({ "a": 1 }), json!({ "a": true })), None);
        assert_eq!(
            both(json!({ "a": ["111122223333"] }), json!({ "a": ["444455556666"] })),
            Some(json!({ "a": ["@"] }))
        );
    }
}
