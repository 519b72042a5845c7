use super::perform::{self, Adopting, Allowed, Consent};
use super::{GlobalOptions, Io, context, planned};
use crate::error::{CommandError, Exit};
use clap::Args;
use ctguard_core::desired::Intent;
use ctguard_core::plan::{Stage, diff};
use std::path::PathBuf;

mod saved;

/// Show the plan, ask, and make the changes.
///
/// Takes a blueprint, or a plan that was saved with `plan --out`: then it does exactly that, and
/// nothing at all if anything that the plan read has changed since. If it stops half-way, run it
/// again: it goes on from there.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The blueprint, or a plan (`-` is one on standard input)
    #[arg(
        value_name = "BLUEPRINT|PLAN",
        default_value = "ctguard.yaml",
        env = "CTGUARD_BLUEPRINT"
    )]
    blueprint: PathBuf,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    allowed: Allowed,
    #[command(flatten)]
    adopt: Adopting,
}

pub fn run(
    args: &ApplyArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    if planned::names_plan(&args.blueprint) {
        return saved::run(args, global, io);
    }
    let read = match context::read(&args.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    context::deployed_by_us(&read.blueprint, "apply")?;
    let intent = Intent { adopt: args.adopt.adoption(), ..Intent::default() };
    let asked = context::SurveyRequest::of(global, io)?.meaning(intent);
    context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        let survey = context::survey(cloud.as_ref(), &read, &asked, global, io).await?;
        let plan = diff(&survey.desired, &survey.live, Stage::Planned);
        let (cloud, consent, allowed) = (cloud.as_ref(), &args.consent, &args.allowed);
        perform::go(cloud, &survey, &plan, consent, allowed, global, io).await
    })?
}
