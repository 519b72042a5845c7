//! What a plan, or what drifted, means for each alert.

use super::PlanView;
use super::question::waits_for_people;
use crate::report::{Paint, named_addresses};
use ctguard_core::plan::{Effect, Elsewhere, Plan};
use ctguard_core::plural::count;
use std::fmt::Write;

pub(super) fn render(out: &mut String, plan: &Plan, question: PlanView, paint: Paint) {
    let effects = &plan.effects;
    if !effects.is_empty() && are_told(plan, question) {
        table(out, plan, question, paint);
    }
    if question.is_drift() || effects.iter().any(|effect| !is_well(effect, question)) {
        for line in elsewhere(plan, question) {
            let _ = writeln!(out, "  {line}");
        }
    }
}

/// Whether what it means for the alerts is told. An alert that is silent though nothing has drifted
/// is of no concern to drift: `verify` tells it.
pub(in crate::report) fn are_told(plan: &Plan, question: PlanView) -> bool {
    let nothing = question == PlanView::Drift { by_others: 0 };
    let clean = plan.is_empty() && plan.refusals.is_empty() && plan.unknown.is_empty();
    !(nothing && clean && plan.elsewhere.is_empty())
}

/// What of other places the alerts depend on: a plan counts it as done, and no apply of it does.
pub(in crate::report) fn elsewhere(plan: &Plan, question: PlanView) -> Vec<String> {
    let names = super::names(plan);
    let of = match plan.scope.shard {
        Some(_) => "another part of the fleet",
        None if question.is_drift() => "not among the places asked for",
        None => "what this plan is not about",
    };
    let one = |there: &Elsewhere| {
        let place = named_addresses([(&there.place.account, &there.place.region)], &names);
        let what = match there.changes {
            1 => "1 object differs".to_owned(),
            many => format!("{} differ", count(many, "object")),
        };
        if question.is_drift() {
            return format!("{place} is {of}, and these alerts depend on it: {what} there.");
        }
        format!(
            "{place} is {of}: {what} there, which a plan that covers it changes. The table counts that as done."
        )
    };
    plan.elsewhere.iter().map(one).collect()
}

fn table(out: &mut String, plan: &Plan, question: PlanView, paint: Paint) {
    let effects = &plan.effects;
    let head = "Alerts, and in how many places each reaches everybody listed";
    let _ = writeln!(out, "\n{}", paint.head(head));
    let (well, shown): (Vec<&Effect>, Vec<&Effect>) =
        effects.iter().partition(|effect| is_well(effect, question));
    if !well.is_empty() {
        let many = match well.len() {
            1 => "1 alert reaches".to_owned(),
            many => format!("{many} alerts reach"),
        };
        let when = if question.is_drift() { "" } else { ", now and after" };
        let _ = writeln!(out, "  {many} everybody everywhere{when}{}.", assumed(&well, question));
    }
    if shown.is_empty() {
        return;
    }
    let noted = note(plan, question);
    let longest = shown.iter().map(|effect| effect.alert.len()).max().unwrap_or(5).max(5);
    let mut header = format!("{:longest$}  {:8}  {:>6}  {:>4}", "alert", "risk", "places", "now");
    if !question.is_drift() {
        let _ = write!(header, "  {:>5}  {:>9}", "after", "confirmed");
    }
    let _ = writeln!(out, "  {}", paint.dim(&header));
    // Beside its row where each fits; else below the table, alike ones together.
    let words = shown.iter().filter_map(|effect| noted(effect)).map(|note| note.words().len());
    let beside = words.max().is_none_or(|most| header.len() + 4 + most <= paint.width);
    for effect in &shown {
        let risk = effect.risk.map_or("", |risk| risk.as_str());
        let Effect { alert, places, alerting_now: now, .. } = effect;
        let mut row = format!("{alert:longest$}  {risk:8}  {places:>6}  {now:>4}");
        if !question.is_drift() {
            let (after, confirmed) = (effect.alerting_after, effect.alerting_confirmed);
            let _ = write!(row, "  {after:>5}  {confirmed:>9}");
        }
        let note = noted(effect).filter(|_| beside);
        let note = note.map_or_else(String::new, |note| format!("  {}", note.painted(paint)));
        let _ = writeln!(out, "  {row}{note}");
    }
    if !beside {
        below(out, &shown, noted, paint);
    }
    if question.is_drift() {
        return;
    }
    let legend = "after: once this is applied; confirmed: once everybody has confirmed, too";
    let _ = writeln!(out, "  {}", paint.dim(legend));
}

/// What of drift's good news rests on what nobody could see.
pub(in crate::report) fn assumed(well: &[&Effect], question: PlanView) -> String {
    let places: usize = well.iter().map(|effect| effect.assumed_now).sum();
    match places {
        _ if !question.is_drift() => String::new(),
        0 => String::new(),
        many => format!(
            " as far as can be seen: in {} of alert and place a part is assumed, which verify names",
            count(many, "combination")
        ),
    }
}

/// What to notice, in lines of its own: `stays silent in 6 places: route-created, trail-stopped`.
fn below(
    out: &mut String,
    shown: &[&Effect],
    noted: impl Fn(&Effect) -> Option<Note>,
    paint: Paint,
) {
    let mut alike: Vec<(Note, Vec<&str>)> = Vec::new();
    for effect in shown {
        let Some(note) = noted(effect) else { continue };
        match alike.iter_mut().find(|(known, _)| *known == note) {
            Some((_, alerts)) => alerts.push(effect.alert.as_str()),
            None => alike.push((note, vec![effect.alert.as_str()])),
        }
    }
    for (note, alerts) in alike {
        let _ = writeln!(out, "  {}: {}", note.painted(paint), alerts.join(", "));
    }
}

/// Whether it needs no mention.
pub(in crate::report) fn is_well(effect: &Effect, question: PlanView) -> bool {
    if question.is_drift() {
        return !effect.removed && effect.alerting_now == effect.places;
    }
    !effect.removed
        && effect.dropped == 0
        && [effect.alerting_now, effect.alerting_after, effect.alerting_confirmed]
            .iter()
            .all(|places| *places == effect.places)
}

/// What to notice about an alert.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::report) enum Note {
    Gain(String),
    /// It is not known who hears.
    Doubt(String),
    Loss(String),
}

impl Note {
    fn words(&self) -> &str {
        let (Self::Gain(words) | Self::Doubt(words) | Self::Loss(words)) = self;
        words
    }

    fn painted(&self, paint: Paint) -> String {
        match self {
            Self::Gain(words) => paint.good(words).to_string(),
            Self::Doubt(words) => paint.warn(words).to_string(),
            Self::Loss(words) => paint.bad(words).to_string(),
        }
    }
}

pub(in crate::report) fn note(
    plan: &Plan,
    question: PlanView,
) -> impl Fn(&Effect) -> Option<Note> + Copy {
    let waits = question.is_drift() && waits_for_people(plan, question);
    move |effect| note_when(effect, waits, question)
}

fn note_when(effect: &Effect, waits: bool, question: PlanView) -> Option<Note> {
    match question {
        PlanView::Plan => planned(effect),
        PlanView::Drift { .. } => drifted(effect, waits),
    }
}

/// What drift has cost an alert. What is silent for want of a confirmation may never have been
/// heard, so only what an apply alone brings back is called lost then.
fn drifted(effect: &Effect, waits: bool) -> Option<Note> {
    if effect.removed {
        return Some(Note::Gain("not in the blueprint".to_owned()));
    }
    let now = effect.alerting_now;
    let back = if waits { effect.alerting_after } else { effect.alerting_confirmed };
    let (lost, gap) = (back.saturating_sub(now), effect.places.saturating_sub(now));
    let unknown = effect.unknown_now.min(gap);
    let silent = gap - unknown;
    let words = match (lost, silent) {
        _ if effect.partly_now > 0 => not_all("silent", silent, effect.partly_now),
        (_, 0) => return in_doubt(unknown),
        (0, _) => format!("silent in {}", count(silent, "place")),
        _ if lost < silent => {
            format!("lost in {}, silent in {} more", count(lost, "place"), silent - lost)
        }
        _ => format!("lost in {}", count(lost, "place")),
    };
    Some(Note::Loss(format!("{words}{}", and_unknown(unknown))))
}

/// What is said where nothing is silent as far as is known.
fn in_doubt(unknown: usize) -> Option<Note> {
    (unknown > 0).then(|| Note::Doubt(format!("not known in {}", count(unknown, "place"))))
}

fn and_unknown(unknown: usize) -> String {
    if unknown > 0 { format!(", not known in {unknown}") } else { String::new() }
}

fn planned(effect: &Effect) -> Option<Note> {
    let Effect { places, alerting_now: now, alerting_after: after, .. } = *effect;
    let confirmed = effect.alerting_confirmed;
    let lost = |fewer: usize| count(now - fewer, "place");
    if effect.removed || effect.dropped > 0 {
        Some(Note::Loss(dropped(effect)))
    } else if confirmed < now {
        Some(Note::Loss(format!("lost in {}", lost(confirmed))))
    } else if after < now {
        Some(Note::Loss(format!("lost in {} until confirmed", lost(after))))
    } else if confirmed < places {
        let unknown = effect.unknown_after.min(places - confirmed);
        match places - confirmed - unknown {
            0 => in_doubt(unknown),
            silent => {
                let words = not_all("stays silent", silent, effect.partly_confirmed);
                Some(Note::Loss(format!("{words}{}", and_unknown(unknown))))
            }
        }
    } else if confirmed > now {
        Some(Note::Gain(format!("gained in {}", count(confirmed - now, "place"))))
    } else {
        None
    }
}

/// In how many places an alert goes for good. That others name its events does not say that they
/// take each of them: their conditions may be narrower.
fn dropped(effect: &Effect) -> String {
    match (effect.dropped, effect.dropped_to_others) {
        (0, _) => "no longer watched".to_owned(),
        (places, 0) => format!("no longer watched in {}", count(places, "place")),
        (places, others) => {
            let some = if others < places { format!(" in {others}") } else { String::new() };
            let places = count(places, "place");
            format!("no longer watched in {places}; other alerts name its events{some}")
        }
    }
}

/// Where not everybody hears: in how many places nobody does, and in how many somebody.
fn not_all(silent: &str, places: usize, partly: usize) -> String {
    match places.saturating_sub(partly) {
        0 => format!("reaches only some in {}", count(places, "place")),
        nobody if partly == 0 => format!("{silent} in {}", count(nobody, "place")),
        nobody => {
            format!("{silent} in {}, reaches only some in {partly} more", count(nobody, "place"))
        }
    }
}

/// Whether somebody hears wherever not everybody does, now and once everything is done.
pub(in crate::report) fn is_partly(effect: &Effect) -> bool {
    let gap = effect.places.saturating_sub(effect.alerting_confirmed + effect.unknown_after);
    gap > 0 && effect.partly_confirmed >= gap
}
