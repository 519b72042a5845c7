//! What could not be read, each reason once.

use crate::plan::Unknown;
use crate::report::{Paint, addresses};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Parts that are named; of more, only the number is said.
const NAMED_PARTS: usize = 4;

/// One reason: what it keeps from being known, and where.
#[derive(Default)]
struct Reason<'a> {
    text: String,
    parts: BTreeSet<&'a str>,
    all: Vec<&'a Unknown>,
}

pub(super) fn render(out: &mut String, unknown: &[Unknown], paint: Paint) {
    if unknown.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Not known"));
    let mut reasons: BTreeMap<String, Reason<'_>> = BTreeMap::new();
    for part in unknown {
        let why = &part.why;
        let text = format!("{} failed with {}: {}", why.operation, why.code, why.message);
        // The same for every account and region that it names.
        let key = text
            .replace(part.account.as_str(), "{account}")
            .replace(part.region.as_str(), "{region}");
        let reason = reasons.entry(key).or_insert_with(|| Reason { text, ..Reason::default() });
        reason.parts.insert(&part.part);
        reason.all.push(part);
    }
    for (folded, reason) in reasons {
        let places: BTreeSet<_> =
            reason.all.iter().map(|part| (&part.account, &part.region)).collect();
        let parts = match reason.parts.len() {
            few if few <= NAMED_PARTS => {
                reason.parts.iter().copied().collect::<Vec<_>>().join(", ")
            }
            many => format!("{many} parts"),
        };
        let times =
            if places.len() > 1 { format!(" × {} places", places.len()) } else { String::new() };
        let text = if places.len() > 1 { folded } else { reason.text };
        let _ = writeln!(
            out,
            "  {} {parts}{times}  {}\n      {text}",
            paint.warn("?"),
            paint.dim(addresses(places.into_iter()))
        );
    }
}
