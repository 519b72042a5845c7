//! Requests to CloudTrail's event history and their results, page by page.

use jiff::Timestamp;

/// Most events in one page of the event history.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
pub const PAGE_MAX_EVENTS: usize = 50;

/// A request to the event history of one account and region: management events of the last 90 days.
///
/// The next page is requested with the same request and the token of the page before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lookup {
    /// The one attribute to filter by; absent: every event.
    pub by: Option<LookupBy>,
    /// Start time; absent: as far back as the history goes.
    pub start: Option<Timestamp>,
    /// End time; absent: now.
    pub end: Option<Timestamp>,
    /// The [`LookupPage::next`] of the page before.
    pub token: Option<String>,
}

/// The attribute that an event must have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookupBy {
    EventId(String),
    /// A call as AWS names it: `PutRule`.
    EventName(String),
    /// `events.amazonaws.com`.
    EventSource(String),
    /// Whether the call only reads.
    ReadOnly(bool),
    /// The resource of the call, as CloudTrail lists it: a name, an ARN or a URL.
    ResourceName(String),
    Username(String),
}

impl LookupBy {
    /// Key and value, as AWS names them.
    pub fn pair(&self) -> (&'static str, String) {
        match self {
            Self::EventId(id) => ("EventId", id.clone()),
            Self::EventName(name) => ("EventName", name.clone()),
            Self::EventSource(source) => ("EventSource", source.clone()),
            Self::ReadOnly(read_only) => ("ReadOnly", read_only.to_string()),
            Self::ResourceName(name) => ("ResourceName", name.clone()),
            Self::Username(name) => ("Username", name.clone()),
        }
    }
}

/// One page of the event history, newest event first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookupPage {
    /// CloudTrail's own records, each as the JSON text that AWS hands out.
    pub events: Vec<String>,
    /// The token for the page after this one; absent on the last.
    pub next: Option<String>,
}
