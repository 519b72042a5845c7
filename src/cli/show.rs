use super::output::Next;
use super::{Global, Io, output, planned};
use crate::error::{CommandError, Exit};
use crate::report::plan::Question;
use crate::report::positions::Positions;
use crate::report::view::Shown;
use clap::Args;
use ctguard_core::plan::Plan;
use std::path::{Path, PathBuf};

/// Show a plan that was saved with `plan --out`, without looking at any account.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The plan; `-` is standard input
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
}

pub fn run(args: &ShowArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let plan = planned::read(&args.plan, io)?;
    let positions = positions(&plan, &args.plan);
    let shown = Shown::Plan { plan: &plan, question: Question::Plan };
    output::show(&shown, &positions, global, io)?;
    if plan.resolved().is_ok() {
        output::say_next(&plan, &Next::Saved(&args.plan), global, io)?;
    }
    Ok(Exit::Done)
}

/// Where the alerts stand in the blueprint that the plan keeps.
fn positions(plan: &Plan, path: &Path) -> Positions {
    let Ok(resolved) = plan.resolved() else {
        return Positions::unknown(path.display().to_string());
    };
    let loaded = plan.as_of.parse().ok().map(|as_of| resolved.load(as_of));
    match loaded.as_ref().and_then(|loaded| Some((loaded, loaded.blueprint.as_ref()?))) {
        Some((loaded, blueprint)) => Positions::of(&resolved.file, blueprint, &loaded.included),
        None => Positions::unknown(resolved.file.clone()),
    }
}
