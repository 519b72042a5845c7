//! JSON in which no key stands twice.
//!
//! EventBridge, like most readers of JSON, silently takes the last of two equal keys, so that a
//! condition vanishes. Reading the text key by key is the only place where this can be seen.

use super::PatternError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt;

/// Reads JSON text, refusing keys that stand twice in one object.
pub(super) fn read(text: &str) -> Result<Value, PatternError> {
    let repeated = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { path: "", repeated: &repeated }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        repeated
            .take()
            .unwrap_or_else(|| PatternError::new("", format!("this is not JSON: {error}")))
    })
}

/// Joins a path and the key below it.
pub(super) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    path: &'a str,
    repeated: &'a RefCell<Option<PatternError>>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let path = joined(self.path, &key);
            if object.contains_key(&key) {
                let message = "this key stands twice; only the last one would count";
                self.repeated.replace(Some(PatternError::new(&path, message)));
                return Err(A::Error::custom(message));
            }
            let value = entries.next_value_seed(Strict { path: &path, ..self })?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
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
