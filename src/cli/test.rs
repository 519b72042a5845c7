use super::{BlueprintArg, GlobalOptions, Io, context, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::samples::render;
use clap::Args;
use ctguard_core::blueprint::open_below;
use ctguard_core::offline;
use std::path::Path;

/// Try every alert offline, on samples and on generated events.
///
/// Listed samples stand under an alert's `tests:`. For each event of an alert, a sample that it
/// must fire for is generated, and near misses: another service, name or detail-type, each field of
/// `where` failing, the other outcome, each exception. Every message is rendered as EventBridge's
/// input transformer does it, in each format. Exits 3 when anything fails.
#[derive(Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Fail alerts with fewer listed samples than this, of those to match or of those to ignore;
    /// built-in alerts, which have samples of their own, are not asked
    #[arg(long, value_name = "N", default_value_t = 0, env = "CTGUARD_MINIMUM")]
    minimum: u16,
    /// Print the messages as subscribers would receive them
    #[arg(long)]
    show: bool,
}

impl TestArgs {
    /// Whether messages are printed, which stay as they arrive.
    pub fn shows_messages(&self) -> bool {
        self.show
    }
}

pub fn run(args: &TestArgs, global: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let as_of = global.as_of(io);
    let blueprint = read.blueprint.clone().with_watch();
    let rules = match offline::rules(&blueprint, as_of) {
        Ok(rules) => rules,
        Err(problems) => {
            read.say(&problems, global, io);
            return Ok(Exit::Usage);
        }
    };
    let minimum = usize::from(args.minimum);
    let trial = offline::try_out(&blueprint, &rules, as_of, minimum, |test| {
        let depth = Path::new(&test.event).components().count();
        let folder = test.file.ancestors().nth(depth).unwrap_or(Path::new(""));
        open_below(folder, &test.event)
    });
    if is_json(global) {
        print_json(io, &trial)?;
    } else {
        print(io, &render(&trial, args.show, global.paint_out(io)))?;
    }
    Ok(Exit::CheckFailed.when(!trial.passed))
}
