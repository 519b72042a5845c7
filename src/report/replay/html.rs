//! A replay as one page: charts first, then tables with the same numbers. It needs no other file, runs no script,
//! and says so to the browser.
//!
//! `maud` escapes every text that stands in parentheses, and `plain` takes out what would turn a line around:
//! strings of a log were chosen by whoever made the call.

use super::buckets::Buckets;
use super::chart::{self, Row, Series, percent};
use super::words::{self, grouped, plain, said, times};
use ctguard_core::blueprint::Risk;
use ctguard_core::foreign::Foreign;
use ctguard_core::replay::{ActorKind, AlertReplay, ByPrincipal, Replay};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::BTreeMap;

/// The style sheet, for light and dark screens and for paper.
const STYLE: &str = include_str!("style.css");
/// Columns over time.
const COLUMNS: usize = 93;
/// Alerts with a colour of their own; the others share one.
const COLOURS: usize = 8;
/// Bars of a chart.
const BARS: usize = 12;

/// Renders the page.
pub fn render(replay: &Replay) -> String {
    let title = format!("Replay of {}", plain(&replay.blueprint));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="generator" content="ctguard";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (head(replay, &title))
                    (over_time(replay))
                    div class="pair" { (by_alert(replay)) (by_principal(replay)) }
                    (by_actor(replay))
                    (alerts(replay))
                    (principal_table(replay))
                    (suggestions(replay))
                    (bursts(replay))
                    (cost(replay))
                    (left_out(replay))
                    (incomplete(replay))
                    footer {
                        "Counts are of records in the logs that were read. Judged as of "
                        (replay.as_of) "."
                    }
                }
            }
        }
    };
    page.into_string() + "\n"
}

fn head(replay: &Replay, title: &str) -> Markup {
    let strong = |text: &str| html! { b { (plain(text)) } }.into_string();
    let days = replay.days.map_or(0, |days| days.count);
    let a_day = replay.raised as f64 / f64::from(days.max(1));
    let silent =
        replay.alerts.iter().filter(|alert| alert.count == 0 && alert.undecided.is_empty()).count();
    let tiles = [
        (grouped(replay.raised), "times raised"),
        (
            if a_day < 10.0 { format!("{a_day:.1}") } else { grouped(a_day.round() as u64) },
            "a day, on average",
        ),
        (grouped(replay.events), "events read"),
        (format!("{silent} of {}", replay.alerts.len()), "alerts never raised"),
        (words::dollars(replay.cost.total), "a month, estimated"),
    ];
    html! {
        header {
            h1 { (title) }
            // Beside the two texts that `strong` escapes it has only numbers and dates.
            p { (PreEscaped(words::headline(replay, strong))) }
        }
        div class="tiles" {
            @for (number, what) in tiles {
                div class="tile" { b { (number) } span { (what) } }
            }
        }
    }
}

/// Alerts that were raised, the most frequent first.
fn raised(replay: &Replay) -> Vec<&AlertReplay> {
    let mut raised: Vec<&AlertReplay> =
        replay.alerts.iter().filter(|alert| alert.count > 0).collect();
    raised.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.id.cmp(&b.id)));
    raised
}

fn over_time(replay: &Replay) -> Markup {
    let raised = raised(replay);
    if raised.is_empty() {
        return nothing_raised(replay);
    }
    let Some(days) = replay.days else { return undated(&raised) };
    let buckets = Buckets::within(days, COLUMNS);
    let firsts: Vec<String> = buckets.spans().iter().map(|(first, _)| first.to_string()).collect();
    let series = series(&raised, &buckets);
    let undated_sum: u64 = raised.iter().map(|alert| alert.undated).sum();
    let title = format!("Alerts by {}", buckets.unit());
    html! {
        section {
            h2 { (title) }
            p { "How often each alert would have been raised." }
            @if undated_sum > 0 {
                p {
                    (times(undated_sum, "record has", "records have"))
                    " no time that can be read: the chart leaves them out, and the numbers below have them."
                }
            }
            div class="wide" { (chart::columns("time", &title, &firsts, &series)) }
            (legend(series.iter().map(|one| Entry {
                class: &one.class,
                name: &one.name,
                count: one.values.iter().sum::<u64>() + one.undated,
                share: None,
            })))
            (time_table(&buckets, &series))
        }
    }
}

fn nothing_raised(replay: &Replay) -> Markup {
    let text = match replay.is_incomplete() {
        true => {
            "No event that was read would have raised an alert; not everything was read or decided."
        }
        false => "No event in these logs would have raised an alert.",
    };
    html! { section { h2 { "Nothing was raised" } p { (text) } } }
}

/// What was raised, where no record says when.
fn undated(raised: &[&AlertReplay]) -> Markup {
    html! {
        section {
            h2 { "Alerts without a day" }
            p { "No record that raised an alert has a time that can be read." }
            div class="table" {
                table {
                    tr { th { "Days" } @for alert in raised { th class="n" { (plain(&alert.id)) } } }
                    tr {
                        td { "undated" }
                        @for alert in raised { td class="n" { (grouped(alert.undated)) } }
                    }
                }
            }
        }
    }
}

/// A series for each of the most frequent alerts, and one for the others together.
fn series(raised: &[&AlertReplay], buckets: &Buckets) -> Vec<Series> {
    let own = if raised.len() > COLOURS { COLOURS - 1 } else { raised.len() };
    let mut series: Vec<Series> = raised
        .iter()
        .take(own)
        .enumerate()
        .map(|(index, alert)| Series {
            name: alert.id.clone(),
            class: format!("s{index}"),
            values: buckets.sums(&alert.per_day),
            undated: alert.undated,
        })
        .collect();
    if raised.len() > own {
        let mut values = vec![0; buckets.spans().len()];
        for alert in &raised[own..] {
            for (sum, more) in values.iter_mut().zip(buckets.sums(&alert.per_day)) {
                *sum += more;
            }
        }
        let name = format!("{} others", raised.len() - own);
        let undated = raised[own..].iter().map(|alert| alert.undated).sum();
        series.push(Series { name, class: "rest".to_owned(), values, undated });
    }
    series
}

fn time_table(buckets: &Buckets, series: &[Series]) -> Markup {
    let label = |(first, last): &(_, _)| match first == last {
        true => format!("{first}"),
        false => format!("{first} – {last}"),
    };
    let numbers =
        |at: usize| series.iter().map(move |one| one.values.get(at).copied().unwrap_or(0));
    html! {
        details {
            summary { "The numbers as a table" }
            div class="table" {
                table {
                    tr { th { "Days" } @for one in series { th class="n" { (plain(&one.name)) } } }
                    @for (at, span) in buckets.spans().iter().enumerate() {
                        @if numbers(at).any(|number| number > 0) {
                            tr {
                                td { (label(span)) }
                                @for number in numbers(at) { td class="n" { (grouped(number)) } }
                            }
                        }
                    }
                    @if series.iter().any(|one| one.undated > 0) {
                        tr {
                            td { "undated" }
                            @for one in series { td class="n" { (grouped(one.undated)) } }
                        }
                    }
                }
            }
        }
    }
}

fn by_alert(replay: &Replay) -> Markup {
    let rows: Vec<Row> = raised(replay)
        .into_iter()
        .take(BARS)
        .map(|alert| Row {
            label: alert.id.clone(),
            note: format!("{} risk", alert.risk.as_str()),
            class: alert.risk.as_str().to_owned(),
            value: alert.count,
        })
        .collect();
    if rows.is_empty() {
        return Markup::default();
    }
    let risks = [Risk::Critical, Risk::High, Risk::Medium, Risk::Low];
    let entries = risks.map(|risk| {
        let of = replay.alerts.iter().filter(|alert| alert.risk == risk);
        let count = of.map(|alert| alert.count).sum();
        Entry { class: risk.as_str(), name: risk.as_str(), count, share: None }
    });
    html! {
        section {
            h2 { "By alert" }
            p { "Coloured by risk." }
            (chart::bars("alert", "How often each alert was raised", &rows))
            (legend(entries.into_iter().filter(|entry| entry.count > 0)))
        }
    }
}

/// Everybody over all alerts, the most frequent first.
fn principals(replay: &Replay) -> Vec<(&ByPrincipal, u64)> {
    type Key<'a> = (&'a Foreign, Option<&'a Foreign>, ActorKind);
    let mut sums: BTreeMap<Key<'_>, (&ByPrincipal, u64)> = BTreeMap::new();
    for by in replay.alerts.iter().flat_map(|alert| &alert.principals.top) {
        let key = (&by.name, by.through.as_ref(), by.kind);
        sums.entry(key).or_insert((by, 0)).1 += by.count;
    }
    let mut all: Vec<(&ByPrincipal, u64)> = sums.into_values().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.name.cmp(&b.0.name)));
    all
}

fn by_principal(replay: &Replay) -> Markup {
    let all = principals(replay);
    if all.is_empty() {
        return Markup::default();
    }
    let rows: Vec<Row> = all
        .iter()
        .take(BARS)
        .map(|(by, count)| Row {
            label: named(by),
            note: words::kind(by.kind).to_owned(),
            class: class(by.kind).to_owned(),
            value: *count,
        })
        .collect();
    let entries = words::actors(replay).into_iter().map(|(kind, count)| Entry {
        class: class(kind),
        name: words::kind(kind),
        count,
        share: None,
    });
    html! {
        section {
            h2 { "By principal" }
            p { "The noisiest, coloured by kind of actor." }
            (chart::bars("principal", "How often each principal raised an alert", &rows))
            (legend(entries))
        }
    }
}

fn by_actor(replay: &Replay) -> Markup {
    let rows: Vec<Row> = words::actors(replay)
        .into_iter()
        .map(|(kind, count)| Row {
            label: words::kind(kind).to_owned(),
            note: String::new(),
            class: class(kind).to_owned(),
            value: count,
        })
        .collect();
    if rows.is_empty() {
        return Markup::default();
    }
    let total: u64 = rows.iter().map(|row| row.value).sum();
    let entries = rows.iter().map(|row| Entry {
        class: &row.class,
        name: &row.label,
        count: row.value,
        share: Some(percent(row.value, total)),
    });
    html! {
        section {
            h2 { "By kind of actor" }
            p { "Who raised the alerts." }
            (chart::shares("actor", "Kinds of actors", &rows))
            (legend(entries))
        }
    }
}

fn class(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Person => "person",
        ActorKind::Application => "application",
        ActorKind::OtherAccount => "other-account",
        ActorKind::Service => "service",
        ActorKind::Unknown => "unknown",
    }
}

/// One line of a legend.
struct Entry<'a> {
    /// Of the style sheet.
    class: &'a str,
    name: &'a str,
    count: u64,
    share: Option<String>,
}

fn legend<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Markup {
    html! {
        ul class="legend" {
            @for Entry { class, name, count, share } in entries {
                li {
                    i class=(class) {}
                    (plain(name)) " " b { (grouped(count)) }
                    @if let Some(share) = share { " (" (share) ")" }
                }
            }
        }
    }
}

fn alerts(replay: &Replay) -> Markup {
    if replay.alerts.is_empty() {
        return Markup::default();
    }
    let buckets = replay.days.map(|days| Buckets::within(days, COLUMNS));
    html! {
        section {
            h2 { "All alerts" }
            div class="table" {
                table {
                    tr {
                        th { "Risk" } th { "Alert" } th class="n" { "Raised" }
                        th class="n" { "Repeats" } th { "Over time" }
                        th class="n" { "First" } th class="n" { "Last" }
                    }
                    @for alert in &replay.alerts { (alert_row(alert, buckets.as_ref())) }
                }
            }
            @for alert in &replay.alerts {
                @let lines = words::about(alert);
                @if !lines.is_empty() {
                    h3 { (plain(&alert.id)) }
                    ul class="notes" { @for line in lines { li { (plain(&line)) "." } } }
                }
            }
        }
    }
}

fn alert_row(alert: &AlertReplay, buckets: Option<&Buckets>) -> Markup {
    let risk = alert.risk.as_str();
    let title = format!("{} over time", alert.id);
    let spark = buckets
        .filter(|_| alert.count > 0)
        .map(|buckets| chart::spark(&buckets.sums(&alert.per_day), risk, &title));
    let time =
        |at: &Option<String>| at.as_deref().map_or("–".to_owned(), |at| at.replace('T', " "));
    html! {
        tr {
            td class="risk" { i class=(risk) {} (risk) }
            td class="long" { (plain(&alert.id)) small { (plain(&alert.title)) } }
            td class="n" { (words::raised(alert)) }
            td class="n" { (grouped(alert.duplicates)) }
            td {
                @match spark {
                    Some(spark) => (spark),
                    None => span class="none" { "–" },
                }
            }
            td class="n" { (time(&alert.first)) }
            td class="n" { (time(&alert.last)) }
        }
    }
}

fn principal_table(replay: &Replay) -> Markup {
    if replay.alerts.iter().all(|alert| alert.principals.top.is_empty()) {
        return Markup::default();
    }
    html! {
        section {
            h2 { "Principals" }
            details {
                summary { "Every alert with its most frequent principals" }
                div class="table" {
                    table {
                        tr {
                            th { "Alert" } th { "Principal" } th { "Kind of actor" }
                            th class="n" { "Raised" }
                        }
                        @for alert in &replay.alerts {
                            @for by in &alert.principals.top {
                                tr {
                                    td { (plain(&alert.id)) }
                                    td class="long" { (plain(&named(by))) }
                                    td { (words::kind(by.kind)) }
                                    td class="n" { (grouped(by.count)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn suggestions(replay: &Replay) -> Markup {
    if replay.alerts.iter().all(|alert| alert.suggestions.is_empty()) {
        return Markup::default();
    }
    // Line ends are the one control character that is wanted here.
    let lines = |text: &str| text.lines().map(plain).collect::<Vec<_>>().join("\n");
    html! {
        section {
            h2 { "Less noise" }
            p {
                "Entries for an alert’s " code { "except:" } ". Nobody hears of an excepted \
                identity any more, not even when somebody else uses it."
            }
            @for alert in &replay.alerts {
                @for suggestion in &alert.suggestions {
                    h3 { (plain(&alert.id)) }
                    (plain(&words::suggestion(suggestion)))
                    pre { (lines(&suggestion.except)) }
                }
            }
        }
    }
}

fn bursts(replay: &Replay) -> Markup {
    if replay.bursts.seconds == 0 {
        return Markup::default();
    }
    html! {
        section class="bad" {
            h2 { "Bursts" }
            p { (words::bursts(replay)) }
            div class="table" {
                table {
                    tr { th { "Second" } th { "What" } }
                    @for burst in &replay.bursts.top {
                        tr {
                            td class="n" { (burst.at) }
                            td class="long" { (plain(&words::burst(burst))) }
                        }
                    }
                }
            }
        }
    }
}

fn cost(replay: &Replay) -> Markup {
    if replay.cost.items.is_empty() {
        return Markup::default();
    }
    html! {
        section {
            h2 { "A month would cost" }
            p { (sentence(&words::cost_basis(&replay.cost))) "." }
            div class="table" {
                table {
                    @for item in &replay.cost.items {
                        tr {
                            td class="n" { (words::dollars(item.cost)) }
                            td class="long" { (words::cost_item(item)) }
                        }
                    }
                    tr {
                        td class="n" { b { (words::dollars(replay.cost.total)) } }
                        td { "in all" }
                    }
                }
            }
        }
    }
}

fn left_out(replay: &Replay) -> Markup {
    let lines = words::remarks(replay);
    if lines.is_empty() {
        return Markup::default();
    }
    html! {
        section {
            h2 { "Left out" }
            ul class="notes" { @for line in lines { li { (plain(&sentence(&line))) "." } } }
        }
    }
}

fn incomplete(replay: &Replay) -> Markup {
    let undecided = words::undecided(replay);
    if replay.skipped.broken == 0 {
        return undecided.map_or_else(Markup::default, |line| {
            html! { section class="bad" { h2 { "Incomplete" } p { (plain(&line)) "." } } }
        });
    }
    html! {
        section class="bad" {
            h2 { "Incomplete" }
            @if let Some(line) = undecided { p { (plain(&line)) "." } }
            p {
                (times(replay.skipped.broken, "file or record", "files or records"))
                " could not be read."
            }
            ul class="notes" {
                @for part in &replay.files.broken { li { (words::broken(part)) } }
            }
        }
    }
}

/// A principal, and the service that it called through.
fn named(by: &ByPrincipal) -> String {
    let through = by.through.as_ref().map(|service| format!(" through {}", said(service)));
    format!("{}{}", said(&by.name), through.unwrap_or_default())
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
