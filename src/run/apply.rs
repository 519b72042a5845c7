//! Performs a plan wave by wave, independent changes concurrently.
//!
//! After the creating waves the accounts are read again: removals run only once their replacements
//! are proven, and the outcome says what still waits for a person.

use super::{Listener, ProgressEvent, observe};
use ctguard_core::action::Action;
use ctguard_core::cloud::{Cloud, CloudError, CloudErrorKind};
use ctguard_core::desired::Desired;
use ctguard_core::plan::order::Wave;
use ctguard_core::plan::{Change, Plan, Stage, Step, Verb, WaitingFor, diff};
use ctguard_core::resource::{Address, Kind};
use ctguard_core::scope::Place;
use ctguard_core::snapshot::Live;
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

/// What became of one change.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeOutcome {
    pub change: Change,
    pub kind: OutcomeKind,
    /// The call that failed, or what the change depended on.
    pub why: Option<Why>,
}

/// How a change ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    Done,
    Failed,
    NotAttempted,
    /// It was done and undone, because what it was made for was refused.
    TakenBack,
}

/// Why a change was not done.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    Cloud(CloudError),
    /// A change that it depends on was not done.
    Needs(Address),
    /// It was made for this trail, which was refused, and is deleted again.
    TakenBack(Address),
    /// The same, and the deletion failed.
    Left(Address, CloudError),
    Interrupted,
}

/// The result of an apply.
#[derive(Debug, Clone)]
pub struct Applied {
    /// In the order of the waves.
    pub outcomes: Vec<ChangeOutcome>,
    /// The accounts after the apply; absent when there was nothing to do.
    pub after: Option<After>,
    pub interrupted: bool,
}

/// What was read after the apply.
#[derive(Debug, Clone)]
pub struct After {
    pub live: Live,
    /// The plan after the apply, without the removals that were just made.
    pub plan: Plan,
}

impl Applied {
    pub fn count(&self, kind: OutcomeKind) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.kind == kind).count()
    }
}

/// Performs a plan. `stop` is checked before every call: once set, calls in flight finish and no
/// new one starts.
pub async fn apply(
    cloud: &dyn Cloud,
    desired: &Desired,
    plan: &Plan,
    concurrency: usize,
    stop: &AtomicBool,
    listener: Listener<'_>,
) -> Applied {
    let mut engine = Engine {
        cloud,
        concurrency,
        stop,
        listener,
        failed: BTreeMap::new(),
        outcomes: Vec::new(),
    };
    listener(ProgressEvent::ApplyStarted { changes: plan.changes.len() });
    let (removals, changes): (Vec<_>, Vec<_>) =
        plan.changes.iter().cloned().partition(|change| Wave::of(change).removes());
    let mut after = None;
    let approved: BTreeSet<Address> = removals
        .iter()
        .chain(changes.iter().filter(|change| change.step == Some(Step::First)))
        .map(|change| change.address.clone())
        .chain(
            plan.waiting
                .iter()
                .filter(|waiting| waiting.what == WaitingFor::Removal)
                .map(|waiting| waiting.address.clone()),
        )
        .collect();
    let any = !changes.is_empty() || !approved.is_empty();
    engine.waves(changes).await;
    engine.take_back().await;
    if any && !engine.stopped() {
        after = Some(engine.settle(desired, &approved).await);
    } else if engine.stopped() {
        engine.leave(removals);
    }
    listener(ProgressEvent::ApplyFinished);
    let interrupted = engine.stopped();
    Applied { outcomes: engine.outcomes, after, interrupted }
}

struct Engine<'a> {
    cloud: &'a dyn Cloud,
    concurrency: usize,
    stop: &'a AtomicBool,
    listener: Listener<'a>,
    /// Changes that were not done: what depends on them is not attempted.
    failed: BTreeMap<Address, OutcomeKind>,
    outcomes: Vec<ChangeOutcome>,
}

/// Changes whose calls are made together: the targets of one rule are one call.
struct Unit {
    place: Place,
    changes: Vec<Change>,
    calls: Vec<Action>,
}

impl Engine<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Reads again, then makes the approved removals whose replacements are proven. A removal may
    /// wait for a rule that hands over events, so after such a step it reads once more.
    async fn settle(&mut self, desired: &Desired, approved: &BTreeSet<Address>) -> After {
        let mut tried: BTreeSet<Address> = BTreeSet::new();
        loop {
            (self.listener)(ProgressEvent::Settling);
            let live = observe(self.cloud, desired, self.concurrency, &|_| {}).await;
            let mut plan = diff(desired, &live, Stage::Settled);
            let (ready, rest): (Vec<_>, Vec<_>) = plan.changes.into_iter().partition(|change| {
                Wave::of(change).removes()
                    && approved.contains(&change.address)
                    && !self.failed.contains_key(&change.address)
                    && !tried.contains(&change.address)
            });
            plan.changes = rest;
            tried.extend(ready.iter().map(|change| change.address.clone()));
            let handed_over = ready.iter().any(|change| change.step == Some(Step::Last));
            let held = plan.waiting.iter().any(|waiting| {
                waiting.what == WaitingFor::Removal && approved.contains(&waiting.address)
            });
            self.waves(ready).await;
            if !(handed_over && held) || self.stopped() {
                return After { live, plan };
            }
        }
    }

    /// Deletes the buckets that this run made for a trail that was then refused. A bucket's name is
    /// taken from everybody, so it is not left behind; S3 deletes it only while it is empty. What
    /// else a run makes stays, and the next one goes on with it.
    async fn take_back(&mut self) {
        let refused = self.outcomes.iter().filter(|outcome| is_refused_trail(outcome));
        let pairs = refused.flat_map(|trail| {
            trail.change.needs.iter().map(|need| (need.clone(), trail.change.address.clone()))
        });
        for (bucket, trail) in pairs.collect::<Vec<_>>() {
            let made = self.outcomes.iter_mut().find(|outcome| {
                outcome.change.address == bucket
                    && outcome.change.action == Verb::Create
                    && outcome.kind == OutcomeKind::Done
            });
            let Some(made) = made.filter(|made| made.change.address.kind == Kind::Bucket) else {
                continue;
            };
            let call = Action::DeleteBucket { name: bucket.name };
            match self.cloud.perform(&made.change.place, &call).await {
                Ok(()) => {
                    made.kind = OutcomeKind::TakenBack;
                    made.why = Some(Why::TakenBack(trail));
                }
                Err(error) => made.why = Some(Why::Left(trail, error)),
            }
        }
    }

    async fn waves(&mut self, changes: Vec<Change>) {
        let mut waves: BTreeMap<Wave, Vec<Change>> = BTreeMap::new();
        for change in changes {
            waves.entry(Wave::of(&change)).or_default().push(change);
        }
        for changes in waves.into_values() {
            self.wave(changes).await;
        }
    }

    async fn wave(&mut self, changes: Vec<Change>) {
        let mut ready = Vec::new();
        for change in changes {
            match change.needs.iter().find(|need| self.failed.contains_key(need)) {
                Some(need) => {
                    let why = Why::Needs(need.clone());
                    self.end(change, OutcomeKind::NotAttempted, Some(why));
                }
                None => ready.push(change),
            }
        }
        let mut done: Vec<(Vec<Change>, Result<(), Why>)> = stream::iter(units(ready))
            .map(|unit| self.perform(unit))
            .buffer_unordered(self.concurrency.max(1))
            .collect()
            .await;
        // Concurrent work ends in any order; the report has a fixed one.
        done.sort_by(|(a, _), (b, _)| {
            a.first().map(|c| &c.address).cmp(&b.first().map(|c| &c.address))
        });
        for (changes, result) in done {
            for change in changes {
                match &result {
                    Ok(()) => self.end(change, OutcomeKind::Done, None),
                    Err(Why::Cloud(error)) => {
                        self.end(change, OutcomeKind::Failed, Some(Why::Cloud(error.clone())))
                    }
                    Err(why) => self.end(change, OutcomeKind::NotAttempted, Some(why.clone())),
                }
            }
        }
    }

    async fn perform(&self, unit: Unit) -> (Vec<Change>, Result<(), Why>) {
        for change in &unit.changes {
            (self.listener)(ProgressEvent::ChangeStarted { address: change.address.clone() });
        }
        let mut result = Ok(());
        for call in &unit.calls {
            if self.stopped() {
                result = Err(Why::Interrupted);
                break;
            }
            if let Err(error) = self.cloud.perform(&unit.place, call).await {
                result = Err(Why::Cloud(error));
                break;
            }
        }
        let outcome = if result.is_ok() { OutcomeKind::Done } else { OutcomeKind::Failed };
        for change in &unit.changes {
            (self.listener)(ProgressEvent::ChangeFinished {
                address: change.address.clone(),
                outcome,
            });
        }
        (unit.changes, result)
    }

    fn end(&mut self, change: Change, kind: OutcomeKind, why: Option<Why>) {
        if kind != OutcomeKind::Done {
            self.failed.insert(change.address.clone(), kind);
        }
        self.outcomes.push(ChangeOutcome { change, kind, why });
    }

    fn leave(&mut self, changes: Vec<Change>) {
        for change in changes {
            self.end(change, OutcomeKind::NotAttempted, Some(Why::Interrupted));
        }
    }
}

/// Whether AWS refused to make a trail. One whose call had no answer may be there all the same.
fn is_refused_trail(outcome: &ChangeOutcome) -> bool {
    let change = &outcome.change;
    let Some(Why::Cloud(error)) = &outcome.why else { return false };
    change.address.kind == Kind::Trail
        && change.action == Verb::Create
        && error.operation != "cloudtrail:StartLogging"
        && matches!(error.kind, CloudErrorKind::Refused | CloudErrorKind::AccessDenied)
}

fn units(changes: Vec<Change>) -> Vec<Unit> {
    let mut units: BTreeMap<(Place, Kind, String), Unit> = BTreeMap::new();
    for change in changes {
        let rule = change.address.rule().map(String::from);
        let name = rule.unwrap_or_else(|| change.address.name.clone());
        let unit =
            units.entry((change.place.clone(), change.address.kind, name)).or_insert_with(|| {
                Unit { place: change.place.clone(), changes: Vec::new(), calls: Vec::new() }
            });
        for call in &change.calls {
            join(&mut unit.calls, call);
        }
        unit.changes.push(change);
    }
    units.into_values().collect()
}

/// Adds a call to a unit's, merging the ones about targets of the same rule.
fn join(calls: &mut Vec<Action>, call: &Action) {
    match (calls.last_mut(), call) {
        (Some(Action::PutTargets { targets, .. }), Action::PutTargets { targets: more, .. }) => {
            targets.extend(more.iter().map(|(id, target)| (id.clone(), target.clone())));
        }
        (Some(Action::RemoveTargets { ids, .. }), Action::RemoveTargets { ids: more, .. }) => {
            ids.extend(more.iter().cloned());
        }
        _ => calls.push(call.clone()),
    }
}
