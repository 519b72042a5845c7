//! From what a container carries to text: JSON strings without their escapes, base64, and gzip inside of either.

use std::io::Read as _;
use wide::u8x16;

/// Writes the JSON string that opens at `at` into `into`, without quotes and escapes, and gives its length. What stands
/// behind that in `into` means nothing. `None` when there is no string, or it is broken.
pub(super) fn unescape(text: &[u8], at: usize, into: &mut Vec<u8>) -> Option<usize> {
    let inner = text.get(at..)?.strip_prefix(b"\"")?;
    // No escape is shorter than what it stands for, so there is room; a lane may reach beyond by its width.
    if into.len() < inner.len() + LANE {
        into.resize(inner.len() + LANE, 0);
    }
    let (quote, backslash) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    let (mut from, mut to) = (0, 0);
    loop {
        let length = match inner[from..].first_chunk::<LANE>() {
            Some(lane) => {
                into[to..to + LANE].copy_from_slice(lane);
                let lane = u8x16::new(*lane);
                let hits = (lane.simd_eq(quote) | lane.simd_eq(backslash)).to_bitmask();
                if hits == 0 {
                    from += LANE;
                    to += LANE;
                    continue;
                }
                hits.trailing_zeros() as usize
            }
            None => {
                let rest = &inner[from..];
                let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
                into[to..to + length].copy_from_slice(&rest[..length]);
                length
            }
        };
        from += length;
        to += length;
        if inner[from] == b'"' {
            return Some(to);
        }
        let plain = match inner.get(from + 1)? {
            byte @ (b'"' | b'\\' | b'/') => *byte,
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let (letter, length) = unicode(&inner[from..])?;
                to += letter.encode_utf8(&mut into[to..to + 4]).len();
                from += length;
                continue;
            }
            _ => return None,
        };
        into[to] = plain;
        to += 1;
        from += 2;
    }
}

const LANE: usize = 16;

/// The letter that is written as `\uXXXX`, or as two of them, and how many bytes that takes.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = text.get(at..at + 6).filter(|part| part.starts_with(b"\\u"))?;
        let digits = std::str::from_utf8(&digits[2..]).ok()?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(0)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((letter, 6));
    }
    let second = unit(6)?;
    let pair = char::decode_utf16([u16::try_from(first).ok()?, u16::try_from(second).ok()?]);
    let letters: Vec<char> = pair.collect::<Result<_, _>>().ok()?;
    match letters.as_slice() {
        [letter] => Some((*letter, 12)),
        _ => None,
    }
}

/// The bytes that base64 stands for, padded or not; `None` when it is no base64.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if text.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for letter in group {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

/// Inflates gzip that was carried inside of something, up to so many bytes; `None` when it is broken or longer.
pub(super) fn inflate(gzip: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(gzip).take(most as u64 + 1).read_to_end(&mut text);
    (read.is_ok() && text.len() <= most).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn broken_escapes_are_no_text() {
        for text in [r#""\x""#, r#""\u12""#, r#""\ud800""#, r#""\ud800\u0041""#, r#""open"#, "7"] {
            assert_eq!(unescape(text.as_bytes(), 0, &mut Vec::new()), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_base64_is_told() {
        assert_eq!(base64(b"QUJD"), Some(b"ABC".to_vec()));
        assert_eq!(base64(b"QUI="), Some(b"AB".to_vec()));
        assert_eq!(base64(b"QQ"), Some(b"A".to_vec()));
        for text in [&b"Q"[..], b"Q!==", b"QUJD{"] {
            assert_eq!(base64(text), None);
        }
    }

    proptest! {
        #[test]
        fn a_text_comes_back_as_it_was_written(text in "(.|\"|\\\\|\n|\u{1f600}|[a-z]{20}){0,40}") {
            let mut plain = Vec::new();
            for written in [
                serde_json::to_string(&text).unwrap(),
                format!("\"{}\"", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>()),
            ] {
                let length = unescape(written.as_bytes(), 0, &mut plain).unwrap();
                prop_assert_eq!(std::str::from_utf8(&plain[..length]).unwrap(), text.as_str());
            }
        }
    }
}
