use super::files::{self, Readers, is_standard_input};
use super::input::text_with_mark;
use super::{GlobalOptions, Io, context, print};
use crate::error::{CommandError, Exit};
use clap::Args;
use ctguard_core::blueprint::format::format;
use ctguard_core::plural::count;
use similar::TextDiff;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Put blueprints into their canonical form; comments are kept.
///
/// The form has an order of keys and a style.
/// Prints the name of each file that it changed. Files that a blueprint includes are formatted when
/// they are named. Exits with 3 when --check finds a file that is not formatted.
#[derive(Debug, Args)]
pub struct FormatArgs {
    /// The files; `-` is standard input, whose form is printed
    #[arg(value_name = "FILE", default_value = "ctguard.yaml")]
    files: Vec<PathBuf>,
    /// Change nothing; fail when a file is not formatted
    #[arg(long)]
    check: bool,
    /// Print what is changed
    #[arg(long)]
    diff: bool,
}

impl FormatArgs {
    /// Whether the form of standard input is printed.
    pub fn prints_document(&self) -> bool {
        !self.check && !self.diff && self.files.iter().any(|file| is_standard_input(file))
    }
}

pub fn run(
    args: &FormatArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let (mut exit, mut found) = (Exit::Done, 0);
    for path in &args.files {
        let name = path.display().to_string();
        let text = text_with_mark(path, io)
            .map_err(|error| CommandError::io(std::format!("cannot read {name}"), &error))?;
        let formatted = match format(&name, &text) {
            Ok(formatted) => formatted,
            Err(problems) => {
                context::say(&problems, &BTreeMap::from([(name, text)]), global, io);
                exit = exit.and(Exit::Usage);
                continue;
            }
        };
        let standard = is_standard_input(path);
        if standard && !args.check && !args.diff {
            print(io, &formatted)?;
            continue;
        }
        if formatted == text {
            continue;
        }
        found += 1;
        if args.diff {
            let diff = TextDiff::from_lines(&text, &formatted);
            print(io, &diff.unified_diff().header(&name, &name).to_string())?;
        } else {
            print(io, &std::format!("{name}\n"))?;
        }
        if !args.check && !standard {
            files::written(path, Readers::Usual, |out| out.write_all(formatted.as_bytes()))
                .map_err(|error| CommandError::io(std::format!("cannot write {name}"), &error))?;
        }
    }
    if args.check && found > 0 && !global.quiet {
        let paint = global.paint_err(io);
        let _ = writeln!(
            io.err,
            "{}: {} not formatted; `ctguard fmt` formats",
            paint.bad("error"),
            count(found, "file")
        );
    }
    Ok(exit.and(Exit::CheckFailed.when(args.check && found > 0)))
}
