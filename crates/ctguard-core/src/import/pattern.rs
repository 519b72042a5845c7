//! Event patterns of EventBridge, wherever they are written.
//!
//! A pattern whose `detail-type` is CloudTrail's becomes an alert that takes the same events: its
//! `source` and names become `events:`, its other fields `where:`. What a template fills in later is
//! not known here, and such a pattern is refused.

mod alone;
mod kinds;
mod reads;
#[cfg(test)]
mod tests;

use super::asked::{self, NAME, SOURCE, asked};
use super::draft::{Draft, Origin, id_of, line};
use super::notes::Notes;
use super::{Collected, Refused, SourceFile};
use crate::blueprint::Risk;
use crate::blueprint::source::Source;
use crate::events::tree::{Entry, Node, Value};
use crate::events::{FoundPattern, State, found_in};
use crate::resource::rule::RuleState;
use eventbridge_pattern::combine::{Holds, combine};
use eventbridge_pattern::ruler::{self, Alternative};
use eventbridge_pattern::{Matcher, Pattern};
use kinds::{Asking, Named, kinds_of};
use reads::reads;
use serde_json::Value as Json;
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
    /// Whether its state is `ENABLED`, which read-only events do not reach.
    pub plain: bool,
}

/// Reads the patterns of files.
pub fn pattern(files: &[SourceFile], risk: Risk) -> Collected {
    let mut collected = Collected::default();
    for file in files {
        let source = Source::new(&file.name, &file.text);
        let stem = Path::new(&file.name).file_stem().and_then(|stem| stem.to_str());
        let stem = stem.filter(|stem| *stem != "-");
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
                collected.refused.extend(unread(file, &from(error.at.start, None), &error.why));
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
            let made = old_yaml(&one.node, &file.text).map_or(Ok(()), Err);
            match made.and_then(|()| of_file(one, from.clone(), risk)) {
                Ok(draft) => collected.drafts.push(draft),
                Err(reason) => collected.refused.push(Refused { from, reason }),
            }
        }
    }
    collected
}

/// The rules of a file that cannot be read, as far as their resources are seen; else the file.
fn unread(file: &SourceFile, from: &Origin, why: &str) -> Vec<Refused> {
    let head = "resource \"aws_cloudwatch_event_rule\" \"";
    let lines = (1..).zip(file.text.lines());
    let rules = lines.filter_map(|(number, line)| {
        let name = line.trim_start().strip_prefix(head)?.split('"').next()?;
        let at = from.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        let from = Origin { line: Some(number), rule: name.to_owned(), ..from.clone() };
        Some(Refused { from, reason: format!("its file cannot be read{at}: {why}") })
    });
    let rules: Vec<Refused> = rules.collect();
    match rules.is_empty() {
        false => rules,
        true => {
            let from = Origin { rule: file.name.clone(), ..from.clone() };
            vec![Refused { from, reason: why.to_owned() }]
        }
    }
}

/// Says what CloudFormation, which reads YAML 1.1, takes for a truth value or a number in base 8.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>
fn old_yaml(node: &Node, file: &str) -> Option<String> {
    const WORDS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];
    match &node.value {
        Value::List(items) => items.iter().find_map(|one| old_yaml(one, file)),
        Value::Map(entries) => entries.iter().find_map(|one| old_yaml(&one.node, file)),
        Value::Text(text) => {
            let word = WORDS.iter().any(|one| one.eq_ignore_ascii_case(text));
            let octal = text.len() > 1
                && text.starts_with('0')
                && text.bytes().all(|one| (b'0'..=b'7').contains(&one));
            // Quotation marks are a part of what stands in the file.
            let bare = file.get(node.span.clone()).is_some_and(|raw| raw.trim() == text);
            ((word || octal) && bare).then(|| {
                format!(
                    "`{text}` without quotes is a truth value or another number to some readers of \
                     YAML, CloudFormation among them, and a text to others: write it in quotes"
                )
            })
        }
        Value::Plain(_) | Value::Hole => None,
    }
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
    if found.bus_open {
        notes.insert(
            "which bus the rule is on is known only where the file is used; the alert hears the \
             default bus, which is given CloudTrail's events"
                .to_owned(),
        );
    }
    let plain = matches!(found.state, State::Default | State::Written(RuleState::Enabled));
    let rule = Rule { from, description: found.description.clone(), risk, notes, plain };
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
    for alternative in alternatives {
        let beyond = alone::beyond(&alternative);
        let detail = detail(alternative)?;
        if let Some(reason) = beyond {
            return Err(reason);
        }
        all.extend(detail);
    }
    let named = Named::of(&all, &mut rule.notes);
    let all = all.into_iter().map(|one| named.narrowed(one, &mut rule.notes)).collect();
    let asked = asked(all, &mut rule.notes)?;
    let events = named.lines(asked.events);
    if rule.plain {
        rule.notes.extend(reads(&events, asked.filter.as_ref()));
    }
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

/// What an alternative asks of a record; none where nothing can match it.
fn detail(alternative: Alternative) -> Result<Option<Asking>, String> {
    let mut fields = Alternative::new();
    let mut both: Vec<(String, Vec<Matcher>)> = Vec::new();
    let mut kinds = None;
    let named = [SOURCE, NAME].iter().any(|path| {
        let list = alternative.get(&format!("detail.{path}"));
        list.is_some_and(|list| !list.iter().any(Matcher::accepts_absent))
    });
    for (path, list) in alternative {
        match path.as_str() {
            "source" => both.extend(sources(&list)?.map(|list| (SOURCE.to_owned(), list))),
            "detail-type" => kinds = Some(kinds_of(&list, named)?),
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
            return Ok(None);
        }
        fields.insert(path, merged);
    }
    Ok(Some((fields, kinds)))
}

/// `aws.ec2` → `ec2.amazonaws.com`; none where every service of AWS is meant.
fn sources(list: &[Matcher]) -> Result<Option<Vec<Matcher>>, String> {
    let of_aws = Matcher::prefix("aws.");
    if list.contains(&of_aws) || list.contains(&Matcher::Exists(true)) {
        return Ok(None);
    }
    let mut sources = Vec::new();
    for matcher in list {
        let Matcher::Exact(Json::String(text)) = matcher else {
            return Err("its `source` is no list of names".to_owned());
        };
        match asked::record_source(text) {
            Some(source) => sources.push(Matcher::exact(source)),
            None => return Err(format!("`{text}` is not the source of an event of CloudTrail")),
        }
    }
    Ok(Some(sources))
}
