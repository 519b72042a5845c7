//! Text inside of text: where each byte of what a string holds stands in the file.

use super::super::tree::{Node, Value};
use std::ops::Range;

/// Longest header of a text that is passed over, in characters.
const HEADER_MAX: usize = 100;

/// A string's text, and for each of its bytes, and its end, the byte of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Embedded {
    pub text: String,
    places: Vec<usize>,
}

impl Embedded {
    /// What a string holds, given the place in the file where it is written.
    pub fn of(held: &str, file: &str, span: &Range<usize>) -> Self {
        let mut all = Self::default();
        all.add(held, file, span);
        all
    }

    /// Adds what a part of the file holds: escapes are undone there, and indents are gone.
    pub fn add(&mut self, held: &str, file: &str, span: &Range<usize>) {
        let raw = file.get(span.clone()).unwrap_or_default();
        let mut at = 0;
        for character in held.chars() {
            at = next(raw, at, character);
            let place = (span.start + at).min(span.end);
            self.places.extend(std::iter::repeat_n(place, character.len_utf8()));
            self.text.push(character);
            at = after(raw, at, character);
        }
    }

    /// Adds a text that stands for a part of the file.
    pub fn stand_in(&mut self, text: &str, span: &Range<usize>) {
        self.text.push_str(text);
        self.places.extend(std::iter::repeat_n(span.start, text.len()));
    }

    /// Where a range of the text stands in the file.
    pub fn place(&self, range: &Range<usize>) -> Range<usize> {
        let of = |at: usize| self.places.get(at).or(self.places.last()).copied().unwrap_or(0);
        let start = of(range.start);
        // The end is behind the last byte, not at the next one, which may be a line below.
        let end = range.end.checked_sub(1).map_or(start, |last| of(last) + 1);
        start..end.max(start)
    }

    /// Leads the places of a tree that was read from the text back to the file.
    pub fn lead_back(&self, node: &mut Node) {
        node.span = self.place(&node.span);
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.lead_back(item)),
            Value::Map(entries) => {
                for entry in entries {
                    entry.key_span = self.place(&entry.key_span);
                    self.lead_back(&mut entry.node);
                }
            }
            _ => {}
        }
    }
}

/// Where a character stands in the file, from a byte on: white space and a backslash may be before
/// it.
fn next(raw: &str, from: usize, character: char) -> usize {
    let rest = raw.get(from..).unwrap_or_default();
    if rest.starts_with(character) && character != '\\' {
        return from;
    }
    if character != '\\' && rest.strip_prefix('\\').is_some_and(|rest| rest.starts_with(character))
    {
        return from + 1;
    }
    let blank = rest.len() - rest.trim_start().len();
    let beyond = rest.get(blank..).unwrap_or_default();
    match () {
        () if rest.starts_with('\\') || character.is_whitespace() => from,
        () if beyond.starts_with(character) || beyond.starts_with('\\') => from + blank,
        // A sign before the text, such as a quotation mark or a block's header.
        () => match rest.char_indices().take(HEADER_MAX).find(|(_, own)| *own == character) {
            Some((further, _)) => from + further,
            None => from,
        },
    }
}

/// The byte behind a character that stands in the file, written as it is or escaped.
fn after(raw: &str, at: usize, character: char) -> usize {
    let rest = raw.get(at..).unwrap_or_default();
    let mut characters = rest.chars();
    match characters.next() {
        Some('\\') => match characters.next() {
            Some('u') => at + 6,
            Some(escaped) => at + 1 + escaped.len_utf8(),
            None => at + 1,
        },
        Some(first) if first == character => at + first.len_utf8(),
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn marked(file: &str, held: &str, word: &str) -> usize {
        let embedded = Embedded::of(held, file, &(0..file.len()));
        let at = held.find(word).unwrap();
        let place = embedded.place(&(at..at + word.len()));
        assert_eq!(&file[place.clone()], word, "{file:?}");
        place.start
    }

    #[test]
    fn escapes_and_indents_are_led_back() {
        marked(r#""{\"a\": [\"Word\"]}""#, r#"{"a": ["Word"]}"#, "Word");
        marked("|\n    {\n      \"a\": [\"Word\"]\n    }\n", "{\n  \"a\": [\"Word\"]\n}\n", "Word");
        marked(">\n  {\n  \"a\":\n  \"Word\"}\n", "{ \"a\": \"Word\"}\n", "Word");
        marked("'it''s Word'", "it's Word", "Word");
    }
}
