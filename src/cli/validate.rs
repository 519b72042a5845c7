use super::{BlueprintArg, Format, Global, Io, context, print, print_json};
use crate::blueprint;
use crate::diag::Severity;
use crate::error::{CommandError, Exit};
use clap::Args;
use serde_json::json;

/// Check a blueprint, offline: every problem at once, each with what to do.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
}

pub fn run(args: &ValidateArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let path = &args.blueprint.blueprint;
    let loaded = blueprint::load(path, global.as_of(io));
    let exit = Exit::Usage.when(loaded.blueprint.is_none());
    if global.format == Format::Json {
        let valid = loaded.blueprint.is_some();
        print_json(
            io,
            &json!({ "format_version": 1, "valid": valid, "diagnostics": loaded.diagnostics }),
        )?;
        return Ok(exit);
    }
    context::say(&loaded.diagnostics, &loaded.sources, global, io);
    let tally = |severity| loaded.diagnostics.iter().filter(|d| d.severity == severity).count();
    let warnings = crate::report::count(tally(Severity::Warning), "warning");
    let line = match &loaded.blueprint {
        Some(blueprint) => format!(
            "{} is valid: {}, {}, {warnings}.\n",
            path.display(),
            crate::report::count(blueprint.alerts.len(), "alert"),
            crate::report::count(blueprint.destinations.len(), "destination"),
        ),
        None => format!(
            "{} is not valid: {}, {warnings}.\n",
            path.display(),
            crate::report::count(tally(Severity::Error), "error")
        ),
    };
    print(io, &line)?;
    Ok(exit)
}
