//! What reaches a terminal, a file or the log of a CI system: nothing in it that somebody else wrote
//! moves a cursor, hides or turns around other text, or begins a line of its own.
//!
//! Names, tags, templates, user agents and records are written by whoever the report may be about.
//! Three walls stand between them and the reader:
//!
//! 1. [`shown`] cleans every text of a result before it becomes lines, so that a line break in a name
//!    begins no line;
//! 2. [`Filter`] passes over all that is written, whatever made it: of escape sequences it lets
//!    through the colours that ctguard itself writes, and those only where colour is on;
//! 3. no line begins as a command of GitHub's runner does, but where annotations are asked for.
//!
//! Whoever changed something, raised an alert or stands in a log is named by a [`Foreign`], which only [`said`] here makes a
//! text of, so that no format forgets to. Names, tags and AWS's words inside of sentences that the core makes are texts
//! like others, and rest on the walls.
//!
//! JSON keeps every text whole: there such a character is written as an escape (`\u202e`).
//!
//! Sources: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>,
//! <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>.

use super::wrap::fit;
use ctguard_core::foreign::Foreign;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Stands in place of a character that hides, moves or turns around others.
const MARK: char = '\u{fffd}';

/// Texts of several lines, which their renderers show line by line behind a sign.
const OF_LINES: &[&str] = &["template"];

/// Whether a character moves a cursor, ends a line, hides, or turns the text around.
///
/// Hides: Unicode's property `Default_Ignorable_Code_Point`, of which nothing is shown, and letters and signs that are shown as
/// a blank. White space is seen as a gap, and is left.
///
/// Sources: <https://www.unicode.org/Public/17.0.0/ucd/DerivedCoreProperties.txt>,
/// <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>.
pub fn hides(c: char) -> bool {
    c.is_control() || (!c.is_ascii() && (moves(c) || is_default_ignorable(c) || is_blank(c)))
}

/// Ends a line, turns the text around, or stands for a note beside it.
fn moves(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{fff9}'..='\u{fffb}')
}

/// `Default_Ignorable_Code_Point`, what is not assigned too.
fn is_default_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A pattern of no dots, a note head of no ink.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{1d159}')
}

/// Somebody else's name, without what hides.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if hides(c) { MARK } else { c }).collect()
}

/// What somebody else wrote, fit to be read: the one way in which such a text comes to be printed.
pub fn said(text: &Foreign) -> String {
    plain(text.uncleaned())
}

/// Somebody else's text on one line: what only parts words is a space.
pub fn line(text: &str) -> String {
    plain(&text.replace("\r\n", "\n").replace(['\n', '\r', '\t'], " "))
}

/// A message that may have several lines, of which only the first begins at the margin.
pub fn hung(text: &str) -> String {
    let mut lines = text.trim_end().split('\n').map(line);
    let mut out = lines.next().unwrap_or_default();
    for more in lines {
        out.push_str(if more.starts_with("  ") { "\n" } else { "\n  " });
        out.push_str(&more);
    }
    out
}

/// A result whose texts are fit to become lines.
pub fn shown<T: Serialize + DeserializeOwned + Clone>(value: &T) -> Cow<'_, T> {
    shown_but(value, OF_LINES)
}

/// The same, where texts with these keys keep their lines.
pub fn shown_but<'a, T: Serialize + DeserializeOwned + Clone>(
    value: &'a T,
    of_lines: &[&str],
) -> Cow<'a, T> {
    let mut scan = Scan::default();
    if serde_json::to_writer(&mut scan, value).is_ok() && !scan.found {
        return Cow::Borrowed(value);
    }
    let cleaned = serde_json::to_value(value)
        .map(|value| cleaned(value, of_lines))
        .and_then(serde_json::from_value);
    // Where a cleaned name is no such name any more, the filter still stands.
    cleaned.map_or(Cow::Borrowed(value), Cow::Owned)
}

fn cleaned(value: Value, of_lines: &[&str]) -> Value {
    match value {
        Value::String(text) => line(&text).into(),
        Value::Array(members) => {
            members.into_iter().map(|member| cleaned(member, of_lines)).collect()
        }
        Value::Object(fields) => {
            let field = |(key, value): (String, Value)| match value {
                Value::String(text) if of_lines.contains(&key.as_str()) => {
                    let lines: Vec<String> = text.split('\n').map(line).collect();
                    (key, lines.join("\n").into())
                }
                value => (line(&key), cleaned(value, of_lines)),
            };
            fields.into_iter().map(field).collect()
        }
        other => other,
    }
}

/// Looks for characters that hide in JSON as it is written, without keeping it.
#[derive(Debug, Default)]
struct Scan {
    found: bool,
    escaped: bool,
    /// A character that takes several bytes, as far as it has come.
    begun: u32,
    /// How many of its bytes are to come.
    left: u8,
}

impl Scan {
    fn look(&mut self, byte: u8) {
        let bits = u32::from(byte);
        match byte {
            // An escape of JSON other than for a quote or a backslash.
            b'n' | b'r' | b't' | b'b' | b'f' | b'u' if self.escaped => self.found = true,
            0x7f => self.found = true,
            0x80..=0xbf => {
                self.begun = self.begun << 6 | (bits & 0x3f);
                self.left = self.left.saturating_sub(1);
                self.found |= self.left == 0 && char::from_u32(self.begun).is_some_and(hides);
            }
            0xc0..=0xdf => (self.begun, self.left) = (bits & 0x1f, 1),
            0xe0..=0xef => (self.begun, self.left) = (bits & 0x0f, 2),
            0xf0..=0xff => (self.begun, self.left) = (bits & 0x07, 3),
            _ => {}
        }
        self.escaped = !self.escaped && byte == b'\\';
    }
}

impl Write for Scan {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.found {
            bytes.iter().for_each(|byte| self.look(*byte));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Lines for people; colours are let through where there are any.
    Lines { color: bool },
    /// Commands for GitHub's runner.
    Commands,
    /// JSON, whose texts stay whole.
    Json,
    /// A file of the user's, such as a formatted blueprint: it goes on as it is.
    Document,
}

/// Passes over what is written, piece by piece.
#[derive(Debug)]
pub struct Filter {
    written: Written,
    /// Only spaces so far on this line.
    at_start: bool,
    /// A line that has begun with a colon.
    colon: bool,
    /// How many `#` came last.
    hashes: usize,
}

impl Filter {
    pub fn new(written: Written) -> Self {
        Self { written, at_start: true, colon: false, hashes: 0 }
    }

    /// A whole text, filtered.
    pub fn text(written: Written, text: &str) -> String {
        Self::new(written).pass(text)
    }

    /// The next piece, filtered.
    pub fn pass(&mut self, text: &str) -> String {
        match self.written {
            Written::Document => text.to_owned(),
            Written::Json => self.json(text),
            Written::Lines { color } => self.lines(text, color),
            Written::Commands => {
                let clean = |c| if hides(c) && c != '\n' { MARK } else { c };
                let text: String = text.chars().map(clean).collect();
                // A command of another form might stand inside of one.
                text.replace("##[", "## [")
            }
        }
    }

    fn lines(&mut self, text: &str, color: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(length) = colour(rest).filter(|_| color) {
                out.push_str(&rest[..length]);
                rest = &rest[length..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                '\r' if rest.starts_with('\n') => {}
                '\n' => {
                    out.push(c);
                    (self.at_start, self.colon, self.hashes) = (true, false, 0);
                }
                '\t' => out.push(c),
                c if hides(c) => self.push(&mut out, MARK),
                c => self.push(&mut out, c),
            }
        }
        out
    }

    /// JSON in which what hides is an escape; it can stand in texts only, and so can a `#`.
    fn json(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            let command = self.hashes >= 2 && c == '[';
            self.hashes = if c == '#' { self.hashes + 1 } else { 0 };
            if command || (hides(c) && !matches!(c, '\n' | '\r' | '\t')) {
                escape(&mut out, c);
            } else {
                out.push(c);
            }
        }
        out
    }

    /// Writes a character; a space parts what GitHub's runner would take for a command
    /// (`::error::…` at the start of a line, `##[error]…` anywhere).
    fn push(&mut self, out: &mut String, c: char) {
        if (self.colon && c == ':') || (self.hashes >= 2 && c == '[') {
            out.push(' ');
        }
        self.colon = self.at_start && c == ':';
        self.at_start &= c.is_whitespace();
        self.hashes = if c == '#' { self.hashes + 1 } else { 0 };
        out.push(c);
    }
}

/// The length of a colour's escape sequence at the start of a text.
fn colour(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\u{1b}[")?;
    let end = body.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    body[end..].starts_with('m').then_some(2 + end + 1)
}

fn escape(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// A stream on which everything is filtered.
pub struct Screen<'a> {
    out: &'a mut (dyn Write + Send),
    filter: Filter,
    /// Columns at which lines are broken; `None` where they stay whole.
    width: Option<usize>,
    /// The beginning of a line whose end has not been written, where lines are broken.
    begun: String,
}

impl<'a> Screen<'a> {
    pub fn new(out: &'a mut (dyn Write + Send), written: Written) -> Self {
        Self { out, filter: Filter::new(written), width: None, begun: String::new() }
    }

    /// Breaks lines that are longer than so many columns.
    pub fn wrapped(mut self, width: usize) -> Self {
        self.width = Some(width);
        self
    }

    fn pass(&mut self, text: &str) -> io::Result<()> {
        let Some(width) = self.width else {
            return self.out.write_all(self.filter.pass(text).as_bytes());
        };
        self.begun.push_str(text);
        let Some(end) = self.begun.rfind('\n') else { return Ok(()) };
        let rest = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, rest);
        self.out.write_all(self.filter.pass(&broken(&whole, width)).as_bytes())
    }

    /// Writes what was begun, such as a question.
    fn finish(&mut self) -> io::Result<()> {
        let begun = std::mem::take(&mut self.begun);
        let Some(width) = self.width.filter(|_| !begun.is_empty()) else { return Ok(()) };
        self.out.write_all(self.filter.pass(&broken(&begun, width)).as_bytes())
    }
}

/// Breaks long lines. Excerpts of a file, below which marks stand, and command lines to copy stay whole.
fn broken(text: &str, width: usize) -> String {
    let stays_whole = |line: &str| {
        let mut rest = line;
        loop {
            rest = rest.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
            match colour(rest) {
                Some(length) => rest = &rest[length..],
                None => return rest.starts_with('|') || rest.starts_with("Next: "),
            }
        }
    };
    let lines = text.split_inclusive('\n');
    lines.map(|line| if stays_whole(line) { line.to_owned() } else { fit(line, width) }).collect()
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        // The program ends; there is nobody to tell.
        let _ = self.finish();
    }
}

impl Write for Screen<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match (self.filter.written, std::str::from_utf8(bytes)) {
            (Written::Document, _) => self.out.write_all(bytes)?,
            (_, Ok(text)) => self.pass(text)?,
            (_, Err(_)) => self.pass(&String::from_utf8_lossy(bytes))?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.finish()?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One of every kind of character that hides.
    const HIDING: &str = "\u{0}\u{7}\u{8}\r\u{b}\u{1b}[2J\u{1b}]0;t\u{7}\u{7f}\u{85}\u{9b}31m\u{ad}\
        \u{61c}\u{34f}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180e}\u{3164}\u{ffa0}\u{2800}\u{1d159}\u{fe0f}\u{e0100}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\
        \u{2069}\u{feff}\u{fffb}\u{e0041}";

    #[test]
    fn lines_are_broken_at_the_width_and_excerpts_stay_whole() {
        let mut out = Vec::new();
        {
            let mut screen = Screen::new(&mut out, PLAIN).wrapped(40);
            // A line comes in pieces, and a question has no end.
            for piece in
                ["error: something that is rather ", "long happened here\n", "12 | a: b # "]
            {
                screen.write_all(piece.as_bytes()).unwrap();
            }
            screen.write_all(b"and more than forty columns of it\nGo on? ").unwrap();
            screen.flush().unwrap();
        }
        let out = String::from_utf8(out).unwrap();
        let excerpt = "12 | a: b # and more than forty columns of it";
        assert_eq!(
            out,
            format!("error: something that is rather long\n    happened here\n{excerpt}\nGo on? ")
        );
    }

    const PLAIN: Written = Written::Lines { color: false };

    #[test]
    fn nothing_that_hides_is_left_in_lines() {
        for written in [PLAIN, Written::Lines { color: true }, Written::Commands] {
            let text = Filter::text(written, &format!("a{HIDING}b\nc"));
            assert!(!text.chars().any(|c| hides(c) && c != '\n'), "{text:?}");
            assert!(text.starts_with('a') && text.ends_with("b\nc"), "{text:?}");
        }
        let clean = line(&format!("a\nb\t{HIDING}"));
        assert!(!clean.chars().any(hides) && clean.starts_with("a b "), "{clean:?}");
    }

    #[test]
    fn colours_are_let_through_only_where_there_are_any() {
        let text = "\u{1b}[1m\u{1b}[38;5;9mred\u{1b}[0m \u{1b}[2J";
        let colour = Filter::text(Written::Lines { color: true }, text);
        assert_eq!(colour, "\u{1b}[1m\u{1b}[38;5;9mred\u{1b}[0m \u{fffd}[2J");
        assert!(!Filter::text(PLAIN, text).contains('\u{1b}'));
    }

    #[test]
    fn no_line_begins_as_a_command_of_githubs_runner() {
        for (text, is) in [
            ("::error::x", ": :error::x"),
            ("a\n  ::set-output name=x::y\n", "a\n  : :set-output name=x::y\n"),
            ("a ::b ##[error]c", "a ::b ## [error]c"),
            (":x::", ":x::"),
            ("### [a](b)", "### [a](b)"),
        ] {
            assert_eq!(Filter::text(PLAIN, text), is);
            // In pieces as in one.
            let mut filter = Filter::new(PLAIN);
            let pieces: String = text.chars().map(|c| filter.pass(&c.to_string())).collect();
            assert_eq!(pieces, is);
            let command = Filter::text(Written::Commands, text);
            assert_eq!(command, text.replace("##[", "## ["));
        }
    }

    #[test]
    fn json_says_the_same_without_what_hides() {
        let value = json!({ "a": HIDING, HIDING: ["ü ✓", "##[error]"] });
        let text = Filter::text(Written::Json, &serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|c| hides(c) && c != '\n'), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(text.contains("ü ✓") && !text.contains("##["), "{text}");
    }

    #[test]
    fn every_text_of_a_result_is_cleaned_wherever_it_stands() {
        for c in ('\0'..=char::MAX).filter(|c| hides(*c)) {
            let dirty = json!({ "list": [{ "name": format!("a{c}b"), format!("k{c}"): 1 }] });
            let clean = shown(&dirty);
            assert!(matches!(clean, Cow::Owned(_)), "{c:?} is not found");
            let clean = clean.into_owned();
            assert_eq!(clean["list"][0]["name"], line(&format!("a{c}b")));
            assert_eq!(clean["list"][0][line(&format!("k{c}"))], 1);
        }
        let well = json!({ "a": "quotes \" and \\n, ü ✓ 警報", "n": [1, null] });
        assert!(matches!(shown(&well), Cow::Borrowed(_)));
        let lines = json!({ "template": "a\nb\u{1b}" });
        assert_eq!(shown(&lines).into_owned(), json!({ "template": "a\nb\u{fffd}" }));
    }

    #[test]
    fn of_a_message_only_the_first_line_begins_at_the_margin() {
        assert_eq!(hung("a\n::error::b\r\n"), "a\n  ::error::b");
    }
}
