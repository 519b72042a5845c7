//! Names in text that is no data: queries, filters of logs, programs. Best effort: what is not
//! clearly the name of an event is passed over.

use super::find::full_source;
use super::name::Name;
use std::ops::Range;

/// How people call the field, in lowercase.
const FIELDS: [&str; 4] = ["eventname", "event.action", "event_name", "eventnames"];

/// How people call the field of the source, in lowercase.
const SOURCE_FIELDS: [&str; 3] = ["eventsource", "event.provider", "event_source"];

/// Words that stand where a name could, and are none.
const NO_NAMES: [&str; 9] =
    ["String", "None", "True", "False", "Null", "NULL", "Array", "Any", "Optional"];

/// An entry of a list of names: `CreateUser`, `iam:CreateUser`, `iam.amazonaws.com CreateUser`.
pub(super) fn entry(text: &str, span: &Range<usize>) -> Option<Name> {
    let text = text.trim();
    let (source, name) = match text.split_once(|c: char| c == ':' || c == ',' || c.is_whitespace())
    {
        Some((source, name)) => (Some(source.trim()), name.trim()),
        None => (None, text),
    };
    let well_formed =
        |source: &str| source.chars().all(|c| c.is_ascii_alphanumeric() || ".-*".contains(c));
    (is_name(name) && source.is_none_or(well_formed)).then(|| Name {
        text: name.to_owned(),
        source: source.map(full_source),
        at: span.clone(),
        any_case: false,
    })
}

/// Whether a text may be the name of an event, or a family of names.
pub(super) fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_*?.:-".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '*') && text.chars().all(inner)
}

/// The source that a text names, in full.
pub(super) fn source(text: &str) -> Option<String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    (!text.is_empty() && text.chars().all(inner)).then(|| full_source(text))
}

/// Every name that a text compares the field with.
pub(super) fn scan(text: &str) -> Vec<Name> {
    let lower = text.to_ascii_lowercase();
    let source = the_source(text, &lower);
    let mut names = Vec::new();
    for (at, field) in places(&lower, &FIELDS) {
        let mut cursor = Cursor { text, at: at + field.len() };
        let Some(bare) = cursor.comparison() else { continue };
        for (value, quoted) in cursor.values(bare) {
            let word = &text[value.clone()];
            if is_name(word) && (quoted || is_bare_name(word)) {
                let (text, source) = (word.to_owned(), source.clone());
                names.push(Name { text, source, at: value, any_case: false });
            }
        }
    }
    names.sort_by_key(|name| name.at.start);
    names.dedup_by_key(|name| name.at.start);
    names
}

/// A word that is a name and no constant, type or variable.
fn is_bare_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase() || c == '*')
        && word.chars().any(|c| c.is_ascii_lowercase())
        && !word.contains('.')
        && !NO_NAMES.contains(&word)
}

/// Where these fields stand as words of their own.
fn places<'f>(lower: &str, fields: &[&'f str]) -> Vec<(usize, &'f str)> {
    let mut all = Vec::new();
    for field in fields {
        for (at, _) in lower.match_indices(field) {
            let before = lower[..at].chars().next_back();
            let after = lower[at + field.len()..].chars().next();
            let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
            if !part(before) && !part(after) {
                all.push((at, *field));
            }
        }
    }
    all
}

/// The one source that every name of a text goes with; `None` when that is not certain.
fn the_source(text: &str, lower: &str) -> Option<String> {
    let [(at, field)] = places(lower, &SOURCE_FIELDS)[..] else { return None };
    let mut cursor = Cursor { text, at: at + field.len() };
    let bare = cursor.comparison()?;
    let values = cursor.values(bare);
    let [(value, _)] = values.as_slice() else { return None };
    let found = source(&text[value.clone()])?;
    let rest = text[value.end..].trim_start_matches(['"', '\'', '\\', ' ']);
    let depths = depths(lower);
    let closed = usize::from(rest.starts_with(')'));
    let own = depths.get(at)?.saturating_sub(closed);
    // An alternative beside the comparison may be of another source.
    let mut alternatives = lower.match_indices("||").chain(lower.match_indices(" or "));
    alternatives.all(|(at, _)| depths.get(at).is_some_and(|depth| *depth > own)).then_some(found)
}

/// How many brackets are open at each byte.
fn depths(text: &str) -> Vec<usize> {
    let mut depth = 0_usize;
    text.bytes()
        .map(|byte| {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth
        })
        .collect()
}

/// A place in a text.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, characters: &[char]) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(characters).len();
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.rest().get(..word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word));
        if found {
            self.at += word.len();
        }
        found
    }

    /// Passes over a comparison for equality; whether a bare word may follow. `None` for any other.
    fn comparison(&mut self) -> Option<bool> {
        self.skip(&['"', '\'', '\\', '`']);
        // `event.get("eventName", "")`
        if self.takes(",") {
            let end = self.rest().find(')')?;
            self.at += end;
        }
        self.skip(&[')', ']', ' ', '\t', '\n', '\r', '"']);
        for (word, bare) in [
            ("===", false),
            ("==", false),
            ("=~", false),
            ("=", true),
            (":", true),
            ("in~", false),
            ("in ", false),
            ("in(", false),
        ] {
            if self.takes(word) {
                if word.ends_with('(') {
                    self.at -= 1;
                }
                return Some(bare);
            }
        }
        None
    }

    /// The values that follow: one, or all of a list in brackets.
    fn values(&mut self, bare: bool) -> Vec<(Range<usize>, bool)> {
        const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];
        let mut values = Vec::new();
        let mut open = 0_usize;
        loop {
            self.skip(&BLANK);
            match self.rest().chars().next() {
                Some('(' | '[' | '{') if values.is_empty() || open > 0 => {
                    open += 1;
                    self.at += 1;
                    continue;
                }
                Some('"' | '\'' | '\\') => match self.quoted() {
                    Some(value) => values.push((value, true)),
                    None => break,
                },
                Some(c) if (bare || open > 0) && (c.is_ascii_alphanumeric() || c == '*') => {
                    values.push((self.word(), false));
                }
                _ => break,
            }
            if open == 0 {
                break;
            }
            self.skip(&BLANK);
            if !(self.takes(",") || self.takes("or ")) {
                break;
            }
        }
        values
    }

    /// A text in quotation marks, escaped or not.
    fn quoted(&mut self) -> Option<Range<usize>> {
        self.skip(&['\\']);
        let mark = self.rest().chars().next().filter(|c| ['"', '\''].contains(c))?;
        let start = self.at + 1;
        let length = self.text.get(start..)?.find([mark, '\\', '\n'])?;
        self.at = start + length;
        self.skip(&['\\']);
        self.at += 1;
        Some(start..start + length)
    }

    fn word(&mut self) -> Range<usize> {
        let inner = |c: char| c.is_ascii_alphanumeric() || "_*?.-".contains(c);
        let rest = self.rest();
        let length = rest.find(|c| !inner(c)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        start..start + length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Vec<(String, Option<String>)> {
        scan(text).into_iter().map(|name| (name.text, name.source)).collect()
    }

    #[test]
    fn names_are_told_from_queries_filters_and_programs() {
        let (kms, iam) = (Some("kms.amazonaws.com"), Some("iam.amazonaws.com"));
        for (text, wanted) in [
            (
                "{ ($.eventName = A1a) || ($.eventName = \"Bb\") }",
                &[("A1a", None), ("Bb", None)][..],
            ),
            (
                "{($.eventSource = kms.amazonaws.com) && (($.eventName=Cc)||($.eventName=Dd))}",
                &[("Cc", kms), ("Dd", kms)],
            ),
            (
                "{($.eventSource = kms.amazonaws.com) && ($.eventName=Cc) || ($.eventName=Dd)}",
                &[("Cc", None), ("Dd", None)],
            ),
            (
                "event.provider:\"iam.amazonaws.com\" and event.action:(\"Ee\" or \"Ff\")",
                &[("Ee", iam), ("Ff", iam)],
            ),
            ("event.action : Gg and event.outcome:success", &[("Gg", None)]),
            ("return event.get(\"eventName\") == \"Hh\"", &[("Hh", None)]),
            ("event.deep_get('eventName', '') in {'Ii', \"Jj\"}", &[("Ii", None), ("Jj", None)]),
            ("where eventname in ('Kk', 'Ll')", &[("Kk", None), ("Ll", None)]),
            ("detail: { eventName: ['Mm', 'Nn'] }", &[("Mm", None), ("Nn", None)]),
            ("\"eventName\": [\n  \"Oo\"\n]", &[("Oo", None)]),
            ("\\\"eventName\\\": [\\\"Pp\\\"]", &[("Pp", None)]),
            ("eventName: string; eventName = EVENT; myEventName = 'X'; eventName != 'Y'", &[]),
            ("the eventName of a record", &[]),
        ] {
            let wanted: Vec<(String, Option<String>)> = wanted
                .iter()
                .map(|(name, source)| ((*name).to_owned(), source.map(str::to_owned)))
                .collect();
            assert_eq!(scanned(text), wanted, "{text}");
        }
    }
}
