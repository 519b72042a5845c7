//! Families of events: every event, those of a service, those whose names begin alike.
//!
//! What a family is compiled to names no event, so it takes those that AWS adds later, too.

use super::{Spanned, fail, source_of, suggest};
use crate::catalogue;
use crate::codes;
use crate::diag::{Diagnostic, Span};
use crate::event::{self, Access, EVERY_SOURCE, EventKind, EventRef, Landing, UNLISTED_KINDS};
use std::collections::BTreeSet;

/// What stands for every event of every service.
pub(super) const ANY: &str = "any";

/// Which events of a family are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FamilyAccess {
    All,
    /// Those that are not read-only.
    Write,
}

/// Every event of every service, in every region.
pub(super) fn every_event() -> Vec<EventRef> {
    refs(EVERY_SOURCE, "*", &UNLISTED_KINDS, &BOTH, Landing::CallRegion)
}

const BOTH: [Access; 2] = [Access::Read, Access::Write];

/// A family of one service: `*`, or what its names begin with and `*`.
pub(super) fn named(
    source: &str,
    name: &str,
    span: &Span,
    out: &mut Vec<Diagnostic>,
) -> Vec<EventRef> {
    let short = event::short(source, name);
    let prefix = match name.strip_suffix('*') {
        Some(prefix) if !prefix.contains(['*', '?']) => prefix,
        _ => {
            refuse(&short, span, out);
            return Vec::new();
        }
    };
    if !catalogue::knows_source(source) {
        let message = format!("the catalogue has no event source `{source}`");
        let known = catalogue::suggest_service(event::service(source));
        let help = match known.first() {
            Some(near) => format!("did you mean `{}`?", event::short(near, name)),
            None => format!(
                "an event source newer than the catalogue is written \
                 `{{ source: {source}, name: \"{name}\", unchecked: true }}`"
            ),
        };
        fail(out, codes::EVENT_UNKNOWN, message, span, &help);
        return Vec::new();
    }
    let members: Vec<_> =
        catalogue::of_source(source).filter(|event| event.name.starts_with(prefix)).collect();
    if members.is_empty() {
        let message =
            format!("no event of `{source}` that the catalogue knows begins with `{prefix}`");
        let help = match in_another_case(source, prefix) {
            Some(prefix) => format!(
                "names are case-sensitive: did you mean `{}`?",
                event::short(source, &format!("{prefix}*"))
            ),
            None => match suggest(prefix, Some(source), out).first() {
                Some(near) => format!("the nearest name is {near}"),
                None => format!("`ctguard events {}` lists its names", event::service(source)),
            },
        };
        fail(out, codes::EVENT_UNKNOWN, message, span, &help);
        return Vec::new();
    }
    let mut kinds: BTreeSet<EventKind> = members.iter().flat_map(|event| event.kinds()).collect();
    // A data event has the detail-type of a call: it is taken where a trail records it, and no trail
    // has to, but for a family that is mostly of such events.
    let of_data = members.iter().filter(|event| event.is(EventKind::Data)).count();
    if of_data * 2 < members.len() || prefix.is_empty() {
        kinds.remove(&EventKind::Data);
    }
    // What AWS adds may be any of these; a sign-in is logged by the services that have one today.
    kinds.extend(UNLISTED_KINDS.into_iter().filter(|kind| *kind != EventKind::Signin));
    let kinds: Vec<EventKind> = kinds.into_iter().collect();
    refs(source, name, &kinds, &BOTH, catalogue::landing_of_source(source))
}

/// What some name of a source begins with, if it differs in case alone.
fn in_another_case(source: &str, prefix: &str) -> Option<String> {
    let start = |name: &str| name.get(..prefix.len()).map(str::to_owned);
    let mut starts = catalogue::of_source(source).filter_map(|event| start(event.name));
    starts.find(|start| start.eq_ignore_ascii_case(prefix))
}

/// A reference of each kind and access.
pub(super) fn refs(
    source: &str,
    name: &str,
    kinds: &[EventKind],
    accesses: &[Access],
    landing: Landing,
) -> Vec<EventRef> {
    let of_kind = |kind: EventKind| {
        accesses.iter().map(move |access| EventRef {
            source: source.to_owned(),
            name: name.to_owned(),
            kind,
            access: *access,
            landing,
        })
    };
    kinds.iter().copied().flat_map(of_kind).collect()
}

/// The events of the access that is asked for.
pub(super) fn only(
    events: Vec<EventRef>,
    access: &Spanned<FamilyAccess>,
    out: &mut Vec<Diagnostic>,
) -> Vec<EventRef> {
    if let Some(one) = events.iter().find(|event| !event.is_family()) {
        let message = format!("`{}` is one event, whose access the catalogue knows", one.short());
        let help = "remove `access`: it goes with `any`, `iam:*` and `ec2:Delete*`";
        fail(out, codes::EVENT_INVALID, message, &access.span, help);
        return Vec::new();
    }
    match access.value {
        FamilyAccess::All => events,
        FamilyAccess::Write => {
            events.into_iter().filter(|event| event.access == Access::Write).collect()
        }
    }
}

/// Refuses a wildcard that is no family.
pub(super) fn refuse(text: &str, span: &Span, out: &mut Vec<Diagnostic>) {
    let message = format!("`{text}` is not a family of events");
    let help = match text.split_once(':') {
        Some((service, _)) if source_of(service).is_ok() => {
            "one `*` at the end: `iam:*`, `ec2:Delete*`; anything else stands in `where`, such as \
             `eventName: [{ wildcard: \"*Policy*\" }]`"
        }
        _ => "name the service: `iam:*`, `ec2:Delete*`; every event of every service is `any`",
    };
    fail(out, codes::EVENT_INVALID, message, span, help);
}
