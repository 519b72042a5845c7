//! From what a container carries to text: JSON strings without their escapes, base64, and gzip inside of either.

use crate::skim::{BLOCK, Block, escaped};
use std::io::Read as _;

/// Writes the JSON string that opens at `at` into `into`, without quotes and escapes, and gives its length. What stands
/// behind that in `into` means nothing. `None` when there is no string, or it is broken.
pub(super) fn unescape(text: &[u8], at: usize, into: &mut Vec<u8>) -> Option<usize> {
    unescape_up_to_end(text, at, into).map(|(length, _)| length)
}

/// The same, and where the string closes: the position after its quote.
///
/// A block is looked at as a whole: where its backslashes are that are left out, and where the quote is that closes. What stands
/// between is copied a lane at a time. Escapes that stand for another letter are read one by one.
pub(super) fn unescape_up_to_end(
    text: &[u8],
    at: usize,
    into: &mut Vec<u8>,
) -> Option<(usize, usize)> {
    let inner = text.get(at..)?.strip_prefix(b"\"")?;
    let mut to = 0;
    let mut from = 0;
    while let Some(source) = inner[from..].first_chunk::<ROOM>() {
        if into.len() < to + ROOM {
            into.resize((2 * into.len()).max(to + ROOM), 0);
        }
        // No escape is shorter than what it stands for; a lane may reach beyond by its width.
        let target = into[to..].first_chunk_mut::<ROOM>()?;
        let escapes = Escapes::of(source.first_chunk()?);
        to += copy_without(source, escapes.left_out & below(escapes.end), escapes.end, target);
        from += escapes.end;
        match escapes.why {
            End::Block => {}
            End::Quote => return Some((to, at + 1 + from + 1)),
            End::Escape => {
                from += escape(&inner[from..], into, &mut to)?;
            }
        }
    }
    into.resize(into.len().max(to + inner.len() - from), 0);
    loop {
        match *inner.get(from)? {
            b'"' => return Some((to, at + 1 + from + 1)),
            b'\\' => from += escape(&inner[from..], into, &mut to)?,
            byte => {
                into[to] = byte;
                to += 1;
                from += 1;
            }
        }
    }
}

/// A block and as much as a lane may reach beyond it.
pub(super) const ROOM: usize = BLOCK + LANE;

/// What there is in a block up to where it is read at once.
struct Escapes {
    /// Backslashes that are left out, so that what stands behind each is kept.
    left_out: u64,
    /// Where reading at once ends.
    end: usize,
    why: End,
}

/// Why reading a block at once ends.
enum End {
    Block,
    /// The string closes.
    Quote,
    /// An escape follows that does not stand for its own letter, or that goes on behind the block.
    Escape,
}

impl Escapes {
    fn of(bytes: &[u8; BLOCK]) -> Self {
        let block = Block::of(bytes);
        let (quotes, backslashes) = (block.equal(b'"'), block.equal(b'\\'));
        if backslashes == 0 {
            return match quotes.trailing_zeros() as usize {
                BLOCK => Self { left_out: 0, end: BLOCK, why: End::Block },
                end => Self { left_out: 0, end, why: End::Quote },
            };
        }
        let escaped = escaped(backslashes);
        let left_out = backslashes & !escaped;
        let other = escaped & !quotes & !backslashes;
        let other = match other {
            0 => 0,
            _ => other & !block.equal(b'/'),
        };
        // The backslash of an escape that is read on its own.
        let alone = (other >> 1) | (left_out & 1 << (BLOCK - 1));
        let closing = quotes & !escaped;
        let (end, alone) = (closing.trailing_zeros(), alone.trailing_zeros());
        let (end, why) = if end < alone {
            (end, End::Quote)
        } else if alone < BLOCK as u32 {
            (alone, End::Escape)
        } else {
            (BLOCK as u32, End::Block)
        };
        Self { left_out, end: end as usize, why }
    }
}

/// A bit for each place below this one.
pub(super) fn below(end: usize) -> u64 {
    if end >= BLOCK { u64::MAX } else { (1 << end) - 1 }
}

/// Copies a block up to `end` without the bytes that have a bit, and gives how many that leaves.
#[inline(always)]
pub(super) fn copy_without(
    source: &[u8; ROOM],
    mut left_out: u64,
    end: usize,
    target: &mut [u8; ROOM],
) -> usize {
    let (mut copied, mut written) = (0, 0);
    while left_out != 0 {
        let next = left_out.trailing_zeros() as usize;
        left_out &= left_out - 1;
        copy(source, copied, target, written, next - copied);
        written += next - copied;
        copied = next + 1;
    }
    copy(source, copied, target, written, end - copied);
    written + end - copied
}

/// Copies so many bytes of a block, and what follows them up to whole lanes.
#[inline(always)]
fn copy(source: &[u8; ROOM], from: usize, target: &mut [u8; ROOM], to: usize, count: usize) {
    // The masks change nothing; they say that a lane always fits.
    const IN_BLOCK: usize = BLOCK - 1;
    let mut done = 0;
    loop {
        let (from, to) = ((from + done) & IN_BLOCK, (to + done) & IN_BLOCK);
        target[to..to + LANE].copy_from_slice(&source[from..from + LANE]);
        done += LANE;
        if done >= count {
            return;
        }
    }
}

/// Writes what the escape at the beginning of a text stands for, and gives how many bytes it takes.
fn escape(text: &[u8], into: &mut [u8], to: &mut usize) -> Option<usize> {
    let plain = match text.get(1)? {
        byte @ (b'"' | b'\\' | b'/') => *byte,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => {
            let (letter, length) = unicode(text)?;
            *to += letter.encode_utf8(&mut into[*to..*to + 4]).len();
            return Some(length);
        }
        _ => return None,
    };
    into[*to] = plain;
    *to += 1;
    Some(2)
}

const LANE: usize = 16;

/// The letter that is written as `\uXXXX`, or as two of them, and how many bytes that takes. Half of a pair is �.
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
    let pair = |first, second| {
        let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
        char::decode_utf16(units).next()?.ok()
    };
    match unit(6).and_then(|second| pair(first, second)) {
        Some(letter) => Some((letter, 12)),
        None => Some((char::REPLACEMENT_CHARACTER, 6)),
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
        for text in [r#""\x""#, r#""\u12""#, r#""\ud8""#, r#""open"#, "7"] {
            assert_eq!(unescape(text.as_bytes(), 0, &mut Vec::new()), None, "{text}");
        }
    }

    #[test]
    fn half_of_a_pair_is_read_as_no_letter() {
        for (text, expected) in [
            (r#""\ud800""#, "\u{fffd}"),
            (r#""\ud800\u0041\udc00""#, "\u{fffd}A\u{fffd}"),
            (r#""\ud83d\ud83d\ude00x""#, "\u{fffd}😀x"),
        ] {
            let mut plain = Vec::new();
            let length = unescape(text.as_bytes(), 0, &mut plain).expect(text);
            assert_eq!(std::str::from_utf8(&plain[..length]), Ok(expected));
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
        fn a_text_comes_back_as_it_was_written(text in "(.|\"|\\\\|\n|\u{1f600}|[a-z]{20}|\\\\{5,9}){0,40}") {
            let mut plain = Vec::new();
            for written in [
                serde_json::to_string(&text).unwrap(),
                format!("\"{}\"", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>()),
            ] {
                for after in ["", "\\\"}", "x".repeat(200).as_str()] {
                    let whole = format!("{written}{after}");
                    let (length, end) = unescape_up_to_end(whole.as_bytes(), 0, &mut plain).unwrap();
                    prop_assert_eq!(std::str::from_utf8(&plain[..length]).unwrap(), text.as_str());
                    prop_assert_eq!(end, written.len());
                }
            }
        }
    }
}
