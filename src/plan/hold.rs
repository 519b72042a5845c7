//! Removals that must wait: nothing that carries an alert goes before its replacement is proven,
//! confirmed subscribers included.
//!
//! A removal *carries* when what is removed reaches a confirmed subscriber now. Its replacement is every
//! desired path in the same place for the same alert or for an event that the removed rule names. Trails
//! are left out of the question: both the old way and the new begin behind them.

use super::effects::Outlook;
use super::meanwhile::{event_names, lost, takes_all};
use super::{Change, Live, Plan, Step, Verb, Waiting, WaitingFor};
use crate::desired::{AlertPath, Desired};
use crate::resource::Kind;
use crate::scope::Place;
use crate::snapshot::{LiveRule, LiveSubscription, LiveTopic, Observed};
use std::collections::BTreeSet;

/// When the question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before an apply: what the plan itself will mend counts as mended.
    Planned,
    /// After the creating waves: only what is proven counts.
    Settled,
}

/// Moves the removals that must wait from the plan's changes to what waits.
pub(super) fn hold(
    desired: &Desired,
    live: &Live,
    outlooks: &[Outlook],
    plan: &mut Plan,
    stage: Stage,
) {
    let holder = Holder { desired, live, outlooks, stage };
    let mut held: BTreeSet<(Place, String)> = BTreeSet::new();
    for change in plan.changes.iter().filter(|change| takes_away(change)) {
        if holder.carries_unreplaced(change) {
            held.insert((change.place.clone(), object(change)));
        }
    }
    if held.is_empty() {
        return;
    }
    let waits = |change: &Change| {
        takes_away(change)
            && match change.address.kind {
                Kind::Target | Kind::Rule | Kind::Subscription => {
                    held.contains(&(change.place.clone(), object(change)))
                }
                // What a held rule or subscription sends through stays with it.
                Kind::Topic | Kind::Queue => held.iter().any(|(place, _)| *place == change.place),
                Kind::Bucket | Kind::Trail => false,
            }
    };
    let (waiting, changes): (Vec<Change>, Vec<Change>) =
        std::mem::take(&mut plan.changes).into_iter().partition(waits);
    plan.changes = changes;
    plan.waiting.extend(waiting.into_iter().map(|change| Waiting {
        message: match change.step {
            Some(_) => "The rule gives events to another once everybody listed there has confirmed and that is proven; until then it goes on matching them.".to_owned(),
            None => format!(
                "The {} goes once everybody listed has confirmed and its replacement is proven; until then it keeps carrying the alert.",
                change.address.kind
            ),
        },
        address: change.address,
        what: WaitingFor::Removal,
    }));
    plan.waiting.sort();
}

fn takes_away(change: &Change) -> bool {
    change.action == Verb::Delete || change.step == Some(Step::Last)
}

/// A rule and its targets are held together; a subscription by itself.
fn object(change: &Change) -> String {
    match change.address.kind {
        Kind::Target => rule_of(change).to_owned(),
        Kind::Subscription => format!("subscription {}", change.address.name),
        _ => change.address.name.clone(),
    }
}

fn rule_of(change: &Change) -> &str {
    change.address.name.split_once('/').map_or(change.address.name.as_str(), |(rule, _)| rule)
}

struct Holder<'a> {
    desired: &'a Desired,
    live: &'a Live,
    outlooks: &'a [Outlook],
    stage: Stage,
}

impl Holder<'_> {
    fn carries_unreplaced(&self, change: &Change) -> bool {
        let Some(seen) = self.live.places.get(&change.place) else { return false };
        match change.address.kind {
            Kind::Target => {
                let (rule, id) = change.address.name.split_once('/').unwrap_or_default();
                let Some(rule) = seen.rules.known().and_then(|rules| rules.get(rule)) else {
                    return false;
                };
                let topic = rule
                    .targets
                    .known()
                    .and_then(|targets| targets.get(id))
                    .map(|target| &target.arn);
                let reaches = topic
                    .and_then(|arn| seen.topics.get(arn))
                    .and_then(Observed::known)
                    .is_some_and(reaches_somebody);
                reaches
                    && self.replaced_by(&change.place, change.alert.as_deref(), Some(rule), None)
            }
            Kind::Subscription => {
                let topic = change.address.name.split_once('/').map_or("", |(topic, _)| topic);
                let arn = change.place.arn("sns", topic);
                self.replaced_by(&change.place, None, None, Some(&arn))
            }
            Kind::Rule if change.step == Some(Step::Last) => self.hands_over_too_early(change),
            _ => false,
        }
    }

    /// Whether an event that a rule gives away would reach nobody yet. A rule that does not match all that
    /// is wanted of it cannot wait: what waits for it in turn would wait for ever.
    fn hands_over_too_early(&self, change: &Change) -> bool {
        let (place, name) = (&change.place, &change.address.name);
        let live = self.live.places.get(place).and_then(|seen| seen.rules.known()?.get(name));
        let wanted = self.desired.places.get(place).and_then(|here| here.rules.get(name));
        let Some((live, wanted)) = live.zip(wanted) else { return false };
        let lost = lost(&live.rule, wanted);
        takes_all(&live.rule, wanted)
            && self.paths(place).any(|(path, ready)| {
                let takes_over = path.alert == wanted.alert
                    || path.events.iter().any(|event| lost.contains(&event.name));
                takes_over && !ready
            })
    }

    /// The paths of a place, and whether each hands on what reaches it.
    fn paths(&self, place: &Place) -> impl Iterator<Item = (&AlertPath, bool)> {
        let ready = |outlook: &Outlook| match self.stage {
            Stage::Planned => outlook.hands_on_now || outlook.hands_on_after,
            Stage::Settled => outlook.hands_on_now,
        };
        let all = self.desired.paths.iter().zip(self.outlooks);
        all.filter(move |(path, _)| path.raised == *place)
            .map(move |(path, outlook)| (path, ready(outlook)))
    }

    /// Whether some replacement of what is removed is not there yet.
    fn replaced_by(
        &self,
        place: &Place,
        alert: Option<&str>,
        rule: Option<&LiveRule>,
        topic: Option<&str>,
    ) -> bool {
        let events = rule
            .and_then(|rule| rule.rule.event_pattern.as_deref())
            .map(event_names)
            .unwrap_or_default();
        self.paths(place).any(|(path, ready)| {
            let replaces = alert == Some(path.alert.as_str())
                || path.events.iter().any(|event| events.contains(&event.name))
                || topic.is_some_and(|arn| path.destinations.iter().any(|d| d.topic_arn == arn));
            replaces && !ready
        })
    }
}

pub(super) fn reaches_somebody(topic: &LiveTopic) -> bool {
    match &topic.subscriptions {
        Observed::Known(seen) => {
            seen.values().any(|s| matches!(s, LiveSubscription::Confirmed { .. }))
        }
        // What cannot be read may well reach somebody.
        Observed::Unreadable(_) => true,
        Observed::Absent => false,
    }
}
