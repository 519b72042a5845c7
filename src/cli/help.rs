//! How help looks: a verb's own options first, those of every verb below a heading of their own and left out of `-h`,
//! the formats that a verb has, and examples.

use super::{Cli, examples, output};
use anstyle::{AnsiColor, Style};
use clap::builder::Styles;
use clap::{Command, CommandFactory};
use std::ffi::OsStr;

/// The heading of the options that every verb has.
pub(super) const EVERY_VERB: &str = "Options of every verb";

/// Cargo's colours.
pub(super) const STYLES: Styles = Styles::styled()
    .header(bold(AnsiColor::BrightGreen))
    .usage(bold(AnsiColor::BrightGreen))
    .literal(bold(AnsiColor::BrightCyan))
    .placeholder(AnsiColor::Cyan.on_default())
    .error(bold(AnsiColor::BrightRed))
    .valid(bold(AnsiColor::BrightCyan))
    .invalid(bold(AnsiColor::BrightYellow));

const fn bold(color: AnsiColor) -> Style {
    color.on_default().bold()
}

/// The command line as it is parsed, printed and completed.
pub(super) fn command() -> Command {
    let command = Cli::command().mut_args(|option| {
        let of_every_verb = option.is_global_set();
        option.hide_short_help(of_every_verb)
    });
    without_empty(described(command, &[]))
}

/// What stands below the options of a verb, named by its words: examples, formats, and in `-h` where the other options are.
fn described(command: Command, verb: &[String]) -> Command {
    let mut parts = Vec::new();
    parts.extend(examples::of(&verb.join(" ")));
    if let [first, ..] = verb
        && !command.has_subcommands()
    {
        let checks = verb.join(" ") == "events check";
        let formats = output::formats_named(if checks { "events check" } else { first });
        let formats: Vec<&str> = formats.iter().map(|format| format.as_str()).collect();
        parts.push(format!("Formats: {}", formats.join(", ")));
    }
    parts.extend(command.get_after_help().map(ToString::to_string));
    let long = parts.join("\n\n");
    let whole: Vec<&str> = ["ctguard"].into_iter().chain(verb.iter().map(String::as_str)).collect();
    parts.push(format!(
        "Options of every verb (--profile, --region, --account, --format, …):\n  {} --help",
        whole.join(" ")
    ));
    command.after_help(parts.join("\n\n")).after_long_help(long).mut_subcommands(|below| {
        let words = verb.iter().cloned().chain([below.get_name().to_owned()]);
        let words: Vec<String> = words.collect();
        described(below, &words)
    })
}

/// Names and what they mean, in two columns of at most 80 characters: what is longer goes on below itself.
pub(super) fn table(rows: &[(&str, &str)]) -> String {
    const COLUMNS: usize = 80;
    let longest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let indent = longest + 4;
    let mut lines = Vec::new();
    for (name, meaning) in rows {
        let mut line = format!("  {name:longest$} ");
        for word in meaning.split(' ') {
            if line.len() + 1 + word.len() > COLUMNS {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent - 1)));
            }
            line.push(' ');
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// An empty variable of the environment counts as one that is not set.
fn without_empty(command: Command) -> Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|option| match option.get_env().is_some_and(is_empty) {
            true => option.env(None::<&'static str>),
            false => option,
        })
        .mut_subcommands(without_empty)
}
