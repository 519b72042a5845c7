//! From a file's text to the text of each record.
//!
//! Three forms are taken: CloudTrail's own, an object with a list `Records`; one JSON object after the other, on
//! lines of their own or not; and a list of objects. Records are not parsed, only found.

use crate::skim::{Members, container_end, past_space, value_end};

/// Text that ends before it should, or goes on otherwise than it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// It ends in the middle of a record.
    #[error("the text ends in the middle of a record")]
    CutOff,
    /// It is not JSON from some place on.
    #[error("there is no JSON at byte {at} of its text")]
    NotJson {
        /// The place, in bytes from the beginning of the text.
        at: usize,
    },
    /// Its `Records` is not a list.
    #[error("its `Records` is no list")]
    NoList,
    /// It is a digest file, which proves the integrity of logs and has no records.
    #[error("it is a digest and has no records")]
    Digest,
}

/// What stands where a record is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    /// The text of a JSON object.
    Record(&'t [u8]),
    /// JSON, but no object.
    Other(&'t [u8]),
}

/// Calls `visit` with each record, in order.
///
/// # Errors
/// When the text stops being JSON; all records before that were visited.
pub fn records<'t>(text: &'t [u8], mut visit: impl FnMut(Piece<'t>)) -> Result<(), BadText> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut at = past_space(text, 0);
    if text.get(at) == Some(&b'[') {
        at = past_space(text, list(text, at, &mut visit)?);
    }
    while at < text.len() {
        at = past_space(text, whole(text, at, &mut visit)?);
        // Some tools write commas between lines.
        if text.get(at) == Some(&b',') {
            at = past_space(text, at + 1);
        }
    }
    Ok(())
}

/// Visits the record at `at`, or the records of the file of CloudTrail's that begins there; gives the position
/// after it. Files may follow each other, as when gzip members were joined.
fn whole<'t>(
    text: &'t [u8],
    at: usize,
    visit: &mut impl FnMut(Piece<'t>),
) -> Result<usize, BadText> {
    if text.get(at) != Some(&b'{') {
        return Err(BadText::NotJson { at });
    }
    let mut members = Members::new(text, at);
    let Some(list_at) = records_list(text, &mut members)? else {
        return piece(text, at, visit);
    };
    members.resume(list(text, list_at, visit)?);
    loop {
        let position = members.position();
        match members.next() {
            Ok(None) => return Ok(members.position()),
            Ok(Some(member)) => {
                members.resume(value_end(text, member.value).ok_or(BadText::CutOff)?)
            }
            Err(_) if past_space(text, position) >= text.len() => return Err(BadText::CutOff),
            Err(_) => return Err(BadText::NotJson { at: position }),
        }
    }
}

/// Where the list opens that an object has as `Records`; `None` when it has none, and so is a record itself.
fn records_list(text: &[u8], members: &mut Members<'_>) -> Result<Option<usize>, BadText> {
    let mut digest = false;
    loop {
        let position = members.position();
        let member = match members.next() {
            Ok(Some(member)) => member,
            Ok(None) => break,
            Err(_) if past_space(text, position) >= text.len() => return Err(BadText::CutOff),
            Err(_) => return Err(BadText::NotJson { at: position }),
        };
        match member.key {
            b"Records" => {
                let value = member.value;
                return match text.get(value) {
                    Some(b'[') => Ok(Some(value)),
                    Some(_) => Err(BadText::NoList),
                    None => Err(BadText::CutOff),
                };
            }
            b"eventVersion" | b"eventSource" | b"eventName" | b"detail-type" => return Ok(None),
            b"digestS3Object" => digest = true,
            _ => {}
        }
        members.resume(value_end(text, member.value).ok_or(BadText::CutOff)?);
    }
    if digest { Err(BadText::Digest) } else { Ok(None) }
}

/// Visits the elements of the list that opens at `at`; gives the position after it.
fn list<'t>(
    text: &'t [u8],
    at: usize,
    visit: &mut impl FnMut(Piece<'t>),
) -> Result<usize, BadText> {
    let mut at = past_space(text, at + 1);
    if text.get(at) == Some(&b']') {
        return Ok(at + 1);
    }
    loop {
        at = piece(text, at, visit)?;
        at = past_space(text, at);
        match text.get(at) {
            Some(b',') => at = past_space(text, at + 1),
            Some(b']') => return Ok(at + 1),
            Some(_) => return Err(BadText::NotJson { at }),
            None => return Err(BadText::CutOff),
        }
    }
}

/// Visits the value at `at`; gives the position after it.
fn piece<'t>(
    text: &'t [u8],
    at: usize,
    visit: &mut impl FnMut(Piece<'t>),
) -> Result<usize, BadText> {
    match text.get(at) {
        Some(b'{') => {
            let end = container_end(text, at).ok_or(BadText::CutOff)?;
            visit(Piece::Record(&text[at..end]));
            Ok(end)
        }
        Some(b',' | b':' | b'}' | b']') => Err(BadText::NotJson { at }),
        Some(_) => {
            let end = value_end(text, at).filter(|end| *end > at).ok_or(BadText::CutOff)?;
            visit(Piece::Other(&text[at..end]));
            Ok(end)
        }
        None => Err(BadText::CutOff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> (Vec<String>, Option<BadText>) {
        let mut found = Vec::new();
        let end = records(text.as_bytes(), |piece| {
            let (mark, text) = match piece {
                Piece::Record(text) => ("", text),
                Piece::Other(text) => ("!", text),
            };
            found.push(format!("{mark}{}", String::from_utf8_lossy(text)));
        });
        (found, end.err())
    }

    #[test]
    fn records_are_found_in_every_form() {
        for text in [
            r#"{"Records":[{"a":1},{"b":"}]{"}]}"#,
            " \n{ \"Records\" : [ {\"a\":1} ,\r\n{\"b\":\"}]{\"} ] } ",
            r#"{"other":{"Records":[{"x":1}]},"Records":[{"a":1},{"b":"}]{"}]}"#,
            "{\"a\":1}\n{\"b\":\"}]{\"}\n",
            "{\"a\":1}{\"b\":\"}]{\"}",
            "{\"a\":1}\n\n\r\n{\"b\":\"}]{\"}",
            r#"[{"a":1},{"b":"}]{"}]"#,
            "{\"Records\":[{\"a\":1}]}\n",
            "{\"Records\":[{\"a\":1}],\"n\":{}}\n{\"Records\":[{\"b\":\"}]{\"}]}",
        ] {
            let (found, error) = split(text);
            assert_eq!(error, None, "{text}");
            assert_eq!(found[0], r#"{"a":1}"#, "{text}");
            assert!(found.len() == 1 || found[1] == r#"{"b":"}]{"}"#, "{text}");
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        for text in ["", " \n", "[]", r#"{"Records":[]}"#, r#"{"Records":[ ]}"#] {
            assert_eq!(split(text), (vec![], None), "{text}");
        }
    }

    #[test]
    fn what_is_broken_is_told_after_the_records_before_it() {
        for (text, found, error) in [
            (r#"{"Records":[{"a":1},{"b":"#, 1, BadText::CutOff),
            (r#"{"Records":[{"a":1}"#, 1, BadText::CutOff),
            (r#"{"Records":[{"a":1}{"b":1}]}"#, 1, BadText::NotJson { at: 19 }),
            (r#"{"Records":[{"a":1},,]}"#, 1, BadText::NotJson { at: 20 }),
            (r#"{"Records":{"a":1}}"#, 0, BadText::NoList),
            (r#"{"Records""#, 0, BadText::NotJson { at: 1 }),
            (r#"{"Records":[{"a":1}]"#, 1, BadText::CutOff),
            (r#"{"digestS3Object":"x"}"#, 0, BadText::Digest),
            ("null", 0, BadText::NotJson { at: 0 }),
            ("{\"a\":1}\n}", 1, BadText::NotJson { at: 8 }),
        ] {
            let (records, why) = split(text);
            assert_eq!((records.len(), why), (found, Some(error)), "{text}");
        }
    }

    #[test]
    fn elements_that_are_no_objects_are_told_apart() {
        let (found, error) = split(r#"{"Records":[1,"x",{"a":1},null,[{"b":1}]]}"#);
        assert_eq!(found, ["!1", r#"!"x""#, r#"{"a":1}"#, "!null", r#"![{"b":1}]"#]);
        assert_eq!(error, None);
    }
}
