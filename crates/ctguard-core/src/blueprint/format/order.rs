//! Puts the keys of a blueprint's mappings into their order, each with its lines and the comments
//! above it.

use super::super::keys::Keys;
use super::super::yaml::{Entry, Node, Value};
use std::ops::Range;

/// A part of the text and what takes its place.
struct Edit {
    range: Range<usize>,
    text: String,
}

/// The text with every mapping in order.
pub(super) fn ordered(text: &str, root: &Node) -> String {
    let order = Order { text };
    let mut edits = Vec::new();
    order.node(root, "", text.len(), &mut edits);
    order.with(&(0..text.len()), &edits)
}

struct Order<'a> {
    text: &'a str,
}

impl Order<'_> {
    /// The edits of a value that ends before `end`.
    fn node(&self, node: &Node, path: &str, end: usize, edits: &mut Vec<Edit>) {
        match &node.value {
            Value::Sequence(items) => {
                let inside = format!("{path}[]");
                for (index, item) in items.iter().enumerate() {
                    let next = items.get(index + 1);
                    let end = next.map_or(end, |next| self.before(next.span.start));
                    self.node(item, &inside, end, edits);
                }
            }
            Value::Mapping(entries) if !entries.is_empty() => {
                self.mapping(entries, path, end, edits);
            }
            _ => {}
        }
    }

    fn mapping(&self, entries: &[Entry], path: &str, end: usize, edits: &mut Vec<Edit>) {
        let keys = keys_of(entries, path);
        let below = |key: &str| match (keys, path) {
            (None, path) => format!("{path}.*"),
            (Some(_), "") => key.to_owned(),
            (Some(_), path) => format!("{path}.{key}"),
        };
        let mut inner = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let next = entries.get(index + 1);
            let end = next.map_or(end, |next| self.before(next.key_span.start));
            self.node(&entry.node, &below(&entry.key), end, &mut inner);
        }
        let places = keys.map(|keys| places(entries, keys));
        let moved = match places {
            Some(places) if !places.is_sorted() => match self.column(entries) {
                Some(column) => self.lines(entries, &places, column, end, &inner),
                None => self.flow(entries, &places, end, &inner),
            },
            _ => None,
        };
        match moved {
            Some(edit) => edits.push(edit),
            None => edits.append(&mut inner),
        }
    }

    /// A part of the text with these edits.
    fn with(&self, range: &Range<usize>, edits: &[Edit]) -> String {
        let mut out = String::with_capacity(range.len());
        let mut at = range.start;
        for edit in edits.iter().filter(|edit| edit.range.start >= range.start) {
            if edit.range.end > range.end || edit.range.start < at {
                continue;
            }
            out.push_str(&self.text[at..edit.range.start]);
            out.push_str(&edit.text);
            at = edit.range.end;
        }
        out.push_str(&self.text[at..range.end]);
        out
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Where the lines of what stands there begin, with the comments right above it.
    fn before(&self, at: usize) -> usize {
        let mut start = self.line_start(at);
        let line = &self.text[start..at];
        let indent = line.len() - line.trim_start_matches(' ').len();
        // In brackets, several stand on a line.
        if !line[indent..].trim_matches(['-', ' ', '{', '[']).is_empty() {
            return at;
        }
        while start > 0 {
            let above = self.line_start(start - 1);
            let line = &self.text[above..start];
            let room = line.len() - line.trim_start_matches(' ').len();
            if !line[room..].starts_with('#') || room != indent {
                break;
            }
            start = above;
        }
        start
    }

    /// The column of the keys, where each begins a line of its own.
    fn column(&self, entries: &[Entry]) -> Option<usize> {
        let mut column = None;
        for (index, entry) in entries.iter().enumerate() {
            let start = self.line_start(entry.key_span.start);
            let before = &self.text[start..entry.key_span.start];
            let blank = match index {
                0 => before.trim_matches(['-', ' ']).is_empty(),
                _ => before.trim_matches(' ').is_empty(),
            };
            if !blank || column.is_some_and(|column| column != before.len()) {
                return None;
            }
            column = Some(before.len());
        }
        column
    }

    /// Moves lines.
    fn lines(
        &self,
        entries: &[Entry],
        places: &[usize],
        column: usize,
        end: usize,
        inner: &[Edit],
    ) -> Option<Edit> {
        let first = entries.first()?.key_span.start;
        let start = self.line_start(first);
        let prefix = &self.text[start..first];
        // The comments above the first key are those of the item where it stands in a list, and of
        // the file where a line is left free below them.
        let in_list = prefix.contains('-');
        let from = match (in_list, self.before(first)) {
            (true, _) => first,
            // What the file begins with is told of the file, and stays at its head.
            (false, 0) => start,
            (false, above) => above,
        };
        let end = self.end_of(first, end, column);
        let starts: Vec<usize> = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| match index {
                0 => from,
                _ => self.before(entry.key_span.start),
            })
            .collect();
        let mut chunks: Vec<(usize, String)> = Vec::new();
        for (index, start) in starts.iter().enumerate() {
            let until = starts.get(index + 1).copied().unwrap_or(end);
            let mut chunk = self.with(&(*start..until), inner);
            if index == 0 && in_list {
                chunk.insert_str(0, &" ".repeat(column));
            }
            if !chunk.ends_with('\n') {
                chunk.push('\n');
            }
            chunks.push((*places.get(index)?, chunk));
        }
        chunks.sort_by_key(|(place, _)| *place);
        let mut text: String = chunks.into_iter().map(|(_, chunk)| chunk).collect();
        if in_list {
            text = self.under_dash(&text, prefix, column);
        }
        if !self.text[..end].ends_with('\n') {
            text.truncate(text.trim_end_matches('\n').len());
        }
        let from = if in_list { start } else { from };
        Some(Edit { range: from..end, text })
    }

    /// Puts the dash before the first key; comments above that go above the dash.
    fn under_dash(&self, text: &str, prefix: &str, column: usize) -> String {
        let dash = prefix.find('-').unwrap_or(0);
        let mut out = String::new();
        let mut rest = text;
        while let Some((line, more)) = rest.split_once('\n') {
            let body = line.trim_start();
            if !body.is_empty() && !body.starts_with('#') {
                break;
            }
            if !body.is_empty() {
                out.push_str(&format!("{}{body}\n", " ".repeat(dash)));
            }
            rest = more;
        }
        out.push_str(prefix);
        out.push_str(rest.get(column..).unwrap_or(rest));
        out
    }

    /// The end of a mapping's lines: what is left of its column belongs to what follows.
    fn end_of(&self, first: usize, end: usize, column: usize) -> usize {
        let mut end = end;
        while end > first {
            let start = self.line_start(end.saturating_sub(1));
            let line = &self.text[start..end];
            let body = line.trim_start_matches(' ');
            // What the file ends with stays at its end.
            let outside =
                body.starts_with('#') && (line.len() - body.len() < column || column == 0);
            if start <= first || !(line.trim().is_empty() || outside) {
                break;
            }
            end = start;
        }
        end
    }

    /// Moves what stands between commas; not where there is a comment among it.
    fn flow(
        &self,
        entries: &[Entry],
        places: &[usize],
        end: usize,
        inner: &[Edit],
    ) -> Option<Edit> {
        let first = entries.first()?.key_span.start;
        let last = entries.last()?.key_span.start;
        let close = last + closing(&self.text[last..end])?;
        let whole = first..close;
        if self.text[whole.clone()].contains(" #") || self.text[whole.clone()].contains("\n#") {
            return None;
        }
        let mut parts: Vec<(usize, String)> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let next = entries.get(index + 1).map_or(close, |next| next.key_span.start);
            let part = &self.text[entry.key_span.start..next];
            let part = part.trim_end().trim_end_matches(',').trim_end();
            let range = entry.key_span.start..entry.key_span.start + part.len();
            parts.push((*places.get(index)?, self.with(&range, inner)));
        }
        let tail = &self.text[first..close];
        let tail = &tail[tail.trim_end().trim_end_matches(',').trim_end().len()..];
        parts.sort_by_key(|(place, _)| *place);
        let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
        Some(Edit { range: whole, text: format!("{}{tail}", parts.join(", ")) })
    }
}

/// Which keys these are by where they stand; the first kind that has all of them.
fn keys_of(entries: &[Entry], path: &str) -> Option<&'static Keys> {
    let names = |keys: &Keys| {
        entries.iter().filter(|entry| keys.names().contains(&entry.key.as_str())).count()
    };
    let mut best: Option<&'static Keys> = None;
    let paths: &[&str] = if path.is_empty() { &["", "<included>"] } else { &[path] };
    for keys in paths.iter().flat_map(|path| Keys::at(path)) {
        if best.is_none_or(|best| names(keys) > names(best)) {
            best = Some(keys);
        }
    }
    best
}

/// The place of each entry; what is unknown comes last, as it stands.
fn places(entries: &[Entry], keys: &Keys) -> Vec<usize> {
    let at = |key: &str| keys.names().iter().position(|name| *name == key);
    entries.iter().map(|entry| at(&entry.key).unwrap_or(usize::MAX)).collect()
}

/// The place of the bracket that closes the mapping in which the text begins.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut skip) = (0_usize, None, false);
    for (at, one) in text.char_indices() {
        match (quote, one) {
            _ if skip => skip = false,
            (Some('"'), '\\') => skip = true,
            (Some(open), one) if open == one => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => {
                // Within a plain text, a quote is one of its letters.
                let before = text[..at].trim_end().chars().next_back();
                if matches!(before, None | Some(':' | ',' | '[' | '{')) {
                    quote = Some(one);
                }
            }
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') if depth == 0 => return Some(at),
            (None, '}' | ']') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}
