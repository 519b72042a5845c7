//! A replay as Markdown, for a pull request or a wiki.

use super::has_details;
use super::words::{self, grouped, plain, said, times};
use ctguard_core::replay::{AlertReplay, Replay};
use std::fmt::Write;

/// Principals of an alert that are listed.
const SHOWN: usize = 5;
const BROKEN_SHOWN: usize = 20;

/// Renders as GitHub's Markdown.
pub fn render(replay: &Replay) -> String {
    let mut out = String::new();
    let strong = |text: &str| format!("**{}**", cell(text));
    let _ = writeln!(
        out,
        "# Replay of {}\n\n{}",
        cell(&replay.blueprint),
        words::headline(replay, strong)
    );
    alerts(&mut out, replay);
    actors(&mut out, replay);
    for alert in replay.alerts.iter().filter(|alert| has_details(alert)) {
        details(&mut out, alert);
    }
    if replay.bursts.seconds > 0 {
        let _ = writeln!(out, "\n## Bursts\n\n{}\n", words::bursts(replay));
        for burst in &replay.bursts.top {
            let _ = writeln!(out, "- {}: {}", burst.at, cell(&words::burst(burst)));
        }
    }
    cost(&mut out, replay);
    rest(&mut out, replay);
    out
}

fn alerts(out: &mut String, replay: &Replay) {
    if replay.alerts.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n| alert | risk | raised | repeats | days | first | last |\n|---|---|--:|--:|--:|---|---|"
    );
    for alert in &replay.alerts {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell(&alert.id),
            alert.risk.as_str(),
            words::raised(alert),
            grouped(alert.duplicates),
            alert.per_day.len(),
            alert.first.as_deref().unwrap_or("–"),
            alert.last.as_deref().unwrap_or("–"),
        );
    }
}

fn actors(out: &mut String, replay: &Replay) {
    let sums = words::actors(replay);
    if sums.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n| kind of actor | raised |\n|---|--:|");
    for (kind, count) in sums {
        let _ = writeln!(out, "| {} | {} |", words::kind(kind), grouped(count));
    }
}

fn details(out: &mut String, alert: &AlertReplay) {
    let _ = writeln!(out, "\n## {}: {}", cell(&alert.id), cell(&alert.title));
    if !alert.principals.top.is_empty() {
        let _ = writeln!(out, "\n| principal | kind of actor | raised |\n|---|---|--:|");
    }
    for by in alert.principals.top.iter().take(SHOWN) {
        let through = by.through.as_ref().map(|service| format!(" through {}", said(service)));
        let name = format!("{}{}", said(&by.name), through.unwrap_or_default());
        let _ =
            writeln!(out, "| {} | {} | {} |", cell(&name), words::kind(by.kind), grouped(by.count));
    }
    let shown: u64 = alert.principals.top.iter().take(SHOWN).map(|by| by.count).sum();
    if alert.count > shown {
        let _ = writeln!(out, "| others | | {} |", grouped(alert.count - shown));
    }
    for (what, ranking) in [("Accounts", &alert.accounts), ("Regions", &alert.regions)] {
        let names = super::names(&ranking.top, ranking.others);
        if !names.is_empty() {
            let _ = writeln!(out, "\n{what}: {}.", cell(&names));
        }
    }
    let notes = words::about(alert);
    if !notes.is_empty() {
        let _ = writeln!(out);
    }
    for line in notes {
        let _ = writeln!(out, "- {}.", cell(&line));
    }
    for suggestion in &alert.suggestions {
        let text = words::suggestion(suggestion);
        let _ = writeln!(out, "\nAn option: {}\n\n```yaml\n{}```", cell(&text), suggestion.except);
    }
}

fn cost(out: &mut String, replay: &Replay) {
    if replay.cost.items.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## A month would cost\n\n| | |\n|--:|---|");
    for item in &replay.cost.items {
        let _ = writeln!(out, "| {} | {} |", words::dollars(item.cost), words::cost_item(item));
    }
    let total = words::dollars(replay.cost.total);
    let _ = writeln!(out, "| **{total}** | in all; {} |", words::cost_basis(&replay.cost));
}

fn rest(out: &mut String, replay: &Replay) {
    let remarks = words::remarks(replay);
    if !remarks.is_empty() {
        let _ = writeln!(out, "\n## Left out\n");
    }
    for line in remarks {
        let _ = writeln!(out, "- {}.", cell(&line));
    }
    if let Some(line) = words::undecided(replay) {
        let _ = writeln!(out, "\n## Undecided\n\n{}.", cell(&line));
    }
    if replay.skipped.broken > 0 {
        let what = times(replay.skipped.broken, "file or record", "files or records");
        let _ = writeln!(out, "\n## Incomplete\n\n{what} could not be read.\n");
        for part in replay.files.broken.iter().take(BROKEN_SHOWN) {
            let _ = writeln!(out, "- {}", cell(&words::broken(part)));
        }
    }
}

/// Text that means nothing to Markdown, on one line.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => out.extend(['\\', c]),
            // GitHub would make a link or a mention of it.
            '@' => out.push_str("&#64;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_cell_or_become_markup() {
        assert_eq!(cell("a|b\n<i>*x*"), "a\\|b\u{fffd}&lt;i&gt;\\*x\\*");
        assert_eq!(cell("[x](y) @team"), "\\[x\\](y) &#64;team");
    }
}
