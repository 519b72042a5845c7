//! Reads typed values from a tree, and continues after a problem: the caller gets `None`, and the
//! diagnostic is in the list.

use super::keys::Keys;
use super::source::Source;
use super::yaml::{Entry, Node, Value};
use crate::catalogue::nearest;
use crate::codes;
use crate::diag::{Diagnostic, Span};
use std::ops::Range;

/// A value and its place, for what is checked later.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// Reads one file's tree.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    source: &'a Source<'a>,
    pub diagnostics: Vec<Diagnostic>,
}

/// A mapping whose keys have been checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct MappingFields<'n> {
    /// What it is: "an alert".
    what: &'static str,
    node: &'n Node,
}

impl<'n> MappingFields<'n> {
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.node.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub fn span(&self) -> &'n Range<usize> {
        &self.node.span
    }
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a Source<'a>) -> Self {
        Self { source, diagnostics: Vec::new() }
    }

    pub fn span(&self, range: &Range<usize>) -> Span {
        self.source.span(range)
    }

    pub fn push(&mut self, diagnostic: Diagnostic, range: &Range<usize>) {
        let span = self.span(range);
        self.diagnostics.push(diagnostic.at(Some(span)));
    }

    /// Reads a mapping, and reports keys that are not in `keys`.
    pub fn mapping<'n>(&mut self, node: &'n Node, keys: Keys) -> Option<MappingFields<'n>> {
        let (what, keys) = (keys.what(), keys.names());
        let Value::Mapping(entries) = &node.value else {
            self.wrong_type(node, what, "a mapping", &format!("its keys are {}", list(keys)));
            return None;
        };
        for Entry { key, key_span, .. } in entries {
            if keys.contains(&key.as_str()) {
                continue;
            }
            let help = match (instead(what, key), nearest(key, keys.iter().copied()).first()) {
                (Some(instead), _) => instead.to_owned(),
                (None, Some(meant)) => format!("did you mean `{meant}`?"),
                (None, None) => format!("the keys of {what} are {}", list(keys)),
            };
            let message = format!("`{key}` is not a key of {what}");
            self.push(Diagnostic::error(codes::UNKNOWN_KEY, message).help(help), key_span);
        }
        Some(MappingFields { what, node })
    }

    /// A key that must be there.
    pub fn required<'n>(
        &mut self,
        fields: &MappingFields<'n>,
        key: &str,
        help: &str,
    ) -> Option<&'n Node> {
        let node = fields.get(key);
        if node.is_none() {
            let message = format!("{} needs `{key}`", fields.what);
            self.push(
                Diagnostic::error(codes::MISSING_KEY, message)
                    .label(format!("`{key}` is missing here"))
                    .help(help),
                fields.span(),
            );
        }
        node
    }

    /// Text that is not empty, without the spaces around it.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match &node.value {
            Value::Text(text) if text.trim().is_empty() => {
                self.push(
                    Diagnostic::error(codes::EMPTY_VALUE, format!("`{what}` is empty"))
                        .help("write something, or remove the key"),
                    &node.span,
                );
                None
            }
            Value::Text(text) => {
                Some(Spanned { value: text.trim().to_owned(), span: self.span(&node.span) })
            }
            Value::Number(text, _) if is_account_id(text) => {
                self.account_id_number(text, node);
                None
            }
            Value::Bool(_) | Value::Number(..) => {
                let typed = self.source.text.get(node.span.clone()).unwrap_or_default().trim();
                match words(what) {
                    Some(words) => self.wrong_type(node, what, "a word", &format!("write {words}")),
                    None => {
                        let help = format!("put it into quotes: \"{typed}\"");
                        self.wrong_type(node, what, "text", &help);
                    }
                }
                None
            }
            Value::Null => {
                self.push(
                    Diagnostic::error(codes::EMPTY_VALUE, format!("`{what}` is empty"))
                        .help("write something, or remove the key"),
                    &node.span,
                );
                None
            }
            _ => {
                self.wrong_type(node, what, "text", "write one value");
                None
            }
        }
    }

    pub fn optional_text(
        &mut self,
        fields: &MappingFields<'_>,
        key: &str,
    ) -> Option<Spanned<String>> {
        fields.get(key).and_then(|node| self.text(node, key))
    }

    pub fn boolean(&mut self, fields: &MappingFields<'_>, key: &str) -> Option<Spanned<bool>> {
        let node = fields.get(key)?;
        match node.value {
            Value::Bool(value) => Some(Spanned { value, span: self.span(&node.span) }),
            _ => {
                self.wrong_type(node, key, "`true` or `false`", "write one of the two, unquoted");
                None
            }
        }
    }

    pub fn integer(&mut self, node: &Node, what: &str) -> Option<Spanned<u64>> {
        if let Value::Number(_, Some(number)) = &node.value
            && let Some(value) = number.as_u64()
        {
            return Some(Spanned { value, span: self.span(&node.span) });
        }
        self.wrong_type(node, what, "a whole number", "write it in digits, unquoted");
        None
    }

    pub fn sequence<'n>(&mut self, node: &'n Node, what: &str, help: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::Sequence(items) => Some(items),
            Value::Text(text) if text.starts_with('-') && text.len() > 1 => {
                let first = text.split_whitespace().next().unwrap_or_default();
                let help = format!("write a space after the dash: `- {}`", &first[1..]);
                self.wrong_type(node, what, "a list", &help);
                None
            }
            _ => {
                self.wrong_type(node, what, "a list", help);
                None
            }
        }
    }

    /// A list of texts; `None` when the key is absent or no list.
    pub fn texts(&mut self, fields: &MappingFields<'_>, key: &str) -> Option<Vec<Spanned<String>>> {
        let node = fields.get(key)?;
        let items = self.sequence(node, key, &format!("write `{key}: [...]`"))?;
        Some(items.iter().filter_map(|item| self.text(item, key)).collect())
    }

    pub fn wrong_type(&mut self, node: &Node, what: &str, expected: &str, help: &str) {
        let found = match &node.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(..) => "a number",
            Value::Text(_) => "text",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        };
        let named = if what.contains(' ') { what.to_owned() } else { format!("`{what}`") };
        self.push(
            Diagnostic::error(codes::WRONG_TYPE, format!("{named} must be {expected}"))
                .label(format!("this is {found}"))
                .help(help),
            &node.span,
        );
    }

    pub fn account_id_number(&mut self, text: &str, node: &Node) {
        self.push(
            Diagnostic::error(
                codes::ACCOUNT_ID_NUMBER,
                format!("the account id {text} is written as a number"),
            )
            .label("a number")
            .help(format!("put it into quotes: \"{text}\"")),
            &node.span,
        );
    }

    /// Reports every account id below `node` that YAML reads as a number.
    pub fn refuse_account_id_numbers(&mut self, node: &Node) {
        match &node.value {
            Value::Number(text, _) if is_account_id(text) => self.account_id_number(text, node),
            Value::Sequence(items) => {
                items.iter().for_each(|item| self.refuse_account_id_numbers(item));
            }
            Value::Mapping(entries) => {
                entries.iter().for_each(|entry| self.refuse_account_id_numbers(&entry.node));
            }
            _ => {}
        }
    }
}

/// What to write in place of a key that other tools have, or that AWS has and ctguard does not.
fn instead(what: &str, key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    Some(match (what, key.as_str()) {
        ("a subscriber", "sms" | "phone" | "text" | "mobile") => {
            "text messages to phones are not supported: AWS may leave them out without a word when \
             the month's spending is reached; write `email`, or `chat`"
        }
        ("a subscriber", "http") => {
            "a topic sends alerts over TLS alone: write `https: https://...`"
        }
        ("a subscriber", "mail" | "address" | "e-mail" | "email-json") => {
            "write `email: ADDRESS`; for the alert as JSON, `format: json` in the destination"
        }
        ("a subscriber", "slack" | "teams" | "chime" | "chatbot") => {
            "write `chat: ARN`, of a chat configuration of Amazon Q Developer in chat applications"
        }
        ("a subscriber", "webhook" | "url" | "endpoint") => "write `https: https://...`",
        ("a subscriber", "queue") => "write `sqs: ARN`",
        ("a subscriber", "function") => "write `lambda: ARN`",
        ("a subscriber", "firehose" | "kinesis" | "application" | "push") => {
            "it is not supported: write `sqs: ARN` or `lambda: ARN`, and hand the alert on from there"
        }
        ("an include", "file" | "files" | "from" | "source") => "write `path: ./file.yaml`",
        ("an include", "blueprint" | "name" | "id" | "built-in" | "built_in") => {
            "write `builtin: account-security`, or `path: ./file.yaml`"
        }
        ("an alert", "severity" | "priority" | "level") => "write `risk: high`",
        ("an alert", "name") => "write `id`, a short name, and `title`, a line of text",
        ("an alert", "description") => "write `why`, why it matters, and `next`, what to do next",
        ("an alert", "condition" | "conditions" | "filter" | "when") => {
            "write `where: { userIdentity.type: [Root] }`"
        }
        _ => return None,
    })
}

/// The words that a key takes, where it takes no others.
fn words(key: &str) -> Option<&'static str> {
    Some(match key {
        "risk" => "`critical`, `high`, `medium` or `low`",
        "format" => "`mail`, `text`, `chat`, `json` or `raw`",
        "outcome" => "`any`, `success` or `failure`",
        "expect" => "`match` or `ignore`",
        "access" => "`write` or `all`",
        "records" => "`all` or `write`",
        _ => return None,
    })
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `a`, `b` and `c`, each in backquotes.
pub(super) fn list<T: AsRef<str>>(words: &[T]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
