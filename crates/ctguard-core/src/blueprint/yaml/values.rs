//! The second pass: values, as `serde_yaml` reads them.

use serde::de::{self, Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value as serde sees it. Unlike `serde_yaml::Value` it keeps duplicate keys, so that reading
/// can continue after they are reported.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    /// `None`: a number that JSON cannot hold (`.inf`, or more digits than 64 bits have).
    Number(Option<serde_json::Number>),
    Text(String),
    Sequence(Vec<Plain>),
    Mapping(Vec<(String, Plain)>),
}

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Plain, serde_yaml::Error> {
    serde_yaml::from_str(text)
}

/// The parser's message without the position that it ends in.
pub(super) fn describe(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// Whether a plain scalar is a number, a boolean or null.
pub(super) fn is_not_text(text: &str) -> bool {
    // Cheap first: nearly every key begins with a letter that begins no number or word of YAML.
    let may_be = text.is_empty() || text.starts_with(|c: char| "0123456789.+-~nNtTfF".contains(c));
    may_be && !matches!(read(text), Ok(Plain::Text(_)) | Err(_))
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_none<E>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Plain, E> {
        Ok(Plain::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Plain, E> {
        Ok(Plain::Number(Some(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Plain, E> {
        Ok(Plain::Number(Some(value.into())))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Plain, E> {
        Ok(Plain::Number(None))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Plain, E> {
        Ok(Plain::Number(None))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Plain, E> {
        Ok(Plain::Number(serde_json::Number::from_f64(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Plain, E> {
        Ok(Plain::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Plain, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Plain::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut mapping: A) -> Result<Plain, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = mapping.next_entry::<String, Plain>()? {
            entries.push((key, value));
        }
        Ok(Plain::Mapping(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Plain, A::Error> {
        Err(de::Error::custom("a blueprint has no YAML tags"))
    }
}
