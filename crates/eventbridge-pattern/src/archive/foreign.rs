//! What a text is that does not begin as JSON does, told by its first bytes.

use super::container::{PassedOver, Unread};
use super::csv;
use super::unwrap::base64;
use super::window::Window;
use crate::skim::past_space;
use std::io::Read as _;

/// Bytes that are looked at.
const LOOKED_AT: usize = 4 << 10;

/// What a text is.
pub(super) enum Told {
    /// JSON documents, or lines that are read one by one.
    Documents,
    /// A table with a header, and what stands between its columns.
    Table(u8),
    Unread(Unread),
}

/// What is no text, and of no known format.
const BINARY: &str = "binary data";

/// Formats that begin with bytes of their own.
const MAGIC: [(&[u8], &str); 9] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard"),
    (b"PAR1", "Parquet"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"\x04\x22\x4d\x18", "compressed with LZ4"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy"),
    (b"Obj\x01", "Avro"),
    (b"ORC", "ORC"),
];

/// Says what the text of a window is; leaves a byte-order mark behind.
pub(super) fn told(window: &mut Window<'_>) -> Told {
    while window.rest().len() < LOOKED_AT && window.more() {}
    if window.rest().starts_with(b"\xef\xbb\xbf") {
        window.pass(3);
    }
    of(window.rest())
}

/// Says what a text is. Of a long one the beginning is enough.
pub(super) fn of(text: &[u8]) -> Told {
    let text = &text[..text.len().min(LOOKED_AT)];
    if is_utf_16(text) {
        return Told::Unread(Unread::Utf16);
    }
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| text.starts_with(magic)) {
        return Told::Unread(Unread::OtherFormat(name));
    }
    if text.get(257..262) == Some(b"ustar") {
        return Told::Unread(Unread::OtherFormat("a tar archive"));
    }
    let first = text.get(past_space(text, 0));
    if let None | Some(b'{' | b'[' | b',') = first {
        return Told::Documents;
    }
    if memchr::memchr(0, text).is_some() {
        return Told::Unread(Unread::OtherFormat(BINARY));
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // No column's name has a brace: this is JSON, in quotes or behind a time.
    if line.contains(&b'{') {
        return Told::Documents;
    }
    match csv::delimiter(String::from_utf8_lossy(line).trim_end()) {
        Some(delimiter) => Told::Table(delimiter),
        None => Told::Documents,
    }
}

fn is_utf_16(text: &[u8]) -> bool {
    match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        // Without a mark: every other byte of the first letters is zero.
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] => a.is_ascii() && b.is_ascii() && *a != 0 && *b != 0,
        _ => false,
    }
}

/// The service whose log begins with this line.
///
/// Sources: <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>,
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>,
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>
pub(super) fn log_of_another_service(line: &[u8]) -> Option<PassedOver> {
    let line = String::from_utf8_lossy(&line[..line.len().min(LOOKED_AT)]);
    let words: Vec<&str> = line.split(' ').take(5).collect();
    let is_flow_header = line.starts_with("version account-id interface-id");
    let is_flow = matches!(words.as_slice(), [version, account, interface, ..]
        if version.len() <= 2 && is_digits(version) && account.len() == 12 && is_digits(account)
            && interface.starts_with("eni-"));
    if is_flow_header || is_flow {
        return Some(PassedOver::FlowLog);
    }
    const SCHEMES: [&str; 7] = ["http", "https", "h2", "grpcs", "ws", "wss", "tls"];
    let is_balancer = match words.as_slice() {
        ["tls", version, time, ..] if version.starts_with(|c: char| c.is_ascii_digit()) => {
            is_time(time) || is_time(version)
        }
        [scheme, time, name, ..] if SCHEMES.contains(scheme) => is_time(time) && !name.is_empty(),
        [time, _, client, ..] => {
            is_time(time) && client.split_once(':').is_some_and(|(_, port)| is_digits(port))
        }
        _ => false,
    };
    if is_balancer {
        return Some(PassedOver::LoadBalancerLog);
    }
    let is_s3 = matches!(words.as_slice(), [owner, _, time, ..]
        if owner.len() == 64 && owner.bytes().all(|byte| byte.is_ascii_hexdigit()) && time.starts_with('['));
    is_s3.then_some(PassedOver::S3AccessLog)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is a time as AWS's logs have it: `2026-11-22T10:00:00.000Z`, with or without the fraction or the Z.
fn is_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let text = text.as_bytes();
    text.len() >= SHAPE.len()
        && SHAPE.iter().zip(text).all(|(shape, byte)| match shape {
            b'd' => byte.is_ascii_digit(),
            other => other == byte,
        })
        && text[SHAPE.len()..]
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'Z'))
}

/// Where the message begins in a line of an export of CloudWatch Logs, a time and then JSON.
pub(super) fn export_time(line: &[u8]) -> Option<usize> {
    let space = memchr::memchr(b' ', line.get(..40.min(line.len()))?)?;
    let time = std::str::from_utf8(&line[..space]).ok()?;
    (is_time(time) && line.get(space + 1) == Some(&b'{')).then_some(space + 1)
}

/// Words that stand in what carries records or events, whatever it is called.
const TELLING: [&[u8]; 10] = [
    b"\"Records\"",
    b"\"eventVersion\"",
    b"\"eventSource\"",
    b"\"detail-type\"",
    b"CloudTrailEvent",
    b"\"awslogs\"",
    b"\"logEvents\"",
    b"eventversion",
    b"eventjson",
    b"\\\"eventVersion\\\"",
];

/// Keys under which an object may carry something, which alone say nothing.
const CARRYING: [&[u8]; 8] = [
    b"\"data\"",
    b"\"Data\"",
    b"\"message\"",
    b"\"Message\"",
    b"\"body\"",
    b"\"Body\"",
    b"\"_raw\"",
    b"\"detail\"",
];

fn has_any(text: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| memchr::memmem::find(text, word).is_some())
}

/// Whether a text has a word that stands in what carries records or events.
pub(super) fn has_telling_words(text: &[u8]) -> bool {
    has_any(text, &TELLING)
}

/// Whether a text has a key that every record has, as it stands or inside of a text.
pub(super) fn has_words_of_a_record(text: &[u8]) -> bool {
    has_any(
        text,
        &[b"\"eventVersion\"", b"\"eventSource\"", b"eventVersion\\\"", b"eventSource\\\""],
    )
}

/// Whether a piece of a file without a log's name looks like one. What is in a known format that is not read looks so, too: it
/// is named as unread, since nobody has seen that it has no events.
pub(super) fn looks_like_a_log(piece: &[u8], is_first: bool) -> bool {
    has_telling_words(piece) || (is_first && begins_like_a_log(piece))
}

fn begins_like_a_log(head: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    let is_json = start.first().is_some_and(|byte| b"{[".contains(byte));
    head.starts_with(&[0x1f, 0x8b])
        || (is_json && has_any(head, &CARRYING))
        || export_time(start).is_some()
        || begins_as_base64(start)
        || matches!(of(head), Told::Unread(why) if why != Unread::OtherFormat(BINARY))
}

/// Whether it is base64 of JSON or of gzip.
fn begins_as_base64(start: &[u8]) -> bool {
    let letters = start.get(..64.min(start.len() / 4 * 4)).unwrap_or_default();
    letters.len() >= 8
        && letters[..8].iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
        && base64(letters).is_some_and(|bytes| {
            bytes.starts_with(&[0x1f, 0x8b])
                || matches!(bytes.trim_ascii_start(), [b'{' | b'[', next, ..]
                    if next.is_ascii_whitespace() || b"\"{[".contains(next))
        })
}

/// Whether a file that by its place or name is another service's has records of CloudTrail's, by what it begins with.
pub(super) fn begins_with_records(head: &[u8]) -> bool {
    let inflated = head.starts_with(&[0x1f, 0x8b]).then(|| inflate_beginning(head));
    let text = inflated.as_deref().unwrap_or(head);
    has_any(text, &[b"\"eventVersion\""])
        && has_any(text, &[b"\"eventSource\""])
        && !has_any(text, &[b"\"configurationItems\""])
}

/// The beginning of what a piece of gzip inflates to.
fn inflate_beginning(gzip: &[u8]) -> Vec<u8> {
    let mut text = vec![0; LOOKED_AT];
    let mut decoder = flate2::read::GzDecoder::new(gzip);
    let mut length = 0;
    while let Ok(more @ 1..) = decoder.read(&mut text[length..]) {
        length += more;
    }
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_other_services_are_told_by_their_first_line() {
        for (line, expected) in [
            ("version account-id interface-id srcaddr", Some(PassedOver::FlowLog)),
            (
                "2 111122223333 eni-0a1b2c3d 192.0.2.1 192.0.2.2 443 49152 6",
                Some(PassedOver::FlowLog),
            ),
            (
                "https 2026-11-22T10:00:00.186641Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80",
                Some(PassedOver::LoadBalancerLog),
            ),
            (
                "2026-11-22T10:00:00.943958Z web 192.0.2.1:2817 10.0.0.1:80",
                Some(PassedOver::LoadBalancerLog),
            ),
            (
                "tls 2.0 2026-11-22T10:00:00 net/web/x 192.0.2.1:1",
                Some(PassedOver::LoadBalancerLog),
            ),
            (
                "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be logs [22/Nov/2026:10:00:00 +0000] 192.0.2.3",
                Some(PassedOver::S3AccessLog),
            ),
            ("2026-11-22T10:00:00.000Z hello world of logs", None),
            ("some text", None),
        ] {
            assert_eq!(log_of_another_service(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_line_of_an_export_begins_with_its_time() {
        assert_eq!(export_time(b"2026-11-22T10:00:00.000Z {\"a\":1}"), Some(25));
        assert_eq!(export_time(b"2026-11-22T10:00:00.000Z text"), None);
        assert_eq!(export_time(b"Nov 22 10:00:00 host {\"a\":1}"), None);
    }

    #[test]
    fn other_formats_are_named() {
        for (text, name) in [
            (&b"PK\x03\x04xx"[..], "a ZIP archive"),
            (b"PAR1xx", "Parquet"),
            (b"ab\0cd", "binary data"),
        ] {
            let Told::Unread(why) = of(text) else { unreachable!("{name}") };
            assert_eq!(why, Unread::OtherFormat(name));
        }
        for text in [&b"\xff\xfe{\0"[..], b"{\0\"\0", b"\0{\0\""] {
            assert!(matches!(of(text), Told::Unread(Unread::Utf16)), "{text:?}");
        }
    }
}
