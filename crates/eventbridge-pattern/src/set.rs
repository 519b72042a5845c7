//! Many patterns at once, on the JSON text of an event.
//!
//! [`PatternSet`] answers which of its patterns match an event that is given as JSON text: a whole EventBridge event,
//! or a CloudTrail record, which is matched as the event that EventBridge would have made of it, without making
//! that event. It decides as [`Pattern::matches`] does, which is what the tests hold it to.
//!
//! ```text
//!  record ──► gate ──► walk ──► decide ──► numbers of the patterns that match
//!             │        │        │
//!             │        │        └ fields stand in arrays of objects ──► Pattern::matches, for those patterns
//!             │        └ text that needs care ──► Pattern::matches, for all patterns
//!             └ it cannot match ──► none
//! ```
//!
//! | module | question |
//! |---|---|
//! | `gate`, `sieve` | can the record match at all, judged by a few keys in it |
//! | `walk` | what stands at the paths that patterns mention |
//! | `index` | the patterns turned round: from a field's value to the patterns it leaves possible |
//! | `decide` | which patterns hold for the fields of one event |
//! | `test`, `hash`, `start` | operators made ready, looking up texts |

mod decide;
mod gate;
mod hash;
mod index;
#[cfg(test)]
mod laws;
mod sieve;
mod start;
mod test;
mod walk;

use super::{Event, Filter, Pattern, ruler};
use crate::cloudtrail::envelope;
use crate::tree::Tree;
use decide::{Board, Form};
use index::Index;
use std::collections::BTreeSet;
use walk::{Doubt, ROOT};

/// Patterns made ready for matching. One set serves any number of threads, each with its own [`Scratch`].
///
/// ```
/// use eventbridge_pattern::Pattern;
/// use eventbridge_pattern::set::{PatternSet, Scratch};
///
/// let set = PatternSet::new([
///     Pattern::parse(r#"{"source": ["aws.iam"]}"#)?,
///     Pattern::parse(r#"{"detail": {"eventName": [{"prefix": "Delete"}]}}"#)?,
/// ]);
/// let mut scratch = Scratch::default();
/// let event = br#"{"source": "aws.iam", "detail": {"eventName": "DeleteUser"}}"#;
/// assert_eq!(set.event(event, &mut scratch)?, [0, 1]);
///
/// // The same as CloudTrail writes it to a log file.
/// let record = br#"{"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}"#;
/// assert_eq!(set.record(record, &mut scratch)?, [0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PatternSet {
    patterns: Vec<Pattern>,
    index: Index,
    /// What the patterns ask about, each path once.
    #[cfg_attr(not(feature = "cloudtrail"), expect(dead_code))]
    paths: Vec<String>,
}

/// What one thread keeps between events, so that matching allocates nothing.
#[derive(Default)]
pub struct Scratch {
    board: Board,
    matched: Vec<u32>,
}

/// Text that is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It is not JSON; with what the parser says.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// It is JSON, but no object.
    #[error("this is JSON, but no object")]
    NotAnObject,
}

impl PatternSet {
    /// Compiles the patterns; a pattern's number is its position.
    pub fn new(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        // From here on a pattern is what EventBridge keeps of it.
        let kept = |pattern: Pattern| match ruler::kept(&pattern.filter) {
            Some(filter) => Pattern { filter },
            None => pattern,
        };
        let patterns: Vec<Pattern> = patterns.into_iter().map(kept).collect();
        let index = Index::new(&patterns);
        let mut paths = BTreeSet::new();
        for pattern in &patterns {
            add_paths(&pattern.filter, &mut paths);
        }
        Self { patterns, index, paths: paths.into_iter().collect() }
    }

    /// The numbers of the patterns that match the event of a CloudTrail record, ascending.
    ///
    /// # Errors
    /// When the text is no JSON object. Of text that no pattern asks for nothing is checked but that its brackets
    /// and quotes close.
    pub fn record<'s>(
        &self,
        record: &[u8],
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u32], BadRecord> {
        scratch.matched.clear();
        if record.first() == Some(&b'{') && !self.index.gate.lets_through(record) {
            return Ok(&scratch.matched);
        }
        self.matches(record, Form::Record, scratch)?;
        Ok(&scratch.matched)
    }

    /// The same for a whole EventBridge event.
    ///
    /// # Errors
    /// As for [`PatternSet::record`].
    pub fn event<'s>(
        &self,
        event: &[u8],
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u32], BadRecord> {
        scratch.matched.clear();
        self.matches(event, Form::Event, scratch)?;
        Ok(&scratch.matched)
    }

    /// The conditions with their numbers.
    #[cfg(feature = "cloudtrail")]
    pub(crate) fn filters(&self) -> impl Iterator<Item = (u32, &Filter)> {
        (0..).zip(self.patterns.iter().map(|pattern| &pattern.filter))
    }

    /// The paths that the patterns ask about, each once.
    #[cfg(feature = "cloudtrail")]
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The event that EventBridge makes of a record.
    #[cfg(feature = "cloudtrail")]
    pub(crate) fn event_of<'t>(&self, record: &'t [u8]) -> Result<Event<'t>, BadRecord> {
        read(record, Form::Record)
    }

    fn matches(&self, text: &[u8], form: Form, scratch: &mut Scratch) -> Result<(), BadRecord> {
        let node = match form {
            Form::Event => Some(ROOT),
            // No pattern mentions the detail: then there is nothing in a record to look for.
            Form::Record => self.index.keys.below_root("detail"),
        };
        let walked = match node {
            Some(node) => self.index.keys.walk(text, node, &mut scratch.board.leaves),
            None => Err(Doubt),
        };
        match walked.and_then(|()| self.index.decide(text, form, &mut scratch.board)) {
            Ok(()) => self.collect(text, form, scratch),
            Err(Doubt) => {
                let event = read(text, form)?;
                let numbers = (0_u32..).zip(&self.patterns);
                let matching = numbers.filter(|(_, pattern)| pattern.filter.matches_event(&event));
                scratch.matched.extend(matching.map(|(number, _)| number));
                Ok(())
            }
        }
    }

    /// From the ways that hold to the patterns they belong to.
    fn collect(&self, text: &[u8], form: Form, scratch: &mut Scratch) -> Result<(), BadRecord> {
        let Scratch { board, matched } = scratch;
        let mut event = None;
        let mut plainly = |number: u32| -> Result<bool, BadRecord> {
            if event.is_none() {
                event = Some(read(text, form)?);
            }
            Ok(event
                .as_ref()
                .is_some_and(|event| self.patterns[number as usize].filter.matches_event(event)))
        };
        // A pattern that one way leaves no doubt about needs no closer look at another.
        let mut doubtful: Vec<u32> = Vec::new();
        for at in &board.active {
            let mut rest = board.live[*at];
            while rest != 0 {
                let bit = rest & rest.wrapping_neg();
                rest ^= bit;
                let number = self.index.ways[*at * 64 + bit.trailing_zeros() as usize];
                let numbers =
                    if board.doubtful[*at] & bit != 0 { &mut doubtful } else { &mut *matched };
                numbers.push(number);
            }
        }
        matched.sort_unstable();
        matched.dedup();
        if doubtful.is_empty() && self.index.careful.is_empty() {
            return Ok(());
        }
        doubtful.extend(&self.index.careful);
        doubtful.sort_unstable();
        doubtful.dedup();
        for number in doubtful {
            if matched.binary_search(&number).is_err() && plainly(number)? {
                let at = matched.partition_point(|known| *known < number);
                matched.insert(at, number);
            }
        }
        Ok(())
    }
}

fn add_paths(filter: &Filter, paths: &mut BTreeSet<String>) {
    match filter {
        Filter::All(members) | Filter::Any(members) => {
            members.iter().for_each(|member| add_paths(member, paths));
        }
        Filter::Field { path, .. } => {
            paths.insert(path.clone());
        }
    }
}

/// The event that a text stands for, read the careful way.
fn read(text: &[u8], form: Form) -> Result<Event<'_>, BadRecord> {
    let event = Event::read(text).map_err(BadRecord::NotJson)?;
    if !matches!(event.0, Tree::Object(_)) {
        return Err(BadRecord::NotAnObject);
    }
    Ok(match form {
        Form::Event => event,
        Form::Record => {
            let around = envelope(event.0.to_value());
            Event::from(&around).into_owned().with_detail(event)
        }
    })
}
