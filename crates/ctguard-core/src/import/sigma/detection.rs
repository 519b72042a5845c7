//! A detection and its condition as one formula.

use super::super::asked::{Events, NAME, SOURCE, events_of};
use super::super::formula::Formula;
use super::super::notes::Notes;
use super::condition::{self, Expression};
use super::spelling::{Speller, event_names};
use super::value;
use crate::events::tree::{Entry, Node, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the detection of a rule.
///
/// # Errors
/// With the reason, when EventBridge cannot decide it.
pub(super) fn formula(rule: &Node, notes: &mut Notes) -> Result<Formula, String> {
    let parts = rule.get("detection").map(Node::entries).unwrap_or_default();
    if parts.iter().any(|part| part.key == "timeframe") {
        return Err(
            "it looks at the events of a span of time, and a rule of EventBridge sees one event"
                .to_owned(),
        );
    }
    let conditions: Vec<String> = parts
        .iter()
        .filter(|part| part.key == "condition")
        .flat_map(|part| part.node.each())
        .map(|node| node.text().map(str::to_owned).unwrap_or_default())
        .collect();
    if conditions.is_empty() {
        return Err("it has no `condition`".to_owned());
    }
    let parts: Vec<&Entry> = parts.iter().filter(|part| part.key != "condition").collect();
    let events = events(&parts);
    let alone = alone(&parts);
    let speller = Speller { events: &events, alone: &alone, lettered: Vec::new(), notes };
    let mut reader = Reader { parts, speller };
    let mut all = Vec::new();
    for condition in &conditions {
        all.push(reader.expression(&condition::read(condition)?, true)?);
    }
    Ok(Formula::Any(all))
}

/// The events that the names of a detection stand for, wherever they are written.
fn events(parts: &[&Entry]) -> Events {
    let (mut sources, mut names) = (BTreeSet::new(), BTreeSet::new());
    for part in parts {
        collect(&part.node, &mut sources, &mut names);
    }
    events_of(&sources, &names)
}

/// The fields that one condition alone is about.
fn alone(parts: &[&Entry]) -> BTreeSet<String> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let mut nodes: Vec<&Node> = parts.iter().map(|part| &part.node).collect();
    while let Some(node) = nodes.pop() {
        match &node.value {
            Value::List(items) => nodes.extend(items),
            Value::Map(entries) => {
                for entry in entries {
                    let path = entry.key.split('|').next().unwrap_or_default();
                    *times.entry(path).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    times.into_iter().filter(|(_, times)| *times == 1).map(|(path, _)| path.to_owned()).collect()
}

fn collect(node: &Node, sources: &mut BTreeSet<String>, names: &mut BTreeSet<String>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| collect(item, sources, names)),
        Value::Map(entries) => {
            for Entry { key, node, .. } in entries {
                let texts = node.each().iter().filter_map(Node::text);
                match key.split('|').next() {
                    Some(SOURCE) => sources.extend(texts.map(str::to_ascii_lowercase)),
                    Some(NAME) => names.extend(texts.flat_map(event_names)),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

struct Reader<'r> {
    parts: Vec<&'r Entry>,
    speller: Speller<'r>,
}

impl<'r> Reader<'r> {
    /// The formula of an expression, or of its opposite.
    fn expression(&mut self, expression: &Expression, taken: bool) -> Result<Formula, String> {
        let (parts, all) = match expression {
            Expression::Not(inner) => return self.expression(inner, !taken),
            Expression::Named(name) => {
                let found = self.parts.iter().find(|part| part.key == *name).copied();
                let part = found.ok_or_else(|| {
                    format!("its condition names `{name}`, which the detection does not have")
                })?;
                return self.selection(&part.node, taken);
            }
            Expression::Of { all, pattern } => {
                let mut formulas = Vec::new();
                for part in self.chosen(pattern.as_deref())? {
                    formulas.push(self.selection(&part.node, taken)?);
                }
                (formulas, *all)
            }
            Expression::And(inner) | Expression::Or(inner) => {
                let mut formulas = Vec::new();
                for one in inner {
                    formulas.push(self.expression(one, taken)?);
                }
                (formulas, matches!(expression, Expression::And(_)))
            }
        };
        // The opposite of "all" is "any" of the opposites.
        Ok(if all == taken { Formula::All(parts) } else { Formula::Any(parts) })
    }

    /// The parts with such names; those that begin with `_` only where the pattern does.
    fn chosen(&self, pattern: Option<&str>) -> Result<Vec<&'r Entry>, String> {
        let fits = |name: &str| match pattern {
            None => !name.starts_with('_'),
            Some(pattern) => {
                crate::events::glob_matches(pattern, name)
                    && (!name.starts_with('_') || pattern.starts_with('_'))
            }
        };
        let chosen: Vec<&'r Entry> =
            self.parts.iter().filter(|part| fits(&part.key)).copied().collect();
        match chosen.is_empty() {
            true => Err(format!(
                "its condition names `{}`, and no part of the detection is called so",
                pattern.unwrap_or("them")
            )),
            false => Ok(chosen),
        }
    }

    /// A map of conditions that must all hold, or a list of such maps of which one must.
    fn selection(&mut self, node: &Node, taken: bool) -> Result<Formula, String> {
        match &node.value {
            Value::Map(entries) if !entries.is_empty() => {
                let mut seen = BTreeSet::new();
                let mut all = Vec::new();
                for entry in entries {
                    if !seen.insert(&entry.key) {
                        return Err(format!("`{}` stands twice in one map", entry.key));
                    }
                    all.push(value::condition(entry, taken, &mut self.speller)?);
                }
                Ok(if taken { Formula::All(all) } else { Formula::Any(all) })
            }
            Value::List(items) if !items.is_empty() => {
                let mut all = Vec::new();
                for item in items {
                    all.push(self.selection(item, taken)?);
                }
                Ok(if taken { Formula::Any(all) } else { Formula::All(all) })
            }
            Value::Text(_) | Value::Plain(_) => Err(
                "it looks for keywords in the whole record, and EventBridge compares single fields"
                    .to_owned(),
            ),
            _ => Err("a part of its detection is empty, or cannot be read".to_owned()),
        }
    }
}
