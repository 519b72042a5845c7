//! The `Condition` block of a statement: it holds, it fails, or that cannot be decided offline.

use super::{Request, Sent, glob};
use serde_json::Value;

/// The result of a statement's conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    /// Why, as words that follow "only".
    Fails(String),
    /// Depends on this key.
    Unclear(String),
}

/// All conditions must hold; one that certainly fails decides, even if others are undecided.
pub fn judge(block: Option<&Value>, request: &Request<'_>) -> Verdict {
    let Some(block) = block else { return Verdict::Holds };
    let Some(operators) = block.as_object() else {
        return Verdict::Unclear("something unreadable".to_owned());
    };
    let mut unclear = None;
    for (operator, keys) in operators {
        let Some(keys) = keys.as_object() else {
            unclear = Some(operator.clone());
            continue;
        };
        for (key, values) in keys {
            match one(operator, key, values, request) {
                Verdict::Holds => {}
                Verdict::Unclear(key) => unclear = Some(key),
                fails @ Verdict::Fails(_) => return fails,
            }
        }
    }
    unclear.map_or(Verdict::Holds, Verdict::Unclear)
}

fn one(operator: &str, key: &str, values: &Value, request: &Request<'_>) -> Verdict {
    let unclear = || Verdict::Unclear(key.to_owned());
    let (plain, if_exists) = match operator.strip_suffix("IfExists") {
        Some(plain) => (plain, true),
        None => (operator, false),
    };
    let Some((compare, negated)) = comparison(plain) else { return unclear() };
    let sent = match key.to_ascii_lowercase().as_str() {
        "aws:sourcearn" => request.source_arn,
        "aws:sourceaccount" | "aws:sourceowner" => request.source_account,
        // Services always call over TLS.
        "aws:securetransport" | "aws:principalisawsservice" if request.direct => {
            Sent::Value("true")
        }
        _ => Sent::Unknown,
    };
    match sent {
        Sent::Unknown => unclear(),
        // A negated operator holds for a key that is not there.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
        Sent::Never if negated || if_exists => Verdict::Holds,
        Sent::Never => Verdict::Fails(format!(
            "under a condition on {key}, which {} does not send",
            request.service
        )),
        Sent::Value(value) => {
            if wanted(values).iter().any(|pattern| compare(pattern, value)) == negated {
                Verdict::Fails(format!("for another {key}"))
            } else {
                Verdict::Holds
            }
        }
    }
}

/// Whether a value in a policy matches one in the request.
pub(super) type Compare = fn(&str, &str) -> bool;

/// How an operator compares, and whether it holds when that fails.
pub(super) fn comparison(operator: &str) -> Option<(Compare, bool)> {
    let same: Compare = |wanted, value| wanted == value;
    let folded: Compare = |wanted, value| wanted.eq_ignore_ascii_case(value);
    Some(match operator {
        "StringEquals" => (same, false),
        "StringNotEquals" => (same, true),
        "StringEqualsIgnoreCase" | "Bool" => (folded, false),
        "StringNotEqualsIgnoreCase" => (folded, true),
        "StringLike" => (glob, false),
        "StringNotLike" => (glob, true),
        "ArnEquals" | "ArnLike" => (arn, false),
        "ArnNotEquals" | "ArnNotLike" => (arn, true),
        _ => return None,
    })
}

/// Part by part: a wildcard stands within one of the six parts of an ARN.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
fn arn(pattern: &str, value: &str) -> bool {
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, value) = (parts(pattern), parts(value));
    pattern.len() == 6
        && value.len() == 6
        && pattern.iter().zip(&value).all(|(pattern, value)| glob(pattern, value))
}

pub(super) fn wanted(values: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    match values {
        Value::Array(many) => many.iter().filter_map(one).collect(),
        single => one(single).into_iter().collect(),
    }
}
