//! What a plan means for each alert.

use crate::report::Paint;
use ctguard_core::plan::Effect;
use ctguard_core::plural::count;
use std::fmt::Write;

pub(super) fn render(out: &mut String, effects: &[Effect], paint: Paint) {
    if effects.is_empty() {
        return;
    }
    let head = "Alerts, and in how many places each reaches everybody listed";
    let _ = writeln!(out, "\n{}", paint.head(head));
    let (well, shown): (Vec<&Effect>, Vec<&Effect>) = effects.iter().partition(|e| is_well(e));
    if !well.is_empty() {
        let many = match well.len() {
            1 => "1 alert reaches".to_owned(),
            many => format!("{many} alerts reach"),
        };
        let _ = writeln!(out, "  {many} everybody everywhere, now and after.");
    }
    if shown.is_empty() {
        return;
    }
    let longest = shown.iter().map(|effect| effect.alert.len()).max().unwrap_or(5).max(5);
    let header = format!(
        "{:longest$}  {:8}  {:>6}  {:>4}  {:>5}  {:>9}",
        "alert", "risk", "places", "now", "after", "confirmed"
    );
    let _ = writeln!(out, "  {}", paint.dim(header));
    for effect in &shown {
        let risk = effect.risk.map_or("", |risk| risk.as_str());
        let row = format!(
            "{:longest$}  {risk:8}  {:>6}  {:>4}  {:>5}  {:>9}",
            effect.alert,
            effect.places,
            effect.alerting_now,
            effect.alerting_after,
            effect.alerting_confirmed
        );
        let note = match note(effect) {
            Some(Note::Gain(words)) => format!("  {}", paint.good(words)),
            Some(Note::Loss(words)) => format!("  {}", paint.bad(words)),
            None => String::new(),
        };
        let _ = writeln!(out, "  {row}{note}");
    }
    let legend = "after: once this is applied; confirmed: once everybody has confirmed, too";
    let _ = writeln!(out, "  {}", paint.dim(legend));
}

/// Whether it needs no mention.
pub(in crate::report) fn is_well(effect: &Effect) -> bool {
    !effect.removed
        && [effect.alerting_now, effect.alerting_after, effect.alerting_confirmed]
            .iter()
            .all(|places| *places == effect.places)
}

/// What to notice about an alert.
pub(in crate::report) enum Note {
    Gain(String),
    Loss(String),
}

pub(in crate::report) fn note(effect: &Effect) -> Option<Note> {
    let Effect { places, alerting_now: now, alerting_after: after, .. } = *effect;
    let confirmed = effect.alerting_confirmed;
    let lost = |fewer: usize| count(now - fewer, "place");
    if effect.removed {
        Some(Note::Loss("no longer watched".to_owned()))
    } else if confirmed < now {
        Some(Note::Loss(format!("lost in {}", lost(confirmed))))
    } else if after < now {
        Some(Note::Loss(format!("lost in {} until confirmed", lost(after))))
    } else if confirmed < places {
        Some(Note::Loss("stays silent somewhere".to_owned()))
    } else if confirmed > now {
        Some(Note::Gain(format!("gained in {}", count(confirmed - now, "place"))))
    } else {
        None
    }
}
