//! What was found in files of names and patterns.

use ctguard_core::diag::{Diagnostic, Severity};
use ctguard_core::events::Checked;
use ctguard_core::plural::count;
use schemars::JsonSchema;
use serde::Serialize;

/// What `events check` found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventCheck {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// Whether something can never match, or is refused.
    pub wrong: bool,
    /// Whether every file could be read, and has something to check.
    pub complete: bool,
    /// What was looked at, in the order given.
    pub files: Vec<Checked>,
}

impl EventCheck {
    /// Gathers what was found in each file; `unread` files could not be opened.
    pub fn new(files: Vec<Checked>, unread: usize) -> Self {
        Self {
            format_version: 1,
            wrong: files.iter().any(Checked::is_wrong),
            complete: unread == 0 && files.iter().all(|file| file.not_read.is_none()),
            files,
        }
    }

    /// Everything that was found, file by file.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.files.iter().flat_map(|file| file.diagnostics.clone()).collect()
    }

    /// All files in few words.
    pub(crate) fn verdict(&self) -> String {
        let files = count(self.files.len(), "file");
        match (self.wrong, self.complete) {
            (true, _) => format!("something in {files} can never match"),
            (false, false) => format!("not all of {files} could be checked"),
            (false, true) => format!("everything in {files} can match, as far as is known"),
        }
    }

    /// A sentence for each file.
    pub(crate) fn render(&self) -> String {
        self.files.iter().map(sentence).collect()
    }
}

fn sentence(file: &Checked) -> String {
    if let Some(why) = &file.not_read {
        return format!("{}: not checked: {why}.\n", file.file);
    }
    let tally = |severity| file.diagnostics.iter().filter(|one| one.severity == severity).count();
    let held = [(file.patterns, "pattern"), (file.names, "name")];
    let held = held.iter().filter(|(number, _)| *number > 0);
    let held: Vec<String> = held.map(|(number, what)| count(*number, what)).collect();
    format!(
        "{}: {} checked: {}, {}, {}.\n",
        file.file,
        held.join(" and "),
        count(tally(Severity::Error), "error"),
        count(tally(Severity::Warning), "warning"),
        count(tally(Severity::Note), "note")
    )
}
