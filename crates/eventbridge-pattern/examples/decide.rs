//! Decides whether a pattern matches an event, and prints what keeps it from matching.
//!
//! `cargo run --example decide -- PATTERN.json EVENT.json`; without arguments, a pattern and an event of its own.

use eventbridge_pattern::{Event, Mismatch, Pattern};
use std::error::Error;

const PATTERN: &str = r#"{
    "source": ["aws.iam"],
    "detail": {
        "eventName": [{"prefix": "Delete"}, "CreateAccessKey"],
        "userIdentity": {"type": [{"anything-but": "AWSService"}]}
    }
}"#;
const EVENT: &str = r#"{
    "source": "aws.iam",
    "detail": {"eventName": "CreateUser", "userIdentity": {"type": "Root"}}
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (pattern, event) = match arguments.as_slice() {
        [] => (PATTERN.to_owned(), EVENT.to_owned()),
        [pattern, event] => (std::fs::read_to_string(pattern)?, std::fs::read_to_string(event)?),
        _ => return Err("usage: decide PATTERN.json EVENT.json".into()),
    };
    let pattern = Pattern::parse(&pattern)?;
    let event = Event::read(event.as_bytes())?;
    let reasons = pattern.filter.mismatches(&event);
    if reasons.is_empty() {
        println!("The pattern matches the event.");
    } else {
        println!("The pattern does not match the event:");
    }
    for reason in reasons {
        println!("  {}", sentence(&reason));
    }
    Ok(())
}

fn sentence(reason: &Mismatch) -> String {
    match reason {
        Mismatch::Field { path, wanted, found, .. } if found.is_empty() => {
            format!("`{path}` is missing; {wanted} is wanted")
        }
        Mismatch::Field { path, wanted, found, .. } => {
            format!("`{path}` is {}; {wanted} is wanted", serde_json::Value::from(found.clone()))
        }
        Mismatch::Lost { why } => why.clone(),
        Mismatch::Elements { paths } => {
            format!("no one element of a list has all of {}", paths.join(", "))
        }
    }
}
