//! Counting: the counts of one thread over matching records, and their merge.
//!
//! The result does not depend on how files are shared among threads, or on their order: numbers
//! add, first and last are the least and the greatest, and what is bounded is a [`Sampled`] map.

use super::record::Around;
use super::sampled::{Sampled, hash};
use super::time::{day_number, seconds};
use super::values::{self, OfValue};
use super::{ActorKind, PrincipalField, Record, Setup};
use crate::event::outcome::Ended;
use crate::offline::{Delivery, Facts, Note, Undeliverable, delivered, undecided_alerts};
use eventbridge_pattern::archive::{Hit, Sink, Undecided, fields};
use std::collections::BTreeMap;

/// Most pairs of alert and principal, or of alert and place, that are counted one by one.
pub const PRINCIPALS_MOST: usize = 50_000;
/// Most values of the fields of identities, each with an event, that are counted one by one.
const VALUES_MOST: usize = 100_000;
/// Maximum number of actions kept, to find those that were recorded twice.
pub const IDS_MOST: usize = 262_144;
/// Maximum number of seconds kept, to find bursts.
pub const SECONDS_MOST: usize = 65_536;

/// The counts of one thread.
#[derive(Debug, Clone)]
pub struct Counter<'s> {
    setup: &'s Setup,
    pub(super) alerts: Vec<Counts>,
    pub(super) principals: Sampled<OfPrincipal>,
    pub(super) values: Sampled<OfValue>,
    pub(super) places: Sampled<OfPlace>,
    pub(super) actions: Sampled<Action>,
    pub(super) seconds: Sampled<Second>,
    /// Records that EventBridge gives to no rule, whatever they match, by reason.
    pub(super) undeliverable: BTreeMap<&'static str, u64>,
    /// Records that a rule matches, from outside of the period asked for.
    pub(super) outside: u64,
    /// Alerts that the record at hand has been counted for.
    done: Vec<u32>,
}

/// The counts of one alert.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Records that raise it.
    pub count: u64,
    /// Records among them that tell of a failure.
    pub failed: u64,
    /// Records that its patterns match but that do not reach its rules, by reason.
    pub undelivered: BTreeMap<&'static str, u64>,
    /// By number of the day.
    pub per_day: BTreeMap<i32, u64>,
    pub actors: BTreeMap<ActorKind, u64>,
    pub first: Option<i64>,
    pub last: Option<i64>,
    /// Records without a time that can be read.
    pub undated: u64,
    /// Rows of tables that do not tell whether they raise it, by the field that the table has no column for.
    pub undecided: BTreeMap<String, u64>,
    /// Notes on records that raise it, by code.
    pub notes: BTreeMap<&'static str, u64>,
}

/// An alert's records by one principal.
#[derive(Debug, Clone)]
pub(super) struct OfPrincipal {
    pub alert: u32,
    pub name: Box<str>,
    pub field: PrincipalField,
    pub kind: ActorKind,
    /// The service that acted for the principal.
    pub through: Option<Box<str>>,
    pub count: u64,
    /// Records among them that tell of a failure.
    pub failed: u64,
}

/// An alert's records in one account and region.
#[derive(Debug, Clone)]
pub(super) struct OfPlace {
    pub alert: u32,
    /// Absent where the record does not say.
    pub account: Option<Box<str>>,
    pub region: Option<Box<str>>,
    pub count: u64,
}

/// One action that raised an alert, however often it was recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    pub alert: u32,
    pub records: u32,
}

/// What one topic would have sent in one second.
#[derive(Debug, Clone)]
pub(super) struct Second {
    /// Of the setup's destinations.
    pub destination: u32,
    /// `account/region` of the topic; empty for the hub.
    pub place: Box<str>,
    pub at: i64,
    pub messages: u64,
}

impl<'s> Counter<'s> {
    pub fn new(setup: &'s Setup) -> Self {
        Self {
            setup,
            alerts: vec![Counts::default(); setup.alerts.len()],
            principals: Sampled::new(PRINCIPALS_MOST),
            values: Sampled::new(VALUES_MOST),
            places: Sampled::new(PRINCIPALS_MOST),
            actions: Sampled::new(IDS_MOST),
            seconds: Sampled::new(SECONDS_MOST),
            undeliverable: BTreeMap::new(),
            outside: 0,
            done: Vec::new(),
        }
    }

    /// Counts a record that these rules match.
    pub fn record(&mut self, record: &[u8], facts: &Record<'_>, rules: &[u32]) {
        self.count(record, facts, facts.delivery(record), rules);
    }

    /// Counts a record, or the `detail` of an event, that is delivered so.
    fn count(
        &mut self,
        record: &[u8],
        facts: &Record<'_>,
        delivery: Result<Facts, Undeliverable>,
        rules: &[u32],
    ) {
        if !self.is_asked_for(facts) {
            self.outside += 1;
            return;
        }
        let at = facts.time.as_deref().and_then(seconds);
        self.done.clear();
        for rule in rules {
            // No event matches two rules of one alert; a record with duplicate keys might.
            let Some(rule) = self.setup.rules.get(*rule as usize) else { continue };
            let alert = rule.alert as u32;
            if self.done.contains(&alert) {
                continue;
            }
            self.done.push(alert);
            let heard = match &delivery {
                Err(why) => Err(why.code()),
                Ok(_) if !rule.hears(facts.account.as_deref()) => Err("account-omits"),
                Ok(known) => match delivered(known, rule.state) {
                    Delivery::Yes(notes) => Ok(notes),
                    Delivery::No(why) => Err(why.code()),
                },
            };
            let Some(counts) = self.alerts.get_mut(alert as usize) else { continue };
            match heard {
                Err(why) => *counts.undelivered.entry(why).or_default() += 1,
                Ok(notes) => {
                    for note in notes.iter().map(Note::code).chain(facts.remarks()) {
                        *counts.notes.entry(note).or_default() += 1;
                    }
                    self.raised(alert, record, facts, at);
                }
            }
        }
    }

    fn is_asked_for(&self, facts: &Record<'_>) -> bool {
        let at = facts.time.as_deref().and_then(seconds);
        self.setup.asks_for(facts.account.as_deref(), facts.region.as_deref())
            && at.is_none_or(|at| self.setup.period.contains(at))
    }

    /// Counts a row that leaves rules undecided, for each alert that no other rule has decided.
    fn undecided(&mut self, facts: &Record<'_>, rules: &[u32], undecided: &[Undecided]) {
        if undecided.is_empty() || !self.is_asked_for(facts) {
            return;
        }
        for (alert, field) in undecided_alerts(&self.setup.rules, rules, undecided) {
            if let Some(counts) = self.alerts.get_mut(alert) {
                *counts.undecided.entry(field.to_owned()).or_default() += 1;
            }
        }
    }

    /// Counts a record that no rule matches, if that is since EventBridge is given no such record.
    fn unmatched(&mut self, record: &[u8], facts: &Record<'_>) {
        if let Err(why) = facts.delivery(record)
            && self.is_asked_for(facts)
        {
            *self.undeliverable.entry(why.code()).or_default() += 1;
        }
    }

    fn raised(&mut self, alert: u32, record: &[u8], facts: &Record<'_>, at: Option<i64>) {
        let Some(counts) = self.alerts.get_mut(alert as usize) else { return };
        let kind = facts.actor();
        let failed = facts.ended(record) == Ended::Failed;
        counts.count += 1;
        counts.failed += u64::from(failed);
        *counts.actors.entry(kind).or_default() += 1;
        match at {
            Some(at) => {
                *counts.per_day.entry(day_number(at)).or_default() += 1;
                counts.first = Some(counts.first.map_or(at, |first| first.min(at)));
                counts.last = Some(counts.last.map_or(at, |last| last.max(at)));
            }
            None => counts.undated += 1,
        }
        self.by_principal(alert, facts, kind, failed);
        values::note(&mut self.values, alert, facts, kind, failed);
        self.by_place(alert, facts);
        self.by_action(alert, record, facts);
        if let Some(at) = at {
            self.by_second(alert, facts, at);
        }
    }

    fn by_principal(&mut self, alert: u32, facts: &Record<'_>, kind: ActorKind, failed: bool) {
        let principal = facts.principal();
        let through =
            facts.identity.invoked_by.as_deref().filter(|_| {
                kind == ActorKind::Service && principal.field != PrincipalField::InvokedBy
            });
        let key = hash([
            alert.to_le_bytes().as_slice(),
            &[kind as u8, principal.field as u8],
            through.unwrap_or_default().as_bytes(),
            principal.name.as_bytes(),
        ]);
        let new = || OfPrincipal {
            alert,
            name: principal.name.as_ref().into(),
            field: principal.field,
            kind,
            through: through.map(Into::into),
            count: 0,
            failed: 0,
        };
        self.principals.note(key, new, |of| {
            of.count += 1;
            of.failed += u64::from(failed);
        });
    }

    fn by_place(&mut self, alert: u32, facts: &Record<'_>) {
        let (account, region) = (facts.account.as_deref(), facts.region.as_deref());
        let key = hash([
            alert.to_le_bytes().as_slice(),
            account.unwrap_or_default().as_bytes(),
            region.unwrap_or_default().as_bytes(),
        ]);
        let new = || OfPlace {
            alert,
            account: account.map(Into::into),
            region: region.map(Into::into),
            count: 0,
        };
        self.places.note(key, new, |of| of.count += 1);
    }

    /// One action is recorded twice with one `eventID` when several trails or copies are read, and
    /// with one `sharedEventID` when it concerns two accounts. Records that have neither are told
    /// by their text.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
    fn by_action(&mut self, alert: u32, record: &[u8], facts: &Record<'_>) {
        let id = facts.shared_event_id.as_deref().or(facts.event_id.as_deref());
        let id = id.map_or(record, str::as_bytes);
        let key = hash([alert.to_le_bytes().as_slice(), id]);
        let new = || Action { alert, records: 0 };
        self.actions.note(key, new, |action| action.records = action.records.saturating_add(1));
    }

    fn by_second(&mut self, alert: u32, facts: &Record<'_>, at: i64) {
        let Some(watched) = self.setup.alerts.get(alert as usize) else { return };
        let (account, region) = match self.setup.hub {
            true => ("", ""),
            false => (
                facts.account.as_deref().unwrap_or("unknown"),
                facts.region.as_deref().unwrap_or("unknown"),
            ),
        };
        for destination in &watched.mailed {
            let key = hash([
                destination.to_le_bytes().as_slice(),
                account.as_bytes(),
                region.as_bytes(),
                &at.to_le_bytes(),
            ]);
            let new = || Second {
                destination: *destination,
                place: match account {
                    "" => "".into(),
                    _ => format!("{account}/{region}").into(),
                },
                at,
                messages: 0,
            };
            self.seconds.note(key, new, |second| second.messages += 1);
        }
    }

    /// Adds the counts of another thread.
    pub fn merge(&mut self, other: Self) {
        self.outside += other.outside;
        add(&mut self.undeliverable, other.undeliverable);
        for (own, more) in self.alerts.iter_mut().zip(other.alerts) {
            own.merge(more);
        }
        self.principals.merge(other.principals, |own, more| {
            own.count += more.count;
            own.failed += more.failed;
        });
        self.values.merge(other.values, |own, more| {
            own.count += more.count;
            own.failed += more.failed;
        });
        self.places.merge(other.places, |own, more| own.count += more.count);
        self.actions.merge(other.actions, |own, more| {
            own.records = own.records.saturating_add(more.records);
        });
        self.seconds.merge(other.seconds, |own, more| own.messages += more.messages);
    }
}

impl Counts {
    fn merge(&mut self, more: Self) {
        self.count += more.count;
        self.failed += more.failed;
        self.undated += more.undated;
        add(&mut self.notes, more.notes);
        add(&mut self.undelivered, more.undelivered);
        add(&mut self.undecided, more.undecided);
        add(&mut self.per_day, more.per_day);
        add(&mut self.actors, more.actors);
        self.first = self.first.into_iter().chain(more.first).min();
        self.last = self.last.max(more.last);
    }
}

impl Sink for Counter<'_> {
    fn hit(&mut self, hit: Hit<'_>) {
        match hit.event {
            None => {
                let record = Record::found(fields(hit.record), hit.file.account.as_deref());
                self.undecided(&record, hit.rules, hit.undecided);
                match (hit.rules, hit.undecided) {
                    ([], []) => self.unmatched(hit.record, &record),
                    ([], _) => {}
                    (rules, _) => self.record(hit.record, &record, rules),
                }
            }
            Some(event) => {
                let around = Around::of(event);
                let record = around.applied(Record::found(fields(hit.record), None));
                self.count(hit.record, &record, around.delivery(&record, hit.record), hit.rules);
            }
        }
    }
}

fn add<K: Ord>(own: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *own.entry(key).or_default() += count;
    }
}
