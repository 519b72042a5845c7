mod live;

use super::files;
use super::input::{files_below, text};
use super::{GlobalOptions, Io, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::import as report;
use crate::report::screen::{hides, plain};
use clap::{Args, Subcommand};
use ctguard_core::blueprint::Risk;
use ctguard_core::import::{self, Around, Collected, Import, SourceFile};
use std::path::{Path, PathBuf};

/// The address where nobody is named.
const NOBODY: &str = "change-me@example.com";

/// Make a blueprint of the rules that you have.
///
/// A rule comes over whole, or is listed with the reason; then the exit code is 4.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub struct ImportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Sigma(SigmaArgs),
    Pattern(PatternArgs),
    Live(live::LiveArgs),
}

/// Make alerts of Sigma rules about CloudTrail.
///
/// Rules are read whole, and compared as Sigma does: without regard to case, wherever EventBridge
/// can. What it cannot do (counting, comparing two fields, regular expressions, keywords) is
/// listed by rule.
#[derive(Debug, Args)]
struct SigmaArgs {
    /// Files and folders with rules; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    written: Written,
}

/// Make alerts of event patterns: Terraform, CloudFormation, SAM, CDK, JSON.
///
/// A pattern for CloudTrail's events becomes an alert that takes the same events. Patterns for
/// events of others, and those of which a variable makes a part, are listed with the reason.
#[derive(Debug, Args)]
struct PatternArgs {
    /// Files and folders with patterns; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The risk of the alerts: critical, high, medium or low
    #[arg(long, default_value = "medium", value_parser = risk)]
    risk: Risk,
    #[command(flatten)]
    written: Written,
}

fn risk(text: &str) -> Result<Risk, String> {
    Risk::parse(text).ok_or_else(|| "write critical, high, medium or low".to_owned())
}

/// How the result is written.
#[derive(Debug, Args)]
struct Written {
    /// Print the list of alerts alone
    #[arg(long)]
    alerts: bool,
    /// Write the result to this file
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, requires = "out")]
    force: bool,
    /// The name of the blueprint
    #[arg(long, default_value = "imported", conflicts_with = "alerts")]
    name: String,
    /// Who is told
    #[arg(long, conflicts_with = "alerts")]
    email: Option<String>,
}

pub fn run(
    args: &ImportArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let of_files = !matches!(args.what, What::Live(_));
    if of_files && !(global.account.is_empty() && global.region.is_empty()) {
        return Err(CommandError::usage(
            "--region and --account say where rules are read, and these are read from files",
        )
        .hint(
            "`import live` reads the rules of an account; `accounts:` and `regions:` of the \
               blueprint say where its alerts are.",
        ));
    }
    match &args.what {
        What::Sigma(args) => {
            let (files, exit) = read(&args.files, &["yml", "yaml"], global, io)?;
            Ok(finish(import::sigma(&files), &args.written, global, io)?.and(exit))
        }
        What::Pattern(args) => {
            let endings = ["tf", "json", "yaml", "yml", "template"];
            let (files, exit) = read(&args.files, &endings, global, io)?;
            Ok(finish(import::pattern(&files, args.risk), &args.written, global, io)?.and(exit))
        }
        What::Live(args) => live::run(args, global, io),
    }
}

/// The texts of all files; an exit code that tells of those that could not be opened.
fn read(
    paths: &[PathBuf],
    endings: &[&str],
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(Vec<SourceFile>, Exit), CommandError> {
    if paths.iter().filter(|path| files::is_standard_input(path)).count() > 1 {
        return Err(CommandError::usage("standard input can be read only once"));
    }
    let (mut files, mut exit) = (Vec::new(), Exit::Done);
    for path in paths {
        let found = files_below(path, endings).and_then(|found| match found.is_empty() {
            true => Err(std::io::Error::other("there is no such file in it")),
            false => Ok(found),
        });
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                exit = unread(path, &error, global, io);
                continue;
            }
        };
        for file in found {
            match text(&file, io) {
                Ok(text) => files.push(SourceFile { name: file.display().to_string(), text }),
                Err(error) => exit = unread(&file, &error, global, io),
            }
        }
    }
    Ok((files, exit))
}

fn unread(path: &Path, error: &std::io::Error, global: &GlobalOptions, io: &mut Io<'_>) -> Exit {
    let bad = global.paint_err(io).bad("error");
    let _ = writeln!(io.err, "{bad}: cannot read {}: {error}", plain(&path.display().to_string()));
    Exit::Error
}

/// Prints or writes what was collected, and tells what did not come over.
fn finish(
    collected: Collected,
    written: &Written,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let email = written.email.as_deref().unwrap_or(NOBODY);
    let around = Around { name: &written.name, email, alerts_only: written.alerts };
    let import = import::finish(collected, &around, global.as_of(io));
    if !written.alerts {
        valid(&import, global, io)?;
    }
    let paint = global.paint_err(io);
    let _ = io.err.write_all(report::unread(&import, paint).as_bytes());
    let _ = io.err.write_all(report::refused(&import, paint).as_bytes());
    if !global.quiet {
        let _ = io.err.write_all(report::passed_over(&import).as_bytes());
        let _ = io.err.write_all(report::notes(&import, paint).as_bytes());
        let _ = io.err.write_all(report::summary(&import).as_bytes());
    }
    let by_route = import.blueprint.contains(NOBODY) && !import.alerts.is_empty();
    if !written.alerts && by_route && written.email.is_none() && !global.quiet {
        let _ = writeln!(
            io.err,
            "{}: nobody is told: put an address of your own in place of {NOBODY}, or give --email",
            paint.warn("note")
        );
    }
    if let Some(path) = &written.out {
        files::create(path, &import.blueprint, written.force, io)?;
    }
    match (is_json(global), &written.out) {
        (true, _) => print_json(io, &import)?,
        (false, None) => {
            if import.blueprint.chars().any(|c| hides(c) && c != '\n') && !global.quiet {
                let _ = writeln!(
                    io.err,
                    "{}: characters that hide or turn text around are not printed; --out writes them",
                    paint.warn("warning")
                );
            }
            print(io, &import.blueprint)?;
        }
        (false, Some(path)) if files::is_standard_output(path) => {}
        (false, Some(path)) => print(io, &format!("Wrote {}.\n", path.display()))?,
    }
    if !import.adopt.is_empty() && !global.quiet {
        let path = written.out.as_deref().unwrap_or(Path::new("FILE"));
        let _ = io.err.write_all(report::next(&import, path).as_bytes());
    }
    Ok(Exit::Incomplete.when(!import.complete))
}

/// Refuses a name or an address that no blueprint can have; the alerts have been judged.
fn valid(import: &Import, global: &GlobalOptions, io: &mut Io<'_>) -> Result<(), CommandError> {
    let as_of = global.as_of(io);
    let loaded = ctguard_core::blueprint::load_text("import.yaml", &import.blueprint, None, as_of);
    if loaded.blueprint.is_some() || import.alerts.is_empty() {
        return Ok(());
    }
    super::context::say(&loaded.diagnostics, &loaded.sources, global, io);
    Err(CommandError::usage("that does not make a valid blueprint; nothing was written"))
}
