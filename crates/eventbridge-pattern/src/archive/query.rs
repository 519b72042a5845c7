//! Rows of a query in CloudWatch Logs Insights, as GetQueryResults answers them: each a list of fields, which are objects
//! with `field` and `value`
//! (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html>).

use super::container::ITEM_MAX;
use super::shape::member;
use super::window::Window;
use crate::skim::{Broken, Members, container_end, past_space, value_end};

/// Whether the list at the beginning of the rest is such a row: whether its first element has a `field` and a `value`, and
/// nothing else.
pub(super) fn is_row(window: &mut Window<'_>) -> bool {
    loop {
        let rest = window.rest();
        let first = past_space(rest, 1);
        match rest.get(first) {
            Some(b'{') => {
                if let Some(has_field) = has_field(rest, first) {
                    return has_field;
                }
            }
            Some(_) => return false,
            None => {}
        }
        if rest.len() > ITEM_MAX || !window.more() {
            return false;
        }
    }
}

/// Whether the object at `at` is a field; `None` when the text ends before that can be told.
fn has_field(text: &[u8], at: usize) -> Option<bool> {
    let mut members = Members::new(text, at);
    let (mut named, mut valued) = (false, false);
    loop {
        let member = match members.next() {
            Ok(Some(member)) => member,
            Ok(None) => return Some(named && valued),
            Err(Broken) => return container_end(text, at).map(|_| false),
        };
        match member.key {
            b"field" if !named => named = true,
            b"value" if !valued => valued = true,
            _ => return Some(false),
        }
        match value_end(text, member.value) {
            Some(end) if end < text.len() => members.resume(end),
            _ => return None,
        }
    }
}

/// Where the text of `@message` opens in a row.
pub(super) fn message(row: &[u8]) -> Option<usize> {
    let mut at = past_space(row, 1);
    while let Some(b'{') = row.get(at) {
        let named = member(row, at, b"field");
        if named.is_some_and(|named| row[named..].starts_with(b"\"@message\"")) {
            return member(row, at, b"value").filter(|value| row.get(*value) == Some(&b'"'));
        }
        let comma = past_space(row, container_end(row, at)?);
        at = past_space(row, comma + 1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_told_by_its_first_field() {
        for (text, expected) in [
            (r#"[{"field":"@ptr","value":"x"}]"#, true),
            (" [ { \"value\" : \"\" , \"field\" : \"a\" } ] ", true),
            (r#"[{"field":"a","value":"b","more":1}]"#, false),
            (r#"[{"field":"a"},{"value":"b"}]"#, false),
            (r#"[{"field":"a","field":"b"}]"#, false),
            (r#"[{"field" "value"}]"#, false),
            (r#"[{"field":"a","value":"#, false),
            (r#"[{"eventSource":"x"}]"#, false),
            ("[]", false),
            ("[7]", false),
            ("[", false),
        ] {
            assert_eq!(
                is_row(&mut Window::whole(text.trim_start().as_bytes())),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn the_message_is_a_text_at_its_place() {
        let at = |row: &str| message(row.as_bytes()).map(|at| row[at..].to_owned());
        let row = r#"[{"field":"a","value":"@message"}, {"value":"m","field":"@message"}]"#;
        assert_eq!(at(row).as_deref(), Some(r#""m","field":"@message"}]"#));
        for row in [
            r#"[{"field":"@message","value":7}]"#,
            r#"[{"field":"@message"}]"#,
            r#"[{"field":"@messages","value":"m"}]"#,
            r#"[{"field":"a","value":"m"},7]"#,
            "[]",
        ] {
            assert_eq!(at(row), None, "{row}");
        }
    }
}
