//! The command line that comes after a plan.

use super::{GlobalOptions, Io, print};
use crate::error::CommandError;
use crate::report::view::Format;
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
}

/// Options that narrow the scope; a saved plan has its own.
const OF_A_PLAN: [&str; 4] = ["--region", "--account", "--shard", "--as-of"];

/// Prints the next command line after a plan, with the options that were typed; those from the
/// environment still apply.
pub(super) fn say(
    plan: &Plan,
    next: &Next<'_>,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    if global.format != Format::Text {
        return Ok(());
    }
    let removal = plan.waiting.iter().any(|waiting| waiting.what == WaitingFor::Removal);
    let nothing = plan.is_empty() && !removal;
    let (verb, file, more, saved) = match next {
        // What could not be read may need changes.
        Next::Apply(file, _) if nothing && !plan.unknown.is_empty() => ("plan", file, "", false),
        Next::Apply(file, _) if nothing => ("verify", file, "", false),
        Next::Destroy(_) | Next::Saved(_) if nothing => return Ok(()),
        Next::Apply(file, more) => ("apply", file, more.trim(), false),
        Next::Destroy(file) => ("destroy", file, "", false),
        Next::Saved(file) => ("apply", file, "", true),
    };
    let mut line = format!("ctguard {verb}");
    let mut add = |word: &str| {
        line.push(' ');
        line.push_str(word);
    };
    if saved || *file != Path::new("ctguard.yaml") {
        add(&quoted(&file.display().to_string()));
    }
    if !more.is_empty() {
        add(more);
    }
    // Flags that allow a guard are not added: the user must type them.
    for (option, value) in &global.typed {
        if !saved || !OF_A_PLAN.contains(&option.as_str()) {
            add(option);
            add(&quoted(value));
        }
    }
    let first = match verb {
        "plan" => "mend what could not be read, then ",
        _ => "",
    };
    print(io, &format!("\nNext: {first}{line}\n"))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_only_where_a_shell_asks_for_it() {
        assert_eq!(quoted("live/ctguard.yaml"), "live/ctguard.yaml");
        assert_eq!(quoted("it's here"), "'it'\\''s here'");
    }
}
