//! JSON as its text has it: a key that stands twice stands twice, and a number keeps its digits.
//!
//! EventBridge sees both, and a [`Value`] has neither: of equal keys the last one is left in it, and of a number
//! a double.

use super::number::Number;
use crate::letters;
use crate::skim::{Members, past_space, scalar_end, string_end, value_end};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// How deep values may be nested, as in `serde_json`.
const DEPTH_MAX: u32 = 127;

/// A value of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree<'t> {
    Null,
    Bool(bool),
    Number(Number<'t>),
    Text(Cow<'t, str>),
    List(Vec<Tree<'t>>),
    Object(Vec<(Cow<'t, str>, Tree<'t>)>),
}

/// An event to hold patterns against, with keys that stand twice and all digits of its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'t>(pub(crate) Tree<'t>);

impl<'t> Event<'t> {
    /// Reads an event from its text, with � in place of what is no letter and `null` in place of what is nested too deep to be read:
    /// whoever makes a call can place such things in its record.
    ///
    /// # Errors
    /// When the text is not JSON; the reason is one for people.
    pub fn read(text: &'t [u8]) -> Result<Self, String> {
        Tree::read_leniently(text).map(Self)
    }

    /// The same event with this one as its `detail`: what stands twice in a record stands twice there.
    pub fn with_detail(mut self, detail: Event<'t>) -> Self {
        if let Tree::Object(members) = &mut self.0 {
            members.retain(|(key, _)| key != "detail");
            members.push((Cow::Borrowed("detail"), detail.0));
        }
        self
    }

    /// The same with texts of its own.
    pub fn into_owned(self) -> Event<'static> {
        Event(self.0.into_owned())
    }
}

impl<'v> From<&'v Value> for Event<'v> {
    fn from(value: &'v Value) -> Self {
        Self(Tree::from(value))
    }
}

impl<'v> From<&'v Value> for Tree<'v> {
    fn from(value: &'v Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(Number::Json(number)),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(values) => Self::List(values.iter().map(Self::from).collect()),
            Value::Object(object) => {
                let member = |(key, value): (&'v String, &'v Value)| {
                    (Cow::Borrowed(key.as_str()), Self::from(value))
                };
                Self::Object(object.iter().map(member).collect())
            }
        }
    }
}

impl<'t> Tree<'t> {
    /// Reads JSON.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub(crate) fn read(text: &'t [u8]) -> Result<Self, String> {
        let broken = |error: &dyn fmt::Display| error.to_string();
        std::str::from_utf8(text).map_err(|error| broken(&error))?;
        // Whether it is JSON at all is told with the place; then it need only be taken apart.
        serde_json::from_slice::<IgnoredAny>(text).map_err(|error| broken(&error))?;
        let (tree, _) = Reader { text, strict: true }.value(past_space(text, 0), 0)?;
        Ok(tree)
    }

    /// The same of JSON that is whole, though its letters may be none and its values nested without end.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub(crate) fn read_leniently(text: &'t [u8]) -> Result<Self, String> {
        serde_json::from_slice::<IgnoredAny>(text).map_err(|error| error.to_string())?;
        let (tree, _) = Reader { text, strict: false }.value(past_space(text, 0), 0)?;
        Ok(tree)
    }

    pub(crate) fn is_leaf(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Object(_))
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The nearest that a [`Value`] has: the last of equal keys, and the double of a number.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => number.to_value(),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::List(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(members) => {
                let member =
                    |(key, value): &(Cow<'_, str>, Self)| (key.to_string(), value.to_value());
                Value::Object(members.iter().map(member).collect::<Map<_, _>>())
            }
        }
    }

    pub(crate) fn into_owned(self) -> Tree<'static> {
        match self {
            Self::Null => Tree::Null,
            Self::Bool(value) => Tree::Bool(value),
            Self::Number(number) => Tree::Number(number.into_owned()),
            Self::Text(text) => Tree::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Tree::List(items.into_iter().map(Tree::into_owned).collect()),
            Self::Object(members) => {
                let member = |(key, value): (Cow<'t, str>, Self)| {
                    (Cow::Owned(key.into_owned()), value.into_owned())
                };
                Tree::Object(members.into_iter().map(member).collect())
            }
        }
    }
}

/// Prints minified JSON.
impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| Value::from(text).to_string();
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(&number.text()),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "[" } else { "," })?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Self::Object(members) => {
                for (at, (key, value)) in members.iter().enumerate() {
                    write!(f, "{}{}:{value}", if at == 0 { "{" } else { "," }, quoted(key))?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// Takes text apart that is known to be JSON.
#[derive(Clone, Copy)]
struct Reader<'t> {
    text: &'t [u8],
    /// What a strict reader refuses is an error.
    strict: bool,
}

impl<'t> Reader<'t> {
    /// The value at a position and the position after it.
    fn value(self, at: usize, depth: u32) -> Result<(Tree<'t>, usize), String> {
        if depth > DEPTH_MAX {
            let end = value_end(self.text, at).filter(|_| !self.strict);
            let deep = || "its values are nested too deep".to_owned();
            return end.map(|end| (Tree::Null, end)).ok_or_else(deep);
        }
        match self.text.get(at) {
            Some(b'{') => self.object(at, depth),
            Some(b'[') => self.list(at, depth),
            Some(b'"') => {
                let (end, escaped) = string_end(self.text, at).ok_or_else(cut_off)?;
                Ok((Tree::Text(self.string(at + 1, end, escaped)?), end + 1))
            }
            _ => {
                let end = scalar_end(self.text, at);
                let word = self.utf8(at, end)?;
                let tree = match word {
                    "null" => Tree::Null,
                    "true" => Tree::Bool(true),
                    "false" => Tree::Bool(false),
                    number => Tree::Number(Number::Text(Cow::Borrowed(number))),
                };
                Ok((tree, end))
            }
        }
    }

    fn object(self, at: usize, depth: u32) -> Result<(Tree<'t>, usize), String> {
        let mut members = Members::new(self.text, at);
        let mut read = Vec::new();
        while let Some(member) = members.next().map_err(|_| cut_off())? {
            let key = self.text_of(member.key, member.escaped)?;
            let (value, end) = self.value(member.value, depth + 1)?;
            read.push((key, value));
            members.resume(end);
        }
        Ok((Tree::Object(read), members.position()))
    }

    fn list(self, at: usize, depth: u32) -> Result<(Tree<'t>, usize), String> {
        let mut items = Vec::new();
        let mut at = past_space(self.text, at + 1);
        while self.text.get(at) != Some(&b']') {
            let (item, end) = self.value(at, depth + 1)?;
            items.push(item);
            at = past_space(self.text, end);
            if self.text.get(at) == Some(&b',') {
                at = past_space(self.text, at + 1);
            }
        }
        Ok((Tree::List(items), at + 1))
    }

    fn string(self, start: usize, end: usize, escaped: bool) -> Result<Cow<'t, str>, String> {
        self.text_of(&self.text[start..end], escaped)
    }

    /// The text that stands between quotes.
    fn text_of(self, written: &'t [u8], escaped: bool) -> Result<Cow<'t, str>, String> {
        if !self.strict {
            return letters::text(written, escaped).ok_or_else(cut_off);
        }
        let written = std::str::from_utf8(written).map_err(|error| error.to_string())?;
        if !escaped {
            return Ok(Cow::Borrowed(written));
        }
        serde_json::from_str(&format!("\"{written}\"")).map_err(|error| error.to_string())
    }

    fn utf8(self, start: usize, end: usize) -> Result<&'t str, String> {
        std::str::from_utf8(&self.text[start..end]).map_err(|error| error.to_string())
    }
}

fn cut_off() -> String {
    "the text ends too soon".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_printed_as_it_was_read() {
        for text in [
            r#"{"a":"x","a":{"b":[1.0,3.14159265358979312,-0,1e400,[],{}]},"":null}"#,
            r#"[true,false,"a\"b\\","é"]"#,
            "7",
        ] {
            assert_eq!(Tree::read(text.as_bytes()).expect(text).to_string(), text);
        }
        let spaced = " { \"a\" : [ 1 , { \"b\" : \"\\u0041\" } ] , \"c\" : { } }\n";
        let read = Tree::read(spaced.as_bytes()).expect("JSON").to_string();
        assert_eq!(read, r#"{"a":[1,{"b":"A"}],"c":{}}"#);
    }

    #[test]
    fn text_that_is_not_json_is_an_error_and_no_panic() {
        for text in
            ["", "{", "{}x", "[1,]", "[1", "{\"a\"}", "\u{0}", "01", "\"\\ud800\"", "nul", "[,1]"]
        {
            assert!(Tree::read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Tree::read(b"\"\xff\"").is_err());
        assert!(Tree::read("[".repeat(100_000).as_bytes()).is_err());
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Tree::read(deep.as_bytes()).is_err());
    }

    #[test]
    fn an_event_is_read_though_its_letters_are_none_and_its_values_deep() {
        let read = |text: &[u8]| Event::read(text).expect("JSON").0.to_string();
        assert_eq!(read(br#"{"a\udc00":"x\ud800"}"#), "{\"a\u{fffd}\":\"x\u{fffd}\"}");
        assert_eq!(read(b"{\"\xff\":\"\xff\"}"), "{\"\u{fffd}\":\"\u{fffd}\"}");
        let deep = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(deep.as_bytes()).ends_with(",\"b\":2}"));
        for text in ["", "{", "[1,]", "{\"a\":\"\\x\"}", "\"open", "[\"\\ud800\",x]"] {
            assert!(Event::read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn of_equal_keys_a_value_has_the_last() {
        let tree = Tree::read(br#"{"a":1,"b":2,"a":3}"#).expect("JSON");
        assert_eq!(tree.to_value(), serde_json::json!({"a": 3, "b": 2}));
        let value = serde_json::json!({"a": [1, "x", null, {"b": true}]});
        assert_eq!(Tree::from(&value).into_owned().to_value(), value);
    }
}
