use super::files::{self, Readers};
use super::{BlueprintArg, GlobalOptions, Io, completions, context, output, print_json};
use crate::error::{CommandError, Exit};
use crate::report::coverage::{Narrow, layer};
use crate::report::view::View;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use ctguard_core::coverage::{Coverage, Served, State, measure};
use std::path::PathBuf;

/// Say which controls and techniques of ATT&CK the alerts serve.
///
/// Controls are those of compliance frameworks.
/// A control is measured by the events of the built-in alerts that serve it: it is covered when
/// alerts of the blueprint hear each of them. Offline; the page docs/coverage.md says what the
/// figures mean. Exits with 3 when something that --require names is not covered.
#[derive(Debug, Args)]
pub struct CoverageArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Show each control of this framework, such as cis-5.0, or each technique with `attack`; can
    /// be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', add = ArgValueCompleter::new(completions::frameworks))]
    framework: Vec<String>,
    /// Show each control of every framework, and each technique
    #[arg(long, conflicts_with = "framework")]
    all: bool,
    /// Fail unless this framework or control, such as cis-5.0/4.5, is covered; can be repeated
    #[arg(long, value_name = "NAME[/ID]", value_delimiter = ',', add = ArgValueCompleter::new(completions::frameworks))]
    require: Vec<String>,
    /// Write a layer for the ATT&CK Navigator to this file; `-` prints it instead of the report
    #[arg(long, value_name = "FILE")]
    navigator: Option<PathBuf>,
}

pub fn run(
    args: &CoverageArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let path = &args.blueprint.blueprint;
    let read = match context::read(path, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let coverage = measure(&read.blueprint, global.as_of(io));
    let narrow = match (args.all, args.framework.is_empty()) {
        (true, _) => Narrow::All,
        (_, true) => Narrow::Summary,
        _ => Narrow::To(&args.framework),
    };
    for name in &args.framework {
        known(&coverage, name)?;
    }
    let failing = failing(&coverage, &args.require)?;
    match args.navigator.as_deref() {
        Some(file) if files::is_standard_output(file) => print_json(io, &layer(&coverage))?,
        file => {
            if let Some(file) = file {
                let text = format!("{:#}\n", layer(&coverage));
                files::save(file, &text, Readers::Owner, io).map_err(|error| {
                    CommandError::io(format!("cannot write the layer {}", file.display()), &error)
                })?;
            }
            let shown = View::Covered { coverage: &coverage, narrow };
            output::show(&shown, &read.positions, global, io)?;
        }
    }
    for one in &failing {
        let paint = global.paint_err(io);
        let _ = writeln!(io.err, "{}: {one}", paint.bad("error"));
    }
    Ok(Exit::CheckFailed.when(!failing.is_empty()))
}

/// The controls or techniques of a framework.
fn of<'a>(coverage: &'a Coverage, name: &str) -> Option<&'a [Served]> {
    if name == "attack" {
        return Some(&coverage.techniques);
    }
    let found = coverage.frameworks.iter().find(|one| one.name == name);
    found.map(|framework| framework.controls.as_slice())
}

fn known<'a>(coverage: &'a Coverage, name: &str) -> Result<&'a [Served], CommandError> {
    of(coverage, name).ok_or_else(|| {
        let names = coverage.frameworks.iter().map(|one| one.name.as_str());
        let names: Vec<&str> = names.chain(["attack"]).collect();
        CommandError::usage(format!("no alert names a framework `{name}`"))
            .hint(format!("There is {}.", names.join(", ")))
    })
}

/// What is required and not covered, in sentences.
fn failing(coverage: &Coverage, required: &[String]) -> Result<Vec<String>, CommandError> {
    let mut failing = Vec::new();
    for one in required {
        let (name, id) = match one.split_once('/') {
            Some((name, id)) => (name, Some(id)),
            None => (one.as_str(), None),
        };
        let all = known(coverage, name)?;
        let wanted: Vec<&Served> =
            all.iter().filter(|served| id.is_none_or(|id| served.id == id)).collect();
        if wanted.is_empty() {
            return Err(CommandError::usage(format!("no alert names `{one}`"))
                .hint(format!("`ctguard coverage --framework {name}` lists what there is.")));
        }
        let short = wanted.iter().filter(|served| served.state != State::Covered);
        failing.extend(short.map(|served| {
            let why = match (served.events, served.alerts.as_slice()) {
                (0, []) => "no built-in alert has events that it could be measured by".to_owned(),
                (0, alerts) => format!(
                    "{} names it, and no built-in alert has events that it could be measured by",
                    alerts.join(", ")
                ),
                (all, _) => format!("{} of {all} events are heard", served.heard),
            };
            format!("{name}/{} is required and not covered: {why}", served.id)
        }));
    }
    Ok(failing)
}
