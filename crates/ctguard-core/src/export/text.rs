//! Text in which an account, a region or an account's name is left open.
//!
//! What is open stands as a character that Unicode sets aside for a program's own use and that no
//! blueprint may have, so that the types of [`crate::resource`] hold open texts as they hold others.

use serde_json::Value;

/// Stands for the id of the account that a template is deployed in.
pub const ACCOUNT: char = '\u{FDD0}';
/// Stands for its region.
pub const REGION: char = '\u{FDD1}';
/// Stands for the name that the blueprint gives the account.
pub const ACCOUNT_NAME: char = '\u{FDD2}';

const OPEN: [char; 3] = [ACCOUNT, REGION, ACCOUNT_NAME];

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    Literal(&'a str),
    Account,
    Region,
    AccountName,
}

/// The parts of a text, in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let (before, open) = rest.split_at(at);
        if !before.is_empty() {
            all.push(Piece::Literal(before));
        }
        let mark = open.chars().next().unwrap_or(ACCOUNT);
        all.push(match mark {
            ACCOUNT => Piece::Account,
            REGION => Piece::Region,
            _ => Piece::AccountName,
        });
        rest = &open[mark.len_utf8()..];
    }
    if !rest.is_empty() {
        all.push(Piece::Literal(rest));
    }
    all
}

/// Whether anything is open in a text.
pub fn is_open(text: &str) -> bool {
    text.contains(OPEN)
}

/// The first character of a value that would be taken for something open.
pub fn reserved(value: &Value) -> Option<char> {
    match value {
        Value::String(text) => text.chars().find(|one| OPEN.contains(one)),
        Value::Array(list) => list.iter().find_map(reserved),
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            key.chars().find(|one| OPEN.contains(one)).or_else(|| reserved(value))
        }),
        _ => None,
    }
}

/// Changes every text of a value, keys too.
pub fn each(value: &Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(list) => list.iter().map(|one| each(one, change)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, one)| (change(key), each(one, change))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_its_pieces() {
        let text = format!("arn:aws:sns:{REGION}:{ACCOUNT}:x");
        assert_eq!(
            pieces(&text),
            [
                Piece::Literal("arn:aws:sns:"),
                Piece::Region,
                Piece::Literal(":"),
                Piece::Account,
                Piece::Literal(":x"),
            ]
        );
        assert_eq!(pieces(""), []);
        assert_eq!(pieces(&ACCOUNT_NAME.to_string()), [Piece::AccountName]);
        assert!(is_open(&text) && !is_open("arn:aws"));
    }
}
