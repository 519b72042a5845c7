//! What is put back by itself.

use super::super::heal::{Asked, DEFAULT_LIMIT, Heal, MAX_LIMIT};
use super::super::raw::RawHeal;
use super::super::reader::Spanned;
use super::super::{Destination, Format, ManagedTrail};
use super::references;
use crate::codes;
use crate::diag::Diagnostic;

/// What healing is judged with; what is unclear there is an error of its own.
pub(super) struct Whole<'a> {
    pub name: Option<&'a str>,
    /// Absent: the blueprint keeps no trail.
    pub trail: Option<Option<&'a ManagedTrail>>,
    pub destinations: &'a [(String, Option<Destination>)],
}

pub(super) fn heal(raw: RawHeal, whole: &Whole<'_>, out: &mut Vec<Diagnostic>) -> Option<Heal> {
    let before = out.len();
    if whole.trail.is_none() {
        out.push(
            Diagnostic::error(codes::HEAL_INVALID, "`heal` has no trail to put back")
                .at(Some(raw.span.clone()))
                .label("this blueprint keeps no trail")
                .help("add `trail:`, the trail that ctguard keeps, or remove `heal`"),
        );
    }
    let limit = limit(raw.limit.as_ref(), out);
    let logging = raw.logging?;
    if let Some(trails) = logging.trails.as_ref().filter(|trails| trails.value != "managed") {
        out.push(
            Diagnostic::error(codes::VALUE_UNKNOWN, format!("`trails` is `{}`", trails.value))
                .at(Some(trails.span.clone()))
                .help("write `managed`: the trail that `trail:` keeps is put back, and no other"),
        );
    }
    if let Some(notify) = &logging.notify {
        let names: Vec<&str> = whole.destinations.iter().map(|(name, _)| name.as_str()).collect();
        references(std::slice::from_ref(notify), &names, "heal.logging.notify", out);
        format(notify, whole, out);
    }
    let (trails, notify) = (logging.trails, logging.notify?);
    if out.len() > before || trails.is_none() {
        return None;
    }
    Heal::new(&Asked {
        blueprint: whole.name?,
        trail: &whole.trail??.name,
        notify: &notify.value,
        limit: limit?,
        rules: raw.rules,
        span: Some(raw.span),
    })
}

fn limit(written: Option<&Spanned<u64>>, out: &mut Vec<Diagnostic>) -> Option<u32> {
    let Some(written) = written else { return Some(DEFAULT_LIMIT) };
    let limit = u32::try_from(written.value).ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    if limit.is_none() {
        out.push(
            Diagnostic::error(codes::HEAL_INVALID, format!("`limit` is {}", written.value))
                .at(Some(written.span.clone()))
                .help(format!("write how often healing may begin within an hour: 1 to {MAX_LIMIT}; without `limit` it is {DEFAULT_LIMIT}")),
        );
    }
    limit
}

/// A notice is written for people: programs would have to read it out of a sentence.
fn format(notify: &Spanned<String>, whole: &Whole<'_>, out: &mut Vec<Diagnostic>) {
    let named = whole.destinations.iter().find(|(name, _)| *name == notify.value);
    let Some((name, Some(destination))) = named else { return };
    if matches!(destination.format, Format::Json | Format::Raw) {
        out.push(
            Diagnostic::error(
                codes::HEAL_INVALID,
                format!(
                    "`{name}` takes messages for programs, and a notice of healing is for people"
                ),
            )
            .at(Some(notify.span.clone()))
            .label(format!("its format is `{}`", destination.format.as_str()))
            .help("name a destination of the format `mail`, `text` or `chat`"),
        );
    }
}
