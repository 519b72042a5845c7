//! A replay as one page: charts first, then tables with the same numbers. It needs no other file, runs no script,
//! and says so to the browser.

use super::buckets::Buckets;
use super::chart::{self, Row, Series, escape, percent};
use super::style::STYLE;
use super::words::{self, grouped, times};
use ctguard_core::blueprint::Risk;
use ctguard_core::replay::{ActorKind, AlertReplay, ByPrincipal, Replay};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Columns over time.
const COLUMNS: usize = 93;
/// Alerts with a colour of their own; the others share one.
const COLOURS: usize = 8;
/// Bars of a chart.
const BARS: usize = 12;

/// Renders the page.
pub fn render(replay: &Replay) -> String {
    let title = format!("Replay of {}", replay.blueprint);
    let mut body = String::new();
    head(&mut body, replay, &title);
    over_time(&mut body, replay);
    let _ = write!(body, "<div class=\"pair\">");
    by_alert(&mut body, replay);
    by_principal(&mut body, replay);
    let _ = write!(body, "</div>");
    by_actor(&mut body, replay);
    alerts(&mut body, replay);
    suggestions(&mut body, replay);
    bursts(&mut body, replay);
    cost(&mut body, replay);
    rest(&mut body, replay);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"generator\" content=\"ctguard\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}<footer>Counts are of records in the logs that were read. Judged as of {}.</footer>\n</main>\n</body>\n</html>\n",
        escape(&title),
        replay.as_of
    )
}

fn head(out: &mut String, replay: &Replay, title: &str) {
    let strong = |text: &str| format!("<b>{}</b>", escape(text));
    let _ = writeln!(
        out,
        "<header><h1>{}</h1><p>{}</p></header>",
        escape(title),
        words::headline(replay, strong)
    );
    let days = replay.days.map_or(0, |days| days.count);
    let a_day = replay.raised as f64 / f64::from(days.max(1));
    let silent = replay.alerts.iter().filter(|alert| alert.count == 0).count();
    let tiles = [
        (grouped(replay.raised), "times raised".to_owned()),
        (
            if a_day < 10.0 { format!("{a_day:.1}") } else { grouped(a_day.round() as u64) },
            "a day, on average".to_owned(),
        ),
        (grouped(replay.events), "events read".to_owned()),
        (format!("{silent} of {}", replay.alerts.len()), "alerts never raised".to_owned()),
        (words::dollars(replay.cost.total), "a month, estimated".to_owned()),
    ];
    let _ = write!(out, "<div class=\"tiles\">");
    for (number, what) in tiles {
        let _ =
            write!(out, "<div class=\"tile\"><b>{}</b><span>{what}</span></div>", escape(&number));
    }
    let _ = writeln!(out, "</div>");
}

/// Alerts that were raised, the most frequent first.
fn raised(replay: &Replay) -> Vec<&AlertReplay> {
    let mut raised: Vec<&AlertReplay> =
        replay.alerts.iter().filter(|alert| alert.count > 0).collect();
    raised.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.id.cmp(&b.id)));
    raised
}

fn over_time(out: &mut String, replay: &Replay) {
    let raised = raised(replay);
    let Some(days) = replay.days.filter(|_| !raised.is_empty()) else {
        let _ = writeln!(
            out,
            "<section><h2>Nothing was raised</h2><p>No event in these logs would have raised an alert.</p></section>"
        );
        return;
    };
    let buckets = Buckets::within(days, COLUMNS);
    let labels: Vec<String> = buckets
        .spans()
        .iter()
        .map(
            |(first, last)| {
                if first == last { first.to_string() } else { format!("{first} – {last}") }
            },
        )
        .collect();
    let short: Vec<String> = buckets.spans().iter().map(|(first, _)| first.to_string()).collect();
    let own = if raised.len() > COLOURS { COLOURS - 1 } else { raised.len() };
    let mut series: Vec<Series> = raised
        .iter()
        .take(own)
        .enumerate()
        .map(|(index, alert)| Series {
            name: alert.id.clone(),
            class: format!("s{index}"),
            values: buckets.sums(&alert.per_day),
        })
        .collect();
    if raised.len() > own {
        let mut values = vec![0; labels.len()];
        for alert in &raised[own..] {
            for (sum, more) in values.iter_mut().zip(buckets.sums(&alert.per_day)) {
                *sum += more;
            }
        }
        let name = format!("{} others", raised.len() - own);
        series.push(Series { name, class: "rest".to_owned(), values });
    }
    let title = format!("Alerts by {}", buckets.unit());
    let _ = write!(
        out,
        "<section><h2>{title}</h2><p>How often each alert would have been raised.</p><div class=\"wide\">{}</div>",
        chart::columns("time", &title, &short, &series)
    );
    legend(
        out,
        series
            .iter()
            .map(|one| (one.class.as_str(), one.name.clone(), one.values.iter().sum(), None)),
    );
    time_table(out, &labels, &series);
    let _ = writeln!(out, "</section>");
}

fn time_table(out: &mut String, labels: &[String], series: &[Series]) {
    let _ = write!(
        out,
        "<details><summary>The numbers as a table</summary><div class=\"table\"><table><tr><th>Days</th>"
    );
    for one in series {
        let _ = write!(out, "<th class=\"n\">{}</th>", escape(&one.name));
    }
    let _ = write!(out, "</tr>");
    for (at, label) in labels.iter().enumerate() {
        let numbers: Vec<u64> =
            series.iter().map(|one| one.values.get(at).copied().unwrap_or(0)).collect();
        if numbers.iter().all(|number| *number == 0) {
            continue;
        }
        let _ = write!(out, "<tr><td>{}</td>", escape(label));
        for number in numbers {
            let _ = write!(out, "<td class=\"n\">{}</td>", grouped(number));
        }
        let _ = write!(out, "</tr>");
    }
    let _ = write!(out, "</table></div></details>");
}

fn by_alert(out: &mut String, replay: &Replay) {
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
        return;
    }
    let _ = write!(
        out,
        "<section><h2>By alert</h2><p>Coloured by risk.</p>{}",
        chart::bars("alert", "How often each alert was raised", &rows)
    );
    let risks = [Risk::Critical, Risk::High, Risk::Medium, Risk::Low];
    let sums = risks.map(|risk| {
        let of = replay.alerts.iter().filter(|alert| alert.risk == risk);
        (risk.as_str(), risk.as_str().to_owned(), of.map(|alert| alert.count).sum::<u64>(), None)
    });
    legend(out, sums.into_iter().filter(|(_, _, sum, _)| *sum > 0));
    let _ = writeln!(out, "</section>");
}

/// Everybody over all alerts, the most frequent first.
fn principals(replay: &Replay) -> Vec<(&ByPrincipal, u64)> {
    let mut sums: BTreeMap<(&str, Option<&str>, ActorKind), (&ByPrincipal, u64)> = BTreeMap::new();
    for by in replay.alerts.iter().flat_map(|alert| &alert.principals.top) {
        let key = (by.name.as_str(), by.through.as_deref(), by.kind);
        sums.entry(key).or_insert((by, 0)).1 += by.count;
    }
    let mut all: Vec<(&ByPrincipal, u64)> = sums.into_values().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.name.cmp(&b.0.name)));
    all
}

fn by_principal(out: &mut String, replay: &Replay) {
    let all = principals(replay);
    if all.is_empty() {
        return;
    }
    let rows: Vec<Row> = all
        .iter()
        .take(BARS)
        .map(|(by, count)| {
            let through = by.through.as_ref().map(|service| format!(" through {service}"));
            Row {
                label: format!("{}{}", by.name, through.unwrap_or_default()),
                note: words::kind(by.kind).to_owned(),
                class: class(by.kind).to_owned(),
                value: *count,
            }
        })
        .collect();
    let _ = write!(
        out,
        "<section><h2>By principal</h2><p>The noisiest, coloured by kind of actor.</p>{}",
        chart::bars("principal", "How often each principal raised an alert", &rows)
    );
    let kinds = words::actors(replay).into_iter();
    legend(
        out,
        kinds.map(|(kind, count)| (class(kind), words::kind(kind).to_owned(), count, None)),
    );
    let _ = writeln!(out, "</section>");
}

fn by_actor(out: &mut String, replay: &Replay) {
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
        return;
    }
    let total: u64 = rows.iter().map(|row| row.value).sum();
    let _ = write!(
        out,
        "<section><h2>By kind of actor</h2><p>Who raised the alerts.</p>{}",
        chart::shares("actor", "Kinds of actors", &rows)
    );
    legend(
        out,
        rows.iter().map(|row| {
            (row.class.as_str(), row.label.clone(), row.value, Some(percent(row.value, total)))
        }),
    );
    let _ = writeln!(out, "</section>");
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

fn legend<'a>(
    out: &mut String,
    entries: impl Iterator<Item = (&'a str, String, u64, Option<String>)>,
) {
    let _ = write!(out, "<ul class=\"legend\">");
    for (class, name, count, share) in entries {
        let share = share.map(|share| format!(" ({share})")).unwrap_or_default();
        let _ = write!(
            out,
            "<li><i class=\"{class}\"></i>{} <b>{}</b>{}</li>",
            escape(&name),
            grouped(count),
            escape(&share)
        );
    }
    let _ = write!(out, "</ul>");
}

fn alerts(out: &mut String, replay: &Replay) {
    if replay.alerts.is_empty() {
        return;
    }
    let buckets = replay.days.map(|days| Buckets::within(days, COLUMNS));
    let _ = write!(
        out,
        "<section><h2>All alerts</h2><div class=\"table\"><table><tr><th>Risk</th><th>Alert</th><th class=\"n\">Raised</th><th class=\"n\">Repeats</th><th>Over time</th><th class=\"n\">First</th><th class=\"n\">Last</th></tr>"
    );
    for alert in &replay.alerts {
        let risk = alert.risk.as_str();
        let spark = buckets.filter(|_| alert.count > 0).map(|buckets| {
            chart::spark(&buckets.sums(&alert.per_day), risk, &format!("{} over time", alert.id))
        });
        let time =
            |at: &Option<String>| at.as_deref().map_or("–".to_owned(), |at| at.replace('T', " "));
        let _ = write!(
            out,
            "<tr><td class=\"risk\"><i class=\"{risk}\"></i>{risk}</td><td class=\"long\">{}<small>{}</small></td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escape(&alert.id),
            escape(&alert.title),
            grouped(alert.count),
            grouped(alert.duplicates),
            spark.unwrap_or_else(|| "<span class=\"none\">–</span>".to_owned()),
            time(&alert.first),
            time(&alert.last),
        );
    }
    let _ = write!(out, "</table></div>");
    for alert in &replay.alerts {
        let lines = words::about(alert);
        if lines.is_empty() {
            continue;
        }
        let _ = write!(out, "<h3>{}</h3><ul class=\"notes\">", escape(&alert.id));
        for line in lines {
            let _ = write!(out, "<li>{}.</li>", escape(&line));
        }
        let _ = write!(out, "</ul>");
    }
    let _ = writeln!(out, "</section>");
    principal_table(out, replay);
}

fn principal_table(out: &mut String, replay: &Replay) {
    let rows = || {
        replay
            .alerts
            .iter()
            .flat_map(|alert| alert.principals.top.iter().map(move |by| (alert, by)))
    };
    if rows().next().is_none() {
        return;
    }
    let _ = write!(
        out,
        "<section><h2>Principals</h2><details><summary>Every alert with its most frequent principals</summary><div class=\"table\"><table><tr><th>Alert</th><th>Principal</th><th>Kind of actor</th><th class=\"n\">Raised</th></tr>"
    );
    for (alert, by) in rows() {
        let through = by.through.as_ref().map(|service| format!(" through {service}"));
        let _ = write!(
            out,
            "<tr><td>{}</td><td class=\"long\">{}{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            escape(&alert.id),
            escape(&by.name),
            escape(&through.unwrap_or_default()),
            words::kind(by.kind),
            grouped(by.count)
        );
    }
    let _ = writeln!(out, "</table></div></details></section>");
}

fn suggestions(out: &mut String, replay: &Replay) {
    if replay.alerts.iter().all(|alert| alert.suggestions.is_empty()) {
        return;
    }
    let _ = write!(
        out,
        "<section><h2>Less noise</h2><p>Entries for an alert’s <code>except:</code>. Nobody hears of an excepted identity any more, not even when somebody else uses it.</p>"
    );
    for alert in &replay.alerts {
        for suggestion in &alert.suggestions {
            let _ = write!(
                out,
                "<h3>{}</h3>{}<pre>{}</pre>",
                escape(&alert.id),
                escape(&words::suggestion(suggestion)),
                // Only printable ASCII and line ends; what `escape` does to line ends is not wanted.
                suggestion.except.lines().map(escape).collect::<Vec<_>>().join("\n")
            );
        }
    }
    let _ = writeln!(out, "</section>");
}

fn bursts(out: &mut String, replay: &Replay) {
    if replay.bursts.seconds == 0 {
        return;
    }
    let _ = write!(
        out,
        "<section class=\"bad\"><h2>Bursts</h2><p>{}</p><div class=\"table\"><table><tr><th>Second</th><th>What</th></tr>",
        escape(&words::bursts(replay))
    );
    for burst in &replay.bursts.top {
        let _ = write!(
            out,
            "<tr><td class=\"n\">{}</td><td class=\"long\">{}</td></tr>",
            burst.at,
            escape(&words::burst(burst))
        );
    }
    let _ = writeln!(out, "</table></div></section>");
}

fn cost(out: &mut String, replay: &Replay) {
    if replay.cost.items.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<section><h2>A month would cost</h2><p>{}.</p><div class=\"table\"><table>",
        escape(&sentence(&words::cost_basis(&replay.cost)))
    );
    for item in &replay.cost.items {
        let _ = write!(
            out,
            "<tr><td class=\"n\">{}</td><td class=\"long\">{}</td></tr>",
            escape(&words::dollars(item.cost)),
            escape(&words::cost_item(item))
        );
    }
    let total = escape(&words::dollars(replay.cost.total));
    let _ = writeln!(
        out,
        "<tr><td class=\"n\"><b>{total}</b></td><td>in all</td></tr></table></div></section>"
    );
}

fn rest(out: &mut String, replay: &Replay) {
    let lines = words::remarks(replay);
    if !lines.is_empty() {
        let _ = write!(out, "<section><h2>Left out</h2><ul class=\"notes\">");
        for line in lines {
            let _ = write!(out, "<li>{}.</li>", escape(&sentence(&line)));
        }
        let _ = writeln!(out, "</ul></section>");
    }
    if replay.skipped.broken > 0 {
        let what = times(replay.skipped.broken, "file or record", "files or records");
        let _ = write!(
            out,
            "<section class=\"bad\"><h2>Incomplete</h2><p>{what} could not be read.</p><ul class=\"notes\">"
        );
        for part in &replay.files.broken {
            let _ = write!(out, "<li>{}</li>", escape(&words::broken(part)));
        }
        let _ = writeln!(out, "</ul></section>");
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
