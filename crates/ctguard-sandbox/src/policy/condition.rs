//! The `Condition` block of a statement.

use super::{glob, list};
use serde_json::Value;

/// The condition keys that are known to be absent from a request. Any other key is unknown.
const KNOWN: [&str; 9] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalisawsservice",
    "aws:securetransport",
    "s3:x-amz-acl",
    "kms:encryptioncontext:aws:cloudtrail:arn",
];

/// Returns the key of the first condition that does not hold; `None` when all do.
///
/// `when_unknown` is the result of a condition that this evaluator does not know.
pub fn failing(
    block: Option<&Value>,
    context: &[(&str, &str)],
    when_unknown: bool,
) -> Option<String> {
    let block = block?;
    let Some(operators) = block.as_object() else {
        return (!when_unknown).then(|| "an unreadable block".to_owned());
    };
    for (operator, keys) in operators {
        let Some(keys) = keys.as_object() else {
            return (!when_unknown).then(|| operator.clone());
        };
        for (key, wanted) in keys {
            if !holds(operator, key, wanted, context).unwrap_or(when_unknown) {
                return Some(key.clone());
            }
        }
    }
    None
}

/// Keys that can have several values. Without a set operator AWS does not say how they are
/// compared.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
const SEVERAL: [&str; 2] = ["aws:principalorgpaths", "aws:tagkeys"];

/// How several values of a key are combined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    One,
    Any,
    All,
}

/// Whether one condition holds; `None` when it is not known.
fn holds(operator: &str, key: &str, wanted: &Value, context: &[(&str, &str)]) -> Option<bool> {
    let key = key.to_ascii_lowercase();
    let values: Vec<&str> =
        context.iter().filter(|(name, _)| *name == key).map(|(_, value)| *value).collect();
    if values.is_empty() && !KNOWN.contains(&key.as_str()) {
        return None;
    }
    let (set, operator) = match operator.split_once(':') {
        Some(("ForAnyValue", operator)) => (Set::Any, operator),
        Some(("ForAllValues", operator)) => (Set::All, operator),
        Some(_) => return None,
        None => (Set::One, operator),
    };
    if set == Set::One && SEVERAL.contains(&key.as_str()) {
        return None;
    }
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let (compare, negated): (fn(&str, &str) -> bool, bool) = match operator {
        "StringEquals" => (|wanted, value| wanted == value, false),
        "StringNotEquals" => (|wanted, value| wanted == value, true),
        "StringEqualsIgnoreCase" => (|wanted, value| wanted.eq_ignore_ascii_case(value), false),
        "StringNotEqualsIgnoreCase" => (|wanted, value| wanted.eq_ignore_ascii_case(value), true),
        "StringLike" => (glob, false),
        "StringNotLike" => (glob, true),
        // AWS: "ArnEquals and ArnLike behave identically."
        "ArnLike" | "ArnEquals" => (arn_like, false),
        "ArnNotLike" | "ArnNotEquals" => (arn_like, true),
        "Bool" => (|wanted, value| wanted.eq_ignore_ascii_case(value), false),
        _ => return None,
    };
    let wanted = list(Some(wanted));
    // Policy variables are not resolved here.
    if wanted.iter().any(|wanted| wanted.as_str().is_some_and(|text| text.contains("${"))) {
        return None;
    }
    let meets = |value: &&str| {
        let any = wanted.iter().any(|wanted| match wanted {
            Value::String(text) => compare(text, value),
            Value::Bool(flag) => compare(if *flag { "true" } else { "false" }, value),
            _ => false,
        });
        any != negated
    };
    // AWS: an absent key fails `ForAnyValue` and satisfies `ForAllValues`.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    Some(match set {
        Set::One if values.is_empty() => if_exists || negated,
        Set::Any if values.is_empty() => if_exists,
        Set::One | Set::All => values.iter().all(meets),
        Set::Any => values.iter().any(meets),
    })
}

/// Compares the six fields of an ARN one by one: a star does not match a colon.
fn arn_like(wanted: &str, value: &str) -> bool {
    let (wanted, value): (Vec<_>, Vec<_>) =
        (wanted.splitn(6, ':').collect(), value.splitn(6, ':').collect());
    wanted.len() == 6
        && value.len() == 6
        && wanted.iter().zip(&value).all(|(wanted, value)| glob(wanted, value))
}
