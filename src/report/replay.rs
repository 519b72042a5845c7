//! Renders a replay: text for a terminal here, Markdown and a page of HTML below.

mod buckets;
mod chart;
pub mod html;
pub mod markdown;
pub mod progress;
mod query;
mod words;

use super::Paint;
use buckets::Buckets;
use ctguard_core::blueprint::Risk;
use ctguard_core::replay::{ActorKind, AlertReplay, Replay};
pub use query::{NotCounted, Query};
use std::fmt::Write;
use words::{grouped, times};
pub(super) use words::{passed_over, plain, said};

/// Names of a ranking that a terminal shows.
const SHOWN: usize = 5;
/// Broken files that a terminal names.
const BROKEN_SHOWN: usize = 20;
/// A bar is worth drawing from so many columns on.
const BAR_LEAST: usize = 8;
const BAR_MOST: usize = 40;

/// Renders for a terminal of so many columns.
pub fn render(replay: &Replay, paint: Paint, width: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", words::headline(replay, |text| paint.head(text)));
    bars(&mut out, replay, paint, width);
    for alert in replay.alerts.iter().filter(|alert| has_details(alert)) {
        details(&mut out, replay, alert, paint, width);
    }
    actors(&mut out, replay, paint, width);
    bursts(&mut out, replay, paint);
    cost(&mut out, replay, paint);
    remarks(&mut out, replay, paint);
    out
}

fn has_details(alert: &AlertReplay) -> bool {
    alert.count > 0 || !alert.undelivered.is_empty() || !alert.undecided.is_empty()
}

fn head(out: &mut String, paint: Paint, text: &str) {
    let _ = writeln!(out, "\n{}", paint.head(text));
}

/// All alerts, each with its count and a bar.
fn bars(out: &mut String, replay: &Replay, paint: Paint, width: usize) {
    if replay.alerts.is_empty() {
        return;
    }
    head(out, paint, "Alerts");
    let name = replay.alerts.iter().map(|alert| alert.id.len()).max().unwrap_or(0);
    let most = replay.alerts.iter().map(|alert| alert.count).max().unwrap_or(0);
    let counts = replay.alerts.iter().map(|alert| words::raised(alert).len());
    let digits = counts.max().unwrap_or(0).max(5);
    let room = width.saturating_sub(2 + 8 + 2 + name + 2 + digits + 2);
    for alert in &replay.alerts {
        let risk = paint_risk(alert.risk, paint);
        let count = format!("{:>digits$}", words::raised(alert));
        let bar = paint_bar(alert.risk, &bar(alert.count, most, room), paint);
        let line = format!("  {risk}  {:name$}  {count}  {bar}", alert.id);
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn details(out: &mut String, replay: &Replay, alert: &AlertReplay, paint: Paint, width: usize) {
    let _ = writeln!(out, "\n{}  {}", paint.head(&alert.id), paint.dim(plain(&alert.title)));
    if let (Some(first), Some(last)) = (&alert.first, &alert.last) {
        let _ = writeln!(out, "  first {first}, last {last}");
    }
    if let Some(days) = replay.days.filter(|days| days.count > 1 && alert.count > 0) {
        let buckets = Buckets::within(days, width.saturating_sub(14).clamp(7, 92));
        let line = words::sparkline(&buckets.sums(&alert.per_day));
        let _ = writeln!(out, "  {:9} {line}", format!("by {}", buckets.unit()));
    }
    let lists = [
        ("account", names(&alert.accounts.top, alert.accounts.others)),
        ("region", names(&alert.regions.top, alert.regions.others)),
    ];
    for (what, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
        let _ = writeln!(out, "  {what:9} {list}");
    }
    for (index, by) in alert.principals.top.iter().take(SHOWN).enumerate() {
        let label = if index == 0 { "principal" } else { "" };
        let _ = writeln!(out, "  {label:9} {:>7}  {}", grouped(by.count), words::principal(by));
    }
    let shown: u64 = alert.principals.top.iter().take(SHOWN).map(|by| by.count).sum();
    if alert.count > shown && !alert.principals.top.is_empty() {
        let _ = writeln!(out, "  {:9} {:>7}  others", "", grouped(alert.count - shown));
    }
    for line in words::about(alert) {
        let _ = writeln!(out, "  {} {line}", paint.warn("note:"));
    }
    for suggestion in &alert.suggestions {
        let _ = writeln!(out, "  {}", words::suggestion(suggestion));
        for line in suggestion.except.lines() {
            let _ = writeln!(out, "    {}", paint.dim(line));
        }
    }
}

/// The first few names with their counts, on one line.
fn names(top: &[ctguard_core::replay::ByName], others: u64) -> String {
    let shown = top.iter().take(SHOWN);
    let mut parts: Vec<String> =
        shown.map(|by| format!("{} {}", said(&by.name), grouped(by.count))).collect();
    let rest: u64 = top.iter().skip(SHOWN).map(|by| by.count).sum::<u64>() + others;
    if rest > 0 {
        parts.push(format!("others {}", grouped(rest)));
    }
    parts.join(", ")
}

fn actors(out: &mut String, replay: &Replay, paint: Paint, width: usize) {
    let sums = words::actors(replay);
    let Some(most) = sums.iter().map(|(_, count)| *count).max() else { return };
    head(out, paint, "By kind of actor");
    let name = ActorKind::ALL.map(|kind| words::kind(kind).len()).into_iter().max().unwrap_or(0);
    for (kind, count) in sums {
        let digits = grouped(most).len();
        let room = width.saturating_sub(2 + name + 2 + digits + 2);
        let line = format!(
            "  {:name$}  {:>digits$}  {}",
            words::kind(kind),
            grouped(count),
            bar(count, most, room)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn bursts(out: &mut String, replay: &Replay, paint: Paint) {
    if replay.bursts.seconds == 0 {
        return;
    }
    head(out, paint, "Bursts");
    let _ = writeln!(out, "  {}", words::bursts(replay));
    for burst in &replay.bursts.top {
        let _ = writeln!(out, "  {}  {}", burst.at, words::burst(burst));
    }
}

fn cost(out: &mut String, replay: &Replay, paint: Paint) {
    if replay.cost.items.is_empty() {
        return;
    }
    head(out, paint, "A month would cost");
    for item in &replay.cost.items {
        let _ = writeln!(out, "  {:>10}  {}", words::dollars(item.cost), words::cost_item(item));
    }
    let _ = writeln!(
        out,
        "  {:>10}  in all; {}",
        words::dollars(replay.cost.total),
        words::cost_basis(&replay.cost)
    );
}

/// What was left out, and what could not be read.
fn remarks(out: &mut String, replay: &Replay, paint: Paint) {
    for line in words::remarks(replay) {
        let _ = writeln!(out, "\n{} {line}", paint.warn("note:"));
    }
    if let Some(line) = words::undecided(replay) {
        let _ = writeln!(out, "\n{} {line}", paint.bad("incomplete:"));
    }
    if replay.skipped.broken == 0 {
        return;
    }
    let _ = writeln!(
        out,
        "\n{} {}",
        paint.bad("incomplete:"),
        times(replay.skipped.broken, "file or record", "files or records") + " could not be read"
    );
    for broken in replay.files.broken.iter().take(BROKEN_SHOWN) {
        let _ = writeln!(out, "  {}", words::broken(broken));
    }
    let rest =
        replay.skipped.broken.saturating_sub(replay.files.broken.len().min(BROKEN_SHOWN) as u64);
    if rest > 0 {
        let _ = writeln!(out, "  and {} more", grouped(rest));
    }
}

fn paint_risk(risk: Risk, paint: Paint) -> String {
    let word = format!("{:8}", risk.as_str());
    match risk {
        Risk::Critical => paint.bad(word),
        Risk::High => paint.warn(word),
        Risk::Medium | Risk::Low => word,
    }
}

fn paint_bar(risk: Risk, bar: &str, paint: Paint) -> String {
    match risk {
        _ if bar.is_empty() => String::new(),
        Risk::Critical => paint.bad(bar),
        Risk::High => paint.warn(bar),
        Risk::Medium | Risk::Low => paint.good(bar),
    }
}

/// A bar in eighths of a column; something is always seen of what is not nothing.
fn bar(count: u64, most: u64, room: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if room < BAR_LEAST || most == 0 || count == 0 {
        return String::new();
    }
    let room = room.min(BAR_MOST) as u128 * 8;
    let eighths = (u128::from(count) * room / u128::from(most)).max(1) as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_counts_say() {
        assert_eq!(bar(10, 10, 8), "████████");
        assert_eq!(bar(5, 10, 8), "████");
        assert_eq!(bar(1, 64, 8), "▏");
        assert_eq!(bar(1, 1_000_000, 40), "▏", "little is not nothing");
        assert_eq!(bar(0, 10, 8), "");
        assert_eq!(bar(10, 10, 7), "", "a narrow terminal gets numbers alone");
        assert_eq!(bar(u64::MAX, u64::MAX, 200).chars().count(), BAR_MOST);
    }
}
