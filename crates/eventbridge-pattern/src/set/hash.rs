//! Looking up short texts fast.
//!
//! The texts that are stored are the user's own patterns, so that nobody gains from values that collide: those of
//! events are only looked up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

pub(super) type Map<V> = HashMap<Box<[u8]>, V, BuildHasherDefault<Mixer>>;

/// Multiplies eight bytes at a time into what came before.
#[derive(Default, Clone, Copy)]
pub(super) struct Mixer(u64);

/// An odd number without a pattern in its bits: 2⁶⁴ divided by the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Mixer {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    fn finish(&self) -> u64 {
        // The table takes its bucket from the low bits and its tag from the high ones: both must depend on all.
        self.0 ^ (self.0 >> 32)
    }
}
