//! What a search of the catalogue found: a block for one event, a table for several.

use super::{Paint, wrap};
use ctguard_core::event::Access;
use ctguard_core::events::{Entry, Found, Lands, Renamed, RuleStateNeeded};
use ctguard_core::plural::count;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

mod check;
mod words;

pub use check::EventCheck;

/// Most parameters of a request that a block names.
const PARAMETERS_SHOWN: usize = 40;

/// What was found, as people read it.
pub fn render(found: &Found, paint: Paint) -> String {
    let mut text = String::new();
    for one in &found.renamed {
        let _ = writeln!(text, "{}", renamed(one));
    }
    if !found.renamed.is_empty() && !found.events.is_empty() {
        text.push('\n');
    }
    match found.events.as_slice() {
        [] => {}
        [one] if found.total == 1 => block(&mut text, one, paint),
        several => table(&mut text, several, paint),
    }
    text.push_str(&more(found));
    wrap::fit(&text, paint.width)
}

fn renamed(one: &Renamed) -> String {
    let logged = one.logged_as.join(", ");
    match one.logged_itself {
        true => format!("CloudTrail logs {} as {logged}, too.", one.written),
        false => format!("CloudTrail never logs {}: its events are {logged}.", one.written),
    }
}

/// What is not shown, and how to see it.
fn more(found: &Found) -> String {
    let mut text = String::new();
    if found.left_out() > 0 {
        let (more, all) = (found.left_out(), found.total);
        let _ = writeln!(text, "\n{more} more of {all}; --all shows them.");
    }
    if found.others > 0 {
        let (names, have) = match found.others {
            1 => ("1 more name contains".to_owned(), "it"),
            many => (format!("{many} more names contain"), "them"),
        };
        let _ = writeln!(text, "\n{names} what was searched for; --all shows {have}.");
    }
    text
}

/// What is said where nothing was found.
pub fn nothing(found: &Found, searched: &str) -> String {
    let head = format!("the catalogue has no event that fits {searched}");
    match found.suggestions.as_slice() {
        [] => head,
        some => format!("{head}; did you mean {}?", some.join(", ")),
    }
}

fn block(text: &mut String, entry: &Entry, paint: Paint) {
    let _ = writeln!(text, "{}", paint.head(&entry.event));
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "  {key:<13}{value}");
    };
    line("eventSource", &format!("{} ({})", entry.source, words::source(entry.source_evidence)));
    line("eventName", &entry.name);
    line("access", access(&entry.access));
    line("lands", &words::lands(&entry.lands));
    line("rule state", entry.rule_state.as_str());
    for kind in &entry.kinds {
        line("kind", kind.kind.as_str());
        line("", &format!("detail-type {}", kind.detail_types.join(" or ")));
        line("", &format!("source {}", kind.bus_source));
        line("", words::selectors(kind.selectors));
        line("", &format!("evidence: {}", words::evidence(kind.evidence)));
    }
    if let Some(request) = &entry.request {
        line("request", &words::request(request, PARAMETERS_SHOWN));
    }
    if !entry.also_logged_as.is_empty() {
        line("logged beside", &format!(" {}", entry.also_logged_as.join(", ")));
    }
    if !entry.written_for.is_empty() {
        line("logged for", &entry.written_for.join(", "));
    }
}

fn access(all: &[Access]) -> &'static str {
    match all {
        [Access::Read] => "read-only",
        [Access::Write] => "write",
        _ => "read-only or write",
    }
}

const HEAD: [&str; 6] = ["event", "kinds", "access", "lands", "state", "evidence"];

fn table(text: &mut String, entries: &[Entry], paint: Paint) {
    let rows: Vec<[String; 6]> = entries.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].width());
        cells.chain([HEAD[column].width()]).max().unwrap_or_default()
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut line = |cells: [&str; 6], head: bool| {
        let mut out = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let room = width.saturating_sub(cell.width());
            let _ = write!(out, "{cell}{}  ", " ".repeat(room));
        }
        let out = out.trim_end();
        let _ = match head {
            true => writeln!(text, "{}", paint.head(out)),
            false => writeln!(text, "{out}"),
        };
    };
    line(HEAD, true);
    for row in &rows {
        line(std::array::from_fn(|column| row[column].as_str()), false);
    }
    let wide = entries.iter().filter(|entry| entry.rule_state == RuleStateNeeded::Wide).count();
    if wide > 0 {
        let _ = writeln!(
            text,
            "\nwide: {} reach only rules in the state {}.",
            count(wide, "read-only event"),
            RuleStateNeeded::Wide.as_str()
        );
    }
}

fn row(entry: &Entry) -> [String; 6] {
    let kinds: Vec<&str> = entry.kinds.iter().map(|kind| kind.kind.as_str()).collect();
    let mut evidence: Vec<&str> =
        entry.kinds.iter().map(|kind| words::short_evidence(kind.evidence)).collect();
    evidence.dedup();
    let access: Vec<&str> = entry.access.iter().map(words::short_access).collect();
    let lands = match &entry.lands {
        Lands::CallRegion => "call region".to_owned(),
        Lands::Only { region } => region.clone(),
        Lands::Endpoint => "endpoint".to_owned(),
        Lands::SignIn { .. } => "sign-in regions".to_owned(),
    };
    let state = match entry.rule_state {
        RuleStateNeeded::Enabled => "ENABLED",
        RuleStateNeeded::Wide => "wide",
    };
    [
        entry.event.clone(),
        kinds.join(", "),
        access.join(", "),
        lands,
        state.to_owned(),
        evidence.join(", "),
    ]
}
