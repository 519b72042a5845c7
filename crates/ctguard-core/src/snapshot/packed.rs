//! Values that are kept as JSON text.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// A value as JSON text: a policy takes a seventh of what it takes as a tree of values, and a fleet
/// has many thousands. It is read when it is asked for.
#[derive(Clone)]
pub struct Packed<T>(Kept<T>);

#[derive(Clone)]
enum Kept<T> {
    Text(Arc<str>),
    /// What is nested deeper than a text can be read.
    Whole(Arc<T>),
}

/// How deep a text is nested that is read without fail: a reader of JSON stops at 128.
const DEEPEST: usize = 64;

impl<T: Serialize + DeserializeOwned + Clone> Packed<T> {
    /// Keeps a value.
    pub fn of(value: &T) -> Self {
        Self(match serde_json::to_string(value) {
            Ok(text) if depth(&text) <= DEEPEST => Kept::Text(text.into()),
            _ => Kept::Whole(Arc::new(value.clone())),
        })
    }

    /// The value.
    pub fn get(&self) -> T {
        match &self.0 {
            Kept::Text(text) => {
                serde_json::from_str(text).expect("what was written from a value is read as one")
            }
            Kept::Whole(value) => T::clone(value),
        }
    }
}

/// How deep lists and objects stand in one another.
fn depth(text: &str) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

impl<T: Serialize + DeserializeOwned + Clone + PartialEq> PartialEq for Packed<T> {
    fn eq(&self, other: &Self) -> bool {
        let same = matches!((&self.0, &other.0), (Kept::Text(a), Kept::Text(b)) if a == b);
        same || self.get() == other.get()
    }
}

impl<T: Serialize + DeserializeOwned + Clone + Eq> Eq for Packed<T> {}

impl<T: Serialize + DeserializeOwned + Clone + fmt::Debug> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<T: Serialize + DeserializeOwned + Clone> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

impl<'de, T: Serialize + DeserializeOwned + Clone> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Self::of(&value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::queue::Queue;
    use serde_json::{Value, json};

    #[test]
    fn what_is_kept_comes_back_and_is_written_as_it_was() {
        for policy in [None, Some(json!({ "b": [1.5, 1e300, -3], "a": { "ä\u{0}\"": null } }))] {
            let queue = Queue { message_retention_seconds: 60, policy, ..Queue::default() };
            let packed = Packed::of(&queue);
            assert_eq!(packed.get(), queue);
            let written = serde_json::to_string(&packed).expect("JSON");
            assert_eq!(written, serde_json::to_string(&queue).expect("JSON"));
            let read: Packed<Queue> = serde_json::from_str(&written).expect("a queue");
            assert_eq!((read.get(), read), (queue, packed));
        }
    }

    #[test]
    fn what_is_too_deep_to_be_read_again_is_kept_whole() {
        let deep = (0..200).fold(json!("[[[\"{"), |inner, _| json!([inner]));
        for (policy, nested) in [(deep, 201), (json!(["\\\"[{[", {}, {}]), 3)] {
            let queue = Queue { policy: Some(policy), ..Queue::default() };
            assert_eq!(depth(&serde_json::to_string(&queue).expect("JSON")), nested);
            let packed = Packed::of(&queue);
            assert_eq!(packed.get(), queue);
            assert_eq!(packed, Packed::of(&queue));
        }
    }

    #[test]
    fn values_are_compared_and_not_their_texts() {
        let of = |text: &str| Packed::of(&serde_json::from_str::<Value>(text).expect("JSON"));
        assert_eq!(of(r#"{"a":1,"b":2}"#), of(r#"{"b":2,"a":1}"#));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":2}"#));
    }
}
