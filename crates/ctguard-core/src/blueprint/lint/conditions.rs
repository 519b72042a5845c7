//! Warnings about conditions: what EventBridge may refuse or decides otherwise than a reader may
//! expect, and what no record can have.

use super::super::validate::AlertNotes;
use super::super::{Alert, Blueprint};
use super::Linter;
use crate::codes;
use crate::record::{Finding, Part};
use eventbridge_pattern::beside::beside_ignore_case;
use eventbridge_pattern::complexity::COMPLEXITY_MAX;
use eventbridge_pattern::{Filter, Matcher, Pattern, address};
use ipnet::IpNet;

/// Most texts that a help writes out in place of a block of addresses.
const SPELLINGS_SHOWN: usize = 16;

impl Linter<'_> {
    /// What EventBridge decides otherwise than a reader may expect.
    pub(super) fn conditions(&mut self, alert: &Alert, notes: &AlertNotes) {
        let excepted = alert.except.iter().enumerate();
        let excepted = excepted.map(|(number, except)| (Part::Except(number), &except.filter));
        let filters =
            || alert.filter.iter().map(|filter| (Part::Where, filter)).chain(excepted.clone());
        let at = |part: Part, path: &str| notes.place(part, path, None).or(alert.span.as_ref());
        let wide = filters().flat_map(|(part, filter)| {
            filter.wide_numbers().into_iter().map(move |(path, number)| (part, path, number))
        });
        for (part, path, number) in wide {
            self.warn(
                codes::NUMBER_BEYOND_5E9,
                Some(notes),
                at(part, path),
                format!("`{path}` is compared with {number}, which is beyond 5,000,000,000"),
                "EventBridge's library compares it since 2024-09; AWS's guide says otherwise: try \
                 it with events on both sides of the number"
                    .to_owned(),
            );
        }
        // An exception is compiled to texts, which are of one family.
        for (path, block) in alert.filter.iter().flat_map(Filter::blocks) {
            let Some(others) = address::other_family(block) else { continue };
            self.warn(
                codes::CIDR_TAKES_OTHER_FAMILY,
                Some(notes),
                notes
                    .place(Part::Where, path, Some(&Matcher::Cidr(*block)))
                    .or(alert.span.as_ref()),
                format!("{block} on `{path}` also takes {others}"),
                one_family(path, block),
            );
        }
        let odd = filters().flat_map(|(part, filter)| {
            filter.odd_numbers().into_iter().map(move |(path, number)| (part, path, number))
        });
        for (part, path, number) in odd {
            self.warn(
                codes::NUMBER_SPELLING,
                Some(notes),
                notes
                    .place(part, path, Some(&Matcher::Exact(number.clone())))
                    .or(alert.span.as_ref()),
                format!("`{path}` is compared with {number} by what it is worth"),
                format!("write {:.0}, which is the same condition", number.as_f64().unwrap_or(0.0)),
            );
        }
    }

    /// Wildcards of one alert that EventBridge may refuse.
    pub(super) fn complexity(&mut self, alert: &Alert, notes: &AlertNotes) {
        let except = alert.except.iter().map(|except| except.filter.clone());
        let filter = Filter::All(alert.filter.iter().cloned().chain(except).collect());
        if filter.complexity() > COMPLEXITY_MAX {
            self.warn(
                codes::WILDCARDS_COMPLEX,
                Some(notes),
                alert.span.as_ref(),
                format!("the wildcards of `{}` may be too complex for EventBridge", alert.id),
                "write fewer wildcards on one field, use `prefix` and `suffix` where they will do, \
                 or split the alert"
                    .to_owned(),
            );
        }
    }

    /// What no record can have.
    pub(super) fn records(&mut self, alert: &Alert, notes: &AlertNotes) {
        for finding in alert.held_against_records().findings {
            let Finding { part, path, matcher, .. } = &finding;
            let span = notes.place(*part, path, matcher.as_ref()).or(alert.span.as_ref()).cloned();
            self.warn(finding.code, Some(notes), span.as_ref(), finding.message, finding.help);
        }
    }

    /// A wildcard in one alert that changes what another alert's test takes: they share the machine
    /// of a bus.
    pub(super) fn wildcards(&mut self, blueprint: &Blueprint, notes: &[AlertNotes]) {
        let filters = |alert: &'_ Alert| -> Vec<Filter> {
            let except = alert.except.iter().map(|except| except.filter.clone());
            alert.filter.iter().cloned().chain(except).collect()
        };
        let all: Vec<Filter> = blueprint.alerts.iter().flat_map(filters).collect();
        let all: Vec<&Filter> = all.iter().collect();
        for beside in beside_ignore_case(&all) {
            let has = |alert: &&Alert| {
                filters(alert).iter().any(|filter| filter.ignores_case_at(&beside.path))
            };
            let Some(at) = blueprint.alerts.iter().position(|alert| has(&alert)) else { continue };
            let alert = &blueprint.alerts[at];
            let what = if beside.misses { "misses events" } else { "takes other texts, too" };
            self.warn(
                codes::WILDCARD_BESIDE_IGNORE_CASE,
                notes.get(at),
                alert.span.as_ref(),
                format!(
                    "`{}` is held against `{}` without case, beside the wildcard `{}`: EventBridge \
                     takes any character for the first, and {what}",
                    beside.path, beside.ignoring_case, beside.wildcard
                ),
                "write the spellings that occur as plain values, or a wildcard that does not begin \
                 with `*`"
                    .to_owned(),
            );
        }
    }
}

/// How to ask for the addresses of a block and for no others.
fn one_family(path: &str, block: &IpNet) -> String {
    match address::spellings(block).filter(|texts| texts.len() <= SPELLINGS_SHOWN) {
        Some(matchers) => {
            let filter = Filter::Field { path: path.to_owned(), matchers };
            format!("for one family alone, write {}", Pattern { filter }.to_json())
        }
        None => "no short list of texts says the same of one family alone: name smaller blocks, \
                 or allow it"
            .to_owned(),
    }
}
