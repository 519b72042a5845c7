//! Texts as Terraform's JSON has them: each one is a template, in which `${…}` and `%{…}` stand for
//! something else.
//!
//! Source: <https://developer.hashicorp.com/terraform/language/syntax/json>

use crate::export::ExportError;
use crate::export::text::{self, Piece};
use icu_normalizer::ComposingNormalizerBorrowed;
use serde_json::{Map, Value};

/// The variable for the account.
pub const ACCOUNT_VARIABLE: &str = "account";
/// The variable for the region.
pub const REGION_VARIABLE: &str = "region";
/// The variable for the name that the blueprint gives the account.
pub const ACCOUNT_NAME_VARIABLE: &str = "account_name";

/// The mark at the start of a file, which is lost at the start of a template.
///
/// Source: <https://github.com/hashicorp/hcl/blob/main/hclsyntax/scan_tokens.rl>
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A text as a template: literal, with variables where something is open.
///
/// # Errors
/// When Terraform would change it: it composes letters and their accents (NFC), and a pattern that
/// has them apart would match nothing any more.
///
/// Source: <https://github.com/zclconf/go-cty/blob/main/docs/types.md>
pub fn written(text: &str) -> Result<String, ExportError> {
    let (_, apart) = ComposingNormalizerBorrowed::new_nfc().split_normalized(text);
    if !apart.is_empty() {
        return Err(ExportError::Text {
            text: apart.chars().take(2).collect(),
            message: "Terraform puts letters and their accents together, which makes another text"
                .to_owned(),
            help: "Write the letter and its accent as one character (Unicode's form NFC).",
        });
    }
    let pieces = text::pieces(text);
    let mut all = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(literal) => escape(literal, index + 1 < pieces.len(), &mut all),
            Piece::Account => variable(ACCOUNT_VARIABLE, &mut all),
            Piece::Region => variable(REGION_VARIABLE, &mut all),
            Piece::AccountName => variable(ACCOUNT_NAME_VARIABLE, &mut all),
        }
    }
    Ok(all)
}

fn variable(name: &str, all: &mut String) {
    all.push_str(&format!("${{var.{name}}}"));
}

/// Adds a literal. `before_open`: something open follows it.
///
/// `$${` is a literal `${`, and so `$` before something open, or before such an escape, must not
/// stand there as it is: it is written as an expression.
///
/// Source: <https://developer.hashicorp.com/terraform/language/expressions/strings>
fn escape(literal: &str, before_open: bool, all: &mut String) {
    let mut rest = literal;
    if let Some(after) = rest.strip_prefix(BYTE_ORDER_MARK).filter(|_| all.is_empty()) {
        all.push_str(r#"${"\ufeff"}"#);
        rest = after;
    }
    while let Some(at) = rest.find(['$', '%']) {
        let (before, from) = rest.split_at(at);
        all.push_str(before);
        let mark = if from.starts_with('$') { '$' } else { '%' };
        let after = from.trim_start_matches(mark);
        let run = from.len() - after.len();
        // In this form the letters of an expression have no mark among them.
        let spelled = |run: usize| match run {
            0 => String::new(),
            _ => format!("${{\"{}\"}}", format!("\\u{:04x}", u32::from(mark)).repeat(run)),
        };
        if after.starts_with('{') {
            all.push_str(&spelled(run - 1));
            all.extend([mark, mark]);
        } else if after.is_empty() && before_open && mark == '$' {
            all.push_str(&spelled(run));
        } else {
            all.push_str(&from[..run]);
        }
        rest = after;
    }
    all.push_str(rest);
}

/// A document as the text of its JSON.
pub fn written_json(document: &Value) -> Result<Value, ExportError> {
    written(&document.to_string()).map(Value::String)
}

/// Texts by key, as a map of Terraform's, whose keys are templates, too.
pub fn written_map<'a>(
    map: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Result<Value, ExportError> {
    let mut all = Map::new();
    for (key, value) in map {
        all.insert(written(key)?, Value::String(written(value)?));
    }
    Ok(Value::Object(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::text::{ACCOUNT, REGION};

    #[test]
    fn what_would_stand_for_something_else_is_escaped() {
        for (text, expected) in [
            ("plain $ % $x %x {x}", "plain $ % $x %x {x}"),
            ("${x} %{x}", "$${x} %%{x}"),
            ("$${x}", r#"${"\u0024"}$${x}"#),
            ("%%%{x}", r#"${"\u0025\u0025"}%%{x}"#),
            ("\u{FEFF}x", r#"${"\ufeff"}x"#),
        ] {
            assert_eq!(written(text).unwrap(), expected, "{text}");
        }
        for (text, expected) in [
            (format!("a:{ACCOUNT}"), "a:${var.account}"),
            (format!("$${REGION}%"), r#"${"\u0024\u0024"}${var.region}%"#),
            (format!("%{REGION}$"), "%${var.region}$"),
        ] {
            assert_eq!(written(&text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_would_become_another_text_is_refused() {
        assert!(written("caf\u{e9}").is_ok());
        let refused = written("cafe\u{301}");
        assert!(matches!(refused, Err(ExportError::Text { text, .. }) if text == "e\u{301}"));
    }
}
