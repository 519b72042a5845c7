//! What a shell completes: verbs, options and files, and names that only ctguard knows.

use super::{GlobalOptions, Io, examples, print};
use crate::error::{CommandError, Exit};
use clap::{Args, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::Shells;
use ctguard_core::{blueprint, catalogue};
use ctguard_sandbox::faults::Fault;
use jiff::civil::date;
use std::ffi::OsStr;
use std::path::PathBuf;

/// The variable through which a shell asks for what it may complete.
const ASKED: &str = "CTGUARD_COMPLETE";

/// Most events that are offered at once.
const EVENTS_MAX: usize = 200;

/// Print a script that teaches a shell to complete verbs, options, event names and alert ids.
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
    CompleteEnv::with_factory(examples::command).var(ASKED).complete();
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

/// Alerts of the blueprint, then events.
pub(super) fn alerts_and_events(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut all = alerts(typed);
    all.extend(events(typed));
    all
}

/// What `sandbox break` knows.
pub(super) fn faults(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let names = Fault::ALL.iter().map(|fault| fault.as_str());
    names.filter(|name| name.starts_with(typed)).map(CompletionCandidate::new).collect()
}
