//! An alert that is about to be written, and the YAML of several.

use crate::blueprint::Risk;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The address in a blueprint of which nobody said who is told.
pub(super) const NOBODY: &str = "change-me@example.com";

/// Longest id, title and texts that are written, in characters; `validate` has the limits.
const ID_MAX_CHARS: usize = 31;
const TITLE_MAX_CHARS: usize = 200;
const WHY_MAX_CHARS: usize = 900;
/// A step of a chat message has at most 350.
///
/// Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
const NEXT_MAX_CHARS: usize = 340;

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Origin {
    /// The file, as the user named it; of a live rule its place.
    pub file: String,
    /// The line that it begins at, from 1; absent where the file has no lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What it is called there.
    pub rule: String,
    /// Its own id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who wrote it, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// One line of `events:`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventLine {
    /// `ec2:CreateRoute`, `iam:*`, `any`.
    Named(String),
    /// An event that the catalogue does not have.
    Unchecked { source: String, name: String },
    /// An event as this kind alone, which the catalogue does not have.
    Only { source: String, name: String, kind: &'static str },
    /// An event as this kind, too.
    Kind { name: String, kind: &'static str },
}

impl EventLine {
    fn value(&self) -> Value {
        match self {
            Self::Named(text) => json!(text),
            Self::Unchecked { source, name } => {
                json!({ "source": source, "name": name, "unchecked": true })
            }
            Self::Only { source, name, kind } => {
                json!({ "source": source, "name": name, "unchecked": true, "kind": kind })
            }
            Self::Kind { name, kind } => json!({ "name": name, "kind": kind }),
        }
    }
}

/// An alert that is about to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: String,
    pub title: String,
    pub risk: Risk,
    pub events: Vec<EventLine>,
    /// The value of `where:`.
    pub filter: Option<Value>,
    pub why: String,
    pub next: String,
    pub sources: Vec<String>,
    pub attack: Vec<String>,
    /// Destinations of its own; none where the route of its risk will do.
    pub notify: Vec<String>,
    pub from: Origin,
    pub notes: Vec<String>,
    /// Whether it hears less than its rule.
    pub partly: bool,
    /// The live rule whose events it takes over, where all of that is known.
    pub takes_over: Option<String>,
}

impl Draft {
    /// Adds what is to be told of it, once.
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn value(&self) -> Value {
        let mut alert = Map::new();
        let mut put = |key: &str, value: Value| alert.insert(key.to_owned(), value);
        put("id", json!(self.id));
        put("title", json!(line(&self.title, TITLE_MAX_CHARS)));
        put("risk", json!(self.risk.as_str()));
        put("events", self.events.iter().map(EventLine::value).collect());
        if let Some(filter) = &self.filter {
            put("where", filter.clone());
        }
        let texts = [("why", &self.why, WHY_MAX_CHARS), ("next", &self.next, NEXT_MAX_CHARS)];
        for (key, text, most) in texts.into_iter().filter(|(_, text, _)| !text.is_empty()) {
            put(key, json!(line(text, most)));
        }
        let lists =
            [("sources", &self.sources), ("attack", &self.attack), ("notify", &self.notify)];
        for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            put(key, json!(list));
        }
        Value::Object(alert)
    }

    /// What stands above the alert, as comments.
    fn heading(&self) -> Vec<String> {
        let from = &self.from;
        let line = from.line.map(|line| format!(":{line}")).unwrap_or_default();
        let id = from.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        let by = from.author.as_ref().map(|author| format!(", by {author}")).unwrap_or_default();
        let mut lines = vec![format!("From {}{line}: {}{id}{by}", from.file, from.rule)];
        if self.partly {
            lines
                .push("It comes over in part, since a note says what it does not hear.".to_owned());
        }
        lines.extend(self.notes.iter().map(|note| format!("Note: {}", sentence(note))));
        lines.iter().map(|text| self::line(text, usize::MAX)).collect()
    }
}

/// A text with its full stop, unless it ends a sentence already.
pub fn sentence(text: &str) -> String {
    match text.ends_with(['.', '?', '!', '…']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

/// A text on one line, cut at a word where it is too long.
pub(super) fn line(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text: String = words.join(" ").chars().filter(|one| !one.is_control()).collect();
    if text.chars().count() <= most {
        return text;
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches([',', ';', ':', ' ']))
}

/// An id made of a title: its words in small letters, as many as fit.
pub(super) fn id_of(title: &str) -> String {
    let small = title.to_ascii_lowercase();
    let words = small.split(|one: char| !one.is_ascii_alphanumeric());
    let mut id = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        let longer = id.len() + usize::from(!id.is_empty()) + word.len();
        if longer > ID_MAX_CHARS {
            break;
        }
        if !id.is_empty() {
            id.push('-');
        }
        id.push_str(word);
    }
    if id.is_empty() {
        id = small.chars().filter(char::is_ascii_alphanumeric).take(ID_MAX_CHARS).collect();
    }
    // Rules that forward events are called so.
    let reserved = id.strip_prefix("forward-").is_some_and(|rest| rest.parse::<u64>().is_ok());
    match id.as_str() {
        "" => "rule".to_owned(),
        _ if reserved => format!("rule-{id}"),
        _ => id,
    }
}

/// The id, with a number behind it where it is taken.
pub(super) fn free_id(id: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(id) {
        return id.to_owned();
    }
    let numbered = (2..).map(|number| {
        let end = format!("-{number}");
        let start: String = id.chars().take(ID_MAX_CHARS - end.len()).collect();
        format!("{}{end}", start.trim_end_matches('-'))
    });
    let mut free = numbered.filter(|id| !taken.contains(id));
    free.next().unwrap_or_else(|| id.to_owned())
}

/// The alerts as a YAML list, each line behind an indent.
pub(super) fn list(drafts: &[Draft], indent: &str) -> String {
    if drafts.is_empty() {
        return format!("{indent}[]\n");
    }
    let mut text = String::new();
    for draft in drafts {
        let comments = draft.heading().into_iter().map(|line| format!("# {line}"));
        // A mapping of texts, lists and numbers always has a YAML text.
        let yaml = serde_yaml::to_string(&[draft.value()]).unwrap_or_default();
        for line in comments.chain(yaml.lines().map(str::to_owned)) {
            text.push_str(if line.is_empty() { "" } else { indent });
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words_and_unique() {
        assert_eq!(id_of("AWS: A key was created, by root!"), "aws-a-key-was-created-by-root");
        assert_eq!(id_of("Forward 1"), "rule-forward-1");
        assert_eq!(id_of("ключ"), "rule");
        assert_eq!(id_of(&"x".repeat(40)), "x".repeat(31));
        let taken = BTreeSet::from(["a".to_owned(), "a-2".to_owned(), "x".repeat(31)]);
        assert_eq!(free_id("a", &taken), "a-3");
        assert_eq!(free_id(&"x".repeat(31), &taken), format!("{}-2", "x".repeat(29)));
    }

    #[test]
    fn a_sentence_ends_once() {
        assert_eq!(sentence("it is"), "it is.");
        assert_eq!(sentence("is it?"), "is it?");
        assert_eq!(sentence("no (did you mean `x`?)"), "no (did you mean `x`?).");
    }

    #[test]
    fn texts_are_cut_at_words() {
        assert_eq!(line("a\n  b\tc", 10), "a b c");
        assert_eq!(line("one two three", 9), "one two…");
    }
}
