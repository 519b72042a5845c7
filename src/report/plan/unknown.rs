//! What could not be read, each reason once.

use crate::report::alike::Failure;
use crate::report::{AccountNames, Paint, named_addresses};
use ctguard_core::cause::remedy::for_regions;
use ctguard_core::phrase::{Phrase, PlaceNames};
use ctguard_core::plan::Unknown;
use ctguard_core::scope::{AccountId, Place, Region};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Parts that are named; of more, only the number is said.
const NAMED_PARTS: usize = 4;

type Places<'a> = BTreeSet<(&'a AccountId, &'a Region)>;

/// One reason: what it keeps from being known, and where.
pub(in crate::report) struct Reason<'a> {
    /// Which calls failed, and how; `{account}` and `{region}` stand for what differs between several places.
    pub text: String,
    /// What would make it readable.
    pub fix: String,
    /// What is not known.
    pub parts: String,
    pub places: Places<'a>,
}

/// The reasons, folded over places, and over calls that fail alike in the same places.
pub(in crate::report) fn reasons<'a>(unknown: &'a [Unknown]) -> Vec<Reason<'a>> {
    let mut folded: BTreeMap<[Phrase; 2], Vec<&'a Unknown>> = BTreeMap::new();
    for part in unknown {
        folded.entry(phrases(part)).or_default().push(part);
    }
    let mut told: Vec<(Failure, BTreeSet<&str>, Places<'a>)> = Vec::new();
    let mut others = Vec::new();
    for (phrases, all) in folded {
        let places: Places<'a> = all.iter().map(|part| (&part.account, &part.region)).collect();
        let parts: BTreeSet<&str> = all.iter().map(|part| part.part.as_str()).collect();
        let names = PlaceNames::of_all(places.iter().copied());
        let [text, fix] = phrases.map(|phrase| phrase.render(&names));
        let Some(failure) = Failure::parse(&text, &fix) else {
            others.push(reason(text, &fix, &parts, places));
            continue;
        };
        let alike = told.iter_mut().find(|(other, _, at)| other.is_like(&failure) && *at == places);
        match alike {
            Some((other, known, _)) => {
                other.join(failure);
                known.extend(parts);
            }
            None => told.push((failure, parts, places)),
        }
    }
    let told = told
        .into_iter()
        .map(|(failure, parts, places)| reason(failure.text(), &failure.fix(), &parts, places));
    merged(told.chain(others))
}

/// Reasons whose texts are the same. The name of an account may be that of a place, and elsewhere
/// that of the caller.
fn merged<'a>(all: impl Iterator<Item = Reason<'a>>) -> Vec<Reason<'a>> {
    let mut merged: Vec<Reason<'a>> = Vec::new();
    for reason in all {
        let is_same = |other: &&mut Reason<'a>| {
            (&other.text, &other.fix, &other.parts) == (&reason.text, &reason.fix, &reason.parts)
        };
        match merged.iter_mut().find(is_same) {
            Some(same) => same.places.extend(reason.places),
            None => merged.push(reason),
        }
    }
    merged
}

fn reason<'a>(text: String, fix: &str, parts: &BTreeSet<&str>, places: Places<'a>) -> Reason<'a> {
    let parts = match parts.len() {
        few if few <= NAMED_PARTS => parts.iter().copied().collect::<Vec<_>>().join(", "),
        many => format!("{many} parts"),
    };
    let fix = for_regions(fix, places.iter().map(|(_, region)| *region));
    Reason { text, fix, parts, places }
}

/// What failed, and the remedy.
fn phrases(part: &Unknown) -> [Phrase; 2] {
    let place = Place::new(part.account.clone(), part.region.clone());
    let names = PlaceNames::of(&place);
    [part.why.to_string(), part.why.remedy_at(&place)].map(|text| Phrase::new(&text, &names))
}

pub(in crate::report) fn render(
    out: &mut String,
    unknown: &[Unknown],
    names: &AccountNames<'_>,
    paint: Paint,
) {
    if unknown.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Not known"));
    for Reason { text, fix, parts, places } in reasons(unknown) {
        let times = match places.len() {
            1 => String::new(),
            _ => format!(" × {}", crate::report::extent(places.iter().copied())),
        };
        let _ = writeln!(
            out,
            "  {} {parts}{times}  {}\n      {text}\n      Fix: {fix}",
            paint.warn("?"),
            paint.dim(named_addresses(places, names))
        );
    }
}
