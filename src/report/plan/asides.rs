//! Guards, refusals, warnings, and what waits for people.

use crate::report::alike::{Alike, folded, listed};
use crate::report::{AccountNames, PLACES_SHOWN, Paint, account, named_addresses};
use ctguard_core::plan::{GuardKind, Plan, Refusal, Waiting, Warning};
use ctguard_core::resource::{Address, Kind};
use ctguard_core::scope::{AccountId, Region};
use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) fn guards(out: &mut String, plan: &Plan, names: &AccountNames<'_>, paint: Paint) {
    if plan.guards.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Guards that stop an apply unless you allow it"));
    for guard in &plan.guards {
        let _ = writeln!(out, "  {} {}", paint.bad("■"), guard.message);
        if !guard.alerts.is_empty() {
            let _ = writeln!(out, "      Alerts: {}.", guard.alerts.join(", "));
        }
        for address in guard.objects.iter().take(PLACES_SHOWN) {
            let _ = writeln!(out, "      {}", named(address, names));
        }
        if guard.objects.len() > PLACES_SHOWN {
            let _ = writeln!(out, "      and {} more", guard.objects.len() - PLACES_SHOWN);
        }
        let removal = matches!(guard.kind, GuardKind::LosesCoverage | GuardKind::DeletesMuch);
        let _ = match plan.intent.destroy && removal {
            true => writeln!(out, "      ctguard destroy implies the flag that allows this."),
            false => {
                let flag = paint.head(guard.kind.flag());
                writeln!(out, "      If this is intended, add {flag} to the apply.")
            }
        };
    }
}

pub(super) fn refusals(out: &mut String, all: &[Refusal], names: &AccountNames<'_>, paint: Paint) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Refused"));
    for Alike { objects, text } in refused(all) {
        let sign = format!("  {}", paint.bad("✗"));
        told_of(out, (&sign, "   ", "      "), &listed(&objects, names), &text);
    }
}

/// Refusals, each reason once.
pub(in crate::report) fn refused(all: &[Refusal]) -> Vec<Alike<'_>> {
    let said = |refusal: &Refusal| format!("{}.\n{}", refusal.reason, refusal.help);
    folded(all.iter().map(|refusal| (&refusal.address, said(refusal))))
}

/// Objects, and below the last one what is said of all: its first line beside a single object.
pub(in crate::report) fn told_of(
    out: &mut String,
    (sign, more, indent): (&str, &str, &str),
    objects: &[String],
    text: &str,
) {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    for (index, object) in objects.iter().take(PLACES_SHOWN).enumerate() {
        let sign = if index == 0 { sign } else { more };
        let said = if objects.len() == 1 { format!(": {first}") } else { String::new() };
        let _ = writeln!(out, "{sign} {object}{said}");
    }
    if objects.len() > PLACES_SHOWN {
        let _ = writeln!(out, "{more} and {} more", objects.len() - PLACES_SHOWN);
    }
    if objects.len() > 1 {
        let _ = writeln!(out, "{indent}{first}");
    }
    for line in lines {
        let _ = writeln!(out, "{indent}{line}");
    }
}

pub(super) fn warnings(out: &mut String, all: &[Warning], names: &AccountNames<'_>, paint: Paint) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Warnings"));
    for warning in all {
        let places = match &warning.places {
            none if none.is_empty() => String::new(),
            some => {
                let some = some.iter().map(|place| (&place.account, &place.region));
                format!("{}: ", named_addresses(some, names))
            }
        };
        let _ = writeln!(out, "  {} {places}{}", paint.warn("!"), warning.message);
    }
}

/// One thing that waits, in all places where it does.
pub(in crate::report) struct Awaited<'a> {
    pub name: String,
    pub message: &'a str,
    pub places: Vec<(&'a AccountId, &'a Region)>,
}

/// What waits, folded over places.
pub(in crate::report) fn awaited(waiting: &[Waiting]) -> Vec<Awaited<'_>> {
    let mut folded: BTreeMap<(String, &str), Vec<&Waiting>> = BTreeMap::new();
    for item in waiting {
        let name = format!("{} {}", item.address.kind, item.address.name);
        folded.entry((name, item.message.as_str())).or_default().push(item);
    }
    folded
        .into_iter()
        .map(|((name, message), items)| Awaited {
            name,
            message,
            places: items
                .iter()
                .map(|item| (&item.address.account, &item.address.region))
                .collect(),
        })
        .collect()
}

pub(in crate::report) fn waiting(
    out: &mut String,
    waiting: &[Waiting],
    names: &AccountNames<'_>,
    paint: Paint,
) {
    if waiting.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Waiting for people"));
    for Awaited { name, message, places } in awaited(waiting) {
        let places = named_addresses(places, names);
        let _ =
            writeln!(out, "  {} {name}  {}\n      {message}", paint.warn("…"), paint.dim(places));
    }
}

/// An object by kind, name and where it is.
pub(in crate::report) fn named(address: &Address, names: &AccountNames<'_>) -> String {
    let account = account(&address.account, names);
    let place = match address.kind {
        Kind::Bucket => account,
        _ => format!("{account}/{}", address.region),
    };
    format!("{} {} in {place}", address.kind, address.name)
}
