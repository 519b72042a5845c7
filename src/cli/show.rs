use super::output::Next;
use super::{GlobalOptions, Io, output, planned};
use crate::error::{CommandError, Exit};
use crate::report::plan::PlanView;
use crate::report::positions::Positions;
use crate::report::view::View;
use clap::Args;
use ctguard_core::plan::SavedPlan;
use std::path::{Path, PathBuf};

/// Show a plan that was saved with `plan --out`, without looking at any account.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The plan; `-` is standard input
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
}

pub fn run(args: &ShowArgs, global: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let plan = planned::read(&args.plan, io)?;
    let saved = SavedPlan::check(plan.clone()).ok();
    let positions = positions(saved.as_ref(), &args.plan);
    let shown = View::Plan { plan: &plan, question: PlanView::Plan };
    output::show(&shown, &positions, global, io)?;
    if saved.is_some() {
        output::say_next(&plan, &Next::Saved(&args.plan), global, io)?;
    }
    Ok(Exit::Done)
}

/// Where the alerts stand in the blueprint that the plan keeps.
fn positions(saved: Option<&SavedPlan>, path: &Path) -> Positions {
    let Some(saved) = saved else {
        return Positions::unknown(path.display().to_string());
    };
    let resolved = saved.resolved();
    let loaded = resolved.load(saved.plan().as_of);
    match &loaded.blueprint {
        Some(blueprint) => Positions::of(&resolved.file, blueprint, &loaded.included),
        None => Positions::unknown(resolved.file.clone()),
    }
}
