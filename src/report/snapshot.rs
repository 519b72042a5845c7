//! What `snapshot` says of the file that it wrote.

use schemars::JsonSchema;
use serde::Serialize;

/// A snapshot that was taken.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Taken {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// The file, `-` for standard output.
    pub file: String,
    /// The date that it is judged by, ISO 8601.
    pub as_of: String,
    /// How many places are in it.
    pub places: usize,
    /// Whether everything could be read.
    pub complete: bool,
}
