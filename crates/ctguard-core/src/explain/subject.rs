//! The subject of an explanation: an alert by its id, or an event by its name.

use super::ExplainSubject;
use crate::blueprint::{Alert, Blueprint, events_named};
use crate::catalogue::{nearest, suggest};
use crate::codes;
use crate::diag::Diagnostic;
use crate::event::{EVERY_SOURCE, EventRef, names_meet};

/// The subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The alert of this id.
    Alert(String),
    /// These events; several where one name stands for several that CloudTrail logs.
    Events(Vec<EventRef>),
}

/// The error for a word that names neither an alert nor an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotFound {
    pub message: String,
    /// What to do, in full sentences.
    pub help: Vec<String>,
}

impl Subject {
    /// Finds the subject that a word names: first an alert of the blueprint, then an event. The
    /// notes say which event CloudTrail logs if it is another one.
    ///
    /// # Errors
    /// When it is neither, or several services log an event of that name.
    pub fn find(text: &str, blueprint: &Blueprint) -> Result<(Self, Vec<Diagnostic>), NotFound> {
        if blueprint.every_alert().any(|alert| alert.id == text) {
            return Ok((Self::Alert(text.to_owned()), Vec::new()));
        }
        let error = match events_named(text) {
            Ok((events, notes)) => return Ok((Self::Events(events), notes)),
            Err(error) => error,
        };
        // The blueprint may watch an event that is newer than the catalogue.
        let mut unlisted: Vec<EventRef> = blueprint
            .alerts
            .iter()
            .flat_map(|alert| &alert.events)
            .filter(|event| spellings(event).iter().any(|name| name == text))
            .cloned()
            .collect();
        unlisted.sort();
        unlisted.dedup();
        if error.code == codes::EVENT_UNKNOWN && !unlisted.is_empty() {
            return Ok((Self::Events(unlisted), Vec::new()));
        }
        Err(not_found(text, blueprint, *error))
    }

    /// Whether it is about this event of this alert.
    pub(super) fn is(&self, alert: &Alert, event: &EventRef) -> bool {
        match self {
            Self::Alert(id) => alert.id == *id,
            Self::Events(_) => self.names(event),
        }
    }

    /// Whether it names this event.
    pub(super) fn names(&self, event: &EventRef) -> bool {
        match self {
            Self::Alert(_) => false,
            Self::Events(events) => events.iter().any(|one| {
                let sources = [one.source.as_str(), event.source.as_str()];
                let same_source = sources[0] == sources[1] || sources.contains(&EVERY_SOURCE);
                same_source && names_meet(&one.name, &event.name)
            }),
        }
    }

    pub(super) fn asked(&self) -> ExplainSubject {
        match self {
            Self::Alert(id) => ExplainSubject::Alert(id.clone()),
            Self::Events(events) => {
                let mut names: Vec<String> = events.iter().map(EventRef::short).collect();
                names.dedup();
                ExplainSubject::Events(names)
            }
        }
    }
}

/// The forms in which an event may be written.
fn spellings(event: &EventRef) -> [String; 3] {
    [event.short(), format!("{}:{}", event.source, event.name), event.name.clone()]
}

fn not_found(text: &str, blueprint: &Blueprint, error: Diagnostic) -> NotFound {
    if error.code != codes::EVENT_UNKNOWN {
        let help = error.help.map(|help| sentence(&help));
        return NotFound { message: error.message, help: help.into_iter().collect() };
    }
    let ids = blueprint.every_alert().map(|alert| alert.id.as_str());
    let mut close: Vec<String> = nearest(text, ids).into_iter().map(str::to_owned).collect();
    let (service, name) = text.split_once(':').unwrap_or(("", text));
    let source = format!("{}.amazonaws.com", crate::event::service(service));
    close.extend(suggest(name, (!service.is_empty()).then_some(source.as_str())));
    let help = match close.as_slice() {
        [] => "Name an alert by its id, or an event as `service:EventName`.".to_owned(),
        close => format!("Did you mean {}?", close.join(" or ")),
    };
    NotFound {
        message: format!(
            "`{text}` is neither an alert of this blueprint nor an event that the catalogue knows"
        ),
        help: vec![help],
    }
}

/// A diagnostic's help as a sentence of its own.
fn sentence(help: &str) -> String {
    let mut letters = help.chars();
    match letters.next() {
        Some(first) => {
            format!("{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.'))
        }
        None => String::new(),
    }
}
