//! Rules that exist in the accounts become a blueprint.

use super::{Written, finish, risk};
use crate::cli::context::{self, Read};
use crate::cli::{GlobalOptions, Io, acting};
use crate::error::{CommandError, Exit};
use crate::report::positions::Positions;
use crate::run;
use clap::Args;
use ctguard_core::blueprint::{self, Risk};
use ctguard_core::cloud::Cloud;
use ctguard_core::import::{self, Collected, Survey};
use ctguard_core::scope::AccountId;
use std::collections::BTreeMap;

/// What the blueprint is called that says what to read.
const FILE: &str = "import.yaml";

/// Make a blueprint of the rules that exist in an account, and say how it takes them over.
///
/// Read are the rules of every bus, in every enabled region or those of --region, in the account of
/// the credentials in use or those of --account. A rule about CloudTrail's events becomes an alert,
/// and its topics become destinations. Nothing is changed: `plan` and `apply` of what is printed,
/// with the --adopt that is named, take the rules over once the alerts are proven.
#[derive(Debug, Args)]
pub struct LiveArgs {
    /// The risk of the alerts: critical, high, medium or low
    #[arg(long, default_value = "medium", value_parser = risk)]
    risk: Risk,
    /// The role to assume in accounts of --account other than that of the credentials in use
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    #[command(flatten)]
    written: Written,
}

pub(super) fn run(
    args: &LiveArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let collected = context::block_on(collect(args, global, io))??;
    finish(collected, &args.written, global, io)
}

async fn collect(
    args: &LiveArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Collected, CommandError> {
    let as_of = global.as_of(io);
    let regions = context::regions(global)?;
    let (accounts, entered) = (context::accounts(global)?, global.account.is_empty());
    let listed = |own: Option<&AccountId>| -> Vec<(AccountId, Option<String>)> {
        let role = |id: &AccountId| args.role.clone().filter(|_| own != Some(id));
        accounts.iter().map(|id| (id.clone(), role(id))).collect()
    };
    // Whose credentials these are is known once they are used; which roles are assumed, before.
    let first = reading(&import::scope_text(&[], &regions), global)?;
    let cloud = context::open(global, &first, io).await?;
    let caller = cloud.caller().await?;
    let read = match entered {
        true => first,
        false => reading(&import::scope_text(&listed(Some(&caller.account)), &regions), global)?,
    };
    let cloud = match entered {
        true => cloud,
        false => context::open(global, &read, io).await?,
    };
    let cloud: &dyn Cloud = cloud.as_ref();
    acting::begin(&caller, &read.blueprint, &context::narrow(global)?, global, io)?;
    let progress = global.progress(io);
    let hear = |event| progress.hear(event);
    let concurrency = usize::from(global.concurrency);
    let scope =
        run::scope::scope(cloud, &read.blueprint, &caller.account, as_of, concurrency, &hear)
            .await
            .map_err(|error| context::no_scope(&error))?;
    let places = scope.places.to_vec();
    let live = run::observe::every_rule(cloud, places, import::topics, concurrency, &hear).await;
    drop(progress);
    let unread: BTreeMap<_, _> = scope.unread.into_iter().collect();
    let survey = Survey {
        live: &live,
        caller: &caller.account,
        role: args.role.as_deref(),
        unread: &unread,
    };
    Ok(import::live(&survey, args.risk, as_of))
}

/// The blueprint that says what to read.
fn reading(text: &str, global: &GlobalOptions) -> Result<Read, CommandError> {
    let as_of = global.as_of.unwrap_or(jiff::civil::Date::MIN);
    let loaded = blueprint::load_text(FILE, text, None, as_of);
    match loaded.blueprint {
        Some(blueprint) => Ok(Read {
            blueprint,
            sources: loaded.sources,
            file: FILE.to_owned(),
            positions: Positions::unknown(FILE),
        }),
        None => {
            let said = loaded.diagnostics.first().map(|one| one.message.clone());
            Err(CommandError::usage(said.unwrap_or_default())
                .hint("Several accounts need --role NAME, the role to assume in the others."))
        }
    }
}
