//! Whether EventBridge would accept the input of a target.

use ctguard_core::resource::rule::{
    INPUT_PATHS_MAX, INPUT_TEMPLATE_MAX_CHARS, Input, InputTransformer,
};
use serde_json::Value;

/// Longest `InputPath` and path of a variable.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html>
const PATH_MAX_CHARS: usize = 256;

/// Variables that every transformer has.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
const RESERVED: [&str; 5] = [
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
];

/// Checks an input.
pub fn check(input: &Input) -> Result<(), String> {
    match input {
        Input::Event => Ok(()),
        Input::Path(path) => check_path(path),
        Input::Constant(text) => {
            if text.chars().count() > INPUT_TEMPLATE_MAX_CHARS {
                return Err("the input is too long".to_owned());
            }
            serde_json::from_str::<Value>(text)
                .map(drop)
                .map_err(|error| format!("JSON syntax error in input: {error}"))
        }
        Input::Transformer(transformer) => check_transformer(transformer),
    }
}

fn check_path(path: &str) -> Result<(), String> {
    let shape = path == "$" || path.starts_with("$.");
    let inside = !path.contains("..") && !path.ends_with('.') && !path.contains("['");
    if shape && inside && path.chars().count() <= PATH_MAX_CHARS {
        Ok(())
    } else {
        Err(format!("`{path}` is not a path"))
    }
}

fn check_transformer(transformer: &InputTransformer) -> Result<(), String> {
    let chars = transformer.template.chars().count();
    if !(1..=INPUT_TEMPLATE_MAX_CHARS).contains(&chars) {
        return Err(format!("the input template has {chars} characters"));
    }
    if transformer.paths.len() > INPUT_PATHS_MAX {
        return Err(format!("more than {INPUT_PATHS_MAX} input paths"));
    }
    for (name, path) in &transformer.paths {
        let good = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if name.is_empty() || !good || name.to_ascii_lowercase().starts_with("aws") {
            return Err(format!("`{name}` is not a variable name"));
        }
        check_path(path)?;
    }
    let filled = fill(transformer)?;
    let template = filled.trim();
    // A JSON document, or one quoted text (or a lone variable) per line.
    let json = template.starts_with(['{', '[']);
    let parts: Vec<&str> = if json { vec![template] } else { template.lines().collect() };
    let whole = |part: &str| serde_json::from_str::<Value>(part).is_ok();
    match parts.iter().all(|part| whole(part)) {
        true => Ok(()),
        false => Err("invalid input template: neither JSON nor quoted lines".to_owned()),
    }
}

/// Puts something in the place of each variable, so that the rest can be read as JSON: letters
/// within quotes, a value outside of them.
fn fill(transformer: &InputTransformer) -> Result<String, String> {
    let mut filled = String::with_capacity(transformer.template.len());
    let mut quoted = false;
    let mut chars = transformer.template.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => {
                filled.push(c);
                filled.extend(chars.next());
            }
            '<' => {
                let name: String = chars.by_ref().take_while(|&c| c != '>').collect();
                let known = transformer.paths.contains_key(&name);
                if !known && !RESERVED.contains(&name.as_str()) {
                    return Err(format!("the input template's variable <{name}> has no path"));
                }
                // AWS: the two JSON variables can only be a value, not part of a text.
                if quoted && name.starts_with("aws.events.event") && !name.ends_with("-time") {
                    return Err(format!("<{name}> cannot stand within quotes"));
                }
                filled.push_str(if quoted { "v" } else { "\"v\"" });
            }
            '>' => return Err("the input template has a stray `>`".to_owned()),
            _ => {
                quoted ^= c == '"';
                filled.push(c);
            }
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_template_is_json_or_quoted_lines_with_known_variables() {
        let check_template = |template: &str| {
            let paths =
                BTreeMap::from([("who".to_owned(), "$.detail.userIdentity.arn".to_owned())]);
            check(&Input::Transformer(InputTransformer { paths, template: template.to_owned() }))
        };
        for (template, good) in [
            ("\"<who> did it\"", true),
            ("\"one\"\n\"two <who>\"", true),
            ("{\"who\": \"<who>\", \"event\": <aws.events.event.json>}", true),
            ("{\"who\": <who>}", true),
            ("<aws.events.event.json>", true),
            ("\"a \\\" quote\"", true),
            ("plain text", false),
            ("\"one\" \"two\"", false),
            ("{\"who\": <who>", false),
            ("\"<nobody>\"", false),
            ("\"<aws.events.event.json>\"", false),
            ("\"a > b\"", false),
            ("\"a < b\"", false),
            ("", false),
        ] {
            assert_eq!(check_template(template).is_ok(), good, "{template}");
        }
        assert!(check_template(&format!("\"{}\"", "x".repeat(8_191))).is_err(), "too long");
    }

    #[test]
    fn constants_are_json_and_paths_are_paths() {
        for (input, good) in [
            (Input::Event, true),
            (Input::Constant("{\"a\": 1}".to_owned()), true),
            (Input::Constant("not json".to_owned()), false),
            (Input::Path("$.detail".to_owned()), true),
            (Input::Path("detail".to_owned()), false),
            (Input::Path("$['detail']".to_owned()), false),
        ] {
            assert_eq!(check(&input).is_ok(), good, "{input:?}");
        }
        let reserved = InputTransformer {
            paths: BTreeMap::from([("AWSname".to_owned(), "$.id".to_owned())]),
            template: "\"<AWSname>\"".to_owned(),
        };
        assert!(check(&Input::Transformer(reserved)).is_err());
    }
}
