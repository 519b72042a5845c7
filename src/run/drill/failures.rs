//! Why nothing can be said of a receipt: a call that it needs was not made, or failed.

use super::{Exercise, Made};
use ctguard_core::action::Action;
use ctguard_core::drill::{CallPurpose, How, Watching};
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::scope::Place;
use std::collections::BTreeMap;
use std::time::Instant;

impl Exercise<'_> {
    /// Why nothing can be said of a receipt, by path and destination.
    pub(super) fn failures(
        &self,
        watching: &Watching,
        made: &[Made],
    ) -> BTreeMap<(usize, usize), String> {
        let begun = self.begun(made);
        let mut failed = BTreeMap::new();
        for (index, drilled) in self.drill.paths.iter().enumerate() {
            let path = &drilled.path;
            let trouble = match &drilled.how {
                How::Broken { .. } | How::Unread { .. } => continue,
                How::Trigger { event } => self.not_raised(&path.lands, event, &begun, made),
                How::StandIn { event, rules, forward, .. } => {
                    let stands = |(place, key): (&Place, &RuleKey)| {
                        failure(made, |one| match &one.action {
                            Action::PutRule { name, .. } => one.place == *place && name == key,
                            Action::PutTargets { rule, .. } => one.place == *place && rule == key,
                            _ => false,
                        })
                    };
                    let raised = rules.iter().map(|(_, key)| (&path.raised, key));
                    let forward = forward.iter().map(|key| (&path.lands, key));
                    raised
                        .chain(forward)
                        .find_map(stands)
                        .or_else(|| self.not_raised(&path.lands, event, &begun, made))
                }
            };
            for (number, destination) in path.destinations.iter().enumerate() {
                let shut = watching.shut.get(&destination.topic_arn).cloned();
                let why = shut.or_else(|| self.not_subscribed(&destination.topic_arn, made));
                if let Some(why) = why.or_else(|| trouble.clone()) {
                    failed.insert((index, number), why);
                }
            }
        }
        failed
    }

    fn not_raised(
        &self,
        place: &Place,
        event: &str,
        begun: &BTreeMap<(Place, String), Instant>,
        made: &[Made],
    ) -> Option<String> {
        if begun.contains_key(&(place.clone(), event.to_owned())) {
            return None;
        }
        let this = |one: &&Made| one.place == *place && one.action.logged(place).short() == event;
        let error = made.iter().filter(this).find_map(|one| one.outcome.as_ref().err());
        Some(match error {
            Some(error) => format!("the call that raises the event failed: {error}"),
            None => "the event was not raised".to_owned(),
        })
    }

    /// Why the drill's queue does not receive what a topic sends.
    fn not_subscribed(&self, topic_arn: &str, made: &[Made]) -> Option<String> {
        let of_topic = |one: &&Made| match &one.action {
            Action::Subscribe { topic, .. } => one.place.arn("sns", topic) == topic_arn,
            _ => false,
        };
        let Some(one) = made.iter().find(of_topic) else {
            return Some("the drill's queue was not subscribed to the topic".to_owned());
        };
        let queue = |other: &&Made| {
            other.place == one.place && matches!(other.action, Action::CreateQueue { .. })
        };
        let queue = made.iter().filter(|one| one.purpose == CallPurpose::Receipt).find(queue);
        let error = queue.and_then(|queue| queue.outcome.as_ref().err());
        let error = error.or(one.outcome.as_ref().err())?;
        Some(format!("the drill's queue could not be subscribed to the topic: {error}"))
    }
}

fn failure(made: &[Made], is_it: impl Fn(&Made) -> bool) -> Option<String> {
    let calls: Vec<&Made> = made.iter().filter(|one| is_it(one)).collect();
    if calls.is_empty() {
        return Some("the rule that stands in was not made".to_owned());
    }
    let error = calls.iter().find_map(|one| one.outcome.as_ref().err())?;
    Some(format!("the rule that stands in could not be made: {error}"))
}
