//! Where in a file patterns and names stand.

use super::super::read::embedded::Embedded;
use super::super::read::{FILLED_IN, hcl, yaml};
use super::super::tree::{Entry, Node, Value};
use super::envelope;
use super::name::Name;
use super::pattern::State;
use super::text;
use crate::event;
use crate::resource::rule::RuleState;
use std::collections::BTreeMap;
use std::ops::Range;

/// Keys whose value is an event pattern, in every spelling.
const PATTERN_KEYS: [&str; 4] = ["EventPattern", "event_pattern", "eventPattern", "event-pattern"];

/// Keys whose value may be an event pattern, or another one.
const PERHAPS_PATTERN_KEYS: [&str; 4] = ["Pattern", "pattern", "FilterPattern", "filter_pattern"];

/// Keys that name the bus of a rule.
const BUS_KEYS: [&str; 3] = ["EventBusName", "event_bus_name", "eventBusName"];

/// A pattern, and what is said of its rule.
#[derive(Debug, Clone)]
pub(crate) struct FoundPattern {
    pub node: Node,
    pub state: State,
    /// What the rule is called, or the resource that it is.
    pub name: Option<String>,
    pub description: Option<String>,
    /// The bus that the rule names.
    pub bus: Option<String>,
    /// Whether which bus it is on is known only where the file is used.
    pub bus_open: bool,
}

/// Everything of a file that can be judged.
#[derive(Debug, Default)]
pub(crate) struct FoundIn {
    pub patterns: Vec<FoundPattern>,
    pub names: Vec<Name>,
    /// Patterns that are no JSON, with the reason.
    pub broken: Vec<(Range<usize>, String)>,
    /// Patterns that are only known where the file is used.
    pub not_known: Vec<Range<usize>>,
    /// What the rules of those that are broken or not known are called, by where these begin.
    pub called: BTreeMap<usize, String>,
}

impl FoundIn {
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.names.is_empty() && self.broken.is_empty()
    }
}

/// What is known of the place of a value.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Inside of an EventBridge rule.
    rule: bool,
    /// Inside of a rule of Sigma, which compares names without regard to case.
    any_case: bool,
}

/// Looks through a tree; `file` is the text that it was read from.
pub(super) fn find(root: &Node, file: &str) -> FoundIn {
    let mut finder = Finder { file, found: FoundIn::default(), keys: Vec::new() };
    let strings = || root.each().iter().all(|item| item.text().is_some());
    match &root.value {
        Value::Map(entries) if !entries.is_empty() && entries.iter().all(is_of_pattern) => {
            finder.pattern(root, None, State::NotKnown);
        }
        Value::List(items) if !items.is_empty() && strings() => {
            for item in items {
                finder
                    .found
                    .names
                    .extend(item.text().and_then(|text| text::entry(text, &item.span)));
            }
        }
        _ => finder.walk(root, Place::default()),
    }
    finder.found
}

struct Finder<'a> {
    file: &'a str,
    found: FoundIn,
    /// The keys that lead to where it looks.
    keys: Vec<String>,
}

impl Finder<'_> {
    fn walk(&mut self, node: &Node, place: Place) {
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.walk(item, place)),
            Value::Map(_) if is_record(node) => {}
            Value::Map(_) if is_pattern(node) => self.pattern(node, None, State::NotKnown),
            Value::Map(entries) => {
                let place = Place {
                    rule: place.rule || is_rule(node),
                    any_case: place.any_case || node.get("detection").is_some(),
                };
                for entry in entries {
                    self.keys.push(entry.key.clone());
                    self.entry(entry, node, place);
                    self.keys.pop();
                }
            }
            Value::Text(held) => self.text(held, node, place),
            Value::Plain(_) | Value::Hole => {}
        }
    }

    fn entry(&mut self, entry: &Entry, map: &Node, place: Place) {
        let key = entry.key.as_str();
        let certain = PATTERN_KEYS.contains(&key);
        match &entry.node.value {
            Value::Map(_) if certain || (perhaps(key) && is_pattern(&entry.node)) => {
                self.pattern(&entry.node, Some(map), state(map, place));
            }
            Value::Text(held) if certain || perhaps(key) => {
                self.written_pattern(held, entry, map, place, certain);
            }
            Value::Hole if certain => {
                self.call(entry.node.span.start, map);
                self.found.not_known.push(entry.node.span.clone());
            }
            _ if names_key(key).is_some() => self.names(entry, map, place),
            _ => {
                let rule = place.rule || key == "aws_cloudwatch_event_rule";
                self.walk(&entry.node, Place { rule, ..place });
            }
        }
    }

    fn pattern(&mut self, node: &Node, rule: Option<&Node>, state: State) {
        let said = |keys: &[&str]| said(rule, keys);
        self.found.patterns.push(FoundPattern {
            node: node.clone(),
            state,
            name: self.name_of(rule),
            description: said(&["Description", "description"]),
            bus: said(&BUS_KEYS),
            bus_open: BUS_KEYS.iter().any(|key| {
                let bus = rule.and_then(|rule| rule.get(key));
                bus.is_some_and(|bus| matches!(bus.value, Value::Hole))
            }),
        });
    }

    /// What a rule is called: its name, or the resource that it is.
    fn name_of(&self, rule: Option<&Node>) -> Option<String> {
        let labels = rule.and_then(|rule| rule.get(hcl::LABELS)).map(Node::each);
        let label = labels.and_then(|labels| labels.last()?.text().map(str::to_owned));
        said(rule, &["Name", "name"]).or(label).or_else(|| self.resource())
    }

    fn call(&mut self, at: usize, rule: &Node) {
        if let Some(name) = self.name_of(Some(rule)) {
            self.found.called.insert(at, name);
        }
    }

    /// The logical name of the resource of a template that it is in.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>
    fn resource(&self) -> Option<String> {
        let at = |wanted: &str| self.keys.iter().rposition(|key| key == wanted);
        // In Terraform's JSON, and in maps that a module makes rules of, the key is the name.
        let below = || {
            let at = at("aws_cloudwatch_event_rule").or_else(|| at("rules"))?;
            self.keys.get(at + 1).filter(|_| self.keys.len() > at + 2)
        };
        let name = match at("Properties") {
            Some(at) => self.keys.get(at.checked_sub(1)?),
            None => below(),
        };
        name.map(|name| name.replace(FILLED_IN, ""))
    }

    /// A pattern in a string: EventBridge's JSON, or a filter of CloudWatch Logs.
    fn written_pattern(
        &mut self,
        held: &str,
        entry: &Entry,
        map: &Node,
        place: Place,
        certain: bool,
    ) {
        let embedded = Embedded::of(held, self.file, &entry.node.span);
        match yaml::read_json(held) {
            Ok(mut node) if certain || is_pattern(&node) => {
                embedded.lead_back(&mut node);
                self.pattern(&node, Some(map), state(map, place));
            }
            Err(why) if certain && !held.contains("$.") => {
                let at = embedded.place(&why.at);
                self.call(at.start, map);
                self.found.broken.push((at, why.why));
            }
            _ => self.text(held, &entry.node, place),
        }
    }

    fn names(&mut self, entry: &Entry, map: &Node, place: Place) {
        let Some(modifier) = names_key(&entry.key) else { return };
        let source = ["eventSource", "event.provider"].iter().find_map(|key| map.get(key)?.text());
        for item in entry.node.each() {
            let Some(text) = item.text().filter(|text| text::is_name(text)) else { continue };
            let text = match modifier {
                "" | "|all" => text.to_owned(),
                "|startswith" => format!("{text}*"),
                "|endswith" => format!("*{text}"),
                "|contains" | "|contains|all" => format!("*{text}*"),
                _ => continue,
            };
            self.found.names.push(Name {
                text,
                source: source.and_then(text::source),
                at: item.span.clone(),
                any_case: place.any_case,
            });
        }
    }

    fn text(&mut self, held: &str, node: &Node, place: Place) {
        let found = text::scan(held);
        if found.is_empty() {
            return;
        }
        let embedded = Embedded::of(held, self.file, &node.span);
        self.found.names.extend(found.into_iter().map(|mut name| {
            name.at = embedded.place(&name.at);
            name.any_case |= place.any_case;
            name
        }));
    }
}

/// The first of these keys that a rule has a text for.
fn said(rule: Option<&Node>, keys: &[&str]) -> Option<String> {
    let node = keys.iter().find_map(|key| rule?.get(key))?;
    node.text().map(str::to_owned)
}

fn perhaps(key: &str) -> bool {
    PERHAPS_PATTERN_KEYS.contains(&key)
}

/// What stands behind the key of a list of names: `eventName`, `event.action|contains`.
fn names_key(key: &str) -> Option<&str> {
    let end = key.find('|').unwrap_or(key.len());
    let (name, modifier) = key.split_at(end);
    let own = ["eventName", "eventNames", "event_name", "event_names", "event.action"];
    own.contains(&name).then_some(modifier)
}

/// Whether a map is a pattern by its shape: its fields have lists, where an event's have texts. A
/// misspelt field is taken for the one that is meant, so that it is told.
fn is_pattern(node: &Node) -> bool {
    let entries = node.entries();
    let meant = |entry: &Entry| match entry.key.as_str() {
        "$or" => Some("$or"),
        key => envelope::meant(key),
    };
    let has = |key: &str, is: fn(&Node) -> bool| {
        entries.iter().any(|entry| meant(entry) == Some(key) && is(&entry.node))
    };
    let listed = |key: &str| has(key, |one| matches!(one.value, Value::List(_)));
    let inner = |key: &str| has(key, |one| matches!(one.value, Value::Map(_)));
    let scalar = |key: &str| has(key, |one| one.text().is_some());
    // Fields of a record beside the source, where they match nothing.
    let of_record = |entry: &Entry| {
        envelope::OF_RECORDS.contains(&entry.key.as_str()) && entry.node.text().is_none()
    };
    let misplaced = entries.iter().any(of_record);
    entries.iter().all(|entry| meant(entry).is_some() || of_record(entry))
        && !(scalar("source") && scalar("detail-type"))
        && (listed("detail-type")
            || (listed("source") && (inner("detail") || misplaced))
            || (inner("detail") && entries.len() == 1))
}

/// Whether an entry is one of a pattern, and of nothing else: a field of each event, without a value.
fn is_of_pattern(entry: &Entry) -> bool {
    envelope::top_fields().any(|field| field == entry.key)
        && matches!(entry.node.value, Value::Map(_) | Value::List(_))
}

/// Whether it is a record or an event, which is what it is.
fn is_record(node: &Node) -> bool {
    let text = |key: &str| node.get(key).is_some_and(|one| one.text().is_some());
    (text("eventVersion") && text("eventSource"))
        || (text("detail-type") && text("source") && node.get("detail").is_some())
}

/// Whether a map is the resource of a rule.
fn is_rule(node: &Node) -> bool {
    let labels = node.get(hcl::LABELS).map(Node::each).unwrap_or_default();
    let labelled = labels.first().and_then(Node::text) == Some("aws_cloudwatch_event_rule");
    let of_type = |key: &str| node.get(key).and_then(Node::text);
    labelled
        || of_type("Type") == Some("AWS::Events::Rule")
        // The output of `terraform show -json`.
        || of_type("type") == Some("aws_cloudwatch_event_rule")
}

/// The state of a rule, from what stands beside its pattern.
fn state(map: &Node, place: Place) -> State {
    let written = ["state", "State"].iter().find_map(|key| map.get(key));
    let enabled = ["is_enabled", "Enabled"].iter().find_map(|key| map.get(key));
    match (written, enabled.map(|node| &node.value)) {
        (Some(node), _) => match node.text() {
            Some("ENABLED") => State::Written(RuleState::Enabled),
            Some("DISABLED") => State::Written(RuleState::Disabled),
            Some(text) if text == RuleState::EnabledWithAllCloudtrailManagementEvents.as_str() => {
                State::Written(RuleState::EnabledWithAllCloudtrailManagementEvents)
            }
            _ => State::NotKnown,
        },
        (None, Some(Value::Plain(serde_json::Value::Bool(true)))) => {
            State::Written(RuleState::Enabled)
        }
        (None, Some(Value::Plain(serde_json::Value::Bool(false)))) => {
            State::Written(RuleState::Disabled)
        }
        (None, Some(_)) => State::NotKnown,
        (None, None) if place.rule => State::Default,
        (None, None) => State::NotKnown,
    }
}

/// `ec2`, `aws.ec2` or `ec2.amazonaws.com` → `ec2.amazonaws.com`.
pub(super) fn full_source(text: &str) -> String {
    let service = event::service(text);
    format!("{}.amazonaws.com", service.strip_prefix("aws.").unwrap_or(service))
}
