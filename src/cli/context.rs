//! What most verbs begin with: the blueprint, the cloud, the survey.

use super::{
    GlobalOptions, Io, acting, clash, files, input, live, output, secrets, signals, timeout,
};
use crate::error::{CommandError, Exit};
use crate::report::diagnostics;
use crate::report::positions::Positions;
use crate::report::screen::hung;
use crate::run;
use crate::run::{Survey, SurveyError};
use ctguard_core::blueprint;
use ctguard_core::blueprint::{Blueprint, Loaded};
use ctguard_core::catalogue::{is_region, suggest_region};
use ctguard_core::cloud::Cloud;
use ctguard_core::cloud::veiled::Veiled;
use ctguard_core::desired::{Desired, Intent, Narrow, ScopeError, Shard, SignalReads};
use ctguard_core::diag::{Diagnostic, Severity};
use ctguard_core::heal::Pause;
use ctguard_core::offline;
use ctguard_core::plan::Plan;
use ctguard_core::plural::count;
use ctguard_core::proof::{LinkCode, prove};
use ctguard_core::resource::machine::machine_arn;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::Observed;
use ctguard_sandbox::Sandbox;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::Path;

/// The source texts that diagnostics point into, by file.
type Sources = BTreeMap<String, String>;

/// A blueprint and what it was read from.
pub(super) struct Read {
    pub blueprint: Blueprint,
    pub sources: Sources,
    /// The blueprint's own file, among the sources.
    pub file: String,
    /// Where its alerts stand.
    pub positions: Positions,
}

/// What a verb is asked to look at.
pub(super) struct SurveyRequest {
    pub as_of: Date,
    pub narrow: Narrow,
    pub intent: Intent,
}

impl SurveyRequest {
    /// What the options ask for.
    pub fn of(global: &GlobalOptions, io: &Io<'_>) -> Result<Self, CommandError> {
        Ok(Self { as_of: global.as_of(io), narrow: narrow(global)?, intent: Intent::default() })
    }

    pub fn meaning(self, intent: Intent) -> Self {
        Self { intent, ..self }
    }
}

impl Read {
    /// Prints diagnostics that point into this blueprint.
    pub(super) fn say(&self, problems: &[Diagnostic], global: &GlobalOptions, io: &mut Io<'_>) {
        say(problems, &self.sources, global, io);
    }
}

/// Reads a blueprint from a file, or from standard input where it is `-`.
pub(super) fn load(path: &Path, as_of: Date, io: &mut Io<'_>) -> Loaded {
    if !files::is_standard_input(path) {
        return blueprint::load(path, as_of);
    }
    match input::text(path, io) {
        // What it includes stands in the folder that one works in.
        Ok(text) => blueprint::load_text(STANDARD_INPUT, &text, Some(Path::new(".")), as_of),
        Err(error) => blueprint::not_read(STANDARD_INPUT, &error),
    }
}

/// What a blueprint is called that comes from standard input.
const STANDARD_INPUT: &str = "-";

/// Reads a blueprint and compiles it as far as that can be done offline; prints errors and
/// warnings.
pub(super) fn read(path: &Path, global: &GlobalOptions, io: &mut Io<'_>) -> Result<Read, Exit> {
    let as_of = global.as_of(io);
    let loaded = load(path, as_of, io);
    let positions = positions(path, &loaded);
    usable(path, offline::checked(loaded, as_of), positions, global, io)
}

/// Reads a blueprint whose resources are only removed, so it need not compile.
pub(super) fn read_to_destroy(
    path: &Path,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Read, Exit> {
    let as_of = global.as_of(io);
    let loaded = load(path, as_of, io);
    let positions = positions(path, &loaded);
    usable(path, loaded, positions, global, io)
}

/// Where the alerts of a blueprint stand.
pub(super) fn positions(path: &Path, loaded: &Loaded) -> Positions {
    let file = path.display().to_string();
    match &loaded.blueprint {
        Some(blueprint) => Positions::of(&file, blueprint, &loaded.included),
        None => Positions::unknown(file),
    }
}

fn usable(
    path: &Path,
    loaded: Loaded,
    positions: Positions,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Read, Exit> {
    // What is included is known only now.
    if let Err(error) = clash::with_sources(global, path, &loaded.sources) {
        let _ = writeln!(io.err, "{}: {}", global.paint_err(io).bad("error"), hung(&error.message));
        return Err(error.exit);
    }
    say(&loaded.diagnostics, &loaded.sources, global, io);
    let file = path.display().to_string();
    match loaded.blueprint {
        Some(blueprint) => Ok(Read { blueprint, sources: loaded.sources, file, positions }),
        None => Err(invalid(&loaded.diagnostics, &positions, global, io)),
    }
}

/// The error for a blueprint that cannot be used; requested reports say why.
fn invalid(
    diagnostics: &[Diagnostic],
    positions: &Positions,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Exit {
    match output::problems(diagnostics, positions, global, io) {
        Ok(()) => Exit::Usage,
        Err(error) => {
            let _ =
                writeln!(io.err, "{}: {}", global.paint_err(io).bad("error"), hung(&error.message));
            error.exit
        }
    }
}

/// Prints diagnostics on standard error; with `--quiet`, errors only.
pub(super) fn say(all: &[Diagnostic], sources: &Sources, global: &GlobalOptions, io: &mut Io<'_>) {
    let shown: Vec<Diagnostic> = all
        .iter()
        .filter(|diagnostic| !global.quiet || diagnostic.severity == Severity::Error)
        .cloned()
        .collect();
    if !shown.is_empty() {
        let color = global.paint_err(io).color;
        let _ = io.err.write_all(diagnostics::render(&shown, sources, color, io.width).as_bytes());
    }
}

/// Runs an async command to its end, on one thread: a run mostly waits for AWS, and moving every
/// answer between threads costs more CPU than a second thread gains. A signal ends it, but while
/// something is changed.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::io("cannot start the runtime", &error))?;
    timeout::result_begins();
    let result = runtime.block_on(signals::unless_interrupted(work));
    // A look-up of a name may still wait in a thread, which nobody needs any more.
    runtime.shutdown_background();
    result
}

/// Refuses to change what another engine keeps.
pub(super) fn deployed_by_us(blueprint: &Blueprint, verb: &str) -> Result<(), CommandError> {
    let Some(deploy) = blueprint.deploy else { return Ok(()) };
    let (word, engine) = (deploy.as_str(), deploy.engine());
    Err(CommandError::refused(format!(
        "the blueprint says `deploy: {word}`: its resources are kept by that engine, and what {verb} changes would be drift there"
    ))
    .hint(match verb {
        "destroy" => "Remove what was deployed with the export's own script (`remove.sh`) or by the engine; to remove it from here, take `deploy` out of the blueprint.".to_owned(),
        _ => format!("Change the blueprint, write the files again (`ctguard export {engine} --out DIR`) and deploy them; `ctguard plan` and `ctguard verify` say whether that is done. To make changes from here, take `deploy` out of the blueprint."),
    }))
}

/// Opens the cloud that the options name.
pub(super) async fn open(
    global: &GlobalOptions,
    read: &Read,
    io: &mut Io<'_>,
) -> Result<Box<dyn Cloud>, CommandError> {
    if let Some(recorded) = &global.recorded {
        return Ok(Box::new(Veiled::file(Box::new(recorded.clone()))));
    }
    if let Some(path) = &global.sandbox {
        return Ok(Box::new(Veiled::live(Box::new(sandbox(path)?))));
    }
    Ok(Box::new(Veiled::live(live::connect(global, &global.entering(&read.blueprint), io).await?)))
}

pub(super) fn sandbox(path: &Path) -> Result<Sandbox, CommandError> {
    Sandbox::open(path).map_err(|error| {
        let hint = match no_sandbox(path) {
            Some(what) => format!("{what}: name another file with --sandbox."),
            None => format!(
                "`ctguard --sandbox {} sandbox new` makes an account to play with.",
                path.display()
            ),
        };
        CommandError::new(error.to_string()).hint(hint)
    })
}

/// How many bytes of a file tell what it is.
const HEAD_BYTES: u64 = 4_096;

/// What a file is that is there and is no sandbox; `None` where nothing is there, or a sandbox.
pub(super) fn no_sandbox(path: &Path) -> Option<String> {
    let mut head = Vec::new();
    let file = files::open(path).ok()?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, HEAD_BYTES), &mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let begins = head.trim_start().trim_start_matches(['{', '"', ' ', '\n']);
    let what = match begins {
        "" => "is empty",
        text if text.starts_with("format_version") && text.contains("\"caller\"") => return None,
        text if text.starts_with("ctguard_plan") => "is a saved plan",
        text if text.starts_with("ctguard_snapshot") => "is a snapshot, which --snapshot reads",
        _ if head
            .lines()
            .any(|line| line.starts_with("alerts:") || line.starts_with("version:")) =>
        {
            "looks like a blueprint"
        }
        _ => "is something else",
    };
    Some(format!("{} is no sandbox, it {what}", path.display()))
}

/// Surveys, and reads the metrics of these rules, which a proof needs.
pub(super) fn look_closely(
    read: &Read,
    counted: impl FnOnce(&Desired) -> BTreeMap<Place, SignalReads>,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Survey, CommandError> {
    let asked = SurveyRequest::of(global, io)?;
    block_on(async {
        let cloud = open(global, read, io).await?;
        let mut survey = survey(cloud.as_ref(), read, &asked, global, io).await?;
        let Survey { desired, live, .. } = &mut survey;
        let counted = counted(desired);
        let concurrency = usize::from(global.concurrency);
        let progress = global.progress(io);
        let told = |event| progress.hear(event);
        run::observe_signals(cloud.as_ref(), counted, live, concurrency, &told).await;
        Ok(survey)
    })?
}

/// Surveys, showing progress; prints the problems of a blueprint that does not compile.
pub(super) async fn survey(
    cloud: &dyn Cloud,
    read: &Read,
    asked: &SurveyRequest,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Survey, CommandError> {
    let SurveyRequest { as_of, narrow, intent } = asked;
    let concurrency = usize::from(global.concurrency);
    let mut blueprint = read.blueprint.clone();
    // What is only removed is found by its tag.
    match intent.destroy {
        false => secrets::from_environment(&mut blueprint)?,
        true => secrets::from_environment_if_there(&mut blueprint),
    }
    acting::begin(&cloud.caller().await?, &blueprint, narrow, global, io)?;
    if !intent.destroy {
        secrets::from_cloud(&mut blueprint, cloud).await?;
    }
    secrets::cover(&blueprint, cloud);
    let blueprint = &blueprint;
    let progress = global.progress(io);
    let hear = |event| progress.hear(event);
    let result =
        run::survey_for(cloud, blueprint, intent, *as_of, narrow, concurrency, &hear).await;
    if cloud.throttled() > 0 && !global.quiet {
        let calls = count(usize::try_from(cloud.throttled()).unwrap_or(usize::MAX), "call");
        let _ = writeln!(io.err, "note: AWS throttled {calls}; retried");
    }
    result.map_err(|error| match error {
        SurveyError::Cloud(error) => error.into(),
        SurveyError::Scope(error) => no_scope(&error),
        SurveyError::Narrowed { .. } => CommandError::usage(error.to_string()),
        SurveyError::Compile(problems) => {
            say(&problems, &read.sources, global, io);
            let invalid = invalid(&problems, &read.positions, global, io);
            // What `validate` cannot know is whose credentials these are and who is in the organization.
            match ctguard_core::offline::check(blueprint, *as_of).is_empty() {
                true => CommandError {
                    exit: Exit::Refused,
                    reported: true,
                    ..CommandError::new(
                        "the blueprint is valid, and does not fit the accounts of these credentials",
                    )
                },
                false => CommandError {
                    exit: invalid,
                    reported: true,
                    ..CommandError::new(
                        "the blueprint cannot be compiled for the regions it covers",
                    )
                },
            }
        }
    })
}

/// The error when it is not known what a blueprint covers.
pub(super) fn no_scope(error: &ScopeError) -> CommandError {
    let told = CommandError::new(error.to_string());
    let exit = if error.out_of_time() { Exit::Incomplete } else { Exit::Error };
    let told = CommandError { exit, ..told };
    match error.remedy() {
        Some(remedy) => told.hint(remedy),
        None => told.hint("List the accounts and regions in the blueprint."),
    }
}

/// Narrows the blueprint's scope to what the options name.
pub(super) fn narrow(global: &GlobalOptions) -> Result<Narrow, CommandError> {
    let shard = |text: &String| {
        Shard::parse(text).ok_or_else(|| {
            CommandError::usage(format!("--shard: `{text}` is not a part such as 3/8"))
                .hint("The first number counts from 1, and is at most the second.")
        })
    };
    Ok(Narrow {
        accounts: accounts(global)?.into_iter().collect(),
        regions: regions(global)?.into_iter().collect(),
        shard: global.shard.as_ref().map(shard).transpose()?,
    })
}

pub(super) fn accounts(global: &GlobalOptions) -> Result<Vec<AccountId>, CommandError> {
    global
        .account
        .iter()
        .map(|text| {
            AccountId::new(text).ok_or_else(|| {
                CommandError::usage(format!("--account: `{text}` is not a 12-digit account id"))
            })
        })
        .collect()
}

/// Marks a region of `--region` that the catalogue does not have, as `unchecked: true` does in a
/// blueprint.
const UNCHECKED: &str = "unchecked:";

pub(super) fn regions(global: &GlobalOptions) -> Result<Vec<Region>, CommandError> {
    global.region.iter().map(|text| region(text)).collect()
}

fn region(text: &str) -> Result<Region, CommandError> {
    let (name, unchecked) = match text.strip_prefix(UNCHECKED) {
        Some(name) => (name, true),
        None => (text, false),
    };
    let region = Region::new(name)
        .ok_or_else(|| CommandError::usage(format!("--region: `{name}` is not a region name")))?;
    if unchecked || is_region(&region) {
        return Ok(region);
    }
    let newer = format!("A region newer than ctguard is written `--region {UNCHECKED}{name}`.");
    let error = CommandError::usage(format!("--region: AWS has no region `{name}`"));
    Err(match suggest_region(&region) {
        Some(meant) => error.hint(format!("{}{}", meant[..1].to_uppercase(), &meant[1..])),
        None => error,
    }
    .hint(newer))
}

/// The part of an exit code that follows from what a plan could not read or do.
pub(super) fn plan_exit(plan: &Plan) -> Exit {
    Exit::Incomplete
        .when(!plan.unknown.is_empty())
        .and(Exit::Refused.when(!plan.refusals.is_empty()))
}

/// Says that healing is paused, or a tag says so, where a plan has no place for it.
pub(super) fn say_paused(survey: &Survey, global: &GlobalOptions, io: &mut Io<'_>) {
    let Survey { desired, live, .. } = survey;
    let healers = desired.names.healers();
    let paused = live.places.iter().any(|(place, seen)| {
        healers.iter().any(|name| {
            let machine = seen.machines.get(&machine_arn(place, name)).and_then(Observed::known);
            machine.and_then(|machine| Pause::of(machine.tags.known()?)).is_some()
        })
    });
    if !paused {
        return;
    }
    let (_, additions) = prove(desired, live).by_others();
    let paint = global.paint_err(io);
    for group in additions.iter().filter(|group| group.code == LinkCode::HealPaused) {
        let _ = writeln!(io.err, "{}: {}", paint.warn("warning"), group.text);
    }
}
