//! A target's input: a template as text, line by line, and its variables as a set.

use super::diff::{Line, plain, set_lines, text_lines};
use serde_json::Value;
use std::collections::BTreeSet;

/// What the message loses and gains; `None` unless it is a template before and after.
pub(super) fn lines(before: Option<&Value>, after: Option<&Value>) -> Option<Vec<Line>> {
    let (before, after) = (transformer(before?)?, transformer(after?)?);
    let mut lines = set_lines(&variables(before), &variables(after));
    lines.extend(text_lines(&text(before), &text(after)));
    Some(lines)
}

fn transformer(input: &Value) -> Option<&Value> {
    input.get("transformer")
}

fn variables(transformer: &Value) -> BTreeSet<String> {
    let paths = transformer.get("paths").and_then(Value::as_object);
    let paths = paths.into_iter().flatten();
    paths.map(|(name, path)| format!("variable {name} from {}", plain(path))).collect()
}

fn text(transformer: &Value) -> String {
    let mut text = transformer.get("template").map(plain).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_changed_line_of_a_message_is_shown_between_its_neighbours() {
        let input = |template: &str, paths: Value| json!({ "transformer": { "paths": paths, "template": template } });
        let before = input("\"a\"\n\"b\"\n\"c\"\n\"d\"\n\"e\"", json!({ "who": "$.detail.x" }));
        let after = input(
            "\"a\"\n\"b\"\n\"C <at>\"\n\"d\"\n\"e\"",
            json!({ "who": "$.detail.x", "at": "$.time" }),
        );
        let lines = lines(Some(&before), Some(&after)).unwrap_or_default();
        let lines: Vec<String> = lines.iter().map(|l| format!("{} {}", l.sign, l.text)).collect();
        assert_eq!(
            lines,
            [
                "+ variable at from $.time",
                "  \"a\"",
                "  \"b\"",
                "- \"c\"",
                "+ \"C <at>\"",
                "  \"d\"",
                "  \"e\""
            ]
        );
    }
}
