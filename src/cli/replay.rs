use super::context::Read;
use super::day::Day;
use super::files::{self, Readers};
use super::{Format, GlobalOptions, Io, ProgressShown, acting, context, output, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::positions::Positions;
use crate::report::replay::html;
use crate::report::replay::progress::Reading;
use crate::report::replay::{NotCounted, Query};
use crate::report::screen::plain;
use crate::report::view::View;
use crate::run;
use crate::run::lookup::{DAYS_MOST, Pages, lookup, unfinished};
use clap::{Args, ValueEnum};
use ctguard_core::blueprint::Blueprint;
use ctguard_core::offline;
use ctguard_core::replay::time::{day_start, delivered_on};
use ctguard_core::replay::{
    BrokenPart, Counter, Files, Inputs, LookedUp, Period, ReadFrom, Replay, Setup, sql, summarize,
};
use ctguard_core::scope::Place;
use eventbridge_pattern::archive;
use eventbridge_pattern::archive::{Containers, Found, Kind, LogFile, PassedOver, ScanTotals};
use eventbridge_pattern::set::PatternSet;
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Show what would have been alerted on, in logs of the past.
///
/// Reads folders in AWS's layout (an organization's too), log files, and whatever else carries
/// records or events: `docs/containers.md` lists it. Counts are of records; an action that was
/// recorded several times counts several times, and repeats are shown separately. Exits 4 when
/// something was not read.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Log files, or folders of them; `-` is standard input
    #[arg(value_name = "PATH", required_unless_present_any = ["lookup", "sql"], conflicts_with = "lookup")]
    paths: Vec<PathBuf>,
    /// Look up the event history of the last days, at most 90 (`7d`), in every place that the
    /// blueprint covers
    #[arg(long, value_name = "DAYS", env = "CTGUARD_LOOKUP", value_parser = days)]
    lookup: Option<u32>,
    /// Keep what is looked up in this folder, and go on there after an interruption
    #[arg(long, value_name = "FOLDER", requires = "lookup", env = "CTGUARD_RESUME")]
    resume: Option<PathBuf>,
    /// The blueprint
    #[arg(
        long,
        value_name = "BLUEPRINT",
        default_value = "ctguard.yaml",
        env = "CTGUARD_BLUEPRINT"
    )]
    blueprint: PathBuf,
    /// Print the query that gives the same counts over the CloudTrail table of Athena, and read
    /// nothing
    #[arg(long, value_enum, value_name = "ENGINE", env = "CTGUARD_SQL", conflicts_with_all = ["paths", "lookup"])]
    sql: Option<Engine>,
    /// The table that the query reads
    #[arg(long, value_name = "TABLE", default_value = "cloudtrail_logs", value_parser = table, env = "CTGUARD_TABLE")]
    table: String,
    /// Leave out events before this day (UTC): 2026-11-01, 7d or 2w (days or weeks ago), yesterday
    #[arg(long, value_name = "DAY", env = "CTGUARD_SINCE", value_parser = Day::parse)]
    since: Option<Day>,
    /// Leave out events after this day (UTC), written in the same way
    #[arg(long, value_name = "DAY", env = "CTGUARD_UNTIL", value_parser = Day::parse)]
    until: Option<Day>,
    /// Number of threads; by default one per core
    #[arg(long, value_name = "N", env = "CTGUARD_THREADS", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Also write a self-contained HTML page with charts
    #[arg(long, value_name = "FILE", env = "CTGUARD_HTML")]
    html: Option<PathBuf>,
}

impl ReplayArgs {
    /// Whether a query or a page is printed.
    pub fn prints_document(&self) -> bool {
        self.sql.is_some() || self.html.as_deref().is_some_and(files::is_standard_output)
    }
}

/// The SQL dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Athena,
}

/// Reads the name of a table, perhaps after those of its catalog and database.
fn table(text: &str) -> Result<String, String> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !part.starts_with(|c: char| c.is_ascii_digit())
    };
    let parts: Vec<&str> = text.split('.').collect();
    match parts.len() <= 3 && parts.iter().all(|part| is_name(part)) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{text}` is not a table name: letters, digits and _, such as logs.cloudtrail_logs"
        )),
    }
}

pub fn run(
    args: &ReplayArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let mut read = match context::read(&args.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    read.blueprint = read.blueprint.with_watch();
    let period = period(args, global.as_of(io))?;
    let setup = match offline::rules(&read.blueprint, global.as_of(io)) {
        Ok(rules) => Setup::new(&read.blueprint, rules, period).narrowed(context::narrow(global)?),
        Err(problems) => {
            read.say(&problems, global, io);
            return Ok(Exit::Usage);
        }
    };
    if args.sql.is_some() {
        return print_query(args, &read.blueprint, &setup, global, io);
    }
    let replay = match args.lookup {
        Some(days) => looked_up(args, days, &read, &setup, global, io)?,
        None => replay(args, &args.paths, Source::Logs, &read.blueprint, &setup, global, io)?,
    };
    if let Some(path) = &args.html {
        let page = html::render(&replay);
        files::save(path, &page, Readers::Owner, io).map_err(|error| {
            CommandError::io(format!("cannot write {}", path.display()), &error)
        })?;
    }
    // A page on standard output is all that stands there.
    match args.html.as_deref().is_some_and(files::is_standard_output) {
        true => output::reports(&View::Replayed(&replay), &Positions::unknown(""), global, io)?,
        false => show(&replay, global, io)?,
    }
    Ok(Exit::Incomplete.when(replay.is_incomplete()))
}

fn period(args: &ReplayArgs, today: Date) -> Result<Period, CommandError> {
    match (args.since.map(|day| day.on(today)), args.until.map(|day| day.on(today))) {
        (Some(since), Some(until)) if since > until => Err(CommandError::usage(format!(
            "--since {since} is after --until {until}: no day is left"
        ))
        .hint("Both days are included; give the earlier one to --since.")),
        (since, until) => Ok(Period { since, until }),
    }
}

/// Where the records come from.
enum Source {
    Logs,
    /// Places that could not be looked up are broken parts.
    Histories {
        of: LookedUp,
        broken: Vec<BrokenPart>,
    },
}

/// Reads `7d`, or `7`.
fn days(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('d').unwrap_or(text).parse().ok();
    number.filter(|days| (1..=DAYS_MOST).contains(days)).ok_or_else(|| {
        format!("`{text}` is not a number of days from 1d to {DAYS_MOST}d: CloudTrail keeps no older events")
    })
}

fn looked_up(
    args: &ReplayArgs,
    days: u32,
    read: &Read,
    setup: &Setup,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Replay, CommandError> {
    let as_of = global.as_of(io);
    let from = day_start(as_of.saturating_sub(i64::from(days).days()));
    let to = day_start(as_of.saturating_add(1.day())) - 1;
    // Without --resume the pages are deleted at the end.
    let temporary = match &args.resume {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| {
            CommandError::io("cannot make a folder for what is looked up", &error)
        })?),
    };
    let folder = args.resume.as_deref().or(temporary.as_ref().map(|folder| folder.path()));
    let pages = Pages::open(folder.unwrap_or(Path::new(".")), days, from, to).map_err(|error| {
        CommandError::new(error.to_string()).hint("Name an empty or a new folder with --resume.")
    })?;
    let (places, mut broken) = look_up(read, &pages, global, io)?;
    let looked = places.len() as u64;
    broken.sort();
    let (from, to) = pages.span();
    let of = LookedUp { places: looked, from, to };
    let files = pages.files(&places);
    replay(args, &files, Source::Histories { of, broken }, &read.blueprint, setup, global, io)
}

/// Looks up all places that the blueprint covers and the options select.
fn look_up(
    read: &Read,
    pages: &Pages,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(Vec<Place>, Vec<BrokenPart>), CommandError> {
    let narrow = context::narrow(global)?;
    let concurrency = usize::from(global.concurrency);
    let as_of = global.as_of(io);
    context::block_on(async {
        let cloud = context::open(global, read, io).await?;
        let caller = cloud.caller().await?;
        acting::begin(&caller, &read.blueprint, &narrow, global, io)?;
        let progress = match global.progress {
            ProgressShown::Json => Reading::looking_lines(&mut *io.err),
            ProgressShown::Auto if io.err_terminal && !global.quiet => Reading::looking(),
            ProgressShown::Auto => Reading::nothing(),
        };
        let scope = run::scope::scope(
            cloud.as_ref(),
            &read.blueprint,
            &caller.account,
            as_of,
            concurrency,
            &|_| {},
        )
        .await
        .map_err(|error| context::no_scope(&error))?;
        let covered = run::covered(&scope.places);
        let mut places: Vec<Place> =
            scope.places.into_iter().filter(|place| narrow.includes(place)).collect();
        places.sort();
        if places.is_empty() {
            let error = run::SurveyError::Narrowed { asked: narrow.to_string(), covered };
            return Err(CommandError::usage(error.to_string()));
        }
        pages.begin(&places).map_err(|error| CommandError::new(error.to_string()))?;
        let failed = lookup(cloud.as_ref(), &places, pages, concurrency, &|place, events| {
            progress.page(place, events)
        })
        .await;
        progress.finish();
        let mut broken: Vec<BrokenPart> = failed
            .into_iter()
            .map(|(place, why)| BrokenPart {
                path: place.to_string(),
                record: None,
                line: None,
                why: why.to_string(),
            })
            .collect();
        broken.extend(
            scope.unread.iter().filter(|(account, _)| narrow.includes_account(account)).map(
                |(account, why)| BrokenPart {
                    path: account.to_string(),
                    record: None,
                    line: None,
                    why: why.to_string(),
                },
            ),
        );
        Ok((places, broken))
    })?
}

fn replay(
    args: &ReplayArgs,
    paths: &[PathBuf],
    source: Source,
    blueprint: &Blueprint,
    setup: &Setup,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Replay, CommandError> {
    let as_of = global.as_of(io);
    let standard = standard_input(paths, io)?;
    let paths = standard.as_ref().map_or(paths, |(_, paths)| paths);
    let Found { mut files, passed_over, unread } = match source {
        Source::Logs => find(paths)?,
        Source::Histories { .. } => found(paths)?,
    };
    let found = files.len();
    files.retain(|file| file_day(file).is_none_or(|day| setup.period.may_hold(day)));
    let skipped_files = (found - files.len()) as u64;
    let delivered: Vec<Date> = files.iter().filter_map(file_day).collect();
    let delivered = delivered.iter().min().copied().zip(delivered.iter().max().copied());
    let (counter, mut tally) = scan(args, &files, setup, global, io);
    tally.add_found(passed_over, unread);
    if let Some((folder, _)) = &standard {
        for broken in tally.broken.iter_mut().filter(|one| one.path.starts_with(folder.path())) {
            broken.path = PathBuf::from("-");
        }
    }
    let (lookup, not_looked_up) = match source {
        Source::Logs => (None, kept_in_part(paths, &files)),
        Source::Histories { of, broken } => (Some(of), broken),
    };
    let mut unread = named(&tally.unread, |reason| reason);
    if !not_looked_up.is_empty() {
        unread.insert(NOT_LOOKED_UP.to_owned(), not_looked_up.len() as u64);
    }
    let passed_over = named(&tally.passed_over, PassedOver::as_str);
    let events = tally.events;
    let mut files = summed(tally);
    files.broken.splice(0..0, not_looked_up);
    let inputs = Inputs {
        blueprint,
        as_of,
        lookup,
        events,
        unread,
        passed_over,
        skipped_files,
        files,
        delivered,
    };
    Ok(summarize(setup, counter, inputs))
}

/// Keeps standard input in a file, if `-` is among the paths, and gives the paths with that file: files are read on several
/// threads.
fn standard_input(
    paths: &[PathBuf],
    io: &mut Io<'_>,
) -> Result<Option<(tempfile::TempDir, Vec<PathBuf>)>, CommandError> {
    match paths.iter().filter(|path| files::is_standard_input(path)).count() {
        0 => return Ok(None),
        1 => {}
        _ => return Err(CommandError::usage("standard input can be read only once")),
    }
    let failed = |error| CommandError::io("cannot keep standard input in a file", &error);
    let folder = tempfile::tempdir().map_err(failed)?;
    let kept = folder.path().join("standard-input");
    let mut file = std::fs::File::create(&kept).map_err(failed)?;
    std::io::copy(&mut *io.input, &mut file).map_err(failed)?;
    let with_file =
        |path: &PathBuf| if files::is_standard_input(path) { kept.clone() } else { path.clone() };
    let paths = paths.iter().map(with_file).collect();
    Ok(Some((folder, paths)))
}

/// What is missing of look-ups that were kept beside the files, each place a broken part.
fn kept_in_part(paths: &[PathBuf], files: &[LogFile]) -> Vec<BrokenPart> {
    let here = |folder| if folder == Path::new("") { Path::new(".") } else { folder };
    let beside = files.iter().filter_map(|file| file.path.parent()).map(here);
    let folders: BTreeSet<&Path> =
        paths.iter().filter(|path| path.is_dir()).map(PathBuf::as_path).chain(beside).collect();
    let part = |folder: &Path, why: String| BrokenPart {
        path: folder.display().to_string(),
        record: None,
        line: None,
        why,
    };
    let mut parts = Vec::new();
    for folder in folders {
        match unfinished(folder) {
            Ok(places) => parts.extend(places.into_iter().map(|place| {
                let then = "run `ctguard replay --lookup` with this --resume again";
                part(
                    folder,
                    format!("the event history of {place} was not looked up to its end; {then}"),
                )
            })),
            Err(error) => parts.push(part(folder, error.to_string())),
        }
    }
    parts.sort();
    parts.dedup_by(|a, b| a.why == b.why && Path::new(&a.path) == Path::new(&b.path));
    parts
}

/// The reason of a place whose event history could not be looked up.
const NOT_LOOKED_UP: &str = "not-looked-up";

/// Counts under the names that programs read.
fn named<K: Copy>(counts: &BTreeMap<K, u64>, name: fn(K) -> &'static str) -> BTreeMap<String, u64> {
    counts.iter().map(|(key, count)| (name(*key).to_owned(), *count)).collect()
}

fn found(paths: &[PathBuf]) -> Result<Found, CommandError> {
    archive::find(paths).map_err(|error| CommandError::io(&error, &error.source))
}

fn find(paths: &[PathBuf]) -> Result<Found, CommandError> {
    let found = found(paths)?;
    if found.files.is_empty() && found.unread.is_empty() {
        let named: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(CommandError::new(format!("there is no log file in {}", named.join(", ")))
            .hint("In a folder, logs are told by an ending such as .json or .jsonl.gz, or by what they begin with; a file that is named is read whatever its name."));
    }
    Ok(found)
}

/// The day on which a log was delivered, as its name says.
fn file_day(file: &LogFile) -> Option<Date> {
    delivered_on(file.path.file_name()?.to_str()?)
}

fn scan<'s>(
    args: &ReplayArgs,
    files: &[LogFile],
    setup: &'s Setup,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> (Counter<'s>, ScanTotals) {
    let bytes = files.iter().map(|file| file.bytes).sum();
    let reading = match global.progress {
        ProgressShown::Json => Reading::lines(&mut *io.err, files.len(), bytes),
        ProgressShown::Auto if io.err_terminal && !global.quiet => Reading::bar(bytes),
        ProgressShown::Auto => Reading::nothing(),
    };
    let matcher = PatternSet::new(setup.rules.iter().map(|rule| rule.pattern.clone()));
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.map_or_else(cores, usize::from);
    let (counters, tally) =
        archive::scan(files, &matcher, threads, || Counter::new(setup), &|step| {
            reading.add(step.files, step.bytes_read, step.events);
        });
    reading.finish();
    let mut all = Counter::new(setup);
    for counter in counters {
        all.merge(counter);
    }
    (all, tally)
}

fn summed(tally: ScanTotals) -> Files {
    let part = |broken: archive::Broken| BrokenPart {
        path: broken.path.display().to_string(),
        record: broken.place.map(|(number, _)| number),
        line: broken.place.map(|(_, line)| line),
        why: broken.why.to_string(),
    };
    let read = |((containers, kind), count): ((Containers, Kind), u64)| ReadFrom {
        container: containers.to_string(),
        kind: kind.as_str().to_owned(),
        count,
    };
    Files {
        count: tally.files,
        bytes: tally.bytes_read,
        inflated_bytes: tally.bytes_inflated,
        read: tally.read.into_iter().map(read).collect(),
        broken: tally.broken.into_iter().map(part).collect(),
    }
}

/// Prints the query; alerts that it cannot count are reported, and the result is incomplete.
fn print_query(
    args: &ReplayArgs,
    blueprint: &Blueprint,
    setup: &Setup,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    if global.shard.is_some() {
        let error = CommandError::usage("--shard: a query has no parts of a fleet");
        return Err(error.hint("Name the accounts by --account."));
    }
    let query = sql::query(setup, &blueprint.name, &args.table);
    if query.text.len() > sql::QUERY_MAX {
        return Err(CommandError::new(format!(
            "the query has {} bytes, and Athena takes {} at most",
            query.text.len(),
            sql::QUERY_MAX
        ))
        .hint("Split the blueprint's alerts over two files, and run a query for each."));
    }
    let paint = global.paint_err(io);
    for (alert, why) in &query.refused {
        let _ = writeln!(
            io.err,
            "{}: {alert} is not counted: {}",
            paint.warn("warning"),
            plain(&why.to_string())
        );
    }
    match global.format {
        Format::Json => {
            let not_counted = query
                .refused
                .iter()
                .map(|(alert, why)| NotCounted {
                    alert: alert.to_string(),
                    path: why.path.clone(),
                    why: why.why.clone(),
                })
                .collect();
            print_json(io, &Query { format_version: 1, sql: query.text, not_counted })?;
        }
        _ => print(io, &query.text)?,
    }
    Ok(Exit::Incomplete.when(!query.refused.is_empty()))
}

fn show(replay: &Replay, global: &GlobalOptions, io: &mut Io<'_>) -> Result<(), CommandError> {
    output::show(&View::Replayed(replay), &Positions::unknown(""), global, io)
}
