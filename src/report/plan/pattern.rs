//! An event pattern as a set of sources, events and conditions, so that a difference tells which
//! events are gained or lost and not how the JSON is nested.

use super::diff::{Line, set_lines};
use eventbridge_pattern::{Filter, Matcher, Pattern};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The fields that say which event it is; every other field is a condition on it.
const SOURCE: &str = "source";
const KIND: &str = "detail-type";
const EVENT_SOURCE: &str = "detail.eventSource";
const EVENT_NAME: &str = "detail.eventName";

/// The kind of event that needs no mention.
const USUAL_KIND: &str = "AWS API Call via CloudTrail";

/// What the pattern loses and gains; `None` when one of the two cannot be told as a set.
pub(super) fn lines(before: Option<&Value>, after: Option<&Value>) -> Option<Vec<Line>> {
    let (before, after) = (lines_of(before)?, lines_of(after)?);
    let mut lines = set_lines(&before, &after);
    if lines.is_empty() {
        return None;
    }
    let kept = before.intersection(&after).filter(|line| line.starts_with("event ")).count();
    if kept > 0 {
        lines.push(Line::new(
            ' ',
            format!("{} as before", ctguard_core::plural::count(kept, "event")),
        ));
    }
    Some(lines)
}

fn lines_of(pattern: Option<&Value>) -> Option<BTreeSet<String>> {
    let Some(pattern) = pattern else { return Some(BTreeSet::new()) };
    let text = match pattern {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let ways = ways(&Pattern::parse(&text).ok()?.filter);
    let mut common = ways.first()?.conditions.clone();
    for way in &ways {
        common.retain(|condition| way.conditions.contains(condition));
    }
    let mut lines: BTreeSet<String> =
        common.iter().map(|condition| format!("where {condition}")).collect();
    for way in &ways {
        let own: Vec<&str> = way.conditions.difference(&common).map(String::as_str).collect();
        let own = if own.is_empty() { String::new() } else { format!(" where {}", own.join(", ")) };
        lines.extend(way.field(SOURCE).map(|source| format!("source {source}")));
        lines.extend(way.events().map(|event| format!("event {event}{own}")));
    }
    Some(lines)
}

/// One way through the alternatives of a pattern.
#[derive(Debug, Clone, Default)]
struct Alternative {
    /// The values of the fields that name the event.
    identity: BTreeMap<String, Vec<String>>,
    conditions: BTreeSet<String>,
}

impl Alternative {
    fn field(&self, path: &str) -> impl Iterator<Item = &str> + Clone {
        self.identity.get(path).into_iter().flatten().map(String::as_str)
    }

    /// The events as people write them: `ec2:CreateRoute`.
    fn events(&self) -> impl Iterator<Item = String> {
        let services: Vec<&str> =
            self.field(EVENT_SOURCE).map(ctguard_core::event::service).collect();
        let services = if services.is_empty() { "*".to_owned() } else { services.join("|") };
        let kinds: Vec<&str> = self.field(KIND).filter(|kind| *kind != USUAL_KIND).collect();
        let kinds =
            if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let mut names: Vec<String> = self.field(EVENT_NAME).map(str::to_owned).collect();
        if names.is_empty() {
            names.push("*".to_owned());
        }
        names.into_iter().map(move |name| format!("{services}:{name}{kinds}"))
    }

    fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (path, values) in &other.identity {
            both.identity.entry(path.clone()).or_default().extend(values.iter().cloned());
        }
        both.conditions.extend(other.conditions.iter().cloned());
        both
    }
}

/// The ways through the alternatives that decide which event it is; `Pattern::parse` bounds their
/// number.
fn ways(filter: &Filter) -> Vec<Alternative> {
    match filter {
        Filter::All(members) => members.iter().fold(vec![Alternative::default()], |all, member| {
            let more = ways(member);
            all.iter().flat_map(|way| more.iter().map(|next| way.and(next))).collect()
        }),
        Filter::Any(members) if names_an_event(filter) => members.iter().flat_map(ways).collect(),
        Filter::Any(members) => {
            let members: Vec<String> = members.iter().map(condition).collect();
            vec![Alternative {
                conditions: [members.join(" or ")].into(),
                ..Alternative::default()
            }]
        }
        Filter::Field { path, matchers } if is_identity(path) => {
            let values = matchers.iter().map(|matcher| value(path, matcher)).collect();
            vec![Alternative {
                identity: [(path.clone(), values)].into(),
                ..Alternative::default()
            }]
        }
        Filter::Field { .. } => {
            vec![Alternative { conditions: [condition(filter)].into(), ..Alternative::default() }]
        }
    }
}

fn is_identity(path: &str) -> bool {
    [SOURCE, KIND, EVENT_SOURCE, EVENT_NAME].contains(&path)
}

fn names_an_event(filter: &Filter) -> bool {
    match filter {
        Filter::All(members) | Filter::Any(members) => members.iter().any(names_an_event),
        Filter::Field { path, .. } => is_identity(path),
    }
}

/// What a field matches: the value itself, or the operator as AWS writes it.
fn value(path: &str, matcher: &Matcher) -> String {
    match matcher {
        Matcher::Exact(Value::String(text)) => text.clone(),
        other => {
            let filter = Filter::Field { path: "x".to_owned(), matchers: vec![other.clone()] };
            let text = Pattern { filter }.to_json();
            let text = text.trim_start_matches("{\"x\":[").trim_end_matches("]}");
            format!("{} {text}", path.rsplit('.').next().unwrap_or(path))
        }
    }
}

/// A condition as a blueprint writes it: paths below `detail`, operators as AWS has them.
fn condition(filter: &Filter) -> String {
    match filter {
        Filter::Field { path, matchers } => {
            let filter = Filter::Field { path: "x".to_owned(), matchers: matchers.clone() };
            let text = Pattern { filter }.to_json();
            let value = text.strip_prefix("{\"x\":").and_then(|rest| rest.strip_suffix('}'));
            let path = path.strip_prefix("detail.").unwrap_or(path);
            format!("{path}: {}", value.unwrap_or(&text))
        }
        Filter::All(members) => {
            let members: Vec<String> = members.iter().map(condition).collect();
            format!("({})", members.join(", "))
        }
        Filter::Any(members) => {
            let members: Vec<String> = members.iter().map(condition).collect();
            format!("({})", members.join(" or "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn diff(before: Value, after: Value) -> Vec<String> {
        let lines = lines(Some(&before), Some(&after)).unwrap_or_default();
        lines.iter().map(|line| format!("{} {}", line.sign, line.text)).collect()
    }

    fn of(names: &[&str], detail: Value) -> Value {
        let mut pattern = json!({
            "source": ["aws.ec2"], "detail-type": [USUAL_KIND],
            "detail": { "eventSource": ["ec2.amazonaws.com"], "eventName": names },
        });
        for (key, value) in detail.as_object().into_iter().flatten() {
            pattern["detail"][key] = value.clone();
        }
        pattern
    }

    #[test]
    fn events_that_come_and_go_are_named_and_the_rest_is_counted() {
        assert_eq!(
            diff(of(&["A", "B", "C"], json!({})), of(&["A", "C", "D"], json!({}))),
            ["- event ec2:B", "+ event ec2:D", "  2 events as before"]
        );
    }

    #[test]
    fn a_condition_is_told_once_for_all_events_in_the_blueprints_own_words() {
        let narrowed = json!({ "userIdentity": { "userName": ["nobody"] } });
        assert_eq!(
            diff(of(&["A", "B"], narrowed), of(&["A", "B"], json!({}))),
            ["- where userIdentity.userName: [\"nobody\"]", "  2 events as before"]
        );
    }

    #[test]
    fn alternatives_that_name_events_are_told_apart() {
        let two = json!({ "$or": [
            { "source": ["aws.iam"], "detail-type": [USUAL_KIND],
              "detail": { "eventSource": ["iam.amazonaws.com"], "eventName": ["CreateUser"], "x": [1] } },
            { "source": ["aws.signin"], "detail-type": ["AWS Console Sign In via CloudTrail"],
              "detail": { "eventSource": ["signin.amazonaws.com"], "eventName": ["ConsoleLogin"] } },
        ]});
        assert_eq!(
            diff(of(&["A"], json!({})), two),
            [
                "- event ec2:A",
                "- source aws.ec2",
                "+ event iam:CreateUser where x: [1]",
                "+ event signin:ConsoleLogin (AWS Console Sign In via CloudTrail)",
                "+ source aws.iam",
                "+ source aws.signin",
            ]
        );
    }

    #[test]
    fn what_is_no_pattern_or_the_same_set_is_left_to_the_text() {
        assert_eq!(lines(Some(&json!("{")), Some(&of(&["A"], json!({})))), None);
        assert_eq!(lines(Some(&of(&["A"], json!({}))), Some(&of(&["A"], json!({})))), None);
    }
}
