use super::{Global, Io, is_json, planned, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::plan::{Question, render};
use clap::Args;
use std::path::PathBuf;

/// Show a plan that was saved with `plan --out`, without looking at any account.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The plan; `-` is standard input
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
}

pub fn run(args: &ShowArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let plan = planned::read(&args.plan, io)?;
    if is_json(global) {
        print_json(io, &plan)?;
        return Ok(Exit::Done);
    }
    print(io, &render(&plan, Question::Plan, global.paint_out(io)))?;
    if !plan.is_empty() && plan.resolved().is_ok() {
        print(io, &format!("\nNext: ctguard apply {}\n", args.plan.display()))?;
    }
    Ok(Exit::Done)
}
