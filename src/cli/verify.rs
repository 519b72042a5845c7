use super::{BlueprintArg, GlobalOptions, Io, context, output};
use crate::error::{CommandError, Exit};
use crate::report::view::View;
use clap::Args;
use ctguard_core::desired::Desired;
use ctguard_core::proof::{Report, Status, prove};

/// Prove that each alert reaches everybody listed, link by link.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Fail on assumed links and on what is degraded, too
    #[arg(long, env = "CTGUARD_STRICT", value_parser = clap::builder::BoolishValueParser::new())]
    strict: bool,
}

pub fn run(
    args: &VerifyArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let survey = context::look_closely(&read, Desired::signal_reads, global, io)?;
    let proof = prove(&survey.desired, &survey.live);
    let report = proof.report(&survey.desired).narrowed_to(&context::narrow(global)?);
    let shown = View::Verdict { report: &report, proof: Some(&proof) };
    output::show(&shown, &read.positions, global, io)?;
    Ok(exit(&report, args.strict))
}

/// The exit code for a report.
pub(super) fn exit(report: &Report, strict: bool) -> Exit {
    let strict = strict && (report.has(Status::Assumed) || report.degraded > 0);
    Exit::CheckFailed
        .when(report.has(Status::Broken) || strict)
        .and(Exit::Incomplete.when(report.has(Status::Unknown)))
}
