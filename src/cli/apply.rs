use super::{BlueprintArg, Global, Io, context, is_json, print, print_json};
use crate::cloud::Cloud;
use crate::error::{CommandError, Exit};
use crate::plan::{Plan, Stage, WaitingFor, diff};
use crate::proof::prove;
use crate::report::apply::{ApplyReport, render};
use crate::report::plan::{self, Question};
use crate::run::{self, Applied, OutcomeKind, Survey};
use clap::Args;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Show the plan, ask, and make the changes.
///
/// Stopped half-way, run it again: it goes on from where it was.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Do not ask
    #[arg(long, env = "CTGUARD_YES", value_parser = clap::builder::FalseyValueParser::new())]
    yes: bool,
}

pub fn run(args: &ApplyArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    context::block_on(async {
        let cloud = context::open(global, &read).await?;
        let survey = context::survey(cloud.as_ref(), &read, global, io).await?;
        let plan = diff(&survey.desired, &survey.live, Stage::Planned);
        if !is_json(global) {
            print(io, &plan::render(&plan, Question::Plan, global.paint_out(io)))?;
        }
        if has_work(&plan) && !args.yes {
            ask(io)?;
        }
        perform(cloud.as_ref(), &survey, &plan, global, io).await
    })?
}

/// Removals that waited may be ready by now, so they count as work.
fn has_work(plan: &Plan) -> bool {
    !plan.is_empty() || plan.waiting.iter().any(|waiting| waiting.what == WaitingFor::Removal)
}

/// Asks for a plain `yes`; never without somebody who could answer.
fn ask(io: &mut Io<'_>) -> Result<(), CommandError> {
    if !io.interactive {
        return Err(CommandError::refused(
            "apply asks before it changes anything, and nobody can answer here",
        )
        .hint("Add --yes to apply without asking."));
    }
    let _ = write!(io.err, "\nMake these changes? Only `yes` is taken for an answer: ");
    let _ = io.err.flush();
    let mut answer = String::new();
    io.input
        .read_line(&mut answer)
        .map_err(|error| CommandError::io("cannot read the answer", &error))?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(CommandError::refused("not confirmed; nothing was changed"))
    }
}

async fn perform(
    cloud: &dyn Cloud,
    survey: &Survey,
    plan: &Plan,
    global: &Global,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let stop = Arc::new(AtomicBool::new(false));
    let watch = tokio::spawn(interrupt(stop.clone()));
    let progress = global.progress(io);
    let concurrency = usize::from(global.concurrency);
    let applied =
        run::apply(cloud, &survey.desired, plan, concurrency, &stop, &|event| progress.hear(event))
            .await;
    watch.abort();
    let verdict = applied.after.as_ref().map(|after| prove(&survey.desired, &after.live).counts());
    let report = ApplyReport::of(&survey.desired.name, &applied, plan, verdict);
    if is_json(global) {
        print_json(io, &report)?;
    } else if !applied.outcomes.is_empty() || applied.interrupted {
        print(io, &format!("\n{}", render(&report, global.paint_out(io))))?;
    }
    Ok(exit(&applied, plan))
}

/// The first Ctrl-C lets the calls in flight finish; the second ends the program.
async fn interrupt(stop: Arc<AtomicBool>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.store(true, Ordering::Relaxed);
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(i32::from(Exit::Interrupted.code()));
    }
}

fn exit(applied: &Applied, planned: &Plan) -> Exit {
    let plan = applied.after.as_ref().map_or(planned, |after| &after.plan);
    let undone = applied.count(OutcomeKind::Failed) + applied.count(OutcomeKind::NotAttempted);
    Exit::Incomplete
        .when(undone > 0)
        .and(context::plan_exit(plan))
        .and(context::plan_exit(planned))
        .and(Exit::Interrupted.when(applied.interrupted))
}
