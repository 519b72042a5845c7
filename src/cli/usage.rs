//! What clap says: help, and what is wrong with a command line or with the variables that stand in for options.

use super::Io;
use crate::error::Exit;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, Error};
use std::ffi::OsString;

/// Help and version are data; everything else that clap says is a usage error.
pub fn show(error: &Error, color: bool, io: &mut Io<'_>) -> Exit {
    let text = error.render();
    let text = if color { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        let _ = write!(io.err, "{text}");
        Exit::Usage
    } else {
        let _ = write!(io.out, "{text}");
        Exit::Done
    }
}

/// Whether what clap says is in colour: the options were not taken, so that the terminal and the environment decide.
pub fn in_colour(error: &Error, io: &Io<'_>) -> bool {
    let terminal = if error.use_stderr() { io.err_terminal } else { io.out_terminal };
    match std::env::var("CTGUARD_COLOR").as_deref() {
        Ok("always") => true,
        Ok("never") => false,
        _ => terminal && !io.no_color,
    }
}

/// Names the variable that a refused value comes from: clap names the option, which nobody typed. `read` reads a variable.
pub fn named(
    mut error: Error,
    command: &Command,
    typed: &[OsString],
    read: impl Fn(&str) -> Option<OsString>,
) -> Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (Some(shown), Some(value)) =
        (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue))
    else {
        return error;
    };
    let refused = |arg: &&Arg| {
        let long = arg.get_long().map(|long| format!("--{long}"));
        long.is_some_and(|long| shown.split([' ', '=']).next() == Some(long.as_str()))
    };
    let has_value = |arg: &&Arg| {
        let said = arg.get_env().and_then(|variable| read(&variable.to_string_lossy()));
        said.is_some_and(|said| said.to_string_lossy().contains(&value))
    };
    let of_verbs = command.get_subcommands().flat_map(Command::get_arguments);
    let mut all = command.get_arguments().chain(of_verbs).filter(refused).filter(has_value);
    let variable = all.find(|arg| !is_typed(arg, typed)).and_then(Arg::get_env);
    if let Some(variable) = variable {
        let named = format!("{} ({shown})", variable.to_string_lossy());
        error.insert(ContextKind::InvalidArg, ContextValue::String(named));
    }
    error
}

/// Whether an option stands on the command line, which goes before its variable.
fn is_typed(arg: &Arg, typed: &[OsString]) -> bool {
    let long = arg.get_long().map(|long| format!("--{long}")).unwrap_or_default();
    typed.iter().map(|word| word.to_string_lossy()).any(|word| {
        let is_short = word.starts_with('-') && !word.starts_with("--");
        word.split('=').next() == Some(long.as_str())
            || arg.get_short().is_some_and(|short| is_short && word.contains(short))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a value of an option, while a variable has the same.
    fn said(words: &[&str], typed: &[&str], variable: &'static str) -> String {
        let command = crate::cli::help::command();
        let line = ["ctguard", "plan"].iter().chain(words);
        let error = command.clone().try_get_matches_from(line).expect_err("it is refused");
        let typed: Vec<OsString> = typed.iter().map(OsString::from).collect();
        let read = |name: &str| (name == variable).then(|| words[1].into());
        named(error, &command, &typed, read).to_string()
    }

    #[test]
    fn the_variable_is_named_when_the_value_was_not_typed() {
        let words = ["--format", "none"];
        let of_variable = said(&words, &[], "CTGUARD_FORMAT");
        assert!(
            of_variable.contains("'none' for 'CTGUARD_FORMAT (--format <FORMAT>)'"),
            "{of_variable}"
        );
        for (typed, variable) in [(&words[..], "CTGUARD_FORMAT"), (&[], "CTGUARD_OTHER")] {
            let of_option = said(&words, typed, variable);
            assert!(of_option.contains("'none' for '--format <FORMAT>'"), "{of_option}");
        }
        let number = said(&["--concurrency", "many"], &[], "CTGUARD_CONCURRENCY");
        assert!(number.contains("CTGUARD_CONCURRENCY (--concurrency"), "{number}");
    }
}
