//! Patterns turned round: from a field's value to the patterns that it leaves possible.
//!
//! Each pattern is spread into its *ways*: one alternative of each `$or`, so that a way is a list of fields that
//! must all hold. A set of ways is a row of bits, and for each field there is a table from values to such sets.
//! Deciding an event is then to intersect one set for each field, which costs about the same for ten patterns and
//! for a thousand. Fields that tell most come first, and what no way asks for any more is not looked at.

use super::gate::Gate;
use super::hash::Map;
use super::sieve::search;
use super::test::{Test, exact_text, takes_numbers};
use super::walk::Keys;
use crate::{Conditions, Filter, Matcher, OR_COMBINATIONS_MAX, Pattern};
use aho_corasick::AhoCorasick;
use serde_json::Value;

/// The most ways of all patterns together; patterns beyond it are matched by the plain engine.
const WAYS_MAX: usize = 1 << 14;

/// From how many tests of one field on they are searched for together.
pub(super) const TOGETHER_MIN: usize = 8;

/// A set of ways.
pub(super) type Bits = Vec<u64>;

pub(super) struct Index {
    pub keys: Keys,
    pub slots: Vec<Slot>,
    /// Which pattern each way belongs to.
    pub ways: Vec<u32>,
    /// Patterns that the plain engine decides.
    pub careful: Vec<u32>,
    pub gate: Gate,
}

/// One field, and what its values leave possible. All sets have in them the ways that do not ask for the field.
pub(super) struct Slot {
    pub path: u16,
    pub field: Field,
    /// The paths of the record that the field is made from, in the order of [`Field::made_from`].
    pub made_from: Vec<Option<u16>>,
    /// Ways that do not ask for the field.
    pub others: Bits,
    pub absent: Bits,
    pub present: Bits,
    pub null: Bits,
    pub yes: Bits,
    pub no: Bits,
    pub texts: Map<Ways>,
    pub conditions: Vec<Condition>,
    /// Ways that have a test on a text, and on a number.
    pub tested: Bits,
    pub numbered: Bits,
    pub together: Option<Together>,
}

/// Some ways: listed when they are few.
pub(super) enum Ways {
    Few(Vec<u32>),
    Many(Bits),
}

/// What some ways ask of a field beyond being one of some texts.
pub(super) struct Condition {
    pub ways: Vec<u32>,
    pub tests: Vec<Test>,
    /// All its operators, for a number.
    pub matchers: Vec<Matcher>,
}

/// Texts of which one must stand in a value for a condition to hold.
pub(super) struct Together {
    pub search: AhoCorasick,
    /// The condition that each text belongs to.
    pub conditions: Vec<u32>,
    /// Conditions without such texts.
    pub always: Vec<u32>,
}

/// Where a field of a record's event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// From the record.
    Detail,
    /// It is made from the record.
    Version,
    Id,
    DetailType,
    Source,
    Account,
    Time,
    Region,
    /// There is none.
    Nothing,
}

impl Field {
    fn of(path: &str) -> Self {
        match path {
            "version" => Self::Version,
            "id" => Self::Id,
            "detail-type" => Self::DetailType,
            "source" => Self::Source,
            "account" => Self::Account,
            "time" => Self::Time,
            "region" => Self::Region,
            _ if path.starts_with("detail.") => Self::Detail,
            _ => Self::Nothing,
        }
    }

    /// The paths of the record that it is made from.
    pub(super) fn made_from(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["detail.eventID"],
            Self::DetailType | Self::Source => {
                &["detail.eventType", "detail.eventCategory", "detail.eventSource"]
            }
            Self::Account => &["detail.recipientAccountId", "detail.userIdentity.accountId"],
            Self::Time => &["detail.eventTime"],
            Self::Region => &["detail.awsRegion"],
            Self::Detail | Self::Version | Self::Nothing => &[],
        }
    }
}

impl Index {
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let (mut ways, mut owners, mut careful) = (Vec::new(), Vec::new(), Vec::new());
        let (mut keys, mut gate) = (Keys::new(), Gate::default());
        for (number, pattern) in (0_u32..).zip(patterns) {
            let spread = spread(&pattern.filter).filter(|more| {
                ways.len() + more.len() <= WAYS_MAX
                    && more.iter().flatten().all(|(path, _)| keys.add(path).is_some())
            });
            match spread {
                Some(more) => {
                    more.iter().for_each(|way| gate.admit(way));
                    owners.extend(more.iter().map(|_| number));
                    ways.extend(more);
                }
                None => {
                    careful.push(number);
                    gate.open();
                }
            }
        }
        gate.finish();
        let (ways, owners) = neighbours(ways, owners);
        let mut slots = slots(&ways, &keys);
        slots.sort_by_key(|slot| slot.survivors(ways.len()));
        for slot in &mut slots {
            for path in slot.field.made_from() {
                // These few are always found a place: patterns have at most the rest.
                let place = keys.add(path);
                if place.is_none() {
                    careful = (0_u32..).take(patterns.len()).collect();
                }
                slot.made_from.push(place);
                keys.expect_scalar(path);
            }
        }
        Self { keys, slots, ways: owners, careful, gate }
    }
}

/// The ways with those side by side that want the same call, so that an event leaves few words of a set.
fn neighbours(ways: Vec<Conditions<'_>>, owners: Vec<u32>) -> (Vec<Conditions<'_>>, Vec<u32>) {
    let call = |way: &Conditions<'_>| {
        let (_, matchers) = way.iter().find(|(path, _)| *path == "detail.eventName")?;
        matchers.first().and_then(exact_text).map(str::to_owned)
    };
    let mut both: Vec<_> = ways.into_iter().zip(owners).collect();
    both.sort_by_cached_key(|(way, _)| call(way));
    both.into_iter().unzip()
}

/// Every alternative; `None` when there are too many.
fn spread(filter: &Filter) -> Option<Vec<Conditions<'_>>> {
    (filter.combinations() <= OR_COMBINATIONS_MAX).then(|| filter.alternatives(OR_COMBINATIONS_MAX))
}

fn slots(ways: &[Conditions<'_>], keys: &Keys) -> Vec<Slot> {
    let words = ways.len().div_ceil(64);
    let mut slots: Vec<Slot> = Vec::new();
    for (number, way) in (0_u32..).zip(ways) {
        for (path, matchers) in way {
            let Some(place) = keys.find(path) else {
                continue;
            };
            // A path with two conditions that must both hold has two slots.
            let free = |slot: &Slot| slot.path == place && has(&slot.others, number);
            let at = slots.iter().position(free).unwrap_or_else(|| {
                slots.push(Slot::new(place, Field::of(path), ways.len()));
                slots.len() - 1
            });
            slots[at].add(number, matchers);
        }
    }
    for slot in &mut slots {
        slot.finish(words);
    }
    slots
}

pub(super) fn has(bits: &Bits, way: u32) -> bool {
    bits[way as usize / 64] >> (way % 64) & 1 == 1
}

pub(super) fn set(bits: &mut Bits, way: u32) {
    bits[way as usize / 64] |= 1 << (way % 64);
}

impl Slot {
    fn new(path: u16, field: Field, ways: usize) -> Self {
        let none = vec![0; ways.div_ceil(64)];
        let mut all = none.clone();
        (0_u32..).take(ways).for_each(|way| set(&mut all, way));
        Self {
            path,
            field,
            made_from: Vec::new(),
            others: all,
            absent: none.clone(),
            present: none.clone(),
            null: none.clone(),
            yes: none.clone(),
            no: none.clone(),
            texts: Map::default(),
            conditions: Vec::new(),
            tested: none.clone(),
            numbered: none,
            together: None,
        }
    }

    /// Notes what a way asks of the field.
    fn add(&mut self, way: u32, matchers: &[Matcher]) {
        self.others[way as usize / 64] &= !(1 << (way % 64));
        let accepts = |value: &Value| matchers.iter().any(|matcher| matcher.accepts(value));
        for (bits, held) in [
            (&mut self.absent, matchers.iter().any(Matcher::accepts_absent)),
            (&mut self.present, matchers.contains(&Matcher::Exists(true))),
            (&mut self.null, accepts(&Value::Null)),
            (&mut self.yes, accepts(&Value::Bool(true))),
            (&mut self.no, accepts(&Value::Bool(false))),
        ] {
            if held {
                set(bits, way);
            }
        }
        for text in matchers.iter().filter_map(exact_text) {
            match self.texts.entry(text.as_bytes().into()).or_insert(Ways::Few(Vec::new())) {
                Ways::Few(ways) => ways.push(way),
                Ways::Many(bits) => set(bits, way),
            }
        }
        let wants_numbers = matchers.iter().any(takes_numbers);
        let tests: Vec<Test> = matchers.iter().filter_map(Test::of).collect();
        if !wants_numbers && tests.is_empty() {
            return;
        }
        if !tests.is_empty() {
            set(&mut self.tested, way);
        }
        if wants_numbers {
            set(&mut self.numbered, way);
        }
        match self.conditions.iter_mut().find(|condition| condition.matchers == matchers) {
            Some(condition) => condition.ways.push(way),
            None => self.conditions.push(Condition {
                ways: vec![way],
                tests,
                matchers: matchers.to_vec(),
            }),
        }
    }

    fn finish(&mut self, words: usize) {
        let bits =
            [&mut self.absent, &mut self.present, &mut self.null, &mut self.yes, &mut self.no];
        for bits in bits {
            bits.iter_mut().zip(&self.others).for_each(|(word, other)| *word |= other);
        }
        for ways in self.texts.values_mut() {
            if let Ways::Few(few) = ways
                && few.len() > words * 2
            {
                let mut bits = vec![0; words];
                few.iter().for_each(|way| set(&mut bits, *way));
                *ways = Ways::Many(bits);
            }
        }
        self.together = Together::new(&self.conditions);
    }

    /// How many ways are probably left after this field.
    fn survivors(&self, ways: usize) -> usize {
        let others: u32 = self.others.iter().map(|word| word.count_ones()).sum();
        let asking = ways - others as usize;
        others as usize * 64 + asking * 64 / (1 + self.texts.len())
    }
}

impl Together {
    fn new(conditions: &[Condition]) -> Option<Self> {
        let (mut literals, mut owners, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (number, condition) in (0_u32..).zip(conditions) {
            let found: Vec<&[u8]> = condition.tests.iter().map(Test::literal).collect();
            if found.iter().any(|literal| literal.is_empty()) {
                always.push(number);
                continue;
            }
            owners.extend(found.iter().map(|_| number));
            literals.extend(found);
        }
        if literals.len() < TOGETHER_MIN {
            return None;
        }
        let search = search(literals.iter().copied())?;
        Some(Self { search, conditions: owners, always })
    }
}
