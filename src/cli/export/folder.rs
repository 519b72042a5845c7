//! The folder of an export: what it says of itself, how it compares, and how it is written.

use super::super::files::{self, Readers};
use super::{Asked, Engine};
use crate::error::CommandError;
use crate::report::export::{Exported, ExportedFile, FileState};
use ctguard_core::export::{Export, Files, RollOut, stack_sets, terraform};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path};

/// The file by which a folder of an export is known.
pub const MARK: &str = "ctguard-export.json";

/// Largest file of a folder that is read, in bytes.
const FILE_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The file that says what CloudFormation deploys where.
const STACKS: &str = "stacks.json";

/// What the file that marks a folder says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Mark {
    format_version: u32,
    pub engine: Engine,
    blueprint: String,
    /// The files that the export made, this one left out.
    files: BTreeSet<String>,
}

impl Mark {
    /// Adds the file that marks the folder as one of this export.
    pub fn add(engine: Engine, export: &Export, files: &mut Files) {
        let mark = Self {
            format_version: 1,
            engine,
            blueprint: export.name.clone(),
            files: files.keys().cloned().collect(),
        };
        let text = serde_json::to_string_pretty(&mark).unwrap_or_default();
        files.insert(MARK.to_owned(), format!("{text}\n"));
    }
}

/// What a folder says of itself; `None` when it is new or empty.
pub fn mark(folder: &Path) -> Result<Option<Mark>, CommandError> {
    let path = folder.join(MARK);
    let text = match text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
            if occupied || folder.is_file() {
                return Err(CommandError::refused(format!(
                    "{} is not empty, and no export of ctguard's made what is in it",
                    folder.display()
                ))
                .hint(
                    "Name a new folder: files that are no longer made are removed from it later.",
                ));
            }
            return Ok(None);
        }
        Err(error) => {
            return Err(CommandError::io(format!("cannot read {}", path.display()), &error));
        }
    };
    let wrong = |why: String| {
        CommandError::new(format!("{} cannot be used: {why}", path.display()))
            .hint("Take the file back from version control, or delete it with the files that exports made, and export again.")
    };
    let mark: Mark = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if mark.format_version != 1 {
        return Err(wrong(format!("its format {} is a newer program's", mark.format_version)));
    }
    // It says what is removed: nothing outside of the folder.
    let stays = |path: &str| {
        let path = Path::new(path);
        !path.as_os_str().is_empty()
            && path.components().all(|part| matches!(part, Component::Normal(_)))
    };
    match mark.files.iter().find(|path| !stays(path)) {
        Some(path) => Err(wrong(format!("it names `{path}`, which is not below the folder"))),
        None => Ok(Some(mark)),
    }
}

/// What a file of the folder holds.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    files::open_within(path, FILE_MAX_BYTES)?.read_to_end(&mut all)?;
    Ok(all)
}

fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(bytes(path)?).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// The files of a folder of Terraform's that say what it held before.
pub fn former(asked: &Asked<'_>) -> Result<Files, CommandError> {
    let mut files = Files::new();
    if asked.mark.is_none() || asked.engine != Engine::Terraform {
        return Ok(files);
    }
    for name in terraform::FORMER_FILES {
        without_links(asked.folder, name)?;
        let path = asked.folder.join(name);
        match text(&path) {
            Ok(text) => drop(files.insert(name.to_owned(), text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(CommandError::io(format!("cannot read {}", path.display()), &error));
            }
        }
    }
    Ok(files)
}

/// How the folder compares with what is made now.
pub fn compared(
    asked: &Asked<'_>,
    files: &Files,
    export: &Export,
) -> Result<Exported, CommandError> {
    let before = asked.mark.iter().flat_map(|mark| &mark.files);
    for path in before.clone().chain(files.keys()) {
        without_links(asked.folder, path)?;
    }
    let mut all = Vec::new();
    for (path, text) in files {
        let on_disk = asked.folder.join(path);
        let state = match bytes(&on_disk) {
            Ok(old) if old == text.as_bytes() && can_run(&on_disk) => FileState::Same,
            Ok(_) => FileState::Changed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileState::New,
            Err(error) => {
                return Err(CommandError::io(format!("cannot read {}", on_disk.display()), &error));
            }
        };
        all.push(ExportedFile { path: path.clone(), bytes: text.len(), state });
    }
    let gone = before.filter(|path| !files.contains_key(*path));
    let there = gone.filter(|path| asked.folder.join(path).exists());
    all.extend(there.map(|path| ExportedFile {
        path: path.clone(),
        bytes: 0,
        state: FileState::Removed,
    }));
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Exported {
        format_version: 1,
        engine: asked.engine.as_str().to_owned(),
        folder: asked.folder.display().to_string(),
        checked: asked.check,
        up_to_date: all.iter().all(|file| file.state == FileState::Same),
        files: all,
        notes: notes(asked, export),
        changes: changes(asked, files),
    })
}

/// What whoever deploys should know of the export itself.
fn notes(asked: &Asked<'_>, export: &Export) -> Vec<String> {
    let mut notes = [export.notes.as_slice(), &export.unknown].concat();
    if let Some(deploy) = asked.deploy
        && deploy.engine() != asked.engine.as_str()
    {
        notes.push(format!(
            "The blueprint says `deploy: {}`, and this folder is for {}: what both deploy, one of them changes back.",
            deploy.as_str(),
            asked.engine.as_str()
        ));
    }
    notes
}

/// What whoever deploys must know of what the folder held before: no later export can say it.
fn changes(asked: &Asked<'_>, files: &Files) -> Vec<String> {
    let Some(now) = files.get(STACKS) else { return Vec::new() };
    let path = asked.folder.join(STACKS);
    let before = match text(&path) {
        Ok(text) => stack_sets::read(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => Err(error.to_string()),
    };
    match (before, stack_sets::read(now)) {
        (Ok(before), Ok(now)) => stack_changes(&before, &now),
        (Err(why), _) | (_, Err(why)) => vec![format!(
            "{} cannot be read ({why}): which stacks the folder deployed before and deploys no longer is not known.",
            path.display()
        )],
    }
}

fn stack_changes(before: &RollOut, now: &RollOut) -> Vec<String> {
    let mut changes = Vec::new();
    let anew = stack_sets::shared_out_anew(before, now);
    if !anew.is_empty() {
        changes.push(format!(
            "Some rules move from one stack to another, since a class takes another number of templates: {}. CloudFormation makes no rule of a name that exists, so that each is deleted first and its alert silent until it is there again: docs/export.md says how.",
            anew.join("; ")
        ));
    }
    let left = stack_sets::left_behind(before, now);
    if !left.is_empty() {
        changes.push(format!(
            "The folder deployed these stacks before and deploys them no longer, and no script of it removes them: {}. What they hold stays until they are deleted, and where another stack takes it over, they must go first: docs/export.md says how.",
            left.join("; ")
        ));
    }
    changes
}

/// Refuses a folder that leads elsewhere: what is written and removed is below it.
fn without_links(folder: &Path, path: &str) -> Result<(), CommandError> {
    let mut at = folder.to_owned();
    for part in Path::new(path).components() {
        at.push(part);
        if fs::symlink_metadata(&at).is_ok_and(|about| about.is_symlink()) {
            return Err(CommandError::refused(format!("{} is a link", at.display())).hint(
                "An export writes and removes files below its own folder only: replace the link by what it leads to.",
            ));
        }
    }
    Ok(())
}

/// Writes what differs, and removes what is no longer made. The file that marks the folder goes first, so that
/// a stop leaves a folder that is known for one.
pub fn write(asked: &Asked<'_>, files: &Files, exported: &Exported) -> Result<(), CommandError> {
    let failed = |path: &Path, error: &io::Error| {
        CommandError::io(format!("cannot write {}", path.display()), error)
    };
    let mut order: Vec<&ExportedFile> = exported.files.iter().collect();
    order.sort_by_key(|file| file.path != MARK);
    for file in order {
        let path = asked.folder.join(&file.path);
        match (file.state, files.get(&file.path)) {
            (FileState::Same, _) => {}
            (FileState::Removed, _) => {
                fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
            }
            (_, Some(text)) => {
                let parent = path.parent().unwrap_or(asked.folder);
                fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
                let write = |out: &mut dyn io::Write| out.write_all(text.as_bytes());
                files::written(&path, Readers::Usual, write)
                    .and_then(|()| executable(&path))
                    .map_err(|error| failed(&path, &error))?;
            }
            (_, None) => {}
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sh")
}

/// Whether its owner can run it, where it is a script.
#[cfg(unix)]
fn can_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    !is_script(path) || fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o100 > 0)
}

#[cfg(not(unix))]
fn can_run(_: &Path) -> bool {
    true
}

/// Lets a script be run.
#[cfg(unix)]
fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if !is_script(path) {
        return Ok(());
    }
    let mut mode = fs::metadata(path)?.permissions();
    // Whoever may read it may run it.
    mode.set_mode(mode.mode() | (mode.mode() & 0o444) >> 2);
    fs::set_permissions(path, mode)
}

#[cfg(not(unix))]
fn executable(_: &Path) -> io::Result<()> {
    Ok(())
}
