//! What an alert depends on and could not be read, though a plan does not change it.
//!
//! Whether an alert is silent is not known then, so the plan is incomplete: [`of_proof`] tells the
//! failed read of every unknown link, whatever it is about. [`tell`] tells those that were cut
//! short even where no link rests on them: whatever else the plan says was decided without them.

use super::Unknown;
use super::draft::Differ;
use crate::desired::DesiredPlace;
use crate::proof::{LinkCode, Proof};
use crate::scope::Place;
use crate::snapshot::{
    LiveSubscription, LiveTopic, LiveTrail, Observed, PlaceSnapshot, Unreadable,
};
use std::collections::BTreeSet;

/// Returns the parts that unknown links of a proof rest on, but for those that are told already.
///
/// A link without a failed read, of a trail whose selectors are kept outside the scope, is left to
/// `verify`.
pub fn of_proof(proof: &Proof, told: &[Unknown]) -> Vec<Unknown> {
    let read = |part: &Unknown| (part.account.clone(), part.region.clone(), part.why.clone());
    let told: BTreeSet<_> = told.iter().map(read).collect();
    let links = proof.paths.iter().flat_map(|path| path.links.iter().map(|link| &**link));
    let unknown = links.chain(&proof.signals).filter_map(|link| {
        let read = link.unread.as_deref()?;
        Some(Unknown {
            account: read.place.account.clone(),
            region: read.place.region.clone(),
            part: format!("{} of {}", link.code, link.object),
            why: read.why.clone(),
        })
    });
    let unknown: BTreeSet<Unknown> = unknown.filter(|part| !told.contains(&read(part))).collect();
    unknown.into_iter().collect()
}

/// Leaves out what [`of_proof`] tells of a read that is told itself: of the parts of a fleet, one
/// covers the place of the read, and others depend on it.
pub fn told(all: Vec<Unknown>) -> Vec<Unknown> {
    let of_link = |part: &Unknown| {
        part.part
            .split_once(" of ")
            .is_some_and(|(code, _)| LinkCode::ALL.iter().any(|link| link.as_str() == code))
    };
    let read = |part: &Unknown| (part.account.clone(), part.region.clone(), part.why.clone());
    let (of_links, reads): (Vec<Unknown>, Vec<Unknown>) = all.into_iter().partition(of_link);
    let told: BTreeSet<_> = reads.iter().map(read).collect();
    let untold = of_links.into_iter().filter(|part| !told.contains(&read(part)));
    let mut all: Vec<Unknown> = untold.chain(reads).collect();
    all.sort();
    all
}

/// Tells what was cut short in a place.
pub fn tell(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
    let mut cut: Vec<(String, &Unreadable)> = Vec::new();
    for arn in &here.existing_topics {
        match seen.topics.get(arn) {
            Some(Observed::Unreadable(why)) => cut.push((format!("topic {arn}"), why)),
            Some(Observed::Known(topic)) => cut.extend(of_topic(differ, arn, topic)),
            Some(Observed::Absent) | None => {}
        }
    }
    for (arn, queue) in &seen.queues {
        // The blueprint's own are told where they are compared.
        let own = here.queues.keys().any(|name| place.arn("sqs", name) == *arn);
        cut.extend(queue.unreadable().filter(|_| !own).map(|why| (format!("queue {arn}"), why)));
    }
    for (arn, function) in &seen.functions {
        cut.extend(function.unreadable().map(|why| (format!("policy of function {arn}"), why)));
    }
    for (id, key) in &seen.keys {
        cut.extend(key.unreadable().map(|why| (format!("key {id}"), why)));
    }
    for trail in seen.trails.known().into_iter().flat_map(|trails| trails.values()) {
        cut.extend(of_trail(trail));
    }
    for (part, why) in cut.into_iter().filter(|(_, why)| why.cause().is_unfinished()) {
        differ.unknown(place, &part, why);
    }
}

fn of_topic<'a>(
    differ: &Differ<'_>,
    arn: &str,
    topic: &'a LiveTopic,
) -> Vec<(String, &'a Unreadable)> {
    let seen = match &topic.subscriptions {
        Observed::Unreadable(why) => return vec![(format!("subscriptions of topic {arn}"), why)],
        Observed::Absent => return Vec::new(),
        Observed::Known(seen) => seen,
    };
    let listed = differ.desired.listed.get(arn).into_iter().flatten();
    let unread = listed.filter_map(|endpoint| match seen.get(endpoint) {
        Some(LiveSubscription::Confirmed { attributes: Observed::Unreadable(why), .. }) => {
            Some((format!("subscription of {} to topic {arn}", endpoint.shown()), why))
        }
        _ => None,
    });
    unread.collect()
}

fn of_trail(trail: &LiveTrail) -> Vec<(String, &Unreadable)> {
    let status =
        trail.status.unreadable().map(|why| (format!("status of trail {}", trail.name), why));
    let selectors =
        trail.selectors.unreadable().map(|why| (format!("selectors of trail {}", trail.name), why));
    status.into_iter().chain(selectors).collect()
}

#[cfg(test)]
mod tests {
    use crate::cause::{Cause, Obstacle};
    use crate::plan::{Stage, diff};
    use crate::proof::tests::fleet::{HUB, Town, place, settled};
    use crate::snapshot::{LiveTopic, Observed, Unreadable};

    fn failed(cause: Cause) -> Unreadable {
        Unreadable {
            operation: "sns:ListSubscriptionsByTopic".to_owned(),
            code: "Timeout".to_owned(),
            message: "no answer".to_owned(),
            kind: cause.kind(),
            cause,
        }
    }

    /// The parts that a plan does not know when the subscriptions of a topic of others fail so.
    fn unknown(cause: Cause) -> Vec<String> {
        let mut desired = Town::default().desired();
        let mut live = settled(&desired);
        let at = place(HUB, "eu-west-1");
        let arn = at.arn("sns", "theirs");
        desired.places.get_mut(&at).expect("the hub").existing_topics.insert(arn.clone());
        let topic = LiveTopic {
            topic: Default::default(),
            subscriptions: Observed::Unreadable(failed(cause)),
            tags: Observed::Absent,
        };
        let here = live.places.get_mut(&at).expect("the hub");
        here.topics.insert(arn, Observed::Known(topic));
        let plan = diff(&desired, &live, Stage::Planned);
        plan.unknown.into_iter().map(|unknown| unknown.part).collect()
    }

    #[test]
    fn what_was_cut_short_is_unknown_and_what_is_forbidden_is_left_to_verify() {
        let arn = place(HUB, "eu-west-1").arn("sns", "theirs");
        let expected = vec![format!("subscriptions of topic {arn}")];
        for cut in [Cause::Unreachable(Obstacle::Timeout), Cause::RunTime, Cause::TooLarge] {
            assert_eq!(unknown(cut), expected, "{cut:?}");
        }
        assert_eq!(unknown(Cause::DENIED), Vec::<String>::new());
    }
}
