//! The sentences that all forms of the report share.

use ctguard_core::replay::cost::{Cost, CostItem, Item};
use ctguard_core::replay::suggest::Suggestion;
use ctguard_core::replay::{
    ActorKind, AlertReplay, BrokenPart, Burst, ByPrincipal, IDS_MOST, PRINCIPALS_MOST, Replay,
    SECONDS_MOST,
};
use eventbridge_pattern::archive::PassedOver;
use std::collections::BTreeMap;

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 event`, `2,000 events`.
pub fn times(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// How often an alert was raised; rows that do not tell may raise it more often.
pub fn raised(alert: &AlertReplay) -> String {
    match alert.undecided.is_empty() {
        true => grouped(alert.count),
        false => format!("{} or more", grouped(alert.count)),
    }
}

/// Text from a log: whoever is in the logs chose it.
pub use crate::report::screen::{plain, said};

/// What the whole report says, in one sentence.
pub fn headline(replay: &Replay, strong: impl Fn(&str) -> String) -> String {
    let of_days = replay.days.map_or_else(String::new, |days| match days.count {
        1 => format!(" of {}", days.first),
        many => format!(" of {} days ({} to {})", grouped(many.into()), days.first, days.last),
    });
    let elsewhere = match replay.uncovered {
        0 => String::new(),
        number => format!(
            " {} in accounts and regions that it does not cover.",
            times(number, "more record matches", "more records match")
        ),
    };
    format!(
        "Blueprint {}: its {} would have been raised {} in {}{of_days}.{elsewhere}",
        strong(&replay.blueprint),
        times(replay.alerts.len() as u64, "alert", "alerts"),
        strong(&times(replay.raised, "time", "times")),
        times(replay.events, "event", "events"),
    )
}

pub fn kind(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Person => "a person",
        ActorKind::Application => "an application's credentials",
        ActorKind::OtherAccount => "another account",
        ActorKind::Service => "an AWS service",
        ActorKind::Unknown => "not said",
    }
}

/// Counts by kind of actor over all alerts, in the order of the kinds.
pub fn actors(replay: &Replay) -> Vec<(ActorKind, u64)> {
    let mut sums: BTreeMap<ActorKind, u64> = BTreeMap::new();
    for (kind, count) in replay.alerts.iter().flat_map(|alert| &alert.actors) {
        *sums.entry(*kind).or_default() += count;
    }
    sums.into_iter().collect()
}

pub fn principal(by: &ByPrincipal) -> String {
    let through = by.through.as_ref().map(|service| format!(" through {}", said(service)));
    format!("{}{} ({})", said(&by.name), through.unwrap_or_default(), kind(by.kind))
}

/// What is remarkable about an alert.
pub fn about(alert: &AlertReplay) -> Vec<String> {
    let mut lines = Vec::new();
    if alert.failed > 0 {
        lines.push(format!("telling of a failure: {} of these", grouped(alert.failed)));
    }
    if alert.duplicates > 0 {
        lines.push(format!(
            "repeats of an action that was recorded more than once: {} of these",
            grouped(alert.duplicates)
        ));
    }
    if alert.undated > 0 {
        lines.push(format!("without a time that can be read: {} of these", grouped(alert.undated)));
    }
    for (field, count) in &alert.undecided {
        lines.push(format!(
            "undecided in {}: their table has no column for `{}`, which the alert asks for; select it, or replay the log files",
            times(*count, "row", "rows"),
            plain(field)
        ));
    }
    for (code, count) in &alert.undelivered {
        let why = match code.as_str() {
            "read-only" => {
                "read-only management events, which a rule in state ENABLED is not given"
            }
            "too-large" => "above 256 KB, which CloudTrail does not send to EventBridge",
            "account-omits" => "of accounts that leave the alert out",
            "unknown-type" => UNKNOWN_TYPE,
            "not-a-record" => "without the name or the source that every record has",
            other => other,
        };
        let matched = times(*count, "record more matches", "records more match");
        lines.push(format!("{matched} and would not have been delivered: {why}"));
    }
    for (code, count) in &alert.notes {
        let what = match code.as_str() {
            "fields-missing" => {
                "without fields that today's records have, for which the catalogue and the name stood in"
            }
            "lands-elsewhere" => "naming a region where events of the service do not land today",
            "data-selector" => "data events, which a trail's selectors must record",
            "network-selector" => "network activity events, which a trail's selectors must record",
            "insight-selector" => "Insights events, for which a trail must have Insights enabled",
            "account-not-covered" => {
                "from accounts that the blueprint does not cover, so that no rule stands there"
            }
            "region-not-covered" => {
                "from regions that the blueprint does not cover, so that no rule stands there"
            }
            "nobody-notified" => "told to nobody, since the alert has no destination",
            other => other,
        };
        lines.push(format!("{what}: {} of these", grouped(*count)));
    }
    lines
}

/// Most events of a suggestion that are named.
const EVENTS_SHOWN: usize = 5;

pub fn suggestion(suggestion: &Suggestion) -> String {
    let silences = if suggestion.silences { "; this would silence the alert" } else { "" };
    format!(
        "an exception for {} would leave out {} ({} %){silences}; of these logs it hides {}:",
        said(&suggestion.principal),
        grouped(suggestion.leaves_out),
        suggestion.percent,
        hidden(suggestion)
    )
}

/// What an exception hides, by event, and of it failures and people.
fn hidden(suggestion: &Suggestion) -> String {
    let events = &suggestion.events;
    let named = events.top.iter().take(EVENTS_SHOWN);
    let mut parts: Vec<String> =
        named.map(|by| format!("{} {}", grouped(by.count), said(&by.name))).collect();
    let others =
        events.top.iter().skip(EVENTS_SHOWN).map(|by| by.count).sum::<u64>() + events.others;
    if others > 0 {
        parts.push(format!("{} other events", grouped(others)));
    }
    let mut all = parts.join(", ");
    if suggestion.failed > 0 {
        all.push_str(&format!(" ({} failed)", grouped(suggestion.failed)));
    }
    for (by, count) in suggestion.actors.iter().filter(|(by, _)| **by != suggestion.kind) {
        all.push_str(&format!(", {} of them by {}", grouped(*count), kind(*by)));
    }
    all
}

pub fn bursts(replay: &Replay) -> String {
    let bursts = &replay.bursts;
    format!(
        "In {} a topic would have sent more than {} e-mails to each address: SNS suspends an address that gets more.",
        times(bursts.seconds, "second", "seconds"),
        bursts.limit_per_second
    )
}

pub fn burst(burst: &Burst) -> String {
    let place = burst.place.as_ref().map(|place| format!(" in {}", plain(place)));
    let sent = times(burst.messages, "message", "messages");
    format!("{sent} to {}{}", burst.destination, place.unwrap_or_default())
}

pub fn dollars(amount: f64) -> String {
    if amount > 0.0 && amount < 0.01 { "< $0.01".to_owned() } else { format!("${amount:.2}") }
}

pub fn cost_item(item: &CostItem) -> String {
    let what = match item.item {
        Item::SnsPublish => "messages to topics",
        Item::SnsEmail => "e-mails",
        Item::SnsHttp => "messages to URLs and chat channels",
        Item::CrossBus => "events to the hub's bus",
        Item::StateTransition => "state transitions, two for each mail that is composed",
    };
    format!("{} {what}, at ${:.2} a million", grouped(item.a_month), item.per_million)
}

pub fn cost_basis(cost: &Cost) -> String {
    format!(
        "an estimate from {}, at {}, before AWS's free allowances",
        times(cost.from_days.into(), "day", "days"),
        cost.prices
    )
}

/// Which alerts are not decided.
pub fn undecided(replay: &Replay) -> Option<String> {
    let unclear = replay.alerts.iter().filter(|alert| !alert.undecided.is_empty());
    let names: Vec<&str> = unclear.map(|alert| alert.id.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} undecided, since tables lack the columns that they ask for: {}",
            times(names.len() as u64, "alert is", "alerts are"),
            names.join(", ")
        )
    })
}

const UNKNOWN_TYPE: &str = "of a type that EventBridge is not given, as far as is known";

/// What was left out of the report.
pub fn remarks(replay: &Replay) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(lookup) = &replay.lookup {
        let places = times(lookup.places, "place", "places");
        lines.push(format!(
            "these are the event histories of {places} from {} to {}; they have management events only, no data events",
            lookup.from, lookup.to
        ));
    }
    let skipped = &replay.skipped;
    if skipped.files > 0 {
        let files = times(skipped.files, "file", "files");
        lines.push(format!(
            "{files} not opened: their names say that they were delivered outside of the period"
        ));
    }
    for (kind, count) in &skipped.passed_over {
        lines.push(passed_over(kind, *count));
    }
    for (code, count) in &skipped.undelivered {
        let why = match code.as_str() {
            "unknown-type" => UNKNOWN_TYPE,
            other => other,
        };
        let records = times(*count, "record", "records");
        lines.push(format!("{records} not delivered to any rule, whatever the alerts ask: {why}"));
    }
    if skipped.outside > 0 {
        let records = times(skipped.outside, "record", "records");
        lines.push(format!("{records} matched and lay outside of what was asked for"));
    }
    let sampled = replay.sampled;
    for (one_in, most, what, then) in [
        (
            sampled.principals,
            PRINCIPALS_MOST,
            "pairs of alert and principal",
            "the rest counts as others",
        ),
        (sampled.places, PRINCIPALS_MOST, "pairs of alert and place", "the rest counts as others"),
        (sampled.actions, IDS_MOST, "actions", "repeats are an estimate"),
        (
            sampled.seconds,
            SECONDS_MOST,
            "seconds",
            "the number of bursts is an estimate, and the worst may be missing",
        ),
    ] {
        if one_in > 1 {
            lines.push(format!(
                "there were more than {} {what}, so only one in {one_in} was remembered: {then}",
                grouped(most as u64)
            ));
        }
    }
    lines
}

pub fn broken(part: &BrokenPart) -> String {
    let record = part.record.map(|number| format!(", record {number}")).unwrap_or_default();
    let line = part.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    format!("{}{record}{line}: {}", plain(&part.path), plain(&part.why))
}

/// What was passed over, and how that is known.
pub fn passed_over(kind: &str, count: u64) -> String {
    let why = PassedOver::why_named(kind).unwrap_or("no events are in it");
    format!("{} of kind {kind} passed over: {why}", times(count, "part", "parts"))
}

/// A row of blocks, as high as the numbers say.
pub fn sparkline(numbers: &[u64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = u128::from(numbers.iter().copied().max().unwrap_or(0).max(1));
    let block = |number: &u64| match number {
        0 => '·',
        _ => BLOCKS[((u128::from(*number) * 8).div_ceil(most) as usize).clamp(1, 8) - 1],
    };
    numbers.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        let all = [0, 999, 1_000, 12_345, 1_234_567].map(grouped);
        assert_eq!(all, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn names_from_logs_cannot_move_the_cursor_or_turn_the_line() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(plain("user/zoë"), "user/zoë");
    }

    #[test]
    fn a_row_of_blocks_tells_nothing_from_little() {
        assert_eq!(sparkline(&[0, 1, 50, 100]), "·▁▄█");
        assert_eq!(sparkline(&[0, 0]), "··");
    }
}
