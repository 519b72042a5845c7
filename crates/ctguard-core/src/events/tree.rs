//! A file of any format as a tree of values with their places.

use super::read::FILLED_IN;
use serde_json::Value as Json;
use std::ops::Range;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Byte range in the file.
    pub span: Range<usize>,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// `null`, `true`, `false` or a number.
    Plain(Json),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// Only known where the file is used: a variable, a function, a parameter.
    Hole,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub node: Node,
}

impl Node {
    /// The entries of a map; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list, or the value itself.
    pub fn each(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// Whether something in it, a key among it, is only known where the file is used.
    pub fn has_hole(&self) -> bool {
        match &self.value {
            Value::Hole => true,
            Value::List(items) => items.iter().any(Self::has_hole),
            Value::Map(entries) => {
                let open = |key: &str| key.contains(FILLED_IN) || key.starts_with("Fn::");
                entries.iter().any(|entry| open(&entry.key) || entry.node.has_hole())
            }
            Value::Plain(_) | Value::Text(_) => false,
        }
    }

    /// The same map without some entries.
    pub fn without(&self, out: impl Fn(&Entry) -> bool) -> Self {
        let value = match &self.value {
            Value::Map(entries) => {
                Value::Map(entries.iter().filter(|entry| !out(entry)).cloned().collect())
            }
            other => other.clone(),
        };
        Self { span: self.span.clone(), value }
    }

    /// The value as JSON text, keys that stand twice included. A hole is a text that nobody writes,
    /// and a list of one where a field has its values.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, true);
        text
    }

    /// What `jsonencode` makes of it, where all of it is known.
    pub fn to_encoded(&self) -> Option<String> {
        let mut text = String::new();
        self.write(&mut text, false);
        (!self.has_hole()).then_some(text)
    }

    fn write(&self, out: &mut String, field: bool) {
        match &self.value {
            Value::Plain(value) => out.push_str(&value.to_string()),
            Value::Text(text) => out.push_str(&Json::from(text.as_str()).to_string()),
            Value::Hole if field => out.push_str("[\"\u{fffc}\"]"),
            Value::Hole => out.push_str("\"\u{fffc}\""),
            Value::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    item.write(out, false);
                }
                out.push(']');
            }
            Value::Map(entries) => {
                out.push('{');
                for (at, entry) in entries.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(&Json::from(entry.key.as_str()).to_string());
                    out.push(':');
                    entry.node.write(out, field);
                }
                out.push('}');
            }
        }
    }

    /// The dotted path of the innermost field of a pattern that holds this part of the file; a `$or`
    /// is no part of it, nor is an operator.
    pub fn path_of(&self, at: &Range<usize>) -> String {
        let holds = |node: &Node| node.span.start <= at.start && at.end <= node.span.end;
        let here = |entry: &&Entry| entry.key_span == *at || holds(&entry.node);
        let Some(entry) = self.entries().iter().find(here) else { return String::new() };
        let below = match &entry.node.value {
            Value::List(items) if entry.key == "$or" => {
                let one = items.iter().find(|item| holds(item));
                return one.map(|one| one.path_of(at)).unwrap_or_default();
            }
            _ => entry.node.path_of(at),
        };
        match below.as_str() {
            "" => entry.key.clone(),
            below => format!("{}.{below}", entry.key),
        }
    }

    /// The node at a dotted path, keys with dots included; inside a `$or` the first that has it.
    /// The path `$or` is the first of them, wherever it stands.
    pub fn at(&self, path: &str) -> Option<&Node> {
        if path.is_empty() {
            return Some(self);
        }
        self.entries().iter().find_map(|entry| {
            if entry.key == "$or" {
                return match path {
                    "$or" => Some(&entry.node),
                    path => entry.node.each().iter().find_map(|one| one.at(path)),
                };
            }
            if path == "$or" {
                return entry.node.at(path);
            }
            match path.strip_prefix(entry.key.as_str())? {
                "" => Some(&entry.node),
                rest => entry.node.at(rest.strip_prefix('.')?),
            }
        })
    }
}
