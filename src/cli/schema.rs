use super::{GlobalOptions, Io, print};
use crate::error::{CommandError, Exit};
use clap::{Args, ValueEnum};

/// Print the JSON Schema of a blueprint, or of a verb's result.
///
/// Draft 2020-12. A verb's result is what it prints with `--format json`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// What to describe
    #[arg(value_enum)]
    what: Described,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Described {
    /// The YAML file, for editors
    Blueprint,
    /// A YAML file of alerts that a blueprint includes, for editors
    Included,
    /// What plan, drift and show print, and plan --out saves
    Plan,
    /// What verify prints
    Report,
    /// What apply prints
    Apply,
    /// What explain prints
    Explain,
    /// What validate prints
    Validate,
    /// What events prints
    Events,
    /// What events check prints
    EventsCheck,
    /// What coverage prints
    Coverage,
    /// What import prints
    Import,
    /// What export prints
    Export,
    /// The file stacks.json of an export for CloudFormation
    Stacks,
    /// What drill prints
    Drill,
    /// What test prints
    Test,
    /// What replay prints
    Replay,
    /// What match prints
    Match,
    /// What policy prints
    Policy,
    /// What snapshot prints
    Snapshot,
}

/// The schema of a blueprint.
pub(super) const BLUEPRINT: &str = include_str!("../../docs/schema/blueprint.json");

pub fn run(args: &SchemaArgs, _: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let text = match args.what {
        Described::Blueprint => BLUEPRINT,
        Described::Included => include_str!("../../docs/schema/included.json"),
        Described::Plan => include_str!("../../docs/schema/plan.json"),
        Described::Report => include_str!("../../docs/schema/report.json"),
        Described::Apply => include_str!("../../docs/schema/apply.json"),
        Described::Explain => include_str!("../../docs/schema/explain.json"),
        Described::Validate => include_str!("../../docs/schema/validate.json"),
        Described::Events => include_str!("../../docs/schema/events.json"),
        Described::EventsCheck => include_str!("../../docs/schema/events-check.json"),
        Described::Coverage => include_str!("../../docs/schema/coverage.json"),
        Described::Import => include_str!("../../docs/schema/import.json"),
        Described::Export => include_str!("../../docs/schema/export.json"),
        Described::Stacks => include_str!("../../docs/schema/stacks.json"),
        Described::Drill => include_str!("../../docs/schema/drill.json"),
        Described::Test => include_str!("../../docs/schema/test.json"),
        Described::Replay => include_str!("../../docs/schema/replay.json"),
        Described::Match => include_str!("../../docs/schema/match.json"),
        Described::Policy => include_str!("../../docs/schema/policy.json"),
        Described::Snapshot => include_str!("../../docs/schema/snapshot.json"),
    };
    print(io, text)?;
    Ok(Exit::Done)
}
