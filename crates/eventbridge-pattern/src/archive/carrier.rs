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
    /// What the object is, where what carries the text stands in it.
    pub(super) around: Option<Container>,
    pub(super) container: Container,
    /// How many bytes of it were written.
    pub(super) length: usize,
    /// Where the object ends.
    pub(super) end: usize,
}

/// Writes what the object at the beginning of a text carries into `plain`, without escapes; `None` when it takes more to tell
/// what it is, or where it ends.
pub(super) fn carried(text: &[u8], plain: &mut Vec<u8>) -> Option<Carried> {
    if let Some(within) = carried_within(text, plain) {
        return Some(within);
    }
    let (container, at) = text_carried(text)?;
    let (length, behind) = unescape_up_to_end(text, at, plain)?;
    let end = object_rest_end(text, behind).filter(|end| *end <= ITEM_MAX)?;
    Some(Carried { around: None, container, length, end })
}

/// The same of what Splunk exports: `result` is the object that carries a text, and beside it stands nothing but what Splunk
/// writes there.
fn carried_within(text: &[u8], plain: &mut Vec<u8>) -> Option<Carried> {
    let beside = |key: &[u8]| matches!(key, b"preview" | b"offset" | b"lastrow");
    let mut members = Members::new(text, 0);
    let mut inner = None;
    while let Some(member) = members.next().ok()? {
        let value = member.value;
        if member.escaped {
            return None;
        } else if member.key == b"preview" && text[value..].starts_with(b"true") {
            // Of a search that has not ended, which is told on the long way.
            return None;
        } else if beside(member.key) {
            members.resume(plain_value_end(text, value)?);
        } else if member.key == b"result" && text.get(value) == Some(&b'{') && inner.is_none() {
            let (container, at) = text_carried(&text[value..])?;
            let (length, behind) = unescape_up_to_end(text, value + at, plain)?;
            members.resume(object_rest_end(text, behind)?);
            inner = Some((container, length));
        } else {
            return None;
        }
    }
    let (end, (container, length)) = (members.position(), inner?);
    (end <= ITEM_MAX).then_some(Carried { around: Some(Container::Splunk), container, length, end })
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
            "{\"_raw\":\"x\\\"\"}",
            "{\"host\":{},\"_raw\":\"y\",\"z\":1}",
            "{\"Body\":\"\"}",
            "{\"_raw\":7}",
            "{\"_raw\":\"x\",\"a\":{]}",
            "{\"result\":{\"_raw\":\"x\"}}",
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
            "result",
            "preview",
            "offset",
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
                let text = &text.as_bytes()[..found.end];
                let mut told = (text, shape(text));
                if let Some(around) = found.around {
                    let Shape::Inner(container, at) = told.1 else {
                        return Err(TestCaseError::fail("not within"));
                    };
                    prop_assert_eq!(container, around);
                    let text = &text[at..at + container_end(&text[at..], 0).unwrap()];
                    told = (text, shape(text));
                }
                let (text, Shape::Text(container, at)) = told else {
                    return Err(TestCaseError::fail("no text"));
                };
                prop_assert_eq!(container, found.container);
                let mut again = Vec::new();
                let length = unescape_up_to_end(text, at, &mut again).map(|found| found.0);
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
            r#"{"preview":false,"offset":0,"result":{"host":"h","_raw":"x","i":{}},"lastrow":true}"#,
        ] {
            let found = carried(text.as_bytes(), &mut Vec::new());
            assert_eq!(found.map(|found| found.end), Some(text.len()), "{text}");
        }
    }
}
