//! The built-in blueprints as people meet them: what validate says, the first plan, and the messages of
//! every alert.

use crate::world::{TODAY, World};
use ctguard_core::blueprint::{Alert, Format, builtin, load_text};
use ctguard_core::diag::Diagnostic;
use ctguard_core::mail::{self, MachineFacts};
use ctguard_core::message;
use ctguard_core::scope::Partition;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A blueprint that sends every alert of these built-ins to a queue.
fn blueprint(ids: &[&str], regions: &str) -> String {
    let included: Vec<String> = ids.iter().map(|id| format!("{{ builtin: {id} }}")).collect();
    format!(
        r#"version: 1
name: acme
regions: {regions}
destinations:
  soc: {{ topic: soc, format: json, subscribers: [{{ sqs: "arn:aws:sqs:us-east-1:111122223333:soc" }}] }}
routes: {{ critical: [soc], high: [soc], medium: [soc], low: [soc] }}
include: [{}]
"#,
        included.join(", ")
    )
}

/// The alerts of built-ins and what is told of them, where everybody hears of everything.
fn loaded(ids: &[&str]) -> (Vec<Alert>, Vec<Diagnostic>) {
    let loaded = load_text("b.yaml", &blueprint(ids, "enabled"), None, TODAY);
    (loaded.blueprint.unwrap().alerts, loaded.diagnostics)
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The first of an alert's events that it matches.
fn sample(id: &str, alert: &str) -> (String, Value) {
    let folder = repository("tests/fixtures/events").join(id).join("matches");
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
    let name = names.into_iter().find(|name| name.starts_with(&format!("{alert}--"))).unwrap();
    let event = std::fs::read_to_string(folder.join(&name)).unwrap();
    (name, serde_json::from_str(&event).unwrap())
}

/// What subscribers of a format read of an event that raises an alert.
fn read(alert: &Alert, format: Format, event: &Value) -> String {
    let input = message::input(alert, format, Partition::Aws).unwrap();
    let place = (event["region"].as_str().unwrap(), event["account"].as_str().unwrap());
    let rule = format!("arn:aws:events:{}:{}:rule/ctguard-acme-{}", place.0, place.1, alert.id);
    message::transform(&input, &rule, event).unwrap()
}

/// The same on lines of its own, so that a change of one word is a change of one line.
fn laid_out(text: &str, format: Format, event: &Value) -> String {
    if format == Format::Text {
        return text.to_owned();
    }
    let mut message: Value = serde_json::from_str(text).unwrap();
    if format == Format::Json {
        assert_eq!(message["event"], *event);
        message["event"] = "the whole event".into();
    }
    let pretty = serde_json::to_string_pretty(&message).unwrap();
    pretty.replace("\\n", "\n        ")
}

#[test]
fn messages_read_well_in_every_format() {
    for id in builtin::ids() {
        let (alerts, _) = loaded(&[id]);
        for (format, name) in
            [(Format::Text, "text"), (Format::Chat, "chat"), (Format::Json, "json")]
        {
            let mut seen = String::new();
            for alert in &alerts {
                let (file, event) = sample(id, &alert.id);
                let text = read(alert, format, &event);
                for place in ["named below", "named above", "shown below", "shown above"] {
                    assert!(!text.contains(place), "formats have other orders: {text}");
                }
                let blank = |line: &str| line.ends_with(": \"") || line.ends_with(":* ");
                assert!(!text.lines().any(blank), "{id}: {text}");
                // A request may hold XML.
                let mut own = text.lines().filter(|line| !line.starts_with("\"Touched"));
                let variable = own.any(|line| line.contains('<'));
                assert!(format == Format::Json || !variable, "a variable: {text}");
                seen += &format!("--- {file}\n{}\n\n", laid_out(&text, format, &event));
            }
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("snapshots/builtins");
            settings.set_prepend_module_to_snapshot(false);
            settings.bind(|| insta::assert_snapshot!(format!("{id}.{name}"), seen));
        }
    }
}

/// A mail has the values of the record, in sentences that its machine composes.
#[test]
fn mails_read_well() {
    for id in builtin::ids() {
        let text = blueprint(&[id], "enabled");
        let blueprint = load_text("b.yaml", &text, None, TODAY).blueprint.unwrap();
        let facts = MachineFacts::for_alerts(&blueprint, &blueprint.alerts);
        let mut seen = String::new();
        for alert in &blueprint.alerts {
            let (file, event) = sample(id, &alert.id);
            let region = event["region"].as_str().unwrap();
            let account = event["account"].as_str().unwrap();
            let topic = format!("arn:aws:sns:{region}:{account}:soc");
            let rule = format!("arn:aws:events:{region}:{account}:rule/ctguard-acme-{}", alert.id);
            let input = mail::target_input("acme", alert, &topic, Partition::Aws).unwrap();
            let mail = mail::render(&facts, &input, &rule, &event).unwrap();
            assert_eq!(mail.topic_arn, topic);
            // SNS refuses longer ones.
            assert!(mail.subject.is_ascii() && mail.subject.len() < 100, "{}", mail.subject);
            let blank = |line: &str| line.trim_end().ends_with(':');
            assert!(
                !mail.message.lines().any(|line| blank(line) && line.starts_with("Who")),
                "{id}"
            );
            seen += &format!("--- {file}\nSubject: {}\n\n{}\n\n", mail.subject, mail.message);
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots/builtins");
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!(format!("{id}.mail"), seen));
    }
}

#[test]
fn a_first_plan_is_what_the_built_in_takes() {
    for id in builtin::ids() {
        let trail = "trail: { name: acme, bucket: acme-logs, home_region: us-east-1 }\n";
        let queue = r#"sqs: "arn:aws:sqs:us-east-1:111122223333:soc""#;
        let text = blueprint(&[id], "[us-east-1, eu-west-1]") + trail;
        let text =
            text.replace(queue, "email: soc@acme.example").replace("format: json", "format: text");
        let world = World::bare(&text);
        let ran = world.run(&["plan"]).expect(0);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots/builtins");
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!(format!("{id}.plan"), ran.seen()));
    }
}

#[test]
fn each_alone_is_valid_without_a_warning() {
    for id in builtin::ids() {
        let (alerts, told) = loaded(&[id]);
        assert_eq!(told, [], "{id}");
        assert!(alerts.len() >= 10, "{id}");
    }
}

/// Alerts of several built-ins that say the same: `docs/blueprints.md` lists which to leave out.
#[test]
fn all_together_repeat_what_the_page_says_and_nothing_else() {
    let page = std::fs::read_to_string(repository("docs/blueprints.md")).unwrap();
    let (_, section) = page.split_once("\n## Overlaps\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    // | `alert to omit` | `its built-in` | `alert that says it, too` | `its built-in` |
    let listed: BTreeSet<(String, String, String)> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let mut cells = line.split('`').skip(1).step_by(2).map(str::to_owned);
            (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    let ids: Vec<&str> = builtin::ids().collect();
    let (_, told) = loaded(&ids);
    let found: BTreeSet<(String, String, String)> = told
        .iter()
        .map(|one| {
            assert_eq!(one.code.as_str(), "alert-duplicated", "{one:?}");
            let names: Vec<&str> = one.message.split('`').skip(1).step_by(2).collect();
            let file = one.span.as_ref().unwrap().file.to_string();
            let built_in = file.strip_prefix("builtin:").unwrap().to_owned();
            (names[0].to_owned(), built_in, names[1].to_owned())
        })
        .collect();
    assert_eq!(listed, found);

    let mut text = blueprint(&ids, "enabled");
    for (omitted, built_in, _) in &found {
        let whole = format!("{{ builtin: {built_in} }}");
        let begun = format!("{{ builtin: {built_in}, omit: [");
        text = text.replace(&whole, &format!("{begun}] }}"));
        text = text.replace(&begun, &format!("{begun}{omitted}, "));
    }
    assert_eq!(load_text("b.yaml", &text, None, TODAY).diagnostics, [], "{text}");
}

/// Alerts with events that are marked `unchecked`, each with the reason.
const UNCHECKED: [(&str, &str); 2] = [
    (
        "alerting-bus",
        "EventBridge has two APIs with these names: named in full, so that no note says that the other \
         is watched, too",
    ),
    ("alerting-tag-removed", "the same for UntagResource"),
];

#[test]
fn every_event_is_known_and_a_mark_that_it_is_not_has_a_reason() {
    let mut marked = BTreeSet::new();
    for id in builtin::ids() {
        for event in loaded(&[id]).0.iter().flat_map(|alert| &alert.events) {
            let known = ctguard_core::catalogue::find(&event.source, &event.name);
            let is = known.is_some_and(|known| known.is(event.kind));
            assert!(event.is_family() || is, "{id}: {}", event.short());
        }
        let mut alert = "";
        for line in builtin::text(id).unwrap().lines() {
            alert = line.strip_prefix("  - id: ").unwrap_or(alert);
            if line.trim() == "unchecked: true" {
                marked.insert(alert);
            }
        }
    }
    assert!(UNCHECKED.iter().all(|(_, reason)| !reason.is_empty()));
    assert_eq!(marked, UNCHECKED.iter().map(|(id, _)| *id).collect());
}
