//! Charts as inline SVG: columns over time, bars, one bar of shares, and small columns for a table.
//!
//! Each has a title and a description for those who do not see it, each part a title of its own, and nothing is
//! told by colour alone. Classes carry the colours, so that the page decides what is light and what is dark.

use super::words::{grouped, plain};
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;

/// Numbers of one name, one for each column.
#[derive(Debug, Clone)]
pub struct Series {
    pub name: String,
    /// Of the style sheet.
    pub class: String,
    pub values: Vec<u64>,
    /// What is in no column.
    pub undated: u64,
}

/// One bar.
#[derive(Debug, Clone)]
pub struct Row {
    pub label: String,
    /// What the colour says, in words.
    pub note: String,
    pub class: String,
    pub value: u64,
}

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;
/// Most labels below the columns.
const LABELS: usize = 8;

/// Columns over time, one on top of the other.
pub fn columns(id: &str, title: &str, labels: &[String], series: &[Series]) -> Markup {
    let sums: Vec<u64> = (0..labels.len())
        .map(|at| series.iter().filter_map(|one| one.values.get(at)).sum())
        .collect();
    let (step, top) = scale(sums.iter().copied().max().unwrap_or(0));
    let (plot_width, plot_height) = (WIDTH - LEFT - 8.0, HEIGHT - TOP - BOTTOM);
    let y = |value: u64| TOP + plot_height * (1.0 - value as f64 / top as f64);
    let slot = plot_width / labels.len().max(1) as f64;
    let (gap, width) = (slot * 0.14, (slot * 0.72).min(56.0));
    let gap = gap.max((slot - width) / 2.0);
    let mut svg = open(id, title, &described(labels, &sums), WIDTH, HEIGHT);
    for line in (0..=top / step).map(|line| line * step) {
        let at = y(line);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - 8.0,
            LEFT - 8.0,
            at + 4.0,
            grouped(line)
        );
    }
    let every = labels.len().div_ceil(LABELS).max(1);
    for (at, label) in labels.iter().enumerate() {
        let x = LEFT + slot * at as f64;
        let mut base = 0;
        for one in series {
            let value = one.values.get(at).copied().unwrap_or(0);
            if value == 0 {
                continue;
            }
            let (from, to) = (y(base), y(base + value));
            base += value;
            let _ = write!(
                svg,
                "<rect class=\"{}\" x=\"{:.1}\" y=\"{to:.1}\" width=\"{width:.1}\" height=\"{:.1}\"><title>{}, {}: {}</title></rect>",
                one.class,
                x + gap,
                (from - to).max(0.5),
                escape(label),
                escape(&one.name),
                grouped(value)
            );
        }
        if at % every == 0 {
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                x + slot / 2.0,
                HEIGHT - 12.0,
                escape(label)
            );
        }
    }
    svg.push_str("</svg>");
    PreEscaped(svg)
}

/// One bar below the other, the label above each, so that long names have room.
pub fn bars(id: &str, title: &str, rows: &[Row]) -> Markup {
    const ROW: f64 = 40.0;
    const WIDE: f64 = 560.0;
    /// About as many characters as fit.
    const LABEL: usize = 68;
    let height = ROW * rows.len() as f64 + 2.0;
    let most = rows.iter().map(|row| row.value).max().unwrap_or(0).max(1);
    let described: Vec<String> =
        rows.iter().map(|row| format!("{}: {}", row.label, grouped(row.value))).collect();
    let mut svg = open(id, title, &described.join("; "), WIDE, height);
    for (index, row) in rows.iter().enumerate() {
        let top = ROW * index as f64;
        let length = (WIDE * row.value as f64 / most as f64).max(2.0);
        let _ = write!(
            svg,
            "<g><title>{} ({}): {}</title><text class=\"label\" x=\"0\" y=\"{:.1}\">{}</text><text class=\"value\" x=\"{WIDE}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><rect class=\"track\" x=\"0\" y=\"{:.1}\" width=\"{WIDE}\" height=\"10\" rx=\"3\"/><rect class=\"{}\" x=\"0\" y=\"{:.1}\" width=\"{length:.1}\" height=\"10\" rx=\"3\"/></g>",
            escape(&row.label),
            escape(&row.note),
            grouped(row.value),
            top + 15.0,
            escape(&fitting(&row.label, LABEL)),
            top + 15.0,
            grouped(row.value),
            top + 21.0,
            row.class,
            top + 21.0
        );
    }
    svg.push_str("</svg>");
    PreEscaped(svg)
}

/// One bar, shared out.
pub fn shares(id: &str, title: &str, rows: &[Row]) -> Markup {
    const HIGH: f64 = 30.0;
    let total: u64 = rows.iter().map(|row| row.value).sum::<u64>().max(1);
    let described: Vec<String> = rows
        .iter()
        .map(|row| format!("{}: {} ({})", row.label, grouped(row.value), percent(row.value, total)))
        .collect();
    let mut svg = open(id, title, &described.join("; "), WIDTH, HIGH);
    let mut x = 0.0;
    for (row, described) in rows.iter().zip(&described) {
        let width = WIDTH * row.value as f64 / total as f64;
        let _ = write!(
            svg,
            "<rect class=\"{}\" x=\"{x:.1}\" y=\"0\" width=\"{:.1}\" height=\"{HIGH}\" rx=\"3\"><title>{}</title></rect>",
            row.class,
            (width - 2.0).max(1.0),
            escape(described)
        );
        x += width;
    }
    svg.push_str("</svg>");
    PreEscaped(svg)
}

/// Small columns for the row of a table.
pub fn spark(values: &[u64], class: &str, title: &str) -> Markup {
    const WIDE: f64 = 140.0;
    const HIGH: f64 = 26.0;
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let slot = WIDE / values.len().max(1) as f64;
    let mut svg = format!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDE} {HIGH}\" role=\"img\" aria-label=\"{}\">",
        escape(title)
    );
    for (at, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
        let high = (HIGH * *value as f64 / most as f64).max(1.5);
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{:.2}\" y=\"{:.1}\" width=\"{:.2}\" height=\"{high:.1}\"/>",
            slot * at as f64,
            HIGH - high,
            (slot * 0.8).clamp(0.6, 12.0)
        );
    }
    svg.push_str("</svg>");
    PreEscaped(svg)
}

/// What share of the total a number is.
pub fn percent(value: u64, total: u64) -> String {
    let share = value as f64 * 100.0 / total.max(1) as f64;
    match value {
        0 => "0 %".to_owned(),
        _ if share < 1.0 => "< 1 %".to_owned(),
        _ => format!("{share:.0} %"),
    }
}

fn open(id: &str, title: &str, description: &str, width: f64, height: f64) -> String {
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-text\"><title id=\"{id}-title\">{}</title><desc id=\"{id}-text\">{}</desc>",
        escape(title),
        escape(description)
    )
}

fn described(labels: &[String], sums: &[u64]) -> String {
    let worst = labels.iter().zip(sums).max_by_key(|(_, sum)| **sum);
    worst.map_or_else(String::new, |(label, most)| {
        format!("{} columns; the highest is {label} with {}.", labels.len(), grouped(*most))
    })
}

/// The distance of grid lines, and the highest: 1, 2 or 5 times a power of ten, at most five steps.
fn scale(most: u64) -> (u64, u64) {
    let most = most.max(1);
    let mut power: u64 = 1;
    loop {
        for step in [1, 2, 5].map(|factor: u64| factor.saturating_mul(power)) {
            if most.div_ceil(step) <= 5 {
                return (step, step.saturating_mul(most.div_ceil(step)));
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A text that takes no more room than so many small letters do, whatever its letters are: whoever is in the logs chose
/// them, and what is too long would cover the number beside it.
fn fitting(text: &str, most: usize) -> String {
    let room = |text: &str| text.chars().map(tenths).sum::<usize>() / 10;
    let fits = |chars: &usize| room(&shortened(text, *chars)) <= most;
    shortened(text, (3..=most).rev().find(fits).unwrap_or(2))
}

/// About how wide a letter is, in tenths of a small one.
fn tenths(letter: char) -> usize {
    match letter {
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 16,
        'A'..='Z' | '0'..='9' | '<' | '>' | '=' | '+' | '~' | '#' | '&' => 13,
        ' '..='~' | '…' => 10,
        _ => 20,
    }
}

/// The middle is cut out: names begin alike and end apart.
fn shortened(text: &str, most: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= most {
        return text.to_owned();
    }
    let (head, tail) = (most / 3, most - most / 3 - 1);
    chars[..head].iter().chain(['…'].iter()).chain(&chars[chars.len() - tail..]).collect()
}

/// Text that is only text in HTML, in an attribute in double quotes too.
fn escape(text: &str) -> String {
    html! { (plain(text)) }.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_lines_are_round_numbers_and_few() {
        for (most, expected) in [
            (0, (1, 1)),
            (1, (1, 1)),
            (5, (1, 5)),
            (6, (2, 6)),
            (11, (5, 15)),
            (99, (20, 100)),
            (1_001, (500, 1_500)),
        ] {
            assert_eq!(scale(most), expected, "{most}");
        }
        let (step, top) = scale(u64::MAX);
        assert!(step > 0 && top == u64::MAX, "no overflow: {step} {top}");
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("arn:aws:iam::111122223333:role/deploy", 20), "arn:aw…3:role/deploy");
        assert_eq!(shortened("short", 20), "short");
    }

    #[test]
    fn wide_letters_take_the_room_of_more_small_ones() {
        assert_eq!(fitting("short", 20), "short");
        assert_eq!(fitting(&"x".repeat(40), 20).chars().count(), 20);
        assert_eq!(fitting(&"W".repeat(40), 20).chars().count(), 13);
        assert_eq!(fitting(&"界".repeat(40), 20).chars().count(), 10);
        assert!(fitting(&"界".repeat(40), 1).chars().count() <= 2);
    }

    #[test]
    fn shares_that_are_not_nothing_say_so() {
        assert_eq!(percent(1, 1_000), "< 1 %");
        assert_eq!(percent(0, 1_000), "0 %");
        assert_eq!(percent(500, 1_000), "50 %");
    }
}
