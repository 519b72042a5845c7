//! Replay: what a blueprint would have alerted on in past logs.
//!
//! ```text
//!  log files ──► archive::scan ──► hits ──► Counter, one a thread ──► merged ──► Replay (data, JSON)
//!                     ▲                                                  ▲
//!  blueprint ──► offline::rules                              destinations, prices, as-of
//! ```
//!
//! | module | question |
//! |---|---|
//! | `count` | what one thread counts, and how the counts of threads add up |
//! | `sampled` | how that stays small however much is read |
//! | `summary` | from counts to the report's value |
//! | `suggest` | which exceptions would take the most noise away |
//! | `cost` | what AWS would bill for it |
//! | `time` | times of records, days of files |
//! | `sql` | the query that gives the same counts over a table of the logs |
//!
//! Counts are of records. An action that was recorded several times counts several times; repeats
//! are shown separately.

pub mod cost;
mod count;
mod record;
mod sampled;
pub mod sql;
pub mod suggest;
mod summary;
pub mod time;
mod values;

#[cfg(test)]
mod tests;

pub use count::{Counter, IDS_MOST, PRINCIPALS_MOST, SECONDS_MOST};
pub use record::Record;
pub use summary::{Inputs, summarize};

pub use crate::event::actor::ActorKind;
pub use crate::event::identity::PrincipalField;

use crate::blueprint::{Alert, Blueprint, Format, Risk, Subscriber};
use crate::desired::Narrow;
use crate::event::EventKind;
use crate::foreign::Foreign;
use crate::offline::OfflineRule;
use crate::resource::topic::Protocol;
use crate::scope::{AccountId, Region};
use cost::Cost;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use suggest::Suggestion;

/// The version of the report's JSON.
pub const FORMAT_VERSION: u32 = 1;

/// Messages a second that SNS sends to an e-mail address; an address that would get more is
/// suspended until somebody confirms it anew.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/sns.html>
pub const MAILS_PER_SECOND: u64 = 10;

/// What is counted, and for whom.
#[derive(Debug)]
pub struct Setup {
    pub alerts: Vec<Watched>,
    /// By the numbers that the matcher reports.
    pub rules: Vec<OfflineRule>,
    /// Names of destinations that e-mail addresses subscribe to.
    pub mailing: Vec<String>,
    /// All alerts are raised in one place.
    pub hub: bool,
    pub period: Period,
    /// The accounts and regions asked for.
    pub narrow: Narrow,
}

/// An alert that is counted.
#[derive(Debug, Clone)]
pub struct Watched {
    pub id: String,
    pub title: String,
    pub risk: Risk,
    /// Whether some of its events are sign-ins.
    pub signs_in: bool,
    /// Indices into [`Setup::mailing`].
    pub mailed: Vec<u32>,
    /// The messages that one record causes.
    pub sends: Sends,
}

/// Messages for one alert that is raised once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sends {
    /// To topics.
    pub published: u64,
    /// To e-mail addresses.
    pub mailed: u64,
    /// To URLs and chat channels.
    pub posted: u64,
    /// By state machines, which compose mails.
    pub composed: u64,
}

/// The days asked for, both inclusive, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Period {
    /// The first day; null when there is no limit.
    #[schemars(with = "Option<String>")]
    pub since: Option<Date>,
    /// The last day; null when there is no limit.
    #[schemars(with = "Option<String>")]
    pub until: Option<Date>,
}

impl Period {
    /// Whether a second lies in it.
    pub fn contains(&self, seconds: i64) -> bool {
        let day = time::day_number(seconds);
        let number = |date: Date| time::day_number(time::day_start(date));
        self.since.is_none_or(|since| day >= number(since))
            && self.until.is_none_or(|until| day <= number(until))
    }

    /// Whether a file that was delivered on this day may hold events of the period. Events are
    /// delivered after they happened, mostly within minutes; a day is allowed for.
    pub fn may_hold(&self, delivered: Date) -> bool {
        self.since.is_none_or(|since| delivered >= since)
            && self.until.is_none_or(|until| delivered <= until.tomorrow().unwrap_or(until))
    }
}

impl Setup {
    pub fn new(blueprint: &Blueprint, rules: Vec<OfflineRule>, period: Period) -> Self {
        let mailing: Vec<String> = blueprint
            .destinations
            .values()
            .filter(|destination| destination.subscribers.iter().any(is_mail))
            .map(|destination| destination.name.clone())
            .collect();
        let alerts = blueprint
            .alerts
            .iter()
            .map(|alert| Watched {
                id: alert.id.clone(),
                title: alert.title.clone(),
                risk: alert.risk,
                signs_in: signs_in(alert),
                mailed: (0..)
                    .zip(&mailing)
                    .filter(|(_, name)| alert.notify.contains(name))
                    .map(|(index, _)| index)
                    .collect(),
                sends: sends(blueprint, &alert.notify),
            })
            .collect();
        Self {
            alerts,
            rules,
            mailing,
            hub: blueprint.hub.is_some(),
            period,
            narrow: Narrow::default(),
        }
    }

    /// Counts records of these accounts and regions alone; those that do not say are counted, too.
    pub fn narrowed(self, narrow: Narrow) -> Self {
        Self { narrow, ..self }
    }

    /// Whether a record of this account and region was asked for.
    fn asks_for(&self, account: Option<&str>, region: Option<&str>) -> bool {
        account
            .and_then(AccountId::new)
            .is_none_or(|account| self.narrow.includes_account(&account))
            && region.and_then(Region::new).is_none_or(|region| {
                self.narrow.regions.is_empty() || self.narrow.regions.contains(&region)
            })
    }
}

fn signs_in(alert: &Alert) -> bool {
    let portal = |source: &str| source == "signin.amazonaws.com";
    alert.events.iter().any(|event| event.kind == EventKind::Signin || portal(&event.source))
}

fn is_mail(subscriber: &Subscriber) -> bool {
    matches!(subscriber, Subscriber::Endpoint(to)
        if matches!(to.protocol, Protocol::Email | Protocol::EmailJson))
}

fn is_posted(subscriber: &Subscriber) -> bool {
    match subscriber {
        Subscriber::Endpoint(to) => matches!(to.protocol, Protocol::Http | Protocol::Https),
        Subscriber::Chat(_) => true,
    }
}

fn sends(blueprint: &Blueprint, notify: &[String]) -> Sends {
    let mut sends = Sends::default();
    for destination in notify.iter().filter_map(|name| blueprint.destinations.get(name)) {
        let count = |which: fn(&Subscriber) -> bool| {
            destination.subscribers.iter().filter(|subscriber| which(subscriber)).count() as u64
        };
        sends.published += 1;
        sends.composed += u64::from(destination.format == Format::Mail);
        sends.mailed += count(is_mail);
        sends.posted += count(is_posted);
    }
    sends
}

/// What the blueprint would have alerted on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Replay {
    /// The version of this format.
    pub format_version: u32,
    /// The blueprint's name.
    pub blueprint: String,
    /// The date that exceptions were judged by, ISO 8601.
    #[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub as_of: Date,
    /// The days asked for.
    pub period: Period,
    /// The days that were found in the logs; absent when there were none.
    pub days: Option<Days>,
    /// Absent when log files were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<LookedUp>,
    /// Records and events read.
    pub events: u64,
    /// What was not counted, and why.
    pub skipped: Skipped,
    /// What was read.
    pub files: Files,
    /// Records that raise an alert, added up over all alerts, in the blueprint's places.
    pub raised: u64,
    /// The same in accounts and regions that the blueprint does not cover: nothing is raised there.
    pub uncovered: u64,
    /// Gravest first, then by id.
    pub alerts: Vec<AlertReplay>,
    /// Seconds with more mail than SNS sends.
    pub bursts: Bursts,
    /// What the alerts would cost in a month.
    pub cost: Cost,
    /// What was sampled because there was too much to keep: one in so many.
    pub sampled: Sampling,
}

/// The event histories that were looked up: they have management events only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LookedUp {
    /// Accounts × regions.
    pub places: u64,
    /// When the looked-up time begins, ISO 8601, UTC.
    pub from: String,
    /// When it ends, ISO 8601, UTC.
    pub to: String,
}

/// The first and the last day of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Days {
    /// The first day with an event, UTC.
    #[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub first: Date,
    /// The last day with an event, UTC.
    #[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub last: Date,
    /// How many days that is, both included.
    pub count: u32,
}

/// What was not counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Skipped {
    /// Files and records that were not read: the sum of `unread`.
    pub broken: u64,
    /// The same by reason.
    pub unread: BTreeMap<String, u64>,
    /// What is known to hold no events, by what it is.
    pub passed_over: BTreeMap<String, u64>,
    /// Records that match nothing since EventBridge is given no record of their type, by reason.
    pub undelivered: BTreeMap<String, u64>,
    /// Records that a rule matches and that lie outside of the period, the accounts or the regions asked for.
    pub outside: u64,
    /// Files that were not opened, since by their names they were delivered outside of the period.
    pub files: u64,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Files {
    /// How many files were read.
    pub count: u64,
    /// As they are on disk.
    pub bytes: u64,
    /// As JSON.
    pub inflated_bytes: u64,
    /// What was read, by what it was taken out of; adds up to `events`.
    pub read: Vec<ReadFrom>,
    /// In the order of their paths; the first ones, if there are very many.
    pub broken: Vec<BrokenPart>,
}

/// Records or events that were taken out of the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ReadFrom {
    /// From outside in, such as `sqs-message > sns-notification`; `json` for what stood by itself.
    pub container: String,
    /// `record` or `event`.
    pub kind: String,
    /// How many records or events.
    pub count: u64,
}

/// A file, or a part of it, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct BrokenPart {
    /// The file, as it was found.
    pub path: String,
    /// The number of the record in the file, from 1; absent when it is the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The line on which it begins, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Why it could not be read.
    pub why: String,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AlertReplay {
    /// The alert's id.
    pub id: String,
    /// The alert's title.
    pub title: String,
    /// The alert's risk.
    pub risk: Risk,
    /// Records that raise it.
    pub count: u64,
    /// Of these, those that tell of a failure.
    pub failed: u64,
    /// Of these, repeats of an action that was recorded before.
    pub duplicates: u64,
    /// Days on which it is raised.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub per_day: BTreeMap<Date, u64>,
    /// Records among them whose time cannot be read.
    pub undated: u64,
    /// The time of the earliest record, ISO 8601; null when there is none with a time.
    pub first: Option<String>,
    /// The time of the latest record, ISO 8601; null when there is none with a time.
    pub last: Option<String>,
    /// Every kind of actor that there was.
    pub actors: BTreeMap<ActorKind, u64>,
    /// The accounts in which it is raised most.
    pub accounts: Ranking<ByName>,
    /// The regions in which it is raised most.
    pub regions: Ranking<ByName>,
    /// Who raises it most.
    pub principals: Ranking<ByPrincipal>,
    /// Records that its patterns match but its rules do not receive, by reason.
    pub undelivered: BTreeMap<String, u64>,
    /// Rows that do not tell whether they raise it, by the field that it asks for and that their table has no column for.
    pub undecided: BTreeMap<String, u64>,
    /// Notes on its records, by code.
    pub notes: BTreeMap<String, u64>,
    /// Exceptions that would take the most noise away, the noisiest first.
    pub suggestions: Vec<Suggestion>,
}

/// The most frequent first, then by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ranking<T> {
    /// The most frequent ones.
    pub top: Vec<T>,
    /// Records of all that are not in `top`.
    pub others: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ByName {
    /// What is counted: an account, a region or an event.
    pub name: Foreign,
    /// How many records.
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ByPrincipal {
    /// The most specific name that the records have for it.
    pub name: Foreign,
    /// What sort of principal it is.
    pub kind: ActorKind,
    /// The service that acted for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<Foreign>,
    /// How many records.
    pub count: u64,
    /// Of these, those that tell of a failure.
    pub failed: u64,
    /// The field of `detail` in which the name stands.
    #[serde(skip)]
    pub field: PrincipalField,
}

/// Seconds in which an e-mail address would have been sent more than SNS sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Bursts {
    /// How many messages a second SNS sends to an e-mail address.
    pub limit_per_second: u64,
    /// How many there are.
    pub seconds: u64,
    /// The worst.
    pub top: Vec<Burst>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Burst {
    /// The destination of the blueprint.
    pub destination: String,
    /// `account/region` of the topic; absent for the hub's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The second, ISO 8601, UTC.
    pub at: String,
    /// How many messages would have been sent in it.
    pub messages: u64,
}

/// One in so many was kept: 1 means all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sampling {
    /// Of the principals of an alert.
    pub principals: u64,
    /// Of the accounts and regions of an alert.
    pub places: u64,
    /// Of the actions that repeats are told by.
    pub actions: u64,
    /// Of the seconds that bursts are found in.
    pub seconds: u64,
}

impl Replay {
    /// Whether something of the input could not be read, or not decided.
    pub fn is_incomplete(&self) -> bool {
        let unclear = |alert: &AlertReplay| {
            !alert.undecided.is_empty() || alert.undelivered.contains_key("not-a-record")
        };
        self.skipped.broken > 0 || self.alerts.iter().any(unclear)
    }
}
