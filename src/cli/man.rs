use super::files::{self, Readers};
use super::{GlobalOptions, Io};
use crate::error::{CommandError, Exit};
use clap::Args;
use clap_mangen::Man;
use std::path::{Path, PathBuf};

/// Print the manual page, or write one for every verb into a folder.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write `ctguard.1`, `ctguard-plan.1` and so on into this folder, which is made if it is missing
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub fn run(args: &ManArgs, _: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let mut command = super::help::command();
    command.build();
    match &args.out {
        None => super::print(io, &page(&command, "ctguard")?)?,
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| {
                CommandError::io(format!("cannot make the folder {}", folder.display()), &error)
            })?;
            let mut pages = Vec::new();
            pages_of(&command, "ctguard", &mut pages)?;
            for (name, text) in pages {
                write(&folder.join(format!("{name}.1")), &text)?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The pages of a command and of all below it, by name.
fn pages_of(
    command: &clap::Command,
    name: &str,
    pages: &mut Vec<(String, String)>,
) -> Result<(), CommandError> {
    pages.push((name.to_owned(), page(command, name)?));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        pages_of(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}

fn page(command: &clap::Command, name: &str) -> Result<String, CommandError> {
    let mut text = Vec::new();
    // The page's title is the whole name, not the verb alone.
    Man::new(command.clone())
        .title(name)
        .render(&mut text)
        .map_err(|error| CommandError::io("cannot make the page", &error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    files::written(path, Readers::Usual, |out| out.write_all(text.as_bytes()))
        .map_err(|error| CommandError::io(format!("cannot write {}", path.display()), &error))
}
