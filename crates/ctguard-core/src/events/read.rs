//! Reading files of other tools into trees.
//!
//! Ordinary parsers read YAML, JSON and HCL and give the places. Text inside of text, such as JSON
//! in a heredoc, is read on its own, and its places are led back to the file.

pub(crate) mod embedded;
pub(crate) mod hcl;
pub(crate) mod yaml;

use std::ops::Range;

/// Stands where a template fills something in; no file has it.
pub(crate) const FILLED_IN: char = '\u{fffc}';

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub at: Range<usize>,
    pub why: String,
}
