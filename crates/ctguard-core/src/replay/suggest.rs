//! Exceptions that would take the most noise away, in the blueprint's own syntax.
//!
//! They are offered, not recommended: an attacker with an excepted identity raises no alert. The
//! root user is never suggested.

use super::actor::{ActorKind, PrincipalField};
use super::{ByPrincipal, Days};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

/// Most suggestions for one alert.
const MOST: usize = 3;
/// A principal is noisy from so many records on …
const FEWEST_RECORDS: u64 = 10;
/// … that are at least this part of the alert's records.
const LEAST_PERCENT: u64 = 10;
/// How long a suggested exception holds, in days.
const HOLDS_DAYS: i32 = 90;

/// An entry for an alert's `except:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    pub principal: String,
    pub kind: ActorKind,
    /// Records of the alert that it would leave out.
    pub leaves_out: u64,
    pub percent: u64,
    /// The entry as YAML, for a list.
    pub except: String,
}

/// The exceptions for the noisiest of an alert's principals. `all` are all that were counted, the
/// most frequent first; `count` is the number of the alert's records.
pub fn suggest(
    all: &[ByPrincipal],
    count: u64,
    days: Option<Days>,
    as_of: Date,
) -> Vec<Suggestion> {
    let mut suggestions: Vec<Suggestion> = Vec::new();
    for noisy in all {
        let is_root = noisy.name.ends_with(":root");
        let Some(path) = noisy.field.path().filter(|_| !is_root) else { continue };
        if suggestions.iter().any(|known| known.principal == noisy.name) {
            continue;
        }
        // One identity may act in several ways; an exception leaves out all that it takes.
        let leaves_out: u64 = all
            .iter()
            .filter(|other| (&other.name, other.field) == (&noisy.name, noisy.field))
            .filter(|other| noisy.through.is_none() || other.through == noisy.through)
            .map(|other| other.count)
            .sum();
        let percent = leaves_out * 100 / count.max(1);
        if leaves_out < FEWEST_RECORDS || percent < LEAST_PERCENT {
            continue;
        }
        suggestions.push(Suggestion {
            principal: noisy.name.clone(),
            kind: noisy.kind,
            leaves_out,
            percent,
            except: entry(path, noisy, leaves_out, count, days, as_of),
        });
    }
    suggestions.sort_by(|a, b| b.leaves_out.cmp(&a.leaves_out).then(a.principal.cmp(&b.principal)));
    suggestions.truncate(MOST);
    suggestions
}

fn entry(
    path: &str,
    noisy: &ByPrincipal,
    leaves_out: u64,
    count: u64,
    days: Option<Days>,
    as_of: Date,
) -> String {
    let mut fields = format!("{path}: [{}]", quoted(&noisy.name));
    if let Some(through) = &noisy.through {
        let also = PrincipalField::InvokedBy.path().unwrap_or_default();
        fields.push_str(&format!(", {also}: [{}]", quoted(through)));
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
