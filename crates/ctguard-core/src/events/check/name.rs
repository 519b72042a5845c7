//! Names outside of patterns, and what is said of any name.

use super::finding::{Findings, either};
use crate::catalogue::{self, CatalogueEvent, RenameMode};
use crate::codes;
use crate::event::{self, EventKind};
use crate::events::glob;
use std::ops::Range;

/// Most services or events that a message lists.
const LISTED: usize = 6;

/// A name that a file asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub text: String,
    /// `ec2.amazonaws.com`, where the file says it.
    pub source: Option<String>,
    pub at: Range<usize>,
    /// Whether the tool compares names without regard to case.
    pub any_case: bool,
}

/// Whether a name is one of DynamoDB's streams or of S3's notifications, which have an `eventName`,
/// too, and none of CloudTrail's.
///
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>
fn is_of_others(name: &str) -> bool {
    let of_s3 = name.strip_prefix("s3:").unwrap_or(name);
    matches!(name, "INSERT" | "MODIFY" | "REMOVE")
        || ["ObjectCreated:", "ObjectRemoved:", "ObjectRestore:", "ObjectTagging:"]
            .iter()
            .any(|begin| of_s3.starts_with(begin))
}

/// Says what is wrong with a name; `all` are those of the file.
pub(super) fn judge(name: &Name, all: &[Name], findings: &mut Findings) {
    if is_of_others(&name.text) {
        return;
    }
    let source = name.source.as_deref();
    if let Some(source) = source
        && !glob::is_glob(source)
        && !catalogue::knows_source(source)
    {
        return unknown_source(source, Some(&name.text), &name.at, findings);
    }
    let events: Vec<CatalogueEvent> = match glob::is_glob(&name.text) || name.any_case {
        true => catalogue::all().filter(|event| fits(name, event.name)).collect(),
        false => catalogue::sources_of(&name.text),
    };
    let here: Vec<CatalogueEvent> = events
        .iter()
        .filter(|event| source.is_none_or(|source| glob::matches(source, event.source)))
        .copied()
        .collect();
    match here.as_slice() {
        [] => nothing(&name.text, source, &events, &name.at, findings),
        some => {
            let kinds = some.iter().flat_map(CatalogueEvent::kinds);
            selectors(&name.text, kinds, &name.at, findings);
        }
    }
    if !here.is_empty() {
        let taken = |logged: &str| all.iter().any(|other| fits(other, logged));
        also(&name.text, &here, &taken, &name.at, findings);
    }
}

fn fits(name: &Name, event: &str) -> bool {
    match name.any_case {
        true => glob::matches(&name.text.to_ascii_lowercase(), &event.to_ascii_lowercase()),
        false => glob::matches(&name.text, event),
    }
}

/// Says why nothing that is asked for has this name: `events` have it, of other sources.
pub(super) fn nothing(
    name: &str,
    source: Option<&str>,
    events: &[CatalogueEvent],
    at: &Range<usize>,
    findings: &mut Findings,
) {
    let asked = |own: &str| source.is_none_or(|source| glob::matches(source, own));
    let mut renames = catalogue::renames_of(name);
    renames.retain(|(own, rename)| asked(own) && rename.mode == RenameMode::Instead);
    if !renames.is_empty() {
        return never_logged(name, &renames, at, findings);
    }
    if !events.is_empty() {
        let mut names: Vec<String> = events.iter().map(CatalogueEvent::short).collect();
        names.sort();
        names.dedup();
        let more = names.len().saturating_sub(LISTED);
        names.truncate(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message = match source {
            Some(source) => format!("`{source}` logs no event `{name}`"),
            None => format!("nothing that is asked for logs an event `{name}`"),
        };
        let help = format!("it is logged as {}{more}", names.join(", "));
        return findings.error(codes::NAME_OF_ANOTHER_SERVICE, at, message, help);
    }
    if glob::is_glob(name) {
        let of = source.map(|source| format!(" of `{source}`")).unwrap_or_default();
        let message = format!("no event{of} has a name like `{name}`");
        let help = "`ctguard events` finds the names that there are".to_owned();
        return findings.error(codes::NAMES_MATCH_NOTHING, at, message, help);
    }
    let suggestions = findings.suggest(name, source.filter(|source| !glob::is_glob(source)));
    let message = match source {
        Some(source) => format!("CloudTrail logs no `{name}` for `{source}`, as far as is known"),
        None => format!("CloudTrail logs no event `{name}`, as far as is known"),
    };
    let help = match suggestions.as_slice() {
        [] => "correct it, unless it is newer than the catalogue".to_owned(),
        some => format!("did you mean {}?", either(some)),
    };
    findings.error(codes::NAME_UNKNOWN, at, message, help);
}

fn never_logged(
    name: &str,
    renames: &[(&str, catalogue::Rename)],
    at: &Range<usize>,
    findings: &mut Findings,
) {
    let written: Vec<String> =
        renames.iter().map(|(source, _)| event::short(source, name)).collect();
    let mut logged: Vec<String> = renames
        .iter()
        .flat_map(|(_, rename)| rename.names)
        .map(|(source, name)| event::short(source, name))
        .collect();
    logged.dedup();
    logged.truncate(LISTED);
    let message = format!("CloudTrail never logs `{}` under that name", either(&written));
    let help = format!("it is logged as {}", logged.join(", "));
    findings.error(codes::NAME_NEVER_LOGGED, at, message, help);
}

/// Says that a call is written under other names as well; `taken` are those that are asked for.
pub(super) fn also(
    name: &str,
    events: &[CatalogueEvent],
    taken: &dyn Fn(&str) -> bool,
    at: &Range<usize>,
    findings: &mut Findings,
) {
    if glob::is_glob(name) {
        return;
    }
    let renames = events.iter().filter_map(|event| {
        let rename = catalogue::rename(event.source, event.name)?;
        (rename.mode == RenameMode::Also).then_some(rename)
    });
    let mut missed: Vec<String> = renames
        .flat_map(|rename| rename.names)
        .filter(|(_, name)| !taken(name))
        .map(|(source, name)| event::short(source, name))
        .collect();
    missed.dedup();
    if !missed.is_empty() {
        let message = format!("CloudTrail writes `{name}` under other names as well");
        let help = format!("add {}", missed.join(", "));
        findings.warning(codes::NAME_ALSO_LOGGED_AS, at, message, help);
    }
}

/// Says that a trail must be told to record an event of these kinds.
pub(super) fn selectors(
    name: &str,
    kinds: impl Iterator<Item = EventKind>,
    at: &Range<usize>,
    findings: &mut Findings,
) {
    let kinds: Vec<EventKind> = kinds.collect();
    let what = match () {
        () if kinds.iter().any(|kind| kind.is_management()) => return,
        () if kinds.contains(&EventKind::Data) => "a data event",
        () if kinds.contains(&EventKind::Network) => "a network activity event",
        () => return,
    };
    let message = format!("`{name}` is {what}, which a trail records only if its selectors ask");
    findings.note(codes::NEEDS_SELECTORS, at, message);
}

/// Says that nothing comes from a source.
pub(super) fn unknown_source(
    source: &str,
    name: Option<&str>,
    at: &Range<usize>,
    findings: &mut Findings,
) {
    let service = event::service(source);
    let service = service.strip_prefix("aws.").unwrap_or(service).to_ascii_lowercase();
    let full = format!("{service}.amazonaws.com");
    let message = format!("no event comes from `{source}`, as far as is known");
    let help = match (catalogue::knows_source(&full), name) {
        (true, _) => {
            format!("`detail.eventSource` is `{full}`, EventBridge's `source` `aws.{service}`")
        }
        (false, Some(name)) => match findings.suggest(name, Some(&full)).as_slice() {
            [] => "correct it, unless the service is newer than the catalogue".to_owned(),
            some => format!("did you mean {}?", either(some)),
        },
        (false, None) => match catalogue::suggest_service(&service).as_slice() {
            [] => "correct it, unless the service is newer than the catalogue".to_owned(),
            some => format!("did you mean {}?", either(some)),
        },
    };
    findings.error(codes::SOURCE_UNKNOWN, at, message, help);
}
