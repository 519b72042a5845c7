//! The query that counts in Athena what a replay counts.

use schemars::JsonSchema;
use serde::Serialize;

/// A query, with what it leaves out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Query {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// The query, in Athena's SQL.
    pub sql: String,
    /// The alerts that it leaves out.
    pub not_counted: Vec<NotCounted>,
}

/// An alert whose conditions have no words in SQL.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NotCounted {
    /// The alert's id.
    pub alert: String,
    /// The field below `detail`.
    pub path: String,
    /// Why the condition has no words in SQL.
    pub why: String,
}
