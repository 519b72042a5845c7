use super::files::{self, Readers};
use super::next;
use super::{BlueprintArg, Cli, GlobalOptions, Io, Verb, context, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::snapshot::Taken;
use crate::run;
use crate::run::Survey;
use clap::Args;
use ctguard_core::cloud::recorded::Recorded;
use ctguard_core::cloud::recorder::Recorder;
use ctguard_core::explain;
use ctguard_core::plan::{Stage, diff};
use ctguard_core::plural::count;
use ctguard_core::proof::{Status, prove};
use ctguard_core::snapshot::file::{FileError, Recording};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Most bytes of a snapshot that are read: a fleet of ten thousand places has a tenth of it. What is
/// longer counts as cut short.
const SNAPSHOT_MAX_BYTES: u64 = 4 << 30;

/// Save what is live, for later runs without credentials.
///
/// It holds all that plan, verify, drift and explain read.
/// The file holds no credentials. It does hold policies and the endpoints of subscribers.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Where to write it; `-` is standard output
    #[arg(short, long, value_name = "FILE", env = "CTGUARD_OUT")]
    out: PathBuf,
}

pub fn run(
    args: &SnapshotArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let asked = context::SurveyRequest::of(global, io)?;
    let as_of = asked.as_of;
    let (survey, recording) = context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        let recorder = Recorder::new(cloud.as_ref());
        let mut survey = context::survey(&recorder, &read, &asked, global, io).await?;
        let Survey { desired, live, .. } = &mut survey;
        let concurrency = usize::from(global.concurrency);
        let progress = global.progress(io);
        let told = |event| progress.hear(event);
        // What verify asks for, and explain, which follows paths into places that are only read.
        let mut counted = desired.signal_reads();
        for (place, more) in explain::signal_reads(&desired.paths) {
            let known = counted.entry(place).or_default();
            known.rules.extend(more.rules);
            known.machines.extend(more.machines);
        }
        run::observe_signals(&recorder, counted, live, concurrency, &told).await;
        let recording = recorder.finish(&read.blueprint.name, survey.caller.clone(), as_of);
        Ok::<_, CommandError>((survey, recording))
    })??;
    let complete = is_complete(&survey);
    if files::is_standard_output(&args.out) {
        let mut bytes = Vec::new();
        recording.write(&mut bytes).map_err(|error| failed(&args.out, &error))?;
        let text = String::from_utf8_lossy(&bytes);
        print(io, &text)?;
    } else {
        save(&args.out, &recording).map_err(|error| failed(&args.out, &error))?;
        say(args, &recording, complete, global, io)?;
    }
    if !complete && !global.quiet {
        let paint = global.paint_err(io);
        let _ = writeln!(
            io.err,
            "{}: not everything could be read; `verify` and `plan` say what, on the snapshot too",
            paint.warn("warning")
        );
    }
    Ok(Exit::Incomplete.when(!complete))
}

/// Whether a plan and a proof would have no unknowns.
fn is_complete(survey: &Survey) -> bool {
    diff(&survey.desired, &survey.live, Stage::Planned).unknown.is_empty()
        && survey.desired.unread.is_empty()
        && !prove(&survey.desired, &survey.live).has(Status::Unknown)
}

fn say(
    args: &SnapshotArgs,
    recording: &Recording,
    complete: bool,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    let (file, places) = (args.out.display().to_string(), recording.places.len());
    let as_of = recording.as_of.to_string();
    if is_json(global) {
        return print_json(io, &Taken { format_version: 1, file, as_of, places, complete });
    }
    let blueprint = next::quoted(&args.blueprint.blueprint.display().to_string());
    let quoted = next::quoted(&file);
    print(
        io,
        &format!(
            "Wrote {file}: {} as of {as_of}.\nNext: ctguard verify {blueprint} --snapshot {quoted}\n",
            count(places, "place")
        ),
    )
}

/// Writes the whole file or leaves what was there. Nobody else may read it.
fn save(path: &Path, recording: &Recording) -> io::Result<()> {
    files::written(path, Readers::Owner, |out| recording.write(out))
}

fn failed(path: &Path, error: &io::Error) -> CommandError {
    CommandError::io(format!("cannot write the snapshot {}", path.display()), error)
}

/// Reads the file that `--snapshot` names, for the verbs that only read. Its date is the as-of date
/// unless another one is given.
pub(super) fn open(cli: &mut Cli, io: &mut Io<'_>) -> Result<(), CommandError> {
    let Some(path) = &cli.global.snapshot else { return Ok(()) };
    match cli.verb {
        Verb::Apply(_) | Verb::Destroy(_) | Verb::Heal(_) => {
            return Err(CommandError::usage(
                "this changes live accounts, and a snapshot only records how they were",
            )
            .hint("Leave --snapshot (CTGUARD_SNAPSHOT) out; `plan --snapshot` shows what apply would do."));
        }
        Verb::Drill(_) => {
            return Err(CommandError::usage(
                "a drill makes calls in live accounts, and a snapshot only records how they were",
            )
            .hint("Leave --snapshot (CTGUARD_SNAPSHOT) out; `verify --snapshot` proves the way."));
        }
        Verb::Snapshot(_) => {
            return Err(CommandError::usage(
                "snapshot reads live accounts; --snapshot names one that was taken before",
            )
            .hint(
                "Leave --snapshot (CTGUARD_SNAPSHOT) out, and name the file to write with --out.",
            ));
        }
        _ if cli.global.sandbox.is_some() => {
            return Err(CommandError::usage(
                "--snapshot and --sandbox exclude each other: both stand for the accounts",
            )
            .hint("Leave one of them out; CTGUARD_SNAPSHOT and CTGUARD_SANDBOX count, too."));
        }
        Verb::Init(_) | Verb::Show(_) | Verb::Events(_) | Verb::Match(_) | Verb::Test(_) => {
            return Ok(());
        }
        _ => {}
    }
    let recorded = Recorded::new(recording(path, io)?);
    cli.global.as_of = cli.global.as_of.or(Some(recorded.as_of()));
    cli.global.recorded = Some(recorded);
    Ok(())
}

/// Reads a file that `snapshot` wrote.
pub(super) fn recording(path: &Path, io: &mut Io<'_>) -> Result<Recording, CommandError> {
    let recording = if files::is_standard_input(path) {
        Recording::read(&mut BufReader::new(io::Read::take(&mut *io.input, SNAPSHOT_MAX_BYTES)))
    } else {
        files::open_within(path, SNAPSHOT_MAX_BYTES)
            .map_err(FileError::from)
            .and_then(|file| Recording::read(&mut BufReader::new(file.take(SNAPSHOT_MAX_BYTES))))
    };
    recording.map_err(|error| {
        CommandError::new(format!("the snapshot {} cannot be used: {error}", path.display()))
            .hint("`ctguard snapshot --out FILE` takes a new one.")
    })
}
