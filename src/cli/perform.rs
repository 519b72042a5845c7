//! Performs a plan: shows it, asks, makes the changes, and reports the outcome.

use super::next::quoted;
use super::signals::{self, signal};
use super::timeout::Watch;
use super::{GlobalOptions, Io, context, output, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::apply::ApplyReport;
use crate::report::plan;
use crate::report::plan::PlanView;
use crate::report::positions::Positions;
use crate::report::screen::shown;
use crate::report::stopped;
use crate::report::stopped::Stopped;
use crate::report::view::{Format, View};
use crate::run;
use crate::run::{Applied, OutcomeKind, Survey};
use clap::Args;
use ctguard_core::cloud::Cloud;
use ctguard_core::desired::Adoption;
use ctguard_core::plan::{Guard, GuardKind, Plan, WaitingFor};
use ctguard_core::proof::prove;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Consent given on the command line.
#[derive(Debug, Args)]
pub(super) struct Consent {
    /// Do not ask
    #[arg(short, long, env = "CTGUARD_YES", value_parser = clap::builder::BoolishValueParser::new())]
    pub yes: bool,
}

/// Flags that allow what a guard would stop.
#[derive(Debug, Args, Default)]
pub(super) struct Allowed {
    /// Go on although an alert of high or critical risk would notify nobody
    #[arg(long, env = "CTGUARD_ALLOW_LOST_COVERAGE", value_parser = clap::builder::BoolishValueParser::new())]
    allow_lost_coverage: bool,
    /// Go on although more than 30 % of what is owned would be deleted
    #[arg(long, env = "CTGUARD_ALLOW_DELETION", value_parser = clap::builder::BoolishValueParser::new())]
    allow_deletion: bool,
    /// Go on although a policy would let in more than the blueprint covers
    #[arg(long, env = "CTGUARD_ALLOW_WIDER_POLICY", value_parser = clap::builder::BoolishValueParser::new())]
    allow_wider_policy: bool,
    /// Go on although a trail that others use would be changed
    #[arg(long, env = "CTGUARD_ALLOW_SHARED_TRAIL", value_parser = clap::builder::BoolishValueParser::new())]
    allow_shared_trail: bool,
}

impl Allowed {
    /// The flags that `destroy` implies.
    pub fn destroying() -> Self {
        Self { allow_lost_coverage: true, allow_deletion: true, ..Self::default() }
    }

    pub fn allows(&self, kind: GuardKind) -> bool {
        match kind {
            GuardKind::LosesCoverage => self.allow_lost_coverage,
            GuardKind::DeletesMuch => self.allow_deletion,
            GuardKind::WidensPolicy => self.allow_wider_policy,
            GuardKind::SharedTrail => self.allow_shared_trail,
        }
    }

    /// The guards that no flag has allowed.
    fn tripped(&self, plan: &Plan) -> Vec<Guard> {
        plan.guards.iter().filter(|guard| !self.allows(guard.kind)).cloned().collect()
    }
}

/// Says why nothing was changed; with JSON, on standard output too.
pub(super) fn stop(stopped: &Stopped, global: &GlobalOptions, io: &mut Io<'_>) -> CommandError {
    if global.format == Format::Json
        && let Err(error) = print_json(io, stopped)
    {
        return error;
    }
    CommandError::refused(stopped::render(stopped)).hint(stopped.hint())
}

/// Which foreign objects are taken over.
#[derive(Debug, Args)]
pub(super) struct Adopting {
    /// Take over objects that are in the way: everything that no blueprint owns, or the named
    /// objects, even those of another blueprint
    #[arg(long, value_name = "NAME", num_args = 0.., require_equals = true, value_delimiter = ',', env = "CTGUARD_ADOPT")]
    adopt: Option<Vec<String>>,
}

impl Adopting {
    pub fn adoption(&self) -> Adoption {
        // An empty environment variable is a single empty name, and takes nothing over.
        let names = self.adopt.iter().flatten().filter(|name| !name.is_empty()).cloned();
        Adoption {
            untagged: self.adopt.as_ref().is_some_and(Vec::is_empty),
            names: names.collect(),
        }
    }

    /// The option as it was given, after a blank.
    pub fn option(&self) -> String {
        match &self.adopt {
            None => String::new(),
            Some(names) if names.is_empty() => " --adopt".to_owned(),
            Some(names) => format!(" --adopt={}", quoted(&names.join(","))),
        }
    }
}

/// Shows a plan, asks, and performs it.
pub(super) async fn go(
    cloud: &dyn Cloud,
    survey: &Survey,
    plan: &Plan,
    consent: &Consent,
    allowed: &Allowed,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    if global.format == Format::Text {
        print(
            io,
            &plan::render(&shown(plan), PlanView::Plan, global.detail(), global.paint_out(io)),
        )?;
    }
    let guards = allowed.tripped(plan);
    if !guards.is_empty() {
        let stopped = Stopped { guards, ..Stopped::new(&plan.blueprint.name) };
        return Err(stop(&stopped, global, io));
    }
    if has_work(plan) && !consent.yes {
        ask(io)?;
    }
    perform(cloud, survey, plan, global, io).await
}

/// Removals that waited may be ready now, so they count as work.
fn has_work(plan: &Plan) -> bool {
    !plan.is_empty() || plan.waiting.iter().any(|waiting| waiting.what == WaitingFor::Removal)
}

/// Asks for a plain `yes`; fails when there is no terminal.
pub(super) fn ask(io: &mut Io<'_>) -> Result<(), CommandError> {
    if !io.interactive {
        return Err(CommandError::refused(
            "this needs confirmation, and there is no terminal to ask on",
        )
        .hint("Add --yes to go on without asking."));
    }
    let _ = write!(io.err, "\nMake these changes? Type `yes` to confirm: ");
    let _ = io.err.flush();
    let mut answer = String::new();
    let _asking = signals::asking();
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
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let stop = Arc::new(AtomicBool::new(false));
    let _changing = signals::changing();
    let interrupted = tokio::spawn(interrupt(stop.clone()));
    let watch = Watch::new(global.run_limit(), &stop);
    let ended = tokio::spawn(watch.clone().keep());
    let progress = global.progress(io);
    let concurrency = usize::from(global.concurrency);
    let hear = |event| {
        watch.look();
        progress.hear(event);
    };
    let applied = run::apply(cloud, &survey.desired, plan, concurrency, &stop, &hear).await;
    interrupted.abort();
    ended.abort();
    let timed_out = applied.interrupted && watch.is_over();
    let verdict = applied.after.as_ref().map(|after| prove(&survey.desired, &after.live).counts());
    let report =
        ApplyReport { timed_out, ..ApplyReport::of(&survey.desired.name, &applied, plan, verdict) };
    let (shown, positions) = (View::Applied(&report), Positions::unknown(""));
    let text = global.format == Format::Text;
    if text && applied.outcomes.is_empty() && !applied.interrupted {
        output::reports(&shown, &positions, global, io)?;
    } else {
        print(io, if text { "\n" } else { "" })?;
        output::show(&shown, &positions, global, io)?;
    }
    Ok(exit(&applied, plan, timed_out))
}

/// The first Ctrl-C or SIGTERM lets the calls in flight finish; the second ends the program.
pub(super) async fn interrupt(stop: Arc<AtomicBool>) {
    if signal().await.is_ok() {
        stop.store(true, Ordering::Relaxed);
    }
    if signal().await.is_ok() {
        std::process::exit(i32::from(Exit::Interrupted.code()));
    }
}

fn exit(applied: &Applied, planned: &Plan, timed_out: bool) -> Exit {
    let plan = applied.after.as_ref().map_or(planned, |after| &after.plan);
    let undone = applied.count(OutcomeKind::Failed) + applied.count(OutcomeKind::NotAttempted);
    Exit::Incomplete
        .when(undone > 0)
        .and(context::plan_exit(plan))
        .and(context::plan_exit(planned))
        .and(Exit::Incomplete.when(timed_out))
        .and(Exit::Interrupted.when(applied.interrupted && !timed_out))
}
