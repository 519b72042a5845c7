//! Renders a target's input as EventBridge does, and finds what it would refuse.
//!
//! - In a JSON template, a bare variable stands for its value, quotes added to strings; a variable
//!   in quotes for its text. Neither is escaped.
//! - A text template is one quoted string per line. The message is these lines, quotes included.
//! - A missing path becomes empty text.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>

use super::TransformError;
use super::path::{self, PATH_MAX_CHARS};
use crate::resource::rule::{INPUT_PATHS_MAX, INPUT_TEMPLATE_MAX_CHARS, Input, InputTransformer};
use crate::scope::Arn;
use serde_json::Value;
use std::borrow::Cow;

/// Variables that EventBridge defines.
const RESERVED: [&str; 5] = [
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
];

/// Those of them that are objects, and so cannot stand inside quotes.
const RESERVED_OBJECTS: [&str; 2] = ["aws.events.event", "aws.events.event.json"];

/// Renders what a target with this input receives for an event, as EventBridge does it.
///
/// The time of ingestion is taken from the event, which EventBridge receives soon after.
///
/// # Errors
/// `INVALID_JSON` when the result is not the JSON that the template promised: then EventBridge
/// delivers nothing. Also what [`validate`] finds.
pub fn transform(input: &Input, rule_arn: &str, event: &Value) -> Result<String, TransformError> {
    validate(input)?;
    match input {
        Input::Event => Ok(event.to_string()),
        Input::Constant(text) => Ok(text.clone()),
        Input::Path(path) => path::find(event, path)
            .map(|value| value.to_string())
            .ok_or_else(|| TransformError(format!("nothing stands at `{path}` in the event"))),
        Input::Transformer(transformer) => {
            let value_of = |name: &str| value(transformer, name, rule_arn, event);
            let text = render(&transformer.template, |name, place| {
                inserted(value_of(name).as_deref(), place)
            });
            if is_text(&transformer.template) {
                return Ok(text);
            }
            match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
                Ok(_) => Ok(text),
                Err(error) => Err(TransformError(format!("INVALID_JSON: {error}"))),
            }
        }
    }
}

/// Checks an input as far as possible without an event.
///
/// # Errors
/// When EventBridge would refuse it, or could never deliver the result.
pub fn validate(input: &Input) -> Result<(), TransformError> {
    match input {
        Input::Event => Ok(()),
        Input::Path(path) => check_path(path),
        Input::Constant(text) => {
            check_length("input", text)?;
            match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Ok(()),
                Err(error) => Err(TransformError(format!("the input is not JSON: {error}"))),
            }
        }
        Input::Transformer(transformer) => check_transformer(transformer),
    }
}

fn check_length(what: &str, text: &str) -> Result<(), TransformError> {
    let chars = text.chars().count();
    if chars == 0 {
        return Err(TransformError(format!("the {what} is empty")));
    }
    if chars > INPUT_TEMPLATE_MAX_CHARS {
        return Err(TransformError(format!(
            "the {what} has {chars} characters, {} more than {INPUT_TEMPLATE_MAX_CHARS}",
            chars - INPUT_TEMPLATE_MAX_CHARS
        )));
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), TransformError> {
    if path.chars().count() > PATH_MAX_CHARS {
        return Err(TransformError(format!("a path has more than {PATH_MAX_CHARS} characters")));
    }
    match path::steps(path) {
        Some(_) => Ok(()),
        None => Err(TransformError(format!("`{path}` is not a JSON path in dot notation"))),
    }
}

fn check_transformer(transformer: &InputTransformer) -> Result<(), TransformError> {
    let InputTransformer { paths, template } = transformer;
    check_length("template", template)?;
    if paths.len() > INPUT_PATHS_MAX {
        return Err(TransformError(format!(
            "the template has {} variables, {} more than {INPUT_PATHS_MAX}",
            paths.len(),
            paths.len() - INPUT_PATHS_MAX
        )));
    }
    for (name, path) in paths {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(plain) || name.to_lowercase().starts_with("aws") {
            return Err(TransformError(format!("`{name}` cannot be the name of a variable")));
        }
        check_path(path)?;
    }
    let mut problem = None;
    let sample = render(template, |name, place| {
        if !paths.contains_key(name) && !RESERVED.contains(&name) {
            problem.get_or_insert(format!("the variable `{name}` is not defined"));
        } else if RESERVED_OBJECTS.contains(&name) && place == Place::InQuotes {
            problem.get_or_insert(format!("`{name}` cannot stand inside quotes"));
        }
        // A placeholder for a variable as a value; as a key it is an error below.
        Cow::Borrowed(if place == Place::InQuotes { "x" } else { "0" })
    });
    if let Some(problem) = problem {
        return Err(TransformError(problem));
    }
    if is_text(template) {
        for line in sample.lines().filter(|line| !line.trim().is_empty()) {
            if serde_json::from_str::<String>(line).is_err() {
                return Err(TransformError(format!(
                    "every line of a text must be one quoted string, and this is not: {line}"
                )));
            }
        }
        return Ok(());
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(&sample) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(TransformError(format!("the template is neither quoted lines nor JSON: {error}")))
        }
    }
}

/// Whether a template is text in quoted lines; otherwise it is JSON.
fn is_text(template: &str) -> bool {
    template.trim_start().starts_with('"')
}

/// Where a variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    InQuotes,
    Bare,
}

/// Replaces every `<variable>`.
fn render<'v>(template: &str, mut value: impl FnMut(&str, Place) -> Cow<'v, str>) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut place = Place::Bare;
    let mut rest = template;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        match character {
            '<' => {
                if let Some((name, after)) = after.split_once('>') {
                    text.push_str(&value(name, place));
                    rest = after;
                    continue;
                }
            }
            '\\' if place == Place::InQuotes => {
                let escaped: String = rest.chars().take(2).collect();
                text.push_str(&escaped);
                rest = &rest[escaped.len()..];
                continue;
            }
            '"' => {
                place = if place == Place::Bare { Place::InQuotes } else { Place::Bare };
            }
            _ => {}
        }
        text.push(character);
        rest = after;
    }
    text
}

fn value<'e>(
    transformer: &InputTransformer,
    name: &str,
    rule_arn: &str,
    event: &'e Value,
) -> Option<Cow<'e, Value>> {
    if let Some(path) = transformer.paths.get(name) {
        return path::find(event, path).map(Cow::Owned);
    }
    match name {
        "aws.events.rule-arn" => Some(Cow::Owned(rule_arn.into())),
        "aws.events.rule-name" => Some(Cow::Owned(rule_name(rule_arn).into())),
        "aws.events.event.ingestion-time" => event.get("time").map(Cow::Borrowed),
        "aws.events.event.json" => Some(Cow::Borrowed(event)),
        "aws.events.event" => {
            let mut envelope = event.clone();
            if let Value::Object(envelope) = &mut envelope {
                envelope.shift_remove("detail");
            }
            Some(Cow::Owned(envelope))
        }
        _ => None,
    }
}

/// The name in a rule's ARN: `rule/NAME`, or `rule/BUS/NAME` on a custom bus.
fn rule_name(arn: &str) -> &str {
    let resource = Arn::parse(arn).map_or(arn, |arn| arn.resource);
    resource.rsplit('/').next().unwrap_or(resource)
}

/// A value as it is inserted: never escaped, and empty when missing.
fn inserted(value: Option<&Value>, place: Place) -> Cow<'static, str> {
    Cow::Owned(match (value, place) {
        (None, _) => String::new(),
        (Some(Value::String(text)), Place::InQuotes) => text.clone(),
        (Some(Value::String(text)), Place::Bare) => format!("\"{text}\""),
        // An object inside a string loses its quotes, so that the string stays one.
        (Some(value @ (Value::Object(_) | Value::Array(_))), Place::InQuotes) => {
            value.to_string().replace('"', "")
        }
        (Some(value), _) => value.to_string(),
    })
}
