//! Files that are written are no files that are read, and each is written by one option alone.
//!
//! Looked at before anything is read or done: a plan that is saved over its blueprint, a report over
//! the snapshot it is made from, and two reports of one file would each destroy something without a
//! word. Devices, pipes and standard output take any number of results.

use super::files;
use super::output::ReportFile;
use super::{Cli, Format, GlobalOptions, Verb, help};
use crate::error::CommandError;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arguments whose files are written, by their ids; the other paths are read.
const WRITTEN: [&str; 3] = ["out", "html", "navigator"];

/// The argument whose file is appended to, if the format github is asked for.
const SUMMARY: &str = "step_summary";

/// A file that an argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The argument as it is typed, or the variable in its place.
    pub option: String,
    pub path: PathBuf,
    pub written: bool,
}

/// Refuses a command line of which two arguments name one file that is written.
///
/// # Errors
/// When there is such a file.
pub(super) fn check(cli: &Cli, matches: &ArgMatches) -> Result<(), CommandError> {
    let mut files =
        named(matches, &help::command(), super::output::wants(Format::Github, &cli.global));
    // It reads no blueprint: this is where one is written.
    if matches!(cli.verb, Verb::Init(_)) {
        files.retain(|file| file.written);
    }
    let spots: Vec<Option<Spot>> = files.iter().map(|file| Spot::of(&file.path)).collect();
    for (index, one) in files.iter().enumerate() {
        let earlier = files.iter().zip(&spots).take(index);
        let same = |spot: &Option<Spot>| spot.is_some() && spots.get(index) == Some(spot);
        for (other, _) in earlier.filter(|(_, spot)| same(spot)) {
            if one.written || other.written {
                return Err(clash(other, one));
            }
        }
    }
    Ok(())
}

/// Refuses to write over a file that a blueprint includes.
///
/// # Errors
/// When an option names one.
pub(super) fn with_sources(
    global: &GlobalOptions,
    blueprint: &Path,
    sources: &BTreeMap<String, String>,
) -> Result<(), CommandError> {
    if global.outputs.is_empty() {
        return Ok(());
    }
    for source in sources.keys().filter(|source| Path::new(source.as_str()) != blueprint) {
        let Some(spot) = Spot::of(Path::new(source)) else { continue };
        let same = |output: &&Named| Spot::of(&output.path).as_ref() == Some(&spot);
        if let Some(output) = global.outputs.iter().find(same) {
            let included = "an `include` of the blueprint".to_owned();
            let read = Named { option: included, path: source.into(), written: false };
            return Err(clash(&read, output));
        }
    }
    Ok(())
}

/// The files that are written.
pub(super) fn outputs(cli: &Cli, matches: &ArgMatches) -> Vec<Named> {
    let github = super::output::wants(Format::Github, &cli.global);
    named(matches, &help::command(), github).into_iter().filter(|file| file.written).collect()
}

fn clash(one: &Named, other: &Named) -> CommandError {
    let path = other.path.display();
    let over = |written: &Named, read: &Named| {
        format!(
            "{} would write over what is read: {} names {path}, too",
            written.option, read.option
        )
    };
    let message = match (one.written, other.written) {
        (true, true) => format!("{} and {} both write to {path}", one.option, other.option),
        (true, false) => over(one, other),
        _ => over(other, one),
    };
    CommandError::usage(message).hint("Give each a file of its own.")
}

/// Every file that the arguments name.
fn named(matches: &ArgMatches, command: &Command, github: bool) -> Vec<Named> {
    let mut all = BTreeMap::new();
    let (mut matches, mut command) = (matches, Some(command));
    loop {
        // Those of every verb are found below again, with the same values.
        for id in matches.ids() {
            all.insert(id.as_str().to_owned(), of_argument(matches, command, id.as_str(), github));
        }
        let Some((name, below)) = matches.subcommand() else { break };
        command = command.and_then(|command| command.find_subcommand(name));
        matches = below;
    }
    all.into_values().flatten().collect()
}

fn of_argument(
    matches: &ArgMatches,
    command: Option<&Command>,
    id: &str,
    github: bool,
) -> Vec<Named> {
    let option = || spelled(matches, command, id);
    if let Ok(Some(reports)) = matches.try_get_many::<ReportFile>(id) {
        let named = |report: &ReportFile| {
            let option = format!("{} {}", option(), report.format);
            Named { option, path: report.path.clone(), written: true }
        };
        return reports.map(named).collect();
    }
    let Ok(Some(paths)) = matches.try_get_many::<PathBuf>(id) else { return Vec::new() };
    if id == SUMMARY && !github {
        return Vec::new();
    }
    let written = WRITTEN.contains(&id) || id == SUMMARY;
    paths.map(|path| Named { option: option(), path: path.clone(), written }).collect()
}

/// An argument as it is typed, or the variable that stands in for it.
fn spelled(matches: &ArgMatches, command: Option<&Command>, id: &str) -> String {
    let global = help::command();
    let of = |command: &Command| command.get_arguments().find(|arg| arg.get_id() == id).cloned();
    let Some(arg) = command.and_then(of).or_else(|| of(&global)) else { return id.to_owned() };
    match (matches.value_source(id), arg.get_env(), arg.get_long()) {
        (Some(ValueSource::EnvVariable), Some(variable), _) => {
            variable.to_string_lossy().into_owned()
        }
        (_, _, Some(long)) => format!("--{long}"),
        _ => {
            let names = arg.get_value_names().unwrap_or_default();
            names.first().map_or_else(|| id.to_owned(), |name| name.to_string())
        }
    }
}

/// Where a file is or will be, whatever it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Spot {
    #[cfg(unix)]
    File(u64, u64),
    At(PathBuf),
}

impl Spot {
    /// `None` for what is no regular file, and where there is no such folder.
    fn of(path: &Path) -> Option<Self> {
        if files::is_standard_input(path) || files::is_standard_output(path) {
            return None;
        }
        match std::fs::metadata(path) {
            Ok(about) if !about.is_file() => None,
            Ok(about) => Self::of_file(path, &about),
            Err(_) => {
                let path = files::followed(path).ok()?;
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = std::fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
                Some(Self::At(folder.join(path.file_name()?)))
            }
        }
    }

    #[cfg(unix)]
    fn of_file(_: &Path, about: &std::fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self::File(about.dev(), about.ino()))
    }

    #[cfg(not(unix))]
    fn of_file(path: &Path, _: &std::fs::Metadata) -> Option<Self> {
        std::fs::canonicalize(path).ok().map(Self::At)
    }
}
