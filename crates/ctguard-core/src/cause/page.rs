//! Holds the table of docs/causes.md to the remedies.

use super::refusal::reads;
use super::remedy::Failed;
use super::{Cause, Denial};
use crate::scope::{AccountId, Place, Region};
use std::collections::BTreeMap;
use std::fmt::Write;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/causes.md");

/// Around what is written by this test.
const MARKS: (&str, &str) = ("<!-- causes -->\n", "<!-- end of causes -->\n");

/// For each cause, the remedies that it has, with the calls that they are for.
fn table() -> String {
    let account = AccountId::new("111122223333").expect("an account");
    let place = Place::new(account, Region::new("ap-east-1").expect("a region"));
    let mut out = String::new();
    for cause in Cause::all() {
        // The two that no call to AWS ends with.
        if matches!(cause, Cause::NotAsked) {
            continue;
        }
        let mut remedies: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut calls = crate::permissions::every_call();
        if let Cause::Refused(_) = cause {
            calls.retain(|call| !reads(call));
        }
        for operation in &calls {
            let text = cause.remedy(Failed::at(operation, &place)).replace(operation, "CALL");
            remedies.entry(text).or_default().push(operation);
        }
        let mut remedies: Vec<(String, Vec<&str>)> = remedies.into_iter().collect();
        remedies.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
        let _ = writeln!(out, "### {}\n", cause.name());
        let others = remedies.len() > 1;
        for (index, (text, of)) in remedies.iter().enumerate() {
            let whom = match (index, others) {
                (0, false) => String::new(),
                (0, true) => "Every other call: ".to_owned(),
                _ => format!(
                    "{}: ",
                    of.iter().map(|call| format!("`{call}`")).collect::<Vec<_>>().join(", ")
                ),
            };
            let _ = writeln!(out, "- {whom}{text}");
        }
        let _ = writeln!(out);
    }
    out
}

#[test]
fn the_page_has_every_cause_with_its_remedies() {
    let page = std::fs::read_to_string(PAGE).expect("docs/causes.md");
    let (begin, end) = MARKS;
    let (before, rest) = page.split_once(begin).expect("the first mark");
    let (_, after) = rest.split_once(end).expect("the second mark");
    let wanted = format!("{before}{begin}\n{}{end}{after}", table());
    if std::env::var_os("UPDATE_CAUSES").is_some() {
        std::fs::write(PAGE, &wanted).expect("docs/causes.md");
        return;
    }
    assert_eq!(page, wanted, "UPDATE_CAUSES=1 cargo test -p ctguard-core --lib cause::page");
}

#[test]
fn every_denial_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<String> =
        Cause::all().into_iter().map(Cause::name).collect();
    assert_eq!(names.len(), Cause::all().len());
    assert!(names.contains(&Cause::Denied(Denial::default()).name()));
}
