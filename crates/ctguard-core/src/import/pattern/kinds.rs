//! The kinds of events that a pattern asks for by its `detail-type`, beside those that the catalogue
//! knows of each name.

use super::super::asked::{self, NAME, SOURCE};
use super::super::draft::EventLine;
use super::super::notes::Notes;
use crate::catalogue::{self, CatalogueEvent};
use crate::event::{EventKind, UNLISTED_KINDS};
use eventbridge_pattern::Matcher;
use eventbridge_pattern::combine::{Holds, combine};
use eventbridge_pattern::ruler::Alternative;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The kinds of events that a list of `detail-type`s takes.
///
/// # Errors
/// When it takes none of CloudTrail's, or Insights, which have no name of an event.
pub(super) fn kinds_of(list: &[Matcher], named: bool) -> Result<Vec<EventKind>, String> {
    let takes = |detail_type: &str| {
        let value = Value::from(detail_type);
        list.iter().any(|matcher| matcher.accepts(&value))
    };
    let known = EventKind::ALL.into_iter();
    let mut kinds: Vec<EventKind> =
        known.filter(|kind| kind.detail_types().iter().any(|one| takes(one))).collect();
    let insights = kinds.contains(&EventKind::Insight);
    match kinds.len() {
        0 => {
            let values: Vec<String> =
                list.iter().map(|matcher| matcher.to_value().to_string()).collect();
            Err(format!("it is not about CloudTrail: its `detail-type` is {}", values.join(", ")))
        }
        1 if insights => Err("it is about Insights, which are no events of a name".to_owned()),
        // Insights have no `eventName` and `eventSource` of their own, so that a name leaves them out.
        _ if insights && !named => {
            Err("its `detail-type` takes Insights, too, which are no events of a name: write the \
             `detail-type`s that are meant"
                .to_owned())
        }
        _ => {
            kinds.retain(|kind| *kind != EventKind::Insight);
            Ok(kinds)
        }
    }
}

/// What an alternative asks of a record, and the kinds of events that it takes; none where it has
/// no `detail-type`.
pub(super) type Asking = (Alternative, Option<Vec<EventKind>>);

/// How the names of a pattern are asked for.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Names that are asked for as what the catalogue knows of them.
    known: BTreeSet<String>,
    /// The kinds that are added to a name.
    added: BTreeMap<String, (CatalogueEvent, BTreeSet<EventKind>)>,
}

/// The texts of a field, where every operator is one.
fn texts(fields: &Alternative, path: &str) -> Option<Vec<String>> {
    let text = |matcher: &Matcher| match matcher {
        Matcher::Exact(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    fields.get(path)?.iter().map(text).collect()
}

/// The events of the catalogue that the names of an alternative stand for; the second value tells
/// that the catalogue has all of them.
fn known_events(fields: &Alternative) -> (Vec<CatalogueEvent>, bool) {
    let Some(names) = texts(fields, NAME) else { return (Vec::new(), false) };
    let sources: BTreeSet<String> = texts(fields, SOURCE).unwrap_or_default().into_iter().collect();
    let here = |one: &CatalogueEvent| sources.is_empty() || sources.contains(one.source);
    let of_name = |name: &String| catalogue::sources_of(name).into_iter();
    let known: Vec<_> = names.iter().flat_map(of_name).filter(here).collect();
    let all = names.iter().all(|name| known.iter().any(|one| one.name == name));
    (known, all)
}

impl Named {
    /// Finds out what the names of all alternatives are asked for as, and tells what is odd.
    pub fn of(all: &[Asking], notes: &mut Notes) -> Self {
        let mut named = Self::default();
        for (fields, kinds) in all {
            for one in known_events(fields).0 {
                match kinds {
                    Some(kinds) => named.add(one, kinds, notes),
                    None => {
                        named.known.insert(one.short());
                        if asked::names_network(fields) {
                            named.put(one, [EventKind::Network]);
                        }
                    }
                }
            }
        }
        named
    }

    fn put(&mut self, event: CatalogueEvent, kinds: impl IntoIterator<Item = EventKind>) {
        self.added.entry(event.short()).or_insert((event, BTreeSet::new())).1.extend(kinds);
    }

    fn add(&mut self, event: CatalogueEvent, kinds: &[EventKind], notes: &mut Notes) {
        let short = event.short();
        let heard = event.kinds().any(|kind| kinds.contains(&kind));
        let others: Vec<EventKind> =
            kinds.iter().copied().filter(|kind| is_other(&event, *kind, heard)).collect();
        if others.contains(&EventKind::Network) {
            notes.insert(format!(
                "`{short}` is asked for as a network activity event, as the `detail-type` says: \
                 these arrive where a trail records them"
            ));
        }
        // Which calls are logged as network activity, too, no list says.
        let network_alone = !heard && others == [EventKind::Network];
        if !network_alone {
            self.known.insert(short.clone());
        }
        let words: Vec<&str> = others
            .iter()
            .filter(|kind| **kind != EventKind::Network)
            .map(|kind| kind.as_str())
            .collect();
        if !heard && !network_alone {
            notes.insert(format!(
                "`{short}` has another `detail-type` than the pattern asks for, so that the rule \
                 never fires; the alert asks for both"
            ));
        } else if !words.is_empty() {
            notes.insert(format!(
                "`{short}` is asked for as {}, too, as the `detail-type` says; the catalogue does \
                 not know it as that",
                words.join(" and ")
            ));
        }
        if !others.is_empty() {
            self.put(event, others);
        }
    }

    /// Lines of `events:` in place of, or beside, those that stand for the names.
    pub fn lines(&self, events: Vec<EventLine>) -> Vec<EventLine> {
        let other = |line: &EventLine| match line {
            EventLine::Named(short) => {
                !self.added.contains_key(short) || self.known.contains(short)
            }
            _ => true,
        };
        let any = EventLine::Named("any".to_owned());
        if events.contains(&any) {
            return events;
        }
        let mut lines: Vec<EventLine> = events.into_iter().filter(other).collect();
        for (short, (event, kinds)) in &self.added {
            let line = |kind: &EventKind| match self.known.contains(short) {
                true => EventLine::Kind { name: short.clone(), kind: kind.as_str() },
                false => EventLine::Only {
                    source: event.source.to_owned(),
                    name: event.name.to_owned(),
                    kind: kind.as_str(),
                },
            };
            lines.extend(kinds.iter().map(line));
        }
        lines
    }

    /// As what the events of an alternative are heard.
    fn heard(&self, fields: &Alternative) -> BTreeSet<EventKind> {
        let (events, all) = known_events(fields);
        if !all {
            return UNLISTED_KINDS.into_iter().collect();
        }
        let mut kinds = BTreeSet::new();
        for one in events {
            let short = one.short();
            if self.known.contains(&short) {
                kinds.extend(one.kinds());
            }
            kinds.extend(self.added.get(&short).into_iter().flat_map(|(_, added)| added));
        }
        kinds
    }

    /// Asks for the kinds of an alternative only, where its events have others, too.
    pub fn narrowed(&self, asking: Asking, notes: &mut Notes) -> Alternative {
        let (mut fields, Some(kinds)) = asking else { return asking.0 };
        if !fields.contains_key(SOURCE)
            && !fields.contains_key(NAME)
            && kinds == [EventKind::Signin]
        {
            let of_kind = catalogue::all().filter(|one| one.is(EventKind::Signin));
            let known: BTreeSet<&str> = of_kind.map(|one| one.source).collect();
            notes.insert(format!(
                "it names no `eventSource`; taken are the services that are known to log sign-ins: \
                 {}",
                known.iter().copied().collect::<Vec<_>>().join(", ")
            ));
            fields.insert(SOURCE.to_owned(), known.into_iter().map(Matcher::exact).collect());
        }
        let mut wanted: BTreeSet<EventKind> = kinds.iter().copied().collect();
        for one in known_events(&fields).0 {
            // It is never so; AWS's own kind is asked for, too.
            if !one.kinds().any(|kind| kinds.contains(&kind)) && self.known.contains(&one.short()) {
                wanted.extend(one.kinds());
            }
        }
        if self.heard(&fields).iter().any(|kind| !wanted.contains(kind)) {
            let mut list: Vec<Matcher> = Vec::new();
            for text in wanted.iter().flat_map(|kind| event_types(*kind)) {
                let one = Matcher::exact(*text);
                if !list.contains(&one) {
                    list.push(one);
                }
            }
            let both = match fields.get("eventType") {
                Some(known) => {
                    combine(&[known, &list], &[], Holds::Anything).unwrap_or(known.clone())
                }
                None => list,
            };
            fields.insert("eventType".to_owned(), both);
        }
        fields
    }
}

/// Whether a kind is one that an event may have although the catalogue does not know it as that.
fn is_other(event: &CatalogueEvent, kind: EventKind, heard: bool) -> bool {
    let is = |one: EventKind| event.is(one);
    match kind {
        // Both have one `detail-type`.
        EventKind::Api => {
            let signs_in = event.kinds().all(|one| one == EventKind::Signin);
            !(is(EventKind::Api) || is(EventKind::Data) || (heard && signs_in))
        }
        EventKind::Data | EventKind::Insight => false,
        EventKind::Signin => {
            let of_source = || catalogue::of_source(event.source);
            !is(kind) && (!heard || of_source().any(|one| one.is(kind)))
        }
        EventKind::Console | EventKind::Service | EventKind::Network => !is(kind),
    }
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
