use super::{BlueprintArg, Global, Io, context, is_json, print, print_json};
use crate::cloud::Permission;
use crate::error::{CommandError, Exit};
use crate::permissions::{Purpose, document, wanted};
use crate::report::count;
use crate::scope::{Place, Region};
use clap::{Args, ValueEnum};
use serde_json::json;

/// Print the IAM policy that ctguard's identity needs for a blueprint.
///
/// `plan` is enough for plan, drift, verify, explain and snapshot; `apply` holds all of it and what apply writes. With
/// --check, ask IAM which of it the credentials in use lack; exit with 3 when they lack any.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What the identity is to do
    #[arg(value_enum)]
    purpose: PurposeArg,
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Ask whether the credentials in use have these permissions, instead of printing them
    #[arg(long, env = "CTGUARD_CHECK", value_parser = clap::builder::FalseyValueParser::new())]
    check: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PurposeArg {
    /// plan, drift, verify, explain and snapshot
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
    if !args.check {
        print_json(io, &document(&read.blueprint, purpose))?;
        return Ok(Exit::Done);
    }
    let (caller, lacking) = context::block_on(check(global, &read, purpose))??;
    if is_json(global) {
        print_json(io, &json!({ "format_version": 1, "identity": caller, "lacking": lacking }))?;
    } else {
        print(io, &text(&caller, &lacking))?;
    }
    Ok(Exit::CheckFailed.when(!lacking.is_empty()))
}

async fn check(
    global: &Global,
    read: &context::Read,
    purpose: Purpose,
) -> Result<(String, Vec<Permission>), CommandError> {
    let cloud = context::open(global, read).await?;
    let caller = cloud.caller().await?;
    let region = context::narrow(global)?.into_iter().next();
    let region = region.or_else(|| read.blueprint.first_region().cloned());
    let region = region
        .or_else(|| Region::new("us-east-1"))
        .ok_or_else(|| CommandError::new("no region is known"))?;
    let place = Place::new(caller.account, region);
    let lacking = cloud.lacking(&place, &wanted(&read.blueprint, purpose, &place)).await?;
    Ok((caller.arn, lacking))
}

fn text(caller: &str, lacking: &[Permission]) -> String {
    if lacking.is_empty() {
        return format!("{caller} has every permission that is needed.\n");
    }
    let mut text = format!("{caller} lacks {}:\n", count(lacking.len(), "permission"));
    for permission in lacking {
        text.push_str(&format!("  {} on {}\n", permission.operation, permission.resource));
    }
    text
}
