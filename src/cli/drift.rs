use super::{BlueprintArg, GlobalOptions, Io, context, output};
use crate::error::{CommandError, Exit};
use crate::report::view::View;
use crate::run;
use clap::Args;
use ctguard_core::drift;
use ctguard_core::drift::Drift;
use ctguard_core::drift::deeds::deeds;
use ctguard_core::plan::{Change, Plan, Stage, diff};
use ctguard_core::proof::prove;

/// Show what has drifted, and who changed it; exit with 2 on drift.
///
/// It looks at what the blueprint owns.
/// Differences that alter neither detection nor delivery nor ownership, such as a description, are
/// not drift: `plan` shows them. A trail that the blueprint does not keep is not drift either:
/// `verify` judges it. Who changed an object, when and from where is looked up in CloudTrail's
/// event history, where these credentials may read it.
#[derive(Debug, Args)]
pub struct DriftArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Do not look up who changed what
    #[arg(long, env = "CTGUARD_NO_CULPRIT", value_parser = clap::builder::BoolishValueParser::new())]
    no_culprit: bool,
}

pub fn run(
    args: &DriftArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let drift = context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        let asked = context::SurveyRequest::of(global, io)?;
        let survey = context::survey(cloud.as_ref(), &read, &asked, global, io).await?;
        let plan = diff(&survey.desired, &survey.live, Stage::Planned);
        let proof = prove(&survey.desired, &survey.live);
        let mut drift = drift::of(plan).with_deeds_of_others(&proof).narrowed_to(&asked.narrow);
        if !args.no_culprit {
            let concurrency = usize::from(global.concurrency);
            let Plan { changes, refusals, .. } = &drift.plan;
            let changes: Vec<&Change> = changes.iter().collect();
            let done = deeds(&proof);
            let found = run::culprits(cloud.as_ref(), &changes, refusals, &done, concurrency);
            let found = found.await;
            drift = drift.with_culprits(found);
        }
        Ok::<_, CommandError>(drift)
    })??;
    output::show(&View::Drift(&drift), &read.positions, global, io)?;
    Ok(exit(&drift))
}

/// The exit code for a drift.
pub(super) fn exit(drift: &Drift) -> Exit {
    Exit::Changes.when(!drift.is_empty()).and(context::plan_exit(&drift.plan))
}
