//! Objects that carry a text, such as a message in a queue, told by their first keys: the text is read while the object is gone
//! through, so that it is gone through once.
//!
//! This is a short way to what [`shape`](super::shape::shape()) says: where it is not sure of the same, it says nothing.

use super::container::{Container, ITEM_MAX};
use super::unwrap::unescape_up_to_end;
use crate::skim::{Members, container_end, object_rest_end, scalar_end, string_end};

/// How many members are looked at.
const MEMBERS_LOOKED_AT: usize = 16;

/// What the object at the beginning of a text carries.
pub(super) struct Carried {
    pub(super) container: Container,
    /// How many bytes of it were written.
    pub(super) length: usize,
    /// Where the object ends.
    pub(super) end: usize,
}

/// Writes what the object at the beginning of a text carries into `plain`, without escapes; `None` when it takes more to tell
/// what it is, or where it ends.
pub(super) fn carried(text: &[u8], plain: &mut Vec<u8>) -> Option<Carried> {
    let (container, at) = text_carried(text)?;
    let (length, behind) = unescape_up_to_end(text, at, plain)?;
    let end = object_rest_end(text, behind).filter(|end| *end <= ITEM_MAX)?;
    Some(Carried { container, length, end })
}

/// Where the text opens that an object carries.
fn text_carried(text: &[u8]) -> Option<(Container, usize)> {
    let mut members = Members::new(text, 0);
    let mut of_topic = false;
    for _ in 0..MEMBERS_LOOKED_AT {
        let member = members.next().ok()??;
        let value = member.value;
        let is_text = text.get(value)? == &b'"';
        let container = match member.key {
            _ if member.escaped => return None,
            b"CloudTrailEvent" => Container::LookupEvents,
            b"Body" | b"body" => Container::SqsMessage,
            b"eventJson" => Container::LakeRow,
            b"_raw" => Container::Splunk,
            b"@message" => Container::LogsInsights,
            b"Message" if of_topic => Container::SnsNotification,
            b"Message"
            | b"eventVersion"
            | b"eventSource"
            | b"detail"
            | b"detail-type"
            | b"ctguard"
            | b"configurationItems"
            | b"result"
            | b"_source" => return None,
            key => {
                of_topic |= key == b"Type" && text[value..].starts_with(b"\"Notification\"");
                members.resume(plain_value_end(text, value)?);
                continue;
            }
        };
        return is_text.then_some((container, value));
    }
    None
}

/// Where a value ends that is as JSON has it as far as brackets go, so that whoever counts brackets comes to the same.
fn plain_value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => Some(string_end(text, at)?.0 + 1),
        b'{' => container_end(text, at),
        b'[' => {
            let end = container_end(text, at)?;
            // Its objects one after the other, with nothing else that has a brace.
            let mut from = at + 1;
            while let Some(open) = text[from..end].iter().position(|byte| b"{}\"".contains(byte)) {
                match text[from + open] {
                    b'{' => from = container_end(&text[..end], from + open)?,
                    b'"' => from = string_end(&text[..end], from + open)?.0 + 1,
                    _ => return None,
                }
            }
            Some(end)
        }
        _ => {
            let end = scalar_end(text, at);
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
            text[at..end].iter().all(plain).then_some(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::shape::{Shape, shape};
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "1",
            "true",
            "\"x\"",
            "\"\\\"}\"",
            "[]",
            "[{}]",
            "[{\"a\":\"]}\"},7]",
            "{\"a\":[{}]}",
            "[{]}",
            "[}]",
            "t\"r",
            "\\",
            "{",
            "\"Notification\"",
            "\"aws:sqs\"",
            "\"{\\\"a\\\":\\\"}\\\"}\"",
            "\"\\u0041\"",
        ])
        .prop_map(str::to_owned)
    }

    fn key() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "a",
            "Type",
            "Message",
            "MessageId",
            "Body",
            "body",
            "CloudTrailEvent",
            "eventJson",
            "_raw",
            "@message",
            "eventSource",
            "detail",
            "ctguard",
            "configurationItems",
            "eventVersion",
            "Bod\\u0079",
            "result",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn what_is_told_on_the_short_way_is_told_on_the_long_one(
            members in prop::collection::vec((key(), value()), 0..5),
            separator in prop::sample::select(vec![",", " , ", "\n,"]),
            after in prop::sample::select(vec!["", ",{\"Body\":1}", "}"]),
        ) {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            let text = format!("{{{}}}{after}", members.join(separator));
            let mut plain = Vec::new();
            if let Some(found) = carried(text.as_bytes(), &mut plain) {
                prop_assert_eq!(Some(found.end), container_end(text.as_bytes(), 0), "{}", text);
                let Shape::Text(container, at) = shape(&text.as_bytes()[..found.end]) else {
                    return Err(TestCaseError::fail(text));
                };
                prop_assert_eq!(container, found.container, "{}", text);
                let mut again = Vec::new();
                let length = unescape_up_to_end(text.as_bytes(), at, &mut again).map(|found| found.0);
                prop_assert_eq!(length, Some(found.length));
                prop_assert_eq!(&again[..found.length], &plain[..found.length]);
            }
        }
    }

    #[test]
    fn what_people_have_is_told_on_the_short_way() {
        for text in [
            r#"{"EventId":"1","Resources":[{"ResourceName":"]}"}],"CloudTrailEvent":"{}","x":[{}]}"#,
            r#"{ "MessageId" : "1" , "Body" : "x" }"#,
            r#"{"Type":"Notification","Message":"x"}"#,
        ] {
            let found = carried(text.as_bytes(), &mut Vec::new());
            assert_eq!(found.map(|found| found.end), Some(text.len()), "{text}");
        }
    }
}
