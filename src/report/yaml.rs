//! A JSON value as YAML that every reader takes for the same: all texts in double quotes, as in JSON, so that no
//! date, number or yes is made of one.

use serde_json::Value;

/// Spaces a level.
const INDENT: usize = 2;

/// The value as a YAML document.
pub fn render(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(_) | Value::Array(_) if !is_empty(value) => block(value, 0, &mut text),
        other => {
            text.push_str(&other.to_string());
            text.push('\n');
        }
    }
    text
}

/// Writes the lines of a mapping or list that is not empty.
fn block(value: &Value, indent: usize, text: &mut String) {
    let spaces = " ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                text.push_str(&spaces);
                text.push_str(&name(key));
                text.push(':');
                after(value, indent, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                text.push_str(&spaces);
                text.push('-');
                match item {
                    // Its first key stands on the line of the hyphen.
                    Value::Object(_) if !is_empty(item) => {
                        let at = text.len();
                        block(item, indent + INDENT, text);
                        text.replace_range(at..at + indent + INDENT, " ");
                    }
                    other => after(other, indent, text),
                }
            }
        }
        _ => {}
    }
}

/// Writes what follows a key or hyphen, to the end of the line or below it.
fn after(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(_) | Value::Array(_) if !is_empty(value) => {
            text.push('\n');
            block(value, indent + INDENT, text);
        }
        other => {
            text.push(' ');
            text.push_str(&other.to_string());
            text.push('\n');
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A key: plain when it is letters, with colons within.
fn name(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && !key.ends_with(':')
        && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b':')
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .contains(&key.to_ascii_lowercase().as_str());
    if plain { key.to_owned() } else { Value::from(key).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn it_reads_as_people_write_it() {
        let value =
            json!({ "Fn::Sub": "a: b", "yes": [], "l": [{ "k": 1, "m": [true, ["x"]] }, {}] });
        let text = "Fn::Sub: \"a: b\"\n\"yes\": []\nl:\n  - k: 1\n    m:\n      - true\n      -\n        - \"x\"\n  - {}\n";
        assert_eq!(render(&value), text);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~é]{0,12}".prop_map(Value::from),
            prop_oneof![Just("2012-10-17"), Just("012345678901"), Just("no"), Just("*")]
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-zA-Z:.*# -]{0,8}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_yaml_reader_reads_the_same_value(value in values()) {
            let text = render(&value);
            let read: Value = serde_yaml::from_str(&text)
                .map_err(|error| TestCaseError::fail(format!("{error}:\n{text}")))?;
            prop_assert_eq!(read, value, "{}", text);
        }
    }
}
