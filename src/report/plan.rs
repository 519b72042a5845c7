//! A plan as people read it.

mod unknown;

use super::{Paint, addresses, count, places};
use crate::plan::{Change, Effect, Field, Plan, Verb, Waiting};
use crate::resource::{Address, Kind};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeMap;
use std::fmt::Write;

/// More accounts than these are counted, not named.
const NAMED_ACCOUNTS: usize = 5;

/// Which question the plan answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// What would an apply change?
    Plan,
    /// Has anything moved?
    Drift,
}

/// Renders a plan: status, effects, changes, then everything that is no change but must be said.
pub fn render(plan: &Plan, question: Question, paint: Paint) -> String {
    let mut out = String::new();
    status(&mut out, plan, question, paint);
    if !plan.is_empty() || question == Question::Plan {
        effects(&mut out, &plan.effects, paint);
    }
    changes(&mut out, &plan.changes, paint);
    waiting(&mut out, &plan.waiting, paint);
    if !plan.refusals.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("Refused"));
        for refusal in &plan.refusals {
            let _ = writeln!(
                out,
                "  {} {}: {}.\n      {}",
                paint.bad("✗"),
                named(&refusal.address),
                refusal.reason,
                refusal.help
            );
        }
    }
    if !plan.guards.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("Apply stops at"));
        for guard in &plan.guards {
            let _ = writeln!(
                out,
                "  {} {}\n      If it is meant: {}",
                paint.bad("!"),
                guard.message,
                guard.kind.flag()
            );
        }
    }
    unknown::render(&mut out, &plan.unknown, paint);
    if !plan.warnings.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("Warnings"));
        for warning in &plan.warnings {
            let places = match &warning.places {
                none if none.is_empty() => String::new(),
                some => format!("{}: ", places(some)),
            };
            let _ = writeln!(out, "  {} {places}{}", paint.warn("!"), warning.message);
        }
    }
    out
}

fn status(out: &mut String, plan: &Plan, question: Question, paint: Paint) {
    let scope = &plan.scope;
    let regions: Vec<&str> = scope.regions.iter().map(|region| region.as_str()).collect();
    let accounts: Vec<&str> = scope.accounts.iter().map(|account| account.as_str()).collect();
    let accounts = match accounts.as_slice() {
        few if few.len() <= NAMED_ACCOUNTS => {
            let word = if few.len() == 1 { "account" } else { "accounts" };
            format!("{word} {}", few.join(", "))
        }
        many => count(many.len(), "account"),
    };
    let _ = writeln!(
        out,
        "Blueprint {} in {accounts}, {}: {}.",
        paint.head(&plan.blueprint.name),
        count(regions.len(), "region"),
        regions.join(", ")
    );
    if !scope.excepted.is_empty() {
        let excepted: Vec<&str> = scope.excepted.iter().map(|region| region.as_str()).collect();
        let _ = writeln!(
            out,
            "Left out by an exception (nothing is watched there): {}.",
            excepted.join(", ")
        );
    }
    let tally = |verb| plan.changes.iter().filter(|change| change.action == verb).count();
    let unknown = if plan.unknown.is_empty() {
        "everything could be read".to_owned()
    } else {
        format!("{} could not be read", count(plan.unknown.len(), "part"))
    };
    let sentence = if plan.is_empty() {
        let nothing = match question {
            Question::Plan => "No changes",
            Question::Drift => "No drift",
        };
        if plan.unknown.is_empty() { paint.good(nothing) } else { paint.warn(nothing) }
    } else {
        let mut parts = Vec::new();
        for (verb, words) in [
            (Verb::Create, "to create"),
            (Verb::Update, "to update"),
            (Verb::Adopt, "to adopt"),
            (Verb::Delete, "to delete"),
        ] {
            if tally(verb) > 0 {
                parts.push(format!("{} {words}", tally(verb)));
            }
        }
        paint.warn(parts.join(", "))
    };
    let _ = writeln!(out, "{sentence}; {} in sync; {unknown}.", plan.in_sync);
}

fn effects(out: &mut String, effects: &[Effect], paint: Paint) {
    if effects.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{}",
        paint.head("Alerts, and in how many places each reaches everybody listed")
    );
    let well = |effect: &&Effect| !effect.removed && effect.alerting_now == effect.places;
    let (well, shown): (Vec<&Effect>, Vec<&Effect>) = effects.iter().partition(well);
    if !well.is_empty() {
        let _ = writeln!(out, "  {} everybody everywhere, now and after.", count_verb(well.len()));
    }
    if shown.is_empty() {
        return;
    }
    let longest = shown.iter().map(|effect| effect.alert.len()).max().unwrap_or(5).max(5);
    let header = format!(
        "{:longest$}  {:8}  {:>6}  {:>4}  {:>11}  {:>15}",
        "alert", "risk", "places", "now", "after apply", "once confirmed"
    );
    let _ = writeln!(out, "  {}", paint.dim(header));
    for effect in shown {
        let risk = effect.risk.map_or("", |risk| risk.as_str());
        let row = format!(
            "{:longest$}  {risk:8}  {:>6}  {:>4}  {:>11}  {:>15}",
            effect.alert,
            effect.places,
            effect.alerting_now,
            effect.alerting_after,
            effect.alerting_confirmed
        );
        let note = if effect.removed {
            format!("  {}", paint.bad("no longer watched"))
        } else if effect.alerting_confirmed < effect.places {
            format!("  {}", paint.bad("stays silent somewhere"))
        } else {
            String::new()
        };
        let _ = writeln!(out, "  {row}{note}");
    }
}

fn count_verb(alerts: usize) -> String {
    if alerts == 1 { "1 alert reaches".to_owned() } else { format!("{alerts} alerts reach") }
}

/// Changes that are the same but for their place are one line.
fn changes(out: &mut String, changes: &[Change], paint: Paint) {
    if changes.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Changes"));
    let mut order: Vec<String> = Vec::new();
    let mut folded: BTreeMap<String, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        let key = fold_key(change);
        if !folded.contains_key(&key) {
            order.push(key.clone());
        }
        folded.entry(key).or_default().push(change);
    }
    for key in order {
        let same = &folded[&key];
        let Some(change) = same.first() else { continue };
        let sign = match change.action {
            Verb::Create => paint.good("+"),
            Verb::Update | Verb::Adopt => paint.warn("~"),
            Verb::Delete => paint.bad("-"),
        };
        let places =
            addresses(same.iter().map(|change| (&change.address.account, &change.address.region)));
        let times =
            if same.len() > 1 { format!(" × {} places", same.len()) } else { String::new() };
        let _ = writeln!(
            out,
            "  {sign} {:12} {}{times}  {}",
            change.address.kind,
            change.address.name,
            paint.dim(places)
        );
        if change.action == Verb::Create {
            continue;
        }
        let alert =
            change.alert.as_deref().map(|alert| format!(" (alert {alert})")).unwrap_or_default();
        let _ = writeln!(out, "      {}{alert}", change.reason);
        for field in &change.fields {
            render_field(out, field, paint);
        }
    }
}

fn fold_key(change: &Change) -> String {
    // What is new is told by its name alone.
    let fields = if change.action == Verb::Create { &[][..] } else { &change.fields };
    let text = serde_json::to_string(&(
        change.address.kind,
        &change.address.name,
        change.action,
        &change.reason,
        fields,
    ));
    text.unwrap_or_default()
        .replace(change.place.account.as_str(), "{account}")
        .replace(change.place.region.as_str(), "{region}")
}

fn render_field(out: &mut String, field: &Field, paint: Paint) {
    let structured =
        |value: &Option<Value>| matches!(value, Some(Value::Object(_) | Value::Array(_)));
    if !structured(&field.before) && !structured(&field.after) {
        let show = |value: &Option<Value>| value.as_ref().map_or("(none)".to_owned(), plain);
        let _ = writeln!(
            out,
            "      {}: {} → {}",
            field.path,
            paint.bad(show(&field.before)),
            paint.good(show(&field.after))
        );
        return;
    }
    let _ = writeln!(out, "      {}:", field.path);
    let pretty = |value: &Option<Value>| value.as_ref().map(lines).unwrap_or_default();
    let (before, after) = (pretty(&field.before), pretty(&field.after));
    let diff = TextDiff::from_lines(&before, &after);
    for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
        for change in hunk.iter_changes() {
            let line = change.value().trim_end();
            let line = match change.tag() {
                ChangeTag::Delete => paint.bad(format!("- {line}")),
                ChangeTag::Insert => paint.good(format!("+ {line}")),
                ChangeTag::Equal => format!("  {line}"),
            };
            let _ = writeln!(out, "        {line}");
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Pretty JSON with sorted keys, so that only what differs shows.
fn lines(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
                fields.sort_by_key(|(key, _)| *key);
                fields.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
            }
            Value::Array(members) => members.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    let mut text = serde_json::to_string_pretty(&sorted(value)).unwrap_or_default();
    text.push('\n');
    text
}

pub(super) fn waiting(out: &mut String, waiting: &[Waiting], paint: Paint) {
    if waiting.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Waiting for people"));
    let mut folded: BTreeMap<(String, String), Vec<&Waiting>> = BTreeMap::new();
    for item in waiting {
        let address = &item.address;
        let key = (format!("{} {}", address.kind, address.name), item.message.clone());
        folded.entry(key).or_default().push(item);
    }
    for ((name, message), items) in folded {
        let places =
            addresses(items.iter().map(|item| (&item.address.account, &item.address.region)));
        let _ =
            writeln!(out, "  {} {name}  {}\n      {message}", paint.warn("…"), paint.dim(places));
    }
}

pub(super) fn named(address: &Address) -> String {
    let place = match address.kind {
        Kind::Bucket => address.account.to_string(),
        _ => format!("{}/{}", address.account, address.region),
    };
    format!("{} {} in {place}", address.kind, address.name)
}
