//! Event patterns of EventBridge, wherever they are written.
//!
//! A pattern whose `detail-type` is CloudTrail's becomes an alert that takes the same events: its
//! `source` and names become `events:`, its other fields `where:`. What a template fills in later is
//! not known here, and such a pattern is refused.

mod alone;
#[cfg(test)]
mod tests;

use super::asked::{self, NAME, SOURCE, asked};
use super::draft::{Draft, EventLine, Origin, id_of, line};
use super::notes::Notes;
use super::{Collected, Refused, SourceFile};
use crate::blueprint::Risk;
use crate::blueprint::source::Source;
use crate::catalogue;
use crate::event::{EventKind, UNLISTED_KINDS};
use crate::events::tree::Entry;
use crate::events::{FoundPattern, State, found_in};
use crate::resource::rule::RuleState;
use eventbridge_pattern::combine::{Holds, combine};
use eventbridge_pattern::ruler::{self, Alternative};
use eventbridge_pattern::{Matcher, Pattern};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The fields of the envelope that say where an event is from.
const OWN: [&str; 2] = ["account", "region"];

/// What a rule is, beside its pattern.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub from: Origin,
    pub description: Option<String>,
    pub risk: Risk,
    pub notes: Notes,
}

/// Reads the patterns of files.
pub fn pattern(files: &[SourceFile], risk: Risk) -> Collected {
    let mut collected = Collected::default();
    for file in files {
        let source = Source::new(&file.name, &file.text);
        let stem = Path::new(&file.name).file_stem().and_then(|stem| stem.to_str());
        let from = |at: usize, name: Option<&String>| Origin {
            file: file.name.clone(),
            line: Some(source.line(at)),
            rule: line(name.map_or(stem.unwrap_or("pattern"), String::as_str), usize::MAX),
            id: None,
            author: None,
        };
        let found = match found_in(&file.name, &file.text) {
            Ok(found) => found,
            Err(error) => {
                let from = Origin { rule: file.name.clone(), ..from(error.at.start, None) };
                collected.refused.push(Refused { from, reason: error.why });
                continue;
            }
        };
        for (at, why) in &found.broken {
            let reason = format!("it is no event pattern: {why}");
            let from = from(at.start, found.called.get(&at.start));
            collected.refused.push(Refused { from, reason });
        }
        for at in &found.not_known {
            let reason = "a variable or function makes the pattern".to_owned();
            let from = from(at.start, found.called.get(&at.start));
            collected.refused.push(Refused { from, reason });
        }
        if found.patterns.is_empty() && found.broken.is_empty() && found.not_known.is_empty() {
            let from = Origin { rule: file.name.clone(), line: None, ..from(0, None) };
            let reason = "there is no event pattern in it".to_owned();
            collected.refused.push(Refused { from, reason });
        }
        // Of a local that a rule is filled with, the rule is what there is.
        let named = |at: usize| {
            let mut same = found.patterns.iter().filter(|one| one.node.span.start == at);
            same.any(|one| one.name.is_some())
        };
        let own = |one: &&FoundPattern| one.name.is_some() || !named(one.node.span.start);
        for one in found.patterns.iter().filter(own) {
            let from = from(one.node.span.start, one.name.as_ref());
            match of_file(one, from.clone(), risk) {
                Ok(draft) => collected.drafts.push(draft),
                Err(reason) => collected.refused.push(Refused { from, reason }),
            }
        }
    }
    collected
}

fn of_file(found: &FoundPattern, from: Origin, risk: Risk) -> Result<Draft, String> {
    let mut notes = Notes::default();
    // Templates ask for their own account or region, which is where the alert is raised.
    let open = |entry: &Entry| OWN.contains(&entry.key.as_str()) && entry.node.has_hole();
    for entry in found.node.entries().iter().filter(|entry| open(entry)) {
        notes.insert(format!(
            "which {} it asks for is known only where the file is used; the alert hears what arrives \
             where it is raised",
            entry.key
        ));
    }
    let node = found.node.without(open);
    if node.has_hole() {
        return Err("a variable or function makes a part of the pattern".to_owned());
    }
    if found.state == State::Written(RuleState::Disabled) {
        notes.insert("the rule is disabled; the alert is not".to_owned());
    }
    if let Some(bus) = found.bus.as_deref().filter(|bus| *bus != "default") {
        notes.insert(format!(
            "the rule is on the bus `{bus}`; the alert hears the default bus, which is given \
             CloudTrail's events"
        ));
    }
    let rule = Rule { from, description: found.description.clone(), risk, notes };
    draft(&node.to_json(), rule)
}

/// The alert of a pattern.
///
/// # Errors
/// With the reason, when it is not about CloudTrail, or no pattern.
pub(super) fn draft(text: &str, mut rule: Rule) -> Result<Draft, String> {
    let pattern =
        Pattern::parse(text).map_err(|error| format!("EventBridge refuses it: {error}"))?;
    let alternatives = ruler::alternatives(&pattern.filter)
        .ok_or_else(|| "its alternatives are too many".to_owned())?;
    if !ruler::losses(&pattern.filter).is_empty() {
        let lost = "EventBridge loses an alternative of its `$or`; the alert does not";
        rule.notes.insert(lost.to_owned());
    }
    let mut all = Vec::new();
    let mut lines: BTreeSet<EventLine> = BTreeSet::new();
    for alternative in alternatives {
        let beyond = alone::beyond(&alternative);
        let Detail { fields, more } = detail(alternative, &mut rule.notes)?;
        if let Some(reason) = beyond {
            return Err(reason);
        }
        all.extend(fields);
        lines.extend(more);
    }
    let asked = asked(all, &mut rule.notes)?;
    let mut events = asked.events;
    events.extend(lines.into_iter().filter(|line| !events.contains(line)).collect::<Vec<_>>());
    let described = rule.description.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let title = described.unwrap_or(&rule.from.rule).to_owned();
    Ok(Draft {
        id: id_of(&rule.from.rule),
        title,
        risk: rule.risk,
        events,
        filter: asked.filter,
        why: described.unwrap_or_default().to_owned(),
        next: "Ask who did it, and whether it was meant to be done.".to_owned(),
        sources: Vec::new(),
        attack: Vec::new(),
        notify: Vec::new(),
        from: rule.from,
        partly: rule.notes.partly(),
        notes: rule.notes.into_list(),
        takes_over: None,
    })
}

/// What an alternative asks of a record, and events that it asks for as another kind.
struct Detail {
    fields: Option<Alternative>,
    more: Vec<EventLine>,
}

fn detail(alternative: Alternative, notes: &mut Notes) -> Result<Detail, String> {
    let mut fields = Alternative::new();
    let mut both: Vec<(String, Vec<Matcher>)> = Vec::new();
    let mut kinds = None;
    for (path, list) in alternative {
        match path.as_str() {
            "source" => both.extend(sources(&list)?.map(|list| (SOURCE.to_owned(), list))),
            "detail-type" => kinds = Some(kinds_of(&list)?),
            "account" => both.push(("recipientAccountId".to_owned(), list)),
            "region" => both.push(("awsRegion".to_owned(), list)),
            "resources" => {
                return Err("it asks for `resources`, which no event of CloudTrail has".to_owned());
            }
            other => match other.strip_prefix("detail.") {
                Some(path) => both.push((path.to_owned(), list)),
                None => return Err(format!("it asks for `{other}`, which an alert does not see")),
            },
        }
    }
    for (path, list) in both {
        let merged = match fields.remove(&path) {
            None => list,
            Some(known) => combine(&[&known, &list], &[], Holds::Anything)
                .map_err(|error| format!("what it asks of `{path}` has no operator: {error}"))?,
        };
        // Nothing can match: another alternative may.
        if merged.is_empty() {
            return Ok(Detail { fields: None, more: Vec::new() });
        }
        fields.insert(path, merged);
    }
    match kinds {
        None => Ok(Detail { fields: Some(fields), more: Vec::new() }),
        Some(kinds) => Ok(of_kinds(fields, &kinds, notes)),
    }
}

/// `aws.ec2` → `ec2.amazonaws.com`; none where every service of AWS is meant.
fn sources(list: &[Matcher]) -> Result<Option<Vec<Matcher>>, String> {
    let of_aws = Matcher::prefix("aws.");
    if list.contains(&of_aws) || list.contains(&Matcher::Exists(true)) {
        return Ok(None);
    }
    let mut sources = Vec::new();
    for matcher in list {
        let Matcher::Exact(Value::String(text)) = matcher else {
            return Err("its `source` is no list of names".to_owned());
        };
        match asked::record_source(text) {
            Some(source) => sources.push(Matcher::exact(source)),
            None => return Err(format!("`{text}` is not the source of an event of CloudTrail")),
        }
    }
    Ok(Some(sources))
}

/// The kinds of events that a list of `detail-type`s takes.
fn kinds_of(list: &[Matcher]) -> Result<Vec<EventKind>, String> {
    let takes = |detail_type: &str| {
        let value = Value::from(detail_type);
        list.iter().any(|matcher| matcher.accepts(&value))
    };
    let known = EventKind::ALL.into_iter();
    let kinds: Vec<EventKind> =
        known.filter(|kind| kind.detail_types().iter().any(|one| takes(one))).collect();
    match kinds.is_empty() {
        true => {
            let values: Vec<String> =
                list.iter().map(|matcher| matcher.to_value().to_string()).collect();
            Err(format!("it is not about CloudTrail: its `detail-type` is {}", values.join(", ")))
        }
        false if kinds.contains(&EventKind::Insight) => {
            Err("it is about Insights, which are no events of a name".to_owned())
        }
        false => Ok(kinds),
    }
}

/// Asks for these kinds only, where its events have others, too.
fn of_kinds(mut fields: Alternative, kinds: &[EventKind], notes: &mut Notes) -> Detail {
    if !fields.contains_key(SOURCE) && !fields.contains_key(NAME) && kinds == [EventKind::Signin] {
        let of_kind = catalogue::all().filter(|one| one.is(EventKind::Signin));
        let known: BTreeSet<&str> = of_kind.map(|one| one.source).collect();
        notes.insert(format!(
            "it names no `eventSource`; taken are the services that are known to log sign-ins: {}",
            known.iter().copied().collect::<Vec<_>>().join(", ")
        ));
        fields.insert(SOURCE.to_owned(), known.into_iter().map(Matcher::exact).collect());
    }
    let texts = |path: &str| -> Option<Vec<String>> {
        let text = |matcher: &Matcher| match matcher {
            Matcher::Exact(Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        fields.get(path)?.iter().map(text).collect()
    };
    let sources: BTreeSet<String> = texts(SOURCE).unwrap_or_default().into_iter().collect();
    let mut own: BTreeSet<EventKind> = UNLISTED_KINDS.into_iter().collect();
    let mut wanted: BTreeSet<EventKind> = kinds.iter().copied().collect();
    let mut more = Vec::new();
    if let Some(names) = texts(NAME) {
        let of_name = |name: &String| catalogue::sources_of(name).into_iter();
        let here =
            |one: &catalogue::CatalogueEvent| sources.is_empty() || sources.contains(one.source);
        let known: Vec<_> = names.iter().flat_map(of_name).filter(here).collect();
        if names.iter().all(|name| known.iter().any(|one| one.name == name)) {
            own = known.iter().flat_map(|one| one.kinds()).collect();
        }
        for one in known.iter().filter(|one| !one.kinds().any(|kind| kinds.contains(&kind))) {
            // It is never so; AWS's own kind is asked for, too.
            more.push(EventLine::Kind { name: one.short(), kind: kinds[0].as_str() });
            wanted.extend(one.kinds());
            notes.insert(format!(
                "`{}` has another `detail-type` than the pattern asks for, so that the rule never \
                 fires; the alert asks for both",
                one.short()
            ));
        }
    }
    if own.iter().any(|kind| !wanted.contains(kind)) {
        let mut list: Vec<Matcher> = Vec::new();
        for text in wanted.iter().flat_map(|kind| event_types(*kind)) {
            let one = Matcher::exact(*text);
            if !list.contains(&one) {
                list.push(one);
            }
        }
        let both = match fields.get("eventType") {
            Some(known) => combine(&[known, &list], &[], Holds::Anything).unwrap_or(known.clone()),
            None => list,
        };
        fields.insert("eventType".to_owned(), both);
    }
    Detail { fields: Some(fields), more }
}

/// How records spell a kind.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
fn event_types(kind: EventKind) -> &'static [&'static str] {
    match kind {
        EventKind::Api | EventKind::Data => &["AwsApiCall"],
        EventKind::Signin => &["AwsConsoleSignIn", "AwsConsoleSignin"],
        EventKind::Console => &["AwsConsoleAction"],
        EventKind::Service => &["AwsServiceEvent", "AWSServiceEvent"],
        EventKind::Network => &["AwsVpceEvents", "AwsVpceEvent"],
        EventKind::Insight => &["AwsCloudTrailInsight"],
    }
}
