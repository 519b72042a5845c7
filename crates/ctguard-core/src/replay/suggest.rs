//! Exceptions that would take the most noise away, in the blueprint's own syntax.
//!
//! They are offered, not recommended: an attacker with an excepted identity raises no alert. Never
//! suggested are
//!
//! - identities that are withheld or missing: they are everybody's,
//! - whole accounts, and whatever would also hide a root user,
//! - a principal of whose records at least half are failures: that is what an attack looks like,
//! - what together with the ones before it would silence the alert,
//! - a person in an alert on sign-ins: whose password is stolen is that person.
//!
//! Each says what its condition would have hidden, by event and by kind of actor, whichever field
//! those records are named by, and whether it would leave so little of the alert that it silences
//! it. Where not all of that was kept, nothing is suggested.

use super::summary::rank;
use super::values::{OfValue, Values};
use super::{ActorKind, ByName, ByPrincipal, Days, PrincipalField, Ranking, Watched};
use crate::event::identity::is_root;
use crate::foreign::Foreign;
use jiff::ToSpan;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Most suggestions for one alert.
const MOST: usize = 3;
/// A principal is noisy from so many records on …
const FEWEST_RECORDS: u64 = 10;
/// … that are at least this part of the alert's records.
const LEAST_PERCENT: u64 = 10;
/// An exception that leaves out this part of an alert's records silences it.
const SILENCES_PERCENT: u64 = 80;
/// How long a suggested exception holds, in days.
const HOLDS_DAYS: i32 = 90;

/// An entry for an alert's `except:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Suggestion {
    /// The most specific name that the records have for it.
    pub principal: Foreign,
    /// What sort of principal it is.
    pub kind: ActorKind,
    /// Records of the alert that it would leave out.
    pub leaves_out: u64,
    /// The same as a part of the alert's records, in percent.
    pub percent: u64,
    /// Whether that is so much that the alert would be silent.
    pub silences: bool,
    /// Of the records that it would leave out, those that tell of a failure.
    pub failed: u64,
    /// The records that it would leave out, by event.
    pub events: Ranking<ByName>,
    /// The records that it would leave out, by kind of actor.
    pub actors: BTreeMap<ActorKind, u64>,
    /// The entry as YAML, for a list.
    pub except: String,
}

/// An alert with everybody who raised it.
#[derive(Debug, Clone, Copy)]
pub struct Noise<'a> {
    pub values: &'a Values<'a>,
    /// The alert's number.
    pub index: u32,
    /// All principals that were counted, the most frequent first.
    pub all: &'a [ByPrincipal],
    pub alert: &'a Watched,
    /// The number of the alert's records.
    pub count: u64,
}

/// The exceptions for the noisiest of an alert's principals.
pub fn suggest(noise: &Noise<'_>, days: Option<Days>, as_of: Date) -> Vec<Suggestion> {
    let mut suggestions: Vec<Suggestion> = Vec::new();
    for noisy in noise.all {
        let known = |one: &Suggestion| one.principal == noisy.name;
        let whole_account = noisy.field == PrincipalField::Account;
        let name = noisy.name.uncleaned();
        if whole_account || is_root(name) || is_withheld(name) {
            continue;
        }
        if suggestions.iter().any(known) {
            continue;
        }
        let Some(path) = noisy.field.path() else { continue };
        let taken = noise.values.taken(noise.index, noisy.field, name);
        let Some(hidden) = taken.map(|taken| Hidden::by(noisy, taken)) else { continue };
        if !hidden.may_be_suggested(noise) {
            continue;
        }
        let percent = hidden.percent(noise.count);
        suggestions.push(Suggestion {
            principal: noisy.name.clone(),
            kind: noisy.kind,
            leaves_out: hidden.records,
            percent,
            silences: percent >= SILENCES_PERCENT,
            failed: hidden.failed,
            except: entry(path, noisy, hidden.records, noise.count, days, as_of),
            events: hidden.events(),
            actors: hidden.actors,
        });
    }
    suggestions.sort_by(|a, b| b.leaves_out.cmp(&a.leaves_out).then(a.principal.cmp(&b.principal)));
    suggestions.truncate(MOST);
    // Somebody may take all that is offered.
    let mut together = 0;
    let mut is_first = true;
    suggestions.retain(|one| {
        let kept = std::mem::take(&mut is_first)
            || (together + one.leaves_out) * 100 < noise.count * SILENCES_PERCENT;
        together += if kept { one.leaves_out } else { 0 };
        kept
    });
    suggestions
}

/// Whether a name stands for one that is not told: CloudTrail's word for it, or nothing but signs.
fn is_withheld(name: &str) -> bool {
    name.contains("HIDDEN_DUE_TO_SECURITY_REASONS")
        || name.eq_ignore_ascii_case("null")
        || !name.chars().any(char::is_alphanumeric)
}

/// What an exception would have left out.
#[derive(Debug, Default)]
struct Hidden {
    records: u64,
    failed: u64,
    /// Whether a root user's are among them.
    root: bool,
    events: BTreeMap<String, u64>,
    actors: BTreeMap<ActorKind, u64>,
}

impl Hidden {
    /// Everything that the condition takes, of whatever identity.
    fn by(noisy: &ByPrincipal, taken: &[&OfValue]) -> Self {
        let mut hidden = Self::default();
        let through = noisy.through.as_ref().map(Foreign::uncleaned);
        for of in taken.iter().filter(|of| through.is_none() || of.invoked_by.as_deref() == through)
        {
            hidden.records += of.count;
            hidden.failed += of.failed;
            hidden.root |= of.root;
            *hidden.actors.entry(of.kind).or_default() += of.count;
            *hidden.events.entry(of.event.to_string()).or_default() += of.count;
        }
        hidden
    }

    fn percent(&self, of: u64) -> u64 {
        self.records * 100 / of.max(1)
    }

    fn may_be_suggested(&self, noise: &Noise<'_>) -> bool {
        let noisy = self.records >= FEWEST_RECORDS && self.percent(noise.count) >= LEAST_PERCENT;
        let attack = self.failed * 2 >= self.records;
        let person = noise.alert.signs_in && self.actors.contains_key(&ActorKind::Person);
        noisy && !attack && !self.root && !person
    }

    fn events(&self) -> Ranking<ByName> {
        let by_name =
            |(name, count): (&String, &u64)| ByName { name: name.as_str().into(), count: *count };
        rank(self.events.iter().map(by_name).collect(), self.records, |by| by.count)
    }
}

fn entry(
    path: &str,
    noisy: &ByPrincipal,
    leaves_out: u64,
    count: u64,
    days: Option<Days>,
    as_of: Date,
) -> String {
    let mut fields = format!("{path}: [{}]", quoted(noisy.name.uncleaned()));
    if let Some(through) = &noisy.through {
        let also = PrincipalField::InvokedBy.path().unwrap_or_default();
        fields.push_str(&format!(", {also}: [{}]", quoted(through.uncleaned())));
    }
    let when =
        days.map_or_else(String::new, |days| format!(" from {} to {}", days.first, days.last));
    let reason = format!("{leaves_out} of {count} events{when}; say here why they are expected");
    let until = as_of.saturating_add(HOLDS_DAYS.days());
    format!("- where: {{ {fields} }}\n  reason: {}\n  until: {until}\n", quoted(&reason))
}

/// A double-quoted scalar of YAML, printable ASCII only.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => match u32::from(c) {
                code @ ..=0xffff => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            },
        }
    }
    out.push('"');
    out
}
