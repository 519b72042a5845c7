//! From what people write to the events that CloudTrail logs.

use super::super::raw::{RawEvent, RawEventParts};
use super::super::reader::{Spanned, list};
use crate::catalogue;
use crate::catalogue::RenameMode;
use crate::codes;
use crate::diag::{Code, Diagnostic, Severity, Span};
use crate::event::{self, Access, EventKind, EventRef};

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
    if text.value.contains(['*', '?']) {
        fail(
            out,
            codes::EVENT_INVALID,
            format!("`{}` has a wildcard in it", text.value),
            &text.span,
            "name each event: what a wildcard catches tomorrow cannot be proven today",
        );
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
    let found = catalogue::find(source, name);
    if let Some(rename) = catalogue::rename(source, name) {
        let logged: Vec<_> =
            rename.names.iter().filter_map(|name| catalogue::find(source, name)).collect();
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
        return also.iter().chain(&logged).map(catalogue::CatalogueEvent::to_ref).collect();
    }
    if let Some(event) = found {
        return vec![event.to_ref()];
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
    let RawEventParts { source, name, kind, read_only, span, .. } = parts;
    let (Some(source), Some(name)) = (source, name) else { return Vec::new() };
    let full = match source_of(&source.value) {
        Ok(full) => full,
        Err(help) => {
            let message = format!("`{}` is not a CloudTrail event source", source.value);
            fail(out, codes::EVENT_INVALID, message, &source.span, &help);
            return Vec::new();
        }
    };
    if !unchecked {
        let extra = [kind.map(|kind| kind.span), read_only.map(|flag| flag.span)];
        for span in extra.iter().flatten() {
            let message = "`kind` and `read_only` come from the catalogue";
            let help = "remove it, or add `unchecked: true` for an event that is not listed";
            fail(out, codes::EVENT_INVALID, message, span, help);
        }
        return named(&full, &name.value, &span, out);
    }
    let kind_of = |text: &str| {
        [EventKind::Api, EventKind::Data, EventKind::Signin, EventKind::Console, EventKind::Service]
            .into_iter()
            .find(|kind| kind_name(*kind) == text)
    };
    let known = catalogue::find(&full, &name.value);
    let well_formed = |b: u8| b.is_ascii_alphanumeric() || b"_.-:".contains(&b);
    if !name.value.bytes().all(well_formed) {
        let message = format!("`{}` is not the name of an event", name.value);
        fail(out, codes::EVENT_INVALID, message, &name.span, "write `detail.eventName` as logged");
        return Vec::new();
    }
    let kind = match &kind {
        None => known.map_or(EventKind::Api, |event| event.kind),
        Some(written) => match kind_of(&written.value) {
            Some(kind) => kind,
            None => {
                let message = format!("`{}` is not a kind of event", written.value);
                let help = "write `api`, `data`, `signin`, `console` or `service`";
                fail(out, codes::VALUE_UNKNOWN, message, &written.span, help);
                return Vec::new();
            }
        },
    };
    let access = match read_only {
        Some(Spanned { value: true, .. }) => Access::Read,
        Some(_) => Access::Write,
        None => known.map_or_else(|| Access::by_name(&name.value), |event| event.access),
    };
    let landing = catalogue::landing_of_source(&full);
    vec![EventRef { source: full, name: name.value.clone(), kind, access, landing }]
}

fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Api => "api",
        EventKind::Data => "data",
        EventKind::Signin => "signin",
        EventKind::Console => "console",
        EventKind::Service => "service",
    }
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
