//! Plans as files: completing a saved plan, writing it, and reading it back.

use super::context::{Read, SurveyRequest};
use super::files::{self, Readers};
use super::{GlobalOptions, Io};
use crate::error::CommandError;
use crate::run::Survey;
use ctguard_core::desired::{Narrow, Shard};
use ctguard_core::plan::file::{PlanFileError, is_plan};
use ctguard_core::plan::{Plan, Resolved, SavedPlan, file};
use std::io::{Read as _, Write};
use std::path::Path;

/// Most bytes of a plan, and of a shard's report: that of a fleet of ten thousand places has a tenth.
pub(super) const PLAN_MAX_BYTES: u64 = 1 << 30;

/// How many bytes of a file tell whether it is a plan.
const HEAD_BYTES: u64 = 256;

/// Completes a plan that is saved.
pub(super) fn keep(plan: Plan, read: &Read, survey: &Survey, asked: &SurveyRequest) -> SavedPlan {
    let resolved = Resolved::new(&read.file, &read.sources);
    SavedPlan::new(plan, resolved, &asked.narrow, &survey.caller.account, &survey.live)
}

/// Writes the whole file or leaves what was there. Nobody else may read it: it holds policies and
/// addresses.
pub(super) fn write(path: &Path, plan: &SavedPlan) -> Result<(), CommandError> {
    let write = |out: &mut dyn Write| {
        serde_json::to_writer_pretty(&mut *out, plan)?;
        out.write_all(b"\n")
    };
    files::written(path, Readers::Owner, write).map_err(|error| {
        CommandError::io(format!("cannot write the plan {}", path.display()), &error)
    })
}

/// Whether a command line names a plan instead of a blueprint, going by the beginning of the file.
/// Standard input is one, and so is meant by a missing file of JSON.
pub(super) fn names_plan(path: &Path) -> bool {
    let mut head = Vec::new();
    let is_json = || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    files::is_standard_input(path)
        || is_json() && !path.exists()
        || files::open(path)
            .and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head))
            .is_ok_and(|_| is_plan(&String::from_utf8_lossy(&head)))
}

/// Reads a plan from a file or from standard input.
pub(super) fn read(path: &Path, io: &mut Io<'_>) -> Result<Plan, CommandError> {
    let text = files::text(path, PLAN_MAX_BYTES, io).map_err(|error| {
        CommandError::io(format!("cannot read the plan {}", path.display()), &error)
    })?;
    file::read(&text).map_err(|error| unusable(path, &error))
}

/// Says why a plan cannot be used, and how to make a new one.
pub(super) fn unusable(path: &Path, error: &PlanFileError) -> CommandError {
    let message = format!("the plan {} cannot be used: {error}", path.display());
    match error {
        PlanFileError::Edited | PlanFileError::EditedScope | PlanFileError::EditedPlan => {
            CommandError::refused(message)
        }
        _ => CommandError::new(message),
    }
    .hint("`ctguard plan --out FILE` makes a new one.")
}

/// The scope and date that a saved plan was made with. Options must not contradict them.
pub(super) fn asked(plan: &Plan, global: &GlobalOptions) -> Result<SurveyRequest, CommandError> {
    let scope = &plan.scope;
    for (option, given) in [
        ("--account", !global.account.is_empty()),
        ("--region", !global.region.is_empty()),
        ("--shard", global.shard.is_some()),
    ] {
        if given {
            return Err(CommandError::usage(format!(
                "{option} cannot be used with a saved plan: the plan says what it covers"
            ))
            .hint(format!("Leave {option} out, or plan again with it.")));
        }
    }
    let damaged = |field: &str, text: &str| {
        CommandError::new(format!("the plan cannot be used: {field}: `{text}` cannot be read"))
            .hint("`ctguard plan --out FILE` makes a new one.")
    };
    let shard = match &scope.shard {
        Some(text) => Some(Shard::parse(text).ok_or_else(|| damaged("scope.shard", text))?),
        None => None,
    };
    let narrow = Narrow {
        accounts: scope.only_accounts.iter().cloned().collect(),
        regions: scope.only_regions.iter().cloned().collect(),
        shard,
    };
    Ok(SurveyRequest { as_of: plan.as_of, narrow, intent: plan.intent.clone() })
}
