//! CBOR as CloudWatch speaks it (Smithy's RPC v2), to and from JSON: maps, lists, text, numbers, and times,
//! which are tagged numbers.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc8949>

use serde_json::{Map, Number, Value, json};

/// Lists whose numbers are times, and those whose numbers are never whole: JSON cannot tell.
const TIMES: &str = "Timestamps";
const REALS: &str = "Values";

pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value, "");
    out
}

fn put(out: &mut Vec<u8>, value: &Value, key: &str) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Number(number) => {
            if key == TIMES {
                out.push(0xc1);
            }
            match number.as_u64().filter(|_| key != REALS) {
                Some(whole) => head(out, 0, whole),
                None => {
                    out.push(0xfb);
                    out.extend(number.as_f64().unwrap().to_be_bytes());
                }
            }
        }
        Value::String(text) => {
            head(out, 3, text.len() as u64);
            out.extend(text.as_bytes());
        }
        Value::Array(items) => {
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| put(out, item, key));
        }
        Value::Object(fields) => {
            head(out, 5, fields.len() as u64);
            for (key, value) in fields {
                put(out, &json!(key), "");
                put(out, value, key);
            }
        }
    }
}

fn head(out: &mut Vec<u8>, major: u8, count: u64) {
    out.push(major << 5 | 27);
    out.extend(count.to_be_bytes());
}

/// What a body says; panics where it is cut short or says something that CloudWatch would not be asked.
pub fn decode(bytes: &[u8]) -> Value {
    let mut rest = bytes;
    let value = take(&mut rest).expect("a body is not only an end");
    assert!(rest.is_empty(), "{} bytes are left over", rest.len());
    value
}

/// The next value; `None` at the end of a map or list of open length.
fn take(rest: &mut &[u8]) -> Option<Value> {
    let first = bytes(rest, 1)[0];
    let (major, short) = (first >> 5, first & 31);
    if first == 0xff {
        return None;
    }
    let open = short == 31;
    let count = match short {
        0..=23 => u64::from(short),
        24..=27 => {
            let bytes = bytes(rest, 1 << (short - 24));
            bytes.iter().fold(0, |count, byte| count << 8 | u64::from(*byte))
        }
        31 => u64::MAX,
        _ => panic!("{first:#x} is no beginning"),
    };
    Some(match major {
        0 => json!(count),
        1 => json!(-1 - i64::try_from(count).unwrap()),
        3 => json!(std::str::from_utf8(bytes(rest, count as usize)).unwrap()),
        4 => {
            let mut items = Vec::new();
            while (items.len() as u64) < count {
                match take(rest) {
                    Some(item) => items.push(item),
                    None => break,
                }
            }
            Value::Array(items)
        }
        5 => {
            let mut fields = Map::new();
            while open || (fields.len() as u64) < count {
                let Some(key) = take(rest) else { break };
                fields.insert(key.as_str().unwrap().to_owned(), take(rest).unwrap());
            }
            Value::Object(fields)
        }
        6 => take(rest).unwrap(),
        7 => match short {
            20 => json!(false),
            21 => json!(true),
            22 => Value::Null,
            27 => json!(Number::from_f64(f64::from_bits(count)).unwrap()),
            _ => panic!("{first:#x} is not known"),
        },
        _ => panic!("{first:#x} is not known"),
    })
}

fn bytes<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}

#[test]
fn what_is_encoded_is_read_back() {
    let value = json!({
        "Id": "m0", "Values": [2.0, 0.5], "Timestamps": [1_800_000_000u64],
        "Nothing": null, "Yes": true, "Deep": { "List": [] },
    });
    assert_eq!(decode(&encode(&value)), value);
    let open = [0xbf, 0x61, b'a', 0x9f, 0x18, 200, 0x20, 0xff, 0xff];
    assert_eq!(decode(&open), json!({ "a": [200, -1] }));
}
