//! Applying a plan that was saved: the same changes for the same blueprint and the same accounts,
//! or none at all.
//!
//! The blueprint in the file is compiled again, as of the plan's date, and everything is read
//! again. Nothing is written before all of it has been compared: what moved in one place may matter
//! in another.

use super::super::perform;
use super::super::{GlobalOptions, Io, context, files, planned};
use super::ApplyArgs;
use crate::error::{CommandError, Exit};
use crate::report::positions::Positions;
use crate::report::stopped::Stopped;
use crate::run::Survey;
use ctguard_core::cloud::Cloud;
use ctguard_core::plan::file::{Common, common, ended};
use ctguard_core::plan::fingerprints;
use ctguard_core::plan::fingerprints::moved;
use ctguard_core::plan::{Change, Plan, SavedPlan, Stage, diff};
use ctguard_core::resource::Address;
use ctguard_core::scope::AccountId;

pub(super) fn run(
    args: &ApplyArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let (path, consent) = (args.blueprint.as_path(), &args.consent);
    if !args.adopt.adoption().is_nothing() {
        return Err(CommandError::usage(
            "--adopt cannot be used with a saved plan: the plan says what is taken over",
        )
        .hint("Leave --adopt out, or plan again with it."));
    }
    if files::is_standard_input(path) && !consent.yes {
        return Err(CommandError::usage(
            "standard input holds the plan, so it cannot answer a question",
        )
        .hint("Add --yes, or save the plan to a file."));
    }
    let plan = planned::read(path, io)?;
    let asked = planned::asked(&plan, global)?;
    let saved = SavedPlan::check(plan).map_err(|error| planned::unusable(path, &error))?;
    let (resolved, reviewed) = (saved.resolved(), saved.plan());
    let loaded = resolved.load(asked.as_of);
    let Some(blueprint) = loaded.blueprint else {
        context::say(&loaded.diagnostics, &loaded.sources, global, io);
        return Err(CommandError {
            exit: Exit::Usage,
            ..CommandError::new("the blueprint in the plan is not valid for this ctguard")
        });
    };
    context::deployed_by_us(&blueprint, "apply")?;
    if blueprint.name != reviewed.blueprint.name {
        let error = ctguard_core::plan::file::PlanFileError::Edited;
        return Err(planned::unusable(path, &error));
    }
    let over = ended(&blueprint, asked.as_of, global.as_of(io));
    if !over.is_empty() {
        let message =
            format!("the plan was made on {}, and since then {}", reviewed.as_of, over.join("; "));
        return Err(CommandError::refused(message).hint("Plan again."));
    }
    let file = resolved.file.clone();
    let positions = Positions::of(&file, &blueprint, &loaded.included);
    let read = context::Read { blueprint, sources: loaded.sources, file, positions };
    context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        same_caller(cloud.as_ref(), saved.caller()).await?;
        let survey = context::survey(cloud.as_ref(), &read, &asked, global, io).await?;
        let plan = still_holds(reviewed, &survey, global, io)?;
        let (cloud, allowed) = (cloud.as_ref(), &args.allowed);
        perform::go(cloud, &survey, &plan, consent, allowed, global, io).await
    })?
}

/// What the plan covers depends on whose credentials are asked; the identity within the account
/// does not matter.
async fn same_caller(cloud: &dyn Cloud, planned: &AccountId) -> Result<(), CommandError> {
    let now = cloud.caller().await?.account;
    if *planned == now {
        return Ok(());
    }
    Err(CommandError::refused(format!(
        "the plan was made with credentials of account {planned}, and these are of {now}"
    ))
    .hint("Use credentials of that account, or plan again with these."))
}

/// The plan as it is now, without what the saved one does not have; an error when that one no
/// longer holds.
fn still_holds(
    saved: &Plan,
    survey: &Survey,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Plan, CommandError> {
    let mut stopped = Stopped::new(&saved.blueprint.name);
    stopped.moved = moved(&saved.fingerprints, &fingerprints::of(&survey.live));
    if !stopped.moved.is_empty() {
        return Err(perform::stop(&stopped, global, io));
    }
    let now = diff(&survey.desired, &survey.live, Stage::Planned);
    let made_now = now.changes.clone();
    let Common { plan, missing, left_out } = common(saved, now);
    if !missing.is_empty() {
        stopped.secrets_changed = are_secrets(&missing, saved, &made_now);
        stopped.differs = missing;
        return Err(perform::stop(&stopped, global, io));
    }
    if !left_out.is_empty() && !global.quiet {
        let paint = global.paint_err(io);
        let said = crate::report::stopped::left_out(&left_out);
        let _ = writeln!(io.err, "{}: {said}", paint.warn("warning"));
    }
    Ok(plan)
}

/// Whether what a saved plan has and a new one lacks is there under the hash of another value of a
/// secret.
fn are_secrets(missing: &[Address], saved: &Plan, now: &[Change]) -> bool {
    let same = |change: &Change| {
        let text = serde_json::to_string(change).unwrap_or_default();
        (without_digits(&text), text)
    };
    let now: Vec<(String, String)> = now.iter().map(same).collect();
    let lost = saved.changes.iter().filter(|change| missing.contains(&change.address));
    lost.map(same)
        .all(|(masked, text)| now.iter().any(|(other, exact)| *exact == text || *other == masked))
}

/// The text without the digits that tell one hidden address from another.
fn without_digits(text: &str) -> String {
    let mut parts = text.split('~');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        out.push('~');
        out.push_str(part.get(digits..).unwrap_or(part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_digits_of_hidden_addresses_are_left_out() {
        let text = |digits: &str| format!("https:secret:env:HOOK~{digits}\", \"x\": 1");
        assert_eq!(without_digits(&text("0123abcd")), without_digits(&text("ffff0000")));
        assert_ne!(without_digits(&text("0123abcd")), without_digits("https:a~0123abcd"));
    }
}
