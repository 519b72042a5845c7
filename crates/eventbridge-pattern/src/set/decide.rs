//! From the fields of one event to the ways that hold.

use super::index::{Bits, Field, Index, Slot, Ways, has, set};
use super::walk::{Doubt, Leaf, LeafKind, Leaves};
use crate::cloudtrail::{EventKind, INSIGHT_SOURCE, KindFields, service};
use crate::number::Number;
use crate::tree::Tree;
use std::borrow::Cow;

/// What the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Record,
    Event,
}

/// What deciding needs to write on.
#[derive(Default)]
pub(super) struct Board {
    pub leaves: Leaves,
    /// Ways that nothing so far speaks against.
    pub live: Bits,
    /// Ways that hold if each field is looked at alone, and ask for a field that stands in an array of objects.
    pub doubtful: Bits,
    held: Bits,
    /// Conditions of which a literal was found.
    found: Vec<u32>,
    /// A text that is not written as such in the event.
    made: String,
}

impl Index {
    /// Leaves in `board.live` the ways that hold for the leaves on the board, taken from `text`.
    pub(super) fn decide(&self, text: &[u8], form: Form, board: &mut Board) -> Result<(), Doubt> {
        let words = self.ways.len().div_ceil(64);
        board.live.clear();
        board.live.resize(words, u64::MAX);
        if let (Some(last), rest @ 1..) = (board.live.last_mut(), self.ways.len() % 64) {
            *last = (1 << rest) - 1;
        }
        board.doubtful.clear();
        board.doubtful.resize(words, 0);
        for slot in &self.slots {
            let asking = |(live, other): (&u64, &u64)| live & !other != 0;
            if !board.live.iter().zip(&slot.others).any(asking) {
                continue;
            }
            self.narrow(slot, text, form, board)?;
            if board.live.iter().all(|word| *word == 0) {
                break;
            }
        }
        Ok(())
    }

    fn narrow(&self, slot: &Slot, text: &[u8], form: Form, board: &mut Board) -> Result<(), Doubt> {
        let Board { leaves, live, doubtful, held, found, made } = board;
        let (mut there, mut of_element) = (false, false);
        held.clear();
        if form == Form::Record && slot.field != Field::Detail {
            there = self.make(slot.field, text, leaves, made)?;
            if there {
                held.extend_from_slice(&slot.present);
                slot.text(made.as_bytes(), live, held, found)?;
            }
        } else {
            for leaf in leaves.of(slot.path) {
                if !there {
                    held.extend_from_slice(&slot.present);
                }
                there = true;
                of_element |= leaf.of_element;
                let written = written(text, leaf);
                match leaf.kind {
                    LeafKind::String => slot.text(written, live, held, found)?,
                    LeafKind::Escaped => {
                        slot.text(unescaped(written)?.as_bytes(), live, held, found)?;
                    }
                    LeafKind::Null => union(held, &slot.null),
                    LeafKind::True => union(held, &slot.yes),
                    LeafKind::False => union(held, &slot.no),
                    LeafKind::Number => slot.number(written, live, held)?,
                }
            }
        }
        if !there {
            held.extend_from_slice(&slot.absent);
        } else if of_element {
            // Absent in the one element that other fields were taken from, it may be.
            union(held, &slot.absent);
            let asking = live.iter().zip(&slot.others).map(|(live, other)| live & !other);
            doubtful.iter_mut().zip(asking).for_each(|(word, asking)| *word |= asking);
        }
        live.iter_mut().zip(held.iter()).for_each(|(word, held)| *word &= held);
        Ok(())
    }

    /// Writes a field of the event that is made of a record into `made`; says whether there is one. As
    /// [`super::envelope()`] does.
    fn make(
        &self,
        field: Field,
        text: &[u8],
        leaves: &Leaves,
        made: &mut String,
    ) -> Result<bool, Doubt> {
        made.clear();
        match field {
            Field::Version => made.push('0'),
            Field::DetailType | Field::Source => {
                let said = |path| self.said(path, text, leaves);
                let event_type = said("detail.eventType")?;
                let event_category = said("detail.eventCategory")?;
                let event_source = said("detail.eventSource")?;
                let told = KindFields {
                    event_type: event_type.as_deref(),
                    event_category: event_category.as_deref(),
                    event_source: event_source.as_deref(),
                    // It decides neither of the two.
                    management_event: None,
                };
                match (field, told.kind(), told.event_source) {
                    (Field::DetailType, Some(kind), _) => made.push_str(kind.detail_type()),
                    (Field::Source, Some(EventKind::Insight), _) => made.push_str(INSIGHT_SOURCE),
                    (Field::Source, _, Some(name)) => {
                        made.push_str("aws.");
                        made.push_str(service(name));
                    }
                    _ => return Ok(false),
                }
            }
            made_from => {
                for path in made_from.made_from() {
                    if let Some(found) = self.said(path, text, leaves)? {
                        made.push_str(&found);
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The string that stands right at a path; `None` when there is none.
    fn said<'t>(
        &self,
        path: &str,
        text: &'t [u8],
        leaves: &Leaves,
    ) -> Result<Option<Cow<'t, str>>, Doubt> {
        let leaf = self.keys.find(path).and_then(|path| leaves.of(path).find(|leaf| leaf.direct));
        Ok(leaf.map(|leaf| string(text, leaf)).transpose()?.flatten())
    }
}

impl Slot {
    /// Adds the ways that hold with this text to `held`; of those that are not live any more it may leave some out.
    fn text(
        &self,
        text: &[u8],
        live: &Bits,
        held: &mut Bits,
        found: &mut Vec<u32>,
    ) -> Result<(), Doubt> {
        match self.texts.get(text) {
            Some(Ways::Few(ways)) => ways.iter().for_each(|way| set(held, *way)),
            Some(Ways::Many(bits)) => union(held, bits),
            None => {}
        }
        if !open(&self.tested, live, held) {
            return Ok(());
        }
        let text = std::str::from_utf8(text).map_err(|_| Doubt)?;
        let mut try_one = |condition: &super::index::Condition| {
            let asked = condition.ways.iter().any(|way| has(live, *way) && !has(held, *way));
            if asked && condition.tests.iter().any(|test| test.passes(text)) {
                condition.ways.iter().for_each(|way| set(held, *way));
            }
        };
        match &self.together {
            None => self.conditions.iter().for_each(try_one),
            Some(together) => {
                found.clear();
                found.extend_from_slice(&together.always);
                let hits = together.search.find_overlapping_iter(text);
                found.extend(hits.map(|hit| together.conditions[hit.pattern().as_usize()]));
                found.sort_unstable();
                found.dedup();
                found.iter().for_each(|number| try_one(&self.conditions[*number as usize]));
            }
        }
        Ok(())
    }

    fn number(&self, written: &[u8], live: &Bits, held: &mut Bits) -> Result<(), Doubt> {
        if !open(&self.numbered, live, held) {
            return Ok(());
        }
        let written = std::str::from_utf8(written).map_err(|_| Doubt)?;
        if !is_number(written) {
            return Err(Doubt);
        }
        let number = Tree::Number(Number::Text(Cow::Borrowed(written)));
        for condition in &self.conditions {
            let asked = condition.ways.iter().any(|way| has(live, *way) && !has(held, *way));
            if asked && condition.matchers.iter().any(|matcher| matcher.takes(&number)) {
                condition.ways.iter().for_each(|way| set(held, *way));
            }
        }
        Ok(())
    }
}

/// Whether a word is a number as JSON writes one.
fn is_number(word: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(word).is_ok()
}

/// Whether any of these ways is live and not held yet.
fn open(ways: &Bits, live: &Bits, held: &Bits) -> bool {
    ways.iter().zip(live).zip(held).any(|((ways, live), held)| ways & live & !held != 0)
}

fn union(bits: &mut Bits, more: &Bits) {
    bits.iter_mut().zip(more).for_each(|(word, more)| *word |= more);
}

fn written(text: &[u8], leaf: Leaf) -> &[u8] {
    &text[leaf.start as usize..leaf.end as usize]
}

/// The text of a leaf, if it is a string.
fn string(text: &[u8], leaf: Leaf) -> Result<Option<Cow<'_, str>>, Doubt> {
    let written = written(text, leaf);
    Ok(match leaf.kind {
        LeafKind::String => Some(Cow::Borrowed(std::str::from_utf8(written).map_err(|_| Doubt)?)),
        LeafKind::Escaped => Some(Cow::Owned(unescaped(written)?)),
        _ => None,
    })
}

fn unescaped(written: &[u8]) -> Result<String, Doubt> {
    let quoted = [b"\"", written, b"\""].concat();
    serde_json::from_slice(&quoted).map_err(|_| Doubt)
}
