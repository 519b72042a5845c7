//! A pattern as a list of clauses, one of which must hold: in each, every field has its values.

use super::super::tree::{Node, Value};
use eventbridge_pattern::{Excluded, Filter, Matcher};
use serde_json::{Value as Json, json};

/// Most clauses that are looked at; EventBridge takes no pattern with more.
const MAX_CLAUSES: usize = eventbridge_pattern::OR_COMBINATIONS_MAX;

/// Fields that must all hold, each with the node of its values.
#[derive(Debug, Clone, Default)]
pub(super) struct Clause<'n> {
    fields: Vec<(String, &'n Node)>,
}

/// The values of a field.
#[derive(Debug)]
pub(super) struct Choice<'n> {
    pub items: Vec<Item<'n>>,
    /// Whether some value is only known where the file is used.
    pub open: bool,
}

/// One value of a field.
#[derive(Debug)]
pub(super) struct Item<'n> {
    pub node: &'n Node,
    pub matcher: Matcher,
}

impl<'n> Clause<'n> {
    /// The clauses of a pattern.
    pub fn all(pattern: &'n Node) -> Vec<Self> {
        let mut clauses = vec![Self::default()];
        add(pattern, "", &mut clauses);
        clauses
    }

    /// Every field with the node of its values.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &'n Node)> {
        self.fields.iter().map(|(path, node)| (path.as_str(), *node))
    }

    /// The node of a field's values, as an address: clauses may share it.
    pub fn identity(&self, path: &str) -> Option<*const Node> {
        let field = self.fields.iter().find(|(own, _)| own == path);
        field.map(|(_, node)| std::ptr::from_ref(*node))
    }

    /// The values of a field; `None` when any will do.
    pub fn choice(&self, path: &str) -> Option<Choice<'n>> {
        let (_, node) = self.fields.iter().find(|(own, _)| own == path)?;
        let mut choice = Choice { items: Vec::new(), open: false };
        for node in node.each() {
            match matcher(node) {
                Some(matcher) => choice.items.push(Item { node, matcher }),
                None => choice.open = true,
            }
        }
        Some(choice)
    }
}

impl Choice<'_> {
    /// Whether it may take a text.
    pub fn takes(&self, text: &str) -> bool {
        self.open || self.items.iter().any(|item| item.takes(text))
    }
}

impl Item<'_> {
    pub fn takes(&self, text: &str) -> bool {
        self.matcher.accepts(&Json::from(text))
    }

    /// The one text that it takes.
    pub fn exact(&self) -> Option<&str> {
        match &self.matcher {
            Matcher::Exact(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it names what it takes, and does not leave out what it does not.
    pub fn is_positive(&self) -> bool {
        !matches!(
            self.matcher,
            Matcher::AnythingBut(Excluded::Values(_) | Excluded::Texts { .. }) | Matcher::Exists(_)
        )
    }
}

/// Whether any value will do, or one of these takes the text.
pub(super) fn may_take(choice: &Option<Choice<'_>>, text: &str) -> bool {
    choice.as_ref().is_none_or(|choice| choice.takes(text))
}

/// Adds the fields of an object to every clause.
fn add<'n>(node: &'n Node, prefix: &str, clauses: &mut Vec<Clause<'n>>) {
    for entry in node.entries() {
        let path = match prefix {
            "" => entry.key.clone(),
            prefix => format!("{prefix}.{}", entry.key),
        };
        match &entry.node.value {
            Value::List(alternatives) if entry.key == "$or" => {
                let mut all = Vec::new();
                for alternative in alternatives {
                    let mut branch = clauses.clone();
                    add(alternative, prefix, &mut branch);
                    all.append(&mut branch);
                }
                all.truncate(MAX_CLAUSES);
                *clauses = all;
            }
            Value::Map(_) => add(&entry.node, &path, clauses),
            _ => {
                for clause in clauses.iter_mut() {
                    clause.fields.push((path.clone(), &entry.node));
                }
            }
        }
    }
}

/// What a value of a pattern asks for; `None` when it cannot be told.
fn matcher(node: &Node) -> Option<Matcher> {
    if node.has_hole() {
        return None;
    }
    let value: Json = serde_json::from_str(&Node::to_json(node)).ok()?;
    match Filter::parse(&json!({ "x": [value] })).ok()? {
        Filter::Field { matchers, .. } => matchers.into_iter().next(),
        _ => None,
    }
}
