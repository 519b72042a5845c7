//! JSON that is whole, but that a strict reader refuses: bytes that are no UTF-8, half of a pair of surrogates, brackets too deep,
//! numbers too large. Whoever makes a call can place such things in its record, and must not stay unseen for it.

use eventbridge_pattern::archive::Unread;
use eventbridge_pattern::letters;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Brackets that may stand in each other; what is deeper is left out. The reader's own limit is 128.
const DEPTH_MAX: usize = 100;

/// Reads a text; where a strict reader refuses it, with � in place of letters that are none, `null` in place of what is too
/// deep, and the largest number in place of larger ones.
///
/// # Errors
/// When it is not JSON.
pub(crate) fn value(text: &[u8]) -> Result<Value, Unread> {
    let strict = match serde_json::from_slice(text) {
        Ok(value) => return Ok(value),
        Err(strict) => Unread::NotJson(strict.to_string()),
    };
    // It must be whole: what is broken is not guessed at.
    match serde_json::from_slice::<IgnoredAny>(text) {
        Ok(_) => serde_json::from_str(&mended(&String::from_utf8_lossy(text))).map_err(|_| strict),
        Err(_) => Err(strict),
    }
}

fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = text.as_bytes().get(at) {
        let end = match byte {
            b'"' => at + string_length(&text[at..]),
            b'-' | b'0'..=b'9' => {
                let is_number = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                text[at..].find(|c| !is_number(c)).map_or(text.len(), |length| at + length)
            }
            _ => at + 1,
        };
        let token = text.get(at..end).unwrap_or_default();
        let closes = matches!(byte, b'}' | b']');
        if matches!(byte, b'{' | b'[') {
            depth += 1;
            if depth == DEPTH_MAX + 1 {
                out.push_str("null");
            }
        }
        if depth <= DEPTH_MAX {
            match byte {
                b'"' => out.push_str(&letters::paired(token)),
                b'-' | b'0'..=b'9' => out.push_str(finite(token)),
                _ => out.push_str(token),
            }
        }
        depth -= usize::from(closes && depth > 0);
        at = end.max(at + 1);
    }
    out
}

/// The length of the string that a text begins with.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn finite(number: &str) -> &str {
    match number.parse::<f64>() {
        Ok(value) if value == f64::INFINITY => "1.7976931348623157e308",
        Ok(value) if value == f64::NEG_INFINITY => "-1.7976931348623157e308",
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_can_be_told_apart_is_read() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        for (text, expected) in [
            (&br#"{"a":"x\ud800y","b":1}"#[..], json!({"a": "x\u{fffd}y", "b": 1})),
            (br#"["\ud83d\ude00\udc00\ud800\n\\ud800"]"#, json!(["😀\u{fffd}\u{fffd}\n\\ud800"])),
            (b"[\"\xff\",\"\\\\\"]", json!(["\u{fffd}", "\\"])),
            (b"{\"a\":-1e999,\"b\":[1E999,2]}", json!({"a": f64::MIN, "b": [f64::MAX, 2]})),
            (b"{\"a\":1}", json!({"a": 1})),
        ] {
            assert_eq!(value(text), Ok(expected));
        }
        for levels in [100, 127, 128, 200, 1_000_000] {
            let text = format!("{{\"a\":{},\"b\":{{\"c\":\"]\"}}}}", deep(levels));
            let found = value(text.as_bytes()).unwrap();
            assert_eq!(found["b"], json!({"c": "]"}), "{levels}");
            assert!(found["a"][0][0].is_array());
        }
    }

    #[test]
    fn what_is_broken_is_not_guessed_at() {
        for text in [&b"{\"a\":\"\xff}"[..], b"{\"a\":1e999", b"[\"\\ud800\",x]", b"[\"\\u12\"]"] {
            assert!(value(text).is_err());
        }
    }
}
