//! Values: those of JSON, nothing, and functions.

use super::parse::Expr;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What an expression stands for.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// No value: a field that is not there.
    Nothing,
    Json(Json),
    Regex(regex::Regex),
    Function(Rc<Function>),
}

/// A function with the variables of the place where it was written.
#[derive(Debug)]
pub(super) struct Function {
    pub parameters: Vec<String>,
    pub body: Arc<Expr>,
    pub scope: Scope,
}

/// Variables, those of the blocks around included.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope(pub BTreeMap<String, Rc<Value>>);

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Json(Json::String(text.into()))
    }

    pub fn truth(truth: bool) -> Self {
        Self::Json(Json::Bool(truth))
    }

    /// A value as a condition.
    pub fn holds(&self) -> bool {
        match self {
            Self::Json(json) => holds(json),
            Self::Nothing | Self::Regex(_) | Self::Function(_) => false,
        }
    }

    /// The field of a name, as a path finds it; of a list, those of its elements. The list in the
    /// field of a single element stays a list.
    pub fn field(&self, name: &str) -> Self {
        let Self::Json(json) = self else { return Self::Nothing };
        let found = match json {
            Json::Array(items) => {
                let mut found: Vec<Json> =
                    items.iter().filter_map(|item| look_up(item, name)).collect();
                if found.len() == 1 { found.pop() } else { joined(found) }
            }
            _ => look_up(json, name),
        };
        found.map_or(Self::Nothing, Self::Json)
    }

    /// The field of a name, as `$lookup` finds it.
    pub fn looked_up(&self, name: &str) -> Self {
        let Self::Json(json) = self else { return Self::Nothing };
        look_up(json, name).map_or(Self::Nothing, Self::Json)
    }

    /// The value as text; nothing is empty text.
    pub fn to_text(&self) -> String {
        match self {
            Self::Json(Json::String(text)) => text.clone(),
            Self::Json(json) => written(json),
            Self::Nothing | Self::Regex(_) | Self::Function(_) => String::new(),
        }
    }
}

fn holds(json: &Json) -> bool {
    match json {
        Json::Null => false,
        Json::Bool(truth) => *truth,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => items.iter().any(holds),
        Json::Object(fields) => !fields.is_empty(),
    }
}

/// The field of an object; of a list, those of its elements.
fn look_up(json: &Json, name: &str) -> Option<Json> {
    match json {
        Json::Object(fields) => fields.get(name).cloned(),
        Json::Array(items) => joined(items.iter().filter_map(|item| look_up(item, name))),
        _ => None,
    }
}

/// Values and the elements of lists in one list, of which one alone is itself.
fn joined(values: impl IntoIterator<Item = Json>) -> Option<Json> {
    let mut all = Vec::new();
    for value in values {
        match value {
            Json::Array(items) => all.extend(items),
            item => all.push(item),
        }
    }
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(Json::Array(all)),
    }
}

/// JSON as JavaScript writes it.
fn written(json: &Json) -> String {
    match json {
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), number_text),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{}:{}", Json::String(name.clone()), written(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Json::Null | Json::Bool(_) | Json::String(_) => json.to_string(),
    }
}

/// A number with at most 15 significant digits, as JSONata writes it.
fn number_text(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    let size = rounded.abs();
    if rounded == 0.0 || (1e-6..1e21).contains(&size) {
        // Zero has no sign in JavaScript's text.
        return format!("{}", if rounded == 0.0 { 0.0 } else { rounded });
    }
    let text = format!("{rounded:e}");
    match text.split_once('e') {
        Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
        _ => text,
    }
}
