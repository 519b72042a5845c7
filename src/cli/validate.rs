use super::{BlueprintArg, GlobalOptions, Io, context, output};
use crate::error::{CommandError, Exit};
use crate::report::validate::Validation;
use crate::report::view::{Format, View};
use clap::Args;
use ctguard_core::{blueprint, offline};

/// Check a blueprint offline: every problem at once, each with a fix.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
}

pub fn run(
    args: &ValidateArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let path = &args.blueprint.blueprint;
    let as_of = global.as_of(io);
    let loaded = blueprint::load(path, as_of);
    let positions = context::positions(path, &loaded);
    let loaded = offline::checked(loaded, as_of);
    if global.format == Format::Text {
        context::say(&loaded.diagnostics, &loaded.sources, global, io);
    }
    let validation = Validation {
        format_version: 1,
        file: path.display().to_string(),
        valid: loaded.blueprint.is_some(),
        alerts: loaded.blueprint.as_ref().map(|blueprint| blueprint.alerts.len()),
        destinations: loaded.blueprint.as_ref().map(|blueprint| blueprint.destinations.len()),
        diagnostics: loaded.diagnostics,
    };
    output::show(&View::Validated(&validation), &positions, global, io)?;
    Ok(Exit::Usage.when(!validation.valid))
}
