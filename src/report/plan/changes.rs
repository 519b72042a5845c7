//! The changes of a plan, or what drifted, one line per object.

use super::fold::{self, Alike};
use super::{Detail, PlanView, created, diff};
use crate::report::{AccountNames, Paint, named_addresses};
use ctguard_core::plan::{Change, Field, Plan, Verb};
use ctguard_core::resource::Kind;
use std::fmt::Write;

pub(super) fn render(
    out: &mut String,
    plan: &Plan,
    (question, detail): (PlanView, Detail),
    names: &AccountNames<'_>,
    paint: Paint,
) {
    if plan.changes.is_empty() {
        return;
    }
    let title = match question {
        PlanView::Plan => "Changes",
        PlanView::Drift { .. } => "What drifted, from the blueprint to what is there",
    };
    let _ = writeln!(out, "\n{}", paint.head(title));
    let told = !question.is_drift() && created::is_told(plan, detail);
    let mut folded = fold::changes(plan, if told { Alike::Made } else { Alike::Named });
    let message_lines = created::message_lines(plan);
    if question.is_drift() {
        let missing = with_their_owners(&folded);
        let mut kept = missing.iter().map(|with_it| !with_it);
        folded.retain(|_| kept.next().unwrap_or(true));
    }
    let one_group = folded.windows(2).all(|two| two[0].group == two[1].group);
    let mut group = None;
    for folded in folded {
        if !one_group && group != Some(folded.group) {
            let _ = writeln!(out, "  {}", paint.dim(folded.group.title()));
            group = Some(folded.group);
        }
        let change = &folded.change;
        let sign = match (change.action, question.is_drift()) {
            (Verb::Create, false) => paint.good("+"),
            (Verb::Delete, true) => paint.warn("+"),
            (Verb::Create, true) | (Verb::Delete, false) => paint.bad("-"),
            (Verb::Update, _) => paint.warn("~"),
            (Verb::Adopt, _) => paint.warn("→"),
        };
        let places =
            named_addresses(folded.places.iter().map(|(account, region)| (account, region)), names);
        let times = match folded.places.len() {
            1 => String::new(),
            many => format!(" × {many} places"),
        };
        let _ = writeln!(
            out,
            "  {sign} {:12} {}{times}  {}",
            change.address.kind,
            change.address.name,
            paint.dim(places)
        );
        if change.action == Verb::Create && !question.is_drift() {
            if told {
                let lines = match detail {
                    Detail::Brief => created::brief(change, message_lines),
                    Detail::Full => full(change),
                };
                made(out, lines, paint);
            }
            continue;
        }
        let alert = change.alert.as_ref().map(|alert| format!(" (alert {alert})"));
        let _ = writeln!(out, "      {}{}", change.reason, alert.unwrap_or_default());
        // What is missing or too much is named; its fields say no more.
        if change.action != Verb::Create && !(question.is_drift() && change.action == Verb::Delete)
        {
            for field in &change.fields {
                render_field(out, &question.field(field), question, paint);
            }
        }
    }
    let is_new = plan.changes.iter().any(|change| change.action == Verb::Create);
    if is_new && !told && !question.is_drift() {
        let hint =
            "-v shows what each new rule matches, what messages say, and whom policies let in.";
        let _ = writeln!(out, "  {}", paint.dim(hint));
    }
}

/// Which of them are missing with what they belong to: the targets of a rule, the subscriptions of a
/// topic.
fn with_their_owners(all: &[fold::Folded]) -> Vec<bool> {
    let missing = |folded: &&fold::Folded| folded.change.action == Verb::Create;
    let with_it = |one: &fold::Folded| {
        let owner = match one.change.address.kind {
            Kind::Target => one.change.address.name.rsplit_once('/').map(|(rule, _)| rule),
            Kind::Subscription => one.change.address.name.split_once('/').map(|(topic, _)| topic),
            _ => None,
        };
        let owns = |other: &fold::Folded| {
            matches!(other.change.address.kind, Kind::Rule | Kind::Topic)
                && Some(other.change.address.name.as_str()) == owner
                && other.places.is_superset(&one.places)
        };
        missing(&one) && all.iter().filter(missing).any(owns)
    };
    all.iter().map(with_it).collect()
}

fn full(change: &Change) -> Vec<String> {
    created::full(change).into_iter().map(|line| line.text).collect()
}

/// What a new object holds.
fn made(out: &mut String, lines: Vec<String>, paint: Paint) {
    for line in lines {
        let _ = writeln!(out, "      {}", paint.dim(line));
    }
}

fn render_field(out: &mut String, field: &Field, question: PlanView, paint: Paint) {
    match diff::of(field) {
        diff::Difference::Value { before, after } => {
            let (before, after) = match question {
                PlanView::Plan => (paint.bad(before), paint.good(after)),
                PlanView::Drift { .. } => (paint.good(before), paint.bad(after)),
            };
            let _ = writeln!(out, "      {}: {before} → {after}", field.path);
        }
        diff::Difference::Lines(lines) => {
            let _ = writeln!(out, "      {}:", field.path);
            for line in lines {
                let text = match line.sign {
                    '-' => paint.bad(format!("- {}", line.text)),
                    '+' if question.is_drift() => paint.warn(format!("+ {}", line.text)),
                    '+' => paint.good(format!("+ {}", line.text)),
                    '~' => paint.warn(format!("~ {}", line.text)),
                    _ => format!("  {}", line.text),
                };
                let _ = writeln!(out, "        {text}");
            }
        }
    }
}
