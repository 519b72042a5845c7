use super::{BlueprintArg, Global, Io, context, print_json};
use crate::error::{CommandError, Exit};
use crate::permissions::{Purpose, document};
use clap::{Args, ValueEnum};

/// Print the IAM policy that ctguard's identity needs for a blueprint.
///
/// `plan` is enough for plan, drift and verify; `apply` holds all of it and what apply writes.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What the identity is to do
    #[arg(value_enum)]
    purpose: PurposeArg,
    #[command(flatten)]
    blueprint: BlueprintArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PurposeArg {
    /// plan, drift and verify
    #[value(alias = "verify", alias = "drift")]
    Plan,
    /// apply, which reads too
    Apply,
}

pub fn run(args: &PolicyArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let purpose = match args.purpose {
        PurposeArg::Plan => Purpose::Read,
        PurposeArg::Apply => Purpose::Apply,
    };
    print_json(io, &document(&read.blueprint, purpose))?;
    Ok(Exit::Done)
}
