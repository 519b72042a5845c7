//! The text of a file with what it takes to point into it, and the paths by which files are named.

use crate::diag::Span;
use std::ops::Range;
use std::path::{Component, Path};

/// One file's text and where its lines begin.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
    line_starts: Vec<usize>,
    /// Byte offset of each character, and the length; empty when the text is ASCII.
    char_starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub fn new(name: &'a str, text: &'a str) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let char_starts = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
        };
        Self { name, text, line_starts, char_starts }
    }

    /// The byte offset of a character, counted from 0.
    pub fn byte_of_char(&self, index: usize) -> usize {
        if self.char_starts.is_empty() {
            index.min(self.text.len())
        } else {
            self.char_starts.get(index).copied().unwrap_or(self.text.len())
        }
    }

    /// A span for diagnostics: without the spaces around it, and no more than its first line.
    pub fn span(&self, range: &Range<usize>) -> Span {
        let start = range.start.min(self.text.len());
        let end = range.end.clamp(start, self.text.len());
        let marked = self.text.get(start..end).unwrap_or_default();
        let first_line = marked.lines().next().unwrap_or_default().trim_end();
        let line = self.line(start);
        let line_start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        Span {
            file: self.name.to_owned(),
            start,
            end: start + first_line.len(),
            line,
            column: self.char_of_byte(start) - self.char_of_byte(line_start) + 1,
        }
    }

    /// The line of a byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.line_starts.partition_point(|at| *at <= byte).max(1)
    }

    /// Where a line begins, from 1; `None` past the end.
    pub fn line_start(&self, line: usize) -> Option<usize> {
        self.line_starts.get(line.checked_sub(1)?).copied()
    }

    /// A line without its end, from 1; empty past the end.
    pub fn line_text(&self, line: usize) -> &str {
        let start = self.line_start(line).unwrap_or(self.text.len());
        self.text.get(start..).and_then(|text| text.lines().next()).unwrap_or_default()
    }

    fn char_of_byte(&self, byte: usize) -> usize {
        if self.char_starts.is_empty() {
            byte
        } else {
            self.char_starts.partition_point(|at| *at < byte)
        }
    }
}

/// A relative path without `.` and `..`; `None` when it leads out of its folder.
pub(super) fn normalise(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_offsets_count_bytes() {
        let source = Source::new("b.yaml", "a: é ü\nb: ÿ x\n");
        let at = source.byte_of_char(12);
        let span = source.span(&(at..at + 1));
        assert_eq!(&source.text[span.start..span.end], "x");
        assert_eq!((span.line, span.column), (2, 6));
    }

    #[test]
    fn a_span_past_the_end_points_at_the_end() {
        let span = Source::new("b.yaml", "a").span(&(7..9));
        assert_eq!((span.start, span.end, span.line, span.column), (1, 1, 1, 2));
    }
}
