use super::files::{self, Readers};
use super::{
    BlueprintArg, GlobalOptions, Io, context, is_json, print, print_json, secrets, snapshot,
};
use crate::error::{CommandError, Exit};
use crate::report::export::{Exported, ExportedFile, FileState};
use crate::report::screen::hung;
use crate::run;
use clap::{Args, ValueEnum};
use ctguard_core::blueprint::Blueprint;
use ctguard_core::export::{self, Export, ExportError, Files, cloudformation, terraform};
use ctguard_core::scope::AccountId;
use ctguard_core::snapshot::Organization;
use ctguard_core::snapshot::file::Recording;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The file by which a folder of an export is known.
const MARK: &str = "ctguard-export.json";

/// The account that stands for the one of the credentials in use, which an export does not ask for.
const OWN_ACCOUNT: &str = "000000000000";

/// Write the desired resources for CloudFormation or Terraform.
///
/// One template or module for each class of place, with the names, tags and ids that `plan` expects: after
/// a deployment the plan is empty. Each folder has a README.md that says how it is deployed. Offline, unless
/// the blueprint finds accounts in an organization. With --check, write nothing and exit with 3
/// when the folder is not what would be written now.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// What the files are for: `cloudformation` or `terraform`; with --check the folder says
    #[arg(value_parser = First::parse, required_unless_present = "check")]
    engine: Option<First>,
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// The folder to write
    #[arg(
        short,
        long,
        value_name = "DIR",
        env = "CTGUARD_OUT",
        required_unless_present = "check",
        conflicts_with = "check"
    )]
    out: Option<PathBuf>,
    /// Compare this folder with what would be written now, and write nothing
    #[arg(long, value_name = "DIR")]
    check: Option<PathBuf>,
    /// Terraform: import what this file of `ctguard snapshot` shows with the blueprint's tag; `-` is
    /// standard input
    #[arg(long, value_name = "SNAPSHOT")]
    existing: Option<PathBuf>,
}

/// The first word: an engine, or the blueprint where the folder says the engine.
#[derive(Debug, Clone)]
enum First {
    Engine(Engine),
    Blueprint(PathBuf),
}

/// What deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Engine {
    /// Templates and StackSets
    Cloudformation,
    /// Modules and roots for the provider hashicorp/aws
    Terraform,
}

impl Engine {
    fn as_str(self) -> &'static str {
        match self {
            Self::Cloudformation => "cloudformation",
            Self::Terraform => "terraform",
        }
    }

    fn files(self, export: &Export, existing: Option<&Recording>) -> Result<Files, ExportError> {
        match self {
            Self::Cloudformation => cloudformation::files(export),
            Self::Terraform => terraform::files(export, existing),
        }
    }
}

impl First {
    /// Every word is an engine or a path; the options decide which.
    #[allow(clippy::unnecessary_wraps, reason = "clap asks for a result")]
    fn parse(text: &str) -> Result<Self, String> {
        let engine = Engine::from_str(text, false).map(Self::Engine);
        Ok(engine.unwrap_or_else(|_| Self::Blueprint(text.into())))
    }
}

/// What the file that marks a folder says.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    format_version: u32,
    engine: Engine,
    blueprint: String,
    /// The files that the export made, this one left out.
    files: BTreeSet<String>,
}

/// What is asked for, with the options sorted out.
struct Asked<'a> {
    engine: Engine,
    blueprint: &'a Path,
    folder: &'a Path,
    check: bool,
    /// What the folder says of itself.
    mark: Option<Mark>,
}

pub fn run(
    args: &ExportArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let asked = asked(args)?;
    if !global.region.is_empty() || !global.account.is_empty() || global.shard.is_some() {
        return Err(CommandError::usage(
            "an export is of the whole blueprint: --region, --account and --shard narrow none",
        )
        .hint("Leave them out; a class of place is deployed where its accounts and regions are."));
    }
    let read = match context::read(asked.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let as_of = global.as_of(io);
    let mut blueprint = read.blueprint.clone();
    secrets::from_environment_if_there(&mut blueprint);
    let found = organization(&blueprint, &read, global, io)?;
    let caller = caller(&blueprint)?;
    let export = match export::export(&blueprint, &caller, found.as_ref(), as_of) {
        Ok(export) => export,
        Err(ExportError::Compile(problems)) => {
            read.say(&problems, global, io);
            return Ok(Exit::Usage);
        }
        Err(error) => return Err(CommandError::new(error.to_string())),
    };
    let existing = existing(args, &asked, &export.name, io)?;
    let mut files = asked
        .engine
        .files(&export, existing.as_ref())
        .map_err(|error| CommandError::new(error.to_string()))?;
    let mark = Mark {
        format_version: 1,
        engine: asked.engine,
        blueprint: export.name.clone(),
        files: files.keys().cloned().collect(),
    };
    let text = serde_json::to_string_pretty(&mark).unwrap_or_default();
    files.insert(MARK.to_owned(), format!("{text}\n"));
    let exported = compared(&asked, &files, &export)?;
    if !asked.check {
        write(&asked, &files, &exported)?;
    }
    say(&exported, global, io)?;
    Ok(Exit::CheckFailed.when(asked.check && !exported.up_to_date))
}

/// What exists already, where a snapshot says so.
fn existing(
    args: &ExportArgs,
    asked: &Asked<'_>,
    blueprint: &str,
    io: &mut Io<'_>,
) -> Result<Option<Recording>, CommandError> {
    let Some(path) = &args.existing else { return Ok(None) };
    if asked.engine != Engine::Terraform {
        return Err(CommandError::usage(format!(
            "--existing is for terraform: an export for {} imports nothing",
            asked.engine.as_str()
        ))
        .hint("Leave it out. CloudFormation imports by a change set of its own."));
    }
    let recording = snapshot::recording(path, io)?;
    if recording.blueprint != blueprint {
        return Err(CommandError::refused(format!(
            "the snapshot {} is of the blueprint {}, not of {blueprint}",
            path.display(),
            recording.blueprint
        ))
        .hint("`ctguard snapshot --out FILE` takes one of this blueprint."));
    }
    Ok(Some(recording))
}

fn say(exported: &Exported, global: &GlobalOptions, io: &mut Io<'_>) -> Result<(), CommandError> {
    if is_json(global) {
        return print_json(io, exported);
    }
    print(io, &exported.render(&global.paint_out(io)))?;
    if !global.quiet {
        let paint = global.paint_err(io);
        for note in &exported.notes {
            let _ = writeln!(io.err, "{}: {}", paint.warn("note"), hung(note));
        }
    }
    Ok(())
}

/// Sorts the options out: the engine is named, or the folder's.
fn asked(args: &ExportArgs) -> Result<Asked<'_>, CommandError> {
    let check = args.check.is_some();
    let folder = args.check.as_deref().or(args.out.as_deref());
    let folder = folder.ok_or_else(|| CommandError::usage("--out: name the folder to write"))?;
    if files::is_standard_output(folder) {
        return Err(CommandError::usage("an export is a folder of files")
            .hint("Name the folder to write with --out."));
    }
    let mark = mark(folder)?;
    let named = match &args.engine {
        Some(First::Engine(engine)) => Some(*engine),
        Some(First::Blueprint(path)) if !check => {
            return Err(CommandError::usage(format!(
                "there is no engine `{}`: write `cloudformation` or `terraform`",
                path.display()
            )));
        }
        _ => None,
    };
    let of_folder = mark.as_ref().map(|mark| mark.engine);
    if let (Some(named), Some(of_folder)) = (named, of_folder)
        && named != of_folder
    {
        return Err(CommandError::refused(format!(
            "{} holds an export for {}, not for {}",
            folder.display(),
            of_folder.as_str(),
            named.as_str()
        ))
        .hint("Name another folder."));
    }
    let engine = named.or(of_folder).ok_or_else(|| {
        CommandError::new(format!(
            "{} is no folder of an export: it has no {MARK}",
            folder.display()
        ))
        .hint("`ctguard export cloudformation --out DIR` writes one, and `ctguard export terraform --out DIR`.")
    })?;
    let blueprint = match &args.engine {
        Some(First::Blueprint(path)) => path,
        _ => &args.blueprint.blueprint,
    };
    Ok(Asked { engine, blueprint, folder, check, mark })
}

/// What a folder says of itself; `None` when it is new or empty.
fn mark(folder: &Path) -> Result<Option<Mark>, CommandError> {
    let path = folder.join(MARK);
    let text = match fs::read_to_string(&path) {
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
            .hint("Delete the folder and export again.")
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

/// The organization, where accounts are found in it.
fn organization(
    blueprint: &Blueprint,
    read: &context::Read,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Option<Organization>, CommandError> {
    if blueprint.accounts.as_ref().is_none_or(|accounts| accounts.organization.is_none()) {
        return Ok(None);
    }
    context::block_on(async {
        let cloud = context::open(global, read, io).await?;
        let caller = cloud.caller().await?.account;
        let progress = global.progress(io);
        let hear = |event| progress.hear(event);
        let found = run::organization(cloud.as_ref(), blueprint, &caller, &hear).await;
        found.map_err(|error| context::no_scope(&error))
    })?
}

/// The account that stands for the caller's: the one that the blueprint speaks of as such.
fn caller(blueprint: &Blueprint) -> Result<AccountId, CommandError> {
    let listed = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
    let own = listed.filter(|account| account.role.is_none()).map(|account| &account.id).next();
    let hub = blueprint.hub.as_ref().map(|hub| &hub.account);
    let trail = blueprint.trail.as_ref().and_then(|trail| trail.account.as_ref());
    match own.or(hub).or(trail).cloned().or_else(|| AccountId::new(OWN_ACCOUNT)) {
        Some(account) => Ok(account),
        None => Err(CommandError::new("no account is known")),
    }
}

/// How the folder compares with what is made now.
fn compared(asked: &Asked<'_>, files: &Files, export: &Export) -> Result<Exported, CommandError> {
    let mut all = Vec::new();
    for (path, text) in files {
        let state = match fs::read(asked.folder.join(path)) {
            Ok(old) if old == text.as_bytes() => FileState::Same,
            Ok(_) => FileState::Changed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileState::New,
            Err(error) => {
                let path = asked.folder.join(path);
                return Err(CommandError::io(format!("cannot read {}", path.display()), &error));
            }
        };
        all.push(ExportedFile { path: path.clone(), bytes: text.len(), state });
    }
    let before = asked.mark.iter().flat_map(|mark| &mark.files);
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
        notes: export.notes.clone(),
    })
}

/// Writes what differs, and removes what is no longer made. The file that marks the folder goes first, so that
/// a stop leaves a folder that is known for one.
fn write(asked: &Asked<'_>, files: &Files, exported: &Exported) -> Result<(), CommandError> {
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

/// Lets a script be run.
#[cfg(unix)]
fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if path.extension().is_none_or(|extension| extension != "sh") {
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
