//! Evaluates an expression.

use super::functions::{self, Arguments};
use super::parse::Expr;
use super::value::{Function, Scope, Value};
use super::{JsonataError, error};
use serde_json::{Map, Number, Value as Json};
use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::Arc;

/// The value of an expression with these variables; absent where it has none.
///
/// # Errors
/// When a function or an operator does not take its arguments.
pub(in crate::mail) fn evaluate(
    expr: &Expr,
    variables: impl IntoIterator<Item = (String, Json)>,
) -> Result<Option<Json>, JsonataError> {
    let variables = variables.into_iter().map(|(name, json)| (name, Rc::new(Value::Json(json))));
    let mut scope = Scope(variables.collect());
    match value(expr, &mut scope)? {
        Value::Json(json) => Ok(Some(json)),
        Value::Nothing => Ok(None),
        Value::Regex(_) | Value::Function(_) => error("the value is a function"),
    }
}

fn value(expr: &Expr, scope: &mut Scope) -> Result<Value, JsonataError> {
    Ok(match expr {
        Expr::Text(text) => Value::text(text.as_str()),
        Expr::Number(number) => self::number(*number),
        Expr::Word(Some(truth)) => Value::truth(*truth),
        Expr::Word(None) => Value::Json(Json::Null),
        Expr::Regex(regex) => Value::Regex(regex.clone()),
        Expr::Variable(name) => scope.0.get(name).map_or(Value::Nothing, |value| (**value).clone()),
        Expr::Field(of, name) => value(of, scope)?.field(name),
        Expr::Call(name, arguments) => call(name, arguments, scope)?,
        Expr::Function(parameters, body) => Value::Function(Rc::new(Function {
            parameters: parameters.clone(),
            body: Arc::clone(body),
            scope: scope.clone(),
        })),
        Expr::Block(steps) => {
            let mut inner = scope.clone();
            let mut last = Value::Nothing;
            for step in steps {
                last = value(step, &mut inner)?;
            }
            last
        }
        Expr::Bind(name, bound) => {
            let bound = value(bound, scope)?;
            scope.0.insert(name.clone(), Rc::new(bound.clone()));
            bound
        }
        Expr::If(condition, then, otherwise) => {
            match (value(condition, scope)?.holds(), otherwise) {
                (true, _) => value(then, scope)?,
                (false, Some(otherwise)) => value(otherwise, scope)?,
                (false, None) => Value::Nothing,
            }
        }
        Expr::Binary(operator, left, right) => binary(operator, left, right, scope)?,
        Expr::Object(fields) => {
            let mut object = Map::new();
            for (name, field) in fields {
                match value(field, scope)? {
                    Value::Json(json) => {
                        object.insert(name.clone(), json);
                    }
                    Value::Nothing => {}
                    Value::Regex(_) | Value::Function(_) => return error("a field is a function"),
                }
            }
            Value::Json(Json::Object(object))
        }
    })
}

/// A number as JSON; whole ones without a fraction.
pub(super) fn number(number: f64) -> Value {
    // Beyond this, whole numbers are not exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = (number.fract() == 0.0 && number.abs() < EXACT)
        .then(|| format!("{number:.0}").parse::<i64>().ok())
        .flatten();
    let number = whole.map(Number::from).or_else(|| Number::from_f64(number));
    number.map_or(Value::Nothing, |number| Value::Json(Json::Number(number)))
}

fn call(name: &str, arguments: &[Expr], scope: &mut Scope) -> Result<Value, JsonataError> {
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(value(argument, scope)?);
    }
    match scope.0.get(name).map(|value| &**value) {
        Some(Value::Function(function)) => apply(function, values),
        Some(_) => error(format!("${name} is no function")),
        None => functions::call(name, &mut Arguments(values)),
    }
}

/// Calls a function that the expression defines.
pub(super) fn apply(function: &Function, arguments: Vec<Value>) -> Result<Value, JsonataError> {
    let mut scope = function.scope.clone();
    let mut arguments = arguments.into_iter();
    for parameter in &function.parameters {
        let argument = arguments.next().unwrap_or(Value::Nothing);
        scope.0.insert(parameter.clone(), Rc::new(argument));
    }
    value(&function.body, &mut scope)
}

fn binary(
    operator: &str,
    left: &Expr,
    right: &Expr,
    scope: &mut Scope,
) -> Result<Value, JsonataError> {
    let left = value(left, scope)?;
    match operator {
        "and" if !left.holds() => return Ok(Value::truth(false)),
        "or" if left.holds() => return Ok(Value::truth(true)),
        _ => {}
    }
    let right = value(right, scope)?;
    match operator {
        "and" | "or" => Ok(Value::truth(right.holds())),
        "&" => Ok(Value::text(left.to_text() + &right.to_text())),
        "=" | "!=" => Ok(equality(operator, &left, &right)),
        "+" | "-" | "*" => arithmetic(operator, &left, &right),
        _ => comparison(operator, &left, &right),
    }
}

/// Nothing is equal to nothing else, and unequal to nothing either.
fn equality(operator: &str, left: &Value, right: &Value) -> Value {
    let (Value::Json(left), Value::Json(right)) = (left, right) else { return Value::truth(false) };
    let equal = match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    };
    Value::truth(equal == (operator == "="))
}

fn arithmetic(operator: &str, left: &Value, right: &Value) -> Result<Value, JsonataError> {
    let of = |value: &Value| match value {
        Value::Nothing => Ok(None),
        Value::Json(Json::Number(number)) => Ok(number.as_f64()),
        _ => error(format!("`{operator}` takes numbers")),
    };
    let (Some(left), Some(right)) = (of(left)?, of(right)?) else { return Ok(Value::Nothing) };
    Ok(number(match operator {
        "+" => left + right,
        "-" => left - right,
        _ => left * right,
    }))
}

fn comparison(operator: &str, left: &Value, right: &Value) -> Result<Value, JsonataError> {
    let ordering = match (left, right) {
        (Value::Json(Json::Number(left)), Value::Json(Json::Number(right))) => {
            left.as_f64().partial_cmp(&right.as_f64())
        }
        (Value::Json(Json::String(left)), Value::Json(Json::String(right))) => {
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        (Value::Nothing, Value::Nothing | Value::Json(Json::Number(_) | Json::String(_)))
        | (Value::Json(Json::Number(_) | Json::String(_)), Value::Nothing) => {
            return Ok(Value::Nothing);
        }
        _ => return error(format!("`{operator}` takes two numbers or two texts")),
    };
    Ok(Value::truth(match operator {
        "<" => ordering == Some(Ordering::Less),
        ">" => ordering == Some(Ordering::Greater),
        "<=" => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        _ => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
    }))
}
