use super::{BlueprintArg, GlobalOptions, Io, context, output};
use crate::error::{CommandError, Exit};
use crate::report::validate::Validation;
use crate::report::view::{Format, View};
use clap::Args;
use ctguard_core::diag::Severity;
use ctguard_core::offline;

/// Check a blueprint offline: every problem at once, each with a fix.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Take warnings for errors: exit with 64 where there is one
    #[arg(long, env = "CTGUARD_STRICT", value_parser = clap::builder::BoolishValueParser::new())]
    strict: bool,
}

pub fn run(
    args: &ValidateArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let path = &args.blueprint.blueprint;
    let as_of = global.as_of(io);
    let loaded = context::load(path, as_of, io);
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
    let warned = validation.diagnostics.iter().any(|one| one.severity == Severity::Warning);
    if validation.valid && warned && args.strict && global.format == Format::Text && !global.quiet {
        let _ = writeln!(
            io.err,
            "With --strict a warning is an error: mend it, or silence its code with `allow:`."
        );
    }
    Ok(Exit::Usage.when(!validation.valid || warned && args.strict))
}
