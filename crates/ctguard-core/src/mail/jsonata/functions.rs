//! The functions of JSONata that mails need.
//!
//! Sources: <https://docs.jsonata.org/2.0.0/string-functions>,
//! <https://docs.jsonata.org/2.0.0/higher-order-functions>,
//! <https://docs.jsonata.org/2.0.0/date-time-functions>

use super::eval::apply;
use super::value::{Function, Value};
use super::{JsonataError, error};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::rc::Rc;

/// What a function is called with.
pub(super) struct Arguments(pub Vec<Value>);

impl Arguments {
    /// Takes the argument at a place.
    fn take(&mut self, at: usize) -> Value {
        self.0.get_mut(at).map_or(Value::Nothing, |value| std::mem::replace(value, Value::Nothing))
    }

    /// A text; absent where there is nothing.
    fn text(&mut self, at: usize) -> Result<Option<String>, JsonataError> {
        match self.take(at) {
            Value::Json(Json::String(text)) => Ok(Some(text)),
            Value::Nothing => Ok(None),
            _ => error(format!("argument {} is no text", at + 1)),
        }
    }

    fn number(&mut self, at: usize) -> Result<Option<f64>, JsonataError> {
        match self.take(at) {
            Value::Json(Json::Number(number)) => Ok(number.as_f64()),
            Value::Nothing => Ok(None),
            _ => error(format!("argument {} is no number", at + 1)),
        }
    }

    fn function(&mut self, at: usize) -> Result<Rc<Function>, JsonataError> {
        match self.take(at) {
            Value::Function(function) => Ok(function),
            _ => error(format!("argument {} is no function", at + 1)),
        }
    }
}

/// Calls a function of the language.
pub(super) fn call(name: &str, given: &mut Arguments) -> Result<Value, JsonataError> {
    match name {
        "exists" => Ok(Value::truth(!matches!(given.take(0), Value::Nothing))),
        "type" => kind(&given.take(0)),
        "lookup" => {
            let from = given.take(0);
            Ok(given.text(1)?.map_or(Value::Nothing, |key| from.looked_up(&key)))
        }
        "reduce" => reduce(given),
        "count" => Ok(as_number(match given.take(0) {
            Value::Nothing => 0,
            Value::Json(Json::Array(items)) => items.len(),
            _ => 1,
        })),
        "string" => match given.take(0) {
            Value::Nothing => Ok(Value::Nothing),
            value => Ok(Value::text(value.to_text())),
        },
        "keys" => Ok(keys(&given.take(0))),
        "parse" => parse(given),
        "append" => append(given),
        "length" => of_text(given, |text| as_number(text.chars().count())),
        "lowercase" => of_text(given, |text| Value::text(text.to_lowercase())),
        "substring" => substring(given),
        "split" => split(given),
        "contains" => contains(given),
        "replace" => replace(given),
        "fromMillis" => from_millis(given),
        "toMillis" => to_millis(given),
        _ => error(format!("${name} is not known")),
    }
}

fn as_number(count: usize) -> Value {
    Value::Json(Json::from(count))
}

fn of_text(given: &mut Arguments, make: impl Fn(&str) -> Value) -> Result<Value, JsonataError> {
    Ok(given.text(0)?.map_or(Value::Nothing, |text| make(&text)))
}

fn kind(value: &Value) -> Result<Value, JsonataError> {
    let kind = match value {
        Value::Nothing => return Ok(Value::Nothing),
        Value::Json(Json::Null) => "null",
        Value::Json(Json::Bool(_)) => "boolean",
        Value::Json(Json::Number(_)) => "number",
        Value::Json(Json::String(_)) => "string",
        Value::Json(Json::Array(_)) => "array",
        Value::Json(Json::Object(_)) => "object",
        Value::Regex(_) | Value::Function(_) => "function",
    };
    Ok(Value::text(kind))
}

fn reduce(given: &mut Arguments) -> Result<Value, JsonataError> {
    let items = match given.take(0) {
        Value::Nothing => return Ok(Value::Nothing),
        Value::Json(Json::Array(items)) => items,
        Value::Json(item) => vec![item],
        Value::Regex(_) | Value::Function(_) => return error("argument 1 is a function"),
    };
    let function = given.function(1)?;
    let mut items = items.into_iter().map(Value::Json);
    let start = match given.take(2) {
        Value::Nothing => items.next().unwrap_or(Value::Nothing),
        start => start,
    };
    items.try_fold(start, |sum, item| apply(&function, vec![sum, item]))
}

/// The names of an object's fields; nothing where there are none.
fn keys(of: &Value) -> Value {
    match of {
        Value::Json(Json::Object(fields)) if !fields.is_empty() => {
            Value::Json(fields.keys().map(String::as_str).collect())
        }
        _ => Value::Nothing,
    }
}

/// Text that is JSON, as its value: a function of Step Functions, not of JSONata.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
fn parse(given: &mut Arguments) -> Result<Value, JsonataError> {
    let Some(text) = given.text(0)? else { return Ok(Value::Nothing) };
    match serde_json::from_str(&text) {
        Ok(value) => Ok(Value::Json(value)),
        Err(problem) => error(format!("$parse takes JSON: {problem}")),
    }
}

/// Both as one list; what is no list is one with a single element.
fn append(given: &mut Arguments) -> Result<Value, JsonataError> {
    let items = |value: Value| match value {
        Value::Nothing => Ok(None),
        Value::Json(Json::Array(items)) => Ok(Some(items)),
        Value::Json(item) => Ok(Some(vec![item])),
        Value::Regex(_) | Value::Function(_) => error("a function is no part of a list"),
    };
    let (first, second) = (given.take(0), given.take(1));
    if matches!(first, Value::Nothing) {
        return Ok(second);
    }
    if matches!(second, Value::Nothing) {
        return Ok(first);
    }
    let mut all = items(first)?.unwrap_or_default();
    all.extend(items(second)?.unwrap_or_default());
    Ok(Value::Json(Json::Array(all)))
}

/// Characters, not the halves of those beyond 16 bits.
fn substring(given: &mut Arguments) -> Result<Value, JsonataError> {
    let (Some(text), Some(start)) = (given.text(0)?, given.number(1)?) else {
        return Ok(Value::Nothing);
    };
    let (Some(start), Some(length)) = (count(start), given.number(2)?) else {
        return error("$substring is read with a start and a length from 0 on");
    };
    let length = count(length).unwrap_or(0);
    Ok(Value::text(text.chars().skip(start).take(length).collect::<String>()))
}

/// A whole number from 0 on.
fn count(number: f64) -> Option<usize> {
    (number >= 0.0 && number.fract() == 0.0).then(|| format!("{number:.0}").parse().ok()).flatten()
}

fn split(given: &mut Arguments) -> Result<Value, JsonataError> {
    let (Some(text), Some(separator)) = (given.text(0)?, given.text(1)?) else {
        return Ok(Value::Nothing);
    };
    if separator.is_empty() {
        return error("$split is read with a separator");
    }
    Ok(Value::Json(text.split(&separator).collect()))
}

fn contains(given: &mut Arguments) -> Result<Value, JsonataError> {
    let Some(text) = given.text(0)? else { return Ok(Value::Nothing) };
    match given.take(1) {
        Value::Json(Json::String(part)) => Ok(Value::truth(text.contains(&part))),
        Value::Regex(regex) => Ok(Value::truth(regex.is_match(&text))),
        _ => error("argument 2 is neither text nor a regular expression"),
    }
}

fn replace(given: &mut Arguments) -> Result<Value, JsonataError> {
    let Some(text) = given.text(0)? else { return Ok(Value::Nothing) };
    let Value::Regex(regex) = given.take(1) else {
        return error("$replace is read with a regular expression");
    };
    let Some(by) = given.text(2)?.filter(|by| !by.contains('$')) else {
        return error("$replace is read with a text without `$`");
    };
    Ok(Value::text(regex.replace_all(&text, regex::NoExpand(&by))))
}

fn from_millis(given: &mut Arguments) -> Result<Value, JsonataError> {
    let Some(millis) = given.number(0)? else { return Ok(Value::Nothing) };
    let moment = format!("{millis:.0}").parse().ok();
    match moment.and_then(|millis| Timestamp::from_millisecond(millis).ok()) {
        Some(moment) => Ok(Value::text(moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())),
        None => error("$fromMillis takes a moment"),
    }
}

fn to_millis(given: &mut Arguments) -> Result<Value, JsonataError> {
    let Some(text) = given.text(0)? else { return Ok(Value::Nothing) };
    match text.parse::<Timestamp>() {
        Ok(moment) => Ok(number_of(moment)),
        Err(problem) => error(format!("$toMillis takes a moment: {problem}")),
    }
}

fn number_of(moment: Timestamp) -> Value {
    Value::Json(Json::from(moment.as_millisecond()))
}
