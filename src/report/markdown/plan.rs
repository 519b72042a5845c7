//! A plan, or what drifted, as Markdown.

use super::{Document, code, diff_block, places, plain};
use crate::report::account;
use crate::report::plan::diff::{Difference, Line};
use crate::report::plan::effects::{Note, is_well, note};
use crate::report::plan::{PlanView, asides, fold, names, status, unknown};
use ctguard_core::plan::{Effect, Plan, Verb};
use ctguard_core::plural::count;

/// Renders a plan in at most `limit` bytes.
pub fn plan(plan: &Plan, question: PlanView, limit: usize) -> String {
    let names = names(plan);
    let mut out = Document::default();
    let verb = match question {
        PlanView::Plan => "plan",
        PlanView::Drift { .. } => "drift",
    };
    out.say(format!("### ctguard {verb}: {}", plain(&plan.blueprint.name)));
    let (todo, _) = status::headline(plan, question);
    out.say(format!("**{todo}**; {} in sync; {}.", plan.in_sync, status::read(plan)));
    out.say(format!(
        "{} in {}, as of {}.",
        count(plan.scope.regions.len(), "region"),
        plain(&status::accounts(plan)),
        plan.as_of
    ));
    let lost: Vec<&Effect> =
        plan.effects.iter().filter(|effect| matches!(note(effect), Some(Note::Loss(_)))).collect();
    out.table("Silent", "alerts", &COLUMNS, lost.iter().map(|effect| row(effect)).collect());
    out.list("Guards that stop an apply", "guards", plan.guards.iter().map(guard).collect());
    let refused = plan.refusals.iter().map(|refusal| {
        let object = plain(&asides::named(&refusal.address, &names));
        format!("{object}: {}. {}", plain(&refusal.reason), plain(&refusal.help))
    });
    out.list("Refused", "refusals", refused.collect());
    let unread = unknown::reasons(&plan.unknown).into_iter().map(|reason| {
        let at = places(reason.places.iter().copied(), &names);
        format!("{} in {at}: {}. {}", plain(&reason.parts), plain(&reason.text), plain(&reason.fix))
    });
    out.list("Not known", "reasons", unread.collect());
    let warnings = plan.warnings.iter().map(|warning| {
        let at = places(warning.places.iter().map(|place| (&place.account, &place.region)), &names);
        let at = if at.is_empty() { at } else { format!("{at}: ") };
        format!("{at}{}", plain(&warning.message))
    });
    out.list("Warnings", "warnings", warnings.collect());
    let waiting = asides::awaited(&plan.waiting).into_iter().map(|awaited| {
        let at = places(awaited.places.iter().copied(), &names);
        format!("{} in {at}: {}", code(&awaited.name), plain(awaited.message))
    });
    out.list("Waiting for people", "requests", waiting.collect());
    let others: Vec<Vec<String>> = plan
        .effects
        .iter()
        .filter(|effect| !is_well(effect) && !matches!(note(effect), Some(Note::Loss(_))))
        .map(row)
        .collect();
    out.table("Alerts, and in how many places each reaches everybody", "alerts", &COLUMNS, others);
    let well = plan.effects.iter().filter(|effect| is_well(effect)).count();
    if well > 0 {
        out.say(format!("{} everybody everywhere, now and after: {well}.", "Alerts that reach"));
    }
    let folded = fold::changes(plan);
    let title = format!("Changes ({})", plan.changes.len());
    let lines = folded.iter().map(|folded| line(folded, &names)).collect();
    out.details(&title, "changes", lines);
    let diffs: Vec<String> = folded
        .iter()
        .filter(|folded| folded.change.action != Verb::Create && !folded.change.fields.is_empty())
        .map(|folded| format!("{}{}", line(folded, &names), fields(folded)))
        .collect();
    out.details("What of them changes", "differences", diffs);
    out.render(limit)
}

const COLUMNS: [&str; 7] = ["alert", "risk", "places", "now", "after apply", "once confirmed", ""];

fn row(effect: &Effect) -> Vec<String> {
    let words = match note(effect) {
        Some(Note::Gain(words) | Note::Loss(words)) => words,
        None => String::new(),
    };
    vec![
        code(&effect.alert),
        effect.risk.map_or("", |risk| risk.as_str()).to_owned(),
        effect.places.to_string(),
        effect.alerting_now.to_string(),
        effect.alerting_after.to_string(),
        effect.alerting_confirmed.to_string(),
        words,
    ]
}

fn guard(guard: &ctguard_core::plan::Guard) -> String {
    let alerts: Vec<String> = guard.alerts.iter().map(|alert| code(alert)).collect();
    let alerts = match alerts.as_slice() {
        [] => String::new(),
        some => format!(" Alerts: {}.", some.join(", ")),
    };
    let objects = match guard.objects.len() {
        0 => String::new(),
        many => format!(" About {}.", count(many, "object")),
    };
    format!(
        "{}{alerts}{objects} If this is intended, add {}.",
        plain(&guard.message),
        code(guard.kind.flag())
    )
}

fn line(folded: &fold::Folded, names: &crate::report::AccountNames<'_>) -> String {
    let change = &folded.change;
    let verb = match change.action {
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Adopt => "adopt",
        Verb::Delete => "delete",
    };
    let at = match folded.places.len() {
        1 => folded
            .places
            .iter()
            .map(|(id, region)| plain(&format!("{}/{region}", account(id, names))))
            .collect(),
        many => format!(
            "{many} places: {}",
            places(folded.places.iter().map(|(account, region)| (account, region)), names)
        ),
    };
    format!("- {verb} {} {} in {at}\n", change.address.kind, code(&change.address.name))
}

fn fields(folded: &fold::Folded) -> String {
    let mut lines = Vec::new();
    for field in &folded.change.fields {
        match crate::report::plan::diff::of(field) {
            Difference::Value { before, after } => {
                lines.push(Line::new('-', format!("{}: {before}", field.path)));
                lines.push(Line::new('+', format!("{}: {after}", field.path)));
            }
            Difference::Lines(more) => {
                lines.push(Line::new(' ', format!("{}:", field.path)));
                lines.extend(more);
            }
        }
    }
    diff_block(&lines)
}
