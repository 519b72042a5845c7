//! Applying a plan that was saved: the same changes for the same blueprint and the same accounts,
//! or none at all.
//!
//! The blueprint in the file is compiled again, as of the plan's date, and everything is read
//! again. Nothing is written before all of it has been compared: what moved in one place may matter
//! in another.

use super::super::perform;
use super::super::{GlobalOptions, Io, context, planned};
use super::ApplyArgs;
use crate::error::{CommandError, Exit};
use crate::report::positions::Positions;
use crate::report::stopped::Stopped;
use crate::run::Survey;
use ctguard_core::cloud::Cloud;
use ctguard_core::plan::file::{Common, common, ended};
use ctguard_core::plan::fingerprints;
use ctguard_core::plan::fingerprints::moved;
use ctguard_core::plan::{Plan, SavedPlan, Stage, diff};
use ctguard_core::scope::AccountId;
use std::path::Path;

pub(super) fn run(
    args: &ApplyArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let (path, consent) = (args.blueprint.as_path(), &args.consent);
    if !args.adopt.adoption().is_nothing() {
        return Err(CommandError::usage(
            "--adopt cannot be used with a saved plan: the plan says what is taken over",
        )
        .hint("Leave --adopt out, or plan again with it."));
    }
    if path == Path::new("-") && !consent.yes {
        return Err(CommandError::usage(
            "standard input holds the plan, so it cannot answer a question",
        )
        .hint("Add --yes, or save the plan to a file."));
    }
    let plan = planned::read(path, io)?;
    let asked = planned::asked(&plan, global)?;
    let saved = SavedPlan::check(plan).map_err(|error| planned::unusable(path, &error))?;
    let (resolved, reviewed) = (saved.resolved(), saved.plan());
    let loaded = resolved.load(asked.as_of);
    let Some(blueprint) = loaded.blueprint else {
        context::say(&loaded.diagnostics, &loaded.sources, global, io);
        return Err(CommandError {
            exit: Exit::Usage,
            ..CommandError::new("the blueprint in the plan is not valid for this ctguard")
        });
    };
    if blueprint.name != reviewed.blueprint.name {
        let error = ctguard_core::plan::file::PlanFileError::Edited;
        return Err(planned::unusable(path, &error));
    }
    let over = ended(&blueprint, asked.as_of, global.as_of(io));
    if !over.is_empty() {
        let message =
            format!("the plan was made on {}, and since then {}", reviewed.as_of, over.join("; "));
        return Err(CommandError::refused(message).hint("Plan again."));
    }
    let file = resolved.file.clone();
    let positions = Positions::of(&file, &blueprint, &loaded.included);
    let read = context::Read { blueprint, sources: loaded.sources, file, positions };
    context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        same_caller(cloud.as_ref(), saved.caller()).await?;
        let survey = context::survey(cloud.as_ref(), &read, &asked, global, io).await?;
        let plan = still_holds(reviewed, &survey, global, io)?;
        let (cloud, allowed) = (cloud.as_ref(), &args.allowed);
        perform::go(cloud, &survey, &plan, consent, allowed, global, io).await
    })?
}

/// What the plan covers depends on whose credentials are asked; the identity within the account
/// does not matter.
async fn same_caller(cloud: &dyn Cloud, planned: &AccountId) -> Result<(), CommandError> {
    let now = cloud.caller().await?.account;
    if *planned == now {
        return Ok(());
    }
    Err(CommandError::refused(format!(
        "the plan was made with credentials of account {planned}, and these are of {now}"
    ))
    .hint("Use credentials of that account, or plan again with these."))
}

/// The plan as it is now, without what the saved one does not have; an error when that one no
/// longer holds.
fn still_holds(
    saved: &Plan,
    survey: &Survey,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Plan, CommandError> {
    let mut stopped = Stopped::new(&saved.blueprint.name);
    stopped.moved = moved(&saved.fingerprints, &fingerprints::of(&survey.live));
    if !stopped.moved.is_empty() {
        return Err(perform::stop(&stopped, global, io));
    }
    let now = diff(&survey.desired, &survey.live, Stage::Planned);
    let Common { plan, missing, left_out } = common(saved, now);
    if !missing.is_empty() {
        stopped.differs = missing;
        return Err(perform::stop(&stopped, global, io));
    }
    if !left_out.is_empty() && !global.quiet {
        let paint = global.paint_err(io);
        let said = crate::report::stopped::left_out(&left_out);
        let _ = writeln!(io.err, "{}: {said}", paint.warn("warning"));
    }
    Ok(plan)
}
