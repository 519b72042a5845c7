//! What a blueprint has around imported alerts: the accounts and regions that it covers, and the
//! topics that its alerts are sent to.

use super::Around;
use super::draft::{Draft, NOBODY, list};
use crate::blueprint::spelled;
use crate::scope::{AccountId, Region};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// What stands around the alerts. The default says nothing: every region, one address.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The accounts with the role that is assumed there; none where it is the caller's alone.
    pub accounts: Vec<(AccountId, Option<String>)>,
    /// Empty: every enabled one.
    pub regions: Vec<Region>,
    pub destinations: Vec<Destination>,
}

/// A topic that exists, as a destination.
#[derive(Debug, Clone)]
pub struct Destination {
    pub name: String,
    /// Its ARN, in which `{region}` and `{account}` may stand.
    pub topic: String,
    /// The role that rules of another account send with.
    pub role: Option<String>,
    /// The word of `format:`.
    pub format: &'static str,
    /// Its subscribers, by key and address.
    pub subscribers: Vec<(&'static str, String)>,
    /// What is to be known of it, as comments.
    pub notes: Vec<String>,
}

impl Destination {
    fn value(&self) -> Value {
        let mut all = Map::new();
        all.insert("topic_arn".to_owned(), json!(self.topic));
        if let Some(role) = &self.role {
            all.insert("role".to_owned(), json!(role));
        }
        all.insert("format".to_owned(), json!(self.format));
        let subscribers = self.subscribers.iter().map(|(key, address)| json!({ *key: address }));
        all.insert("subscribers".to_owned(), subscribers.collect());
        json!({ &self.name: all })
    }

    fn text(&self) -> String {
        let comments = self.notes.iter().map(|note| format!("# {note}"));
        // A mapping of texts and lists always has a YAML text.
        let yaml = serde_yaml::to_string(&self.value()).unwrap_or_default();
        let lines = comments.chain(yaml.lines().map(str::to_owned));
        lines.map(|line| format!("  {line}\n")).collect()
    }
}

/// A whole blueprint.
pub(super) fn blueprint(drafts: &[Draft], around: &Around<'_>, frame: &Frame) -> String {
    let mut text = format!("version: 1\nname: {}\n\n", around.name);
    // Writing to a string cannot fail.
    if !frame.accounts.is_empty() {
        text.push_str("accounts:\n");
        for (id, role) in &frame.accounts {
            let role = role.as_ref().map(|role| format!(", role: {role}")).unwrap_or_default();
            let _ = writeln!(text, "  - {{ id: \"{id}\"{role} }}");
        }
        text.push('\n');
    }
    if !frame.regions.is_empty() {
        let names: Vec<String> = frame.regions.iter().map(|one| spelled(one.as_str())).collect();
        let _ = writeln!(text, "regions: [{}]\n", names.join(", "));
    }
    // Alerts that name no destination of their own go by the route of their risk.
    let by_route = frame.destinations.is_empty() || drafts.iter().any(|one| one.notify.is_empty());
    text.push_str("destinations:\n");
    for one in used(drafts, frame) {
        text.push_str(&one.text());
    }
    if by_route {
        text.push_str(&people(around.email));
    }
    text.push('\n');
    if by_route {
        text.push_str("routes:\n");
        for risk in ["critical", "high", "medium", "low"] {
            let _ = writeln!(text, "  {risk}: [people]");
        }
        text.push('\n');
    }
    match drafts.is_empty() {
        true => text.push_str("alerts: []\n"),
        false => text.push_str(&format!("alerts:\n{}", list(drafts, "  "))),
    }
    text
}

/// The destinations that some alert names.
fn used<'a>(drafts: &'a [Draft], frame: &'a Frame) -> impl Iterator<Item = &'a Destination> {
    let named = |one: &&Destination| drafts.iter().any(|draft| draft.notify.contains(&one.name));
    frame.destinations.iter().filter(named)
}

fn people(email: &str) -> String {
    let whom = match email {
        NOBODY => "  # Nobody reads this address: write your own.\n",
        _ => "",
    };
    format!(
        "{whom}  people:
    topic: people
    format: text
    subscribers:
      - email: {email}
"
    )
}
