//! What is the same of every engine.

use super::{Files, cloudformation, export, terraform};
use crate::blueprint::load_text;
use crate::scope::AccountId;
use jiff::civil::{Date, date};
use std::cell::Cell;

const TODAY: Date = date(2026, 11, 22);

/// A job that compares has no secrets: where they are set and where they are not, the same is written.
#[test]
fn no_file_says_which_secrets_were_known() {
    let text = r#"version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  people: { topic: people, subscribers: [{ secret: "env:A" }, { https: "https://m.example/in?token=x" }, { secret: "env:Z" }] }
routes: { high: [people] }
alerts:
  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute], why: w, next: n }
"#;
    let unknown = load_text("b.yaml", text, None, TODAY).blueprint.unwrap();
    let mut known = unknown.clone();
    // The later address sorts first.
    let number = Cell::new(9);
    known
        .resolve_secrets(|_| {
            number.set(number.get() - 1);
            Some(format!("https://h{}.example/in?token=y", number.get()))
        })
        .unwrap();
    let own = AccountId::new("111122223333").unwrap();
    let made = |blueprint| {
        let export = export(blueprint, &own, None, TODAY).unwrap();
        let files = [
            cloudformation::files(&export).unwrap(),
            terraform::files(&export, None, &Files::new()).unwrap(),
        ];
        (files, export.unknown)
    };
    let ((unknown, notes), (known, no_notes)) = (made(&unknown), made(&known));
    assert_eq!((notes.len(), no_notes.len()), (2, 0));
    assert_eq!(unknown, known);
}
