//! What subscribers are told of a drill before and after it, so that nobody takes its alerts for an
//! attack: the text of an alert is its rule's, and says nothing of a drill.
//!
//! Each topic gets the message in the form of what is sent to it otherwise: lines for people, JSON
//! for programs, and the chat service's schema, which drops everything else.

use super::choose::Drill;
use super::report::{CallPurpose, DrillCall};
use crate::action::Action;
use crate::blueprint::Format;
use crate::desired::{AlertPath, Desired};
use crate::plural::count;
use crate::scope::{AccountId, Arn, Place, Region};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Longest subject, in characters.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const SUBJECT_MAX_CHARS: usize = 99;

/// How many alerts, and how many calls, a message names.
const LINES_MAX: usize = 100;

/// The same in chat, where a description has at most 8,000 characters.
const CHAT_LINES_MAX: usize = 20;

/// The form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Lines,
    Json,
    Chat,
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        match format {
            Format::Mail | Format::Text => Self::Lines,
            Format::Json | Format::Raw => Self::Json,
            Format::Chat => Self::Chat,
        }
    }
}

/// A drill, as subscribers are told of it.
#[derive(Debug, Clone, Copy)]
pub struct Announcement<'a> {
    pub desired: &'a Desired,
    pub drill: &'a Drill,
    /// Every call that it makes.
    pub calls: &'a [DrillCall],
    /// The ARN of the identity that makes them.
    pub who: &'a str,
}

impl Announcement<'_> {
    /// Tells each topic that a drill begins, who makes which calls, and until when at the latest.
    pub fn begins(&self, until: Timestamp) -> Vec<(Place, Action)> {
        let until = until.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let title = format!("DRILL begins: {}, until {until}", self.desired.name);
        let alerts = self.alerts();
        let made = |call: &&DrillCall| call.purpose == CallPurpose::Event;
        let calls = self.calls.iter().filter(made).map(|call| {
            let DrillCall { operation, object, place, .. } = call;
            format!("{operation} on {object} in {place}")
        });
        let calls: Vec<String> = calls.collect();
        let who = self.who;
        published(&self.topics(), &title, |most| {
            let mut lines = vec![
                format!(
                    "{} in so many places: alerts of the calls below are a drill.",
                    count(alerts.len(), "alert")
                ),
                format!("Who:     {who}, with `app/ctguard` in the user agent"),
                format!("Until:   {until} at the latest; then comes `DRILL is over`"),
                "Alerts:".to_owned(),
            ];
            lines.extend(few(&alerts, most));
            lines.push("Calls:".to_owned());
            lines.extend(few(&calls, most));
            lines.push("Also a drill are alerts of how it sets up and cleans up. Any other alert is none: act on it.".to_owned());
            let more = json!({ "who": who, "until": until, "alerts": alerts, "calls": calls });
            (lines, more)
        })
    }

    /// Tells each topic that the drill is over, with its result in a line.
    pub fn over(&self, result: &str) -> Vec<(Place, Action)> {
        over(&self.desired.name, &self.topics(), result)
    }

    /// The alerts that are drilled, each with its place.
    fn alerts(&self) -> Vec<String> {
        let paths = self.drill.paths.iter();
        paths.map(|drilled| format!("{} in {}", drilled.alert, drilled.path.lands)).collect()
    }

    /// The topics of the alerts that are drilled, and of others that the drill's calls raise.
    fn topics(&self) -> Topics {
        let raised: BTreeSet<(&Place, &str)> = self
            .calls
            .iter()
            .flat_map(|call| call.alerts.iter().map(|alert| (&call.place, alert.as_str())))
            .collect();
        let others = self.desired.paths.iter();
        let others = others.filter(|path| raised.contains(&(&path.lands, &*path.alert)));
        topics(self.desired, self.drill.paths.iter().map(|drilled| &drilled.path).chain(others))
    }
}

/// Tells topics, by ARN, that a drill which was killed is over.
pub fn ended(desired: &Desired, told: &BTreeSet<String>, result: &str) -> Vec<(Place, Action)> {
    let mut topics = topics(desired, desired.paths.iter());
    topics.retain(|(place, name), _| told.contains(&place.arn("sns", name)));
    over(&desired.name, &topics, result)
}

/// Topics by place and name, with the forms of what is sent to them.
type Topics = BTreeMap<(Place, String), BTreeSet<Form>>;

/// The topics of paths; not those of accounts that the blueprint does not cover.
fn topics<'p>(desired: &Desired, paths: impl Iterator<Item = &'p AlertPath>) -> Topics {
    let mut topics = Topics::new();
    for destination in paths.flat_map(|path| path.destinations.iter()) {
        let Some(arn) = Arn::parse(&destination.topic_arn) else { continue };
        let home = AccountId::new(arn.account).zip(Region::new(arn.region));
        let Some(home) = home.map(|(account, region)| Place::new(account, region)) else {
            continue;
        };
        if desired.places.contains_key(&home) {
            let forms = topics.entry((home, arn.resource.to_owned())).or_default();
            forms.insert(destination.format.into());
        }
    }
    topics
}

fn over(name: &str, topics: &Topics, result: &str) -> Vec<(Place, Action)> {
    let title = format!("DRILL is over: {name}, {result}");
    published(topics, &title, |_| {
        let line = format!("{result}. Alerts of later calls are no drill.");
        (vec![line], json!({ "result": result }))
    })
}

/// The first of these lines, indented, and how many more there are.
fn few(lines: &[String], most: usize) -> Vec<String> {
    let mut few: Vec<String> = lines.iter().take(most).map(|line| format!("  {line}")).collect();
    if lines.len() > most {
        few.push(format!("  and {} more", lines.len() - most));
    }
    few
}

/// A message to each topic. The closure says the lines, with at most so many in a list, and the
/// fields of the JSON.
fn published(
    topics: &Topics,
    title: &str,
    said: impl Fn(usize) -> (Vec<String>, Value),
) -> Vec<(Place, Action)> {
    let printable = |c: &char| matches!(c, ' '..='~');
    let subject: String = title.chars().filter(printable).take(SUBJECT_MAX_CHARS).collect();
    let mut calls = Vec::new();
    for ((place, topic), forms) in topics {
        for form in forms {
            let message = match form {
                Form::Lines => {
                    [&[title.to_owned(), String::new()], &*said(LINES_MAX).0].concat().join("\n")
                }
                Form::Json => {
                    let mut message = json!({ "drill": true, "title": title });
                    if let (Some(all), Value::Object(more)) =
                        (message.as_object_mut(), said(LINES_MAX).1)
                    {
                        all.extend(more);
                    }
                    message.to_string()
                }
                Form::Chat => json!({
                    "version": "1.0",
                    "source": "custom",
                    "content": {
                        "textType": "client-markdown",
                        "title": subject,
                        "description": said(CHAT_LINES_MAX).0.join("\n"),
                        "keywords": ["drill"],
                    },
                })
                .to_string(),
            };
            let (topic, subject) = (topic.clone(), subject.clone());
            calls.push((place.clone(), Action::Publish { topic, subject, message }));
        }
    }
    calls
}
