//! From a file to a blueprint: reading, includes, and all problems in one sorted list.
//!
//! The only part of the blueprint that opens files. What is opened is bounded: one file named by
//! the user, and includes that are regular files inside its folder.

use super::raw::{self, RawAlert, RawBlueprint, RawInclude, RawIncludeFrom, RawInclusion};
use super::reader::{Reader, Spanned, list};
use super::source::{Source, normalise};
use super::validate::Judged;
use super::{Alert, Allowed, Blueprint, builtin, lint, lookalikes, validate, yaml};
use crate::catalogue::nearest;
use crate::codes;
use crate::diag;
use crate::diag::{Code, Diagnostic, Severity, Span};
use eventbridge_pattern::archive;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Largest file that is read. More than the rules of a bus can say takes no more than a part of it;
/// docs/reliability.md says what time and memory a file of this size takes.
const FILE_MAX_BYTES: usize = 8 * 1024 * 1024;

/// The result of reading a blueprint.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// Present if and only if no diagnostic is an error.
    pub blueprint: Option<Blueprint>,
    /// The alerts that could be read, when there is no blueprint.
    pub alerts: Vec<Alert>,
    /// What the blueprint allows.
    pub allowed: Allowed,
    /// By file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The text of each file that was read, by the name that spans use.
    pub sources: BTreeMap<String, String>,
    /// Where each included file is named, by the name that spans use.
    pub included: BTreeMap<String, Span>,
}

/// Reads a blueprint from a file.
pub fn load(path: &Path, as_of: Date) -> Loaded {
    let name = path.display().to_string();
    match read_file(path) {
        Ok(bytes) => {
            let folder = match path.parent() {
                Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
                Some(folder) => folder,
                None => Path::new("."),
            };
            load_bytes(&name, bytes, &Files::Folder(folder), as_of)
        }
        Err(error) => failed(file_problem(&name, &error)),
    }
}

/// Reads a blueprint from text; `base` is the folder for `include: [{ path: ... }]`.
pub fn load_text(file: &str, text: &str, base: Option<&Path>, as_of: Date) -> Loaded {
    let files = base.map_or(Files::None, Files::Folder);
    load_bytes(file, text.as_bytes().to_vec(), &files, as_of)
}

/// Reads a blueprint again from the texts that [`Loaded::sources`] kept, without any file.
///
/// Built-in blueprints come from the texts too, so that a saved plan means what it meant.
pub fn load_sources(file: &str, sources: &BTreeMap<String, String>, as_of: Date) -> Loaded {
    match sources.get(file) {
        Some(text) => load_bytes(file, text.clone().into_bytes(), &Files::Memory(sources), as_of),
        None => failed(file_problem(file, &io::ErrorKind::NotFound.into())),
    }
}

/// A blueprint of which nothing could be read.
pub fn not_read(name: &str, error: &io::Error) -> Loaded {
    failed(file_problem(name, error))
}

fn failed(problem: Diagnostic) -> Loaded {
    Loaded { blueprint: None, diagnostics: vec![problem], ..Loaded::default() }
}

/// Where included files come from.
enum Files<'a> {
    None,
    Folder(&'a Path),
    Memory(&'a BTreeMap<String, String>),
}

fn load_bytes(name: &str, bytes: Vec<u8>, files: &Files<'_>, as_of: Date) -> Loaded {
    let mut loading = Loading {
        main: name,
        files,
        diagnostics: Vec::new(),
        sources: BTreeMap::new(),
        included: BTreeMap::new(),
    };
    let judged = loading.main(bytes);
    let Loading { mut diagnostics, sources, included, .. } = loading;
    let mut allowed = Allowed::default();
    let (blueprint, alerts) = match judged {
        Some(Judged::Whole(checked))
            if !has_errors(&diagnostics) && lint::without_routes(&checked).is_some() =>
        {
            diagnostics.extend(lint::without_routes(&checked));
            (None, checked.blueprint.alerts)
        }
        Some(Judged::Whole(checked)) if !has_errors(&diagnostics) => {
            lint::lint(&checked, as_of, &mut diagnostics);
            allowed = Allowed::of(&checked);
            (Some(checked.blueprint), Vec::new())
        }
        Some(Judged::Whole(checked)) => (None, checked.blueprint.alerts),
        Some(Judged::Part(alerts)) => (None, alerts),
        None => (None, Vec::new()),
    };
    if has_errors(&diagnostics) {
        for (name, text) in &sources {
            lookalikes::name(&Source::new(name, text), &mut diagnostics);
        }
    }
    diag::sort(&mut diagnostics);
    diagnostics.dedup();
    diag::bound(&mut diagnostics);
    Loaded { blueprint, alerts, allowed, diagnostics, sources, included }
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

struct Loading<'a> {
    main: &'a str,
    files: &'a Files<'a>,
    diagnostics: Vec<Diagnostic>,
    sources: BTreeMap<String, String>,
    included: BTreeMap<String, Span>,
}

impl Loading<'_> {
    fn main(&mut self, bytes: Vec<u8>) -> Option<Judged> {
        let text = self.text(self.main, bytes)?;
        let raw = match self.parse(self.main, &text, main_file)? {
            MainFile::Blueprint(raw) => *raw,
            MainFile::Included(alone) => return self.alone(alone),
        };
        let mut seen = BTreeSet::new();
        let mut included = Vec::new();
        for include in &raw.include {
            if let Some(alerts) = self.include(include, &mut seen) {
                included.extend(alerts);
            }
        }
        Some(validate::validate(raw, included, &mut self.diagnostics))
    }

    /// Judges the alerts of a file that is no blueprint, as one that includes it would.
    fn alone(&mut self, alone: RawInclusion) -> Option<Judged> {
        let around = "version: 1\nname: check\nalerts: []\n";
        let raw: RawBlueprint = self.parse(self.main, around, raw::blueprint)?;
        validate::version(alone.version.as_ref(), &mut self.diagnostics);
        Some(validate::validate(raw, alone.alerts, &mut self.diagnostics))
    }

    /// Decodes a file and keeps its text for snippets.
    fn text(&mut self, name: &str, bytes: Vec<u8>) -> Option<String> {
        let mut text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let line = error.as_bytes()[..good].iter().filter(|b| **b == b'\n').count() + 1;
                let problem = format!("`{name}` is not UTF-8 text: line {line} has other bytes");
                self.diagnostics.push(
                    Diagnostic::error(codes::FILE_NOT_UTF8, problem).help("save the file as UTF-8"),
                );
                return None;
            }
        };
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        self.sources.insert(name.to_owned(), text.clone());
        Some(text)
    }

    fn parse<T>(
        &mut self,
        name: &str,
        text: &str,
        shape: impl Fn(&mut Reader<'_>, &yaml::Node) -> Option<T>,
    ) -> Option<T> {
        if text.len() > FILE_MAX_BYTES {
            self.diagnostics.push(too_large(name));
            return None;
        }
        let source = Source::new(name, text);
        let node = yaml::read(&source, &mut self.diagnostics)?;
        let mut reader = Reader::new(&source);
        let raw = shape(&mut reader, &node);
        self.diagnostics.append(&mut reader.diagnostics);
        raw
    }

    /// The alerts that an include brings.
    fn include(
        &mut self,
        include: &RawInclude,
        seen: &mut BTreeSet<String>,
    ) -> Option<Vec<RawAlert>> {
        let (name, bytes, written) = match &include.from {
            RawIncludeFrom::Builtin(id) => {
                let name = builtin::file_name(&id.value);
                let kept = match self.files {
                    Files::Memory(sources) => sources.get(&name).map(String::as_str),
                    _ => None,
                };
                let Some(text) = kept.or_else(|| builtin::text(&id.value)) else {
                    let ids: Vec<&str> = builtin::ids().collect();
                    let help = match nearest(&id.value, ids.iter().copied()).first() {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("there is {}", list(&ids)),
                    };
                    let message = format!("there is no built-in blueprint `{}`", id.value);
                    self.problem(codes::INCLUDE_UNKNOWN, message, id, &help);
                    return None;
                };
                (name, text.as_bytes().to_vec(), id)
            }
            RawIncludeFrom::Path(path) => {
                let (name, bytes) = self.open(path)?;
                (name, bytes, path)
            }
        };
        if !seen.insert(name.clone()) {
            let message = format!("`{}` is included twice", written.value);
            self.problem(codes::INCLUDE_REPEATED, message, written, "include it once");
            return None;
        }
        self.included.insert(name.clone(), written.span.clone());
        let text = self.text(&name, bytes)?;
        let raw = self.parse(&name, &text, raw::inclusion)?;
        validate::version(raw.version.as_ref(), &mut self.diagnostics);
        let ids: Vec<&str> =
            raw.alerts.iter().filter_map(|alert| Some(alert.id.as_ref()?.value.as_str())).collect();
        let mut problems = Vec::new();
        for omitted in include.omit.iter().filter(|omitted| !ids.contains(&omitted.value.as_str()))
        {
            let help = match nearest(&omitted.value, ids.iter().copied()).first() {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("its alerts are {}", list(&ids)),
            };
            problems.push((
                format!("`{}` has no alert `{}`", written.value, omitted.value),
                omitted,
                help,
            ));
        }
        for (message, omitted, help) in problems {
            self.problem(codes::OMIT_UNKNOWN, message, omitted, &help);
        }
        let omit: BTreeSet<&str> = include.omit.iter().map(|id| id.value.as_str()).collect();
        let omitted =
            |alert: &RawAlert| alert.id.as_ref().is_some_and(|id| omit.contains(id.value.as_str()));
        Some(raw.alerts.into_iter().filter(|alert| !omitted(alert)).collect())
    }

    /// Opens an included file: its name in spans, and its bytes.
    fn open(&mut self, path: &Spanned<String>) -> Option<(String, Vec<u8>)> {
        const INSIDE: &str = "included files stand in the blueprint's folder or below it: move or copy the file there";
        let Some(relative) = normalise(&path.value) else {
            let message = format!("`{}` is outside the blueprint's folder", path.value);
            self.problem(codes::INCLUDE_OUTSIDE, message, path, INSIDE);
            return None;
        };
        let parent = Path::new(self.main).parent().map(|folder| folder.display().to_string());
        let name = match parent {
            Some(folder) if !folder.is_empty() => {
                format!("{}/{relative}", folder.trim_end_matches('/'))
            }
            _ => relative.clone(),
        };
        let bytes = match self.files {
            Files::None => {
                let message =
                    format!("`{}` cannot be included: the blueprint has no folder", path.value);
                self.problem(codes::INCLUDE_OUTSIDE, message, path, "save the blueprint to a file");
                return None;
            }
            Files::Memory(sources) => match sources.get(&name) {
                Some(text) => Ok(text.clone().into_bytes()),
                None => Err(io::ErrorKind::NotFound.into()),
            },
            Files::Folder(folder) => match inside(folder, &relative, Path::new(self.main)) {
                Ok(Place::Inside(file)) => read_file(&file),
                Ok(Place::Outside) => {
                    let message = format!("`{}` leads outside the blueprint's folder", path.value);
                    self.problem(codes::INCLUDE_OUTSIDE, message, path, INSIDE);
                    return None;
                }
                Ok(Place::Itself) => {
                    let message = "the blueprint includes itself";
                    self.problem(codes::INCLUDE_REPEATED, message, path, "remove this include");
                    return None;
                }
                Err(error) => Err(error),
            },
        };
        match bytes {
            Ok(bytes) => Some((name, bytes)),
            Err(error) => {
                self.diagnostics.push(file_problem(&name, &error).at(Some(path.span.clone())));
                None
            }
        }
    }

    fn problem(
        &mut self,
        code: Code,
        message: impl Into<String>,
        at: &Spanned<String>,
        help: &str,
    ) {
        self.diagnostics
            .push(Diagnostic::error(code, message).at(Some(at.span.clone())).help(help));
    }
}

/// What the file that was named is.
enum MainFile {
    Blueprint(Box<RawBlueprint>),
    /// One that a blueprint includes.
    Included(RawInclusion),
}

fn main_file(reader: &mut Reader<'_>, root: &yaml::Node) -> Option<MainFile> {
    let Some(at) = raw::says_included(root) else {
        return Some(MainFile::Blueprint(Box::new(raw::blueprint(reader, root)?)));
    };
    let file = reader.span(at).file;
    let path = file.rsplit('/').next().unwrap_or_default();
    let message = "this file is one that a blueprint includes, and is no blueprint itself";
    let help = format!(
        "to check it alone, write a blueprint beside it: `{{ version: 1, name: check, include: [{{ path: \"{path}\" }}], allow: [alert-without-destination] }}`"
    );
    reader.push(Diagnostic::error(codes::FILE_IS_INCLUDED, message).help(help), at);
    raw::inclusion(reader, root).map(MainFile::Included)
}

/// Where an included path really leads.
enum Place {
    Inside(std::path::PathBuf),
    Outside,
    Itself,
}

/// Follows links, which may lead out of the folder although the path does not.
fn inside(folder: &Path, relative: &str, main: &Path) -> io::Result<Place> {
    let folder = fs::canonicalize(folder)?;
    let file = fs::canonicalize(folder.join(relative))?;
    if fs::canonicalize(main).is_ok_and(|main| main == file) {
        return Ok(Place::Itself);
    }
    if !file.starts_with(&folder) {
        return Ok(Place::Outside);
    }
    if !fs::metadata(&file)?.is_file() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Place::Inside(file))
}

/// Opens a sample event that a blueprint in `folder` lists, by the rule of included files: links may
/// not lead out of the folder.
///
/// # Errors
/// When it leads there, is no file, or cannot be opened.
pub fn open_below(folder: &Path, relative: &str) -> io::Result<File> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match inside(folder, relative, Path::new("")) {
        Ok(Place::Inside(file)) => File::open(file),
        Ok(Place::Outside | Place::Itself) => {
            Err(io::Error::other("it leads outside the blueprint's folder"))
        }
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            Err(io::Error::other("it is not a file"))
        }
        Err(error) => Err(error),
    }
}

/// Reads a file, up to a little more than is allowed, so that a device cannot fill the memory.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    archive::check_is_file(path)?;
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn file_problem(name: &str, error: &io::Error) -> Diagnostic {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Diagnostic::error(codes::FILE_MISSING, format!("there is no file `{name}`"))
                .help("check the path; `ctguard init` writes a blueprint to start from")
        }
        io::ErrorKind::IsADirectory => {
            Diagnostic::error(codes::FILE_UNREADABLE, format!("`{name}` is not a file"))
                .help("name the blueprint's YAML file")
        }
        io::ErrorKind::FileTooLarge => too_large(name),
        _ => Diagnostic::error(
            codes::FILE_UNREADABLE,
            format!("`{name}` could not be read: {error}"),
        )
        .help("check its permissions"),
    }
}

fn too_large(name: &str) -> Diagnostic {
    Diagnostic::error(
        codes::FILE_TOO_LARGE,
        format!("`{name}` has more than {} MiB", FILE_MAX_BYTES / 1024 / 1024),
    )
    .help("name a blueprint; `include` joins several files")
}
