mod check;

use super::{GlobalOptions, Io, completions, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::events;
use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use ctguard_core::event::{Access, EventKind};
use ctguard_core::events::{Asked, Query, search};

/// Most events that are shown unless all are asked for.
const SHOWN: usize = 50;

/// Search the catalogue of CloudTrail events.
///
/// A word is a name or a part of one (`createroute`), a service (`ec2`), both (`ec2:CreateRoute`)
/// or a family (`iam:*`, `ec2:Delete*`), whatever its case. Of words with a service one must fit,
/// of others each. Exits with 1, as grep does, when nothing is found.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct EventsArgs {
    #[command(subcommand)]
    command: Option<EventsCommand>,
    /// What to look for; everything, when left out
    #[arg(value_name = "SEARCH", add = ArgValueCompleter::new(completions::events))]
    search: Vec<String>,
    /// Only events of this kind; can be repeated
    #[arg(long, value_name = "KIND", value_parser = kind, add = ArgValueCompleter::new(completions::kinds))]
    kind: Vec<EventKind>,
    /// Only events of this service, such as ec2; can be repeated
    #[arg(long, value_name = "SERVICE", add = ArgValueCompleter::new(completions::services))]
    service: Vec<String>,
    /// Only events that may be read-only
    #[arg(long, conflicts_with = "write")]
    read_only: bool,
    /// Only events that may be other than read-only
    #[arg(long)]
    write: bool,
    /// Show all that is found, and names that only contain the words
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Subcommand)]
enum EventsCommand {
    Check(check::CheckArgs),
}

fn kind(text: &str) -> Result<EventKind, String> {
    let all = EventKind::ALL;
    all.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|kind| kind.as_str()).collect();
        format!("there is no such kind; there is {}", names.join(", "))
    })
}

impl EventsArgs {
    /// Whether files are checked, and nothing is searched for.
    pub(super) fn checks(&self) -> bool {
        matches!(self.command, Some(EventsCommand::Check(_)))
    }

    fn query(&self) -> Query {
        let mut query = Query::of_words(&self.search);
        query.kinds.clone_from(&self.kind);
        self.service.iter().for_each(|service| query.in_service(service));
        query.access = match (self.read_only, self.write) {
            (true, _) => Some(Access::Read),
            (_, true) => Some(Access::Write),
            _ => None,
        };
        query
    }

    /// What was searched for, in words.
    fn searched(&self) -> String {
        let words = self.search.iter().map(|word| format!("`{word}`"));
        let options = self.kind.iter().map(|kind| format!("--kind {}", kind.as_str()));
        let services = self.service.iter().map(|service| format!("--service {service}"));
        let access = [(self.read_only, "--read-only"), (self.write, "--write")];
        let access = access.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned());
        words.chain(options).chain(services).chain(access).collect::<Vec<_>>().join(" ")
    }
}

pub fn run(
    args: &EventsArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    if let Some(EventsCommand::Check(args)) = &args.command {
        return check::run(args, global, io);
    }
    let limit = if args.all { usize::MAX } else { SHOWN };
    let found = search(&args.query(), Asked { limit, parts: args.all });
    if found.is_empty() && !global.quiet {
        let paint = global.paint_err(io);
        let said = events::nothing(&found, &args.searched());
        let _ = writeln!(io.err, "{}: {said}", paint.warn("nothing found"));
    }
    match is_json(global) {
        true => print_json(io, &found)?,
        false => print(io, &events::render(&found, global.paint_out(io)))?,
    }
    Ok(Exit::Error.when(found.is_empty()))
}
