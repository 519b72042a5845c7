//! The sandbox's file: validated when read, replaced atomically when written.

use super::state::{FORMAT_VERSION, State, StoredSubscription};
use super::{buckets, buses, events, machines, queues, roles, topics, trails};
use ctguard_core::scope::{Place, Region};
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Errors of a sandbox other than AWS's refusals.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the sandbox file {} cannot be read: {cause}", path.display())]
    Read { path: PathBuf, cause: io::Error },
    #[error("{} is not a sandbox file: {message}", path.display())]
    Garbled { path: PathBuf, message: String },
    #[error("the sandbox file {} has format version {found}, and this program knows version {FORMAT_VERSION}", path.display())]
    Version { path: PathBuf, found: String },
    #[error("the sandbox file {} exists already", path.display())]
    Exists { path: PathBuf },
    #[error("the sandbox file {} cannot be written: {cause}", path.display())]
    Write { path: PathBuf, cause: io::Error },
    /// There is no object of that kind or name; lists the existing ones.
    #[error("{0}")]
    NothingThere(String),
    /// AWS would refuse it.
    #[error("AWS would refuse it: {code}: {message}")]
    Refused { code: &'static str, message: String },
}

/// Reads a file; returns the path to write later, with symbolic links resolved.
pub(super) fn load(path: &Path) -> Result<(PathBuf, State), SandboxError> {
    let unread = |cause| SandboxError::Read { path: path.to_owned(), cause };
    let text = fs::read_to_string(path).map_err(unread)?;
    let resolved = path.canonicalize().map_err(unread)?;
    let garbled = |message: String| SandboxError::Garbled { path: path.to_owned(), message };
    let value: Value = serde_json::from_str(&text).map_err(|error| garbled(error.to_string()))?;
    let version = value.get("format_version");
    match version {
        None => return Err(garbled("it has no format_version".to_owned())),
        Some(found) if found.as_u64() != Some(FORMAT_VERSION.into()) => {
            return Err(SandboxError::Version { path: path.to_owned(), found: found.to_string() });
        }
        Some(_) => {}
    }
    // Read again from the text: this way an error names the line as well as the field.
    let mut reader = serde_json::Deserializer::from_str(&text);
    let state: State = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| garbled(format!("{}: {}", error.path(), error.inner())))?;
    check(&state).map_err(garbled)?;
    // What was being deleted is gone by now.
    let mut state = state;
    machines::end_deletions(&mut state);
    Ok((resolved, state))
}

/// Writes a new file.
pub(super) fn create(path: &Path, state: &State) -> Result<PathBuf, SandboxError> {
    if path.exists() {
        return Err(SandboxError::Exists { path: path.to_owned() });
    }
    replace(path, state)
}

/// Writes or replaces a file; returns the path to write later.
pub(super) fn replace(path: &Path, state: &State) -> Result<PathBuf, SandboxError> {
    save(path, state)?;
    path.canonicalize().map_err(|cause| SandboxError::Read { path: path.to_owned(), cause })
}

/// Replaces the file in one step, so that a reader sees the old state or the new one.
pub(super) fn save(path: &Path, state: &State) -> Result<(), SandboxError> {
    let write = || -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(pretty(state)?.as_bytes())?;
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    write().map_err(|cause| SandboxError::Write { path: path.to_owned(), cause })
}

fn pretty(state: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(state)? + "\n")
}

/// Finds states that no account can have. Dangling references, such as a trail whose bucket is
/// gone, are possible.
fn check(state: &State) -> Result<(), String> {
    if !state.has_account(&state.caller.account) {
        return Err(format!(
            "the caller's account {} is not among the accounts",
            state.caller.account
        ));
    }
    for account in state.accounts.values() {
        let buckets = account.global.buckets.keys();
        named("bucket", buckets, buckets::is_bucket_name)?;
        named("role", account.global.roles.keys(), roles::is_role_name)?;
    }
    organization(state)?;
    for place in state.places() {
        if place.region == Region::global() || !state.is_enabled(&place) {
            return Err(format!("{place} is not among the enabled regions"));
        }
        let here = state.region(&place);
        let within = |why: String| format!("{place}: {why}");
        named("rule", here.rules.keys(), events::is_rule_name).map_err(within)?;
        named("event bus", here.buses.keys(), buses::is_bus_name).map_err(within)?;
        for bus in here.buses.values() {
            named("rule", bus.rules.keys(), events::is_rule_name).map_err(within)?;
        }
        named("state machine", here.machines.keys(), machines::is_machine_name).map_err(within)?;
        named("topic", here.topics.keys(), topics::is_topic_name).map_err(within)?;
        named("queue", here.queues.keys(), queues::is_queue_name).map_err(within)?;
        named("trail", here.trails.keys(), trails::is_trail_name).map_err(within)?;
        subscriptions(state, &place).map_err(within)?;
    }
    Ok(())
}

fn organization(state: &State) -> Result<(), String> {
    let Some(organization) = &state.organization else { return Ok(()) };
    let id = &organization.id;
    if !organization.members.contains_key(&organization.management) {
        return Err(format!(
            "the management account of organization {id} is not among its members"
        ));
    }
    let units = organization.units.values().map(|unit| &unit.parent);
    let members = organization.members.values().map(|member| &member.unit);
    match units.chain(members).find(|unit| organization.line(unit).is_none()) {
        Some(unit) => Err(format!("`{unit}` is not a unit below the root of organization {id}")),
        None => Ok(()),
    }
}

fn named<'a>(
    kind: &str,
    names: impl Iterator<Item = &'a String>,
    good: fn(&str) -> bool,
) -> Result<(), String> {
    match names.into_iter().find(|name| !good(name)) {
        Some(name) => Err(format!("`{name}` is not a {kind} name")),
        None => Ok(()),
    }
}

fn subscriptions(state: &State, place: &Place) -> Result<(), String> {
    for (name, topic) in &state.region(place).topics {
        let begin = format!("{}:", place.arn("sns", name));
        for (endpoint, subscription) in &topic.subscriptions {
            if let StoredSubscription::Confirmed { arn, .. } = subscription
                && !arn.starts_with(&begin)
            {
                return Err(format!(
                    "topic {name}: {endpoint}: `{arn}` is not the ARN of a subscription to it"
                ));
            }
        }
    }
    Ok(())
}
