//! The command line: global options, the verbs, and the streams they write to.
//!
//! Every verb is an `Args` struct, whose doc comment is its help, and a `run` function. [`main`]
//! runs in process with injected streams, so that tests see what a user sees.

mod acting;
mod apply;
mod clash;
mod completions;
mod context;
mod coverage;
mod day;
mod destroy;
mod drift;
mod drill;
mod events;
mod examples;
mod explain;
mod export;
mod files;
mod format;
mod heal;
mod help;
mod import;
mod init;
mod input;
mod live;
mod man;
mod match_check;
mod match_verb;
mod merge;
mod next;
mod output;
mod perform;
mod plan;
mod planned;
mod policy;
mod replay;
mod sandbox;
mod schema;
mod secrets;
mod show;
mod signals;
mod snapshot;
mod test;
mod timeout;
mod usage;
mod validate;
mod verify;

use crate::error::{CommandError, Exit};
use crate::report::Paint;
use crate::report::plan::Detail;
use crate::report::progress::Progress;
use crate::report::screen::{Filter, Screen, Written, hung};
use crate::report::view::Format;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ColorChoice, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use ctguard_core::cloud::recorded::Recorded;

use ctguard_core::blueprint::{Blueprint, RoleName};
use jiff::civil::Date;
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use completions::complete;
pub use timeout::end_with_time;

/// Streams and environment of a command.
pub struct Io<'a> {
    /// Data.
    pub out: &'a mut (dyn Write + Send),
    /// Messages: everything that is not data.
    pub err: &'a mut (dyn Write + Send),
    pub input: &'a mut (dyn BufRead + Send),
    /// Standard input and standard error are a terminal, so questions can be asked.
    pub interactive: bool,
    /// Standard output is a terminal.
    pub out_terminal: bool,
    /// Standard error is a terminal.
    pub err_terminal: bool,
    /// `NO_COLOR` is set.
    pub no_color: bool,
    /// Columns to fill, in characters.
    pub width: usize,
    /// The default as-of date, UTC.
    pub today: Date,
}

/// Makes sure somebody hears about it when something dangerous happens in an AWS account.
///
/// One YAML blueprint says which CloudTrail events matter and who must hear of them. ctguard
/// compares it with the live trails, EventBridge rules and SNS topics, shows a plan, applies it,
/// and proves that each alert reaches somebody. It keeps no state, and what it makes in the account
/// is native AWS: no agent, no function, no server.
#[derive(Debug, Parser)]
#[command(
    name = "ctguard",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    styles = help::STYLES
)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = help::EVERY_VERB)]
pub(crate) struct GlobalOptions {
    /// Work on the accounts in this file instead of AWS
    #[arg(long, global = true, value_name = "FILE", env = "CTGUARD_SANDBOX")]
    sandbox: Option<PathBuf>,
    /// Read this snapshot instead of AWS; `-` is standard input
    #[arg(long, global = true, value_name = "FILE", env = "CTGUARD_SNAPSHOT")]
    snapshot: Option<PathBuf>,
    /// What the snapshot holds, once it has been read.
    #[arg(skip)]
    recorded: Option<Recorded>,
    /// Use this profile of the AWS configuration
    #[arg(short, long, global = true, env = "CTGUARD_PROFILE", add = ArgValueCompleter::new(completions::profiles))]
    profile: Option<String>,
    /// Assume the role of this name in other accounts, in place of the blueprint's: such as one that
    /// only reads
    #[arg(long, global = true, value_name = "NAME", env = "CTGUARD_ASSUME_ROLE", value_parser = RoleName::new)]
    assume_role: Option<RoleName>,
    /// The code of the MFA device that a role of the profile asks for
    #[arg(
        long,
        global = true,
        value_name = "CODE",
        env = "CTGUARD_MFA_TOKEN",
        hide_env_values = true
    )]
    mfa_token: Option<String>,
    /// Narrow the blueprint to this region; can be repeated
    #[arg(short, long, global = true, env = "CTGUARD_REGION", value_delimiter = ',', add = ArgValueCompleter::new(completions::regions))]
    region: Vec<String>,
    /// Narrow the blueprint to this account; can be repeated
    #[arg(
        short,
        long,
        global = true,
        value_name = "ID",
        env = "CTGUARD_ACCOUNT",
        value_delimiter = ','
    )]
    account: Vec<String>,
    /// Take one of several equal parts of the accounts, such as 3/8
    #[arg(long, global = true, value_name = "N/M", env = "CTGUARD_SHARD")]
    shard: Option<String>,
    /// Print for people or for programs: one of the verb's formats, which stand below
    #[arg(short, long, global = true, value_enum, default_value_t, hide_possible_values = true, env = "CTGUARD_FORMAT", add = ArgValueCompleter::new(completions::formats))]
    format: Format,
    /// Write the result to a file, too, such as markdown=summary.md; can be repeated
    #[arg(
        long,
        global = true,
        value_name = "FORMAT=PATH",
        env = "CTGUARD_REPORT",
        value_delimiter = ','
    )]
    report: Vec<output::ReportFile>,
    /// With the format github: append a summary to this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "GITHUB_STEP_SUMMARY",
        hide_env_values = true
    )]
    step_summary: Option<PathBuf>,
    /// The options that a next command needs, too, as they were typed.
    #[arg(skip)]
    typed: Vec<(String, String)>,
    /// The files that results go to.
    #[arg(skip)]
    outputs: Vec<clash::Named>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, env = "CTGUARD_COLOR")]
    color: ColorChoice,
    /// Print no warnings and no progress
    #[arg(short, long, global = true, env = "CTGUARD_QUIET", value_parser = clap::builder::BoolishValueParser::new())]
    quiet: bool,
    /// How progress is shown on standard error: a line on a terminal, or one event per line for
    /// programs
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "HOW",
        env = "CTGUARD_PROGRESS"
    )]
    progress: ProgressShown,
    /// Log more: -v each call, -vv everything that the SDK logs
    #[arg(short, long, global = true, action = clap::ArgAction::Count, env = "CTGUARD_VERBOSE")]
    verbose: u8,
    /// Read or change at most this many places at once
    #[arg(long, global = true, default_value_t = 16, env = "CTGUARD_CONCURRENCY", value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Stop reading after this time, such as 10m or 1h30m: what is not read by then is unknown
    /// (exit code 4), and an apply stops as on Ctrl-C. 0 is no limit
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        env = "CTGUARD_TIMEOUT",
        value_parser = timeout::parse
    )]
    timeout: Option<Duration>,
    /// When the run began.
    #[arg(skip = Instant::now())]
    started: Instant,
    /// Judge exceptions as of this date (YYYY-MM-DD, UTC) instead of today or the snapshot's date
    #[arg(long, global = true, value_name = "DATE", env = "CTGUARD_AS_OF")]
    as_of: Option<Date>,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ProgressShown {
    #[default]
    Auto,
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    #[command(name = "fmt")]
    Format(format::FormatArgs),
    Plan(plan::PlanArgs),
    Show(show::ShowArgs),
    Apply(apply::ApplyArgs),
    Destroy(destroy::DestroyArgs),
    Drift(drift::DriftArgs),
    Verify(verify::VerifyArgs),
    Drill(drill::DrillArgs),
    Heal(heal::HealArgs),
    Explain(explain::ExplainArgs),
    Events(events::EventsArgs),
    Coverage(coverage::CoverageArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Match(match_verb::MatchArgs),
    Test(test::TestArgs),
    Merge(merge::MergeArgs),
    Snapshot(snapshot::SnapshotArgs),
    Policy(policy::PolicyArgs),
    Schema(schema::SchemaArgs),
    Replay(replay::ReplayArgs),
    Sandbox(sandbox::SandboxArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Verb {
    /// Whether it prints lines for people to read, and not a document, a record or a message that has to stay as it is.
    fn prints_lines(&self) -> bool {
        match self {
            Self::Init(args) => !args.prints_document(),
            // Of these, each breaks its own lines where they are no document.
            Self::Format(_) | Self::Import(_) | Self::Match(_) | Self::Policy(_) => false,
            Self::Schema(_) | Self::Completions(_) | Self::Man(_) => false,
            Self::Test(args) => !args.shows_messages(),
            Self::Replay(args) => !args.prints_document(),
            _ => true,
        }
    }
}

/// The blueprint that a verb works on.
#[derive(Debug, Args)]
struct BlueprintArg {
    /// The blueprint
    #[arg(value_name = "BLUEPRINT", default_value = "ctguard.yaml", env = "CTGUARD_BLUEPRINT")]
    blueprint: PathBuf,
}

/// Runs one command line and returns its exit code. All output goes to `io`.
pub fn main(args: impl IntoIterator<Item = OsString>, io: &mut Io<'_>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let parsed = help::command().try_get_matches_from(&args).map_err(|error| {
        usage::named(error, &help::command(), &args, |variable| std::env::var_os(variable))
    });
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let painted_usage = match &parsed {
        Ok(_) => false,
        Err(error) => usage::in_colour(error, io),
    };
    let (out, err) = match &parsed {
        Ok((cli, _)) => (cli.written(io), Written::Lines { color: cli.global.paint_err(io).color }),
        Err(_) => {
            (Written::Lines { color: painted_usage }, Written::Lines { color: painted_usage })
        }
    };
    let (width, whole) = (io.width, !matches!(out, Written::Lines { .. }));
    let mut out = Screen::new(&mut *io.out, out);
    if !whole && parsed.as_ref().is_ok_and(|(cli, _)| cli.verb.prints_lines()) {
        out = out.wrapped(width);
    }
    let io = &mut Io {
        out: &mut out,
        err: &mut Screen::new(&mut *io.err, err).wrapped(width),
        input: &mut *io.input,
        ..*io
    };
    let (mut cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage::show(&error, painted_usage, io),
    };
    cli.global.typed = typed(&matches);
    cli.global.outputs = clash::outputs(&cli, &matches);
    cli.global.prefer_typed(&matches);
    cli.global.watch_time();
    logging(cli.global.verbose);
    let result = output::check(&cli.verb, &cli.global)
        .and_then(|()| clash::check(&cli, &matches))
        .and_then(|()| snapshot::open(&mut cli, io))
        .and_then(|()| run(&cli, io));
    match result {
        Ok(exit) => exit,
        Err(error) => {
            let paint = cli.global.paint_err(io);
            output::failure(&error, &cli.verb, &cli.global, io);
            let _ = writeln!(io.err, "{}: {}", paint.bad("error"), hung(&error.message));
            for hint in &error.hints {
                let _ = writeln!(io.err, "{}: {}", paint.head("hint"), hung(hint));
            }
            error.exit
        }
    }
}

impl Cli {
    /// What the command writes to standard output. A document for another program stays whole, but
    /// not on a terminal.
    fn written(&self, io: &Io<'_>) -> Written {
        let lines = Written::Lines { color: self.global.paint_out(io).color };
        match (self.global.format, &self.verb) {
            (Format::Json | Format::Sarif, _) | (_, Verb::Snapshot(_)) => Written::Json,
            (_, Verb::Match(args)) if args.prints_events() => Written::Json,
            (Format::Github, _) => Written::Commands,
            (_, Verb::Format(args)) if args.prints_document() && !io.out_terminal => {
                Written::Document
            }
            (_, Verb::Init(args)) if args.prints_document() && !io.out_terminal => {
                Written::Document
            }
            (_, Verb::Schema(_) | Verb::Completions(_) | Verb::Man(_)) if !io.out_terminal => {
                Written::Document
            }
            (_, Verb::Replay(args)) if args.prints_document() && !io.out_terminal => {
                Written::Document
            }
            _ => lines,
        }
    }
}

fn run(cli: &Cli, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let global = &cli.global;
    match &cli.verb {
        Verb::Init(args) => init::run(args, global, io),
        Verb::Validate(args) => validate::run(args, global, io),
        Verb::Format(args) => format::run(args, global, io),
        Verb::Plan(args) => plan::run(args, global, io),
        Verb::Show(args) => show::run(args, global, io),
        Verb::Apply(args) => apply::run(args, global, io),
        Verb::Destroy(args) => destroy::run(args, global, io),
        Verb::Drift(args) => drift::run(args, global, io),
        Verb::Verify(args) => verify::run(args, global, io),
        Verb::Drill(args) => drill::run(args, global, io),
        Verb::Heal(args) => heal::run(args, global, io),
        Verb::Explain(args) => explain::run(args, global, io),
        Verb::Events(args) => events::run(args, global, io),
        Verb::Coverage(args) => coverage::run(args, global, io),
        Verb::Import(args) => import::run(args, global, io),
        Verb::Export(args) => export::run(args, global, io),
        Verb::Match(args) => match_verb::run(args, global, io),
        Verb::Test(args) => test::run(args, global, io),
        Verb::Merge(args) => merge::run(args, global, io),
        Verb::Snapshot(args) => snapshot::run(args, global, io),
        Verb::Policy(args) => policy::run(args, global, io),
        Verb::Schema(args) => schema::run(args, global, io),
        Verb::Replay(args) => replay::run(args, global, io),
        Verb::Sandbox(args) => sandbox::run(args, global, io),
        Verb::Completions(args) => completions::run(args, global, io),
        Verb::Man(args) => man::run(args, global, io),
    }
}

/// What the last word that is a verb was given; the options of every verb are there, too.
fn deepest(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| deepest(inner))
}

/// The options on the command line that say where and what to look at, as they were typed.
fn typed(matches: &ArgMatches) -> Vec<(String, String)> {
    let matches = matches.subcommand().map_or(matches, |(_, inner)| inner);
    let mut words = Vec::new();
    for option in [
        "sandbox",
        "snapshot",
        "profile",
        "assume_role",
        "region",
        "account",
        "shard",
        "as_of",
        "concurrency",
    ] {
        if matches.value_source(option) != Some(ValueSource::CommandLine) {
            continue;
        }
        let values = matches.get_raw(option).into_iter().flatten();
        let values: Vec<String> = values.map(|raw| raw.to_string_lossy().into_owned()).collect();
        words.push((format!("--{}", option.replace('_', "-")), values.join(",")));
    }
    words
}

fn logging(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => "ctguard=debug",
        _ => "debug",
    };
    // A second command in the same process keeps the first one's subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Hiding(std::io::stderr()))
        .try_init();
}

/// A log without the addresses of subscribers.
struct Hiding<W>(W);

impl<W: std::io::Write> std::io::Write for Hiding<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = secrets::hidden_in_log(&text);
        let lines = Written::Lines { color: true };
        self.0.write_all(Filter::text(lines, &text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl GlobalOptions {
    /// Of two options that exclude each other, the one on the command line goes before the variable
    /// that stands in for the other.
    fn prefer_typed(&mut self, matches: &ArgMatches) {
        let matches = deepest(matches);
        let typed = |option| matches.value_source(option) == Some(ValueSource::CommandLine);
        match (typed("sandbox"), typed("snapshot")) {
            (false, true) => self.sandbox = None,
            (true, false) => self.snapshot = None,
            _ => {}
        }
    }

    fn paint(&self, terminal: bool, io: &Io<'_>) -> Paint {
        let color = match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !io.no_color,
        };
        Paint { color, width: io.width }
    }

    /// The blueprint with the roles by which its accounts are entered.
    fn entering<'a>(&self, blueprint: &'a Blueprint) -> Cow<'a, Blueprint> {
        match &self.assume_role {
            Some(role) => Cow::Owned(blueprint.entered_by(role)),
            None => Cow::Borrowed(blueprint),
        }
    }

    /// How much is told of what a plan makes.
    fn detail(&self) -> Detail {
        if self.verbose > 0 { Detail::Full } else { Detail::Brief }
    }

    /// How to paint data.
    fn paint_out(&self, io: &Io<'_>) -> Paint {
        self.paint(io.out_terminal, io)
    }

    /// How to paint messages.
    fn paint_err(&self, io: &Io<'_>) -> Paint {
        self.paint(io.err_terminal, io)
    }

    fn progress<'a>(&self, io: &'a mut Io<'_>) -> Progress<'a> {
        match self.progress {
            ProgressShown::Json => Progress::lines(&mut *io.err),
            ProgressShown::Auto if io.err_terminal && !self.quiet => Progress::bar(),
            ProgressShown::Auto => Progress::nothing(),
        }
    }

    fn as_of(&self, io: &Io<'_>) -> Date {
        self.as_of.unwrap_or(io.today)
    }
}

fn is_json(global: &GlobalOptions) -> bool {
    global.format == Format::Json
}

/// Prints a value as JSON, for programs.
fn print_json(io: &mut Io<'_>, value: &impl serde::Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| {
        CommandError::new(format!("the result cannot be written as JSON: {error}"))
    })?;
    print(io, &format!("{text}\n"))
}

/// Prints data. A reader that has gone (`| head`) is no error.
fn print(io: &mut Io<'_>, text: &str) -> Result<(), CommandError> {
    match io.out.write_all(text.as_bytes()).and_then(|()| io.out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::io("cannot write to standard output", &error))
        }
        _ => Ok(()),
    }
}
