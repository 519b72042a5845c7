//! Digests of values, by which one that was edited or has changed is told.

use crate::hex::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The SHA-256 of a value's canonical JSON, in hexadecimal.
pub fn sha256(value: &Value) -> String {
    let text = canonical(value).to_string();
    hex(&Sha256::digest(text.as_bytes()))
}

/// Keys sorted, and lists of words: their order has no meaning anywhere.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            fields.into_iter().map(|(key, value)| (key.clone(), canonical(value))).collect()
        }
        Value::Array(members) if members.iter().all(Value::is_string) => {
            let mut words: Vec<&str> = members.iter().filter_map(Value::as_str).collect();
            words.sort_unstable();
            json!(words)
        }
        Value::Array(members) => members.iter().map(canonical).collect(),
        other => other.clone(),
    }
}
