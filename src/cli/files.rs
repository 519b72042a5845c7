//! Files that results go to: the whole file is there, or what was there before.
//!
//! A regular file is written beside its place and renamed, so that a full disk, a kill or a crash
//! leaves the old one. Nobody else may read it: results hold ARNs, policies and addresses. What is
//! no regular file (a device, a pipe) is written through, since renaming would put a file in its
//! place; links are followed first, so that they stay.

use super::{Io, timeout};
use crate::error::CommandError;
use eventbridge_pattern::archive::check_is_file;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::{Builder, NamedTempFile};

/// Most links that lead from one to the next, as Linux follows them.
const LINKS_MAX: usize = 40;

/// What the names of temporary files end with.
const ENDING: &str = ".ctguard-tmp";

/// The age from which a temporary file is taken for one that a killed run has left.
const LEFT_AFTER: Duration = Duration::from_secs(3_600);

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    Owner,
    /// Those of the file that is replaced; for a new one, whom the umask lets.
    Usual,
}

/// Whether standard input is meant.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether standard output is meant.
pub(super) fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdout")
}

/// Writes a text to a file, or to standard output where it is `-`.
///
/// # Errors
/// When it cannot be written whole; then what was there is left.
pub(super) fn save(path: &Path, text: &str, readers: Readers, io: &mut Io<'_>) -> io::Result<()> {
    match is_standard_output(path) {
        true => io.out.write_all(text.as_bytes()).and_then(|()| io.out.flush()),
        false => written(path, readers, |out| out.write_all(text.as_bytes())),
    }
}

/// The same piece by piece, to what is not standard output.
///
/// # Errors
/// The same.
pub(super) fn written(
    path: &Path,
    readers: Readers,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    timeout::result_begins();
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => Err(io::Error::other("it is a folder")),
        Ok(about) if !about.is_file() => through(path, write),
        _ if is_device(path) => through(path, write),
        _ => {
            let path = followed(path)?;
            let file = beside(&path, readers, write)?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        }
    }
}

/// Writes a new file of the user's; `force` replaces one that is there.
///
/// # Errors
/// When there is one, or it cannot be written.
pub(super) fn create(
    path: &Path,
    text: &str,
    force: bool,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    let made = match force || is_standard_output(path) {
        true => save(path, text, Readers::Usual, io),
        false => created(path, text),
    };
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => CommandError::io(format!("cannot write {}", path.display()), &error),
    })
}

/// The refusal to write over a file.
pub(super) fn exists(path: &Path) -> CommandError {
    CommandError::refused(format!("{} exists", path.display()))
        .hint("Name another file, or replace it with --force.")
}

/// Writes a new file and replaces none.
///
/// # Errors
/// When there is one, or it cannot be written.
fn created(path: &Path, text: &str) -> io::Result<()> {
    let write = |out: &mut dyn Write| out.write_all(text.as_bytes());
    match (fs::metadata(path), fs::symlink_metadata(path)) {
        (Ok(about), _) if !about.is_file() && !about.is_dir() => through(path, write),
        _ if is_device(path) => through(path, write),
        (Err(_), Err(_)) => {
            let file = beside(path, Readers::Usual, write)?;
            file.persist_noclobber(path).map(drop).map_err(|error| error.error)
        }
        _ => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

/// Whether a name is a device's in every folder, as `NUL` is on Windows.
///
/// Source: <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
fn is_device(path: &Path) -> bool {
    cfg!(windows) && path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("NUL"))
}

/// Writes to a device or a pipe as it stands.
fn through(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
    write(&mut out)?;
    out.flush()
}

/// Where links lead, also if nothing is there yet.
pub(super) fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if !fs::symlink_metadata(&path).is_ok_and(|about| about.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(io::Error::other("too many links lead from one to the next"))
}

/// Makes files for these readers.
#[cfg(unix)]
fn builder(readers: Readers) -> Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = Builder::new();
    if readers == Readers::Usual {
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

/// Makes files: they have the rights of their folder.
#[cfg(not(unix))]
fn builder(_: Readers) -> Builder<'static, 'static> {
    Builder::new()
}

/// A temporary file in the same folder; on any error it is gone again.
fn beside(
    path: &Path,
    readers: Readers,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or(OsStr::new("result")).to_string_lossy();
    let prefix = format!(".{}.", name.chars().take(40).collect::<String>());
    sweep(folder, &prefix);
    let made = builder(readers).prefix(&prefix).suffix(ENDING).tempfile_in(folder);
    let mut file = made.map_err(|error| no_folder(folder, error))?;
    let mut out = BufWriter::new(file.as_file_mut());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    if let (Readers::Usual, Ok(replaced)) = (readers, fs::metadata(path)) {
        fs::set_permissions(file.path(), replaced.permissions())?;
    }
    Ok(file)
}

/// Names the folder that is missing, and not the temporary file in it.
fn no_folder(folder: &Path, error: io::Error) -> io::Error {
    match error.kind() == io::ErrorKind::NotFound && !folder.exists() {
        true => io::Error::new(error.kind(), format!("there is no folder {}", folder.display())),
        false => error,
    }
}

/// Removes what a run has left that was killed while it wrote the same file.
fn sweep(folder: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(prefix) || !name.ends_with(ENDING) {
            continue;
        }
        let age = entry.metadata().and_then(|about| about.modified());
        if age.is_ok_and(|then| then.elapsed().is_ok_and(|age| age > LEFT_AFTER)) {
            // Somebody else may be faster.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Opens a file to read. A pipe or a device might keep the program waiting for ever, so that only
/// those are read that the shell has opened (`/dev/stdin`, `<(…)`).
///
/// # Errors
/// When it cannot be opened, or is neither a file nor opened by the shell.
pub(super) fn open(path: &Path) -> io::Result<File> {
    check_is_file(path)?;
    File::open(path)
}

/// Reads the text of a file, or of standard input where it is `-`, of at most so many bytes.
///
/// # Errors
/// When it cannot be read, or has more.
pub(super) fn text(path: &Path, most: u64, io: &mut Io<'_>) -> io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let size = match is_standard_input(path) {
        true => Read::take(&mut *io.input, most + 1).read_to_string(&mut text)?,
        false => open_within(path, most)?.take(most + 1).read_to_string(&mut text)?,
    };
    match size as u64 > most {
        true => Err(too_large(most)),
        false => Ok(text),
    }
}

/// Opens a file of at most so many bytes. What a pipe has is counted while it is read.
///
/// # Errors
/// When it cannot be opened, or has more.
pub(super) fn open_within(path: &Path, most: u64) -> io::Result<File> {
    let file = open(path)?;
    match file.metadata()? {
        about if about.is_file() && about.len() > most => Err(too_large(most)),
        _ => Ok(file),
    }
}

fn too_large(most: u64) -> io::Error {
    io::Error::other(format!("it is larger than {} MiB", most >> 20))
}
