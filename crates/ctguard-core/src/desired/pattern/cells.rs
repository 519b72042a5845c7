//! Exceptions worked into a condition, by the values of one field after the other.
//!
//! ```text
//!  exceptions            field `user`            field `arn`
//!  (u1, a1, net1)   ┬──► neither u1 nor u2 ────────────────────────────► alternative
//!  (u2, a2, net2)   ├──► u1 ─────────────────┬──► not a1 ──────────────► alternative
//!                   │                        └──► a1 ──► not in net1 ──► alternative
//!                   └──► u2 ─────────────────┬──► not a2 ──────────────► alternative
//!                                            └──► a2 ──► not in net2 ──► alternative
//! ```
//!
//! No event is in two cells of a field, so none matches two of the alternatives that come out.

use super::CompileError;
use super::branches::{Branch, Exception, STEPS_MAX, Term, Truth};
use eventbridge_pattern::Matcher;
use eventbridge_pattern::relate::disjoint;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The alternatives that were found so far.
pub(super) struct Cells {
    found: Vec<Branch>,
    steps: usize,
}

/// A field by which a branch can be cut.
struct Cut<'e> {
    path: &'e str,
    /// Whether every term on it holds or fails for all values of each cell.
    clean: bool,
    /// How many exceptions mention it.
    mentions: usize,
    /// Lists of which no value is in two, each with an exception that has it.
    lists: Vec<(Vec<Matcher>, usize)>,
    /// The characters that a list takes, roughly, in the mean.
    chars: usize,
}

impl Cells {
    /// The branches that meet a condition and no exception.
    ///
    /// # Errors
    /// [`CompileError::TooComplex`] beyond [`STEPS_MAX`] steps.
    pub(super) fn work_in(
        condition: &Branch,
        exceptions: &[Exception],
    ) -> Result<Vec<Branch>, CompileError> {
        let mut cells = Self { found: Vec::new(), steps: 0 };
        cells.fill(condition.clone(), exceptions.to_vec())?;
        Ok(cells.found)
    }

    fn fill(&mut self, branch: Branch, exceptions: Vec<Exception>) -> Result<(), CompileError> {
        let cost = 1 + exceptions.len() / 16;
        self.steps += cost;
        if self.steps > STEPS_MAX {
            return Err(CompileError::TooComplex { alternatives: self.found.len() });
        }
        let Some((branch, open)) = settled(branch, exceptions) else {
            return Ok(());
        };
        let Some(cut) = best_cut(&open) else {
            self.found.push(branch);
            return Ok(());
        };
        let term = |list: &[Matcher]| Term {
            path: cut.path.to_owned(),
            list: list.to_vec(),
            matches: true,
        };
        let mut others = branch.clone();
        for (list, exception) in &cut.lists {
            others.require(&term(list), false, *exception);
        }
        self.fill(others, open.clone())?;
        for (list, exception) in &cut.lists {
            self.fill(branch.with(&term(list), true, *exception), open.clone())?;
        }
        Ok(())
    }
}

/// Leaves out what is decided already: exceptions that cannot hold, terms that do. An exception of which one term is
/// left is worked in at once. `None` when an exception always holds.
fn settled(mut branch: Branch, exceptions: Vec<Exception>) -> Option<(Branch, Vec<Exception>)> {
    let mut waiting = exceptions;
    loop {
        let mut open = Vec::with_capacity(waiting.len());
        let mut learned = false;
        for mut exception in waiting {
            let mut fails = false;
            exception.terms.retain(|term| match branch.judge(term) {
                Truth::Holds => false,
                Truth::Fails => {
                    fails = true;
                    true
                }
                Truth::Open => true,
            });
            match exception.terms.as_slice() {
                _ if fails => {}
                [] => return None,
                [last] => {
                    branch.require(last, !last.matches, exception.index);
                    learned = true;
                }
                _ => open.push(exception),
            }
        }
        if !learned {
            return Some((branch, open));
        }
        waiting = open;
    }
}

/// The field to cut by: one that leaves nothing open, then the one that most exceptions mention, then the one whose
/// lists are shortest to write.
fn best_cut(exceptions: &[Exception]) -> Option<Cut<'_>> {
    let mut terms: BTreeMap<&str, Vec<(&Term, usize)>> = BTreeMap::new();
    for exception in exceptions {
        for term in &exception.terms {
            terms.entry(&term.path).or_default().push((term, exception.index));
        }
    }
    let cuts = terms.into_iter().map(|(path, terms)| cut_by(path, &terms));
    cuts.max_by_key(|cut| (cut.clean, cut.mentions, Reverse(cut.chars), Reverse(cut.path)))
}

fn cut_by<'e>(path: &'e str, terms: &[(&Term, usize)]) -> Cut<'e> {
    let (lists, clean) = match values_by_terms(terms) {
        Some(lists) => (lists, true),
        None => disjoint_lists(terms),
    };
    let chars: usize = lists.iter().flat_map(|(list, _)| list).map(chars).sum();
    // "Is not" is longer to write, and rarely needed once the other fields have been looked at.
    let negated = terms.iter().filter(|(term, _)| !term.matches).count() * 1_000;
    let chars = chars / lists.len().max(1) + negated;
    Cut { path, clean, mentions: terms.len(), lists, chars }
}

/// Where all terms are lists of texts: the texts that the same terms have, together.
fn values_by_terms(terms: &[(&Term, usize)]) -> Option<Vec<(Vec<Matcher>, usize)>> {
    let mut owners: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, (term, _)) in terms.iter().enumerate() {
        for matcher in &term.list {
            let Matcher::Exact(Value::String(text)) = matcher else { return None };
            // One address can be written in many ways, which are one value.
            if text.contains(':') || text.parse::<IpAddr>().is_ok() {
                return None;
            }
            owners.entry(text).or_default().push(number);
        }
    }
    let mut cells: BTreeMap<Vec<usize>, Vec<Matcher>> = BTreeMap::new();
    for (text, numbers) in owners {
        cells.entry(numbers).or_default().push(Matcher::exact(text));
    }
    let exception = |numbers: &[usize]| terms[numbers[0]].1;
    Some(cells.into_iter().map(|(numbers, list)| (list, exception(&numbers))).collect())
}

/// Lists of which no value is in two, and whether they are all that there are.
fn disjoint_lists(terms: &[(&Term, usize)]) -> (Vec<(Vec<Matcher>, usize)>, bool) {
    let mut lists: Vec<(Vec<Matcher>, usize)> = Vec::new();
    let mut clean = true;
    for (term, exception) in terms {
        if lists.iter().any(|(known, _)| *known == term.list) {
            continue;
        }
        let apart = |(known, _): &(Vec<Matcher>, usize)| {
            known.iter().all(|a| term.list.iter().all(|b| disjoint(a, b)))
        };
        match lists.iter().all(apart) {
            true => lists.push((term.list.clone(), *exception)),
            false => clean = false,
        }
    }
    (lists, clean)
}

/// How long an operator is when it is written, roughly; an address block is spelled out.
fn chars(matcher: &Matcher) -> usize {
    match matcher {
        Matcher::Exact(value) => value.to_string().len(),
        Matcher::Text(test) => test.text.len() + 14,
        Matcher::Cidr(_) => 200,
        _ => 40,
    }
}
