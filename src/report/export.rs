//! What `export` says of the folder that it wrote, or compared.

use super::Paint;
use ctguard_core::plural::count;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// A folder of an export.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Exported {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// The engine that the folder is for: `cloudformation` or `terraform`.
    pub engine: String,
    /// The folder.
    pub folder: String,
    /// Whether the folder was only compared, and nothing was written.
    pub checked: bool,
    /// Whether every file was as it is made now.
    pub up_to_date: bool,
    /// The files of the folder that an export makes or has made, by path.
    pub files: Vec<ExportedFile>,
    /// What whoever deploys should know.
    pub notes: Vec<String>,
    /// What whoever deploys must know of what the folder held before: what moves, and what nothing deploys any longer. The next export says it no more.
    pub changes: Vec<String>,
}

/// A file of an export.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExportedFile {
    /// Its path below the folder.
    pub path: String,
    /// Its size as it is made now, in bytes; 0 when it is no longer made.
    pub bytes: usize,
    /// What became of it, or would.
    pub state: FileState,
}

/// How a file compares with what is made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// It was as it is made now.
    Same,
    /// It was not there.
    New,
    /// It had other content.
    Changed,
    /// An earlier export made it, and this one does not.
    Removed,
}

impl Exported {
    /// As people read it.
    pub fn render(&self, paint: &Paint) -> String {
        let mut text = String::new();
        for file in self.files.iter().filter(|file| file.state != FileState::Same) {
            let (mark, word) = match (file.state, self.checked) {
                (FileState::New, false) => (paint.good("+"), "written"),
                (FileState::New, true) => (paint.bad("-"), "missing"),
                (FileState::Changed, false) => (paint.warn("~"), "written anew"),
                (FileState::Changed, true) => (paint.warn("~"), "out of date"),
                (FileState::Removed, false) => (paint.bad("-"), "removed"),
                (FileState::Removed, true) => (paint.warn("~"), "no longer made"),
                (FileState::Same, _) => continue,
            };
            let _ = writeln!(text, "{mark} {}/{}: {word}", self.folder, file.path);
        }
        let made = self.files.iter().filter(|file| file.state != FileState::Removed).count();
        let differing = self.files.iter().filter(|file| file.state != FileState::Same).count();
        let summary = match (self.up_to_date, self.checked) {
            (true, _) => {
                format!("{} is up to date: {}.", self.folder, count(made, "file"))
            }
            (false, true) => format!(
                "{} is out of date: {} of {} differ. `ctguard export {} --out {}` writes them.",
                self.folder,
                differing,
                count(self.files.len(), "file"),
                self.engine,
                self.folder
            ),
            (false, false) => format!("{}: {}.", self.folder, count(made, "file")),
        };
        let _ = writeln!(text, "{summary}");
        if !self.checked && !self.up_to_date {
            let _ = writeln!(
                text,
                "Next: read {0}/README.md, deploy, and prove it with `ctguard verify`.",
                self.folder
            );
        }
        text
    }
}
