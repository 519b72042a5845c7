//! Which merged results there are, and how each is printed.

use super::Paint;
use super::plan::Question;
use crate::plan::Plan;
use crate::proof::Report;

/// What parts of a fleet added up to.
#[derive(Debug, Clone, PartialEq)]
pub enum Merged {
    Verdict(Report),
    Plan(Plan),
}

/// Renders it as the command that made its parts would.
pub fn render(merged: &Merged, paint: Paint) -> String {
    match merged {
        Merged::Verdict(report) => super::verify::render(report, paint),
        Merged::Plan(plan) => super::plan::render(plan, Question::Plan, paint),
    }
}
