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
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The alternatives that were found so far.
pub(super) struct Cells {
    found: Vec<Branch>,
    steps: usize,
}

/// A field by which a branch can be cut, with the lists of its terms.
struct Cut<'e> {
    path: &'e str,
    /// How many exceptions mention it.
    mentions: usize,
    /// Lists of which no value is in two, each with the first exception that has it.
    lists: Vec<(&'e [Matcher], usize)>,
    /// The characters that the lists take, roughly.
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

/// The field that most exceptions mention; of several, the one whose lists are shortest to write.
fn best_cut(exceptions: &[Exception]) -> Option<Cut<'_>> {
    let mut cuts: BTreeMap<&str, Cut<'_>> = BTreeMap::new();
    for exception in exceptions {
        for term in &exception.terms {
            let cut = cuts.entry(&term.path).or_insert_with(|| Cut {
                path: &term.path,
                mentions: 0,
                lists: Vec::new(),
                chars: 0,
            });
            cut.mentions += 1;
            // "Is not" is longer to write, and rarely needed once the other fields have been looked at.
            cut.chars += if term.matches { 0 } else { 1_000 };
            let apart =
                |known: &[Matcher]| known.iter().all(|a| term.list.iter().all(|b| disjoint(a, b)));
            if cut.lists.iter().all(|(known, _)| apart(known)) {
                cut.chars += term.list.iter().map(chars).sum::<usize>();
                cut.lists.push((&term.list, exception.index));
            }
        }
    }
    cuts.into_values().max_by_key(|cut| {
        (cut.mentions, Reverse(cut.chars / cut.lists.len().max(1)), Reverse(cut.path))
    })
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
