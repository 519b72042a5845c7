//! A plan, or what drifted, as Markdown.

use super::{Document, code, diff_block, places, plain};
use crate::report::account;
use crate::report::alike::listed;
use crate::report::plan::diff::{Difference, Line};
use crate::report::plan::effects::{Note, are_told, assumed, elsewhere, is_well, note};
use crate::report::plan::fold::{self, Alike};
use crate::report::plan::question::waiting;
use crate::report::plan::{PlanView, asides, created, names, status, unknown};
use ctguard_core::plan::{Effect, Plan, Verb};
use ctguard_core::plural::count;

/// Renders a plan in at most `limit` bytes.
pub fn plan(plan: &Plan, question: PlanView, limit: usize) -> String {
    let names = names(plan);
    let mut out = Document::default();
    let verb = question.asked_by();
    out.say(format!("### ctguard {verb}: {}", plain(&plan.blueprint.name)));
    let (todo, _) = status::headline(plan, question);
    out.say(format!("**{todo}**; {} in sync; {}.", plan.in_sync, status::read(plan)));
    out.say(format!(
        "{} in {}, as of {}.",
        count(plan.scope.regions.len(), "region"),
        plain(&status::accounts(plan)),
        plan.as_of
    ));
    let noted = note(plan, question);
    let told = are_told(plan, question);
    let is_lost =
        |effect: &Effect| told && matches!(noted(effect), Some(Note::Loss(_) | Note::Doubt(_)));
    let row = |effect: &Effect| row(effect, noted(effect), question);
    let columns = columns(question);
    let lost = plan.effects.iter().filter(|effect| is_lost(effect)).map(row).collect();
    out.table("Alerts that do not reach everybody", "alerts", columns, lost);
    if !question.is_drift() {
        out.list("Guards that stop an apply", "guards", plan.guards.iter().map(guard).collect());
    }
    let refused = asides::refused(&plan.refusals).into_iter().map(|refused| {
        let objects = plain(&listed(&refused.objects, &names).join(", "));
        format!("{objects}: {}", plain(&refused.text.replace('\n', " ")))
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
    let waiting = waiting(plan, question);
    let waiting = asides::awaited(&waiting).into_iter().map(|awaited| {
        let at = places(awaited.places.iter().copied(), &names);
        format!("{} in {at}: {}", code(&awaited.name), plain(awaited.message))
    });
    out.list("Waiting for people", "requests", waiting.collect());
    let others: Vec<Vec<String>> = plan
        .effects
        .iter()
        .filter(|effect| told && !is_well(effect, question) && !is_lost(effect))
        .map(row)
        .collect();
    out.table("Alerts, and in how many places each reaches everybody", "alerts", columns, others);
    let well: Vec<&Effect> =
        plan.effects.iter().filter(|effect| told && is_well(effect, question)).collect();
    if !well.is_empty() {
        let when = if question.is_drift() { "" } else { ", now and after" };
        let assumed = assumed(&well, question);
        out.say(format!("Alerts that reach everybody everywhere{when}: {}{assumed}.", well.len()));
    }
    if question.is_drift() || well.len() < plan.effects.len() {
        elsewhere(plan, question).into_iter().for_each(|line| out.say(plain(&line)));
    }
    let folded = fold::changes(plan, Alike::Made);
    let title = if question.is_drift() { "What drifted" } else { "Changes" };
    let title = format!("{title} ({})", plan.changes.len());
    let lines = folded.iter().map(|folded| line(folded, question, &names)).collect();
    out.details(&title, "changes", lines);
    let diffs: Vec<String> = folded
        .iter()
        .filter(|folded| folded.change.action != Verb::Create && !folded.change.fields.is_empty())
        .map(|folded| format!("{}{}", line(folded, question, &names), fields(folded, question)))
        .collect();
    let title = match question {
        PlanView::Plan => "What of them changes",
        PlanView::Drift { .. } => "From the blueprint to what is there",
    };
    out.details(title, "differences", diffs);
    if !question.is_drift() {
        let made = folded.iter().filter(|folded| folded.change.action == Verb::Create);
        let made = made.filter_map(|folded| {
            let lines = created::full(&folded.change);
            let head = line(folded, question, &names);
            (!lines.is_empty()).then(|| format!("{head}{}", diff_block(&lines)))
        });
        out.details("What is made", "objects", made.collect());
    }
    out.render(limit)
}

fn columns(question: PlanView) -> &'static [&'static str] {
    match question {
        PlanView::Plan => &["alert", "risk", "places", "now", "after apply", "once confirmed", ""],
        PlanView::Drift { .. } => &["alert", "risk", "places", "now", ""],
    }
}

fn row(effect: &Effect, note: Option<Note>, question: PlanView) -> Vec<String> {
    let words = match note {
        Some(Note::Gain(words) | Note::Doubt(words) | Note::Loss(words)) => words,
        None => String::new(),
    };
    let mut cells = vec![
        code(&effect.alert),
        effect.risk.map_or("", |risk| risk.as_str()).to_owned(),
        effect.places.to_string(),
        effect.alerting_now.to_string(),
    ];
    if !question.is_drift() {
        cells.extend([effect.alerting_after.to_string(), effect.alerting_confirmed.to_string()]);
    }
    cells.push(words);
    cells
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

fn line(
    folded: &fold::Folded,
    question: PlanView,
    names: &crate::report::AccountNames<'_>,
) -> String {
    let change = &folded.change;
    let word = question.word(change.action);
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
    format!(
        "- {word}{} {} {} in {at}\n",
        if question.is_drift() { ":" } else { "" },
        change.address.kind,
        code(&change.address.name)
    )
}

fn fields(folded: &fold::Folded, question: PlanView) -> String {
    let mut lines = Vec::new();
    for field in &folded.change.fields {
        match crate::report::plan::diff::of(&question.field(field)) {
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
