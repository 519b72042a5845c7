mod ask;

use super::files::{self, Readers, is_standard_output};
use super::schema::BLUEPRINT;
use super::{GlobalOptions, Io, completions, context, input, live, next, print};
use crate::error::{CommandError, Exit};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use ctguard_core::blueprint::{
    Blueprint, Confirmations, DEFAULT_BUILTINS, ROOT_ALERT, Raised, SCHEMA_FILE, Starter, builtin,
};
use ctguard_core::cloud::Cloud;
use ctguard_core::event::ROOT_SIGN_IN_REGION;
use ctguard_core::replay::cost::after_allowances;
use ctguard_core::scope::{AccountId, Arn, Partition, Place, Region};
use ctguard_core::snapshot::Caller;
use jiff::civil::Date;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What tells a schema of a blueprint, of whatever version.
const SCHEMA_ID: &str = "urn:ctguard:schema:blueprint:";

/// Write a commented blueprint to start from.
///
/// With --region it covers those regions, with --account those accounts. Where there is more than
/// one place, all alerts are raised in a hub in the account of the credentials in use, or else in
/// the first account that is named. On a terminal, what no option says is asked for, if --email is
/// left out.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where to write it; `-` is standard output
    #[arg(value_name = "BLUEPRINT", default_value = "ctguard.yaml", env = "CTGUARD_BLUEPRINT")]
    blueprint: PathBuf,
    /// Where to write it, in place of BLUEPRINT
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Who should receive the alerts; can be repeated. Asked for when left out
    #[arg(long, value_name = "ADDRESS", env = "CTGUARD_EMAIL", value_delimiter = ',')]
    email: Vec<String>,
    /// The blueprint's name: prefixes and tags everything that it owns
    #[arg(long, default_value = "main", env = "CTGUARD_NAME")]
    name: String,
    /// A built-in blueprint to include; can be repeated. Account-security and self-protection when
    /// left out
    #[arg(long, value_name = "ID", env = "CTGUARD_BUILTIN", value_delimiter = ',', add = ArgValueCompleter::new(completions::builtins))]
    builtin: Vec<String>,
    /// Where all alerts are raised: ACCOUNT/REGION, or `none` for each in its own place
    #[arg(long, value_name = "PLACE", env = "CTGUARD_HUB")]
    hub: Option<Hub>,
    /// Replace a file that is there
    #[arg(long, env = "CTGUARD_FORCE", value_parser = clap::builder::BoolishValueParser::new())]
    force: bool,
}

/// Where alerts are raised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Hub {
    /// In one place, if there are several and the account is known.
    #[default]
    Usual,
    /// Each in its own place.
    None,
    In(Place),
}

impl InitArgs {
    /// Whether the blueprint is printed, and not written to a file.
    pub fn prints_document(&self) -> bool {
        is_standard_output(self.out.as_ref().unwrap_or(&self.blueprint))
    }
}

impl FromStr for Hub {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::None);
        }
        let parts = text.split_once('/');
        let place = parts.and_then(|(account, region)| {
            Some(Place::new(AccountId::new(account)?, Region::new(region)?))
        });
        place.map(Self::In).ok_or_else(|| {
            "write it as ACCOUNT/REGION, such as 111122223333/us-east-1, or none".to_owned()
        })
    }
}

pub fn run(args: &InitArgs, global: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let path = args.out.as_ref().unwrap_or(&args.blueprint);
    let printed = is_standard_output(path);
    if !printed && path.exists() && !args.force {
        return Err(files::exists(path));
    }
    let asking = args.email.is_empty();
    let emails = each_once(if asking { ask::emails(io)? } else { args.email.clone() });
    let builtins = match args.builtin.as_slice() {
        [] if asking => ask::builtins(io)?,
        [] => known(&DEFAULT_BUILTINS.map(str::to_owned))?,
        some => known(some)?,
    };
    let regions = match asking && global.region.is_empty() {
        true => ask::regions(io, global)?,
        false => context::regions(global)?,
    };
    let accounts: Vec<AccountId> = match asking && global.account.is_empty() {
        true => ask::accounts(io, global)?,
        false => context::accounts(global)?,
    };
    // A single named account is the hub's; of several, the caller's own needs no role.
    let elsewhere = |hub: &Hub| matches!(hub, Hub::In(place) if !accounts.contains(&place.account));
    let caller = match accounts.len() {
        1 if !args.hub.as_ref().is_some_and(elsewhere) => None,
        _ => caller(global)?,
    };
    let arn = caller.as_ref().and_then(|caller| Arn::parse(&caller.arn));
    let mut answers = Starter {
        name: &args.name,
        emails: &emails,
        builtins: &builtins,
        regions: &regions,
        accounts: &accounts,
        own: caller.as_ref().map(|caller| &caller.account),
        partition: arn.and_then(|arn| Partition::named(arn.partition)).unwrap_or(Partition::Aws),
        raised: Raised::Usual,
    };
    let hub = match &args.hub {
        Some(hub) => hub.clone(),
        None if asking => ask::hub(io, &answers)?,
        None => Hub::Usual,
    };
    answers.raised = match &hub {
        Hub::Usual => Raised::Usual,
        Hub::None => Raised::Apart,
        Hub::In(place) => Raised::In(place),
    };
    let text = answers.text();
    let as_of = global.as_of(io);
    let loaded =
        ctguard_core::blueprint::load_text(&path.display().to_string(), &text, None, as_of);
    let Some(blueprint) = &loaded.blueprint else {
        super::context::say(&loaded.diagnostics, &loaded.sources, global, io);
        return Err(CommandError::usage(
            "these answers do not make a valid blueprint; nothing was written",
        ));
    };
    let alerts = ctguard_core::plural::count(blueprint.alerts.len(), "alert");
    let said = format!(
        "{alerts} for {}.\n{}{}{}",
        emails.join(", "),
        confirmations(blueprint, &answers, Again { enabled: enabled(global), printed }),
        costs(blueprint, as_of),
        unheard(&answers),
    );
    if printed {
        print(io, &text)?;
        if !global.quiet {
            let _ = write!(io.err, "{said}");
        }
        return Ok(Exit::Done);
    }
    files::create(path, &text, args.force, io)?;
    write_schema(path, io);
    let shown = next::quoted(&path.display().to_string());
    let next = format!("Next: ctguard validate {shown}, then ctguard plan {shown}\n");
    print(io, &format!("Wrote {shown}: {said}{next}"))?;
    Ok(Exit::Done)
}

/// Writes the schema that the blueprint's first line names, for editors. A file of that name that is
/// no schema of a blueprint is left alone: an editor without help is no reason to fail.
fn write_schema(blueprint: &Path, io: &mut Io<'_>) {
    let path = blueprint.with_file_name(SCHEMA_FILE);
    let failed = match input::text(&path, io) {
        Ok(text) if !text.contains(SCHEMA_ID) => "it is something else".to_owned(),
        Err(error) if error.kind() != ErrorKind::NotFound => error.to_string(),
        _ => {
            match files::written(&path, Readers::Usual, |out| out.write_all(BLUEPRINT.as_bytes())) {
                Ok(()) => return,
                Err(error) => error.to_string(),
            }
        }
    };
    let _ = writeln!(
        io.err,
        "note: editors find no schema: {} was not written ({failed})",
        path.display()
    );
}

/// Addresses, each once: SNS takes one in another case for the same.
fn each_once(given: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for one in given {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(&one)) {
            all.push(one);
        }
    }
    all
}

/// The built-in blueprints that were chosen, each once.
fn known(chosen: &[String]) -> Result<Vec<&'static str>, CommandError> {
    let mut found: Vec<&'static str> = Vec::new();
    for one in chosen {
        let Some(id) = builtin::ids().find(|id| id == one) else {
            let all: Vec<&str> = builtin::ids().collect();
            return Err(CommandError::usage(format!("there is no built-in blueprint `{one}`"))
                .hint(format!("There is {}.", all.join(", "))));
        };
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

/// What it will cost in a month: rules, and what is sent.
fn costs(blueprint: &Blueprint, as_of: Date) -> String {
    let rules = ctguard_core::offline::rules(blueprint, as_of).map_or(0, |rules| rules.len());
    let rules = ctguard_core::plural::count(rules, "rule");
    let place = if blueprint.hub.is_some() { "on the hub's bus" } else { "in each place at most" };
    let dollars = |alerts: u64| format!("${:.2}", after_allowances(blueprint, alerts).total);
    format!(
        "It makes {rules} {place}. Rules cost nothing; a month of 1,000 alerts by mail costs {}, one of 10,000 {}.\n",
        dollars(1_000),
        dollars(10_000)
    )
}

/// What the choice of regions leaves unheard.
fn unheard(answers: &Starter<'_>) -> String {
    let mut text = String::new();
    if answers.root_unheard() {
        text.push_str(&format!(
            "{ROOT_ALERT} is left out: root's sign-ins land in {ROOT_SIGN_IN_REGION} alone. Cover it, with --region {ROOT_SIGN_IN_REGION} beside the others, to hear of them.\n"
        ));
    }
    let others: Vec<String> = answers.unheard().into_iter().filter(|id| id != ROOT_ALERT).collect();
    if !others.is_empty() {
        text.push_str(&format!(
            "Left out, since their events land in regions that are not covered: {}.\n",
            others.join(", ")
        ));
    }
    text
}

/// What is known of running `init` again.
struct Again {
    /// How many regions the account has enabled, where that is known.
    enabled: Option<usize>,
    /// Nothing was written that has to be replaced.
    printed: bool,
}

/// What the choice between a hub and none costs.
fn confirmations(blueprint: &Blueprint, answers: &Starter<'_>, known: Again) -> String {
    let mut asked = Confirmations::of(blueprint);
    if let Some(enabled) = known.enabled.filter(|_| asked.enabled) {
        (asked.regions, asked.enabled) = (enabled, false);
    }
    let (apart, together) = (asked.apart(), asked.together());
    match &blueprint.hub {
        Some(hub) => format!(
            "All alerts are raised in {}/{}: {together} instead of {}.\n",
            hub.account,
            hub.region,
            apart.trim_end_matches(" confirmations").trim_end_matches(" confirmation"),
        ),
        None if asked.places() > 1 && hub_possible(blueprint) => {
            let usual = Starter { raised: Raised::Usual, ..*answers };
            let force = if known.printed { "" } else { " --force" };
            let again = match usual.hub() {
                Some((account, region)) => format!("--hub {account}/{region}{force}"),
                None => format!("--account ID{force}, where ID is the account of your credentials"),
            };
            format!(
                "Each place raises its own alerts: {apart}. With a hub it is {together}: run it again with {again}.\n"
            )
        }
        None if asked.places() > 1 => format!("Each place raises its own alerts: {apart}.\n"),
        None => String::new(),
    }
}

/// How many regions the caller's account has enabled, where nobody has to be asked: on a sandbox.
fn enabled(global: &GlobalOptions) -> Option<usize> {
    let state = context::sandbox(global.sandbox.as_ref()?).ok()?.state();
    let account = state.accounts.get(&state.caller.account)?;
    Some(account.global.enabled_regions.len())
}

/// Whether events can be sent from one region to another at all.
fn hub_possible(blueprint: &Blueprint) -> bool {
    blueprint.first_region().is_none_or(|region| region.partition() != Partition::AwsCn)
}

/// The account of the credentials in use, if AWS answers soon.
fn caller(global: &GlobalOptions) -> Result<Option<Caller>, CommandError> {
    if let Some(recorded) = &global.recorded {
        return Ok(context::block_on(recorded.caller())?.ok());
    }
    if let Some(path) = &global.sandbox {
        let Ok(sandbox) = context::sandbox(path) else { return Ok(None) };
        return Ok(context::block_on(sandbox.caller())?.ok());
    }
    live::caller(global)
}
