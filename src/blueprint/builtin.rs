//! The blueprints that ship with the program, by id.
//!
//! Each is a file in `blueprints/`: id, title, why, sources and alerts. Adding one adds a file.

/// Id and text, sorted by id.
static BUILTINS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// The ids, sorted.
pub fn ids() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|(id, _)| *id)
}

/// The text of a built-in blueprint.
pub fn text(id: &str) -> Option<&'static str> {
    let at = BUILTINS.binary_search_by(|(known, _)| (*known).cmp(id)).ok()?;
    BUILTINS.get(at).map(|(_, text)| *text)
}

/// The name under which a built-in blueprint stands in spans and snippets: `builtin:<id>`.
pub fn file_name(id: &str) -> String {
    format!("builtin:{id}")
}
