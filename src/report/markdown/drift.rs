//! Drift, or a plan, and who caused it, as Markdown.

use super::{code, plain, plan};
use crate::report::plan::PlanView;
use crate::report::{Paint, attribution, notice};
use ctguard_core::drift::{Culprit, Drift};
use ctguard_core::plan::Plan;
use ctguard_core::plural::count;
use std::fmt::Write;

/// The share of the text for the attribution, in percent: the drift comes first.
const CULPRITS_MAX_PERCENT: usize = 30;

/// The share of the text for what others did that no apply undoes, in percent.
const OTHERS_MAX_PERCENT: usize = 30;

/// Renders drift in at most `limit` bytes.
pub fn drift(drift: &Drift, limit: usize) -> String {
    let who = who(drift, limit * CULPRITS_MAX_PERCENT / 100);
    let others = by_others(drift, limit * OTHERS_MAX_PERCENT / 100);
    let question = PlanView::Drift { by_others: drift.by_others() };
    let mut text = plan(&drift.plan, question, limit - who.len() - others.len());
    text.push_str(&others);
    text.push_str(&who);
    text
}

/// What others did that no apply undoes.
fn by_others(drift: &Drift, limit: usize) -> String {
    if drift.by_others() == 0 {
        return String::new();
    }
    let mut out = "\n#### Broken or changed by others, and no apply mends it\n\n".to_owned();
    let mut left_out = 0;
    for notice in notice::by_others(drift) {
        let line = format!("- {} {}\n", code(notice.code.as_str()), plain(notice.after_code()));
        match out.len() + line.len() + 60 > limit {
            true => left_out += 1,
            false => out.push_str(&line),
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "\nand {}.", count(left_out, "more line"));
    }
    out
}

/// Renders a plan in at most `limit` bytes, and whose changes it is about.
pub fn attributed(of: &Plan, culprits: &[Culprit], limit: usize) -> String {
    let told = attribution::origins(of, culprits, PLAIN);
    let whose = block(&told, limit * CULPRITS_MAX_PERCENT / 100);
    let mut text = plan(of, PlanView::Plan, limit - whose.len());
    text.push_str(&whose);
    text
}

const PLAIN: Paint = Paint { color: false, width: usize::MAX };

/// The attribution of drift.
fn who(drift: &Drift, limit: usize) -> String {
    block(&attribution::render(drift, PLAIN), limit)
}

/// An attribution as blocks of code below their titles, so that a user agent cannot contain markup.
fn block(told: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut left_out = 0;
    for line in told.lines().filter(|line| !line.is_empty()) {
        if !line.starts_with(' ') {
            let _ = write!(out, "\n#### {line}\n\n");
            continue;
        }
        if left_out > 0 || out.len() + line.len() + 60 > limit {
            left_out += 1;
        } else {
            let _ = writeln!(out, "    {line}");
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "\nand {}.", count(left_out, "more line"));
    }
    out
}
