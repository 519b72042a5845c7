//! The text that a string of JSON stands for, where a strict reader would refuse it.
//!
//! Half of a pair of surrogates and bytes that are no UTF-8 are no letters. Whoever makes a call can place them in its record,
//! which EventBridge delivers all the same; so � stands for each, and the rest of the text is as it is written.

use std::borrow::Cow;

/// Stands for what is no letter.
const NO_LETTER: &str = "\u{fffd}";

/// The text that stands between quotes; `None` when it has an escape that JSON does not know.
pub(crate) fn text(written: &[u8], escaped: bool) -> Option<Cow<'_, str>> {
    let written = String::from_utf8_lossy(written);
    if !escaped {
        return Some(written);
    }
    let read = |text: &str| serde_json::from_str(&format!("\"{text}\"")).ok().map(Cow::Owned);
    read(&written).or_else(|| read(&paired(&written)))
}

/// A text as JSON writes it, with � for each escape of a surrogate that is not one of a pair.
pub fn paired(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str(NO_LETTER);
                rest = &rest[6..];
                continue;
            }
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The unit of UTF-16 that a text begins with as an escape.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_letter_is_replaced_and_nothing_else() {
        for (written, expected) in [
            (&br"a\u0062\n"[..], Some("ab\n")),
            (br"x\ud800y", Some("x\u{fffd}y")),
            (br"\udc00\ud83d\ude00\ud83d", Some("\u{fffd}😀\u{fffd}")),
            (br"\\ud800", Some(r"\ud800")),
            (b"\xff\\u0041", Some("\u{fffd}A")),
            (br"\u12", None),
            (br"\x", None),
            (br"\", None),
        ] {
            assert_eq!(text(written, true).as_deref(), expected);
        }
        assert!(matches!(text(b"plain", false), Some(Cow::Borrowed("plain"))));
    }
}
