use super::context::SurveyRequest;
use super::files;
use super::next::{self, Next};
use super::perform::Adopting;
use super::{BlueprintArg, GlobalOptions, Io, context, output, planned, print_json};
use crate::error::{CommandError, Exit};
use crate::report::view::{Format, View};
use crate::run;
use clap::Args;
use ctguard_core::cloud::Cloud;
use ctguard_core::desired::Intent;
use ctguard_core::drift::{Culprit, to_attribute};
use ctguard_core::plan::{Plan, SavedPlan, Stage, diff};
use std::path::PathBuf;

/// Show what apply would change, and what that means for each alert.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Exit with 2 when there are changes
    #[arg(long, env = "CTGUARD_DETAILED_EXITCODE", value_parser = clap::builder::BoolishValueParser::new())]
    detailed_exitcode: bool,
    /// Save the plan too, for `show` and `apply`
    #[arg(short, long, value_name = "FILE", env = "CTGUARD_OUT")]
    out: Option<PathBuf>,
    #[command(flatten)]
    adopt: Adopting,
    /// Show what destroy would remove
    #[arg(long, conflicts_with = "adopt")]
    destroy: bool,
    /// Do not look up who changed what
    #[arg(long, env = "CTGUARD_NO_CULPRIT", value_parser = clap::builder::FalseyValueParser::new())]
    no_culprit: bool,
}

pub fn run(args: &PlanArgs, global: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let path = &args.blueprint.blueprint;
    let read = match context::read(path, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let intent = Intent { destroy: args.destroy, adopt: args.adopt.adoption() };
    let asked = SurveyRequest::of(global, io)?.meaning(intent);
    let (survey, plan, culprits) = context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        let survey = context::survey(cloud.as_ref(), &read, &asked, global, io).await?;
        let mut plan = diff(&survey.desired, &survey.live, Stage::Planned);
        plan.scope.narrowed_to(&asked.narrow);
        let culprits = culprits(args, cloud.as_ref(), &plan, global).await;
        Ok::<_, CommandError>((survey, plan, culprits))
    })??;
    let kept = args.out.is_some() || output::wants(Format::Json, global);
    let saved = kept.then(|| planned::keep(plan.clone(), &read, &survey, &asked));
    if let (Some(out), Some(saved)) = (&args.out, &saved) {
        if files::is_standard_output(out) {
            print_json(io, saved)?;
            let exit = context::plan_exit(saved.plan());
            let changes = args.detailed_exitcode && !saved.plan().is_empty();
            return Ok(Exit::Changes.when(changes).and(exit));
        }
        planned::write(out, saved)?;
    }
    context::say_paused(&survey, global, io);
    let plan = saved.as_ref().map_or(&plan, SavedPlan::plan);
    let shown = View::Plan { plan, culprits: &culprits, detail: global.detail() };
    output::show(&shown, &read.positions, global, io)?;
    let next = match (&args.out, read.blueprint.deploy) {
        (_, Some(deploy)) => Next::Engine(deploy),
        (Some(file), None) => Next::Saved(file),
        (None, None) if args.destroy => Next::Destroy(path),
        (None, None) => Next::Apply(path, args.adopt.option()),
    };
    next::say(plan, &next, global, io)?;
    let changes = Exit::Changes.when(args.detailed_exitcode && !plan.is_empty());
    Ok(changes.and(context::plan_exit(plan)))
}

/// Who made the differences, where CloudTrail's event history may be read and tells it.
async fn culprits(
    args: &PlanArgs,
    cloud: &dyn Cloud,
    plan: &Plan,
    global: &GlobalOptions,
) -> Vec<Culprit> {
    let changes = to_attribute(plan);
    if args.no_culprit || changes.is_empty() && plan.refusals.is_empty() {
        return Vec::new();
    }
    let concurrency = usize::from(global.concurrency);
    let all = run::culprits(cloud, &changes, &plan.refusals, &[], concurrency).await;
    all.into_iter().filter(|culprit| culprit.finding.origin().is_some()).collect()
}
