//! Telling from a text's first bytes that it is none of some.

/// How many bytes are looked at, at most.
const BYTES_MAX: usize = 4;

/// The first bytes of some texts, as marks in a small table: other texts seldom have one.
pub(super) struct Start {
    /// Which of the first four bytes count.
    mask: u32,
    marks: [u64; 4],
}

impl Start {
    /// Of texts that are wanted, or begin as given. `None` when nothing can be told: when one of them is not known, is
    /// too short, or begins with what JSON writes with a backslash.
    pub(super) fn of<'t>(starts: impl Iterator<Item = Option<&'t [u8]>>) -> Option<Self> {
        let starts: Vec<&[u8]> = starts.collect::<Option<_>>()?;
        let bytes = starts.iter().map(|start| start.len()).min()?.min(BYTES_MAX);
        let plain = |byte: &u8| *byte >= b' ' && !b"\"\\/".contains(byte);
        if bytes < 2 || !starts.iter().all(|start| start[..bytes].iter().all(plain)) {
            return None;
        }
        let mut start = Self { mask: u32::MAX >> (8 * (BYTES_MAX - bytes)), marks: [0; 4] };
        for text in starts {
            let mut word = [0; BYTES_MAX];
            word[..bytes].copy_from_slice(&text[..bytes]);
            let (at, bit) = start.place(word);
            start.marks[at] |= bit;
        }
        Some(start)
    }

    /// Whether a text that begins so may be one of them. The text goes on with what stands after it, its closing
    /// quote first.
    pub(super) fn may(&self, text: &[u8]) -> bool {
        text.first_chunk().is_none_or(|word| {
            let (at, bit) = self.place(*word);
            self.marks[at] & bit != 0
        })
    }

    fn place(&self, word: [u8; BYTES_MAX]) -> (usize, u64) {
        let hash = (u32::from_le_bytes(word) & self.mask).wrapping_mul(0x9e37_79b1) >> 24;
        (hash as usize / 64, 1 << (hash % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_wanted_may_be_it_whatever_follows() {
        let texts = [b"DeleteTrail".as_slice(), b"PutBucketPolicy", b"Put", b"Abc"];
        let start = Start::of(texts.iter().map(|text| Some(*text))).expect("starts");
        for text in texts {
            assert!(start.may(&[text, b"\",\"x\":1}"].concat()));
            assert!(start.may(text), "at the end of the text");
        }
        assert!(!start.may(b"Describe\"") && !start.may(b"\",\"awsRegion\""));
    }

    #[test]
    fn what_is_unknown_short_or_escaped_tells_nothing() {
        for odd in
            [None, Some(b"A".as_slice()), Some(b""), Some(b"a/b"), Some(b"a\\b"), Some(b"\n\t")]
        {
            assert!(Start::of([Some(b"DeleteTrail".as_slice()), odd].into_iter()).is_none());
        }
        assert!(Start::of(std::iter::empty()).is_none());
    }
}
