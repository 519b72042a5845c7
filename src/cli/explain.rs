use super::completions::alerts_and_events;
use super::{BlueprintArg, GlobalOptions, Io, context, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::explain::render;
use crate::report::screen::shown;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use ctguard_core::explain::{Subject, explain, paths, signal_reads};
use ctguard_core::proof::Status;
use std::collections::BTreeMap;

/// Show the path of an event to its recipients, link by link.
///
/// There is one in each place where the event can land.
/// With -v, what was read of each link is shown whole.
/// Exits as verify does: 3 when a link is broken, 4 when one is unknown.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// An event (`ec2:CreateRoute`, or a name that one service only has), or an alert's id
    #[arg(value_name = "EVENT|ALERT", add = ArgValueCompleter::new(alerts_and_events))]
    what: String,
    #[command(flatten)]
    blueprint: BlueprintArg,
}

pub fn run(
    args: &ExplainArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let (subject, notes) = Subject::find(&args.what, &read.blueprint).map_err(|error| {
        let hints = error.help.clone();
        CommandError { hints, ..CommandError::usage(error.to_string()) }
    })?;
    context::say(&notes, &BTreeMap::new(), global, io);
    let survey = context::look_closely(
        &read,
        |desired| signal_reads(&paths(desired, &subject)),
        global,
        io,
    )?;
    let explanation = explain(&read.blueprint, &survey.desired, &survey.live, &subject);
    if is_json(global) {
        print_json(io, &explanation)?;
    } else {
        print(io, &render(&shown(&explanation), global.detail(), global.paint_out(io)))?;
    }
    Ok(Exit::CheckFailed
        .when(explanation.has(Status::Broken))
        .and(Exit::Incomplete.when(explanation.has(Status::Unknown))))
}
