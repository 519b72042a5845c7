//! From what people write to the events that CloudTrail logs.

use super::super::raw::{RawEvent, RawEventParts};
use super::super::reader::{Spanned, list};
use crate::catalogue;
use crate::catalogue::RenameMode;
use crate::codes;
use crate::diag::{Code, Diagnostic, Severity, Span};
use crate::event::{self, Access, EventKind, EventRef};
use family::FamilyAccess;

mod family;

/// Most unknown names of a file for which others are suggested.
const MAX_SUGGESTED: usize = 8;

/// Most candidates that an error lists.
const MAX_CANDIDATES: usize = 6;

/// An event, where it was written, and whether it was marked `unchecked`.
#[derive(Debug)]
pub(in super::super) struct Resolved {
    pub event: EventRef,
    pub span: Span,
    pub unchecked: bool,
}

/// The events that a reference stands for; none, with the reason added, when it is wrong.
pub(super) fn resolve(raw: RawEvent, out: &mut Vec<Diagnostic>) -> Vec<Resolved> {
    let (events, span, unchecked) = match raw {
        RawEvent::Text(text) => (written(&text, out), text.span, false),
        RawEvent::Parts(parts) => {
            let unchecked = parts.unchecked.as_ref().is_some_and(|unchecked| unchecked.value);
            let span = parts.span.clone();
            (mapping(*parts, unchecked, out), span, unchecked)
        }
    };
    events.into_iter().map(|event| Resolved { event, span: span.clone(), unchecked }).collect()
}

/// The events that a reference stands for where there is no file to point into.
pub(in super::super) fn events_named(
    text: &str,
) -> Result<(Vec<EventRef>, Vec<Diagnostic>), Box<Diagnostic>> {
    let span = Span { file: String::new(), start: 0, end: 0, line: 1, column: 1 };
    let mut said = Vec::new();
    let events = written(&Spanned { value: text.to_owned(), span }, &mut said);
    let mut said: Vec<Diagnostic> = said.into_iter().map(|one| one.at(None)).collect();
    match said.iter().position(|one| one.severity == Severity::Error) {
        Some(at) => Err(Box::new(said.swap_remove(at))),
        None => Ok((events, said)),
    }
}

fn written(text: &Spanned<String>, out: &mut Vec<Diagnostic>) -> Vec<EventRef> {
    if text.value == family::ANY {
        return family::every_event();
    }
    if text.value.eq_ignore_ascii_case(family::ANY) {
        let message = format!("`{}` is not an event", text.value);
        fail(
            out,
            codes::EVENT_INVALID,
            message,
            &text.span,
            "every event of every service is `any`",
        );
        return Vec::new();
    }
    if text.value.ends_with(':') {
        let message = format!("`{}` names no event", text.value);
        let help = "write `service:EventName`, or `service:*` for all of its events";
        fail(out, codes::EVENT_INVALID, message, &text.span, help);
        return Vec::new();
    }
    match text.value.split_once(':') {
        Some((service, name)) => match source_of(service) {
            Ok(source) => named(&source, name, &text.span, out),
            Err(help) => {
                let message = format!("`{service}` is not a CloudTrail event source");
                fail(out, codes::EVENT_INVALID, message, &text.span, &help);
                Vec::new()
            }
        },
        None if text.value.contains(['*', '?']) => {
            family::refuse(&text.value, &text.span, out);
            Vec::new()
        }
        None => bare(text, out),
    }
}

/// `ec2` or `ec2.amazonaws.com` → `ec2.amazonaws.com`.
fn source_of(service: &str) -> Result<String, String> {
    let short = event::service(service);
    if let Some(name) = short.strip_prefix("aws.") {
        return Err(format!(
            "`aws.{name}` is EventBridge's name for it; CloudTrail's is `{name}.amazonaws.com`, or `{name}` for short"
        ));
    }
    let well_formed = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    if short.is_empty() || !short.bytes().all(well_formed) {
        return Err("write `service:EventName`, such as `ec2:CreateRoute`".to_owned());
    }
    Ok(format!("{short}.amazonaws.com"))
}

/// An event whose source is known.
fn named(source: &str, name: &str, span: &Span, out: &mut Vec<Diagnostic>) -> Vec<EventRef> {
    let service = event::service(source);
    if name.contains(['*', '?']) {
        return family::named(source, name, span, out);
    }
    let found = catalogue::find(source, name);
    if let Some(rename) = catalogue::rename(source, name) {
        let logged: Vec<_> = rename
            .names
            .iter()
            .filter_map(|(source, name)| catalogue::find(source, name))
            .collect();
        let names: Vec<String> = logged.iter().map(catalogue::CatalogueEvent::short).collect();
        let (message, also) = match rename.mode {
            RenameMode::Instead => {
                (format!("CloudTrail logs `{service}:{name}` as {}", list(&names)), None)
            }
            RenameMode::Also => (
                format!(
                    "CloudTrail logs `{service}:{name}` as {} too; both are watched",
                    list(&names)
                ),
                found,
            ),
        };
        out.push(Diagnostic::note(codes::EVENT_RENAMED, message).at(Some(span.clone())));
        return also.iter().chain(&logged).flat_map(catalogue::CatalogueEvent::to_refs).collect();
    }
    if let Some(event) = found {
        return event.to_refs();
    }
    let suggestions = suggest(name, Some(source), out);
    let message = if catalogue::knows_source(source) {
        format!("CloudTrail logs no `{name}` for `{source}`, as far as the catalogue knows")
    } else {
        format!("the catalogue has no event source `{source}`")
    };
    fail(out, codes::EVENT_UNKNOWN, message, span, &did_you_mean(&suggestions, source, name));
    Vec::new()
}

/// An event by its name alone.
fn bare(text: &Spanned<String>, out: &mut Vec<Diagnostic>) -> Vec<EventRef> {
    let name = text.value.as_str();
    let mut sources: Vec<&str> =
        catalogue::sources_of(name).iter().map(|event| event.source).collect();
    sources.extend(catalogue::renames_of(name).iter().map(|(source, _)| *source));
    sources.sort_unstable();
    sources.dedup();
    match sources[..] {
        [source] => named(source, name, &text.span, out),
        [] => {
            let suggestions = suggest(name, None, out);
            let help = did_you_mean(&suggestions, "SERVICE.amazonaws.com", name);
            let message = format!("the catalogue has no event `{name}`");
            fail(out, codes::EVENT_UNKNOWN, message, &text.span, &help);
            Vec::new()
        }
        _ => {
            let short = |source: &&str| event::short(source, name);
            let candidates: Vec<String> = sources.iter().take(MAX_CANDIDATES).map(short).collect();
            let more = sources.len().saturating_sub(MAX_CANDIDATES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let help = format!("write one of {}{more}", candidates.join(", "));
            let message = format!("{} services log an event `{name}`", sources.len());
            fail(out, codes::EVENT_AMBIGUOUS, message, &text.span, &help);
            Vec::new()
        }
    }
}

/// An event written as a mapping.
fn mapping(parts: RawEventParts, unchecked: bool, out: &mut Vec<Diagnostic>) -> Vec<EventRef> {
    let RawEventParts { source, name, kind, read_only, access, span, .. } = parts;
    let Some(name) = name else { return Vec::new() };
    let (kind, access) = match (kind_written(kind, out), access_written(access, out)) {
        (Ok(kind), Ok(access)) => (kind, access),
        _ => return Vec::new(),
    };
    if let Some(flag) = read_only.as_ref().filter(|_| !unchecked) {
        let message = "`read_only` comes from the catalogue";
        let help = "remove it, or add `unchecked: true` for an event that is not listed";
        fail(out, codes::EVENT_INVALID, message, &flag.span, help);
        return Vec::new();
    }
    let events = match source {
        None if unchecked => {
            let message = "an `unchecked` event has no `source`";
            let help = "write `source: x.amazonaws.com`, as `detail.eventSource` has it";
            fail(out, codes::MISSING_KEY, message, &span, help);
            Vec::new()
        }
        None => written(&name, out),
        Some(source) => match source_of(&source.value) {
            Ok(full) if unchecked => {
                let flag = read_only.map(|flag| flag.value);
                unlisted(&full, &name, kind.as_ref(), flag, out)
            }
            Ok(full) => named(&full, &name.value, &span, out),
            Err(help) => {
                let message = format!("`{}` is not a CloudTrail event source", source.value);
                fail(out, codes::EVENT_INVALID, message, &source.span, &help);
                Vec::new()
            }
        },
    };
    let events = match kind {
        // What is listed stays: a kind is added to it.
        Some(kind) if !unchecked => with_kind(events, kind.value),
        _ => events,
    };
    match access {
        Some(access) => family::only(events, &access, out),
        None => events,
    }
}

/// The events, each as one of this kind, too.
fn with_kind(mut events: Vec<EventRef>, kind: EventKind) -> Vec<EventRef> {
    let added: Vec<EventRef> =
        events.iter().cloned().map(|event| EventRef { kind, ..event }).collect();
    events.extend(added);
    events.sort();
    events.dedup();
    events
}

fn kind_written(
    kind: Option<Spanned<String>>,
    out: &mut Vec<Diagnostic>,
) -> Result<Option<Spanned<EventKind>>, ()> {
    let Some(written) = kind else { return Ok(None) };
    match EventKind::ALL.into_iter().find(|kind| kind.as_str() == written.value) {
        Some(value) => Ok(Some(Spanned { value, span: written.span })),
        None => {
            let message = format!("`{}` is not a kind of event", written.value);
            let kinds = EventKind::ALL.map(|kind| format!("`{}`", kind.as_str()));
            let help = format!("write {}", list_or(&kinds));
            fail(out, codes::VALUE_UNKNOWN, message, &written.span, &help);
            Err(())
        }
    }
}

fn access_written(
    access: Option<Spanned<String>>,
    out: &mut Vec<Diagnostic>,
) -> Result<Option<Spanned<FamilyAccess>>, ()> {
    let Some(written) = access else { return Ok(None) };
    let value = match written.value.as_str() {
        "all" => FamilyAccess::All,
        "write" => FamilyAccess::Write,
        other => {
            let message = format!("`{other}` is not an access");
            fail(out, codes::VALUE_UNKNOWN, message, &written.span, "write `write` or `all`");
            return Err(());
        }
    };
    Ok(Some(Spanned { value, span: written.span }))
}

/// An event that is taken on the user's word. What is not said is taken either way: every kind that
/// a call or a service can have, reading or not.
fn unlisted(
    source: &str,
    name: &Spanned<String>,
    kind: Option<&Spanned<EventKind>>,
    read_only: Option<bool>,
    out: &mut Vec<Diagnostic>,
) -> Vec<EventRef> {
    let well_formed = |b: u8| b.is_ascii_alphanumeric() || b"_.-:".contains(&b);
    let (start, end) = match name.value.strip_suffix('*') {
        Some(start) => (start, "*"),
        None => (name.value.as_str(), ""),
    };
    if !start.bytes().all(well_formed) || (start.is_empty() && end.is_empty()) {
        let message = format!("`{}` is not the name of an event", name.value);
        fail(out, codes::EVENT_INVALID, message, &name.span, "write `detail.eventName` as logged");
        return Vec::new();
    }
    let kinds = match kind {
        Some(kind) => vec![kind.value],
        None => event::UNLISTED_KINDS.to_vec(),
    };
    let accesses: &[Access] = match read_only {
        Some(true) => &[Access::Read],
        Some(false) => &[Access::Write],
        None => &[Access::Read, Access::Write],
    };
    let landing = catalogue::landing_of_source(source);
    family::refs(source, &name.value, &kinds, accesses, landing)
}

/// Names that may have been meant. Looking for them takes milliseconds, so a file full of unknown
/// names gets them for the first few only.
fn suggest(name: &str, source: Option<&str>, out: &[Diagnostic]) -> Vec<String> {
    let unknown = out.iter().filter(|one| one.code == codes::EVENT_UNKNOWN).take(MAX_SUGGESTED);
    if unknown.count() == MAX_SUGGESTED {
        return Vec::new();
    }
    catalogue::suggest(name, source)
}

/// `a, b or c`.
fn list_or(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

fn did_you_mean(suggestions: &[String], source: &str, name: &str) -> String {
    let unchecked = format!(
        "an event newer than the catalogue is written `{{ source: {source}, name: {name}, unchecked: true }}`"
    );
    match suggestions {
        [] => unchecked,
        names => format!(
            "did you mean {}? an event newer than the catalogue takes `unchecked: true`",
            names.join(", ")
        ),
    }
}

fn fail(
    out: &mut Vec<Diagnostic>,
    code: Code,
    message: impl Into<String>,
    span: &Span,
    help: &str,
) {
    out.push(Diagnostic::error(code, message).at(Some(span.clone())).help(help));
}
