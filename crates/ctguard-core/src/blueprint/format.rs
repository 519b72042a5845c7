//! A blueprint in its canonical form: keys in the order of the table of keys, style by a formatter of
//! YAML, comments kept.
//!
//! Keys are moved as they stand, with the comments above them, before the formatter sees the text.
//! The result is read again, and is used only where it says the same as what was given.

mod order;

use super::source::Source;
use super::yaml::{self, Node};
use crate::codes;
use crate::diag::Diagnostic;
use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions, LineBreak};

/// Columns to which lists and mappings in brackets are broken.
const WIDTH: usize = 100;

/// Formats the text of a blueprint, or of a file that one includes. What is formatted already comes
/// back as it is.
///
/// # Errors
/// Everything for which the text is no YAML that ctguard reads, and a text that cannot be formatted
/// without changing what it says.
pub fn format(file: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let before = read(file, body)?;
    // The formatter writes the line ends that it finds.
    let line_break = if body.contains("\r\n") { LineBreak::Crlf } else { LineBreak::Lf };
    let ordered = order::ordered(body, &before);
    let mut why = Refused::Unread;
    // What may not be moved, such as an anchor behind its alias, leaves the keys where they are.
    // Broken lists may end left of where YAML lets them; then none is broken.
    for (given, width) in
        [(ordered.as_str(), WIDTH), (&ordered, usize::MAX), (body, WIDTH), (body, usize::MAX)]
    {
        let options = FormatOptions {
            layout: LayoutOptions {
                print_width: width,
                indent_width: 2,
                line_break: line_break.clone(),
            },
            language: LanguageOptions {
                trailing_comma: false,
                prefer_single_line: width == usize::MAX,
                ..LanguageOptions::default()
            },
        };
        let Ok(styled) = pretty_yaml::format_text(given, &options) else { continue };
        if comments(body) != comments(&styled) {
            why = Refused::Comment;
        } else if read(file, &styled).is_ok_and(|after| same(&before, &after)) {
            return Ok(format!("{mark}{styled}"));
        } else {
            why = Refused::Meaning;
        }
    }
    Err(vec![not_formatted(file, why)])
}

/// Why a text is not formatted.
#[derive(Debug, Clone, Copy)]
enum Refused {
    /// The formatter does not read it.
    Unread,
    /// A comment would be lost.
    Comment,
    /// The result would not say the same.
    Meaning,
}

fn read(file: &str, text: &str) -> Result<Node, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    match yaml::read(&Source::new(file, text), &mut problems) {
        Some(node) if problems.is_empty() => Ok(node),
        _ => Err(problems),
    }
}

fn not_formatted(file: &str, why: Refused) -> Diagnostic {
    Diagnostic::error(codes::FORMAT_REFUSED, format!("`{file}` cannot be formatted safely")).help(
        match why {
            Refused::Unread => "the formatter does not read all of YAML: write the file in a plainer way, without tabs and without `...` at its end",
            Refused::Comment => "a comment would be lost: put comments on lines of their own, outside of brackets",
            Refused::Meaning => "the result would not say the same: write texts of several lines with `|` or `>-` alone, without `+` or a number behind it, and a value in full where it stands by an alias",
        },
    )
}

/// The comments of a text, and the lines of its texts that look like one, sorted: what is formatted
/// has as many.
fn comments(text: &str) -> Vec<&str> {
    let mut all: Vec<&str> = text.lines().filter_map(comment).collect();
    all.sort_unstable();
    all
}

/// The comment at the end of a line; a `#` inside of quotes begins none.
fn comment(line: &str) -> Option<&str> {
    let (mut quote, mut before, mut skip) = (None, ' ', false);
    for (at, one) in line.char_indices() {
        match quote {
            _ if skip => skip = false,
            Some('"') if one == '\\' => skip = true,
            Some(open) if open == one => quote = None,
            Some(_) => {}
            None if one == '#' && before.is_whitespace() => return Some(line[at..].trim_end()),
            // Within a plain text, a quote is one of its letters.
            None if "'\"".contains(one)
                && (before.is_whitespace() || before == one || "[{,:".contains(before)) =>
            {
                quote = Some(one);
            }
            None => {}
        }
        before = one;
    }
    None
}

/// Whether two trees say the same, whatever the order of keys.
fn same(one: &Node, other: &Node) -> bool {
    use super::yaml::Value::{Mapping, Sequence};
    match (&one.value, &other.value) {
        (Mapping(left), Mapping(right)) => {
            left.len() == right.len()
                && left.iter().all(|entry| {
                    let found = right.iter().find(|other| other.key == entry.key);
                    found.is_some_and(|other| same(&entry.node, &other.node))
                })
        }
        (Sequence(left), Sequence(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests;
