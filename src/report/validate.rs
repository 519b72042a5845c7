//! What `validate` found, as data and as one sentence; the diagnostics themselves are rendered by `diagnostics`.

use ctguard_core::diag::{Diagnostic, Severity};
use ctguard_core::plural::count;
use schemars::JsonSchema;
use serde::Serialize;

/// What `validate` found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Validation {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// The blueprint as the user named it.
    pub file: String,
    /// Whether there is no error.
    pub valid: bool,
    /// How many alerts it has; absent when it is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<usize>,
    /// How many destinations it has; absent when it is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destinations: Option<usize>,
    /// Every problem, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// An error in place of a verb's result.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The verb that failed, as it is typed.
    pub verb: &'static str,
    pub diagnostic: Diagnostic,
}

/// The last sentence of `validate`.
pub fn render(validation: &Validation) -> String {
    let tally = |severity| validation.diagnostics.iter().filter(|d| d.severity == severity).count();
    let (file, warnings) = (&validation.file, count(tally(Severity::Warning), "warning"));
    match (validation.alerts, validation.destinations) {
        (Some(alerts), Some(destinations)) if validation.valid => format!(
            "{file} is valid: {}, {}, {warnings}.\n",
            count(alerts, "alert"),
            count(destinations, "destination")
        ),
        _ => format!(
            "{file} is not valid: {}, {warnings}.\n",
            count(tally(Severity::Error), "error")
        ),
    }
}
