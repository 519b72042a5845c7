//! What a shell completes: verbs, options and files, and names that only ctguard knows.

use super::{GlobalOptions, Io, help, output, print};
use crate::error::{CommandError, Exit};
use clap::{Args, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::Shells;
use ctguard_core::event::{self, EventKind};
use ctguard_core::{blueprint, catalogue, coverage};
use ctguard_sandbox::faults::Fault;
use jiff::civil::date;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

/// The variable through which a shell asks for what it may complete.
const ASKED: &str = "CTGUARD_COMPLETE";

/// The script for bash. That of the library asks about a part of a word where bash cuts words, such as
/// behind the colon of `iam:CreateUser`.
///
/// Source: <https://www.gnu.org/software/bash/manual/html_node/Bash-Variables.html>, `COMP_WORDBREAKS`
const BASH: &str = include_str!("completions/ctguard.bash");

/// Most events that are offered at once.
const EVENTS_MAX: usize = 200;

/// Print a script for a shell: it completes verbs, options, names.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Zsh => "zsh",
        }
    }
}

pub fn run(
    args: &CompletionsArgs,
    _: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let shells = Shells::builtins();
    let shell = shells.completer(args.shell.as_str()).ok_or_else(|| {
        CommandError::new(format!("{} cannot be taught to complete", args.shell.as_str()))
    })?;
    if matches!(args.shell, Shell::Bash) {
        print(io, BASH)?;
        return Ok(Exit::Done);
    }
    let mut script = Vec::new();
    shell
        .write_registration(ASKED, "ctguard", "ctguard", "ctguard", &mut script)
        .map_err(|error| CommandError::io("cannot make the script", &error))?;
    print(io, &String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// Answers a shell that asks what may be completed, and ends the program; returns where no shell
/// asks.
pub fn complete() {
    CompleteEnv::with_factory(help::command).var(ASKED).complete();
}

/// Events whose name begins so, whatever the case: `ec2:Create`, or `StopLog` without a service.
pub(super) fn events(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let begins =
        |text: &str| text.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
    let all = catalogue::all();
    let found = all.filter(|event| begins(&event.short()) || begins(event.name));
    let mut names: Vec<String> = found.map(|event| event.short()).collect();
    names.dedup();
    // A shell would drop what does not begin as typed.
    if !typed.contains(':') && !names.iter().any(|name| begins(name)) {
        names = names.iter().filter_map(|name| Some(name.split_once(':')?.1.to_owned())).collect();
        names.sort_unstable();
        names.dedup();
    } else {
        names.retain(|name| begins(name));
    }
    names.into_iter().take(EVENTS_MAX).map(CompletionCandidate::new).collect()
}

/// Ids of the alerts of the blueprint that is used when none is named.
pub(super) fn alerts(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let named = std::env::var_os("CTGUARD_BLUEPRINT").map(PathBuf::from);
    let path = named.unwrap_or_else(|| "ctguard.yaml".into());
    // No id depends on the date.
    let loaded = blueprint::load(&path, date(2000, 1, 1));
    let alerts = loaded.blueprint.map(|blueprint| blueprint.alerts).unwrap_or_default();
    let fits = alerts.into_iter().filter(|alert| alert.id.starts_with(typed));
    fits.map(|alert| CompletionCandidate::new(alert.id).help(Some(alert.title.into()))).collect()
}

/// Events, then files that have some.
pub(super) fn events_and_files(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut all = events(typed);
    all.extend(PathCompleter::file().complete(typed));
    all
}

/// Alerts of the blueprint, then events.
pub(super) fn alerts_and_events(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut all = alerts(typed);
    all.extend(events(typed));
    all
}

/// Ids of built-in blueprints.
pub(super) fn builtins(typed: &OsStr) -> Vec<CompletionCandidate> {
    let all = blueprint::builtin::ids().map(|id| {
        let title = blueprint::builtin::title(id).map(|title| title.to_string().into());
        CompletionCandidate::new(id).help(title)
    });
    begins_so(typed, all)
}

/// Frameworks that alerts of the built-in blueprints name, and ATT&CK.
pub(super) fn frameworks(typed: &OsStr) -> Vec<CompletionCandidate> {
    let names = coverage::frameworks().into_iter().chain(["attack".to_owned()]);
    begins_so(typed, names.map(CompletionCandidate::new))
}

/// Regions that AWS has.
pub(super) fn regions(typed: &OsStr) -> Vec<CompletionCandidate> {
    begins_so(typed, catalogue::regions().map(CompletionCandidate::new))
}

/// Profiles of the shared configuration and credentials files.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
pub(super) fn profiles(typed: &OsStr) -> Vec<CompletionCandidate> {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
    let file = |variable: &str, name: &str| {
        let named = std::env::var_os(variable).map(PathBuf::from);
        named.or_else(|| Some(PathBuf::from(home.as_ref()?).join(".aws").join(name)))
    };
    let files =
        [file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    let texts = files.into_iter().flatten().filter_map(|path| std::fs::read_to_string(path).ok());
    let names: BTreeSet<String> = texts.flat_map(|text| profiles_in(&text)).collect();
    begins_so(typed, names.into_iter().map(CompletionCandidate::new))
}

/// The profiles that a shared file has sections for.
fn profiles_in(text: &str) -> Vec<String> {
    let section = |line: &str| {
        let name = line.trim().strip_prefix('[')?.split(']').next()?.trim();
        // Other sections of the configuration are named otherwise.
        let others = ["sso-session ", "services "];
        let own = !others.iter().any(|other| name.starts_with(other));
        own.then(|| name.strip_prefix("profile ").unwrap_or(name).trim().to_owned())
    };
    text.lines().filter_map(section).collect()
}

/// The formats that the verb on the command line has.
pub(super) fn formats(typed: &OsStr) -> Vec<CompletionCandidate> {
    let names = output::formats_of(&asked_words()).iter().map(|format| format.as_str());
    begins_so(typed, names.map(CompletionCandidate::new))
}

/// What of the sandbox the fault on the command line can be done to.
pub(super) fn objects(typed: &OsStr) -> Vec<CompletionCandidate> {
    let fault = asked_words().iter().find_map(|word| Fault::parse(word));
    let sandbox = sandbox_file().and_then(|path| super::context::sandbox(&path).ok());
    let Some((fault, sandbox)) = fault.zip(sandbox) else { return Vec::new() };
    begins_so(typed, sandbox.breakable(fault).into_iter().map(CompletionCandidate::new))
}

/// The command line, as a shell hands it over.
fn asked_words() -> Vec<String> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The file of the sandbox on the command line, or that of the environment.
fn sandbox_file() -> Option<PathBuf> {
    let words = asked_words();
    let given =
        words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--sandbox")? {
            "" => words.get(at + 1).map(PathBuf::from),
            rest => rest.strip_prefix('=').map(PathBuf::from),
        });
    given.or_else(|| std::env::var_os("CTGUARD_SANDBOX").map(PathBuf::from))
}

/// Kinds of events.
pub(super) fn kinds(typed: &OsStr) -> Vec<CompletionCandidate> {
    begins_so(typed, EventKind::ALL.iter().map(|kind| CompletionCandidate::new(kind.as_str())))
}

/// Services whose events the catalogue has.
pub(super) fn services(typed: &OsStr) -> Vec<CompletionCandidate> {
    let services: BTreeSet<&str> =
        catalogue::all().map(|event| event::service(event.source)).collect();
    begins_so(typed, services.into_iter().map(CompletionCandidate::new))
}

/// Those that begin as typed; behind a comma the next of several.
fn begins_so(
    typed: &OsStr,
    all: impl Iterator<Item = CompletionCandidate>,
) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let (before, typed) = match typed.rfind(',') {
        Some(at) => typed.split_at(at + 1),
        None => ("", typed),
    };
    let fits = |one: &CompletionCandidate| {
        one.get_value().to_str().is_some_and(|value| value.starts_with(typed))
    };
    all.filter(fits).map(|one| one.add_prefix(before)).collect()
}

/// What `sandbox break` knows.
pub(super) fn faults(typed: &OsStr) -> Vec<CompletionCandidate> {
    let told = |fault: &Fault| {
        CompletionCandidate::new(fault.as_str()).help(Some(fault.about().to_owned().into()))
    };
    begins_so(typed, Fault::ALL.iter().map(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_shared_files_are_profiles() {
        let text = "[default]\nregion = x\n[profile dev]\n # [no]\n[sso-session s]\n[services t]\n\
                    [ profile  two words ]\n";
        assert_eq!(profiles_in(text), ["default", "dev", "two words"]);
    }
}
