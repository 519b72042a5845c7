//! What a new object will hold: what a rule matches, what a message says, whom a policy lets in.

use super::diff::{self, Difference, Line, plain};
use super::{pattern, policy};
use ctguard_core::action::Action;
use ctguard_core::plan::{Change, Field, Plan, Verb};
use ctguard_core::resource::Kind;
use ctguard_core::resource::rule::Input;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How much is told of new objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// A line or two each, unless they are many.
    Brief,
    /// Everything.
    Full,
}

/// More new alerts than these are only named: a plan is to be read.
const ALERTS_TOLD: usize = 40;

/// Most events that a line names.
const EVENTS_TOLD: usize = 4;

/// Most conditions, or statements of a policy, that a line names.
const CLAUSES_TOLD: usize = 3;

/// Of more new alerts than these a message is told by one line, not by two.
const ALERTS_TOLD_WELL: usize = 5;

/// Longest line of a message, condition or statement, in characters.
const LINE_MAX_CHARS: usize = 100;

/// Whether anything of new objects is told but their names.
pub fn is_told(plan: &Plan, detail: Detail) -> bool {
    detail == Detail::Full || new_alerts(plan) <= ALERTS_TOLD
}

/// How many lines of a message are told.
pub fn message_lines(plan: &Plan) -> usize {
    if new_alerts(plan) <= ALERTS_TOLD_WELL { 2 } else { 1 }
}

fn new_alerts(plan: &Plan) -> usize {
    let is_rule =
        |change: &&Change| (change.action, change.address.kind) == (Verb::Create, Kind::Rule);
    let alerts = plan.changes.iter().filter(is_rule).filter_map(|change| change.alert.as_deref());
    alerts.collect::<BTreeSet<_>>().len()
}

/// What a change makes that its fields do not have: the message of a target.
pub fn fields(change: &Change) -> Vec<Field> {
    let field = |path: &str, after: Value| Field {
        path: path.to_owned(),
        before: None,
        after: Some(after),
    };
    let of_call = |call: &Action| match call {
        Action::PutTargets { targets, .. } => {
            targets.values().map(|target| field("input", json!(target.input))).collect()
        }
        _ => Vec::new(),
    };
    change.calls.iter().flat_map(of_call).collect()
}

/// The new object in few lines.
pub fn brief(change: &Change, message_lines: usize) -> Vec<String> {
    let after = |path: &str| change.fields.iter().find(|f| f.path == path)?.after.as_ref();
    match change.address.kind {
        Kind::Rule => after("event_pattern").and_then(events).into_iter().collect(),
        Kind::Target => {
            let arn = after("arn").map(plain).unwrap_or_default();
            after("input").map(|input| message(input, &arn, message_lines)).unwrap_or_default()
        }
        Kind::Trail => after("bucket")
            .map(|bucket| format!("writes to bucket {}", plain(bucket)))
            .into_iter()
            .collect(),
        Kind::Machine | Kind::Subscription => Vec::new(),
        Kind::Bucket | Kind::Role | Kind::Bus | Kind::Queue | Kind::Topic => {
            let policies = change.fields.iter().filter(|field| is_policy(field));
            policies.filter_map(|field| Some(sentence(field.after.as_ref()?))).collect()
        }
    }
}

/// All of the new object.
pub fn full(change: &Change) -> Vec<Line> {
    let mut lines = Vec::new();
    for field in &change.fields {
        let Some(after) = &field.after else { continue };
        if field.path == "input" {
            let whole = whole_message(after);
            lines
                .push(Line::new('+', format!("message{}", if whole.len() > 1 { ":" } else { "" })));
            lines.extend(whole.into_iter().map(|line| Line::new('+', format!("  {line}"))));
            continue;
        }
        match diff::of(field) {
            Difference::Value { after, .. } => {
                lines.push(Line::new('+', format!("{}: {after}", field.path)));
            }
            Difference::Lines(more) => {
                lines.push(Line::new('+', format!("{}:", field.path)));
                let indented = |line: Line| Line::new(line.sign, format!("  {}", line.text));
                lines.extend(more.into_iter().map(indented));
            }
        }
    }
    lines
}

fn is_policy(field: &Field) -> bool {
    let object = field.after.as_ref().is_some_and(|policy| policy.get("Statement").is_some());
    object && field.path != "definition"
}

/// The events of a pattern, and the conditions on them.
fn events(pattern: &Value) -> Option<String> {
    let lines = pattern::lines(None, Some(pattern))?;
    let with = |word: &'static str| {
        lines.iter().filter_map(move |line| line.text.strip_prefix(word)).map(shortened)
    };
    let events: Vec<String> = with("event ").collect();
    let conditions: Vec<String> = with("where ").collect();
    if events.is_empty() {
        return None;
    }
    // A condition of one event alone stands with it in brackets; one of all stands at the end.
    let own =
        |event: &str| event.split_once(" where ").map(|(on, own)| format!("{on} (where {own})"));
    let grouped = events.iter().any(|event| event.contains(" where "));
    let between = if grouped { "; " } else { ", " };
    let events = events.iter().map(|event| own(event).unwrap_or_else(|| event.clone())).collect();
    let on = few(events, EVENTS_TOLD, between);
    Some(match (conditions.is_empty(), grouped) {
        (true, _) => format!("on {on}"),
        (false, false) => format!("on {on} where {}", few(conditions, CLAUSES_TOLD, ", ")),
        (false, true) => format!("on {on}; all where {}", few(conditions, CLAUSES_TOLD, ", ")),
    })
}

/// The first lines of a message; of one in JSON its title. The way to a hub says nothing.
fn message(input: &Value, receiver: &str, most: usize) -> Vec<String> {
    if receiver.contains(":event-bus/") {
        return Vec::new();
    }
    let lines = whole_message(input);
    if let Some(title) = lines.first().and_then(|line| title(line)) {
        let form = if receiver.contains(":stateMachine:") { "mails" } else { "says in JSON" };
        return vec![format!("{form} \"{}\"", shortened(&title))];
    }
    let more = lines.len() > most;
    let shown = lines.iter().take(most).map(|line| shortened(line));
    let mut shown: Vec<String> = shown.collect();
    if let Some(first) = shown.first_mut() {
        first.insert_str(0, "says ");
    }
    if let Some(last) = shown.last_mut().filter(|_| more) {
        last.push_str(" …");
    }
    shown
}

/// The title in a template of JSON.
fn title(template: &str) -> Option<String> {
    let (_, rest) = template.strip_prefix('{')?.split_once("\"title\":")?;
    serde_json::Deserializer::from_str(rest).into_iter().next()?.ok()
}

fn whole_message(input: &Value) -> Vec<String> {
    let Ok(input) = serde_json::from_value::<Input>(input.clone()) else { return Vec::new() };
    let text = match input {
        Input::Event => return vec!["the event as it is".to_owned()],
        Input::Path(path) => return vec![format!("{path} of the event")],
        Input::Constant(text) => text,
        Input::Transformer(transformer) => transformer.template,
    };
    let lines =
        text.lines().map(str::to_owned).filter(|line| !["", "\"\""].contains(&line.as_str()));
    lines.collect()
}

/// Whom a policy lets do what.
fn sentence(document: &Value) -> String {
    let statements = policy::statements_told(document).into_iter().map(|told| shortened(&told));
    few(statements.collect(), CLAUSES_TOLD, "; ")
}

/// The first of them, and how many more there are.
fn few(all: Vec<String>, most: usize, between: &str) -> String {
    let more = all.len().saturating_sub(most);
    let mut shown: Vec<String> = all.into_iter().take(most).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(between)
}

fn shortened(text: &str) -> String {
    match text.chars().count() > LINE_MAX_CHARS {
        true => format!("{}…", text.chars().take(LINE_MAX_CHARS - 1).collect::<String>()),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_told_by_its_events_and_conditions() {
        let pattern = |names: &[&str]| {
            json!({
                "source": ["aws.ec2"], "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {
                    "eventSource": ["ec2.amazonaws.com"], "eventName": names,
                    "userIdentity": { "type": ["Root"] },
                },
            })
        };
        assert_eq!(
            events(&pattern(&["A", "B"])).as_deref(),
            Some("on ec2:A, ec2:B where userIdentity.type: [\"Root\"]")
        );
        let many = events(&pattern(&["A", "B", "C", "D", "E", "F"]));
        assert!(many.is_some_and(|told| {
            told.starts_with("on ec2:A, ec2:B, ec2:C, ec2:D, and 2 more where")
        }));
        // A condition of one event alone is not taken for one of all.
        let event = |name: &str, with: Value| {
            let mut one = json!({
                "source": ["aws.ec2"], "detail-type": ["AWS API Call via CloudTrail"],
                "detail": { "eventSource": ["ec2.amazonaws.com"], "eventName": [name] },
            });
            if let Value::Object(more) = with {
                one["detail"].as_object_mut().unwrap().extend(more);
            }
            one
        };
        let root = json!({ "userIdentity": { "type": ["Root"] } });
        let either = json!({ "$or": [event("A", json!({})), event("B", root)] });
        assert_eq!(
            events(&either).as_deref(),
            Some("on ec2:A; ec2:B (where userIdentity.type: [\"Root\"])")
        );
        assert_eq!(events(&json!("{")), None);
    }

    #[test]
    fn a_message_is_told_by_its_first_lines() {
        let input =
            |template: &str| json!({ "transformer": { "paths": {}, "template": template } });
        let message = |input: &Value| message(input, "arn:aws:sns:us-east-1:111122223333:t", 2);
        assert_eq!(
            message(&input("\"[HIGH] x\"\n\"\"\n\"a\"\n\"b\"")),
            ["says \"[HIGH] x\"", "\"a\" …"]
        );
        assert_eq!(message(&input("{\"a\": 1}")), ["says {\"a\": 1}"]);
        assert_eq!(message(&json!("event")), ["says the event as it is"]);
        let titled = input(r#"{"alert":{"title":"A \"key\"","why":<x>}}"#);
        assert_eq!(message(&titled), ["says in JSON \"A \"key\"\""]);
        let machine = "arn:aws:states:us-east-1:111122223333:stateMachine:ctguard-main-mail";
        assert_eq!(super::message(&titled, machine, 1), ["mails \"A \"key\"\""]);
        let bus = "arn:aws:events:us-east-1:111122223333:event-bus/ctguard-main";
        assert_eq!(super::message(&json!("event"), bus, 1), Vec::<String>::new());
        let long = "x".repeat(LINE_MAX_CHARS + 1);
        assert!(message(&input(&long))[0].ends_with('…'));
    }

    #[test]
    fn a_policy_is_told_in_a_sentence() {
        let statement = |sid: &str, who: Value| {
            json!({ "Sid": sid, "Effect": "Allow", "Principal": who, "Action": "sns:Publish", "Resource": "arn:t",
                    "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } })
        };
        let events = json!({ "Service": "events.amazonaws.com" });
        let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": ["sns:Publish"], "Resource": "*" });
        let document = json!({ "Statement": [statement("a", events), deny] });
        assert_eq!(
            sentence(&document),
            "events.amazonaws.com may sns:Publish under a condition; everybody may not sns:Publish"
        );
    }
}
