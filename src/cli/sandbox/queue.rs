//! `sandbox queue` and `sandbox purge`: what the owner of a queue does.

use super::super::{GlobalOptions, Io, context, print};
use super::{account, failed};
use crate::error::{CommandError, Exit};
use crate::report::screen::plain;
use clap::Args;
use ctguard_core::plural::count;
use ctguard_core::scope::{AccountId, Arn, Place, Region};
use ctguard_sandbox::faults::Aim;
use ctguard_sandbox::people::QueueMade;
use ctguard_sandbox::{Sandbox, SandboxError, State};

/// Make an SQS queue that SNS may send to, or let SNS send to one that is there.
///
/// The policy is the one that `verify` asks for: it allows SNS `sqs:SendMessage` for the topics that
/// are named, or else for every topic of the queue's account.
#[derive(Debug, Args)]
pub(super) struct QueueArgs {
    /// Its ARN; or its name, in --account and --region
    #[arg(value_name = "QUEUE")]
    queue: String,
    /// Only this topic may send, by its ARN; can be repeated
    #[arg(long, value_name = "ARN")]
    topic: Vec<String>,
}

/// Purge a queue: its messages are gone, as after PurgeQueue.
///
/// SQS does so at most once in 60 seconds; the sandbox's clock moves by `ctguard sandbox advance`.
#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    /// Its ARN, its name or its last words; otherwise the first that holds messages
    #[arg(value_name = "QUEUE")]
    queue: Option<String>,
}

pub(super) fn make(
    sandbox: &Sandbox,
    args: &QueueArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let state = sandbox.state();
    let (place, name) = match located(&args.queue, "sqs")? {
        Some(place_and_name) => place_and_name,
        None => (place_of(&state, &args.queue, global)?, args.queue.clone()),
    };
    let enabled = state.accounts.get(&place.account).map(|account| &account.global.enabled_regions);
    if !enabled.is_some_and(|regions| regions.contains(&place.region)) {
        let there: Vec<String> = state.places().iter().map(ToString::to_string).collect();
        return Err(CommandError::usage(format!("{place} is not in this sandbox"))
            .hint(format!("There are {}.", there.join(", "))));
    }
    for topic in &args.topic {
        if located(topic, "sns")?.is_none() {
            return Err(CommandError::usage(format!("--topic: `{topic}` is not a topic's ARN"))
                .hint("Write `arn:aws:sns:REGION:ACCOUNT:TOPIC`, as `verify` shows it."));
        }
    }
    let made = sandbox.make_queue(&place, &name, &args.topic).map_err(failed)?;
    let who = match args.topic.as_slice() {
        [] => format!("every topic of account {}", place.account),
        topics => topics.join(", "),
    };
    let said = match made {
        QueueMade::Made => format!("Made queue {name} ({place}): {who} may send to it."),
        QueueMade::Allowed => format!("Queue {name} ({place}) was there: {who} may send to it."),
    };
    print(io, &format!("{}\n", plain(&said)))?;
    Ok(Exit::Done)
}

pub(super) fn purge(
    sandbox: &Sandbox,
    args: &PurgeArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let located = args.queue.as_deref().map(|queue| located(queue, "sqs")).transpose()?.flatten();
    let aim = match located {
        Some((place, name)) => {
            Aim { account: Some(place.account), region: Some(place.region), name: Some(name) }
        }
        None => Aim {
            account: account(&sandbox.state(), global)?,
            region: context::regions(global)?.into_iter().next(),
            name: args.queue.clone(),
        },
    };
    let (place, name, gone) = sandbox.purge(&aim).map_err(|error| match error {
        SandboxError::Refused { .. } => {
            failed(error).hint("`ctguard sandbox advance` moves the clock.")
        }
        other => failed(other),
    })?;
    let messages = count(usize::try_from(gone).unwrap_or(usize::MAX), "message");
    let are = if gone == 1 { "is" } else { "are" };
    let said = format!("Purged queue {name} ({place}): {messages} {are} gone.");
    print(io, &format!("{}\n", plain(&said)))?;
    Ok(Exit::Done)
}

/// Where the object of an ARN is, and its name; none of what is no ARN.
fn located(text: &str, service: &str) -> Result<Option<(Place, String)>, CommandError> {
    if !text.starts_with("arn:") {
        return Ok(None);
    }
    let wrong = || {
        CommandError::usage(format!("`{text}` is not the ARN that is asked for"))
            .hint(format!("Write `arn:aws:{service}:REGION:ACCOUNT:NAME`."))
    };
    let parts = Arn::parse(text).filter(|parts| parts.service == service).ok_or_else(wrong)?;
    let account = AccountId::new(parts.account).ok_or_else(wrong)?;
    let region = Region::new(parts.region).ok_or_else(wrong)?;
    Ok(Some((Place::new(account, region), parts.resource.to_owned())))
}

/// The place that --account and --region choose, where no choice is left.
fn place_of(state: &State, name: &str, global: &GlobalOptions) -> Result<Place, CommandError> {
    let account = account(state, global)?.unwrap_or_else(|| state.caller.account.clone());
    let mut regions = context::regions(global)?;
    if regions.is_empty() {
        let enabled = state.accounts.get(&account).map(|one| &one.global.enabled_regions);
        regions.extend(enabled.into_iter().flatten().cloned());
    }
    match regions.as_slice() {
        [region] => Ok(Place::new(account, region.clone())),
        several => {
            let names: Vec<&str> = several.iter().map(Region::as_str).collect();
            let ask = format!("Name it by its ARN, or add --region: {}.", names.join(", "));
            Err(CommandError::usage(format!("`{name}` is to be in one region")).hint(ask))
        }
    }
}
