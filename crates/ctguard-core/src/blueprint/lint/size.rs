//! Warnings about alerts whose pattern nearly fills a rule.

use super::super::Alert;
use super::super::validate::AlertNotes;
use super::Linter;
use crate::codes;
use crate::event::EventRef;
use crate::resource::rule::EVENT_PATTERN_MAX_CHARS;
use eventbridge_pattern::{Excluded, Filter, Matcher, Pattern, TextKind};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// Share of a pattern, in percent, above which little can be added to it.
const NEAR_PERCENT: usize = 90;

impl Linter<'_> {
    /// A pattern that is nearly full, and that no splitting makes shorter.
    pub(super) fn size(&mut self, alert: &Alert, notes: &AlertNotes, as_of: Date) {
        let largest = alert.events.iter().map(|event| (least_chars(alert, event, as_of), event));
        let Some((chars, event)) = largest.max_by_key(|(chars, _)| *chars) else { return };
        // What does not fit is an error.
        if chars * 100 <= EVENT_PATTERN_MAX_CHARS * NEAR_PERCENT || chars > EVENT_PATTERN_MAX_CHARS
        {
            return;
        }
        self.warn(
            codes::PATTERN_NEARLY_FULL,
            Some(notes),
            alert.span.as_ref(),
            format!(
                "the pattern of `{}` for `{}` takes {chars} of {EVENT_PATTERN_MAX_CHARS} characters or \
                 more, and cannot be split",
                alert.id,
                event.short()
            ),
            "write values that begin or end alike as one `prefix`, `suffix` or `wildcard`, before the \
             next one no longer fits"
                .to_owned(),
        );
    }
}

/// What a pattern for one event of an alert takes at least, however it is split: the shortest
/// alternative of its conditions with one value each, and everything that exceptions leave out.
fn least_chars(alert: &Alert, event: &EventRef, as_of: Date) -> usize {
    let exactly = |path: &str, text: String| Filter::Field {
        path: path.to_owned(),
        matchers: vec![Matcher::Exact(text.into())],
    };
    let mut all = vec![
        exactly("source", event.kind.bus_source(&event.source)),
        exactly("detail-type", event.kind.detail_type().to_owned()),
    ];
    if !event.is_family() {
        all.push(exactly("detail.eventName", event.name.clone()));
    }
    let conditions = alert.filter.as_ref().map(least);
    let excepted = excepted(alert, as_of).into_iter().filter(|(path, _)| {
        // Beside a condition on the same field an exception may leave less to say.
        !alert.filter.as_ref().is_some_and(|filter| mentions(filter, path))
    });
    let excepted = excepted.map(|(path, texts)| Filter::Field {
        path: path.to_owned(),
        matchers: vec![Matcher::AnythingBut(Excluded::Values(
            texts.into_iter().map(Value::from).collect(),
        ))],
    });
    all.extend(conditions.into_iter().chain(excepted).map(below_detail));
    chars(&Filter::All(all))
}

fn chars(filter: &Filter) -> usize {
    Pattern { filter: filter.clone() }.to_json().chars().count()
}

/// The shortest condition that a part of a split pattern may have in place of this one.
fn least(filter: &Filter) -> Filter {
    match filter {
        Filter::All(all) => Filter::All(all.iter().map(least).collect()),
        Filter::Any(any) => {
            any.iter().map(least).min_by_key(chars).unwrap_or_else(|| Filter::All(Vec::new()))
        }
        Filter::Field { path, matchers } => {
            let field = |matchers: Vec<Matcher>| Filter::Field { path: path.clone(), matchers };
            let one = matchers.iter().map(|matcher| field(vec![matcher.clone()]));
            one.min_by_key(chars).unwrap_or_else(|| field(Vec::new()))
        }
    }
}

/// The texts that exceptions on one field leave out, by the field; of no field that also has other
/// operators, which may say the same in fewer characters.
fn excepted(alert: &Alert, as_of: Date) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Option<Vec<&str>>> = BTreeMap::new();
    let holds = alert.except.iter().filter(|one| one.until.is_none_or(|until| until >= as_of));
    for exception in holds {
        let Some((path, matchers)) = only_field(&exception.filter) else { continue };
        let texts: Option<Vec<&str>> = matchers.iter().map(text_of).collect();
        let known = found.entry(path).or_insert_with(|| Some(Vec::new()));
        *known = known.take().zip(texts).map(|(mut known, texts)| {
            known.extend(texts);
            known.sort_unstable();
            known.dedup();
            known
        });
    }
    found.into_iter().filter_map(|(path, texts)| Some((path, texts?))).collect()
}

fn only_field(filter: &Filter) -> Option<(&str, &[Matcher])> {
    match filter {
        Filter::Field { path, matchers } => Some((path, matchers)),
        Filter::All(one) | Filter::Any(one) => match one.as_slice() {
            [only] => only_field(only),
            _ => None,
        },
    }
}

fn text_of(matcher: &Matcher) -> Option<&str> {
    match matcher {
        Matcher::Exact(Value::String(text)) => Some(text),
        Matcher::Text(test) if test.kind == TextKind::Exactly => Some(&test.text),
        _ => None,
    }
}

fn mentions(filter: &Filter, wanted: &str) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().any(|part| mentions(part, wanted)),
        Filter::Field { path, .. } => path == wanted,
    }
}

/// Conditions of a blueprint begin below `detail`.
fn below_detail(filter: Filter) -> Filter {
    match filter {
        Filter::All(all) => Filter::All(all.into_iter().map(below_detail).collect()),
        Filter::Any(any) => Filter::Any(any.into_iter().map(below_detail).collect()),
        Filter::Field { path, matchers } => {
            Filter::Field { path: format!("detail.{path}"), matchers }
        }
    }
}
