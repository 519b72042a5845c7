use super::{BlueprintArg, Global, Io, context, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::plan::{Stage, diff};
use crate::report::plan::{Question, render};
use clap::Args;

/// Show what apply would change, and what that means for each alert.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Exit with 2 when there are changes
    #[arg(long, env = "CTGUARD_DETAILED_EXITCODE", value_parser = clap::builder::FalseyValueParser::new())]
    detailed_exitcode: bool,
}

pub fn run(args: &PlanArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let path = &args.blueprint.blueprint;
    let read = match context::read(path, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let survey = context::look(&read, global, io)?;
    let mut plan = diff(&survey.desired, &survey.live, Stage::Planned);
    plan.scope.shard = context::narrow(global)?.shard.map(|shard| shard.to_string());
    if is_json(global) {
        print_json(io, &plan)?;
    } else {
        print(io, &render(&plan, Question::Plan, global.paint_out(io)))?;
        if !plan.is_empty() {
            print(io, &format!("\nNext: ctguard apply {}\n", path.display()))?;
        }
    }
    let changes = Exit::Changes.when(args.detailed_exitcode && !plan.is_empty());
    Ok(changes.and(context::plan_exit(&plan)))
}
