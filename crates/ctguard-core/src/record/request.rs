//! The request parameters and the response elements of each event, in CloudTrail's spelling.
//!
//! The data is `catalogue/requests.txt` and `catalogue/responses.txt`, which
//! `catalogue/build_requests.py` and `catalogue/build_responses.py` make from AWS's service models.
//! `build.rs` deflates it source by source; a source is inflated when one of its
//! events is first asked for, and nothing is read when the program starts.
//!
//! `docs/records.md` tells how CloudTrail's spelling was found and how often the model is right.

mod sheet;

use sheet::Sheet;
use std::sync::OnceLock;

/// How sure the model is of the spelling of an event's parameters.
///
/// With [`Confidence::Low`] nothing should be said of a path that the model does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    High,
    Low,
}

/// What a parameter holds, as JSON in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// A string. Sensitive ones are written as `HIDDEN_DUE_TO_SECURITY_REASONS` or `****`, so a
    /// form says nothing of the value.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A point in time; services write text (`"Nov 1, 2026 9:00:00 AM"`, ISO 8601) or a number.
    Time,
    /// An object with [`Parameter::fields`].
    Object,
    /// An array; [`Parameter::element`] tells of what. EventBridge looks into each element, so the
    /// fields of its objects are [`Parameter::fields`].
    List,
    /// An object whose keys are data, such as tags; [`Parameter::element`] tells the form of its
    /// values, whose own fields are [`Parameter::fields`].
    Map,
    /// Not known. Where it has [`Parameter::fields`] it can also be an object with these: newer calls
    /// of EC2 write `""` for one without members.
    Any,
}

/// A member of a request or a response, or of an object in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in CloudTrail's spelling.
    pub name: String,
    pub form: Form,
    /// The form of the elements of a list, or of the values of a map, where it is known.
    pub element: Option<Form>,
    /// The members of an object, of the objects of a list, or of the objects in a map.
    pub fields: Vec<Parameter>,
    /// Whether `fields` is all there is; otherwise there may be others.
    pub closed: bool,
    /// The values of an enumeration, or of the elements of a list; empty where they are not known.
    ///
    /// AWS adds values, and a refused call is logged with whatever the caller wrote: a value that
    /// is not here is unlikely, not impossible.
    pub values: Vec<String>,
}

/// What an event has below `requestParameters`, or below `responseElements`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    pub confidence: Confidence,
    /// Sorted by name. Empty and closed: there are none, and the record says `null`.
    pub parameters: Vec<Parameter>,
    /// Whether `parameters` is all there is; otherwise others may occur.
    pub closed: bool,
}

/// What the model says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// The path leads to this parameter.
    Parameter(&'a Parameter),
    /// The model cannot tell: the path goes through a part that is not modelled.
    Open,
    /// No record has this path: the step with this number is not among its siblings.
    Missing { step: usize, siblings: &'a [Parameter] },
}

/// Members that CloudTrail itself puts beside or in place of those of any request or response.
///
/// What is above 100 KB is left out: `{"omitted": true, "reason": "requestParameters too large"}`.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
pub const OF_ANY_PAYLOAD: &[&str] = &["omitted", "originalSize", "reason"];

impl Payload {
    /// Whether there is nothing at all: the record says `null`.
    pub fn is_nothing(&self) -> bool {
        self.closed && self.parameters.is_empty()
    }

    /// Follows a path below `requestParameters` or `responseElements`, such as `["ipPermissions", "items", "toPort"]`.
    ///
    /// It does not look at [`Payload::confidence`]. A list is looked into without a step of its own;
    /// any key of a map is taken. An empty path is [`Found::Open`].
    pub fn find(&self, path: &[&str]) -> Found<'_> {
        if path.first().is_some_and(|name| OF_ANY_PAYLOAD.contains(name)) {
            return Found::Open;
        }
        let mut found = Found::Open;
        let (mut siblings, mut closed) = (self.parameters.as_slice(), self.closed);
        let mut inside_map = false;
        for (step, name) in path.iter().enumerate() {
            if std::mem::take(&mut inside_map) {
                // The key is data: what is known of the map is known of its values.
                continue;
            }
            let Some(parameter) = siblings.iter().find(|parameter| parameter.name == *name) else {
                return if closed { Found::Missing { step, siblings } } else { Found::Open };
            };
            found = Found::Parameter(parameter);
            (siblings, closed) = (&parameter.fields, parameter.closed);
            inside_map = parameter.form == Form::Map;
        }
        match found {
            // A key of a map, not the map: its value has no parameter of its own.
            Found::Parameter(parameter) if parameter.form == Form::Map && !inside_map => {
                Found::Open
            }
            other => other,
        }
    }
}

/// Looks up the request parameters of an event; none where the event is not modelled.
///
/// `source` is `detail.eventSource`, such as `ec2.amazonaws.com`.
pub fn request_of(source: &str, name: &str) -> Option<Payload> {
    find(&REQUESTS, source, name)
}

/// Looks up the response elements of an event; none where the event is not modelled.
///
/// A call that only reads has none but for known exceptions, nor does a call that returns nothing:
/// the payload is then empty and closed. What it says is of calls that succeeded; failed ones mostly
/// have `null`.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
pub fn response_of(source: &str, name: &str) -> Option<Payload> {
    find(&RESPONSES, source, name)
}

fn find(blocks: &'static [Block], source: &str, name: &str) -> Option<Payload> {
    let at = blocks.binary_search_by(|block| block.source.cmp(source)).ok()?;
    let block = blocks.get(at)?;
    block.sheet.get_or_init(|| Sheet::inflate(block.deflated)).payload(name)
}

/// The events of one source, deflated, and inflated once they are asked for.
struct Block {
    source: &'static str,
    deflated: &'static [u8],
    sheet: OnceLock<Sheet>,
}

const fn block(source: &'static str, deflated: &'static [u8]) -> Block {
    Block { source, deflated, sheet: OnceLock::new() }
}

/// The blocks of all sources, one after the other.
static DEFLATED_REQUESTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/requests.bin"));
static DEFLATED_RESPONSES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/responses.bin"));

// `REQUESTS` and `RESPONSES`, sorted by source.
include!(concat!(env!("OUT_DIR"), "/requests.rs"));
include!(concat!(env!("OUT_DIR"), "/responses.rs"));

#[cfg(test)]
mod tests;
