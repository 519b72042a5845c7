//! What to do about text that is no YAML: the bracket that is not closed, the text that wants quotes.
//!
//! Parsers stop where they are at a loss, which is mostly a line or more behind the mistake.

use super::super::source::Source;
use crate::diag::Diagnostic;
use std::ops::Range;

/// Characters that no plain text begins with.
const RESERVED: &[char] = &['@', '`', '%', '*', '&', '|', '>', '!'];

/// A sign that opens something which is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Opening {
    at: usize,
    sign: char,
    /// The sign that stands where another was to close it.
    closed_by: Option<char>,
}

/// Improves what a parser says about a place.
pub(super) fn explain(source: &Source<'_>, at: usize, refusal: Diagnostic) -> Diagnostic {
    if let Some(Opening { at, sign, closed_by }) = unclosed(source.text) {
        let closing = closing(sign);
        let label = match closed_by {
            Some(other) => format!("this `{sign}` is closed by `{other}`"),
            None => format!("this `{sign}` is not closed"),
        };
        return refusal
            .at(Some(source.span(&(at..at + 1))))
            .label(label)
            .help(format!("write `{closing}` where it ends"));
    }
    if let Some(tab) = tab_near(source, at) {
        let help = "YAML is indented with spaces; a tab stands here";
        return refusal.at(Some(source.span(&tab))).help(help);
    }
    match quoted(source.line_text(source.line(at))) {
        Some(line) => refusal.help(format!("put the text into quotes: `{line}`")),
        None => refusal,
    }
}

/// A tab in the indentation of the line of a place, or of one beside it.
fn tab_near(source: &Source<'_>, at: usize) -> Option<Range<usize>> {
    let line = source.line(at);
    (line.saturating_sub(1).max(1)..=line + 1).find_map(|line| {
        let text = source.line_text(line);
        let blank = &text[..text.len() - text.trim_start().len()];
        let start = source.line_start(line)? + blank.find('\t')?;
        Some(start..start + 1)
    })
}

/// The line of a key whose plain text is none, with the text in quotes.
fn quoted(line: &str) -> Option<String> {
    let line = line.trim();
    let (key, text) = line.split_once(": ")?;
    let text = text.trim();
    let is_key = |key: &str| key.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c));
    let breaks = text.contains(": ") || text.ends_with(':') || text.starts_with(RESERVED);
    let plain = !text.starts_with(['"', '\'', '[', '{']);
    (is_key(key) && plain && breaks)
        .then(|| format!("{key}: \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn closing(sign: char) -> char {
    match sign {
        '[' => ']',
        '{' => '}',
        sign => sign,
    }
}

/// The innermost bracket, or the quote, that is not closed before the next key of its level, or that
/// another sign closes.
fn unclosed(text: &str) -> Option<Opening> {
    let mut open: Vec<Opening> = Vec::new();
    // The indentation of the line that the outermost bracket stands in.
    let mut level = 0;
    let mut block: Option<usize> = None;
    let mut quote: Option<Opening> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (at, trimmed) = (start, line.trim());
        start += line.len();
        let indent = line.len() - line.trim_start_matches(' ').len();
        if quote.is_none() {
            if block.is_some_and(|level| trimmed.is_empty() || indent > level) {
                continue;
            }
            block = None;
            if let Some(last) = open.last().filter(|_| indent <= level && begins_key(trimmed)) {
                return Some(*last);
            }
        }
        let mut before = ' ';
        let mut signs = line.char_indices().peekable();
        while let Some((offset, c)) = signs.next() {
            if let Some(opening) = quote {
                match (opening.sign, c) {
                    ('"', '\\') => drop(signs.next()),
                    ('\'', '\'') if signs.peek().is_some_and(|(_, next)| *next == '\'') => {
                        signs.next();
                    }
                    (sign, c) if sign == c => quote = None,
                    _ => {}
                }
                before = c;
                continue;
            }
            let opening = Opening { at: at + offset, sign: c, closed_by: None };
            // A sign in the middle of plain text is text.
            let begins = begins_value(&line[..offset], !open.is_empty());
            match c {
                '#' if before.is_whitespace() => break,
                '"' | '\'' if begins => quote = Some(opening),
                '[' | '{' if begins => {
                    if open.is_empty() {
                        level = indent;
                    }
                    open.push(opening);
                }
                ']' | '}' => match open.pop() {
                    Some(last) if closing(last.sign) != c => {
                        return Some(Opening { closed_by: Some(c), ..last });
                    }
                    _ => {}
                },
                _ => {}
            }
            before = c;
        }
        let is_block = |text: &str| {
            let sign = text.trim_end_matches(|c: char| c.is_ascii_digit() || "+-".contains(c));
            sign.ends_with(": |") || sign.ends_with(": >") || matches!(sign, "- |" | "- >")
        };
        if open.is_empty() && quote.is_none() && is_block(trimmed) {
            block = Some(indent);
        }
    }
    quote.or_else(|| open.last().copied())
}

/// Whether a line begins with a key or an item, and so in no bracket that was opened before.
fn begins_key(line: &str) -> bool {
    let line = line.strip_prefix("- ").unwrap_or(line);
    let name = line.trim_start_matches(|c: char| c.is_alphanumeric() || "_-.".contains(c));
    name.len() < line.len() && (name.starts_with(": ") || name == ":")
}

/// Whether a value begins after this part of a line.
fn begins_value(before: &str, in_brackets: bool) -> bool {
    let before = before.trim_end_matches(' ');
    let spaced = [":", "-", "?"].iter().any(|sign| before.ends_with(sign));
    before.is_empty() || spaced || in_brackets && before.ends_with(['[', '{', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opening_is_found_that_is_not_closed() {
        for (text, sign) in [
            ("a: [b, c\nd: e\n", Some("[b")),
            ("a:\n  b: [{ c: d ]\ne: f\n", Some("{ c")),
            ("a:\n  - { b: [c }\n", Some("[c")),
            ("a: \"b\nc: d\n", Some("\"b")),
            ("a: 'it''s\nc: d\n", Some("'it")),
            ("a: { b: c,\n  d: e }\nf: [g]\n", None),
            ("a: |\n  not [ a list\nb: x [ y\nc: it's\n", None),
            ("a: [b, # ]\n  c]\nd: e\n", None),
            ("a: \"[\"\nb: '{'\n", None),
        ] {
            let found = unclosed(text).map(|opening| &text[opening.at..opening.at + 2]);
            assert_eq!(found.map(str::trim), sign.map(|s| s[..2.min(s.len())].trim()), "{text:?}");
        }
    }

    #[test]
    fn a_text_that_wants_quotes_is_written_with_them() {
        for (line, expected) in [
            ("    title: Alert: a key", Some("title: \"Alert: a key\"")),
            ("  - why: 50%: more", Some("- why: \"50%: more\"")),
            ("name: @ops", Some("name: \"@ops\"")),
            ("name: ops", None),
            ("name: \"a: b\"", None),
            ("events: [a: b]", None),
        ] {
            assert_eq!(quoted(line).as_deref(), expected, "{line}");
        }
    }
}
