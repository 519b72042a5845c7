//! Renders decisions about events.

use super::screen::line;
use super::{Paint, wrap};
use ctguard_core::offline::{AlertDecision, EventDecision, Form, Note, Undeliverable};
use ctguard_core::plural::count;
use eventbridge_pattern::Mismatch;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most kinds of notes that are printed.
const NOTES_SHOWN: usize = 20;

/// Most kinds of notes that are kept apart.
const NOTES_KEPT: usize = 1_000;

/// Longest list of operators or values that is printed, in characters.
const VALUES_MAX_CHARS: usize = 300;

/// Most events and files that are named when they are not read.
pub const BROKEN_TOLD: u64 = 1_000;

/// The number of events, and remarks about them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Totals {
    /// Events that were read.
    pub events: u64,
    /// Of these, those that match and would be delivered.
    pub matched: u64,
    /// Events that match and would not be delivered, to any rule or to the rule of some alert.
    pub withheld: u64,
    /// Inputs and events that could not be read.
    pub broken: u64,
    /// CloudTrail records, which were given the envelope that EventBridge gives them.
    pub records: u64,
    /// What is known to hold no events, by what it is.
    pub passed_over: BTreeMap<&'static str, u64>,
    /// Notes on the events, by kind, and how many have each.
    #[serde(serialize_with = "as_list")]
    #[schemars(schema_with = "counted")]
    pub notes: BTreeMap<Note, u64>,
    /// Why events that match would not be delivered, and how many each keeps.
    #[serde(serialize_with = "reasons_as_list")]
    #[schemars(schema_with = "counted")]
    pub reasons: BTreeMap<Undeliverable, u64>,
    /// Notes of further kinds.
    pub further_notes: u64,
    /// Rows of tables that do not tell whether they match, since their table has no column for a field that is asked for.
    pub undecided: Vec<Undecided>,
}

/// Rows of tables that do not tell whether they match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Undecided {
    /// The alert; absent where a pattern decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// The field that is asked for.
    pub field: String,
    /// How many rows.
    pub count: u64,
}

impl Totals {
    /// Counts a row that does not tell whether it matches.
    pub fn add_undecided(&mut self, alert: Option<&str>, field: &str) {
        let is = |one: &&mut Undecided| one.alert.as_deref() == alert && one.field == field;
        match self.undecided.iter_mut().find(is) {
            Some(known) => known.count += 1,
            None => self.undecided.push(Undecided {
                alert: alert.map(str::to_owned),
                field: field.to_owned(),
                count: 1,
            }),
        }
    }

    /// Whether something was not read, or not decided.
    pub fn is_incomplete(&self) -> bool {
        let unclear = |reason: &Undeliverable| matches!(reason, Undeliverable::NotARecord(_));
        self.broken > 0 || !self.undecided.is_empty() || self.reasons.keys().any(unclear)
    }

    /// Counts an event that nothing matches.
    pub fn add_unmatched(&mut self, form: Form) {
        self.events += 1;
        self.records += u64::from(form == Form::Record);
    }

    /// Counts one event. Of notes, those on events that match count.
    pub fn add(&mut self, decision: &EventDecision<'_>) {
        self.events += 1;
        self.matched += u64::from(decision.matched);
        self.records += u64::from(decision.form == Form::Record);
        let alerts = decision.alerts.iter().flatten();
        let reasons: Vec<&Undeliverable> = decision
            .withheld
            .iter()
            .chain(alerts.filter_map(|alert| alert.withheld.as_ref()))
            .collect();
        self.withheld += u64::from(!reasons.is_empty());
        for reason in reasons {
            let known = self.reasons.len() < NOTES_KEPT || self.reasons.contains_key(reason);
            match known {
                true => *self.reasons.entry(reason.clone()).or_default() += 1,
                false => self.further_notes += 1,
            }
        }
        let remarkable = decision.matched || decision.withheld.is_some();
        for note in decision.all_notes().filter(|_| remarkable) {
            let known = self.notes.len() < NOTES_KEPT || self.notes.contains_key(note);
            match known {
                true => *self.notes.entry(note.clone()).or_default() += 1,
                false => self.further_notes += 1,
            }
        }
    }
}

/// The schema of a list of notes or reasons with the number of events.
fn counted(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "code": { "type": "string", "description": "A stable name, for programs." },
                "message": { "type": "string", "description": "The same, for people." },
                "count": { "type": "integer", "minimum": 1, "description": "Of how many events." },
            },
            "required": ["code", "message", "count"],
        },
    })
}

/// All that `match` prints, piece by piece.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Matched<'a> {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// What matches; all events, where that is asked for.
    pub results: Vec<EventDecision<'a>>,
    /// The counts over everything that was read.
    pub totals: Totals,
    /// What could not be read.
    pub broken: Vec<Broken>,
}

/// Something that could not be read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Broken {
    /// The file, `-` for standard input.
    pub input: String,
    /// The number of the event; absent for a whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The line where it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Why it could not be read.
    pub why: String,
}

#[derive(Serialize)]
struct Counted<'a, T> {
    #[serde(flatten)]
    what: &'a T,
    count: u64,
}

fn as_list<S: serde::Serializer>(
    notes: &BTreeMap<Note, u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(notes.iter().map(|(what, count)| Counted { what, count: *count }))
}

fn reasons_as_list<S: serde::Serializer>(
    reasons: &BTreeMap<Undeliverable, u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reasons.iter().map(|(what, count)| Counted { what, count: *count }))
}

/// Text from a log without what would move a terminal's cursor or turn a line around.
pub fn plain(text: &str) -> String {
    super::screen::plain(text)
}

/// The remarks for standard error: each once, with the number of events.
pub fn remarks(totals: &Totals, paint: Paint) -> String {
    let mut lines = Vec::new();
    if totals.records > 0 {
        let records = count_of(totals.records, "CloudTrail record");
        lines.push(format!("{records} got the envelope that EventBridge gives them"));
    }
    if totals.broken > BROKEN_TOLD {
        let more = count_of(totals.broken - BROKEN_TOLD, "more event or file");
        lines.push(format!("{more} not read"));
    }
    for (kind, number) in &totals.passed_over {
        lines.push(super::replay::passed_over(kind, *number));
    }
    for (reason, number) in &totals.reasons {
        lines.push(format!("{} not delivered: {reason}", count_of(*number, "event")));
    }
    for (note, number) in &totals.notes {
        lines.push(format!("{}: {note}", count_of(*number, "event")));
    }
    let hidden = lines.len().saturating_sub(NOTES_SHOWN) as u64 + totals.further_notes;
    lines.truncate(NOTES_SHOWN);
    if hidden > 0 {
        lines.push(format!("and {}", count_of(hidden, "more note")));
    }
    let mut out = String::new();
    for text in lines {
        let _ = writeln!(out, "{}: {}", paint.head("note"), line(&text));
    }
    out
}

/// What was not decided, for standard error.
pub fn undecided(totals: &Totals, paint: Paint) -> String {
    let mut out = String::new();
    for Undecided { alert, field, count } in &totals.undecided {
        let what =
            alert.as_ref().map_or("the pattern".to_owned(), |alert| format!("alert {alert}"));
        let text = format!(
            "{what} is undecided for {}: the table has no column for `{field}`; select it",
            count_of(*count, "row")
        );
        let _ = writeln!(out, "{}: {}", paint.bad("error"), line(&text));
    }
    out
}

fn count_of(number: u64, singular: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), singular)
}

/// The alerts that an event fires, and those that match but are not delivered: one line each, below
/// the event's own.
pub fn fired(decision: &EventDecision<'_>, paint: Paint) -> String {
    let mut out = head(decision, paint);
    if let Some(why) = &decision.withheld {
        let _ = writeln!(out, "  {} {}", paint.warn("not delivered:"), line(&why.to_string()));
    }
    for alert in decision.alerts.iter().flatten().filter(|alert| alert.mismatches.is_empty()) {
        alert_line(&mut out, alert, paint);
    }
    wrap::fit(&out, paint.width)
}

fn alert_line(out: &mut String, alert: &AlertDecision<'_>, paint: Paint) {
    let risk = alert.risk.as_str();
    let _ = match &alert.withheld {
        None => writeln!(out, "  {} {} ({risk})", paint.bad("fires"), alert.id),
        Some(why) => {
            writeln!(
                out,
                "  {} {} ({risk}): {}",
                paint.warn("matches, not delivered:"),
                alert.id,
                line(&why.to_string())
            )
        }
    };
}

/// Why an event does or does not match, of which the record says most.
pub fn explained(decision: &EventDecision<'_>, paint: Paint) -> String {
    let mut out = head(decision, paint);
    if let Some(why) = &decision.withheld {
        let _ = writeln!(out, "  {} {}", paint.warn("not delivered:"), line(&why.to_string()));
    } else if decision.matched && decision.alerts.is_none() {
        let _ = writeln!(out, "  {}", paint.good("matches"));
    }
    mismatches(&mut out, &decision.mismatches, "  ");
    let mut others = 0;
    for alert in decision.alerts.iter().flatten() {
        if alert.mismatches.is_empty() {
            alert_line(&mut out, alert, paint);
        } else if alert.mismatches.iter().any(is_of_another_event) {
            others += 1;
        } else {
            let other_kind = match alert.mismatches.iter().any(is_of_another_kind) {
                true => ": other detail-type",
                false => "",
            };
            let (ignores, risk) = (paint.dim("ignores"), alert.risk.as_str());
            let _ = writeln!(out, "  {ignores} {} ({risk}){other_kind}", alert.id);
            mismatches(&mut out, &alert.mismatches, "    ");
        }
    }
    if others > 0 {
        let _ = writeln!(
            out,
            "  {}",
            paint.dim(format!("{} for other events", count(others, "alert")))
        );
    }
    for note in decision.all_notes() {
        let _ = writeln!(out, "  {} {}", paint.dim("note:"), line(&note.to_string()));
    }
    wrap::fit(&out, paint.width)
}

/// Whether it is the service or the name of the event that is another.
fn is_of_another_event(mismatch: &Mismatch) -> bool {
    const NAMES: [&str; 5] = [
        "source",
        "detail.eventSource",
        "detail.eventName",
        "detail.insightDetails.eventSource",
        "detail.insightDetails.eventName",
    ];
    matches!(mismatch, Mismatch::Field { path, .. } if NAMES.contains(&path.as_str()))
}

/// Whether the event of this name is recorded as another kind.
fn is_of_another_kind(mismatch: &Mismatch) -> bool {
    matches!(mismatch, Mismatch::Field { path, .. } if path == "detail-type")
}

fn head(decision: &EventDecision<'_>, paint: Paint) -> String {
    let name = line(decision.name.as_deref().unwrap_or("event"));
    let (account, region) = (decision.account.map(line), decision.region.map(line));
    let place = match (account, region) {
        (Some(account), Some(region)) => format!("  {account}/{region}"),
        (Some(one), None) | (None, Some(one)) => format!("  {one}"),
        (None, None) => String::new(),
    };
    let time = decision.time.map(|time| format!("{}  ", line(time))).unwrap_or_default();
    format!("{time}{}{place}  {}\n", paint.head(name), paint.dim(line(&decision.label())))
}

pub(super) fn mismatches(out: &mut String, all: &[Mismatch], indent: &str) {
    for mismatch in all {
        let _ = match mismatch {
            Mismatch::Field { path, wanted, found, alternatives } => {
                let found = match found.as_slice() {
                    [] => "nothing stands there".to_owned(),
                    [one] => format!("found {}", short(one)),
                    many => format!("found {}", short(&Value::from(many.to_vec()))),
                };
                let nearest = match alternatives {
                    0 | 1 => String::new(),
                    many => format!(" (the nearest of {many} alternatives)"),
                };
                writeln!(out, "{indent}{}: wanted {}, {found}{nearest}", line(path), short(wanted))
            }
            Mismatch::Lost { why } => writeln!(out, "{indent}{}", line(why)),
            Mismatch::Elements { paths } => writeln!(
                out,
                "{indent}{}: each matches, but not in the same element of an array",
                paths.join(", ")
            ),
        };
    }
}

/// A value as JSON, cut where it gets long.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUES_MAX_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
