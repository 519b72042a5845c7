//! User input as an event, and what a rule would receive.

use super::envelope::{DeliveryFields, Enveloped, envelope};
use super::{EVENT_MAX_BYTES, Facts, Note, Undeliverable, lenient};
use crate::event;
use crate::event::actor::{ActorKind, Evidence};
use crate::event::identity::UserIdentity;
use crate::event::outcome::{Ended, ended};
use crate::foreign::Foreign;
use eventbridge_pattern::archive::{Unread, detail};
use eventbridge_pattern::{Event, cloudtrail};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The recognised form of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// An event as EventBridge has it.
    Event,
    /// A CloudTrail record.
    Record,
    /// Neither: it is matched as it stands.
    Other,
}

/// An input object.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub form: Form,
    /// As a rule is given it; of a record that no rule is given, the record.
    pub event: Value,
    /// The same as its text has it, which is what patterns are held against.
    pub said: Event<'static>,
    pub facts: Result<Facts, Undeliverable>,
    pub notes: Vec<Note>,
}

/// Who did it, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Deed {
    /// The most specific name in `userIdentity`; absent where it names nobody.
    pub by: Option<Foreign>,
    /// What sort of principal it was.
    pub kind: ActorKind,
    /// Whether the call succeeded.
    pub ended: Ended,
}

impl Given {
    /// Reads the text of a record or event.
    ///
    /// # Errors
    /// When it is not JSON, or no object.
    pub fn parse(text: &[u8]) -> Result<Self, Unread> {
        Self::read(lenient::value(text)?, text).ok_or(Unread::NotAnObject)
    }

    /// Reads an object that stands in a text. `None` for anything but an object.
    pub fn read(value: Value, text: &[u8]) -> Option<Self> {
        let object = value.as_object()?;
        // The text is that of the value, which was read from it.
        let said = Event::read(text).unwrap_or_else(|_| Event::from(&value)).into_owned();
        let has = |key: &str| object.contains_key(key);
        if has("detail-type") || has("detail") {
            let bytes = size(detail(text));
            let facts = Ok(Facts::of_event(&value, bytes));
            return Some(Self { form: Form::Event, event: value, said, facts, notes: Vec::new() });
        }
        let is_record = has("eventSource") || (has("eventVersion") && has("eventType"));
        if !is_record {
            let facts = Ok(Facts::of_event(&value, text.len()));
            return Some(Self { form: Form::Other, event: value, said, facts, notes: Vec::new() });
        }
        let facts = Facts::of(&DeliveryFields::of(&value), size(text));
        Some(match envelope(value) {
            Enveloped::Event { event, notes } => {
                let said = Event::from(&event).into_owned().with_detail(said);
                Self { form: Form::Record, event, said, facts, notes }
            }
            Enveloped::Nothing { record, why } => {
                Self { form: Form::Record, event: record, said, facts: Err(why), notes: Vec::new() }
            }
        })
    }

    /// The record inside.
    pub fn record(&self) -> &Value {
        match self.facts {
            Err(_) => &self.event,
            Ok(_) => self.event.get("detail").unwrap_or(&Value::Null),
        }
    }

    /// As given.
    pub fn handed(&self) -> &Value {
        match self.form {
            Form::Record => self.record(),
            Form::Event | Form::Other => &self.event,
        }
    }

    /// The event's id, or that of the record.
    pub fn id(&self) -> Option<&str> {
        let id = self.event.get("id").or_else(|| self.record().get("eventID"));
        id.and_then(Value::as_str)
    }

    /// `iam:CreateUser`, or the `detail-type` of what CloudTrail did not write.
    pub fn name(&self) -> Option<String> {
        let fields = DeliveryFields::of(self.record());
        match (fields.source, fields.name) {
            (Some(source), Some(name)) => Some(event::short(source, name)),
            _ => self.text("detail-type").map(str::to_owned),
        }
    }

    /// Who did it and how it ended; absent of what is no record of CloudTrail.
    pub fn deed(&self) -> Option<Deed> {
        let record = self.record();
        let fields = DeliveryFields::of(record);
        fields.source.zip(fields.name)?;
        let identity = record.get("userIdentity").map(UserIdentity::of).unwrap_or_default();
        let recipient = cloudtrail::account(record).or_else(|| self.text("account"));
        Some(Deed {
            by: identity.most_specific(recipient).map(|name| name.into_owned().into()),
            kind: Evidence::of(record, &identity, recipient).kind(),
            ended: ended(record),
        })
    }

    /// A text at the event's top level.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.event.get(key).and_then(Value::as_str)
    }
}

/// The size of a record's text without the spaces between its parts, where it matters; it is at most that of the text. What is
/// read of it may be less: a stand-in is shorter than what it stands for.
pub(crate) fn size(text: &[u8]) -> usize {
    if text.len() > EVENT_MAX_BYTES { without_spaces(text) } else { text.len() }
}

/// The size of JSON text without the spaces between its parts.
fn without_spaces(text: &[u8]) -> usize {
    let (mut bytes, mut in_string, mut escaped) = (0, false, false);
    for byte in text {
        let space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        bytes += usize::from(in_string || !space);
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_count_inside_of_strings_only() {
        let text = "{ \"a b\" :\n\t\"c \\\" d\" }";
        assert_eq!(without_spaces(text.as_bytes()), "{\"a b\":\"c \\\" d\"}".len());
    }

    #[test]
    fn what_is_nested_too_deep_to_be_read_counts_as_it_is_written() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let record = format!(
            "{{\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"X\",\"eventType\":\"AwsApiCall\",\"a\":{deep}}}"
        );
        let event =
            format!("{{\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{record}}}");
        for text in [&record, &event] {
            let given = Given::parse(text.as_bytes()).unwrap();
            assert_eq!(given.facts.unwrap().bytes, record.len());
        }
    }
}
