mod queue;

use super::{GlobalOptions, Io, completions, context, help, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::delivery;
use crate::report::screen::{plain, shown_but};
use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use ctguard_core::catalogue::nearest;
use ctguard_core::catalogue::{self, CatalogueEvent};
use ctguard_core::cloud::veiled::Veil;
use ctguard_core::event::sample::{Identity, Sample, sample_event};
use ctguard_core::event::{Access, EventKind};
use ctguard_core::offline::Given;
use ctguard_core::plural::count;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::faults::{Aim, Fault};
use ctguard_sandbox::fresh;
use ctguard_sandbox::fresh::AccountKind;
use ctguard_sandbox::people::{ConfirmFilter, Subscribed};
use ctguard_sandbox::{Sandbox, SandboxError, State};
use eventbridge_pattern::archive::{Flow, Item, Reader, What};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Play with accounts in a file: make, break, confirm, send events.
///
/// The file is named by --sandbox. Every other verb works on it too. Where there are several
/// accounts, --account and --region choose among them.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    #[command(subcommand)]
    verb: SandboxVerb,
}

#[derive(Debug, Subcommand)]
enum SandboxVerb {
    New(NewArgs),
    Send(SendArgs),
    Confirm(ConfirmArgs),
    Break(BreakArgs),
    Queue(queue::QueueArgs),
    Purge(queue::PurgeArgs),
    #[command(alias = "lapse")]
    Advance(AdvanceArgs),
}

/// Create an account in a new file, or one for each --account; the first is the caller's.
#[derive(Debug, Args)]
struct NewArgs {
    /// Put the accounts into an organization, managed by the first
    #[arg(long)]
    organization: bool,
    /// Leave it empty: no trail, so no event reaches any rule
    #[arg(long)]
    bare: bool,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

/// Send an event, and show where it goes and what each subscriber reads.
#[derive(Debug, Args)]
struct SendArgs {
    /// The event: `service:Name`, or a file with events or CloudTrail records, each of which is sent;
    /// `-` is standard input
    #[arg(value_name = "EVENT", add = ArgValueCompleter::new(completions::events_and_files))]
    event: String,
    /// The account's root user did it
    #[arg(long, conflicts_with = "role")]
    root: bool,
    /// As what it is recorded, where the catalogue knows several: `api`, `service`, ...
    #[arg(long, add = ArgValueCompleter::new(completions::kinds))]
    kind: Option<String>,
    /// A session of this role did it, instead of an IAM user
    #[arg(long)]
    role: Option<String>,
    /// The call is made, too: of cloudtrail:StopLogging and DeleteTrail, and of events:DisableRule,
    /// DeleteRule and RemoveTargets
    #[arg(long)]
    made: bool,
    /// Merge this JSON object into the event's `detail`
    #[arg(long, value_name = "JSON")]
    detail: Option<String>,
}

/// Let subscribers confirm, as people do from their mailbox.
#[derive(Debug, Args)]
struct ConfirmArgs {
    /// Only endpoints that contain this; `chat` for the chat service
    #[arg(value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// Only this topic
    #[arg(long)]
    topic: Option<String>,
}

/// Break something, as people and attackers do.
#[derive(Debug, Args)]
#[command(after_help = faults())]
struct BreakArgs {
    /// What to do; the list is below
    #[arg(value_parser = fault, add = ArgValueCompleter::new(completions::faults))]
    fault: Fault,
    /// The object's name or its last words; otherwise the first that ctguard owns
    #[arg(add = ArgValueCompleter::new(completions::objects))]
    name: Option<String>,
}

/// Advance the clock by 48 hours: unconfirmed subscriptions expire, and old messages of queues.
#[derive(Debug, Args)]
struct AdvanceArgs {}

pub fn run(
    args: &SandboxArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let Some(path) = &global.sandbox else {
        return Err(CommandError::usage("no sandbox file is named").hint("Add --sandbox FILE."));
    };
    match &args.verb {
        SandboxVerb::New(args) => new(path, args, global, io),
        SandboxVerb::Send(args) => send(&context::sandbox(path)?, args, global, io),
        SandboxVerb::Confirm(args) => confirm(&context::sandbox(path)?, args, global, io),
        SandboxVerb::Break(args) => break_it(&context::sandbox(path)?, args, global, io),
        SandboxVerb::Queue(args) => queue::make(&context::sandbox(path)?, args, global, io),
        SandboxVerb::Purge(args) => queue::purge(&context::sandbox(path)?, args, global, io),
        SandboxVerb::Advance(_) => advance(&context::sandbox(path)?, global, io),
    }
}

fn new(
    path: &Path,
    args: &NewArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let mut accounts = accounts(global)?;
    if accounts.is_empty() {
        accounts.extend(AccountId::new(fresh::DEFAULT_ACCOUNT));
    }
    let Some((account, others)) = accounts.split_first() else { return Ok(Exit::Usage) };
    if path.exists() && !args.force {
        let hint = match context::no_sandbox(path) {
            Some(what) => format!("{what}: name another file. --force would destroy it."),
            None => "Name another file, or replace it with --force.".to_owned(),
        };
        return Err(CommandError::refused(format!("{} exists", path.display())).hint(hint));
    }
    let mut regions = context::regions(global)?;
    if regions.is_empty() {
        regions = fresh::DEFAULT_REGIONS.iter().filter_map(|name| Region::new(name)).collect();
    }
    let kind = if args.bare { AccountKind::Bare } else { AccountKind::WithTrail };
    let mut state = fresh::new_accounts(kind, account, others, &regions);
    if args.organization {
        fresh::organize(&mut state);
    }
    let made =
        if args.force { Sandbox::replace(path, state) } else { Sandbox::create(path, state) };
    made.map_err(failed)?;
    let names: Vec<&str> = regions.iter().map(Region::as_str).collect();
    let mut said = match others {
        [] => {
            let trail = if args.bare { "no trail" } else { "a trail that is logging" };
            format!("Account {account} with {trail}")
        }
        _ => {
            let trail = if args.bare { "no trail" } else { "a trail each that is logging" };
            let ids: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
            format!("Accounts {} with {trail}", ids.join(", "))
        }
    };
    if args.organization {
        said.push_str(&format!(", in organization {} of {account}", fresh::ORGANIZATION));
    }
    print(io, &format!("{said}, in {}: {}\n", names.join(", "), path.display()))?;
    Ok(Exit::Done)
}

/// The accounts that are named, each once, in the order given.
fn accounts(global: &GlobalOptions) -> Result<Vec<AccountId>, CommandError> {
    let mut accounts = Vec::new();
    for text in &global.account {
        let account = AccountId::new(text).ok_or_else(|| {
            CommandError::usage(format!("--account: `{text}` is not a 12-digit account id"))
        })?;
        if !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    Ok(accounts)
}

/// The selected account: the first that is named, if any. It must exist.
fn account(state: &State, global: &GlobalOptions) -> Result<Option<AccountId>, CommandError> {
    let Some(account) = accounts(global)?.into_iter().next() else { return Ok(None) };
    if state.accounts.contains_key(&account) {
        return Ok(Some(account));
    }
    let there: Vec<&str> = state.accounts.keys().map(AccountId::as_str).collect();
    Err(CommandError::usage(format!("account {account} is not in this sandbox"))
        .hint(format!("There are {}.", there.join(", "))))
}

fn send(
    sandbox: &Sandbox,
    args: &SendArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let path = PathBuf::from(&args.event);
    let events = match path.is_file() || args.event == "-" {
        true => events_of(&path, io)?,
        false => vec![sample(sandbox, args, global)?],
    };
    let mut deliveries = Vec::new();
    for event in &events {
        let delivery = match args.made {
            true => sandbox.send_made(event).map_err(failed)?.ok_or_else(|| {
                CommandError::usage("--made: this stops or deletes no trail that is at home there, and changes no rule")
                    .hint("It is for cloudtrail:StopLogging and DeleteTrail, and for events:DisableRule, DeleteRule and RemoveTargets; `--detail '{\"requestParameters\":{\"name\":…}}'` names one of several.")
            })?,
            false => sandbox.send(event).map_err(failed)?,
        };
        deliveries.push(delivery);
    }
    let veil = veil(sandbox);
    match (is_json(global), deliveries.as_slice()) {
        (true, [delivery]) => print_json(io, &seen(&veil, delivery)?)?,
        (true, deliveries) => print_json(io, &seen(&veil, &deliveries)?)?,
        (false, deliveries) => {
            let paint = global.paint_out(io);
            let texts: Vec<String> = deliveries
                .iter()
                .map(|one| delivery::render(&shown_but(one, &["text"]), paint))
                .collect();
            print(io, &veil.hide(&texts.join("\n")))?;
        }
    }
    Ok(Exit::Done)
}

/// What came from secrets when it was subscribed.
fn veil(sandbox: &Sandbox) -> Veil {
    Veil::of_addresses(&sandbox.state().from_secrets)
}

/// A value without what came from secrets.
fn seen(veil: &Veil, value: &impl serde::Serialize) -> Result<Value, CommandError> {
    let value = serde_json::to_value(value);
    let text = value.map(|value| veil.hide(&value.to_string()).into_owned());
    text.and_then(|text| serde_json::from_str(&text))
        .map_err(|error| CommandError::new(format!("the result is no JSON: {error}")))
}

/// The events in a file, in order; those of CloudTrail's records as EventBridge makes them. All of the file must be read.
fn events_of(path: &Path, io: &mut Io<'_>) -> Result<Vec<Value>, CommandError> {
    let mut events = Vec::new();
    let refused = |item: &Item<'_>, why: &dyn std::fmt::Display| {
        let (number, line) = (item.number, item.line());
        format!("{}: event {number} (line {line}): {why}", path.display())
    };
    let mut problem = None;
    let mut visit = |item: Item<'_>| {
        let given = match &item.what {
            What::Record(text) | What::Row(text, _) | What::Event(text) => Given::parse(text),
            What::PassedOver(_) => return Flow::Continue(()),
            What::Unread(why) => Err(why.clone()),
        };
        problem = match given {
            Ok(Given { facts: Err(why), .. }) => Some(refused(&item, &why)),
            Ok(given) => {
                events.push(given.event);
                return Flow::Continue(());
            }
            Err(why) => Some(refused(&item, &why)),
        };
        Flow::Break(())
    };
    let read = match path.as_os_str() == "-" {
        true => Ok(Reader::default().stream(&mut &mut *io.input, &mut visit)),
        false => Reader::default().file(path, &mut visit),
    };
    read.map_err(|error| CommandError::io(format!("cannot read {}", path.display()), &error))?;
    match problem {
        Some(problem) => Err(CommandError::usage(problem)),
        None if events.is_empty() => {
            Err(CommandError::usage(format!("{} holds no event", path.display())))
        }
        None => Ok(events),
    }
}

/// A sample of an event that the catalogue knows.
fn sample(
    sandbox: &Sandbox,
    args: &SendArgs,
    global: &GlobalOptions,
) -> Result<Value, CommandError> {
    let known = match args.event.split_once(':') {
        Some((service, name)) => {
            catalogue::find(&format!("{service}.amazonaws.com"), name).into_iter().collect()
        }
        None => catalogue::sources_of(&args.event),
    };
    let event = match known.as_slice() {
        [event] => event,
        [] => {
            let mut error = CommandError::usage(format!(
                "`{}` is neither a file nor an event that the catalogue knows",
                args.event
            ));
            let (service, name) = args.event.split_once(':').unwrap_or(("", &args.event));
            let source = (!service.is_empty()).then(|| format!("{service}.amazonaws.com"));
            let near = catalogue::suggest(name, source.as_deref());
            if !near.is_empty() {
                error = error.hint(format!("Did you mean {}?", near.join(" or ")));
            }
            return Err(error);
        }
        several => {
            let names: Vec<String> = several.iter().map(|event| event.short()).collect();
            return Err(CommandError::usage(format!(
                "several services have an event `{}`: {}",
                args.event,
                names.join(", ")
            )));
        }
    };
    let state = sandbox.state();
    let account = account(&state, global)?.unwrap_or_else(|| state.caller.account.clone());
    let enabled = state.accounts.get(&account).map(|account| &account.global.enabled_regions);
    let places: Vec<Place> = enabled
        .into_iter()
        .flatten()
        .map(|region| Place::new(account.clone(), region.clone()))
        .collect();
    let wanted = context::regions(global)?;
    let place = places
        .iter()
        .find(|place| {
            // A trail is stopped at its home, a rule where it is.
            let here = state.region(place);
            let made = match event.source {
                _ if !args.made => true,
                "events.amazonaws.com" => here.rules.keys().any(|name| !name.contains("-heal.")),
                _ => !here.trails.is_empty(),
            };
            made && if wanted.is_empty() {
                event.landing.lands_in(&place.region)
            } else {
                wanted.contains(&place.region)
            }
        })
        .ok_or_else(|| {
            CommandError::usage(format!("{} lands in no region of this sandbox", event.short()))
        })?;
    let detail = match &args.detail {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| CommandError::usage(format!("--detail is not JSON: {error}")))?,
        None => Value::Null,
    };
    let identity = match (&args.role, args.root) {
        (Some(role), _) => Identity::Role(role.clone()),
        (None, true) => Identity::Root,
        (None, false) => Identity::User("mallory".to_owned()),
    };
    Ok(sample_event(&Sample {
        source: event.source.to_owned(),
        name: event.name.to_owned(),
        kind: kind_sent(event, args.kind.as_deref())?,
        access: event.accesses().last().copied().unwrap_or(Access::Write),
        place: place.clone(),
        identity,
        time: state.clock,
        detail,
    }))
}

/// The kind of the sample: the one that is asked for, or the first that the catalogue knows.
fn kind_sent(event: &CatalogueEvent, asked: Option<&str>) -> Result<EventKind, CommandError> {
    let known: Vec<&str> = event.kinds().map(EventKind::as_str).collect();
    let Some(asked) = asked else {
        return Ok(event.kinds().next().unwrap_or(EventKind::Api));
    };
    EventKind::ALL.into_iter().find(|kind| kind.as_str() == asked).ok_or_else(|| {
        let short = event.short();
        CommandError::usage(format!(
            "`{asked}` is not a kind of event; {short} is {}",
            known.join(", ")
        ))
    })
}

fn confirm(
    sandbox: &Sandbox,
    args: &ConfirmArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let filter = ConfirmFilter {
        account: account(&sandbox.state(), global)?,
        region: context::regions(global)?.into_iter().next(),
        topic: args.topic.clone(),
        endpoint: args.endpoint.clone(),
    };
    let confirmed = sandbox.confirm(&filter).map_err(failed)?;
    listed(sandbox, io, global, &confirmed, "confirmed")
}

fn advance(
    sandbox: &Sandbox,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let gone = sandbox.advance().map_err(failed)?;
    listed(sandbox, io, global, &gone, "expired")
}

fn listed(
    sandbox: &Sandbox,
    io: &mut Io<'_>,
    global: &GlobalOptions,
    subscriptions: &[Subscribed],
    verb: &str,
) -> Result<Exit, CommandError> {
    if is_json(global) {
        print_json(io, &seen(&veil(sandbox), &subscriptions)?)?;
        return Ok(Exit::Done);
    }
    let mut text = format!("{} {verb}.\n", count(subscriptions.len(), "subscription"));
    for subscription in subscriptions {
        let said = format!("{} ← {}", subscription.topic, subscription.endpoint);
        text.push_str(&format!("  {}\n", plain(&said)));
    }
    print(io, &veil(sandbox).hide(&text))?;
    Ok(Exit::Done)
}

fn break_it(
    sandbox: &Sandbox,
    args: &BreakArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let aim = Aim {
        account: account(&sandbox.state(), global)?,
        region: context::regions(global)?.into_iter().next(),
        name: args.name.clone(),
    };
    let done = sandbox.inflict(args.fault, &aim).map_err(failed)?;
    print(io, &veil(sandbox).hide(&format!("{done}\n")))?;
    Ok(Exit::Done)
}

fn fault(text: &str) -> Result<Fault, String> {
    Fault::parse(text).ok_or_else(|| {
        match nearest(text, Fault::ALL.iter().map(|fault| fault.as_str())).first() {
            Some(meant) => format!("it is no fault; did you mean `{meant}`?"),
            None => "it is none of the faults that `ctguard sandbox break --help` lists".to_owned(),
        }
    })
}

fn faults() -> String {
    let rows = Fault::ALL.iter().map(|fault| (fault.as_str(), fault.about()));
    format!("What can be broken:\n{}", help::table(&rows.collect::<Vec<_>>()))
}

fn failed(error: SandboxError) -> CommandError {
    CommandError::new(error.to_string())
}
