use super::{BlueprintArg, Global, Io, context, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::plan::{Stage, diff};
use crate::report::plan::{Question, render};
use clap::Args;

/// Say what has moved in what the blueprint owns; exit with 2 when anything has.
///
/// A trail that the blueprint does not keep is not drift: `verify` judges it.
#[derive(Debug, Args)]
pub struct DriftArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
}

pub fn run(args: &DriftArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let survey = context::look(&read, global, io)?;
    let plan = diff(&survey.desired, &survey.live, Stage::Planned);
    if is_json(global) {
        print_json(io, &plan)?;
    } else {
        print(io, &render(&plan, Question::Drift, global.paint_out(io)))?;
    }
    Ok(Exit::Changes.when(!plan.is_empty()).and(context::plan_exit(&plan)))
}
