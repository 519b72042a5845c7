use super::perform::{self, Allowed, Consent};
use super::{BlueprintArg, GlobalOptions, Io, context, print};
use crate::error::{CommandError, Exit};
use crate::report::screen::line;
use crate::report::view::Format;
use clap::Args;
use ctguard_core::desired::Intent;
use ctguard_core::plan::{Plan, Stage, Verb, diff};
use ctguard_core::resource::Kind;

/// Show what the blueprint owns, ask, and remove it.
///
/// Removes only what carries the blueprint's tag, in every place that the blueprint covers. Trails
/// and their buckets are evidence: they stay, marked as released, and trails go on logging; `apply`
/// takes them back. If it stops half-way, run it again.
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
    context::deployed_by_us(&read.blueprint, "destroy")?;
    let intent = Intent { destroy: true, ..Intent::default() };
    let asked = context::SurveyRequest::of(global, io)?.meaning(intent);
    let allowed = Allowed::destroying();
    context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        let survey = context::survey(cloud.as_ref(), &read, &asked, global, io).await?;
        let mut plan = diff(&survey.desired, &survey.live, Stage::Planned);
        // `destroy` implies these flags.
        plan.guards.retain(|guard| !allowed.allows(guard.kind));
        let exit = perform::go(cloud.as_ref(), &survey, &plan, &args.consent, &allowed, global, io)
            .await?;
        if exit == Exit::Done && global.format == Format::Text {
            print(io, &way_back(&plan))?;
        }
        Ok(exit)
    })?
}

/// What stays, and how the blueprint gets it back; nothing when nothing stays.
fn way_back(plan: &Plan) -> String {
    let stays = plan.changes.iter().filter(|change| {
        change.action == Verb::Update && matches!(change.address.kind, Kind::Trail | Kind::Bucket)
    });
    let stays: Vec<String> = stays
        .map(|change| line(&format!("{} {}", change.address.kind, change.address.name)))
        .collect();
    if stays.is_empty() {
        return String::new();
    }
    format!(
        "\nReleased, and still there: {}. `ctguard apply` with a blueprint of this name takes what it keeps back.\n",
        stays.join(", ")
    )
}
