//! Policy variables: `${aws:PrincipalAccount}` stands for a value of the request.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::carried::Carried;
use super::condition::{Carries, Variables};

/// A text of a policy with its variables replaced.
pub enum Resolved {
    Text(String),
    /// It depends on a value that is not known, or that the request may not have.
    Unknown,
}

/// Stand for `*`, `?` and `$` themselves, written `${*}`, `${?}` and `${$}`.
pub const LITERAL: [(char, char); 3] = [('*', '\u{E000}'), ('?', '\u{E001}'), ('$', '\u{E002}')];

/// Replaces the variables in a text.
pub fn resolve(text: &str, variables: Variables, request: &dyn Carries) -> Resolved {
    if variables == Variables::Literal || !text.contains("${") {
        return Resolved::Text(text.to_owned());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { return Resolved::Unknown };
        let Some(value) = value(name, request) else { return Resolved::Unknown };
        out.push_str(before);
        out.push_str(&value);
        rest = behind;
    }
    out.push_str(rest);
    Resolved::Text(out)
}

fn value(name: &str, request: &dyn Carries) -> Option<String> {
    if let Some((_, marker)) = LITERAL.iter().find(|(c, _)| name.chars().eq([*c])) {
        return Some(marker.to_string());
    }
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\''))),
        None => (name, None),
    };
    match (request.carried(&key.trim().to_ascii_lowercase()), default) {
        (Carried::Value(value), _) => Some(literal(&value)),
        (Carried::Never, Some(default)) => Some(literal(default)),
        _ => None,
    }
}

/// A value in which no character is a wildcard.
fn literal(value: &str) -> String {
    let marked = |c: char| LITERAL.iter().find(|(plain, _)| *plain == c).map_or(c, |(_, m)| *m);
    value.chars().map(marked).collect()
}
