//! Comparing two things field by field, as JSON values.

use super::Field;
use serde::Serialize;
use serde_json::Value;

/// The fields of a change, in the order in which they were compared.
#[derive(Debug, Default)]
pub(super) struct FieldChanges(Vec<Field>);

impl FieldChanges {
    /// Records a difference unless the two are equal.
    pub fn compare<T: Serialize + PartialEq>(&mut self, path: &str, before: &T, after: &T) {
        if before != after {
            self.differ(path, before, after);
        }
    }

    /// Records a difference that was found otherwise.
    pub fn differ(&mut self, path: &str, before: &impl Serialize, after: &impl Serialize) {
        self.0.push(Field { path: path.to_owned(), before: value(before), after: value(after) });
    }

    /// Records the fields of a new object.
    pub fn set(&mut self, path: &str, after: &impl Serialize) {
        self.0.push(Field { path: path.to_owned(), before: None, after: value(after) });
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_vec(self) -> Vec<Field> {
        self.0
    }
}

/// `None` for what serialises to null, so that an absent field reads as absent.
fn value(of: &impl Serialize) -> Option<Value> {
    match serde_json::to_value(of) {
        Ok(Value::Null) | Err(_) => None,
        Ok(value) => Some(value),
    }
}
