//! What could not be read, each reason once.

use crate::report::{AccountNames, Paint, named_addresses};
use ctguard_core::phrase::{Phrase, PlaceNames};
use ctguard_core::plan::Unknown;
use ctguard_core::scope::{AccountId, Region};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Parts that are named; of more, only the number is said.
const NAMED_PARTS: usize = 4;

/// One reason: what it keeps from being known, and where.
pub(in crate::report) struct Reason<'a> {
    /// Which call failed, and how; `{account}` and `{region}` stand for what differs between several places.
    pub text: String,
    /// What is not known.
    pub parts: String,
    pub places: BTreeSet<(&'a AccountId, &'a Region)>,
}

/// The reasons, folded over places.
pub(in crate::report) fn reasons<'a>(unknown: &'a [Unknown]) -> Vec<Reason<'a>> {
    let mut folded: BTreeMap<Phrase, Vec<&'a Unknown>> = BTreeMap::new();
    for part in unknown {
        folded.entry(phrase(part)).or_default().push(part);
    }
    let reason = |(phrase, all): (Phrase, Vec<&'a Unknown>)| {
        let places = all.iter().map(|part| (&part.account, &part.region));
        let places: BTreeSet<(&AccountId, &Region)> = places.collect();
        let parts: BTreeSet<&str> = all.iter().map(|part| part.part.as_str()).collect();
        let parts = match parts.len() {
            few if few <= NAMED_PARTS => parts.into_iter().collect::<Vec<_>>().join(", "),
            many => format!("{many} parts"),
        };
        let text = phrase.render(&PlaceNames::of_all(places.iter().copied()));
        Reason { text, parts, places }
    };
    folded.into_iter().map(reason).collect()
}

fn phrase(part: &Unknown) -> Phrase {
    Phrase::new(&part.why.to_string(), &PlaceNames::of_all([(&part.account, &part.region)]))
}

pub(super) fn render(
    out: &mut String,
    unknown: &[Unknown],
    names: &AccountNames<'_>,
    paint: Paint,
) {
    if unknown.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Not known"));
    for Reason { text, parts, places } in reasons(unknown) {
        let times = match places.len() {
            1 => String::new(),
            many => format!(" × {many} places"),
        };
        let _ = writeln!(
            out,
            "  {} {parts}{times}  {}\n      {text}",
            paint.warn("?"),
            paint.dim(named_addresses(places, names))
        );
    }
}
