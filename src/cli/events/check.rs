//! `events check`: files of names and patterns, of any tool.

use super::super::files::is_standard_input;
use super::super::input::text;
use super::super::{GlobalOptions, Io, context, output};
use crate::error::{CommandError, Exit};
use crate::report::events::EventCheck;
use crate::report::positions::Positions;
use crate::report::screen::plain;
use crate::report::view::{Format, View};
use clap::Args;
use ctguard_core::events::{Checked, check};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Say which event names and patterns of files are wrong or can never match.
///
/// Files are lists of names (one on each line), Terraform, CloudFormation, SAM, EventBridge's own
/// JSON, filters of CloudWatch Logs, rules of Sigma, and other text that compares `eventName`.
/// Exits with 3 when something is wrong, and with 64 when nothing in a file was recognised.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(
    args: &CheckArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    if args.files.iter().filter(|path| is_standard_input(path)).count() > 1 {
        return Err(CommandError::usage("standard input can be read only once"));
    }
    let (mut files, mut sources, mut unread) = (Vec::new(), BTreeMap::new(), 0);
    for path in &args.files {
        let name = path.display().to_string();
        match text(path, io) {
            Ok(text) => {
                files.push(check(&name, &text));
                sources.insert(name, text);
            }
            Err(error) => {
                unread += 1;
                let paint = global.paint_err(io);
                let _ = writeln!(
                    io.err,
                    "{}: cannot read {}: {error}",
                    paint.bad("error"),
                    plain(&name)
                );
            }
        }
    }
    let checked = EventCheck::new(files, unread);
    if global.format == Format::Text {
        context::say(&checked.diagnostics(), &sources, global, io);
    }
    let first = args.files.first().map(|path| path.display().to_string()).unwrap_or_default();
    output::show(&View::EventsChecked(&checked), &Positions::unknown(first), global, io)?;
    let nothing = checked.files.iter().any(|file: &Checked| file.not_read.is_some());
    Ok(Exit::CheckFailed
        .when(checked.wrong)
        .and(Exit::Error.when(unread > 0))
        .and(Exit::Usage.when(nothing)))
}
