//! Finding keys in JSON text by how they end.

use super::{BLOCK, bits};
use wide::u8x16;

/// Finds where one of a few texts stands before a quote.
#[derive(Default)]
pub(crate) struct Ends {
    /// The bytes that the texts end in, each once.
    last: Vec<u8>,
    tails: Vec<Tail>,
    /// The bytes that all texts have, four at most, as bits of a tail.
    mask: u64,
    /// A mark for the tail of each text, cut to those bytes: others seldom have one.
    marks: [u64; 4],
}

/// How many texts are looked for, and how many bytes they may end in.
const ENDS_MAX: usize = 8;
const LAST_MAX: usize = 4;

/// The last bytes of a text, eight at most, as a number of which the mask has the bits that count.
#[derive(Clone, Copy)]
struct Tail {
    mask: u64,
    bytes: u64,
}

impl Tail {
    fn of(text: &[u8]) -> Self {
        let bytes = text.iter().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte));
        let mask = text.iter().fold(0, |mask, _| mask << 8 | 0xff);
        Self { mask, bytes }
    }
}

impl Ends {
    /// Adds a text that is not empty; `false` when there is no room.
    pub(crate) fn add(&mut self, text: &[u8]) -> bool {
        let Some(last) = text.last() else {
            return false;
        };
        let new = !self.last.contains(last);
        if self.tails.len() == ENDS_MAX || (new && self.last.len() == LAST_MAX) {
            return false;
        }
        if new {
            self.last.push(*last);
        }
        self.tails.push(Tail::of(text));
        self.mask = self.tails.iter().fold(0xffff_ffff, |mask, tail| mask & tail.mask);
        self.marks = [0; 4];
        for tail in &self.tails {
            let (at, bit) = mark(tail.bytes & self.mask);
            self.marks[at] |= bit;
        }
        true
    }

    /// Whether one of the quotes is taken, which are shown in order, each with the number of the text that stands
    /// before it. Of texts of more than eight bytes only the last eight are compared.
    pub(crate) fn any(&self, text: &[u8], mut take: impl FnMut(usize, usize) -> bool) -> bool {
        let take: &mut dyn FnMut(usize, usize) -> bool = &mut take;
        match *self.last {
            [] => false,
            [a] => self.any_after([a], text, take),
            [a, b] => self.any_after([a, b], text, take),
            [a, b, c] => self.any_after([a, b, c], text, take),
            [a, b, c, ..] => self.any_after([a, b, c, self.last[LAST_MAX - 1]], text, take),
        }
    }

    #[inline(always)]
    fn any_after<const N: usize>(
        &self,
        last: [u8; N],
        text: &[u8],
        take: &mut dyn FnMut(usize, usize) -> bool,
    ) -> bool {
        let last = last.map(u8x16::splat);
        let mut from = 0;
        // A byte more than a block: each quote is looked at with the byte before it.
        while let Some(bytes) = text.get(from..).and_then(<[u8]>::first_chunk) {
            if self.taken(after(bytes, &last), from + 1, text, take) {
                return true;
            }
            from += BLOCK;
        }
        let rest = text.get(from..).unwrap_or_default();
        let mut bytes = [0; BLOCK + 1];
        bytes[..rest.len()].copy_from_slice(rest);
        self.taken(after(&bytes, &last), from + 1, text, take)
    }

    /// Whether one of the quotes is taken that are marked from a place on.
    #[inline(always)]
    fn taken(
        &self,
        mut marked: u64,
        from: usize,
        text: &[u8],
        take: &mut dyn FnMut(usize, usize) -> bool,
    ) -> bool {
        while marked != 0 {
            let quote = from + marked.trailing_zeros() as usize;
            marked &= marked - 1;
            let before = text.get(..quote).unwrap_or_default();
            let before = before
                .last_chunk()
                .map_or_else(|| Tail::of(before).bytes, |bytes| u64::from_be_bytes(*bytes));
            let (at, bit) = mark(before & self.mask);
            if self.marks[at] & bit == 0 {
                continue;
            }
            for (number, tail) in self.tails.iter().enumerate() {
                if before & tail.mask == tail.bytes && take(number, quote) {
                    return true;
                }
            }
        }
        false
    }
}

/// The place of a short tail among the marks.
fn mark(tail: u64) -> (usize, u64) {
    let hash = tail.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    (hash as usize / 64, 1 << (hash % 64))
}

/// A bit for each byte but the first that is a quote and stands after one of these.
#[inline(always)]
fn after<const N: usize>(bytes: &[u8; BLOCK + 1], last: &[u8x16; N]) -> u64 {
    let quote = u8x16::splat(b'"');
    let lane = |from: usize| {
        let mut lane = [0; 16];
        lane.copy_from_slice(&bytes[from..from + 16]);
        u8x16::new(lane)
    };
    bits([0, 16, 32, 48].map(|from| {
        let before = lane(from);
        let one_of = last.iter().fold(u8x16::splat(0), |found, byte| found | before.simd_eq(*byte));
        one_of & lane(from + 1).simd_eq(quote)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_before_a_quote_is_found_where_comparing_finds_it(
            names in prop::collection::vec(r"[a-e]{1,3}|[a-e]{7,10}", 0..12),
            parts in prop::collection::vec(r#"[abc]{1,4}|"|[x"]{60,70}"#, 0..20),
            last in 0..60_u8,
        ) {
            // The names themselves are in the text as well.
            let text: String = parts.iter().zip(names.iter().cycle())
                .map(|(part, name)| format!("{part}{name}\"")).collect();
            let mut ends = Ends::default();
            let names: Vec<&[u8]> =
                names.iter().map(String::as_bytes).filter(|name| ends.add(name)).collect();
            let tail = |name: &[u8]| name[name.len().saturating_sub(8)..].to_vec();
            let expected: Vec<(usize, usize)> = (0..text.len())
                .filter(|at| text.as_bytes()[*at] == b'"')
                .flat_map(|at| (0..names.len()).map(move |number| (number, at)))
                .filter(|(number, at)| text.as_bytes()[..*at].ends_with(&tail(names[*number])))
                .collect();
            // What comes after the one that is taken is not shown.
            let stop = expected.get(usize::from(last));
            let mut found = Vec::new();
            let taken = ends.any(text.as_bytes(), |number, at| {
                found.push((number, at));
                Some(&(number, at)) == stop
            });
            prop_assert_eq!(taken, stop.is_some());
            let shown = stop.map_or(expected.len(), |_| usize::from(last) + 1);
            prop_assert_eq!(&found, &expected[..shown]);
        }
    }
}
