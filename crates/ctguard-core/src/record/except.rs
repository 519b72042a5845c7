//! Holds exceptions against `where`: one that takes every record leaves an alert that never fires,
//! and one that excludes `where` hides nothing.

use super::check::{ALTERNATIVES_MAX, Leaf, Mask, judged};
use super::field::{Kinds, Who};
use super::fit::takes_all;
use super::scenario::{Place, Scenario, Subject, place, possible};
use eventbridge_pattern::{Filter, Matcher};
use serde_json::Value;
use std::collections::BTreeMap;

/// What an exception leaves of the records of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    /// Some records, as far as is known, and it may hide others.
    Some,
    /// Everything: it holds for no record that `where` takes.
    All,
    /// Nothing; `sure` where AWS's pages say so.
    Nothing { sure: bool },
}

/// What an exception leaves of the records of each event; none where there is too much to look at.
pub(super) fn leaves(
    subjects: &[Subject],
    filter: &Filter,
    failed: Option<bool>,
    exception: &Filter,
) -> Option<Vec<Leaves>> {
    let (of_where, of_except) = (alternatives(filter)?, alternatives(exception)?);
    // Alternatives on one field take together what none of them takes alone.
    let mut joined: BTreeMap<&str, Vec<Matcher>> = BTreeMap::new();
    for way in &of_except {
        if let [(path, matchers)] = way.as_slice() {
            joined.entry(path).or_default().extend_from_slice(matchers);
        }
    }
    let of_subject = |subject: &Subject| {
        let taken = judged(subject, &of_where, failed, &[]);
        let hidden = judged(subject, &of_except, None, &[]);
        let mut meets = false;
        let (mut wide, mut strict) = (0, 0);
        for (way, leaves) in taken.ways.iter().zip(&of_where) {
            (wide, strict) = (wide | way.masks.wide, strict | way.masks.strict);
            meets |= hidden.ways.iter().zip(&of_except).any(|(other, others)| {
                way.masks.wide & other.masks.wide != 0 && !apart(leaves, others, subject)
            });
        }
        let covers = |strict: bool| {
            let all = of_except.iter().map(|way| {
                way.iter().fold(Mask::MAX, |mask, leaf| mask & always(*leaf, subject, strict))
            });
            let together = joined.iter().map(|(path, all)| always((path, all), subject, strict));
            all.chain(together).fold(0, |mask, one| mask | one)
        };
        // Records of calls without the type of their caller are not what AWS's page describes.
        if Kinds::CALLS.has(subject.kinds) {
            strict &= typed();
        }
        if wide & !covers(false) == 0 && wide != 0 {
            Leaves::Nothing { sure: true }
        } else if strict & !covers(true) == 0 && strict != 0 {
            Leaves::Nothing { sure: false }
        } else if meets || wide == 0 {
            Leaves::Some
        } else {
            Leaves::All
        }
    };
    Some(subjects.iter().map(of_subject).collect())
}

/// The scenarios in which the caller's type is told.
fn typed() -> Mask {
    let told = |who: Who| Who::NAMES.iter().any(|(one, name)| *one == who && name.is_some());
    let all = Scenario::all(true).filter(|(_, scenario)| told(scenario.who));
    all.fold(0, |mask, (number, _)| mask | 1 << number)
}

fn alternatives(filter: &Filter) -> Option<Vec<Vec<Leaf<'_>>>> {
    if filter.combinations() > ALTERNATIVES_MAX {
        return None;
    }
    Some(match filter.alternatives(ALTERNATIVES_MAX) {
        all if all.is_empty() => vec![Vec::new()],
        all => all,
    })
}

/// The scenarios in which a condition takes whatever stands at its path.
fn always((path, matchers): Leaf<'_>, subject: &Subject, strict: bool) -> Mask {
    let place = place(path, subject);
    if !matches!(place, Place::Common(_) | Place::Result) {
        return 0;
    }
    let all = Scenario::all(strict)
        .filter(|(_, scenario)| takes_all(&possible(place, subject, *scenario), matchers));
    all.fold(0, |mask, (number, _)| mask | 1 << number)
}

/// Whether both ask for other values of one field, which stands once in each record.
fn apart(one: &[Leaf<'_>], other: &[Leaf<'_>], subject: &Subject) -> bool {
    let single = |path: &str| {
        matches!(place(path, subject), Place::Common(_) | Place::Result)
            && !path.starts_with("resources")
    };
    one.iter().filter(|(path, _)| single(path)).any(|(path, matchers)| {
        let values: Option<Vec<&Value>> = matchers
            .iter()
            .map(|matcher| match matcher {
                Matcher::Exact(value) => Some(value),
                _ => None,
            })
            .collect();
        let Some(values) = values else { return false };
        let same = other.iter().filter(|(other, _)| other == path);
        same.into_iter().any(|(_, others)| {
            values.iter().all(|value| !others.iter().any(|one| one.accepts(value)))
        })
    })
}
