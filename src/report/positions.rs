//! Where alerts stand in the user's files, for what points at lines.

use ctguard_core::blueprint::{Blueprint, DestinationTopic};
use ctguard_core::diag::Span;
use ctguard_core::resource::names::Names;
use std::collections::BTreeMap;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// As the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Where each alert stands; everything else is the blueprint's first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions {
    file: String,
    alerts: BTreeMap<String, Position>,
    /// What belongs to a key of the blueprint, by the last part of its name: rules, topics, the
    /// trail and its bucket.
    things: BTreeMap<String, Position>,
    /// Where files that cannot be pointed into are included, by the name that spans use.
    included: BTreeMap<String, Position>,
}

impl Positions {
    /// Nothing is known but the file.
    pub fn unknown(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            alerts: BTreeMap::new(),
            things: BTreeMap::new(),
            included: BTreeMap::new(),
        }
    }

    /// The alerts of a blueprint. What a built-in blueprint brings stands where that is included.
    pub fn of(file: &str, blueprint: &Blueprint, included: &BTreeMap<String, Span>) -> Self {
        let included = included.iter().map(|(name, span)| (name.clone(), position(span)));
        let mut all = Self { included: included.collect(), ..Self::unknown(file) };
        let names = Names::new(&blueprint.name);
        for alert in &blueprint.alerts {
            if let Some(span) = &alert.span {
                let at = all.span(span);
                all.things.insert(names.rule(&alert.id, 0), at.clone());
                all.alerts.insert(alert.id.clone(), at);
            }
        }
        for destination in blueprint.destinations.values() {
            let Some(span) = &destination.span else { continue };
            let at = all.span(span);
            let name = match &destination.topic {
                DestinationTopic::Managed(topic) => names.topic(topic),
                DestinationTopic::Existing(arn) => last(arn).to_owned(),
            };
            all.things.insert(name, at);
        }
        if let Some(trail) = &blueprint.trail
            && let Some(span) = &trail.span
        {
            let at = all.span(span);
            all.things.insert(trail.name.clone(), at.clone());
            all.things.insert(trail.bucket.clone(), at);
        }
        all
    }

    /// The blueprint's file, as the user named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Where an alert stands, or the first line.
    pub fn alert(&self, id: Option<&str>) -> Position {
        id.and_then(|id| self.alerts.get(id)).cloned().unwrap_or_else(|| self.first())
    }

    /// Where that stands to which a thing belongs: a rule, a topic, a subscription, a trail, a bucket.
    pub fn thing(&self, object: &str) -> Option<Position> {
        let parts = object.split([' ', '→', '←', ',']).map(last);
        parts.filter(|part| !part.is_empty()).find_map(|part| self.things.get(part)).cloned()
    }

    /// Where a span stands for a reader who has only the user's own files.
    pub fn span(&self, span: &Span) -> Position {
        match self.included.get(&span.file) {
            Some(at) if is_builtin(&span.file) => at.clone(),
            None if is_builtin(&span.file) => self.first(),
            _ => position(span),
        }
    }

    fn first(&self) -> Position {
        Position { file: self.file.clone(), line: 1, column: 1 }
    }
}

/// The last part of an ARN, or of a name.
fn last(text: &str) -> &str {
    text.rsplit([':', '/']).next().unwrap_or(text)
}

fn position(span: &Span) -> Position {
    Position { file: span.file.clone(), line: span.line, column: span.column }
}

fn is_builtin(file: &str) -> bool {
    file.starts_with("builtin:")
}
