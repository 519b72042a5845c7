//! The graph of files in each crate: which file mentions what another one defines.
//!
//! Files that mention each other in a circle can only be read together. A few may; a group of more than
//! [`LARGEST_GROUP`] may not, and circles between the top-level modules of a crate are listed with a
//! reason. The graph is read from the names in the text (`graph`), so a method call is not seen.

mod graph;
mod text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use graph::Graph;

/// The most files that may mention each other in a circle.
const LARGEST_GROUP: usize = 4;

/// A circle between top-level modules that is accepted.
struct Known {
    krate: &'static str,
    modules: &'static [&'static str],
    /// Why taking it apart would make the code worse.
    reason: &'static str,
}

const KNOWN: &[Known] = &[];

/// Lists the crates of the workspace with their source folders.
fn crates() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![("ctguard".to_owned(), root.join("src"))];
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("src").is_dir() {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            all.push((name, folder.join("src")));
        }
    }
    all.sort();
    all
}

#[test]
fn no_more_than_four_files_mention_each_other_in_a_circle() {
    let mut large = Vec::new();
    for (krate, folder) in crates() {
        let graph = Graph::read(&folder);
        for group in graph.circles() {
            if group.len() > LARGEST_GROUP {
                large.push(format!("{krate}: {}", graph.describe(&group)));
            }
        }
    }
    assert!(large.is_empty(), "circles of more than {LARGEST_GROUP} files:\n{}", large.join("\n"));
}

#[test]
fn circles_between_top_level_modules_are_known_with_a_reason() {
    let mut unknown = Vec::new();
    let mut seen = 0;
    for (krate, folder) in crates() {
        let files = Graph::read(&folder);
        for group in files.top_level().circles() {
            let known = KNOWN.iter().find(|k| {
                k.krate == krate
                    && k.modules.iter().map(|m| (*m).to_owned()).collect::<BTreeSet<_>>() == group
            });
            match known {
                Some(known) => {
                    assert!(!known.reason.is_empty());
                    seen += 1;
                }
                None => unknown.push(format!("{krate}: {}", files.between(&group))),
            }
        }
    }
    assert!(unknown.is_empty(), "circles between top-level modules:\n{}", unknown.join("\n"));
    assert_eq!(seen, KNOWN.len(), "a circle on the list is gone: take it off the list");
}

/// A crate of six made-up files: five mention each other in a circle, through every form of path.
fn made_up() -> Graph {
    Graph::of([
        ("", "pub mod a; pub mod b; pub mod c; #[cfg(test)] mod tests;"),
        ("a", "//! Not `crate::c::Z`.\nuse crate::b::{self, deep::{Leaf as L}};\npub struct A(L);"),
        ("b", "mod deep; pub use deep::Leaf; pub struct B;"),
        ("b::deep", "use super::super::c::C; const S: &str = \"crate::a::A\"; pub struct Leaf(C);"),
        ("c", "mod inner; pub use inner::C; #[cfg(test)] mod t { use crate::a::A; }"),
        ("c::inner", "pub struct C; fn f(_: crate::d::D) {}"),
        ("d", "pub struct D { a: Box<crate::a::A> }"),
        ("tests", "use crate::d::D; use crate::b::B;"),
    ])
}

#[test]
fn a_made_up_circle_is_found() {
    let circles = made_up().circles();
    let names: Vec<Vec<&str>> =
        circles.iter().map(|c| c.iter().map(String::as_str).collect()).collect();
    assert_eq!(names, [vec!["a", "b::deep", "c::inner", "d"]]);
    let top = made_up().top_level().circles();
    assert_eq!(top.len(), 1);
    assert_eq!(top[0].iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
}

#[test]
fn what_is_re_exported_counts_for_the_file_that_defines_it() {
    let graph = Graph::of([
        ("", "mod a; mod b;"),
        ("a", "mod one; mod two; pub use one::One; pub use self::two::*;"),
        ("a::one", "pub struct One;"),
        ("a::two", "pub struct Two;"),
        ("b", "use crate::a::{One, Two}; use crate::a as renamed; fn f() { renamed::one::g(); }"),
    ]);
    assert_eq!(graph.mentions("b"), ["a::one", "a::two"]);
    assert_eq!(graph.mentions("a"), [""; 0]);
    assert!(graph.circles().is_empty());
}

#[test]
fn a_module_and_its_own_folder_are_no_circle() {
    let graph = Graph::of([
        ("", "mod a;"),
        ("a", "mod child; pub struct Context; fn all(c: &Context) { child::check(c); }"),
        ("a::child", "use super::Context; pub fn check(_: &Context) {}"),
    ]);
    assert_eq!(graph.mentions("a"), ["a::child"]);
    assert!(graph.circles().is_empty());
}

#[test]
fn a_circle_through_the_folder_of_a_module_is_found() {
    let graph = Graph::of([
        ("", "mod a; mod b;"),
        ("a", "mod child; pub fn all() { child::check(); }"),
        ("a::child", "pub fn check() { crate::b::g() }"),
        ("b", "pub fn g() { crate::a::all() }"),
    ]);
    assert_eq!(graph.circles()[0].len(), 3);
    assert_eq!(graph.top_level().circles().len(), 1);
}

/// Text of others is made fit to be read in one place, and nothing else of the program sees it as it is.
#[test]
fn only_the_screen_asks_for_text_of_others_as_it_is() {
    let mut asking = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path).unwrap().contains("uncleaned") {
                asking.push(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_owned());
            }
        }
    }
    assert_eq!(asking, [Path::new("src/report/screen.rs")]);
}
