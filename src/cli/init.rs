use super::{GlobalOptions, Io, context, print};
use crate::error::{CommandError, Exit};
use clap::Args;
use ctguard_aws::{Aws, Options};
use ctguard_core::blueprint::{Blueprint, Confirmations, ROOT_ALERT, Starter};
use ctguard_core::cloud::{Cloud, CloudError};
use ctguard_core::event::ROOT_SIGN_IN_REGION;
use ctguard_core::scope::{AccountId, Arn, Partition};
use ctguard_core::snapshot::Caller;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for the caller's identity; the blueprint can be written without it.
const CALLER_WITHIN: Duration = Duration::from_secs(5);

/// Where the SDK finds credentials without asking the network.
const CREDENTIALS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Write a commented blueprint to start from.
///
/// With --region it covers those regions, with --account those accounts. Where there is more than
/// one place, all alerts are raised in a hub in the account of the credentials in use, or else in
/// the first account that is named.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where to write it
    #[arg(value_name = "BLUEPRINT", default_value = "ctguard.yaml", env = "CTGUARD_BLUEPRINT")]
    blueprint: PathBuf,
    /// Who should receive the alerts; asked for when left out
    #[arg(long, env = "CTGUARD_EMAIL")]
    email: Option<String>,
    /// The blueprint's name: prefixes and tags everything that it owns
    #[arg(long, default_value = "main", env = "CTGUARD_NAME")]
    name: String,
    /// Replace a file that is there
    #[arg(long, env = "CTGUARD_FORCE", value_parser = clap::builder::FalseyValueParser::new())]
    force: bool,
}

pub fn run(args: &InitArgs, global: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let path = &args.blueprint;
    let email = match &args.email {
        Some(email) => email.clone(),
        None => ask(io)?,
    };
    let regions = context::regions(global)?;
    let accounts: Vec<AccountId> = context::accounts(global)?;
    // A single named account is the hub's; of several, the caller's own needs no role.
    let caller = match accounts.len() {
        1 => None,
        _ => caller(global)?,
    };
    let arn = caller.as_ref().and_then(|caller| Arn::parse(&caller.arn));
    let answers = Starter {
        name: &args.name,
        email: &email,
        regions: &regions,
        accounts: &accounts,
        own: caller.as_ref().map(|caller| &caller.account),
        partition: arn.and_then(|arn| Partition::named(arn.partition)).unwrap_or(Partition::Aws),
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
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CommandError::refused(format!("{} exists", path.display()))
                .hint("Name another file, or replace it with --force.")
        }
        _ => CommandError::io(format!("cannot write {}", path.display()), &error),
    })?;
    file.write_all(text.as_bytes())
        .map_err(|error| CommandError::io(format!("cannot write {}", path.display()), &error))?;
    let shown = path.display();
    print(
        io,
        &format!(
            "Wrote {shown}: {} that alert {email}.\n{}{}Next: ctguard validate {shown}, then ctguard plan {shown}\n",
            ctguard_core::plural::count(blueprint.alerts.len(), "alert"),
            confirmations(blueprint),
            root(&answers),
        ),
    )?;
    Ok(Exit::Done)
}

/// What the choice of regions leaves unheard.
fn root(answers: &Starter<'_>) -> String {
    match answers.root_unheard() {
        true => format!(
            "{} is left out: root's sign-ins land in {ROOT_SIGN_IN_REGION} alone. Cover it, with --region {ROOT_SIGN_IN_REGION} beside the others, to hear of them.\n",
            ROOT_ALERT
        ),
        false => String::new(),
    }
}

/// What the choice between a hub and none costs.
fn confirmations(blueprint: &Blueprint) -> String {
    let asked = Confirmations::of(blueprint);
    let (apart, together) = (asked.apart(), asked.together());
    match &blueprint.hub {
        Some(hub) => format!(
            "All alerts are raised in {}/{}: {together} instead of {}.\n",
            hub.account,
            hub.region,
            apart.trim_end_matches(" confirmations"),
        ),
        None if asked.places() > 1 && hub_possible(blueprint) => format!(
            "Each place raises its own alerts: {apart}. With a hub it is {together}: run it again with --account ID, the account of your credentials.\n"
        ),
        None if asked.places() > 1 => format!("Each place raises its own alerts: {apart}.\n"),
        None => String::new(),
    }
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
    if global.profile.is_none() && !has_credentials() {
        return Ok(None);
    }
    let options = Options {
        profile: global.profile.clone(),
        region: context::regions(global)?.into_iter().next(),
        ..Options::default()
    };
    // A setting that cannot be used is an error here, too; credentials that do not work are none.
    let asked =
        async move { Ok::<_, CloudError>(Aws::connect(options).await?.caller().await.ok()) };
    // Runs inside the runtime, where there is a timer.
    let answer = context::block_on(async { tokio::time::timeout(CALLER_WITHIN, asked).await })?;
    Ok(answer.ok().transpose()?.flatten())
}

fn has_credentials() -> bool {
    let there = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let file = |home: &Path| {
        ["credentials", "config"].iter().any(|name| home.join(".aws").join(name).is_file())
    };
    CREDENTIALS.iter().any(|name| there(name))
        || std::env::var_os("HOME").is_some_and(|home| file(Path::new(&home)))
}

fn ask(io: &mut Io<'_>) -> Result<String, CommandError> {
    if !io.interactive {
        return Err(CommandError::usage("no e-mail address is given for the alerts")
            .hint("Add --email ADDRESS."));
    }
    let _ = write!(io.err, "Which e-mail address should receive the alerts? ");
    let _ = io.err.flush();
    let mut answer = String::new();
    io.input
        .read_line(&mut answer)
        .map_err(|error| CommandError::io("cannot read the answer", &error))?;
    match answer.trim() {
        "" => Err(CommandError::usage("no address was given; nothing was written")),
        address => Ok(address.to_owned()),
    }
}
