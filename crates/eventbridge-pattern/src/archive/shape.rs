//! What an object is: a record, an event, or something that carries them. Its keys tell, and the first that is decisive
//! ends the search, so that a record is told by the first few.

use super::container::{Container, PassedOver, Unread};
use super::unwrap::unescape;
use crate::skim::{Broken, Member, Members, container_end, string_end, value_end};

/// What an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// A CloudTrail record.
    Record,
    /// An event as EventBridge has it.
    Event,
    /// It has this text at this place, to be read once its escapes are taken out.
    Text(Container, usize),
    /// It has base64 at this place, perhaps of gzip.
    Base64(Container, usize),
    /// It has an object or a list at this place, to be read as it stands.
    Inner(Container, usize),
    /// It is a row with a column for each field.
    Columns,
    /// Nothing that events are expected in.
    PassedOver(PassedOver),
    /// None of these.
    Unread(Unread),
}

/// How an object begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// It is to be taken whole and looked at.
    Whole,
    /// A list opens here, so deep in objects, whose elements are read one by one however many there are.
    List { container: Container, at: usize, depth: usize },
    /// It is of no interest, however long: all of it, or the list that opens here, beside which something else may stand.
    PassedOver { kind: PassedOver, list: Option<usize> },
    /// More of the text is needed to tell, or it is broken.
    Unclear,
}

/// The container that has a list of this name.
pub(super) fn list_named(key: &[u8]) -> Option<Container> {
    Some(match key {
        b"Records" => Container::CloudTrailFile,
        b"Events" => Container::LookupEvents,
        b"Messages" => Container::SqsMessage,
        b"events" => Container::LogEvents,
        b"logEvents" => Container::LogsSubscription,
        b"hits" | b"responses" => Container::SearchHit,
        b"results" => Container::Splunk,
        _ => return None,
    })
}

/// Whether an object with this key is one event, record or message, and has no list of them.
pub(super) fn is_single(key: &[u8]) -> bool {
    matches!(
        key,
        b"eventVersion"
            | b"eventSource"
            | b"eventName"
            | b"detail-type"
            | b"detail"
            | b"Message"
            | b"Body"
            | b"body"
            | b"CloudTrailEvent"
            | b"eventJson"
            | b"_raw"
            | b"_source"
            | b"result"
            | b"@message"
    )
}

/// Looks at the keys of the object at the beginning of a text until one says how to go on.
pub(super) fn opening(text: &[u8]) -> Opening {
    opening_at(text, 0, 1)
}

fn opening_at(text: &[u8], at: usize, depth: usize) -> Opening {
    let mut members = Members::new(text, at);
    loop {
        let member = match members.next() {
            Ok(Some(member)) => member,
            Ok(None) => return Opening::Whole,
            Err(Broken) => return Opening::Unclear,
        };
        let value = text.get(member.value);
        // An event has an object there; what has anything else is no event.
        let no_event = member.key == b"detail" && value.is_some_and(|byte| *byte != b'{');
        if is_single(member.key) && !no_event {
            return Opening::Whole;
        }
        if member.key == b"configurationItems" && depth == 1 && value == Some(&b'[') {
            return Opening::PassedOver { kind: PassedOver::Config, list: Some(member.value) };
        }
        if member.key == b"messageType" && text[member.value..].starts_with(b"\"CONTROL_MESSAGE\"")
        {
            return Opening::PassedOver { kind: PassedOver::LogsControl, list: None };
        }
        if let Some(container) = list_named(member.key) {
            match value {
                Some(b'[') => return Opening::List { container, at: member.value + 1, depth },
                // A search answers with `hits` in `hits`.
                Some(b'{') if member.key == b"hits" && depth == 1 => {
                    match opening_at(text, member.value, depth + 1) {
                        Opening::Whole => {}
                        other => return other,
                    }
                }
                None => return Opening::Unclear,
                Some(_) => {}
            }
        }
        match value_end(text, member.value) {
            // A value that ends with the text may go on.
            Some(end) if end < text.len() => members.resume(end),
            _ => return Opening::Unclear,
        }
    }
}

/// Where the values stand that tell what an object is.
struct Seen {
    places: [Option<usize>; KEYS.len()],
    /// Keys that are none of these, for people.
    others: Vec<String>,
    lambda: bool,
}

/// Keys that tell something, or carry something.
const KEYS: [&str; 40] = [
    "Records",
    "CloudTrailEvent",
    "Type",
    "Message",
    "Body",
    "body",
    "messageId",
    "awslogs",
    "data",
    "Data",
    "kinesis",
    "Sns",
    "message",
    "timestamp",
    "@message",
    "logRecord",
    "eventJson",
    "event",
    "event.original",
    "_source",
    "_raw",
    "result",
    "eventname",
    "eventsource",
    "eventVersion",
    "eventType",
    "s3",
    "s3Bucket",
    "s3ObjectKey",
    "messageType",
    "configurationItem",
    "configurationItems",
    "digestS3Object",
    "ctguard",
    "recordId",
    "SequenceNumber",
    "logEvents",
    "TopicArn",
    "fields",
    "aws.cloudtrail.event_version",
];

impl Seen {
    fn at(&self, key: &str) -> Option<usize> {
        let index = KEYS.iter().position(|known| *known == key)?;
        self.places[index]
    }

    fn note(&mut self, key: &[u8], value: usize) {
        // Lake's and Athena's answers spell column names as the query did.
        let key = if key.eq_ignore_ascii_case(b"eventjson") || key == b"event_json" {
            b"eventJson"
        } else {
            key
        };
        match KEYS.iter().position(|known| known.as_bytes() == key) {
            Some(index) => self.places[index] = Some(value),
            None if self.others.len() < 3 => {
                self.others.push(String::from_utf8_lossy(&key[..key.len().min(40)]).into_owned());
            }
            None => {}
        }
    }
}

/// How many members are looked at for [`is_plainly_record`]: in a record whose keys are sorted, the ninth is decisive.
const MEMBERS_LOOKED_AT: usize = 12;

/// Whether an object is a record, as nearly all are; `false` leaves it open.
pub(super) fn is_plainly_record(text: &[u8]) -> bool {
    if begins_as_written_by_cloudtrail(text) {
        return true;
    }
    let mut members = Members::new(text, 0);
    for _ in 0..MEMBERS_LOOKED_AT {
        let Ok(Some(Member { key, escaped: false, value })) = members.next() else { return false };
        match key {
            b"eventSource" => {
                return !text[value..].starts_with(b"\"aws:") && !may_be_a_row(text);
            }
            b"detail" | b"detail-type" | b"ctguard" | b"@message" => return false,
            // Long texts: whoever carries one need not be looked through twice.
            b"CloudTrailEvent" | b"Message" | b"Body" | b"body" | b"eventJson" | b"_raw" => {
                return false;
            }
            _ => {}
        }
        match value_end(text, value) {
            Some(end) => members.resume(end),
            None => return false,
        }
    }
    false
}

/// Whether `detail` is an object, as an event has it, or missing.
fn has_detail(text: &[u8]) -> bool {
    member(text, 0, b"detail").is_none_or(|at| text.get(at) == Some(&b'{'))
}

/// Whether an object with a record's names is a row of a table: text stands where a record has an object or a flag.
pub(super) fn is_row(text: &[u8]) -> bool {
    if begins_as_written_by_cloudtrail(text) {
        return false;
    }
    let mut members = Members::new(text, 0);
    while let Ok(Some(member)) = members.next() {
        let value = &text[member.value..];
        let text_for = match member.key {
            b"userIdentity" => value.starts_with(b"\""),
            b"readOnly" | b"managementEvent" => {
                value.starts_with(b"\"true\"") || value.starts_with(b"\"false\"")
            }
            b"requestParameters" | b"responseElements" | b"additionalEventData" => {
                value.starts_with(b"\"{")
            }
            _ => false,
        };
        if text_for {
            return true;
        }
        match value_end(text, member.value) {
            Some(end) => members.resume(end),
            None => return false,
        }
    }
    false
}

/// Whether there may be one of the keys that CloudWatch Logs makes, which begin with `@`.
fn may_be_a_row(text: &[u8]) -> bool {
    memchr::memchr_iter(b'@', text).any(|at| at > 0 && text[at - 1] == b'"')
}

/// What an object with an `eventSource` is. A row of a query in CloudWatch Logs can have that field of the record beside
/// others, and then is not the record; Logstash adds `@timestamp` to what otherwise is one.
fn record_or_row(text: &[u8]) -> Shape {
    if !may_be_a_row(text) {
        return Shape::Record;
    }
    if let Some(at) = member(text, 0, b"@message") {
        match text.get(at) {
            Some(b'"') => return Shape::Text(Container::LogsInsights, at),
            Some(b'{') => return Shape::Inner(Container::LogsInsights, at),
            _ => {}
        }
    }
    let made_by_logs = MADE_BY_LOGS.iter().any(|key| member(text, 0, key).is_some());
    if made_by_logs && member(text, 0, b"eventVersion").is_none() {
        return Shape::Unread(Unread::NoMessage);
    }
    Shape::Record
}

/// Fields that CloudWatch Logs gives every log event.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html>
const MADE_BY_LOGS: [&[u8]; 5] =
    [b"@timestamp", b"@ptr", b"@ingestionTime", b"@logStream", b"@log"];

/// Whether an object begins with a version and an identity, in this order and without spaces, as CloudTrail writes records and
/// nothing else is written: S3's notifications have version 2, other services' begin with other keys.
fn begins_as_written_by_cloudtrail(text: &[u8]) -> bool {
    let Some(version) = text.strip_prefix(b"{\"eventVersion\":\"1.") else { return false };
    let digits = version.iter().take_while(|byte| byte.is_ascii_digit()).count();
    version[digits..].starts_with(b"\",\"userIdentity\":{")
}

/// Says what an object is. `text` is all of it.
pub(super) fn shape(text: &[u8]) -> Shape {
    let mut members = Members::new(text, 0);
    let mut seen = Seen { places: [None; KEYS.len()], others: Vec::new(), lambda: false };
    let mut spelled = Vec::new();
    loop {
        let Member { key, escaped, value } = match members.next() {
            Ok(Some(member)) => member,
            Ok(None) => break,
            Err(Broken) => {
                let why = "its braces close, but what is between them is broken".to_owned();
                return Shape::Unread(Unread::NotJson(why));
            }
        };
        let key = match escaped {
            true => match unescape(&[b"\"", key, b"\""].concat(), 0, &mut spelled) {
                Some(length) => &spelled[..length],
                None => key,
            },
            false => key,
        };
        // A long text is not looked through where its key alone is decisive.
        let is_text = text.get(value) == Some(&b'"');
        match key {
            b"detail-type" | b"detail" if has_detail(text) => return Shape::Event,
            b"eventSource" if seen.at("ctguard").is_none() => {
                if text[value..].starts_with(b"\"aws:") {
                    seen.lambda = true;
                } else {
                    return record_or_row(text);
                }
            }
            b"CloudTrailEvent" if is_text => return Shape::Text(Container::LookupEvents, value),
            b"Body" | b"body" if is_text => return Shape::Text(Container::SqsMessage, value),
            b"eventJson" if is_text => return Shape::Text(Container::LakeRow, value),
            b"_raw" if is_text => return Shape::Text(Container::Splunk, value),
            b"@message" if is_text => return Shape::Text(Container::LogsInsights, value),
            b"Message" if is_text && is_of_topic(text, &seen) => {
                return Shape::Text(Container::SnsNotification, value);
            }
            _ => seen.note(key, value),
        }
        match value_end(text, value) {
            Some(end) => members.resume(end),
            None => return Shape::Unread(Unread::CutOff),
        }
    }
    told(text, &seen)
}

/// Whether what was seen is enough for a notification: a confirmation has the same keys, but says so in its type.
fn is_of_topic(text: &[u8], seen: &Seen) -> bool {
    seen.at("Type").is_some_and(|at| plain(text, at) == Some(b"Notification"))
}

/// What the keys together say.
fn told(text: &[u8], seen: &Seen) -> Shape {
    use Container as C;
    let opens = |key: &str, with: u8| seen.at(key).filter(|at| text.get(*at) == Some(&with));
    let string = |key: &str| opens(key, b'"');
    let object = |key: &str| opens(key, b'{');
    let is = |key: &str, wanted: &[u8]| string(key).and_then(|at| plain(text, at)) == Some(wanted);
    let message = |container| move |at| Shape::Text(container, at);

    if let Some(at) = object("@message").or_else(|| object("logRecord")) {
        return Shape::Inner(C::LogsInsights, at);
    }
    if let Some(at) = seen.at("ctguard").and_then(|_| object("event")) {
        return Shape::Inner(C::AlertMessage, at);
    }
    if seen.lambda || seen.at("Sns").is_some() {
        let kinesis = object("kinesis").map(|at| Shape::Inner(C::KinesisRecord, at));
        let sns = object("Sns").map(|at| Shape::Inner(C::SnsNotification, at));
        let data = string("data").map(|at| Shape::Base64(C::KinesisRecord, at));
        let notice = seen.at("s3").map(|_| Shape::Unread(Unread::FileNotice));
        let carried = kinesis.or(sns).or(data).or_else(|| body(text, seen)).or(notice);
        return carried.unwrap_or_else(|| Shape::Unread(unknown(seen)));
    }
    if let Some(at) = string("CloudTrailEvent") {
        return Shape::Text(C::LookupEvents, at);
    }
    if is("Type", b"SubscriptionConfirmation") || is("Type", b"UnsubscribeConfirmation") {
        return Shape::PassedOver(PassedOver::SnsConfirmation);
    }
    let of_topic = is("Type", b"Notification") || seen.at("TopicArn").is_some();
    if let Some(at) = string("Message").filter(|_| of_topic) {
        return Shape::Text(C::SnsNotification, at);
    }
    if is("messageType", b"CONTROL_MESSAGE") {
        return Shape::PassedOver(PassedOver::LogsControl);
    }
    if seen.at("digestS3Object").is_some() {
        return Shape::PassedOver(PassedOver::Digest);
    }
    if seen.at("configurationItem").is_some() || seen.at("configurationItems").is_some() {
        return Shape::PassedOver(PassedOver::Config);
    }
    if seen.at("s3Bucket").is_some() && seen.at("s3ObjectKey").is_some() {
        return Shape::Unread(Unread::FileNotice);
    }
    let carried = body(text, seen)
        .or_else(|| object("awslogs").map(|at| Shape::Inner(C::LogsSubscription, at)))
        .or_else(|| string("eventJson").map(message(C::LakeRow)))
        .or_else(|| object("eventJson").map(|at| Shape::Inner(C::LakeRow, at)))
        .or_else(|| original(text, seen))
        .or_else(|| object("_source").map(|at| Shape::Inner(C::SearchHit, at)))
        .or_else(|| string("_raw").map(message(C::Splunk)))
        .or_else(|| object("result").map(|at| Shape::Inner(C::Splunk, at)))
        .or_else(|| string("data").map(|at| Shape::Base64(C::KinesisRecord, at)))
        .or_else(|| string("Data").map(|at| Shape::Base64(C::KinesisRecord, at)));
    if let Some(carried) = carried {
        return carried;
    }
    if seen.at("eventname").is_some() && seen.at("eventsource").is_some() {
        return Shape::Columns;
    }
    if seen.at("eventVersion").is_some() && seen.at("eventType").is_some() {
        return Shape::Record;
    }
    if let Some(at) = string("message").filter(|_| seen.at("timestamp").is_some()) {
        return Shape::Text(C::LogEvents, at);
    }
    Shape::Unread(unknown(seen))
}

/// The body of a message: mostly text, an object where something has parsed it.
fn body(text: &[u8], seen: &Seen) -> Option<Shape> {
    let at = seen.at("Body").or(seen.at("body"))?;
    match text.get(at) {
        Some(b'"') => Some(Shape::Text(Container::SqsMessage, at)),
        Some(b'{' | b'[') => Some(Shape::Inner(Container::SqsMessage, at)),
        _ => None,
    }
}

/// The record that a document of Elastic's was made from.
fn original(text: &[u8], seen: &Seen) -> Option<Shape> {
    if let Some(at) = seen.at("event.original").filter(|at| text.get(*at) == Some(&b'"')) {
        return Some(Shape::Text(Container::ElasticDocument, at));
    }
    let event = seen.at("event").filter(|at| text.get(*at) == Some(&b'{'))?;
    match member(text, event, b"original").filter(|at| text.get(*at) == Some(&b'"')) {
        Some(at) => Some(Shape::Text(Container::ElasticDocument, at)),
        // An event or record that somebody put into an object of their own.
        None if matches!(
            shape(&text[event..container_end(text, event)?]),
            Shape::Event | Shape::Record
        ) =>
        {
            Some(Shape::Inner(Container::AlertMessage, event))
        }
        None => Some(Shape::Unread(Unread::NoOriginal)),
    }
}

/// Where the value of a key stands in the object at `at`.
pub(super) fn member(text: &[u8], at: usize, key: &[u8]) -> Option<usize> {
    let mut members = Members::new(text, at);
    while let Ok(Some(found)) = members.next() {
        if found.key == key {
            return Some(found.value);
        }
        members.resume(value_end(text, found.value)?);
    }
    None
}

/// The text at `at`, if it has no escapes.
fn plain(text: &[u8], at: usize) -> Option<&[u8]> {
    match string_end(text, at)? {
        (end, false) => Some(&text[at + 1..end]),
        _ => None,
    }
}

fn unknown(seen: &Seen) -> Unread {
    let known = KEYS.iter().zip(&seen.places).filter(|(_, at)| at.is_some()).map(|(key, _)| *key);
    let keys: Vec<String> = seen
        .others
        .iter()
        .map(String::as_str)
        .chain(known)
        .take(3)
        .map(|key| format!("`{key}`"))
        .collect();
    Unread::Unknown(match keys.as_slice() {
        [] => String::new(),
        keys => format!("; it has {}", keys.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_tell_what_an_object_is() {
        use Container as C;
        for (text, expected) in [
            (r#"{"eventVersion":"1.08","eventSource":"iam.amazonaws.com"}"#, Shape::Record),
            (r#"{"event\u0053ource":"iam.amazonaws.com"}"#, Shape::Record),
            (r#"{"eventVersion":"1.07","eventType":"AwsCloudTrailInsight"}"#, Shape::Record),
            (r#"{"source":"aws.iam","detail":{}}"#, Shape::Event),
            (r#"{"id":"1","detail-type":"x"}"#, Shape::Event),
            (r#"{"CloudTrailEvent":"x"}"#, Shape::Text(C::LookupEvents, 19)),
            (r#"{"eventSource":"aws:sqs","body":"x"}"#, Shape::Text(C::SqsMessage, 32)),
            (r#"{"eventSource":"aws:kinesis","data":"x"}"#, Shape::Base64(C::KinesisRecord, 36)),
            (r#"{"eventSource":"aws:s3","s3":{}}"#, Shape::Unread(Unread::FileNotice)),
            (
                r#"{"Type":"SubscriptionConfirmation"}"#,
                Shape::PassedOver(PassedOver::SnsConfirmation),
            ),
            (r#"{"digestS3Object":"x"}"#, Shape::PassedOver(PassedOver::Digest)),
            (r#"{"ctguard":1,"eventSource":"x","event":{}}"#, Shape::Inner(C::AlertMessage, 39)),
            (r#"{"eventname":"x","eventsource":"y"}"#, Shape::Columns),
            (r#"{"event":{"original":"x"}}"#, Shape::Text(C::ElasticDocument, 21)),
            (r#"{"event":{"kind":"x"}}"#, Shape::Unread(Unread::NoOriginal)),
        ] {
            assert_eq!(shape(text.as_bytes()), expected, "{text}");
        }
        let Shape::Unread(why) = shape(br#"{"alpha":1,"Type":"x"}"#) else { unreachable!() };
        assert!(why.to_string().ends_with("; it has `alpha`, `Type`"), "{why}");
    }

    #[test]
    fn an_object_opens_a_list_or_is_taken_whole() {
        let list = |container, at, depth| Opening::List { container, at, depth };
        for (text, expected) in [
            (r#"{"Records":[{}]}"#, list(Container::CloudTrailFile, 12, 1)),
            (r#"{"a":{"Records":[1]},"Events":[]}"#, list(Container::LookupEvents, 31, 1)),
            (r#"{"took":1,"hits":{"total":1,"hits":[]}}"#, list(Container::SearchHit, 36, 2)),
            (r#"{"eventVersion":"1","Records":[]}"#, Opening::Whole),
            (r#"{"Records":{}}"#, Opening::Whole),
            (r#"{"Records":"#, Opening::Unclear),
            (r#"{"a":1"#, Opening::Unclear),
            (
                r#"{"fileVersion":"1.0","configurationItems":["#,
                Opening::PassedOver { kind: PassedOver::Config, list: Some(42) },
            ),
        ] {
            assert_eq!(opening(text.as_bytes()), expected, "{text}");
        }
    }
}
