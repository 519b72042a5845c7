//! What `init` asks on a terminal. An answer that cannot be used is told, and asked for again.

use super::super::{GlobalOptions, Io, context};
use super::{Hub, known};
use crate::error::CommandError;
use ctguard_core::blueprint::{DEFAULT_BUILTINS, Starter, builtin};
use ctguard_core::scope::{AccountId, Region};

/// Asks until an answer can be used.
///
/// # Errors
/// When there is nobody to answer.
fn until<T>(
    io: &mut Io<'_>,
    question: &str,
    mut read: impl FnMut(Vec<String>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    loop {
        let (answer, ended) = answer(io, question)?;
        let words = answer.split([',', ' ']).filter(|word| !word.is_empty());
        match read(words.map(str::to_owned).collect()) {
            Ok(value) => return Ok(value),
            Err(error) if ended => return Err(error),
            Err(error) => {
                let _ = writeln!(io.err, "That cannot be used: {error}.");
                for hint in &error.hints {
                    let _ = writeln!(io.err, "{hint}");
                }
            }
        }
    }
}

/// A line that somebody types, empty where they only press return, and whether it was the last.
fn answer(io: &mut Io<'_>, question: &str) -> Result<(String, bool), CommandError> {
    let _ = write!(io.err, "{question}");
    let _ = io.err.flush();
    let mut answer = String::new();
    let read = io
        .input
        .read_line(&mut answer)
        .map_err(|error| CommandError::io("cannot read the answer", &error))?;
    Ok((answer.trim().to_owned(), read == 0))
}

/// Who is told.
pub(super) fn emails(io: &mut Io<'_>) -> Result<Vec<String>, CommandError> {
    if !io.interactive {
        return Err(CommandError::usage("no e-mail address is given for the alerts")
            .hint("Add --email ADDRESS."));
    }
    let question = "Which e-mail addresses should receive the alerts, such as a@acme.example? ";
    until(io, question, |words| {
        if words.is_empty() {
            return Err(CommandError::usage("no address was given"));
        }
        for word in &words {
            ctguard_core::blueprint::email_problem(word).map_or(Ok(()), |problem| {
                Err(CommandError::usage(format!("`{word}` is no e-mail address: {problem}")))
            })?;
        }
        Ok(words)
    })
}

/// Shows the built-in blueprints with a line each, and asks for some by number or id.
pub(super) fn builtins(io: &mut Io<'_>) -> Result<Vec<&'static str>, CommandError> {
    let ids: Vec<&'static str> = builtin::ids().collect();
    let _ = writeln!(io.err, "Alerts that ship with ctguard:");
    for (number, id) in ids.iter().enumerate() {
        let title = builtin::title(id).unwrap_or_default();
        let _ = writeln!(io.err, "  {:>2}  {id:<22}{title}", number + 1);
    }
    let question =
        format!("Which, by number or id, such as 1,4? [{}] ", DEFAULT_BUILTINS.join(", "));
    until(io, &question, |words| {
        if words.is_empty() {
            return known(&DEFAULT_BUILTINS.map(str::to_owned));
        }
        let id = |word: String| {
            let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let listed = number.and_then(|number| ids.get(number));
            listed.map_or(word, |id| (*id).to_owned())
        };
        known(&words.into_iter().map(id).collect::<Vec<_>>())
    })
}

pub(super) fn regions(
    io: &mut Io<'_>,
    global: &GlobalOptions,
) -> Result<Vec<Region>, CommandError> {
    let question = "Which regions, such as us-east-1,eu-west-1? [every enabled one] ";
    until(io, question, |words| {
        context::regions(&GlobalOptions { region: words, ..global.clone() })
    })
}

pub(super) fn accounts(
    io: &mut Io<'_>,
    global: &GlobalOptions,
) -> Result<Vec<AccountId>, CommandError> {
    let question =
        "One account, or which ones, by number, that of your credentials first? [only that one] ";
    until(io, question, |words| {
        context::accounts(&GlobalOptions { account: words, ..global.clone() })
    })
}

/// Whether alerts are raised in one place, where there are several. Without an account that is known
/// there is nothing to choose.
pub(super) fn hub(io: &mut Io<'_>, answers: &Starter<'_>) -> Result<Hub, CommandError> {
    let Some((account, region)) = answers.hub() else { return Ok(Hub::Usual) };
    let question = format!(
        "Raise all alerts in one place, {account}/{region}, so that each address confirms once? [yes] "
    );
    until(io, &question, |words| match words.join(" ").to_ascii_lowercase().as_str() {
        "" | "y" | "yes" => Ok(Hub::Usual),
        "n" | "no" => Ok(Hub::None),
        other => other.parse().map_err(|_| {
            CommandError::usage(format!("`{other}` is neither yes nor no nor ACCOUNT/REGION"))
        }),
    })
}
