//! The snapshot file: JSON lines, so that it is written and read a line at a time.
//!
//! ```text
//! {"ctguard_snapshot":1,"blueprint":"acme","caller":{…},"as_of":"2026-11-22","accounts":[…],"regions":[…],"places":2}
//! {"organization":{"reads":{…},"seen":{…}}}
//! {"account":{"reads":{…},"seen":{…}}}
//! {"place":{"reads":{…},"seen":{…}}}
//! {"place":{"reads":{…},"seen":{…}}}
//! ```
//!
//! The organization comes first, where accounts were discovered; then accounts, then places, both in the order of their addresses: the same survey makes the same
//! bytes. `reads` says what was asked, so that a file is never taken to know what it was not asked for.
//! The header counts the lines, so that a file that was cut short is told from a small one.

use super::{AccountSnapshot, Caller, Observed, Organization, PlaceSnapshot};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{AccountReads, OrganizationReads, ReadSet};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Write};

/// The version of the file's format that this program reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// Everything that one survey read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The name of the blueprint that it was read for.
    pub blueprint: String,
    pub caller: Caller,
    pub as_of: Date,
    /// Only where accounts were discovered.
    pub organization: Option<OrganizationRecord>,
    pub accounts: BTreeMap<AccountId, AccountRecord>,
    pub places: BTreeMap<Place, PlaceRecord>,
}

/// What was asked of the organization and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationRecord {
    pub reads: OrganizationReads,
    pub seen: Observed<Organization>,
}

/// What was asked of an account and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRecord {
    pub reads: AccountReads,
    pub seen: AccountSnapshot,
}

/// What was asked of a place and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceRecord {
    pub reads: ReadSet,
    pub seen: PlaceSnapshot,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    ctguard_snapshot: u32,
    blueprint: String,
    caller: Caller,
    as_of: String,
    accounts: Vec<AccountId>,
    regions: Vec<Region>,
    places: usize,
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<O, A, P> {
    Organization(O),
    Account(A),
    Place(P),
}

/// Why a file is not taken for a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it is not a snapshot: {0}")]
    NotASnapshot(String),
    #[error("it has format version {0}, and this program knows version {FORMAT_VERSION}")]
    Version(String),
    #[error("line {line}: {message}")]
    Line { line: usize, message: String },
    #[error(
        "it holds {found} of {promised} {what}: it was cut short, or put together from several"
    )]
    Incomplete { what: &'static str, found: usize, promised: usize },
}

impl Recording {
    /// Writes the file.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let regions: BTreeSet<&Region> = self.places.keys().map(|place| &place.region).collect();
        let header = Header {
            ctguard_snapshot: FORMAT_VERSION,
            blueprint: self.blueprint.clone(),
            caller: self.caller.clone(),
            as_of: self.as_of.to_string(),
            accounts: self.accounts.keys().cloned().collect(),
            regions: regions.into_iter().cloned().collect(),
            places: self.places.len(),
        };
        write_line(out, &header)?;
        if let Some(organization) = &self.organization {
            write_line(out, &Line::<_, (), ()>::Organization(organization))?;
        }
        for account in self.accounts.values() {
            write_line(out, &Line::<(), _, ()>::Account(account))?;
        }
        for place in self.places.values() {
            write_line(out, &Line::<(), (), _>::Place(place))?;
        }
        Ok(())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is no snapshot, has another version, is damaged, cut short, or holds a place twice.
    pub fn read(input: &mut dyn BufRead) -> Result<Self, FileError> {
        let mut lines = Lines { input, number: 0, text: Vec::new() };
        let header = header(&mut lines)?;
        let as_of = header.as_of.parse().map_err(|_| FileError::Line {
            line: 1,
            message: format!("as_of: `{}` is not a date", header.as_of),
        })?;
        let mut recording = Self {
            blueprint: header.blueprint,
            caller: header.caller,
            as_of,
            organization: None,
            accounts: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        while lines.next()? {
            let repeated = match lines.parse()? {
                Line::Organization(record) => {
                    recording.organization.replace(record).map(|_| "the organization".to_owned())
                }
                Line::Account(record) => recording.account(record),
                Line::Place(record) => recording.place(record),
            };
            if let Some(what) = repeated {
                return Err(lines.error(format!("{what} is there a second time")));
            }
        }
        for (what, found, promised) in [
            ("accounts", recording.accounts.len(), header.accounts.len()),
            ("places", recording.places.len(), header.places),
        ] {
            if found != promised {
                return Err(FileError::Incomplete { what, found, promised });
            }
        }
        Ok(recording)
    }

    /// Adds an account; names it when it is there already.
    fn account(&mut self, record: AccountRecord) -> Option<String> {
        let account = record.seen.account.clone();
        let before = self.accounts.insert(account.clone(), record);
        before.map(|_| format!("account {account}"))
    }

    /// Adds a place; names it when it is there already.
    fn place(&mut self, record: PlaceRecord) -> Option<String> {
        let place = record.seen.place.clone();
        let before = self.places.insert(place.clone(), record);
        before.map(|_| format!("place {place}"))
    }
}

impl AccountRecord {
    /// Adds what a second reading of the same account saw.
    pub fn join(&mut self, later: Self) {
        let AccountReads { enabled_regions, buckets, roles } = later.reads;
        if enabled_regions {
            self.seen.enabled_regions = later.seen.enabled_regions;
        }
        self.reads.enabled_regions |= enabled_regions;
        self.reads.buckets.extend(buckets);
        self.seen.buckets.extend(later.seen.buckets);
        self.reads.roles.extend(roles);
        self.seen.roles.extend(later.seen.roles);
    }
}

impl PlaceRecord {
    /// Adds what a second reading of the same place saw.
    pub fn join(&mut self, later: Self) {
        let ReadSet {
            blueprint,
            rule_prefix,
            rules,
            other_rules,
            every_rule,
            buses,
            topics,
            listed: _,
            queues,
            functions,
            keys,
            machines,
            trails,
            managed_trail,
            signals,
            executions,
        } = later.reads;
        if !rule_prefix.is_empty() || every_rule {
            self.seen.rules = later.seen.rules;
            self.seen.default_bus_key = later.seen.default_bus_key;
            self.seen.rules_on_bus = later.seen.rules_on_bus;
            self.seen.wildcard_rules_on_bus = later.seen.wildcard_rules_on_bus;
            self.seen.stray_rules = later.seen.stray_rules;
            (self.reads.rule_prefix, self.reads.rules) = (rule_prefix, rules);
        }
        self.reads.every_rule |= every_rule;
        self.reads.other_rules.extend(other_rules);
        self.seen.other_rules.extend(later.seen.other_rules);
        if !blueprint.is_empty() {
            self.reads.blueprint = blueprint;
        }
        if trails {
            self.seen.trails = later.seen.trails;
            (self.reads.trails, self.reads.managed_trail) = (true, managed_trail);
        }
        self.reads.topics.extend(topics);
        self.reads.queues.extend(queues);
        self.reads.buses.extend(buses);
        self.seen.buses.extend(later.seen.buses);
        self.reads.functions.extend(functions);
        self.reads.keys.extend(keys);
        self.reads.machines.extend(machines);
        self.reads.signals.extend(signals);
        self.reads.executions.extend(executions);
        self.seen.topics.extend(later.seen.topics);
        self.seen.queues.extend(later.seen.queues);
        self.seen.functions.extend(later.seen.functions);
        self.seen.keys.extend(later.seen.keys);
        self.seen.machines.extend(later.seen.machines);
        self.seen.signals.extend(later.seen.signals);
        self.seen.executions.extend(later.seen.executions);
    }
}

impl<T> Observed<T> {
    /// What nobody asked for, and so nobody knows.
    pub(super) fn not_recorded(message: &str) -> Self {
        Self::Unreadable(super::Unreadable::not_recorded(message))
    }
}

fn write_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn header(lines: &mut Lines<'_>) -> Result<Header, FileError> {
    let hollow = |why: &str| FileError::NotASnapshot(why.to_owned());
    if !lines.next()? {
        return Err(hollow("it is empty"));
    }
    let first: Value =
        serde_json::from_slice(&lines.text).map_err(|_| hollow("its first line is not JSON"))?;
    let version = first
        .get("ctguard_snapshot")
        .ok_or_else(|| hollow("its first line has no `ctguard_snapshot`"))?;
    if version.as_u64() != Some(FORMAT_VERSION.into()) {
        return Err(FileError::Version(version.to_string()));
    }
    lines.parse()
}

/// The lines of a file, one in memory at a time.
struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: usize,
    text: Vec<u8>,
}

impl Lines<'_> {
    /// Goes to the next line; false after the last.
    fn next(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.number += 1;
        Ok(self.input.read_until(b'\n', &mut self.text)? > 0)
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, FileError> {
        let mut reader = serde_json::Deserializer::from_slice(&self.text);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            self.error(format!("{}{}", at(&path), bare(error.inner())))
        })?;
        reader.end().map_err(|error| self.error(bare(&error)))?;
        Ok(value)
    }

    fn error(&self, message: String) -> FileError {
        FileError::Line { line: self.number, message }
    }
}

fn at(path: &str) -> String {
    if path == "." { String::new() } else { format!("{path}: ") }
}

/// An error without its own idea of the line, which is always the first.
fn bare(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(message) => format!("{message} (column {})", error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
