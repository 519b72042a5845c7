//! What is to be received of a drill, and whether a message is that.
//!
//! Of an event that is yet to be, some values are known (what was called, on what, where) and some
//! are not (its id, its time, from which address). A message is what is sought when it says the
//! known ones as the alert's own template does, whatever stands where the others do. Messages that
//! are just the event cannot be told apart by alert: then as many are needed as there are rules
//! that send such.

use super::choose::{Drill, How, fires, is_known};
use crate::desired::{AlertPath, Desired};
use crate::message;
use crate::resource::keys::RuleKey;
use crate::resource::rule::{Input, InputTransformer};
use crate::scope::Place;
use serde_json::{Map, Value};

/// Stands in a text for a value that is not known beforehand. It is in no text of AWS's.
const ANY: char = '\u{e000}';

/// Where the unknown values are found in an event that is rendered.
const UNKNOWN: &str = "unknown";

/// A message that is to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Sought {
    /// The rule that sends it.
    pub rule: (Place, RuleKey),
    /// ARN of the topic that delivers it.
    pub topic: String,
    pub text: Text,
    /// Which path, and which of its destinations, of [`Drill::paths`] it is a receipt for. Others
    /// are sent, too, and must not be taken for those.
    pub receipt: Option<(usize, usize)>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// A text in which one character of its own stands for any other.
    Lines(String),
    /// JSON with at least these fields.
    Json(Value),
}

impl Text {
    /// Whether a message says that.
    pub fn is_said_by(&self, message: &str) -> bool {
        match self {
            Self::Lines(wanted) => fits(wanted, message),
            Self::Json(wanted) => {
                serde_json::from_str(message).is_ok_and(|said: Value| holds(wanted, &said))
            }
        }
    }
}

/// Whether a text is another one with something in each [`ANY`]'s place.
fn fits(wanted: &str, text: &str) -> bool {
    let mut pieces = wanted.split(ANY);
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether a value has everything that another one has.
fn holds(wanted: &Value, said: &Value) -> bool {
    match (wanted, said) {
        (Value::Object(wanted), Value::Object(said)) => {
            wanted.iter().all(|(key, value)| said.get(key).is_some_and(|said| holds(value, said)))
        }
        (Value::Array(wanted), Value::Array(said)) => {
            wanted.len() == said.len()
                && wanted.iter().zip(said).all(|(wanted, said)| holds(wanted, said))
        }
        (Value::String(wanted), Value::String(said)) => fits(wanted, said),
        (Value::String(wanted), _) if wanted.contains(ANY) => true,
        (wanted, said) => wanted == said,
    }
}

/// Every message that the calls of a drill are to bring to topics, receipts or not.
pub fn sought(desired: &Desired, drill: &Drill) -> Vec<Sought> {
    let mut all = Vec::new();
    for deed in drill.deeds.values().flatten() {
        for path in desired.paths.iter().filter(|path| path.lands == deed.lands) {
            let Some((key, rule)) = fires(desired, path, &deed.predicted) else { continue };
            let drilled = drill.paths.iter().position(|drilled| {
                is(&drilled.path, path) && drilled.how == How::Trigger { event: deed.event.clone() }
            });
            for (number, destination) in path.destinations.iter().enumerate() {
                let Some(target) = rule.targets.get(&destination.target_id) else { continue };
                let arn = path.raised.arn("events", &format!("rule/{key}"));
                all.extend(text(&target.input, &arn, &deed.predicted).map(|text| Sought {
                    rule: (path.raised.clone(), key.clone()),
                    topic: destination.topic_arn.clone(),
                    text,
                    receipt: drilled.map(|index| (index, number)),
                }));
            }
        }
    }
    for (index, drilled) in drill.paths.iter().enumerate() {
        let How::StandIn { event, rules, .. } = &drilled.how else { continue };
        let path = &drilled.path;
        let deeds = drill.deeds.get(&path.lands).into_iter().flatten();
        let Some(deed) = deeds.into_iter().find(|deed| deed.event == *event) else { continue };
        let Some(here) = desired.places.get(&path.raised) else { continue };
        for (own, stand_in) in rules {
            let Some(rule) = here.rules.get(own) else { continue };
            for (number, destination) in path.destinations.iter().enumerate() {
                let Some(target) = rule.targets.get(&destination.target_id) else { continue };
                let arn = path.raised.arn("events", &format!("rule/{stand_in}"));
                all.extend(text(&target.input, &arn, &deed.predicted).map(|text| Sought {
                    rule: (path.raised.clone(), stand_in.clone()),
                    topic: destination.topic_arn.clone(),
                    text,
                    receipt: Some((index, number)),
                }));
            }
        }
    }
    all
}

/// Whether two paths are of the same alert and place.
fn is(one: &AlertPath, other: &AlertPath) -> bool {
    one.alert == other.alert && one.lands == other.lands && one.raised == other.raised
}

/// What a target's input says of an event of which not all is known; `None` where it cannot be
/// rendered.
fn text(input: &Input, rule_arn: &str, event: &Value) -> Option<Text> {
    match input {
        Input::Event => Some(Text::Json(known_of(event))),
        Input::Constant(text) => Some(Text::Lines(text.clone())),
        Input::Path(_) => None,
        Input::Transformer(transformer) if is_mail(transformer) => mail(transformer, event),
        Input::Transformer(transformer) => {
            let paths = transformer.paths.iter().map(|(name, path)| {
                let is_known = path.strip_prefix("$.").is_some_and(is_said);
                let path = if is_known { path.clone() } else { format!("$.{UNKNOWN}") };
                (name.clone(), path)
            });
            let template = transformer.template.clone();
            let input = Input::Transformer(InputTransformer { paths: paths.collect(), template });
            let mut event = known_of(event);
            event[UNKNOWN] = Value::String(ANY.to_string());
            // The time of its arrival stands in the event, too.
            event["time"] = Value::String(ANY.to_string());
            let text = message::transform(&input, rule_arn, &event).ok()?;
            Some(match serde_json::from_str::<Value>(&text) {
                Ok(value) if value.is_object() => Text::Json(without_unknown(value)),
                _ => Text::Lines(text),
            })
        }
    }
}

/// What an input hands to the state machine that composes mails in place of the whole event.
const WHOLE_EVENT: &str = "<aws.events.event.json>";

/// The input of a state machine that composes a mail, without the event; nothing of other inputs.
fn handed_on(transformer: &InputTransformer) -> Option<Value> {
    let given = transformer.template.replace(WHOLE_EVENT, "null");
    let given: Value = serde_json::from_str(&given).ok()?;
    (given["topic"].is_string() && given["alert"].is_object()).then_some(given)
}

fn is_mail(transformer: &InputTransformer) -> bool {
    handed_on(transformer).is_some()
}

/// A mail: the risk and the title of its alert in the first line, and further down the event, and
/// which alert of which blueprint it is.
fn mail(transformer: &InputTransformer, event: &Value) -> Option<Text> {
    let given = handed_on(transformer)?;
    let said = |key: &str| given["alert"][key].as_str();
    let asked = |key: &str| event["detail"][key].as_str();
    let (risk, title, id) = (said("risk")?, said("title")?, said("id")?);
    let (name, source) = (asked("eventName")?, asked("eventSource")?);
    Some(Text::Lines(format!(
        "[{risk}] {title}\n{ANY}\nWhat:    {name} ({source})\n{ANY}\nAlert:   {id} of the blueprint {ANY}"
    )))
}

/// Whether a message says the value at a path as the call has it. Names of people are not compared:
/// how an identity is written down differs by how it signed in.
fn is_said(path: &str) -> bool {
    is_known(path) && !path.contains("userIdentity") && !path.contains("error")
}

/// The part of an event that is known beforehand.
fn known_of(event: &Value) -> Value {
    fn part(value: &Value, path: &str) -> Option<Value> {
        let Value::Object(fields) = value else {
            return (is_said(path) && !value.is_null()).then(|| value.clone());
        };
        let fields = fields.iter().filter_map(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            Some((key.clone(), part(value, &path)?))
        });
        let fields: Map<String, Value> = fields.collect();
        (!fields.is_empty()).then_some(Value::Object(fields))
    }
    part(event, "").unwrap_or_default()
}

/// The event within a message does not have the field for what is unknown.
fn without_unknown(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        for value in fields.values_mut() {
            if let Value::Object(inner) = value {
                inner.remove(UNKNOWN);
            }
        }
    }
    value
}

#[cfg(test)]
mod tests;
