use super::files;
use super::planned::PLAN_MAX_BYTES;
use super::{GlobalOptions, Io, context, drift, output, verify};
use crate::error::{CommandError, Exit};
use crate::report::positions::Positions;
use crate::report::view::View;
use clap::Args;
use ctguard_core::blueprint;
use ctguard_core::blueprint::{Blueprint, Loaded};
use ctguard_core::drift::merge::{attributed as merge_plans, merge as merge_drifts};
use ctguard_core::drift::{AttributedPlan, Drift};
use ctguard_core::plan::Plan;
use ctguard_core::plan::file::bare;
use ctguard_core::proof::Report;
use ctguard_core::proof::report::merge::{MergeError, merge as merge_reports};
use ctguard_core::scope::AccountId;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Merge the reports, plans or drifts of the parts of a fleet.
///
/// Takes the JSON of every part (`verify --shard 1/8 --format json`, and so on to 8/8) and prints
/// what one run over the whole fleet would print. Exits as that run does.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Reports of verify, plans, or drifts, all of one kind
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The blueprint, for formats that point at its lines
    #[arg(long, value_name = "FILE", default_value = "ctguard.yaml", env = "CTGUARD_BLUEPRINT")]
    blueprint: PathBuf,
    /// Fail on assumed links and on what is degraded, too
    #[arg(long, env = "CTGUARD_STRICT", value_parser = clap::builder::BoolishValueParser::new())]
    strict: bool,
    /// Exit with 2 when plans have changes
    #[arg(long, env = "CTGUARD_DETAILED_EXITCODE", value_parser = clap::builder::BoolishValueParser::new())]
    detailed_exitcode: bool,
}

/// The first key of a plan, which a drift has, too.
const PLAN_KEY: &str = "ctguard_plan";

/// The key that a drift has, and a plan has not.
const DRIFT_KEY: &str = "ctguard_drift";

pub fn run(
    args: &MergeArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let parts = args.files.iter().map(|file| Ok((file.as_path(), read(file, io)?)));
    let parts: Vec<(&Path, Value)> = parts.collect::<Result<_, CommandError>>()?;
    let having = |key| parts.iter().filter(|(_, part)| part.get(key).is_some()).count();
    let (plans, drifts) = (having(PLAN_KEY), having(DRIFT_KEY));
    let loaded = blueprint::load(&args.blueprint, global.as_of(io));
    let blueprint = loaded.blueprint.as_ref();
    let covers = |covered: &Covered<'_>| is_whole(covered, blueprint, &args.blueprint);
    let (verdict, plan, drift): (Report, AttributedPlan, Drift);
    let (shown, exit) = match (plans, drifts) {
        (0, 0) => {
            let reports: Vec<Report> = typed(parts, "format_version", "a report of verify")?;
            verdict = merge_reports(&reports).map_err(refused)?;
            covers(&Covered {
                blueprint: &verdict.blueprint,
                accounts: verdict.accounts.iter().map(|account| &account.id).collect(),
                narrowed: !verdict.only_accounts.is_empty(),
            })?;
            let exit = verify::exit(&verdict, args.strict);
            (View::Verdict { report: &verdict, proof: None }, exit)
        }
        (_, 0) if plans == parts.len() => {
            let plans: Vec<AttributedPlan> = typed(parts, PLAN_KEY, "a plan")?;
            plan = merge_plans(&plans).map_err(refused)?;
            let AttributedPlan { plan, culprits } = &plan;
            covers(&Covered::of(plan))?;
            let changes = Exit::Changes.when(args.detailed_exitcode && !plan.is_empty());
            let exit = changes.and(context::plan_exit(plan));
            (View::Plan { plan, culprits, detail: global.detail() }, exit)
        }
        _ if drifts == parts.len() => {
            let drifts: Vec<Drift> = typed(parts, DRIFT_KEY, "a drift")?;
            drift = merge_drifts(&drifts).map_err(refused)?;
            covers(&Covered::of(&drift.plan))?;
            (View::Drift(&drift), drift::exit(&drift))
        }
        _ => {
            return Err(CommandError::usage(
                "reports of verify, plans and drifts cannot be merged with each other",
            ));
        }
    };
    output::show(&shown, &positions(&args.blueprint, &loaded), global, io)?;
    Ok(exit)
}

/// Where the alerts stand, if the blueprint is at hand: the parts do not say.
fn positions(path: &Path, loaded: &Loaded) -> Positions {
    let file = path.display().to_string();
    match &loaded.blueprint {
        Some(blueprint) => Positions::of(&file, blueprint, &loaded.included),
        None => Positions::unknown(file),
    }
}

/// What the parts are about together.
struct Covered<'a> {
    blueprint: &'a str,
    accounts: BTreeSet<&'a AccountId>,
    /// Whether only some of the blueprint's accounts were asked for.
    narrowed: bool,
}

impl<'a> Covered<'a> {
    fn of(plan: &'a Plan) -> Self {
        Self {
            blueprint: &plan.blueprint.name,
            accounts: plan.scope.accounts.iter().collect(),
            narrowed: !plan.scope.only_accounts.is_empty(),
        }
    }
}

/// Checks that the parts leave out no account that the blueprint lists, if it is at hand: somebody
/// may have edited them.
fn is_whole(
    covered: &Covered<'_>,
    blueprint: Option<&Blueprint>,
    file: &Path,
) -> Result<(), CommandError> {
    let known = blueprint.filter(|known| known.name == covered.blueprint && !covered.narrowed);
    let accounts = known.and_then(|known| known.accounts.as_ref());
    let listed = accounts.iter().flat_map(|accounts| accounts.listed.keys());
    let left_out: Vec<&str> =
        listed.filter(|id| !covered.accounts.contains(id)).map(AccountId::as_str).collect();
    match left_out.is_empty() {
        true => Ok(()),
        false => Err(CommandError::new(format!(
            "the parts cannot be merged: {} lists accounts that are in none of them: {}",
            file.display(),
            left_out.join(", ")
        ))
        .hint("Make every part of the blueprint as it is now, or name the one that they are of with --blueprint.")),
    }
}

fn refused(error: MergeError) -> CommandError {
    CommandError::new(format!("the parts cannot be merged: {error}")).hint(
        "Merge the results of every part, `--shard 1/N` to `--shard N/N`, of one blueprint and one date (`--as-of`).",
    )
}

fn read(file: &Path, io: &mut Io<'_>) -> Result<Value, CommandError> {
    let doing = || format!("cannot read {}", file.display());
    let text =
        files::text(file, PLAN_MAX_BYTES, io).map_err(|error| CommandError::io(doing(), &error))?;
    serde_json::from_str(bare(&text))
        .map_err(|error| CommandError::new(format!("{}: it is not JSON: {error}", doing())))
}

/// Reads parts as one kind. The version is looked at first: another may well have another form.
fn typed<T: DeserializeOwned>(
    parts: Vec<(&Path, Value)>,
    version_key: &str,
    what: &str,
) -> Result<Vec<T>, CommandError> {
    let typed = |(file, part): (&Path, Value)| {
        let version = part.get(version_key).cloned();
        if version.as_ref().is_some_and(|version| *version != 1) {
            let version = version.unwrap_or_default();
            return Err(CommandError::new(format!(
                "{} has format version {version}, and this ctguard reads 1",
                file.display()
            )));
        }
        serde_json::from_value(part).map_err(|error| {
            CommandError::new(format!("{} is not {what}: {error}", file.display()))
                .hint("Make it with `--format json`.")
        })
    };
    parts.into_iter().map(typed).collect()
}
