//! Carries out a drill: lets the receipts come, raises the events, waits, and takes everything away
//! again.
//!
//! ```text
//!   leftovers ─► announce ─► receipts ─► stand-ins ─► events ─► wait ◄─► receive, look up
//!                                          announce the end ◄─ clean up ◄──┘
//! ```
//!
//! Whatever happens in between, the cleaning up is done: it reads what is there and removes what
//! carries the drill's tag. A run that is killed leaves it to the next one.

mod announce;
mod calls;
mod clean;
mod failures;
mod receipts;

pub use announce::tell_end;
pub use clean::{Cleaned, clean_up, find};

use super::Survey;
use ctguard_core::action::Action;
use ctguard_core::blueprint::Blueprint;
use ctguard_core::cloud::lookup::{Lookup, LookupBy};
use ctguard_core::cloud::{Cloud, CloudError, CloudErrorKind};
use ctguard_core::drill::{
    CallPurpose, Deed, Drill, DrillCall, DrillReport, How, Method, ReceiptStatus, Watching, sought,
};
use ctguard_core::scope::Place;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use receipts::Receipts;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From a rule or subscription to when it works.
    pub settle: Duration,
    /// From one look into the queues to the next.
    pub poll: Duration,
    /// The longest time that receipts are waited for.
    pub wait: Duration,
    /// Events from before are of an earlier drill; absent where no clock moves.
    pub since: Option<Timestamp>,
}

/// What a drill is about.
#[derive(Clone, Copy)]
pub struct Exercise<'a> {
    pub cloud: &'a dyn Cloud,
    pub blueprint: &'a Blueprint,
    pub survey: &'a Survey,
    pub drill: &'a Drill,
    pub pace: Pace,
    pub concurrency: usize,
    /// Whether subscribers are told before and after it.
    pub announce: bool,
    /// Once set, no call begins but those that clean up.
    pub stop: &'a AtomicBool,
}

/// A call that was made.
struct Made {
    place: Place,
    action: Action,
    purpose: CallPurpose,
    at: Instant,
    outcome: Result<(), CloudError>,
}

/// How long it takes a stopped drill to notice.
const TICK: Duration = Duration::from_millis(250);

impl Exercise<'_> {
    /// Carries the drill out, and fills in the report of what was planned.
    pub async fn run(&self, mut report: DrillReport) -> DrillReport {
        let watching = self.watching();
        let calls = if self.announce { self.between(&watching) } else { Vec::new() };
        match self.announce(&calls).await {
            Ok(told) => report.calls.extend(told.iter().map(|one| self.told(one))),
            Err(told) => return self.not_begun(report, told, &calls).await,
        }
        let made = self.make(&watching).await;
        let mut receipts = Receipts::new(sought(&self.survey.desired, self.drill));
        let mut failed = self.failures(&watching, &made);
        let begun = self.begun(&made);
        let awaited = self.awaited(&failed);
        if !awaited.is_empty() {
            let deaf = self.wait(&watching, &mut receipts, &awaited).await;
            for (path, number) in awaited {
                if receipts.of(path, number).is_err()
                    && let Some(why) = self.not_received(path, number, &deaf)
                {
                    failed.insert((path, number), why);
                }
            }
            self.look_up(&mut report, &begun).await;
        }
        report.performed = true;
        report.interrupted = self.stopped();
        self.fill(&mut report, &receipts, &failed, &begun);
        let places: BTreeSet<Place> = made.iter().map(|one| one.place.clone()).collect();
        report.calls.extend(made.iter().map(|one| self.told(one)));
        let cleaned = self.clean(&places, &made).await;
        report.calls.extend(cleaned.calls);
        report.left.extend(cleaned.left);
        report.unread.extend(cleaned.unread);
        report.count();
        let over = self.over(&calls, &announce::result(&report));
        report.calls.extend(announce::publish(self.cloud, over).await);
        report
    }

    fn told(&self, made: &Made) -> DrillCall {
        DrillCall {
            alerts: self.raised(&made.place, &made.action),
            done: Some(made.outcome.is_ok()),
            error: made.outcome.as_ref().err().map(ToString::to_string),
            ..DrillCall::planned(&made.place, &made.action, made.purpose)
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Sleeps, or less when the drill is stopped.
    async fn rest(&self, span: Duration) {
        let until = Instant::now() + span;
        while !self.stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left.min(TICK)).await;
        }
    }

    /// Makes the calls, one after the other within a place.
    async fn make(&self, watching: &Watching) -> Vec<Made> {
        let mut made = self.batch(self.receipts(watching), CallPurpose::Receipt).await;
        // Without a receipt nobody would learn of the alerts that are raised.
        let subscribed =
            |one: &Made| matches!(one.action, Action::Subscribe { .. }) && one.outcome.is_ok();
        if !made.iter().any(subscribed) {
            return made;
        }
        let hub = |(_, action): &(Place, Action)| match action {
            Action::PutRule { name: key, .. } | Action::PutTargets { rule: key, .. } => {
                key.bus().is_some()
            }
            _ => false,
        };
        let (on_buses, others): (Vec<_>, Vec<_>) = self.stand_ins().into_iter().partition(hub);
        let any = !on_buses.is_empty() || !others.is_empty();
        for calls in [on_buses, others] {
            made.extend(self.batch(by_place(calls), CallPurpose::StandIn).await);
        }
        let settle = if any { self.pace.settle } else { self.pace.settle / 6 };
        self.rest(settle).await;
        let deeds = self.drill.deeds.iter().map(|(place, deeds)| {
            (place.clone(), deeds.iter().map(|deed| deed.action.clone()).collect())
        });
        made.extend(self.batch(deeds.collect(), CallPurpose::Event).await);
        made
    }

    async fn batch(&self, calls: BTreeMap<Place, Vec<Action>>, purpose: CallPurpose) -> Vec<Made> {
        let mut made: Vec<Vec<Made>> = stream::iter(calls)
            .map(|(place, actions)| async move {
                let mut made = Vec::new();
                for action in actions {
                    if self.stopped() {
                        break;
                    }
                    let at = Instant::now();
                    let outcome = self.cloud.perform(&place, &action).await;
                    made.push(Made { place: place.clone(), action, purpose, at, outcome });
                }
                made
            })
            .buffer_unordered(self.concurrency.max(1))
            .collect()
            .await;
        made.sort_by(|a, b| a.first().map(|one| &one.place).cmp(&b.first().map(|one| &one.place)));
        made.into_iter().flatten().collect()
    }

    /// When each event was raised, by its place and name.
    fn begun(&self, made: &[Made]) -> BTreeMap<(Place, String), Instant> {
        let raised =
            made.iter().filter(|one| one.purpose == CallPurpose::Event && one.outcome.is_ok());
        let mut begun = BTreeMap::new();
        for one in raised {
            let event = one.action.logged(&one.place).short();
            begun.entry((one.place.clone(), event)).or_insert(one.at);
        }
        begun
    }

    /// The receipts that may come.
    fn awaited(&self, failed: &BTreeMap<(usize, usize), String>) -> BTreeSet<(usize, usize)> {
        let all = self.drill.paths.iter().enumerate().flat_map(|(index, drilled)| {
            let tried = !matches!(drilled.how, How::Broken { .. } | How::Unread { .. });
            let numbers = 0..drilled.path.destinations.len();
            numbers.filter(move |_| tried).map(move |number| (index, number))
        });
        all.filter(|one| !failed.contains_key(one)).collect()
    }

    /// Why nothing could be received of a destination's topic.
    fn not_received(
        &self,
        path: usize,
        number: usize,
        deaf: &BTreeMap<Place, CloudError>,
    ) -> Option<String> {
        let destination = self.drill.paths.get(path)?.path.destinations.get(number)?;
        let error =
            deaf.iter().find(|(place, _)| destination.topic_arn.starts_with(&place.arn("sns", "")));
        error.map(|(_, error)| format!("the drill's queue could not be read: {error}"))
    }

    /// Receives until everything that may come has, or the time is over; says which queues could
    /// not be read at the end.
    async fn wait(
        &self,
        watching: &Watching,
        receipts: &mut Receipts,
        awaited: &BTreeSet<(usize, usize)>,
    ) -> BTreeMap<Place, CloudError> {
        let queue = self.survey.desired.names.drill_receipt();
        let until = Instant::now() + self.pace.wait;
        let mut deaf: BTreeMap<Place, CloudError> = BTreeMap::new();
        loop {
            for place in watching.topics.keys() {
                let hopeless = |error: &CloudError| error.kind != CloudErrorKind::Transient;
                if deaf.get(place).is_some_and(hopeless) {
                    continue;
                }
                match self.receive(place, &queue, receipts).await {
                    Ok(()) => drop(deaf.remove(place)),
                    Err(error) => drop(deaf.insert(place.clone(), error)),
                }
            }
            let lost = watching.topics.keys().all(|place| deaf.contains_key(place));
            let over = Instant::now() >= until
                || (lost && deaf.values().all(|error| error.kind != CloudErrorKind::Transient));
            if receipts.have(awaited) || self.stopped() || over {
                return deaf;
            }
            self.rest(self.pace.poll).await;
        }
    }

    /// Receives what waits in a queue.
    async fn receive(
        &self,
        place: &Place,
        queue: &str,
        receipts: &mut Receipts,
    ) -> Result<(), CloudError> {
        loop {
            let messages = self.cloud.receive(place, queue).await?;
            let now = Instant::now();
            for message in &messages {
                receipts.take(message, now);
            }
            if messages.is_empty() || self.stopped() {
                return Ok(());
            }
        }
    }

    /// Looks whether the events are in the event history.
    async fn look_up(&self, report: &mut DrillReport, begun: &BTreeMap<(Place, String), Instant>) {
        let mut seen: BTreeMap<(Place, String), Result<u64, String>> = BTreeMap::new();
        for ((place, event), at) in begun {
            let mut deeds = self.drill.deeds.get(place).into_iter().flatten();
            let Some(deed) = deeds.find(|deed| deed.event == *event) else { continue };
            let found = match self.is_logged(place, deed).await {
                Ok(true) => Ok(at.elapsed().as_secs()),
                Ok(false) => Err("is not there yet: it can take 15 minutes".to_owned()),
                Err(error) => Err(format!("could not be looked up: {error}")),
            };
            seen.insert((place.clone(), event.clone()), found);
        }
        for alert in &mut report.alerts {
            let Some(event) = &alert.event else { continue };
            match seen.get(&(alert.lands.clone(), event.clone())) {
                Some(Ok(after)) => alert.seen_after = Some(*after),
                Some(Err(why)) => alert.unseen = Some(why.clone()),
                None => {}
            }
        }
    }

    /// Whether the event of a call is in the event history of its place, page by page.
    async fn is_logged(&self, place: &Place, deed: &Deed) -> Result<bool, CloudError> {
        let name = deed.event.rsplit(':').next().unwrap_or_default().to_owned();
        let mut wanted = Lookup {
            by: Some(LookupBy::EventName(name)),
            start: self.pace.since,
            ..Lookup::default()
        };
        let asked = &deed.predicted["detail"];
        let is_it = |record: &String| {
            serde_json::from_str::<serde_json::Value>(record).is_ok_and(|record| {
                record["eventSource"] == asked["eventSource"] && is_same_object(&record, asked)
            })
        };
        loop {
            let page = self.cloud.lookup(place, &wanted).await?;
            if page.events.iter().any(is_it) {
                return Ok(true);
            }
            match page.next {
                Some(next) if !self.stopped() && wanted.token.as_ref() != Some(&next) => {
                    wanted.token = Some(next);
                }
                _ => return Ok(false),
            }
        }
    }

    /// Writes down what came of each receipt.
    fn fill(
        &self,
        report: &mut DrillReport,
        receipts: &Receipts,
        failed: &BTreeMap<(usize, usize), String>,
        begun: &BTreeMap<(Place, String), Instant>,
    ) {
        for (index, alert) in report.alerts.iter_mut().enumerate() {
            if alert.method == Method::None {
                continue;
            }
            let event = alert.event.clone().unwrap_or_default();
            let at = begun.get(&(alert.lands.clone(), event)).copied();
            for (number, receipt) in alert.receipts.iter_mut().enumerate() {
                if let Some(why) = failed.get(&(index, number)) {
                    receipt.status = ReceiptStatus::Unknown;
                    receipt.why = Some(why.clone());
                    continue;
                }
                match receipts.of(index, number) {
                    Ok((text, came)) => {
                        receipt.status = ReceiptStatus::Received;
                        receipt.text = Some(text);
                        receipt.after = at.map(|at| came.saturating_duration_since(at).as_secs());
                    }
                    Err(why) if self.stopped() => {
                        receipt.status = ReceiptStatus::Unknown;
                        receipt.why = Some(format!("the drill was stopped before its end: {why}"));
                    }
                    Err(why) => {
                        receipt.status = ReceiptStatus::Missing;
                        receipt.why = Some(why);
                    }
                }
            }
        }
    }

    async fn clean(&self, places: &BTreeSet<Place>, made: &[Made]) -> Cleaned {
        let blind = made.iter().filter_map(undone).collect();
        clean::clean(self.cloud, &self.survey.desired, places, blind, self.concurrency).await
    }
}

/// Whether two records are about an object of the same name, as far as the second names one.
fn is_same_object(record: &serde_json::Value, asked: &serde_json::Value) -> bool {
    ["name", "topicArn", "queueName", "rule", "roleName", "trailName"].iter().all(|key| {
        let named = &asked["requestParameters"][*key];
        named.is_null() || record["requestParameters"][*key] == *named
    })
}

fn by_place(calls: Vec<(Place, Action)>) -> BTreeMap<Place, Vec<Action>> {
    let mut all: BTreeMap<Place, Vec<Action>> = BTreeMap::new();
    for (place, action) in calls {
        all.entry(place).or_default().push(action);
    }
    all
}

/// The call that takes back what a call has made, where it can be named without reading: for when
/// nothing can be read.
fn undone(made: &Made) -> Option<(Place, Vec<Action>)> {
    // A call without an answer may have made something all the same.
    let undo = match &made.action {
        Action::PutRule { name, .. } => vec![Action::DeleteRule { name: name.clone() }],
        Action::PutTargets { rule, targets } => vec![Action::RemoveTargets {
            rule: rule.clone(),
            ids: targets.keys().cloned().collect(),
        }],
        Action::CreateTopic { name, .. } => vec![Action::DeleteTopic { name: name.clone() }],
        Action::CreateQueue { name, .. } => vec![Action::DeleteQueue { name: name.clone() }],
        Action::PutRolePolicy { role, name, .. } => {
            vec![Action::DeleteRolePolicy { role: role.clone(), name: name.clone() }]
        }
        Action::CreateRole { name, .. } => vec![Action::DeleteRole { name: name.clone() }],
        _ => return None,
    };
    Some((made.place.clone(), undo))
}
