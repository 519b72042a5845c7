mod folder;

use super::files;
use super::{
    BlueprintArg, GlobalOptions, Io, context, is_json, print, print_json, secrets, snapshot,
};
use crate::error::{CommandError, Exit};
use crate::report::export::Exported;
use crate::report::screen::hung;
use crate::run;
use clap::{Args, ValueEnum};
use ctguard_core::blueprint::{Blueprint, Deploy};
use ctguard_core::export::{self, Export, ExportError, Files, cloudformation, terraform};
use ctguard_core::scope::AccountId;
use ctguard_core::snapshot::Organization;
use ctguard_core::snapshot::file::Recording;
use folder::{MARK, Mark};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

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

    fn files(
        self,
        export: &Export,
        existing: Option<&Recording>,
        former: &Files,
    ) -> Result<Files, ExportError> {
        match self {
            Self::Cloudformation => cloudformation::files(export),
            Self::Terraform => terraform::files(export, existing, former),
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

/// What is asked for, with the options sorted out.
struct Asked<'a> {
    engine: Engine,
    blueprint: &'a Path,
    folder: &'a Path,
    check: bool,
    /// What the folder says of itself.
    mark: Option<Mark>,
    /// What the blueprint says of who deploys.
    deploy: Option<Deploy>,
}

pub fn run(
    args: &ExportArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let mut asked = asked(args)?;
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
    asked.deploy = read.blueprint.deploy;
    let as_of = global.as_of(io);
    let mut blueprint = read.blueprint.clone();
    secrets::from_environment_if_there(&mut blueprint);
    let found = organization(&blueprint, &read, global, io)?;
    let caller = caller(&blueprint)?;
    let exported = export::export(&blueprint, &caller, found.as_ref(), as_of);
    let Some(export) = without_problems(exported, &read, global, io)? else {
        return Ok(Exit::Usage);
    };
    let existing = existing(args, &asked, &export.name, io)?;
    let former = folder::former(&asked)?;
    let files = asked.engine.files(&export, existing.as_ref(), &former);
    let Some(mut files) = without_problems(files, &read, global, io)? else {
        return Ok(Exit::Usage);
    };
    Mark::add(asked.engine, &export, &mut files);
    let mut exported = folder::compared(&asked, &files, &export)?;
    if asked.engine == Engine::Terraform {
        exported.changes = terraform::changes(&export, &former, &files);
    }
    if !asked.check {
        folder::write(&asked, &files, &exported)?;
    }
    say(&exported, global, io)?;
    Ok(Exit::CheckFailed.when(asked.check && !exported.up_to_date))
}

/// The result; `None` when the blueprint's problems have been said in its place.
fn without_problems<T>(
    result: Result<T, ExportError>,
    read: &context::Read,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Option<T>, CommandError> {
    let error = match result {
        Ok(made) => return Ok(Some(made)),
        Err(error) => error,
    };
    let problems = error.problems(&read.sources);
    let problems = problems.map_err(|error| CommandError::new(error.to_string()))?;
    read.say(&problems, global, io);
    Ok(None)
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
    let paint = global.paint_err(io);
    // Said once only: not even `--quiet` keeps it.
    for change in &exported.changes {
        let _ = writeln!(io.err, "{}: {}", paint.warn("warning"), hung(change));
    }
    for note in exported.notes.iter().filter(|_| !global.quiet) {
        let _ = writeln!(io.err, "{}: {}", paint.warn("note"), hung(note));
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
    let mark = folder::mark(folder)?;
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
    Ok(Asked { engine, blueprint, folder, check, mark, deploy: None })
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
