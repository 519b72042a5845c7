use super::next::{self, Next};
use super::{GlobalOptions, Io, output, planned};
use crate::error::{CommandError, Exit};
use crate::report::positions::Positions;
use crate::report::view::View;
use clap::Args;
use ctguard_core::plan::file::PlanFileError;
use ctguard_core::plan::{Plan, SavedPlan};
use std::path::{Path, PathBuf};

/// Show a plan saved with `plan --out`, without asking any account.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The plan; `-` is standard input
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
}

pub fn run(args: &ShowArgs, global: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let plan = planned::read(&args.plan, io)?;
    // What was edited is not shown as if somebody had planned it.
    SavedPlan::intact(&plan).map_err(|error| planned::unusable(&args.plan, &error))?;
    let saved = match SavedPlan::check(plan.clone()) {
        Ok(saved) => Some(saved),
        Err(PlanFileError::Partial) => None,
        Err(error) => return Err(planned::unusable(&args.plan, &error)),
    };
    unsealed(&plan, saved.is_some(), io);
    let positions = positions(saved.as_ref(), &args.plan);
    let shown = View::Plan { plan: &plan, culprits: &[], detail: global.detail() };
    output::show(&shown, &positions, global, io)?;
    if saved.is_some() {
        next::say(&plan, &Next::Saved(&args.plan), global, io)?;
    }
    Ok(Exit::Done)
}

/// Says what keeps from telling whether a plan was edited, with `--quiet` too: it is shown as if
/// somebody had planned it.
fn unsealed(plan: &Plan, complete: bool, io: &mut Io<'_>) {
    let lacks = match (complete, plan.sha256.is_some()) {
        (_, true) => return,
        (true, false) => "a digest over the whole (`sha256`)",
        (false, false) => "what an apply needs",
    };
    let said = format!("note: this plan lacks {lacks}, so that nothing says whether it was edited");
    let _ = writeln!(io.err, "{said}");
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
