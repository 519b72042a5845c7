//! A map of bounded size whose content does not depend on the order of insertion.
//!
//! As long as everything fits, everything is kept. When it does not, only the keys whose hash
//! begins with a zero bit are kept, then with two, and so on: one key in two, in four, … What is
//! kept of a key is exact, since a key that stays was never dropped before. Which keys stay follows
//! from the set of all keys alone, so that several threads, each with a part of the input in any
//! order, end up with the same map.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A bounded map from hashes.
#[derive(Debug, Clone)]
pub struct Sampled<V> {
    most: usize,
    /// Leading bits of a hash that must be zero.
    bits: u32,
    kept: HashMap<u64, V, BuildHasherDefault<AsItIs>>,
}

impl<V> Sampled<V> {
    /// A map of at most this many keys.
    pub fn new(most: usize) -> Self {
        Self { most, bits: 0, kept: HashMap::default() }
    }

    /// Changes the value of a key, which is made when the key is new; nothing when the key is not
    /// among those kept.
    pub fn note(&mut self, key: u64, new: impl FnOnce() -> V, change: impl FnOnce(&mut V)) {
        if self.passes(key) {
            change(self.kept.entry(key).or_insert_with(new));
            self.shrink();
        }
    }

    /// Takes in another map of the same limit.
    pub fn merge(&mut self, other: Self, join: impl Fn(&mut V, V)) {
        self.bits = self.bits.max(other.bits);
        let bits = self.bits;
        self.kept.retain(|key, _| passes(*key, bits));
        for (key, value) in other.kept {
            if self.passes(key) {
                match self.kept.get_mut(&key) {
                    Some(before) => join(before, value),
                    None => drop(self.kept.insert(key, value)),
                }
                self.shrink();
            }
        }
    }

    /// One key in this many is kept: 1, 2, 4, …
    pub fn one_in(&self) -> u64 {
        1 << self.bits.min(63)
    }

    /// Whether everything that was noted under keys with this beginning is kept ([`key_of_group`]).
    pub fn keeps(&self, group: u64) -> bool {
        self.passes(group)
    }

    /// What is kept, in the order of nothing.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.kept.values()
    }

    fn passes(&self, key: u64) -> bool {
        passes(key, self.bits)
    }

    fn shrink(&mut self) {
        // At 64 bits one key could be left, and one key always fits.
        while self.kept.len() > self.most.max(1) && self.bits < 64 {
            self.bits += 1;
            let bits = self.bits;
            self.kept.retain(|key, _| passes(*key, bits));
        }
    }
}

fn passes(key: u64, bits: u32) -> bool {
    key.leading_zeros() >= bits
}

/// The key of one member of a group, given the hashes of both. Its beginning is the group's, so
/// that a group is kept or dropped as a whole.
pub fn key_of_group(group: u64, member: u64) -> u64 {
    const BEGINNING: u64 = !0 << 32;
    (group & BEGINNING) | (member & !BEGINNING)
}

/// A hash of some texts, the same on every machine and in every run.
pub fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for part in parts {
        for chunk in part.chunks(8) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            state = mix(state ^ u64::from_le_bytes(bytes));
        }
        // The length, so that no two lists of parts run together.
        state = mix(state ^ part.len() as u64 ^ 0xff00_0000_0000_0000);
    }
    state
}

/// Spreads every bit over all others (the finalizer of SplitMix64).
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The keys are hashes already.
#[derive(Debug, Clone, Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        // The leading bits decide what is kept, so the table is given them last.
        self.0 = key.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn of(keys: impl IntoIterator<Item = u64>, most: usize) -> Sampled<u64> {
        let mut map = Sampled::new(most);
        for key in keys {
            map.note(hash([key.to_le_bytes().as_slice()]), || 0, |count| *count += 1);
        }
        map
    }

    fn seen(map: &Sampled<u64>) -> (u64, BTreeMap<u64, u64>) {
        (map.one_in(), map.kept.iter().map(|(key, value)| (*key, *value)).collect())
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let map = of([1, 2, 2, 3], 3);
        assert_eq!(map.one_in(), 1);
        assert_eq!(map.values().sum::<u64>(), 4);
    }

    #[test]
    fn order_and_partition_change_nothing() {
        let keys: Vec<u64> = (0..5000).map(|n| n % 1700).collect();
        let whole = seen(&of(keys.iter().copied(), 100));
        assert!(whole.0 > 1 && whole.1.len() <= 100, "the limit is what this test is about");
        assert_eq!(seen(&of(keys.iter().rev().copied(), 100)), whole);
        for parts in [2, 3, 7] {
            let mut merged = Sampled::new(100);
            for part in 0..parts {
                let share = keys.iter().copied().skip(part).step_by(parts);
                merged.merge(of(share, 100), |before, more| *before += more);
            }
            assert_eq!(seen(&merged), whole, "{parts} parts");
        }
    }

    #[test]
    fn what_is_kept_of_a_key_is_all_of_it() {
        let map = of((0..4000).map(|n| n % 1000), 50);
        assert!(map.values().all(|count| *count == 4), "{:?}", seen(&map));
    }

    #[test]
    fn a_group_is_kept_or_dropped_as_a_whole() {
        let hash_of = |number: u64| hash([number.to_le_bytes().as_slice()]);
        let mut map = Sampled::new(1_000);
        for group in 0..1_000 {
            for member in 0..5 {
                map.note(key_of_group(hash_of(group), hash_of(member)), || group, |_| ());
            }
        }
        assert!(map.one_in() > 1, "not everything fits");
        for group in 0..1_000 {
            let kept = map.values().filter(|of| **of == group).count();
            assert_eq!(kept, if map.keeps(hash_of(group)) { 5 } else { 0 });
        }
    }

    #[test]
    fn one_in_two_or_four_is_about_half_or_a_quarter() {
        let map = of(0..100_000, 10_000);
        let estimate = map.values().count() as u64 * map.one_in();
        assert!((95_000..105_000).contains(&estimate), "{estimate}");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash([b"ab".as_slice(), b"c"]), hash([b"a".as_slice(), b"bc"]));
        assert_ne!(hash([b"a".as_slice()]), hash([b"a\0".as_slice()]));
    }
}
