//! How records spell what a rule of Sigma writes in any case, and as what kind of value.
//!
//! Sigma compares texts without regard to case, and takes numbers and truth values for texts. What
//! stands in a record has one spelling where the catalogue or the model of records has it.

use super::super::asked::{Events, NAME, SOURCE};
use super::super::formula::by_letter;
use super::super::notes::Notes;
use super::super::wildcard::{Part, matcher_of};
use crate::catalogue;
use crate::record::request::{
    Confidence, Form, Found, Parameter, Payload, request_of, response_of,
};
use crate::record::{Holds, field_at};
use eventbridge_pattern::complexity::COMPLEXITY_MAX;
use eventbridge_pattern::{Excluded, Filter, Matcher, TextKind, TextTest};
use serde_json::{Number, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What is known of the values of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// Texts, of which these are known.
    Words(Vec<String>),
    Text,
    Number,
    Boolean,
    /// An object: it has no value of its own.
    Object,
    Unknown,
}

/// Spells the values of one rule.
#[derive(Debug)]
pub(super) struct Speller<'r> {
    /// The events that the rule may be about.
    pub events: &'r Events,
    /// The fields that one condition of the rule alone is about.
    pub alone: &'r BTreeSet<String>,
    /// Wildcards of the condition that is read whose case counts, though not for Sigma.
    pub lettered: Vec<TextTest>,
    pub notes: &'r mut Notes,
}

/// Names of events by their small letters.
fn names() -> &'static BTreeMap<String, BTreeSet<&'static str>> {
    static NAMES: OnceLock<BTreeMap<String, BTreeSet<&'static str>>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for event in catalogue::all() {
            names.entry(event.name.to_ascii_lowercase()).or_default().insert(event.name);
        }
        names
    })
}

/// The spellings of a name of an event; as it is written where none is known.
pub(super) fn event_names(text: &str) -> Vec<String> {
    match names().get(&text.to_ascii_lowercase()) {
        Some(known) => known.iter().map(|name| (*name).to_owned()).collect(),
        None => vec![text.to_owned()],
    }
}

impl Speller<'_> {
    /// The operators for a whole value, whatever its kind. Of what must not be there only one kind
    /// can be left out: `quoted` tells which where nothing is known.
    pub fn equal(&mut self, path: &str, text: &str, cased: bool, kind: Kind) -> Vec<Matcher> {
        match path {
            NAME if !cased => return event_names(text).iter().map(Matcher::exact).collect(),
            SOURCE if !cased => return vec![Matcher::exact(text.to_ascii_lowercase())],
            _ => {}
        }
        self.beyond(path, text, cased, kind.taken);
        let known = self.known(path);
        let other = of_other_kind(text);
        match (&known, other) {
            // Below these AWS's services write what they like: both are asked for.
            (Known::Boolean | Known::Number, Some(other)) if kind.taken && is_payload(path) => {
                return vec![Matcher::Exact(other), text_in_any_case(text, cased)];
            }
            (Known::Boolean | Known::Number, Some(other)) => return vec![Matcher::Exact(other)],
            (Known::Unknown, Some(other)) if kind.taken => {
                return vec![text_in_any_case(text, cased), Matcher::Exact(other)];
            }
            (Known::Unknown, Some(other)) => {
                let as_other = other.is_boolean() || !kind.quoted;
                self.notes.insert(format!(
                    "what is left out by `{path}` is `{text}` as {}",
                    if as_other { "a number or truth value, not as a text" } else { "a text" }
                ));
                return match as_other {
                    true => vec![Matcher::Exact(other)],
                    false => vec![text_in_any_case(text, cased)],
                };
            }
            _ => {}
        }
        if let (Known::Words(words), false) = (&known, cased) {
            let same = words.iter().filter(|word| word.eq_ignore_ascii_case(text));
            let same: Vec<Matcher> = same.map(Matcher::exact).collect();
            if !same.is_empty() {
                return same;
            }
            if !kind.taken && closed(path) {
                let near = catalogue::nearest(text, words.iter().map(String::as_str));
                let near = near.first().map(|word| format!("; did you mean `{word}`?"));
                self.notes.insert(format!(
                    "`{path}` is never `{text}`, so nothing is left out by it{}",
                    near.unwrap_or_default()
                ));
            }
        }
        vec![text_in_any_case(text, cased)]
    }

    /// Says that a text is compared letter by letter since EventBridge knows no cases of it.
    fn beyond(&mut self, path: &str, text: &str, cased: bool, taken: bool) {
        let has_case = text.chars().any(|one| one.is_lowercase() || one.is_uppercase());
        if cased || !is_beyond(text) || !has_case {
            return;
        }
        let note = format!(
            "`{path}` is compared letter by letter with `{text}`: EventBridge ignores no case in a \
             text with a character beyond U+FFFF"
        );
        match taken {
            true => self.notes.lacks(note),
            false => self.notes.insert(note),
        }
    }

    /// The operators for a text with stars.
    pub fn like(&mut self, path: &str, parts: &[Part], cased: bool) -> Vec<Matcher> {
        let matcher = matcher_of(parts);
        let free = |text: &str| cased || eventbridge_pattern::is_caseless(text);
        let (kind, text) = match &matcher {
            Matcher::Text(TextTest { kind, text }) if !free(text) => (*kind, text.clone()),
            _ => return vec![matcher],
        };
        if is_beyond(&text) {
            self.beyond(path, &text, cased, true);
            return vec![matcher];
        }
        let words: Vec<String> = match (path, self.known(path)) {
            (NAME, _) => names().values().flatten().map(|name| (*name).to_owned()).collect(),
            (SOURCE, _) => {
                let lower = TextTest { kind, text: text.to_ascii_lowercase() };
                return vec![Matcher::Text(lower)];
            }
            (_, Known::Words(words)) => words,
            _ => Vec::new(),
        };
        let ignoring = match kind {
            TextKind::Prefix => TextKind::PrefixIgnoreCase,
            TextKind::Suffix => TextKind::SuffixIgnoreCase,
            _ => TextKind::Wildcard,
        };
        let small = TextTest { kind, text: text.to_ascii_lowercase() };
        let meant = words.iter().filter(|word| small.passes(&word.to_ascii_lowercase()));
        let missed: Vec<&String> = meant.filter(|word| !kind.passes(&text, word)).collect();
        if words.is_empty() || missed.len() > MAX_MISSED {
            let test = TextTest { kind: ignoring, text };
            if ignoring == TextKind::Wildcard {
                self.lettered.push(test.clone());
            }
            return vec![Matcher::Text(test)];
        }
        // A name that AWS adds is spelled as those that are known.
        if path == NAME && !missed.is_empty() {
            match ignoring {
                TextKind::Wildcard => {
                    self.lettered.push(TextTest { kind: TextKind::Wildcard, text });
                }
                kind => return vec![Matcher::Text(TextTest { kind, text })],
            }
        }
        // The spelling is known: what is written otherwise is added.
        std::iter::once(matcher).chain(missed.into_iter().map(Matcher::exact)).collect()
    }

    /// Adds the usual spellings of texts whose case counts, as far as EventBridge takes so many
    /// wildcards, and says which others are not taken. Texts that must `all` be there get none: in
    /// whatever order, they are many enough.
    pub fn spell(&mut self, path: &str, list: &mut Vec<Matcher>, taken: bool, all: bool) {
        let lettered = std::mem::take(&mut self.lettered);
        if lettered.is_empty() {
            return;
        }
        let mut also: Vec<String> = Vec::new();
        let usual = lettered.iter().flat_map(|test| match path {
            NAME => of_names(&test.text),
            _ => spellings(&test.text).to_vec(),
        });
        for text in usual.filter(|_| !all && self.alone.contains(path)) {
            let kind = TextKind::Wildcard;
            let matcher = Matcher::Text(TextTest { kind, text: text.clone() });
            if list.contains(&matcher) {
                continue;
            }
            list.push(matcher);
            if complexity(path, list, taken) > COMPLEXITY_MAX {
                list.pop();
                continue;
            }
            also.push(format!("`{text}`"));
        }
        let wild = list.clone();
        list.retain(|one| match one {
            Matcher::Exact(name) if path == NAME => {
                !wild.iter().any(|other| other != one && other.accepts(name))
            }
            _ => true,
        });
        let also = match also.is_empty() {
            true => String::new(),
            false => format!(", and as {}", also.join(", ")),
        };
        let note = by_letter(path, &also);
        match taken {
            true => self.notes.lacks(note),
            false => {
                self.notes.insert(format!("{note}; what it does not leave out raises the alert"))
            }
        }
    }

    /// What stands in a field of the records of the rule's events.
    pub fn known(&self, path: &str) -> Known {
        if let Some(field) = field_at(path) {
            return match field.holds {
                Holds::Words(words) | Holds::OpenWords(words) => {
                    Known::Words(words.iter().map(|word| (*word).to_owned()).collect())
                }
                Holds::Text | Holds::Formats(_) | Holds::Time => Known::Text,
                Holds::Boolean => Known::Boolean,
                Holds::Number => Known::Number,
                Holds::Object | Holds::Nullable | Holds::List | Holds::Map => Known::Object,
            };
        }
        let mut found: Option<Known> = None;
        for payload in self.payloads(path) {
            let steps: Vec<&str> = path.split('.').skip(1).collect();
            let known = match payload.find(&steps) {
                Found::Parameter(parameter) => of_parameter(parameter),
                Found::Open => Known::Unknown,
                // What this event does not have says nothing of those that do.
                Found::Missing { .. } => continue,
            };
            found = Some(match found {
                None => known,
                Some(Known::Words(mut words)) => match known {
                    Known::Words(more) => {
                        words.extend(more);
                        Known::Words(words)
                    }
                    _ => Known::Unknown,
                },
                Some(before) if before == known => before,
                Some(_) => Known::Unknown,
            });
        }
        found.unwrap_or(Known::Unknown)
    }

    /// Whether the values of a field stand in a list, as far as is known.
    pub fn in_list(&self, path: &str) -> bool {
        let steps: Vec<&str> = path.split('.').skip(1).collect();
        let is_list = |payload: &Payload| {
            (1..=steps.len()).any(|end| {
                matches!(payload.find(&steps[..end]), Found::Parameter(p) if p.form == Form::List)
            })
        };
        steps.contains(&"items") || self.payloads(path).iter().any(is_list)
    }

    /// What the records of the events have at the beginning of a path.
    fn payloads(&self, path: &str) -> Vec<Payload> {
        let of = match path.split('.').next() {
            Some("requestParameters") => request_of,
            Some("responseElements") => response_of,
            _ => return Vec::new(),
        };
        let events = self.events.0.iter();
        let pairs = events.flat_map(|(source, names)| names.iter().map(move |name| (source, name)));
        let payloads = pairs.filter_map(|(source, name)| of(source, name));
        payloads.filter(|payload| payload.confidence == Confidence::High).collect()
    }
}

/// Other usual spellings of a text with stars: in small letters, with one capital, in capitals.
fn spellings(text: &str) -> [String; 3] {
    let small = text.to_ascii_lowercase();
    let mut first = small.clone();
    if let Some(at) = first.find(|one: char| one.is_ascii_alphabetic()) {
        first[at..=at].make_ascii_uppercase();
    }
    [small, first, text.to_ascii_uppercase()]
}

/// The spellings of a text with stars in the names of events that are known, the usual ones first.
fn of_names(text: &str) -> Vec<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for name in names().values().flatten() {
        if let Some(spelled) = spelled_as(text, name) {
            *times.entry(spelled).or_default() += 1;
        }
    }
    let mut all: Vec<(usize, String)> =
        times.into_iter().map(|(text, many)| (many, text)).collect();
    all.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    all.into_iter().map(|(_, text)| text).filter(|one| one != text).collect()
}

/// A text with stars with the letters that a name has in its place; none where it does not fit.
fn spelled_as(text: &str, name: &str) -> Option<String> {
    let (small, lower) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let parts: Vec<&str> = small.split('*').collect();
    let (mut at, mut spelled) = (0, Vec::new());
    for (number, part) in parts.iter().enumerate() {
        let rest = lower.get(at..)?;
        let found = match number {
            0 => rest.starts_with(part).then_some(0)?,
            _ if number + 1 == parts.len() => {
                rest.ends_with(part).then(|| rest.len() - part.len())?
            }
            _ => rest.find(part)?,
        };
        spelled.push(name.get(at + found..at + found + part.len())?);
        at += found + part.len();
    }
    Some(spelled.join("*"))
}

/// How complex EventBridge finds the wildcards of a condition.
fn complexity(path: &str, list: &[Matcher], taken: bool) -> usize {
    let matchers = match taken {
        true => list.to_vec(),
        false => {
            let text = |matcher: &Matcher| match matcher {
                Matcher::Text(TextTest { kind: TextKind::Wildcard, text }) => Some(text.clone()),
                _ => None,
            };
            let texts = list.iter().filter_map(text).collect();
            vec![Matcher::AnythingBut(Excluded::Texts { kind: TextKind::Wildcard, texts })]
        }
    };
    Filter::Field { path: path.to_owned(), matchers }.complexity()
}

/// Whether all words are known that a field of each record can hold.
fn closed(path: &str) -> bool {
    field_at(path).is_some_and(|field| matches!(field.holds, Holds::Words(_)))
}

fn is_payload(path: &str) -> bool {
    ["requestParameters.", "responseElements."].iter().any(|root| path.starts_with(root))
}

/// Most known spellings that are added to a text with stars.
const MAX_MISSED: usize = 12;

/// How a value is written, and whether it is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub quoted: bool,
    pub taken: bool,
}

fn of_parameter(parameter: &Parameter) -> Known {
    let form = match parameter.form {
        Form::List => parameter.element.unwrap_or(Form::Any),
        form => form,
    };
    match form {
        Form::Text if !parameter.values.is_empty() => Known::Words(parameter.values.clone()),
        Form::Text => Known::Text,
        Form::Number => Known::Number,
        Form::Boolean => Known::Boolean,
        Form::Object | Form::Map => Known::Object,
        Form::Time | Form::List | Form::Any => Known::Unknown,
    }
}

/// The number or truth value that a text is written like.
fn of_other_kind(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        number => {
            let number: Number = serde_json::from_str(number).ok()?;
            // What has another spelling as a number, such as an account's id with a zero, is none.
            (number.to_string() == text).then_some(Value::Number(number))
        }
    }
}

fn is_beyond(text: &str) -> bool {
    text.chars().any(|one| one > '\u{ffff}')
}

fn text_in_any_case(text: &str, cased: bool) -> Matcher {
    // A text with a character beyond this has no cases for EventBridge, and would take nothing.
    match cased || is_beyond(text) || eventbridge_pattern::is_caseless(text) {
        true => Matcher::exact(text),
        false => Matcher::Text(TextTest { kind: TextKind::IgnoreCase, text: text.to_owned() }),
    }
}
