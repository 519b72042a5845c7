//! JSON paths as an input transformer takes them: `$.detail.items[0].name`, with `*` for every
//! element.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>

use serde_json::Value;

/// Longest path, in characters.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html>
pub(super) const PATH_MAX_CHARS: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    Every,
}

/// Parses a path; `None` when EventBridge would not accept it.
pub(super) fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let key = &after[..end];
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ':');
            match key {
                "*" => steps.push(Step::Every),
                key if !key.is_empty() && key.chars().all(plain) => {
                    steps.push(Step::Key(key.to_owned()));
                }
                _ => return None,
            }
            rest = &after[end..];
        } else {
            let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(match inside {
                "*" => Step::Every,
                digits => Step::Index(digits.parse().ok()?),
            });
            rest = after;
        }
    }
    Some(steps)
}

/// The value at a path; `None` when there is none.
pub(super) fn find(event: &Value, path: &str) -> Option<Value> {
    let mut found = vec![event];
    let steps = steps(path)?;
    for step in &steps {
        found = found
            .into_iter()
            .flat_map(|value| -> Vec<&Value> {
                match (step, value) {
                    (Step::Key(key), Value::Object(object)) => {
                        object.get(key).into_iter().collect()
                    }
                    (Step::Index(index), Value::Array(items)) => {
                        items.get(*index).into_iter().collect()
                    }
                    (Step::Every, Value::Array(items)) => items.iter().collect(),
                    (Step::Every, Value::Object(object)) => object.values().collect(),
                    _ => Vec::new(),
                }
            })
            .collect();
    }
    if steps.contains(&Step::Every) {
        return Some(found.into_iter().cloned().collect());
    }
    found.first().map(|value| (*value).clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_find_what_they_name_and_nothing_else() {
        let event = json!({"detail-type": "t", "a": {"b": [{"c": 1}, {"c": 2}]}, "n": null});
        for (path, found) in [
            ("$", Some(event.clone())),
            ("$.detail-type", Some(json!("t"))),
            ("$.a.b[1].c", Some(json!(2))),
            ("$.a.b[*].c", Some(json!([1, 2]))),
            ("$.a.b[2].c", None),
            ("$.a.x", None),
            ("$.n", Some(json!(null))),
            ("a.b", None),
            ("$..a", None),
            ("$['a']", None),
        ] {
            assert_eq!(find(&event, path), found, "{path}");
        }
    }
}
