//! From the fields of one event to the ways that hold.

use super::index::{Bits, Condition, Field, Index, Slot, Ways, has, set};
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
    /// Which words of `live` have such a way: of all sets only these words are looked at.
    pub active: Vec<usize>,
    /// Ways that hold if each field is looked at alone, and ask for a field that stands in an array of objects.
    pub doubtful: Bits,
    held: Bits,
    /// Conditions of which a literal was found.
    found: Vec<u32>,
    /// A text that is not written as such in the event.
    made: String,
    /// What a record tells of its event, once it was asked for.
    told: Option<Told>,
}

/// What both the `source` and the `detail-type` of a record's event depend on.
#[derive(Clone, Copy)]
struct Told {
    kind: Option<EventKind>,
    event_source: Option<Leaf>,
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
        board.held.resize(words, 0);
        board.active.clear();
        board.active.extend(0..words);
        board.told = None;
        for slot in &self.slots {
            if board.active.iter().any(|at| board.live[*at] & !slot.others[*at] != 0) {
                self.narrow(slot, text, form, board)?;
                if board.active.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn narrow(&self, slot: &Slot, text: &[u8], form: Form, board: &mut Board) -> Result<(), Doubt> {
        let Board { leaves, live, active, doubtful, held, found, made, told } = board;
        let mut asked = Asked { live, active, held, found };
        let (mut there, mut of_element) = (false, false);
        if form == Form::Record && slot.field != Field::Detail {
            there = make(slot, text, leaves, told, made)?;
            if there {
                asked.begin(&slot.present);
                slot.text(made.as_bytes(), &mut asked)?;
            }
        } else {
            for leaf in leaves.of(slot.path) {
                if !there {
                    asked.begin(&slot.present);
                }
                there = true;
                of_element |= leaf.of_element;
                let written = written(text, leaf);
                match leaf.kind {
                    LeafKind::String => slot.text(written, &mut asked)?,
                    LeafKind::Escaped => slot.text(unescaped(written)?.as_bytes(), &mut asked)?,
                    LeafKind::Null => asked.union(&slot.null),
                    LeafKind::True => asked.union(&slot.yes),
                    LeafKind::False => asked.union(&slot.no),
                    LeafKind::Number => slot.number(written, &mut asked)?,
                }
            }
        }
        if !there {
            asked.begin(&slot.absent);
        } else if of_element {
            // Absent in the one element that other fields were taken from, it may be.
            asked.union(&slot.absent);
            for at in &*active {
                doubtful[*at] |= live[*at] & !slot.others[*at];
            }
        }
        active.retain(|at| {
            live[*at] &= held[*at];
            live[*at] != 0
        });
        Ok(())
    }
}

/// The ways that are asked about a field.
struct Asked<'b> {
    live: &'b Bits,
    active: &'b [usize],
    /// Ways that hold: only the active words mean anything.
    held: &'b mut Bits,
    found: &'b mut Vec<u32>,
}

impl Asked<'_> {
    fn begin(&mut self, bits: &Bits) {
        self.active.iter().for_each(|at| self.held[*at] = bits[*at]);
    }

    fn union(&mut self, more: &Bits) {
        self.active.iter().for_each(|at| self.held[*at] |= more[*at]);
    }

    /// Whether any of these ways is live and not held yet.
    fn open(&self, ways: &Bits) -> bool {
        self.active.iter().any(|at| ways[*at] & self.live[*at] & !self.held[*at] != 0)
    }

    fn asks(&self, ways: &[u32]) -> bool {
        ways.iter().any(|way| has(self.live, *way) && !has(self.held, *way))
    }

    fn hold(&mut self, ways: &[u32]) {
        ways.iter().for_each(|way| set(self.held, *way));
    }
}

/// Writes a field of the event that is made of a record into `made`; says whether there is one. As
/// [`super::envelope()`] does.
fn make(
    slot: &Slot,
    text: &[u8],
    leaves: &Leaves,
    told: &mut Option<Told>,
    made: &mut String,
) -> Result<bool, Doubt> {
    made.clear();
    match slot.field {
        Field::Version => made.push('0'),
        Field::DetailType | Field::Source => {
            let told = match *told {
                Some(told) => told,
                None => *told.insert(tell(slot, text, leaves)?),
            };
            let event_source = || told.event_source.map(|leaf| string(text, leaf)).transpose();
            match (slot.field, told.kind) {
                (Field::DetailType, Some(kind)) => made.push_str(kind.detail_type()),
                (Field::DetailType, None) => return Ok(false),
                (_, Some(EventKind::Insight)) => made.push_str(INSIGHT_SOURCE),
                _ => match event_source()?.flatten() {
                    Some(name) => {
                        made.push_str("aws.");
                        made.push_str(service(&name));
                    }
                    None => return Ok(false),
                },
            }
        }
        _ => {
            for at in 0..slot.made_from.len() {
                let leaf = direct(slot, at, leaves);
                if let Some(found) = leaf.map(|leaf| string(text, leaf)).transpose()?.flatten() {
                    made.push_str(&found);
                    return Ok(true);
                }
            }
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a record tells, by the paths of a slot that is made from it.
fn tell(slot: &Slot, text: &[u8], leaves: &Leaves) -> Result<Told, Doubt> {
    let leaves = [0, 1, 2].map(|at| direct(slot, at, leaves));
    let said = |leaf: Option<Leaf>| -> Result<Option<Cow<'_, str>>, Doubt> {
        Ok(leaf.map(|leaf| word(text, leaf)).transpose()?.flatten())
    };
    let [event_type, event_category, event_source] = leaves;
    let (event_type, event_category) = (said(event_type)?, said(event_category)?);
    let source = said(event_source)?;
    let told = KindFields {
        event_type: event_type.as_deref(),
        event_category: event_category.as_deref(),
        event_source: source.as_deref(),
        // It decides neither of the two.
        management_event: None,
    };
    Ok(Told { kind: told.kind(), event_source })
}

/// The leaf that stands right at one of the paths that a slot is made from.
fn direct(slot: &Slot, at: usize, leaves: &Leaves) -> Option<Leaf> {
    let path = slot.made_from.get(at).copied().flatten()?;
    leaves.of(path).find(|leaf| leaf.direct)
}

/// The text of a leaf, if it is a string. What most records say is not checked for being text once more.
fn word(text: &[u8], leaf: Leaf) -> Result<Option<Cow<'_, str>>, Doubt> {
    match (leaf.kind, written(text, leaf)) {
        (LeafKind::String, b"AwsApiCall") => Ok(Some(Cow::Borrowed("AwsApiCall"))),
        (LeafKind::String, b"Management") => Ok(Some(Cow::Borrowed("Management"))),
        _ => string(text, leaf),
    }
}

impl Slot {
    /// Adds the ways that hold with this text; of those that are not live any more it may leave some out.
    fn text(&self, text: &[u8], asked: &mut Asked<'_>) -> Result<(), Doubt> {
        match self.texts.get(text) {
            Some(Ways::Few(ways)) => asked.hold(ways),
            Some(Ways::Many(bits)) => asked.union(bits),
            None => {}
        }
        if !asked.open(&self.tested) {
            return Ok(());
        }
        let text = std::str::from_utf8(text).map_err(|_| Doubt)?;
        let Some(together) = &self.together else {
            self.conditions.iter().for_each(|condition| condition.test(text, asked));
            return Ok(());
        };
        let mut found = std::mem::take(asked.found);
        found.clear();
        found.extend_from_slice(&together.always);
        let hits = together.search.find_overlapping_iter(text);
        found.extend(hits.map(|hit| together.conditions[hit.pattern().as_usize()]));
        found.sort_unstable();
        found.dedup();
        found.iter().for_each(|number| self.conditions[*number as usize].test(text, asked));
        *asked.found = found;
        Ok(())
    }

    fn number(&self, written: &[u8], asked: &mut Asked<'_>) -> Result<(), Doubt> {
        if !asked.open(&self.numbered) {
            return Ok(());
        }
        let written = std::str::from_utf8(written).map_err(|_| Doubt)?;
        if !is_number(written) {
            return Err(Doubt);
        }
        let number = Tree::Number(Number::Text(Cow::Borrowed(written)));
        for condition in &self.conditions {
            let takes = || condition.matchers.iter().any(|matcher| matcher.takes(&number));
            if asked.asks(&condition.ways) && takes() {
                asked.hold(&condition.ways);
            }
        }
        Ok(())
    }
}

impl Condition {
    fn test(&self, text: &str, asked: &mut Asked<'_>) {
        if asked.asks(&self.ways) && self.tests.iter().any(|test| test.passes(text)) {
            asked.hold(&self.ways);
        }
    }
}

/// Whether a word is a number as JSON writes one.
fn is_number(word: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(word).is_ok()
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
