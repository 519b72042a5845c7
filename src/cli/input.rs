//! Files that the user names, and standard input.

use super::Io;
use super::files::{self, is_standard_input};
use std::io;
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes.
const FILE_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 32;

/// The text of a file, or of standard input where it is `-`.
///
/// # Errors
/// When it cannot be read, is a folder, or is too large.
pub(super) fn text(path: &Path, io: &mut Io<'_>) -> io::Result<String> {
    let text = text_with_mark(path, io)?;
    // Places are counted in what was read, so it is shown without the mark, too.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The same with a byte order mark, where there is one: for what is written back.
///
/// # Errors
/// The same.
pub(super) fn text_with_mark(path: &Path, io: &mut Io<'_>) -> io::Result<String> {
    match !is_standard_input(path) && path.is_dir() {
        true => Err(io::Error::other("it is a folder; name its files")),
        false => files::text(path, FILE_MAX_BYTES, io),
    }
}

/// The files below a folder that end so, sorted; the path itself, where it is no folder.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn files_below(path: &Path, endings: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    match is_standard_input(path) || !path.is_dir() {
        true => files.push(path.to_owned()),
        false => collect(path, endings, 0, &mut files)?,
    }
    Ok(files)
}

fn collect(
    folder: &Path,
    endings: &[&str],
    depth: usize,
    files: &mut Vec<PathBuf>,
) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(io::Error::other("its folders are nested too deep"));
    }
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        entries.push(entry?.path());
    }
    entries.sort();
    for entry in entries {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        if name.starts_with('.') {
            continue;
        }
        if entry.is_dir() {
            collect(&entry, endings, depth + 1, files)?;
        } else if ending.is_some_and(|ending| endings.contains(&ending.as_str())) {
            files.push(entry);
        }
    }
    Ok(())
}
