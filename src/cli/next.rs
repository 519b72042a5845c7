//! The command line that comes after a plan.

use super::files::is_standard_input;
use super::perform::Allowed;
use super::{GlobalOptions, Io, print};
use crate::error::{CommandError, Exit};
use crate::report::view::Format;
use ctguard_core::blueprint::Deploy;
use ctguard_core::plan::{Plan, WaitingFor};
use std::path::Path;

/// What comes after a plan.
pub(super) enum Next<'a> {
    /// Applying the blueprint, with more options as they were typed.
    Apply(&'a Path, String),
    /// Removing what the blueprint owns.
    Destroy(&'a Path),
    /// Applying the plan in this file.
    Saved(&'a Path),
    /// Having the engine deploy that the blueprint names: an apply would be refused.
    Engine(Deploy),
}

/// Options that narrow the scope; a saved plan has its own.
const OF_A_PLAN: [&str; 4] = ["--region", "--account", "--shard", "--as-of"];

/// A command line that is proposed.
struct Line<'a> {
    /// What comes before it.
    first: &'static str,
    verb: &'static str,
    file: &'a Path,
    more: &'a str,
}

/// Prints the next command line after a plan, with the options that were typed; those from the
/// environment still apply. A command that would be refused is not proposed.
pub(super) fn say(
    plan: &Plan,
    next: &Next<'_>,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    if global.format != Format::Text {
        return Ok(());
    }
    if let Next::Engine(deploy) = next {
        return match plan.is_empty() {
            false => print(
                io,
                &format!(
                    "\nNext: ctguard export {} --out DIR, and deploy it: `deploy: {}` keeps an apply from changing this\n",
                    deploy.engine(),
                    deploy.as_str()
                ),
            ),
            true => Ok(()),
        };
    }
    match stopped(plan, next) {
        Some(said) => print(io, &format!("\nNext: {said}\n")),
        None => match line(plan, next, global) {
            Some(line) => print(io, &format!("\nNext: {line}\n")),
            None => Ok(()),
        },
    }
}

/// What must be decided before any apply, since the apply would stop at a guard.
fn stopped(plan: &Plan, next: &Next<'_>) -> Option<String> {
    let allowed = match next {
        Next::Destroy(_) => Allowed::destroying(),
        Next::Apply(..) | Next::Saved(_) | Next::Engine(_) => Allowed::default(),
    };
    let guards: Vec<&str> = plan
        .guards
        .iter()
        .filter(|guard| !allowed.allows(guard.kind))
        .map(|guard| guard.kind.flag())
        .collect();
    (!guards.is_empty()).then(|| {
        format!(
            "decide about what the guards above stop: an apply is refused without {}",
            guards.join(" ")
        )
    })
}

fn line(plan: &Plan, next: &Next<'_>, global: &GlobalOptions) -> Option<String> {
    let removal = plan.waiting.iter().any(|waiting| waiting.what == WaitingFor::Removal);
    let nothing = plan.is_empty() && !removal;
    let first = match (plan.unknown.is_empty(), plan.refusals.is_empty()) {
        (false, _) => "mend what could not be read, then ",
        (_, false) => "mend what is refused, then ",
        _ => "",
    };
    let (first, verb, file, more) = match next {
        // The plan or blueprint that was on standard input is used up.
        Next::Apply(file, _) | Next::Destroy(file) | Next::Saved(file)
            if is_standard_input(file) =>
        {
            return None;
        }
        // What was saved is on its way to somebody else.
        Next::Saved(file) if !file.is_file() => return None,
        // What could not be read, or is in the way, may need changes.
        Next::Apply(file, more) if nothing && !first.is_empty() => {
            (first, "plan", file, more.trim())
        }
        Next::Apply(file, _) if nothing => ("", "verify", file, ""),
        Next::Destroy(_) | Next::Saved(_) if nothing => return None,
        Next::Engine(_) => return None,
        // A snapshot cannot be changed, and live accounts may differ from it by now.
        Next::Apply(file, more) if global.recorded.is_some() => {
            ("look at the live accounts: ", "plan", file, more.trim())
        }
        Next::Destroy(_) if global.recorded.is_some() => return None,
        Next::Apply(file, more) => ("", "apply", file, more.trim()),
        Next::Destroy(file) => ("", "destroy", file, ""),
        Next::Saved(file) => ("", "apply", file, ""),
    };
    let saved = matches!(next, Next::Saved(_));
    let line = Line { first, verb, file, more }.render(saved, global);
    Some(match verb {
        "apply" | "destroy" => format!("{line}{}", rest(plan, saved)),
        _ => line,
    })
}

/// What a command that writes leaves undone, and how it ends then.
fn rest(plan: &Plan, saved: bool) -> String {
    let (what, exit) = match (plan.refusals.is_empty(), plan.unknown.is_empty()) {
        (false, _) => ("what is refused", Exit::Refused),
        (true, false) => ("what could not be read", Exit::Incomplete),
        (true, true) => return String::new(),
    };
    let again = if saved { " and plan again" } else { "" };
    format!(
        "\n      It leaves {what}, does the rest, and exits with {}: mend that first{again} to have all done.",
        exit.code()
    )
}

impl Line<'_> {
    fn render(&self, saved: bool, global: &GlobalOptions) -> String {
        let mut line = format!("{}ctguard {}", self.first, self.verb);
        let mut add = |word: &str| {
            line.push(' ');
            line.push_str(word);
        };
        if saved || self.file != Path::new("ctguard.yaml") {
            add(&quoted(&self.file.display().to_string()));
        }
        if !self.more.is_empty() {
            add(self.more);
        }
        // Flags that allow a guard are not added: the user must type them.
        for (option, value) in &global.typed {
            let of_another = option == "--snapshot" && self.verb != "verify";
            if !(saved && OF_A_PLAN.contains(&option.as_str()) || of_another) {
                add(option);
                add(&quoted(value));
            }
        }
        line
    }
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || PLAIN.contains(c);
    match word {
        _ if !word.is_empty() && word.chars().all(plain) => word.to_owned(),
        // Both of Windows' shells take these; a quotation mark cannot be in a name there.
        _ if cfg!(windows) => format!("\"{word}\""),
        _ => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// The characters that mean themselves, beside letters and digits.
const PLAIN: &str = if cfg!(windows) { "-_./:\\+" } else { "-_./:=,@+%" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_only_where_a_shell_asks_for_it() {
        assert_eq!(quoted("live/ctguard.yaml"), "live/ctguard.yaml");
        match cfg!(windows) {
            true => assert_eq!(quoted("it's here"), "\"it's here\""),
            false => assert_eq!(quoted("it's here"), "'it'\\''s here'"),
        }
    }
}
