//! The blueprints that ship with the program, by id.
//!
//! Each is a file in `blueprints/`: id, title, why, sources and alerts. Adding one adds a file.

/// Id and text, sorted by id.
static BUILTINS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// Begins the names of the files.
const FILES: &str = "builtin:";

/// The ids, sorted.
pub fn ids() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|(id, _)| *id)
}

/// The text of a built-in blueprint.
pub fn text(id: &str) -> Option<&'static str> {
    let at = BUILTINS.binary_search_by(|(known, _)| (*known).cmp(id)).ok()?;
    BUILTINS.get(at).map(|(_, text)| *text)
}

/// The title of a built-in blueprint.
pub fn title(id: &str) -> Option<&'static str> {
    let line = text(id)?.lines().find_map(|line| line.strip_prefix("title: "));
    line.map(str::trim)
}

/// The name under which a built-in blueprint stands in spans and snippets: `builtin:<id>`.
pub fn file_name(id: &str) -> String {
    format!("{FILES}{id}")
}

/// Whether it is the name that [`file_name`] gives.
pub fn is_file_name(name: &str) -> bool {
    name.starts_with(FILES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::{Alert, load_text};
    use crate::desired::pattern::{Origin, Selection, compile};
    use jiff::civil::date;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// The alerts of a built-in blueprint, as a blueprint that includes it has them.
    fn alerts(id: &str) -> Vec<Alert> {
        let text = format!(
            "version: 1\nname: t\ninclude: [{{ builtin: {id} }}]\nallow: [alert-without-destination]\n"
        );
        let loaded = load_text("b.yaml", &text, None, date(2026, 11, 22));
        assert_eq!(loaded.diagnostics, [], "{id}");
        loaded.blueprint.unwrap().alerts
    }

    #[test]
    fn every_built_in_blueprint_is_valid_and_explains_itself() {
        for id in ids() {
            let document: serde_yaml::Value = serde_yaml::from_str(text(id).unwrap()).unwrap();
            assert_eq!(document["id"].as_str(), Some(id), "the id is the file's name");
            assert_eq!(
                document["title"].as_str(),
                title(id),
                "{id}: it stands on one line, unquoted"
            );
            assert!(document["title"].is_string() && document["why"].is_string(), "{id}");
            let sources = document["sources"].as_sequence().unwrap();
            assert!(!sources.is_empty(), "{id}");
            for source in sources {
                assert!(source.as_str().unwrap().starts_with("https://"), "{id}: {source:?}");
            }
            for alert in alerts(id) {
                assert!(!alert.why.is_empty() && !alert.next.is_empty(), "{id}/{}", alert.id);
            }
        }
    }

    #[test]
    fn what_is_not_shipped_is_not_found() {
        assert_eq!(text("nosuch"), None);
        assert_eq!(text(""), None);
    }

    /// `tests/fixtures/events/<id>/{matches,ignores}/<alert>--<case>.json`
    #[test]
    fn alerts_match_their_sample_events_and_ignore_the_others() {
        for id in ids() {
            let folder = Path::new("../../tests/fixtures/events").join(id);
            let mut tried: BTreeMap<(String, bool), usize> = BTreeMap::new();
            let alerts = alerts(id);
            for (kind, wanted) in [("matches", true), ("ignores", false)] {
                for entry in std::fs::read_dir(folder.join(kind)).unwrap() {
                    let path = entry.unwrap().path();
                    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                    let (alert_id, _) = name.split_once("--").unwrap();
                    let alert = alerts.iter().find(|alert| alert.id == alert_id);
                    let alert = alert.unwrap_or_else(|| panic!("{name}: no such alert"));
                    let event = std::fs::read_to_string(&path).unwrap();
                    let event = serde_json::from_str(&event).unwrap();
                    let compiled = compile(&Selection {
                        events: &alert.events,
                        filter: alert.filter.as_ref(),
                        outcome: alert.outcome,
                        origin: &Origin::Any,
                        except: &[],
                    })
                    .unwrap();
                    let hits = compiled.iter().filter(|one| one.pattern.matches(&event)).count();
                    assert_eq!(hits, usize::from(wanted), "{kind}/{name}");
                    *tried.entry((alert_id.to_owned(), wanted)).or_default() += 1;
                }
            }
            let all: BTreeSet<(String, bool)> = alerts
                .iter()
                .flat_map(|alert| [(alert.id.clone(), true), (alert.id.clone(), false)])
                .collect();
            assert_eq!(tried.keys().cloned().collect::<BTreeSet<_>>(), all, "{id}");
            assert!(tried.values().all(|samples| *samples >= 2), "{id}: {tried:?}");
        }
    }

    #[test]
    fn every_sample_event_is_one_that_cloudtrail_could_log() {
        for id in ids() {
            for kind in ["matches", "ignores"] {
                let folder = Path::new("../../tests/fixtures/events").join(id).join(kind);
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    let text = std::fs::read_to_string(&path).unwrap();
                    let event: serde_json::Value = serde_json::from_str(&text).unwrap();
                    let detail = &event["detail"];
                    let source = detail["eventSource"].as_str().unwrap();
                    assert_eq!(event["source"], crate::event::bus_source(source), "{path:?}");
                    assert_eq!(event["region"], detail["awsRegion"], "{path:?}");
                    assert_eq!(event["resources"], serde_json::json!([]), "{path:?}");
                    let name = path.file_name().unwrap().to_str().unwrap();
                    if !name.ends_with("--other-service.json") {
                        let event_name = detail["eventName"].as_str().unwrap();
                        let known = crate::catalogue::find(source, event_name);
                        assert!(known.is_some(), "{path:?}: {source} {event_name}");
                    }
                }
            }
        }
    }
}
