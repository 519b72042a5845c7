//! The user's AWS files, read as the AWS CLI reads them.
//!
//! The CLI reads them with Python's `configparser`, which differs from the SDK's reader: `:` parts
//! a key from its value as well as `=`, keys may be indented and are lower-cased, `#` inside of a
//! line belongs to the value, what is indented deeper goes on with the value before it, the
//! section `[DEFAULT]` holds for all, and what stands twice is an error. Two readers of one file
//! would find two sets of keys.
//!
//! Sources: Python's `configparser.RawConfigParser`; botocore's `configloader.py`.

use std::collections::BTreeMap;

/// The values of a section by key, in lower case.
pub(super) type Section = BTreeMap<String, String>;

/// The section whose values hold for every section.
const FOR_ALL: &str = "DEFAULT";

/// The profile that needs no `profile` before its name.
const DEFAULT: &str = "default";

/// The config file.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) profiles: BTreeMap<String, Section>,
    pub(super) sessions: BTreeMap<String, Section>,
    pub(super) services: BTreeMap<String, Section>,
}

impl Config {
    /// Sorts the sections of a config file by what they are.
    pub(super) fn of(sections: Vec<(String, Section)>) -> Self {
        let mut config = Self::default();
        for (title, section) in sections {
            let all = match &title {
                title if title.starts_with("profile") => &mut config.profiles,
                title if title.starts_with("sso-session") => &mut config.sessions,
                title if title.starts_with("services") => &mut config.services,
                title => {
                    // Of this one and `[profile default]` the later one counts.
                    if title == DEFAULT {
                        config.profiles.insert(title.clone(), section);
                    }
                    continue;
                }
            };
            if let Some([_, name]) = words(&title).as_deref() {
                all.insert(name.clone(), section);
            }
        }
        config
    }
}

/// The value below a key that has further keys below it, such as `addressing_style` below `s3`.
pub(super) fn nested<'a>(value: &'a str, key: &str) -> Option<&'a str> {
    let lines = value.strip_prefix('\n')?.lines();
    let mut pairs = lines.filter_map(|line| line.split_once('='));
    // The last one counts.
    let found = pairs.rfind(|(name, _)| name.trim() == key);
    found.map(|(_, value)| value.trim())
}

/// A section while it is read.
#[derive(Debug)]
struct Open {
    title: String,
    values: Vec<(String, String)>,
}

/// Reads a file. Sections are in its order, and none is there twice.
///
/// # Errors
///
/// The line, and what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<(String, Section)>, String> {
    if text.starts_with('\u{feff}') {
        return Err("it begins with a byte order mark; save it as UTF-8 without one".to_owned());
    }
    let mut sections: Vec<Open> = Vec::new();
    // The section and key that a deeper line would go on with, and how deep a line is.
    let (mut open, mut goes_on, mut depth) = (None, false, 0);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for (line, number) in text.split('\n').zip(1..) {
        let failed = |what: &str| Err(format!("line {number} {what}"));
        let value = line.trim();
        if value.starts_with(['#', ';']) {
            continue;
        }
        let last = open.and_then(|at: usize| sections.get_mut(at));
        let last = last.and_then(|section| section.values.last_mut()).filter(|_| goes_on);
        if value.is_empty() {
            if let Some((_, text)) = last {
                text.push('\n');
            }
            continue;
        }
        let deep = line.chars().take_while(|c| c.is_whitespace()).count();
        if deep > depth
            && let Some((_, text)) = last
        {
            text.push('\n');
            text.push_str(value);
            continue;
        }
        depth = deep;
        if let Some(title) = title(value) {
            let known = sections.iter().position(|section| section.title == title);
            if known.is_some() && title != FOR_ALL {
                return failed(&format!("begins a section `[{title}]` for the second time"));
            }
            open = Some(known.unwrap_or(sections.len()));
            if known.is_none() {
                sections.push(Open { title: title.to_owned(), values: Vec::new() });
            }
            goes_on = false;
            continue;
        }
        let Some(section) = open.and_then(|at| sections.get_mut(at)) else {
            return failed("stands before the first section, such as `[default]`");
        };
        // The line may hold a secret: no text of an error has it.
        let Some((key, value)) = value.split_once(['=', ':']) else {
            return failed("is neither a section nor `key = value`");
        };
        let key = key.trim_end().to_lowercase();
        if key.is_empty() {
            return failed("has no key before its value");
        }
        if section.values.iter().any(|(known, _)| *known == key) {
            return failed(&format!("has the key `{key}` of `[{}]` a second time", section.title));
        }
        section.values.push((key, value.trim().to_owned()));
        goes_on = true;
    }
    finished(sections)
}

/// The title of a section, if a line begins one.
fn title(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('[')?;
    rest.rfind(']').map(|end| &rest[..end]).filter(|title| !title.is_empty())
}

/// Puts the values that hold for all below those of each section, and looks at nested ones.
fn finished(sections: Vec<Open>) -> Result<Vec<(String, Section)>, String> {
    let shared = |section: &&Open| section.title == FOR_ALL;
    let for_all: Vec<(String, String)> =
        sections.iter().filter(shared).flat_map(|section| section.values.clone()).collect();
    let own = sections.into_iter().filter(|section| section.title != FOR_ALL);
    own.map(|Open { title, values }| {
        let all = for_all.iter().cloned().chain(values);
        let section: Section = all.map(|(key, value)| (key, value.trim_end().to_owned())).collect();
        let lost = section.iter().find(|(_, value)| {
            let mut lines = value.strip_prefix('\n').unwrap_or_default().lines();
            lines.any(|line| !line.trim().is_empty() && !line.contains('='))
        });
        match lost {
            Some((key, _)) => {
                Err(format!("what stands below `{key}` in `[{title}]` is not `key = value`"))
            }
            None => Ok((title, section)),
        }
    })
    .collect()
}

/// The words of a section's title, as a shell reads them; `None` when a quote is not closed.
///
/// Source: Python's `shlex.split`.
fn words(title: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = title.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some('"'), '\\') => {
                let next = chars.next_if(|next| ['"', '\\'].contains(next));
                word.get_or_insert_default().push(next.unwrap_or('\\'));
            }
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests;
