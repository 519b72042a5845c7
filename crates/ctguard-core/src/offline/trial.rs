//! Tries a blueprint's alerts: on the samples listed beside them, on generated ones, and what would
//! be sent.

use super::hostile::{self, Caller};
use super::samples::{NeverFires, samples};
use super::{Decision, Form, Given, Note, OfflineRule, Undeliverable, decide};
use crate::blueprint::{Alert, AlertTest, Blueprint, Expect, Format, Risk, builtin, heal};
use crate::mail::{self, MachineFacts};
use crate::message;
use crate::resource::names::Names;
use crate::scope::{AccountId, Partition, Place, Region};
use eventbridge_pattern::Mismatch;
use eventbridge_pattern::archive::{Flow, Item, Reader, What};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::io::Read;

/// The version of the report's JSON.
pub const FORMAT_VERSION: u32 = 1;

/// Every format in which an alert can be told.
const FORMATS: [Format; 5] = [Format::Mail, Format::Text, Format::Chat, Format::Json, Format::Raw];

/// The trial of a blueprint.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Trial {
    /// The version of this format.
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// The date that exceptions were judged by, ISO 8601.
    pub as_of: String,
    /// Whether every alert passed.
    pub passed: bool,
    /// In the order of the blueprint.
    pub alerts: Vec<AlertTrial>,
}

/// The trial of one alert.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AlertTrial {
    /// The alert's id.
    pub id: String,
    /// The alert's risk.
    pub risk: Risk,
    /// Whether there are samples enough, each was decided as it should be, each of its events can raise
    /// it, and every text could be composed.
    pub passed: bool,
    /// Samples listed in the blueprint that are to match, and to be ignored.
    pub listed_matches: usize,
    /// Samples listed in the blueprint that are to be ignored.
    pub listed_ignores: usize,
    /// The required number of each.
    pub minimum: usize,
    /// Every sample that was tried, the listed ones first.
    pub samples: Vec<SampleTrial>,
    /// Events of the alert for which no sample was found that its patterns match.
    pub not_generated: Vec<String>,
    /// Events of which no record can raise the alert.
    pub never_fires: Vec<NeverFires>,
    /// One for each format, and one more for each rendering that failed.
    pub texts: Vec<RenderedMessage>,
    /// For each format and each type of caller who can choose a name or a path: what would be sent
    /// of the first event, had somebody chosen quotes and backslashes to break the message.
    pub hostile: Vec<RenderedMessage>,
}

/// Where a sample comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    Listed,
    Generated,
}

/// The decision about a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Got {
    Match,
    Ignore,
    /// A pattern matches, but no rule would receive the event.
    Withheld,
    /// Neither an event nor a record, so that ignoring it proves nothing.
    Unrecognised,
    Unreadable,
}

/// One sample event at the rules of its alert.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SampleTrial {
    /// Whether the blueprint lists it or ctguard made it.
    pub origin: Origin,
    /// The file, with the number of the event where it has several; or `ec2:CreateRoute, other name
    /// …`.
    pub name: String,
    /// What it should come to.
    pub expect: Expect,
    /// What it came to.
    pub got: Got,
    /// Whether it came to what it should.
    pub passed: bool,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// Why no rule would receive it, although a pattern matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Undeliverable>,
    /// For one that should match and does not: the mismatches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::shapes::mismatches")]
    pub mismatches: Vec<Mismatch>,
    /// What the decision rests on or leaves open, such as a field that the record lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// A message as a subscriber would receive it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RenderedMessage {
    /// The destination's `format` that it is composed in.
    pub format: Format,
    /// The sample that it tells of.
    pub sample: String,
    /// Of a mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The message, or the body of a mail; absent where it could not be composed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why EventBridge would deliver nothing, or the mail would not be composed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl AlertTrial {
    /// Whether it has the required number of listed samples of each kind.
    pub fn has_minimum(&self) -> bool {
        self.listed_matches >= self.minimum && self.listed_ignores >= self.minimum
    }
}

/// Tries every alert. `rules` are the blueprint's; `open` opens a listed file.
pub fn try_out<R: Read>(
    blueprint: &Blueprint,
    rules: &[OfflineRule],
    as_of: Date,
    minimum: usize,
    open: impl Fn(&AlertTest) -> std::io::Result<R>,
) -> Trial {
    let mut alerts = Vec::new();
    for (index, alert) in blueprint.alerts.iter().enumerate() {
        let from = rules.partition_point(|rule| rule.alert < index);
        let to = rules.partition_point(|rule| rule.alert <= index);
        alerts.push(try_alert(blueprint, alert, &rules[from..to], as_of, minimum, &open));
    }
    Trial {
        format_version: FORMAT_VERSION,
        blueprint: blueprint.name.clone(),
        as_of: as_of.to_string(),
        passed: alerts.iter().all(|alert| alert.passed),
        alerts,
    }
}

fn try_alert<R: Read>(
    blueprint: &Blueprint,
    alert: &Alert,
    rules: &[OfflineRule],
    as_of: Date,
    minimum: usize,
    open: &impl Fn(&AlertTest) -> std::io::Result<R>,
) -> AlertTrial {
    // What is tried, and the events that are to match: they are what is told.
    let mut tried = Vec::new();
    let mut told: Vec<(String, Value)> = Vec::new();
    for test in &alert.tests {
        let events = listed(test, open);
        let recognised = events.iter().any(|(_, given)| given.as_ref().is_ok_and(is_recognised));
        for (name, event) in events {
            let mut trial = try_sample(rules, Origin::Listed, name, test.expect, event);
            if !recognised && trial.0.passed {
                trial.0.got = Got::Unrecognised;
                trial.0.passed = false;
            }
            keep(trial, &mut tried, &mut told);
        }
    }
    let generated = samples(blueprint, alert, rules, as_of);
    for sample in generated.made {
        let name = format!("{}, {}", sample.of, sample.what);
        let text = sample.event.to_string();
        let given = Given::read(sample.event, text.as_bytes()).ok_or_else(String::new);
        let trial = try_sample(rules, Origin::Generated, name, sample.expect, given);
        keep(trial, &mut tried, &mut told);
    }
    // Nobody can list samples at an alert that ships with ctguard, whose own are tried before.
    let ships = alert.span.as_ref().is_some_and(|span| builtin::is_file_name(&span.file))
        || heal::is_own(alert);
    let minimum = if ships { 0 } else { minimum };
    let mut trial = AlertTrial {
        id: alert.id.clone(),
        risk: alert.risk,
        passed: false,
        listed_matches: alert.tests.iter().filter(|test| test.expect == Expect::Match).count(),
        listed_ignores: alert.tests.iter().filter(|test| test.expect == Expect::Ignore).count(),
        minimum,
        samples: tried,
        not_generated: generated.not_made,
        never_fires: generated.never,
        texts: texts(blueprint, alert, &told),
        hostile: hostile(blueprint, alert, &told),
    };
    trial.passed = trial.has_minimum()
        && trial.never_fires.is_empty()
        && trial.samples.iter().all(|sample| sample.passed)
        && trial.texts.iter().chain(&trial.hostile).all(|text| text.error.is_none());
    trial
}

/// Whether it is an event or a CloudTrail record.
fn is_recognised(given: &Given) -> bool {
    given.form != Form::Other && !matches!(given.facts, Err(Undeliverable::NotARecord(_)))
}

fn keep(
    (trial, event): (SampleTrial, Option<Value>),
    tried: &mut Vec<SampleTrial>,
    told: &mut Vec<(String, Value)>,
) {
    if let Some(event) = event.filter(|_| trial.got == Got::Match && trial.expect == Expect::Match)
    {
        told.push((trial.name.clone(), event));
    }
    tried.push(trial);
}

/// The events of a listed file, each as it is to be decided; a file without any is unreadable.
fn listed<R: Read>(
    test: &AlertTest,
    open: &impl Fn(&AlertTest) -> std::io::Result<R>,
) -> Vec<(String, Result<Given, String>)> {
    let mut events = Vec::new();
    match open(test) {
        Err(error) => events.push(Err(error.to_string())),
        Ok(mut file) => {
            Reader::default().stream(&mut file, &mut |item| {
                events.push(given(&item));
                Flow::Continue(())
            });
        }
    }
    if events.is_empty() {
        events.push(Err("it holds no event".to_owned()));
    }
    let several = events.len() > 1;
    let name = |number: usize| match several {
        true => format!("{}#{}", test.event, number + 1),
        false => test.event.clone(),
    };
    events.into_iter().enumerate().map(|(number, event)| (name(number), event)).collect()
}

/// What stands in a listed file; whatever is not read fails the sample.
fn given(item: &Item<'_>) -> Result<Given, String> {
    let failed = |why: &dyn std::fmt::Display| {
        format!("event {} (line {}): {why}", item.number, item.line())
    };
    match &item.what {
        What::Record(text) | What::Row(text, _) | What::Event(text) => {
            Given::parse(text).map_err(|error| failed(&error))
        }
        What::PassedOver(kind) => Err(failed(&format!("it is passed over: {}", kind.as_str()))),
        What::Unread(why) => Err(failed(why)),
    }
}

fn try_sample(
    rules: &[OfflineRule],
    origin: Origin,
    name: String,
    expect: Expect,
    given: Result<Given, String>,
) -> (SampleTrial, Option<Value>) {
    let mut trial = SampleTrial {
        origin,
        name,
        expect,
        got: Got::Ignore,
        passed: false,
        unreadable: None,
        withheld: None,
        mismatches: Vec::new(),
        notes: Vec::new(),
    };
    let given = match given {
        Ok(given) => given,
        Err(why) => {
            trial.got = Got::Unreadable;
            trial.unreadable = Some(why);
            return (trial, None);
        }
    };
    trial.notes.clone_from(&given.notes);
    let outcomes = rules.iter().map(|rule| match decide(&rule.pattern, Some(rule.state), &given) {
        Decision::Fires(_) if !rule.hears(given.text("account")) => {
            let account = given.text("account").unwrap_or_default().to_owned();
            Decision::Withheld(Undeliverable::AccountOmits { account })
        }
        outcome => outcome,
    });
    match outcomes.into_iter().find(|outcome| *outcome != Decision::Ignores) {
        Some(Decision::Fires(notes)) => {
            trial.got = Got::Match;
            trial.notes.extend(notes);
        }
        Some(Decision::Withheld(why)) => {
            trial.got = Got::Withheld;
            trial.withheld = Some(why);
        }
        Some(Decision::Ignores) | None => {
            if expect == Expect::Match {
                let all = rules.iter().map(|rule| rule.pattern.filter.mismatches(&given.said));
                trial.mismatches = all.min_by_key(Vec::len).unwrap_or_default();
            }
        }
    }
    trial.passed = match expect {
        Expect::Match => trial.got == Got::Match,
        Expect::Ignore => matches!(trial.got, Got::Ignore | Got::Withheld),
    };
    (trial, Some(given.event))
}

/// Renders every event that the alert fires for in every format; keeps the first of each, and all
/// that fail.
fn texts(blueprint: &Blueprint, alert: &Alert, told: &[(String, Value)]) -> Vec<RenderedMessage> {
    let mut texts: Vec<RenderedMessage> = Vec::new();
    let renderer = Renderer::new(blueprint, alert);
    for format in FORMATS {
        for (number, (sample, event)) in told.iter().enumerate() {
            let rendered = renderer.render(format, event);
            if number == 0 || rendered.is_err() {
                let sample = sample.clone();
                let none =
                    RenderedMessage { format, sample, subject: None, text: None, error: None };
                texts.push(match rendered {
                    Ok((subject, text)) => RenderedMessage { subject, text: Some(text), ..none },
                    Err(error) => RenderedMessage { error: Some(error), ..none },
                });
            }
        }
    }
    texts
}

/// Renders the first event that the alert fires for as if hostile callers had made the call.
fn hostile(blueprint: &Blueprint, alert: &Alert, told: &[(String, Value)]) -> Vec<RenderedMessage> {
    let Some((sample, event)) = told.first() else { return Vec::new() };
    let renderer = Renderer::new(blueprint, alert);
    let partition = partition_of(event);
    let mut texts = Vec::new();
    for caller in Caller::ALL {
        let [bad, good] = hostile::pair(event, caller, partition);
        for format in FORMATS {
            let rendered = renderer.render(format, &bad).and_then(|(subject, text)| {
                let (_, plain) = renderer.render(format, &good)?;
                hostile::compare(format, &text, &plain).map(|()| (subject, text))
            });
            let sample = format!("{sample}, {}", caller.about());
            let none = RenderedMessage { format, sample, subject: None, text: None, error: None };
            texts.push(match rendered {
                Ok((subject, text)) => RenderedMessage { subject, text: Some(text), ..none },
                Err(error) => RenderedMessage { error: Some(error), ..none },
            });
        }
    }
    texts
}

/// The partition of an event's region.
fn partition_of(event: &Value) -> Partition {
    let region = event.get("region").and_then(Value::as_str).and_then(Region::new);
    region.as_ref().map_or(Partition::Aws, Region::partition)
}

/// Renders the messages of one alert.
struct Renderer<'a> {
    alert: &'a Alert,
    rule: String,
    facts: MachineFacts,
    blueprint: &'a Blueprint,
}

impl<'a> Renderer<'a> {
    fn new(blueprint: &'a Blueprint, alert: &'a Alert) -> Self {
        Self {
            alert,
            rule: Names::new(&blueprint.name).rule(&alert.id, 0),
            facts: MachineFacts::for_alerts(blueprint, [alert]),
            blueprint,
        }
    }

    /// The subject, of a mail, and the text.
    fn render(&self, format: Format, event: &Value) -> Result<(Option<String>, String), String> {
        let text = |key: &str| event.get(key).and_then(Value::as_str);
        let region = text("region").and_then(Region::new);
        let partition = region.as_ref().map_or(Partition::Aws, Region::partition);
        let account = text("account").and_then(AccountId::new);
        let name = account.as_ref().and_then(|account| name_of(self.blueprint, account));
        let place = account.zip(region);
        let rule = &self.rule;
        let arn = place.map_or_else(
            || format!("arn:{partition}:events:::rule/{rule}"),
            |(account, region)| Place::new(account, region).arn("events", &format!("rule/{rule}")),
        );
        if format == Format::Mail {
            let topic = format!("arn:{partition}:sns:::topic");
            let input = mail::target_input(&self.blueprint.name, self.alert, &topic, partition);
            let input = input.map_err(|error| error.to_string())?;
            let mail = mail::render(&self.facts, &input, &arn, event);
            let mail = mail.map_err(|error| error.to_string())?;
            return Ok((Some(mail.subject), mail.message));
        }
        let input = message::input(self.alert, format, partition);
        let input = input.map_err(|error| error.to_string())?;
        let input = match name {
            Some(name) => message::with_account_name(input, name),
            None => input,
        };
        let text = message::transform(&input, &arn, event).map_err(|error| error.to_string())?;
        Ok((None, text))
    }
}

/// The name of an account, as rules that only its events reach say it.
fn name_of<'b>(blueprint: &'b Blueprint, account: &AccountId) -> Option<&'b str> {
    let accounts = blueprint.accounts.as_ref().filter(|_| blueprint.hub.is_none())?;
    accounts.listed.get(account)?.name.as_deref()
}
