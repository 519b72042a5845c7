//! What records and events come wrapped in, and what is read of a file or not.

use std::fmt;

/// Something that carries records or events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Container {
    /// An object with a list `Records`, as CloudTrail writes its log files.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>
    CloudTrailFile,
    /// A list.
    List,
    /// What LookupEvents answers, whole or an element of it: `CloudTrailEvent` is the record as text.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Event.html>
    LookupEvents,
    /// A notification by SNS: `Message` is what was published, as text.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
    SnsNotification,
    /// A message in a queue, alone or as ReceiveMessage answers it: `Body` or `body` is what was sent, as text.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Message.html>
    SqsMessage,
    /// What Lambda hands to a function for SQS, SNS or Kinesis: `Records` of the service.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
    LambdaEvent,
    /// What a subscription of CloudWatch Logs sends: `logEvents`, or `awslogs.data` as gzip in base64.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>
    LogsSubscription,
    /// What FilterLogEvents or GetLogEvents answers: `events` with `message`.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilteredLogEvent.html>
    LogEvents,
    /// What a query of CloudWatch Logs Insights gives: rows of fields, of which `@message` is the record as text, or, in
    /// a table that the console saves, as an object.
    ///
    /// Sources: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html>,
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html>
    LogsInsights,
    /// An export of CloudWatch Logs to S3: lines of a time and a message.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html>
    LogsExport,
    /// A row with the record as text in `eventJson`, as CloudTrail Lake answers.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-event-data-store.html>
    LakeRow,
    /// A row of Athena's table: a column for each field of the record.
    ///
    /// Source: <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>
    AthenaRow,
    /// A row of CSV under a header.
    Csv,
    /// A document of Elastic's: `event.original` is the record as text.
    ///
    /// Source: <https://www.elastic.co/docs/reference/ecs/ecs-event#field-event-original>
    ElasticDocument,
    /// A hit of a search in Elasticsearch or OpenSearch: `_source` is the document.
    SearchHit,
    /// A result of Splunk's: `_raw` is the record as text.
    Splunk,
    /// A record of Kinesis or Firehose: `data` in base64.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html>
    KinesisRecord,
    /// ctguard's message in the format `json`: the event stands in `event`.
    AlertMessage,
}

impl Container {
    /// Its name, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloudTrailFile => "cloudtrail-file",
            Self::List => "list",
            Self::LookupEvents => "lookup-events",
            Self::SnsNotification => "sns-notification",
            Self::SqsMessage => "sqs-message",
            Self::LambdaEvent => "lambda-event",
            Self::LogsSubscription => "logs-subscription",
            Self::LogEvents => "log-events",
            Self::LogsInsights => "logs-insights",
            Self::LogsExport => "logs-export",
            Self::LakeRow => "lake-row",
            Self::AthenaRow => "athena-row",
            Self::Csv => "csv",
            Self::ElasticDocument => "elastic-document",
            Self::SearchHit => "search-hit",
            Self::Splunk => "splunk",
            Self::KinesisRecord => "kinesis-record",
            Self::AlertMessage => "alert-message",
        }
    }
}

/// How many containers may stand in each other.
pub const DEPTH_MAX: usize = 8;

/// The containers that something was taken out of, the outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Containers {
    each: [Option<Container>; DEPTH_MAX],
}

impl Containers {
    /// From the outermost to the innermost.
    pub fn iter(&self) -> impl Iterator<Item = Container> + '_ {
        self.each.iter().copied().flatten()
    }

    /// The innermost.
    pub fn last(&self) -> Option<Container> {
        self.iter().last()
    }

    /// With one more inside. One that stands in itself, such as a message in a list of messages, is named once. `None`
    /// when there is no room.
    pub(super) fn with(mut self, inner: Container) -> Option<Self> {
        if self.last() == Some(inner) {
            return Some(self);
        }
        let room = self.each.iter_mut().find(|place| place.is_none())?;
        *room = Some(inner);
        Some(self)
    }

    /// The same with another one in place of the innermost, if that is `Records`: Lambda's list has that name, too.
    pub(super) fn lambda(self) -> Self {
        self.instead_of(Container::CloudTrailFile, Container::LambdaEvent)
    }

    /// The same with another one in place of the innermost, if that is Splunk's `results`: the rows of a query in
    /// CloudWatch Logs stand in a list of that name, too.
    pub(super) fn logs_insights(self) -> Self {
        self.instead_of(Container::Splunk, Container::LogsInsights)
    }

    fn instead_of(mut self, named: Container, right: Container) -> Self {
        let last = self.each.iter_mut().rev().flatten().next();
        if let Some(last) = last.filter(|last| **last == named) {
            *last = right;
        }
        self
    }
}

/// `sqs-message > sns-notification`; `json` for none.
impl fmt::Display for Containers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.each[0].is_none() {
            return f.write_str("json");
        }
        for (at, container) in self.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { " > " })?;
            f.write_str(container.as_str())?;
        }
        Ok(())
    }
}

/// What is known to hold no events, and therefore is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PassedOver {
    /// A digest, which proves the integrity of logs.
    Digest,
    /// A history or snapshot of AWS Config.
    Config,
    /// A flow log of a VPC.
    FlowLog,
    /// An access log of a load balancer.
    LoadBalancerLog,
    /// An access log of S3.
    S3AccessLog,
    /// Another service's log, by its folder.
    OtherLog,
    /// What SNS sends to confirm a subscription or its end.
    SnsConfirmation,
    /// What CloudWatch Logs sends to see whether a destination is there.
    LogsControl,
    /// A file in a folder that is no log by its name and does not look like one.
    OtherFile,
    /// A link in a folder that leads to a folder that is read anyway.
    Link,
}

impl PassedOver {
    const ALL: [Self; 10] = [
        Self::Digest,
        Self::Config,
        Self::FlowLog,
        Self::LoadBalancerLog,
        Self::S3AccessLog,
        Self::OtherLog,
        Self::SnsConfirmation,
        Self::LogsControl,
        Self::OtherFile,
        Self::Link,
    ];

    /// How it is known that nothing is missed by passing over what has this name.
    pub fn why_named(name: &str) -> Option<&'static str> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).map(Self::why)
    }

    /// How it is known that nothing is missed.
    pub fn why(self) -> &'static str {
        match self {
            Self::Digest => "a digest by its place, name or content, and it begins with no records",
            Self::Config => "AWS Config's by its place, name or content, which tell of no calls",
            Self::FlowLog | Self::LoadBalancerLog | Self::S3AccessLog => {
                "the log of another service, by its place or its lines"
            }
            Self::OtherLog => {
                "the log of another service by its place, and it begins with no records"
            }
            Self::SnsConfirmation => "SNS sends it on its own account, and no record is in it",
            Self::LogsControl => {
                "CloudWatch Logs sends it on its own account, and no record is in it"
            }
            Self::OtherFile => "no log by its name, and looked through without finding one",
            Self::Link => "a link to what is read anyway",
        }
    }

    /// Its name, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Config => "config",
            Self::FlowLog => "flow-log",
            Self::LoadBalancerLog => "load-balancer-log",
            Self::S3AccessLog => "s3-access-log",
            Self::OtherLog => "other-log",
            Self::SnsConfirmation => "sns-confirmation",
            Self::LogsControl => "logs-control",
            Self::OtherFile => "other-file",
            Self::Link => "link",
        }
    }
}

/// What of a file is not read, and why. The text is a sentence without its subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unread {
    /// It is not JSON; with what is known about the place.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is JSON, but no object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// An object of no known kind; with its first keys.
    #[error("it is neither an event, nor a record, nor anything that is known to carry them{0}")]
    Unknown(String),
    /// The text ends inside of it.
    #[error("the file ends inside it")]
    CutOff,
    /// What follows a place in a list cannot be told apart.
    #[error("the list that it stands in breaks off here; what follows in this file is not read")]
    BrokenList,
    /// It is longer than [`ITEM_MAX`] bytes.
    #[error("it has more than {} MiB", ITEM_MAX >> 20)]
    TooLong,
    /// Containers stand in each other deeper than [`DEPTH_MAX`].
    #[error("it is wrapped more than {DEPTH_MAX} times")]
    TooDeep,
    /// Something stands before the JSON of the line, as syslog writes it.
    #[error(
        "text stands before the JSON of this line, as syslog writes it; strip it and read what is left"
    )]
    TextBefore,
    /// A container that carries a text which is no JSON.
    #[error("the text that this {0} carries is not JSON")]
    NoJsonInside(&'static str),
    /// A container whose base64 or gzip is broken.
    #[error("what this {0} carries is broken base64 or gzip, or longer than {size} MiB", size = ITEM_MAX >> 20)]
    BadPacking(&'static str),
    /// A document without the record that it was made from.
    #[error(
        "it has the fields that Elastic makes of a record, but not the record itself: keep `event.original`"
    )]
    NoOriginal,
    /// A row of a query in CloudWatch Logs that has no `@message`.
    #[error("its query did not ask for `@message`, which is the record: add it to `fields`")]
    NoMessage,
    /// A row whose columns do not give a record back.
    #[error("its column `{0}` cannot be read back; select it as JSON")]
    BadColumn(&'static str),
    /// An answer that says that it is not all there is; with why, and how to get the rest.
    #[error("the answer that ends here is incomplete: {0}")]
    Incomplete(String),
    /// A row with two columns of one field, which do not say the same.
    #[error("its table has the column `{0}` twice, with different values; select it once")]
    ColumnTwice(String),
    /// A record without what every record has.
    #[error("it has no `{0}`, so it is not a CloudTrail record")]
    NotARecord(&'static str),
    /// A notice that a log file was written.
    #[error("it only says that a file was written to S3; read that file")]
    FileNotice,
    /// The text is UTF-16.
    #[error("it is UTF-16; write it as UTF-8 (PowerShell: `Out-File -Encoding utf8`)")]
    Utf16,
    /// Another format; with its name.
    #[error("it is {0}, which is not read")]
    OtherFormat(&'static str),
    /// A file of no bytes.
    #[error("it is empty")]
    Empty,
    /// The gzip data is broken or cut off; with what the decoder says.
    #[error("its gzip data is broken or cut off: {0}")]
    BadGzip(String),
    /// It inflates to more than anything that was ever a log.
    #[error("it inflates to more than {RATIO_MAX} times its size, as no log does")]
    Ratio,
    /// The system does not let it be read; with what it says.
    #[error("it cannot be read: {0}")]
    Io(String),
    /// A link in a folder that is not followed; with where it leads.
    #[error("it is a link to {0}")]
    Link(&'static str),
    /// No file: something that would have to be waited for.
    #[error("it is {0}, not a file")]
    NoFile(&'static str),
}

/// The longest record, event, or message that is read, in bytes. CloudTrail's records are below 256 KB, or not much above.
pub const ITEM_MAX: usize = 16 << 20;

/// How many times its size a gzip file may inflate to, once it is larger than any buffer. CloudTrail's are some ten times
/// smaller than their text; deflate reaches a thousand on text that says nothing.
pub const RATIO_MAX: u64 = 300;

impl Unread {
    /// Whether it is said of a file, and not of something in it.
    pub fn is_of_file(&self) -> bool {
        use Unread::{BadGzip, Empty, Io, Link, NoFile, OtherFormat, Ratio, Utf16};
        matches!(
            self,
            Utf16 | OtherFormat(_) | Empty | BadGzip(_) | Ratio | Io(_) | NoFile(_) | Link(_)
        )
    }

    /// Its name, for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "not-json",
            Self::NotAnObject => "not-an-object",
            Self::Unknown(_) => "unknown",
            Self::CutOff => "cut-off",
            Self::BrokenList => "broken-list",
            Self::TooLong => "too-long",
            Self::TooDeep => "too-deep",
            Self::TextBefore => "text-before-json",
            Self::NoJsonInside(_) => "no-json-inside",
            Self::BadPacking(_) => "bad-packing",
            Self::NoOriginal => "no-original",
            Self::NoMessage => "no-message",
            Self::BadColumn(_) => "bad-column",
            Self::ColumnTwice(_) => "column-twice",
            Self::NotARecord(_) => "not-a-record",
            Self::Incomplete(_) => "incomplete",
            Self::FileNotice => "file-notice",
            Self::Utf16 => "utf-16",
            Self::OtherFormat(_) => "other-format",
            Self::Empty => "empty",
            Self::BadGzip(_) => "bad-gzip",
            Self::Ratio => "absurd-ratio",
            Self::Io(_) => "io",
            Self::Link(_) => "link",
            Self::NoFile(_) => "no-file",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_named_from_outside_in_and_each_once_in_a_row() {
        let none = Containers::default();
        assert_eq!(none.to_string(), "json");
        let two = none.with(Container::SqsMessage).and_then(|one| one.with(Container::SqsMessage));
        let two = two.and_then(|one| one.with(Container::SnsNotification)).unwrap();
        assert_eq!(two.to_string(), "sqs-message > sns-notification");
        let records = none.with(Container::CloudTrailFile).unwrap();
        assert_eq!(records.lambda().to_string(), "lambda-event");
        assert_eq!(two.lambda(), two);
    }

    #[test]
    fn there_is_no_room_for_endlessly_many() {
        let mut containers = Containers::default();
        for turn in 0..DEPTH_MAX {
            let inner = if turn % 2 == 0 { Container::List } else { Container::Splunk };
            containers = containers.with(inner).unwrap();
        }
        assert_eq!(containers.with(Container::List), None);
    }
}
