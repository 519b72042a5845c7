//! JSON in which no key stands twice.
//!
//! EventBridge silently takes the last of two equal keys of a pattern, so that a condition vanishes.

use super::PatternError;
use super::tree::Tree;
use std::collections::BTreeSet;

/// Reads JSON text, refusing keys that stand twice in one object.
pub(super) fn read(text: &str) -> Result<Tree<'_>, PatternError> {
    let tree = Tree::read(text.as_bytes())
        .map_err(|error| PatternError::new("", format!("this is not JSON: {error}")))?;
    distinct(&tree, "")?;
    Ok(tree)
}

/// Joins a path and the key below it.
pub(super) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn distinct(tree: &Tree<'_>, path: &str) -> Result<(), PatternError> {
    match tree {
        Tree::List(items) => items.iter().try_for_each(|item| distinct(item, path)),
        Tree::Object(members) => {
            let mut seen = BTreeSet::new();
            members.iter().try_for_each(|(key, value)| {
                let path = joined(path, key);
                if !seen.insert(key) {
                    let message = "this key stands twice; only the last one would count";
                    return Err(PatternError::new(&path, message));
                }
                distinct(value, &path)
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_named_by_its_path() {
        let error = read(r#"{"detail":{"a":[1],"b":[2],"a":[3]}}"#).unwrap_err();
        assert_eq!(error.path, "detail.a");
        let error = read(r#"{"$or":[{"a":[1],"a":[2]},{"b":[1]}]}"#).unwrap_err();
        assert_eq!(error.path, "$or.a");
    }

    #[test]
    fn the_same_key_in_two_objects_is_fine() {
        assert!(read(r#"{"a":{"x":[1]},"b":{"x":[1]}}"#).is_ok());
    }

    #[test]
    fn text_that_is_not_json_is_an_error_and_no_panic() {
        for text in ["", "{", "{}x", "[1,", "\u{0}"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
