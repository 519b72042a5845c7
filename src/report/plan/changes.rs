//! The changes of a plan, one line per object.

use super::{diff, fold};
use crate::report::{AccountNames, Paint, named_addresses};
use ctguard_core::plan::{Plan, Verb};
use std::fmt::Write;

pub(super) fn render(out: &mut String, plan: &Plan, names: &AccountNames<'_>, paint: Paint) {
    if plan.changes.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.head("Changes"));
    let folded = fold::changes(plan);
    let one_group = folded.windows(2).all(|two| two[0].group == two[1].group);
    let mut group = None;
    for folded in folded {
        if !one_group && group != Some(folded.group) {
            let _ = writeln!(out, "  {}", paint.dim(folded.group.title()));
            group = Some(folded.group);
        }
        let change = &folded.change;
        let sign = match change.action {
            Verb::Create => paint.good("+"),
            Verb::Update => paint.warn("~"),
            Verb::Adopt => paint.warn("→"),
            Verb::Delete => paint.bad("-"),
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
        if change.action == Verb::Create {
            continue;
        }
        let alert = change.alert.as_ref().map(|alert| format!(" (alert {alert})"));
        let _ = writeln!(out, "      {}{}", change.reason, alert.unwrap_or_default());
        for field in &change.fields {
            render_field(out, field, paint);
        }
    }
}

fn render_field(out: &mut String, field: &ctguard_core::plan::Field, paint: Paint) {
    match diff::of(field) {
        diff::Difference::Value { before, after } => {
            let _ = writeln!(
                out,
                "      {}: {} → {}",
                field.path,
                paint.bad(before),
                paint.good(after)
            );
        }
        diff::Difference::Lines(lines) => {
            let _ = writeln!(out, "      {}:", field.path);
            for line in lines {
                let text = match line.sign {
                    '-' => paint.bad(format!("- {}", line.text)),
                    '+' => paint.good(format!("+ {}", line.text)),
                    '~' => paint.warn(format!("~ {}", line.text)),
                    _ => format!("  {}", line.text),
                };
                let _ = writeln!(out, "        {text}");
            }
        }
    }
}
