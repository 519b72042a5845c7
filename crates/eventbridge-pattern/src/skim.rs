//! Finding one's way in JSON text without reading all of it.
//!
//! Nothing here checks that the text is JSON: each function says where a thing ends if the text is, and `None`
//! when the text ends first. Positions are offsets into the text.

mod ends;

pub(crate) use ends::Ends;

use wide::u8x16;

/// Bytes that are looked at together.
pub(crate) const BLOCK: usize = 64;

/// The first byte from `at` on that is no white space.
pub(crate) fn past_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// Where the string that opens at `at` closes, the position of its closing quote, and whether it has a backslash.
#[inline]
pub(crate) fn string_end(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let (quote, backslash) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    let mut from = at + 1;
    let mut escaped = false;
    while let Some(lane) = text.get(from..).and_then(<[u8]>::first_chunk::<16>) {
        let lane = u8x16::new(*lane);
        let hits = (lane.simd_eq(quote) | lane.simd_eq(backslash)).to_bitmask();
        if hits == 0 {
            from += 16;
            continue;
        }
        let hit = from + hits.trailing_zeros() as usize;
        if text[hit] == b'"' {
            return Some((hit, escaped));
        }
        escaped = true;
        from = hit + 2;
    }
    loop {
        match text.get(from)? {
            b'"' => return Some((from, escaped)),
            b'\\' => {
                escaped = true;
                from += 2;
            }
            _ => from += 1,
        }
    }
}

/// The position after the value that begins at `at`.
#[inline]
pub(crate) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => Some(string_end(text, at)?.0 + 1),
        b'{' | b'[' => container_end(text, at),
        _ => Some(scalar_end(text, at)),
    }
}

/// The position after the number or word that begins at `at`.
pub(crate) fn scalar_end(text: &[u8], at: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':');
    text[at..].iter().position(ends).map_or(text.len(), |length| at + length)
}

/// The position after the object or array that opens at `at`.
///
/// Only brackets of its own kind are counted: in JSON the other kind cannot cross them.
pub(crate) fn container_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'{' => closed(text, at, 0, b'{', b'}', |block| block.at_least(b'{')),
        _ => closed(text, at, 0, b'[', b']', |block| block.equal(b'[') | block.equal(b']')),
    }
}

/// The position after the object that is open where `at` is, outside of strings.
pub(crate) fn object_rest_end(text: &[u8], at: usize) -> Option<usize> {
    closed(text, at, 1, b'{', b'}', |block| block.at_least(b'{'))
}

/// The position after the bracket at which no more than `depth` of them are closed from `at` on. `brackets` marks all of both kinds in a block; what
/// else it marks does no harm.
fn closed(
    text: &[u8],
    at: usize,
    mut depth: u32,
    open: u8,
    close: u8,
    brackets: impl Fn(&Block) -> u64,
) -> Option<usize> {
    let mut strings = Strings::default();
    let mut from = at;
    loop {
        let block = Block::at(text, from)?;
        let mut left = brackets(&block) & !strings.inside(&block);
        while left != 0 {
            let position = from + left.trailing_zeros() as usize;
            left &= left - 1;
            let byte = text[position];
            if byte == open {
                depth += 1;
            } else if byte == close {
                depth -= 1;
                if depth == 0 {
                    return Some(position + 1);
                }
            }
        }
        from += BLOCK;
    }
}

/// 64 bytes of a text; past its end there are zeros.
pub(crate) struct Block([u8x16; 4]);

impl Block {
    fn at(text: &[u8], from: usize) -> Option<Self> {
        let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
        if let Some(whole) = rest.first_chunk::<BLOCK>() {
            return Some(Self::of(whole));
        }
        let mut bytes = [0; BLOCK];
        bytes[..rest.len()].copy_from_slice(rest);
        Some(Self::of(&bytes))
    }

    pub(crate) fn of(bytes: &[u8; BLOCK]) -> Self {
        let (lanes, _) = bytes.as_chunks::<16>();
        Self([0, 1, 2, 3].map(|n| u8x16::new(lanes[n])))
    }

    /// A bit for each byte that is this one.
    pub(crate) fn equal(&self, byte: u8) -> u64 {
        let wanted = u8x16::splat(byte);
        bits(self.0.map(|lane| lane.simd_eq(wanted)))
    }

    /// A bit for each byte that is this one or a larger one.
    fn at_least(&self, byte: u8) -> u64 {
        let least = u8x16::splat(byte);
        bits(self.0.map(|lane| lane.max(least).simd_eq(lane)))
    }

    fn has(&self, byte: u8) -> bool {
        let wanted = u8x16::splat(byte);
        let [a, b, c, d] = self.0.map(|lane| lane.simd_eq(wanted));
        ((a | b) | (c | d)).to_bitmask() != 0
    }
}

fn bits(lanes: [u8x16; 4]) -> u64 {
    let [a, b, c, d] = lanes.map(|lane| u64::from(lane.to_bitmask()));
    a | b << 16 | c << 32 | d << 48
}

/// What is known of strings from the blocks before.
#[derive(Default)]
struct Strings {
    /// All ones when a string is open.
    open: u64,
    /// Whether the next byte stands after a backslash.
    escaped: bool,
}

impl Strings {
    /// A bit for each byte of the next block that stands in a string.
    fn inside(&mut self, block: &Block) -> u64 {
        let mut quotes = block.equal(b'"');
        if self.escaped || block.has(b'\\') {
            quotes &= !self.escapes(block.equal(b'\\'));
        }
        let inside = parity(quotes) ^ self.open;
        self.open = if inside >> (BLOCK - 1) == 1 { u64::MAX } else { 0 };
        inside
    }

    /// A bit for each byte that a backslash before it makes mean itself.
    ///
    /// In a row of backslashes every second one is meant itself, beginning with the second. Adding the first bit of a row to the row
    /// carries out at its end, so that rows that begin at an odd position are told from the others without looking at each bit.
    fn escapes(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let carried = u64::from(self.escaped);
        let backslashes = backslashes & !carried;
        let after = backslashes << 1 | carried;
        let odd_begins = backslashes & !EVEN & !after;
        let (carries, over) = odd_begins.overflowing_add(backslashes);
        self.escaped = over;
        (EVEN ^ carries << 1) & after
    }
}

/// A bit for each byte of a text's first block that a backslash before it makes mean itself.
pub(crate) fn escaped(backslashes: u64) -> u64 {
    Strings::default().escapes(backslashes)
}

/// For each bit, whether an odd number of bits is set up to it.
fn parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// Goes through the members of an object.
pub(crate) struct Members<'t> {
    text: &'t [u8],
    at: usize,
    first: bool,
}

/// A member of an object.
pub(crate) struct Member<'t> {
    /// Its key as written, without the quotes.
    pub key: &'t [u8],
    /// Whether the key has an escape, so that it is not what it looks like.
    pub escaped: bool,
    /// Where its value begins.
    pub value: usize,
}

/// Text that is not as JSON must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

impl<'t> Members<'t> {
    /// `at` is where the object opens.
    pub(crate) fn new(text: &'t [u8], at: usize) -> Self {
        Self { text, at: at + 1, first: true }
    }

    /// The next member; `None` at the end of the object. After each, [`Members::resume`] must be told where its
    /// value ended.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Member<'t>>, Broken> {
        let text = self.text;
        // As CloudTrail writes it, without spaces; everything else goes the longer way.
        let quote = match text.get(self.at..).and_then(<[u8]>::first_chunk) {
            Some(b",\"") if !self.first => self.at + 1,
            _ => match self.key_at()? {
                Some(quote) => quote,
                None => return Ok(None),
            },
        };
        self.first = false;
        let (end, escaped) = string_end(text, quote).ok_or(Broken)?;
        let value = match text.get(end + 1..).and_then(<[u8]>::first_chunk) {
            Some([b':', first]) if *first > b' ' => end + 2,
            _ => {
                let colon = past_space(text, end + 1);
                if text.get(colon) != Some(&b':') {
                    return Err(Broken);
                }
                past_space(text, colon + 1)
            }
        };
        Ok(Some(Member { key: &text[quote + 1..end], escaped, value }))
    }

    /// Where the next key opens; `None` at the end of the object.
    fn key_at(&mut self) -> Result<Option<usize>, Broken> {
        let text = self.text;
        let mut at = past_space(text, self.at);
        match text.get(at) {
            Some(b'}') => {
                self.at = at + 1;
                return Ok(None);
            }
            Some(b',') if !self.first => at = past_space(text, at + 1),
            Some(_) if self.first => {}
            _ => return Err(Broken),
        }
        if text.get(at) == Some(&b'"') { Ok(Some(at)) } else { Err(Broken) }
    }

    pub(crate) fn resume(&mut self, at: usize) {
        self.at = at;
    }

    /// Where it stands: after the object when [`Members::next`] has said `None`.
    pub(crate) fn position(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The end of a container, one byte at a time.
    fn slow_end(text: &[u8]) -> Option<usize> {
        let (mut depth, mut inside, mut escaped) = (0, false, false);
        for (at, byte) in text.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if inside => escaped = true,
                b'"' => inside = !inside,
                b'{' if !inside => depth += 1,
                b'}' if !inside => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        for text in [
            r#"{"a":"}"}"#,
            r#"{"a":"\"}"}"#,
            r#"{"a":"\\"}"#,
            r#"{"a":"\\\"}","b":{}}"#,
            r#"{"a":{"b":[{},{"c":"{{{"}]}}"#,
        ] {
            let long = format!("{text},{{\"next\":1}}");
            assert_eq!(container_end(long.as_bytes(), 0), Some(text.len()), "{text}");
            for cut in 1..text.len() {
                assert_eq!(container_end(&text.as_bytes()[..cut], 0), None, "{text} cut at {cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_end_is_where_counting_bytes_finds_it(
            // Outside of strings JSON has no backslash.
            parts in prop::collection::vec(prop_oneof![
                Just("{".to_owned()), Just("}".to_owned()), Just("{}".to_owned()), Just(",".to_owned()),
                r#"[a-z{}]{0,70}"#.prop_map(|s| format!("\"{s}\"")),
                r#"(\\\\|\\"|[{}x]){0,40}"#.prop_map(|s| format!("\"{s}\"")),
            ], 0..60),
        ) {
            let text = format!("{{{}", parts.concat());
            prop_assert_eq!(container_end(text.as_bytes(), 0), slow_end(text.as_bytes()), "{}", text);
        }

        #[test]
        fn a_string_ends_at_the_first_quote_without_a_backslash(inner in r#"(\\\\|\\"|\\u0041|[a-z]{0,9}){0,12}"#) {
            let text = format!("\"{inner}\":\"x\"");
            let expected = (inner.len() + 1, inner.contains('\\'));
            prop_assert_eq!(string_end(text.as_bytes(), 0), Some(expected));
        }
    }
}
