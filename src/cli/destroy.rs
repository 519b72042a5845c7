use super::perform::{self, Allowed, Consent};
use super::{BlueprintArg, GlobalOptions, Io, context};
use crate::error::{CommandError, Exit};
use clap::Args;
use ctguard_core::desired::Intent;
use ctguard_core::plan::{Stage, diff};

/// Show what the blueprint owns, ask, and remove it.
///
/// Removes only what carries the blueprint's tag, in every place that the blueprint covers. Trails
/// and their buckets are evidence: they only lose the tag, and trails go on logging. If it stops
/// half-way, run it again.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    #[command(flatten)]
    consent: Consent,
}

pub fn run(
    args: &DestroyArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let read = match context::read_to_destroy(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let intent = Intent { destroy: true, ..Intent::default() };
    let asked = context::SurveyRequest::of(global, io)?.meaning(intent);
    let allowed = Allowed::destroying();
    context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        let survey = context::survey(cloud.as_ref(), &read, &asked, global, io).await?;
        let mut plan = diff(&survey.desired, &survey.live, Stage::Planned);
        // `destroy` implies these flags.
        plan.guards.retain(|guard| !allowed.allows(guard.kind));
        perform::go(cloud.as_ref(), &survey, &plan, &args.consent, &allowed, global, io).await
    })?
}
