//! Searching the catalogue.

use super::entry::{Entry, Renamed};
use super::query::{Fit, Query, Word};
use crate::catalogue::{self, CatalogueEvent};
use schemars::JsonSchema;
use serde::Serialize;

/// What a search found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Found {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// How many events were found.
    pub total: usize,
    /// Events that have the words only as a part of their names, beside those that are named so.
    pub others: usize,
    /// The events that are shown, best first.
    pub events: Vec<Entry>,
    /// Names that fit and that are written for others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// What may have been meant, where nothing was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

/// How much of what is found is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Most events that are shown.
    pub limit: usize,
    /// Names of which a word is only a part, even where others are the word.
    pub parts: bool,
}

impl Found {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.total == 0 && self.renamed.is_empty()
    }

    /// How many events were found and are not shown.
    pub fn left_out(&self) -> usize {
        self.total.saturating_sub(self.events.len())
    }
}

/// Searches every event. Where words are whole names, names that only contain them are counted and
/// not listed, unless they are asked for.
pub fn search(query: &Query, asked: Asked) -> Found {
    let (mut whole, mut parts) = fitting(query);
    let renamed = renames(query, whole.is_empty());
    for logged in renamed.iter().flat_map(|one| &one.events) {
        if query.admits(logged) && !whole.contains(logged) {
            whole.push(*logged);
            parts.retain(|part| part != logged);
        }
    }
    let others = match (whole.is_empty(), asked.parts) {
        (false, false) => parts.len(),
        _ => {
            whole.append(&mut parts);
            0
        }
    };
    let total = whole.len();
    let renamed: Vec<Renamed> = renamed.into_iter().map(|one| one.told).collect();
    let suggestions = match total == 0 && renamed.is_empty() {
        true => suggestions(query),
        false => Vec::new(),
    };
    let events = whole.iter().take(asked.limit).map(Entry::of).collect();
    Found { format_version: 1, total, others, events, renamed, suggestions }
}

/// The events whose names or services the words are, and those whose names contain them.
fn fitting(query: &Query) -> (Vec<CatalogueEvent>, Vec<CatalogueEvent>) {
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    for event in catalogue::all().filter(|event| query.admits(event)) {
        match query.fit(event.source, event.name) {
            Some(Fit::Whole) => whole.push(event),
            Some(Fit::Part) => parts.push(event),
            None => {}
        }
    }
    (whole, parts)
}

struct FoundRename {
    told: Renamed,
    events: Vec<CatalogueEvent>,
}

/// Written names that the words are; those that contain them only where no event is named so, and
/// none for a search without words.
fn renames(query: &Query, parts: bool) -> Vec<FoundRename> {
    if query.named.is_empty() && query.plain.is_empty() {
        return Vec::new();
    }
    let least = if parts { Fit::Part } else { Fit::Whole };
    // A family finds the names that are logged; what else people call them would only be noise.
    let words = || query.named.iter().chain(&query.plain);
    if words().any(|word| word.name.is_empty() || super::glob::is_glob(&word.name)) {
        return Vec::new();
    }
    let fits = |source: &str, name: &str| query.fit(source, name).is_some_and(|fit| fit >= least);
    let of_name = |word: &Word, name: &str| name.to_ascii_lowercase().contains(&word.name);
    catalogue::renames()
        .filter(|(source, name, _)| fits(source, name))
        .filter(|(_, name, _)| words().any(|word| of_name(word, name)))
        .map(|(source, name, rename)| {
            let logged = rename.names.iter();
            let events: Vec<CatalogueEvent> =
                logged.filter_map(|(source, name)| catalogue::find(source, name)).collect();
            FoundRename { told: Renamed::of(source, name, rename), events }
        })
        .filter(|found| found.events.iter().any(|event| query.admits(event)))
        .collect()
}

fn suggestions(query: &Query) -> Vec<String> {
    let words = query.named.iter().chain(&query.plain);
    let mut all: Vec<String> = Vec::new();
    for word in words.filter(|word| !word.name.is_empty() && !super::glob::is_glob(&word.name)) {
        let source = word.service.as_ref().map(|service| format!("{service}.amazonaws.com"));
        for name in catalogue::suggest(&word.name, source.as_deref()) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Access, EventKind};

    fn found(words: &[&str]) -> Found {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        search(&Query::of_words(&words), Asked { limit: 50, parts: false })
    }

    fn names(found: &Found) -> Vec<&str> {
        found.events.iter().map(|entry| entry.event.as_str()).collect()
    }

    #[test]
    fn a_whole_name_hides_the_names_that_contain_it_and_counts_them() {
        let found = found(&["createroute"]);
        assert!(names(&found).contains(&"ec2:CreateRoute"), "{:?}", names(&found));
        assert!(found.events.iter().all(|entry| entry.name == "CreateRoute"));
        assert!(found.others > 0);
    }

    #[test]
    fn a_written_name_finds_what_is_logged_for_it() {
        let found = found(&["lambda:AddPermission"]);
        assert_eq!(names(&found), ["lambda:AddPermission20150331v2"]);
        assert_eq!(found.renamed[0].written, "lambda:AddPermission");
        assert!(!found.renamed[0].logged_itself);
        assert!(found.events[0].written_for.contains(&"lambda:AddPermission".to_owned()));
    }

    #[test]
    fn filters_narrow_what_words_find() {
        let words = ["s3:*".to_owned()];
        let query = Query { kinds: vec![EventKind::Data], ..Query::of_words(&words) };
        let data = search(&query, Asked { limit: 10_000, parts: false });
        assert!(names(&data).contains(&"s3:GetObject"), "{:?}", names(&data));
        assert!(!names(&data).contains(&"s3:DeleteBucket"));
        let query = Query { access: Some(Access::Write), ..query };
        let writes = search(&query, Asked { limit: 10_000, parts: false });
        assert!(!names(&writes).contains(&"s3:GetObject") && writes.total < data.total);
    }

    #[test]
    fn nothing_found_suggests() {
        let found = found(&["cloudtrail:StopLoging"]);
        assert!(found.is_empty());
        assert_eq!(found.suggestions.first().map(String::as_str), Some("cloudtrail:StopLogging"));
    }

    #[test]
    fn a_read_only_management_event_needs_the_wide_state_and_a_data_event_does_not() {
        for (word, wanted) in [
            ("iam:GetUser", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
            ("s3:GetObject", "ENABLED"),
            ("iam:CreateUser", "ENABLED"),
        ] {
            assert_eq!(found(&[word]).events[0].rule_state.as_str(), wanted, "{word}");
        }
    }
}
